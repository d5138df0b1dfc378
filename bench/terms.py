"""Key terms: do they begin and end where words do?

    python -m bench.terms [--data ../shared/data]

The gold segmentation of UD Vietnamese-VTB (dev) is cut into texts of ten sentences. A term is whole when, at its first
occurrence, no word of the gold standard crosses its borders; half a word otherwise. Accented and unaccented.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from nlp.terms import key_terms
from nlp.text import normalise, unaccent

CONLLU = "vi_vtb-ud-dev.conllu"
SENTENCES = 10
_BRACKETS = {"LBKT": "(", "RBKT": ")"}


def sentences(data: Path) -> Iterator[list[str]]:
    """The words of each sentence; syllables of a word are joined by spaces."""
    words: list[str] = []
    for line in (data / CONLLU).read_text(encoding="utf-8").splitlines():
        if not line and words:
            yield words
            words = []
        elif line and line[0].isdigit() and line.split("\t")[0].isdigit():
            form = line.split("\t")[1]
            words.append(_BRACKETS.get(form, normalise(form)))
    if words:
        yield words


def texts(data: Path) -> Iterator[list[str]]:
    """Ten sentences each, as one list of words."""
    group: list[list[str]] = []
    for sentence in sentences(data):
        group.append(sentence)
        if len(group) == SENTENCES:
            yield [word for each in group for word in each]
            group = []


def whole(term: str, words: list[str]) -> bool | None:
    """Whether a term's borders are word borders where it first stands; None where it is not found."""
    syllables = [(syllable.lower(), n) for n, word in enumerate(words) for syllable in word.split()]
    wanted = term.lower().split()
    for start in range(len(syllables) - len(wanted) + 1):
        end = start + len(wanted)
        if [s for s, _ in syllables[start:end]] == wanted:
            before = start == 0 or syllables[start - 1][1] != syllables[start][1]
            after = end == len(syllables) or syllables[end][1] != syllables[end - 1][1]
            return before and after
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--errors", action="store_true", help="print the half words")
    given = parser.parse_args()
    for kind, change in (("accented", str), ("unaccented", unaccent)):
        found: list[bool] = []
        for words in texts(given.data):
            written = [change(word) for word in words]
            for term in key_terms(" ".join(written)):
                if (answer := whole(term, written)) is not None:
                    found.append(answer)
                    if given.errors and not answer:
                        print(f"half: {term}")
        print(f"{kind}: {sum(found) / len(found):.3f} of {len(found)} terms are whole words")


if __name__ == "__main__":
    main()

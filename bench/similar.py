"""“Tin tương tự”: how many of the five posts named as similar are of the same topic, before and now.

    python -m bench.similar [--data ../shared/data]

Asked of every relevant article of the sandbox (whole texts), of every gold item and of every headline held out, among
the others of its set, posts of its own story left out. Same topic: the label's main topic, and any of its topics; the
ranking knows only the topics that the product's models give. “before” is the cosine alone. With sentence vectors where
the extra `semantic` is installed, and by latent directions as without it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.nlp import gold, sandbox_items
from nlp.alike import LEAST, Topics, cosines, likeness
from nlp.annotate import Annotator
from nlp.embedder import Embeddings, embedding_text, load_embedder
from nlp.evaluate import gold_items
from nlp.labelled import Item
from nlp.latent import Latent
from nlp.models.build import collection
from nlp.text import fold
from nlp.vectors import Background, vector, word_hashes

SHOWN = 5
BEFORE = 0.25  # cosine from which posts were called similar by it alone


def sets(data: Path) -> dict[str, tuple[list[Item], list[str]]]:
    """Items with the story of each."""
    known = collection(data)
    place = [i for i in known.split.test if known.items[i].kind == "news" and known.items[i].topics]
    told = [item for item in sandbox_items() if item.kind == "news"]
    real = [
        (item, str(record["story"]))
        for item, (*_, record) in zip(gold(data), gold_items(data), strict=True)
        if item.topics
    ]
    return {
        "sandbox": (told, [item.id for item in told]),
        "gold": ([item for item, _ in real], [story for _, story in real]),
        "held out": ([known.items[i] for i in place], [known.groups[i] for i in place]),
    }


def latent(texts: Sequence[str]) -> Embeddings:
    found = [Latent.shipped().of(vector(word_hashes(fold(text)), Background.shipped())) for text in texts]
    return np.stack(found)


def share(items: Sequence[Item], stories: Sequence[str], vectors: Embeddings, topics: Sequence[Topics] | None) -> str:
    """Of the posts named: how many have the item's main topic, and one of its topics."""
    same, some, named = 0, 0, 0
    for place, item in enumerate(items):
        close = cosines(vectors, vectors[place])
        others = [i for i in range(len(items)) if stories[i] != stories[place] and close[i] > 0]
        scores = {i: likeness(close[i], topics[place], topics[i]) if topics else float(close[i]) for i in others}
        chosen = [i for i in others if scores[i] >= (LEAST if topics else BEFORE)]
        for other in sorted(chosen, key=lambda i: -scores[i])[:SHOWN]:
            named += 1
            same += items[other].topics[0] == item.topics[0]
            some += bool(set(items[other].topics) & set(item.topics))
    return f"main topic {same / named:.3f}   any topic {some / named:.3f}   named {named / len(items):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    annotator, embedder = Annotator.load(), load_embedder()
    for name, (items, stories) in sets(given.data).items():
        annotations = annotator.annotate_many([item.document for item in items], everything=True)
        topics = [{topic.code: topic.score for topic in annotation.topics} for annotation in annotations]
        texts = [embedding_text(item.document) for item in items]
        ways = {"words": latent(texts)} | ({"meaning": embedder.embed(texts)} if embedder else {})
        for how, vectors in ways.items():
            for when, by in (("before", None), ("now", topics)):
                print(f"{name} ({len(items)}), {how}, {when}: {share(items, stories, vectors, by)}", flush=True)


if __name__ == "__main__":
    main()

"""Generated queries against both engines: `python -m bench.queries --count 100000 [--engines sqlite elasticsearch]`.

Half of the queries follow the grammar, with words that the corpus holds; the others are those with a piece cut out,
doubled or swapped, and plain noise of Unicode and bytes. Each is read or refused with a message that points into it;
what is read prints and reads back to the same tree, and every engine counts the same. Prints what did not hold.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.search import SENTIMENTS, STARTER, TOPICS, vocabulary
from index import limits
from index.elasticsearch.adapter import ElasticsearchIndex
from index.elasticsearch.server import Server
from index.port import Analyzer, Index, Mention, QueryError
from index.query import parse, write
from index.sqlite import SqliteIndex
from nlp.text import exact, fold

START = datetime(2025, 9, 1, tzinfo=UTC)
NOW = datetime(2025, 12, 1, 3, 30, tzinfo=UTC)
ANALYZER = Analyzer(exact, fold)
_SEPARATORS = (" ", " ", " ", " ", " ", ", ", ". ", " - ", "\n", "/", "\u00a0")
_DATES = (
    *("7d", "24h", "2w", "90d", "hôm nay", "hôm qua", "tuần này", "tuan truoc", "tháng này", "thang truoc", "năm nay"),
    *("2025-10", "2025", "2025-10-15", "15/10/2025", "2025-10-15T08:30", "today", "1.11.2025", "99999d", "1900"),
)
_SIGNS = "()\"“”*=-–:/|&!?.,;'\\+^~{}[]<>%_#@\x00\x1f\u200b\u0301\ufeff\ud800"
CHUNK = 500
REFUSALS = ("too_deep",)  # for which an engine may refuse a query that is read; the other must as well
_BROKEN = ('"', "(", ")", "AND", "OR", "NOT", "NEAR/3", "NEAR", "and", "*", "=", "-", ":", "title:", "from:", "nope:x")


def words(size: int = 2500) -> list[str]:
    """Few enough that two of them meet in one mention."""
    return vocabulary(20_000)[:size]


def corpus(count: int, seed: int = 5) -> Iterator[Mention]:
    """Short mentions over three months; words by Zipf's law, some spelled without accents or in upper case."""
    rng = random.Random(seed)
    common = words()
    weights = [1.0 / (rank + 8) for rank in range(len(common))]
    forms: Sequence[Callable[[str], str]] = (str, str, str, str, fold, str.upper, str.capitalize)
    for number in range(count):
        picked = [rng.choice(forms)(word) for word in rng.choices(common, weights, k=rng.randint(3, 45))]
        text = "".join(word + rng.choice(_SEPARATORS) for word in picked)
        cut = rng.randint(0, min(60, len(text)))
        yield Mention(
            id=f"m{number}",
            url=f"https://{rng.choice(('', 'www.', 'm.'))}trang{rng.randrange(9)}.vn/{number}",
            source=f"trang{rng.randrange(9)}",
            kind=rng.choice(("news", "social", "forum")),
            title=text[:cut],
            lead=text[cut : 2 * cut],
            body=text[2 * cut :],
            published_at=START + timedelta(seconds=rng.randrange(91 * 86400)),
            sentiment=rng.choice((*SENTIMENTS, None)),
            topics=tuple(rng.sample(TOPICS, rng.randrange(3))),
            places=tuple(rng.sample(("Đông Hà", "cam-lo", "Hải Lăng"), rng.randrange(3))),
            story=rng.choice((None, f"s:{number % 40}")),
            lang=rng.choice(("vi", "vi", "en", "other", None)),
        )


class Grammar:
    """Random queries. `query` follows the grammar, `broken` does so nearly, `noise` not at all."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.words = rng, words()

    def any(self) -> str:
        make = self.rng.choices((self.query, self.broken, self.noise), (5, 3, 2))[0]
        return make()

    def query(self) -> str:
        return self._or(self.rng.randint(0, 3))

    def broken(self) -> str:
        pieces = self.query().split(" ")
        for _ in range(self.rng.randint(1, 3)):
            at = self.rng.randrange(len(pieces) + 1)
            match self.rng.randrange(4):
                case 0:
                    pieces.insert(at, self.rng.choice(_BROKEN))
                case 1 if pieces:
                    del pieces[at - 1]
                case 2 if pieces:
                    pieces.insert(at, pieces[at - 1])
                case _:
                    self.rng.shuffle(pieces)
        return self.rng.choice((" ", " ", "")).join(pieces)

    def noise(self) -> str:
        size = self.rng.choice((3, 10, 40, 200))
        match self.rng.randrange(4):
            case 0:
                return "".join(self.rng.choice(_SIGNS) for _ in range(size))
            case 1:
                return "".join(chr(self.rng.randrange(0x110000)) for _ in range(size))
            case 2:
                return self.rng.randbytes(size).decode("utf-8", "surrogateescape")
            case _:
                return "".join(self.rng.choice((self.rng.choice(_SIGNS), self._word(), " ")) for _ in range(size))

    def _or(self, depth: int) -> str:
        operator = self.rng.choice((" OR ", " HOẶC ", " || ", " OR "))
        return operator.join(self._and(depth) for _ in range(self.rng.choice((1, 1, 1, 2, 3))))

    def _and(self, depth: int) -> str:
        operator = self.rng.choice((" ", " ", " AND ", " VÀ ", " && "))
        return operator.join(self._not(depth) for _ in range(self.rng.choice((1, 1, 2, 2, 3))))

    def _not(self, depth: int) -> str:
        sign = self.rng.choice(("", "", "", "", "-", "NOT ", "KHÔNG "))
        return sign + self._near(depth)

    def _near(self, depth: int) -> str:
        if self.rng.random() < 0.15:
            equals = self.rng.choice(("", "", "="))
            sides = (self._side(equals) for _ in range(self.rng.choice((2, 2, 3))))
            return f" {self.rng.choice(('NEAR', 'GẦN'))}/{self.rng.randint(0, 12)} ".join(sides)
        return self._atom(depth)

    def _side(self, equals: str) -> str:
        texts = [equals + self._text() for _ in range(self.rng.choice((1, 1, 1, 2, 3)))]
        return texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})"

    def _atom(self, depth: int) -> str:
        chance = self.rng.random()
        if depth and chance < 0.25:
            return f"({self._or(depth - 1)})"
        if chance < 0.5:
            return self._field()
        return self.rng.choice(("", "", "", "=")) + self._text()

    def _text(self) -> str:
        chance = self.rng.random()
        if chance < 0.2:
            return f'"{" ".join(self._word() for _ in range(self.rng.choice((1, 2, 2, 3))))}"' + self._star(0.1)
        return self._word() + self._star(0.1)

    def _star(self, chance: float) -> str:
        return "*" if self.rng.random() < chance else ""

    def _word(self) -> str:
        word = self.words[min(int(self.rng.expovariate(1 / 60)), len(self.words) - 1)]
        if self.rng.random() < 0.2:
            word = word[: self.rng.randint(1, len(word))]
        form: Callable[[str], str] = self.rng.choice((str, str, fold, str.upper))
        return form(word)

    def _field(self) -> str:
        name = self.rng.choice(
            ("title", "source", "kind", "topic", "sentiment", "place", "story", "site", "lang", "when")
        )
        if name == "when":
            return f"{self.rng.choice(('from', 'to'))}:{self.rng.choice(_DATES)}"
        values = {
            "source": f"trang{self.rng.randrange(11)}",
            "kind": self.rng.choice(("news", "social", "forum", "video")),
            "topic": self.rng.choice(TOPICS),
            "sentiment": self.rng.choice((*SENTIMENTS, '"tiêu cực"')),
            "place": self.rng.choice(('"đông hà"', "dong-ha", "cam-lo", "hai_lang", "nope")),
            "story": f"s:{self.rng.randrange(45)}",
            "site": self.rng.choice(
                (f"trang{self.rng.randrange(9)}.vn", "vn", "m.trang1.vn", "https://www.trang2.vn/x")
            ),
            "lang": self.rng.choice(("vi", "en", "other", '"tiếng anh"')),
        }
        value = values.get(name) or self._text()
        if self.rng.random() < 0.15:
            value = f"({value} OR {values.get(name) or self._text()})"
        return f"{name}:{value}"


@dataclass
class Outcome:
    """What became of the queries; `wrong` are those that broke a promise, with the reason."""

    read: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    hits: int = 0
    wrong: list[tuple[str, str]] = field(default_factory=list)


def check(queries: Sequence[str], engines: Sequence[Index], outcome: Outcome, *, every: int) -> None:
    """Some queries on every engine, each `every`th in depth."""
    good = [query for query in queries if _is_read(query, outcome)]
    for query, *counts in zip(good, *(_counts(engine, good) for engine in engines), strict=True):
        outcome.hits += isinstance(counts[0], int) and counts[0] > 0
        if len(set(counts)) > 1 or not all(isinstance(count, int) or count in REFUSALS for count in counts):
            outcome.wrong.append((query, f"counts differ: {counts}"))
    for query in good[::every]:
        try:
            _check_hits(query, engines, outcome)
        except Exception as error:
            outcome.wrong.append((query, f"{type(error).__name__}: {error}"[:300]))


def _is_read(query: str, outcome: Outcome) -> bool:
    """Whether the query is read; what is read must print and read back, what is not must be explained."""
    try:
        tree = parse(query)
        printed = write(tree)
        if len(printed) <= limits.MAX_CHARACTERS and parse(printed) != tree:
            outcome.wrong.append((query, f"reads back differently: {printed}"))
    except QueryError as error:
        outcome.refused[error.code] += 1
        if not (error.message and 0 <= error.position <= len(query)):
            outcome.wrong.append((query, f"no good message: {error.code} at {error.position}"))
        return False
    except Exception as error:
        outcome.wrong.append((query, f"{type(error).__name__}: {error}"[:300]))
        return False
    outcome.read += 1
    return True


def _counts(engine: Index, queries: Sequence[str]) -> list[int | str]:
    if not isinstance(engine, ElasticsearchIndex):
        return [_asked(lambda query=query: engine.count(query)) for query in queries]  # type: ignore[misc]
    # One request for all of them: the way to the server takes far longer than its counting.
    lines: list[dict[str, Any]] = []
    for query in queries:
        found = engine._found(parse(query), None)
        lines += [{"allow_partial_search_results": False}, {"query": found, "size": 0, "track_total_hits": True}]
    if not lines:
        return []
    answers = engine._connection._client.msearch(index=engine._schema.all, searches=lines)["responses"]
    return [each["hits"]["total"]["value"] if "hits" in each else str(each["error"])[:300] for each in answers]


def _check_hits(query: str, engines: Sequence[Index], outcome: Outcome) -> None:
    counts = [_asked(lambda engine=engine: engine.count(query)) for engine in engines]  # type: ignore[misc]
    ids = {_asked(lambda e=e: str(sorted(h.mention.id for h in e.search(query, limit=1000).items))) for e in engines}  # type: ignore[misc]
    ranked = {_asked(lambda e=e: e.search(query, sort="relevance", limit=5).total) for e in engines}  # type: ignore[misc]
    if (len(ids) > 1 and isinstance(counts[0], int) and counts[0] <= 1000) or len(ranked) > 1:
        outcome.wrong.append((query, f"different hits: {ids} {ranked}"[:300]))


def _asked(run: Callable[[], int | str]) -> int | str:
    """The answer, or the code of the refusal: an engine may refuse only what the other refuses as well."""
    try:
        return run()
    except QueryError as error:
        return error.code


def run(engines: Sequence[Index], count: int, seed: int, *, every: int = 50, say: bool = False) -> Outcome:
    """Checks `count` queries, every so many in depth."""
    grammar, outcome, begun = Grammar(random.Random(seed)), Outcome(), time.monotonic()
    for done in range(0, count, CHUNK):
        check([grammar.any() for _ in range(min(CHUNK, count - done))], engines, outcome, every=every)
        if say and (done // CHUNK) % 10 == 9:
            speed = (done + CHUNK) / (time.monotonic() - begun)
            print(f"{done + CHUNK} queries, {speed:.0f}/s, {len(outcome.wrong)} wrong", flush=True)
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--mentions", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--engines", nargs="+", choices=("sqlite", "elasticsearch"), default=["sqlite", "elasticsearch"]
    )
    parser.add_argument("--url", help="an Elasticsearch that runs; else one is started")
    options = parser.parse_args()
    with ExitStack() as stack:
        engines = [_opened(name, options.url, stack) for name in options.engines]
        for engine in engines:
            engine.upsert(corpus(options.mentions))
        outcome = run(engines, options.count, options.seed, say=True)
    print(f"{outcome.read} read ({outcome.hits} found something), {outcome.refused.total()} refused:")
    print("  " + ", ".join(f"{code} {times}" for code, times in outcome.refused.most_common()))
    print(f"{len(outcome.wrong)} wrong")
    for query, reason in outcome.wrong[:20]:
        print(f"  {query!r}\n    {reason}")
    return 1 if outcome.wrong else 0


def _opened(name: str, url: str | None, stack: ExitStack) -> Index:
    def clock() -> datetime:
        return NOW

    if name == "sqlite":
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        return SqliteIndex(Path(folder) / "index.db", analyzer=ANALYZER, clock=clock)
    if not url:
        command = [str(STARTER), "start", "--port", "9641", "--heap", "1g"]
        url = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        stack.callback(subprocess.run, [str(STARTER), "remove", "--port", "9641"], check=True)
    index = ElasticsearchIndex(Server((url,), "benchqueries"), analyzer=ANALYZER, clock=clock, time_limit=60)
    index.clear()
    stack.callback(index.clear)
    return index


if __name__ == "__main__":
    sys.exit(main())

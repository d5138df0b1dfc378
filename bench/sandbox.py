"""The sandbox against its truth: crawl it over HTTP, process, and compare every text with what its writer meant.

    python -m bench.sandbox [--show N]

Prints crawl and processing speed; relevance precision and recall; main topic and sentiment; places; stories (B-cubed
and pairwise); where the planted issues rank.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Truth = dict[str, Any]


def f1(right: int, found: int, wanted: int) -> str:
    precision, recall = right / max(found, 1), right / max(wanted, 1)
    return f"P {precision:.3f}  R {recall:.3f}  F1 {2 * precision * recall / max(precision + recall, 1e-9):.3f}"


def b_cubed(given: Mapping[str, str], true: Mapping[str, str]) -> str:
    """B-cubed F1 (Bagga & Baldwin 1998) and pairwise F1 of two clusterings of the same ids."""
    mine, theirs = defaultdict(set), defaultdict(set)
    for id in true:
        mine[given[id]].add(id)
        theirs[true[id]].add(id)
    precision = sum(len(mine[given[i]] & theirs[true[i]]) / len(mine[given[i]]) for i in true) / len(true)
    recall = sum(len(mine[given[i]] & theirs[true[i]]) / len(theirs[true[i]]) for i in true) / len(true)
    together = sum(n * (n - 1) // 2 for n in Counter((given[i], true[i]) for i in true).values())
    pairs = [sum(len(g) * (len(g) - 1) // 2 for g in groups.values()) for groups in (mine, theirs)]
    b3 = 2 * precision * recall / (precision + recall)
    return f"B-cubed P {precision:.3f} R {recall:.3f} F1 {b3:.3f}; pairwise {f1(together, pairs[0], pairs[1])}"


def run(folder: Path, show: int) -> None:
    from crawlers.run import run as reactor_run
    from monitor.collect import collect
    from monitor.installation import Installation
    from monitor.process import Processor
    from monitor.settings import load_settings
    from sandbox.server import run_in_thread
    from sandbox.sources import write_sources
    from sandbox.truth import truth

    with run_in_thread() as sandbox:
        sources = folder / "sources.yaml"
        write_sources(sandbox.sources(0.25), sources)
        os.environ |= {"DULUAN_SOURCES": str(sources), "DULUAN_ALLOW_PRIVATE": "true", "DULUAN_CRAWL_WHOLE": "true"}
        with Installation(load_settings(folder)) as installation:
            started = time.perf_counter()
            results = reactor_run(collect(installation, list(installation.sources.values())))
            seconds = time.perf_counter() - started
            requests = sum(r.requests for r in results)
            print(f"crawl: {requests} requests, {sum(r.new for r in results)} posts, {requests / seconds:.0f} pages/s")
            started = time.perf_counter()
            done = Processor(installation).run()
            print(f"process: {done.total / (time.perf_counter() - started):.0f} posts/s with start-up; {done}")
            bases = {code: site.base for code, site in sandbox.sites.items()}
            first_stage(sandbox.world, installation.province)
            compare(installation, truth(sandbox.world.anchor, bases=bases), show)


def compare(installation: Any, true: Truth, show: int) -> None:
    texts = {text["url"]: text for text in true["texts"]}
    posts = installation.archive.by_url(list(texts))
    print(f"archive: {len(posts)} of {sum(t['readable'] for t in texts.values())} readable texts")
    annotations = installation.annotations.annotations([p.id for p in posts.values()])
    pairs = [(texts[url], post, annotations[post.id]) for url, post in posts.items()]
    relevance(pairs, show)
    labels(pairs, show)
    places(pairs, installation, show)
    stories(installation, pairs, show)
    issues(installation, pairs, true)


def first_stage(world: Any, province: Any) -> None:
    """What the first stage would leave of the national outlets' articles, by title and lead as feeds tell them."""
    from monitor.first_stage import FirstStage

    concerns, stories = FirstStage(province), {story.id: story for story in world.content.stories}
    told = [
        (stories[article.key[0]].relevance > 0, concerns(f"{article.versions[0].title}\n{article.versions[0].lead}"))
        for article in world.all_articles()
        if not (world.outlets[article.outlet].owned or world.outlets[article.outlet].local)
    ]
    wanted, passed = sum(true for true, _ in told), sum(true and found for true, found in told)
    others = sum(found and not true for true, found in told)
    print(
        f"first stage lets through {passed} of {wanted} relevant articles of national outlets ({passed / wanted:.3f}),"
    )
    print(f"{others} of {len(told) - wanted} others")


def relevance(pairs: list[Any], show: int) -> None:
    found = [(t, p, a) for t, p, a in pairs if a.relevance.label]
    wanted = sum(t["relevance"] > 0 for t, _, _ in pairs)
    print("relevance:", f1(sum(t["relevance"] > 0 for t, _, _ in found), len(found), wanted))
    wrong = [(t, p, a) for t, p, a in pairs if (a.relevance.label > 0) != (t["relevance"] > 0)]
    for t, p, a in wrong[:show]:
        print(f"  true {t['relevance']} given {a.relevance.label} [{p.post.kind}] {p.post.title or p.post.body[:80]}"
              f" ({a.relevance.reason})")  # fmt: skip


def labels(pairs: Iterable[Any], show: int) -> None:
    judged = [(t, p, a) for t, p, a in pairs if t["relevance"] > 0 and a.relevance.label]
    for group, kinds in {"news": {"news"}, "people": {"forum", "comment", "social"}}.items():
        part = [(t, p, a) for t, p, a in judged if p.post.kind in kinds]
        main = [(t, p, a) for t, p, a in part if a.topics and a.topics[0].code == t["topics"][0]]
        felt = [(t, p, a) for t, p, a in part if t["sentiment"] and a.sentiment]
        right = sum(t["sentiment"] == a.sentiment.label for t, _, a in felt)
        print(f"{group}: {len(part)}; main topic right {len(main) / max(len(part), 1):.3f}; "
              f"sentiment right {right / max(len(felt), 1):.3f}")  # fmt: skip
        confusion = Counter((t["sentiment"], a.sentiment.label) for t, _, a in felt)
        print("   sentiment (true, given):", dict(confusion.most_common()))
        topics = Counter(
            (t["topics"][0], a.topics[0].code if a.topics else "-") for t, _, a in part if (t, _, a) not in main
        )
        print("   topics wrong (true, given):", topics.most_common(show))


def places(pairs: Iterable[Any], installation: Any, show: int) -> None:
    names = {unit.id: unit.name.lower() for unit in installation.province.units}
    right = found = wanted = 0
    missed: Counter[str] = Counter()
    for t, p, a in pairs:
        if p.post.kind != "news" or t["relevance"] == 0:
            continue
        given = {names[place.id] for place in a.places if place.id in names}
        true = {name.lower() for name in t["places"]}
        right, found, wanted = right + len(given & true), found + len(given), wanted + len(true)
        missed.update(true - given)
    print("communes in news:", f1(right, found, wanted), " missed:", missed.most_common(show))


def stories(installation: Any, pairs: list[Any], show: int) -> None:
    given = {id: g.story_id for id, g in installation.annotations.stories_of([p.id for _, p, _ in pairs]).items()}
    for group, kinds in {"news": {"news"}, "all": {"news", "forum", "comment", "social"}}.items():
        true = {p.id: t["story"] for t, p, _ in pairs if p.id in given and p.post.kind in kinds}
        print(f"stories, {group}:", b_cubed(given, true))


def issues(installation: Any, pairs: Iterable[Any], true: Truth) -> None:
    story_of = {p.id: t["story"] for t, p, _ in pairs}
    kind_of = {story: issue["kind"] for issue in true["issues"] for story in issue["stories"]}
    print("rising now:")
    for number, issue in enumerate(installation.issues(), start=1):
        about = Counter(kind_of.get(story_of.get(id, ""), "-") for id in issue.ids).most_common(1)[0][0]
        print(f"  {number}. {issue.score:6.2f} [{about}] {issue.kind} {issue.id} {issue.reason}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), given.show)


if __name__ == "__main__":
    main()

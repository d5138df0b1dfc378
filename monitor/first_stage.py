"""The first stage of relevance: may an article concern the province, by its title and summary alone?

Asked before a national outlet's article is fetched, so it errs towards yes: every name that the province or a place of
it has or had, and words of its region, weather, borders, roads and offices. What it loses is measured by a control
group that is fetched all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

import ahocorasick
import yaml
from sqlalchemy import Engine, case, func, select

from crawlers.sink import CrawlResult
from monitor.archive import insert_or
from monitor.database import READ_ONLY, control_group, first_stage, posts
from monitor.wording import in_vietnam, number
from nlp.province import Province, Unit
from nlp.text import exact, fold

REGIONS = Path(__file__).parent / "regions"


class FirstStage:
    """Callable: text -> whether it may concern the province. Pure once made; one serves all threads."""

    def __init__(self, province: Province) -> None:
        self._exact = _automaton({*map(exact, names(province)), *map(exact, region_words(province.id))})
        # Texts typed without accents: only the names that stay clear then.
        self._folded = _automaton({*province.folded, fold(province.unit.short)})

    def __call__(self, text: str) -> bool:
        words = exact(text)
        return _holds(self._exact, words) or _holds(self._folded, fold(words))


def names(province: Province) -> Iterator[str]:
    """Written names that speak for the province, loose ones included; of common names the form with its unit."""
    yield from province.nicknames
    for unit in province.entries:
        yield unit.name
        if unit.trust != "prefix":
            yield from (each for each in (unit.short, *unit.aliases) if _is_telling(each, unit))


def region_words(province: str) -> list[str]:
    """The words of `regions/<province>.yaml`; none for a province without such a file."""
    file = REGIONS / f"{province}.yaml"
    return [str(word) for word in yaml.safe_load(file.read_text(encoding="utf-8"))] if file.exists() else []


def _is_telling(name: str, unit: Unit) -> bool:
    """A name of one syllable is every second word."""
    return len(exact(name).split()) > 1 or unit.trust == "name"


def _automaton(words: Iterable[str]) -> ahocorasick.Automaton:
    made = ahocorasick.Automaton()
    for word in words:
        if word:
            made.add_word(f" {word} ", True)
    made.make_automaton()
    return made


def _holds(automaton: ahocorasick.Automaton, words: str) -> bool:
    return next(automaton.iter(f" {words} "), None) is not None


@dataclass(frozen=True, slots=True)
class FirstStageFigures:
    """What the first stage did to a source's articles. `judged` of the control group have been understood by now, and
    `relevant` of these concern the province though title and summary did not say so."""

    skipped: int = 0
    passed: int = 0
    control: int = 0
    judged: int = 0
    relevant: int = 0

    @property
    def lost(self) -> float | None:
        """Articles about the province among those left, estimated from the control group; None without one."""
        return self.skipped * self.relevant / self.judged if self.judged else None

    @property
    def sentence(self) -> str:
        """What was left unfetched and what that loses, for people."""
        told = f"{number(self.skipped)} bài của báo toàn quốc không được tải vì tiêu đề và mô tả không nói về tỉnh"
        if self.lost is None:
            return f"{told}; chưa đủ bài đối chứng để ước lượng số bỏ sót."
        return (
            f"{told}; trong {number(self.judged)} bài đối chứng có {number(self.relevant)} bài liên quan,"
            f" ước chừng sót {number(round(self.lost))} bài."
        )

    def __add__(self, other: FirstStageFigures) -> FirstStageFigures:
        return FirstStageFigures(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def keep(engine: Engine, result: CrawlResult) -> None:
    """Adds what a pass counted."""
    if not result.first_stage:
        return
    counts = {name: result.first_stage.get(name, 0) for name in ("skipped", "passed", "control")}
    key = {"source": result.source, "day": in_vietnam(result.finished_at).date().isoformat()}
    with engine.begin() as connection:
        statement = insert_or(connection, first_stage).values(**key, **counts)
        added = {name: first_stage.c[name] + count for name, count in counts.items()}
        connection.execute(statement.on_conflict_do_update(index_elements=["source", "day"], set_=added))
        rows = [{"url": url, "source": result.source, "at": result.finished_at} for url in result.control]
        if rows:
            connection.execute(insert_or(connection, control_group).on_conflict_do_nothing(), rows)


def figures(engine: Engine, since: datetime) -> dict[str, FirstStageFigures]:
    """By source, of the passes since a moment."""
    counted = (func.sum(first_stage.c[name]) for name in ("skipped", "passed", "control"))
    days = select(first_stage.c.source, *counted).where(first_stage.c.day >= in_vietnam(since).date().isoformat())
    relevant = func.sum(case((posts.c.outcome == "annotated", 1), else_=0))
    # Outcomes are told apart here: as a condition they would have SQLite go through all posts that have one.
    judged_ones = func.sum(case((posts.c.outcome.in_(("annotated", "irrelevant")), 1), else_=0))
    sampled = (
        select(control_group.c.source, judged_ones, relevant)
        .join(posts, posts.c.canonical_url == control_group.c.url)
        .where(control_group.c.at >= since)
        .group_by(control_group.c.source)
    )
    with engine.connect().execution_options(**READ_ONLY) as connection:
        judged = {source: (int(count), int(found)) for source, count, found in connection.execute(sampled)}
        rows = connection.execute(days.group_by(first_stage.c.source))
        return {
            source: FirstStageFigures(skipped, passed, control, *judged.get(source, (0, 0)))
            for source, skipped, passed, control in rows
        }


def forget(engine: Engine, before: datetime) -> None:
    """Drops the counts of days that are over."""
    with engine.begin() as connection:
        connection.execute(first_stage.delete().where(first_stage.c.day < in_vietnam(before).date().isoformat()))
        connection.execute(control_group.delete().where(control_group.c.at < before))

"""The whole way at once: the sandbox crawled over HTTP, processed, and compared with the truth about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from crawlers.run import run
from crawlers.sink import CrawlResult
from monitor.archive import utc_now
from monitor.collect import collect
from monitor.installation import Installation
from monitor.process import Processor
from monitor.rising import Issue
from monitor.settings import Settings
from monitor.status import source_statuses
from tests.system.conftest import Served, serve_sandbox

Text = dict[str, Any]
BEFORE_THE_EDIT = timedelta(hours=3)  # the disaster's first article is edited less than three hours before the anchor

pytestmark = pytest.mark.slow


@dataclass
class Whole:
    """The sandbox, the installation that monitors it, and what the passes over it gave.

    The first pass came when the sandbox's clock stood before an edit; then it was set to now, and `second` came.
    """

    served: Served
    installation: Installation
    first: dict[str, CrawlResult]
    second: dict[str, CrawlResult]
    fetched_again: Counter[tuple[str, str]]
    texts: dict[str, Text]
    truth: dict[str, Any]

    @property
    def readable(self) -> dict[str, Text]:
        return {url: text for url, text in self.texts.items() if text["readable"]}

    def crawl(self, *sources: str) -> dict[str, CrawlResult]:
        return crawl(self.installation, sources)

    def issues(self, at: datetime | None = None) -> list[Issue]:
        return self.installation.issues(at)

    def about(self, issue: Issue) -> str:
        """The kind of the planted issue that most of an issue's mentions belong to, or "-"."""
        kinds = {story: planted["kind"] for planted in self.truth["issues"] for story in planted["stories"]}
        posts = self.installation.archive.get(list(issue.ids))
        told = Counter(kinds.get(self.texts[post.post.canonical_url]["story"], "-") for post in posts.values())
        return told.most_common(1)[0][0]


def crawl(installation: Installation, ids: Iterable[str] = ()) -> dict[str, CrawlResult]:
    """A pass over these sources, or all."""
    wanted = [installation.sources[id] for id in ids or installation.sources]
    return {result.source: result for result in run(collect(installation, wanted))}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    folder = tmp_path_factory.mktemp("whole")
    with serve_sandbox(folder) as served:
        settings = Settings(data=folder, sources=served.sources, allow_private=True, crawl_whole=True)
        anchor = served.clock.now
        with Installation(settings) as installation:
            early = anchor - BEFORE_THE_EDIT
            served.clock.now, installation.memory._clock = early, lambda: early
            first = crawl(installation)
            Processor(installation).run()
            served.clock.now, installation.memory._clock = anchor, utc_now
            served.sandbox.app.hits.clear()
            second = crawl(installation)
            hits = served.sandbox.app.hits.copy()
            for source in installation.sources:
                look_again(installation, source)
            Processor(installation).run()
            truth = served.truth()
            texts = {text["url"]: text for text in truth["texts"]}
            yield Whole(served, installation, first, second, hits, texts, truth)


def look_again(installation: Installation, source: str) -> None:
    """Passes over one source until no page is due to be looked at again; one pass looks at 50."""
    for _ in range(10):
        if not installation.memory.due_for_revisit(source, utc_now()):
            return
        crawl(installation, [source])
    raise AssertionError(f"pages of {source} stay due")


def edited(texts: dict[str, Text], after: datetime) -> list[str]:
    """Articles that were edited after this moment."""
    times = {url: [datetime.fromisoformat(at) for at in text["edited_at"]] for url, text in texts.items()}
    return [url for url, edits in times.items() if any(at > after for at in edits)]


# collect and remember


def archived_as_written(whole: Whole, texts: dict[str, Text]) -> None:
    posts = whole.installation.archive.by_url(list(texts))
    assert set(posts) == set(texts)
    for url, text in texts.items():
        post = posts[url].post
        written = datetime.fromisoformat(text["published_at"])
        assert (post.kind, post.source, post.published_at) == (text["kind"], text["source"], written), url
        assert post.parent_url == text["parent_url"], url
        if text["kind"] == "news":
            assert (post.title, post.lead, post.body) == (text["title"], text["lead"], text["body"]), url
        else:  # a message without a title is named by its beginning
            assert post.body.split() == text["body"].split(), url
            assert post.title == text["title"] or (not text["title"] and post.body.startswith(post.title[:-1])), url


def test_every_readable_text_is_in_the_archive_exactly_once_as_it_was_written(whole: Whole) -> None:
    late = late_replies(whole)
    archived_as_written(whole, {url: text for url, text in whole.readable.items() if url not in late})
    assert sum(whole.installation.archive.outcomes().values()) <= len(whole.readable) + len(withdrawn(whole))


def test_replies_written_after_their_thread_was_first_read_are_collected_too(whole: Whole) -> None:
    assert late_replies(whole)
    archived_as_written(whole, late_replies(whole))


def late_replies(whole: Whole) -> dict[str, Text]:
    """Replies that came between the first pass and the second to threads that the first one read."""
    at = {url: datetime.fromisoformat(text["published_at"]) for url, text in whole.readable.items()}
    return {
        url: text
        for url, text in whole.readable.items()
        if (parent := text["parent_url"]) and at[parent] <= early(whole) < at[url]
    }


def test_every_text_went_through_to_one_outcome_and_the_relevant_ones_to_the_index(whole: Whole) -> None:
    outcomes = whole.installation.archive.outcomes()
    assert (outcomes["new"], outcomes["failed"]) == (0, 0)
    posts = whole.installation.archive.by_url([*whole.readable, *(text["url"] for text in withdrawn(whole))])
    relevant = {post.id for post in posts.values() if post.outcome == "annotated"}
    assert whole.installation.index.ids() == relevant
    assert len(relevant) == outcomes["annotated"]


def test_nearly_all_texts_are_judged_relevant_or_not_as_their_writer_meant(whole: Whole) -> None:
    posts = whole.installation.archive.by_url(list(whole.readable))
    right = sum((post.outcome == "annotated") == (whole.texts[url]["relevance"] > 0) for url, post in posts.items())
    assert right / len(posts) > 0.95


def test_the_second_pass_fetches_no_article_that_was_read_unless_it_is_due_again(whole: Whole) -> None:
    new = {url for url, text in whole.texts.items() if datetime.fromisoformat(text["published_at"]) > early(whole)}
    owned = {outlet["source"] for outlet in whole.truth["outlets"] if outlet["owned"]}
    bases = {site.base: code for code, site in whole.served.sandbox.sites.items()}
    for url, text in whole.readable.items():
        if text["kind"] != "news" or url in new or text["source"] in owned:
            continue
        address = urlsplit(url)
        code = bases[f"{address.scheme}://{address.netloc}"]
        assert whole.fetched_again[code, address.path] == 0, url


def test_a_third_pass_asks_only_for_discovery_pages_and_is_told_that_nothing_changed(whole: Whole) -> None:
    before = whole.installation.archive.outcomes()
    whole.served.sandbox.app.hits.clear()
    third = whole.crawl("dsvn.sandbox", "tntb.sandbox", "pldn.sandbox", "tnvn.sandbox")
    assert {(result.new, result.revised, result.fetched) for result in third.values()} == {(0, 0, 0)}
    assert all(result.not_modified > 0 for result in third.values())
    articles = {urlsplit(url).path for url, text in whole.texts.items() if text["kind"] == "news"}
    assert not articles & {path for _, path in whole.served.sandbox.app.hits}
    assert whole.installation.archive.outcomes() == before


def early(whole: Whole) -> datetime:
    return whole.served.sandbox.world.anchor - BEFORE_THE_EDIT


def test_an_article_that_its_outlet_edited_becomes_a_revision_with_its_earlier_text(whole: Whole) -> None:
    known = {
        url: text
        for url, text in whole.readable.items()
        if datetime.fromisoformat(text["published_at"]) <= early(whole)
    }
    [url] = edited(known, early(whole))
    post = whole.installation.archive.by_url([url])[url]
    assert post.revision == 2
    assert (post.post.title, post.post.body) == (known[url]["title"], known[url]["body"])
    [before] = whole.installation.archive.revisions(post.id)
    assert (before.title, before.body) != (post.post.title, post.post.body)
    [mention] = whole.installation.index.get([post.id])
    assert mention.body == post.post.body


def withdrawn(whole: Whole) -> list[Text]:
    return [text for text in whole.texts.values() if text.get("withdrawn_at")]


def test_an_article_that_its_outlet_withdrew_stays_in_the_archive_and_says_since_when(whole: Whole) -> None:
    [gone] = withdrawn(whole)
    post = whole.installation.archive.by_url([gone["url"]])[gone["url"]]
    assert (post.post.title, post.post.body) == (gone["title"], gone["body"])
    assert post.withdrawn_at is not None
    assert post.outcome == "annotated"
    assert whole.installation.memory.outcome(gone["url"]) == "withdrawn"
    others = [url for url in whole.readable if url != gone["url"]]
    assert not any(each.withdrawn_at for each in whole.installation.archive.by_url(others).values())


def test_the_outlet_behind_a_challenge_is_shown_as_blocked_and_left_alone(whole: Whole) -> None:
    [blocked] = [outlet for outlet in whole.truth["outlets"] if outlet["behaviour"] == "blocked"]
    result = whole.second[blocked["source"]]
    assert result.state == "blocked"
    assert result.requests <= 3
    shown = {source.id: source for source in source_statuses(whole.installation)}
    assert shown[blocked["source"]].state == "blocked"
    assert shown[blocked["source"]].message
    assert shown[blocked["source"]].posts == 0


def test_the_outlet_that_went_silent_is_shown_as_silent_and_all_others_are_well(whole: Whole) -> None:
    odd = {o["source"]: o["behaviour"] for o in whole.truth["outlets"] if o["behaviour"] in ("blocked", "silent")}
    shown = {source.id: source.state for source in source_statuses(whole.installation)}
    assert shown == dict.fromkeys(shown, "ok") | odd


def test_the_outlet_that_changed_its_design_is_still_read(whole: Whole) -> None:
    [changed] = [outlet for outlet in whole.truth["outlets"] if outlet["behaviour"] == "redesign"]
    told = [text for text in whole.readable.values() if text["source"] == changed["source"]]
    new = [text for text in told if text["new_design"]]
    assert 0 < len(new) < len(told)
    posts = whole.installation.archive.by_url([text["url"] for text in new])
    assert all(posts[text["url"]].post.body == text["body"] for text in new)


def test_copies_are_known_as_copies(whole: Whole) -> None:
    copies = {url: text["copy_of"] for url, text in whole.readable.items() if text["copy_of"] and text["relevance"]}
    posts = whole.installation.archive.by_url(list(copies))
    mentions = {m.url: m for m in whole.installation.index.get([post.id for post in posts.values()])}
    found = [url for url, mention in mentions.items() if mention.duplicate_of]
    assert len(found) / len(mentions) > 0.9


# decide


def test_the_three_planted_issues_are_the_first_three(whole: Whole) -> None:
    found = whole.issues()
    assert {whole.about(issue) for issue in found[:3]} == {"disaster", "complaint", "happy"}, described(whole, found)


def test_the_slow_ramp_is_among_the_first_six(whole: Whole) -> None:
    found = whole.issues()
    assert "ramp" in {whole.about(issue) for issue in found[:6]}, described(whole, found)


def test_each_issue_says_why_with_figures_that_its_mentions_bear_out(whole: Whole) -> None:
    for issue in whole.issues()[:3]:
        posts = whole.installation.archive.get(list(issue.ids))
        assert len(posts) == len(issue.ids) == issue.figures.mentions
        assert issue.figures.now + issue.figures.copies == issue.figures.mentions
        assert issue.figures.sources == len({post.post.source for post in posts.values()})
        assert str(issue.figures.mentions) in issue.reason


def test_the_disaster_and_the_complaint_are_felt_as_bad_and_the_happy_event_as_good(whole: Whole) -> None:
    shares = {whole.about(issue): issue.figures.negative_share for issue in whole.issues()[:3]}
    assert shares["disaster"] > 0.5
    assert shares["complaint"] > 0.5
    assert shares["happy"] < 0.3


def test_an_hour_before_the_disaster_began_it_is_not_shown(whole: Whole) -> None:
    [disaster] = [planted for planted in whole.truth["issues"] if planted["kind"] == "disaster"]
    at = datetime.fromisoformat(disaster["since"]) - timedelta(hours=1)
    found = whole.issues(at)
    assert "disaster" not in {whole.about(issue) for issue in found}
    assert all(post.counted_at <= at for issue in found for post in whole.installation.archive.get(issue.ids).values())


def described(whole: Whole, issues: list[Issue]) -> str:
    return "\n".join(f"{n}. [{whole.about(i)}] {i.score} {i.kind} {i.reason}" for n, i in enumerate(issues, start=1))

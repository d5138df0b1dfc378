"""Applies the rules to the installation: what fires now, and what would have fired."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from index.port import Filters, IndexUnavailable, Mention, QueryError
from monitor.alerts.alert import Alert
from monitor.alerts.firing import Counts, Firing, Match, firings, history, in_order, replay
from monitor.alerts.message import QUOTED, Event, Message, Quoted, reason
from monitor.alerts.rule import Rule
from monitor.alerts.rule_store import RuleStore
from monitor.alerts.store import AlertStore
from monitor.archive import utc_now
from monitor.installation import Installation
from monitor.records import first_words, issue_titles
from monitor.rising import PEOPLE, Issue

PAGE = 100
log = logging.getLogger("duluan.alerts")

MOST_MATCHES = 5000
TRIED = timedelta(days=30)
TRY_STEP = timedelta(hours=3)  # how often issues are looked at when a rule on them is tried


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule would have done from `since` to `until`; `whole` is False when it found too much to read all."""

    since: datetime
    until: datetime
    fired: tuple[tuple[datetime, Firing], ...]
    whole: bool = True


class Watch:
    """Looks at the newest mentions and issues with every rule's eyes. Holds no state: killed, it looks again."""

    def __init__(self, installation: Installation, rules: RuleStore, alerts: AlertStore) -> None:
        self._it, self._rules, self._alerts = installation, rules, alerts

    def look(self, at: datetime | None = None) -> list[Alert]:
        """Opens and grows alerts for what holds at this moment. Raises IndexUnavailable after all rules that do not
        need the index were looked at; the others are looked at the next time."""
        moment, found, away = at or utc_now(), [], None
        awake = [stored for stored in self._rules.rules() if stored.rule.is_awake(moment)]
        rising = self._it.issues(moment, limit=50) if any(s.rule.basis == "issue" for s in awake) else []
        for stored in awake:
            try:
                holds = self._firings(stored.rule, moment, rising)
            except IndexUnavailable as error:
                away = error
                continue
            except QueryError as error:  # a rule of an earlier version; its page says the same
                log.warning("rule %s cannot be read: %s", stored.id, error.message)
                continue
            found += self._alerts.record(stored, holds, self.tell)
        found += self._alerts.escalate(self.tell)
        if away:
            raise away
        return found

    def try_rule(self, rule: Rule, at: datetime | None = None) -> Trial:
        """When this rule would have fired in the last 30 days. Raises QueryError, IndexUnavailable."""
        until = at or utc_now()
        since = until - TRIED
        if rule.basis == "issue":
            return Trial(since, until, tuple(self._issues_replayed(rule, since, until)))
        matches, whole = self._matches(rule, since - history(rule), until)
        return Trial(since, until, tuple(replay(rule, self._titled(matches), since, until)), whole)

    def tell(self, event: Event, alert: Alert, rule: Rule) -> Message:
        """The message of an alert as it stands, with its newest mentions."""
        posts = self._it.archive.get(list(alert.ids[:QUOTED]))
        quoted = [
            Quoted(
                title=post.post.title or first_words(post.post.body),
                source=self._it.source_name(post.post.source),
                url=post.post.url,
                published_at=post.counted_at,
            )
            for post in (posts[id] for id in alert.ids[:QUOTED] if id in posts)
        ]
        return Message(
            event=event,
            alert=alert.id,
            rule=rule.name,
            priority=alert.priority,
            headline=alert.title,
            reason=reason(alert.counts),
            link=f"{self._it.settings.dashboard}alerts/{alert.id}",
            mentions=tuple(quoted),
            counts=alert.counts.as_json(),
        )

    def _firings(self, rule: Rule, at: datetime, rising: Sequence[Issue]) -> list[Firing]:
        if rule.basis == "issue":
            return self._of_issues(rule, rising, at)
        matches, _ = self._matches(rule, at - history(rule), at)
        return firings(rule, self._titled(matches), at)

    # what a query finds

    def _matches(self, rule: Rule, since: datetime, until: datetime) -> tuple[list[Match], bool]:
        """The newest 5,000 mentions that the rule's query finds, in time order, and whether these are all."""
        query = self._it.naming.query(rule.query)
        filters = Filters(
            since=since,
            until=until + timedelta(microseconds=1),
            topic=rule.topics,
            place=rule.places,
            kind=rule.kinds,
            min_relevance=self._it.min_relevance,
        )
        found: list[Match] = []
        cursor: str | None = None
        while len(found) < MOST_MATCHES:
            page = self._it.index.search(query, filters, limit=PAGE, cursor=cursor)
            found += [_match(hit.mention) for hit in page.items]
            cursor = page.next
            if cursor is None:
                break
        return in_order(found), cursor is None

    def _titled(self, matches: Sequence[Match]) -> list[Match]:
        """Matches under their stories' titles."""
        stories = self._it.annotations.stories({match.story for match in matches if match.story})
        return [_named(match, stories[match.story].title) if match.story in stories else match for match in matches]

    # what rises

    def _of_issues(self, rule: Rule, rising: Sequence[Issue], at: datetime) -> list[Firing]:
        wanted = [issue for issue in rising if _wants(rule, issue)]
        titles = issue_titles(self._it, wanted, at)
        newest = self._it.archive.get([issue.ids[0] for issue in wanted])
        heard = {id: post.counted_at for id, post in newest.items()}
        return [_firing(issue, titles[issue.id], heard.get(issue.ids[0], at)) for issue in wanted]

    def _issues_replayed(self, rule: Rule, since: datetime, until: datetime) -> list[tuple[datetime, Firing]]:
        told: dict[str, tuple[datetime, Firing]] = {}
        for moment, issues in self._it.issue_history(since, until, TRY_STEP / timedelta(hours=1)):
            for firing in self._of_issues(rule, issues, moment):
                told.setdefault(firing.subject, (moment, firing))
        return sorted(told.values(), key=lambda pair: pair[0])


def _match(mention: Mention) -> Match:
    person = mention.kind in PEOPLE and mention.author
    return Match(
        id=mention.id,
        at=mention.published_at,
        story=mention.story,
        sentiment=mention.sentiment,
        voice=person or mention.source,
        copy=mention.duplicate_of is not None,
        title=mention.title or first_words(mention.body),
    )


def _named(match: Match, title: str) -> Match:
    return Match(match.id, match.at, match.story, match.sentiment, match.voice, match.copy, title)


def _wants(rule: Rule, issue: Issue) -> bool:
    return (
        (not rule.topics or issue.topic in rule.topics)
        and (not rule.places or bool(set(issue.places) & set(rule.places)))
        and issue.figures.now >= rule.min_count
        and (rule.min_score is None or issue.score >= rule.min_score)
        and (rule.negative_share is None or issue.figures.negative_share >= rule.negative_share)
    )


def _firing(issue: Issue, title: str, heard_at: datetime) -> Firing:
    figures = issue.figures
    counts = Counts(
        window_hours=figures.window_hours,
        count=figures.now,
        mentions=figures.mentions,
        voices=figures.sources + figures.people,
        negative_share=figures.negative_share,
        usual=figures.expected,
    )
    return Firing(issue.id, issue.ids, issue.since, heard_at, counts, title)

"""The made-up province of `tests.api.world` with hostile texts wherever one of outside or of a person can stand."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.engine import Connection

from monitor import database as tables
from monitor.alerts.alert import Alert, alert_values
from monitor.alerts.desk import AlertDesk
from monitor.alerts.firing import Counts
from monitor.alerts.message import Message, Quoted
from monitor.alerts.rule import Rule
from monitor.archive import post_id
from monitor.installation import Installation
from monitor.people.people import People
from monitor.people.roles import Role
from monitor.people.tables import api_keys, audit, source_switches, users
from monitor.saved_searches import saved_searches
from monitor.settings import Settings
from tests.api.texts import Story, Telling
from tests.api.world import NAMES, Maker, settings_in
from tests.hostile.texts import hostile_texts

STORIES = 50
REGISTERED = ("qtnm", "dhtt", "tntb")
TOPICS = ("disaster", "traffic", "public_services", "economy", "health", "education", "culture", "government")
STRANGE_IDS = 40  # posts whose ids are hostile, as an import can bring them


@dataclass(frozen=True)
class HostileWorld:
    """`posts`, `stories`, `alerts`, `rules`, `issues`: ids. `mails`: an alert's message for each text."""

    settings: Settings
    texts: list[str]
    posts: list[str]
    stories: list[str]
    alerts: list[str]
    rules: list[str]
    mails: list[Message]
    now: datetime


def build(folder: Path) -> HostileWorld:
    """Fills a data folder; its only real account is `admin`, whose password the caller sets; the
    saved searches are those of `nguoi-0`."""
    texts, now = hostile_texts(), datetime.now(UTC).replace(microsecond=0)
    settings = _registry(settings_in(folder), texts)
    with Installation(settings) as it:
        maker = Maker(it, now)
        maker.tell_quiet_weeks()
        posts, stories = _tell(maker, texts)
        maker.write()
        _revise(maker, texts)
        alerts, rules, mails = _alert(it, texts, posts, now)
        people = People(it.engine)
        people.add("admin", Role.admin, full_name=texts[4], by=texts[5])
        with it.engine.begin() as connection:
            _people(connection, texts, now, people.get("admin").id)
            _sources(connection, texts, now)
            _issues(connection, texts, now, stories)
    return HostileWorld(settings, texts, posts, stories, alerts, rules, mails, now)


def _registry(settings: Settings, texts: list[str]) -> Settings:
    """Sources whose names are hostile too."""
    assert settings.sources is not None
    more = [
        f"- {{id: xau-{n}, name: {json.dumps(texts[n * 9])}, home: 'https://xau{n}.example/', kind: news, "
        f"discovery: {{feeds: ['https://xau{n}.example/rss']}}}}"
        for n in range(20)
    ]
    with settings.sources.open("a", encoding="utf-8") as file:
        file.write("\n" + "\n".join(more))
    return settings


def _tell(maker: Maker, texts: list[str]) -> tuple[list[str], list[str]]:
    """Each text once as title, lead, in the body, as sentence, key term, outlet, author, section, tag, address."""
    ids, stories, units = [], [], ("xã Hướng Phùng", "phường Đông Hà", "xã Đakrông")
    for number, text in enumerate(texts):
        lead, inside, term, outlet, author, url = (texts[(number + step) % len(texts)] for step in range(1, 7))
        story = f"s-xau-{max(number // 50, number // 10 - 12)}"  # four large ones rise
        kind = ("news", "news", "forum", "social")[number % 4]
        source = REGISTERED[number % 3] if number % 2 else outlet[:100]
        body = f"{inside}\nỞ xã Hướng Phùng: {term}"
        topic = TOPICS[max(number // 50, number // 10 - 12) % len(TOPICS)]
        told = Story(story, 0, (topic,), "negative", (units[number % 3],), (term,), body, ())
        at = maker.now - timedelta(minutes=2 * number + 2)
        maker.add(f"xau-{number}", told, Telling(0, source, text, lead, kind), at, url=f"{url} {number}")
        strange = "".join(letter for letter in text if letter.isprintable())[:60]
        id = strange if number < STRANGE_IDS else maker.posts[-1].id or ""
        _rename(maker, id, replace(maker.posts[-1], id=id, author=author, section=text, tags=(text, term)))
        maker.titles.setdefault(story, text)
        ids.append(id)
        stories.append(story)
    return ids, sorted(set(stories))


def _rename(maker: Maker, id: str, post: Any) -> None:
    old = maker.posts[-1].id or post_id(post.url)
    annotation, story, copies = maker.meant.pop(old)
    maker.posts[-1] = post
    maker.meant[id] = (replace(annotation, id=id), story, copies)


def _revise(maker: Maker, texts: list[str]) -> None:
    """Twenty articles are edited afterwards: hostile words went, others came."""
    hostile = [post for post in maker.posts if post.title in set(texts)][-20:]
    for number, post in enumerate(hostile):
        maker.it.archive.store(replace(post, title=texts[number], lead=texts[number + 20], body=texts[number + 40]))


def _alert(
    it: Installation, texts: list[str], posts: list[str], now: datetime
) -> tuple[list[str], list[str], list[Message]]:
    """A rule, an alert and a message that could not be sent for each text; some alerts with notes."""
    AlertDesk(it)  # brings the ready-made rules
    counts = Counts(window_hours=24, count=9, mentions=11, voices=4, negative_share=0.5, usual=1.5)
    rules, opened, mails, sent = [], [], [], []
    for n, text in enumerate(texts):
        rule = Rule(name=text.strip()[:120] or "x", query=text[:400] + "x", recipients=(f"n{n}",))
        rules.append({"id": f"r{n}", "definition": rule.model_dump(mode="json"), "created_by": text[:120]})
        alert = Alert(
            id=f"a{n}", rule_id=f"r{n}", subject=f"s-xau-{n // 10}", title=text, priority="urgent",
            state=("open", "acknowledged", "closed")[n % 3], counts=counts, ids=(posts[n],), first_at=now, last_at=now,
            opened_at=now, updated_at=now, heard_at=now, told_count=9, told_at=now, note=text,
            acknowledged_by=text[:120], acknowledged_at=now,
        )  # fmt: skip
        opened.append(alert_values(alert))
        mails.append(_message(alert, rule, now))
        sent.append({"id": f"d{n}", "alert_id": f"a{n}", "recipient_id": f"n{n}", "error": text})
        sent[-1]["message"] = mails[-1].model_dump(mode="json")
    who = [
        {"id": f"n{n}", "name": text[:120], "address": text, "created_by": text[:120]} for n, text in enumerate(texts)
    ]
    made = {"created_at": now}
    delivery = {"event": "opened", "state": "dead", "attempts": 12, "due_at": now, **made}
    with it.engine.begin() as connection:
        connection.execute(insert(tables.alert_recipients), [{**made, "channel": "email", **each} for each in who])
        connection.execute(
            insert(tables.alert_rules), [{**made, "changed_by": r["created_by"], "changed_at": now, **r} for r in rules]
        )
        connection.execute(insert(tables.alerts), opened)
        connection.execute(insert(tables.deliveries), [{**delivery, **each} for each in sent])
    return [alert["id"] for alert in opened], [str(rule["id"]) for rule in rules], mails


def _message(alert: Alert, rule: Rule, now: datetime) -> Message:
    text = alert.title
    return Message(
        event="opened",
        alert=alert.id,
        rule=rule.name,
        priority="urgent",
        headline=text,
        reason=text,
        link=f"http://127.0.0.1/alerts/{alert.id}",
        mentions=(Quoted(title=text, source=text, url=text, published_at=now),),
        parts=(text,),
    )


def _people(connection: Connection, texts: list[str], now: datetime, admin: str) -> None:
    kept = {"owner": "u0", "conditions": {}, "created_at": now, "visited_at": now}
    connection.execute(
        insert(saved_searches),
        [{**kept, "id": f"f{n}", "name": f"{text[:100]} {n}", "query": text[:400]} for n, text in enumerate(texts)],
    )
    base = {"role": "viewer", "must_change": False, "totp_on": False, "totp_step": 0, "created_at": now}
    connection.execute(
        insert(users),
        [
            {**base, "id": f"u{n}", "name": f"nguoi-{n}", "full_name": text[:200], "created_by": text[:120]}
            for n, text in enumerate(texts)
        ],
    )
    key = {"secret_hash": "", "user_id": admin, "scopes": ["read"], "created_at": now}
    connection.execute(
        insert(api_keys),
        [{**key, "id": f"k{n}", "name": text[:120], "last_used_from": text[:64]} for n, text in enumerate(texts)],
    )
    line = {"at": now, "role": "viewer", "status": 200, "times": 1}
    connection.execute(
        insert(audit),
        [
            {**line, "who": text[:120], "action": "search", "what": text, "query": text, "address": text[:64]}
            for text in texts
        ],
    )


def _sources(connection: Connection, texts: list[str], now: datetime) -> None:
    names = (*NAMES, *(f"xau-{n}" for n in range(20)))
    of_each = list(zip(names, texts, strict=False))
    switch = {"enabled": True, "at": now}
    connection.execute(
        insert(source_switches), [{**switch, "source": name, "by": t[:120], "note": t} for name, t in of_each]
    )
    state = {"state": "blocked", "last_run_at": now, "failures": 3}
    connection.execute(insert(tables.source_states), [{**state, "id": name, "message": t} for name, t in of_each])
    run = {"source": "qtnm", "started_at": now, "finished_at": now, "state": "blocked", "counts": {}}
    connection.execute(insert(tables.runs), [{**run, "message": text} for text in texts])
    url = {"source": "qtnm", "outcome": "empty", "first_at": now, "last_at": now, "visits": 1}
    connection.execute(
        insert(tables.urls), [{**url, "url": f"{text} {n}", "reason": text} for n, text in enumerate(texts)]
    )
    link = {"submitted_at": now, "outcome": "empty", "finished_at": now}
    connection.execute(
        insert(tables.links),
        [{**link, "url": f"{t} {n}", "note": t, "submitted_by": t[:120], "reason": t} for n, t in enumerate(texts)],
    )
    seen = {"signal": "google-news", "source": None, "published_at": now, "searched": 0}
    connection.execute(
        insert(tables.sightings),
        [
            {**seen, "id": f"x{n}", "outlet": t, "outlet_name": t, "title": t, "title_key": f"x{n}",
             "seen_at": now - timedelta(hours=5)}
            for n, t in enumerate(texts)
        ],
    )  # fmt: skip


def _issues(connection: Connection, texts: list[str], now: datetime, stories: list[str]) -> None:
    rows = [
        {"issue_id": story, "verb": verb, "value": texts[n * 3 + turn], "by": texts[n * 3 + turn][:120], "at": now}
        for n, story in enumerate(stories)
        for turn, verb in enumerate(("known", "rename", "pin"))
    ]
    connection.execute(insert(tables.issue_actions), rows)

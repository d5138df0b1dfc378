"""One alert per story and rule, told once, growing, escalated, never lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from monitor.alerts.alert import Alert, UnknownId
from monitor.alerts.firing import ALL
from monitor.alerts.message import Event, Message
from monitor.alerts.outbox import CannotSend, Outbox
from monitor.alerts.rule import Rule
from monitor.alerts.rule_store import RuleStore
from monitor.alerts.store import AlertStore
from monitor.database import open_engine
from monitor.migrate import migrate
from monitor.stream import Stream
from tests.monitor.alerts.matches import NOON, firing


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)


class Mailbox:
    """A channel that takes what it is given, or fails as told."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []
        self.failure: Exception | None = None

    def send(self, address: str, message: Message, key: str) -> None:
        if self.failure:
            raise self.failure
        self.taken.append((address, message.subject, key))


@pytest.fixture
def engine(archive_url: str, tmp_path: Any) -> Iterator[Engine]:
    engine = open_engine(archive_url)
    migrate(engine, tmp_path / "lock")
    yield engine
    engine.dispose()


class Desk:
    def __init__(self, engine: Engine, **more: Any) -> None:
        self.clock, self.mail = Clock(), Mailbox()
        self.rules = RuleStore(engine, clock=self.clock)
        self.alerts = AlertStore(engine, clock=self.clock, **more)
        self.outbox = Outbox(engine, {"email": self.mail}, clock=self.clock)
        self.duty = self.rules.add_recipient("Trực ban", "email", "truc@example.vn", by="an").id
        self.chief = self.rules.add_recipient("Lãnh đạo", "email", "ld@example.vn", by="an").id

    def rule(self, **values: Any) -> Any:
        definition = {"name": "Lũ", "query": "lũ", "recipients": (self.duty,)} | values
        return self.rules.put_rule(Rule(**definition), by="an")

    def record(self, stored: Any, *found: Any) -> list[Alert]:
        return self.alerts.record(stored, found, tell)


def tell(event: Event, alert: Alert, rule: Rule) -> Message:
    return Message(event=event, alert=alert.id, headline=alert.title, priority=alert.priority)


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


def test_a_story_makes_one_alert_and_one_message_however_often_it_is_seen(desk: Desk) -> None:
    stored = desk.rule()
    for _ in range(3):
        desk.record(stored, firing("lu", "m1"))
        desk.outbox.run()
    found, total = desk.alerts.alerts()
    assert (total, found[0].title, found[0].state) == (1, "Vụ lu", "open")
    assert [(to, subject) for to, subject, _ in desk.mail.taken] == [("truc@example.vn", "[Cảnh báo] Vụ lu")]


def test_an_alert_grows_and_is_told_again_when_it_doubled(desk: Desk) -> None:
    stored = desk.rule()
    desk.record(stored, firing("lu", "m1", "m2"))
    desk.clock.later(minutes=40)
    desk.record(stored, firing("lu", "m3", "m1", "m2"))
    assert desk.outbox.deliveries()[1] == 1
    desk.record(stored, firing("lu", *(f"m{n}" for n in range(5))))
    desk.outbox.run()
    assert [subject for _, subject, _ in desk.mail.taken] == ["[Cảnh báo] Vụ lu", "[Cập nhật] Vụ lu"]
    (alert,), _ = desk.alerts.alerts()
    assert set(alert.ids) == {"m0", "m1", "m2", "m3", "m4"}


def test_a_story_that_takes_another_ones_mentions_over_stays_one_alert(desk: Desk) -> None:
    stored = desk.rule()
    desk.record(stored, firing("young", "m1", "m2"))
    (alert,) = desk.record(stored, firing("older", "m0", "m1", "m2"))
    assert alert.subject == "older"
    assert desk.alerts.alerts()[1] == 1


def test_complaints_that_add_up_are_one_alert_until_a_day_of_silence(desk: Desk) -> None:
    stored = desk.rule(per="all")
    desk.record(stored, firing(ALL, "m1"))
    desk.record(stored, firing(ALL, "m2", "m1", first=NOON, last=NOON + timedelta(hours=5)))
    assert desk.alerts.alerts()[1] == 1
    later = NOON + timedelta(hours=30)
    desk.record(stored, firing(ALL, "m9", first=later, last=later))
    assert desk.alerts.alerts()[1] == 2


def test_nobody_acknowledged_so_the_next_one_is_told_once(desk: Desk) -> None:
    stored = desk.rule(escalate_after_minutes=15, escalate_to=(desk.chief,), priority="urgent")
    desk.record(stored, firing("lu", "m1"))
    desk.clock.later(minutes=14)
    assert desk.alerts.escalate(tell) == []
    desk.clock.later(minutes=1)
    assert len(desk.alerts.escalate(tell)) == 1
    assert desk.alerts.escalate(tell) == []
    desk.outbox.run()
    assert ("ld@example.vn", "[Chuyển cấp KHẨN] Vụ lu") in [(to, subject) for to, subject, _ in desk.mail.taken]


def test_an_acknowledged_alert_is_not_escalated(desk: Desk) -> None:
    stored = desk.rule(escalate_after_minutes=15, escalate_to=(desk.chief,))
    (alert,) = desk.record(stored, firing("lu", "m1"))
    desk.alerts.acknowledge(alert.id, by="an", note="đã gọi phường")
    desk.clock.later(hours=2)
    assert desk.alerts.escalate(tell) == []
    assert desk.alerts.alert(alert.id).note == "đã gọi phường"


def test_an_alert_ends_after_three_quiet_days_and_begins_again_with_news(desk: Desk) -> None:
    stored = desk.rule()
    desk.record(stored, firing("lu", "m1"))
    desk.clock.later(days=3, minutes=1)
    assert desk.alerts.close_quiet() == 1
    (alert,) = desk.record(stored, firing("lu", "m2", first=desk.clock.now, last=desk.clock.now))
    assert alert.state == "open"
    assert desk.alerts.alerts()[1] == 1


def test_at_night_messages_wait_and_come_as_one(desk: Desk) -> None:
    stored = desk.rule()
    desk.clock.later(hours=11)  # 23:00
    desk.record(stored, firing("a", "m1"), firing("b", "m2"))
    desk.outbox.run()
    assert desk.mail.taken == []
    desk.clock.later(hours=7)  # 06:00
    desk.outbox.run()
    assert [subject for _, subject, _ in desk.mail.taken] == ["[Tổng hợp] 2 cảnh báo đang chờ"]
    assert {delivery.state for delivery in desk.outbox.deliveries()[0]} == {"digested", "sent"}


def test_at_night_an_urgent_message_goes_at_once(desk: Desk) -> None:
    stored = desk.rule(priority="urgent")
    desk.clock.later(hours=11)
    desk.record(stored, firing("a", "m1"))
    assert desk.outbox.run().sent == 1


def test_a_day_has_a_cap_and_the_rest_comes_as_a_digest(engine: Engine) -> None:
    desk = Desk(engine, cap=3)
    stored = desk.rule()
    desk.record(stored, *(firing(f"s{n}", f"m{n}") for n in range(6)))
    assert desk.outbox.run().sent == 3
    desk.clock.later(hours=5)  # 17:00
    desk.outbox.run()
    assert desk.mail.taken[-1][1] == "[Tổng hợp] 3 cảnh báo đang chờ"


def test_a_channel_that_fails_is_tried_again_with_the_same_key_and_growing_pauses(desk: Desk) -> None:
    desk.record(desk.rule(), firing("a", "m1"))
    desk.mail.failure = CannotSend("máy chủ thư đang bận")
    assert desk.outbox.run().failed == 1
    assert desk.outbox.run() == type(desk.outbox.run())()
    (delivery,), _ = desk.outbox.deliveries()
    assert (delivery.state, delivery.attempts, delivery.error) == ("waiting", 1, "máy chủ thư đang bận")
    desk.mail.failure = None
    desk.clock.later(seconds=16)
    assert desk.outbox.run().sent == 1
    assert desk.mail.taken[0][2] == delivery.id


def test_a_receiver_that_asks_for_time_gets_it(desk: Desk) -> None:
    desk.record(desk.rule(), firing("a", "m1"))
    desk.mail.failure = CannotSend("quá nhiều", wait=timedelta(minutes=10))
    desk.outbox.run()
    desk.mail.failure = None
    desk.clock.later(minutes=9)
    assert desk.outbox.run().sent == 0
    desk.clock.later(minutes=1)
    assert desk.outbox.run().sent == 1


def test_what_cannot_be_sent_is_kept_shown_and_can_be_sent_again(desk: Desk) -> None:
    desk.record(desk.rule(), firing("a", "m1"))
    desk.mail.failure = CannotSend("không có hộp thư này", final=True)
    assert desk.outbox.run().dead == 1
    (delivery,), _ = desk.outbox.deliveries(states=("dead",))
    desk.mail.failure = None
    desk.outbox.send_again(delivery.id)
    assert desk.outbox.run().sent == 1
    with pytest.raises(UnknownId):
        desk.outbox.send_again(delivery.id)


def test_after_half_a_day_of_failures_a_delivery_is_dead(desk: Desk) -> None:
    desk.record(desk.rule(), firing("a", "m1"))
    desk.mail.failure = RuntimeError("a bug in a channel")
    for _ in range(20):
        desk.outbox.run()
        desk.clock.later(hours=1)
    (delivery,), _ = desk.outbox.deliveries()
    assert (delivery.state, delivery.attempts) == ("dead", 12)


def test_a_channel_that_is_not_configured_is_said(desk: Desk) -> None:
    bot = desk.rules.add_recipient("Nhóm trực", "telegram", "-100", by="an").id
    desk.record(desk.rule(recipients=(bot,)), firing("a", "m1"))
    desk.outbox.run()
    (delivery,), _ = desk.outbox.deliveries()
    assert (delivery.state, delivery.error) == ("off", "kênh này chưa được cấu hình hoặc đang tắt")


def test_a_deleted_recipient_leaves_all_rules_and_gets_nothing_more(desk: Desk) -> None:
    stored = desk.rule(escalate_after_minutes=15, escalate_to=(desk.chief,))
    desk.record(stored, firing("a", "m1"))
    desk.rules.delete_recipient(desk.chief)
    desk.rules.delete_recipient(desk.duty)
    assert desk.outbox.run().sent == 0
    left = desk.rules.rule(stored.id).rule
    assert (left.recipients, left.escalate_to, left.escalate_after_minutes) == ((), (), None)


def test_a_rule_names_only_recipients_that_exist(desk: Desk) -> None:
    with pytest.raises(UnknownId):
        desk.rule(recipients=("n-gone",))
    assert desk.rules.rules() == []


def test_a_deleted_rule_is_gone_but_its_alerts_remain(desk: Desk) -> None:
    stored = desk.rule()
    (alert,) = desk.record(stored, firing("a", "m1"))
    desk.rules.delete_rule(stored.id, by="an")
    assert desk.rules.rules() == []
    assert desk.alerts.alert(alert.id).rule_id == stored.id
    assert desk.rules.rule(stored.id).rule.name == "Lũ"


def test_each_change_is_in_the_stream_in_order(desk: Desk, engine: Engine) -> None:
    stored, stream = desk.rule(), Stream(engine)
    (alert,) = desk.record(stored, firing("a", "m1"))
    mark = stream.last_id()
    desk.record(stored, firing("a", "m2", "m1"))
    desk.alerts.acknowledge(alert.id, by="an")
    assert [(event.about, event.data["event"]) for event in stream.after(mark)] == [
        (alert.id, "update"),
        (alert.id, "acknowledged"),
    ]


def test_when_an_alert_first_reached_a_screen_is_kept(desk: Desk) -> None:
    (alert,) = desk.record(desk.rule(), firing("a", "m1"))
    desk.clock.later(seconds=30)
    desk.alerts.shown([alert.id])
    desk.clock.later(seconds=30)
    desk.alerts.shown([alert.id])
    assert desk.alerts.waits(NOON) == [timedelta(seconds=30)]

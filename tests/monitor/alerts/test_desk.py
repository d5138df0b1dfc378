"""From a post in the archive to an alert, on a real installation; and a trial on what was."""

from __future__ import annotations

from datetime import timedelta

from monitor.alerts.desk import AlertDesk
from monitor.alerts.ready_made import READY_MADE
from monitor.alerts.rule import Rule
from monitor.archive import utc_now
from monitor.installation import Installation
from monitor.process import Processor
from tests.monitor.texts import COFFEE, FLOOD, FLOOD_ELSEWHERE, QUEUE, STATION, article


def taken_through(installation: Installation, hours_ago: float = 1) -> AlertDesk:
    at = utc_now() - timedelta(hours=hours_ago)
    texts = {"lu": FLOOD, "lu-2": FLOOD_ELSEWHERE, "tram": STATION, "ca-phe": COFFEE, "mot-cua": QUEUE}
    for number, (name, text) in enumerate(texts.items()):
        installation.archive.store(article(name, text, at + timedelta(minutes=number), source=f"bao{number}.example"))
    Processor(installation).run()
    return AlertDesk(installation)


def test_a_flood_opens_an_alert_of_a_ready_made_rule_once(installation: Installation) -> None:
    desk = taken_through(installation)
    opened, _ = desk.turn()
    assert "ready-disaster" in {alert.rule_id for alert in opened}
    assert desk.turn()[0] == []
    (alert,) = (alert for alert in opened if alert.rule_id == "ready-disaster")
    assert len(alert.ids) == 2
    assert alert.priority == "urgent"


def test_ready_made_rules_come_once_and_stay_deleted(installation: Installation) -> None:
    desk = AlertDesk(installation)
    assert {stored.id for stored in desk.rules.rules()} == set(READY_MADE)
    desk.rules.delete_rule("ready-rising", by="an")
    assert "ready-rising" not in {stored.id for stored in AlertDesk(installation).rules.rules()}


def test_every_ready_made_query_can_be_read(installation: Installation) -> None:
    for rule in READY_MADE.values():
        installation.naming.query(rule.query)


def test_a_trial_names_what_would_have_fired_and_changes_nothing(installation: Installation) -> None:
    desk = taken_through(installation, hours_ago=24 * 3)
    trial = desk.watch.try_rule(Rule(name="Lũ sông Hiếu", query="sông hiếu", min_count=2))
    assert [len(firing.ids) for _, firing in trial.fired] == [2]
    assert trial.whole
    assert desk.alerts.alerts()[1] == 0


def test_a_message_quotes_only_what_is_in_the_archive(installation: Installation) -> None:
    desk = taken_through(installation)
    opened, _ = desk.turn()
    alert = next(alert for alert in opened if alert.rule_id == "ready-disaster")
    message = desk.watch.tell("opened", alert, desk.rules.rule("ready-disaster").rule)
    assert {quoted.title for quoted in message.mentions} == {FLOOD["title"], FLOOD_ELSEWHERE["title"]}
    assert message.link == f"{installation.settings.dashboard}alerts/{alert.id}"


def test_nothing_leaves_while_sending_is_off(installation: Installation) -> None:
    quiet = installation.settings.model_copy(update={"alerts_send": False})
    installation.settings = quiet
    desk = taken_through(installation)
    receiver = desk.rules.add_recipient("IOC", "webhook", "http://127.0.0.1:1/", by="an")
    desk.rules.put_rule(READY_MADE["ready-disaster"].model_copy(update={"recipients": (receiver.id,)}), by="an")
    desk.turn()
    assert {delivery.state for delivery in desk.outbox.deliveries()[0]} == {"off"}

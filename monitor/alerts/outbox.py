"""The outbox: sends what waits, at least once, with growing pauses; what cannot be sent is kept and shown.

A delivery is marked after the channel took it, so a process that dies in between sends it again under the same id;
a webhook's receiver and a mail reader can tell the repeat by it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Engine, func, select, update
from sqlalchemy.engine import Connection

from monitor.alerts.alert import Channel, Delivery, Recipient, UnknownId, delivery_of
from monitor.alerts.message import Message, digest
from monitor.alerts.plan import DeliveryState
from monitor.archive import insert_or, utc_now
from monitor.database import READ_ONLY, alert_recipients, deliveries

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=30)
MOST_TRIES = 12  # about three hours
AT_ONCE = 50

log = logging.getLogger("duluan.alerts")


class CannotSend(Exception):
    """A channel did not take a message; `message` is Vietnamese. `final`: trying again would not help."""

    def __init__(self, message: str, *, final: bool = False, wait: timedelta | None = None) -> None:
        super().__init__(message)
        self.final, self.wait = final, wait


class Sender(Protocol):
    """One channel. `key` is the delivery's id, the same on every try."""

    def send(self, address: str, message: Message, key: str) -> None:
        """Raises CannotSend."""


@dataclass(frozen=True, slots=True)
class Sent:
    sent: int = 0
    failed: int = 0
    dead: int = 0


class Outbox:
    """Deliveries and how they leave. `senders` without a channel: its deliveries are kept as `off` with the reason."""

    def __init__(
        self,
        engine: Engine,
        senders: Mapping[Channel, Sender],
        *,
        link: str = "",
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._engine, self._senders, self._link, self._clock = engine, senders, link, clock

    def _read(self) -> Connection:
        return self._engine.connect().execution_options(**READ_ONLY)

    def run(self, *, stopping: Callable[[], bool] = lambda: False) -> Sent:
        """Sends everything that is due once; one after the other."""
        self._release_held()
        counts: dict[str, int] = defaultdict(int)
        for delivery, recipient in self._due():
            if stopping():
                break
            counts[self._try(delivery, recipient)] += 1
        return Sent(counts["sent"], counts["waiting"], counts["dead"])

    def deliveries(
        self, *, states: Sequence[DeliveryState] = (), alert: str | None = None, limit: int = 100, offset: int = 0
    ) -> tuple[list[Delivery], int]:
        """Deliveries with the newest first, and how many there are in all."""
        wanted = select(deliveries)
        if states:
            wanted = wanted.where(deliveries.c.state.in_(states))
        if alert:
            wanted = wanted.where(deliveries.c.alert_id == alert)
        newest = wanted.order_by(deliveries.c.created_at.desc(), deliveries.c.id).limit(limit).offset(offset)
        with self._read() as connection:
            total = connection.scalar(select(func.count()).select_from(wanted.subquery())) or 0
            return [delivery_of(row) for row in connection.execute(newest)], total

    def send_again(self, id: str) -> None:
        """Puts a dead delivery back into the queue. Raises UnknownId."""
        values = {"state": "waiting", "attempts": 0, "due_at": self._clock(), "error": ""}
        with self._engine.begin() as connection:
            dead = (deliveries.c.id == id) & deliveries.c.state.in_(("dead", "off"))
            if not connection.execute(update(deliveries).where(dead).values(**values)).rowcount:
                raise UnknownId(id)

    def _due(self) -> list[tuple[Delivery, Recipient]]:
        r = alert_recipients.c
        query = (
            select(deliveries, r.name, r.channel, r.address)
            .join(alert_recipients, r.id == deliveries.c.recipient_id)
            .where(deliveries.c.state == "waiting", deliveries.c.due_at <= self._clock())
            .order_by(deliveries.c.due_at, deliveries.c.id)
            .limit(AT_ONCE)
        )
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [(delivery_of(row), Recipient(row.recipient_id, row.name, row.channel, row.address)) for row in rows]

    def _try(self, delivery: Delivery, recipient: Recipient) -> DeliveryState:
        sender = self._senders.get(recipient.channel)
        if sender is None:
            return self._mark(delivery, "off", error="kênh này chưa được cấu hình hoặc đang tắt")
        try:
            sender.send(recipient.address, delivery.message, delivery.id)
        except CannotSend as error:
            return self._failed(delivery, error)
        except Exception as error:  # a bug in one channel must not hold up the others; it is shown like any failure
            log.exception("sending %s failed", delivery.id)
            return self._failed(delivery, CannotSend(f"lỗi không lường trước: {type(error).__name__}"))
        return self._mark(delivery, "sent", sent_at=self._clock())

    def _failed(self, delivery: Delivery, error: CannotSend) -> DeliveryState:
        attempts = delivery.attempts + 1
        if error.final or attempts >= MOST_TRIES:
            return self._mark(delivery, "dead", attempts=attempts, error=str(error))
        pause = max(min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE), error.wait or timedelta(0))
        return self._mark(delivery, "waiting", attempts=attempts, error=str(error), due_at=self._clock() + pause)

    def _mark(self, delivery: Delivery, state: DeliveryState, **values: object) -> DeliveryState:
        with self._engine.begin() as connection:
            connection.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(state=state, **values))
        return state

    def _release_held(self) -> None:
        """What quiet hours or a day's cap held goes out when its time has come: alone, or together as one digest."""
        now = self._clock()
        due = select(deliveries).where(deliveries.c.state == "held", deliveries.c.due_at <= now)
        with self._read() as connection:
            if connection.execute(due.limit(1)).first() is None:
                return
        with self._engine.begin() as connection:
            held: dict[str, list[Delivery]] = defaultdict(list)
            for row in connection.execute(due.order_by(deliveries.c.created_at, deliveries.c.id)):
                held[row.recipient_id].append(delivery_of(row))
            for recipient, group in held.items():
                self._release(connection, recipient, group, now)

    def _release(self, connection: Connection, recipient: str, group: Sequence[Delivery], now: datetime) -> None:
        mine = deliveries.c.id.in_([delivery.id for delivery in group])
        if len(group) == 1:
            connection.execute(update(deliveries).where(mine).values(state="waiting"))
            return
        message = digest([delivery.message for delivery in group], self._link)
        together = {
            "id": f"{group[0].id}+{len(group)}"[:200],
            "alert_id": None,
            "recipient_id": recipient,
            "event": "digest",
            "message": message.model_dump(mode="json"),
            "state": "waiting",
            "attempts": 0,
            "due_at": now,
            "created_at": now,
            "error": "",
        }
        connection.execute(insert_or(connection, deliveries).values(**together).on_conflict_do_nothing())
        connection.execute(update(deliveries).where(mine).values(state="digested"))

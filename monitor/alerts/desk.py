"""Everything about alerts of one installation, put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from monitor.alerts import ready_made
from monitor.alerts.alert import Alert, Channel, StoredRule
from monitor.alerts.channels.email import ADDRESS, EmailSender, mail_server
from monitor.alerts.channels.telegram import CHAT, TelegramSender
from monitor.alerts.channels.webhook import WebhookSender, checked_url, secret_for
from monitor.alerts.message import Message
from monitor.alerts.outbox import CannotSend, Outbox, Sender, Sent
from monitor.alerts.rule import Rule
from monitor.alerts.rule_store import RuleStore
from monitor.alerts.store import AlertStore
from monitor.alerts.watch import Watch
from monitor.archive import utc_now
from monitor.installation import Installation
from monitor.naming import KINDS, TOPICS
from monitor.settings import Settings
from monitor.stream import Stream

SETTLED = timedelta(minutes=3)
LOOK_AT_LEAST = timedelta(minutes=1)


class BadRule(ValueError):
    """A rule names something that does not exist; the message is Vietnamese."""


class AlertDesk:
    """Rules, alerts and the outbox of an installation. `clock` says what time it is for all of them."""

    def __init__(self, installation: Installation, *, clock: Callable[[], datetime] = utc_now) -> None:
        settings, engine = installation.settings, installation.engine
        self.settings, self._archive, self.stream = settings, installation.archive, Stream(engine)
        self._naming = installation.naming
        self._places = {unit.id for unit in installation.province.entries}
        self._looked_at: datetime | None = None
        self._clock = clock
        self.rules = RuleStore(engine, clock=clock)
        self.alerts = AlertStore(engine, cap=settings.alerts_per_day, clock=clock)
        self.outbox = Outbox(engine, senders(settings), link=f"{settings.dashboard}alerts", clock=clock)
        self.watch = Watch(installation, self.rules, self.alerts)
        ready_made.install(self.rules)

    def turn(self, *, stopping: Callable[[], bool] = lambda: False) -> tuple[list[Alert], Sent]:
        """A look with all rules if there may be news, then everything that is due is sent.

        Raises IndexUnavailable, with what needs no index done and sent by then.
        """
        found: list[Alert] = []
        try:
            if self._may_be_news():
                found = self.watch.look(self._clock())
                self._looked_at = self._clock()
        finally:
            sent = self.outbox.run(stopping=stopping)
        return found, sent

    def _may_be_news(self) -> bool:
        """Posts were taken through lately (the index may follow a little later), or the last look is long ago."""
        now, latest = self._clock(), self._archive.last_processed()
        fresh = latest is not None and now - latest < SETTLED
        return fresh or self._looked_at is None or now - self._looked_at >= LOOK_AT_LEAST

    def keep_house(self) -> None:
        self.alerts.close_quiet()
        self.stream.trim()

    def put_rule(self, rule: Rule, *, by: str, id: str | None = None) -> StoredRule:
        """Keeps a rule that can be applied. Raises QueryError, UnknownId, BadRule."""
        self.check_rule(rule)
        return self.rules.put_rule(rule, by=by, id=id)

    def check_rule(self, rule: Rule) -> None:
        """Raises QueryError for a query that cannot be read, BadRule for codes and places that do not exist."""
        self._naming.query(rule.query)
        known = {"lĩnh vực": TOPICS, "loại nguồn": KINDS, "địa bàn": self._places}
        for what, given in (("lĩnh vực", rule.topics), ("loại nguồn", rule.kinds), ("địa bàn", rule.places)):
            if wrong := [code for code in given if code not in known[what]]:
                raise BadRule(f"Không có {what} “{wrong[0]}”.")

    def check_address(self, channel: Channel, address: str) -> str:
        """The address as it is kept. Raises ValueError with a Vietnamese message."""
        address = address.strip()
        if channel == "webhook":
            return checked_url(address)
        if channel == "email" and not ADDRESS.fullmatch(address):
            raise ValueError("hãy nhập một địa chỉ thư, ví dụ trucban@example.gov.vn")
        if channel == "telegram" and not CHAT.fullmatch(address):
            raise ValueError("hãy nhập mã cuộc trò chuyện (số, có thể có dấu trừ) hoặc @tên_kênh")
        return address

    def webhook_secret(self, address: str) -> str:
        """What the receiver of a webhook checks signatures with."""
        return secret_for(self.settings.webhook_key(), address)

    def try_channel(self, recipient_id: str) -> None:
        """Sends a test message at once. Raises UnknownId, CannotSend."""
        recipient = self.rules.recipient(recipient_id)
        sender = senders(self.settings).get(recipient.channel)
        if sender is None:
            raise CannotSend("kênh này chưa được cấu hình hoặc đang tắt", final=True)
        message = Message(
            event="test", headline="Kênh cảnh báo hoạt động", reason="Đây là thư thử của Dư Luận, không cần trả lời."
        )
        sender.send(recipient.address, message, f"test.{recipient.id}")


def senders(settings: Settings) -> dict[Channel, Sender]:
    """The channels that are configured; none while sending is off."""
    if not settings.alerts_send:
        return {}
    found: dict[Channel, Sender] = {"webhook": WebhookSender(settings.webhook_key())}
    if settings.smtp_url and settings.smtp_from:
        server = mail_server(
            settings.smtp_url,
            sender=settings.smtp_from,
            user=settings.smtp_user,
            password=settings.smtp_password,
            ca=settings.smtp_ca,
        )
        found["email"] = EmailSender(server)
    if settings.telegram_token:
        found["telegram"] = TelegramSender(settings.telegram_token, api=settings.telegram_api)
    return found

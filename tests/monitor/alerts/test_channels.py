"""The channels against real local servers: a mail server with TLS, a webhook's receiver, a stand-in for the Bot API."""

from __future__ import annotations

import email
import email.policy
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pydantic import SecretStr

from monitor.alerts.channels.email import EmailSender, mail_server
from monitor.alerts.channels.telegram import LONGEST, TelegramSender, shortened
from monitor.alerts.channels.webhook import WebhookSender, checked_url, is_genuine, secret_for
from monitor.alerts.message import Message, Quoted
from monitor.alerts.outbox import CannotSend
from tests.monitor.alerts.matches import NOON

HOSTILE = "<script>alert(1)</script>\r\nBcc: ai@example.vn\n=cmd()"
MESSAGE = Message(
    event="opened",
    alert="a-1",
    rule="Lũ",
    priority="urgent",
    headline=f"Nước sông Hiếu lên nhanh {HOSTILE}",
    reason="3 lượt nhắc trong 6 giờ.",
    link="https://duluan.example.vn/alerts/a-1",
    mentions=(Quoted(title=HOSTILE, source="Báo Thử", url="https://bao.example/1", published_at=NOON),),
)


# e-mail


class Inbox:
    def __init__(self) -> None:
        self.got: list[tuple[list[str], bytes]] = []
        self.answer = "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("khong"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.got.append((envelope.rcpt_tos, envelope.content))
        return self.answer


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def mail(authority: trustme.CA, tmp_path: Path) -> Iterator[tuple[Inbox, int, Path]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    inbox = Inbox()

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.login == b"duluan" and data.password == b"mat-khau", handled=False)

    controller = Controller(
        inbox, hostname="localhost", port=_free_port(), tls_context=context, require_starttls=True,
        authenticator=authenticate, auth_required=True,
    )  # fmt: skip
    controller.start()
    yield inbox, controller.port, tmp_path / "ca.pem"
    controller.stop()


def sender(port: int, ca: Path | None, password: str = "mat-khau") -> EmailSender:
    return EmailSender(
        mail_server(
            f"smtp://localhost:{port}", sender="canhbao@duluan.vn", user="duluan", password=SecretStr(password), ca=ca
        )
    )


def test_mail_goes_over_tls_as_plain_text_and_hostile_titles_add_no_header(mail: tuple[Inbox, int, Path]) -> None:
    inbox, port, ca = mail
    sender(port, ca).send("truc@example.vn", MESSAGE, "a-1.opened.0.n-1")
    ((to, raw),) = inbox.got
    got: EmailMessage = email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[assignment]
    assert to == ["truc@example.vn"]
    assert got["Bcc"] is None
    assert got.get_content_type() == "text/plain"
    assert got["Message-ID"] == "<a-1.opened.0.n-1@duluan.vn>"
    assert got["Subject"].startswith("[Cảnh báo KHẨN] Nước sông Hiếu lên nhanh <script>")
    assert "https://duluan.example.vn/alerts/a-1" in got.get_content()


def test_a_certificate_that_nobody_vouches_for_is_refused(mail: tuple[Inbox, int, Path]) -> None:
    inbox, port, _ = mail
    with pytest.raises(CannotSend, match="chứng chỉ"):
        sender(port, None).send("truc@example.vn", MESSAGE, "k")
    assert inbox.got == []


def test_a_wrong_password_is_said_without_quoting_it(mail: tuple[Inbox, int, Path]) -> None:
    _, port, ca = mail
    with pytest.raises(CannotSend, match="mật khẩu") as raised:
        sender(port, ca, "sai-roi").send("truc@example.vn", MESSAGE, "k")
    assert "sai-roi" not in str(raised.value)


def test_an_address_that_does_not_exist_is_final(mail: tuple[Inbox, int, Path]) -> None:
    _, port, ca = mail
    with pytest.raises(CannotSend) as raised:
        sender(port, ca).send("khong-co@example.vn", MESSAGE, "k")
    assert raised.value.final


@pytest.mark.parametrize(("answer", "final"), [("451 try later", False), ("554 refused", True)])
def test_a_server_that_is_busy_is_asked_again(mail: tuple[Inbox, int, Path], answer: str, final: bool) -> None:
    inbox, port, ca = mail
    inbox.answer = answer
    with pytest.raises(CannotSend, match=answer[:3]) as raised:
        sender(port, ca).send("truc@example.vn", MESSAGE, "k")
    assert raised.value.final == final


def test_no_mail_server_is_said() -> None:
    with pytest.raises(CannotSend, match="không kết nối"):
        sender(1, None).send("truc@example.vn", MESSAGE, "k")


@pytest.mark.parametrize("url", ["http://x", "smtp://", "smtp://user:secret@host", "host:25"])
def test_a_mail_servers_address_is_checked(url: str) -> None:
    with pytest.raises(ValueError):
        mail_server(url, sender="a@b.vn", user=None, password=None, ca=None)


# over HTTP

Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def receiver(answer: Callable[[str, dict[str, str], bytes], Answer]) -> Iterator[str]:
    """A server on loopback that answers each POST as told."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            code, headers, content = answer(self.path, dict(self.headers), body)
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_webhook_is_signed_so_that_its_receiver_can_tell() -> None:
    got: list[tuple[dict[str, str], bytes]] = []

    def take(path: str, headers: dict[str, str], body: bytes) -> Answer:
        got.append((headers, body))
        return 204, {}, b""

    with receiver(take) as url:
        WebhookSender(b"key").send(url, MESSAGE, "a-1.opened.0.n-1")
    ((headers, body),) = got
    secret, stamp, given = secret_for(b"key", url), headers["X-Duluan-Timestamp"], headers["X-Duluan-Signature"]
    now = time.time()
    assert is_genuine(secret, stamp, body, given, now=now)
    assert not is_genuine(secret, stamp, body + b" ", given, now=now)
    assert not is_genuine(secret, stamp, body, given, now=now + 301)
    assert not is_genuine(secret_for(b"other", url), stamp, body, given, now=now)
    assert headers["Idempotency-Key"] == "a-1.opened.0.n-1"
    assert json.loads(body)["headline"] == MESSAGE.headline


@pytest.mark.parametrize(
    ("code", "headers", "final", "wait"),
    [
        (500, {}, False, None),
        (429, {"Retry-After": "120"}, False, timedelta(minutes=2)),
        (404, {}, True, None),
        (302, {"Location": "http://127.0.0.1:1/"}, False, None),
    ],
)
def test_a_webhook_that_refuses(code: int, headers: dict[str, str], final: bool, wait: timedelta | None) -> None:
    with receiver(lambda *_: (code, headers, b"")) as url, pytest.raises(CannotSend, match=str(code)) as raised:
        WebhookSender(b"key").send(url, MESSAGE, "k")
    assert (raised.value.final, raised.value.wait) == (final, wait)


def test_a_webhook_that_has_the_message_already_is_content() -> None:
    with receiver(lambda *_: (409, {}, b"")) as url:
        WebhookSender(b"key").send(url, MESSAGE, "k")


def test_a_webhook_that_is_away_is_said() -> None:
    with pytest.raises(CannotSend, match="không kết nối"):
        WebhookSender(b"key").send("http://127.0.0.1:1/", MESSAGE, "k")


@pytest.mark.parametrize("url", ["ftp://x/", "https://user:pw@x/", "javascript:alert(1)", "x"])
def test_a_webhooks_address_is_checked(url: str) -> None:
    with pytest.raises(ValueError):
        checked_url(url)


TOKEN = SecretStr("123:bi-mat")


def test_telegram_gets_plain_text() -> None:
    got: list[tuple[str, Any]] = []

    def take(path: str, headers: dict[str, str], body: bytes) -> Answer:
        got.append((path, json.loads(body)))
        return 200, {}, b'{"ok":true,"result":{}}'

    with receiver(take) as url:
        TelegramSender(TOKEN, api=url).send("-1001", MESSAGE, "k")
    ((path, body),) = got
    assert path == "/bot123:bi-mat/sendMessage"
    assert body["chat_id"] == "-1001"
    assert "parse_mode" not in body
    assert "<script>" in body["text"]


@pytest.mark.parametrize(
    ("code", "body", "final", "wait"),
    [
        (429, b'{"ok":false,"error_code":429,"parameters":{"retry_after":30}}', False, timedelta(seconds=30)),
        (429, b"not json", False, None),
        (401, b'{"ok":false,"error_code":401,"description":"Unauthorized"}', False, None),
        (403, b'{"ok":false,"description":"Forbidden: bot was kicked from the group chat"}', True, None),
        (502, b"", False, None),
    ],
)
def test_telegram_refuses(code: int, body: bytes, final: bool, wait: timedelta | None) -> None:
    with receiver(lambda *_: (code, {}, body)) as url, pytest.raises(CannotSend) as raised:
        TelegramSender(TOKEN, api=url).send("-1001", MESSAGE, "k")
    assert (raised.value.final, raised.value.wait) == (final, wait)


def test_the_token_is_in_no_message() -> None:
    with pytest.raises(CannotSend) as raised:
        TelegramSender(TOKEN, api="http://127.0.0.1:1").send("-1001", MESSAGE, "k")
    assert "bi-mat" not in f"{raised.value!r}{raised.value.__cause__!r}"


def test_a_long_text_is_cut_to_what_telegram_takes() -> None:
    long = "Nước lên 🌊\n" * 1000
    cut = shortened(long)
    assert len(cut.encode("utf-16-le")) // 2 <= LONGEST
    assert cut.endswith("…")
    assert shortened("ngắn") == "ngắn"

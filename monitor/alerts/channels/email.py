"""E-mail over SMTP with TLS."""

from __future__ import annotations

import re
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from monitor.alerts.message import Message
from monitor.alerts.outbox import CannotSend
from monitor.archive import utc_now

TIMEOUT = 20.0
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


@dataclass(frozen=True, slots=True)
class MailServer:
    """`smtp://host:587` speaks TLS after STARTTLS, `smtps://host:465` from the first byte; never without."""

    host: str
    port: int
    implicit_tls: bool
    sender: str
    user: str | None = None
    password: SecretStr | None = None
    ca: Path | None = None


def mail_server(url: str, *, sender: str, user: str | None, password: SecretStr | None, ca: Path | None) -> MailServer:
    """Reads DULUAN_SMTP_URL. Raises ValueError with a Vietnamese message."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.username or parts.password:
        raise ValueError("hãy viết như smtp://máy:587 hoặc smtps://máy:465; tên và mật khẩu đặt ở biến riêng")
    implicit = parts.scheme == "smtps"
    if not ADDRESS.fullmatch(sender):
        raise ValueError("DULUAN_SMTP_FROM cần là một địa chỉ thư, ví dụ canhbao@example.gov.vn")
    return MailServer(parts.hostname, parts.port or (465 if implicit else 587), implicit, sender, user, password, ca)


class EmailSender:
    """Sends to one address at a time, so that recipients do not see each other."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def send(self, address: str, message: Message, key: str) -> None:
        try:
            with self._connected() as smtp:
                smtp.send_message(self.mail(address, message, key))
        except smtplib.SMTPAuthenticationError as error:
            raise CannotSend("máy chủ thư không nhận tên đăng nhập hoặc mật khẩu", final=False) from error
        except smtplib.SMTPRecipientsRefused as error:
            final = all(code >= 500 for code, _ in error.recipients.values())
            raise CannotSend("máy chủ thư từ chối địa chỉ người nhận", final=final) from error
        except smtplib.SMTPResponseException as error:
            raise CannotSend(f"máy chủ thư trả lời {error.smtp_code}", final=error.smtp_code >= 550) from error
        except ssl.SSLError as error:
            raise CannotSend("chứng chỉ của máy chủ thư không kiểm chứng được") from error
        except (OSError, smtplib.SMTPException) as error:
            raise CannotSend(f"không kết nối được máy chủ thư ({type(error).__name__})") from error

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        context = ssl.create_default_context(cafile=server.ca)
        if server.implicit_tls:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
        try:
            if not server.implicit_tls:
                smtp.starttls(context=context)
            if server.user and server.password:
                smtp.login(server.user, server.password.get_secret_value())
        except BaseException:
            smtp.close()
            raise
        return smtp

    def mail(self, address: str, message: Message, key: str) -> EmailMessage:
        """The message as it is sent. Plain text only: nothing that an outlet wrote can be markup in a mail reader."""
        mail = EmailMessage()
        mail["From"], mail["To"] = self._server.sender, address
        mail["Subject"] = message.subject
        mail["Date"] = formatdate()
        mail["Message-ID"] = f"<{key}@{self._server.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        if message.priority == "urgent":
            mail["X-Priority"] = "1"
        mail.set_content(message.text(utc_now()))
        return mail

"""Telegram: the Bot API's sendMessage (https://core.telegram.org/bots/api#sendmessage), plain text."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
from pydantic import SecretStr

from monitor.alerts.message import Message
from monitor.alerts.outbox import CannotSend
from monitor.archive import utc_now

API = "https://api.telegram.org"
TIMEOUT = 15.0
LONGEST = 4096  # UTF-16 code units that sendMessage takes after entities parsing
CHAT = re.compile(r"-?\d{1,20}|@[A-Za-z][A-Za-z0-9_]{4,31}")
LONGEST_WAIT = 3600


class TelegramSender:
    """Sends as one bot. The token is part of the address that is called, so no error may quote that address."""

    def __init__(self, token: SecretStr, *, api: str = API) -> None:
        self._token, self._api = token, api.rstrip("/")

    def send(self, address: str, message: Message, key: str) -> None:
        """`key` has no place in the Bot API: a crash between sending and noting it can repeat a message."""
        url = f"{self._api}/bot{self._token.get_secret_value()}/sendMessage"
        text = shortened(message.text(utc_now()))
        body = {"chat_id": address, "text": text, "link_preview_options": {"is_disabled": True}}
        try:
            answer = httpx.post(url, json=body, timeout=TIMEOUT, follow_redirects=False)
        except httpx.HTTPError as error:
            raise CannotSend(f"không kết nối được Telegram ({type(error).__name__})") from None
        if not answer.is_success:
            raise _refusal(answer)


def shortened(text: str) -> str:
    """The text cut to what one message takes."""
    if len(text.encode("utf-16-le")) // 2 <= LONGEST:
        return text
    cut = text.encode("utf-16-le")[: 2 * (LONGEST - 1)].decode("utf-16-le", errors="ignore")
    return cut.rsplit("\n", 1)[0] + "…"


def _refusal(answer: httpx.Response) -> CannotSend:
    code = answer.status_code
    if code in (401, 404):
        return CannotSend("Telegram không nhận khóa của bot (DULUAN_TELEGRAM_TOKEN)")
    if code in (400, 403):
        return CannotSend("bot không gửi được vào cuộc trò chuyện này: kiểm tra mã và thêm bot vào nhóm", final=True)
    return CannotSend(f"Telegram trả lời {code}", wait=_wait(answer))


def _wait(answer: httpx.Response) -> timedelta | None:
    """`parameters.retry_after` of a 429, in seconds."""
    try:
        seconds = answer.json()["parameters"]["retry_after"]
        return timedelta(seconds=min(max(int(seconds), 0), LONGEST_WAIT))
    except (ValueError, KeyError, TypeError):
        return None

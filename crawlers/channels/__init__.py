"""Channels read through an API: one module a service, pure parsers and the order in which its pages are asked for.

A connector is `async def read(session, channel)`: it asks `session.get`, keeps posts with `session.keep` and remembers
how far it came. It knows nothing of Scrapy; `crawlers.spiders.channel` is the session that fetches politely.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from crawlers.channels import bluesky, facebook, mastodon, press, youtube
from crawlers.channels.session import Reply, Session, Trouble
from crawlers.source import Channel

Read = Callable[[Session, Channel], Awaitable[None]]
Judge = Callable[[Reply], Trouble | None]


@dataclass(frozen=True, slots=True)
class Service:
    """How a service is spoken to. `key` names the setting that holds its key; None: it asks for none.

    `header` makes the key into a header, never into a part of the URL: URLs are logged and stored.
    """

    read: Read
    judge: Judge
    base: str
    key: str | None = None
    header: Callable[[str], tuple[str, str]] | None = None


SERVICES: Mapping[str, Service] = {
    "youtube": Service(youtube.read, youtube.judge, youtube.BASE, "youtube_key", lambda key: ("X-Goog-Api-Key", key)),
    "facebook": Service(
        facebook.read, facebook.judge, facebook.BASE, "facebook_token", lambda key: ("Authorization", f"Bearer {key}")
    ),
    "mastodon": Service(mastodon.read, mastodon.judge, mastodon.BASE),
    "bluesky": Service(bluesky.read, bluesky.judge, bluesky.BASE),
    **{name: Service(press.read, press.judge, each.base) for name, each in press.OUTLETS.items()},
}


def key_needed(channel: Channel) -> str | None:
    """The setting that holds the key this channel cannot be read without; None when it needs none."""
    return SERVICES[channel.service].key

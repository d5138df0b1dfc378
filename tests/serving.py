"""An application served for real in a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import uvicorn
from fastapi import FastAPI


class Served(uvicorn.Server):
    """A server in a thread, which leaves signals to pytest."""

    def install_signal_handlers(self) -> None: ...


@contextmanager
def serving(app: FastAPI, lifespan: Literal["auto", "off"] = "auto") -> Iterator[str]:
    """Its address, without a slash at the end. `lifespan` is "off" for an application that has been started already."""
    server = Served(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan=lifespan))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)

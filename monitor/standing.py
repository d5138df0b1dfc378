"""The process that stays while the product runs, and how a person sees the others come up.

It takes the place of the command that looked everything over (same process id, same lock), because it needs none of
what that had loaded: 25 MB instead of 117.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, NoReturn, TextIO

from rich.console import Console

from monitor.supervisor import Program, Supervisor
from monitor.wording import number

Command = Literal["up", "demo"]


def take_over(command: Command, programs: Sequence[Program], url: str, lock: TextIO) -> NoReturn:
    """Becomes the process that keeps these programs running; `lock` goes on being held until it ends."""
    os.set_inheritable(lock.fileno(), True)
    sys.stdout.flush()
    sys.stderr.flush()
    told = json.dumps([asdict(program) for program in programs], default=str)
    os.execv(sys.executable, [sys.executable, "-m", "monitor.standing", command, url, told])  # noqa: S606 - our own


def main(command: str, url: str, told: str) -> None:
    """Keeps the programs running until Ctrl-C."""
    console = Console(stderr=True, highlight=False)
    programs = [
        Program(**{**each, "after": Path(each["after"]) if each["after"] else None}) for each in json.loads(told)
    ]
    supervisor = Supervisor(programs, say=console.print)
    announce = _announce_demo if command == "demo" else _announce
    threading.Thread(target=announce, args=(supervisor, url, console), daemon=True).start()
    supervisor.run()


def _announce(supervisor: Supervisor, url: str, console: Console) -> None:
    if _wait_for(supervisor, lambda: _get(url + "healthz") is not None):
        console.print(f"Bảng điều khiển: [bold]{url}[/]  (Ctrl-C để dừng)")


def _announce_demo(supervisor: Supervisor, url: str, console: Console) -> None:
    """Shows the first pass over the sandbox, then the dashboard's address."""
    with console.status("Đang khởi động tỉnh trong hộp cát…") as shown:

        def first_pass_done() -> bool:
            state = _get(url + "api/v1/status")
            if state is None:
                return False
            waiting, done = state["outcomes"]["new"], state["outcomes"]["annotated"] + state["outcomes"]["irrelevant"]
            shown.update(
                f"Đã thu thập {number(done + waiting)} bài, đã phân tích {number(done)}, còn {number(waiting)}…"
            )
            visited = all(source["last_run_at"] for source in (_get(url + "api/v1/sources") or {"items": []})["items"])
            return visited and done > 0 and waiting == 0

        ready = _wait_for(supervisor, first_pass_done)
    if ready:
        console.print(f"Bảng điều khiển: [bold]{url}[/]  (Ctrl-C để dừng)")
        _listen(supervisor, url)


def _listen(supervisor: Supervisor, url: str) -> None:
    """Listens as a wall does, so that `duluan status` can say how long an alert takes though nobody looks."""
    while not supervisor.stopping:
        with contextlib.suppress(OSError), urllib.request.urlopen(url + "api/v1/stream", timeout=60) as lines:  # noqa: S310
            for _ in lines:
                if supervisor.stopping:
                    return
        time.sleep(2)


def _wait_for(supervisor: Supervisor, condition: Callable[[], bool]) -> bool:
    while not supervisor.stopping:
        if condition():
            return True
        time.sleep(0.5)
    return False


def _get(url: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            found: dict[str, Any] = json.load(answer)
            return found
    except (urllib.error.URLError, OSError, ValueError):
        return None


if __name__ == "__main__":
    main(*sys.argv[1:])

"""`duluan up` and `duluan demo`: which processes make the product, and how a person sees them come up."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from monitor.installation import Installation
from monitor.people.audit import of_command
from monitor.people.people import FIRST_ADMIN
from monitor.settings import Settings
from monitor.supervisor import Program, Supervisor
from monitor.wording import number, parse_time, rfc3339

DEMO_STORIES = "stories.yaml"  # in the data folder: stories that the demo tells besides its own
DEMO_ANCHOR = "sandbox.anchor"
DEMO_AGES = timedelta(hours=12)  # an older demo would show days that have passed: begin again
# glibc keeps what it frees in up to sixteen pools of its own on two cores: two are enough, and what is free goes back.
SPARING = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}
SANDBOX_PORT, SANDBOX_PORTS = 8700, 12  # the first port, and one for each site of the sandbox


class CannotStart(ValueError):
    """Another program listens where the dashboard should, or works on this data folder."""


def programs(settings: Settings, environment: dict[str, str]) -> list[Program]:
    """The worker and the API of an installation."""
    sparing = {name: value for name, value in SPARING.items() if name not in os.environ}
    ours = {**sparing, "DULUAN_DATA": str(settings.data.resolve()), **environment}
    serve = ["uvicorn", "api.app:create_app", "--factory", "--host", settings.host, "--port", str(settings.port)]
    quiet = ["--log-level", "warning", "--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "5"]
    return [
        Program("worker", [sys.executable, "-m", "monitor.cli", "worker"], ours),
        Program("api", [sys.executable, "-m", *serve, *quiet], ours),
    ]


def up(settings: Settings, console: Console) -> None:
    """Runs API and worker until Ctrl-C. Raises CannotStart."""
    with _only_one(settings.data / "up.lock"):
        _check_port(settings.host, settings.port, "DULUAN_PORT")
        _greet_first_admin(settings, console)
        if settings.contact == Settings.model_fields["contact"].default:
            console.print("Hãy đặt DULUAN_CONTACT: tòa soạn cần biết liên hệ với ai về việc thu thập.", style="yellow")
        supervisor = Supervisor(programs(settings, {}), say=console.print)
        url = dashboard_url(settings)
        threading.Thread(target=_announce, args=(supervisor, url, console), daemon=True).start()
        supervisor.run()


def demo(settings: Settings, console: Console, *, sandbox_port: int = SANDBOX_PORT) -> None:
    """Serves the sandbox province and monitors it, both on loopback, until Ctrl-C. Raises CannotStart."""
    if not settings.loopback:
        raise CannotStart("demo không có tài khoản nên chỉ chạy trên địa chỉ nội bộ (DULUAN_HOST=127.0.0.1)")
    with _only_one(settings.data / "demo.lock"):
        _check_port(settings.host, settings.port, "--port")
        for port in range(sandbox_port, sandbox_port + SANDBOX_PORTS):
            _check_port("127.0.0.1", port, "--sandbox-port")
        if settings.port in range(sandbox_port, sandbox_port + SANDBOX_PORTS):
            raise CannotStart(f"cổng {settings.port} nằm trong dãy cổng của hộp cát; chọn cổng khác bằng --port")
        _demo(settings, console, sandbox_port)


def _demo(settings: Settings, console: Console, sandbox_port: int) -> None:
    folder = settings.data / "demo"
    anchor = _demo_anchor(folder)
    sources = folder / "sandbox-sources.yaml"
    settings = settings.model_copy(update={"data": folder})
    serve = ["sandbox", "--port", str(sandbox_port), "--anchor", rfc3339(anchor), "--sources", str(sources.resolve())]
    more = settings.data.parent / DEMO_STORIES
    serve += ["--stories", str(more.resolve())] if more.exists() else []
    sources.unlink(missing_ok=True)
    sandbox = Program("sandbox", [sys.executable, "-m", *serve])
    environment = {
        "DULUAN_SOURCES": str(sources.resolve()),
        "DULUAN_ALLOW_PRIVATE": "true",
        "DULUAN_CRAWL_WHOLE": "true",  # the demo shows every text that was written for it
        "DULUAN_CRAWL_EVERY_SECONDS": "3",
        "DULUAN_PROCESS_EVERY_SECONDS": "2",
        "DULUAN_ALERTS_SEND": "false",
        "DULUAN_PORT": str(settings.port),
        "DULUAN_HOST": settings.host,
        "DULUAN_AUTH": "off",
    }
    ours = [replace(program, after=sources) for program in programs(settings, environment)]
    supervisor = Supervisor([sandbox, *ours], say=console.print)
    ready = (supervisor, dashboard_url(settings), console)
    threading.Thread(target=_announce_demo, args=ready, daemon=True).start()
    supervisor.run()


def _greet_first_admin(settings: Settings, console: Console) -> None:
    """At the first start: an account, whose one-time password is said here and nowhere else."""
    if settings.auth == "off":
        return
    with Installation(settings) as installation:
        password = installation.desk.people.first_admin()
        if password:
            installation.desk.audit.add([of_command("hệ thống", "duluan up", f"tài khoản đầu tiên: {FIRST_ADMIN}")])
    if password:
        console.print(f"Tài khoản đầu tiên: [bold]{FIRST_ADMIN}[/], mật khẩu dùng một lần: [bold]{password}[/]")
        console.print("Đăng nhập và đổi mật khẩu ngay; quên thì chạy `duluan user reset admin`.")


def dashboard_url(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}/"


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Two schedulers on one data folder would ask every source twice."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(f"hệ thống đang chạy trên thư mục dữ liệu {lock.parent}; hãy dừng nó trước") from None
        yield


def _check_port(host: str, port: int, option: str) -> None:
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(f"cổng {port} của {host} đang được dùng; chọn cổng khác bằng {option}") from error


def _demo_anchor(folder: Path) -> datetime:
    """The moment the sandbox world hangs on; kept, so that a demo that was stopped goes on, unless it is too old."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / DEMO_ANCHOR
    if kept.exists():
        anchor = parse_time(kept.read_text())
        if datetime.now(UTC) - anchor < DEMO_AGES:
            return anchor
        shutil.rmtree(folder)
        folder.mkdir()
    anchor = datetime.now(UTC).replace(microsecond=0)
    kept.write_text(rfc3339(anchor))
    return anchor


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

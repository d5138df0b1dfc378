"""`duluan up` and `duluan demo`: what is looked over before, and which processes make the product."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn, TextIO

from rich.console import Console

from monitor.installation import Installation
from monitor.people.audit import of_command
from monitor.people.people import FIRST_ADMIN
from monitor.settings import Settings
from monitor.standing import take_over
from monitor.supervisor import Program
from monitor.wording import parse_time, rfc3339

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


def up(settings: Settings, console: Console) -> NoReturn:
    """Runs API and worker until Ctrl-C. Raises CannotStart."""
    with _only_one(settings.data / "up.lock") as lock:
        _check_port(settings.host, settings.port, "DULUAN_PORT")
        _greet_first_admin(settings, console)
        if settings.contact == Settings.model_fields["contact"].default:
            console.print("Hãy đặt DULUAN_CONTACT: tòa soạn cần biết liên hệ với ai về việc thu thập.", style="yellow")
        take_over("up", programs(settings, {}), dashboard_url(settings), lock)


def demo(settings: Settings, *, sandbox_port: int = SANDBOX_PORT) -> NoReturn:
    """Serves the sandbox province and monitors it, both on loopback, until Ctrl-C. Raises CannotStart."""
    if not settings.loopback:
        raise CannotStart("demo không có tài khoản nên chỉ chạy trên địa chỉ nội bộ (DULUAN_HOST=127.0.0.1)")
    with _only_one(settings.data / "demo.lock") as lock:
        _check_port(settings.host, settings.port, "--port")
        for port in range(sandbox_port, sandbox_port + SANDBOX_PORTS):
            _check_port("127.0.0.1", port, "--sandbox-port")
        if settings.port in range(sandbox_port, sandbox_port + SANDBOX_PORTS):
            raise CannotStart(f"cổng {settings.port} nằm trong dãy cổng của hộp cát; chọn cổng khác bằng --port")
        take_over("demo", _demo_programs(settings, sandbox_port), dashboard_url(settings), lock)


def _demo_programs(settings: Settings, sandbox_port: int) -> list[Program]:
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
    return [sandbox, *(replace(program, after=sources) for program in programs(settings, environment))]


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
def _only_one(lock: Path) -> Iterator[TextIO]:
    """Two schedulers on one data folder would ask every source twice."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(f"hệ thống đang chạy trên thư mục dữ liệu {lock.parent}; hãy dừng nó trước") from None
        yield file


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

"""The supervisor keeps its programs running, ends them together, and leaves none behind however it dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from monitor import supervisor as module
from monitor.installation import Installation
from monitor.running import programs
from monitor.settings import Settings, load_settings
from monitor.supervisor import Program, Supervisor

ROOT = Path(__file__).parents[2]
LIMIT = 60.0


def eventually(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, f"not within {LIMIT:g} s: {what}"
        time.sleep(0.05)


def lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code), *arguments]


# Adds its pid to a file, then waits.
WAIT = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(600)"


def pids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


class Running:
    """A supervisor in a thread; what it says is in `said`."""

    def __init__(self, *programs: Program) -> None:
        self.said: list[str] = []
        self.supervisor = Supervisor(programs, say=self.said.append)
        self._thread = threading.Thread(target=self.supervisor.run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.supervisor.stop()
        self._thread.join(LIMIT)
        assert not self._thread.is_alive()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Running]]:
    monkeypatch.setattr(module.signal, "signal", lambda *_: None)  # only the main thread may set handlers
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.05)
    started: list[Running] = []

    def start(*programs: Program) -> Running:
        started.append(Running(*programs))
        return started[-1]

    yield start
    for running in started:
        running.stop()


def test_a_program_that_dies_is_started_again_and_people_are_told(run: Callable[..., Running], tmp_path: Path) -> None:
    file = tmp_path / "pids"
    running = run(Program("worker", python(WAIT, str(file))))
    eventually(lambda: len(pids(file)) == 1, "the program starts")
    os.kill(pids(file)[0], signal.SIGKILL)
    eventually(lambda: len(pids(file)) == 2, "the program starts again")
    assert running.said == ["worker đã dừng (mã -9), khởi động lại sau 0.05 giây"]
    assert running.supervisor.pid("worker") == pids(file)[1]


def test_a_program_that_keeps_dying_is_started_ever_more_rarely(run: Callable[..., Running], tmp_path: Path) -> None:
    file = tmp_path / "pids"
    running = run(Program("worker", python("import sys; open(sys.argv[1], 'a').write('1\\n'); sys.exit(3)", str(file))))
    eventually(lambda: len(running.said) >= 4, "four endings")
    assert [line.split()[-2] for line in running.said[:4]] == ["0.05", "0.1", "0.2", "0.4"]


def test_one_program_that_dies_does_not_disturb_the_others(run: Callable[..., Running], tmp_path: Path) -> None:
    steady, weak = tmp_path / "steady", tmp_path / "weak"
    run(Program("api", python(WAIT, str(steady))), Program("worker", python(WAIT, str(weak))))
    eventually(lambda: bool(pids(steady) and pids(weak)), "both start")
    os.kill(pids(weak)[0], signal.SIGKILL)
    eventually(lambda: len(pids(weak)) == 2, "the weak one starts again")
    assert len(pids(steady)) == 1
    assert lives(pids(steady)[0])


def test_stopping_ends_all_programs(run: Callable[..., Running], tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    running = run(*(Program(file.name, python(WAIT, str(file))) for file in files))
    eventually(lambda: all(pids(file) for file in files), "both start")
    running.stop()
    assert not any(lives(pids(file)[0]) for file in files)


def test_a_program_that_will_not_end_is_made_to(
    run: Callable[..., Running], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    file = tmp_path / "pids"
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAIT
    running = run(Program("worker", python(stubborn, str(file))))
    eventually(lambda: bool(pids(file)), "it starts")
    running.stop()
    assert not lives(pids(file)[0])
    assert running.said == ["worker không dừng sau 0.2 giây, buộc dừng"]


def test_a_program_waits_for_the_file_that_another_one_writes(run: Callable[..., Running], tmp_path: Path) -> None:
    file, sources = tmp_path / "pids", tmp_path / "sources.yaml"
    running = run(Program("worker", python(WAIT, str(file)), after=sources), Program("other", python(WAIT, os.devnull)))
    eventually(lambda: running.supervisor.pid("other") is not None, "the other starts")
    assert running.supervisor.pid("worker") is None
    sources.touch()
    eventually(lambda: bool(pids(file)), "the worker starts")


def test_programs_get_their_own_environment_besides_ours(
    run: Callable[..., Running], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DULUAN_PORT", "1")
    file = tmp_path / "env"
    code = "import os, sys, time; open(sys.argv[1], 'w').write(os.environ['DULUAN_PORT'] + os.environ['PATH']); "
    run(Program("api", python(code + "time.sleep(600)", str(file)), {"DULUAN_PORT": "8601"}))
    eventually(lambda: file.exists() and file.read_text() == "8601" + os.environ["PATH"], "the environment")


SUPERVISE = """
import sys
from monitor.supervisor import Program, Supervisor
wait, files = sys.argv[1], sys.argv[2:]
programs = [Program(file, [sys.executable, "-c", wait, file]) for file in files]
Supervisor(programs, say=print).run()
"""


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A supervisor in a process of its own, and the pids of its two programs."""
    files = [tmp_path / "a", tmp_path / "b"]
    process = subprocess.Popen(python(SUPERVISE, WAIT, *map(str, files)), cwd=ROOT)
    try:
        eventually(lambda: all(pids(file) for file in files), "both start")
        yield process, [pids(file)[0] for file in files]
    finally:
        process.kill()
        process.wait()
        for file in files:
            for pid in filter(lives, pids(file)):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_programs_and_supervisor_in_order(
    supervised: tuple[subprocess.Popen[bytes], list[int]], number: signal.Signals
) -> None:
    process, children = supervised
    process.send_signal(number)
    assert process.wait(LIMIT) == 0
    assert not any(map(lives, children))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_a_supervisor_that_is_killed_leaves_no_program_behind(
    supervised: tuple[subprocess.Popen[bytes], list[int]],
) -> None:
    process, children = supervised
    process.kill()
    process.wait()
    eventually(lambda: not any(map(lives, children)), "the programs end")


def test_supervisor_and_api_are_loaded_without_what_only_the_worker_needs() -> None:
    """Scrapy, the extractors and the models are a hundred megabytes in each process that loads them."""
    heavy = "[m for m in ('scrapy', 'trafilatura', 'nlp.linear', 'nlp.annotate') if m in sys.modules]"
    code = f"import sys; from monitor import cli; cli.load(['up']); import api.app; print({heavy})"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).strip() == "[]"


def test_issues_starts_without_what_only_collecting_and_understanding_need(tmp_path: Path) -> None:
    """An officer who asks for a moment waits for the replay, not for Scrapy, extractors, Alembic or models."""
    Installation(load_settings(tmp_path)).close()  # makes the tables
    heavy = ("scrapy", "trafilatura", "htmldate", "lxml", "alembic", "nlp.linear", "nlp.annotate", "scipy")
    code = (
        "import sys; from monitor import cli; sys.argv = ['duluan', 'issues']\ntry: cli.main()\n"
        f"finally: print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )
    command, known = [sys.executable, "-c", code], {**os.environ, "DULUAN_DATA": str(tmp_path)}
    ended = subprocess.run(command, cwd=ROOT, env=known, capture_output=True, text=True, check=True)
    assert (json.loads(ended.stdout)["issues"], ended.stderr.strip()) == ([], "[]")


def test_the_products_processes_give_back_what_they_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "4")
    for program in programs(Settings(data=tmp_path), {}):
        assert program.environment["MALLOC_TRIM_THRESHOLD_"] == "131072"
        assert "MALLOC_ARENA_MAX" not in program.environment, "what the machine's owner has set stays"

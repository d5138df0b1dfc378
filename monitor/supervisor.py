"""Keeps the product's processes running: starts them, starts one again when it ends, ends all of them together."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a process that ended is started again
STEADY = 60.0  # seconds after which an earlier failure is forgotten
PATIENCE = 15.0  # seconds that a process gets to end in order


@dataclass(frozen=True, slots=True)
class Program:
    """A process to keep running, with what its environment has besides ours; not started before `after` exists."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    after: Path | None = None


class Supervisor:
    """Runs programs until `stop` or a signal."""

    def __init__(self, programs: Sequence[Program], *, say: Callable[[str], None]) -> None:
        self._programs = programs
        self._say = say
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, float] = {}
        self._pause: dict[str, float] = dict.fromkeys((p.name for p in programs), FIRST_PAUSE)
        self._due: dict[str, float] = dict.fromkeys((p.name for p in programs), 0.0)
        self._stop = threading.Event()

    def run(self) -> None:
        """Keeps the programs running; returns after SIGINT, SIGTERM or `stop`, when all of them have ended."""
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: self.stop())
        try:
            while not self._stop.is_set():
                for program in self._programs:
                    self._tend(program)
                self._stop.wait(0.2)
        finally:
            self._end_all()

    def stop(self) -> None:
        self._stop.set()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def pid(self, name: str) -> int | None:
        return self._running[name].pid if name in self._running else None

    def _tend(self, program: Program) -> None:
        running = self._running.get(program.name)
        if running is None:
            ready = program.after is None or program.after.exists()
            if ready and time.monotonic() >= self._due[program.name]:
                self._start(program)
        elif running.poll() is not None:
            del self._running[program.name]
            if time.monotonic() - self._started[program.name] > STEADY:
                self._pause[program.name] = FIRST_PAUSE
            pause = self._pause[program.name]
            self._say(f"{program.name} đã dừng (mã {running.returncode}), khởi động lại sau {pause:g} giây")
            self._due[program.name] = time.monotonic() + pause
            self._pause[program.name] = min(pause * 2, LONGEST_PAUSE)

    def _start(self, program: Program) -> None:
        self._running[program.name] = subprocess.Popen(
            program.arguments,
            env={**os.environ, **program.environment},
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends the others in order
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        self._started[program.name] = time.monotonic()

    def _end_all(self) -> None:
        for running in self._running.values():
            running.terminate()
        deadline = time.monotonic() + PATIENCE
        for name, running in self._running.items():
            try:
                running.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f"{name} không dừng sau {PATIENCE:g} giây, buộc dừng")
                running.kill()
                running.wait()


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _end_with_parent() -> None:
    """Asks the kernel to end this process when the supervisor dies, however it dies."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

"""Exports that run in the background: started, watched, fetched. Files are kept for an hour, in this process's care."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

from api.problems import Refused
from index.port import Filters, SearchError
from monitor.archive import utc_now
from monitor.export import Format, Stopped, export
from monitor.installation import Installation
from monitor.wording import in_vietnam

State = Literal["running", "done", "failed"]
AT_ONCE = 3  # of one person
KEPT = 3600.0  # seconds
log = logging.getLogger("duluan.api")


@dataclass
class Job:
    """One export. `done` and `total` count rows; `total` is what the search found when it began."""

    owner: str
    format: Format
    total: int
    path: Path
    id: str = field(default_factory=lambda: uuid4().hex)
    state: State = "running"
    done: int = 0
    problem: str = ""
    began: datetime = field(default_factory=utc_now)
    touched: float = field(default_factory=time.monotonic)
    stop: bool = False

    @property
    def filename(self) -> str:
        return f"luot-nhac-{in_vietnam(self.began):%Y-%m-%d-%H%M}.{self.format}"


class Exports:
    """All exports of this server; two run at a time, the others wait their turn."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self._it, self._folder = installation, folder
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="export")
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():  # of a server before, whose jobs nobody knows any more
            left.unlink()

    def start(self, owner: str, query: str, filters: Filters, format: Format) -> Job:
        """Raises QueryError, and Refused when the owner's earlier exports still run."""
        total = self._it.index.count(self._it.naming.query(query), filters)
        with self._lock:
            self._forget_old()
            if sum(job.owner == owner and job.state == "running" for job in self._jobs.values()) >= AT_ONCE:
                detail = f"{AT_ONCE} exports of yours are running; wait for one to end"
                raise Refused(429, "too_many_exports", detail, headers={"Retry-After": "10"})
            job = Job(owner, format, total, self._folder / f"{uuid4().hex}.{format}")
            self._jobs[job.id] = job
        self._pool.submit(self._run, job, query, filters)
        return job

    def get(self, owner: str, id: str) -> Job | None:
        with self._lock:
            self._forget_old()
            job = self._jobs.get(id)
        return job if job is not None and job.owner == owner else None

    def remove(self, job: Job) -> None:
        """Stops it if it runs, and deletes its file."""
        job.stop = True
        with self._lock:
            self._jobs.pop(job.id, None)
        job.path.unlink(missing_ok=True)

    def close(self) -> None:
        for job in self._jobs.values():
            job.stop = True
        self._pool.shutdown()
        for job in self._jobs.values():
            job.path.unlink(missing_ok=True)

    def _run(self, job: Job, query: str, filters: Filters) -> None:
        def progress(done: int) -> None:
            job.done, job.touched = done, time.monotonic()
            if job.stop:
                raise Stopped

        try:
            progress(0)
            job.done = job.total = export(self._it, query, filters, job.path, job.format, progress)
            job.state = "done"
        except Stopped:
            job.state = "failed"
        except (SearchError, OSError) as error:
            log.warning("export %s: %s", job.id, error)
            job.state, job.problem = "failed", "Xuất không xong vì chỉ mục hoặc ổ đĩa đang có vấn đề; hãy thử lại."
        except Exception:
            log.exception("export %s", job.id)
            job.state, job.problem = "failed", "Có lỗi ở phía hệ thống. Lỗi đã được ghi lại."
        finally:
            job.touched = time.monotonic()
            if job.stop:
                with contextlib.suppress(OSError):
                    job.path.unlink(missing_ok=True)

    def _forget_old(self) -> None:
        now = time.monotonic()
        for job in [each for each in self._jobs.values() if each.state != "running" and now - each.touched > KEPT]:
            del self._jobs[job.id]
            job.path.unlink(missing_ok=True)

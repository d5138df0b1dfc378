"""The files of an index: the one in force, and others that are built beside it.

`index.sqlite` is the first file itself, or a link to `index-NAME.sqlite` once another was put in force. A link changes
at one blow, and SQLite names its journals after the file behind it, so processes that still have the old file open
harm nothing; they see by its number that it is no longer the one in force (`Pool`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path

_JOURNALS = ("-wal", "-shm")
_NAME = re.compile(r"[a-z0-9]{1,40}")


class Files:
    """The files that belong to the index at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def of(self, name: str) -> Path:
        """The file of the index of this name. Raises ValueError for a name that is none."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name: {name!r}")
        return self.path.with_name(f"{self.path.stem}-{name}{self.path.suffix}")

    @property
    def name(self) -> str | None:
        """The name of the index in force; None for the first one."""
        if not self.path.is_symlink():
            return None
        return self._name(self.path.readlink())

    def _name(self, file: Path) -> str | None:
        if file.suffix != self.path.suffix:
            return None
        name = file.stem.removeprefix(self.path.stem + "-")
        return name if name != file.stem and _NAME.fullmatch(name) else None

    def beside(self) -> list[str]:
        """Names of the indices that are not in force."""
        found = {name for file in self.path.parent.glob(f"{self.path.stem}-*") if (name := self._name(file))}
        return sorted(found - {self.name})

    def switch(self, name: str) -> Path:
        """Puts the index of this name in force; gives the file that was (already unlinked if it had no name)."""
        old = self.path.parent / self.path.readlink() if self.path.is_symlink() else self.path
        link = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        link.unlink(missing_ok=True)
        link.symlink_to(self.of(name).name)
        link.replace(self.path)
        return old

    def remove(self, file: Path) -> None:
        """Deletes a file that is not in force, and its journals. Whoever has it open may go on reading it."""
        if file != self.path:
            file.unlink(missing_ok=True)
        for journal in _JOURNALS:
            file.with_name(file.name + journal).unlink(missing_ok=True)

    # a file that cannot be trusted

    @property
    def _suspicion(self) -> Path:
        return self.path.with_name(self.path.name + ".suspect")

    @property
    def suspected(self) -> bool:
        """Whether some process met damage in the file in force."""
        return self._suspicion.exists()

    def suspect(self) -> None:
        with contextlib.suppress(OSError):  # a full or read-only disk must not hide the error that is reported
            self._suspicion.touch()

    def trust(self) -> None:
        self._suspicion.unlink(missing_ok=True)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time decides what becomes of a broken file."""
        with self.path.with_name(self.path.name + ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

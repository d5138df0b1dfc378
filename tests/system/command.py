"""Runs `duluan` in a process forked after everything was imported: a new interpreter takes seconds to start."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import monitor.worker  # noqa: F401 - so that it is imported before the fork
from monitor.cli import load, main

load()


def run(arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], out: Path, err: Path) -> None:
    """The command as a shell would start it; ends the process with its exit code."""
    for number, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["duluan", *arguments]
    main()
    sys.exit(0)

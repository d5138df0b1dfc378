"""Every bar of finding in one go: `python -m bench.finding [--only NAME...] [--logs FOLDER]`, an hour on two cores.

Runs the benches one after another, keeps what they print and says which of them failed. The machine should have
nothing else to do.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PYTHON = sys.executable
BENCHES: dict[str, tuple[str, ...]] = {
    "million": ("-m", "bench.search", "--engine", "both", "--count", "1000000"),
    "readers": ("-m", "bench.index_readers", "--count", "100000", "--seconds", "60"),
    "export": ("-m", "bench.export", "--count", "200000"),
    "queries": ("-m", "bench.queries", "--count", "100000"),
    "kills-sqlite": ("-m", "bench.index_kills", "--engine", "sqlite", "--times", "50"),
    "kills-elasticsearch": ("-m", "bench.index_kills", "--engine", "elasticsearch", "--times", "50"),
    "outage": ("-m", "bench.index_outage", "server"),
    "cluster": ("-m", "bench.index_outage", "cluster"),
    "guarded": ("-m", "pytest", "tests/index/test_guarded.py"),
}
MODULES = {"DULUAN_TEST_ELASTICSEARCH_MODULES": "true"}  # API keys live in them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=BENCHES, default=list(BENCHES))
    parser.add_argument("--logs", type=Path, default=Path(tempfile.gettempdir()) / "duluan-finding")
    options = parser.parse_args()
    options.logs.mkdir(parents=True, exist_ok=True)
    failed = [name for name in options.only if not run(name, options.logs / f"{name}.log")]
    print(f"\nfailed: {', '.join(failed) or 'none'}; all output in {options.logs}")
    raise SystemExit(1 if failed else 0)


def run(name: str, log: Path) -> bool:
    """Whether a bench ended well; prints what it printed."""
    began = time.monotonic()
    with log.open("w") as file:
        command = [PYTHON, *BENCHES[name]]
        done = subprocess.run(command, env=os.environ | MODULES, stdout=file, stderr=subprocess.STDOUT, check=False)
    print(f"\n== {name}: {' '.join(BENCHES[name])} ({time.monotonic() - began:.0f} s, exit {done.returncode})")
    print(log.read_text(errors="replace"), flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    main()

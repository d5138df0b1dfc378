"""`make bench`: every benchmark in turn, on small sizes; each module takes options of its own for larger ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DATA = Path("../shared/data")
LONG = {"finding"}  # runs others at their full size, for an hour


def main() -> int:
    """Runs each benchmark in its own process, so that none warms another's caches. Returns how many failed."""
    failed = 0
    for module in sorted({path.stem for path in Path(__file__).parent.glob("[a-z]*.py")} - LONG):
        print(f"\n=== {module}", flush=True)
        wants_data = "--data" in (Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8")
        if wants_data and not DATA.is_dir():
            print(f"needs the folder {DATA} with the development data: skipped")
            continue
        options = ["--data", str(DATA)] if wants_data else []
        failed += subprocess.run([sys.executable, "-m", f"bench.{module}", *options], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())

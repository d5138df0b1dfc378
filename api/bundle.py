"""The chart library as one script of our own host: Vega, Vega-Lite and Vega-Embed out of `vl_convert`.

Made once by another process (its JavaScript engine would stay in our memory), kept in the data folder. Embed brings
the expression interpreter, so charts run under a policy that forbids `eval`.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from threading import Lock

log = logging.getLogger("duluan.api")
SNIPPET = "window.vegaEmbed = vegaEmbed;"
SECONDS = 120


class ChartLibrary:
    """The script's file; made when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.version = version("vl-convert-python")
        self._path = folder / f"charts-{self.version}.js"
        self._lock = Lock()

    def path(self) -> Path | None:
        """Where the script lies; None when it could not be made (pages then show their tables)."""
        with self._lock:
            if not self._path.exists():
                self._make()
            return self._path if self._path.exists() else None

    def _make(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "api.bundle", str(self._path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode:
            log.error("the chart library could not be made: %s", done.stderr.strip()[-500:])


def main(path: Path) -> None:
    """Writes the script whole or not at all."""
    import vl_convert

    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(vl_convert.javascript_bundle(SNIPPET), encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

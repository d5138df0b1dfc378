"""A webhook's receiver as the documentation asks for one: keeps what it took by its key, on disk, before it answers.

    python -m bench._receiver PORT FILE SEED

It may be killed at any moment. One request in ten is refused, and one in ten is taken but never answered, so that the
sender must come again.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def serve(port: int, file: Path, seed: int) -> None:
    """A line for each request that was heard whole: key, alert, and whether the key was new."""
    chance, lock = random.Random(seed), threading.Lock()
    known = {line["key"] for line in heard(file)}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key, luck = self.headers["Idempotency-Key"], chance.random()
            if luck < 0.1:
                self._answer(503)
                return
            with lock, file.open("a", encoding="utf-8") as kept:
                kept.write(json.dumps({"key": key, "alert": body["alert"], "new": key not in known}) + "\n")
                kept.flush()
                os.fsync(kept.fileno())
                known.add(key)
            if luck > 0.2:
                self._answer(204)
            else:
                self.close_connection = True

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def heard(file: Path) -> list[dict[str, object]]:
    """What was kept, in order; a last line that was cut short was not answered and does not count."""
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))

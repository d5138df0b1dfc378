"""A large WARC of generated pages: pages read a second, memory as it grows, and a run that is killed and gone on with.

    python -m bench.warc [--megabytes 200] [--kill]

The file is made in a temporary folder (a gzip member a record, as Common Crawl News is), of our own words, seeded;
seven of eight pages are of outlets that nobody asked for. `--megabytes 1000` for the size of a real one. Memory is the
reading process's resident size, before and at most.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

import psutil
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

WORDS = "nước lũ dâng xã phường người dân sơ tán đêm qua cầu đường học sinh đến lớp mùa gặt chợ quê bến thuyền".split()  # noqa: SIM905
ONLY = "bao-0.example"


def page(chance: random.Random, number: int) -> bytes:
    body = "".join(f"<p>{' '.join(chance.choices(WORDS, k=60))}.</p>" for _ in range(12))
    noise = "".join(f"<i data-x='{chance.getrandbits(64):x}'></i>" for _ in range(800))
    return (
        f'<html><head><meta charset="utf-8"><title>Nước lũ ở xã số {number}</title></head><body>'
        f'<h1 class="detail-title">Nước lũ ở xã số {number}</h1><div class="detail-content afcbc-body">{body}</div>'
        f"{noise}"
        "</body></html>"
    ).encode()


def write(file: Path, megabytes: int) -> int:
    chance, number = random.Random(7), 0
    with file.open("wb") as out:
        writer = WARCWriter(out, gzip=True)
        while out.tell() < megabytes * 1_000_000:
            url = f"https://bao-{number % 8}.example/nuoc-lu-o-xa-{number}-20261120{number:010}.htm"
            headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
            record = writer.create_warc_record(
                url, "response", payload=BytesIO(page(chance, number)), http_headers=headers
            )
            writer.write_record(record)
            number += 1
    return number


def ingest(file: Path, data: Path, kill_after: float | None = None) -> tuple[float, int, int]:
    """Seconds, resident bytes soon after the start and at most."""
    command = [sys.executable, "-m", "monitor.cli", "ingest", str(file), "--only", ONLY, "--data", str(data)]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watched, early, most = psutil.Process(process.pid), 0, 0
    while process.poll() is None:
        try:
            resident = watched.memory_info().rss
        except psutil.NoSuchProcess:
            break
        if not early and time.monotonic() - began > 8:
            early = resident
        most = max(most, resident)
        if kill_after and time.monotonic() - began > kill_after:
            process.send_signal(signal.SIGKILL)
        time.sleep(0.2)
    process.wait()
    return time.monotonic() - began, early, most


def posts(data: Path) -> int:
    from monitor.installation import Installation
    from monitor.settings import load_settings

    with Installation(load_settings(data)) as it:
        return sum(it.archive.outcomes().values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=40)
    parser.add_argument("--kill", action="store_true", help="kill the first run in the middle and go on")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file, data = Path(folder) / "news.warc.gz", Path(folder) / "data"
        pages = write(file, given.megabytes)
        wanted = -(-pages // 8)
        print(f"{file.stat().st_size / 1e6:.0f} MB, {pages} pages, {wanted} of the wanted outlet", flush=True)
        if given.kill:
            ingest(file, data, kill_after=15)
            print(f"killed after 15 s with {posts(data)} posts", flush=True)
        seconds, early, most = ingest(file, data)
        print(
            f"{pages / seconds:.0f} records/s ({seconds:.1f} s), {posts(data)} posts of {wanted}; "
            f"resident {early / 2**20:.0f} MiB after 8 s, {most / 2**20:.0f} MiB at most"
        )


if __name__ == "__main__":
    main()

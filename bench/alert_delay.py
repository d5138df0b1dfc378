"""How long a post takes from its publication in the sandbox to the wall, as the wall itself would notice.

    python -m bench.alert_delay [--posts 30] [--seed N]

A `duluan demo` of its own with so many posts planted among its stories: accidents, poisonings, mines, each in a commune
of its own, that ready-made rules watch for. They are published while the demo runs, five a minute on its outlets. This
program listens to the stream of changes as `/wall` does; a post has arrived when the alert that names it is told there.
Times of publication are whole minutes, as pages show them.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import threading
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bench._demo import Demo, running_demo
from monitor.running import DEMO_STORIES
from monitor.wording import parse_time
from sandbox.content import load_content

BAR = 120.0  # seconds
BEGIN = 5  # minutes after the demo's start, when its own past is read
A_MINUTE = 5
PATIENCE = 240.0  # seconds after the last post
COMMUNES = (
    *("xã Gio Linh", "xã Cửa Tùng", "xã Vĩnh Linh", "xã Cam Lộ", "xã Hướng Hiệp", "xã Đakrông", "xã Ba Lòng"),
    *("xã Tà Rụt", "xã La Lay", "xã Khe Sanh", "xã Lao Bảo", "xã Lìa", "xã A Dơi", "xã Hướng Lập", "xã Hải Lăng"),
    *("xã Mỹ Thủy", "xã Nam Hải Lăng", "xã Vĩnh Định", "xã Triệu Phong", "xã Ái Tử", "xã Nam Cửa Việt"),
    *("xã Lệ Thủy", "xã Quảng Ninh", "xã Bố Trạch", "xã Phong Nha", "xã Minh Hóa", "xã Tuyên Hóa", "xã Hoàn Lão"),
    *("xã Đồng Lê", "xã Quảng Trạch"),
)
KINDS: tuple[tuple[str, str, str, str], ...] = (
    (
        "traffic",
        "Xe tải va chạm xe máy ở {place}, một người tử vong",
        "Vụ tai nạn xảy ra lúc {clock} trên đường liên thôn qua {place}, người đi xe máy tử vong tại chỗ.",
        "Hiện trường cách trụ sở ủy ban {n} mét. Chiếc xe máy văng xuống ruộng, xe tải dừng cách đó {m} mét. "
        "Công an {place} phân luồng và đưa nạn nhân {age} tuổi về gia đình.",
    ),
    (
        "health",
        "{n} học sinh ở {place} nhập viện nghi ngộ độc sau bữa trưa",
        "Trạm y tế {place} tiếp nhận {n} em có biểu hiện ngộ độc vào lúc {clock}.",
        "Các em đau bụng, nôn sau khi ăn ở bếp bán trú. Mẫu cơm và nước được niêm phong. "
        "Nhà trường tạm dừng bếp {m} ngày, phụ huynh {place} chờ kết quả.",
    ),
    (
        "defense",
        "Phát hiện quả bom nặng {m} kg khi đào móng ở {place}",
        "Thợ xây ở {place} chạm vào quả bom còn sót lại sau chiến tranh lúc {clock}, dân quanh đó phải sơ tán.",
        "Quả bom nằm sâu {n} mét, ngòi nổ còn nguyên, rất nguy hiểm. Đội rà phá bom mìn căng dây trong bán kính "
        "{age} mét và chờ phương án di dời khỏi {place}.",
    ),
)


def stories(posts: int, seed: int) -> list[dict[str, Any]]:
    """Records of the sandbox's form, one article each."""
    chance = random.Random(seed)
    outlets = [code for code, outlet in load_content().outlets.items() if outlet.behaviour is None]
    found = []
    for number in range(posts):
        topic, *texts = KINDS[number % len(KINDS)]
        words = {"place": COMMUNES[number % len(COMMUNES)], "n": chance.randint(11, 90), "m": chance.randint(101, 480)}
        words |= {"age": str(chance.randint(21, 79)), "clock": f"{chance.randint(1, 11)} giờ {chance.randint(2, 58)}"}
        title, lead, body = (text.format(**words) for text in texts)
        article = {"outlet": outlets[number % len(outlets)], "after": 0, "title": title, "lead": lead, "body": body}
        story = {"id": f"trong-{number}", "about": title, "relevance": 2, "topics": [topic], "sentiment": "negative"}
        start = -(BEGIN + number // A_MINUTE) / 1440
        found.append({**story, "places": [words["place"]], "start": start, "tellings": [article]})
    return found


class Wall:
    """Listens to the stream; when each mention's address was first named by an alert."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self.seen: dict[str, datetime] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        last = 0
        while True:
            try:
                last = self._follow(last)
            except OSError:
                time.sleep(1)

    def _follow(self, last: int) -> int:
        with urllib.request.urlopen(f"{self._demo.url}api/v1/stream?after={last}", timeout=60) as lines:
            kind = ""
            for raw in lines:
                name, _, value = raw.decode().strip().partition(": ")
                if name == "id":
                    last = int(value)
                elif name == "event":
                    kind = value
                elif name == "data" and kind == "alert":
                    self._told(json.loads(value)["about"], datetime.now(UTC))
        return last

    def _told(self, alert: str, at: datetime) -> None:
        for mention in self._demo.get(f"/api/v1/alerts/{alert}")["mentions"]:
            if mention not in self.seen:
                self.seen[mention] = at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=30)
    parser.add_argument("--seed", type=int, default=20261123)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), arguments.posts, arguments.seed)


def run(folder: Path, posts: int, seed: int) -> None:
    planted = stories(posts, seed)
    (folder / DEMO_STORIES).write_text(yaml.safe_dump(planted, allow_unicode=True), encoding="utf-8")
    with running_demo(folder, limit=400) as demo:
        wall = Wall(demo)
        end = demo.anchor + timedelta(minutes=BEGIN + (posts - 1) // A_MINUTE, seconds=PATIENCE)
        titles = {each["tellings"][0]["title"]: each["id"] for each in planted}
        delays: dict[str, float] = {}
        while len(delays) < posts and datetime.now(UTC) < end:
            time.sleep(5)
            delays = _delays(demo, wall, set(titles))
            print(f"\r{len(delays)} of {posts} on the wall", end="", file=sys.stderr)
        status = demo.get("/api/v1/status")["alerts"]
    report(delays, set(titles), status)


def _delays(demo: Demo, wall: Wall, titles: set[str]) -> dict[str, float]:
    """Seconds from publication to the wall, by title, of those planted posts that have arrived."""
    found = {}
    for id, at in list(wall.seen.items()):
        mention = demo.get(f"/api/v1/mentions/{id}")
        if mention["title"] in titles:
            found[mention["title"]] = (at - parse_time(mention["published_at"])).total_seconds()
    return found


def report(delays: dict[str, float], titles: set[str], status: dict[str, Any]) -> None:
    print(f"\nplanted {len(titles)}, on the wall {len(delays)}")
    for title in sorted(titles - set(delays)):
        print(f"not seen: {title}")
    if delays:
        median, high = np.percentile(list(delays.values()), [50, 95])
        print(f"seconds from publication: median {median:.0f}, p95 {high:.0f}, most {max(delays.values()):.0f}")
        print(f"duluan status says {status['seconds_to_screen']} s over {status['measured']} alerts; bar {BAR:.0f} s")
    if len(delays) < len(titles) or np.percentile(list(delays.values()), 95) > BAR:
        sys.exit(1)


if __name__ == "__main__":
    main()

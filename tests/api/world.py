"""A small installation with hand-made annotations: four quiet weeks, three rising stories, sources in every state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawlers.post import Post
from crawlers.sink import CrawlResult
from monitor.annotated import Annotated
from monitor.archive import post_id
from monitor.indexer import Indexer
from monitor.installation import Installation
from monitor.settings import Settings
from monitor.status import beat
from nlp.annotation import Annotation, Place, Relevance, SentimentResult, Topic
from tests.api.texts import QUIET, RISING, Story, Telling

DAYS = 27
OUTLETS = ("qtnm", "dhtt", "tntb", "dsvn", "pldn", "antt", "khpn", "tnvn")
NAMES = {
    "qtnm": "Quảng Trị Ngày Mới",
    "dhtt": "Đồng Hới Trực Tuyến",
    "tntb": "Tin Nhanh Trung Bộ",
    "nsmt": "Nhịp Sống Miền Trung",
    "dsvn": "Đời Sống Việt",
    "pldn": "Pháp Luật Đất Nước",
    "antt": "An Ninh Quảng Trị",
    "khpn": "Khám Phá Phong Nha",
    "tnvn": "Tin Nóng Việt",
    "btm": "Bản Tin Mới",
    "diendan": "Diễn đàn Người Quảng Trị",
    "kenh-nguoi-quang-tri": "Kênh Người Quảng Trị",
    "cu": "Trang Tin Cũ",
}
HOSTILE_TITLE = """<script>alert(1)</script><img src=x onerror="alert(2)"> & 'sập cầu' Đakrông"""
HOME = "http://127.0.0.1"
HOSTILE_URL = "javascript:alert(document.domain)"


@dataclass(frozen=True)
class Made:
    """The folder's settings and what was put in."""

    settings: Settings
    now: datetime
    mentions: int
    hostile: str


def settings_in(folder: Path) -> Settings:
    folder.mkdir(parents=True, exist_ok=True)
    sources = folder / "sources.yaml"
    sources.write_text("\n".join(_source(code, name) for code, name in NAMES.items()), encoding="utf-8")
    return Settings(data=folder, sources=sources)


def build(folder: Path, now: datetime | None = None) -> Made:
    """Fills a data folder with the world as it stands at `now`."""
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    settings = settings_in(folder)
    with Installation(settings) as installation:
        maker = Maker(installation, moment)
        for story in RISING:
            maker.tell(story)
        maker.tell_quiet_weeks()
        hostile = maker.tell_hostile()
        maker.write()
        maker.revise()
        maker.run_sources()
        beat(installation.engine, "worker", "đang chờ", started_at=moment - timedelta(hours=5))
        return Made(settings, moment, len(maker.annotated), hostile)


class Maker:
    """Collects posts with their annotations, then writes them to archive and index."""

    def __init__(self, installation: Installation, now: datetime) -> None:
        self.it, self.now = installation, now
        self.posts: list[Post] = []
        self.meant: dict[str, tuple[Annotation, str | None, str | None]] = {}
        self.titles: dict[str, str] = {}
        self.annotated: list[Annotated] = []
        self._units = {unit.name: unit for unit in installation.province.units}

    def tell(self, story: Story) -> None:
        first: str | None = None
        for number, telling in enumerate(story.tellings):
            at = self.now - timedelta(hours=story.ago - telling.after)
            id = self.add(f"{story.id}-{number}", story, telling, at, copies=first if telling.copy else None)
            first = first or id
        self.titles[story.id] = next(t.title for t in story.tellings if t.title)

    def tell_quiet_weeks(self) -> None:
        for day in range(2, DAYS):
            if day >= 9:
                self.tell(self._silent_story(day))
            for turn in range(3 + day % 3):
                number = (day * 5 + turn * 7) % len(QUIET)
                topic, sentiment, place, title, lead = QUIET[number]
                source = OUTLETS[(day + turn * 3) % len(OUTLETS)]
                tellings = [Telling(0, source, title, lead)]
                if turn == 0:
                    other = OUTLETS[(day + turn * 3 + 1) % len(OUTLETS)]
                    tellings.append(Telling(5, other, f"{title}: người dân nói gì", lead))
                id = f"s-{day}-{number}"
                body = f"{lead} Tin từ {place} cho biết sự việc đang được theo dõi."
                ago = day * 24 - turn * 3.5
                self.tell(Story(id, ago, (topic,), sentiment, (place,), (title.split()[-1],), body, tuple(tellings)))

    def _silent_story(self, day: int) -> Story:
        """What a source told that then went silent."""
        title, lead = "Nhịp sống ngày mới ở chợ Đông Hà", "Chợ họp từ bốn giờ sáng, hàng nông sản về đều."
        tellings = (
            Telling(0, "nsmt", title, lead),
            Telling(7, "nsmt", "Chợ Đông Hà lúc về chiều", "Hàng vãn, giá hạ."),
        )
        body = f"{lead} Tiểu thương phường Đông Hà nói sức mua như thường."
        return Story(f"s-cho-{day}", day * 24 + 2, ("economy",), "neutral", ("phường Đông Hà",), (), body, tellings)

    def tell_hostile(self) -> str:
        story = Story("s-la", 2, ("other",), "neutral", ("xã Đakrông",), (), "<b>đậm</b> & <script>x</script>", ())
        telling = Telling(0, "la.example/<i>x</i>", HOSTILE_TITLE, "“</script><svg onload=alert(3)>”")
        return self.add("hostile", story._replace(id=""), telling, self.now - timedelta(hours=2), url=HOSTILE_URL)

    def add(
        self,
        key: str,
        story: Story,
        telling: Telling,
        at: datetime,
        *,
        copies: str | None = None,
        url: str | None = None,
    ) -> str:
        address = url or f"https://{telling.source}.example/{key}.html"
        id = post_id(address)
        post = Post(
            id=id,
            url=address,
            canonical_url=address,
            source=telling.source,
            kind=telling.kind,  # type: ignore[arg-type]
            title=telling.title,
            lead=telling.lead,
            body=story.body if telling.kind == "news" else "",
            author=f"nguoi-dan-{key}" if telling.kind != "news" else "Hồ Trường Giang",
            published_at=at,
            section="Thời sự",
            method="family:test",
        )
        self.posts.append(post)
        self.meant[id] = (self._annotation(id, post, story, telling), story.id or None, copies)
        return id

    def _annotation(self, id: str, post: Post, story: Story, telling: Telling) -> Annotation:
        text = "\n".join(part for part in (post.title, post.lead, post.body) if part)
        label = telling.sentiment or story.sentiment
        return Annotation(
            id=id,
            relevance=Relevance(2, 0.97, "nêu tên xã, phường trong tỉnh ở tiêu đề hoặc đoạn đầu"),
            places=tuple(place for name in story.places for place in self._places(text, name)),
            topics=tuple(Topic(code, 0.9 - n / 4) for n, code in enumerate(story.topics)),
            sentiment=SentimentResult(label, {label: 0.86}, (telling.lead or telling.title)),  # type: ignore[arg-type]
            terms=story.terms,
            models={"topics": "1", "sentiment": "1", "relevance": "1"},
        )

    def _places(self, text: str, name: str) -> list[Place]:
        unit = self._units[name]
        start = text.find(unit.short)
        span = (start, start + len(unit.short)) if start >= 0 else (0, 0)
        return [Place(unit.id, unit.name, unit.level, text[span[0] : span[1]], *span)]

    def write(self) -> None:
        self.it.archive.store_many(self.posts)
        found = self.it.archive.get([post.id or "" for post in self.posts])
        self.annotated = [Annotated(found[id], *meant) for id, meant in self.meant.items()]
        self.it.annotations.record(self.annotated, self.titles)
        Indexer(self.it).run()

    def revise(self) -> None:
        """The first article is edited afterwards."""
        first = self.posts[0]
        changed = replace(first, title="Lũ quét ở Hướng Phùng: bảy ngôi nhà bị cuốn trôi", reactions={"likes": 1_240})
        self.it.archive.store(changed)
        again = self.it.archive.get([first.id or ""])[first.id or ""]
        annotation, story, copies = self.meant[again.id]
        self.it.annotations.record([Annotated(again, annotation, story, copies)], {})
        Indexer(self.it).run()

    def run_sources(self) -> None:
        ends = {"btm": ("blocked", "trang đòi chạy JavaScript"), "pldn": ("partial", "6 bài không đọc được nội dung")}
        for code in NAMES:
            if code == "cu":
                continue
            state, message = ends.get(code, ("ok", ""))
            for run in range(3):
                at = self.now - timedelta(minutes=15 * (3 - run))
                result = CrawlResult(
                    source=code,
                    started_at=at,
                    finished_at=at + timedelta(seconds=9),
                    state=state,  # type: ignore[arg-type]
                    message=message,
                    requests=14,
                    not_modified=3,
                    discovered=24,
                    fetched=2,
                    new=1 if state == "ok" else 0,
                    methods={"family:test": 1},
                )
                self.it.memory.finished(result, timedelta(minutes=15))
        self.it.memory.set_outcome("btm", "https://btm.example/tin-1.html", "blocked", "thử thách JavaScript")
        self.it.memory.set_outcome("pldn", "https://pldn.example/tin-2.html", "empty", "không thấy thân bài")


def _source(code: str, name: str) -> str:
    owned = str(code in ("qtnm", "antt")).lower()
    kinds = {"diendan": "forum", "kenh-nguoi-quang-tri": "social"}
    enabled = str(code != "cu").lower()
    return (
        f"- {{id: {code}, name: {name}, home: 'https://{code}.example/', kind: {kinds.get(code, 'news')}, "
        f"owned: {owned}, enabled: {enabled}, discovery: {{feeds: ['https://{code}.example/rss']}}}}"
    )

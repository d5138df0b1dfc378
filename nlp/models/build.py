"""Rebuilds everything that ships in this folder, to the bit.

    python -m nlp.models.build --data ../shared/data [background latent accents topics sentiment relevance second]

Reads VNTC and the RSS items of the data folder, and our labels in `nlp/labels/`; validates on `qt_gold_2025-08.jsonl`,
which it never trains on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from nlp.accents import learn as learn_accents
from nlp.annotation import PEOPLE
from nlp.embedder import embedding_text, load_embedder
from nlp.evaluate import gold_relevance, gold_sentiment, gold_topics
from nlp.evaluation import examine, of_model, report, truth
from nlp.features import Floats
from nlp.labelled import Collection, Item, shipped, with_texts
from nlp.latent import pack as pack_latent
from nlp.linear import LinearModel, Settings, load, train
from nlp.province import Province
from nlp.relevance_layer import learn
from nlp.second import SecondSettings
from nlp.second import learn as learn_second
from nlp.text import exact, fold, is_unaccented
from nlp.train import model_text
from nlp.vectors import BUCKETS, Background, buckets, matrix, pack, pair_hashes, vector, word_hashes

HERE = Path(__file__).parent
LABELS = HERE.parent / "labels"
RSS = "rss_vn_2025-10_2026-06.parquet"
FEATURES = 36_000
GUESS_WEIGHT, GUESSES, SURE, SECOND = 0.1, 2000, 0.3, 0.5
DATE = "2026-11-23"
PARTS = 5  # of the training labels, each held out once for the second look
# Weight of the meaning, best score below which the first model is in doubt: by those parts, not by what is held out.
SECOND_LOOKS = {"topics": (2.0, 0.6), "sentiment": (1.0, 0.7)}
VNTC = "vntc10_train.parquet"
OWN_COUNTS = 5  # times that our comments count: newsrooms write differently


def read(path: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Rows of a parquet file (pyarrow is needed here only)."""
    import pyarrow.parquet as parquet  # type: ignore[import-untyped]

    yield from parquet.read_table(path, columns=columns).to_pylist()


def source(path: Path, licence: str, texts: int) -> dict[str, Any]:
    """How a card names a file that was used."""
    return {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "texts": texts,
        "licence": licence,
    }


def write_card(folder: Path, card: dict[str, Any]) -> None:
    (folder / "card.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def background(data: Path) -> None:
    """How many of 150,000 texts hold each word and word pair (hashed): statistics only."""
    rss = [f"{row['title'] or ''}. {row['summary'] or ''}" for row in read(data / RSS, ["title", "summary"])]
    vntc = [" ".join(row["text"].split()[:120]) for row in read(data / VNTC, ["text"])]
    folder = HERE / "background"
    folder.mkdir(exist_ok=True)
    for kind, view in (("folded", fold), ("exact", exact)):
        frequency = _frequency(map(view, [*rss, *vntc]))
        np.savez_compressed(folder / f"{kind}.npz", **pack(len(rss) + len(vntc), frequency))  # type: ignore[arg-type]
    used = [source(data / RSS, "statistics of short public headlines", len(rss)), source(data / VNTC, "MIT", len(vntc))]
    write_card(folder, {"task": "document frequency of words and word pairs", "data": used, "date": "2026-11-23"})


def _frequency(texts: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    frequency = np.zeros(BUCKETS, dtype=np.int64)
    for text in texts:
        words = word_hashes(text)
        frequency[np.unique(buckets(np.concatenate([words, pair_hashes(words)])))] += 1
    return frequency


def latent(data: Path, dimensions: int = 100, rows: int = 20_000) -> None:
    """Directions of meaning: singular vectors of the TF-IDF matrix of the RSS items (statistics, no text)."""
    from sklearn.decomposition import TruncatedSVD

    rss = [f"{row['title'] or ''}. {row['summary'] or ''}" for row in read(data / RSS, ["title", "summary"])]
    known = Background.shipped()
    table = matrix([vector(word_hashes(fold(text)), known, keep=400) for text in rss]).tocsc()
    frequency = np.diff(table.indptr)
    frequent = np.sort(np.lexsort((np.arange(BUCKETS), -frequency))[:rows])
    svd = TruncatedSVD(dimensions, random_state=0, n_iter=4).fit(table[:, frequent].tocsr())
    folder = HERE / "latent"
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / "directions.npz", **pack_latent(frequent, svd.components_.T))  # type: ignore[arg-type]
    used = [source(data / RSS, "statistics of short public headlines", len(rss))]
    write_card(folder, {"task": "latent semantic directions", "dimensions": dimensions, "data": used, "date": DATE})


def accents(data: Path) -> None:
    """What tells accents: pairs of syllables in VNTC, in headlines older than all that is held out, in our comments."""
    known = collection(data)
    labelled, end = {item.url for item in known.items}, _end(known)
    news = [row for url, row in _headlines(data).items() if url not in labelled and row["published_at"] <= end]
    rss = [exact(f"{row['title'] or ''}. {row['summary'] or ''}") for row in news]
    vntc = [exact(" ".join(row["text"].split()[:600])) for row in read(data / VNTC, ["text"])]
    said = [exact(item.document.text) for item in known.side("train") if item.kind in PEOPLE]
    own = [text for text in said if not is_unaccented(text)]
    folder = HERE / "accents"
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / "pairs.npz", **learn_accents([*vntc, *rss, *own * OWN_COUNTS]))  # type: ignore[arg-type]
    used = [source(data / VNTC, "MIT", len(vntc)), source(data / RSS, "statistics of short public headlines", len(rss))]
    write_card(folder, {"task": "accents of syllables by their neighbours", "data": used, "date": DATE})


@lru_cache(maxsize=1)
def _headlines(data: Path) -> dict[str, dict[str, Any]]:
    return {row["url"]: row for row in read(data / RSS, ["url", "title", "summary", "published_at"])}


@lru_cache(maxsize=1)
def collection(data: Path) -> Collection:
    """Our labels with their texts. What ships is trained on the train side alone, so the other side can tell."""
    return Collection(with_texts(shipped(), _headlines(data)))


def _end(known: Collection) -> datetime:
    """When the newest thing that is learnt from was published."""
    return max(at for item in known.side("train") if (at := item.published_at))


def _text(item: Item) -> str:
    return model_text(item.title, item.lead, item.body, item.kind)


def _label_sources(data: Path) -> list[dict[str, Any]]:
    """Every file that a classifier learnt from, for its card."""
    files = [*sorted(LABELS.glob("news-*.jsonl")), *sorted(LABELS.glob("social*.jsonl"))]
    own = [source(path, "labels ours", len(path.read_text(encoding="utf-8").splitlines())) for path in files]
    return [*own, source(data / RSS, "short public headlines, statistics only", 0)]


def topics(data: Path) -> None:
    """The topic model: our labels, then once more with the headlines that the first model was sure of beside them.

    (VNTC beside our labels cost two points on today's news, being from 2003-07; this gains two, four on comments.)
    """
    items = [item for item in collection(data).side("train") if item.topics]
    settings = Settings(multi=True, strength=1.0, features=FEATURES, second=SECOND, restore=True)
    texts, labels = [_text(item) for item in items], [item.topics for item in items]
    more, guessed = _sure_headlines(data, train(texts, labels, settings))
    weights = [1.0] * len(texts) + [GUESS_WEIGHT] * len(more)
    model = train([*texts, *more], [*labels, *guessed], settings, weights=weights)
    known = {"qt_gold": gold_topics(data, model), "headlines_labelled_by_the_first_model": len(more)}
    _save("topics", model, data, known)


def _sure_headlines(data: Path, model: LinearModel) -> tuple[list[str], list[tuple[str, ...]]]:
    """For each topic the headlines of which a model is surest, with the topics it gives them.

    Neither labelled ones nor any as late as those held out.
    """
    known = collection(data)
    labelled, end = {item.url for item in known.items}, _end(known)
    rows = [row for url, row in _headlines(data).items() if url not in labelled and row["published_at"] <= end][::3]
    texts = [model_text(row["title"] or "", row["summary"] or "", "") for row in rows]
    scores = np.vstack([model.scores(texts[start : start + 4000]) for start in range(0, len(texts), 4000)])
    left = dict.fromkeys(model.labels, GUESSES)
    chosen: list[str] = []
    guessed: list[tuple[str, ...]] = []
    for place in np.argsort(-scores.max(axis=1), kind="stable"):
        main = model.labels[int(scores[place].argmax())]
        if scores[place].max() >= SURE and left[main] > 0:
            left[main] -= 1
            chosen.append(texts[place])
            guessed.append(tuple(code for code, _ in model.decide(scores[place])[:3]))
    return chosen, guessed


def sentiment(data: Path) -> None:
    """The sentiment model: our labels only."""
    pairs = [(_text(item), item.sentiment) for item in collection(data).side("train") if item.sentiment]
    settings = Settings(strength=0.5, features=60_000, plain=2.0, restore=True)
    model = train([text for text, _ in pairs], [(label,) for _, label in pairs], settings)
    _save("sentiment", model, data, {"qt_gold": gold_sentiment(data, model)})


def relevance(data: Path) -> None:
    """The second layer of relevance: our news labels, as written and without accents."""
    province = Province.load("quangtri")
    news = [item for item in collection(data).side("train") if item.relevance is not None]
    news.sort(key=lambda item: str(item.published_at))
    layer = learn([(item.document, item.relevance or 0) for item in news], province)
    layer.save(HERE / "relevance", _card("relevance", data, {"qt_gold": gold_relevance(data, province, layer)}))


def second(data: Path) -> None:
    """The second look with sentence embeddings at what the two models doubt. Needs the extra `semantic`; minutes."""
    embedder = load_embedder()
    if embedder is None:
        raise SystemExit("the second look needs the extra `semantic`")
    learnt: dict[str, Any] = {}
    for task, (meaning, doubt) in SECOND_LOOKS.items():
        first, known = load(HERE / task), collection(data)
        places = [i for i in known.split.train if truth(known.items[i], task)]
        items, groups = [known.items[i] for i in places], [known.groups[i] for i in places]
        unseen = _unseen(first, items, groups, task)
        vectors = embedder.embed([embedding_text(item.document) for item in items])
        settings = SecondSettings(embedder.version, meaning, doubt)
        learn_second(first, unseen, vectors, [truth(item, task) for item in items], settings).save(
            HERE / "second" / f"{task}.npz"
        )
        learnt[task] = {"first": first.version, "texts": len(items), "doubt": doubt, "meaning": meaning}
    used = {"data": _label_sources(data), "embedder": embedder.version, "learnt": learnt}
    write_card(HERE / "second", {"task": "second look at topics and sentiment", **used, "date": DATE})


def _unseen(first: LinearModel, items: list[Item], groups: list[str], task: str) -> Floats:
    """What models like the first say of texts of stories that they did not see; headlines guessed at are left out."""
    names = sorted(set(groups))
    part = dict(zip(names, np.random.default_rng(5).integers(0, PARTS, len(names)), strict=True))
    folds = np.array([part[group] for group in groups])
    texts, labels = [_text(item) for item in items], [truth(item, task) for item in items]
    scores = np.zeros((len(items), len(first.labels)))
    for fold_ in range(PARTS):
        rest, held = np.flatnonzero(folds != fold_), np.flatnonzero(folds == fold_)
        settings = replace(first.settings, folds=3)
        model = train([texts[i] for i in rest], [labels[i] for i in rest], settings)
        if model.labels != first.labels:
            raise ValueError("a label has too few stories to be learnt twice")
        scores[held] = model.scores([texts[i] for i in held])
    return scores


def _save(task: str, model: LinearModel, data: Path, scores: dict[str, Any]) -> None:
    known = collection(data)
    groups = [known.groups[i] for i in known.split.test]
    found = report(examine(task, known.side("test"), of_model(model), groups))
    kept = {name: found[name] for name in ("items", "scores", "slices", "unaccented")}
    kept["calibration_error"] = found["calibration"]["error"]
    model.save(HERE / task, _card(task, data, {"held_out": kept, **scores}))


def _card(task: str, data: Path, scores: dict[str, Any]) -> dict[str, Any]:
    split = collection(data).split
    sides = {"trained_on": len(split.train), "held_out": len(split.test), "left_out": len(split.dropped)}
    used = {"data": _label_sources(data), "split": sides, "scores": scores}
    return {"task": task, **used, "licence": "Apache-2.0", "date": DATE, "guideline": 1}


TASKS = {
    "background": background,
    "latent": latent,
    "accents": accents,
    "topics": topics,
    "sentiment": sentiment,
    "relevance": relevance,
    "second": second,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=list(TASKS))
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    for task in arguments.tasks:
        TASKS[task](arguments.data)


if __name__ == "__main__":
    main()

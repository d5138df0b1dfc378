"""Chart specifications (Vega-Lite) and their one theme. The page draws them, the digest prints them.

A specification holds no colour: sentiment and ramp come from the theme's ranges; light, dark and paper share it.
Times are written as wall time of Việt Nam without zone, so that every browser shows Vietnamese hours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from api.models import Bucket, IssueItem, PlaceBucket, Point, Series
from api.names import PlaceName
from api.periods import interval_end
from api.searching import Search
from api.words import SENTIMENTS, SIGNS
from index.port import Interval
from monitor.wording import in_vietnam

Spec = dict[str, Any]
Height = int | Literal["container"]
SAID = {code: f"{SIGNS[code]} {words}" for code, words in SENTIMENTS.items()}
UNCLEAR = "chưa rõ"
LABELLED_PLACES = 5
CLOSE = 24  # marks within this part of the time shown would print over one another
FONT = 'system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif'
LOCALE: Spec = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " ₫"]}
TOKENS: dict[str, dict[str, str]] = {
    "light": {
        "surface": "#FFFFFF",
        "line": "#DFE3E8",
        "text": "#17212B",
        "muted": "#566270",
        "accent": "#0B5CAD",
        "negative": "#B3261E",
        "neutral": "#77818C",
        "positive": "#1F7A4D",
        "unclear": "#C9CFD6",
    },
    "dark": {
        "surface": "#17202A",
        "line": "#2A3644",
        "text": "#E8EDF2",
        "muted": "#9AA8B6",
        "accent": "#6CB2F5",
        "negative": "#FF8A80",
        "neutral": "#9AA8B6",
        "positive": "#6FD3A0",
        "unclear": "#4A5866",
    },
}


def theme(name: str) -> Spec:
    """The configuration that gives a specification the colours of a theme ("light" prints on paper, too)."""
    t = TOKENS[name]
    return {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "range": {"category": [t["negative"], t["neutral"], t["positive"], t["unclear"]], "ramp": _ramp(t)},
        "axis": {
            "labelColor": t["muted"],
            "titleColor": t["muted"],
            "labelFontSize": 12,
            "domainColor": t["line"],
            "tickColor": t["line"],
            "gridColor": t["line"],
            "gridOpacity": 0.7,
            "labelPadding": 6,
        },
        "text": {"color": t["text"], "fontSize": 12},
        "rule": {"color": t["text"]},
        "point": {"color": t["accent"]},
        "style": {
            "told": {"fill": t["accent"]},
            "land": {"color": t["unclear"]},
            "halo": {"stroke": t["surface"], "strokeWidth": 3},
        },
    }


def _ramp(t: dict[str, str]) -> list[str]:
    """From no negative mention to only negative ones."""
    return [t["neutral"], t["negative"]]


def wall(moment: datetime) -> str:
    """Wall time in Việt Nam without zone."""
    return in_vietnam(moment).strftime("%Y-%m-%dT%H:%M:%S")


def point_search(search: Search, point: Point, interval: str) -> Search:
    """The search for exactly the mentions of one interval."""
    end = interval_end(point.start, interval)
    since = max(point.start, search.since) if search.since else point.start
    return search.only(since=since, until=min(end, search.until) if search.until else end)


def sentiment_series(
    series: Series,
    search: Search,
    *,
    marks: Sequence[tuple[datetime, str]] = (),
    brush: bool = False,
    height: Height = 168,
) -> Spec:
    """Stacked bars of mentions by sentiment over time; `marks` are moments with a word, numbered on the axis."""
    values = [row for point in series.items for row in _rows(point, series.interval, search, linked=not brush)]
    steps = count_axis(max((point.count for point in series.items), default=0))
    bars: Spec = {
        "mark": {"type": "rect", "cursor": "crosshair" if brush else "pointer"},
        "encoding": {
            "x": {"field": "start", "type": "temporal", "title": None, "axis": _time_axis(series)},
            "x2": {"field": "end"},
            "y": {
                "field": "low",
                "type": "quantitative",
                "title": None,
                "axis": {"values": steps, "format": ",d"},
                "scale": {"domain": [0, steps[-1]]},
            },
            "y2": {"field": "high"},
            "color": {
                "field": "sentiment",
                "type": "nominal",
                "legend": None,
                "scale": {"domain": [*SAID.values(), UNCLEAR]},
            },
            "tooltip": [
                {"field": "label", "type": "nominal", "title": "Lúc"},
                {"field": "sentiment", "type": "nominal", "title": "Sắc thái"},
                {"field": "count", "type": "quantitative", "title": "Lượt nhắc", "format": ",d"},
            ],
        },
    }
    if brush:
        bars["params"] = [{"name": "brush", "select": {"type": "interval", "encodings": ["x"]}}]
    else:
        bars["encoding"]["href"] = {"field": "url", "type": "nominal"}
    span = (series.items[-1].start - series.items[0].start) if series.items else timedelta()
    layers = [bars, *_marks(marks, span)]
    return {"width": "container", "height": height, "data": {"values": values}, "layer": layers, "padding": 2}


def issue_curve(issue: IssueItem) -> Spec:
    """Mentions an hour over the last 48 hours, with a line that 19 of 20 ordinary hours stay below."""
    end = issue.at.replace(second=0, microsecond=0)
    hours = len(issue.curve)
    values = []
    for position, (count, usual) in enumerate(zip(issue.curve, issue.usual or [0.0] * hours, strict=True)):
        start = end - timedelta(hours=hours - position)
        after = {"end": wall(start + timedelta(minutes=54)), "next": wall(start + timedelta(hours=1))}
        row = {"start": wall(start), **after}
        values.append({**row, "count": count, "usual": usual, "label": f"{in_vietnam(start):%H:%M %d/%m}"})
    steps = count_axis(max([*issue.curve, *(math.ceil(each) for each in issue.usual)], default=0))
    scale = {"domain": [0, steps[-1]]}
    day = "hours(datum.value) === 0 ? timeFormat(datum.value, '%d/%m') : timeFormat(datum.value, '%H:%M')"
    axis: Spec = {"labelExpr": day, "grid": False, "labelFlush": True, "labelOverlap": True, "labelSeparation": 8}
    across: Spec = {"field": "start", "type": "temporal", "title": None, "axis": axis}
    tooltip = [
        {"field": "label", "type": "nominal", "title": "Lúc"},
        {"field": "count", "type": "quantitative", "title": "Lượt nhắc", "format": ",d"},
        {"field": "usual", "type": "quantitative", "title": "Thường dưới"},
    ]
    bars: Spec = {
        "mark": {"type": "rect", "style": "told"},
        "encoding": {
            "x": across,
            "x2": {"field": "end"},
            "y": {
                "field": "count",
                "type": "quantitative",
                "title": None,
                "axis": {"values": steps, "format": ",d"},
                "scale": scale,
            },
            "y2": {"datum": 0},
            "tooltip": tooltip,
        },
    }
    line: Spec = {
        "mark": {"type": "rule", "strokeDash": [4, 2], "strokeWidth": 1.5},
        "encoding": {
            "x": across,
            "x2": {"field": "next"},
            "y": {"field": "usual", "type": "quantitative", "scale": scale},
            "tooltip": tooltip,
        },
    }
    return {"width": "container", "height": 120, "data": {"values": values}, "layer": [bars, line], "padding": 2}


def count_axis(most: int) -> list[int]:
    """Whole numbers from 0 to at least `most`, at most five of them."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * 4 >= most:
                return list(range(0, max(-(-most // step), 1) * step + 1, step))
        size *= 10


def _rows(point: Point, interval: str, search: Search, *, linked: bool) -> list[Spec]:
    """One row for each sentiment, stacked; the first one always, so that empty intervals stay on the axis."""
    end = interval_end(point.start, interval)
    gap = (end - point.start) / 10  # a hair of air between the bars
    here = point_search(search, point, interval)
    time = {"start": wall(point.start), "end": wall(end - gap), "label": interval_label(point.start, interval)}
    counts = point.by_sentiment.model_dump()
    counts[""] = point.count - sum(counts.values())
    rows: list[Spec] = []
    low = 0
    for code, words in {**SAID, "": UNCLEAR}.items():
        if counts[code] or not rows:
            high = low + counts[code]
            row = {**time, "sentiment": words, "count": counts[code], "low": low, "high": high}
            link = here.only(sentiment=code) if code else here
            rows.append({**row, "url": link.link()} if linked else row)
            low = high
    return rows


def interval_label(start: datetime, interval: str) -> str:
    """ "14:00 21/11", "21/11/2026", "tuần từ 16/11/2026", "tháng 11/2026"."""
    local = in_vietnam(start)
    words = {"hour": f"{local:%H:%M %d/%m}", "day": f"{local:%d/%m/%Y}", "week": f"tuần từ {local:%d/%m/%Y}"}
    return words.get(interval, f"tháng {local:%m/%Y}")


def _time_axis(series: Series) -> Spec:
    day = "timeFormat(datum.value, '%d/%m')"
    expressions: dict[str, str] = {
        "hour": f"hours(datum.value) === 0 ? {day} : timeFormat(datum.value, '%H:%M')",
        "day": day,
        "week": day,
        "month": "timeFormat(datum.value, '%m/%Y')",
    }
    axis: Spec = {
        "labelExpr": expressions[series.interval],
        "grid": False,
        "labelFlush": True,
        "labelOverlap": True,
        "labelSeparation": 8,
    }
    steps: dict[Interval, str] = {"day": "day", "month": "month"}
    if series.interval in steps and len(series.items) <= 10:
        axis["tickCount"] = steps[series.interval]
    return axis


def _marks(marks: Sequence[tuple[datetime, str]], span: timedelta) -> list[Spec]:
    if not marks:
        return []
    values = [
        {"at": wall(at), "number": ", ".join(numbers), "title": "; ".join(titles)}
        for at, numbers, titles in _together(marks, span / CLOSE)
    ]
    shared: Spec = {
        "x": {"field": "at", "type": "temporal"},
        "tooltip": [{"field": "title", "type": "nominal", "title": "Bắt đầu"}],
    }
    return [
        {
            "data": {"values": values},
            "mark": {"type": "rule", "strokeDash": [2, 3], "opacity": 0.6},
            "encoding": shared,
        },
        {
            "data": {"values": values},
            "mark": {"type": "text", "dy": -7, "baseline": "bottom", "fontWeight": 600, "clip": False},
            "encoding": {**shared, "y": {"value": 0}, "text": {"field": "number"}},
        },
    ]


def _together(marks: Sequence[tuple[datetime, str]], near: timedelta) -> list[tuple[datetime, list[str], list[str]]]:
    """Marks with their numbers, those that lie near one another as one, in time order."""
    found: list[tuple[datetime, list[str], list[str]]] = []
    for at, number, title in sorted((at, n, title) for n, (at, title) in enumerate(marks, 1)):
        if found and at - found[-1][0] < near:
            found[-1][1].append(str(number))
            found[-1][2].append(title)
        else:
            found.append((at, [str(number)], [title]))
    return found


def places_map(
    places: Sequence[tuple[PlaceBucket, str]], communes: Sequence[PlaceName], *, height: Height = 300
) -> Spec:
    """Commune centres as dots, sized by mentions and coloured by negative share; all others as a quiet ground."""
    told = [_dot(bucket, link) for bucket, link in places if bucket.lat is not None and bucket.count]
    ground = [{"name": c.name, "lat": c.lat, "lon": c.lon} for c in communes]
    where: Spec = {
        "longitude": {"field": "lon", "type": "quantitative"},
        "latitude": {"field": "lat", "type": "quantitative"},
    }
    dots: Spec = {
        "data": {"values": told},
        "mark": {"type": "circle", "opacity": 0.85, "cursor": "pointer"},
        "encoding": {
            **where,
            "size": {
                "field": "count",
                "type": "quantitative",
                "legend": None,
                "scale": {"range": [30, 700], "zero": True},
            },
            "color": {
                "field": "share",
                "type": "quantitative",
                "legend": None,
                "scale": {"domain": [0, 1], "range": "ramp", "interpolate": "rgb"},
            },
            "href": {"field": "url", "type": "nominal"},
            "tooltip": [
                {"field": "name", "type": "nominal", "title": "Địa bàn"},
                {"field": "count", "type": "quantitative", "title": "Lượt nhắc"},
                {"field": "negative", "type": "nominal", "title": "Tiêu cực"},
            ],
        },
    }
    names: Spec = {
        "data": {"values": _labelled(told)},
        "mark": {"type": "text", "align": "left", "dx": 9, "fontSize": 12},
        "encoding": {**where, "text": {"field": "short"}},
    }
    halo = {**names, "mark": {**names["mark"], "style": "halo"}}
    base = {
        "data": {"values": ground},
        "mark": {"type": "circle", "size": 14, "opacity": 1, "style": "land"},
        "encoding": where,
    }
    return {
        "width": "container",
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": {"left": 2, "top": 2, "bottom": 2, "right": 64},  # room for the names at the coast
        "projection": {"type": "mercator"},
        "layer": [base, dots, halo, names],
    }


def _labelled(dots: Sequence[Spec]) -> list[Spec]:
    """The largest dots whose names do not run into one another, in degrees."""
    chosen: list[Spec] = []
    for dot in dots:
        free = all(abs(dot["lat"] - c["lat"]) > 0.16 or abs(dot["lon"] - c["lon"]) > 0.45 for c in chosen)
        if free and len(chosen) < LABELLED_PLACES:
            chosen.append(dot)
    return chosen


def _dot(bucket: PlaceBucket, link: str) -> Spec:
    share = bucket.by_sentiment.negative_share or 0.0
    kinds = ("xã ", "phường ", "đặc khu ", "thị trấn ", "huyện ", "thị xã ", "thành phố ")
    short = next((bucket.name.removeprefix(kind) for kind in kinds if bucket.name.startswith(kind)), bucket.name)
    return {
        "name": bucket.name,
        "short": short,
        "lat": bucket.lat,
        "lon": bucket.lon,
        "count": bucket.count,
        "share": share,
        "negative": f"{round(share * 100)} %",
        "url": link,
    }


def summary(buckets: Sequence[Bucket]) -> str:
    """What a chart of buckets shows, for those who hear it."""
    return ", ".join(f"{bucket.name} {bucket.count}" for bucket in buckets[:5])

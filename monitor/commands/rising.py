"""Commands about what rises: now, at a past moment, and over a past period."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.archive import utc_now
from monitor.commands.common import (
    AtOption,
    DataOption,
    JsonOption,
    UsageError,
    app,
    opened,
    print_json,
    print_table,
    progress_bar,
    read_end,
    read_time,
    uncollected,
    wants_json,
)
from monitor.installation import Installation
from monitor.records import issue_records, issue_titles
from monitor.rising.backtest import Backtest, Found, Shown, read_happenings
from monitor.rising.words import STATES
from monitor.wording import decimal, number, rfc3339, when

LimitOption = Annotated[int, typer.Option(min=1, max=1000, help="Nhiều nhất bao nhiêu kết quả.")]
LONGEST = timedelta(days=400)


@app.command()
def issues(at: AtOption = None, limit: LimitOption = 10, data: DataOption = None, json: JsonOption = False) -> None:
    """Vụ việc đang nổi, kèm lý do."""
    moment = at or utc_now()
    with uncollected(), opened(data) as installation:  # two fifths of a replay's time else
        found = installation.look(moment, limit=limit, patient=True)
        records = issue_records(installation, found.issues, moment)
    if wants_json(json):
        print_json({"at": rfc3339(moment), "issues": records})
        return
    rows = ((str(n), r["title"], STATES[r["state"]], r["reason"]) for n, r in enumerate(records, start=1))
    print_table(f"Vụ việc đang nổi lúc {when(moment, utc_now())}", ("", "vụ việc", "tình trạng", "vì sao"), rows)


@app.command()
def backtest(
    since: Annotated[datetime, typer.Argument(metavar="FROM", parser=read_time, help="Từ thời điểm này.")],
    until: Annotated[
        datetime, typer.Argument(metavar="TO", parser=read_end, help="Đến thời điểm này; một ngày là hết ngày ấy.")
    ],
    step: Annotated[float, typer.Option(min=0.25, max=24, help="Cứ bao nhiêu giờ nhìn lại một lần.")] = 1.0,
    happenings: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help='Tệp JSON các sự kiện đã biết: [{"at", "what", "words"}].'),
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Chạy lại quá khứ mà không nhìn trước: vụ việc nào đã nổi, từ lúc nào, cao nhất khi nào, khép lại khi nào."""
    if not timedelta() < until - since <= LONGEST:
        raise UsageError(f"khoảng thời gian phải dương và không quá {LONGEST.days} ngày")
    try:
        known = [each for each in read_happenings(happenings) if since <= each.at <= until] if happenings else []
    except ValueError as error:
        raise UsageError(str(error)) from None
    with opened(data) as installation:
        test = Backtest(known)
        with progress_bar() as bar:
            task = bar.add_task("Đang chạy lại", total=int((until - since) / timedelta(hours=step)) + 1)
            for at, found in installation.issue_history(since, until, step):
                test.take(at, found)
                bar.advance(task)
        shown = test.shown()
        titles = issue_titles(installation, [each.height for each in shown], until)
        scored = test.found(_headlines(installation, test))
    if wants_json(json):
        print_json(
            {
                "from": rfc3339(since),
                "to": rfc3339(until),
                "step_hours": step,
                "steps": test.steps,
                "issues": [_shown_record(each, titles[each.id]) for each in shown],
                "happenings": [_found_record(each) for each in scored],
            }
        )
        return
    _print(shown, titles, scored)


def _headlines(installation: Installation, test: Backtest) -> dict[str, str]:
    posts = installation.archive.get(sorted(test.wanted()))
    return {id: post.post.title or post.post.body[:200] for id, post in posts.items()}


def _shown_record(shown: Shown, title: str) -> dict[str, Any]:
    height = shown.height
    return {
        "id": shown.id,
        "title": title,
        "kind": shown.kind,
        "first_shown": rfc3339(shown.first),
        "last_shown": rfc3339(shown.last),
        "closed": rfc3339(shown.closed) if shown.closed else None,
        "height": rfc3339(shown.height_at),
        "best_rank": shown.best_rank,
        "score": height.score,
        "reason": height.reason,
        "sort": height.sort,
        "states": [{"at": rfc3339(at), "state": state} for at, state in shown.states],
    }


def _found_record(found: Found) -> dict[str, Any]:
    return {
        "at": rfc3339(found.happening.at),
        "what": found.happening.what,
        "rank": found.rank,
        "first_shown": rfc3339(found.first) if found.first else None,
        "issue": found.issue,
    }


def _print(shown: list[Shown], titles: dict[str, str], scored: list[Found]) -> None:
    now = utc_now()
    rows = (
        (
            when(s.first, now),
            titles[s.id],
            when(s.height_at, now),
            str(s.best_rank),
            when(s.closed, now) if s.closed else "chưa",
            s.height.reason,
        )
        for s in shown
    )
    header = ("nổi lên", "vụ việc", "cao điểm", "hạng", "khép lại", "vì sao")
    print_table(f"{number(len(shown))} vụ việc đã nổi", header, rows)
    if scored:
        good = sum(each.rank in (1, 2) for each in scored)
        told = (
            (
                when(each.happening.at, now),
                each.happening.what,
                str(each.rank or "không thấy"),
                f"trước {decimal((each.happening.at - each.first) / timedelta(hours=1))} giờ" if each.first else "",
            )
            for each in scored
        )
        title = f"{good}/{len(scored)} sự kiện đứng nhất hoặc nhì lúc cao điểm"
        print_table(title, ("lúc", "sự kiện", "hạng", "nổi lên"), told)

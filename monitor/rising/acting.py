"""Officers' actions upon issues: pinned first, muted away, renamed, merged, known. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from monitor.rising.issue import Issue
from monitor.rising.store import Action, ActionsByIssue


@dataclass(frozen=True, slots=True)
class Standing:
    """What officers said of an issue that still holds."""

    pinned: Action | None = None
    muted: Action | None = None
    renamed: Action | None = None
    known: Action | None = None
    merged: tuple[str, ...] = ()


def standing(id: str, actions: ActionsByIssue) -> Standing:
    own = {action.verb: action for action in actions.get(id, ())}
    merged = tuple(other for other, theirs in actions.items() if _target(theirs) == id)
    return Standing(own.get("pin"), own.get("mute"), own.get("rename"), own.get("known"), merged)


def acted(issues: Sequence[Issue], actions: ActionsByIssue, *, muted: bool = False) -> list[Issue]:
    """The issues as officers want them: pinned first, merged ones told with their target, muted ones left out."""
    by_id = {issue.id: issue for issue in issues}
    into: dict[str, list[Issue]] = {}
    for issue in issues:
        if (target := _final(issue.id, actions)) != issue.id and target in by_id:
            into.setdefault(target, []).append(issue)
    gone = {issue.id for several in into.values() for issue in several}
    shown = [
        _with(issue, into.get(issue.id, ()))
        for issue in issues
        if issue.id not in gone and (muted or not standing(issue.id, actions).muted)
    ]
    return sorted(shown, key=lambda issue: standing(issue.id, actions).pinned is None)


def shown_of(ids: Collection[str], actions: ActionsByIssue) -> int:
    """How many of these issues officers want to see: muted ones are none, and one merged into another is that one."""
    there = set(ids)
    targets = {id: _final(id, actions) for id in there if not standing(id, actions).muted}
    return sum(target == id or target not in there for id, target in targets.items())


def _with(issue: Issue, others: Iterable[Issue]) -> Issue:
    """The issue, naming what was merged into it; its figures stay those of its own window."""
    merged = list(others)
    if not merged:
        return issue
    stories = dict.fromkeys([*issue.stories, *(story for other in merged for story in other.stories)])
    absorbed = dict.fromkeys([*issue.absorbed, *(other.id for other in merged)])
    return replace(issue, stories=tuple(stories), absorbed=tuple(absorbed))


def _target(actions: Sequence[Action]) -> str | None:
    return next((action.value for action in actions if action.verb == "merge"), None)


def _final(id: str, actions: ActionsByIssue) -> str:
    """Where an issue was merged to in the end; a ring of merges ends where it would close."""
    seen = {id}
    while (target := _target(actions.get(id, ()))) and target not in seen:
        seen.add(target)
        id = target
    return id

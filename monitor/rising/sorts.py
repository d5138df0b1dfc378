"""What sort of issue it is: a description made of who told it and how, with the figures, never an accusation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from monitor.rising.evidence import Evidence
from monitor.wording import percent

Sort = Literal["event", "complaint", "rumour_like", "campaign_like"]

CAMPAIGN_ACCOUNTS = 5  # accounts that post near-equal texts ...
CAMPAIGN_SHARE = 0.5  # ... and make so much of what people say
CAMPAIGN_HOURS = 24.0
RUMOUR_PEOPLE = 5  # people who tell it while no newsroom and no authority does
COMPLAINT_SHARE = 0.6  # of the voices people ...
COMPLAINT_NEGATIVE = 0.5  # ... and of what they say negative


def sort_of(evidence: Sequence[Evidence], kind: str) -> tuple[Sort, str]:
    """The sort and one Vietnamese sentence that says by which figures."""
    people = [e for e in evidence if e.by_people]
    outlets = {e.source for e in evidence if not e.by_people}
    accounts = {e.voice for e in people}
    if (alike := _near_equal(people)) and len(alike) >= CAMPAIGN_SHARE * len(accounts):
        return "campaign_like", f"{len(alike)} tài khoản đăng nội dung gần như giống nhau trong vòng 24 giờ."
    if len(accounts) >= RUMOUR_PEOPLE and not outlets:
        negative = sum(e.sentiment == "negative" for e in people) / len(people)
        if kind == "story" and negative < COMPLAINT_NEGATIVE:
            return "rumour_like", f"{len(accounts)} người nhắc tới, chưa có báo chí hay cơ quan chính thức nào đưa tin."
    voices = len(accounts) + len(outlets)
    judged = [e for e in people if e.sentiment]
    negative = sum(e.sentiment == "negative" for e in judged) / len(judged) if judged else 0.0
    if accounts and len(accounts) >= COMPLAINT_SHARE * voices and negative >= COMPLAINT_NEGATIVE:
        said = f"{len(accounts)} người dân lên tiếng, {percent(round(negative, 3))} ý kiến tiêu cực"
        press = f"{len(outlets)} cơ quan báo chí đưa tin" if outlets else "chưa có báo đưa tin"
        return "complaint", f"{said}; {press}."
    return "event", f"{len(outlets)} cơ quan báo chí đưa tin, {len(accounts)} người dân lên tiếng."


def _near_equal(people: Sequence[Evidence]) -> set[str]:
    """Accounts whose post copies another's within a day; none when too few."""
    copied = [e for e in people if e.copy]
    if len(copied) < CAMPAIGN_ACCOUNTS - 1:
        return set()
    by_story = Counter(e.story for e in copied)
    found: set[str] = set()
    for story in by_story:
        part = [e for e in copied if e.story == story]
        hours = (part[-1].at - part[0].at).total_seconds() / 3600
        original = next((e.voice for e in people if e.story == story and not e.copy), None)
        accounts = {e.voice for e in part} | ({original} if original else set())
        if len(accounts) >= CAMPAIGN_ACCOUNTS and hours <= CAMPAIGN_HOURS:
            found |= accounts
    return found

"""What is rising: stories, topics in a place and terms that are told far more than is ordinary.

Pure functions from evidence (annotated posts, light) to issues; `Watch` is the one object with a memory. Read in this
order: `evidence`, `season` (the clock), `outages` (what cannot be read), `groups` (voices), `baseline` (what is
ordinary), `surprise` (how unusual), `states` (the life of an issue), `watch` (all of it, moment by moment), `issue` (as
it is told), `replay` (the past).
"""

from monitor.rising.evidence import PEOPLE, Evidence, Weights
from monitor.rising.issue import Figures, Issue, StateChange, reason
from monitor.rising.replay import HISTORY, replay, rising_issues

__all__ = [
    "HISTORY",
    "PEOPLE",
    "Evidence",
    "Figures",
    "Issue",
    "StateChange",
    "Weights",
    "reason",
    "replay",
    "rising_issues",
]

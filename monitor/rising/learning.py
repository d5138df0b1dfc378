"""What was ordinary before a day, learnt from the mentions that a watch remembers; once a day."""

from __future__ import annotations

from bisect import bisect_left

from monitor.rising.baseline import FINISHED, Baseline, learn_growth, learn_rates, shares
from monitor.rising.groups import PLACES, Group, day_of
from monitor.rising.memory import Memory
from monitor.rising.outages import Outages
from monitor.rising.season import Season

DAY = 24.0
LEARNT = 28 * DAY  # of the past, for what is ordinary
RUNNING = 1.0  # the least number of stories that run on a day: the one that is looked at


def learn(memory: Memory, until: float) -> Baseline:
    """What was ordinary in the four weeks before a midnight of Việt Nam."""
    since = max(until - LEARNT, memory.times[0]) if memory.times else until - DAY
    first, end = bisect_left(memory.times, since), bisect_left(memory.times, until)
    past = memory.evidence[first:end]
    season = Outages(Season.learn(past, since, until, times=memory.times[first:end])).season(until)
    stories: dict[bool, list[tuple[list[float], list[float]]]] = {True: [], False: []}
    daily: dict[str, dict[str, dict[int, float]]] = {"topic_place": {}, "term": {}}
    first_day, last_day = day_of(since), day_of(until)
    running = 0
    for group in memory.groups.values():
        if group.kind == "story":
            running += _days_run(group, since, until)
            if since - FINISHED <= group.times[0] < until - FINISHED:
                stories[group.evidence[0].by_people].append(_grown(group, season, until))
        elif group.times[-1] >= since and (by_day := group.by_day(first_day, last_day)):
            daily[group.kind][group.id] = by_day
    length = season.at(until) - season.at(since)
    born_since = max([since - FINISHED, *memory.times[:1]])
    days = (season.at(until - FINISHED) - season.at(born_since)) / DAY
    rates = {kind: learn_rates(values, length) for kind, values in daily.items()}
    voices = sum(rates["topic_place"].told.values()) / max(length, DAY)
    return Baseline(
        season,
        learn_growth(stories[False], days),
        learn_growth(stories[True], days),
        max(running * DAY / max(until - since, DAY), RUNNING),
        rates,
        shares(e.topic for e in past if e.topic),
        shares(place for e in past for place in e.places[:PLACES]),
        voices,
    )


def _grown(group: Group, season: Season, until: float) -> tuple[list[float], list[float]]:
    """Ages and weights of a story's voices; what was told after `until` is not known yet."""
    if len(group.times) == 1:
        return [0.0], [group.weights[0]]
    born = season.at(group.times[0])
    told = [n for n in range(len(group.times)) if (n == 0 or group.weights[n] > 0) and group.times[n] < until]
    return [season.at(group.times[n]) - born for n in told], [group.weights[n] for n in told]


def _days_run(group: Group, since: float, until: float) -> int:
    """On how many days a story was told after it had told most of what an ordinary one does."""
    if group.times[-1] < group.times[0] + FINISHED:
        return 0
    first = group.first_after(max(since, group.times[0] + FINISHED))
    return len({day_of(time) for time in group.times[first : group.first_after(until)]})

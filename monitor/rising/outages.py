"""Sources that cannot be read now: known from their silence as soon as chance no longer explains it, not first the next
midnight, when what is ordinary is learnt again."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.rising.season import Outage, Season


class Outages:
    """Listens to the sources that a season knows as regular, from the moment on that it was learnt."""

    def __init__(self, season: Season) -> None:
        self._ordinary = season.without(())
        self._last = {source: regular.last for source, regular in season.regular.items()}
        self._over: list[Outage] = []
        self._known: tuple[Outage, ...] = ()
        self._season = self._ordinary

    def hear(self, told: Iterable[tuple[str, float]]) -> None:
        """Sources that told something, each with when (hours since 1970), in any order."""
        for source, time in told:
            last = self._last.get(source)
            if last is None:
                continue
            if time > last:
                if self._is_silence(source, last, time):
                    self._over.append(Outage(source, last, time))
                self._last[source] = time
            elif self._over:  # what was missed came in after all
                self._over = [o for o in self._over if o.source != source or not o.since < time < (o.until or time)]

    def season(self, at: float) -> Season:
        """The clock as it goes at a moment, slower by the share of what cannot be read."""
        still = [Outage(source, last) for source, last in self._last.items() if self._is_silence(source, last, at)]
        found = (*self._over, *still)
        if found != self._known:
            self._known, self._season = found, self._ordinary.without(found)
        return self._season

    def _is_silence(self, source: str, since: float, until: float) -> bool:
        longest = self._ordinary.regular[source].longest
        return self._ordinary.at(until) - self._ordinary.at(since) > longest

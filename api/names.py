"""Names for the ids and codes that mentions carry, and where places lie."""

from __future__ import annotations

from dataclasses import dataclass

from api import words
from monitor.installation import Installation
from monitor.wording import collation_key


@dataclass(frozen=True, slots=True)
class PlaceName:
    id: str
    name: str
    level: str
    lat: float | None
    lon: float | None


class Names:
    """Looks names up in the installation's province record and source registry; an unknown id stands for itself."""

    def __init__(self, installation: Installation) -> None:
        self._it = installation

    @property
    def province(self) -> PlaceName:
        unit = self._it.province.unit
        return PlaceName(unit.id, unit.name, unit.level, unit.lat, unit.lon)

    def topic(self, code: str) -> str:
        return words.TOPICS.get(code, code)

    def sentiment(self, code: str | None) -> str:
        return words.SENTIMENTS.get(code or "", "chưa rõ")

    def kind(self, code: str) -> str:
        return words.KINDS.get(code, code)

    def source(self, source: str) -> str:
        return self._it.source_name(source)

    def place(self, place: str) -> str:
        unit = self._it.province.get(place)
        return unit.name if unit else place

    def place_record(self, place: str) -> PlaceName:
        """Name, level and coordinates; a former unit lies amid today's units that took it in."""
        unit = self._it.province.get(place)
        if unit is None:
            return PlaceName(place, place, "", None, None)
        if unit.lat is not None:
            return PlaceName(unit.id, unit.name, unit.level, unit.lat, unit.lon)
        found = [(u.lat, u.lon) for u in self._it.province.today(place) if u.lat is not None and u.lon is not None]
        if not found:
            return PlaceName(unit.id, unit.name, unit.level, None, None)
        lat, lon = (round(sum(pair[axis] for pair in found) / len(found), 4) for axis in (0, 1))
        return PlaceName(unit.id, unit.name, unit.level, lat, lon)

    def communes(self) -> list[PlaceName]:
        """Today's communes, wards and special zones that have coordinates."""
        units = self._it.province.units
        return [PlaceName(u.id, u.name, u.level, u.lat, u.lon) for u in units if u.lat is not None]

    def place_choices(self) -> list[tuple[str, str]]:
        """Today's communes, wards and special zones for a form: id and name, by name."""
        return sorted(((place.id, place.name) for place in self.communes()), key=lambda pair: collation_key(pair[1]))

    def facet(self, name: str, value: str) -> str:
        """The words for a facet's value."""
        say = {
            "topic": self.topic,
            "sentiment": self.sentiment,
            "place": self.place,
            "source": self.source,
            "kind": self.kind,
        }
        return say[name](value) if name in say else value

"""Rows of shared catalogues that were fetched lately: as many as there may be, and for as long as they count."""

from collections import OrderedDict
from dataclasses import dataclass, field

#: those that were fetched longest ago go first
_MOST = 64


@dataclass(frozen=True, slots=True)
class CachedCatalogue:
    """One catalogue."""

    rows: object
    #: RFC 3339
    fetched_at: str
    #: loop time until which they count
    until: float


@dataclass(slots=True)
class CatalogueCache:
    """Catalogues by name."""

    kept: OrderedDict[str, CachedCatalogue] = field(default_factory=OrderedDict)

    def of(self, name: str, now: float) -> CachedCatalogue | None:
        """What counts of a catalogue at loop time `now`; None if its owner must be asked."""
        found = self.kept.get(name)
        return found if found is not None and now < found.until else None

    def keep(self, name: str, rows: CachedCatalogue) -> None:
        """Remember, and forget what is too much."""
        self.kept[name] = rows
        self.kept.move_to_end(name)
        while len(self.kept) > _MOST:
            self.kept.popitem(last=False)

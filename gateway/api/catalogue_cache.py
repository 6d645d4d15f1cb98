"""A cache of shared catalogues, limited in number and time."""

from collections import OrderedDict
from dataclasses import dataclass, field

#: the oldest are dropped first
_MOST = 64


@dataclass(frozen=True, slots=True)
class CachedCatalogue:
    """One catalogue."""

    rows: object
    #: RFC 3339
    fetched_at: str
    #: loop time until which the rows are valid
    until: float


@dataclass(slots=True)
class CatalogueCache:
    """Catalogues by name."""

    kept: OrderedDict[str, CachedCatalogue] = field(default_factory=OrderedDict)

    def of(self, name: str, now: float) -> CachedCatalogue | None:
        """The valid rows of a catalogue at loop time `now`; None if its owner must be asked."""
        found = self.kept.get(name)
        return found if found is not None and now < found.until else None

    def keep(self, name: str, rows: CachedCatalogue) -> None:
        """Store the rows; drop the oldest over the limit."""
        self.kept[name] = rows
        self.kept.move_to_end(name)
        while len(self.kept) > _MOST:
            self.kept.popitem(last=False)

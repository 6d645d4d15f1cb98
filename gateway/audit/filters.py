"""The filters of an auditor's search, before its people become keyed indexes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import orjson

from gateway.audit.people import People
from gateway.ports.exchange_log import LogSearch


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """All given filters must match; empty matches any."""

    #: all filters but people: `subjects` and `officials` are empty here
    plain: LogSearch
    #: keys of one subject (`Subject.key`), one for each known identifier
    subject: tuple[str, ...] = ()
    #: personal id
    official: str = ""

    @property
    def names(self) -> str:
        """The names of the given filters, never their values."""
        return " ".join(name for name, held in self._words().items() if held)

    @property
    def digestible(self) -> bytes:
        """All filters as bytes, for the signature of a cursor."""
        return orjson.dumps(self._words())

    @property
    def people(self) -> dict[str, str]:
        """The searched people, as subjects of the look-up's record."""
        named = {f"subject_{number}": key for number, key in enumerate(self.subject, 1)}
        return {**named, **({"official": f"person|{self.official}"} if self.official else {})}

    async def search(self, people: People) -> LogSearch | None:
        """The search for the log; None if no month has keys, so no person can be found."""
        officials = [self.official] if self.official else []
        subject_indexes = await self._indexes(people, self.subject)
        official_indexes = await self._indexes(people, officials)
        if (self.subject and not subject_indexes) or (officials and not official_indexes):
            return None
        return replace(self.plain, subjects=subject_indexes, officials=official_indexes)

    def _words(self) -> dict[str, object]:
        """The filters under their names in the API."""
        people = {"subjects": ("subject", self.subject), "officials": ("official", self.official)}
        given = (
            people.get(one.name) or (one.name, getattr(self.plain, one.name)) for one in fields(self.plain)
        )
        return dict(given)

    async def _indexes(self, people: People, keys: Sequence[str]) -> tuple[bytes, ...]:
        return await people.indexes(keys, self.plain.since, self.plain.until) if keys else ()

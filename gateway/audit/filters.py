"""What an auditor looks for, before people in it become keyed indexes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import orjson

from gateway.audit.people import People
from gateway.ports.exchange_log import LogSearch


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Whatever is given must hold; empty means any."""

    #: all but people: its `subjects` and `officials` are empty
    plain: LogSearch
    #: keys of one subject (`Subject.key`), one for each identifier that is known of it
    subject: tuple[str, ...] = ()
    #: personal id
    official: str = ""

    @property
    def names(self) -> str:
        """The names of the filters that are given, never what they hold."""
        return " ".join(name for name, held in self._words().items() if held)

    @property
    def digestible(self) -> bytes:
        """All of it, for a signature."""
        return orjson.dumps(self._words())

    @property
    def people(self) -> dict[str, str]:
        """Who is looked for, as subjects of the record of the look-up."""
        named = {f"subject_{number}": key for number, key in enumerate(self.subject, 1)}
        return {**named, **({"official": f"person|{self.official}"} if self.official else {})}

    async def search(self, people: People) -> LogSearch | None:
        """The same for the log; None when nobody could be found, because no living period has keys."""
        officials = [self.official] if self.official else []
        subject_indexes = await self._indexes(people, self.subject)
        official_indexes = await self._indexes(people, officials)
        if (self.subject and not subject_indexes) or (officials and not official_indexes):
            return None
        return replace(self.plain, subjects=subject_indexes, officials=official_indexes)

    def _words(self) -> dict[str, object]:
        """What is looked for under the words of the auditors' door."""
        people = {"subjects": ("subject", self.subject), "officials": ("official", self.official)}
        given = (
            people.get(one.name) or (one.name, getattr(self.plain, one.name)) for one in fields(self.plain)
        )
        return dict(given)

    async def _indexes(self, people: People, keys: Sequence[str]) -> tuple[bytes, ...]:
        return await people.indexes(keys, self.plain.since, self.plain.until) if keys else ()

"""What an auditor looks for, before people in it become keyed indexes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import orjson

from gateway.audit.people import People
from gateway.ports import LogSearch


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Whatever is given must hold; empty means any. The words are those of `LogSearch`."""

    exchange: str = ""
    phase: str = ""
    requester: str = ""
    agency: str = ""
    procedure: str = ""
    dossier: str = ""
    purpose: str = ""
    result: str = ""
    source: str = ""
    outcome: str = ""
    #: keys of one subject (`Subject.key`), one for each identifier that is known of it
    subject: tuple[str, ...] = ()
    #: personal id
    official: str = ""
    since: str = ""
    until: str = ""

    @property
    def names(self) -> str:
        """The names of the filters that are given, never what they hold."""
        return " ".join(one.name for one in fields(self) if getattr(self, one.name))

    @property
    def digestible(self) -> bytes:
        """All of it, for a signature."""
        return orjson.dumps({one.name: getattr(self, one.name) for one in fields(self)})

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
        plain = {
            one.name: getattr(self, one.name)
            for one in fields(self)
            if one.name not in {"subject", "official"}
        }
        return LogSearch(**plain, subjects=subject_indexes, officials=official_indexes)

    async def _indexes(self, people: People, keys: Sequence[str]) -> tuple[bytes, ...]:
        return await people.indexes(keys, self.since, self.until) if keys else ()

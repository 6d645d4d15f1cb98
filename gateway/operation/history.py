"""Configurations that were in force, as the exchange log has them: the digest, since when, and which parts changed."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gateway.audit.shown import members_of
from gateway.domain.exchange import Phase
from gateway.ports.exchange_log import LogReader, LogSearch

_BEGINNINGS = {"start", "reload"}
_NOT_PARTS = frozenset({"gateway", "before"})


class PastConfiguration(NamedTuple):
    """One start or reload of a process."""

    leaf_index: int
    exchange: str
    time: str
    #: `start` or `reload`
    event: str
    digest: str
    #: release of the gateway
    version: str
    #: part -> digest
    parts: Mapping[str, str]

    def changed(self, before: "PastConfiguration") -> list[str]:
        """The parts that differ from a former one."""
        names = {**before.parts, **self.parts}
        return [name for name in names if before.parts.get(name) != self.parts.get(name)]


async def history(reader: LogReader, before: int | None, count: int) -> Sequence[PastConfiguration]:
    """The newest starts and reloads below leaf index `before`, newest first. Raises LogUnavailable."""
    found: list[PastConfiguration] = []
    while len(found) < count:
        page = await reader.search(LogSearch(phase=Phase.CONFIGURATION.value), before, count)
        found += [one for entry in page if (one := _read(entry.index, members_of(entry))) is not None]
        if len(page) < count:
            break
        before = page[-1].index
    return found[:count]


def _read(index: int, members: Mapping[str, Any] | None) -> PastConfiguration | None:
    if members is None or members["result"] not in _BEGINNINGS:
        return None
    notes = {name: str(value) for name, value in members["notes"].items()}
    parts = {name: value for name, value in notes.items() if name not in _NOT_PARTS}
    return PastConfiguration(
        index,
        members["exchange"],
        members["time"],
        members["result"],
        members["config"],
        notes.get("gateway", ""),
        parts,
    )

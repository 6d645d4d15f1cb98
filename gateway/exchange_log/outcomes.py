"""The outcome records of the requester's own exchange: later steps about it need them."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.domain import sentences as say
from gateway.domain.errors import NotFound
from gateway.domain.exchange import Phase
from gateway.domain.parties import Requester
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.merkle import leaf_hash
from gateway.exchange_log.record import decode
from gateway.ports.exchange_log import LogReader, LogSearch

Members = Mapping[str, Any]
#: `result` of the record of a decision about a preview
DECISION = "decision"
#: `result` of the record of a report of wrong data
REPORTED = ("correction_opened", "correction_repeated")
_MOST = 20
#: of all people of an exchange, newest first, with other deliveries about them
_MOST_REPORTS = 200


async def outcomes(reader: LogReader, exchange: str, requester: Requester) -> list[Members]:
    """What of it left, the newest first. NotFound for none and for another's alike. Raises LogUnavailable.

    An outcome that waited (note `waits`) left only if a record says so (`fetched`); one that was replaced
    (`instead_of`) did not leave.
    """
    found = await _own_records(reader, exchange, requester.id, Phase.OUTCOME)
    fetched: set[object] = set()
    if any("waits" in one["notes"] for one in found.values()):
        deliveries = await _own_records(reader, exchange, requester.id, Phase.DELIVERY)
        fetched = {one["notes"].get("fetched") for one in deliveries.values()}
    stayed = {one["notes"].get("instead_of") for one in found.values()}
    found = {
        leaf: one
        for leaf, one in found.items()
        if leaf not in stayed and ("waits" not in one["notes"] or leaf in fetched)
    }
    if not found:
        raise NotFound(say.NO_SUCH_EXCHANGE, code=ProblemCode.EXCHANGE_UNKNOWN)
    return [*found.values()]


async def decisions(reader: LogReader, exchange: str, requester: str) -> list[Members]:
    """The citizen's decisions about the exchange, the newest first. Raises LogUnavailable."""
    records = await _own_records(reader, exchange, requester, Phase.CONSENT)
    return [one for one in records.values() if one["result"] == DECISION]


async def has_proven_login(reader: LogReader, exchange: str, requester: str) -> bool:
    """Whether an identity provider proved who signed in. Raises LogUnavailable."""
    records = await _own_records(reader, exchange, requester, Phase.INTENT)
    return any("login" in one["notes"] for one in records.values())


async def filings(reader: LogReader, exchange: str, requester: str, dossier: str) -> list[Members]:
    """The records of its form becoming this dossier, the newest first. Raises LogUnavailable."""
    records = await _own_records(reader, exchange, requester, Phase.DELIVERY)
    return [one for one in records.values() if one["dossier"] == dossier]


async def reports(
    reader: LogReader, exchange: str, requester: str, persons: Sequence[bytes], since: str
) -> list[Members]:
    """Reports of wrong data that the exchange showed about these people (keyed indexes). Raises LogUnavailable.

    `since`: when it showed them. A report of the last moment, which has no place in the tree yet, is not among them.
    """
    if not persons:
        return []
    wanted = LogSearch(phase=Phase.DELIVERY.value, requester=requester, subjects=tuple(persons), since=since)
    records = [decode(entry.leaf) for entry in await reader.search(wanted, None, _MOST_REPORTS)]
    return [one for one in records if one["notes"].get("shown_in") == exchange and one["result"] in REPORTED]


async def _own_records(reader: LogReader, exchange: str, requester: str, phase: Phase) -> dict[str, Members]:
    """Leaf hash -> record, the newest first, also without an index in the tree."""
    # Asked first: what gets its place meanwhile is then found twice, and not missed.
    waiting = {leaf_hash(leaf).hex(): decode(leaf) for leaf in await reader.waiting(exchange)}
    written = (exchange, phase.value, requester)
    found: dict[str, Members] = {
        digest: one
        for digest, one in waiting.items()
        if (one["exchange"], one["phase"], one["requester"]) == written
    }
    wanted = LogSearch(exchange=exchange, phase=phase.value, requester=requester)
    for entry in await reader.search(wanted, None, _MOST):
        found.setdefault(leaf_hash(entry.leaf).hex(), decode(entry.leaf))
    return found

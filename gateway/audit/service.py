"""The look-ups of auditors: find records, prove them, and identify, with a reason, who they are about.

Every look-up is recorded durably before its answer: no record, no release.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.audit.cursors import Cursors
from gateway.audit.filters import Filters
from gateway.audit.past import archived, gone_exchange, hints, skipped
from gateway.audit.people import People
from gateway.audit.proofs import TreeProofs
from gateway.audit.shown import members_of, shown
from gateway.audit.titles import Titles
from gateway.domain import sentences as say
from gateway.domain.errors import GatewayError, NotFound
from gateway.domain.exchange import Phase
from gateway.domain.parties import Caller, parent_key
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import AuditReason
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.ports.exchange_log import NO_PLACE, LogEntry, LogHistory, LogPlaces, LogReader, LogSearch

#: shown records of one exchange
MOST_RECORDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditContext:
    """Shared by all look-ups."""

    recorder: Recorder
    reader: LogReader
    finder: LogPlaces
    proofs: TreeProofs
    people: People
    cursors: Cursors
    #: public key of the checkpoints
    vkeys: tuple[str, ...]
    history: LogHistory
    #: of the configuration in force
    titles: Titles

    async def note(
        self,
        caller: Caller,
        operation: str,
        filters: str = "",
        people: Mapping[str, str] | None = None,
        **more: str | int | bool,
    ) -> None:
        """Record a look-up durably. Raises LogUnavailable."""
        about = RecordHeader(caller.exchange, caller.requester.id, caller.agency, subjects=people or {})
        notes = {"operation": operation, "filters": filters, **caller.notes, **more}
        await self.recorder.write(about, Phase.LOOKUP, notes=notes)

    async def page(
        self, filters: Filters, before: int | None, count: int
    ) -> tuple[Sequence[LogEntry], int | None]:
        """A page of matching records, newest first, and the start of the next page; None at the end."""
        wanted = await filters.search(self.people)
        if wanted is None:
            return [], None
        found = await self.reader.search(wanted, before, count + 1)
        return (found[:count], found[count - 1].index) if len(found) > count else (found, None)

    async def page_within(
        self, filters: Filters, before: int | None, count: int, seconds: float
    ) -> tuple[Sequence[LogEntry], int | None]:
        """The same in about so many seconds: fewer records where they are rare, and the start of the next page."""
        wanted = await filters.search(self.people)
        if wanted is None:
            return [], None
        found, rest = await self.reader.search_within(wanted, before, count + 1, seconds)
        return (found[:count], found[count - 1].index) if len(found) > count else (found, rest)

    async def places(self, filters: Filters, before: int, count: int) -> Sequence[int]:
        """The newest indexes of matching records below `before`."""
        wanted = await filters.search(self.people)
        return [] if wanted is None else await self.finder.places(wanted, before, count)

    async def exchange(self, exchange: str) -> list[LogEntry]:
        """All records of one exchange in order; those without an index yet are last, at `NO_PLACE`.

        Raises NotFound.
        """
        # Read first: a record that gets its index meanwhile is then found twice, not missed.
        waiting = [LogEntry(NO_PLACE, leaf) for leaf in reversed(await self.reader.waiting(exchange))]
        found = await self._numbered(exchange)
        leaves = {one.leaf for one in found}
        found += [one for one in waiting if one.leaf not in leaves and _is_of(one, exchange)]
        if not found:
            raise await self._unknown(exchange)
        return found

    async def provable(self, exchange: str) -> list[LogEntry]:
        """The records with an index in the tree. Raises NotFound if there are none (yet)."""
        if found := await self._numbered(exchange):
            return found
        raise await self._unknown(exchange, retry_after=1)

    async def _numbered(self, exchange: str) -> list[LogEntry]:
        found, _ = await self.page(Filters(plain=LogSearch(exchange=exchange)), None, MOST_RECORDS)
        return sorted(found)

    async def _unknown(self, exchange: str, retry_after: int | None = None) -> NotFound:
        pruned = gone_exchange(await self.history.history(), exchange)
        return pruned or NotFound(
            say.NO_RECORD_OF_EXCHANGE, code=ProblemCode.EXCHANGE_UNKNOWN, retry_after=retry_after
        )

    async def signers(self) -> tuple[str, ...]:
        """The public key of the checkpoints, then all former ones."""
        return tuple(dict.fromkeys((*self.vkeys, *(await self.history.history()).vkeys)))

    async def past(self, filters: Filters) -> dict[str, Any]:
        """What a search could not read: periods without keys, archives, other numbers; and codes that nobody has."""
        history = await self.history.history()
        by_person = bool(filters.subject or filters.official)
        unreadable = await self.people.unreadable() if by_person else ()
        return {
            "skipped_periods": skipped(filters, history, unreadable),
            "archives": archived(history, filters.plain.since, filters.plain.until),
            "notes": [*hints(filters), *self.titles.unknown(filters.plain)],
        }


def _is_of(entry: LogEntry, exchange: str) -> bool:
    """Whether the record belongs to the exchange: records of other exchanges may name it too."""
    members = members_of(entry)
    return members is not None and members["exchange"] == exchange


class Audit:
    """The look-ups of auditors; answers are ready for JSON."""

    def __init__(self, context: AuditContext) -> None:
        """Keeps nothing."""
        self.context = context
        self.proofs = context.proofs

    async def search(
        self,
        caller: Caller,
        filters: Filters,
        cursor: str | None,
        count: int,
        reason: str = "",
        seconds: float | None = None,
    ) -> dict[str, object]:
        """One page of records without personal data. Raises BadRequest for a cursor of another search.

        `reason`: why somebody is searched for, recorded before the search. `seconds`: for which rare records are
        looked for; the page may then have fewer than `count`, even none, and a next page.
        """
        context = self.context
        bound = b"search\0" + caller.requester.id.encode() + b"\0" + filters.digestible
        before = None if cursor is None else context.cursors.opened(cursor, bound)
        why = {"reason": reason} if reason else {}
        await context.note(caller, "search", filters.names, filters.people, further=cursor is not None, **why)
        found, following = await (
            context.page(filters, before, count) if seconds is None
            else context.page_within(filters, before, count, seconds)
        )  # fmt: skip
        return {
            "exchange_id": caller.exchange,
            "records": [shown(entry) for entry in found],
            "next": None if following is None else context.cursors.after(following, bound),
            **await context.past(filters),
        }

    async def records(self, caller: Caller, exchange: str) -> dict[str, object]:
        """The records of one exchange. Raises NotFound."""
        await self.context.note(caller, "records", "exchange", of=exchange)
        found = await self.context.exchange(exchange)
        return {"exchange_id": exchange, "records": [shown(entry) for entry in found]}

    async def opened(self, caller: Caller, exchange: str) -> dict[str, object]:
        """The records of one exchange with their evidence, in one look-up. Raises NotFound."""
        await self.context.note(caller, "records", "exchange", of=exchange)
        found = await self.context.exchange(exchange)
        return {
            "exchange_id": exchange,
            "records": [shown(entry) for entry in found],
            "evidence": await self._evidence(exchange, found),
        }

    async def evidence(self, caller: Caller, exchange: str) -> dict[str, object]:
        """What proves the records of one exchange, for a reader that verifies it: their own bytes too.

        Raises NotFound. A record that somebody changed is there with the proof that it does not fit.
        """
        await self.context.note(caller, "proof", "exchange", of=exchange)
        return await self._evidence(exchange, await self.context.exchange(exchange))

    async def _evidence(self, exchange: str, found: Sequence[LogEntry]) -> dict[str, object]:
        try:
            note, head = await self.proofs.checkpoint()
        except NotFound:  # before the first record has its place
            return {
                "exchange_id": exchange,
                "checkpoint": "",
                "vkeys": [],
                "waiting": len(found),
                "proofs": [],
            }
        placed = [entry for entry in found if NO_PLACE < entry.index < head.size]
        return {
            "exchange_id": exchange,
            "checkpoint": note,
            "vkeys": list(await self.context.signers()),
            "waiting": len(found) - len(placed),
            "proofs": [await self.proofs.evidence(entry, head.size, head.root) for entry in placed],
        }

    async def note_configuration(self, caller: Caller, digest: str) -> None:
        """Record that the text of a configuration is looked at. Raises LogUnavailable."""
        await self.context.note(caller, "configuration", configuration=digest)

    async def proofs_of(self, caller: Caller, exchange: str, size: int | None) -> dict[str, object]:
        """Inclusion proofs of all records of one exchange."""
        await self.context.note(caller, "proof", "exchange", of=exchange)
        found = await self.context.provable(exchange)
        size = (await self.proofs.checkpoint())[1].size if size is None else size
        return {"proofs": [await self.proofs.inclusion(entry, size) for entry in found]}

    async def identify(self, caller: Caller, exchange: str, reason: str) -> dict[str, object]:
        """Who the records of one exchange are about. The reason is recorded, unsealed, before the answer.

        The record names the shown persons: a search by person finds who saw their identity. A look-up of an
        unknown or unreadable exchange is recorded too.
        """
        try:
            found = await self.context.exchange(exchange)
            known = [await self._opened(entry) for entry in found]
        except GatewayError:
            await self.context.note(caller, "identify", "exchange", of=exchange, reason=reason)
            raise
        people = _people([opened for _, opened in known if opened is not None])
        await self.context.note(caller, "identify", "exchange", people, of=exchange, reason=reason)
        erased = (await self.context.history.history()).erased
        records = [_identified(entry, *one, erased=erased) for entry, one in zip(found, known, strict=True)]
        return {"exchange_id": exchange, "records": records}

    async def _opened(self, entry: LogEntry) -> tuple[dict[str, Any] | None, Mapping[str, Any] | None]:
        """The members of a record and its sealed part; None if unreadable."""
        members = members_of(entry)
        return members, None if members is None else await self.context.people.opened(members)


def _people(opened: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """All people in these records, as subjects of the look-up's record (see `Filters.people`).

    A newborn's key has the number of a parent, who is one of them.
    """
    subjects = [key for one in opened for key in one["subjects"].values()]
    keys = dict.fromkeys([*subjects, *filter(None, map(parent_key, subjects))])
    officials = dict.fromkeys(one["official"] for one in opened if one["official"])
    named = {f"subject_{number}": key for number, key in enumerate(keys, 1)}
    return named | {f"official_{number}": f"person|{one}" for number, one in enumerate(officials, 1)}


def _identified(
    entry: LogEntry,
    members: Mapping[str, Any] | None,
    opened: Mapping[str, Any] | None,
    *,
    erased: Mapping[str, str],
) -> dict[str, Any]:
    phase = "" if members is None else members["phase"]
    procedure = "" if members is None else members["procedure"]
    known = {
        "leaf_index": entry.index, "phase": phase, "procedure": procedure, "readable": opened is not None,
    }  # fmt: skip
    if opened is None:
        period = "" if members is None else members["period"]
        return {**known, "reason": _why(period, erased), **_NOBODY}
    return {
        **known,
        "reason": None,
        **_who_asked(members or {}, opened["official"] or None),
        "subjects": {role: _named(key) for role, key in opened["subjects"].items()},
    }


#: for an unreadable record
_NOBODY: Mapping[str, Any] = {
    "official": None,
    "on_duty": False,
    "duty_official": None,
    "asked_by": None,
    "subjects": {},
}


def _who_asked(members: Mapping[str, Any], official: str | None) -> dict[str, Any]:
    """The official who asked. An official on duty did not act: only the agency's queries carry that name."""
    if not members.get("on_duty"):
        return {"official": official, "on_duty": False, "duty_official": None, "asked_by": None}
    role = members["notes"].get("asked_by")
    return {"official": None, "on_duty": True, "duty_official": official, "asked_by": role}


def _why(period: str, erased: Mapping[str, str]) -> dict[str, str]:
    """Why the sealed part of a record cannot be read."""
    if period in erased:
        return AuditReason.PERIOD_ERASED.titled(period=period, day=erased[period][:10])
    return AuditReason.SEAL_BROKEN.titled()


def _named(key: str) -> dict[str, str]:
    """Kind and strongest identifier of a subject, from its key (`Subject.key`)."""
    kind, _, identifier = key.partition("|")
    return {"kind": kind, "identifier": identifier.strip("|")}

"""The relay: dossiers and their progress, from provincial systems to portals and back.

What is accepted is stored with its record and its deliveries in one transaction, and only then answered. The same
dossier again changes nothing. Another requester's dossier does not exist.
"""

import asyncio
import contextlib
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2s
from typing import Any, NamedTuple

import orjson

from gateway.config.configuration import Configuration
from gateway.config.portals import PortalSettings
from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.dossier import (
    PROVINCE,
    Applicant,
    Dossier,
    DossierStatus,
    MessageKind,
    ProgressEntry,
    ReturnMethod,
    StatusNotice,
    status_at,
)
from gateway.domain.errors import Conflict, NotFound, RowConflict, Unprocessable
from gateway.domain.exchange import Phase, Receipt
from gateway.domain.identifiers import ExchangeId, new_exchange_id, procedure_code
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.keys import PeriodKeys
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.mapping.load import Catalogue
from gateway.ports.exchange_log import Work
from gateway.ports.policy import KnownDossier
from gateway.ports.relay import (
    DeliveryEvent,
    DeliveryRow,
    DeliverySearch,
    DeliveryState,
    DossierRow,
    DossierSearch,
    EventRow,
    KeyRow,
    Portal,
    RelayRows,
    TakenIn,
)
from gateway.relay.contents import Contents, digest, in_records, indexed, owners, plain, sealed
from gateway.relay.outbox import Outbox
from gateway.relay.request_keys import RequestKeys
from gateway.relay.scoring import as_remembered, facts_of, facts_with_path
from gateway.relay.statuses import Standing, StatusRules, StepVerdict, fold, is_final
from gateway.relay.units import check_unit
from gateway.relay.versions import replaced_version, with_version
from gateway.relay.writable import check_writable

_ACCEPTED = 202
#: a step ahead of the clock is queued for this gateway itself
EARLY = "early"
_FOLLOWED = (StepVerdict.APPLIED, StepVerdict.LATE, StepVerdict.REPEATED)
#: statuses that a date of the dossier tells
_DATED = {
    DossierStatus.REFUSED: "refused_at",
    DossierStatus.PROCESSED: "processed_at",
    DossierStatus.HANDED_OVER: "handed_over_at",
}
#: the longest wait for a portal that is asked in between
_ASK_SECONDS = 10.0
LEGAL_BASIS = "Nghị định 118/2025/NĐ-CP"
#: how often a concurrent change is looked at again
_TRIES = 8
INBOX = "inbox:"
#: of the receiver that fetches files for a portal's dossiers
FILES = "files:"
#: why a dossier is parked
UNKNOWN_PROCEDURE = "procedure_not_configured"


class Party(NamedTuple):
    """Who a dossier comes from."""

    #: the provincial system that it belongs to
    requester: str
    agency: str
    #: `province`, or a portal
    origin: str
    exchange: ExchangeId


class Accepted(NamedTuple):
    """What became of one dossier or of some steps of it."""

    state: TakenIn
    row: DossierRow
    #: the deliveries that were queued
    deliveries: Sequence[DeliveryRow]
    #: verdict of each step of the request, by its id
    verdicts: Mapping[str, str]
    receipt: Receipt


class _DossierChange(NamedTuple):
    """A change of one dossier, before it is stored."""

    row: DossierRow
    before: int
    events: Sequence[EventRow]
    deliveries: Sequence[DeliveryRow]
    state: TakenIn
    verdicts: Mapping[str, str]
    #: digests of the files that the dossier names
    files: Sequence[str] = ()
    #: the replaced version whose content came again; 0: none
    repeats: int = 0


class _KeyedRequest(NamedTuple):
    """A request under an Idempotency-Key: its answer is stored with its last change."""

    key: KeyRow
    #: the answer, from what became of the last dossier
    answer: Callable[["Accepted | _DossierChange"], Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierRelay:
    """Takes dossiers in and shows them, under one configuration."""

    configuration: Configuration
    catalogue: Catalogue
    rows: RelayRows
    contents: Contents
    recorder: Recorder
    outbox: Outbox
    keys: RequestKeys
    #: separates digests of steps from all others
    secret: bytes = field(repr=False)
    rules: StatusRules = field(default_factory=StatusRules)

    # ------------------------------------------------------------------------------------ from the province

    async def post(self, dossier: Dossier, caller: Caller, key: str = "") -> dict[str, object]:
        """Take a dossier of a provincial system in, for every portal that takes dossiers.

        Raises Conflict (the code belongs to another system, or a twin is under way), Unprocessable (another request
        used the key; a receiver could never take it), RelayUnavailable, LogUnavailable.
        """
        text = orjson.dumps(("dossier", plain(dossier)), option=orjson.OPT_SORT_KEYS) if key else b""
        async with self.keys.held(caller.requester.id, key, text) as asked:
            if asked is not None and asked.status:
                return self._again(asked, caller)
            party = Party(caller.requester.id, caller.agency, PROVINCE, caller.exchange)
            targets = self.takers(MessageKind.DOSSIER)
            keyed = None if asked is None else _KeyedRequest(asked, _said)
            accepted = await self.take(dossier, party, targets, keyed=keyed)
        self.outbox.wake()
        return {"exchange_id": caller.exchange, **_said(accepted), "receipt": _receipt(accepted.receipt)}

    async def progress(
        self, entries: Sequence[ProgressEntry], caller: Caller, key: str = "", *, forwarded: bool = False
    ) -> dict[str, object]:
        """Take steps of dossiers in. Raises as `post`; NotFound for a dossier that is not the caller's.

        `forwarded`: of the dossier that a portal forwarded, where the province has one of the same code.
        """
        text = orjson.dumps(("progress", [plain(one) for one in entries]), option=orjson.OPT_SORT_KEYS)
        async with self.keys.held(caller.requester.id, key, text) as asked:
            if asked is not None and asked.status:
                return self._again(asked, caller)
            party = Party(caller.requester.id, caller.agency, PROVINCE, caller.exchange)
            codes = list(dict.fromkeys(one.dossier for one in entries))
            for place, code in enumerate(codes):
                row = await self._own(code, caller.requester.id, forwarded=forwarded)
                if row is None:
                    raise NotFound(say.NO_SUCH_DOSSIER(place=place), code=ProblemCode.DOSSIER_UNKNOWN)
                self._check_steps(row, [(at, one) for at, one in enumerate(entries) if one.dossier == code])
            taken: list[Accepted | _DossierChange] = []
            for code in codes:
                mine = [one for one in entries if one.dossier == code]
                # A process that ends before the last dossier leaves the key free: the request is sent again, and done.
                keyed = None
                if asked is not None and code == codes[-1]:
                    keyed = _KeyedRequest(asked, lambda last: _progress_said([*taken, last]))
                accepted = await self._step(code, mine, party, keyed, forwarded=forwarded)
                taken.append(accepted)
        self.outbox.wake()
        return {
            "exchange_id": caller.exchange,
            **_progress_said(taken),
            "receipt": _receipt(accepted.receipt),
        }

    # ---------------------------------------------------------------------------------------- from a portal

    async def forwarded(
        self,
        dossier: Dossier,
        portal: PortalSettings,
        exchange: ExchangeId,
        *,
        updating: bool | None,
        raw: Mapping[str, Any],
    ) -> TakenIn:
        """Take a dossier in that a portal forwards, for the provincial system that it names.

        Raises RelayUnavailable, LogUnavailable.
        """
        door = portal.door
        assert door is not None
        known = procedure_code(dossier.procedure) in self.catalogue.procedures
        if not known and door.unknown_procedure == "refuse":
            return TakenIn.REFUSED
        dossier = await self._with_known_files(dossier, portal)
        targets = receivers(portal, door.forwards_to, [plain(one) for one in dossier.papers])
        party = Party(door.forwards_to, "", portal.portal, exchange)
        accepted = await self.take(
            dossier, party, targets, updating=updating, raw=raw, parked="" if known else UNKNOWN_PROCEDURE
        )
        self.outbox.wake()
        return accepted.state

    async def _with_known_files(self, dossier: Dossier, portal: PortalSettings) -> Dossier:
        """With references to files that were fetched before from the same addresses."""
        row = None
        if any(one.url and not one.file for one in dossier.papers):
            row = await self.rows.dossier(portal.portal, dossier.code)
        content = None if row is None else await self.contents.open(row.period, row.sealed, _context(row))
        if not content:
            return dossier
        known = {
            one.get("url", ""): one["file"] for one in content["dossier"].get("papers", ()) if one.get("file")
        }
        papers = tuple(
            one.model_copy(update={"file": known[one.url]}) if one.url in known and not one.file else one
            for one in dossier.papers
        )
        return dossier.model_copy(update={"papers": papers})

    async def files_came(
        self, portal: PortalSettings, code: str, files: Mapping[str, str], exchange: ExchangeId
    ) -> None:
        """Put references into the papers of a forwarded dossier: `files` are addresses and references.

        Raises Conflict, RelayUnavailable, LogUnavailable.
        """
        assert portal.door is not None
        for _ in range(_TRIES):
            row = await self.rows.dossier(portal.portal, code)
            content = None if row is None else await self.contents.open(row.period, row.sealed, _context(row))
            if row is None or content is None:
                return
            dossier = Dossier.model_validate(content["dossier"])
            papers = tuple(
                one.model_copy(update={"file": files[one.url]}) if one.url in files and not one.file else one
                for one in dossier.papers
            )
            if papers == dossier.papers:
                return
            party = Party(row.requester, "", portal.portal, exchange)
            with contextlib.suppress(Conflict):
                await self.take(
                    dossier.model_copy(update={"papers": papers}), party, receivers(portal, row.requester),
                    raw=content.get("raw"), parked=row.parked, replaces=row.version,
                )  # fmt: skip
                self.outbox.wake()
                return
        raise Conflict(say.DOSSIER_CHANGES, code=ProblemCode.DOSSIER_UNDER_WAY, retry_after=1)

    async def files_there(self, portal: str, code: str) -> dict[str, str]:
        """Addresses and references of the files that a forwarded dossier has by now."""
        row = await self.rows.dossier(portal, code)
        content = None if row is None else await self.contents.open(row.period, row.sealed, _context(row))
        papers = () if content is None else content["dossier"].get("papers", ())
        return {one["url"]: one["file"] for one in papers if one.get("url") and one.get("file")}

    async def steps_of_portal(
        self, entries: Sequence[ProgressEntry], portal: PortalSettings, exchange: ExchangeId
    ) -> TakenIn:
        """Steps of dossiers that a portal forwarded: citizens withdraw there, or give more. Raises NotFound."""
        states = set()
        for code in dict.fromkeys(one.dossier for one in entries):
            row = await self.rows.dossier(portal.portal, code)
            if row is None:
                raise NotFound(say.NO_SUCH_DOSSIER(place=0), code=ProblemCode.DOSSIER_UNKNOWN)
            party = Party(row.requester, "", portal.portal, exchange)
            mine = [one for one in entries if one.dossier == code]
            states.add((await self._step(code, mine, party, None)).state)
        self.outbox.wake()
        return TakenIn.REPEATED if states == {TakenIn.REPEATED} else TakenIn.UPDATED

    # -------------------------------------------------------------------------------------------- looking up

    async def of_portal(self, code: str, portal: str, exchange: ExchangeId) -> Mapping[str, Any] | None:
        """A dossier that a portal forwarded, for that portal, as `as_known`. Recorded."""
        row = await self.rows.dossier(portal, code)
        header = RecordHeader(exchange, portal, dossier=in_records(code))
        await self.recorder.write(header, Phase.LOOKUP, "dossier_shown" if row else "dossier_not_found")
        return None if row is None else await self.as_known(row)

    async def of_owner(
        self, person: str, wanted: DossierSearch, exchange: ExchangeId, party: str
    ) -> list[Mapping[str, Any]]:
        """Dossiers of an owner (`Subject.key`), each as `as_known`, last changed first. Recorded for `party`."""
        persons = await self.contents.indexes(person)
        header = RecordHeader(exchange, party, subjects={"owner": person})
        await self.recorder.write(header, Phase.LOOKUP, "dossiers_searched")
        found = await self.rows.dossiers(wanted._replace(persons=persons)) if persons else ()
        return [await self.as_known(one) for one in found]

    async def looked_up(self, code: str, caller: Caller) -> Mapping[str, Any] | None:
        """A dossier of the caller, as `as_known`; None when it is not there. Recorded."""
        row = await self._own(code, caller.requester.id)
        await self._note(caller, "dossier_shown" if row else "dossier_not_found", code)
        return None if row is None else await self.as_known(row)

    async def as_known(self, row: DossierRow) -> Mapping[str, Any]:
        """What is known of a dossier: canonical, with the status that follows from its steps; it names nobody.

        Of an erased one only the facts are left: dates and the way of return. What a portal did not say of the way of
        return stays out of it: our default is not its word.
        """
        content = await self.contents.open(row.period, row.sealed, _context(row))
        known = as_remembered(orjson.loads(row.facts)) if content is None else dict(content["dossier"])
        if row.origin == PROVINCE:
            known.setdefault("return_method", str(ReturnMethod.COUNTER))
        elif content is None and known.get("return_method") == ReturnMethod.COUNTER:
            del known["return_method"]
        for name in ("applicant", "papers", "results", "supplements", "more"):
            known.pop(name, None)
        if not known.get("agency") and row.agency:
            known["agency"] = row.agency
        return {
            **known,
            "code": row.code,
            "procedure": known.get("procedure", row.procedure),
            "status": row.status,
        }

    async def ask(
        self, portal: Portal, operation: str, parameters: Mapping[str, Any], caller: Caller
    ) -> Mapping[str, Any]:
        """Pass a read-only operation on to a portal; recorded before it is asked. Raises PortalUnavailable."""
        await self._note(caller, "passed_on", "", None, asked=operation)
        end = asyncio.get_running_loop().time() + _ASK_SECONDS
        return await portal.ask(operation, parameters, end)

    async def known(self, code: str, requester: str, persons: Collection[str]) -> KnownDossier | None:
        """A dossier of this requester and of one of these people (`gateway.ports.policy.Dossiers`)."""
        indexes = [index for person in persons for index in await self.contents.indexes(person)]
        if not indexes:
            return None
        wanted = DossierSearch(persons=indexes, code=code, requester=requester, most=5)
        found = await self.rows.dossiers(wanted)
        states = [(not is_final(one.status), one.origin != PROVINCE) for one in found]
        return KnownDossier(*max(states)) if states else None

    async def show(self, code: str, caller: Caller) -> dict[str, object]:
        """One dossier: its content, its steps, its deliveries. The look-up is recorded. Raises NotFound."""
        row = await self._own(code, caller.requester.id)
        content = None if row is None else await self.contents.open(row.period, row.sealed, _context(row))
        subjects = _subjects(owners_in(content))
        await self._note(caller, "dossier_shown" if row else "dossier_not_found", code, subjects)
        if row is None:
            raise NotFound(say.NO_SUCH_DOSSIER(place=0), code=ProblemCode.DOSSIER_UNKNOWN)
        events = await self.rows.events(row.origin, row.code)
        sent = await self.rows.deliveries(DeliverySearch(code=row.code, requester=row.requester, most=200))
        verdicts = fold(events, self.recorder.clock.now().timestamp(), self.rules).verdicts
        steps = [await self._event(one, verdicts[one.id]) for one in events]
        return {
            "exchange_id": caller.exchange, **_listed(row), "dossier": None if content is None else content["dossier"],
            "history": steps, "deliveries": [delivery_of(one) for one in sent],
        }  # fmt: skip

    async def content(self, code: str, caller: Caller) -> Dossier:
        """The content of a dossier of the caller. Raises NotFound, also when its content is erased."""
        row = await self._own(code, caller.requester.id)
        found = None if row is None else await self.contents.open(row.period, row.sealed, _context(row))
        if found is None:
            raise NotFound(say.NO_SUCH_DOSSIER(place=0), code=ProblemCode.DOSSIER_UNKNOWN)
        return Dossier.model_validate(found["dossier"])

    async def search(self, caller: Caller, person: str, wanted: DossierSearch) -> dict[str, object]:
        """The caller's dossiers, last changed first; with `person` (`Subject.key`), those of an owner. Recorded."""
        persons = await self.contents.indexes(person) if person else ()
        await self._note(caller, "dossiers_searched", "", {"owner": person} if person else {})
        found: Sequence[DossierRow] = ()
        if persons or not person:
            found = await self.rows.dossiers(
                wanted._replace(persons=persons, requester=caller.requester.id, most=wanted.most + 1)
            )
        page = found[: wanted.most]
        last = page[-1] if len(found) > wanted.most else None
        return {
            "exchange_id": caller.exchange, "dossiers": [_listed(one) for one in page],
            "next": None if last is None else f"{last.changed!r}|{last.code}",
        }  # fmt: skip

    async def status(self, caller: Caller, code: str, person: str) -> dict[str, object]:
        """The status of a dossier for its owner: the number must be the owner's. Recorded. Raises NotFound."""
        indexes = await self.contents.indexes(person)
        found = await self.rows.dossiers(DossierSearch(persons=indexes, code=code, most=5)) if indexes else ()
        await self._note(caller, "status_shown" if found else "status_not_found", code, {"owner": person})
        if not found:
            raise NotFound(say.NO_SUCH_DOSSIER_OF_OWNER, code=ProblemCode.DOSSIER_UNKNOWN)
        # That of the portal first: a system of the province may have taken the same code.
        row = min(found, key=lambda one: one.origin == PROVINCE)
        events = await self.rows.events(row.origin, row.code)
        verdicts = fold(events, self.recorder.clock.now().timestamp(), self.rules).verdicts
        steps = [
            {"at": _moment(one.at), "status": one.status}
            for one in events
            if verdicts[one.id] in (StepVerdict.APPLIED, StepVerdict.LATE)
        ]
        return {"exchange_id": caller.exchange, **_listed(row), "history": steps}

    async def inbox(self, caller: Caller, after: int, most: int) -> dict[str, object]:
        """What portals forwarded to the caller and it did not acknowledge, oldest first. Recorded before it leaves."""
        rows = await self.rows.inbox(caller.requester.id, after, most)
        items = []
        subjects: dict[str, str] = {}
        for row in rows:
            message = await self.contents.open(row.period, row.sealed, row.id)
            for one in owners_in(message):
                subjects[f"owner{len(subjects) or ''}"] = one
            items.append(_item(row, message))
        if rows:
            await self._note(caller, "inbox_read", "", subjects, items=len(rows))
        return {"exchange_id": caller.exchange, "items": items, "next": rows[-1].seq if rows else after}

    async def acknowledge(self, caller: Caller, deliveries: Sequence[str]) -> dict[str, object]:
        """Mark items of the caller's inbox as taken over; one that is already stays so.

        Raises NotFound when one is not the caller's.
        """
        mine = INBOX + caller.requester.id
        found = [await self.rows.delivery(one) for one in deliveries]
        for place, row in enumerate(found):
            if row is None or row.target != mine:
                raise NotFound(say.NO_SUCH_DELIVERY(place=place), code=ProblemCode.DELIVERY_UNKNOWN)
        now = self.recorder.clock.now().timestamp()
        event = DeliveryEvent(now, "acknowledged", exchange=caller.exchange)
        work = self.rows.acknowledge(caller.requester.id, list(dict.fromkeys(deliveries)), event)
        header = RecordHeader(caller.exchange, caller.requester.id, caller.agency)
        receipt = await self.recorder.write(
            header, Phase.DELIVERY, "inbox_acknowledged", notes={"deliveries": len(deliveries)}, work=work
        )
        return {"exchange_id": caller.exchange, "acknowledged": len(deliveries), "receipt": _receipt(receipt)}

    # ----------------------------------------------------------------------------------------------- inside

    async def take(
        self, dossier: Dossier, party: Party, targets: Sequence[str], *, keyed: _KeyedRequest | None = None,
        updating: bool | None = None, raw: Mapping[str, Any] | None = None, parked: str = "", replaces: int = 0,
    ) -> Accepted:  # fmt: skip
        """Store a dossier, its first or changed status and its deliveries; or see that it is there already.

        `updating` False: one that is there stays as it is. `replaces`: only this version is replaced, else Conflict.
        Raises Conflict, RelayUnavailable, LogUnavailable.
        """
        content = {"dossier": plain(dossier), **({"raw": raw} if raw else {})}
        persons = owners(dossier.applicant)
        if party.origin == PROVINCE:
            # in this order always, so that the answer says nothing of what others have
            check_writable(self.outbox.portals, targets, MessageKind.DOSSIER, content["dossier"])
            await self._check_code(dossier, party)
        for _ in range(_TRIES):
            keys = await self.contents.current()
            found = await self._before(dossier, party)
            if replaces and (found is None or found.version != replaces):
                break
            if found is not None and (updating is False or await self._is_same(found, content)):
                plan = _DossierChange(found, 0, (), (), TakenIn.REPEATED, {})
            elif older := await self._replaced(found, content, party, replaces):
                plan = _DossierChange(older[0], 0, (), (), TakenIn.REPEATED, {}, repeats=older[1])
            else:
                plan = await self._planned(dossier, content, persons, party, targets, found, keys, parked)
            with contextlib.suppress(RowConflict):
                return await self._store(plan, party, persons, keyed)
        raise Conflict(say.DOSSIER_CHANGES, code=ProblemCode.DOSSIER_UNDER_WAY, retry_after=1)

    async def _planned(
        self, dossier: Dossier, content: Mapping[str, Any], persons: Sequence[str], party: Party,
        targets: Sequence[str], found: DossierRow | None, keys: PeriodKeys, parked: str,
    ) -> _DossierChange:  # fmt: skip
        now = self.recorder.clock.now().timestamp()
        at = status_at(dossier)
        step = ProgressEntry(
            dossier=dossier.code, at=at or self.recorder.clock.now(), status=dossier.status,
            status_text=dossier.status_text,
        )  # fmt: skip
        # A status without a date of its own is a step only when it is new.
        is_new_step = found is None or at is not None or found.status != dossier.status
        came = [self._event_row(step, party, keys, now)] if is_new_step else []
        events, standing = await self._folded(party.origin, dossier.code, came, found)
        version = found.version + 1 if found else 1
        facts = facts_of(dossier)
        if party.origin != PROVINCE:
            facts["versions"] = with_version(found, keys, content, version)
        row = DossierRow(
            party.origin, dossier.code, party.requester, dossier.agency or party.agency,
            procedure_code(dossier.procedure), dossier.other_code, standing.status, standing.at, version,
            digest(keys, content), keys.period, indexed(keys, persons), _facts(facts, standing),
            sealed(keys, content, f"{party.origin}|{dossier.code}"), parked, found.opened if found else now, now,
        )  # fmt: skip
        stands = {**content, "dossier": standing_now(content["dossier"], standing.status, standing.at)}
        queued = [
            self._queued(MessageKind.DOSSIER, target, row, party, keys, now, _message(target, stands))
            for target in targets
        ]
        state = TakenIn.PARKED if parked else TakenIn.UPDATED if found else TakenIn.STORED
        before, files = found.version if found else 0, files_of(dossier)
        verdicts = {one.id: one.verdict for one in events}
        return _DossierChange(row, before, events, queued, state, verdicts, files)

    async def _step(
        self, code: str, entries: Sequence[ProgressEntry], party: Party, keyed: _KeyedRequest | None, *,
        forwarded: bool = False,
    ) -> Accepted:  # fmt: skip
        """Store new steps of one dossier and what they tell the portals."""
        for _ in range(_TRIES):
            keys, now = await self.contents.current(), self.recorder.clock.now().timestamp()
            found = await self._found(code, party, forwarded=forwarded)
            if found is None:
                raise NotFound(say.NO_SUCH_DOSSIER(place=0), code=ProblemCode.DOSSIER_UNKNOWN)
            came = [self._event_row(one, party, keys, now, found) for one in entries]
            new, standing = await self._folded(found.origin, found.code, came, found)
            verdicts = {one.id: standing.verdicts[one.id] for one in came}
            if not new:
                plan = _DossierChange(found, 0, (), (), TakenIn.REPEATED, verdicts)
            else:
                ids = {one.id for one in new}
                # The same step twice in one request is one.
                fresh = {event.id: one for one, event in zip(entries, came, strict=True) if event.id in ids}
                row = found._replace(
                    status=standing.status,
                    status_at=standing.at,
                    version=found.version + 1,
                    changed=now,
                    facts=_facts(orjson.loads(found.facts), standing),
                )
                queued = await self._tell(row, fresh, standing, party, keys, now)
                plan = _DossierChange(row, found.version, new, queued, TakenIn.UPDATED, verdicts)
            content = await self.contents.open(found.period, found.sealed, _context(found))
            with contextlib.suppress(RowConflict):
                return await self._store(plan, party, owners_in(content), keyed)
        raise Conflict(say.DOSSIER_CHANGES, code=ProblemCode.DOSSIER_UNDER_WAY, retry_after=1)

    async def _tell(
        self, row: DossierRow, entries: Mapping[str, ProgressEntry], standing: Standing, party: Party,
        keys: PeriodKeys, now: float,
    ) -> list[DeliveryRow]:  # fmt: skip
        """Progress for the portals; the portal that forwarded the dossier gets notices of its status.

        What a portal says goes to the provincial system. A step that the status machine does not follow is kept and
        shown here, and leaves no more. Behind a late step the portals get the dossier again, with the status of now.
        """
        if party.origin != PROVINCE:
            body = {"entries": [plain(one) for one in entries.values()]}
            told = receivers(self.configuration.portals[party.origin], row.requester)
            return [
                self._queued(MessageKind.PROGRESS, target, row, party, keys, now, body) for target in told
            ]
        pairs = sorted(
            ((standing.verdicts[name], one) for name, one in entries.items()), key=lambda pair: pair[1].at
        )
        later = [
            self._early(name, one, row, party, keys, now)
            for name, one in entries.items()
            if standing.verdicts[name] is StepVerdict.EARLY
        ]
        if row.origin != PROVINCE:
            portal = self.configuration.portals.get(row.origin)
            takes = portal is not None and MessageKind.STATUS in portal.takes
            return later + [
                self._queued(MessageKind.STATUS, row.origin, row, party, keys, now, plain(_notice(row, one)))
                for verdict, one in pairs
                if takes and verdict is StepVerdict.APPLIED
            ]
        followed = [one for verdict, one in pairs if verdict in _FOLLOWED]
        body = {"entries": [plain(one) for one in followed]}
        progress = [
            self._queued(MessageKind.PROGRESS, target, row, party, keys, now, body)
            for target in (self.takers(MessageKind.PROGRESS) if followed else ())
        ]
        if any(verdict is StepVerdict.LATE for verdict, _ in pairs):
            progress += await self._as_it_stands(row, party, keys, now)
        return later + progress

    async def _as_it_stands(
        self, row: DossierRow, party: Party, keys: PeriodKeys, now: float
    ) -> list[DeliveryRow]:
        """The dossier with its status of now, for the portals; nothing when its content is erased."""
        content = await self.contents.open(row.period, row.sealed, _context(row))
        if not content:
            return []
        body = standing_now(content["dossier"], row.status, row.status_at)
        return [
            self._queued(MessageKind.DOSSIER, target, row, party, keys, now, body)
            for target in self.takers(MessageKind.DOSSIER)
        ]

    def _early(
        self, step: str, entry: ProgressEntry, row: DossierRow, party: Party, keys: PeriodKeys, now: float
    ) -> DeliveryRow:
        """A step ahead of the clock, for this gateway itself when its time comes (`early.py`)."""
        body = {"origin": row.origin, "code": row.code, "step": step}
        queued = self._queued(MessageKind.PROGRESS, EARLY, row, party, keys, now, body)
        due = entry.at.timestamp() - self.rules.ahead_seconds
        return queued._replace(order_key=f"early|{step}", next_at=max(now, due))

    async def recount(self, origin: str, code: str, step: str) -> None:
        """Count a step whose time has come. Raises Conflict, RelayUnavailable, LogUnavailable."""
        for _ in range(_TRIES):
            keys, now = await self.contents.current(), self.recorder.clock.now().timestamp()
            row = await self.rows.dossier(origin, code)
            events = await self.rows.events(origin, code) if row is not None else ()
            standing = fold(events, now, self.rules)
            event = next((one for one in events if one.id == step), None)
            if row is None or event is None or (row.status, row.status_at) == (standing.status, standing.at):
                return
            content = await self.contents.open(event.period, event.sealed, event.id)
            entries = {step: ProgressEntry.model_validate(content)} if content else {}
            row = row._replace(
                status=standing.status, status_at=standing.at, version=row.version + 1, changed=now,
                facts=_facts(orjson.loads(row.facts), standing),
            )  # fmt: skip
            party = Party(row.requester, row.agency, event.source, new_exchange_id())
            queued = await self._tell(row, entries, standing, party, keys, now)
            plan = _DossierChange(row, row.version - 1, (), queued, TakenIn.UPDATED, {})
            with contextlib.suppress(RowConflict):
                await self._store(plan, party, (), None)
                self.outbox.wake()
                return
        raise Conflict(say.DOSSIER_CHANGES, code=ProblemCode.DOSSIER_UNDER_WAY, retry_after=1)

    def _check_steps(self, row: DossierRow, entries: Sequence[tuple[int, ProgressEntry]]) -> None:
        """Raises Unprocessable for a step that can never be told to a portal. `entries`: with their places."""
        for at, one in entries:
            if row.origin == PROVINCE:
                targets, kind = self.takers(MessageKind.PROGRESS), MessageKind.PROGRESS
                body: Mapping[str, Any] = {"entries": [plain(one)]}
            else:
                takers = self.takers(MessageKind.STATUS)
                targets, kind = [one for one in takers if one == row.origin], MessageKind.STATUS
                body = plain(_notice(row, one))
            check_writable(self.outbox.portals, targets, kind, body, f"/entries/{at}")

    async def _store(
        self, plan: _DossierChange, party: Party, persons: Sequence[str], keyed: _KeyedRequest | None
    ) -> Accepted:
        """Write a plan with its record. Raises RowConflict when a concurrent change came first."""
        row = plan.row
        work: Work | None = None
        key = None
        if keyed is not None:
            key = self.keys.answered(keyed.key, _ACCEPTED, orjson.dumps(keyed.answer(plan)))
        if plan.state is not TakenIn.REPEATED:
            work = self.rows.change(
                key=key,
                dossier=row,
                before=plan.before,
                events=plan.events,
                deliveries=plan.deliveries,
                files=plan.files,
            )
        elif key is not None:
            work = self.rows.change(key=key)
        header = RecordHeader(
            party.exchange, party.requester, in_records(row.agency), in_records(row.procedure), in_records(row.code),
            legal_basis=LEGAL_BASIS, subjects=_subjects(persons),
        )  # fmt: skip
        notes: dict[str, str | int | bool] = {
            "origin": row.origin,
            "version": row.version,
            "steps": len(plan.events),
            "status": row.status,
        }
        notes |= {"deliveries": ",".join(one.target for one in plan.deliveries), "parked": row.parked}
        if plan.repeats:
            notes["repeats_version"] = plan.repeats
        receipt = await self.recorder.write(
            header, Phase.DELIVERY, f"dossier_{plan.state}", notes=notes, work=work
        )
        return Accepted(plan.state, row, plan.deliveries, plan.verdicts, receipt)

    async def _folded(
        self, origin: str, code: str, came: Sequence[EventRow], found: DossierRow | None
    ) -> "tuple[list[EventRow], Standing]":
        """The steps that are new, each with its verdict, and where the dossier stands after them."""
        known = await self.rows.events(origin, code) if found is not None else []
        ids = {one.id for one in known}
        new = list({one.id: one for one in came if one.id not in ids}.values())
        standing = fold((*known, *new), self.recorder.clock.now().timestamp(), self.rules)
        return [one._replace(verdict=standing.verdicts[one.id]) for one in new], standing

    def _event_row(
        self, entry: ProgressEntry, party: Party, keys: PeriodKeys, now: float, row: DossierRow | None = None
    ) -> EventRow:
        content = entry.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        origin, code = (row.origin, row.code) if row else (party.origin, entry.dossier)
        # Of all that it says; the receivers know seconds only.
        said = {**content, "at": int(entry.at.timestamp())}
        plain_id = orjson.dumps((origin, code, party.requester, said), option=orjson.OPT_SORT_KEYS)
        identity = blake2s(plain_id, key=self.secret, digest_size=16, person=b"step").hexdigest()
        closed = sealed(keys, content, identity)
        return EventRow(origin, code, identity, PROVINCE if party.origin == PROVINCE else party.origin,
            entry.status, entry.at.timestamp(), now, "", keys.period, closed)  # fmt: skip

    def _queued(
        self, kind: MessageKind, target: str, row: DossierRow, party: Party, keys: PeriodKeys, now: float,
        body: Mapping[str, Any],
    ) -> DeliveryRow:  # fmt: skip
        delivery = str(new_exchange_id())
        return DeliveryRow(
            0, delivery, target, f"{row.origin}|{row.code}", kind, row.code, row.version, party.requester,
            party.exchange, DeliveryState.QUEUED, 0, "", now, 0.0, now, now, keys.period, sealed(keys, body, delivery),
        )  # fmt: skip

    def report_work(
        self, correction: str, source: str, report: Mapping[str, Any], caller: Caller, keys: PeriodKeys
    ) -> Work | None:
        """Queues a report of a wrong value for the owner of its database; None where no portal takes such reports.

        Raises RowConflict when it is stored and the report is queued already.
        """
        targets = [
            name
            for name, one in self.configuration.portals.items()
            if MessageKind.CORRECTION in one.takes and source in one.sources
        ]
        if not targets:
            return None
        now = self.recorder.clock.now().timestamp()
        queued = []
        for target in targets:
            delivery = str(new_exchange_id())
            queued.append(DeliveryRow(
                0, delivery, target, f"correction|{correction}", MessageKind.CORRECTION, correction, 1,
                caller.requester.id, caller.exchange, DeliveryState.QUEUED, 0, "", now, 0.0, now, now, keys.period,
                sealed(keys, report, delivery),
            ))  # fmt: skip
        key = KeyRow("correction:", correction, b"", b"", _ACCEPTED, now)
        return self.rows.change(key=key, deliveries=queued)

    def takers(self, kind: MessageKind) -> list[str]:
        """The portals that something of this kind is queued for."""
        return [name for name, one in self.configuration.portals.items() if kind in one.takes]

    async def _own(self, code: str, requester: str, *, forwarded: bool = False) -> DossierRow | None:
        """The requester's dossier of this code: its own, else one that a portal forwarded to it; or that one first."""
        wanted = DossierSearch(code=unicodedata.normalize("NFC", code), requester=requester, most=10)
        found = await self.rows.dossiers(wanted)
        return min(found, key=lambda one: (one.origin == PROVINCE) is forwarded, default=None)

    async def _found(self, code: str, party: Party, *, forwarded: bool) -> DossierRow | None:
        if party.origin != PROVINCE:
            return await self.rows.dossier(party.origin, code)
        return await self._own(code, party.requester, forwarded=forwarded)

    async def _before(self, dossier: Dossier, party: Party) -> DossierRow | None:
        """What is stored of a dossier. Raises Conflict when its code belongs to another system of the province.

        Also one that a portal forwarded: nobody but its own system sends the portal anything about it.
        """
        if party.origin != PROVINCE:
            return await self.rows.dossier(party.origin, dossier.code)
        there = await self.rows.dossiers(DossierSearch(code=dossier.code, most=10))
        if any(one.requester != party.requester for one in there):
            code = ProblemCode.DOSSIER_CODE_TAKEN
            await self._note_refusal(dossier, party, code)
            raise Conflict(say.DOSSIER_OF_ANOTHER, code=code)
        return next((one for one in there if one.origin == PROVINCE), None)

    async def _check_code(self, dossier: Dossier, party: Party) -> None:
        """Raises Unprocessable for a code of a unit whose codes the system may not use."""
        settings = self.configuration.requesters.get(party.requester)
        try:
            check_unit(dossier.code, settings.dossier_units if settings else ())
        except Unprocessable:
            await self._note_refusal(dossier, party, ProblemCode.DOSSIER_UNIT_NOT_OWN)
            raise

    async def _note_refusal(self, dossier: Dossier, party: Party, code: ProblemCode) -> None:
        header = RecordHeader(
            party.exchange, party.requester, in_records(dossier.agency or party.agency),
            in_records(procedure_code(dossier.procedure)), in_records(dossier.code),
            subjects=_subjects(owners(dossier.applicant)),
        )  # fmt: skip
        await self.recorder.write(header, Phase.REFUSAL, code.value, rules=("dossier_code",))

    async def _is_same(self, row: DossierRow, content: Mapping[str, Any]) -> bool:
        # What was erased is taken in anew: it is sent again when a portal lost it.
        keys = await self.contents.of(row.period) if row.sealed else None
        return keys is not None and row.digest == digest(keys, content)

    async def _replaced(
        self, row: DossierRow | None, content: Mapping[str, Any], party: Party, replaces: int
    ) -> tuple[DossierRow, int] | None:
        """The dossier and its version that a portal sends once more, late; None: a new version.

        Not for the province: what its system says now counts, also when it goes back; resends have their key.
        """
        if row is None or replaces or party.origin == PROVINCE:
            return None
        version = await replaced_version(self.contents.of, row, content)
        return (row, version) if version else None

    async def _event(self, row: EventRow, verdict: str) -> dict[str, object]:
        content = await self.contents.open(row.period, row.sealed, row.id) or {}
        shown = {
            name: content[name]
            for name in ("official", "position", "department", "content")
            if name in content
        }
        return {
            "id": row.id, "source": row.source, "status": row.status, "at": _moment(row.at), "came": _moment(row.came),
            "verdict": verdict, **shown,
        }  # fmt: skip

    async def _note(
        self, caller: Caller, operation: str, code: str, subjects: Mapping[str, str] | None = None,
        **notes: str | int,
    ) -> None:  # fmt: skip
        header = RecordHeader(
            caller.exchange,
            caller.requester.id,
            caller.agency,
            dossier=in_records(code),
            subjects=subjects or {},
        )
        await self.recorder.write(header, Phase.LOOKUP, operation, notes={"operation": operation, **notes})

    def _again(self, asked: KeyRow, caller: Caller) -> dict[str, object]:
        """The answer of the first request under a key, for a later one."""
        known = orjson.loads(self.keys.answer(asked) or b"{}")
        return {"exchange_id": caller.exchange, **known, "receipt": None}


def receivers(portal: PortalSettings, requester: str, papers: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """Who gets what a portal forwards; `papers` with addresses are fetched as well."""
    assert portal.door is not None
    out = [*([INBOX + requester] if requester else []), *portal.door.pushes_to]
    if portal.door.fetch_from and any(one.get("url") and not one.get("file") for one in papers):
        out.append(FILES + portal.portal)
    return out


def delivery_of(row: DeliveryRow) -> dict[str, object]:
    """A delivery as the API lists it; names no person."""
    return {
        "id": row.id, "target": row.target, "kind": row.kind, "dossier": row.code, "version": row.version,
        "state": row.state, "attempts": row.attempts, "reason": row.reason or None, "opened_at": _moment(row.opened),
        "changed_at": _moment(row.changed),
        "next_at": _moment(row.next_at) if row.state in (DeliveryState.QUEUED, DeliveryState.UNCONFIRMED) else None,
    }  # fmt: skip


def _said(taken: Accepted | _DossierChange) -> dict[str, object]:
    """The answer to a posted dossier, but for its exchange and receipt."""
    row = taken.row
    return {
        "code": row.code, "version": row.version, "state": taken.state, "status": row.status,
        "deliveries": [_named(one) for one in taken.deliveries],
    }  # fmt: skip


def _progress_said(taken: Sequence[Accepted | _DossierChange]) -> dict[str, object]:
    """The same for steps of one or several dossiers."""
    return {
        "entries": [
            {"dossier": one.row.code, "id": name, "verdict": verdict}
            for one in taken
            for name, verdict in one.verdicts.items()
        ],
        "dossiers": [{"code": one.row.code, "status": one.row.status, "state": one.state} for one in taken],
        "deliveries": [_named(row) for one in taken for row in one.deliveries],
    }


def _named(row: DeliveryRow) -> dict[str, object]:
    return {"id": row.id, "target": row.target, "kind": row.kind, "dossier": row.code, "state": row.state}


def _receipt(receipt: Receipt) -> dict[str, str]:
    return {"leaf_hash": receipt.leaf_hash, "log": receipt.log}


def _listed(row: DossierRow) -> dict[str, object]:
    return {
        "origin": row.origin, "code": row.code, "other_code": row.other_code or None, "procedure": row.procedure,
        "agency": row.agency or None, "status": row.status, "status_at": _moment(row.status_at),
        "version": row.version, "parked": row.parked or None, "opened_at": _moment(row.opened),
        "changed_at": _moment(row.changed), "erased_at": _moment(row.erased) if row.erased else None,
    }  # fmt: skip


def _item(row: DeliveryRow, message: Any) -> dict[str, object]:  # noqa: ANN401 -- any JSON
    """An item of an inbox, as it is pulled and as it is pushed."""
    origin = row.order_key.partition("|")[0]
    return {
        "seq": row.seq, "delivery": row.id, "kind": row.kind, "origin": origin, "code": row.code,
        "version": row.version, "message": message,
    }  # fmt: skip


def _message(target: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a receiver gets: a portal the dossier, a provincial system also the message as it came."""
    is_whole = target.startswith(INBOX) or "raw" in content
    message: Mapping[str, Any] = content if is_whole else content["dossier"]
    return message


def _notice(row: DossierRow, entry: ProgressEntry) -> StatusNotice:
    return StatusNotice(
        dossier=row.code, local_code=entry.local_code or row.other_code, procedure=row.procedure, at=entry.at,
        status=entry.status, status_text=entry.status_text, content=entry.content, papers=entry.papers,
        more=entry.more,
    )  # fmt: skip


def _subjects(persons: Sequence[str]) -> dict[str, str]:
    """The owner as records name it, once for each number."""
    return {f"owner{number or ''}": one for number, one in enumerate(persons)}


def owners_in(content: Any) -> tuple[str, ...]:  # noqa: ANN401 -- any JSON
    """The owner that a stored dossier names, once for each number; none when its content is erased."""
    if not isinstance(content, dict) or "dossier" not in content:
        return ()
    return owners(Applicant.model_validate(content["dossier"].get("applicant", {})))


def standing_now(dossier: Mapping[str, Any], status: str, at: float) -> dict[str, Any]:
    """A dossier (JSON) with the status that it has now, and the date of it; its own where none has a meaning."""
    if status == DossierStatus.UNKNOWN or dossier.get("status", DossierStatus.SUBMITTED) == status:
        return dict(dossier)
    now = {name: one for name, one in dossier.items() if name != "status_text"} | {"status": status}
    date = _DATED.get(DossierStatus(status))
    if date is not None:
        now.setdefault(date, _moment(at))
    return now


def files_of(dossier: Dossier) -> list[str]:
    """Digests of the files of this gateway that a dossier names, hexadecimal."""
    papers = [*dossier.papers, *(paper for one in dossier.supplements for paper in one.papers)]
    named = [*(one.file for one in papers), *(one.file for one in dossier.results)]
    return sorted({one.removeprefix("sha256:") for one in named if one})


def _facts(facts: dict[str, Any], standing: Standing) -> bytes:
    return orjson.dumps(facts_with_path(facts, standing))


def _context(row: DossierRow) -> str:
    return f"{row.origin}|{row.code}"


def _moment(seconds: float) -> str:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))

"""The relay: takes dossiers and their progress in, from provincial systems for portals and back.

What is accepted is stored with its record and its deliveries in one transaction, and only then answered. The same
dossier again changes nothing. Another requester's dossier does not exist.
"""

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2s
from typing import Any

import orjson

from gateway.config.configuration import Configuration
from gateway.config.portals import PortalSettings
from gateway.domain import sentences as say
from gateway.domain.dossier import (
    PROVINCE,
    Dossier,
    DossierPaper,
    MessageKind,
    ProgressEntry,
    Result,
    status_at,
)
from gateway.domain.errors import Conflict, NotFound, RowConflict, Unprocessable
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId, new_exchange_id, procedure_code
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.keys import PeriodKeys
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.mapping.load import Catalogue
from gateway.ports.exchange_log import Work
from gateway.ports.relay import DossierRow, DossierSearch, EventRow, KeyRow, RelayRows, TakenIn
from gateway.relay.answers import accepted_dossier, accepted_steps, dossier_answer, steps_answer
from gateway.relay.changes import Accepted, DossierChange, KeyedRequest, Party
from gateway.relay.contents import Contents, as_subjects, digest, indexed, owners, owners_in, plain, sealed
from gateway.relay.inbox import DossierInbox
from gateway.relay.lookups import DossierLookups
from gateway.relay.messages import DossierMessages, head_of, receivers
from gateway.relay.outbox import Outbox
from gateway.relay.request_keys import RequestKeys
from gateway.relay.scoring import facts_of, facts_with_path
from gateway.relay.statuses import Standing, StatusRules, fold
from gateway.relay.units import check_address, check_unit
from gateway.relay.versions import replaced_version, with_version

_ACCEPTED = 202
LEGAL_BASIS = "Nghị định 118/2025/NĐ-CP"
#: how often a concurrent change is looked at again
TRIES = 8
#: why a dossier is parked
UNKNOWN_PROCEDURE = "procedure_not_configured"


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierRelay:
    """Takes dossiers in, under one configuration."""

    configuration: Configuration
    catalogue: Catalogue
    rows: RelayRows
    contents: Contents
    recorder: Recorder
    outbox: Outbox
    messages: DossierMessages
    lookups: DossierLookups
    inbox: DossierInbox
    keys: RequestKeys
    #: separates digests of steps from all others
    secret: bytes = field(repr=False)
    rules: StatusRules = field(default_factory=StatusRules)

    # ------------------------------------------------------------------------------------ from the province

    async def post(
        self,
        dossier: Dossier,
        caller: Caller,
        key: str = "",
        check: Callable[[], Awaitable[None]] | None = None,
    ) -> dict[str, object]:
        """Take a dossier of a provincial system in, for every portal that takes dossiers.

        `check` raises for what may not be stored. It is not asked for a request that was answered before: a login that
        has ended since, or a file that is gone, changes nothing about its answer.
        Raises Conflict (the code belongs to another system, or a twin is under way), Unprocessable (another request
        used the key; a receiver could never take it), RelayUnavailable, LogUnavailable.
        """
        text = orjson.dumps(("dossier", plain(dossier)), option=orjson.OPT_SORT_KEYS) if key else b""
        async with self.keys.held(caller.requester.id, key, text) as asked:
            if asked is not None and asked.status:
                return self._again(asked, caller)
            if check is not None:
                await check()
            party = Party(caller.requester.id, caller.agency, PROVINCE, caller.exchange)
            targets = self.messages.takers(MessageKind.DOSSIER)
            keyed = None if asked is None else KeyedRequest(asked, dossier_answer)
            accepted = await self.take(dossier, party, targets, keyed=keyed)
        self.outbox.wake()
        return accepted_dossier(accepted, caller.exchange)

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
                row = await self.lookups.own(code, caller.requester.id, forwarded=forwarded)
                if row is None:
                    raise NotFound(say.NO_SUCH_DOSSIER(place=place), code=ProblemCode.DOSSIER_UNKNOWN)
                mine = [(at, one) for at, one in enumerate(entries) if one.dossier == code]
                self.messages.check_steps(row, mine)
            taken: list[Accepted] = []
            for code in codes:
                # A process that ends before the last dossier leaves the key free: the request is sent again, and done.
                keyed = _keyed(asked, taken) if code == codes[-1] else None
                steps = [one for one in entries if one.dossier == code]
                taken.append(await self._step(code, steps, party, keyed, forwarded=forwarded))
        self.outbox.wake()
        return accepted_steps(taken, caller.exchange)

    def _again(self, asked: KeyRow, caller: Caller) -> dict[str, object]:
        """The answer of the first request under a key, for a later one."""
        known = orjson.loads(self.keys.answer(asked) or b"{}")
        return {"exchange_id": caller.exchange, **known, "receipt": None}

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
        return accepted.change.state

    async def _with_known_files(self, dossier: Dossier, portal: PortalSettings) -> Dossier:
        """With references to files that were fetched before from the same addresses."""
        if not any(one.url and not one.file for one in dossier.papers):
            return dossier
        return _with_files(dossier, await self.files_there(portal.portal, dossier.code))

    async def files_there(self, portal: str, code: str) -> dict[str, str]:
        """Addresses and references of the files that a forwarded dossier has by now."""
        content = await self.contents.of_dossier(await self.rows.dossier(portal, code))
        papers = () if content is None else content["dossier"].get("papers", ())
        return {one["url"]: one["file"] for one in papers if one.get("url") and one.get("file")}

    async def files_came(
        self, portal: PortalSettings, code: str, files: Mapping[str, str], exchange: ExchangeId
    ) -> None:
        """Put references into the papers of a forwarded dossier: `files` are addresses and references.

        Raises Conflict, RelayUnavailable, LogUnavailable.
        """
        for _ in range(TRIES):
            row = await self.rows.dossier(portal.portal, code)
            content = await self.contents.of_dossier(row)
            if row is None or content is None:
                return
            before = Dossier.model_validate(content["dossier"])
            dossier = _with_files(before, files)
            if dossier == before:
                return
            party = Party(row.requester, "", portal.portal, exchange)
            with contextlib.suppress(Conflict):
                await self.take(
                    dossier, party, receivers(portal, row.requester),
                    raw=content.get("raw"), parked=row.parked, replaces=row.version,
                )  # fmt: skip
                self.outbox.wake()
                return
        raise changes_too_often()

    async def steps_of_portal(
        self, entries: Sequence[ProgressEntry], portal: PortalSettings, exchange: ExchangeId
    ) -> TakenIn:
        """Steps of dossiers that a portal forwarded: citizens withdraw there, or give more. Raises NotFound."""
        states = set()
        for code in dict.fromkeys(one.dossier for one in entries):
            row = await self.rows.dossier(portal.portal, code)
            if row is None:
                raise NotFound(say.NOT_OWN_DOSSIER, code=ProblemCode.DOSSIER_UNKNOWN)
            party = Party(row.requester, "", portal.portal, exchange)
            mine = [one for one in entries if one.dossier == code]
            states.add((await self._step(code, mine, party, None)).change.state)
        self.outbox.wake()
        return TakenIn.REPEATED if states == {TakenIn.REPEATED} else TakenIn.UPDATED

    # --------------------------------------------------------------------------------------------- dossiers

    async def take(
        self, dossier: Dossier, party: Party, targets: Sequence[str], *, keyed: KeyedRequest | None = None,
        updating: bool | None = None, raw: Mapping[str, Any] | None = None, parked: str = "", replaces: int = 0,
    ) -> Accepted:  # fmt: skip
        """Store a dossier, its first or changed status and its deliveries; or see that it is there already.

        `updating` False: one that is there stays as it is. `replaces`: only this version is replaced, else Conflict.
        Raises Unprocessable (the code), Conflict, RelayUnavailable, LogUnavailable.
        """
        content = {"dossier": plain(dossier), **({"raw": raw} if raw else {})}
        persons = owners(dossier.applicant)
        if party.origin == PROVINCE:
            # in this order always, so that the answer says nothing of what others have
            self.messages.check_dossier(targets, content["dossier"])
            await self._check_code(dossier, party)
        for _ in range(TRIES):
            keys = await self.contents.current()
            if (found := await self._before(dossier, party)) is None:
                check_address(dossier.code)
            if replaces and (found is None or found.version != replaces):
                break
            if found is not None and (updating is False or await self._is_same(found, content)):
                plan = DossierChange(found, 0, (), (), TakenIn.REPEATED, {})
            elif older := await self._replaced(found, content, party, replaces):
                plan = DossierChange(older[0], 0, (), (), TakenIn.REPEATED, {}, repeats=older[1])
            else:
                plan = await self._planned(dossier, content, persons, party, targets, found, keys, parked)
            with contextlib.suppress(RowConflict):
                return await self._store(plan, party, persons, keyed)
        raise changes_too_often()

    async def _check_code(self, dossier: Dossier, party: Party) -> None:
        """Raises Unprocessable for a code of a unit whose codes the system may not use."""
        settings = self.configuration.requesters.get(party.requester)
        try:
            check_unit(dossier.code, settings.dossier_units if settings else ())
        except Unprocessable:
            await self._note_refusal(dossier, party, ProblemCode.DOSSIER_UNIT_NOT_OWN)
            raise

    async def _before(self, dossier: Dossier, party: Party) -> DossierRow | None:
        """What is stored of a dossier. Raises Conflict when its code belongs to another system of the province.

        Also one that a portal forwarded: nobody but its own system sends the portal anything about it. A system that
        had the code before goes on, whatever a portal forwards later.
        """
        if party.origin != PROVINCE:
            return await self.rows.dossier(party.origin, dossier.code)
        there = await self.rows.dossiers(DossierSearch(code=dossier.code, most=10))
        own = next((one for one in there if (one.origin, one.requester) == (PROVINCE, party.requester)), None)
        if own is None and any(one.requester != party.requester for one in there):
            code = ProblemCode.DOSSIER_CODE_TAKEN
            await self._note_refusal(dossier, party, code)
            raise Conflict(say.DOSSIER_OF_ANOTHER, code=code)
        return own

    async def _note_refusal(self, dossier: Dossier, party: Party, code: ProblemCode) -> None:
        header = RecordHeader(
            party.exchange, party.requester, dossier.agency or party.agency,
            procedure_code(dossier.procedure), dossier.code,
            subjects=as_subjects(owners(dossier.applicant)),
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

    async def _planned(
        self, dossier: Dossier, content: Mapping[str, Any], persons: Sequence[str], party: Party,
        targets: Sequence[str], found: DossierRow | None, keys: PeriodKeys, parked: str,
    ) -> DossierChange:  # fmt: skip
        now = self.recorder.clock.now().timestamp()
        at = status_at(dossier)
        step = ProgressEntry(
            dossier=dossier.code, at=at or self.recorder.clock.now(), status=dossier.status,
            status_text=dossier.status_text,
        )  # fmt: skip
        # A status without a date of its own is a step only when it is new.
        is_new_step = found is None or at is not None or found.status != dossier.status
        came = [self._event(step, party, keys, now)] if is_new_step else []
        events, standing = await self._folded(party.origin, dossier.code, came, found)
        version = found.version + 1 if found else 1
        facts = facts_of(dossier)
        if party.origin != PROVINCE:
            facts["versions"] = with_version(found, keys, content, version)
        # The province's own code, which no portal knows.
        known_code = found.other_code if found and party.origin != PROVINCE else ""
        row = DossierRow(
            party.origin, dossier.code, party.requester, dossier.agency or party.agency,
            procedure_code(dossier.procedure), dossier.other_code or known_code, standing.status, standing.at, version,
            digest(keys, content), keys.period, indexed(keys, persons), _facts(facts, standing),
            sealed(keys, content, f"{party.origin}|{dossier.code}"), parked, found.opened if found else now, now,
        )  # fmt: skip
        head = head_of(row, party.requester, party.exchange, keys, now)
        queued = self.messages.of_dossier(row, content, targets, head)
        state = TakenIn.PARKED if parked else TakenIn.UPDATED if found else TakenIn.STORED
        before, files = found.version if found else 0, _files_of(dossier)
        verdicts = {one.id: one.verdict for one in events}
        return DossierChange(row, before, events, queued, state, verdicts, files)

    # ------------------------------------------------------------------------------------------------ steps

    async def _step(
        self, code: str, entries: Sequence[ProgressEntry], party: Party, keyed: KeyedRequest | None, *,
        forwarded: bool = False,
    ) -> Accepted:  # fmt: skip
        """Store new steps of one dossier and what they tell the portals."""
        for _ in range(TRIES):
            keys, now = await self.contents.current(), self.recorder.clock.now().timestamp()
            found = await self._found(code, party, forwarded=forwarded)
            if found is None:
                raise NotFound(say.NOT_OWN_DOSSIER, code=ProblemCode.DOSSIER_UNKNOWN)
            came = [self._event(one, party, keys, now, found) for one in entries]
            new, standing = await self._folded(found.origin, found.code, came, found)
            verdicts = {one.id: standing.verdicts[one.id] for one in came}
            if not new:
                plan = DossierChange(found, 0, (), (), TakenIn.REPEATED, verdicts)
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
                    other_code=_local_code(found, list(fresh.values()), party) or found.other_code,
                )
                head = head_of(row, party.requester, party.exchange, keys, now)
                queued = await self.messages.of_steps(row, fresh, standing, party, head)
                files = _digests([paper for one in fresh.values() for paper in one.papers])
                plan = DossierChange(row, found.version, new, queued, TakenIn.UPDATED, verdicts, files)
            content = await self.contents.of_dossier(found)
            with contextlib.suppress(RowConflict):
                return await self._store(plan, party, owners_in(content), keyed)
        raise changes_too_often()

    async def _found(self, code: str, party: Party, *, forwarded: bool) -> DossierRow | None:
        if party.origin != PROVINCE:
            return await self.rows.dossier(party.origin, code)
        return await self.lookups.own(code, party.requester, forwarded=forwarded)

    async def recount(self, origin: str, code: str, step: str) -> None:
        """Count a step whose time has come. Raises Conflict, RelayUnavailable, LogUnavailable."""
        for _ in range(TRIES):
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
            head = head_of(row, party.requester, party.exchange, keys, now)
            queued = await self.messages.of_steps(row, entries, standing, party, head)
            plan = DossierChange(row, row.version - 1, (), queued, TakenIn.UPDATED, {})
            with contextlib.suppress(RowConflict):
                await self._store(plan, party, (), None)
                self.outbox.wake()
                return
        raise changes_too_often()

    async def _folded(
        self, origin: str, code: str, came: Sequence[EventRow], found: DossierRow | None
    ) -> "tuple[list[EventRow], Standing]":
        """The steps that are new, each with its verdict, and where the dossier stands after them."""
        known = await self.rows.events(origin, code) if found is not None else []
        ids = {one.id for one in known}
        new = list({one.id: one for one in came if one.id not in ids}.values())
        standing = fold((*known, *new), self.recorder.clock.now().timestamp(), self.rules)
        return [one._replace(verdict=standing.verdicts[one.id]) for one in new], standing

    def _event(
        self, entry: ProgressEntry, party: Party, keys: PeriodKeys, now: float, row: DossierRow | None = None
    ) -> EventRow:
        content = entry.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        origin, code = (row.origin, row.code) if row else (party.origin, entry.dossier)
        # Of all that it says; the receivers know seconds only.
        unique = {**content, "at": int(entry.at.timestamp())}
        plain_id = orjson.dumps((origin, code, party.requester, unique), option=orjson.OPT_SORT_KEYS)
        identity = blake2s(plain_id, key=self.secret, digest_size=16, person=b"step").hexdigest()
        closed = sealed(keys, content, identity)
        return EventRow(origin, code, identity, PROVINCE if party.origin == PROVINCE else party.origin,
            entry.status, entry.at.timestamp(), now, "", keys.period, closed)  # fmt: skip

    # ---------------------------------------------------------------------------------------------- storing

    async def _store(
        self, plan: DossierChange, party: Party, persons: Sequence[str], keyed: KeyedRequest | None
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
            party.exchange, party.requester, row.agency, row.procedure,
            row.code, legal_basis=LEGAL_BASIS, subjects=as_subjects(persons),
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
        return Accepted(plan, receipt)


def _keyed(asked: KeyRow | None, earlier: Sequence[Accepted]) -> KeyedRequest | None:
    """The last change of a request: its answer has those of the earlier ones too."""
    if asked is None:
        return None
    changes = [one.change for one in earlier]
    return KeyedRequest(asked, lambda last: steps_answer([*changes, last]))


def _local_code(row: DossierRow, entries: Sequence[ProgressEntry], party: Party) -> str:
    """The province's own code of a forwarded dossier, by the latest of its steps that has one; blank: none has."""
    if row.origin == PROVINCE or party.origin != PROVINCE:
        return ""
    return next((one.local_code for one in sorted(entries, key=_time, reverse=True) if one.local_code), "")


def _time(entry: ProgressEntry) -> datetime:
    return entry.at


def _with_files(dossier: Dossier, files: Mapping[str, str]) -> Dossier:
    """With references of files in the papers that have an address only. `files`: by address."""
    papers = tuple(
        one.model_copy(update={"file": files[one.url]}) if one.url in files and not one.file else one
        for one in dossier.papers
    )
    return dossier.model_copy(update={"papers": papers})


def _files_of(dossier: Dossier) -> list[str]:
    """Digests of the files of this gateway that a dossier names, hexadecimal."""
    papers = [*dossier.papers, *(paper for one in dossier.supplements for paper in one.papers)]
    return _digests([*papers, *dossier.results])


def _digests(parts: Sequence[DossierPaper | Result]) -> list[str]:
    return sorted({one.file.removeprefix("sha256:") for one in parts if one.file})


def _facts(facts: dict[str, Any], standing: Standing) -> bytes:
    return orjson.dumps(facts_with_path(facts, standing))


def changes_too_often() -> Conflict:
    """Others change the dossier at the same time, again and again."""
    return Conflict(say.DOSSIER_CHANGES, code=ProblemCode.DOSSIER_UNDER_WAY, retry_after=1)

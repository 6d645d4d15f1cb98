"""Corrections: a value that a citizen calls wrong is reported to the owner of the database, who alone corrects it.

The requester must have been shown the value in an exchange of its own. Opening a report and every later step are
recorded. Values are only in the report, encrypted under the keys of the log's period, and in the copy for the owner.
Only the owner's answer confirms delivery.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from gateway.audit.titles import Titles
from gateway.config.configuration import Configuration
from gateway.consents.sealing import PersonKeys
from gateway.corrections.advice import advice
from gateway.corrections.reports import (
    CORRECTED,
    QUEUED,
    RECEIVED,
    REFUSED,
    TAKEN,
    UNREADABLE,
    CorrectionReport,
    as_listed,
    as_taken,
    id_of,
    opened,
    report_of,
    row_of,
)
from gateway.corrections.shown import DIFFERS, asked_about, compared, sender_in
from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.errors import (
    Conflict,
    CorrectionsUnavailable,
    LogUnavailable,
    NotFound,
    Refused,
    RowConflict,
    Throttled,
    fault_at,
)
from gateway.domain.evidence import Outcome
from gateway.domain.exchange import Phase, Receipt
from gateway.domain.parties import PARENT, Caller, parent_key
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import RefusalReason
from gateway.domain.row_filter import RowFilter as Search
from gateway.exchange_log.keys import PeriodKeys
from gateway.exchange_log.outcomes import Members, has_proven_login, outcomes
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.mapping.load import Catalogue
from gateway.policy.counted import Rates
from gateway.policy.rates import reports_in_words
from gateway.ports.corrections import CorrectionRow, CorrectionRows
from gateway.ports.exchange_log import LogReader, Work
from gateway.telemetry import log

#: the owner's answer -> the states in which it may come
_BEFORE = {
    RECEIVED: (QUEUED, TAKEN),
    CORRECTED: (QUEUED, TAKEN, RECEIVED),
    REFUSED: (QUEUED, TAKEN, RECEIVED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """Opens and finds reports."""

    configuration: Configuration
    catalogue: Catalogue
    rows: CorrectionRows
    reader: LogReader
    person_keys: PersonKeys
    titles: Titles
    rates: Rates
    recorder: Recorder
    #: queues a new report for the owner of its database, with its record; gives None where the owner takes none
    outlet: Callable[[str, str, Mapping[str, Any], Caller, PeriodKeys], Work | None] | None = None

    async def open(self, wanted: CorrectionReport, caller: Caller) -> dict[str, object]:
        """The report's id, its state, and advice for the citizen; a repeated report returns the first one.

        Raises Unprocessable; NotFound (not the caller's exchange); Refused and Throttled, both recorded.
        """
        services = self._services(wanted)
        records = await outcomes(self.reader, wanted.exchange, caller.requester)
        await self._count(wanted, caller)
        known = await self._keys(records)
        # an applicant whom the requester names without a login may know nothing of it
        is_proven = await has_proven_login(self.reader, wanted.exchange, caller.requester.id)
        shown_is = await self._shown(wanted, services, records, known, caller, is_proven=is_proven)
        now = self.recorder.clock.now()
        keys = await self.person_keys.of(rfc3339(now)[:7])
        if keys is None:
            raise CorrectionsUnavailable(say.MONTH_KEYS_CLOSED)
        report = report_of(
            wanted, caller.requester.id, caller.agency, opened_in=caller.exchange, shown_is=shown_is,
            sender=sender_in(records, known, self.catalogue, wanted.subject) if is_proven else b"",
        )  # fmt: skip
        row = row_of(id_of(report, keys), report, keys, now.timestamp())
        work = None
        if self.outlet is not None:
            work = self.outlet(row.id, row.source, as_taken(row, report), caller, keys)
        row, receipt = await self._kept(row, wanted, caller, work)
        provider = self.configuration.sources[wanted.source].provider
        return {
            "exchange_id": caller.exchange, "id": row.id, "state": row.state, "provider": provider,
            "advice": advice(self._title(services[0], wanted.attribute), provider),
            "receipt": {"leaf_hash": receipt.leaf_hash, "log": receipt.log},
        }  # fmt: skip

    async def search(
        self, caller: Caller, person: str, state: str, after: str | None, count: int
    ) -> dict[str, object]:
        """The requester's reports, newest first; all reports with the scope `admin`. A look-up by person is recorded.

        Raises NotFound for a cursor of another requester.
        """
        own = _own(caller)
        await self._set_erased_aside()
        before = Search().before if after is None else (await self._visible(after, own)).seq
        persons: Sequence[bytes] = ()
        if person:
            await self._note(caller, Phase.LOOKUP, "corrections", person)
            persons = await self.person_keys.indexes(person)
        is_nobody = bool(person) and not persons
        wanted = Search(tuple(persons), own, (state,) if state else (), before, count + 1)
        found = [] if is_nobody else list(await self.rows.about(wanted))
        page = found[:count]
        return {
            "exchange_id": caller.exchange,
            "corrections": [as_listed(row) for row in page],
            "next": page[-1].id if len(found) > count else None,
        }

    async def about(self, caller: Caller, person: str, count: int) -> list[dict[str, object]]:
        """Reports of all requesters that name the person or its newborn, or that it sent, for it alone, newest first.

        `person`: `Subject.key`. `is_own`: the report names the person. The look-up is recorded. Raises
        CorrectionsUnavailable, LogUnavailable.
        """
        await self._note(caller, Phase.LOOKUP, "corrections", person)
        persons = tuple(await self.person_keys.indexes(person))
        if not persons:
            return []
        found = await self.rows.of_person(persons, count)
        return [{**as_listed(row), "is_own": row.person in persons} for row in found]

    async def take(self, caller: Caller, correction: str) -> dict[str, object]:
        """The whole report, for the owner of the database; recorded first. It may be taken again.

        Raises NotFound; Conflict when it is unreadable; CorrectionsUnavailable, LogUnavailable.
        """
        row = await self._visible(correction, _own(caller))
        report = await self._opened(row)
        receipt = await self._step(caller, "correction_taken", row, report["key"])
        now = self.recorder.clock.now().timestamp()
        if await self.rows.move(row.id, (QUEUED,), TAKEN, now):
            row = row._replace(state=TAKEN, changed=now)
        return {
            "exchange_id": caller.exchange, **as_listed(row), "report": as_taken(row, report),
            "receipt": {"leaf_hash": receipt.leaf_hash, "log": receipt.log},
        }  # fmt: skip

    async def update(self, caller: Caller, correction: str, state: str, reference: str) -> dict[str, object]:
        """Set the owner's answer: `received`, `corrected` or `refused`, in the document `reference`.

        A repeated answer changes nothing. Raises NotFound; Conflict when the state does not allow it.
        """
        row = await self._visible(correction, _own(caller))
        if row.state != state:
            if row.state not in _BEFORE[state]:
                raise Conflict(say.CORRECTION_IS(state=row.state))
            person = (await self._opened(row))["key"]
            await self._step(caller, f"correction_{state}", row, person, reference=reference)
            now = self.recorder.clock.now().timestamp()
            if not await self.rows.move(row.id, _BEFORE[state], state, now):
                with contextlib.suppress(LogUnavailable):  # the caller gets the error that prevented it
                    await self._step(caller, "correction_not_done", row, person, undone=state)
                raise Conflict(say.CORRECTION_CHANGED)
            row = row._replace(state=state, changed=now)
        return {"exchange_id": caller.exchange, **as_listed(row)}

    async def _opened(self, row: CorrectionRow) -> Mapping[str, Any]:
        """The report of a row. Raises Conflict when it is unreadable; CorrectionsUnavailable."""
        keys = await self.person_keys.of(row.period)
        if keys is None:
            if not await self.person_keys.erased(row.period):
                raise CorrectionsUnavailable(say.CORRECTION_KEYS_CLOSED)
            raise Conflict(say.CORRECTION_UNREADABLE, code=ProblemCode.PERIOD_KEYS_ERASED)
        report = opened(row, keys)
        if report is None:
            await self.rows.move(row.id, (QUEUED, TAKEN), UNREADABLE, self.recorder.clock.now().timestamp())
            log().error("corrections.unreadable", code=row.source)
            raise Conflict(say.CORRECTION_ALTERED, code=ProblemCode.REPORT_UNREADABLE)
        return report

    async def _set_erased_aside(self) -> None:
        """Mark queued reports under erased keys: they cannot be delivered any more."""
        now = self.recorder.clock.now().timestamp()
        for state in (QUEUED, TAKEN):
            for period in await self.rows.periods(state):
                if await self.person_keys.erased(period):
                    await self.rows.move_all(state, UNREADABLE, now, period)

    async def _step(
        self, caller: Caller, result: str, row: CorrectionRow, person: str, **more: str
    ) -> Receipt:
        notes = {"correction": row.id, "source": row.source, "attribute": row.attribute, **more}
        return await self._note(caller, Phase.DELIVERY, result, person, notes=notes)

    def _services(self, wanted: CorrectionReport) -> list[str]:
        """The data services of the source that give the attribute. Raises Unprocessable when there is none."""
        places = [("/source", wanted.source)]
        places += [(f"/others/{index}/source", one["source"]) for index, one in enumerate(wanted.others)]
        for place, source in places:
            if source not in self.configuration.sources:
                raise fault_at(place, say.NO_SUCH_SOURCE, ProblemCode.UNKNOWN_SOURCE)
        kind, _, name = wanted.attribute.partition(".")
        plans = self.catalogue.services.get(wanted.source, {}).values()
        found = [plan.name for plan in plans if plan.evidence == kind and name in plan.attributes]
        if not found:
            raise fault_at("/attribute", say.SOURCE_GIVES_NO_SUCH, ProblemCode.UNKNOWN_ATTRIBUTE)
        return found

    async def _count(self, wanted: CorrectionReport, caller: Caller) -> None:
        """Count this report. Raises Throttled above the limit."""
        about = f"{caller.requester.id}\x1f{wanted.subject.key}"
        exceeded = await self.rates.use(
            caller.requester.id, {"requester": caller.requester.id, "subject": about}
        )
        if exceeded is None:
            return
        refusal = Throttled(
            exceeded.limit.rule, reports_in_words(exceeded.limit), retry_after=exceeded.retry_after
        )
        await self._refuse(caller, wanted, refusal)
        raise refusal

    async def _shown(
        self, wanted: CorrectionReport, services: Sequence[str], records: Sequence[Members],
        keys: Mapping[str, PeriodKeys], caller: Caller, *, is_proven: bool,
    ) -> str:  # fmt: skip
        """Compare `shown` with the records of the exchange. Raises Unprocessable, Refused."""
        if not keys:
            raise fault_at("/exchange_id", say.CORRECTION_KEYS_GONE, ProblemCode.PERIOD_KEYS_ERASED)
        name = wanted.attribute.partition(".")[2]
        asked_of = partial(
            asked_about, records, keys, self.titles, self.catalogue, wanted.subject, is_proven=is_proven
        )
        asked = [
            one
            for one in asked_of(wanted.source)
            if f"{wanted.source}.{one.call['operation']}" in services and name in one.call["attributes"]
        ]
        if not asked:
            refusal = Refused("correction:not_shown", say.CORRECTION_NOT_ASKED, code=RefusalReason.NOT_SHOWN)
            await self._refuse(caller, wanted, refusal)
            raise refusal
        for index, other in enumerate(wanted.others):
            theirs = asked_of(other["source"])
            if not any(one.call["outcome"] == Outcome.FOUND.value for one in theirs):
                raise fault_at(
                    f"/others/{index}/source", say.CORRECTION_NOT_ANSWERED, RefusalReason.NOT_SHOWN
                )
        shown_is = compared(asked, keys, self.catalogue, wanted.attribute, wanted.shown)
        if shown_is == DIFFERS:
            raise fault_at("/shown", say.SHOWN_DIFFERS, ProblemCode.SHOWN_DIFFERS)
        return shown_is

    async def _keys(self, records: Sequence[Members]) -> Mapping[str, PeriodKeys]:
        found = {period: await self.person_keys.of(period) for period in {one["period"] for one in records}}
        return {period: keys for period, keys in found.items() if keys is not None}

    async def _kept(
        self, row: CorrectionRow, wanted: CorrectionReport, caller: Caller, work: Work | None
    ) -> tuple[CorrectionRow, Receipt]:
        """The new row and the receipt of its record; the existing row, if there is one."""
        person = wanted.subject.key
        notes = {
            "correction": row.id,
            "source": row.source,
            "attribute": row.attribute,
            "why": wanted.why,
            "shown_in": wanted.exchange,
        }
        before = await self.rows.find(row.id)
        if before is None:
            receipt = await self._opened_once(caller, wanted, notes, work)
            try:
                new = await self.rows.add(row)
            except CorrectionsUnavailable:
                with contextlib.suppress(LogUnavailable):  # the caller gets the error that prevented it
                    await self._note(caller, Phase.DELIVERY, "correction_not_kept", person, wanted, notes)
                raise
            if new:
                return row, receipt
            before = await self.rows.find(row.id)
        receipt = await self._note(caller, Phase.DELIVERY, "correction_repeated", person, wanted, notes)
        return before or row, receipt

    async def _opened_once(
        self, caller: Caller, wanted: CorrectionReport, notes: Mapping[str, str], work: Work | None
    ) -> Receipt:
        """Record a new report and queue it for its owner, unless a twin, or a process that died, has queued it."""
        person = wanted.subject.key
        try:
            return await self._note(
                caller, Phase.DELIVERY, "correction_opened", person, wanted, notes, work=work
            )
        except RowConflict:
            return await self._note(caller, Phase.DELIVERY, "correction_opened", person, wanted, notes)

    async def _visible(self, correction: str, own: str) -> CorrectionRow:
        row = await self.rows.find(correction)
        if row is None or own not in ("", row.requester):
            raise NotFound(say.NO_SUCH_CORRECTION, code=ProblemCode.CORRECTION_UNKNOWN)
        return row

    async def _refuse(self, caller: Caller, wanted: CorrectionReport, refusal: Refused | Throttled) -> None:
        await self._note(
            caller, Phase.REFUSAL, refusal.problem_code, wanted.subject.key, wanted, rules=(refusal.rule,)
        )

    async def _note(
        self, caller: Caller, phase: Phase, result: str, person: str, wanted: CorrectionReport | None = None,
        notes: Mapping[str, str] | None = None, *, rules: tuple[str, ...] = (), work: Work | None = None,
    ) -> Receipt:  # fmt: skip
        about = RecordHeader(
            caller.exchange, caller.requester.id, caller.agency, dossier=wanted.dossier if wanted is not None else "",
            subjects={"subject": person, **({PARENT: parent} if (parent := parent_key(person)) else {})},
        )  # fmt: skip
        return await self.recorder.write(about, phase, result, rules=rules, notes=notes or {}, work=work)

    def _title(self, service: str, attribute: str) -> Mapping[str, str]:
        source, _, operation = service.partition(".")
        return self.titles.attributes(source, operation, [attribute.partition(".")[2]])[0]


def _own(caller: Caller) -> str:
    """The requester whose reports the caller may see; blank: all."""
    return "" if "admin" in caller.requester.scopes else caller.requester.id

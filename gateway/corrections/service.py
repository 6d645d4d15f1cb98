"""Corrections: what a citizen says is wrong in a database is reported to its owner, and the owner alone corrects it.

Opening one is a record, and so is its delivery; values stand in the report, sealed under the keys of the log's period,
and in what the owner gets, nowhere else.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag

from gateway.audit.people import People
from gateway.audit.titles import Titles
from gateway.config import Configuration
from gateway.corrections.advice import advice
from gateway.domain.dates import legal_day, rfc3339
from gateway.domain.errors import CorrectionsUnavailable, LogUnavailable, Refused, Unprocessable
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Requester, Subject
from gateway.exchange_log.keys import PeriodKeys
from gateway.mapping.load import Catalogue
from gateway.policy.conditions import ALL
from gateway.ports import Clock, ExchangeLog
from gateway.ports_corrections import CorrectionPost, CorrectionRow, CorrectionRows
from gateway.telemetry import log

_NONCE = 12
_MOST = 200
#: who opened one delivers it himself within so many seconds
_FRESH_SECONDS = 5.0
QUEUED, DELIVERED = "queued", "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is reported, after its grammar was checked."""

    subject: Subject
    source: str
    #: `<evidence type>.<attribute>`
    attribute: str
    #: `sources_differ` or `citizen_corrects`
    why: str
    #: value as the database gave it, value as it should be; JSON
    shown: object
    correct: object
    #: everything else that the owner is to read (JSON)
    more: Mapping[str, object]
    exchange: str
    dossier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """Opens, finds and delivers reports."""

    configuration: Configuration
    catalogue: Catalogue
    rows: CorrectionRows
    post: CorrectionPost
    people: People
    titles: Titles
    log: ExchangeLog
    clock: Clock
    new_id: Callable[[], str]
    digest: str

    async def open(
        self, wanted: Wanted, requester: Requester, exchange: ExchangeId, agency: str
    ) -> dict[str, object]:
        """The report's id, its state, and what to tell the citizen. Unprocessable; Refused, which is a record."""
        settings = self.configuration.sources.get(wanted.source)
        if settings is None:
            raise _fault("/source", "there is no such source", "unknown_source")
        services = self._services(wanted)
        if not services:
            raise _fault("/attribute", "this source gives no such attribute", "unknown_attribute")
        now = self.clock.now()
        base = ExchangeRecord(
            exchange=exchange, phase=Phase.DELIVERY, time=rfc3339(now), requester=requester.id, agency=agency,
            dossier=wanted.dossier, subjects={"subject": wanted.subject.key}, configuration=self.digest,
        )  # fmt: skip
        if not self._agreed(requester, services, wanted):
            refusal = Refused(
                "correction:not_agreed", "no agreement shows you this attribute", code="not_agreed"
            )
            await self.log.append(
                base._replace(phase=Phase.REFUSAL, rules=(refusal.rule,), result=refusal.problem_code)
            )
            raise refusal
        correction = self.new_id()
        notes = {
            "correction": correction,
            "source": wanted.source,
            "attribute": wanted.attribute,
            "why": wanted.why,
        }
        receipt = await self.log.append(base._replace(result="correction_opened", notes=notes))
        row, report = await self._row(correction, wanted, base, now)
        await self.rows.add(row)
        with contextlib.suppress(OSError, CorrectionsUnavailable, LogUnavailable):
            row = await self._deliver(row, report)
        return {
            "exchange_id": exchange, "id": correction, "state": row.state, "provider": settings.provider,
            "advice": advice(self._title(services[0], wanted.attribute), settings.provider),
            "receipt": {"leaf_hash": receipt.leaf_hash, "log": receipt.log},
        }  # fmt: skip

    async def search(
        self, requester: Requester, exchange: ExchangeId, person: str, state: str, most: int
    ) -> dict[str, object]:
        """Reports of the requester, newest first; with the scope `admin` of all. A look-up by person is a record."""
        indexes: Sequence[bytes] = ()
        if person:
            await self.log.append(ExchangeRecord(
                exchange=exchange, phase=Phase.LOOKUP, time=rfc3339(self.clock.now()), requester=requester.id,
                subjects={"subject": person}, result="corrections", configuration=self.digest,
            ))  # fmt: skip
            indexes = await self.people.indexes([person])
            if not indexes:
                return {"exchange_id": exchange, "corrections": []}
        whose = "" if "admin" in requester.scopes else requester.id
        found = await self.rows.find(whose, indexes, state, most)
        return {"exchange_id": exchange, "corrections": [_told(row) for row in found]}

    async def deliver_all(self) -> int:
        """Deliver what is queued; how many went. What cannot be delivered now stays."""
        went = 0
        before = self.clock.now().timestamp() - _FRESH_SECONDS
        queued = await self.rows.find("", (), QUEUED, _MOST)
        for row in [one for one in reversed(queued) if one.opened < before]:
            report = await self._opened(row)
            if report is None:
                log().error("corrections.unreadable", code=row.source)
                continue
            try:
                await self._deliver(row, report)
            except OSError as error:
                log().warning("corrections.undelivered", code=row.source, error=error)
                continue
            went += 1
        return went

    async def run(self, seconds: float) -> None:
        """Deliver again and again, until cancelled."""
        while True:
            try:
                await self.deliver_all()
            except (CorrectionsUnavailable, LogUnavailable) as error:
                log().warning("corrections.undelivered", error=error)
            await asyncio.sleep(seconds)

    async def _deliver(self, row: CorrectionRow, report: Mapping[str, Any]) -> CorrectionRow:
        await self.post.deliver(row.source, row.id, report)
        now = self.clock.now()
        await self.log.append(ExchangeRecord(
            exchange=ExchangeId(report["opened_in"]), phase=Phase.DELIVERY, time=rfc3339(now), requester=row.requester,
            subjects={"subject": report["key"]}, result="correction_delivered", configuration=self.digest,
            notes={"correction": row.id, "source": row.source, "attribute": row.attribute},
        ))  # fmt: skip
        await self.rows.mark(row.id, now.timestamp())
        return row._replace(state=DELIVERED, delivered=now.timestamp())

    def _services(self, wanted: Wanted) -> list[str]:
        """The data services of the source that give the attribute."""
        kind, _, name = wanted.attribute.partition(".")
        plans = self.catalogue.services.get(wanted.source, {}).values()
        return [plan.name for plan in plans if plan.evidence == kind and name in plan.attributes]

    def _agreed(self, requester: Requester, services: Sequence[str], wanted: Wanted) -> bool:
        """Whether an agreement in force lets the requester see what it reports: who cannot see it reports nothing."""
        settings, today = (
            self.configuration.requesters.get(requester.id),
            legal_day(self.clock.now()).isoformat(),
        )
        name = wanted.attribute.partition(".")[2]
        for word in settings.agreements if settings is not None else ():
            one = self.configuration.agreements.get(word)
            if one is None or not one.valid_from <= today <= (one.valid_until or today):
                continue
            for service in services:
                agreed = one.services.get(service)
                if agreed is not None and {name, ALL} & {*agreed.attributes}:
                    return True
        return False

    async def _row(
        self, correction: str, wanted: Wanted, base: ExchangeRecord, now: datetime
    ) -> tuple[CorrectionRow, Mapping[str, Any]]:
        period = rfc3339(now)[:7]
        keys = await self._keys(period)
        if keys is None:
            raise CorrectionsUnavailable("the keys of this month cannot be opened")
        report = {
            "id": correction, "opened_at": rfc3339(now), "requester": base.requester, "agency": base.agency,
            "source": wanted.source, "attribute": wanted.attribute, "why": wanted.why, "shown": wanted.shown,
            "correct": wanted.correct, "dossier": wanted.dossier, "exchange_id": wanted.exchange, **wanted.more,
            "key": wanted.subject.key, "opened_in": base.exchange,
        }  # fmt: skip
        nonce = os.urandom(_NONCE)
        sealed = nonce + keys.encryption.encrypt(nonce, orjson.dumps(report), correction.encode())
        person = next(iter(await self.people.indexes([wanted.subject.key], period, period)), b"")
        row = CorrectionRow(
            correction,
            period,
            person,
            base.requester,
            wanted.source,
            wanted.attribute,
            QUEUED,
            now.timestamp(),
            0.0,
            sealed,
        )
        return row, report

    async def _opened(self, row: CorrectionRow) -> Mapping[str, Any] | None:
        keys = await self._keys(row.period)
        if keys is None:
            return None
        try:
            plain = keys.encryption.decrypt(row.sealed[:_NONCE], row.sealed[_NONCE:], row.id.encode())
        except (InvalidTag, ValueError):
            return None
        report: Mapping[str, Any] = orjson.loads(plain)
        return report

    def _title(self, service: str, attribute: str) -> Mapping[str, str]:
        source, _, operation = service.partition(".")
        return self.titles.attributes(source, operation, [attribute.partition(".")[2]])[0]

    async def _keys(self, period: str) -> PeriodKeys | None:
        return await self.people.keys(period)


def _told(row: CorrectionRow) -> dict[str, object]:
    return {
        "id": row.id, "state": row.state, "requester": row.requester, "source": row.source, "attribute": row.attribute,
        "opened_at": _time(row.opened), "delivered_at": _time(row.delivered) if row.delivered else None,
    }  # fmt: skip


def _time(seconds: float) -> str:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))


def _fault(place: str, why: str, code: str) -> Unprocessable:
    return Unprocessable(
        f"{place}: {why}", code=code, errors=[{"pointer": place, "code": code, "detail": why}]
    )

"""One exchange under way: its calls, its records, its answer."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import replace

import orjson

from gateway.domain.evidence import Outcome, Reason, SourceAnswer, SourceQuery, failed
from gateway.domain.exchange import CallEntry, ExchangeRecord, Phase
from gateway.domain.identifiers import CallId, ExchangeId
from gateway.domain.parties import Requester, Subject
from gateway.mapping.apply import Filled, Situation, fill, next_queries
from gateway.mapping.plan import PlannedQuery
from gateway.mapping.procedure import ACCOUNT
from gateway.prefill.gather import Call, Gathering
from gateway.prefill.passport import rfc3339, source_entries
from gateway.prefill.prepared import Prepared, Tools
from gateway.prefill.request import PrefillRequest
from gateway.prefill.roles import dependency, found_subject

_CUT = failed(Outcome.UNAVAILABLE, Reason.DEADLINE_REACHED)
_MISMATCH = failed(Outcome.NO_MATCH, Reason.DATA_DO_NOT_MATCH)
_NO_CLAIMS = SourceAnswer(outcome=Outcome.FOUND)


class Exchange:
    """One request and all it causes."""

    def __init__(
        self, tools: Tools, prepared: Prepared, request: PrefillRequest, requester: Requester,
        exchange: ExchangeId, situation: Situation,
    ) -> None:  # fmt: skip
        """Nothing is asked yet; `gathering.run()` asks."""
        self._tools = tools
        self._prepared = prepared
        self._plan = prepared.plan
        self._request = request
        self.requester = requester
        self.id = exchange
        self._situation = situation
        self._subjects = dict(prepared.cast.subjects)
        self._calls: dict[int, Call] = {}
        self._deadline = asyncio.get_running_loop().time() + tools.late_seconds
        official = prepared.official
        self._who = (
            requester.id,
            official.personal_id,
            official.agency,
            official.account,
            official.full_name,
        )
        self._base: ExchangeRecord | None = None
        self.gathering = Gathering(len(self._plan.queries), self._following, self._ask, self._before_wave)

    def _following(self, answers: list[SourceAnswer | None]) -> list[int]:
        started = self.gathering.asked or self._request.known
        wave = next_queries(self._plan, answers, self._situation) if started else self._prepared.first
        wanted: dict[int, None] = {}
        for index in wave:
            role = self._plan.queries[index].role
            before = None if role in self._subjects else dependency(self._plan, role)
            if before is not None and answers[before] is None:
                wanted[before] = None
            else:
                wanted[index] = None
        return list(wanted)

    async def _before_wave(self, wave: list[int]) -> None:
        """A subject that was found on the way is named in a durable intent before anybody is asked about him."""
        known = len(self._subjects)
        for index in wave:
            self._subject(self._plan.queries[index])
        if len(self._subjects) > known:
            await self.record(Phase.INTENT)

    def _trusted(self, answers: list[SourceAnswer | None]) -> list[SourceAnswer | None]:
        """When id, name and birth date do not belong together, nothing found by the id alone is shown."""
        doubtful = {
            query.role
            for query in self._plan.queries
            if (one := answers[query.index]) is not None and one.outcome is Outcome.NO_MATCH
        }
        if not doubtful:
            return answers
        return [
            _MISMATCH
            if one is not None
            and one.outcome is Outcome.FOUND
            and query.role in doubtful
            and query.service.evidence != ACCOUNT
            else one
            for query, one in zip(self._plan.queries, answers, strict=True)
        ]

    def _ask(self, index: int) -> Awaitable[SourceAnswer] | None:
        query = self._plan.queries[index]
        if query.service.evidence == ACCOUNT and not self._request.account and not self._claims():
            return _ready(_NO_CLAIMS)
        subject = self._subject(query)
        if subject is None or not query.service.can_ask(subject):
            return None
        call = self._calls[index] = Call(CallId(f"{self.id}-{index + 1}"))
        asked = SourceQuery(
            call_id=call.call_id, service=query.service.name, subject=subject, attributes=query.attributes,
            official=self._prepared.official, procedure=self._prepared.procedure.code, purpose=self._prepared.purpose,
            dossier=self._request.dossier, result_codes=query.result_codes,
            account=self._claims() if query.service.evidence == ACCOUNT else {},
        )  # fmt: skip
        return self._tools.gatherer.ask(asked, self._who, self.id, self._deadline, call)

    def _claims(self) -> dict[str, object]:
        """Claims that the caller vouches for; the subject's own numbers stand in for missing ones."""
        own = self._subjects.get(self._prepared.procedure.signs_in)
        numbers = {"SoDinhDanh": own.personal_id, "SoCMND": own.old_id} if own is not None else {}
        return {**{name: number for name, number in numbers.items() if number}, **self._request.account}

    def _subject(self, query: PlannedQuery) -> Subject | None:
        subject = self._subjects.get(query.role)
        if subject is None and query.service.evidence != ACCOUNT:
            before = dependency(self._plan, query.role)
            answer = self.gathering.answers[before] if before is not None else None
            subject = found_subject(self._plan, query.role, answer) if answer is not None else None
            if subject is not None:
                self._subjects[query.role] = subject
        return subject

    async def record(
        self, phase: Phase, filled: Filled | None = None, **notes: str | int | bool
    ) -> dict[str, object]:
        """Write a record of this exchange; the receipt of it."""
        if self._base is None:
            self._base = self._first()
        record = replace(
            self._base, phase=phase, time=rfc3339(self._tools.clock.now()), calls=tuple(self._entries(phase)),
            fields={} if filled is None else {k: orjson.dumps(v) for k, v in filled.digestible.items()},
            rules=self._base.rules + (() if filled is None else tuple(filled.rules)), notes=notes,
            subjects={role: one.key for role, one in self._subjects.items()},
        )  # fmt: skip
        receipt = await self._tools.write(record)
        return {"leaf_hash": receipt.leaf_hash, "log": receipt.log}

    def _first(self) -> ExchangeRecord:
        prepared, official = self._prepared, self._prepared.official
        return ExchangeRecord(
            exchange=self.id, phase=Phase.INTENT, time="", requester=self.requester.id, agency=official.agency,
            procedure=prepared.procedure.code, dossier=self._request.dossier or "", purpose=prepared.purpose,
            legal_basis=prepared.grant.legal_basis, official=official.personal_id, on_duty=official.on_duty,
            rules=prepared.grant.rules, configuration=self._tools.digest,
        )  # fmt: skip

    def _entries(self, phase: Phase) -> list[CallEntry]:
        entries = []
        for query in self._plan.queries:
            call, answer = self._calls.get(query.index), self.gathering.answers[query.index]
            if phase is not Phase.INTENT and call is None:
                continue
            source, _, operation = query.service.name.partition(".")
            done = answer if phase is not Phase.INTENT else None
            entries.append(
                CallEntry(
                    call=f"{self.id}-{query.index + 1}",
                    source=source,
                    operation=operation,
                    role=query.role,
                    attributes=query.attributes,
                    outcome=done.outcome.value
                    if done is not None
                    else ""
                    if phase is Phase.INTENT
                    else "unknown",
                    elapsed_ms=call.elapsed_ms if call else 0,
                    cached=call.cached if call else False,
                    shared_with=call.shared_with if call else "",
                    request_digest=done.request_digest if done else b"",
                    response_digest=done.response_digest if done else b"",
                )
            )
        return entries

    async def answer(self, pending: str | None = None) -> dict[str, object]:
        """Fill the form with what is there, record the outcome, and give the answer."""
        answers = list(self.gathering.answers)
        if pending is not None:
            answers = [
                _CUT if one is None and i in self.gathering.asked else one for i, one in enumerate(answers)
            ]
        answers = self._trusted(answers)
        names = _evidence_names(answers)
        filled = fill(self._plan, answers, self._situation, names)
        receipt = await self.record(Phase.OUTCOME, filled, late=pending is not None)
        return self._written(answers, names, filled, pending, receipt)

    def _written(
        self, answers: list[SourceAnswer | None], names: Mapping[int, str], filled: Filled, pending: str | None,
        receipt: dict[str, object],
    ) -> dict[str, object]:  # fmt: skip
        procedure, grant, issuer = self._prepared.procedure, self._prepared.grant, self._tools.issuer
        evidence = {}
        for index, name in names.items():
            found = answers[index]
            if found is not None:
                call = self._calls.get(index) or Call(CallId(""))
                evidence[name] = issuer.evidence(self._plan.queries[index], found, call, grant)
        return {
            "exchange_id": self.id,
            "procedure": {
                "code": procedure.code,
                "title": procedure.title.vi,
                "title_en": procedure.title.en,
                "mapping_version": procedure.version,
            },
            "form": filled.form,
            "fields": filled.fields,
            "evidence": evidence,
            "papers": filled.papers,
            "sources": source_entries(self._plan.queries, answers, self._calls),
            "saved": {"fields": filled.saved_fields, "papers": filled.saved_papers},
            "pending": pending,
            "passport": None,
            "receipt": receipt,
        }

    def state(self) -> dict[str, tuple[object, ...]]:
        """What was shown so far: form key -> what a late answer may change."""
        answers = self._trusted(list(self.gathering.answers))
        filled = fill(self._plan, answers, self._situation, _evidence_names(answers))
        return {key: seen(entry) for key, entry in filled.fields.items()}


def seen(entry: Mapping[str, object]) -> tuple[object, ...]:
    """What of a field's entry the citizen sees."""
    return entry["state"], entry["value"], entry["attribute"]


def _evidence_names(answers: list[SourceAnswer | None]) -> dict[int, str]:
    """Evidence ids follow the plan, so that they stay the same when a late answer joins."""
    return {
        index: f"e{index + 1}"
        for index, one in enumerate(answers)
        if one is not None and one.outcome is Outcome.FOUND
    }


def _ready(answer: SourceAnswer) -> "asyncio.Future[SourceAnswer]":
    future: asyncio.Future[SourceAnswer] = asyncio.get_running_loop().create_future()
    future.set_result(answer)
    return future

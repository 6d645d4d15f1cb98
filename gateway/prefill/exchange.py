"""One exchange under way: its calls, its records, its answer."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import replace

import orjson

from gateway.domain.errors import GatewayError
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
        self._requester = requester
        self._id = exchange
        self._situation = situation
        self._subjects = dict(prepared.cast.subjects)
        self._calls: dict[int, Call] = {}
        self._deadline = asyncio.get_running_loop().time() + tools.late_seconds
        official = prepared.official
        self._who = (requester.id, official.personal_id, official.agency)
        self._base: ExchangeRecord | None = None
        self.gathering = Gathering(len(self._plan.queries), self._following, self._ask)

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

    def _ask(self, index: int) -> Awaitable[SourceAnswer] | None:
        query = self._plan.queries[index]
        if query.service.evidence == ACCOUNT and not self._request.account and not self._claims():
            return _ready(_NO_CLAIMS)
        subject = self._subject(query)
        if subject is None or not query.service.can_ask(subject):
            return None
        call = self._calls[index] = Call(CallId(f"{self._id}-{index + 1}"))
        asked = SourceQuery(
            call_id=call.call_id, service=query.service.name, subject=subject, attributes=query.attributes,
            official=self._prepared.official, procedure=self._prepared.procedure.code, purpose=self._prepared.purpose,
            dossier=self._request.dossier, result_codes=query.result_codes,
            account=self._claims() if query.service.evidence == ACCOUNT else {},
        )  # fmt: skip
        return self._tools.gatherer.ask(asked, self._who, self._id, self._deadline, call)

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
            exchange=self._id, phase=Phase.INTENT, time="", requester=self._requester.id, agency=official.agency,
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
                    call=f"{self._id}-{query.index + 1}",
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
            "exchange_id": self._id,
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

    async def open_pending(self) -> str:
        """A token under which late answers will be found."""
        token = self._tools.pending.new_token()
        await self._keep(token, {"exchange_id": self._id}, version=0, done=False, late=[])
        return token

    async def _keep(self, token: str, answer: object, *, version: int, done: bool, late: list[str]) -> None:
        state = {"answer": answer, "version": version, "done": done, "late": late}
        await self._tools.pending.put(token, self._requester.id, state)

    async def finish_late(self, task: "asyncio.Task[None]", token: str) -> None:
        """Go on gathering until nothing more is needed; every arrival is recorded, then kept for `resume`."""
        had = self._state()
        arrived = asyncio.Event()
        self.gathering.arrived = arrived.set
        version = 0
        answer: dict[str, object] = {"exchange_id": self._id}
        while True:
            waiting = asyncio.ensure_future(arrived.wait())
            await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            arrived.clear()
            version += 1
            try:
                answer = await self.answer(pending=None if task.done() else token)
            except GatewayError:
                if task.done():
                    await self._keep(token, answer, version=version, done=True, late=[])
                    return
                continue
            fields = answer["fields"]
            entries = fields if isinstance(fields, dict) else {}
            late = [
                key
                for key, entry in entries.items()
                if entry["value"] is not None and had.get(key) != _seen(entry)
            ]
            await self._keep(token, answer, version=version, done=task.done(), late=late)
            if task.done():
                return

    def _state(self) -> dict[str, tuple[object, ...]]:
        answers = list(self.gathering.answers)
        filled = fill(self._plan, answers, self._situation, _evidence_names(answers))
        return {key: _seen(entry) for key, entry in filled.fields.items()}


def _seen(entry: Mapping[str, object]) -> tuple[object, ...]:
    return entry["state"], entry["value"], entry["attribute"]


def _evidence_names(answers: list[SourceAnswer | None]) -> dict[int, str]:
    found = [i for i, one in enumerate(answers) if one is not None and one.outcome is Outcome.FOUND]
    return {index: f"e{number}" for number, index in enumerate(found, 1)}


def _ready(answer: SourceAnswer) -> "asyncio.Future[SourceAnswer]":
    future: asyncio.Future[SourceAnswer] = asyncio.get_running_loop().create_future()
    future.set_result(answer)
    return future

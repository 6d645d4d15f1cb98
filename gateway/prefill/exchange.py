"""One exchange under way: its calls, its records, its answer."""

import asyncio
from collections.abc import Mapping

import orjson

from gateway.domain.dates import rfc3339
from gateway.domain.evidence import NOTHING, Outcome, Reason, SourceAnswer, SourceQuery, failed
from gateway.domain.exchange import CallEntry, ExchangeRecord, Phase
from gateway.domain.identifiers import CallId, ExchangeId, personal_ids_in
from gateway.domain.parties import Requester, Subject, SubjectKind
from gateway.mapping.apply import Filled, Situation, fill, next_queries
from gateway.mapping.confirming import denied, unconfirmed
from gateway.mapping.narrowing import within
from gateway.mapping.plan import PlannedQuery, evidence_id
from gateway.mapping.procedure import ACCOUNT
from gateway.prefill.accounts import accounted, promised
from gateway.prefill.counting import Made
from gateway.prefill.gather import Call, Gathering
from gateway.prefill.leaving import finished, marks
from gateway.prefill.passport import issued, source_entries
from gateway.prefill.prepared import Prepared, Tools
from gateway.prefill.refusing import rests_on
from gateway.prefill.release import Held, left_out, plain
from gateway.prefill.request import PrefillRequest
from gateway.prefill.roles import dependency, found_subject
from gateway.prefill.trust import CUT, told, trusted

#: who confirms people is given so long, however little time the caller has; then his silence is an outage
_PATIENCE_SECONDS = 0.75
#: claims that were not given are no evidence
_NO_CLAIMS = failed(Outcome.SKIPPED, Reason.VALUE_BLANK)


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
        self._began = asyncio.get_running_loop().time()
        self._deadline = self._began + tools.late_seconds
        one = prepared.official
        self._asker = (
            f"{requester.id}\x1f{one.personal_id}\x1f{one.agency}\x1f{one.account}\x1f{one.full_name}"
        )
        self._base: ExchangeRecord | None = None
        #: roles whose subjects were found on the way, whatever may be asked about them
        self._met: set[str] = set()
        #: subjects that a durable intent names
        self._announced = len(self._subjects)
        self._announcing = asyncio.Lock()
        self._doubted = False
        #: what is answered from now on leaves when somebody fetches it
        self.waits = False
        self.gathering = Gathering(len(self._plan.queries))

    async def gather(self) -> None:
        """Ask until nothing more is needed."""
        await self.gathering.run(self)

    def following(self, answers: list[SourceAnswer | None], *, waiting: bool) -> list[int]:
        """The queries to ask next; a subject that is found on the way comes before what is asked about him."""
        started = self.gathering.asked or self._request.known
        wave = (
            next_queries(self._plan, self._trusted(answers), self._situation, waiting=waiting)
            if started
            else self._prepared.first
        )
        wanted: dict[int, None] = {}
        for index in wave:
            role = self._plan.queries[index].role
            before = None if role in self._subjects else dependency(self._plan, role)
            if before is not None and answers[before] is None:
                wanted[before] = None
            else:
                wanted[index] = None
        return list(wanted)

    async def before_asking(self, queries: list[int]) -> None:
        """What was decided is looked at again, and whoever was found on the way passes the same rules.

        He is named in a durable intent before anybody is asked about him.
        """
        # Whoever comes while the record is being written waits for it, and writes it again if it failed.
        async with self._announcing:
            await self.look()
            for role in dict.fromkeys(self._plan.queries[index].role for index in queries):
                await self._meet(role)
            named = len(self._subjects)
            if named > self._announced:
                await self.record(Phase.INTENT)
                self._announced = named

    async def _meet(self, role: str) -> None:
        """The subject of a role, if evidence names him and anything may be asked about him."""
        before = None if role in self._subjects or role in self._met else dependency(self._plan, role)
        answer = self._trusted(self.gathering.answers)[before] if before is not None else None
        found = found_subject(self._plan, role, answer) if answer is not None else None
        if found is None:
            return
        self._met.add(role)
        self._plan = await self._prepared.ground.about(role, found, self._plan)
        if any(query.role == role and query.attributes for query in self._plan.queries):
            self._subjects[role] = found

    def _trusted(self, answers: list[SourceAnswer | None]) -> list[SourceAnswer | None]:
        """The answers as far as it is sure of whom they speak."""
        hurried = asyncio.get_running_loop().time() < self._began + _PATIENCE_SECONDS
        given = self._prepared.cast.subjects
        return trusted(self._plan, answers, self._subjects, given, hurried=hurried)

    async def look(self) -> bool:
        """Look at the consents again; whether less may leave than before, because one of them holds no longer."""
        before, answers = self._plan, self.gathering.answers
        over = await self._tools.over(self._prepared.ground.consents(answers))
        self._plan = self._prepared.ground.end(over, self._plan, answers)
        return self._plan is not before

    async def ask(self, index: int) -> SourceAnswer | None:
        """One query's answer; None when nobody can be asked."""
        query = self._plan.queries[index]
        claims = self._request.account if query.service.evidence == ACCOUNT else NOTHING
        if query.service.evidence == ACCOUNT and not claims:
            return _NO_CLAIMS
        if not query.attributes:
            return failed(Outcome.REFUSED, self._plan.withheld[index].reason)
        subject = self._subjects.get(query.role)
        if subject is None or not self._askable(query, subject):
            return None
        call = self._calls[index] = Call(CallId(f"{self.id}-{index + 1}"), query.attributes)
        if (told := self._known(query, subject, call)) is not None:
            return told
        asked = SourceQuery(
            call_id=call.call_id, service=query.service.name, subject=subject, attributes=query.attributes,
            official=self._prepared.official, procedure=self._prepared.procedure.code, purpose=self._prepared.purpose,
            dossier=self._request.dossier, result_codes=query.result_codes,
            account=claims, requester=self.requester.id,
        )  # fmt: skip
        return await self._tools.gatherer.ask(asked, self._asker, self.id, self._deadline, call)

    def _known(self, query: PlannedQuery, subject: Subject, call: Call) -> SourceAnswer | None:
        """What this data service told already of somebody found on the way, who stands in another role as well."""
        if query.role in self._prepared.cast.subjects:
            return None
        for other, before in self._calls.items():
            answer, planned = self.gathering.answers[other], self._plan.queries[other]
            if answer is None or answer.outcome is not Outcome.FOUND or planned.service is not query.service:
                continue
            same = self._subjects[planned.role].personal_id == subject.personal_id
            if same and set(query.attributes) <= set(before.attributes):
                call.cached, call.fetched_at, call.valid_seconds = (
                    True,
                    before.fetched_at,
                    before.valid_seconds,
                )
                return answer
        return None

    def _askable(self, query: PlannedQuery, subject: Subject) -> bool:
        """Subjects that the request names were looked at when the plan was made."""
        return query.role in self._prepared.cast.subjects or query.service.can_ask(subject)

    async def record(
        self, phase: Phase, filled: Filled | None = None, /, **notes: str | int | bool
    ) -> dict[str, object]:
        """Write a record of this exchange; the receipt of it."""
        if self._base is None:
            self._base = self._first()
        digested = (
            {} if filled is None else {key: orjson.dumps(value) for key, value in filled.digestible.items()}
        )
        record = self._base._replace(
            phase=phase, time=rfc3339(self._tools.clock.now()), calls=self._entries(phase), fields=digested,
            rules=self._base.rules if filled is None else (*self._base.rules, *filled.rules), notes=notes,
            subjects=self._about([*digested.values(), *map(orjson.dumps, filled.beside() if filled else ())]),
        )  # fmt: skip
        receipt = await self._tools.write(record)
        return {"leaf_hash": receipt.leaf_hash, "log": receipt.log}

    def _about(self, left: list[bytes]) -> dict[str, str]:
        """Role -> whom the record is about; `also#1` and so on are those whose numbers left with the answer."""
        about = {role: one.key for role, one in self._subjects.items()}
        if numbers := personal_ids_in(b"\n".join(left)):
            named = {one.personal_id for one in self._subjects.values()}
            others = [number for number in numbers if number not in named]
            about |= {f"also#{n}": f"{SubjectKind.PERSON}|{number}" for n, number in enumerate(others, 1)}
        return about

    def _first(self) -> ExchangeRecord:
        prepared, official = self._prepared, self._prepared.official
        return ExchangeRecord(
            exchange=self.id, phase=Phase.INTENT, time="", requester=self.requester.id, agency=official.agency,
            procedure=prepared.procedure.code, dossier=self._request.dossier or "", purpose=prepared.purpose,
            legal_basis=prepared.ground.grant.legal_basis, official=official.personal_id, on_duty=official.on_duty,
            rules=prepared.ground.grant.rules, configuration=self._tools.digest,
        )  # fmt: skip

    def _entries(self, phase: Phase) -> tuple[CallEntry, ...]:
        """What may be asked (intent), then what was asked and what came of it."""
        queries = self._plan.queries
        if phase is Phase.INTENT:
            return promised(self.id, queries, claims=bool(self._request.account))
        return accounted(queries, self._calls, self.gathering.answers)

    async def answer(self, pending: str | None = None, *, cut: bool = False) -> dict[str, object]:
        """Fill the form with what is there, record the outcome, and give the answer.

        While something is `pending`, or when the gathering broke off (`cut`), what has no answer may have been needed.
        What rests on a consent that ends meanwhile does not leave: the outcome is recorded anew, without it.
        """
        await self.look()
        notes: dict[str, str | int | bool] = {"waits": True} if self.waits else {}
        while True:
            answer, notes["instead_of"] = await self._answered(pending, {**notes}, cut=cut)
            if not await self.look():
                return answer

    async def _answered(
        self, pending: str | None, notes: Mapping[str, str | int | bool], *, cut: bool
    ) -> tuple[dict[str, object], str]:
        """The answer, and the hash of the leaf of its record."""
        answers = self.shown(cut=pending is not None or cut)
        await self.doubt()
        filled = fill(self._plan, answers, self._situation)
        marked = {
            **marks(self._request),
            **filled.doubtful,
            **left_out({evidence_id(one): why.reason for one, why in self._plan.withheld.items()}),
        }
        receipt = await self.record(Phase.OUTCOME, filled, late=pending is not None, **marked, **notes)
        written = self._written(answers, filled, pending, receipt)
        leaf = str(receipt["leaf_hash"])
        return await finished(self._tools, self._request, self.requester, written, self.held), leaf

    def held(self) -> Held:
        """What is kept beside an answer that does not leave at once."""
        about = {role: one.key for role, one in self._subjects.items()}
        return {
            "record": plain((self._base or self._first())._replace(subjects=about)),
            "configuration": self._tools.digest,
            "rests": rests_on(self._plan),
            "consents": self._prepared.ground.resting(self._plan, self.gathering.answers),
            "signed": self._request.issuer if self._request.signed else None,
        }

    def shown(self, *, cut: bool) -> list[SourceAnswer | None]:
        """What came so far and may be shown. `cut`: what has no answer may have been needed."""
        answers = list(self.gathering.answers)
        if cut:
            # what was not asked yet may have been needed: nobody knows before the others answer
            answers = [one or CUT for one in answers]
        return within(self._plan, self._trusted(answers))

    async def doubt(self) -> None:
        """Wrong names and birth dates count as one refusal: somebody may be guessing. LogUnavailable."""
        wrong = denied(self._plan.queries, self.gathering.answers, self._plan.confirms)
        if not self._doubted and wrong & self._prepared.cast.subjects.keys():
            self._doubted = True
            await self._tools.counting.refused(self._tools, Made(self._prepared, self.requester, self.id))

    def unconfirmed(self, answers: list[SourceAnswer | None]) -> Mapping[int, Reason]:
        """Queries by a number of which nobody said whose it is."""
        return unconfirmed(self._plan.queries, answers, self._plan.confirms)

    def _written(
        self, answers: list[SourceAnswer | None], filled: Filled, pending: str | None, receipt: dict[str, object]
    ) -> dict[str, object]:  # fmt: skip
        now = self._tools.clock.now()
        evidence = {
            evidence_id(index): issued(self._prepared.passports[index], found, self._calls.get(index), now)
            for index, found in enumerate(answers)
            if found is not None and found.outcome is Outcome.FOUND
        }
        return {
            "exchange_id": self.id,
            "procedure": self._prepared.procedure.named(),
            "form": filled.form,
            "fields": filled.fields,
            "evidence": evidence,
            "papers": filled.papers,
            "sources": source_entries(self._plan, told(answers, self.gathering.answers), self._calls),
            "saved": {"fields": filled.saved_fields, "papers": filled.saved_papers},
            "pending": pending,
            "passport": None,
            "preview": None,
            "receipt": receipt,
        }

"""Proves that a person may act for another: a separate query with its own records, before any other query.

The representative is asked about first. Nothing is asked about the other person when the representative is not
confirmed, is dead, or has no document that names them.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from gateway.config.configuration import Configuration
from gateway.domain import sentences as say
from gateway.domain.dates import legal_day
from gateway.domain.evidence import Outcome, SourceAnswer, SourceQuery
from gateway.domain.exchange import CallEntry, Phase
from gateway.domain.identifiers import CallId, ExchangeId, new_exchange_id
from gateway.domain.parties import Requester, Subject
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import titled
from gateway.exchange_log.recorder import Recorder
from gateway.mapping.load import Catalogue
from gateway.mapping.predicates import Truth
from gateway.mapping.representation import (
    IDENTITY,
    LIFE,
    LIFE_STATUS,
    PAPERS,
    REPRESENTATIVE,
    REPRESENTED,
    RepresentationClaim,
    is_over,
    may_act,
    proven,
)
from gateway.mapping.source import ServicePlan
from gateway.policy.asked import Denial
from gateway.prefill.acting import Acting
from gateway.prefill.case import Case
from gateway.prefill.gather import Gatherer, QueryCall
from gateway.prefill.plans import enabled
from gateway.prefill.signed_in import is_acting


class ProofQuery(NamedTuple):
    """One query of a proof."""

    #: `<role>:<evidence>`
    word: str
    role: str
    service: ServicePlan
    subject: Subject
    attributes: tuple[str, ...]
    call: CallId


class ProvenBy(NamedTuple):
    """The exchange of the proof, and the data service that decided."""

    exchange: ExchangeId
    service: str
    #: the proof used the document that the request names
    is_mandate_checked: bool


def proven_by_login(case: Case, now: float) -> ProvenBy | None:
    """The proof of the login's mandate, where the request acts by that mandate.

    It was proven a moment ago, and is not proven again; None where the proof is older than evidence may be.
    """
    acts, login = case.acting, case.request.login
    mandate = login.mandate if login is not None else None
    if acts is None or login is None or mandate is None or not mandate.is_fresh(now):
        return None
    same_people = acts.represented.key == mandate.represented.key and is_acting(login, acts.subject)
    if not same_people or acts.kind != mandate.kind or (case.request.mandate or "") != mandate.document:
        return None
    return ProvenBy(ExchangeId(mandate.exchange), mandate.proven_by, mandate.is_document_checked)


class Proving:
    """Asks for proofs of representation. Holds no state."""

    def __init__(
        self, configuration: Configuration, catalogue: Catalogue, gatherer: Gatherer, recorder: Recorder
    ) -> None:
        """Reads which data services are enabled."""
        self._offers = enabled(configuration, catalogue)
        self._gatherer = gatherer
        self._recorder = recorder

    async def prove(
        self, case: Case, requester: Requester, exchange: ExchangeId, deadline: float
    ) -> ProvenBy | Denial:
        """The proof, or why there is none. `exchange`: the exchange that needs it. Raises LogUnavailable."""
        one = case.acting
        assert one is not None
        proof = new_exchange_id()
        queries = self._queries(one, proof)
        answers: dict[str, SourceAnswer | None] = {}
        record = partial(self._record, case, requester, proof, exchange)
        await record(Phase.INTENT, queries, answers)
        try:
            await self._ask(case, requester, proof, queries, answers, deadline)
        except BaseException:
            with contextlib.suppress(Exception):
                await record(Phase.ABANDONED, queries, answers)
            raise
        claim = self._claim(case, answers)
        truth, evidence = proven(one.rule, answers, claim)
        by = next((query.service.name for query in queries if query.word == f"{REPRESENTED}:{evidence}"), "")
        checked = {"mandate_checked": evidence == PAPERS} if case.request.mandate else {}
        await record(Phase.OUTCOME, queries, answers, proven=truth.value, proven_by=by, **checked)
        if truth is Truth.YES:
            return ProvenBy(proof, by, evidence == PAPERS)
        if is_over(one.rule, answers, claim):
            remedy = "renew the mandate, and give the code of the new one"
            return Denial(one.rule_id, RefusalReason.MANDATE_OVER, say.MANDATE_OVER, remedy)
        return _denial(one, truth)

    def _queries(self, one: Acting, proof: ExchangeId) -> list[ProofQuery]:
        """The queries of the rule that an enabled data service can answer."""
        people = {
            REPRESENTATIVE: one.subject,
            REPRESENTED: replace(one.represented, parent_personal_id=one.subject.personal_id),
        }
        found: list[ProofQuery] = []
        for role, wanted in one.rule.wants().items():
            for evidence, attributes in wanted.items():
                service = self._service(evidence, people[role])
                if service is None:
                    continue
                known = tuple(name for name in attributes if name in service.attributes)
                call = CallId(f"{proof}-{len(found) + 1}")
                found.append(ProofQuery(f"{role}:{evidence}", role, service, people[role], known, call))
                if LIFE_STATUS in attributes and LIFE_STATUS not in known:
                    found.extend(self._of_life(people[role], CallId(f"{proof}-{len(found) + 1}")))
        return found

    def _of_life(self, subject: Subject, call: CallId) -> Iterator[ProofQuery]:
        """Query for the representative's life status, from another data service where the first one `lacks` it."""
        offered = self._offers.get(IDENTITY, ())
        service = next(
            (one for one in offered if LIFE_STATUS in one.attributes and one.can_ask(subject)), None
        )
        if service is not None:
            yield ProofQuery(LIFE, REPRESENTATIVE, service, subject, (LIFE_STATUS,), call)

    def _service(self, evidence: str, subject: Subject) -> ServicePlan | None:
        offered = self._offers.get(evidence, ())
        if evidence == IDENTITY:
            # only a source that checks number, name and birth date confirms that they are one person's
            offered = tuple(one for one in offered if one.verifies_number_of(subject))
        return next((one for one in offered if one.can_ask(subject)), None)

    async def _ask(
        self, case: Case, requester: Requester, proof: ExchangeId, queries: list[ProofQuery],
        answers: dict[str, SourceAnswer | None], deadline: float,
    ) -> None:  # fmt: skip
        """Ask about the representative first, about the other person only after that succeeded."""
        one = case.acting
        assert one is not None
        ask = partial(self._ask_all, case, requester, proof, answers, deadline)
        await ask([query for query in queries if query.role == REPRESENTATIVE])
        if may_act(one.rule, answers, self._claim(case, answers)) is Truth.YES:
            await ask([query for query in queries if query.role == REPRESENTED])

    def _claim(self, case: Case, answers: Mapping[str, SourceAnswer | None]) -> RepresentationClaim:
        one = case.acting
        assert one is not None
        return RepresentationClaim(
            _as_named(one, answers), one.represented, case.request.mandate or "",
            legal_day(self._recorder.clock.now()), case.account_codes,
        )  # fmt: skip

    async def _ask_all(
        self, case: Case, requester: Requester, proof: ExchangeId, answers: dict[str, SourceAnswer | None],
        deadline: float, queries: list[ProofQuery],
    ) -> None:  # fmt: skip
        loop, one = asyncio.get_running_loop(), case.acting
        assert one is not None
        official, waiting = case.official, []
        asker = case.asker
        for query in queries:
            landed: asyncio.Future[SourceAnswer] = loop.create_future()
            asked = SourceQuery(
                query.call, query.service.name, query.subject, query.attributes, official, case.procedure.code,
                case.purpose, case.request.dossier,
                one.rule.result_codes() if query.service.evidence == PAPERS else (), requester=requester.id,
                citizen=case.citizen, day=legal_day(self._recorder.clock.now()).isoformat(),
            )  # fmt: skip
            call = QueryCall(query.call, query.attributes, partial(_land, landed))
            answers[query.word] = None
            self._gatherer.ask(asked, asker, query.subject.identity, proof, deadline, call)
            waiting.append((query.word, landed))
        if waiting:
            await asyncio.wait([landed for _, landed in waiting], timeout=max(0.0, deadline - loop.time()))
        answers.update((word, landed.result()) for word, landed in waiting if landed.done())

    async def _record(
        self, case: Case, requester: Requester, proof: ExchangeId, exchange: ExchangeId, phase: Phase,
        queries: list[ProofQuery], answers: Mapping[str, SourceAnswer | None], **notes: str | bool,
    ) -> None:  # fmt: skip
        one = case.acting
        assert one is not None
        is_intent = phase is Phase.INTENT
        calls = tuple(
            _call(query, answers, is_intent=is_intent)
            for query in queries
            if is_intent or query.word in answers
        )
        asking = {"mandate": case.request.mandate} if case.request.mandate else {}
        if case.official.on_duty:
            asking["asked_by"] = REPRESENTATIVE
        people = {REPRESENTATIVE: one.subject.key, REPRESENTED: one.represented.key}
        about = case.header(proof, requester, one.rule.legal_basis, people)
        facts = {"operation": "representation", "representation": one.kind, "proof_of": exchange}
        await self._recorder.write(
            about, phase, rules=(one.rule_id,), calls=calls, notes={**facts, **asking, **notes}
        )


def _land(landed: "asyncio.Future[SourceAnswer]", answer: SourceAnswer) -> None:
    if not landed.done():
        landed.set_result(answer)


def _call(query: ProofQuery, answers: Mapping[str, SourceAnswer | None], *, is_intent: bool) -> CallEntry:
    service, answer = query.service, answers.get(query.word)
    outcome = "" if is_intent else str(answer.outcome) if answer is not None else "unknown"
    digests = (b"", b"") if answer is None else (answer.request_digest, answer.response_digest)
    return CallEntry(
        query.call,
        service.source,
        service.operation,
        query.role,
        query.attributes,
        outcome,
        0,
        False,
        "",
        *digests,
    )


def _as_named(one: Acting, answers: Mapping[str, SourceAnswer | None]) -> Subject:
    """The representative, with the name that the confirming source gives."""
    answer = answers.get(f"{REPRESENTATIVE}:{IDENTITY}")
    name = answer.values.get("full_name") if answer is not None and answer.outcome is Outcome.FOUND else None
    return replace(one.subject, full_name=name) if isinstance(name, str) else one.subject


def _denial(one: Acting, truth: Truth) -> Denial:
    """One text for both denials (not confirmed, does not represent): the caller cannot distinguish them."""
    title = titled(one.rule.title.vi, one.rule.title.en)
    if truth is Truth.NO:
        return Denial(
            one.rule_id, RefusalReason.REPRESENTATION_NOT_PROVEN, say.REPRESENTATION_NOT_PROVEN(kind=title),
            "check who acts and for whom, or file at a counter with the papers that show it",
        )  # fmt: skip
    return Denial(
        one.rule_id, RefusalReason.REPRESENTATION_UNDECIDED, say.REPRESENTATION_UNDECIDED(kind=title),
        "ask again later, or file at a counter with the papers that show it",
    )  # fmt: skip

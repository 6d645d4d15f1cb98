"""The use case of predicates: questions about one person in, yes, no or cannot_tell out, and no value.

The same rhythm as a prefill: decide, promise, ask the least, account, answer. Records name the questions and that they
were answered; what the answer was stands in no record, log line or metric.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.config import Configuration
from gateway.domain.dates import legal_day
from gateway.domain.errors import fault_at
from gateway.domain.evidence import Reason
from gateway.domain.exchange import Phase
from gateway.domain.faults import near
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Requester, Subject
from gateway.mapping.apply import Situation
from gateway.mapping.load import Catalogue
from gateway.mapping.papers import lacking
from gateway.mapping.predicates import Facts, Truth
from gateway.mapping.questions import SUBJECT, TOLD, Question, asking, split
from gateway.policy.predicates import PredicatePolicy
from gateway.prefill.admission import Access, Admission
from gateway.prefill.exchange import Exchange
from gateway.prefill.intake import Intake
from gateway.prefill.plans import Plans
from gateway.prefill.prepared import Prepared, Tools
from gateway.prefill.request import PrefillRequest
from gateway.prefill.waiting import ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked, after its grammar was checked."""

    predicates: tuple[str, ...]
    subject: Subject
    #: official, agency, dossier, purpose, consent; its other members say nothing here
    request: PrefillRequest


class Questions:
    """Answers questions. Holds no state."""

    def __init__(
        self, configuration: Configuration, catalogue: Catalogue, access: Access, tools: Tools, plans: Plans
    ) -> None:
        """`tools` and `plans` are those of the prefill."""
        self._catalogue = catalogue
        self._intake = Intake(configuration, catalogue)
        policy = PredicatePolicy(configuration, catalogue.rests())
        self._admission = Admission(policy, access, tools)
        self._tools = tools
        self._plans = plans

    async def answer(
        self, wanted: Asking, requester: Requester, exchange: ExchangeId, deadline: float
    ) -> dict[str, object]:
        """The answer of the HTTP contract. `deadline` is loop time; what is late cannot be told.

        Raises Unprocessable (predicates, subject, official), Refused, Throttled, LogUnavailable.
        """
        questions = self._questions(wanted.predicates)
        running, prepared, situation = await self._begin(questions, wanted, requester, exchange, deadline)
        words = " ".join(wanted.predicates)
        await running.record(Phase.INTENT, predicates=words, **wanted.request.proof)
        task = asyncio.ensure_future(running.gather())
        try:
            in_time = await ended(task, deadline)
            if in_time:
                task.result()
            await running.doubt()
            while True:
                answers = running.shown(cut=not in_time)
                facts = Facts(
                    prepared.plan, answers, situation.published, situation.today, situation.given, {},
                    unconfirmed=running.unconfirmed(answers),
                )  # fmt: skip
                told = {word: _told(question, facts, word) for word, question in questions.items()}
                receipt = await running.record(Phase.OUTCOME, predicates=words, answered=len(told))
                if not await running.look():
                    break
        except BaseException:
            running.gathering.stop()
            with contextlib.suppress(Exception):
                await running.record(Phase.ABANDONED, predicates=words)
            raise
        finally:
            running.gathering.stop()
            task.cancel()
        return {"exchange_id": exchange, "purpose": prepared.purpose, "predicates": told, "receipt": receipt}

    def _questions(self, words: tuple[str, ...]) -> Mapping[str, Question]:
        """Each word with its question; Unprocessable for one that is none, and for one that is asked twice."""
        found: dict[str, Question] = {}
        for index, word in enumerate(words):
            name, parameter = split(word)
            question, place = self._catalogue.questions.get(name), f"/predicates/{index}"
            if question is None:
                known = self._catalogue.questions
                raise fault_at(place, near(name, known, "there is no such predicate"), "unknown_predicate")
            if not question.takes(parameter):
                raise fault_at(place, f"{name} does not take this parameter", "value_not_possible")
            if any(one is question for one in found.values()):
                raise fault_at(
                    place, f"{name} is asked twice: that would narrow its value down", "asked_twice"
                )
            found[word] = question
        return found

    async def _begin(
        self,
        questions: Mapping[str, Question],
        wanted: Asking,
        requester: Requester,
        exchange: ExchangeId,
        deadline: float,
    ) -> tuple[Exchange, Prepared, Situation]:
        request = wanted.request
        purpose = request.purpose or _purpose(questions)
        rules = {word: question.about(split(word)[1]) for word, question in questions.items()}
        titles = {word: question.mapping.title for word, question in questions.items()}
        procedure = asking("", purpose, rules, titles)
        taken = self._intake.fit(request, procedure, {SUBJECT: wanted.subject}, requester)
        taken = taken._replace(predicates=wanted.predicates)
        ground = await self._admission.admit(taken, requester, exchange, deadline)
        planned = self._plans.once(procedure, taken.cast, ground.grant)
        prepared = Prepared(procedure, taken.cast, taken.official, purpose, ground, *planned)
        today = legal_day(self._tools.clock.now())
        situation = Situation({}, taken.cast.given, today, self._tools.issuer.published, taken.cast.subjects)
        return Exchange(self._tools, prepared, request, requester, exchange, situation), prepared, situation


def _purpose(questions: Mapping[str, Question]) -> str:
    purposes = sorted({question.mapping.purpose for question in questions.values()})
    if len(purposes) > 1:
        raise fault_at(
            "/purpose", f"name one: these predicates are asked for {', '.join(purposes)}", "purpose_missing"
        )
    return purposes[0]


def _told(question: Question, facts: Facts, word: str) -> dict[str, object]:
    truth, title = question.truth(facts, word), question.mapping.title
    entry: dict[str, object] = {"answer": TOLD[truth], "title": title.vi, "title_en": title.en}
    if truth is Truth.UNKNOWN:
        entry["reason"] = {"code": _why(facts, word).value}
    return entry


def _why(facts: Facts, word: str) -> Reason:
    """Why it cannot be told: the first thing that the evidence lacks."""
    for ref in facts.plan.reads[word]:
        pick = facts.plan.picks[ref]
        if pick.query is None:
            return pick.reason or Reason.CONDITION_UNKNOWN
        answer = facts.answers[pick.query]
        if (late := facts.unsettled(ref)) is not None:
            return late
        if answer is not None and (reason := lacking(answer, pick.attribute)) is not None:
            return reason
    return Reason.CONDITION_UNKNOWN

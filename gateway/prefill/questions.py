"""The use case of predicates: questions about one person in; yes, no or cannot_tell out; no value.

The steps of a prefill: admit, promise, ask the least, account, answer. Records name the questions and that they were
answered. The answer itself is in no record, log line or metric.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.domain import sentences as say
from gateway.domain.errors import fault_at
from gateway.domain.exchange import Phase, Receipt
from gateway.domain.faults import nearest
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Requester, Subject
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import Reason
from gateway.mapping.load import Catalogue
from gateway.mapping.papers import lacking
from gateway.mapping.plan import Plan
from gateway.mapping.predicates import Facts, Truth
from gateway.mapping.procedure import Procedure
from gateway.mapping.questions import ANSWER_WORDS, SUBJECT, Question, asking, split
from gateway.prefill.admission import Admission
from gateway.prefill.allowed import Allowed
from gateway.prefill.asking import Asking
from gateway.prefill.case import Case, Cases
from gateway.prefill.consent_checks import ConsentChecks
from gateway.prefill.counting import Counting
from gateway.prefill.exchange import Exchange
from gateway.prefill.plans import Plans
from gateway.prefill.records import Records
from gateway.prefill.request import PrefillRequest

Begin = Callable[[ExchangeId, Requester, Case, Allowed, Plan], Exchange]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRequest:
    """What is asked, after its grammar was checked."""

    predicates: tuple[str, ...]
    subject: Subject
    #: official, agency, dossier, purpose, consent; its other members are not used here
    request: PrefillRequest


class Questions:
    """Answers predicates. Holds no state."""

    def __init__(
        self, catalogue: Catalogue, cases: Cases, admission: Admission, plans: Plans, asking: Asking,
        records: Records, consents: ConsentChecks, counting: Counting, begin: Begin,
    ) -> None:  # fmt: skip
        """The steps of a prefill; `admission` decides over predicates."""
        self._catalogue = catalogue
        self._cases = cases
        self._admission = admission
        self._plans = plans
        self._asking = asking
        self._records = records
        self._consents = consents
        self._counting = counting
        self._begin = begin

    async def answer(
        self, wanted: QuestionRequest, requester: Requester, exchange_id: ExchangeId, deadline: float
    ) -> dict[str, object]:
        """The answer of the HTTP contract. `deadline` is loop time; a late answer gives cannot_tell.

        Raises Unprocessable (predicates, subject, official), Refused, Throttled, LogUnavailable.
        """
        questions, request = self._questions(wanted.predicates), wanted.request
        procedure = _procedure(questions, request)
        case = self._cases.fit(request, procedure, {SUBJECT: wanted.subject}, requester, wanted.predicates)
        allowed = await self._admission.admit(case, requester, exchange_id, deadline)
        plan = self._plans.once(case, allowed.grant)
        exchange = self._begin(exchange_id, requester, case, allowed, plan)
        words = " ".join(wanted.predicates)
        await self._records.write(
            exchange, Phase.INTENT, predicates=words, **case.proof_of_login, **request.proof
        )
        try:
            in_time = await self._asking.ask(exchange, deadline)
            await self._counting.mismatch(exchange)
            verdicts, receipt = await self._settled(exchange, questions, words, in_time=in_time)
        except BaseException:
            exchange.is_stopped = True
            with contextlib.suppress(Exception):
                await self._records.write(exchange, Phase.ABANDONED, predicates=words)
            raise
        finally:
            exchange.is_stopped = True
        reference = {"leaf_hash": receipt.leaf_hash, "log": receipt.log}
        return {
            "exchange_id": exchange_id,
            "purpose": case.purpose,
            "predicates": verdicts,
            "receipt": reference,
        }

    async def _settled(
        self, exchange: Exchange, questions: Mapping[str, Question], words: str, *, in_time: bool
    ) -> tuple[dict[str, object], Receipt]:
        """The verdicts and the receipt of their record; judged again as long as the plan changes meanwhile."""
        while True:
            plan, answers = exchange.plan, exchange.shown(cut=not in_time)
            facts = Facts(
                plan, answers, exchange.published, exchange.today, exchange.given, {},
                unconfirmed=exchange.unconfirmed(answers),
            )  # fmt: skip
            verdicts: dict[str, object] = {
                word: _verdict(question, facts, word) for word, question in questions.items()
            }
            receipt = await self._records.write(
                exchange, Phase.OUTCOME, predicates=words, answered=len(verdicts)
            )
            await self._consents.recheck(exchange)
            if exchange.plan is plan:
                return verdicts, receipt

    def _questions(self, words: tuple[str, ...]) -> Mapping[str, Question]:
        """Each word with its question. Raises Unprocessable for an unknown or repeated predicate."""
        found: dict[str, Question] = {}
        for index, word in enumerate(words):
            name, parameter = split(word)
            question, place = self._catalogue.questions.get(name), f"/predicates/{index}"
            if question is None:
                known = self._catalogue.questions
                found_near = nearest(name, known)
                why = say.DID_YOU_MEAN(word=found_near) if found_near else say.NO_SUCH_PREDICATE
                raise fault_at(place, why, ProblemCode.UNKNOWN_PREDICATE)
            if not question.takes(parameter):
                raise fault_at(place, say.PREDICATE_PARAMETER(predicate=name), ProblemCode.VALUE_NOT_POSSIBLE)
            if any(one is question for one in found.values()):
                raise fault_at(place, say.PREDICATE_TWICE(predicate=name), ProblemCode.ASKED_TWICE)
            found[word] = question
        return found


def _procedure(questions: Mapping[str, Question], request: PrefillRequest) -> Procedure:
    """A procedure that asks only these predicates."""
    rules = {word: question.about(split(word)[1]) for word, question in questions.items()}
    titles = {word: question.mapping.title for word, question in questions.items()}
    return asking("", request.purpose or _purpose(questions), rules, titles)


def _purpose(questions: Mapping[str, Question]) -> str:
    purposes = sorted({question.mapping.purpose for question in questions.values()})
    if len(purposes) > 1:
        raise fault_at(
            "/purpose", say.PREDICATE_PURPOSES(purposes=", ".join(purposes)), ProblemCode.PURPOSE_MISSING
        )
    return purposes[0]


def _verdict(question: Question, facts: Facts, word: str) -> dict[str, object]:
    truth, title = question.truth(facts, word), question.mapping.title
    entry: dict[str, object] = {"answer": ANSWER_WORDS[truth], "title": title.vi, "title_en": title.en}
    if truth is Truth.UNKNOWN:
        entry["reason"] = {"code": _why(facts, word).value}
    return entry


def _why(facts: Facts, word: str) -> Reason:
    """Why the answer is cannot_tell: the first thing that the evidence lacks."""
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

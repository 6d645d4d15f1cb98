"""Asks what a plan needs: each query as soon as it is needed, in waves, until no more is needed.

Before each later wave consents are checked again. A person found in evidence is checked by the same rules and named in
a durable intent before any source is asked about them.
"""

import asyncio
from functools import partial

from gateway.domain.evidence import NOTHING, Outcome, SourceAnswer, SourceQuery, failed
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Subject
from gateway.domain.reasons import Reason
from gateway.mapping.apply import next_queries
from gateway.mapping.found_people import dependency, found_subject
from gateway.mapping.plan import PlannedQuery
from gateway.mapping.procedure import ACCOUNT
from gateway.prefill.consent_checks import ConsentChecks
from gateway.prefill.exchange import Exchange
from gateway.prefill.gather import Gatherer, QueryCall
from gateway.prefill.records import Records

#: claims that were not given are no evidence
_NO_CLAIMS = failed(Outcome.SKIPPED, Reason.VALUE_BLANK)
_NOT_ASKED = failed(Outcome.SKIPPED, Reason.CONDITION_FALSE)


class Asking:
    """Asks for exchanges; keeps none of them."""

    def __init__(self, gatherer: Gatherer, consents: ConsentChecks, records: Records) -> None:
        """`records` writes the intents for people found in evidence."""
        self._gatherer = gatherer
        self._consents = consents
        self._records = records
        self._announcing: set[asyncio.Task[None]] = set()

    async def ask(self, exchange: Exchange, deadline: float) -> bool:
        """Ask until nothing more is needed or until `deadline` (loop time). True: no answer is awaited any more.

        Raises LogUnavailable when the intent for a person found in evidence cannot be written.
        """
        self._ask_next(exchange)
        if exchange.awaited and exchange.failure is None:
            await exchange.wait(deadline)
        if exchange.failure is not None:
            raise exchange.failure
        return not exchange.awaited

    def _ask_next(self, exchange: Exchange) -> None:
        """Ask the queries that the answers so far make necessary."""
        if exchange.is_stopped:
            return
        queries = [index for index in _next_wave(exchange) if index not in exchange.asked]
        if not queries:
            return
        is_first = not exchange.asked
        exchange.asked += queries
        exchange.awaited += len(queries)
        if is_first:
            self._ask_all(exchange, queries)
            return
        announcing = asyncio.get_running_loop().create_task(self._announce(exchange, queries))
        self._announcing.add(announcing)
        announcing.add_done_callback(self._announcing.discard)

    async def _announce(self, exchange: Exchange, queries: list[int]) -> None:
        try:
            # one wave at a time: a later wave waits for the record of the wave before, and writes it again if it failed
            if exchange.announcing is None:
                exchange.announcing = asyncio.Lock()
            async with exchange.announcing:
                await self._consents.recheck(exchange)
                for role in dict.fromkeys(exchange.plan.queries[index].role for index in queries):
                    await _find_subject(exchange, role)
                named = len(exchange.subjects)
                if named > exchange.announced and not exchange.is_stopped:
                    await self._records.write(exchange, Phase.INTENT)
                    exchange.announced = named
        except Exception as error:  # noqa: BLE001 -- who waits for the exchange hears of it
            _fail(exchange, error, len(queries))
            return
        if exchange.is_stopped:
            exchange.awaited -= len(queries)
            exchange.wake()
        else:
            self._ask_all(exchange, queries)

    def _ask_all(self, exchange: Exchange, queries: list[int]) -> None:
        for index in queries:
            try:
                self._ask_one(exchange, index)
            except Exception as error:  # noqa: BLE001 -- the others are asked, and who waits hears of it
                _fail(exchange, error, 1)

    def _ask_one(self, exchange: Exchange, index: int) -> None:
        query, case = exchange.plan.queries[index], exchange.case
        claims = case.request.account if query.service.evidence == ACCOUNT else NOTHING
        if query.service.evidence == ACCOUNT and not claims:
            self._landed(exchange, index, _NO_CLAIMS)
            return
        if not query.attributes:
            self._landed(exchange, index, failed(Outcome.REFUSED, exchange.plan.withheld[index].reason))
            return
        subject = exchange.subjects.get(query.role)
        # subjects that the request names were checked when the plan was made
        if subject is None or not (query.role in exchange.named or query.service.can_ask(subject)):
            self._landed(exchange, index, _NOT_ASKED)
            return
        call_id = CallId(f"{exchange.id}-{index + 1}")
        call = exchange.calls[index] = QueryCall(
            call_id, query.attributes, partial(self._landed, exchange, index)
        )
        if (
            query.role not in exchange.named
            and (answer := _known(exchange, query, subject, call)) is not None
        ):
            call.land(answer)
            return
        asked = SourceQuery(
            call_id, query.service.name, subject, query.attributes, case.official, case.procedure.code,
            case.purpose, case.request.dossier, query.result_codes, claims, exchange.requester.id,
            exchange.citizen, None if index else exchange.trace, exchange.day,
        )  # fmt: skip
        identity = case.cast.identities.get(query.role) or subject.identity
        self._gatherer.ask(asked, exchange.asker, identity, exchange.id, exchange.end, call)

    def _landed(self, exchange: Exchange, index: int, answer: SourceAnswer) -> None:
        exchange.answers[index] = answer
        exchange.awaited -= 1
        exchange.landed += 1
        try:
            if len(exchange.asked) < len(exchange.answers):
                self._ask_next(exchange)
        except Exception as error:  # noqa: BLE001 -- a defect here is this exchange's, not the source's
            _fail(exchange, error)
            return
        if not exchange.awaited or exchange.is_followed:
            exchange.wake()


def _fail(exchange: Exchange, error: Exception, given_up: int = 0) -> None:
    exchange.failure = exchange.failure or error
    exchange.is_stopped = True
    exchange.awaited -= given_up
    exchange.wake()


def _next_wave(exchange: Exchange) -> list[int]:
    """The queries to ask next; the query that finds a person comes before queries about that person."""
    plan, answers = exchange.plan, exchange.answers
    if not exchange.asked and not exchange.known:
        wave = [*plan.first]
    else:
        wave = next_queries(plan, exchange.trusted(answers), exchange, waiting=exchange.awaited > 0)
    wanted: dict[int, None] = {}
    for index in wave:
        role = plan.queries[index].role
        before = None if role in exchange.subjects else dependency(plan, role)
        wanted[index if before is None or answers[before] is not None else before] = None
    return list(wanted)


async def _find_subject(exchange: Exchange, role: str) -> None:
    """The subject of a role, if evidence names one and a query about them is allowed."""
    if role in exchange.subjects or role in exchange.met:
        return
    before = dependency(exchange.plan, role)
    answer = None if before is None else exchange.trusted(exchange.answers)[before]
    found = None if answer is None else found_subject(exchange.plan, role, answer)
    if found is None:
        return
    exchange.met.add(role)
    allowed = await exchange.allowed.about(role, found)
    exchange.plan = allowed(exchange.plan)  # the current plan: a consent may have ended meanwhile
    if any(query.role == role and query.attributes for query in exchange.plan.queries):
        exchange.subjects[role] = found
        exchange.keys[role] = found.key


def _known(exchange: Exchange, query: PlannedQuery, subject: Subject, call: QueryCall) -> SourceAnswer | None:
    """The answer that this data service already gave about the same person in another role."""
    for other, before in exchange.calls.items():
        answer, planned = exchange.answers[other], exchange.plan.queries[other]
        if answer is None or answer.outcome is not Outcome.FOUND or planned.service is not query.service:
            continue
        same = exchange.subjects[planned.role].personal_id == subject.personal_id
        if same and set(query.attributes) <= set(before.attributes):
            call.cached, call.valid_seconds = True, before.valid_seconds
            call.fetched_at, call.ended = before.fetched_at, before.ended
            return answer
    return None

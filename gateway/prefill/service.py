"""The use case: one procedure and its subjects in, a filled form with passports out.

No record, no release: the intent is durable before any provider is asked, the outcome before the answer leaves.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Mapping

from gateway.config import Configuration
from gateway.domain.dates import legal_day
from gateway.domain.errors import LogUnavailable
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Requester
from gateway.mapping.apply import Situation
from gateway.mapping.load import Catalogue
from gateway.mapping.predicates import Published
from gateway.policy.decide import Policy
from gateway.ports import Cache, Clock, ExchangeLog
from gateway.prefill.admission import Access, Admission
from gateway.prefill.counting import Counting
from gateway.prefill.exchange import Exchange
from gateway.prefill.explain import Explainer
from gateway.prefill.gather import Gatherer
from gateway.prefill.intake import Intake, Taken
from gateway.prefill.late import LateWork
from gateway.prefill.passport import Issuer
from gateway.prefill.pending import PendingStore
from gateway.prefill.plans import Plans
from gateway.prefill.prepared import Prepared, Tools
from gateway.prefill.preview import Decided, Previews
from gateway.prefill.questions import Asking, Questions
from gateway.prefill.release import released
from gateway.prefill.request import PrefillRequest
from gateway.prefill.sealing import Sealer
from gateway.prefill.waiting import ended
from gateway.telemetry import Metrics

_POLL_SECONDS = 0.02
#: a state that is never put (the cache lost it) is looked for all the same
_LONGEST_SECONDS = 1.0


class Prefill:
    """Fills forms. Holds no state of requests but plans, calls in flight and answers still valid."""

    def __init__(
        self, configuration: Configuration, catalogue: Catalogue, gatherer: Gatherer, log: ExchangeLog,
        cache: Cache, clock: Clock, metrics: Metrics, access: Access, digest: str = "",
        sealer: Sealer | None = None,
    ) -> None:  # fmt: skip
        """`digest`: of the configuration in force, for the records."""
        times, published = configuration.gateway.prefill, _published(configuration)
        pending = PendingStore(cache, times.pending_seconds)
        previews = Previews(pending, access, times.pending_seconds, catalogue)
        issuer = Issuer(configuration.sources, published, configuration.gateway.profile == "sandbox")
        counting = Counting(configuration.gateway.policy, access.quotas, access.secret)
        self._tools = Tools(
            gatherer, log, clock, pending, issuer, digest, times.late_ms / 1000, metrics, counting, sealer, previews,
            access.consents,
        )  # fmt: skip
        self._late = LateWork(self._tools)
        self._intake = Intake(configuration, catalogue)
        self._plans = Plans(configuration, catalogue, issuer)
        self._admission = Admission(Policy(configuration), access, self._tools)
        self._questions = Questions(configuration, catalogue, access, self._tools, self._plans)
        self._explainer = Explainer(self._intake, self._admission, self._plans, self._tools)

    async def fill(
        self, request: PrefillRequest, requester: Requester, exchange: ExchangeId, deadline: float
    ) -> dict[str, object]:
        """The answer of the HTTP contract. `deadline` is loop time; what is late can be fetched with `resume`.

        Raises NotFound (procedure), Unprocessable (roles, fields, official), Refused, Throttled, LogUnavailable.
        """
        prepared = await self._prepare(self._intake.take(request, requester), requester, exchange, deadline)
        running = Exchange(
            self._tools, prepared, request, requester, exchange, self._situation(request, prepared)
        )
        task = None
        try:
            shown = {"preview": True} if request.preview else {}
            await running.record(Phase.INTENT, **_mandate(request), **shown, **request.proof)
            task = asyncio.ensure_future(running.gather())
            if await ended(task, deadline):
                task.result()
                return await running.answer()
            token = await self._late.open(running)
            answer = await running.answer(pending=token)
        except BaseException as stopped:
            if task is not None or not isinstance(stopped, LogUnavailable):
                self._late.abandon(running, task)
            raise
        self._late.follow(running, task, token, answer)
        return answer

    async def explain(
        self, request: PrefillRequest, requester: Requester, exchange: ExchangeId
    ) -> dict[str, object]:
        """What `fill` would decide, and why; no source is asked, nothing is counted. Raises as `fill`, but Refused."""
        return await self._explainer.explain(request, requester, exchange)

    async def ask(
        self, wanted: Asking, requester: Requester, exchange: ExchangeId, deadline: float
    ) -> dict[str, object]:
        """Yes, no or cannot_tell to each predicate; no value leaves. Raises as `fill`, but NotFound."""
        return await self._questions.answer(wanted, requester, exchange, deadline)

    async def decide(self, exchange: str, decided: Decided, requester: Requester) -> dict[str, object]:
        """The answer of a preview without what the citizen refused; recorded before. Raises as `Previews.decide`."""
        assert self._tools.previews is not None
        return await self._tools.previews.decide(self._tools, exchange, decided, requester)

    async def resume(self, token: str, requester: Requester, deadline: float) -> dict[str, object]:
        """What arrived after the answer left; waits for it until `deadline`. NotFound for a token not theirs."""
        loop = asyncio.get_running_loop()
        while True:
            change = self._tools.pending.change(token)
            state = await self._tools.pending.get(token, requester.id)
            if state["done"] or loop.time() >= deadline:
                return await self._late_answer(state, token, requester)
            await self._changed(change, token, deadline)

    async def events(self, token: str, requester: Requester) -> AsyncIterator[dict[str, object]]:
        """Each late arrival as it comes, until all are there."""
        seen = 0
        while True:
            change = self._tools.pending.change(token)
            state = await self._tools.pending.get(token, requester.id)
            version = state["version"]
            if isinstance(version, int) and version > seen:
                seen = version
                yield await self._late_answer(state, token, requester)
            if state["done"]:
                return
            await self._changed(change, token, math.inf)

    async def _changed(self, change: asyncio.Event, token: str, until: float) -> None:
        """Wait for the token's next state; one that another process keeps is looked for again after a moment."""
        pause = _LONGEST_SECONDS if self._late.follows(token) else _POLL_SECONDS
        end = min(until, asyncio.get_running_loop().time() + pause)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(end):
                await change.wait()

    async def ended(self) -> None:
        """Wait until late work has ended by itself."""
        await self._late.ended()
        if self._tools.previews is not None:
            await self._tools.previews.ended()

    async def close(self) -> None:
        """Let late work end, then forget it and all that sources answered."""
        await self._late.close()
        if self._tools.previews is not None:
            await self._tools.previews.ended()
        self._tools.gatherer.close()

    async def _prepare(
        self, taken: Taken, requester: Requester, exchange: ExchangeId, deadline: float
    ) -> Prepared:
        ground = await self._admission.admit(taken, requester, exchange, deadline)
        procedure, roles = taken.procedure, taken.cast
        planned = self._plans.plan(procedure, roles, ground.grant, taken.request.fields)
        return Prepared(procedure, roles, taken.official, taken.purpose, ground, *planned)

    async def _late_answer(
        self, state: Mapping[str, object], token: str, requester: Requester
    ) -> dict[str, object]:
        """What is kept of late answers, as far as it may leave now. LogUnavailable when it is not recorded."""
        if not isinstance(state["answer"], dict):
            raise LogUnavailable
        answer = await released(self._tools, state, token, requester)
        previews = self._tools.previews
        if answer["preview"] is not None and previews is not None:
            await previews.look(self._tools, answer["exchange_id"], requester)
        return {**answer, "pending": None if state["done"] else token, "late": state["late"]}

    def _situation(self, request: PrefillRequest, prepared: Prepared) -> Situation:
        today = legal_day(self._tools.clock.now())
        roles = prepared.cast
        return Situation(request.known, roles.given, today, self._tools.issuer.published, roles.subjects)


def _mandate(request: PrefillRequest) -> Mapping[str, str]:
    """What the record of an intent says of the document that the applicant acts under."""
    return {"mandate": request.mandate} if request.mandate else {}


def _published(configuration: Configuration) -> Published:
    scopes = {(one.service, name): one.scope for one in configuration.scopes for name in one.attributes}
    return lambda service, attribute: scopes.get((service, attribute)) or scopes.get((service, "*"))

"""The use case: one procedure and its subjects in, a filled form with passports out.

No record, no release: the intent is durable before any provider is asked, the outcome before the answer leaves.
"""

import asyncio
import contextlib
import math
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

from gateway.config import Configuration
from gateway.domain.dates import legal_day
from gateway.domain.errors import LogUnavailable, NotFound, Refused, Unprocessable
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Official, Requester
from gateway.mapping.apply import Situation, next_queries
from gateway.mapping.load import Catalogue
from gateway.mapping.plan import Allows, Plan, make_plan
from gateway.mapping.procedure import Procedure
from gateway.mapping.source import ServicePlan
from gateway.policy.grants import Grant, Policy
from gateway.ports import Cache, Clock, ExchangeLog
from gateway.prefill.exchange import Exchange
from gateway.prefill.gather import Gatherer
from gateway.prefill.late import LateWork
from gateway.prefill.passport import Issuer
from gateway.prefill.pending import PendingStore
from gateway.prefill.prepared import Prepared, Tools
from gateway.prefill.request import PrefillRequest
from gateway.prefill.roles import Cast, cast, place_of
from gateway.telemetry import Metrics

_MAX_PLANS = 256
#: of plans for some fields only: callers may name very many subsets, and none of them drives out a whole form
_MAX_NARROWED = 64
#: a plan for more subjects is large and seldom wanted again: it is made anew
_KEPT_SUBJECTS = 10
_POLL_SECONDS = 0.02
#: a state that is never put (the cache lost it) is looked for all the same
_LONGEST_SECONDS = 1.0
#: a form key may be shown in an error; anything else could be a value in the wrong place
_NAME = re.compile(r"(?!.*[0-9]{6})[A-Za-z][A-Za-z_.\[\]0-9]{0,60}")


class _Planned(NamedTuple):
    plan: Plan
    first: tuple[int, ...]
    passports: tuple[dict[str, object], ...]


_Plans = OrderedDict[tuple[object, ...], _Planned]


class Prefill:
    """Fills forms. Holds no state of requests but plans, calls in flight and answers still valid."""

    def __init__(
        self, configuration: Configuration, catalogue: Catalogue, gatherer: Gatherer, log: ExchangeLog,
        cache: Cache, clock: Clock, metrics: Metrics, digest: str = "",
    ) -> None:  # fmt: skip
        """`digest`: of the configuration in force, for the records."""
        self._configuration = configuration
        self._catalogue = catalogue
        self._policy = Policy(configuration)
        self._offers = _enabled(configuration, catalogue)
        self._plans: _Plans = OrderedDict()
        self._narrowed: _Plans = OrderedDict()
        self._scopes = {(s.service, name): s.scope for s in configuration.scopes for name in s.attributes}
        times = configuration.gateway.prefill
        pending = PendingStore(cache, times.pending_seconds)
        issuer = Issuer(configuration.sources, self._published, configuration.gateway.profile == "sandbox")
        self._tools = Tools(gatherer, log, clock, pending, issuer, digest, times.late_ms / 1000, metrics)
        self._late = LateWork(self._tools)

    async def fill(
        self, request: PrefillRequest, requester: Requester, exchange: ExchangeId, deadline: float
    ) -> dict[str, object]:
        """The answer of the HTTP contract. `deadline` is loop time; what is late can be fetched with `resume`.

        Raises NotFound (procedure), Unprocessable (roles, fields, official), Refused, LogUnavailable.
        """
        prepared = await self._prepare(request, requester, exchange)
        running = Exchange(
            self._tools, prepared, request, requester, exchange, self._situation(request, prepared)
        )
        task = None
        try:
            await running.record(Phase.INTENT)
            task = asyncio.ensure_future(running.gather())
            if await _ended(task, deadline):
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

    async def resume(self, token: str, requester: Requester, deadline: float) -> dict[str, object]:
        """What arrived after the answer left; waits for it until `deadline`. NotFound for a token not theirs."""
        loop = asyncio.get_running_loop()
        while True:
            change = self._tools.pending.change(token)
            state = await self._tools.pending.get(token, requester.id)
            if state["done"] or loop.time() >= deadline:
                return _late_answer(state, token)
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
                yield _late_answer(state, token)
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

    async def close(self) -> None:
        """Let late work end, then forget it."""
        await self._late.close()

    async def _prepare(self, request: PrefillRequest, requester: Requester, exchange: ExchangeId) -> Prepared:
        procedure = self._catalogue.find(request.procedure)
        if procedure is None:
            near = self._catalogue.near(request.procedure)
            raise NotFound(f"there is no procedure {request.procedure}", code="unknown_procedure", near=near)
        roles = cast(procedure, request.subjects)
        _check_fields(procedure, request)
        _check_people(roles, request, procedure.signs_in)
        official = self._official(request, requester)
        purpose = request.purpose or procedure.purpose
        try:
            grant = self._policy.decide(
                requester, procedure.code, purpose, legal_day(self._tools.clock.now())
            )
        except Refused as refusal:
            await self._tools.refuse(
                refusal, request, requester, exchange, roles.subjects, official, procedure.code, purpose
            )
            raise
        return Prepared(
            procedure, roles, official, purpose, grant, *self._plan(procedure, roles, grant, request)
        )

    def _plan(self, procedure: Procedure, roles: Cast, grant: Grant, request: PrefillRequest) -> "_Planned":
        """What is the same for all subjects of this shape."""
        narrowed = None if request.fields is None else frozenset(request.fields)
        key = (procedure.code, grant.requester, grant.purpose, grant.day, roles.shape, narrowed)
        plans, most = (self._plans, _MAX_PLANS) if narrowed is None else (self._narrowed, _MAX_NARROWED)
        planned = plans.get(key)
        if planned is None:
            plan = make_plan(procedure, self._offers, _allows(grant), roles.subjects, roles.slots, narrowed)
            untouched = Situation({}, roles.given, grant.day, self._published)
            first = tuple(next_queries(plan, [None] * len(plan.queries), untouched))
            passports = self._tools.issuer.passports(plan, grant)
            planned = _Planned(plan, first, passports)
            if len(roles.subjects) <= _KEPT_SUBJECTS:
                while len(plans) >= most:
                    plans.popitem(last=False)
                plans[key] = planned
        return planned

    def _official(self, request: PrefillRequest, requester: Requester) -> Official:
        if request.official is not None:
            if request.official.agency not in self._configuration.agencies:
                raise _fault(
                    "/official/agency", "there is no such agency in config/agencies.yaml", "unknown_agency"
                )
            return request.official
        settings = self._configuration.requesters.get(requester.id)
        code = request.agency or (settings.agency if settings else "")
        agency = self._configuration.agencies.get(code)
        if agency is None or agency.duty_official is None:
            what = "name the official; the agency has no duty official to stand in"
            raise _fault("/official", what, "official_missing")
        return Official(
            personal_id=agency.duty_official, agency=agency.code, account=agency.duty_account, on_duty=True
        )

    def _situation(self, request: PrefillRequest, prepared: Prepared) -> Situation:
        today = legal_day(self._tools.clock.now())
        roles = prepared.cast
        return Situation(request.known, roles.given, today, self._published, roles.subjects)

    def _published(self, service: str, attribute: str) -> str | None:
        return self._scopes.get((service, attribute)) or self._scopes.get((service, "*"))


async def _ended(task: "asyncio.Task[None]", deadline: float) -> bool:
    """Whether the task ends before `deadline`; it goes on if it does not."""
    loop = asyncio.get_running_loop()
    woken = loop.create_future()

    def wake(_task: object = None) -> None:
        if not woken.done():
            woken.set_result(None)

    timer = loop.call_at(deadline, wake)
    task.add_done_callback(wake)
    try:
        await woken
    finally:
        timer.cancel()
        task.remove_done_callback(wake)
    return task.done()


def _enabled(configuration: Configuration, catalogue: Catalogue) -> dict[str, tuple[ServicePlan, ...]]:
    on = {
        f"{source}.{operation}"
        for source, settings in configuration.sources.items()
        for operation, service in settings.services.items()
        if service.enabled
    }
    return {evidence: tuple(p for p in plans if p.name in on) for evidence, plans in catalogue.offers.items()}


def _allows(grant: Grant) -> Allows:
    return lambda service, attribute: service.startswith("account.") or grant.allows(service, attribute)


def _check_fields(procedure: Procedure, request: PrefillRequest) -> None:
    fields = {field.key: field for field in procedure.fields}
    places = [(f"/fields/{at}", name) for at, name in enumerate(request.fields or ())]
    places += [(f"/known/{name if _NAME.fullmatch(name) else '*'}", name) for name in request.known]
    for place, name in places:
        if name not in fields:
            shown = name if _NAME.fullmatch(name) else "this name"
            raise _fault(place, f"the form of {procedure.code} has no field {shown}", "unknown_field")
    for name, value in request.known.items():
        if not procedure.accepts(name, value):
            raise _fault(f"/known/{name}", "the form's schema does not take this value", "value_not_possible")


def _check_people(roles: Cast, request: PrefillRequest, signs_in: str) -> None:
    """A number alone identifies nobody: name and birth date must come with it, and the account be his."""
    for role, one in roles.subjects.items():
        if (one.personal_id or one.old_id) and (one.full_name is None or one.birth_date is None):
            where = f"/subjects/{place_of(role, request.subjects)}"
            raise _fault(where, "give full_name and birth_date with the number", "identity_incomplete")
    own = roles.subjects.get(signs_in)
    for word, number in (("SoDinhDanh", own and own.personal_id), ("SoCMND", own and own.old_id)):
        claimed = request.account.get(word)
        if number and claimed and claimed != number:
            raise _fault(f"/account/{word}", f"is not the number of the role {signs_in}", "account_differs")


def _fault(place: str, why: str, code: str) -> Unprocessable:
    return Unprocessable(
        f"{place}: {why}", code=code, errors=[{"pointer": place, "code": code, "detail": why}]
    )


def _late_answer(state: Mapping[str, object], token: str) -> dict[str, object]:
    answer = state["answer"]
    if not isinstance(answer, dict):
        raise LogUnavailable
    late = dict(answer)
    late["pending"] = None if state["done"] else token
    late["late"] = state["late"]
    return late

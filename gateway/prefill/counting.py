"""Counts requests, refusals and guesses, and raises an alert when a count is unusual.

Wrong names and birth dates are guesses: a requester that may only ask whether data match could learn them by trying.
Limit: a requester gets answers to `policy.claims` different names and birth dates of one number, and to the same number
of them under the person's own account. Above it, nothing more is answered until the window ends.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson

from gateway.config.gateway import PolicySettings
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.login import AccountKind, Login
from gateway.domain.parties import Requester, Subject, SubjectKind
from gateway.domain.reasons import RefusalReason
from gateway.exchange_log.recorder import Recorder
from gateway.mapping.confirming import denied
from gateway.mapping.records import bare
from gateway.policy.grants import Grant
from gateway.policy.rates import Exceeded, Limit, PersonKey, Whom, exceeded, limit, uses
from gateway.ports.policy import Quotas, Use, UseCount
from gateway.prefill.case import Case
from gateway.prefill.exchange import Exchange
from gateway.telemetry import log

_RULES = "unusual:"
_PEOPLE = (SubjectKind.PERSON, SubjectKind.NEWBORN)


class Count(NamedTuple):
    """One limit, for one counted person or requester."""

    limit: Limit
    use: Use
    counted: UseCount


class Counting:
    """Keeps counts under keyed digests; stores no person."""

    def __init__(self, settings: PolicySettings, quotas: Quotas, secret: bytes, recorder: Recorder) -> None:
        """`settings`: the limits; `secret`: key of the digests under which people are counted."""
        self._quotas = quotas
        self._secret = secret
        self._recorder = recorder
        self._refusals = _limits(
            ("refusals", "official", settings.refusals),
            ("requester_refusals", "requester", settings.requester_refusals),
        )
        self._exchanges = _limits(
            ("exchanges", "official", settings.exchanges),
            ("requester_exchanges", "requester", settings.requester_exchanges),
        )
        self._claims = _limits(("claims", "claim", settings.claims))
        self._unnumbered = _limits(("without_number", "unnumbered", settings.without_number))
        self._parameters = _limits(("parameters", "parameter", settings.parameters))

    async def refused(self, case: Case, requester: Requester, exchange: ExchangeId) -> None:
        """Count a refusal or a mismatch of personal data. Raises LogUnavailable when an alert cannot be recorded."""
        beyond = await self._count(self._refusals, case, requester)
        await self.alert(beyond, case, requester, exchange)

    async def mismatch(self, exchange: Exchange) -> None:
        """Count wrong names and birth dates as one refusal: a possible guess. Raises LogUnavailable."""
        plan = exchange.plan
        wrong = denied(plan.queries, exchange.answers, plan.confirms)
        if wrong and not exchange.is_mismatch_counted and not wrong.isdisjoint(exchange.named):
            exchange.is_mismatch_counted = True
            await self.refused(exchange.case, exchange.requester, exchange.id)

    def of(self, limits: Sequence[Limit]) -> list[Limit]:
        """The limits that count a request: `limits` of its grant, and the fixed ones."""
        return [*limits, *self._exchanges, *self._claims]

    async def admitted(
        self, limits: Sequence[Limit], case: Case, requester: Requester, *, is_dossier_alive: bool
    ) -> list[Count]:
        """Count one use of each limit; returns the exceeded ones.

        `is_dossier_alive`: the gateway itself knows that the dossier is alive. Raises nothing.
        """
        all_limits = [*limits, *self._exchanges]
        # refusals by others do not block an official who works on a live dossier
        if case.official.on_duty or not is_dossier_alive or case.is_unnumbered:
            all_limits += self._claims
        if case.is_unnumbered:
            all_limits += self._unnumbered
        if case.predicates:
            all_limits += self._parameters
        return await self._count(all_limits, case, requester)

    async def met(self, grant: Grant, person: str) -> frozenset[str]:
        """Count a person found in evidence, where subjects are counted; ids of the spent quotas."""
        limits = [one for one in grant.limits if one.whom == "subject"]
        found = uses(limits, [[(person, "")]] * len(limits), self._secret, grant.requester)
        counts = await self._quotas.use([use for _, use in found]) if found else ()
        return frozenset(one.limit.rule for one in exceeded(limits, counts))

    async def alert(
        self, beyond: Iterable[Count], case: Case, requester: Requester, exchange: ExchangeId
    ) -> None:
        """Record one alert per window for each unusual count, beside the request's record. Raises LogUnavailable."""
        unusual = [one for one in beyond if one.limit.rule.startswith(_RULES)]
        if not unusual:
            return
        # the first process raises the alert
        alerted = await self._quotas.use([Use(f"{one.use.key}:alerted", one.use.seconds) for one in unusual])
        for one, before in zip(unusual, alerted, strict=True):
            if before.times == 1:
                await self._record(one, case, requester, exchange)

    async def _count(self, limits: Sequence[Limit], case: Case, requester: Requester) -> list[Count]:
        """Count one use of each limit; returns the exceeded counts."""
        people = [_people(one.whom, case, requester) for one in limits]
        found = uses(limits, people, self._secret, requester.id)
        beyond = []
        if found:
            counts = await self._quotas.use([use for _, use in found])
            for (limit_, use), counted in zip(found, counts, strict=True):
                if counted.times > limit_.most:
                    beyond.append(Count(limit_, use, counted))
        return beyond

    async def _record(self, one: Count, case: Case, requester: Requester, exchange: ExchangeId) -> None:
        recorder, rule, official = self._recorder, one.limit.rule, case.official
        notes = {"alert": True, "count": one.counted.times, "seconds": one.limit.seconds}
        about = case.header(exchange, requester, "", {})._replace(dossier="")
        await recorder.write(about, Phase.REFUSAL, RefusalReason.UNUSUAL_VOLUME, rules=(rule,), notes=notes)
        recorder.metrics.alarm(rule.replace(":", "_"))
        log().error(
            "policy.unusual", exchange_id=exchange, requester=requester.id, agency=official.agency,
            rule_id=rule, count=one.counted.times, seconds=one.limit.seconds,
        )  # fmt: skip


def exceeded_limits(counts: Sequence[Count]) -> list[Exceeded]:
    """The exceeded limits."""
    return [Exceeded(one.limit, one.counted.ends_in) for one in counts]


def _limits(*rates: tuple[str, Whom, str | None]) -> list[Limit]:
    return [limit(f"{_RULES}{name}", whom, rate) for name, whom, rate in rates if rate is not None]


def _people(whom: Whom, case: Case, requester: Requester) -> list[PersonKey]:
    """The keys that a limit counts. A duty official is not counted: all citizens share that name."""
    match whom:
        case "requester":
            return [(requester.id, "")]
        case "official":
            official = case.official
            return [] if official.on_duty else [(f"{requester.id}\x1f{official.personal_id}", "")]
        case "subject":
            return [(one, "") for one in sorted(case.persons)]
        case "claim" | "unnumbered":
            return (_claims if whom == "claim" else _unnumbered)(case, requester)
        case "parameter":
            asked = [word.partition(":") for word in case.predicates]
            people = sorted(case.persons)
            return [
                (f"{requester.id}\x1f{name}\x1f{one}", parameter)
                for one in people
                for name, _, parameter in asked
                if parameter
            ]
        case _:
            return []


def _claims(case: Case, requester: Requester) -> list[PersonKey]:
    """Every person about whom the request states data that could be a guess, with that data.

    Other members of the request (role, old number) do not change the key. Two do, so that others cannot lock a person
    out: a login proven by an identity provider is not counted; an account that the requester calls the person's own is
    counted apart.
    """
    account = case.signed_in.get("SoDinhDanh")
    proven = _proven(case.request.login)
    written = {**case.request.known, **case.request.held}
    by, found = _by(case.request.login), []
    people = [
        (role, case.cast.keys[role], one)
        for role, one in case.cast.subjects.items()
        if case.cast.slots[role] == role
    ]
    if case.acting is not None and case.acting.is_outside:
        people.append(("", case.acting.subject.key, case.acting.subject))
    for role, key, one in people:
        is_newborn = one.kind is SubjectKind.NEWBORN
        has_claim = one.full_name or one.birth_date or (is_newborn and written)
        if one.kind not in _PEOPLE or not has_claim:
            continue
        # a newborn has no number: its notice is found by the parent's
        number = one.parent_personal_id if is_newborn else one.personal_id
        if number is not None and number in proven:
            continue
        whom = f"newborn|{number or ''}" if is_newborn else key
        own = "own" if number is not None and number == account else by
        born = "" if one.birth_date is None else one.birth_date.text
        name_and_birth = f"{bare(one.full_name or '')}\x1f{born}"
        if case.is_unnumbered and one.is_unnumbered:
            # no number stays the same: what is tried about one name counts, by whichever login
            own, whom = "", f"unnumbered|{bare(one.full_name or '')}"
            name_and_birth = _described(one)
        if is_newborn and written:
            name_and_birth += _written_about(role, case, written)
        found.append((f"{requester.id}\x1f{own}\x1f{whom}", name_and_birth))
    return found


def _unnumbered(case: Case, requester: Requester) -> list[PersonKey]:
    """Every person of the request without a number."""
    return [(requester.id, _described(one)) for one in case.cast.subjects.values() if one.is_unnumbered]


def _described(person: Subject) -> str:
    """All that a request says of a person without a number."""
    place = bare(person.birth_place or "")
    return f"{bare(person.full_name or '')}\x1f{person.birth_date}\x1f{person.gender or ''}\x1f{place}"


def _by(login: Login | None) -> str:
    """Who guesses, where a login by this gateway says it: nobody locks another out by guessing about a child."""
    return f"login {login.personal_id or login.tax_code}" if login is not None and login.is_handle else ""


def _proven(login: Login | None) -> Collection[str]:
    """Numbers whose names and birth dates a login or its mandate has proved; personal data."""
    if login is None:
        return ()
    if login.mandate is not None:
        return [one for one in (login.personal_id, login.mandate.represented.personal_id) if one]
    return [login.personal_id] if login.personal_id and login.kind is AccountKind.CITIZEN else ()


def _written_about(role: str, case: Case, written: Mapping[str, object]) -> str:
    """Data about a newborn in the form, typed or held: they are compared with the notice like the request."""
    about = [field.key for field in case.procedure.fields if any(ref.role == role for ref in field.refs)]
    claims = {key: written[key] for key in about if key in written}
    return orjson.dumps(claims, option=orjson.OPT_SORT_KEYS).decode()

"""Counts how often is asked, refused and guessed, and cries out when that is unusual.

Guessing is what wrong names and birth dates are: who may only ask whether data match learns them by trying.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gateway.domain.dates import rfc3339
from gateway.domain.evidence import NOTHING
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Official, Requester, Subject
from gateway.mapping.procedure import Procedure
from gateway.mapping.records import bare
from gateway.policy.grants import Grant
from gateway.policy.rates import Exceeded, Limit, Person, Whom, exceeded, limit, uses
from gateway.ports_policy import Counted, Quotas, Use
from gateway.prefill.relations import persons
from gateway.prefill.roles import Cast
from gateway.settings import PolicySettings
from gateway.telemetry import log

if TYPE_CHECKING:
    from gateway.prefill.prepared import Tools

UNUSUAL = "unusual_volume"
#: claims of an account that say whose it is
_NUMBERS = ("SoDinhDanh", "SoCMND")


class Fitted(Protocol):
    """What is looked at of a request that fits its procedure."""

    @property
    def procedure(self) -> Procedure:
        """What is asked for."""

    @property
    def cast(self) -> Cast:
        """About whom."""

    @property
    def official(self) -> Official:
        """In whose name."""

    @property
    def purpose(self) -> str:
        """Why."""


class Made(NamedTuple):
    """One request, made by somebody."""

    fitted: Fitted
    requester: Requester
    exchange: ExchangeId
    #: of whoever signed in, for whom the requester vouches; empty where nobody did
    account: Mapping[str, object] = NOTHING


class Count(NamedTuple):
    """One limit, for one of those whom it counts."""

    limit: Limit
    use: Use
    counted: Counted


class Counting:
    """Remembers counts under keyed digests, and nobody."""

    def __init__(self, settings: PolicySettings, quotas: Quotas, secret: bytes) -> None:
        """`settings` say what is unusual; `secret`: key of the digests under which people are counted."""
        self._quotas = quotas
        self._secret = secret
        self._refusals = _limits(
            ("refusals", "official", settings.refusals),
            ("requester_refusals", "requester", settings.requester_refusals),
        )
        self._exchanges = _limits(
            ("exchanges", "official", settings.exchanges),
            ("requester_exchanges", "requester", settings.requester_exchanges),
            ("claims", "claim", settings.claims),
        )
        self._together = _limits(("requester_claims", "any_claim", settings.requester_claims))

    async def refused(self, tools: "Tools", made: Made) -> None:
        """A refusal, or data that do not match whom they name. LogUnavailable: what is unusual cannot be recorded."""
        await self.tell(tools, made, await self._count(self._refusals, made))

    def of(self, limits: Sequence[Limit]) -> list[Limit]:
        """What a request is counted by: `limits`, which are those of its grant, and what is always counted."""
        return [*limits, *self._exchanges, *self._together]

    async def admitted(self, limits: Sequence[Limit], made: Made) -> list[Count]:
        """One more use of all that a request is counted by. Raises nothing.

        A guess that is one too many for who makes it does not count for all others.
        """
        counts = await self._count([*limits, *self._exchanges], made)
        if any(one.limit.whom == "claim" and one.counted.times > one.limit.most for one in counts):
            return counts
        return [*counts, *await self._count(self._together, made)]

    async def met(self, grant: Grant, person: str) -> frozenset[str]:
        """Count somebody who was found on the way, where subjects are counted; ids of what he is one too many for."""
        limits = [one for one in grant.limits if one.whom == "subject"]
        found = uses(limits, [[Person(person)]] * len(limits), self._secret, grant.requester)
        counts = await self._quotas.use([use for _, use in found]) if found else ()
        return frozenset(one.limit.rule for one in exceeded(limits, counts))

    async def tell(self, tools: "Tools", made: Made, counts: Iterable[Count]) -> None:
        """One alert in each window for what is unusual: a record beside that of the request. LogUnavailable."""
        unusual = (*self._refusals, *self._exchanges, *self._together)
        beyond = [one for one in counts if one.limit in unusual and one.counted.times > one.limit.most]
        if not beyond:
            return
        # whoever comes first tells, here or in another process
        telling = await self._quotas.use([Use(f"{one.use.key}:told", one.use.seconds) for one in beyond])
        for one, before in zip(beyond, telling, strict=True):
            if before.times == 1:
                await _alert(tools, made, one)

    async def _count(self, limits: Sequence[Limit], made: Made) -> list[Count]:
        found = uses(limits, [list(_who(one.whom, made)) for one in limits], self._secret, made.requester.id)
        counts = await self._quotas.use([use for _, use in found]) if found else ()
        return [Count(*one, counted) for one, counted in zip(found, counts, strict=True)]


def over(counts: Sequence[Count]) -> list[Exceeded]:
    """The limits that are exceeded."""
    return exceeded([one.limit for one in counts], [one.counted for one in counts])


def _limits(*rates: tuple[str, Whom, str | None]) -> list[Limit]:
    return [limit(f"unusual:{name}", whom, rate) for name, whom, rate in rates if rate is not None]


def _who(whom: Whom, made: Made) -> Iterator[Person]:
    """Whom a limit counts. Nobody on duty is an official: citizens who fill their own forms share him."""
    fitted, requester = made.fitted, made.requester.id
    match whom:
        case "requester":
            yield Person(requester)
        case "official":
            if not fitted.official.on_duty:
                yield Person(f"{requester}\x1f{fitted.official.personal_id}")
        case "subject":
            yield from map(Person, sorted(persons(fitted.cast)))
        case "claim" | "any_claim":
            for number, said in _claims(made, whom):
                yield Person(f"{requester}\x1f{number}", said)


def _claims(made: Made, whom: Whom) -> Iterator[tuple[str, str]]:
    """The people whose numbers are given, of `claim` beside who asks, each with what is said of him."""
    askers = _askers(made)
    for one in made.fitted.cast.subjects.values():
        if not (said := _claim(one)):
            continue
        if whom == "claim":
            yield f"{next(iter(askers), '')}\x1f{one.key}", said
        elif askers and askers.keys().isdisjoint((one.personal_id, one.old_id)):
            yield one.key, said


def _askers(made: Made) -> dict[object, None]:
    """Who wants to know, as far as the requester says who: numbers of whoever signed in, else the official."""
    numbers = dict.fromkeys(number for word in _NUMBERS if (number := made.account.get(word)))
    official = made.fitted.official
    return numbers or ({} if official.on_duty else {f"official {official.personal_id}": None})


def _claim(one: Subject) -> str:
    """What is said of the person whose number is given; blank where there is nothing to guess."""
    number = one.personal_id or one.old_id or one.passport
    return f"{bare(one.full_name or '')}\x1f{one.birth_date or ''}" if number else ""


async def _alert(tools: "Tools", made: Made, one: Count) -> None:
    fitted, rule, official = made.fitted, one.limit.rule, made.fitted.official
    await tools.write(ExchangeRecord(
        exchange=made.exchange, phase=Phase.REFUSAL, time=rfc3339(tools.clock.now()), requester=made.requester.id,
        agency=official.agency, procedure=fitted.procedure.code, purpose=fitted.purpose,
        subjects={}, official=official.personal_id, on_duty=official.on_duty, rules=(rule,), result=UNUSUAL,
        configuration=tools.digest,
        notes={"alert": True, "count": one.counted.times, "seconds": one.limit.seconds},
    ))  # fmt: skip
    tools.metrics.alarm(rule.replace(":", "_"))
    log().error(
        "policy.unusual", exchange_id=made.exchange, requester=made.requester.id, agency=official.agency,
        rule_id=rule, count=one.counted.times, seconds=one.limit.seconds,
    )  # fmt: skip

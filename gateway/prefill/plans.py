"""Plans that were made before: they depend on procedure, grant and shape of the subjects, never on a person."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from gateway.config import Configuration
from gateway.mapping.apply import Situation, next_queries
from gateway.mapping.load import Catalogue
from gateway.mapping.plan import Allows, Plan, make_plan
from gateway.mapping.procedure import Procedure
from gateway.mapping.source import ServicePlan
from gateway.policy.grants import Grant
from gateway.prefill.passport import Issuer
from gateway.prefill.roles import Cast

_MAX_PLANS = 256
#: of plans for some fields only: callers may name very many subsets, and none of them drives out a whole form
_MAX_NARROWED = 64
#: a plan for more subjects is large and seldom wanted again: it is made anew
_KEPT_SUBJECTS = 10


class Planned(NamedTuple):
    """A plan, its first wave when the citizen typed nothing yet, and what passports say before any answer."""

    plan: Plan
    first: tuple[int, ...]
    passports: tuple[dict[str, object], ...]


_Kept = OrderedDict[tuple[object, ...], Planned]


class Plans:
    """Makes plans, and remembers them."""

    def __init__(self, configuration: Configuration, catalogue: Catalogue, issuer: Issuer) -> None:
        """Reads which data services are enabled."""
        self._offers = _enabled(configuration, catalogue)
        self._issuer = issuer
        self._whole: _Kept = OrderedDict()
        self._narrowed: _Kept = OrderedDict()

    def plan(
        self, procedure: Procedure, roles: Cast, grant: Grant, fields: tuple[str, ...] | None
    ) -> Planned:
        """What is the same for all subjects of this shape; `fields` narrows it."""
        narrowed = None if fields is None else frozenset(fields)
        key = (procedure.code, grant.key, roles.shape, narrowed)
        plans, most = (self._whole, _MAX_PLANS) if narrowed is None else (self._narrowed, _MAX_NARROWED)
        planned = plans.get(key)
        if planned is None:
            planned = self.once(procedure, roles, grant, narrowed)
            if len(roles.subjects) <= _KEPT_SUBJECTS:
                while len(plans) >= most:
                    plans.popitem(last=False)
                plans[key] = planned
        return planned

    def once(
        self, procedure: Procedure, roles: Cast, grant: Grant, narrowed: frozenset[str] | None = None
    ) -> Planned:
        """The same, made anew and not remembered."""
        plan = make_plan(
            procedure, self._offers, _allows(grant), roles.subjects, roles.slots, narrowed, grant.withholds
        )
        untouched = Situation({}, roles.given, grant.day, self._issuer.published)
        first = tuple(next_queries(plan, [None] * len(plan.queries), untouched))
        return Planned(plan, first, self._issuer.passports(plan, grant))


def _enabled(configuration: Configuration, catalogue: Catalogue) -> Mapping[str, tuple[ServicePlan, ...]]:
    on = {
        f"{source}.{operation}"
        for source, settings in configuration.sources.items()
        for operation, service in settings.services.items()
        if service.enabled
    }
    return {evidence: tuple(p for p in plans if p.name in on) for evidence, plans in catalogue.offers.items()}


def _allows(grant: Grant) -> Allows:
    return lambda service, attribute: service.startswith("account.") or grant.allows(service, attribute)

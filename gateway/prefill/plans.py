"""Compiled plans: they depend on procedure, grant and shape of the subjects, never on a person."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import replace

from gateway.config.configuration import Configuration
from gateway.mapping.answer import EvidenceEntry, ScopeEntry, SourceEntry, around
from gateway.mapping.apply import FixedSituation, next_queries
from gateway.mapping.load import Catalogue
from gateway.mapping.plan import Allows, FormPart, Plan, PlannedQuery, evidence_id, make_plan, plan_of_one
from gateway.mapping.predicates import Published
from gateway.mapping.procedure import Procedure
from gateway.mapping.source import ServicePlan
from gateway.policy.grants import Grant
from gateway.prefill.case import Case
from gateway.prefill.request import PrefillRequest
from gateway.prefill.roles import Cast

_MAX_PLANS = 256
#: limit of plans for some fields only: callers may ask for many subsets, and these must not evict whole forms
_MAX_NARROWED = 64
#: a plan for more subjects is large and rarely reused: it is made anew
_KEPT_SUBJECTS = 10
_KeptPlans = OrderedDict[tuple[object, ...], Plan]


class Plans:
    """Makes plans, and keeps them."""

    def __init__(self, configuration: Configuration, catalogue: Catalogue) -> None:
        """Reads which data services are enabled, and which attributes may replace papers."""
        self._offers = enabled(configuration, catalogue)
        self._sources = configuration.sources
        self._is_sandbox = configuration.gateway.profile == "sandbox"
        self.published = _published(configuration)
        self._whole: _KeptPlans = OrderedDict()
        self._narrowed: _KeptPlans = OrderedDict()

    def plan(self, case: Case, grant: Grant) -> Plan:
        """The plan for all subjects of this shape; the `fields` of the request narrow it."""
        request = case.request
        part = None if request.fields is None else _part(request.fields, request)
        key = (case.procedure.code, grant.key, case.cast.shape, part)
        plans, most = (self._whole, _MAX_PLANS) if part is None else (self._narrowed, _MAX_NARROWED)
        plan = plans.get(key)
        if plan is None:
            plan = self.once(case, grant, part)
            if len(case.cast.subjects) <= _KEPT_SUBJECTS:
                while len(plans) >= most:
                    plans.popitem(last=False)
                plans[key] = plan
        return plan

    def once(self, case: Case, grant: Grant, part: FormPart | None = None) -> Plan:
        """A new plan that is not kept."""
        return self.of(case.procedure, case.cast, grant, part)

    def of(self, procedure: Procedure, cast: Cast, grant: Grant, part: FormPart | None = None) -> Plan:
        """A new plan for a cast of a procedure, without a request."""
        plan = make_plan(
            procedure, self._offers, _allows(grant), cast.subjects, cast.slots, part, grant.withholds,
            cuts_without_number=grant.cuts_without_number,
        )  # fmt: skip
        untouched = FixedSituation({}, cast.given, grant.day, self.published, cast.subjects)
        return replace(
            plan,
            first=tuple(next_queries(plan, [None] * len(plan.queries), untouched)),
            evidence=tuple([self._evidence(query, grant) for query in plan.queries]),
            sources=tuple([_source(query) for query in plan.queries]),
            is_sandbox=self._is_sandbox,
        )

    def of_one(self, case: Case, grant: Grant, service: ServicePlan, attributes: tuple[str, ...]) -> Plan:
        """A plan that asks one data service, and a source that confirms its subject."""
        allows, people = _allows(grant), case.cast.subjects
        return plan_of_one(case.procedure, service, attributes, self._offers, allows, people)

    def _evidence(self, query: PlannedQuery, grant: Grant) -> tuple[bytes, ...]:
        """The evidence entry of a query as JSON pieces, cut at the fetch, update and validity times.

        Also cut at the legal basis: a consent is one person's, but a plan is shared.
        """
        service = query.service
        settings, granted = self._sources[service.source], grant.services.get(service.name)
        scopes = (self.published(service.name, name) for name in query.attributes)
        entry: EvidenceEntry = {
            "source": service.source,
            "data_service": service.operation,
            "provider": settings.provider,
            "subject": query.role,
            "sandbox": self._is_sandbox or service.mark == "sandbox",
            "mark": service.mark,
            "fetched_at": None,
            "source_updated_at": None,
            "valid_until": None,
            "legal_basis": "",
            "agreement": granted.agreement if granted else None,
            "published_scope": next((scope["scope"] for scope in scopes if scope), None),
        }
        if marks := {name: mark for name in query.attributes if (mark := service.marks.get(name))}:
            entry["attribute_marks"] = marks
        start, *others = around(entry, "fetched_at", "source_updated_at", "valid_until", "legal_basis")
        return (b'"%b":' % evidence_id(query.index).encode() + start, *others)


def _part(fields: Collection[str], request: PrefillRequest) -> FormPart:
    return FormPart(frozenset(fields), frozenset({*request.known, *request.held}))


def _source(query: PlannedQuery) -> bytes:
    """The source entry of a query, up to the id of its call."""
    entry: SourceEntry = {
        "source": query.service.source,
        "data_service": query.service.operation,
        "subject": query.role,
        "mark": query.service.mark,
        "call": None,
        "outcome": "",
        "elapsed_ms": 0,
        "cached": False,
    }
    return around(entry, "call")[0]


def _published(configuration: Configuration) -> Published:
    scopes: dict[tuple[str, str], ScopeEntry] = {
        (one.service, name): {
            "scope": one.scope, "document": one.document, "published_on": one.published_on, "mark": one.mark,
        }
        for one in configuration.scopes
        for name in one.attributes
    }  # fmt: skip
    return lambda service, attribute: scopes.get((service, attribute)) or scopes.get((service, "*"))


def enabled(configuration: Configuration, catalogue: Catalogue) -> Mapping[str, tuple[ServicePlan, ...]]:
    """Evidence type -> the enabled data services that give it, in the order of preference."""
    lacks = {
        f"{source}.{operation}": service.lacks
        for source, settings in configuration.sources.items()
        for operation, service in settings.services.items()
        if service.enabled
    }
    return {
        evidence: tuple(p.without(lacks[p.name]) if lacks[p.name] else p for p in plans if p.name in lacks)
        for evidence, plans in catalogue.offers.items()
    }


def _allows(grant: Grant) -> Allows:
    return lambda service, attribute: service.startswith("account.") or grant.allows(service, attribute)

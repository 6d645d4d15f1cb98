"""Invariants of decisions: a rule that denies never widens, and a grant never exceeds what is agreed and consented."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.config.agreement import AgreedService, Agreement, DossierRule, QuotaRule
from gateway.config.configuration import Configuration
from gateway.domain.access import Relation, ValidConsent
from gateway.policy.asked import PolicyRequest
from gateway.policy.decide import Policy
from tests.policy.rules import ATTRIBUTES, NOW, PROCEDURES, PURPOSES, SERVICES, agreement, asked, world

some = st.lists(st.sampled_from(ATTRIBUTES), min_size=1, unique=True)
DEMANDS: dict[str, st.SearchStrategy[Any]] = {
    "hours": st.sampled_from(["00:00-12:00", "07:00-18:00"]),
    "weekdays": st.lists(st.sampled_from(["monday", "wednesday", "sunday"]), min_size=1, unique=True),
    "agencies": st.sampled_from([["A"], ["B"], ["A", "B"]]),
    "official": st.just("named"),
    "relations": st.lists(st.sampled_from([one.value for one in Relation]), min_size=1, unique=True),
    "mandate": st.just("required"),
    "dossier": st.sampled_from([
        {"patterns": "H31.*"}, {"days": "30"}, {"checked_by": "relay"}, {"patterns": ["H31-*", "G*"]},
    ]),
    "consent": st.just("required"),
    "quota": st.fixed_dictionaries({}, optional={
        "requester": st.sampled_from(["1/day", "2/day"]), "official": st.just("2/hour"),
    }),
    "valid_until": st.sampled_from(["2026-11-24", "2026-11-25"]),
    "valid_from": st.sampled_from(["2026-11-25", "2026-11-26"]),
}  # fmt: skip
#: few at a time: of many, one is nearly always not met, and nothing is ever granted; consent often, it has most to hold
demands = st.lists(st.sampled_from([*DEMANDS, *["consent", "quota"] * 6]), max_size=2).flatmap(
    lambda names: st.fixed_dictionaries({name: DEMANDS[name] for name in names})
)
often = settings(max_examples=400)


@st.composite
def agreements(draw: st.DrawFn, name: str) -> Agreement:
    services = draw(st.dictionaries(st.sampled_from(SERVICES), some | st.just(["*"]), min_size=1))
    return agreement(
        name,
        procedures=draw(st.sampled_from([["*"], ["*"], ["1.000001"], ["1.000001", "1.000002"]])),
        purposes=draw(st.sampled_from([["*"], ["*"], ["registration"], ["land"]])),
        services={service: {"attributes": given} for service, given in services.items()},
        **draw(demands),
    )


purposes = st.sampled_from(["registration", *PURPOSES])
consents = st.none() | st.builds(
    ValidConsent, id=st.just("c"), person=st.sampled_from(["person|a", "person|b"]), purpose=purposes,
    attributes=st.fixed_dictionaries({name: st.frozensets(st.sampled_from([*ATTRIBUTES, "*"])) for name in SERVICES}),
)  # fmt: skip
requests = st.builds(
    asked,
    procedure=st.sampled_from(PROCEDURES), purpose=purposes,
    now=st.integers(0, 72).map(lambda hours: NOW + timedelta(hours=hours)), agency=st.sampled_from("AB"),
    named=st.booleans(), relations=st.frozensets(st.sampled_from(Relation)), mandate=st.sampled_from(["", "UQ-1"]),
    dossier=st.sampled_from(["", "H31.14-261120-0001", "H31-QG-0001", "H31.14-260101-0001"]),
    alive=st.sampled_from([None, True, False]), consent=consents,
    persons=st.frozensets(st.sampled_from(["person|a", "person|b"]), max_size=1),
)  # fmt: skip


words = st.from_regex(r"[a-z]{1,9}(_[a-z]{1,9})?", fullmatch=True)
#: where an agreement has words of its own -> what stands there
PLACES: dict[tuple[str, ...], type[Any]] = {
    (): Agreement, ("dossier",): DossierRule, ("quota",): QuotaRule, ("services", "people.look"): AgreedService,
}  # fmt: skip


@given(agreements("one"), st.sampled_from([*PLACES]), words, st.sampled_from(["required", ["*"], {}, None]))
def test_word_that_a_rule_does_not_know_is_never_passed_over(
    one: Agreement, place: tuple[str, ...], word: str, value: Any
) -> None:
    assume(word not in PLACES[place].model_fields)
    plain = one.model_dump(mode="json", exclude_unset=True)
    inside = plain
    for name in place:
        inside = inside.setdefault(name, {"attributes": ["name"]} if name == "people.look" else {})
    Agreement.model_validate(plain)
    inside[word] = value
    with pytest.raises(ValidationError):
        Agreement.model_validate(plain)


def allowed(configuration: Configuration, request: PolicyRequest) -> set[tuple[str, str]]:
    grant = Policy(configuration).decide(request).grant
    names = (*ATTRIBUTES, "another")
    return set() if grant is None else {(s, a) for s in SERVICES for a in names if grant.allows(s, a)}


@often
@given(agreements("one"), agreements("two"), requests, demands)
def test_rule_that_denies_never_widens(
    one: Agreement, two: Agreement, request: PolicyRequest, more: Any
) -> None:
    # a demand that is already there is not loosened by putting another one in its place
    added = {
        name: value
        for name, value in more.items()
        if name not in one.model_fields_set or name == "valid_until"
    }
    if one.valid_until is not None:
        added.pop("valid_until", None)
    narrower = Agreement.model_validate({**one.model_dump(mode="json", exclude_unset=True), **added})
    assert allowed(world(narrower, two), request) <= allowed(world(one, two), request)


@given(agreements("one"), agreements("two"), requests)
def test_agreement_less_never_widens(one: Agreement, two: Agreement, request: PolicyRequest) -> None:
    assert allowed(world(one), request) <= allowed(world(one, two), request)


def served(configuration: Configuration, wanted: list[PolicyRequest]) -> list[set[tuple[str, str]]]:
    """What each of these requests is given, one after the other within one window."""
    policy, counts, found = Policy(configuration), Counter[str](), []
    for request in wanted:
        first = policy.decide(request).grant
        limits = first.limits if first is not None else ()
        counts.update(one.rule for one in limits)
        spent = frozenset(one.rule for one in limits if counts[one.rule] > one.most)
        found.append(allowed(configuration, request._replace(spent=spent)))
    return found


@often
@given(agreements("one"), agreements("two"), st.lists(requests, min_size=1, max_size=2))
def test_agreement_more_never_takes_away_and_never_spends_a_quota_sooner(
    one: Agreement, two: Agreement, wanted: list[PolicyRequest]
) -> None:
    for more in (world(one, two), world(two, one)):
        for alone, together in zip(served(world(one), wanted * 3), served(more, wanted * 3), strict=True):
            assert alone <= together


@given(agreements("one"), requests)
def test_purpose_that_is_bound_never_widens(one: Agreement, request: PolicyRequest) -> None:
    bound = {name: ["1.000002"] for name in PURPOSES}
    assert allowed(world(one, bound=bound), request) <= allowed(world(one), request)


@often
@given(agreements("one"), agreements("two"), requests)
def test_grant_never_exceeds_what_is_agreed_and_consented(
    one: Agreement, two: Agreement, request: PolicyRequest
) -> None:
    for service, attribute in allowed(world(one, two), request):
        assert any(_gives(each, service, attribute, request) for each in (one, two))


def _gives(one: Agreement, service: str, attribute: str, request: PolicyRequest) -> bool:
    agreed = one.services.get(service)
    if agreed is None or not {attribute, "*"} & {*agreed.attributes}:
        return False
    if not {request.procedure, "*"} & {*one.procedures} or not {request.purpose, "*"} & {*one.purposes}:
        return False
    if one.consent == "not_required":
        return True
    given = request.consent
    if given is None or given.purpose != request.purpose or request.persons - {given.person}:
        return False
    return attribute in given.attributes.get(service, ())


@given(st.lists(agreements("one"), max_size=1), requests)
def test_every_decision_names_its_rules(found: list[Agreement], request: PolicyRequest) -> None:
    decision = Policy(world(*found)).decide(request)
    assert decision.rules
    assert (decision.grant is None) != (decision.denial is None)

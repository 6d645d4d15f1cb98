"""Who may ask what: default deny, each demand of an agreement, and which of several denials is told."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.domain.access import Relation, ValidConsent
from gateway.domain.reasons import Reason
from gateway.policy.decide import Policy
from tests.policy.rules import NOW, agreement, asked, world

CONSENT = ValidConsent(
    id="CS-7", person="person|033190735162", purpose="registration",
    attributes={"people.look": frozenset({"name", "born"})},
)  # fmt: skip


def denied(words: dict[str, Any], **facts: Any) -> str:
    """The code of the denial by an agreement with these words; empty when it grants."""
    decision = Policy(world(agreement(**words))).decide(asked(**facts))
    assert (decision.grant is None) == (decision.denial is not None)
    return "" if decision.denial is None else decision.denial.code


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"scopes": frozenset({"dossiers"})}, "scope:prefill"),
        ({"purpose": "curiosity"}, "purpose:unknown"),
        ({"requester": "stranger"}, "agreement:none"),
        ({"purpose": "land", "procedure": "1.000003"}, "purpose:land"),
    ],
)
def test_what_no_rule_allows_is_denied(facts: dict[str, Any], rule: str) -> None:
    policy = Policy(world(agreement(), bound={"land": ["1.000001"]}))
    decision = policy.decide(asked(**facts))
    assert decision.grant is None
    assert decision.rules == (rule,)
    assert decision.denial is not None
    assert decision.denial.remedy


def test_purpose_that_is_bound_goes_with_its_procedures() -> None:
    policy = Policy(world(agreement(), bound={"land": ["1.000001"]}))
    assert policy.decide(asked(purpose="land")).grant is not None


@pytest.mark.parametrize(
    ("own", "agencies", "official", "good"),
    [
        ("000.00.14.H31", None, "000.00.14.H31", True), ("000.00.14.H31", None, "000.05.14.H31", True),
        ("000.00.14.H31", None, "001.05.14.H31", True), ("000.00.14.H31", None, "000.00.00.H31", False),
        ("000.00.14.H31", None, "000.00.15.H31", False), ("000.00.14.H31", None, "000.14.15.H31", False),
        ("000.00.14.H31", None, "000.00.14.H30", False), ("000.00.04.H31", None, "000.00.14.H31", False),
        ("000.00.00.H31", None, "000.05.14.H31", True), ("000.00.00.H31", None, "000.00.14.H30", False),
        ("000.00.00.000", None, "000.00.14.H31", False), ("A", None, "B", False), ("A", None, "BA", False),
        ("A", ["B"], "B", True), ("A", ["B"], "A", True), ("A", ["B"], "C", False), ("A", [], "A", True),
        ("A", ["B"], "C.B", False), ("A", "*", "C", True),
    ],
)  # fmt: skip
def test_requester_names_officials_of_its_own_agency_or_those_that_it_may(
    own: str, agencies: Any, official: str, good: bool
) -> None:
    policy = Policy(world(agreement(), agency=own, agencies=agencies))
    decision = policy.decide(asked(agency=official))
    assert (decision.grant is not None) == good
    if not good:
        assert decision.denial is not None
        assert (decision.denial.rule, decision.denial.code) == ("requester:agency", "agency_not_allowed")


LAW = {"hours": "07:00-17:00", "weekdays": ["monday", "wednesday"]}
DOSSIER = {"dossier": {"patterns": ["H31.*", "H31-*"], "days": "30"}}


@pytest.mark.parametrize(
    ("words", "facts", "code"),
    [
        (LAW, {}, ""),
        (LAW, {"now": NOW + timedelta(hours=2)}, "outside_hours"),
        (LAW, {"now": NOW + timedelta(days=1)}, "outside_hours"),
        ({"agencies": ["A", "B"]}, {"agency": "B"}, ""),
        ({"agencies": ["A", "B"]}, {"agency": "C"}, "agency_not_allowed"),
        ({"official": "named"}, {"named": False}, "official_not_named"),
        ({"relations": ["applicant"]}, {}, ""),
        ({"relations": ["applicant"]}, {"relations": frozenset({Relation.APPLICANT, Relation.DECEASED})},
         "relation_not_allowed"),
        ({"mandate": "required"}, {}, ""),
        ({"mandate": "required"}, {"relations": frozenset({Relation.REPRESENTED})}, "mandate_missing"),
        ({"mandate": "required"}, {"relations": frozenset({Relation.REPRESENTED}), "mandate": "UQ-1"}, ""),
        (DOSSIER, {}, "dossier_missing"),
        (DOSSIER, {"dossier": "H31.14-261120-0007"}, ""),
        (DOSSIER, {"dossier": "H31-QG-0001"}, "dossier_not_dated"),
        (DOSSIER, {"dossier": "H31.14-261120-0007-1"}, "dossier_not_dated"),
        (DOSSIER, {"dossier": "H31.14-261320-0007"}, "dossier_not_dated"),
        (DOSSIER, {"dossier": "H31.x"}, "dossier_not_dated"),
        (DOSSIER, {"dossier": "H31-QG-0001", "alive": True}, ""),
        ({"dossier": {"patterns": "H31-*"}}, {"dossier": "H31-QG-0001"}, ""),
        (DOSSIER, {"dossier": "H30.14-261120-0007"}, "dossier_not_allowed"),
        (DOSSIER, {"dossier": "XH31.14-261120-0007"}, "dossier_not_allowed"),
        (DOSSIER, {"dossier": "H31.14-261120-0007\n"}, "dossier_not_allowed"),
        (DOSSIER, {"dossier": "H31.14-２６1120-0007"}, "dossier_not_allowed"),
        (DOSSIER, {"dossier": "H31.14-261020-0007"}, "dossier_not_alive"),
        (DOSSIER, {"dossier": "H31.14-261126-0007"}, "dossier_not_alive"),
        (DOSSIER, {"dossier": "H31.14-261120-0007", "alive": False}, "dossier_not_alive"),
        ({"dossier": {"checked_by": "relay"}}, {"dossier": "H31.14-261120-0007"}, "dossier_not_alive"),
        ({"dossier": {"checked_by": "relay"}}, {"dossier": "H31.14-261120-0007", "alive": True}, ""),
        ({"consent": "required"}, {}, "consent_missing"),
        ({"consent": "required"}, {"consent": CONSENT}, ""),
        ({"consent": "required"}, {"consent": CONSENT, "purpose": "land"}, "consent_missing"),
        ({"consent": "required"}, {"consent": CONSENT, "persons": frozenset({"person|033190735162", "person|x"})},
         "consent_missing"),
        ({"valid_until": "2026-11-24"}, {}, "agreement_over"),
        ({"valid_until": "2026-11-25"}, {}, ""),
        ({"valid_from": "2026-11-26"}, {}, "agreement_not_yet_valid"),
    ],
)  # fmt: skip
def test_demand_of_an_agreement_is_held(words: dict[str, Any], facts: dict[str, Any], code: str) -> None:
    assert denied(words, **facts) == code


def test_day_of_an_agreement_is_the_day_in_viet_nam() -> None:
    evening = NOW.replace(hour=17, minute=30)
    assert denied({"valid_until": "2026-11-25"}, now=evening) == "agreement_over"


def test_grant_rests_on_the_agreements_whose_demands_are_met_and_names_the_others() -> None:
    land = agreement("land", dossier={"patterns": "H31.*"}, services={"land.look": {"attributes": ["owner"]}})
    policy = Policy(world(agreement(), land))
    without, having = policy.decide(asked()), policy.decide(asked(dossier="H31.14-261120-0007"))
    assert without.grant is not None
    assert having.grant is not None
    assert not without.grant.allows("land.look", "owner")
    assert [one.denial.rule for one in without.passed_over] == ["dossier:land"]
    assert having.grant.allows("land.look", "owner")
    assert having.rules == ("agreement:one", "agreement:land", "dossier:land")


LESS = {"services": {"people.look": {"attributes": ["name"]}}}
FREE = {"services": {"people.look": {"attributes": ["name", "born"]}}}
OTHER = {"services": {"people.look": {"attributes": ["home"]}}}
RARE = {"quota": {"requester": "1/day"}}


@pytest.mark.parametrize(
    ("first", "second", "limits", "rules"),
    [
        (FREE, {**LESS, **RARE}, [], ["agreement:one"]),
        ({**LESS, **RARE}, FREE, [], ["agreement:two"]),
        ({"services": {"people.look": {"attributes": "*"}}}, {**OTHER, **RARE}, [], ["agreement:one"]),
        (FREE, {**OTHER, **RARE}, ["quota:two:requester"], ["agreement:one", "agreement:two"]),
        ({**FREE, **RARE}, {**LESS, **RARE}, ["quota:one:requester", "quota:two:requester"],
         ["agreement:one", "agreement:two"]),
        ({**FREE, "consent": "required"}, {**LESS, **RARE}, ["quota:two:requester"],
         ["agreement:one", "consent:one", "agreement:two"]),
    ],
)  # fmt: skip
def test_quota_counts_uses_that_need_its_agreement(
    first: dict[str, Any], second: dict[str, Any], limits: list[str], rules: list[str]
) -> None:
    configuration = world(agreement("one", **first), agreement("two", **second))
    grant = Policy(configuration).decide(asked(consent=CONSENT)).grant
    assert grant is not None
    assert [one.rule for one in grant.limits] == limits
    assert list(grant.rules) == rules


def test_agreement_whose_quota_is_spent_is_passed_over_and_the_others_grant() -> None:
    policy, spent = (
        Policy(world(agreement("one", **FREE), agreement("two", **OTHER, **RARE))),
        "quota:two:requester",
    )
    decision = policy.decide(asked(spent=frozenset({spent})))
    assert decision.grant is not None
    assert decision.rules == ("agreement:one",)
    assert [(one.denial.rule, one.denial.code) for one in decision.passed_over] == [(spent, "quota_exceeded")]
    assert decision.grant.withholds("people.look", "home") == (Reason.QUOTA_EXCEEDED, spent)
    assert decision.grant.withholds("people.look", "owner").reason is Reason.NOT_AGREED
    again = policy.decide(asked()).grant
    assert again is not None
    assert again.key != decision.grant.key
    alone = Policy(world(agreement("two", **RARE), agreement("more", dossier={"patterns": "H31.*"})))
    denial = alone.decide(asked(spent=frozenset({spent}))).denial
    assert denial is not None
    assert (denial.rule, denial.code) == (spent, "quota_exceeded")


def test_consent_gives_what_the_agreement_and_the_person_both_name() -> None:
    services = {"people.look": {"attributes": ["name", "home"]}, "land.look": {"attributes": "*"}}
    policy = Policy(world(agreement(consent="required", services=services)))
    grant = policy.decide(asked(consent=CONSENT)).grant
    assert grant is not None
    given = {(service, name) for service, one in grant.services.items() for name in one.attributes}
    assert given == {("people.look", "name")}
    assert grant.legal_basis == grant.services["people.look"].legal_basis == "consent:CS-7"


def test_consent_of_one_person_is_not_remembered_for_the_next() -> None:
    policy = Policy(world(agreement(consent="required")))
    assert policy.decide(asked(consent=CONSENT)).grant is not None
    assert policy.decide(asked()).grant is None


@pytest.mark.parametrize(
    "words",
    [
        {"agencys": ["A"]},
        {"dossier": {"require": "true"}},
        {"relations": ["neighbour"]},
        {"weekdays": ["freitag"]},
        {"hours": "7-17"},
        {"official": "some"},
        {"mandate": "wanted"},
        {"quota": {"requester": "many"}},
        {"quota": {"citizen": "5/day"}},
        {"quota": {"subject": "0/day"}},
        {"dossier": {"checked_by": "hope"}},
    ],
)
def test_unknown_word_in_a_rule_is_refused_when_it_is_read(words: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        agreement(**words)

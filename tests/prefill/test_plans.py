"""A plan is everybody's: nothing of it is of one person."""

from pathlib import Path
from typing import Any

from gateway.domain.access import ValidConsent
from gateway.domain.dates import PartialDate
from gateway.domain.parties import Subject, SubjectKind
from gateway.mapping.load import load_catalogue
from gateway.policy.decide import Policy
from gateway.prefill.plans import Plans
from gateway.prefill.roles import cast
from tests.policy.rules import agreement, asked, world

ROOT = Path(__file__).parents[2]
POPULATION, LICENCE = "population.TraCuuThongTinCongDan", "driving_licence.traCuu"


class _Named:
    """Anything that is only looked at by name."""

    def __init__(self, **members: Any) -> None:
        self.__dict__.update(members)


def test_two_people_share_a_plan_that_names_the_consent_of_neither() -> None:
    catalogue = load_catalogue(ROOT)
    sources = {
        name: _Named(services={one: _Named(enabled=True, lacks=()) for one in services}, provider="")
        for name, services in catalogue.services.items()
    }
    configuration: Any = _Named(sources=sources, scopes=(), gateway=_Named(profile="sandbox"))
    plans, procedure = Plans(configuration, catalogue), catalogue.procedures["1.002809"]
    # part of it is granted by law, part by consent: the grant as a whole has the ground of the purpose
    policy = Policy(
        world(
            agreement("law", services={POPULATION: {"attributes": ["full_name", "birth_date"]}}),
            agreement("yes", consent="required", services={LICENCE: {"attributes": ["number"]}}),
        )
    )
    made = []
    for number, consent in (("033190428617", "of-one"), ("033190739152", "of-another")):
        key = f"person|{number}"
        given = ValidConsent(
            id=consent, person=key, purpose="registration", attributes={LICENCE: frozenset({"number"})}
        )
        grant = policy.decide(asked(persons=frozenset({key}), consent=given)).grant
        assert grant is not None
        assert grant.services[LICENCE].legal_basis == f"consent:{consent}"
        who = Subject(
            kind=SubjectKind.PERSON, personal_id=number, full_name="An", birth_date=PartialDate(1990, 2, 15)
        )
        case: Any = _Named(
            procedure=procedure, cast=cast(procedure, {procedure.signs_in: who}), request=_Named(fields=None)
        )
        made.append(plans.plan(case, grant))
    assert made[0] is made[1]
    assert not [piece for query in made[0].evidence for piece in query if b"consent:" in piece]

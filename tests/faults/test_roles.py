"""What a request must name: the procedure, its roles, the official; every fault says where it stands."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.mapping.load import load_catalogue
from tests.faults.conftest import Stage
from tests.flows.conftest import ROOT

pytestmark = pytest.mark.asyncio(loop_scope="session")

CATALOGUE = load_catalogue(ROOT)
NEEDED = [
    (code, name)
    for code, procedure in CATALOGUE.procedures.items()
    for name, role in procedure.roles.items()
    if not role.optional and role.found_in is None and role.through is None
]
ROLES = [(code, name) for code, procedure in CATALOGUE.procedures.items() for name in procedure.roles]
PERSON = {"personal_id": "033190001234", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}
OF_KIND: dict[str, dict[str, str]] = {
    "person": PERSON,
    "newborn": {"full_name": "Trần Bé Mẫu"},
    "organisation": {"tax_code": "0100109106"},
    "vehicle": {"registration_no": "89A-12345"},
    "parcel": {"commune": "11953", "sheet": "12", "number": "345"},
}


def cast(code: str) -> dict[str, Any]:
    """A subject of the right kind for every role."""
    return {name: OF_KIND[str(role.kind[0])] for name, role in CATALOGUE.procedures[code].roles.items()}


async def refusal(stage: Stage, body: dict[str, Any], client: str = "portal") -> dict[str, Any]:
    stage.set("population", None)
    status, problem = await stage.house.post("/v1/prefill", body, client)
    assert status == problem["status"]
    assert not any(peer.calls for peer in stage.peers.values())
    found: dict[str, Any] = problem
    return found


@pytest.mark.parametrize(("code", "role"), NEEDED)
async def test_role_that_is_missing_is_named(stage: Stage, code: str, role: str) -> None:
    subjects = {name: subject for name, subject in cast(code).items() if name != role}
    problem = await refusal(stage, {"procedure": code, "subjects": subjects})
    assert problem["status"] == 422
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (
        f"/subjects/{role}",
        "missing_role",
    )


@pytest.mark.parametrize(("code", "role"), ROLES)
async def test_role_of_the_wrong_kind_is_named(stage: Stage, code: str, role: str) -> None:
    taken = {str(kind) for kind in CATALOGUE.procedures[code].roles[role].kind}
    wrong = next(kind for kind in ("parcel", "organisation", "person") if kind not in taken)
    problem = await refusal(stage, {"procedure": code, "subjects": cast(code) | {role: OF_KIND[wrong]}})
    assert problem["status"] == 422
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (
        f"/subjects/{role}",
        "wrong_kind",
    )


@pytest.mark.parametrize(
    ("subjects", "role"),
    [
        ({"requester": PERSON, "person": {"same_as": "nobody"}}, "person"),
        ({"requester": {"same_as": "person"}, "person": {"same_as": "requester"}}, "requester"),
        ({"requester": {"same_as": "requester"}, "person": {"same_as": "requester"}}, "requester"),
        ({"requester": PERSON, "person": {"same_as": "requester"}, "stranger": PERSON}, "stranger"),
        ({"requester": {"full_name": "Trần Thị Mẫu"}, "person": {"same_as": "requester"}}, "requester"),
        ({"requester": {"personal_id": "033190001234"}, "person": {"same_as": "requester"}}, "requester"),
    ],
)
async def test_role_that_leads_nowhere_or_names_nobody_is_named(
    stage: Stage, subjects: dict[str, Any], role: str
) -> None:
    problem = await refusal(stage, {"procedure": "1.004873", "subjects": subjects})
    assert problem["status"] == 422
    assert problem["errors"][0]["pointer"] == f"/subjects/{role}"


@pytest.mark.parametrize(
    ("asked", "near"), [("1.004874", "1.004873"), ("1.04873", "1.004873"), ("2.000968", "2.000986")]
)
async def test_unknown_procedure_is_404_with_near_ones(stage: Stage, asked: str, near: str) -> None:
    problem = await refusal(stage, {"procedure": asked, "subjects": {"requester": PERSON}})
    assert problem["status"] == 404
    assert near in problem["near"]
    assert set(problem["near"]) <= CATALOGUE.procedures.keys()


@pytest.mark.parametrize(
    ("place", "pointer"),
    [
        (("colour",), "/colour"),
        (("official", "rank"), "/official/rank"),
        (("subjects", "requester", "age"), "/subjects/requester/age"),
    ],
)
async def test_unknown_member_is_400_and_named_wherever_it_stands(
    stage: Stage, place: tuple[str, ...], pointer: str
) -> None:
    body: dict[str, Any] = {
        "procedure": "1.004873",
        "subjects": {"requester": dict(PERSON), "person": {"same_as": "requester"}},
        "official": {"personal_id": "033085247316"},
    }
    inside = body
    for name in place[:-1]:
        inside = inside[name]
    inside[place[-1]] = 1
    problem = await refusal(stage, body)
    assert problem["status"] == 400
    assert problem["errors"][0]["pointer"] == pointer
    assert problem["errors"][0]["code"] == "unknown_member"


@pytest.mark.parametrize(
    "official", [None, {"personal_id": "03308524731"}, {"personal_id": "０３３０８５２４７３１６"}]
)
async def test_official_is_named_by_the_caller_or_by_the_agency(
    make_house: Callable[..., Any], official: dict[str, str] | None
) -> None:
    body = {"procedure": "1.004873", "subjects": {"requester": PERSON, "person": {"same_as": "requester"}}}
    async with make_house(requesters__portal__agency="000.00.17.H31") as house:
        status, problem = await house.post("/v1/prefill", {**body, "official": official})
        assert status == 422
        assert problem["errors"][0]["pointer"].startswith("/official")
        assert problem["code"] == ("official_missing" if official is None else "unprocessable")
        assert await house.calls() == {}
        named = {"personal_id": "033085247316"}
        status, _ = await house.post("/v1/prefill", {**body, "official": named})
        assert status == 200


async def test_role_that_is_named_by_a_number_is_not_said_back(stage: Stage) -> None:
    subjects = {**cast("1.004873"), "n033190847261": PERSON}
    problem = await refusal(stage, {"procedure": "1.004873", "subjects": subjects})
    assert problem["status"] == 422
    assert "033190847261" not in str(problem)
    assert problem["errors"][0]["pointer"] == "/subjects/*"

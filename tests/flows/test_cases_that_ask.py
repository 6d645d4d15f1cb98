"""People of the sandbox whose paper a careful official still demands: it is asked for, at the real door."""

import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.flows.conftest import ROOT, House, build, new_official, on_session

pytestmark = on_session


SCOPES = """  - {scope: all-birth, service: health.giayChungSinh, attributes: ["*"], document: T, published_on: "2026-01-01", mark: sandbox}
  - {scope: all-check, service: health.khamSucKhoeLaiXe, attributes: ["*"], document: T, published_on: "2026-01-01", mark: sandbox}
  - {scope: all-tax, service: tax.chungTuNghiaVuTaiChinh, attributes: ["*"], document: T, published_on: "2026-01-01", mark: sandbox}
"""  # noqa: E501 -- lines of YAML


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def published(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house in which the owners of health and tax data have published them."""
    root: Path = tmp_path_factory.mktemp("published")
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, root / room)
    with (root / "config" / "published_scopes.yaml").open("a", encoding="utf-8") as file:
        file.write(SCOPES)
    async with build(root / "state", {}, root) as made:
        yield made


async def states(
    house: House,
    procedure: str,
    subjects: dict[str, Any],
    known: Mapping[str, str | None] | None = None,
    **more: Any,
) -> dict[str, Any]:
    answer = await house.prefill(
        procedure, subjects, official=new_official(), known=dict(known or {}), **more
    )
    return {one["code"]: (one["state"], (one.get("reason") or {}).get("code")) for one in answer["papers"]}


@pytest.mark.parametrize(
    ("trait", "state", "reason"),
    [
        ("official", "replaced", None),
        ("licence_expired", "required", "not_in_force"),
        ("licence_overdue", "required", "not_in_force"),
        ("licence_revoked", "required", "not_in_force"),
    ],
)
async def test_licence_that_does_not_hold_is_asked_for(
    shared_house: House, trait: str, state: str, reason: str | None
) -> None:
    who = {"applicant": shared_house.subject(trait)}
    papers = await states(shared_house, "1.002809", who)
    assert papers["licence_copy"] == (state, reason)


@pytest.mark.parametrize(("bride", "state"), [("mixed_case_name", "replaced"), ("bride_dead", "required")])
async def test_bride_whose_death_is_registered_shows_her_certificate(
    shared_house: House, bride: str, state: str
) -> None:
    couple = {"male": shared_house.subject("single"), "female": shared_house.subject(bride)}
    papers = await states(shared_house, "1.000894", couple)
    assert papers["marital_status_certificate"][0] == state


@pytest.mark.parametrize(("trait", "state"), [("facts_example", "replaced"), ("card_expired", "required")])
async def test_card_that_has_expired_is_asked_for(shared_house: House, trait: str, state: str) -> None:
    papers = await states(shared_house, "9.000001", {"applicant": shared_house.subject(trait)})
    assert papers["old_card"][0] == state


@pytest.mark.parametrize(
    ("trait", "classes", "state", "reason"),
    [
        ("official", "B", "replaced", None),
        ("health_check_not_eligible", "A1, C1", "required", "conclusion_differs"),
        ("health_check_again", "B", "required", "conclusion_differs"),
        ("health_check_other_class", "B", "required", "object_differs"),
        ("health_check_over", "B", "required", "not_in_force"),
    ],
)
async def test_check_that_does_not_conclude_what_the_paper_would_is_asked_for(
    published: House, trait: str, classes: str, state: str, reason: str | None
) -> None:
    papers = await states(published, "1.002809", {"applicant": published.subject(trait)}, {"hang": classes})
    assert papers["health_certificate"] == (state, reason)


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ("B", ("replaced", None)),
        ("A1,b2", ("replaced", None)),
        ("B, A1", ("replaced", None)),
        ("A1, B2, C", ("required", "object_differs")),
        ("D", ("required", "object_differs")),
        ("B3", ("required", "object_differs")),
        ("", ("required", "condition_unknown")),
    ],
)
@pytest.mark.parametrize("word", ["known", "held"])
async def test_licence_copy_is_asked_for_where_the_form_names_a_class_that_the_licence_does_not_have(
    shared_house: House, word: str, classes: str, expected: tuple[str, str | None]
) -> None:
    subjects = {"applicant": shared_house.subject("official")}
    answer = await shared_house.prefill("1.002809", subjects, **{word: {"hang": classes}})
    (paper,) = (one for one in answer["papers"] if one["code"] == "licence_copy")
    assert (paper["state"], paper.get("reason", {}).get("code")) == expected


@pytest.mark.parametrize(
    ("dossier", "user", "state", "reason"),
    [
        ("H31.17-261102-0063", "single", "replaced", None),
        ("H31.17-261102-0064", "single", "required", "object_differs"),
        ("H31.17-261102-0065", "single", "required", "conclusion_differs"),
        ("H31.17-261102-0066", "single", "required", "object_differs"),
        ("H31.17-260109-0051", "land_certificate_in_store", "required", "conclusion_differs"),
    ],
)
async def test_voucher_of_other_tax_other_person_or_other_parcel_is_no_proof(
    published: House, dossier: str, user: str, state: str, reason: str | None
) -> None:
    parcel = {"commune": "11977", "sheet": "7", "number": "91"}
    subjects = {"user": published.subject(user), "parcel": parcel}
    papers = await states(published, "1.012753", subjects, dossier=dossier)
    assert papers["payment_proof"] == (state, reason)


@pytest.mark.parametrize(
    ("mother", "born", "sex", "state"),
    [
        ("newborn_mother", "02/01/2026", "1", "replaced"),
        ("newborn_mother", "02/11/2026", "1", "required"),
        ("elder_child_notice", "12/11/2026", "1", "required"),
        ("twins_mother", "20/10/2026", "2", "required"),
    ],
)
async def test_notice_of_another_child_or_of_twins_is_no_proof(
    published: House, mother: str, born: str, sex: str, state: str
) -> None:
    child = {"birth_date": "-".join(reversed(born.split("/")))}
    subjects = {"requester": published.subject(mother), "mother": {"same_as": "requester"}, "child": child}
    known = {"nksNgaySinh": born, "nksGioiTinh": sex}
    papers = await states(published, "1.001193", subjects, known)
    assert papers["birth_evidence"][0] == state


async def test_child_of_a_notice_is_named_by_the_request_not_by_values_that_the_notice_filled(
    published: House,
) -> None:
    mother = published.subject("newborn_mother")
    subjects = {"requester": mother, "mother": {"same_as": "requester"}, "child": {}}
    filled = (await published.prefill("1.001193", subjects, official=new_official()))["form"]
    own = {key: filled[key] for key in ("nksNgaySinh", "nksGioiTinh")}
    for typed in ({}, own):
        papers = await states(published, "1.001193", subjects, typed)
        assert papers["birth_evidence"] == ("required", "condition_unknown"), typed


async def test_child_whose_birth_date_was_emptied_again_is_no_child_of_a_notice(published: House) -> None:
    mother = published.subject("newborn_mother")
    child = {"birth_date": "2026-01-02"}
    subjects = {"requester": mother, "mother": {"same_as": "requester"}, "child": child}
    emptied = {"nksNgaySinh": None, "nksGioiTinh": "1"}
    papers = await states(published, "1.001193", subjects, emptied)
    assert papers["birth_evidence"] == ("required", "condition_unknown")

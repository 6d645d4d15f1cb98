"""What data propose without deciding: each value with its evidence, none of them in the form."""

from typing import Any

from tests.flows.conftest import House, new_official, on_session, proposed
from tests.flows.test_preview import decided
from tests.flows.test_records import records

pytestmark = on_session
CHILD = ("nksDanToc", "nksQueQuan", "nksQuocTich")


def parents(house: House) -> dict[str, Any]:
    """A mother and a father of two ethnic groups and one nationality."""
    mother, father = house.subject("ethnic_minority"), house.subject("single")
    return {"requester": house.subject("facts_example"), "mother": mother, "father": father, "child": {}}


def whose(answer: Any, key: str) -> dict[str, str]:
    """Proposed value -> role of the person whose evidence has it."""
    candidates = answer["fields"][key]["doubt"]["candidates"]
    return {one["value"]: answer["evidence"][one["evidence"]]["subject"] for one in candidates}


async def test_child_is_offered_what_father_and_mother_have_each_with_its_evidence(
    shared_house: House,
) -> None:
    answer = await shared_house.prefill("1.001193", parents(shared_house))
    assert proposed(answer, "nks").keys() == {*CHILD}
    ethnic = whose(answer, "nksDanToc")
    assert [*ethnic.values()] == ["father", "mother"]
    of_mother = next(value for value, role in ethnic.items() if role == "mother")
    assert of_mother == answer["form"]["meDanToc"]
    # what both have is offered once
    assert whose(answer, "nksQuocTich") == {"VN": "father"}
    assert answer["fields"]["nksDanToc"]["reason"] == {"code": "proposed"}
    assert answer["form"].keys().isdisjoint(CHILD)
    record = records(shared_house)[-1]
    assert record["fields"].keys().isdisjoint(CHILD)
    # a value that the citizen chose is the citizen's, and contradicts neither parent
    chosen = await shared_house.prefill(
        "1.001193", parents(shared_house), known={"nksDanToc": of_mother, "nksQuocTich": "VN"}
    )
    assert chosen["fields"]["nksDanToc"]["state"] == "kept"
    assert chosen["papers"] == answer["papers"]


async def test_paper_of_an_address_that_is_only_proposed_is_asked_for_until_the_person_accepts_it(
    shared_house: House,
) -> None:
    who = {
        "requester": {"same_as": "mother"},
        "mother": shared_house.subject("no_permanent_address"),
        "child": {},
    }
    plain = await shared_house.prefill("1.001193", who)
    (current,) = proposed(plain, "me")["meNoiCuTru"]
    paper = residence(plain)
    assert (paper["state"], paper["reason"]) == ("required", {"code": "proposed"})
    assert "giá trị đề xuất" in paper["advice"]["vi"]
    assert "proposed value" in paper["advice"]["en"]
    for accepted in ({"known": {"meNoiCuTru": current}}, {"held": {"meNoiCuTru": current}}):
        assert residence(await shared_house.prefill("1.001193", who, **accepted))["state"] == "replaced"
    # the type of the residence says the same; a value of the person's own denies it
    typed = await shared_house.prefill("1.001193", who, known={"meLoaiCuTru": "2"})
    assert (typed["form"]["meNoiCuTru"], residence(typed)["state"]) == (current, "replaced")
    other = await shared_house.prefill(
        "1.001193", who, known={"meNoiCuTru": {**current, "dcChiTiet": "Thôn Lạ"}}
    )
    assert residence(other)["reason"]["code"] == "object_differs"


def residence(answer: Any) -> Any:
    return next(one for one in answer["papers"] if one["code"] == "residence_proof")


async def test_people_whose_numbers_are_only_proposed_are_in_the_record_all_the_same(
    shared_house: House,
) -> None:
    answer = await shared_house.prefill("1.004222", {"applicant": shared_house.subject("facts_example")})
    (rows,) = proposed(answer, "thanhVien")["thanhVien"]
    others = [name for name in records(shared_house)[-1]["subjects"] if name.startswith("also#")]
    assert len(others) == len({row["soDinhDanh"] for row in rows})
    assert len(rows) > 1


async def test_proposal_is_gone_with_the_evidence_that_the_citizen_refuses(shared_house: House) -> None:
    more = {"official": new_official(), "preview": True}
    answer = await shared_house.prefill("1.001193", parents(shared_house), **more)
    by_role = {
        one["subject"]: name for name, one in answer["evidence"].items() if one["source"] == "population"
    }
    changed = await decided(shared_house, answer, by_role["father"])
    assert [*whose(changed, "nksDanToc").values()] == ["mother"]
    answer = await shared_house.prefill("1.001193", parents(shared_house), **more)
    changed = await decided(shared_house, answer, by_role["father"], by_role["mother"])
    for key in CHILD:
        entry = changed["fields"][key]
        assert (entry["state"], entry["doubt"], entry["editable"]) == ("empty", None, True)
        assert entry["reason"] == {"code": "evidence_refused"}

"""A role that takes many: what is said of it must hold for each of its subjects, and lists show only the named."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.dates import PartialDate
from gateway.domain.evidence import AttributeDoubt, Outcome, SourceAnswer
from gateway.domain.parties import Subject, SubjectKind
from gateway.mapping.form_transforms import form_transforms
from gateway.mapping.many import PeopleFilter, only_named, predicate_of_each, proof_of_each
from gateway.mapping.paper_entries import paper_entry
from gateway.mapping.paper_rules import PaperRule, Predicate, Proof
from gateway.mapping.papers import prove
from gateway.mapping.plan import make_plan
from gateway.mapping.predicates import Facts, Truth, _from_table, predicate
from gateway.prefill.roles import cast
from tests.code_lists import load_codes
from tests.contract.test_mappings import CATALOGUE
from tests.counted import calls_of

ROOT = Path(__file__).parents[2]
MANY = {"members": ("members", "members#2")}


def proof(**words: Any) -> Proof:
    return Proof.model_validate(words)


def leaf(role: str, **words: Any) -> dict[str, Any]:
    return {"about": role, "same": "no_object", "in_force": "always", "conclusion": "shown", **words}


def test_proof_without_the_role_stays_itself() -> None:
    plain = proof(**leaf("owner", has=["owner:person.personal_id"], when="asked"))
    assert proof_of_each(plain, MANY) is plain


def test_proof_of_several_is_the_proof_of_each_under_the_same_condition() -> None:
    one = leaf("members", has=["members:person.full_name"], when="members_exist")
    assert proof_of_each(proof(**one), MANY) == proof(
        all_of=[
            leaf("members", has=["members:person.full_name"]),
            leaf("members#2", has=["members#2:person.full_name"]),
        ],
        when="members_exist",
    )


def test_each_may_be_proven_by_another_branch() -> None:
    ways = proof(
        any_of=[
            leaf("members", has=["members:person.full_name"]),
            leaf("members", issued="A", same={"reference": "members.personal_id"}),
        ]
    )
    found = proof_of_each(proof(all_of=[ways]), MANY).all_of
    assert found is not None
    assert found[0].all_of is not None
    second = found[0].all_of[1]
    assert second == proof(
        any_of=[
            leaf("members#2", has=["members#2:person.full_name"]),
            leaf("members#2", issued="A", same={"reference": "members#2.personal_id"}),
        ]
    )


def test_predicate_of_several_is_asked_of_each() -> None:
    rule = Predicate.model_validate({"equal": ["members:person.personal_id", "parcel:land_parcel.owner_ids"]})
    assert [form.equal for form in predicate_of_each(rule, MANY)] == [
        ("members:person.personal_id", "parcel:land_parcel.owner_ids"),
        ("members#2:person.personal_id", "parcel:land_parcel.owner_ids"),
    ]
    young = Predicate.model_validate({"younger_than": "members:person.birth_date"})
    assert len(predicate_of_each(young, MANY)) == 2
    given = Predicate.model_validate({"role_given": "members"})
    assert predicate_of_each(given, MANY) == (given,)


RULES = {
    "minor": {"younger_than": "members:person.birth_date"},
    "of_age": {"not": "minor"},
    "said": {"said_by": ["minor"]},
}


def members_born(*born: str | None) -> Facts:
    """Two members of a household business, and what predicates may say of them."""
    first, second = born
    whole = CATALOGUE.procedures["1.001612"]
    predicates = {name: Predicate.model_validate(rule) for name, rule in RULES.items()}
    papers = {
        name: PaperRule.model_validate({"title": {"vi": "Giấy", "en": "Paper"}, "when": name})
        for name in RULES
    }
    procedure = replace(whole, predicates=predicates, papers=papers, warnings={})
    people = {
        "requester": "033185207463",
        "owner": "033188607315",
        "members": "033192407731",
        "members#2": "033215630482",
    }
    roles = cast(
        procedure,
        {
            role: subject(personal_id=one, full_name="Trần Thử", birth_date="1990")
            for role, one in people.items()
        },
    )
    plan = make_plan(procedure, CATALOGUE.offers, lambda _s, _a: True, roles.subjects, roles.slots)
    said = {"members": first, "members#2": second}
    answers: list[SourceAnswer | None] = [
        SourceAnswer(Outcome.FOUND, {"birth_date": day})
        if query.service.evidence == "person" and (day := said.get(query.role))
        else SourceAnswer(Outcome.NOT_FOUND)
        for query in plan.queries
    ]
    return Facts(plan, answers, lambda _s, _a: None, date(2026, 11, 25), roles.given, {})


@pytest.mark.parametrize(
    ("born", "minor", "of_age"),
    [
        (("1992-05-21", "2015-08-30"), "required", "required"),
        (("2016-05-21", "2015-08-30"), "required", "not_applicable"),
        (("1992-05-21", "1990-08-30"), "not_applicable", "required"),
        ((None, "2015-08-30"), "required", "required"),
        (("1992-05-21", None), "required", "required"),
    ],
)
def test_paper_is_asked_for_where_its_condition_holds_for_any_of_several(
    born: tuple[str | None, str | None], minor: str, of_age: str
) -> None:
    facts = members_born(*born)
    papers = facts.plan.papers
    states = {name: paper_entry(facts, name, papers[name])["state"] for name in papers}
    assert states == {"minor": minor, "of_age": of_age, "said": minor}


def test_what_must_hold_for_each_of_several_does_not_hold_for_one_of_them_alone() -> None:
    facts = members_born("1992-05-21", "2015-08-30")
    assert {name: predicate(facts, name) for name in RULES} == dict.fromkeys(RULES, Truth.NO)


@pytest.mark.parametrize(
    ("born", "truth"),
    [("1992-05-21", Truth.YES), (None, Truth.UNKNOWN)],
    ids=["does not apply", "nobody knows"],
)
def test_proof_whose_condition_nobody_knows_is_open(born: str | None, truth: Truth) -> None:
    paper = proof(when="minor", **leaf("members", has="person.full_name"))
    assert prove(members_born(born, "1990-08-30"), paper).truth is truth


@pytest.mark.parametrize(
    ("said", "truth"),
    [
        (["own"], Truth.YES), (["own", "own"], Truth.YES), (["own", "lent"], Truth.UNKNOWN),
        (["own", "other"], Truth.UNKNOWN), (["lent"], Truth.NO), ([], Truth.UNKNOWN),
    ],
)  # fmt: skip
def test_list_says_what_all_its_items_say(said: list[str], truth: Truth) -> None:
    rule = Predicate.model_validate({"attribute": "person.x", "yes": ["own"], "no": ["lent"]})
    assert _from_table(rule, said) is truth


@pytest.mark.parametrize("known", ["1992-05-21", "2015-08-30"])
def test_what_must_hold_for_each_of_several_is_unknown_while_it_is_of_one(known: str) -> None:
    facts = members_born(known, None)
    holds = {name for name in RULES if predicate(facts, name) is Truth.YES}
    assert holds == set()


ROW = {"full_name": "NGUYỄN THỊ BÉ", "personal_id": "033315402062", "birth_date": "2015-08"}
OTHER = {"full_name": "Nguyễn Văn Em", "birth_date": "2018-11-02"}


def shown(rows: object, one: Subject, doubts: dict[str, AttributeDoubt] | None = None) -> SourceAnswer:
    answers: list[SourceAnswer | None] = [
        SourceAnswer(outcome=Outcome.FOUND, values={"members": rows, "other": "1"}, doubts=doubts or {})
    ]
    found = only_named([PeopleFilter(0, "members", ("members",))], answers, {"members": one})[0]
    assert found is not None
    assert found.values["other"] == "1"
    return found


def subject(**words: Any) -> Subject:
    born = words.pop("birth_date", None)
    return Subject(kind=SubjectKind.PERSON, birth_date=PartialDate.parse(born) if born else None, **words)


@pytest.mark.parametrize(
    ("one", "kept"),
    [
        ({"personal_id": "033315402062", "full_name": "Tên Khác", "birth_date": "1990"}, [ROW]),
        ({"personal_id": "033192346815", "full_name": "Nguyễn Thị Bé", "birth_date": "2015-08-30"}, None),
        ({"passport": "C4820715", "full_name": "nguyen thi be", "birth_date": "2015-08-30"}, [ROW]),
        ({"passport": "C4820715", "full_name": "Nguyễn Thị Bé", "birth_date": "2015-09-30"}, None),
        ({"passport": "C4820715", "full_name": "Nguyễn Thị Bé"}, None),
        ({"personal_id": "033218992369", "full_name": "Nguyễn Văn Em", "birth_date": "2018"}, [OTHER]),
    ],
)
def test_row_is_kept_by_number_or_else_by_name_and_birth_date(one: dict[str, str], kept: object) -> None:
    assert shown([ROW, OTHER, "no row"], subject(**one)).values.get("members") == kept


def test_list_of_nobody_is_blank_and_candidates_of_a_doubt_are_cut_too() -> None:
    doubt = AttributeDoubt(kind="sources_differ", candidates=([ROW, OTHER], [OTHER]))
    found = shown([OTHER], subject(personal_id="033315402062"), {"members": doubt})
    assert "members" not in found.values
    assert found.doubts["members"].candidates == ([ROW], None)


def test_work_grows_with_rows_and_named_people_not_with_their_product() -> None:
    def work(rows: int, people: int) -> int:
        each = [{"full_name": f"Nguyễn Thị {n}", "birth_date": "2010"} for n in range(rows)]
        named = {f"members#{n}": subject(full_name=f"Trần {n}", birth_date="2010") for n in range(people)}
        keep = [PeopleFilter(0, "members", tuple(named))]
        answers: list[SourceAnswer | None] = [SourceAnswer(Outcome.FOUND, {"members": each})]
        return calls_of(lambda: only_named(keep, answers, named))

    assert work(500, 30) < 2 * (work(500, 1) + work(1, 30))


def test_row_without_name_or_birth_date_is_nobodys() -> None:
    one = subject(full_name="Nguyễn Văn Em", birth_date="2018")
    assert shown([OTHER, {}, {"full_name": "Nguyễn Văn Em"}, {"birth_date": "2018"}], one).values[
        "members"
    ] == [OTHER]
    blank = subject(full_name=" ", birth_date="2018")
    assert "members" not in shown([{"full_name": " ", "birth_date": "2018"}], blank).values


def test_relation_of_a_row_is_written_in_the_forms_words_or_left_out() -> None:
    members_form = form_transforms(load_codes(ROOT / "mappings" / "codes"))["members_form"]
    rows = [{**ROW, "relation": "CH01"}, {**OTHER, "relation": "CH77"}, {"full_name": "A", "relation": "00"}]
    assert members_form(rows) == [
        {"hoTen": "Nguyễn Thị Bé", "ngaySinh": "08/2015", "soDinhDanh": "033315402062", "quanHe": "Chủ hộ"},
        {"hoTen": "Nguyễn Văn Em", "ngaySinh": "02/11/2018"},
        {"hoTen": "A"},
    ]
    assert members_form([]) is None
    assert members_form(date(2026, 1, 1)) is None

"""A kept paper is offered for the persons and objects that its component is about, and only while something says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.domain.dates import PartialDate
from gateway.domain.parties import Subject, SubjectKind
from gateway.mapping.issued import OfferState
from gateway.mapping.load import load_catalogue
from gateway.papers.keep import KeptPaper, identity_of
from gateway.papers.kept_rule import kept_verdict
from gateway.ports.kept_papers import KeptPaperRow

CATALOGUE = load_catalogue(Path(__file__).parents[2])


@dataclass
class People:
    """Who and what a search is about."""

    named: Mapping[str, Subject]
    subjects: dict[str, Subject] = field(init=False)
    keys: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.subjects = dict(self.named)
        self.keys = {role: one.key for role, one in self.named.items()}


def person(number: str, name: str = "Lường Thị Giả", born: str = "1990-02-15") -> Subject:
    birth = PartialDate.parse(born)
    return Subject(kind=SubjectKind.PERSON, personal_id=number, full_name=name, birth_date=birth)


def parcel(number: str) -> Subject:
    return Subject(kind=SubjectKind.PARCEL, commune="11953", sheet="12", number=number)


WIFE, HUSBAND, FORMER = person("033190518274"), person("033088731926"), person("033085264917")
LANDLORD, CHILD, OTHER_CHILD = person("033060915738"), person("033315482069"), person("033317206954")
HOUSE = parcel("345")
CAR, OTHER_CAR = [
    Subject(kind=SubjectKind.VEHICLE, registration_no=one) for one in ("14A-512.08", "14A-733.41")
]
PARENTS = {"requester": WIFE, "mother": WIFE, "father": HUSBAND}


def kept(
    component: str,
    procedure: str,
    about: Subject | None = None,
    *,
    valid_until: str = "2060-03-02",
    code: str = "",
) -> KeptPaper:
    row = KeptPaperRow(
        "kp", "cs", "2026-11", b"", "portal", procedure, component, code, "f" * 64, 0.0, 9e9, b"s"
    )
    identity = ["", ""] if about is None else identity_of(about)
    return KeptPaper(row, "", "", valid_until, "" if about is None else about.key, identity, "", b"")


def state(paper: KeptPaper, of: str = "", /, **named: Subject) -> tuple[OfferState, dict[str, str]]:
    """The state, and of each component whether it is replaced; no source was asked."""
    procedure = CATALOGUE.procedures[of or paper.row.procedure]
    found, entries = kept_verdict(paper, procedure, None, People(named))
    return found, {one["code"]: one["state"] for one in entries}


def test_paper_without_a_rule_is_offered_while_its_last_day_is_written_on_it_and_about_this_object() -> None:
    drawings = kept("drawings", "1.013225", HOUSE)
    assert state(drawings, owner=WIFE, parcel=HOUSE) == (OfferState.OFFERED, {"drawings": "reusable"})
    assert state(drawings, owner=WIFE, parcel=parcel("346"))[0] is OfferState.OTHER_OBJECT
    endless = kept("drawings", "1.013225", HOUSE, valid_until="")
    assert state(endless, owner=WIFE, parcel=HOUSE) == (OfferState.UNDECIDED, {"drawings": "required"})


@pytest.mark.parametrize(
    ("component", "procedure", "about", "named"),
    [
        # married again, or no longer alive: only the civil registers know
        ("divorce_or_death_paper", "1.004873", None, {"requester": WIFE, "person": WIFE}),
        ("marriage_certificate", "1.001193", HUSBAND, PARENTS),
        ("licence_copy", "1.002809", None, {"applicant": WIFE}),
        ("judicial_record_certificate", "9.000002", None, {"applicant": WIFE}),
    ],
)
def test_paper_that_evidence_may_have_ended_is_undecided_when_no_evidence_was_asked(
    component: str, procedure: str, about: Subject | None, named: dict[str, Subject]
) -> None:
    assert state(kept(component, procedure, about), **named) == (
        OfferState.UNDECIDED,
        {component: "required"},
    )


@pytest.mark.parametrize(
    ("component", "procedure", "about", "named"),
    [
        # the same marriage certificate, and another husband by now
        ("marriage_certificate", "1.001193", FORMER, PARENTS),
        # it names a party of the request, but not the one that the rule binds
        ("marriage_certificate", "1.001193", CHILD, {**PARENTS, "child": CHILD}),
        # the certificate of both parties is not that of one
        ("marital_status_certificate", "1.000894", None, {"male": HUSBAND, "female": WIFE}),
        # of the wife, where the component is about her and the husband gave his own
        ("divorce_or_death_paper_female", "1.000894", None, {"male": HUSBAND, "female": WIFE}),
        ("birth_evidence", "1.001193", CHILD, {"requester": WIFE, "mother": WIFE, "child": OTHER_CHILD}),
        # about the person who is certified, not about who asks for it
        ("divorce_or_death_paper", "1.004873", None, {"requester": WIFE, "person": HUSBAND}),
        # the house is the landlord's: the tenant gave a paper about the parcel
        ("lawful_dwelling", "1.004222", HOUSE, {"applicant": WIFE, "owner": LANDLORD, "parcel": HOUSE}),
        # the rule is about the applicant alone
        ("id_paper", "9.000001", HOUSE, {"applicant": WIFE}),
        ("registration_copy", "9.000003", CAR, {"owner": WIFE, "vehicle": OTHER_CAR}),
    ],
)  # fmt: skip
def test_paper_about_another_than_those_of_the_rule_is_of_another_object(
    component: str, procedure: str, about: Subject | None, named: dict[str, Subject]
) -> None:
    assert state(kept(component, procedure, about), **named) == (
        OfferState.OTHER_OBJECT,
        {component: "required"},
    )


def test_own_certificate_is_not_that_of_another_component_or_person_with_the_same_result() -> None:
    """The result code carries a paper to another procedure, whose component is about the landlord."""
    certificate = kept("land_certificate_copy", "1.013225", HOUSE, code="KQ.G10.900001")
    tenant = {"applicant": WIFE, "owner": LANDLORD, "parcel": HOUSE}
    assert state(certificate, "1.004222", **tenant) == (
        OfferState.OTHER_OBJECT,
        {"lawful_dwelling": "required"},
    )
    own = {"applicant": WIFE, "owner": WIFE, "parcel": HOUSE}
    assert state(certificate, "1.004222", **own)[0] is OfferState.UNDECIDED
    # without a result code it stays in its procedure
    assert state(kept("land_certificate_copy", "1.013225", HOUSE), "1.004222", **own)[1] == {}


def test_component_of_the_same_name_in_another_procedure_is_not_the_same() -> None:
    assert state(kept("id_paper", "1.002809"), "9.000001", applicant=WIFE)[1] == {}


def test_drawings_that_were_kept_as_a_certificate_do_not_become_one() -> None:
    drawings = kept("drawings", "1.013225", HOUSE, code="KQ.G10.900001")
    _, components = state(drawings, owner=WIFE, parcel=HOUSE)
    assert components == {"drawings": "reusable", "land_certificate_copy": "required"}


def test_number_of_the_object_that_was_issued_again_is_another_person() -> None:
    paper = kept("old_certificate", "9.000003", CHILD)
    again = person(CHILD.personal_id or "", "Quàng Văn Khác", "2019-01-01")
    assert state(paper, owner=WIFE, vehicle=CHILD)[0] is OfferState.OFFERED
    assert state(paper, owner=WIFE, vehicle=again)[0] is OfferState.OTHER_OBJECT


def test_paper_without_a_rule_is_undecided_while_it_may_be_about_several_persons() -> None:
    paper = kept("consent", "1.004222", LANDLORD)
    assert state(paper, applicant=WIFE, owner=LANDLORD, parcel=HOUSE)[0] is OfferState.OFFERED
    both = state(paper, applicant=WIFE, owner=LANDLORD, household_head=HUSBAND)
    assert both == (OfferState.UNDECIDED, {"consent": "required"})


def test_role_that_nobody_named_leaves_the_paper_undecided() -> None:
    paper = kept("deceased_id_residence", "1.000656", FORMER)
    assert state(paper, requester=WIFE, deceased=FORMER)[0] is OfferState.OFFERED
    assert state(paper, requester=WIFE)[0] is OfferState.UNDECIDED
    assert state(paper, requester=WIFE, deceased=HUSBAND)[0] is OfferState.OTHER_OBJECT

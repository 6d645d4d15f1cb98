"""A prefill's body is checked member by member without models: it takes what the model takes, and builds the same."""

import copy
import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.api.bodies import parse
from gateway.api.models import BODIES as BODIES_OF_KINDS
from gateway.api.models import (
    Body,
    OrganisationBody,
    ParcelBody,
    PersonBody,
    PrefillBody,
    SameAsBody,
    TriedNewbornBody,
)
from gateway.api.prefill_body import official_of, prefill_body, subjects
from gateway.domain.dates import PartialDate
from gateway.domain.errors import BadRequest, GatewayError
from gateway.domain.parties import UNNUMBERED_WORDS, Official, Subject, SubjectKind, given_words
from gateway.mapping.model import Role

DEPTH = 8
ROLES = {
    "requester": Role.model_validate({"kind": "person"}),
    "child": Role.model_validate({"kind": ["newborn", "person"]}),
    "thing": Role.model_validate({"kind": ["vehicle", "organisation"], "many": True}),
    "members": Role.model_validate({"kind": ["person", "parcel"], "many": True}),
}
#: words of a body, each a little wrong now and then
WORDS = st.sampled_from([
    "033190001234", "999990001234", "123456789", "B1234567", "b1", "Tra\u0302\u0300n Thi\u0323 Mẫu", "A", "", "x\ny",
    "1990-02-15", "1990-02", "1990", "1990-02-30", "199", "0100109106", "0100109106-001", "0100109107", "29A-123.45",
    "00001", "12", "requester", "child", "1.004873", "civil_registration", "H31.14-260105-0007", "Nguyen Van An",
    "a\ufeffb", "sd-jwt", "٠٣٣١٩٠٠٠١٢٣٤", "ａ", "x" * 201, "0331 9000 1234",
])  # fmt: skip
NUMBERS = st.sampled_from([0, 1, 2000, 600_000, 600_001, -1, 2**53, 2**53 + 1, 1.0, 1.5, 1e300])
ATOMS = st.one_of(WORDS, NUMBERS, st.booleans(), st.none())
VALUES = st.recursive(
    ATOMS, lambda one: st.lists(one, max_size=2) | st.dictionaries(WORDS, one, max_size=2), max_leaves=4
)


def members(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), st.one_of(WORDS, WORDS, WORDS, ATOMS), max_size=len(names))


GOOD = st.sampled_from([
    {"personal_id": "033190001234", "full_name": "Tra\u0302\u0300n", "birth_date": "1990-02-15"},
    {"old_id": "123456789", "personal_id": None}, {"passport": "B1234567", "birth_date": "1990"}, {},
    {"full_name": "A"},
    {"tax_code": "0100109106"}, {"registration_no": "29A-123.45", "number": "RL4"}, {"same_as": "requester"},
    {"commune": "00001", "sheet": "12", "number": "3"}, {"personal_id": "999990001234"}, {"number": "1"},
    {"tax_code": None, "number": "1"}, {"tax_code": None},
])  # fmt: skip
PEOPLE = st.one_of(
    GOOD,
    GOOD,
    members("personal_id", "old_id", "passport", "full_name", "birth_date", "same_as", "strange"),
    members("tax_code", "registration_no", "number", "full_name"),
    members("commune", "sheet", "number", "tax_code"),
    VALUES,
)
SUBJECTS = st.dictionaries(
    st.sampled_from([*ROLES, "other", "Bad"]), PEOPLE | st.lists(PEOPLE, max_size=3), max_size=3
)
OFFICIALS = members("personal_id", "agency", "account", "full_name") | st.fixed_dictionaries(
    {"personal_id": st.just("033190001234")}, optional={"agency": WORDS, "full_name": WORDS, "account": WORDS}
)
BODIES = st.fixed_dictionaries(
    {"procedure": st.just("1.004873") | ATOMS, "subjects": SUBJECTS},
    optional={
        "official": OFFICIALS | VALUES, "dossier": ATOMS, "purpose": ATOMS, "consent": ATOMS, "mandate": ATOMS,
        "login": ATOMS, "passport": ATOMS, "preview": ATOMS, "deadline_ms": NUMBERS | ATOMS,
        "account": st.dictionaries(WORDS, ATOMS, max_size=2) | VALUES, "fields": st.lists(ATOMS, max_size=2) | VALUES,
        "known": st.dictionaries(WORDS, VALUES, max_size=2) | VALUES, "strange": VALUES,
    },
)  # fmt: skip

GOOD_BODIES = st.fixed_dictionaries(
    {"procedure": st.just("1.004873"), "subjects": st.dictionaries(
        st.sampled_from([*ROLES, "other"]), GOOD.filter(bool) | st.lists(GOOD, min_size=1, max_size=2), max_size=3)},
    optional={
        "official": st.sampled_from([None, {"personal_id": "033190001234", "full_name": "Tra\u0302\u0300n"}]),
        "dossier": st.sampled_from([None, "H31.14-260105-0007", "a"]), "purpose": st.sampled_from([None, "a.b"]),
        "login": st.none(), "passport": st.sampled_from([None, "sd-jwt"]), "preview": st.booleans(),
        "deadline_ms": st.sampled_from([None, 1, 600_000]), "fields": st.sampled_from([None, [], ["a", "Ä"]]),
        "account": st.none() | st.dictionaries(st.just("a"), st.sampled_from([None, 1, True, "x"])),
        "known": st.none() | st.dictionaries(st.just("a"), VALUES),
    },
)  # fmt: skip


@st.composite
def nearly_good(draw: st.DrawFn) -> dict[str, Any]:
    """A good body with one member, or one of a subject, as it should not be."""
    body: dict[str, Any] = copy.deepcopy(draw(GOOD_BODIES))
    people = [one for one in body["subjects"].values() if isinstance(one, dict)]
    place: dict[str, Any] = draw(st.sampled_from([body, body["subjects"], *people]))
    place[draw(st.sampled_from([*place, "strange", "personal_id", "full_name", "birth_date"]))] = draw(
        ATOMS | VALUES
    )
    return body


def as_model(raw: bytes) -> PrefillBody | None:
    try:
        return PrefillBody.model_validate(parse(raw, DEPTH))
    except ValidationError:
        return None


def built(
    one: PersonBody | OrganisationBody | ParcelBody | SameAsBody, kinds: tuple[SubjectKind, ...]
) -> Any:
    """The subject of a model; None: not one that can be."""
    match one:
        case SameAsBody():
            return one.same_as
        case ParcelBody():
            return Subject(kind=SubjectKind.PARCEL, **one.model_dump())
        case OrganisationBody():
            possible = (SubjectKind.VEHICLE, SubjectKind.ORGANISATION)[bool(one.tax_code) :]
        case PersonBody():
            numbered = one.personal_id or one.old_id or one.passport
            possible = (SubjectKind.NEWBORN, SubjectKind.PERSON)[bool(numbered) :]
    kind = next((kind for kind in possible if kind in kinds), possible[-1])
    members = one.model_dump()
    if isinstance(one, PersonBody):
        if (kind is SubjectKind.PERSON and not numbered) or (one.personal_id or "").startswith("9"):
            return None
        members["birth_date"] = PartialDate.parse(one.birth_date) if one.birth_date else None
    return Subject(kind=kind, **members)


def expected(body: PrefillBody) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for name, one in body.subjects.items():
        role = ROLES.get(name)
        if isinstance(one, list) and role is not None and not role.many:
            return None
        for at, each in enumerate(one if isinstance(one, list) else [one]):
            place = f"{name}#{at + 1}" if isinstance(one, list) else name
            found[place] = built(each, role.kind if role else ())
    return None if None in found.values() else found


@settings(max_examples=400, deadline=None)
@given(GOOD_BODIES | nearly_good() | BODIES | VALUES)
def test_what_is_checked_is_what_the_model_takes_and_people_are_the_same(data: Any) -> None:
    raw = orjson.dumps(data)
    try:
        model = as_model(raw)
    except BadRequest:
        with pytest.raises(BadRequest):
            prefill_body(raw, DEPTH)
        return
    if model is None:
        with pytest.raises(BadRequest):
            prefill_body(raw, DEPTH)
        return
    body = prefill_body(raw, DEPTH)
    plain = {name: body.get(name, default) for name, default in _defaults().items()}
    assert plain == {name: getattr(model, name) for name in plain}
    assert official_of(body.get("official"), "000") == _official(model)
    wanted = expected(model)
    if wanted is None:
        with pytest.raises(GatewayError):
            subjects(body["subjects"], ROLES)
    else:
        assert subjects(body["subjects"], ROLES) == wanted


def _defaults() -> dict[str, Any]:
    fields = PrefillBody.model_fields
    return {name: one.default for name, one in fields.items() if name not in {"subjects", "official"}}


def _official(model: PrefillBody) -> Official | None:
    one = model.official
    if one is None:
        return None
    return Official(
        personal_id=one.personal_id, agency=one.agency or "000", account=one.account or "",
        full_name=one.full_name or "",
    )  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_json_is_taken_within_its_depth_and_numbers_as_the_standard_library_reads_it(
    data: Any, ascii_only: bool, indent: int | None
) -> None:
    raw = json.dumps(data, ensure_ascii=ascii_only, indent=indent).encode()
    if _is_plain(data, 3):
        assert parse(raw, 3) == data
    else:
        with pytest.raises(BadRequest):
            parse(raw, 3)


def _is_plain(data: Any, depth: int) -> bool:
    if isinstance(data, dict | list):
        inner = data.values() if isinstance(data, dict) else data
        return depth > 0 and all(_is_plain(one, depth - 1) for one in inner)
    return not isinstance(data, int | float) or abs(data) <= 2**53


@settings(max_examples=200, deadline=None)
@given(VALUES, WORDS, WORDS)
def test_member_that_stands_twice_is_seen_however_it_is_written(data: Any, name: str, text: str) -> None:
    inner = orjson.dumps({name: data}).decode()
    written = json.dumps(name)
    for twice in (f"{inner[:-1]},{written}:{json.dumps(text)}}}", f'{{"a":[{inner[:-1]},{written}:1}}]}}'):
        with pytest.raises(BadRequest) as refused:
            parse(twice.encode(), 64)
        assert refused.value.problem_code in {"duplicate_member", "bad_request"}


def test_body_that_is_refused_is_told_as_it_was_sent() -> None:
    """People who were converted before the fault was found do not change what is said of the body."""
    person = {"personal_id": "033190001234", "full_name": "A", "birth_date": "1990-02-15"}
    sent = {"procedure": "1.004873", "subjects": {"requester": person, "child": {"birth_date": "1990-02-30"}}}
    with pytest.raises(BadRequest) as refused:
        prefill_body(orjson.dumps(copy.deepcopy(sent)), DEPTH)
    assert [one["pointer"] for one in refused.value.members["errors"]] == ["/subjects/child/birth_date"]  # type: ignore[attr-defined]


def test_needs_may_name_all_that_bodies_give_of_a_subject() -> None:
    known = {*UNNUMBERED_WORDS, "identifier"}.union(*map(given_words, SubjectKind))
    bodies: list[type[Body]] = [*BODIES_OF_KINDS.values(), TriedNewbornBody]
    given = {name for body in bodies for name in body.model_fields}
    assert known == given - {"same_as"}

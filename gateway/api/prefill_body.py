"""Bytes of a prefill to its people and official, without a pydantic model.

Each member is checked by the validator of its field in `models.py`. The model then names the faults of a
refused body.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Annotated, Any
from unicodedata import normalize

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from gateway.api.bodies import parse
from gateway.api.models import (
    BODIES,
    MOST_OF_A_ROLE,
    MOST_ROLES,
    Body,
    DateText,
    PersonBody,
    PlainText,
    PrefillBody,
    RoleName,
    kind_of,
)
from gateway.api.problems import from_validation, pointer
from gateway.domain import sentences as say
from gateway.domain.dates import PartialDate
from gateway.domain.errors import BadRequest, Unprocessable, fault_in
from gateway.domain.evidence import NOTHING
from gateway.domain.identifiers import birth_year_of
from gateway.domain.parties import Identifier, Official, Subject, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import Sentence
from gateway.mapping.identifiers import IdentifierKinds, identifier_fault, kind_named
from gateway.mapping.model import Role
from gateway.prefill.request import Representative

_BORN_AFTER = 2199
#: of all roles together
_MAX_SUBJECTS = 40

#: the place of a subject in the body: `subjects`, its role, its place in a list, a member of it
_BodyPlace = tuple[str | int, ...]
_ValueCheck = Callable[[object], bool]


def prefill_body(raw: bytes, depth: int) -> dict[str, Any]:
    """The body of a prefill as plain data: names of people in NFC, dates of birth as `PartialDate`.

    BadRequest or Unprocessable when it is not of the form of `PrefillBody`.
    """
    data = parse(raw, depth)
    if isinstance(data, dict) and _is_prefill(data):
        return data
    raise _fault_of(parse(raw, depth))


def prefill_members(data: dict[str, Any]) -> dict[str, Any]:
    """The same of plain JSON, which stays as it is. Raises as `prefill_body`."""
    body = copy.deepcopy(data)
    if _is_prefill(body):
        return body
    raise _fault_of(data)


def _fault_of(data: object) -> BadRequest:
    """What the model says of data that are no body of a prefill."""
    try:
        PrefillBody.model_validate(data)
    except ValidationError as error:
        return from_validation(error, PrefillBody)
    raise AssertionError("the model takes what its members do not")


def _is_prefill(data: dict[str, Any]) -> bool:
    """Whether it has the form of `PrefillBody`; converts its people in place."""
    if not _has_members(data, _MEMBERS, _NEEDED):
        return False
    for given in data["subjects"].values():
        if type(given) is not list:
            if not _is_subject(given):
                return False
        elif not 1 <= len(given) <= MOST_OF_A_ROLE or not all(map(_is_subject, given)):
            return False
    return True


def _is_subject(given: object) -> bool:
    if not isinstance(given, dict) or not _has_members(given, *_SUBJECTS[kind_of(given)]):
        return False
    if given.get("full_name") is not None:
        given["full_name"] = normalize("NFC", given["full_name"])
    if "birth_place" in given and given["birth_place"] is not None:
        given["birth_place"] = normalize("NFC", given["birth_place"])
    if given.get("birth_date") is not None:
        try:
            given["birth_date"] = PartialDate.parse(given["birth_date"])
        except ValueError:
            return False
    return True


def _has_members(given: dict[str, Any], checks: Mapping[str, _ValueCheck], needed: frozenset[str]) -> bool:
    """Whether every member is known and valid, and none is missing."""
    for name, value in given.items():
        check = checks.get(name)
        if check is None or not check(value):
            return False
    return needed <= given.keys()


def _check(annotation: Any) -> _ValueCheck:  # noqa: ANN401 -- a type
    return TypeAdapter(annotation, config=ConfigDict(strict=True)).validator.isinstance_python


def _checks(model: type[Body], **instead: Any) -> tuple[Mapping[str, _ValueCheck], frozenset[str]]:  # noqa: ANN401 -- types
    """The checks of a model's members, and its required members; `instead`: other types of some members."""
    fields = model.model_fields
    types = {name: Annotated[one.annotation, *one.metadata, Field()] for name, one in fields.items()}
    checks = {name: _check(one) for name, one in {**types, **instead}.items()}
    return checks, frozenset(name for name, one in fields.items() if one.is_required())


#: subjects are checked one by one; names and dates are converted here
_MEMBERS, _NEEDED = _checks(
    PrefillBody, subjects=Annotated[dict[RoleName, Any], Field(max_length=MOST_ROLES)]
)
_CONVERTED = {"full_name": PlainText | None, "birth_date": DateText | None, "birth_place": PlainText | None}
_SUBJECTS = {
    kind: _checks(model, **{name: one for name, one in _CONVERTED.items() if name in model.model_fields})
    for kind, model in BODIES.items()
}


def subjects(
    given: Mapping[str, Any], roles: Mapping[str, Role], kinds: IdentifierKinds = NOTHING
) -> dict[str, Subject | str]:
    """Role -> subject, or the name of the role that it is the same as; whether that fits is the service's to say.

    `kinds`: the known kinds of identifiers beside those of Việt Nam.

    The subjects of a list are `<role>#1`, `<role>#2` and so on.
    """
    found: dict[str, Subject | str] = {}
    for name, one in given.items():
        role = roles.get(name)
        if not isinstance(one, list):
            found[name] = (
                one["same_as"] if "same_as" in one else subject_of(("subjects", name), one, role, kinds)
            )
        elif role is not None and not role.many:
            raise _fault(("subjects", name), say.ONE_SUBJECT, ProblemCode.LIST_NOT_POSSIBLE)
        else:
            for at, each in enumerate(one):
                found[f"{name}#{at + 1}"] = (
                    each["same_as"]
                    if "same_as" in each
                    else subject_of(("subjects", name, at), each, role, kinds)
                )
        if len(found) > _MAX_SUBJECTS:
            raise _fault(
                ("subjects", name), say.TOO_MANY_SUBJECTS(most=_MAX_SUBJECTS), ProblemCode.TOO_MANY_SUBJECTS
            )
    return found


def subject_of(
    place: _BodyPlace, given: Mapping[str, Any], role: Role | None, kinds: IdentifierKinds = NOTHING
) -> Subject:
    """The subject in checked data; `place`: its place in the body."""
    there = role.kind if role is not None else ()
    if "identifier" in given and given["identifier"] is not None:
        return _identified(place, given, kinds)
    if "commune" in given:
        kind = SubjectKind.PARCEL
    elif "tax_code" in given or "registration_no" in given:
        is_vehicle = not given.get("tax_code") and SubjectKind.VEHICLE in there
        kind = SubjectKind.VEHICLE if is_vehicle else SubjectKind.ORGANISATION
    else:
        kind = _kind_of_person(place, given, there)
    return Subject(kind=kind, **given)


def _identified(place: _BodyPlace, given: Mapping[str, Any], kinds: IdentifierKinds) -> Subject:
    """The subject of a number of a configured kind. Its faults name the kind, never the number."""
    one = given["identifier"]
    number = checked_identifier((*place, "identifier"), one["kind"], one["number"], kinds)
    words = {name: value for name, value in given.items() if name != "identifier" and value is not None}
    if not words.keys() <= {"full_name", "birth_date"}:
        raise _fault(place, say.IDENTIFIER_ALONE, ProblemCode.VALUE_NOT_POSSIBLE)
    if "birth_date" in words and number["kind"] is not SubjectKind.PERSON:
        raise _fault((*place, "birth_date"), say.NO_BIRTH_OF_THINGS, ProblemCode.VALUE_NOT_POSSIBLE)
    return Subject(**number, **words)


def checked_identifier(place: _BodyPlace, kind: str, number: str, kinds: IdentifierKinds) -> dict[str, Any]:
    """`kind` and `identifier` of a subject. Raises Unprocessable."""
    if (wrong := identifier_fault(kinds, kind, number)) is not None:
        raise _fault((*place, wrong[0]), wrong[1], ProblemCode.VALUE_NOT_POSSIBLE)
    return {"kind": kind_named(kinds, kind), "identifier": Identifier(kind, number)}


def person_of(body: PersonBody, kinds: IdentifierKinds) -> Subject:
    """The person in the member `subject` of a body. Raises Unprocessable."""
    given = body.model_dump(exclude_none=True)
    if body.birth_date is not None:
        given["birth_date"] = PartialDate.parse(body.birth_date)
    found = subject_of(("subject",), given, None, kinds)
    if found.kind is not SubjectKind.PERSON:
        raise _fault(("subject", "identifier", "kind"), say.IDENTIFIER_OF_A_PERSON, ProblemCode.WRONG_KIND)
    return found


def numbered_person_of(body: PersonBody, kinds: IdentifierKinds) -> Subject:
    """The same, who has a number: what is kept under a name would be every namesake's. Raises Unprocessable."""
    found = person_of(body, kinds)
    if found.is_unnumbered:
        raise _fault(("subject",), say.GIVE_A_NUMBER, ProblemCode.IDENTIFIER_MISSING)
    return found


def _kind_of_person(
    place: _BodyPlace, given: Mapping[str, Any], there: tuple[SubjectKind, ...]
) -> SubjectKind:
    number = given.get("personal_id")
    if number and birth_year_of(number) > _BORN_AFTER:
        raise _fault((*place, "personal_id"), say.NUMBER_CANNOT_EXIST, ProblemCode.VALUE_NOT_POSSIBLE)
    details = given.get("gender") or given.get("birth_place")
    if number or given.get("old_id") or given.get("passport"):
        if details:
            raise _fault(place, say.ONLY_WITHOUT_NUMBER, ProblemCode.VALUE_NOT_POSSIBLE)
        return SubjectKind.PERSON
    if SubjectKind.NEWBORN in there and not details:
        return SubjectKind.NEWBORN
    born = given.get("birth_date")
    if details and given.get("full_name") and born is not None and born.day is not None:
        return SubjectKind.PERSON
    why = say.GIVE_A_NUMBER_OR_ALL if details else say.GIVE_A_NUMBER
    raise _fault(place, why, ProblemCode.IDENTIFIER_MISSING)


def _fault(place: _BodyPlace, why: Sentence, code: ProblemCode) -> Unprocessable:
    return fault_in(pointer(place), why, code)


def representative_of(given: Mapping[str, Any] | None) -> Representative | None:
    """The representative in checked data: always by a number of Việt Nam."""
    if given is None:
        return None
    person = given.get("subject")
    if person is None:
        return Representative(kind=given["kind"], of=given.get("of"))
    words = {name: value for name, value in person.items() if value is not None}
    if "full_name" in words:
        words["full_name"] = normalize("NFC", words["full_name"])
    if "birth_date" in words:
        words["birth_date"] = PartialDate.parse(words["birth_date"])
    subject = subject_of(("representative", "subject"), words, None)
    if subject.is_unnumbered:
        raise _fault(("representative", "subject"), say.GIVE_A_NUMBER, ProblemCode.IDENTIFIER_MISSING)
    return Representative(kind=given["kind"], of=given.get("of"), subject=subject)


def official_of(given: Mapping[str, Any] | None, agency: str) -> Official | None:
    """The official of the request; the default agency is the requester's."""
    if given is None:
        return None
    return Official(
        personal_id=given["personal_id"],
        agency=given.get("agency") or agency,
        account=given.get("account") or "",
        full_name=normalize("NFC", given.get("full_name") or ""),
    )

"""Values and people as examples write them: YAML has text only, and people have the form of the API."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from gateway.api.models import BODIES, Body, kind_of
from gateway.api.prefill_body import prefill_body, subjects
from gateway.api.problems import from_validation
from gateway.domain.dates import PartialDate
from gateway.domain.errors import GatewayError
from gateway.domain.evidence import NOTHING
from gateway.domain.faults import near
from gateway.domain.parties import IDENTIFIER, Identifier, Subject, SubjectKind
from gateway.mapping.identifiers import IdentifierKinds, identifier_fault
from gateway.mapping.model import ProcedureExample
from gateway.mapping.procedure import Procedure

#: nesting of a request
_DEPTH = 32
#: attribute of a subject that no request has -> the one with the same form
_WRITTEN_AS = {"parent_personal_id": "personal_id"}
#: words of an example's subject that are not attributes
_NOT_THEIRS = frozenset({"kind", "account"})
_WORDS = _NOT_THEIRS.union(Subject.__dataclass_fields__)


def word_fault(given: Mapping[str, Any]) -> tuple[str, str] | None:
    """A word that no subject has, or an identifier of another form, with the remedy; None when there is none."""
    for word in given:
        kind = word.removeprefix(IDENTIFIER)
        if kind != word:
            return f"a subject has no '{word}'", f"write 'identifier: {{kind: {kind}, number: …}}'"
        if word not in _WORDS:
            return f"a subject has no '{word}'", near(word, _WORDS, f"use one of {', '.join(sorted(_WORDS))}")
    one = given.get("identifier", {"kind", "number"})
    if isinstance(one, str) or {*one} != {"kind", "number"}:
        return "'identifier' is no kind with a number", "write 'identifier: {kind: …, number: …}'"
    return None


def subject_of(given: Mapping[str, Any], kinds: tuple[SubjectKind, ...]) -> Subject:
    """The subject of an example. Raises ValueError or TypeError when it is invalid."""
    words = dict(given)
    likely = {"tax_code": SubjectKind.ORGANISATION, "sheet": SubjectKind.PARCEL}
    guess = next((kind for word, kind in likely.items() if word in words and kind in kinds), kinds[0])
    kind = SubjectKind(words.pop("kind", guess))
    words.pop("account", None)
    birth = words.pop("birth_date", None)
    if (one := words.pop("identifier", None)) is not None:
        words["identifier"] = Identifier(one["kind"], one["number"])
    return Subject(kind=kind, birth_date=PartialDate.parse(birth) if birth else None, **words)


def text_of(value: Any) -> Any:  # noqa: ANN401 -- plain data
    """The value with numbers and booleans as text."""
    if isinstance(value, dict):
        return {key: text_of(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [text_of(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None else str(value)


def at(tree: Any, key: str) -> Any:  # noqa: ANN401 -- plain data
    """The value at dotted names; None when there is none."""
    for name in key.split("."):
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def subject_fault(given: Mapping[str, Any], kinds: IdentifierKinds = NOTHING) -> str:
    """Why the API would refuse this subject; blank when it would accept it."""
    words = {_WRITTEN_AS.get(name, name): one for name, one in given.items() if name not in _NOT_THEIRS}
    model: type[Body] = BODIES[kind_of(words)]
    known = {name: one for name, one in words.items() if name in model.model_fields}
    try:
        model.model_validate(known)
    except ValidationError as error:
        wrong = [fault for fault in error.errors() if fault["type"] != "missing"]
        if wrong:
            return from_validation(error, model).detail
    one = known.get("identifier")
    found = (
        identifier_fault(kinds, one["kind"], one["number"])
        if isinstance(one, dict) and len(one) > 1
        else None
    )
    return "" if found is None else f"/identifier/{found[0]}: {found[1].en}"


def request_fault(procedure: Procedure, example: ProcedureExample, kinds: IdentifierKinds) -> str:
    """Why `POST /v1/prefill` would refuse the example's people and typed fields; blank when it would accept them."""
    people: dict[str, Any] = {}
    for name, given in example.subjects.items():
        role, _, number = name.partition("#")
        one = {word: value for word, value in given.items() if word not in _NOT_THEIRS}
        if number:
            before = people.get(role)
            people[role] = [*(before if isinstance(before, list) else [before]), one]
        else:
            people[role] = one
    body = {"procedure": procedure.code, "subjects": people, "known": example.known}
    try:
        subjects(prefill_body(orjson.dumps(body), _DEPTH)["subjects"], procedure.roles, kinds)
    except GatewayError as error:
        return error.detail
    return ""


def differences(expected: Mapping[str, Any], got: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Key, expected value and actual value of each difference."""
    for key in dict.fromkeys((*expected, *got)):
        if expected.get(key) != got.get(key):
            yield key, expected.get(key), got.get(key)

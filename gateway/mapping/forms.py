"""Checks e-forms: their words, and the values that a mapping writes into their fields.

The values of a field are known where its last step is a code list or a transform with a known result.
"""

import types
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

from gateway.config.strict_yaml import Loc
from gateway.domain.faults import near
from gateway.mapping.codes import UNITS, Codes
from gateway.mapping.form_transforms import form_transforms
from gateway.mapping.model import FieldRule
from gateway.mapping.procedure import Field, Procedure
from gateway.mapping.schema_files import SchemaFile, parts

#: word of a form -> its possible values
WORDS: Mapping[str, tuple[str, ...]] = {
    "x-widget": ("text", "date", "select", "address", "number", "tel", "email", "table"),
    "x-format": ("date-vn-partial", "tel"),
    "x-mark": ("seen", "memory", "sandbox"),
}
#: words of a form that name a code list: of its codes, and of the texts that they lead to
LISTED = ("x-catalogue", "x-codes")
_JSON_TYPES: Mapping[object, str] = {
    str: "string",
    int: "integer",
    bool: "boolean",
    dict: "object",
    list: "array",
}

FormDefect = tuple[Loc, str, str, *tuple[str, ...]]


def form_faults(
    code: str, form: SchemaFile, codes: Codes, procedure: Procedure | None
) -> Iterator[FormDefect]:
    """Unknown words of a form, and fields that a page could not name. `procedure` None: it has faults of its own."""
    named = form.schema.get("x-procedure")
    if named != code:
        yield (
            ("x-procedure",),
            f"'x-procedure' is '{named}' but the file is called '{code}'",
            f'write "{code}"',
        )
    lists = {*codes.lists, UNITS}
    for loc, part in parts(form.schema):
        for word, known in (*WORDS.items(), *((one, lists) for one in LISTED)):
            if word in part and part[word] not in known:
                remedy = near(str(part[word]), known, f"use one of {', '.join(sorted(known))}")
                files = (f"mappings/codes/{part[word]}.yaml",) if word in LISTED else ()
                yield (*loc, word), f"'{word}: {part[word]}' is not known", remedy, *files
        yield from _placed(part, loc, procedure)
        yield from _twice(part, loc)
        yield from _untitled(part, loc)
        for word in part:
            if word.startswith("x-") and word not in (
                *WORDS,
                *LISTED,
                "x-example",
                "x-order",
                "x-portal-key",
                "x-procedure",
                "x-role",
                "x-title-en",
            ):
                remedy = near(word, [*WORDS, *LISTED, "x-order", "x-title-en"], "take it out")
                yield (*loc, word), f"'{word}' is no word of a form", remedy


def _placed(part: Mapping[str, object], loc: Loc, procedure: Procedure | None) -> Iterator[FormDefect]:
    """A place on the page that is none."""
    if type(part.get("x-order", 0)) is not int:
        yield (
            (*loc, "x-order"),
            f"'x-order: {part['x-order']}' is no place on the page",
            "write a whole number",
        )
    if procedure is not None and "x-role" in part and part["x-role"] not in procedure.roles:
        what, roles = f"'x-role: {part['x-role']}' is no role of the procedure", procedure.roles
        yield (*loc, "x-role"), what, near(str(part["x-role"]), roles, f"use one of {', '.join(roles)}")


def _twice(part: Mapping[str, object], loc: Loc) -> Iterator[FormDefect]:
    """Two fields at one place of the page, or under one key of the portal."""
    fields = part.get("properties")
    for word in ("x-order", "x-portal-key"):
        taken: dict[object, str] = {}
        for name, field in fields.items() if isinstance(fields, Mapping) else ():
            place = str(field[word]) if isinstance(field, Mapping) and word in field else None
            if place is not None and place in taken:
                what = f"'{word}: {place}' is at '{taken[place]}' and at '{name}'"
                yield (*loc, "properties", name, word), what, "give each field a place of its own"
            taken.setdefault(place, name)


def _untitled(part: Mapping[str, object], loc: Loc) -> Iterator[FormDefect]:
    """Fields without a title in one of the languages: no page could name them."""
    fields = part.get("properties")
    for name, field in fields.items() if isinstance(fields, Mapping) else ():
        for word in ("title", "x-title-en"):
            if isinstance(field, Mapping) and not str(field.get(word) or "").strip():
                what = f"field '{name}' has no '{word}'"
                yield (*loc, "properties", name), what, f"write '{word}': what the page calls the field"


def filled_faults(
    procedure: Procedure, field: Field, codes: Codes, attributes: list[Mapping[str, object]]
) -> Iterator[tuple[str, str, str]]:
    """Values that the form would refuse; `attributes`: schemas of the evidence that fills the field."""
    key, rule, form = field.key, field.rule, procedure.described(field.key)
    if form is None or not field.refs:
        return
    file = f"schemas/forms/{procedure.code}.schema.json"
    table = codes.lists.get(rule.codes or "")
    wanted = form.get("type")
    given = _types(rule, codes, attributes)
    if isinstance(wanted, str) and given and not any(_takes(wanted, one) for one in given):
        what = f"field '{key}' would hold {' or '.join(sorted(given))}, and the form wants {wanted}"
        yield "transform", what, f"take another transform, or write another 'type' in {file}"
    elif not rule.transform and (table is not None or rule.codes is None):
        words = _words(attributes) if table is None else table.values()
        for word in dict.fromkeys(words):
            if word is not None and not procedure.accepts(key, word):
                what = f"field '{key}' would hold '{word}', which the form does not take"
                yield (
                    "codes" if table else "from",
                    what,
                    f"lead to what the form takes, or mend the field in {file}",
                )


def _takes(wanted: str, given: str) -> bool:
    return wanted == given or (wanted == "number" and given == "integer")


def _types(rule: FieldRule, codes: Codes, attributes: list[Mapping[str, object]]) -> set[str]:
    """JSON types that a field may hold; empty: not known."""
    if rule.transform:
        last = form_transforms(codes).get(rule.transform[-1])
        found = "" if last is None else _type_of(get_type_hints(last).get("return"))
        return {found} - {""}
    if rule.codes is not None:
        return {"string"}
    types = [schema.get("type") for schema in attributes]
    return (
        {one for one in types if isinstance(one, str)}
        if all(isinstance(one, str) for one in types)
        else set()
    )


def _type_of(hint: Any) -> str:  # noqa: ANN401 -- a type as it was written
    if isinstance(hint, types.UnionType) or get_origin(hint) is Union:
        hint = next(one for one in get_args(hint) if one is not type(None))
    return _JSON_TYPES.get(get_origin(hint) or hint, "")


def _words(attributes: list[Mapping[str, object]]) -> Iterator[str]:
    for schema in attributes:
        words = schema.get("enum")
        yield from map(str, words) if isinstance(words, list) else ()

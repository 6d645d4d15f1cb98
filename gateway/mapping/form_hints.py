"""What a page needs to show an e-form, generated from the mapping and added to the form's JSON Schema.

The schema itself has titles, order and widgets. Added per field: `x-role`, `x-label` (the title inside the group of
its role), `x-example`, `x-max-length`, `x-english` (value that is a text of a code list -> its English, which is
shown and never sent), `x-keep` (own data that the person may let be kept). Once per form: `x-groups` (titles of roles),
`x-catalogues` (code, title and, where there is one, English title of the lists that its fields name) and `x-reasons`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.domain.reasons import Reason
from gateway.mapping.codes import UNITS, Codes
from gateway.mapping.procedure import DECLARED, Field, Procedure
from gateway.mapping.schema_files import parts

#: widget -> an invented example, as people write it
_EXAMPLES: Mapping[str, str] = {"date": "05/09/2025", "tel": "0900000001", "email": "ten@example.vn"}
#: widget -> longest input (RFC 5321, E.164)
_LONGEST: Mapping[str, int] = {"date": 10, "tel": 16, "email": 254, "number": 20}
_LONGEST_TEXT = 500
_OTHER = {"name": "", "title": "Nội dung khác", "title_en": "Other"}


def hinted(procedure: Procedure, codes: Codes, keep: Mapping[str, int]) -> dict[str, object]:
    """The form with its hints; `keep`: attribute of own data -> days for which it may be kept."""
    form: dict[str, Any] = _copied(procedure.form)
    mapped = {field.key: field for field in procedure.fields}
    seen: dict[str, None] = {}
    role = ""
    for key, schema in _fields(form):
        role = schema.get("x-role") or _role(mapped.get(key)) or role
        seen[role] = None
        schema["x-role"] = role
        schema |= {name: value for name, value in _hints(schema, mapped.get(key), keep) if name not in schema}
    form["x-groups"] = [_group(procedure, name) for name in seen]
    for _, part in parts(form):
        assert isinstance(part, dict)
        if english := codes.english.get(part.pop("x-codes", "")):
            part["x-english"] = english
    lists = dict.fromkeys(_catalogues(form))
    form["x-catalogues"] = {name: _rows(codes, name) for name in lists}
    form["x-reasons"] = {one.value: [one.vi, one.en] for one in Reason}
    return form


def role_of_fields(form: Mapping[str, Any]) -> dict[str, str]:
    """Field -> `x-role`, of a form with its hints."""
    return {key: schema["x-role"] for key, schema in _fields(form)}


def _fields(schema: Mapping[str, Any], prefix: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Key and schema of each field, in the order of the page; an object without a widget holds fields."""
    found: list[tuple[str, dict[str, Any]]] = []
    for name, one in schema.get("properties", {}).items():
        if one.get("type") == "object" and "x-widget" not in one:
            found += _fields(one, f"{prefix}{name}.")
        else:
            found.append((prefix + name, one))
    return sorted(found, key=lambda item: item[1].get("x-order", 0))


def _role(field: Field | None) -> str:
    return field.refs[0].role if field is not None and field.refs else ""


def _hints(
    schema: Mapping[str, Any], field: Field | None, keep: Mapping[str, int]
) -> Iterator[tuple[str, object]]:
    widget = schema.get("x-widget", "text")
    if widget in _EXAMPLES:
        yield "x-example", _EXAMPLES[widget]
    if schema.get("type") in ("string", "number", "integer"):
        yield "x-max-length", schema.get("maxLength") or _LONGEST.get(widget, _LONGEST_TEXT)
    if field is None:
        return
    if field.rule.codes is not None:
        yield "x-codes", field.rule.codes
    if field.title is not None:
        yield "x-label", field.title.vi
        yield "x-label-en", field.title.en
    own = next((ref.attribute for ref in field.refs if ref.evidence == DECLARED), "")
    if own in keep:
        yield "x-keep", {"attribute": own, "days": keep[own]}


def _group(procedure: Procedure, name: str) -> dict[str, str]:
    role = procedure.roles.get(name)
    if role is None or role.title is None:
        return {**_OTHER, "name": name}
    return {"name": name, "title": role.title.vi, "title_en": role.title.en}


def _catalogues(schema: Any) -> Iterator[str]:  # noqa: ANN401 -- JSON
    if isinstance(schema, Mapping):
        if isinstance(name := schema.get("x-catalogue"), str):
            yield name
        for one in schema.values():
            yield from _catalogues(one)


def _rows(codes: Codes, name: str) -> list[list[str]]:
    rows = codes.units.names if name == UNITS else codes.lists.get(name, {})
    english = codes.english.get(name, {})
    return [
        [code, title, *([english[title]] if title in english else [])]
        for code, title in rows.items()
        if title
    ]


def _copied(schema: Any) -> Any:  # noqa: ANN401 -- JSON
    return {name: _copied(one) for name, one in schema.items()} if isinstance(schema, Mapping) else schema

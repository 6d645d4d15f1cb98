"""JSON Schemas on disk, read as strictly as YAML: no duplicate key, and every fault with its line."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

from gateway.config.strict_yaml import Document, Loc, read_text
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import Faults, near

_REMEDY = "mend the file: JSON Schema 2020-12 in UTF-8"
#: the words of JSON Schema 2020-12 (core, applicators, validation, annotations); other words have no effect
_WORDS = frozenset(
    """
    $schema $id $anchor $comment $defs $vocabulary allOf anyOf oneOf not if then else dependentSchemas prefixItems
    items contains properties patternProperties additionalProperties propertyNames unevaluatedItems
    unevaluatedProperties
    type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems
    minItems uniqueItems maxContains minContains maxProperties minProperties required dependentRequired title
    description default deprecated readOnly writeOnly examples format contentEncoding contentMediaType
    contentSchema
    """.split()
)


class SchemaFile:
    """One JSON Schema, with the line of every word."""

    __slots__ = ("document", "schema")

    def __init__(self, path: Path, root: Path) -> None:
        """Raises ConfigError when the file is no JSON Schema; OSError when it cannot be read."""
        name, raw = str(path.relative_to(root)), path.read_bytes()
        line, what = 0, "is not JSON in UTF-8"
        try:
            schema = json.loads(raw)
            # JSON is YAML: that reader knows the lines, and refuses duplicate keys
            self.document: Document = read_text(raw, path, name)
            loc, what = _fault(schema)
            line = self.document.line(loc)
        except json.JSONDecodeError as error:
            line, what = error.lineno, f"is not JSON: {error.msg}"
        except (UnicodeDecodeError, RecursionError):
            pass
        if what:
            raise ConfigError([Problem(name, line, what, _REMEDY)])
        self.schema: Mapping[str, object] = schema

    @property
    def properties(self) -> Mapping[str, object]:
        """The schema of each property; empty for a schema of no object."""
        found = self.schema.get("properties")
        return found if isinstance(found, Mapping) else {}


def survey_schemas(folder: Path, root: Path, faults: Faults) -> dict[str, SchemaFile]:
    """Name (without `.schema.json`) -> schema, of all readable files of a folder."""
    found = {}
    for path in sorted(folder.glob("*.schema.json")):
        with faults.noted(str(path.relative_to(root))):
            found[path.name.removesuffix(".schema.json")] = SchemaFile(path, root)
    return found


def parts(schema: object, loc: Loc = ()) -> Iterator[tuple[Loc, Mapping[str, Any]]]:
    """A schema and those of its properties and items, with their places."""
    if not isinstance(schema, Mapping):
        return
    yield loc, schema
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, Mapping) else ():
        yield from parts(inner, (*loc, "properties", name))
    yield from parts(schema.get("items"), (*loc, "items"))


def _references(schema: object, loc: Loc) -> Iterator[Loc]:
    """Places that refer to another schema: each field is checked by its own part of the form."""
    if isinstance(schema, Mapping):
        for name, inner in schema.items():
            if name in {"$ref", "$dynamicRef"} and isinstance(inner, str):
                yield (*loc, name)
            yield from _references(inner, (*loc, name))
    elif isinstance(schema, list):
        for index, inner in enumerate(schema):
            yield from _references(inner, (*loc, index))


def _fault(schema: object) -> tuple[Loc, str]:
    """Where and why this is no JSON Schema; an empty text when it is one."""
    if not isinstance(schema, Mapping):
        return (), "is not a JSON Schema: it must be an object"
    try:
        jsonschema_rs.meta.validate(dict(schema))
    except jsonschema_rs.ValidationError as error:
        return tuple(error.instance_path), f"is not a JSON Schema: {error.message}"
    if (at := next(_references(schema, ()), None)) is not None:
        return at, "is not a schema of ours: '$ref' is not followed, write out what it refers to"
    return next(
        ((loc, what) for loc, part in parts(schema) for loc, what in _part_faults(part, loc)), ((), "")
    )


def _part_faults(part: Mapping[str, object], loc: Loc) -> Iterator[tuple[Loc, str]]:
    """Faults that the meta-schema does not find: unknown words and bad regular expressions."""
    for word in part:
        if word not in _WORDS and not word.startswith("x-"):
            yield (*loc, word), f"'{word}' is no word of JSON Schema: {near(word, _WORDS, 'take it out')}"
    try:
        if "pattern" in part:
            jsonschema_rs.is_valid({"pattern": part["pattern"]}, "")
    except ValueError:
        yield (*loc, "pattern"), f"is not a JSON Schema: '{part['pattern']}' is not a regular expression"

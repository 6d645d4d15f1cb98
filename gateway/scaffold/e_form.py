"""The e-form of a new procedure as schemas/forms wants it, from its owner's JSON Schema.

References are written out, words that mean nothing here left out, every field gets a title. The file may be hostile.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.scaffold.contract import MOST_SAMPLE_BYTES, read_bounded
from gateway.scaffold.leaves import NotScaffolded, Walk

_KEY = re.compile(r"[A-Za-z0-9_]{1,100}", re.ASCII)
_MOST_VALUES, _DEEPEST, _LONGEST_KEY = 20_000, 30, 100
_DROPPED = frozenset(
    {"$defs", "definitions", "example", "nullable", "xml", "discriminator", "externalDocs", "id"}
)
_OURS = frozenset(
    f"x-{word}" for word in "catalogue example format mark order portal-key role title-en widget".split()
)
#: words whose values are no schemas
_VALUES = frozenset({"enum", "const", "default", "examples"})


class EForm:
    """The form, and what was left out of it."""

    def __init__(self, path: Path, code: str, title: str) -> None:
        """`title`: blank for that of the file. Raises NotScaffolded."""
        try:
            document = json.loads(read_bounded(path, MOST_SAMPLE_BYTES, "the form"))
        except (ValueError, RecursionError):
            raise NotScaffolded(
                "the form is no JSON in UTF-8", "give the JSON Schema of the e-form"
            ) from None
        if not isinstance(document, dict) or not isinstance(document.get("properties"), dict):
            raise NotScaffolded(
                "the form is no JSON Schema with 'properties'", "give the schema of an object"
            )
        self._walk, self._values = Walk(document), 0
        self.dropped: set[str] = set()
        schema = self._mapping(document, frozenset(), 0)
        self.title = title or str(schema.get("title") or code)
        head = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"{code}.schema.json",
            "title": self.title,
            "x-title-en": str(schema.get("x-title-en") or self.title),
            "x-procedure": code,
            "type": "object",
        }
        self.schema = {**head, **{word: one for word, one in schema.items() if word not in head}}

    def fields(self, whole: Collection[str]) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
        """Key, schema and whether it is required, of each field; objects are taken apart but for those in `whole`."""
        yield from self._fields(self.schema, "", whole)

    def _fields(
        self, schema: Mapping[str, Any], before: str, whole: Collection[str]
    ) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
        required = schema.get("required")
        for name, one in schema["properties"].items():
            key = before + name
            if not _KEY.fullmatch(name) or len(key) > _LONGEST_KEY:
                raise NotScaffolded(
                    f"field {name[:60]!r} cannot be a key", "rename it: letters, digits and _"
                )
            if isinstance(inner := one.get("properties"), dict) and inner and key not in whole:
                yield from self._fields(one, f"{key}.", whole)
            else:
                yield key, one, isinstance(required, list) and name in required

    def _plain(self, value: object, seen: frozenset[str], depth: int) -> Any:  # noqa: ANN401 -- JSON
        self._values += 1
        if self._values > _MOST_VALUES or depth > _DEEPEST:
            raise NotScaffolded(
                "the form is too large, or nested too deeply", "give the form of one procedure"
            )
        if isinstance(value, list):
            return [self._plain(one, seen, depth + 1) for one in value]
        if not isinstance(value, dict):
            return value
        reference = value.get("$ref")
        if not isinstance(reference, str):
            return self._mapping(value, seen, depth)
        if reference in seen:
            raise NotScaffolded("a '$ref' of the form leads back to itself", "write out what it refers to")
        target = self._walk.resolved(reference)
        beside = {word: one for word, one in value.items() if word != "$ref"}
        merged = {**target, **beside} if isinstance(target, dict) else target
        return self._plain(merged, seen | {reference}, depth + 1)

    def _mapping(self, schema: Mapping[str, Any], seen: frozenset[str], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for word, one in schema.items():
            if word in _DROPPED or (word.startswith("x-") and word not in _OURS):
                self.dropped.add(word)
            elif word == "properties" and isinstance(one, dict):
                found[word] = {name: self._field(name, inner, seen, depth + 1) for name, inner in one.items()}
            else:
                found[word] = one if word in _VALUES else self._plain(one, seen, depth + 1)
        return found

    def _field(self, name: str, schema: object, seen: frozenset[str], depth: int) -> dict[str, Any]:
        found = self._plain(schema, seen, depth)
        words = found if isinstance(found, dict) else {}
        title = str(words.get("title") or name)
        return {**words, "title": title, "x-title-en": str(words.get("x-title-en") or title)}

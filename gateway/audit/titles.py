"""Words for the codes in records, Vietnamese and English, out of the configuration and the schemas in force.

What they do not know any more is told by its code.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gateway.config import Configuration
from gateway.mapping.load import Catalogue

Words = dict[str, str]


class Titles:
    """Codes of records -> words for people."""

    def __init__(self, configuration: Configuration, catalogue: Catalogue, root: Path) -> None:
        """`root` holds `schemas/evidence`, which names what a database knows of somebody."""
        self._configuration = configuration
        self._catalogue = catalogue
        self._evidence = {
            path.name.removesuffix(".schema.json"): json.loads(path.read_text("utf-8"))
            for path in (root / "schemas" / "evidence").glob("*.schema.json")
        }

    def requester(self, code: str) -> Words:
        """The system that asked."""
        return _words(code, self._configuration.requesters.get(code))

    def agency(self, code: str) -> Words:
        """The agency in whose name."""
        return _words(code, self._configuration.agencies.get(code))

    def purpose(self, code: str) -> Words:
        """Why."""
        return _words(code, self._configuration.purposes.get(code))

    def source(self, code: str) -> Words:
        """The database that was asked."""
        return _words(code, self._configuration.sources.get(code))

    def procedure(self, code: str) -> Words:
        """For which procedure."""
        found = self._catalogue.find(code)
        return _words(code, found.mapping if found else None)

    def attributes(self, source: str, operation: str, names: Iterable[str]) -> list[Words]:
        """What was asked for."""
        service = self._catalogue.services.get(source, {}).get(operation)
        schema = self._evidence.get(service.evidence, {}) if service else {}
        return [_attribute(schema, name) for name in names]


def _attribute(schema: Mapping[str, Any], name: str) -> Words:
    """The title of an attribute, or of what it is a part of."""
    words = {"code": name, "title": name, "title_en": name}
    for part in name.split("."):
        schema = schema.get("items", schema).get("properties", {}).get(part, {})
        if "title" in schema:
            words |= {"title": schema["title"], "title_en": schema.get("x-title-en", schema["title"])}
    return words


def _words(code: str, titled: Any) -> Words:  # noqa: ANN401 -- whatever has a title
    if titled is None:
        return {"code": code, "title": code, "title_en": code}
    return {"code": code, "title": titled.title.vi, "title_en": titled.title.en}

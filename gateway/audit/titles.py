"""Titles of the codes in records, Vietnamese and English, from the configuration and schemas in force.

An unknown code is its own title.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gateway.config.configuration import Configuration
from gateway.mapping.load import Catalogue

TitleWords = dict[str, str]


class Titles:
    """Code of a record -> titles for people."""

    def __init__(self, configuration: Configuration, catalogue: Catalogue, root: Path) -> None:
        """`root` holds `schemas/evidence`, with the titles of attributes."""
        self._configuration = configuration
        self._catalogue = catalogue
        self._evidence = {
            path.name.removesuffix(".schema.json"): json.loads(path.read_text("utf-8"))
            for path in (root / "schemas" / "evidence").glob("*.schema.json")
        }

    def requester(self, code: str) -> TitleWords:
        """Title of the system that asked."""
        return _words(code, self._configuration.requesters.get(code))

    def agency(self, code: str) -> TitleWords:
        """Title of the agency of the requester."""
        return _words(code, self._configuration.agencies.get(code))

    def purpose(self, code: str) -> TitleWords:
        """Title of a purpose."""
        return _words(code, self._configuration.purposes.get(code))

    def source(self, code: str) -> TitleWords:
        """Title of a source."""
        return _words(code, self._configuration.sources.get(code))

    def procedure(self, code: str) -> TitleWords:
        """Title of a procedure."""
        found = self._catalogue.find(code)
        return _words(code, found.mapping if found else None)

    def representation(self, kind: str) -> TitleWords:
        """Title of a kind of representation."""
        return _words(kind, self._catalogue.representations.get(kind))

    def data_service(self, source: str, operation: str) -> TitleWords:
        """Title of a data service."""
        service = self._catalogue.services.get(source, {}).get(operation)
        return _words(operation, service.mapping if service else None)

    def attributes(self, source: str, operation: str, names: Iterable[str]) -> list[TitleWords]:
        """Titles of attributes."""
        service = self._catalogue.services.get(source, {}).get(operation)
        schema = self._evidence.get(service.evidence, {}) if service else {}
        return [_attribute(schema, name) for name in names]


def _attribute(schema: Mapping[str, Any], name: str) -> TitleWords:
    """The title of an attribute, or of the attribute that it is part of, as `permanent_address.commune`."""
    words = {"code": name, "title": name, "title_en": name}
    rest: list[str] = name.split(".")
    while rest:
        members = schema.get("items", schema).get("properties", {})
        # a name in a schema may have dots, as `marriage_end.date`
        taken = next((n for n in range(len(rest), 0, -1) if ".".join(rest[:n]) in members), None)
        if taken is None:
            break
        schema, rest = members[".".join(rest[:taken])], rest[taken:]
        if "title" in schema:
            words |= {"title": schema["title"], "title_en": schema.get("x-title-en", schema["title"])}
    return words


def _words(code: str, titled: Any) -> TitleWords:  # noqa: ANN401 -- whatever has a title
    if titled is None:
        return {"code": code, "title": code, "title_en": code}
    return {"code": code, "title": titled.title.vi, "title_en": titled.title.en}

"""Titles of the codes in records, Vietnamese and English, from the configuration and schemas in force.

An unknown code is its own title.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gateway.config.configuration import Configuration
from gateway.domain.exchange import WITHHELD
from gateway.domain.faults import nearest
from gateway.domain.reasons import AuditReason
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import Field, role_of
from gateway.policy.grants import gives
from gateway.ports.exchange_log import LogSearch

TitleWords = dict[str, str]

#: people who were not asked about, whose number stood in the data that left
_ALSO = ("người khác có số trong dữ liệu", "somebody else, whose number is in the data")
#: of records that are about no role of a procedure
_PARTIES: Mapping[str, tuple[str, str]] = {
    "owner": ("chủ hồ sơ hoặc tài khoản", "owner of the dossier or account"),
    "person": ("chủ thể dữ liệu", "the person of the data"),
    "subject": ("người được hỏi", "the person asked about"),
    "parent": ("cha hoặc mẹ có số được dùng để tra cứu", "the parent by whose number was asked"),
}
#: a code that a record does not have
NOT_NAMED = ("không nêu: có thể là số của một người", "not named: it may be a person's number")
#: before the title of the portal whose dossiers name files that are fetched
FILES_FROM = ("Tải tệp từ", "Files from")
#: what a delivery is, where a call to a source names its data service
MESSAGE_KINDS: Mapping[str, tuple[str, str]] = {
    "dossier": ("hồ sơ", "dossier"),
    "progress": ("tiến độ", "progress"),
    "status": ("trạng thái", "status"),
    "correction": ("yêu cầu chỉnh sửa", "correction"),
    "notice": ("phần bổ sung của hồ sơ", "notice"),
}
#: nothing is similar
_NONE = "–"
_SCOPE = ("phạm vi công bố", "published scope")


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

    def unknown(self, search: LogSearch) -> list[TitleWords]:
        """The procedure and the source of a search that this configuration does not have, with similar ones."""
        found = []
        if search.procedure and self._catalogue.find(search.procedure) is None:
            similar = ", ".join(self._catalogue.near(search.procedure))
            found.append(AuditReason.PROCEDURE_NOT_HERE.titled(word=search.procedure, near=similar or _NONE))
        sources = self._configuration.sources
        if search.source and search.source not in sources:
            similar = nearest(search.source, sources) or _NONE
            found.append(AuditReason.SOURCE_NOT_HERE.titled(word=search.source, near=similar))
        return found

    def requester(self, code: str) -> TitleWords:
        """Title of the system that asked."""
        known = self._configuration
        # a portal that forwards is the requester of its records
        return _words(code, known.requesters.get(code) or known.portals.get(code))

    def agency(self, code: str) -> TitleWords:
        """Title of the agency of the requester."""
        return _words(code, self._configuration.agencies.get(code))

    def purpose(self, code: str) -> TitleWords:
        """Title of a purpose."""
        return _words(code, self._configuration.purposes.get(code))

    def source(self, code: str) -> TitleWords:
        """Title of a source, or of the receiver of a delivery."""
        found = self._configuration.sources.get(code)
        return self.portal(code) if found is None else _words(code, found)

    def provider(self, code: str) -> TitleWords:
        """Title of an identity provider."""
        return _words(code, self._configuration.identity_providers.get(code))

    def portal(self, code: str) -> TitleWords:
        """Title of a portal; of the requester whose inbox it is (`inbox:one_gate`); of files (`files:national_bus`)."""
        kind, _, name = code.rpartition(":")
        if kind == "inbox":
            return self.requester(name)
        found = _words(code, self._configuration.portals.get(name))
        if kind != "files" or found["title"] == code:
            return found
        vi, en = FILES_FROM
        return {"code": code, "title": f"{vi} {found['title']}", "title_en": f"{en} {found['title_en']}"}

    def procedure(self, code: str) -> TitleWords:
        """Title of a procedure."""
        found = self._catalogue.find(code)
        return _words(code, found.mapping if found else None)

    def dossier(self, code: str) -> TitleWords:
        """The code of a dossier; words where the record does not name it."""
        return {**_words(code, None), "code": ""}

    def role(self, procedure: str, role: str) -> TitleWords:
        """Title of a role of a procedure, `child#2` too."""
        if role.startswith("also#"):
            return {"code": role, "title": _ALSO[0], "title_en": _ALSO[1]}
        found = self._catalogue.find(procedure)
        known = found.roles.get(role_of(role)) if found else None
        if known is None or known.title is None:
            vi, en = _PARTIES.get(role.rstrip("0123456789_"), (role, role))
            return {"code": role, "title": vi, "title_en": en}
        return _words(role, known)

    def kind(self, procedure: str, role: str) -> str:
        """What a role takes (`SubjectKind`); blank where it takes several kinds, or is unknown."""
        found = self._catalogue.find(procedure)
        known = found.roles.get(role_of(role)) if found else None
        return known.kind[0].value if known is not None and len(known.kind) == 1 else ""

    def through(self, procedure: str, role: str) -> str:
        """The role by whose number the subject of a role is found, as a newborn by its mother's; blank: its own."""
        found = self._catalogue.find(procedure)
        known = found.roles.get(role_of(role)) if found else None
        return (known.through or "") if known is not None else ""

    def field(self, procedure: str, name: str) -> TitleWords:
        """Title of a form field."""
        found = self._field(procedure, name)
        return _words(name, found if found is not None and found.title is not None else None)

    def refs(self, procedure: str, name: str) -> list[tuple[str, str, str]]:
        """Role, evidence and attribute that a form field may come from, in order."""
        found = self._field(procedure, name)
        return [(ref.role, ref.evidence, ref.attribute) for ref in found.refs] if found else []

    def evidence(self, source: str, operation: str) -> str:
        """The evidence type that a data service gives; blank for an unknown service."""
        service = self._catalogue.services.get(source, {}).get(operation)
        return service.evidence if service else ""

    def agreement(self, code: str) -> TitleWords | None:
        """Title of an agreement; None for an unknown one."""
        found = self._configuration.agreements.get(code)
        return None if found is None else _words(code, found)

    def grants(self, rule: str, service: str, attributes: Iterable[str]) -> bool:
        """Whether a rule of a record may have granted attributes of a data service; not known: yes."""
        kind, _, name = rule.partition(":")
        found = self._configuration.agreements.get(name) if kind == "agreement" else None
        return found is None or any(gives(found, service, one) for one in attributes)

    def published(self, service: str, attributes: Iterable[str]) -> list[TitleWords]:
        """The published scopes that have any of these attributes of a data service."""
        wanted = frozenset(attributes)
        return [
            {
                "code": one.scope,
                "title": f"{_SCOPE[0]} {one.document}",
                "title_en": f"{_SCOPE[1]} {one.document}",
            }
            for one in self._configuration.scopes
            if one.service == service and not wanted.isdisjoint(one.attributes)
        ]

    def _field(self, procedure: str, name: str) -> Field | None:
        found = self._catalogue.find(procedure)
        return next((one for one in found.fields if one.key == name), None) if found else None

    def representation(self, kind: str) -> TitleWords:
        """Title of a kind of representation."""
        return _words(kind, self._catalogue.representations.get(kind))

    def predicate(self, code: str) -> TitleWords:
        """Title of a question, with its parameter behind a colon (`age_at_least:18`)."""
        name, colon, parameter = code.partition(":")
        question = self._catalogue.questions.get(name)
        found = _words(name, question.mapping if question else None)
        more = f"{colon} {parameter}" if colon else ""
        return {"code": code, "title": found["title"] + more, "title_en": found["title_en"] + more}

    def data_service(self, source: str, operation: str) -> TitleWords:
        """Title of a data service."""
        service = self._catalogue.services.get(source, {}).get(operation)
        if service is None and operation in MESSAGE_KINDS:
            vi, en = MESSAGE_KINDS[operation]
            return {"code": operation, "title": vi, "title_en": en}
        return _words(operation, service.mapping if service else None)

    def attribute(self, evidence: str, name: str) -> TitleWords:
        """Title of an attribute of an evidence type."""
        return _attribute(self._evidence.get(evidence, {}), name)

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
        vi, en = NOT_NAMED if code == WITHHELD else (code, code)
        return {"code": code, "title": vi, "title_en": en}
    return {"code": code, "title": titled.title.vi, "title_en": titled.title.en}

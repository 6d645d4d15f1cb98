"""Writes the schemas that code is the source of: `python -m tests.architecture.export_schemas` (make schemas)."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gateway.api.openapi import document
from gateway.config.access import RequesterSettings
from gateway.config.agreement import Agreement
from gateway.config.configuration import (
    AgencyFile,
    ApplicationFile,
    PurposeFile,
    RefusalFile,
    ScopeFile,
    SourceSettings,
)
from gateway.config.consents import ConsentSettings, HolidayFile
from gateway.config.gateway import GatewaySettings
from gateway.config.identity import IdentityProviderSettings
from gateway.config.logins import LoginFile
from gateway.config.portals import PortalSettings
from gateway.domain.faults import Faults
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import AuditReason, DeliveryReason, Reason, RefusalReason
from gateway.mapping.codes import CodeList, UnitFile, survey_codes
from gateway.mapping.form_transforms import form_transforms
from gateway.mapping.identifiers import IdentifierKind
from gateway.mapping.model import FieldGroup, ProcedureMapping, SourceMapping
from gateway.mapping.portal_model import PortalMapping
from gateway.mapping.question_model import QuestionMapping
from gateway.mapping.records import provider_transforms
from gateway.mapping.representation import RepresentationMapping

ROOT = Path(__file__).parents[2]
_ONE = {"$ref": "#/$defs/Transform"}
_ONE_OR_MORE = {"title": "Transform", "default": [], "anyOf": [_ONE, {"type": "array", "items": _ONE}]}
#: a row of a table of words; the last cell is what it does
_ROW = re.compile(r"^\| `(\w+)` \|(?:.*\|)? (.+) \|$", re.MULTILINE)
MODELS: dict[str, type[BaseModel]] = {
    "gateway": GatewaySettings,
    "agencies": AgencyFile,
    "agreement": Agreement,
    "purposes": PurposeFile,
    "refusal_grounds": RefusalFile,
    "consents": ConsentSettings,
    "holidays": HolidayFile,
    "logins": LoginFile,
    "applications": ApplicationFile,
    "requester": RequesterSettings,
    "published_scopes": ScopeFile,
    "source": SourceSettings,
    "portal": PortalSettings,
    "identity_provider": IdentityProviderSettings,
    "code_list": CodeList,
    "units": UnitFile,
    "field_group": FieldGroup,
    "procedure_mapping": ProcedureMapping,
    "source_mapping": SourceMapping,
    "predicate_mapping": QuestionMapping,
    "portal_mapping": PortalMapping,
    "representation_mapping": RepresentationMapping,
    "identifier": IdentifierKind,
}


def exported() -> Iterator[tuple[Path, str]]:
    """Every exported file and what it should hold."""
    yield ROOT / "schemas/api/openapi.json", _text(document())
    yield ROOT / "schemas/api/problems.md", _problems()
    transforms = _transforms()
    for name, model in MODELS.items():
        schema = model.model_json_schema(by_alias=True)
        shapes, words = transforms.get(name, ((), {}))
        for shape in shapes:
            schema["$defs"][shape]["properties"]["transform"] = _ONE_OR_MORE
            schema["$defs"]["Transform"] = words
        yield ROOT / f"schemas/config/{name}.schema.json", _text(schema)


def _transforms() -> Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Exported schema -> its shapes with `transform`, and the known names, for an editor to complete."""
    source, _, form = (ROOT / "mappings/WORDS.md").read_text("utf-8").partition("## A field of a form")
    codes = survey_codes(ROOT / "mappings/codes", Faults())
    of_source = _words(provider_transforms(codes), source)
    of_form = _words(form_transforms(codes), form)
    return {
        "source_mapping": (("AttributeRule", "RequestValue", "UpdatedRule"), of_source),
        "procedure_mapping": (("FieldRule",), of_form),
        "field_group": (("FieldRule",), of_form),
    }


def _words(named: Iterable[str], table: str) -> Mapping[str, Any]:
    """The schema of one of these names, each described as in the table of the manual."""
    said = {row[1]: row[2] for row in _ROW.finditer(table)}
    return {"oneOf": [{"const": name, "description": said[name]} for name in sorted(named)]}


def _problems() -> str:
    """The closed lists of codes, as tables for people."""
    lines = [
        "# Problems, refusals and reasons",
        "Made from `gateway/domain/problems.py` and `reasons.py`: `make schemas`.",
    ]
    for title, codes in (("Problems", ProblemCode), ("Refusals by a rule", RefusalReason)):
        lines += ["", f"## {title}", "| code | HTTP | | |", "|---|---|---|---|"]
        lines += [f"| `{one}` | {' '.join(map(str, one.http))} | {one.vi} | {one.en} |" for one in codes]
    lines += ["", "## Reasons of fields, papers and sources", "| code | | |", "|---|---|---|"]
    lines += [f"| `{one}` | {one.vi} | {one.en} |" for one in Reason]
    lines += ["", "## Reasons of deliveries", "| code | | |", "|---|---|---|"]
    lines += [f"| `{one}` | {one.vi} | {one.en} |" for one in DeliveryReason]
    lines += ["", "## What auditors cannot see", "| code | | |", "|---|---|---|"]
    lines += [f"| `{one}` | {one.vi} | {one.en} |" for one in AuditReason]
    return "\n".join(lines) + "\n"


def _text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    for path, text in exported():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

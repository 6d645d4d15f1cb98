"""Writes the schemas that code is the source of: `python -m tests.architecture.export_schemas` (make schemas)."""

import json
from collections.abc import Iterator
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
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import AuditReason, DeliveryReason, Reason, RefusalReason
from gateway.mapping.codes import CodeList, UnitFile
from gateway.mapping.model import FieldGroup, ProcedureMapping, SourceMapping
from gateway.mapping.portal_model import PortalMapping
from gateway.mapping.question_model import QuestionMapping
from gateway.mapping.representation import RepresentationMapping

ROOT = Path(__file__).parents[2]
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
}


def exported() -> Iterator[tuple[Path, str]]:
    """Every exported file and what it should hold."""
    yield ROOT / "schemas/api/openapi.json", _text(document())
    yield ROOT / "schemas/api/problems.md", _problems()
    for name, model in MODELS.items():
        schema = model.model_json_schema(by_alias=True)
        yield ROOT / f"schemas/config/{name}.schema.json", _text(schema)


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

"""Loads everything that is mapped: codes, source mappings, evidence schemas, procedures, forms.

The gateway refuses to start when anything here does not fit together; every problem names file and line.
"""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.domain.errors import ConfigError, Problem
from gateway.domain.identifiers import procedure_code
from gateway.mapping.codes import Codes, load_codes
from gateway.mapping.model import FieldGroup, ProcedureMapping
from gateway.mapping.procedure import Compiler, Procedure
from gateway.mapping.source import ServicePlan, load_sources
from gateway.strict_yaml import Document, read


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All mappings, compiled."""

    codes: Codes
    #: source -> operation -> plan
    services: Mapping[str, Mapping[str, ServicePlan]]
    procedures: Mapping[str, Procedure]
    #: other code of the same procedure -> code
    aliases: Mapping[str, str]
    #: evidence type -> services that give it, in the order of preference
    offers: Mapping[str, tuple[ServicePlan, ...]]

    def find(self, code: str) -> Procedure | None:
        """The procedure of a code, with or without a unit suffix; None when there is none."""
        national = procedure_code(code)
        return self.procedures.get(national) or self.procedures.get(self.aliases.get(national, ""))

    def near(self, code: str) -> list[str]:
        """Codes that look like `code`, best first."""
        return difflib.get_close_matches(procedure_code(code), list(self.procedures), 3, 0.5)


def load_catalogue(root: Path) -> Catalogue:
    """Read `mappings/` and `schemas/` below `root`; ConfigError with every problem."""
    problems: list[Problem] = []
    codes = load_codes(root / "mappings" / "codes")
    try:
        services = load_sources(root / "mappings" / "sources", codes)
    except ConfigError as error:
        problems.extend(error.problems)
        services = {}
    attributes = load_attributes(root / "schemas" / "evidence")
    problems.extend(_unknown_attributes(services, attributes))
    mappings = _documents(root / "mappings" / "procedures", root, problems)
    compiler = Compiler(mappings, _groups(root / "mappings" / "groups", root, problems), codes, attributes)
    procedures = {}
    for code, (_, document) in mappings.items():
        form = _form(root / "schemas" / "forms" / f"{code}.schema.json", document, problems)
        procedures[code] = compiler.compile(code, form)
    problems.extend(compiler.problems)
    if problems:
        raise ConfigError(problems)
    aliases = {alias: code for code, p in procedures.items() for alias in p.mapping.aliases}
    return Catalogue(codes, services, procedures, aliases, _offers(services))


def load_attributes(folder: Path) -> dict[str, frozenset[str]]:
    """Evidence type -> attribute names, from the JSON Schemas."""
    found: dict[str, frozenset[str]] = {}
    for path in sorted(folder.glob("*.schema.json")):
        schema = json.loads(path.read_text("utf-8"))
        found[path.name.removesuffix(".schema.json")] = frozenset(schema.get("properties", {}))
    return found


def _unknown_attributes(
    services: Mapping[str, Mapping[str, ServicePlan]], attributes: Mapping[str, frozenset[str]]
) -> list[Problem]:
    problems = []
    for source, plans in services.items():
        for plan in plans.values():
            unknown = sorted(plan.attributes - attributes.get(plan.evidence, frozenset()))
            if unknown:
                what = f"service '{plan.operation}' gives {', '.join(unknown)}, unknown to '{plan.evidence}'"
                remedy = f"declare them in schemas/evidence/{plan.evidence}.schema.json"
                problems.append(Problem(f"mappings/sources/{source}.yaml", 0, what, remedy))
    return problems


def _documents(
    folder: Path, root: Path, problems: list[Problem]
) -> dict[str, tuple[ProcedureMapping, Document]]:
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            document = read(path, root)
            mapping = document.read_as(ProcedureMapping)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        if mapping.procedure != path.stem:
            what = f"procedure is '{mapping.procedure}' but the file is called '{path.stem}'"
            problems.append(document.problem(("procedure",), what, f"write 'procedure: \"{path.stem}\"'"))
        found[path.stem] = (mapping, document)
    return found


def _groups(folder: Path, root: Path, problems: list[Problem]) -> dict[str, FieldGroup]:
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            group = read(path, root).read_as(FieldGroup)
            found[group.group] = group
        except ConfigError as error:
            problems.extend(error.problems)
    return found


def _form(path: Path, document: Document, problems: list[Problem]) -> Mapping[str, object]:
    try:
        form = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        what = f"there is no readable form schema schemas/forms/{path.name}"
        problems.append(document.problem(("procedure",), what, "add the JSON Schema of the e-form"))
        return {}
    return form if isinstance(form, dict) else {}


def _offers(services: Mapping[str, Mapping[str, ServicePlan]]) -> dict[str, tuple[ServicePlan, ...]]:
    offers: dict[str, list[ServicePlan]] = {}
    for plans in services.values():
        for plan in plans.values():
            offers.setdefault(plan.evidence, []).append(plan)
    return {evidence: tuple(plans) for evidence, plans in offers.items()}

"""Loads everything that is mapped: codes, source mappings, evidence schemas, procedures, forms.

The gateway refuses to start when anything here does not fit together; every problem names file and line.
"""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jsonschema_rs

from gateway.domain.errors import ConfigError, Problem
from gateway.domain.identifiers import procedure_code
from gateway.mapping.codes import Codes, load_codes
from gateway.mapping.fits import mended, placed, procedure_faults, source_faults
from gateway.mapping.model import FieldGroup, ProcedureMapping
from gateway.mapping.procedure import Compiler, Procedure
from gateway.mapping.source import ServicePlan, load_sources
from gateway.strict_yaml import Document, misnamed, read


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
    for room in ("codes", "sources", "groups", "procedures"):
        problems += misnamed(root / "mappings" / room, root)
    codes = load_codes(root / "mappings" / "codes")
    try:
        services = load_sources(root / "mappings" / "sources", codes)
    except ConfigError as error:
        problems += [placed(problem, root) for problem in error.problems]
        services = {}
    evidence = _evidence(root / "schemas" / "evidence", problems)
    attributes = {name: frozenset(properties) for name, properties in evidence.items()}
    problems += source_faults(services, evidence, codes, root)
    mappings = _documents(root / "mappings" / "procedures", root, problems)
    groups = _groups(root / "mappings" / "groups", root, problems)
    good = mended(groups, codes, Compiler(mappings, {}, codes, attributes), problems)
    compiler = Compiler(mappings, good, codes, attributes)
    procedures = {}
    for code, (_, document) in mappings.items():
        form = _form(root / "schemas" / "forms" / f"{code}.schema.json", document, problems)
        procedures[code] = compiler.compile(code, form)
        problems += procedure_faults(procedures[code], document, groups, codes, evidence)
    problems.extend(compiler.problems)
    if problems:
        raise ConfigError(problems)
    aliases = {alias: code for code, p in procedures.items() for alias in p.mapping.aliases}
    return Catalogue(codes, services, procedures, aliases, _offers(services))


def _evidence(folder: Path, problems: list[Problem]) -> dict[str, Mapping[str, object]]:
    found: dict[str, Mapping[str, object]] = {}
    for path in sorted(folder.glob("*.schema.json")):
        schema = _json(path, problems) or {}
        properties = schema.get("properties")
        found[path.name.removesuffix(".schema.json")] = properties if isinstance(properties, dict) else {}
    return found


def _json(path: Path, problems: list[Problem]) -> Mapping[str, object] | None:
    """A JSON Schema; a problem and None when the file is none. OSError when it cannot be read."""
    line, what = 0, "is not a JSON Schema"
    try:
        schema = json.loads(path.read_text("utf-8"))
        if isinstance(schema, dict) and jsonschema_rs.meta.is_valid(schema):
            return schema
    except json.JSONDecodeError as error:
        line, what = error.lineno, f"is not JSON: {error.msg}"
    except (UnicodeDecodeError, RecursionError):
        what = "is not JSON in UTF-8"
    name = f"schemas/{path.parent.name}/{path.name}"
    problems.append(Problem(name, line, what, "mend the file: JSON Schema 2020-12 in UTF-8"))
    return None


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


def _groups(folder: Path, root: Path, problems: list[Problem]) -> dict[str, tuple[FieldGroup, Document]]:
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            document = read(path, root)
            group = document.read_as(FieldGroup)
            found[group.group] = (group, document)
        except ConfigError as error:
            problems.extend(error.problems)
    return found


def _form(path: Path, document: Document, problems: list[Problem]) -> Mapping[str, object]:
    try:
        return _json(path, problems) or {}
    except OSError:
        what = f"there is no readable form schema schemas/forms/{path.name}"
        problems.append(document.problem(("procedure",), what, "add the JSON Schema of the e-form"))
        return {}


def _offers(services: Mapping[str, Mapping[str, ServicePlan]]) -> dict[str, tuple[ServicePlan, ...]]:
    offers: dict[str, list[ServicePlan]] = {}
    for plans in services.values():
        for plan in plans.values():
            offers.setdefault(plan.evidence, []).append(plan)
    return {evidence: tuple(plans) for evidence, plans in offers.items()}

"""Loads all mappings: codes, sources, evidence schemas, procedures, forms.

The gateway does not start when they do not fit together; every problem names file and line.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gateway.config.strict_yaml import Document, Loc, misnamed, read
from gateway.domain.faults import Faults, near
from gateway.domain.identifiers import procedure_code
from gateway.mapping.codes import Codes, survey_codes
from gateway.mapping.compiler import Compiler
from gateway.mapping.evidence_words import evidence_faults
from gateway.mapping.fits import Evidence, mended, procedure_faults
from gateway.mapping.forms import form_faults
from gateway.mapping.identifiers import IdentifierKind, IdentifierKinds, kind_faults
from gateway.mapping.logins import LoginMapping, LoginPlan, login_faults
from gateway.mapping.message_faults import message_faults
from gateway.mapping.messages import PortalPlans
from gateway.mapping.model import FieldGroup, ProcedureMapping
from gateway.mapping.portal_model import PortalMapping
from gateway.mapping.procedure import DECLARED, Procedure, refs_of_predicate
from gateway.mapping.question_model import QuestionMapping
from gateway.mapping.questions import Question, compiled
from gateway.mapping.representation import RepresentationMapping, representation_faults
from gateway.mapping.schema_files import SchemaFile, survey_schemas
from gateway.mapping.source import ServicePlan
from gateway.mapping.sources import survey_sources
from gateway.mapping.strict import Strict
from gateway.mapping.transforms import upper_ascii

_NEAR = 5
_BETWEEN = re.compile(r"[\W_]+")

_StrictModel = TypeVar("_StrictModel", bound=Strict)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All mappings, compiled."""

    codes: Codes
    #: source -> operation -> plan
    services: Mapping[str, Mapping[str, ServicePlan]]
    procedures: Mapping[str, Procedure]
    #: alias of a procedure -> its code
    aliases: Mapping[str, str]
    #: evidence type -> services that give it, in the order of preference
    offers: Mapping[str, tuple[ServicePlan, ...]]
    #: name of a predicate that may be asked -> its question
    questions: Mapping[str, Question]
    #: attribute of own data -> its JSON Schema
    declared: Mapping[str, Mapping[str, object]]
    #: kind of representation -> how it is proven
    representations: Mapping[str, RepresentationMapping]
    #: portal mapping -> its messages, both ways
    portals: Mapping[str, PortalPlans]
    #: login mapping -> how claims become an account
    logins: Mapping[str, LoginPlan]
    #: kinds of identifiers beside those of Việt Nam
    identifiers: IdentifierKinds

    def find(self, code: str) -> Procedure | None:
        """The procedure of a code, with or without a unit suffix; None when there is none."""
        national = procedure_code(code)
        return self.procedures.get(national) or self.procedures.get(self.aliases.get(national, ""))

    def near(self, code: str) -> list[str]:
        """Codes similar to `code`, or of procedures with this name; best first."""
        codes = difflib.get_close_matches(procedure_code(code), list(self.procedures), 3, 0.5)
        wanted = _plain_words(code)
        called = [c for c, one in self.procedures.items() if wanted and wanted <= _plain_words(_names(one))]
        return list(dict.fromkeys((*codes, *called)))[:_NEAR]

    def rests(self) -> dict[str, dict[str, set[str]]]:
        """Predicate -> data service -> the attributes by which it may be answered."""
        found: dict[str, dict[str, set[str]]] = {}
        for name, question in self.questions.items():
            of = found[name] = {}
            for word in refs_of_predicate(question.about(question.sample)):
                kind, _, attribute = word.partition(".")
                for plan in self.offers.get(kind, ()):
                    if attribute in plan.attributes:
                        of.setdefault(plan.name, set()).add(attribute)
        return found


def _names(procedure: Procedure) -> str:
    one = procedure.mapping
    return f"{one.name} {one.title.vi} {one.title.en}"


def _plain_words(text: str) -> frozenset[str]:
    """The words of a text without diacritics, in one case."""
    words = (upper_ascii(word) for word in _BETWEEN.split(text))
    return frozenset(word for word in words if word and word.isalpha())


def load_catalogue(root: Path) -> Catalogue:
    """Read `mappings/` and `schemas/` below `root`. Raises ConfigError with every problem."""
    faults = Faults()
    catalogue = survey_catalogue(root, faults)
    faults.finish()
    return catalogue


def survey_catalogue(root: Path, faults: Faults) -> Catalogue:
    """Every readable part of `mappings/` and `schemas/`; faults go to `faults`."""
    rooms = root / "mappings"
    for room in (
        "codes",
        "sources",
        "groups",
        "procedures",
        "predicates",
        "representations",
        "portals",
        "logins",
    ):
        faults.add(misnamed(rooms / room, root))
    codes = survey_codes(rooms / "codes", faults)
    schemas = survey_schemas(root / "schemas" / "evidence", root, faults)
    evidence = {name: file.properties for name, file in schemas.items()}
    faults.add(one for file in schemas.values() for one in evidence_faults(file))
    for folder in sorted((root / "schemas" / "sources").glob("*/")):
        survey_schemas(folder, root, faults)
    identifiers = _identifiers(root / "schemas" / "identifiers", root, faults)
    services = survey_sources(rooms / "sources", codes, evidence, identifiers, faults)
    mappings = _written(rooms / "procedures", root, ProcedureMapping, "procedure", faults)
    groups = _written(rooms / "groups", root, FieldGroup, "group", faults)
    attributes = {name: frozenset(properties) for name, properties in evidence.items()}
    objects = {name: _object(file) for name, file in schemas.items()}
    good = mended(groups, Compiler(mappings, {}, codes, attributes, objects, faults), faults)
    compiler = Compiler(mappings, good, codes, attributes, objects, faults)
    forms = survey_schemas(root / "schemas" / "forms", root, faults)
    procedures = {}
    for code, (_, document) in mappings.items():
        form = forms.get(code)
        procedure = compiler.compile(code, {} if form is None else form.schema)
        if procedure is not None:
            procedures[code] = procedure
            faults.add(procedure_faults(procedure, document, groups, codes, evidence))
        if form is not None:
            faults.add(form.document.problem(*fault) for fault in form_faults(code, form, codes, procedure))
        elif not (root / "schemas" / "forms" / f"{code}.schema.json").is_file():
            what = f"there is no readable form schema schemas/forms/{code}.schema.json"
            faults.add([document.problem(("procedure",), what, "add the JSON Schema of the e-form")])
    aliases = _aliases(mappings, faults)
    asked = _written(rooms / "predicates", root, QuestionMapping, "predicate", faults)
    questions = compiled(asked, codes.lists, evidence, faults)
    representations = _representations(rooms / "representations", root, evidence, faults)
    for mapping, document in mappings.values():
        faults.add(document.problem(*fault) for fault in _represented_faults(mapping, representations))
    own = evidence.get(DECLARED, {}).items()
    declared = {name: schema for name, schema in own if isinstance(schema, Mapping)}
    portals = _portals(rooms / "portals", root, codes, faults)
    logins = _logins(rooms / "logins", root, codes, faults)
    return Catalogue(
        codes,
        services,
        procedures,
        aliases,
        _offers(services),
        questions,
        declared,
        representations,
        portals,
        logins,
        identifiers,
    )


def _identifiers(folder: Path, root: Path, faults: Faults) -> dict[str, IdentifierKind]:
    """Kind of identifier -> how it is written, of those without a fault."""
    faults.add(misnamed(folder, root))
    found = {}
    for name, (kind, document) in _written(folder, root, IdentifierKind, "identifier", faults).items():
        said = list(kind_faults(kind))
        faults.add(document.problem(*fault) for fault in said)
        if said:
            faults.unread.add(document.name)
        else:
            found[name] = kind
    return found


def _portals(folder: Path, root: Path, codes: Codes, faults: Faults) -> dict[str, PortalPlans]:
    """Portal -> its messages, of those without a fault."""
    found = {}
    for name, (mapping, document) in _written(folder, root, PortalMapping, "portal", faults).items():
        found_faults = list(message_faults(mapping, codes))
        faults.add(document.problem(*fault) for fault in found_faults)
        if found_faults:
            faults.unread.add(document.name)
        else:
            found[name] = PortalPlans(mapping, codes.lists)
    return found


def _logins(folder: Path, root: Path, codes: Codes, faults: Faults) -> dict[str, LoginPlan]:
    """Login mapping -> how claims become an account, of those without a fault."""
    found = {}
    for name, (mapping, document) in _written(folder, root, LoginMapping, "login", faults).items():
        found_faults = list(login_faults(mapping, codes))
        faults.add(document.problem(*fault) for fault in found_faults)
        if found_faults:
            faults.unread.add(document.name)
        else:
            found[name] = LoginPlan(mapping, codes)
    return found


def _representations(
    folder: Path, root: Path, evidence: Evidence, faults: Faults
) -> dict[str, RepresentationMapping]:
    """Kind -> how it is proven, of those without a fault."""
    found = {}
    written = _written(folder, root, RepresentationMapping, "representation", faults)
    for kind, (rule, document) in written.items():
        found_faults = list(representation_faults(rule, evidence))
        faults.add(document.problem(*fault) for fault in found_faults)
        if found_faults:
            faults.unread.add(document.name)
        else:
            found[kind] = rule
    return found


def _represented_faults(
    mapping: ProcedureMapping, known: Mapping[str, RepresentationMapping]
) -> Iterator[tuple[Loc, str, str]]:
    """Unknown kinds of representation."""
    for index, kind in enumerate(mapping.represented_by or ()):
        if kind not in known:
            what = f"there is no representation '{kind}'"
            remedy = near(kind, known, f"add mappings/representations/{kind}.yaml")
            yield ("represented_by", index), what, remedy


def _object(file: SchemaFile) -> Mapping[str, tuple[str, ...]]:
    """Prefix of attributes about an object -> attributes that identify the object (`x-object`)."""
    named = file.schema.get("x-object")
    return {start: tuple(keys) for start, keys in named.items()} if isinstance(named, Mapping) else {}


def _aliases(mappings: Mapping[str, tuple[ProcedureMapping, Document]], faults: Faults) -> Mapping[str, str]:
    """Alias -> code; one alias has one procedure."""
    found: dict[str, str] = {}
    for code, (mapping, document) in mappings.items():
        for index, alias in enumerate(mapping.aliases):
            other = alias if alias in mappings else found.get(alias)
            if other is not None:
                what = f"the other code '{alias}' is that of the procedure {other}"
                faults.add([document.problem(("aliases", index), what, "take it out here or there")])
            found.setdefault(alias, code)
    return found


def _written(
    folder: Path, root: Path, model: type[_StrictModel], key: str, faults: Faults
) -> dict[str, tuple[_StrictModel, Document]]:
    """The files of a folder by name; each file must repeat its name under `key`."""
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        with faults.noted(str(path.relative_to(root))):
            document = read(path, root)
            item = document.read_as(model)
            found[path.stem] = (item, document)
            if (name := getattr(item, key)) != path.stem:
                what = f"'{key}' is '{name}' but the file is called '{path.stem}'"
                faults.add([document.problem((key,), what, f"write '{key}: \"{path.stem}\"'")])
    return found


def _offers(services: Mapping[str, Mapping[str, ServicePlan]]) -> dict[str, tuple[ServicePlan, ...]]:
    offers: dict[str, list[ServicePlan]] = {}
    for plans in services.values():
        for plan in plans.values():
            offers.setdefault(plan.evidence, []).append(plan)
    return {evidence: tuple(plans) for evidence, plans in offers.items()}

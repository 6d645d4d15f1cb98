"""Checks what procedures need from the configuration: purposes, and granted evidence."""

from collections.abc import Iterator

from gateway.checks.conditions import purpose_bounds
from gateway.config.configuration import Configuration
from gateway.config.strict_yaml import Document, Loc, read
from gateway.domain.errors import Problem
from gateway.domain.faults import near
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import ACCOUNT, Procedure, Ref
from gateway.policy.conditions import ALL


def procedure_faults(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    """Faults of `mappings/procedures` that only the configuration shows."""
    folder = configuration.root.name
    yield from purpose_bounds(
        configuration, {code: one.purpose for code, one in catalogue.procedures.items()}
    )
    for name, question in catalogue.questions.items():
        if (purpose := question.mapping.purpose) not in configuration.purposes:
            document = _document(configuration, f"mappings/predicates/{name}.yaml")
            remedy = near(purpose, configuration.purposes, "add it to purposes.yaml")
            what = f"there is no purpose '{purpose}'"
            yield document.problem(("purpose",), what, remedy, f"{folder}/purposes.yaml")
    for code, procedure in catalogue.procedures.items():
        document = _document(configuration, f"mappings/procedures/{code}.yaml")
        if procedure.purpose not in configuration.purposes:
            what = f"there is no purpose '{procedure.purpose}'"
            remedy = near(procedure.purpose, configuration.purposes, "add it to purposes.yaml")
            yield document.problem(("purpose",), what, remedy, f"{folder}/purposes.yaml")
        elif not {code, ALL} & {*configuration.purposes[procedure.purpose].procedures}:
            what = f"the purpose '{procedure.purpose}' is bound to other procedures than {code}"
            remedy = f"add {code} to its 'procedures' in purposes.yaml"
            yield document.problem(("purpose",), what, remedy, f"{folder}/purposes.yaml")
        refused = {
            ref: loc for loc, ref in _refs(procedure) if not _granted(configuration, catalogue, code, ref)
        }
        for ref, loc in refused.items():
            what = f"the form wants {ref}, which no agreement grants for {code}"
            remedy = "agree it in config/agreements, or take it out of the mapping"
            yield document.problem(loc, what, remedy, f"{folder}/agreements/", "mappings/sources/")


def _document(configuration: Configuration, file: str) -> Document:
    """The file of a mapping; without lines where the mappings are not beside the configuration."""
    root = configuration.root.parent
    return read(root / file, root) if (root / file).is_file() else Document(root / file, file, None, {})


def _refs(procedure: Procedure) -> Iterator[tuple[Loc, Ref]]:
    """The references of fields, once each, at the last field that reads it (own fields come last)."""
    own = procedure.mapping
    for field in procedure.fields:
        loc: Loc = ("fields", field.key) if field.key in own.fields else ("use",) if own.use else ("include",)
        yield from (
            (loc, Ref("", ref.evidence, ref.attribute)) for ref in field.refs if ref.evidence != ACCOUNT
        )


def _granted(configuration: Configuration, catalogue: Catalogue, code: str, ref: Ref) -> bool:
    able = [s.name for s in catalogue.offers.get(ref.evidence, ()) if ref.attribute in s.attributes]
    for agreement in configuration.agreements.values():
        if code not in agreement.procedures and ALL not in agreement.procedures:
            continue
        for service in able:
            agreed = agreement.services.get(service)
            if agreed is not None and (ref.attribute in agreed.attributes or ALL in agreed.attributes):
                return True
    return False

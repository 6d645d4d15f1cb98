"""Configuration against mappings: what one file says and another does not know.

Problems stop the start; notes only say what can never happen (a field nobody may fill, a grant nobody needs).
"""

from collections.abc import Iterator

from gateway.config import Agreement, Configuration
from gateway.domain.errors import Problem
from gateway.mapping.load import Catalogue
from gateway.mapping.model import Proof
from gateway.mapping.procedure import refs_of_predicate
from gateway.strict_yaml import Document

_ANY = "*"


def problems(configuration: Configuration, catalogue: Catalogue) -> list[Problem]:
    """References that lead nowhere; each names file, line and remedy."""
    return [
        *_requesters(configuration),
        *_agreements(configuration, catalogue),
        *_scopes(configuration, catalogue),
        *_services(configuration, catalogue),
    ]


def notes(configuration: Configuration, catalogue: Catalogue) -> list[str]:
    """What an agreement grants but no procedure needs, and what a field can never get."""
    needed = _needed(catalogue)
    granted = _granted(configuration, catalogue)
    out = [
        f"agreement {name}: no procedure needs {service} {attribute}"
        for name, service, attribute in _grants(configuration, catalogue)
        if (service, attribute) not in needed
    ]
    for code, procedure in sorted(catalogue.procedures.items()):
        for field in procedure.fields:
            services = [
                (plan.name, ref.attribute)
                for ref in field.refs
                for plan in catalogue.offers.get(ref.evidence, ())
            ]
            open_to_all = any(name.startswith("account.") for name, _ in services)
            if field.refs and not open_to_all and not granted.intersection(services):
                out.append(f"procedure {code}: no agreement lets any requester fill '{field.key}'")
    return out


def _document(configuration: Configuration, name: str) -> Document:
    return configuration.documents[name]


def _requesters(configuration: Configuration) -> Iterator[Problem]:
    for name, item in configuration.requesters.items():
        document = _document(configuration, f"requesters/{name}.yaml")
        if item.agency not in configuration.agencies:
            what = f"agency '{item.agency}' is not in agencies.yaml"
            yield document.problem(("agency",), what, "add the agency or correct the code")
        for agreement in item.agreements:
            if agreement not in configuration.agreements:
                what = f"there is no agreement '{agreement}'"
                yield document.problem(("agreements",), what, f"add agreements/{agreement}.yaml")


def _agreements(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    for name, item in configuration.agreements.items():
        document = _document(configuration, f"agreements/{name}.yaml")
        for purpose in item.purposes:
            if purpose not in {*configuration.purposes, _ANY}:
                yield document.problem(
                    ("purposes",), f"there is no purpose '{purpose}'", "add it to purposes.yaml"
                )
        for code in item.procedures:
            if code != _ANY and catalogue.find(code) is None:
                what = f"there is no procedure '{code}'"
                yield document.problem(
                    ("procedures",), what, f"near: {', '.join(catalogue.near(code)) or 'none'}"
                )
        for service, agreed in item.services.items():
            place = ("services", service)
            yield from _attributes(document, place, service, agreed.attributes, catalogue)


def _scopes(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    document = _document(configuration, "published_scopes.yaml")
    for index, scope in enumerate(configuration.scopes):
        yield from _attributes(document, ("scopes", index), scope.service, scope.attributes, catalogue)


def _services(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    for name, item in configuration.sources.items():
        known = catalogue.services.get(name, {})
        for service in item.services:
            if service not in known:
                document = _document(configuration, f"sources/{name}.yaml")
                what = f"data service '{service}' has no mapping"
                yield document.problem(("services", service), what, f"add it to mappings/sources/{name}.yaml")


def _attributes(
    document: Document,
    place: tuple[str | int, ...],
    service: str,
    attributes: tuple[str, ...],
    catalogue: Catalogue,
) -> Iterator[Problem]:
    source, _, operation = service.partition(".")
    plan = catalogue.services.get(source, {}).get(operation)
    if plan is None:
        yield document.problem(place, f"there is no data service '{service}'", "see mappings/sources")
        return
    for attribute in attributes:
        if attribute != _ANY and attribute not in plan.attributes:
            what = f"'{service}' does not give '{attribute}'"
            yield document.problem((*place, "attributes"), what, f"see mappings/sources/{source}.yaml")


def _needed(catalogue: Catalogue) -> set[tuple[str, str]]:
    wanted: set[tuple[str, str]] = set()
    for procedure in catalogue.procedures.values():
        wanted.update((ref.evidence, ref.attribute) for field in procedure.fields for ref in field.refs)
        wanted.update(
            _split(word) for item in procedure.predicates.values() for word in refs_of_predicate(item)
        )
        for paper in procedure.papers.values():
            if paper.replaced_by is not None:
                wanted.update(map(_split, _proof(paper.replaced_by)))
        for role in procedure.roles.values():
            if role.found_in is not None:
                evidence, prefix = _split(role.found_in)
                wanted.update((evidence, f"{prefix}.{name}") for name in ("personal_id", "full_name"))
    return {(plan.name, name) for evidence, name in wanted for plan in catalogue.offers.get(evidence, ())}


def _proof(proof: Proof) -> Iterator[str]:
    for child in (*(proof.all_of or ()), *(proof.any_of or ())):
        yield from _proof(child)
    yield from proof.has or ()
    if proof.issued is not None:
        yield "issued_paper.papers"


def _split(word: str) -> tuple[str, str]:
    evidence, _, attribute = word.rpartition(":")[2].partition(".")
    return evidence, attribute


def _grants(configuration: Configuration, catalogue: Catalogue) -> Iterator[tuple[str, str, str]]:
    for name, item in configuration.agreements.items():
        yield from ((name, service, attribute) for service, attribute in _of(item, catalogue, stars=False))


def _granted(configuration: Configuration, catalogue: Catalogue) -> set[tuple[str, str]]:
    return {pair for item in configuration.agreements.values() for pair in _of(item, catalogue, stars=True)}


def _of(item: Agreement, catalogue: Catalogue, *, stars: bool) -> Iterator[tuple[str, str]]:
    for service, agreed in item.services.items():
        source, _, operation = service.partition(".")
        plan = catalogue.services.get(source, {}).get(operation)
        for attribute in agreed.attributes:
            if attribute != _ANY:
                yield service, attribute
            elif stars and plan is not None:
                yield from ((service, name) for name in plan.attributes)

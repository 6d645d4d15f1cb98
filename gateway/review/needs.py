"""What a procedure needs: every attribute that may fill or decide its fields, conditions, papers and roles."""

from gateway.mapping.load import Catalogue
from gateway.mapping.plan import number_beside
from gateway.mapping.procedure import KEPT_PAPERS, Procedure, evidence_of, leaves, refs_of_predicate

#: asked by `GET /v1/catalogues`, about nobody
CATALOGUES = "catalogues.Category"
#: (data service, attribute)
Pair = tuple[str, str]


def needed(procedure: Procedure) -> dict[tuple[str, str], None]:
    """(evidence type, attribute), in the order of the mapping."""
    wanted = {(ref.evidence, ref.attribute): None for field in procedure.fields for ref in field.refs}
    for item in procedure.predicates.values():
        wanted.update(dict.fromkeys(_split(word) for word in refs_of_predicate(item)))
    for paper in procedure.papers.values():
        if paper.replaced_by is not None:
            words = (word for leaf in leaves(paper.replaced_by) for word in evidence_of(leaf))
            wanted.update(dict.fromkeys(map(_split, words)))
    for role in procedure.roles.values():
        if role.found_in is not None:
            evidence, prefix = _split(role.found_in)
            wanted.update(
                dict.fromkeys((evidence, f"{prefix}.{name}") for name in ("personal_id", "full_name"))
            )
    return wanted


def offered(catalogue: Catalogue, evidence: str, attribute: str) -> list[str]:
    """The data services that give an attribute."""
    return [one.name for one in catalogue.offers.get(evidence, ()) if attribute in one.attributes]


def pairs(catalogue: Catalogue, procedure: Procedure) -> set[Pair]:
    """Data services and attributes that may fill or decide a procedure, or name in the record whose data those are."""
    return {
        (service, name)
        for evidence, attribute in needed(procedure)
        for service in offered(catalogue, evidence, attribute)
        for name in (attribute, number_beside(attribute))
        if name == attribute or service in offered(catalogue, evidence, name)
    }


def used_sources(catalogue: Catalogue) -> set[str]:
    """Sources that a procedure, a predicate, a representation, kept papers or the reading of catalogues asks."""
    asked = {KEPT_PAPERS, *(pair for one in catalogue.procedures.values() for pair in pairs(catalogue, one))}
    services = {CATALOGUES, *(service for service, _ in asked)}
    services.update(service for rests in catalogue.rests().values() for service in rests)
    wanted = [wants for rule in catalogue.representations.values() for wants in rule.wants().values()]
    services.update(
        service
        for wants in wanted
        for evidence, attributes in wants.items()
        for attribute in attributes
        for service in offered(catalogue, evidence, attribute)
    )
    return {service.partition(".")[0] for service in services}


def _split(word: str) -> tuple[str, str]:
    evidence, _, attribute = word.rpartition(":")[2].partition(".")
    return evidence, attribute

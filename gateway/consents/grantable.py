"""What a consent may name: what agreements of its requester could grant for its purpose, and nothing else.

A consent to keep own data, or papers, names these only, of those that `config/consents.yaml` lets be kept.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from gateway.config.agreement import Agreement
from gateway.config.configuration import Configuration
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import KEPT_PAPERS
from gateway.policy.conditions import ALL

#: the only purposes under which own data, and papers, are kept
KEEPING, KEEPING_PAPERS = "keep_own_data", "keep_papers"
#: the data service that such a consent names
KEPT = "own_data.kept"
#: the attribute that stands for papers; every other one is a value
PAPERS = KEPT_PAPERS[1]
_Names = frozenset[str]


def grantable(
    configuration: Configuration, catalogue: Catalogue, requester: str, purpose: str, day: date
) -> Mapping[str, _Names]:
    """Data service -> attributes, by agreements that are in force on this day or later."""
    settings = configuration.requesters.get(requester)
    names = settings.agreements if settings is not None else ()
    ours = [configuration.agreements[name] for name in names if name in configuration.agreements]
    found: dict[str, _Names] = {}
    for agreement in ours:
        if agreement.valid_until is None or agreement.valid_until >= day.isoformat():
            for service, attributes in _of(agreement, catalogue, purpose):
                found[service] = found.get(service, frozenset()) | attributes
    if purpose not in (KEEPING, KEEPING_PAPERS):
        return found
    keepable = found.get(KEPT, frozenset()) & configuration.consents.keep.keys()
    return {KEPT: keepable & {PAPERS} if purpose == KEEPING_PAPERS else keepable - {PAPERS}}


def _of(agreement: Agreement, catalogue: Catalogue, purpose: str) -> Iterator[tuple[str, _Names]]:
    if purpose not in (KEEPING, KEEPING_PAPERS) and not {purpose, ALL} & set(agreement.purposes):
        return
    for service, agreed in agreement.services.items():
        source, _, operation = service.partition(".")
        plan = catalogue.services.get(source, {}).get(operation)
        every = plan.attributes if plan is not None and ALL in agreed.attributes else ()
        yield service, frozenset((*agreed.attributes, *every))
    rests = catalogue.rests()
    for word in agreement.predicates:
        yield from ((one, frozenset(names)) for one, names in rests.get(word.partition(":")[0], {}).items())

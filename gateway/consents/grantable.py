"""What a consent may name: what agreements of its requester could grant for its purpose, and nothing else.

A consent to keep own data names own data only, of those that `config/consents.yaml` lets be kept.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from gateway.config.agreement import Agreement
from gateway.config.configuration import Configuration
from gateway.mapping.load import Catalogue
from gateway.policy.conditions import ALL

#: the only purpose under which own data are kept
KEEPING = "keep_own_data"
#: the data service that such a consent names
KEPT = "own_data.kept"
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
    if purpose != KEEPING:
        return found
    return {KEPT: found.get(KEPT, frozenset()) & configuration.consents.keep.keys()}


def _of(agreement: Agreement, catalogue: Catalogue, purpose: str) -> Iterator[tuple[str, _Names]]:
    if purpose != KEEPING and not {purpose, ALL} & set(agreement.purposes):
        return
    for service, agreed in agreement.services.items():
        source, _, operation = service.partition(".")
        plan = catalogue.services.get(source, {}).get(operation)
        every = plan.attributes if plan is not None and ALL in agreed.attributes else ()
        yield service, frozenset((*agreed.attributes, *every))
    rests = catalogue.rests()
    for word in agreement.predicates:
        yield from ((one, frozenset(names)) for one, names in rests.get(word.partition(":")[0], {}).items())

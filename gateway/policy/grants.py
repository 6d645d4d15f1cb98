"""A grant: data services and their attributes, with the agreements and the legal basis.

A grant is the union of its agreements; an agreement by consent grants only what the consent names as well.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from gateway.config.agreement import Agreement
from gateway.domain.access import ValidConsent
from gateway.domain.evidence import Withheld, not_agreed
from gateway.domain.reasons import Reason
from gateway.policy.conditions import ALL, asks_consent
from gateway.policy.rates import Limit

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ServiceGrant:
    """What one requester may see of one data service, and under which agreement."""

    attributes: frozenset[str]
    agreement: str
    legal_basis: str


@dataclass(frozen=True, slots=True)
class Grant:
    """The grant for one requester, procedure and purpose on one day."""

    requester: str
    procedure: str
    purpose: str
    day: date
    legal_basis: str
    services: Mapping[str, ServiceGrant]
    #: ids of all rules that were checked and allowed it
    rules: tuple[str, ...]
    limits: tuple[Limit, ...] = ()
    #: the part that rests on a consent: it differs from person to person
    consented: frozenset[tuple[str, str]] = frozenset()
    #: agreements that would grant as well, with the spent quota of each
    spent: tuple[tuple[str, Agreement], ...] = ()
    #: whether all its agreements let data found without a number cut papers
    cuts_without_number: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for grants of the same attributes, whatever their legal basis."""
        spent = tuple([rule for rule, _ in self.spent]) if self.spent else ()
        return (self.requester, self.purpose, self.day, self.rules, self.consented, spent)

    def allows(self, service: str, attribute: str) -> bool:
        """Whether the attribute of the data service may be asked and shown."""
        granted = self.services.get(service)
        return granted is not None and (attribute in granted.attributes or ALL in granted.attributes)

    def withholds(self, service: str, attribute: str) -> Withheld:
        """Why an attribute is not allowed."""
        for rule, agreement in self.spent:
            if gives(agreement, service, attribute):
                return Withheld(Reason.QUOTA_EXCEEDED, rule)
        return not_agreed(service, attribute)

    def rule(self, service: str) -> str:
        """The id of the rule that grants a data service; empty when none does."""
        granted = self.services.get(service)
        return f"agreement:{granted.agreement}" if granted is not None else ""


def gives(agreement: Agreement, service: str, attribute: str) -> bool:
    """Whether it agrees on the attribute of the data service, whatever its conditions."""
    agreed = agreement.services.get(service)
    return agreed is not None and (attribute in agreed.attributes or ALL in agreed.attributes)


def covers(services: Mapping[str, ServiceGrant], others: Mapping[str, ServiceGrant]) -> bool:
    """Whether the others grant nothing beyond these."""
    return all(
        name in services and (ALL in services[name].attributes or one.attributes <= services[name].attributes)
        for name, one in others.items()
    )


def granted(agreements: Iterable[Agreement], consent: ValidConsent | None) -> dict[str, ServiceGrant]:
    """Data service -> what these agreements grant of it together."""
    services: dict[str, ServiceGrant] = {}
    for agreement in agreements:
        asks = asks_consent(agreement)
        legal_basis = f"consent:{consent.id}" if asks and consent is not None else agreement.legal_basis
        for service, agreed in agreement.services.items():
            before = services.get(service)
            given = (
                _both(frozenset(agreed.attributes), service, consent)
                if asks
                else frozenset(agreed.attributes)
            )
            attributes = given | (before.attributes if before else _NOTHING)
            # the first agreement names itself and its legal basis, also for attributes of a later one
            first = before or ServiceGrant(attributes, agreement.agreement, legal_basis)
            services[service] = ServiceGrant(attributes, first.agreement, first.legal_basis)
    return services


def _both(agreed: frozenset[str], service: str, consent: ValidConsent | None) -> frozenset[str]:
    """Attributes both agreed and consented to. A consent has no wildcard."""
    named = consent.attributes.get(service, _NOTHING) - {ALL} if consent is not None else _NOTHING
    return named if ALL in agreed else agreed & named

"""What a decision gives: data services and their attributes, under which agreements and on which ground.

A grant is the union of what its agreements agree; under an agreement of consent, only what the consent names as well.
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
    """The decision for one requester, procedure and purpose on one day."""

    requester: str
    procedure: str
    purpose: str
    day: date
    legal_basis: str
    services: Mapping[str, ServiceGrant]
    #: ids of everything that was held and allowed
    rules: tuple[str, ...]
    limits: tuple[Limit, ...] = ()
    #: what of a consent it rests on, for it differs from person to person
    consented: frozenset[tuple[str, str]] = frozenset()
    #: agreements that would give as well, and the quota of each that is spent
    spent: tuple[tuple[str, Agreement], ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for grants that give the same, on whatever ground."""
        spent = tuple([rule for rule, _ in self.spent]) if self.spent else ()
        return (self.requester, self.purpose, self.day, self.rules, self.consented, spent)

    def allows(self, service: str, attribute: str) -> bool:
        """Whether the attribute of the data service may be asked and shown."""
        granted = self.services.get(service)
        return granted is not None and (attribute in granted.attributes or ALL in granted.attributes)

    def withholds(self, service: str, attribute: str) -> Withheld:
        """Why something that is not allowed is not."""
        for rule, agreement in self.spent:
            if gives(agreement, service, attribute):
                return Withheld(Reason.QUOTA_EXCEEDED, rule)
        return not_agreed(service, attribute)

    def rule(self, service: str) -> str:
        """The id of the rule that allows what is granted of a data service; empty when nothing is."""
        granted = self.services.get(service)
        return f"agreement:{granted.agreement}" if granted is not None else ""


def gives(agreement: Agreement, service: str, attribute: str) -> bool:
    """Whether it agrees on the attribute of the data service, whatever else it demands."""
    agreed = agreement.services.get(service)
    return agreed is not None and (attribute in agreed.attributes or ALL in agreed.attributes)


def covers(services: Mapping[str, ServiceGrant], others: Mapping[str, ServiceGrant]) -> bool:
    """Whether the others give nothing beyond these."""
    return all(
        name in services and (ALL in services[name].attributes or one.attributes <= services[name].attributes)
        for name, one in others.items()
    )


def granted(agreements: Iterable[Agreement], consent: ValidConsent | None) -> dict[str, ServiceGrant]:
    """Data service -> what these agreements give of it together."""
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
            # the first agreement names itself and its own ground, also for what a later one adds
            first = before or ServiceGrant(attributes, agreement.agreement, legal_basis)
            services[service] = ServiceGrant(attributes, first.agreement, first.legal_basis)
    return services


def _both(agreed: frozenset[str], service: str, consent: ValidConsent | None) -> frozenset[str]:
    """What is agreed and consented to. A consent has no word for all."""
    named = consent.attributes.get(service, _NOTHING) - {ALL} if consent is not None else _NOTHING
    return named if ALL in agreed else agreed & named

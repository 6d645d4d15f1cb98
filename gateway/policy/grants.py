"""Who may ask which attributes, for which purpose: agreements turned into a grant (default deny).

Pure functions over typed rules; every decision names the rules that made it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from gateway.config import Agreement, Configuration
from gateway.domain.errors import Refused
from gateway.domain.evidence import Reason
from gateway.domain.parties import Requester

ALL = "*"


@dataclass(frozen=True, slots=True)
class Granted:
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
    services: Mapping[str, Granted]
    rules: tuple[str, ...]

    def allows(self, service: str, attribute: str) -> bool:
        """Whether the attribute of the data service may be asked and shown."""
        granted = self.services.get(service)
        return granted is not None and (attribute in granted.attributes or ALL in granted.attributes)


class Policy:
    """Decides; the decisions of a day are remembered, for the rules do not change while they are loaded."""

    def __init__(self, configuration: Configuration) -> None:
        """Reads requesters, agreements and purposes; nothing else."""
        self._configuration = configuration
        self._grants: dict[tuple[str, str, str, date], Grant] = {}

    def decide(self, requester: Requester, procedure: str, purpose: str, day: date) -> Grant:
        """The grant, or Refused with the rule that forbids."""
        key = (requester.id, procedure, purpose, day)
        grant = self._grants.get(key)
        if grant is None:
            if len(self._grants) > 20_000:
                self._grants.clear()
            grant = self._grants[key] = self._decide(requester, procedure, purpose, day)
        return grant

    def _decide(self, requester: Requester, procedure: str, purpose: str, day: date) -> Grant:
        if "prefill" not in requester.scopes:
            raise Refused("scope:prefill", "the token lacks the scope 'prefill'")
        declared = self._configuration.purposes.get(purpose)
        if declared is None:
            raise Refused("purpose:unknown", code=Reason.PURPOSE_NOT_ALLOWED)
        settings = self._configuration.requesters.get(requester.id)
        names = settings.agreements if settings else ()
        valid = [
            self._configuration.agreements[name] for name in names if name in self._configuration.agreements
        ]
        ours = [one for one in valid if _covers(one, procedure, purpose, day)]
        if not ours:
            raise _out_of_time(valid, procedure, purpose, day) or Refused(
                "agreement:none",
                "no agreement of this requester covers this procedure and purpose",
                code=Reason.PURPOSE_NOT_ALLOWED,
            )
        rules = tuple(f"agreement:{one.agreement}" for one in ours)
        return Grant(requester.id, procedure, purpose, day, declared.legal_basis, _services(ours), rules)


def _covers(agreement: Agreement, procedure: str, purpose: str, day: date) -> bool:
    return (
        not _is_early(agreement, day)
        and not _is_over(agreement, day)
        and _is_about(agreement, procedure, purpose)
    )


def _is_early(agreement: Agreement, day: date) -> bool:
    return date.fromisoformat(agreement.valid_from) > day


def _is_over(agreement: Agreement, day: date) -> bool:
    return agreement.valid_until is not None and date.fromisoformat(agreement.valid_until) < day


def _is_about(agreement: Agreement, procedure: str, purpose: str) -> bool:
    return _names(agreement.procedures, procedure) and _names(agreement.purposes, purpose)


def _out_of_time(agreements: list[Agreement], procedure: str, purpose: str, day: date) -> Refused | None:
    """The refusal by an agreement that would cover this on another day: the last that was, else one to come."""
    about = [one for one in agreements if _is_about(one, procedure, purpose)]
    for one in about:
        if _is_over(one, day):
            what = f"the agreement {one.agreement} ended on {one.valid_until}"
            return Refused(f"agreement:{one.agreement}", what, code="agreement_over")
    for one in about:
        what = f"the agreement {one.agreement} begins on {one.valid_from}"
        return Refused(f"agreement:{one.agreement}", what, code="agreement_not_yet_valid")
    return None


def _names(words: tuple[str, ...], word: str) -> bool:
    return word in words or ALL in words


def _services(agreements: list[Agreement]) -> dict[str, Granted]:
    services: dict[str, Granted] = {}
    for agreement in agreements:
        for service, agreed in agreement.services.items():
            before = services.get(service)
            attributes = frozenset(agreed.attributes) | (before.attributes if before else frozenset())
            # the first agreement names itself and its own ground, also for what a later one adds
            first = before or Granted(attributes, agreement.agreement, agreement.legal_basis)
            services[service] = Granted(attributes, first.agreement, first.legal_basis)
    return services

"""The minimisation report: what each procedure gets and lacks under each requester's agreements on one day.

Demands of an agreement (a dossier, an official, hours) narrow further; they are named, not held.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date

from gateway.config.agreement import Agreement
from gateway.config.configuration import Configuration
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import ACCOUNT, Procedure
from gateway.policy.conditions import ALL, conditions
from gateway.policy.grants import ServiceGrant, granted
from gateway.review.needs import needed, offered, pairs

_SCOPE = "prefill"


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimisationRow:
    """One procedure of one requester."""

    requester: str
    procedure: str
    purpose: str
    #: those that are about it on this day
    agreements: tuple[str, ...]
    #: rules that must hold as well
    demands: tuple[str, ...]
    #: attributes (`<evidence type>.<attribute>`) that it needs and gets
    gets: tuple[str, ...]
    #: that it needs, and nobody agreed on
    lacks: tuple[str, ...]
    #: form fields that data could fill, and how many of them may be
    fields: int
    filled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """What an agreement gives and none of its own procedures needs."""

    agreement: str
    data_service: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report."""

    rows: tuple[MinimisationRow, ...]
    never_needed: tuple[Surplus, ...]

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "procedures": [asdict(one) for one in self.rows],
            "never_needed": [asdict(one) for one in self.never_needed],
        }


def minimised(configuration: Configuration, catalogue: Catalogue, day: date) -> Report:
    """The report over requesters that may prefill; a procedure that no agreement of theirs names is left out."""
    rows = tuple(_rows(configuration, catalogue, day))
    return Report(rows, tuple(_surplus(configuration, catalogue)))


def _rows(configuration: Configuration, catalogue: Catalogue, day: date) -> Iterator[MinimisationRow]:
    for name, settings in sorted(configuration.requesters.items()):
        held = [
            configuration.agreements[one] for one in settings.agreements if one in configuration.agreements
        ]
        if _SCOPE not in settings.scopes:
            continue
        for code, procedure in sorted(catalogue.procedures.items()):
            ours = [one for one in held if _is_about(one, procedure) and _holds(one, day)]
            if ours:
                yield _row(name, code, procedure, ours, catalogue)


def _row(
    requester: str, code: str, procedure: Procedure, ours: list[Agreement], catalogue: Catalogue
) -> MinimisationRow:
    services = _together(ours)
    gets: list[str] = []
    lacks: list[str] = []
    for evidence, attribute in needed(procedure):
        good = evidence == ACCOUNT or _gives(services, offered(catalogue, evidence, attribute), attribute)
        (gets if good else lacks).append(f"{evidence}.{attribute}")
    held = set(gets)
    filling = [field for field in procedure.fields if field.refs]
    filled = sum(any(str(ref) in held for ref in field.refs) for field in filling)
    demands = tuple(rule for one in ours for rule, _ in conditions(one))
    return MinimisationRow(
        requester=requester, procedure=code, purpose=procedure.purpose,
        agreements=tuple(one.agreement for one in ours), demands=demands, gets=tuple(gets), lacks=tuple(lacks),
        fields=len(filling), filled=filled,
    )  # fmt: skip


def _together(ours: Iterable[Agreement]) -> dict[str, ServiceGrant]:
    """What they give when every demand is met, consent included."""
    return granted([one.model_copy(update={"consent": "not_required"}) for one in ours], None)


def _gives(services: dict[str, ServiceGrant], able: list[str], attribute: str) -> bool:
    found = (services.get(service) for service in able)
    return any(one is not None and bool({attribute, ALL} & one.attributes) for one in found)


def _surplus(configuration: Configuration, catalogue: Catalogue) -> Iterator[Surplus]:
    for name, agreement in sorted(configuration.agreements.items()):
        ours = [one for one in catalogue.procedures.values() if _is_about(agreement, one)]
        wanted = {pair for procedure in ours for pair in pairs(catalogue, procedure)}
        for service, agreed in agreement.services.items():
            spare = tuple(one for one in agreed.attributes if one != ALL and (service, one) not in wanted)
            if spare:
                yield Surplus(agreement=name, data_service=service, attributes=spare)


def _is_about(agreement: Agreement, procedure: Procedure) -> bool:
    codes, purposes = agreement.procedures, agreement.purposes
    return bool({procedure.code, ALL} & {*codes}) and bool({procedure.purpose, ALL} & {*purposes})


def _holds(agreement: Agreement, day: date) -> bool:
    today = day.isoformat()
    return agreement.valid_from <= today and (agreement.valid_until is None or today <= agreement.valid_until)

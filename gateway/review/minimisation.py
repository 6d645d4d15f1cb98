"""The minimisation report: what each procedure gets and lacks under each requester's agreements on one day.

Conditions of an agreement (a dossier, an official, hours) narrow further; they are named, not applied.
Notes say what is granted and never needed, and needed and never granted; none of them stops the start.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from gateway.config.agreement import OWN_PAPERS_PURPOSE, TRIAL_PURPOSE, Agreement, DossierRule
from gateway.config.configuration import AGENCY_FILES, Configuration
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import ACCOUNT, KEPT_PAPERS, Procedure
from gateway.policy.conditions import ALL, asks_consent, conditions
from gateway.policy.dossiers import received
from gateway.policy.grants import ServiceGrant, granted
from gateway.review.needs import Pair, needed, offered, pairs, used_sources

_SCOPE = "prefill"
_READ = ("sources", "portals", "identity_providers", "requesters", "agreements")
_FOLDERS = frozenset({*_READ, "sandbox", "deploy"})
_FILES = frozenset(
    (
        *AGENCY_FILES,
        *"gateway.yaml purposes.yaml refusal_grounds.yaml published_scopes.yaml consents.yaml holidays.yaml".split(),
        *"logins.yaml applications.yaml production.example.yaml".split(),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimisationRow:
    """One procedure of one requester."""

    requester: str
    procedure: str
    purpose: str
    #: agreements about it on this day
    agreements: tuple[str, ...]
    #: rules that must be met as well
    demands: tuple[str, ...]
    #: attributes (`<evidence type>.<attribute>`) that it needs and gets
    gets: tuple[str, ...]
    #: attributes that it needs and no agreement grants
    lacks: tuple[str, ...]
    #: form fields that data could fill, and how many of them may be
    fields: int
    filled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """Attributes that an agreement grants and none of its own procedures needs; not of agreements for trials alone."""

    agreement: str
    data_service: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report."""

    rows: tuple[MinimisationRow, ...]
    never_needed: tuple[Surplus, ...]

    def plain(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "procedures": [asdict(one) for one in self.rows],
            "never_needed": [asdict(one) for one in self.never_needed],
        }


def minimised(configuration: Configuration, catalogue: Catalogue, day: date) -> Report:
    """The report over requesters that may prefill; a procedure without an agreement of theirs is left out."""
    rows = tuple(_rows(configuration, catalogue, day))
    return Report(rows, tuple(_surplus(configuration, catalogue)))


def _rows(configuration: Configuration, catalogue: Catalogue, day: date) -> Iterator[MinimisationRow]:
    for name, settings in sorted(configuration.requesters.items()):
        if _SCOPE not in settings.scopes:
            continue
        for code, procedure in sorted(catalogue.procedures.items()):
            if ours := agreements_of(configuration, name, procedure, day):
                yield _row(name, code, procedure, ours, catalogue)


def agreements_of(
    configuration: Configuration, requester: str, procedure: Procedure, day: date
) -> list[Agreement]:
    """The agreements of a requester about a procedure and its purpose on a day, in their order."""
    known = configuration.agreements
    held = [known[one] for one in configuration.requesters[requester].agreements if one in known]
    return [one for one in held if _is_about(one, procedure) and _holds(one, day)]


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
    """The grants when every condition is met, consent included."""
    return granted([one.model_copy(update={"consent": "not_required"}) for one in ours], None)


def _gives(services: dict[str, ServiceGrant], able: list[str], attribute: str) -> bool:
    found = (services.get(service) for service in able)
    return any(one is not None and bool({attribute, ALL} & one.attributes) for one in found)


def _surplus(configuration: Configuration, catalogue: Catalogue) -> Iterator[Surplus]:
    for name, agreement in sorted(configuration.agreements.items()):
        if _fills_no_form(agreement):
            continue
        ours = [one for one in catalogue.procedures.values() if _is_about(agreement, one)]
        wanted = {KEPT_PAPERS, *(pair for procedure in ours for pair in pairs(catalogue, procedure))}
        for service, agreed in agreement.services.items():
            spare = tuple(one for one in agreed.attributes if one != ALL and (service, one) not in wanted)
            if spare:
                yield Surplus(agreement=name, data_service=service, attributes=spare)


def _fills_no_form(agreement: Agreement) -> bool:
    """Trials, and looks at one's own papers, are of no procedure."""
    purposes = {*agreement.purposes}
    return bool(purposes) and purposes <= {TRIAL_PURPOSE, OWN_PAPERS_PURPOSE}


def _is_about(agreement: Agreement, procedure: Procedure) -> bool:
    codes, purposes = agreement.procedures, agreement.purposes
    return bool({procedure.code, ALL} & {*codes}) and bool({procedure.purpose, ALL} & {*purposes})


def _holds(agreement: Agreement, day: date) -> bool:
    today = day.isoformat()
    return agreement.valid_from <= today and (agreement.valid_until is None or today <= agreement.valid_until)


def notes(configuration: Configuration, catalogue: Catalogue, day: date) -> list[str]:
    """Attributes that an agreement grants but no procedure needs on this day, and fields that can never be filled."""
    needed_pairs = {KEPT_PAPERS}.union(*(pairs(catalogue, one) for one in catalogue.procedures.values()))
    lines = [
        f"agreement {name}: {what}"
        for name, item in configuration.agreements.items()
        for what in _notes_of(item, catalogue, needed_pairs, day.isoformat())
    ]
    lines += [
        f"requester {name}: {', '.join(item.legacy.scopes)} are legacy since {item.legacy.since}"
        f" ({item.legacy.legal_basis}): remove them when they are no longer used"
        for name, item in configuration.requesters.items()
        if item.legacy is not None
    ]
    lines += [
        f"source {name}: a draft, which only `motlan try-source` asks; when it was tried, write 'enabled: \"true\"' at"
        " its services"
        for name, item in configuration.sources.items()
        if item.is_draft
    ]
    lines += _unused(configuration, catalogue, day)
    lines += _unit_notes(configuration)
    lines += _login_notes(configuration)
    return [*lines, *unread_files(configuration.root), *_never_filled(configuration, catalogue)]


def _unused(configuration: Configuration, catalogue: Catalogue, day: date) -> Iterator[str]:
    """Agreements that nobody holds, sources that nothing needs, and procedures for which nobody gets data."""
    held = {name for item in configuration.requesters.values() for name in item.agreements}
    for name, item in configuration.agreements.items():
        if name not in held and not _is_draft(item):
            yield (
                f"agreement {name}: no requester holds it, so that it grants nothing; write 'agreements: [{name}]'"
                " in config/requesters, or remove it"
            )
    used = used_sources(catalogue)
    for name, source in configuration.sources.items():
        if name not in used and not source.is_draft:
            yield (
                f"source {name}: no procedure, predicate or representation uses it; name its evidence in"
                " mappings/procedures, or remove it"
            )
    for code, procedure in catalogue.procedures.items():
        if not any(agreements_of(configuration, name, procedure, day) for name in configuration.requesters):
            yield (
                f"procedure {code}: no requester gets data for it; let one hold an agreement in force that names it"
                f" and its purpose '{procedure.purpose}'"
            )


def _is_draft(item: Agreement) -> bool:
    return not (item.procedures and item.purposes) and not item.predicates


def _unit_notes(configuration: Configuration) -> Iterator[str]:
    """Systems of production that may post a dossier under the code of any unit."""
    if configuration.gateway.profile != "production":
        return
    for name, item in configuration.requesters.items():
        if "dossiers" in item.scopes and not item.dossier_units:
            yield (
                f"requester {name}: it may use the dossier codes of every unit, also before their own system does;"
                " write 'dossier_units: [H31.14]' with its units"
            )


def _login_notes(configuration: Configuration) -> Iterator[str]:
    """Agreements by which a system where citizens sign in may name anybody, when it sends no login."""
    for name, item in configuration.requesters.items():
        if item.login is None:
            continue
        for agreement in item.agreements:
            known = configuration.agreements.get(agreement)
            if known is not None and known.mandate != "proven":
                yield (
                    f"requester {name}: citizens sign in there, and by agreement {agreement} it may fill forms of"
                    " people for whom nobody acts; write 'mandate: proven' in the agreement"
                )


def _notes_of(item: Agreement, catalogue: Catalogue, needed_pairs: set[Pair], today: str) -> Iterator[str]:
    if _is_draft(item):
        yield "a draft: without procedures and purposes it grants nothing"
        return
    fills_no_form = _fills_no_form(item)
    for service, attribute in () if fills_no_form else _pairs_of(item, catalogue, stars=False):
        if (service, attribute) not in needed_pairs:
            yield f"no procedure needs {service} {attribute}"
    if item.valid_until is not None and item.valid_until < today:
        yield f"it ended on {item.valid_until}, and grants nothing any more"
    if item.valid_from > today:
        yield f"it begins on {item.valid_from}, and grants nothing until then"
    named = [one for code, one in catalogue.procedures.items() if {code, ALL} & {*item.procedures}]
    if named and not fills_no_form and not any(_is_about(item, one) for one in named):
        yield "none of its procedures has one of its purposes, so that it grants nothing"
    yield from _dossier_notes(item.dossier)
    if asks_consent(item):
        yield "its ground is consent, so that it grants what a person consented to and nothing else"


def _dossier_notes(rule: DossierRule) -> Iterator[str]:
    if rule.required and rule.checked_by == "relay":
        yield "it wants dossiers that the gateway has seen; it keeps none yet, so that it grants nothing"
    if not (rule.required and rule.checked_by == "claim" and rule.days):
        return
    for pattern in rule.patterns:
        if received(pattern) is None:
            yield (
                f"'{pattern}' also fits codes without a day of reception; such a dossier is refused, for"
                f" none shows whether it is older than {rule.days} days"
            )


def _never_filled(configuration: Configuration, catalogue: Catalogue) -> Iterator[str]:
    """Fields that no agreement lets any requester fill."""
    given = {
        pair for item in configuration.agreements.values() for pair in _pairs_of(item, catalogue, stars=True)
    }
    for code, procedure in sorted(catalogue.procedures.items()):
        for field in procedure.fields:
            services = [
                (plan.name, ref.attribute)
                for ref in field.refs
                for plan in catalogue.offers.get(ref.evidence, ())
            ]
            open_to_all = any(name.startswith("account.") for name, _ in services)
            if field.refs and not open_to_all and not given.intersection(services):
                yield f"procedure {code}: no agreement lets any requester fill '{field.key}'"


def _pairs_of(item: Agreement, catalogue: Catalogue, *, stars: bool) -> Iterator[Pair]:
    """The grants of an agreement; `stars`: with every attribute of a service that it grants whole."""
    for service, agreed in item.services.items():
        source, _, operation = service.partition(".")
        plan = catalogue.services.get(source, {}).get(operation)
        for attribute in agreed.attributes:
            if attribute != ALL:
                yield service, attribute
            elif stars and plan is not None:
                yield from ((service, name) for name in plan.attributes)


def unread_files(root: Path) -> list[str]:
    """Files and folders of the configuration that the gateway does not read."""
    files = [path for path in sorted(root.glob("*.yaml")) if path.name not in _FILES]
    folders = [path for path in sorted(root.glob("*/")) if path.name not in _FOLDERS and path.is_dir()]
    files += [
        path
        for name in _READ
        for path in sorted((root / name).rglob("*"))
        if _is_passed_over(path, root / name)
    ]
    lines = [f"{root.name}/{path.relative_to(root)}: the gateway does not read this file" for path in files]
    return [*lines, *(f"{root.name}/{path.name}/: the gateway does not read this folder" for path in folders)]


def _is_passed_over(path: Path, folder: Path) -> bool:
    written = path.is_file() and path.suffix.lower() in {".yaml", ".yml"}
    return written and (path.parent != folder or path.suffix != ".yaml")

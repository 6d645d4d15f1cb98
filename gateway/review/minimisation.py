"""The minimisation report: what is granted and never needed, what is needed and granted to nobody.

Nothing here stops the start; contradictions do (`crosscheck.py`).
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from gateway.config.agreement import Agreement
from gateway.config.configuration import AGENCY_FILES, Configuration
from gateway.mapping.load import Catalogue
from gateway.policy.conditions import asks_consent
from gateway.policy.dossiers import received
from gateway.review.needs import pairs

_ANY = "*"
_READ = ("sources", "requesters", "agreements")
_FOLDERS = frozenset({*_READ, "sandbox", "deploy"})


def notes(configuration: Configuration, catalogue: Catalogue, day: date) -> list[str]:
    """What an agreement grants but no procedure needs on this day, and what a field can never get."""
    needed = {pair for one in catalogue.procedures.values() for pair in pairs(catalogue, one)}
    granted = _granted(configuration, catalogue)
    out = [
        f"agreement {name}: no procedure needs {service} {attribute}"
        for name, service, attribute in _grants(configuration, catalogue)
        if (service, attribute) not in needed
    ]
    today = day.isoformat()
    out += [
        f"agreement {name}: it ended on {item.valid_until}, and grants nothing any more"
        for name, item in configuration.agreements.items()
        if item.valid_until is not None and item.valid_until < today
    ]
    out += [
        f"agreement {name}: it begins on {item.valid_from}, and grants nothing until then"
        for name, item in configuration.agreements.items()
        if item.valid_from > today
    ]
    out += [
        f"agreement {name}: none of its procedures has one of its purposes, so that it grants nothing"
        for name, item in configuration.agreements.items()
        if not _meets(item, catalogue)
    ]
    out += [
        f"agreement {name}: it wants dossiers that the gateway has seen; it keeps none yet, so that it grants nothing"
        for name, item in configuration.agreements.items()
        if item.dossier.required and item.dossier.checked_by == "relay"
    ]
    out += [
        f"agreement {name}: '{pattern}' also fits codes without a day of reception; such a dossier is refused, for"
        f" none shows whether it is older than {item.dossier.days} days"
        for name, item in configuration.agreements.items()
        if item.dossier.required and item.dossier.checked_by == "claim" and item.dossier.days
        for pattern in item.dossier.patterns
        if received(pattern) is None
    ]
    out += [
        f"agreement {name}: its ground is consent, so that it grants what a person consented to and nothing else"
        for name, item in configuration.agreements.items()
        if asks_consent(item)
    ]
    out += [
        f"requester {name}: {', '.join(item.legacy.scopes)} are legacy since {item.legacy.since}"
        f" ({item.legacy.legal_basis}): take them away when nobody uses them"
        for name, item in configuration.requesters.items()
        if item.legacy is not None
    ]
    out += strays(configuration.root)
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


def _meets(item: Agreement, catalogue: Catalogue) -> bool:
    """Whether a procedure of the agreement is for a purpose of the agreement."""
    agreed = [
        one
        for code, one in catalogue.procedures.items()
        if code in item.procedures or _ANY in item.procedures
    ]
    return not agreed or _ANY in item.purposes or any(one.purpose in item.purposes for one in agreed)


def strays(root: Path) -> list[str]:
    """Files and folders of the configuration that nobody reads."""
    known = {
        "gateway.yaml",
        *AGENCY_FILES,
        "purposes.yaml",
        "refusal_grounds.yaml",
        "published_scopes.yaml",
        "consents.yaml",
        "holidays.yaml",
        "logins.yaml",
        "applications.yaml",
        "production.example.yaml",
    }
    files = [path for path in sorted(root.glob("*.yaml")) if path.name not in known]
    folders = [path for path in sorted(root.glob("*/")) if path.name not in _FOLDERS and path.is_dir()]
    files += [
        path
        for name in _READ
        for path in sorted((root / name).rglob("*"))
        if _is_passed_over(path, root / name)
    ]
    lines = [f"{root.name}/{path.relative_to(root)}: nobody reads this file" for path in files]
    return [*lines, *(f"{root.name}/{path.name}/: nobody reads this folder" for path in folders)]


def _is_passed_over(path: Path, folder: Path) -> bool:
    written = path.is_file() and path.suffix.lower() in {".yaml", ".yml"}
    return written and (path.parent != folder or path.suffix != ".yaml")


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

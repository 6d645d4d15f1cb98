"""Holds configuration and mappings against one another: what one names, the other must have.

Used before the gateway starts and by `motlan check-config`; every problem names file, line and remedy.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from gateway.config import Agreement, Configuration, RequesterSettings, SourceSettings
from gateway.domain.errors import ConfigError, Problem
from gateway.exchange_log.keys import root_key_from_text
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import ACCOUNT, Procedure, Ref
from gateway.policy.grants import ALL
from gateway.production import refused_in_production
from gateway.registry import STORES
from gateway.settings import Secret
from gateway.strict_yaml import Document, read

#: what a requester may be allowed to do
SCOPES = (
    "prefill dossiers papers consents usage audit:search audit:identify audit:export admin"
).split()  # fmt: skip
#: the adapter of claims: it asks nobody, so it has no address
_NO_ADDRESS = "adapters.sources.account"
_SOAP = "adapters.sources.soap"
#: C2SP signed-note, key names
_ORIGIN = re.compile(r"[^\s+\x00-\x1f]+")


def crosscheck(configuration: Configuration, catalogue: Catalogue) -> list[Problem]:
    """Every contradiction between `config/` and `mappings/`."""
    return [
        *refused_in_production(configuration),
        *_stores(configuration),
        *_log(configuration),
        *_sources(configuration, catalogue),
        *_agreements(configuration, catalogue),
        *_requesters(configuration),
        *_scopes(configuration, catalogue),
        *_procedures(configuration, catalogue),
    ]


def _stores(configuration: Configuration) -> Iterator[Problem]:
    document = configuration.documents["gateway.yaml"]
    gateway = configuration.gateway
    for place, url, module in (
        (("log", "url"), gateway.log.url, "adapters.stores.log"),
        (("cache_url",), gateway.cache_url, "adapters.stores.memory"),
    ):
        scheme = urlsplit(url).scheme
        known = [word for word, store in STORES.items() if store == module]
        if scheme not in known:
            what = f"'{'.'.join(place)}' has the unknown scheme '{scheme}'"
            otherwise = f"begin with one of {', '.join(f'{word}://' for word in known)}"
            yield document.problem(place, what, _near(scheme, known, otherwise))


def _log(configuration: Configuration) -> Iterator[Problem]:
    """The keys of the log and the name that it signs by."""
    document, log = configuration.documents["gateway.yaml"], configuration.gateway.log
    if not _ORIGIN.fullmatch(log.origin):
        what = f"'origin: {log.origin}' cannot stand in a signature"
        yield document.problem(("log", "origin"), what, "leave out spaces and plus signs")
    for name in ("root_key", "signing_key", "former_signing_key"):
        secret: Secret | None = getattr(log, name)
        try:
            if secret is not None:
                root_key_from_text(secret.reveal())
        except ConfigError as error:
            fault = error.problems[0]
            what = f"'log.{name}': {fault.what.replace('root key', 'key')}"
            yield document.problem(("log", name), what, fault.remedy)


def _addresses(settings: SourceSettings, document: Document) -> Iterator[Problem]:
    if settings.adapter == _NO_ADDRESS:
        return
    if not _is_http(settings.url):
        what = f"'url' is not an address: '{settings.url}'" if settings.url else "'url' is missing"
        yield document.problem(("url",), what, "write 'url: https://…' (http or https, with a host)")
    for operation, service in settings.services.items():
        if settings.adapter != _SOAP and not service.path.strip():
            what = f"service '{operation}' has no 'path'"
            yield document.problem(("services", operation), what, "write 'path: /…' below the source's url")


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _sources(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    for name, settings in configuration.sources.items():
        document = configuration.documents[f"sources/{name}.yaml"]
        yield from _addresses(settings, document)
        mapped = catalogue.services.get(name, {})
        for operation in settings.services:
            if operation not in mapped:
                what = f"service '{operation}' has no mapping in mappings/sources/{name}.yaml"
                yield document.problem(
                    ("services", operation), what, _near(operation, mapped, "map it or remove it")
                )
    for name in catalogue.services:
        if name not in configuration.sources:
            what = f"source '{name}' is mapped but has no address"
            yield Problem(f"mappings/sources/{name}.yaml", 1, what, f"add config/sources/{name}.yaml")


def _agreements(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    services = {plan.name: plan for plans in catalogue.services.values() for plan in plans.values()}
    for name, agreement in configuration.agreements.items():
        document = configuration.documents[f"agreements/{name}.yaml"]
        for key, day in (("valid_from", agreement.valid_from), ("valid_until", agreement.valid_until)):
            if day is not None and not _is_date(day):
                yield document.problem((key,), f"'{key}' is not a date", "write yyyy-mm-dd")
        yield from _void(agreement, document)
        for word, agreed in agreement.services.items():
            plan = services.get(word)
            if plan is None:
                what = f"there is no data service '{word}'"
                yield document.problem(
                    ("services", word), what, _near(word, services, "see mappings/sources")
                )
                continue
            for unknown in sorted(set(agreed.attributes) - plan.attributes - {ALL}):
                what = f"'{word}' gives no attribute '{unknown}'"
                remedy = _near(unknown, plan.attributes, "remove it")
                yield document.problem(("services", word, "attributes"), what, remedy)
        yield from _agreed_words(configuration, catalogue, name, agreement)


def _void(agreement: Agreement, document: Document) -> Iterator[Problem]:
    first, last = agreement.valid_from, agreement.valid_until
    if (
        last is not None
        and _is_date(first)
        and _is_date(last)
        and date.fromisoformat(last) < date.fromisoformat(first)
    ):
        what = "'valid_until' lies before 'valid_from': the agreement is never in force"
        yield document.problem(("valid_until",), what, "mend one of the two days")
    if not agreement.legal_basis.strip():
        yield document.problem(("legal_basis",), "'legal_basis' is blank", "name the law and its article")
    if not agreement.services:
        what = "'services' is empty: the agreement grants nothing"
        yield document.problem(("services",), what, "name a data service and its attributes")


def _agreed_words(
    configuration: Configuration, catalogue: Catalogue, name: str, agreement: Agreement
) -> Iterator[Problem]:
    document = configuration.documents[f"agreements/{name}.yaml"]
    for code in agreement.procedures:
        if code != ALL and code not in catalogue.procedures:
            what = f"there is no procedure '{code}'"
            yield document.problem(("procedures",), what, _near(code, catalogue.procedures, "remove it"))
    for purpose in agreement.purposes:
        if purpose != ALL and purpose not in configuration.purposes:
            what = f"there is no purpose '{purpose}'"
            yield document.problem(
                ("purposes",), what, _near(purpose, configuration.purposes, "add it to purposes.yaml")
            )


def _requesters(configuration: Configuration) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, requester in configuration.requesters.items():
        document = configuration.documents[f"requesters/{name}.yaml"]
        if requester.client_id in seen:
            what = f"client_id '{requester.client_id}' is already taken by requester '{seen[requester.client_id]}'"
            yield document.problem(("client_id",), what, "give each requester its own")
        seen[requester.client_id] = name
        yield from _unknown_scopes(requester, document)
        for agreement in requester.agreements:
            if agreement not in configuration.agreements:
                what = f"there is no agreement '{agreement}'"
                remedy = _near(agreement, configuration.agreements, f"add agreements/{agreement}.yaml")
                yield document.problem(("agreements",), what, remedy)
        if requester.agency not in configuration.agencies:
            what = f"there is no agency '{requester.agency}'"
            yield document.problem(
                ("agency",), what, _near(requester.agency, configuration.agencies, "add it")
            )
        try:
            requester.client_secret.reveal()
        except ConfigError as error:
            yield document.problem(
                ("client_secret",), error.problems[0].what, "put it there, or name another place"
            )


def _unknown_scopes(requester: RequesterSettings, document: Document) -> Iterator[Problem]:
    for scope in requester.scopes:
        if scope not in SCOPES:
            what = f"there is no scope '{scope}'"
            remedy = _near(scope, SCOPES, f"use some of {', '.join(SCOPES)}")
            yield document.problem(("scopes",), what, remedy)


def _scopes(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    document = configuration.documents["published_scopes.yaml"]
    services = {plan.name: plan for plans in catalogue.services.values() for plan in plans.values()}
    for index, scope in enumerate(configuration.scopes):
        plan = services.get(scope.service)
        if plan is None:
            what = f"scope '{scope.scope}' names no data service ('{scope.service}')"
            yield document.problem(
                ("scopes", index), what, _near(scope.service, services, "see mappings/sources")
            )
            continue
        for unknown in sorted(set(scope.attributes) - plan.attributes - {ALL}):
            what = f"scope '{scope.scope}': '{scope.service}' gives no attribute '{unknown}'"
            yield document.problem(("scopes", index), what, _near(unknown, plan.attributes, "remove it"))


def _procedures(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    for code, procedure in catalogue.procedures.items():
        file = f"mappings/procedures/{code}.yaml"
        if procedure.purpose not in configuration.purposes:
            what = f"there is no purpose '{procedure.purpose}'"
            remedy = _near(procedure.purpose, configuration.purposes, "add it to purposes.yaml")
            yield Problem(file, _line_of(configuration.root.parent, file, "purpose"), what, remedy)
        for ref in sorted(
            {str(ref) for ref in _refs(procedure) if not _granted(configuration, catalogue, code, ref)}
        ):
            what = f"the form wants {ref}, which no agreement grants for {code}"
            yield Problem(file, 1, what, "agree it in config/agreements, or take it out of the mapping")


def _line_of(root: Path, file: str, word: str) -> int:
    """The line of a mapping's word; 1 where the mappings do not lie beside the configuration."""
    return read(root / file, root).line((word,)) if (root / file).is_file() else 1


def _refs(procedure: Procedure) -> Iterator[Ref]:
    for field in procedure.fields:
        yield from (ref for ref in field.refs if ref.evidence != ACCOUNT)


def _granted(configuration: Configuration, catalogue: Catalogue, code: str, ref: Ref) -> bool:
    able = [s.name for s in catalogue.offers.get(ref.evidence, ()) if ref.attribute in s.attributes]
    for agreement in configuration.agreements.values():
        if code not in agreement.procedures and ALL not in agreement.procedures:
            continue
        for service in able:
            agreed = agreement.services.get(service)
            if agreed is not None and (ref.attribute in agreed.attributes or ALL in agreed.attributes):
                return True
    return False


def _near(word: str, words: Iterable[str], otherwise: str) -> str:
    found = difflib.get_close_matches(word, list(words), 1)
    return f"did you mean '{found[0]}'?" if found else otherwise


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

"""Checks the names in requesters, and the lists of agencies and purposes."""

from collections.abc import Iterator

from gateway.checks.access import proof_faults
from gateway.config.access import RequesterSettings
from gateway.config.configuration import AGENCY_FILES, Configuration
from gateway.config.strict_yaml import Document
from gateway.domain.errors import Problem
from gateway.domain.faults import near
from gateway.policy.conditions import ALL

#: permitted scopes of a requester
SCOPES = (
    "prefill dossiers papers consents usage audit:search audit:identify audit:export sources:try admin"
).split()  # fmt: skip


def requester_faults(configuration: Configuration) -> Iterator[Problem]:
    """Faults of `config/requesters`."""
    seen: dict[str, str] = {}
    for name, requester in configuration.requesters.items():
        document = configuration.documents[f"requesters/{name}.yaml"]
        if requester.client_id in seen:
            what = f"client_id '{requester.client_id}' is already taken by requester '{seen[requester.client_id]}'"
            yield document.problem(("client_id",), what, "give each requester its own")
        seen[requester.client_id] = name
        yield from _scopes(requester, document)
        yield from _names(configuration, requester, document)
        yield from proof_faults(configuration, requester, document)


def _names(
    configuration: Configuration, requester: RequesterSettings, document: Document
) -> Iterator[Problem]:
    folder = configuration.root.name
    for agreement in requester.agreements:
        if agreement not in configuration.agreements:
            what, file = f"there is no agreement '{agreement}'", f"agreements/{agreement}.yaml"
            remedy = near(agreement, configuration.agreements, f"add {file}")
            yield document.problem(("agreements",), what, remedy, f"{folder}/{file}")
    if requester.agency not in configuration.agencies:
        what = f"there is no agency '{requester.agency}'"
        remedy = near(
            requester.agency, configuration.agencies, "add it to agencies.yaml, or name one of that file"
        )
        yield document.problem(("agency",), what, remedy, f"{folder}/agencies.yaml")
    for agency in requester.agencies or ():
        if agency != ALL and agency not in configuration.agencies:
            what = f"there is no agency '{agency}'"
            remedy = near(agency, configuration.agencies, "add it to agencies.yaml")
            yield document.problem(("agencies",), what, remedy, f"{folder}/agencies.yaml")


def _scopes(requester: RequesterSettings, document: Document) -> Iterator[Problem]:
    for scope in requester.legacy.scopes if requester.legacy is not None else ():
        if scope not in requester.scopes:
            what = f"'legacy' names the scope '{scope}', which the requester does not have"
            yield document.problem(("legacy", "scopes"), what, near(scope, requester.scopes, "take it out"))
    if not requester.scopes and requester.login is None:
        what = "'scopes' is empty: the requester may do nothing"
        yield document.problem(("scopes",), what, f"use some of {', '.join(SCOPES)}")
    for scope in requester.scopes:
        if scope not in SCOPES:
            what = f"there is no scope '{scope}'"
            yield document.problem(("scopes",), what, near(scope, SCOPES, f"use some of {', '.join(SCOPES)}"))


def agency_faults(configuration: Configuration) -> Iterator[Problem]:
    """A repeated agency, or an unknown parent."""
    seen: set[str] = set()
    files = [f"{configuration.root.name}/{name}" for name in AGENCY_FILES]
    for name in AGENCY_FILES:
        document = configuration.documents.get(name)
        written = document.data.get("agencies") if document and isinstance(document.data, dict) else None
        for index, entry in enumerate(written if isinstance(written, list) else ()):
            if document is None or not isinstance(entry, dict):
                continue
            code, at = str(entry.get("code")), ("agencies", index)
            if code in seen:
                # it would be unknown which duty official counts
                yield document.problem(
                    (*at, "code"), f"agency '{code}' is written twice", "keep one of the two"
                )
            seen.add(code)
            parent, known = str(entry.get("parent") or ""), configuration.agencies
            if parent and parent not in known:
                remedy = near(parent, known, "name one of agencies.yaml")
                yield document.problem((*at, "parent"), f"there is no agency '{parent}'", remedy, *files)


def purpose_faults(configuration: Configuration) -> Iterator[Problem]:
    """Every purpose needs a legal basis."""
    document = configuration.documents["purposes.yaml"]
    if not configuration.purposes:
        what, file = "'purposes' is empty: nothing may be asked", document.name
        yield document.problem(("purposes",), what, "name a purpose and its legal basis", file)

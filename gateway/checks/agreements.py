"""Checks the names in agreements and published scopes: data services, attributes, procedures, purposes, days."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from gateway.checks.conditions import condition_faults
from gateway.checks.sources import rests_on
from gateway.config.agreement import Agreement
from gateway.config.configuration import Configuration
from gateway.config.strict_yaml import Document
from gateway.domain.errors import Problem
from gateway.domain.faults import near
from gateway.mapping.load import Catalogue
from gateway.mapping.questions import split
from gateway.policy.conditions import ALL, asks_consent

_DAY = "write yyyy-mm-dd"
#: "consent" in small letters without separators; Vietnamese with and without tone marks
_CONSENT = ("consent", "đồngý", "dongy")
_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def agreement_faults(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    """Faults of `config/agreements`."""
    services = {plan.name: plan for plans in catalogue.services.values() for plan in plans.values()}
    for name, agreement in configuration.agreements.items():
        document = configuration.documents[f"agreements/{name}.yaml"]
        yield from _void(agreement, document)
        for word, agreed in agreement.services.items():
            at = ("services", word)
            plan = services.get(word)
            if plan is None:
                what = f"there is no data service '{word}'"
                yield document.problem(
                    at, what, near(word, services, "see mappings/sources"), *rests_on(word)
                )
                continue
            if not agreed.attributes:
                what = f"'{word}' grants no attribute"
                yield document.problem((*at, "attributes"), what, "name attributes, or take the service out")
            for unknown in sorted(set(agreed.attributes) - plan.attributes - {ALL}):
                what = f"'{word}' gives no attribute '{unknown}'"
                yield document.problem((*at, "attributes"), what, near(unknown, plan.attributes, "remove it"))
        yield from _agreed_words(configuration, catalogue, agreement, document)
        yield from condition_faults(configuration, agreement, document)
        yield from _predicates(catalogue, agreement, document)
        yield from _represents(catalogue, agreement, document)


def _predicates(catalogue: Catalogue, agreement: Agreement, document: Document) -> Iterator[Problem]:
    for index, word in enumerate(agreement.predicates):
        name, parameter = split(word)
        question = catalogue.questions.get(name)
        if question is None:
            what, file = f"there is no predicate '{name}'", f"mappings/predicates/{name}.yaml"
            remedy = near(name, catalogue.questions, f"remove it, or add {file}")
            yield document.problem(("predicates", index), what, remedy, file)
        elif parameter is not None and not question.takes(parameter):
            what = f"the predicate '{name}' does not take '{parameter}'"
            remedy = f"write one that mappings/predicates/{name}.yaml allows"
            yield document.problem(("predicates", index), what, remedy)


def _represents(catalogue: Catalogue, agreement: Agreement, document: Document) -> Iterator[Problem]:
    for index, kind in enumerate(agreement.represents):
        if kind != ALL and kind not in catalogue.representations:
            what, file = f"there is no representation '{kind}'", f"mappings/representations/{kind}.yaml"
            remedy = near(kind, catalogue.representations, f"remove it, or add {file}")
            yield document.problem(("represents", index), what, remedy, file)


def _void(agreement: Agreement, document: Document) -> Iterator[Problem]:
    first, last = (_day(agreement.valid_from), _day(agreement.valid_until or ""))
    for key, day, given in (
        ("valid_from", first, True),
        ("valid_until", last, agreement.valid_until is not None),
    ):
        if given and day is None:
            yield document.problem((key,), f"'{key}' is not a date", _DAY)
    if first is not None and last is not None and last < first:
        what = "'valid_until' is before 'valid_from': the agreement is never in force"
        yield document.problem(("valid_until",), what, "mend one of the two days")
    yield from _ground(agreement, document)
    # an agreement on predicates alone names no procedure
    if not agreement.services and (agreement.procedures or not agreement.predicates):
        what = "'services' is empty: the agreement grants nothing"
        yield document.problem(("services",), what, "name a data service and its attributes")


def _ground(agreement: Agreement, document: Document) -> Iterator[Problem]:
    """A legal basis of consent without `consent: required` would grant without any consent."""
    at, legal_basis = ("legal_basis",), unicodedata.normalize("NFKC", agreement.legal_basis).casefold()
    if not legal_basis.strip():
        yield document.problem(at, "'legal_basis' is blank", "name the law and its article")
    letters = "".join(filter(str.isalpha, legal_basis))
    if not asks_consent(agreement) and any(word in letters for word in _CONSENT):
        what = "'legal_basis' speaks of consent, and without 'consent: required' none is asked for"
        remedy = (
            "add 'consent: required'; where the law does without consent, name the law and its article only"
        )
        yield document.problem(at, what, remedy)


def _agreed_words(
    configuration: Configuration, catalogue: Catalogue, agreement: Agreement, document: Document
) -> Iterator[Problem]:
    for code in agreement.procedures:
        if code != ALL and code not in catalogue.procedures:
            what, file = f"there is no procedure '{code}'", f"mappings/procedures/{code}.yaml"
            yield document.problem(("procedures",), what, f"remove it, or add {file}", file)
    for purpose in agreement.purposes:
        if purpose != ALL and purpose not in configuration.purposes:
            what, file = f"there is no purpose '{purpose}'", f"{configuration.root.name}/purposes.yaml"
            remedy = near(purpose, configuration.purposes, "add it to purposes.yaml")
            yield document.problem(("purposes",), what, remedy, file)


def scope_faults(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    """Faults of `config/published_scopes.yaml`."""
    document = configuration.documents["published_scopes.yaml"]
    services = {plan.name: plan for plans in catalogue.services.values() for plan in plans.values()}
    seen: set[str] = set()
    for index, scope in enumerate(configuration.scopes):
        at = ("scopes", index)
        if _day(scope.published_on) is None:
            what = f"scope '{scope.scope}': 'published_on' is not a date"
            yield document.problem((*at, "published_on"), what, _DAY)
        if scope.scope in seen:
            what = f"scope '{scope.scope}' is written twice"
            yield document.problem((*at, "scope"), what, "give each scope a name of its own")
        seen.add(scope.scope)
        plan = services.get(scope.service)
        if plan is None:
            what = f"scope '{scope.scope}' names no data service ('{scope.service}')"
            remedy = near(scope.service, services, "see mappings/sources")
            yield document.problem((*at, "service"), what, remedy, *rests_on(scope.service))
            continue
        for unknown in sorted(set(scope.attributes) - plan.attributes - {ALL}):
            what = f"scope '{scope.scope}': '{scope.service}' gives no attribute '{unknown}'"
            yield document.problem((*at, "attributes"), what, near(unknown, plan.attributes, "remove it"))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _WRITTEN.fullmatch(text) else None
    except ValueError:
        return None

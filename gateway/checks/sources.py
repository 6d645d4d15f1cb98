"""Checks `config/sources` against `mappings/sources`."""

from collections.abc import Iterator

from gateway.config.configuration import Configuration, ServiceSettings, SourceSettings
from gateway.config.gateway import is_http
from gateway.config.strict_yaml import Document
from gateway.domain.errors import Problem
from gateway.domain.faults import near
from gateway.mapping.load import Catalogue
from gateway.mapping.records import SHARED, WEAK
from gateway.mapping.source import ServicePlan

_SOAP = "adapters.sources.soap"
#: these call an address; another adapter checks its own settings, and may have none
_CALLING = frozenset({_SOAP, "adapters.sources.rest", "adapters.sources.paper_store"})
_CODE = "procedure_code"
#: only this one follows pages
_PAGED = "adapters.sources.rest"


def rests_on(service: str) -> tuple[str, str]:
    """The mapping file of a data service (`<source>.<operation>`), and the service in it."""
    source, _, operation = service.partition(".")
    file = f"mappings/sources/{source}.yaml"
    return file, f"{file}#{operation}"


def source_faults(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    """Faults of the sources' settings, except those that only their adapters know."""
    for name, settings in configuration.sources.items():
        document = configuration.documents[f"sources/{name}.yaml"]
        yield from _addresses(settings, document)
        plans = catalogue.services.get(name, {})
        for operation, service in settings.services.items():
            if (plan := plans.get(operation)) is not None:
                yield from _given(operation, service, plan, document)
                if service.enabled:
                    yield from _compared(plan, document)
                continue
            what = f"service '{operation}' has no mapping in mappings/sources/{name}.yaml"
            remedy = near(operation, plans, "map it or remove it")
            yield document.problem(("services", operation), what, remedy, *rests_on(f"{name}.{operation}"))
        known = {profile for plan in plans.values() for profile in plan.profiles}
        if plans and settings.request_profile not in (known or {""}):
            what = (
                f"'request_profile: {settings.request_profile}' is not known to mappings/sources/{name}.yaml"
            )
            remedy = f"write one of {', '.join(sorted(known))}" if known else "leave it out"
            yield document.problem(("request_profile",), what, remedy)
    for name in catalogue.services:
        if name not in configuration.sources:
            what, file = f"source '{name}' is mapped but has no address", f"sources/{name}.yaml"
            yield Problem(
                f"mappings/sources/{name}.yaml", 1, what, f"add config/{file}",
                rests_on=(f"{configuration.root.name}/{file}",),
            )  # fmt: skip


def _compared(plan: ServicePlan, document: Document) -> Iterator[Problem]:
    """Nobody would notice data of another person, or of another object, in an answer that names no subject."""
    answer, (file, mapping) = plan.mapping.answer, rests_on(plan.name)
    words, at = set(answer.identity), ("services", plan.operation)
    if words - WEAK or words >= SHARED:
        if answer.no_identity:
            what = f"service '{plan.operation}' has 'identity' and 'no_identity' in {file}"
            yield document.problem(at, what, "take one of them out", mapping)
    elif not answer.no_identity:
        what = (
            f"service '{plan.operation}' is enabled, and no number in 'identity' of {file} says whom an answer is"
            " about: data of another person would not be noticed"
        )
        remedy = (
            "write 'identity: {personal_id: <path>}' (or full_name and birth_date) there; where answers name nobody,"
            " say why in 'no_identity'"
        )
        yield document.problem(at, what, remedy, mapping)


def _addresses(settings: SourceSettings, document: Document) -> Iterator[Problem]:
    if settings.adapter in _CALLING and not is_http(settings.url):
        # an address that may contain a password is not shown
        shown = "" if "@" in settings.url else f": '{settings.url}'"
        what = f"'url' is not an address as it must be{shown}" if settings.url else "'url' is missing"
        remedy = "write 'url: https://…' (http or https, with a host; no password, blank, '?' or '#')"
        yield document.problem(("url",), what, remedy)
    for operation, service in settings.services.items():
        if service.pages is not None and settings.adapter != _PAGED:
            what = f"service '{operation}' has 'pages', and '{settings.adapter}' follows none"
            yield document.problem(("services", operation, "pages"), what, "take it out")
        if settings.adapter in _CALLING - {_SOAP} and not service.path.strip():
            what = f"service '{operation}' has no 'path'"
            yield document.problem(("services", operation), what, "write 'path: /…' below the source's url")


def _given(
    operation: str, service: ServiceSettings, plan: ServicePlan, document: Document
) -> Iterator[Problem]:
    """Parameters that the mapping needs and the settings lack; parameters that it does not know."""
    words = {word for rule in plan.mapping.request.values() for word in (rule.from_ or "", *rule.else_)}
    wanted = {word.removeprefix("service.") for word in words if word.startswith("service.")}
    for word in sorted(set(service.lacks) - plan.attributes):
        what = f"service '{operation}' lacks '{word}', which its mapping does not give anyway"
        yield document.problem(
            ("services", operation, "lacks"), what, near(word, plan.attributes, "take it out"),
            *rests_on(plan.name),
        )  # fmt: skip
    file = f"mappings/sources/{plan.source}.yaml"
    missing = wanted - {_CODE} - set(service.parameters)
    for word in sorted(set(service.parameters) - wanted):
        what = f"service '{operation}': no request of {file} takes the parameter '{word}'"
        remedy = near(word, missing, "take it out")
        yield document.problem(("services", operation, "parameters", word), what, remedy)
        missing -= {other for other in missing if f"'{other}'" in remedy}
    for word in sorted(missing):
        what = f"service '{operation}': {file} takes 'service.{word}', which 'parameters' does not give"
        remedy = f"write 'parameters: {{{word}: …}}', or correct the mapping"
        yield document.problem(("services", operation, "parameters"), what, remedy)
    if _CODE in wanted - set(service.parameters) and not service.procedure_codes:
        what = f"service '{operation}': {file} takes 'service.{_CODE}', and 'procedure_codes' gives none"
        remedy = "write 'procedure_codes: {\"*\": …}', the code agreed with the provider"
        yield document.problem(("services", operation, "procedure_codes"), what, remedy)

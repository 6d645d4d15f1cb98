"""Checks `pages` of gateway.yaml: in whose name the doors of people ask, and whether officials can sign in."""

from collections.abc import Iterator

from gateway.config.configuration import Configuration
from gateway.domain.errors import Problem
from gateway.domain.faults import near

#: scopes without which a door shows errors only
_NEEDED = {
    "portal": ("prefill", "dossiers", "consents"),
    "me": ("usage", "consents"),
    "audit": ("audit:search", "audit:identify", "audit:export"),
    "ops": ("dossiers",),
}
_OF_STAFF = ("audit", "ops")


def page_faults(configuration: Configuration) -> Iterator[Problem]:
    """Unknown requesters, missing scopes, doors that nobody can enter; in production personas and the demo portal."""
    settings, document = configuration.gateway.pages, configuration.documents["gateway.yaml"]
    for door, needed in _NEEDED.items():
        name = getattr(settings, door)
        if not name:
            continue
        requester = configuration.requesters.get(name)
        if requester is None:
            what = f"there is no requester '{name}'"
            file = f"requesters/{name}.yaml"
            remedy = near(name, configuration.requesters, f"add {file}")
            yield document.problem(("pages", door), what, remedy, f"{configuration.root.name}/{file}")
        elif lacking := [one for one in needed if one not in requester.scopes]:
            what = f"'{name}' lacks {', '.join(lacking)}: the pages at /{door} could show nothing"
            yield document.problem(("pages", door), what, f"add to 'scopes' in requesters/{name}.yaml")
    if configuration.gateway.profile == "production":
        yield from _production(configuration)


def _production(configuration: Configuration) -> Iterator[Problem]:
    settings, document = configuration.gateway.pages, configuration.documents["gateway.yaml"]
    for name in ("personas", "people", "objects", "walks"):
        if getattr(settings, name):
            what = f"'{name}' are invented"
            yield document.problem(("pages", name), what, "remove it: production has none")
    if settings.portal:
        what = "the demo portal at /portal is of the sandbox; real people file at real portals"
        yield document.problem(("pages", "portal"), what, "remove 'pages.portal'")
    has_staff = any(
        one.accounts == "staff" and one.enabled for one in configuration.identity_providers.values()
    )
    for door in _OF_STAFF:
        if getattr(settings, door) and not has_staff:
            what = f"no official can sign in, so that the pages at /{door} are off"
            remedy = f"add identity_providers/NAME.yaml with 'accounts: staff', or remove 'pages.{door}'"
            yield document.problem(("pages", door), what, remedy)

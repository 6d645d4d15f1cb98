"""Checks `config/portals`: addresses, doors, and the names of other files in them."""

from collections.abc import Iterator, Mapping

from gateway.config.configuration import Configuration
from gateway.config.gateway import is_http
from gateway.config.portals import PortalDoor, PortalSettings
from gateway.config.strict_yaml import Document
from gateway.domain.errors import Problem
from gateway.domain.faults import near
from gateway.mapping.load import Catalogue


def portal_faults(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    """Faults of the portals' settings, except those that only their adapters know."""
    doors: dict[str, str] = {}
    for name, settings in configuration.portals.items():
        document = configuration.documents[f"portals/{name}.yaml"]
        yield from _address(settings, document)
        if settings.mapping and settings.mapping not in catalogue.portals:
            file = f"mappings/portals/{settings.mapping}.yaml"
            remedy = near(settings.mapping, catalogue.portals, f"add {file}")
            yield document.problem(("mapping",), f"there is no usable {file}", remedy, file)
        if settings.mark == "sandbox" and configuration.gateway.profile == "production":
            what = "the interface of this portal is an invention of the sandbox"
            yield document.problem(("mark",), what, "remove the file, or write the real portal's")
        if settings.requester and settings.requester not in configuration.requesters:
            yield _unknown(
                "requesters", ("requester",), settings.requester, configuration.requesters, document
            )
        if settings.door is not None:
            yield from _door(settings.door, name, configuration, document)
            if not settings.door.pull_seconds:
                yield from _prefix(settings.door, name, doors, document)


def _address(settings: PortalSettings, document: Document) -> Iterator[Problem]:
    if settings.url and not is_http(settings.url):
        shown = "" if "@" in settings.url else f": '{settings.url}'"
        what = f"'url' is not an address as it must be{shown}"
        remedy = "write 'url: https://…' (http or https, with a host; no password, blank, '?' or '#')"
        yield document.problem(("url",), what, remedy)
    elif settings.takes and not settings.url:
        what = f"it takes {', '.join(settings.takes)}, and 'url' is missing"
        yield document.problem(("takes",), what, "write 'url: https://…', or take out 'takes'")


def _door(door: PortalDoor, name: str, configuration: Configuration, document: Document) -> Iterator[Problem]:
    yield from _letting_in(door, configuration, document)
    if door.asks and door.asks not in configuration.portals:
        yield _unknown("portals", ("door", "asks"), door.asks, configuration.portals, document)
    if door.forwards_to and door.forwards_to not in configuration.requesters:
        yield _unknown(
            "requesters", ("door", "forwards_to"), door.forwards_to, configuration.requesters, document
        )
    for index, portal in enumerate(door.pushes_to):
        if portal == name:
            what = f"'{portal}' would get back what it sends"
            yield document.problem(("door", "pushes_to", index), what, "name another portal, or take it out")
        elif portal not in configuration.portals:
            yield _unknown("portals", ("door", "pushes_to", index), portal, configuration.portals, document)


def _letting_in(door: PortalDoor, configuration: Configuration, document: Document) -> Iterator[Problem]:
    """What proves who calls."""
    if door.pull_seconds:
        return
    if door.callers == "portal" and door.secret is None and not door.allow and not door.certificate:
        what = "anybody may call this door"
        remedy = "write 'secret', 'certificate' or 'allow' (networks that the portal calls from)"
        yield document.problem(("door",), what, remedy)
    if door.callers == "requesters" and not door.allow and configuration.gateway.profile == "production":
        what = "its tokens are bound to nothing, and may be used from anywhere"
        yield document.problem(
            ("door", "allow"), what, "write 'allow': the networks of the provincial systems"
        )
    if door.secret_member and door.secret is None:
        what = "'secret_member' without a 'secret'"
        yield document.problem(("door", "secret_member"), what, "write 'secret' too, or take it out")
    if not door.prefix and door.callers == "portal":
        what = "without a 'prefix' it takes every path that is not the gateway's"
        yield document.problem(("door", "prefix"), what, "write 'prefix: /portal/NAME'")


def _unknown(
    folder: str, place: tuple[str | int, ...], word: str, words: Mapping[str, object], document: Document
) -> Problem:
    file = f"{folder}/{word}.yaml"
    what = f"there is no {folder.removesuffix('s')} '{word}'"
    return document.problem(place, what, near(word, words, f"add {file}"), f"config/{file}")


def _prefix(door: PortalDoor, name: str, doors: dict[str, str], document: Document) -> Iterator[Problem]:
    """Two doors must not share paths, nor may one take those of the API."""
    mine = door.prefix + "/"
    if not door.prefix:
        return
    for prefix, other in doors.items():
        if mine.startswith(prefix) or prefix.startswith(mine):
            what = f"the door of '{other}' has these paths: '{prefix.removesuffix('/')}'"
            yield document.problem(("door", "prefix"), what, f"write 'prefix: /portal/{name}'")
    if mine.startswith(_OURS) or mine == _DEMO:
        what = f"'{door.prefix}' begins paths of the gateway itself"
        yield document.problem(("door", "prefix"), what, f"write 'prefix: /portal/{name}'")
    doors[mine] = name


#: paths of the API, of its keys and pages
_OURS = (
    "/v1/", "/health/", "/log/", "/oauth2/", "/.well-known/", "/static/", "/files/", "/docs/", "/login/", "/me/",
    "/audit/", "/ops/", "/manual/", "/console/",
)  # fmt: skip
#: pages of the demo portal; doors have names below it
_DEMO = "/portal/"

"""Checks `config/identity_providers`, the `login` of requesters, and where deep links lead."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from gateway.config.access import RequesterSettings
from gateway.config.configuration import Configuration
from gateway.config.gateway import is_http
from gateway.config.identity import IdentityProviderSettings, LoginClientSettings
from gateway.config.strict_yaml import Document, Loc
from gateway.domain.errors import Problem
from gateway.domain.faults import near
from gateway.login.clients import CLAIMS
from gateway.mapping.load import Catalogue

_LEVELS = range(1, 4)
_ADDRESSES = (
    "initiate_login_uri", "backchannel_logout_uri", "frontchannel_logout_uri",
)  # fmt: skip


def identity_provider_faults(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    """Faults of the providers' settings, except those that only their adapters know."""
    yield from _own_address(configuration)
    issuers: dict[str, str] = {}
    for name, settings in configuration.identity_providers.items():
        document = configuration.documents[f"identity_providers/{name}.yaml"]
        yield from _provider_addresses(settings, document, configuration)
        yield from _provider_mapping(settings, document, catalogue)
        if settings.mark == "sandbox" and configuration.gateway.profile == "production":
            what = "this provider is simulated: anybody can sign in there as anybody"
            yield document.problem(("mark",), what, "remove the file, or write the real provider's")
        if "openid" not in settings.scope.split():
            what = "'scope' has no 'openid': there would be no ID token"
            yield document.problem(("scope",), what, "add 'openid'")
        if settings.issuer in issuers:
            what = f"'{issuers[settings.issuer]}' has this issuer already: an answer would fit both"
            yield document.problem(("issuer",), what, "write each provider once")
        issuers.setdefault(settings.issuer, name)
        for word, level in settings.levels.items():
            if level not in _LEVELS:
                what = f"'levels.{word}' is {level}: there are levels 1 to 3 (NĐ 69/2024)"
                yield document.problem(("levels", word), what, "write 1, 2 or 3; leave out words of no level")


def _provider_mapping(
    settings: IdentityProviderSettings, document: Document, catalogue: Catalogue
) -> Iterator[Problem]:
    """It exists, and reads roles where the accounts are those of officials, and only there."""
    if settings.mapping not in catalogue.logins:
        file = f"mappings/logins/{settings.mapping}.yaml"
        remedy = near(settings.mapping, catalogue.logins, f"add {file}")
        yield document.problem(("mapping",), f"there is no usable {file}", remedy, file)
    elif (settings.accounts == "staff") != (catalogue.logins[settings.mapping].mapping.roles is not None):
        is_staff = settings.accounts == "staff"
        file = f"mappings/logins/{settings.mapping}.yaml"
        what = f"its accounts are those of {settings.accounts}, and {file} reads {'no ' if is_staff else ''}roles"
        remedy = "add 'roles' there" if is_staff else "write 'accounts: staff', or another mapping"
        yield document.problem(("accounts",) if is_staff else ("mapping",), what, remedy, file)


def _own_address(configuration: Configuration) -> Iterator[Problem]:
    """People's sessions are cookies: they are bound to one host and to https (`__Host-`)."""
    gateway, document = configuration.gateway, configuration.documents["gateway.yaml"]
    if gateway.profile != "production" or not any(
        one.enabled for one in configuration.identity_providers.values()
    ):
        return
    if gateway.issuer.startswith("http:"):
        what = "people sign in here, and 'issuer' is not https: their sessions could be stolen on the way"
        yield document.problem(("issuer",), what, "write 'issuer: https://…'")


def _provider_addresses(
    settings: IdentityProviderSettings, document: Document, configuration: Configuration
) -> Iterator[Problem]:
    written = settings.endpoints.model_dump()
    places: dict[Loc, str] = {("endpoints", name): url for name, url in written.items() if url}
    for place, url in {("issuer",): settings.issuer, **places}.items():
        word = ".".join(map(str, place))
        if not is_http(url):
            what = f"'{word}' is not an address as it must be"
            remedy = "write 'https://…' (http or https, with a host; no password, blank, '?' or '#')"
            yield document.problem(place, what, remedy)
        elif configuration.gateway.profile == "production" and not url.startswith("https:"):
            what = f"'{word}' is not https: tokens and secrets would be readable on the way"
            yield document.problem(place, what, "write 'https://…'")


def login_client_faults(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    """Faults of `login` in requesters, and of the requester to which deep links lead."""
    for name, requester in configuration.requesters.items():
        if requester.login is not None:
            document = configuration.documents[f"requesters/{name}.yaml"]
            yield from _client_addresses(requester.login, document, configuration)
            yield from _client_words(requester.login, document, configuration, catalogue)
    yield from _deep_link_faults(configuration)


def _client_addresses(
    login: LoginClientSettings, document: Document, configuration: Configuration
) -> Iterator[Problem]:
    places: dict[Loc, str | None] = {(word,): getattr(login, word) for word in _ADDRESSES}
    for word in ("redirect_uris", "post_logout_redirect_uris"):
        places |= {(word, index): url for index, url in enumerate(getattr(login, word))}
    for place, url in places.items():
        if url is None:
            continue
        at: Loc = ("login", *place)
        if "*" in url or not _has_host(url):
            what = f"'{place[0]}' is compared sign by sign: it is one whole address, without '*'"
            yield document.problem(at, what, "write each address wholly")
        elif not url.startswith("https:") and not _may_be_plain(url, configuration):
            what = f"'{place[0]}' is not https: codes and names would be readable on the way"
            yield document.problem(
                at, what, "write 'https://…'; plain http is for the sandbox and this machine"
            )


def _client_words(
    login: LoginClientSettings, document: Document, configuration: Configuration, catalogue: Catalogue
) -> Iterator[Problem]:
    kinds, providers = "mappings/representations", f"{configuration.root.name}/identity_providers"
    known: dict[str, tuple[Mapping[str, object], str, str]] = {
        "claims": (dict.fromkeys(CLAIMS), f"use some of {', '.join(CLAIMS)}", ""),
        "mandates": (catalogue.representations, f"name files of {kinds}, without .yaml", kinds),
        "providers": (
            {n: one for n, one in configuration.identity_providers.items() if one.accounts != "staff"},
            f"name files of {providers}, without .yaml",
            providers,
        ),
    }
    for word, (names, remedy, folder) in known.items():
        for index, one in enumerate(getattr(login, word)):
            if one not in names:
                what = f"there is no '{one}' for '{word}'"
                file = (f"{folder}/{one}.yaml",) if folder else ()
                yield document.problem(("login", word, index), what, near(one, names, remedy), *file)
    known_providers = {
        name: one for name, one in configuration.identity_providers.items() if one.accounts != "staff"
    }
    taken = [
        one
        for name, one in known_providers.items()
        if one.enabled and (not login.providers or name in login.providers)
    ]
    if not set(login.providers) <= known_providers.keys():
        return
    if not taken:
        what = "people cannot sign in: no identity provider is enabled for this system"
        yield document.problem(
            ("login",), what, "add config/identity_providers/NAME.yaml, or take out 'login'"
        )
    elif login.level > max((level for one in taken for level in one.levels.values()), default=0):
        what = f"no identity provider of this system has the level {login.level}"
        yield document.problem(
            ("login", "level"), what, "write a lower one, or the words of it in 'levels' there"
        )


def _deep_link_faults(configuration: Configuration) -> Iterator[Problem]:
    document, settings = configuration.documents["gateway.yaml"], configuration.gateway.logins
    for word, provider in settings.deep_links.items():
        found = configuration.identity_providers.get(provider)
        if found is not None and found.accounts == "staff":
            what = f"'{provider}' has accounts of officials only, and a deep link brings citizens"
            yield document.problem(("logins", "deep_links", word), what, "name a provider of people")
        if found is None:
            what = f"there is no identity provider '{provider}'"
            remedy = near(
                provider, configuration.identity_providers, f"add identity_providers/{provider}.yaml"
            )
            yield document.problem(("logins", "deep_links", word), what, remedy)
    name = settings.deep_link_client
    requester: RequesterSettings | None = configuration.requesters.get(name)
    if name and (requester is None or requester.login is None):
        clients = {one: r for one, r in configuration.requesters.items() if r.login is not None}
        what = f"there is no requester '{name}' with a 'login'"
        remedy = near(name, clients, f"add 'login:' to requesters/{name}.yaml")
        yield document.problem(("logins", "deep_link_client"), what, remedy)
    elif requester is not None and requester.login is not None and requester.login.initiate_login_uri is None:
        what = f"'{name}' has no 'login.initiate_login_uri': a deep link would lead nowhere"
        yield document.problem(("logins", "deep_link_client"), what, f"write it in requesters/{name}.yaml")


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _may_be_plain(url: str, configuration: Configuration) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:
        is_here = host == "localhost"
    return is_here or configuration.gateway.profile == "sandbox"

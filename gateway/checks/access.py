"""Faults of access settings: keys, certificates, proxies and TLS that cannot work."""

from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_network

from gateway.access.certificates import certificates_in, pinned
from gateway.access.requesters import key_of
from gateway.api.tls import server_context
from gateway.config.access import RequesterSettings
from gateway.config.configuration import Configuration
from gateway.config.strict_yaml import Document, Loc
from gateway.config.values import Secret
from gateway.domain.errors import ConfigError, Problem
from gateway.exchange_log.key_files import key_from_text
from gateway.login.id_token_signing import check_bundle


def access_faults(configuration: Configuration) -> Iterator[Problem]:
    """Faults of `access` and `api.tls` in gateway.yaml."""
    document, gateway = configuration.documents["gateway.yaml"], configuration.gateway
    yield from _keys(configuration, document)
    yield from _login_keys(configuration, document)
    proxy, tls, root = gateway.access.proxy, gateway.api.tls, configuration.root
    if proxy is not None:
        yield from _proxy(configuration, document)
    for place, one in ((("access", "proxy"), proxy), (("api", "tls"), tls)):
        path = one.client_ca if one is not None else None
        if path is not None:
            yield from _tried(document, (*place, "client_ca"), partial(certificates_in, root / path))
    if tls is not None:
        yield from _tried(document, ("api", "tls"), partial(server_context, tls, root, ()))


def proof_faults(
    configuration: Configuration, requester: RequesterSettings, document: Document
) -> Iterator[Problem]:
    """Faults of a requester's credentials."""
    root, seen = configuration.root, set()
    if requester.client_secret is not None:
        try:
            requester.client_secret.reveal()
        except ConfigError as error:
            first = error.problems[0]
            yield document.problem(("client_secret",), first.what, first.remedy)
    for at, key in enumerate(requester.keys):
        try:
            found = key_of(key, root).thumbprint
        except ConfigError as error:
            yield document.problem(("keys", at), error.problems[0].what, error.problems[0].remedy)
            continue
        if found in seen:
            yield document.problem(("keys", at), "a key is written twice", "keep one of the two")
        seen.add(found)
    if requester.certificate is not None:
        yield from _certificate(configuration, requester, document)


def _certificate(
    configuration: Configuration, requester: RequesterSettings, document: Document
) -> Iterator[Problem]:
    gateway, place, one = configuration.gateway, ("certificate",), requester.certificate
    assert one is not None
    yield from _tried(document, place, partial(pinned, one, configuration.root))
    ways = [way for way in (gateway.api.tls, gateway.access.proxy) if way is not None]
    rests_on = f"{configuration.root.name}/gateway.yaml"
    if not ways:
        what = "a certificate never reaches the gateway: neither 'api.tls' nor 'access.proxy' is set"
        yield document.problem(
            place, what, "set one of them in gateway.yaml, or give the requester keys", rests_on
        )
    elif not one.is_pinned and not any(way.client_ca for way in ways):
        what = "no authority is configured that could have issued the certificate"
        yield document.problem(place, what, "set 'client_ca' beside it in gateway.yaml", rests_on)
    elif one.thumbprint is not None and gateway.access.proxy is None:
        what = "of the certificate only the thumbprint is known, and the handshake needs all of it"
        yield document.problem(place, what, "give 'file' instead of 'thumbprint'", rests_on)


def _keys(configuration: Configuration, document: Document) -> Iterator[Problem]:
    access = configuration.gateway.access
    for name in ("signing_key", "next_signing_key", "former_signing_key"):
        secret: Secret | None = getattr(access, name)
        if secret is None:
            continue
        yield from _tried(document, ("access", name), partial(_key, secret, name))
        if access.signing_key is None:
            what = f"'access.{name}' without 'signing_key'"
            yield document.problem(("access", name), what, "give 'signing_key' as well, or leave both out")


def _login_keys(configuration: Configuration, document: Document) -> Iterator[Problem]:
    settings, place = configuration.gateway.access.login, ("access", "login")
    if settings.subject_key is not None:
        yield from _tried(
            document, (*place, "subject_key"), partial(_key, settings.subject_key, "subject_key")
        )
    used = {one.login.id_token_alg for one in configuration.requesters.values() if one.login is not None}
    for name in ("signing_key", "next_signing_key", "former_signing_key"):
        secret: Secret | None = getattr(settings, name)
        if secret is None:
            continue
        if settings.signing_key is None:
            what = f"'access.login.{name}' without 'signing_key'"
            yield document.problem((*place, name), what, "give 'signing_key' as well, or leave both out")
        yield from _tried(document, (*place, name), partial(check_bundle, secret, used))


def _key(secret: Secret, name: str) -> bytes:
    return key_from_text(secret.reveal(), name)


def _proxy(configuration: Configuration, document: Document) -> Iterator[Problem]:
    proxy = configuration.gateway.access.proxy
    assert proxy is not None
    place = ("access", "proxy")
    if not proxy.addresses:
        yield document.problem(
            place, "'addresses' is empty: no proxy may connect", "name the proxy's address"
        )
    for address in proxy.addresses:
        try:
            ip_network(address)
        except ValueError:
            what = f"'{address}' is neither an address nor a network"
            yield document.problem((*place, "addresses"), what, "write 10.0.0.7 or 10.0.0.0/28")
    yield from _tried(document, (*place, "secret"), proxy.secret.reveal)


def _tried(document: Document, place: Loc, work: Callable[[], object]) -> Iterator[Problem]:
    try:
        work()
    except ConfigError as error:
        first = error.problems[0]
        yield document.problem(place, f"'{'.'.join(map(str, place))}': {first.what}", first.remedy)

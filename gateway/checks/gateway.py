"""Checks `config/gateway.yaml`: stores, keys and times that cannot work together."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from gateway.config.configuration import Configuration
from gateway.config.gateway import is_http
from gateway.config.values import SecretKey
from gateway.documents.keys import former_in
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import near
from gateway.exchange_log.key_files import key_from_text
from gateway.mapping.load import Catalogue
from gateway.registry import STORES, resolve

#: C2SP signed-note, key names
_ORIGIN = re.compile(r"[^\s+\x00-\x1f]+")


def gateway_faults(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    """Faults of the gateway's own settings."""
    yield from _stores(configuration)
    yield from _log(configuration)
    yield from _time_stamps(configuration)
    yield from _documents(configuration)
    document, gateway = configuration.documents["gateway.yaml"], configuration.gateway
    if gateway.prefill.deadline_ms > gateway.prefill.max_deadline_ms:
        what = "'prefill.deadline_ms' is above 'max_deadline_ms'"
        yield document.problem(
            ("prefill", "deadline_ms"), what, "write a shorter deadline, or raise the longest"
        )
    if gateway.prefill.late_ms < gateway.prefill.max_deadline_ms:
        what = "'prefill.late_ms' is below 'max_deadline_ms', so no request would be given its deadline"
        yield document.problem(("prefill", "late_ms"), what, "write at least the longest deadline")
    yield from _listeners(configuration)
    if gateway.province not in catalogue.codes.provinces:
        what = f"there is no province '{gateway.province}'"
        file = "mappings/codes/provinces_2025.yaml"
        yield document.problem(("province",), what, f"write a code of {file}", file)
    if gateway.issuer and not is_http(gateway.issuer):
        what = f"'issuer: {gateway.issuer}' is not an address"
        yield document.problem(("issuer",), what, "write 'issuer: https://…', or leave it out")


def _listeners(configuration: Configuration) -> Iterator[Problem]:
    """Two listeners cannot share a port."""
    taken: dict[int, str] = {}
    for name in ("api", "admin", "sandbox"):
        port = getattr(configuration.gateway, name).port
        if port and port in taken:
            what = f"'{name}.port' is {port}, as '{taken[port]}.port' is"
            remedy = "give each listener a port of its own, or 0"
            yield configuration.documents["gateway.yaml"].problem((name, "port"), what, remedy)
        taken.setdefault(port, name)


def _stores(configuration: Configuration) -> Iterator[Problem]:
    document = configuration.documents["gateway.yaml"]
    gateway = configuration.gateway
    for place, url, module in (
        (("log", "url"), gateway.log.url, "adapters.stores.opening"),
        (("cache_url",), gateway.cache_url, "adapters.stores.memory"),
    ):
        scheme = urlsplit(url).scheme
        known = [word for word, store in STORES.items() if store == module]
        if scheme not in known:
            what = f"'{'.'.join(place)}' has the unknown scheme '{scheme}'"
            otherwise = f"begin with one of {', '.join(f'{word}://' for word in known)}"
            yield document.problem(place, what, near(scheme, known, otherwise))
        elif scheme.startswith(("redis", "valkey", "postgres")) and not _has_host(url):
            what = f"'{'.'.join(place)}' names no host"
            yield document.problem(place, what, f"write '{scheme}://<host>:<port>/…'")
        elif scheme == "unix" and not urlsplit(url).path.strip("/"):
            what = f"'{'.'.join(place)}' names no socket"
            yield document.problem(place, what, "write 'unix:///run/valkey/valkey.sock', with three slashes")
        elif not _has_possible_port(url):
            what = f"'{'.'.join(place)}' has a port that is none"
            yield document.problem(
                place, what, f"write '{scheme}://<host>:<port>/…', the port from 1 to 65535"
            )


def _has_host(url: str) -> bool:
    """Whether it has a host, or a socket folder in its query (libpq: `?host=/run/postgresql`)."""
    parts = urlsplit(url)
    return bool(parts.hostname) or "host" in parse_qs(parts.query)


def _has_possible_port(url: str) -> bool:
    """Whether the port of an address is a number that a port can have, or there is none."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _log(configuration: Configuration) -> Iterator[Problem]:
    """The keys and the name of the log."""
    document, log = configuration.documents["gateway.yaml"], configuration.gateway.log
    if not _ORIGIN.fullmatch(log.origin):
        what = f"'origin: {log.origin}' cannot be in a signature"
        yield document.problem(("log", "origin"), what, "leave out spaces and plus signs")
    for name in ("root_key", "former_root_key", "signing_key", "former_signing_key"):
        key: SecretKey | None = getattr(log, name)
        try:
            if key is not None:
                _try(key, name)
        except ConfigError as error:
            fault = error.problems[0]
            what = f"'log.{name}': {fault.what}"
            yield document.problem(("log", name), what, fault.remedy)


def _documents(configuration: Configuration) -> Iterator[Problem]:
    """The key that signs documents, and previous ones."""
    document, settings = configuration.documents["gateway.yaml"], configuration.gateway.documents
    try:
        name = "signing_key"
        if settings.signing_key is not None:
            _try(settings.signing_key, name)
        name = "former_keys"
        if settings.former_keys is not None:
            former_in(configuration.root / settings.former_keys)
    except ConfigError as error:
        fault = error.problems[0]
        yield document.problem(("documents", name), f"'documents.{name}': {fault.what}", fault.remedy)


def _try(key: SecretKey, name: str) -> None:
    """Raises ConfigError for an unusable key; key services are not called."""
    if key.held_by is None:
        key_from_text(key.reveal(), name)
        return
    resolve(key.held_by.adapter, "open_root" if "root" in name else "open_signer")
    if not is_http(key.held_by.url):
        raise ConfigError(
            [Problem("config/gateway.yaml", 0, "the holder's address is none", "write 'url: https://…'")]
        )
    if key.held_by.token is not None:
        key.held_by.token.reveal()


def _time_stamps(configuration: Configuration) -> Iterator[Problem]:
    """The time stamp client is an extra. Other faults of anchors: gateway/anchors/faults.py."""
    if not configuration.gateway.log.anchors.tsa:
        return
    try:
        resolve("adapters.anchors.tsa", "open_tsa")
    except ConfigError as error:
        what = f"time stamps need a package that is not installed: {error.problems[0].what}"
        document = configuration.documents["gateway.yaml"]
        yield document.problem(("log", "anchors", "tsa"), what, "pip install 'motlan[tsa]'")

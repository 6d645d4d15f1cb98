"""Faults of `log.anchors` in gateway.yaml, with file, line and remedy."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.x509 import load_pem_x509_certificates

from gateway.config.configuration import Configuration
from gateway.config.strict_yaml import Document
from gateway.domain.errors import Problem
from gateway.exchange_log.note import COSIGNATURE, NoteBroken, NoteVerifier

_PLACE = ("log", "anchors")


def anchor_faults(configuration: Configuration, root: Path) -> list[Problem]:
    """All faults; `root`: the data root, for certificates."""
    document = configuration.documents["gateway.yaml"]
    return [
        *_addresses(configuration, document),
        *_certificates(configuration, document, root),
        *_witnesses(configuration, document),
        *_names(configuration, document),
        *_times(configuration, document),
    ]


def witness_name(vkey: str) -> str:
    """The name in a witness's key."""
    return vkey.partition("+")[0]


def _addresses(configuration: Configuration, document: Document) -> Iterator[Problem]:
    anchors = configuration.gateway.log.anchors
    listed = [(("tsa", at, "url"), one.url) for at, one in enumerate(anchors.tsa)]
    listed += [(("witnesses", at, "url"), one.url) for at, one in enumerate(anchors.witnesses)]
    for place, url in listed:
        if not _is_address(url):
            what = f"'url' of an anchor is not an address: '{url}'"
            yield document.problem((*_PLACE, *place), what, "write 'url: https://…'")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return known and parts.username is None and not parts.query and not parts.fragment


def _certificates(configuration: Configuration, document: Document, root: Path) -> Iterator[Problem]:
    for at, one in enumerate(configuration.gateway.log.anchors.tsa):
        place = (*_PLACE, "tsa", at, "ca")
        try:
            load_pem_x509_certificates((root / one.ca).read_bytes())
        except OSError:
            what = f"'ca' of the authority '{one.name}' cannot be read: '{one.ca}'"
            yield document.problem(place, what, "name a PEM file below the data root")
        except ValueError:
            what = f"'ca' of the authority '{one.name}' holds no certificate"
            yield document.problem(place, what, "put its root certificate there, as PEM")


def _witnesses(configuration: Configuration, document: Document) -> Iterator[Problem]:
    for at, one in enumerate(configuration.gateway.log.anchors.witnesses):
        place, remedy = (*_PLACE, "witnesses", at, "vkey"), "copy what `motlan witness` prints at its start"
        try:
            kind = NoteVerifier.parse(one.vkey).kind
        except NoteBroken as error:
            yield document.problem(place, f"'vkey' of a witness cannot be used: {error}", remedy)
            continue
        if kind != COSIGNATURE:
            yield document.problem(place, "'vkey' of a witness is the key of a log", remedy)


def _names(configuration: Configuration, document: Document) -> Iterator[Problem]:
    anchors = configuration.gateway.log.anchors
    seen = {"daily"}
    listed = [(("tsa", at, "name"), one.name) for at, one in enumerate(anchors.tsa)]
    listed += [
        (("witnesses", at, "vkey"), witness_name(one.vkey)) for at, one in enumerate(anchors.witnesses)
    ]
    for place, name in listed:
        if name in seen:
            yield document.problem(
                (*_PLACE, *place), f"two anchors are called '{name}'", "give each its own name"
            )
        seen.add(name)


def _times(configuration: Configuration, document: Document) -> Iterator[Problem]:
    anchors = configuration.gateway.log.anchors
    if anchors.grace_seconds <= anchors.every_seconds:
        what = f"'grace_seconds' ({anchors.grace_seconds:g}) is not longer than 'every_seconds'"
        yield document.problem(
            (*_PLACE, "grace_seconds"),
            what,
            "prefill would be refused between two time stamps: make it longer",
        )

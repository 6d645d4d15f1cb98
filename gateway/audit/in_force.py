"""The configuration in force: its digest is in every record, the digests of its parts in a record of its own.

With a copy of `config/`, `mappings/` and `schemas/` an auditor computes the digests again and so knows the rules of
an exchange (`motlan check-config --json` prints them). Public keys and certificates of requesters are included
with the file that names them. Secrets are not: auditors have none, and weak ones could be guessed from a digest.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import orjson

from gateway import VERSION
from gateway.config.configuration import Configuration
from gateway.domain.errors import LogUnavailable
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import new_exchange_id
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.telemetry import log

#: part -> beginning of the names of its files below `config/`
_PARTS: Mapping[str, str] = {
    "settings": "gateway.yaml",
    "agencies": "agencies.yaml",
    "communes": "communes.yaml",
    "purposes": "purposes.yaml",
    "refusal_grounds": "refusal_grounds.yaml",
    "published_scopes": "published_scopes.yaml",
    "consents": "consents.yaml",
    "holidays": "holidays.yaml",
    "agreements": "agreements/",
    "requesters": "requesters/",
    "sources": "sources/",
    "portals": "portals/",
}
_FOLDERS = ("mappings", "schemas")
_RETRY_SECONDS = 1.0


class InForce(NamedTuple):
    """SHA-256 of every part and of all parts together, hexadecimal."""

    digest: str
    parts: Mapping[str, str]


def in_force(configuration: Configuration, root: Path) -> InForce:
    """The digests of a configuration (with overrides) and of the files below `root`."""
    known = {name: one.data for name, one in configuration.documents.items()}
    for name, path in _public(configuration):
        with contextlib.suppress(OSError):  # `check-config` reports it
            known[f"{name}:{path}"] = _hashed(configuration.root / path)
    parts = {
        part: _digest({name: one for name, one in known.items() if name.startswith(beginning)})
        for part, beginning in _PARTS.items()
    }
    parts |= {folder: _digest(_files(root / folder)) for folder in _FOLDERS}
    return InForce(_digest(parts), parts)


async def announce(
    recorder: Recorder, what: InForce, event: Literal["start", "reload"], before: InForce | None = None
) -> None:
    """Record the configuration in force and the one `before` a reload; retries until the log can be written."""
    former = {"before": before.digest} if before is not None else {}
    about, notes = RecordHeader(new_exchange_id()), {"gateway": VERSION, **former, **what.parts}
    while True:
        try:
            await recorder.write(about, Phase.CONFIGURATION, event, notes=notes, configuration=what.digest)
        except LogUnavailable:
            log().warning("audit.configuration_not_recorded", retry_in=_RETRY_SECONDS)
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return


def _public(configuration: Configuration) -> Iterator[tuple[str, Path]]:
    """Keys and certificates of requesters, and their authorities, with the file that names each."""
    for name, one in configuration.requesters.items():
        proofs = [key.file for key in one.keys] + [
            one.certificate.file if one.certificate is not None else None
        ]
        yield from ((f"requesters/{name}.yaml", path) for path in proofs if path is not None)
    gateway = configuration.gateway
    for listener in (gateway.api.tls, gateway.access.proxy):
        if listener is not None and listener.client_ca is not None:
            yield "gateway.yaml", listener.client_ca


def _hashed(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): _hashed(path) for path in folder.rglob("*") if path.is_file()
    }


def _digest(value: object) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()

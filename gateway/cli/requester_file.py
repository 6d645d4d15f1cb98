"""The file of a new requester: made of what was given, held against the rest of the configuration, then kept or not."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.access.certificates import certificates_in
from gateway.checks.requesters import requester_faults
from gateway.config.configuration import load
from gateway.domain.errors import ConfigError
from gateway.exchange_log.durable import SHARED, create_file
from gateway.jose import jwk
from gateway.jose.jws import JoseBroken, json_object

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_CERTIFICATES = "certificates"
_WAYS = ("key_out", "public_key", "certificate", "subject", "san_dns")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequester:
    """A requester as the command line says it."""

    name: str
    scopes: tuple[str, ...]
    agreements: tuple[str, ...]
    agency: str
    title: str | None
    client_id: str | None
    key_out: Path | None
    public_key: Path | None
    certificate: Path | None
    subject: str | None
    san_dns: str | None
    #: whether its tokens need a proof; None: those of a key do, a certificate binds them itself
    dpop: bool | None


def added(folder: Path, wanted: NewRequester, overrides: Mapping[str, str]) -> Path:
    """The file, once it stands and fits; UsageError or ConfigError, and nothing is left behind, when it does not.

    `overrides`: values of the rest of the configuration, as `--set` gives them.
    """
    path = folder / "requesters" / f"{wanted.name}.yaml"
    _check(path, wanted)
    made: list[Path] = []
    try:
        document = _document(folder, wanted, made)
        _create(path, _text(document).encode(), made)
        _hold(folder, path, overrides)
    except BaseException:
        for one in made:
            one.unlink(missing_ok=True)
        with suppress(OSError):  # it was there, or others are in it
            (folder / _CERTIFICATES).rmdir()
        raise
    return path


def misplaced(key: Path, folder: Path) -> str:
    """Why a private key should not stay where it was written; blank where nothing speaks against it."""
    if key.is_relative_to(folder):
        where = f"the folder of the configuration ({folder}), which is copied to every gateway"
    elif tree := next((one for one in key.parents if (one / ".git").exists()), None):
        where = f"a git work tree ({tree}), and the next commit may publish it"
    else:
        return ""
    return f"the private key {key} is in {where}: move it out, to the requester"


def _check(path: Path, wanted: NewRequester) -> None:
    if not _NAME.fullmatch(wanted.name):
        raise click.UsageError(
            f"'{wanted.name}' is no name: write small letters, digits and _, a letter first"
        )
    if sum(getattr(wanted, way) is not None for way in _WAYS) != 1:
        raise click.UsageError(
            "say how it proves itself, in one way: --key-out, --public-key, --certificate, …"
        )
    if path.exists():
        raise click.UsageError(f"{path} is there already: choose another name, or change that file")
    if wanted.key_out is not None and wanted.key_out.exists():
        raise click.UsageError(
            f"{wanted.key_out} is there already: a key is never overwritten, name another file"
        )


def _document(folder: Path, wanted: NewRequester, made: list[Path]) -> dict[str, Any]:
    title = wanted.title or wanted.name
    document: dict[str, Any] = {
        "requester": wanted.name,
        "title": {"vi": title, "en": title},
        "agency": wanted.agency,
        "client_id": wanted.client_id or wanted.name,
    }
    if wanted.key_out is not None:
        document["keys"] = [_new_key(wanted.key_out, made)]
    elif wanted.public_key is not None:
        document["keys"] = [_given_key(wanted.public_key)]
    else:
        document["certificate"] = _certificate(folder, wanted, made)
    if "keys" in document if wanted.dpop is None else wanted.dpop:
        document["dpop"] = "required"
    document |= {"scopes": list(wanted.scopes), "agreements": list(wanted.agreements)}
    return document


def _new_key(path: Path, made: list[Path]) -> dict[str, str]:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _create(path, pem, made)
    return _written(jwk.of(key.public_key()))


def _given_key(path: Path) -> dict[str, str]:
    raw = path.read_bytes()
    try:
        found = jwk.from_jwk(json_object(raw)) if raw.lstrip().startswith(b"{") else jwk.from_pem(raw)
    except JoseBroken as error:
        raise click.UsageError(f"--public-key {path}: {error}") from None
    return _written(found)


def _written(key: jwk.PublicKey) -> dict[str, str]:
    return {**jwk.jwk_of(key.key), "kid": key.kid}


def _certificate(folder: Path, wanted: NewRequester, made: list[Path]) -> dict[str, str]:
    if wanted.certificate is None:
        return {"subject": wanted.subject} if wanted.subject else {"san_dns": wanted.san_dns or ""}
    pem = certificates_in(wanted.certificate)[0].public_bytes(Encoding.PEM)
    place = f"{_CERTIFICATES}/{wanted.name}.pem"
    _create(folder / place, pem, made, mode=SHARED)
    return {"file": place}


def _create(path: Path, content: bytes, made: list[Path], mode: int = 0o600) -> None:
    if path.exists():
        raise click.UsageError(f"{path} is there already")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        create_file(path, content, SHARED if path.suffix == ".yaml" else mode)
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written ({error.strerror})") from None
    made.append(path)


def _text(document: dict[str, Any]) -> str:
    """YAML that says the same as the JSON of each member: quoted texts, flow lists and mappings."""
    return "".join(f"{name}: {_flow(value)}\n" for name, value in document.items())


def _flow(value: Any) -> str:  # noqa: ANN401 -- JSON
    match value:
        case dict():
            return "{" + ", ".join(f"{name}: {_flow(one)}" for name, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case _:
            return orjson.dumps(value).decode()


def _hold(folder: Path, path: Path, overrides: Mapping[str, str]) -> None:
    """ConfigError or UsageError when the new file does not fit the others."""
    shown, configuration = f"{folder.name}/requesters/{path.name}", load(folder, overrides)
    client_id = configuration.requesters[path.stem].client_id
    for name, one in configuration.requesters.items():
        if one.client_id == client_id and name != path.stem:
            raise click.UsageError(f"client_id '{client_id}' is already taken by requester '{name}'")
    if faults := [one for one in requester_faults(configuration) if one.file == shown]:
        raise ConfigError(faults)

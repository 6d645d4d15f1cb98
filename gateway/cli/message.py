"""`motlan verify-message`: whether a kept message was signed by this key, and which record says so. Offline."""

import base64
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson

from gateway.cli.options import JSON, QUIET, Voice
from gateway.jose import jwk
from gateway.jose.jws import JoseBroken
from gateway.messages.digest import check_digest
from gateway.messages.faults import SignatureBroken
from gateway.messages.kept import read_kept
from gateway.messages.message import Message
from gateway.messages.verify import Signed, verified

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("verify-message")
@click.argument("message", type=_FILE)
@click.option(
    "--key", "keys", type=_FILE, multiple=True, required=True, help="PEM, JWK, or JWK set (/oauth2/jwks)."
)
@click.option("--request", type=_FILE, help="The request that an answer is to.")
@click.option(
    "--origin", default="", help="Scheme and host of the request; default: https and its field Host."
)
@click.option("--log", "export", type=_FILE, help="Export of a log that must have a record of this message.")
@JSON
@QUIET
def verify_message(
    *,
    message: Path,
    keys: tuple[Path, ...],
    request: Path | None,
    origin: str,
    export: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Verify the signature of a message (RFC 9421) that somebody kept as it was sent: start line, fields, body.

    With --log, look for the record that keeps this signature; whether the file itself is genuine says verify-log.
    Exit code 1 when the signature does not hold, or no record has it.

    \b
    Examples:
      motlan verify-message request.http --key harbour.pub.pem --log day.jsonl
      motlan verify-message answer.http --request request.http --key jwks.json
    """  # noqa: D301 -- \b is click's
    voice = Voice(as_json, quiet)
    known = [key for path in keys for key in _keys(path)]
    try:
        asked = _asked(request, origin) if request is not None else None
        kept = read_kept(message.read_bytes(), origin)
        signed = verified(kept.message, kept.body, known, asked)
    except SignatureBroken as broken:
        voice.say({"valid": False, "why": broken.detail}, f"KHÔNG HỢP LỆ / NOT VALID: {broken.detail}")
        return 1
    facts: dict[str, Any] = {
        "valid": True, "key": signed.key.thumbprint, "created": signed.created, "signature_base": signed.base_digest,
    }  # fmt: skip
    words = f"HỢP LỆ / VALID: signed by {signed.key.thumbprint} at {signed.created}"
    if export is not None:
        facts["records"] = list(_records(export, signed))
        words += "".join(
            f"\n  record {one['index']}: {one['exchange']} {one['time']}" for one in facts["records"]
        )
        words += "" if facts["records"] else "\n  KHÔNG CÓ BẢN GHI / NO RECORD of it in this export"
    voice.say(facts, words)
    return 0 if facts.get("records", True) else 1


def _asked(path: Path, origin: str) -> Message:
    """The request that an answer is to; SignatureBroken when its body is another than it says."""
    kept = read_kept(path.read_bytes(), origin)
    if "content-digest" in kept.message.fields:
        check_digest(kept.message.fields["content-digest"], kept.body)
    return kept.message


def _keys(path: Path) -> list[jwk.PublicKey]:
    raw = path.read_bytes()
    try:
        if raw.lstrip().startswith(b"-----"):
            return [jwk.from_pem(raw)]
        found = orjson.loads(raw)
        # RSA keys of a set sign ID tokens, and no message
        signing = [one for one in found.get("keys", ()) if one.get("kty") != "RSA"]
        return [jwk.from_jwk(one) for one in signing or found.get("keys", [found])]
    except (JoseBroken, orjson.JSONDecodeError, TypeError, KeyError, AttributeError) as error:
        why = str(error) if isinstance(error, JoseBroken) else "it is no PEM, JWK or JWK set"
        raise click.UsageError(f"--key {path.name}: {why}") from None


def _records(export: Path, signed: Signed) -> Iterator[dict[str, Any]]:
    """The records of an export that keep this signature of this message."""
    signature = base64.b64encode(signed.signature).decode()
    with export.open("rb") as plain:
        packed = plain.read(2) == b"\x1f\x8b"
    with gzip.open(export) if packed else export.open("rb") as lines:
        for line in lines:
            if signed.base_digest.encode() not in line:
                continue
            entry = orjson.loads(line)
            leaf = orjson.loads(entry["leaf"])
            notes = leaf["notes"]
            if (notes.get("signature_base"), notes.get("signature")) == (signed.base_digest, signature):
                yield {"index": entry["i"], **{name: leaf[name] for name in ("exchange", "phase", "time")}}

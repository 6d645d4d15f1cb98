"""Signed messages over HTTP (RFC 9421, RFC 9530): verifies signed requests, signs answers on request.

A request with an invalid signature is refused, and the refusal is recorded. Content-Digest is compared with the
body, signed or not. An answer's signature covers only verified parts of the request.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace

from gateway.api.bodies import read_bytes
from gateway.api.refusals import record_refusal
from gateway.api.request import NOBODY, Request
from gateway.api.response import Response
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, KeyUnavailable
from gateway.domain.problems import ProblemCode
from gateway.messages.digest import check_digest, sha256_in
from gateway.messages.faults import SignatureBroken
from gateway.messages.message import Message
from gateway.messages.sign import signature_fields, wanted
from gateway.messages.verify import AHEAD, OLDEST, Signed, fresh, verified
from gateway.telemetry import log

_RULE = "signature:invalid"
_DIGEST = "Content-Digest"
#: headers that must be verified if present
MESSAGE_FIELDS = ("Signature-Input", "Signature", _DIGEST)


async def check_message(request: Request, *, streamed: bool = False) -> None:
    """Verify a request with `MESSAGE_FIELDS`: its signature, or Content-Digest only.

    `streamed`: the body is not read here; the handler compares it with `streamed_digest`.

    Raises SignatureBroken, AccessUnavailable, BadRequest, faults of the body.
    """
    signed = "Signature-Input" in request.headers or "Signature" in request.headers
    limits = request.services.configuration.gateway.limits
    body: bytes | None = None if streamed else b""
    if request.can_read_body and not streamed:
        body = request.raw = await read_bytes(request, limits.body_bytes, limits.body_seconds)
    if not signed:
        if body is not None:
            check_body(request, body)
        return
    try:
        request.signed = await _verified(request, body)
    except SignatureBroken as broken:
        await record_refusal(request, broken.problem_code, _RULE)
        raise
    request.digested = _DIGEST in request.headers and not streamed


def streamed_digest(request: Request) -> bytes | None:
    """The SHA-256 that a streamed body must have, if the sender says one. Raises BadRequest."""
    if _DIGEST not in request.headers:
        return None
    try:
        return sha256_in(request.headers.getall(_DIGEST))
    except SignatureBroken as broken:
        raise BadRequest(broken.sentence, code=ProblemCode.DIGEST_INVALID) from None


def check_body(request: Request, body: bytes) -> None:
    """Raises BadRequest if the body differs from a sent Content-Digest."""
    if _DIGEST not in request.headers:
        return
    try:
        check_digest(request.headers.getall(_DIGEST), body)
    except SignatureBroken as broken:
        raise BadRequest(broken.sentence, code=ProblemCode.DIGEST_INVALID) from None
    request.digested = True


def proof_of(request: Request) -> Mapping[str, str]:
    """Notes of a signed request for its records: with the message and the public key they prove it."""
    signed = request.signed
    if signed is None:
        return {}
    return {
        "signature": base64.b64encode(signed.signature).decode(),
        "signature_base": signed.base_digest,
        "signature_key": signed.key.thumbprint,
    }


async def sign_response(request: Request, response: Response) -> None:
    """Sign a response on request; without the key it stays unsigned."""
    services, key = request.services, request.services.document_key
    asked = wanted(request.headers.getall("Accept-Signature", ()))
    if key is None or asked is None or request.requester is NOBODY:
        return
    fields = {name.lower(): [value] for name, value in response.headers.items()}
    shown = Message({"content-type": [response.content_type], **fields}, status=response.status)
    created = int(services.clock.now().timestamp())
    try:
        signed = await signature_fields(
            shown, response.body, _verified_part(request), asked, created, key.kid, key.algorithm, key.sign
        )
    except (KeyUnavailable, SignatureBroken):
        log().warning("http.answer.unsigned", exchange_id=request.exchange)
        return
    response.headers.update(signed)


async def _verified(request: Request, body: bytes | None) -> Signed:
    services = request.services
    known = services.requesters.named(request.requester.id)
    message = _message(request)
    signed = verified(message, body, known.keys if known is not None else ())
    now = services.clock.now().timestamp()
    fresh(signed, now)
    name = f"message\0{signed.key.thumbprint}\0{signed.nonce}".encode()
    if not await services.access.replays.first(hashlib.sha256(name).digest(), now + OLDEST + AHEAD):
        raise SignatureBroken(say.SIGNATURE_NONCE_TAKEN)
    return signed


def _verified_part(request: Request) -> Message:
    """The request without unverified headers: our signature must not cover them."""
    message = _message(request)
    unverified = {"content-digest": not request.digested, "signature": request.signed is None}
    fields = {name: values for name, values in message.fields.items() if not unverified.get(name)}
    return replace(message, fields=fields)


def _message(request: Request) -> Message:
    fields = {name.lower(): request.headers.getall(name) for name in request.headers}
    return Message(fields, request.method, request.issuer, request.raw_path)

"""Signed messages at the door (RFC 9421, RFC 9530): a request's signature is verified, an answer is signed on request.

A signature that does not hold refuses the request, and the refusal is a record.
"""

import base64
import hashlib
from collections.abc import Mapping

from aiohttp import web

from gateway.api.bodies import read_bytes
from gateway.api.context import EXCHANGE, RAW, REQUESTER, SERVICES, SIGNED
from gateway.api.credentials import issuer_of
from gateway.domain.dates import rfc3339
from gateway.domain.errors import KeyUnavailable
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.domain.identifiers import ExchangeId
from gateway.messages.faults import SignatureBroken
from gateway.messages.message import Message
from gateway.messages.sign import signature_fields, wanted
from gateway.messages.verify import AHEAD, OLDEST, Signed, fresh, verified
from gateway.telemetry import log

_RULE = "signature:invalid"


async def check_signature(request: web.Request) -> None:
    """Verify the signature of a request that has one. SignatureBroken, AccessUnavailable, faults of the body."""
    if "Signature-Input" not in request.headers and "Signature" not in request.headers:
        return
    limits = request.app[SERVICES].configuration.gateway.limits
    body = b""
    if request.can_read_body:
        body = request[RAW] = await read_bytes(request, limits.body_bytes, limits.body_seconds)
    try:
        request[SIGNED] = await _verified(request, body)
    except SignatureBroken as broken:
        await _note(request, broken)
        raise


def proof_of(request: web.Request) -> Mapping[str, str]:
    """What records keep of a signed request: who has the message and the public key proves it with them."""
    signed = request.get(SIGNED)
    if signed is None:
        return {}
    return {
        "signature": base64.b64encode(signed.signature).decode(),
        "signature_base": signed.base_digest,
        "signature_key": signed.key.thumbprint,
    }


async def sign_answer(request: web.Request, answer: web.StreamResponse) -> None:
    """Sign an answer to a requester who asks for it; a streamed one, or without the key, it leaves as it is."""
    services = request.app.get(SERVICES)
    asked = wanted(request.headers.getall("Accept-Signature", ()))
    if services is None or services.document_key is None or asked is None or REQUESTER not in request:
        return
    body = answer.body if isinstance(answer, web.Response) else None
    if not isinstance(body, bytes):
        return
    answer.headers["X-Exchange-Id"] = request[EXCHANGE]
    key = services.document_key
    fields = {name.lower(): answer.headers.getall(name) for name in answer.headers}
    shown = Message(fields, status=answer.status)
    created = int(services.clock.now().timestamp())
    try:
        signed = await signature_fields(
            shown, body, _message(request), asked, created, key.kid, key.algorithm, key.sign
        )
    except (KeyUnavailable, SignatureBroken):
        log().warning("http.answer.unsigned", exchange_id=request[EXCHANGE])
        return
    answer.headers.update(signed)


async def _verified(request: web.Request, body: bytes) -> Signed:
    services = request.app[SERVICES]
    known = services.requesters.named(request[REQUESTER].id)
    message = _message(request)
    signed = verified(message, body, known.keys if known is not None else ())
    now = services.clock.now().timestamp()
    fresh(message, signed, now)
    name = f"message\0{signed.key.thumbprint}\0{signed.nonce}".encode()
    if not await services.access.replays.first(hashlib.sha256(name).digest(), now + OLDEST + AHEAD):
        raise SignatureBroken("the nonce was shown before: sign a new one for each request")
    return signed


def _message(request: web.Request) -> Message:
    fields = {name.lower(): request.headers.getall(name) for name in request.headers}
    return Message(fields, request.method, issuer_of(request), request.raw_path)


async def _note(request: web.Request, broken: SignatureBroken) -> None:
    services, requester = request.app[SERVICES], request[REQUESTER]
    record = ExchangeRecord(
        exchange=ExchangeId(request[EXCHANGE]), phase=Phase.REFUSAL, time=rfc3339(services.clock.now()),
        requester=requester.id, agency=services.requesters.agency(requester), rules=(_RULE,),
        result=broken.problem_code,
    )  # fmt: skip
    await services.log.append(record)

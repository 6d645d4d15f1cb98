"""Signs an answer on Accept-Signature (RFC 9421, 5), bound to its request."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from gateway.messages.digest import content_digest
from gateway.messages.faults import SignatureBroken
from gateway.messages.message import Message, signature_base
from gateway.messages.structured import InnerList, Item, Params, dictionary, written
from gateway.messages.verify import ALGORITHMS

_LONGEST = 128
#: of a signature of our own requests
_LABEL = "motlan"
_OF_ANSWER = ("@status", "content-digest", "content-type", "x-exchange-id")
_OF_REQUEST = ("@method", "@target-uri")


def wanted(values: Sequence[str]) -> tuple[str, Params] | None:
    """Label and parameters (`nonce`, `tag`) of the requested signature; None if it cannot be made."""
    try:
        asked = dictionary(", ".join(values))
    except SignatureBroken:
        return None
    if len(asked) != 1:
        return None
    ((label, inner),) = asked.items()
    if not isinstance(inner, InnerList):
        return None
    kept = {name: inner.params.get(name) for name in ("nonce", "tag")}
    return label, {name: one for name, one in kept.items() if isinstance(one, str) and len(one) <= _LONGEST}


async def signature_fields(
    answer: Message, body: bytes, request: Message, asked: tuple[str, Params], created: int, key: str, algorithm: str,
    sign: Callable[[bytes], Awaitable[bytes]],
) -> Mapping[str, str]:  # fmt: skip
    """The headers Content-Digest, Signature-Input and Signature of an answer."""
    digest = content_digest(body)
    answer = Message({**answer.fields, "content-digest": [digest]}, status=answer.status)
    label, params = asked
    signed = InnerList(
        _covered(request), {"created": created, "keyid": key, "alg": ALGORITHMS[algorithm], **params}
    )
    signature = await sign(signature_base(signed, answer, request))
    return {
        "Content-Digest": digest,
        "Signature-Input": f"{label}={written(signed)}",
        "Signature": f"{label}={written(Item(signature, {}))}",
    }


class RequestProof(NamedTuple):
    """What is signed of a request that we send."""

    digest: str
    signed: InnerList
    #: what the key signs
    base: bytes

    def fields(self, signature: bytes) -> Mapping[str, str]:
        """The headers Content-Digest, Signature-Input and Signature."""
        return {
            "Content-Digest": self.digest,
            "Signature-Input": f"{_LABEL}={written(self.signed)}",
            "Signature": f"{_LABEL}={written(Item(signature, {}))}",
        }


def request_proof(
    request: Message, body: bytes, created: int, key: str, algorithm: str, nonce: str = ""
) -> RequestProof:
    """The proof of a request that we send, over all its headers; `algorithm` as RFC 9421 names it."""
    digest = content_digest(body)
    request = replace(request, fields={**request.fields, "content-digest": [digest]})
    covered = [Item(name, {}) for name in (*_OF_REQUEST, *sorted(request.fields))]
    params: Params = {"created": created, "keyid": key, "alg": algorithm}
    signed = InnerList(covered, {**params, "nonce": nonce} if nonce else params)
    return RequestProof(digest, signed, signature_base(signed, request, None))


async def request_fields(
    request: Message,
    body: bytes,
    created: int,
    key: str,
    algorithm: str,
    sign: Callable[[bytes], Awaitable[bytes]],
) -> Mapping[str, str]:
    """The headers of the proof, signed by a key that may be held elsewhere; `algorithm` is `EdDSA` or `ES256`."""
    proof = request_proof(request, body, created, key, ALGORITHMS[algorithm])
    return proof.fields(await sign(proof.base))


def _covered(request: Message) -> list[Item]:
    """Covered components: of the answer, and of its request (target, digest, signature)."""
    of_request = [Item(name, {"req": True}) for name in _OF_REQUEST]
    if "content-digest" in request.fields:
        of_request.append(Item("content-digest", {"req": True}))
    of_request += [Item("signature", {"req": True, "key": label}) for label in _labels(request)]
    return [*(Item(name, {}) for name in _OF_ANSWER), *of_request]


def _labels(request: Message) -> list[str]:
    try:
        return list(dictionary(", ".join(request.fields.get("signature", ()))))
    except SignatureBroken:
        return []

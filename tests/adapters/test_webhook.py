"""Pushes to a provincial system: signed, one item each, acknowledged by any success."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.portals.webhook import WebhookPortal, open_portal
from adapters.sandbox.signed_pushes import verdict
from gateway.documents.keys import DocumentKey
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import BadRequest, ConfigError, KeyUnavailable, PortalUnavailable
from gateway.exchange_log.embedded_keys import EmbeddedSigner
from gateway.messages.message import Message
from gateway.messages.sign import request_fields
from gateway.ports.relay import DeliveryOutcome, PortalAnswer
from tests.adapters.bus_peer import CODE, dossier, notice, portal_tools, progress, settings_of, soon
from tests.adapters.raw_peers import RawPeer, Say, answer, free_port, raw_peer, reset, saying

CONFIRMED, REFUSED = DeliveryOutcome.CONFIRMED, DeliveryOutcome.REFUSED
UNAVAILABLE, UNCONFIRMED = DeliveryOutcome.UNAVAILABLE, DeliveryOutcome.UNCONFIRMED
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


async def proof(method: str, address: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
    """Stands for the signature: over all that the receiver can see."""
    said = orjson.dumps([method, address, sorted(headers.items()), body.decode()])
    return {"Content-Digest": "sha-256=:x:", "Signature": hashlib.sha256(said).hexdigest()}


def settings(url: str, **more: Any) -> Any:
    takes = ["dossier", "progress", "status", "correction"]
    return settings_of(url, **{"takes": takes, "auth": {}, **more}).model_copy(
        update={"options": more.get("options", {}), "portal": "one_gate_hook"}
    )


@asynccontextmanager
async def pushing(say: Say, **more: Any) -> AsyncIterator[tuple[RawPeer, WebhookPortal]]:
    async with raw_peer(say) as peer:
        hook = open_portal(settings(peer.url, **more), None, portal_tools(sign=proof))
        try:
            yield peer, hook
        finally:
            await hook.close()


async def test_item_is_pushed_as_the_inbox_has_it_and_signed_as_it_is_sent() -> None:
    message = dossier()._replace(origin="national_portal", seq=17)
    async with pushing(saying(NO_CONTENT), options={"path": "/in"}) as (peer, hook):
        assert await hook.deliver(message, soon()) == PortalAnswer(CONFIRMED)
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    item = orjson.loads(body)
    assert {name: one for name, one in item.items() if name != "message"} == {
        "seq": 17, "delivery": "01D", "kind": "dossier", "origin": "national_portal", "code": CODE,
        "version": 1, "procedure": "1.001193",
    }  # fmt: skip
    assert item["message"] == message.body
    assert head.startswith(b"POST /base/in HTTP/1.1\r\n")
    assert b"X-Delivery-Id: 01D\r\n" in head
    seen = {"Content-Type": "application/json", "X-Delivery-Id": "01D"}
    expected = await proof("POST", f"{peer.url}/in", seen, body)
    assert f"Signature: {expected['Signature']}".encode() in head
    assert b"Content-Digest: sha-256=:x:" in head


async def test_signature_of_the_document_key_holds_for_what_arrives() -> None:
    key = DocumentKey(EmbeddedSigner(Ed25519PrivateKey.from_private_bytes(b"k" * 32)), held=False)

    async def sign(method: str, address: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        parts = urlsplit(address)
        fields = {name.lower(): [one] for name, one in headers.items()}
        request = Message(fields, method, f"{parts.scheme}://{parts.netloc}", parts.path)
        return await request_fields(request, body, 1_767_576_600, key.kid, key.algorithm, key.sign)

    async with raw_peer(saying(NO_CONTENT)) as peer:
        hook = open_portal(settings(peer.url, options={"path": "/in"}), None, portal_tools(sign=sign))
        assert await hook.deliver(dossier(), soon()) == PortalAnswer(CONFIRMED)
        await hook.close()
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    lines = [line.partition(": ") for line in head.decode().split("\r\n")[1:]]
    seen = {name.lower(): value for name, _, value in lines}
    keys = {str(one["kid"]): one for one in key.jwks()}
    assert verdict("POST", f"{peer.url}/in", seen, body, keys) == "good"
    assert verdict("POST", f"{peer.url}/other", seen, body, keys) == "forged"
    assert verdict("POST", f"{peer.url}/in", {**seen, "x-delivery-id": "01X"}, body, keys) == "forged"
    assert verdict("POST", f"{peer.url}/in", seen, body + b" ", keys) == "digest"


#: what the receiver answers -> what becomes of the item
ANSWERED: dict[str, tuple[bytes, PortalAnswer]] = {
    "no content": (NO_CONTENT, PortalAnswer(CONFIRMED)),
    "nothing": (answer(b""), PortalAnswer(CONFIRMED)),
    "a page": (answer(b"<html>ok</html>", kind="text/html"), PortalAnswer(CONFIRMED)),
    "accepted": (answer(b"{}", status="202 Accepted"), PortalAnswer(CONFIRMED)),
    "bad": (answer(b"{}", status="400 Bad Request"), PortalAnswer(REFUSED, "message_refused")),
    "not served now": (answer(b"{}", status="404 Not Found"), PortalAnswer(UNAVAILABLE, "access_refused")),
    "conflict": (answer(b"{}", status="409 Conflict"), PortalAnswer(REFUSED, "receiver_contradicts")),
    "gone": (answer(b"{}", status="410 Gone"), PortalAnswer(REFUSED, "message_refused")),
    "not for us": (answer(b"{}", status="403 Forbidden"), PortalAnswer(UNAVAILABLE, "access_refused")),
    "busy": (
        answer(b"", status="429 Too Many", more="Retry-After: 9\r\n"),
        PortalAnswer(UNAVAILABLE, "receiver_busy", retry_in=9),
    ),
    "away": (answer(b"", status="503 Away"), PortalAnswer(UNAVAILABLE, "receiver_busy")),
    "fault": (answer(b"x", status="500 Fault"), PortalAnswer(UNCONFIRMED, "receiver_fault")),
    "redirect": (
        answer(b"", status="307 Over There", more="Location: http://127.0.0.1:9/\r\n"),
        PortalAnswer(UNCONFIRMED, "answer_invalid"),
    ),
    "huge": (answer(b"a" * 3_000_000), PortalAnswer(UNCONFIRMED, "answer_invalid")),
    "no HTTP": (b"hello\r\n\r\n", PortalAnswer(UNCONFIRMED, "answer_invalid")),
}


@pytest.mark.parametrize("case", ANSWERED)
async def test_status_of_the_receiver_decides(case: str) -> None:
    said, expected = ANSWERED[case]
    async with pushing(saying(said)) as (peer, hook):
        assert await hook.deliver(progress(("accepted", "2026-01-05T01:30:00Z")), soon()) == expected
        assert len(peer.requests) == 1


async def test_conflict_after_an_attempt_without_an_answer_says_that_the_item_is_there() -> None:
    async with pushing(saying(answer(b"{}", status="409 Conflict"))) as (_, hook):
        again = dossier(unconfirmed=True, attempt=2)
        assert await hook.deliver(again, soon()) == PortalAnswer(CONFIRMED)


async def test_cut_connection_leaves_doubt_and_a_receiver_that_is_not_there_does_not() -> None:
    async def cut(_number: int, writer: Any) -> None:
        reset(writer)

    async with pushing(cut) as (peer, hook):
        assert await hook.deliver(notice(), soon()) == PortalAnswer(UNCONFIRMED, "answer_missing")
        assert len(peer.requests) == 1
    hook = open_portal(settings(f"http://127.0.0.1:{free_port()}"), None, portal_tools(sign=proof))
    assert await hook.deliver(notice(), soon()) == PortalAnswer(UNAVAILABLE, "receiver_unreachable")
    await hook.close()


async def test_many_answers_without_content_open_no_breaker() -> None:
    async with pushing(saying(NO_CONTENT)) as (peer, hook):
        for number in range(30):
            assert await hook.deliver(dossier(f"H31-{number}"), soon()) == PortalAnswer(CONFIRMED)
        assert len(peer.requests) == 30


async def test_push_without_a_signature_is_not_sent() -> None:
    async def away(*_given: object) -> Mapping[str, str]:
        raise KeyUnavailable

    async with raw_peer(saying(NO_CONTENT)) as peer:
        hook = open_portal(settings(peer.url), None, portal_tools(sign=away))
        assert await hook.deliver(dossier(), soon()) == PortalAnswer(UNCONFIRMED, "gateway_fault")
        await hook.close()
        assert peer.requests == []


async def test_receiver_of_pushes_has_nothing_to_look_up() -> None:
    async with pushing(saying(NO_CONTENT), takes=[]) as (peer, hook):
        assert hook.kinds == {*MessageKind}  # what goes here is said by the door that it comes through
        with pytest.raises(PortalUnavailable):
            await hook.look_up(CODE, soon())
        assert await hook.listing("2026-01-05", "", 10, soon()) is None
        with pytest.raises(BadRequest, match="LayThuTuc"):
            await hook.ask("LayThuTuc", {}, soon())
        assert peer.requests == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"options": {"paht": "/x"}}, "did you mean 'path'?"),
        ({"options": {"path": "/x?y"}}, "options.path"),
        ({"auth": {"kind": "apikey"}}, "write one of"),
    ],
)
async def test_broken_settings_of_a_webhook_are_told(more: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=r"config/portals/one_gate_hook\.yaml") as told:
        open_portal(settings("http://127.0.0.1:9", **more), None, portal_tools(sign=proof))
    assert says in str(told.value)

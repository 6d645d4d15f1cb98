"""The trace of a query: what was sent and what came, and nothing that proves to the provider who asks."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.domain.evidence import Outcome
from gateway.domain.source_trace import SourceTrace, TracedMessage
from tests.adapters.asking import landed_from
from tests.adapters.raw_peers import RawPeer, answer, saying, soon
from tests.adapters.soap_texts import CANARY, collection, envelope
from tests.adapters.test_rest import BY_ID, FOUND, PERSON, opened, query_of, said
from tests.adapters.test_soap_source import _query, _source

SECRET = "canary-secret-4718"
KEY = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def told(trace: SourceTrace) -> str:
    return repr([one._asdict() for one in trace.messages])


def only(trace: SourceTrace) -> TracedMessage:
    (message,) = trace.messages
    return message


@pytest.mark.parametrize(
    ("auth", "proofs"),
    [
        ({"kind": "bearer", "secret": {"value": SECRET}}, ("Authorization",)),
        ({"kind": "basic", "username": "u", "secret": {"value": SECRET}}, ("Authorization",)),
        ({"kind": "api_key", "header": "X-Key", "secret": {"value": SECRET}}, ("X-Key",)),
        ({"kind": "api_key", "in_query_as": "key", "secret": {"value": SECRET}}, ("key",)),
        (
            {"kind": "aws_hmac", "access_key_id": "AKID", "secret": {"value": SECRET}, "region": "vn", "service": "s"},
            ("X-Amz-Date", "Authorization"),
        ),
        (
            {"kind": "http_signature", "key": {"value": KEY}, "kid": "k"},
            ("Content-Digest", "Signature-Input", "Signature"),
        ),
    ],
    ids=["bearer", "basic", "key_in_header", "key_in_query", "aws_hmac", "http_signature"],
)  # fmt: skip
async def test_proofs_of_a_call_are_names_without_values(
    auth: dict[str, Any], proofs: tuple[str, ...]
) -> None:
    async with opened(said(FOUND), auth=auth) as (source, peer):
        trace = await traced(source)
    message = only(trace)
    assert sorted(map(str.lower, message.proofs)) == sorted(map(str.lower, proofs))
    assert (message.url, message.status) == (f"{peer.url}/look", 200)
    assert PERSON.encode() in message.body
    for secret in sent_proofs(peer, proofs):
        assert secret not in told(trace)


async def test_token_and_password_in_an_address_are_names_without_values() -> None:
    auth = {
        "kind": "login_token", "username": "u", "secret": {"value": SECRET}, "path": "/login", "token": "token",
        "token_in": "query",
    }  # fmt: skip

    async def say(number: int, writer: Any) -> None:
        writer.write(
            answer(
                b'{"token": "tok-5521"}'
                if number == 1
                else b'{"ten": "A", "soDinhDanh": "' + PERSON.encode() + b'"}'
            )
        )
        await writer.drain()

    async with opened(say, auth=auth) as (source, peer):
        trace = await traced(source)
    message = only(trace)
    assert message.proofs == ("token", "username", "password")
    assert message.url == f"{peer.url}/look"
    assert b"tok-5521" in peer.requests[1]
    for secret in (SECRET, "tok-5521"):
        assert secret not in told(trace)


async def test_answer_that_repeats_a_secret_is_the_only_place_that_has_it() -> None:
    """Masks of answers are the use case's; nothing else of the trace has the secret."""
    body = b'{"ten": "A", "soDinhDanh": "' + PERSON.encode() + b'", "echo": "' + SECRET.encode() + b'"}'
    async with opened(saying(answer(body)), auth={"kind": "bearer", "secret": {"value": SECRET}}) as (
        source,
        _,
    ):
        trace = await traced(source)
    assert SECRET.encode() in only(trace).answer
    assert SECRET not in repr(only(trace)._replace(answer=b""))


@pytest.mark.parametrize("digest", ["true", "false"])
async def test_password_of_a_message_is_left_out_of_its_trace(digest: str) -> None:
    auth = {"kind": "wsse_username", "username": "sys", "secret": {"value": SECRET}, "digest": digest}
    trace = SourceTrace()
    async with _source(lambda _: (200, envelope(collection(CANARY))), auth=auth) as (source, seen):
        await landed_from(source, _query()._replace(trace=trace), soon())
    sent, shown = seen[0][1], only(trace).body
    assert b"UsernameToken" in sent
    assert (SECRET.encode() in sent) is (digest == "false")
    assert b"<wsse:Security" in shown
    for word in (b"UsernameToken", b"Password", b"Nonce", SECRET.encode()):
        assert word not in shown
    # all else is as it was sent
    start, _, more = shown.partition(b"<wsse:Security")
    assert sent.startswith(start)
    assert sent.endswith(more.partition(b"/>")[2])


async def test_trace_changes_neither_request_nor_answer_nor_digest() -> None:
    async with opened(said(FOUND), auth={"kind": "bearer", "secret": {"value": SECRET}}) as (source, peer):
        plain = await landed_from(source, query_of(), soon())
        looked = await landed_from(source, query_of()._replace(trace=SourceTrace()), soon())
    assert plain == looked
    assert plain.outcome is Outcome.FOUND
    assert peer.requests[0] == peer.requests[1]


async def test_every_page_of_a_list_is_in_the_trace() -> None:
    pages = {"by": "number", "list_at": "items", "place": "page"}
    rule = {"record": "items[0]", "found_when": "ten", "identity": {"personal_id": "soDinhDanh"},
            "attributes": {"full_name": {"path": "ten"}}}  # fmt: skip

    async def say(number: int, writer: Any) -> None:
        rows = f'[{{"ten": "A", "soDinhDanh": "{PERSON}"}}]' if number == 1 else "[]"
        writer.write(answer(f'{{"items": {rows}}}'.encode()))
        await writer.drain()

    async with opened(say, BY_ID, {"pages": pages}, rule) as (source, _):
        trace = await traced(source)
    assert [b'"page":1' in one.body for one in trace.messages] == [True, False]
    assert [one.status for one in trace.messages] == [200, 200]


async def test_error_answer_is_traced_although_nobody_reads_it() -> None:
    page = answer(b"<html>no</html>", status="503 Service Unavailable", kind="text/html")
    async with opened(saying(page)) as (source, _):
        message = only(await traced(source))
    assert (message.status, message.content_type, message.answer) == (503, "text/html", b"<html>no</html>")


async def traced(source: Any) -> SourceTrace:
    trace = SourceTrace()
    await landed_from(source, query_of()._replace(trace=trace), soon())
    return trace


def sent_proofs(peer: RawPeer, proofs: tuple[str, ...]) -> list[str]:
    """The secret, and the values under these names in the request as it arrived."""
    head = peer.requests[-1].partition(b"\r\n\r\n")[0].decode().split("\r\n")
    fields: Mapping[str, str] = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
    }
    values = [fields[one.lower()] for one in proofs if one.lower() in fields and len(fields[one.lower()]) > 8]
    assert SECRET in " ".join((*head, *map(_basic, values))) or values
    return [SECRET, *values]


def _basic(value: str) -> str:
    kind, _, coded = value.partition(" ")
    return base64.b64decode(coded).decode() if kind == "Basic" else ""

"""Signed messages (RFC 9421, RFC 9530) at the real door: verified, kept as evidence, refused when altered."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.serving.server import ServeOptions, running, write_ready
from tests import fresh, typed, unhurried
from tests.access.conftest import Answer, Harbourfront, enrolled
from tests.access.messages import Draft, digest, thumbprint
from tests.access.signing import p256
from tests.files.assets import pdf
from tests.flows.conftest import new_official, on_session
from tests.flows.test_records import records


def body(front: Harbourfront, **more: Any) -> bytes:
    one = next(p for p in front.described["personas"] if "facts_example" in p["traits"])
    who = {word: one[word] for word in ("personal_id", "full_name", "birth_date")}
    asked = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}
    return json.dumps({**asked, "official": new_official(), **more}).encode()


async def draft(front: Harbourfront, client: str = "coast", **more: Any) -> Draft:
    port = front.port(client)
    headers = {"authorization": f"Bearer {await port.plain()}"}
    return Draft(
        front.keys[client],
        f"{front.url}/v1/prefill",
        body(front),
        {**headers, **more.pop("headers", {})},
        **more,
    )


async def send(
    front: Harbourfront, one: Draft, headers: dict[str, str] | None = None, sent: bytes | None = None
) -> Answer:
    fields = one.signed() if headers is None else headers
    async with front.session.post(one.url, data=one.body if sent is None else sent, headers=fields) as answer:
        return Answer(answer.status, answer.headers.copy(), await answer.json(content_type=None))


def of(front: Harbourfront, exchange: str) -> list[dict[str, Any]]:
    return [one for one in records(front) if one["exchange"] == exchange]  # type: ignore[arg-type]


@on_session
async def test_signed_request_is_answered_and_its_record_keeps_the_signature(front: Harbourfront) -> None:
    one = await draft(front)
    fields = one.signed()
    answer = await send(front, one, fields)
    assert answer.status == 200, answer.body
    intent, outcome = of(front, answer.body["exchange_id"])
    assert intent["v"] == 1
    assert intent["notes"] == {
        "signature": fields["signature"].partition("=:")[2].rstrip(":"),
        "signature_base": hashlib.sha256(one.base.encode()).hexdigest(),
        "signature_key": thumbprint(one.key),
    }
    assert "signature" not in outcome["notes"]


@on_session
async def test_target_can_be_covered_in_its_parts(front: Harbourfront) -> None:
    one = await draft(front)
    one.url += "?as=somebody"
    one.covered = ['"@method"', '"@authority"', '"@path"', '"@query"', '"content-digest"']
    answer = await send(front, one)
    assert answer.status == 200, answer.body


@on_session
async def test_proof_of_possession_can_be_covered_as_well(front: Harbourfront) -> None:
    port = front.port("harbour")
    token = await port.token()
    headers = {"authorization": f"DPoP {token}", "dpop": port.proof("POST", "/v1/prefill", token)}
    one = Draft(front.keys["harbour"], f"{front.url}/v1/prefill", body(front), headers)
    one.covered += ['"dpop"', '"content-type"']
    answer = await send(front, one)
    assert answer.status == 200, answer.body
    assert of(front, answer.body["exchange_id"])[0]["notes"]["signature_key"] == thumbprint(one.key)


@on_session
@pytest.mark.parametrize("covered", [
    ['"@method"', '"@authority"', '"@path"', '"content-digest"'],
    ['"@method"', '"@authority"', '"@request-target"', '"content-digest"'],
    ['"@method"', '"@path"', '"@authority"', '"@scheme"', '"content-digest"', '"content-type"'],
])  # fmt: skip
async def test_other_components_that_say_as_much_are_taken(front: Harbourfront, covered: list[str]) -> None:
    answer = await send(front, await draft(front, covered=covered))
    assert answer.status == 200, answer.body


@on_session
async def test_request_without_a_signature_is_answered_as_before(front: Harbourfront) -> None:
    one = await draft(front)
    answer = await send(front, one, one.headers)
    assert answer.status == 200
    assert of(front, answer.body["exchange_id"])[0]["notes"] == {}


async def upload(front: Harbourfront, content: bytes, **more: Any) -> Draft:
    one = await draft(front, **more)
    fields = {**one.headers, "content-type": "application/pdf", "content-digest": digest(content)}
    return replace(one, url=f"{front.url}/v1/files", body=content, headers=fields)


@on_session
async def test_signed_file_is_stored_and_its_record_keeps_the_signature(front: Harbourfront) -> None:
    one = await upload(front, pdf(size=400_000))
    answer = await send(front, one)
    assert answer.status == 200, answer.body
    (record,) = of(front, answer.body["exchange_id"])
    assert record["notes"]["signature_key"] == thumbprint(one.key)
    assert record["notes"]["digest"] == hashlib.sha256(one.body).hexdigest()


@on_session
async def test_file_that_its_digest_is_not_of_is_refused(front: Harbourfront) -> None:
    one = await upload(front, pdf(size=400_000))
    signed, other = one.signed(), pdf(size=400_001)
    alone = {"authorization": signed["authorization"], "content-digest": signed["content-digest"]}
    for fields in (signed, alone):
        answer = await send(front, one, fields, other)
        assert (answer.status, answer.body["code"]) == (400, "digest_invalid")
    assert (await send(front, one, alone)).status == 200
    wide = {"content-digest": f"sha-512=:{base64.b64encode(hashlib.sha512(one.body).digest()).decode()}:"}
    assert (await send(front, one, {**alone, **wide})).body["code"] == "digest_invalid"


@on_session
async def test_signature_of_a_file_without_its_digest_is_refused(front: Harbourfront) -> None:
    one = await upload(front, pdf(), covered=['"@method"', '"@target-uri"'])
    fields = {name: text for name, text in one.signed().items() if name != "content-digest"}
    assert (await send(front, one, fields)).body["code"] == "signature_invalid"


def _param(**more: Any) -> Callable[[Draft], dict[str, str]]:
    def spoil(one: Draft) -> dict[str, str]:
        one.params |= more
        return one.signed()

    return spoil


def _covered(*names: str) -> Callable[[Draft], dict[str, str]]:
    def spoil(one: Draft) -> dict[str, str]:
        one.covered = list(names)
        return one.signed()

    return spoil


def _after(**fields: str) -> Callable[[Draft], dict[str, str]]:
    return lambda one: {**one.signed(), **{name.replace("_", "-"): text for name, text in fields.items()}}


def _other_key(one: Draft) -> dict[str, str]:
    return one.signed(p256())


def _other_method(one: Draft) -> dict[str, str]:
    one.method = "PUT"
    return one.signed()


def _other_target(one: Draft) -> dict[str, str]:
    url, one.url = one.url, one.url.replace("/v1/prefill", "/v1/explain")
    fields = one.signed()
    one.url = url
    return fields


def _other_host(one: Draft) -> dict[str, str]:
    url, one.url = one.url, "https://other.example/v1/prefill"
    fields = one.signed()
    one.url = url
    return fields


def _cut(one: Draft) -> dict[str, str]:
    fields = one.signed()
    made = base64.b64decode(fields["signature"].partition("=:")[2].rstrip(":"))
    return {**fields, "signature": f"sig1=:{base64.b64encode(made[:-1]).decode()}:"}


def _negated(one: Draft) -> dict[str, str]:
    """r and s in the other order."""
    fields = one.signed()
    made = base64.b64decode(fields["signature"].partition("=:")[2].rstrip(":"))
    return {**fields, "signature": f"sig1=:{base64.b64encode(made[32:] + made[:32]).decode()}:"}


def _no_digest(one: Draft) -> dict[str, str]:
    """A body of which nothing is signed, not even a digest."""
    del one.headers["content-digest"]
    one.covered = ['"@method"', '"@target-uri"']
    return one.signed()


def _no_query(one: Draft) -> dict[str, str]:
    one.url += "?as=somebody"
    one.covered = ['"@method"', '"@authority"', '"@path"', '"content-digest"']
    return one.signed()


def _two(one: Draft) -> dict[str, str]:
    fields = one.signed()
    return {
        **fields,
        "signature-input": f"{fields['signature-input']}, sig2={one.inner}",
        "signature": f"{fields['signature']}, {fields['signature'].replace('sig1', 'sig2')}",
    }


def _without(name: str) -> Callable[[Draft], dict[str, str]]:
    return lambda one: {key: text for key, text in one.signed().items() if key != name}


def _other_label(one: Draft) -> dict[str, str]:
    fields = one.signed()
    return {**fields, "signature": fields["signature"].replace("sig1", "sig2")}


FORGED: dict[str, Callable[[Draft], dict[str, str]]] = {
    "another key": _other_key,
    "another method": _other_method,
    "another target": _other_target,
    "another host": _other_host,
    "another digest": _after(content_digest=digest(b"{}")),
    "digest of another algorithm": _after(content_digest="md5=:AAAA:"),
    "old": _param(created=1_700_000_000),
    "of the future": _param(created=4_000_000_000),
    "expired": _param(expires=1_700_000_001),
    "without created": _param(created=None),
    "without nonce": _param(nonce=None),
    "short nonce": _param(nonce="1234"),
    "without keyid": _param(keyid=None),
    "key of somebody else": _param(keyid="47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"),
    "other algorithm": _param(alg="ed25519"),
    "symmetric algorithm": _param(alg="hmac-sha256"),
    "RSA": _param(alg="rsa-v1_5-sha256"),
    "unknown parameter": _param(crit="x"),
    "method left out": _covered('"@target-uri"', '"content-digest"'),
    "target left out": _covered('"@method"', '"content-digest"'),
    "host left out": _covered('"@method"', '"@path"', '"content-digest"'),
    "host left out beside the whole target": _covered('"@method"', '"@request-target"', '"content-digest"'),
    "path left out": _covered('"@method"', '"@authority"', '"content-digest"'),
    "digest left out": _covered('"@method"', '"@target-uri"'),
    "digest neither sent nor covered": _no_digest,
    "query left out": _no_query,
    "covered twice": _covered('"@method"', '"@method"', '"@target-uri"', '"content-digest"'),
    "field without quotes": _covered('"@method"', '"@target-uri"', '"content-digest"', "authorization"),
    "field in capitals": _covered('"@method"', '"@target-uri"', '"Content-Digest"'),
    "signature cut": _cut,
    "halves swapped": _negated,
    "two signatures": _two,
    "another label": _other_label,
    "no signature": _without("signature"),
    "no input": _without("signature-input"),
    "not structured": _after(signature_input="sig1=(("),
    "blank": _after(signature="sig1=::"),
    "text for a signature": _after(signature='sig1="AAAA"'),
}


@on_session
@pytest.mark.parametrize("name", FORGED)
async def test_forged_message_is_refused_with_a_record_and_asks_nobody(
    front: Harbourfront, name: str
) -> None:
    one = await draft(front)
    before = len(records(front))  # type: ignore[arg-type]
    answer = await send(front, one, FORGED[name](one))
    assert answer.status == 401, answer.body
    assert answer.body["code"] == "signature_invalid"
    assert one.body.decode() not in json.dumps(answer.body)
    (refusal,) = records(front)[before:]  # type: ignore[arg-type]
    assert (refusal["phase"], refusal["result"]) == ("refusal", "signature_invalid")
    assert refusal["rules"] == ["signature:invalid"]


@on_session
async def test_body_that_was_changed_under_way_is_refused(front: Harbourfront) -> None:
    one = await draft(front)
    answer = await send(front, one, one.signed(), sent=one.body + b" ")
    assert (answer.status, answer.body["code"]) == (401, "signature_invalid")


@on_session
async def test_signature_over_one_token_says_nothing_of_another(front: Harbourfront) -> None:
    one, other = await draft(front), await front.port("coast").plain()
    answer = await send(front, one, {**one.signed(), "authorization": f"Bearer {other}"})
    assert (answer.status, answer.body["code"]) == (401, "signature_invalid")


@on_session
async def test_message_is_taken_once(front: Harbourfront) -> None:
    one = await draft(front)
    fields = one.signed()
    assert (await send(front, one, fields)).status == 200
    again = await send(front, one, fields)
    assert (again.status, again.body["code"]) == (401, "signature_invalid")
    assert "nonce" in again.body["detail"]
    # also not with a new signature over the old nonce
    other = await draft(front, params={"nonce": one.params["nonce"]})
    assert (await send(front, other)).status == 401


@on_session
async def test_key_of_one_requester_signs_nothing_for_another(front: Harbourfront) -> None:
    one = await draft(front)
    one.key = front.keys["harbour"]
    one.params |= {"keyid": thumbprint(one.key), "alg": "ed25519"}
    answer = await send(front, one)
    assert (answer.status, answer.body["code"]) == (401, "signature_invalid")


def stored(start: str, headers: Any, content: bytes) -> bytes:
    lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
    return f"{start}\r\n{lines}\r\n".encode() + content


def export(front: Harbourfront, out: Path, exchange: str) -> dict[str, Any]:
    """The whole log once this exchange has its place; gives its intent, as the search shows it."""
    ready = front.state / "ready.json"
    write_ready(ready, front.described)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        said = typed.motlan("log", "export", "--out", str(out), "--ready-file", str(ready))
        lines = out.read_text().splitlines()[1:] if said.code == 0 else []  # 1: nothing has its place yet
        for line in (line for line in lines if exchange in line):
            entry = json.loads(line)
            leaf = json.loads(entry["leaf"])
            if (leaf["exchange"], leaf["phase"]) == (exchange, "intent"):
                return {"index": entry["i"], **leaf}
        time.sleep(0.2)
    raise AssertionError("the exchange got no place in time")


@on_session
async def test_both_sides_are_verified_later_from_the_kept_messages_and_the_log(
    front: Harbourfront, tmp_path: Path
) -> None:
    one = await draft(
        front, headers={"accept-signature": 'back=("@status" "content-digest");nonce="n-0123456789"'}
    )
    fields = one.signed()
    async with front.session.post(one.url, data=one.body, headers=fields) as response:
        raw, status, headers = await response.read(), response.status, response.headers.copy()
    assert status == 200
    assert 'nonce="n-0123456789"' in headers["Signature-Input"]
    host = {"host": one.url.split("/")[2]}
    (tmp_path / "request.http").write_bytes(stored("POST /v1/prefill HTTP/1.1", {**host, **fields}, one.body))
    (tmp_path / "answer.http").write_bytes(stored("HTTP/1.1 200 OK", headers, raw))
    async with front.session.get(f"{front.url}/oauth2/jwks") as response:
        (tmp_path / "jwks.json").write_bytes(await response.read())
    exported = await asyncio.to_thread(export, front, tmp_path / "day.jsonl", json.loads(raw)["exchange_id"])
    key = str(front.config.parent / "coast.pub.pem")

    async def verify(name: str, *words: str) -> typed.Said:
        return await asyncio.to_thread(
            typed.motlan, "verify-message", str(tmp_path / name), "--origin", front.url, *words, "--json"
        )

    said = await verify("request.http", "--key", key, "--log", str(tmp_path / "day.jsonl"))
    assert said.code == 0, said.out + said.err
    (record,) = json.loads(said.out)["records"]
    assert record == {name: exported[name] for name in ("index", "exchange", "phase", "time")}
    told = await asyncio.to_thread(
        typed.motlan, "verify-message", str(tmp_path / "request.http"), "--origin", front.url, "--key", key,
        "--log", str(tmp_path / "day.jsonl")
    )  # fmt: skip
    assert (told.code, f"record {exported['index']}: {exported['exchange']}" in told.out) == (0, True)
    by = ("--key", str(tmp_path / "jwks.json"), "--request", str(tmp_path / "request.http"))
    assert (await verify("answer.http", *by)).code == 0
    # another answer, another request, a log without the record
    (tmp_path / "answer.http").write_bytes(
        stored("HTTP/1.1 200 OK", headers, raw.replace(b"1.004873", b"1.004874"))
    )
    assert (await verify("answer.http", *by)).code == 1
    (tmp_path / "answer.http").write_bytes(stored("HTTP/1.1 200 OK", headers, raw))
    (tmp_path / "request.http").write_bytes(stored("POST /v1/prefill HTTP/1.1", {**host, **fields}, b"{}"))
    assert (await verify("answer.http", *by)).code == 1
    other = {**host, **fields, "content-digest": digest(b"")}
    (tmp_path / "request.http").write_bytes(stored("POST /v1/prefill HTTP/1.1", other, b""))
    assert (await verify("answer.http", *by)).code == 1
    assert (await verify("request.http", "--key", key)).code == 1
    (tmp_path / "request.http").write_bytes(stored("POST /v1/prefill HTTP/1.1", {**host, **fields}, one.body))
    head = (tmp_path / "day.jsonl").read_bytes().splitlines(keepends=True)[0]
    (tmp_path / "day.jsonl").write_bytes(head)
    assert (await verify("request.http", "--key", key, "--log", str(tmp_path / "day.jsonl"))).code == 1


@on_session
async def test_answer_is_bound_to_the_question_in_the_query_of_its_request(
    front: Harbourfront, tmp_path: Path
) -> None:
    token, path = await front.port("keeper").plain(), "/v1/sources?count="
    headers = {"Authorization": f"Bearer {token}", "Accept-Signature": "back=()"}
    async with front.session.get(f"{front.url}{path}1", headers=headers) as response:
        answer = stored(f"HTTP/1.1 {response.status} X", response.headers, await response.read())
    async with front.session.get(f"{front.url}/oauth2/jwks") as response:
        (tmp_path / "jwks.json").write_bytes(await response.read())
    (tmp_path / "answer.http").write_bytes(answer)
    for query, code in (("1", 0), ("2", 1)):
        request = stored(f"GET {path}{query} HTTP/1.1", {"host": front.url.split("/")[2], **headers}, b"")
        (tmp_path / "request.http").write_bytes(request)
        said = await asyncio.to_thread(
            typed.motlan, "verify-message", str(tmp_path / "answer.http"), "--origin", front.url, "--key",
            str(tmp_path / "jwks.json"), "--request", str(tmp_path / "request.http"),
        )  # fmt: skip
        assert said.code == code, said


@on_session
async def test_refusal_is_signed_as_well_and_nobody_unknown_gets_a_signature(front: Harbourfront) -> None:
    one = await draft(front, headers=ASKED)
    refused = await send(front, one, {**one.signed(), "content-digest": digest(b"")})
    assert refused.status == 401
    assert refused.headers["Signature"].startswith("back=:")
    unknown = await send(front, one, {**ASKED, "content-type": "application/json"})
    assert unknown.status == 401
    assert "Signature" not in unknown.headers
    assert "Signature" not in (await send(front, await draft(front))).headers


ASKED = {"accept-signature": "back=()"}


@on_session
@pytest.mark.parametrize("said", [digest(b"another body"), "sha-256=:AAAA:", "md5=:AAAA:", "sha-256", "?"])
async def test_unsigned_request_whose_digest_is_not_that_of_its_body_is_refused(
    front: Harbourfront, said: str
) -> None:
    one = await draft(front, headers=ASKED)
    refused = await send(front, one, {**one.headers, "content-digest": said})
    assert (refused.status, refused.body["code"]) == (400, "digest_invalid")
    assert '"content-digest";req' not in refused.headers["Signature-Input"]


@on_session
async def test_unsigned_request_whose_digest_holds_is_answered_and_its_digest_is_signed(
    front: Harbourfront,
) -> None:
    one = await draft(front, headers=ASKED)
    answer = await send(front, one, one.headers)
    assert answer.status == 200, answer.body
    assert '"content-digest";req' in answer.headers["Signature-Input"]
    del one.headers["content-digest"]
    without = await send(front, one, one.headers)
    assert without.status == 200
    assert '"content-digest";req' not in without.headers["Signature-Input"]


@on_session
async def test_what_a_refused_request_says_of_itself_is_not_signed(front: Harbourfront) -> None:
    """Neither where its signature is forged, nor where it is refused before anybody looked at it."""
    one = await draft(front, headers=ASKED)
    forged = await send(front, one, {**one.signed(p256()), "content-digest": digest(b"another body")})
    assert (forged.status, forged.body["code"]) == (401, "signature_invalid")
    early = await send(front, replace(one, url=f"{front.url}/v1/audit/search"), one.signed())
    assert (early.status, early.body["code"]) == (403, "scope_missing")
    for refused in (forged, early):
        assert '"@target-uri";req' in refused.headers["Signature-Input"]
        assert '"content-digest";req' not in refused.headers["Signature-Input"]
        assert '"signature";req' not in refused.headers["Signature-Input"]


@on_session
async def test_digest_of_a_token_request_is_held_against_its_form_as_well(front: Harbourfront) -> None:
    port = front.port("coast")
    refused = await port.fetch(
        None, **{"Content-Digest": digest(b"another form"), "Accept-Signature": "back=()"}
    )
    assert (refused.status, refused.body["error"]) == (400, "invalid_request")
    form = {"grant_type": "client_credentials", **port.form()}
    fields = {"Content-Digest": digest(urlencode(form).encode()), "Accept-Signature": "back=()"}
    taken = await port.post("/oauth2/token", form, **fields)
    assert taken.status == 200, taken.body
    assert '"content-digest";req' in taken.headers["Signature-Input"]


@on_session
async def test_agreement_may_want_every_request_signed(front: Harbourfront, tmp_path: Path) -> None:
    config, keys = enrolled(tmp_path)
    agreement = config / "agreements/portal.yaml"
    text = agreement.read_text("utf-8")
    agreement.write_text(text.replace("purposes: [", "signed: required\npurposes: [", 1), "utf-8")
    state = tmp_path / "state"
    fresh.log_in(state)
    ports = {f"gateway.{name}.port": "0" for name in ("api", "admin", "sandbox")} | unhurried.settings()
    plan = ServeOptions(root=tmp_path, config=config, state=state, overrides=ports, with_sandbox=True)
    async with running(plan) as (gateway, content):
        house = Harbourfront(gateway.api, state, config, keys, front.session, dict(content))
        one = await draft(house)
        plain = await send(house, one, one.headers)
        assert (plain.status, plain.body["code"], plain.body["rule"]) == (
            403,
            "signature_missing",
            "signed:portal",
        )
        assert (await send(house, one)).status == 200

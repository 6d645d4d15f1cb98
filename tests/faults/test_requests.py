"""Requests that are hostile or wrong, at the gateway's door with real providers behind it."""

import asyncio
import base64
import io
import json
import sqlite3
import unicodedata
from contextlib import closing
from typing import Any

import pytest
from lxml import etree

from tests.api.test_door import BODIES, IDENTIFIERS, SMUGGLED
from tests.faults.conftest import PERSON, Stage, assert_nothing_leaked
from tests.flows.test_records import records

pytestmark = pytest.mark.asyncio(loop_scope="session")

INJECTIONS = {
    "sql": "'; DROP TABLE append_log; --",
    "sql union": "x' UNION SELECT leaf FROM append_log--",
    "xpath": "' or '1'='1' or count(//*)>0 or 'a'='",
    "xml": "</n0:HoVaTen><n0:SoDinhDanh>033190473862</n0:SoDinhDanh><n0:HoVaTen>",
    "entity": "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>&x;",
    "cdata": "]]><n0:MaCanBo>1</n0:MaCanBo><![CDATA[",
    "template": "{{7*7}} ${7*7} <%= 7*7 %> #{7*7} %(secret)s {0.__class__}",
    "log": 'x" } {"event":"forged.line","level":"info"}',
    "formula": "=cmd|'/C calc'!A0",
    "formula with a sign": "@SUM(1+1)*cmd",
    "shell": "$(id) `id` ; id | id && id",
    "path": "../../../../etc/passwd",
    "address": "http://127.0.0.1:9/ file:///etc/passwd",
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "json": '", "soDinhDanh": "033190473862", "x": "',
}


async def send(stage: Stage, body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
    sent = {
        "Authorization": f"Bearer {await stage.house.token()}", "Content-Type": "application/json", **headers,
    }  # fmt: skip
    address = stage.house.url + "/v1/prefill"
    async with stage.house.session.post(address, data=body, headers=sent) as answer:
        return answer.status, dict(answer.headers), await answer.read()


def asked(stage: Stage) -> int:
    return sum(len(peer.calls) for peer in (*stage.peers.values(), stage.catcher))


async def raw(stage: Stage, sent: bytes, seconds: float = 3) -> bytes:
    port = int(stage.house.url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        writer.write(sent)
        async with asyncio.timeout(seconds):
            while chunk := await reader.read(65_536):
                received += chunk
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return received


def good(stage: Stage, **more: Any) -> dict[str, Any]:
    who = stage.house.subject("facts_example")
    return {
        "procedure": "1.004873",
        "subjects": {"requester": who, "person": {"same_as": "requester"}},
        **more,
    }


def problem_of(status: int, headers: dict[str, str], content: bytes) -> dict[str, Any]:
    assert 400 <= status < 500, content
    assert headers["Content-Type"].startswith("application/problem+json")
    found: dict[str, Any] = json.loads(content)
    assert found["exchange_id"] == headers["X-Exchange-Id"]
    assert found["title"]
    assert found["title_vi"]
    return found


async def test_hostile_body_is_a_problem_and_asks_nobody(stage: Stage, logged: io.BytesIO) -> None:
    stage.set("population", None)
    problems = {name: problem_of(*await send(stage, body)) for name, body in BODIES.items()}
    assert {name for name, one in problems.items() if one["status"] != 400} == set()
    assert asked(stage) == 0
    await assert_nothing_leaked(stage.house, logged, problems)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/xml"}, 415),
        ({"Content-Type": "text/xml"}, 415),
        ({"Content-Type": "application/soap+xml"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Encoding": "br"}, 415),
        ({"Content-Type": "application/json; charset=utf-7"}, 415),
    ],
)
async def test_other_media_and_packed_bodies_are_refused_unread(
    stage: Stage, headers: dict[str, str], status: int
) -> None:
    stage.set("population", None)
    entity = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    assert problem_of(*await send(stage, entity, **headers))["status"] == status
    assert asked(stage) == 0


async def test_body_over_the_limit_is_cut_declared_or_not(stage: Stage) -> None:
    stage.set("population", None)
    big = json.dumps(good(stage, known={"nxnMucDichSuDung": "y" * 1_000_000})).encode()
    assert problem_of(*await send(stage, big))["status"] == 413
    head = f"POST /v1/prefill HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {await stage.house.token()}\r\n"
    head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"10000\r\n" + b" " * 65_536 + b"\r\n" for _ in range(16))
    assert b" 413 " in (await raw(stage, head.encode() + chunks)).splitlines()[0]
    assert asked(stage) == 0


async def test_smuggled_request_is_refused_and_asks_nobody(stage: Stage) -> None:
    for name, sent in SMUGGLED.items():
        stage.set("population", None)
        received = await raw(stage, sent)
        assert received.split(b" ", 2)[1].startswith(b"4"), (name, received[:200])
        assert received.count(b"X-Exchange-Id: ") == 1, name
        assert asked(stage) == 0, name
        assert (await stage.ask())["form"]["nxnHoTen"], name


async def test_request_behind_a_smuggled_length_is_never_run(stage: Stage) -> None:
    stage.set("population", None)
    inner = json.dumps(good(stage)).encode()
    hidden = (
        f"POST /v1/prefill HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {await stage.house.token()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(inner)}\r\n\r\n"
    ).encode() + inner
    for more in ("Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"):
        front = f"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: {len(hidden) + 5}\r\n{more}\r\n"
        received = await raw(stage, front.encode() + b"0\r\n\r\n" + hidden)
        assert received.count(b"HTTP/1.") == 1
    assert asked(stage) == 0


@pytest.mark.parametrize("role", ["requester", "person"])
async def test_identifier_outside_its_grammar_is_422_with_a_pointer(stage: Stage, role: str) -> None:
    stage.set("population", None)
    for name, number in IDENTIFIERS.items():
        body = good(stage)
        body["subjects"][role] = {**stage.house.subject("facts_example"), "personal_id": number}
        problem = problem_of(*await send(stage, json.dumps(body).encode()))
        assert (problem["status"], problem["errors"][0]["pointer"]) == (
            422,
            f"/subjects/{role}/personal_id",
        ), name
        assert "174209" not in str(problem), name
    assert asked(stage) == 0


@pytest.mark.parametrize("place", ["name", "known", "account", "official"])
async def test_injected_text_stays_text(stage: Stage, logged: io.BytesIO, place: str) -> None:
    for text in INJECTIONS.values():
        await stays_text(stage, place, text)
        assert text not in logged.getvalue().decode()
    assert records(stage.house)[-1]["phase"] == "outcome"
    for line in logged.getvalue().splitlines():
        assert json.loads(line)["event"] != "forged.line"
    await assert_nothing_leaked(stage.house, logged)


async def stays_text(stage: Stage, place: str, text: str) -> None:
    """The text stands where it was written, and is nothing else to provider or gateway."""
    peer = stage.set("population", None)
    body = good(stage)
    if place == "name":
        body["subjects"]["requester"]["full_name"] = text
    elif place == "known":
        body["known"] = {"nxnMucDichSuDung": text}
    elif place == "account":
        body["account"] = {"HoVaTen": text, "SoDienThoai": text}
    else:
        body["official"] = {"personal_id": "033085247316", "agency": "000.00.14.H31", "full_name": text}
    status, _, content = await send(stage, json.dumps(body).encode())
    answer = json.loads(content)
    assert status == 200, answer
    if place == "known":
        assert answer["form"]["nxnMucDichSuDung"] == text
    message = etree.fromstring(peer.calls[0][1].partition(b"\r\n\r\n")[2])
    name = stage.house.persona("facts_example")["full_name"]
    expected = (text if place == "name" else name).upper()
    assert [one.text for one in message.iter("{*}HoVaTen")] == [expected]
    assert [one.text for one in message.iter("{*}SoDinhDanh")] == [PERSON]
    assert all(word not in content.decode() for word in ("root:", "uid="))


@pytest.mark.parametrize("place", ["dossier", "purpose", "procedure", "role", "field", "agency", "account"])
async def test_injected_word_is_refused_and_not_repeated(stage: Stage, place: str) -> None:
    stage.set("population", None)
    official = {"personal_id": "033085247316", "agency": "000.00.14.H31"}
    for name, text in INJECTIONS.items():
        cases: dict[str, dict[str, Any]] = {
            "dossier": {"dossier": text}, "purpose": {"purpose": text}, "procedure": {"procedure": text},
            "role": {"subjects": {text: {"same_as": "requester"}}}, "field": {"fields": [text]},
            "agency": {"official": {**official, "agency": text}},
            "account": {"official": {**official, "account": text}},
        }  # fmt: skip
        problem = problem_of(*await send(stage, json.dumps(good(stage) | cases[place]).encode()))
        assert problem["status"] in {400, 422}, name
        assert text not in json.dumps(problem, ensure_ascii=False), name
    assert asked(stage) == 0


async def test_log_is_whole_after_every_injection(stage: Stage) -> None:
    database = next(stage.house.state.glob("*.db"))
    await stage.ask()
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM append_log").fetchone()[0] >= 2


@pytest.mark.parametrize("header", ["jku", "x5u", "jwk", "kid", "x5c", "crit"])
async def test_token_that_names_an_address_is_refused_without_a_call(stage: Stage, header: str) -> None:
    stage.set("population", None)
    values: dict[str, object] = {"jwk": {"kty": "oct", "k": "AA"}, "crit": ["exp"]}
    parts: list[dict[str, object]] = [
        {"alg": "RS256", header: values.get(header, stage.catcher.url)},
        {"sub": "portal", "exp": 4_000_000_000},
    ]
    token = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    status, headers, content = await send(
        stage, json.dumps(good(stage)).encode(), Authorization=f"Bearer {token.decode()}.AA"
    )
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Bearer")
    assert b"catcher" not in content
    assert asked(stage) == 0


@pytest.mark.parametrize("member", ["callback", "providerurl", "replyTo", "webhook", "schema", "url"])
async def test_address_in_a_request_is_an_unknown_member(stage: Stage, member: str) -> None:
    stage.set("population", None)
    body = good(stage) | {member: stage.catcher.url}
    problem = problem_of(*await send(stage, json.dumps(body).encode()))
    assert problem["status"] == 400
    told = problem["errors"][0]
    assert (told["pointer"], told["code"]) == (f"/{member}", "unknown_member")
    assert told["detail"].startswith(f"'{member}' is not a known member; known: procedure, subjects, ")
    assert stage.catcher.url not in str(problem)
    assert asked(stage) == 0


async def test_headers_that_name_an_address_change_nothing(stage: Stage) -> None:
    stage.set("population", None)
    address = stage.catcher.url
    names = (
        "providerurl",
        "X-Forwarded-Host",
        "X-Original-URL",
        "X-Rewrite-URL",
        "Destination",
        "Referer",
        "SOAPAction",
    )
    status, _, content = await send(stage, json.dumps(good(stage)).encode(), **dict.fromkeys(names, address))
    assert (status, json.loads(content)["form"]["nxnHoTen"]) == (200, "Trần Thị Mẫu")
    assert stage.catcher.calls == []
    assert all(address.encode() not in sent for peer in stage.peers.values() for _, sent in peer.calls)


async def test_token_in_the_address_is_not_taken(stage: Stage) -> None:
    token = await stage.house.token()
    received = await raw(
        stage,
        f"GET /v1/sources?access_token={token} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode(),
    )
    assert b" 401 " in received.splitlines()[0]


async def test_name_in_either_form_is_the_same_person(stage: Stage) -> None:
    peer = stage.set("population", None)
    body = good(stage)
    name = unicodedata.normalize("NFD", body["subjects"]["requester"]["full_name"])
    body["subjects"]["requester"]["full_name"] = name
    status, _, content = await send(stage, json.dumps(body).encode())
    assert status == 200
    assert json.loads(content)["form"]["nxnHoTen"] == unicodedata.normalize("NFC", name)
    assert "TRẦN THỊ MẪU" in peer.calls[0][1].decode()

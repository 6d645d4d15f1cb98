"""Hostile input at the door: never a 500, always a problem with an exchange id, never a value of the request."""

import asyncio
import contextlib
import io
import json
import re
import socket
import time
from typing import Any

import pytest

from gateway.config.configuration import Configuration
from gateway.telemetry import set_up
from tests.api.conftest import CANARY, GOOD, Door

NESTED = b"[" * 5_000 + b"]" * 5_000
SMUGGLED = {
    "length and chunks": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": b"POST /v1/prefill HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\nabcdefghi",
    "signed length": b"POST /v1/prefill HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd",
    "odd coding": b"POST /v1/prefill HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "folded header": b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\nX-D : e\r\n\r\n",
    "space before colon": b"GET /health/live HTTP/1.1\r\nHost : x\r\n\r\n",
    "no host": b"GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": b"GET /health/live HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n",
    "no version": b"GET /health/live\r\n\r\n",
    "version 2 in text": b"GET /health/live HTTP/2.0\r\nHost: x\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "preface of version 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "version 1.2": b"GET /health/live HTTP/1.2\r\nHost: x\r\n\r\n",
    "packed coding": b"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
    b"0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "coding twice": b"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "binary": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "null in header": b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n",
    "long target": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "many headers": b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 500 + b"\r\n",
    "huge header": b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: " + b"b" * 40_000 + b"\r\n\r\n",
    "bad chunk": b"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
}
BODIES = {
    "empty": b"",
    "blank": b"   ",
    "not json": b"<xml/>",
    "doctype": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "array": b"[]",
    "null": b"null",
    "number": b"1",
    "truncated": b'{"procedure": "1.004873"',
    "two values": b"{}{}",
    "byte-order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"procedure": "1.004873"}'.encode("utf-16"),
    "latin-1": b'{"procedure": "\xe9"}',
    "overlong": b'{"procedure": "\xc0\xaf"}',
    "lone surrogate": b'{"procedure": "\\ud800"}',
    "nan": b'{"procedure": NaN}',
    "infinity": b'{"deadline_ms": Infinity}',
    "huge exponent": b'{"deadline_ms": 1e999}',
    "5000 digits": b'{"deadline_ms": ' + b"9" * 5_000 + b"}",
    "beyond 64 bits": b'{"deadline_ms": 123456789012345678901}',
    "float": b'{"procedure": "1.004873", "subjects": {}, "deadline_ms": 1.5}',
    "boolean as number": b'{"procedure": "1.004873", "subjects": {}, "deadline_ms": true}',
    "deep array": NESTED,
    "deep object": b'{"known": {"a": ' + b'{"a": ' * 300 + b"1" + b"}" * 300 + b"}}",
    "duplicate member": b'{"procedure": "1.004873", "procedure": "1.004873", "subjects": {}}',
    "duplicate inside": b'{"subjects": {"requester": {"personal_id": "033174209186", "personal_id": "033174209187"}}}',
    "duplicate by escape": b'{"procedure": "1.004873", "\\u0070rocedure": "1.004873", "subjects": {}}',
    "unknown member": b'{"procedure": "1.004873", "subjects": {}, "colour": 1}',
    "missing member": b'{"subjects": {}}',
    "wrong type": b'{"procedure": 7, "subjects": {}}',
    "subject is null": b'{"procedure": "1.004873", "subjects": {"requester": null}}',
    "subject is text": b'{"procedure": "1.004873", "subjects": {"requester": "033174209186"}}',
    "control character": b'{"procedure": "\x01"}',
}
IDENTIFIERS = {
    "short": "03317420918",
    "long": "0331742091866",
    "full width": "０３３１７４２０９１８６",
    "arabic digits": "٠٣٣١٧٤٢٠٩١٨٦",
    "zero width": "033174\u200b209186",
    "line end": "033174209186\n",
    "space": " 033174209186",
    "comment": "033174<!-- -->209186",
    "sql": "033174209186' OR '1'='1",
    "template": "{{7*7}}",
    "null": "033174209186\x00",
    "letter": "03317420918a",
}


#: less than a client of these tests waits for the door to close (`Door.raw`)
HELD_SECONDS = 19


@pytest.mark.parametrize("name", SMUGGLED)
async def test_malformed_http_is_refused_once_with_a_problem_and_the_connection_closes(
    door: Door, name: str
) -> None:
    good = json.dumps(GOOD).encode()
    behind = f"POST /v1/prefill HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {door.token()}\r\n"
    behind += f"Content-Type: application/json\r\nContent-Length: {len(good)}\r\n\r\n"
    begun = time.monotonic()
    received = await door.raw(SMUGGLED[name] + behind.encode() + good)
    assert time.monotonic() - begun < HELD_SECONDS
    assert received.split(b" ", 2)[1].startswith(b"4"), received[:200]
    assert received.count(b"X-Exchange-Id: ") == 1
    assert b"application/problem+json" in received or b'"error"' in received
    assert not door.prefill.asked


@pytest.mark.parametrize("name", BODIES)
async def test_hostile_body_is_a_400_problem(door: Door, name: str) -> None:
    (await door.post("/v1/prefill", BODIES[name])).assert_problem(400)
    assert not door.prefill.asked


async def test_body_is_as_deep_as_the_configuration_allows_and_no_deeper(
    door: Door, configuration: Configuration
) -> None:
    most = configuration.gateway.limits.json_depth
    for levels, kind in ((most, "list"), (most + 1, "list"), (most, "object"), (most + 1, "object")):
        value: object = 1
        for _ in range(levels - 2):  # the body itself, and `known`
            value = [value] if kind == "list" else {"a": value}
        answer = await door.post("/v1/prefill", {**GOOD, "known": {"a": value}})
        assert answer.status == (200 if levels == most else 400), (levels, kind, answer.raw)
    assert "nested" in answer.raw.decode()


@pytest.mark.parametrize("name", IDENTIFIERS)
async def test_identifier_outside_its_grammar_is_422_with_a_pointer_and_no_value(
    door: Door, name: str
) -> None:
    body = {"procedure": "1.004873", "subjects": {"requester": {"personal_id": IDENTIFIERS[name]}}}
    answer = await door.post("/v1/prefill", body)
    answer.assert_problem(422)
    assert "/subjects/requester/personal_id" in answer.raw.decode()
    assert "174209" not in answer.raw.decode()


HIDDEN = {
    "bidirectional": "\u202e", "isolate": "\u2066", "next line": "\u0085", "line feed": "\n", "return": "\r",
    "tag": "\U000e0041", "soft hyphen": "\u00ad", "zero width": "\u200b", "byte order": "\ufeff",
}  # fmt: skip


@pytest.mark.parametrize(
    "place", ["name", "official", "claim", "name of a claim", "typed", "typed inside", "purpose"]
)
async def test_text_with_a_sign_that_nobody_sees_is_refused_with_a_remedy(door: Door, place: str) -> None:
    remedy = "small letters, digits" if place == "purpose" else "invisible characters"
    for name, sign in HIDDEN.items():
        text = f"Lê{sign}Thử"
        said: dict[str, Any] = {
            "name": {"subjects": {"requester": {"personal_id": CANARY, "full_name": text}}},
            "official": {"official": {"personal_id": CANARY, "full_name": text}},
            "claim": {"account": {"HoVaTen": text}}, "name of a claim": {"account": {text: "x"}},
            "typed": {"known": {"nxnMucDichSuDung": text}}, "typed inside": {"known": {"x": [{"y": text}]}},
            "purpose": {"purpose": f"a{sign}b"},
        }  # fmt: skip
        before = len(door.prefill.asked)
        answer = await door.post("/v1/prefill", {**GOOD, **said[place]})
        if place.startswith("typed") and sign in "\r\n":
            assert answer.status == 200, name  # what citizens type may have several lines
            continue
        assert answer.status == 422, (name, answer.raw)
        answer.assert_problem(422)
        assert len(door.prefill.asked) == before, name
        assert remedy in answer.raw.decode(), name


async def test_whole_number_with_a_point_is_an_integer_and_a_broken_one_is_not(door: Door) -> None:
    assert (await door.post("/v1/prefill", {**GOOD, "deadline_ms": 1790.0})).status == 200
    (await door.post("/v1/prefill", {**GOOD, "deadline_ms": 1790.5})).assert_problem(400)


async def test_name_in_decomposed_form_reaches_the_use_case_composed(door: Door) -> None:
    subjects = {
        "requester": {"personal_id": CANARY, "full_name": "Tra\u0302\u0300n"},
        "person": {"same_as": "requester"},
    }
    assert (await door.post("/v1/prefill", {"procedure": "1.004873", "subjects": subjects})).status == 200
    requester = door.prefill.asked[0].subjects["requester"]
    assert not isinstance(requester, str)
    assert requester.full_name == "Trần"


async def test_unknown_member_is_named_but_never_when_it_could_be_an_identifier(door: Door) -> None:
    named = await door.post("/v1/prefill", {**GOOD, "colour": 1})
    assert "'colour' is not a known member" in named.raw.decode()
    hidden = await door.post("/v1/prefill", {**GOOD, CANARY: 1})
    hidden.assert_problem(400)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/v1/prefill", 405), ("DELETE", "/v1/prefill", 405),
     ("GET", "/v1/procedures/..%2f..%2fetc", 404), ("GET", "/docs/..%2fapp.py", 404),
     ("GET", "/v1/procedures/9.9", 404)],
)  # fmt: skip
async def test_wrong_path_or_method_is_a_problem_too(door: Door, method: str, path: str, status: int) -> None:
    received = await door.raw(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, _, body = received.partition(b"\r\n\r\n")
    assert f" {status} ".encode() in head.splitlines()[0]
    assert b"X-Exchange-Id" in head
    assert json.loads(body)["title_vi"]


async def test_odd_expectation_is_417_and_continue_is_answered(door: Door) -> None:
    odd = await door.raw(
        b"POST /v1/prefill HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    assert b" 417 " in odd.splitlines()[0]
    plain = await door.raw(
        b"POST /v1/prefill HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    assert plain.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401")


@pytest.mark.parametrize("token", ["", "x", "a.b", "Ω", "x" * 9_000 + ".y", "eyJhbGciOiJub25lIn0.e30."])
async def test_forged_token_is_401_with_a_challenge(door: Door, token: str) -> None:
    sent = token.encode("utf-8")
    received = await door.raw(
        b"GET /v1/sources HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "
        + sent
        + b"\r\n\r\n"
    )
    assert received.split(b" ", 2)[1] in {b"401", b"400"}
    assert b"X-Exchange-Id" in received
    if b" 401 " in received.splitlines()[0]:
        assert b"WWW-Authenticate: Bearer" in received


async def test_token_with_one_changed_character_is_refused(door: Door) -> None:
    token = door.token()
    for index in range(0, len(token), 7):
        changed = token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]
        assert (await door.get("/v1/sources", Authorization=f"Bearer {changed}")).status == 401


async def test_token_without_the_scope_is_403(door: Door) -> None:
    (await door.post("/v1/prefill", GOOD, name="auditor")).assert_problem(403, "scope_missing")


async def test_requester_at_its_limit_gets_429_while_others_go_on(door: Door) -> None:
    door.prefill.gate = asyncio.Event()
    waiting = [asyncio.create_task(door.post("/v1/prefill", GOOD)) for _ in range(4)]
    while len(door.prefill.asked) < 4:
        await asyncio.sleep(0.01)
    async with asyncio.timeout(60):
        refused = await door.post("/v1/prefill", GOOD)
    refused.assert_problem(429, "too_many_requests")
    assert refused.headers["Retry-After"] == "1"
    assert (await door.get("/v1/sources", Authorization=f"Bearer {door.token('auditor')}")).status == 200
    door.prefill.gate.set()
    assert [answer.status for answer in await asyncio.gather(*waiting)] == [200] * 4
    assert (await door.post("/v1/prefill", GOOD)).status == 200


async def test_who_waits_for_late_answers_takes_no_place_of_new_questions(door: Door) -> None:
    door.prefill.gate = asyncio.Event()
    waiting = [asyncio.create_task(door.post("/v1/prefill/resume", {"pending": "slow"})) for _ in range(4)]
    while door.prefill.resumed < 4:
        await asyncio.sleep(0.01)
    async with asyncio.timeout(60):
        (await door.post("/v1/prefill/resume", {"pending": "slow"})).assert_problem(429, "too_many_requests")
    asking = asyncio.create_task(door.post("/v1/prefill", GOOD))
    while not door.prefill.asked:
        await asyncio.sleep(0.01)
    door.prefill.gate.set()
    assert (await asking).status == 200
    assert [answer.status for answer in await asyncio.gather(*waiting)] == [200] * 4


async def test_surprise_inside_is_a_500_problem_that_says_nothing(door: Door) -> None:
    sink = io.BytesIO()
    set_up(sink)
    door.prefill.error = RuntimeError(f"about {CANARY}")
    (await door.post("/v1/prefill", GOOD)).assert_problem(500)
    lines = [json.loads(line) for line in sink.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["http.failed", "http.answered"]
    assert lines[0]["error"] == "RuntimeError"
    assert CANARY.encode() not in sink.getvalue()


async def test_deadline_is_the_callers_within_the_configured_most(door: Door) -> None:
    loop = asyncio.get_running_loop()
    for wanted, most in ((50, 0.05), (600_000, 10.0), (None, 2.0)):
        before = loop.time()
        await door.post("/v1/prefill", {**GOOD, "deadline_ms": wanted})
        # the loop counts milliseconds
        assert before + most - 0.002 <= door.prefill.deadlines[-1] <= loop.time() + most + 0.002


async def test_two_hundred_slow_heads_are_cut_while_health_stays_quick(door: Door) -> None:
    async def drip() -> float:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        begun = time.monotonic()
        try:
            for byte in b"GET /health/live HTTP/1.1\r\nX-Slow: " + b"a" * 100:
                writer.write(bytes([byte]))
                await writer.drain()
                if reader.at_eof():
                    break
                await asyncio.sleep(0.1)
        except (ConnectionError, RuntimeError):  # the second is uvloop's word for a connection that was cut
            pass
        finally:
            writer.close()
        return time.monotonic() - begun

    slow = [asyncio.create_task(drip()) for _ in range(200)]
    await asyncio.sleep(0.3)
    begun = time.monotonic()
    assert (await door.get("/health/live")).status == 200
    assert time.monotonic() - begun < 0.2
    assert max(await asyncio.gather(*slow)) < 4


async def test_head_that_stops_half_way_is_cut_however_much_of_it_came_at_once(door: Door) -> None:
    begun = time.monotonic()
    assert await door.raw(b"POST /v1/prefill HTTP/1.1\r\nHost: x\r\n") == b""
    assert time.monotonic() - begun < HELD_SECONDS


async def test_what_the_parser_refuses_has_the_headers_of_every_answer(door: Door) -> None:
    head = (await door.raw(b"GET /health/live HTTP/1.1\r\nHost : x\r\n\r\n")).partition(b"\r\n\r\n")[0]
    assert b"\r\nServer: motlan" in head
    assert b"nosniff" in head
    assert b"aiohttp" not in head


async def test_silent_connection_is_cut(door: Door) -> None:
    begun = time.monotonic()
    assert await door.raw(b"") == b""
    assert time.monotonic() - begun < HELD_SECONDS


async def test_second_head_on_a_kept_connection_is_timed_too(door: Door) -> None:
    begun = time.monotonic()
    received = await door.raw(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /health/li")
    assert received.count(b"HTTP/1.1 200") == 1
    assert time.monotonic() - begun < HELD_SECONDS


async def test_slow_body_is_408(door: Door) -> None:
    head = f"POST /v1/prefill HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {door.token()}\r\n"
    head += "Content-Type: application/json\r\n"
    received = await door.raw(head.encode() + b"Content-Length: 100\r\n\r\n{")
    assert b" 408 " in received.splitlines()[0]


async def test_pipelined_requests_are_answered_in_order(door: Door) -> None:
    one = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    received = await door.raw(one * 20 + last)
    assert received.count(b"HTTP/1.1 200") == 20
    assert received.rindex(b"HTTP/1.1 404") > received.rindex(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /health/live HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"GET /health/live HTTP/2.0\r\nHost: x\r\n\r\n",
    ],
)
async def test_head_that_is_not_http_is_400_and_ends_the_connection(door: Door, sent: bytes) -> None:
    received = await door.raw(sent + b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert re.findall(rb"HTTP/1.[01] ([0-9]+)", received) == [b"400"]


async def test_request_behind_one_with_upgrade_is_answered_or_the_connection_closed(door: Door) -> None:
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    one = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
    received = await door.raw(one + upgrade + b"\r\n" + one + b"\r\n")
    assert received.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close" in received


async def test_client_that_does_not_read_is_cut_and_frees_its_place(full_door: Door) -> None:
    held = [await asyncio.open_connection("127.0.0.1", full_door.port, limit=1_024) for _ in range(5)]
    for _, writer in held:
        writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
    async with asyncio.timeout(60):
        while not (await full_door.raw(b"GET /health/live HTTP/1.0\r\n\r\n", 1)).startswith(b"HTTP/1.0 200"):
            await asyncio.sleep(0.2)
    for _, writer in held:
        writer.transport.abort()


async def test_client_that_reads_a_trickle_is_cut_however_often_it_reads(door: Door) -> None:
    reader, writer = await small(door, b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 500)
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(60):  # all of it would take hours
            # enough that the door goes on sending now and then, at less than 32 KB a second
            while await reader.read(8_192):
                await asyncio.sleep(0.5)
    writer.close()


async def test_client_that_reads_slowly_enough_has_all_of_it(waiting_door: Door) -> None:
    count = 4
    reader, writer = await small(waiting_door, b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * count)
    received, began = 0, time.monotonic()
    whole = (
        len(await waiting_door.raw(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
        - 19
    )
    while received < whole * count:
        received += len(await reader.readexactly(min(65_536, whole * count - received)))
        await asyncio.sleep(0.2)
    writer.close()
    # longer than a client may be silent
    assert time.monotonic() - began > 4


async def test_what_waits_for_all_clients_together_is_bounded(narrow_door: Door) -> None:
    # what waits is what the system does not take of the last answer: each client gets others before it
    page, large = (b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % name for name in (b"v1/reasons", b"openapi.json"))
    held = [await small(narrow_door, page * number + large * 20) for number in range(30)]
    await asyncio.sleep(1)
    cut = 0
    for reader, writer in held:
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(0.5):
                while await reader.read(65_536):
                    pass
                cut += 1
                continue
        cut += reader.at_eof() or reader.exception() is not None
        writer.transport.abort()
    assert cut >= 15
    assert (await narrow_door.get("/health/live")).status == 200


async def small(door: Door, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client whose system takes little for it; it asks this."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", door.port))
    reader, writer = await asyncio.open_connection(sock=plain, limit=4_096)
    writer.write(sent)
    return reader, writer


async def test_connections_beyond_the_cap_are_told_to_come_back(full_door: Door) -> None:
    held = [await asyncio.open_connection("127.0.0.1", full_door.port) for _ in range(5)]
    await asyncio.sleep(0.05)
    received = await full_door.raw(b"")
    assert received.startswith(b"HTTP/1.1 503 ")
    assert b"X-Exchange-Id: " in received
    assert b"Retry-After: 1" in received
    for _, writer in held:
        writer.close()
    await asyncio.sleep(0.05)
    assert (await full_door.get("/health/live")).status == 200

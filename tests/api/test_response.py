"""What stands on the wire: status line, headers and body of whole responses, HEAD, Allow, Expect, connections."""

import asyncio
from collections import Counter

import pytest

from gateway.api.response import Response
from gateway.api.routes import OPERATIONS
from tests.api.conftest import Door

SECURITY = ("X-Content-Type-Options", "Referrer-Policy", "Cache-Control", "Content-Security-Policy", "X-Exchange-Id",
            "Server", "Date", "Content-Length", "Content-Type")  # fmt: skip
PATHS = ["/v1/procedures", "/v1/procedures/1.004873", "/v1/procedures/1.004873/form", "/v1/reasons", "/openapi.json",
         "/docs", "/manual", "/docs/none", "/oauth2/jwks", "/nothing", "/v1/sources", "/health/live"]  # fmt: skip


def parts(raw: bytes) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers, body; each header stands once."""
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    pairs = [(name, value) for name, _, value in (field.partition(": ") for field in fields)]
    assert set(Counter(name for name, _ in pairs).values()) <= {1}, pairs
    return line, dict(pairs), body


async def said(door: Door, line: str, *fields: str) -> tuple[str, dict[str, str], bytes]:
    sent = "\r\n".join([line, "Host: x", "Connection: close", *fields])
    return parts(await door.raw(f"{sent}\r\n\r\n".encode()))


@pytest.mark.parametrize("path", PATHS)
async def test_head_says_what_get_would_and_has_no_body(door: Door, path: str) -> None:
    line, fields, body = await said(door, f"GET {path} HTTP/1.1")
    assert int(fields["Content-Length"]) == len(body) > 0
    assert [name for name in SECURITY if name not in fields] == []
    assert fields["Server"] == "motlan"
    head_line, head_fields, head_body = await said(door, f"HEAD {path} HTTP/1.1")
    assert (head_line, head_fields.keys(), head_body) == (line, fields.keys(), b"")
    assert head_fields["Content-Length"] == fields["Content-Length"]


async def test_method_that_a_path_does_not_take_is_told_which_it_does(door: Door) -> None:
    taken: dict[str, set[str]] = {}
    for item in OPERATIONS:
        taken.setdefault(item.path, set()).update(("GET", "HEAD") if item.method == "GET" else (item.method,))
    for item in OPERATIONS:
        path = item.path.replace("{", "").replace("}", "")
        line, fields, _ = await said(door, f"DELETE {path} HTTP/1.1")
        assert line == "HTTP/1.1 405 Method Not Allowed"
        assert fields["Allow"] == ",".join(sorted(taken[item.path]))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/procedures/1%2E004873", 200), ("/v1/proc%65dures", 200), ("/v1/procedures?x=1", 200),
        ("http://elsewhere/v1/procedures", 200), ("/v1/procedures/", 404), ("/V1/procedures", 404),
        ("//v1/procedures", 404), ("/v1/procedures/a%2Fb", 404), ("/v1/procedures/{code}", 404), ("/docs/", 404),
        ("/docs/%2e%2e%2fdocs.js", 404), ("/log/tile/", 404),
    ],
)  # fmt: skip
async def test_path_is_found_as_it_is_written(door: Door, path: str, status: int) -> None:
    line, _, body = await said(door, f"GET {path} HTTP/1.1")
    assert line.split(" ")[1] == str(status)
    assert status == 200 or b'"exchange_id"' in body


async def test_expectation_is_met_or_refused_wherever_it_comes(door: Door) -> None:
    waits = ("Expect: 100-Continue", "Content-Length: 0")
    for path, status in (("/v1/prefill", "401 Unauthorized"), ("/nothing", "404 Not Found")):
        line, fields, rest = await said(door, f"POST {path} HTTP/1.1", *waits)
        assert (line, fields) == ("HTTP/1.1 100 Continue", {})
        assert parts(rest)[0] == f"HTTP/1.1 {status}"
        line, fields, _ = await said(door, f"POST {path} HTTP/1.1", "Expect: more", "Content-Length: 0")
        assert line == "HTTP/1.1 417 Expectation Failed"
        assert fields["Content-Type"] == "application/problem+json"
    assert (await said(door, "POST /v1/prefill HTTP/1.0", *waits))[0] == "HTTP/1.0 401 Unauthorized"


async def test_connection_is_kept_as_the_client_asks(door: Door) -> None:
    for version, fields, kept, goes_on in (
        ("1.1", "Host: x", None, True),
        ("1.1", "Host: x\r\nConnection: close", "close", False),
        ("1.0", "Host: x", None, False),
        ("1.0", "Host: x\r\nConnection: keep-alive", "keep-alive", True),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(f"GET /v1/reasons HTTP/{version}\r\n{fields}\r\n\r\n".encode())
        _, found, _ = parts(await reader.readuntil(b"\r\n\r\n"))
        assert found.get("Connection") == kept
        await reader.readexactly(int(found["Content-Length"]))
        if goes_on:
            writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK") == goes_on
        writer.close()


class _Asked:
    version, keep_alive, method = (1, 1), True, "GET"


async def test_header_that_would_end_its_line_is_not_sent() -> None:
    response = Response(b"{}", headers={"Allow": "GET\r\nSet-Cookie: a=b"})
    with pytest.raises(ValueError, match="control character"):
        await response.prepare(_Asked())  # type: ignore[arg-type]

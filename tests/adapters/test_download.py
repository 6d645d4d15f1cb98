"""A URL in a message leads to allowed origins only, and not beyond the limits there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from adapters.transport.download import Downloads
from gateway.domain.errors import DownloadFailed

LOOPBACK = ("127.0.0.0/8", "::1")
CONTENT = b"%PDF-1.7 " + b"0123456789" * 20_000


@asynccontextmanager
async def serving(handler: Callable[[web.Request], object]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def got(
    url: str,
    origins: Sequence[str],
    private: Sequence[str] = LOOPBACK,
    most: int = 1_000_000,
    seconds: float = 5,
) -> bytes | str:
    """The content, or the code of the fault."""
    downloads = Downloads(origins, private, most_bytes=most, seconds=seconds)
    try:
        async with downloads.open(url) as pieces:
            return b"".join([piece async for piece in pieces])
    except DownloadFailed as error:
        return error.reason
    finally:
        await downloads.close()


async def whole(request: web.Request) -> web.Response:
    assert request.headers["Accept-Encoding"] == "identity"
    return web.Response(body=CONTENT)


async def test_file_comes_from_an_allowed_origin() -> None:
    async with serving(whole) as url:
        assert await got(f"{url}/files/1?x=1", [url]) == CONTENT


async def test_other_origins_are_refused_without_a_connection() -> None:
    called = []

    async def seen(request: web.Request) -> web.Response:
        called.append(request.path)
        return web.Response(body=b"x")

    async with serving(seen) as url:
        port = url.rsplit(":", 1)[1]
        for wrong in (
            f"http://127.0.0.2:{port}/", f"https://127.0.0.1:{port}/", "http://127.0.0.1/", "file:///etc/passwd",
            f"http://user@127.0.0.1:{port}/", f"http://127.0.0.1:{port}@evil.example/", "//127.0.0.1/", "", "http://[",
            f"gopher://127.0.0.1:{port}/", f"http://127.0.0.1:{port}\n/",
        ):  # fmt: skip
            assert await got(wrong, [url]) in {"origin", "url"}, wrong
    assert called == []


async def test_private_address_is_refused_unless_configured() -> None:
    async with serving(whole) as url:
        assert await got(url, [url], private=()) == "address"
        by_name = url.replace("127.0.0.1", "localhost")
        assert await got(by_name, [by_name], private=()) == "address"
        assert await got(by_name, [by_name]) == CONTENT
    for wrong in (
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/",
        "http://[::1]/",
        "http://0.0.0.0/",
    ):
        assert await got(wrong, [wrong], private=()) == "address"


async def test_redirect_is_not_followed() -> None:
    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound(f"http://{request.host}/elsewhere")

    async with serving(away) as url:
        assert await got(url, [url]) == "status"


async def test_more_than_allowed_is_cut_off() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"0" * 65_536)

    async with serving(endless) as url:
        assert await got(url, [url], most=300_000) == "too_large"
    async with serving(whole) as url:
        assert await got(url, [url], most=len(CONTENT) - 1) == "too_large"


async def test_slow_and_packed_answers_are_refused() -> None:
    async def slow(_request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    async def packed(_request: web.Request) -> web.Response:
        return web.Response(body=b"x", headers={"Content-Encoding": "gzip"})

    async with serving(slow) as url:
        assert await got(url, [url], seconds=0.2) == "timeout"
    async with serving(packed) as url:
        assert await got(url, [url]) == "encoding"


def test_origin_that_is_none_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="no origin"):
        Downloads(["files.example"], most_bytes=1, seconds=1)

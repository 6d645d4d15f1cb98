"""Public reads of the national portal: its own envelope, two operations, nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from adapters.portals.public_api import PublicApi, open_portal
from gateway.domain.errors import BadRequest, ConfigError, PortalUnavailable
from gateway.ports.relay import DeliveryOutcome, PortalAnswer
from tests.adapters.bus_peer import CODE, dossier, portal_tools, settings_of, soon
from tests.adapters.raw_peers import RawPeer, answer, raw_peer, saying

LIST, ONE = "list-all-public-formality-by-citizen", "get-formality-by-citizen"
ROWS = [{"id": "1", "code": "1.001193", "name": "Đăng ký khai sinh"}]


def settings(url: str, **more: Any) -> Any:
    words: dict[str, Any] = {"auth": {}, "takes": [], **more}
    return settings_of(url, **words).model_copy(
        update={"options": more.get("options", {}), "portal": "public_portal"}
    )


@asynccontextmanager
async def reading(said: object, **more: Any) -> AsyncIterator[tuple[RawPeer, PublicApi]]:
    raw = said if isinstance(said, bytes) else answer(orjson.dumps(said))
    async with raw_peer(saying(raw)) as peer:
        portal = open_portal(settings(peer.url, **more), None, portal_tools())
        try:
            yield peer, portal
        finally:
            await portal.close()


async def test_catalogue_is_read_page_by_page_without_a_login() -> None:
    async with reading({"code": "OK", "data": ROWS, "message": ""}) as (peer, portal):
        found = await portal.ask(LIST, {"limit": 200, "lastId": "17", "q": "khai sinh"}, soon())
        assert found == {"result": ROWS}
        await portal.ask(ONE, {"id": 5}, soon())
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(f"POST /base/submitting/formality/{LIST} HTTP/1.1".encode())
    assert orjson.loads(body) == {"limit": 200, "lastId": "17", "q": "khai sinh"}
    assert b"Authorization" not in head
    assert peer.requests[1].startswith(f"POST /base/configuring/formality/{ONE} ".encode())


@pytest.mark.parametrize(
    "said",
    [
        {"code": "ERROR", "data": [], "message": "x"},
        {"code": "OK", "message": ""},
        [1],
        answer(b"<html>", kind="text/html"),
        answer(b"{}", status="503 Away"),
    ],
)
async def test_answer_that_is_no_success_is_none(said: object) -> None:
    async with reading(said, limits={"retry_budget": "0"}) as (_peer, portal):
        with pytest.raises(PortalUnavailable):
            await portal.ask(LIST, {}, soon())


@pytest.mark.parametrize(
    ("operation", "parameters", "says"),
    [
        ("delete-formality", {}, "delete-formality"),
        (LIST, {"limit": 201}, "limit"),
        (LIST, {"limit": True}, "limit"),
        (LIST, {"token": "x"}, "token"),
        (ONE, {"id": "a" * 201}, "id"),
        (ONE, {"id": None}, "id"),
    ],
)
async def test_other_reads_are_not_passed_on(operation: str, parameters: dict[str, Any], says: str) -> None:
    async with reading({"code": "OK", "data": []}) as (peer, portal):
        with pytest.raises(BadRequest, match=says):
            await portal.ask(operation, parameters, soon())
        assert peer.requests == []


async def test_public_api_takes_and_knows_no_dossiers() -> None:
    async with reading({"code": "OK", "data": []}) as (peer, portal):
        assert portal.kinds == frozenset()
        assert await portal.deliver(dossier(), soon()) == PortalAnswer(
            DeliveryOutcome.REFUSED, "kind_not_taken"
        )
        with pytest.raises(PortalUnavailable):
            await portal.look_up(CODE, soon())
        assert await portal.listing("2026-01-05", "", 10, soon()) is None
        assert peer.requests == []
    with pytest.raises(ConfigError, match="takes no messages"):
        open_portal(settings("http://127.0.0.1:9", takes=["dossier"]), None, portal_tools())

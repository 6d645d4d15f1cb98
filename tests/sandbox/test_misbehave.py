import asyncio
import json
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from lxml import etree
from pytest_aiohttp import AiohttpClient

from adapters.sandbox.app import build
from adapters.sandbox.misbehave import AT_RECEIVERS, Mode
from adapters.sandbox.people import Person, Register

Client = TestClient[web.Request, web.Application]
Ask = Callable[..., Awaitable[tuple[int, str]]]
Order = Callable[..., Awaitable[None]]
LOOK_UP = "TraCuuThongTinCongDan"
REST = "/driving_licence/gplx/1.0/traCuu"
SILENT = {Mode.HANG, Mode.DRIP, Mode.RESET, Mode.TRUNCATE, Mode.DROP_AFTER_COMMIT}
ASKED = {"SoDinhDanh": "033085004321"}


async def rest(client: Client) -> tuple[int, bytes]:
    async with client.post(REST, json=ASKED) as answer:
        return answer.status, await answer.read()


async def called(client: Client) -> int:
    """How often the register of licences was asked so far."""
    async with client.get("/__sandbox/calls") as answer:
        return int((await answer.json())["calls"]["driving_licence.traCuu"])


@pytest.fixture
def mau(register: Register) -> Person:
    return register.by_key["mau"]


async def test_slow_answers_late_and_only_as_often_as_told(sandbox: Client, misbehave: Order) -> None:
    await misbehave("driving_licence", "slow", seconds=0.3, times=1)
    started = monotonic()
    assert b"SoGPLX" in (await rest(sandbox))[1]
    assert monotonic() - started >= 0.3
    await misbehave("driving_licence", "slow", seconds=60, times=1)
    late = asyncio.create_task(rest(sandbox))
    async with asyncio.timeout(30):
        while await called(sandbox) < 2:
            await asyncio.sleep(0.01)
        assert b"SoGPLX" in (await rest(sandbox))[1]
    assert not late.done()
    late.cancel()


async def test_hang_never_answers_and_closing_does_not_wait(sandbox: Client, misbehave: Order) -> None:
    await misbehave("driving_licence", "hang")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(rest(sandbox), 0.4)
    hanging = asyncio.create_task(rest(sandbox))
    while await called(sandbox) < 2:
        await asyncio.sleep(0.01)
    async with asyncio.timeout(30):  # a server waits for a minute for those whom it has not answered
        await sandbox.server.close()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_drip_keeps_sending_and_does_not_finish(sandbox: Client, misbehave: Order) -> None:
    await misbehave("driving_licence", "drip", seconds=0.02)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(rest(sandbox), 0.5)


@pytest.mark.parametrize("mode", ["reset", "drop_after_commit", "truncate"])
async def test_broken_connections_give_no_complete_answer(
    sandbox: Client, misbehave: Order, mode: str
) -> None:
    await misbehave("driving_licence", mode)
    with pytest.raises(aiohttp.ClientError):
        await rest(sandbox)
    async with sandbox.get("/__sandbox/calls") as answer:
        assert (await answer.json())["calls"] == {"driving_licence.traCuu": 1}


async def test_garbage_html_and_empty(sandbox: Client, misbehave: Order, ask: Ask, mau: Person) -> None:
    await misbehave("driving_licence", "garbage", times=1)
    with pytest.raises(ValueError, match=r"."):
        json.loads((await rest(sandbox))[1])
    await misbehave("driving_licence", "html", times=1)
    assert (await rest(sandbox))[1].startswith(b"<!doctype html>")
    await misbehave("driving_licence", "empty", times=1)
    assert await rest(sandbox) == (200, b"")
    await misbehave("population", "html", times=1)
    assert "<form>" in (await ask(LOOK_UP, mau))[1]


async def test_fault_with_status_200(sandbox: Client, misbehave: Order, ask: Ask, mau: Person) -> None:
    await misbehave("population", "fault200")
    status, text = await ask(LOOK_UP, mau)
    assert status == 200
    assert "<faultcode>" in text
    await misbehave("driving_licence", "fault200")
    status, body = await rest(sandbox)
    assert (status, "fault" in json.loads(body)) == (200, True)


@pytest.mark.parametrize(("mode", "status"), [("status429", 429), ("status503", 503)])
async def test_statuses_say_when_to_come_back(
    sandbox: Client, misbehave: Order, mode: str, status: int
) -> None:
    await misbehave("driving_licence", mode, seconds=7)
    async with sandbox.post(REST, json=ASKED) as answer:
        assert answer.status == status
        assert answer.headers["Retry-After"] == "7"


async def test_wrong_person_is_well_formed_and_somebody_else(
    sandbox: Client, misbehave: Order, ask: Ask, mau: Person
) -> None:
    await misbehave("population", "wrong_person")
    _, text = await ask(LOOK_UP, mau)
    assert "<ns1:CongDan><ns1:SoDinhDanh>033190001234<" not in text
    assert text.count("<ns1:CongDan>") == 1
    await misbehave("driving_licence", "wrong_person")
    other = json.loads((await rest(sandbox))[1])
    assert other["SoGPLX"]
    assert other["SoDinhDanh"] != ASKED["SoDinhDanh"]


async def test_two_people_where_one_was_asked_for(
    sandbox: Client, misbehave: Order, ask: Ask, mau: Person
) -> None:
    await misbehave("population", "two_people")
    assert (await ask(LOOK_UP, mau))[1].count("<ns1:CongDan>") == 2
    await misbehave("driving_licence", "two_people")
    assert len({row["SoGPLX"] for row in json.loads((await rest(sandbox))[1])}) == 2


async def test_missing_null_and_extra_fields(
    sandbox: Client, misbehave: Order, ask: Ask, mau: Person
) -> None:
    await misbehave("driving_licence", "missing_field", field="NoiCapGPLX", times=1)
    assert "NoiCapGPLX" not in json.loads((await rest(sandbox))[1])
    await misbehave("driving_licence", "null_field", times=1)
    changed = json.loads((await rest(sandbox))[1])
    assert changed["SoSeri"] is None
    assert changed["SoGPLX"]
    await misbehave("driving_licence", "extra_field", times=1)
    assert "TruongMoi" in json.loads((await rest(sandbox))[1])
    await misbehave("population", "missing_field", times=1)
    assert "GioiTinh" not in (await ask(LOOK_UP, mau))[1]
    await misbehave("population", "null_field", field="DanToc", times=1)
    assert 'nil="true"' in (await ask(LOOK_UP, mau))[1]
    await misbehave("population", "extra_field", times=1)
    assert "<ns1:TruongMoi>" in (await ask(LOOK_UP, mau))[1]


async def test_wrong_charset_is_no_utf8(sandbox: Client, misbehave: Order) -> None:
    await misbehave("driving_licence", "wrong_charset")
    with pytest.raises(UnicodeDecodeError):
        (await rest(sandbox))[1].decode()


async def test_huge_and_bomb_are_bigger_than_any_limit(sandbox: Client, misbehave: Order) -> None:
    await misbehave("driving_licence", "huge", times=1)
    assert len((await rest(sandbox))[1]) > 8_000_000
    await misbehave("driving_licence", "gzip_bomb", times=1)
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        url = sandbox.make_url(REST)
        async with session.post(url, json=ASKED) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            packed = await answer.read()
    assert len(packed) < 200_000
    swollen = zlib.decompressobj(wbits=31).decompress(packed, 3_000_000)
    assert len(swollen) == 3_000_000


async def test_doctype_stands_before_the_answer(
    sandbox: Client, misbehave: Order, ask: Ask, mau: Person
) -> None:
    await misbehave("population", "doctype")
    _, text = await ask(LOOK_UP, mau)
    assert "<!DOCTYPE" in text
    assert etree.fromstring(text.encode()).getroottree().docinfo.internalDTD is not None
    await misbehave("driving_licence", "doctype")
    assert b"<!DOCTYPE" in (await rest(sandbox))[1]


async def test_redirect_leads_away(sandbox: Client, misbehave: Order) -> None:
    await misbehave("driving_licence", "redirect")
    async with sandbox.post(REST, json=ASKED, allow_redirects=False) as answer:
        assert answer.status == 302
        assert answer.headers["Location"].endswith("/__sandbox/elsewhere")


async def test_expired_session_ends_the_tokens_of_the_peer(sandbox: Client, misbehave: Order) -> None:
    login = {"username": "sandbox", "password": "sandbox-secret-vehicle"}
    async with sandbox.post("/vehicle/dvcsv/auth/login", json=login) as answer:
        bearer = {"Authorization": f"Bearer {(await answer.json())['token']}"}
    path = "/vehicle/dvcsv/tracuu/ttxe/a/b/c/d"
    async with sandbox.get(path, headers=bearer) as answer:
        assert answer.status == 200
    await misbehave("vehicle", "expired_session", times=1)
    for _ in range(2):
        async with sandbox.get(path, headers=bearer) as answer:
            assert answer.status == 401


async def test_rules_spare_log_ins_unless_named_and_other_operations(
    sandbox: Client, misbehave: Order, ask: Ask, mau: Person
) -> None:
    await misbehave("vehicle", "status503")
    login = {"username": "sandbox", "password": "sandbox-secret-vehicle"}
    async with sandbox.post("/vehicle/dvcsv/auth/login", json=login) as answer:
        assert answer.status == 200
    await misbehave("vehicle", "status503", operation="login")
    async with sandbox.post("/vehicle/dvcsv/auth/login", json=login) as answer:
        assert answer.status == 503
    await misbehave("population", "status503", operation="XacThucThongTinCongDan")
    assert (await ask(LOOK_UP, mau))[0] == 200
    assert (await ask("XacThucThongTinCongDan", mau))[0] == 503


async def test_delete_and_reset_bring_good_behaviour_back(
    sandbox: Client, misbehave: Order, ask: Ask, mau: Person
) -> None:
    await misbehave("driving_licence", "status503")
    await misbehave("population", "status503")
    await sandbox.delete("/__sandbox/misbehave?source=driving_licence")
    assert (await rest(sandbox))[0] == 200
    assert (await ask(LOOK_UP, mau))[0] == 503
    await sandbox.delete("/__sandbox/misbehave")
    assert (await ask(LOOK_UP, mau))[0] == 200
    async with sandbox.get("/__sandbox/calls") as answer:
        told = await answer.text()
    assert json.loads(told)["calls"] == {"driving_licence.traCuu": 1, f"population.{LOOK_UP}": 2}
    assert "033" not in told
    await sandbox.post("/__sandbox/reset")
    async with sandbox.get("/__sandbox/calls") as answer:
        assert (await answer.json())["calls"] == {}


@pytest.mark.parametrize(
    "order",
    [
        {"source": "nobody", "mode": "slow"},
        {"source": "tax", "mode": "bored"},
        {"source": "tax", "mode": "slow", "times": 0},
        {"source": "tax", "mode": "slow", "seconds": -1},
        {"source": "tax", "mode": "slow", "colour": "red"},
        [],
    ],
)
async def test_wrong_orders_are_refused(sandbox: Client, order: object) -> None:
    async with sandbox.post("/__sandbox/misbehave", json=order) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("mode", sorted(set(Mode) - SILENT - AT_RECEIVERS))
async def test_no_mode_makes_the_sandbox_itself_fail(sandbox: Client, misbehave: Order, mode: Mode) -> None:
    await misbehave("driving_licence", mode, seconds=0)
    expected = {Mode.STATUS429: 429, Mode.STATUS503: 503, Mode.REDIRECT: 200}
    async with sandbox.post(REST, json=ASKED, allow_redirects=True) as answer:
        assert answer.status == expected.get(mode, 401 if mode is Mode.EXPIRED_SESSION else 200)
        assert answer.headers["X-Sandbox"] == "true"


async def test_latency_and_only(aiohttp_client: AiohttpClient, root: Path) -> None:
    client = await aiohttp_client(build(root, latency_ms=120, only=["driving_licence"]))
    started = monotonic()
    assert (await rest(client))[0] == 200
    assert monotonic() - started >= 0.12
    async with client.get("/tax/thue/1.0/chungTuNghiaVuTaiChinh") as answer:
        assert answer.status == 404
    with pytest.raises(ValueError, match="no such peer"):
        build(root, only=["nobody"])


async def test_wrong_person_is_somebody_else_in_every_answer_that_says_so(
    sandbox: Client, misbehave: Order, ask: Ask, mau: Person
) -> None:
    await misbehave("population", "wrong_person")
    _, household = await ask("CungCapThongTinHoGiaDinh", mau)
    assert "CongDan>" in household
    assert mau.personal_id not in household
    words = {"hoTen": mau.full_name, "ngaySinh": mau.birth_date.replace("-", ""), "loaiNgaySinh": "0"}
    path = "/social_insurance/apiBHXH/getTraCuuThongTinHgd"
    async with sandbox.post(path, json=words) as answer:
        own = await answer.json()
    await misbehave("social_insurance", "wrong_person")
    async with sandbox.post(path, json=words) as answer:
        other = await answer.json()
    assert other["maSo"]
    assert other["maSo"] != own["maSo"]
    assert other["ngaySinh"] != own["ngaySinh"]

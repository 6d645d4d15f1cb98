"""Who may call at a door, and what a body must be; each refusal is recorded and said in the door's own form."""

import asyncio
import base64
import contextlib
import gzip
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from tests.doors.conftest import SECRET, Street, leaves
from tests.doors.messages import OWNER, OWNER_NAME, application, code, envelope, notice_xml, synced
from tests.flows.conftest import build, on_session

PORTAL = "portals.national_bus.door"


@on_session
@pytest.mark.parametrize("secret", ["", "wrong", "sandbox-secret-national_inboun"])
async def test_wrong_secret_is_refused_in_the_portals_form_and_recorded(street: Street, secret: str) -> None:
    dossier = code()
    before = len(street.records("portal_unproven"))
    number, text = await street.sent("nhanhsdvcqg", envelope(application(dossier)), secret=secret)
    assert number == -1
    assert "problem" not in text
    after = street.records("portal_unproven")
    assert len(after) == before + 1
    assert after[-1]["rules"] == ["door:secret"]
    assert await street.inbox(dossier) == []


async def test_address_outside_the_networks_is_refused(tmp_path: Path) -> None:
    async with build(tmp_path, {f"{PORTAL}.allow": "10.0.0.0/8"}) as house:
        street = Street(house)
        for headers in ({}, {"X-Forwarded-For": "10.1.2.3"}):
            assert (await street.sent("nhanhsdvcqg", envelope(application(code())), **headers))[0] == -1
        assert street.records("portal_unproven")[0]["rules"] == ["door:address"]


async def test_trusted_proxy_names_the_address(tmp_path: Path) -> None:
    overrides = {
        f"{PORTAL}.allow": "10.0.0.0/8",
        "gateway.access.proxy.addresses": "127.0.0.1",
        "gateway.access.proxy.certificate_header": "Client-Cert",
        "gateway.access.proxy.secret_header": "X-Proxy-Secret",
        "gateway.access.proxy.secret.value": "sandbox-proxy",
    }
    async with build(tmp_path, overrides) as house:
        street = Street(house)
        known = {"X-Proxy-Secret": "sandbox-proxy"}
        for forwarded, number in (
            ({**known, "X-Forwarded-For": "10.1.2.3"}, 0),
            ({**known, "X-Forwarded-For": "192.0.2.9, 10.1.2.3"}, 0),
            # written by the client before the proxy added its own
            ({**known, "X-Forwarded-For": "10.1.2.3, 192.0.2.9"}, -1),
            ({"X-Forwarded-For": "10.1.2.3"}, -1),
            ({"X-Proxy-Secret": "other", "X-Forwarded-For": "10.1.2.3"}, -1),
            (known, -1),
        ):
            answer = await street.sent("nhanhsdvcqg", envelope(application(code())), **forwarded)
            assert answer[0] == number, forwarded


async def test_secret_may_stand_in_the_body_and_is_kept_nowhere(tmp_path: Path) -> None:
    async with build(tmp_path, {f"{PORTAL}.secret_member": "SecurityKey"}) as house:
        street = Street(house)
        key = {"SecurityKey": "sandbox-secret-national_inbound"}
        for place in ("top", "data"):
            dossier = code()
            words = envelope(application(dossier))
            (words if place == "top" else words["data"]).update(key)
            assert (await street.sent("nhanhsdvcqg", words, secret=""))[0] == 0
            (item,) = await street.inbox(dossier)
            assert "SecurityKey" not in str(item)
        for wrong in ({}, {"SecurityKey": "x"}, {"SecurityKey": 1}):
            words = {**envelope(application(code())), **wrong}
            assert (await street.sent("nhanhsdvcqg", words, secret=key["SecurityKey"]))[0] == -1
        assert (await street.sent("nhanhsdvcqg", [1], secret=""))[0] == -1


async def test_portals_switch_refuses_what_is_not_configured(tmp_path: Path) -> None:
    async with build(tmp_path, {f"{PORTAL}.unknown_procedure": "refuse"}) as house:
        street, dossier = Street(house), code()
        answer = await street.sent("nhanhsdvcqg", envelope(application(dossier, "9.999999")))
        assert answer == (-1, f"{dossier}| unknown procedure 9.999999")
        assert await street.inbox(dossier) == []


async def test_certificate_is_wanted_where_it_is_configured(tmp_path: Path) -> None:
    async with build(tmp_path, {f"{PORTAL}.certificate": "ab" * 32}) as house:
        street = Street(house)
        assert (await street.sent("nhanhsdvcqg", envelope(application(code()))))[0] == -1
        assert street.records("portal_unproven")[0]["rules"] == ["door:certificate"]


NOT_JSON = {
    "nothing of JSON": b"<xml/>",
    "cut": b'{"service": "NhanHoSo", "data": {',
    "member twice": b'{"service": "a", "service": "b", "data": {}}',
    "too deep": b'{"data": ' + b"[" * 60 + b"]" * 60 + b"}",
    "NaN": b'{"data": {"MaHoSo": NaN}}',
    "Infinity": b'{"data": {"MaHoSo": 1e999}}',
    "UTF-16": json.dumps(envelope(application("H31-QG-1"))).encode("utf-16"),
    "windows-1258": '{"data": {"ChuHoSo": "Đoàn"}}'.encode("cp1258"),
    "lone surrogate": b'{"data": {"ChuHoSo": "\\ud800"}}',
    "two values": b"{}{}",
}


@on_session
@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON.keys())
async def test_what_is_not_json_with_one_meaning_is_answered_500_in_plain_text(
    street: Street, body: bytes
) -> None:
    status, answer = await street.send("nhanhsdvcqg", body)
    assert (status, answer) == (500, "the body is not JSON\n")


@on_session
@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"{}", b'{"data": []}', b""])
async def test_json_that_is_no_message_is_refused(street: Street, body: bytes) -> None:
    assert (await street.sent("nhanhsdvcqg", body))[0] == -1


@on_session
async def test_body_mark_and_any_content_type_are_tolerated(street: Street) -> None:
    for media in (
        "text/plain",
        "application/json; charset=windows-1252",
        "application/x-www-form-urlencoded",
    ):
        raw = b"\xef\xbb\xbf" + json.dumps(envelope(application(code()))).encode()
        assert (await street.sent("nhanhsdvcqg", raw, **{"Content-Type": media}))[0] == 0


#: each would be `nhanhsdvcqg`, `search/call` or `DongBoHoSoMC` for a reader that unescapes or resolves it
OTHER_SPELLINGS = (
    "x%2fnhanhsdvcqg", "x%2Fnhanhsdvcqg", "x%252fnhanhsdvcqg", "%2e/nhanhsdvcqg", "%2e%2e/nhanhsdvcqg",
    "x/%2E%2e/nhanhsdvcqg", "x/../nhanhsdvcqg", "./nhanhsdvcqg", "nh%61nhsdvcqg", "search%2fcall", "x/../search/call",
)  # fmt: skip


@on_session
@pytest.mark.parametrize("path", OTHER_SPELLINGS)
async def test_another_spelling_of_a_path_is_no_operation_of_the_portals_door(
    street: Street, path: str
) -> None:
    dossier = code()
    url = URL(f"{street.house.url}/portal/national_bus/{path}", encoded=True)
    sent = {"X-Portal-Secret": SECRET}
    async with street.house.session.post(
        url, json=envelope(application(dossier)), headers=sent, allow_redirects=False
    ) as answer:
        assert answer.status == 404
        assert await answer.json() == {
            "error_code": -1, "message": "| không có dịch vụ này / there is no such operation",
        }  # fmt: skip
    assert await street.inbox(dossier) == []


@on_session
@pytest.mark.parametrize(
    "operation", ["x%2fDongBoHoSoMC", "x%252FDongBoHoSoMC", "..%2FDongBoHoSoMC", "D%6fngBoHoSoMC"]
)
async def test_another_spelling_of_a_path_is_no_operation_of_the_facade(
    street: Street, operation: str
) -> None:
    client, dossier = await street.one_gate(), code()
    url = URL(f"{street.house.url}/KetNoiMotCuaQuocGia/{operation}", encoded=True)
    headers = {"Authorization": f"Bearer {client.token}"}
    async with street.house.session.post(url, json=[synced(dossier)], headers=headers) as answer:
        assert answer.status == 404
        assert (await answer.json())["fault"]["code"] == 900906
    assert not await client.known(dossier)


@on_session
@pytest.mark.parametrize("path", ["xsearch/call", "search/callx", "call"])
async def test_path_that_only_ends_like_the_look_up_is_none(street: Street, path: str) -> None:
    assert (await street.sent(path, {"data": {"mahoso": code()}}))[0] == -1


@on_session
async def test_packed_body_is_refused(street: Street) -> None:
    raw = gzip.compress(json.dumps(envelope(application(code()))).encode())
    assert (await street.sent("nhanhsdvcqg", raw, **{"Content-Encoding": "gzip"}))[0] == -1


BOMBS = {
    "entities": b'<!DOCTYPE d [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;">]><DATA>&b;</DATA>',
    "outside": b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x"><DATA><BODY/></DATA>',
    "deep": b"<DATA>" + b"<a>" * 5_000 + b"</a>" * 5_000 + b"</DATA>",
    "many": b"<DATA><BODY>" + b"<ROW_LIST/>" * 100_000 + b"</BODY></DATA>",
    "large": b"<DATA><BODY><ROW_LIST><MA_HSO>" + b"x" * 3_000_000 + b"</MA_HSO></ROW_LIST></BODY></DATA>",
    "other encoding": notice_xml("H31-1").replace(b"UTF-8", b"UTF-16"),
    "no code": notice_xml(""),
    "no rows": b"<DATA><BODY/></DATA>",
}


@on_session
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
async def test_hostile_xml_in_base64_is_refused(street: Street, bomb: bytes) -> None:
    words = envelope({"FileThongBaoThue": base64.b64encode(bomb).decode()}, "NhanThongBaoThueDat")
    number, text = await street.sent("nhantbthuedvcqg", words)
    assert number == -1
    assert "FileThongBaoThue" in text or "MA_HSO" in text


@on_session
async def test_text_of_a_sender_never_stands_for_a_file(street: Street) -> None:
    """A mark of the reader cannot be guessed, and a long text is no name."""
    dossier = code()
    words = application(dossier, TenFile="A" * 40_000)
    number, text = await street.sent("nhanhsdvcqg", envelope(words))
    assert number == -1
    assert "TenFile" in text


@on_session
async def test_too_large_body_is_refused_before_it_is_read(street: Street) -> None:
    with contextlib.suppress(ConnectionError, OSError):
        status, _ = await street.send("nhanhsdvcqg", b" " * 110_000_000)
        assert status in {200, 503}


async def test_nothing_of_a_person_is_in_logs_or_records(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with build(tmp_path, {}) as house:
        street = Street(house)
        await street.sent("nhanhsdvcqg", envelope(application(code())))
        await street.sent("nhanhsdvcqg", envelope(application(code(), "9.999999")), secret="x")
        await street.send("nhanhsdvcqg", b'{"ChuHoSo": "' + OWNER_NAME.encode())
        broken = application(code())
        broken["MaTTHC"] = ""
        await street.sent("nhanhsdvcqg", envelope(broken))
        client = await street.one_gate()
        await client.ask("TraCuuTechID", mstorcmnd=OWNER)
        async with house.session.get(f"{house.admin}/metrics") as answer:
            metrics = await answer.text()
    told = "".join(capfd.readouterr()) + metrics + json.dumps(leaves(tmp_path))
    for secret in (OWNER, OWNER_NAME, "giay.pdf", "sandbox-secret-national_inbound"):
        assert secret not in told


async def test_while_nothing_can_be_stored_the_portal_is_asked_to_send_again(tmp_path: Path) -> None:
    async with build(tmp_path, {}) as house:
        street, dossier = Street(house), code()
        words = envelope(application(dossier))
        with closing(sqlite3.connect(tmp_path / "exchange.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            status, answer = await street.send("nhanhsdvcqg", words)
            assert (status, answer["error_code"]) == (503, -1)
            assert answer["message"].startswith(f"{dossier}| ")
            other.execute("ROLLBACK")
        assert (await street.sent("nhanhsdvcqg", words))[0] in {0, 1}
        assert len(await street.inbox(dossier)) == 1


@on_session
@pytest.mark.parametrize("path", ["", "/", "//"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_path_of_a_door_without_an_operation_is_answered_in_its_form(
    street: Street, method: str, path: str
) -> None:
    url = URL(f"{street.house.url}/portal/national_bus{path}", encoded=True)
    async with street.house.session.request(
        method, url, json={}, headers={"X-Portal-Secret": SECRET}
    ) as answer:
        body = await answer.json()
    assert set(body) == {"error_code", "message"}
    assert type(body["error_code"]) is int
    assert (body["error_code"], body["message"][:2]) == (-1, "| ")


@on_session
async def test_path_below_another_door_is_answered_in_its_form(street: Street) -> None:
    for path in ("", "/khac", "/hoso/1"):
        async with street.house.session.post(
            f"{street.house.url}/portal/vneid_records{path}", json={}
        ) as answer:
            assert answer.status == 404
            assert (await answer.json())["statusCode"] == "01"


@on_session
async def test_body_of_a_million_values_is_refused_by_their_count_before_it_is_read(street: Street) -> None:
    """None of these is JSON: it is seen before that."""
    many = b'{"MaHoSo": "H31-QG-1", "data": [' + b"0," * 1_000_000
    number, text = await street.sent("nhanhsdvcqg", many)
    assert (number, "100000" in text) == (-1, True)
    client = await street.one_gate()
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
    url = f"{street.house.url}/KetNoiMotCuaQuocGia/DongBoHoSoMC"
    for raw in (many, b"[" + b"{}," * 500_000, b"[" * 200_000):
        async with street.house.session.post(url, data=io.BytesIO(raw), headers=headers) as answer:
            body = await answer.json()
        assert (answer.status, body["error_code"]) == (200, "-1")
        assert "100000" in body["message"]
    headers["Authorization"] = f"Bearer {await street.house.token('one_gate')}"
    raw = b'{"papers": [' + b"0," * 100_000
    async with street.house.session.post(
        f"{street.house.url}/v1/dossiers", data=io.BytesIO(raw), headers=headers
    ) as answer:
        body = await answer.json()
    assert (answer.status, body["code"]) == (413, "too_large")
    assert "20000" in body["detail"]


@on_session
async def test_more_rows_than_a_list_takes_are_refused_by_its_name(street: Street) -> None:
    client = await street.one_gate()
    answer = await client.call("DongBoHoSoMC", [synced(code(), TaiLieuNop=[{}] * 600)])
    assert answer["error_code"] == "-1"
    assert "TaiLieuNop" in answer["message"]
    assert "500" in answer["message"]


@pytest.mark.slow
@on_session
@pytest.mark.parametrize("shape", ["values", "rows", "dossiers"])
async def test_others_are_answered_while_a_large_body_is_read(street: Street, shape: str) -> None:
    """The longest time for which nobody is answered, with room for a busy machine."""
    client, longest = await street.one_gate(), 0.0
    body: Any = {
        "values": [synced(code(), Khac=[0] * 90_000)],
        "rows": [synced(code(), TaiLieuNop=[{"TenTepDinhKem": "a.pdf"}] * 499, DanhSachLePhi=[{}] * 199)],
        "dossiers": [synced(code(), TaiLieuNop=[{"TenTepDinhKem": "a.pdf"}] * 20) for _ in range(150)],
    }[shape]
    loop = asyncio.get_running_loop()

    async def watch() -> None:
        nonlocal longest
        while True:
            begun = loop.time()
            await asyncio.sleep(0.005)
            longest = max(longest, loop.time() - begun)

    watching = asyncio.create_task(watch())
    await client.call("DongBoHoSoMC", body)
    watching.cancel()
    assert longest < 0.5

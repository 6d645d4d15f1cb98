"""`downloadfile/{uid}`: the portal downloads the files of dossiers that it was sent, by uid, at its own door."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.sandbox.served_files import tiny_pdf
from tests.doors.conftest import BUS, SECRET, Street
from tests.flows.conftest import build, on_session
from tests.flows.test_dossiers import delivered, dossier, posted

pytestmark = on_session
UIDS = {"portals.national_bus.options.files": "uid"}
NOT_THERE = "không có tệp này / there is no such file"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def naming(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    """A gateway whose portal wants uids."""
    async with build(tmp_path_factory.mktemp("uids"), UIDS) as house:
        yield Street(house)


async def stored(street: Street, content: bytes) -> str:
    house = street.house
    headers = {"Authorization": f"Bearer {await house.token('one_gate')}", "Content-Type": "application/pdf"}
    async with house.session.post(f"{house.url}/v1/files", data=content, headers=headers) as answer:
        return str((await answer.json())["file"])


async def sent(street: Street, **more: Any) -> dict[str, Any]:
    """A dossier that the portal has, as it arrived there."""
    body = dossier(**more)
    await posted(street.house, body)
    await delivered(street.house, body["code"])
    return await arrived(street, body["code"])


async def arrived(street: Street, code: str) -> dict[str, Any]:
    asked = {"code": code, "receiver": "national_bus"}
    async with street.house.session.get(f"{street.house.control}/portal/messages", params=asked) as answer:
        found = (await answer.json())["messages"]
    pushed = [json.loads(one["body"]) for one in found if one["operation"] == "DongBoHoSoMC"]
    whole: dict[str, Any] = pushed[0]["data"][0]
    return whole


async def download(street: Street, uid: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    shown = {"X-Portal-Secret": SECRET, **headers}
    url = f"{street.house.url}{BUS}/downloadfile/{uid}"
    async with street.house.session.get(url, headers=shown) as answer:
        return answer.status, dict(answer.headers), await answer.read()


def said(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, int, str]:
    words = json.loads(answer[2])
    return answer[0], words["error_code"], words["message"].partition("| ")[2]


async def test_portal_downloads_by_uid_what_it_was_sent_and_each_download_is_recorded(naming: Street) -> None:
    paper, result = tiny_pdf("giấy tờ"), tiny_pdf("kết quả")
    row = await sent(
        naming,
        papers=[{"file": await stored(naming, paper), "file_name": "Giấy của Đỗ Thị Thử.pdf"}],
        results=[{"title": "Xác nhận", "code": "KQ.G15.900002", "file": await stored(naming, result)}],
    )
    [one], [two] = row["TaiLieuNop"], row["DanhSachGiayToKetQua"]
    uid = one["DuongDanTaiTepTin"]
    assert len(uid) == 36
    assert one["TepDinhKemId"] == uid
    assert two["GiayToId"] == two["DuongDanTepTinKetQua"]
    status, headers, content = await download(naming, uid)
    assert (status, content) == (200, paper)
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"].startswith(f'attachment; filename="{uid}.pdf"')
    assert (await download(naming, two["GiayToId"]))[2] == result
    record = naming.records("file_read")[-1]
    assert (record["requester"], record["dossier"]) == ("national_bus", row["MaHoSo"])
    assert record["notes"]["digest"] == hashlib.sha256(result).hexdigest()


async def test_simulated_portal_downloads_its_files_later(naming: Street) -> None:
    content = tiny_pdf("tải sau")
    row = await sent(naming, papers=[{"file": await stored(naming, content), "file_name": "don.pdf"}])
    order = {"code": row["MaHoSo"], "to": f"{naming.house.url}{BUS}"}
    url = f"{naming.house.control}/portal/fetch_files"
    async with naming.house.session.post(url, json=order) as answer:
        [file] = (await answer.json())["files"]
    assert file == {"status": 200, "bytes": len(content), "digest": hashlib.sha256(content).hexdigest()}


async def test_uid_stays_for_the_dossier_and_is_another_one_in_another_dossier(naming: Street) -> None:
    file = await stored(naming, tiny_pdf("một tệp"))
    body = dossier(papers=[{"file": file, "file_name": "don.pdf"}])
    uids = []
    for version in (1, 2):
        await posted(naming.house, {**body, "abstract": f"Lần {version}"})
        await delivered(naming.house, body["code"], version)
        uids.append((await arrived(naming, body["code"]))["TaiLieuNop"][0]["DuongDanTaiTepTin"])
    other = await sent(naming, papers=[{"file": file, "file_name": "don.pdf"}])
    assert uids[0] == uids[1] != other["TaiLieuNop"][0]["DuongDanTaiTepTin"]


@pytest.mark.parametrize("uid", ["6fa459ea-ee8a-4ca4-894e-db77e160355e", "0" * 36, "x", "", "a" * 64])
async def test_unknown_uid_is_not_there_in_the_words_of_the_door(naming: Street, uid: str) -> None:
    assert said(await download(naming, uid)) == (200, -1, NOT_THERE)


async def test_file_that_was_deleted_is_not_there_and_that_is_recorded(naming: Street) -> None:
    file = await stored(naming, tiny_pdf("bị xóa"))
    row = await sent(naming, papers=[{"file": file, "file_name": "don.pdf"}])
    digest = file.removeprefix("sha256:")
    (naming.house.state / "files" / digest[:2] / digest[2:4] / digest).unlink()
    assert said(await download(naming, row["TaiLieuNop"][0]["TepDinhKemId"])) == (200, -1, NOT_THERE)
    record = naming.records("file_not_found")[-1]
    assert (record["phase"], record["requester"]) == ("lookup", "national_bus")
    assert record["dossier"] == row["MaHoSo"]


async def test_nobody_but_the_portal_downloads(naming: Street) -> None:
    row = await sent(
        naming, papers=[{"file": await stored(naming, tiny_pdf("riêng")), "file_name": "don.pdf"}]
    )
    uid = row["TaiLieuNop"][0]["TepDinhKemId"]
    before = len(naming.records("file_read"))
    status, number, _ = said(await download(naming, uid, **{"X-Portal-Secret": "other"}))
    assert (status, number) == (200, -1)
    assert len(naming.records("file_read")) == before
    assert (await naming.sent(f"downloadfile/{uid}", {"data": {}}))[0] == -1, "a file is read with GET"


async def test_secret_of_a_download_stands_in_the_header_where_others_have_it_in_the_body(
    tmp_path: Path,
) -> None:
    more = {"portals.national_bus.door.secret_member": "SecurityKey"}
    async with build(tmp_path, {**UIDS, **more}) as house:
        street = Street(house)
        row = await sent(
            street, papers=[{"file": await stored(street, tiny_pdf("thân")), "file_name": "don.pdf"}]
        )
        uid = row["TaiLieuNop"][0]["TepDinhKemId"]
        assert (await download(street, uid))[2] == tiny_pdf("thân")
        assert said(await download(street, uid, **{"X-Portal-Secret": ""}))[1] == -1


async def test_links_stay_where_the_configuration_says_nothing(street: Street) -> None:
    row = await sent(
        street, papers=[{"file": await stored(street, tiny_pdf("liên kết")), "file_name": "don.pdf"}]
    )
    [one] = row["TaiLieuNop"]
    assert one["DuongDanTaiTepTin"].startswith(f"{street.house.url}/files/")
    assert one["TepDinhKemId"] == ""

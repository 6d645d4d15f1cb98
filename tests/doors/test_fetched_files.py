"""Files that a message names by their address: fetched afterwards, from allowed origins only, until they are there."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from aiohttp import web

from adapters.sandbox.served_files import tiny_pdf
from tests.adapters.test_download import serving
from tests.doors.conftest import Street
from tests.doors.messages import application, code, envelope, voucher
from tests.doors.test_interlinked import until
from tests.flows.conftest import build, on_session


def by_address(dossier: str, *addresses: str) -> dict[str, Any]:
    words = application(dossier)
    words["ThanhPhanHoSo"][0]["GiayToDinhKem"] = [
        {"IdGiayTo": "", "MaKetQua": "", "TenGiayTo": f"tep_{at}.pdf", "HashTepTin": "", "DuongDan": one}
        for at, one in enumerate(addresses)
    ]
    return words


async def submitted(street: Street, **order: Any) -> str:
    """A dossier that the simulated portal made and sent; its code."""
    words = {"to": street.house.url, "count": 1, **order}
    async with street.house.session.post(f"{street.house.control}/portal/submit", json=words) as answer:
        said = await answer.json()
    assert (said["taken"], said["refused"]) == (1, 0), said
    return str(said["first"])


async def deliveries(street: Street, dossier: str) -> list[dict[str, Any]]:
    found = await street.get(f"/v1/deliveries?dossier={dossier}&target=files:national_bus")
    return list(found["deliveries"])


@on_session
async def test_files_of_a_submitted_dossier_are_fetched_and_told_to_the_province(street: Street) -> None:
    dossier = await submitted(street, large_bytes=3_000_000)

    async def complete() -> list[dict[str, Any]]:
        papers = (await street.inbox(dossier))[-1]["message"]["dossier"]["papers"]
        return papers if all(one.get("file") for one in papers) else []

    papers = await until(complete)
    assert len(papers) == 3
    assert [one["state"] for one in await deliveries(street, dossier)] == ["delivered"]
    # the first message came at once, with addresses; the second has the files
    assert len(await street.inbox(dossier)) == 2
    house = street.house
    words = {"file": papers[2]["file"], "name": "ban_ve.pdf", "seconds": 60}
    status, link = await house.post("/v1/files/link", words, "one_gate")
    assert status == 200, link
    async with house.session.get(link["url"]) as answer:
        assert len(await answer.read()) == 3_000_000


@on_session
async def test_address_elsewhere_is_never_called_and_named_as_the_reason(street: Street) -> None:
    called = []

    async def elsewhere(request: web.Request) -> web.Response:
        called.append(request.path)
        return web.Response(body=tiny_pdf("tep"))

    async def ended() -> list[dict[str, Any]]:
        return [one for one in await deliveries(street, dossier) if one["state"] == "dead"]

    async with serving(elsewhere) as url:
        dossier = code()
        words = by_address(dossier, f"{url}/1", "file:///etc/passwd", "http://169.254.169.254/latest")
        assert (await street.sent("nhanhsdvcqg", envelope(words)))[0] == 0
        (delivery,) = await until(ended)
    assert delivery["reason"] == "file_not_fetched"
    assert called == []
    # the dossier itself reached the province
    (item,) = await street.inbox(dossier)
    assert [one["url"] for one in item["message"]["dossier"]["papers"]][1] == "file:///etc/passwd"


@on_session
async def test_file_of_an_amendment_is_fetched_too(street: Street) -> None:
    dossier = await submitted(street, kind="amendment")

    async def told() -> list[dict[str, Any]]:
        messages = [one["message"] for one in await street.inbox(dossier)]
        return messages if messages[-1]["part"]["papers"][0].get("file") else []

    first, files = await until(told)
    assert first["part"]["note"]
    assert files["notice"] == first["notice"]


async def test_voucher_whose_file_is_fetched_is_one_notice_and_its_payment_is_said_once(
    tmp_path: Path,
) -> None:
    async def give(_request: web.Request) -> web.Response:
        return web.Response(body=tiny_pdf("chung tu"))

    async with serving(give) as url, build(tmp_path, {"portals.national_bus.door.fetch_from": url}) as house:
        street, dossier = Street(house), code()
        words = envelope(voucher(dossier, UrlFileChungTu=f"{url}/chung_tu.pdf"), "NhanChungTuThueDat")
        assert (await street.sent("nhanhsdvcqg", words))[0] == 0

        async def whole() -> list[dict[str, Any]]:
            items = await street.inbox(dossier)
            return items if items[-1]["message"]["part"]["papers"][0].get("file") else []

        booked, files = [one["message"] for one in await until(whole)]
        assert booked["part"]["more"]["ThongTinThanhToan"]["MaThongBaoThue"] == "TB-1"
        assert (files["notice"], files["service"]) == (booked["notice"], booked["service"])
        (paper,) = files["part"].pop("papers")
        assert files["part"] == {"code": dossier}
        # the file stays as long as the item
        link = {"file": paper["file"], "name": "chung_tu.pdf", "seconds": 60}
        assert (await house.post("/v1/files/link", link, "one_gate"))[0] == 200
        with closing(sqlite3.connect(house.state / "exchange.db")) as rows:
            assert rows.execute(
                "SELECT count(*) FROM dossier_events WHERE code = ?", (dossier,)
            ).fetchone() == (1,)
            named = rows.execute("SELECT digest FROM dossier_files WHERE code = ?", (dossier,)).fetchall()
        assert [f"sha256:{one}" for (one,) in named] == [paper["file"]]
        # a resend is neither item again
        assert (await street.sent("nhanhsdvcqg", words))[0] == 1
        assert len(await street.inbox(dossier)) == 2


async def test_file_that_is_away_comes_later(tmp_path: Path) -> None:
    asked = 0

    async def sometimes(_request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise web.HTTPServiceUnavailable
        return web.Response(body=tiny_pdf("tep"))

    async with serving(sometimes) as url:
        overrides = {"portals.national_bus.door.fetch_from": url}
        async with build(tmp_path, overrides) as house:
            street, dossier = Street(house), code()
            await street.sent("nhanhsdvcqg", envelope(by_address(dossier, f"{url}/1")))

            async def complete() -> bool:
                papers = (await street.inbox(dossier))[-1]["message"]["dossier"]["papers"]
                return bool(papers[0].get("file"))

            assert await until(complete)
    assert asked == 2


async def test_late_resend_of_a_replaced_version_changes_nothing_also_when_its_files_came(
    tmp_path: Path,
) -> None:
    async def always(request: web.Request) -> web.Response:
        return web.Response(body=tiny_pdf(request.path))

    async with serving(always) as url:
        overrides = {"portals.national_bus.door.fetch_from": url}
        async with build(tmp_path, overrides) as house:
            street, dossier = Street(house), code()

            async def complete(count: int) -> bool:
                messages = [one["message"]["dossier"]["papers"] for one in await street.inbox(dossier)]
                return len(messages) == count and all(one.get("file") for one in messages[-1])

            for count, name in ((2, "1"), (4, "2")):
                words = by_address(dossier, f"{url}/{name}", f"{url}/shared")
                assert (await street.sent("nhanhsdvcqg", envelope(words, updating=True)))[0] == 0
                await until(lambda count=count: complete(count))
            # the file of one of its addresses is known from the newer version
            late = envelope(by_address(dossier, f"{url}/1", f"{url}/shared"), updating=True)
            assert (await street.sent("nhanhsdvcqg", late))[0] == 0
            assert len(await street.inbox(dossier)) == 4
            shown = await street.get(f"/v1/dossiers/{dossier}")
            assert [one["url"] for one in shown["dossier"]["papers"]] == [f"{url}/2", f"{url}/shared"]


async def test_files_that_came_are_kept_when_another_one_does_not(tmp_path: Path) -> None:
    asked: Counter[str] = Counter()

    async def one_is_away(request: web.Request) -> web.Response:
        asked[request.path] += 1
        if request.path == "/2" and asked["/2"] <= 2:
            raise web.HTTPServiceUnavailable
        return web.Response(body=tiny_pdf(request.path))

    async with serving(one_is_away) as url:
        overrides = {"portals.national_bus.door.fetch_from": url}
        async with build(tmp_path, overrides) as house:
            street, dossier = Street(house), code()
            words = by_address(dossier, *(f"{url}/{number}" for number in (1, 2, 3)))
            await street.sent("nhanhsdvcqg", envelope(words))

            async def complete() -> bool:
                papers = (await street.inbox(dossier))[-1]["message"]["dossier"]["papers"]
                return all(one.get("file") for one in papers)

            assert await until(complete)
            first = (await street.inbox(dossier))[1]["message"]["dossier"]["papers"]
            assert [bool(one.get("file")) for one in first] == [True, False, True]
    assert asked == {"/1": 1, "/2": 3, "/3": 1}

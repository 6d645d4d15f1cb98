"""Links to files: who may make one, what a download gives, and that nothing else opens a file."""

import base64
import re
import time
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import aiohttp
import pytest
from yarl import URL

from gateway.domain.files import FileKind
from gateway.files.kinds import download_name
from tests.api.office import fits
from tests.files.assets import pdf, png
from tests.files.conftest import Room
from tests.flows.test_dossiers import dossier

on_session = pytest.mark.asyncio(loop_scope="session")
#: a name in which a person's name could stand
NAME = "Giấy khai sinh – Canh Thị Giác.pdf"


async def made(room: Room, content: bytes = pdf(), **more: Any) -> str:
    file = (await room.stored(content))["file"]
    status, answer = await room.link(file, **more)
    assert status == 200, answer
    fits("FileLink", answer)
    return str(answer["url"])


@on_session
async def test_link_gives_the_file_with_its_name_and_is_recorded(standing: Room) -> None:
    url = await made(standing, name=NAME, dossier="H31.14-261120-0008")
    status, headers, content = await standing.get(url)
    assert (status, content) == (200, pdf())
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Length"] == str(len(pdf()))
    assert headers["Content-Disposition"].startswith(
        'attachment; filename="Gi_y khai sinh _ Canh Th_ Gi_c.pdf"; '
    )
    assert headers["Content-Disposition"].endswith(
        "filename*=UTF-8''Gi%E1%BA%A5y%20khai%20sinh%20%E2%80%93%20Canh%20Th%E1%BB%8B%20Gi%C3%A1c.pdf"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "sandbox" in headers["Content-Security-Policy"]
    record = standing.records("file_read")[-1]
    assert record["exchange"] == headers["X-Exchange-Id"]
    assert (record["requester"], record["dossier"]) == ("one_gate", "H31.14-261120-0008")
    assert record["notes"]["digest"] in str(standing.records("file_linked")[-1]["notes"])
    assert "Giác" not in str(standing.office.leaves())


@on_session
async def test_head_of_a_link_gives_no_content_and_is_no_record(standing: Room) -> None:
    url = await made(standing)
    before = len(standing.records("file_read"))
    status, headers, content = await standing.get(url, "HEAD")
    assert (status, content) == (200, b"")
    assert headers["Content-Length"] == str(len(pdf()))
    assert len(standing.records("file_read")) == before


@on_session
async def test_forged_cut_and_foreign_links_get_the_same_answer_in_the_same_time(standing: Room) -> None:
    url = await made(standing)
    place, _, token = url.rpartition("/")
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[40] ^= 1
    changed = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    tokens = {"changed": changed, "cut": token[:-9], "one letter": "A", "no base64": "@" * 80, "longer": token + "AAAA",
              "other": base64.urlsafe_b64encode(bytes(160)).decode()}  # fmt: skip
    taken: dict[str, list[float]] = {name: [] for name in tokens}
    bodies = set()
    for _ in range(30):
        for name, one in tokens.items():
            begun = time.perf_counter()
            status, headers, body = await standing.get(f"{place}/{one}")
            taken[name].append(time.perf_counter() - begun)
            assert status == 404, name
            bodies.add(body.replace(headers["X-Exchange-Id"].encode(), b""))
    assert len(bodies) == 1
    # the quickest of each: a machine that stops for a second stops in few
    quickest = [min(times) for times in taken.values()]
    assert max(quickest) - min(quickest) < 0.005


@on_session
@pytest.mark.parametrize("spelling", ["{}=", "{}==", "{}===", "{}====", "other alphabet", "last bits"])
async def test_link_has_one_spelling(standing: Room, spelling: str) -> None:
    url = await made(standing, name="a" * 100)  # so long that the last sign has bits that mean nothing
    link = standing.links.opened(url.rpartition("/")[2])
    assert link is not None
    token = ""
    while not {"-", "_"} & {*token}:  # each sealing is different
        token = standing.links.sealed(link)
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    match spelling:
        case "other alphabet":
            other = token.replace("-", "+").replace("_", "%2F")
        case "last bits":
            assert len(token) % 4
            other = token[:-1] + signs[signs.index(token[-1]) + 1]
        case _:
            other = spelling.format(token)
    place = f"{standing.office.url}/files/"
    assert (await standing.get(place + token))[0] == 200
    status, _, _ = await standing.get(URL(place + other, encoded=True))
    assert status == 404


async def test_link_ends_with_its_time_and_with_its_file(room: Room) -> None:
    url = await made(room)
    place, _, token = url.rpartition("/")
    link = room.links.opened(token)
    assert link is not None
    assert link.expires - time.time() > 55
    ended = room.links.sealed(replace(link, expires=int(time.time())))
    answers = [await room.get(f"{place}/{'A' * len(token)}"), await room.get(f"{place}/{ended}")]
    for one in room.kept():
        one.unlink()
    answers.append(await room.get(url))
    assert {status for status, *_ in answers} == {404}
    assert len({body.replace(headers["X-Exchange-Id"].encode(), b"") for _, headers, body in answers}) == 1


@on_session
async def test_file_of_another_requester_does_not_exist(standing: Room) -> None:
    file = (await standing.stored(png(3, 3)))["file"]
    theirs = await standing.link(file, client="national_portal")
    missing = await standing.link(f"sha256:{'0' * 64}", client="national_portal")
    assert theirs[0] == missing[0] == 404
    assert [{**one, "exchange_id": ""} for one in (theirs[1],)] == [{**missing[1], "exchange_id": ""}]
    await standing.stored(png(3, 3), client="national_portal")
    assert (await standing.link(file, client="national_portal"))[0] == 200


@on_session
async def test_file_of_another_requester_is_recorded_where_it_is_asked_for(standing: Room) -> None:
    digest = (await standing.stored(png(5, 9)))["file"].removeprefix("sha256:")
    for one in (digest, "0" * 64):
        before = len(standing.records("file_unknown"))
        assert (await standing.link(f"sha256:{one}", client="national_portal", dossier="H31.14-261120-0009"))[
            0
        ] == 404
        body = dossier(code="H31.14-261120-1100", papers=[{"file": f"sha256:{one}"}])
        assert (await standing.office.post("/v1/dossiers", body, "national_portal"))[0] == 422
        found = standing.records("file_unknown")[before:]
        assert [(one["phase"], one["requester"], one["dossier"]) for one in found] == [
            ("refusal", "national_portal", "H31.14-261120-0009"), ("refusal", "national_portal", ""),
        ]  # fmt: skip
        assert {one["notes"]["digest"] for one in found} == {one}
        assert "one_gate" not in str(found)


async def test_link_that_opens_nothing_is_recorded(room: Room) -> None:
    url = await made(room, dossier="H31.14-261120-0010")
    place, _, token = url.rpartition("/")
    link = room.links.opened(token)
    assert link is not None
    ended = room.links.sealed(replace(link, expires=int(time.time())))
    await room.get(f"{place}/{'A' * len(token)}")
    await room.get(f"{place}/{ended}", "HEAD")
    for one in room.kept():
        one.unlink()
    await room.get(url)
    found = room.records("file_unknown")
    assert [(one["phase"], one["notes"]["link"], one["requester"], one["dossier"]) for one in found] == [
        ("refusal", "forged", "", ""), ("refusal", "ended", "one_gate", "H31.14-261120-0010"),
        ("refusal", "deleted", "one_gate", "H31.14-261120-0010"),
    ]  # fmt: skip
    assert [one["notes"].get("digest") for one in found] == [None, link.digest, link.digest]


async def test_flood_of_forged_links_does_not_fill_the_log(room: Room) -> None:
    place = f"{room.office.url}/files/"
    for number in range(150):
        assert (await room.get(f"{place}{number}"))[0] == 404
    # 60 a minute, and the minute may have ended in between
    assert 60 <= len(room.records("file_unknown")) <= 120


@on_session
async def test_link_holds_no_longer_than_the_configuration_allows(standing: Room) -> None:
    file = (await standing.stored(pdf()))["file"]
    assert (await standing.link(file, seconds=72 * 3_600))[0] == 200
    for seconds in (72 * 3_600 + 1, 59, -1):
        assert (await standing.link(file, seconds=seconds))[0] == 422
    assert (await standing.link(file.replace("sha256:", "../")))[0] == 422


@on_session
async def test_files_need_the_scope_of_dossiers(standing: Room) -> None:
    assert (await standing.send(pdf(), client="auditor"))[0] == 403
    assert (await standing.link(f"sha256:{'0' * 64}", client="auditor"))[0] == 403


async def test_altered_file_is_never_delivered_as_whole(room: Room) -> None:
    url = await made(room, pdf(size=600_000))
    (kept,) = room.kept()
    content = bytearray(kept.read_bytes())
    content[1_000] ^= 1
    kept.write_bytes(content)
    with pytest.raises(aiohttp.ClientPayloadError):
        await room.get(url)


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("../../etc/passwd", "_.._etc_passwd.pdf"), ("C:\\a.pdf", "C:_a.pdf"), (".htaccess", "htaccess.pdf"),
        ("a\r\nSet-Cookie: b.pdf", "a__Set-Cookie: b.pdf"), ('a"; filename=b.exe', 'a"; filename=b.exe.pdf'),
        ("fdp.\u202eexe.pdf", "fdp._exe.pdf"), ("...", "tep.pdf"), ("Đơn.PDF", "Đơn.PDF"),
        ("x" * 197 + ".pd", "x" * 194 + ".pdf"), ("a\ud800.pdf", None),
    ],
)  # fmt: skip
@on_session
async def test_download_is_saved_under_a_name_that_is_safe(
    standing: Room, name: str, saved: str | None
) -> None:
    file = (await standing.stored(pdf()))["file"]
    if saved is None:
        assert download_name(name, FileKind.PDF) == "a_.pdf"
        return
    status, answer = await standing.link(file, name=name)
    assert status == 200, answer
    _, headers, _ = await standing.get(answer["url"])
    plain, _, whole = headers["Content-Disposition"].partition("; filename*=UTF-8''")
    assert unquote(whole) == saved
    assert re.fullmatch(r'attachment; filename="[A-Za-z0-9._ -]+"', plain)


@on_session
async def test_dossier_may_name_files_of_its_requester_only(standing: Room) -> None:
    mine, theirs = (
        (await standing.stored(pdf()))["file"],
        (await standing.stored(png(7, 7), client="national_portal"))["file"],
    )
    for number, (file, place) in enumerate([
        (mine, "papers"), (theirs, "papers"), (f"sha256:{'0' * 64}", "papers"), (theirs, "results"),
        (theirs, "supplements"),
    ]):  # fmt: skip
        held = [{"papers": [{"file": file}]}] if place == "supplements" else [{}, {"file": file}]
        body = dossier(code=f"H31.14-261120-10{number}", **{place: held})
        status, answer = await standing.office.post("/v1/dossiers", body, "one_gate")
        if file == mine:
            assert status == 202, answer
            continue
        assert (status, answer["code"]) == (422, "file_unknown")
        assert answer["errors"][0]["pointer"] in (
            "/papers/1/file",
            "/results/1/file",
            "/supplements/0/papers/0/file",
        )

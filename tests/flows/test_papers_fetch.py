"""A found paper is fetched by its reference alone: for who searched, for that dossier, for a while; with its digest."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from adapters.sandbox.served_files import tiny_pdf
from tests.api.office import fits
from tests.faults.conftest import CATCHER, SERVICES, Good, Say, Stage, always, http, says, staged
from tests.flows.conftest import on_session
from tests.flows.test_papers_search import CERTIFICATE, DOSSIER, search, stored
from tests.flows.test_records import records
from tests.papers.signed_pdfs import authority, needs_pades, signed

pytestmark = on_session

PDF = tiny_pdf("CK 225177")
PATH = "/f/mau/gcn.pdf"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def registers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    services = SERVICES | {"paper_store": "GetKetQuaGiayTo"}
    short = {"gateway.papers.reference_seconds": "3", "sources.paper_store.options.download_bytes": "200000",
             "sources.paper_store.limits.total_ms": "5000"}  # fmt: skip
    async with staged(tmp_path_factory.mktemp("papers"), short, services=services) as made:
        yield made


def giving(download: Say, row: dict[str, Any] | None = None) -> Say:
    """The store lists one certificate; `download` answers for its file."""
    listing = stored(row or CERTIFICATE)

    async def say(good: Good, writer: asyncio.StreamWriter) -> None:
        chosen = download if b"/download" in good.asked.partition(b"\r\n")[0] else listing
        await chosen(good, writer)

    return say


def as_json_string(content: bytes) -> bytes:
    return json.dumps(base64.b64encode(content).decode()).encode()


def whole(content: bytes = PDF) -> Say:
    return always(as_json_string(content))


async def reference(stage: Stage, client: str = "one_gate", **more: Any) -> str:
    status, answer = await search(stage, client, **more)
    assert status == 200, answer
    (paper,) = answer["papers"]
    return str(paper["files"][0]["reference"])


async def fetch(stage: Stage, handle: str, client: str = "one_gate", dossier: str | None = DOSSIER) -> Any:
    body = {"reference": handle} | ({} if dossier is None else {"dossier": dossier})
    status, answer = await stage.house.post("/v1/papers/fetch", body, client)
    if status == 200:
        fits("FetchedPaper", answer)
    return status, answer


async def test_file_comes_with_digest_verdict_link_and_an_entry_for_the_dossier(registers: Stage) -> None:
    peer = registers.set("paper_store", giving(whole()))
    status, got = await fetch(registers, await reference(registers))
    assert status == 200, got
    digest = hashlib.sha256(PDF).hexdigest()
    assert (got["file"], got["digest"]["hex"], got["size"]) == (f"sha256:{digest}", digest, len(PDF))
    assert (got["media_type"], got["signature"]["verdict"]) == ("application/pdf", "not_signed")
    assert got["paper"] == {
        "title": CERTIFICATE["TenGiayTo"], "file_name": "gcn.pdf",
        "file": got["file"], "digitised": True, "reuse": "replaced", "from_store": True,
        "result_code": "KQ.G10.900001",
    }  # fmt: skip
    async with registers.house.session.get(got["link"]["url"]) as response:
        assert await response.read() == PDF
    asked = json.loads(peer.calls[-1][1].partition(b"\r\n\r\n")[2])
    assert asked == {"CoQuanChuQuan": "000.00.00.H31", "DuongDan": "/f/1/gcn.pdf"}


async def test_records_say_before_and_after_what_was_fetched_and_name_no_file(registers: Stage) -> None:
    registers.set("paper_store", giving(whole()))
    handle = await reference(registers)
    _, got = await fetch(registers, handle)
    ours = [one for one in records(registers.house) if one["exchange"] == got["exchange_id"]]
    assert ours[0]["phase"] == "intent"
    assert {one["phase"] for one in ours} == {"intent", "outcome", "delivery"}
    outcome = next(one for one in ours if one["phase"] == "outcome")
    (call,) = outcome["calls"]
    assert (call["source"], call["operation"], call["outcome"]) == ("paper_store", "download", "found")
    last = next(one for one in ours if one["result"] == "paper_fetched")
    assert (last["procedure"], last["dossier"]) == ("1.013225", DOSSIER)
    assert last["notes"]["digest"] == got["digest"]["hex"]
    assert last["notes"]["signature"] == "not_signed"
    assert list(last["subjects"]) == ["owner"]
    assert "gcn.pdf" not in json.dumps(ours)


@pytest.mark.parametrize(
    ("client", "dossier"), [("portal", DOSSIER), ("one_gate", "H31.14-261105-0418"), ("one_gate", None)]
)
async def test_reference_is_none_for_another_requester_and_another_dossier(
    registers: Stage, client: str, dossier: str | None
) -> None:
    registers.set("paper_store", giving(whole()))
    handle = await reference(registers)
    peer = registers.peers["paper_store"]
    peer.calls.clear()
    status, answer = await fetch(registers, handle, client, dossier)
    assert (status, answer["code"]) == (404, "paper_unknown")
    assert peer.calls == []


async def test_reference_ends_with_its_time(registers: Stage) -> None:
    registers.set("paper_store", giving(whole()))
    handle = await reference(registers)
    await asyncio.sleep(3.1)
    status, answer = await fetch(registers, handle)
    assert (status, answer["code"]) == (404, "paper_unknown")


async def test_reference_that_was_changed_or_invented_is_none(registers: Stage) -> None:
    registers.set("paper_store", giving(whole()))
    handle = await reference(registers)
    changed = handle[:-6] + ("A" if handle[-6] != "A" else "B") + handle[-5:]
    for wrong in (changed, handle[:-8], "A" * 400, base64.urlsafe_b64encode(b"\0" * 90).decode()):
        status, answer = await fetch(registers, wrong)
        assert (status, answer["code"]) == (404, "paper_unknown"), wrong
    status, _ = await fetch(registers, "https://evil.example/f")
    assert status == 422


async def test_path_of_the_store_never_becomes_an_address(registers: Stage) -> None:
    """SSRF: an absolute address in the store's answer goes back to the store, in a body."""
    address = f"{CATCHER}/steal"
    row = {**CERTIFICATE, "DanhSachTepDinhKem": [{"TenTep": "a.pdf", "DuongDan": address}]}
    peer = registers.set("paper_store", giving(whole(), row))
    status, got = await fetch(registers, await reference(registers))
    assert status == 200, got
    assert registers.catcher.calls == []
    assert (
        json.loads(peer.calls[-1][1].partition(b"\r\n\r\n")[2])["DuongDan"]
        == f"{registers.catcher.url}/steal"
    )


@pytest.mark.parametrize(
    "download",
    [
        always(b'""'),
        always(b""),
        always(b"<html><body>login</body></html>"),
        always(as_json_string(b"<!doctype html><html><body>login</body></html>")),
        always(as_json_string(PDF)[:-9] + b'"'),
        always(as_json_string(PDF[:300])),
        always(as_json_string(PDF)[:-1]),
        always(b'"not base64 at all!"'),
        always(json.dumps({"errorCode": "500", "message": "x"}).encode()),
        always(b"null"),
        always(as_json_string(b"MZ\x90\0" + b"\0" * 400)),
        always(as_json_string(b"%PDF-1.4\n" + b"x" * 250_000 + b"\n%%EOF")),
        says(lambda _: http(b"gone", status="500 Internal Server Error")),
        says(
            lambda _: b"HTTP/1.1 302 Found\r\nLocation: http://catcher.invalid/\r\nContent-Length: 0\r\n\r\n"
        ),
    ],
)
async def test_download_that_is_empty_damaged_huge_or_no_file_is_said_and_nothing_is_stored(
    registers: Stage, download: Say
) -> None:
    registers.set("paper_store", giving(download))
    handle = await reference(registers)
    status, answer = await fetch(registers, handle)
    assert (status, answer["code"]) == (503, "source_unavailable"), answer
    assert answer["detail_vi"]
    assert answer["reason"]["code"]
    ours = [one for one in records(registers.house) if one["exchange"] == answer["exchange_id"]]
    assert [one["phase"] for one in ours if one["phase"] in {"intent", "outcome"}] == ["intent", "outcome"]
    outcome = next(one for one in ours if one["phase"] == "outcome")
    assert outcome["calls"][0]["outcome"] != "found"
    assert registers.catcher.calls == []


async def test_base64_with_escapes_and_line_breaks_is_read(registers: Stage) -> None:
    text = base64.encodebytes(PDF).decode()
    escaped = json.dumps(text.replace("\n", "\r\n")).replace("/", "\\/").replace("+", "\\u002B")
    registers.set("paper_store", giving(always(escaped.encode())))
    status, got = await fetch(registers, await reference(registers))
    assert (status, got["size"]) == (200, len(PDF))


async def test_store_that_hangs_ends_in_time_and_the_reference_still_works(registers: Stage) -> None:
    async def silent(_good: Good, _writer: Any) -> None:
        return

    registers.set("paper_store", giving(silent))
    handle = await reference(registers)
    async with asyncio.timeout(60):  # it never answers
        status, answer = await fetch(registers, handle)
    assert (status, answer["reason"]["code"]) == (503, "source_timeout")
    assert "cùng mã tham chiếu" in answer["detail_vi"]


async def test_fetch_whose_client_left_is_closed_in_the_log(registers: Stage) -> None:
    async def silent(_good: Good, _writer: Any) -> None:
        return

    registers.set("paper_store", giving(silent))
    handle, house = await reference(registers), registers.house
    headers = {"Authorization": f"Bearer {await house.token('one_gate')}"}
    asked: dict[str, Any] = {"json": {"reference": handle, "dossier": DOSSIER}, "headers": headers}
    before = len(records(house))
    with pytest.raises(TimeoutError):
        async with (
            asyncio.timeout(0.5),
            aiohttp.ClientSession() as leaving,
            leaving.post(f"{house.url}/v1/papers/fetch", **asked),
        ):
            pass
    async with asyncio.timeout(60):
        while [one["phase"] for one in records(house)[before:]] != ["intent", "abandoned"]:
            await asyncio.sleep(0.05)


async def test_same_content_is_stored_once_and_fetched_again(registers: Stage) -> None:
    registers.set("paper_store", giving(whole()))
    handle = await reference(registers)
    one, two = await fetch(registers, handle), await fetch(registers, handle)
    assert one[1]["file"] == two[1]["file"]
    assert one[1]["exchange_id"] != two[1]["exchange_id"]


async def test_name_of_the_file_is_made_harmless(registers: Stage) -> None:
    row = {**CERTIFICATE, "DanhSachTepDinhKem": [{"TenTep": "../../etc/gcn.exe", "DuongDan": PATH}]}
    registers.set("paper_store", giving(whole(), row))
    _, got = await fetch(registers, await reference(registers))
    assert got["paper"]["file_name"] == "etcgcn.exe.pdf"


@needs_pades
async def test_signed_file_has_the_verdict_by_the_authorities_of_the_configuration(tmp_path: Path) -> None:
    root = authority()
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "ca.pem").write_bytes(root.pem)
    good = await asyncio.to_thread(signed, root)
    foreign = await asyncio.to_thread(signed, authority("CA Lạ"))
    trust = {"gateway.papers.trust": str(tmp_path / "trust")}
    async with staged(
        tmp_path / "state", trust, services=SERVICES | {"paper_store": "GetKetQuaGiayTo"}
    ) as stage:
        for content, verdict in (
            (good, "valid"),
            (good.replace(b"SANDBOX", b"SANDBAX", 1), "altered"),
            (foreign, "not_trusted"),
        ):
            stage.set("paper_store", giving(whole(content)))
            status, got = await fetch(stage, await reference(stage))
            assert (status, got["signature"]["verdict"]) == (200, verdict), got
            assert got["signature"]["signers"][0]["name"] == "Nguyễn Văn Ký"

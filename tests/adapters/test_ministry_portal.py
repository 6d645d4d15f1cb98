"""The client of a ministry's portal against one on loopback: files first, then the dossier, its steps and statuses."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from adapters.files.local import LocalFiles, open_files
from adapters.portals.ministry_portal import MinistryPortal, open_portal
from adapters.portals.tools import PortalTools
from adapters.stores.memory import MemoryCache
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import BadRequest, ConfigError, PortalUnavailable
from gateway.ports.relay import DeliveryOutcome, PortalAnswer
from tests.adapters.bus_peer import (
    CANARY,
    CODE,
    dossier,
    notice,
    plans_of,
    portal_tools,
    progress,
    settings_of,
    soon,
)
from tests.adapters.raw_peers import free_port

CONFIRMED, REFUSED = DeliveryOutcome.CONFIRMED, DeliveryOutcome.REFUSED
UNAVAILABLE, UNCONFIRMED = DeliveryOutcome.UNAVAILABLE, DeliveryOutcome.UNCONFIRMED
NUMBER = "92637"
STEP = ("processing", "2026-01-06T03:15:00Z")


@dataclass
class Ministry:
    """The state of the portal, and what it was asked."""

    url: str = ""
    asked: list[tuple[str, Any]] = field(default_factory=list)
    #: operation -> answers instead of the usual one: status and object, or None to cut the connection
    instead: dict[str, list[tuple[int, Any] | None]] = field(default_factory=dict)
    token: str = "token-1"
    tokens: int = 0
    dossiers: set[str] = field(default_factory=set)
    #: digest -> size of uploaded files
    files: dict[str, int] = field(default_factory=dict)
    types: list[str] = field(default_factory=list)

    def say(self, operation: str, *answers: tuple[int, Any] | None) -> None:
        self.instead.setdefault(operation, []).extend(answers)

    def of(self, operation: str) -> list[Any]:
        return [words for name, words in self.asked if name == operation]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        operation = request.path.rpartition("/")[2]
        words = await self._words(operation, request)
        self.asked.append((operation, words))
        answers = self.instead.get(operation, [])
        said = answers.pop(0) if answers else self._usual(operation, words, request)
        if said is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.Response(status=said[0], body=orjson.dumps(said[1]), content_type="application/json")

    async def _words(self, operation: str, request: web.Request) -> Any:
        if operation != "TaiTepTin":
            body = await request.read()
            return orjson.loads(body) if body else dict(request.query)
        part = await (await request.multipart()).next()
        assert part is not None
        digest, size = hashlib.sha256(), 0
        while piece := await part.read_chunk():  # type: ignore[union-attr]
            digest.update(piece)
            size += len(piece)
        self.files[digest.hexdigest()] = size
        return [part.name, part.filename, digest.hexdigest()]  # type: ignore[union-attr]

    def _usual(self, operation: str, words: Any, request: web.Request) -> tuple[int, Any]:
        if operation == "token":
            self.tokens += 1
            self.token = f"token-{self.tokens}"
            return 200, {"access_token": self.token, "expires_in": 3600}
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {"message": "token không hợp lệ"}
        if operation == "NoiHoSo":
            return self._create(words["MaHoSo"])
        row = {"IdTepTin": "f-1", "HashTepTin": words[2] if operation == "TaiTepTin" else ""}
        return 200, {
            "TaiTepTin": {"data": [{"response": {"data": [row]}}]},
            "LaySoHoSo": {"value": "G09.20-20260609-0092637"},
        }.get(operation, {"message": "Thành công"})

    def _create(self, code: str) -> tuple[int, Any]:
        data = {"idHoSo": NUMBER, "maHoSo": code}
        if code in self.dossiers:
            return 400, {"message": f"{code} đã tồn tại", "data": data}
        self.dossiers.add(code)
        return 200, {"message": "Thành công", "data": data}


@asynccontextmanager
async def ministry() -> AsyncIterator[Ministry]:
    peer = Ministry()
    app = web.Application(client_max_size=2**20)
    app.router.add_route("*", "/{rest:.*}", peer.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    peer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield peer
    finally:
        await runner.cleanup()


def settings(url: str, **more: Any) -> Any:
    auth = {"kind": "client", "client_id": "unit", "secret": {"value": "ministry-secret"}}
    words: dict[str, Any] = {"auth": auth, "mapping": "ministry_portal", **more}
    return settings_of(url, **words).model_copy(
        update={"options": more.get("options", {}), "portal": "ministry_portal"}
    )


@asynccontextmanager
async def at(peer: Ministry, tools: PortalTools | None = None, **more: Any) -> AsyncIterator[MinistryPortal]:
    portal = open_portal(settings(peer.url, **more), plans_of("ministry_portal"), tools or portal_tools())
    try:
        yield portal
    finally:
        await portal.close()


async def test_dossier_is_created_and_its_number_is_used_for_steps_and_statuses() -> None:
    async with ministry() as peer, at(peer) as portal:
        assert await portal.deliver(dossier(), soon()) == PortalAnswer(CONFIRMED, reference=NUMBER)
        assert await portal.deliver(progress(STEP), soon()) == PortalAnswer(CONFIRMED)
        assert await portal.deliver(notice(), soon()) == PortalAnswer(CONFIRMED)
    (created,), (steps,), (statuses,) = map(peer.of, ("NoiHoSo", "CapNhatTienTrinh", "CapNhatTrangThai"))
    assert created["LoaiDoiTuong"] == 0
    assert (steps[0]["IDHoSo"], steps[0]["TrangThai"]) == (NUMBER, 4)
    assert statuses == [{"IdHoSo": NUMBER, "MaHoSo": CODE, "TrangThai": 2}]
    assert peer.tokens == 1
    assert peer.of("token") == [{"client_id": "unit", "client_secret": "ministry-secret"}]


async def test_dossier_that_the_portal_has_is_no_second_one() -> None:
    async with ministry() as peer, at(peer) as portal:
        peer.dossiers.add(CODE)
        answer = await portal.deliver(dossier(unconfirmed=True, attempt=2), soon())
        assert answer == PortalAnswer(CONFIRMED, reference=NUMBER)
        assert await portal.deliver(progress(STEP), soon()) == PortalAnswer(CONFIRMED)


async def test_new_version_of_a_dossier_is_not_confirmed_by_the_old_one() -> None:
    changed = dossier()._replace(version=2, delivery="01E")
    async with ministry() as peer, at(peer) as portal:
        await portal.deliver(dossier(), soon())
        refused = PortalAnswer(
            REFUSED, "change_not_taken", reference=NUMBER, receiver_text=f"{CODE} đã tồn tại"
        )
        assert await portal.deliver(changed, soon()) == refused
        assert await portal.deliver(changed._replace(unconfirmed=True, attempt=2), soon()) == refused
    async with ministry() as peer, at(peer) as portal:
        # the first version was never taken, and the create of the second had no answer
        peer.dossiers.add(CODE)
        again = changed._replace(unconfirmed=True, attempt=2)
        assert await portal.deliver(again, soon()) == PortalAnswer(CONFIRMED, reference=NUMBER)


async def test_number_of_a_dossier_is_known_to_the_other_processes_and_to_later_ones() -> None:
    kept = MemoryCache()
    async with ministry() as peer:
        async with at(peer, portal_tools(kept)) as first:
            await first.deliver(dossier(), soon())
        async with at(peer, portal_tools(kept)) as second:
            assert await second.deliver(progress(STEP), soon()) == PortalAnswer(CONFIRMED)
        async with at(peer) as third:
            assert await third.deliver(progress(STEP), soon()) == PortalAnswer(
                UNCONFIRMED, "dossier_not_there"
            )
            known = progress(STEP)._replace(reference=NUMBER)
            assert await third.deliver(known, soon()) == PortalAnswer(CONFIRMED)
    assert len(peer.of("CapNhatTienTrinh")) == 2


#: what the portal answers to a create -> what becomes of it
ANSWERED: dict[str, tuple[tuple[int, Any] | None, PortalAnswer]] = {
    "a field": (
        (400, {"message": f"thiếu MaDonViTiepNhan {CANARY}"}),
        PortalAnswer(REFUSED, "message_refused", field="MaDonViTiepNhan"),
    ),
    "no right": ((403, {"message": "x"}), PortalAnswer(UNAVAILABLE, "access_refused")),
    "no such path": ((404, {"message": "x"}), PortalAnswer(UNAVAILABLE, "access_refused")),
    "not reached": ((502, {"message": "x"}), PortalAnswer(UNCONFIRMED, "receiver_fault")),
    "no number": (
        (200, {"message": "Thành công", "data": None}),
        PortalAnswer(UNCONFIRMED, "answer_unknown"),
    ),
    "no object": ((200, [1]), PortalAnswer(UNCONFIRMED, "answer_invalid")),
    "cut off": (None, PortalAnswer(UNCONFIRMED, "answer_missing")),
}


@pytest.mark.parametrize("case", ANSWERED)
async def test_answer_to_a_create_is_judged(case: str) -> None:
    said, expected = ANSWERED[case]
    async with ministry() as peer, at(peer) as portal:
        peer.say("NoiHoSo", said)
        answer = await portal.deliver(dossier(), soon())
    assert answer._replace(receiver_text="") == expected
    assert answer.receiver_text == (f"thiếu MaDonViTiepNhan {CANARY}" if case == "a field" else "")
    assert len(peer.of("NoiHoSo")) == 1


async def test_portal_that_is_not_there_took_nothing() -> None:
    async with at(Ministry(url=f"http://127.0.0.1:{free_port()}")) as portal:
        answer = await portal.deliver(dossier(), soon())
        assert (answer.outcome, answer.reason) == (UNAVAILABLE, "receiver_unreachable")


async def test_token_that_is_refused_is_renewed_once_for_calls_and_uploads(tmp_path: Path) -> None:
    files, digest = await _stored(tmp_path, b"%PDF-1.7 a paper")
    async with ministry() as peer, at(peer, portal_tools(files=files)) as portal:
        await portal.deliver(dossier(), soon())
        peer.token = "ended"
        papers = [{"component": "GT1", "file": f"sha256:{digest}", "file_name": "don.pdf"}]
        answer = await portal.deliver(dossier("G09-1", papers=papers), soon())
        assert answer.outcome is CONFIRMED
        peer.token = "ended"
        assert (await portal.deliver(dossier("G09-2"), soon())).outcome is CONFIRMED
    assert peer.tokens == 3


async def test_file_is_uploaded_once_before_its_dossier(tmp_path: Path) -> None:
    content = b"%PDF-1.7 " + bytes(3_000_000)
    files, digest = await _stored(tmp_path, content)
    papers = [
        {"component": "GT1", "file": f"sha256:{digest}", "file_name": 'đơn "1".pdf'},
        {"component": "GT2", "title": "Biên bản"},
    ]
    async with ministry() as peer, at(peer, portal_tools(files=files)) as portal:
        assert (await portal.deliver(dossier(papers=papers), soon())).outcome is CONFIRMED
        assert (await portal.deliver(dossier("G09-2", papers=papers), soon())).outcome is CONFIRMED
    assert peer.files == {digest: len(content)}
    assert peer.of("TaiTepTin") == [["files", "đơn %221%22.pdf", digest]]  # as browsers write it
    first, second = peer.of("NoiHoSo")[0]["ThanhPhanHoSo"]
    attached = {
        "IdGiayTo": "f-1",
        "MaKetQua": "KQ.DVC.THONGTIN",
        "TenGiayTo": 'đơn "1".pdf',
        "HashTepTin": digest,
    }
    assert (first["LoaiBan"], first["GiayToDinhKem"]) == (2, [attached])
    assert (second["LoaiBan"], second["GiayToDinhKem"]) == (0, [])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((413, {}), PortalAnswer(REFUSED, "message_refused", field="files")),
        ((500, {}), PortalAnswer(UNAVAILABLE, "receiver_fault")),
        ((200, {"data": []}), PortalAnswer(UNAVAILABLE, "answer_invalid")),
        (None, PortalAnswer(UNAVAILABLE, "answer_missing")),
    ],
)
async def test_file_that_is_not_taken_holds_its_dossier_back(
    tmp_path: Path, said: tuple[int, Any] | None, expected: PortalAnswer
) -> None:
    files, digest = await _stored(tmp_path, b"%PDF-1.7 a paper")
    message = dossier(papers=[{"component": "GT1", "file": f"sha256:{digest}"}])
    async with ministry() as peer, at(peer, portal_tools(files=files)) as portal:
        peer.say("TaiTepTin", said)
        assert await portal.deliver(message, soon()) == expected
    assert peer.of("NoiHoSo") == []


async def test_file_that_is_gone_holds_back_its_dossier_alone(tmp_path: Path) -> None:
    files, _ = await _stored(tmp_path, b"%PDF-1.7 another paper")
    message = dossier(papers=[{"component": "GT1", "file": "sha256:" + "a" * 64}])
    async with ministry() as peer, at(peer, portal_tools(files=files)) as portal:
        assert await portal.deliver(message, soon()) == PortalAnswer(UNCONFIRMED, "file_unavailable")
        assert (await portal.deliver(dossier("G09-2"), soon())).outcome is CONFIRMED


async def test_number_of_a_new_dossier_can_be_asked_for_and_nothing_else() -> None:
    async with ministry() as peer, at(peer) as portal:
        found = await portal.ask("LaySoHoSo", {"maDonVi": "G09.20", "maTTHC": "1.001612"}, soon())
        assert found == {"result": "G09.20-20260609-0092637"}
        with pytest.raises(BadRequest, match="maTTHC"):
            await portal.ask("LaySoHoSo", {"maDonVi": "G09.20"}, soon())
        with pytest.raises(BadRequest, match="NoiHoSo"):
            await portal.ask("NoiHoSo", {}, soon())
        with pytest.raises(PortalUnavailable):
            await portal.look_up(CODE, soon())
        assert await portal.listing("2026-01-05", "", 10, soon()) is None
    assert peer.of("LaySoHoSo") == [{"maDonVi": "G09.20", "maTTHC": "1.001612"}]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"options": {"pth": "/x"}}, "did you mean 'path'?"),
        ({"auth": {"client_id": "unit"}}, "'auth.secret' is not a secret"),
        ({"takes": ["correction"]}, "write some of dossier, progress, status"),
    ],
)
async def test_broken_settings_of_a_ministry_are_told(more: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=r"config/portals/ministry_portal\.yaml") as told:
        open_portal(settings("http://127.0.0.1:9", **more), plans_of("ministry_portal"), portal_tools())
    assert says in str(told.value)


async def _stored(folder: Path, content: bytes) -> tuple[LocalFiles, str]:
    files = open_files(folder)
    async with files.draft() as draft:
        await draft.write(content)
        digest = await draft.digest()
        await draft.settle()
        await draft.keep("one_gate")
    await asyncio.sleep(0)
    return files, digest


async def test_portal_says_beforehand_what_it_could_never_take() -> None:
    async with ministry() as peer, at(peer) as portal:
        step = progress(STEP).body["entries"][0]
        assert portal.unwritable(MessageKind.PROGRESS, {"entries": [step]}) is None
        fault = portal.unwritable(MessageKind.PROGRESS, {"entries": [{**step, "status": "unknown"}]})
        assert fault is not None
        assert (fault.field, fault.path) == ("TrangThai", "status")

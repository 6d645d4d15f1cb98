"""Why a source does not answer: each cause, made by a real server on loopback, in the log and in the metrics."""

import asyncio
import contextlib
import errno
import io
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from adapters.sources import rest
from adapters.sources.provider import ProviderSource
from adapters.transport.faults import of_connecting
from gateway import telemetry
from gateway.domain.dates import PartialDate
from gateway.domain.evidence import SourceAnswer, SourceQuery
from gateway.domain.fault_codes import FaultCode
from gateway.domain.identifiers import CallId, ExchangeId
from gateway.prefill.gather import Gatherer, QueryCall
from gateway.telemetry import Metrics
from tests.adapters.raw_peers import FixedClock, Say, answer, free_port, raw_peer, reset, saying, tools
from tests.adapters.test_rest import BY_ID, PERSON, plan_of, query_of, settings_of

STRANGER = "033471902864"
BORN = PartialDate(1990, 2, 15)
ANSWER = {
    "record": "nguoi",
    "found_when": "ten",
    "status": "ma",
    "statuses": {"0": "found", "7": "unavailable", "8": "refused"},
    "identity": {"personal_id": "so", "full_name": "ten", "birth_date": "sinh"},
    "attributes": {
        "full_name": {"path": "ten"},
        "birth_date": {"path": "sinh", "transform": "date_vn"},
        "noi": {"path": "noi"},
    },
}
OAUTH: dict[str, Any] = {
    "kind": "oauth2", "token_path": "/token", "client_id": "motlan", "secret": {"value": "nothing-to-hide"},
}  # fmt: skip
TODAY = datetime.now(UTC)
CODES = {
    # shown by tests of their own
    "NO_ROUTE": "below",
    **dict.fromkeys(("SIGNATURE_MISSING", "SIGNATURE_TIME", "SIGNATURE_FORM"), "test_soap_source.py"),
    "ATTACHMENT": "test_soap_source.py",
    "NOT_XML": "test_soap_source.py", "SOAP_FAULT": "test_soap_source.py", "SIGNATURE": "test_soap_source.py",
    "OTHER_MESSAGE": "test_soap_source.py", "NOT_SENDABLE": "test_soap_source.py",
    "LIST_TOO_LONG": "test_paging.py", "PAGE_REPEATED": "test_paging.py", "PAGE_UNREADABLE": "test_paging.py",
    "FILE_MISSING": "test_folder_csv.py", "FILE_DAMAGED": "test_folder_csv.py",
    "STORE_UNAVAILABLE": "test_own_data.py", "DEFECT": "test_own_data.py", "READING_LATE": "test_heavy.py",
    "SCHEMA_TYPE": "test_schemas_hold.py", "SCHEMA_PATTERN": "test_schemas_hold.py",
    "SCHEMA_ENUM": "test_schemas_hold.py", "SCHEMA_LENGTH": "test_schemas_hold.py",
    "SCHEMA_FORMAT": "test_schemas_hold.py", "SCHEMA_OTHER": "test_schemas_hold.py",
    "LATER_THAN_TODAY": "test_dates_ahead.py",
}  # fmt: skip


@dataclass
class Scene:
    """A source and what becomes of it."""

    stack: AsyncExitStack
    folder: Path
    url: str = ""
    #: more settings of the source
    settings: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    service: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=lambda: dict(BY_ID))
    #: seconds that the request has left
    seconds: float = 25.0
    #: so many calls before the one that counts; they wait for nothing where `at_once`
    before: int = 0
    at_once: bool = False
    is_closed: bool = False
    query: SourceQuery = field(default_factory=lambda: query_of(full_name="TRẦN THỊ MẪU"))

    async def peer(self, say: Say) -> None:
        self.url = (await self.stack.enter_async_context(raw_peer(say))).url

    async def tls(
        self, change: Callable[[trustme.CA, ssl.SSLContext], None], trusted: trustme.CA | None = None
    ) -> None:
        """A server over TLS; `trusted`: whom the source trusts instead of its authority."""
        authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        change(authority, context)
        listener = self.stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.settimeout(5)
        # a server of asyncio cuts a handshake that fails, and says no alert
        shaking = asyncio.get_running_loop().run_in_executor(None, shake_hands, listener, context)
        self.stack.push_async_callback(asyncio.wait_for, shaking, 5)
        self._trust(trusted or authority, listener.getsockname()[1])

    async def plain_where_tls_is_agreed(self) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self.stack.callback(server.close)
        self._trust(trustme.CA(), server.sockets[0].getsockname()[1])

    def _trust(self, authority: trustme.CA, port: int) -> None:
        authority.cert_pem.write_to_path(str(self.folder / "ca.pem"))
        self.settings["options"] = {"tls": {"ca": str(self.folder / "ca.pem")}}
        self.url = f"https://127.0.0.1:{port}/base"


def shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    with contextlib.suppress(OSError):
        connection, _ = listener.accept()
        context.wrap_socket(connection, server_side=True).close()


Make = Callable[[Scene], Awaitable[None]]


def where(**values: Any) -> Make:
    """A scene with these members."""

    async def make(scene: Scene) -> None:
        for name, value in values.items():
            setattr(scene, name, value)

    return make


def says(say: Say, **values: Any) -> Make:
    async def make(scene: Scene) -> None:
        await where(**values)(scene)
        await scene.peer(say)

    return make


def record(query: SourceQuery | None = None, **more: Any) -> Make:
    """An answer of the right form, but for `more`."""
    values = {} if query is None else {"query": query}
    person = {"ten": "TRẦN THỊ MẪU", "so": PERSON, "sinh": "15/02/1990"}
    tree = {"ma": more.pop("ma", "0"), "nguoi": more.pop("nguoi", {**person, **more})}
    return says(saying(answer(json.dumps(tree, ensure_ascii=False).encode())), **values)


def status(line: str, more: str = "", **values: Any) -> Make:
    return says(saying(answer(b"{}", status=line, more=more)), **values)


async def hang(_number: int, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def cut(_number: int, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
    await writer.drain()
    reset(writer)


async def drip(_number: int, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1_000):
        writer.write(b" ")
        await asyncio.sleep(0.02)


async def gone(scene: Scene) -> None:
    scene.url = f"http://127.0.0.1:{free_port()}/base"


async def full(scene: Scene) -> None:
    """The queue of the address is full: it takes no connection and refuses none."""
    server = scene.stack.enter_context(socket.socket())
    server.bind(("127.0.0.1", 0))
    server.listen(0)
    for _ in range(3):
        one = scene.stack.enter_context(socket.socket())
        one.setblocking(False)
        one.connect_ex(server.getsockname())
    scene.url = f"http://127.0.0.1:{server.getsockname()[1]}/base"
    scene.limits["connect_ms"] = 100


def issued(
    name: str = "127.0.0.1", begin: datetime | None = None, end: datetime | None = None
) -> Callable[[trustme.CA, ssl.SSLContext], None]:
    def change(authority: trustme.CA, context: ssl.SSLContext) -> None:
        authority.issue_cert(name, not_before=begin, not_after=end).configure_cert(context)

    return change


def choosy(authority: trustme.CA, context: ssl.SSLContext) -> None:
    """It takes certificates of its own authority only."""
    issued()(authority, context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    authority.configure_trust(context)


def tls(change: Callable[[trustme.CA, ssl.SSLContext], None], trusted: trustme.CA | None = None) -> Make:
    return lambda scene: scene.tls(change, trusted)


async def with_certificate(scene: Scene) -> None:
    await scene.tls(choosy)
    ours = trustme.CA().issue_cert("motlan.example")
    ours.cert_chain_pems[0].write_to_path(str(scene.folder / "ours.pem"))
    ours.private_key_pem.write_to_path(str(scene.folder / "ours.key"))
    files = {"certificate": str(scene.folder / "ours.pem"), "key": str(scene.folder / "ours.key")}
    scene.settings["options"]["tls"] |= files


def token_answer(said: bytes, line: str = "200 OK") -> Make:
    return says(saying(answer(said, status=line)), settings={"auth": OAUTH})


async def refuses_new_tokens(number: int, writer: asyncio.StreamWriter) -> None:
    told = b'{"access_token":"x"}' if number % 2 else b'{"het_han":"1"}'
    writer.write(answer(told))
    await writer.drain()


EXPIRES = {"auth": {**OAUTH, "kind": "login_token", "path": "/t", "username": "u", "token": "access_token",
                    "expired_path": "het_han", "expired_values": ["1"]}}  # fmt: skip
for word in ("token_path", "client_id"):
    del EXPIRES["auth"][word]

C = FaultCode
#: cause -> outcome, code, what else the line says
CAUSES: dict[str, tuple[Make, str, FaultCode, dict[str, object]]] = {
    "no such name": (where(url="http://no-such-provider.invalid/"), "unavailable", C.NAME_NOT_FOUND, {}),
    "refused": (gone, "unavailable", C.CONNECTION_REFUSED, {}),
    "no connection in time": (full, "unavailable", C.CONNECT_TIMEOUT, {}),
    "expired": (
        tls(issued(begin=TODAY - timedelta(9), end=TODAY - timedelta(1))),
        "unavailable", C.CERTIFICATE_EXPIRED, {},
    ),
    "not valid yet": (
        tls(issued(begin=TODAY + timedelta(1), end=TODAY + timedelta(9))),
        "unavailable", C.CERTIFICATE_EXPIRED, {},
    ),
    "other name": (tls(issued("other.example")), "unavailable", C.CERTIFICATE_OTHER_NAME, {}),
    "other address": (tls(issued("127.0.0.2")), "unavailable", C.CERTIFICATE_OTHER_NAME, {}),
    "unknown authority": (tls(issued(), trustme.CA()), "unavailable", C.CERTIFICATE_UNTRUSTED, {}),
    "our certificate": (with_certificate, "unavailable", C.OUR_CERTIFICATE_REFUSED, {}),
    "no certificate of ours": (tls(choosy), "unavailable", C.TLS_FAILED, {}),
    "no TLS": (Scene.plain_where_tls_is_agreed, "unavailable", C.TLS_FAILED, {}),
    "cut": (says(cut), "unavailable", C.CONNECTION_LOST, {}),
    "silent": (says(hang, limits={"total_ms": 100}), "unavailable", C.ANSWER_TIMEOUT, {}),
    "slow": (says(drip, limits={"total_ms": 100}), "unavailable", C.ANSWER_TIMEOUT, {}),
    "silent until the deadline": (says(hang, seconds=0.1), "unavailable", C.DEADLINE, {}),
    "asked after the deadline": (says(hang, seconds=-1), "unavailable", C.DEADLINE, {}),
    "paused": (
        status("502 X", limits={"breaker_failures": 1}, before=1), "unavailable", C.BREAKER_OPEN, {},
    ),
    "wait": (status("429 X", "Retry-After: 9\r\n", before=1), "unavailable", C.ASKED_TO_WAIT, {}),
    "queue": (
        says(hang, limits={"connections": 1}, before=5, at_once=True), "unavailable", C.QUEUE_FULL, {},
    ),
    "no turn": (
        says(hang, limits={"connections": 1}, before=1, at_once=True, seconds=0.1),
        "unavailable", C.NO_PLACE_IN_TIME, {},
    ),
    "closing": (says(hang, is_closed=True), "unavailable", C.CLOSING, {}),
    "removed source": (where(query=query_of("y.look")), "unavailable", C.SERVICE_OFF, {}),
    "no such service": (says(hang, query=query_of("x.other")), "refused", C.SERVICE_OFF, {}),
    "no code": (says(hang, service={"procedure_codes": {"1.000656": "A"}}), "refused", C.NO_PROCEDURE_CODE, {}),
    "blank place": (
        says(hang, service={"path": "/look/{bienSo}"}, request={"bienSo": {"from": "subject.registration_no"}}),
        "refused", C.PLACE_BLANK, {"path": "bienSo"},
    ),
    "number in the address": (
        says(hang, service={"method": "GET"}, request={"ten": {"from": "subject.full_name"}},
             query=query_of(full_name=PERSON)),
        "refused", C.PERSON_IN_ADDRESS, {},
    ),
    "no token": (token_answer(b"{}"), "invalid", C.NO_TOKEN, {"step": "token", "status": 200}),
    "wrong password": (
        token_answer(b"{}", "401 X"), "refused", C.HTTP_STATUS, {"step": "token", "status": 401},
    ),
    "token refused twice": (says(refuses_new_tokens, settings=EXPIRES), "refused", C.TOKEN_REFUSED, {}),
    "401": (status("401 X"), "refused", C.HTTP_STATUS, {"status": 401}),
    "302": (status("302 X"), "invalid", C.HTTP_STATUS, {"status": 302}),
    "503": (status("503 X"), "unavailable", C.HTTP_STATUS, {"status": 503}),
    "gateway's code": (
        says(saying(answer(b'{"fault":{"code":900901}}'))), "refused", C.FAULT, {"fault": "900901"},
    ),
    "unknown code": (says(saying(answer(b'{"fault":{"code":"N1"}}'))), "invalid", C.FAULT, {}),
    "no HTTP": (says(saying(b"SSH-2.0-x\r\n", then_close=True)), "invalid", C.NOT_HTTP, {}),
    "page": (says(saying(answer(b"<html>"))), "invalid", C.NOT_AN_ANSWER, {"status": 200}),
    "empty": (says(saying(answer(b""))), "invalid", C.NOT_AN_ANSWER, {"status": 200}),
    "large": (
        says(saying(answer(b" " * 5_000)), limits={"answer_bytes": 4_096}), "invalid", C.ANSWER_TOO_LARGE, {},
    ),
    "no JSON": (says(saying(answer(b"{"))), "invalid", C.NOT_JSON, {}),
    "status 7": (record(ma="7"), "unavailable", C.PROVIDER_STATUS, {"path": "ma", "fault": "7"}),
    "status 8": (record(ma="8"), "refused", C.PROVIDER_STATUS, {"path": "ma", "fault": "8"}),
    "status 9": (record(ma="9"), "invalid", C.STATUS_UNKNOWN, {"path": "ma"}),
    "other form": (record(ten="", noi="Hà Nội"), "invalid", C.UNKNOWN_FORM, {"path": "nguoi.sinh"}),
    "several": (record(nguoi=[{"ten": "A"}, {"ten": "B"}]), "invalid", C.SEVERAL_RECORDS, {"path": "nguoi"}),
    "stranger": (
        record(so=STRANGER), "invalid", C.OTHER_PERSON, {"attribute": "personal_id", "path": "so"},
    ),
    "nobody": (
        record(sinh="", query=query_of(personal_id=None, full_name="TRẦN THỊ MẪU", birth_date=BORN)),
        "invalid", C.NOBODY_NAMED, {"attribute": "birth_date", "path": "sinh", "transform": "date_vn"},
    ),
    "birth date": (
        record(sinh="473389200", query=query_of(full_name="TRẦN THỊ MẪU", birth_date=BORN)),
        "invalid", C.UNREADABLE, {"attribute": "birth_date", "path": "sinh", "transform": "date_vn"},
    ),
    "object": (
        record(ten={"ho": "TRẦN"}), "invalid", C.OTHER_SHAPE, {"attribute": "full_name", "path": "ten"},
    ),
    "hidden": (
        record(ten="TRẦN\u202e THỊ MẪU"), "invalid", C.HIDDEN_SIGNS, {"attribute": "full_name", "path": "ten"},
    ),
}  # fmt: skip


@asynccontextmanager
async def scene_of(make: Make, folder: Path) -> AsyncIterator[tuple[Scene, ProviderSource]]:
    async with AsyncExitStack() as stack:
        scene = Scene(stack, folder)
        await make(scene)
        told = settings_of(
            scene.url or "http://127.0.0.1:9/",
            scene.service,
            limits={"retry_budget": 0, **scene.limits},
            **scene.settings,
        )
        source = rest.open_source(told, {"look": plan_of(scene.request, ANSWER)}, tools())
        stack.push_async_callback(source.close)
        yield scene, source


@pytest.mark.parametrize("name", CAUSES)
async def test_cause_is_in_the_log_and_in_a_metric_by_its_code(name: str, tmp_path: Path) -> None:
    make, outcome, code, words = CAUSES[name]
    sink = io.BytesIO()
    telemetry.set_up(sink)
    async with scene_of(make, tmp_path) as (scene, source):
        metrics = Metrics()
        gatherer = Gatherer({"x": source}, {}, FixedClock(), metrics)
        for number in range(scene.before):
            earlier = asked(gatherer, scene, number)
            if not scene.at_once:
                await earlier
        landed = asked(gatherer, scene, scene.before)
        if scene.is_closed:
            await source.close()
        got = await landed
        lines = [json.loads(line) for line in sink.getvalue().splitlines()]
        counted = [one for one in metrics.render().decode().splitlines() if "source_faults_total{" in one]
        seen = source.state().last_fault
    assert (got.outcome, got.faults[0].code) == (outcome, code)
    told = [one for one in lines if one["event"] == "prefill.source.fault" and one["call_id"] == "c-last"]
    basic = {"outcome": outcome, "code": code, "source": scene.query.service[0]}
    assert {**told[0], **basic, **words} == told[0]
    assert {"attribute", "path", "transform", "status", "fault", "step"} & told[0].keys() == words.keys()
    assert any(f'attribute="{words.get("attribute", "")}",code="{code}"' in one for one in counted)
    assert any(f'outcome="{outcome}",source="{basic["source"]}"' in one for one in counted)
    # an operator mends what opened the breaker
    mended = FaultCode.HTTP_STATUS if code is FaultCode.BREAKER_OPEN else code
    assert (seen is not None and seen[0].code == mended) or scene.query.service == "y.look"
    assert PERSON not in sink.getvalue().decode() + "".join(counted)


def asked(gatherer: Gatherer, scene: Scene, number: int) -> "asyncio.Future[SourceAnswer]":
    """One query; those before the last have another purpose, so that none shares a call."""
    waiting: asyncio.Future[SourceAnswer] = asyncio.get_running_loop().create_future()
    is_last = number == scene.before
    query = scene.query._replace(call_id=CallId("c-last" if is_last else "c-0"), purpose=f"p{number}")
    call = QueryCall(query.call_id, query.attributes, waiting.set_result)
    end = asyncio.get_running_loop().time() + (scene.seconds if is_last else 9)
    gatherer.ask(query, "asker", "subject", ExchangeId(f"x{number}"), end, call)
    return waiting


def test_every_code_has_a_cause_that_shows_it() -> None:
    shown = {code for _, _, code, _ in CAUSES.values()}
    assert {one.name for one in FaultCode if one not in shown} == CODES.keys()
    own, folder = Path(__file__).name, Path(__file__).parents[1]
    for one, name in CODES.items():
        files = folder.rglob(own if name == "below" else name)
        assert any(f"FaultCode.{one}" in file.read_text("utf-8") for file in files), one


def test_network_without_a_route_is_named() -> None:
    """Tests call loopback only, and there is always a route to it."""
    assert of_connecting(OSError(errno.ENETUNREACH, "")) is FaultCode.NO_ROUTE
    assert of_connecting(OSError(errno.EHOSTUNREACH, "")) is FaultCode.NO_ROUTE

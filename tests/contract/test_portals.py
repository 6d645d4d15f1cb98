"""Every portal of `config/portals` that is called, against its simulated peer: each ends in the common ways.

A new YAML file is under test at once. The configured address is never called, but for its path.
"""

import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio

from gateway import registry
from gateway.config.configuration import load
from gateway.config.gateway import Listener
from gateway.config.portals import PortalSettings
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import PortalUnavailable
from gateway.mapping.load import load_catalogue
from gateway.ports.relay import DeliveryOutcome, OutboundMessage, Portal, PortalAnswer
from gateway.serving.server import sandbox_at
from gateway.telemetry import set_up
from tests import unhurried
from tests.adapters.bus_peer import portal_tools, soon

ROOT = Path(__file__).parents[2]
CATALOGUE = load_catalogue(ROOT)
CONFIGURED = {name: one for name, one in load(ROOT / "config").portals.items() if one.url}
_READ_ONLY = "adapters.portals.public_api"
#: those that take whole dossiers, or would if they were switched on
PORTALS = sorted(
    name
    for name, one in CONFIGURED.items()
    if one.adapter != _READ_ONLY and (not one.takes or MessageKind.DOSSIER in one.takes)
)
#: those whose answers are read; a push is acknowledged by its status alone
READING = sorted(name for name in PORTALS if CONFIGURED[name].mapping)
CODE = "H31.14-260105-0107"
#: of an invented person: nowhere but in the message
NUMBER, NAME = "033188264917", "Trần Thị Hoàng Yến Mẫu"
NOWHERE = "http://127.0.0.1:1"
#: what happens to the answer of a push; where answers have a body, more
LOST = ("drop_after_commit", "reset", "redirect", "hang")
LOST_BODIES = ("truncate", "huge", "garbage", "html", "empty", "wrong_charset", "gzip_bomb")
_ALL = ["dossier", "progress", "status"]

shared = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[str]:
    """One for all portals; a dossier of one test is forgotten before the next."""
    async with sandbox_at(ROOT, Listener(port=0)) as address:
        yield address


@pytest.fixture
def lines() -> Iterator[io.BytesIO]:
    """What is logged."""
    set_up(said := io.BytesIO())
    yield said
    set_up()


def moved(name: str, base: str, total_ms: int) -> PortalSettings:
    """The portal as configured, at another address and switched on."""
    settings = CONFIGURED[name]
    limits = settings.limits.model_copy(update=unhurried.limits(total_ms=total_ms, breaker_failures=1_000))
    takes = settings.takes or tuple(MessageKind(one) for one in _ALL)
    return settings.model_copy(
        update={"url": base + urlsplit(settings.url).path, "limits": limits, "takes": takes}
    )


@asynccontextmanager
async def opened(name: str, base: str, total_ms: int = unhurried.TOTAL_MS) -> AsyncIterator[Portal]:
    settings = moved(name, base, total_ms)
    portal = registry.open_portal(settings, CATALOGUE.portals.get(settings.mapping), portal_tools())
    try:
        yield portal
    finally:
        await portal.close()


def peer_of(name: str) -> str:
    """What the sandbox calls the peer."""
    return urlsplit(CONFIGURED[name].url).path.split("/")[1]


def operation_of(name: str, kind: MessageKind) -> str:
    plans = CATALOGUE.portals.get(CONFIGURED[name].mapping)
    return "webhook" if plans is None else plans[str(kind)].operation


async def order(sandbox: str, method: str, path: str, words: dict[str, Any] | None = None) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{sandbox}/__sandbox/{path}", json=words) as response,
    ):
        assert response.status in {200, 204}, await response.text()


async def misbehave(sandbox: str, name: str, mode: str, kind: MessageKind = MessageKind.DOSSIER) -> None:
    rule = {"source": peer_of(name), "operation": operation_of(name, kind), "mode": mode, "times": 1}
    await order(sandbox, "POST", "misbehave", rule)


def message(
    kind: MessageKind, code: str = CODE, *, unconfirmed: bool = False, **more: Any
) -> OutboundMessage:
    step = {"dossier": code, "status": "accepted", "at": "2026-01-05T02:00:00Z", "content": "Tiếp nhận"}
    body: dict[str, Any] = {
        MessageKind.DOSSIER: {
            "code": code, "procedure": "1.001193", "procedure_title": "Đăng ký khai sinh", "field_code": "G15-HT01",
            "field_title": "Hộ tịch", "agency": "000.00.14.H31", "unit": "UBND phường Mẫu", "status": "accepted",
            "applicant": {"name": NAME, "ids": [{"kind": "personal_id", "number": NUMBER}]},
            "abstract": "Đăng ký khai sinh cho con", "filed_at": "2026-01-05T01:12:00Z",
            "received_at": "2026-01-05T01:30:00Z", **more,
        },
        MessageKind.PROGRESS: {"entries": [{**step, "official": NAME}]},
        MessageKind.STATUS: {**step, "local_code": code},
    }[kind]  # fmt: skip
    return OutboundMessage(f"01{kind}", kind, code, 1, body, unconfirmed, 2 if unconfirmed else 1)


def kinds_of(portal: Portal) -> list[MessageKind]:
    """Dossier first: the others are about it."""
    return [
        kind
        for kind in (MessageKind.DOSSIER, MessageKind.PROGRESS, MessageKind.STATUS)
        if kind in portal.kinds
    ]


def test_portals_that_are_called_are_under_test() -> None:
    assert set(PORTALS) >= {"national_bus", "ministry_portal", "one_gate_hook"}


@shared
@pytest.mark.parametrize("name", PORTALS)
async def test_portal_confirms_what_it_takes_and_takes_it_again(sandbox: str, name: str) -> None:
    async with opened(name, sandbox) as portal:
        code = f"{CODE}-{name}"
        for kind in kinds_of(portal):
            assert (await portal.deliver(message(kind, code), soon())).outcome is DeliveryOutcome.CONFIRMED, (
                kind
            )
        again = await portal.deliver(message(MessageKind.DOSSIER, code, unconfirmed=True), soon())
        assert again.outcome is DeliveryOutcome.CONFIRMED


@shared
@pytest.mark.parametrize("name", PORTALS)
async def test_portal_that_is_not_there_took_nothing(name: str, lines: io.BytesIO) -> None:
    async with opened(name, NOWHERE) as portal:
        answer = await portal.deliver(message(MessageKind.DOSSIER), soon())
        assert answer == PortalAnswer(DeliveryOutcome.UNAVAILABLE, "receiver_unreachable")
        with pytest.raises(PortalUnavailable):
            await portal.look_up(CODE, soon())
    assert clean(lines, answer)


@shared
@pytest.mark.parametrize("name", PORTALS)
async def test_portal_that_is_busy_says_when_to_come_back(sandbox: str, name: str) -> None:
    async with opened(name, sandbox) as portal:
        await misbehave(sandbox, name, "status429")
        answer = await portal.deliver(message(MessageKind.DOSSIER, f"{CODE}-busy-{name}"), soon())
        assert answer == PortalAnswer(DeliveryOutcome.UNAVAILABLE, "receiver_busy", retry_in=1)


@shared
@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *((name, mode) for name in PORTALS for mode in LOST),
        *((name, mode) for name in READING for mode in LOST_BODIES),
    ],
)
async def test_lost_answer_leaves_doubt_and_the_dossier_arrives_once(
    sandbox: str, name: str, mode: str, lines: io.BytesIO
) -> None:
    code = f"{CODE}-{mode}-{name}"
    await misbehave(sandbox, name, mode)
    async with opened(name, sandbox, 1_000 if mode == "hang" else unhurried.TOTAL_MS) as portal:
        answer = await portal.deliver(message(MessageKind.DOSSIER, code), soon())
    assert answer.outcome is DeliveryOutcome.UNCONFIRMED, answer
    async with opened(name, sandbox) as portal:
        again = await portal.deliver(message(MessageKind.DOSSIER, code, unconfirmed=True), soon())
    assert again.outcome is DeliveryOutcome.CONFIRMED, again
    assert clean(lines, answer, again)
    if name in READING:
        async with (
            aiohttp.ClientSession() as session,
            session.get(
                f"{sandbox}/__sandbox/portal/ledger", params={"receiver": peer_of(name), "code": code}
            ) as got,
        ):
            (row,) = (await got.json())["dossiers"]
        assert row["creates"] == 1


@shared
@pytest.mark.parametrize("name", READING)
async def test_message_that_cannot_be_written_is_refused_with_the_name_of_its_field(
    sandbox: str, name: str, lines: io.BytesIO
) -> None:
    async with opened(name, sandbox) as portal:
        answer = await portal.deliver(message(MessageKind.DOSSIER, procedure="1." + "0" * 150), soon())
    assert answer == PortalAnswer(DeliveryOutcome.REFUSED, "message_not_writable", field="MaTTHC")
    assert clean(lines, answer)


@shared
@pytest.mark.parametrize("name", PORTALS)
async def test_session_or_token_that_ends_is_renewed_within_the_attempt(sandbox: str, name: str) -> None:
    async with opened(name, sandbox) as portal:
        await portal.deliver(message(MessageKind.DOSSIER, f"{CODE}-first-{name}"), soon())
        if name in READING:
            await misbehave(sandbox, name, "expired_session")
        answer = await portal.deliver(message(MessageKind.DOSSIER, f"{CODE}-later-{name}"), soon())
        assert answer.outcome is DeliveryOutcome.CONFIRMED, answer


@shared
async def test_bus_is_looked_up_and_listed(sandbox: str) -> None:
    async with opened("national_bus", sandbox) as portal:
        code = f"{CODE}-listed"
        assert await portal.look_up(code, soon()) is None
        await portal.deliver(message(MessageKind.DOSSIER, code, filed_at="2026-02-03T01:00:00Z"), soon())
        found = await portal.look_up(code, soon())
        page = await portal.listing("2026-02-03", "", 10, soon())
        procedure = await portal.ask("LayThuTuc", {"maTTHC": "1.001193"}, soon())
    assert found is not None
    assert (found.status, found.facts["procedure"]) == ("accepted", "1.001193")
    assert NAME not in repr(found)
    assert page is not None
    assert ([one.code for one in page.dossiers], page.next) == ([code], "")
    assert page.dossiers[0].status == "accepted"
    assert procedure["result"][0]["MATTHC"] == "1.001193"


def clean(lines: io.BytesIO, *answers: PortalAnswer) -> bool:
    """Whether nothing of the person is in what was logged or answered."""
    said = " ".join([lines.getvalue().decode(), *map(repr, answers)])
    return NUMBER not in said and "Hoàng Yến" not in said

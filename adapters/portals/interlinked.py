"""Interlinked groups (family F.1): birth and death dossiers that the province fetches, and the status back.

Token, list, fetch, acknowledge: a dossier is acknowledged only after it is durable, so it is offered again until then.
One that cannot be read is left there, and does not stop the others. Paths but that of the fetch, and the answer to a
status, are configuration. Source: national-portal facts F.1.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote

import orjson
from pydantic import Field

from adapters.portals.attachments import Attachments
from adapters.portals.calling import NotDelivered, PortalPeer, PortalRequest, open_portal_peer, read_json
from adapters.portals.door_plans import check_messages
from adapters.portals.options import options_of
from adapters.portals.statuses import StatusPortal
from adapters.portals.tools import PortalTools
from adapters.transport.auth_settings import AuthSettings
from adapters.transport.breaker import Behalf
from adapters.transport.call import Wire
from adapters.transport.download import Downloads
from adapters.transport.strict_json import NotStrictJson, parse
from adapters.transport.tokens import TokenAuth
from gateway.config.portals import PortalSettings
from gateway.config.values import Settings
from gateway.domain import sentences as say
from gateway.domain.dossier import Dossier
from gateway.domain.errors import BadRequest, DownloadFailed, PortalUnavailable
from gateway.domain.long_strings import TooMuchText
from gateway.domain.reasons import DeliveryReason
from gateway.mapping.messages import MessageFault, PortalPlans
from gateway.mapping.received_json import ReceivedJson
from gateway.ports.relay import DeliveryOutcome, Desk, PortalAnswer, TakenIn
from gateway.telemetry import log

_ATTACHMENTS = Attachments(("Base64",))
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_DONE = "thành công"
#: any address: it is the configured one, and not one of a message
_ANYWHERE = ("0.0.0.0/0", "::/0")
_LARGEST = 134_217_728


class InterlinkedOptions(Settings):
    """`options`."""

    token_path: str = Field(pattern="^/")
    list_path: str = Field(pattern="^/")
    #: `{id}` is the number in the list
    fetch_path: str = Field("/api/lienthongdvclt/hosolienthong/{id}", pattern=r"^/.*\{id\}")
    acknowledge_path: str = Field(pattern="^/")
    status_path: str = Field(pattern="^/")
    #: number of the processing agency in a status
    agency: int = Field(ge=0)
    #: life of a token
    token_seconds: int = Field(900, gt=0, le=86_400)


def open_portal(settings: PortalSettings, plans: PortalPlans, tools: PortalTools) -> StatusPortal:
    """The receiver of statuses. Raises ConfigError."""
    check_messages(settings, plans, "progress")
    calls = _Calls(settings, tools)

    def write(notice: Mapping[str, Any]) -> Mapping[str, Any]:
        """A step, with the numbers that the portal wants beside it."""
        step = {
            name: notice[name]
            for name in ("dossier", "at", "status", "status_text", "content")
            if name in notice
        }
        more = {
            "maTTHC": notice.get("procedure", ""), "soHoSoLT": notice["dossier"], "coQuanXuLy": calls.options.agency,
        }  # fmt: skip
        return plans["progress"].write({**step, "more": more})

    def send(wire: Mapping[str, Any], end: float) -> Awaitable[Mapping[str, Any]]:
        return calls.send("POST", calls.options.status_path, wire, end)

    return StatusPortal(
        name=settings.portal, write=write, fields=plans["progress"].fields, send=send, judge=_judged,
        ended=calls.peer.close,
    )  # fmt: skip


def open_puller(settings: PortalSettings, plans: PortalPlans, tools: PortalTools) -> "InterlinkedDossiers":
    """What fetches dossiers. Raises ConfigError."""
    check_messages(settings, plans, "application")
    return InterlinkedDossiers(settings, _Calls(settings, tools), plans)


class _Calls:
    """Requests to the portal, with its token."""

    def __init__(self, settings: PortalSettings, tools: PortalTools) -> None:
        self.options = options_of(settings, InterlinkedOptions)
        words = AuthSettings(settings.auth, settings.portal, "portals")
        words.leave("kind")
        login = {"userName": words.text("username"), "password": words.secret("secret")}
        words.finish()
        peer = open_portal_peer(settings, tools.calls)
        request = Wire("POST", self.options.token_path, _JSON, orjson.dumps(login))
        self.auth = TokenAuth(
            peer, request, lambda token: {"Authorization": f"Bearer {token.value}"}, place=("token",),
            life=self.options.token_seconds,
        )  # fmt: skip
        self.peer = PortalPeer(peer, self.auth)
        self.seconds = settings.limits.total_ms / 1_000

    async def send(self, method: str, path: str, body: object, end: float) -> Mapping[str, Any]:
        """The object of an answer. Raises NotDelivered."""
        data = None if body is None else orjson.dumps(body)
        wire = Wire(method, path, _JSON, data, repeatable=method == "GET")
        answer = await self.peer.send(PortalRequest(wire, Behalf(service=path), read_json), end)
        if not isinstance(answer, Mapping):
            raise NotDelivered(PortalAnswer(DeliveryOutcome.UNCONFIRMED, DeliveryReason.ANSWER_INVALID))
        return answer


class InterlinkedDossiers:
    """Implements gateway.ports.relay.Puller."""

    def __init__(self, settings: PortalSettings, calls: _Calls, plans: PortalPlans) -> None:
        """`plans` have the message `application`."""
        self._portal = settings.portal
        self._url = settings.url.rstrip("/")
        self._calls = calls
        self._plans = plans
        self._downloads = Downloads((self._url,), _ANYWHERE, most_bytes=_LARGEST, seconds=calls.seconds * 6)

    async def pull(self, desk: Desk) -> int:
        """Take what is offered; how many are acknowledged. Raises PortalUnavailable, GatewayError of the desk."""
        done = 0
        for item in await self._offered():
            try:
                done += await self._taken(item, desk)
            except (MessageFault, BadRequest) as fault:
                self._passed_over(getattr(fault, "field", ""), "message_invalid")
            except DownloadFailed as fault:
                self._passed_over("", f"download_{fault.reason}")
        return done

    async def close(self) -> None:
        """Close connections."""
        await self._downloads.close()
        await self._calls.peer.close()

    async def _offered(self) -> list[Mapping[str, Any]]:
        answer = await self._asked("GET", self._calls.options.list_path, None)
        found = answer.get("data")
        return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []

    async def _taken(self, item: Mapping[str, Any], desk: Desk) -> bool:
        """Fetch one dossier, have it stored, acknowledge it; False when it stays there."""
        async with AsyncExitStack() as drafts:
            received = ReceivedJson(desk.draft, drafts)
            await self._fetch(str(item.get("id", "")), received)
            wire = _object(received)
            if wire.get("maHoSo") != item.get("maHoSo"):
                raise MessageFault("maHoSo", "", say.ANOTHER_DOSSIER)
            kept = await _ATTACHMENTS.kept(
                self._plans["application"].read(wire), received.long, desk.keep_file
            )
            dossier = Dossier.model_validate(kept.message)
            taken = await desk.take_dossier(dossier, raw=kept.instead(wire))
        if taken is TakenIn.REFUSED:
            self._passed_over("maTTHC", "procedure_not_configured")
            return False
        words = {"maHoSo": wire["maHoSo"], "daNhan": True}
        answer = await self._asked("PUT", self._calls.options.acknowledge_path, words)
        return _DONE in str(answer.get("message", "")).casefold()

    async def _fetch(self, number: str, received: ReceivedJson) -> None:
        """Read one dossier while it arrives. Raises DownloadFailed, MessageFault."""
        path = self._calls.options.fetch_path.replace("{id}", quote(number, safe=""))
        async with self._downloads.open(self._url + path, self._calls.auth.headers()) as pieces:
            try:
                async for piece in pieces:
                    await received.add(piece)
            except TooMuchText:
                raise MessageFault("data", "", say.WIRE_TEXT_TOO_LONG) from None

    async def _asked(self, method: str, path: str, body: object) -> Mapping[str, Any]:
        end = asyncio.get_running_loop().time() + self._calls.seconds
        try:
            return await self._calls.send(method, path, body, end)
        except NotDelivered:
            raise PortalUnavailable from None

    def _passed_over(self, field: str, reason: str) -> None:
        log().warning("portal.dossier.left", source=self._portal, reason=reason, attribute=field)


def _judged(answer: Mapping[str, Any]) -> PortalAnswer:
    receiver_text = str(answer.get("message", ""))
    if _DONE in receiver_text.casefold():
        return PortalAnswer(DeliveryOutcome.CONFIRMED)
    return PortalAnswer(
        DeliveryOutcome.UNCONFIRMED, DeliveryReason.ANSWER_UNKNOWN, receiver_text=receiver_text
    )


def _object(received: ReceivedJson) -> Mapping[str, Any]:
    try:
        found = parse(received.text)
    except NotStrictJson:
        raise MessageFault("data", "", say.BODY_NO_JSON) from None
    inner = found.get("data") if isinstance(found, Mapping) else None
    # a dossier has a text in `data`; some answers are wrapped
    whole = inner if isinstance(inner, Mapping) else found
    if not isinstance(whole, Mapping):
        raise MessageFault("data", "", say.OBJECT_EXPECTED())
    return whole

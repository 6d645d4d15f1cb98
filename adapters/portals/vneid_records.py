"""Criminal-record dossiers from VNeID (family F.2): a door, and the status back.

Answer: `{"statusCode": "00" | "01", "data": null, "errorDetail": null | "…"}`, 00 accepted, 01 refused. A resend is
accepted only while the dossier is in status 5 (supplement requested). The payload that arrives was not seen: sandbox,
the body of family D. Source: national-portal facts F.2.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import Field

from adapters.portals.attachments import Attachments
from adapters.portals.calling import PortalPeer, PortalRequest, open_portal_peer, read_json
from adapters.portals.door_plans import check_messages
from adapters.portals.options import options_of
from adapters.portals.reading import read_message
from adapters.portals.statuses import StatusPortal
from adapters.portals.tools import PortalTools
from adapters.transport.breaker import Behalf
from adapters.transport.call import Wire
from adapters.transport.tokens import HeaderAuth
from gateway.config.portals import PortalSettings
from gateway.config.values import Settings
from gateway.domain.dossier import Dossier, DossierStatus
from gateway.domain.errors import BadRequest, BodyNotJson, GatewayError, NoSuchOperation, Refused
from gateway.domain.reasons import DeliveryReason
from gateway.mapping.messages import MessageFault, PortalPlans
from gateway.ports.relay import DeliveryOutcome, Desk, DoorAnswer, DoorCall, PortalAnswer, TakenIn

_ATTACHMENTS = Attachments(("Base64",))
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


class RecordsOptions(Settings):
    """`options`."""

    status_path: str = Field(pattern="^/")
    #: code and name of the province in each status
    province: str
    province_name: str


def open_portal(settings: PortalSettings, plans: PortalPlans, tools: PortalTools) -> StatusPortal:
    """The receiver of statuses. Raises ConfigError."""
    check_messages(settings, plans, "status")
    options = options_of(settings, RecordsOptions)
    peer = PortalPeer(open_portal_peer(settings, tools.calls), HeaderAuth())

    def write(notice: Mapping[str, Any]) -> Mapping[str, Any]:
        more = {"maTinh": options.province, "tenTinh": options.province_name}
        return plans["status"].write({**notice, "more": more})

    async def send(wire: Mapping[str, Any], end: float) -> Mapping[str, Any]:
        request = Wire("POST", options.status_path, _JSON, orjson.dumps(wire), repeatable=False)
        answer = await peer.send(PortalRequest(request, Behalf(service="status"), read_json), end)
        return answer if isinstance(answer, Mapping) else {}

    return StatusPortal(
        name=settings.portal, write=write, fields=plans["status"].fields, send=send, judge=_judged,
        ended=peer.close,
    )  # fmt: skip


def _judged(answer: Mapping[str, Any]) -> PortalAnswer:
    detail = answer.get("errorDetail")
    receiver_text = detail if isinstance(detail, str) else ""
    match answer.get("statusCode"):
        case "00":
            return PortalAnswer(DeliveryOutcome.CONFIRMED)
        case "01":
            return PortalAnswer(
                DeliveryOutcome.REFUSED, DeliveryReason.MESSAGE_REFUSED, receiver_text=receiver_text
            )
        case _:
            return PortalAnswer(
                DeliveryOutcome.UNCONFIRMED, DeliveryReason.ANSWER_UNKNOWN, receiver_text=receiver_text
            )


def open_door(settings: PortalSettings, plans: PortalPlans, _tools: object) -> "RecordsDoor":
    """The door of one settings file. Raises ConfigError."""
    check_messages(settings, plans, "application")
    return RecordsDoor(plans)


class RecordsDoor:
    """Takes dossiers from VNeID."""

    paths = ("hoso",)

    def __init__(self, plans: PortalPlans) -> None:
        """`plans` have the message `application`."""
        self._plans = plans

    async def answer(self, call: DoorCall, desk: Desk) -> DoorAnswer:
        """Answer one call: accepted only when it is durable."""
        try:
            return await self._take(call, desk)
        except MessageFault as fault:
            return _answer(f"{fault.sentence.vi} / {fault.sentence.en}")

    def refusal(self, _call: DoorCall, error: GatewayError) -> DoorAnswer:
        """01; with HTTP 503 where sending it again may help."""
        if isinstance(error, BodyNotJson):
            return _answer("nội dung không phải JSON / the body is not JSON")._replace(status=400)
        if isinstance(error, NoSuchOperation):
            return _answer("không có dịch vụ này / there is no such operation")._replace(status=404)
        if isinstance(error, BadRequest | Refused) and error.retry_after is None:
            sentence = error.sentence
            return _answer(
                f"{sentence.vi if sentence else error.title_vi} / {sentence.en if sentence else error.title}"
            )
        again = _answer(f"chưa lưu được, hãy gửi lại / not stored, send it again: {error.title}")
        return again._replace(status=503, headers={"Retry-After": "5"})

    async def _take(self, call: DoorCall, desk: Desk) -> DoorAnswer:
        found = await read_message(self._plans["application"], call.data)
        known = await desk.look_up(found["code"])
        updating = known is not None
        if known is not None and known.get("status") != DossierStatus.SUPPLEMENT_REQUESTED:
            return _answer("hồ sơ đã được tiếp nhận / the dossier was accepted already")
        kept = await _ATTACHMENTS.kept(found, call.long, desk.keep_file)
        dossier = Dossier.model_validate(kept.message)
        taken = await desk.take_dossier(dossier, updating=updating, raw=kept.instead(call.data))
        if taken is TakenIn.REFUSED:
            return _answer(f"thủ tục chưa được cấu hình / unknown procedure {dossier.procedure}")
        if taken is TakenIn.REPEATED and not updating:  # another resend came first
            return _answer("hồ sơ đã được tiếp nhận / the dossier was accepted already")
        return _answer("")


def _answer(detail: str) -> DoorAnswer:
    """Accepted, or refused with a detail."""
    body = {"statusCode": "01" if detail else "00", "data": None, "errorDetail": detail or None}
    return DoorAnswer(orjson.dumps(body))

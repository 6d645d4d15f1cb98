"""The portal of a ministry over REST (national-portal.md, family D): a second receiver, with lists of its own.

Promises: files of this gateway are uploaded first, piece by piece; a code that the portal has already is no second
dossier there. Each step and status names the portal's own number of the dossier (`idHoSo`), which its answer gives.
What this family cannot do: there is no look-up, no list and no change of a dossier. A create without an answer is sent
again, and is known by its code. Steps without an answer are sent again: one may stand there twice, none is lost.
"""

import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, TypeVar
from urllib.parse import urlencode

import orjson
from pydantic import Field

from adapters.portals.bus_answers import NotAnAnswer, field_of, names_in
from adapters.portals.calling import (
    NotDelivered,
    PortalPeer,
    PortalRequest,
    end_of,
    ended,
    open_portal_peer,
    portal_unavailable,
    read_json,
    tls_of,
)
from adapters.portals.messages import first_fault
from adapters.portals.options import options_of
from adapters.portals.tools import PortalTools
from adapters.transport.auth_settings import AuthSettings
from adapters.transport.breaker import Behalf
from adapters.transport.call import Wire
from adapters.transport.connection import HttpAnswer
from adapters.transport.faults import ProviderError
from adapters.transport.tokens import TokenAuth
from adapters.transport.upload import SentFile, Uploads
from gateway.config.portals import PortalSettings
from gateway.config.values import Settings
from gateway.domain import sentences as say
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import BadRequest, ConfigError, FilesUnavailable, PendingUnavailable, Problem
from gateway.domain.reasons import DeliveryReason
from gateway.mapping.messages import PortalPlans
from gateway.ports.files import Files
from gateway.ports.relay import (
    DeliveryOutcome,
    OutboundMessage,
    PortalAnswer,
    RemoteDossier,
    RemotePage,
    Unwritable,
)

_Kept = TypeVar("_Kept")
_JSON = "application/json"
_BAD = 400
_TAKES = frozenset({MessageKind.DOSSIER, MessageKind.PROGRESS, MessageKind.STATUS})
#: the member of each message with the portal's number of its dossier
_NUMBERED: Final = MappingProxyType({MessageKind.PROGRESS: "IDHoSo", MessageKind.STATUS: "IdHoSo"})
#: numbers of dossiers and of uploaded files that a process remembers; the shared cache keeps numbers for so long
_REMEMBERED, _KEPT_SECONDS = 10_000, 90 * 86_400
_EXISTS: Final = "đã tồn tại"
_NOT_THERE: Final = "không tồn tại"
#: LoaiBan of a paper that does not say it
_ELECTRONIC, _ORIGINAL = 2, 0


class MinistryOptions(Settings):
    """`options` of a portal whose adapter is a ministry's. Paths are to confirm: the names of steps were seen."""

    token_path: str = Field("/token", pattern=r"^/[A-Za-z0-9._~/-]*$")
    #: how the client's id and secret are sent
    token_body: Literal["json", "form"] = "json"  # noqa: S105 -- a word
    #: below it stand the names of the operations
    path: str = Field("/api", pattern=r"^(/[A-Za-z0-9._~/-]*)?$")
    number_operation: str = Field("LaySoHoSo", pattern=r"^[A-Za-z0-9]{1,60}$")
    upload_operation: str = Field("TaiTepTin", pattern=r"^[A-Za-z0-9]{1,60}$")
    #: MaKetQua of an uploaded file that does not say it
    file_kind: str = "KQ.DVC.THONGTIN"
    #: ca, certificate, key
    tls: Any = None


def open_portal(settings: PortalSettings, plans: PortalPlans | None, tools: PortalTools) -> "MinistryPortal":
    """The portal of one settings file. Raises ConfigError."""
    file = f"config/portals/{settings.portal}.yaml"
    options = options_of(settings, MinistryOptions)
    if strange := sorted(set(settings.takes) - _TAKES):
        what, remedy = f"the portal takes no '{strange[0]}'", "write some of dossier, progress, status"
        raise ConfigError([Problem(file, 0, what, remedy, place=("takes",))])
    if plans is None:
        what, remedy = "the portal needs a 'mapping'", "write 'mapping: ministry_portal'"
        raise ConfigError([Problem(file, 0, what, remedy, place=("mapping",))])
    words = AuthSettings(settings.auth, settings.portal, "portals")
    words.choice("kind", ("client",))
    client = {"client_id": words.text("client_id"), "client_secret": words.secret("secret")}
    words.finish()
    peer = open_portal_peer(settings, tools.calls)
    is_form = options.token_body == "form"  # noqa: S105 -- a word
    body = urlencode(client).encode() if is_form else orjson.dumps(client)
    kind = "application/x-www-form-urlencoded" if is_form else _JSON
    request = Wire("POST", options.token_path, {"Content-Type": kind, "Accept": _JSON}, body)
    auth = TokenAuth(peer, request, lambda token: {"Authorization": f"Bearer {token.value}"})
    uploads = Uploads(settings.url, settings.limits, tools.calls, tls_of(settings, tools.calls))
    return MinistryPortal(settings, options, PortalPeer(peer, auth), uploads, plans, tools)


class _MinistryAnswer(NamedTuple):
    """What the portal says of a request that it judged."""

    status: int
    tree: Mapping[str, Any]

    @property
    def message(self) -> str:
        message = self.tree.get("message")
        return message if isinstance(message, str) else ""

    @property
    def text(self) -> str:
        return self.message.casefold()

    @property
    def number(self) -> str:
        """`idHoSo`; blank: it says none."""
        data = self.tree.get("data")
        found = data.get("idHoSo") if isinstance(data, Mapping) else None
        return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


class MinistryPortal:
    """Implements gateway.ports.relay.Portal."""

    def __init__(
        self,
        settings: PortalSettings,
        options: MinistryOptions,
        peer: PortalPeer,
        uploads: Uploads,
        plans: PortalPlans,
        tools: PortalTools,
    ) -> None:
        """Nothing is connected yet."""
        self.kinds = frozenset(settings.takes)
        self.looks_up = False
        self._name = settings.portal
        self._options = options
        self._peer = peer
        self._uploads = uploads
        self._plans = plans
        self._tools = tools
        #: code of a dossier -> the portal's number of it
        self._numbers: OrderedDict[str, str] = OrderedDict()
        #: digest of a file -> what the portal calls it
        self._sent: OrderedDict[str, Mapping[str, str]] = OrderedDict()

    # ------------------------------------------------------------ deliveries

    async def deliver(self, message: OutboundMessage, end: float) -> PortalAnswer:
        """Send one message by `end`. Never raises."""
        return await ended(self._delivered(message, end), message, self._name)

    async def _delivered(self, message: OutboundMessage, end: float) -> PortalAnswer:
        if message.kind not in self.kinds:
            return PortalAnswer(DeliveryOutcome.REFUSED, DeliveryReason.KIND_NOT_TAKEN)
        if message.kind is MessageKind.DOSSIER:
            return await self._dossier(message, end)
        number = await self._number(message)
        if not number:
            return PortalAnswer(DeliveryOutcome.UNCONFIRMED, DeliveryReason.DOSSIER_NOT_THERE)
        member = _NUMBERED[message.kind]
        plan = self._plans[str(message.kind)]
        items = message.body["entries"] if message.kind is MessageKind.PROGRESS else [message.body]
        rows = [plan.write({**one, "more": {**one.get("more", {}), member: number}}) for one in items]
        return self._ended(await self._sent_to(plan.operation, rows, message, end), message, rows)

    async def _dossier(self, message: OutboundMessage, end: float) -> PortalAnswer:
        body = {
            **message.body,
            "papers": [await self._paper(one, end) for one in message.body.get("papers", ())],
        }
        plan = self._plans["dossier"]
        written = plan.write(body)
        reply = await self._sent_to(plan.operation, written, message, end)
        if reply.status == _BAD and _EXISTS in reply.text:
            # it has the dossier, and takes no changes of it: statuses and steps go by themselves
            was_taken = bool(await self._number(message))
            await self._remember(message.code, reply.number)
            if message.version > 1 and (was_taken or not message.unconfirmed):
                return PortalAnswer(
                    DeliveryOutcome.REFUSED, DeliveryReason.CHANGE_NOT_TAKEN, reference=reply.number,
                    receiver_text=reply.message,
                )  # fmt: skip
            return PortalAnswer(DeliveryOutcome.CONFIRMED, reference=reply.number)
        if reply.status != _BAD and not reply.number:
            return PortalAnswer(DeliveryOutcome.UNCONFIRMED, DeliveryReason.ANSWER_UNKNOWN)
        if reply.status != _BAD:
            await self._remember(message.code, reply.number)
        return self._ended(reply, message, written)._replace(reference=reply.number)

    def unwritable(self, kind: MessageKind, body: Mapping[str, Any]) -> Unwritable | None:
        """The first field that the portal cannot take; its own number of the dossier is known later."""
        member = _NUMBERED.get(kind)
        return first_fault(self._plans, kind, body, {member: "0"} if member else None)

    def _ended(self, reply: _MinistryAnswer, message: OutboundMessage, written: object) -> PortalAnswer:
        if reply.status != _BAD:
            return PortalAnswer(DeliveryOutcome.CONFIRMED)
        if message.kind is not MessageKind.DOSSIER and _NOT_THERE in reply.text:
            self._numbers.pop(message.code, None)
            return PortalAnswer(
                DeliveryOutcome.UNCONFIRMED, DeliveryReason.DOSSIER_NOT_THERE, receiver_text=reply.message
            )
        field = field_of(reply.message, names_in(written))
        return PortalAnswer(
            DeliveryOutcome.REFUSED, DeliveryReason.MESSAGE_REFUSED, field=field, receiver_text=reply.message
        )

    async def _sent_to(
        self, operation: str, data: object, message: OutboundMessage, end: float
    ) -> _MinistryAnswer:
        """The portal's judgement. Raises NotDelivered."""
        headers = {"Content-Type": _JSON, "Accept": _JSON}
        wire = Wire(
            "POST",
            f"{self._options.path}/{operation}",
            headers,
            orjson.dumps(data),
            accepts=(_BAD,),
            repeatable=False,
        )
        return await self._asked(operation, wire, message.code, end)

    async def _asked(self, operation: str, wire: Wire, dossier: str, end: float) -> _MinistryAnswer:
        person = hash((self._name, dossier)) if dossier else None
        behalf = Behalf(self._name, person, hash((operation, person)), f"{self._name}.{operation}")
        reply: _MinistryAnswer = await self._peer.send(PortalRequest(wire, behalf, _read), end)
        return reply

    # ------------------------------------------------------------ numbers of dossiers

    async def _number(self, message: OutboundMessage) -> str:
        """The portal's number of a dossier; blank: not known (any more)."""
        known = message.reference or self._numbers.get(message.code, "")
        if known:
            return known
        try:
            kept = await self._tools.cache.get(self._place(message.code))
        except PendingUnavailable:
            return ""
        return "" if kept is None else kept.decode()

    async def _remember(self, code: str, number: str) -> None:
        if not number:
            return
        _keep(self._numbers, code, number)
        with contextlib.suppress(PendingUnavailable):
            await self._tools.cache.put(self._place(code), number.encode(), _KEPT_SECONDS, "portals")

    def _place(self, code: str) -> str:
        """In the cache; a code is no key that others should read."""
        named = hashlib.blake2b(f"{self._name} {code}".encode(), key=self._tools.secret, digest_size=24)
        return f"portal-number:{named.hexdigest()}"

    # ------------------------------------------------------------ files

    async def _paper(self, paper: Mapping[str, Any], end: float) -> Mapping[str, Any]:
        """A paper with what the portal calls its file. Raises NotDelivered, FilesUnavailable."""
        reference = str(paper.get("file") or "")
        more: dict[str, Any] = {
            "SoLuong": 1,
            "LoaiBan": _ELECTRONIC if reference or paper.get("url") else _ORIGINAL,
        }
        if reference:
            named = await self._uploaded(
                reference.removeprefix("sha256:"), str(paper.get("file_name") or ""), end
            )
            more |= {"MaKetQua": self._options.file_kind, **named}
        return {**paper, "more": {**more, **paper.get("more", {})}}

    async def _uploaded(self, digest: str, name: str, end: float) -> Mapping[str, str]:
        if digest in self._sent:
            return self._sent[digest]
        files = self._tools.files
        if files is None:
            raise FilesUnavailable
        headers = await self._peer.headers(end)
        try:
            answer = await self._upload(files, digest, name, headers, end)
        except ProviderError as fault:
            if not fault.expired:
                raise NotDelivered(_not_uploaded(fault)) from None
            headers = await self._peer.headers(end, headers)
            try:
                answer = await self._upload(files, digest, name, headers, end)
            except ProviderError as again:
                raise NotDelivered(_not_uploaded(again)) from None
        _keep(self._sent, digest, named := _named(answer))
        return named

    async def _upload(
        self, files: Files, digest: str, name: str, headers: Mapping[str, str], end: float
    ) -> HttpAnswer:
        async with files.open(digest) as content:
            if content is None:
                raise FilesUnavailable
            file = SentFile("files", name or digest, "application/octet-stream", content.size, content.pieces)
            path = f"{self._options.path}/{self._options.upload_operation}"
            return await self._uploads.send(path, {**headers, "Accept": _JSON}, file, end)

    # ------------------------------------------------------------ look-ups

    async def look_up(self, code: str, end: float) -> RemoteDossier | None:
        """Raises PortalUnavailable: this family has no look-up."""
        del code, end
        raise portal_unavailable(PortalAnswer(DeliveryOutcome.UNAVAILABLE, DeliveryReason.KIND_NOT_TAKEN))

    async def listing(self, day: str, after: str, count: int, end: float) -> RemotePage | None:
        """None: it has no list."""
        del day, after, count, end
        return None

    async def ask(self, operation: str, parameters: Mapping[str, Any], end: float) -> Mapping[str, Any]:
        """The next number of a dossier (`maDonVi`, `maTTHC`). Raises BadRequest, PortalUnavailable."""
        if operation != self._options.number_operation:
            raise BadRequest(say.UNKNOWN_MEMBER(name=operation[:60] if operation.isalnum() else "?"))
        words = {name: parameters.get(name) for name in ("maDonVi", "maTTHC")}
        for name, value in words.items():
            if not isinstance(value, str) or not value:
                raise BadRequest(say.IS_MISSING.at(name))
        # each answer uses up a number
        wire = Wire(
            "GET",
            f"{self._options.path}/{operation}?{urlencode(words)}",
            {"Accept": _JSON},
            None,
            repeatable=False,
        )
        try:
            reply = await self._asked(operation, wire, "", end)
        except NotDelivered as fault:
            raise portal_unavailable(fault.end) from None
        if not isinstance(value := reply.tree.get("value"), str):
            raise portal_unavailable(PortalAnswer(DeliveryOutcome.UNAVAILABLE, DeliveryReason.ANSWER_INVALID))
        return {"result": value}

    async def close(self) -> None:
        """Close connections."""
        await self._peer.close()
        await self._uploads.close()


def _read(answer: HttpAnswer) -> _MinistryAnswer:
    tree = read_json(answer)
    if not isinstance(tree, Mapping):
        raise NotAnAnswer
    return _MinistryAnswer(answer.status, tree)


def _named(answer: HttpAnswer) -> Mapping[str, str]:
    """`data[0].response.data[0].{IdTepTin, HashTepTin}`. Raises NotDelivered."""
    try:
        tree: Any = read_json(answer)
        row = tree["data"][0]["response"]["data"][0]
        found, digest = row["IdTepTin"], row["HashTepTin"]
    except (ValueError, TypeError, LookupError):
        found = digest = None
    if not isinstance(found, str) or not isinstance(digest, str) or not found:
        raise NotDelivered(PortalAnswer(DeliveryOutcome.UNAVAILABLE, DeliveryReason.ANSWER_INVALID))
    return {"IdGiayTo": found, "HashTepTin": digest}


def _not_uploaded(fault: ProviderError) -> PortalAnswer:
    """An upload is no message yet: without an answer nothing is in doubt."""
    end = end_of(fault, sent=True)
    if end.outcome is DeliveryOutcome.REFUSED:
        return end._replace(field="files")
    return end._replace(outcome=DeliveryOutcome.UNAVAILABLE)


def _keep(kept: OrderedDict[str, _Kept], key: str, value: _Kept) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _REMEMBERED:
        kept.popitem(last=False)

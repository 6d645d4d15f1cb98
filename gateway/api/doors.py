"""Wire-compatible doors: others call us in their own protocol, at the paths that `config/portals` gives them.

A caller is let in before its body is read: by address, certificate and secret, or by a token that it fetched here.
Bodies are read piece by piece; long strings (files in base64) go to a draft of the file store and never stand whole
in memory. Everything that is refused is recorded, and said in the door's own form: never as a problem of our API.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack
from functools import lru_cache, partial
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import orjson
from aiohttp import web

from gateway.access.faults import GrantRefused
from gateway.api.bodies import parse
from gateway.api.dispatcher import METHODS, Endpoint, Routes
from gateway.api.files import send_file
from gateway.api.opened_door import OpenedDoor
from gateway.api.problems import TooSlow, WrongMedia
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.api.tokens import read_form
from gateway.api.under_way import counted
from gateway.domain import sentences as say
from gateway.domain.errors import (
    BadRequest,
    BodyNotJson,
    GatewayError,
    NoSuchOperation,
    Refused,
    TooLarge,
    Unauthenticated,
)
from gateway.domain.exchange import Phase
from gateway.domain.long_strings import TooMuchText
from gateway.domain.parties import Requester
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import titled
from gateway.exchange_log.recorder import RecordHeader
from gateway.mapping.received_json import MOST_TEXT, ReceivedJson
from gateway.ports.relay import DoorAnswer, DoorCall, DoorVisitor
from gateway.telemetry import log

SCOPE = "dossiers"
_SECRET_HEADER = "X-Portal-Secret"  # noqa: S105 -- the name of a header
#: bytes that a caller must send per second, on average
_LEAST_RATE = 65_536
#: JSON values of a body: several messages
_MOST_VALUES = 100_000
#: parts of a path that mean another place (RFC 3986, 5.2.4)
_DOTS = frozenset({".", ".."})


def add_doors(routes: Routes, doors: Sequence[OpenedDoor]) -> None:
    """Add the paths of doors; of two that fit, the longer prefix wins."""
    entrances = [_Entrance(one) for one in sorted(doors, key=lambda one: -len(one.settings.prefix))]
    for entrance in entrances:
        opened = entrance.opened
        if opened.settings.callers == "requesters":
            routes.add(("POST",), Endpoint(f"{opened.settings.prefix}/token", entrance.grant))
        for path in opened.door.paths:
            routes.add(METHODS, Endpoint(f"{opened.settings.prefix}/{path}", entrance.answer))
    for entrance in entrances:
        if prefix := entrance.opened.settings.prefix:  # all else below it is answered in its form too
            for route in (prefix, f"{prefix}/", f"{prefix}/{{path}}"):
                if not routes.has(route):
                    routes.add(METHODS, Endpoint(route, entrance.absent))


class _Entrance:
    """Lets callers in at one door."""

    def __init__(self, opened: OpenedDoor) -> None:
        self.opened = opened
        self._settings = opened.settings
        networks = tuple(map(ip_network, opened.settings.allow))
        #: whether an address may call; those that call are few
        self._is_allowed = lru_cache(1_024)(partial(_within, networks))
        secret = opened.settings.secret
        self._secret = hashlib.sha256(secret.reveal().encode()).digest() if secret is not None else b""

    async def answer(self, request: Request) -> Response | web.StreamResponse:
        """The answer of the door, or its refusal."""
        call, content = DoorCall(request.method, self._path(request), _query(request)), None
        async with AsyncExitStack() as drafts:
            try:
                _check_path(request.target)
                visitor = await self._visitor(request)
                drafts.enter_context(self._counted(request, visitor))
                desk = self.opened.desk(visitor)
                if request.can_read_body:
                    call = await self._read(request, call, ReceivedJson(desk.draft, drafts))
                call = await self._without_secret(request, call)
                answer = await self.opened.door.answer(call, desk)
                if answer.file is not None:
                    content = await drafts.enter_async_context(answer.file.content)
            except Exception as error:  # noqa: BLE001 -- the door says it in its own form
                answer = self._refusal(request, call, error)
            if answer.file is not None and content is not None:
                return await send_file(request, answer.file.media_type, answer.file.name, content)
        return _response(request, answer)

    async def absent(self, request: Request) -> Response:
        """The answer where the door has no operation."""
        call = DoorCall(request.method, self._path(request), _query(request))
        return _response(request, self._refusal(request, call, NoSuchOperation(say.NO_SUCH_OPERATION)))

    async def grant(self, request: Request) -> Response:
        """`POST …/token`: a token for a requester with a secret, as WSO2 API managers give them (RFC 6749, 4.4)."""
        try:
            await self._check_address(request)
            form = await read_form(request)
            if form.get("grant_type") != "client_credentials":
                return _no_token(request, "unsupported_grant_type", 400)
            if not request.authorization:
                return _no_token(request, "invalid_client", 401)
            # scopes of the platform that stood here before mean nothing
            granted = await request.services.access.grant(request, {"scope": SCOPE}, plain=True)
        except GrantRefused as error:
            return _no_token(request, error.problem_code, error.status)
        except BadRequest:
            return _no_token(request, "invalid_request", 400)
        except GatewayError as error:
            return _no_token(request, error.problem_code, error.http)
        request.requester = granted.requester
        body = {
            "access_token": granted.token, "scope": "default", "token_type": granted.kind,
            "expires_in": request.services.access.tokens.seconds,
        }  # fmt: skip
        return Response(orjson.dumps(body))

    # -------------------------------------------------------------------------------------------- letting in

    async def _visitor(self, request: Request) -> DoorVisitor:
        """Who calls. Raises Refused, TokenRefused, LogUnavailable, AccessUnavailable."""
        await self._check_address(request)
        await self._check_certificate(request)
        name, requesters = self.opened.portal, self._settings.callers == "requesters"
        if self._secret and not self._settings.secret_member:
            await self._check_secret(request, request.fields(_SECRET_HEADER))
        if not requesters:
            return DoorVisitor(name, "", "", request.exchange)
        admitted = await request.services.access.admit(request, plain=True)
        request.requester = requester = admitted.requester
        if SCOPE not in requester.scopes:
            await self._refuse(request, f"scope:{SCOPE}", RefusalReason.SCOPE_MISSING)
        agency = request.services.requesters.agency(requester)
        return DoorVisitor(name, str(requester.id), agency, request.exchange)

    async def _check_address(self, request: Request) -> None:
        if self._settings.allow and not self._is_allowed(request.client_address):
            await self._refuse(request, "door:address")

    async def _check_certificate(self, request: Request) -> None:
        wanted = self._settings.certificate.lower()
        if not wanted:
            return
        try:
            shown = request.certificate
        except Unauthenticated:  # handed over by nobody who may
            shown = None
        if shown is None or not hmac.compare_digest(hashlib.sha256(shown).hexdigest(), wanted):
            await self._refuse(request, "door:certificate")

    async def _without_secret(self, request: Request, call: DoorCall) -> DoorCall:
        """Check the secret in the body, and take it out."""
        name = self._settings.secret_member
        if not self._secret or not name:
            return call
        shown, data = _taken_out(call.data, name)
        if call.data is None:  # a download has no body
            shown = request.fields(_SECRET_HEADER)
        await self._check_secret(request, shown)
        return call._replace(data=data)

    async def _check_secret(self, request: Request, shown: Sequence[str]) -> None:
        """Digests are compared, so the time says nothing of the secret or its length."""
        given = shown[0] if len(shown) == 1 else ""
        digest = hashlib.sha256(given.encode("utf-8", "surrogatepass")).digest()
        if not hmac.compare_digest(digest, self._secret):
            await self._refuse(request, "door:secret")

    async def _refuse(
        self, request: Request, rule: str, code: RefusalReason = RefusalReason.PORTAL_UNPROVEN
    ) -> None:
        """Record a refusal, and raise it."""
        party: Requester | None = request.requester if request.requester.id else None
        agency = request.services.requesters.agency(party) if party is not None else ""
        about = RecordHeader(request.exchange, party.id if party is not None else self.opened.portal, agency)
        await request.services.recorder.write(about, Phase.REFUSAL, code, rules=(rule,))
        raise Refused(rule, titled(code.vi, code.en), code=code)

    def _counted(self, request: Request, visitor: DoorVisitor) -> AbstractContextManager[None]:
        """One of the requests of this caller that may be under way. Raises TooMany."""
        services, key = request.services, f"{visitor.portal}/{visitor.requester}"
        counts, most = services.under_way, services.configuration.gateway.limits.requests_per_requester
        return counted(counts, {key: most})

    # ----------------------------------------------------------------------------------------------- reading

    def _path(self, request: Request) -> str:
        """What follows the prefix, as it was sent."""
        return request.target.removeprefix(self._settings.prefix + "/").lstrip("/")

    async def _read(self, request: Request, call: DoorCall, received: ReceivedJson) -> DoorCall:
        """The call with its body. Raises BodyNotJson, TooLarge, TooSlow, BadRequest."""
        await _receive(request, received, self._settings.body_bytes)
        if not received.text.strip():
            return call
        try:
            depth = request.services.configuration.gateway.limits.json_depth
            data = parse(received.text, depth, _MOST_VALUES)
        except TooLarge:
            raise
        except BadRequest as error:
            raise BodyNotJson(error.sentence) from None
        return call._replace(data=data, long=received.long)

    def _refusal(self, request: Request, call: DoorCall, error: Exception) -> DoorAnswer:
        if not isinstance(error, GatewayError):  # its text must not leave
            log().error("http.failed", exchange_id=request.exchange, error=error)
            error = GatewayError()
        request.problem = error.problem_code
        return self.opened.door.refusal(call, error)


def _response(request: Request, answer: DoorAnswer) -> Response:
    response = Response(answer.body, answer.content_type, status=answer.status, headers=answer.headers)
    if not request.content.is_eof():
        response.keep_alive = False
    return response


def _check_path(raw: str) -> None:
    """Raises NoSuchOperation for a path that two readers could understand differently.

    No operation has a name that must be escaped: an escaped slash or dot (RFC 3986, 2.4) would lead to another one.
    """
    if "%" in raw or not _DOTS.isdisjoint(raw.split("/")):
        raise NoSuchOperation(say.NO_SUCH_OPERATION)


async def _receive(request: Request, received: ReceivedJson, most: int) -> None:
    """Read a body to its end. Raises TooLarge, TooSlow, WrongMedia, BadRequest."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise WrongMedia(say.SEND_UNCOMPRESSED)
    if (request.content_length or 0) > most:
        raise TooLarge(say.AT_MOST_BYTES(largest=most))
    seconds, size = request.services.configuration.gateway.limits.body_seconds, 0
    began = asyncio.get_running_loop().time()
    try:
        while piece := await _next_piece(request, began + seconds + size / _LEAST_RATE):
            size += len(piece)
            if size > most:
                raise TooLarge(say.AT_MOST_BYTES(largest=most))
            await received.add(piece)
    except TimeoutError:
        raise TooSlow(say.SEND_WITHIN(seconds=f"{seconds:g}")) from None
    except TooMuchText:
        raise TooLarge(say.AT_MOST_BYTES(largest=MOST_TEXT)) from None
    except (web.RequestPayloadError, ValueError):
        raise BadRequest(say.BODY_UNREADABLE) from None


async def _next_piece(request: Request, end: float) -> bytes:
    async with asyncio.timeout_at(end):
        return await request.content.readany()


def _query(request: Request) -> Mapping[str, str]:
    """The parameters; of one that comes twice, the first."""
    found: dict[str, str] = {}
    for name, value in request.rel_url.query.items():
        found.setdefault(name, value)
    return found


def _taken_out(data: object, name: str) -> tuple[Sequence[str], object]:
    """The texts of this name, at the top and in `data`; and the body without them."""
    if not isinstance(data, dict):
        return (), data
    inner = data.get("data")
    found = [part[name] for part in (data, inner) if isinstance(part, dict) and name in part]
    left = {key: one for key, one in data.items() if key != name}
    if isinstance(inner, dict):
        left["data"] = {key: one for key, one in inner.items() if key != name}
    return [one for one in found if isinstance(one, str)], left


def _within(networks: Sequence[IPv4Network | IPv6Network], address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)


def _no_token(request: Request, error: str, status: int) -> Response:
    request.problem = error
    headers = {"WWW-Authenticate": 'Basic realm="motlan"'} if status == 401 else {}
    body = {"error": error, "error_description": "the token is refused"}
    return Response(orjson.dumps(body), status=status, headers=headers)

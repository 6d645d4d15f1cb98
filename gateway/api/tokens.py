"""The token endpoint (RFC 6749, 4.4 and 5) and its metadata (RFC 8414).

The sandbox profile takes `client_secret_basic` and gives plain bearer tokens.
Errors have the form that RFC 6749 prescribes, with the exchange id in the header.
"""

import base64
import binascii
from urllib.parse import parse_qsl, unquote_plus

import orjson
from aiohttp import web

from gateway.api.bodies import read_bytes
from gateway.api.context import PROBLEM, REQUESTER, SERVICES
from gateway.domain.errors import BadRequest, Unauthenticated

SCOPES = (
    "prefill dossiers papers consents usage audit:search audit:identify audit:export admin"
).split()  # fmt: skip


async def token(request: web.Request) -> web.Response:
    """`POST /oauth2/token`."""
    requesters = request.app[SERVICES].requesters
    try:
        form = await _form(request)
        if form.get("grant_type") != "client_credentials":
            kind = "unsupported_grant_type" if form.get("grant_type") else "invalid_request"
            return _refuse(request, 400, kind, "grant_type must be client_credentials")
        requester = request[REQUESTER] = requesters.authenticate(*_basic(request))
    except Unauthenticated:
        return _refuse(request, 401, "invalid_client", "client authentication failed")
    except BadRequest as error:
        return _refuse(request, error.http, "invalid_request", error.detail or error.title)
    wanted = frozenset(form.get("scope", "").split()) or requester.scopes
    if not wanted <= requester.scopes:
        return _refuse(request, 400, "invalid_scope", "a scope is asked that this client does not have")
    body = {
        "access_token": requesters.issue(requester, wanted),
        "token_type": "Bearer",
        "expires_in": requesters.seconds,
        "scope": " ".join(sorted(wanted)),
    }
    return _answer(200, body)


async def metadata(request: web.Request) -> web.Response:
    """`GET /.well-known/oauth-authorization-server`."""
    issuer = request.app[SERVICES].configuration.gateway.issuer or _listening(request)
    body: dict[str, object] = {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth2/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "scopes_supported": SCOPES,
        "service_documentation": f"{issuer}/docs",
    }
    return _answer(200, body)


def _listening(request: web.Request) -> str:
    """Where this very connection came in: what the caller writes into `Host` is his own word."""
    assert request.transport is not None
    host, port, *_ = request.transport.get_extra_info("sockname")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _form(request: web.Request) -> dict[str, str]:
    if request.content_type != "application/x-www-form-urlencoded":
        raise BadRequest("send Content-Type: application/x-www-form-urlencoded")
    limits = request.app[SERVICES].configuration.gateway.limits
    raw = await read_bytes(request, min(limits.body_bytes, 16_384), limits.body_seconds)
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise BadRequest("the form cannot be read") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise BadRequest("a parameter stands twice")
    return form


def _basic(request: web.Request) -> tuple[str, str]:
    kind, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic" or len(request.headers.getall("Authorization")) != 1:
        raise Unauthenticated
    try:
        name, colon, secret = (
            base64.b64decode(credentials.strip(), validate=True).decode("utf-8").partition(":")
        )
    except (binascii.Error, ValueError):
        raise Unauthenticated from None
    if not colon:
        raise Unauthenticated
    return unquote_plus(name), unquote_plus(secret)


def _refuse(request: web.Request, status: int, error: str, why: str) -> web.Response:
    request[PROBLEM] = error
    answer = _answer(status, {"error": error, "error_description": why})
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="motlan", charset="UTF-8"'
    return answer


def _answer(status: int, body: dict[str, object]) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")

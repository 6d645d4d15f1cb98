"""The token endpoint (RFC 6749, 4.4 and 5), introspection (RFC 7662), revocation (RFC 7009), metadata (RFC 8414).

Errors have the form of RFC 6749, with the exchange id in the header.
"""

from urllib.parse import parse_qsl

import orjson

from gateway.access.faults import GrantRefused
from gateway.api.bodies import read_bytes
from gateway.api.context import OpenId
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.api.signing import check_body
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, LogRolledBack
from gateway.domain.problems import TokenErrorCode
from gateway.login.authorization import RESPONSE_MODES
from gateway.login.grants import is_of_people
from gateway.login.redemption import GRANT_TYPES

SCOPES = (
    "prefill dossiers papers consents usage audit:search audit:identify audit:export sources:try admin"
).split()  # fmt: skip
_ALGORITHMS = ["EdDSA", "ES256"]
_BOUND = ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"]
#: longer than processes need to read a rotation, shorter than the life of a token
KEYS_SECONDS = 60


async def token(request: Request) -> Response:
    """`POST /oauth2/token`."""
    access = request.services.access
    try:
        form = await read_form(request)
        kind = form.get("grant_type")
        if kind in GRANT_TYPES and request.services.openid is not None:
            return await _logged_in(request, request.services.openid, form)
        if kind != "client_credentials":
            return refuse(request, _no_grant_type(kind))
        granted = await access.grant(request, form)
    except GrantRefused as error:
        return refuse(request, error)
    except BadRequest as error:
        return unreadable(request, error)
    request.requester = granted.requester
    if granted.nonce:
        request.nonce = granted.nonce
    body = {
        "access_token": granted.token,
        "token_type": granted.kind,
        "expires_in": access.tokens.seconds,
        "scope": " ".join(sorted(granted.scopes)),
    }
    return _answer(200, body)


def _no_grant_type(kind: str | None) -> GrantRefused:
    code = TokenErrorCode.UNSUPPORTED_GRANT_TYPE if kind else TokenErrorCode.INVALID_REQUEST
    return GrantRefused(code, say.GRANT_TYPE)


async def _logged_in(request: Request, openid: OpenId, form: dict[str, str]) -> Response:
    """The answer to a code or a refresh token."""
    found = await openid.redemption.redeem(request, form, request.exchange)
    request.requester = found.requester
    if found.nonce:
        request.nonce = found.nonce
    return _answer(200, found.body)


async def introspect(request: Request) -> Response:
    """`POST /oauth2/introspect`."""
    try:
        form, openid = await read_form(request), request.services.openid
        if openid is not None and is_of_people(form.get("token", "")):
            request.requester, introspected = await openid.people.introspect(request, form)
        else:
            request.requester, introspected = await request.services.access.introspect(request, form)
    except GrantRefused as error:
        return refuse(request, error)
    except BadRequest as error:
        return unreadable(request, error)
    return _answer(200, introspected)


async def revoke(request: Request) -> Response:
    """`POST /oauth2/revoke`: the same answer for every token.

    The answering process refuses the token at once, the others within `access.check_seconds`. LogRolledBack while
    the database is not the one that was seen: a revocation would be lost with it.
    """
    _check_database(request)
    try:
        form, openid = await read_form(request), request.services.openid
        if openid is not None and is_of_people(form.get("token", "")):
            request.requester = await openid.people.revoke(request, form)
        else:
            request.requester = await request.services.access.revoke(request, form)
    except GrantRefused as error:
        return refuse(request, error)
    except BadRequest as error:
        return unreadable(request, error)
    return _answer(200, {})


def _check_database(request: Request) -> None:
    audit = request.services.audit
    if audit is not None and isinstance(audit.watch.stuck, LogRolledBack):
        raise audit.watch.stuck


async def jwks(request: Request) -> Response:
    """`GET /oauth2/jwks`: the public keys of the gateway."""
    answer = _answer(200, request.services.access.jwks())
    answer.headers["Cache-Control"] = f"public, max-age={KEYS_SECONDS}"
    return answer


async def metadata(request: Request) -> Response:
    """`GET /.well-known/oauth-authorization-server`."""
    return _answer(200, server_metadata(request) | {"scopes_supported": SCOPES})


def server_metadata(request: Request) -> dict[str, object]:
    """What is true of all endpoints (RFC 8414), also for OpenID clients."""
    issuer, access, openid = request.issuer, request.services.access, request.services.openid
    methods = [*_BOUND, *(["client_secret_basic"] if access.sandbox or openid is not None else [])]
    body: dict[str, object] = {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth2/token",
        "introspection_endpoint": f"{issuer}/oauth2/introspect",
        "revocation_endpoint": f"{issuer}/oauth2/revoke",
        "jwks_uri": f"{issuer}/oauth2/jwks",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "dpop_signing_alg_values_supported": _ALGORITHMS,
        "tls_client_certificate_bound_access_tokens": True,
        "service_documentation": f"{issuer}/docs",
    }
    if openid is not None:
        body |= {
            "authorization_endpoint": f"{issuer}/oauth2/authorize",
            "pushed_authorization_request_endpoint": f"{issuer}/oauth2/par",
            "require_pushed_authorization_requests": False,
            "grant_types_supported": ["client_credentials", *GRANT_TYPES],
            "response_types_supported": ["code"],
            "response_modes_supported": list(RESPONSE_MODES),
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
    for endpoint in ("token", "introspection", "revocation"):
        body[f"{endpoint}_endpoint_auth_methods_supported"] = methods
        body[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = _ALGORITHMS
    return body


async def read_form(request: Request) -> dict[str, str]:
    """The parameters of a form. Raises BadRequest."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise BadRequest(say.SEND_FORM)
    limits = request.services.configuration.gateway.limits
    raw = await read_bytes(request, min(limits.body_bytes, 16_384), limits.body_seconds)
    check_body(request, raw)
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise BadRequest(say.FORM_UNREADABLE) from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise BadRequest(say.PARAMETER_TWICE)
    return form


def unreadable(request: Request, error: BadRequest) -> Response:
    """A form that cannot be read, in the form of RFC 6749."""
    request.problem = TokenErrorCode.INVALID_REQUEST
    body: dict[str, object] = {
        "error": TokenErrorCode.INVALID_REQUEST,
        "error_description": error.detail or error.title,
    }
    return _answer(error.http, body)


def refuse(request: Request, error: GrantRefused) -> Response:
    """A refusal in the form of RFC 6749 (5.2)."""
    request.problem = error.problem_code
    if error.by is not None:
        request.requester = error.by
    if error.nonce:
        request.nonce = error.nonce
    answer = _answer(error.status, {"error": error.problem_code, "error_description": error.detail})
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="motlan", charset="UTF-8"'
    return answer


def _answer(status: int, body: dict[str, object]) -> Response:
    return Response(orjson.dumps(body), status=status)

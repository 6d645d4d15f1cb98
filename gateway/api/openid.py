"""The OpenID provider at the door: pushed requests, the authorization endpoint, userinfo, discovery.

OpenID Connect Core 1.0, Discovery 1.0, OAuth 2.0 Form Post Response Mode, RFC 9126. `tokens.py` has the token endpoint.
"""

from urllib.parse import parse_qsl

import orjson

from gateway.access.faults import GrantRefused
from gateway.api.bodies import read_bytes
from gateway.api.context import OpenId
from gateway.api.logins import LOGOUT, posted_form, shown_problem
from gateway.api.refusals import record_bounded
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.api.tokens import KEYS_SECONDS, read_form, refuse, server_metadata, unreadable
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, GatewayError, LoginsUnavailable, LogUnavailable, NotFound
from gateway.domain.exchange import Phase
from gateway.domain.login import LoginReason
from gateway.login.authorization import LEVELS, SCOPES, AuthorizationRefused, RequestNotAnswerable, refused
from gateway.login.clients import CLAIMS
from gateway.login.id_token_signing import ALGORITHMS
from gateway.login.wanted import AuthorizationAnswer, Prompt

_FORM_BYTES, _MOST_PARAMETERS = 16_384, 40
_HTML = "text/html; charset=utf-8"


async def push(request: Request) -> Response:
    """`POST /oauth2/par`."""
    try:
        form = await read_form(request)
        request.requester, body = await _openid(request).provider.push(request, form, request.exchange)
    except GrantRefused as error:
        return refuse(request, error)
    except BadRequest as error:
        return unreadable(request, error)
    return answer(body, 201)


async def authorize(request: Request) -> Response:
    """`GET` and `POST /oauth2/authorize`: the browser goes on to sign in, or back to the system with an error.

    A problem that cannot be answered to the system is a page for a browser, and a problem (RFC 9457) for a program.
    """
    openid = _openid(request)
    if request.method == "HEAD":  # looks, and must not use up a pushed request
        return Response(b"", _HTML)
    try:
        name = await openid.provider.begin(await _parameters(request), request.issuer, request.exchange)
    except AuthorizationRefused as error:
        request.problem = error.error
        return redirected(request, refused(error.to, error.error, error.sentence))
    except RequestNotAnswerable as error:
        if error.client is None:
            await record_bounded(request, Phase.LOGIN, "login_refused", reason="client_unknown")
            return _shown(request, error, shown_problem(request, LoginReason.SYSTEM_UNKNOWN, again="/"))
        page = shown_problem(request, LoginReason.REQUEST_WRONG, error.client.requester)
        return _shown(request, error, page)
    except (LoginsUnavailable, LogUnavailable) as error:
        url = request.rel_url
        again = f"{url.raw_path}?{url.raw_query_string}" if request.method == "GET" else ""
        return _shown(request, error, shown_problem(request, LoginReason.UNAVAILABLE, again=again))
    response: Response = await openid.resume(request, name)
    return response


def _shown(request: Request, error: GatewayError, page: Response | None) -> Response:
    """The page, or the problem where there is none."""
    if page is None:
        raise error
    request.problem = error.problem_code
    return page


async def userinfo(request: Request) -> Response:
    """`GET` and `POST /oauth2/userinfo`."""
    (request.requester, request.nonce), claims = await _openid(request).people.userinfo(
        request, request.exchange
    )
    return answer(claims)


async def discovery(request: Request) -> Response:
    """`GET /.well-known/openid-configuration`: what an OpenID client needs to know."""
    _openid(request)
    issuer = request.issuer
    body = server_metadata(request) | {
        "userinfo_endpoint": f"{issuer}/oauth2/userinfo",
        "end_session_endpoint": f"{issuer}{LOGOUT}",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "scopes_supported": list(SCOPES),
        "subject_types_supported": ["pairwise", "public"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "acr_values_supported": list(LEVELS),
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "sid", "at_hash", *CLAIMS, "mandate",
        ],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "prompt_values_supported": list(Prompt),
        "ui_locales_supported": ["vi", "en"],
    }  # fmt: skip
    return Response(orjson.dumps(body), headers={"Cache-Control": f"public, max-age={KEYS_SECONDS}"})


def redirected(request: Request, answer: AuthorizationAnswer) -> Response:
    """What brings the browser back to the system."""
    if answer.fields:
        return posted_form(request, answer)
    return Response(b"", "text/plain", status=303, headers={"Location": answer.url})


def _openid(request: Request) -> OpenId:
    found = request.services.openid
    if found is None:
        raise NotFound(request.services.no_sign_in or say.NO_LOGINS)
    return found


async def _parameters(request: Request) -> list[tuple[str, str]]:
    """The parameters of the query, or of the form of a POST, each as often as it comes. Raises BadRequest."""
    if request.method == "POST":
        if request.content_type != "application/x-www-form-urlencoded":
            raise BadRequest(say.SEND_FORM)
        limits = request.services.configuration.gateway.limits
        raw = (await read_bytes(request, _FORM_BYTES, limits.body_seconds)).decode("ascii", "replace")
    else:
        raw = request.rel_url.raw_query_string
    try:
        return parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise BadRequest(say.FORM_UNREADABLE) from None

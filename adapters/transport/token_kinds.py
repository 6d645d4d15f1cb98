"""Profiles of `auth.kind` that first get a token (databases.md 1.1 V3, 2, 4.2, 6.2; RFC 6749)."""

import base64
import hashlib
from collections.abc import Mapping
from urllib.parse import urlencode

import orjson

from adapters.transport.auth_settings import AuthSettings
from adapters.transport.faults import invalid
from adapters.transport.http import HttpPeer
from adapters.transport.signers import Auth, TokenAuth, basic
from adapters.transport.strict_json import NotStrictJson, parse
from adapters.transport.tokens import Token, TokenCache, life_seconds
from adapters.transport.tools import Tools

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_LOGIN_SECONDS = 900


def oauth2(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    """Client credentials, the client in the Basic header (RFC 6749, 4.4)."""
    del url, tools
    form = {"grant_type": "client_credentials"}
    if scope := settings.text("scope", ""):
        form["scope"] = scope
    body = urlencode(form).encode("ascii")
    fixed = {
        "Authorization": basic(settings.text("client_id"), settings.secret("secret")),
        "Content-Type": _FORM,
        "Accept": _JSON,
    }
    own, path = _endpoint(settings, peer)

    async def fetch(deadline: float) -> Token:
        return await _ask_token(own or peer, path, headers=fixed, body=body, deadline=deadline)

    return TokenAuth(TokenCache(fetch, peer.total_seconds), _bearer, own_peer=own)


def population_v3(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    """Through a provincial platform: an application header on all, the official's key on calls."""
    del url, tools
    application = {
        "AccessKey": settings.secret("access_key"),
        "SecretKey": settings.secret("secret"),
        "AppName": settings.text("app_name"),
        "PartnerCode": settings.text("partner_code"),
        "PartnerCodeCus": settings.text("partner_code_cus"),
    }
    access = base64.b64encode(orjson.dumps(application)).decode("ascii")
    official = base64.b64encode(settings.secret("auth_hash").encode()).decode("ascii")
    fixed = {"lgspaccesstoken": access, "Content-Type": _FORM, "Accept": _JSON}
    own, path = _endpoint(settings, peer)

    async def fetch(deadline: float) -> Token:
        body = b"grant_type=client_credentials"
        return await _ask_token(own or peer, path, headers=fixed, body=body, deadline=deadline)

    def make(token: Token) -> dict[str, str]:
        return {**_bearer(token), "lgspaccesstoken": access, "AuthHash": official}

    return TokenAuth(TokenCache(fetch, peer.total_seconds), make, own_peer=own)


def login_token(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    """A login with name and password (plain or MD5, as the provider demands) that answers a token."""
    del url, tools
    settings.leave("expired_path", "expired_values")
    user, secret = settings.text("username"), settings.secret("secret")
    if settings.choice("hash", ("none", "md5")) == "md5":
        secret = hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest()
    body = orjson.dumps({"username": user, "password": secret})
    fixed = {"Content-Type": _JSON, "Accept": _JSON}
    place = settings.names("token")
    life = settings.number("life_seconds", _LOGIN_SECONDS)
    path = settings.text("path")

    async def fetch(deadline: float) -> Token:
        return await _ask_token(
            peer, path, headers=fixed, body=body, deadline=deadline, place=place, life=life
        )

    cache = TokenCache(fetch, peer.total_seconds)
    if settings.choice("token_in", ("header", "query")) == "header":
        return TokenAuth(cache, _bearer)

    def make_query(token: Token) -> str:
        return urlencode({"token": token.value, **token.more, "username": user, "password": secret})

    return TokenAuth(cache, lambda _token: {}, make_query)


def _bearer(token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value}"}


def _endpoint(settings: AuthSettings, peer: HttpPeer) -> tuple[HttpPeer | None, str]:
    """A peer of its own for `token_url`, and the path to call."""
    if where := settings.address("token_url", ""):
        return peer.sibling(where), ""
    return None, settings.text("token_path")


async def _ask_token(
    peer: HttpPeer,
    path: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    deadline: float,
    place: tuple[str, ...] = ("access_token",),
    life: float | None = None,
) -> Token:
    answer = await peer.call("POST", path, headers=headers, body=body, deadline=deadline)
    try:
        around = parse(answer.body)
    except NotStrictJson:
        raise invalid(answer.status) from None
    for name in place[:-1]:
        around = around.get(name) if isinstance(around, dict) else None
    value = around.get(place[-1]) if isinstance(around, dict) else None
    if not isinstance(around, dict) or not isinstance(value, str) or not value.isprintable() or not value:
        raise invalid(answer.status)
    seconds = life_seconds(around.get("expires_in"), *(() if life is None else (life,)))
    more = {"id_token": around["id_token"]} if isinstance(around.get("id_token"), str) else {}
    return Token(value=value, seconds=seconds, more=more)

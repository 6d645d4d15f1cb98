"""Authentication at a provider: the `auth.kind` profiles of config/sources (RFC 6749).

Promises: headers of every call are fresh, a token is fetched once for all who wait, a refusal (401) renews
it once. Secrets are read at start, and stand in no error and no representation.
WS-Security (`wsse_*`) lives in the envelope and belongs to the SOAP source: here it adds no headers.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlencode

import orjson

from adapters.transport.auth_settings import AuthSettings
from adapters.transport.call import Auth, HttpPeer, Wire
from adapters.transport.tokens import HeaderAuth, ProviderToken, TokenAuth
from adapters.transport.tools import Tools

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_LOGIN_SECONDS = 900
#: kinds that sign messages and not calls: the writer of the messages reads their settings
MESSAGE_KINDS = frozenset({"wsse_username", "wsse_x509"})


def build_auth(
    auth: Mapping[str, object],
    url: str,
    *,
    peer: HttpPeer,
    tools: Tools,
    source: str = "",
    folder: str = "sources",
) -> Auth:
    """The profile that `auth.kind` names. Raises ConfigError if it is unknown or something is missing.

    `url` is the source's address. Token endpoints with a path are called through `peer`. `source` names the file
    below config/`folder` in messages.
    """
    settings = AuthSettings(auth, source, folder)
    build = _KINDS.get(settings.kind)
    if build is None:
        remedy = f"write one of {', '.join(sorted(_KINDS))}"
        raise settings.error("kind", f"'auth.kind: {settings.kind}' does not exist", remedy)
    made = build(settings, url, peer, tools)
    if settings.kind not in MESSAGE_KINDS:
        settings.finish()
    return made


def _none(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    del settings, url, peer, tools
    return HeaderAuth()


def _basic(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    del url, peer, tools
    fixed = {"Authorization": _basic_header(settings.text("username"), settings.secret("secret"))}
    return HeaderAuth(fixed.copy)


def _api_key(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    del url, peer, tools
    fixed = {settings.header("header"): settings.secret("secret")}
    return HeaderAuth(fixed.copy)


def _population_v1(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    """Through the national platform: milliseconds, member and key beside the hash."""
    del peer
    where, user = settings.address("auth_url", url), settings.text("username")
    secret, key = settings.secret("secret"), settings.secret("api_key")
    client = settings.text("client")

    def make() -> dict[str, str]:
        stamp = str(_milliseconds(tools.clock.now()))
        return {
            "Timestamp": stamp,
            "Authorization": _basic_header(user, population_hash(where, user, stamp, secret)),
            "X-Road-Client": client,
            "ApiKey": key,
        }

    return HeaderAuth(make)


def _population_v2(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    """Direct: seconds, a lower-case header name, the configured service address in the hash."""
    del peer
    where, user = settings.address("service_url", url), settings.text("username")
    secret = settings.secret("secret")

    def make() -> dict[str, str]:
        stamp = str(_milliseconds(tools.clock.now()) // 1_000)
        return {
            "timestamp": stamp,
            "Authorization": _basic_header(user, population_hash(where, user, stamp, secret)),
        }

    return HeaderAuth(make)


def population_hash(where: str, user: str, stamp: str, secret: str) -> str:
    """Lower-case hexadecimal SHA-256 of address, user, time stamp and secret, joined."""
    return hashlib.sha256(f"{where}{user}{stamp}{secret}".encode()).hexdigest()


def _milliseconds(now: datetime) -> int:
    return int(now.timestamp()) * 1_000 + now.microsecond // 1_000


def _oauth2(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    """Client credentials, the client in the Basic header (RFC 6749, 4.4)."""
    del url, tools
    form = {"grant_type": "client_credentials"}
    if scope := settings.text("scope", ""):
        form["scope"] = scope
    headers = {
        "Authorization": _basic_header(settings.text("client_id"), settings.secret("secret")),
        "Content-Type": _FORM,
        "Accept": _JSON,
    }
    own, path = _endpoint(settings, peer)
    request = Wire("POST", path, headers, urlencode(form).encode("ascii"))
    return TokenAuth(own or peer, request, _bearer, own_peer=own)


def _population_v3(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
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
    own, path = _endpoint(settings, peer)
    headers = {"lgspaccesstoken": access, "Content-Type": _FORM, "Accept": _JSON}
    request = Wire("POST", path, headers, b"grant_type=client_credentials")

    def make(token: ProviderToken) -> dict[str, str]:
        return {**_bearer(token), "lgspaccesstoken": access, "AuthHash": official}

    return TokenAuth(own or peer, request, make, own_peer=own)


def _login_token(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    """A login with name and password (plain or MD5, as the provider demands) that answers a token."""
    del url, tools
    settings.leave("expired_path", "expired_values")
    user, secret = settings.text("username"), settings.secret("secret")
    if settings.choice("hash", ("none", "md5")) == "md5":
        secret = hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest()
    words = {"username": user, "password": secret}
    is_form = settings.choice("body", ("json", "form")) == "form"
    body = urlencode(words).encode("ascii") if is_form else orjson.dumps(words)
    headers = {"Content-Type": _FORM if is_form else _JSON, "Accept": _JSON, **settings.headers("headers")}
    place = settings.names("token")
    life = settings.number("life_seconds", _LOGIN_SECONDS)
    request = Wire("POST", settings.text("path"), headers, body)
    if settings.choice("token_in", ("header", "query")) == "header":
        return TokenAuth(peer, request, _bearer, place=place, life=life)

    def make_ending(token: ProviderToken) -> str:
        return urlencode({"token": token.value, **token.more, "username": user, "password": secret})

    return TokenAuth(peer, request, lambda _token: {}, make_ending, place=place, life=life)


def _bearer(token: ProviderToken) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value}"}


def _basic_header(user: str, secret: str) -> str:
    """RFC 7617."""
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode("ascii")


def _endpoint(settings: AuthSettings, peer: HttpPeer) -> tuple[HttpPeer | None, str]:
    """A peer of its own for `token_url`, and the path to call."""
    if where := settings.address("token_url", ""):
        return peer.sibling(where), ""
    return None, settings.text("token_path")


_KINDS: Mapping[str, Callable[[AuthSettings, str, HttpPeer, Tools], Auth]] = MappingProxyType(
    {
        "none": _none,
        "basic": _basic,
        "api_key": _api_key,
        "oauth2": _oauth2,
        "population_v1": _population_v1,
        "population_v2": _population_v2,
        "population_v3": _population_v3,
        "login_token": _login_token,
        "wsse_username": _none,
        "wsse_x509": _none,
    }
)
#: kinds of sources that write no envelopes
CALL_KINDS = sorted(_KINDS.keys() - MESSAGE_KINDS)

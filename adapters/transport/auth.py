"""Authentication at a provider: the `auth.kind` profiles of config/sources (RFC 6749).

Promises: headers of every call are fresh, a token is fetched once for all who wait, a refusal (401) renews
it once. Secrets are read at start, and are in no error and no representation.
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
from adapters.transport.request_proofs import client_assertion, hmac_requests, signed_requests
from adapters.transport.tokens import HeaderAuth, ProviderToken, TokenAuth
from adapters.transport.tools import Tools

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_LOGIN_SECONDS = 900
_CLIENT_AUTH = ("basic", "form", "private_key_jwt")
#: RFC 7523, 2.2
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
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


def _fixed_bearer(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    """A token that the provider gave once (RFC 6750)."""
    del url, peer, tools
    fixed = {"Authorization": f"Bearer {settings.secret('secret')}"}
    return HeaderAuth(fixed.copy)


def _api_key(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    """In a header; or in the address, which others log: production refuses that unless the settings insist."""
    del url, peer, tools
    settings.choice("allow_secret_in_address", ("false", "true"))
    if settings.has("in_query_as") and not settings.has("header"):
        name, secret = settings.text("in_query_as"), settings.secret("secret")
        return HeaderAuth(ending=urlencode({name: secret}))
    if settings.has("in_query_as"):
        settings.note("in_query_as", "the key has two places", "keep 'header', which nobody logs")
    fixed = {settings.header("header"): settings.secret("secret")}
    return HeaderAuth(fixed.copy)


def _http_signature(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    """Each request signed with a key of ours (RFC 9421, RFC 9530)."""
    del peer
    key, kid = settings.private_key("key"), settings.text("kid")
    return HeaderAuth(prove=signed_requests(key, kid, url, tools.clock) if key else None)


def _aws_hmac(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    """Each request with an HMAC over it, as AWS does (signature version 4)."""
    del peer
    access, secret = settings.text("access_key_id"), settings.secret("secret")
    region, service = settings.text("region"), settings.text("service")
    return HeaderAuth(prove=hmac_requests(access, secret, region, service, url, tools.clock))


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
    """Client credentials (RFC 6749, 4.4): the client proves itself by Basic, in the form, or by a key (RFC 7523)."""
    form = {"grant_type": "client_credentials"}
    if scope := settings.text("scope", ""):
        form["scope"] = scope
    client, how = settings.text("client_id"), settings.choice("client_auth", _CLIENT_AUTH)
    headers = {"Content-Type": _FORM, "Accept": _JSON}
    own, path = _endpoint(settings, peer)
    if how == "private_key_jwt":
        key, kid = settings.private_key("key"), settings.text("kid", "")
        audience = settings.text("audience", "") or settings.text("token_url", "") or url.rstrip("/") + path
        form |= {"client_id": client, "client_assertion_type": _ASSERTION}

        def request() -> Wire:
            proof = client_assertion(key, kid, client, audience, tools.clock) if key else ""
            return Wire("POST", path, headers, urlencode({**form, "client_assertion": proof}).encode("ascii"))

        return TokenAuth(own or peer, request, _bearer, own_peer=own)
    if how == "form":
        form |= {"client_id": client, "client_secret": settings.secret("secret")}
    else:
        headers["Authorization"] = _basic_header(client, settings.secret("secret"))
    fixed = Wire("POST", path, headers, urlencode(form).encode("ascii"))
    return TokenAuth(own or peer, fixed, _bearer, own_peer=own)


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
    fixed = Wire("POST", path, headers, b"grant_type=client_credentials")

    def make(token: ProviderToken) -> dict[str, str]:
        return {**_bearer(token), "lgspaccesstoken": access, "AuthHash": official}

    return TokenAuth(own or peer, fixed, make, own_peer=own)


def _login_token(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    """A login with name and password (plain or MD5, as the provider demands) that answers a token."""
    del url, tools
    settings.leave("expired_path", "expired_values")
    settings.choice("allow_secret_in_address", ("false", "true"))
    user, secret = settings.text("username"), settings.secret("secret")
    if settings.choice("hash", ("none", "md5")) == "md5":
        secret = hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest()
    words = {"username": user, "password": secret}
    is_form = settings.choice("body", ("json", "form")) == "form"
    body = urlencode(words).encode("ascii") if is_form else orjson.dumps(words)
    headers = {"Content-Type": _FORM if is_form else _JSON, "Accept": _JSON, **settings.headers("headers")}
    place = settings.names("token")
    life = settings.number("life_seconds", _LOGIN_SECONDS)
    fixed = Wire("POST", settings.text("path"), headers, body)
    if settings.choice("token_in", ("header", "query")) == "header":
        return TokenAuth(peer, fixed, _bearer, place=place, life=life)

    def make_ending(token: ProviderToken) -> str:
        return urlencode({"token": token.value, **token.more, "username": user, "password": secret})

    return TokenAuth(peer, fixed, lambda _token: {}, make_ending, place=place, life=life)


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
        "bearer": _fixed_bearer,
        "api_key": _api_key,
        "http_signature": _http_signature,
        "aws_hmac": _aws_hmac,
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

"""How a source proves who it is: the `auth.kind` profiles of config/sources (databases.md 1.1, 2, 4.2, 6.2).

Promises: headers of every call are fresh, a token is fetched once for all who wait, a refusal (401) renews
it once. Secrets are read at start, and stand in no error and no representation.
WS-Security (`wsse_*`) lives in the envelope and belongs to the SOAP source: here it adds no headers.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from types import MappingProxyType

from adapters.transport.auth_settings import AuthSettings
from adapters.transport.faults import ProviderError
from adapters.transport.http import HttpAnswer, HttpPeer, Wire
from adapters.transport.signers import Auth, HeaderAuth, basic
from adapters.transport.token_kinds import login_token, oauth2, population_v3
from adapters.transport.tools import Tools

#: kinds that sign messages and not calls: whoever writes the messages reads their words
MESSAGE_KINDS = frozenset({"wsse_username", "wsse_x509"})


def build_auth(
    auth: Mapping[str, object], url: str, *, peer: HttpPeer, tools: Tools, source: str = ""
) -> Auth:
    """The profile that `auth.kind` names; ConfigError when it is unknown or something is missing.

    `url` is the source's address. Token endpoints with a path are called through `peer`.
    """
    settings = AuthSettings(auth, source)
    build = _KINDS.get(settings.kind)
    if build is None:
        remedy = f"write one of {', '.join(sorted(_KINDS))}"
        raise settings.error("kind", f"'auth.kind: {settings.kind}' does not exist", remedy)
    made = build(settings, url, peer, tools)
    if settings.kind not in MESSAGE_KINDS:
        settings.finish()
    return made


async def call_signed(
    peer: HttpPeer, auth: Auth, wire: Wire, deadline: float, *, accept_status: Collection[int] = ()
) -> tuple[HttpAnswer, int]:
    """`peer.call` with proof of who we are, once more with a new token after a 401; and the token's turn.

    Calls are reads: they may be repeated. Who reads the answer ends the doubt about new tokens (`Auth.in_doubt`):
    a good status alone says nothing.
    """
    renewed = False
    while True:
        signed = {**wire.headers, **await auth.headers(deadline)}
        ending = await auth.query(deadline)
        turn, path = auth.turn, wire.target
        if ending:
            path += ("&" if "?" in path else "?") + ending
        try:
            answer = await peer.call(
                wire.method, path, headers=signed, body=wire.body, deadline=deadline,
                accept_status=accept_status, behalf=wire.behalf,
            )  # fmt: skip
        except ProviderError as fault:
            if not fault.expired:
                raise
            if renewed:
                auth.in_doubt = True
                peer.guard.breaker.blame(wire.behalf.person)
                raise
            if not await renew(peer, auth, deadline, turn):
                raise
            renewed = True
        else:
            return answer, turn


async def renew(peer: HttpPeer, auth: Auth, deadline: float, turn: int) -> bool:
    """A new token for a call that was refused. While new ones are refused as well, as seldom as repetitions are."""
    if auth.in_doubt and not peer.guard.budget.spend():
        return False
    return await auth.renew(deadline, turn)


def _none(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    del settings, url, peer, tools
    return HeaderAuth(dict)


def _basic(settings: AuthSettings, url: str, peer: HttpPeer, tools: Tools) -> Auth:
    del url, peer, tools
    fixed = {"Authorization": basic(settings.text("username"), settings.secret("secret"))}
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
            "Authorization": basic(user, population_hash(where, user, stamp, secret)),
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
        return {"timestamp": stamp, "Authorization": basic(user, population_hash(where, user, stamp, secret))}

    return HeaderAuth(make)


def population_hash(where: str, user: str, stamp: str, secret: str) -> str:
    """Lower-case hexadecimal SHA-256 of address, user, time stamp and secret, joined."""
    return hashlib.sha256(f"{where}{user}{stamp}{secret}".encode()).hexdigest()


def _milliseconds(now: datetime) -> int:
    return int(now.timestamp()) * 1_000 + now.microsecond // 1_000


_KINDS: Mapping[str, Callable[[AuthSettings, str, HttpPeer, Tools], Auth]] = MappingProxyType(
    {
        "none": _none,
        "basic": _basic,
        "api_key": _api_key,
        "oauth2": oauth2,
        "population_v1": _population_v1,
        "population_v2": _population_v2,
        "population_v3": population_v3,
        "login_token": login_token,
        "wsse_username": _none,
        "wsse_x509": _none,
    }
)
#: kinds of sources that write no envelopes
CALL_KINDS = sorted(_KINDS.keys() - MESSAGE_KINDS)

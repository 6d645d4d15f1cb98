"""Signing out at a simulated identity provider: RP-Initiated, Back-Channel and Front-Channel Logout 1.0.

Promises: only addresses of this machine are called; `told` says how each system answered, without any token.
"""

import asyncio
from base64 import urlsafe_b64decode
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

import aiohttp
import orjson
from aiohttp import web

from adapters.sandbox.accounts import LoginSystem, at_port_of, is_registered
from adapters.sandbox.identity_lies import LiePlace
from adapters.sandbox.identity_provider import Denied, SignedOut, SimulatedProvider
from adapters.sandbox.identity_tokens import logout_token
from adapters.sandbox.loopback import is_on_loopback

_SECONDS = 5
_MOST_TOLD = 200


class BackChannel:
    """Sends logout tokens to the systems of a session that ended."""

    def __init__(self, provider: SimulatedProvider) -> None:
        """No system was notified yet."""
        self._provider = provider
        self._under_way: set[asyncio.Task[None]] = set()
        #: newest last: client, `sid`, and the status of the answer (0: none came)
        self.told: deque[dict[str, object]] = deque(maxlen=_MOST_TOLD)

    def tell(self, ended: SignedOut) -> None:
        """Send in the background."""
        for system in ended.systems:
            address = at_port_of(system.backchannel_logout_uri, ended.session.visited[system.client_id])
            if address and is_on_loopback(address):
                task = asyncio.create_task(self._tell(system, address, ended))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)

    async def settle(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def close(self, _app: web.Application) -> None:
        """End what is under way."""
        for task in tuple(self._under_way):
            task.cancel()
        await self.settle()

    async def _tell(self, system: LoginSystem, address: str, ended: SignedOut) -> None:
        provider, session = self._provider, ended.session
        rule = provider.lie(LiePlace.LOGOUT, system.client_id)
        token = logout_token(
            rule.lie if rule is not None else None, provider.logout_claims(session, system.client_id),
            provider.keys, session.id_tokens.get(system.client_id, ""),
        )  # fmt: skip
        status = await _posted(address, token)
        self.told.append({"client": system.client_id, "sid": session.sid, "status": status})


async def _posted(address: str, token: str) -> int:
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(address, data={"logout_token": token}, allow_redirects=False) as answer,
        ):
            return answer.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return 0


class LogoutDone(NamedTuple):
    """What a request to sign out did."""

    #: None: the session was over already
    ended: SignedOut | None
    #: where the browser goes then; blank: nowhere
    target: str
    #: the system that asked; blank: the provider's own page
    initiator: str


def log_out(provider: SimulatedProvider, words: Mapping[str, str], cookie: str, method: str) -> LogoutDone:
    """End the session that a request names. Raises Denied.

    Without a hint only the provider's own page (a POST, whose cookie no other site sends) ends a session.
    """
    hint = words.get("id_token_hint", "")
    if not hint:
        session = provider.sessions.get(cookie)
        if method != "POST" or session is None:
            raise Denied("invalid_request", "id_token_hint is missing")
        return LogoutDone(provider.signed_out(session.sid), "", "")
    client, sid = _hinted(provider, hint)
    system = provider.accounts.system(provider.name, client)
    target = words.get("post_logout_redirect_uri", "")
    if target and (system is None or not is_registered(target, system.post_logout_redirect_uris)):
        raise Denied("invalid_request", "post_logout_redirect_uri is not registered")
    if target and "state" in words:
        target += ("&" if "?" in target else "?") + urlencode({"state": words["state"]})
    return LogoutDone(provider.signed_out(sid), target, client)


def _hinted(provider: SimulatedProvider, hint: str) -> tuple[str, str]:
    """Client and session of an ID token of this provider, expired or not. Raises Denied."""
    try:
        claims = orjson.loads(urlsafe_b64decode(hint.split(".")[1] + "=="))
        client, sid = str(claims["aud"]), str(claims["sid"])
    except (ValueError, IndexError, KeyError, TypeError):
        raise Denied("invalid_request", "id_token_hint is no token") from None
    if not provider.keys.is_own(hint):
        raise Denied("invalid_request", "id_token_hint is not of this provider")
    return client, sid


def frames(done: LogoutDone, issuer: str) -> list[str]:
    """Addresses that the provider's page opens in frames, each with `iss` and `sid`; not that of who asked for it."""
    if done.ended is None:
        return []
    session = done.ended.session
    found = [
        at_port_of(one.frontchannel_logout_uri, session.visited[one.client_id])
        for one in done.ended.systems
        if one.client_id != done.initiator
    ]
    return [f"{one}?{urlencode({'iss': issuer, 'sid': session.sid})}" for one in found if one]

"""Control of the simulated identity providers, `/__sandbox/identity/…`: lies, signing in without a browser, keys, time.

Promises: what is wrong with an order is said; accounts are invented, and so is all that is shown of them.
"""

import asyncio
import time
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from adapters.sandbox import identity_national, identity_staff, identity_vneid
from adapters.sandbox.accounts import Accounts, ProviderName, is_registered
from adapters.sandbox.identity_door import ProviderDoor
from adapters.sandbox.identity_lies import Lie, LieRule, Lies
from adapters.sandbox.identity_pages import IdentityPages
from adapters.sandbox.identity_provider import Denied, SimulatedProvider
from adapters.sandbox.misbehave import Switchboard
from adapters.sandbox.people import Register
from adapters.sandbox.portal_control import refusing
from adapters.sandbox.sandbox_pages import SandboxPages

SOURCE = "identity"


class _IdentityOrder(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _LieOrder(_IdentityOrder):
    lie: Lie
    provider: ProviderName | None = None
    client: str = ""
    count: int | None = Field(default=None, ge=1)
    seconds: float = Field(default=5.0, ge=0)


class _SignInOrder(_IdentityOrder):
    """What a browser would do: follow `authorize`, choose `account` (or cancel)."""

    #: the whole address to which a system sent the browser
    authorize: str
    account: str = ""
    cancel: bool = False


class _SignOutOrder(_IdentityOrder):
    provider: ProviderName
    account: str


class _RotateOrder(_IdentityOrder):
    provider: ProviderName
    #: go on publishing the former keys
    keep: bool = True


class _ClockOrder(_IdentityOrder):
    """By how much the providers' clock is ahead of the true time."""

    ahead_seconds: float


class IdentityHouse:
    """The providers, their lies and their clock."""

    def __init__(
        self, accounts: Accounts, register: Register, board: Switchboard, closing: asyncio.Event,
        shown: SandboxPages,
    ) -> None:  # fmt: skip
        """`board` counts calls; `shown` renders pages."""
        self.lies = Lies()
        self._ahead = 0.0
        pages = IdentityPages(shown)
        self.doors: Mapping[str, ProviderDoor] = {
            dialect.name: ProviderDoor(
                SimulatedProvider(
                    dialect.name, accounts, self.lies, self._now, dialect.prefix + dialect.issuer
                ),
                dialect, register, pages, closing, board.count,
            )
            for dialect in (
                identity_national.dialect(), identity_vneid.dialect(accounts.keys.stranger), identity_staff.dialect(),
            )
        }  # fmt: skip

    def _now(self) -> float:
        return time.time() + self._ahead

    def forget_all(self) -> None:
        """No sessions, no lies, the true time."""
        self.lies.clear()
        self._ahead = 0.0
        for door in self.doors.values():
            door.provider.forget_all()
            door.back_channel.told.clear()

    def add_to(self, app: web.Application) -> None:
        """Add the providers and their control to the application."""
        for door in self.doors.values():
            door.add_to(app)
        prefix, router = "/__sandbox/identity", app.router
        router.add_get(f"{prefix}/lies", refusing(self._list_lies))
        router.add_post(f"{prefix}/misbehave", refusing(self._misbehave))
        router.add_delete(f"{prefix}/misbehave", refusing(self._behave))
        router.add_get(f"{prefix}/accounts", refusing(self._list_accounts))
        router.add_post(f"{prefix}/sign_in", refusing(self._sign_in))
        router.add_post(f"{prefix}/sign_out", refusing(self._sign_out))
        router.add_get(f"{prefix}/told", refusing(self._told))
        router.add_post(f"{prefix}/rotate", refusing(self._rotate))
        router.add_post(f"{prefix}/clock", refusing(self._clock))

    async def _list_lies(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {"lies": [{"lie": one.value, "place": one.place.value, "what": one.en} for one in Lie]}
        )

    async def _misbehave(self, request: web.Request) -> web.StreamResponse:
        order = _LieOrder.model_validate(await request.json())
        self.lies.add(
            LieRule(
                lie=order.lie, provider=order.provider or "", client=order.client, count=order.count,
                seconds=order.seconds,
            )
        )  # fmt: skip
        return web.json_response({"lie": order.lie.value, "place": order.lie.place.value})

    async def _behave(self, _request: web.Request) -> web.StreamResponse:
        self.lies.clear()
        return web.Response(status=204)

    async def _list_accounts(self, _request: web.Request) -> web.StreamResponse:
        door = next(iter(self.doors.values()))
        return web.json_response(
            {
                "accounts": [
                    {
                        "key": key, "name": one.name, "kind": one.account.kind, "level": one.account.level,
                        "personal_id": one.person.personal_id if one.person else "", "note": one.account.note.en,
                        "staff": one.account.staff,
                    }
                    for key, one in door.provider.accounts.holders.items()
                ]
            }
        )  # fmt: skip

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        """The address to which the browser would be sent back."""
        order = _SignInOrder.model_validate(await request.json())
        parts = urlsplit(order.authorize)
        door = next(
            (one for one in self.doors.values() if parts.path == one.dialect.prefix + one.dialect.authorize),
            None,
        )
        if door is None:
            raise ValueError("authorize is not the authorization endpoint of a provider")
        words = dict(parse_qsl(parts.query, keep_blank_values=True))
        try:
            location = self._answered(door, words, f"{parts.scheme}://{parts.netloc}", order)
        except Denied as denied:
            raise ValueError(f"{denied.error}: {denied}") from None
        return web.json_response({"location": location})

    def _answered(
        self, door: ProviderDoor, words: Mapping[str, str], origin: str, order: _SignInOrder
    ) -> str:
        provider = door.provider
        system = provider.accounts.system(provider.name, words.get("client_id", ""))
        if system is None or not is_registered(words.get("redirect_uri", ""), system.redirect_uris):
            raise Denied("invalid_request", "client_id or redirect_uri is not registered")
        asked = door.asked(words, system, origin)
        if order.cancel:
            answer = provider.refusal(asked, "access_denied", "the person cancelled")
        else:
            answer = provider.answer(asked, provider.signed_in(order.account, origin)[1])
        return f"{asked.redirect_uri}?{urlencode(answer)}"

    async def _sign_out(self, request: web.Request) -> web.StreamResponse:
        """End all sessions of an account at the provider; its systems are notified before this answers."""
        order = _SignOutOrder.model_validate(await request.json())
        door = self.doors[order.provider]
        held = [one.sid for one in door.provider.sessions.values() if one.account == order.account]
        for sid in held:
            if (ended := door.provider.signed_out(sid)) is not None:
                door.back_channel.tell(ended)
        await door.back_channel.settle()
        told = [one for one in door.back_channel.told if one["sid"] in held]
        return web.json_response({"sessions": len(held), "told": told})

    async def _told(self, _request: web.Request) -> web.StreamResponse:
        """How systems answered to logout tokens."""
        for door in self.doors.values():
            await door.back_channel.settle()
        return web.json_response({name: list(door.back_channel.told) for name, door in self.doors.items()})

    async def _rotate(self, request: web.Request) -> web.StreamResponse:
        order = _RotateOrder.model_validate(await request.json())
        keys = self.doors[order.provider].provider.keys
        await asyncio.to_thread(keys.rotate, keep=order.keep)
        return web.json_response({"kid": keys.newest.kid})

    async def _clock(self, request: web.Request) -> web.StreamResponse:
        self._ahead = _ClockOrder.model_validate(await request.json()).ahead_seconds
        return web.json_response({"ahead_seconds": self._ahead})

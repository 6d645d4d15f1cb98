"""The addresses of a simulated identity provider, `/identity/<provider>/…`, in the dialect of one of them.

Promises: an unregistered address is never redirected to; markup in data stays text; lies are laid around real answers.
"""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote_plus, urlencode

import orjson
from aiohttp import web

from adapters.sandbox.accounts import LoginSystem, is_registered
from adapters.sandbox.connection import pause
from adapters.sandbox.identity_answers import INSTEAD, about_another, swollen, with_other_tokens
from adapters.sandbox.identity_dialect import Dialect
from adapters.sandbox.identity_lies import Lie, LiePlace, LieRule
from adapters.sandbox.identity_logout import BackChannel, frames, log_out
from adapters.sandbox.identity_pages import IdentityPages
from adapters.sandbox.identity_provider import (
    TOKEN_SECONDS,
    AskedLogin,
    Denied,
    SimulatedProvider,
    SsoSession,
    TokenGrant,
)
from adapters.sandbox.identity_tokens import STRANGER, Forgery, certificate, forged, logout_token, without
from adapters.sandbox.people import Register


class ProviderDoor:
    """Handlers of one provider."""

    def __init__(
        self, provider: SimulatedProvider, dialect: Dialect, register: Register, pages: IdentityPages,
        closing: asyncio.Event, count: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        """`count`: one more call of a source's operation."""
        self.provider, self.dialect = provider, dialect
        self._register, self._pages, self._closing, self._count = register, pages, closing, count
        self.back_channel = BackChannel(provider)

    def add_to(self, app: web.Application) -> None:
        """Add the routes to the application."""
        d, add = self.dialect, app.router.add_route
        for method, path, handler in (
            ("GET", d.authorize, self._authorize),
            ("POST", d.authorize, self._authorize),
            ("GET", d.page, self._page),
            ("POST", d.choose, self._choose),
            ("POST", d.token, self._token),
            ("GET", d.userinfo, self._userinfo),
            ("POST", d.userinfo, self._userinfo),
            ("POST", d.introspect, self._introspect),
            ("POST", d.revoke, self._revoke),
            ("GET", d.logout, self._logout),
            ("POST", d.logout, self._logout),
            ("GET", d.jwks, self._keys),
            ("GET", f"{d.issuer}/.well-known/openid-configuration", self._discovery),
            ("GET", "/", self._home),
            ("GET", "/stranger/jwks", self._stranger),
            ("GET", "/stranger/certificate", self._stranger),
        ):
            add(method, f"{d.prefix}{path}", self._counted(handler))
        app.on_shutdown.append(self.back_channel.close)

    def _counted(self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:  # noqa: ANN401 -- aiohttp's own type is private
        operation = handler.__name__.strip("_")

        async def serve(request: web.Request) -> web.StreamResponse:
            self._count(f"identity_{self.dialect.name}", operation)
            return await handler(request)

        return serve

    # ---- in the browser

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        query = request.query if request.method == "GET" else await request.post()
        words = {name: str(value) for name, value in query.items()}
        try:
            system = self._system(words, len(query))
        except Denied as denied:
            return self._pages.message(self.dialect, denied)
        try:
            asked = self.asked(words, system, _origin(request))
        except Denied as denied:
            bare = AskedLogin(
                system=system, redirect_uri=words["redirect_uri"], origin=_origin(request), scope="", made_at=0,
                state=words.get("state"),
            )  # fmt: skip
            return self._back(bare, self.provider.refusal(bare, denied.error, str(denied)))
        session = self.provider.fitting(asked, request.cookies.get(self.dialect.cookie, ""))
        if session is not None:
            return self._back(asked, self.provider.answer(asked, session))
        if asked.prompt == "none":
            return self._back(asked, self.provider.refusal(asked, "login_required", "nobody is signed in"))
        return _found(f"{self.dialect.prefix}{self.dialect.page}?sessionDataKey={self.provider.page(asked)}")

    def _system(self, words: Mapping[str, str], count: int) -> LoginSystem:
        """The system that asks, at an address of its own; `count`: of the parameters. Raises Denied."""
        if len(words) != count:
            raise Denied("invalid_request", "a parameter stands twice")
        system = self.provider.accounts.system(self.dialect.name, words.get("client_id", ""))
        if system is None:
            raise Denied("invalid_client", "client_id is not known")
        if not is_registered(words.get("redirect_uri", ""), system.redirect_uris):
            raise Denied("invalid_request", "redirect_uri is not registered")
        return system

    def asked(self, words: Mapping[str, str], system: LoginSystem, origin: str) -> AskedLogin:
        """The checked request. Raises Denied with an error for the system."""
        if words.get("response_type") != "code":
            raise Denied("unsupported_response_type", "response_type is not code")
        if "openid" not in words.get("scope", "").split():
            raise Denied("invalid_scope", "scope has no openid")
        challenge = words.get("code_challenge", "")
        if challenge and words.get("code_challenge_method", "plain") != "S256":
            raise Denied("invalid_request", "code_challenge_method is not S256")
        longest = words.get("max_age")
        if longest is not None and not (longest.isascii() and longest.isdigit()):
            raise Denied("invalid_request", "max_age is no number")
        return AskedLogin(
            system=system, redirect_uri=words["redirect_uri"], origin=origin, scope=words["scope"],
            made_at=self.provider.clock(), state=words.get("state"), nonce=words.get("nonce"), challenge=challenge,
            prompt=words.get("prompt", ""), longest=int(longest) if longest is not None else None,
        )  # fmt: skip

    async def _page(self, request: web.Request) -> web.StreamResponse:
        key = request.query.get("sessionDataKey", "")
        try:
            asked = self.provider.on_page(key)
        except Denied as denied:
            return self._pages.message(self.dialect, denied)
        return self._pages.picker(self.dialect, asked, key, self.provider.holders.values())

    async def _choose(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        try:
            asked = self.provider.on_page(str(form.get("sessionDataKey", "")))
            if "cancel" in form:
                return self._back(
                    asked, self.provider.refusal(asked, "access_denied", "the person cancelled")
                )
            cookie, session = self.provider.signed_in(str(form.get("account", "")), asked.origin)
        except Denied as denied:
            return self._pages.message(self.dialect, denied)
        response = self._back(asked, self.provider.answer(asked, session))
        response.set_cookie(
            self.dialect.cookie, cookie, path=self.dialect.prefix, httponly=True, samesite="Lax"
        )
        return response

    def _back(self, asked: AskedLogin, answer: list[tuple[str, str]]) -> web.Response:
        return _found(asked.redirect_uri + ("&" if "?" in asked.redirect_uri else "?") + urlencode(answer))

    async def _home(self, request: web.Request) -> web.StreamResponse:
        """Who is signed in at the provider, with a button to sign out."""
        session = self.provider.sessions.get(request.cookies.get(self.dialect.cookie, ""))
        name = self.provider.holder(session.account).name if session is not None else ""
        return self._pages.home(self.dialect, name)

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        """RP-Initiated Logout 1.0. A button of the provider's own page needs no hint."""
        given = request.query if request.method == "GET" else await request.post()
        words = {name: str(value) for name, value in given.items()}
        try:
            done = log_out(self.provider, words, request.cookies.get(self.dialect.cookie, ""), request.method)
        except Denied as denied:
            return self._pages.message(self.dialect, denied)
        to_tell = frames(done, self.provider.issuer(_origin(request)))
        if done.ended is not None:
            self.back_channel.tell(done.ended)
        response = (
            _found(done.target)
            if done.target and not to_tell
            else self._pages.signed_out(self.dialect, to_tell, done.target)
        )
        response.del_cookie(self.dialect.cookie, path=self.dialect.prefix)
        return response

    # ---- from system to system

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            system = self._proven(request, form)
            rule = self.provider.lie(LiePlace.TOKEN, system.client_id)
            words = self._tokens(system, form, rule.lie if rule is not None else None, _origin(request))
        except Denied as denied:
            return _refused(denied)
        return await self._sent(request, words, rule, system)

    def _proven(self, request: web.Request, form: Mapping[str, str]) -> LoginSystem:
        """The system that proved itself, in the header or in the form. Raises Denied."""
        name, secret = _credentials(request, form)
        system = self.provider.accounts.system(self.dialect.name, name)
        if system is None or system.client_secret != secret:
            raise Denied("invalid_client", "client authentication failed", 401)
        return system

    def _tokens(
        self, system: LoginSystem, form: Mapping[str, str], lie: Lie | None, origin: str
    ) -> dict[str, Any]:
        match form.get("grant_type"):
            case "authorization_code":
                grant = self.provider.redeemed(system, form, twice=lie is Lie.CODE_TWICE)
            case "refresh_token":
                grant = self.provider.refreshed(system, form.get("refresh_token", ""))
            case _:
                raise Denied("unsupported_grant_type", "grant_type is not known")
        access, refresh = self.provider.tokens_for(grant)
        words = {
            "access_token": access, "refresh_token": refresh, "scope": grant.asked.scope,
            "id_token": self._id_token(grant, access, origin), "token_type": "Bearer", "expires_in": TOKEN_SECONDS,
        }  # fmt: skip
        return with_other_tokens(lie, words, self._token_of_other_use(lie, grant, access))

    def _id_token(self, grant: TokenGrant, access: str, origin: str) -> str:
        claims = self.provider.id_claims(grant, access)
        rule = self.provider.lie(LiePlace.ID_TOKEN, grant.asked.system.client_id)
        good = self.provider.keys.signed(claims)
        session = next((one for one in self.provider.sessions.values() if one.sid == grant.sid), None)
        if session is not None:
            session.id_tokens[grant.asked.system.client_id] = good
        if rule is None:
            return good
        known = Forgery(
            claims=claims, keys=self.provider.keys, client_secret=grant.asked.system.client_secret,
            stranger_at=f"{origin}{self.dialect.prefix}/stranger",
        )  # fmt: skip
        return forged(rule.lie, known)

    def _token_of_other_use(self, lie: Lie | None, grant: TokenGrant, access: str) -> str:
        """A token that was signed for something else (RFC 9068; Back-Channel Logout 1.0)."""
        claims = self.provider.id_claims(grant, access)
        if lie is Lie.ACCESS_TOKEN_AS_ID_TOKEN:
            return self.provider.keys.signed(without("at_hash")(claims | {"scope": "openid"}), "at+jwt")
        if lie is Lie.LOGOUT_TOKEN_AS_ID_TOKEN:
            session = SsoSession(sid=grant.sid, account=grant.account, at=grant.at, origin=grant.asked.origin)
            about = self.provider.logout_claims(session, grant.asked.system.client_id)
            return logout_token(None, about, self.provider.keys, "")
        return ""

    async def _userinfo(self, request: web.Request) -> web.StreamResponse:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        given = self.provider.given(token) if kind.lower() == "bearer" else None
        if given is None:
            return _refused(Denied("invalid_token", "the access token is not known", 401))
        grant = given.grant
        rule = self.provider.lie(LiePlace.USERINFO, grant.asked.system.client_id)
        claims = {
            "sub": self.provider.subject(grant.account),
            **self.dialect.claims(self.provider.holder(grant.account), self._register),
        }
        words = claims if rule is None else about_another(rule.lie, claims, self.dialect)
        return await self._sent(request, words, rule, grant.asked.system)

    async def _sent(
        self, request: web.Request, words: dict[str, Any] | bytes, rule: LieRule | None, system: LoginSystem
    ) -> web.StreamResponse:
        """The answer, encrypted where the dialect wants it, spoiled as the lie says."""
        lie = rule.lie if rule is not None else None
        if rule is not None and lie in {Lie.TOKEN_SLOW, Lie.USERINFO_SLOW}:
            await pause(request, self._closing, rule.seconds)
        if lie in INSTEAD:
            return INSTEAD[lie](_origin(request))
        body = words if isinstance(words, bytes) else orjson.dumps(words)
        if lie in {Lie.TOKEN_HUGE, Lie.USERINFO_HUGE}:
            body = swollen(body)
        if self.dialect.seal is not None:
            sealing = self.provider.lie(LiePlace.SEALED, system.client_id)
            body = self.dialect.seal(body, system, sealing.lie if sealing is not None else None)
        return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})

    async def _introspect(self, request: web.Request) -> web.StreamResponse:
        """RFC 7662: asked with a living access token, or by the system itself."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
        try:
            if kind.lower() != "bearer" or self.provider.given(bearer) is None:
                self._proven(request, form)
        except Denied as denied:
            return _refused(denied)
        given = self.provider.given(form.get("token", ""))
        if given is None:
            return web.json_response({"active": False})
        grant = given.grant
        return web.json_response(
            {
                "active": True, "client_id": grant.asked.system.client_id, "exp": int(given.end),
                "scope": grant.asked.scope, "sub": self.provider.subject(grant.account), "token_type": "Bearer",
            }
        )  # fmt: skip

    async def _revoke(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            self.provider.revoke(self._proven(request, form), form.get("token", ""))
        except Denied as denied:
            return _refused(denied)
        return web.Response()

    async def _keys(self, _request: web.Request) -> web.StreamResponse:
        rule = self.provider.lie(LiePlace.KEYS)
        if rule is not None and rule.lie is Lie.KEYS_500:
            return web.Response(status=500)
        if rule is not None and rule.lie is Lie.KEYS_EMPTY:
            return web.json_response({"keys": []})
        return web.json_response(self.provider.keys.published())

    async def _discovery(self, request: web.Request) -> web.StreamResponse:
        """OpenID Connect Discovery 1.0, 3."""
        d, base = self.dialect, f"{_origin(request)}{self.dialect.prefix}"
        rule = self.provider.lie(LiePlace.DISCOVERY)
        issuer = self.provider.issuer(_origin(request))
        if rule is not None and rule.lie is Lie.DISCOVERY_WRONG_ISSUER:
            issuer = STRANGER
        return web.json_response(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{base}{d.authorize}",
                "token_endpoint": f"{base}{d.token}",
                "userinfo_endpoint": f"{base}{d.userinfo}",
                "jwks_uri": f"{base}{d.jwks}",
                "introspection_endpoint": f"{base}{d.introspect}",
                "revocation_endpoint": f"{base}{d.revoke}",
                "end_session_endpoint": f"{base}{d.logout}",
                "scopes_supported": ["openid", "email"],
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "code_challenge_methods_supported": ["S256"],
                "acr_values_supported": ["LoA1", "LoA2", "LoA3"],
                "authorization_response_iss_parameter_supported": True,
                "backchannel_logout_supported": True,
                "backchannel_logout_session_supported": True,
                "frontchannel_logout_supported": True,
                "frontchannel_logout_session_supported": True,
            }
        )

    async def _stranger(self, request: web.Request) -> web.StreamResponse:
        """Keys and certificate of a forger: nobody should ever ask for them (`GET /__sandbox/calls` counts)."""
        stranger = self.provider.keys.stranger
        if request.path.endswith("/jwks"):
            return web.json_response({"keys": [stranger.public_jwk()]})
        return web.Response(body=certificate(stranger.private), content_type="application/pkix-cert")


def _origin(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


def _found(url: str) -> web.Response:
    return web.Response(status=302, headers={"Location": url, "Cache-Control": "no-store"})


def _refused(denied: Denied) -> web.Response:
    words = {"error": denied.error, "error_description": str(denied)}
    headers = {"Cache-Control": "no-store"}
    if denied.status == 401:
        headers["WWW-Authenticate"] = (
            f'{"Bearer" if denied.error == "invalid_token" else "Basic"} realm="sandbox"'
        )
    return web.json_response(words, status=denied.status, headers=headers)


def _credentials(request: web.Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Client id and secret: Basic (form-encoded, RFC 6749, 2.3.1) or in the form."""
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise Denied("invalid_client", "client authentication failed", 401) from None
    return unquote_plus(name), unquote_plus(secret)

"""Signing in at an OpenID provider: authorization code flow of a confidential client, from the redirect to the person.

OpenID Connect Core 1.0 and Discovery 1.0; RFC 6749, 7636 (S256 always), 9207, 9700. What the dialects share.
Promises: an answer that is not wholly right signs nobody in; its LoginFailed has codes only. Keys come from the
provider's published set, never from a token; claims count only where the mapping names them.
"""

import asyncio
import base64
import hashlib
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

from adapters.portals.calling import NotDelivered, PortalPeer, PortalRequest, read_json
from adapters.portals.openid_tokens import (
    LARGEST_TOKEN,
    TokenRules,
    authenticated_at,
    check_id_token,
    check_userinfo_token,
    checked_logout,
    forged,
    is_name,
    read_token,
    same,
    unusable,
)
from adapters.portals.options import read_options
from adapters.portals.published import PublishedValue
from adapters.transport.breaker import Behalf
from adapters.transport.call import HttpPeer, Wire
from adapters.transport.connection import HttpAnswer
from adapters.transport.dial import tls_context
from adapters.transport.tokens import HeaderAuth
from adapters.transport.tools import Tools
from gateway.config.identity import IdentityProviderSettings
from gateway.config.values import Settings
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.login import Identity, LoginReason
from gateway.domain.reasons import DeliveryReason
from gateway.jose import issued, jws
from gateway.jose.issued import ForeignToken, JwkSetKey
from gateway.jose.jws import JoseBroken
from gateway.mapping.logins import AccountRefused, LoginPlan
from gateway.ports.identity import LoginAttempt, LoginFailed, ProviderLogout

FOLDER: Final = "identity_providers"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_ACCEPT: Final = "application/json, application/jwt"
#: bytes of the answer of a token or userinfo endpoint, of keys and of discovery
_MOST_BYTES: Final = 262_144
_LONGEST_CODE: Final = 2_048
#: error codes of a token endpoint (RFC 6749, 5.2) that may be in a log
_TOKEN_ERRORS: Final = frozenset(
    "invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type invalid_scope".split()
)
_ERROR_STATUSES: Final = (400, 401)
#: error codes of an authorization response -> what they mean
_RESPONSE_ERRORS: Final[Mapping[str, LoginReason]] = {
    "access_denied": LoginReason.CANCELLED,
    "login_required": LoginReason.PROVIDER_REFUSED,
    "interaction_required": LoginReason.PROVIDER_REFUSED,
    "server_error": LoginReason.PROVIDER_UNAVAILABLE,
    "temporarily_unavailable": LoginReason.PROVIDER_UNAVAILABLE,
}
#: why a call had no answer -> what that means for a login; any other: it is not available
_CALL_ENDS: Final[Mapping[str, LoginReason]] = {
    DeliveryReason.ANSWER_INVALID: LoginReason.ANSWER_INVALID,
    DeliveryReason.ACCESS_REFUSED: LoginReason.PROVIDER_REFUSED,
    DeliveryReason.LOGIN_REFUSED: LoginReason.PROVIDER_REFUSED,
    DeliveryReason.MESSAGE_REFUSED: LoginReason.PROVIDER_REFUSED,
}

#: who lacks a key: a login, which the provider has answered, or a logout token, which anybody can send
_LOGIN, _LOGOUT = "login", "logout"
_NOBODY: Final = Identity(provider="", subject="")

#: makes plain data of an answer with a success status; raises ValueError
TreeReader = Callable[[HttpAnswer], object]


class OpenIdOptions(Settings):
    """`options` of an identity provider."""

    #: where the client's secret stands at the token endpoint
    client_auth: Literal["form", "basic"] = "form"
    #: `none`: the claims are those of the ID token
    userinfo: Literal["get", "post", "none"] = "get"
    #: `jwt`: signed, and then nothing else is taken
    userinfo_as: Literal["json", "jwt"] = "json"
    #: `required`: a response without `iss` is refused (discovery may promise it as well)
    response_iss: Literal["optional", "required"] = "optional"
    #: `optional`: logout tokens without a `typ` are taken
    logout_typ: Literal["required", "optional"] = "required"
    #: ca, certificate, key
    tls: Any = None


Options = TypeVar("Options", bound=OpenIdOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAddresses:
    """Where a provider is asked; blank: it has no such place."""

    authorize: str
    token: str
    userinfo: str
    jwks: str
    logout: str
    #: each authorization response has an `iss` (RFC 9207)
    names_itself: bool = False


@dataclass(frozen=True, slots=True)
class _GivenTokens:
    """A good answer of the token endpoint; or its error code."""

    access_token: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)
    error: str = ""


class RelyingParty:
    """Implements gateway.ports.identity.IdentityProvider."""

    def __init__(
        self,
        settings: IdentityProviderSettings,
        options: OpenIdOptions,
        plan: LoginPlan,
        tools: Tools,
        *,
        opened: TreeReader = read_json,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is connected yet. Raises ConfigError."""
        self._settings = settings
        self._options = options
        self._plan = plan
        self._clock = tools.clock
        self._opened = opened
        self._pinned = _pinned(settings, options)
        self._secret = _secret(settings)
        self._peers = _peers(settings, options, tools)
        self._seconds = settings.limits.total_ms / 1_000
        self._rules = TokenRules(
            issuer=settings.issuer, client_id=settings.client_id, algorithms=_algorithms(settings),
            skew=settings.clock_skew_seconds, longest=settings.longest_seconds,
            logout_typ=options.logout_typ == "required",
        )  # fmt: skip
        self._addresses = PublishedValue(self._discover, "discovery", monotonic)
        self._keys = PublishedValue(self._fetch_keys, "jwks", monotonic)

    async def begin(self, attempt: LoginAttempt, end: float) -> str:
        """The URL to which the browser goes. Raises LoginFailed."""
        where = await self._where(end)
        settings = self._settings
        longest = settings.longest_seconds
        words = {
            "response_type": "code", "client_id": settings.client_id, "redirect_uri": attempt.redirect_uri,
            "scope": settings.scope, "state": attempt.state, "nonce": attempt.nonce,
            "code_challenge": challenge_of(attempt.verifier), "code_challenge_method": "S256",
            "max_age": str(longest if attempt.longest is None else min(attempt.longest, longest)),
        }  # fmt: skip
        if settings.acr_values:
            words["acr_values"] = settings.acr_values
        if attempt.again:
            words["prompt"] = "login"
        return with_query(where.authorize, words)

    async def finish(self, attempt: LoginAttempt, answer: Mapping[str, str], end: float) -> Identity:
        """The person who signed in, by the answer that came back. Raises LoginFailed."""
        where = await self._where(end)
        code = self._code(attempt, answer, where)
        tokens = await self._redeem(attempt, code, where, end)
        token = read_token(tokens.id_token, self._rules)
        await self._check_signature(token, end, _LOGIN)
        now = self._clock.now().timestamp()
        check_id_token(token, self._rules, attempt, tokens.access_token, now)
        session, at = token.claims.get("sid"), authenticated_at(token.claims)
        proven = Identity(
            provider=self._settings.provider, subject=token.claims["sub"], at=at, waited=token.claims["iat"] - at,
            session=session if isinstance(session, str) and is_name(session) else "", id_token=tokens.id_token,
        )  # fmt: skip
        if self._options.userinfo == "none":
            return self._account(token.claims, proven)
        claims = await self._userinfo(attempt, tokens.access_token, where, end)
        if not same(claims.get("sub"), proven.subject):
            raise forged("userinfo.sub")
        account = self._account(claims, proven)
        self._check_same_person(account, token.claims, proven)
        return account

    def logout_url(self, identity: Identity, return_to: str, state: str) -> str:
        """Where the browser ends the provider's session; blank: no such page is known.

        An ID token that names its person is not put into the address: the provider then gets the client only, and
        may ask the person.
        """
        known = self._addresses.known or self._pinned
        if known is None or not known.logout:
            return ""
        words = {"post_logout_redirect_uri": return_to, "state": state}
        if identity.id_token and not self._names_person(identity):
            words = {"id_token_hint": identity.id_token, **words}
        else:
            words = {"client_id": self._settings.client_id, **words}
        return with_query(known.logout, words)

    async def logged_out(self, token: str, end: float) -> ProviderLogout:
        """The session that a logout token ends. Raises LoginFailed."""
        found = read_token(token, self._rules)
        await self._check_signature(found, end, _LOGOUT)
        return checked_logout(found, self._rules, self._clock.now().timestamp())

    async def close(self) -> None:
        """End what is under way, close connections."""
        await self._addresses.close()
        await self._keys.close()
        for peer in self._peers.values():
            await peer.close()

    # ------------------------------------------------------------ the steps of `finish`

    def _code(self, attempt: LoginAttempt, answer: Mapping[str, str], where: ProviderAddresses) -> str:
        """The code of an authorization response that belongs to this attempt. Raises LoginFailed."""
        if not same(answer.get("state"), attempt.state):
            raise forged("state")
        issuer = answer.get("iss")
        is_wanted = where.names_itself or self._options.response_iss == "required"
        if (issuer is None and is_wanted) or (issuer is not None and issuer != self._settings.issuer):
            raise forged("response_iss")
        error = answer.get("error")
        if error is not None:
            known = error in _RESPONSE_ERRORS
            reason = _RESPONSE_ERRORS[error] if known else LoginReason.PROVIDER_REFUSED
            raise LoginFailed(reason, error if known else "response_error")
        code = answer.get("code", "")
        if not 0 < len(code) <= _LONGEST_CODE or not code.isascii() or not code.isprintable():
            raise unusable("code")
        return code

    async def _redeem(
        self, attempt: LoginAttempt, code: str, where: ProviderAddresses, end: float
    ) -> _GivenTokens:
        """The tokens of a code (RFC 6749, 4.1.3). Raises LoginFailed."""
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
        }  # fmt: skip
        headers = dict(_FORM)
        client, secret = self._settings.client_id, self._secret
        if self._options.client_auth == "basic":
            pair = f"{quote_plus(client)}:{quote_plus(secret)}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            form |= {"client_id": client, "client_secret": secret}
        wire = Wire(
            "POST", _target(where.token), headers, urlencode(form).encode(),
            accepts=_ERROR_STATUSES, repeatable=False,
        )  # fmt: skip
        found: _GivenTokens = await self._call("token", where.token, wire, self._token_answer, attempt, end)
        if found.error == "invalid_grant":
            raise forged("invalid_grant")
        if found.error:
            raise LoginFailed(LoginReason.PROVIDER_REFUSED, found.error)
        if found.access_token == found.id_token:
            raise forged("access_token")
        return found

    def _token_answer(self, answer: HttpAnswer) -> _GivenTokens:
        _bounded(answer)
        if answer.status in _ERROR_STATUSES:
            code = _object(read_json(answer)).get("error")
            return _GivenTokens(
                error=code if isinstance(code, str) and code in _TOKEN_ERRORS else "token_error"
            )
        tree = _object(self._opened(answer))
        kind, access, identity = (tree.get(word) for word in ("token_type", "access_token", "id_token"))
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise ValueError("another kind of token")
        return _GivenTokens(_token_text(access), _token_text(identity))

    async def _check_signature(self, token: ForeignToken, end: float, asker: str) -> None:
        """Raises LoginFailed unless a published key of the provider made the signature.

        While keys may not be fetched again, a login by an unknown one is no forgery yet.
        """
        keys = await self._keys.current(end)
        if _is_signed(token, keys):
            return
        if not any(key.kid == token.kid for key in keys if key.kid):
            if asker == _LOGIN and self._keys.is_resting(asker):
                raise LoginFailed(LoginReason.PROVIDER_UNAVAILABLE, "jwks.resting")
            keys = await self._keys.newer(end, asker)
            if _is_signed(token, keys):
                return
        is_known = any(key.fits(token) for key in keys)
        raise forged("signature" if is_known else "kid")

    async def _userinfo(
        self, attempt: LoginAttempt, access_token: str, where: ProviderAddresses, end: float
    ) -> Mapping[str, Any]:
        """The claims of the account. Raises LoginFailed."""
        headers = {"Authorization": f"Bearer {access_token}", "Accept": _ACCEPT}
        is_post = self._options.userinfo == "post"
        if is_post:
            headers["Content-Type"] = _FORM["Content-Type"]
        wire = Wire("POST" if is_post else "GET", _target(where.userinfo), headers, b"" if is_post else None)
        if self._options.userinfo_as == "json":
            claims: Mapping[str, Any] = await self._call(
                "userinfo", where.userinfo, wire, self._userinfo_answer, attempt, end
            )
            return claims
        text = await self._call("userinfo", where.userinfo, wire, _signed_text, attempt, end)
        token = read_token(text, self._rules)
        await self._check_signature(token, end, _LOGIN)
        check_userinfo_token(token, self._rules)
        return token.claims

    def _userinfo_answer(self, answer: HttpAnswer) -> Mapping[str, Any]:
        return _object(self._opened(_bounded(answer)))

    def _account(self, claims: Mapping[str, Any], proven: Identity) -> Identity:
        try:
            return self._plan.account(claims, proven, self._settings.levels)
        except AccountRefused as refused:
            raise LoginFailed(refused.reason, f"claims.{refused.detail}") from None

    def _check_same_person(self, account: Identity, claims: Mapping[str, Any], proven: Identity) -> None:
        """The ID token may name the person too: then it must be the same one."""
        try:
            other = self._plan.account(claims, proven, self._settings.levels, partial=True)
        except AccountRefused as refused:
            raise forged(f"claims.{refused.detail}") from None
        for name in ("personal_id", "account", "tax_code", "old_id"):
            claimed, read = getattr(other, name), getattr(account, name)
            if claimed and read and claimed != read:
                raise forged(f"claims.{name}")

    def _names_person(self, identity: Identity) -> bool:
        """Whether the ID token has personal data in it: a claim that the mapping reads, or a number anywhere."""
        try:
            body = jws.decoded(identity.id_token.split(".")[1])
            named = self._plan.account(jws.json_object(body), _NOBODY, {}, partial=True)
        except (JoseBroken, AccountRefused, IndexError):
            return True
        numbers = (identity.personal_id, identity.old_id, identity.tax_code)
        return replace(named, kind=_NOBODY.kind, account="", roles=()) != _NOBODY or any(
            number and number.encode() in body for number in numbers
        )

    # ------------------------------------------------------------ what the provider publishes

    async def _where(self, end: float) -> ProviderAddresses:
        return self._pinned if self._pinned is not None else await self._addresses.current(end)

    async def _discover(self) -> ProviderAddresses:
        """Discovery 1.0, 4; pinned addresses stay. Raises LoginFailed."""
        issuer = self._settings.issuer
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        tree = await self._published("discovery", url)
        if tree.get("issuer") != issuer:
            raise unusable("discovery.issuer")
        pinned, found = self._settings.endpoints, {}
        for name, word in _METADATA.items():
            address = getattr(pinned, name) or tree.get(word) or ""
            if not isinstance(address, str) or (
                address and address != getattr(pinned, name) and not _is_near(address, issuer)
            ):
                raise unusable(f"discovery.{word}")
            found[name] = address
        for name in _needed(self._options):
            if not found[name]:
                raise unusable(f"discovery.{_METADATA[name]}")
        names_itself = tree.get("authorization_response_iss_parameter_supported") is True
        return ProviderAddresses(**found, names_itself=names_itself)

    async def _fetch_keys(self) -> tuple[JwkSetKey, ...]:
        end = asyncio.get_running_loop().time() + self._seconds
        where = await self._where(end)
        try:
            keys = issued.key_set(await self._published("jwks", where.jwks))
        except JoseBroken:
            raise unusable("jwks") from None
        if not keys:
            raise unusable("jwks.no_key")
        return keys

    async def _published(self, what: str, url: str) -> Mapping[str, Any]:
        """What stands at an address of the provider. Raises LoginFailed; a refusal there is an outage."""
        end = asyncio.get_running_loop().time() + self._seconds
        wire = Wire("GET", _target(url), {"Accept": "application/json"}, None)
        try:
            found: Mapping[str, Any] = await self._call(what, url, wire, _published_object, None, end)
        except LoginFailed as failed:
            if failed.reason is LoginReason.PROVIDER_REFUSED:
                raise LoginFailed(LoginReason.PROVIDER_UNAVAILABLE, failed.detail) from None
            raise
        return found

    async def _call(
        self, what: str, url: str, wire: Wire, read: Callable[[HttpAnswer], Any], attempt: LoginAttempt | None,
        end: float,
    ) -> Any:  # fmt: skip  # noqa: ANN401 -- what `read` makes
        """One call to an endpoint. Raises LoginFailed."""
        person = None if attempt is None else zlib.crc32(attempt.state.encode())
        name = self._settings.provider
        behalf = Behalf(name, person, person, service=f"{name}.{what}")
        try:
            return await self._peers[origin_of(url)].send(PortalRequest(wire, behalf, read), end)
        except NotDelivered as fault:
            reason = _CALL_ENDS.get(fault.end.reason, LoginReason.PROVIDER_UNAVAILABLE)
            raise LoginFailed(reason, f"{what}.{fault.end.reason}") from None


#: our name of an address -> its name in discovery
_METADATA: Final[Mapping[str, str]] = {
    "authorize": "authorization_endpoint",
    "token": "token_endpoint",
    "userinfo": "userinfo_endpoint",
    "jwks": "jwks_uri",
    "logout": "end_session_endpoint",
}


def challenge_of(verifier: str) -> str:
    """RFC 7636, 4.2, S256."""
    return jws.encoded(hashlib.sha256(verifier.encode()).digest())


def with_query(url: str, words: Mapping[str, str]) -> str:
    """The address with more parameters."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(words)}"


def origin_of(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def options_of(settings: IdentityProviderSettings, model: type[Options]) -> Options:
    """The options as `model`. Raises ConfigError."""
    return read_options(settings.options, file_of(settings), model)


def file_of(settings: IdentityProviderSettings) -> str:
    """The settings' file, for messages."""
    return f"config/{FOLDER}/{settings.provider}.yaml"


def _target(url: str) -> str:
    return url[len(origin_of(url)) :] or "/"


def _is_near(url: str, issuer: str) -> bool:
    """Whether an address that discovery names is the issuer's own: it must not send secrets elsewhere."""
    return origin_of(url) == origin_of(issuer) and "#" not in url and url.isascii() and url.isprintable()


def _is_signed(token: ForeignToken, keys: tuple[JwkSetKey, ...]) -> bool:
    return any(key.fits(token) and issued.is_signed_by(token, key.key) for key in keys)


def _bounded(answer: HttpAnswer) -> HttpAnswer:
    if len(answer.body) > _MOST_BYTES:
        raise ValueError("too long")
    return answer


def _object(found: object) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        raise ValueError("no object")  # noqa: TRY004 -- what readers of answers raise
    return found


def _published_object(answer: HttpAnswer) -> Mapping[str, Any]:
    return _object(read_json(_bounded(answer)))


def _signed_text(answer: HttpAnswer) -> str:
    kind = answer.fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/jwt" or len(answer.body) > LARGEST_TOKEN:
        raise ValueError("no signed answer")
    return answer.body.decode("ascii")


def _token_text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LARGEST_TOKEN:
        raise ValueError("no token")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("no token")
    return value


# ------------------------------------------------------------ settings


def _needed(options: OpenIdOptions) -> tuple[str, ...]:
    return ("authorize", "token", "jwks", *(() if options.userinfo == "none" else ("userinfo",)))


def _pinned(settings: IdentityProviderSettings, options: OpenIdOptions) -> ProviderAddresses | None:
    """None: discovery says where. Raises ConfigError."""
    if settings.discovery:
        return None
    written = settings.endpoints
    missing = [name for name in _needed(options) if not getattr(written, name)]
    if missing:
        what = f"'endpoints.{missing[0]}' is missing"
        raise config_error(settings, what, "write its address, or 'discovery: true'", "endpoints", missing[0])
    return ProviderAddresses(**{name: getattr(written, name) for name in _METADATA})


def _secret(settings: IdentityProviderSettings) -> str:
    if settings.client_secret is None:
        what = "'client_secret' is missing: the gateway is a confidential client"
        raise config_error(settings, what, "write 'client_secret: {file: PATH}'", "client_secret")
    return settings.client_secret.reveal()


def _algorithms(settings: IdentityProviderSettings) -> frozenset[str]:
    for name in settings.algorithms:
        if name not in issued.ALGORITHMS:
            what, remedy = f"'{name}' is no algorithm that counts", f"use {', '.join(issued.ALGORITHMS)}"
            raise config_error(settings, what, remedy, "algorithms")
    return frozenset(issued.ALGORITHMS[name] for name in settings.algorithms)


def _peers(settings: IdentityProviderSettings, options: OpenIdOptions, tools: Tools) -> dict[str, PortalPeer]:
    """One per origin that may be called."""
    tls = options.tls
    context = None if tls is None else tls_context(settings.provider, tls, tools.root, FOLDER)
    written = settings.endpoints
    urls = (settings.issuer, written.token, written.userinfo, written.jwks)
    origins = dict.fromkeys(origin_of(url) for url in urls if url)
    return {
        origin: PortalPeer(HttpPeer(origin, settings.limits, tools, tls=context), HeaderAuth())
        for origin in origins
    }


def config_error(settings: IdentityProviderSettings, what: str, remedy: str, *place: str) -> ConfigError:
    """A fault of the settings' file."""
    return ConfigError([Problem(file_of(settings), 0, what, remedy, place=place)])

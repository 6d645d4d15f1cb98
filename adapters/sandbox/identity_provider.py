"""A simulated identity provider (OpenID Connect Core 1.0): who is signed in, which codes and tokens it gave, to whom.

Promises: a code is good once, for 60 seconds, for its client, address and PKCE verifier; everything is in memory.
Knows no HTTP and no dialect: claims and addresses are given.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from adapters.sandbox.accounts import AccountHolder, Accounts, LoginSystem, ProviderName
from adapters.sandbox.identity_lies import Lie, LiePlace, LieRule, Lies
from adapters.sandbox.identity_tokens import STRANGER, Claims, ProviderKeys, encoded, left_half

T = TypeVar("T")
#: of an authorization response; a name may stand twice
Parameters = list[tuple[str, str]]
CODE_SECONDS = 60
TOKEN_SECONDS = 3_600
PAGE_SECONDS = 900
_MOST_KEPT = 20_000


class Denied(Exception):
    """An error of OAuth 2.0 (RFC 6749, 4.1.2.1 and 5.2)."""

    def __init__(self, error: str, what: str, status: int = 400) -> None:
        """`error`: the code."""
        super().__init__(what)
        self.error, self.status = error, status


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLogin:
    """A checked authorization request."""

    system: LoginSystem
    redirect_uri: str
    #: address of the sandbox as the browser knows it
    origin: str
    scope: str
    made_at: float
    state: str | None = None
    nonce: str | None = None
    challenge: str = ""
    prompt: str = ""
    longest: int | None = None


@dataclass(slots=True, kw_only=True)
class SsoSession:
    """A browser that is signed in at the provider."""

    sid: str
    account: str
    at: float
    origin: str
    #: client id -> the address that it used, and its newest ID token
    visited: dict[str, str] = field(default_factory=dict)
    id_tokens: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class TokenGrant:
    """What a code stands for, and the tokens that were given for it."""

    asked: AskedLogin
    account: str
    sid: str
    at: float
    issued_at: float
    used: bool = False
    tokens: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GivenToken:
    """An access or refresh token: its grant and its end (POSIX seconds)."""

    grant: TokenGrant
    end: float


@dataclass(frozen=True, slots=True)
class SignedOut:
    """What ended: the session, and the systems to tell."""

    session: SsoSession
    systems: tuple[LoginSystem, ...]


class SimulatedProvider:
    """The books of one provider."""

    def __init__(
        self, name: ProviderName, accounts: Accounts, lies: Lies, clock: Callable[[], float], issuer: str
    ) -> None:
        """`clock`: POSIX seconds. `issuer`: the path of its issuer below the sandbox's address."""
        self.name, self.accounts, self.lies, self.clock = name, accounts, lies, clock
        self._issuer = issuer
        #: key -> who has an account here
        self.holders = accounts.at(name)
        self.keys = ProviderKeys(getattr(accounts.keys, name), accounts.keys.stranger)
        self.forget_all()

    def forget_all(self) -> None:
        """No sessions, codes, tokens; the published key signs again."""
        self.sessions: dict[str, SsoSession] = {}
        self._pages: dict[str, AskedLogin] = {}
        self._codes: dict[str, TokenGrant] = {}
        self._tokens: dict[str, GivenToken] = {}
        self._refresh: dict[str, GivenToken] = {}
        self.keys = ProviderKeys(getattr(self.accounts.keys, self.name), self.accounts.keys.stranger)

    def issuer(self, origin: str) -> str:
        """`iss` of its tokens."""
        return f"{origin}{self._issuer}"

    def lie(self, place: LiePlace, client: str = "") -> LieRule | None:
        """The lie to tell at this place."""
        return self.lies.take(place, self.name, client)

    def subject(self, account: str) -> str:
        """`sub` of an account: opaque, the same for all clients."""
        return encoded(hashlib.sha256(f"{self.name}:{account}".encode()).digest()[:18])

    def holder(self, account: str) -> AccountHolder:
        """Who has an account. Raises Denied."""
        found = self.holders.get(account)
        if found is None:
            raise Denied("access_denied", "there is no such account")
        return found

    # ---- the page where people sign in

    def page(self, asked: AskedLogin) -> str:
        """The key of a page on which the person chooses an account."""
        return _kept(self._pages, asked)

    def on_page(self, key: str) -> AskedLogin:
        """The request of a page. Raises Denied when it is over or unknown."""
        asked = self._pages.get(key)
        if asked is None or self.clock() - asked.made_at > PAGE_SECONDS:
            raise Denied("invalid_request", "this page has expired")
        return asked

    def fitting(self, asked: AskedLogin, cookie: str) -> SsoSession | None:
        """The browser's session, where the request accepts it."""
        session = self.sessions.get(cookie)
        if session is None or "login" in asked.prompt.split():
            return None
        if asked.longest is not None and self.clock() - session.at > asked.longest:
            return None
        return session

    def signed_in(self, account: str, origin: str) -> tuple[str, SsoSession]:
        """A new session and its cookie. Raises Denied."""
        self.holder(account)
        session = SsoSession(sid=secrets.token_urlsafe(16), account=account, at=self.clock(), origin=origin)
        return _kept(self.sessions, session), session

    def answer(self, asked: AskedLogin, session: SsoSession) -> Parameters:
        """Parameters of the authorization response: a code."""
        session.visited[asked.system.client_id] = asked.redirect_uri
        right = [("code", self._code(asked, session)), ("session_state", session.sid), *self._echoed(asked)]
        rule = self.lie(LiePlace.RESPONSE, asked.system.client_id)
        match rule.lie if rule is not None else None:
            case None:
                return right
            case Lie.SERVER_ERROR:
                return self.refusal(asked, "server_error", "<script>alert(1)</script> lỗi")
            case Lie.DOUBLED_CODE:
                return [("code", self._code(asked, session)), *right]
            case Lie.CODE_OF_OTHER_CLIENT | Lie.CODE_OF_OTHER_LOGIN as lie:
                return changed(right, "code", self._foreign_code(lie, asked, session))
            case lie:
                return _RESPONSES[lie](right)

    def refusal(self, asked: AskedLogin, error: str, what: str) -> Parameters:
        """Parameters of the authorization response: an error."""
        return [("error", error), ("error_description", what), *self._echoed(asked)]

    def _code(self, asked: AskedLogin, session: SsoSession, account: str = "") -> str:
        grant = TokenGrant(
            asked=asked, account=account or session.account, sid=session.sid, at=session.at,
            issued_at=self.clock(),
        )  # fmt: skip
        return _kept(self._codes, grant)

    def _echoed(self, asked: AskedLogin) -> Parameters:
        state = [("state", asked.state)] if asked.state is not None else []
        return [*state, ("iss", self.issuer(asked.origin))]

    def _foreign_code(self, lie: Lie, asked: AskedLogin, session: SsoSession) -> str:
        """A code of another client; or of another person's login at the same one, which asked without PKCE."""
        if lie is Lie.CODE_OF_OTHER_CLIENT:
            other = next(
                one
                for one in self.accounts.systems
                if one.provider == self.name and one.client_id != asked.system.client_id
            )
            return self._code(replace(asked, system=other), session)
        account = next(key for key in self.holders if key != session.account)
        attacker = replace(asked, nonce=secrets.token_urlsafe(32), challenge="")
        return self._code(attacker, session, account)

    # ---- codes and tokens

    def redeemed(self, system: LoginSystem, form: Mapping[str, str], *, twice: bool) -> TokenGrant:
        """The grant of a code, which is then used; a used one ends its tokens, unless `twice`. Raises Denied."""
        grant = self._codes.get(form.get("code", ""))
        if grant is None or grant.asked.system is not system:
            raise Denied("invalid_grant", "this code is not known")
        if self.clock() - grant.issued_at > CODE_SECONDS:
            raise Denied("invalid_grant", "this code has expired")
        if form.get("redirect_uri") != grant.asked.redirect_uri:
            raise Denied("invalid_grant", "redirect_uri is another")
        if not _is_verifier(form.get("code_verifier", ""), grant.asked.challenge):
            raise Denied("invalid_grant", "code_verifier does not fit")
        if grant.used and not twice:
            for token in grant.tokens:
                self._tokens.pop(token, None)
                self._refresh.pop(token, None)
            raise Denied("invalid_grant", "this code was used")
        grant.used = True
        return grant

    def refreshed(self, system: LoginSystem, token: str) -> TokenGrant:
        """The grant of a refresh token, which is then used. Raises Denied."""
        given = self._refresh.get(token)
        if given is None or given.grant.asked.system is not system or given.end < self.clock():
            raise Denied("invalid_grant", "this refresh token is not known")
        del self._refresh[token]
        return given.grant

    def tokens_for(self, grant: TokenGrant) -> tuple[str, str]:
        """A new access token and a new refresh token."""
        now = self.clock()
        access = _kept(self._tokens, GivenToken(grant, now + TOKEN_SECONDS))
        refresh = _kept(self._refresh, GivenToken(grant, now + 24 * TOKEN_SECONDS))
        grant.tokens += (access, refresh)
        return access, refresh

    def id_claims(self, grant: TokenGrant, access: str) -> Claims:
        """Claims of the ID token."""
        now, client = int(self.clock()), grant.asked.system.client_id
        claims: Claims = {
            "iss": self.issuer(grant.asked.origin), "sub": self.subject(grant.account), "aud": client, "azp": client,
            "iat": now, "exp": now + TOKEN_SECONDS, "auth_time": int(grant.at), "sid": grant.sid,
            "at_hash": left_half(access), "amr": ["sandbox"], "acr": f"LoA{self.holder(grant.account).account.level}",
        }  # fmt: skip
        return claims if grant.asked.nonce is None else claims | {"nonce": grant.asked.nonce}

    def given(self, token: str) -> GivenToken | None:
        """The living access token."""
        found = self._tokens.get(token)
        return found if found is not None and found.end > self.clock() else None

    def revoke(self, system: LoginSystem, token: str) -> None:
        """End a token of this system; a refresh token ends the access tokens of its grant too."""
        given = self._tokens.get(token) or self._refresh.get(token)
        if given is None or given.grant.asked.system is not system:
            return
        ended = [token] if token in self._tokens else given.grant.tokens
        for one in ended:
            self._tokens.pop(one, None)
            self._refresh.pop(one, None)

    # ---- signing out

    def signed_out(self, sid: str) -> SignedOut | None:
        """End a session and its tokens; None when there is none."""
        cookie = next((key for key, one in self.sessions.items() if one.sid == sid), None)
        if cookie is None:
            return None
        session = self.sessions.pop(cookie)
        for held in (self._tokens, self._refresh):
            for token in [key for key, given in held.items() if given.grant.sid == sid]:
                del held[token]
        found = (self.accounts.system(self.name, client) for client in session.visited)
        return SignedOut(session, tuple(one for one in found if one is not None))

    def logout_claims(self, session: SsoSession, client: str) -> Claims:
        """Claims of a logout token (Back-Channel Logout 1.0, 2.4)."""
        now = int(self.clock())
        return {
            "iss": self.issuer(session.origin), "aud": client, "iat": now, "exp": now + 120,
            "jti": secrets.token_urlsafe(16), "sub": self.subject(session.account), "sid": session.sid,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }  # fmt: skip


def _kept(held: dict[str, T], item: T) -> str:
    """Keep something under a new secret; what is oldest goes when there is too much."""
    if len(held) >= _MOST_KEPT:
        del held[next(iter(held))]
    key = secrets.token_urlsafe(32)
    held[key] = item
    return key


def changed(right: Parameters, name: str, value: str) -> Parameters:
    """The parameters with another value of one."""
    return [(key, value if key == name else given) for key, given in right]


def _left_out(name: str) -> Callable[[Parameters], Parameters]:
    return lambda right: [one for one in right if one[0] != name]


#: lies about a good authorization response
_RESPONSES: Mapping[Lie, Callable[[Parameters], Parameters]] = {
    Lie.WRONG_ISS_RESPONSE: lambda right: changed(right, "iss", STRANGER),
    Lie.MISSING_ISS_RESPONSE: _left_out("iss"),
    Lie.WRONG_STATE: lambda right: changed(right, "state", secrets.token_urlsafe(32)),
    Lie.MISSING_STATE: _left_out("state"),
    Lie.DOUBLED_STATE: lambda right: [("state", secrets.token_urlsafe(32)), *right],
    Lie.CODE_AND_ERROR: lambda right: [*right, ("error", "access_denied")],
}


def _is_verifier(verifier: str, challenge: str) -> bool:
    """RFC 7636, 4.6; without a challenge nothing is asked."""
    if not challenge:
        return True
    return hmac.compare_digest(encoded(hashlib.sha256(verifier.encode()).digest()), challenge)

"""Authorization requests: parameters become one checked value, and wait for the person who signs in.

OpenID Connect Core 1.0 (3.1.2.1, 5.5), PKCE (RFC 7636), PAR (RFC 9126), `dpop_jkt` (RFC 9449, 10), `iss` of responses
(RFC 9207). Code flow only, PKCE with S256 always, exact `redirect_uri`. A parameter without a value counts as left out,
an unknown one is ignored, one that comes twice is refused.

An error goes to the system only when it is known and `redirect_uri` is registered for it: else anybody could send a
browser anywhere.
"""

import re
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import TypeAdapter, ValidationError

from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest
from gateway.domain.identifiers import may_name_a_person
from gateway.domain.problems import AuthorizationErrorCode
from gateway.domain.sentences import Sentence
from gateway.jose import jws
from gateway.jose.jws import JoseBroken
from gateway.login.clients import CLAIMS, LoginClient, LoginClients
from gateway.login.sealed_values import SealedValues
from gateway.login.sessions import Session
from gateway.login.wanted import AuthorizationAnswer, LoginWanted, Prompt

#: how long a request waits for the person, and a pushed one for the browser (RFC 9126, 2.2), in seconds
PENDING_SECONDS, PUSHED_SECONDS = 900, 90
REQUEST_URI = "urn:ietf:params:oauth:request_uri:"
RESPONSE_MODES = ("query", "form_post")
#: words of `acr`: the assurance levels of NĐ 69/2024
LEVELS = {"1": 1, "2": 2, "3": 3}
#: each claim is a scope of its own
SCOPES = {"openid": (), "profile": ("name", "birthdate"), **{one: (one,) for one in CLAIMS}}
_PROMPTS = frozenset(Prompt)
#: how `redirect_uri` and the way of the answer are found: twice, they are not
_ADDRESS = frozenset({"client_id", "redirect_uri", "request_uri", "response_mode"})
_LONGEST = {"state": 2_048, "nonce": 512, "claims": 4_096, "scope": 1_024, "acr_values": 128, "prompt": 64}
_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)
#: what RFC 6749 (4.1.2.1) does not allow in `error_description`
_NOT_DESCRIPTION = re.compile(r'[^\x20-\x7e]|["\\]')

ResponseMode = Literal["query", "form_post"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnAddress:
    """Where and how a system is answered; its address is registered."""

    redirect_uri: str
    response_mode: ResponseMode = "query"
    state: str = ""
    #: `iss` of the answer (RFC 9207)
    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """A checked request."""

    #: id of the requester
    requester: str
    to: ReturnAddress
    #: S256 of the verifier
    challenge: str
    scopes: tuple[str, ...]
    nonce: str = ""
    #: claims for the ID token, and for userinfo: only those that the system may have
    id_claims: tuple[str, ...] = ()
    info_claims: tuple[str, ...] = ()
    prompt: tuple[str, ...] = ()
    #: oldest acceptable authentication in seconds
    max_age: int | None = None
    #: acceptable levels; empty: any
    levels: tuple[int, ...] = ()
    #: `acr` must be one of `levels`, not only as high
    levels_exactly: bool = False
    #: the one subject that is meant (`id_token_hint`, or `sub` in `claims`)
    subject: str = field(default="", repr=False)
    #: thumbprint of the key that the tokens will be bound to
    key: str = ""
    #: what the person came for; blank: not said
    procedure: str = ""
    agency: str = ""
    #: POSIX seconds
    at: float = 0.0

    @property
    def claims(self) -> tuple[str, ...]:
        """All that it asks, each once."""
        return tuple(one for one in CLAIMS if one in self.id_claims or one in self.info_claims)


class RequestNotAnswerable(BadRequest):
    """An authorization request that names no system, or no address of it, that may be answered."""

    def __init__(self, sentence: Sentence, client: LoginClient | None = None) -> None:
        """`client`: None for an unknown one."""
        super().__init__(sentence)
        self.client = client


class AuthorizationRefused(BadRequest):
    """An authorization request that is refused, and answered at `to`."""

    def __init__(
        self, error: AuthorizationErrorCode, sentence: Sentence, client: LoginClient, to: ReturnAddress
    ) -> None:
        """`error` is the code of the standard."""
        super().__init__(sentence, code=error)
        self.error = error
        self.client = client
        self.to = to


class _WrongParameter(Exception):
    """A parameter is refused."""

    def __init__(self, error: AuthorizationErrorCode, sentence: Sentence) -> None:
        super().__init__(sentence.en)
        self.error = error
        self.sentence = sentence


class AuthorizationRequests:
    """Reads requests, and keeps them while the person signs in."""

    def __init__(
        self, clients: LoginClients, values: SealedValues, is_revoked: Callable[[str], bool],
        hint: Callable[[str, str], Mapping[str, Any] | None], now: Callable[[], float],
    ) -> None:  # fmt: skip
        """`is_revoked`: a requester; `hint`: the claims of our ID token (token, issuer); `now`: POSIX seconds."""
        self._clients = clients
        self._values = values
        self._is_revoked = is_revoked
        self._hint = hint
        self._now = now

    async def push(self, client: LoginClient, form: Mapping[str, str], issuer: str, key: str = "") -> str:
        """Keep a request of an authenticated system (RFC 9126): its `request_uri`.

        Raises RequestNotAnswerable, AuthorizationRefused, LoginsUnavailable.
        `key`: thumbprint of the DPoP proof that came with it; it stands for `dpop_jkt`.
        """
        given = {name: value for name, value in form.items() if value}
        if given.get("redirect_uri") not in client.settings.redirect_uris:
            raise RequestNotAnswerable(say.REDIRECT_NOT_REGISTERED, client)
        found = self._checked(client, given, issuer, key)
        name = secrets.token_urlsafe(32)
        await self._values.put(f"pr:{name}", _WRITTEN.dump_json(found), PUSHED_SECONDS)
        return REQUEST_URI + name

    async def begin(self, pairs: Sequence[tuple[str, str]], issuer: str) -> str:
        """A request of a browser: the id under which it is now kept.

        Raises RequestNotAnswerable, AuthorizationRefused, LoginsUnavailable.
        """
        given, twice = _once(pairs)
        client = self._clients.client(given.get("client_id", ""))
        if client is None or self._is_revoked(client.requester) or "client_id" in twice:
            raise RequestNotAnswerable(say.LOGIN_CLIENT_UNKNOWN)
        if twice & _ADDRESS:
            raise RequestNotAnswerable(say.PARAMETER_TWICE, client)
        if given.get("request_uri", "").startswith(REQUEST_URI):
            found = await self._pushed(client, given["request_uri"].removeprefix(REQUEST_URI))
        else:
            found = self._direct(client, given, twice, issuer)
        name = secrets.token_urlsafe(32)
        await self._values.put(f"az:{name}", _WRITTEN.dump_json(found), PENDING_SECONDS)
        return name

    async def pending(self, name: str) -> Authorization | None:
        """A request that waits; None: it is over, was answered, or never was. Raises LoginsUnavailable."""
        return _kept(await self._values.get(f"az:{name}"))

    async def take(self, name: str) -> Authorization | None:
        """The same, for the one who answers it. Raises LoginsUnavailable."""
        return _kept(await self._values.take(f"az:{name}"))

    async def _pushed(self, client: LoginClient, name: str) -> Authorization:
        """A pushed request, once, and by its own system only; other parameters do not count (RFC 9126, 4)."""
        found = _kept(await self._values.get(f"pr:{name}"))
        if found is None or found.requester != client.requester:
            raise RequestNotAnswerable(say.REQUEST_URI_OVER, client)
        if await self._values.take(f"pr:{name}") is None:
            raise RequestNotAnswerable(say.REQUEST_URI_OVER, client)
        if found.to.redirect_uri not in client.settings.redirect_uris:  # no longer
            raise RequestNotAnswerable(say.REDIRECT_NOT_REGISTERED, client)
        return replace(found, at=self._now())

    def _direct(
        self, client: LoginClient, given: Mapping[str, str], twice: Collection[str], issuer: str
    ) -> Authorization:
        if given.get("redirect_uri") not in client.settings.redirect_uris:
            raise RequestNotAnswerable(say.REDIRECT_NOT_REGISTERED, client)
        code = AuthorizationErrorCode.INVALID_REQUEST
        if twice:
            plain = {name: value for name, value in given.items() if name not in twice}
            raise AuthorizationRefused(code, say.PARAMETER_TWICE, client, _address(plain, issuer))
        if client.settings.par == "required":
            raise AuthorizationRefused(code, say.PUSH_THE_REQUEST, client, _address(given, issuer))
        return self._checked(client, given, issuer, "")

    def _checked(self, client: LoginClient, given: Mapping[str, str], issuer: str, key: str) -> Authorization:
        to = _address(given, issuer)
        try:
            return self._read(client, given, to, issuer, key)
        except _WrongParameter as error:
            raise AuthorizationRefused(error.error, error.sentence, client, to) from None

    def _read(
        self, client: LoginClient, given: Mapping[str, str], to: ReturnAddress, issuer: str, key: str
    ) -> Authorization:
        _check_kind(given)
        scopes, asked = _scopes(given), _claims(given.get("claims"))
        levels, exactly = _levels(given, asked)
        wanted = {claim for scope in scopes for claim in SCOPES[scope]} | _names(asked, "userinfo")
        return Authorization(
            requester=client.requester, to=to, challenge=_challenge(given), scopes=scopes, nonce=given.get("nonce", ""),
            id_claims=tuple(one for one in client.claims if one in _names(asked, "id_token")),
            info_claims=tuple(one for one in client.claims if one in wanted), prompt=_prompt(given),
            max_age=_max_age(given), levels=levels, levels_exactly=exactly,
            subject=self._subject(client, given, asked, issuer), key=_key(given, key),
            procedure=_code(given, "procedure"), agency=_code(given, "agency"), at=self._now(),
        )  # fmt: skip

    def _subject(
        self, client: LoginClient, given: Mapping[str, str], asked: Mapping[str, Any], issuer: str
    ) -> str:
        """The subject that is meant: of an ID token of this system, or of `claims`."""
        if "id_token_hint" in given:
            claims = self._hint(given["id_token_hint"], issuer)
            if claims is None or claims.get("aud") != client.client_id:
                raise _WrongParameter(AuthorizationErrorCode.INVALID_REQUEST, say.HINT_NOT_OURS)
            return str(claims["sub"])
        wanted = (asked.get("id_token") or {}).get("sub")
        value = wanted.get("value") if isinstance(wanted, dict) else None
        return value if isinstance(value, str) else ""


_WRITTEN = TypeAdapter(Authorization)


def _kept(written: bytes | None) -> Authorization | None:
    """A kept request; None: there is none, or another release wrote it, which counts as lost."""
    try:
        return None if written is None else _WRITTEN.validate_json(written)
    except ValidationError:
        return None


def answered(to: ReturnAddress, **fields: str) -> AuthorizationAnswer:
    """A response with `state` and `iss` (RFC 9207)."""
    whole = {**fields, **({"state": to.state} if to.state else {}), "iss": to.issuer}
    if to.response_mode == "form_post":
        return AuthorizationAnswer(url=to.redirect_uri, fields=whole)
    joint = "&" if "?" in to.redirect_uri else "?"
    return AuthorizationAnswer(url=f"{to.redirect_uri}{joint}{urlencode(whole)}")


def refused(to: ReturnAddress, error: str, sentence: Sentence | None = None) -> AuthorizationAnswer:
    """An error response."""
    text = {} if sentence is None else {"error_description": _NOT_DESCRIPTION.sub("'", sentence.en)}
    return answered(to, error=error, **text)


def wanted(name: str, asked: Authorization, client: LoginClient) -> LoginWanted:
    """A kept request, as the broker needs it."""
    return LoginWanted(
        id=name, client=client.requester, created=asked.at, level=least_level(asked, client),
        providers=client.settings.providers, prompt=frozenset(Prompt(one) for one in asked.prompt),
        longest=asked.max_age, mandates=client.settings.mandates, claims=asked.claims, procedure=asked.procedure,
        agency=asked.agency,
    )  # fmt: skip


def unmet(
    asked: Authorization, client: LoginClient, session: Session, subject: str, now: float
) -> AuthorizationErrorCode | None:
    """What a session lacks for a request; None: it fits. `subject`: the person's, towards this system."""
    who, anew = session.identity, bool({Prompt.LOGIN, Prompt.SELECT_ACCOUNT} & set(asked.prompt))
    if client.settings.providers and who.provider not in client.settings.providers:
        return AuthorizationErrorCode.LOGIN_REQUIRED
    if session.is_too_old(asked.at, now, longest=asked.max_age, anew=anew):
        return AuthorizationErrorCode.LOGIN_REQUIRED
    if asked.subject and asked.subject != subject:
        return AuthorizationErrorCode.LOGIN_REQUIRED
    if who.level < least_level(asked, client):
        return AuthorizationErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS
    return None


def least_level(asked: Authorization, client: LoginClient) -> int:
    """The lowest level with which the person may come back: of the system, or of its request."""
    return max(client.settings.level, min(asked.levels, default=0))


def acr(asked: Authorization, level: int) -> str:
    """`acr` of a login: its level; where the system takes only some, the highest of them that the level reaches."""
    reached = [one for one in asked.levels if one <= level]
    return str(max(reached) if asked.levels_exactly and reached else level)


def _once(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], set[str]]:
    """The parameters with a value, and the names of those that came twice."""
    given: dict[str, str] = {}
    seen: set[str] = set()
    twice: set[str] = set()
    for name, value in pairs:
        if name in seen:
            twice.add(name)
        seen.add(name)
        if value:
            given.setdefault(name, value)
    return given, twice


def _address(given: Mapping[str, str], issuer: str) -> ReturnAddress:
    """Where the answer goes; an unknown `response_mode` is answered by `query`, and refused later."""
    mode: ResponseMode = "form_post" if given.get("response_mode") == "form_post" else "query"
    state = given.get("state", "")
    return ReturnAddress(
        redirect_uri=given["redirect_uri"], response_mode=mode,
        state=state if len(state) <= _LONGEST["state"] else "", issuer=issuer,
    )  # fmt: skip


def _check_kind(given: Mapping[str, str]) -> None:
    code = AuthorizationErrorCode
    for name, error in (
        ("request", code.REQUEST_NOT_SUPPORTED),
        ("request_uri", code.REQUEST_URI_NOT_SUPPORTED),
        ("registration", code.REGISTRATION_NOT_SUPPORTED),
    ):
        if name in given:
            raise _WrongParameter(error, say.PARAMETER_NOT_SUPPORTED(name=name))
    for name, longest in _LONGEST.items():
        if len(given.get(name, "")) > longest:
            raise _WrongParameter(code.INVALID_REQUEST, say.PARAMETER_TOO_LONG(name=name, longest=longest))
    if given.get("response_mode", "query") not in RESPONSE_MODES:
        raise _wrong("response_mode")
    if "response_type" not in given:
        raise _wrong("response_type")
    if given["response_type"] != "code":
        raise _WrongParameter(code.UNSUPPORTED_RESPONSE_TYPE, say.RESPONSE_TYPE)


def _scopes(given: Mapping[str, str]) -> tuple[str, ...]:
    asked = given.get("scope", "").split()
    if "openid" not in asked:
        raise _WrongParameter(AuthorizationErrorCode.INVALID_SCOPE, say.SCOPE_OPENID)
    return tuple(dict.fromkeys(one for one in asked if one in SCOPES))


def _challenge(given: Mapping[str, str]) -> str:
    found = given.get("code_challenge", "")
    if given.get("code_challenge_method") != "S256" or not _DIGEST.fullmatch(found):
        raise _WrongParameter(AuthorizationErrorCode.INVALID_REQUEST, say.PKCE_NEEDED)
    return found


def _prompt(given: Mapping[str, str]) -> tuple[str, ...]:
    words = given.get("prompt", "").split()
    if not _PROMPTS.issuperset(words) or ("none" in words and set(words) != {"none"}):
        raise _wrong("prompt")
    return tuple(dict.fromkeys(words))


def _max_age(given: Mapping[str, str]) -> int | None:
    text = given.get("max_age")
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise _wrong("max_age")
    return int(text)


def _key(given: Mapping[str, str], proven: str) -> str:
    """The thumbprint of `dpop_jkt`, and of the proof beside it: they are the same (RFC 9449, 10.1)."""
    thumbprint = given.get("dpop_jkt", proven)
    if (thumbprint and not _DIGEST.fullmatch(thumbprint)) or (proven and thumbprint != proven):
        raise _wrong("dpop_jkt")
    return thumbprint


def _code(given: Mapping[str, str], name: str) -> str:
    """A code of a procedure or an agency; never what may be the number of a person."""
    text = given.get(name, "")
    if text and (not _CODE.fullmatch(text) or may_name_a_person(text)):
        raise _wrong(name)
    return text


def _claims(text: str | None) -> Mapping[str, Any]:
    """The parameter `claims` (OpenID Connect Core 1.0, 5.5)."""
    if text is None:
        return {}
    try:
        found = jws.json_object(text.encode("utf-8", "surrogatepass"))
    except JoseBroken:
        raise _wrong("claims") from None
    for name in ("userinfo", "id_token"):
        members = found.get(name) or {}
        if not isinstance(members, dict) or not all(
            one is None or isinstance(one, dict) for one in members.values()
        ):
            raise _wrong("claims")
    return found


def _names(asked: Mapping[str, Any], place: str) -> set[str]:
    return set(asked.get(place) or {})


def _levels(given: Mapping[str, str], asked: Mapping[str, Any]) -> tuple[tuple[int, ...], bool]:
    """The levels that are acceptable, and whether `acr` must be one of them. Unknown words do not count."""
    wanted = (asked.get("id_token") or {}).get("acr") or {}
    words, exactly = given.get("acr_values", "").split(), False
    if values := wanted.get("values", [wanted["value"]] if "value" in wanted else []):
        if not isinstance(values, list):
            raise _wrong("claims")
        words, exactly = [str(one) for one in values], wanted.get("essential") is True
    found = tuple(sorted({LEVELS[one] for one in words if one in LEVELS}))
    if exactly and not found:
        raise _WrongParameter(AuthorizationErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS, say.LEVELS_UNKNOWN)
    return found, exactly


def _wrong(name: str) -> _WrongParameter:
    return _WrongParameter(AuthorizationErrorCode.INVALID_REQUEST, say.PARAMETER_WRONG(name=name))

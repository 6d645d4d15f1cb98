"""Checks of tokens that an identity provider gives (OpenID Connect Core 1.0, 3.1.3.7; Back-Channel Logout 1.0, 2.6).

Promises: a token that is not wholly right raises LoginFailed; its detail is a code and never has a part of the token.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.domain import sentences as say
from gateway.domain.login import LoginReason
from gateway.jose import issued, jws
from gateway.jose.issued import ForeignToken
from gateway.jose.jws import JoseBroken
from gateway.ports.identity import LoginAttempt, LoginFailed, ProviderLogout

#: characters of a token
LARGEST_TOKEN: Final = 16_384
_LONGEST_SUBJECT = 255
#: seconds after which a logout token is old
_LOGOUT_SECONDS = 300
_DAY_SECONDS = 86_400
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_ID_TYPES = frozenset({"", "jwt"})
_LOGOUT_TYPE = "logout+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What tokens of one provider must say."""

    issuer: str
    client_id: str
    algorithms: frozenset[str]
    #: seconds
    skew: int
    #: oldest authentication, in seconds
    longest: int
    #: logout tokens must name their type
    logout_typ: bool = True


def forged(detail: str) -> LoginFailed:
    """Something that does not belong to this login."""
    return LoginFailed(LoginReason.FORGED, detail)


def unusable(detail: str) -> LoginFailed:
    """An answer that breaks its contract."""
    return LoginFailed(LoginReason.ANSWER_INVALID, detail)


def read_token(text: str, rules: TokenRules) -> ForeignToken:
    """The token, not verified yet. Raises LoginFailed."""
    try:
        token = issued.read(text, largest=LARGEST_TOKEN)
    except JoseBroken as fault:
        if fault.sentence is say.LOGIN_ALGORITHM:
            raise forged("alg") from None
        if fault.sentence is say.JWS_HEADER_MEMBERS:
            raise forged("header") from None
        raise unusable("token_form") from None
    if token.algorithm not in rules.algorithms:
        raise forged("alg")
    return token


def check_id_token(
    token: ForeignToken, rules: TokenRules, attempt: LoginAttempt, access_token: str, now: float
) -> None:
    """Check a token with a good signature. Raises LoginFailed. `now`: POSIX seconds."""
    claims = token.claims
    if token.typ not in _ID_TYPES:
        raise forged("typ")
    _check_issuer(claims, rules)
    _check_audience(claims, rules.client_id)
    _check_times(claims, rules, now)
    _check_age(claims, rules, attempt.longest, now)
    if not same(claims.get("nonce"), attempt.nonce):
        raise forged("nonce")
    if "at_hash" in claims and not same(claims["at_hash"], _left_half(access_token, token.algorithm)):
        raise forged("at_hash")
    if not is_name(claims.get("sub")):
        raise unusable("sub")


def check_userinfo_token(token: ForeignToken, rules: TokenRules) -> None:
    """Check signed userinfo (Core 1.0, 5.3.2) with a good signature. Raises LoginFailed."""
    _check_issuer(token.claims, rules)
    _check_audience(token.claims, rules.client_id)


def checked_logout(token: ForeignToken, rules: TokenRules, now: float) -> ProviderLogout:
    """What a logout token with a good signature ends. Raises LoginFailed. `now`: POSIX seconds."""
    claims, types = token.claims, {_LOGOUT_TYPE} if rules.logout_typ else {_LOGOUT_TYPE, *_ID_TYPES}
    if token.typ not in types:
        raise forged("typ")
    _check_issuer(claims, rules)
    _check_audience(claims, rules.client_id)
    _check_times(claims, rules, now)
    if claims["iat"] < now - _LOGOUT_SECONDS - rules.skew:
        raise unusable("iat")
    events = claims.get("events")
    if not isinstance(events, Mapping) or not isinstance(events.get(_LOGOUT_EVENT), Mapping):
        raise forged("events")
    if "nonce" in claims:
        raise forged("nonce")
    subject, session, name = (claims.get(word) for word in ("sub", "sid", "jti"))
    if not isinstance(name, str) or not is_name(name):
        raise unusable("jti")
    if not all(one is None or is_name(one) for one in (subject, session)) or not (subject or session):
        raise unusable("sub")
    until = claims["iat"] + _LOGOUT_SECONDS + 2 * rules.skew
    return ProviderLogout(subject or "", session or "", name, until)


def authenticated_at(claims: Mapping[str, Any]) -> float:
    """POSIX seconds of the authentication, of checked claims; without `auth_time`: when the token was made."""
    return float(claims.get("auth_time", claims["iat"]))


def is_name(value: object) -> bool:
    """Whether a claim is an identifier: printable ASCII, 255 characters at most."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST_SUBJECT
        and value.isascii()
        and value.isprintable()
    )


def same(given: object, wanted: str) -> bool:
    """Whether a claim is exactly this text; takes the same time for any text of its length."""
    # a query may hold what no text holds
    return isinstance(given, str) and hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), wanted.encode()
    )


def _check_issuer(claims: Mapping[str, Any], rules: TokenRules) -> None:
    if claims.get("iss") != rules.issuer:
        raise forged("iss")


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    """Several audiences need an `azp`: the token may have been given to another client."""
    given = claims.get("aud")
    audience = given if isinstance(given, list) else [given]
    if client_id not in audience:
        raise forged("aud")
    if claims.get("azp", client_id if len(audience) == 1 else None) != client_id:
        raise forged("azp")


def _check_times(claims: Mapping[str, Any], rules: TokenRules, now: float) -> None:
    ends, made, begins = claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)
    if not jws.is_number(ends) or ends <= now - rules.skew:
        raise unusable("exp")
    _check_begun("iat", made, rules, now)
    _check_begun("nbf", begins, rules, now)


def _check_begun(claim: str, at: object, rules: TokenRules, now: float) -> None:
    """A time that is not ahead. One that is ahead by less than a day is that of a wrong clock."""
    if not jws.is_number(at) or at > now + _DAY_SECONDS:
        raise unusable(claim)
    if at > now + rules.skew:
        raise LoginFailed(LoginReason.CLOCK_DIFFERS, claim)


def _check_age(claims: Mapping[str, Any], rules: TokenRules, longest: int | None, now: float) -> None:
    """An authentication that is too old is repeated. Where a client gave a limit, `auth_time` is needed."""
    at = claims.get("auth_time", claims["iat"] if longest is None else None)
    _check_begun("auth_time", at, rules, now)
    most = rules.longest if longest is None else min(longest, rules.longest)
    if at < now - most - rules.skew:
        raise LoginFailed(LoginReason.EXPIRED, "auth_time")


def _left_half(token: str, algorithm: str) -> str:
    """Core 1.0, 3.1.3.6; Ed25519 hashes with SHA-512."""
    digest = hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256
    raw = digest(token.encode()).digest()
    return jws.encoded(raw[: len(raw) // 2])

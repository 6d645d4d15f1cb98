"""ID tokens as proof that a person signed in (OpenID Connect Core 1.0, 3.1.3.7; RFC 7519).

A portal forwards the token of the identity provider. It counts if the configuration has the provider and its keys, if
it was issued to this portal, and for a limited time. Keys are neither fetched nor taken from the token.
Not joserfc, for the reasons in gateway.jose.jws.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gateway.access.requesters import key_of
from gateway.config.access import KeySettings
from gateway.config.logins import LoginFile, LoginProvider
from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, Problem, fault_at
from gateway.domain.identifiers import is_personal_id
from gateway.domain.login import Login
from gateway.domain.problems import ProblemCode
from gateway.jose import issued, jws
from gateway.jose.issued import ForeignToken, IssuerKey
from gateway.jose.jws import JoseBroken

_APART_SECONDS = 60
_ALGORITHMS = {**jws.ALGORITHMS, "RS256": "RS256"}


@dataclass(frozen=True, slots=True)
class _LoginIssuer:
    name: str
    settings: LoginProvider
    keys: tuple[IssuerKey, ...]


class Logins:
    """Verifies forwarded logins."""

    def __init__(self, settings: LoginFile | None, root: Path, now: Callable[[], float]) -> None:
        """`root`: the configuration's folder; `now` returns POSIX seconds. Raises ConfigError for a bad key."""
        providers = settings.providers.items() if settings is not None else ()
        self._by_issuer = {
            one.issuer: _LoginIssuer(name, one, tuple(login_key(key, root) for key in one.keys))
            for name, one in providers
        }
        self._now = now

    def proven(self, token: str, requester: str) -> Login:
        """The person who signed in at this requester. Raises Unprocessable."""
        try:
            return self._proven(token, requester)
        except JoseBroken as error:
            raise fault_at(
                "/login", say.LOGIN_NOT_PROVEN(why=error.sentence), ProblemCode.LOGIN_NOT_PROVEN
            ) from None

    def _proven(self, token: str, requester: str) -> Login:
        found = _read(token)
        issuer = found.claims.get("iss")
        provider = self._by_issuer.get(issuer) if isinstance(issuer, str) else None
        if provider is None:
            raise JoseBroken(say.LOGIN_ISSUER)
        if not any(issued.is_signed_by(found, key) for key in provider.keys):
            raise JoseBroken(say.LOGIN_UNSIGNED)
        _check_audience(found.claims, provider.settings.clients.get(requester))
        self._check_times(found.claims, provider.settings.longest_seconds)
        number = found.claims.get(provider.settings.number)
        if not isinstance(number, str) or not is_personal_id(number):
            raise JoseBroken(say.LOGIN_OF_NOBODY)
        return Login(provider=provider.name, personal_id=number)

    def _check_times(self, claims: Mapping[str, Any], longest: int) -> None:
        now, issued, ends = self._now(), claims.get("auth_time", claims.get("iat")), claims.get("exp")
        if not jws.is_number(ends) or ends <= now - _APART_SECONDS:
            raise JoseBroken(say.LOGIN_OVER)
        if not jws.is_number(issued) or not now - longest - _APART_SECONDS < issued <= now + _APART_SECONDS:
            raise JoseBroken(say.LOGIN_OLD(longest=longest))


def login_key(settings: KeySettings, root: Path) -> IssuerKey:
    """A key of a provider. Raises ConfigError."""
    try:
        key = load_pem_public_key((root / settings.file).read_bytes()) if settings.file is not None else None
    except (OSError, ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey):
        return key_of(settings, root).key
    if key.key_size < issued.LEAST_BITS:
        what, remedy = (
            f"an RSA key of {key.key_size} bits is too short",
            f"use {issued.LEAST_BITS} bits or more",
        )
        raise ConfigError([Problem("config", 0, what, remedy)])
    return key


def _read(token: str) -> ForeignToken:
    found = issued.read(token, _ALGORITHMS)
    if found.typ not in {"", "jwt"}:
        raise JoseBroken(say.LOGIN_TYPE)
    return found


def _check_audience(claims: Mapping[str, Any], client: str | None) -> None:
    """Check that the token was issued to this requester, not to another portal."""
    given = claims.get("aud")
    audience = given if isinstance(given, list) else [given]
    authorized = claims.get("azp", client if len(audience) == 1 else None)
    if client is None or client not in audience or authorized != client:
        raise JoseBroken(say.LOGIN_OF_ANOTHER)

"""Grants: what a person let a system have, from the code to the last refresh token.

One value in the store for each grant, replaced as a whole (`swap`): of two concurrent redemptions of a code, or of a
refresh token, one wins. A code, an access token and a refresh token begin with the name of their grant, so that a used
one still leads to it; their secret parts are in the store as digests only (access tokens, codes) or not at all (refresh
tokens, which follow from a random seed and a key outside the store).
Dropping the value ends everything of the grant at once. RFC 6749 (4.1, 6), RFC 9700 (2.2, 4.14).
"""

import contextlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from gateway.domain.errors import LoginsUnavailable
from gateway.domain.login import Mandate
from gateway.login.sealed_values import ReadValue, SealedValues

CODE, ACCESS, REFRESH = "ac_", "at_", "rt_"
#: lives of a code and an access token; how long a grant without and with refresh tokens is kept after its last use
CODE_SECONDS, ACCESS_SECONDS, KEPT_SECONDS, REFRESH_SECONDS = 60, 600, 1_800, 28_800
#: how long the refresh token before the newest is answered with the newest: an answer was lost, or two threads asked
AGAIN_SECONDS = 10
#: most access tokens that live at a time; the oldest go
_MOST_TOKENS = 8
_NAME_BYTES, _SECRET_BYTES = 16, 32
#: kind, grant, secret; of a refresh token also its number
_TOKEN = re.compile(
    r"(?:(ac_|at_)|rt_)([A-Za-z0-9_-]{22})([A-Za-z0-9_-]{43})(?(1)|([1-9][0-9]{0,8}))", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LivingToken:
    """An access token."""

    #: SHA-256, base64url
    digest: str
    #: POSIX seconds
    until: float
    #: thumbprints of the key and of the certificate that it is bound to; empty: unbound
    key: str = ""
    certificate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginGrant:
    """What one code led to, or will lead to."""

    requester: str
    #: it lives while this session does
    session: str
    scopes: tuple[str, ...]
    id_claims: tuple[str, ...] = ()
    info_claims: tuple[str, ...] = ()
    acr: str = ""
    #: for whom the person acts
    mandate: Mandate | None = field(default=None, repr=False)
    procedure: str = ""
    #: as in access tokens: what was given before the requester was revoked stays refused when it is restored
    restored: int = 0
    #: digest of the code, and until when it counts (POSIX seconds)
    code: str = ""
    code_until: float = 0.0
    redeemed: bool = False
    #: what the code is bound to; blank once it is redeemed
    redirect_uri: str = ""
    challenge: str = ""
    nonce: str = ""
    key: str = ""
    #: its first token was bound to a key, so all are; the key may be another (RFC 9449, 5)
    needs_proof: bool = False
    tokens: tuple[LivingToken, ...] = ()
    #: refresh tokens follow from it; blank: there are none
    seed: str = ""
    #: which of them is the newest, from 1 on, and since when (POSIX seconds)
    generation: int = 0
    renewed: float = 0.0


class FoundGrant(NamedTuple):
    """A grant as it was read."""

    name: str
    value: ReadValue
    grant: LoginGrant


_WRITTEN = TypeAdapter(LoginGrant)


def is_of_people(token: str) -> bool:
    """Whether a text has the form of a token of a grant."""
    return _TOKEN.fullmatch(token) is not None


class Grants:
    """Keeps grants, and finds them by their tokens."""

    def __init__(self, values: SealedValues, refresh_secret: Callable[[str, int], str]) -> None:
        """`refresh_secret`: the secret part of a refresh token, of seed and generation."""
        self._values = values
        self._refresh_secret = refresh_secret

    async def open(self, grant: LoginGrant, now: float) -> str:
        """Keep a new grant; its code. Raises LoginsUnavailable."""
        name = _random(_NAME_BYTES)
        code = f"{CODE}{name}{_random(_SECRET_BYTES)}"
        kept = replace(grant, code=_digest(code), code_until=now + CODE_SECONDS)
        await self._values.put(_key(name), _WRITTEN.dump_json(kept), CODE_SECONDS)
        return code

    async def by_code(self, code: str) -> FoundGrant | None:
        """The grant of a code, also of a used one."""
        found = await self._named(code, CODE)
        return found if found is not None and _same(_digest(code), found.grant.code) else None

    async def by_access(self, token: str, now: float) -> tuple[FoundGrant, LivingToken] | None:
        """The grant of an access token that lives."""
        found, digest = await self._named(token, ACCESS), _digest(token)
        for one in found.grant.tokens if found is not None else ():
            if _same(one.digest, digest) and now < one.until:
                assert found is not None
                return found, one
        return None

    async def by_refresh(self, token: str) -> tuple[FoundGrant, int] | None:
        """The grant of a refresh token, and which of its tokens it is, counted back from the newest (0)."""
        found, match = await self._named(token, REFRESH), _TOKEN.fullmatch(token)
        if found is None or match is None or not found.grant.seed:
            return None
        generation = int(match[4])
        if not _same(self._refresh_secret(found.grant.seed, generation), match[3]):
            return None
        back = found.grant.generation - generation
        return (found, back) if back >= 0 else None

    def new_access(self, found: FoundGrant, key: str, certificate: str, now: float) -> tuple[str, LoginGrant]:
        """A new access token, and the grant that has it."""
        token = f"{ACCESS}{found.name}{_random(_SECRET_BYTES)}"
        fresh = LivingToken(
            digest=_digest(token), until=now + ACCESS_SECONDS, key=key, certificate=certificate
        )
        living = [one for one in found.grant.tokens if one.until > now]
        return token, replace(found.grant, tokens=(*living[-_MOST_TOKENS + 1 :], fresh))

    def refresh_token(self, name: str, grant: LoginGrant) -> str:
        """Its newest refresh token."""
        return f"{REFRESH}{name}{self._refresh_secret(grant.seed, grant.generation)}{grant.generation}"

    async def replace(self, found: FoundGrant, grant: LoginGrant) -> bool:
        """Keep a changed grant; False: a concurrent change came first, or it was dropped."""
        seconds = REFRESH_SECONDS if grant.seed else KEPT_SECONDS
        return await self._values.swap(_key(found.name), found.value, _WRITTEN.dump_json(grant), seconds)

    async def without(self, found: FoundGrant, one: LivingToken) -> bool:
        """End one access token of a grant; False as `replace`."""
        return await self.replace(
            found, replace(found.grant, tokens=tuple(other for other in found.grant.tokens if other != one))
        )

    async def is_noted(self, one: LivingToken, what: str) -> bool:
        """Whether `note` was called with the same for this access token."""
        return await self._values.get(f"cg:{one.digest}") == what.encode()

    async def note(self, one: LivingToken, what: str, now: float) -> None:
        """Note a text for the life of an access token; where there is no room, it is not noted."""
        with contextlib.suppress(LoginsUnavailable):
            await self._values.put(f"cg:{one.digest}", what.encode(), int(one.until - now) + 1)

    async def drop(self, name: str) -> None:
        """End a grant, with all that came of it."""
        await self._values.drop(_key(name))

    async def _named(self, token: str, kind: str) -> FoundGrant | None:
        match = _TOKEN.fullmatch(token)
        if match is None or not token.startswith(kind):
            return None
        value = await self._values.read(_key(match[2]))
        if value is None:
            return None
        try:
            return FoundGrant(match[2], value, _WRITTEN.validate_json(value.plain))
        except ValidationError:  # another release wrote it: as lost
            return None


def new_seed() -> str:
    """For the refresh tokens of a grant."""
    return _random(_SECRET_BYTES)


def _key(name: str) -> str:
    return f"gr:{name}"


def _random(size: int) -> str:
    return secrets.token_urlsafe(size)


def _digest(token: str) -> str:
    return urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())

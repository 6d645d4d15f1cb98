"""Logins under way at identity providers: each bound to one browser, each finished once.

`state` at the provider is `<id>.<sealed target>`. The id finds the attempt; the sealed target alone still says, after
the attempt is over or the store was lost, where the person wanted to go, so that a page can offer to begin again.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

import orjson

from gateway.domain.login import LoginReason
from gateway.login.sealed_values import ReadValue, SealedValues
from gateway.login.url_seal import UrlSeal, encoded
from gateway.ports.identity import LoginAttempt

_BYTES = 32
#: what targets are sealed for
_USE, _STATE = "target", "state "


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginTarget:
    """Where a person wants to go after the login: codes that the gateway checked, never an address."""

    #: a pending authorization; blank: the login began at a deep link or here
    authorization: str = ""
    #: requester that wanted it, to begin anew when the authorization is over
    client: str = ""
    procedure: str = ""
    agency: str = ""
    #: code of the online service (`MaDVC`)
    service: str = ""
    #: path and query of a page of this gateway, one of its own table
    page: str = ""
    #: `staff`: only officials sign in; blank: only citizens
    accounts: str = ""
    #: of a portal's link: only who signs in there arrives, not who is signed in here; blank: either does
    provider: str = ""


class AttemptState(StrEnum):
    """How an attempt stands."""

    OPEN = "open"
    #: a request finishes it now
    BUSY = "busy"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One login under way."""

    id: str
    state: AttemptState = AttemptState.OPEN
    provider: str
    target: LoginTarget
    #: POSIX seconds
    begun: float
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    #: SHA-256 of what binds it to a browser, base64url: of its cookie, of what its page keeps; blank: not by this
    browser: str = field(repr=False)
    proof: str = field(default="", repr=False)
    again: bool = False
    longest: int | None = None
    #: POSIX seconds since when a request finishes it; 0: none does
    claimed: float = 0.0
    #: the session that it became
    session: str = ""
    #: why it failed
    reason: str = ""


class FoundAttempt(NamedTuple):
    """An attempt, and its value in the store."""

    attempt: Attempt
    value: ReadValue


class Attempts:
    """Begins and finishes attempts. Every call raises LoginsUnavailable when the store is away."""

    def __init__(self, values: SealedValues, urls: UrlSeal, *, seconds: int) -> None:
        """`seconds`: how long an attempt lives."""
        self._values = values
        self._urls = urls
        self._seconds = seconds

    def new(
        self, provider: str, target: LoginTarget, now: float, *, browser: str, proof: str = "", again: bool = False,
        longest: int | None = None,
    ) -> Attempt:  # fmt: skip
        """An attempt that is not stored yet. `browser`, `proof`: digests."""
        return Attempt(
            id=random_text(_BYTES), provider=provider, target=target, begun=now, nonce=random_text(_BYTES),
            verifier=random_text(_BYTES), browser=browser, proof=proof, again=again, longest=longest,
        )  # fmt: skip

    async def keep(self, attempt: Attempt) -> None:
        """Store a new attempt."""
        await self._values.put(_key(attempt.id), _written(attempt), self._seconds)

    async def find(self, name: str) -> FoundAttempt | None:
        """An attempt by its id; None: it is over, or never was."""
        value = await self._values.read(_key(name)) if 0 < len(name) <= 64 else None
        return None if value is None else FoundAttempt(_parsed(value.plain), value)

    async def claim(self, found: FoundAttempt, now: float) -> bool:
        """Whether this caller finishes it: one of several concurrent ones does."""
        return await self._swap(found, replace(found.attempt, state=AttemptState.BUSY, claimed=now))

    async def reopen(self, name: str, claimed: float) -> None:
        """Give a claim back, so that the next callback finishes the attempt; another's claim stays."""
        found = await self.find(name)
        if found is None or (found.attempt.state, found.attempt.claimed) != (AttemptState.BUSY, claimed):
            return
        await self._swap(found, replace(found.attempt, state=AttemptState.OPEN, claimed=0.0))

    async def done(self, attempt: Attempt, session: str) -> None:
        """Remember what became of it, so that a reload of the callback ends where the first one did."""
        finished = replace(attempt, state=AttemptState.DONE, session=session, nonce="", verifier="")
        await self._values.put(_key(attempt.id), _written(finished), self._seconds)

    async def failed(self, attempt: Attempt, reason: LoginReason) -> None:
        """Remember why nothing became of it."""
        finished = replace(attempt, state=AttemptState.FAILED, reason=reason, nonce="", verifier="")
        await self._values.put(_key(attempt.id), _written(finished), self._seconds)

    async def _swap(self, found: FoundAttempt, attempt: Attempt) -> bool:
        return await self._values.swap(_key(attempt.id), found.value, _written(attempt), self._seconds)

    # ------------------------------------------------------------------------------------------------ targets

    def sealed(self, target: LoginTarget) -> str:
        """A target as it is in URLs: only this gateway makes and reads it."""
        return self._urls.sealed(asdict(target), _USE)

    def unsealed(self, text: str) -> LoginTarget | None:
        """The target in a URL; None: this gateway did not make it."""
        words = self._urls.opened(text, _USE)
        return None if words is None else LoginTarget(**words)

    def state_of(self, attempt: Attempt) -> str:
        """A `state` for the provider; its target is bound to the id."""
        return f"{attempt.id}.{self._urls.sealed(asdict(attempt.target), _STATE + attempt.id)}"

    def read_state(self, state: str) -> tuple[str, LoginTarget | None]:
        """The id in a state, and its target; None: the state is none of ours."""
        name, _, sealed = state.partition(".")
        words = self._urls.opened(sealed, _STATE + name)
        return name, None if words is None else LoginTarget(**words)


def at_provider(attempt: Attempt, state: str, redirect_uri: str) -> LoginAttempt:
    """What the provider is asked with, and its answer is compared with. `state`: made or read by `Attempts`."""
    return LoginAttempt(
        state=state, nonce=attempt.nonce, verifier=attempt.verifier, redirect_uri=redirect_uri,
        again=attempt.again, longest=attempt.longest,
    )  # fmt: skip


def digest_of(secret: str) -> str:
    """What is stored of a secret that a browser keeps: SHA-256, base64url."""
    return encoded(hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()) if secret else ""


def is_of(secret: str, digest: str) -> bool:
    """Whether a digest is that of the secret; a blank digest is of none."""
    return bool(digest) and hmac.compare_digest(digest_of(secret).encode(), digest.encode())


def random_text(size: int = _BYTES) -> str:
    """`size` random bytes, base64url."""
    return encoded(secrets.token_bytes(size))


def _key(name: str) -> str:
    return f"at:{name}"


def _written(attempt: Attempt) -> bytes:
    members = {name: value for name, value in asdict(attempt).items() if value not in ("", None, False)}
    members["target"] = {name: value for name, value in members["target"].items() if value}
    return orjson.dumps(members)


def _parsed(written: bytes) -> Attempt:
    members: dict[str, object] = {"nonce": "", "verifier": "", "browser": "", **orjson.loads(written)}
    target = members["target"]
    assert isinstance(target, Mapping)
    members |= {"target": LoginTarget(**target), "state": AttemptState(str(members["state"]))}
    return Attempt(**members)  # type: ignore[arg-type]

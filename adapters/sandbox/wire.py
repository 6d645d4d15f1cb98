"""What a simulated provider sees of a request and says in return, free of any HTTP library.

Promises: handlers are plain functions from `PeerRequest` to `Reply`, so misbehaviour can be laid around them.
"""

import json
import math
import secrets
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from adapters.sandbox.people import Person, Register
from adapters.sandbox.portal import SimulatedPortal

T = TypeVar("T")
JSON = "application/json; charset=utf-8"
XML = "text/xml; charset=utf-8"


class BadCall(Exception):
    """The request does not have the form that the provider demands."""


class Tokens:
    """Tokens and sessions handed out by the peers of one sandbox."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """No tokens at first. `clock` in seconds."""
        self._held: dict[str, dict[str, float]] = {}
        self._clock = clock

    def issue(self, source: str, seconds: float = math.inf) -> str:
        """A new opaque token, good for `seconds`."""
        token = secrets.token_hex(16)
        self._held.setdefault(source, {})[token] = self._clock() + seconds
        return token

    def valid(self, source: str, token: str) -> bool:
        """Whether this peer issued the token, has not forgotten it, and its life is not over."""
        return self._held.get(source, {}).get(token, -math.inf) > self._clock()

    def living(self, source: str) -> int:
        """How many tokens of a peer are good now."""
        now = self._clock()
        return sum(end > now for end in self._held.get(source, {}).values())

    def forget(self, source: str | None = None) -> None:
        """End the sessions of one peer, or of all."""
        if source is None:
            self._held.clear()
        else:
            self._held.pop(source, None)


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of a multipart body: field name, SHA-256, bytes."""

    field: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRequest:
    """One request as a peer sees it. `headers` have lower-case names.

    Misbehaviour: `swapped` asks for the wrong record, `stores` False for an answer without the work, `says_exists`
    for the answer to a code that the peer has.
    """

    source: str
    register: Register
    tokens: Tokens
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    match: Mapping[str, str]
    body: bytes
    portal: SimulatedPortal
    origin: str = ""
    uploads: Sequence[UploadedFile] = ()
    swapped: bool = False
    stores: bool = True
    says_exists: bool = False

    def words(self) -> dict[str, Any]:
        """The JSON object of the body; BadCall when it is none."""
        try:
            loaded = json.loads(self.body)
        except ValueError as error:
            raise BadCall("body is not JSON") from error
        if not isinstance(loaded, dict):
            raise BadCall("body is not an object")
        return loaded

    def shown(self, item: T, pool: Sequence[T]) -> T:
        """The record to show: the one asked for, or when misbehaving the next one of the pool."""
        if not self.swapped:
            return item
        others = [other for other in pool if other is not item]
        return others[0] if others else item

    def bearer_valid(self) -> bool:
        """Whether the Authorization header carries a token of this peer."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and self.tokens.valid(self.source, token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete answer."""

    body: bytes
    content_type: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


PeerHandler = Callable[[PeerRequest], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerOperation:
    """One operation of a peer. `opens` marks log-ins and tokens, which misbehaviour spares unless named.

    `named_by` reads the operation from the request where one path serves several: only known names, or `unknown`.
    `uploads`: the body is multipart and is digested as it comes, never held.
    """

    source: str
    operation: str
    method: str
    paths: Sequence[str]
    handler: PeerHandler
    opens: bool = False
    named_by: Callable[[PeerRequest], str] | None = None
    uploads: bool = False


def get(source: str, operation: str, handler: PeerHandler, *paths: str) -> PeerOperation:
    """An operation that is asked with GET."""
    return PeerOperation(source=source, operation=operation, method="GET", paths=paths, handler=handler)


def post(
    source: str, operation: str, handler: PeerHandler, *paths: str, opens: bool = False
) -> PeerOperation:
    """An operation that is asked with POST."""
    return PeerOperation(
        source=source, operation=operation, method="POST", paths=paths, handler=handler, opens=opens
    )


def as_json(value: object, status: int = 200) -> Reply:
    """A JSON answer, Vietnamese letters as they are."""
    return Reply(body=json.dumps(value, ensure_ascii=False).encode(), status=status)


def text_of(words: Mapping[str, Any], name: str) -> str:
    """A required text of a JSON body; BadCall when absent or not text."""
    value = words.get(name)
    if not isinstance(value, str) or not value:
        raise BadCall(f"{name} is missing")
    return value


def holding(call: PeerRequest, word: str, part: Callable[[Person], T | None]) -> tuple[Person, T] | None:
    """The person whose number stands at `word`, with one part of the record; None when there is no such part."""
    person = call.register.find(text_of(call.words(), word))
    if person is None or part(person) is None:
        return None
    shown = call.shown(person, [one for one in call.register.people if part(one) is not None])
    held = part(shown)
    return None if held is None else (shown, held)


def folded(name: str) -> str:
    """A name without case, diacritics and spaces, as databases compare names (Đ becomes D)."""
    plain = unicodedata.normalize("NFD", name.replace("Đ", "D").replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c) and not c.isspace()).casefold()


def day_first(iso: str) -> str:
    """`dd/MM/yyyy`, `MM/yyyy` or `yyyy` from an ISO date of the same precision."""
    return "/".join(reversed(iso.split("-"))) if iso else ""


def compact(iso: str) -> str:
    """`yyyyMMdd`, `yyyyMM` or `yyyy` from an ISO date of the same precision."""
    return iso.replace("-", "")

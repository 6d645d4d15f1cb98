"""Sessions of people at this gateway, in login state; what is lost signs people out.

The browser has `<id>.<secret>` in a cookie; the id alone is no secret and no proof. A login gives a new secret, so that
a cookie that somebody planted before it opens nothing (session fixation).
Clients know a session by a `sid` of their own: two of them cannot join what they know.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import accumulate
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from gateway.domain import sentences as say
from gateway.domain.errors import LoginsUnavailable, SessionOver, TooLarge
from gateway.domain.login import AccountKind, Identity, StaffRole
from gateway.login.linking import same_person
from gateway.login.sealed_values import ReadValue, SealedValues

#: of one session at rest
MOST_BYTES = 2_048
#: words of sessions and of ID tokens (RFC 1950, preset dictionary); with other ones all sessions end
_WORDS = (
    b'{"alg":"RS256","kid":"","typ":"JWT","x5t":""}{"iss":"https://","sub":"","aud":["motlan"],"azp":"motlan",'
    b'"at_hash":"","c_hash":"","amr":["BasicAuthenticator"],"nonce":"","acr":"LoA2","sid":"","auth_time":17,'
    b'"exp":17,"nbf":17,"iat":17,"jti":""}"kind":"business","tax_code":"","organisation":"","old_id":"",'
    b'"vneid"{"id":"","who":{"provider":"national_portal","subject":"","kind":"citizen","account":"",'
    b'"personal_id":"0","full_name":"Nguy\xe1\xbb\x85n Th\xe1\xbb\x8b","birth_date":"19","level":2,"at":17,'
    b'"session":"","id_token":""},"clients":[""],"agreed":{"":["name","birthdate","personal_id"]},'
    b'"created":17,"seen":17,"csrf":"","cookie":"","token":[]}'
)
#: how exactly the last use is known: in seconds, and as a part of the idle time
_SEEN_SECONDS, _SEEN_PART = 60, 0.1
#: attempts against concurrent changes
_TRIES = 8
#: sessions of one person; the oldest ends for one more
_MOST_PER_PERSON = 20
_ID_BYTES, _SECRET_BYTES = 16, 32
#: of what pages keep for one session
_MOST_KEPT_BYTES = 65_536
NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One signed-in browser."""

    id: str
    identity: Identity
    #: requesters that have a code or a token of it
    clients: tuple[str, ...] = ()
    #: requester -> claims that the person let it have, where they were asked
    agreed: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NOTHING)
    #: POSIX seconds of the login, and of the last use
    created: float
    seen: float
    #: for the forms of its pages
    csrf: str = field(repr=False)
    #: SHA-256 of the secret in the cookie, base64url
    cookie: str = field(repr=False)
    #: POSIX seconds: the provider was asked then to have the person sign in again, and its answer says so; 0: never
    anew: float = 0.0

    def is_too_old(self, asked: float, now: float, *, longest: int | None, anew: bool) -> bool:
        """Whether a request of `asked` needs another authentication: `anew` (`prompt=login`), or by `max_age`.

        A login that the provider answered without the person is none; time on pages after the request does not count.
        """
        if self.anew >= asked:
            return False
        at = self.identity.at
        return anew or (longest is not None and at < int(asked) and now - at > longest)


class OpenedSession(NamedTuple):
    """A session that begins, and the value of its cookie."""

    session: Session
    cookie: str


class SessionBook:
    """Begins, finds and ends sessions. Every call raises LoginsUnavailable when the store is away."""

    def __init__(
        self, values: SealedValues, key: bytes, now: Callable[[], float], *, idle: int, longest: int
    ) -> None:
        """`key`: 32 bytes for what clients call sessions; `idle`, `longest`: seconds."""
        self._values = values
        self._names = AESSIV(key)
        self._now = now
        self._idle = idle
        self._seen = min(_SEEN_SECONDS, idle * _SEEN_PART)
        self._longest = longest

    async def begin(
        self, identity: Identity, former: Session | None = None, *, anew: float = 0.0
    ) -> OpenedSession:
        """A session for who signed in. `former`: a session of the same account, which goes on under a new secret."""
        now, secret = self._now(), _random(_SECRET_BYTES)
        session = Session(
            id=_random(_ID_BYTES) if former is None else former.id,
            identity=identity, clients=() if former is None else former.clients,
            agreed=NOTHING if former is None else former.agreed,
            created=now, seen=now, csrf=_random(_ID_BYTES), cookie=_digest(secret),
            anew=max(anew, 0.0 if former is None else former.anew),
        )  # fmt: skip
        await self._values.put(_key(session.id), _written(session), self._seconds(session))
        await self._remember(session)
        return OpenedSession(session, f"{session.id}.{secret}")

    async def of(self, cookie: str) -> Session | None:
        """The session of a citizen's browser; it counts as used. None: there is none, it is over, or an official's."""
        session = await self._of(cookie)
        return None if session is None or session.identity.kind is AccountKind.STAFF else session

    async def of_staff(self, cookie: str) -> Session | None:
        """The same of an official's."""
        session = await self._of(cookie)
        return session if session is not None and session.identity.kind is AccountKind.STAFF else None

    async def _of(self, cookie: str) -> Session | None:
        name, _, secret = cookie.partition(".")
        if not _is_id(name) or not secret:
            return None
        found = await self._read(name)
        if found is None or not hmac.compare_digest(found[0].cookie, _digest(secret)):
            return None
        session, value = found
        now = self._now()
        if now - session.seen >= self._seen:
            session = replace(session, seen=now)
            # lost against a concurrent change: that one counts as use
            await self._values.swap(_key(name), value, _written(session), self._seconds(session))
        return session

    async def find(self, session: str) -> Session | None:
        """The session of this id, if it is not over. It does not count as used."""
        found = await self._read(session) if _is_id(session) else None
        return None if found is None else found[0]

    async def note_client(self, session: str, client: str) -> bool:
        """Remember that a requester has something of this session; False: it is over."""

        def noted(one: Session) -> Session:
            return one if client in one.clients else replace(one, clients=(*one.clients, client))

        return await self._change(session, noted)

    async def note_agreed(self, session: str, client: str, claims: Sequence[str]) -> bool:
        """Remember which claims a person let a requester have in this session; False: it is over."""
        return await self._change(
            session, lambda one: replace(one, agreed={**one.agreed, client: tuple(claims)})
        )

    async def _change(self, session: str, change: Callable[[Session], Session]) -> bool:
        """Also against concurrent changes. It counts as use."""
        for _ in range(_TRIES):
            found = await self._read(session)
            if found is None:
                return False
            before, value = found
            after = change(before)
            if after is before:
                return True
            after = replace(after, seen=self._now())
            if await self._values.swap(_key(session), value, _written(after), self._seconds(after)):
                return True
        return False

    async def end(self, session: str) -> Session | None:
        """End a session, and with it all its codes, tokens and handles. What it was; None: it was over."""
        taken = await self._values.take(_key(session))
        await self._values.drop(_kept_key(session))
        return None if taken is None else self._living(_parsed(taken))

    async def kept(self, session: Session) -> dict[str, Any]:
        """What pages keep for a session; it ends with it."""
        found = await self._values.get(_kept_key(session.id))
        return {} if found is None else dict(orjson.loads(found))

    async def keep(self, session: Session, change: Callable[[dict[str, Any]], None]) -> None:
        """Change what pages keep, also against concurrent changes; nothing stays of a session that is over.

        Raises TooLarge, LoginsUnavailable, SessionOver.
        """
        key, seconds = _kept_key(session.id), max(1, int(session.created + self._longest - self._now()))
        for _ in range(_TRIES):
            before = await self._values.read(key)
            members: dict[str, Any] = {} if before is None else orjson.loads(before.plain)
            change(members)
            after = orjson.dumps(members)
            if len(after) > _MOST_KEPT_BYTES:
                raise TooLarge(say.AT_MOST_BYTES(largest=_MOST_KEPT_BYTES))
            if before is None:
                is_kept = await self._values.add(key, after, seconds)
            else:
                is_kept = await self._values.swap(key, before, after, seconds)
            if is_kept:
                break
        else:
            raise LoginsUnavailable
        # a sign-out that came before the write erased nothing of it
        if await self.find(session.id) is None:
            await self._values.drop(key)
            raise SessionOver(say.SIGN_IN_FIRST)

    async def of_account(self, identity: Identity) -> Sequence[Session]:
        """The living sessions of an account at a provider, the newest first."""
        named = await self._listed(_account_key(identity.provider, identity.subject))
        found = [await self.find(one) for one in named]
        living = [one for one in found if one is not None and _same_account(one.identity, identity)]
        return sorted(living, key=lambda one: one.created, reverse=True)

    async def of_person(self, identity: Identity) -> Sequence[Session]:
        """The living sessions of the person of an account, at all providers; the newest first."""
        person = same_person(identity)
        found = [await self.find(one) for one in await self._listed(_person_key(person))]
        living = [one for one in found if one is not None and same_person(one.identity) == person]
        return sorted(living, key=lambda one: one.created, reverse=True)

    async def of_provider(self, provider: str, subject: str, session: str) -> Sequence[Session]:
        """The living sessions of one session at a provider; of all of an account where `session` is blank."""
        if not session:
            return await self.of_account(Identity(provider=provider, subject=subject))
        named = await self._listed(_provider_key(provider, session))
        found = [await self.find(one) for one in named]
        return [
            one
            for one in found
            if one is not None
            and one.identity.provider == provider
            and one.identity.session == session
            and subject in {"", one.identity.subject}
        ]

    async def count(self) -> int:
        """How many sessions live, about."""
        return await self._values.store.count(_key(""))

    def sid(self, session: str, client: str) -> str:
        """What a client calls a session (`sid` of ID tokens and logout tokens)."""
        return _base64(self._names.encrypt(session.encode(), [client.encode()]))

    def session_of(self, sid: str, client: str) -> str:
        """The session that a client calls so; blank: it is no name of this client."""
        try:
            sealed = base64.urlsafe_b64decode(sid + "=" * (-len(sid) % 4))
            return self._names.decrypt(sealed, [client.encode()]).decode()
        except (ValueError, binascii.Error, InvalidTag):
            return ""

    async def _read(self, session: str) -> tuple[Session, ReadValue] | None:
        value = await self._values.read(_key(session))
        found = None if value is None else self._living(_parsed(value.plain))
        return None if found is None or value is None else (found, value)

    def _living(self, session: Session) -> Session | None:
        return session if self._seconds(session) > 0 else None

    def ends(self, session: Session) -> float:
        """When it ends unless it is used, in POSIX seconds."""
        return min(session.seen + self._idle, session.created + self._longest)

    def _seconds(self, session: Session) -> int:
        """How long it still lives without being used."""
        return int(self.ends(session) - self._now())

    async def _remember(self, session: Session) -> None:
        """For the list of a person, and for sign-outs at the provider."""
        identity = session.identity
        ended = await self._add(_person_key(same_person(identity)), session.id)
        await self._add(_account_key(identity.provider, identity.subject), session.id)
        if identity.session:
            await self._add(_provider_key(identity.provider, identity.session), session.id)
        for one in ended:
            await self.end(one)

    async def _add(self, key: str, session: str) -> list[str]:
        """Add to a list; the sessions that are too many. Ids are no secret, and each is looked at before it counts."""
        store = self._values.store
        for _ in range(_TRIES):
            value = await store.get(key)
            if value is None:
                if await store.add(key, session.encode(), self._longest):
                    return []
                continue
            known = [one for one in value.decode().split() if one != session]
            living = [one for one in known if await self.find(one) is not None]
            kept, ended = living[1 - _MOST_PER_PERSON :], living[: 1 - _MOST_PER_PERSON]
            if await store.swap(key, value, " ".join([*kept, session]).encode(), self._longest):
                return ended
        return []

    async def _listed(self, key: str) -> list[str]:
        value = await self._values.store.get(key)
        return [] if value is None else value.decode("ascii", "replace").split()


def _same_account(one: Identity, other: Identity) -> bool:
    return (one.provider, one.subject) == (other.provider, other.subject)


def _kept_key(session: str) -> str:
    return f"sk:{session}"


def _key(session: str) -> str:
    return f"ss:{session}"


def _person_key(person: str) -> str:
    return f"sn:{_digest(person)[:22]}"


def _account_key(provider: str, subject: str) -> str:
    return f"su:{_digest(f'{provider} {subject}')[:22]}"


def _provider_key(provider: str, session: str) -> str:
    return f"si:{_digest(f'{provider} {session}')[:22]}"


def _is_id(text: str) -> bool:
    return len(text) == 22 and text.isascii()


def _random(size: int) -> str:
    return _base64(secrets.token_bytes(size))


def _digest(text: str) -> str:
    return _base64(hashlib.sha256(text.encode()).digest())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _written(session: Session) -> bytes:
    """As stored; without the provider's ID token where that is too long: the provider then asks before it signs out."""
    written = _packed(session)
    if len(written) <= MOST_BYTES:
        return written
    return _packed(replace(session, identity=replace(session.identity, id_token="")))


def _packed(session: Session) -> bytes:
    """Compressed by words that every session has: a line of JSON, then the bytes of the ID token."""
    parts = _token_parts(session.identity.id_token)
    kept = session.identity if parts is None else replace(session.identity, id_token="")
    identity = {name: value for name, value in asdict(kept).items() if value}
    members: dict[str, Any] = {
        "id": session.id, "who": identity, "clients": session.clients, "agreed": dict(session.agreed),
        "created": session.created, "seen": session.seen, "csrf": session.csrf, "cookie": session.cookie,
        "token": [len(one) for one in parts or ()], **({"anew": session.anew} if session.anew else {}),
    }  # fmt: skip
    packing = zlib.compressobj(zdict=_WORDS)
    return packing.compress(orjson.dumps(members) + b"\n" + b"".join(parts or ())) + packing.flush()


def _parsed(written: bytes) -> Session:
    """Sealed by this gateway, so as `_packed` wrote it."""
    line, _, rest = zlib.decompressobj(zdict=_WORDS).decompress(written).partition(b"\n")
    members = orjson.loads(line)
    who = members["who"]
    kind, roles = AccountKind(who.get("kind", "citizen")), tuple(map(StaffRole, who.get("roles", ())))
    identity = Identity(**who | {"kind": kind, "roles": roles})
    if members["token"]:
        ends = list(accumulate(members["token"]))
        parts = [rest[end - size : end] for size, end in zip(members["token"], ends, strict=True)]
        identity = replace(identity, id_token=".".join(map(_base64, parts)))
    return Session(
        id=members["id"], identity=identity, clients=tuple(members["clients"]),
        agreed={name: tuple(claims) for name, claims in members["agreed"].items()},
        created=members["created"], seen=members["seen"], csrf=members["csrf"], cookie=members["cookie"],
        anew=members.get("anew", 0.0),
    )  # fmt: skip


def _token_parts(token: str) -> tuple[bytes, ...] | None:
    """The bytes of a compact token, a quarter shorter than its text; None for a text that they would not give back."""
    try:
        parts = tuple(base64.urlsafe_b64decode(one + "=" * (-len(one) % 4)) for one in token.split("."))
    except (ValueError, binascii.Error):
        return None
    return parts if token and ".".join(map(_base64, parts)) == token else None

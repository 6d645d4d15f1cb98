"""Handles of logins: a provincial system forwards one to prefill instead of an ID token.

A handle is opaque, short-lived, bound to one requester, and dead with the session or the grant that it came from. The
store has its SHA-256, and what it proves sealed as all login state: nobody who writes to the store makes a login.
"""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, replace
from hashlib import sha256
from typing import Any

import orjson

from gateway.config.identity import IdentityProviderSettings
from gateway.domain import sentences as say
from gateway.domain.dates import PartialDate
from gateway.domain.errors import Unprocessable, fault_at
from gateway.domain.login import AccountKind, Identity, Login, Mandate
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import titled
from gateway.login.id_tokens import Logins
from gateway.login.sealed_values import SealedValues

PREFIX = "lg_"
#: how long a handle proves a login, in seconds
SECONDS = 1_800
_BYTES = 32
#: keys of the sessions and grants that a handle lives with
_SESSION, _GRANT, _HANDLE = "ss:", "gr:", "lh:"


class LoginHandles:
    """Issues handles, and proves logins by them."""

    def __init__(self, values: SealedValues) -> None:
        """Over the state of logins."""
        self._values = values

    async def issue(
        self, requester: str, session: str, grant: str, identity: Identity, mandate: Mandate | None = None
    ) -> str:
        """A new handle for this requester. Raises LoginsUnavailable."""
        handle = PREFIX + secrets.token_urlsafe(_BYTES)
        login = login_of(identity, mandate)
        value = {"for": requester, "session": session, "grant": grant, "login": _written(login)}
        await self._values.put(_key(handle), orjson.dumps(value), SECONDS)
        return handle

    async def proven(self, handle: str, requester: str) -> Login:
        """The login behind a handle of this requester. Raises Unprocessable, LoginsUnavailable."""
        found = await self._values.get(_key(handle))
        value: dict[str, Any] = orjson.loads(found) if found is not None else {}
        if value.get("for") != requester:  # one that is another's does not exist
            raise _fault()
        for key in (_SESSION + value["session"], _GRANT + value["grant"]):
            if await self._values.get(key) is None:
                raise _fault()
        return _read(value["login"])


class ForwardedLogins:
    """Proves what requesters forward as `login`: handles of this gateway, and ID tokens of trusted providers."""

    def __init__(
        self,
        id_tokens: Logins,
        handles: LoginHandles | None,
        providers: Mapping[str, IdentityProviderSettings],
    ) -> None:
        """`handles` None: nobody signs in by this gateway, so `providers` have no title here."""
        self._id_tokens = id_tokens
        self._handles = handles
        self._titles = {name: titled(one.title.vi, one.title.en) for name, one in providers.items()}

    async def proven(self, given: str, requester: str) -> Login:
        """The person who signed in at this requester. Raises Unprocessable, LoginsUnavailable."""
        if self._handles is not None and given.startswith(PREFIX):
            return self._titled(await self._handles.proven(given, requester))
        return self._id_tokens.proven(given, requester)

    def of_session(self, identity: Identity) -> Login:
        """The login of a person at pages of this gateway: as a handle of the session would prove it."""
        return self._titled(login_of(identity))

    def _titled(self, login: Login) -> Login:
        return replace(login, title=self._titles.get(login.provider))


def forwarded_logins(
    id_tokens: Logins, values: SealedValues | None, providers: Mapping[str, IdentityProviderSettings]
) -> ForwardedLogins:
    """With handles where there is state of logins. `providers`: where people sign in."""
    return ForwardedLogins(id_tokens, None if values is None else LoginHandles(values), providers)


def login_of(identity: Identity, mandate: Mandate | None = None) -> Login:
    """The login that this gateway proved."""
    return Login(
        provider=identity.provider, kind=identity.kind, personal_id=identity.personal_id, old_id=identity.old_id,
        tax_code=identity.tax_code, level=identity.level, full_name=identity.full_name,
        birth_date=identity.birth_date, mandate=mandate, is_handle=True,
    )  # fmt: skip


def _key(handle: str) -> str:
    return _HANDLE + sha256(handle.encode("utf-8", "surrogatepass")).hexdigest()


def _fault() -> Unprocessable:
    why = say.LOGIN_NOT_PROVEN(why=say.LOGIN_HANDLE_OVER)
    return fault_at("/login", why, ProblemCode.LOGIN_NOT_PROVEN)


def _written(login: Login) -> dict[str, Any]:
    written = asdict(login)
    del written["title"]  # that of the configuration in force
    if login.mandate is not None:
        born = login.mandate.represented.birth_date
        written["mandate"]["represented"]["birth_date"] = None if born is None else str(born)
    return written


def _read(written: dict[str, Any]) -> Login:
    mandate = written.pop("mandate")
    written["kind"] = AccountKind(written["kind"])
    if mandate is None:
        return Login(**written)
    person = mandate.pop("represented")
    if person["birth_date"] is not None:
        person["birth_date"] = PartialDate.parse(person["birth_date"])
    represented = Subject(**{**person, "kind": SubjectKind(person["kind"])})
    return Login(**written, mandate=Mandate(**mandate, represented=represented))

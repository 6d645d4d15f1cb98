"""The OpenID provider of provincial systems: authorization requests come in, and codes go out.

What a browser does between the two (sign in, choose a mandate, consent) is not known here: the broker calls `grant` or
`refuse` when it is done. OpenID Connect Core 1.0, RFC 6749, 7636, 9126, 9207; FAPI 2.0 Security Profile for systems
with keys or certificates.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gateway.access.faults import GrantRefused
from gateway.access.service import AccessService, IncomingRequest
from gateway.domain import sentences as say
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.login import Mandate
from gateway.domain.parties import Requester
from gateway.domain.problems import AuthorizationErrorCode, TokenErrorCode
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.login.authorization import (
    PUSHED_SECONDS,
    Authorization,
    AuthorizationRefused,
    AuthorizationRequests,
    RequestNotAnswerable,
    acr,
    answered,
    refused,
    unmet,
    wanted,
)
from gateway.login.choices import Mandates
from gateway.login.clients import LoginClient, LoginClients
from gateway.login.grants import Grants, LoginGrant
from gateway.login.handles import LoginHandles
from gateway.login.id_token_signing import IdTokens
from gateway.login.sessions import Session, SessionBook
from gateway.login.subjects import Subjects, person_of
from gateway.login.wanted import AuthorizationAnswer, AuthorizationError, LoginWanted


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginParts:
    """What the provider's endpoints share."""

    access: AccessService
    clients: LoginClients
    requests: AuthorizationRequests
    grants: Grants
    people: SessionBook
    handles: LoginHandles
    tokens: IdTokens
    subjects: Subjects
    recorder: Recorder
    #: proves mandates again
    mandates: Mandates

    def is_revoked(self, requester: str, restored: int) -> bool:
        """Whether a requester is revoked, or was since a grant (`LoginGrant.restored`)."""
        known = self.access.requesters.named(requester)
        revoked = self.access.revocations.is_revoked("", requester, restored)
        return known is None or known.revoked or revoked

    def now(self) -> float:
        """POSIX seconds."""
        return self.recorder.clock.now().timestamp()

    async def record(
        self, exchange: ExchangeId | str, client: LoginClient, what: str, person: str = "", procedure: str = "",
        represented: str = "", **notes: str | int,
    ) -> None:  # fmt: skip
        """Make a record durable, and count it. Raises LogUnavailable. `person`, `represented`: `Subject.key`."""
        people = {"owner": person, "represented": represented}
        about = RecordHeader(
            ExchangeId(exchange), client.requester, client.agency, procedure,
            subjects={role: key for role, key in people.items() if key},
        )  # fmt: skip
        await self.recorder.write(about, Phase.LOGIN, what, notes={**notes, "client": client.client_id})
        self.recorder.metrics.login(what, str(notes.get("reason", "")))

    async def record_claims(
        self, exchange: ExchangeId, client: LoginClient, what: str, grant: LoginGrant, session: Session,
        names: Collection[str],
    ) -> None:  # fmt: skip
        """Record what leaves to a system: the names of claims, and the people whom they name. Raises LogUnavailable."""
        who, mandate = session.identity, grant.mandate
        given = {"claims": " ".join(sorted(names))} if names else {}
        await self.record(
            exchange, client, what, person_of(who), grant.procedure,
            "" if mandate is None else mandate.represented.key, provider=who.provider, level=who.level, **given,
        )  # fmt: skip


class OpenIdProvider:
    """Authorization requests, pushed or brought by a browser, and their answers."""

    def __init__(self, parts: LoginParts) -> None:
        """With what the endpoints share."""
        self._parts = parts

    async def push(
        self, call: IncomingRequest, form: Mapping[str, str], exchange: ExchangeId
    ) -> tuple[Requester, dict[str, object]]:
        """A pushed request (RFC 9126): the requester, and the answer. Raises GrantRefused, LoginsUnavailable."""
        proven = await self._parts.access.prove(call, form, "par")
        client = self._parts.clients.named(proven.known.requester.id)
        if client is None:
            raise GrantRefused(
                TokenErrorCode.UNAUTHORIZED_CLIENT, say.LOGIN_CLIENT_UNKNOWN, by=proven.known.requester
            )
        key = ""
        if proven.proof is not None:
            key = (await self._parts.access.bind(call, proven, plain=True))["jkt"]
        try:
            uri = await self._parts.requests.push(client, form, call.issuer, key)
        except RequestNotAnswerable as error:
            await self._parts.record(exchange, client, "login_refused", reason="not_answerable")
            raise GrantRefused(AuthorizationErrorCode.INVALID_REQUEST, error.sentence) from None
        except AuthorizationRefused as error:
            await self._parts.record(exchange, client, "login_refused", reason=error.error)
            raise GrantRefused(error.error, error.sentence) from None
        return proven.known.requester, {"request_uri": uri, "expires_in": PUSHED_SECONDS}

    async def begin(self, pairs: Sequence[tuple[str, str]], issuer: str, exchange: ExchangeId) -> str:
        """A browser's request: the id under which it is kept until it is answered.

        Raises RequestNotAnswerable, AuthorizationRefused, LoginsUnavailable, LogUnavailable.
        """
        try:
            return await self._parts.requests.begin(pairs, issuer)
        except AuthorizationRefused as error:
            await self._parts.record(exchange, error.client, "login_refused", reason=error.error)
            raise
        except RequestNotAnswerable as error:
            if error.client is not None:
                await self._parts.record(exchange, error.client, "login_refused", reason="not_answerable")
            else:
                self._parts.recorder.metrics.login("login_refused", "client_unknown")
            raise

    async def wanted(self, authorization: str) -> LoginWanted | None:
        """What a kept request wants of a login; None: it is over, or was answered. Raises LoginsUnavailable."""
        found = await self._pending(authorization)
        return None if found is None else wanted(authorization, *found)

    async def grant(
        self, authorization: str, session: Session, mandate: Mandate | None, exchange: ExchangeId
    ) -> AuthorizationAnswer | None:
        """Answer a request with a code for the person of a session; None: it is over, or was answered.

        A session that does not fit is answered with an error. Raises LoginsUnavailable, LogUnavailable: then there is
        no code.
        """
        found = await self._pending(authorization)
        if found is None or await self._parts.requests.take(authorization) is None:
            return None
        asked, client = found
        person, who = person_of(session.identity), session.identity
        if why := self._unfit(asked, client, session, mandate):
            return await self._refused(asked, client, why, exchange)
        if not await self._parts.people.note_client(session.id, client.requester):
            return await self._refused(asked, client, AuthorizationErrorCode.LOGIN_REQUIRED, exchange)
        await self._parts.record(
            exchange, client, "code_issued", person, asked.procedure, provider=who.provider, level=who.level
        )
        grant = LoginGrant(
            requester=client.requester, session=session.id, scopes=asked.scopes, id_claims=asked.id_claims,
            info_claims=asked.info_claims, acr=acr(asked, who.level), mandate=mandate, procedure=asked.procedure,
            restored=self._parts.access.revocations.restored(client.requester), redirect_uri=asked.to.redirect_uri,
            challenge=asked.challenge, nonce=asked.nonce, key=asked.key,
        )  # fmt: skip
        return answered(asked.to, code=await self._parts.grants.open(grant, self._parts.now()))

    async def refuse(
        self, authorization: str, error: AuthorizationError, exchange: ExchangeId
    ) -> AuthorizationAnswer | None:
        """Answer a request with an error; None: it is over, or was answered. Raises as `grant`."""
        found = await self._pending(authorization)
        if found is None or await self._parts.requests.take(authorization) is None:
            return None
        return await self._refused(*found, error, exchange)

    async def _pending(self, name: str) -> tuple[Authorization, LoginClient] | None:
        found = await self._parts.requests.pending(name)
        client = self._parts.clients.named(found.requester) if found is not None else None
        return (found, client) if found is not None and client is not None else None

    def _unfit(
        self, asked: Authorization, client: LoginClient, session: Session, mandate: Mandate | None
    ) -> AuthorizationErrorCode | None:
        """Why a session gets no code; the broker has asked before, and here it counts."""
        if not person_of(session.identity) or (
            mandate is not None and mandate.kind not in client.settings.mandates
        ):
            return AuthorizationErrorCode.ACCESS_DENIED
        subject = self._parts.subjects.of_login(client, session.identity)
        return unmet(asked, client, session, subject, self._parts.now())

    async def _refused(
        self, asked: Authorization, client: LoginClient, why: str, exchange: ExchangeId
    ) -> AuthorizationAnswer:
        await self._parts.record(exchange, client, "login_refused", procedure=asked.procedure, reason=why)
        return refused(asked.to, why)

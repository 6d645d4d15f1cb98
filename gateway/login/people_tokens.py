"""Access and refresh tokens of people, as systems show them: userinfo, introspection, revocation.

A token counts while its grant is there and the session lives from which it came. OpenID Connect Core 1.0 (5.3),
RFC 7662, RFC 7009.
"""

from collections.abc import Collection, Mapping

from gateway.access.faults import GrantRefused, TokenRefused
from gateway.access.service import Admitted, IncomingRequest, credentials
from gateway.domain import sentences as say
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Requester
from gateway.domain.problems import TokenErrorCode
from gateway.login.claims import about, acting_for
from gateway.login.clients import LoginClient
from gateway.login.grants import ACCESS, ACCESS_SECONDS, FoundGrant, LivingToken, LoginGrant
from gateway.login.provider import LoginParts
from gateway.login.sessions import Session

#: result of the record of a userinfo answer
CLAIMS_GIVEN = "claims_given"


class PeopleTokens:
    """Looks tokens up."""

    def __init__(self, parts: LoginParts) -> None:
        """With what the provider's endpoints share."""
        self._parts = parts

    async def userinfo(
        self, call: IncomingRequest, exchange: ExchangeId
    ) -> tuple[Admitted, dict[str, object]]:
        """The requester, and the claims of the person, recorded.

        Raises TokenRefused, LoginsUnavailable, LogUnavailable.
        """
        parts = self._parts
        scheme, token = credentials(call.authorization)
        await parts.access.revocations.current()
        found, one = await self._named(token) if token.startswith(ACCESS) else (None, None)
        client = parts.clients.named(found.grant.requester) if found is not None else None
        registered = parts.access.requesters.named(client.requester) if client is not None else None
        session = await parts.people.find(found.grant.session) if found is not None else None
        if found is None or one is None or client is None or registered is None or session is None:
            raise TokenRefused(say.TOKEN_NOT_OURS)
        nonce = await parts.access.check_holder(call, scheme, token, one.key, one.certificate)
        claims = self._claims(client, found, session)
        await self._record(exchange, client, found.grant, one, session, claims.keys() - {"sub"})
        return Admitted(registered.requester, nonce), claims

    async def introspect(
        self, call: IncomingRequest, form: Mapping[str, str]
    ) -> tuple[Requester, dict[str, object]]:
        """The state of a token (RFC 7662), for its own system only. Raises GrantRefused, LoginsUnavailable."""
        known = (await self._parts.access.prove(call, form, "introspect")).known
        client = self._parts.clients.named(known.requester.id)
        if client is None:
            return known.requester, {"active": False}
        return known.requester, await self._shown(client, form["token"], call.issuer)

    async def revoke(self, call: IncomingRequest, form: Mapping[str, str]) -> Requester:
        """End an access token, or with a refresh token the whole grant (RFC 7009). Raises GrantRefused."""
        parts, token = self._parts, form["token"]
        known = (await parts.access.prove(call, form, "revoke")).known
        found, one = await self._named(token)
        if found is None:
            return known.requester
        if found.grant.requester != known.requester.id:
            raise GrantRefused(TokenErrorCode.UNAUTHORIZED_CLIENT, say.TOKEN_OF_ANOTHER, by=known.requester)
        if one is None or not await parts.grants.without(found, one):
            await parts.grants.drop(found.name)
        return known.requester

    async def _named(self, token: str) -> tuple[FoundGrant | None, LivingToken | None]:
        """The living grant of a token, and the access token that it is."""
        found, one = None, None
        if token.startswith(ACCESS):
            found, one = await self._parts.grants.by_access(token, self._parts.now()) or (None, None)
        elif known := await self._parts.grants.by_refresh(token):
            found = known[0]
        if found is None or self._parts.is_revoked(found.grant.requester, found.grant.restored):
            return None, None
        return found, one

    async def _shown(self, client: LoginClient, token: str, issuer: str) -> dict[str, object]:
        found, one = await self._named(token)
        if found is None or found.grant.requester != client.requester:
            return {"active": False}
        session = await self._parts.people.find(found.grant.session)
        if session is None:
            return {"active": False}
        shown: dict[str, object] = {
            "active": True, "iss": issuer, "client_id": client.client_id, "scope": " ".join(found.grant.scopes),
            "sub": self._subject(client, session), "acr": found.grant.acr, "auth_time": int(session.identity.at),
        }  # fmt: skip
        if one is None:
            return shown
        bound = {"jkt": one.key, "x5t#S256": one.certificate}
        if any(bound.values()):
            shown["cnf"] = {name: value for name, value in bound.items() if value}
        return shown | {
            "aud": issuer, "token_type": "DPoP" if one.key else "Bearer", "exp": int(one.until),
            "iat": int(one.until) - ACCESS_SECONDS,
        }  # fmt: skip

    def _claims(self, client: LoginClient, found: FoundGrant, session: Session) -> dict[str, object]:
        grant = found.grant
        claims = {"sub": self._subject(client, session), **about(session.identity, grant.info_claims)}
        if grant.mandate is not None:
            subject = self._parts.subjects.of_represented(client, grant.mandate.represented)
            claims["mandate"] = acting_for(grant.mandate, subject, grant.info_claims)
        return claims

    async def _record(
        self, exchange: ExchangeId, client: LoginClient, grant: LoginGrant, one: LivingToken, session: Session,
        names: Collection[str],
    ) -> None:  # fmt: skip
        """Record claims that leave: once for an access token, as long as they are the same."""
        given = " ".join(sorted(names))
        if not given or await self._parts.grants.is_noted(one, given):
            return
        await self._parts.record_claims(exchange, client, CLAIMS_GIVEN, grant, session, names)
        await self._parts.grants.note(one, given, self._parts.now())

    def _subject(self, client: LoginClient, session: Session) -> str:
        return self._parts.subjects.of_login(client, session.identity)

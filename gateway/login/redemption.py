"""What the token endpoint answers for codes and refresh tokens (OpenID Connect Core 1.0, 3.1.3 and 12; RFC 9700).

A code counts once, for 60 seconds, for the system, address, verifier and key that it was made for. A used or stolen one
ends its grant: all that came of it. Refresh tokens rotate: the newest counts; the one before it is answered with the
newest again for ten seconds (a lost answer); any older one ends the grant.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.access.faults import GrantRefused
from gateway.access.service import IncomingRequest, ProvenClient
from gateway.domain import sentences as say
from gateway.domain.identifiers import ExchangeId
from gateway.domain.login import Mandate
from gateway.domain.parties import Requester
from gateway.domain.problems import TokenErrorCode
from gateway.domain.sentences import Sentence
from gateway.jose.jws import encoded
from gateway.login.choices import MandateNotProven
from gateway.login.claims import about, acting_for
from gateway.login.clients import LoginClient
from gateway.login.grants import ACCESS_SECONDS, AGAIN_SECONDS, FoundGrant, LoginGrant, new_seed
from gateway.login.id_token_signing import left_half
from gateway.login.provider import LoginParts
from gateway.login.sessions import Session

GRANT_TYPES = ("authorization_code", "refresh_token")
#: result of the record of a grant's first tokens
TOKEN_ISSUED = "token_issued"  # noqa: S105 -- a word of records
#: and of the records of the next ones
TOKEN_RENEWED = "token_renewed"  # noqa: S105 -- a word of records
#: life of an ID token
ID_TOKEN_SECONDS = 600
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class LoginAnswer:
    """The answer of the token endpoint."""

    requester: Requester
    #: RFC 6749, 5.1
    body: dict[str, object]
    #: DPoP nonce for the next proof; blank without DPoP
    nonce: str


class Redemption:
    """Exchanges codes and refresh tokens for tokens."""

    def __init__(self, parts: LoginParts) -> None:
        """With what the provider's endpoints share."""
        self._parts = parts

    async def redeem(
        self, call: IncomingRequest, form: Mapping[str, str], exchange: ExchangeId
    ) -> LoginAnswer:
        """Answer a code or a refresh token, as `grant_type` says.

        Raises GrantRefused, LoginsUnavailable, LogUnavailable.
        """
        proven = await self._parts.access.prove(call, form, "token")
        client = self._parts.clients.named(proven.known.requester.id)
        if client is None:
            raise GrantRefused(
                TokenErrorCode.UNAUTHORIZED_CLIENT, say.LOGIN_CLIENT_UNKNOWN, by=proven.known.requester
            )
        is_first = form["grant_type"] == "authorization_code"
        if is_first:
            found = await self._of_code(client, form, exchange)
            grant = self._redeemed(client, found.grant)
        else:
            found = await self._of_refresh(client, form, exchange)
            grant = found.grant
        session = await self._parts.people.find(found.grant.session)
        if session is None or self._parts.is_revoked(client.requester, grant.restored):
            await self._parts.grants.drop(found.name)
            raise await self._refusal(exchange, client, "session_ended", say.LOGIN_SESSION_OVER)
        found = found._replace(grant=grant)
        return await self._answer(call, proven, client, found, session, exchange, is_first=is_first)

    # ----------------------------------------------------------------------------------------------- codes

    async def _of_code(
        self, client: LoginClient, form: Mapping[str, str], exchange: ExchangeId
    ) -> FoundGrant:
        """The grant of a code that may be redeemed now. A code that is misused ends its grant."""
        if not form.get("code") or not form.get("redirect_uri") or not form.get("code_verifier"):
            raise await self._refusal(
                exchange, client, "code_parameters", say.CODE_PARAMETERS, TokenErrorCode.INVALID_REQUEST
            )
        found = await self._parts.grants.by_code(form["code"])
        if found is None:
            raise await self._refusal(exchange, client, "code_unknown", say.CODE_OVER)
        if found.grant.redeemed:
            raise await self._replayed(found, client, exchange)
        if why := self._misuse(client, found.grant, form):
            await self._parts.grants.drop(found.name)
            raise await self._refusal(exchange, client, why, say.CODE_OVER)
        return found

    def _misuse(self, client: LoginClient, grant: LoginGrant, form: Mapping[str, str]) -> str:
        verifier = form["code_verifier"]
        if grant.requester != client.requester:
            return "code_of_another"
        if self._parts.now() >= grant.code_until:
            return "code_over"
        if form["redirect_uri"] != grant.redirect_uri:
            return "redirect_uri_differs"
        challenge = encoded(hashlib.sha256(verifier.encode("ascii", "replace")).digest())
        if not _VERIFIER.fullmatch(verifier) or challenge != grant.challenge:
            return "verifier_wrong"
        return ""

    def _redeemed(self, client: LoginClient, grant: LoginGrant) -> LoginGrant:
        """The grant, its code used up, with its first refresh token where the system has any."""
        if not client.settings.refresh:
            return replace(grant, redeemed=True)
        return replace(grant, redeemed=True, seed=new_seed(), generation=1, renewed=self._parts.now())

    async def _replayed(self, found: FoundGrant, client: LoginClient, exchange: ExchangeId) -> GrantRefused:
        """End the grant of a code that came twice."""
        await self._parts.grants.drop(found.name)
        await self._parts.record(exchange, client, "code_replayed", reason="code_replayed")
        return GrantRefused(TokenErrorCode.INVALID_GRANT, say.CODE_OVER)

    # ----------------------------------------------------------------------------------------------- refresh tokens

    async def _of_refresh(
        self, client: LoginClient, form: Mapping[str, str], exchange: ExchangeId
    ) -> FoundGrant:
        """The grant of a refresh token, with its next one. An old or a foreign token ends the grant."""
        if not form.get("refresh_token"):
            raise await self._refusal(
                exchange, client, "refresh_parameters", say.REFRESH_PARAMETER, TokenErrorCode.INVALID_REQUEST
            )
        known = await self._parts.grants.by_refresh(form["refresh_token"])
        if known is None:
            raise await self._refusal(exchange, client, "refresh_unknown", say.REFRESH_OVER)
        found, back = known
        grant, now = found.grant, self._parts.now()
        if grant.requester != client.requester or not client.settings.refresh:
            await self._parts.grants.drop(found.name)
            raise await self._refusal(exchange, client, "refresh_of_another", say.REFRESH_OVER)
        if back == 0:
            return found._replace(grant=replace(grant, generation=grant.generation + 1, renewed=now))
        if back == 1 and now - grant.renewed < AGAIN_SECONDS:
            return found
        await self._parts.grants.drop(found.name)
        await self._parts.record(exchange, client, "refresh_replayed", reason="refresh_replayed")
        raise GrantRefused(TokenErrorCode.INVALID_GRANT, say.REFRESH_OVER)

    # ----------------------------------------------------------------------------------------------- the answer

    async def _answer(
        self, call: IncomingRequest, proven: ProvenClient, client: LoginClient, found: FoundGrant,
        session: Session, exchange: ExchangeId, *, is_first: bool,
    ) -> LoginAnswer:  # fmt: skip
        """Keep the changed grant, and answer its tokens. `is_first`: by a code."""
        parts, who = self._parts, session.identity
        bound = await self._bound(call, proven, client, found, exchange)
        if not is_first:
            found = await self._proven_again(client, found, session, exchange)
        key, certificate = bound.get("jkt", ""), bound.get("x5t#S256", "")
        token, grant = parts.grants.new_access(found, key, certificate, parts.now())
        if (
            not is_first
        ):  # before the refresh token changes: when there is no log, the former one still counts
            await parts.record_claims(
                exchange, client, TOKEN_RENEWED, grant, session, _claims_of(grant, session)
            )
        kept = replace(grant, redirect_uri="", challenge="", nonce="", key="", needs_proof=bool(key))
        if not await parts.grants.replace(found, kept):
            if is_first:
                raise await self._replayed(found, client, exchange)
            raise await self._refusal(exchange, client, "refresh_concurrent", say.REFRESH_CONCURRENT)
        if is_first:
            await self._issued(found, client, session, exchange)
        body: dict[str, object] = {
            "access_token": token,
            "token_type": "DPoP" if key else "Bearer",
            "expires_in": ACCESS_SECONDS,
            "scope": " ".join(grant.scopes),
            "id_token": self._id_token(call.issuer, client, grant, session, token),
        }
        if grant.seed:
            body["refresh_token"] = parts.grants.refresh_token(found.name, grant)
        body["login"] = await parts.handles.issue(
            client.requester, session.id, found.name, who, grant.mandate
        )
        nonce = parts.access.nonces.fresh() if proven.proof is not None else ""
        return LoginAnswer(proven.known.requester, body, nonce)

    async def _bound(
        self, call: IncomingRequest, proven: ProvenClient, client: LoginClient, found: FoundGrant,
        exchange: ExchangeId,
    ) -> dict[str, str]:  # fmt: skip
        """`cnf` of the new token: bound where the request, the grant or the system's method asks for it."""
        wanted, key = found.grant.key, proven.proof.key if proven.proof is not None else ""
        if wanted and key and key != wanted:
            await self._parts.grants.drop(found.name)
            raise await self._refusal(exchange, client, "key_differs", say.CODE_OVER)
        if (wanted or found.grant.needs_proof) and not key:
            raise GrantRefused(
                TokenErrorCode.INVALID_DPOP_PROOF, say.BIND_THE_TOKEN, nonce=self._parts.access.nonces.fresh()
            )
        return await self._parts.access.bind(call, proven, plain=proven.known.method == "client_secret_basic")

    async def _proven_again(
        self, client: LoginClient, found: FoundGrant, session: Session, exchange: ExchangeId
    ) -> FoundGrant:
        """The grant with a proof of its mandate that is fresh, or the former one while registers cannot decide.

        A right that has ended ends the grant.
        """
        parts, mandate = self._parts, found.grant.mandate
        if mandate is None or mandate.is_fresh(parts.now()):
            return found
        try:
            proven = await parts.mandates.prove(
                session.identity,
                mandate.kind,
                mandate.represented,
                mandate.document,
                client.requester,
                exchange,
            )
        except MandateNotProven as error:
            if error.is_undecided:
                return found
            await parts.grants.drop(found.name)
            raise await self._refusal(exchange, client, "mandate_not_proven", say.MANDATE_ENDED) from None
        return found._replace(grant=replace(found.grant, mandate=proven))

    async def _issued(
        self, found: FoundGrant, client: LoginClient, session: Session, exchange: ExchangeId
    ) -> None:
        """Record that a code led to tokens; without the record there are none."""
        grant = found.grant
        try:
            await self._parts.record_claims(
                exchange, client, TOKEN_ISSUED, grant, session, _claims_of(grant, session)
            )
        except BaseException:
            await self._parts.grants.drop(found.name)
            raise

    def _id_token(
        self, issuer: str, client: LoginClient, grant: LoginGrant, session: Session, token: str
    ) -> str:
        parts, now, who = self._parts, int(self._parts.now()), session.identity
        algorithm = client.settings.id_token_alg
        claims: dict[str, object] = {
            "iss": issuer,
            "sub": parts.subjects.of_login(client, who),
            "aud": client.client_id,
            "iat": now,
            "exp": now + ID_TOKEN_SECONDS,
            "auth_time": int(who.at),
            "acr": grant.acr,
            "sid": parts.people.sid(session.id, client.requester),
            "at_hash": left_half(token, algorithm),
            **about(who, grant.id_claims),
        }
        if grant.nonce:
            claims["nonce"] = grant.nonce
        if grant.mandate is not None:
            claims["mandate"] = self._mandate(client, grant.mandate, grant.id_claims)
        return parts.tokens.sign(claims, algorithm)

    def _mandate(self, client: LoginClient, mandate: Mandate, claims: tuple[str, ...]) -> dict[str, object]:
        subject = self._parts.subjects.of_represented(client, mandate.represented)
        return acting_for(mandate, subject, claims)

    async def _refusal(
        self, exchange: ExchangeId, client: LoginClient, reason: str, sentence: Sentence,
        code: TokenErrorCode = TokenErrorCode.INVALID_GRANT,
    ) -> GrantRefused:  # fmt: skip
        """Record a refusal, and return it."""
        await self._parts.record(exchange, client, "login_refused", reason=reason)
        return GrantRefused(code, sentence)


def _claims_of(grant: LoginGrant, session: Session) -> list[str]:
    """Names of the claims in its ID tokens that name people."""
    return [*about(session.identity, grant.id_claims), *(["mandate"] if grant.mandate is not None else [])]

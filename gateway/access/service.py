"""Authentication of requesters: issues tokens, and checks each presented token.

Outside the sandbox profile every token is bound: to the key of a DPoP proof (RFC 9449) or to a certificate (RFC 8705).
"""

import asyncio
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from gateway.access.access_tokens import AccessToken, AccessTokens
from gateway.access.certificates import thumbprint
from gateway.access.clients import Clients, Credentials
from gateway.access.dpop import DpopProof, DpopVerifier, Nonces
from gateway.access.faults import GrantRefused, ProofBroken, TokenRefused
from gateway.access.keys import TokenKeys
from gateway.access.requesters import RegisteredRequester, Requesters
from gateway.access.revocations import Revocations
from gateway.domain import sentences as say
from gateway.domain.parties import Requester
from gateway.domain.problems import ProblemCode, TokenErrorCode
from gateway.ports.access import Replays

_PATHS = {
    "token": "/oauth2/token", "introspect": "/oauth2/introspect", "revoke": "/oauth2/revoke", "par": "/oauth2/par",
}  # fmt: skip


class IncomingRequest(Protocol):
    """The parts of a request that authentication needs."""

    @property
    def authorization(self) -> tuple[str, ...]:
        """The Authorization headers."""

    @property
    def proofs(self) -> tuple[str, ...]:
        """The DPoP headers."""

    @property
    def certificate(self) -> bytes | None:
        """DER of the requester's certificate. Raises TokenRefused if an untrusted proxy forwarded it."""

    @property
    def method(self) -> str:
        """The HTTP method."""

    @property
    def issuer(self) -> str:
        """The gateway's public URL, without a slash at the end."""

    @property
    def target(self) -> str:
        """The path as sent, without the query."""


class Admitted(NamedTuple):
    """The requester, and the nonce for its next proofs (empty: keep the last one)."""

    requester: Requester
    nonce: str = ""


class ProvenClient(NamedTuple):
    """An authenticated client, and the proof in its request: valid, not accepted yet."""

    known: RegisteredRequester
    proof: DpopProof | None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token, as the token endpoint returns it."""

    requester: Requester
    token: str
    kind: str
    scopes: frozenset[str]
    nonce: str


#: the current public keys (JWK) of another part of the gateway
KeySet = Callable[[], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessService:
    """Token endpoint, introspection, revocation, JWK set, and the check of tokens."""

    requesters: Requesters
    clients: Clients
    tokens: AccessTokens
    proofs: DpopVerifier
    nonces: Nonces
    revocations: Revocations
    keys: TokenKeys
    #: the used assertions and proofs
    replays: Replays
    #: plain bearer tokens are issued and accepted
    sandbox: bool
    #: key sets of other parts that sign: documents, receipts
    further: tuple[KeySet, ...] = ()

    async def admit(self, call: IncomingRequest, *, plain: bool = False) -> Admitted:
        """The requester of a call. Raises TokenRefused, AccessUnavailable.

        `plain`: a token that is bound to nothing is accepted, also outside the sandbox profile.
        """
        scheme, token = credentials(call.authorization)
        await self.revocations.current()
        try:
            found = self.tokens.verify(token, call.issuer)
        except TokenRefused:
            found = await self._verified_again(token, call.issuer)
        nonce = await self.check_holder(call, scheme, token, found.key, found.certificate)
        if not (found.key or found.certificate or self.sandbox or plain):
            raise TokenRefused(say.TOKEN_UNBOUND)
        return Admitted(found.requester, nonce)

    async def check_holder(
        self, call: IncomingRequest, scheme: str, token: str, key: str, certificate: str
    ) -> str:
        """Check that the caller holds what its token is bound to; the nonce for its next proof. Raises TokenRefused.

        `key`, `certificate`: thumbprints; empty: it is not bound to one.
        """
        if certificate:
            shown = call.certificate
            if shown is None or not hmac.compare_digest(thumbprint(shown), certificate):
                raise TokenRefused(say.TOKEN_OF_CERTIFICATE)
        if key:
            if scheme != "dpop":
                raise TokenRefused(say.TOKEN_OF_KEY, scheme="DPoP")
            return await self._proven(call, token, key)
        if scheme != "bearer":
            raise TokenRefused(say.TOKEN_OF_NO_KEY)
        return ""

    async def grant(
        self, call: IncomingRequest, form: Mapping[str, str], *, plain: bool = False
    ) -> IssuedToken:
        """Issue a token (RFC 6749, 4.4). Raises GrantRefused.

        `plain`: bound to nothing, also outside the sandbox profile; only where `admit` is asked for such tokens.
        """
        known, proof = await self.prove(call, form, "token")
        if known.method == "client_secret_basic" and not (self.sandbox or plain):
            raise GrantRefused(
                TokenErrorCode.UNAUTHORIZED_CLIENT, say.SECRET_ONLY_AT_DOOR, by=known.requester
            )
        scopes = frozenset(form.get("scope", "").split()) or known.requester.scopes
        if not scopes <= known.requester.scopes:
            raise GrantRefused(TokenErrorCode.INVALID_SCOPE, say.SCOPE_NOT_YOURS)
        confirmation = await self.bind(call, ProvenClient(known, proof), plain=plain)
        whole = known.requester
        requester = Requester(id=whole.id, name=whole.name, scopes=scopes)
        token = self.tokens.mint(requester, known.client_id, call.issuer, confirmation)
        kind = "DPoP" if proof is not None else "Bearer"
        return IssuedToken(whole, token, kind, scopes, self.nonces.fresh() if proof is not None else "")

    async def prove(self, call: IncomingRequest, form: Mapping[str, str], kind: str) -> ProvenClient:
        """Authenticate a client at an endpoint (`token`, `par`, `introspect`, `revoke`). Raises GrantRefused.

        The proof is checked first: a bad nonce must not use up the assertion.
        """
        await self.revocations.current()
        proof = self._valid_proof(call)
        return ProvenClient(await self._client(call, form, kind), proof)

    async def bind(self, call: IncomingRequest, client: ProvenClient, *, plain: bool) -> dict[str, str]:
        """The claim `cnf` of a token for this client; its proof is used up. Raises GrantRefused.

        `plain`: a token may be bound to nothing, also outside the sandbox profile.
        """
        confirmation = self._confirmation(call, client.known, client.proof, plain=plain)
        if client.proof is not None:
            await self._accept_proof(client.proof)
        return confirmation

    async def introspect(
        self, call: IncomingRequest, form: Mapping[str, str]
    ) -> tuple[Requester, dict[str, Any]]:
        """The state of a token (RFC 7662): a client may ask about its own, with the scope `admin` about all."""
        known, found = await self._shown_token(call, form, "introspect")
        if found is None or not _may(known, found):
            return known.requester, {"active": False}
        bound = {"jkt": found.key, "x5t#S256": found.certificate}
        claims: dict[str, Any] = {
            "active": True, "scope": " ".join(sorted(found.requester.scopes)), "client_id": found.client_id,
            "token_type": "DPoP" if found.key else "Bearer", "sub": found.requester.id, "iss": found.issuer,
            "aud": found.issuer, "iat": found.issued, "exp": found.expires, "jti": found.jti,
        }  # fmt: skip
        if any(bound.values()):
            claims["cnf"] = {name: value for name, value in bound.items() if value}
        return known.requester, claims

    async def revoke(self, call: IncomingRequest, form: Mapping[str, str]) -> Requester:
        """Revoke a token (RFC 7009); an invalid or expired one is no error."""
        known, found = await self._shown_token(call, form, "revoke")
        if found is not None:
            if not _may(known, found):
                raise GrantRefused(
                    TokenErrorCode.UNAUTHORIZED_CLIENT, say.TOKEN_OF_ANOTHER, by=known.requester
                )
            await self.revocations.revoke_token(found.jti, found.expires + 3_600)
        return known.requester

    def jwks(self) -> dict[str, Any]:
        """All public keys of the gateway, each once."""
        keys = [*self.keys.jwks(), *(key for more in self.further for key in more())]
        return {"keys": list({key["kid"]: key for key in keys}.values())}

    async def _verified_again(self, token: str, issuer: str) -> AccessToken:
        """Verify a refused token again after reading the keys: another process may have rotated them."""
        if not self.tokens.is_known(token):
            await asyncio.to_thread(self.keys.refresh)
        return self.tokens.verify(token, issuer)

    async def _proven(self, call: IncomingRequest, token: str, key: str) -> str:
        """The nonce for the next proof."""
        try:
            proof = self.proofs.check(_one(call.proofs), call.method, call.issuer + call.target, token)
            await self.proofs.take(_by(key, proof))
        except ProofBroken as error:
            why = say.DPOP(why=error.sentence)
            nonce = self.nonces.fresh() if error.code is ProblemCode.USE_DPOP_NONCE else ""
            raise TokenRefused(why, code=error.code, scheme="DPoP", nonce=nonce) from None
        return proof.nonce

    def _valid_proof(self, call: IncomingRequest) -> DpopProof | None:
        """The valid proof of the call."""
        if not call.proofs:
            return None
        try:
            return self.proofs.check(_one(call.proofs), call.method, call.issuer + call.target)
        except ProofBroken as error:
            raise self._unproven(error) from None

    async def _accept_proof(self, proof: DpopProof) -> None:
        try:
            await self.proofs.take(proof)
        except ProofBroken as error:
            raise self._unproven(error) from None

    def _unproven(self, error: ProofBroken) -> GrantRefused:
        return GrantRefused(
            TokenErrorCode(error.code), say.DPOP(why=error.sentence), nonce=self.nonces.fresh()
        )

    def _confirmation(
        self, call: IncomingRequest, known: RegisteredRequester, proof: DpopProof | None, *, plain: bool
    ) -> dict[str, str]:
        """The claim `cnf` of the token."""
        found = {"jkt": proof.key} if proof is not None else {}
        if known.method in {"tls_client_auth", "self_signed_tls_client_auth"}:
            assert call.certificate is not None
            found["x5t#S256"] = thumbprint(call.certificate)
        if proof is None and (known.needs_dpop or not (found or self.sandbox or plain)):
            raise GrantRefused(
                TokenErrorCode.INVALID_DPOP_PROOF, say.BIND_THE_TOKEN, nonce=self.nonces.fresh()
            )
        return found

    async def _client(self, call: IncomingRequest, form: Mapping[str, str], kind: str) -> RegisteredRequester:
        try:
            certificate = call.certificate
        except TokenRefused as error:
            raise GrantRefused(TokenErrorCode.INVALID_CLIENT, error.sentence) from None
        audiences = [call.issuer, *(call.issuer + _PATHS[one] for one in dict.fromkeys((kind, "token")))]
        return await self.clients.prover(Credentials(call.authorization, form, certificate), audiences)

    async def _shown_token(
        self, call: IncomingRequest, form: Mapping[str, str], kind: str
    ) -> tuple[RegisteredRequester, AccessToken | None]:
        await self.revocations.current()
        known = await self._client(call, form, kind)
        if not form.get("token"):
            raise GrantRefused(TokenErrorCode.INVALID_REQUEST, say.TOKEN_PARAMETER)
        try:
            return known, await self._verified_again(form["token"], call.issuer)
        except TokenRefused:
            return known, None


def _by(key: str, proof: DpopProof) -> DpopProof:
    if not hmac.compare_digest(proof.key, key):
        raise ProofBroken(say.TOKEN_OF_ANOTHER_KEY)
    return proof


def _may(known: RegisteredRequester, found: AccessToken) -> bool:
    return found.requester.id == known.requester.id or "admin" in known.requester.scopes


def credentials(fields: tuple[str, ...]) -> tuple[str, str]:
    """Scheme, `bearer` or `dpop`, and token of the Authorization headers. Raises TokenRefused."""
    if len(fields) != 1:
        raise TokenRefused(say.SEND_TOKEN, code=ProblemCode.UNAUTHENTICATED)
    kind, _, token = fields[0].partition(" ")
    scheme, token = kind.lower(), token.strip()
    if scheme not in {"bearer", "dpop"} or not token:
        raise TokenRefused(say.SEND_TOKEN, code=ProblemCode.UNAUTHENTICATED)
    return scheme, token


def _one(proofs: tuple[str, ...]) -> str:
    if len(proofs) != 1:
        raise ProofBroken(say.ONE_PROOF)
    return proofs[0]

"""Client authentication at the token endpoint (RFC 6749, 2.3; RFC 7523; RFC 8705, 2): one method per requester.

Secrets are compared in constant time; an unknown client costs as much time as a wrong secret.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from gateway.access.assertions import KIND, Assertions
from gateway.access.certificates import Certificates, thumbprint
from gateway.access.faults import GrantRefused
from gateway.access.requesters import RegisteredRequester, Requesters, secret_digest
from gateway.access.revocations import Revocations
from gateway.domain import sentences as say
from gateway.domain.problems import TokenErrorCode


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a request."""

    #: the Authorization headers, unchanged
    authorization: tuple[str, ...]
    form: Mapping[str, str]
    #: DER of the certificate, from the connection or from a proxy that may hand one over
    certificate: bytes | None


class Clients:
    """Finds out who a client is."""

    def __init__(
        self, requesters: Requesters, assertions: Assertions, certificates: Certificates,
        revocations: Revocations, now: Callable[[], float],
    ) -> None:  # fmt: skip
        """`now` is POSIX seconds."""
        self._requesters = requesters
        self._assertions = assertions
        self._certificates = certificates
        self._revocations = revocations
        self._now = now

    async def prover(self, shown: Credentials, audiences: Collection[str]) -> RegisteredRequester:
        """The client, as it proved itself; GrantRefused otherwise. `audiences`: what an assertion may be meant for."""
        form, client_id = shown.form, shown.form.get("client_id")
        ways = [bool(shown.authorization), "client_assertion" in form, "client_secret" in form]
        if sum(ways) > 1:
            raise GrantRefused(TokenErrorCode.INVALID_REQUEST, say.ONE_WAY)
        if "client_secret" in form:
            raise GrantRefused(TokenErrorCode.INVALID_CLIENT, say.SECRET_IN_BODY)
        if shown.authorization:
            known = self._by_secret(shown.authorization, client_id)
        elif "client_assertion" in form:
            if form.get("client_assertion_type") != KIND:
                raise GrantRefused(TokenErrorCode.INVALID_REQUEST, say.ASSERTION_TYPE(kind=KIND))
            known = await self._assertions.prover(form["client_assertion"], client_id, audiences)
        else:
            known = self._by_certificate(shown.certificate, client_id)
        if known.revoked or self._revocations.is_stopped(known.requester.id):
            raise GrantRefused(TokenErrorCode.INVALID_CLIENT, say.REQUESTER_REVOKED)
        return known

    def _by_secret(self, authorization: tuple[str, ...], client_id: str | None) -> RegisteredRequester:
        name, secret = _basic(authorization)
        known = self._requesters.client(name)
        expected = known.secret if known and known.secret else secret_digest("no such client")
        same = hmac.compare_digest(secret_digest(secret), expected)
        if not same or known is None or not known.secret or client_id not in {None, name}:
            raise GrantRefused(TokenErrorCode.INVALID_CLIENT, say.CLIENT_FAILED)
        return known

    def _by_certificate(self, certificate: bytes | None, client_id: str | None) -> RegisteredRequester:
        if client_id is None or certificate is None:
            raise GrantRefused(TokenErrorCode.INVALID_CLIENT, say.CLIENT_FAILED_FOR(why=say.NO_CREDENTIALS))
        known = self._requesters.client(client_id)
        if (
            not self._certificates.lives(certificate, self._now())
            or known is None
            or known.certificate is None
        ):
            raise GrantRefused(TokenErrorCode.INVALID_CLIENT, say.CLIENT_FAILED)
        if known.pinned is not None:
            good = hmac.compare_digest(thumbprint(certificate), known.pinned.thumbprint)
        else:
            good = self._certificates.is_named(certificate, known.certificate)
        if not good:
            raise GrantRefused(TokenErrorCode.INVALID_CLIENT, say.CLIENT_FAILED)
        return known


def _basic(fields: tuple[str, ...]) -> tuple[str, str]:
    kind, _, credentials = fields[0].partition(" ")
    if kind.lower() != "basic" or len(fields) != 1:
        raise GrantRefused(TokenErrorCode.INVALID_CLIENT, say.CLIENT_FAILED)
    try:
        text = base64.b64decode(credentials.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise GrantRefused(TokenErrorCode.INVALID_CLIENT, say.CLIENT_FAILED) from None
    name, colon, secret = text.partition(":")
    if not colon:
        raise GrantRefused(TokenErrorCode.INVALID_CLIENT, say.CLIENT_FAILED)
    return unquote_plus(name), unquote_plus(secret)

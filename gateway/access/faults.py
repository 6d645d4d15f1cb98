"""Errors of authentication, in the form of RFC 6749 (5.2), RFC 6750 (3) and RFC 9449 (7.1).

An error names the fault of the credentials, never whether a client or a key exists.
"""

from gateway.domain.errors import GatewayError, Unauthenticated
from gateway.domain.parties import Requester
from gateway.domain.problems import AuthorizationErrorCode, ProblemCode, TokenErrorCode
from gateway.domain.sentences import Sentence


class TokenRefused(Unauthenticated):
    """The access token, or its proof or certificate, is refused."""

    def __init__(
        self, sentence: Sentence | None, *, code: ProblemCode = ProblemCode.INVALID_TOKEN, scheme: str = "Bearer",
        nonce: str = "",
    ) -> None:  # fmt: skip
        """`scheme`: of the challenge. `nonce`: for the next proof."""
        super().__init__(sentence, code=code)
        self.scheme = scheme
        self.nonce = nonce

    @property
    def challenge(self) -> str:
        """The header WWW-Authenticate."""
        known = (ProblemCode.USE_DPOP_NONCE, ProblemCode.INVALID_DPOP_PROOF)
        error = self.problem_code if self.problem_code in known else ProblemCode.INVALID_TOKEN
        algorithms = ', algs="EdDSA ES256"' if self.scheme == "DPoP" else ""
        return f'{self.scheme} realm="motlan", error="{error}"{algorithms}'


class GrantRefused(GatewayError):
    """The token endpoint, introspection or revocation refuses, in the form of RFC 6749 (5.2)."""

    def __init__(
        self, error: TokenErrorCode | AuthorizationErrorCode, why: Sentence | None, *, nonce: str = "",
        by: Requester | None = None,
    ) -> None:  # fmt: skip
        """`error` is the code of the standard. `by`: the requester, where it proved who it is."""
        super().__init__(why, code=error)
        self.nonce = nonce
        self.by = by
        self.status = 401 if error is TokenErrorCode.INVALID_CLIENT else 400


class ProofBroken(Exception):
    """An invalid DPoP proof; `code` is of RFC 9449, the text names the fault."""

    def __init__(self, sentence: Sentence, code: ProblemCode = ProblemCode.INVALID_DPOP_PROOF) -> None:
        """`code`: `use_dpop_nonce` if a nonce is needed."""
        super().__init__(sentence.en)
        self.sentence = sentence
        self.code = code

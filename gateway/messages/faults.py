"""The error of an invalid signature."""

from gateway.domain.errors import Unauthenticated
from gateway.domain.problems import ProblemCode


class SignatureBroken(Unauthenticated):
    """The signature of the message is invalid."""

    code = ProblemCode.SIGNATURE_INVALID

"""Why a message is not taken as signed."""

from gateway.domain.errors import Unauthenticated
from gateway.domain.problems import ProblemCode


class SignatureBroken(Unauthenticated):
    """The signature of the message does not hold."""

    code = ProblemCode.SIGNATURE_INVALID

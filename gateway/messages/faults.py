"""Why a message is not taken as signed."""

from gateway.domain.errors import Unauthenticated


class SignatureBroken(Unauthenticated):
    """The signature of the message does not hold."""

    code = "signature_invalid"
    title = "The signature of the message does not hold"
    title_vi = "Chữ ký của thông điệp không hợp lệ"

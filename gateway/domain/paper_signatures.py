"""What is known of the digital signatures of a paper's file."""

from enum import StrEnum
from typing import NamedTuple


class SignatureVerdict(StrEnum):
    """The weakest signature of a file decides."""

    NOT_SIGNED = "not_signed"  #: it has no digital signature
    VALID = "valid"  #: unchanged since it was signed, by certificates of the configured authorities
    ALTERED = "altered"  #: changed after it was signed, or a signature does not fit the content
    NOT_TRUSTED = "not_trusted"  #: unchanged, but no configured authority stands behind a certificate now
    UNREADABLE = "unreadable"  #: the signatures cannot be read, or not within the limits
    SIGNED_UNVERIFIED = "signed_unverified"  #: signed, and this gateway does not verify this kind


class PaperSigner(NamedTuple):
    """One signature; names are those of its certificate, personal data."""

    name: str
    organisation: str
    #: RFC 3339: of a trusted time stamp, else as the signer says; blank: none
    time: str
    #: whether a trusted authority stamped the time
    stamped: bool
    verdict: SignatureVerdict
    #: a word for what is wrong; blank: nothing
    why: str


class SignatureReport(NamedTuple):
    """The verdict over a file, and its signatures in their order."""

    verdict: SignatureVerdict
    signers: tuple[PaperSigner, ...] = ()
    why: str = ""

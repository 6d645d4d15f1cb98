"""Port of papers in a paper store: the download of one file."""

from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable

from gateway.domain.evidence import Outcome
from gateway.domain.paper_signatures import SignatureReport
from gateway.domain.reasons import Reason


class StoredPaperFile(NamedTuple):
    """One file as the store named it in its answer; never a caller's words."""

    #: code of the authority that issued the paper
    authority: str
    path: str
    #: whose paper it is (`Subject.key`); personal data, for fair turns and the breaker
    owner: str
    requester: str


class Download(NamedTuple):
    """The result of a download. Only FOUND has content."""

    outcome: Outcome
    content: bytes = b""
    reason: Reason | None = None
    #: seconds after which another attempt makes sense
    retry_in: int | None = None
    #: SHA-256 of the bytes sent and received; empty when none were
    request_digest: bytes = b""
    response_digest: bytes = b""


@runtime_checkable
class PaperFiles(Protocol):
    """A source that hands out files of papers."""

    #: name of the operation, for records
    download_operation: str

    async def download(self, wanted: StoredPaperFile, end: float) -> Download:
        """The file, by `end` (time of the running loop's clock). Never raises."""
        ...


class SignatureChecks(Protocol):
    """Looks at the digital signatures of a file."""

    def check(self, content: BinaryIO) -> SignatureReport:
        """The verdict over a file. Blocks: call it in a thread. Never raises."""
        ...

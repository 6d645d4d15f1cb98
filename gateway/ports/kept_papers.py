"""Port of papers that citizens let be kept. Raises ConsentsUnavailable."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol


class KeptPaperRow(NamedTuple):
    """One kept paper. Times are POSIX seconds."""

    #: opaque; the same paper kept again under the same consent has the same id
    id: str
    consent: str
    #: month of the exchange log whose keys index the person and seal the row
    period: str
    #: keyed index of the owner, who gave the consent
    person: bytes
    #: the requester that it is kept for
    requester: str
    #: procedure and component for which it was given
    procedure: str
    component: str
    #: code of the result that it is; blank: none was named
    result_code: str
    #: digest of the stored, sealed file
    file: str
    given: float
    until: float
    #: what names the owner and the object, and the key of the file; empty: erased
    sealed: bytes


class KeptPaperRows(Protocol):
    """The stored rows. A row is as good as its consent: each look-up reads both."""

    async def add(self, row: KeptPaperRow, now: float) -> bool:
        """Store one, or replace the row of its id; False if the consent is not valid (any more)."""
        ...

    async def of(self, persons: Sequence[bytes], requester: str, now: float) -> Sequence[KeptPaperRow]:
        """A person's papers for a requester (blank: for any) under valid consents, the newest first."""
        ...

    async def find(self, paper: str, now: float) -> KeptPaperRow | None:
        """The paper of an id, under a valid consent."""
        ...

    async def ended(self, now: float, most: int) -> Sequence[tuple[str, str]]:
        """Ids and files of papers that are erased or over, or whose consent is; their keys are erased before."""
        ...

    async def remove(self, papers: Sequence[str]) -> None:
        """Delete rows whose files are deleted."""
        ...

    async def referred(self, files: Collection[str]) -> set[str]:
        """Which of these files (digests) are those of kept papers."""
        ...

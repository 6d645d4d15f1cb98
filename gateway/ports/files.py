"""Ports of files: content-addressed storage, and a virus scanner. Implementations: `adapters/files`.

A file is named by the SHA-256 of its content, so the same content is stored once. Nothing here is ever whole in memory.
Methods of `Files` raise FilesUnavailable.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import BinaryIO, NamedTuple, Protocol, TypeVar

_Seen = TypeVar("_Seen")


class FileDraft(Protocol):
    """A file that is being received; it disappears unless it is kept."""

    async def write(self, piece: bytes | bytearray) -> None:
        """Add to the content."""
        ...

    async def examine(self, look: Callable[[BinaryIO], _Seen]) -> _Seen:
        """The result of `look`, which reads the content so far, in a thread."""
        ...

    def pieces(self) -> AsyncIterator[bytes]:
        """The content so far."""
        ...

    async def digest(self) -> str:
        """SHA-256 of the content so far, in hexadecimal."""
        ...

    async def settle(self) -> None:
        """Make the content durable, still as a draft: after it, `keep` needs no more room on the disk."""
        ...

    async def keep(self, holder: str) -> None:
        """Store the settled content durably under its digest, for this holder."""
        ...


class FileContent(NamedTuple):
    """An open stored file."""

    #: bytes
    size: int
    pieces: AsyncIterator[bytes]


class Files(Protocol):
    """Stored files. A digest is 64 hexadecimal letters; a holder is a requester that may have links to the file."""

    def draft(self) -> AbstractAsyncContextManager[FileDraft]:
        """Receive a file."""
        ...

    def open(self, digest: str) -> AbstractAsyncContextManager[FileContent | None]:
        """A stored file, or None. Its pieces raise FilesUnavailable if the content is not that of its digest."""
        ...

    async def examine(self, digest: str, look: Callable[[BinaryIO], _Seen]) -> _Seen | None:
        """The result of `look`, which reads a stored file, in a thread; None if there is no such file."""
        ...

    async def hold(self, digest: str, holder: str) -> bool:
        """Add a holder, and begin the age of the file anew; False if there is no such file."""
        ...

    async def is_held(self, digest: str, holder: str) -> bool:
        """Whether the file exists and has this holder."""
        ...

    async def stored_before(self, before: float, after: str, limit: int) -> Sequence[str]:
        """Digests above `after`, ascending, of files stored or held last before a time (POSIX seconds)."""
        ...

    async def delete(self, digest: str, before: float | None = None) -> bool:
        """Delete a file and its holders; with `before` only if it was stored or held last before that time."""
        ...

    async def drop_interrupted(self) -> int:
        """Delete drafts whose process is gone; how many."""
        ...

    async def close(self) -> None:
        """Free threads and connections."""
        ...


class FileAtPortal(NamedTuple):
    """A file of a dossier that a portal was sent under a uid."""

    #: UUID, 36 characters
    uid: str
    portal: str
    #: origin and code of the dossier
    origin: str
    code: str
    digest: str


class FileUids(Protocol):
    """Uids of files at portals; one goes with the content of its dossier. Raises RelayUnavailable."""

    async def named(self, file: FileAtPortal, now: float) -> str:
        """The uid of this portal, dossier and file: an earlier one, else `file.uid`, durable from now on."""
        ...

    async def find(self, uid: str, portal: str) -> FileAtPortal | None:
        """What a portal knows under a uid; None: it was never given one, or not any more."""
        ...


class ScanVerdict(StrEnum):
    """The result of a scan."""

    CLEAN = "clean"
    FOUND = "found"
    UNAVAILABLE = "unavailable"


class ScanResult(NamedTuple):
    """The verdict, and the name of what was found."""

    verdict: ScanVerdict
    name: str = ""


class Scanner(Protocol):
    """A virus scanner. It never raises: a scanner that cannot say is UNAVAILABLE."""

    async def scan(self, pieces: AsyncIterator[bytes]) -> ScanResult:
        """The verdict on a content."""
        ...

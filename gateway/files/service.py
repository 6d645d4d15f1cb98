"""Files of dossiers: received, inspected, scanned and kept; linked, read and swept.

Each upload, link and download is a record before its answer leaves. A record has digest, size and kind; never a name of
a file, which may have a name of a person.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO, NamedTuple, assert_never

from gateway.config.gateway import FileSettings
from gateway.domain import sentences as say
from gateway.domain.errors import (
    BadRequest,
    FileRefused,
    NotFound,
    ScannerUnavailable,
    TooLarge,
    TooMany,
    Unprocessable,
)
from gateway.domain.evidence import NOTHING
from gateway.domain.exchange import Phase, Receipt
from gateway.domain.files import FileKind, StoredFile
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.files.inspection import InspectedFile, inspected, kind_in
from gateway.files.kinds import check_declared, check_name, download_name
from gateway.files.links import FileLink, FileLinks, ForgedLinks
from gateway.ports.files import FileContent, FileDraft, Files, Scanner, ScanVerdict
from gateway.telemetry import log

#: when a scanner that was away is asked again
_RETRY_SECONDS = 30
_LEAST_SECONDS = 60
_PAGE = 500
#: holder of the sealed copies of kept papers: no requester has this name
KEEPER = "kept papers"
_DAY_SECONDS = 86_400

#: notes of a record
RecordNotes = dict[str, str | int | bool]
#: which of these digests (hexadecimal) something refers to: dossiers, kept papers
Referred = Callable[[Sequence[str]], Awaitable[set[str]]]


class DeclaredFile(NamedTuple):
    """What a sender says of a file; blank is nothing."""

    name: str = ""
    media_type: str = ""
    #: SHA-256 of the content
    digest: bytes | None = None


class TakenFile(NamedTuple):
    """A file that was stored, and the receipt of its record."""

    file: StoredFile
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierFiles:
    """The use cases of files."""

    files: Files
    #: None: files are not scanned
    scanner: Scanner | None
    links: FileLinks
    settings: FileSettings
    recorder: Recorder
    #: forged links that came, so that few of a flood are recorded
    forged: ForgedLinks = field(default_factory=ForgedLinks)
    #: uploads under way, per requester
    under_way: dict[str, int] = field(default_factory=dict)

    async def take(
        self,
        stream: AsyncIterator[bytes],
        declared: DeclaredFile,
        caller: Caller,
        notes: Mapping[str, str] = NOTHING,
    ) -> TakenFile:
        """Store a file. Raises FileRefused (recorded), TooLarge, TooMany, FilesUnavailable, ScannerUnavailable."""
        if declared.name:
            check_name(declared.name)
        with self._counted(caller.requester.id):
            async with self.files.draft() as draft:
                digest, size = await self._received(stream, draft)
                if declared.digest not in (None, bytes.fromhex(digest)):
                    raise BadRequest(say.DIGEST_DIFFERS, code=ProblemCode.DIGEST_INVALID)
                facts: RecordNotes = {"digest": digest, "size": size, **notes}
                try:
                    seen = await draft.examine(partial(_examined, size, declared, self.settings.kinds))
                    await self._scan(draft)
                except FileRefused as refusal:
                    facts |= {"found": refusal.found} if refusal.found else {}
                    await self._record(caller, Phase.REFUSAL, refusal.problem_code, facts)
                    raise
                await draft.settle()
                facts |= {"kind": seen.kind.value}
                if seen.warnings:
                    facts["warnings"] = " ".join(seen.warnings)
                # No file without a record: one that only the record has is sent again, since nobody had an answer.
                receipt = await self._record(caller, Phase.DELIVERY, "file_stored", facts)
                await draft.keep(caller.requester.id)
        file = StoredFile(digest=digest, size=size, kind=seen.kind, warnings=seen.warnings)
        return TakenFile(file, receipt)

    async def link(
        self, digest: str, name: str, seconds: int, caller: Caller, *, dossier: str = ""
    ) -> tuple[str, FileLink]:
        """The token of a link to a file that the caller holds, and what is in it. Raises NotFound, Unprocessable.

        `name`: any text; the link has one under which the file can be saved.
        """
        most = self.settings.link_hours * 3_600
        if not _LEAST_SECONDS <= seconds <= most:
            raise Unprocessable(say.FILE_LINK_SECONDS(most=most), code=ProblemCode.VALUE_NOT_POSSIBLE)
        requester = caller.requester.id
        if not await self.files.is_held(digest, requester):
            await self._record_unknown(digest, caller, dossier)
            raise NotFound(code=ProblemCode.FILE_UNKNOWN)
        token, link = await self.sealed_link(
            digest, name, seconds, requester=requester, agency=caller.agency, dossier=dossier
        )
        ends = datetime.fromtimestamp(link.expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        facts: RecordNotes = {"digest": digest, "kind": link.kind.value, "expires": ends}
        await self._record(caller, Phase.DELIVERY, "file_linked", facts, dossier)
        return token, link

    async def sealed_link(
        self,
        digest: str,
        name: str,
        seconds: int,
        *,
        requester: str = "",
        agency: str = "",
        dossier: str = "",
    ) -> tuple[str, FileLink]:
        """The same for the gateway itself: the caller has decided and recorded who may have the file.

        `requester`, `agency`, `dossier`: of the records of downloads. Raises NotFound.
        """
        file = await self.stored(digest)
        if file is None:
            raise NotFound(code=ProblemCode.FILE_UNKNOWN)
        link = FileLink(
            expires=int(self._now()) + seconds, digest=digest, size=file.size, kind=file.kind,
            name=download_name(name, file.kind), requester=requester, agency=agency, dossier=dossier,
        )  # fmt: skip
        return self.links.sealed(link), link

    async def open_link(self, token: str, exchange: ExchangeId) -> FileLink:
        """The link of a token. Raises NotFound, the same for a forged, a changed and an ended one; recorded."""
        link = self.links.opened(token)
        if link is not None and self._now() < link.expires:
            return link
        if link is not None:
            await self._record_refused(link, exchange, "ended")
        elif self.forged.counts(self._now()):
            notes: RecordNotes = {"link": "forged", "unrecorded": self.forged.left_out()}
            await self.recorder.write(
                RecordHeader(exchange), Phase.REFUSAL, ProblemCode.FILE_UNKNOWN, notes=notes
            )
        raise NotFound

    async def _record_refused(self, link: FileLink, exchange: ExchangeId, why: str) -> None:
        about = RecordHeader(exchange, link.requester, link.agency, dossier=link.dossier)
        notes: RecordNotes = {"link": why, "digest": link.digest, "kind": link.kind.value}
        await self.recorder.write(about, Phase.REFUSAL, ProblemCode.FILE_UNKNOWN, notes=notes)

    @asynccontextmanager
    async def read(
        self, link: FileLink, exchange: ExchangeId, *, head: bool = False
    ) -> AsyncIterator[FileContent]:
        """The content of a link's file; recorded before the first byte, unless only its `head` is wanted.

        Raises NotFound if the file was deleted.
        """
        async with self.files.open(link.digest) as content:
            if content is None:
                await self._record_refused(link, exchange, "deleted")
                raise NotFound
            if not head:
                about = RecordHeader(exchange, link.requester, link.agency, dossier=link.dossier)
                notes: RecordNotes = {"digest": link.digest, "kind": link.kind.value}
                await self.recorder.write(about, Phase.DELIVERY, "file_read", notes=notes)
            yield content

    async def stored(self, digest: str) -> StoredFile | None:
        """A stored file as its content shows it, without warnings; None if it is not here."""
        return await self.files.examine(digest, partial(_described, digest))

    async def is_usable(self, digest: str, caller: Caller) -> bool:
        """Whether the caller holds a file, so that its dossiers may refer to it; its age then begins anew.

        One that it does not hold is recorded.
        """
        holder = caller.requester.id
        if await self.files.is_held(digest, holder) and await self.files.hold(digest, holder):
            return True
        await self._record_unknown(digest, caller)
        return False

    async def _record_unknown(self, digest: str, caller: Caller, dossier: str = "") -> None:
        """The record of a file that the caller named and does not hold; it is never said whose it is."""
        await self._record(caller, Phase.REFUSAL, ProblemCode.FILE_UNKNOWN, {"digest": digest}, dossier)

    async def sweep(self, referred: Referred, kept: Referred) -> int:
        """Delete files that nothing refers to and that are older than `unreferred_days`; how many.

        `kept` names the sealed copies of kept papers. It decides alone about a copy: one that no paper has was left by
        a crash, or by a paper that was kept again, and its key is gone.
        `Files.hold` begins the age of a file anew: call it before a dossier refers to an older file.
        """
        before = self._now() - self.settings.unreferred_days * _DAY_SECONDS
        after, count = "", 0
        while page := await self.files.stored_before(before, after, _PAGE):
            needed = await referred(page) | await kept(page)
            for digest in page:
                count += digest not in needed and await self.files.delete(digest, before)
            after = page[-1]
        if count:
            log().info("files.swept", count=count)
        return count

    def _now(self) -> float:
        return self.recorder.clock.now().timestamp()

    @contextmanager
    def _counted(self, requester: str) -> Iterator[None]:
        counts, most = self.under_way, self.settings.uploads_per_requester
        if counts.get(requester, 0) >= most:
            raise TooMany(say.UPLOADS_AT_A_TIME(most=most), retry_after=1)
        counts[requester] = counts.get(requester, 0) + 1
        try:
            yield
        finally:
            counts[requester] -= 1

    async def _received(self, stream: AsyncIterator[bytes], draft: FileDraft) -> tuple[str, int]:
        """Digest and size of the stream, which is then in the draft."""
        most, size = self.settings.most_bytes, 0
        async for piece in stream:
            size += len(piece)
            if size > most:
                raise TooLarge(say.AT_MOST_BYTES(largest=most))
            await draft.write(piece)
        return await draft.digest(), size

    async def _scan(self, draft: FileDraft) -> None:
        """Raises FileRefused if the scanner found malware, ScannerUnavailable if it cannot say."""
        if self.scanner is None:
            return
        result = await self.scanner.scan(draft.pieces())
        match result.verdict:
            case ScanVerdict.CLEAN:
                return
            case ScanVerdict.FOUND:
                raise FileRefused(say.FILE_INFECTED, code=ProblemCode.FILE_INFECTED, found=result.name)
            case ScanVerdict.UNAVAILABLE:
                raise ScannerUnavailable(say.SCANNER_AWAY(seconds=_RETRY_SECONDS), retry_after=_RETRY_SECONDS)
            case other:
                assert_never(other)

    async def _record(
        self, caller: Caller, phase: Phase, result: str, facts: RecordNotes, dossier: str = ""
    ) -> Receipt:
        about = RecordHeader(caller.exchange, caller.requester.id, caller.agency, dossier=dossier)
        return await self.recorder.write(about, phase, result, notes=facts)


def _examined(
    size: int, declared: DeclaredFile, kinds: Collection[FileKind], content: BinaryIO
) -> InspectedFile:
    found = inspected(content, size, kinds)
    check_declared(found.kind, declared.media_type, declared.name)
    return found


def _described(digest: str, content: BinaryIO) -> StoredFile:
    size = content.seek(0, os.SEEK_END)
    return StoredFile(digest=digest, size=size, kind=kind_in(content, size))

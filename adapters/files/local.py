"""Files in a folder of this machine, or of a file system that machines share.

`ab/cd/<digest>` is a file, `ab/cd/<digest>.<mark>` one of its holders; `drafts/` has what is being received. A file
appears whole, by a rename after its bytes are durable. Locks (flock) decide between processes: a draft is locked by the
process that writes it, so one without a lock is left over; `lock` keeps a file that is stored or held now from being
deleted as old.
"""

import asyncio
import errno
import fcntl
import hashlib
import io
import os
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, TypeVar, cast

from gateway.domain import sentences as say
from gateway.domain.errors import FilesUnavailable
from gateway.ports.files import FileContent
from gateway.telemetry import log

_Done = TypeVar("_Done")

_PRIVATE, _PRIVATE_FOLDER = 0o600, 0o700
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PAIR = re.compile(r"[0-9a-f]{2}", re.ASCII)
#: bytes read or written by one step of a thread
_PIECE = 262_144
#: bytes of a file that is read by the step that opens it, and hashed in the loop
_SMALL = 65_536
#: threads that read and write, and those that inspect: an archive that takes seconds holds up nothing but inspections
_THREADS, _INSPECTING_THREADS = 4, 2
#: seconds after which a full disk may have room again
_RETRY_SECONDS = 30
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def open_files(folder: Path) -> "LocalFiles":
    """The files of a folder, which is made if it is missing. Raises FilesUnavailable."""
    with _reported():
        for one in (folder, folder / "drafts"):
            one.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
    return LocalFiles(folder)


class FileThreads:
    """Blocking work with files, beside the loop and beside the threads of others."""

    def __init__(self, most: int) -> None:
        """Threads begin with the first work; `most` of them."""
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="files")

    async def run(self, work: Callable[[], _Done], undo: Callable[[_Done], object] | None = None) -> _Done:
        """The result of `work`; `undo` gets it when the caller is gone meanwhile.

        Raises FilesUnavailable for a fault of the system.
        """

        def reported() -> _Done:
            with _reported():
                return work()

        future = self._pool.submit(reported)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if undo is not None:
                future.add_done_callback(partial(_undone, undo))
            raise

    def close(self) -> None:
        """End the threads when their work is done."""
        self._pool.shutdown(wait=False)


class LocalFiles:
    """`Files` in a folder."""

    def __init__(self, folder: Path) -> None:
        """`folder` exists."""
        self._folder = folder
        self._threads = FileThreads(_THREADS)
        self._inspecting = FileThreads(_INSPECTING_THREADS)

    @asynccontextmanager
    async def draft(self) -> AsyncIterator["LocalDraft"]:
        """Receive a file; it is deleted unless it was kept."""
        draft = await self._threads.run(
            lambda: LocalDraft(
                self._folder, self._threads, self._inspecting, *_new_draft(self._folder / "drafts")
            ),
            LocalDraft.drop,
        )
        try:
            yield draft
        finally:
            await asyncio.shield(self._threads.run(draft.drop))

    @asynccontextmanager
    async def open(self, digest: str) -> AsyncIterator[FileContent | None]:
        """A stored file, compared with its digest while it is read."""
        found = await self._threads.run(lambda: _begun(_place(self._folder, digest)), _let_go)
        if found is None or isinstance(found, bytes):
            yield None if found is None else FileContent(len(found), _whole(found, digest))
            return
        file, reading = found, threading.Lock()
        try:
            yield FileContent(os.fstat(file.fileno()).st_size, _checked(self._threads, file, digest, reading))
        finally:
            await asyncio.shield(self._threads.run(partial(_closed, file, reading)))

    async def examine(self, digest: str, look: Callable[[BinaryIO], _Done]) -> _Done | None:
        """The result of `look` on a stored file."""

        def looked() -> _Done | None:
            file = _opened(_place(self._folder, digest))
            if file is None:
                return None
            with file:
                return look(file)

        return await self._threads.run(looked)

    async def hold(self, digest: str, holder: str) -> bool:
        """Add a holder."""

        def held() -> bool:
            place = _place(self._folder, digest)
            with _locked(self._folder, fcntl.LOCK_SH):
                if not place.exists():
                    return False
                os.utime(place)
                if not _marker(place, holder).exists():
                    _mark(place, holder)
                    _sync(place.parent)
            return True

        return await self._threads.run(held)

    async def is_held(self, digest: str, holder: str) -> bool:
        """Whether the file exists and has this holder."""
        place = _place(self._folder, digest)
        return await self._threads.run(lambda: place.exists() and _marker(place, holder).exists())

    async def stored_before(self, before: float, after: str, limit: int) -> Sequence[str]:
        """Digests of old files."""
        return await self._threads.run(lambda: _old(self._folder, before, after, limit))

    async def delete(self, digest: str, before: float | None = None) -> bool:
        """Delete a file and its holders."""
        return await self._threads.run(lambda: self._delete(digest, before))

    async def drop_interrupted(self) -> int:
        """Delete drafts that no process has locked."""
        return await self._threads.run(lambda: sum(map(_drop_left, (self._folder / "drafts").iterdir())))

    async def close(self) -> None:
        """End the threads."""
        self._threads.close()
        self._inspecting.close()

    def _delete(self, digest: str, before: float | None) -> bool:
        place = _place(self._folder, digest)
        with _locked(self._folder, fcntl.LOCK_EX):
            try:
                if before is not None and place.stat().st_mtime >= before:
                    return False
                place.unlink()
            except FileNotFoundError:
                return False
            for marker in place.parent.glob(f"{digest}.*"):
                marker.unlink(missing_ok=True)
            _sync(place.parent)
        return True


class LocalDraft:
    """`FileDraft` in a folder. Threads use the file one after the other, also after their caller was cancelled."""

    def __init__(
        self, folder: Path, threads: FileThreads, inspecting: FileThreads, path: Path, file: BinaryIO
    ) -> None:
        """`file`: open for reading and writing, locked."""
        self._folder = folder
        self._threads = threads
        self._inspecting = inspecting
        self._path = path
        self._file = file
        self._hash = hashlib.sha256()
        self._using = threading.Lock()
        #: pieces that are not written yet
        self._waiting = bytearray()

    async def write(self, piece: bytes | bytearray) -> None:
        """Add to the content; small pieces are written together."""
        self._waiting += piece
        if len(self._waiting) >= _PIECE:
            await self._threads.run(lambda: self._used(self._flush))

    async def examine(self, look: Callable[[BinaryIO], _Done]) -> _Done:
        """The result of `look` on the content so far."""
        return await self._inspecting.run(lambda: self._used(lambda: self._looked(look)))

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content so far."""
        at = 0
        while piece := await self._threads.run(partial(self._used, partial(self._piece, at))):
            yield piece
            at += len(piece)

    async def digest(self) -> str:
        """The digest of the content so far."""
        await self._threads.run(lambda: self._used(self._flush))
        return self._hash.hexdigest()

    async def settle(self) -> None:
        """Make the content durable."""
        await self._threads.run(lambda: self._used(self._settle))

    async def keep(self, holder: str) -> None:
        """Store the content; of concurrent equal ones the last stays."""
        await self._threads.run(lambda: self._used(lambda: self._keep(holder)))

    def drop(self) -> None:
        """Delete it, unless it was kept. Blocks while a thread uses the file."""
        with self._using:
            if not self._file.closed:
                self._path.unlink(missing_ok=True)
                self._file.close()

    def _used(self, use: Callable[[], _Done]) -> _Done:
        with self._using:
            if self._file.closed:  # its caller was cancelled before this thread began
                raise FilesUnavailable
            return use()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, bytearray()
        self._file.seek(0, os.SEEK_END)
        rest = memoryview(waiting)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._hash.update(waiting)

    def _looked(self, look: Callable[[BinaryIO], _Done]) -> _Done:
        self._flush()
        self._file.seek(0)
        return look(self._file)

    def _piece(self, at: int) -> bytes:
        self._flush()
        self._file.seek(at)
        return self._file.read(_PIECE)

    def _settle(self) -> None:
        self._flush()
        os.fsync(self._file.fileno())

    def _keep(self, holder: str) -> None:
        place = _place(self._folder, self._hash.hexdigest())
        with _locked(self._folder, fcntl.LOCK_SH):
            place.parent.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
            self._path.rename(place)
            _mark(place, holder)
            for folder in (place.parent, place.parent.parent, self._folder):
                _sync(folder)
        self._file.close()


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log().error("files.failed", error=error, fault=errno.errorcode.get(error.errno or 0, ""))
        if error.errno in _FULL:
            raise FilesUnavailable(say.FILES_DISK_FULL, retry_after=_RETRY_SECONDS) from None
        raise FilesUnavailable(say.FILES_FOLDER_FAULT, retry_after=_RETRY_SECONDS) from None


def _place(folder: Path, digest: str) -> Path:
    """Where the file of a digest is; nothing but a digest becomes part of a path."""
    if not _DIGEST.fullmatch(digest):
        raise ValueError("not a digest")
    return folder / digest[:2] / digest[2:4] / digest


def _marker(place: Path, holder: str) -> Path:
    """The empty file of one holder: a name of the configuration may have any letter."""
    return place.with_name(f"{place.name}.{hashlib.sha256(holder.encode()).hexdigest()[:32]}")


def _mark(place: Path, holder: str) -> None:
    os.close(os.open(_marker(place, holder), os.O_WRONLY | os.O_CREAT, _PRIVATE))


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, _PRIVATE)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _undone(undo: Callable[[_Done], object], future: "Future[_Done]") -> None:
    if not future.cancelled() and future.exception() is None:
        undo(future.result())


def _let_go(found: object) -> None:
    """Close what was opened for a caller that is gone."""
    if isinstance(found, io.IOBase):
        found.close()


def _new_draft(folder: Path) -> tuple[Path, BinaryIO]:
    """A new locked file. One that was taken for left over before it was locked is replaced by another."""
    while True:
        path = folder / token_hex(16)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _PRIVATE)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            # without a buffer: what a full disk refused would be written again when the file is closed
            return path, cast("BinaryIO", os.fdopen(handle, "w+b", buffering=0))
        os.close(handle)


def _drop_left(path: Path) -> bool:
    """Delete a draft that no process has locked."""
    with suppress(FileNotFoundError, BlockingIOError):
        handle = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        finally:
            os.close(handle)
        return True
    return False


def _opened(place: Path) -> BinaryIO | None:
    try:
        return cast("BinaryIO", place.open("rb", buffering=0))
    except FileNotFoundError:
        return None


def _begun(place: Path) -> BinaryIO | bytes | None:
    """A file, open; the content of a small one, so that it takes one step of a thread and not four."""
    file = _opened(place)
    if file is None or os.fstat(file.fileno()).st_size > _SMALL:
        return file
    with file:
        return file.read(_SMALL)


async def _whole(content: bytes, digest: str) -> AsyncIterator[bytes]:
    """The content of a small file, if the digest is right."""
    _compare(hashlib.sha256(content), digest)
    if content:
        yield content


def _compare(found: "hashlib._Hash", digest: str) -> None:
    if found.hexdigest() != digest:
        log().error("files.altered")
        raise FilesUnavailable(say.FILE_ALTERED)


def _closed(file: BinaryIO, reading: threading.Lock) -> None:
    with reading:
        file.close()


async def _checked(
    threads: FileThreads, file: BinaryIO, digest: str, reading: threading.Lock
) -> AsyncIterator[bytes]:
    """The content; its last piece only if the digest is right."""
    found = hashlib.sha256()

    def read() -> bytes:
        with reading:
            if file.closed:
                return b""
            piece = file.read(_PIECE)
            found.update(piece)
            return piece

    held = b""
    while piece := await threads.run(read):
        if held:
            yield held
        held = piece
    _compare(found, digest)
    if held:
        yield held


def _old(folder: Path, before: float, after: str, limit: int) -> Sequence[str]:
    """Digests of files older than `before`, in the order of their names."""
    found: list[str] = []
    for first in _pairs(folder, after[:2]):
        for second in _pairs(first, after[2:4] if first.name == after[:2] else ""):
            names = sorted(one.name for one in second.iterdir() if _DIGEST.fullmatch(one.name))
            for name in names:
                if name > after and (second / name).stat().st_mtime < before:
                    found.append(name)
                    if len(found) == limit:
                        return found
    return found


def _pairs(folder: Path, least: str) -> list[Path]:
    return sorted(one for one in folder.iterdir() if _PAIR.fullmatch(one.name) and one.name >= least)

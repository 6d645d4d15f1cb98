"""The high-water mark of the exchange log: the newest checkpoint that was seen, kept outside its database.

A database can go back: a standby that lagged is promoted, an old primary returns, a backup is restored. Its log is
then a good log for every check inside the database, only shorter, and what is signed next would take the place of
records that were answered. So a file of the state folder also stores the newest checkpoint (the signed note itself,
which any verifier reads) and in Valkey where there is one. Each database connection is compared with it before it is
used, and each batch before it is signed. Records that have no place yet are known by the newest one that this process
answered: its number and id in `append_log`.
"""

import asyncio
import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from adapters.stores.signing import open_signers
from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, LogRolledBack, PendingUnavailable, Problem
from gateway.domain.sentences import Sentence
from gateway.exchange_log.durable import PRIVATE, replace_file
from gateway.exchange_log.key_files import MARK_FILE
from gateway.exchange_log.merkle import EMPTY_ROOT
from gateway.exchange_log.note import Checkpoint, NoteBroken, NoteVerifier, open_note, split_note
from gateway.ports.cache import Cache
from gateway.ports.keys import Signer
from gateway.telemetry import log

#: what a database says of itself: the newest checkpoint, the one at the mark's size, the id of the record at a number,
#: the records of the tree (parameters: the mark's size, the number)
HEAD = (
    "(SELECT note FROM log_checkpoints ORDER BY size DESC LIMIT 1),"
    " (SELECT note FROM log_checkpoints WHERE size = {}), (SELECT id FROM append_log WHERE seq = {}),"
    " (SELECT size FROM log_state)"
)
HEAD_POSTGRES = HEAD.format("$1::bigint", "$2::bigint")
HEAD_SQLITE = HEAD.format("?", "?")
#: no row of `append_log` has this number
NO_ROW = -1
_SHARED_KEY = "log-mark:"
#: Valkey keeps the mark so long after it moved last
_SHARED_SECONDS = 400 * 86_400
_SHARED_REST_SECONDS = 5.0


class ExpectedLog(NamedTuple):
    """What a database must have now, to be the one that was seen before."""

    mark: Checkpoint
    #: number in `append_log` and id of the newest record that this process answered, while it has no place
    answered: tuple[int, str]
    #: records that a witness has signed, and its name
    claim: tuple[int, str]

    @property
    def parameters(self) -> tuple[int, int]:
        """Of `HEAD`."""
        return self.mark.size, self.answered[0]


class LogHead(NamedTuple):
    """One row of `HEAD`."""

    newest: str | None
    at_mark: str | None
    record: str | None
    #: records of the tree that grows; None where they are not there, SQLite gives any type that somebody wrote
    size: int | None


#: number and time of a file
_File = tuple[int, int] | None
_NOTHING_ANSWERED = (NO_ROW, "")


class HighWater:
    """The mark of one log in one process: its writer and its sequencer compare with it, each in a thread of its own."""

    __slots__ = (
        "_answered",
        "_claim",
        "_file",
        "_foreign",
        "_moving",
        "_numbered",
        "_path",
        "_published",
        "_shared",
        "_shared_again",
        "_shares",
        "_unreadable",
        "_verifiers",
        "fault",
        "kept",
        "mark",
        "note",
    )

    def __init__(
        self,
        origin: str,
        verifiers: Sequence[NoteVerifier] = (),
        path: Path | None = None,
        shared: Cache | None = None,
    ) -> None:
        """Reads the file; without one the first database is believed. ConfigError for the mark of another log.

        `verifiers` are the keys of the log: a checkpoint that none of them signed moves nothing.
        """
        self._verifiers = verifiers
        self._path = path
        self._shared = shared
        self.mark = Checkpoint(origin, 0, EMPTY_ROOT)
        #: the mark, signed
        self.note = ""
        #: none of the log's keys has signed the mark: they were changed since, or it is of another log
        self._foreign = False
        self._unreadable = False
        #: the file as this process left it
        self._file: _File = None
        #: whether the state folder took the mark; else only this process knows it
        self.kept = True
        #: what Valkey holds
        self._published = ""
        #: whether Valkey answered last, and when it is asked again (loop time)
        self._shares, self._shared_again = True, 0.0
        self._moving = threading.Lock()
        self._answered = _NOTHING_ANSWERED
        #: rows of `append_log` up to this number are in the tree of the mark
        self._numbered = NO_ROW
        #: records that a witness says to have seen, and who
        self._claim = (0, "")
        #: why nothing is answered and nothing is signed; None while the database is the one that was seen
        self.fault: LogRolledBack | None = None
        if path is not None:
            self._read(path)

    @property
    def empty(self) -> bool:
        """Whether nothing was ever seen, as on a host that is new."""
        return not self.note and not self._unreadable

    def expect(self) -> ExpectedLog:
        """What to ask a database for, before it is used."""
        answered = self._answered
        if answered[0] <= self._numbered:
            answered = _NOTHING_ANSWERED
        return ExpectedLog(self.mark, answered, self._claim)

    def compare(self, expected: ExpectedLog, head: LogHead) -> None:
        """LogRolledBack unless the database has what was demanded before it was asked; cheap and without the disk."""
        why = self._why(expected, head)
        if why is not None:
            self._refuse(why)
        if self.fault is not None:
            log().info("log.not_rolled_back", records=self.mark.size)
            self.fault = None

    def follow(self, expected: ExpectedLog, head: LogHead, numbered: int) -> None:
        """Compare, and move the mark to the newest checkpoint. Writes the file: call it in a thread.

        `numbered`: rows of `append_log` up to this number are in the tree, as the same statement says.
        """
        known = head.newest == self.note and expected.answered[1] == (head.record or "")
        known = known and head.size == self.mark.size
        if not known or self.fault is not None or expected.claim[0] > self.mark.size:
            self.compare(expected, head)
            self.move(head.newest or "")
        if head.newest == self.note:
            self._numbered = numbered
        if not self.kept:
            with self._moving:
                self._keep()

    def move(self, note: str) -> None:
        """Move the mark up to a checkpoint that a key of the log has signed. Writes the file: call it in a thread."""
        seen = self._checked(note) if note not in {"", self.note} else None
        if seen is not None:
            self.signed(seen, note)

    def signed(self, seen: Checkpoint, note: str) -> None:
        """The same for a checkpoint that this process has signed itself."""
        with self._moving:
            if seen.size > self.mark.size:
                self.mark, self.note, self._foreign = seen, note, False
                self._keep()

    def answered(self, seq: int, record_id: str) -> None:
        """The newest row of a batch is durable. LogRolledBack when its number lies before one that was answered."""
        if self._numbered < self._answered[0] >= seq:
            self._refuse(say.RECORD_ROLLED_BACK)
        self._answered = (seq, record_id)

    def claim(self, size: int, witness: str) -> None:
        """A witness has signed a checkpoint of this log with so many records: the database must have them."""
        self._claim = max(self._claim, (size, witness))

    @property
    def size(self) -> int:
        """Records of the mark."""
        return self.mark.size

    @property
    def root(self) -> str:
        """Root of the mark, hex."""
        return self.mark.root.hex()

    def find_missing(self, newest: str, at_mark: str, size: int) -> Sentence | None:
        """What a database lacks, whose newest checkpoint and that of the mark's size are given; empty for none.

        `size`: records of its tree.
        """
        return self._why(self.expect(), LogHead(newest or None, at_mark or None, None, size))

    async def accept(self, note: str) -> str:
        """Go back to a checkpoint, or to nothing; the name of the file that keeps the former mark."""
        if self._shared is not None:  # first: a host that learns the former mark again would refuse again
            await self._shared.put(_SHARED_KEY + self.mark.origin, note.encode(), _SHARED_SECONDS)
        return (
            "" if self._path is None else await asyncio.to_thread(_replace, self._path, note, self.mark.size)
        )

    async def fetch(self, *, required: bool = False) -> None:
        """Take up what processes of other hosts have seen, where there is Valkey; PendingUnavailable if `required`.

        Without Valkey the log goes on under the mark of this host.
        """
        if self._shared is None or (self._rests() and not required):
            return
        try:
            found = await self._shared.get(_SHARED_KEY + self.mark.origin)
        except PendingUnavailable as error:
            if required:
                raise
            self._not_shared(error)
            return
        self._shares = True
        self._published = found.decode("utf-8", "replace") if found is not None else ""
        if self._published not in {"", self.note}:
            await asyncio.to_thread(self.move, self._published)

    async def publish(self) -> None:
        """Give others what was seen here. A server that does not answer loses it, and gets the next one."""
        if (
            self._shared is None
            or self._foreign
            or _size_of(self._published) >= self.mark.size
            or self._rests()
        ):
            return
        if self.note:
            try:
                await self._shared.put(_SHARED_KEY + self.mark.origin, self.note.encode(), _SHARED_SECONDS)
            except PendingUnavailable as error:
                self._not_shared(error)
            else:
                self._published = self.note

    def _rests(self) -> bool:
        """Whether Valkey was away a moment ago: the log does not wait for it each time."""
        return not self._shares and asyncio.get_running_loop().time() < self._shared_again

    def _not_shared(self, error: PendingUnavailable) -> None:
        if self._shares:
            log().warning("log.mark_not_shared", error=error)
        self._shares, self._shared_again = False, asyncio.get_running_loop().time() + _SHARED_REST_SECONDS

    def _keep(self) -> None:
        if self._path is None:
            return
        try:
            self._file = _write(self._path, self._file, self.note, self.mark.size)
        except OSError as error:
            # In memory it holds on: only a restart before the folder takes it would know less.
            if self.kept:
                log().warning("log.mark_not_kept", error=error)
            self.kept = False
        else:
            self.kept = True

    def _refuse(self, why: Sentence) -> NoReturn:
        if self.fault is None:
            log().error("log.rolled_back", records=self.mark.size, error=why.en)
        self.fault = LogRolledBack(why)
        raise LogRolledBack(why)

    def _why(self, expected: ExpectedLog, head: LogHead) -> Sentence | None:
        """What the database lacks, or why nobody can tell; None when it has all of it.

        A newest checkpoint that cannot be read stops the next batch of a host that has seen nothing (`sequence_batch`).
        """
        if self._unreadable:
            return say.MARK_UNREADABLE(file=MARK_FILE)
        mark, newest = expected.mark, _checkpoint(head.newest, expected.mark.origin)
        claimed, name = expected.claim
        if newest is None:
            return say.CHECKPOINT_UNREADABLE if mark.size or claimed else None
        size = min(newest.size, head.size if isinstance(head.size, int) else 0)
        if size < mark.size:
            return self._gone(say.DATABASE_ROLLED_BACK(size=size, mark=mark.size))
        if mark.size and not _is_at(mark, head.at_mark):
            return self._gone(say.LOG_FORKED(mark=mark.size))
        if expected.answered[0] != NO_ROW and head.record != expected.answered[1]:
            return say.RECORD_ROLLED_BACK
        return say.WITNESS_SAW_MORE(size=size, mark=claimed, name=name) if size < claimed else None

    def _gone(self, why: Sentence) -> Sentence:
        return say.MARK_OF_UNKNOWN_KEY(file=MARK_FILE, mark=self.mark.size) if self._foreign else why

    def _checked(self, note: str) -> Checkpoint | None:
        """A checkpoint of this log that one of its keys has signed; None for anything else."""
        try:
            seen = Checkpoint.parse(open_note(note, self._verifiers))
        except NoteBroken:
            return None
        return seen if seen.origin == self.mark.origin else None

    def _read(self, path: Path) -> None:
        try:
            note = path.read_bytes().decode()
            seen = Checkpoint.parse(split_note(note)[0])
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError, NoteBroken):
            self._unreadable = True
            return
        if seen.origin != self.mark.origin:
            what = f"{path.name} is the mark of another log, {seen.origin}, with {seen.size} records"
            remedy = f"write log.origin: {seen.origin}; for a new log take {path.name} away"
            raise ConfigError([Problem(str(path), 0, what, remedy)])
        self.mark, self.note, self._foreign = seen, note, self._checked(note) is None


def _checkpoint(note: str | None, origin: str) -> Checkpoint | None:
    """What the database says, signed or not: an empty log without a note, None for a note that is spoilt."""
    if note is None:
        return Checkpoint(origin, 0, EMPTY_ROOT)
    try:
        found = Checkpoint.parse(split_note(note)[0])
    except (NoteBroken, AttributeError, TypeError):
        return None
    return found if found.origin == origin else None


def _is_at(mark: Checkpoint, note: str | None) -> bool:
    """Whether the checkpoint at the mark's size is the mark; one that cannot be read is not."""
    there = _checkpoint(note, mark.origin)
    return there is not None and there.root == mark.root


def _write(path: Path, ours: _File, note: str, size: int) -> _File:
    """Processes of one host share the file: one that is behind writes nothing. `ours`: as this process left it.

    OSError if the folder refuses.
    """
    with _locked(path):
        if _file(path) != ours and _size_in(path) >= size:
            return ours
        replace_file(path, note.encode())
        return _file(path)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time compares and replaces. OSError if the folder refuses."""
    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _file(path: Path) -> _File:
    """Which file it is; None for none."""
    try:
        found = os.stat(path)  # noqa: PTH116 -- with each checkpoint
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _size_in(path: Path) -> int:
    try:
        return _size_of(path.read_bytes().decode("utf-8", "replace"))
    except FileNotFoundError:
        return 0


def _size_of(note: str) -> int:
    """Records of a checkpoint, signed or not; 0 for anything else."""
    try:
        return Checkpoint.parse(split_note(note)[0]).size
    except NoteBroken:
        return 0


def _replace(path: Path, note: str, size: int) -> str:
    """The former mark is evidence of what was lost: it stays, under another name."""
    former = path.with_name(f"{path.name}.lost-{size}")
    with _locked(path):
        if path.exists():
            replace_file(former, path.read_bytes())
        if note:
            replace_file(path, note.encode())
        else:
            path.unlink(missing_ok=True)
    return former.name


def open_high_water(
    state_dir: Path, origin: str, keys: Sequence[Signer | str | None] = (None,), shared: Cache | None = None
) -> HighWater:
    """The mark of the log `origin` in a state folder, whose `keys` are those of `open_signers`.

    ConfigError for keys that cannot be had, and when the file there is of another log.
    """
    verifiers = [one.verifier for one in open_signers(state_dir, origin, keys)]
    return HighWater(origin, verifiers, state_dir / MARK_FILE, shared)

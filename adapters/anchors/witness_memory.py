"""What a witness remembers: the newest checkpoint that it signed of each log, durable before it answers.

SQLite, synchronous; comparing and writing are one transaction, so that two requests cannot pass one another, nor can
two processes over one file. What proves that a log was forked is kept as evidence, once for each size and root: so
only the log's own key can add to it. A proof that gives another new root proves nothing.
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from adapters.schema.migration import prepare
from adapters.schema.revision import DatabaseFile
from gateway.exchange_log.merkle import proves_fork, verify_consistency
from gateway.exchange_log.note import Checkpoint

_BUSY_SECONDS = 5.0
_MOST_EVIDENCE = 1_000
_SEEN = "SELECT size, root, note FROM seen WHERE origin = ?"
_KEEP = (
    "INSERT INTO seen VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET"
    " size = excluded.size, root = excluded.root, note = excluded.note, time = excluded.time"
)
_EVIDENCE = (
    "INSERT OR IGNORE INTO evidence (origin, size, root, seen_note, note, request, time) SELECT ?, ?, ?, ?, ?, ?, ?"
    " WHERE (SELECT count(root) FROM evidence) < ?"
)


class Submission(NamedTuple):
    """A checkpoint whose signature was verified, and what came with it."""

    old: int
    proof: tuple[bytes, ...]
    head: Checkpoint
    note: str
    #: the whole request, to be kept when it proves a fork
    request: bytes


class Refusal(NamedTuple):
    """Why a submission is not signed: `size` (`known` says which), `proof` or `root`."""

    why: str
    known: int
    #: it proves that the log was forked
    fork: bool = False


class Memory:
    """The memory of one witness in one file."""

    def __init__(self, path: Path) -> None:
        """Opens nothing."""
        self._path = path

    def begin(self, vkey: str) -> None:
        """Make the file where it is missing, for this key alone.

        ValueError for the memory of another key, NewerSchema for that of a newer release.
        """
        prepare(self._path, DatabaseFile.WITNESS)
        with closing(self._opened()) as connection:
            connection.execute(
                "INSERT INTO witness SELECT ? WHERE NOT EXISTS (SELECT 1 FROM witness)", (vkey,)
            )
            if connection.execute("SELECT vkey FROM witness").fetchall() != [(vkey,)]:
                raise ValueError("this is the memory of another witness")

    def add(self, given: Submission) -> Refusal | None:
        """Remember a checkpoint that grew out of the one remembered; a Refusal, and nothing changes, for others."""
        head = given.head
        with closing(self._opened()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            size, root, note = connection.execute(_SEEN, (head.origin,)).fetchone() or (0, b"", "")
            now = int(time.time())
            refusal = _judged(given, size, root)
            if refusal is None:
                connection.execute(_KEEP, (head.origin, head.size, head.root, given.note, now))
            elif refusal.fork:
                proof = (note, given.note, given.request, now)
                connection.execute(_EVIDENCE, (head.origin, head.size, head.root, *proof, _MOST_EVIDENCE))
            connection.execute("COMMIT")
        return refusal

    def size(self, origin: str) -> int:
        """How many records the remembered checkpoint of a log has; 0 for none."""
        with closing(self._opened()) as connection:
            row = connection.execute(_SEEN, (origin,)).fetchone()
        return row[0] if row else 0

    def _opened(self) -> sqlite3.Connection:
        # mode=rw: a memory that went missing while the witness runs is an error, not a fresh start
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
        )
        connection.execute("PRAGMA synchronous=FULL")
        return connection


def _judged(given: Submission, size: int, root: bytes) -> Refusal | None:
    head = given.head
    if given.old != size:
        return Refusal("size", size)
    fork = proves_fork(size, root, head.size, head.root, given.proof)
    if size == head.size and size and root != head.root:
        return Refusal("root", size, fork=True)
    if size == 0:
        return Refusal("proof", 0) if given.proof else None
    if not verify_consistency(size, root, head.size, head.root, given.proof):
        return Refusal("proof", size, fork)
    return None

"""The sequencer: gives the records of the exchange log their places in the tree, soon after they were written.

One task in each serving process; of all of them one at a time numbers records, the holder of a lease in
`log_state`. The lease is taken and renewed by the very transaction that writes a batch, so nothing is written
while nothing happens, and the process that finds the lease expired goes on. A batch is one transaction (entries, search
tables, tiles, checkpoint, state): whatever is killed at any instruction leaves either all of it or nothing.
Mutual exclusion does not rest on the lease, which only spares the work: a batch commits only on top of the size
that it began with, under the lock of that row.
"""

import asyncio
import contextlib
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from adapters.stores import sql
from adapters.stores.high_water import HighWater
from adapters.stores.sequence_batch import Numbering, OwnRows
from adapters.stores.sequencer_postgres import PostgresSequence
from adapters.stores.sequencer_sqlite import SqliteSequence
from adapters.stores.sifting import TagKeys
from adapters.stores.signing import open_signers
from gateway.domain.errors import GatewayError, LogNotSigned
from gateway.exchange_log.keys import Root, RootKeys, root_keys_in
from gateway.ports.keys import Signer
from gateway.telemetry import log

#: pause after a batch, in which records come together: many cost little more than one; a checkpoint each second
_GATHER_SECONDS = 0.5
#: and a process that has none of its own looks for those of others about once a second
_POLL_SECONDS = 0.5
_CLOSE_SECONDS = 5.0


class SequenceStore(Protocol):
    """Where batches are read from and written to."""

    #: rows of a full batch
    limit: int
    #: entries of the tree after the last look
    size: int
    #: rows of this process that wait for their numbers
    own: OwnRows
    #: rows that got no place so far, by reason (`sifting.QuarantineReason`)
    refused: Counter[str]
    #: what the database must have, before each batch
    high_water: HighWater

    async def number(self) -> int:
        """Number one batch in one transaction and return its rows, those that were refused included.

        0 when there is nothing to do or another process does it; LogUnavailable when it cannot be done.
        """
        ...

    async def close(self) -> None:
        """Free connection and thread."""
        ...


class SqlSequencer:
    """Numbers records until it is closed; its counters are for metrics."""

    __slots__ = (
        "_closing",
        "_gather_seconds",
        "_poll_seconds",
        "_store",
        "_stuck",
        "_task",
        "_woken",
        "batches",
        "failures",
        "fault",
        "own",
        "owner",
        "records",
        "vkey",
    )

    def __init__(
        self,
        store: SequenceStore,
        vkey: str,
        owner: str = "",
        gather_seconds: float = _GATHER_SECONDS,
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        """Does nothing before `start`."""
        self._store = store
        self._gather_seconds = gather_seconds
        self._poll_seconds = poll_seconds
        self._woken = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        #: where the log of this process leaves what it writes
        self.own = store.own
        #: the public key of the checkpoints
        self.vkey = vkey
        #: how the lease names this process
        self.owner = owner
        #: transactions, records and failed attempts of this process so far
        self.batches = 0
        self.records = 0
        self.failures = 0
        #: why the last attempt failed; empty after one that did not
        self.fault = ""
        self._stuck: LogNotSigned | None = None

    @property
    def stuck(self) -> LogNotSigned | None:
        """Why no further attempt goes better until somebody mends the log; LogRolledBack when nothing is answered."""
        return self._store.high_water.fault or self._stuck

    @property
    def unseen(self) -> bool:
        """Whether this host has never seen the log before."""
        return self._store.high_water.empty

    @property
    def mark_kept(self) -> bool:
        """Whether the state folder took the newest checkpoint, which a process that starts there must know."""
        return self._store.high_water.kept

    def claim(self, size: int, witness: str) -> None:
        """A witness has signed so many records of the log: nothing is answered while its database has fewer."""
        self._store.high_water.claim(size, witness)

    @property
    def size(self) -> int:
        """Entries of the tree when this process looked last."""
        return self._store.size

    def start(self) -> None:
        """Begin; call in the loop."""
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="sequencer")

    def wake(self) -> None:
        """A record was written in this process: do not wait for the next look. Costs next to nothing."""
        self._woken.set()

    async def close(self) -> None:
        """Number what is written and end; call it when the log is closed."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._woken.set()
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._task, _CLOSE_SECONDS)
        await self._store.close()

    async def _work(self) -> None:
        while True:
            closing = self._closing.is_set()
            self._woken.clear()
            numbered = await self._try()
            if numbered == self._store.limit:
                continue
            if closing:
                return
            await _wait(self._closing, self._gather_seconds)
            if not numbered:
                await _wait(self._woken, self._poll_seconds)

    async def _try(self) -> int:
        before = self._store.refused.copy()
        try:
            await self._store.high_water.fetch()
            numbered = await self._store.number()
            await self._store.high_water.publish()
        except Exception as error:  # noqa: BLE001 -- the task lives on, whatever a driver thinks of
            self.failures += 1
            self._tell(error.detail if isinstance(error, GatewayError) else type(error).__name__)
            self._stuck = error if isinstance(error, LogNotSigned) else None
            return 0
        self._tell("")
        self._stuck = None
        refused = self._store.refused - before
        for reason, count in refused.items():
            log().error("sequencer.quarantined", reason=reason, count=count)
        self.records += numbered - refused.total()
        self.batches += numbered > 0
        return numbered

    def _tell(self, fault: str) -> None:
        if fault and fault != self.fault:
            log().error("sequencer.failed", error=fault)
        elif self.fault and not fault:
            log().info("sequencer.recovered")
        self.fault = fault


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def open_sequencer(
    url: str,
    state_dir: Path,
    origin: str,
    keys: Sequence[Signer | str | None] = (None,),
    limit: int | None = None,
    root_key: Root | RootKeys | None = None,
    high_water: HighWater | None = None,
) -> SqlSequencer:
    """The sequencer of the log at `url`, which `open_log` has opened before; ConfigError for unfit keys or origin.

    `keys` are the signing key and, while it is changed, the former one (see `open_signers`). `root_key` is that of
    the log, as `open_log` has it: rows of other processes are known by keys that it opens. `high_water` is the one of
    `open_log`; without it the sequencer remembers for itself what it saw.
    """
    tags = TagKeys(root_key if root_key is not None else root_keys_in(state_dir))
    signers = open_signers(state_dir, origin, keys)[:2]
    numbering = Numbering(origin, *signers)
    seen = high_water or HighWater(origin, [one.verifier for one in signers])
    owner = uuid.uuid4().hex
    store: SequenceStore
    if sql.is_postgres(url):
        store = PostgresSequence(url, numbering, tags, owner, seen, *([limit] if limit else []))
    else:
        path = sql.sqlite_path(url, state_dir)
        store = SqliteSequence(path, numbering, tags, owner, seen, *([limit] if limit else []))
    return SqlSequencer(store, numbering.vkey, owner)

"""Rounds over the anchors of the log: ask those that are due, store their proofs, refuse prefill without proofs.

Every serving process reads the store's rows once a second, so all refuse and recover together. Only
the process that numbers records asks anchors. An anchor that hangs delays neither the others nor the round.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

from gateway.anchors.heads import Heads
from gateway.anchors.states import LATE, READY, REFUSING, AnchorState, stamp
from gateway.anchors.verified import VerifiedAnchors
from gateway.domain import sentences as say
from gateway.domain.anchoring import Anchored, AnchorFailed
from gateway.domain.errors import GatewayError, NotAnchored
from gateway.exchange_log.note import Checkpoint, split_note
from gateway.ports.anchors import Anchor, AnchorStore
from gateway.ports.exchange_log import LogKeeping, LogTree
from gateway.telemetry import log

_POLL_SECONDS = 1.0
_START_SECONDS = 2.0
_PATIENCE_SECONDS = 25.0
#: if no process has numbered records for so long, any process may ask
_SILENCE_SECONDS = 60.0
_RETRY_SECONDS = 10
#: a witness saw another log by our key, or a longer one
_ALARMING = frozenset({"forked", "ahead"})


class Rounds:
    """Run until they are closed."""

    def __init__(
        self, anchors: Sequence[Anchor], store: AnchorStore, rows: VerifiedAnchors, tree: LogTree,
        keeping: LogKeeping, heads: Heads, owner: str, every_seconds: float, grace_seconds: float,
        poll_seconds: float = _POLL_SECONDS, now: Callable[[], float] = time.time,
        claim: Callable[[int, str], None] = lambda _size, _name: None,
    ) -> None:  # fmt: skip
        """`owner` names this process as `NumberingState` does; `now` returns POSIX seconds.

        `claim` is called with the size that a witness has signed, and its name, if the log has fewer records.
        """
        self._claim = claim
        self._now = now
        self._store = store
        self._tree = tree
        self._keeping = keeping
        self._owner = owner
        self._poll_seconds = poll_seconds
        self._task: asyncio.Task[None] | None = None
        self._asking: dict[str, asyncio.Task[None]] = {}
        self.heads = heads
        self.rows = rows
        self.states = [AnchorState(one, every_seconds, grace_seconds) for one in anchors]
        #: whether prefill is refused; the only value that a prefill reads
        self.refusing = False

    async def start(self) -> None:
        """Do the first round, so that no request is answered that must be refused; then begin."""
        if not self.states:
            return
        with contextlib.suppress(GatewayError, TimeoutError):  # an unavailable store must not delay the start
            async with asyncio.timeout(_START_SECONDS):
                await self.ask_due()
        self._judge()
        self._task = asyncio.create_task(self._work(), name="anchors")

    async def close(self) -> None:
        """End at once."""
        tasks = [one for one in (self._task, *self._asking.values()) if one is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for one in self.states:
            await one.anchor.close()

    def demand(self) -> None:
        """Raises NotAnchored while an anchor has no proof for longer than the grace."""
        if self.refusing:
            names = ", ".join(one.anchor.name for one in self.states if one.state == REFUSING)
            raise NotAnchored(say.NOT_ANCHORED(names=names), retry_after=_RETRY_SECONDS)

    def shown(self) -> dict[str, dict[str, object]]:
        """Name of each anchor -> its state."""
        return {one.anchor.name: one.shown() for one in self.states}

    async def counts(self, row: Anchored) -> bool:
        """Whether a row's proof is valid; True for anchors that are no longer configured (it cannot be checked)."""
        known = (one.anchor for one in self.states if one.anchor.name == row.name)
        anchor = next((one for one in known if one.kind == row.kind), None)
        return anchor is None or not await self.rows.fault(anchor, row)

    async def ask_due(self) -> None:
        """Ask the anchors that are due, each in its own task. Raises LogUnavailable."""
        note = await self._tree.checkpoint()
        if not note:
            return  # nothing to anchor yet
        size = Checkpoint.parse(split_note(note)[0]).size
        for one in self.states:
            before = one.last
            row = await self.rows.newest(one.anchor, before)
            if one.last is not before:
                continue  # a new proof came meanwhile
            if row is not None and row.token and row != one.last:
                one.succeeded(row)
            one.last = row
        if await self._is_asking():
            for one in self.states:
                await self._ask(one, note, size)

    async def _ask(self, one: AnchorState, note: str, size: int) -> None:
        now = self._now()
        if one.last is None:
            # the grace begins now; a restart does not change that
            row = Anchored(0, one.anchor.kind, one.anchor.name, stamp(now), b"")
            await self._store.keep(row)
            one.last = row
        under_way = self._asking.get(one.anchor.name)
        if (under_way is not None and not under_way.done()) or self._waits_for_witness(one):
            return
        if one.due(size, now):
            self._asking[one.anchor.name] = asyncio.create_task(self._countersign(one, note))

    def _waits_for_witness(self, one: AnchorState) -> bool:
        """Whether the first daily file must wait: it is written once, and needs the witnesses' cosignatures."""
        others = (other for other in self.states if other.anchor.kind == "witness")
        return one.anchor.kind == "daily" and any(not other.size and not other.fault for other in others)

    async def _is_asking(self) -> bool:
        numbering = await self._keeping.numbering()
        return numbering.owner == self._owner or numbering.owned_until < self._now() - _SILENCE_SECONDS

    async def _countersign(self, one: AnchorState, note: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                # the daily file has the cosignatures; other anchors get the log's own note
                signed = await self.heads.witnessed() if one.anchor.kind == "daily" else note
                token = await one.anchor.countersign(signed)
                # the file of the day may already exist, with another checkpoint
                vouched = token.decode() if one.anchor.kind == "daily" else signed
                size = Checkpoint.parse(split_note(vouched)[0]).size
                row = Anchored(size, one.anchor.kind, one.anchor.name, stamp(self._now()), token)
                await self._store.keep(row)
        except AnchorFailed as error:
            if error.size:
                self._claim(error.size, one.anchor.name)
            self._failed(one, error.reason)
        except TimeoutError:
            self._failed(one, "timeout")
        except GatewayError:
            self._failed(one, "log_unavailable")
        except Exception as error:  # noqa: BLE001 -- one anchor never stops the others
            log().error("anchor.broken", anchor=one.anchor.name, error=error)
            self._failed(one, "broken")
        else:
            one.succeeded(row)
            self._judge()

    def _failed(self, one: AnchorState, reason: str) -> None:
        if reason != one.fault:
            write = log().error if reason in _ALARMING else log().warning
            write("anchor.failed", anchor=one.anchor.name, reason=reason)
        one.failed(reason, self._now())
        self._judge()

    def _judge(self) -> None:
        now = self._now()
        for one in self.states:
            before = one.judge(now)
            if before != one.state:
                write = {READY: log().info, LATE: log().warning, REFUSING: log().error}[one.state]
                write(f"anchor.{one.state}", anchor=one.anchor.name, reason=one.fault)
        self.refusing = any(one.state == REFUSING for one in self.states)

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            try:
                await self.ask_due()
            except GatewayError:
                pass  # the log is unavailable: reported elsewhere; the states still age
            except Exception as error:  # noqa: BLE001 -- the task lives on
                log().error("anchor.look_failed", error=error)
            self._judge()

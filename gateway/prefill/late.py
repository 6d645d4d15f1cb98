"""Continues an exchange after an incomplete answer left or after its client disconnected.

A late answer is recorded before it can be fetched. While the log or the store of late answers is unavailable, the work
is retried for a minute.
On any other failure the client learns that no more answers will come, and the exchange is closed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Protocol

from gateway.domain.errors import GatewayError, LogUnavailable, PendingUnavailable
from gateway.domain.exchange import Phase
from gateway.mapping.answer import PrefillAnswer
from gateway.prefill.answers import read_back
from gateway.prefill.exchange import Exchange
from gateway.prefill.pending import PendingStore
from gateway.prefill.records import Records
from gateway.prefill.release import Retained
from gateway.telemetry import log

_RETRY_SECONDS = 0.5
_RETRIES = 120
_CLOSE_SECONDS = 2.0
#: sources answer by the end of the exchange; a source that is this much later never answers
_GRACE_SECONDS = 5.0


class LateAnswering(Protocol):
    """Fills the form of an exchange with the answers so far, records it, and returns the answer."""

    def __call__(
        self, exchange: Exchange, pending: str | None = None, *, cut: bool = False
    ) -> Awaitable[bytes]:
        """The answer, once its record is durable. Raises LogUnavailable."""


class LateWork:
    """Completes exchanges in the background."""

    def __init__(
        self,
        pending: PendingStore,
        records: Records,
        answer: LateAnswering,
        retained: Callable[[Exchange], Retained],
    ) -> None:
        """Nothing runs yet. `retained`: what is kept beside an answer."""
        self._pending = pending
        self._records = records
        self._answer = answer
        self._retained = retained
        self._running: dict[asyncio.Task[None], Exchange] = {}
        self._followed: set[str] = set()

    async def open(self, exchange: Exchange) -> str | None:
        """A token for late answers; None when they cannot be kept: then none are promised."""
        token = self._pending.new_token(exchange.requester.id)
        state = self._state(exchange, {"exchange_id": exchange.id}, version=0, late=[])
        try:
            await self._pending.put(token, exchange.requester.id, state)
        except PendingUnavailable:
            return None
        return token

    def follow(self, exchange: Exchange, token: str, left: bytes) -> None:
        """Record and keep every late answer until nothing more is needed; `left` is the answer that left."""
        self._followed.add(token)
        following = self._start(exchange, self._follow(exchange, token, read_back(left)))
        following.add_done_callback(lambda _: self._followed.discard(token))

    def follows(self, token: str) -> bool:
        """Whether this process keeps the states of a token, so that no polling is needed."""
        return token in self._followed

    def abandon(self, exchange: Exchange) -> None:
        """The client is gone: ask nothing more, let calls in flight end, close the exchange with a record."""
        exchange.is_stopped = True
        self._start(exchange, self._abandon(exchange))

    async def ended(self) -> None:
        """Wait until no work is left."""
        while self._running:
            await asyncio.wait(self._running)

    async def close(self) -> None:
        """Give late work two seconds to end; then cancel it and close its exchanges."""
        if self._running:
            await asyncio.wait(self._running, timeout=_CLOSE_SECONDS)
        left = dict(self._running)
        for task, exchange in left.items():
            exchange.is_stopped = True
            task.cancel()
        if left:
            await asyncio.wait(left)
            closing = [asyncio.ensure_future(self._close(one)) for one in left.values()]
            await asyncio.wait(closing, timeout=_CLOSE_SECONDS)

    def _start(self, exchange: Exchange, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._running[task] = exchange
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        exchange = self._running.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log_defect(exchange, error)

    async def _abandon(self, exchange: Exchange) -> None:
        end = exchange.end + _GRACE_SECONDS
        while exchange.awaited and asyncio.get_running_loop().time() < end:
            await exchange.wait(end)
        if exchange.failure is not None:
            _log_defect(exchange, exchange.failure)
        await self._close(exchange)

    async def _close(self, exchange: Exchange) -> None:
        try:
            # not while an intent is being written: this record must be the last
            async with exchange.announcing or contextlib.nullcontext():
                await self._records.write(exchange, Phase.ABANDONED)
        except GatewayError:
            log().warning("prefill.exchange.open", exchange_id=exchange.id)

    async def _follow(self, exchange: Exchange, token: str, left: PrefillAnswer) -> None:
        kept = _Newest(left)
        try:
            await self._keep_up(exchange, token, kept)
        except Exception as error:  # noqa: BLE001 -- a defect here must not leave anybody waiting
            log().error("prefill.late.defect", exchange_id=exchange.id, reason=type(error).__name__)
            exchange.is_stopped = True
            await self._keep(exchange, token, kept.answer, version=kept.version + 1, late=[], done=True)
            await self._abandon(exchange)

    async def _keep_up(self, exchange: Exchange, token: str, kept: "_Newest") -> None:
        had, papers = seen(kept.answer), papers_seen(kept.answer)
        await self._keep(exchange, token, kept.answer, version=0, late=[])
        exchange.is_followed = exchange.waits = True
        failures, end = 0, exchange.end + _GRACE_SECONDS
        while True:
            while not failures and exchange.awaited and exchange.landed == exchange.seen:
                if asyncio.get_running_loop().time() >= end:
                    raise TimeoutError("a source has not kept to the end")
                await exchange.wait(end)
            done = not exchange.awaited
            broken = done and exchange.failure is not None
            try:
                answer = read_back(await self._answer(exchange, None if done else token, cut=broken))
            except (LogUnavailable, PendingUnavailable):
                failures += 1
                if failures > _RETRIES:
                    await self._keep(exchange, token, None, version=kept.version + 1, late=[])
                    return
                await asyncio.sleep(_RETRY_SECONDS)
                # when the store failed, retry the store only: each new answer would write a record
                await self._keep(exchange, token, kept.answer, version=kept.version, late=[])
                continue
            kept.version, failures = kept.version + 1, 0
            late = [key for key, now in seen(answer).items() if _differs(had.get(key), now)]
            late += [code for code, state in papers_seen(answer).items() if papers.get(code) != state]
            await self._keep(exchange, token, answer, version=kept.version, late=late, done=done)
            kept.answer = answer
            if done:
                if exchange.failure is not None:
                    _log_defect(exchange, exchange.failure)
                return

    async def _keep(
        self,
        exchange: Exchange,
        token: str,
        answer: object,
        *,
        version: int,
        late: list[str],
        done: bool = False,
    ) -> None:
        """Keep what can be fetched; retry for a minute while the store is unavailable."""
        state = self._state(exchange, answer, version=version, late=late, done=done)
        for _ in range(_RETRIES):
            try:
                await self._pending.put(token, exchange.requester.id, state)
            except PendingUnavailable:
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    def _state(
        self, exchange: Exchange, answer: object, *, version: int, late: list[str], done: bool = False
    ) -> dict[str, object]:
        retained = self._retained(exchange)
        return {"answer": answer, "version": version, "done": done, "late": late, **retained}


class _Newest:
    """The newest state that can be fetched."""

    __slots__ = ("answer", "version")

    def __init__(self, answer: PrefillAnswer) -> None:
        self.answer = answer
        self.version = 0


def _log_defect(exchange: Exchange, error: BaseException) -> None:
    log().error("prefill.exchange.defect", exchange_id=exchange.id, reason=type(error).__name__)


def _differs(before: tuple[object, ...] | None, now: tuple[object, ...]) -> bool:
    """Whether a value came, changed, or is withdrawn."""
    return before != now and (now[1] is not None or (before is not None and before[1] is not None))


def seen(answer: PrefillAnswer) -> dict[str, tuple[object, ...]]:
    """The fields of an answer as the citizen sees them: form key -> state, value, attribute."""
    return {
        key: (entry["state"], entry["value"], entry["attribute"], entry.get("check"))
        for key, entry in answer["fields"].items()
    }


def papers_seen(answer: PrefillAnswer) -> Mapping[str, str]:
    """State of each paper: code -> state."""
    return {paper["code"]: paper["state"] for paper in answer["papers"]}

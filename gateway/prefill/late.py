"""What goes on after an answer left without everything, or after nobody waits for it any more.

A late answer is recorded before it can be fetched; while the log cannot be written, it waits.
Whatever fails, whoever waits for late answers hears that there will be no more, and the exchange is closed.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass

from gateway.domain.errors import GatewayError, LogUnavailable
from gateway.domain.exchange import Phase
from gateway.prefill.exchange import Exchange
from gateway.prefill.prepared import Tools
from gateway.telemetry import log

_RETRY_SECONDS = 0.5
_RETRIES = 120
_CLOSE_SECONDS = 2.0


class LateWork:
    """Follows gatherings to their end, in the background."""

    def __init__(self, tools: Tools) -> None:
        """Nothing runs yet."""
        self._tools = tools
        self._running: dict[asyncio.Task[None], Exchange] = {}
        self._followed: set[str] = set()

    async def open(self, running: Exchange) -> str:
        """A token under which late answers will be found."""
        token = self._tools.pending.new_token()
        await self._keep(running, token, {"exchange_id": running.id}, version=0, late=[])
        return token

    def follow(
        self, running: Exchange, task: "asyncio.Task[None]", token: str, shown: Mapping[str, object]
    ) -> None:
        """Record and keep every arrival until nothing more is needed; `shown` is the answer that left."""
        self._followed.add(token)
        following = self._start(running, self._follow(running, task, token, shown))
        following.add_done_callback(lambda _: self._followed.discard(token))

    def follows(self, token: str) -> bool:
        """Whether this process keeps the states of a token, so that nobody has to look for them."""
        return token in self._followed

    def abandon(self, running: Exchange, task: "asyncio.Task[None] | None") -> None:
        """Nobody waits: ask nothing more, let the calls under way end, close the exchange with a record."""
        running.gathering.stop()
        self._start(running, self._abandon(running, task))

    async def ended(self) -> None:
        """Wait until nothing is under way."""
        while self._running:
            await asyncio.wait(self._running)

    async def close(self) -> None:
        """Give late work two seconds to end; what does not is broken off, and its exchange closed."""
        if self._running:
            await asyncio.wait(self._running, timeout=_CLOSE_SECONDS)
        left = dict(self._running)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
            closing = [asyncio.ensure_future(self._abandon(one, None)) for one in left.values()]
            await asyncio.wait(closing, timeout=_CLOSE_SECONDS)

    def _start(self, running: Exchange, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._running[task] = running
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        _tell(task, self._running.pop(task))

    async def _abandon(self, running: Exchange, task: "asyncio.Task[None] | None") -> None:
        if task is not None:
            await asyncio.wait((task,))
            _tell(task, running)
        try:
            await running.record(Phase.ABANDONED)
        except GatewayError:
            log().warning("prefill.exchange.open", exchange_id=running.id)

    async def _follow(
        self, running: Exchange, task: "asyncio.Task[None]", token: str, shown: Mapping[str, object]
    ) -> None:
        kept = _Kept(shown)
        try:
            await self._keep_up(running, task, token, kept)
        except Exception as error:  # noqa: BLE001 -- a defect here must not leave anybody waiting
            log().error("prefill.late.defect", exchange_id=running.id, reason=type(error).__name__)
            running.gathering.stop()
            await self._keep(running, token, kept.answer, version=kept.version + 1, late=[], done=True)
            await self._abandon(running, task)

    async def _keep_up(
        self, running: Exchange, task: "asyncio.Task[None]", token: str, kept: "_Kept"
    ) -> None:
        arrived, shown = asyncio.Event(), kept.answer
        had, papers = seen(shown), papers_seen(shown)
        await self._keep(running, token, shown, version=0, late=[])
        running.gathering.arrived = arrived.set
        running.waits = True
        failures = 0
        while True:
            if not failures:
                waiting = asyncio.ensure_future(arrived.wait())
                await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                arrived.clear()
            done = task.done()
            broken = done and _defect(task) is not None
            try:
                answer = await running.answer(pending=None if done else token, cut=broken)
            except LogUnavailable:
                failures += 1
                if failures > _RETRIES:
                    await self._keep(running, token, None, version=kept.version + 1, late=[])
                    return
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            kept.version, failures = kept.version + 1, 0
            late = [key for key, now in seen(answer).items() if _differs(had.get(key), now)]
            late += [code for code, state in papers_seen(answer).items() if papers.get(code) != state]
            await self._keep(running, token, answer, version=kept.version, late=late, done=done)
            kept.answer = answer
            if done:
                _tell(task, running)
                return

    async def _keep(
        self,
        running: Exchange,
        token: str,
        answer: object,
        *,
        version: int,
        late: list[str],
        done: bool = False,
    ) -> None:
        state = {"answer": answer, "version": version, "done": done, "late": late, **running.held()}
        await self._tools.pending.put(token, running.requester.id, state)


@dataclass(slots=True)
class _Kept:
    """The newest state that can be fetched."""

    answer: Mapping[str, object]
    version: int = 0


def _defect(task: "asyncio.Task[None]") -> BaseException | None:
    """What a task that is done ended by, unless it came to its end or was broken off."""
    return None if task.cancelled() else task.exception()


def _tell(task: "asyncio.Task[None]", running: Exchange) -> None:
    if (error := _defect(task)) is not None:
        log().error("prefill.exchange.defect", exchange_id=running.id, reason=type(error).__name__)


def _differs(before: tuple[object, ...] | None, now: tuple[object, ...]) -> bool:
    """Whether a value came, changed, or is taken back."""
    return before != now and (now[1] is not None or (before is not None and before[1] is not None))


def seen(answer: Mapping[str, object]) -> dict[str, tuple[object, ...]]:
    """What of an answer's fields the citizen sees: form key -> state, value, attribute."""
    fields = answer.get("fields")
    entries = fields.items() if isinstance(fields, dict) else ()
    return {key: (entry["state"], entry["value"], entry["attribute"]) for key, entry in entries}


def papers_seen(answer: Mapping[str, object]) -> dict[str, object]:
    """What becomes of each paper: code -> state."""
    papers = answer.get("papers")
    return {paper["code"]: paper["state"] for paper in papers} if isinstance(papers, list) else {}

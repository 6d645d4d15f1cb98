"""What goes on after an answer left without everything, or after nobody waits for it any more.

A late answer is recorded before it can be fetched; while the log cannot be written, it waits.
"""

import asyncio
from collections.abc import Coroutine

from gateway.domain.errors import GatewayError, LogUnavailable
from gateway.domain.exchange import Phase
from gateway.prefill.exchange import Exchange, seen
from gateway.prefill.prepared import Tools
from gateway.telemetry import log

_RETRY_SECONDS = 0.5
_RETRIES = 120


class LateWork:
    """Follows gatherings to their end, in the background."""

    def __init__(self, tools: Tools) -> None:
        """Nothing runs yet."""
        self._tools = tools
        self._running: set[asyncio.Task[None]] = set()

    async def open(self, running: Exchange) -> str:
        """A token under which late answers will be found."""
        token = self._tools.pending.new_token()
        await self._keep(running, token, {"exchange_id": running.id}, version=0, late=[])
        return token

    def follow(self, running: Exchange, task: "asyncio.Task[None]", token: str) -> None:
        """Record and keep every arrival until nothing more is needed."""
        self._start(self._follow(running, task, token))

    def abandon(self, running: Exchange, task: "asyncio.Task[None]") -> None:
        """Nobody waits: start no further wave, let the calls under way end, close the exchange with a record."""
        running.gathering.stop()
        self._start(self._abandon(running, task))

    async def close(self) -> None:
        """Give late work two seconds to end."""
        if self._running:
            await asyncio.wait(self._running, timeout=2)
        for task in list(self._running):
            task.cancel()

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _abandon(self, running: Exchange, task: "asyncio.Task[None]") -> None:
        await asyncio.wait((task,))
        try:
            await running.record(Phase.ABANDONED)
        except GatewayError:
            log().warning("prefill.exchange.open", exchange_id=running.id)

    async def _follow(self, running: Exchange, task: "asyncio.Task[None]", token: str) -> None:
        arrived = asyncio.Event()
        had = running.state()
        running.gathering.arrived = arrived.set
        version, failures = 0, 0
        while True:
            if not failures:
                waiting = asyncio.ensure_future(arrived.wait())
                await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                arrived.clear()
            done = task.done()
            try:
                if done:
                    task.result()
                answer = await running.answer(pending=None if done else token)
            except LogUnavailable:
                failures += 1
                if failures > _RETRIES:
                    await self._keep(running, token, None, version=version + 1, late=[])
                    return
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            version, failures = version + 1, 0
            fields = answer["fields"]
            entries = fields.items() if isinstance(fields, dict) else ()
            late = [k for k, entry in entries if entry["value"] is not None and had.get(k) != seen(entry)]
            await self._keep(running, token, answer, version=version, late=late, done=done)
            if done:
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
        state = {"answer": answer, "version": version, "done": done, "late": late}
        await self._tools.pending.put(token, running.requester.id, state)

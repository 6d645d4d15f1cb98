"""Heavy work off the loop: one piece at a time, and nobody waits past his deadline."""

import asyncio
import threading

import pytest

from adapters.transport.call import AnswerReading, HttpPeer, Wire
from adapters.transport.connection import HttpAnswer
from adapters.transport.faults import ProviderError
from adapters.transport.heavy import Heavy
from gateway.config.gateway import Limits
from gateway.domain.evidence import AnswerFault, Outcome
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from tests import unhurried
from tests.adapters.asking import Plain, called
from tests.adapters.raw_peers import answer, raw_peer, saying, soon, tools


class Work:
    """Work that ends when it is told to, and notes how much of it is under way."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.begun: list[int] = []
        self.most = 0
        self._under_way = 0
        self._lock = threading.Lock()

    def __call__(self, number: int) -> int:
        with self._lock:
            self.begun.append(number)
            self._under_way += 1
            self.most = max(self.most, self._under_way)
        assert self.may_end.wait(10)
        with self._lock:
            self._under_way -= 1
        return number


async def test_twenty_pieces_are_done_one_after_another() -> None:
    heavy, work = Heavy(), Work()
    all_of_them = asyncio.gather(*(heavy.begin(work, number) for number in range(20)))
    while not work.begun:
        await asyncio.sleep(0)
    work.may_end.set()
    assert await all_of_them == list(range(20))
    assert work.most == 1


class Slow(Plain):
    """Reads its answers in a thread, by `work`."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def read(self, asked: Wire, answer: HttpAnswer) -> AnswerReading[HttpAnswer]:
        self._work(int(asked.target[1:]))
        return super().read(asked, answer)


async def test_call_past_its_end_is_busy_and_its_work_is_never_begun() -> None:
    work = Work()
    async with raw_peer(saying(answer(bytes(range(1, 100)) * 1_000))) as raw:
        peer = HttpPeer(raw.url, Limits(**unhurried.limits()), tools())

        def ask(number: int, seconds: float) -> asyncio.Future[HttpAnswer]:
            wire = Wire("GET", f"/{number}", {}, None)
            return asyncio.ensure_future(called(peer, wire, soon(seconds), speech=Slow(work)))

        first = ask(1, 10)
        while not work.begun:
            await asyncio.sleep(0)
        with pytest.raises(ProviderError) as caught:
            await ask(2, 0.3)
        fault = caught.value
        assert (fault.outcome, fault.reason, fault.retry_in) == (Outcome.UNAVAILABLE, Reason.SOURCE_BUSY, 1)
        assert fault.fault == AnswerFault(FaultCode.READING_LATE)
        assert not fault.at_fault
        work.may_end.set()
        assert (await first).status == 200
        assert (await ask(3, 10)).status == 200
        assert work.begun == [1, 3]
        assert (peer.guard.places.inside, len(raw.requests)) == (0, 3)
        await peer.close()

"""Heavy work off the loop: one piece at a time, and nobody waits past his deadline."""

import asyncio
import threading

import pytest

from adapters.transport.faults import ProviderError
from adapters.transport.heavy import Heavy
from gateway.domain.evidence import Outcome, Reason
from tests.adapters.raw_peers import soon


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
    all_of_them = asyncio.gather(*(heavy.run(soon(10), work, number) for number in range(20)))
    while not work.begun:
        await asyncio.sleep(0)
    work.may_end.set()
    assert await all_of_them == list(range(20))
    assert work.most == 1


async def test_whoever_waits_past_his_deadline_is_told_and_his_work_is_never_begun() -> None:
    heavy, work = Heavy(), Work()
    first = asyncio.ensure_future(heavy.run(soon(10), work, 1))
    while not work.begun:
        await asyncio.sleep(0)
    with pytest.raises(ProviderError) as caught:
        await heavy.run(soon(0), work, 2)
    fault = caught.value
    assert (fault.outcome, fault.reason, fault.retry_in) == (Outcome.UNAVAILABLE, Reason.SOURCE_BUSY, 1)
    assert not fault.at_fault
    work.may_end.set()
    assert await first == 1
    assert await heavy.run(soon(10), work, 3) == 3
    assert work.begun == [1, 3]

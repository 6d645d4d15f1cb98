"""Names of providers: one look-up at a time, and a name server that is silent harms nobody else."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.transport.dial import Dialer, LookUp

_SECONDS = 5.0


class Names:
    """A name server: gives `address`, or is silent, or knows nothing."""

    def __init__(self, *address: int) -> None:
        self.ports = address
        self.asked = 0
        self.silent = False
        self.let_go = threading.Event()

    def __call__(self, _name: str, _port: int, _family: int, kind: int) -> list[tuple[Any, ...]]:
        self.asked += 1
        if self.silent:
            self.let_go.wait(_SECONDS)
        if not self.ports:
            raise socket.gaierror(socket.EAI_NONAME, "")
        return [(socket.AF_INET, kind, 6, "", ("127.0.0.1", port)) for port in self.ports]


@asynccontextmanager
async def listening() -> AsyncIterator[int]:
    """The port of somebody who takes connections."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def dialer(look_up: LookUp, name: str = "provider.example") -> Dialer:
    return Dialer(f"http://{name}", None, look_up)


async def reach(one: Dialer, seconds: float = _SECONDS) -> bool:
    """Whether a connection comes about; OSError when it cannot."""
    try:
        async with asyncio.timeout(seconds):
            made = await one.connect(_Connected)
    except TimeoutError:
        return False
    made.transport.abort()
    return True


class _Connected(asyncio.Protocol):
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport


def forget(one: Dialer) -> None:
    """Let the minute pass for which addresses are known."""
    one._known_until = 0.0


async def test_silent_name_server_is_asked_once_and_leaves_other_providers_alone() -> None:
    async with listening() as port:
        mute, well = Names(), Names(port)
        mute.silent = True
        silent = [dialer(mute, "one.example") for _ in range(40)]
        waiting = [asyncio.create_task(reach(one, 0.3)) for one in silent for _ in range(3)]
        await asyncio.sleep(0)
        try:
            # threads that all share would be used up by now
            assert all(await asyncio.gather(*(reach(dialer(well)) for _ in range(20))))
            assert not any(await asyncio.gather(*waiting))
            assert (mute.asked, well.asked) == (40, 20)
        finally:
            mute.let_go.set()


async def test_many_who_want_one_name_share_its_look_up() -> None:
    async with listening() as port:
        names = Names(port)
        one = dialer(names)
        assert all(await asyncio.gather(*(reach(one) for _ in range(20))))
        assert await reach(one)
        assert names.asked == 1


def _lost(names: Names) -> None:
    names.ports = ()


def _mute(names: Names) -> None:
    names.silent = True


@pytest.mark.parametrize("spoil", [_lost, _mute])
async def test_known_addresses_stay_in_use_until_there_are_newer_ones(spoil: Callable[[Names], None]) -> None:
    async with listening() as port:
        names = Names(port)
        one = dialer(names)
        assert await reach(one)
        spoil(names)
        forget(one)
        try:
            assert all([await reach(one) for _ in range(3)])
            assert names.asked == 2
        finally:
            names.let_go.set()


async def test_new_addresses_replace_those_that_nobody_answers_at() -> None:
    async with listening() as gone:
        pass
    async with listening() as port:
        names = Names(gone)
        one = dialer(names)
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                await reach(one)
        names.ports = (port,)
        assert await reach(one)
        assert names.asked == 3


async def test_name_that_nobody_knows_is_an_error_for_each_who_waits() -> None:
    one = dialer(Names())
    found = await asyncio.gather(*(reach(one) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(error, socket.gaierror) for error in found)

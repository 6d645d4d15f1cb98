"""Writes records until it is killed and prints those that were acknowledged: run by `test_log.py`."""

import asyncio
import os
import sys
from pathlib import Path

from adapters.stores.opening import open_log

sys.path.insert(0, str(Path(__file__).parents[2]))

from adapters.stores.log import SqlExchangeLog
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.domain.identifiers import new_exchange_id


async def write(log: SqlExchangeLog) -> None:
    """One writer among many."""
    while True:
        exchange = new_exchange_id()
        await log.append(
            ExchangeRecord(exchange=exchange, phase=Phase.INTENT, time="2026-11-25T03:04:05.678Z")
        )
        os.write(1, f"{exchange}\n".encode())


async def main() -> None:
    """Eight writers that share transactions."""
    log = open_log(sys.argv[1], Path(sys.argv[2]), "log.test/exchange", bytes(range(32)))
    while not await log.ready():
        await asyncio.sleep(0.1)
    await asyncio.gather(*(write(log) for _ in range(8)))


asyncio.run(main())

"""Writes and numbers records until it is killed and prints those that were acknowledged: run by the kill tests.

numbering_writer.py URL FOLDER WRITERS
"""

import asyncio
import os
import sys
from pathlib import Path

import structlog

from adapters.stores.opening import open_log

sys.path.insert(0, str(Path(__file__).parents[2]))

from adapters.stores.log import SqlExchangeLog
from gateway.domain.errors import LogUnavailable
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.domain.identifiers import new_exchange_id
from tests.stores.numbered import sequencer
from tests.stores.sample import ORIGIN, ROOT_KEY


async def write(log: SqlExchangeLog) -> None:
    """One writer among many; what is refused, as by a lock that takes too long, is not printed."""
    while True:
        exchange = new_exchange_id()
        try:
            await log.append(
                ExchangeRecord(exchange=exchange, phase=Phase.INTENT, time="2026-11-25T03:04:05.678Z")
            )
        except LogUnavailable:
            await asyncio.sleep(0.05)
            continue
        os.write(1, f"{exchange}\n".encode())
        await asyncio.sleep(0.002)


async def main() -> None:
    """Some writers and a sequencer that hardly pauses. Standard output is for acknowledged records only."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    url, folder, writers = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    log = open_log(url, folder, ORIGIN, ROOT_KEY)
    one = sequencer(url, folder, limit=40)
    one._gather_seconds = 0.01
    log.sequencer = one
    one.start()
    os.write(1, b"ready\n")
    await asyncio.gather(asyncio.Event().wait(), *(write(log) for _ in range(writers)))


asyncio.run(main())

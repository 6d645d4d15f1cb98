"""Prunes a log below a place, step by step, until it is killed: run by the kill tests.

pruner.py URL FOLDER BELOW
"""

import asyncio
import os
import sys
from pathlib import Path

from tests.stores.opened import open_retention

sys.path.insert(0, str(Path(__file__).parents[2]))

from gateway.ports.exchange_log import Archived


async def main() -> None:
    """One line when it begins."""
    url, folder, below = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    retention = open_retention(url, folder)
    os.write(1, b"ready\n")
    archive = Archived("a-0", "2024-01", 0, below, "2024-01-05T03:04:05.678Z", "00")
    async for _ in retention.prune([archive], below, "2026-11-25T00:00:00.000Z"):
        pass
    await retention.close()


asyncio.run(main())

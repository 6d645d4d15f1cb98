"""Claims what is due and says what it holds, then hangs as one that is about to send: killed by `test_relay_work.py`.

claimer.py URL FOLDER HOLDER NOW
"""

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.stores.opened import open_relay
from tests.stores.relayed import BUS


async def main() -> None:
    """Three at a time, until nothing is due."""
    url, folder, holder, now = sys.argv[1:]
    relay = open_relay(url, Path(folder))
    while found := await relay.claim(BUS, holder, float(now), 60.0, 3):
        os.write(1, "".join(f"{row.id}\n" for row in found).encode())
    os.write(1, b"end\n")
    await asyncio.sleep(600)


asyncio.run(main())

"""Fetches dossiers from portals that offer them instead of calling us, each at its own pace.

Several processes may fetch at the same time: a dossier is stored once, and acknowledged after it is durable.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from gateway.domain.errors import GatewayError
from gateway.ports.relay import Desk, Puller
from gateway.telemetry import log


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledPortal:
    """One portal; `desk` is a new one for each round."""

    name: str
    puller: Puller
    desk: Callable[[], Desk]
    seconds: float


@contextlib.asynccontextmanager
async def pulling(portals: Sequence[PulledPortal]) -> AsyncIterator[None]:
    """Tasks that fetch, until the end."""
    tasks = [asyncio.create_task(_serve(one), name=f"pull-{one.name}") for one in portals]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for one in portals:
            await one.puller.close()


async def _serve(portal: PulledPortal) -> None:
    while True:
        await asyncio.sleep(portal.seconds)
        await pull_once(portal)


async def pull_once(portal: PulledPortal) -> None:
    """One round; a fault is logged, and the next round tries again."""
    try:
        count = await portal.puller.pull(portal.desk())
    except GatewayError as error:
        log().warning("portal.pull.failed", source=portal.name, code=error.problem_code)
    except Exception as error:  # noqa: BLE001 -- a defect must not end the task
        log().error("portal.pull.failed", source=portal.name, error=error)
    else:
        if count:
            log().info("portal.pulled", source=portal.name, count=count)

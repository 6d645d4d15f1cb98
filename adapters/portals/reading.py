"""Reads messages of a door, so that others are answered meanwhile: a large one in a thread."""

import asyncio
from collections.abc import Mapping
from typing import Any

from gateway.mapping.messages import MessagePlan

#: values of a message that is read at once: about 5 ms
_SMALL = 600


async def read_message(plan: MessagePlan, wire: object) -> dict[str, Any]:
    """The canonical message, as `plan.read`. Raises MessageFault."""
    if _is_small(wire):
        return plan.read(wire)
    return await asyncio.to_thread(plan.read, wire)


def _is_small(wire: object) -> bool:
    left, level = _SMALL, [wire]
    while level and left > 0:
        inner: list[object] = []
        for one in level:
            if isinstance(one, Mapping | list):
                left -= len(one)
                if left <= 0:
                    return False
                inner += one.values() if isinstance(one, Mapping) else one
        level = inner
    return left > 0

"""The shared tools of all sources, without knowledge of a provider."""

import random
from dataclasses import dataclass, field
from pathlib import Path

from adapters.transport.breaker import Guard
from adapters.transport.heavy import Heavy
from gateway.ports.clock import Clock
from gateway.ports.consents import OwnData


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Root of the project's data (it holds `schemas/`), randomness, the wall clock, and a line for heavy work.

    `own`: stored own data; None if there are none. `guards`: source, address and limits -> its guard; who opens the
    same source again, for a trial or after a reload, has the same breaker, places and pause.
    """

    root: Path
    rng: random.Random
    clock: Clock
    heavy: Heavy = field(default_factory=Heavy)
    own: OwnData | None = None
    guards: dict[object, Guard] = field(default_factory=dict)

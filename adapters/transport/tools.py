"""What every source is given besides its settings: nothing here knows a provider."""

import random
from dataclasses import dataclass
from pathlib import Path

from gateway.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Root of the project's data (it holds `schemas/`), randomness for jitter, and the wall clock."""

    root: Path
    rng: random.Random
    clock: Clock

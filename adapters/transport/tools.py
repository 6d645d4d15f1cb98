"""The shared tools of all sources, without knowledge of a provider."""

import random
from dataclasses import dataclass, field
from pathlib import Path

from adapters.transport.heavy import Heavy
from gateway.ports.clock import Clock
from gateway.ports.consents import OwnData


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Root of the project's data (it holds `schemas/`), randomness, the wall clock, and a line for heavy work.

    `own`: stored own data; None if there are none.
    """

    root: Path
    rng: random.Random
    clock: Clock
    heavy: Heavy = field(default_factory=Heavy)
    own: OwnData | None = None

"""Anchors: others who attest a checkpoint of the log, and where their answers are kept."""

from collections.abc import Sequence
from typing import Protocol

from gateway.domain.anchoring import Anchored


class Anchor(Protocol):
    """Somebody outside who can say later how the log stood at a time."""

    #: `tsa`, `witness` or `daily`
    kind: str
    #: word of the configuration, for metrics and probes
    name: str

    async def countersign(self, note: str) -> bytes:
        """Have a signed checkpoint vouched for; gives the proof, verified. AnchorFailed when there is none."""
        ...

    def proven(self, note: str, token: bytes) -> float | None:
        """The time in a kept proof (POSIX seconds), None where it has none; AnchorFailed unless it holds for `note`."""
        ...

    async def close(self) -> None:
        """Free connections."""
        ...


class AnchorStore(Protocol):
    """Where proofs of anchors are kept. LogUnavailable when the store cannot be asked."""

    async def keep(self, row: Anchored) -> None:
        """Keep one durably, for ever."""
        ...


class AnchorRows(Protocol):
    """What was kept of anchors, to be read. LogUnavailable when the store cannot be asked."""

    async def last(self, kind: str, name: str) -> Anchored | None:
        """The newest row of an anchor."""
        ...

    async def proofs(self, kind: str, name: str, until: str, most: int) -> Sequence[Anchored]:
        """The newest rows of an anchor with a proof, of a time up to `until`, newest first."""
        ...

    async def wish(self, kind: str, name: str, until: str) -> Anchored | None:
        """Its first row without a proof, of a time up to `until`: since when it is wanted."""
        ...

    async def of(self, size: int) -> Sequence[Anchored]:
        """All rows of the checkpoint of a size, oldest first."""
        ...

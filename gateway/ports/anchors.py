"""Ports of anchors: services outside that attest a checkpoint, and the store of their proofs."""

from collections.abc import Sequence
from typing import Protocol

from gateway.domain.anchoring import Anchored


class Anchor(Protocol):
    """A service outside that can prove later which checkpoint existed at a time."""

    #: `tsa`, `witness` or `daily`
    kind: str
    #: its name in the configuration, for metrics and probes
    name: str

    async def countersign(self, note: str) -> bytes:
        """Have a signed checkpoint attested; returns the verified proof. Raises AnchorFailed."""
        ...

    def proven(self, note: str, token: bytes) -> float | None:
        """The time in a stored proof (POSIX seconds) or None. Raises AnchorFailed if it is invalid for `note`."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class AnchorStore(Protocol):
    """Stores proofs of anchors. Raises LogUnavailable."""

    async def keep(self, row: Anchored) -> None:
        """Store one durably, for ever."""
        ...


class AnchorRows(Protocol):
    """Reads stored proofs of anchors. Raises LogUnavailable."""

    async def last(self, kind: str, name: str) -> Anchored | None:
        """The newest row of an anchor."""
        ...

    async def proofs(self, kind: str, name: str, until: str, most: int) -> Sequence[Anchored]:
        """The newest rows of an anchor with a proof and a time up to `until`, newest first."""
        ...

    async def wish(self, kind: str, name: str, until: str) -> Anchored | None:
        """The anchor's first row without a proof, with a time up to `until`: its first request."""
        ...

    async def of(self, size: int) -> Sequence[Anchored]:
        """All rows for the checkpoint of a size, oldest first."""
        ...

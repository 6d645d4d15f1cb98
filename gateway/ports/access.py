"""Ports of access: used proofs and revocations, stored for all processes."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Replays(Protocol):
    """Used assertions and proofs, shared by all workers and kept across restarts."""

    async def first(self, key: bytes, until: float) -> bool:
        """Whether `key` (32 bytes) is new; it is then stored until `until` (POSIX seconds).

        Raises AccessUnavailable: then the request is refused.
        """
        ...


class Revoked(NamedTuple):
    """One revocation."""

    #: ascending; the newest is the epoch
    seq: int
    #: `token` (`id`: its jti); `requester` or `restored` (`id`: the requester's; the newest of the two counts)
    kind: str
    id: str
    #: POSIX seconds of the writer's clock: for display, never compared
    at: float


class RevocationRows(Protocol):
    """The revocations of all processes. Raises AccessUnavailable."""

    async def add(self, kind: str, name: str, at: float, until: float) -> None:
        """Store one durably, at least until `until` (POSIX seconds)."""
        ...

    async def since(self, seq: int) -> Sequence[Revoked]:
        """The revocations after `seq`, in order; a late commit is not missed."""
        ...

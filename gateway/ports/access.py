"""The sockets of access: where what was shown once and what was revoked is remembered, for all processes alike."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Replays(Protocol):
    """What may be shown only once: assertions and proofs. It survives a restart, and all workers share it."""

    async def first(self, key: bytes, until: float) -> bool:
        """Whether `key` (32 bytes) is shown for the first time; remembered until then (POSIX seconds).

        AccessUnavailable when that cannot be known: then nobody is let in.
        """
        ...


class Revoked(NamedTuple):
    """One revocation."""

    #: rising; the newest is the epoch
    seq: int
    #: `token` (id is its jti); `requester` or `restored` (id is the requester's: of these two the newest counts)
    kind: str
    id: str
    #: POSIX seconds, by the writer's clock: to be shown, never compared
    at: float


class RevocationRows(Protocol):
    """What was revoked, by whichever process. AccessUnavailable when it cannot be asked."""

    async def add(self, kind: str, name: str, at: float, until: float) -> None:
        """Keep one durably; it may be forgotten after `until` (POSIX seconds)."""
        ...

    async def since(self, seq: int) -> Sequence[Revoked]:
        """Those after `seq`, in their order; none is ever missed that comes late."""
        ...

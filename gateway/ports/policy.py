"""The sockets of the policy: what a decision rests on and the configuration does not hold.

A port that cannot decide whether something is allowed says so, or answers with nothing; neither allows.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from gateway.domain.access import ValidConsent
from gateway.domain.reasons import Reason


class Consents(Protocol):
    """The consents of citizens."""

    async def valid(
        self, consent: str, requester: str, person: str, purpose: str, now: datetime
    ) -> ValidConsent | None:
        """The consent of that id, when `person` (`Subject.key`) gave it to this requester for this purpose.

        None when it does not hold: unknown, another's, withdrawn, expired. ConsentsUnavailable, LogUnavailable when
        nobody can tell: that is no refusal.
        """
        ...

    async def invalid_consents(self, consents: Collection[str], now: datetime) -> Mapping[str, Reason]:
        """Those of them that are not sure to hold, and why: CONSENT_MISSING where they hold no longer.

        Raises nothing: CONSENTS_UNAVAILABLE where nobody can tell.
        """
        ...


class Dossiers(Protocol):
    """The dossiers that the gateway itself has seen."""

    async def alive(self, code: str) -> bool | None:
        """Whether the dossier is being worked on; None when the gateway does not know it."""
        ...


class Use(NamedTuple):
    """One count in one window: a minute, an hour or a day of Việt Nam, in `seconds`."""

    #: who is counted, as an opaque word: a store that others can read learns nobody's number from it
    key: str
    seconds: int
    #: counted once in the window however often it comes, an opaque word as well; blank: each use counts
    once: str = ""
    #: how many of such words are allowed: one more closes the count until the window ends, for every word
    most: int = 100
    #: who shares a part of the room, an opaque word, the same with each use of a key: who has most of it makes room
    within: str = ""


class UseCount(NamedTuple):
    """How often something was used in the window that runs, this time included; of words, how many there are."""

    times: int
    #: seconds until the next window, at least 1
    ends_in: int


class Quotas(Protocol):
    """Counts uses across all processes that share a store, else in this process."""

    async def use(self, uses: Sequence[Use]) -> Sequence[UseCount]:
        """Count each use once more. Never raises: a store that is lost leaves what this process has counted."""
        ...

    async def close(self) -> None:
        """Free connections."""
        ...

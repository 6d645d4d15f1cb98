"""Ports of the policy: facts for a decision that are not in the configuration.

A port that cannot decide raises or answers with nothing; neither allows.
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
        """The valid consent of that id by `person` (`Subject.key`) to this requester for this purpose.

        None if it is unknown, another's, withdrawn or expired. Raises ConsentsUnavailable or LogUnavailable if this
        cannot be read: that is no refusal.
        """
        ...

    async def invalid_consents(self, consents: Collection[str], now: datetime) -> Mapping[str, Reason]:
        """Consents that are not known to be valid, with the reason: CONSENT_MISSING if no longer valid.

        Raises nothing: the reason is CONSENTS_UNAVAILABLE if the store cannot be read.
        """
        ...


class KnownDossier(NamedTuple):
    """What the gateway knows of a dossier."""

    is_open: bool
    #: a portal forwarded it: it is not only the requester's own statement
    is_forwarded: bool


class Dossiers(Protocol):
    """The dossiers that the gateway knows."""

    async def known(self, code: str, requester: str, persons: Collection[str]) -> KnownDossier | None:
        """The requester's dossier of this code, of one of these people (`Subject.key`); None if there is none here."""
        ...


class Use(NamedTuple):
    """One count in one window: a minute, an hour or a day of Việt Nam, in `seconds`."""

    #: the counted party, as an opaque word: the store reveals no personal id
    key: str
    seconds: int
    #: an opaque word that counts once in the window; blank: each use counts
    once: str = ""
    #: number of such words allowed: one more closes the count for every word until the window ends
    most: int = 100
    #: group of keys that share the store's room, an opaque word: the largest group makes room
    within: str = ""


class UseCount(NamedTuple):
    """Uses in the current window, including this one; for words, their number."""

    times: int
    #: seconds until the next window, at least 1
    ends_in: int


class Quotas(Protocol):
    """Counts uses across all processes that share a store, else in this process."""

    async def use(self, uses: Sequence[Use]) -> Sequence[UseCount]:
        """Count each use. Never raises: without the store, this process's own counts are used."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...

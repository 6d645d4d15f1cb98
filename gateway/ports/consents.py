"""Ports of consents, own data and requests of data subjects. All raise ConsentsUnavailable.

Rows name people by keyed indexes of one period of the exchange log, and in full only in sealed parts.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from gateway.domain.row_filter import RowFilter


class ConsentRow(NamedTuple):
    """One consent. Times are POSIX seconds."""

    #: ascending, in the order of storing; 0 before that
    seq: int
    #: opaque
    id: str
    #: month of the exchange log whose keys index the person, "2026-11"
    period: str
    #: keyed index of the person who gave it, 16 bytes
    person: bytes
    #: the requester that it is given to
    requester: str
    #: the requester that recorded it
    recorder: str
    purpose: str
    given: float
    expires: float
    #: 0 while it is valid
    withdrawn: float
    #: JSON of the consent, without personal data
    body: str
    #: `Subject.key` of the person, under the period's key
    sealed: bytes


class ConsentRows(Protocol):
    """The stored consents. Every look-up reads the store, so a withdrawal counts in every process at once."""

    async def add(
        self, row: ConsentRow, key: "OwnDataKey | None" = None, values: "Sequence[OwnDataValue]" = ()
    ) -> None:
        """Store one durably; with the first own data under it, in one transaction."""
        ...

    async def find(self, consent: str) -> ConsentRow | None:
        """The consent of an id."""
        ...

    async def about(self, wanted: RowFilter) -> Sequence[ConsentRow]:
        """The matching rows, newest first."""
        ...

    async def withdraw(self, consent: str, at: float) -> None:
        """Withdraw it and erase its own data with their key, in one transaction."""
        ...


class OwnDataKey(NamedTuple):
    """The key of a person's own data under one consent."""

    consent: str
    period: str
    person: bytes
    requester: str
    #: wrapped under the period's key
    wrapped: bytes


class OwnDataValue(NamedTuple):
    """One stored attribute of a person; times are POSIX seconds."""

    consent: str
    attribute: str
    given: float
    until: float
    sealed: bytes


class OwnDataRows(Protocol):
    """The stored own data. They are erased with their consent."""

    async def key(self, row: OwnDataKey, now: float) -> OwnDataKey | None:
        """The first stored key of the consent; None if the consent is not valid (any more)."""
        ...

    async def put(self, values: Sequence[OwnDataValue]) -> None:
        """Store values, replacing older ones; nothing if the consent was withdrawn meanwhile."""
        ...

    async def of(
        self, persons: Sequence[bytes], requester: str, now: float
    ) -> Sequence[tuple[OwnDataKey, OwnDataValue]]:
        """A person's values for a requester under valid consents, the newest first.

        Values marked for erasure by a decision are left out (`Decisions.mark_for_erasure`).
        """
        ...

    async def erase(self, before: float) -> None:
        """Erase expired values, and the keys of ended consents."""
        ...


class SubjectRequestRow(NamedTuple):
    """One request of a data subject. Days are dates in Việt Nam, ISO 8601."""

    seq: int
    id: str
    period: str
    person: bytes
    #: the requester that received it
    requester: str
    kind: str
    #: POSIX seconds
    received: float
    #: received, acknowledged, answered, refused
    state: str
    acknowledge_by: str
    answer_by: str
    #: number of its changes
    version: int
    #: JSON of the steps and their times, without personal data
    body: str
    #: JSON with `Subject.key` and the person's text, sealed under the period's key
    sealed: bytes


class SubjectRequestRows(Protocol):
    """The stored requests of data subjects."""

    async def add(self, row: SubjectRequestRow) -> bool:
        """Store one durably; False if its id exists already: that one stays."""
        ...

    async def find(self, demand: str) -> SubjectRequestRow | None:
        """The request of an id."""
        ...

    async def about(self, wanted: RowFilter) -> Sequence[SubjectRequestRow]:
        """The matching rows, newest first."""
        ...

    async def late(self, wanted: RowFilter, today: str) -> Sequence[SubjectRequestRow]:
        """The matching rows with a due date before this day, newest first."""
        ...

    async def change(self, row: SubjectRequestRow) -> bool:
        """Replace the previous version; False if another change came first."""
        ...

    async def overdue(self, today: str) -> int:
        """Number of requests with a due date before this day."""
        ...


class Own(NamedTuple):
    """One value that the person gave."""

    value: object
    given: datetime
    until: datetime
    #: id of its consent
    consent: str


class OwnData(Protocol):
    """Stored own data, for the source that fills forms with them."""

    async def kept(self, person: str, requester: str, now: datetime) -> Mapping[str, Own]:
        """Attribute -> currently valid value of a person (`Subject.key`) for this requester.

        Raises ConsentsUnavailable if the store cannot be asked.
        """
        ...


class KeptCopies(OwnData, Protocol):
    """The same, with the keyed indexes of the stored copies."""

    async def indexes(self, person: str) -> tuple[bytes, ...]:
        """The keyed indexes of a person's copies. Raises LogUnavailable."""
        ...


class Claim(NamedTuple):
    """A citizen's decision about the preview of an exchange."""

    key: bytes
    exchange: str
    requester: str


class Copies(NamedTuple):
    """Attributes of a person (keyed indexes) for one requester, under any consent."""

    persons: Sequence[bytes]
    names: Collection[str]


class Decisions(Protocol):
    """The decisions, shared by all processes and kept across restarts. Raises ConsentsUnavailable.

    A process takes a decision for a short time and confirms it after it is recorded. If that process ends before,
    another takes the decision after that time, and reads the exchange log first. Times are POSIX seconds.
    """

    async def take(self, key: bytes, now: float, until: float) -> bool:
        """Take the decision `key` until `until`; False if it is held already."""
        ...

    async def held(self, key: bytes, now: float) -> bool:
        """Whether it is held."""
        ...

    async def mark_for_erasure(self, claim: Claim, copies: Sequence[Copies]) -> None:
        """Mark exactly these copies for erasure by the decision: they fill no form from now on."""
        ...

    async def confirm(self, key: bytes, until: float, *, erasing: bool) -> None:
        """Hold the recorded decision until `until`; `erasing`: erase its marked copies in the same transaction."""
        ...

    async def give_back(self, key: bytes, until: float, *, forgetting: bool) -> None:
        """Release the decision held until `until`: it was not carried out and can be taken again.

        `forgetting`: drop its marks too, because it is certain that it was not recorded.
        """
        ...

    async def open(self, now: float) -> Sequence[Claim]:
        """Decisions with marked copies that are not held; the exchange log says whether they were recorded."""
        ...

    async def forget(self, key: bytes, now: float) -> None:
        """Drop the marks of a decision that was not carried out, unless it is held again."""
        ...

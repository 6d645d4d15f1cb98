"""The sockets of consent: what citizens agreed to, what they let be kept, what they demand. ConsentsUnavailable.

People stand in rows as keyed indexes of one period of the exchange log, and in full only in sealed parts.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from gateway.domain.row_filter import RowFilter


class ConsentRow(NamedTuple):
    """One consent. Times are POSIX seconds."""

    #: rising, in the order in which they were kept; 0 before that
    seq: int
    #: opaque
    id: str
    #: month of the exchange log in whose keys the person stands, "2026-11"
    period: str
    #: keyed index of who gave it, 16 bytes
    person: bytes
    #: to whom it was given
    requester: str
    #: who recorded it
    recorder: str
    purpose: str
    given: float
    expires: float
    #: 0 while it holds
    withdrawn: float
    #: JSON: what was agreed to; names nobody
    body: str
    #: `Subject.key` of the person, under the period's key
    sealed: bytes


class ConsentRows(Protocol):
    """Where consents are. Every look-up asks the store: what one process withdrew holds in none."""

    async def add(self, row: ConsentRow) -> None:
        """Keep one durably."""
        ...

    async def find(self, consent: str) -> ConsentRow | None:
        """The consent of an id."""
        ...

    async def about(self, wanted: RowFilter) -> Sequence[ConsentRow]:
        """The newest that fit, newest first."""
        ...

    async def withdraw(self, consent: str, at: float) -> None:
        """It holds no more, and what was kept under it is erased with its key, both or neither."""
        ...


class OwnDataKey(NamedTuple):
    """The key of what one person let be kept under one consent."""

    consent: str
    period: str
    person: bytes
    requester: str
    #: under the period's key
    wrapped: bytes


class OwnDataValue(NamedTuple):
    """One attribute that a person gave; times are POSIX seconds."""

    consent: str
    attribute: str
    given: float
    until: float
    sealed: bytes


class OwnDataRows(Protocol):
    """Where own data are. They are gone with their consent."""

    async def key(self, row: OwnDataKey, now: float) -> OwnDataKey | None:
        """The key that holds for the consent, the first one; None when the consent does not hold (any more)."""
        ...

    async def put(self, values: Sequence[OwnDataValue]) -> None:
        """Keep them, each instead of an older one; nothing where the consent was withdrawn meanwhile."""
        ...

    async def of(
        self, persons: Sequence[bytes], requester: str, now: float
    ) -> Sequence[tuple[OwnDataKey, OwnDataValue]]:
        """What is kept of a person for a requester under consents that hold, the newest first.

        What a decision refuses is left out from the moment on in which it is owed (`Decisions.mark_for_erasure`).
        """
        ...

    async def erase(self, before: float) -> None:
        """Erase what was valid until then, and the keys of consents that are over."""
        ...


class SubjectRequestRow(NamedTuple):
    """One request of a data subject. Days are dates in Việt Nam, ISO 8601."""

    seq: int
    id: str
    period: str
    person: bytes
    #: who took it in
    requester: str
    kind: str
    #: POSIX seconds
    received: float
    #: received, acknowledged, answered, refused
    state: str
    acknowledge_by: str
    answer_by: str
    #: counts its changes
    version: int
    #: JSON: what was done when; names nobody
    body: str
    #: JSON with `Subject.key` and what the person wrote, under the period's key
    sealed: bytes


class SubjectRequestRows(Protocol):
    """Where requests of data subjects are."""

    async def add(self, row: SubjectRequestRow) -> bool:
        """Keep one durably; False when one of this id is there: that one stays."""
        ...

    async def find(self, demand: str) -> SubjectRequestRow | None:
        """The request of an id."""
        ...

    async def about(self, wanted: RowFilter) -> Sequence[SubjectRequestRow]:
        """The newest that fit, newest first."""
        ...

    async def change(self, row: SubjectRequestRow) -> bool:
        """Keep a changed one in place of the version before; False when another change came first."""
        ...

    async def overdue(self, today: str) -> int:
        """How many should have been acknowledged or answered before this day."""
        ...


class Own(NamedTuple):
    """One value that a person gave himself."""

    value: object
    given: datetime
    until: datetime
    #: id of the consent that it rests on
    consent: str


class OwnData(Protocol):
    """What people let be kept, for the source that fills forms with it."""

    async def kept(self, person: str, requester: str, now: datetime) -> Mapping[str, Own]:
        """Attribute -> value of a person (`Subject.key`), given to this requester; those that are valid now.

        ConsentsUnavailable when the store cannot be asked.
        """
        ...


class KeptCopies(OwnData, Protocol):
    """The same, for callers that also name them in the store."""

    async def indexes(self, person: str) -> tuple[bytes, ...]:
        """Under which keyed indexes a person's copies stand. LogUnavailable when nobody can tell."""
        ...


class Claim(NamedTuple):
    """A decision that somebody takes about what an exchange showed."""

    key: bytes
    exchange: str
    requester: str


class Copies(NamedTuple):
    """Attributes of a person (keyed indexes), under whichever consent to one requester they are kept."""

    persons: Sequence[bytes]
    names: Collection[str]


class Decisions(Protocol):
    """Which decisions were taken; all processes share it, and it survives a restart. ConsentsUnavailable.

    A process takes one for a short while and confirms it once it is recorded. Where the process ended before that,
    another takes it after that while, and looks in the exchange log first. Times are POSIX seconds.
    """

    async def take(self, key: bytes, now: float, until: float) -> bool:
        """Whether nobody holds the decision `key`; held until then from now on."""
        ...

    async def held(self, key: bytes, now: float) -> bool:
        """Whether somebody holds it."""
        ...

    async def mark_for_erasure(self, claim: Claim, copies: Sequence[Copies]) -> None:
        """These copies, and no others, go with the decision: they fill no form from now on."""
        ...

    async def confirm(self, key: bytes, until: float, *, erasing: bool) -> None:
        """It is recorded, and held until then; `erasing`: what it owes is erased, both or neither."""
        ...

    async def give_back(self, key: bytes, until: float, *, forgetting: bool) -> None:
        """The holder until then did not carry it out: it may be taken again.

        `forgetting`: it owes nothing, for it is certain that it was not recorded.
        """
        ...

    async def open(self, now: float) -> Sequence[Claim]:
        """Those that owe something and that nobody holds: what became of them is told by the exchange log."""
        ...

    async def forget(self, key: bytes, now: float) -> None:
        """It was not carried out and owes nothing, unless somebody holds it again."""
        ...

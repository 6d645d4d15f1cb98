"""Ports of the relay: stored dossiers and deliveries, portals, and the doors through which portals call.

A change is stored together with its record, in one transaction, or not at all: stores give `Work`, and
`Recorder.write(…, work=…)` writes both.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, runtime_checkable

from gateway.domain.dossier import Dossier, MessageKind, ProgressEntry, StatusNotice
from gateway.domain.errors import GatewayError
from gateway.domain.reasons import DeliveryReason
from gateway.domain.sentences import Sentence
from gateway.ports.exchange_log import Work
from gateway.ports.files import FileContent, FileDraft

# ------------------------------------------------------------------------------------------------ rows


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"  #: waits for its turn
    SENDING = "sending"  #: a process holds the lease
    UNCONFIRMED = "unconfirmed"  #: the receiver may have it: looked up before it is sent again
    #: given up, with a reason; later ones of its dossier wait, but for a reason of `PASSED`
    #: `replay` queues it again, `drop` ends it
    DEAD = "dead"
    DELIVERED = "delivered"  #: the receiver confirmed it
    SUPERSEDED = "superseded"  #: a later version of the dossier went instead, or an operator dropped it


#: reasons of dead deliveries that later ones of the same dossier pass: the receiver takes those all the same
PASSED = frozenset({DeliveryReason.CHANGE_NOT_TAKEN})
#: a delivery that later ones of the same dossier wait for
OPEN = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNCONFIRMED, DeliveryState.DEAD)


class DossierRow(NamedTuple):
    """A stored dossier. What identifies people is in `persons` (keyed indexes) and `sealed`."""

    #: `province`, or the portal that forwarded it; with the code it is the key
    origin: str
    code: str
    #: provincial system that it belongs to
    requester: str
    agency: str
    #: national code, without suffix
    procedure: str
    #: code at the other side; blank: the same
    other_code: str
    status: str
    #: POSIX seconds of the status, by the event that set it
    status_at: float
    #: raised with every accepted change, from 1
    version: int
    #: keyed digest of the content, of the period
    digest: bytes
    #: month whose keys seal it
    period: str
    #: keyed indexes of the owner, one for each number
    persons: tuple[bytes, ...]
    #: dates and flags for scores and comparison, JSON; names no person
    facts: bytes
    #: the dossier (JSON); empty after erasure
    sealed: bytes
    #: why it is parked (a code of reasons); blank: it is not
    parked: str
    #: POSIX seconds; `erased` 0: not erased
    opened: float
    changed: float
    erased: float = 0.0


class EventRow(NamedTuple):
    """One step of a dossier, from either side; never changed, never dropped."""

    origin: str
    code: str
    #: of the content: the same step has the same id
    id: str
    #: `province`, or a portal
    source: str
    status: str
    #: POSIX seconds: when it happened, when it came
    at: float
    came: float
    #: `applied`, `late` (an older step), `after_final`, `illegal`, `unknown`
    verdict: str
    period: str
    #: the step (JSON)
    sealed: bytes


#: begins the target of what a provincial system pulls; its name follows
INBOX = "inbox:"


class DeliveryRow(NamedTuple):
    """One message on its way to one receiver. In the order of storing, for each dossier and receiver."""

    #: ascending; 0 before it is stored
    seq: int
    #: ULID
    id: str
    #: portal, or `inbox:<requester>` for what a provincial system pulls
    target: str
    #: deliveries of the same key and target go in order: origin and code of the dossier
    order_key: str
    kind: MessageKind
    code: str
    version: int
    requester: str
    #: exchange that queued it
    exchange: str
    state: DeliveryState
    attempts: int
    #: why the last attempt failed (a code of reasons); blank: it did not
    reason: str
    #: POSIX seconds
    next_at: float
    lease_until: float
    opened: float
    changed: float
    period: str
    #: the message (canonical JSON); empty after erasure
    sealed: bytes
    #: POSIX seconds of the first attempt since it was queued or replayed; 0: there was none
    tried: float = 0.0
    #: the receiver's own code of the dossier, known by `claim` only; blank: not known
    reference: str = ""


class InboxItem(NamedTuple):
    """What a portal forwarded, as a provincial system pulls it and as it is pushed."""

    seq: int
    delivery: str
    kind: MessageKind
    origin: str
    code: str
    version: int
    #: the plain message; None: its content is erased
    message: Any

    def plain(self) -> dict[str, object]:
        """The same as JSON; `procedure` is that of the message, blank where it has none."""
        message = self.message if isinstance(self.message, Mapping) else {}
        dossier = message.get("dossier")
        content = dossier if isinstance(dossier, Mapping) else message
        return {
            "seq": self.seq, "delivery": self.delivery, "kind": self.kind, "origin": self.origin, "code": self.code,
            "version": self.version, "procedure": content.get("procedure", ""), "message": self.message,
        }  # fmt: skip


class DeliveryEvent(NamedTuple):
    """A step of a delivery's history."""

    at: float
    #: `queued sent unconfirmed confirmed refused unavailable dead replayed dropped superseded acknowledged`
    what: str
    reason: str = ""
    attempt: int = 0
    exchange: str = ""
    #: the field that was refused, in the receiver's words; never a value
    field: str = ""


class KeyRow(NamedTuple):
    """A remembered Idempotency-Key: what was asked under it, and what was answered."""

    requester: str
    #: keyed digest of the key, hexadecimal; or the id of what is done once
    key: str
    #: keyed digest of route and body
    digest: bytes
    #: JSON of the answer, without personal data
    answer: bytes
    status: int
    at: float


class Settled(NamedTuple):
    """The end of an attempt: valid only while the lease is still this process's."""

    delivery: str
    holder: str
    state: DeliveryState
    reason: str
    next_at: float
    event: DeliveryEvent
    #: the receiver's own code of the dossier; blank: what is known stays
    reference: str = ""
    #: what the receiver said, sealed; empty: nothing
    receiver_text: bytes = b""
    #: target of an inbox in which the same message is acknowledged by this delivery; blank: none
    inbox: str = ""


class DossierSearch(NamedTuple):
    """What dossiers are looked for; blank: any."""

    persons: Sequence[bytes] = ()
    requester: str = ""
    code: str = ""
    origin: str = ""
    status: str = ""
    procedure: str = ""
    #: changed at or after, before; POSIX seconds
    since: float = 0.0
    until: float = 0.0
    #: page: dossiers changed before this cursor (changed, code)
    after: tuple[float, str] | None = None
    most: int = 50


class DeliverySearch(NamedTuple):
    """What deliveries are looked for; blank: any. Newest first."""

    requester: str = ""
    target: str = ""
    code: str = ""
    #: of any of these dossiers
    codes: Sequence[str] = ()
    states: Sequence[str] = ()
    before: int = 2**62
    most: int = 50


class RelayRows(Protocol):
    """Dossiers, their steps, deliveries, keys. Raises RelayUnavailable.

    `Work` is done with a record (`Recorder.write`); RowConflict when its rows are no longer as it expects.
    """

    def change(
        self,
        *,
        key: KeyRow | None = None,
        dossier: DossierRow | None = None,
        before: int = 0,
        events: Sequence[EventRow] = (),
        deliveries: Sequence[DeliveryRow] = (),
        files: Sequence[str] = (),
    ) -> Work:
        """Store a dossier (`before`: the version that it replaces; 0: new), steps, deliveries and an answered key.

        `files`: digests (hexadecimal) of the files that the dossier names, or the steps, or messages without steps.

        Deliveries of the kind DOSSIER that are dead, or die later, are superseded by a newer one of the same order key
        and target.
        """
        ...

    def settle(self, settled: Settled) -> Work:
        """Write the end of an attempt; with `inbox`, the item of the same change there is delivered as well."""
        ...

    def acknowledge(self, requester: str, deliveries: Sequence[str], event: DeliveryEvent) -> Work:
        """Mark pulled deliveries of a requester's inbox as delivered; those that are already stay."""
        ...

    def replay(self, delivery: str, event: DeliveryEvent) -> Work:
        """Queue a dead delivery again, `unconfirmed`: a former attempt may have arrived. Attempts count from 0."""
        ...

    def drop(self, delivery: str, event: DeliveryEvent) -> Work:
        """End a dead delivery without sending it, with the event's reason; later ones of its dossier go on."""
        ...

    async def claim(
        self, target: str, holder: str, now: float, lease: float, most: int
    ) -> Sequence[DeliveryRow]:
        """Lease what is due, the first open one of each dossier only; one process gets each row.

        A whole dossier passes messages that its receiver could not take because the dossier is not there.

        Rows are as they were before, but for their lease: `sending` means that the process that held it has ended.
        """
        ...

    async def release(self, holder: str, deliveries: Sequence[str]) -> None:
        """Give leases back unused. What an ended process had under way is `unconfirmed` then."""
        ...

    async def inbox(self, requester: str, after: int, count: int) -> Sequence[DeliveryRow]:
        """What a provincial system has not acknowledged, in order of `seq`."""
        ...

    async def dossier(self, origin: str, code: str) -> DossierRow | None:
        """The dossier of a key."""
        ...

    async def dossiers(self, wanted: DossierSearch) -> Sequence[DossierRow]:
        """Matching dossiers, last changed first."""
        ...

    async def events(self, origin: str, code: str) -> Sequence[EventRow]:
        """The steps of a dossier, by the time when they happened."""
        ...

    async def delivery(self, delivery: str) -> DeliveryRow | None:
        """The delivery of an id."""
        ...

    async def deliveries(self, wanted: DeliverySearch) -> Sequence[DeliveryRow]:
        """Matching deliveries, newest first."""
        ...

    async def history(self, delivery: str) -> Sequence[DeliveryEvent]:
        """The steps of a delivery, oldest first."""
        ...

    async def receiver_text(self, delivery: str) -> bytes:
        """What the receiver said of the last attempt, sealed under the delivery's period; empty: nothing, or erased."""
        ...

    async def counts(self) -> Mapping[tuple[str, str], int]:
        """Open deliveries by target and state, for metrics."""
        ...

    async def key(self, requester: str, key: str) -> KeyRow | None:
        """What was answered under a key."""
        ...

    async def reserve(self, key: KeyRow, before: float) -> bool:
        """Store a key without an answer (`status` 0) durably, before its request is done; False: it is there.

        One of the same request that has had no answer since before this time is taken over.
        """
        ...

    async def remember(self, key: KeyRow) -> None:
        """Store an answered key durably; one that has an answer stays."""
        ...

    async def abandon(self, key: KeyRow) -> None:
        """Forget a reserved key whose request failed."""
        ...

    async def referred(self, digests: Sequence[str]) -> set[str]:
        """Which of these files (digests, hexadecimal) a dossier, step or message names whose content is not erased."""
        ...

    async def erase(self, before: float, now: float) -> int:
        """Erase payloads of dossiers that changed no more and were all delivered before this time; how many.

        Messages that arrived before this time, and steps of erased or unknown dossiers, are erased by their own age.
        """
        ...

    async def forget_keys(self, before: float) -> None:
        """Forget keys that were answered before this time."""
        ...


# ------------------------------------------------------------------------------------------------ portals


class OutboundMessage(NamedTuple):
    """What a portal is to take."""

    delivery: str
    kind: MessageKind
    code: str
    version: int
    #: plain JSON: a `Dossier`, `{"entries": […]}` of `ProgressEntry`, a `StatusNotice`, or a report
    body: Mapping[str, Any]
    #: a former attempt may have reached it: look it up before it is sent again
    unconfirmed: bool
    #: from 1
    attempt: int
    #: where the dossier was filed first, and the number of the delivery: of an inbox item
    origin: str = ""
    seq: int = 0
    #: the receiver's own code of the dossier, from `PortalAnswer.reference` of an earlier delivery; blank: not known
    reference: str = ""


class DeliveryOutcome(StrEnum):
    """What became of one attempt."""

    CONFIRMED = "confirmed"
    #: it was judged and refused: sending it again changes nothing
    REFUSED = "refused"
    #: this attempt was surely not taken, and others would not be now either
    UNAVAILABLE = "unavailable"
    #: it may have been taken, or this message alone cannot be taken now
    UNCONFIRMED = "unconfirmed"


class PortalAnswer(NamedTuple):
    """The end of one attempt."""

    outcome: DeliveryOutcome
    #: a code of reasons; blank when confirmed
    reason: str = ""
    #: the field that was refused, in the portal's words; never a value
    field: str = ""
    #: seconds after which the receiver wants to be asked again
    retry_in: float | None = None
    #: the other side's code of the dossier
    reference: str = ""
    #: why it did not take the message, in the receiver's own words, which may name a person: in no log and no record
    receiver_text: str = ""


class RemoteDossier(NamedTuple):
    """A dossier as the other side has it."""

    code: str
    #: DossierStatus, or `unknown` with the foreign word
    status: str
    status_text: str = ""
    #: what can be compared: canonical names to values (dates as POSIX seconds); names no person
    facts: Mapping[str, Any] = {}


class RemotePage(NamedTuple):
    """A page of the other side's dossiers of one day."""

    dossiers: Sequence[RemoteDossier]
    #: blank: the last page
    next: str


class Unwritable(NamedTuple):
    """Why a message can never be sent: the wire's field, the canonical path, the reason. Never a value."""

    #: `TaiLieuNop[0].MaThanhPhanHoSo`
    field: str
    #: `papers[0].component`; blank: it belongs to no place
    path: str
    why: Sentence


@runtime_checkable
class WritesMessages(Protocol):
    """A portal with a form of its own: it can say before a message is queued that it can never be written."""

    def unwritable(self, kind: MessageKind, body: Mapping[str, Any]) -> Unwritable | None:
        """The first fault of a message; `body` as in `OutboundMessage`. Asks nobody."""
        ...


class Portal(Protocol):
    """One receiver behind one adapter. Methods but `deliver` raise PortalUnavailable."""

    #: what it takes
    kinds: frozenset[MessageKind]
    #: whether it can be asked about dossiers; false: `look_up` always raises
    looks_up: bool

    async def deliver(self, message: OutboundMessage, end: float) -> PortalAnswer:
        """Send one message by `end` (time of the running loop's clock). Never raises."""
        ...

    async def look_up(self, code: str, end: float) -> RemoteDossier | None:
        """The dossier at the other side; None: it is not there."""
        ...

    async def listing(self, day: str, after: str, count: int, end: float) -> RemotePage | None:
        """Dossiers of a day (`2026-11-27`) at the other side; None where it offers no list: ask one by one."""
        ...

    async def ask(self, operation: str, parameters: Mapping[str, Any], end: float) -> Mapping[str, Any]:
        """A read, or a push that is no delivery (`DongBoDanhGia`), by its foreign name; the plain `result`.

        Raises BadRequest for an operation that it does not offer or that refuses these parameters.
        """
        ...

    async def close(self) -> None:
        """Close connections and drop sessions."""
        ...


# ------------------------------------------------------------------------------------------------ doors


class LongText(Protocol):
    """A long string of a body, decoded as base64 while it arrived; it disappears after the answer."""

    @property
    def is_base64(self) -> bool:
        """Whether it could be decoded."""
        ...

    @property
    def size(self) -> int:
        """Bytes, decoded."""
        ...

    def pieces(self) -> AsyncIterator[bytes]:
        """The decoded content."""
        ...


class DoorCall(NamedTuple):
    """A request at a wire-compatible door."""

    method: str
    #: what follows the door's prefix and a slash
    path: str
    query: Mapping[str, str] = {}
    #: plain data of a JSON body with one meaning; None without a body
    data: object = None
    #: the long strings of the body, each under the mark that takes its place in `data`
    long: Mapping[str, LongText] = {}


class DoorFile(NamedTuple):
    """A stored file as an answer."""

    media_type: str
    #: under which it can be saved; it names nobody
    name: str
    #: recorded before its first byte; NotFound where it was deleted meanwhile
    content: AbstractAsyncContextManager[FileContent]


class DoorAnswer(NamedTuple):
    """The answer in the other side's own form."""

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = {}
    #: it is streamed instead of the body
    file: DoorFile | None = None


class DoorVisitor(NamedTuple):
    """Who calls at a door."""

    #: portal whose settings have the door
    portal: str
    #: the provincial system, where systems call with a token of ours; blank: the portal calls
    requester: str
    agency: str
    exchange: str


class TakenIn(StrEnum):
    """What became of a message at a door."""

    STORED = "stored"
    UPDATED = "updated"
    #: it was there with the same content: nothing changed
    REPEATED = "repeated"
    #: stored, with a reason why nobody works on it yet
    PARKED = "parked"
    #: not stored: the portal's switch refuses what is not configured
    REFUSED = "refused"


class Desk(Protocol):
    """What a door may do, for the party that it has let in. Each call is recorded, and durable when it returns.

    Raises GatewayError of the families that `gateway.domain.errors` names; the door puts them into its own words.
    """

    async def take_dossier(
        self, dossier: Dossier, *, updating: bool | None = None, raw: Mapping[str, Any]
    ) -> TakenIn:
        """A dossier from this party. `updating` False: one that exists is left as it is; None: whatever fits.

        `raw`: the message as it came, kept sealed beside it.
        """
        ...

    async def take_progress(self, entries: Sequence[ProgressEntry]) -> TakenIn:
        """Steps of dossiers of this party. Raises NotFound."""
        ...

    async def take_status(self, notice: StatusNotice) -> TakenIn:
        """The status of a dossier that a portal forwarded to this party. Raises NotFound."""
        ...

    async def look_up(self, code: str) -> Mapping[str, Any] | None:
        """A dossier of this party, canonical; None when it is not there or not this party's."""
        ...

    async def look_up_owner(self, number: str) -> Sequence[Mapping[str, Any]]:
        """Dossiers of this party by the owner's number."""
        ...

    async def ask(
        self, operation: str, parameters: Mapping[str, Any], *, number: str = ""
    ) -> Mapping[str, Any]:
        """Pass a read, or a push about no dossier (`data`), on to the portal behind this door; its plain result.

        `number`: of the person that it asks about; blank: it is about nobody. Raises Throttled.
        """
        ...

    async def take_notice(self, code: str, service: str, content: Mapping[str, Any], kind: str) -> TakenIn:
        """A message about a dossier (an amendment, a payment voucher), for the provincial system that works on it.

        `service`: what the portal calls it; `kind`: what the adapter calls it, for the record. `content`: part of a
        `Dossier`, plain JSON. The same content again is REPEATED.
        """
        ...

    async def sent_file(self, uid: str) -> DoorFile | None:
        """A file that this party was sent under this uid; None: it is not there (any more), which is recorded."""
        ...

    def draft(self) -> AbstractAsyncContextManager[FileDraft]:
        """Room for a file of a message while it is read."""
        ...

    async def keep_file(self, pieces: AsyncIterator[bytes], name: str) -> str:
        """Store a file of a message; its reference (`FileRef`). Raises BadRequest (a refused file), GatewayError."""
        ...


class Door(Protocol):
    """A wire-compatible door: reads and answers in another side's form. Which calls it is let in is decided before."""

    #: what follows the prefix, without a slash at the beginning: `search/call`, `downloadfile/{uid}`, `{path}` for any
    paths: tuple[str, ...]

    async def answer(self, call: DoorCall, desk: Desk) -> DoorAnswer:
        """Answer one request. Raises GatewayError of the desk, and BadRequest, which `refusal` puts into words."""
        ...

    def refusal(self, call: DoorCall, error: GatewayError) -> DoorAnswer:
        """The answer to a call that was not let in, was not understood, or could not be done. Never raises."""
        ...


class RemoteFiles(Protocol):
    """Files at addresses that messages name."""

    def open(self, url: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The content of a file, in pieces, which may raise as well. Raises DownloadFailed."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class Puller(Protocol):
    """Fetches dossiers from a portal that offers them instead of calling us."""

    async def pull(self, desk: Desk) -> int:
        """Take what is offered now, acknowledge what is durable; how many. Raises GatewayError."""
        ...

    async def close(self) -> None:
        """Close connections and drop sessions."""
        ...

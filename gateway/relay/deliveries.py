"""Deliveries for operators: which are open, the history of one in words, and queueing again one that was given up.

A requester sees the deliveries of its own dossiers; with the scope `admin`, all. What is shown names no person, but
for what a receiver said in its own words.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import Conflict, NotFound, RowConflict
from gateway.domain.exchange import Phase
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import DeliveryReason
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.ports.exchange_log import Work
from gateway.ports.relay import PASSED, DeliveryEvent, DeliveryRow, DeliverySearch, DeliveryState, RelayRows
from gateway.relay import words
from gateway.relay.answers import delivery_of
from gateway.relay.contents import Contents, receiver_text_context
from gateway.relay.outbox import Outbox, subjects_in
from gateway.relay.unknown import record_unknown_delivery

_WAITS = (DeliveryState.QUEUED, DeliveryState.UNCONFIRMED)
#: deliveries of one dossier that were given up, and are looked at
_MOST_DEAD = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """Shows deliveries, queues them again, and drops them."""

    rows: RelayRows
    contents: Contents
    recorder: Recorder
    outbox: Outbox

    async def search(self, caller: Caller, wanted: DeliverySearch) -> dict[str, object]:
        """Matching deliveries, newest first; `next` is the place of the next page. Raises RelayUnavailable."""
        code = unicodedata.normalize("NFC", wanted.code)
        found = await self.rows.deliveries(
            wanted._replace(requester=_whose(caller), code=code, most=wanted.most + 1)
        )
        page = found[: wanted.most]
        holders = await self._holders(page)
        return {
            "exchange_id": caller.exchange,
            "deliveries": [{**delivery_of(one), "held_by": holders.get(one.id)} for one in page],
            "next": page[-1].seq if len(found) > wanted.most else None,
        }

    async def show(self, caller: Caller, delivery: str) -> dict[str, object]:
        """One delivery: where it stands, why, what to do, and its history.

        What its receiver said in its own words may name a person: showing it is a look-up, recorded before.
        Raises NotFound, RelayUnavailable, LogUnavailable.
        """
        row = await self._own(caller, delivery, "show")
        history = await self.rows.history(delivery)
        receiver_text = await self._receiver_text(caller, row)
        held_by = (await self._holders([row])).get(row.id, "")
        return {
            "exchange_id": caller.exchange, **delivery_of(row), "origin": row.order_key.partition("|")[0],
            "requester": row.requester, "queued_by": row.exchange, "state_words": _words(words.STATES, row.state),
            "reason_words": words.reason(row.reason), "held_by": held_by or None, "remedy": remedy(row, held_by),
            "receiver_said": receiver_text, "history": [_step(one) for one in history],
        }  # fmt: skip

    async def _holders(self, rows: Sequence[DeliveryRow]) -> dict[str, str]:
        """Delivery that waits -> the first of its queue that was given up and keeps it waiting."""
        waiting = [one for one in rows if one.state in _WAITS]
        if not waiting:
            return {}
        codes = sorted({one.code for one in waiting})
        dead = await self.rows.deliveries(
            DeliverySearch(codes=codes, states=(DeliveryState.DEAD,), most=_MOST_DEAD * len(codes))
        )
        # newest first: the earliest of a queue stays
        first = {(one.target, one.order_key): one for one in dead if one.reason not in PASSED}
        queues = ((one, first.get((one.target, one.order_key))) for one in waiting)
        return {one.id: holder.id for one, holder in queues if holder is not None and holder.seq < one.seq}

    async def _receiver_text(self, caller: Caller, row: DeliveryRow) -> str | None:
        """The receiver's own words; None: it said nothing, or they are erased."""
        receiver_text = await self.contents.open(
            row.period, await self.rows.receiver_text(row.id), receiver_text_context(row.id)
        )
        if not isinstance(receiver_text, str):
            return None
        body = await self.contents.open(row.period, row.sealed, row.id)
        people = subjects_in(row.kind, body) if isinstance(body, dict) else ()
        header = RecordHeader(
            caller.exchange, caller.requester.id, caller.agency, dossier=row.code,
            subjects={f"owner{number or ''}": one for number, one in enumerate(people)},
        )  # fmt: skip
        notes = {"delivery": row.id, "target": row.target, **caller.notes}
        await self.recorder.write(header, Phase.LOOKUP, "receiver_words_shown", notes=notes)
        return receiver_text

    async def replay(self, caller: Caller, delivery: str) -> dict[str, object]:
        """Queue a delivery again that was given up; recorded. Raises NotFound, Conflict, RelayUnavailable."""
        event = DeliveryEvent(self._now(), "replayed", exchange=caller.exchange)
        return await self._decided(caller, delivery, "delivery_replayed", self.rows.replay(delivery, event))

    async def drop(self, caller: Caller, delivery: str) -> dict[str, object]:
        """End a delivery that was given up, so that later ones of its dossier go. Records and raises as `replay`."""
        event = DeliveryEvent(
            self._now(), "dropped", DeliveryReason.DROPPED_BY_OPERATOR, exchange=caller.exchange
        )
        return await self._decided(caller, delivery, "delivery_dropped", self.rows.drop(delivery, event))

    async def _decided(self, caller: Caller, delivery: str, result: str, work: Work) -> dict[str, object]:
        row = await self._own(caller, delivery, result)
        if row.state is not DeliveryState.DEAD:
            raise Conflict(say.DELIVERY_NOT_GIVEN_UP(state=row.state), code=ProblemCode.STATE_DIFFERS)
        header = RecordHeader(caller.exchange, row.requester, caller.agency, dossier=row.code)
        notes = {
            "delivery": row.id,
            "target": row.target,
            "by": caller.requester.id,
            "reason": row.reason,
            **caller.notes,
        }
        try:
            receipt = await self.recorder.write(header, Phase.DELIVERY, result, notes=notes, work=work)
        except RowConflict:
            raise Conflict(say.DELIVERY_NOT_GIVEN_UP(state="?"), code=ProblemCode.STATE_DIFFERS) from None
        self.outbox.wake()
        again = await self.rows.delivery(delivery)
        return {
            "exchange_id": caller.exchange, **delivery_of(again or row),
            "receipt": {"leaf_hash": receipt.leaf_hash, "log": receipt.log},
        }  # fmt: skip

    def _now(self) -> float:
        return self.recorder.clock.now().timestamp()

    async def _own(self, caller: Caller, delivery: str, operation: str) -> DeliveryRow:
        row = await self.rows.delivery(delivery)
        if row is None or _whose(caller) not in ("", row.requester):
            unknown = NotFound(say.NO_SUCH_DELIVERY(place=0), code=ProblemCode.DELIVERY_UNKNOWN)
            await record_unknown_delivery(self.recorder, caller, operation, delivery, unknown)
            raise unknown
        return row


def _whose(caller: Caller) -> str:
    """The requester whose deliveries the caller sees; blank: all."""
    return "" if "admin" in caller.requester.scopes else caller.requester.id


def remedy(row: DeliveryRow, held_by: str = "") -> dict[str, str]:
    """What to do about a delivery, in both languages; `held_by`: the one that keeps it waiting."""
    is_dead = row.state is DeliveryState.DEAD
    table = words.REASON_REMEDIES if row.kind is MessageKind.DOSSIER else words.STEP_REMEDIES
    if not is_dead:
        table = words.WAITING_REMEDIES if row.kind is MessageKind.PROGRESS and row.state in _WAITS else {}
    vi, en = table.get(row.reason) or words.STATE_REMEDIES[row.state]
    if held_by:
        vi, en = words.HELD_REMEDY
    filled = {"delivery": row.id, "target": row.target, "held_by": held_by}
    return {"vi": vi.format(**filled), "en": en.format(**filled)}


def _step(event: DeliveryEvent) -> dict[str, object]:
    vi, en = words.STEPS.get(event.what, (event.what, event.what))
    why = words.reason(event.reason)
    if event.field:
        vi, en = f"{vi} Trường: {event.field}.", f"{en} Field: {event.field}."
    return {
        "at": rfc3339(datetime.fromtimestamp(event.at, UTC)), "what": event.what, "reason": event.reason or None,
        "field": event.field or None, "attempt": event.attempt, "exchange": event.exchange or None,
        "vi": f"{vi} {why['vi']}." if why else vi, "en": f"{en} {why['en']}." if why else en,
    }  # fmt: skip


def _words(table: words.WordTable, code: str) -> dict[str, str]:
    vi, en = table.get(code, (code, code))
    return {"vi": vi, "en": en}

"""The inbox of a provincial system: what portals forwarded to it, until it acknowledges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.domain import sentences as say
from gateway.domain.errors import NotFound
from gateway.domain.exchange import Phase
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.ports.relay import INBOX, DeliveryEvent, DeliveryRow, InboxItem, RelayRows
from gateway.relay.answers import shown_receipt
from gateway.relay.contents import Contents, as_subjects, owners_in


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierInbox:
    """The inboxes of all systems."""

    rows: RelayRows
    contents: Contents
    recorder: Recorder

    async def read(self, caller: Caller, after: int, most: int) -> dict[str, object]:
        """What portals forwarded to the caller and it did not acknowledge, oldest first. Recorded before it leaves."""
        rows = await self.rows.inbox(caller.requester.id, after, most)
        messages = [await self.contents.open(row.period, row.sealed, row.id) for row in rows]
        if rows:
            persons = [one for message in messages for one in owners_in(message)]
            header = RecordHeader(
                caller.exchange, caller.requester.id, caller.agency, subjects=as_subjects(persons)
            )
            notes: dict[str, str | int | bool] = {"operation": "inbox_read", "items": len(rows)}
            await self.recorder.write(header, Phase.LOOKUP, "inbox_read", notes=notes)
        items = [_item(row, message).plain() for row, message in zip(rows, messages, strict=True)]
        return {"exchange_id": caller.exchange, "items": items, "next": rows[-1].seq if rows else after}

    async def acknowledge(self, caller: Caller, deliveries: Sequence[str]) -> dict[str, object]:
        """Mark items of the caller's inbox as taken over; one that is already stays so.

        Raises NotFound when one is not the caller's.
        """
        mine = INBOX + caller.requester.id
        found = [await self.rows.delivery(one) for one in deliveries]
        for place, row in enumerate(found):
            if row is None or row.target != mine:
                raise NotFound(say.NO_SUCH_DELIVERY(place=place), code=ProblemCode.DELIVERY_UNKNOWN)
        now = self.recorder.clock.now().timestamp()
        event = DeliveryEvent(now, "acknowledged", exchange=caller.exchange)
        work = self.rows.acknowledge(caller.requester.id, list(dict.fromkeys(deliveries)), event)
        header = RecordHeader(caller.exchange, caller.requester.id, caller.agency)
        receipt = await self.recorder.write(
            header, Phase.DELIVERY, "inbox_acknowledged", notes={"deliveries": len(deliveries)}, work=work
        )
        return {
            "exchange_id": caller.exchange,
            "acknowledged": len(deliveries),
            "receipt": shown_receipt(receipt),
        }


def _item(row: DeliveryRow, message: Any) -> InboxItem:  # noqa: ANN401 -- any JSON
    origin = row.order_key.partition("|")[0]
    return InboxItem(row.seq, row.id, row.kind, origin, row.code, row.version, message)

"""Mends what a reconciliation found: queues the messages that a portal lacks, each with a record.

What is sent has the status that the dossier has now. A dossier that changed since it was compared is left alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.domain.dates import moment
from gateway.domain.dossier import PROVINCE, MessageKind
from gateway.domain.errors import RowConflict
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import new_exchange_id
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.ports.exchange_log import Work
from gateway.ports.relay import (
    DeliveryEvent,
    DeliveryRow,
    DeliverySearch,
    DeliveryState,
    DossierRow,
    EventRow,
    RelayRows,
)
from gateway.relay.contents import Contents
from gateway.relay.differences import Difference, Divergence, Remedy
from gateway.relay.messages import FOLLOWED, head_of, queued, standing_now
from gateway.relay.outbox import Outbox
from gateway.relay.statuses import StatusRules, fold

_GOES = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNCONFIRMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierMender:
    """Queues deliveries that mend differences."""

    rows: RelayRows
    contents: Contents
    recorder: Recorder
    outbox: Outbox
    rules: StatusRules = field(default_factory=StatusRules)

    async def mend(self, difference: Difference, why: Mapping[str, str]) -> bool:
        """Whether it was queued; False when the dossier is not as it was compared, or nothing can be sent.

        `why`: notes of the record: the run, and the account that began it. Raises RelayUnavailable, LogUnavailable.
        """
        row = await self.rows.dossier(difference.origin, difference.code)
        if row is None or row.version != difference.version:
            return False
        return await self._queue(row, difference, why)

    async def send_first(self, step: DeliveryRow) -> None:
        """Queue the dossier that a receiver lacks before a step that it refused therefore; recorded.

        Once, as long as the step is not replayed: a receiver that lacks it all the same is no reason to send it again
        and again. Raises RelayUnavailable, LogUnavailable.
        """
        origin = step.order_key.partition("|")[0]
        if origin != PROVINCE or await self._is_sent(step):
            return
        row = await self.rows.dossier(origin, step.code)
        if row is None:
            return
        lacks = Difference(
            step.target, Divergence.MISSING_THERE, origin, row.code, row.requester, row.version, row.status, "",
            Remedy.SEND, (MessageKind.DOSSIER,), (), step.id,
        )  # fmt: skip
        await self._queue(row, lacks, {"delivery": step.id})

    async def _is_sent(self, step: DeliveryRow) -> bool:
        """Whether the dossier goes already, or went since the attempts at the step began."""
        newest = await self.rows.deliveries(DeliverySearch(target=step.target, code=step.code, most=100))
        return any(
            one.state in _GOES or one.opened >= step.tried
            for one in newest
            if one.order_key == step.order_key and one.kind is MessageKind.DOSSIER and one.seq > step.seq
        )

    async def _queue(self, row: DossierRow, difference: Difference, why: Mapping[str, str]) -> bool:
        exchange = new_exchange_id()
        work = await self._work(row, difference, exchange)
        if work is None:
            return False
        header = RecordHeader(exchange, row.requester, row.agency, row.procedure, row.code)
        notes = {
            "target": difference.portal, "class": str(difference.kind), "remedy": str(difference.remedy), **why,
        }  # fmt: skip
        try:
            await self.recorder.write(header, Phase.DELIVERY, "dossier_mended", notes=notes, work=work)
        except RowConflict:
            return False
        self.outbox.wake()
        return True

    async def _work(self, row: DossierRow, difference: Difference, exchange: str) -> Work | None:
        now = self.recorder.clock.now().timestamp()
        if difference.remedy is Remedy.REPLAY:
            return self.rows.replay(difference.delivery, DeliveryEvent(now, "replayed", exchange=exchange))
        newer = row._replace(version=row.version + 1, changed=now)
        bodies = [(kind, await self._body(kind, row, difference)) for kind in difference.sends]
        if not any(body is not None for _, body in bodies):  # the steps came with whole dossiers
            bodies = [(MessageKind.DOSSIER, await self._body(MessageKind.DOSSIER, row, difference))]
        keys = await self.contents.current()
        head = head_of(newer, row.requester, exchange, keys, now)
        messages = [queued(head, kind, difference.portal, body) for kind, body in bodies if body is not None]
        if not messages or (
            MessageKind.DOSSIER in difference.sends and messages[0].kind is not MessageKind.DOSSIER
        ):
            return None
        return self.rows.change(dossier=newer, before=row.version, deliveries=messages)

    async def _body(
        self, kind: MessageKind, row: DossierRow, difference: Difference
    ) -> Mapping[str, Any] | None:
        """The message; None when its content cannot be opened, or there is nothing to send."""
        if kind is MessageKind.DOSSIER:
            return await self._dossier(row)
        events = await self.rows.events(row.origin, row.code)
        if kind is MessageKind.STATUS:
            return await self._notice(row, events)
        found = [await self._entry(one) for one in self._unsent_steps(row, events, difference.theirs)]
        entries = [one for one in found if one.get("official")]  # others came with a whole dossier
        return {"entries": entries} if entries else None

    async def _dossier(self, row: DossierRow) -> Mapping[str, Any] | None:
        """The stored dossier with the status that it has now."""
        content = await self.contents.of_dossier(row)
        if content is None:
            return None
        return standing_now(content["dossier"], row)

    def _unsent_steps(self, row: DossierRow, events: Sequence[EventRow], theirs: str) -> list[EventRow]:
        """Our steps behind the status that the portal has; all of them when we never had that status."""
        verdicts = fold(events, self.recorder.clock.now().timestamp(), self.rules).verdicts
        ours = [one for one in events if one.source == PROVINCE and verdicts[one.id] in FOLLOWED]
        path = orjson.loads(row.facts).get("path", ()) if row.facts else ()
        known = max((at for status, at in path if status == theirs), default=None)
        return sorted(
            (one for one in ours if known is None or int(one.at) > known), key=lambda one: (one.at, one.came)
        )

    async def _entry(self, step: EventRow) -> dict[str, Any]:
        """The step as it came; its code, status and time alone when its content is erased."""
        content = await self.contents.open(step.period, step.sealed, step.id)
        known: dict[str, Any] = content if isinstance(content, dict) else {}
        return {**known, "dossier": step.code, "at": moment(step.at), "status": step.status}

    async def _notice(self, row: DossierRow, events: Sequence[EventRow]) -> Mapping[str, Any]:
        """The status now, with what the step said that set it."""
        last = next((one for one in events if one.status == row.status and one.at == row.status_at), None)
        content = None if last is None else (await self._entry(last)).get("content")
        notice = {"dossier": row.code, "at": moment(row.status_at), "status": row.status}
        more = {"local_code": row.other_code, "content": content}
        return {**notice, **{name: value for name, value in more.items() if value}}

"""The messages that a change of a dossier causes, each sealed and queued for one receiver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from gateway.config.configuration import Configuration
from gateway.config.portals import PortalSettings
from gateway.domain.dates import moment
from gateway.domain.dossier import PROVINCE, DossierStatus, MessageKind, ProgressEntry, StatusNotice
from gateway.domain.identifiers import new_exchange_id
from gateway.exchange_log.keys import PeriodKeys
from gateway.ports.relay import INBOX, DeliveryRow, DeliveryState, DossierRow, Portal
from gateway.relay.changes import Party
from gateway.relay.contents import Contents, context_of, plain, sealed
from gateway.relay.statuses import Standing, StatusRules, StepVerdict
from gateway.relay.writable import check_writable

#: target of a step ahead of the clock: it is queued for this gateway itself
EARLY = "early"
#: begins the target of the receiver that fetches files for a portal's dossiers
FILES = "files:"
#: verdicts of steps that leave for the portals
FOLLOWED = (StepVerdict.APPLIED, StepVerdict.LATE, StepVerdict.REPEATED)
#: the date of the dossier that belongs to a status
_DATED = {
    DossierStatus.REFUSED: "refused_at",
    DossierStatus.PROCESSED: "processed_at",
    DossierStatus.HANDED_OVER: "handed_over_at",
}


class MessageHead(NamedTuple):
    """What all messages of one change have in common."""

    #: messages of the same key and receiver go in order
    order_key: str
    code: str
    version: int
    requester: str
    exchange: str
    #: they seal it
    keys: PeriodKeys
    #: POSIX seconds
    now: float


def head_of(row: DossierRow, requester: str, exchange: str, keys: PeriodKeys, now: float) -> MessageHead:
    """Of messages about a dossier."""
    return MessageHead(context_of(row), row.code, row.version, requester, exchange, keys, now)


def queued(head: MessageHead, kind: MessageKind, target: str, body: Mapping[str, Any]) -> DeliveryRow:
    """One message, due at once."""
    delivery, now = str(new_exchange_id()), head.now
    return DeliveryRow(
        0, delivery, target, head.order_key, kind, head.code, head.version, head.requester, head.exchange,
        DeliveryState.QUEUED, 0, "", now, 0.0, now, now, head.keys.period, sealed(head.keys, body, delivery),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierMessages:
    """Decides which messages go to which receivers."""

    configuration: Configuration
    portals: Mapping[str, Portal]
    contents: Contents
    rules: StatusRules = field(default_factory=StatusRules)

    def takers(self, kind: MessageKind) -> list[str]:
        """The portals that something of this kind is queued for."""
        return [name for name, one in self.configuration.portals.items() if kind in one.takes]

    def check_dossier(self, targets: Sequence[str], dossier: Mapping[str, Any]) -> None:
        """Raises Unprocessable for a dossier that a receiver could never take."""
        check_writable(self.portals, targets, MessageKind.DOSSIER, dossier)

    def check_steps(self, row: DossierRow, entries: Sequence[tuple[int, ProgressEntry]]) -> None:
        """Raises Unprocessable for a step that no message to a portal can carry. `entries`: with their places."""
        for at, one in entries:
            if row.origin == PROVINCE:
                targets, kind = self.takers(MessageKind.PROGRESS), MessageKind.PROGRESS
                body: Mapping[str, Any] = {"entries": [plain(one)]}
            else:
                takers = self.takers(MessageKind.STATUS)
                targets, kind = [one for one in takers if one == row.origin], MessageKind.STATUS
                body = plain(_notice(row, one))
            check_writable(self.portals, targets, kind, body, f"/entries/{at}")

    def of_dossier(
        self, row: DossierRow, content: Mapping[str, Any], targets: Sequence[str], head: MessageHead
    ) -> list[DeliveryRow]:
        """The dossier with its status of now: for a portal itself, for a provincial system also as it came."""
        dossier = standing_now(content["dossier"], row)
        whole = {**content, "dossier": dossier}
        return [
            queued(
                head, MessageKind.DOSSIER, one, whole if one.startswith(INBOX) or "raw" in whole else dossier
            )
            for one in targets
        ]

    async def of_steps(
        self, row: DossierRow, entries: Mapping[str, ProgressEntry], standing: Standing, party: Party,
        head: MessageHead,
    ) -> list[DeliveryRow]:  # fmt: skip
        """Progress for the portals; the portal that forwarded the dossier gets notices of its status.

        What a portal says goes to the provincial system. A step that the status machine does not follow is kept and
        shown here, and leaves no more. Behind a late step the portals get the dossier again, with the status of now.
        `entries`: by the ids of their steps.
        """
        if party.origin != PROVINCE:
            targets = receivers(self.configuration.portals[party.origin], row.requester)
            return _progress(list(entries.values()), targets, head)
        pairs = sorted(
            ((standing.verdicts[name], one) for name, one in entries.items()), key=lambda pair: pair[1].at
        )
        later = [
            self._early(name, one, row, head)
            for name, one in entries.items()
            if standing.verdicts[name] is StepVerdict.EARLY
        ]
        if row.origin != PROVINCE:
            return later + self._notices(row, pairs, head)
        followed = [one for verdict, one in pairs if verdict in FOLLOWED]
        targets = self.takers(MessageKind.PROGRESS) if followed else []
        again = await self._again(row, head) if StepVerdict.LATE in {verdict for verdict, _ in pairs} else []
        return later + _progress(followed, targets, head) + again

    def _notices(
        self, row: DossierRow, pairs: Sequence[tuple[StepVerdict, ProgressEntry]], head: MessageHead
    ) -> list[DeliveryRow]:
        """For the portal that forwarded the dossier."""
        portal = self.configuration.portals.get(row.origin)
        takes = portal is not None and MessageKind.STATUS in portal.takes
        return [
            queued(head, MessageKind.STATUS, row.origin, plain(_notice(row, one)))
            for verdict, one in pairs
            if takes and verdict is StepVerdict.APPLIED
        ]

    async def _again(self, row: DossierRow, head: MessageHead) -> list[DeliveryRow]:
        """The dossier as it stands, for the portals; nothing when its content is erased."""
        content = await self.contents.of_dossier(row)
        if not content:
            return []
        return self.of_dossier(row, {"dossier": content["dossier"]}, self.takers(MessageKind.DOSSIER), head)

    def _early(self, step: str, entry: ProgressEntry, row: DossierRow, head: MessageHead) -> DeliveryRow:
        """A step ahead of the clock, for this gateway itself when its time comes (`early.py`)."""
        body = {"origin": row.origin, "code": row.code, "step": step}
        due = entry.at.timestamp() - self.rules.ahead_seconds
        message = queued(head._replace(order_key=f"early|{step}"), MessageKind.PROGRESS, EARLY, body)
        return message._replace(next_at=max(head.now, due))


def _progress(
    entries: Sequence[ProgressEntry], targets: Sequence[str], head: MessageHead
) -> list[DeliveryRow]:
    body = {"entries": [plain(one) for one in entries]}
    return [queued(head, MessageKind.PROGRESS, target, body) for target in targets]


def _notice(row: DossierRow, entry: ProgressEntry) -> StatusNotice:
    return StatusNotice(
        dossier=row.code, local_code=entry.local_code or row.other_code, procedure=row.procedure, at=entry.at,
        status=entry.status, status_text=entry.status_text, content=entry.content, papers=entry.papers,
        more=entry.more,
    )  # fmt: skip


def receivers(portal: PortalSettings, requester: str, papers: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """Who gets what a portal forwards; `papers` with addresses are fetched as well."""
    assert portal.door is not None
    out = [*([INBOX + requester] if requester else []), *portal.door.pushes_to]
    if portal.door.fetch_from and any(one.get("url") and not one.get("file") for one in papers):
        out.append(FILES + portal.portal)
    return out


def standing_now(dossier: Mapping[str, Any], row: DossierRow) -> dict[str, Any]:
    """A dossier (JSON) with the status that it has now, and the date of it; its own where none has a meaning.

    The day of reception is also that of a step on the way here: portals want it for every later status.
    """
    status = row.status
    if status == DossierStatus.UNKNOWN or dossier.get("status", DossierStatus.SUBMITTED) == status:
        return dict(dossier)
    now = {name: one for name, one in dossier.items() if name != "status_text"} | {"status": status}
    date = _DATED.get(DossierStatus(status))
    if date is not None:
        now.setdefault(date, moment(row.status_at))
    path = orjson.loads(row.facts).get("path", ()) if row.facts else ()
    received = next((at for status, at in path if status == DossierStatus.ACCEPTED), None)
    if received is not None:
        now.setdefault("received_at", moment(received))
    return now

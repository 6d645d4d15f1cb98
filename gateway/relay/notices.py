"""Notices: parts of a dossier that its portal sends later, such as an amendment, a payment voucher or a tax notice.

A notice never replaces the dossier: it is a step of it, and an item in the inbox of the provincial system.
The same content again is stored once, also when it comes many times at the same moment. Files that it names by address
come later, as a second item under the same id (`notice`) that has the papers and nothing else: it is booked once.
"""

import contextlib
from collections.abc import Mapping, Sequence
from hashlib import blake2s
from typing import Any

import orjson

from gateway.config.portals import PortalSettings
from gateway.domain.dossier import PROVINCE, DossierStatus, MessageKind
from gateway.domain.errors import RowConflict
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId, new_exchange_id
from gateway.exchange_log.keys import PeriodKeys
from gateway.exchange_log.recorder import RecordHeader
from gateway.ports.exchange_log import Work
from gateway.ports.relay import DeliveryRow, DossierRow, EventRow, KeyRow, TakenIn
from gateway.relay.contents import sealed
from gateway.relay.messages import MessageHead, queued, receivers
from gateway.relay.service import LEGAL_BASIS, TRIES, DossierRelay, changes_too_often
from gateway.relay.statuses import StepVerdict


async def take_notice(
    relay: DossierRelay,
    portal: PortalSettings,
    exchange: ExchangeId,
    code: str,
    service: str,
    content: Mapping[str, Any],
    kind: str,
) -> TakenIn:
    """Store a notice and queue it. STORED, or REPEATED. `service` is the portal's word, `kind` ours, for the record.

    Raises Conflict, RelayUnavailable, LogUnavailable.
    """
    for _ in range(TRIES):
        row = await relay.rows.dossier(portal.portal, code) or await relay.rows.dossier(PROVINCE, code)
        keys = await relay.contents.current()
        notice = _Notice(relay, portal, exchange, code, service, content, row, keys)
        known = await _is_known(relay, portal, code, notice.id)
        state = TakenIn.REPEATED if known else TakenIn.STORED
        with contextlib.suppress(RowConflict):
            await relay.recorder.write(
                notice.header, Phase.DELIVERY, f"notice_{state}",
                notes={"origin": notice.origin, "kind": kind}, work=None if known else notice.work(),
            )  # fmt: skip
            relay.outbox.wake()
            return state
    raise changes_too_often()


async def complete_notice(
    relay: DossierRelay, portal: PortalSettings, delivery: str, body: Mapping[str, Any],
    papers: Sequence[Mapping[str, Any]],
) -> None:  # fmt: skip
    """Queue the papers of a notice with their files, for those who have it; once for the same files.

    `delivery`: the message of these files, `body` its content. Raises RelayUnavailable, LogUnavailable.
    """
    row = await relay.rows.delivery(delivery)
    targets = [] if row is None else receivers(portal, row.requester)
    if row is None or not targets:
        return
    keys, now = await relay.contents.current(), relay.recorder.clock.now().timestamp()
    exchange, service = new_exchange_id(), str(body.get("service", ""))
    files = [str(one.get("file") or "") for one in papers]
    words = orjson.dumps((delivery, files))
    key = blake2s(words, key=relay.secret, digest_size=16, person=b"files").hexdigest()
    head = MessageHead(row.order_key, row.code, 0, row.requester, exchange, keys, now)
    part = {"code": row.code, "papers": papers}
    message = {"service": service, "notice": body.get("notice", ""), "part": part}
    work = relay.rows.change(
        key=KeyRow(f"portal:{portal.portal}", key, b"", b"", 202, now),
        deliveries=[queued(head, MessageKind.NOTICE, one, message) for one in targets],
        files=[one.removeprefix("sha256:") for one in files if one],
    )  # fmt: skip
    header = RecordHeader(exchange, row.requester, dossier=row.code, legal_basis=LEGAL_BASIS)
    notes = {"origin": row.order_key.partition("|")[0]}
    with contextlib.suppress(RowConflict):  # a former attempt did it
        await relay.recorder.write(header, Phase.DELIVERY, "notice_completed", notes=notes, work=work)
    relay.outbox.wake()


async def _is_known(relay: DossierRelay, portal: PortalSettings, code: str, notice: str) -> bool:
    """Whether it came before: also when the dossier was not known then, or was another system's."""
    steps = [one for origin in (portal.portal, PROVINCE) for one in await relay.rows.events(origin, code)]
    return any(one.id == notice for one in steps)


class _Notice:
    """One notice, before it is stored."""

    def __init__(
        self, relay: DossierRelay, portal: PortalSettings, exchange: ExchangeId, code: str, service: str,
        content: Mapping[str, Any], row: DossierRow | None, keys: PeriodKeys,
    ) -> None:  # fmt: skip
        """`row`: the dossier; None while it is not known."""
        assert portal.door is not None
        self._relay, self._keys, self._exchange = relay, keys, exchange
        self._code, self._service, self._content = code, service, content
        self._portal = portal.portal
        self._now = relay.recorder.clock.now().timestamp()
        self.origin = row.origin if row is not None else portal.portal
        self._requester = row.requester if row is not None else portal.door.forwards_to
        self._targets = receivers(portal, self._requester, content.get("papers", ()))
        # not of where the dossier is stored: a resend is one, also when another system has posted the code meanwhile
        # nor of the bytes of a file: a tax notice is its rows, however its file was written or grouped
        notice = {**content, "papers": [{**one, "file": ""} for one in content.get("papers", ())]}
        words = orjson.dumps((portal.portal, code, service, notice), option=orjson.OPT_SORT_KEYS)
        self.id = blake2s(words, key=relay.secret, digest_size=16, person=b"notice").hexdigest()
        self.header = RecordHeader(
            exchange, self._requester, row.agency if row is not None else "",
            row.procedure if row is not None else "", code, legal_basis=LEGAL_BASIS,
        )  # fmt: skip

    def work(self) -> Work:
        """Step, deliveries, and a key that lets one of several twins win."""
        key = KeyRow(f"portal:{self._portal}", self.id, b"", b"", 202, self._now)
        named = [str(one.get("file") or "") for one in self._content.get("papers", ())]
        return self._relay.rows.change(
            key=key, events=[self._event()], deliveries=self._deliveries(),
            files=[one.removeprefix("sha256:") for one in named if one],
        )  # fmt: skip

    def _event(self) -> EventRow:
        content = sealed(self._keys, {"content": self._service}, self.id)
        return EventRow(
            self.origin, self._code, self.id, self._portal, DossierStatus.UNKNOWN, self._now, self._now,
            StepVerdict.UNKNOWN, self._keys.period, content,
        )  # fmt: skip

    def _deliveries(self) -> Sequence[DeliveryRow]:
        body = {"service": self._service, "notice": self.id, "part": self._content}
        key = f"{self.origin}|{self._code}"
        head = MessageHead(key, self._code, 0, self._requester, self._exchange, self._keys, self._now)
        return [queued(head, MessageKind.NOTICE, target, body) for target in self._targets]

"""Reports of wrong values, for the owner of the database, where a portal takes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.config.configuration import Configuration
from gateway.domain.dossier import MessageKind
from gateway.domain.parties import Caller
from gateway.exchange_log.keys import PeriodKeys
from gateway.ports.clock import Clock
from gateway.ports.exchange_log import Work
from gateway.ports.relay import KeyRow, RelayRows
from gateway.relay.messages import MessageHead, queued

_ACCEPTED = 202


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionReports:
    """Queues reports."""

    configuration: Configuration
    rows: RelayRows
    clock: Clock

    def work(
        self, correction: str, source: str, report: Mapping[str, Any], caller: Caller, keys: PeriodKeys
    ) -> Work | None:
        """Queues a report of a wrong value for the owner of its database; None where no portal takes such reports.

        Raises RowConflict when it is stored and the report is queued already.
        """
        targets = [
            name
            for name, one in self.configuration.portals.items()
            if MessageKind.CORRECTION in one.takes and source in one.sources
        ]
        if not targets:
            return None
        now = self.clock.now().timestamp()
        head = MessageHead(
            f"correction|{correction}", correction, 1, caller.requester.id, caller.exchange, keys, now
        )
        key = KeyRow("correction:", correction, b"", b"", _ACCEPTED, now)
        deliveries = [queued(head, MessageKind.CORRECTION, target, report) for target in targets]
        return self.rows.change(key=key, deliveries=deliveries)

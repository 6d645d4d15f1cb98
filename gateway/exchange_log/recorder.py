"""The one place where records are built: callers give a `RecordHeader`, `Recorder` writes and counts the record."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from gateway.domain.dates import rfc3339
from gateway.domain.errors import LogUnavailable
from gateway.domain.evidence import NOTHING
from gateway.domain.exchange import WITHHELD, CallEntry, ExchangeRecord, Phase, Receipt
from gateway.domain.identifiers import (
    ExchangeId,
    RequesterId,
    is_dossier_code,
    is_procedure_code,
    is_unit_code,
    new_exchange_id,
)
from gateway.ports.clock import Clock
from gateway.ports.exchange_log import ExchangeLog, Work
from gateway.telemetry import Metrics

#: requester of the records of operator commands
_OPERATOR = "operator"


class RecordHeader(NamedTuple):
    """Exchange, requester, purpose and subjects of a record (see `ExchangeRecord`)."""

    exchange: ExchangeId
    requester: RequesterId | str = ""
    agency: str = ""
    procedure: str = ""
    dossier: str = ""
    purpose: str = ""
    legal_basis: str = ""
    #: role -> Subject.key; personal data
    subjects: Mapping[str, str] = NOTHING
    #: personal id of the official
    official: str = ""
    on_duty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Builds records under one configuration, makes them durable and counts them.

    A purpose that is not configured, and a code of an agency, a procedure or a dossier that is neither configured nor
    of a known form, is `withheld`: a caller may have written a person's number or name.
    """

    log: ExchangeLog
    clock: Clock
    #: digest of the configuration in force, for every record; blank for operator commands
    digest: str
    metrics: Metrics
    #: agencies, procedures and purposes of the configuration
    codes: Collection[str] = frozenset()

    async def write(
        self, about: RecordHeader, phase: Phase, result: str = "", *, rules: tuple[str, ...] = (),
        calls: tuple[CallEntry, ...] = (), fields: Mapping[str, bytes] = NOTHING,
        notes: Mapping[str, str | int | bool] = NOTHING, at: datetime | None = None,
        configuration: str | None = None, work: Work | None = None,
    ) -> Receipt:  # fmt: skip
        """Make one record durable; concurrent callers share a transaction. Raises LogUnavailable.

        `work` is stored with it, or neither is: RowConflict when a concurrent change came first.

        Counts what the caller knows: a record whose caller was cancelled is durable and not counted, one that is
        perhaps durable counts as a failure. `log_size` counts what is in the log.

        `at`: its time (default: now); `configuration`: the digest of a former configuration.
        """
        exchange, requester, agency, procedure, dossier, purpose, legal_basis, subjects, official, on_duty = (
            about
        )
        if agency and agency not in self.codes and not is_unit_code(agency):
            agency = WITHHELD
        if procedure and procedure not in self.codes and not is_procedure_code(procedure):
            procedure = WITHHELD
        if dossier and not is_dossier_code(dossier):
            dossier = WITHHELD
        if purpose and purpose not in self.codes:
            purpose = WITHHELD
        moment = rfc3339(at or self.clock.now())
        digest = self.digest if configuration is None else configuration
        record = ExchangeRecord(
            exchange, phase, moment, requester, agency, procedure, dossier, purpose, legal_basis, subjects, official,
            on_duty, calls, fields, rules, result, digest, notes,
        )  # fmt: skip
        began = time.perf_counter()
        try:
            receipt = await self.log.append(record, work)
        except LogUnavailable:
            self.metrics.append_failed()
            raise
        self.metrics.appended(phase, time.perf_counter() - began)
        return receipt

    async def operator_act(self, phase: Phase, operation: str, **notes: str | int | bool) -> None:
        """Record an operator command before it changes anything. Raises LogUnavailable."""
        about = RecordHeader(new_exchange_id(), _OPERATOR)
        await self.write(about, phase, notes={"operation": operation, **notes})

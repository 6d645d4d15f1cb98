"""What the keeper does to the log is itself a record, durable before it is done."""

from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.errors import Unprocessable
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.domain.identifiers import may_name_a_person, new_exchange_id
from gateway.ports.clock import Clock
from gateway.ports.exchange_log import ExchangeLog

_LONGEST_REASON = 200


class Hot(NamedTuple):
    """How long records stay before they may go, as a command was told."""

    months: int
    #: by an option or the environment, for this command: the configuration says otherwise
    overridden: bool = False

    @property
    def notes(self) -> dict[str, int | bool]:
        """For the record of what goes: an early erasure must not look like an ordinary one."""
        more = {"hot_months_overridden": True} if self.overridden else {}
        return {"hot_months": self.months, **more}


async def note_act(
    log: ExchangeLog, clock: Clock, phase: Phase, operation: str, **notes: str | int | bool
) -> None:
    """Make the record of an act durable; LogUnavailable when it cannot be kept, and then nothing may be done."""
    record = ExchangeRecord(
        exchange=new_exchange_id(), phase=phase, time=rfc3339(clock.now()), requester="operator",
        notes={"operation": operation, **notes},
    )  # fmt: skip
    await log.append(record)


def checked_reason(reason: str) -> str:
    """A reason that may stand in clear in a record; Unprocessable for none, a long one, or numbers of people."""
    text = reason.strip()
    if not text or len(text) > _LONGEST_REASON:
        raise Unprocessable(say.REASON_LENGTH(longest=_LONGEST_REASON), code="reason_wrong")
    if may_name_a_person(text):
        raise Unprocessable(say.REASON_HAS_NUMBER, code="reason_wrong")
    return text

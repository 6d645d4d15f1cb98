"""The hot period of the log, and the recorded reason for an early erasure."""

from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.domain.errors import Unprocessable
from gateway.domain.identifiers import may_name_a_person
from gateway.domain.problems import CommandCode

_LONGEST_REASON = 200


class Hot(NamedTuple):
    """The hot period: so many months records must stay."""

    months: int
    #: an option or the environment replaced the configuration's value
    overridden: bool = False

    @property
    def notes(self) -> dict[str, int | bool]:
        """Notes for the record of an erasure or pruning: an early one must be visible."""
        more = {"hot_months_overridden": True} if self.overridden else {}
        return {"hot_months": self.months, **more}


def checked_reason(reason: str) -> str:
    """The reason, for a record. Raises Unprocessable if it is empty, long, or has numbers of people."""
    text = reason.strip()
    if not text or len(text) > _LONGEST_REASON:
        raise Unprocessable(say.REASON_LENGTH(longest=_LONGEST_REASON), code=CommandCode.REASON_WRONG)
    if may_name_a_person(text):
        raise Unprocessable(say.REASON_HAS_NUMBER, code=CommandCode.REASON_WRONG)
    return text

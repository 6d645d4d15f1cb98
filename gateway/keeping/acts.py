"""What a command says of an erasure before it does it: how long records stay, and why they go before their time."""

from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.domain.errors import Unprocessable
from gateway.domain.identifiers import may_name_a_person
from gateway.domain.problems import CommandCode

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


def checked_reason(reason: str) -> str:
    """A reason that may stand in clear in a record; Unprocessable for none, a long one, or numbers of people."""
    text = reason.strip()
    if not text or len(text) > _LONGEST_REASON:
        raise Unprocessable(say.REASON_LENGTH(longest=_LONGEST_REASON), code=CommandCode.REASON_WRONG)
    if may_name_a_person(text):
        raise Unprocessable(say.REASON_HAS_NUMBER, code=CommandCode.REASON_WRONG)
    return text

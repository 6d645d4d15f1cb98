"""What can never be delivered is refused when it comes: its sender mends it, and nothing waits behind it.

Each receiver's own form judges (`gateway.ports.relay.WritesMessages`). A receiver that takes our words takes all.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Self

from gateway.domain import sentences as say
from gateway.domain.dossier import Dossier, MessageKind
from gateway.domain.errors import Unprocessable, entry
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import Sentence
from gateway.ports.relay import Portal, Unwritable, WritesMessages


# the lists below are tables
# fmt: off
class FilingWarning(StrEnum):
    """What a portal takes blank and then counts against the dossier; it is taken in all the same."""

    vi: str
    en: str
    #: canonical member
    member: str

    def __new__(cls, code: str, member: str, vi: str, en: str) -> Self:
        """A warning with its place and its texts."""
        found = str.__new__(cls, code)
        found._value_, found.member, found.vi, found.en = code, member, vi, en
        return found

    FILED_AT_MISSING = ("filed_at_missing", "filed_at",
        "Thiếu ngày nộp hồ sơ: trường NgayNopHoSo của cổng quốc gia sẽ để trống",
        "The time of filing is missing: the national portal's field NgayNopHoSo stays blank")
# fmt: on


def blank_in(dossier: Dossier) -> tuple[FilingWarning, ...]:
    """What a dossier leaves blank that should not be."""
    return tuple(one for one in FilingWarning if getattr(dossier, one.member) is None)


_CONDITION = re.compile(r"\[[a-z_]+=.*")
_STEPS = re.compile(r"[.\[\]]+")


def check_writable(
    portals: Mapping[str, Portal],
    targets: Sequence[str],
    kind: MessageKind,
    body: Mapping[str, Any],
    place: str = "",
) -> None:
    """Raises Unprocessable with each receiver's first fault; `place`: JSON pointer of the message."""
    faults: list[tuple[Unwritable, str]] = []
    for target in targets:
        portal: object = portals.get(target)
        if isinstance(portal, WritesMessages) and (fault := portal.unwritable(kind, body)) is not None:
            faults.append((fault, target))
    if faults:
        code = ProblemCode.MESSAGE_NOT_WRITABLE
        entries = [entry(place + pointer_of(one.path), _said(one, target), code) for one, target in faults]
        raise Unprocessable(_said(*faults[0]), code=code, errors=entries)


def pointer_of(path: str) -> str:
    """A canonical path as a JSON pointer: `papers[0].component` is `/papers/0/component`."""
    plain = _CONDITION.sub("", path)
    return "".join(f"/{one}" for one in _STEPS.split(plain) if one)


def _said(fault: Unwritable, target: str) -> Sentence:
    return say.NEVER_WRITABLE(portal=target, field=fault.field, path=fault.path or "?", why=fault.why)

"""What can never be delivered is refused when it comes: its sender mends it, and nothing waits behind it.

Each receiver's own form judges (`gateway.ports.relay.WritesMessages`). A receiver that takes our words takes all.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.domain import sentences as say
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import Unprocessable, entry
from gateway.domain.problems import ProblemCode
from gateway.ports.relay import Portal, Unwritable, WritesMessages

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


def _said(fault: Unwritable, target: str) -> say.Sentence:
    return say.NEVER_WRITABLE(portal=target, field=fault.field, path=fault.path or "?", why=fault.why)

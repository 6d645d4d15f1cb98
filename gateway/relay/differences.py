"""How a dossier here differs from the same dossier at a portal, and what mends it. Pure: it asks nobody."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from gateway.domain.dossier import PROVINCE, DossierStatus, MessageKind
from gateway.domain.identifiers import procedure_code
from gateway.domain.reasons import DeliveryReason
from gateway.ports.relay import DeliveryRow, DeliveryState, DossierRow, RemoteDossier
from gateway.relay.statuses import StatusRules, is_final

#: facts that are compared where the portal shows them; `procedure`, `unit` and `agency` are too, each in its own way
COMPARED = (
    "filed_at", "received_at", "due_at", "processed_at", "handed_over_at", "channel", "payment", "return_method",
)  # fmt: skip
#: what no message of ours changes at a portal: a person compares both sides
_NOT_SENT = frozenset(("agency",))
#: ours -> what a notice about a forwarded dossier makes of it at the portal (`mappings/codes/notice_state.yaml`)
_NOTICED = {DossierStatus.REFUSED: DossierStatus.SUPPLEMENT_REQUESTED}
#: ends a text that a portal has cut
_ELLIPSIS = "..."


class Divergence(StrEnum):
    """How the two sides differ."""

    MISSING_THERE = "missing_there"
    MISSING_HERE = "missing_here"
    BEHIND_THERE = "status_behind_there"
    BEHIND_HERE = "status_behind_here"
    FIELDS = "fields_differ"
    #: a message about it is still under way: it is compared again when that has arrived
    UNCONFIRMED = "unconfirmed"


class Remedy(StrEnum):
    """What mends a difference."""

    SEND = "send"  #: the messages of `Difference.sends` are queued
    REPLAY = "replay"  #: a message was given up: it is queued again
    WAIT = "wait"  #: a message is under way
    POST_AGAIN = "post_again"  #: the content was erased: the provincial system posts the dossier again
    REPORT_PROGRESS = "report_progress"  #: the provincial system reports the steps that it knows
    FORWARD_AGAIN = "forward_again"  #: the portal forwards the dossier again
    LOOK = "look"  #: nothing that we can send decides it: a person compares both sides


#: what `apply` does
MENDED = frozenset((Remedy.SEND, Remedy.REPLAY))


class Difference(NamedTuple):
    """One dossier that differs; names no person."""

    portal: str
    kind: Divergence
    origin: str
    code: str
    requester: str
    #: version that was compared; 0: it is not here
    version: int
    #: status here and there; blank: it is not there
    ours: str
    theirs: str
    remedy: Remedy
    #: kinds of the messages that mend it, in their order
    sends: tuple[MessageKind, ...] = ()
    #: the facts that differ
    fields: tuple[str, ...] = ()
    #: the delivery that is under way or was given up
    delivery: str = ""


def compared(
    row: DossierRow, there: RemoteDossier | None, portal: str, takes: Collection[MessageKind],
    open_deliveries: Sequence[DeliveryRow], rules: StatusRules, stated: Mapping[str, str] = MappingProxyType({}),
) -> Difference | None:  # fmt: skip
    """How the two sides differ; None: they do not.

    `open_deliveries`: those of this dossier to this portal that are not delivered. `stated`: `unit` and `agency` that
    the dossier itself states; they are in no fact, for a unit is free text.
    """
    kind, fields = _divergence(row, there, rules, stated)
    if kind is None:
        return None
    theirs = "" if there is None else there.status_text or there.status
    found = Difference(
        portal,
        kind,
        row.origin,
        row.code,
        row.requester,
        row.version,
        row.status,
        theirs,
        Remedy.LOOK,
        (),
        fields,
    )
    mended = _mended(found, row, takes, is_unknown=_is_unknown(there))
    if (waits := _waiting_for(found, open_deliveries)) and mended.remedy in (Remedy.SEND, Remedy.POST_AGAIN):
        return mended._replace(sends=mended.sends[:1], delivery=waits)
    return _under_way(found, open_deliveries) or mended


def missing_here(portal: str, there: RemoteDossier) -> Difference:
    """A dossier that the portal lists, and nobody here has."""
    theirs = there.status_text or there.status
    return Difference(
        portal, Divergence.MISSING_HERE, portal, there.code, "", 0, "", theirs, Remedy.FORWARD_AGAIN
    )


def _divergence(
    row: DossierRow, there: RemoteDossier | None, rules: StatusRules, stated: Mapping[str, str]
) -> tuple[Divergence | None, tuple[str, ...]]:
    if there is None:
        return Divergence.MISSING_THERE, ()
    facts = orjson.loads(row.facts) if row.facts else {}
    fields = (*_differing(row, facts, there.facts), *_others(stated, there.facts))
    if _is_unknown(there):
        return Divergence.FIELDS, ("status", *fields)
    status = _status_divergence(row, facts, there.status, rules)
    return (status, fields) if status or not fields else (Divergence.FIELDS, fields)


def _is_unknown(there: RemoteDossier | None) -> bool:
    return there is not None and there.status == DossierStatus.UNKNOWN


def _status_divergence(
    row: DossierRow, facts: Mapping[str, Any], theirs: str, rules: StatusRules
) -> Divergence | None:
    """Behind is the side whose status the other side's can follow; a status that we had is behind ours."""
    ours = DossierStatus(row.status)
    if theirs == ours or (row.origin != PROVINCE and theirs == _NOTICED.get(ours)):
        return None
    had = [status for status, _ in facts.get("path", ())]
    follows = ours is DossierStatus.UNKNOWN or (
        not is_final(ours) and theirs not in had and DossierStatus(theirs) in rules.legal.get(ours, ())
    )
    return Divergence.BEHIND_HERE if follows else Divergence.BEHIND_THERE


def _differing(row: DossierRow, facts: Mapping[str, Any], shown: Mapping[str, Any]) -> tuple[str, ...]:
    """The facts that the portal shows and that differ here."""
    names = [name for name in COMPARED if shown.get(name) is not None and shown[name] != facts.get(name)]
    procedure = shown.get("procedure")
    if isinstance(procedure, str) and procedure and procedure_code(procedure) != row.procedure:
        names.append("procedure")
    return tuple(names)


def _others(stated: Mapping[str, str], shown: Mapping[str, Any]) -> list[str]:
    """The names and codes that both sides state and that differ."""
    names = []
    for name, is_same in (("unit", _is_same_name), ("agency", _is_same_unit)):
        ours, theirs = stated.get(name), shown.get(name)
        if ours and isinstance(theirs, str) and theirs.strip() and not is_same(ours, theirs):
            names.append(name)
    return names


def _is_same_name(ours: str, theirs: str) -> bool:
    """Whether two texts are one name, however they are spaced; theirs may be cut (national-portal.md A.11)."""
    ours, theirs = (" ".join(unicodedata.normalize("NFC", one).split()) for one in (ours, theirs))
    return ours == theirs or (theirs.endswith(_ELLIPSIS) and ours.startswith(theirs.removesuffix(_ELLIPSIS)))


def _is_same_unit(ours: str, theirs: str) -> bool:
    """Whether two codes name one unit: `000.00.14.H31` and `H31.14` do (national-portal.md K.2)."""
    return _levels(ours) == _levels(theirs)


def _levels(code: str) -> list[str]:
    parts = [one for one in code.strip().split(".") if one.strip("0")]
    return parts if parts[:1] and parts[0][:1].isalpha() else parts[::-1]


def _under_way(found: Difference, open_deliveries: Sequence[DeliveryRow]) -> Difference | None:
    """The difference when a message about it is not delivered yet; the first of them holds up the others."""
    if not open_deliveries:
        return None
    first = min(open_deliveries, key=lambda one: one.seq)
    if first.state is not DeliveryState.DEAD:
        return found._replace(kind=Divergence.UNCONFIRMED, remedy=Remedy.WAIT, delivery=first.id)
    if first.kind is MessageKind.DOSSIER:  # a newer one takes its place
        return None
    return found._replace(remedy=Remedy.REPLAY, delivery=first.id)


def _waiting_for(found: Difference, open_deliveries: Sequence[DeliveryRow]) -> str:
    """The step that waits for the dossier, which no message brings; blank: there is none."""
    if found.kind is not Divergence.MISSING_THERE or not open_deliveries:
        return ""
    first = min(open_deliveries, key=lambda one: one.seq)
    lacks = first.state is not DeliveryState.DEAD and first.reason == DeliveryReason.DOSSIER_NOT_THERE
    comes = any(
        one.kind is MessageKind.DOSSIER and one.state is not DeliveryState.DEAD for one in open_deliveries
    )
    return first.id if lacks and not comes else ""


def _mended(
    found: Difference, row: DossierRow, takes: Collection[MessageKind], *, is_unknown: bool
) -> Difference:
    """The difference with what mends it."""
    if found.kind is Divergence.BEHIND_HERE:
        return found._replace(remedy=Remedy.REPORT_PROGRESS)
    sends = tuple(kind for kind in _wanted(found, takes, is_unknown=is_unknown) if kind in takes)
    # erased steps say no official, without whom no portal takes them
    if not row.sealed and not {MessageKind.DOSSIER, MessageKind.PROGRESS}.isdisjoint(sends):
        return found._replace(remedy=Remedy.POST_AGAIN)
    return found._replace(remedy=Remedy.SEND, sends=sends) if sends else found


def _wanted(
    found: Difference, takes: Collection[MessageKind], *, is_unknown: bool
) -> tuple[MessageKind, ...]:
    """The messages that mend it."""
    is_behind = found.kind is Divergence.BEHIND_THERE
    if found.origin != PROVINCE:  # the portal has its own dossier: it gets the status, and nothing else
        return (MessageKind.STATUS,) if is_behind else ()
    if is_unknown:
        return ()
    if is_behind and not found.fields and MessageKind.PROGRESS in takes:
        return (MessageKind.PROGRESS,)
    if MessageKind.DOSSIER not in takes or (
        found.kind is Divergence.FIELDS and _NOT_SENT.issuperset(found.fields)
    ):
        return ()
    steps = () if found.kind is Divergence.FIELDS else (MessageKind.PROGRESS,)
    return (MessageKind.DOSSIER, *steps)

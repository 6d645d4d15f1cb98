"""The status of a dossier, computed from all its known steps (national-portal.md K.3; the rules are our own).

`fold` is a function of the set of steps and of the clock. It gives the same answer for every order of arrival, and
for repeated steps.

1. Steps are ordered by the time when they happened; at the same time by `StatusRules.ranks`.
2. A legal step (`StatusRules.legal`) sets the status. The first step may have any status. A step forward may leave
   others out. A step back is `illegal`.
3. A final status (refused, withdrawn, stopped, handed over) stands. Later steps are `after_final`. One exception: the
   owner of the dossier, the province, reopens it (`StatusRules.reopens`) by a step that happened later. Example:
   supplement requested after refused. One final status does not replace another.
4. A portal says only what citizens do there: submit and withdraw (`StatusRules.portals_say`). Other steps of a portal
   are `illegal`.
5. A step that lies ahead of the clock by more than `StatusRules.ahead_seconds` is `early`: it counts from its time on.
6. A status without a meaning here is `unknown`. It never sets the status.

Every step is kept and has a verdict. Only `applied` and `late` steps have set the status.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

from gateway.domain.dossier import PROVINCE, DossierStatus

_S = DossierStatus
#: they end a dossier
FINAL = frozenset((_S.REFUSED, _S.WITHDRAWN, _S.STOPPED, _S.HANDED_OVER))
#: order of steps of the same second: a later word is the newer status
RANKS = (
    _S.SUBMITTED, _S.ACCEPTED, _S.PROCESSING, _S.SUPPLEMENT_REQUESTED, _S.PAYMENT_REQUESTED,
    _S.PROCESSED, _S.HANDED_OVER, _S.REFUSED, _S.WITHDRAWN, _S.STOPPED,
)  # fmt: skip
_ENDS = frozenset((_S.WITHDRAWN, _S.STOPPED, _S.PROCESSED, _S.HANDED_OVER))
_WORK = frozenset((_S.PROCESSING, _S.SUPPLEMENT_REQUESTED, _S.PAYMENT_REQUESTED))
#: status -> the statuses that may follow it; the same status again is no step
LEGAL = MappingProxyType({
    _S.SUBMITTED: frozenset((_S.ACCEPTED, _S.REFUSED)) | _WORK | _ENDS,
    _S.ACCEPTED: frozenset((_S.REFUSED,)) | _WORK | _ENDS,
    _S.PROCESSING: frozenset((_S.REFUSED,)) | _WORK | _ENDS,
    # the citizen gives more: a portal submits again, the counter accepts again
    _S.SUPPLEMENT_REQUESTED: frozenset((_S.SUBMITTED, _S.ACCEPTED, _S.REFUSED)) | _WORK | _ENDS,
    _S.PAYMENT_REQUESTED: frozenset((_S.ACCEPTED, _S.REFUSED)) | _WORK | _ENDS,
    # a fee may be due when the result is handed over; systems write 4 for inner steps after 9: that takes nothing back
    _S.PROCESSED: frozenset((_S.SUPPLEMENT_REQUESTED, _S.PAYMENT_REQUESTED)) | _ENDS,
})  # fmt: skip
#: final status -> what the province reopens it with
REOPENS = MappingProxyType({
    _S.REFUSED: frozenset((_S.ACCEPTED,)) | _WORK,
    _S.WITHDRAWN: frozenset((_S.ACCEPTED, _S.SUPPLEMENT_REQUESTED)),
    _S.STOPPED: frozenset((_S.ACCEPTED,)) | _WORK,
    # systems file a dossier away with the status 4 after 10: that reopens nothing
    _S.HANDED_OVER: frozenset((_S.SUPPLEMENT_REQUESTED,)),
})  # fmt: skip
PORTALS_SAY = frozenset((_S.SUBMITTED, _S.WITHDRAWN))
#: clocks differ by so much at most (PROMISES F29)
AHEAD_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRules:
    """The rules of a province; `relay.statuses` of `gateway.yaml` changes them."""

    ranks: tuple[DossierStatus, ...] = RANKS
    legal: Mapping[DossierStatus, frozenset[DossierStatus]] = field(default_factory=lambda: LEGAL)
    reopens: Mapping[DossierStatus, frozenset[DossierStatus]] = field(default_factory=lambda: REOPENS)
    portals_say: frozenset[DossierStatus] = PORTALS_SAY
    ahead_seconds: float = AHEAD_SECONDS


class StepVerdict(StrEnum):
    """What a step did."""

    APPLIED = "applied"  #: it set the status
    LATE = (
        "late"  #: it set the status in its place, but came after a later step: the status now is not its own
    )
    REPEATED = "repeated"  #: the dossier had this status already
    EARLY = "early"  #: it lies ahead of the clock: it counts from its time on
    AFTER_FINAL = "after_final"  #: a final status stood, and this step does not reopen it
    ILLEGAL = "illegal"  #: it does not follow from the status before, or a portal may not say it
    UNKNOWN = "unknown"  #: its status has no meaning here


class StatusStep(Protocol):
    """What counts of a step; an `EventRow` is one."""

    @property
    def id(self) -> str:
        """Of the content: steps with the same id are one."""

    @property
    def source(self) -> str:
        """`province`, or a portal."""

    @property
    def status(self) -> str:
        """A `DossierStatus`; anything else counts as unknown."""

    @property
    def at(self) -> float:
        """When it happened, POSIX seconds."""

    @property
    def came(self) -> float:
        """When it came, POSIX seconds."""


class Standing(NamedTuple):
    """Where a dossier stands."""

    #: `unknown` before the first step that has a meaning
    status: DossierStatus
    #: POSIX seconds of the step that set it; 0: none did
    at: float
    #: step id -> what it did
    verdicts: Mapping[str, StepVerdict]
    #: the statuses that it had, each with its time: what the steps that count made of it
    path: tuple[tuple[DossierStatus, float], ...] = ()
    #: POSIX seconds from which an early step counts; None: there is none
    changes_at: float | None = None


def is_final(status: str) -> bool:
    """Whether a status ends a dossier."""
    return status in FINAL


def fold(steps: Iterable[StatusStep], now: float, rules: StatusRules | None = None) -> Standing:
    """The status after all known steps of one dossier, at `now` (POSIX seconds)."""
    rules = rules or StatusRules()
    ordered = _ordered(steps, rules)
    verdicts: dict[str, StepVerdict] = {}
    path: list[tuple[DossierStatus, float]] = [(_S.UNKNOWN, 0.0)]
    early: list[float] = []
    for step, meant in ordered:
        if step.at > now + rules.ahead_seconds and meant is not _S.UNKNOWN:
            early.append(step.at - rules.ahead_seconds)
            verdicts[step.id] = StepVerdict.EARLY
            continue
        verdict = verdicts[step.id] = _verdict(*path[-1], step, meant, rules)
        if verdict is StepVerdict.APPLIED:
            path.append((meant, step.at))
    _mark_late([step for step, _ in ordered], verdicts)
    return Standing(*path[-1], verdicts, tuple(path[1:]), min(early, default=None))


def _ordered(steps: Iterable[StatusStep], rules: StatusRules) -> list[tuple[StatusStep, DossierStatus]]:
    """Each step once, in its place, with the meaning of its status."""
    first: dict[str, StatusStep] = {}
    for step in steps:
        known = first.get(step.id)
        if known is None or _fields(step) < _fields(known):
            first[step.id] = step
    ranks = {status: rank for rank, status in enumerate(rules.ranks)}
    meant = [(step, _meaning(step.status)) for step in first.values()]
    return sorted(
        meant, key=lambda one: (one[0].at, ranks.get(one[1], -1), one[0].source != PROVINCE, one[0].id)
    )


def _fields(step: StatusStep) -> tuple[float, float, str, str]:
    return step.came, step.at, step.status, step.source


def _meaning(status: str) -> DossierStatus:
    try:
        return DossierStatus(status)
    except ValueError:
        return _S.UNKNOWN


def _verdict(
    status: DossierStatus, at: float, step: StatusStep, meant: DossierStatus, rules: StatusRules
) -> StepVerdict:
    """What a step does to a dossier that has `status` since `at`."""
    if meant is _S.UNKNOWN:
        return StepVerdict.UNKNOWN
    if step.source != PROVINCE and meant not in rules.portals_say:
        return StepVerdict.ILLEGAL
    if status is _S.UNKNOWN:
        return StepVerdict.APPLIED
    if meant is status:
        return StepVerdict.REPEATED
    if status in FINAL:
        reopens = step.source == PROVINCE and step.at > at and meant in rules.reopens.get(status, ())
        return StepVerdict.APPLIED if reopens else StepVerdict.AFTER_FINAL
    return StepVerdict.APPLIED if meant in rules.legal.get(status, ()) else StepVerdict.ILLEGAL


def _mark_late(ordered: list[StatusStep], verdicts: dict[str, StepVerdict]) -> None:
    """Steps that set the status, and came after a step that follows them."""
    soonest = float("inf")
    for step in reversed(ordered):
        if verdicts[step.id] is not StepVerdict.APPLIED:
            continue
        if step.came > soonest:
            verdicts[step.id] = StepVerdict.LATE
        soonest = min(soonest, step.came)

"""When an anchor is asked, and when it is late or refusing: times are given, nobody waits."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.anchors.states import AnchorState, stamp
from gateway.domain.anchoring import Anchored

HOUR = 3_600.0
#: noon in Việt Nam
NOON = datetime(2026, 11, 25, 5, tzinfo=UTC).timestamp()
MIDNIGHT = NOON + 12 * HOUR


class Nobody:
    """An anchor that nobody asks here."""

    name = "one"

    def __init__(self, kind: str) -> None:
        self.kind = kind

    async def countersign(self, note: str) -> bytes:
        return note.encode()

    def proven(self, note: str, token: bytes) -> float | None:
        return None if note.encode() == token else NOON

    async def close(self) -> None:
        return


def standing(kind: str = "tsa", size: int = 5, at: float = NOON, grace: float = 4 * HOUR) -> AnchorState:
    """One whose last proof, or for size 0 its wish, is of `at`."""
    one = AnchorState(Nobody(kind), HOUR, grace)
    one.last = Anchored(size, kind, "one", stamp(at), b"proof" if size else b"")
    return one


def judged(one: AnchorState, now: float) -> str:
    one.judge(now)
    return one.state


def test_log_that_has_nothing_owes_nothing() -> None:
    one = AnchorState(Nobody("tsa"), HOUR, 4 * HOUR)
    assert (one.due(0, NOON), one.behind(NOON), judged(one, NOON)) == (False, 0, "ready")
    assert one.shown() == {"kind": "tsa", "state": "ready", "size": 0, "since": None}


@pytest.mark.parametrize(
    ("kind", "size", "hours", "due"),
    [
        ("tsa", 5, 0.9, False),
        ("tsa", 6, 0.9, False),
        ("tsa", 5, 1.0, True),
        ("tsa", 6, 1.0, True),
        ("witness", 5, 0.9, False),
        ("witness", 6, 4 / 3_600, False),
        ("witness", 6, 6 / 3_600, True),
        ("witness", 5, 1.0, True),
        ("daily", 6, 11.9, False),
        ("daily", 5, 12.0, True),
    ],
)
def test_anchor_is_asked_in_its_rhythm(kind: str, size: int, hours: float, due: bool) -> None:
    assert standing(kind).due(size, NOON + hours * HOUR) is due


@pytest.mark.parametrize("kind", ["tsa", "witness", "daily"])
def test_anchor_that_never_gave_a_proof_is_asked_at_once(kind: str) -> None:
    assert standing(kind, size=0).due(5, NOON)


@pytest.mark.parametrize(
    ("kind", "hours", "state"),
    [
        ("tsa", 1.05, "ready"),
        ("tsa", 1.15, "late"),
        ("tsa", 4.0, "late"),
        ("tsa", 4.01, "refusing"),
        ("witness", 4.01, "refusing"),
        ("daily", 12.0, "ready"),
        ("daily", 12.2, "late"),
        ("daily", 16.0, "late"),
        ("daily", 16.01, "refusing"),
    ],
)
def test_state_follows_from_the_last_proof(kind: str, hours: float, state: str) -> None:
    assert judged(standing(kind), NOON + hours * HOUR) == state


def test_wish_without_a_proof_is_late_soon_and_refuses_after_the_grace() -> None:
    one = standing(size=0)
    assert judged(one, NOON + 1) == "ready"
    assert judged(one, NOON + 400) == "late"
    assert judged(one, NOON + 4 * HOUR + 1) == "refusing"


def test_failure_is_seen_at_once_and_tried_again_within_seconds() -> None:
    one = standing()
    pauses = []
    now = NOON + HOUR
    for _ in range(12):
        one.failed("refused", now)
        assert judged(one, now) == "late"
        assert not one.due(6, now)
        pauses.append(one.retry_at - now)
        now = one.retry_at
        assert one.due(6, now)
    assert max(pauses) <= 12.5
    assert min(pauses[4:]) >= 7.5
    assert (one.failures, one.shown()["fault"]) == (12, "refused")
    row: Any = Anchored(6, "tsa", "one", stamp(now), b"proof")
    one.succeeded(row)
    assert (judged(one, now), one.fault, one.size, one.failures) == ("ready", "", 6, 12)


def test_clock_that_is_set_back_owes_nothing() -> None:
    assert standing().behind(NOON - HOUR) == 0
    assert judged(standing(), NOON - HOUR) == "ready"


@pytest.mark.parametrize("hours", [1, 720])
def test_pause_after_a_failure_ends_though_the_clock_is_set_back(hours: int) -> None:
    one = standing(at=NOON - 2 * hours * HOUR)
    one.failed("refused", NOON)
    assert not one.due(6, NOON)
    assert one.due(6, NOON - hours * HOUR)
    one.failed("refused", NOON - hours * HOUR)
    assert not one.due(6, NOON - hours * HOUR)
    assert one.due(6, NOON - hours * HOUR + 12.5)


@pytest.mark.parametrize("minutes", [-5, 5])
def test_clock_that_is_wrong_by_five_minutes_refuses_nobody(minutes: int) -> None:
    assert judged(standing(at=NOON - HOUR), NOON + 60 * minutes) in {"ready", "late"}


def test_proof_of_a_clock_that_was_far_ahead_is_asked_for_again() -> None:
    assert not standing().due(5, NOON - 60)
    assert standing().due(5, NOON - HOUR)
    assert standing("daily").due(5, NOON - 720 * HOUR)

"""Properties and tables of the status machine (F25, T22)."""

import re
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.dossier import DossierStatus
from gateway.relay.statuses import (
    FINAL,
    LEGAL,
    RANKS,
    REOPENS,
    Standing,
    StatusRules,
    StepVerdict,
    fold,
    is_final,
)
from tests.relay.steps import Said, said

NOW = 10_000.0
STATUSES = [*DossierStatus, "nope"]

some_steps = st.lists(
    st.builds(
        Said,
        id=st.sampled_from("abcdefghijkl"),
        status=st.sampled_from(STATUSES),
        at=st.integers(0, 6).map(float) | st.sampled_from([NOW + 299, NOW + 301, NOW + 90_000]),
        came=st.integers(1_000, 1_008).map(float),
        source=st.sampled_from(["province", "national_bus"]),
    ),
    max_size=6,
    unique_by=lambda step: step.id,
)


def folded(*words: str, now: float = NOW, rules: StatusRules | None = None) -> tuple[str, float, list[str]]:
    """Status, its time, and the verdicts in the order in which the steps came."""
    steps = said(*words)
    standing = fold(steps, now, rules)
    return standing.status, standing.at, [standing.verdicts[step.id] for step in steps]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("submitted@1", "accepted@2", "processing@3", "processed@4", "handed_over@5"), "handed_over"),
        (("accepted@1", "supplement_requested@2", "accepted@3", "processing@3", "refused@4"), "refused"),
        (("accepted@1", "refused@2", "supplement_requested@3", "handed_over@3", "processed@3"), "handed_over"),
        (("national_bus:submitted@1", "accepted@1", "national_bus:withdrawn@3", "handed_over@4"), "withdrawn"),
        (("processed@1", "accepted@2", "strange@3", "processing@4", "payment_requested@5"), "payment_requested"),
        (("refused@5", "processing@5", "accepted@5", "stopped@5", "handed_over@5", "submitted@5"), "handed_over"),
    ],
)  # fmt: skip
def test_every_order_of_arrival_gives_the_same_status(words: tuple[str, ...], status: str) -> None:
    steps = said(*words)
    whole = fold(steps, NOW)
    assert whole.status == status
    for order in permutations(steps):
        assert fold(order, NOW) == whole
        arrived = [step._replace(came=1000.0 + place) for place, step in enumerate(order)]
        assert fold(arrived, NOW)[:2] == whole[:2]


@given(some_steps, st.randoms(use_true_random=False))
def test_order_and_repetition_of_any_steps_change_nothing(steps: list[Said], chance: object) -> None:
    whole = fold(steps, NOW)
    again = [*steps, *steps[:3]]
    chance.shuffle(again)  # type: ignore[attr-defined]
    assert fold(again, NOW) == whole
    later = [step._replace(came=step.came + 1) for step in steps]
    assert fold([*later, *again], NOW) == whole


@given(some_steps)
def test_no_step_is_dropped_and_only_steps_that_set_the_status_say_so(steps: list[Said]) -> None:
    standing = fold(steps, NOW)
    assert set(standing.verdicts) == {step.id for step in steps}
    moved = [step for step in steps if standing.verdicts[step.id] in (StepVerdict.APPLIED, StepVerdict.LATE)]
    last = max(moved, key=lambda step: (step.at, RANKS.index(DossierStatus(step.status))), default=None)
    assert (standing.status, standing.at) == ((last.status, last.at) if last else ("unknown", 0.0))
    assert len(standing.path) == len(moved)


@given(some_steps, some_steps)
def test_steps_that_come_in_two_parts_count_as_if_they_came_at_once(one: list[Said], two: list[Said]) -> None:
    known = {step.id for step in one}
    two = [step for step in two if step.id not in known]
    assert fold([*two, *one], NOW) == fold([*one, *two], NOW)


@pytest.mark.parametrize("before", [status for status in RANKS if status not in FINAL])
@pytest.mark.parametrize("after", RANKS)
def test_each_transition_is_as_the_table_says(before: DossierStatus, after: DossierStatus) -> None:
    status, at, verdicts = folded(f"{before}@1", f"{after}@2")
    if before is after:
        assert (status, at, verdicts[1]) == (before, 1, "repeated")
    elif after in LEGAL[before]:
        assert (status, at, verdicts[1]) == (after, 2, "applied")
    else:
        assert (status, at, verdicts[1]) == (before, 1, "illegal")


@pytest.mark.parametrize("final", sorted(FINAL))
@pytest.mark.parametrize("after", RANKS)
def test_a_final_status_stands_except_against_what_reopens_it(
    final: DossierStatus, after: DossierStatus
) -> None:
    assert is_final(final)
    reopened = folded(f"{final}@1", f"{after}@2")[0] == after
    assert reopened == (after in REOPENS[final] or after is final)
    if after in REOPENS[final]:
        assert folded(f"{final}@2", f"{after}@2")[0] == final, "of the same second: nothing reopens"
    assert folded(f"{final}@1", f"national_bus:{after}@2")[0] == final, "a portal reopens nothing"
    trusted = StatusRules(portals_say=frozenset(DossierStatus))
    assert folded(f"{final}@1", f"national_bus:{after}@2", rules=trusted)[0] == final, "whatever it may say"


@pytest.mark.parametrize(
    ("words", "standing"),
    [
        ((), ("unknown", 0, [])),
        (("accepted@2",), ("accepted", 2, ["applied"])),
        (("accepted@2", "processed@9"), ("processed", 9, ["applied", "applied"])),
        (("processed@9", "accepted@2"), ("processed", 9, ["applied", "late"])),
        (("accepted@2", "submitted@3"), ("accepted", 2, ["applied", "illegal"])),
        (("handed_over@5", "processed@6"), ("handed_over", 5, ["applied", "after_final"])),
        (("handed_over@5", "processing@6"), ("handed_over", 5, ["applied", "after_final"])),
        (("processed@0", "processing@3"), ("processed", 0, ["applied", "illegal"])),
        (("accepted@1", "refused@2", "processing@3"), ("processing", 3, ["applied"] * 3)),
        (("accepted@1", "xyz@2", "unknown@3"), ("accepted", 1, ["applied", "unknown", "unknown"])),
        (("xyz@2",), ("unknown", 0, ["unknown"])),
        (("accepted@1", "national_bus:handed_over@2"), ("accepted", 1, ["applied", "illegal"])),
        (("accepted@1", "national_bus:withdrawn@2"), ("withdrawn", 2, ["applied", "applied"])),
        (("processing@4", "processing@6"), ("processing", 4, ["applied", "repeated"])),
    ],
)
def test_the_verdict_says_what_a_step_did(
    words: tuple[str, ...], standing: tuple[str, float, list[str]]
) -> None:
    assert folded(*words) == standing


def test_a_step_ahead_of_the_clock_counts_from_its_time_on() -> None:
    steps = said("accepted@1000", "processed@9000", "xyz@9000")
    assert fold(steps, 8_000.0).verdicts[steps[1].id] is StepVerdict.EARLY
    assert fold(steps, 8_000.0)[:2] == ("accepted", 1000)
    assert fold(steps, 8_000.0).changes_at == 8_700
    assert fold(steps, 8_700.0)[:2] == ("processed", 9000), "clocks may differ by five minutes"
    assert fold(steps, 8_700.0).changes_at is None


def test_rules_of_a_province_replace_the_default() -> None:
    rules = StatusRules(
        ranks=tuple(reversed(RANKS)),
        legal={**LEGAL, DossierStatus.ACCEPTED: frozenset()},
        reopens={},
        portals_say=frozenset(DossierStatus),
        ahead_seconds=0,
    )
    assert folded("accepted@1", "processing@2", rules=rules) == ("accepted", 1, ["applied", "illegal"])
    assert folded("refused@1", "supplement_requested@2", rules=rules)[0] == "refused"
    assert folded("accepted@5", "submitted@5", rules=rules)[0] == "accepted", "submitted counts as the later"
    assert folded("submitted@1", "national_bus:handed_over@2", rules=rules)[0] == "handed_over"
    assert fold(said("accepted@11"), 10, rules) == Standing(
        DossierStatus.UNKNOWN, 0.0, {"accepted@11#0": StepVerdict.EARLY}, changes_at=11.0
    )


def test_the_path_has_each_status_that_the_dossier_had() -> None:
    words = (
        "accepted@1",
        "refused@2",
        "stopped@3",
        "processing@4",
        "submitted@5",
        "processed@6",
        "processed@7",
    )
    assert fold(said(*words), NOW).path == (
        ("accepted", 1),
        ("refused", 2),
        ("processing", 4),
        ("processed", 6),
    )


def test_readme_has_the_table_of_the_code() -> None:
    readme = Path("gateway/relay/README.md").read_text("utf-8")
    rows = re.findall(r"^\| \**(\w+)\**(?: \(final\))? \|(.+)\|$", readme, re.MULTILINE)
    table = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows if name in RANKS}
    columns = (
        "submitted accepted processing supplement_requested payment_requested processed handed_over refused withdrawn"
        " stopped"
    ).split()

    def shown(before: DossierStatus, after: DossierStatus) -> str:
        if before is after:
            return "="
        if after in REOPENS.get(before, ()):
            return "R"
        return "yes" if after in LEGAL.get(before, ()) else "-"

    assert table == {
        str(before): [shown(before, DossierStatus(after)) for after in columns] for before in RANKS
    }

"""Who applies for an account is answered within two working days, and refused with a reason and a legal ground."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.checks.applications import application_states
from gateway.config.configuration import load
from tests.config.test_broken_files import check, root
from tests.typed import motlan

__all__ = ["root"]

#: 26 November 2026 is a Thursday
ASKED = "{requester: harbour, agency: 000.00.14.H31, document: CV 12, asked_on: '2026-11-26'"


@pytest.fixture
def write(root: Path) -> Callable[[str], Path]:
    def written(*entries: str) -> Path:
        text = "applications:\n" + "".join(f"  - {one}\n" for one in entries)
        (root / "config/applications.yaml").write_text(text, "utf-8")
        return root

    return written


@pytest.mark.parametrize(
    ("entry", "today", "state"),
    [
        (f"{ASKED}}}", date(2026, 11, 30), "open"),
        (f"{ASKED}}}", date(2026, 12, 1), "overdue"),
        (f"{ASKED.replace('harbour', 'portal')}}}", date(2026, 12, 9), "granted"),
        (
            f"{ASKED}, refused: {{on: '2026-11-27', reason: x, legal_basis: y}}}}",
            date(2026, 12, 9),
            "refused",
        ),
    ],
)
def test_weekend_does_not_count_and_what_was_answered_is_never_overdue(
    write: Callable[..., Path], entry: str, today: date, state: str
) -> None:
    [one] = application_states(load(write(entry) / "config"), today)
    assert (one.answer_by, one.state) == (date(2026, 11, 30), state)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (
            f"{ASKED}, refused: {{on: '2026-11-27', reason: x}}}}",
            "'applications.0.refused.legal_basis' is missing",
        ),
        (f"{ASKED.replace('000.00.14', '000.99.99')}}}", "there is no agency"),
        (
            f"{ASKED.replace('harbour', 'portal')}, refused: {{on: '2026-11-27', reason: x, legal_basis: y}}}}",
            "has an account",
        ),
        (f"{ASKED.replace('2026-11-26', '2026-11-31')}}}", "is no date"),
    ],
)
def test_application_that_means_nothing_is_refused(write: Callable[..., Path], entry: str, says: str) -> None:
    code, said = check(write(entry))
    assert code == 2
    assert says in said


def test_command_lists_and_fails_while_one_is_overdue(write: Callable[..., Path]) -> None:
    late = ASKED.replace("2026-11-26", "2026-01-05")
    done: Any = motlan("requesters", "applications", "--config", str(write(f"{late}}}") / "config"), "--json")
    assert (done.code, json.loads(done.out)["applications"][0]["state"]) == (1, "overdue")
    table = motlan("requesters", "applications", "--config", str(write(f"{late}}}") / "config"))
    assert "quá hạn / overdue" in table.out

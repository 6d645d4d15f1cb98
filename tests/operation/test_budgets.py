"""The error budget of a source: what uses it up, and since when answers count."""

import pytest

from gateway.operation.budgets import HOUR, budget
from gateway.telemetry import Metrics


def test_only_missing_and_unusable_answers_use_the_budget_up() -> None:
    spent = budget({"found": 190, "not_found": 4, "refused": 4, "no_match": 1, "unavailable": 1})
    assert (spent.asked, spent.failed) == (200, 1)
    assert spent.left == pytest.approx(0.5)
    assert budget({"unavailable": 1, "invalid": 2, "found": 97}).plain()["left_percent"] == -200.0


def test_source_that_nobody_asked_has_no_budget_to_speak_of() -> None:
    assert budget({}).plain() == {"asked": 0, "failed": 0, "left_percent": None}


def test_answers_of_the_last_hour_are_told_from_those_of_the_day() -> None:
    now = [1_800_000_000.0]
    metrics = Metrics(now=lambda: now[0])
    for outcome in ("found", "found", "unavailable"):
        metrics.answer("population", "TraCuu", outcome, 0.01)
    now[0] += 2 * HOUR
    metrics.answer("population", "XacNhan", "found", 0.01)
    metrics.answer("land", "thuaDat", "invalid", 0.01)
    assert metrics.answers_since(now[0] - HOUR) == {"population": {"found": 1}, "land": {"invalid": 1}}
    day = metrics.answers_since(now[0] - 24 * HOUR)
    assert day["population"] == {"found": 3, "unavailable": 1}
    now[0] += 3 * HOUR
    assert metrics.answers_since(now[0] - HOUR) == {}


def test_answer_of_yesterday_is_counted_no_more() -> None:
    now = [1_800_000_000.0]
    metrics = Metrics(now=lambda: now[0])
    metrics.answer("tax", "one", "unavailable", 0.01)
    for _ in range(30):
        now[0] += HOUR
        metrics.answer("tax", "one", "found", 0.01)
    assert metrics.answers_since(now[0] - 24 * HOUR) == {"tax": {"found": 25}}

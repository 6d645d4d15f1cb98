"""The bench refuses figures of servers that answer wrongly."""

import orjson
import pytest

from tests.bench.answers import FIELDS, FIRST, Answers
from tests.bench.load import Figures
from tests.bench.run import median


def body(number: str) -> bytes:
    blank = {f"blank_{one}": {"value": None, "state": "blank"} for one in range(FIELDS - 1)}
    return orjson.dumps({"form": {"id": {"value": f"033190{number}", "state": "filled"}, **blank}})


@pytest.fixture
def answers() -> Answers:
    made = Answers("a server", {"id": "033190@n@"}, 1)
    made.learn(body(FIRST))
    return made


def test_answer_about_the_person_asked_for_is_right(answers: Answers) -> None:
    assert answers.right("000123", body("000123"))


@pytest.mark.parametrize(
    "wrong", [body("000124"), b'{"form": {}}', b"{", b'"text"', body("000123").replace(b"blank_7", b"x")]
)
def test_any_other_answer_is_wrong(answers: Answers, wrong: bytes) -> None:
    assert not answers.right("000123", wrong)


def test_server_that_does_not_fill_the_form_is_not_measured() -> None:
    with pytest.raises(SystemExit, match="filled 1 of 60"):
        Answers("a server", {"id": "033190@n@"}, 2).learn(body(FIRST))


def test_one_wrong_answer_in_a_thousand_leaves_no_figures() -> None:
    with pytest.raises(SystemExit, match="no figures"):
        median([_round(wrong=0), _round(wrong=2)])
    assert median([_round(wrong=0), _round(wrong=1)]).wrong == 1


def _round(wrong: int) -> Figures:
    return Figures(
        name="a server", requests=1_000, failures=0, wrong=wrong, per_second=500, p50_ms=5, p99_ms=9, cpu_ms=1,
        memory_mb=40, load_share=0.1,
    )  # fmt: skip

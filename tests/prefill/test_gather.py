"""Answers that are used again: for their time and no longer."""

import asyncio
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway import telemetry
from gateway.domain.dates import PartialDate
from gateway.domain.evidence import AnswerFault, Outcome, SourceAnswer, SourceQuery, failed
from gateway.domain.fault_codes import FaultCode
from gateway.domain.identifiers import CallId, ExchangeId
from gateway.domain.parties import Official, Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.ports.sources import SourceState
from gateway.prefill.gather import Gatherer, QueryCall
from gateway.telemetry import Metrics

OFFICIAL = Official(personal_id="033085482915", agency="000.00.14.H31")
ASKER = f"portal of {OFFICIAL.agency}"


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class _Source:
    """A source in memory that counts its calls."""

    def __init__(self, *, alarm: bool = False, letters: int = 0, says: SourceAnswer | None = None) -> None:
        self.calls = 0
        self.letters = letters
        self.alarm = alarm
        self.says = says
        #: who waits for an answer while the source is silent
        self.waiting: list[Callable[[SourceAnswer], None]] = []
        self.is_silent = False

    def ask(self, query: SourceQuery, end: float, landed: Callable[[SourceAnswer], None]) -> None:  # noqa: ARG002
        self.calls += 1
        self.waiting.append(landed)
        if not self.is_silent:
            self.answer()

    def answer(self) -> None:
        """Answer everybody who waits."""
        said = {"full_name": "Nguyễn Thử" + "ử" * self.letters}
        for landed in self.waiting:
            landed(self.says or SourceAnswer(Outcome.FOUND, said, alarm=self.alarm))
        self.waiting.clear()

    def state(self) -> SourceState:
        raise AssertionError

    async def close(self) -> None:
        """Holds nothing."""


def _query(name: str = "Nguyễn Thử") -> SourceQuery:
    born = PartialDate(1990, 2, 15)
    subject = Subject(kind=SubjectKind.PERSON, personal_id="033190584726", full_name=name, birth_date=born)
    return SourceQuery(
        call_id=CallId("x-1"), service="population.look", subject=subject, attributes=("full_name",),
        official=OFFICIAL, procedure="1.004873", purpose="test",
    )  # fmt: skip


def _asked(gatherer: Gatherer, query: SourceQuery, exchange: str = "x", asker: str = ASKER) -> "_Asked":
    asked = _Asked()
    end = asyncio.get_running_loop().time() + 1
    gatherer.ask(query, asker, query.subject.identity, ExchangeId(exchange), end, asked.call)
    return asked


class _Asked:
    """A call, and the answers that landed."""

    def __init__(self) -> None:
        self.answers: list[SourceAnswer] = []
        self.call = QueryCall(CallId("x-1"), ("full_name",), self.answers.append)


async def _ask(gatherer: Gatherer, query: SourceQuery) -> QueryCall:
    asked = _asked(gatherer, query)
    assert len(asked.answers) == 1
    return asked.call


async def test_answer_is_used_again_for_its_time_and_then_leaves_the_memory() -> None:
    source = _Source()
    gatherer = Gatherer({"population": source}, {"population.look": 1}, _Clock(), Metrics())
    assert not (await _ask(gatherer, _query())).cached
    assert (await _ask(gatherer, _query())).cached
    assert gatherer.kept == 1
    await asyncio.sleep(1.1)
    assert gatherer.kept == 0
    assert not (await _ask(gatherer, _query())).cached
    assert source.calls == 2


async def test_answer_is_never_used_for_the_same_number_under_another_name() -> None:
    source = _Source()
    gatherer = Gatherer({"population": source}, {"population.look": 60}, _Clock(), Metrics())
    await _ask(gatherer, _query())
    assert not (await _ask(gatherer, _query("Kẻ Mạo Danh"))).cached
    assert source.calls == 2


@pytest.mark.parametrize(
    "other",
    [
        {"procedure": "1.000656"}, {"purpose": "another"}, {"dossier": "H31.14-260105-0009"},
        {"attributes": ("full_name", "gender")}, {"result_codes": ("KQ.G15.000001",)},
    ],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
async def test_answer_is_never_used_for_another_question(other: dict[str, Any]) -> None:
    source = _Source()
    gatherer = Gatherer({"population": source}, {"population.look": 60}, _Clock(), Metrics())
    await _ask(gatherer, _query())
    assert not (await _ask(gatherer, _query()._replace(**other))).cached
    assert source.calls == 2


async def test_answer_is_never_used_for_another_asker() -> None:
    source = _Source()
    gatherer = Gatherer({"population": source}, {"population.look": 60}, _Clock(), Metrics())
    await _ask(gatherer, _query())
    other = _asked(gatherer, _query(), "y", "somebody else")
    assert (other.call.cached, source.calls) == (False, 2)


@pytest.mark.parametrize(("letters", "most"), [(50_000, 25), (300_000, 0)])
async def test_large_answers_are_kept_by_their_size_not_by_their_count(letters: int, most: int) -> None:
    gatherer = Gatherer(
        {"population": _Source(letters=letters)}, {"population.look": 60}, _Clock(), Metrics()
    )
    for number in range(60):
        await _ask(gatherer, _query()._replace(dossier=f"H31.14-260105-{number:04}"))
    assert gatherer.kept <= most
    assert (await _ask(gatherer, _query()._replace(dossier="H31.14-260105-0059"))).cached == bool(most)


async def test_answer_with_an_alarm_is_never_kept() -> None:
    source = _Source(alarm=True)
    gatherer = Gatherer({"population": source}, {"population.look": 60}, _Clock(), Metrics())
    await _ask(gatherer, _query())
    assert gatherer.kept == 0


async def test_identical_questions_under_way_share_one_call() -> None:
    source = _Source()
    source.is_silent = True
    gatherer = Gatherer({"population": source}, {}, _Clock(), Metrics())
    first, second = _asked(gatherer, _query(), "x"), _asked(gatherer, _query(), "y")
    assert not first.answers
    source.answer()
    assert (len(first.answers), len(second.answers), source.calls) == (1, 1, 1)
    assert (first.call.shared_with, second.call.shared_with) == ("", "x")
    source.is_silent = False
    await _ask(gatherer, _query())
    assert source.calls == 2


class _Broken(Metrics):
    """Metrics with a defect."""

    def answer(self, source: str, operation: str, outcome: str, seconds: float) -> None:
        raise KeyError(source, operation, outcome, seconds)


async def test_defect_while_an_answer_is_accounted_for_leaves_nobody_waiting() -> None:
    source = _Source()
    source.is_silent = True
    gatherer = Gatherer({"population": source}, {}, _Clock(), _Broken())
    both = [_asked(gatherer, _query(), exchange) for exchange in ("one", "two")]
    with pytest.raises(KeyError):
        source.answer()
    assert [len(one.answers) for one in both] == [1, 1]


class _Faulty(_Source):
    """A source with a defect that comes to light at its first call."""

    def ask(self, query: SourceQuery, end: float, landed: Callable[[SourceAnswer], None]) -> None:
        if not self.calls:
            self.calls += 1
            raise KeyError
        super().ask(query, end, landed)


async def test_source_that_could_not_be_asked_is_asked_by_the_next() -> None:
    gatherer = Gatherer({"population": _Faulty()}, {}, _Clock(), Metrics())
    with pytest.raises(KeyError):
        _asked(gatherer, _query())
    assert len(_asked(gatherer, _query(), "two").answers) == 1


BIRTH = AnswerFault(FaultCode.SCHEMA_PATTERN, "birth_date", "NgaySinh", "date_vn")


@pytest.mark.parametrize("claims", [{}, {"HoVaTen": "x"}], ids=["asked", "claimed"])
@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        (
            SourceAnswer(Outcome.FOUND, {"full_name": "Nguyễn Thử"}, faults=(BIRTH,)),
            [("found", "schema_pattern", {"attribute": "birth_date", "path": "NgaySinh", "transform": "date_vn"})],
        ),
        (
            failed(Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)._replace(
                faults=(AnswerFault(FaultCode.FAULT, status=500, provider_code="MADVC_INVALID"),)
            ),
            [("invalid", "fault", {"status": 500, "fault": "MADVC_INVALID", "reason": "source_answer_invalid"})],
        ),
        (
            failed(Outcome.UNAVAILABLE, Reason.SOURCE_TIMEOUT),
            [("unavailable", "source_timeout", {"reason": "source_timeout"})],
        ),
        (failed(Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON), []),
        (SourceAnswer(Outcome.FOUND, {"full_name": "Nguyễn Thử"}), []),
    ],
)  # fmt: skip
async def test_reason_of_every_answer_that_is_not_taken_is_in_the_log_and_a_metric(
    answer: SourceAnswer, lines: list[tuple[str, str, dict[str, object]]], claims: dict[str, object]
) -> None:
    sink, metrics = io.BytesIO(), Metrics()
    telemetry.set_up(sink)
    source = _Source(says=answer)
    gatherer = Gatherer({"population": source}, {}, _Clock(), metrics)
    await _ask(gatherer, _query()._replace(account=claims))
    told = [json.loads(line) for line in sink.getvalue().splitlines()]
    expected = [
        {"event": "prefill.source.fault", "level": "warning", "source": "population", "operation": "look",
         "call_id": "x-1", "outcome": outcome, "code": code, **words}
        for outcome, code, words in lines
    ]  # fmt: skip
    assert [{name: word for name, word in one.items() if name != "time"} for one in told] == expected
    counted = [
        line
        for line in metrics.render().decode().splitlines()
        if line.startswith("motlan_source_faults_total")
    ]
    assert counted == [
        f'motlan_source_faults_total{{attribute="{words.get("attribute", "")}",code="{code}",operation="look",'
        f'outcome="{outcome}",source="population"}} 1.0'
        for outcome, code, words in lines
    ]
    assert "Thử" not in sink.getvalue().decode()

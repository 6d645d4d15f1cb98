"""The scoring rules of A.12 against cases computed by hand."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.relay.scoring import (
    Indicator,
    Lost,
    LostPoint,
    ScoredDossier,
    ScoreSheet,
    ended_at,
    is_overdue,
    judged,
    lateness,
    month_of,
)

HOUR = 3_600
#: the second at which the dossiers here are received
START = int(datetime(2026, 11, 2, 1, tzinfo=UTC).timestamp())


def at(hours: float) -> int:
    return START + int(hours * HOUR)


def facts(*path: tuple[str, float], **more: Any) -> dict[str, Any]:
    """Received at hour 0 and due at hour 48; times of `path` in hours."""
    steps = [[status, at(hours)] for status, hours in path]
    last = steps[-1] if steps else ["accepted", at(0)]
    known = {"received_at": at(0), "due_at": at(48), "status": last[0], "path": steps}
    return {name: value for name, value in {**known, **more}.items() if value is not None}


@pytest.mark.parametrize(
    ("found", "end", "late"),
    [
        # 9 counts, not the handing over after it
        (facts(("accepted", 0), ("processed", 40), ("handed_over", 90)), 40, -8),
        (facts(("accepted", 0), ("handed_over", 50)), 50, 2),
        (facts(("accepted", 0), ("handed_over", 50), processed_at=at(47)), 47, -1),
        (facts(("accepted", 0), ("stopped", 10)), 10, -38),
        (facts(("submitted", 0), ("refused", 49)), 49, 1),
        (facts(("accepted", 0), ("withdrawn", 3)), 3, -45),
        (facts(("accepted", 0), ("processed", 48)), 48, 0),
        # only 5: its time ends the clock while the supplement is open
        (facts(("accepted", 0), ("supplement_requested", 47)), 47, -1),
        (facts(("accepted", 0), ("supplement_requested", 47), ("processing", 60)), None, None),
        # an end before a reopening does not count
        (facts(("accepted", 0), ("refused", 5), ("processing", 6)), None, None),
        (facts(("accepted", 0), ("refused", 5), ("processing", 6), ("processed", 50)), 50, 2),
        (facts(("accepted", 0), ("processed", 50), due_at=None), 50, None),
        (facts(status="processed", processed_at=at(50)), 50, 2),
        (facts(status="refused", refused_at=at(30)), 30, -18),
        (facts(("accepted", 0), ("processing", 9)), None, None),
    ],
)
def test_the_end_is_9_else_10_else_8_3_or_7(
    found: dict[str, Any], end: float | None, late: float | None
) -> None:
    assert ended_at(found) == (None if end is None else at(end))
    assert lateness(found) == (None if late is None else int(late * HOUR))


@pytest.mark.parametrize(
    ("rounds", "late"),
    [
        ([], 12),
        ([[10, 20, False]], 2),
        ([[10, 22, False]], 0),
        ([[10, 20, True]], 12),
        ([[10, 20, False], [15, 24, False]], -2),
        ([[15, 24, False], [10, 20, False]], -2),
        ([[10, None, False]], -38),
        ([[-5, 5, False]], 7),
        ([[55, 99, False]], 7),
        ([[20, 10, False]], 12),
    ],
)
def test_time_in_which_the_citizen_was_asked_for_more_is_subtracted(
    rounds: list[list[Any]], late: float
) -> None:
    spans = [[at(asked), None if got is None else at(got), moved] for asked, got, moved in rounds]
    found = facts(("accepted", 0), ("processed", 60), supplements=spans)
    assert lateness(found) == late * HOUR
    assert (judged(found)[Indicator.ON_TIME] is Lost.ENDED_LATE) == (late > 0)


def test_dossier_that_goes_on_past_its_due_date_is_overdue_and_not_yet_late() -> None:
    found = facts(("accepted", 0), ("processing", 9))
    assert not is_overdue(found, at(48))
    assert is_overdue(found, at(48.5))
    assert Indicator.ON_TIME not in judged(found)
    assert not is_overdue({**found, "supplements": [[at(10), at(20), False]]}, at(57))
    assert not is_overdue(facts(("accepted", 0), ("processed", 60)), at(90))


@pytest.mark.parametrize(
    ("more", "indicator", "why"),
    [
        ({"channel": "online"}, Indicator.ONLINE, None),
        ({"channel": "direct"}, Indicator.ONLINE, Lost.NOT_ONLINE),
        ({"channel": "online", "status": "processed", "result_files": 1}, Indicator.ONLINE, Lost.RESULT_NOT_SENT),
        ({"channel": "online", "status": "processed", "result_codes": 1}, Indicator.ONLINE, None),
        ({"channel": "online", "status": "refused"}, Indicator.ONLINE, None),
        ({"payment": "none", "fees": 1}, Indicator.ONLINE_PAYMENT, Lost.NOT_PAID_ONLINE),
        ({"payment": "fee_not_paid_online"}, Indicator.ONLINE_PAYMENT, Lost.NOT_PAID_ONLINE),
        ({"payment": "national_platform"}, Indicator.ONLINE_PAYMENT, None),
        ({"payment": "agency_gateway", "fees": 2}, Indicator.ONLINE_PAYMENT, None),
        ({"status": "handed_over"}, Indicator.DIGITISED, Lost.NO_PAPERS),
        ({"status": "handed_over", "papers": 2}, Indicator.DIGITISED, Lost.NO_RESULT_FILE),
        ({"status": "processed", "papers": 2, "result_files": 1}, Indicator.DIGITISED, None),
        ({"has_digitised": True}, Indicator.REUSED, None),
        ({"digitised": 3}, Indicator.REUSED, Lost.NOTHING_DIGITISED),
        ({"digitised": 3, "filed_with": "national_portal"}, Indicator.REUSED, None),
        ({"has_digitised": True, "filed_with": "national_portal"}, Indicator.REUSED, Lost.NOTHING_DIGITISED),
        ({"from_store": 1}, Indicator.ONCE_ONLY, None),
        ({}, Indicator.ONCE_ONLY, Lost.NONE_FROM_STORE),
        ({"verified": True}, Indicator.POPULATION_DATA, None),
        ({"from_store": 1}, Indicator.POPULATION_DATA, None),
        ({"databases": ["1"]}, Indicator.POPULATION_DATA, None),
        ({"databases": ["7"]}, Indicator.POPULATION_DATA, Lost.POPULATION_DATA_NOT_USED),
    ],
)  # fmt: skip
def test_each_indicator_follows_its_rule(
    more: dict[str, Any], indicator: Indicator, why: Lost | None
) -> None:
    assert judged(facts(**more))[indicator] is why


@pytest.mark.parametrize(
    ("more", "indicator"),
    [
        ({"payment": "none"}, Indicator.ONLINE_PAYMENT),
        ({"status": "processing", "papers": 1}, Indicator.DIGITISED),
        ({"status": "refused", "papers": 1}, Indicator.DIGITISED),
        ({"status": "processing"}, Indicator.ON_TIME),
    ],
)
def test_dossier_that_an_indicator_does_not_concern_is_not_counted(
    more: dict[str, Any], indicator: Indicator
) -> None:
    assert indicator not in judged(facts(**more))


def test_database_of_the_population_is_what_the_configuration_says() -> None:
    assert judged({"databases": ["7"]}, frozenset(("7",)))[Indicator.POPULATION_DATA] is None


def test_month_is_that_of_the_reception_in_vietnam() -> None:
    last_hour = int(datetime(2026, 10, 31, 18, tzinfo=UTC).timestamp())
    assert month_of({"received_at": last_hour}) == "2026-11"
    assert month_of({"received_at": last_hour - 7200}) == "2026-10"
    assert month_of({"filed_at": last_hour}) == ""


def test_sheet_counts_by_agency_and_procedure_and_names_what_costs_points() -> None:
    sheet = ScoreSheet("2026-11", at(100))
    late = facts(
        ("accepted", 0), ("processed", 50), channel="online", verified=True, from_store=1, has_digitised=True
    )
    late |= {"papers": 1, "result_files": 1, "result_codes": 1}
    good = {**late, "path": [["accepted", at(0)], ["processed", at(20)]]}
    sheet.add([
        ScoredDossier("A", "ward1", "1.004873", late),
        ScoredDossier("B", "ward1", "1.004873", good),
        ScoredDossier("C", "ward2", "1.004873", facts(("accepted", 0), ("processing", 1))),
        ScoredDossier("D", "ward2", "1.004873", {"status": "accepted"}),
        ScoredDossier("E", "ward1", "1.004873", {**good, "received_at": at(-24 * 60)}),
    ])  # fmt: skip
    ward = sheet.groups["ward1", "1.004873"]
    assert (ward.dossiers, ward.overdue) == (2, 0)
    assert {name: (one.good, one.counted) for name, one in ward.tallies.items()} == {
        "on_time": (1, 2), "online": (2, 2), "online_payment": (0, 0), "digitised": (2, 2), "reused": (2, 2),
        "once_only": (2, 2), "population_data": (2, 2),
    }  # fmt: skip
    assert sheet.lost[0] == LostPoint("A", "ward1", "1.004873", Indicator.ON_TIME, Lost.ENDED_LATE, 2 * HOUR)
    assert {(one.code, one.why) for one in sheet.lost[1:]} == {
        ("C", Lost.NOT_ONLINE), ("C", Lost.NOTHING_DIGITISED), ("C", Lost.NONE_FROM_STORE),
        ("C", Lost.POPULATION_DATA_NOT_USED),
    }  # fmt: skip
    total = sheet.total()
    assert (total.dossiers, total.overdue) == (3, 1)
    assert total.tallies[Indicator.ON_TIME].rate == 0.5
    assert total.tallies[Indicator.ONLINE_PAYMENT].rate is None
    assert total.tallies[Indicator.ONLINE].counted == 3

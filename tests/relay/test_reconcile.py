"""Runs of the reconciliation: resumed, rate-limited, stopped before a wave, never mending on half a list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.dossier import MessageKind
from gateway.ports.relay import DossierRow, RemoteDossier, RemotePage
from gateway.relay.differences import Difference, missing_here
from gateway.relay.reconcile import ReconcileLimits, Reconciler, ReconcileReport
from tests.relay.twins import DAY, MORNING, KnownDossiers, KnownRuns, LyingPortal, delivery, dossier, there

FIRST = date(2026, 11, 20)


@dataclass
class Hand:
    """A clock that is set by hand."""

    seconds: float = MORNING + DAY

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


@dataclass
class Office:
    """A reconciler over stand-ins, and what it did."""

    portal: LyingPortal = field(default_factory=LyingPortal)
    dossiers: KnownDossiers = field(default_factory=KnownDossiers)
    runs: KnownRuns = field(default_factory=KnownRuns)
    clock: Hand = field(default_factory=Hand)
    mended: list[Difference] = field(default_factory=list)
    shown: dict[str, dict[str, int]] = field(default_factory=dict)
    pauses: list[float] = field(default_factory=list)

    async def mend(self, difference: Difference, why: Mapping[str, str]) -> bool:
        assert why["run"]
        self.mended.append(difference)
        return True

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.seconds += seconds

    async def stated(self, row: DossierRow) -> dict[str, str]:
        assert row.code
        return {}

    def reconciler(self, **more: Any) -> Reconciler:
        return Reconciler(
            portals={"bus": self.portal},  # type: ignore[dict-item]
            takes={"bus": tuple(MessageKind)},
            rows=self.dossiers,  # type: ignore[arg-type]
            runs=self.runs,
            mender=self,
            clock=self.clock,
            gauge=lambda portal, counts: self.shown.update({portal: dict(counts)}),
            pause=self.pause,
            stated=self.stated,
            **{"nightly": None, **more},
        )

    async def compare(self, *, days: int = 1, apply: bool = False, wave: bool = False, **more: Any) -> Any:
        """Run to the end; state, reason, and the report."""
        one = self.reconciler(**more)
        await one.ask("bus", "", FIRST, FIRST + timedelta(days=days - 1), apply=apply, accept_wave=wave)
        await one.round()
        run = self.runs.rows["bus", ""]
        return run.state, run.reason, ReconcileReport.read(run.report)


def listed(*dossiers: RemoteDossier, more: str = "") -> RemotePage:
    return RemotePage(dossiers, more)


async def test_both_sides_are_compared_and_the_differences_mended_on_request() -> None:
    office = Office()
    office.dossiers.rows = [dossier(code) for code in ("same", "lost", "behind", "moving")]
    office.dossiers.rows[2] = dossier(
        "behind", "processing", facts={"path": [["accepted", 1], ["processing", 2]]}
    )
    office.dossiers.sent = [delivery("moving")]
    office.portal.known = {"same": there("same"), "behind": there("behind")}
    state, reason, report = await office.compare()
    assert (state, reason, report.compared, report.mended) == ("done", "", 4, 0)
    assert {one["code"]: (one["kind"], one["remedy"]) for one in report.differences} == {
        "lost": ("missing_there", "send"),
        "behind": ("status_behind_there", "send"),
        "moving": ("unconfirmed", "wait"),
    }
    assert office.mended == []
    assert office.shown["bus"] == {
        "missing_there": 1, "missing_here": 0, "status_behind_there": 1, "status_behind_here": 0, "fields_differ": 0,
        "unconfirmed": 1,
    }  # fmt: skip
    _, _, report = await office.compare(apply=True)
    assert sorted(one.code for one in office.mended) == ["behind", "lost"]
    assert report.mended == 2
    assert {one["code"]: one["mended"] for one in report.differences} == {
        "lost": True,
        "behind": True,
        "moving": False,
    }


async def test_list_of_the_portal_spares_look_ups_and_shows_what_is_missing_here() -> None:
    office = Office()
    office.dossiers.rows = [
        dossier("A", facts={"due_at": 9}),
        dossier("B"),
        dossier("old", changed=MORNING - DAY),
    ]
    one, two, three = there("A", due_at=9), there("B", due_at=8), there("C")
    office.portal.pages = {"2026-11-20": [listed(one, two, more="1"), listed(there("old", due_at=1), three)]}
    _, _, report = await office.compare(apply=True)
    assert office.portal.looked_up == []
    assert {(one["code"], one["kind"], tuple(one["fields"])) for one in report.differences} == {
        ("B", "fields_differ", ("due_at",)), ("old", "fields_differ", ("due_at",)), ("C", "missing_here", ()),
    }  # fmt: skip
    assert sorted(one.code for one in office.mended) == ["B", "old"]


async def test_missing_dossier_listed_on_two_days_weighs_once_against_those_compared() -> None:
    office = Office()
    seen = [there(f"S{n}", due_at=1) for n in range(80)]
    office.dossiers.rows = [dossier(one.code, facts={"due_at": 1}, changed=MORNING + DAY) for one in seen] + [
        dossier(f"L{n}", changed=MORNING + DAY) for n in range(21)
    ]
    office.portal.known = {one.code: one for one in seen}
    office.portal.pages = {day: [listed(*seen)] for day in ("2026-11-20", "2026-11-21")}
    state, _, report = await office.compare(days=2)
    assert (state, report.compared, report.counts["missing_there"]) == ("stopped", 101, 21)


async def test_difference_beyond_those_listed_is_counted_once_too_by_whatever_process_goes_on() -> None:
    office = Office()
    gone = [there(f"L{n}", due_at=1) for n in range(1_010)]
    office.portal.pages = {day: [listed(*gone)] for day in ("2026-11-20", "2026-11-21")}
    _, _, report = await office.compare(days=2)
    assert (report.counts["missing_here"], report.left_out, len(report.differences)) == (1_010, 10, 1_000)
    assert office.shown["bus"]["missing_here"] == 1_010
    again = ReconcileReport.read(report.stored())
    again.add(missing_here("bus", gone[-1]), mended=False)
    assert (again.counts["missing_here"], again.left_out) == (1_010, 10)


async def test_list_without_dates_is_filled_up_by_look_ups_unless_statuses_are_enough() -> None:
    office = Office()
    office.dossiers.rows = [dossier("A", facts={"due_at": 9})]
    office.portal.pages = {"2026-11-20": [listed(there("A"))]}
    office.portal.known = {"A": there("A", due_at=8)}
    _, _, report = await office.compare()
    assert [one["fields"] for one in report.differences] == [["due_at"]]
    office.portal.looked_up.clear()
    _, _, report = await office.compare(limits=ReconcileLimits(fields=False))
    assert report.differences == []
    assert office.portal.looked_up == []


@pytest.mark.parametrize(
    "pages",
    [
        [listed(there("A"), more="1"), listed(there("A", "processed"))],
        [listed(there("A"), more="0"), listed()],
        [listed(there("A"), more="1"), listed(more="2"), listed()],
    ],
    ids=["contradicts itself", "goes round in circles", "has an empty page"],
)
async def test_list_that_cannot_be_used_mends_nothing(pages: list[RemotePage]) -> None:
    office = Office()
    office.dossiers.rows = [dossier("A"), dossier("B")]
    office.portal.pages = {"2026-11-20": pages}
    office.portal.known = {"A": there("A")}
    state, _, report = await office.compare(apply=True)
    assert (state, report.incomplete, office.mended) == ("done", ["2026-11-20"], [])
    assert [(one["code"], one["mended"]) for one in report.differences] == [("B", False)]


async def test_list_that_breaks_off_mends_nothing_of_its_day() -> None:
    office = Office()
    office.dossiers.rows = [dossier("A"), dossier("B", changed=MORNING + DAY)]
    office.portal.pages = {}
    office.portal.silent = {"2026-11-20"}
    _, _, report = await office.compare(days=2, apply=True)
    assert report.incomplete == ["2026-11-20"]
    assert [one.code for one in office.mended] == ["B"]


async def test_portal_whose_list_and_look_up_contradict_each_other_is_not_believed() -> None:
    office = Office()
    office.dossiers.rows = [dossier("A")]
    office.portal.pages = {"2026-11-20": [listed(there("A"))]}
    _, _, report = await office.compare(apply=True)
    assert (report.compared, report.not_compared, report.differences) == (0, 1, [])


async def test_wave_of_missing_dossiers_stops_until_the_operator_accepts_it() -> None:
    office = Office()
    office.dossiers.rows = [dossier(f"D{number}") for number in range(30)]
    state, reason, report = await office.compare(apply=True)
    assert (state, reason) == ("stopped", "too_many_missing")
    assert (office.mended, report.counts["missing_there"]) == ([], 30)
    state, _, report = await office.compare(apply=True, wave=True)
    assert (state, report.mended, len(office.mended)) == ("done", 30, 30)


async def test_few_missing_among_many_are_no_wave() -> None:
    office = Office()
    office.dossiers.rows = [dossier(f"D{number}") for number in range(150)]
    office.portal.known = {f"D{number}": there(f"D{number}") for number in range(25, 150)}
    state, _, report = await office.compare(apply=True)
    assert (state, report.counts["missing_there"], len(office.mended)) == ("done", 25, 25)
    assert report.compared == 150, "more than a page"


async def test_portal_that_does_not_answer_ends_the_run() -> None:
    office = Office()
    office.dossiers.rows = [dossier(f"D{number}") for number in range(9)]
    office.portal.silent = {"*"}
    state, reason, report = await office.compare(apply=True)
    assert (state, reason, report.not_compared) == ("failed", "portal_unavailable", 5)
    assert len(office.portal.looked_up) == 5


async def test_dossier_that_changes_during_the_comparison_is_left_for_the_next() -> None:
    office = Office()
    office.dossiers.rows = [dossier("A")]
    look_up = office.portal.look_up

    async def changing(code: str, end: float) -> RemoteDossier | None:
        office.dossiers.rows = [dossier("A", version=4)]
        return await look_up(code, end)

    office.portal.look_up = changing  # type: ignore[method-assign]
    _, _, report = await office.compare(apply=True)
    assert (report.differences, office.mended) == ([], [])


async def test_portal_is_not_asked_more_often_than_the_limit() -> None:
    office = Office()
    office.dossiers.rows = [dossier(f"D{number}") for number in range(10)]
    await office.compare(limits=ReconcileLimits(per_second=4))
    assert office.pauses == [0.25] * 11, "one list and ten look-ups"


async def test_another_process_goes_on_at_the_day_where_the_first_one_ended() -> None:
    office = Office()
    office.dossiers.rows = [
        dossier("A"),
        dossier("B", changed=MORNING + DAY),
        dossier("C", changed=MORNING + DAY),
    ]

    class Killed(BaseException):
        pass

    look_up = office.portal.look_up

    async def dying(code: str, end: float) -> RemoteDossier | None:
        if code == "B":
            raise Killed
        return await look_up(code, end)

    office.portal.look_up = dying  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await office.compare(days=3)
    office.portal.look_up = look_up  # type: ignore[method-assign]
    other = office.reconciler()
    await other.round()
    assert office.runs.rows["bus", ""].day == "2026-11-21", "the lease of the first still runs"
    office.clock.seconds += 61
    office.portal.looked_up.clear()
    await other.round()
    run = office.runs.rows["bus", ""]
    report = ReconcileReport.read(run.report)
    assert (run.state, report.compared, sorted(office.portal.looked_up)) == ("done", 3, ["B", "C"])
    assert sorted(one["code"] for one in report.differences) == ["A", "B", "C"]


async def test_process_that_lost_the_lease_writes_nothing() -> None:
    office = Office()
    office.dossiers.rows = [dossier("A")]
    look_up = office.portal.look_up

    async def robbed(code: str, end: float) -> RemoteDossier | None:
        place = "bus", ""
        office.runs.rows[place] = office.runs.rows[place]._replace(holder="another")
        return await look_up(code, end)

    office.portal.look_up = robbed  # type: ignore[method-assign]
    await office.compare()
    assert (office.runs.rows["bus", ""].state, office.runs.saved) == ("running", [])


async def test_long_run_renews_its_lease() -> None:
    office = Office()
    office.dossiers.rows = [dossier(f"D{number}") for number in range(8)]
    await office.compare(limits=ReconcileLimits(per_second=0.1))
    leases = [run.lease_until for run in office.runs.saved if run.state == "running"]
    assert len(leases) >= 4
    assert next(run.report for run in office.runs.saved) == b"", "a day counts when it is done"


@pytest.mark.parametrize(
    ("hour", "begun"),
    [("01:59", False), ("02:30", True), ("05:29", True), ("05:30", False), ("14:00", False)],
)
async def test_nightly_run_begins_once_in_the_night_of_vietnam(hour: str, begun: bool) -> None:
    office = Office()
    office.clock.seconds = datetime.fromisoformat(f"2026-11-27T{hour}:00+07:00").timestamp()
    one = office.reconciler(nightly=150)
    await one.round()
    runs = list(office.runs.rows.values())
    assert [(run.since, run.until, run.apply) for run in runs] == [
        ("2026-11-20", "2026-11-27", False)
    ] * begun
    office.clock.seconds += 60
    await one.round()
    assert list(office.runs.rows.values()) == runs


async def test_requester_compares_its_own_dossiers_only() -> None:
    office = Office()
    office.dossiers.rows = [dossier("A"), dossier("B", requester="other")]
    office.portal.pages = {"2026-11-20": [listed(there("C"))]}
    one = office.reconciler()
    assert await one.ask("bus", "one_gate", FIRST, FIRST, apply=True, accept_wave=False)
    assert not await one.ask("bus", "one_gate", FIRST, FIRST, apply=True, accept_wave=False), "it runs"
    await one.round()
    report = ReconcileReport.read(office.runs.rows["bus", "one_gate"].report)
    assert [one["code"] for one in report.differences] == ["A"]
    assert office.shown == {}, "the metric is that of all dossiers"


async def test_only_dossiers_that_the_portal_is_told_of_are_compared() -> None:
    office = Office()
    office.dossiers.rows = [dossier("A", origin="bus"), dossier("B", origin="other_portal"), dossier("C")]
    await office.compare()
    assert sorted(office.portal.looked_up) == ["A", "C"]


def test_report_lists_a_thousand_differences_and_counts_all() -> None:
    report = ReconcileReport()
    found = Difference("bus", "missing_there", "province", "A", "one_gate", 1, "accepted", "", "send")  # type: ignore[arg-type]
    for number in range(1_003):
        report.add(found._replace(code=f"A{number}"), mended=False)
    report.add(found._replace(code="A7"), mended=False)  # found on another day, too
    assert (len(report.differences), report.left_out, report.counts["missing_there"]) == (1_000, 3, 1_003)
    assert ReconcileReport.read(report.stored()).stored() == report.stored()

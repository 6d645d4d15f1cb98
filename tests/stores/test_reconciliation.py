"""Runs of the reconciliation, over both databases."""

from pathlib import Path

from gateway.ports.reconciliation import ReconcileRun
from tests.stores.opened import open_runs


def run(portal: str = "bus", requester: str = "", name: str = "r1", opened: float = 100.0) -> ReconcileRun:
    return ReconcileRun(
        portal, requester, name, "running", "", "2026-11-20", "2026-11-27", True, False, "2026-11-20", "", 0.0, opened,
        opened, b"", staff=f"{name}.account",
    )  # fmt: skip


async def test_run_is_begun_once_until_it_ends(url: str, tmp_path: Path) -> None:
    one, other = open_runs(url, tmp_path), open_runs(url, tmp_path)
    assert await one.begin(run())
    assert not await other.begin(run(name="r2"))
    assert await other.begin(run(requester="one_gate", name="r3"))
    assert list(await one.runs()) == [run(), run(requester="one_gate", name="r3")]
    mine = await one.lease("bus", "", "p1", 110.0, 170.0)
    assert mine == run()._replace(holder="p1", lease_until=170.0)
    assert await one.save(mine._replace(state="done", day="2026-11-28", report=b"{}", lease_until=0.0))
    assert await other.begin(run(name="r2", opened=200.0))
    assert (await one.runs())[0] == run(name="r2", opened=200.0)._replace(former=b"{}")
    await one.close()
    await other.close()


async def test_lease_is_one_process_s_until_it_ends(url: str, tmp_path: Path) -> None:
    one, other = open_runs(url, tmp_path), open_runs(url, tmp_path)
    await one.begin(run())
    mine = await one.lease("bus", "", "p1", 110.0, 170.0)
    assert mine is not None
    assert await other.lease("bus", "", "p2", 169.0, 230.0) is None
    theirs = await other.lease("bus", "", "p2", 170.0, 230.0)
    assert theirs is not None
    assert not await one.save(mine._replace(day="2026-11-25", report=b"late"))
    assert await other.save(theirs._replace(day="2026-11-22", report=b"half"))
    assert [(row.day, row.report, row.holder) for row in await one.runs()] == [("2026-11-22", b"half", "p2")]
    await one.close()
    await other.close()


async def test_host_whose_clock_is_fast_leaves_a_live_lease_alone(url: str, tmp_path: Path) -> None:
    one, other = open_runs(url, tmp_path), open_runs(url, tmp_path, clocks_differ=300.0)
    await one.begin(run())
    assert await one.lease("bus", "", "p1", 110.0, 170.0) is not None
    assert await other.lease("bus", "", "p2", 110.0 + 300.0, 470.0) is None
    assert await other.lease("bus", "", "p2", 170.0 + 300.0, 530.0) is not None
    await one.close()
    await other.close()


async def test_ended_run_changes_no_more(url: str, tmp_path: Path) -> None:
    store = open_runs(url, tmp_path)
    await store.begin(run())
    mine = await store.lease("bus", "", "p1", 110.0, 170.0)
    assert mine is not None
    assert await store.save(mine._replace(state="stopped", reason="too_many_missing"))
    assert not await store.save(mine._replace(state="done"))
    assert await store.lease("bus", "", "p1", 900.0, 960.0) is None
    await store.close()


async def test_run_that_nobody_went_on_with_for_a_day_is_replaced(url: str, tmp_path: Path) -> None:
    store = open_runs(url, tmp_path)
    await store.begin(run())
    assert not await store.begin(run(name="r2", opened=86_000.0))
    assert await store.begin(run(name="r2", opened=86_600.0))
    await store.close()

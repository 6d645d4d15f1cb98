"""The queue of corrections, over both databases."""

from pathlib import Path

import pytest

from gateway.domain.errors import CorrectionsUnavailable
from gateway.domain.row_filter import RowFilter
from gateway.ports.corrections import CorrectionRow
from tests.stores.opened import open_corrections


def row(number: int, requester: str = "portal", person: bytes = b"p" * 16) -> CorrectionRow:
    return CorrectionRow(
        number, f"c{number}", "2026-11", person, requester, "population", "person.birth_date", "queued", 5.0 + number,
        0.0, b"sealed",
    )  # fmt: skip


async def test_reports_are_found_by_whose_they_are_about_whom_and_how_they_stand(
    url: str, tmp_path: Path
) -> None:
    one, other = open_corrections(url, tmp_path), open_corrections(url, tmp_path)
    rows = [row(1), row(2, "one_gate"), row(3, person=b"q" * 16)]
    for each in rows:
        assert await one.add(each)
    assert list(await other.about(RowFilter())) == rows[::-1]
    assert [each.id for each in await other.about(RowFilter(requester="portal", states=("queued",)))] == [
        "c3",
        "c1",
    ]
    assert [each.id for each in await other.about(RowFilter((b"q" * 16, b"x" * 16)))] == ["c3"]
    assert [each.id for each in await other.about(RowFilter(count=1))] == ["c3"]
    assert [each.id for each in await other.about(RowFilter(before=3))] == ["c2", "c1"]
    assert await other.find("c2") == rows[1]
    assert await other.find("c9") is None
    assert await other.add(row(1, "one_gate")) is False
    assert await one.find("c1") == rows[0]
    await one.close()
    await other.close()


async def test_report_is_found_by_the_person_whom_it_names_by_the_sender_and_by_the_parent(
    url: str, tmp_path: Path
) -> None:
    store = open_corrections(url, tmp_path)
    rows = [row(1), row(2, person=b"q" * 16)._replace(sender=b"p" * 16), row(3, person=b"q" * 16)]
    rows.append(row(4, person=b"n" * 16)._replace(sender=b"s" * 16, parent=b"m" * 16))
    for each in rows:
        await store.add(each)
    assert await store.of_person((b"x" * 16, b"p" * 16), 9) == [rows[1], rows[0]]
    assert await store.of_person((b"q" * 16,), 1) == [rows[2]]
    assert await store.of_person((b"m" * 16,), 9) == [rows[3]]
    await store.close()


async def test_report_moves_from_the_states_in_which_it_may_and_from_no_other(
    url: str, tmp_path: Path
) -> None:
    store = open_corrections(url, tmp_path)
    for number in (1, 2, 3):
        await store.add(row(number))
    assert await store.move("c1", ("queued", "taken"), "received", 9.0)
    assert not await store.move("c1", ("queued", "taken"), "refused", 10.0)  # the first counts
    assert not await store.move("c9", ("queued",), "taken", 10.0)
    assert await store.about(RowFilter(states=("received",))) == [
        row(1)._replace(state="received", changed=9.0)
    ]
    assert list(await store.periods("queued")) == ["2026-11"]
    await store.move_all("queued", "unreadable", 11.0, "2020-01")
    assert len(await store.about(RowFilter(states=("queued",)))) == 2
    await store.move_all("queued", "unreadable", 11.0, "2026-11")
    assert [each.id for each in await store.about(RowFilter(states=("unreadable",)))] == ["c3", "c2"]
    await store.move_all("unreadable", "taken", 12.0)
    assert list(await store.periods("queued")) == list(await store.periods("unreadable")) == []
    await store.close()


async def test_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "corrections.sqlite").write_bytes(b"no database" * 100)
    store = open_corrections("sqlite:///exchange.db", tmp_path)
    with pytest.raises(CorrectionsUnavailable):
        await store.add(row(1))
    await store.close()

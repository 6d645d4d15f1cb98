"""The queue of corrections, over both databases."""

from pathlib import Path

import pytest

from adapters.stores.corrections import open_corrections
from gateway.domain.errors import CorrectionsUnavailable
from gateway.ports_corrections import CorrectionRow


def row(number: int, requester: str = "portal", person: bytes = b"p" * 16) -> CorrectionRow:
    return CorrectionRow(
        f"c{number}", "2026-11", person, requester, "population", "person.birth_date", "queued", 5.0 + number, 0.0,
        b"sealed",
    )  # fmt: skip


async def test_reports_are_found_by_whose_they_are_about_whom_and_how_they_stand(
    url: str, tmp_path: Path
) -> None:
    one, other = open_corrections(url, tmp_path), open_corrections(url, tmp_path)
    rows = [row(1), row(2, "one_gate"), row(3, person=b"q" * 16)]
    for each in rows:
        await one.add(each)
    assert list(await other.find("", (), "", 10)) == rows[::-1]
    assert [each.id for each in await other.find("portal", (), "queued", 10)] == ["c3", "c1"]
    assert [each.id for each in await other.find("", (b"q" * 16, b"x" * 16), "", 10)] == ["c3"]
    assert [each.id for each in await other.find("", (), "", 1)] == ["c3"]
    await other.mark("c1", 9.0)
    await one.mark("c1", 11.0)  # the first counts
    assert await one.find("", (), "delivered", 10) == [rows[0]._replace(state="delivered", delivered=9.0)]
    with pytest.raises(CorrectionsUnavailable):
        await one.add(row(1))
    assert len(await one.find("", (), "", 10)) == 3
    await one.close()
    await other.close()


async def test_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "corrections.sqlite").write_bytes(b"no database" * 100)
    store = open_corrections("sqlite:///exchange.db", tmp_path)
    with pytest.raises(CorrectionsUnavailable):
        await store.add(row(1))
    await store.close()

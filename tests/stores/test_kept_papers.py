"""Kept papers over both databases: as good as their consent, in every process, and gone with it."""

import time
from pathlib import Path

from gateway.ports.consents import ConsentRow
from gateway.ports.kept_papers import KeptPaperRow
from tests.stores.opened import open_kept_papers

NOW = time.time()
LONG = NOW + 1_000
PERSON, OTHER = b"p" * 16, b"o" * 16


def consent(name: str, expires: float = LONG) -> ConsentRow:
    return ConsentRow(
        0, name, "2026-11", PERSON, "harbour", "harbour", "keep_papers", NOW - 1, expires, 0.0, "{}", b"s"
    )


def paper(
    name: str, of: str = "a", until: float = LONG, file: str = "f" * 64, person: bytes = PERSON
) -> KeptPaperRow:
    return KeptPaperRow(
        name, of, "2026-11", person, "harbour", "1.013225", "drawings", "", file, NOW, until, b"sealed"
    )


async def test_papers_are_found_by_person_and_requester_under_valid_consents_only(
    url: str, tmp_path: Path
) -> None:
    consents, kept = open_kept_papers(url, tmp_path)
    for one in (consent("a"), consent("over", NOW - 0.5)):
        await consents.add(one)
    assert await kept.add(paper("one"), NOW)
    assert await kept.add(paper("two", until=NOW + 5), NOW)
    assert await kept.add(paper("third", person=OTHER), NOW)
    assert not await kept.add(paper("late", of="over"), NOW)
    assert not await kept.add(paper("stray", of="nobody"), NOW)
    assert {one.id for one in await kept.of((PERSON,), "harbour", NOW)} == {"one", "two"}
    assert [one.id for one in await kept.of((PERSON,), "harbour", NOW + 6)] == ["one"]
    assert await kept.of((PERSON,), "coast", NOW) == []
    assert {one.id for one in await kept.of((PERSON,), "", NOW)} == {"one", "two"}
    assert await kept.of((), "harbour", NOW) == []
    assert await kept.find("one", NOW) == paper("one")
    assert await kept.find("two", NOW + 5) is None
    await consents.close()


async def test_withdrawal_erases_the_seal_at_once_in_every_store_and_the_row_when_its_file_is_deleted(
    url: str, tmp_path: Path
) -> None:
    consents, kept = open_kept_papers(url, tmp_path)
    other_consents, other = open_kept_papers(url, tmp_path)
    await consents.add(consent("a"))
    await kept.add(paper("one"), NOW)
    assert await other.ended(NOW, 10) == []
    await consents.withdraw("a", NOW)
    assert await other.of((PERSON,), "harbour", NOW) == []
    assert await other.find("one", NOW) is None
    left = await kept._database.read("SELECT sealed FROM kept_papers")
    assert [bytes(row[0]) for row in left] == [b""]
    # the file is still to be deleted: until then it is referred to
    assert await kept.referred(["f" * 64, "e" * 64]) == {"f" * 64}
    assert await other.ended(NOW, 10) == [("one", "f" * 64)]
    await other.remove(["one"])
    assert await kept.referred(["f" * 64]) == set()
    assert await kept.ended(NOW, 10) == []
    assert not await kept.add(paper("one"), NOW)
    for one in (consents, other_consents):
        await one.close()


async def test_paper_that_is_over_ends_and_a_valid_one_is_never_removed(url: str, tmp_path: Path) -> None:
    consents, kept = open_kept_papers(url, tmp_path)
    for one in (consent("a"), consent("b", NOW + 5)):
        await consents.add(one)
    await kept.add(paper("lasting", file="1" * 64), NOW)
    await kept.add(paper("short", until=NOW + 2, file="2" * 64), NOW)
    await kept.add(paper("of b", of="b", file="3" * 64), NOW)
    assert await kept.ended(NOW + 1, 10) == []
    assert await kept.ended(NOW + 3, 10) == [("short", "2" * 64)]
    assert await kept.find("of b", NOW + 4) is not None
    assert await kept.find("of b", NOW + 6) is None
    assert {file for _, file in await kept.ended(NOW + 6, 10)} == {"2" * 64, "3" * 64}
    await kept.remove(["lasting", "short"])
    assert [one.id for one in await kept.of((PERSON,), "harbour", NOW)] == ["lasting"]
    await consents.close()

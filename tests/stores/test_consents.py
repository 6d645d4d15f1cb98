"""Consents and own data over both databases: withdrawn in one store is withdrawn in every other, with what was kept."""

import asyncio
import time
from pathlib import Path

import pytest

from adapters.stores import sql
from gateway.domain.errors import ConsentsUnavailable
from gateway.domain.row_filter import RowFilter
from gateway.ports.consents import Claim, ConsentRow, Copies, OwnDataKey, OwnDataValue, SubjectRequestRow
from tests.stores.opened import open_consents, open_decisions
from tests.stores.sample import run_sql

NOW = time.time()
LONG = NOW + 1_000
#: nothing is deleted from the last table of a withdrawal: in a SQLite file, in PostgreSQL
REFUSING = (
    ("CREATE TRIGGER refuse BEFORE DELETE ON own_data BEGIN SELECT RAISE(ABORT, 'no'); END",),
    (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
        "CREATE TRIGGER refuse BEFORE DELETE ON own_data FOR EACH ROW EXECUTE FUNCTION refuse()",
    ),
)


def row(
    name: str, person: bytes = b"p" * 16, requester: str = "harbour", expires: float = LONG
) -> ConsentRow:
    return ConsentRow(
        0, name, "2026-11", person, requester, requester, "keep", NOW - 1, expires, 0.0, "{}", b"sealed"
    )


def beside(url: str) -> str:
    """Where the tables of consents are."""
    return url if sql.is_postgres(url) else "sqlite:///consents.sqlite"


def key(consent: str, wrapped: bytes = b"first") -> OwnDataKey:
    return OwnDataKey(consent, "2026-11", b"p" * 16, "harbour", wrapped)


def value(consent: str, attribute: str = "phone", until: float = LONG, sealed: bytes = b"s") -> OwnDataValue:
    return OwnDataValue(consent, attribute, NOW - 1, until, sealed)


def demand(name: str, state: str = "received") -> SubjectRequestRow:
    return SubjectRequestRow(
        0,
        name,
        "2026-11",
        b"p" * 16,
        "harbour",
        "access",
        NOW,
        state,
        "2026-11-30",
        "2026-12-10",
        1,
        "{}",
        b"s",
    )


async def test_consent_is_stored_with_its_first_own_data_or_not_at_all(url: str, tmp_path: Path) -> None:
    consents, own, _ = open_consents(url, tmp_path)
    await consents.add(row("a"), key("a"), [value("a")])
    assert [one.sealed for _, one in await own.of([b"p" * 16], "harbour", NOW)] == [b"s"]
    for statement in REFUSING[sql.is_postgres(url)]:
        await run_sql(beside(url), tmp_path, statement.replace("BEFORE DELETE", "BEFORE INSERT"))
    with pytest.raises(ConsentsUnavailable):
        await consents.add(row("b"), key("b"), [value("b")])
    assert await consents.find("b") is None
    await consents.close()


async def test_consent_that_one_store_withdraws_holds_in_no_other(url: str, tmp_path: Path) -> None:
    one, other = open_consents(url, tmp_path), open_consents(url, tmp_path)
    await one[0].add(row("a"))
    found = await other[0].find("a")
    assert found is not None
    assert (found.id, found.person, found.withdrawn, found.sealed) == ("a", b"p" * 16, 0.0, b"sealed")
    await one[0].withdraw("a", NOW)
    await other[0].withdraw("a", NOW + 5)  # the first time counts
    found = await other[0].find("a")
    assert found is not None
    assert found.withdrawn == NOW
    assert await other[0].find("b") is None
    for store in (one, other):
        await store[0].close()


async def test_consents_are_found_by_person_and_by_holder_page_by_page(url: str, tmp_path: Path) -> None:
    consents, _, _ = open_consents(url, tmp_path)
    for name in ("a", "b", "c", "d"):
        await consents.add(
            row(name, b"p" * 16 if name < "c" else b"q" * 16, "coast" if name == "b" else "harbour")
        )
    assert [one.id for one in await consents.about(RowFilter(requester="harbour"))] == ["d", "c", "a"]
    assert [one.id for one in await consents.about(RowFilter((b"x" * 16, b"p" * 16)))] == ["b", "a"]
    assert [one.id for one in await consents.about(RowFilter((b"p" * 16,), "coast"))] == ["b"]
    first = await consents.about(RowFilter(requester="harbour", count=2))
    rest = await consents.about(RowFilter(requester="harbour", before=first[-1].seq, count=2))
    assert [one.id for one in (*first, *rest)] == ["d", "c", "a"]
    await consents.close()


async def test_what_is_kept_goes_with_its_consent_and_nothing_can_be_kept_after(
    url: str, tmp_path: Path
) -> None:
    consents, kept, _ = open_consents(url, tmp_path)
    await consents.add(row("a"))
    await consents.add(row("over", expires=NOW - 0.5))
    assert await kept.key(key("a"), NOW) == key("a")
    assert await kept.key(key("a", b"second"), NOW) == key("a")  # the first key holds
    assert await kept.key(key("over"), NOW) is None
    assert await kept.key(key("nobody"), NOW) is None
    await kept.put([value("a"), value("a", "email"), value("a", sealed=b"newer")])
    found = {one.attribute: one.sealed for _, one in await kept.of((b"p" * 16,), "harbour", NOW)}
    assert found == {"phone": b"newer", "email": b"s"}
    assert not await kept.of((b"p" * 16,), "coast", NOW)
    assert not await kept.of((b"q" * 16,), "harbour", NOW)
    assert not await kept.of((), "harbour", NOW)
    await consents.withdraw("a", NOW)
    assert not await kept.of((b"p" * 16,), "harbour", NOW)
    await kept.put([value("a")])
    assert not await kept.of((b"p" * 16,), "harbour", NOW)
    assert await kept.key(key("a"), NOW) is None
    await consents.close()


async def test_withdrawal_while_something_is_being_kept_leaves_nothing(url: str, tmp_path: Path) -> None:
    one, other = open_consents(url, tmp_path), open_consents(url, tmp_path)
    for number in range(5):
        name = f"c{number}"
        await one[0].add(row(name))
        await one[1].key(key(name), NOW)
        puts = [one[1].put([value(name, f"a{place}")]) for place in range(4)]
        await asyncio.gather(*puts[:2], other[0].withdraw(name, NOW), *puts[2:])
    assert not await one[1].of((b"p" * 16,), "harbour", NOW)
    left = await one[0]._database.read("SELECT count(*) FROM own_data")
    assert left[0][0] == 0
    for store in (one, other):
        await store[0].close()


async def test_value_that_is_no_longer_valid_is_not_found_and_then_erased(url: str, tmp_path: Path) -> None:
    consents, kept, _ = open_consents(url, tmp_path)
    await consents.add(row("a"))
    await kept.key(key("a"), NOW)
    await kept.put([value("a"), value("a", "email", NOW - 0.1)])
    assert [one.attribute for _, one in await kept.of((b"p" * 16,), "harbour", NOW)] == ["phone"]
    await kept.erase(NOW)
    left = await kept.of((b"p" * 16,), "harbour", NOW - 100)
    assert [one.attribute for _, one in left] == ["phone"]
    await consents.close()


async def test_key_of_a_consent_that_ended_is_erased_with_what_was_kept_under_it(
    url: str, tmp_path: Path
) -> None:
    consents, kept, _ = open_consents(url, tmp_path)
    for name, expires in (("ends", NOW + 1), ("stays", LONG)):
        await consents.add(row(name, expires=expires))
        await kept.key(key(name), NOW)
        await kept.put([value(name)])
    await kept.erase(NOW + 2)
    for table in ("own_data_keys", "own_data"):
        assert await run_sql(beside(url), tmp_path, f"SELECT consent FROM {table}") == [("stays",)]  # noqa: S608 -- ours
    await consents.close()


async def test_withdrawal_that_fails_half_way_has_changed_nothing(url: str, tmp_path: Path) -> None:
    consents, kept, _ = open_consents(url, tmp_path)
    await consents.add(row("a"))
    await kept.key(key("a"), NOW)
    await kept.put([value("a")])
    for statement in REFUSING[sql.is_postgres(url)]:
        await run_sql(beside(url), tmp_path, statement)
    with pytest.raises(ConsentsUnavailable):
        await consents.withdraw("a", NOW)
    again = open_consents(url, tmp_path)
    found = await again[0].find("a")
    assert found is not None
    assert found.withdrawn == 0
    assert [one.sealed for _, one in await again[1].of((b"p" * 16,), "harbour", NOW)] == [b"s"]
    await again[0].close()
    await consents.close()


async def test_attributes_of_a_person_are_erased_under_every_consent_to_one_requester(
    url: str, tmp_path: Path
) -> None:
    consents, kept, _ = open_consents(url, tmp_path)
    whose = {"a": ("harbour", b"p"), "b": ("harbour", b"p"), "c": ("coast", b"p"), "d": ("harbour", b"q")}
    for name, (requester, person) in whose.items():
        await consents.add(row(name, person * 16, requester))
        await kept.key(OwnDataKey(name, "2026-11", person * 16, requester, b"first"), NOW)
        await kept.put([value(name), value(name, "email")])
    decisions = open_decisions(url, tmp_path)
    claim = Claim(b"k" * 32, "e", "harbour")
    gone = Copies((b"x" * 16, b"p" * 16), ["phone", "school"])
    await decisions.mark_for_erasure(claim, [Copies((), ["phone"]), gone, gone])
    await decisions.confirm(claim.key, LONG, erasing=True)
    await decisions.close()
    left = await kept.of((b"p" * 16, b"q" * 16), "harbour", NOW)
    assert sorted((one.consent, one.attribute) for _, one in left) == [
        ("a", "email"), ("b", "email"), ("d", "email"), ("d", "phone"),
    ]  # fmt: skip
    assert {one.attribute for _, one in await kept.of((b"p" * 16,), "coast", NOW)} == {"phone", "email"}
    await consents.close()


async def test_decision_is_taken_once_by_whichever_process_and_again_only_when_it_was_given_back(
    url: str, tmp_path: Path
) -> None:
    one, other = open_decisions(url, tmp_path), open_decisions(url, tmp_path)
    taken = await asyncio.gather(*(store.take(b"k" * 32, NOW, LONG) for store in (one, other) * 4))
    assert sorted(taken) == [False] * 7 + [True]
    assert await other.take(b"l" * 32, NOW, LONG)
    await one.give_back(b"k" * 32, LONG - 1, forgetting=True)  # another's
    assert not await other.take(b"k" * 32, NOW, LONG)
    await other.give_back(b"k" * 32, LONG, forgetting=True)
    assert await one.take(b"k" * 32, NOW, LONG)
    assert not await other.take(b"k" * 32, LONG - 1, LONG)
    assert await other.take(b"k" * 32, LONG, LONG + 9)  # its time was over
    await one.close()
    await other.close()


async def test_decision_that_its_process_left_behind_is_open_again_and_hides_what_it_owes_until_it_is_told(
    url: str, tmp_path: Path
) -> None:
    consents, kept, _ = open_consents(url, tmp_path)
    decisions = open_decisions(url, tmp_path)
    await consents.add(row("a"))
    await kept.key(OwnDataKey("a", "2026-11", b"p" * 16, "harbour", b"first"), NOW)
    await kept.put([value("a"), value("a", "email")])

    async def names() -> set[str]:
        return {one.attribute for _, one in await kept.of((b"p" * 16,), "harbour", NOW)}

    claim, phone = Claim(b"k" * 32, "e", "harbour"), Copies((b"p" * 16,), ["phone"])
    assert await decisions.take(claim.key, NOW, NOW + 60)
    await decisions.mark_for_erasure(claim, [phone])
    assert await names() == {"email"}
    assert (await decisions.held(claim.key, NOW + 59), await decisions.held(claim.key, NOW + 60)) == (
        True, False,
    )  # fmt: skip
    assert (await decisions.open(NOW + 59), await decisions.open(NOW + 60)) == ([], [claim])
    await decisions.forget(claim.key, NOW + 59)  # somebody holds it
    assert await names() == {"email"}
    await decisions.forget(claim.key, NOW + 60)
    assert await names() == {"phone", "email"}
    await decisions.mark_for_erasure(claim, [phone])
    await decisions.confirm(claim.key, LONG, erasing=True)
    assert await names() == {"email"}
    assert await decisions.open(LONG) == []
    await decisions.mark_for_erasure(claim, [Copies((b"p" * 16,), ["email"])])
    await kept.put([value("a", "email")._replace(given=NOW + 1)])  # given anew meanwhile
    await decisions.confirm(claim.key, LONG, erasing=True)
    assert await names() == {"email"}
    await decisions.close()
    await consents.close()


async def test_request_is_changed_by_the_first_who_does_and_counted_while_it_is_late(
    url: str, tmp_path: Path
) -> None:
    consents, _, demands = open_consents(url, tmp_path)
    for name in ("a", "b"):
        await demands.add(demand(name))
    assert [await demands.overdue(day) for day in ("2026-11-30", "2026-12-01")] == [0, 2]
    found = await demands.find("a")
    assert found is not None
    assert await demands.change(found._replace(state="acknowledged"))
    assert not await demands.change(found._replace(state="refused"))
    assert [await demands.overdue(day) for day in ("2026-12-01", "2026-12-11")] == [1, 2]
    newer = await demands.find("a")
    assert newer is not None
    assert (newer.state, newer.version) == ("acknowledged", 2)
    assert await demands.change(newer._replace(state="answered"))
    assert [one.id for one in await demands.about(RowFilter(states=("received", "acknowledged")))] == ["b"]
    assert [one.id for one in await demands.about(RowFilter())] == ["b", "a"]
    await consents.close()


async def test_store_that_cannot_be_asked_says_so(tmp_path: Path) -> None:
    (tmp_path / "consents.sqlite").mkdir()
    consents, _, _ = open_consents("sqlite:///exchange.db", tmp_path)
    with pytest.raises(ConsentsUnavailable):
        await consents.find("a")
    await consents.close()


async def test_decision_is_not_taken_where_the_store_cannot_be_asked(tmp_path: Path) -> None:
    (tmp_path / "consents.sqlite").mkdir()
    decisions = open_decisions("sqlite:///exchange.db", tmp_path)
    with pytest.raises(ConsentsUnavailable):
        await decisions.take(b"k" * 32, NOW, LONG)
    await decisions.close()

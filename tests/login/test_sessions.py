"""Sessions of people: rotated at login, with idle and absolute limits, sealed at rest, named anew for each client."""

import asyncio
import base64
import os
import secrets
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from adapters.stores.sessions import MemorySessions
from gateway.domain.errors import SessionOver, TooLarge
from gateway.domain.login import AccountKind, Identity
from gateway.login.sealed_values import SealedValues
from gateway.login.sessions import MOST_BYTES, SessionBook

WHO = Identity(
    provider="national", subject="u-1", account="T-77", personal_id="033194628150", full_name="Đỗ Thị Ví Dụ",
    birth_date="1994-05-17", level=2, at=1_000.0, session="idp-1", id_token="e30.e30.c2ln",
)  # fmt: skip
OTHER = Identity(provider="national", subject="u-2", personal_id="033088517364", session="idp-2")


class Kept:
    """A book over a store whose bytes a test can look at, and its clock."""

    def __init__(self) -> None:
        self.time = 10_000.0
        self.store = MemorySessions(now=lambda: self.time)
        self.key = os.urandom(32)
        self.book = self.another()

    def another(self, **more: Any) -> SessionBook:
        values = SealedValues(more.get("store", self.store), more.get("key", self.key))
        return SessionBook(values, self.key, lambda: self.time, idle=1_800, longest=28_800)


@pytest.fixture
def kept() -> Kept:
    return Kept()


async def test_browser_finds_its_session_by_its_cookie_only(kept: Kept) -> None:
    session, cookie = await kept.book.begin(WHO)
    assert await kept.book.of(cookie) == session
    assert session.identity == WHO
    assert session.id in cookie
    for wrong in (
        "",
        session.id,
        f"{session.id}.",
        f"{session.id}.AAAA",
        "." + cookie,
        cookie[:-1],
        "ü" * 22 + ".a",
    ):
        assert await kept.book.of(wrong) is None


async def test_login_gives_a_new_secret_and_the_planted_one_opens_nothing(kept: Kept) -> None:
    first, planted = await kept.book.begin(WHO)
    await kept.book.note_client(first.id, "one_gate")
    former = await kept.book.of(planted)
    _, cookie = await kept.book.begin(WHO, former)
    assert await kept.book.of(planted) is None
    again = await kept.book.of(cookie)
    assert again is not None
    assert (again.id, again.clients, again.csrf != first.csrf) == (first.id, ("one_gate",), True)


async def test_session_ends_when_it_is_not_used_and_lives_while_it_is(kept: Kept) -> None:
    _, cookie = await kept.book.begin(WHO)
    for _ in range(5):
        kept.time += 1_700
        assert await kept.book.of(cookie)
    kept.time += 1_801
    assert await kept.book.of(cookie) is None


async def test_session_ends_after_eight_hours_however_it_is_used(kept: Kept) -> None:
    session, cookie = await kept.book.begin(WHO)
    for _ in range(28):
        kept.time += 1_000
        assert await kept.book.of(cookie)
        assert await kept.book.note_client(session.id, "portal")
    kept.time += 801
    assert await kept.book.of(cookie) is None
    assert await kept.book.find(session.id) is None
    assert not await kept.book.note_client(session.id, "one_gate")


async def test_look_of_a_client_does_not_keep_a_session_alive(kept: Kept) -> None:
    session, cookie = await kept.book.begin(WHO)
    kept.time += 1_799
    assert await kept.book.find(session.id)
    kept.time += 1
    assert await kept.book.of(cookie) is None


async def test_ended_session_is_over_for_everybody(kept: Kept) -> None:
    session, cookie = await kept.book.begin(WHO)
    assert await kept.book.end(session.id) == session
    assert await kept.book.end(session.id) is None
    assert await kept.book.of(cookie) is None
    assert await kept.book.find(session.id) is None


async def test_concurrent_clients_are_all_remembered(kept: Kept) -> None:
    session, _ = await kept.book.begin(WHO)
    clients = [f"system_{number}" for number in range(5)]
    assert all(await asyncio.gather(*(kept.book.note_client(session.id, one) for one in clients)))
    found = await kept.book.find(session.id)
    assert found is not None
    assert sorted(found.clients) == clients


async def test_sessions_of_an_account_are_listed_and_no_other(kept: Kept) -> None:
    first, _ = await kept.book.begin(WHO)
    kept.time += 1
    second, _ = await kept.book.begin(WHO)
    await kept.book.begin(OTHER)
    assert [one.id for one in await kept.book.of_account(WHO)] == [second.id, first.id]
    await kept.book.end(second.id)
    assert [one.id for one in await kept.book.of_account(WHO)] == [first.id]


FIRM = Identity(
    provider="national", subject="u-3", kind=AccountKind.BUSINESS, tax_code="0905629147", personal_id=WHO.personal_id,
)  # fmt: skip
NAMELESS = Identity(provider="national", subject="u-4", kind=AccountKind.BUSINESS, tax_code=FIRM.tax_code)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (WHO, replace(WHO, provider="vneid", subject="v-1"), True),
        (WHO, OTHER, False),
        (WHO, FIRM, False),
        (FIRM, replace(FIRM, provider="vneid", subject="v-2"), True),
        (FIRM, replace(FIRM, personal_id=OTHER.personal_id), False),
        (FIRM, replace(FIRM, tax_code="0905629154"), False),
        (NAMELESS, NAMELESS, True),
        (NAMELESS, replace(NAMELESS, subject="u-5"), False),
        (NAMELESS, replace(NAMELESS, full_name="Đỗ Thị Ví Dụ"), False),
        (NAMELESS, FIRM, False),
    ],
)
async def test_sessions_of_one_person_are_listed_whatever_the_provider(
    kept: Kept, one: Identity, other: Identity, *, is_same: bool
) -> None:
    first, _ = await kept.book.begin(one)
    second, _ = await kept.book.begin(other)
    found = {session.id for session in await kept.book.of_person(one)}
    assert found == ({first.id, second.id} if is_same else {first.id})


async def test_account_has_at_most_twenty_sessions_and_the_oldest_ends(kept: Kept) -> None:
    first, cookie = await kept.book.begin(WHO)
    await kept.book.keep(first, lambda members: members.update(a=1))
    for _ in range(20):
        kept.time += 1
        await kept.book.begin(WHO)
    assert len(await kept.book.of_account(WHO)) == 20
    assert await kept.book.of(cookie) is None
    assert await kept.book.find(first.id) is None
    assert await kept.store.get(f"sk:{first.id}") is None


async def test_provider_names_one_session_or_all_of_an_account(kept: Kept) -> None:
    session, _ = await kept.book.begin(WHO)
    other, _ = await kept.book.begin(OTHER)

    async def named(subject: str, sid: str, provider: str = "national") -> list[str]:
        return [one.id for one in await kept.book.of_provider(provider, subject, sid)]

    assert await named("", "idp-1") == [session.id]
    assert await named("u-1", "idp-1") == [session.id]
    assert await named("u-1", "") == [session.id]
    assert await named("u-2", "") == [other.id]
    assert await named("u-2", "idp-1") == []
    assert await named("", "idp-9") == []
    assert await named("u-1", "", "vneid") == []


def test_two_clients_call_one_session_by_names_that_they_cannot_join(kept: Kept) -> None:
    names = [kept.book.sid("A" * 22, client) for client in ("portal", "one_gate")]
    assert names[0] != names[1]
    assert names[0] == kept.book.sid("A" * 22, "portal")
    assert kept.book.session_of(names[0], "portal") == "A" * 22
    for name in (names[1], "", "x", "?", names[0][:-2], "A" * 22):
        assert kept.book.session_of(name, "portal") == ""


@pytest.mark.parametrize("long", ["", "eyJhbGciOiJSUzI1NiJ9." * 40, os.urandom(3_000).hex()])
async def test_session_takes_at_most_two_kilobytes_at_rest(kept: Kept, long: str) -> None:
    who = Identity(**{name: getattr(WHO, name) for name in WHO.__slots__} | {"id_token": long})
    session, cookie = await kept.book.begin(who)
    sealed = await kept.store.get(f"ss:{session.id}")
    assert sealed is not None
    assert len(sealed) <= MOST_BYTES + 28
    found = await kept.book.of(cookie)
    assert found is not None
    assert found.identity.full_name == WHO.full_name
    assert found.identity.id_token in {long, ""}


async def test_store_learns_nothing_and_makes_no_session(kept: Kept) -> None:
    session, cookie = await kept.book.begin(WHO)
    other, other_cookie = await kept.book.begin(OTHER)
    sealed, foreign = await kept.store.get(f"ss:{session.id}"), await kept.store.get(f"ss:{other.id}")
    assert sealed is not None
    assert foreign is not None
    for secret in (WHO.personal_id, WHO.full_name, WHO.subject, cookie.partition(".")[2], session.csrf):
        assert secret.encode() not in sealed
    await kept.store.put(f"ss:{session.id}", foreign, 60)  # another's value
    assert await kept.book.of(cookie) is None
    await kept.store.put(f"ss:{other.id}", foreign[:-1] + bytes([foreign[-1] ^ 1]), 60)
    assert await kept.book.of(other_cookie) is None
    assert await kept.another(key=os.urandom(32)).of(cookie) is None


async def test_emptied_store_signs_out_and_a_new_login_works(kept: Kept) -> None:
    _, cookie = await kept.book.begin(WHO)
    await kept.store.close()
    assert await kept.book.of(cookie) is None
    _, cookie = await kept.book.begin(WHO)
    assert await kept.book.of(cookie)


def _token() -> str:
    """As long as those of WSO2 Identity Server."""
    key = secrets.token_urlsafe(41)
    header = {"x5t": key, "kid": f"{key}_RS256", "alg": "RS256"}
    claims = {
        "iss": "https://idp.example:443/oauth2/token", "sub": os.urandom(12).hex(), "aud": ["motlan"], "azp": "motlan",
        "amr": ["BasicAuthenticator"], "exp": 1_764_320_000, "iat": 1_764_316_400, "auth_time": 1_764_316_400,
        "nonce": secrets.token_urlsafe(32), "sid": secrets.token_urlsafe(16), "at_hash": secrets.token_urlsafe(16),
    }  # fmt: skip
    parts = (orjson.dumps(header), orjson.dumps(claims), os.urandom(256))
    return ".".join(base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in parts)


async def test_open_login_takes_at_most_two_kilobytes_of_memory(kept: Kept) -> None:
    people = [
        replace(
            WHO,
            subject=secrets.token_urlsafe(16),
            session=secrets.token_urlsafe(16),
            id_token=_token(),
            personal_id=f"033194{number:06}",
        )
        for number in range(1_000)
    ]
    assert len(people[0].id_token) > 950
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for one in people:
            session, cookie = await kept.book.begin(one)
            await kept.book.note_client(session.id, "provincial_system")
        each = (tracemalloc.get_traced_memory()[0] - before) / len(people)
    finally:
        tracemalloc.stop()
    assert each <= 2_048
    found = await kept.book.of(cookie)
    assert found is not None
    assert found.identity == people[-1]


async def test_what_pages_keep_is_of_one_session_sealed_and_ends_with_it(kept: Kept) -> None:
    session, _ = await kept.book.begin(WHO)
    other, _ = await kept.book.begin(OTHER)
    await kept.book.keep(session, lambda members: members.update(number="033194628151"))
    assert await kept.book.kept(session) == {"number": "033194628151"}
    assert await kept.book.kept(other) == {}
    at_rest = await kept.store.get(f"sk:{session.id}")
    assert at_rest is not None
    assert b"033194628151" not in at_rest
    await kept.book.end(session.id)
    assert await kept.book.kept(session) == {}


async def test_page_that_is_late_keeps_nothing_of_a_session_that_has_ended(kept: Kept) -> None:
    session, _ = await kept.book.begin(WHO)
    await kept.book.end(session.id)
    with pytest.raises(SessionOver):
        await kept.book.keep(session, lambda members: members.update(number="033194628151"))
    assert await kept.store.get(f"sk:{session.id}") is None


async def test_what_pages_keep_outlives_no_longest_session(kept: Kept) -> None:
    session, cookie = await kept.book.begin(WHO)
    for _ in range(28):
        kept.time += 1_025
        assert await kept.book.of(cookie)
    await kept.book.keep(session, lambda members: members.update(a=1))
    kept.time += 101
    assert await kept.book.kept(session) == {}


async def test_concurrent_changes_of_what_pages_keep_lose_none_and_it_stays_small(kept: Kept) -> None:
    session, _ = await kept.book.begin(WHO)

    def adding(name: str) -> Callable[[dict[str, Any]], None]:
        return lambda members: members.update({name: True})

    await asyncio.gather(*(kept.book.keep(session, adding(str(one))) for one in range(6)))
    assert len(await kept.book.kept(session)) == 6
    with pytest.raises(TooLarge):
        await kept.book.keep(session, lambda members: members.update(much="x" * 70_000))
    assert len(await kept.book.kept(session)) == 6

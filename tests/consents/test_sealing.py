"""Keys of living periods: each is opened once, and known no longer than its period lives."""

import secrets

from gateway.consents.sealing import PersonKeys, index_of
from gateway.exchange_log.keys import RootKeys, wrap_new

PERSON = "person|033618204957"
ROOT = secrets.token_bytes(32)


class Counting:
    """A root key that says how often it was used."""

    name = "counting"

    def __init__(self) -> None:
        self._root = RootKeys.of(ROOT).wrapper
        self.opened: list[str] = []

    def wrap(self, plain: bytes, context: bytes) -> bytes:
        return self._root.wrap(plain, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes | None:
        self.opened.append(context.decode())
        return self._root.unwrap(wrapped, context)

    def derive(self, purpose: bytes) -> bytes:
        return self._root.derive(purpose)


class Periods:
    """The part of the store that is asked."""

    def __init__(self, *months: str) -> None:
        self.living = {month: wrap_new(ROOT, month) for month in months}

    async def periods(self) -> dict[str, bytes]:
        return dict(self.living)


async def test_key_of_a_living_period_is_opened_once() -> None:
    root, store = Counting(), Periods("2026-09", "2026-10")
    person_keys = PersonKeys(RootKeys((root,)), store)  # type: ignore[arg-type]
    assert await person_keys.of("2026-10")
    assert root.opened == ["2026-10"]
    for _ in range(3):
        assert len(set(await person_keys.indexes(PERSON))) == 2
    assert sorted(root.opened) == ["2026-09", "2026-10"]


async def test_erased_period_is_known_to_nobody_from_then_on() -> None:
    root, store = Counting(), Periods("2026-09", "2026-10")
    person_keys = PersonKeys(RootKeys((root,)), store)  # type: ignore[arg-type]
    both = await person_keys.indexes(PERSON)
    kept = store.living.pop("2026-09")
    assert await person_keys.of("2026-09") is None
    assert set(await person_keys.indexes(PERSON)) < set(both)
    assert not [period for period in person_keys._known if period[0] == "2026-09"]
    store.living["2026-08"] = kept  # bytes of another month open nothing
    assert await person_keys.of("2026-08") is None


async def test_keys_that_were_wrapped_anew_are_the_same_keys() -> None:
    root, store = Counting(), Periods("2026-10")
    person_keys = PersonKeys(RootKeys((root,)), store)  # type: ignore[arg-type]
    before = await person_keys.of("2026-10")
    plain = root._root.unwrap(store.living["2026-10"], b"2026-10")
    assert plain is not None
    store.living["2026-10"] = root.wrap(plain, b"2026-10")
    after = await person_keys.of("2026-10")
    assert before is not None
    assert after is not None
    assert index_of(before, PERSON) == index_of(after, PERSON)

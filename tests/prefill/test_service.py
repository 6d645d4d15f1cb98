"""What leaves rests on what still holds when it leaves."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import orjson

from gateway.domain.exchange import Phase, Receipt
from gateway.prefill.consent_checks import ConsentChecks
from gateway.prefill.exchange import Exchange
from gateway.prefill.service import Prefill


class _Named:
    """Anything that is only looked at by name."""

    def __init__(self, **members: Any) -> None:
        self.__dict__.update(members)


class _Records:
    """A log during whose first write a later wave finds that the consent has ended."""

    def __init__(self, narrower: Any) -> None:
        self.notes: list[dict[str, Any]] = []
        self._narrower = narrower

    async def write(self, exchange: Any, phase: Phase, *_form: object, **notes: Any) -> Receipt:
        assert phase is Phase.OUTCOME
        self.notes.append(notes)
        await asyncio.sleep(0)
        exchange.plan = self._narrower
        return Receipt(f"hash-{len(self.notes)}", "log")


async def _nothing(_exchange: object) -> None:
    """Nobody guessed."""


def _plan() -> Any:
    nothing = dict.fromkeys(("queries", "fields", "keeps", "evidence", "sources"), ())
    return _Named(
        **nothing,
        confirms={},
        papers={},
        withheld={},
        hangs_on={},
        holders=(),
        named_heads=(),
        ambiguous_things=(),
        compared=(),
    )


async def test_answer_of_a_plan_that_was_narrowed_meanwhile_is_made_and_recorded_anew() -> None:
    request = _Named(known={}, held={}, dossier=None, preview=False, signed=False, login=None)
    case = _Named(
        request=request, procedure=_Named(named=dict), keys={}, acting=None, citizen=None, asker="",
        cast=_Named(subjects={}, keys={}, given=frozenset()),
        official=_Named(personal_id="", agency="", account="", full_name="", on_duty=False),
    )  # fmt: skip
    allowed = _Named(
        consents=lambda _answers: {"c"},
        without=lambda _ended, plan, _answers: plan,
        grant=_Named(services={}),
    )
    made: Any = Exchange
    exchange: Exchange = made("e", _Named(id="portal"), case, allowed, _plan(), None, datetime.now(UTC), 5)
    records = _Records(_plan())
    prefill: Any = Prefill.__new__(Prefill)
    prefill._consents = ConsentChecks(None, prefill)
    prefill._records, prefill._counting, prefill._sealer = records, _Named(mismatch=_nothing), None
    answer = orjson.loads(await prefill.answer(exchange))
    assert [one.get("instead_of") for one in records.notes] == [None, "hash-1"]
    assert answer["receipt"]["leaf_hash"] == "hash-2"

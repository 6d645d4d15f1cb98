"""The source of own data: what was asked for, to whom it was given, with its days; silence when it cannot."""

import asyncio
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway import registry, telemetry
from gateway.config.configuration import load
from gateway.domain.errors import ConsentsUnavailable
from gateway.domain.evidence import Outcome, SourceAnswer, SourceQuery
from gateway.domain.fault_codes import FaultCode
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official, Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.load import load_catalogue
from gateway.ports.consents import Own, OwnData
from tests.adapters.asking import landed_from

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)
SETTINGS = load(ROOT / "config").sources["own_data"]
PLANS = load_catalogue(ROOT).services["own_data"]
CONSENT = "cs-abcdefghijkmnpqrstuvwxyz"
WHO = Subject(kind=SubjectKind.PERSON, personal_id="033190481726")


class _Clock:
    def now(self) -> datetime:
        return NOW


class Shelf:
    """What one person gave to one requester."""

    async def kept(self, person: str, requester: str, now: datetime) -> Mapping[str, Own]:
        if (person, requester, now) != (WHO.key, "portal", NOW):
            return {}
        return {
            "phone": Own("0900417283", NOW - timedelta(days=3), NOW + timedelta(days=9), CONSENT),
            "email": Own("mau@example.vn", NOW - timedelta(days=5), NOW + timedelta(days=7), CONSENT),
            "school": Own("Trường Mẫu", NOW - timedelta(days=400), NOW + timedelta(days=1), CONSENT),
        }


class Away:
    """A store that cannot be asked."""

    async def kept(self, person: str, requester: str, now: datetime) -> Mapping[str, Own]:
        del person, requester, now
        raise ConsentsUnavailable


async def ask(own: OwnData | None, requester: str = "portal", *attributes: str) -> SourceAnswer:
    source = registry.open_source(SETTINGS, PLANS, registry.source_tools(ROOT, _Clock(), own))
    query = SourceQuery(
        call_id=CallId("c-1"), service="own_data.kept", subject=WHO, attributes=attributes or ("phone", "email"),
        official=Official(personal_id="033085482915", agency="000.00.14.H31"), procedure="1.004222", purpose="x",
        requester=requester,
    )  # fmt: skip
    return await landed_from(source, query, asyncio.get_running_loop().time() + 0.3)


async def test_values_that_were_asked_for_come_with_their_days_and_no_others() -> None:
    answer = await ask(Shelf())
    assert answer.outcome is Outcome.FOUND
    assert answer.values == {"phone": "0900417283", "email": "mau@example.vn"}
    assert answer.declared == {
        "phone": ("2026-11-23T03:00:00.000Z", "2026-12-05T03:00:00.000Z", CONSENT),
        "email": ("2026-11-21T03:00:00.000Z", "2026-12-03T03:00:00.000Z", CONSENT),
    }
    assert answer.source_updated_at == "2026-11-21T03:00:00.000Z"


async def test_requester_to_whom_nothing_was_given_finds_nothing() -> None:
    for answer in (
        await ask(Shelf(), "one_gate"),
        await ask(Shelf(), "portal", "bank_account"),
        await ask(None),
    ):
        assert (answer.outcome, answer.values) == (Outcome.NOT_FOUND, {})


async def test_store_that_cannot_be_asked_is_a_source_that_is_away() -> None:
    answer = await ask(Away())
    assert (answer.outcome, answer.reason) == (Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE)
    assert [fault.code for fault in answer.faults] == [FaultCode.STORE_UNAVAILABLE]


async def test_store_that_hangs_is_left_at_the_deadline() -> None:
    class Hanging:
        async def kept(self, person: str, requester: str, now: datetime) -> Mapping[str, Own]:
            await asyncio.Event().wait()
            raise AssertionError(f"{person} {requester} {now}")

    answer = await ask(Hanging())
    assert (answer.outcome, answer.reason) == (Outcome.UNAVAILABLE, Reason.SOURCE_TIMEOUT)


async def test_defect_is_an_invalid_answer_and_a_line_of_the_log() -> None:
    class Wrong:
        async def kept(self, person: str, requester: str, now: datetime) -> Mapping[str, Own]:
            raise ValueError(f"{person} {requester} {now}")

    sink = io.BytesIO()
    telemetry.set_up(sink)
    answer = await ask(Wrong())
    assert (answer.outcome, answer.reason) == (Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)
    assert [fault.code for fault in answer.faults] == [FaultCode.DEFECT]
    assert sink.getvalue().count(b'"source.defect"') == 1
    assert WHO.key.encode() not in sink.getvalue()


async def test_closing_lands_every_query_even_one_that_has_just_begun() -> None:
    landed: list[SourceAnswer] = []
    source = registry.open_source(SETTINGS, PLANS, registry.source_tools(ROOT, _Clock(), Shelf()))
    query = SourceQuery(
        call_id=CallId("c-1"), service="own_data.kept", subject=WHO, attributes=("phone",),
        official=Official(personal_id="033085482915", agency="000.00.14.H31"), procedure="1.004222", purpose="x",
    )  # fmt: skip
    source.ask(query, asyncio.get_running_loop().time() + 5, landed.append)
    await source.close()
    assert [one.reason for one in landed] == [Reason.SOURCE_UNREACHABLE]

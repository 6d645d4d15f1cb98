"""The REST source against JSON providers, good and bad; strict JSON; the account source."""

import asyncio
import contextlib
import gzip
import hashlib
import io
import json
import unicodedata
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sources import account, rest
from adapters.sources.provider import ProviderSource
from adapters.transport.strict_json import NotStrictJson, parse
from gateway import telemetry
from gateway.config.configuration import SourceSettings
from gateway.domain.dates import PartialDate
from gateway.domain.errors import ConfigError
from gateway.domain.evidence import AnswerFault, Outcome, SourceAnswer, SourceQuery
from gateway.domain.fault_codes import FaultCode
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Identifier, Official, Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.codes import Codes, Units
from gateway.mapping.model import ServiceMapping
from gateway.mapping.source import ServicePlan
from gateway.ports.sources import Source
from tests import unhurried
from tests.adapters.asking import landed_from
from tests.adapters.raw_peers import RawPeer, Say, answer, raw_peer, saying, soon, tools

PERSON = "033471902856"
OFFICIAL = "033850316294"
FOUND = {"ten": "TRẦN THỊ MẪU", "soDinhDanh": PERSON}
ANSWER = {
    "found_when": "ten",
    "identity": {"personal_id": "soDinhDanh"},
    "attributes": {"full_name": {"path": "ten"}},
}


def plan_of(request: Mapping[str, Any], answer_rule: Mapping[str, Any] = ANSWER, **more: Any) -> ServicePlan:
    mapping = ServiceMapping.model_validate(
        {
            "evidence": "person",
            "title": {"vi": "Tra cứu", "en": "Look up"},
            "subjects": ["person"],
            "request": request,
            "answer": answer_rule,
            "examples": [{"name": "one"}],
            **more,
        }
    )
    return ServicePlan("x", "look", mapping, Codes({}, Units("", {}, {}), {}))


def settings_of(url: str, service: Mapping[str, Any] | None = None, **more: Any) -> SourceSettings:
    return SourceSettings.model_validate(
        {
            "source": "x",
            "adapter": "adapters.sources.rest",
            "title": {"vi": "Nguồn", "en": "Source"},
            "provider": "p",
            "mark": "sandbox",
            "url": url,
            "services": {"look": {"path": "/look", **(service or {})}},
            **more,
            "limits": unhurried.limits(**more.get("limits", {})),
        }
    )


BY_ID = {"soDinhDanh": {"from": "subject.personal_id"}}


@contextlib.asynccontextmanager
async def opened(
    say: Say,
    request: Mapping[str, Any] | None = None,
    service: Mapping[str, Any] | None = None,
    answer_rule: Mapping[str, Any] = ANSWER,
    **more: Any,
) -> AsyncIterator[tuple[ProviderSource, RawPeer]]:
    async with raw_peer(say) as raw:
        plan = plan_of(BY_ID if request is None else request, answer_rule)
        source = rest.open_source(settings_of(raw.url, service, **more), {"look": plan}, tools())
        try:
            yield source, raw
        finally:
            await source.close()


def query_of(service: str = "x.look", **subject: Any) -> SourceQuery:
    return SourceQuery(
        call_id=CallId("01J-1"),
        service=service,
        subject=Subject(kind=SubjectKind.PERSON, **{"personal_id": PERSON, **subject}),
        attributes=("full_name",),
        official=Official(personal_id=OFFICIAL, agency="H33"),
        procedure="1.001193",
        purpose="dossier",
    )


async def ask(source: ProviderSource, **subject: Any) -> SourceAnswer:
    return await landed_from(source, query_of(**subject), soon())


def said(tree: object) -> Say:
    return saying(answer(json.dumps(tree, ensure_ascii=False).encode()))


def line_of(request: bytes) -> str:
    return request.split(b"\r\n", 1)[0].decode()


def body_of(request: bytes) -> bytes:
    return request.split(b"\r\n\r\n", 1)[1]


async def test_answer_becomes_evidence_with_digests_of_the_bytes() -> None:
    async with opened(said(FOUND)) as (source, raw):
        got = await ask(source)
    assert (got.outcome, got.values) == (Outcome.FOUND, {"full_name": "TRẦN THỊ MẪU"})
    assert line_of(raw.requests[0]) == "POST /base/look HTTP/1.1"
    sent = body_of(raw.requests[0])
    assert json.loads(sent) == {"soDinhDanh": PERSON}
    assert got.request_digest == hashlib.sha256(sent).digest()
    assert got.response_digest == hashlib.sha256(json.dumps(FOUND, ensure_ascii=False).encode()).digest()
    port: Source = source
    state = port.state()
    assert (state.breaker, set(state.latency_ms)) == ("closed", {"p50", "p95", "p99"})
    assert state.last_outcome is not None
    assert state.last_outcome[0] == "found"


@pytest.mark.parametrize(
    "record",
    [
        {"ten": "TRẦN THỊ MẪU"},
        {"ten": "TRẦN THỊ MẪU", "ngaySinh": ""},
        {"ngaySinh": "1990-02-15"},
        {"ten": " ", "ngaySinh": "1990-02-15", "soCMND": None},
    ],
)
def test_one_trait_alone_does_not_stand_for_a_number_that_is_blank(record: dict[str, object]) -> None:
    """Threat T14: who is asked for by number is not taken for anybody of the same name, or of the same birthday."""
    identity = {"old_id": "soCMND", "full_name": "ten", "birth_date": "ngaySinh"}
    plan = plan_of(BY_ID, {**ANSWER, "found_when": "dan", "identity": identity})
    born = PartialDate.parse("1990-02-15")
    person = query_of(personal_id=None, old_id="033571928", full_name="Trần Thị Mẫu", birth_date=born)
    assert plan.read({"dan": "1", **record}, person).outcome is Outcome.INVALID
    whole = {"dan": "1", "ten": "TRẦN THỊ MẪU", "ngaySinh": "1990-02-15", "soCMND": "033571928"}
    assert plan.read(whole, person).outcome is Outcome.FOUND


async def test_record_of_somebody_else_is_an_alarm() -> None:
    async with opened(said({**FOUND, "soDinhDanh": OFFICIAL})) as (source, _):
        got = await ask(source)
    assert (got.alarm, got.reason, got.values) == (True, Reason.SOURCE_ANSWER_OTHER_PERSON, {})
    assert len(got.response_digest) == 32


async def test_query_path_and_form_take_the_request_tree() -> None:
    words = {
        "ma": {"from": "subject.number"},
        "ten": {"from": "subject.full_name"},
        "trong.so": {"value": "7"},
        "tối đa": {"value": 50},
        "gồm cả": {"value": True},
        "tỷ lệ": {"from": "subject.sheet", "blank": 0.5},
    }
    constants = urlencode({"tối đa": "50", "gồm cả": "true", "tỷ lệ": "0.5"})
    name = {"full_name": "Lê & Cừ/=?", "number": "A/../b"}
    for service, line, body in (
        (
            {"method": "GET", "path": "/thua/{ma}/x?v=1"},
            "GET /base/thua/A%2F..%2Fb/x?v=1&ten=L%C3%AA+%26+C%E1%BB%AB%2F%3D%3F&trong.so=7"
            f"&{constants} HTTP/1.1",
            b"",
        ),
        (
            {"body": "form", "path": "thua"},
            "POST /base/thua HTTP/1.1",
            f"ma=A%2F..%2Fb&ten=L%C3%AA+%26+C%E1%BB%AB%2F%3D%3F&trong.so=7&{constants}".encode(),
        ),
        (
            {"path": "/thua/{ma}"},
            "POST /base/thua/A%2F..%2Fb HTTP/1.1",
            '{"ten":"Lê & Cừ/=?","trong":{"so":"7"},"tối đa":50,"gồm cả":true,"tỷ lệ":0.5}'.encode(),
        ),
    ):
        async with opened(said(FOUND), words, service) as (source, raw):
            assert (await ask(source, **name)).outcome is Outcome.FOUND
        assert line_of(raw.requests[0]) == line
        assert body_of(raw.requests[0]) == body


@pytest.mark.parametrize("number", [None, ".", ".."])
async def test_path_place_without_a_usable_value_calls_nobody(number: str | None) -> None:
    words = {"ma": {"from": "subject.number"}}
    async with opened(said(FOUND), words, {"path": "/thua/{ma}"}) as (source, raw):
        got = await ask(source, number=number)
    assert (got.outcome, got.reason, got.request_digest) == (Outcome.REFUSED, Reason.VALUE_BLANK, b"")
    assert raw.requests == []


@pytest.mark.parametrize(
    "service",
    [{"method": "GET"}, {"body": "query"}, {"path": "/look/{soDinhDanh}"}, {"method": "GET", "body": "form"}],
)
async def test_personal_id_in_an_address_is_refused_at_the_start(service: dict[str, Any]) -> None:
    settings = settings_of("http://127.0.0.1:9", service)
    with pytest.raises(ConfigError, match="into the address"):
        rest.open_source(settings, {"look": plan_of(BY_ID)}, tools())
    allowed = settings_of("http://127.0.0.1:9", service, options={"allow_url_ids": "true"})
    await rest.open_source(allowed, {"look": plan_of(BY_ID)}, tools()).close()


@pytest.mark.parametrize("word", ["personal_id", "old_id", "passport", "identifier.xx_card"])
@pytest.mark.parametrize("whose", ["subject", "citizen"])
@pytest.mark.parametrize("service", [{"method": "GET"}, {"path": "/people/{so}"}])
def test_number_of_a_person_in_an_address_is_refused(service: dict[str, str], whose: str, word: str) -> None:
    settings = settings_of("http://127.0.0.1:9", service)
    with pytest.raises(ConfigError, match="into the address"):
        rest.open_source(settings, {"look": plan_of({"so": {"from": f"{whose}.{word}"}})}, tools())


@pytest.mark.parametrize("word", ["full_name", "birth_date", "birth_place"])
@pytest.mark.parametrize("whose", ["subject", "citizen"])
def test_name_in_an_address_is_refused_where_persons_need_no_number(whose: str, word: str) -> None:
    request = {"a": {"from": f"{whose}.{word}"}}
    settings = settings_of("http://127.0.0.1:9", {"method": "GET"})
    with pytest.raises(ConfigError, match="into the address"):
        rest.open_source(settings, {"look": plan_of(request, without_number="fill")}, tools())


async def test_personal_id_that_reaches_an_address_by_another_way_calls_nobody() -> None:
    words = {"ten": {"from": "subject.full_name"}, "mst": {"from": "subject.tax_code"}}
    async with opened(said(FOUND), words, {"method": "GET"}) as (source, raw):
        card = Identifier("xx_card", "AB/12 345")
        for subject in (
            {"full_name": f"x{OFFICIAL}"}, {"tax_code": "033112233445"},
            {"full_name": "K4051729", "passport": "K4051729"},
            {"full_name": "AB/12 345", "personal_id": None, "identifier": card},
        ):  # fmt: skip
            assert (await ask(source, **subject)).reason is Reason.SOURCE_REFUSED
        assert raw.requests == []
        assert (await ask(source, full_name="Lê", tax_code="0100109106")).outcome is Outcome.FOUND


async def test_unknown_and_disabled_services_are_refused() -> None:
    async with opened(said(FOUND), service={"enabled": False}) as (source, raw):
        assert (await ask(source)).outcome is Outcome.REFUSED
        assert (await landed_from(source, query_of("x.other"), soon())).outcome is Outcome.REFUSED
    assert raw.requests == []


async def test_procedure_code_comes_from_its_table() -> None:
    words = {"MaDVC": {"from": "service.procedure_code"}, "loai": {"from": "service.kind"}}
    service = {"procedure_codes": {"1.001193": "G15-TP110"}, "parameters": {"kind": "2"}}
    async with opened(said(FOUND), words, service) as (source, raw):
        await ask(source)
    assert json.loads(body_of(raw.requests[0])) == {"MaDVC": "G15-TP110", "loai": "2"}
    async with opened(said(FOUND), words, {"procedure_codes": {"2.000635": "A"}}) as (source, raw):
        assert (await ask(source)).reason is Reason.NOT_AGREED
    assert raw.requests == []


def test_options_that_are_not_known_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"options\.tsl"):
        rest.open_source(settings_of("http://127.0.0.1:9", options={"tsl": {}}), {}, tools())


# ---------------------------------------------------------------- trouble


@pytest.mark.parametrize(
    "body",
    [
        b'{"ten":"a","ten":"b"}',
        b'{"ten":"a","x":[{"k":1,"k":2}]}',
        b'{"ten":"a:b","te\\u006e":"b:c"}',
        b'{"ten":NaN}',
        b'{"ten":-Infinity}',
        b'{"ten":' + b"9" * 5_000 + b"}",
        b'{"ten":18446744073709551616}',
        b'{"ten":1e999}',
        b'{"ten":' + b"[" * 41 + b"]" * 41 + b"}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"ten":"a"} {"ten":"b"}',
        b'{"ten":"a"',
        '{"ten":"Trần"}'.encode("windows-1258", errors="replace") + b"\xff",
        '{"ten":"Mẫu"}'.encode("utf-16-le"),
        b'{"ten":"\\ud800"}',
        b"{'ten':'a'}",
        b"<xml/>",
        b"garbage",
    ],
    ids=(
        "key_twice key_twice_inside escaped_key_twice nan infinity long_integer integer_over_64_bits "
        "float_too_large too_deep far_too_deep two_values unfinished old_code_page utf16_without_mark "
        "lone_surrogate single_quotes xml garbage"
    ).split(),
)
async def test_answer_with_more_than_one_meaning_or_none_is_invalid(body: bytes) -> None:
    async with opened(saying(answer(body))) as (source, _):
        got = await ask(source)
    assert (got.outcome, got.reason, got.values) == (Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, {})
    assert got.response_digest == hashlib.sha256(body).digest()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps(FOUND).encode(), "text/plain"),
        (json.dumps(FOUND, ensure_ascii=False).encode(), "application/json; charset=iso-8859-1"),
        (json.dumps(FOUND, ensure_ascii=False).encode("utf-8-sig"), "application/json"),
        (json.dumps(FOUND, ensure_ascii=False).encode("utf-16"), "application/json; charset=utf-16"),
        (
            '{"ten":"TRA\u0302\u0300N THI\u0323 MA\u0302\u0303U","soDinhDanh":"033471902856"}',
            "application/json",
        ),
        (
            r'{"ten":"TRA\u0302\u0300N THI\u0323 MA\u0302\u0303U","soDinhDanh":"033471902856"}',
            "application/json",
        ),
    ],
    ids=["escaped", "latin1_header", "utf8_mark", "utf16_mark", "nfd", "escaped_nfd"],
)
async def test_text_comes_back_right_whatever_the_header_says(body: bytes | str, kind: str) -> None:
    raw = body.encode() if isinstance(body, str) else body
    async with opened(saying(answer(raw, kind=kind))) as (source, _):
        assert (await ask(source)).values == {"full_name": "TRẦN THỊ MẪU"}


@pytest.mark.parametrize(
    ("tree", "outcome", "reason", "alarm"),
    [
        ({"fault": {"code": 303001, "message": "x"}}, Outcome.UNAVAILABLE, Reason.SOURCE_BUSY, False),
        ({"fault": {"code": "900906"}}, Outcome.REFUSED, Reason.SOURCE_REFUSED, False),
        ({"fault": {"ten": "a"}}, Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, False),
        (None, Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, False),
        ("ten", Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, False),
        ([], Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, False),
        ([FOUND], Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, False),
        ([FOUND, FOUND], Outcome.INVALID, Reason.SOURCE_ANSWER_OTHER_PERSON, True),
        ({"khac": "x"}, Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, False),
        ({"ten": None, "khac": "x"}, Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, False),
        ({"ten": None, "khac": [{"ten": " "}]}, Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON, False),
        ({}, Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, False),
    ],
)
async def test_fault_or_wrong_form_in_a_success_never_means_not_found(
    tree: object, outcome: Outcome, reason: Reason, alarm: bool
) -> None:
    async with opened(said(tree)) as (source, _):
        got = await ask(source)
    assert (got.outcome, got.reason, got.alarm) == (outcome, reason, alarm)
    assert len(got.response_digest) == 32


async def test_list_is_read_where_the_mapping_reads_a_list() -> None:
    rule = {"found_when": "[0].ten", "attributes": {"full_name": {"path": "[0].ten"}}}
    async with opened(said([FOUND]), answer_rule=rule) as (source, _):
        assert (await ask(source)).values == {"full_name": "TRẦN THỊ MẪU"}
    async with opened(said([]), answer_rule=rule) as (source, _):
        assert (await ask(source)).outcome is Outcome.NOT_FOUND


@pytest.mark.parametrize("record", ["[]", ""])
async def test_list_of_records_is_one_record_or_none_or_several(record: str) -> None:
    rule = {"record": record, "found_when": "ten", "attributes": {"full_name": {"path": "ten"}}}
    found = []
    for tree in ([FOUND], [], [FOUND, FOUND]):
        async with opened(said(tree), answer_rule=rule) as (source, _):
            found.append(await ask(source))
    outcomes = [Outcome.FOUND, Outcome.NOT_FOUND] if record else [Outcome.INVALID, Outcome.INVALID]
    assert [one.outcome for one in found] == [*outcomes, Outcome.INVALID]
    assert (found[2].reason, found[2].alarm) == (Reason.SOURCE_ANSWER_OTHER_PERSON, True)
    named = {"personal_id": None, "full_name": "TRẦN THỊ MẪU", "birth_date": PartialDate(1990, 2, 15)}
    by_name = {"ten": {"from": "subject.full_name"}}
    async with opened(said([FOUND, FOUND]), by_name, answer_rule=rule) as (source, _):
        got = await ask(source, **named)
    assert (got.outcome, got.reason, got.alarm) == (Outcome.NO_MATCH, Reason.SEVERAL_PEOPLE, False)


async def test_provider_in_trouble_is_an_outcome_with_the_digest_of_what_was_sent() -> None:
    async with opened(saying(answer(b"{}", status="503 X", more="Retry-After: 9\r\n"))) as (source, raw):
        first, second = await ask(source), await ask(source)
    assert (first.outcome, first.reason, first.retry_in) == (Outcome.UNAVAILABLE, Reason.SOURCE_BUSY, 9)
    assert first.request_digest == hashlib.sha256(body_of(raw.requests[0])).digest()
    assert (second.reason, second.request_digest, len(raw.requests)) == (Reason.SOURCE_BUSY, b"", 1)


async def test_breaker_shows_in_the_state() -> None:
    async with opened(saying(answer(b"{}", status="500 X"))) as (source, raw):
        outcomes = [(await ask(source, personal_id=f"0331908173{n:02}")).reason for n in range(7)]
        assert outcomes[-1] is Reason.BREAKER_OPEN
        assert (source.state().breaker, len(raw.requests)) == ("open", 5)


@pytest.mark.parametrize(
    "broken",
    [
        answer(b'{"a": 1, "a": 2}'),
        answer(b'{"a": "\xff"}'),
        answer(b"{}", status="500 X"),
        answer(b"", status="200 OK"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"",
    ],
    ids=["two_readings", "not_utf_8", "status_500", "empty", "no_http", "cut"],
)
async def test_broken_record_of_one_person_leaves_the_source_to_others(broken: bytes) -> None:
    """However often he is asked about."""

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        hurt = PERSON.encode() in raw.requests[number - 1]
        writer.write(broken if hurt else answer(json.dumps({**FOUND, "soDinhDanh": OFFICIAL}).encode()))
        if hurt and not broken:
            writer.close()

    async with opened(say, limits={"retry_budget": 0}) as (source, raw):
        for _ in range(20):
            assert (await ask(source)).outcome in {Outcome.INVALID, Outcome.UNAVAILABLE}
        assert source.state().breaker == "closed"
        assert (await ask(source, personal_id=OFFICIAL)).outcome is Outcome.FOUND
        for number in range(6):
            official = Official(personal_id=f"0331908{number:05}", agency="H33")
            await landed_from(source, query_of()._replace(official=official), soon())
        # a question that is cut is told apart by who asks it: silence is rarely about one person
        assert source.state().breaker == ("closed" if broken else "open")


async def test_text_that_cannot_be_written_is_an_invalid_answer_not_an_exception() -> None:
    async with opened(said(FOUND), {"ten": {"from": "subject.full_name"}}) as (source, raw):
        assert (await ask(source, full_name="\ud800")).outcome is Outcome.INVALID
    assert raw.requests == []


async def test_asker_that_fails_is_logged_and_leaves_the_others_their_answers() -> None:
    sink = io.BytesIO()
    telemetry.set_up(sink)

    def fail(answer: SourceAnswer) -> None:
        raise ValueError(str(answer.values))

    async with opened(said(FOUND), limits={"connections": 1}) as (source, raw):
        waiting = [asyncio.ensure_future(ask(source)) for _ in range(2)]
        source.ask(query_of(), soon(), fail)
        waiting.append(asyncio.ensure_future(ask(source)))
        assert {(await one).outcome for one in waiting} == {Outcome.FOUND}
        assert len(raw.requests) == 4
    logged = sink.getvalue().decode()
    assert logged.count('"source.defect"') == 1
    assert '"reason":"ValueError"' in logged
    assert '"service":"x.look"' in logged
    assert "MẪU" not in logged


async def test_closing_lands_every_call_under_way() -> None:
    async def nothing(_number: int, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(10)

    async with opened(nothing, limits={"connections": 1}) as (source, raw):
        landed: list[SourceAnswer] = []
        for _ in range(3):
            source.ask(query_of(), soon(), landed.append)
        while not raw.requests:
            await asyncio.sleep(0.01)
        await source.close()
        assert [one.reason for one in landed] == [Reason.SOURCE_UNREACHABLE] * 3


async def test_large_answer_is_read_without_blocking_the_loop() -> None:
    tree = {**FOUND, "more": [{"a": "x:y" * 80, "b": number} for number in range(6_000)]}
    packed = gzip.compress(json.dumps(tree, ensure_ascii=False).encode())
    say = saying(answer(packed, more="Content-Encoding: gzip\r\n"))
    async with opened(say, limits={"answer_bytes": 4_000_000}) as (source, _):
        assert (await ask(source)).outcome is Outcome.FOUND


_LOGIN = {"APIKey": {"access_token": "t", "id_token": "i"}}
_SESSION = {
    "kind": "login_token",
    "path": "/api/token/take",
    "username": "u",
    "secret": {"value": "s"},
    "hash": "md5",
    "token": "APIKey.access_token",
    "token_in": "query",
    "expired_path": "maKetQua",
    "expired_values": ["401"],
}


async def test_token_that_the_answer_calls_expired_is_renewed_once() -> None:
    def speaking(stubborn: bool) -> Say:
        async def say(number: int, writer: asyncio.StreamWriter) -> None:
            expired = number == 2 or stubborn
            tree = (
                _LOGIN
                if number in {1, 3}
                else {"maKetQua": "401"}
                if expired
                else {**FOUND, "maKetQua": "000"}
            )
            writer.write(answer(json.dumps(tree).encode()))

        return say

    async with opened(speaking(stubborn=False), auth=_SESSION) as (source, raw):
        assert (await ask(source)).outcome is Outcome.FOUND
    assert [line_of(request).split("?")[0] for request in raw.requests] == [
        "POST /base/api/token/take HTTP/1.1",
        "POST /base/look",
        "POST /base/api/token/take HTTP/1.1",
        "POST /base/look",
    ]
    async with opened(speaking(stubborn=True), auth=_SESSION) as (source, raw):
        assert (await ask(source)).reason is Reason.SOURCE_REFUSED
    assert len(raw.requests) == 4


@pytest.mark.parametrize("how", ["in the content", "401"])
async def test_storm_of_expired_sessions_is_hardly_amplified(how: str) -> None:
    """However often new tokens are refused, log-ins and repetitions stay as seldom as any other repetition."""
    looks, well = 0, False
    lines: list[bool] = []

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        nonlocal looks
        login = line_of(raw.requests[number - 1]).startswith("POST /base/api/token/take")
        looks += not login
        lines.append(login)
        tree = _LOGIN if login else {**FOUND, "maKetQua": "000"} if well else {"maKetQua": "401"}
        refused = how == "401" and not login and not well
        writer.write(
            answer(json.dumps(tree).encode(), status="401 No")
            if refused
            else answer(json.dumps(tree).encode())
        )

    patient = {"breaker_failures": 1_000_000}
    async with opened(say, auth=_SESSION, limits=patient) as (source, raw):
        for _ in range(60):
            assert (await ask(source)).outcome is Outcome.REFUSED
        # The reserve of 5, and a tenth of all that was sent, log-ins and repetitions among it.
        assert looks <= 60 + 15
        assert len(lines) - looks <= 16
        # One good answer ends the doubt: the next refusal is met with a new token at once.
        well = True
        assert (await ask(source)).outcome is Outcome.FOUND
        assert not source._auth.in_doubt


# ---------------------------------------------------------------- strict JSON by itself

_TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_TREES, st.booleans(), st.sampled_from([None, 1]))
def test_whatever_json_writes_is_read_back_composed(tree: object, escaped: bool, indent: int | None) -> None:
    text = json.dumps(tree, ensure_ascii=False)
    composed = unicodedata.normalize("NFC", text)
    raw = json.dumps(tree, ensure_ascii=escaped, indent=indent).encode()
    if composed == text:
        assert parse(raw) == tree
        return
    # composing may make two keys one
    with contextlib.suppress(NotStrictJson):
        assert parse(raw) == json.loads(composed)


@given(st.dictionaries(st.text(alphabet='a":\\{ ,é', max_size=4), _TREES, min_size=1, max_size=3), _TREES)
def test_key_that_stands_twice_is_always_found(tree: dict[str, object], value: object) -> None:
    key = next(iter(tree))
    text = json.dumps(tree)[:-1] + f", {json.dumps(key)} :{json.dumps(value)}}}"
    with pytest.raises(NotStrictJson):
        parse(text.encode())


TEXTS = st.text(alphabet='a",[{:\\\n\u0302Â', max_size=6)


@settings(deadline=None, max_examples=40)
@given(st.lists(TEXTS), st.integers(0, 3), st.booleans())
def test_elements_are_counted_and_what_stands_in_texts_is_none(
    texts: list[str], beyond: int, is_object: bool
) -> None:
    """As for XML, 20 000 of them are enough."""
    padding = 'a",[{:\\' * 4_000
    items = [*texts, padding, *range(20_000 - len(texts) - 2 + beyond)]
    tree = {f"{n}{padding[: n % 7]}": item for n, item in enumerate(items)} if is_object else items
    raw = json.dumps(tree, ensure_ascii=False).encode()
    if beyond <= 1:
        parse(raw)
    else:
        with pytest.raises(NotStrictJson):
            parse(raw)


@pytest.mark.parametrize(
    "text", ["A\u0302\u0300", "e\u0301 ", "Ầ", 'a"', "\u1100\u1161\u11a8 ", "<\u0338", " \u0323\u0302a"]
)
def test_long_texts_are_composed_as_a_whole(text: str) -> None:
    for shift in range(4):
        long = "x" * shift + text * 30_000
        assert parse(json.dumps([long], ensure_ascii=False).encode()) == [unicodedata.normalize("NFC", long)]
        assert parse(json.dumps([long]).encode()) == [unicodedata.normalize("NFC", long)]


def test_endless_word_that_nobody_writes_is_refused() -> None:
    with pytest.raises(NotStrictJson):
        parse(json.dumps(["\u00c2\u0300" * 50_000], ensure_ascii=False).encode())


@given(st.binary(max_size=200))
def test_reading_never_raises_outside_its_error(raw: bytes) -> None:
    try:
        parse(raw)
    except NotStrictJson as error:
        said_nothing = not str(error)
        assert said_nothing


# ---------------------------------------------------------------- account


async def test_claims_of_the_caller_become_evidence_without_a_call() -> None:
    plan = plan_of({}, {"attributes": {"phone": {"path": "SoDienThoai"}, "full_name": {"path": "HoVaTen"}}})
    settings = settings_of("", source="account", services={"claims": {}})
    source = account.open_source(settings, {"claims": plan}, tools())
    query = query_of("account.claims")
    assert (await landed_from(source, query, soon())).outcome is Outcome.NOT_FOUND
    claims = SourceQuery(
        call_id=query.call_id,
        service="account.claims",
        subject=query.subject,
        attributes=("phone",),
        official=query.official,
        procedure=query.procedure,
        purpose=query.purpose,
        account={"SoDienThoai": "0900000000", "HoVaTen": "A"},
    )
    got = await landed_from(source, claims, soon())
    assert (got.outcome, got.values, got.request_digest) == (Outcome.FOUND, {"phone": "0900000000"}, b"")
    assert (await landed_from(source, query_of("account.other"), soon())).outcome is Outcome.REFUSED
    assert (source.state().breaker, source.state().latency_ms) == ("closed", {})
    await source.close()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"{", AnswerFault(FaultCode.NOT_JSON)),
        (b'{"khac":"x"}', AnswerFault(FaultCode.UNKNOWN_FORM, path="ten")),
        (b"7", AnswerFault(FaultCode.UNKNOWN_FORM)),
        (b"<html></html>", AnswerFault(FaultCode.NOT_AN_ANSWER, status=200)),
        (b'{"fault":{"code":"033471"}}', AnswerFault(FaultCode.FAULT)),
    ],
)
async def test_answer_that_is_not_read_says_why_and_quotes_nothing(body: bytes, fault: AnswerFault) -> None:
    async with opened(saying(answer(body))) as (source, _):
        got = await ask(source)
    assert (got.outcome, got.faults) == (Outcome.INVALID, (fault,))

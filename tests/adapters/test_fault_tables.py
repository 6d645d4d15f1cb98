"""What error statuses, fault codes and problems mean to a source, by its `options`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources import rest
from adapters.sources.fault_options import OUTCOME_WORDS
from adapters.transport.meanings import Meanings
from gateway.config.configuration import SourceSettings
from gateway.domain.errors import ConfigError
from gateway.domain.evidence import AnswerFault, Outcome, SourceAnswer
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from tests.adapters.raw_peers import answer, saying, tools
from tests.adapters.test_rest import ANSWER, BY_ID, FOUND, PERSON, ask, opened, plan_of, settings_of

JSON, PROBLEM = "application/json", "application/problem+json; charset=utf-8"
TABLES: dict[str, Any] = {
    "http": {"404": "not_found", "409": "busy", "422": "no_match"},
    "faults": {
        "900908": "refused",
        "NO_ONE": "not_found",
        "LATE": {"outcome": "unavailable", "reason": "source_timeout"},
        "17": {"outcome": "refused", "reason": "quota_exceeded"},
        "https://provider.example/problems/nobody": "not_found",
        "out-of-agreement": {"outcome": "refused", "reason": "not_agreed"},
    },
    "fault_code": "loi.ma",
    "fault_texts": ["loi.chiTiet", "timestamp", "error", "message", "path"],
}


async def answered(status: str, body: bytes, kind: str = JSON, options: Any = TABLES) -> SourceAnswer:
    async with opened(saying(answer(body, status=status, kind=kind)), options=options) as (source, _):
        return await ask(source)


def problem(**members: object) -> bytes:
    return json.dumps({"title": "Trần Thị Mẫu", "detail": "033471902856", **members}).encode()


def of(code: str) -> bytes:
    return json.dumps({"loi": {"ma": code, "chiTiet": "Trần Thị Mẫu 033471902856"}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason", "fault"),
    [
        # the status alone
        ("404 Not Found", b'{"error":"y"}', Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON,
         AnswerFault(FaultCode.HTTP_STATUS, status=404, meant=Outcome.NOT_FOUND)),
        ("409 Conflict", b"{}", Outcome.UNAVAILABLE, Reason.SOURCE_BUSY,
         AnswerFault(FaultCode.HTTP_STATUS, status=409, meant=Outcome.UNAVAILABLE)),
        ("422 X", b"{}", Outcome.NO_MATCH, Reason.DATA_DO_NOT_MATCH,
         AnswerFault(FaultCode.HTTP_STATUS, status=422, meant=Outcome.NO_MATCH)),
        ("404 Not Found", b"no json", Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON,
         AnswerFault(FaultCode.HTTP_STATUS, status=404, meant=Outcome.NOT_FOUND)),
        # no table has it: the safe default
        ("410 Gone", b"{}", Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID,
         AnswerFault(FaultCode.HTTP_STATUS, status=410)),
        ("500 X", b'{"code":"033471"}', Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE,
         AnswerFault(FaultCode.HTTP_STATUS, status=500)),
        # a code that is known says more than the status
        ("404 Not Found", b'{"fault":{"code":900908}}', Outcome.REFUSED, Reason.SOURCE_REFUSED,
         AnswerFault(FaultCode.FAULT, status=404, provider_code="900908", meant=Outcome.REFUSED)),
        ("400 Bad Request", of("NO_ONE"), Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON,
         AnswerFault(FaultCode.FAULT, status=400, provider_code="NO_ONE", meant=Outcome.NOT_FOUND)),
        ("500 X", of("LATE"), Outcome.UNAVAILABLE, Reason.SOURCE_TIMEOUT,
         AnswerFault(FaultCode.FAULT, status=500, provider_code="LATE", meant=Outcome.UNAVAILABLE)),
        # a code that is not known says nothing about a person, whatever its status
        ("404 Not Found", of("NO_ROUTE"), Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID,
         AnswerFault(FaultCode.HTTP_STATUS, status=404)),
        ("422 X", of("033471902856"), Outcome.REFUSED, Reason.SOURCE_REFUSED,
         AnswerFault(FaultCode.HTTP_STATUS, status=422)),
        ("409 Conflict", of("NO_ROUTE"), Outcome.UNAVAILABLE, Reason.SOURCE_BUSY,
         AnswerFault(FaultCode.HTTP_STATUS, status=409, meant=Outcome.UNAVAILABLE)),
        # inside a success
        ("200 OK", of("NO_ONE"), Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON,
         AnswerFault(FaultCode.FAULT, provider_code="NO_ONE", meant=Outcome.NOT_FOUND)),
        ("200 OK", b'{"loi":{"ma":17}}', Outcome.REFUSED, Reason.QUOTA_EXCEEDED,
         AnswerFault(FaultCode.FAULT, provider_code="17", meant=Outcome.REFUSED)),
        ("200 OK", b'{"loi":{"ma":" LATE "}}', Outcome.UNAVAILABLE, Reason.SOURCE_TIMEOUT,
         AnswerFault(FaultCode.FAULT, provider_code="LATE", meant=Outcome.UNAVAILABLE)),
        ("200 OK", of("033471902856"), Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, AnswerFault(FaultCode.FAULT)),
        ("200 OK", b'{"loi":{"ma":["NO_ONE"]}}', Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID,
         AnswerFault(FaultCode.FAULT)),
        ("200 OK", b'{"loi":{"ma":true}}', Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, AnswerFault(FaultCode.FAULT)),
        ("200 OK", b'{"fault":{"code":"900908"}}', Outcome.REFUSED, Reason.SOURCE_REFUSED,
         AnswerFault(FaultCode.FAULT, provider_code="900908", meant=Outcome.REFUSED)),
        ("200 OK", b'{"fault":{"code":"*"}}', Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID,
         AnswerFault(FaultCode.FAULT)),
    ],
)  # fmt: skip
async def test_tables_say_what_statuses_and_codes_mean_and_no_unknown_code_is_about_a_person(
    status: str, body: bytes, outcome: Outcome, reason: Reason, fault: AnswerFault
) -> None:
    got = await answered(status, body)
    assert (got.outcome, got.reason, got.faults) == (outcome, reason, (fault,))


SPRING = {
    "timestamp": "2026-12-01T02:03:04Z",
    "status": 404,
    "error": "Not Found",
    "message": "x",
    "path": "/look",
}


@pytest.mark.parametrize(
    ("tree", "outcome", "cause"),
    [
        ({"soDinhDanh": PERSON, "ten": None}, Outcome.NOT_FOUND, FaultCode.HTTP_STATUS),
        (SPRING, Outcome.NOT_FOUND, FaultCode.HTTP_STATUS),
        ([], Outcome.NOT_FOUND, FaultCode.HTTP_STATUS),
        (SPRING | FOUND, Outcome.INVALID, FaultCode.UNKNOWN_FORM),
        # a record at a place that the mapping does not read
        ({"data": FOUND}, Outcome.INVALID, FaultCode.UNKNOWN_FORM),
        (SPRING | {"error": {"ten": "x"}}, Outcome.INVALID, FaultCode.UNKNOWN_FORM),
        ([FOUND], Outcome.INVALID, FaultCode.UNKNOWN_FORM),
        ({"loi": {"ma": "NO_ONE", "chiTiet": "x"}, "ten": "x"}, Outcome.INVALID, FaultCode.UNKNOWN_FORM),
        ({"soDinhDanh": "033471902851"}, Outcome.INVALID, FaultCode.OTHER_PERSON),
    ],
)
async def test_error_that_says_nobody_is_believed_beside_no_record(
    tree: Any, outcome: Outcome, cause: FaultCode
) -> None:
    got = await answered("404 Not Found", json.dumps(tree).encode())
    assert (got.outcome, got.alarm, [fault.code for fault in got.faults]) == (
        outcome, cause is FaultCode.OTHER_PERSON, [cause],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "body", "outcome"),
    [
        # members of a problem say nothing about a person, also where the mapping has places of that name
        ({"found_when": "title", "attributes": {"full_name": {"path": "title"}}}, problem(status=404),
         Outcome.NOT_FOUND),
        # the object of the code is the record
        ({"record": "loi", "found_when": "ten", "attributes": {"full_name": {"path": "ten"}}},
         b'{"loi": {"ma": "NO_ONE", "ten": "x"}}', Outcome.INVALID),
        ({"record": "loi", "found_when": "ten", "attributes": {"full_name": {"path": "ten"}}},
         b'{"loi": {"ma": "NO_ONE", "ten": ""}}', Outcome.NOT_FOUND),
        # data beside a code
        (ANSWER, b'{"loi": {"ma": "NO_ONE", "hoTen": "x"}}', Outcome.INVALID),
        (ANSWER, b'{"loi": {"ma": "NO_ONE", "chiTiet": {"hoTen": "x"}}}', Outcome.INVALID),
        (ANSWER, b'{"loi": {"ma": "NO_ONE", "chiTiet": "x"}}', Outcome.NOT_FOUND),
        # cut in the middle
        (ANSWER, b'{"ten": "x", ', Outcome.INVALID),
    ],
)  # fmt: skip
async def test_place_of_a_code_is_no_place_of_data(
    rule: dict[str, Any], body: bytes, outcome: Outcome
) -> None:
    rule = {"identity": {}, "no_identity": "x", **rule}
    for status in ("404 Not Found", "200 OK") if b"ma" in body else ("404 Not Found",):
        say = saying(answer(body, status=status, kind=JSON))
        async with opened(say, options=TABLES, answer_rule=rule) as (source, _):
            assert (await ask(source)).outcome is outcome, status


BODY = json.dumps(FOUND).encode()


@pytest.mark.parametrize(
    ("body", "kind", "outcome"),
    [
        ("\ufeffkhông có".encode(), "text/plain", Outcome.NOT_FOUND),
        (b"--x\r\n\r\n" + BODY + b"\r\n--x--", "multipart/mixed", Outcome.INVALID),
        (b"--x\r\n\r\nAAECAw==\r\n--x--", "Multipart/Mixed", Outcome.INVALID),
        (b")]}',\n" + BODY, JSON, Outcome.INVALID),
        (b"look(" + BODY + b")", "application/javascript", Outcome.INVALID),
        (b"<CongDan><Ten>x</Ten></CongDan>", "application/xml", Outcome.INVALID),
        (b"<h1>404</h1>", JSON, Outcome.INVALID),
        (b"+AHsAIg-ten", "text/plain; charset=utf-7", Outcome.INVALID),
        # types that are made for data
        (b"ten,ngay_sinh\nx,1990", "text/csv; charset=utf-8", Outcome.INVALID),
        (b"ten=x&so=1", "application/x-www-form-urlencoded", Outcome.INVALID),
        (b"a: x", "application/vnd.x+yaml", Outcome.INVALID),
        (b"nobody", "application/octet-stream", Outcome.NOT_FOUND),
        (b"nobody", "text/plain, text/plain", Outcome.NOT_FOUND),
        (b"nobody", "", Outcome.NOT_FOUND),
    ],
)
async def test_error_that_says_nobody_is_believed_beside_a_plain_text_of_no_json(
    body: bytes, kind: str, outcome: Outcome
) -> None:
    assert (await answered("404 Not Found", body, kind)).outcome is outcome


async def test_page_for_people_means_nothing_whatever_its_status() -> None:
    got = await answered("404 Not Found", b"<html>Nginx</html>", "text/html")
    assert (got.outcome, got.faults) == (Outcome.INVALID, (AnswerFault(FaultCode.HTTP_STATUS, status=404),))


async def test_any_other_code_is_what_the_table_says_of_it() -> None:
    options = {
        **TABLES,
        "faults": {"NO_ONE": "not_found", "*": {"outcome": "refused", "reason": "not_agreed"}},
    }
    for status, fault in (
        ("200 OK", AnswerFault(FaultCode.FAULT)),
        ("404 Not Found", AnswerFault(FaultCode.FAULT, status=404)),
        ("500 X", AnswerFault(FaultCode.FAULT, status=500)),
    ):
        got = await answered(status, of("NEW"), options=options)
        assert (got.outcome, got.reason, got.faults) == (Outcome.REFUSED, Reason.NOT_AGREED, (fault,))


@pytest.mark.parametrize(
    "tree", [FOUND, {**FOUND, "loi": {"ma": ""}}, {**FOUND, "loi": {"ma": None}}, {**FOUND, "loi": 1}]
)
async def test_blank_code_is_no_fault_unless_the_settings_say_so(tree: dict[str, object]) -> None:
    body = json.dumps(tree).encode()
    assert (await answered("200 OK", body)).outcome is Outcome.FOUND
    assert (
        await answered("200 OK", body, options={**TABLES, "fault_blank": "found"})
    ).outcome is Outcome.FOUND
    got = await answered("200 OK", body, options={**TABLES, "fault_blank": "invalid"})
    assert (got.outcome, got.faults) == (Outcome.INVALID, (AnswerFault(FaultCode.FAULT),))


@pytest.mark.parametrize(
    ("status", "body", "outcome", "said"),
    [
        ("404 Not Found", problem(type="https://provider.example/problems/nobody"), Outcome.NOT_FOUND,
         "https://provider.example/problems/nobody"),
        ("403 Forbidden", problem(type="https://other.example/v2#out-of-agreement", status=403), Outcome.REFUSED,
         "out-of-agreement"),
        ("403 Forbidden", problem(type="urn:problem:out-of-agreement"), Outcome.REFUSED, "out-of-agreement"),
        ("404 Not Found", problem(type="about:blank", status=404), Outcome.NOT_FOUND, ""),
        ("404 Not Found", problem(status=404), Outcome.NOT_FOUND, ""),
        # who wrote the problem did not write the status
        ("404 Not Found", problem(status=502), Outcome.INVALID, ""),
        ("404 Not Found", problem(type="https://provider.example/problems/no-route"), Outcome.INVALID, ""),
        # a problem is one inside a success too
        ("200 OK", problem(type="out-of-agreement"), Outcome.REFUSED, "out-of-agreement"),
        ("200 OK", problem(status=404), Outcome.NOT_FOUND, ""),
        ("200 OK", problem(), Outcome.INVALID, ""),
        ("200 OK", b"[]", Outcome.INVALID, ""),
    ],
)  # fmt: skip
async def test_problems_are_known_by_their_type_and_their_words_go_nowhere(
    status: str, body: bytes, outcome: Outcome, said: str
) -> None:
    got = await answered(status, body, PROBLEM, {name: TABLES[name] for name in ("http", "faults")})
    assert (got.outcome, [fault.provider_code for fault in got.faults]) == (outcome, [said])
    assert "Mẫu" not in repr(got)


async def test_fault_that_says_no_keeps_the_breaker_closed_and_one_of_the_provider_opens_it() -> None:
    for code, stands in (("NO_ONE", "closed"), ("17", "closed"), ("LATE", "open"), ("NEW", "open")):
        async with opened(saying(answer(of(code))), options=TABLES) as (source, _):
            for number in range(6):
                await ask(source, personal_id=f"0334719028{number:02}")
            assert source.state().breaker == stands, code


# ------------------------------------------------------------------ what check-config says


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        (["NO_ONE"], Outcome.NOT_FOUND), (["NO_ONE", "NO_ONE", ""], Outcome.NOT_FOUND),
        (["NO_ONE", "NEW"], Outcome.INVALID), (["NO_ONE", "17"], Outcome.INVALID), (["", "17"], Outcome.INVALID),
        (["17", "NO_ONE"], Outcome.REFUSED), (["LATE", "NEW"], Outcome.UNAVAILABLE), ([""], Outcome.FOUND),
    ],
)  # fmt: skip
async def test_row_that_says_nobody_is_believed_where_no_other_row_says_else(
    codes: list[str], outcome: Outcome
) -> None:
    tree: dict[str, object] = {"loi": [{"ma": code, "chiTiet": "x"} for code in codes]}
    body = json.dumps(tree | FOUND if outcome is Outcome.FOUND else tree).encode()
    options = {**TABLES, "fault_code": "loi[0].ma"}
    assert (await answered("200 OK", body, options=options)).outcome is outcome
    if outcome is not Outcome.FOUND and codes[0]:
        assert (await answered("404 Not Found", body, options=options)).outcome is outcome


def faults_of(options: dict[str, Any], answer_rule: Any = ANSWER) -> str:
    settings = settings_of("http://127.0.0.1:9", options=options)
    with pytest.raises(ConfigError) as refused:
        rest.open_source(settings, {"look": plan_of(BY_ID, answer_rule)}, tools())
    return str(refused.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"http": {"404": "not_fond"}}, "did you mean 'not_found'?"),
        ({"http": {"404": {"outcome": "not_found", "reason": "no_such_persn"}}}, "did you mean 'no_such_person'?"),
        ({"http": {"404": {"outcome": "not_found", "reason": "source_busy"}}},
         "'source_busy' is no reason of 'not_found'"),
        ({"http": {"404": {"outcom": "not_found"}}}, "did you mean 'outcome'?"),
        ({"http": {"200": "not_found"}}, "is no error"),
        ({"http": {"204": "not_found"}}, "'status' and 'statuses' of the mapping"),
        ({"http": {"302": "refused"}}, "is no error"),
        ({"http": {"40": "refused"}}, "is no status of HTTP"),
        ({"http": {"4xx": "refused"}}, "is no status of HTTP"),
        ({"http": {"900908": "refused"}}, "write it under 'faults'"),
        ({"http": {"503": "not_found"}}, "nobody was looked for"),
        ({"http": {"401": "no_match"}}, "nobody was looked for"),
        ({"http": "not_found"}, "is no table"),
        ({"http": {"404": "not_found", " 404": "busy"}}, "has '404' twice"),
        ({"faults": {"A": "refused", "A ": "busy"}}, "has 'A' twice"),
        ({"faults": {"A": "found"}}, "'status' and 'statuses' of the mapping"),
        ({"faults": {"*": "not_found"}}, "says nothing about a person"),
        ({"faults": {"": "refused"}}, "cannot be a code"),
        ({"faults": {"https://a.example/p/nobody": "not_found", "nobody": "refused"}}, "one type of problem"),
        ({"fault_code": "loi.ma"}, "nothing gives a meaning"),
        ({"fault_code": "", "faults": {"A": "refused"}}, "'options.fault_code' is blank"),
        ({"fault_code": "loi..ma", "faults": {"A": "refused"}}, "is not a path"),
        ({"fault_blank": "found"}, "no 'fault_code' says where"),
        ({"fault_code": "a", "faults": {"A": "refused"}, "fault_blank": "fund"}, "did you mean 'found'?"),
        ({"fault_texts": ["loi..ma"]}, "'options.fault_texts': "),
        ({"fault_cod": "a"}, "did you mean 'fault_code'?"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_meant_are_named_with_a_remedy(options: dict[str, Any], words: str) -> None:
    assert words in faults_of(options)


def test_one_code_has_one_table() -> None:
    mapped = {**ANSWER, "status": "ma", "statuses": {"0": "found", "1": "not_found"}}
    assert "two tables for one code" in faults_of({"fault_code": "ma", "faults": {"1": "refused"}}, mapped)


@pytest.mark.parametrize(
    ("code", "outcome"), [("", "found"), (None, "found"), ("F1", "not_found"), ("F2", "invalid")]
)
async def test_code_in_the_answer_of_one_service_is_the_mappings_and_may_be_blank(
    code: str | None, outcome: str
) -> None:
    mapped = {**ANSWER, "status": "loi.ma", "statuses": {"": "found", "F1": "not_found"}}
    body = json.dumps({"loi": {"ma": code}, **({} if code else FOUND)})
    async with opened(saying(answer(body.encode())), answer_rule=mapped) as (source, _):
        assert (await ask(source)).outcome == outcome


def test_editors_know_the_outcomes_that_the_adapter_reads() -> None:
    known = SourceSettings.model_json_schema()["properties"]["options"]["properties"]
    meaning = known["http"]["additionalProperties"]["oneOf"][0]["enum"]
    assert set(meaning) == set(OUTCOME_WORDS)


# ------------------------------------------------------------------ whatever is said

CODES = st.text(min_size=1, max_size=20).filter(lambda code: code.strip() not in ("", "NO_ONE"))
ALL_ABOUT_A_PERSON = Meanings(
    dict.fromkeys(range(400, 600), (Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON)),
    {"NO_ONE": (Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON)},
    lambda tree: tree.get("code") if isinstance(tree, dict) else None,
)


@given(st.integers(200, 599), CODES, st.sampled_from([JSON, PROBLEM]))
def test_unknown_code_is_never_about_a_person(status: int, code: str, kind: str) -> None:
    body = json.dumps({"code": code}).encode()
    for error in (
        ALL_ABOUT_A_PERSON.of_error(status, kind.encode(), body),
        ALL_ABOUT_A_PERSON.of_code(code, status),
        ALL_ABOUT_A_PERSON.in_answer({"code": code}),
    ):
        assert error is not None
        assert error.outcome not in {Outcome.NOT_FOUND, Outcome.NO_MATCH}
        assert error.fault is not None
        assert error.fault.provider_code in ("", code.strip()[:6])

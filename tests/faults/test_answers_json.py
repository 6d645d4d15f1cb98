"""JSON answers that are hostile, broken or odd, seen at the gateway's door."""

import codecs
import io
import json
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.conftest import (
    CATCHER,
    GOSSIP,
    PERSON,
    Good,
    Say,
    Stage,
    assert_outcome,
    body,
    found,
    http,
    says,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

OTHER = "033190473862"
STATE = '"tinhTrang": "2"'
INVALID = ("invalid", "source_answer_invalid")
REFUSES = ("refused", "source_refused")
SOMEBODY_ELSE = ("invalid", "source_answer_other_person")
PROBLEM = "application/problem+json"
ENTITY = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{CATCHER}/x">]><a>&x;</a>'


def edited(change: Callable[[dict[str, Any]], object]) -> Say:
    def apply(good: Good) -> str:
        tree = json.loads(good.text)
        made = change(tree)
        return json.dumps(tree if made is None else made, ensure_ascii=False)

    return body(apply)


def swapped(old: str, new: str) -> Say:
    def change(good: Good) -> str:
        assert old in good.text
        return good.text.replace(old, new, 1)

    return body(change)


def fixed(text: bytes | str, kind: str = "") -> Say:
    return body(lambda _: text, kind)


def failing(tree: dict[str, Any], kind: str = "") -> Say:
    """A 404 with this body."""
    return body(lambda _: json.dumps(tree), kind, "404 Not Found")


def moved(status: str) -> Say:
    """A redirect; the body is a good answer, for those who would look there."""
    return body(lambda good: good.body, status=status, more=f"Location: {CATCHER}/next\r\n")


def _old(good: Good) -> bytes:
    return unicodedata.normalize("NFD", good.text).encode("cp1258", errors="ignore")


REFUSED: dict[str, tuple[Say, tuple[str, str]]] = {
    # T4
    "document type instead": (fixed(ENTITY, "application/xml"), INVALID),
    "document type that claims to be JSON": (fixed(ENTITY), INVALID),
    # T5, F9: too much of it
    "5 000 levels": (fixed('{"a":' * 5_000 + "1" + "}" * 5_000), INVALID),
    "5 000 lists": (fixed("[" * 5_000 + "]" * 5_000), INVALID),
    "60 levels inside": (swapped(STATE, f'{STATE}, "z": {"[" * 60}{"]" * 60}'), INVALID),
    "number of 5 000 digits": (swapped(STATE, f'{STATE}, "z": {"9" * 5_000}'), INVALID),
    "number beyond 64 bits": (swapped(STATE, f'{STATE}, "z": 123456789012345678901'), INVALID),
    "not a number": (swapped(STATE, f'{STATE}, "z": NaN'), INVALID),
    "infinity": (swapped(STATE, f'{STATE}, "z": -Infinity'), INVALID),
    "huge exponent": (swapped(STATE, f'{STATE}, "z": 1e999'), INVALID),
    # T13, F9: two readers, two readings
    "number twice": (swapped(STATE, f'{STATE}, "soDinhDanh": "{OTHER}"'), INVALID),
    "number twice by an escape": (swapped(STATE, f'{STATE}, "\\u0073oDinhDanh": "{OTHER}"'), INVALID),
    "key twice inside": (swapped('"so": "82"', '"so": "82", "so": "83"'), INVALID),
    "key twice after composing": (swapped(STATE, f'{STATE}, "\u00e1": 1, "a\u0301": 2'), INVALID),
    "two values": (body(lambda good: good.text * 2), INVALID),
    "comment": (swapped(STATE, f"/* */ {STATE}"), INVALID),
    "comma at the end": (swapped(STATE, f"{STATE},"), INVALID),
    "single quotes": (body(lambda good: good.text.replace('"', "'")), INVALID),
    "lone surrogate": (swapped(STATE, f'{STATE}, "z": "\\ud800"'), INVALID),
    "null byte": (swapped(STATE, f"{STATE}\x00"), INVALID),
    "full-width number": (swapped(PERSON, "０３３１９０００１２３４"), SOMEBODY_ELSE),
    "zero width in the number": (swapped(PERSON, "033190\u200b001234"), INVALID),
    "line end after the number": (swapped(PERSON, f"{PERSON}\\n9"), INVALID),
    "number as a list": (swapped(f'"{PERSON}"', f'["{PERSON}", "{OTHER}"]'), INVALID),
    "number as an object": (swapped(f'"{PERSON}"', f'{{"a": "{PERSON}"}}'), INVALID),
    # T14, F16
    "somebody else": (swapped(PERSON, OTHER), SOMEBODY_ELSE),
    "nobody's number": (swapped(f'"soDinhDanh": "{PERSON}", ', ""), SOMEBODY_ELSE),
    "two people": (edited(lambda tree: [tree, tree | {"soDinhDanh": OTHER}]), SOMEBODY_ELSE),
    # F5
    "garbage": (fixed(bytes(range(256)) * 8), INVALID),
    "page": (fixed(f"<!doctype html><html><body>{GOSSIP}</body></html>", "text/html"), INVALID),
    "page that claims to be JSON": (fixed(f"<html><body>{GOSSIP}</body></html>"), INVALID),
    "answer that claims to be a page": (body(lambda good: good.body, "text/html"), INVALID),
    "empty": (fixed(b""), INVALID),
    "blank": (fixed(b" \r\n"), INVALID),
    "no content": (says(lambda _: b"HTTP/1.1 204 No Content\r\n\r\n"), INVALID),
    "part": (body(lambda good: good.body, status="206 Partial Content"), INVALID),
    "half a document": (body(lambda good: good.body[: len(good.body) // 2]), INVALID),
    "null": (fixed("null"), INVALID),
    "text": (fixed(json.dumps(GOSSIP)), INVALID),
    "number": (fixed("1"), INVALID),
    "list": (fixed("[]"), INVALID),
    "status 404": (body(lambda _: b'{"a": 1}', status="404 Not Found"), INVALID),
    "status 410": (body(lambda _: b"{}", status="410 Gone"), INVALID),
    "fault in a success": (fixed(json.dumps({"fault": {"code": 101503, "message": GOSSIP}})), INVALID),
    # what looks like "nothing is registered" and is not
    "error beside the number": (fixed(json.dumps({"soDinhDanh": PERSON, "loi": GOSSIP})), INVALID),
    "code of an error": (fixed(json.dumps({"soDinhDanh": PERSON, "maLoi": "108", "moTa": GOSSIP})), REFUSES),
    "no data beside a death": (edited(lambda tree: {**tree, "maLoi": "201", "khaiTu": {"so": "7"}}), INVALID),
    "no data beside a death in its message": (
        fixed(json.dumps({"soDinhDanh": PERSON, "maLoi": "201", "moTa": {"khaiTu": {"so": "7"}}})), INVALID,
    ),
    "message without its code": (fixed(json.dumps({"soDinhDanh": PERSON, "moTa": GOSSIP})), INVALID),
    "no data beside somebody else": (fixed(json.dumps({"soDinhDanh": OTHER, "maLoi": "201"})), SOMEBODY_ELSE),
    "no data beside another place": (fixed(json.dumps({"maLoi": "201", "ngayChet": "02/03/2024"})), INVALID),
    "no data in a problem beside a death": (failing({"type": "urn:x:201", "khaiTu": {"so": "7"}}, PROBLEM), INVALID),
    "no data in a 404 beside a death": (failing({"maLoi": "201", "khaiTu": {"so": "7"}}), INVALID),
    "no data in a 404 beside somebody else": (failing({"maLoi": "201", "soDinhDanh": OTHER}), SOMEBODY_ELSE),
    "code that nobody knows": (fixed(json.dumps({"soDinhDanh": None, "tinhTrang": None, "maLoi": 7})), INVALID),
    "record a level lower": (edited(lambda tree: {"soDinhDanh": tree.pop("soDinhDanh"), "hoTich": tree}), INVALID),
    "record as a list": (edited(lambda tree: {"trichLuc": [tree]}), INVALID),
    "entry as a list": (edited(lambda tree: {"khaiSinh": [tree["khaiSinh"]], "tinhTrang": None}), INVALID),
    "state as a list": (edited(lambda tree: tree.update({"tinhTrang": [tree["tinhTrang"]]})), INVALID),
    # F7
    "utf-16 without a mark": (body(lambda good: good.text.encode("utf-16-le")), INVALID),
    "old code page": (body(_old, "application/json; charset=windows-1258"), INVALID),
    "old code page that denies it": (body(_old, "application/json; charset=utf-8"), INVALID),
    "overlong": (body(lambda good: good.body.replace(b"033190", b"\xc0\xb0\xc0\xb3\xc0\xb3190")), INVALID),
    # F17
    **{f"redirect {status}": (moved(status), INVALID) for status in (
        "300 Multiple", "301 Moved", "302 Found", "303 Other", "304 Unchanged", "307 Temporary", "308 Moved",
    )},
    # wrong HTTP
    "no HTTP": (says(lambda _: GOSSIP.encode() + b"\r\n\r\n"), INVALID),
    "two lengths": (says(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n{}  "), INVALID),
    "length and chunks": (
        says(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), INVALID,
    ),
    "header of 100 kilobytes": (says(lambda good: http(good.body, more=f"X-A: {'a' * 100_000}\r\n")), INVALID),
}  # fmt: skip
#: what the gateway does not refuse yet
DEFECTS: dict[str, tuple[Say, tuple[str, str]]] = {
    "object of an unknown form": (fixed(json.dumps({"message": "Hệ thống bận"})), INVALID),
    "utf-7": (body(lambda good: good.text.encode("utf-7"), "application/json; charset=utf-7"), INVALID),
}
READ: dict[str, Say] = {
    # T6: hints that lead outside
    "headers that lead away": body(
        lambda good: good.body,
        more=f"Refresh: 0; url={CATCHER}/\r\nContent-Location: {CATCHER}/\r\nLink: <{CATCHER}/>; rel=next\r\n",
    ),
    "links in the body": edited(
        lambda tree: tree.update({"$schema": CATCHER, "$ref": CATCHER, "url": CATCHER, "next": CATCHER})
    ),
    # F7
    "byte-order mark": body(lambda good: b"\xef\xbb\xbf" + good.body),
    "utf-16 with its mark": body(lambda good: codecs.BOM_UTF16_LE + good.text.encode("utf-16-le")),
    "header of another charset": body(lambda good: good.body, "application/json; charset=iso-8859-1"),
    "header of text": body(lambda good: good.body, "text/plain"),
    "decomposed": body(lambda good: unicodedata.normalize("NFD", good.text)),
    "decomposed by escapes": edited(lambda tree: json.loads(unicodedata.normalize("NFD", json.dumps(tree)))),
    # F10
    "further field": edited(lambda tree: tree.update({"moi": GOSSIP, "khac": [{"a": GOSSIP}]})),
    "missing field": edited(lambda tree: {k: v for k, v in tree.items() if k != "khaiSinh"}),
    "null field": edited(lambda tree: tree.update({"khaiSinh": None})),
    "fields in another order": edited(lambda tree: dict(reversed(tree.items()))),
    "field of another type": edited(lambda tree: tree.update({"khaiSinh": [1, 2], "khaiTu": "x"})),
    "closed connection": says(lambda good: http(good.body, more="Connection: close\r\n")),
    "announced first": says(lambda good: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + http(good.body)),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_answer_that_cannot_be_trusted_is_an_outcome_and_spoils_nothing_else(
    stage: Stage, logged: io.BytesIO, name: str
) -> None:
    say, outcome = REFUSED[name]
    peer = stage.set("civil_status", say)
    answer = await assert_outcome(stage, logged, "civil_status", outcome)
    assert len(peer.calls) == 1
    assert "civil_status" not in {evidence["source"] for evidence in answer["evidence"].values()}


@pytest.mark.parametrize("name", DEFECTS)
async def test_answer_without_a_certain_meaning_is_no_answer(
    stage: Stage, logged: io.BytesIO, name: str
) -> None:
    say, outcome = DEFECTS[name]
    stage.set("civil_status", say)
    await assert_outcome(stage, logged, "civil_status", outcome)


@pytest.mark.parametrize("name", READ)
async def test_odd_answer_with_one_meaning_is_read_right(stage: Stage, logged: io.BytesIO, name: str) -> None:
    stage.set("civil_status", READ[name])
    answer = await assert_outcome(stage, logged, "civil_status", ("found", None))
    entry = answer["fields"]["nxnTinhTrangHonNhan"]
    assert (entry["state"], entry["attribute"]) == ("filled", "civil_status.marital_state")


@pytest.mark.parametrize(
    ("answer", "paper"),
    [
        ({"soDinhDanh": None, "tinhTrang": None}, "required"),
        ({"soDinhDanh": PERSON, "tinhTrang": [{"ma": " "}, None]}, "required"),
        ({"soDinhDanh": PERSON, "maLoi": "201", "moTa": GOSSIP, "khaiTu": {"so": ""}}, "replaced"),
    ],
)
async def test_no_death_is_registered_where_the_register_says_so_and_not_where_its_record_is_blank(
    stage: Stage, answer: dict[str, Any], paper: str
) -> None:
    stage.set("civil_status", fixed(json.dumps(answer)))
    got = await stage.ask()
    assert found(got)["civil_status"] == ("not_found", "no_such_person")
    assert {one["code"]: one["state"] for one in got["papers"]}["id_and_residence"] == paper


async def test_text_where_an_object_is_read_is_no_blank_without_a_cause(stage: Stage) -> None:
    stage.set("civil_status", edited(lambda tree: tree.update({"ketHon": [{"so": "7", "chamDut": "x"}]})))
    got = await stage.ask()
    assert found(got)["civil_status"] == ("found", None)
    headers = {"Authorization": f"Bearer {await stage.house.token()}"}
    async with stage.house.session.get(f"{stage.house.url}/v1/sources", headers=headers) as response:
        known = await response.json()
    [fault] = [one["fault"] for one in known["sources"] if one["source"] == "civil_status"]
    assert (fault["code"], fault["attribute"]) == ("other_shape", "marriage_end.reason")


async def test_no_death_in_a_record_of_an_unknown_state_leaves_open_who_lives(stage: Stage) -> None:
    stage.set("civil_status", fixed(json.dumps({"soDinhDanh": PERSON, "tinhTrang": "99"})))
    got = await stage.ask()
    assert found(got)["civil_status"] == ("found", None)
    assert {one["code"]: one["state"] for one in got["papers"]}["id_and_residence"] == "required"


async def test_record_of_another_person_is_counted_and_never_kept(stage: Stage) -> None:
    async def alarms() -> float:
        async with stage.house.session.get(f"{stage.house.admin}/metrics") as response:
            lines = (await response.text()).splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("motlan_alarms_total"))

    before = await alarms()
    stage.set("civil_status", swapped(PERSON, OTHER))
    await stage.ask()
    assert await alarms() == before + 1
    peer = stage.set("civil_status", None)
    assert (await stage.ask())["form"]["nxnTinhTrangHonNhan"]
    assert len(peer.calls) == 1

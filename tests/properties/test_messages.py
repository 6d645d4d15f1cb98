"""Messages of portals: the way to the wire and back gives the same, whatever is sent; hostile input has one error."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mapping.codecs import CODECS
from gateway.mapping.load import load_catalogue
from gateway.mapping.messages import MessageFault, MessagePlan, WireFields, WireList, WireSpread, WireValue

CATALOGUE = load_catalogue(Path(__file__).parents[2])
PLANS = {
    f"{name}.{message}": plan
    for name, plans in CATALOGUE.portals.items()
    for message, plan in plans.messages.items()
} | {"status, refused apart": CATALOGUE.portals["national_bus"].in_profile("refused_11")["status"]}


def names(fields: WireFields) -> Iterator[str]:
    for node in fields.nodes:
        yield node.name
        if not isinstance(node, WireValue):
            yield from names(node.fields)


#: members of all messages
NAMES = {name for plan in PLANS.values() for name in names(plan.fields)}
LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxyàảãáạ 0123456789.,:;/()-"
SAID = st.text(LETTERS, min_size=1, max_size=30).filter(lambda one: one == one.strip() != "")
CODE = st.text("ABCDEFGHKLMNQT0123456789-", min_size=1, max_size=20)


def utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


TIMES = st.integers(1_500_000_000, 1_900_000_000).map(utc)
#: beginnings of days in Việt Nam
DAYS = st.integers(17_000, 22_000).map(lambda one: utc(one * 86_400 - 7 * 3600))
NUMBERS = {
    "personal_id": st.text("123456789", min_size=12, max_size=12),
    "old_id": st.text("123456789", min_size=9, max_size=9),
    "tax_code": st.just("0100109106"),
}
FLAGS = [CODECS[one] for one in ("yes_no", "bus_flag", "flag")]
CLOCKS = [CODECS[one] for one in ("bus_time", "local_time", "iso_time")]
#: a code of no list
FOREIGN = "77"
#: what may be written otherwise when a word is foreign: rows of no known kind come last, the account goes with online
#: dossiers only, and names of statuses follow their code
FOLLOWING = {
    "DinhDanhCHS",
    "SoGiayToChuHoSo",
    "MaDoiTuong",
    "TrangThaiHoSo",
    "tenTrangThaiXuLy",
    "lyDoTuChoi",
}


def values_of(leaf: WireValue) -> st.SearchStrategy[Any]:
    """What may stand at its place, and comes back as it was."""
    if leaf.table is not None:
        table = leaf.table
        # of several words with one foreign code only the first comes back
        again = [word for word, code in table.write.items() if table.read[code] == word]
        return st.sampled_from(again + (["unknown"] if leaf.unknown else []))
    if leaf.codec is CODECS["day"]:
        return DAYS
    if leaf.codec in CLOCKS:
        return TIMES
    if leaf.codec in FLAGS:
        return st.booleans()
    if leaf.codec is CODECS["int"]:
        return st.integers(0, 900)
    return CODE if leaf.codec is CODECS["code"] else SAID


@st.composite
def messages(draw: st.DrawFn, plan: MessagePlan) -> dict[str, Any]:
    """A canonical message that the wire can carry, with what it has no place for."""
    part = draw(parts(plan.fields))
    if plan.mapping.passes == "all" and draw(st.booleans()):
        part.setdefault("more", {})["TruongLa"] = draw(SAID | st.just({"a": ["1", 2.5, None]}))
    for path, value in plan.mapping.sets.items():
        first, _, second = path.partition(".")
        part.setdefault(first, {}).setdefault(second, value) if second else part.setdefault(first, value)
    if not plan.mapping.partial:
        return plan.model.model_validate(part).model_dump(mode="json", exclude_defaults=True)
    return plan.read(plan.write(part))


@st.composite
def parts(draw: st.DrawFn, fields: WireFields) -> dict[str, Any]:
    part: dict[str, Any] = {}
    more: dict[str, Any] = {}
    draw(filled(fields, part, more))
    if more:
        part["more"] = {**part.get("more", {}), **more}
    return part


@st.composite
def filled(draw: st.DrawFn, fields: WireFields, part: dict[str, Any], more: dict[str, Any]) -> None:
    # values that stand under a condition come after what it asks
    for node in sorted(
        fields.nodes, key=lambda one: isinstance(one, WireValue) and bool(one.when or one.likes[1:])
    ):
        if isinstance(node, WireValue):
            draw(put(node, part, more))
        elif isinstance(node, WireList):
            rows = [draw(row(node)) for _ in range(draw(st.integers(0, 2)))]
            if rows:
                node.place.put(part, rows)
        else:
            inner = more if isinstance(node, WireSpread) else {}
            draw(filled(node.fields, part, inner))
            if inner and not isinstance(node, WireSpread):
                more[node.name] = inner


@st.composite
def row(draw: st.DrawFn, node: WireList) -> Any:
    part = draw(parts(node.fields))
    return part["value"] if node.is_plain else part


@st.composite
def put(draw: st.DrawFn, leaf: WireValue, part: dict[str, Any], more: dict[str, Any]) -> None:
    if leaf.constant is not None or not (
        leaf.required or draw(st.booleans()) or any(one.must for one in leaf.places)
    ):
        return
    if not leaf.places:
        more[leaf.name] = draw(SAID)
    elif len(leaf.places) > 1:
        if leaf.places[0].get(part) is None and "ids" not in part.get("applicant", {}):
            like = draw(st.sampled_from([one for one in leaf.likes if one]))
            leaf.places[leaf.likes.index(like)].put(part, draw(NUMBERS[like]))
    elif not leaf.repeats and all(one(part) for one in leaf.when):
        value = draw(values_of(leaf))
        leaf.places[0].put(part, value)
        if value == "unknown" and leaf.unknown is not None:
            leaf.unknown.put(part, FOREIGN)


@pytest.mark.parametrize("name", PLANS)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_message_that_is_written_and_read_is_the_same(name: str, data: st.DataObject) -> None:
    plan = PLANS[name]
    canonical = data.draw(messages(plan))
    wire = plan.write(canonical)
    named = [one.name for one in plan.fields.nodes if one.name in wire]
    assert list(wire)[: len(named)] == named
    assert plan.read(orjson.loads(orjson.dumps(wire))) == canonical


@pytest.mark.parametrize(
    "name", ["vneid_records.application", "national_bus.application", "ministry_portal.dossier"]
)
def test_paper_without_a_file_is_not_lost_before_one_of_the_same_component_with_a_file(name: str) -> None:
    plan = PLANS[name]
    papers = [
        {"component": "A"},
        {"component": "A", "file_name": "a.pdf"},
        {"component": "A", "file_name": "b.pdf"},
    ]
    written = plan.write({"code": "H31-QG-1", "procedure": "1.001193", "papers": papers})
    kept = [
        {name: one[name] for name in ("component", "file_name") if name in one}
        for one in plan.read(written)["papers"]
    ]
    assert kept == papers


def coded(fields: WireFields, wire: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Members of a wire message that hold a code of a list."""
    for node in fields.nodes:
        inner = wire.get(node.name)
        if isinstance(node, WireValue):
            if node.table is not None and inner not in (None, "") and not node.repeats:
                yield wire, node.name
        elif inner:
            for one in inner if isinstance(inner, list) else [inner]:
                yield from coded(node.fields, one)


WORDED = [name for name, plan in PLANS.items() if plan.mapping.passes == "all"]


@pytest.mark.parametrize("name", WORDED)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_foreign_words_and_members_come_back_out_as_they_came(name: str, data: st.DataObject) -> None:
    plan = PLANS[name]
    wire = plan.write(data.draw(messages(plan)))
    for there, member in coded(plan.fields, wire):
        if data.draw(st.booleans()):
            there[member] = (
                77 if isinstance(there[member], int) else data.draw(st.sampled_from([FOREIGN, "chưa rõ"]))
            )
    wire["TruongMoi"] = data.draw(SAID | st.just({"a": [1, None, "b"]}))
    again = plan.write(plan.read(wire))
    assert {one for one in wire if again[one] != wire[one]} <= FOLLOWING
    assert plan.write(plan.read(again)) == again


#: texts that are a value of some field, or look like one
ODD = [
    "",
    " ",
    "1",
    "1\x08",
    "True",
    "20260105083000",
    "20260105083000\x0b",
    "20269999",
    "a\x0bb\x00",
    "e\u0302\u0323",
    "\u202e1",
    "9" * 500,
]
SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=8)
MEMBERS = st.sampled_from(sorted(NAMES)) | st.text(max_size=3)
JSON = st.recursive(
    SCALARS | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("name", PLANS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_hostile_message_is_read_or_refused_by_its_field(name: str, data: st.DataObject) -> None:
    plan = PLANS[name]
    wire: Any = data.draw(messages(plan).map(plan.write))
    for member in data.draw(st.lists(st.sampled_from(sorted(wire)), max_size=6)):
        wire[member] = data.draw(JSON)
    wire = {**wire, **data.draw(st.dictionaries(st.text(max_size=4), JSON, max_size=2))}
    sent = data.draw(st.sampled_from([wire, wire, wire, [wire], None]))
    found = named(plan.read, sent)
    if found is None:
        return
    if not plan.mapping.partial:
        assert plan.model.model_validate(found).model_dump(mode="json", exclude_defaults=True) == found
    again = named(plan.write, found)
    if again is not None:
        assert plan.write(plan.read(orjson.loads(orjson.dumps(again)))) == again


def named(way: Callable[[Any], dict[str, Any]], message: Any) -> dict[str, Any] | None:
    """What comes of it; None: refused, with the name of a field."""
    fault: MessageFault
    try:
        return way(message)
    except MessageFault as error:
        fault = error
    assert fault.field
    assert fault.path in fault.sentence.vi
    return None


def test_optional_value_with_control_signs_is_read_as_it_is_written() -> None:
    plan = PLANS["vneid_records.application"]
    found = plan.read({"MaHoSo": "H31-1", "MaTTHC": "1.004222", "MaDonViTiepNhan": "H31.14\x08"})
    assert found["agency"] == "H31.14"
    written = plan.write(found)
    assert written["MaDonViTiepNhan"] == "H31.14"
    assert plan.write(plan.read(written)) == written


def test_code_that_must_be_there_has_no_control_signs() -> None:
    with pytest.raises(MessageFault):
        PLANS["vneid_records.application"].read({"MaHoSo": "H31-1\x08", "MaTTHC": "1.004222"})


def test_row_with_control_signs_is_read_as_it_is_written() -> None:
    plan = PLANS["national_bus.dossier"]
    must = ("MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "TrichYeuHoSo", "DonViXuLy")
    wire = {**dict.fromkeys(must, "1"), "DSKetNoiCSDL": [{"MaCSDL": "A1\x08"}]}
    assert plan.read(wire)["databases"] == ["A1"]


def test_number_that_is_no_text_is_nobodys() -> None:
    plan = PLANS["national_bus.application"]
    wire = plan.write({"code": "H31-1", "procedure": "1.004222"})
    wire["ThongTinNguoiNop"]["ThongTinChiTiet"]["SoDinhDanh"] = ["033190716358"]
    assert "033190716358" not in str(plan.read(wire).get("applicant"))

"""Leaf bytes: their form never moves, nobody can be read in them, what is sealed opens again."""

import asyncio
import base64
import calendar
import json
import stat
from hashlib import blake2s
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import ConfigError
from gateway.domain.exchange import CallEntry, ExchangeRecord, Phase
from gateway.exchange_log import keys as log_keys
from gateway.exchange_log import record as records
from gateway.exchange_log.key_files import root_key_from_text
from gateway.exchange_log.keys import KeyRing, PeriodKeys, root_key_in, unwrap, wrap_new

PERIOD = "2026-11"
ID = "01KAXW3Y7N5V0M2Q8R4T6ZBCDE"
ROOT = bytes(range(32))
OFFICIAL = "033187402915"
CITIZEN = "033294618073"
NAME = "Trịnh Thị Canh Gác"

SAFE = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
WORD = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)


def keys_of(root: bytes = ROOT, period: str = PERIOD) -> PeriodKeys:
    return unwrap(root, period, wrap_new(root, period))


def call_digest(key: bytes, digest: bytes) -> str:
    return blake2s(digest, digest_size=log_keys.CALL_BYTES, key=key).hexdigest() if digest else ""


def some_record(**changes: Any) -> ExchangeRecord:
    members: dict[str, Any] = {
        "exchange": "01KAXW3Y7N0000000000000000",
        "phase": Phase.OUTCOME,
        "time": "2026-11-25T03:04:05.678Z",
        "requester": "portal",
        "subjects": {"requester": f"person|{CITIZEN}|||||||"},
        "official": OFFICIAL,
        "calls": (
            CallEntry(
                call="01KAXW3Y7N1111111111111111",
                source="population",
                operation="TraCuuThongTinCongDan",
                role="requester",
                attributes=("full_name", "birth_date"),
                outcome="found",
                elapsed_ms=12,
                request_digest=b"q" * 32,
                response_digest=b"a" * 32,
            ),
        ),
        "fields": {"applicant.fullName": json.dumps(NAME, ensure_ascii=False).encode()},
        "notes": {"pending": False, "papers": 3},
        **changes,
    }
    return ExchangeRecord(**members)


ODD = (
    st.sampled_from(["", "portal", 'a"\\\n', "\x00\x1f\x7f\x80", "Độc lập", "😀", "\u2028", "x" * 300]) | SAFE
)
CALLS = st.builds(
    CallEntry,
    call=ODD,
    source=ODD,
    operation=ODD,
    role=ODD,
    attributes=st.sampled_from([(), ("full_name",), ("", 'b"', "Ngày sinh")]),
    outcome=ODD,
    elapsed_ms=st.integers(-(2**53) + 1, 2**53 - 1),
    cached=st.booleans(),
    shared_with=ODD,
    request_digest=st.sampled_from([b"", b"q" * 32]),
    response_digest=st.binary(max_size=40),
)
RECORDS = st.builds(
    some_record,
    phase=st.sampled_from(Phase),
    dossier=SAFE,
    agency=SAFE,
    subjects=st.dictionaries(WORD, SAFE, max_size=4),
    official=SAFE,
    fields=st.dictionaries(WORD, st.binary(max_size=40), max_size=10),
    rules=st.lists(SAFE, max_size=4).map(tuple),
    notes=st.dictionaries(WORD, SAFE | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1), max_size=5),
)
#: the members that the others leave as they are
ODD_RECORDS = st.builds(
    some_record,
    exchange=ODD,
    phase=st.sampled_from(Phase),
    time=ODD,
    requester=ODD,
    procedure=ODD,
    purpose=ODD,
    legal_basis=ODD,
    on_duty=st.booleans(),
    subjects=st.dictionaries(WORD, ODD, max_size=3),
    official=ODD,
    calls=st.lists(CALLS, max_size=2).map(tuple),
    fields=st.dictionaries(WORD, st.binary(max_size=40), max_size=4),
    result=ODD,
    configuration=ODD,
)


@given(RECORDS)
def test_leaf_is_canonical_json_with_ascii_keys(record: ExchangeRecord) -> None:
    leaf = records.encode(record, keys_of(), ID)
    members = json.loads(leaf)
    # Python's own writer, sorted, without spaces, escapes only what RFC 8785 escapes.
    again = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert again.encode() == leaf
    assert all(key.isascii() for key in every_key(members))
    assert members["v"] == 1
    assert members["id"] == ID
    assert members["period"] == PERIOD


@given(RECORDS | ODD_RECORDS)
def test_leaf_is_that_of_the_plain_description_of_the_form(record: ExchangeRecord) -> None:
    keys = keys_of()
    leaf, official, subjects = records.leaf_of(record, keys, ID)
    members = records.decode(leaf)
    assert leaf == described(record, keys, ID, members["sealed"])
    assert (official, subjects) == (members["official"], members["subjects"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"notes": {"n": 2**53}},
        {"notes": {"n": "\ud800"}},
        {"dossier": "\udc80"},
        {"calls": (some_record().calls[0]._replace(elapsed_ms=-(2**53)),)},
        {"rules": ({"a", "b"},)},
    ],
)
def test_what_json_cannot_hold_is_refused(wrong: dict[str, Any]) -> None:
    record, keys = some_record(**wrong), keys_of()
    with pytest.raises(orjson.JSONEncodeError):
        described(record, keys, ID, "")
    with pytest.raises(orjson.JSONEncodeError):
        records.encode(record, keys, ID)


@given(RECORDS)
def test_sealed_part_opens_again_and_only_there(record: ExchangeRecord) -> None:
    keys = keys_of()
    members = records.decode(records.encode(record, keys, ID))
    assert records.unseal(members, keys) == {"official": record.official, "subjects": dict(record.subjects)}
    if members["sealed"]:
        for moved in ({"id": ID[:-1] + "0"}, {"period": "2026-10"}):
            with pytest.raises(records.SealBroken):
                records.unseal({**members, **moved}, keys)
        with pytest.raises(records.SealBroken):
            records.unseal(members, keys_of())


def test_nothing_of_a_person_can_be_read_in_a_leaf() -> None:
    leaf = records.encode(some_record(), keys_of(), ID)
    for canary in (OFFICIAL, CITIZEN, NAME, NAME.encode("unicode_escape").decode(), "Canh"):
        for form in (canary.encode(), base64.b64encode(canary.encode())[:-4], canary.encode().hex().encode()):
            assert form not in leaf


def test_equal_values_look_different_in_two_records_and_can_be_shown_to_be_genuine() -> None:
    keys = keys_of()
    other = ID[:-1] + "0"
    value = some_record().fields["applicant.fullName"]
    first, second = (records.decode(records.encode(some_record(), keys, each)) for each in (ID, other))
    assert first["fields"] != second["fields"]
    assert first["fields"]["applicant.fullName"] == records.field_digest(keys.digest, ID, value)
    assert first["calls"][0]["request"] == call_digest(keys.digest, b"q" * 32)


def test_subject_is_found_by_the_same_index_within_a_period_only() -> None:
    key = some_record().subjects["requester"]
    keys, next_keys = keys_of(), keys_of(period="2026-12")
    first = records.decode(records.encode(some_record(), keys, ID))
    assert first["subjects"] == {"requester": records.subject_index(keys.index, key)}
    assert records.subject_index(next_keys.index, key) != records.subject_index(keys.index, key)


def test_record_without_people_has_nothing_sealed() -> None:
    keys = keys_of()
    members = records.decode(records.encode(some_record(subjects={}, official=""), keys, ID))
    assert members["sealed"] == ""
    assert records.unseal(members, keys) == {"official": "", "subjects": {}}


@pytest.mark.parametrize("place", ["fields", "notes", "subjects"])
def test_names_outside_ascii_are_refused(place: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        records.encode(some_record(**{place: {"tên": b"1" if place == "fields" else "1"}}), keys_of(), ID)


def test_numbers_that_other_readers_would_round_are_refused() -> None:
    with pytest.raises(orjson.JSONEncodeError):
        records.encode(some_record(notes={"n": 2**53}), keys_of(), ID)


def test_keys_are_not_shown_by_repr() -> None:
    keys = keys_of()
    assert repr(keys) == f"PeriodKeys(period='{PERIOD}')"


def test_period_keys_open_only_with_their_root_key_and_for_their_period() -> None:
    wrapped = wrap_new(ROOT, PERIOD)
    for root, period, tampered in (
        (bytes(32), PERIOD, wrapped),
        (ROOT, "2026-12", wrapped),
        (ROOT, PERIOD, wrapped[:-1] + bytes([wrapped[-1] ^ 1])),
        (ROOT, PERIOD, b""),
    ):
        with pytest.raises(ConfigError):
            unwrap(root, period, tampered)


def test_period_is_a_month() -> None:
    for wrong in ("", "2026-13", "2026-11-25", "26-11"):
        with pytest.raises(ValueError, match="month"):
            wrap_new(ROOT, wrong)


def test_root_key_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first = root_key_in(folder)
    assert root_key_in(folder) == first
    [file] = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert root_key_from_text(file.read_text()) == first


def test_broken_root_keys_are_refused(tmp_path: Path) -> None:
    for text in ("", "short", base64.b64encode(bytes(31)).decode(), "é" * 44):
        with pytest.raises(ConfigError):
            root_key_from_text(text)
    (tmp_path / "not-a-folder").write_text("")
    with pytest.raises(ConfigError):
        root_key_in(tmp_path / "not-a-folder")


async def test_of_two_processes_that_begin_a_month_together_both_use_the_first_keys() -> None:
    kept: dict[str, bytes] = {}

    class Store:
        async def wrapped(self, period: str) -> bytes | None:
            found = kept.get(period)
            await asyncio.sleep(0)
            return found

        async def keep(self, period: str, wrapped: bytes) -> bytes:
            return kept.setdefault(period, wrapped)

    one, other = KeyRing(ROOT, Store()), KeyRing(ROOT, Store())
    rings = (one, other, one, other)
    first, *rest = await asyncio.gather(*(ring.of(PERIOD) for ring in rings))
    assert all(found.index == first.index and found.digest == first.digest for found in rest)
    assert one.known(PERIOD) is not None
    assert log_keys.unwrap(ROOT, PERIOD, kept[PERIOD]).index == first.index


class Cupboard:
    """Wrapped keys in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def wrapped(self, period: str) -> bytes | None:
        return self.kept.get(period)

    async def keep(self, period: str, wrapped: bytes) -> bytes:
        return self.kept.setdefault(period, wrapped)


async def test_idle_process_does_not_know_keys_of_a_month_that_may_be_erased() -> None:
    now = [calendar.timegm((2026, 9, 10, 0, 0, 0))]
    ring = KeyRing(ROOT, Cupboard(), lambda: now[0])
    await ring.of("2026-09")
    now[0] = calendar.timegm((2026, 10, 31, 0, 0, 0))
    assert ring.known("2026-09") is not None
    now[0] = calendar.timegm((2026, 11, 1, 0, 0, 0))
    assert ring.known("2026-09") is None


async def test_idle_process_lets_go_of_keys_by_itself() -> None:
    ring = KeyRing(ROOT, Cupboard())
    await ring.of("2020-02")
    assert ring._brief
    async with asyncio.timeout(20):
        while ring._brief:
            await asyncio.sleep(0.1)


def described(record: ExchangeRecord, keys: PeriodKeys, record_id: str, sealed: str) -> bytes:
    """The form of a leaf, member by member, with one call of a keyed hash for each digest."""
    leaf = {
        "v": 1,
        "id": record_id,
        "period": keys.period,
        "exchange": record.exchange,
        "phase": record.phase,
        "time": record.time,
        "requester": record.requester,
        "agency": record.agency,
        "procedure": record.procedure,
        "dossier": record.dossier,
        "purpose": record.purpose,
        "basis": record.legal_basis,
        "official": records.subject_index(keys.index, record.official) if record.official else "",
        "on_duty": record.on_duty,
        "subjects": {role: records.subject_index(keys.index, key) for role, key in record.subjects.items()},
        "calls": [
            {
                "call": call.call,
                "source": call.source,
                "operation": call.operation,
                "role": call.role,
                "attributes": call.attributes,
                "outcome": call.outcome,
                "ms": call.elapsed_ms,
                "cached": call.cached,
                "shared": call.shared_with,
                "request": call_digest(keys.digest, call.request_digest),
                "response": call_digest(keys.digest, call.response_digest),
            }
            for call in record.calls
        ],
        "fields": {
            name: records.field_digest(keys.digest, record_id, value) for name, value in record.fields.items()
        },
        "rules": record.rules,
        "result": record.result,
        "config": record.configuration,
        "notes": {**record.notes},
        "sealed": sealed,
    }
    return orjson.dumps(leaf, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)


def every_key(value: object) -> list[str]:
    """The keys of all objects inside a JSON value."""
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in every_key(item))]
    if isinstance(value, list):
        return [key for item in value for key in every_key(item)]
    return []

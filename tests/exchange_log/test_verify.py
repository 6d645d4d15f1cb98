"""Exports: what is good verifies, and each way of tampering is found and located to the record."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.exchange_log.export import edges, hashes_line, last_line, record_line
from gateway.exchange_log.merkle import inclusion_proof, leaf_hash
from gateway.exchange_log.note import COSIGNATURE, Checkpoint, NoteBroken, NoteSigner, split_note
from gateway.exchange_log.report import report_lines
from gateway.exchange_log.verdict import MOST_FINDINGS, Verdict
from gateway.exchange_log.verify import LONGEST_LINE, verify_export
from tests.exchange_log.sample import ORIGIN, Log, joined, key, leaf_of, node_over, record

SIZE = 600
LOG = Log(SIZE)
WHOLE = LOG.range_lines()
#: records 100 to 519: begins and ends inside a tile
PART = LOG.range_lines(100, 520)
FOUND = LOG.found(3, 7, 255, 256, 599)


def line_of(lines: list[bytes], index: int) -> int:
    """Where record `index` is in these lines."""
    return next(place for place, line in enumerate(lines) if line.startswith(b'{"i":%d,' % index))


def renumbered(lines: list[bytes]) -> list[bytes]:
    """The same with consecutive indexes, and a last line that counts right."""
    numbers = iter(range(SIZE + 9))
    body = [
        line.replace(line[: line.index(b",")], b'{"i":%d' % next(numbers), 1)
        if line.startswith(b'{"i"')
        else line
        for line in lines[1:-1]
    ]
    return [lines[0], *body, last_line(next(numbers), lines[0])]


def codes(verdict: Verdict) -> set[tuple[str, int | None]]:
    return {(finding.code, finding.index) for finding in verdict.findings}


# ------------------------------------------------------------------------------------------ what is good


@pytest.mark.parametrize(
    ("first", "end"),
    [
        (0, 600),
        (0, 0),
        (600, 600),
        (300, 300),
        (0, 1),
        (599, 600),
        (256, 512),
        (255, 513),
        (100, 520),
        (511, 512),
    ],
)
def test_any_stretch_of_a_log_verifies(first: int, end: int) -> None:
    verdict = LOG.verify(LOG.range_lines(first, end), strict=True)
    assert verdict.findings == []
    assert verdict.good
    assert (verdict.first, verdict.end, verdict.records, verdict.size) == (first, end, end - first, SIZE)
    assert verdict.whole == (end - first == SIZE)
    assert verdict.origin == ORIGIN
    assert verdict.root == LOG.root().hex()
    assert verdict.signers == [ORIGIN]


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 300])
def test_log_of_any_size_verifies(size: int) -> None:
    log = Log(size)
    assert log.verify(log.range_lines()).findings == []


def test_records_are_counted_by_phase_and_time() -> None:
    for strict in (False, True):
        verdict = LOG.verify(WHOLE, strict=strict)
        assert verdict.phases == {"intent": 300, "outcome": 300}
        assert verdict.earliest == "2026-11-25T08:00:00.000Z"
        assert verdict.latest == "2026-11-25T08:00:00.599Z"


def test_search_result_verifies_record_by_record() -> None:
    verdict = LOG.verify(FOUND, strict=True)
    assert verdict.findings == []
    assert (verdict.records, verdict.contiguous, verdict.whole) == (5, False, False)
    assert LOG.verify(LOG.found()).good


def test_verdict_is_plain_json() -> None:
    report_lines = json.loads(json.dumps(LOG.verify(WHOLE).as_json()))
    assert report_lines["good"] is True
    assert report_lines["findings"] == []
    assert report_lines["whole"] is True


def test_progress_hears_every_byte() -> None:
    heard: list[int] = []
    LOG.verify(WHOLE, progress=heard.append)
    assert sum(heard) == len(joined(WHOLE))


def test_file_is_read_line_by_line() -> None:
    """Constant memory: no call asks for more than one line."""

    class Watched(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise AssertionError(size)

    assert verify_export(Watched(joined(WHOLE)), [LOG.signer.vkey]).good


# -------------------------------------------------------------------------------------- tampering, located

Tamper = Callable[[list[bytes]], list[bytes]]
TAMPERING: dict[str, tuple[Tamper, set[tuple[str, int | None]]]] = {}


def tampering(*expected: tuple[str, int | None]) -> Callable[[Tamper], Tamper]:
    """Keep a way of tampering with a whole export, and the findings that it must give."""

    def keep(tamper: Tamper) -> Tamper:
        TAMPERING[tamper.__name__.strip("_")] = (tamper, set(expected))
        return tamper

    return keep


def changed(lines: list[bytes], index: int, old: bytes, new: bytes) -> list[bytes]:
    place = line_of(lines, index)
    assert old in lines[place]
    return [*lines[:place], lines[place].replace(old, new, 1), *lines[place + 1 :]]


@tampering(("changed", 42), ("root", None))
def _edit(lines: list[bytes]) -> list[bytes]:
    return changed(lines, 42, b"answered", b"refused!")


@tampering(("changed", 599), ("root", None))
def _edit_last(lines: list[bytes]) -> list[bytes]:
    return changed(lines, 599, b"outcome", b"outcomf")


@tampering(("changed", 42), ("changed", 300), ("root", None))
def _edit_two(lines: list[bytes]) -> list[bytes]:
    return changed(_edit(lines), 300, b"answered", b"refused!")


@tampering(("missing", 42), ("count", None), ("root", None))
def _delete(lines: list[bytes]) -> list[bytes]:
    place = line_of(lines, 42)
    return lines[:place] + lines[place + 1 :]


@tampering(("missing", 42), ("root", None))
def _delete_and_renumber(lines: list[bytes]) -> list[bytes]:
    return renumbered(_delete(lines))


@tampering(("missing", 0), ("count", None), ("root", None))
def _delete_first(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *lines[2:]]


@tampering(("inserted", 42), ("order", 600), ("root", None))
def _insert_and_renumber(lines: list[bytes]) -> list[bytes]:
    place = line_of(lines, 42)
    return renumbered([*lines[:place], record_line(0, leaf_of(record(5000))), *lines[place:]])


@tampering(("order", 42), ("inserted", 43), ("count", None), ("root", None))
def _duplicate(lines: list[bytes]) -> list[bytes]:
    place = line_of(lines, 42)
    return [*lines[:place], lines[place], *lines[place:]]


@tampering(("moved", 42), ("moved", 43), ("missing", 42), ("order", 42), ("root", None))
def _swap(lines: list[bytes]) -> list[bytes]:
    place = line_of(lines, 42)
    return [*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]]


@tampering(("moved", 42), ("moved", 43), ("root", None))
def _swap_and_renumber(lines: list[bytes]) -> list[bytes]:
    return renumbered(_swap(lines))


@tampering(("changed", 42), ("changed", 300), ("root", None))
def _swap_across_tiles(lines: list[bytes]) -> list[bytes]:
    one, other = line_of(lines, 42), line_of(lines, 300)
    lines = [*lines]
    lines[one], lines[other] = lines[other], lines[one]
    return renumbered(lines)


@tampering(("end", None), ("hashes", None), ("missing", 500), ("root", None))
def _truncate_tail(lines: list[bytes]) -> list[bytes]:
    return lines[: line_of(lines, 500)]


@tampering(("missing", 512), ("root", None))
def _truncate_tail_and_count_anew(lines: list[bytes]) -> list[bytes]:
    return [*lines[: line_of(lines, 512)], last_line(512, lines[0])]


@tampering(("missing", 0), ("hashes", None), ("count", None), ("root", None))
def _truncate_head(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *lines[line_of(lines, 256) :]]


@tampering(("changed", 42), ("root", None))
def _reencode_leaf(lines: list[bytes]) -> list[bytes]:
    """The same members in another order: other bytes, and the bytes are what was logged."""
    place = line_of(lines, 42)
    leaf = json.dumps(dict(reversed(record(42).items())), separators=(",", ":")).encode()
    return [*lines[:place], record_line(42, leaf), *lines[place + 1 :]]


@tampering(("line", 42), ("root", None))
def _reencode_line(lines: list[bytes]) -> list[bytes]:
    place = line_of(lines, 42)
    return [*lines[:place], json.dumps(json.loads(lines[place])).encode(), *lines[place + 1 :]]


@tampering(("line", 42), ("root", None))
def _two_leaves_in_a_line(lines: list[bytes]) -> list[bytes]:
    """Readers differ in which of two equal keys counts, so no line has them."""
    return changed(lines, 42, b'"leaf":', b'"leaf":"{}","leaf":')


@tampering(("missing", 42), ("count", None), ("root", None))
def _index_gap(lines: list[bytes]) -> list[bytes]:
    return _delete(lines)


@tampering(("missing", 42), ("order", 43))
def _index_jump(lines: list[bytes]) -> list[bytes]:
    """No record is missing, but the numbers say so: 43 stands twice, and 42 not at all."""
    return changed(lines, 42, b'"i":42', b'"i":43')


@tampering(("line", 42), ("root", None))
def _broken_record(lines: list[bytes]) -> list[bytes]:
    return _replaced(lines, 42, b"not JSON")


@tampering(("line", 42), ("root", None))
def _renamed_member(lines: list[bytes]) -> list[bytes]:
    return changed(lines, 42, b'"leaf"', b'"lead"')


def _replaced(lines: list[bytes], index: int, line: bytes) -> list[bytes]:
    place = line_of(lines, index)
    return [*lines[:place], line, *lines[place + 1 :]]


@tampering(("root", None))
def _edit_with_its_hash(lines: list[bytes]) -> list[bytes]:
    """Who alters record and hash in the file leaves no trace of which; that it was altered shows all the same."""
    leaf = leaf_of({**record(42), "result": "refused"})
    hashes = [leaf_hash(leaf) if n == 42 else one for n, one in enumerate(LOG.hashes[:256])]
    lines = _replaced(lines, 42, record_line(42, leaf))
    lines[257] = hashes_line(0, hashes)
    return lines


@tampering(("hashes", 42))
def _hash_of_a_record(lines: list[bytes]) -> list[bytes]:
    """The record is the log's; only the line that repeats its hash is wrong, and this is what is said."""
    hashes = [bytes(32) if n == 42 else one for n, one in enumerate(LOG.hashes[:256])]
    return [*lines[:257], hashes_line(0, hashes), *lines[258:]]


@tampering(("hashes", None))
def _line_of_hashes_of_another_tile(lines: list[bytes]) -> list[bytes]:
    return [*lines[:257], lines[257].replace(b'"t":0', b'"t":1'), *lines[258:]]


@tampering(("line", None))
def _broken_line_of_hashes(lines: list[bytes]) -> list[bytes]:
    return [*lines[:257], lines[257].replace(b'"hashes"', b'"hashed"'), *lines[258:]]


@tampering(("count", None))
def _wrong_count(lines: list[bytes]) -> list[bytes]:
    return [*lines[:-1], last_line(599, lines[0])]


@tampering(("end", None))
def _no_last_line(lines: list[bytes]) -> list[bytes]:
    return lines[:-1]


@tampering(("end", None))
def _something_after_the_end(lines: list[bytes]) -> list[bytes]:
    return [*lines, lines[5]]


@tampering(("head", None))
def _other_date(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b"09:00", b"09:01"), *lines[1:]]


@tampering(("head", None), ("origin", None))
def _other_origin_in_line_1(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"origin":"log.', b'"origin":"lag.'), *lines[1:]]


@tampering(("signature", None), ("root", None), ("head", None))
def _other_root(lines: list[bytes]) -> list[bytes]:
    other = Checkpoint(ORIGIN, SIZE, bytes(32)).text()
    return [_with_text(lines[0], other), *lines[1:]]


@tampering(("file", None))
def _other_size(lines: list[bytes]) -> list[bytes]:
    return [_with_text(lines[0], Checkpoint(ORIGIN, SIZE - 1, LOG.root()).text()), *lines[1:]]


def _with_text(line: bytes, text: str) -> bytes:
    """Line 1 with another text under the old signatures."""
    members = orjson.loads(line)
    members["checkpoint"] = text + "\n" + members["checkpoint"].partition("\n\n")[2]
    return orjson.dumps(members)


def test_there_are_enough_ways_of_tampering() -> None:
    assert len(TAMPERING) >= 17


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_found_and_located(name: str) -> None:
    tamper, expected = TAMPERING[name]
    verdict = LOG.verify(tamper(WHOLE))
    assert codes(verdict) == expected
    assert not verdict.good


def test_finding_names_line_and_record() -> None:
    finding = LOG.verify(_edit(WHOLE)).findings[0]
    assert (finding.line, finding.index) == (44, 42)
    assert str(finding) == "line 44, record 42: it is not the record that the log keeps the hash of"


def test_located_records_are_proven_to_be_the_only_ones() -> None:
    assert "only the records named here were altered" in LOG.verify(_edit_two(WHOLE)).findings[-1].what
    both = _edit_with_its_hash(WHOLE)
    assert "records and their hashes both" in LOG.verify(both).findings[-1].what
    more = LOG.verify(changed(both, 300, b"answered", b"refused!"))
    assert codes(more) == {("changed", 300), ("root", None)}
    assert "more was altered" in more.findings[-1].what


@pytest.mark.parametrize("index", [100, 255, 256, 511, 512, 519])
def test_change_in_a_part_of_the_log_is_located(index: int) -> None:
    verdict = LOG.verify(changed(PART, index, b"01KB", b"01KC"))
    assert codes(verdict) == {("changed", index), ("root", None)}


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("side", ["start", "end"])
def test_changed_edge_hash_is_found(side: str, place: int) -> None:
    edge = edges(100, 520, SIZE, LOG.node)
    edge[side][place] = bytes(32)
    verdict = LOG.verify(LOG.range_lines(100, 520, edge=edge))
    assert codes(verdict) == {("root", None)}
    assert "the edge" in verdict.findings[0].what
    edge[side].pop()
    verdict = LOG.verify(LOG.range_lines(100, 520, edge=edge))
    assert codes(verdict) == {("file", None)}
    assert "the edge in line 1" in verdict.findings[0].what


def test_range_that_says_something_else_is_found() -> None:
    edge = edges(100, 520, SIZE, LOG.node)
    lines = LOG.range_lines(100, 520)
    for first, end in ((101, 520), (100, 521), (100, 519), (99, 520)):
        head = LOG.head(first, end, edge=edge)
        assert not LOG.verify([head, *lines[1:-1], last_line(420, head)]).good


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_changed_byte_anywhere_passes(data: st.DataObject) -> None:
    good = joined(data.draw(st.sampled_from([PART, FOUND])))
    raw = bytearray(good)
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    assert not verify_export(BytesIO(raw), [LOG.signer.vkey]).good


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_changed_byte_in_a_record_is_located(data: st.DataObject) -> None:
    index = data.draw(st.integers(100, 519))
    lines = [*PART]
    place = line_of(lines, index)
    raw = bytearray(lines[place])
    at = data.draw(st.integers(raw.index(b'"leaf":"') + 8, len(raw) - 3))
    change = data.draw(st.integers(1, 255).filter(lambda change: raw[at] ^ change != 10))
    raw[at] ^= change
    lines[place] = bytes(raw)
    verdict = LOG.verify(lines)
    assert {finding.line for finding in verdict.findings if finding.line} == {place + 1}
    assert {finding.index for finding in verdict.findings} <= {index, None}


@settings(deadline=None)
@given(st.binary(max_size=300))
@example(b"\n")
@example(b"{}\n")
@example(b"[]\n{}\n")
@example(b"[" * 5000 + b"\n")
def test_no_file_raises(raw: bytes) -> None:
    assert not verify_export(BytesIO(raw), [LOG.signer.vkey]).good
    assert not verify_export(BytesIO(WHOLE[0] + b"\n" + raw), [LOG.signer.vkey]).good


@pytest.mark.parametrize(
    "change",
    [
        {"motlan_export": 2},
        {"checkpoint": 5},
        {"checkpoint": "none"},
        {"from": "0"},
        {"from": True},
        {"from": -1},
        {"to": 601},
        {"to": None},
        {"edge": None},
        {"edge": {"start": [], "end": ["0"]}},
        {"edge": {"start": [], "end": [5]}},
        {"edge": {"start": "", "end": []}},
        {"consistency": {"x": []}},
        {"consistency": []},
        {"consistency": {"5": None}},
        {"origin": 5},
    ],
    ids=str,
)
def test_malformed_first_line_is_a_finding(change: dict[str, Any]) -> None:
    head = orjson.dumps({**orjson.loads(WHOLE[0]), **change})
    verdict = LOG.verify([head, *WHOLE[1:-1], last_line(SIZE, head)])
    assert {finding.line for finding in verdict.findings} == {1}


def test_line_without_end_stops_the_reading() -> None:
    raw = WHOLE[0] + b"\n" + b'{"i":0,"leaf":"' + b"x" * (LONGEST_LINE + 5)
    verdict = verify_export(BytesIO(raw), [LOG.signer.vkey])
    assert ("file", None) in codes(verdict)
    assert any("has no end" in finding.what for finding in verdict.findings)


def test_findings_are_bounded_but_all_counted() -> None:
    lines = [line.replace(b"answered", b"refused!") for line in WHOLE]
    verdict = LOG.verify(lines)
    assert len(verdict.findings) == MOST_FINDINGS + 1
    assert verdict.findings[-1].code == "root"
    assert verdict.wrong > 500


# --------------------------------------------------------------------------------------- search results


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (1, FOUND[1].replace(b"answered", b"refused!")),
        (2, record_line(7, LOG.leaves[7], inclusion_proof(3, SIZE, LOG.node))),
        (2, record_line(8, LOG.leaves[7], inclusion_proof(7, SIZE, LOG.node))),
        (2, record_line(7, LOG.leaves[7], inclusion_proof(7, 500, LOG.node))),
        (2, record_line(7, LOG.leaves[7], [])),
        (2, record_line(7, LOG.leaves[7], [*inclusion_proof(7, SIZE, LOG.node), bytes(32)])),
        (2, FOUND[2].replace(b'"proof":["', b'"proof":["g')),
    ],
)
def test_record_that_its_proof_does_not_prove_is_found(place: int, line: bytes) -> None:
    verdict = LOG.verify([*FOUND[:place], line, *FOUND[place + 1 :]])
    assert [(finding.code, finding.line) for finding in verdict.findings] == [("proof", place + 1)]


def test_search_result_out_of_order_or_with_one_twice_is_found() -> None:
    assert codes(LOG.verify([*FOUND[:2], FOUND[1], *FOUND[2:-1], last_line(6, FOUND[0])])) == {("order", 3)}
    assert codes(LOG.verify([FOUND[0], FOUND[2], FOUND[1], *FOUND[3:]])) == {("order", 3)}
    assert codes(LOG.verify([*FOUND[:2], *FOUND[3:]])) == {("count", None)}
    assert codes(LOG.verify([*FOUND[:2], record_line(7, LOG.leaves[7]), *FOUND[3:]])) >= {("line", None)}


# ----------------------------------------------------------------------------- keys, checkpoints, older logs


def test_foreign_key_and_signature_are_found() -> None:
    foreign = NoteSigner(ORIGIN, key(5))
    verdict = verify_export(BytesIO(joined(WHOLE)), [foreign.vkey])
    assert codes(verdict) == {("signature", None)}
    resigned = Log(SIZE, signer=foreign)
    assert codes(LOG.verify(resigned.range_lines())) == {("signature", None)}


def test_key_in_the_file_is_never_believed() -> None:
    """A log made anew under a key of its own, which it names in line 1."""
    forged = Log(SIZE, signer=NoteSigner(ORIGIN, key(6)))
    assert forged.signer.vkey in forged.range_lines()[0].decode()
    assert not LOG.verify(forged.range_lines()).good
    for vkeys in ([], [NoteSigner("witness.example", key(3), COSIGNATURE).vkey]):
        with pytest.raises(NoteBroken, match="give the public key of the log"):
            verify_export(BytesIO(joined(WHOLE)), vkeys)


def test_log_of_another_origin_under_the_same_key_is_found() -> None:
    other = Log(SIZE, origin="log.motlan.example/other", signer=LOG.signer)
    assert codes(LOG.verify(other.range_lines())) == {("origin", None)}


def test_export_of_a_key_change_verifies_under_either_key() -> None:
    following = NoteSigner(ORIGIN, key(2))
    text = Checkpoint(ORIGIN, SIZE, LOG.root()).text()
    lines = LOG.range_lines(checkpoint=LOG.checkpoint() + following.line(text))
    for vkeys in ([LOG.signer.vkey], [following.vkey], [LOG.signer.vkey, following.vkey]):
        assert verify_export(BytesIO(joined(lines)), vkeys).good


def test_witness_is_named_among_the_signers_and_counts_only_beside_the_log() -> None:
    witness = NoteSigner("witness.example", key(3), COSIGNATURE)
    text = Checkpoint(ORIGIN, SIZE, LOG.root()).text()
    lines = LOG.range_lines(checkpoint=LOG.checkpoint() + witness.line(text, 1_795_600_000))
    verdict = verify_export(BytesIO(joined(lines)), [LOG.signer.vkey, witness.vkey])
    assert verdict.signers == [ORIGIN, "witness.example"]
    foreign = NoteSigner(ORIGIN, key(5))
    assert not verify_export(BytesIO(joined(lines)), [foreign.vkey, witness.vkey]).good


def test_checkpoint_that_the_reader_brings_must_be_the_one_of_the_file() -> None:
    assert LOG.verify(WHOLE, checkpoint=LOG.checkpoint()).good
    for other in (LOG.checkpoint(599), LOG.signer.sign(Checkpoint(ORIGIN, SIZE, bytes(32)).text())):
        assert codes(LOG.verify(WHOLE, checkpoint=other)) == {("checkpoint", None)}


@pytest.mark.parametrize("name", ["checkpoint", "since"])
def test_note_that_says_nothing_is_a_finding(name: str) -> None:
    foreign = NoteSigner(ORIGIN, key(5)).sign(Checkpoint(ORIGIN, SIZE, LOG.root()).text())
    other = Log(SIZE, origin="log.motlan.example/other", signer=LOG.signer).checkpoint()
    for note in ("", "nothing", foreign, other, LOG.signer.sign("no checkpoint\n")):
        assert codes(LOG.verify(WHOLE, **{name: note})) == {(name, None)}


@pytest.mark.parametrize("old", [0, 1, 100, 255, 256, 257, 512, 599, 600])
def test_log_that_only_grew_is_shown_to_by_its_records_or_by_a_proof(old: int) -> None:
    kept = LOG.checkpoint(old)
    for lines in (WHOLE, LOG.range_lines(500, 510, consistency=LOG.growth(old))):
        verdict = LOG.verify(lines, since=kept)
        assert verdict.findings == []
        assert verdict.since == old


@pytest.mark.parametrize("old", [100, 101, 256, 519, 520])
def test_part_shows_growth_out_of_a_size_that_it_covers(old: int) -> None:
    assert LOG.verify(PART, since=LOG.checkpoint(old)).since == old


@pytest.mark.parametrize("old", [99, 521])
def test_file_that_cannot_show_growth_says_what_to_ask_for(old: int) -> None:
    verdict = LOG.verify(PART, since=LOG.checkpoint(old))
    assert codes(verdict) == {("since", None)}
    assert f"consistency proof from size {old}" in verdict.findings[0].what
    assert not verdict.accused
    said = report_lines(verdict)
    assert said[0].startswith(
        f"NOT SHOWN since: this file can neither show nor refute that the log of {old} records"
    )
    assert f"export --from {old}" in said[0]
    assert said[1].startswith("apart from that: 420 records, 100 to 519")
    assert "WRONG" not in "".join(said)
    assert LOG.verify(LOG.range_lines(old, 560), since=LOG.checkpoint(old)).since == old
    found = LOG.verify(FOUND, since=LOG.checkpoint(old))
    assert codes(found) == {("since", None)}
    assert not found.accused
    altered = [*PART[:3], PART[3].replace(b"answered", b"refused!"), *PART[4:]]
    both = LOG.verify(altered, since=LOG.checkpoint(old))
    assert both.accused
    assert {line.split()[0] for line in report_lines(both)} == {"WRONG", "NOT"}


def moment(number: int) -> str:
    return str(record(number)["time"])


@pytest.mark.parametrize(
    ("first", "end", "since", "until", "reached"),
    [
        (0, SIZE, moment(5), moment(9), (True, True)),
        (100, 200, moment(101), moment(199), (True, True)),
        (100, 200, moment(100), moment(200), (False, False)),
        (100, 200, moment(101), moment(200), (True, False)),
        (100, 200, moment(100), moment(199), (False, True)),
        (100, 200, "", moment(200), (True, False)),
        (100, 200, moment(100), "", (False, True)),
        (100, SIZE, moment(100), moment(SIZE + 5), (False, False)),
        (0, SIZE, moment(0), moment(SIZE + 5), (True, False)),
        (0, 200, moment(0), moment(200), (True, False)),
        (100, 100, moment(100), moment(101), (False, False)),
    ],
)
def test_export_of_a_span_of_time_says_what_it_shows_of_its_ends(
    first: int, end: int, since: str, until: str, reached: tuple[bool, bool]
) -> None:
    verdict = LOG.verify(LOG.range_lines(first, end, asked=(since, until)), strict=True)
    assert verdict.findings == []
    assert (verdict.asked, verdict.reached) == ((since, until), reached)
    said = "\n".join(report_lines(verdict))
    assert all(text in said for text in (since, until))
    assert (f"whether record {first - 1}, which stands before" in said) == (not reached[0])
    assert (f"whether record {end}, which follows" in said) == (not reached[1] and end < SIZE)
    assert ("nothing shows that the checkpoint is from after" in said) == (not reached[1] and end == SIZE)
    assert ("reaches both ends" in said) == all(reached)
    if first < end:
        assert (verdict.opening, verdict.closing) == (moment(first), moment(end - 1))


def test_export_without_a_span_claims_none_and_a_wrong_one_is_none() -> None:
    assert LOG.verify(PART).as_json()["asked"] == {"since": "", "until": ""}
    assert "asked for" not in "".join(report_lines(LOG.verify(PART)))
    for wrong in ("2026-11-25", "\x1b[2J", "2026-11-25T00:00:00Z"):
        assert codes(LOG.verify(LOG.range_lines(asked=(wrong, "")))) == {("file", None)}
    head = LOG.head(0, SIZE, asked=(moment(1), moment(2)))
    assert list(orjson.loads(head))[-3:] == ["since", "until", "created"]


def rewritten() -> Iterator[Log]:
    """Logs that the operator made anew, with his own key, after changing one record of yesterday."""
    for size in (SIZE, SIZE + 300):
        log = Log(size)
        log.leaves[42] = leaf_of({**record(42), "result": "refused"})
        log.hashes[42] = leaf_hash(log.leaves[42])
        yield log


def test_log_that_was_rewritten_and_signed_again_is_found_by_a_kept_checkpoint() -> None:
    for log in rewritten():
        assert log.verify(log.range_lines()).good
        for old in (43, 256, 500, SIZE):
            verdict = log.verify(log.range_lines(), since=LOG.checkpoint(old))
            assert codes(verdict) == {("since", None)}
            assert f"the first {old} records are not those" in verdict.findings[0].what
            assert not log.verify(
                log.range_lines(consistency=log.growth(old)), since=LOG.checkpoint(old)
            ).good
        assert log.verify(log.range_lines(), since=LOG.checkpoint(42)).since == 42


def test_log_that_was_rolled_back_is_found_by_a_kept_checkpoint() -> None:
    restored = Log(550)
    verdict = restored.verify(restored.range_lines(), since=LOG.checkpoint())
    assert codes(verdict) == {("since", 550)}
    assert "rolled back" in verdict.findings[0].what


def test_wrong_consistency_proof_is_found() -> None:
    proof = LOG.growth(256)[256]
    for wrong in ([], [bytes(32), *proof[1:]], [*proof, bytes(32)]):
        lines = LOG.range_lines(consistency={256: wrong})
        assert codes(LOG.verify(lines, since=LOG.checkpoint(256))) <= {("since", None)}
    assert not LOG.verify(LOG.range_lines(consistency={256: []}), since=LOG.checkpoint(256)).good


# ----------------------------------------------------------------------------------------- what records say


@pytest.mark.parametrize(
    ("leaf", "strict_only"),
    [
        (b"no JSON", False),
        (b"[]", False),
        (b"{}", False),
        (b'{"phase":"intent","time":"2026","v":2}', False),
        (b'{"phase":"intent","time":"2026","v":true}', False),
        (b'{"phase":5,"time":"2026","v":1}', False),
        (b'{"phase":"intent","time":NaN,"v":1}', False),
        (b'{"phase":"intent","time":"2026","v":1}', False),
        (b'{"exchange":["01K"],"phase":"intent","time":"2026","v":1}', False),
        (b'{"exchange":"01K","time":"2026","v":1}', False),
        (b'{"exchange":"01K","phase":"intent","v":1}', False),
        (b'no JSON","phase":"intent","procedure":"","time":"2026-11-25T08:00:00.000Z","v":1}', False),
        (leaf_of({name: value for name, value in record(1).items() if name != "exchange"}), False),
        (leaf_of({name: value for name, value in record(1).items() if name != "agency"})[1:], False),
        (b'{"v":1,"time":"2026","phase":"intent","exchange":"01K"}', True),
        (b'{"exchange":"01K","phase":"intent", "time":"2026","v":1}', True),
    ],
)
def test_leaf_that_is_no_record_is_said_to_be_none(leaf: bytes, strict_only: bool) -> None:
    """Its proof holds; it is the writer who did something else than the form says."""
    log = Log(3)
    log.leaves[1] = leaf
    log.hashes[1] = leaf_hash(leaf)
    assert codes(log.verify(log.range_lines(), strict=True)) == {("record", 1)}
    assert log.verify(log.range_lines()).good == strict_only
    assert log.verify(log.found(0, 1)).good == strict_only


def test_leaf_with_escapes_and_other_letters_verifies() -> None:
    log = Log(3)
    log.leaves[1] = leaf_of({**record(1), "notes": {"a": 'back\\slash "quote" \x00 \n tab\t ư 𝔸'}})
    log.hashes[1] = leaf_hash(log.leaves[1])
    for lines in (log.range_lines(), log.found(0, 1, 2)):
        assert log.verify(lines, strict=True).findings == []


def test_apt_finding_is_told_first() -> None:
    lines = LOG.range_lines()
    put_in = record_line(77, leaf_of(record(77) | {"requester": "nobody"}))
    swapped = [*lines[:78], lines[79], lines[78], *lines[80:]]
    assert LOG.verify([*lines[:78], put_in, *lines[78:]]).findings[0].code == "inserted"
    assert LOG.verify(swapped).findings[0].code == "moved"


def test_checkpoint_of_another_size_in_line_1_is_named() -> None:
    found = LOG.verify([LOG.head(100, 200, checkpoint=LOG.checkpoint(300)), *LOG.range_lines(100, 200)[1:]])
    assert "log of 300 records: the checkpoint was exchanged" in found.findings[0].what


def test_checkpoint_kept_under_the_former_key_names_the_key_that_is_missing() -> None:
    former = NoteSigner(LOG.origin, key(7))
    kept = former.sign(split_note(LOG.checkpoint(200))[0])
    found = LOG.verify(LOG.range_lines(), since=kept)
    assert (found.good, found.accused) == (False, False)
    assert f"it is signed by {former.vkey.rpartition('+')[0]}" in found.findings[0].what
    assert "give the former one too, --vkey" in found.findings[0].what
    assert LOG.verify(LOG.range_lines(), since=kept.replace("\n200\n", "\n201\n")).findings[0].code == "since"


def searched(**changes: object) -> list[bytes]:
    says = {
        "filters": ["subject", "since"],
        "skipped_periods": ["2024-08"],
        "archives": ["\x1b[2Jold.jsonl.gz"],
    }
    head = LOG.head(0, SIZE, edge=None, searched=says | changes)
    return [head, last_line(0, head)]


def test_search_result_says_what_it_was_for_and_where_it_could_not_look() -> None:
    verdict = LOG.verify(searched())
    assert (verdict.findings, verdict.as_json()["searched"]["filters"]) == ([], ["subject", "since"])
    said = "\n".join(report_lines(verdict))
    assert (
        "found by a search for subject, since\nnot searched by person, the keys were destroyed: 2024-08"
        in said
    )
    assert "older records are in: \\x1b[2Jold.jsonl.gz" in said
    wrongs: list[dict[str, Any]] = [{"filters": "subject"}, {"archives": [1]}, {"more": []}]
    for wrong in wrongs:
        assert codes(LOG.verify(searched(**wrong))) == {("file", None)}


# ------------------------------------------------------------------------------------ records that stand twice


def log_of(*numbers: int) -> Log:
    """A log whose records have these ids, whatever their places."""
    log = Log(0)
    log.leaves = [leaf_of(record(number)) for number in numbers]
    log.hashes = [leaf_hash(leaf) for leaf in log.leaves]
    log.node = node_over(log.hashes)
    return log


@pytest.mark.parametrize("strict", [False, True])
def test_record_that_stands_twice_in_the_tree_is_named_with_its_first_place(strict: bool) -> None:
    log = log_of(*range(300), 17, *range(300, 310), 299)
    verdict = log.verify(log.range_lines(), strict=strict)
    assert codes(verdict) == {("twice", 300), ("twice", 311)}
    assert str(verdict.findings[0]).startswith("line 303, record 300: the same record stands at 17")


@pytest.mark.parametrize("compressed", [False, True])
def test_copy_far_from_its_record_is_found_in_a_second_reading(
    compressed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.exchange_log.seen.REMEMBERED", 20)
    # 40 is late as well, and stands once
    log = log_of(*range(40), *range(41, 100), 3, 40, *range(100, 200), 3)
    file = joined(log.range_lines())
    verdict = verify_export(BytesIO(gzip.compress(file) if compressed else file), [log.signer.vkey])
    assert codes(verdict) == {("twice", 99), ("twice", 201)}
    assert verdict.wrong == 2
    assert all("stands at 3 already" in one.what for one in verdict.findings)


def test_pipe_cannot_be_read_again_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.exchange_log.seen.REMEMBERED", 20)
    log = log_of(*range(100), 3)
    read, write = os.pipe()
    with os.fdopen(write, "wb") as end:
        end.write(joined(log.range_lines()))
    with os.fdopen(read, "rb") as file:
        verdict = verify_export(file, [log.signer.vkey])
    assert (codes(verdict), verdict.accused) == ({("twice", None)}, False)


@given(st.permutations(range(60)), st.integers(0, 59), st.integers(0, 60), st.integers(1, 70))
def test_any_copy_is_found_wherever_it_stands(
    order: list[int], copied: int, place: int, remembered: int
) -> None:
    numbers = [*order[:place], copied, *order[place:]]
    log = log_of(*numbers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.exchange_log.seen.REMEMBERED", remembered)
        verdict = log.verify(log.range_lines())
        once = log_of(*order)
        assert once.verify(once.range_lines()).findings == []
    second = max(at for at, number in enumerate(numbers) if number == copied)
    assert codes(verdict) == {("twice", second)}


@pytest.mark.parametrize("edited", [b"", b"5", b"null", b'{"v":1}', b"not JSON"])
def test_edited_leaf_that_is_no_record_is_named_as_edited(edited: bytes) -> None:
    lines = LOG.range_lines()
    at = line_of(lines, 77)
    lines[at] = record_line(77, edited)
    verdict = LOG.verify(lines)
    assert codes(verdict) == {("changed", 77), ("root", None)}
    assert verdict.wrong == 2

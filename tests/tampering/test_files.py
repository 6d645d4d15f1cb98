"""T18, T19 in the file: whatever somebody does to an export on its way is told, with its place (promise P5)."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.cli.verify import verify_log
from gateway.exchange_log.note import Checkpoint, NoteSigner
from tests.exchange_log.alone import verdicts
from tests.tampering.conftest import Evidence, Verify, size_of, words_for

#: a record in the second tile's neighbourhood and not the first of anything
PLACE = 77
LINE = PLACE + 1
HERE = f"line {LINE + 1}, record {PLACE}:"
Lines = list[bytes]


def lines_of(export: bytes) -> Lines:
    return export.split(b"\n")[:-1]


def joined(lines: Lines) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def head_with(lines: Lines, **members: Any) -> Lines:
    return [orjson.dumps(orjson.loads(lines[0]) | members), *lines[1:]]


def one_byte(lines: Lines) -> Lines:
    line = lines[LINE]
    at = line.index(b"civil_registration")
    return [*lines[:LINE], line[:at] + b"C" + line[at + 1 :], *lines[LINE + 1 :]]


def instead(lines: Lines, line: bytes) -> Lines:
    return [*lines[:LINE], line, *lines[LINE + 1 :]]


def swapped(lines: Lines) -> Lines:
    return [*lines[:LINE], lines[LINE + 1], lines[LINE], *lines[LINE + 2 :]]


def renumbered(lines: Lines, place: int, number: object) -> Lines:
    members = orjson.loads(lines[place + 1])
    return [*lines[: place + 1], orjson.dumps({**members, "i": number}), *lines[place + 2 :]]


def reencoded_leaf(lines: Lines) -> Lines:
    members = orjson.loads(lines[LINE])
    leaf = orjson.loads(members["leaf"])
    other = orjson.dumps(dict(reversed(leaf.items()))).decode()
    return [*lines[:LINE], orjson.dumps({**members, "leaf": other}), *lines[LINE + 1 :]]


def spaced_leaf(lines: Lines) -> Lines:
    members = orjson.loads(lines[LINE])
    other = members["leaf"].replace('":', '": ', 1)
    return [*lines[:LINE], orjson.dumps({**members, "leaf": other}), *lines[LINE + 1 :]]


def escaped_line(lines: Lines) -> Lines:
    return [*lines[:LINE], lines[LINE].replace(b"civil", b"\\u0063ivil", 1), *lines[LINE + 1 :]]


def other_hash(lines: Lines) -> Lines:
    at = next(place for place, line in enumerate(lines) if line.startswith(b'{"t":0,'))
    members = orjson.loads(lines[at])
    hashes = members["hashes"]
    mended = hashes[: PLACE * 64] + "0" * 64 + hashes[PLACE * 64 + 64 :]
    return [*lines[:at], orjson.dumps({**members, "hashes": mended}), *lines[at + 1 :]]


def without_hashes(lines: Lines) -> Lines:
    return [line for line in lines if not line.startswith(b'{"t":0,')]


def forged(lines: Lines) -> Lines:
    """A record that the log never had, under the number of the one that it takes the place of."""
    leaf = orjson.loads(orjson.loads(lines[LINE])["leaf"]) | {"requester": "nobody"}
    line = orjson.dumps({"i": PLACE, "leaf": orjson.dumps(leaf, option=orjson.OPT_SORT_KEYS).decode()})
    return [*lines[:LINE], line, *lines[LINE:]]


WHOLE: dict[str, tuple[Callable[[Lines], Lines | bytes], str]] = {
    "one byte": (one_byte, f"WRONG changed: {HERE}"),
    "removed": (lambda x: x[:LINE] + x[LINE + 1 :], f"record {PLACE}: records {PLACE} to {PLACE} are missing"),
    "removed, three": (lambda x: x[:LINE] + x[LINE + 3 :], f"{PLACE}: records {PLACE} to {PLACE + 2} are missing"),
    "removed, all": (lambda x: [x[0], x[-1]], "line 2, record 0: records 0 to"),
    "inserted": (forged, f"record {PLACE}: record {PLACE} stands here out of order, or again"),
    "twice": (lambda x: x[: LINE + 1] + x[LINE:], f"line {LINE + 2}, record {PLACE}: record {PLACE} stands"),
    "swapped": (swapped, f"record {PLACE}"),
    "moved to the end": (lambda x: [*x[:LINE], *x[LINE + 1 : -1], x[LINE], x[-1]], f"record {PLACE}"),
    "swapped, with numbers": (
        lambda x: renumbered(renumbered(swapped(x), PLACE, PLACE), PLACE + 1, PLACE + 1),
        f"WRONG moved: {HERE}",
    ),
    "leaf in other order": (reencoded_leaf, f"WRONG changed: {HERE}"),
    "leaf with a space": (spaced_leaf, f"WRONG changed: {HERE}"),
    "line with escapes": (escaped_line, f"{HERE} the line is not written as"),
    "line with spaces": (lambda x: instead(x, x[LINE].replace(b":", b": ", 1)), HERE),
    "number as text": (lambda x: renumbered(x, PLACE, str(PLACE)), HERE),
    "number with a point": (lambda x: renumbered(x, PLACE, float(PLACE)), HERE),
    "number below zero": (lambda x: renumbered(x, PLACE, -1), f"line {LINE + 1}, record -1:"),
    "number without end": (
        lambda x: instead(x, x[LINE].replace(b"77", b"7" * 6000, 1)), HERE,
    ),
    "leaf as number": (lambda x: instead(x, b'{"i":77,"leaf":77}'), HERE),
    "further member": (
        lambda x: instead(x, x[LINE][:-1] + b',"x":1}'), HERE,
    ),
    "no UTF-8": (lambda x: instead(x, x[LINE].replace(b"civil", b"\xff", 1)), HERE),
    "deep": (lambda x: instead(x, b"[" * 100_000), HERE),
    "endless line": (lambda x: instead(x, b"x" * (1 << 24)), f"line {LINE + 1}: the line has no end"),
    "hash of the tile": (other_hash, f"record {PLACE}: the line of hashes has another hash for this record"),
    "hashes removed": (without_hashes, "line 303: these are not the hashes that belong here"),
    "tail cut": (lambda x: x[:-20], "the last line is missing: the file was cut off"),
    "cut in a line": (lambda x: joined(x)[:-1000], "the line has no end: the file was cut off"),
    "no newline at the end": (lambda x: joined(x)[:-1], "the line has no end"),
    "head cut": (lambda x: x[1:], "line 1: line 1 is not that of an export"),
    "first records cut": (lambda x: [x[0], *x[11:]], "line 2, record 0: records 0 to 9 are missing"),
    "first records cut, and told": (lambda x: head_with([x[0], *x[11:]], **{"from": 10}), "line 1: the edge"),
    "other end": (lambda x: head_with(x, to=280), "line 1"),
    "end beyond the log": (lambda x: head_with(x, to=10_000), "line 1: from and to do not lie within"),
    "end as text": (lambda x: head_with(x, to="300"), "line 1"),
    "other origin": (lambda x: head_with(x, origin="log.example/other"), "WRONG origin: line 1:"),
    "other time": (lambda x: head_with(x, created="2020-01-01T00:00:00.000Z"), "WRONG head: line 1:"),
    "edge that is not asked for": (
        lambda x: head_with(x, edge={"start": ["00" * 32], "end": []}), "WRONG file: line 1: the edge",
    ),
    "count": (lambda x: [*x[:-1], x[-1].replace(b'"count":3', b'"count":4')], "the last line counts"),
    "garbage behind": (lambda x: joined(x) + b"garbage\n", "something follows after the last line"),
    "newline behind": (lambda x: joined(x) + b"\n", "something follows after the last line"),
    "twice in one file": (lambda x: joined(x) * 2, "something follows after the last line"),
    "compressed and cut": (lambda x: gzip.compress(joined(x))[:-30], "the compressed file is damaged or was cut off"),
    "byte order mark": (lambda x: b"\xef\xbb\xbf" + joined(x), "line 1: line 1 is not that of an export"),
    "other line ends": (lambda x: joined(x).replace(b"\n", b"\r\n"), "line 2, record 0:"),
    "UTF-16": (lambda x: joined(x).decode().encode("utf-16"), "line 1"),
    "empty": (lambda _: b"", "line 1"),
    "zeros": (lambda x: bytes(len(joined(x))), "line 1"),
}  # fmt: skip


def test_exports_are_good_as_they_were_made(evidence: Evidence, verify: Verify) -> None:
    told = verify(evidence.export, since=evidence.yesterday, checkpoint=evidence.today)
    assert (told.code, f"GOOD: all {evidence.size} records" in told.text) == (0, True)
    assert f"grown out of the log of {size_of(evidence.yesterday)} records" in told.text
    told = verify(evidence.range_lines)
    assert (told.code, "GOOD: 180 records, 100 to 279" in told.text) == (0, True)
    assert verify(evidence.found).code == 0


def altered_whole(variant: str, evidence: Evidence) -> bytes:
    altered = WHOLE[variant][0](lines_of(evidence.export))
    return altered if isinstance(altered, bytes) else joined(altered)


@pytest.mark.parametrize("variant", WHOLE)
def test_altered_export_is_told_with_its_place(variant: str, evidence: Evidence, verify: Verify) -> None:
    told = WHOLE[variant][1]
    export = altered_whole(variant, evidence)
    assert export != evidence.export
    found = verify(export)
    assert (found.code, found.text.startswith("WRONG ")) == (1, True)
    assert told in found.text, found.text


def stranger() -> NoteSigner:
    return NoteSigner("log.example/stranger", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def signed_by_another(evidence: Evidence) -> str:
    """The true head under a foreign key."""
    return stranger().sign(evidence.today.partition("\n\n")[0] + "\n")


def foreign_log(_: Evidence) -> str:
    return stranger().sign(Checkpoint("log.example/stranger", 300, bytes(32)).text())


def other_root(evidence: Evidence) -> str:
    lines = evidence.today.split("\n")
    return "\n".join([*lines[:2], "A" * 43 + "=", *lines[3:]])


NOTES: dict[str, tuple[Callable[[Evidence], str], str]] = {
    "yesterday's": (lambda one: one.yesterday, "line 1: from and to do not lie within the log"),
    "by a foreign key": (signed_by_another, "WRONG signature: line 1:"),
    "of another log": (foreign_log, "WRONG"),
    "with another root": (other_root, "WRONG signature: line 1:"),
    "without a signature": (lambda one: one.today.partition("\n\n")[0] + "\n\n", "line 1 cannot be read"),
    "with another size": (lambda one: one.today.replace(f"\n{one.size}\n", f"\n{one.size + 1}\n"), "line 1"),
}  # fmt: skip


def under_note(variant: str, evidence: Evidence) -> bytes:
    return joined(head_with(lines_of(evidence.export), checkpoint=NOTES[variant][0](evidence)))


@pytest.mark.parametrize("variant", NOTES)
def test_export_under_another_checkpoint_is_told(variant: str, evidence: Evidence, verify: Verify) -> None:
    told = NOTES[variant][1]
    found = verify(under_note(variant, evidence))
    assert (found.code, told in found.text) == (1, True), found.text


def test_checkpoints_that_the_auditor_brings_are_held_against_the_file(
    evidence: Evidence, verify: Verify
) -> None:
    for name, note, told in (
        ("checkpoint", evidence.yesterday, "made for another checkpoint than the one that you gave"),
        ("checkpoint", foreign_log(evidence), "cannot be used"),
        ("checkpoint", "nothing", "cannot be used"),
        ("since", foreign_log(evidence), "cannot be used"),
        ("since", other_root(evidence), "cannot be used"),
        ("since", evidence.today.replace("\n", "\r\n"), "cannot be used"),
    ):
        found = verify(evidence.export, **{name: note})
        assert (found.code, told in found.text) == (1, True), found.text


def test_key_of_another_log_verifies_nothing(evidence: Evidence, verify: Verify) -> None:
    found = verify(evidence.export, vkey=stranger().vkey)
    assert (found.code, "WRONG signature: line 1:" in found.text) == (1, True)


RANGE: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "edge left": (lambda x: head_with(x, edge=_edge(x, "start", 0, "00" * 32)), "the edge, the range or"),
    "edge right": (lambda x: head_with(x, edge=_edge(x, "end", 0, "00" * 32)), "the edge, the range or"),
    "edge shorter": (lambda x: head_with(x, edge={"start": [], "end": []}), "line 1: the edge"),
    "edge of text": (lambda x: head_with(x, edge={"start": "0", "end": []}), "line 1"),
    "edge of half hashes": (lambda x: head_with(x, edge=_edge(x, "start", 0, "00")), "line 1"),
    "record": (lambda x: [*x[:11], x[11].replace(b"portal", b"p0rtal", 1), *x[12:]], "line 12, record 110:"),
    "told to lie elsewhere": (lambda x: head_with(x, **{"from": 101, "to": 281}), "line 1: the edge"),
    "told to be shorter": (lambda x: head_with(x, to=279), "line 1: the edge"),
}  # fmt: skip


def _edge(lines: Lines, side: str, place: int, value: str) -> dict[str, Any]:
    edge: dict[str, Any] = orjson.loads(lines[0])["edge"]
    edge[side][place] = value
    return edge


def altered_range(variant: str, evidence: Evidence) -> bytes:
    return joined(RANGE[variant][0](lines_of(evidence.range_lines)))


@pytest.mark.parametrize("variant", RANGE)
def test_altered_range_is_told(variant: str, evidence: Evidence, verify: Verify) -> None:
    told = RANGE[variant][1]
    found = verify(altered_range(variant, evidence))
    assert (found.code, told in found.text) == (1, True), found.text


def _proof(line: bytes, change: Callable[[list[str]], object]) -> bytes:
    members = orjson.loads(line)
    return orjson.dumps({**members, "proof": change(members["proof"])})


FOUND: dict[str, Callable[[bytes], bytes]] = {
    "record": lambda line: line.replace(b"portal", b"p0rtal", 1),
    "number": lambda line: orjson.dumps(orjson.loads(line) | {"i": orjson.loads(line)["i"] + 1}),
    "proof edited": lambda line: _proof(line, lambda proof: ["00" * 32, *proof[1:]]),
    "proof shorter": lambda line: _proof(line, lambda proof: proof[1:]),
    "proof longer": lambda line: _proof(line, lambda proof: [*proof, "00" * 32]),
    "proof in other order": lambda line: _proof(line, lambda proof: proof[::-1]),
    "proof of text": lambda line: _proof(line, lambda _: "0"),
    "proof of numbers": lambda line: _proof(line, lambda _: [0]),
    "proof in capitals": lambda line: _proof(line, lambda proof: [one.upper() for one in proof]),
    "no proof": lambda line: orjson.dumps({k: v for k, v in orjson.loads(line).items() if k != "proof"}),
    "number as text": lambda line: orjson.dumps(orjson.loads(line) | {"i": "5"}),
}


def altered_result(variant: str, evidence: Evidence) -> bytes:
    lines = lines_of(evidence.found)
    return joined([*lines[:40], FOUND[variant](lines[40]), *lines[41:]])


@pytest.mark.parametrize("variant", FOUND)
def test_altered_search_result_is_told(variant: str, evidence: Evidence, verify: Verify) -> None:
    found = verify(altered_result(variant, evidence))
    assert (found.code, "WRONG " in found.text, "line 41" in found.text) == (1, True, True), found.text


def test_search_result_with_fewer_or_repeated_lines_is_told(evidence: Evidence, verify: Verify) -> None:
    lines = lines_of(evidence.found)
    for altered, told in (
        ([*lines[:40], *lines[41:]], "the last line counts"),
        ([*lines[:41], *lines[40:]], "out of order, or again"),
        ([*lines[:40], lines[41], lines[40], *lines[42:]], "out of order, or again"),
        (lines[:-1], "the last line is missing"),
    ):
        found = verify(joined(altered))
        assert (found.code, told in found.text) == (1, True), found.text


def test_verifier_as_one_file_says_the_same_of_every_file(evidence: Evidence, tmp_path: Path) -> None:
    exports = {f"whole {name}": altered_whole(name, evidence) for name in WHOLE}
    exports |= {f"note {name}": under_note(name, evidence) for name in NOTES}
    exports |= {f"range {name}": altered_range(name, evidence) for name in RANGE}
    exports |= {f"found {name}": altered_result(name, evidence) for name in FOUND}
    exports |= {"whole": evidence.export, "range": evidence.range_lines, "found": evidence.found}
    calls = [words_for(tmp_path / str(n), one, evidence.vkey) for n, one in enumerate(exports.values())]
    kept = {"since": evidence.yesterday, "checkpoint": evidence.today}
    calls.append(words_for(tmp_path / "kept", evidence.export, evidence.vkey, **kept))
    calls.append(words_for(tmp_path / "strange", evidence.export, stranger().vkey, **kept))
    theirs = verdicts(evidence.verifier, calls)
    ours = [CliRunner().invoke(verify_log, words, standalone_mode=False) for words in calls]
    assert len(calls) > 70
    differ = [(words[0], one, our.output) for words, one, our in zip(calls, theirs, ours, strict=True)
              if (our.return_value, our.output, "") != one]  # fmt: skip
    assert differ == []

"""Files that were made to mislead a verifier or its reader: a verdict always, the same by both, in little memory."""

import gzip
import json
import tracemalloc
from io import BytesIO
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from gateway.cli.verify import verify_log
from gateway.exchange_log.export import last_line
from gateway.exchange_log.merkle import leaf_hash
from gateway.exchange_log.note import COSIGNATURE, NoteSigner
from gateway.exchange_log.report import report_lines
from gateway.exchange_log.standalone import standalone
from gateway.exchange_log.verdict import MOST_PHASES, Verdict
from gateway.exchange_log.verify import LONGEST_LINE, MOST_SURPLUS, verify_export
from tests.exchange_log.alone import verdicts
from tests.exchange_log.sample import Log, joined, key

LOG = Log(3)
WITNESS = NoteSigner("inspectorate.example/witness", key(5), COSIGNATURE)
TIME = '"time":"2026-11-25T00:00:00.000Z","v":1}'
START = '{"agency":"","exchange":"01KA0000000000000000000000","fields":{},'
ESCAPE = "\x1b[2J\x1b[HGOOD"
#: memory beyond what the file itself takes
MEMORY = 64 << 20


def with_leaf(leaf: str | bytes) -> list[bytes]:
    """A log that has, signed and with all its proofs, this leaf between two others."""
    log = Log(3)
    log.leaves[1] = leaf if isinstance(leaf, bytes) else leaf.encode()
    log.hashes[1] = leaf_hash(log.leaves[1])
    return log.range_lines()


def with_head(head: bytes) -> list[bytes]:
    lines = LOG.range_lines()
    return [head, *lines[1:-1], last_line(3, head)]


def renamed(old: bytes, new: bytes) -> list[bytes]:
    head = LOG.range_lines()[0]
    assert old in head
    return with_head(head.replace(old, new))


def witnessed(seconds: int) -> list[bytes]:
    note = LOG.checkpoint()
    return LOG.range_lines(checkpoint=note + WITNESS.line(note.partition("\n\n")[0] + "\n", seconds))


def of_phase(phase: str) -> list[bytes]:
    return with_leaf(f'{START}"phase":"{phase}","procedure":"",{TIME}')


#: file, and whether it is good: loosely and strictly
FILES: dict[str, tuple[list[bytes], bool, bool]] = {
    "plain": (LOG.range_lines(), True, True),
    "400 deep": (with_leaf(f'{START}"g":{"[" * 400}{"]" * 400},"phase":"intent","procedure":"",{TIME}'), False, False),
    "65 deep": (with_leaf(f'{START}"g":{"[" * 65}{"]" * 65},"phase":"intent","procedure":"",{TIME}'), False, False),
    "60 deep": (with_leaf(f'{START}"g":{"[" * 60}{"]" * 60},"phase":"intent","procedure":"",{TIME}'), True, True),
    "integer of 65 bits": (with_leaf(f'{START}"g":{1 << 64},"phase":"intent","procedure":"",{TIME}'), False, False),
    "endless integer": (with_leaf(f'{START}"g":{"9" * 5000},"phase":"intent","procedure":"",{TIME}'), False, False),
    "endless number": (with_leaf(f'{START}"g":1e999,"phase":"intent","procedure":"",{TIME}'), True, False),
    "key twice": (with_leaf(f'{START}"g":1,"g":1,"phase":"intent","procedure":"",{TIME}'), True, False),
    "half a letter": (with_leaf(f'{START}"g":"\\ud800","phase":"intent","procedure":"",{TIME}'), True, False),
    "half a letter as phase": (of_phase("\\ud800"), False, False),
    "phase that is no word": (of_phase("\\u001b[8m"), False, False),
    "record of another form": (
        with_leaf(f'{START}"phase":"intent","procedure":"",{TIME}'.replace('"v":1', '"v":2')), False, False
    ),
    "true for the form of a record": (
        with_leaf(f'{START}"phase":"intent","procedure":"",{TIME}'.replace('"v":1', '"v":true')), False, False
    ),
    "phase without end": (of_phase("a" * 100_000), False, False),
    "time that is none": (
        with_leaf(START + '"phase":"intent","procedure":"","time":"\x1b[2J\x1b[1;1HGOOD: all 9 r","v":1}'), False, False
    ),
    "half a letter as origin": (renamed(b'"origin":"log.', b'"origin":"\\ud800'), False, False),
    "escapes as origin": (renamed(b'"origin":"log.', b'"origin":"\\u001b[2J\\u009b\\u202e\\n'), False, False),
    "no text as origin": (renamed(b'"origin":"log.motlan.example/main"', b'"origin":5'), False, False),
    "true for 1": (renamed(b'"motlan_export":1', b'"motlan_export":true'), False, False),
    "space in line 1": (renamed(b'"from":0', b'"from": 0'), False, False),
    "key twice in line 1": (renamed(b'"from":0', b'"from":2,"from":0'), False, False),
    "other order in line 1": (renamed(b'"from":0,"to":3', b'"to":3,"from":0'), False, False),
    "further key in line 1": (renamed(b'"from":0', b'"x":1,"from":0'), False, False),
    "fraction in line 1": (renamed(b'"from":0', b'"from":0.0'), False, False),
    "count that is text": (
        [*LOG.range_lines()[:-1], LOG.range_lines()[-1].replace(b":3,", b':"\\u001b[2J",')], False, False
    ),
    "time of a witness beyond all calendars": (witnessed(10**14), True, True),
    "largest time of a witness": (witnessed((1 << 64) - 1), True, True),
}  # fmt: skip


def words_of(name: str, path: Path) -> list[list[str | Path]]:
    """How the file is verified: loosely, strictly, strictly as JSON."""
    words: list[str | Path] = [
        path,
        "--vkey",
        LOG.signer.vkey,
        *(["--witness", WITNESS.vkey] if "witness" in name else []),
    ]
    return [words, [*words, "--strict"], [*words, "--strict", "--json"]]


def test_both_verifiers_give_the_same_verdict_always(tmp_path: Path) -> None:
    calls = []
    for number, (name, (lines, _, _)) in enumerate(FILES.items()):
        path = tmp_path / f"{number}.jsonl"
        path.write_bytes(joined(lines))
        calls += words_of(name, path)
    verifier = tmp_path / "verifier.py"
    verifier.write_text(standalone("1.2.3", verifier.name), "utf-8")
    theirs = verdicts(verifier, calls)
    ours = [CliRunner().invoke(verify_log, list(map(str, words)), standalone_mode=False) for words in calls]
    wrong: list[tuple[str, str, str, str]] = []
    for place, (name, (_, loosely, strictly)) in enumerate(FILES.items()):
        for (code, text, err), our, good in zip(
            theirs[3 * place :][:2], ours[3 * place :][:2], (loosely, strictly), strict=True
        ):
            is_shown = all(letter.isprintable() for letter in text.replace("\n", ""))
            begins = text.startswith("GOOD" if good else "WRONG")
            if (our.return_value, our.output, err, code, is_shown, begins) != (
                code,
                text,
                "",
                int(not good),
                True,
                True,
            ):
                wrong.append((name, str(good), text, our.output))
        if json.loads(theirs[3 * place + 2].out) != json.loads(ours[3 * place + 2].stdout):
            wrong.append((name, "json", theirs[3 * place + 2].out, ours[3 * place + 2].stdout))
    assert wrong == []


def test_what_the_file_says_is_shown_as_text() -> None:
    verdict = LOG.verify(renamed(b'"origin":"log.', orjson.dumps({"origin": ESCAPE})[1:-2]))
    text = "\n".join(report_lines(verdict))
    assert "\\x1b[2J\\x1b[HGOOD" in text
    assert "\x1b" not in text
    verdict.add("x", "a" * 100_000)
    assert max(map(len, report_lines(verdict))) < 2_000
    good = Verdict()
    good.origin = "a\u202eb\u009bc\ud800 Xã"
    assert report_lines(good)[0] == "GOOD: all 0 records of the log a\\u202eb\\x9bc\\ud800 Xã"


def test_different_phases_that_are_counted_apart_are_few() -> None:
    log = Log(100)
    for number in range(100):
        word = "".join(chr(97 + int(digit)) for digit in str(number))
        log.leaves[number] = f'{START}"phase":"{word}","procedure":"",{TIME}'.encode()
        log.hashes[number] = leaf_hash(log.leaves[number])
    verdict = log.verify(log.range_lines())
    assert verdict.good
    assert len(verdict.phases) == MOST_PHASES + 1
    assert sum(verdict.phases.values()) == 100


@pytest.mark.parametrize(
    "line",
    [
        b"[" + b"[]," * (LONGEST_LINE // 3 - 9) + b"[]]",
        b"[" + b"[]," * (1 << 22) + b"[]]",
        b'{"i":0,"leaf":"' + b"a" * (LONGEST_LINE - 99) + b'"}',
    ],
    ids=["lists", "more lists", "letters"],
)
@pytest.mark.parametrize("place", [0, 1])
def test_memory_for_one_line_is_bounded(line: bytes, place: int) -> None:
    lines = LOG.range_lines()
    lines[place] = line
    file = BytesIO(joined(lines))
    tracemalloc.start()
    try:
        assert not verify_export(file, [LOG.signer.vkey], strict=True).good
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("line", [b"", b'{"i":0,"leaf":"{}"}', b'{"t":0,"hashes":""}'])
@pytest.mark.parametrize("lines", [LOG.range_lines(), LOG.found(0, 1)], ids=["stretch", "found"])
def test_file_that_goes_on_beyond_its_range_is_not_read_on(lines: list[bytes], line: bytes) -> None:
    heard: list[int] = []
    packed = gzip.compress(joined([*lines[:-1], *[line] * 200_000, lines[-1]]))
    file = BytesIO(packed)
    verdict = verify_export(file, [LOG.signer.vkey], progress=heard.append)
    stops = [one for one in verdict.findings if "far beyond its range" in one.what]
    assert [one.code for one in stops] == ["file"]
    assert stops[0].line is not None
    assert stops[0].line < MOST_SURPLUS + 10
    assert sum(heard) < 100_000

"""The verifier as one file: it runs where nothing of the project and nothing but `cryptography` can be imported."""

import ast
import json
import sys
from pathlib import Path

import pytest

from gateway.exchange_log.standalone import MODULES, standalone
from tests.exchange_log.alone import Verdict, verdicts
from tests.exchange_log.sample import Log, joined

LOG = Log(300)
NAME = "verify_motlan_log.py"


@pytest.fixture(name="verifier")
def _verifier(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    path.write_text(standalone("1.2.3", NAME), "utf-8")
    return path


def run(verifier: Path, lines: list[bytes], *options: str, vkey: str = "") -> Verdict:
    """In a fresh interpreter, isolated, in a folder with nothing else in it."""
    (verifier.parent / "day.jsonl").write_bytes(joined(lines))
    [verdict] = verdicts(verifier, [["day.jsonl", "--vkey", vkey or LOG.signer.vkey, *options]])
    return verdict


def test_standalone_says_that_a_good_export_is_good(verifier: Path) -> None:
    done = run(verifier, LOG.range_lines(), "--strict")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"GOOD: all 300 records of the log {LOG.origin}\n")
    assert "150 intent, 150 outcome" in done.out


def test_standalone_finds_the_same_as_the_product(verifier: Path) -> None:
    for lines in (LOG.range_lines(), LOG.range_lines(20, 270), LOG.found(1, 5, 299)):
        lines[2] = lines[2].replace(b"answered", b"refused!")
        done = run(verifier, lines, "--json", "--strict")
        expected = LOG.verify(lines, strict=True)
        assert json.loads(done.out) == expected.as_json()
        assert done.code == int(not expected.good)


def test_standalone_takes_an_older_checkpoint(verifier: Path) -> None:
    (verifier.parent / "old").write_text(LOG.checkpoint(200), "utf-8")
    (verifier.parent / "now").write_text(LOG.checkpoint(), "utf-8")
    done = run(verifier, LOG.range_lines(), "--since", "old", "--checkpoint", "now")
    assert done.code == 0
    assert "grown out of the log of 200 records" in done.out
    assert run(verifier, LOG.range_lines(), "--checkpoint", "old").code == 1


def test_standalone_names_the_wrong_record(verifier: Path) -> None:
    lines = LOG.range_lines()
    lines[45] = lines[45].replace(b"answered", b"refused!")
    done = run(verifier, lines)
    assert done.code == 1
    assert "WRONG changed: line 46, record 44:" in done.out


@pytest.mark.parametrize(
    ("options", "vkey"), [((), "no key"), (("--since", "nowhere"), ""), (("--what",), "")]
)
def test_standalone_refuses_a_wrong_call(verifier: Path, options: tuple[str, ...], vkey: str) -> None:
    done = run(verifier, LOG.range_lines(), *options, vkey=vkey)
    assert done.code == 2
    assert done.err.startswith("usage: ")


def test_standalone_is_not_upset_by_what_is_no_record(verifier: Path) -> None:
    calls: list[list[str | Path]] = []
    for depth in (900, 100_000):
        deep = b"[" * depth + b"]" * depth
        leaf = b'{"i":0,"leaf":"%s"}' % deep
        for line in (deep, leaf, b'{"i":NaN,"leaf":""}', b'{"i":0,"leaf":"\\ud800"}', b"\xff", b""):
            lines = LOG.range_lines()
            lines[1] = line
            path = verifier.parent / f"{len(calls)}.jsonl"
            path.write_bytes(joined(lines))
            calls.append([path, "--vkey", LOG.signer.vkey, "--strict", "--json"])
    for done in verdicts(verifier, calls):
        assert (done.code, done.err) == (1, "")
        assert {found["line"] for found in json.loads(done.out)["findings"]} == {2, None}


def test_standalone_tells_what_it_is(verifier: Path) -> None:
    text = verifier.read_text("utf-8")
    report_lines = ast.get_docstring(ast.parse(text)) or ""
    assert "motlan 1.2.3" in report_lines
    assert "merkle.py" in report_lines
    assert NAME in report_lines
    imported = {
        (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert "gateway" not in imported
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}


def test_parts_of_the_verifier_import_nothing_of_the_gateway_but_one_another() -> None:
    names = {module.__name__ for module in MODULES}
    for module in MODULES:
        tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
        own = {
            str(node.module)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("gateway")
        }
        assert own <= names

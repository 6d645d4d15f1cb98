"""`--witness`: an export counts only when these witnesses have signed its checkpoint too."""

import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.exchange_log.note import COSIGNATURE, NoteBroken, NoteSigner
from gateway.exchange_log.standalone import standalone
from gateway.exchange_log.verdict import Verdict
from tests.exchange_log.sample import Log, joined, key
from tests.exchange_log.test_cli_log import run

LOG = Log(40)
WITNESS = NoteSigner("inspectorate.example/witness", key(5), COSIGNATURE)
OTHER = NoteSigner("press.example/witness", key(6), COSIGNATURE)
NOW = 1_795_000_000


def export(*lines: str, **changes: Any) -> list[bytes]:
    return LOG.range_lines(checkpoint=LOG.checkpoint() + "".join(lines), **changes)


def line(signer: NoteSigner = WITNESS, size: int | None = None, seconds: int = NOW) -> str:
    return signer.line(LOG.checkpoint(size).partition("\n\n")[0] + "\n", seconds)


def verdict(lines: list[bytes], *signers: NoteSigner) -> Verdict:
    return LOG.verify(lines, witnesses=[one.vkey for one in signers])


def codes(found: Verdict) -> list[str]:
    return [finding.code for finding in found.findings]


def test_witness_that_signed_is_named_with_the_time() -> None:
    found = verdict(export(line(), line(OTHER)), WITNESS, OTHER)
    assert (found.good, found.witnesses) == (True, {WITNESS_NAME: NOW, "press.example/witness": NOW})
    assert verdict(export(line(), line(seconds=NOW + 9)), WITNESS).witnesses == {WITNESS_NAME: NOW + 9}
    assert verdict(export(line())).good


@pytest.mark.parametrize(("seconds", "reached"), [(0, True), (-1, False)])
def test_witness_after_the_span_shows_that_the_log_ended_there(seconds: int, reached: bool) -> None:
    until = "2026-11-26T00:00:00.000Z"
    signed = line(seconds=int(datetime.fromisoformat(until).timestamp()) + seconds)
    found = verdict(export(signed, asked=("2026-11-25T00:00:00.000Z", until)), WITNESS)
    assert (found.good, found.reached) == (True, (True, reached))


WITNESS_NAME = "inspectorate.example/witness"


@pytest.mark.parametrize(
    "lines",
    [(), (line(OTHER),), (line(size=39),), (line(NoteSigner(WITNESS_NAME, key(7), COSIGNATURE)),)],
    ids=["none", "another witness", "another checkpoint", "another key of that name"],
)
def test_witness_that_did_not_sign_this_checkpoint_is_missed(lines: tuple[str, ...]) -> None:
    found = verdict(export(*lines), WITNESS)
    assert (found.good, codes(found)) == (False, ["witness"])
    assert WITNESS_NAME in found.findings[0].what


def test_rewritten_log_has_no_signature_of_the_witness() -> None:
    """The operator signs another log with the true key and keeps the old cosignature."""
    other = Log(40)
    other.leaves[3] = other.leaves[4]
    rewritten = Log(39)
    lines = rewritten.range_lines(checkpoint=rewritten.checkpoint() + line())
    assert codes(verdict(lines, WITNESS)) == ["witness"]


def test_key_of_the_wrong_kind_is_refused() -> None:
    for vkey in (LOG.signer.vkey, "nonsense"):
        with pytest.raises(NoteBroken):
            LOG.verify(export(line()), witnesses=[vkey])


def test_commands_demand_the_witness(tmp_path: Path) -> None:
    (tmp_path / "verifier.py").write_text(standalone("1.2.3", "verifier.py"), "utf-8")
    file = tmp_path / "day.jsonl"
    file.write_bytes(joined(export(line())))
    words = ("--vkey", LOG.signer.vkey, "--witness", WITNESS.vkey)
    done = run(file, *words)
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW))
    assert (done.returncode, f"witnessed by {WITNESS_NAME} on {when}" in done.stdout.decode()) == (0, True)
    alone = [sys.executable, "-I", str(tmp_path / "verifier.py"), str(file), *words]
    assert subprocess.run(alone, check=False, capture_output=True).stdout == done.stdout  # noqa: S603
    file.write_bytes(joined(export()))
    assert b"WRONG witness: line 1: the witness inspectorate" in run(file, *words).stderr
    assert subprocess.run(alone, check=False, capture_output=True).returncode == 1  # noqa: S603
    wrong = run(file, "--vkey", LOG.signer.vkey, "--witness", LOG.signer.vkey)
    assert (wrong.returncode, b"--vkey or --witness: this is the key of a log" in wrong.stderr) == (2, True)

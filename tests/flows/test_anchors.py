"""The log anchored outside, at the real door: stamps, cosignatures and daily files that others can verify (P6)."""

import asyncio
import base64
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from gateway.exchange_log.note import Checkpoint, NoteVerifier, open_note, signatures_of
from gateway.exchange_log.verify import verify_export
from gateway.serving.server import write_ready
from tests.flows import anchored
from tests.flows.conftest import ROOT, House

OPENSSL = shutil.which("openssl")
ALL = """\
tsa: [{{name: national, url: "{sandbox}/tsa", ca: "{ca}", policy: "2.999.3161.1"}}]
witnesses: [{{vkey: "{vkey}", url: "{witness}"}}]
daily_folder: days
every_seconds: "1"
grace_seconds: "60"
"""


async def test_checkpoint_is_stamped_cosigned_and_filed_and_each_proof_verifies_elsewhere(
    tmp_path: Path,
) -> None:
    async with (
        anchored.sandbox(tmp_path) as (sandbox, ca),
        anchored.witness(tmp_path / "witness.db") as (witness, vkey),
    ):
        words = ALL.format(sandbox=sandbox, ca=ca, vkey=vkey, witness=witness)
        config = anchored.configured(tmp_path, words)
        async with anchored.gateway(config, tmp_path / "state", sandbox) as house:
            assert {one["state"] for one in (await anchored.anchors(house)).values()} == {"ready"}
            assert (await anchored.ask(house))[0] == 200
            shown = await anchored.until(house, anchored.ready)
            assert {name: one["kind"] for name, one in shown.items()} == {
                "national": "tsa", anchored.WITNESS_NAME: "witness", "daily": "daily",
            }  # fmt: skip
            await _carries_the_witness(house, vkey)
            await _is_exported_with_the_witness(house, vkey)
            found = await anchored.listed(house)
            _stamp_verifies(next(one for one in found["anchors"] if one["kind"] == "tsa"), ca, tmp_path)
            _day_verifies(tmp_path / "state/days", ca, vkey)
            await _metrics(house)
            await _command_line(house, tmp_path)


async def _carries_the_witness(house: House, vkey: str) -> None:
    async with house.session.get(f"{house.url}/log/checkpoint") as answer:
        note = await answer.text()
    assert open_note(note, [NoteVerifier.parse(anchored.VKEY)])
    (line,) = signatures_of(note, [NoteVerifier.parse(vkey)])
    assert line.time is not None


async def _is_exported_with_the_witness(house: House, vkey: str) -> None:
    headers = {"Authorization": f"Bearer {await house.token('auditor')}"}
    async with asyncio.timeout(60):
        while True:  # a record gets its place within a second or so, and the witness's signature after it
            async with house.session.post(f"{house.url}/v1/audit/export", json={}, headers=headers) as answer:
                raw = await answer.read()
            verdict = verify_export(BytesIO(raw), [anchored.VKEY], witnesses=[vkey])
            if verdict.records >= 2:
                break
            await asyncio.sleep(0.2)
    assert (verdict.good, list(verdict.witnesses)) == (True, [anchored.WITNESS_NAME]), verdict.findings
    assert verdict.records >= 2


def _stamp_verifies(one: Any, ca: Path, folder: Path) -> None:
    (folder / "note").write_bytes(one["note"].encode())
    (folder / "stamp").write_bytes(base64.b64decode(one["token"]))
    assert openssl("ts", "-verify", "-data", "note", "-in", "stamp", "-CAfile", str(ca), folder=folder)


def _day_verifies(folder: Path, ca: Path, vkey: str) -> None:
    day = datetime.now(UTC).astimezone(timezone(timedelta(hours=7))).date().isoformat()
    assert sorted(path.name for path in folder.iterdir()) == [f"{day}.checkpoint", f"{day}.tsr"]
    note = (folder / f"{day}.checkpoint").read_bytes().decode()
    assert Checkpoint.parse(open_note(note, [NoteVerifier.parse(anchored.VKEY)])).size > 0
    assert len(signatures_of(note, [NoteVerifier.parse(vkey)])) == 1
    checked = ("ts", "-verify", "-data", f"{day}.checkpoint", "-in", f"{day}.tsr", "-CAfile", str(ca))
    assert openssl(*checked, folder=folder)


def openssl(*words: str, folder: Path) -> bool:
    if OPENSSL is None:
        pytest.skip("needs the command openssl")
    done = subprocess.run([OPENSSL, *words], cwd=folder, capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


async def _metrics(house: House) -> None:
    async with house.session.get(f"{house.admin}/metrics") as answer:
        text = await answer.text()
    assert 'motlan_log_anchor_age_seconds{anchor="national"}' in text
    assert f'motlan_log_anchor_failures_total{{anchor="{anchored.WITNESS_NAME}"}} 0.0' in text
    assert "motlan_log_anchor_refusing 0.0" in text


async def _command_line(house: House, folder: Path) -> None:
    content = {"gateway": house.url, "clients": house.clients, "log": {"vkey": anchored.VKEY}}
    write_ready(folder / "ready.json", content)
    code, out = await motlan(folder, "anchors", "--out", str(folder / "proofs"), "--json")
    assert code == 0
    kinds = {one["kind"]: one for one in json.loads(out)["anchors"]}
    assert set(kinds) == {"tsa", "witness", "daily"}
    stem = f"national-{kinds['tsa']['size']}"
    proofs, ca = folder / "proofs", folder / "ca.pem"
    assert openssl(
        "ts", "-verify", "-data", f"{stem}.note", "-in", f"{stem}.tsr", "-CAfile", str(ca), folder=proofs
    )
    code, out = await motlan(folder, "anchors", "--size", str(kinds["witness"]["size"]))
    assert (code, f"witnessed by {anchored.WITNESS_NAME}" in out) == (0, True)
    assert (await motlan(folder, "anchors", "--size", "999999"))[0] == 1
    code, out = await motlan(folder, "checkpoint")
    assert (code, "time stamp by national" in out, "signed by its key" in out) == (0, True, True)


async def motlan(folder: Path, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "gateway", "log", *words, "--ready-file", str(folder / "ready.json")]
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1, cwd=ROOT)
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()

"""From a prefill to its proof: receipts, searches, exports and a citizen's uses, as auditors meet them."""

import asyncio
import base64
import io
import json
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import telemetry
from gateway.exchange_log.merkle import verify_inclusion
from gateway.exchange_log.note import Checkpoint, NoteSigner, open_note
from gateway.serving.server import ServeOptions, running, write_ready
from tests import fresh, typed, unhurried
from tests.flows.conftest import ROOT, House
from tests.flows.test_records import records

DOSSIER = "H31.14-260105-0007"


async def filled(house: House, trait: str = "facts_example", **more: Any) -> Any:
    """One prefill whose receipt can be redeemed."""
    who = house.subject(trait)
    answer = await house.prefill("1.004873", {"requester": who, "person": {"same_as": "requester"}}, **more)
    await redeemed(house, answer["receipt"])
    return answer


async def redeemed(house: House, receipt: dict[str, str]) -> Any:
    """The proof that a receipt is good for, within ten seconds."""
    headers = {"Authorization": f"Bearer {await house.token()}"}
    path = f"{house.url}/v1/audit/proof/inclusion?leaf_hash={receipt['leaf_hash']}"
    end = time.monotonic() + 10
    while True:
        async with house.session.get(path, headers=headers) as response:
            if response.status == 200:
                return await response.json()
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def found(house: House, **filters: Any) -> list[Any]:
    status, answer = await house.post("/v1/audit/search", filters, client="auditor")
    assert status == 200, answer
    listed: list[Any] = answer["records"]
    return listed


async def test_receipt_is_redeemed_for_a_proof_under_the_public_checkpoint(house: House) -> None:
    answer = await filled(house)
    proof = await redeemed(house, answer["receipt"])
    async with house.session.get(f"{house.url}/log/checkpoint") as response:
        head = Checkpoint.parse((await response.text()).partition("\n\n")[0] + "\n")
    assert answer["receipt"]["log"] == head.origin
    assert proof["tree_size"] == head.size
    leaf, hashes = (
        bytes.fromhex(answer["receipt"]["leaf_hash"]),
        [bytes.fromhex(one) for one in proof["hashes"]],
    )
    assert verify_inclusion(leaf, proof["leaf_index"], head.size, hashes, head.root)


async def test_exchange_is_found_by_whatever_is_known_of_it(house: House) -> None:
    await house.misbehave("civil_status", "status503")
    answer = await filled(house, dossier=DOSSIER)
    who = house.subject("facts_example")
    begun = records(house)[0]["time"]
    for filters in (
        {"dossier": DOSSIER},
        {"requester": "portal", "procedure": "1.004873"},
        {"source": "civil_status", "outcome": "unavailable"},
        {"phase": "outcome", "source": "population"},
        {"since": begun, "phase": "outcome"},
        {"subject": {"personal_id": who["personal_id"]}},
        {"official": "033085712604"},
        {"exchange_id": answer["exchange_id"]},
    ):
        hits = [one for one in await found(house, **filters) if one["phase"] != "lookup"]
        assert {one["exchange_id"] for one in hits} == {answer["exchange_id"]}, filters
    assert await found(house, source="tax") == []
    assert await found(house, until=begun) == []
    assert await found(house, subject={"personal_id": "033107625500"}, phase="outcome") == []


async def test_citizen_reads_who_used_his_data_and_why(house: House) -> None:
    await filled(house, dossier=DOSSIER)
    await filled(house, trait="divorced")
    who = house.subject("facts_example")
    body = {"subject": {"personal_id": who["personal_id"]}}
    status, answer = await house.post("/v1/usage", body, client="national_portal")
    assert status == 200
    (use,) = answer["uses"]
    assert (use["state"], use["dossier"]) == ("answered", DOSSIER)
    assert use["requester"]["title"] == "Cổng Dịch vụ công tỉnh Hưng Yên"
    sources = [one["source"]["title_en"] for one in use["data"]]
    assert "National population database" in sources
    assert "Civil-status register" in sources
    assert {"code": "full_name", "title": "Họ và tên", "title_en": "Full name"} in use["data"][0][
        "attributes"
    ]
    assert who["personal_id"] not in json.dumps(answer)


async def test_canary_shows_up_in_no_log_line_address_or_error(make_house: Callable[..., Any]) -> None:
    sink = io.BytesIO()
    telemetry.set_up(sink)
    async with make_house() as house:
        who = house.subject("facts_example")
        number, name = who["personal_id"], who["full_name"]
        answer = await filled(house)
        told = []
        for path, body in (
            ("search", {"subject": {"personal_id": number}}),
            ("search", {"official": number}),
            ("search", {number: 1}),
            ("search", {"dossier": f"{number} {name}"}),
            ("search", {"cursor": number}),
            ("search", {"subject": {"personal_id": f"{number}x"}}),
            ("search", {"subject": {number: number}}),
            ("identify", {"exchange_id": number, "reason": "Khiếu nại số 12"}),
            ("identify", {"exchange_id": answer["exchange_id"], "reason": f"về {number} {name}"}),
            ("export", {"since": number}),
            ("export", {"search": {"subject": {"passport": number[:5] + "?"}}}),
        ):
            told.append(json.dumps(await house.post(f"/v1/audit/{path}", body, client="auditor")))
        await house.post("/v1/usage", {"subject": {"personal_id": number}}, client="citizen")
        async with house.session.get(f"{house.url}/v1/audit/records/{number}") as response:
            told.append(await response.text())
        async with house.session.get(f"{house.admin}/metrics") as response:
            told.append(await response.text())
    seen = sink.getvalue().decode() + "".join(told)
    assert "/v1/audit/records/{exchange_id}" in seen
    for value in (number, name, name.upper()):
        assert value not in seen


@asynccontextmanager
async def _served(tmp_path: Path) -> Any:
    """A house with its ready file."""
    ports = {f"gateway.{name}.port": "0" for name in ("api", "admin", "sandbox")} | unhurried.settings()
    plan = ServeOptions(
        root=ROOT, config=ROOT / "config", state=tmp_path / "state", overrides=ports, with_sandbox=True
    )
    fresh.log_in(tmp_path / "state")
    async with running(plan) as (_, content):
        write_ready(tmp_path / "ready.json", content)
        yield content


async def _motlan(folder: Path, *words: str, given: str = "") -> typed.Said:
    ready = ("--ready-file", str(folder / "ready.json"))
    return await asyncio.to_thread(typed.motlan, *words, *ready, given=given)


async def _verify(*words: str) -> tuple[int, str]:
    said = await asyncio.to_thread(typed.motlan, "verify-log", *words)
    return said.code, said.out + said.err


async def test_command_line_finds_exports_and_proves(tmp_path: Path) -> None:
    async with _served(tmp_path) as content:
        person = next(one for one in content["personas"] if "facts_example" in one["traits"])
        who = {key: person[key] for key in ("personal_id", "full_name", "birth_date")}
        words = (
            "prefill",
            "1.004873",
            "--subject",
            "requester=-",
            "--subject",
            "person=same:requester",
            "--json",
        )
        code, answer, _ = await _motlan(tmp_path, *words, given=json.dumps(who))
        assert code == 0
        code, out, err = await _proved(tmp_path, answer)
        assert (code, "signed by its key" in out) == (0, True), err
        kept = tmp_path / "kept.checkpoint"
        assert (await _motlan(tmp_path, "log", "checkpoint", "--out", str(kept)))[0] == 0
        code, out, _ = await _motlan(
            tmp_path, "log", "search", "--subject", "-", "--json", given=who["personal_id"]
        )
        # this very look-up may stand among them already
        phases = {record["phase"] for record in json.loads(out)["records"]}
        assert (code, phases - {"lookup"}) == (0, {"intent", "outcome"})
        code, out, _ = await _motlan(tmp_path, "log", "subject", "-", given=f"{who['personal_id']}\n")
        assert (code, "Cơ sở dữ liệu quốc gia về dân cư" in out) == (0, True)
        file = tmp_path / "day.jsonl"
        code, _, err = await _motlan(tmp_path, "log", "export", "--out", str(file))
        assert (code, "records" in err) == (0, True)
        vkey = content["log"]["vkey"]
        assert (await _verify(str(file), "--vkey", vkey))[0] == 0
        file.write_bytes(file.read_bytes().replace(b"civil_registration", b"civil_registratiom", 1))
        code, out = await _verify(str(file), "--vkey", vkey)
        assert (code, "record 1" in out) == (1, True)
        code, out, _ = await _motlan(tmp_path, "log", "checkpoint", "--since", str(kept))
        assert (code, "it only grew" in out) == (0, True)
        kept.write_text(_rewritten(tmp_path / "state", kept.read_text()))
        code, out, _ = await _motlan(tmp_path, "log", "checkpoint", "--since", str(kept))
        assert (code, "did NOT grow" in out) == (1, True)


async def _proved(folder: Path, answer: str) -> tuple[int, str, str]:
    for _ in range(5):
        code, out, err = await _motlan(folder, "log", "prove", "-", given=answer)
        if code == 0:
            break
        await asyncio.sleep(0.5)
    return code, out, err


def _rewritten(state: Path, note: str) -> str:
    """The checkpoint of another log of the same size, signed by the operator with the true key."""
    seed = base64.b64decode((state / "exchange-log-signing.key").read_text())
    head = Checkpoint.parse(note.partition("\n\n")[0] + "\n")
    signer = NoteSigner(head.origin, Ed25519PrivateKey.from_private_bytes(seed))
    forged = signer.sign(head._replace(root=bytes(32)).text())
    assert open_note(forged, [signer._verifier])
    return forged


MISTAKES: tuple[tuple[str, str, int, str], ...] = (
    ("search --colour red", "", 2, "colour"),
    ("search --since yesterday", "", 2, "RFC 3339"),
    ("search --subject -", "somebody", 2, "12 or 9 digits"),
    ("search --subject - --official -", "", 2, "only one"),
    ("export --out x --day 25.11.", "", 2, "2026-11-25"),
    ("export --out x --from 1 --dossier y", "", 2, "no other filter"),
    ("prove", "", 2, "receipt"),
    ("prove -", "nothing", 2, "64 hex"),
    (f"prove {'0' * 64}", "", 1, "no record"),
    ("search --gateway http://127.0.0.1:9", "", 3, "does not answer"),
    ("export --out no/such/folder", "", 2, "cannot be written"),
)


async def test_command_line_says_what_to_mend(tmp_path: Path) -> None:
    async with _served(tmp_path):
        # a look-up is the first record
        await _motlan(tmp_path, "log", "search")
        while (await _motlan(tmp_path, "log", "checkpoint"))[0]:
            pass
        for words, given, code, told in MISTAKES:
            got, out, err = await _motlan(tmp_path, "log", *words.split(), given=given)
            assert (got, told in err) == (code, True), words + out + err

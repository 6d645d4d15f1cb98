"""What a dump of the databases shows (T23): no key, no secret, nobody's number, name or telephone number."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from tests.flows.conftest import House, new_official
from tests.flows.test_consents import PHONE, given

PORTAL = ("portal", "one_gate", "citizen", "auditor")


def dumped(file: Path) -> bytes:
    """The database as `sqlite3 FILE .dump` writes it, and its bytes as they lie on the disk."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        text = "\n".join(connection.iterdump())
    return text.encode() + b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))


async def test_dumps_hold_no_key_no_secret_and_nobody(house: House) -> None:
    who = house.subject("married")
    asked: dict[str, Any] = {
        "procedure": "1.004222",
        "subjects": {"applicant": who},
        "official": new_official(),
    }
    status, first = await house.post("/v1/prefill", {**asked, "account": {"SoDienThoai": PHONE}})
    assert status == 200
    got = await given(house, who)
    form = {**first["form"], "soDienThoai": PHONE}
    kept = {"exchange_id": first["exchange_id"], "form": form, "keep": True, "consent": got["consent"]}
    status, answer = await house.post("/v1/attest", kept)
    assert (status, list(answer["kept"])) == (200, ["phone"])
    await house.post("/v1/prefill", {**asked, "official": new_official(), "preview": True})

    keys = sorted(house.state.glob("*.key"))
    files = [*sorted(house.state.glob("*.sqlite")), *sorted(house.state.glob("*.db"))]
    assert {path.stat().st_mode & 0o777 for path in (*keys, *files)} == {0o600}
    text = b"".join(map(dumped, files))
    assert first["exchange_id"].encode() in text
    secrets = [path.read_text().strip() for path in keys]
    secrets += [str(house.clients[name]["client_secret"]) for name in PORTAL]
    tokens = [await house.token(name) for name in PORTAL]
    people = [who["personal_id"], who["full_name"], PHONE, asked["official"]["personal_id"]]
    for word in (*secrets, *tokens, *people):
        assert len(word) > 8
        assert word.encode() not in text, word

"""A running gateway without any source, and whoever asks it: what the tests of the auditors' door share."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema_rs

from gateway.api.openapi import document
from gateway.domain.exchange import CallEntry, ExchangeRecord, Phase
from gateway.domain.identifiers import new_exchange_id
from gateway.exchange_log.note import Checkpoint, NoteVerifier, open_note
from gateway.ports.exchange_log import ExchangeLog
from gateway.serving.server import ServeOptions, running
from tests import fresh

ROOT = Path(__file__).resolve().parents[2]
WHO = "033506739012"
OTHER = "033728419565"
OFFICIAL = "033640917283"
#: the description, its open lists closed: an answer of the gateway holds only codes that are listed
API: dict[str, Any] = json.loads(json.dumps(document()).replace("x-extensible-enum", "enum"))


def call(source: str, outcome: str = "", role: str = "requester") -> CallEntry:
    return CallEntry("c-1", source, "operation", role, ("full_name",), outcome)


@dataclass
class Office:
    """A running gateway without any source, and whoever asks it."""

    url: str
    admin: str
    state: Path
    log: ExchangeLog
    vkey: str
    clients: dict[str, Any]
    session: aiohttp.ClientSession

    async def plant(self, **changes: Any) -> bytes:
        """One record; its leaf hash."""
        members: dict[str, Any] = {
            "exchange": new_exchange_id(), "phase": Phase.OUTCOME, "time": "2026-11-20T03:04:05.678Z",
            "requester": "portal", "agency": "000.00.14.H31", "procedure": "1.004873", "purpose": "civil_registration",
            "dossier": "H31.14-261120-0001", "subjects": {"requester": f"person|{WHO}"}, "official": OFFICIAL,
            "calls": (call("population", "found"),), "fields": {"nxnHoTen": b'"x"'}, "legal_basis": "basis",
        }  # fmt: skip
        receipt = await self.log.append(ExchangeRecord(**(members | changes)))
        return bytes.fromhex(receipt.leaf_hash)

    async def settled(self, *hashes: bytes) -> int:
        """Wait until these have their place; the size of the log."""
        for one in hashes:
            while (await self.get(f"/v1/audit/proof/inclusion?leaf_hash={one.hex()}"))[0] == 404:
                await asyncio.sleep(0.02)
        return (await self.head()).size

    async def head(self) -> Checkpoint:
        _, note = await self.get("/log/checkpoint")
        return Checkpoint.parse(open_note(note.decode(), [NoteVerifier.parse(self.vkey)]))

    async def bearer(self, client: str) -> dict[str, str]:
        known = self.clients[client]
        headers = {"Authorization": aiohttp.encode_basic_auth(known["client_id"], known["client_secret"])}
        form = {"grant_type": "client_credentials"}
        async with self.session.post(f"{self.url}/oauth2/token", data=form, headers=headers) as answer:
            return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}

    async def get(self, path: str, client: str = "portal") -> tuple[int, bytes]:
        async with self.session.get(self.url + path, headers=await self.bearer(client)) as answer:
            return answer.status, await answer.read()

    async def post(self, path: str, body: Any, client: str = "auditor") -> tuple[int, Any]:
        async with self.session.post(self.url + path, json=body, headers=await self.bearer(client)) as answer:
            raw = await answer.read()
            return answer.status, json.loads(raw) if "json" in answer.content_type else raw

    async def found(self, **filters: Any) -> list[int]:
        """Places of the records found, counted from the first that was planted: record 0 is the configuration's."""
        status, answer = await self.post("/v1/audit/search", filters)
        assert status == 200, answer
        fits("AuditPage", answer)
        return [record["leaf_index"] - 1 for record in answer["records"]]

    async def export(self, **body: Any) -> bytes:
        headers = await self.bearer("auditor")
        async with self.session.post(f"{self.url}/v1/audit/export", json=body, headers=headers) as answer:
            raw = await answer.read()
            assert answer.status == 200, raw
            return raw

    def leaves(self) -> list[dict[str, Any]]:
        """Every record but the configuration's, oldest first, sealed parts left sealed."""
        with closing(sqlite3.connect(self.state / "exchange.db")) as connection:
            rows = connection.execute("SELECT leaf FROM append_log ORDER BY seq").fetchall()
        return [leaf for row in rows if (leaf := json.loads(row[0]))["phase"] != "configuration"]


def fits(name: str, answer: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": API["components"]}
    jsonschema_rs.validator_for(schema).validate(answer)


@asynccontextmanager
async def opened(state: Path, **overrides: str) -> AsyncIterator[Office]:
    """A new one; `gateway__files__most_bytes="1"` overrides a setting."""
    ports = {f"gateway.{name}.port": "0" for name in ("api", "admin")}
    ports |= {name.replace("__", "."): value for name, value in overrides.items()}
    fresh.log_in(state)
    plan = ServeOptions(root=ROOT, config=ROOT / "config", state=state, overrides=ports)
    async with running(plan) as (gateway, content), aiohttp.ClientSession() as session:
        described: dict[str, Any] = content
        assert gateway.app is not None
        assert described["log"]["vkey"] == gateway.app.shared.sequencer.vkey
        yield Office(
            gateway.api, gateway.admin, state, gateway.app.shared.recorder.log,
            described["log"]["vkey"], described["clients"], session,
        )  # fmt: skip


#: members of another record: in each filter different
ONE: dict[str, Any] = {
    "requester": "one_gate", "agency": "000.00.15.H31", "procedure": "1.012753", "purpose": "land_registration",
    "dossier": "H31.15-261121-0002", "phase": Phase.REFUSAL, "result": "not_agreed", "time": "2026-10-31T23:59:59.999Z",
    "subjects": {"user": f"person|{OTHER}"}, "official": OTHER, "calls": (call("land", "unavailable"),),
}  # fmt: skip

"""Peer: the job as a careful aiohttp engineer writes it.

zeep is loaded once, and its envelopes are posted by aiohttp.

python -m tests.bench.peers.aiohttp_zeep --stub http://127.0.0.1:8099 --port 9001 --db FILE
"""

import argparse
import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import aiosqlite
import orjson
import uvloop
import zeep
from aiohttp import web
from lxml import etree

from tests.bench.peers.form import fill, records

WSDL = Path(__file__).with_name("population.wsdl")
OPERATION = "TraCuuThongTinCongDan"
SOAP_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}


class Reply:
    """What zeep reads of a response."""

    def __init__(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.status_code, self.content, self.headers = status, content, headers
        self.encoding = "utf-8"


class Peer:
    """The handler and what it needs."""

    def __init__(self, stub: str, database: str) -> None:
        self.stub, self.database = stub, database
        client = zeep.Client(str(WSDL))
        self.service = client.service
        self.binding = client.service._binding
        self.operation = self.binding.get(OPERATION)
        self.client = client
        self.session: aiohttp.ClientSession
        self.log: aiosqlite.Connection

    async def resources(self, _app: web.Application) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=256)
        async with (
            aiohttp.ClientSession(connector=connector) as self.session,
            aiosqlite.connect(self.database, isolation_level=None) as self.log,
        ):
            await self.log.execute("PRAGMA journal_mode=WAL")
            await self.log.execute("PRAGMA synchronous=FULL")
            await self.log.execute(
                "CREATE TABLE IF NOT EXISTS record (id INTEGER PRIMARY KEY, leaf TEXT NOT NULL)"
            )
            yield

    async def prefill(self, request: web.Request) -> web.Response:
        question = orjson.loads(await request.read())
        await self.append(records(question, {})[0])
        requester, spouse, civil, insurance = await asyncio.gather(
            self.citizen(question["subject"], question["official"]),
            self.citizen(question["spouse"], question["official"]),
            self.rest("/hotich/1.0/trichLuc", {"soDinhDanh": question["subject"]["personal_id"]}),
            self.rest("/apiBHXH/getTraCuuTtHgdByMaSoBhxh", {"maSoBhxh": question["subject"]["personal_id"]}),
        )
        form = fill(requester, spouse, civil, insurance)
        await self.append(records(question, form)[1])
        return web.Response(body=orjson.dumps({"form": form}), content_type="application/json")

    async def citizen(self, subject: Mapping[str, str], official: Mapping[str, str]) -> Any:
        message = self.client.create_message(self.service, OPERATION, **citizen_request(subject, official))
        url = self.stub + "/population"
        async with self.session.post(url, data=etree.tostring(message), headers=SOAP_HEADERS) as response:
            reply = Reply(response.status, await response.read(), response.headers)
        citizens = self.binding.process_reply(self.client, self.operation, reply)
        return citizens[0] if isinstance(citizens, list) else citizens

    async def rest(self, path: str, body: Mapping[str, str]) -> Any:
        async with self.session.post(self.stub + path, json=body) as response:
            return orjson.loads(await response.read())

    async def append(self, leaf: str) -> None:
        await self.log.execute("INSERT INTO record (leaf) VALUES (?)", (leaf,))


def citizen_request(subject: Mapping[str, str], official: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of the population database's look-up."""
    return {
        "MaYeuCau": uuid.uuid4().hex,
        "MaDVC": "G15-TP110",
        "MaTichHop": "037",
        "MaCanBo": official["personal_id"],
        "MaDonVi": official["agency"],
        "TaiKhoan": official["account"],
        "SoDienThoai": "0",
        "SoDinhDanh": subject["personal_id"],
        "HoVaTen": subject["full_name"].upper(),
        "NgayThangNamSinh": {"NgayThangNam": subject["birth_date"].replace("-", "")},
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stub", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--db", required=True)
    given = parser.parse_args()
    peer = Peer(given.stub, given.db)
    app = web.Application()
    app.cleanup_ctx.append(peer.resources)
    app.router.add_post("/prefill", peer.prefill)
    uvloop.install()
    print(json.dumps({"peer": "aiohttp + zeep"}), flush=True)
    web.run_app(app, host="127.0.0.1", port=given.port, print=None, access_log=None)


if __name__ == "__main__":
    main()

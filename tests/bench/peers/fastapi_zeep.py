"""Peer: the job as the tutorials teach it: FastAPI, zeep's own asynchronous client, httpx for the rest.

python -m tests.bench.peers.fastapi_zeep --stub http://127.0.0.1:8099 --port 9002 --db FILE
"""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import httpx
import uvicorn
import zeep
from fastapi import FastAPI
from pydantic import BaseModel
from zeep.transports import AsyncTransport

from tests.bench.peers.aiohttp_zeep import citizen_request
from tests.bench.peers.form import fill, records

WSDL = Path(__file__).with_name("population.wsdl")


class Person(BaseModel):
    """Whom to ask about."""

    personal_id: str
    full_name: str
    birth_date: str


class Official(BaseModel):
    """Who asks."""

    personal_id: str
    account: str
    agency: str


class Question(BaseModel):
    """The request."""

    procedure: str
    subject: Person
    spouse: Person
    official: Official


class Field(BaseModel):
    """One field with its provenance."""

    value: str | None
    state: str
    source: str
    fetched_at: str


class Answer(BaseModel):
    """The answer."""

    form: dict[str, Field]


def build(stub: str, database: str) -> FastAPI:
    """The application."""
    state: dict[str, Any] = {}

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        limits = httpx.Limits(max_connections=256, max_keepalive_connections=256)
        async with (
            httpx.AsyncClient(limits=limits, timeout=5) as state["http"],
            aiosqlite.connect(database, isolation_level=None) as state["log"],
        ):
            await state["log"].execute("PRAGMA journal_mode=WAL")
            await state["log"].execute("PRAGMA synchronous=FULL")
            await state["log"].execute(
                "CREATE TABLE IF NOT EXISTS record (id INTEGER PRIMARY KEY, leaf TEXT NOT NULL)"
            )
            client = zeep.AsyncClient(str(WSDL), transport=AsyncTransport(client=state["http"]))
            client.service._binding_options["address"] = stub + "/population"
            state["service"] = client.service
            yield

    app = FastAPI(lifespan=lifespan)

    async def append(leaf: str) -> None:
        await state["log"].execute("INSERT INTO record (leaf) VALUES (?)", (leaf,))

    async def citizen(person: Person, official: Official) -> Any:
        arguments = citizen_request(person.model_dump(), official.model_dump())
        citizens = await state["service"].TraCuuThongTinCongDan(**arguments)
        return citizens[0] if isinstance(citizens, list) else citizens

    async def rest(path: str, body: dict[str, str]) -> Any:
        response = await state["http"].post(stub + path, json=body)
        return response.raise_for_status().json()

    @app.post("/prefill")
    async def prefill(question: Question) -> Answer:
        plain = question.model_dump()
        await append(records(plain, {})[0])
        answers = await asyncio.gather(
            citizen(question.subject, question.official),
            citizen(question.spouse, question.official),
            rest("/hotich/1.0/trichLuc", {"soDinhDanh": question.subject.personal_id}),
            rest("/apiBHXH/getTraCuuTtHgdByMaSoBhxh", {"maSoBhxh": question.subject.personal_id}),
        )
        form = fill(*answers)
        await append(records(plain, form)[1])
        return Answer.model_validate({"form": form})

    return app


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stub", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--db", required=True)
    given = parser.parse_args()
    uvicorn.run(
        build(given.stub, given.db),
        host="127.0.0.1",
        port=given.port,
        log_level="warning",
        access_log=False,
        loop="uvloop",
        http="httptools",
    )


if __name__ == "__main__":
    main()

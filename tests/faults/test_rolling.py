"""How soon a process is ready, and workers that are replaced one after the other while people are served."""

import asyncio
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.faults.test_processes import served

SECONDS_TO_START = 5
REQUESTS = 5_000
#: connections that met a worker while it closed
MOST_RESET = 10
WHO = {"personal_id": "033179620458", "full_name": "Đào Thị Thử", "birth_date": "1979-06-20"}


def seconds_in_line(pid: int) -> float:
    """How long a process that could run has waited for a processor so far."""
    return int(Path(f"/proc/{pid}/schedstat").read_text("utf-8").split()[1]) / 1e9


@pytest.mark.slow
def test_process_is_ready_within_five_seconds(tmp_path: Path) -> None:
    """Promise P14, the best of three; time for which a busy machine gave it no processor is not its own."""
    taken = []
    for number in range(3):
        begun = time.monotonic()
        with (
            (tmp_path / "err").open("ab") as err,
            served(tmp_path / f"process-{number}", err=err) as (process, _),
        ):
            taken.append(time.monotonic() - begun - seconds_in_line(process.pid))
    assert min(taken) <= SECONDS_TO_START, taken


def workers_of(process: "subprocess.Popen[bytes]") -> list[int]:
    return [int(one) for one in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def listening(url: str) -> int:
    """How many sockets take connections at the port."""
    port = f":{urlsplit(url).port:04X}"
    lines = Path("/proc/net/tcp").read_text("utf-8").splitlines()[1:]
    return sum(fields[1].endswith(port) and fields[3] == "0A" for fields in map(str.split, lines))


@pytest.mark.slow
async def test_workers_are_replaced_one_after_the_other_under_load_without_a_failed_request(
    tmp_path: Path,
) -> None:
    """Promise P15. No source answers here: what is looked at is that every request is answered.

    A connection that a closing worker had not taken yet is reset by the system (SO_REUSEPORT): the client asks again.
    """
    seen: Counter[Any] = Counter()
    reset: list[str] = []
    with (
        (tmp_path / "err").open("wb") as err,
        served(tmp_path, "--workers", "2", err=err) as (process, content),
    ):
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            known = content["clients"]["portal"]
            headers = {"Authorization": aiohttp.encode_basic_auth(known["client_id"], known["client_secret"])}
            form = {"grant_type": "client_credentials"}
            async with session.post(
                f"{content['gateway']}/oauth2/token", data=form, headers=headers
            ) as answer:
                headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
            replaced = asyncio.Event()

            async def posted(url: str, body: object) -> aiohttp.ClientResponse:
                """The answer; a connection that is closed before one is tried once more."""
                try:
                    return await session.post(url, json=body, headers=headers)
                except aiohttp.ClientError as error:
                    reset.append(type(error).__name__)
                return await session.post(url, json=body, headers=headers)

            async def ask() -> None:
                while seen.total() < REQUESTS or not replaced.is_set():
                    official = {
                        "personal_id": f"033071{random.randrange(10**6):06}",
                        "agency": "000.00.14.H31",
                    }
                    body = {"procedure": "1.004222", "subjects": {"applicant": WHO}, "official": official}
                    url = f"{content['gateway']}/v1/prefill"
                    async with await posted(url, body) as answer:
                        await answer.read()
                        seen[answer.status] += 1

            asking = [asyncio.create_task(ask()) for _ in range(4)]
            for old in workers_of(process):
                await asyncio.sleep(1)
                os.kill(old, signal.SIGTERM)
                async with asyncio.timeout(60):
                    while old in workers_of(process) or listening(content["gateway"]) < 2:
                        await asyncio.sleep(0.1)
            replaced.set()
            await asyncio.gather(*asking)
    assert set(seen) == {200}, json.dumps(seen)
    assert seen.total() >= REQUESTS
    assert len(reset) <= MOST_RESET, reset

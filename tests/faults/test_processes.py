"""A gateway in a process of its own: what it costs to be attacked, and a log that nobody takes."""

import asyncio
import fcntl
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import aiohttp
import pytest

from adapters.transport.call import LARGE_BYTES
from gateway.cli.client import GatewayClient
from tests import unhurried
from tests.api.test_door import BODIES, IDENTIFIERS, SMUGGLED
from tests.faults import test_answers_json, test_answers_soap, test_limits
from tests.faults.conftest import GOSSIP, PATIENT, Good, Stage, always, found, waited_for_processor
from tests.flows.conftest import ROOT

pytestmark = pytest.mark.asyncio(loop_scope="session")

_F_SETPIPE_SZ = 1_031
MODULES = (("population", test_answers_soap), ("civil_status", test_answers_json))


@contextmanager
def served(
    folder: Path, *words: str, err: IO[bytes] | int
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """A gateway process, and what its ready file says; killed in the end."""
    folder.mkdir(exist_ok=True)
    file = folder / "ready.json"
    ports = ("--port", "0", "--set", "gateway.admin.port=0", "--set", "gateway.sandbox.port=0")
    command = [sys.executable, "-m", "gateway", "serve", "--quiet", *ports, "--dir", str(folder / "state"),
               "--ready-file", str(file), *unhurried.words(), *words]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stderr=err, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        end = time.monotonic() + 90
        while not file.exists():
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        yield process, json.loads(file.read_text("utf-8"))
    finally:
        process.kill()
        process.wait(10)


def resident(pid: int) -> int:
    """The most memory that the process ever had, in megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_hostile_answers_and_requests_cost_little_and_leave_no_trace(
    stage: Stage, tmp_path: Path
) -> None:
    """Promises P8 and P16 over all corpora of this folder."""
    words = []
    for source, peer in stage.peers.items():
        settings = {**PATIENT, "url": peer.url, f"services.{_service(source)}.valid_seconds": "0"}
        words += [
            word for key, value in settings.items() for word in ("--set", f"sources.{source}.{key}={value}")
        ]
    with (tmp_path / "err").open("wb") as err, served(tmp_path, *words, err=err) as (process, content):
        attack = _Attack(stage, content)
        await attack.prefill()
        before = resident(process.pid)
        for source, say in _corpus():
            stage.set(source, say)
            await attack.prefill()
            assert stage.catcher.calls == []
        stage.set("population", None)
        await attack.bodies()
        await attack.wire()
        await attack.prefill()
        assert process.poll() is None
        assert resident(process.pid) - before <= 100
    assert max(attack.taken) <= 1
    written = (tmp_path / "err").read_text("utf-8")
    assert written.count('"http.answered"') > 200
    for word in (*attack.personal, *GOSSIP.rsplit(" ", 1), "sandbox-secret", "sandbox-only", "sandbox-key"):
        assert word not in written


def _service(source: str) -> str:
    return {"population": "TraCuuThongTinCongDan", "civil_status": "trichLuc"}[source]


def _corpus() -> Iterator[tuple[str, Any]]:
    for source, module in MODULES:
        for say, _ in module.REFUSED.values():
            yield source, say
        yield from ((source, say) for say in module.READ.values())
        for head, chunk in test_limits.FLOODS.values():
            yield source, test_limits.flood(head, chunk * 20, [0])
    for coding, pack in test_limits.BOMBS.values():
        yield "civil_status", always(pack(), f"Content-Encoding: {coding}\r\n")


class _Attack:
    """Requests to the process, each timed and none answered with a 500."""

    def __init__(self, stage: Stage, content: dict[str, Any]) -> None:
        self.taken: list[float] = []
        self._session = stage.house.session
        self._url = content["gateway"]
        self._pids = (int(content["pid"]), os.getpid())
        client = content["clients"]["portal"]
        self._headers = GatewayClient(self._url, client["client_id"], client["client_secret"])._headers()
        who = stage.house.subject("facts_example")
        self.personal = (who["personal_id"], who["full_name"], who["full_name"].upper())
        self._good = {
            "procedure": "1.004873",
            "subjects": {"requester": who, "person": {"same_as": "requester"}},
        }
        self._number = 0

    async def prefill(self) -> None:
        self._number += 1
        official = {"personal_id": f"033088{self._number:06}", "agency": "000.00.14.H31"}
        assert await self._post(json.dumps({**self._good, "official": official}).encode()) == 200

    async def bodies(self) -> None:
        for raw in BODIES.values():
            assert 400 <= await self._post(raw) < 500
        for number in IDENTIFIERS.values():
            subjects = {"requester": {"personal_id": number}, "person": {"same_as": "requester"}}
            assert await self._post(json.dumps({**self._good, "subjects": subjects}).encode()) == 422

    async def wire(self) -> None:
        for sent in SMUGGLED.values():
            assert 400 <= await self._timed(partial(self._sent, sent)) < 500

    async def _sent(self, sent: bytes) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(self._url.rsplit(":", 1)[1]))
        writer.write(sent)
        head = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        return int(head.split(b" ")[1])

    async def _post(self, raw: bytes) -> int:
        return await self._timed(partial(self._posted, raw))

    async def _posted(self, raw: bytes) -> int:
        headers = {**self._headers, "Content-Type": "application/json"}
        async with self._session.post(f"{self._url}/v1/prefill", data=raw, headers=headers) as answer:
            await answer.read()
        return answer.status

    async def _timed(self, ask: Callable[[], Awaitable[int]]) -> int:
        """The status. Slow is what is slow five times, without the time that the processor was with other programs."""
        for _ in range(5):
            began, waited = time.monotonic(), [waited_for_processor(pid) for pid in self._pids]
            status = await ask()
            elsewhere = max(
                waited_for_processor(pid) - one for pid, one in zip(self._pids, waited, strict=True)
            )
            taken = time.monotonic() - began - elsewhere
            if taken <= 1:
                break
        self.taken.append(taken)
        return status


async def test_operations_log_that_nobody_takes_stops_nothing(tmp_path: Path) -> None:
    """Fault F31: the pipe of the operations log is full."""
    with served(tmp_path, err=subprocess.PIPE) as (process, content):
        assert process.stderr is not None
        fcntl.fcntl(process.stderr, _F_SETPIPE_SZ, 4_096)
        async with aiohttp.ClientSession() as session:
            try:
                for _ in range(60):
                    async with asyncio.timeout(1), session.get(content["gateway"] + "/health/live") as answer:
                        assert answer.status == 200
            finally:
                process.stderr.close()


async def test_heavy_xml_does_not_hold_the_loop(stage: Stage) -> None:
    """Fault F32: other requests wait less than 100 ms."""
    heavy = {
        "elements": lambda good: good.text.replace("<ns1:CongDan>", "<ns1:CongDan>" + "<z a='1'/>" * 19_000),
        "attributes": lambda good: good.text.replace(
            "<ns1:CongDan>", "<ns1:CongDan " + " ".join(f"a{i}='1'" for i in range(100_000)) + ">"
        ),
        "names": lambda good: good.text.replace(
            "<ns1:CongDan>", "<ns1:CongDan>" + "".join(f"<z{i} xmlns='urn:{i}'/>" for i in range(19_000))
        ),
        "references": lambda good: good.text.replace(
            "<ns1:CongDan>", "<ns1:CongDan><z>" + "&#7846;" * 250_000 + "</z>"
        ),
    }
    assert await _worst_lag(stage, heavy) < 0.1


async def test_comments_do_not_hold_the_loop(stage: Stage) -> None:
    """Just short of what is read in a thread: the work is little, or there is none."""
    heavy = {
        "comments": lambda good: _ahead(good, "<z/>" + "<!---->" * 4_300),
        "comments beside elements": lambda good: _ahead(good, "<z/>" * 6_500 + "<!---->" * 450),
        "instructions": lambda good: _ahead(good, "<z/>" * 5_000 + "<?a?>" * 2_000),
    }
    assert await _worst_lag(stage, heavy) < 0.1


def _ahead(good: Good, more: str) -> str:
    """The good answer with something before the person, as small as answers usually are."""
    made = good.text.replace("<ns1:CongDan>", f"<ns1:Z>{more}</ns1:Z><ns1:CongDan>")
    assert "<ns1:Z>" in made
    assert len(made.encode()) < LARGE_BYTES
    return made


async def test_endless_name_does_not_hold_the_loop(stage: Stage) -> None:
    heavy = {"name": lambda good: good.text.replace("TRẦN THỊ MẪU", "Ầ" * 600_000, 1)}
    assert await _worst_lag(stage, heavy) < 0.1


async def test_heavy_json_is_no_answer_and_does_not_hold_the_loop(stage: Stage) -> None:
    """Fault F32: what has more elements than anybody needs is refused before anything is made of it."""
    heavy = {
        "objects": lambda good: _more(good, json.dumps([{f"a{i}": "eee"} for i in range(90_000)])),
        "lists": lambda good: _more(good, "[" + ",".join(["[]"] * 600_000) + "]"),
        "members": lambda good: _more(good, json.dumps({f"a{i}": 0 for i in range(100_000)})),
        "numbers": lambda good: _more(good, "[" + ",".join(["0"] * 900_000) + "]"),
        "decomposed": lambda good: _more(good, '"' + "\u00c2\u0300" * 400_000 + '"'),
    }
    lag = await _worst_lag(stage, heavy, "civil_status", ("invalid", "source_answer_invalid"))
    assert lag < 0.1


def _more(good: Good, value: str) -> str:
    """The good answer with a member more, which nobody asks for."""
    return good.text.rstrip()[:-1] + f', "z": {value}}}'


async def _worst_lag(
    stage: Stage,
    heavy: dict[str, Callable[[Good], str]],
    source: str = "population",
    expected: tuple[str, str | None] | None = None,
) -> float:
    """The 99th percentile of what the loop's own thread worked between two turns, eight such answers at a time.

    Time of the thread, not of the clock: a busy machine shall not fail this.
    """
    made: dict[str, bytes] = {}

    async def keep(good: Good, writer: asyncio.StreamWriter) -> None:
        for name, make in heavy.items():
            made[name] = make(good).encode()
        writer.close()

    stage.set(source, keep)
    await stage.ask()
    other = next(name for name in stage.peers if name != source)
    lags: list[float] = []
    gc.collect()
    gc.freeze()  # as a serving process does: what this test process loaded shall not be searched
    sampling = asyncio.create_task(sample(lags))
    try:
        for content in made.values():
            assert len(content) < 2_097_152
            stage.set(source, always(content))
            answers = await asyncio.gather(*(stage.ask() for _ in range(8)))
            assert all(found(answer)[other] == ("found", None) for answer in answers)
            if expected is not None:
                assert {found(answer)[source] for answer in answers} == {expected}
    finally:
        sampling.cancel()
        gc.unfreeze()
    return sorted(lags)[int(len(lags) * 0.99)]


async def sample(lags: list[float]) -> None:
    """Add, without end, what the loop's own thread worked between two turns (seconds)."""
    while True:
        began = time.thread_time()
        await asyncio.sleep(0.005)
        lags.append(time.thread_time() - began)


@pytest.mark.parametrize("seconds", ["1", pytest.param("10", marks=pytest.mark.slow)])
async def test_slow_connections_are_cut_while_people_are_served(
    make_house: Callable[..., Any], seconds: str
) -> None:
    async with make_house(gateway__limits__header_seconds=seconds) as house:
        port = int(house.url.rsplit(":", 1)[1])

        async def drip() -> float:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            began = time.monotonic()
            try:
                writer.write(b"POST /v1/prefill HTTP/1.1\r\nX-Slow: ")
                while not reader.at_eof():
                    writer.write(b"a")
                    await writer.drain()
                    await asyncio.sleep(0.1)
            except ConnectionError:
                pass
            finally:
                writer.close()
            return time.monotonic() - began

        slow = [asyncio.create_task(drip()) for _ in range(200)]
        await asyncio.sleep(0.3)
        async with house.session.get(f"{house.url}/health/live") as answer:
            assert answer.status == 200
        assert not any(one.done() for one in slow), "it did not wait for them"
        subjects = {"requester": house.subject("facts_example"), "person": {"same_as": "requester"}}
        assert (await house.prefill("1.004873", subjects))["form"]["nxnHoTen"]
        assert max(await asyncio.gather(*slow)) < min(30, float(seconds) + 3)

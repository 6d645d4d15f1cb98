"""A witness as a server (C2SP tlog-witness) and as the log's client meets it: what is signed, and what never is."""

import asyncio
import base64
import io
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.anchors.outside import Outside
from adapters.anchors.witness import Witness, add_checkpoint, open_witness
from adapters.anchors.witness_door import build_witness, vkey_of
from gateway import telemetry
from gateway.cli.witness import guarded_runner, guarded_witness
from gateway.config.gateway import DoorLimits
from gateway.domain.anchoring import AnchorFailed
from gateway.domain.errors import ConfigError, LogUnavailable
from gateway.exchange_log.merkle import consistency_proof, leaf_hash
from gateway.exchange_log.note import COSIGNATURE, Checkpoint, NoteSigner, NoteVerifier, signatures_of
from tests.exchange_log.sample import ORIGIN, Log, key, node_over

LOG = Log(40)
NAME = "inspectorate.example/witness"
SEED = bytes(range(1, 33))


def forked() -> Log:
    """A log of the same name and key whose records from the twentieth on are others."""
    log = Log(40)
    log.leaves[20:] = [leaf.replace(b"answered", b"refused!") for leaf in log.leaves[20:]]
    log.hashes = [leaf_hash(leaf) for leaf in log.leaves]
    log.node = node_over(log.hashes)
    return log


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@asynccontextmanager
async def serving(app: web.Application, limits: DoorLimits | None = None) -> AsyncIterator[str]:
    runner = web.AppRunner(app) if limits is None else guarded_runner(app, limits)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def built(folder: Path, *vkeys: str) -> web.Application:
    return build_witness(NAME, SEED, vkeys or (LOG.signer.vkey,), folder / "witness.db")


def body(old: int, size: int, log: Log = LOG, proof: Sequence[bytes] | None = None) -> bytes:
    if proof is None:
        proof = consistency_proof(old, size, log.node)
    return add_checkpoint(old, proof, log.checkpoint(size))


async def post(url: str, content: bytes) -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/add-checkpoint", data=content) as answer,
    ):
        return answer.status, answer.headers["Content-Type"], await answer.text()


def signed(size: int, lines: str, vkey: str, log: Log = LOG) -> int:
    """When a witness signed; the line stands for this checkpoint."""
    (found,) = signatures_of(log.checkpoint(size) + lines, [NoteVerifier.parse(vkey)])
    assert (found.name, abs((found.time or 0) - time.time()) < 5) == (NAME, True)
    return found.time or 0


async def test_growth_is_signed_step_by_step_and_across_a_restart(tmp_path: Path) -> None:
    for sizes in ((0, 1), (1, 8), (8, 8), (8, 23)), ((23, 23), (23, 40)):
        app = built(tmp_path)
        async with serving(app) as url:
            for old, size in sizes:
                status, _, lines = await post(url, body(old, size))
                assert status == 200, lines
                assert signed(size, lines, vkey_of(app))


async def test_whoever_does_not_know_the_size_is_told(tmp_path: Path) -> None:
    async with serving(built(tmp_path)) as url:
        assert (await post(url, body(5, 9)))[::2] == (409, "0\n")
        assert (await post(url, body(0, 9)))[0] == 200
        for old, size in ((0, 9), (0, 30), (8, 30), (10, 30)):
            assert await post(url, body(old, size)) == (409, "text/x.tlog.size", "9\n")
        assert await post(url, body(0, 5)) == (409, "text/x.tlog.size", "9\n")


async def test_fork_and_rollback_are_never_signed(tmp_path: Path) -> None:
    other = forked()
    async with serving(built(tmp_path)) as url:
        assert (await post(url, body(0, 30)))[0] == 200
        for content, status in (
            (body(30, 40, other), 422),
            (body(30, 30, other, []), 409),
            (body(30, 40, LOG, []), 422),
            (body(30, 40, LOG, consistency_proof(29, 40, LOG.node)), 422),
            (body(20, 30, LOG), 409),
            (body(30, 20, LOG, []), 400),
        ):
            answer = await post(url, content)
            assert answer[0] == status, answer
            assert NAME not in answer[2]
        # what both logs have in common is still the log's
        assert (await post(url, body(30, 40)))[0] == 200


def evidence(folder: Path) -> list[tuple[int, bytes]]:
    """Sizes and roots of the checkpoints that are kept as proofs of a fork."""
    with closing(sqlite3.connect(folder / "witness.db")) as connection:
        return connection.execute("SELECT size, root FROM evidence ORDER BY number").fetchall()


@pytest.fixture
def told() -> Iterator[io.BytesIO]:
    """The operations log."""
    sink = io.BytesIO()
    telemetry.set_up(sink)
    yield sink
    telemetry.set_up(io.BytesIO())


async def test_stranger_without_a_key_fills_no_evidence_and_tells_of_no_fork(
    tmp_path: Path, told: io.BytesIO
) -> None:
    other = forked()
    async with serving(built(tmp_path)) as url:
        assert (await post(url, body(0, 30)))[0] == 200
        for junk in ([], [bytes(32)], [bytes(32)] * 7, consistency_proof(29, 40, LOG.node)):
            assert (await post(url, body(30, 40, LOG, junk)))[0] == 422
        assert (evidence(tmp_path), b"fork_seen" in told.getvalue()) == ([], False)
        for _ in range(2):  # the same proof twice is kept once
            assert (await post(url, body(30, 40, other)))[0] == 422
            assert (await post(url, body(30, 30, other, [])))[0] == 409
        assert evidence(tmp_path) == [(40, other.root(40)), (30, other.root(30))]
        assert told.getvalue().count(b"witness.fork_seen") == 4


async def test_memory_of_the_release_before_takes_evidence(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "witness.db")) as connection:
        connection.execute(
            "CREATE TABLE evidence (number INTEGER PRIMARY KEY, origin TEXT NOT NULL, size INTEGER NOT NULL,"
            " seen_note TEXT NOT NULL, note TEXT NOT NULL, request BLOB NOT NULL, time INTEGER NOT NULL)"
        )
    async with serving(built(tmp_path)) as url:
        assert (await post(url, body(0, 30)))[0] == 200
        assert (await post(url, body(30, 30, forked(), [])))[0] == 409
    assert len(evidence(tmp_path)) == 1


async def test_size_that_no_database_keeps_is_no_checkpoint(tmp_path: Path) -> None:
    async with serving(built(tmp_path)) as url:
        for size in (2**63, 10**19 - 1):
            text = f"{ORIGIN}\n{size}\n{base64.b64encode(bytes(32)).decode()}\n"
            assert (await post(url, add_checkpoint(0, [], LOG.signer.sign(text))))[0] == 400
        largest = LOG.signer.sign(Checkpoint(ORIGIN, 2**63 - 1, bytes(32)).text())
        assert (await post(url, add_checkpoint(0, [], largest)))[0] == 200


async def test_strangers_and_unsigned_checkpoints_are_refused(tmp_path: Path) -> None:
    stranger = Log(5, origin="other.example/log", signer=NoteSigner("other.example/log", key(1)))
    liar = Log(5, signer=NoteSigner(ORIGIN, key(2)))
    async with serving(built(tmp_path)) as url:
        assert (await post(url, body(0, 5, stranger)))[0] == 404
        assert (await post(url, body(0, 5, liar)))[0] == 403
        broken = body(0, 5).replace(b"\n5\n", b"\n6\n")
        assert (await post(url, broken))[0] == 403
        assert (await post(url, body(0, 5)))[0] == 200


async def test_log_that_changes_its_key_is_known_by_both(tmp_path: Path) -> None:
    later = Log(40, signer=NoteSigner(ORIGIN, key(2)))
    app = built(tmp_path, LOG.signer.vkey, later.signer.vkey)
    async with serving(app) as url:
        assert (await post(url, body(0, 5)))[0] == 200
        assert (await post(url, body(5, 9, later)))[0] == 200


HASH = base64.b64encode(bytes(32)).decode()
MALFORMED = {
    "nothing": b"",
    "no old size": LOG.checkpoint(5).encode(),
    "old size in words": body(0, 5).replace(b"old 0", b"old zero"),
    "old size with a zero before": body(0, 5).replace(b"old 0", b"old 00"),
    "negative old size": body(0, 5).replace(b"old 0", b"old -1"),
    "no empty line": body(0, 5).replace(b"old 0\n\n", b"old 0\n"),
    "hash that is short": body(0, 5).replace(b"old 0\n", b"old 0\nAAAA\n"),
    "hash that is no base64": body(0, 5).replace(b"old 0\n", b"old 0\n" + b"!" * 44 + b"\n"),
    "64 hashes": body(0, 5).replace(b"old 0\n", b"old 0\n" + f"{HASH}\n".encode() * 64),
    "no checkpoint": b"old 0\n\n",
    "not UTF-8": body(0, 5) + b"\xff\n",
    "carriage returns": body(0, 5).replace(b"\n", b"\r\n"),
    "no newline at the end": body(0, 5)[:-1],
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_no_submission_is_refused(tmp_path: Path, content: bytes) -> None:
    async with serving(built(tmp_path)) as url:
        assert (await post(url, content))[0] == 400


async def test_proof_out_of_nothing_and_floods_are_refused(tmp_path: Path) -> None:
    async with serving(built(tmp_path)) as url:
        assert (await post(url, body(0, 5, LOG, [bytes(32)])))[0] == 422
        assert (await post(url, b"x" * 100_000))[0] == 413
        empty = LOG.signer.sign(Checkpoint(ORIGIN, 0, bytes(32)).text())
        assert (await post(url, add_checkpoint(0, [], empty)))[0] == 422


async def test_of_many_at_once_each_size_is_signed_in_order(tmp_path: Path) -> None:
    async with serving(built(tmp_path)) as url:
        assert (await post(url, body(0, 10)))[0] == 200
        answers = await asyncio.gather(*(post(url, body(10, size)) for size in range(11, 19)))
        assert sorted(status for status, *_ in answers) == [200, *[409] * 7]


async def test_slow_and_large_bodies_are_cut_and_the_next_one_is_served(tmp_path: Path) -> None:
    limits = DoorLimits(body_bytes=9_000, body_seconds=0.4, connections=20)
    app = guarded_witness(NAME, SEED, [LOG.signer.vkey], tmp_path / "witness.db", limits)
    async with serving(app, limits) as url:
        port = int(url.rsplit(":", 1)[1])

        async def slow() -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nold")
            try:
                return (await asyncio.wait_for(reader.read(), 5))[:12]
            finally:
                writer.close()

        waiting = [asyncio.create_task(slow()) for _ in range(20)]
        await asyncio.sleep(0.2)
        assert await slow() == b"HTTP/1.1 503"
        assert set(await asyncio.gather(*waiting)) == {b"HTTP/1.1 408"}
        for content, status in ((b"x" * 9_001, 413), (body(0, 5), 200)):
            assert (await post(url, content))[0] == status
        packed = {"Content-Encoding": "gzip"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{url}/add-checkpoint", data=b"\x1f\x8b", headers=packed) as answer,
        ):
            assert answer.status == 415


def test_memory_belongs_to_one_key(tmp_path: Path) -> None:
    built(tmp_path)
    built(tmp_path)
    for name, seed in ((NAME, bytes(32)), ("another.example", SEED)):
        with pytest.raises(ConfigError, match="another witness"):
            build_witness(name, seed, [LOG.signer.vkey], tmp_path / "witness.db")
    with pytest.raises(ConfigError, match="cannot be used"):
        build_witness(NAME, SEED, ["nonsense"], tmp_path / "witness.db")
    with pytest.raises(ConfigError, match="key of a witness"):
        build_witness(NAME, SEED, [NoteSigner(NAME, key(3), COSIGNATURE).vkey], tmp_path / "witness.db")
    (tmp_path / "text.db").write_text("no database " * 100)
    with pytest.raises(ConfigError, match="the disk refuses"):
        build_witness(NAME, SEED, [LOG.signer.vkey], tmp_path / "text.db")


# ------------------------------------------------------------------------------------------- the log's side


async def grow(old: int, new: int) -> list[bytes]:
    return consistency_proof(old, new, LOG.node)


async def test_log_finds_out_what_the_witness_knows(tmp_path: Path) -> None:
    app = built(tmp_path)
    async with serving(app) as url:
        for sizes in ((3, 7, 7), (12, 40)):  # the second client begins without a memory
            client = open_witness(vkey_of(app), url, grow, Clock())
            for size in sizes:
                lines = await client.countersign(LOG.checkpoint(size))
                assert signed(size, lines.decode(), vkey_of(app))
            await client.close()
        client = open_witness(vkey_of(app), url, grow, Clock())
        for _ in range(2):
            with pytest.raises(AnchorFailed, match="ahead"):
                await client.countersign(LOG.checkpoint(12))
        other = forked()
        for size in (40,):
            with pytest.raises(AnchorFailed, match="forked"):
                await client.countersign(other.checkpoint(size))
        await client.close()


async def away(old: int, new: int) -> list[bytes]:
    del old, new
    raise LogUnavailable


async def test_log_that_cannot_prove_is_told(tmp_path: Path) -> None:
    app = built(tmp_path)
    async with serving(app) as url:
        client = open_witness(vkey_of(app), url, away, Clock())
        await client.countersign(LOG.checkpoint(3))
        with pytest.raises(AnchorFailed, match="log_unavailable"):
            await client.countersign(LOG.checkpoint(4))
        await client.close()


def line(text: str, seconds: float = 0, seed: int = 7) -> str:
    return NoteSigner(NAME, key(seed), COSIGNATURE).line(text, int(time.time() + seconds))


TEXT = Checkpoint(ORIGIN, 9, LOG.root(9)).text()
OTHER = Checkpoint(ORIGIN, 9, bytes(32)).text()
ANSWERS: dict[str, tuple[Any, str]] = {
    "nothing": (lambda: web.Response(text=""), "invalid"),
    "words": (lambda: web.Response(text="all is well\n"), "invalid"),
    "bytes": (lambda: web.Response(body=b"\xff\xfe"), "invalid"),
    "another checkpoint": (lambda: web.Response(text=line(OTHER)), "invalid"),
    "another key": (lambda: web.Response(text=line(TEXT, seed=8)), "invalid"),
    "an old time": (lambda: web.Response(text=line(TEXT, -3_600)), "invalid"),
    "a time to come": (lambda: web.Response(text=line(TEXT, 3_600)), "invalid"),
    "not known": (lambda: web.Response(status=404), "refused"),
    "forbidden": (lambda: web.Response(status=403), "refused"),
    "broken": (lambda: web.Response(status=500), "refused"),
    "redirect": (
        lambda: web.Response(status=302, headers={"Location": "http://elsewhere.invalid"}),
        "refused",
    ),
    "conflict of roots": (lambda: web.Response(status=409, text="another root\n"), "forked"),
    "proof that does not hold": (lambda: web.Response(status=422), "forked"),
    "size that does not move": (
        lambda: web.Response(status=409, body=b"4\n", headers={"Content-Type": "text/x.tlog.size"}),
        "invalid",
    ),
    "size that is none": (
        lambda: web.Response(status=409, body=b"04\n", headers={"Content-Type": "text/x.tlog.size"}),
        "forked",
    ),
}


@pytest.mark.parametrize(("answer", "word"), ANSWERS.values(), ids=ANSWERS)
async def test_answer_that_is_no_cosignature_is_no_proof(answer: Any, word: str) -> None:
    async def say(_request: web.Request) -> web.Response:
        said: web.Response = answer()
        return said

    app = web.Application()
    app.router.add_post("/add-checkpoint", say)
    verifier = NoteVerifier(NAME, key(7).public_key(), COSIGNATURE)
    async with serving(app) as url:
        client = Witness(verifier, Outside(url), grow, Clock())
        with pytest.raises(AnchorFailed) as failed:
            await client.countersign(LOG.checkpoint(9))
        assert failed.value.reason == word
        await client.close()


async def test_lines_by_strangers_are_passed_over() -> None:
    own = line(TEXT)

    async def say(_request: web.Request) -> web.Response:
        return web.Response(text=line(TEXT, seed=8) + own + line(OTHER, seed=9))

    app = web.Application()
    app.router.add_post("/add-checkpoint", say)
    verifier = NoteVerifier(NAME, key(7).public_key(), COSIGNATURE)
    async with serving(app) as url:
        client = Witness(verifier, Outside(url), grow, Clock())
        assert (await client.countersign(LOG.checkpoint(9))).decode() == own
        await client.close()


def test_key_of_a_log_is_no_key_of_a_witness() -> None:
    for vkey in (LOG.signer.vkey, "nonsense"):
        with pytest.raises(ConfigError, match="key of a witness"):
            open_witness(vkey, "http://127.0.0.1:9", grow, Clock())
    vkey = NoteVerifier(NAME, key(7).public_key(), COSIGNATURE).vkey
    with pytest.raises(ConfigError, match="address"):
        open_witness(vkey, "ftp://127.0.0.1:9", grow, Clock())

"""Time stamps: what the client takes for one and what not; OpenSSL and we understand one another."""

import contextlib
import random
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from adapters.anchors.outside import Outside
from adapters.anchors.tsa import TimestampAuthority, open_tsa, request
from adapters.sandbox.tsa import LIES, POLICY, Authority
from adapters.transport import der
from gateway.config.gateway import Listener
from gateway.domain.anchoring import AnchorFailed
from gateway.domain.errors import ConfigError
from gateway.serving.server import sandbox_at

ROOT = Path(__file__).parents[2]
NOTE = "log.example/main\n3\nAAAA\n\n— log.example/main AAAA\n"
OPENSSL = shutil.which("openssl")
SETTINGS = """\
[tsa]
default_tsa = ours
[ours]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = ca.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.5.7
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def authority(ca: bytes, policy: str | None = POLICY) -> TimestampAuthority:
    return TimestampAuthority("national", Outside("http://127.0.0.1:9"), x509.load_pem_x509_certificates(ca), policy,
                              Clock())  # fmt: skip


def openssl(folder: Path, *words: str) -> str:
    if OPENSSL is None:
        pytest.skip("needs the command openssl")
    done = subprocess.run([OPENSSL, "ts", *words], cwd=folder, capture_output=True, check=False)  # noqa: S603
    return done.stdout.decode() + done.stderr.decode() if done.returncode else ""


@asynccontextmanager
async def at_sandbox(folder: Path, seconds: float = 1.5) -> AsyncIterator[tuple[TimestampAuthority, Any]]:
    """The client of a sandbox's authority, and what orders the sandbox to misbehave."""
    async with sandbox_at(ROOT, Listener(port=0)) as base, aiohttp.ClientSession() as session:
        async with session.get(f"{base}/tsa/ca.pem") as answer:
            (folder / "ca.pem").write_bytes(await answer.read())

        async def order(mode: str, **more: object) -> None:
            body = {"source": "tsa", "mode": mode, "times": 1, **more}
            async with session.post(f"{base}/__sandbox/misbehave", json=body) as answer:
                assert answer.status == 200

        roots = x509.load_pem_x509_certificates((folder / "ca.pem").read_bytes())
        client = TimestampAuthority("national", Outside(f"{base}/tsa", seconds), roots, POLICY, Clock())
        yield client, order
        await client.close()


BAD: tuple[tuple[str, dict[str, object], set[str]], ...] = (
    ("wrong_person", {"field": "imprint"}, {"wrong_imprint"}),
    ("wrong_person", {"field": "nonce"}, {"wrong_nonce"}),
    ("wrong_person", {"field": "policy"}, {"wrong_policy"}),
    ("wrong_person", {"field": "signer"}, {"invalid"}),
    ("wrong_person", {"field": "usage"}, {"invalid"}),
    ("wrong_person", {"field": "time"}, {"stale"}),
    ("fault200", {}, {"refused"}),
    ("status429", {}, {"refused"}),
    ("status503", {}, {"refused"}),
    ("html", {}, {"refused"}),
    ("redirect", {}, {"refused"}),
    ("garbage", {}, {"invalid"}),
    ("empty", {}, {"refused"}),
    ("huge", {}, {"invalid"}),
    ("gzip_bomb", {}, {"invalid"}),
    ("truncate", {}, {"unreachable"}),
    ("reset", {}, {"unreachable"}),
    ("drop_after_commit", {}, {"unreachable"}),
    ("drip", {"seconds": 1}, {"timeout"}),
    ("hang", {}, {"timeout"}),
)


async def test_only_a_true_stamp_is_taken(tmp_path: Path) -> None:
    async with at_sandbox(tmp_path) as (client, order):
        for mode, more, words in BAD:
            await order(mode, **more)
            with pytest.raises(AnchorFailed) as failed:
                await client.countersign(NOTE)
            assert failed.value.reason in words, (mode, more)
        await order("slow", seconds=0.2)
        stamp = await client.countersign(NOTE)
        (tmp_path / "note").write_bytes(NOTE.encode())
        (tmp_path / "stamp").write_bytes(stamp)
        assert openssl(tmp_path, "-verify", "-data", "note", "-in", "stamp", "-CAfile", "ca.pem") == ""


def test_lies_are_all_told() -> None:
    assert {more["field"] for mode, more, _ in BAD if mode == "wrong_person"} == set(LIES)


async def test_nobody_there_is_told() -> None:
    with pytest.raises(AnchorFailed, match="unreachable"):
        await authority(Authority().ca).countersign(NOTE)


def test_sandbox_answers_the_questions_of_openssl(tmp_path: Path) -> None:
    """With certificates and without, with a nonce and without."""
    ours = Authority()
    (tmp_path / "ca.pem").write_bytes(ours.ca)
    (tmp_path / "note").write_bytes(NOTE.encode())
    for words in ((), ("-cert",), ("-no_nonce", "-cert")):
        assert openssl(tmp_path, "-query", "-data", "note", "-sha256", *words, "-out", "query") == ""
        (tmp_path / "stamp").write_bytes(ours.answer((tmp_path / "query").read_bytes()).body)
        check = ("-verify", "-queryfile", "query", "-in", "stamp", "-CAfile", "ca.pem")
        assert (openssl(tmp_path, *check) == "") == ("-cert" in words)
    assert openssl(tmp_path, "-query", "-data", "note", "-sha512", "-out", "query") == ""
    refused = ours.answer((tmp_path / "query").read_bytes()).body
    with pytest.raises(AnchorFailed, match="refused"):
        authority(ours.ca).check(refused, NOTE.encode(), None)


def test_client_takes_the_answers_of_openssl(tmp_path: Path) -> None:
    ca = _made_for_openssl(tmp_path)
    (tmp_path / "query").write_bytes(request(NOTE.encode(), 77, None))
    made = ("-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "stamp")
    assert openssl(tmp_path, *made) == ""
    stamp = (tmp_path / "stamp").read_bytes()
    for policy in (None, "1.2.3.4.5.7"):
        authority(ca, policy).check(stamp, NOTE.encode(), 77)
    for client, note, nonce, word in (
        (authority(ca, POLICY), NOTE, 77, "wrong_policy"),
        (authority(ca, None), NOTE + "x", 77, "wrong_imprint"),
        (authority(ca, None), NOTE, 78, "wrong_nonce"),
        (authority(Authority().ca, None), NOTE, 77, "invalid"),
    ):
        with pytest.raises(AnchorFailed, match=word):
            client.check(stamp, note.encode(), nonce)


def test_client_asks_for_its_policy_in_the_words_of_openssl(tmp_path: Path) -> None:
    (tmp_path / "query").write_bytes(request(NOTE.encode(), 77, POLICY))
    if OPENSSL is None:
        pytest.skip("needs the command openssl")
    command = [OPENSSL, "ts", "-query", "-in", "query", "-text"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout.decode()  # noqa: S603
    for words in (
        "Hash Algorithm: sha256",
        f"Policy OID: {POLICY}",
        "Nonce: 0x4D",
        "Certificate required: yes",
    ):
        assert words in told


def _made_for_openssl(folder: Path) -> bytes:
    """Files for `openssl ts -reply`; RSA, as most authorities have. Gives the root, PEM."""
    keys = [rsa.generate_private_key(65_537, 2_048) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, word)]) for word in ("root", "tsa")]
    now = datetime.now(UTC)
    made = []
    for at in (0, 1):
        builder = (
            x509.CertificateBuilder().subject_name(names[at]).issuer_name(names[0]).serial_number(at + 1)
        )
        builder = builder.public_key(keys[at].public_key()).not_valid_before(now - timedelta(days=1))
        builder = builder.not_valid_after(now + timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=not at, path_length=None), critical=True)
        if at:
            use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(use, critical=True)
        made.append(builder.sign(keys[0], hashes.SHA256()).public_bytes(Encoding.PEM))
    secret = keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for name, content in (("ca.pem", made[0]), ("tsa.pem", made[1]), ("tsa.key", secret), ("serial", b"01\n"),
                          ("tsa.cnf", SETTINGS.encode())):  # fmt: skip
        (folder / name).write_bytes(content)
    return made[0]


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_spoiled_stamp_never_raises_anything_else() -> None:
    ours = Authority()
    client = authority(ours.ca)
    good = ours.answer(request(NOTE.encode(), 5, None)).body
    client.check(good, NOTE.encode(), 5)
    chance = random.Random(3161)
    caught = 0
    for _ in range(1_500):
        spoiled = bytearray(good)
        place = chance.randrange(len(spoiled))
        match chance.randrange(3):
            case 0:
                spoiled[place] ^= 1 << chance.randrange(8)
            case 1:
                del spoiled[place : place + chance.randrange(1, 9)]
            case _:
                del spoiled[place:]
        try:
            client.check(bytes(spoiled), NOTE.encode(), 5)
        except AnchorFailed:
            caught += 1
    assert caught > 1_000


def test_certificates_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    for name in ("empty", "nowhere"):
        with pytest.raises(ConfigError, match="'national' cannot be read"):
            open_tsa("national", "http://127.0.0.1:9", tmp_path / name, None, Clock())


@given(st.integers(min_value=-(2**80), max_value=2**80))
def test_integer_is_read_as_it_was_written(value: int) -> None:
    (read,) = der.elements(der.integer(value))
    assert (read.tag, int.from_bytes(read.content, signed=True)) == (der.INTEGER, value)


@given(st.lists(st.binary(max_size=400), max_size=4))
def test_elements_are_read_as_they_were_written(contents: list[bytes]) -> None:
    written = der.sequence(*map(der.octets, contents))
    (whole,) = der.elements(written)
    assert whole.whole == written
    assert [one.content for one in der.elements(whole.content)] == contents


@given(st.binary(max_size=40))
def test_bytes_that_are_no_der_raise_nothing_else(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert b"".join(one.whole for one in der.elements(data)) == data


def test_numbers_are_written_as_der_demands() -> None:
    assert der.integer(127) == bytes.fromhex("02017f")
    assert der.integer(128) == bytes.fromhex("02020080")
    assert der.oid("1.2.840.113549.1.7.2") == bytes.fromhex("06092a864886f70d010702")
    assert der.oid("2.999.3") == bytes.fromhex("0603883703")
    assert der.octets(bytes(200))[:3] == bytes.fromhex("0481c8")
    with pytest.raises(ValueError, match="not"):
        der.oid("1.2.-3")

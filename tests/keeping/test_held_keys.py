"""Keys that somebody else holds: the gateway signs and wraps through them, and has none of its own."""

import asyncio
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from gateway import registry
from gateway.config.gateway import LogSettings
from gateway.config.values import KeyService, Secret
from gateway.domain.errors import ConfigError, KeyUnavailable, LogUnavailable
from gateway.exchange_log.note import COSIGNATURE, NoteBroken, NoteSigner, NoteVerifier
from gateway.exchange_log.verify import verify_export
from gateway.ports.keys import ES256
from tests.api.office import WHO as PLANTED
from tests.keeping.engine import TOKEN, Engine, engine
from tests.keeping.shelf import COLD, HOT, URL, WHO, facts, fill, opened


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("ENGINE_TOKEN", TOKEN)
    with engine() as running:
        yield running


def settings(held: Engine, **keys: str) -> dict[str, str]:
    """Overrides that give a setting to a key of the engine."""
    return {
        f"gateway.log.{name}.held_by.{word}": value
        for name, key in keys.items()
        for word, value in (
            ("adapter", "adapters.keys.transit"), ("url", held.url), ("key", key), ("token.env", "ENGINE_TOKEN"),
        )
    }  # fmt: skip


def words(overrides: dict[str, str]) -> list[str]:
    return [word for name, value in overrides.items() for word in ("--set", f"{name}={value}")]


def of(held: Engine, key: str, **more: str) -> KeyService:
    token = Secret(env="ENGINE_TOKEN")
    return KeyService(adapter="adapters.keys.transit", url=held.url, key=key, token=token, options=more)


async def test_log_is_signed_and_sealed_by_keys_that_never_leave_their_holder(
    held: Engine, tmp_path: Path
) -> None:
    both = settings(held, root_key="root", signing_key="log")
    async with opened(tmp_path, more=both) as office:
        await office.settled(await office.plant())
        assert await office.found(subject={"personal_id": PLANTED}) == [0]
        vkey = NoteVerifier(LogSettings().origin, held.log.public_key()).vkey
        assert office.vkey == vkey
        assert verify_export(io.BytesIO(await office.export()), [vkey], strict=True).good
        assert not [name for name in os.listdir(tmp_path) if name.startswith("exchange-log-")]  # noqa: PTH208
        assert {"sign", "encrypt", "decrypt", "hmac"} <= set(held.asked)
        listed = await asyncio.to_thread(facts, tmp_path, "keys", "list", *words(both))
        assert (listed["root"], listed["signing"]["vkey"]) == (
            {"id": "root v1", "from": "adapters.keys.transit"}, vkey,
        )  # fmt: skip
        held.broken = 503
        with pytest.raises(LogUnavailable):
            await office.plant(time=f"{COLD[0]}-09T00:00:00.000Z")
        assert (await office.post("/v1/audit/search", {"subject": {"personal_id": PLANTED}}))[0] == 503
        held.broken, held.lies = 0, True
        late = await office.plant()
        await asyncio.sleep(1.2)  # a signature that does not hold is not kept
        assert (await office.get(f"/v1/audit/proof/inclusion?leaf_hash={late.hex()}"))[0] == 404
        held.lies = False
        await office.settled(late)


async def test_keys_of_the_state_folder_move_to_a_holder(held: Engine, tmp_path: Path) -> None:
    await fill(tmp_path, (COLD[0], HOT), 1)
    former = tmp_path / "former"
    former.write_bytes((tmp_path / "exchange-log-root.key").read_bytes())
    moved = settings(held, root_key="root") | {"gateway.log.former_root_key.file": str(former)}
    done = await asyncio.to_thread(facts, tmp_path, "keys", "rotate", "root", *words(moved))
    assert done == {"rotated": True, "root": "root v1", "unreadable": []}
    former.unlink()
    async with opened(tmp_path, URL, settings(held, root_key="root")) as office:
        assert len(await office.found(subject={"personal_id": WHO}, phase="intent")) == 2


def test_documents_can_be_signed_by_a_key_of_another_kind(held: Engine) -> None:
    signer = registry.held_signer(of(held, "document"))
    signature, public = signer.sign(b"a document"), signer.public_key()
    assert (signer.algorithm, len(signature), isinstance(public, EllipticCurvePublicKey)) == (ES256, 64, True)
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    assert isinstance(public, EllipticCurvePublicKey)
    public.verify(der, b"a document", ECDSA(SHA256()))
    with pytest.raises(NoteBroken, match="Ed25519"):
        NoteSigner("log.example", signer)


def test_signature_that_does_not_hold_is_given_to_nobody(held: Engine) -> None:
    held.lies = True
    signer = registry.held_signer(of(held, "log"))
    for kind, time in ((1, None), (COSIGNATURE, 5)):
        with pytest.raises(NoteBroken, match="does not fit"):
            NoteSigner("log.example", signer, kind).line("text\n", time)


def test_holder_that_is_away_or_refuses_is_told(held: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    root = registry.held_root(of(held, "root"))
    sealed = root.wrap(b"plain", b"2026-11")
    assert (root.unwrap(sealed, b"2026-11"), root.unwrap(sealed, b"2026-12")) == (b"plain", None)
    assert registry.held_root(of(held, "root", version="2")).unwrap(sealed, b"2026-11") is None
    for broken in (403, 500, 404):
        held.broken = broken
        with pytest.raises(KeyUnavailable):
            root.unwrap(sealed, b"2026-11")
        with pytest.raises(ConfigError, match="cannot be had"):
            registry.held_signer(of(held, "log"))
    held.broken = 0
    with pytest.raises(ConfigError, match="does not sign"):
        registry.held_signer(of(held, "root"))
    monkeypatch.setenv("ENGINE_TOKEN", "another")
    with pytest.raises(ConfigError, match="cannot be had") as caught:
        registry.held_signer(of(held, "log"))
    assert TOKEN not in str(caught.value)

"""A log whose key files are gone: the gateway does not start beside it with new ones, and says what to restore."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.domain.errors import ConfigError
from tests import fresh
from tests.keeping.shelf import HOT, ROOT, fill, opened

NAMES = {"exchange-log-root.key": "log.root_key", "exchange-log-signing.key": "log.signing_key"}


@pytest.mark.parametrize("name", NAMES)
async def test_gateway_makes_no_new_key_beside_a_log(tmp_path: Path, name: str) -> None:
    await fill(tmp_path, (HOT,), 1)
    key = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    with pytest.raises(ConfigError) as told:
        async with opened(tmp_path):
            pass
    assert f"{tmp_path / name}: the key file is missing" in str(told.value)
    assert f"restore {name} from your backup, or set {NAMES[name]}" in str(told.value)
    assert not (tmp_path / name).exists()
    (tmp_path / name).write_bytes(key)
    async with opened(tmp_path) as office:
        await office.settled(await office.plant())


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_ends_with_the_remedy(tmp_path: Path, workers: str) -> None:
    asyncio.run(fill(tmp_path, (HOT,), 1))
    for name in NAMES:
        (tmp_path / name).unlink()
    command = [
        sys.executable,
        "-m",
        "gateway",
        "serve",
        "--port",
        "0",
        "--dir",
        str(tmp_path),
        "--workers",
        workers,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=60)  # noqa: S603
    told = done.stderr.decode()
    assert (done.returncode, told.count("the key file is missing"), "Traceback" in told) == (2, 2, False), (
        told
    )


async def test_folder_with_an_empty_log_starts_by_itself(tmp_path: Path) -> None:
    fresh.log_in(tmp_path)
    async with opened(tmp_path) as office:
        await office.settled(await office.plant())
    assert all((tmp_path / name).exists() for name in NAMES)


async def test_folder_without_keys_waits_for_a_database_that_may_have_a_log(tmp_path: Path) -> None:
    away = "postgresql://nobody@127.0.0.1:9/motlan"
    with pytest.raises(ConfigError, match=r"start the database of log\.url, or restore"):
        async with opened(tmp_path, away):
            pass
    assert not any((tmp_path / name).exists() for name in NAMES)

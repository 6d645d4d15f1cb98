"""A folder that was mistyped: the keeper's commands refuse it, and make no empty log in it."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests import fresh, typed
from tests.keeping.shelf import HOT, ROOT, command, fill, motlan
from tests.stores.conftest import empty_postgres_url

__all__ = ("empty_postgres_url",)

ARCHIVE = "{folder}/archive.jsonl.gz"
COMMANDS = (
    ("keys", "list"),
    ("keys", "rotate", "signing"),
    ("keys", "rotate", "root"),
    ("keys", "rotate", "token"),
    ("keys", "rotate", "login"),
    ("erase-period", "2023-04", "--yes"),
    ("log", "archive"),
    ("log", "archive", "--list"),
    ("log", "prune", "--yes", "--archive", ARCHIVE),
)


def refused(folder: Path, *words: str, **environment: str | None) -> str:
    (folder / "archive.jsonl.gz").write_bytes(b"no archive")
    before = sorted(folder.rglob("*"))
    done = typed.motlan(*(word.format(folder=folder) for word in words), environment=environment)
    assert (done.code, done.out, sorted(folder.rglob("*"))) == (2, "", before), done
    assert "give the folder that `motlan serve` uses: --dir FOLDER" in done.err
    return done.err


@pytest.mark.parametrize("command", COMMANDS)
def test_mistyped_folder_is_refused_and_stays_as_it_was(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "there").mkdir()
    for name in ("there", "not/there"):
        told = refused(tmp_path, *command, "--dir", str(tmp_path / name))
        assert f"there is no log in {tmp_path / name};" in told
    told = refused(tmp_path, *command, XDG_STATE_HOME=str(tmp_path / "there"))
    assert f"there is no log in {tmp_path}/there/motlan;" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_empty_database_is_refused_and_stays_empty(
    tmp_path: Path, empty_postgres_url: str, command: tuple[str, ...]
) -> None:
    store = ("--dir", str(tmp_path), "--set", f"gateway.log.url={empty_postgres_url}")
    for _ in range(2):  # the second time there would be tables, had the first one made them
        assert "there is no log in the database of log.url;" in refused(tmp_path, *command, *store)


def test_file_without_tables_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "exchange.db").touch()
    assert "there is no log in" in refused(tmp_path, "keys", "list", "--dir", str(tmp_path))
    assert (tmp_path / "exchange.db").stat().st_size == 0


def test_log_elsewhere_gets_no_new_keys_in_a_mistyped_folder(tmp_path: Path) -> None:
    fresh.log_in(tmp_path / "log")
    mistyped = tmp_path / "mistyped"
    mistyped.mkdir()
    store = ("--set", f"gateway.log.url=sqlite:///{tmp_path}/log/exchange.db", "--dir", str(mistyped))
    told = refused(mistyped, "keys", "list", *store)
    assert "no keys of the log" in told
    assert "exchange-log-root.key, exchange-log-signing.key" in told


async def test_folder_of_a_log_is_taken(tmp_path: Path) -> None:
    await fill(tmp_path, (HOT,), 1)
    assert HOT in await asyncio.to_thread(motlan, tmp_path, "keys", "list")


def test_keys_whose_log_is_gone_begin_no_second_one(tmp_path: Path) -> None:
    asyncio.run(fill(tmp_path, (HOT,), 1))
    for file in tmp_path.glob("exchange.db*"):
        file.unlink()
    before = sorted(tmp_path.glob("exchange*"))
    done = subprocess.run(  # noqa: S603 -- this interpreter
        command(tmp_path, "serve", "--port", "0"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, sorted(tmp_path.glob("exchange*"))) == (2, before), done.stderr
    assert "restore exchange.db" in done.stderr
    assert "exchange-log-root.key, exchange-log-signing.key" in done.stderr

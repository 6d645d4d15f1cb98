"""The key that signs checkpoints: made once, for nobody else, or given; and stores of the release before."""

import base64
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.schema.migration import REVISIONS
from adapters.stores import sql
from adapters.stores.opening import open_log
from adapters.stores.sequencer import open_sequencer
from adapters.stores.signing import signing_key
from adapters.stores.upgrade import upgrade
from gateway.domain.errors import ConfigError
from tests.stores.numbered import SEED, number, sees, sequencer
from tests.stores.opened import open_reader
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql, some_record

ROOT = Path(__file__).parents[2]
FILE = "exchange-log-signing.key"


def test_key_is_made_once_and_for_nobody_else(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first, again = (signing_key(folder, None).private_bytes_raw() for _ in range(2))
    assert first == again
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [FILE]


def test_processes_that_start_together_use_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from adapters.stores.signing import signing_key;"
        "print(signing_key(Path(sys.argv[1]), None).private_bytes_raw().hex())"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(4)]  # noqa: S603 -- this interpreter
    assert len({process.communicate(timeout=60)[0] for process in processes}) == 1


def test_given_key_is_used_and_nothing_is_made(tmp_path: Path) -> None:
    assert signing_key(tmp_path, f" {SEED}\n").private_bytes_raw() == base64.b64decode(SEED)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "canary", SEED[:-4], SEED + "AAAA", "*" * 44])
def test_key_that_is_none_is_refused_without_repeating_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        signing_key(tmp_path, text)
    assert "canary" not in str(caught.value)


def test_origin_that_cannot_be_signed_for_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="origin"):
        open_sequencer("sqlite:///exchange.db", tmp_path, "an origin", (SEED,))


def test_folder_and_file_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe")
    (tmp_path / "file").write_text("")
    for folder in (tmp_path, tmp_path / "file"):
        with pytest.raises(ConfigError, match=FILE):
            signing_key(folder, None)


async def test_store_of_the_release_before_is_brought_up_with_its_records(
    empty_url: str, tmp_path: Path
) -> None:
    first = REVISIONS[0]
    statements = first.in_postgres() if sql.is_postgres(empty_url) else first.in_sqlite()
    leaf = r"'\x7b7d'" if sql.is_postgres(empty_url) else "x'7b7d'"
    (tmp_path / "exchange.db").touch()
    for statement in (
        *statements,
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('0001')",
        f"INSERT INTO append_log (id, leaf) VALUES ('', {leaf})",  # noqa: S608 -- ours
    ):
        await run_sql(empty_url, tmp_path, statement)
    await upgrade(empty_url, tmp_path, {})
    log = open_log(empty_url, tmp_path, ORIGIN, ROOT_KEY)
    await log.append(some_record())
    one = sequencer(empty_url, tmp_path)
    assert await number(one) == 2
    reader = open_reader(empty_url, tmp_path)
    await sees(reader)
    for closing in (log, one, reader):
        await closing.close()

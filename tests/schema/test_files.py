"""SQLite files of the first release are upgraded with all that is in them; those of a newer one are left as they are.

`files_of_0_1` holds files as release 0.1 left them, with three rows in each table.
"""

import asyncio
import gzip
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.anchors.witness_door import build_witness
from adapters.schema.migration import NEWEST, NEWEST_DATABASE, REVISIONS, NewerSchema, prepare, version_in
from adapters.schema.revision import DatabaseFile
from adapters.stores.opening import make_log
from gateway.domain.errors import AccessUnavailable, ConfigError
from tests.stores.opened import open_corrections, open_revocations

OLD = Path(__file__).with_name("files_of_0_1")
ROOT = Path(__file__).parents[2]
URL = "sqlite:///exchange.db"
NAMES = {
    DatabaseFile.LOG: "exchange.db",
    DatabaseFile.ACCESS: "access.sqlite",
    DatabaseFile.CONSENTS: "consents.sqlite",
    DatabaseFile.CORRECTIONS: "corrections.sqlite",
    DatabaseFile.WITNESS: "witness.db",
}
BESIDE = (DatabaseFile.ACCESS, DatabaseFile.CONSENTS, DatabaseFile.CORRECTIONS)
WITHOUT_VERSION = (*BESIDE, DatabaseFile.WITNESS)
Content = dict[str, list[tuple[Any, ...]]]
each_file = pytest.mark.parametrize("file", DatabaseFile)


def old_file(file: DatabaseFile, folder: Path) -> Path:
    """A file as release 0.1 left it."""
    path = folder / NAMES[file]
    path.write_bytes(gzip.decompress((OLD / f"{path.name}.gz").read_bytes()))
    return path


def content_of(path: Path) -> Content:
    """Every row of every table, but for the version."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('alembic_version', 'sqlite_sequence')"
        ).fetchall()
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables}  # noqa: S608 -- its own


def as_wide(found: Content, before: Content) -> Content:
    """The tables of `before`, without columns that a newer release added at their ends."""
    return {
        name: [row[: len(rows[0])] if rows else row for row in found[name]] for name, rows in before.items()
    }


def shape_of(path: Path) -> dict[str, object]:
    """Tables and indexes with their columns, triggers with their text."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            name: (
                connection.execute(f"PRAGMA table_info({name})").fetchall(),
                connection.execute(f"PRAGMA index_xinfo({name})").fetchall(),
                [word in (text or "") for word in ("AUTOINCREMENT", "WITHOUT ROWID")],
                text if kind == "trigger" else "",
            )
            for name, kind, text in connection.execute("SELECT name, type, sql FROM sqlite_master").fetchall()
        }


def run(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@each_file
def test_file_of_the_first_release_has_all_its_rows_and_the_newest_schema(
    file: DatabaseFile, tmp_path: Path
) -> None:
    path = old_file(file, tmp_path)
    before = content_of(path)
    prepare(path, file)
    found = content_of(path)
    assert as_wide(found, before) == before
    assert all(rows == [] for name, rows in found.items() if name not in before)
    assert version_in(path) == NEWEST[file]
    new = tmp_path / "new"
    prepare(new, file)
    assert shape_of(path) == shape_of(new)
    assert new.stat().st_mode & 0o777 == 0o600


def test_rows_that_are_compared_fill_every_table_of_the_files_beside_the_log(tmp_path: Path) -> None:
    for file in WITHOUT_VERSION:
        content = content_of(old_file(file, tmp_path))
        assert {name: len(rows) for name, rows in content.items() if name != "witness"} == dict.fromkeys(
            content.keys() - {"witness"}, 3
        )


async def test_start_upgrades_the_files_beside_the_log_and_their_stores_find_what_was_in_them(
    tmp_path: Path,
) -> None:
    for file in (DatabaseFile.LOG, *BESIDE):
        old_file(file, tmp_path)
    reports = content_of(tmp_path / "corrections.sqlite")["corrections"]
    revoked = content_of(tmp_path / "access.sqlite")["access_revocations"]
    make_log(URL, tmp_path)
    assert {version_in(tmp_path / NAMES[file]) for file in BESIDE} == {NEWEST[file] for file in BESIDE}
    corrections, revocations = open_corrections(URL, tmp_path), open_revocations(URL, tmp_path)
    for row in reports:
        report = await corrections.find(row[1])
        assert report is not None
        assert (report[: len(row)], report.sender, report.parent) == (row, b"", b"")
    assert [tuple(one) for one in await revocations.since(0)] == [row[:4] for row in revoked]
    await corrections.close()
    await revocations.close()


async def test_file_that_is_opened_without_a_start_is_upgraded_as_well(tmp_path: Path) -> None:
    path = old_file(DatabaseFile.ACCESS, tmp_path)
    revocations = open_revocations(URL, tmp_path)
    await revocations.add("token", "new", 5.0, 9e9)
    assert [one.id for one in await revocations.since(3)] == ["new"]
    await revocations.close()
    assert version_in(path) == NEWEST[DatabaseFile.ACCESS]


def test_file_without_the_tables_that_came_later_gets_them(tmp_path: Path) -> None:
    """As one of before decisions, which release 0.1 mended at every start."""
    path = old_file(DatabaseFile.CONSENTS, tmp_path)
    run(path, "DROP TABLE decisions", "DROP TABLE refused_copies")
    before = content_of(path)
    prepare(path, DatabaseFile.CONSENTS)
    assert content_of(path) == {**before, "decisions": [], "refused_copies": [], "kept_papers": []}


def test_file_with_a_version_gets_what_it_lacks_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "consents.sqlite"
    prepare(path, DatabaseFile.CONSENTS)
    complete = shape_of(path)
    run(path, "DROP TABLE refused_copies", "UPDATE alembic_version SET version_num = '0010'")
    prepare(path, DatabaseFile.CONSENTS)
    assert shape_of(path) == complete
    run(path, "DROP TABLE refused_copies")
    prepare(path, DatabaseFile.CONSENTS)
    assert "refused_copies" not in shape_of(path)


def test_memory_of_a_witness_of_before_roots_keeps_its_evidence(tmp_path: Path) -> None:
    path = old_file(DatabaseFile.WITNESS, tmp_path)
    run(path, "DROP INDEX evidence_once", "ALTER TABLE evidence DROP COLUMN root")
    before = content_of(path)["evidence"]
    prepare(path, DatabaseFile.WITNESS)
    assert content_of(path)["evidence"] == [(*row, None) for row in before]


# ------------------------------------------------------------------------------------------ newer releases


@each_file
@pytest.mark.parametrize("crashed", [False, True], ids=["closed", "crashed"])
def test_file_of_a_newer_release_is_refused_and_not_one_byte_changes(
    file: DatabaseFile, tmp_path: Path, *, crashed: bool
) -> None:
    made, folder = tmp_path / "made", tmp_path / "state"
    made.mkdir()
    folder.mkdir()
    path = old_file(file, made)
    prepare(path, file)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        if not crashed:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        for one in made.glob(f"{path.name}*"):
            if not one.name.endswith("-shm"):
                (folder / one.name).write_bytes(one.read_bytes())
    before = bytes_in(folder)
    with pytest.raises(NewerSchema, match=r"of a newer release \(schema 9999; this release knows 00"):
        prepare(folder / path.name, file)
    after = bytes_in(folder)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("file", [DatabaseFile.LOG, *BESIDE])
def test_start_with_a_file_of_a_newer_release_is_refused_with_what_to_do(
    file: DatabaseFile, tmp_path: Path
) -> None:
    make_log(URL, tmp_path)
    path = old_file(file, tmp_path)
    prepare(path, file)
    run(path, "UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=f"{path.name} is of a newer release.*restore the backup"):
        make_log(URL, tmp_path)
    assert path.read_bytes() == before


async def test_file_that_a_newer_release_upgraded_meanwhile_is_refused_with_the_reason(
    tmp_path: Path,
) -> None:
    path = tmp_path / "access.sqlite"
    prepare(path, DatabaseFile.ACCESS)
    run(path, "UPDATE alembic_version SET version_num = '9999'")
    revocations = open_revocations(URL, tmp_path)
    with pytest.raises(AccessUnavailable, match=r"access\.sqlite is of a newer release"):
        await revocations.since(0)
    await revocations.close()


def test_witness_with_the_memory_of_a_newer_release_does_not_start(tmp_path: Path) -> None:
    path = tmp_path / "witness.db"
    prepare(path, DatabaseFile.WITNESS)
    run(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="is of a newer release"):
        build_witness("witness.example", bytes(32), (), path)


# ------------------------------------------------------------------------------------- crashes, company


@each_file
def test_crash_at_any_moment_of_an_upgrade_leaves_the_old_file_or_the_new_one(
    file: DatabaseFile, tmp_path: Path
) -> None:
    path = old_file(file, tmp_path)
    if file is DatabaseFile.LOG:  # it has its version already: the whole schema is made
        path.write_bytes(b"")
    old, folder = shape_of(path), tmp_path / "copies"
    folder.mkdir()
    command = [sys.executable, "-m", "tests.schema.crash", str(path), file, str(folder)]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)  # noqa: S603 -- this interpreter
    copies = sorted(folder.glob(f"*/{path.name}"))
    statements = sum(len(one.in_sqlite()) for one in REVISIONS if one.file is file)
    assert len(copies) == int(said.stdout) > statements
    rows = content_of(path)
    prepare(path, file)
    new, seen = shape_of(path), [shape_of(copy) for copy in copies]
    assert [shape in (old, new) for shape in seen] == [True] * len(seen)
    assert (seen[0], seen[-1]) == (old, new)
    for copy in copies:
        prepare(copy, file)
        assert shape_of(copy) == new
        assert as_wide(content_of(copy), rows) == rows


@each_file
def test_file_that_a_killed_process_left_half_written_is_opened_with_what_was_committed(
    file: DatabaseFile, tmp_path: Path
) -> None:
    """Copied while a transaction has written into the file, or beside it, and not committed."""
    path, copy = tmp_path / NAMES[file], tmp_path / "copy" / NAMES[file]
    prepare(path, file)
    before = content_of(path)
    copy.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size=1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE half AS SELECT randomblob(1000000) AS written")
        left = [one for one in tmp_path.glob(f"{path.name}*") if not one.name.endswith("-shm")]
        assert len(left) == 2
        for one in left:
            (copy.parent / one.name).write_bytes(one.read_bytes())
        connection.execute("ROLLBACK")
    assert version_in(copy) == NEWEST[file]
    prepare(copy, file)
    assert content_of(copy) == before


@pytest.mark.parametrize(
    "make", [old_file, lambda file, folder: folder / NAMES[file]], ids=["old", "missing"]
)
def test_processes_that_open_a_file_together_all_succeed(
    make: Callable[[DatabaseFile, Path], Path], tmp_path: Path
) -> None:
    path = make(DatabaseFile.CONSENTS, tmp_path)
    code = (
        "import sys; from pathlib import Path; from adapters.schema.migration import prepare;"
        "from adapters.schema.revision import DatabaseFile;"
        "sys.stdin.read(1); prepare(Path(sys.argv[1]), DatabaseFile.CONSENTS)"
    )
    command = [sys.executable, "-c", code, str(path)]
    processes = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) for _ in range(3)]  # noqa: S603 -- this interpreter
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert version_in(path) == NEWEST[DatabaseFile.CONSENTS]


async def test_upgrade_waits_for_a_process_that_writes_and_sees_what_it_wrote(tmp_path: Path) -> None:
    path = old_file(DatabaseFile.ACCESS, tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        upgrading = asyncio.create_task(asyncio.to_thread(prepare, path, DatabaseFile.ACCESS))
        await asyncio.sleep(0.3)
        other.execute("DELETE FROM access_replays")
        other.execute("COMMIT")
    await upgrading
    assert content_of(path)["access_replays"] == []
    assert version_in(path) == NEWEST[DatabaseFile.ACCESS]


# --------------------------------------------------------------------------------------------- the list


def test_every_revision_is_in_the_list_in_its_order() -> None:
    written = sorted((ROOT / "adapters/schema/revisions").glob("r*.py"))
    assert [path.name[1:5] for path in written] == [one.number for one in REVISIONS]
    assert [one.number for one in REVISIONS] == [f"{number:04}" for number in range(1, len(REVISIONS) + 1)]


def test_readme_says_the_version_of_each_file() -> None:
    readme = (ROOT / "adapters/schema/README.md").read_text("utf-8")
    assert dict(re.findall(r"^\| `([\w.]+)`.* \| (\d{4}) \|", readme, re.MULTILINE)) == {
        NAMES[file]: NEWEST[file] for file in DatabaseFile
    }
    assert f"with one version ({NEWEST_DATABASE})" in readme

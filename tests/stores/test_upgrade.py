"""The owner of a database upgrades it and grants; a gateway over another schema, or with other rights, is not ready."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import orjson
import pytest
from click.testing import CliRunner

from adapters.schema.grants import DatabaseRole, grant_script, rights_of
from adapters.schema.migration import NEWEST_DATABASE, version_in
from adapters.schema.revisions.r0020_on_duty import INDEX
from adapters.stores.opening import open_log
from adapters.stores.upgrade import check_store, upgrade
from gateway.cli import motlan
from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, DatabaseUnfit, LogUnavailable
from gateway.domain.sentences import Sentence
from tests import fresh
from tests.flows.conftest import build
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql, some_record

OLDER = say.DATABASE_SCHEMA_OLDER(found="0011", known=NEWEST_DATABASE)
NEWER = say.DATABASE_SCHEMA_NEWER(found="9999", known=NEWEST_DATABASE)


@pytest.fixture
def mark() -> str:
    """Makes names of roles a test's own: they belong to the server."""
    return os.urandom(4).hex()


@pytest.fixture
async def app_url(postgres_url: str, tmp_path: Path, mark: str) -> str:
    """The database as a gateway meets it, whose role its owner has granted its rights."""
    await upgrade(postgres_url, tmp_path, roles(mark))
    await run_sql(postgres_url, tmp_path, f"CREATE ROLE gateway_{mark} LOGIN IN ROLE app_{mark}")
    return postgres_url.replace("//postgres:", f"//gateway_{mark}:")


def roles(mark: str) -> dict[str, str]:
    return {f"motlan_{name}": f"{name}_{mark}" for name in ("app", "admin", "audit")}


async def found(url: str, folder: Path, *, may_own: bool = False) -> tuple[bool, Sentence | None]:
    """Whether a gateway is ready, and why not; it writes no record then."""
    log = open_log(url, folder, ORIGIN, ROOT_KEY, may_own=may_own)
    try:
        is_ready = await log.ready()
        if not is_ready:
            with pytest.raises(LogUnavailable) as caught:
                await log.append(some_record())
            assert caught.value.sentence == log.fault
            with pytest.raises(DatabaseUnfit) as unfit:
                await check_store(url, may_own=may_own)
            assert unfit.value.sentence == log.fault
        else:
            await log.append(some_record())
            await check_store(url, may_own=may_own)
        return is_ready, log.fault
    finally:
        await log.close()


async def test_gateway_with_its_role_is_ready_and_the_owner_is_not_in_production(
    app_url: str, postgres_url: str, tmp_path: Path
) -> None:
    assert await found(app_url, tmp_path) == (True, None)
    assert await found(postgres_url, tmp_path) == (False, say.DATABASE_ACCOUNT_OWNS)
    assert await found(postgres_url, tmp_path, may_own=True) == (True, None)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("GRANT UPDATE (leaf) ON append_log TO {role}", "UPDATE append_log"),
        ("GRANT DELETE ON log_entries TO {role}", "DELETE log_entries"),
        ("GRANT TRUNCATE ON log_tiles TO {role}", "TRUNCATE log_tiles"),
        ("GRANT INSERT ON log_pruned TO {role}", "INSERT log_pruned"),
        ("GRANT TRIGGER ON append_log TO {role}", "TRIGGER append_log"),
        ("GRANT UPDATE ON SEQUENCE append_log_seq_seq TO {role}", "UPDATE append_log_seq_seq"),
        ("GRANT EXECUTE ON FUNCTION motlan_drop_month TO {role}", "EXECUTE motlan_drop_month"),
        ("GRANT DELETE ON log_archives TO PUBLIC", "DELETE log_archives"),
    ],
)
async def test_right_to_change_the_log_makes_unready_until_the_owner_grants_again(
    app_url: str, postgres_url: str, tmp_path: Path, mark: str, change: str, named: str
) -> None:
    await run_sql(postgres_url, tmp_path, change.format(role=f"app_{mark}"))
    for may_own in (False, True):
        refused = await found(app_url, tmp_path, may_own=may_own)
        assert refused == (False, say.DATABASE_RIGHTS_TOO_MANY(rights=named))
    await upgrade(postgres_url, tmp_path, roles(mark))
    assert await found(app_url, tmp_path) == (True, None)


async def test_account_that_may_become_the_owner_is_not_ready_in_production(
    app_url: str, postgres_url: str, tmp_path: Path, mark: str
) -> None:
    await run_sql(postgres_url, tmp_path, f"CREATE ROLE tables_{mark}")
    for table in ("append_log", "alembic_version"):
        await run_sql(postgres_url, tmp_path, f"ALTER TABLE {table} OWNER TO tables_{mark}")
    await run_sql(
        postgres_url, tmp_path, f"GRANT tables_{mark} TO gateway_{mark} WITH INHERIT FALSE, SET TRUE"
    )
    assert await found(app_url, tmp_path) == (False, say.DATABASE_ACCOUNT_OWNS)


async def test_account_that_may_take_the_rights_of_another_role_is_not_ready(
    app_url: str, postgres_url: str, tmp_path: Path, mark: str
) -> None:
    grant = f"GRANT admin_{mark} TO gateway_{mark} WITH INHERIT FALSE, SET TRUE"
    await run_sql(postgres_url, tmp_path, grant)
    is_ready, said = await found(app_url, tmp_path, may_own=True)
    assert not is_ready
    assert "DELETE append_log" in str(said)


async def test_rights_are_granted_and_revoked_in_the_schema_of_the_tables_and_on_no_others(
    empty_postgres_url: str, tmp_path: Path, mark: str
) -> None:
    for statement in (
        "CREATE TABLE of_another (one int)",
        "GRANT SELECT ON of_another TO PUBLIC",
        "CREATE SCHEMA records",
        "CREATE TABLE records.of_another (one int)",
        "GRANT SELECT ON records.of_another TO PUBLIC",
    ):
        await run_sql(empty_postgres_url, tmp_path, statement)
    owner = f"{empty_postgres_url}&search_path=records"
    await upgrade(owner, tmp_path, roles(mark))
    await run_sql(owner, tmp_path, f"CREATE ROLE gateway_{mark} LOGIN IN ROLE app_{mark}")
    await run_sql(owner, tmp_path, f"GRANT DELETE ON append_log TO app_{mark}")
    gateway = owner.replace("//postgres:", f"//gateway_{mark}:")
    assert await found(gateway, tmp_path) == (
        False, say.DATABASE_RIGHTS_TOO_MANY(rights="DELETE append_log"),
    )  # fmt: skip
    await upgrade(owner, tmp_path, roles(mark))
    assert await found(gateway, tmp_path) == (True, None)
    for table in ("public.of_another", "records.of_another"):
        may = f"SELECT has_table_privilege('gateway_{mark}', '{table}', 'SELECT')"
        assert await run_sql(owner, tmp_path, may) == [(True,)]


def test_rights_of_every_table_that_is_granted_are_revoked_first() -> None:
    tables = {table for role in DatabaseRole for table, _ in rights_of(role)}
    listed = grant_script({}).partition("= ANY (ARRAY[")[2].partition("]")[0]
    assert {one.strip().strip("'") for one in listed.split(",")} == tables


async def test_rights_that_are_missing_are_named(
    app_url: str, postgres_url: str, tmp_path: Path, mark: str
) -> None:
    for statement in (
        f"REVOKE INSERT ON log_tiles, consents FROM app_{mark}",
        f"REVOKE EXECUTE ON FUNCTION motlan_month(text) FROM app_{mark}",
    ):
        await run_sql(postgres_url, tmp_path, statement)
    missing = "EXECUTE motlan_month, INSERT consents, INSERT log_tiles"
    assert await found(app_url, tmp_path) == (False, say.DATABASE_RIGHTS_MISSING(rights=missing))


async def test_gateway_that_loses_its_rights_while_it_serves_is_not_ready(
    app_url: str, postgres_url: str, tmp_path: Path, mark: str
) -> None:
    log = open_log(app_url, tmp_path, ORIGIN, ROOT_KEY, may_own=False)
    log._fresh_seconds = 0
    assert await log.ready()
    await run_sql(postgres_url, tmp_path, f"GRANT DELETE ON append_log TO app_{mark}")
    assert not await log.ready()
    with pytest.raises(LogUnavailable, match="DELETE append_log"):
        await log.append(some_record())
    await log.close()


def test_grants_name_tables_and_rights_of_each_role() -> None:
    app = rights_of(DatabaseRole.APP)
    assert {("append_log", "INSERT"), ("decisions", "UPDATE"), ("append_log_seq_seq", "SELECT")} <= app
    assert ("append_log", "DELETE") in rights_of(DatabaseRole.ADMIN)
    assert {right for _, right in rights_of(DatabaseRole.AUDIT)} == {"SELECT"}


# ------------------------------------------------------------------------------------------ schema


async def test_empty_database_is_refused_and_stays_empty(empty_postgres_url: str, tmp_path: Path) -> None:
    assert await found(empty_postgres_url, tmp_path, may_own=True) == (False, say.DATABASE_EMPTY)
    assert await run_sql(empty_postgres_url, tmp_path, "SELECT to_regclass('append_log')") == [(None,)]


@pytest.mark.parametrize(("version", "said"), [("0011", OLDER), ("9999", NEWER)])
async def test_schema_of_another_release_is_refused(
    postgres_url: str, tmp_path: Path, version: str, said: Sentence
) -> None:
    changed = f"UPDATE alembic_version SET version_num = '{version}'"  # noqa: S608 -- ours
    for statement in (changed, "COMMENT ON TABLE alembic_version IS NULL"):
        await run_sql(postgres_url, tmp_path, statement)
    assert await found(postgres_url, tmp_path, may_own=True) == (False, said)


async def test_schema_that_another_release_takes_while_it_serves_is_noticed_by_the_next_probe(
    postgres_url: str, tmp_path: Path
) -> None:
    log = open_log(postgres_url, tmp_path, ORIGIN, ROOT_KEY)
    log._fresh_seconds = 0
    assert await log.ready()
    for statement in (
        "UPDATE alembic_version SET version_num = '9999'",
        "COMMENT ON TABLE alembic_version IS NULL",
    ):
        await run_sql(postgres_url, tmp_path, statement)
    assert not await log.ready()
    assert log.fault == NEWER
    with pytest.raises(LogUnavailable):
        await log.append(some_record())
    await log.close()


async def test_newer_schema_that_serves_this_release_is_used_while_both_run(
    postgres_url: str, tmp_path: Path
) -> None:
    await run_sql(postgres_url, tmp_path, "UPDATE alembic_version SET version_num = '9999'")
    assert await found(postgres_url, tmp_path, may_own=True) == (True, None)
    with pytest.raises(DatabaseUnfit) as caught:
        await upgrade(postgres_url, tmp_path, {})
    assert caught.value.sentence == NEWER
    later = "COMMENT ON TABLE alembic_version IS 'motlan: serves releases from schema 9000'"
    await run_sql(postgres_url, tmp_path, later)
    assert await found(postgres_url, tmp_path, may_own=True) == (False, NEWER)


async def test_large_index_is_made_before_the_upgrade_and_anew_where_a_killed_one_left_half_of_it(
    postgres_url: str, tmp_path: Path
) -> None:
    log = open_log(postgres_url, tmp_path, ORIGIN, ROOT_KEY)
    await log.append(some_record())
    await log.close()
    half = f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{INDEX}'::regclass"  # noqa: S608 -- our own name
    for left in (f"DROP INDEX {INDEX}", half):
        await run_sql(postgres_url, tmp_path, "UPDATE alembic_version SET version_num = '0019'")
        await run_sql(postgres_url, tmp_path, left)
        await upgrade(postgres_url, tmp_path, {})
        valid = f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{INDEX}')"  # noqa: S608 -- our own name
        assert await run_sql(postgres_url, tmp_path, valid) == [(True,)]
    assert await found(postgres_url, tmp_path, may_own=True) == (True, None)


async def test_gateway_over_an_empty_database_does_not_start_and_says_what_to_do(
    empty_postgres_url: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="motlan migrate"):
        async with build(tmp_path, {"gateway.log.url": empty_postgres_url}):
            pass


def test_doctor_says_what_is_wrong_with_the_database(empty_postgres_url: str, tmp_path: Path) -> None:
    words = ["doctor", "--json", "--dir", str(tmp_path), "--set", f"gateway.log.url={empty_postgres_url}"]
    findings = orjson.loads(CliRunner().invoke(motlan, words).output)["findings"]
    (database,) = [one for one in findings if one["kind"] == "database"]
    assert (database["good"], database["text"]) == (False, str(say.DATABASE_EMPTY))
    asyncio.run(upgrade(empty_postgres_url, tmp_path, {}))
    findings = orjson.loads(CliRunner().invoke(motlan, words).output)["findings"]
    assert [one["good"] for one in findings if one["kind"] == "database"] == [True]


def test_doctor_names_a_file_of_a_newer_release(tmp_path: Path) -> None:
    fresh.log_in(tmp_path)
    migrate(tmp_path)
    for version, good in ((None, True), ("9999", False)):
        if version is not None:
            set_version(tmp_path / "consents.sqlite", version)
        shown = CliRunner().invoke(motlan, ["doctor", "--json", "--dir", str(tmp_path)]).output
        (database,) = [one for one in orjson.loads(shown)["findings"] if one["kind"] == "database"]
        assert (database["good"], "consents.sqlite" in database["text"]) == (good, not good)


# ----------------------------------------------------------------------------------------- command


def test_command_upgrades_a_database_and_grants_and_a_dry_run_does_neither(
    empty_postgres_url: str, tmp_path: Path, mark: str
) -> None:
    words = ["migrate", "--dir", str(tmp_path), "--app-role", f"app_{mark}", "--admin-role", f"admin_{mark}"]
    words += ["--audit-role", f"audit_{mark}"]
    owner = {"MOTLAN_OWNER_URL": empty_postgres_url}
    told = []
    for more in (["--dry-run"], ["--json"], []):
        result = CliRunner().invoke(motlan, [*words, *more], env=owner)
        assert result.exit_code == 0, result.output
        told.append(result.output)
    assert f"would be upgraded: new → {NEWEST_DATABASE}" in told[0]
    assert f'GRANT SELECT, INSERT ON append_log, period_keys TO "app_{mark}";' in told[0]
    assert orjson.loads(told[1])["upgrades"][0]["found"] == ""
    assert f"schema {NEWEST_DATABASE}, as this release has it" in told[2]


BESIDE = ("access.sqlite", "consents.sqlite", "corrections.sqlite")


def migrate(folder: Path, *more: str) -> tuple[int, str]:
    """The command over a state folder: its exit code and what it says."""
    result = CliRunner().invoke(motlan, ["migrate", "--dir", str(folder), *more], standalone_mode=False)
    if isinstance(result.exception, ConfigError):
        return 2, str(result.exception)
    return int(result.return_value), result.output


def set_version(path: Path, version: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))


def test_command_upgrades_every_file_of_a_state_folder(tmp_path: Path) -> None:
    fresh.log_in(tmp_path)
    code, dry = migrate(tmp_path, "--dry-run")
    assert (code, [name for name in BESIDE if (tmp_path / name).exists()]) == (0, [])
    assert "access.sqlite: sẽ nâng cấp: mới → " in dry
    assert "access.sqlite: would be upgraded: new → " in dry
    code, done = migrate(tmp_path, "--json")
    assert (code, len(orjson.loads(done)["upgrades"])) == (0, 4)
    for name in ("exchange.db", *BESIDE):
        assert version_in(tmp_path / name)


def test_file_of_a_newer_release_is_named_and_nothing_changes_before_it(tmp_path: Path) -> None:
    fresh.log_in(tmp_path)
    migrate(tmp_path)
    set_version(tmp_path / "consents.sqlite", "9999")
    set_version(tmp_path / "access.sqlite", "0000")
    for more in (["--dry-run"], []):
        code, said = migrate(tmp_path, *more)
        assert (code, "consents.sqlite" in said, "→" in said) == (2, True, False)
    assert version_in(tmp_path / "access.sqlite") == "0000"


def test_files_that_were_upgraded_are_listed_when_another_one_refuses(tmp_path: Path) -> None:
    fresh.log_in(tmp_path)
    with closing(sqlite3.connect(tmp_path / "consents.sqlite")) as connection:
        connection.execute("CREATE TABLE subject_requests (one int)")
    code, said = migrate(tmp_path)
    assert (code, "access.sqlite: upgraded: new" in said) == (3, True)
    assert "consents.sqlite: upgraded" not in said
    assert "consents.sqlite: " in said


def test_folder_without_a_log_is_refused_and_stays_empty(tmp_path: Path) -> None:
    for more in (["--dry-run"], []):
        code, said = migrate(tmp_path, *more)
        assert (code, "give the folder that `motlan serve` uses" in said) == (2, True)
        assert not list(tmp_path.iterdir())


def test_keys_whose_log_is_gone_get_no_second_one(tmp_path: Path) -> None:
    (tmp_path / "exchange-log-signing.key").write_text("")
    for more in (["--dry-run"], []):
        code, said = migrate(tmp_path, *more)
        assert (code, "its keys are there (exchange-log-signing.key)" in said) == (2, True)
    (tmp_path / "exchange.db").touch()
    assert migrate(tmp_path)[0] == 2
    assert (tmp_path / "exchange.db").stat().st_size == 0


def test_dry_run_over_a_database_of_a_newer_release_says_so(postgres_url: str, tmp_path: Path) -> None:
    newer = "UPDATE alembic_version SET version_num = '9999'"
    asyncio.run(run_sql(postgres_url, tmp_path, newer))
    for more in (["--dry-run"], []):
        code, said = migrate(tmp_path, "--owner-url", postgres_url, *more)
        assert (code, str(NEWER) in said) == (2, True)


def test_command_says_why_a_database_refuses(tmp_path: Path) -> None:
    away = "postgresql://owner:canary@127.0.0.1:1/motlan"
    words = ["migrate", "--dir", str(tmp_path), "--owner-url", away]
    result = CliRunner().invoke(motlan, words, standalone_mode=False)
    assert (result.return_value, "canary" in result.output) == (3, False)
    assert say.DATABASE_UNREACHABLE.vi in result.output


@pytest.mark.parametrize(
    "held",
    [
        "LOCK TABLE alembic_version IN SHARE MODE",
        "SELECT pg_advisory_xact_lock(hashtext('motlan.migrations'))",
    ],
)
async def test_session_that_holds_what_a_migration_needs_is_named_and_nobody_waits_for_long(
    postgres_url: str, tmp_path: Path, held: str
) -> None:
    dump = await asyncpg.connect(f"{postgres_url}&application_name=pg_dump")
    pid = await dump.fetchval("SELECT pg_backend_pid()")
    async with dump.transaction():
        await dump.execute(held)
        with pytest.raises(LogUnavailable) as caught:
            await asyncio.wait_for(upgrade(postgres_url, tmp_path, {}), 20)
        assert caught.value.sentence == say.DATABASE_HELD(holders=f"pid {pid} pg_dump")
    await dump.close()
    await upgrade(postgres_url, tmp_path, {})


@pytest.mark.parametrize(
    "name", ["a; DROP TABLE x", "Gateway", "public", "none", "pg_monitor", "gate way", ""]
)
def test_name_of_a_role_is_checked(tmp_path: Path, name: str) -> None:
    result = CliRunner().invoke(motlan, ["migrate", "--dir", str(tmp_path), "--app-role", name])
    assert (result.exit_code, "such as motlan_app" in result.output) == (2, True)


@pytest.mark.parametrize(
    "given", [["--app-role", "same", "--admin-role", "same"], ["--app-role", "motlan_audit"]]
)
def test_roles_of_one_name_are_refused(tmp_path: Path, given: list[str]) -> None:
    result = CliRunner().invoke(motlan, ["migrate", "--dir", str(tmp_path), *given])
    assert (result.exit_code, "three names" in result.output) == (2, True)


def test_roles_that_exchange_their_names_keep_their_own_rights() -> None:
    names = {DatabaseRole.APP: "motlan_admin", DatabaseRole.ADMIN: "motlan_boss"}
    script = grant_script(names)
    granted = [line for line in script.splitlines() if line.startswith("GRANT") and " append_log" in line]
    assert [line.partition(" TO ")[2] for line in granted if "INSERT" in line] == ['"motlan_admin";']
    assert [line.partition(" TO ")[2] for line in granted if "DELETE" in line] == ['"motlan_boss";']
    assert "ARRAY['motlan_admin', 'motlan_boss', 'motlan_audit']" in script


async def test_role_may_be_called_by_a_word_of_sql(postgres_url: str, tmp_path: Path, mark: str) -> None:
    word = "user"
    await upgrade(postgres_url, tmp_path, roles(mark) | {"motlan_app": word})
    may = f"SELECT has_table_privilege('{word}', 'append_log', 'INSERT')"
    assert await run_sql(postgres_url, tmp_path, may) == [(True,)]

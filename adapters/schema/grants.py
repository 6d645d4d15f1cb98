"""Who may do what in a PostgreSQL database: `roles.sql` says it, its owner grants it, and each gateway compares it."""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gateway.domain import sentences as say
from gateway.domain.errors import DatabaseUnfit

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

_SCRIPT: Final = Path(__file__).with_name("roles.sql").read_text("utf-8")
_GRANT: Final = re.compile(r"^GRANT (.+) ON (?!FUNCTION)(.+) TO (.+);$", re.MULTILINE)
_NAME: Final = re.compile(r"(')?\bmotlan_(?:app|admin|audit)\b")
_COLUMNS: Final = re.compile(r" \([^)]*\)")
_MONTH: Final = re.compile(r"_\d{4}_\d{2}$")
_SHOWN: Final = 5
#: rights that change what stands there
#: (a trigger of a stranger's may drop each record before it is written)
_CHANGES: Final = frozenset({"INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER"})
_HELD: Final = """
SELECT c.relname, p.name FROM pg_class c CROSS JOIN unnest($1::text[]) AS p (name)
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'S') AND
 CASE p.name WHEN 'UPDATE' THEN has_any_column_privilege(c.oid, p.name) ELSE has_table_privilege(c.oid, p.name) END
"""
#: of any role that the account may become by SET ROLE
_MAY_TAKE: Final = """
SELECT c.relname, p.name FROM pg_class c CROSS JOIN unnest($1::text[]) AS p (name)
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'S') AND EXISTS (
 SELECT 1 FROM pg_roles r WHERE pg_has_role(r.oid, 'MEMBER') AND CASE p.name
 WHEN 'UPDATE' THEN has_any_column_privilege(r.oid, c.oid, p.name) ELSE has_table_privilege(r.oid, c.oid, p.name) END)
"""
#: also one that may become the owner by SET ROLE
_OWNS: Final = (
    "SELECT rolsuper OR pg_has_role(c.relowner, 'MEMBER') FROM pg_roles, pg_class c"
    " WHERE rolname = current_user AND c.oid = to_regclass('append_log')"
)
_CALLS: Final = (
    "SELECT has_function_privilege('motlan_month(text)', 'EXECUTE') AS makes,"
    " has_function_privilege('motlan_drop_month(text, text)', 'EXECUTE') AS drops"
)


class DatabaseRole(StrEnum):
    """A group role, under the name that it has unless the owner chooses another."""

    #: a serving gateway
    APP = "motlan_app"
    #: commands that archive, prune and erase
    ADMIN = "motlan_admin"
    #: reads, and nothing else
    AUDIT = "motlan_audit"


#: table and right
Rights = frozenset[tuple[str, str]]


def grant_script(names: Mapping[DatabaseRole, str]) -> str:
    """The statements that make the roles and grant what each may do, no more and no less."""

    def named(found: re.Match[str]) -> str:
        role = DatabaseRole(found[0].strip("'"))
        name = names.get(role, role)
        # A chosen name may be an SQL keyword, so it is quoted; inside a string literal it is not.
        return f"'{name}" if found[1] else str(role) if name == role else f'"{name}"'

    # All at once: a name may be that of another role otherwise.
    return _NAME.sub(named, _SCRIPT)


def rights_of(role: DatabaseRole) -> Rights:
    """What the role may do; a right to some columns counts as one to the table."""
    found: set[tuple[str, str]] = set()
    for privileges, tables, roles in _GRANT.findall(_SCRIPT):
        if role in roles.split(", "):
            named = _COLUMNS.sub("", privileges).split(", ")
            found.update((table, one) for table in tables.split(", ") for one in named)
    return frozenset(found)


_TABLES: Final = frozenset(table for role in DatabaseRole for table, _ in rights_of(role))


async def check_account(connection: "asyncpg.Connection[Any]", *, may_own: bool) -> None:
    """DatabaseUnfit when the account of a gateway has fewer or more rights than it needs.

    `may_own`: an account that owns the tables, or is a superuser, is let pass, as where nothing is at stake.
    """
    wanted = rights_of(DatabaseRole.APP)
    rows = await connection.fetch(_HELD, ["SELECT", *sorted(_CHANGES)])
    held = {(row["relname"], row["name"]) for row in rows}
    missing = wanted - held
    calls = await connection.fetchrow(_CALLS)
    if not calls["makes"]:
        missing |= {("motlan_month", "EXECUTE")}
    if missing:
        raise DatabaseUnfit(say.DATABASE_RIGHTS_MISSING(rights=_named(missing)))
    if await connection.fetchval(_OWNS):
        if may_own:
            return
        raise DatabaseUnfit(say.DATABASE_ACCOUNT_OWNS)
    rows = await connection.fetch(_MAY_TAKE, sorted(_CHANGES))
    too_many = {(row["relname"], row["name"]) for row in rows if _MONTH.sub("", row["relname"]) in _TABLES}
    too_many -= wanted
    if calls["drops"]:
        too_many |= {("motlan_drop_month", "EXECUTE")}
    if too_many:
        raise DatabaseUnfit(say.DATABASE_RIGHTS_TOO_MANY(rights=_named(too_many)))


def _named(rights: Rights | set[tuple[str, str]]) -> str:
    named = sorted(f"{right} {table}" for table, right in rights)
    return ", ".join(named[:_SHOWN]) + (", …" if len(named) > _SHOWN else "")

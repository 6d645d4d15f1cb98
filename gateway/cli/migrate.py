"""`motlan migrate`: the owner of the database, or of the state folder, brings it to this release."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import click

from gateway import registry
from gateway.cli.options import (
    CONFIG,
    JSON,
    QUIET,
    SET,
    STATE,
    Voice,
    config_here,
    options,
    overrides,
    plain,
    state_folder,
)
from gateway.config.configuration import load
from gateway.domain import sentences as say
from gateway.domain.errors import DatabaseUnfit, LogUnavailable
from gateway.ports.exchange_log import Upgrade

_NAME = re.compile(r"(?!pg_|public$|none$)[a-z_][a-z0-9_]{0,62}")


def _role(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not _NAME.fullmatch(value):
        raise click.BadParameter(str(say.ROLE_NAME_FORM))
    return value


@click.command()
@click.option(
    "--owner-url",
    envvar="MOTLAN_OWNER_URL",
    metavar="URL",
    help="The database as its owner meets it; else log.url. Give it as MOTLAN_OWNER_URL when it has a password.",
)
@click.option(
    "--app-role", default="motlan_app", callback=_role, show_default=True, help="Role of the gateways."
)
@click.option(
    "--admin-role",
    default="motlan_admin",
    callback=_role,
    show_default=True,
    help="Role that archives, prunes and erases.",
)
@click.option(
    "--audit-role", default="motlan_audit", callback=_role, show_default=True, help="Role that only reads."
)
@click.option("--dry-run", is_flag=True, help="Only say what it would do; changes nothing.")
@options(CONFIG, STATE, SET, JSON, QUIET)
def migrate(
    *, owner_url: str | None, app_role: str, admin_role: str, audit_role: str, dry_run: bool,
    config: Path | None, state: Path | None, values: tuple[str, ...], as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Bring the database or the state folder to this release's schema, and grant the roles their rights.

    On PostgreSQL its owner does it, before the gateways of this release start: they never migrate and never grant.
    Roles that are missing are made; rights that they should not have are revoked. PostgreSQL: all or nothing.
    SQLite: each file all or nothing; the command lists the files that it upgraded. A gateway upgrades them as well
    when it opens them.

    \b
    Examples:
      motlan migrate --dry-run --owner-url postgresql://owner@db.example/motlan
      MOTLAN_OWNER_URL=postgresql://owner:…@db.example/motlan motlan migrate --app-role motlan_app
      motlan migrate --dir /var/lib/motlan
    """  # noqa: D301 -- \b is click's
    if len({app_role, admin_role, audit_role}) < 3:
        raise click.UsageError(str(say.ROLES_EQUAL))
    loaded = load(config_here(config), overrides(values))
    url = owner_url or loaded.gateway.log.url
    names = {"motlan_app": app_role, "motlan_admin": admin_role, "motlan_audit": audit_role}
    upgrade = registry.store(url, "upgrade")
    done: list[Upgrade] = []
    fault = None
    try:
        asyncio.run(upgrade(url, state_folder(state), names, done.append, dry_run=dry_run))
    except LogUnavailable as error:
        fault = error
    if done or fault is None:
        facts = {"dry_run": dry_run, "upgrades": [one._asdict() for one in done]}
        Voice(as_json, quiet).say(facts, "\n".join(_lines(done, dry_run=dry_run)))
    if fault is None:
        return 0
    click.echo(plain(str(fault.sentence)), err=True)
    return 2 if isinstance(fault, DatabaseUnfit) else 3


def _lines(done: list[Upgrade], *, dry_run: bool) -> Iterator[str]:
    for one in done:
        found, newest = one.found or say.SCHEMA_NEW, one.newest
        if found == newest:
            yield str(say.SCHEMA_CURRENT(name=one.name, newest=newest))
        elif dry_run:
            yield str(say.WOULD_UPGRADE(name=one.name, found=found, newest=newest))
        else:
            yield str(say.UPGRADED(name=one.name, found=found, newest=newest))
        if one.grants:
            yield one.grants if dry_run else str(say.RIGHTS_GRANTED)

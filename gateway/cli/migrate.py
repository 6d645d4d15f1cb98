"""`motlan migrate`: the owner of the database, or of the state folder, brings it to this release."""

import asyncio
import re
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
    data_root,
    options,
    overrides,
    state_folder,
)
from gateway.config.configuration import load
from gateway.domain.errors import DatabaseUnfit, LogUnavailable
from gateway.ports.exchange_log import Upgrade

_NAME = re.compile(r"(?!pg_|public$|none$)[a-z_][a-z0-9_]{0,62}")


def _role(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not _NAME.fullmatch(value):
        remedy = "write a name of small letters, digits and _, not public, none or pg_…, such as motlan_app"
        raise click.BadParameter(remedy)
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
    Roles that are missing are made; rights that they should not have are revoked. All of it is done, or none.
    Files of SQLite are upgraded as well when a gateway opens them.

    \b
    Examples:
      motlan migrate --dry-run --owner-url postgresql://owner@db.example/motlan
      MOTLAN_OWNER_URL=postgresql://owner:…@db.example/motlan motlan migrate --app-role motlan_app
      motlan migrate --dir /var/lib/motlan
    """  # noqa: D301 -- \b is click's
    if len({app_role, admin_role, audit_role}) < 3:
        raise click.UsageError(
            "one role would have the rights of another: give --app-role, --admin-role and --audit-role three names"
        )
    loaded = load((config or data_root() / "config").resolve(), overrides(values))
    url = owner_url or loaded.gateway.log.url
    names = {"motlan_app": app_role, "motlan_admin": admin_role, "motlan_audit": audit_role}
    upgrade = registry.store(url, "upgrade")
    try:
        done: list[Upgrade] = asyncio.run(upgrade(url, state_folder(state), names, dry_run=dry_run))
    except LogUnavailable as error:
        click.echo(str(error.said), err=True)
        return 2 if isinstance(error, DatabaseUnfit) else 3
    shown = [one._asdict() for one in done]
    Voice(as_json, quiet).say({"dry_run": dry_run, "upgrades": shown}, _told(done, dry_run=dry_run))
    return 0


def _told(done: list[Upgrade], *, dry_run: bool) -> str:
    lines: list[str] = []
    for one in done:
        if one.found == one.newest:
            lines.append(f"{one.name}: schema {one.newest}, as this release has it")
        else:
            will = "would be brought" if dry_run else "brought"
            lines.append(f"{one.name}: {will} from {one.found or 'nothing'} to {one.newest}")
        if one.grants:
            lines.append(one.grants if dry_run else "roles and rights: granted")
    return "\n".join(lines)

"""`motlan erase-period` and `motlan keys`: what the keeper of a log does beside the gateway, over its store.

These commands open the store of a configuration themselves; a gateway may go on running over it.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from gateway.cli_filters import options
from gateway.cli_serve import CONFIG, JSON, QUIET, SET, STATE, overrides, state_folder
from gateway.config import load
from gateway.domain.errors import ConfigError, GatewayError, LogUnavailable, Unprocessable
from gateway.keeper import Keeper, kept
from gateway.keeping.erasure import Erased, Erasure
from gateway.serving import data_root

_Found = TypeVar("_Found")
#: where bytes of destroyed keys still are -> what to do about it
_REMAINS = {
    "tables": "deleted, but the tables still hold the bytes until they are vacuumed (PostgreSQL: as the owner,"
    " VACUUM FULL period_keys; SQLite: a reader holds the file, repeat the command)",
    "journal": "the write-ahead log of PostgreSQL (pg_wal), its archive and backups still hold the wrapped bytes, until"
    " the server recycles it and you destroy those; to end it now, change the root key (motlan keys rotate root)"
    " and destroy the former one",
}
STORE = (CONFIG, STATE, SET, JSON, QUIET)


def keeper_of(config: Path | None, state: Path | None, values: tuple[str, ...]) -> Keeper:
    """The log of a configuration."""
    folder = (config or data_root() / "config").resolve()
    return Keeper(load(folder, overrides(values)).gateway.log, state_folder(state))


def done(keeper: Keeper, work: Callable[[], Awaitable[_Found]]) -> _Found | int:
    """What the work gave; an exit code, and a word about it, when it could not be done."""
    try:
        return kept(keeper, work)
    except Unprocessable as error:
        raise click.UsageError(error.detail) from None
    except LogUnavailable as error:
        click.echo(f"{error.title_vi} / {error.title}: {error.detail}", err=True)
        return 3
    except ConfigError:
        raise
    except GatewayError as error:
        click.echo(f"{error.title_vi} / {error.title}: {error.detail}", err=True)
        return 1


def told(facts: dict[str, Any], words: str, *, as_json: bool, quiet: bool) -> None:
    """Say it for machines or for people."""
    if as_json:
        click.echo(orjson.dumps(facts).decode())
    elif not quiet:
        click.echo(words)


@click.command("erase-period")
@click.argument("period", metavar="YYYY-MM")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--before-its-time", "reason", metavar="REASON", help="Although the hot period is not over.")
@options(*STORE)
def erase_period(
    *,
    period: str,
    yes: bool,
    reason: str | None,
    config: Path | None,
    state: Path | None,
    values: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> int:
    """Destroy the keys of one month: nobody reads or finds the people in its records any more. Proofs stay.

    \b
    Examples:
      motlan erase-period 2024-10 --dir /var/lib/motlan
      motlan erase-period 2026-08 --yes --before-its-time 'Quyết định số 12/QĐ-STP'
    """  # noqa: D301 -- \b is click's
    keeper = keeper_of(config, state, values)

    async def work() -> Erased | None:
        log = keeper.log()
        erasure = Erasure(log, keeper.vault(), keeper, keeper.settings.retention.hot_months)
        await erasure.check(period, reason)
        if not (yes or _typed(period)):
            return None
        return await erasure.erase(period, reason)

    erased = done(keeper, work)
    if isinstance(erased, int):
        return erased
    if erased is None:
        click.echo("không xóa / nothing was erased", err=True)
        return 1
    told(erased._asdict(), _told_erased(erased), as_json=as_json, quiet=quiet)
    return 1 if "tables" in erased.remains else 0


def _typed(period: str) -> bool:
    text = f"Nhập lại {period} để hủy khóa, không thể khôi phục / type {period} to destroy its keys for good"
    return str(click.prompt(text, err=True, default="", show_default=False)).strip() == period


def _told_erased(erased: Erased) -> str:
    words = (
        "đã bị hủy từ trước / was erased before" if erased.again else "đã hủy khóa / its keys are destroyed"
    )
    return "\n".join([f"{erased.period}: {words}", *(_REMAINS[place] for place in erased.remains)])

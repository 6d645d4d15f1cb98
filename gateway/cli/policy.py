"""`motlan policy diff`: what another configuration would have decided otherwise."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from gateway.audit.in_force import in_force
from gateway.audit.shown import members_of
from gateway.checks.crosscheck import crosscheck
from gateway.cli.filters import TIMES, moment
from gateway.cli.options import (
    CONFIG,
    JSON,
    QUIET,
    SET,
    STATE,
    config_here,
    options,
    overrides,
    root_of,
    state_folder,
)
from gateway.cli.progress import record_bar
from gateway.cli.store import Store
from gateway.composition.keeper import Keeper
from gateway.config.configuration import Configuration, load
from gateway.domain.dates import local_text, rfc3339
from gateway.domain.exchange import Phase
from gateway.domain.faults import Faults
from gateway.mapping.load import Catalogue, load_catalogue
from gateway.ports.exchange_log import LogReader, LogSearch
from gateway.review.acts import PastRequest, act_of
from gateway.review.replay import ReplayResult, ReplayRules, replay

_DAYS = 31
_PAGE = 500
#: an exchange writes its intents within this many others of its requester
_REMEMBERED = 10_000
_WIDTH = 180
_CHANGES = {
    "newly_refused": "[red]bị từ chối / newly refused[/]",
    "newly_allowed": "[green]được phép / newly allowed[/]",
    "attributes": "trường dữ liệu / attributes",
}


@click.group()
def policy() -> None:
    """What the rules decide.

    \b
    Examples:
      motlan policy diff /etc/motlan/config.new
      motlan policy diff config.new --since 2026-11-01 --json
    """  # noqa: D301 -- \b is click's


@policy.command()
@click.argument(
    "new", metavar="NEW_CONFIG_DIR", type=click.Path(path_type=Path, file_okay=False, exists=True)
)
@options(*TIMES, CONFIG, STATE, SET, JSON, QUIET)
def diff(
    *, new: Path, since: str | None, until: str | None, config: Path | None, state: Path | None,
    values: tuple[str, ...], as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Replay the requests of the log (the last 31 days) against another configuration, and show what would change.

    Rules are held as on the day of each request, and each request on its own: quotas and unusual volume, which
    depend on those before it, are not replayed, nor are predicates. Nobody's data are read, and the replay is a record.
    Exit code 1 when something would change.

    \b
    Examples:
      motlan policy diff /etc/motlan/config.new --config /etc/motlan/config --dir /var/lib/motlan
      motlan policy diff config.new --since 2026-11-01 --until 2026-12-01 --json
    """  # noqa: D301 -- \b is click's
    folder = config_here(config)
    before, after = _rules(folder, overrides(values)), _rules(new.resolve(), overrides(values))
    store = Store(as_json, quiet, Keeper(before[0].gateway.log, state_folder(state)), before[0])
    now = store.keeper.now()
    start = _utc(since, "since") if since else rfc3339(now - timedelta(days=_DAYS))
    end = _utc(until, "until") if until else rfc3339(now)

    async def work() -> ReplayResult:
        recorder, reader = store.keeper.recorder(), store.keeper.reader()
        digest = in_force(after[0], root_of(new)).digest
        await recorder.operator_act(Phase.LOOKUP, "policy-diff", since=start, until=end, against=digest)
        old, changed, outcome = ReplayRules(*before), ReplayRules(*after), ReplayResult()
        with record_bar(shown=not quiet and not as_json) as step:
            async for act in _acts(reader, before[1], start, end, step):
                replay(act, old, changed, outcome)
        return outcome

    outcome = store.done(work)
    found = outcome.plain()
    store.say(
        {"since": start, "until": end, **found}, _told(found, start, end), *_tables(found), width=_WIDTH
    )
    return 1 if outcome.changed else 0


def _rules(folder: Path, given: dict[str, str]) -> tuple[Configuration, Catalogue]:
    """A configuration that could be served. ConfigError with all that is wrong."""
    configuration, catalogue = load(folder, given), load_catalogue(root_of(folder))
    faults = Faults()
    crosscheck(configuration, catalogue, faults)
    faults.finish()
    return configuration, catalogue


def _utc(text: str, option: str) -> str:
    try:
        return rfc3339(datetime.fromisoformat(moment(text, option)))
    except ValueError:
        raise click.UsageError(
            f"{text}: write a day as 2026-11-25, or a time as 2026-11-25T07:00:00+07:00"
        ) from None


async def _acts(
    reader: LogReader, catalogue: Catalogue, since: str, until: str, step: Callable[[int], object]
) -> AsyncIterator[PastRequest]:
    """Each request once, newest first; a second intent of an exchange names people found on the way.

    `step` is called with the number of records read.
    """
    for phase in (Phase.INTENT, Phase.REFUSAL):
        wanted, before = LogSearch(phase=phase, since=since, until=until), None
        seen: OrderedDict[str, None] = OrderedDict()
        while entries := await reader.search(wanted, before, _PAGE):
            before = entries[-1].index
            step(len(entries))
            for entry in entries:
                members = members_of(entry)
                act = act_of(members, catalogue) if members is not None else None
                if act is None or act.exchange in seen:
                    continue
                seen[act.exchange] = None
                if len(seen) > _REMEMBERED:
                    seen.popitem(last=False)
                yield act


def _told(found: dict[str, Any], since: str, until: str) -> str:
    counts = f"{found['newly_refused']} newly refused, {found['newly_allowed']} newly allowed"
    span = f"{local_text(since)} … {local_text(until)}"
    return f"{span}: {found['exchanges']} exchanges, {counts}, {found['attributes']} with other attributes"


def _tables(found: dict[str, Any]) -> list[Table]:
    if not found["changed"]:
        return []
    table = Table(
        "hệ thống khai thác / requester", "thủ tục / procedure", "thay đổi / change", "quy tắc / rule",
        "giao dịch / exchanges",
        "mất / lost", "thêm / gained",
    )  # fmt: skip
    for row in found["changed"]:
        change = _CHANGES[row["change"]]
        table.add_row(
            row["requester"], row["procedure"], change, row["rule"], str(row["exchanges"]), _list(row["lost"]),
            _list(row["gained"]),
        )  # fmt: skip
    return [table]


def _list(counted: dict[str, int]) -> str:
    return "\n".join(f"{name} ({times})" for name, times in counted.items())

"""`motlan reconcile`: compare dossiers with portals, show what differs and what mends it, and mend it."""

import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import click
from rich.table import Column, Table

from gateway.audit.shown import csv_line
from gateway.cli.client import ClientAnswer, GatewayClient
from gateway.cli.desk import CommandDesk, asks
from gateway.cli.options import cell, plain
from gateway.cli.progress import record_bar
from gateway.domain.dates import local_text
from gateway.domain.dossier import STATUSES
from gateway.relay import words

_WIDTH = 170
_PATH = "/v1/reconciliation"
_POLL_SECONDS = 0.3
_COLUMNS = "portal dossier origin class ours theirs fields remedy sends delivery mended".split()
_HARMLESS = ("wait",)


@click.command()
@click.option("--portal", help="Only this portal; left out: each that gets changes of dossiers.")
@click.option("--since", metavar="DAY", help="First day in Việt Nam, as 2026-11-20; default: the last week.")
@click.option("--until", metavar="DAY", help="Last day; default: today.")
@click.option("--apply", is_flag=True, help="Queue what mends the differences.")
@click.option("--accept-wave", is_flag=True, help="Go on where very many dossiers are missing at the portal.")
@click.option("--last", is_flag=True, help="Compare nothing: show what the last run found.")
@click.option("--csv", "as_csv", is_flag=True, help="The differences as CSV on standard output.")
@asks("one_gate")
def reconcile(
    *, portal: str | None, since: str | None, until: str | None, apply: bool, accept_wave: bool, last: bool,
    as_csv: bool, desk: CommandDesk,
) -> int:  # fmt: skip
    """Compare the dossiers of both sides. Exits with 1 when something differs that is not being mended.

    A requester compares its own dossiers; with the scope admin, all. The run goes on when this command ends.

    \b
    Examples:
      motlan reconcile --since 2026-11-20
      motlan reconcile --portal national_bus --apply
    """  # noqa: D301 -- \b is click's
    if desk.as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other: give one of them")
    if last:
        found = desk.asked(lambda client: client.get(_PATH, "Reconciliation")).body
    else:
        given = {"portal": portal, "since": since, "until": until}
        order = {name: value for name, value in given.items() if value is not None}
        found = _done(desk, {**order, "apply": apply, "accept_wave": accept_wave})
    runs = [run for run in found["runs"] if portal in (None, run["portal"])]
    if as_csv:
        click.echo("".join(_csv(runs)), nl=False)
    else:
        desk.say({**found, "runs": runs}, *_shown(runs), width=_WIDTH)
    return _code(runs)


def _done(desk: CommandDesk, order: dict[str, Any]) -> Any:  # noqa: ANN401 -- the JSON answer
    """Begin, and wait until the runs have ended; the runs that were begun."""
    begun = desk.asked(lambda client: client.post(_PATH, order, "ReconciliationBegun")).body["portals"]
    with record_bar(shown=not desk.quiet, of="ngày / days") as step:
        days: dict[str, int] = {}
        while True:
            found = desk.asked(_look).body
            mine = _newest(found["runs"], begun)
            for run in mine:
                step(max(0, _days(run) - days.get(run["portal"], 0)))
                days[run["portal"]] = _days(run)
            if all(run["state"] != "running" for run in mine):
                return {**found, "runs": mine}
            time.sleep(_POLL_SECONDS)


def _look(client: GatewayClient) -> ClientAnswer:
    return client.get(_PATH, "Reconciliation")


def _newest(runs: list[Any], portals: list[str]) -> list[Any]:
    """The run that was begun last with each portal."""
    newest: dict[str, Any] = {}
    for run in runs:
        known = newest.get(run["portal"])
        if run["portal"] in portals and (known is None or run["begun_at"] > known["begun_at"]):
            newest[run["portal"]] = run
    return list(newest.values())


def _days(run: Any) -> int:  # noqa: ANN401 -- the JSON answer
    return (date.fromisoformat(run["day"]) - date.fromisoformat(run["since"])).days


def _shown(runs: list[Any]) -> Iterator[object]:
    if not runs:
        yield "chưa có lần đối soát nào / nothing was compared yet"
    for run in runs:
        yield _table(run)
        yield _summary(run)


def _table(run: Any) -> Table:  # noqa: ANN401 -- the JSON answer
    table = Table(
        Column("hồ sơ / dossier", no_wrap=True), "khác biệt / difference", "ở tỉnh / here", "ở cổng / there",
        "sẽ làm gì / what mends it",
        title=plain(f"{run['portal']}: {run['since']} … {run['until']}"),
    )  # fmt: skip
    for one in run["report"]["differences"]:
        fields = f": {', '.join(one['fields'])}" if one["fields"] else ""
        table.add_row(*map(cell, (
            one["dossier"], words.both(words.DIVERGENCES, one["class"]) + fields,
            words.both(STATUSES, one["ours"] or ""), words.both(STATUSES, one["theirs"] or ""), _mend(one),
        )))  # fmt: skip
    return table


def _mend(one: Any) -> str:  # noqa: ANN401 -- the JSON answer
    sent = f" ({', '.join(one['sends'])})" if one["sends"] else ""
    done = "ĐÃ XẾP HÀNG / queued: " if one["mended"] else ""
    return done + words.both(words.REMEDIES, one["remedy"]) + sent


def _summary(run: Any) -> str:  # noqa: ANN401 -- the JSON answer
    report = run["report"]
    lines = [
        f"{words.both(words.RUN_STATES, run['state'])}: {report['compared']} hồ sơ đã so sánh / compared,"
        f" {sum(report['counts'].values())} khác biệt / differ, {report['mended']} đã xếp hàng gửi / queued"
        f" ({local_text(run['changed_at'])})"
    ]
    if run["reason"]:
        lines.append(f"{run['reason']['vi']} / {run['reason']['en']}")
    if report["not_compared"]:
        lines.append(f"{report['not_compared']} hồ sơ không tra cứu được / could not be looked up")
    if report["incomplete"]:
        days = ", ".join(report["incomplete"])
        lines.append(f"danh sách của cổng không dùng được / lists of the portal that cannot be used: {days}")
    if report["left_out"]:
        lines.append(f"{report['left_out']} khác biệt khác không liệt kê / more are not listed")
    return "\n".join(lines)


def _csv(runs: list[Any]) -> Iterator[str]:
    yield csv_line(_COLUMNS).decode()
    for run in runs:
        for one in run["report"]["differences"]:
            row = {
                **one,
                "portal": run["portal"],
                "fields": " ".join(one["fields"]),
                "sends": " ".join(one["sends"]),
            }
            row["mended"] = "true" if one["mended"] else "false"
            yield csv_line([str(row[name] or "") for name in _COLUMNS]).decode()


def _code(runs: list[Any]) -> int:
    """1 when something stays as it is, 3 when a portal did not answer."""
    if any(run["state"] == "failed" for run in runs):
        return 3
    left = any(
        not one["mended"] and one["remedy"] not in _HARMLESS
        for run in runs
        for one in run["report"]["differences"]
    )
    return 1 if left or any(run["state"] == "stopped" for run in runs) else 0

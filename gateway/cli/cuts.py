"""`motlan cuts`: every shipped procedure against every cast of the sandbox, as a table of papers."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import uvloop
from rich.table import Table

from gateway import registry
from gateway.cli.casts import Casting, load_casts
from gateway.cli.matrix import CUT, MatrixRow, broken, matrix
from gateway.cli.options import JSON, QUIET, Voice, cell, data_root, options
from gateway.cli.progress import record_bar
from gateway.domain.faults import near
from gateway.mapping.load import Catalogue, load_catalogue

_COLUMNS = ("procedure", "paper", "cast", "verdict", "proof", "rule", "warnings")
_HEADS = (
    "thủ tục / procedure", "giấy tờ / paper", "vai / cast", "kết quả / verdict",
    "chứng cứ, lý do / proof, reason", "quy tắc / rule", "cảnh báo / warnings",
)  # fmt: skip


@click.command()
@click.option("--procedure", help="Only this procedure.")
@click.option("--paper", help="Only this paper.")
@click.option("--cast", "name", help="Only this cast, or that of this person (owner=mau).")
@click.option("--only-cut", is_flag=True, help="Only papers that data replace.")
@click.option(
    "--all-published", is_flag=True, help="As if every owner of a database had published all its data."
)
@click.option("--csv", "as_csv", is_flag=True, help="The table as CSV on standard output.")
@options(JSON, QUIET)
def cuts(
    *,
    procedure: str | None,
    paper: str | None,
    name: str | None,
    only_cut: bool,
    all_published: bool,
    as_csv: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run every procedure against every cast of the sandbox, and show which papers data cut, by which rule.

    Starts sandbox and gateway by itself, on free ports of this machine. The casts are in config/sandbox/casts.yaml;
    exit code 1 says that one of them does not come out as it says there.

    \b
    Examples:
      motlan cuts --procedure 1.013225
      motlan cuts --all-published --only-cut --csv > cuts.csv
      motlan cuts --cast wrong_cut_3_dead_bride --json
    """  # noqa: D301 -- \b is click's
    root = data_root()
    catalogue = load_catalogue(root)
    castings = _chosen(load_casts(root, catalogue, people(root)), procedure, name, paper, catalogue)
    with record_bar(shown=not quiet, total=len(castings), of="trường hợp / casts") as done:
        rows = uvloop.run(matrix(root, catalogue, castings, all_published=all_published, done=done))
    faults = broken(castings, rows, all_published=all_published)
    shown = [
        row for row in rows if paper in {None, row.paper} and (not only_cut or row.verdict in CUT)
    ]  # fmt: skip
    _show(shown, faults, Voice(as_json, quiet), as_csv=as_csv)
    return 1 if faults else 0


def people(root: Path) -> dict[str, dict[str, object]]:
    """The people of the sandbox by their keys."""
    found: list[dict[str, object]] = registry.resolve("adapters.sandbox.app", "personas")(root)
    return {str(one["key"]): one for one in found}


def _chosen(
    castings: Sequence[Casting],
    procedure: str | None,
    name: str | None,
    paper: str | None,
    catalogue: Catalogue,
) -> list[Casting]:
    """The casts that are asked for; a usage error says what there is."""
    wanted = catalogue.find(procedure) if procedure else None
    if procedure and wanted is None:
        known = ", ".join(catalogue.procedures)
        raise click.UsageError(f"--procedure {procedure}: there is none; write one of {known}")
    papers = {code for one in catalogue.procedures.values() if wanted in (None, one) for code in one.papers}
    if paper and paper not in papers:
        raise click.UsageError(f"--paper {paper}: there is none; {near(paper, papers, 'see motlan explain')}")
    found = [
        one
        for one in castings
        if (wanted is None or one.procedure == wanted.code)
        and (paper is None or paper in catalogue.procedures[one.procedure].papers)
    ]
    if name is None:
        return found
    named = [one for one in found if one.name == name]
    if not named:
        remedy = near(name, [one.name for one in found], "see config/sandbox/casts.yaml")
        raise click.UsageError(f"--cast {name}: there is none; {remedy}")
    return named


def _show(rows: Sequence[MatrixRow], faults: Sequence[str], voice: Voice, *, as_csv: bool) -> None:
    cut = sum(row.verdict in CUT for row in rows)
    counted = f"{len(rows)} dòng / rows, {cut} giấy tờ được thay / papers cut, {len(faults)} sai / wrong"
    if as_csv:
        click.echo(_csv(rows), nl=False)
    else:
        facts = {"good": not faults, "faults": faults, "rows": [asdict(row) for row in rows]}
        voice.say(facts, _table(rows), counted, width=240)
    if faults and not voice.as_json:
        click.echo("\n".join(faults), err=True)


def _csv(rows: Sequence[MatrixRow]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_cells(row) for row in rows)
    return text.getvalue()


def _cells(row: MatrixRow) -> tuple[str, ...]:
    return (
        row.procedure, row.paper, row.cast, row.verdict, row.proof, row.rule, " ".join(row.warnings)
    )  # fmt: skip


def _table(rows: Sequence[MatrixRow]) -> Table:
    table = Table(*_HEADS)
    for row in rows:
        table.add_row(*map(cell, _cells(row)))
    return table

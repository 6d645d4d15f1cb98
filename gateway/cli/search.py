"""`motlan log search`: records that match, newest first."""

from collections.abc import Iterator, Sequence
from typing import Any

import click
from rich.box import SQUARE
from rich.console import Console, ConsoleOptions
from rich.table import Table

from gateway.cli.desk import CommandDesk, asks
from gateway.cli.filters import FILTERS, TIMES, filters_of
from gateway.cli.options import cell, options
from gateway.cli.paging import looked_past, pages
from gateway.domain.dates import local_text

#: of a table that goes into a file
_WIDTH = 200
#: columns of a terminal from which on a record fits in one line
_FLAT = 150
_HEADS = (
    "số / no.", "giờ / +07:00", "loại / phase", "hệ thống / by", "cơ quan / agency", "ai hỏi / asked by",
    "thủ tục / procedure", "mục đích / purpose", "hồ sơ / dossier", "nguồn / sources", "kết quả / result",
)  # fmt: skip


@click.command()
@options(*FILTERS, *TIMES)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Records at most.")
@asks("auditor")
def search(*, limit: int, desk: CommandDesk, **filters: str | None) -> int:
    """Find records, newest first. What is shown names nobody. The search itself is recorded.

    \b
    Examples:
      motlan log search --dossier H31.14-260105-0007
      echo 033190001234 | motlan log search --subject - --source population --json
    """  # noqa: D301 -- \b is click's
    body = filters_of(filters)
    answer = desk.asked(lambda client: pages(client, "/v1/audit/search", body, "AuditPage", "records", limit))
    found = answer.body
    desk.say(
        found,
        RecordTable(found["records"], more=found["next"] is not None),
        *looked_past(found),
        width=_WIDTH,
    )
    return 0


class RecordTable:
    """Records as a table: each in one line where there is room, else what belongs together in one cell."""

    def __init__(self, records: list[Any], *, more: bool) -> None:
        """Of the JSON answer; `more`: there are further ones."""
        self._records = records
        self._more = more

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        """As rich asks for it, with the width that there is."""
        del console
        flat = options.max_width >= _FLAT
        table = Table(padding=(0, 0 if flat else 1), box=SQUARE)
        heads = [head.replace(" / ", "\n") for head in _HEADS] if flat else map("\n".join, _stacked(_HEADS))
        for head in heads:
            table.add_column(head, overflow="fold")
        for record in self._records:
            cells = _cells(record)
            shown = cells if flat else ("\n".join(filter(None, some)) for some in _stacked(cells))
            table.add_row(*map(cell, shown))
            if not flat:
                table.add_section()
        if self._more:
            table.caption = "còn nữa: --limit / there are more: --limit"
        yield table


def _cells(record: Any) -> tuple[str, ...]:  # noqa: ANN401 -- the JSON answer
    calls = dict.fromkeys(f"{c['source']}: {c['outcome'] or '…'}" for c in record.get("calls", ()))
    time, _, zone = local_text(record.get("time", "")).partition(" +")
    del zone  # the heading has it
    named, wanted = (
        [str(record.get(name) or "") for name in names.split()]
        for names in ("phase requester agency", "procedure purpose dossier")
    )
    place = f"{record['leaf_index']}" + ("\nbị sửa\naltered" if record.get("altered") else "")
    return (
        place,
        time,
        *named,
        _asked_by(record),
        *wanted,
        ", ".join(calls),
        str(record.get("result") or ""),
    )


def _asked_by(record: Any) -> str:  # noqa: ANN401 -- the JSON answer
    """An official, or the role of the citizen who asked; with what a representation rests on."""
    notes = record.get("notes") or {}
    role = str(notes.get("asked_by") or "")
    lines = []
    if record.get("on_duty"):
        lines.append(f"công dân / citizen: {role}" if role else "không nêu cán bộ / no official (on_duty)")
    elif record.get("has_official"):
        lines.append("cán bộ / official")
    if kind := notes.get("representation"):
        lines.append(
            f"đại diện / as {kind}" + (f" → {notes['represented']}" if "represented" in notes else "")
        )
        proven = notes.get("proven", "yes" if notes.get("proof") else "")
        by = f": {notes['proven_by']}" if notes.get("proven_by") else ""
        lines.append(f"chứng minh / proven {proven}{by}" if proven else "chưa chứng minh / not proven yet")
    if "mandate" in notes:
        checked = "đã kiểm tra / checked" if notes.get("mandate_checked") else "chưa kiểm tra / not checked"
        lines.append(f"{notes['mandate']}: {checked}")
    if notes.get("proof"):
        lines.append(f"proof {notes['proof']}")
    return "\n".join(lines)


def _stacked(cells: Sequence[str]) -> tuple[Sequence[str], ...]:
    """Number, time and phase; who; for what; what came of it."""
    return cells[:3], cells[3:6], cells[6:9], cells[9:]

"""`motlan subject-requests`: what data subjects demand, until when it must be answered, and what was done."""

from collections.abc import Iterator
from typing import Any

import click
from rich.table import Table

from gateway.cli.desk import CommandDesk, asks
from gateway.cli.filters import person
from gateway.cli.paging import pages
from gateway.domain.dates import local_text

_WIDTH = 160
_KINDS = ("access", "correction", "deletion", "restriction", "objection", "withdrawal")
_STATES = {
    "received": "mới nhận / received", "acknowledged": "đã xác nhận / acknowledged",
    "answered": "đã trả lời / answered", "refused": "từ chối / refused",
}  # fmt: skip


@click.group("subject-requests")
def subject_requests() -> None:
    """Requests of data subjects, with their due dates.

    \b
    Examples:
      motlan subject-requests list --open
      echo 033190001234 | motlan subject-requests open - --kind access
      motlan subject-requests update sr-abcdefghijkmnpqrstuvwxyz acknowledge
    """  # noqa: D301 -- \b is click's


@subject_requests.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those neither answered nor refused.")
@click.option("--overdue", "only_overdue", is_flag=True, help="Only those that were due before today.")
@click.option("--subject", metavar="-|FILE", help="Only those of one person: standard input (-) or a file.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Requests at most.")
@asks("portal")
def listing(
    *, only_open: bool, only_overdue: bool, subject: str | None, limit: int, desk: CommandDesk
) -> int:
    """Requests, newest first. What is shown names nobody. Exits with 1 when one is overdue.

    \b
    Examples:
      motlan subject-requests list --open
      motlan subject-requests list --overdue --json
    """  # noqa: D301 -- \b is click's
    state = "open" if only_open else "all"
    body = {"state": "overdue" if only_overdue else state}
    more = {} if subject is None else {"subject": person(subject, "subject")}
    asked = {**body, **more}
    answer = desk.asked(
        lambda client: pages(
            client, "/v1/subject-requests/search", asked, "SubjectRequests", "requests", limit
        )
    )
    found = answer.body["requests"]
    late = sum(one["overdue"] for one in found)
    desk.say(
        answer.body, _table(found), f"{len(found)} yêu cầu / requests, {late} quá hạn / overdue", width=_WIDTH
    )
    return 1 if late else 0


@subject_requests.command("open")
@click.argument("who", metavar="-|FILE")
@click.option("--kind", type=click.Choice(_KINDS), required=True, help="What is demanded.")
@click.option("--text", type=click.File("r", encoding="utf-8"), help="File with the person's own words.")
@click.option("--third-party", is_flag=True, help="A processor or a third party takes part: a longer term.")
@asks("portal")
def opening(*, who: str, kind: str, text: Any, third_party: bool, desk: CommandDesk) -> int:  # noqa: ANN401 -- a file
    """Take in a request of the person in a file or on standard input.

    \b
    Examples:
      echo 033190001234 | motlan subject-requests open - --kind access
      motlan subject-requests open person.json --kind correction --text letter.txt
    """  # noqa: D301 -- \b is click's
    body = {"subject": person(who, "subject"), "kind": kind, "third_party": third_party}
    content = {} if text is None else {"text": text.read()}
    answer = desk.asked(
        lambda client: client.post("/v1/subject-requests", {**body, **content}, "SubjectRequest")
    )
    desk.say(answer.body, _table([answer.body]), width=_WIDTH)
    return 0


@subject_requests.command("update")
@click.argument("request")
@click.argument("act", type=click.Choice(("acknowledge", "extend", "answer", "refuse")))
@click.option("--reason", help="Why it is extended or refused; it names nobody.")
@asks("portal")
def updating(*, request: str, act: str, reason: str | None, desk: CommandDesk) -> int:
    """Acknowledge, extend (once), answer or refuse a request.

    \b
    Examples:
      motlan subject-requests update sr-abcdefghijkmnpqrstuvwxyz acknowledge
      motlan subject-requests update sr-abcdefghijkmnpqrstuvwxyz refuse --reason "Không phải dữ liệu của tỉnh"
    """  # noqa: D301 -- \b is click's
    body = {"request": request, "act": act, **({"reason": reason} if reason else {})}
    answer = desk.asked(lambda client: client.post("/v1/subject-requests/update", body, "SubjectRequest"))
    number = next(iter((answer.body["subject"] or {"": ""}).values()))
    desk.say(
        answer.body, _table([answer.body]), f"{number} {answer.body['text'] or ''}".strip(), width=_WIDTH
    )
    return 0


def _table(found: list[Any]) -> Table:
    table = Table(
        "mã / id", "loại / kind", "trạng thái / state", "nhận lúc / received", "xác nhận trước / acknowledge by",
        "trả lời trước / answer by", "hệ thống / by",
    )  # fmt: skip
    for one in found:
        table.add_row(*_cells(one), style="red" if one["overdue"] else "")
    return table


def _cells(one: Any) -> Iterator[str]:  # noqa: ANN401 -- the JSON answer
    late = " (quá hạn / overdue)" if one["overdue"] else ""
    yield from (one["request"], one["kind"], _STATES[one["state"]] + late, local_text(one["received_at"]))
    yield from (one["acknowledge_by"], one["answer_by"], one["requester"])

"""`motlan log subject`: every use of one person's data, page by page, and what could not be looked at."""

from collections.abc import Iterator
from typing import Any

import click

from gateway.cli.desk import CommandDesk, asks
from gateway.cli.filters import PERSON, TIMES, moment, person
from gateway.cli.options import options
from gateway.cli.paging import looked_past, pages
from gateway.domain.dates import local_text


@click.command()
@PERSON
@options(*TIMES)
@click.option("--limit", type=click.IntRange(1), help="Uses at most; default all.")
@asks("auditor")
def subject(*, who: str, since: str | None, until: str | None, limit: int | None, desk: CommandDesk) -> int:
    """Every use of one person's data, in plain words; what could not be searched is named.

    \b
    Examples:
      echo 033190001234 | motlan log subject -
      motlan log subject person.json --since 2026-01-01 --json
      echo '{"newborn": {"parent_personal_id": "033190001234", "birth_date": "2026-11-02"}}' | motlan log subject -
    """  # noqa: D301 -- \b is click's
    times = {"since": since and moment(since, "since"), "until": until and moment(until, "until")}
    body = {"subject": person(who, "person"), **{name: value for name, value in times.items() if value}}
    answer = desk.asked(lambda client: pages(client, "/v1/usage", body, "Usage", "uses", limit))
    desk.say(answer.body, _told(answer.body))
    return 0


def _data(use: Any, language: str) -> Iterator[str]:  # noqa: ANN401 -- the JSON answer
    """What was asked for, a line for each data service, in the language of these titles."""
    for call in use["data"]:
        names = ", ".join(dict.fromkeys(one[f"title{language}"] for one in call["attributes"]))
        yield f"    {call[f'data_service_title{language}']}: {names}"


def _told(body: Any) -> str:  # noqa: ANN401 -- the JSON answer
    """Times and sentences; `--json` gives all of it."""
    lines = []
    for use in body["uses"]:
        lines += [f"{local_text(use['time'])}  {use['exchange_id']}"]
        lines += [f"  {use['summary']}", *_data(use, ""), f"  {use['summary_en']}", *_data(use, "_en"), ""]
    more = " … còn nữa / there are more: --limit" if body["next"] else ""
    lines.append(f"{len(body['uses'])} lần sử dụng / uses{more}")
    return "\n".join([*lines, *looked_past(body)])

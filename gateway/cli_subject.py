"""`motlan log subject`: every use of one person's data, page by page, and what could not be looked at."""

from pathlib import Path
from typing import Any

import click
import orjson

from gateway.cli_client import asked, client_for, refusal
from gateway.cli_filters import CLIENT, PERSON, TIMES, moment, options, person
from gateway.client import Answer, Client

_PAGE = 200


@click.command()
@PERSON
@options(*TIMES)
@click.option("--limit", type=click.IntRange(1), help="Uses at most; default all.")
@options(*CLIENT)
def subject(
    *,
    who: str,
    since: str | None,
    until: str | None,
    limit: int | None,
    client_id: str,
    client_secret: str | None,
    gateway: str | None,
    ready_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Every use of one person's data, in words for him; what could not be searched is named.

    \b
    Examples:
      echo 033190001234 | motlan log subject -
      motlan log subject person.json --since 2026-01-01 --json
    """  # noqa: D301 -- \b is click's
    times = {"since": since and moment(since), "until": until and moment(until)}
    body = {"subject": person(who, "person"), **{name: value for name, value in times.items() if value}}
    client = client_for(gateway, ready_file, client_id, client_secret or "")
    answer = asked(lambda: _pages(client, body, limit))
    if answer is None:
        return 3
    if answer.status != 200:
        click.echo(refusal(answer), err=True)
        return 2 if answer.status in {400, 422} else 1
    if as_json:
        click.echo(orjson.dumps(answer.body).decode())
    elif not quiet:
        click.echo(_told(answer.body))
    return 0


def _pages(client: Client, body: dict[str, Any], limit: int | None) -> Answer:
    """All pages as one, or the first answer that is none; what was passed over by any page is in it."""
    uses: list[Any] = []
    past: dict[str, list[Any]] = {"skipped_periods": [], "archives": []}
    cursor: str | None = None
    while True:
        most = _PAGE if limit is None else min(_PAGE, limit - len(uses))
        answer = client.post("/v1/usage", {**body, "limit": most, **({"cursor": cursor} if cursor else {})})
        if answer.status != 200:
            return answer
        uses += answer.body["uses"]
        for name, known in past.items():
            known += [one for one in answer.body[name] if one not in known]
        cursor = answer.body["next"]
        if cursor is None or (limit is not None and len(uses) >= limit):
            return Answer(200, answer.headers, {**answer.body, **past, "uses": uses, "next": cursor})


def _told(body: Any) -> str:  # noqa: ANN401 -- the JSON answer
    """Times and sentences; whoever wants all of it takes --json."""
    lines = []
    for use in body["uses"]:
        lines += [f"{use['time']}  {use['exchange_id']}", f"  {use['summary']}", f"  {use['summary_en']}", ""]
    more = " … còn nữa / there are more: --limit" if body["next"] else ""
    lines.append(f"{len(body['uses'])} lần sử dụng / uses{more}")
    if periods := body["skipped_periods"]:
        lines.append(f"không tìm được, khóa đã hủy / not searched, keys destroyed: {', '.join(periods)}")
    lines += [
        f"bản ghi cũ hơn nằm trong / older records are in: {one['name']} ({one['month']})"
        for one in body["archives"]
    ]
    return "\n".join(lines)

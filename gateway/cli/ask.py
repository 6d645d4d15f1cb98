"""`motlan ask`: predicates about a person, answered without a value."""

from typing import Any

import click
from rich.table import Table

from gateway.cli.desk import CommandDesk, asks
from gateway.cli.prefill import LOGIN, OFFICIAL, read_json, subject_of

_WIDTH = 140
_MARKS = {
    "yes": "[green]✓[/] có / yes",
    "no": "[red]✗[/] không / no",
    "cannot_tell": "? không rõ / cannot tell",
}


@click.command()
@click.argument("predicates", nargs=-1, required=True, metavar="PREDICATE…")
@click.option(
    "--subject", required=True, metavar="-|FILE", help="JSON of the person: number, name, birth date."
)
@click.option("--dossier", help="Dossier code.")
@click.option("--purpose", help="Purpose; default that of the predicates.")
@OFFICIAL
@LOGIN
@asks("portal")
def ask(
    *, predicates: tuple[str, ...], subject: str, official: str | None, desk: CommandDesk, **given: str | None
) -> int:
    """Ask predicates about a person: yes, no or cannot tell. No value is shown, and none is in the log.

    Exit code 1 when an answer is not yes.

    \b
    Examples:
      echo '{"personal_id": "033190001234", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}' |
        motlan ask age_at_least:18 resident_of:33 --subject -
      motlan ask alive --subject person.json --json
    """  # noqa: D301 -- \b is click's
    _, person = subject_of(f"subject={subject}")
    body: dict[str, Any] = {"subject": person, "predicates": list(predicates)}
    body |= {name: text for name, text in given.items() if text is not None}
    if official is not None:
        body["official"] = read_json(official, "--official")
    answer = desk.asked(lambda client: client.post("/v1/predicates", body)).body
    table = Table("điều kiện / predicate", "trả lời / answer", "lý do / reason")
    for word, one in answer["predicates"].items():
        table.add_row(
            f"{word}  {one['title']}", _MARKS[one["answer"]], (one.get("reason") or {}).get("code", "")
        )
    desk.say(answer, table, width=_WIDTH)
    return 0 if all(one["answer"] == "yes" for one in answer["predicates"].values()) else 1

"""What `motlan log` looks for: options that its commands share, days and people as they are written."""

import re
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import orjson

from gateway.domain.evidence import Outcome
from gateway.domain.exchange import Phase

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:", re.ASCII)
_KINDS = {12: "personal_id", 9: "old_id"}
_NUMBER = re.compile(r"[0-9]{12}|[0-9]{9}", re.ASCII)
#: as requests name one
_PARCEL = {"commune", "sheet", "number"}
_WHO = "-|FILE"

FILTERS = (
    click.option("--dossier", help="Dossier code."),
    click.option("--requester", help="System that asked."),
    click.option("--agency", help="Agency in whose name."),
    click.option("--procedure", help="Procedure code."),
    click.option("--purpose", help="Purpose."),
    click.option("--source", help="Database that was asked."),
    click.option("--outcome", help=f"What came of a call: {', '.join(Outcome)}, unknown."),
    click.option("--result", help="Refusal code or outcome word of the whole record."),
    click.option("--phase", help=f"Which moment: {', '.join(Phase)}."),
    click.option("--exchange", "exchange_id", help="Exchange id."),
    click.option(
        "--subject", metavar=_WHO, help="Whom or which parcel it is about: standard input (-) or a file."
    ),
    click.option(
        "--official", metavar=_WHO, help="The official in whose name: standard input (-) or a file."
    ),
)
TIMES = (
    click.option("--since", metavar="TIME|DAY", help="From this time, or from this day in Việt Nam."),
    click.option("--until", metavar="TIME|DAY", help="Before this time, or before this day in Việt Nam."),
)
PERSON = click.argument("who", required=False, default="-", metavar=f"[{_WHO}]")


def filters_of(given: Mapping[str, str | None]) -> dict[str, Any]:
    """The filters of a request's body out of the options that were given."""
    if given.get("subject") == given.get("official") == "-":
        raise click.UsageError("only one of --subject and --official can come from standard input")
    body: dict[str, Any] = {}
    for name, text in given.items():
        if text is None:
            continue
        if name == "subject":
            body[name] = person(text, name)
        elif name == "official":
            body[name] = _number_of(text)
        else:
            body[name] = moment(text, name) if name in {"since", "until"} else text
    return body


def export_body(
    given: Mapping[str, str | None], first: int | None, end: int | None, day: str | None
) -> dict[str, Any]:
    """The body of an export: a range of places, of time, or a search."""
    wanted = filters_of(given)
    if day is not None:
        following = _next_day(day)
        wanted |= {"since": moment(day, "day"), "until": moment(following, "day")}
    places = {name: value for name, value in (("from", first), ("to", end)) if value is not None}
    if places and wanted:
        raise click.UsageError("--from and --to go with no other filter")
    return places or (wanted if wanted.keys() <= {"since", "until"} else {"search": wanted})


def moment(text: str, option: str) -> str:
    """A time as it is, or the beginning of a day in Việt Nam. UsageError names both forms."""
    if _DAY.fullmatch(text):
        return f"{text}T00:00:00+07:00"
    if not _TIME.match(text):
        forms = "a day as 2026-11-25, or a time as 2026-11-25T08:30:00+07:00 (RFC 3339)"
        raise click.UsageError(f"--{option}: write {forms}")
    return text


def person(place: str, name: str) -> dict[str, Any]:
    """Identifiers of a subject, from standard input, a file or a prompt: a number, or JSON of the contract."""
    text = _read(place, name)
    if _NUMBER.fullmatch(text):
        return {_KINDS[len(text)]: text}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        forms = '12 or 9 digits, or JSON as {"personal_id": …}, {"parcel": {"commune": …, "sheet": …, "number": …}}'
        one = f"one person, and {len(lines)} lines are given; " if len(lines := text.splitlines()) > 1 else ""
        raise click.UsageError(f"{name}: {one}write {forms}")
    return {"parcel": found} if found.keys() == _PARCEL else found


def _number_of(place: str) -> str:
    text = _read(place, "official")
    if not _NUMBER.fullmatch(text):
        one = "one official; " if len(text.splitlines()) > 1 else ""
        raise click.UsageError(f"official: {one}write the 12 digits of the official's number")
    return text


def _read(place: str, name: str) -> str:
    if _NUMBER.fullmatch(place) or place.startswith("{"):
        click.echo("warning: an argument can be read by everybody on this machine; use - or a file", err=True)
        return place
    if place == "-":
        if sys.stdin.isatty():
            return str(click.prompt(f"{name} (12 digits)", err=True, hide_input=True)).strip()
        return sys.stdin.read().strip()
    try:
        return Path(place).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise click.UsageError(f"{name}: the file cannot be read ({why})") from None


def _next_day(day: str) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except ValueError:
        raise click.UsageError("--day: write it as 2026-11-25") from None

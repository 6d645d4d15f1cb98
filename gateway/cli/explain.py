"""`motlan explain`: what a prefill would be given and why not, out of rules; asks no source."""

from typing import Any

import click
from rich.table import Table

from gateway.cli.desk import CommandDesk, asks
from gateway.cli.prefill import OFFICIAL, SUBJECTS, gathered, read_json, subject_of

_WIDTH = 180
_MARKS = {
    "asked": "[green]✓[/] asked",
    "depends": "[yellow]?[/] depends",
    "withheld": "[red]✗[/] withheld",
    "citizen": "· citizen",
    "kept": "· kept",
    "replaceable": "[green]✓[/] replaceable",
    "digital_only": "[green]✓[/] digital_only",
    "required": "[red]✗[/] required",
}
_HEADS = {
    "fields": (
        "trường / field",
        "được phép / allowed",
        "quy tắc / rule",
        "nguồn / source",
        "cách khắc phục / remedy",
    ),
    "papers": (
        "giấy tờ / paper",
        "thay bằng dữ liệu / by data",
        "khi / when",
        "quy tắc / rule",
        "cách khắc phục / remedy",
    ),
}


@click.command()
@click.argument("code")
@SUBJECTS
@click.option("--dossier", help="Dossier code.")
@click.option("--purpose", help="Purpose; default the procedure's own.")
@click.option("--consent", help="Id of a consent.")
@click.option("--mandate", help="Code of the document that lets the applicant act for somebody else.")
@OFFICIAL
@asks("portal")
def explain(
    *, code: str, subjects: tuple[str, ...], official: str | None, desk: CommandDesk,
    **given: str | None,
) -> int:  # fmt: skip
    """Say field by field what a requester would get, by which rule, and what would change it. No source is asked.

    Exit code 1 when the whole is refused.

    \b
    Examples:
      echo '{"personal_id": "033190001234", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}' |
        motlan explain 1.004873 --subject requester=- --subject person=same:requester
      motlan explain 1.012753 --client-id one_gate --dossier H31.14-261120-0001
        --subject user=user.json --subject parcel=parcel.json
    """  # noqa: D301 -- \b is click's
    body: dict[str, Any] = {"procedure": code, "subjects": gathered(map(subject_of, subjects))}
    body |= {name: text for name, text in given.items() if text is not None}
    if official is not None:
        body["official"] = read_json(official, "--official")
    answer = desk.asked(lambda client: client.post("/v1/explain", body, "Explanation")).body
    desk.say(answer, _verdict(answer), _fields(answer), _papers(answer), *_sources(answer), width=_WIDTH)
    return 0 if answer["allowed"] else 1


def _verdict(answer: Any) -> str:  # noqa: ANN401 -- the JSON answer
    who = f"{answer['requester']} · {answer['procedure']['code']} · {answer['purpose']}"
    verdict = (
        f"được phép / allowed by {', '.join(answer['rules'])}"
        if answer["allowed"]
        else "bị từ chối / refused"
    )
    lines = [f"{who}: {verdict}"]
    if answer["denied"]:
        lines.append(_told(answer["denied"]))
    lines += [_told(one) for one in answer["passed_over"] if one != answer["denied"]]
    if answer["limits"]:
        lines.append("  chưa xét số lượt đã dùng / how often was asked is not looked at: beyond this, 429")
    lines += [f"  {one['rule']}: {one['most']} in {one['seconds']} s" for one in answer["limits"]]
    return "\n".join(lines)


def _told(one: Any) -> str:  # noqa: ANN401 -- the JSON answer
    return (
        f"  {one['rule']} ({one['code']}): {one['detail_vi']} / {one['detail']}\n    remedy: {one['remedy']}"
    )


def _fields(answer: Any) -> Table:  # noqa: ANN401 -- the JSON answer
    table = Table(*_HEADS["fields"])
    for name, field in answer["fields"].items():
        places = [
            f"{one['source']} · {one['subject']}:{one['attribute']}"
            for one in field["from"]
            if one["allowed"]
        ] or [f"{one['subject']}:{one['attribute']}" for one in field["from"]]
        mark = _MARKS.get(field["state"], field["state"])
        table.add_row(name, mark, field["rule"], "\n".join(places), field["remedy"] or "")
    return table


def _papers(answer: Any) -> Table:  # noqa: ANN401 -- the JSON answer
    table = Table(*_HEADS["papers"])
    for paper in answer["papers"]:
        mark = _MARKS.get(paper["state"], paper["state"])
        table.add_row(paper["title"], mark, paper["when"] or "", paper["rule"], paper["remedy"] or "")
    return table


def _sources(answer: Any) -> list[Table]:  # noqa: ANN401 -- the JSON answer
    table = Table(
        "nguồn / source", "về ai / subject", "trường dữ liệu / attributes", "thỏa thuận / agreement"
    )
    for one in answer["sources"]:
        name = f"{one['source']}.{one['data_service']}"
        table.add_row(name, one["subject"], ", ".join(one["attributes"]), one["agreement"] or "")
    return [table] if answer["sources"] else []

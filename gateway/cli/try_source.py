"""`motlan try-source`: one data service asked about one subject, and what became of each attribute."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import click
from rich.table import Table
from rich.text import Text

from gateway.cli.desk import CommandDesk, asks
from gateway.cli.options import as_json, cell
from gateway.cli.prefill import OFFICIAL, read_json, subject_of

_WIDTH = 160
_COLOURS = {"found": "green", "not_found": "yellow", "no_match": "yellow", "skipped": "yellow"}
_COLUMNS = (
    "trường / attribute", "chỗ / path", "đọc bằng / transform", "nhận / came", "kết quả / result", "lý do / reason",
)  # fmt: skip
#: of a fault
_PLACES = ("attribute", "path", "transform", "status", "fault", "step")
_VALUES = {
    "masked": "giá trị được che / values are masked",
    "shown": "giá trị được hiện và đã ghi nhật ký / values are shown, which is recorded",
    "withheld": "không hiện gì: câu trả lời có thể về người khác"
    " / nothing is shown: the answer may be about another person",
}


@click.command("try-source")
@click.argument("service", metavar="SOURCE.SERVICE")
@click.option(
    "--subject",
    required=True,
    metavar="-|FILE",
    help="JSON of the person or object it is asked about, in the words of `needs` in the mapping.",
)
@click.option("--show-values", is_flag=True, help="Show the values that an agreement gives; the log says so.")
@OFFICIAL
@click.option("--procedure", help="Procedure code; default: what an agreement of the client says.")
@click.option("--purpose", help="Purpose; default: what that agreement says.")
@click.option("--dossier", help="Dossier code.")
@click.option("--consent", help="Id of the consent that it rests on.")
@click.option(
    "--deadline-ms", type=click.IntRange(1), help="Time for the source; default: that of a prefill."
)
@asks("operator")
def try_source(
    *, service: str, subject: str, show_values: bool, official: str | None, deadline_ms: int | None,
    desk: CommandDesk, **given: str | None,
) -> int:  # fmt: skip
    """Try a data service: the request as sent, the answer, each attribute with its place and result.

    Values are masked unless --show-values. Either way it is a look-up: agreements and quotas hold, and the exchange log
    has it. Drafts of `motlan new source` can be tried too, in the sandbox profile. Exit code 1 when nothing was found.

    \b
    Examples:
      echo '{"personal_id": "033190001234", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}' |
        motlan try-source population.TraCuuThongTinCongDan --subject -
      motlan try-source driving_licence.traCuu --subject person.json --show-values --json
      echo '{"tax_code": "0916911353"}' | motlan try-source enterprise.chiTietDoanhNghiep --subject -
    """  # noqa: D301 -- \b is click's
    _, about = subject_of(f"subject={subject}")
    body: dict[str, Any] = {"subject": about, "show_values": show_values, "deadline_ms": deadline_ms, **given}
    if official is not None:
        body["official"] = read_json(official, "--official")
    body = {name: value for name, value in body.items() if value is not None}
    answer = desk.asked(lambda client: client.post(f"/v1/sources/{quote(service, safe='')}/try", body)).body
    words = [
        part
        for one in answer["messages"]
        for part in _message(one, is_withheld=answer["values"] == "withheld")
    ]
    desk.say(answer, *words, _attributes(answer["attributes"]), _verdict(answer), width=_WIDTH)
    return 0 if answer["outcome"] == "found" else 1


def _message(one: dict[str, Any], *, is_withheld: bool) -> list[str]:
    is_look_up = one["method"] == "LOOK UP"  # of a source that sends no message, such as a file
    proofs = [f"{name}: ••• (bí mật / secret)" for name in one["proofs"]]
    lines = [
        f"→ {'tra trong / looked up in' if is_look_up else one['method']} {one['url']}",
        *(f"  {name}: {value}" for name, value in one["headers"].items()),
    ]
    lines += [f"  {line}" for line in (*proofs, *_body(one["request"]))]
    if one["answer"] is None and one["status"] is None:
        why = "không hiện / not shown" if is_withheld else "không có câu trả lời / no answer"
        return [
            "\n".join(
                [*lines, f"← ({'không có dòng nào / no row' if is_look_up and not is_withheld else why})"]
            )
        ]
    lines.append(
        f"← {'dòng tìm thấy / row found' if is_look_up else one['status']} {one['content_type'] or ''}"
    )
    lines += [f"  {line}" for line in _body(one["answer"])] if one["answer"] else []
    return ["\n".join(lines)]


def _body(body: dict[str, Any]) -> list[str]:
    cut = [f"… ({body['bytes']} byte)"] if body["cut"] else []
    return [*body["text"].splitlines(), *cut]


def _attributes(rows: list[dict[str, Any]]) -> Table:
    table = Table()
    for title in _COLUMNS:
        table.add_column(title, overflow="fold")
    for one in rows:
        why = " ".join(filter(None, dict.fromkeys((one["reason"], one["fault"], one["doubt"]))))
        has_value = one["value"] is not None
        colour = "green" if has_value and not why else "yellow" if has_value or not one["fault"] else "red"
        mark = "✓" if has_value else "–" if colour == "yellow" else "✗"
        table.add_row(
            Text(f"{mark} {one['attribute']}", colour), *map(cell, (
                " | ".join(one["paths"]), ", ".join(one["transform"]), _shown(one["raw"]), _shown(one["value"]), why,
            )),
        )  # fmt: skip
    return table


def _shown(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else as_json(value)


def _faults(answer: dict[str, Any]) -> Iterator[str]:
    for fault in answer["faults"]:
        where = ", ".join(f"{name}: {fault[name]}" for name in _PLACES if name in fault)
        yield f"  {fault['code']}{where and f' ({where})'}: {fault['title']} / {fault['title_en']}"
        yield f"    cách xử lý / remedy: {fault['remedy']} / {fault['remedy_en']}"


def _verdict(answer: dict[str, Any]) -> Text:
    """Outcome, time, faults, and what may be seen."""
    outcome, reason = answer["outcome"], answer["reason"]
    why = f" ({reason['code']}): {reason['title']} / {reason['title_en']}" if reason else ""
    lines = [f"{outcome}{why}, {answer['elapsed_ms']} ms"]
    lines += _faults(answer)
    for one in answer["confirmed_by"]:
        lines += [f"xác nhận người / confirms the person: {one['data_service']}: {one['outcome']}"]
        lines += _faults(one)
    if answer["unconfirmed"]:
        lines.append(f"chưa xác nhận được người / the person is unconfirmed: {answer['unconfirmed']['code']}")
    lines.append(f"{_VALUES[answer['values']]}; {answer['exchange_id']}")
    text = cell("\n".join(lines))
    text.stylize(_COLOURS.get(outcome, "red"), 0, len(outcome))
    return text

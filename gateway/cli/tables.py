"""A prefilled form and its papers as tables for a terminal."""

from collections.abc import Iterator
from typing import Any

import orjson
from rich.table import Table

from gateway.cli.options import cell


def fields_table(body: Any, only: int | None = None) -> Table:  # noqa: ANN401 -- the JSON answer
    """Fields that hold or could have held a value, with where it comes from."""
    table = Table("trường / field", "trạng thái / state", "giá trị / value", "nguồn / source")
    for name, field in list(body["fields"].items())[:only]:
        evidence = body["evidence"].get(field.get("evidence") or "", {})
        reason = (field.get("reason") or {}).get("code", "")
        source = f"{evidence['source']} · {field.get('attribute')}" if evidence else reason
        table.add_row(*map(cell, (name, field["state"], shown(field["value"]), source)))
    return table


def papers_table(body: Any) -> Table:  # noqa: ANN401 -- the JSON answer
    """Every paper and what became of it."""
    table = Table("giấy tờ / paper", "trạng thái / state", "thay bằng / by")
    for paper in body["papers"]:
        by = replaced_by(paper["by"], body["evidence"]) if paper.get("by") else _reason(paper)
        table.add_row(*map(cell, (paper["title"], paper["state"], by)))
    return table


def warnings_table(body: Any) -> Table | None:  # noqa: ANN401 -- the JSON answer
    """What blocks or endangers the filing; None when nothing does."""
    if not body.get("warnings"):
        return None
    table = Table("cảnh báo / warning", "nguồn / source")
    for one in body["warnings"]:
        sentence = one["for_citizen"]
        table.add_row(cell(f"{sentence['vi']}\n{sentence['en']}"), cell(one["source"] or ""))
    return table


def replaced_by(by: Any, evidence: Any) -> str:  # noqa: ANN401 -- the JSON answer
    """What proves, in words: `population: full name, birth date; never married`."""
    sources: dict[str, dict[str, None]] = {}
    rules: dict[str, None] = {}
    for word in _leaves(by):
        place, _, name = word.partition(":")
        if place in ("is", "in_force"):
            rules[name.replace("_", " ")] = None
        if place in ("is", "in_force", "same"):
            continue
        attribute = name.partition(".")[2] or name
        source = evidence.get(place, {}).get("source", place)
        sources.setdefault(source, {})[attribute.replace("_", " ").replace(".", " ")] = None
    parts = [f"{source.replace('_', ' ')}: {', '.join(names)}" for source, names in sources.items()]
    return "; ".join([*parts, *rules])


def _leaves(by: Any) -> Iterator[str]:  # noqa: ANN401 -- the JSON answer
    if isinstance(by, dict):
        by = [item for group in by.values() for item in group]
    if isinstance(by, list):
        for item in by:
            yield from _leaves(item)
    elif by:
        yield str(by)


def _reason(paper: Any) -> str:  # noqa: ANN401 -- the JSON answer
    code = str((paper.get("reason") or {}).get("code", ""))
    if paper["state"] == "required" and code == "condition_false":
        return "dữ liệu không thay được / data do not replace it"
    return code


def shown(value: object) -> str:
    """A value in one cell."""
    return value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()

"""Dotted paths over plain data: names, `[n]` (negative from the end), `[key=value]` and `[latest:key]`.

A path reads and never fails: what is not there is None. The empty path is the tree itself.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from gateway.domain.evidence import AttributeDoubt
from gateway.mapping.transforms import Doubtful, Unreadable, date_compact, date_dash, date_vn

Getter = Callable[[object], object]

_STEP = re.compile(r"([^.\[\]]+)|\[(-?[0-9]{1,4})\]|\[latest:([^\[\]=]+)\]|\[([^\[\]=]+)=([^\[\]]*)\]")
#: nobody can tell which of several items is the latest
_UNDATED = Doubtful(None, AttributeDoubt(kind="date_partial", rule="latest:undated"))


class _Latest(NamedTuple):
    """The item whose date at `key` is the latest, wherever it stands."""

    key: str


class _Match(NamedTuple):
    key: str
    value: str


_Step = str | int | _Latest | _Match


def compile_path(path: str) -> Getter:
    """The function that picks `path`; ValueError when the path is not of the grammar."""
    steps = _steps(path)
    if not steps:
        return lambda tree: tree
    if all(isinstance(step, str) for step in steps):
        return _named([str(step) for step in steps])
    return _mixed(steps)


def _steps(path: str) -> list[_Step]:
    steps: list[_Step] = []
    at = 0
    while at < len(path):
        if path[at] == "." and steps:
            at += 1
        found = _STEP.match(path, at)
        if found is None:
            raise ValueError(
                f"'{path}' is not a path: use names, [n], [key=value] and [latest:key] joined by dots"
            )
        name, index, latest, key, value = found.groups()
        if name is not None:
            steps.append(name)
        elif index is not None:
            steps.append(int(index))
        else:
            steps.append(_Latest(latest) if latest is not None else _Match(key, value))
        at = found.end()
    return steps


def _named(names: list[str]) -> Getter:
    if len(names) == 1:
        only = names[0]
        return lambda tree: tree.get(only) if isinstance(tree, dict) else None

    def pick(tree: object) -> object:
        for name in names:
            if not isinstance(tree, dict):
                return None
            tree = tree.get(name)
        return tree

    return pick


def _mixed(steps: list[_Step]) -> Getter:
    def pick(tree: object) -> object:
        for step in steps:
            tree = _take(tree, step)
            if tree is None or tree is _UNDATED:
                break
        return tree

    return pick


def _take(tree: object, step: _Step) -> object:
    if isinstance(step, str):
        return tree.get(step) if isinstance(tree, dict) else None
    items = tree if isinstance(tree, list) else [tree]
    if isinstance(step, int):
        return items[step] if -len(items) <= step < len(items) else None
    if isinstance(step, _Latest):
        return _latest(items, step.key)
    key, value = step
    return next((item for item in items if isinstance(item, dict) and item.get(key) == value), None)


def _latest(items: list[object], key: str) -> object:
    """One item is the latest whatever its date; of several each must have one, and the latest be later than all."""
    if all(item == items[0] for item in items):
        return items[0] if items else None
    dated = [(_date(item.get(key)) if isinstance(item, dict) else None, item) for item in items]
    last = max(date or "" for date, _ in dated)
    unclear = [date for date, _ in dated if date is None or last.startswith(date)]
    return (
        _UNDATED if len(unclear) > 1 or None in unclear else next(one for date, one in dated if date == last)
    )


def _date(value: object) -> str | None:
    for read in (date_vn, date_compact, date_dash):
        try:
            return read(value)
        except Unreadable:
            continue
    return None


def put(tree: dict[str, object], names: tuple[str, ...], value: object) -> None:
    """Set `value` below `names`, making the dictionaries on the way."""
    for name in names[:-1]:
        inner = tree.get(name)
        if not isinstance(inner, dict):
            inner = tree[name] = {}
        tree = inner
    tree[names[-1]] = value

"""Dotted paths over plain data: names, `[n]` (negative from the end) and `[key=value]`.

A path reads and never fails: what is not there is None. The empty path is the tree itself.
"""

import re
from collections.abc import Callable

Getter = Callable[[object], object]

_STEP = re.compile(r"([^.\[\]]+)|\[(-?[0-9]{1,4})\]|\[([^\[\]=]+)=([^\[\]]*)\]")


def compile_path(path: str) -> Getter:
    """The function that picks `path`; ValueError when the path is not of the grammar."""
    steps = _steps(path)
    if not steps:
        return lambda tree: tree
    if all(isinstance(step, str) for step in steps):
        return _named([str(step) for step in steps])
    return _mixed(steps)


def _steps(path: str) -> list[str | int | tuple[str, str]]:
    steps: list[str | int | tuple[str, str]] = []
    at = 0
    while at < len(path):
        if path[at] == "." and steps:
            at += 1
        found = _STEP.match(path, at)
        if found is None:
            raise ValueError(f"'{path}' is not a path: use names, [n] and [key=value] joined by dots")
        name, index, key, value = found.groups()
        steps.append(name if name is not None else int(index) if index is not None else (key, value))
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


def _mixed(steps: list[str | int | tuple[str, str]]) -> Getter:
    def pick(tree: object) -> object:
        for step in steps:
            tree = _take(tree, step)
            if tree is None:
                return None
        return tree

    return pick


def _take(tree: object, step: str | int | tuple[str, str]) -> object:
    if isinstance(step, str):
        return tree.get(step) if isinstance(tree, dict) else None
    items = tree if isinstance(tree, list) else [tree]
    if isinstance(step, int):
        return items[step] if -len(items) <= step < len(items) else None
    key, value = step
    return next((item for item in items if isinstance(item, dict) and item.get(key) == value), None)


def put(tree: dict[str, object], names: tuple[str, ...], value: object) -> None:
    """Set `value` below `names`, making the dictionaries on the way."""
    for name in names[:-1]:
        inner = tree.get(name)
        if not isinstance(inner, dict):
            inner = tree[name] = {}
        tree = inner
    tree[names[-1]] = value

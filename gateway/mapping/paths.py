"""Dotted paths over plain data: names, `[n]` (negative from the end), `[key=value]` and `[latest:key]`.

Reading a path never fails: a missing value is None. The empty path is the tree itself, as is `[]`, a tree that is a
list. Answers with the same markup differ only in their texts: a tree of positions (`Layout`) represents all of them. A
path that does not select by text is resolved once per layout, not once per answer.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from gateway.domain.evidence import NOTHING, AttributeDoubt
from gateway.mapping.transforms import Doubtful, Transform, Unreadable, is_hollow

Getter = Callable[[object], object]
#: path of the key of a `[latest:key]` -> the transforms that read its date
Orders = Mapping[str, tuple[Transform, ...]]

_STEP = re.compile(r"([^.\[\]]+)|\[(-?[0-9]{1,4})\]|\[latest:([^\[\]=]+)\]|\[([^\[\]=]+)=([^\[\]]*)\]")
_UNCLEAR = AttributeDoubt(kind="date_partial", rule="latest:undated")
#: it is unknown which of several items is the latest
_UNDATED = Doubtful(None, _UNCLEAR)
#: several items fit `[key=value]`
_SEVERAL = Doubtful(None, AttributeDoubt(kind="several_records", rule="match:several"))
#: the same for records: nothing is below it
_UNDATED_RECORD = Doubtful(None, _UNCLEAR)
#: a list with values, a text, a number or a truth where an object is read
ODD_SHAPE = Doubtful(None, AttributeDoubt(kind="value_invalid", rule="evidence:other_shape"))
#: the path of an answer that is itself a list
WHOLE_LIST = "[]"
#: number of path sets whose places a layout caches
_MOST_PLACES = 16


class _Latest(NamedTuple):
    """The item with the latest date at `key`, at any position. Without `reads` nobody knows how a date is written."""

    key: str
    reads: tuple[Transform, ...] = ()


class _OddText(NamedTuple):
    """The position of a text where an object is read: blank, or an odd shape."""

    position: int


class _Match(NamedTuple):
    key: str
    value: str


class _Together(NamedTuple):
    """The values of earlier slots as one list."""

    slots: tuple[int, ...]


class Record(Enum):
    """Steps that no path text can express, and the values that the first of them may give."""

    #: the only item of a list
    ONLY = 1
    #: True for a tree; any other value is itself
    IS_THERE = 2
    #: returned where a list has more than one item
    SEVERAL = 3


PathStep = str | int | _Latest | _Match | _Together | Record


def compile_path(path: str) -> Getter:
    """The function that reads `path`, which selects by no date. Raises ValueError for any other path."""
    steps = steps_of(path)
    if keys_of_latest(path):
        raise ValueError(f"'{path}': [latest:key] is for attributes, whose transforms say how dates are read")

    def pick(tree: object) -> object:
        for step in steps:
            tree = next(iter(_fitting(tree, step)), None) if isinstance(step, _Match) else _take(tree, step)
            if tree is ODD_SHAPE:
                return None
        return tree

    return pick


def steps_of(path: str, orders: Orders = NOTHING) -> list[PathStep]:
    """The steps of a path. Raises ValueError when it does not fit the grammar."""
    steps: list[PathStep] = []
    at = len(path) if path == WHOLE_LIST else 0
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
        elif latest is not None:
            steps.append(_Latest(latest, orders.get(f"{path[: found.end()]}.{latest}", ())))
        else:
            steps.append(_Match(key, value))
        at = found.end()
    return steps


def keys_of_latest(path: str) -> list[str]:
    """The paths of the dates by which this path selects."""
    return [f"{path[: one.end()]}.{one[3]}" for one in _STEP.finditer(path) if one[3]]


def rows_of(path: str) -> list[tuple[str, str]]:
    """The rows of lists that a path reads in: path of each list, and how its row is selected (`[0]`, `[kind=a]`)."""
    found = (one for one in _STEP.finditer(path) if one[1] is None and one.end() < len(path))
    return [(path[: one.start()], one[0]) for one in found]


class Layout:
    """The common tree of answers with one markup; numbers of texts replace the texts."""

    __slots__ = ("places", "positions")

    def __init__(self, positions: object) -> None:
        """`positions`: dictionaries, lists, None, and integers for texts."""
        self.positions = positions
        #: paths -> where their values are; empty: that depends on the texts
        self.places: dict[Paths, list[object]] = {}


class PositionedTexts:
    """An answer with a known layout: its texts by position, not yet a tree."""

    __slots__ = ("layout", "texts")

    def __init__(self, layout: Layout, texts: list[str]) -> None:
        """An empty text is blank."""
        self.layout = layout
        self.texts = texts

    def tree(self) -> object:
        """The answer as plain data."""
        return _filled(self.layout.positions, self.texts)


class Paths:
    """Many paths, read together: a common step is done once."""

    __slots__ = ("_results", "_slots", "_steps")

    def __init__(self) -> None:
        """No path yet."""
        #: where each step starts; its result is in the slot after that of the previous step
        self._steps: list[tuple[int, PathStep]] = []
        self._slots: dict[tuple[int, PathStep], int] = {}
        self._results: set[int] = set()

    def copy(self) -> "Paths":
        """A copy to which paths may be added; slots stay."""
        other = Paths()
        other._steps, other._slots, other._results = [*self._steps], {**self._slots}, {*self._results}
        return other

    def add(self, steps: Iterable[PathStep], start: int = 0) -> int:
        """The slot of a path's value. A path starts at a slot; 0 is the tree itself."""
        slot = self.passing(steps, start)
        self._results.add(slot)
        return slot

    def passing(self, steps: Iterable[PathStep], start: int = 0) -> int:
        """A slot at which other paths start; its own value is not read."""
        slot = start
        for step in steps:
            known = self._slots.get((slot, step))
            if known is None:
                self._steps.append((slot, step))
                known = self._slots[slot, step] = len(self._steps)
            slot = known
        return slot

    def together(self, parts: Iterable[Iterable[PathStep]], start: int) -> int:
        """The slot of a list: the values of these paths from one slot on; None where all are blank."""
        return self.add([_Together(tuple(self.passing(steps, start) for steps in parts))], start)

    def read(self, tree: object) -> list[object]:
        """The values by slot, of plain data or of positioned texts."""
        if type(tree) is not PositionedTexts:
            return self._walk(tree)
        texts = tree.texts
        places = tree.layout.places.get(self)
        if places is None:
            places = self._learn(tree.layout)
        if not places:
            return self._walk(tree.tree())
        return [
            (texts[at] or None) if type(at) is int else at if at is None or at is True else _filled(at, texts)
            for at in places
        ]

    def _walk(self, tree: object) -> list[object]:
        found = [tree]
        for slot, step in self._steps:
            node = found[slot]
            if type(node) is dict and type(step) is str:
                found.append(node.get(step))
            elif type(step) is _Together:
                parts = [found[one] for one in step.slots]
                for one in parts:
                    if type(one) is Doubtful:  # of a record that nobody can choose
                        found.append(one)
                        break
                else:
                    found.append(None if parts.count(None) == len(parts) else parts)
            else:
                found.append(None if node is None else _take(node, step))
        return found

    def _learn(self, layout: Layout) -> list[object]:
        """Where the values are in every answer of this layout; empty when a path selects by text."""
        if len(layout.places) >= _MOST_PLACES:
            layout.places.clear()
        found = self._walk(layout.positions)
        for i, (slot, step) in enumerate(self._steps, 1):
            if found[i] is ODD_SHAPE and type(step) is not _Together:
                at = found[slot]
                found[i] = at if type(at) is _OddText else _OddText(at) if type(at) is int else ODD_SHAPE
        places = [at if i in self._results else None for i, at in enumerate(found)]
        if any(_chooses(step, found[slot]) or _joins_odd(step, found) for slot, step in self._steps):
            places = []
        layout.places[self] = places
        return places


def _chooses(step: PathStep, node: object) -> bool:
    """Whether a step reads texts; the latest of one item needs none."""
    if isinstance(step, _Latest):
        return isinstance(node, list) and len(node) > 1
    if isinstance(step, str):
        return isinstance(node, list)
    return isinstance(step, _Match) and node is not None


def _joins_odd(step: PathStep, found: list[object]) -> bool:
    """Whether it depends on a text that may be blank what a list of values is."""
    return isinstance(step, _Together) and any(type(found[slot]) is _OddText for slot in step.slots)


def _filled(at: object, texts: list[str]) -> object:
    """The part of an answer at this position."""
    if type(at) is int:
        return texts[at] or None
    if type(at) is dict:
        tree: dict[str, object] = {}
        for name, inner in at.items():
            tree[name] = (texts[inner] or None) if type(inner) is int else _filled(inner, texts)
        return tree
    if type(at) is list:
        return [_filled(inner, texts) for inner in at]
    if type(at) is _OddText:
        return None if is_hollow(texts[at.position]) else ODD_SHAPE
    return at


def _take(node: object, step: PathStep) -> object:
    if isinstance(step, Record):
        return _record(node, step)
    assert not isinstance(step, _Together)
    if node is None or node is _UNDATED or node is _SEVERAL or node is ODD_SHAPE:
        return node
    if isinstance(step, str):
        return node.get(step) if isinstance(node, dict) else None if is_hollow(node) else ODD_SHAPE
    items = node if isinstance(node, list) else [node]
    if isinstance(step, int):
        return items[step] if -len(items) <= step < len(items) else None
    if isinstance(step, _Latest):
        return _latest(items, step)
    found = _fitting(node, step)
    return _SEVERAL if len(found) > 1 and any(one != found[0] for one in found) else next(iter(found), None)


def _fitting(node: object, step: _Match) -> list[object]:
    """The items with this value at the key: its text, or the number or truth of JSON that is written so."""
    items = node if isinstance(node, list) else [node]
    return [item for item in items if isinstance(item, dict) and _written(item.get(step.key)) == step.value]


def _written(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _record(node: object, step: Record) -> object:
    if step is Record.IS_THERE:
        return True if isinstance(node, dict | list) else str(node) if isinstance(node, bool) else node
    if node is _UNDATED or node is _SEVERAL:
        return _UNDATED_RECORD
    if not isinstance(node, list):
        return None if node is ODD_SHAPE else node
    return Record.SEVERAL if len(node) > 1 else node[0] if node else None


def _latest(items: list[object], step: _Latest) -> object:
    """A single item is the latest whatever its date; of several, each needs a date and one must be the latest."""
    if len(items) < 2 or all(item == items[0] for item in items):
        return items[0] if items else None
    dated = [(_date(item, step), item) for item in items]
    last = max(date or "" for date, _ in dated)
    unclear = [date for date, _ in dated if date is None or last.startswith(date)]
    return (
        _UNDATED if len(unclear) > 1 or None in unclear else next(one for date, one in dated if date == last)
    )


def _date(item: object, step: _Latest) -> str | None:
    value: object = item.get(step.key) if step.reads and isinstance(item, dict) else None
    try:
        for read in step.reads:
            value = read(value)
    except Unreadable:
        return None
    return value if isinstance(value, str) else None


def only(tree: object, steps: list[PathStep], item: object) -> object:
    """The tree with only `item` at a path of names."""
    if not steps:
        return [item]
    name, *others = steps
    return {**tree, name: only(tree.get(name), others, item)} if isinstance(tree, dict) else tree


def put(tree: dict[str, object], names: tuple[str, ...], value: object) -> None:
    """Set `value` below `names`; missing dictionaries are created."""
    for name in names[:-1]:
        inner = tree.get(name)
        if not isinstance(inner, dict):
            inner = tree[name] = {}
        tree = inner
    tree[names[-1]] = value

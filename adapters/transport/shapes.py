"""Shapes of messages: which elements, attributes and texts may stand where, by name, as a schema says it.

`adapters.transport.wsdl` reads them from files, `adapters.transport.soap` writes and reads messages by them.
A type that contains itself is a circle here: go down by the paths of a mapping or by a document, not by the shape.

Names in paths: an element has its local name. Where two elements of one type differ in their namespace alone, each has
the prefix that its schema gives it, in braces (`{bag}Naam`), or its number (`{2}Naam`) where there is no such prefix.
An attribute is `@name`; the text of an element that has attributes too is `#text`; `@xsi:type` is the local name of
the type that an element says it has. A dot in a name is written `_`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from gateway.domain.errors import Problem
from gateway.domain.faults import nearest

#: as often as one likes
UNBOUNDED = 1 << 30
XSI = "http://www.w3.org/2001/XMLSchema-instance"
TEXT, TYPE = "#text", "@xsi:type"

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(?:latest:)?([^\[\]=]*)(?:=[^\[\]]*)?\]")


class PathRefused(Exception):
    """Paths that do not fit a message; `word` is the name that does not."""

    def __init__(self, word: str, what: str, remedy: str) -> None:
        """`what` goes on from the place of the path: "names 'x', which …"."""
        super().__init__(word, what, remedy)
        self.word, self.what, self.remedy = word, what, remedy


class Slot(NamedTuple):
    """An element in its order; how often it stands there."""

    name: str
    least: int
    most: int


class Run(NamedTuple):
    """Elements one after another, or one of them; how often."""

    is_choice: bool
    least: int
    most: int
    items: "tuple[Slot | Run, ...]"


class DerivedType(NamedTuple):
    """A type that may stand for the declared one, by `xsi:type`."""

    space: str
    name: str
    children: frozenset[str]
    order: Run | None


class ContentRow(NamedTuple):
    """One `Content` as it travels between processes: other contents are numbers."""

    #: tag, name, many, required, nillable, number of the content
    children: Sequence[tuple[str, str, bool, bool, bool, int]] | None
    is_list: bool = False
    order: Run | None = None
    kinds: tuple[DerivedType, ...] = ()
    #: file, line, what, remedy
    fault: tuple[str, int, str, str] | None = None
    kind: str = ""
    #: elements that no schema describes may stand there too (`any`)
    is_open: bool = False
    #: what a text may be, where the schema lists it
    words: tuple[str, ...] = ()


class Content:
    """What an element of one type holds. It may hold itself; equal is only the same."""

    __slots__ = (
        "attributes",
        "by_tag",
        "children",
        "fault",
        "has_text",
        "is_either",
        "is_list",
        "is_open",
        "is_rich",
        "kind",
        "kinds",
        "order",
        "words",
    )

    attributes: "tuple[tuple[str, Shape], ...]"
    by_tag: "Mapping[str, Shape]"
    children: "tuple[Shape, ...] | None"
    has_text: bool
    #: one of its children, which are all texts
    is_either: bool
    #: more than texts and elements that are in the order of the children
    is_rich: bool
    #: of a text: `date`, `boolean`, `integer`, `number`; blank: any
    kind: str

    def __init__(
        self,
        children: "Iterable[Shape] | None" = None,
        *,
        is_list: bool = False,
        order: Run | None = None,
        kinds: tuple[DerivedType, ...] = (),
        fault: Problem | None = None,
        kind: str = "",
        is_open: bool = False,
        words: tuple[str, ...] = (),
    ) -> None:
        """`children` None: a text, with `is_list` several; `order` where that of `children` does not do."""
        self.is_list, self.order, self.kinds, self.fault, self.kind = is_list, order, kinds, fault, kind
        self.is_open, self.words = is_open, words
        self.fill(children)

    def fill(self, children: "Iterable[Shape] | None") -> None:
        """Set the children, once they are known."""
        self.children = None if children is None else tuple(children)
        held = self.children or ()
        self.attributes = tuple((one.tag[1:], one) for one in held if one.tag[0] == "@")
        self.has_text = any(one.tag == TEXT for one in held)
        self.by_tag = {one.tag: one for one in held if one.tag[0] not in "@#"}
        self.is_either = _is_either(self.order, held)
        ordered = self.order is not None and not self.is_either
        self.is_rich = bool(
            self.attributes or self.has_text or self.is_list or ordered or self.kinds or self.fault
        )

    def with_children(self, children: "Iterable[Shape]") -> "Content":
        """The same with other children."""
        return Content(
            children,
            is_list=self.is_list,
            order=self.order,
            kinds=self.kinds,
            fault=self.fault,
            is_open=self.is_open,
        )


def _is_either(order: Run | None, children: "tuple[Shape, ...]") -> bool:
    """Whether an order is no more than a choice of one text."""
    while order is not None and len(order.items) == 1 and order.most == 1 and isinstance(order.items[0], Run):
        order = order.items[0]
    if order is None or not order.is_choice or order.most > 1:
        return False
    are_slots = all(isinstance(one, Slot) and one.most == 1 for one in order.items)
    return are_slots and all(one.children is None and not one.content.is_rich for one in children)


PLAIN = Content()


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One element, attribute or text."""

    #: `{namespace}name`; `@{namespace}name` of an attribute; `#text`; blank: the body itself
    tag: str
    many: bool = False
    required: bool = False
    #: it may say that it is there and has no value
    nillable: bool = False
    content: Content = field(default=PLAIN, repr=False)
    #: as in paths; the local name where nothing else is said
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.tag.rpartition("}")[2])

    @classmethod
    def of(cls, tag: str, *children: "Shape", many: bool = False, required: bool = False) -> "Shape":
        """An element by hand: with children, or a text."""
        return cls(tag, many, required, content=Content(children) if children else PLAIN)

    @property
    def children(self) -> "tuple[Shape, ...] | None":
        """Elements, attributes and text by name; None: the element holds text alone."""
        return self.content.children

    @property
    def is_plain(self) -> bool:
        """Whether nothing but texts and elements is to be read here and below."""
        return not any(
            one.content.attributes or one.content.has_text or one.content.is_list for one in _reached(self)
        )

    def narrowed(self, paths: Iterable[str], *, complete: bool = False) -> "Shape":
        """Only what these dotted paths name; PathRefused names a path that leads nowhere.

        With `complete` it has all that a message must have, and PathRefused names what the paths do not give.
        """
        wanted: dict[str, list[tuple[str, ...]]] = {}
        for names in _expanded(paths):
            if not names:
                return self
            wanted.setdefault(names[0], []).append(names[1:])
        return self._narrowed(wanted, complete=complete)

    def _narrowed(self, wanted: Mapping[str, Sequence[tuple[str, ...]]], *, complete: bool) -> "Shape":
        content = self.content
        if content.fault is not None:
            what = (
                f"names '{self.name}', whose type cannot be used: '{content.fault.file}' {content.fault.what}"
            )
            raise PathRefused(self.name, what, content.fault.remedy)
        if content.children is None:
            if wanted:
                raise _no_child(self, next(iter(wanted)))
            return self
        known = {child.name: child for child in content.children}
        if content.kinds:
            known[TYPE] = Shape(TYPE)
        for name in wanted:
            if name not in known:
                raise _no_child(self, name)
        kept = (
            child.reached_by(wanted[name], complete=complete) if name in wanted else _unasked(child)
            for name, child in known.items()
            if name in wanted or (complete and child.required)
        )
        return replace(self, content=content.with_children(kept))

    def reached_by(self, rests: Sequence[tuple[str, ...]], *, complete: bool) -> "Shape":
        """This, by what the paths to it go on with."""
        wanted: dict[str, list[tuple[str, ...]]] = {}
        for head, *rest in filter(None, rests):
            wanted.setdefault(head, []).append(tuple(rest))
        if () not in rests:
            return self._narrowed(wanted, complete=complete)
        if self.content.has_text and not complete:
            if wanted:
                word = next(iter(wanted))
                remedy = f"write '{self.name}.{TEXT}' for its text beside '{self.name}.{word}'"
                raise PathRefused(
                    self.name, f"names '{self.name}', of which attributes are wanted too", remedy
                )
            return replace(self, content=_text_of(self.content))
        self._narrowed(wanted, complete=complete)
        return self

    def leaves(self, deepest: int = 12, inside: tuple[Content, ...] = ()) -> Iterator[str]:
        """Paths of what holds text, in the order of the schema; no type within itself. There may be very many."""
        for child in self.children or ():
            if child.children is None:
                yield child.name
            elif child.content not in inside and len(inside) < deepest:
                yield from (
                    f"{child.name}.{path}" for path in child.leaves(deepest, (*inside, child.content))
                )


def _expanded(paths: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The names of each path, and those by which it selects."""
    for path in paths:
        names: list[str] = []
        for name, key in _STEP.findall(path):
            if name:
                names.append(name)
            elif key and not key.lstrip("-").isdigit():
                yield (*names, key)
        yield tuple(names)


def _no_child(shape: Shape, name: str) -> PathRefused:
    """A name that leads nowhere below an element, and what to write."""
    held = shape.children
    alike = [child for child in held or () if child.name.rpartition("}")[2] == name]
    if alike:
        choices = " or ".join(f"'{child.name}' ({child.tag[1:].partition('}')[0]})" for child in alike)
        what = f"names '{name}', which stands for elements of {len(alike)} namespaces"
        return PathRefused(name, what, f"write {choices}")
    what = f"names '{name}', which the WSDL does not have in this message"
    remedy = "correct the path: elements are named as in the WSDL, from the message's element on"
    if held is None:
        return PathRefused(name, f"{what}: '{shape.name}' holds text", remedy)
    alike_name = nearest(name, (child.name for child in held))
    if shape.content.is_open and not alike_name:
        what = f"names '{name}', which the WSDL does not describe: '{shape.name}' may hold any element"
        remedy = "write it in place of 'any' into the copy of the schema, as the provider describes it"
    return PathRefused(name, what, f"{remedy} (did you mean '{alike_name}'?)" if alike_name else remedy)


def _unasked(shape: Shape) -> Shape:
    """What a message must have and no path gives: nil or empty where that is enough. Else PathRefused."""
    is_enough = shape.children is not None and not any(one.required for one in shape.children)
    if shape.nillable:
        return replace(shape, content=PLAIN)
    if is_enough and not shape.content.kinds:
        return replace(shape, content=Content(()))
    what = f"does not give '{shape.name}', which the WSDL demands in this message"
    raise PathRefused(shape.name, what, f"add a place '{shape.name}', with a value or from where it comes")


def _text_of(content: Content) -> Content:
    text = next(one for one in content.children or () if one.tag == TEXT)
    return text.content


def _reached(shape: Shape) -> Iterator[Shape]:
    """The shape and all below it in their order, each content once."""
    seen: set[int] = set()
    waiting = [shape]
    while waiting:
        one = waiting.pop()
        yield one
        if id(one.content) not in seen:
            seen.add(id(one.content))
            waiting += reversed(one.content.children or ())


def spaces(shape: Shape) -> list[str]:
    """The namespaces of all elements, attributes and types by `xsi:type`, in the order in which they come."""
    tags = [one.tag for one in _reached(shape) if "{" in one.tag]
    found = dict.fromkeys(tag[tag.index("{") + 1 :].partition("}")[0] for tag in tags)
    for one in _reached(shape):
        found.update(dict.fromkeys(kind.space for kind in one.content.kinds if kind.space))
    return list(found)


def linked(rows: Sequence[ContentRow]) -> list[Content]:
    """The contents of rows that name one another by number."""
    contents = [
        Content(
            None if row.children is None else (),
            is_list=row.is_list,
            order=row.order,
            kinds=row.kinds,
            fault=None if row.fault is None else Problem(*row.fault),
            kind=row.kind,
            is_open=row.is_open,
            words=row.words,
        )
        for row in rows
    ]
    for content, row in zip(contents, rows, strict=True):
        if row.children is not None:
            content.fill(
                Shape(tag, many, required, nillable, contents[number], name)
                for tag, name, many, required, nillable, number in row.children
            )
    return contents

"""SOAP 1.1 and 1.2 messages, document/literal and rpc/literal, by plans that are made once from a WSDL.

The shapes come from `adapters.transport.wsdl`; `adapters.transport.shapes` describes how names in trees are written.
`Envelope` turns a tree of plain data into bytes; `Decoder` turns the bytes of an answer into such a tree:
a dictionary of the children of the answer element, text leaves, a list where the schema allows repetition;
or, where the markup is known, into its texts and the layout that says where in the tree they stand.
Absent elements are absent, empty and nil ones are None;
a complex element without known children is None as well.
Elements are matched by namespace and name; unknown ones are passed over; order does not matter.
Neither errors nor faults carry text of the other side.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeAlias

from lxml import etree

from adapters.transport.shapes import TEXT, TYPE, XSI, DerivedType, Run, Shape, Slot, spaces
from adapters.transport.wsdl import HEADER, Version
from adapters.transport.xml import XmlLimits, XmlRefused, parse
from gateway.mapping.paths import Layout, PositionedTexts
from gateway.mapping.values import wire_text

NAMESPACES: Mapping[str, str] = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
Tree: TypeAlias = dict[str, object]

_NIL, _TYPE = f"{{{XSI}}}nil", f"{{{XSI}}}type"
_CODE_NAMES = ("MaLoi", "faultcode", "Value")  #: where a fault has its code, the surest first
_XML = "http://www.w3.org/XML/1998/namespace"
#: namespaces of attributes that are about the XML
_ASIDE = frozenset({XSI, _XML, *NAMESPACES.values()})
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: characters that `_escape` writes as references; the others that it might are not printable
_MARKUP = re.compile('[&<>"]')
_LONGEST_CODE = 200
_FAULT_CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}\Z")
#: all bytes but brackets and those that make a text need a real parser:
#: references, line ends to normalise, characters that XML forbids
_HARMLESS = bytes({*range(32, 256), 9, 10} - {*b"<>&"})
_PLANS, _ROOM = 256, 262_144  #: of an operation, and letters of their markup together
#: longer markup is parsed every time, so that plans stay small; a tag has no fewer letters than brackets
_LONGEST_MARKUP = 65_536
#: after so many more misses than hits nothing new is learnt: this provider never repeats its markup
_MISSES = 512


class SoapFault(Exception):
    """The other side answered with a fault; `code`: at the settings' place, else MaLoi or the bare fault code.

    `others`: the codes of the fault that were not taken, without prefix.
    """

    def __init__(self, code: str, others: Collection[str], fault: etree._Element) -> None:
        """`code` is empty if there was no such word; `fault` no longer has it."""
        super().__init__(code)
        self.code, self.others, self._fault = code, others, fault

    def tree(self) -> Tree:
        """What else the fault holds, and what stands beside it in the body, by names without prefixes; never shown."""
        tree: Tree = {}
        _hold(tree, self._fault)
        if (body := self._fault.getparent()) is not None:
            _hold(tree, body, apart=self._fault)
        return tree


class EnvelopeRefused(Exception):
    """The request tree does not fit the WSDL; `place` names the element."""

    def __init__(self, place: str, what: str) -> None:
        """`place` is an element name, `what` one word; no value is kept."""
        super().__init__(f"{place}: {what}")
        self.place = place


class Envelope:
    """Writes the requests of one operation: elements in the order of the WSDL, blank ones left out."""

    def __init__(self, request: Shape, version: Version = "1.1", header: Shape | None = None) -> None:
        """Prefixes are chosen here, once. `header` has the blocks that a tree may hold at `soap:Header`."""
        shapes = [shape for shape in (header, request) if shape is not None]
        known = dict.fromkeys(space for shape in shapes for space in spaces(shape))
        prefixes = {space: f"n{i}" for i, space in enumerate(known)}
        declared = "".join(f' xmlns:{prefix}="{_escape(space)}"' for space, prefix in prefixes.items())
        self.version = version
        soap = NAMESPACES[version]
        self._before = f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{soap}"{declared}>'
        parts: dict[int, _Part] = {}
        self._root = _part(request, prefixes, parts)
        self._blocks = None if header is None else _part(replace(header, tag=""), prefixes, parts)

    def write(self, tree: Mapping[str, object], header: str = "") -> bytes:
        """The message; `header` is XML for `soap:Header`. Raises EnvelopeRefused if the tree does not fit."""
        out = [self._before, "<soap:Header>", header]
        if self._blocks is not None and HEADER in tree:
            self._blocks.write(tree[HEADER], out)
            tree = {name: value for name, value in tree.items() if name != HEADER}
        out.append("</soap:Header><soap:Body>")
        self._root.write(tree, out)
        out.append("</soap:Body></soap:Envelope>")
        return "".join(out).encode("utf-8")


class _Part:
    """One element of the template, its tags ready."""

    __slots__ = ("children", "close", "is_either", "is_plain", "name", "names", "open", "shape")

    children: "list[_Part] | None"
    names: frozenset[str]

    def __init__(self, shape: Shape, prefixes: Mapping[str, str]) -> None:
        self.name, self.shape = shape.name, shape
        word = _word(shape.tag, prefixes)
        self.open, self.close = (f"<{word}>", f"</{word}>") if word else ("", "")
        self.children, self.names = None, frozenset()
        #: a text and nothing else
        self.is_plain = shape.children is None and not shape.content.is_rich
        self.is_either = shape.content.is_either

    def hold(self, children: "list[_Part]") -> None:
        """Set the children: a type may hold itself."""
        self.children = children
        self.names = frozenset(part.name for part in children)

    def write(self, value: object, out: list[str]) -> None:
        if self.children is None:
            out.append(self.open + self.text(value) + self.close)
            return
        if type(value) is not dict or not value.keys() <= self.names:
            raise EnvelopeRefused(self.name, "unknown_element")
        out.append(self.open)
        before = len(out)
        for part in self.children:
            item = value.get(part.name)
            if type(item) is str and item and part.is_plain:
                is_plain = item.isalnum() or (item.isprintable() and not _MARKUP.search(item))
                out.append(part.open + (item if is_plain else part.text(item)) + part.close)
            elif item is not None or part.shape.required:
                part.write_all(item, out)
        if self.is_either and len(out) > before + 1:
            raise EnvelopeRefused(self.name, "wrong_number")
        out.append(self.close)

    def write_all(self, value: object, out: list[str]) -> None:
        items = value if isinstance(value, list) else [value]
        present = [item for item in items if not _blank(item)]
        if (self.shape.required and not present) or (len(present) > 1 and not self.shape.many):
            self.write_lack(len(present), out)
        for item in present:
            self.write(item, out)

    def write_lack(self, present: int, out: list[str]) -> None:
        """What must be there and is not: nil where that may be said, empty where nothing else can be."""
        if present or not (self.shape.nillable or self.children == []):
            raise EnvelopeRefused(self.name, "wrong_number")
        if self.shape.nillable:
            out.append(f'{self.open[:-1]} xmlns:xsi="{XSI}" xsi:nil="true"/>')
        else:
            out.append(self.open + self.close)

    def text(self, value: object) -> str:
        value = value if type(value) is str else wire_text(value)
        if not isinstance(value, str) or not (value.isprintable() or not _ILLEGAL.search(value)):
            raise EnvelopeRefused(self.name, "not_text")
        return _escape(value)


class _ListPart(_Part):
    """A text that is several, with blanks between."""

    __slots__ = ()

    def write_all(self, value: object, out: list[str]) -> None:
        if isinstance(value, list) and not self.shape.many:
            value = _joined(value)
        super().write_all(value, out)

    def text(self, value: object) -> str:
        return super().text(_joined(value) if isinstance(value, list) else value)


class _RichPart(_Part):
    """An element with attributes, with a type to name, or with an order of its own."""

    __slots__ = ("attributes", "by_name", "inner", "kinds", "prefixes")

    def __init__(self, shape: Shape, prefixes: Mapping[str, str]) -> None:
        super().__init__(shape, prefixes)
        self.prefixes = prefixes
        self.attributes = [
            (name, f" {_word(name, prefixes)}=", one) for name, one in
            ((tag, one) for tag, one in shape.content.attributes if one.name != TYPE)
        ]  # fmt: skip
        self.inner: _Part | None = None
        self.kinds = shape.content.kinds

    def hold(self, children: list[_Part]) -> None:
        super().hold(children)
        self.inner = next((part for part in children if part.shape.tag == TEXT), None)
        self.children = [part for part in children if part.shape.tag[:1] not in {"@", "#"}]
        self.by_name = {part.name: part for part in self.children}

    def write(self, value: object, out: list[str]) -> None:
        if self.inner is not None and not isinstance(value, dict):
            value = {TEXT: value}
        if type(value) is not dict or not value.keys() <= self.names | {TYPE}:
            raise EnvelopeRefused(self.name, "unknown_element")
        present = {name: _present(item) for name, item in value.items()}
        kind = self._kind({name for name, items in present.items() if items}, value.get(TYPE))
        opened = [self.open[:-1], self._type_named(kind)]
        opened += (self._attribute(word, one, present.get(one.name, [])) for _, word, one in self.attributes)
        out.append("".join(opened) + ">")
        if self.inner is not None:
            out.append(self.inner.text(next(iter(present.get(TEXT, [])), "")))
        self._write_children(present, kind, out)
        out.append(self.close)

    def _write_children(
        self, present: Mapping[str, list[object]], kind: DerivedType | None, out: list[str]
    ) -> None:
        order = self.shape.content.order if kind is None else kind.order
        if order is None:
            for name, part in self.by_name.items():
                items = present.get(name, [])
                if items or (part.shape.required and (kind is None or name in kind.children)):
                    part.write_all(items, out)
            return
        left = {name: list(items) for name, items in present.items() if items and name in self.by_name}
        self._arrange(order, left, out)
        if any(left.values()):
            raise EnvelopeRefused(next(name for name, items in left.items() if items), "wrong_number")

    def _arrange(self, item: Slot | Run, left: dict[str, list[object]], out: list[str]) -> None:
        """Write what stands at this place of the order, and take it from what is left."""
        if isinstance(item, Slot):
            part = self.by_name.get(item.name)
            items = left.get(item.name, [])
            taken, left[item.name] = items[: item.most], items[item.most :]
            if part is None:
                return
            for _ in range(item.least - len(taken)):
                part.write_lack(0, out)
            for one in taken:
                part.write(one, out)
            return
        turns = 0
        while turns < item.most and (turns < item.least or _held(item, left)):
            before = sum(map(len, left.values()))
            for inner in [self._best(item, left)] if item.is_choice else item.items:
                self._arrange(inner, left, out)
            turns += 1
            if before == sum(map(len, left.values())):
                return

    def _best(self, choice: Run, left: Mapping[str, list[object]]) -> Slot | Run:
        """The branch that takes most of what is left; the first of those that are alike."""
        return max(choice.items, key=lambda branch: (_held(branch, left), _lacks_nothing(branch, left)))

    def _kind(self, present: set[str], said: object) -> DerivedType | None:
        """The type to write: the one that the tree says, else the first that has all elements of the tree."""
        if not self.kinds:
            return None
        for kind in self.kinds:
            if kind.name == said if said else present - {TYPE} <= kind.children:
                return kind
        raise EnvelopeRefused(self.name, "no_such_type")

    def _type_named(self, kind: DerivedType | None) -> str:
        if kind is None or not kind.name:
            return ""
        prefix = f"{self.prefixes[kind.space]}:" if kind.space else ""
        return f' xmlns:xsi="{XSI}" xsi:type="{prefix}{kind.name}"'

    def _attribute(self, word: str, one: Shape, items: list[object]) -> str:
        if not items:
            if one.required:
                raise EnvelopeRefused(one.name, "wrong_number")
            return ""
        item = _joined(items) if one.content.is_list or len(items) > 1 else wire_text(items[0])
        if not isinstance(item, str) or _ILLEGAL.search(item) or (len(items) > 1 and not one.content.is_list):
            raise EnvelopeRefused(one.name, "not_text")
        return word + '"' + _escape(item).replace("\n", "&#10;").replace("\t", "&#9;") + '"'


def _part(shape: Shape, prefixes: Mapping[str, str], made: dict[int, _Part]) -> _Part:
    """The part of a shape and those below it, each shape once."""
    known = made.get(id(shape))
    if known is not None:
        return known
    content = shape.content
    kind = _Part
    if content.children is None:
        kind = _ListPart if content.is_list else _Part
    elif content.is_rich:
        kind = _RichPart
    part = made[id(shape)] = kind(shape, prefixes)
    if content.children is not None:
        part.hold([_part(child, prefixes, made) for child in content.children])
    return part


def _word(tag: str, prefixes: Mapping[str, str]) -> str:
    """A name as it is written."""
    if tag[:1] in {"@", "#"}:
        return ""
    space, _, name = tag[1:].rpartition("}") if tag[:1] == "{" else ("", "", tag)
    if space == _XML:
        return f"xml:{name}"
    return f"{prefixes[space]}:{name}" if space else name


def _present(value: object) -> list[object]:
    return [item for item in (value if isinstance(value, list) else [value]) if not _blank(item)]


def _joined(items: list[object]) -> object:
    """One text of several; what is no text is left for the check that follows."""
    return " ".join(items) if items and all(isinstance(one, str) for one in items) else items or None  # type: ignore[arg-type]


def _held(item: Slot | Run, left: Mapping[str, list[object]]) -> int:
    """How many names that are left have a place there."""
    return len({name for name in _names(item) if left.get(name)})


def _names(item: Slot | Run) -> set[str]:
    if isinstance(item, Slot):
        return {item.name}
    return {name for one in item.items for name in _names(one)}


def _lacks_nothing(item: Slot | Run, left: Mapping[str, list[object]]) -> bool:
    """Whether all that must be there is left."""
    if item.least == 0:
        return True
    if isinstance(item, Slot):
        return len(left.get(item.name, ())) >= item.least
    ways = (_lacks_nothing(one, left) for one in item.items)
    return any(ways) if item.is_choice else all(ways)


def fault_message(version: Version, fault: Mapping[str, object]) -> bytes:
    """A message with this fault: names without prefixes, `@name` an attribute, `#text` the text beside it.

    Raises ValueError with the name that XML does not have.
    """
    space = NAMESPACES[version]
    envelope = etree.Element(f"{{{space}}}Envelope")
    body = etree.SubElement(envelope, f"{{{space}}}Body")
    # in SOAP 1.2 the elements of a fault are SOAP's own; in SOAP 1.1 they have no namespace
    _fill(etree.SubElement(body, f"{{{space}}}Fault"), fault, space if version == "1.2" else "")
    return etree.tostring(envelope)


def _fill(element: etree._Element, tree: Mapping[str, object], space: str) -> None:
    for name, value in tree.items():
        for item in value if isinstance(value, list) else [value]:
            try:
                inner = _written(element, name, item, space)
            except (ValueError, TypeError):
                raise ValueError(name) from None
            if inner is not None and isinstance(item, Mapping):
                _fill(inner, item, "" if name == "Detail" else space)


def _written(element: etree._Element, name: str, item: object, space: str) -> etree._Element | None:
    """The child that was added; None where it is a text or an attribute."""
    if name == TEXT:
        element.text = _said(item)
    elif name.startswith("@"):
        element.set(name[1:], _said(item))
    else:
        inner = etree.SubElement(element, f"{{{space}}}{name}" if space else name)
        inner.text = None if isinstance(item, Mapping) else _said(item)
        return inner
    return None


def _said(value: object) -> str:
    return "" if value is None else str(value)


def _blank(value: object) -> bool:
    if type(value) is dict:
        return all(map(_blank, value.values()))
    return value is None or value in ("", [])


def _escape(text: str) -> str:
    if text.isalnum():
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("\r", "&#13;")


class Decoder:
    """Reads the answers of one operation.

    Markup that was seen before, byte for byte, is not parsed again:
    between the same tags only the texts differ, so they are picked by position.
    Whatever is not plain (references, comments, CDATA, stray `>`) is parsed.
    """

    def __init__(
        self,
        answer: Shape,
        limits: XmlLimits | None = None,
        fault_code: tuple[str, ...] = (),
        *,
        is_rpc: bool = False,
    ) -> None:
        """`answer` may be narrowed to what is wanted; with `is_rpc` it may have another name.

        `fault_code`: where a fault has its code, from the fault on.
        """
        self._answer = answer
        self._fault_place = fault_code
        self._is_rpc = is_rpc
        #: attributes and lists are no texts between tags: such answers are parsed each time
        self._is_plain = answer.is_plain
        self._limits = limits or XmlLimits()
        self._unbounded = replace(self._limits, octets=2 * self._limits.octets)
        self._plans: dict[str, Layout] = {}
        self._misses, self._room = 0, _ROOM

    def decode(self, data: bytes) -> Tree | PositionedTexts:
        """The answer; SoapFault for a fault, XmlRefused for anything else that is no answer."""
        plain = _plain(data) if self._is_plain and len(data) <= self._limits.octets else None
        if plain is None:
            return self.read(parse(data, self._limits))
        markup, pieces = plain
        if (layout := self._plans.get(markup)) is not None:
            if self._misses:
                self._misses -= 1
            return PositionedTexts(layout, pieces)
        tree = self.read(parse(data, self._limits))
        aside = b"<!" in data or data.find(b"<?", 1) >= 0
        if aside or self._misses >= _MISSES or len(markup) > _LONGEST_MARKUP:
            return tree
        self._misses += 1
        if len(self._plans) >= _PLANS or self._room < len(markup):
            self._plans.clear()
            self._room = _ROOM
        self._room -= len(markup)
        self._plans[markup] = self._learn(markup)
        return tree

    def read(self, envelope: etree._Element) -> Tree:
        """The same from a parsed envelope."""
        space = etree.QName(envelope).namespace
        if etree.QName(envelope).localname != "Envelope" or space not in NAMESPACES.values():
            raise XmlRefused("not_an_envelope")
        bodies = envelope.findall(f"{{{space}}}Body")
        if len(bodies) != 1:
            raise XmlRefused("not_an_envelope")
        return self.read_body(bodies[0])

    def read_body(self, body: etree._Element) -> Tree:
        """The same from a body, such as one whose signature was verified."""
        entries = list(body.iterchildren(etree.Element))
        for entry in entries:
            if etree.QName(entry).localname == "Fault":
                raise _fault_of(entry, self._fault_place)
        if not self._answer.tag:
            return _walk(body, self._answer)
        found = [entry for entry in entries if entry.tag == self._answer.tag]
        if not found and len(entries) == 1:
            found = entries if self._is_rpc else entries[0].findall(self._answer.tag)
        if len(found) != 1:
            raise XmlRefused("answer_not_found")
        return _walk(found[0], self._answer)

    def _learn(self, markup: str) -> Layout:
        """Where the texts of the tree stand among the pieces: read from a document whose texts are their numbers."""
        tags = [f"<{tag}>" for tag in markup.split(">")]
        first = 1 if tags[0].startswith("<?") else 0
        numbered = [f"{tag}{2 * i}" if first < i < len(tags) else tag for i, tag in enumerate(tags, 1)]
        return Layout(_numbers(self.read(parse("".join(numbered).encode("utf-8"), self._unbounded))))


def _plain(data: bytes) -> tuple[str, list[str]] | None:
    """Markup and pieces, when the document is so plain that splitting it at its tags is all there is to do.

    Brackets must alternate; then the pieces between them are text, tag, text, …, text. The markup is the tags
    without their brackets, joined by one, so that no two documents have the same.
    """
    brackets = data.translate(None, _HARMLESS)
    if not brackets or len(brackets) > _LONGEST_MARKUP or brackets != b"<>" * (len(brackets) // 2):
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if text[0] != "<" or "\ufffe" in text or "\uffff" in text:
        return None
    parts = text.replace("<", ">").split(">")
    outside = parts[0] + (parts[2] if parts[1].startswith("?") else "") + parts[-1]
    if outside and outside.strip(" \t\n"):
        return None
    return ">".join(parts[1::2]), parts


def _numbers(node: object) -> object:
    """The tree with whole numbers for the texts that spell them."""
    if isinstance(node, dict):
        return {name: _numbers(inner) for name, inner in node.items()}
    if isinstance(node, list):
        return [_numbers(inner) for inner in node]
    return None if node is None else int(str(node))


def _walk(element: etree._Element, shape: Shape) -> Tree:
    out: Tree = {}
    content = shape.content
    by_tag = content.by_tag
    if content.is_rich:
        _take_aside(element, shape, out)
    for child in element:
        known = by_tag.get(child.tag)
        if known is None:
            continue
        value = _value(child, known)
        if known.many:
            items = out.setdefault(known.name, [])
            assert isinstance(items, list)
            items.append(value)
        elif known.name in out:
            raise XmlRefused("element_repeated")
        else:
            out[known.name] = value
    return out


def _take_aside(element: etree._Element, shape: Shape, out: Tree) -> None:
    """Attributes, and the text beside them."""
    for name, one in shape.content.attributes:
        said = element.get(_TYPE if one.name == TYPE else name)
        if said is not None and one.name == TYPE:
            said = said.strip().rpartition(":")[2]
        if said is not None:
            out[one.name] = said.split() if one.content.is_list else said or None
    if shape.content.has_text:
        if len(element):
            raise XmlRefused("element_in_text")
        inner = next(one for one in shape.children or () if one.tag == TEXT)
        text = element.text or None
        out[TEXT] = text.split() if text and inner.content.is_list else text


def _value(element: etree._Element, shape: Shape) -> object:
    if element.get(_NIL) in {"true", "1"}:
        return None
    if shape.children is not None:
        return _walk(element, shape) or None
    if len(element):
        raise XmlRefused("element_in_text")
    if shape.content.is_list:
        return (element.text or "").split() or None
    return element.text or None


def _fault_of(fault: etree._Element, place: tuple[str, ...]) -> SoapFault:
    code, node = _placed_code(fault, place)
    named = _named_codes(fault, place)
    if node is None and named and _FAULT_CODE.match(named[0][0]):
        code, node = named[0]
    others = [word for word, at in named if at is not node]
    if node is not None:
        node.text = None  # what is left, another code too, is said beside it
    return SoapFault(code, others, fault)


def _hold(tree: Tree, element: etree._Element, apart: etree._Element | None = None) -> None:
    """Add what an element holds; with the child `apart`, only what stands beside it."""
    for child in element.iterchildren(etree.Element):
        if child is apart:
            continue
        inner: Tree = {}
        _hold(inner, child)
        _add(tree, etree.QName(child).localname, inner.get(TEXT) if inner.keys() <= {TEXT} else inner)
    for word, said in element.attrib.items() if apart is None else ():
        if etree.QName(word).namespace not in _ASIDE:
            _add(tree, f"@{etree.QName(word).localname}", said)
    if text := "".join([element.text or "", *(one.tail or "" for one in element)]).strip():
        _add(tree, TEXT, text)


def _add(tree: Tree, name: str, value: object) -> None:
    """A value at a name; all of them in a list where the name comes again."""
    if name not in tree:
        tree[name] = value
    elif isinstance(held := tree[name], list):
        held.append(value)
    else:
        tree[name] = [held, value]


def _placed_code(fault: etree._Element, place: tuple[str, ...]) -> tuple[str, etree._Element | None]:
    """The text at the place that the settings name, whatever the namespaces, with its element; blank: none is there."""
    node: etree._Element | None = fault if place else None
    for name in place:
        inner = () if node is None else node.iterchildren(etree.Element)
        node = next((child for child in inner if etree.QName(child).localname == name), None)
    code = "" if node is None else (node.text or "").strip()
    return (code, node) if code and len(code) <= _LONGEST_CODE and code.isprintable() else ("", None)


def _named_codes(fault: etree._Element, place: tuple[str, ...]) -> list[tuple[str, etree._Element]]:
    """All codes without prefix, each with its element, the surest first: MaLoi, faultcode (1.1), Value (1.2).

    Last those of elements that are called as the one at the settings' place.
    """
    names = (*_CODE_NAMES, *place[-1:])
    found = [
        (names.index(name), code, node)
        for node in fault.iter(etree.Element)
        if (name := etree.QName(node).localname) in names
        and (code := (node.text or "").strip().rpartition(":")[2].strip())
    ]
    return [(code, node) for _, code, node in sorted(found, key=lambda one: one[0])]

"""SOAP 1.1 and 1.2 messages, document/literal, written and read by plans that are made once from a WSDL.

The shapes come from `adapters.transport.wsdl`.
`Envelope` turns a tree of plain data into bytes; `Decoder` turns the bytes of an answer into such a tree:
a dictionary of the children of the answer element, text leaves, a list where the schema allows repetition;
or, where the markup is known, into its texts and the layout that says where in the tree they stand.
Absent elements are absent, empty and nil ones are None;
a complex element without known children is None as well.
Elements are matched by namespace and name; unknown ones are passed over; order does not matter.
Neither errors nor faults carry text of the other side.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal, TypeAlias

from lxml import etree

from adapters.transport.wsdl import Shape
from adapters.transport.xml import XmlLimits, XmlRefused, parse
from gateway.mapping.paths import Layout, PositionedTexts

Version = Literal["1.1", "1.2"]
NAMESPACES: Mapping[str, str] = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
Tree: TypeAlias = dict[str, object]

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
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
    """The other side answered with a fault; `code`: at the settings' place, else MaLoi or the bare fault code."""

    def __init__(self, code: str) -> None:
        """`code` is empty if there was no such word."""
        super().__init__(code)
        self.code = code


class EnvelopeRefused(Exception):
    """The request tree does not fit the WSDL; `place` names the element."""

    def __init__(self, place: str, what: str) -> None:
        """`place` is an element name, `what` one word; no value is kept."""
        super().__init__(f"{place}: {what}")
        self.place = place


class Envelope:
    """Writes the requests of one operation: elements in the order of the WSDL, blank ones left out."""

    def __init__(self, request: Shape, version: Version = "1.1") -> None:
        """Prefixes are chosen here, once."""
        spaces = dict.fromkeys(tag[1:].partition("}")[0] for tag in _tags(request) if tag[0] == "{")
        prefixes = {space: f"n{i}" for i, space in enumerate(spaces)}
        declared = "".join(f' xmlns:{prefix}="{_escape(space)}"' for space, prefix in prefixes.items())
        soap = NAMESPACES[version]
        self._before = f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{soap}"{declared}>'
        self._root = _Part(request, prefixes)

    def write(self, tree: Mapping[str, object], header: str = "") -> bytes:
        """The message; `header` is XML for `soap:Header`. Raises EnvelopeRefused if the tree does not fit."""
        out = [self._before, "<soap:Header>", header, "</soap:Header><soap:Body>"]
        self._root.write(tree, out)
        out.append("</soap:Body></soap:Envelope>")
        return "".join(out).encode("utf-8")


class _Part:
    """One element of the template, its tags ready."""

    __slots__ = ("children", "close", "name", "names", "open", "shape")

    def __init__(self, shape: Shape, prefixes: Mapping[str, str]) -> None:
        qname = etree.QName(shape.tag)
        word = f"{prefixes[qname.namespace]}:{qname.localname}" if qname.namespace else qname.localname
        self.name, self.open, self.close, self.shape = qname.localname, f"<{word}>", f"</{word}>", shape
        self.children = None if shape.children is None else [_Part(c, prefixes) for c in shape.children]
        self.names = frozenset(part.name for part in self.children or ())

    def write(self, value: object, out: list[str]) -> None:
        if self.children is None:
            out.append(self.open + self.text(value) + self.close)
            return
        if type(value) is not dict or not value.keys() <= self.names:
            raise EnvelopeRefused(self.name, "unknown_element")
        out.append(self.open)
        for part in self.children:
            item = value.get(part.name)
            if type(item) is str and item and part.children is None:
                is_plain = item.isprintable() and not _MARKUP.search(item)
                out.append(part.open + (item if is_plain else part.text(item)) + part.close)
            elif item is not None or part.shape.required:
                part.write_all(item, out)
        out.append(self.close)

    def write_all(self, value: object, out: list[str]) -> None:
        items = value if isinstance(value, list) else [value]
        present = [item for item in items if not _blank(item)]
        if (self.shape.required and not present) or (len(present) > 1 and not self.shape.many):
            raise EnvelopeRefused(self.name, "wrong_number")
        for item in present:
            self.write(item, out)

    def text(self, value: object) -> str:
        if not isinstance(value, str) or not (value.isprintable() or not _ILLEGAL.search(value)):
            raise EnvelopeRefused(self.name, "not_text")
        return _escape(value)


def _blank(value: object) -> bool:
    if type(value) is dict:
        return all(map(_blank, value.values()))
    return value is None or value in ("", [])


def _tags(shape: Shape) -> Iterator[str]:
    yield shape.tag
    for child in shape.children or ():
        yield from _tags(child)


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
        self, answer: Shape, limits: XmlLimits | None = None, fault_code: tuple[str, ...] = ()
    ) -> None:
        """`answer` may be narrowed to what is wanted; `fault_code`: where a fault has its code, from the fault on."""
        self._answer = answer
        self._fault_place = fault_code
        self._limits = limits or XmlLimits()
        self._unbounded = replace(self._limits, octets=2 * self._limits.octets)
        self._plans: dict[str, Layout] = {}
        self._misses, self._room = 0, _ROOM

    def decode(self, data: bytes) -> Tree | PositionedTexts:
        """The answer; SoapFault for a fault, XmlRefused for anything else that is no answer."""
        plain = _plain(data) if len(data) <= self._limits.octets else None
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
                raise SoapFault(_placed_code(entry, self._fault_place) or _fault_code(entry))
        found = [entry for entry in entries if entry.tag == self._answer.tag]
        if not found and len(entries) == 1:
            found = entries[0].findall(self._answer.tag)
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
    for child in element:
        known = shape.by_tag.get(child.tag)
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


def _value(element: etree._Element, shape: Shape) -> object:
    if element.get(_NIL) in {"true", "1"}:
        return None
    if shape.children is not None:
        return _walk(element, shape) or None
    if len(element):
        raise XmlRefused("element_in_text")
    return element.text or None


def _placed_code(fault: etree._Element, place: tuple[str, ...]) -> str:
    """The text at the place that the settings name, whatever the namespaces; blank where none stands there."""
    if not place:
        return ""
    node: etree._Element | None = fault
    for name in place:
        inner = () if node is None else node.iterchildren(etree.Element)
        node = next((child for child in inner if etree.QName(child).localname == name), None)
    code = "" if node is None else (node.text or "").strip()
    return code if len(code) <= _LONGEST_CODE and code.isprintable() else ""


def _fault_code(fault: etree._Element) -> str:
    """MaLoi of the detail, else faultcode (1.1) or Code/Value (1.2) without prefix."""
    words = {"MaLoi": "", "faultcode": "", "Value": ""}
    for node in fault.iter(etree.Element):
        name = etree.QName(node).localname
        if name in words and not words[name]:
            words[name] = (node.text or "").strip().rpartition(":")[2]
    code = words["MaLoi"] or words["faultcode"] or words["Value"]
    return code if _FAULT_CODE.match(code) else ""

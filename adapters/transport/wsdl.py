"""What a WSDL 1.1 says of its operations, as plain shapes: the only place that knows zeep.

`load` lets a child read a document/literal WSDL from disk, at start and nowhere else.
Simple types are text here, whatever the schema calls them; attributes and wildcards are left out.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

from adapters.transport.child import ChildFailed, call
from gateway.domain.errors import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Shape:
    """What the WSDL says of one element."""

    tag: str
    many: bool = False
    required: bool = False
    #: None: the element holds text
    children: "tuple[Shape, ...] | None" = None
    #: the name without its namespace
    name: str = field(init=False)
    by_tag: "Mapping[str, Shape]" = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", etree.QName(self.tag).localname)
        object.__setattr__(self, "by_tag", {child.tag: child for child in self.children or ()})

    def narrowed(self, paths: Iterable[str]) -> "Shape":
        """Only what these dotted paths read; ValueError names a path that leads nowhere."""
        wanted: dict[str, list[str]] = {}
        for path in paths:
            head, _, rest = re.sub(r"\[[^\]]*\]", "", path).partition(".")
            wanted.setdefault(head, []).append(rest)
        if self.children is None or "" in wanted:
            if self.children is None and set(wanted) - {""}:
                raise ValueError(next(iter(wanted)))
            return self
        if unknown := set(wanted) - {child.name for child in self.children}:
            raise ValueError(min(unknown))
        kept = (child.narrowed(wanted[child.name]) for child in self.children if child.name in wanted)
        return replace(self, children=tuple(kept))


@dataclass(frozen=True, slots=True)
class WsdlOperation:
    """Request and answer element of one operation."""

    request: Shape
    answer: Shape
    #: SOAPAction of the binding; empty if it names none
    action: str = ""


#: how much is shown of what a library says
_SHOWN = 200
_LINE = re.compile(r"\bline ([0-9]+), column")


_REMEDY = "give a document/literal WSDL 1.1"


class _UnusableWsdl(Exception):
    """This WSDL cannot be used: what stood in the way, in the words of its reader, and the remedy."""


class _Known(NamedTuple):
    """What a WSDL said, and the SHA-256 of every file that it was read from, by its path from the WSDL's folder."""

    operations: Mapping[str, WsdlOperation]
    files: Mapping[str, bytes]

    def holds_for(self, wsdl: Path) -> bool:
        """Whether the same would be read there."""
        try:
            return all(_digest((wsdl.parent / path).read_bytes()) == is_ for path, is_ in self.files.items())
        except OSError:
            return False


#: by the digest of the WSDL: a reload asks for those alone that changed
_KNOWN: dict[bytes, _Known] = {}
_MOST = 64


def load(wsdl: Path) -> Mapping[str, WsdlOperation]:
    """Every document/literal operation of the WSDL by name. Raises ConfigError if the file cannot be used.

    A child reads it, so that this process never imports zeep (12 MB). It blocks: call it before serving.
    What was read once is known until one of its files changes.
    """
    _check_xml(wsdl)
    try:
        return _known(wsdl).operations
    except (_UnusableWsdl, ChildFailed, OSError) as error:
        said, remedy = error.args if isinstance(error, _UnusableWsdl) else (type(error).__name__, _REMEDY)
        raise ConfigError([Problem(wsdl.name, 0, f"this WSDL cannot be used ({said})", remedy)]) from error


def _known(wsdl: Path) -> _Known:
    digest = _digest(wsdl.read_bytes())
    known = _KNOWN.get(digest)
    if known is None or not known.holds_for(wsdl):
        known = _KNOWN[digest] = call(_read, wsdl)
        if len(_KNOWN) > _MOST:
            del _KNOWN[next(iter(_KNOWN))]
    return known


def _digest(content: bytes) -> bytes:
    return sha256(content).digest()


def _check_xml(wsdl: Path) -> None:
    """ConfigError names the schema beside the WSDL that is no XML, and its line: else the WSDL would be blamed."""
    for path in sorted(wsdl.parent.glob("*.xsd")):
        try:
            etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
        except etree.XMLSyntaxError as error:
            what = f"is not XML: {error.msg}"
            raise ConfigError([Problem(path.name, error.lineno or 0, what, "mend the schema")]) from None


def _said(error: Exception) -> str:
    """The kind of an error and its own words, on one line."""
    words = " ".join(str(error).split())[:_SHOWN]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _read(wsdl: Path) -> _Known:
    """What the child does."""
    from zeep import Settings, Transport  # noqa: PLC0415 -- only the child pays for it
    from zeep.wsdl import Document  # noqa: PLC0415

    files: dict[str, bytes] = {}

    class Noting(Transport):
        """Notes what it loads."""

        def load(self, url: str) -> bytes:
            content: bytes = super().load(url)  # type: ignore[no-untyped-call]
            files[os.path.relpath(url, wsdl.parent)] = _digest(content)
            return content

    settings = Settings(strict=True, forbid_dtd=True, forbid_external=True)
    transport = Noting()  # type: ignore[no-untyped-call]
    try:
        document = Document(str(wsdl), transport, settings=settings)  # type: ignore[arg-type]
        for binding in document.bindings.values():
            for name, operation in binding._operations.items():  # noqa: SLF001 -- zeep has no public way
                if operation.style != "document":
                    raise ValueError(f"operation {name} has style {operation.style}")  # noqa: TRY301 -- as below
        found = {
            name: WsdlOperation(
                _shape(operation.input.body), _shape(operation.output.body), operation.soapaction or ""
            )
            for binding in document.bindings.values()
            for name, operation in binding._operations.items()  # noqa: SLF001 -- zeep has no public way
        }
        if not found:
            raise ValueError("no operations")  # noqa: TRY301 -- told in the same words as the others
    except Exception as error:  # zeep stumbles over some files with errors of Python's own
        raise _UnusableWsdl(_said(error), _remedy(error)) from error
    return _Known(found, files)


def _remedy(error: Exception) -> str:
    """What to do, by the kind of the error; its line where the reader knows it."""
    line_match = _LINE.search(str(error))
    line = line_match.group(1) if line_match else getattr(error, "sourceline", None)
    match type(error).__name__:
        case "XMLSyntaxError" | "XMLParseError":
            return f"mend line {line}" if line else "mend the file"
        case "DTDForbidden" | "EntitiesForbidden":
            return "take the DOCTYPE out of it"
        case "LookupError" | "NamespaceError" | "IndexError" | "KeyError":
            return "declare what is missing in the WSDL, or in a schema beside it"
        case "RecursionError":
            return "take the type that contains itself out of the schema"
        case "FileNotFoundError" | "ExternalReferenceForbidden":
            return "lay every file that it names beside it, and name it by its path"
        case _:
            return _REMEDY


def _shape(element: Any, *, required: bool = True) -> Shape:  # noqa: ANN401 -- zeep's objects are untyped
    nested = getattr(element.type, "elements_nested", None)
    children = tuple(_members(nested, required=True)) if nested is not None else None
    if len({child.name for child in children or ()}) != len(children or ()):
        raise ValueError("one name in two namespaces")
    many = element.max_occurs == "unbounded" or element.max_occurs > 1
    return Shape(
        element.qname.text, many=many, required=required and element.min_occurs > 0, children=children
    )


def _members(nested: Iterable[tuple[str, Any]], *, required: bool) -> Iterator[Shape]:
    """The elements below sequences, choices, groups and `all`, in the order of the schema; `any` left out."""
    from zeep.xsd import Any as Wildcard  # noqa: PLC0415 -- see _read
    from zeep.xsd import Choice, Element  # noqa: PLC0415

    for _, item in nested:
        if isinstance(item, Element):
            yield _shape(item, required=required)
        elif not isinstance(item, Wildcard):
            inner = getattr(item, "child", None)
            below = [("", inner)] if inner is not None else [("", one) for one in item]
            must = required and not isinstance(item, Choice) and item.min_occurs > 0
            yield from _members(below, required=must)

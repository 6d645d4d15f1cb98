"""What zeep makes of a WSDL: sample messages, and what it reads in them, in the words of our own trees."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import canonicalize

import isodate
from lxml import etree
from zeep import Settings, Transport, xsd
from zeep.helpers import serialize_object
from zeep.wsdl import Document
from zeep.xsd.types import builtins
from zeep.xsd.types.unresolved import UnresolvedType

_DEEPEST = 6
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_DAY = datetime(2026, 3, 4, 5, 6, 7)  # noqa: DTZ001 -- as many services write it


def opened(wsdl: Path) -> Any:
    """zeep's own reading of a WSDL; nothing is fetched."""
    settings = Settings(strict=True, forbid_dtd=True, forbid_external=True)
    return Document(str(wsdl), Transport(), settings=settings)  # type: ignore[arg-type]


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Port, name and zeep's operation, of all ports for SOAP."""
    for service in document.services.values():
        for port in service.ports.values():
            if hasattr(port.binding, "nsmap") and "soap" in port.binding.nsmap:
                for name, operation in port.binding._operations.items():
                    yield port.name, name, operation


class Sampler:
    """Values for a message: of a choice the branch `turn`, of what may be repeated two, as deep as it makes sense."""

    def __init__(self, turn: int) -> None:
        self._turn = turn
        self._count = 0

    def of_type(self, kind: Any, deep: int = 0) -> Any:
        """A value for one element of a type."""
        if isinstance(kind, UnresolvedType):
            kind = kind.resolve()
        if isinstance(kind, xsd.ComplexType):
            return self.members(kind, deep)
        if (item := getattr(kind, "item_type", None)) is not None:
            return [self.of_type(item, deep), self.of_type(item, deep)]
        if (items := getattr(kind, "item_types", None)) is not None:
            return self.of_type(items[0], deep)
        return self._simple(kind)

    def members(self, kind: Any, deep: int = 0) -> dict[str, Any]:
        """Values for the children and attributes of a complex type."""
        values: dict[str, Any] = {}
        for name, item in kind.elements_nested:
            self._put(values, name, item, deep)
        for name, attribute in kind.attributes:
            if isinstance(attribute, xsd.Attribute):
                values[name] = self.of_type(attribute.type, deep)
        return values

    def _put(self, values: dict[str, Any], name: str, item: Any, deep: int) -> None:
        if isinstance(item, xsd.Element):
            value = self._element(item, deep)
            if value not in (None, {}, [{}, {}]) or (item.min_occurs and value is not None):
                values[name] = value
        elif isinstance(item, xsd.Any | xsd.AnyObject):
            return
        elif item.accepts_multiple:
            values[name] = [self._inside(item, deep) for _ in range(2)] if deep < _DEEPEST else []
        else:
            values.update(self._inside(item, deep))

    def _inside(self, item: Any, deep: int) -> dict[str, Any]:
        """Values for a group: all, or those of one branch."""
        if isinstance(item, xsd.Group):
            return self._inside(item.child, deep)
        named = list(item.elements_nested)
        if isinstance(item, xsd.Choice):
            return self._branch(named, deep)
        values: dict[str, Any] = {}
        for name, element in named:
            self._put(values, name, element, deep)
        return values

    def _branch(self, named: list[tuple[str, Any]], deep: int) -> dict[str, Any]:
        """Values for one branch of a choice: the first from `turn` on that can have some."""
        for place in range(len(named)):
            values: dict[str, Any] = {}
            self._put(values, *named[(self._turn + place) % len(named)], deep)
            if values:
                return values
        return {}

    def _element(self, item: Any, deep: int) -> Any:
        if deep >= _DEEPEST and item.min_occurs == 0:
            return None
        if item.max_occurs == 0:
            return None
        kind = item.type.resolve() if isinstance(item.type, UnresolvedType) else item.type
        if type(kind) is xsd.AnyType:
            return None
        one = self.of_type(kind, deep + 1)
        if item.accepts_multiple:
            return [one, self.of_type(kind, deep + 1)]
        return one

    def _simple(self, kind: Any) -> Any:
        self._count += 1
        for kinds, value in _SAMPLES:
            if isinstance(kind, kinds):
                return value
        accepted = tuple(getattr(kind, "accepted_types", ()) or ())
        if int in accepted:
            return self._count
        if Decimal in accepted:
            return Decimal(f"{self._count}.25")
        return f"v<{self._count}> & ệ"


#: by zeep's kind of a simple type
_SAMPLES: tuple[tuple[Any, Any], ...] = (
    (builtins.Boolean, True),  # zeep takes False for nothing in a choice
    (builtins.Base64Binary, b"raw \xff"),
    (builtins.HexBinary, "c0ffee"),
    (builtins.Duration, timedelta(days=2, hours=7)),
    (builtins.DateTime, _DAY),
    (builtins.Date, _DAY.date()),
    (builtins.Time, _DAY.time()),
    (builtins.gYear, (2026, None)),
    (builtins.gYearMonth, (2026, 3, None)),
    (builtins.gMonthDay | builtins.gDay | builtins.gMonth, None),
    (builtins.QName, etree.QName("urn:q", "name")),
    (builtins.Double | builtins.Float, 1.5),
)


class Swallowed(Exception):
    """zeep took a declared element for one of a wildcard."""


def paths(tree: Any, before: str = "") -> Iterator[str]:
    """Of all that a tree holds, as a mapping would name it."""
    for name, value in tree.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping):
                yield from paths(item, f"{before}{name}.")
            elif item is not None:
                yield f"{before}{name}"


_WRITTEN: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (bytes, lambda value: base64.b64encode(value).decode()),
    (timedelta | isodate.Duration, isodate.duration_isoformat),
    (datetime, builtins.DateTime().xmlvalue),
    (time, builtins.Time().xmlvalue),
    (tuple, lambda value: "-".join(f"{part:02}" for part in value if part is not None)),
    (date, date.isoformat),
)


def written(value: Any) -> str:
    """A value that zeep read, as it is in the XML."""
    return str(next((write(value) for kind, write in _WRITTEN if isinstance(value, kind)), value))


def said(parsed: Any) -> Any:
    """What zeep read, as `told` gives what we read."""
    return _flat(serialize_object(parsed, dict))


def _flat(value: Any) -> Any:
    if isinstance(value, etree._Element):
        raise Swallowed
    if not isinstance(value, Mapping):
        return None if value is None else written(value)
    found: dict[str, list[Any]] = {}
    for name, inner in value.items():
        if name.startswith(("_attr_", "_raw_")):
            continue
        key = "#text" if name.startswith("_value_") else re.sub(r"__\d+$", "", name).replace(".", "_")
        for item in inner if isinstance(inner, list) else [inner]:
            flat = _flat(item)
            if key == "#text" and isinstance(flat, dict):  # one turn of a repeated group
                _add(found, flat)
            elif flat not in (None, {}, ""):
                found.setdefault(key, []).append(flat)
    return _alone(found)


def _alone(found: dict[str, list[Any]]) -> Any:
    """A text that has nothing beside it is that text."""
    return found["#text"][0] if set(found) == {"#text"} and len(found["#text"]) == 1 else found


def _add(found: dict[str, list[Any]], more: dict[str, list[Any]]) -> None:
    for name, items in more.items():
        found.setdefault(name, []).extend(items)


def told(tree: Any) -> Any:
    """What we read, in one form: names without marks, lists of what is not blank."""
    if isinstance(tree, Mapping):
        found: dict[str, list[Any]] = {}
        for name, inner in tree.items():
            key = name if name == "#text" else re.sub(r"\{[^}]*\}", "", name).lstrip("@")
            for item in inner if isinstance(inner, list) else [inner]:
                flat = told(item)
                if flat not in (None, {}, ""):
                    found.setdefault(key, []).append(flat)
        return _alone(found)
    return tree


def canonical(element: etree._Element) -> str:
    """An element in one form, whatever its prefixes."""
    text = etree.tostring(element, encoding="unicode", with_tail=False)
    return canonicalize(text, rewrite_prefixes=True, qname_aware_attrs=[_XSI_TYPE])

"""Structured fields (RFC 9651) as message signatures use them: dictionaries of items and inner lists, read strictly.

What is read can be written again: a signature is over that one spelling.
"""

import base64
import binascii
import re
from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.messages.faults import SignatureBroken

_LARGEST = 8_192
_KEY = re.compile(r"[a-z*][a-z0-9_\-.*]*")
_STRING = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_INTEGER = re.compile(r"-?[0-9]{1,15}(?![0-9.])")
_BYTES = re.compile(r":([A-Za-z0-9+/=]*):")
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*")
_SPACES = re.compile(r" *")
_COMMA = re.compile(r"[ \t]*,[ \t]*")


class SfToken(str):
    """A word without quotes."""

    __slots__ = ()


Bare = int | str | bytes | bool | SfToken
Params = tuple[tuple[str, Bare], ...]


class Item(NamedTuple):
    """A value and its parameters."""

    value: Bare
    params: Params = ()


class InnerList(NamedTuple):
    """Items in parentheses, and the parameters of the whole."""

    items: tuple[Item, ...]
    params: Params = ()

    def param(self, name: str) -> Bare | None:
        """The value of a parameter."""
        return dict(self.params).get(name)


def dictionary(text: str) -> dict[str, Item | InnerList]:
    """The members of a dictionary in their order; SignatureBroken for what is none, or has a name twice."""
    if len(text) > _LARGEST or not text.isascii():
        raise SignatureBroken(say.STRUCTURED_LONG)
    reader, found = _FieldParser(text.strip(" ")), {}
    while not reader.ended:
        name = reader.match(_KEY)
        if name in found:
            raise SignatureBroken(say.STRUCTURED_LABEL_TWICE)
        found[name] = reader.member() if reader.sign("=") else Item(True, reader.params())
        if not reader.ended:
            reader.match(_COMMA)
            if reader.ended:
                raise SignatureBroken(say.STRUCTURED_COMMA)
    return found


def written(value: Item | InnerList) -> str:
    """The one spelling."""
    if isinstance(value, InnerList):
        return f"({' '.join(written(item) for item in value.items)}){_params(value.params)}"
    return f"{_bare(value.value)}{_params(value.params)}"


def _params(params: Params) -> str:
    return "".join(f";{name}" if value is True else f";{name}={_bare(value)}" for name, value in params)


def _bare(value: Bare) -> str:
    match value:
        case bool():
            return "?1" if value else "?0"
        case int():
            return str(value)
        case bytes():
            return f":{base64.b64encode(value).decode()}:"
        case SfToken():
            return str(value)
        case _:
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'


class _FieldParser:
    __slots__ = ("_at", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def ended(self) -> bool:
        return self._at >= len(self._text)

    def sign(self, sign: str) -> bool:
        there = self._text.startswith(sign, self._at)
        self._at += len(sign) * there
        return there

    def match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise SignatureBroken(say.STRUCTURED_UNREADABLE)
        self._at = found.end()
        return found[pattern.groups]

    def member(self) -> Item | InnerList:
        if not self.sign("("):
            return self.item()
        items: list[Item] = []
        while True:
            self.match(_SPACES)
            if self.sign(")"):
                return InnerList(tuple(items), self.params())
            items.append(self.item())
            if self._text[self._at : self._at + 1] not in {" ", ")"}:
                raise SignatureBroken(say.STRUCTURED_SPACES)

    def item(self) -> Item:
        return Item(self._bare(), self.params())

    def params(self) -> Params:
        found: dict[str, Bare] = {}
        while self.sign(";"):
            self.match(_SPACES)
            name = self.match(_KEY)
            if name in found:
                raise SignatureBroken(say.PARAMETER_TWICE)
            found[name] = self._bare() if self.sign("=") else True
        return tuple(found.items())

    def _bare(self) -> Bare:
        first = self._text[self._at : self._at + 1]
        if first == '"':
            return re.sub(r"\\(.)", r"\1", self.match(_STRING))
        if first == ":":
            try:
                return base64.b64decode(self.match(_BYTES), validate=True)
            except binascii.Error:
                raise SignatureBroken(say.STRUCTURED_BYTES) from None
        if self.sign("?1"):
            return True
        if self.sign("?0"):
            return False
        if first.isdigit() or first == "-":
            return int(self.match(_INTEGER))
        return SfToken(self.match(_TOKEN))

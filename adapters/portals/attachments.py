"""Files inside a message, in base64: stored, and replaced by their references.

A mapping keeps the content of a file in `more` of its paper. A long one was decoded while it arrived and is read from
its draft, a short one is decoded here: no large file is ever whole in memory.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest
from gateway.mapping.canonical_path import MORE
from gateway.mapping.messages import MessageFault
from gateway.ports.relay import LongText

#: stores a file of this name; its reference
KeepFile = Callable[[AsyncIterator[bytes], str], Awaitable[str]]

_LONGEST_NAME = 200


class MessageWithReferences(NamedTuple):
    """A canonical message without files, and the reference that stands for each text in base64."""

    message: dict[str, Any]
    references: Mapping[str, str]

    def instead(self, wire: object) -> Any:  # noqa: ANN401 -- plain JSON
        """A wire object with references in the places of files."""
        if isinstance(wire, Mapping):
            return {name: self.instead(one) for name, one in wire.items()}
        if isinstance(wire, list):
            return [self.instead(one) for one in wire]
        return self.references.get(wire, wire) if isinstance(wire, str) else wire


@dataclass(frozen=True, slots=True)
class Attachments:
    """Files of a protocol: the members of `more` that have their content."""

    members: tuple[str, ...]

    def any_in(self, message: Mapping[str, Any]) -> bool:
        """Whether a paper has a file."""
        return any(True for _ in self._found(message))

    async def kept(
        self, message: dict[str, Any], long: Mapping[str, LongText], keep: KeepFile
    ) -> MessageWithReferences:
        """Store the files of the papers. Raises MessageFault (no base64, a refused file, a text that is too long)."""
        papers = [dict(one) for one in message.get("papers", ())]
        references: dict[str, str] = {}
        for at, name, content in self._found(message):
            paper, place = papers[at], f"papers[{at}].{name}"
            try:
                reference = await keep(_content(content, long, place), _name(paper, long))
            except BadRequest as error:
                raise MessageFault(place, "", error.sentence or say.WIRE_VALUE_UNREADABLE) from None
            references[content] = reference
            more = {key: one for key, one in paper[MORE].items() if key != name}
            papers[at] = {**paper, "file": reference, MORE: more}
        whole = {**message, **({"papers": papers} if papers else {})}
        refuse_long(whole, long)
        return MessageWithReferences(whole, references)

    def _found(self, message: Mapping[str, Any]) -> Iterator[tuple[int, str, str]]:
        """Place of the paper, member and text of each file."""
        for at, paper in enumerate(message.get("papers", ())):
            for name in self.members:
                content = paper.get(MORE, {}).get(name)
                if isinstance(content, str) and content.strip():
                    yield at, name, content


def _name(paper: Mapping[str, Any], long: Mapping[str, LongText]) -> str:
    name = str(paper.get("file_name", "")).strip()
    return "" if name in long else name[:_LONGEST_NAME]


def refuse_long(message: object, long: Mapping[str, LongText]) -> None:
    """Raises MessageFault if a text of the message is long and no file."""
    if long:
        _walk(message, long, "")


def _walk(node: object, long: Mapping[str, LongText], place: str) -> None:
    if isinstance(node, Mapping):
        for name, one in node.items():
            _walk(one, long, f"{place}.{name}" if place else str(name))
    elif isinstance(node, list):
        for at, one in enumerate(node):
            _walk(one, long, f"{place}[{at}]")
    elif isinstance(node, str) and node in long:
        raise MessageFault(place, "", say.WIRE_TEXT_TOO_LONG)


def _content(value: str, long: Mapping[str, LongText], place: str) -> AsyncIterator[bytes]:
    """The decoded file. Raises MessageFault."""
    text = long.get(value)
    if text is None:
        return at_once(decoded(value, place))
    if not text.is_base64:
        raise MessageFault(place, "", say.NOT_BASE64)
    return text.pieces()


def decoded(value: str, place: str) -> bytes:
    """A short text in base64, with or without padding and line breaks. Raises MessageFault."""
    text = "".join(value.split())
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise MessageFault(place, "", say.NOT_BASE64) from None


async def at_once(content: bytes) -> AsyncIterator[bytes]:
    """A small file as pieces."""
    yield content

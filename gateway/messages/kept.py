"""HTTP/1.1 messages from files (RFC 9112): start line, headers, a blank line, the body."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.messages.faults import SignatureBroken
from gateway.messages.message import Message

_REQUEST = re.compile(r"([A-Z]+) (/\S*) HTTP/1\.[01]")
_ANSWER = re.compile(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?")
#: RFC 9112, 2.2: CRLF or LF; no other character ends a line
_LINE_END = re.compile(r"\r?\n")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_MOST_LINES = 200


class KeptMessage(NamedTuple):
    """A message and its body."""

    message: Message
    body: bytes


def read_kept(raw: bytes, origin: str = "") -> KeptMessage:
    """A parsed request or answer. Raises SignatureBroken.

    `origin`: scheme and host of the request's URL; default: https and its Host header.
    """
    end = _BLANK_LINE.search(raw)
    head, body = (raw, b"") if end is None else (raw[: end.start()], raw[end.end() :])
    start, *lines = _LINE_END.split(head.decode("latin-1"))
    if lines and not lines[-1]:
        lines.pop()  # the end of a message without a body
    if len(lines) > _MOST_LINES:
        raise SignatureBroken(say.MESSAGE_TOO_MANY_FIELDS(most=_MOST_LINES))
    fields: dict[str, list[str]] = {}
    for name, value in _fields(lines):
        fields.setdefault(name, []).append(value)
    if (answer := _ANSWER.fullmatch(start)) is not None:
        return KeptMessage(Message(fields, status=int(answer[1])), body)
    request = _REQUEST.fullmatch(start)
    if request is None:
        raise SignatureBroken(say.MESSAGE_START)
    host = fields.get("host", [""])[0]
    return KeptMessage(
        Message(fields, request[1], (origin or f"https://{host}").rstrip("/"), request[2]), body
    )


def _fields(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise SignatureBroken(say.MESSAGE_LINE)
        yield name.lower(), value.strip(" \t")

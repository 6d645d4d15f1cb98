"""What a source said and heard in one query, for the person who connects it. Filled only where a query carries one.

It has personal data, and what proved to the provider who asks (`secrets`, which is never shown). It reaches no log
and no store.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

#: kept of one message, in bytes
MOST_BYTES = 16_384
#: instead of a method of HTTP, where a source sends no message
LOOK_UP = "LOOK UP"


class TracedMessage(NamedTuple):
    """One request and its answer, as far as they went."""

    method: str
    #: without the members that prove who asks
    url: str
    #: without those that prove who asks
    headers: Mapping[str, str]
    #: names of headers and of members of the address that prove who asks
    proofs: tuple[str, ...]
    #: as it was before a proof was written into it; cut
    body: bytes
    #: its whole size
    size: int
    #: of HTTP; 0: no answer came
    status: int = 0
    content_type: str = ""
    #: cut
    answer: bytes = b""
    answer_size: int = 0


class SourceTrace:
    """The messages of one query, and what its mapping read."""

    __slots__ = ("bare_body", "messages", "more_at", "secrets", "tree")

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self.messages: list[TracedMessage] = []
        #: the request's body without the proof that the sent one contains; None: it contains none
        self.bare_body: bytes | None = None
        #: values of what the requests carried to prove who asks: an answer may repeat them
        self.secrets: set[str] = set()
        #: plain data or positioned texts; None: nothing was read
        self.tree: object = None
        #: whole place of the first value that denies an absence; it may have names that are data
        self.more_at = ""

    def look_up(self, place: str, asked: Mapping[str, object]) -> None:
        """Add what a source without messages looks up in `place`, such as a file; its answer is `tree`."""
        body = json.dumps(asked, ensure_ascii=False).encode()
        self.messages.append(TracedMessage(LOOK_UP, place, {}, (), body[:MOST_BYTES], len(body)))

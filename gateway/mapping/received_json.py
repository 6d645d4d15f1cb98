"""A JSON message while it arrives: its text, and its files in base64 apart from it, each in a draft.

Nothing here knows where the pieces come from or where a draft lies; a file never stands whole in memory.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Protocol

from gateway.domain.long_strings import Base64Decoder, LongStrings, NotBase64
from gateway.ports.relay import LongText

#: a longer string in base64 is a file
_LONGEST = 16_384
#: a message without its files
MOST_TEXT = 4_194_304
_MOST_FILES = 200
_BODY_MARK = b"\xef\xbb\xbf"


class TextDraft(Protocol):
    """Bytes that are written, and read again."""

    async def write(self, piece: bytes | bytearray) -> None:
        """Add to the content."""
        ...

    def pieces(self) -> AsyncIterator[bytes]:
        """The content so far."""
        ...


OpenDraft = Callable[[], AbstractAsyncContextManager[TextDraft]]


class ReceivedJson:
    """One message; its drafts disappear with `drafts`."""

    def __init__(self, open_draft: OpenDraft, drafts: AsyncExitStack) -> None:
        """Nothing has arrived."""
        self._open_draft = open_draft
        self._drafts = drafts
        # unguessable: a text of the sender must not stand for a file
        nonce = secrets.token_hex(16)
        self._strings = LongStrings(nonce, longest=_LONGEST, largest=MOST_TEXT, most=_MOST_FILES)
        self._long: dict[str, _SpooledText] = {}

    @property
    def text(self) -> bytes:
        """The message with marks in the places of its files."""
        return bytes(self._strings.rest).removeprefix(_BODY_MARK)

    @property
    def long(self) -> Mapping[str, LongText]:
        """The files, by their marks."""
        return self._long

    async def add(self, piece: bytes) -> None:
        """The next piece. Raises TooMuchText, and what a draft raises."""
        for part in self._strings.feed(piece):
            text = self._long.get(part.mark)
            if text is None:
                draft = await self._drafts.enter_async_context(self._open_draft())
                text = self._long[part.mark] = _SpooledText(draft)
            await text.add(part.content, ends=part.ends)


class _SpooledText:
    """A `LongText` in a draft."""

    def __init__(self, draft: TextDraft) -> None:
        self._draft = draft
        self._decoder = Base64Decoder()
        self.is_base64 = True
        self.size = 0

    async def add(self, piece: bytes, *, ends: bool) -> None:
        """The next piece of the string. After a sign that is not of base64 the rest is passed over."""
        if not self.is_base64:
            return
        try:
            content = self._decoder.feed(piece) + (self._decoder.end() if ends else b"")
        except NotBase64:
            self.is_base64 = False
            return
        self.size += len(content)
        await self._draft.write(content)

    def pieces(self) -> AsyncIterator[bytes]:
        """The decoded content."""
        return self._draft.pieces()

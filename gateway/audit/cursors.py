"""Cursors: the end of a page, signed and opaque, valid only for the same search by the same requester."""

import base64
import binascii
import hmac

from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest
from gateway.domain.problems import ProblemCode

LABEL = b"motlan audit cursors v1"

_PLACE_BYTES = 8
_MAC_BYTES = 16


class Cursors:
    """Makes and opens cursors with one key."""

    def __init__(self, key: bytes) -> None:
        """`key`: derived from the log's root key (`LABEL`), so all processes of one log share it."""
        self._key = key

    def after(self, index: int, search: bytes) -> str:
        """The cursor after the entry `index` of a search."""
        place = index.to_bytes(_PLACE_BYTES)
        return base64.urlsafe_b64encode(place + self._mac(place, search)).decode()

    def opened(self, cursor: str, search: bytes) -> int:
        """The index in a cursor. Raises BadRequest if the cursor is not for this search."""
        try:
            raw = base64.b64decode(cursor, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        place, mac = raw[:_PLACE_BYTES], raw[_PLACE_BYTES:]
        if not hmac.compare_digest(mac, self._mac(place, search)):
            raise BadRequest(say.CURSOR, code=ProblemCode.CURSOR_WRONG)
        return int.from_bytes(place)

    def _mac(self, place: bytes, search: bytes) -> bytes:
        return hmac.digest(self._key, place + search, "sha256")[:_MAC_BYTES]

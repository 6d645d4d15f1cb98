"""Words of this gateway in URLs that come back to it: only it makes and reads them (AES-256-GCM)."""

import base64
import binascii
from collections.abc import Mapping

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.exchange_log.aead import seal, unseal

_LONGEST = 4_000


class UrlSeal:
    """Seals words for one use; a text that was sealed for another use does not open."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes, the same in all processes."""
        self._key = AESGCM(key)

    def sealed(self, words: Mapping[str, str], use: str) -> str:
        """As text of base64url; blank words are left out."""
        plain = orjson.dumps({name: value for name, value in words.items() if value})
        return encoded(seal(self._key, plain, use.encode()))

    def opened(self, text: str, use: str) -> dict[str, str] | None:
        """The words; None: this gateway did not seal them for this use."""
        if not 0 < len(text) <= _LONGEST:
            return None
        try:
            raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except (ValueError, binascii.Error):
            return None
        plain = unseal(self._key, raw, use.encode())
        found: dict[str, str] | None = None if plain is None else orjson.loads(plain)
        return found


def encoded(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

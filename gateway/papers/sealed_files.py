"""Files sealed piece by piece under a key of their own (AES-256-GCM): erasing the key erases the file.

The key seals one content only, so that the number of a piece is its nonce. The last piece says that it is the last:
a file that was cut, or whose pieces were swapped, does not open.
"""

from collections.abc import AsyncIterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain.errors import FilesUnavailable

_PIECE, _TAG, _NONCE = 262_144, 16, 12


async def sealed(key: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The sealed content."""
    cipher, number = AESGCM(key), 0
    async for piece, is_last in _cut(pieces, _PIECE):
        yield cipher.encrypt(number.to_bytes(_NONCE), piece, _context(is_last=is_last))
        number += 1


async def opened(key: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The content. Raises FilesUnavailable when it is not what was sealed under this key."""
    cipher, number = AESGCM(key), 0
    try:
        async for piece, is_last in _cut(pieces, _PIECE + _TAG):
            yield cipher.decrypt(number.to_bytes(_NONCE), piece, _context(is_last=is_last))
            number += 1
    except InvalidTag:
        raise FilesUnavailable from None


def size_of(sealed_bytes: int) -> int:
    """Bytes of the content of so many sealed bytes."""
    return sealed_bytes - _TAG * max(1, -(-sealed_bytes // (_PIECE + _TAG)))


def _context(*, is_last: bool) -> bytes:
    return b"last" if is_last else b"more"


async def _cut(pieces: AsyncIterator[bytes], size: int) -> AsyncIterator[tuple[bytes, bool]]:
    """Pieces of exactly this size, and the rest as the last one, which may be empty."""
    held = bytearray()
    async for piece in pieces:
        held += piece
        while len(held) > size:
            yield bytes(held[:size]), False
            del held[:size]
    yield bytes(held), True

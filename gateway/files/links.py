"""Links to stored files: opaque tokens that carry all that a download needs, sealed and authenticated (AES-256-GCM).

No table: a link ends with its time, or with its file. Its length says nothing about the name in it.
"""

import base64
import binascii
import os
import struct
from dataclasses import dataclass

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain.files import FileKind
from gateway.exchange_log.aead import seal, unseal

LABEL = b"motlan file links v1"
_CONTEXT = b"file link 1"
_HEAD = struct.Struct(">QQ32s16s")
#: recorded in one minute
_MOST_FORGED = 60
#: texts are filled up to a multiple of this
_FILL = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLink:
    """The right to download one file until a time."""

    #: POSIX seconds
    expires: int
    digest: str
    #: bytes
    size: int
    kind: FileKind
    #: as the download is named; it may be personal data
    name: str
    #: for whom the link was made, for the record of a download
    requester: str
    agency: str = ""
    dossier: str = ""


class FileLinks:
    """Seals and opens links."""

    def __init__(self, secret: bytes) -> None:
        """`secret`: 32 bytes, the same in all processes that share the files."""
        self._key = AESGCM(secret)

    def sealed(self, link: FileLink) -> str:
        """The token of a link, for a URL."""
        head = _HEAD.pack(link.expires, link.size, bytes.fromhex(link.digest), link.kind.encode())
        texts = orjson.dumps([link.name, link.requester, link.agency, link.dossier])
        texts += b" " * (_FILL - len(texts) % _FILL)
        return _encoded(seal(self._key, head + texts, _CONTEXT))

    def opened(self, token: str) -> FileLink | None:
        """The link of a token; None if it was not made here, or was changed. Equal in time for each."""
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            sealed = b""
        if _encoded(sealed) != token:  # one link has one spelling
            sealed = b""
        plain = unseal(
            self._key, sealed if len(sealed) > _HEAD.size else os.urandom(_HEAD.size + _FILL), _CONTEXT
        )
        if plain is None:
            return None
        expires, size, digest, kind = _HEAD.unpack_from(plain)
        name, requester, agency, dossier = orjson.loads(plain[_HEAD.size :])
        return FileLink(
            expires=expires, digest=digest.hex(), size=size, kind=_kind(kind), name=name, requester=requester,
            agency=agency, dossier=dossier,
        )  # fmt: skip


class ForgedLinks:
    """Which forged links are recorded: anybody may send them, so a flood of them must not fill the log."""

    def __init__(self) -> None:
        """None came yet."""
        self._minute = 0
        self._count = 0
        self._left_out = 0

    def counts(self, now: float) -> bool:
        """Count one; whether it is recorded."""
        minute = int(now // 60)
        if minute != self._minute:
            self._minute, self._count = minute, 0
        self._count += 1
        is_recorded = self._count <= _MOST_FORGED
        self._left_out += not is_recorded
        return is_recorded

    def left_out(self) -> int:
        """How many were left out of the records since the last one; counting begins anew."""
        count, self._left_out = self._left_out, 0
        return count


def _encoded(sealed: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _kind(packed: bytes) -> FileKind:
    name = packed.rstrip(b"\0").decode()
    return next(one for one in FileKind if one == name)

"""Content-Digest (RFC 9530): the digest of a message's body."""

import hashlib
import hmac
from collections.abc import Sequence

from gateway.domain import sentences as say
from gateway.messages.faults import SignatureBroken
from gateway.messages.structured import InnerList, Item, dictionary, written

_ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}


def content_digest(body: bytes) -> str:
    """The header's value."""
    return f"sha-256={written(Item(hashlib.sha256(body).digest(), {}))}"


def sha256_in(values: Sequence[str]) -> bytes:
    """The SHA-256 of a body that is not here yet. Raises SignatureBroken if it is missing, or beside another digest."""
    found = {name: item for name, item in dictionary(", ".join(values)).items() if name in _ALGORITHMS}
    item = found.get("sha-256")
    if len(found) > 1 or not isinstance(item, Item) or not isinstance(item.value, bytes):
        raise SignatureBroken(say.FILE_DIGEST_KIND)
    return item.value


def check_digest(values: Sequence[str], body: bytes) -> None:
    """Raises SignatureBroken without a supported digest, or if one is not that of the body."""
    checked = 0
    for name, item in dictionary(", ".join(values)).items():
        if name not in _ALGORITHMS:
            continue
        digest = b"" if isinstance(item, InnerList) or not isinstance(item.value, bytes) else item.value
        if not hmac.compare_digest(digest, hashlib.new(_ALGORITHMS[name], body).digest()):
            raise SignatureBroken(say.DIGEST_DIFFERS)
        checked += 1
    if not checked:
        raise SignatureBroken(say.DIGEST_KIND)

"""The tag of a row: nobody writes one without the keys of the record's month (keyed BLAKE2s, RFC 7693).

The tag covers the id and the leaf hash of one record. It stands beside the leaf in the database and not in the tree.
The keys of a month lie in the database only wrapped under the root key: who has the database alone has no tag.
"""

from hmac import compare_digest

from gateway.exchange_log.keys import PeriodKeys


def tag_of(keys: PeriodKeys, record_id: bytes, digest: bytes) -> bytes:
    """16 bytes over a record's id and leaf hash, under the keys of its month."""
    state = keys.tagging.copy()
    state.update(record_id + digest)
    return state.digest()


def is_tag(keys: PeriodKeys, record_id: bytes, digest: bytes, tag: bytes) -> bool:
    """Whether a process with these keys wrote this record."""
    return compare_digest(tag_of(keys, record_id, digest), tag)

"""The tag of a row (keyed BLAKE2s, RFC 7693): writing one needs the keys of the record's month.

The tag covers the id and the leaf hash of one record. It is in the database beside the leaf, not in the tree.
The database has the keys of a month only wrapped under the root key: with the database alone no tag can be made.
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

"""Weak Ed25519 public keys (RFC 8032, 5.1.3; RFC 7748, 6): signatures under them can be forged.

For a key of low order a signature of zeros can be valid for any text. A number not below the field's prime is a
second form of a key; most of these have low order.
"""

_PRIME = 2**255 - 19
_SIGN = 1 << 255
#: the numbers of the points of order 1, 2, 4 and 8; each of the last two stands for two points, with either sign
_LOW_ORDER = frozenset({
    1,
    _PRIME - 1,
    0,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
})  # fmt: skip


def is_weak_key(raw: bytes) -> bool:
    """Whether 32 bytes are a public key of low order, or not in the form of RFC 8032."""
    number = int.from_bytes(raw, "little") % _SIGN
    return number >= _PRIME or number in _LOW_ORDER

"""Selective disclosure JWTs (RFC 9901): one signature, and a salted disclosure for each member of `groups`.

The holder of the whole may hand on any part of it: each disclosure is proven by its digest in the signed claims.
"""

import secrets
from binascii import b2a_base64
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256

import orjson

#: name of a group -> names of its members -> what is disclosed of each (JSON)
Groups = Mapping[str, Mapping[str, object]]

TYPE = "motlan-passport+sd-jwt"
HASH = "sha-256"
#: bytes: 24 letters of base64url each, without padding
_SALT, _SALT_LETTERS = 18, 24
_DIGEST_LETTERS = 43
#: 44 letters, the last of which stands for the byte that fills up
_STEP = 44
_URL = bytes.maketrans(b"+/", b"-_")
#: names that the standard keeps for itself
_RESERVED = frozenset({"_sd", "..."})


async def seal(
    claims: Mapping[str, object], groups: Groups, key: str, algorithm: str,
    sign: Callable[[bytes], Awaitable[bytes]],
) -> str:  # fmt: skip
    """`<JWT>~<disclosure>~…~` over `claims`, which stand open, and `groups`, which are disclosed one by one.

    `key` is the id of the key that `sign` uses. A name that the standard keeps for itself is left out.
    """
    named = [(group, name) for group, members in groups.items() for name in members if name not in _RESERVED]
    salts = _letters(secrets.token_bytes(_SALT * len(named))).decode()
    dumps, sealed, raw = orjson.dumps, [], []
    for index, (group, name) in enumerate(named):
        salt = salts[index * _SALT_LETTERS : (index + 1) * _SALT_LETTERS]
        text = _letters(dumps([salt, name, groups[group][name]])).rstrip(b"=")
        sealed.append(text)
        raw.append(sha256(text).digest())
    digests = _letters(b"\0".join(raw) + b"\0").decode()
    found: dict[str, list[str]] = {group: [] for group in groups}
    for index, (group, _) in enumerate(named):
        found[group].append(digests[index * _STEP : index * _STEP + _DIGEST_LETTERS])
    payload: dict[str, object] = {**claims, "_sd_alg": HASH}
    for group, members in found.items():
        members.sort()  # their order would tell which members are there
        payload[group] = {"_sd": members}
    head = _encoded({"alg": algorithm, "typ": TYPE, "kid": key})
    signed = head + b"." + _encoded(payload)
    signature = _letters(await sign(signed)).rstrip(b"=")
    return b"~".join((signed + b"." + signature, *sealed, b"")).decode()


def _encoded(value: object) -> bytes:
    return _letters(orjson.dumps(value)).rstrip(b"=")


def _letters(raw: bytes) -> bytes:
    return b2a_base64(raw, newline=False).translate(_URL)

"""Selective disclosure JWTs (RFC 9901): one signature, and a salted disclosure for each member of `groups`.

The holder may forward any part: the signed claims have the digest of each disclosure.
"""

import secrets
from binascii import b2a_base64
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256

import orjson

#: name of a group -> names of its members -> disclosed value (JSON)
Groups = Mapping[str, Mapping[str, object]]

TYPE = "motlan-passport+sd-jwt"
HASH = "sha-256"
#: bytes of a salt, and their base64url characters without padding
_SALT, _SALT_LETTERS = 18, 24
_DIGEST_LETTERS = 43
#: characters of one padded salt in base64
_STEP = 44
_URL = bytes.maketrans(b"+/", b"-_")
#: reserved names of the standard
_RESERVED = frozenset({"_sd", "..."})


async def seal(
    claims: Mapping[str, object], groups: Groups, key: str, algorithm: str,
    sign: Callable[[bytes], Awaitable[bytes]],
) -> str:  # fmt: skip
    """`<JWT>~<disclosure>~…~` over `claims` (always visible) and `groups` (disclosed one by one).

    `key`: id of the key of `sign`. Members with a reserved name are left out.
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
        members.sort()  # the original order would reveal which members exist
        payload[group] = {"_sd": members}
    head = _encoded({"alg": algorithm, "typ": TYPE, "kid": key})
    signed = head + b"." + _encoded(payload)
    signature = _letters(await sign(signed)).rstrip(b"=")
    return b"~".join((signed + b"." + signature, *sealed, b"")).decode()


def _encoded(value: object) -> bytes:
    return _letters(orjson.dumps(value)).rstrip(b"=")


def _letters(raw: bytes) -> bytes:
    return b2a_base64(raw, newline=False).translate(_URL)

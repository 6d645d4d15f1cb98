"""VNeID for third parties (additions of 27 November 2026, section 7): seen once.

Seen: `auth?response_type=code&scope=openid`; token and userinfo answer `{data, key}` (key RSA, data AES); the claims
`citizenPid, fullName, birthDate, accountLevel`. **Sandbox**, all in this file: the modes of RSA and AES, the form of
`birthDate`, the claims of organisations, every path but `/auth`, and how one signs out.
"""

import secrets
from base64 import b64encode

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.sandbox.accounts import AccountHolder, LoginSystem, SandboxKey, read_key
from adapters.sandbox.identity_dialect import Dialect
from adapters.sandbox.identity_lies import Lie
from adapters.sandbox.identity_tokens import Claims
from adapters.sandbox.people import Register
from adapters.sandbox.wire import day_first
from gateway.config.gateway import Label

_IV_BYTES = 12
_KEY_BYTES = 32
_ACCOUNT_TYPES = {"1": "CITIZEN", "2": "BUSINESS", "3": "ORGANISATION"}


def dialect(stranger: SandboxKey) -> Dialect:
    """The dialect; `stranger`: a key that cannot open what is meant for others."""

    def seal(plain: bytes, system: LoginSystem, lie: Lie | None) -> bytes:
        return sealed(plain, system.encryption_key or stranger, stranger, lie)

    return Dialect(
        name="vneid",
        title=Label(vi="Tài khoản định danh điện tử (VNeID)", en="Electronic identity account (VNeID)"),
        issuer="",
        authorize="/auth",
        page="/login",
        choose="/login",
        token="/token",
        userinfo="/userinfo",
        jwks="/jwks",
        introspect="/introspect",
        revoke="/revoke",
        logout="/logout",
        claims=claims,
        number="citizenPid",
        levels=("accountLevel",),
        seal=seal,
    )


def claims(holder: AccountHolder, _register: Register) -> Claims:
    """Claims of an account. `accountLevel` is 1 or 2 (NĐ 69/2024); `birthDate` dd/MM/yyyy, MM/yyyy or yyyy."""
    account, person = holder.account, holder.person
    found: Claims = {"accountLevel": min(int(account.level), 2)}
    if person is not None:
        found |= {"citizenPid": person.personal_id, "fullName": account.full_name or person.full_name}
        if account.birth_as != "none":
            found["birthDate"] = day_first(person.birth_date)
    if account.kind != "1":
        found |= {"accountType": _ACCOUNT_TYPES[account.kind], "taxCode": account.tax_code}
        found["organizationName"] = holder.organisation
    return found


def sealed(plain: bytes, key: SandboxKey, stranger: SandboxKey, lie: Lie | None = None) -> bytes:
    """`{data, key}`, both Base64. **Sandbox**: the modes were not seen.

    `key`: an AES key of 256 bits, RSA-OAEP (SHA-256, MGF1 with SHA-256, no label). `data`: a nonce of 12 bytes, then
    the text in AES-GCM, its tag of 16 bytes last.
    """
    if lie is Lie.NOT_SEALED:
        return plain
    secret, nonce = secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_IV_BYTES)
    data = nonce + AESGCM(secret).encrypt(nonce, plain, None)
    wrapped = secret[:5] if lie is Lie.SHORT_KEY else secret
    opener = stranger if lie is Lie.KEY_CANNOT_BE_OPENED else key
    oaep = OAEP(MGF1(hashes.SHA256()), hashes.SHA256(), None)
    if lie is Lie.DATA_TRUNCATED:
        data = data[: len(data) // 2]
    if lie is Lie.DATA_TAMPERED:
        data = data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]
    key_text = b64encode(read_key(opener).public_key().encrypt(wrapped, oaep)).decode()
    return orjson.dumps({"data": b64encode(data).decode(), "key": key_text})

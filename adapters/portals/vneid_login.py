"""Signing in with VNeID, the profile for third parties of 2026 (`sso.dancuquocgia.gov.vn`).

Seen once: code flow with `scope=openid`; the answers of the token and userinfo endpoints are `{data, key}`, `key` by
RSA and `data` by AES. Not seen, so options, as the sandbox has them: the modes of both, base64, and a nonce at the
beginning of `data`. Errors of the token endpoint are plain JSON.
"""

import base64
import binascii
import os
from collections.abc import Callable, Mapping
from typing import Final, Literal

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from adapters.portals.openid import OpenIdOptions, RelyingParty, config_error, options_of
from adapters.transport.connection import HttpAnswer
from adapters.transport.strict_json import parse
from adapters.transport.tools import Tools
from gateway.config.identity import IdentityProviderSettings
from gateway.jose.issued import LEAST_BITS
from gateway.mapping.logins import LoginPlan

_GCM_NONCE, _CBC_IV = 12, 16
_KEY_LENGTHS: Final = frozenset({16, 24, 32})
_HASHES: Final[Mapping[str, HashAlgorithm]] = {"oaep_sha256": SHA256(), "oaep_sha1": SHA1()}  # noqa: S303 -- of OAEP


class VneidOptions(OpenIdOptions):
    """`options` of VNeID."""

    #: how `key` is encrypted: RSA-OAEP (RFC 8017), the same hash in MGF1
    key_mode: Literal["oaep_sha256", "oaep_sha1"] = "oaep_sha256"
    #: how `data` is encrypted; `gcm`: 12 bytes of nonce first, 16 of tag last; `cbc`: 16 bytes first, PKCS #7
    data_mode: Literal["gcm", "cbc"] = "gcm"


def open_identity_provider(settings: IdentityProviderSettings, plan: LoginPlan, tools: Tools) -> RelyingParty:
    """The provider of one settings file. Raises ConfigError."""
    options = options_of(settings, VneidOptions)
    if options.userinfo_as != "json":
        what = "'options.userinfo_as' is 'jwt': answers of VNeID are encrypted JSON"
        raise config_error(settings, what, "take it out", "options", "userinfo_as")
    opener = SealedAnswers(_private_key(settings), options)
    return RelyingParty(settings, options, plan, tools, opened=opener.read)


class SealedAnswers:
    """Opens `{data, key}`."""

    def __init__(self, key: RSAPrivateKey, options: VneidOptions) -> None:
        """`key`: for which they are encrypted."""
        self._key = key
        self._padding = OAEP(MGF1(_HASHES[options.key_mode]), _HASHES[options.key_mode], None)
        self._opened: Callable[[bytes, bytes], bytes] = _from_gcm if options.data_mode == "gcm" else _from_cbc

    def read(self, answer: HttpAnswer) -> object:
        """The tree inside. Raises ValueError for anything else, plain JSON too: all faults are one."""
        tree = parse(answer.body)
        if not isinstance(tree, Mapping) or tree.keys() != {"data", "key"}:
            raise ValueError("not sealed")
        secret = self._key.decrypt(_bytes_of(tree["key"]), self._padding)
        if len(secret) not in _KEY_LENGTHS:
            raise ValueError("not sealed")
        return parse(self._opened(secret, _bytes_of(tree["data"])))


def _bytes_of(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("not sealed")  # noqa: TRY004 -- what readers of answers raise
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not sealed") from None


def _from_gcm(secret: bytes, data: bytes) -> bytes:
    try:
        return AESGCM(secret).decrypt(data[:_GCM_NONCE], data[_GCM_NONCE:], None)
    except InvalidTag:
        raise ValueError("not sealed") from None


def _from_cbc(secret: bytes, data: bytes) -> bytes:
    opener = Cipher(AES(secret), CBC(data[:_CBC_IV])).decryptor()
    padded = opener.update(data[_CBC_IV:]) + opener.finalize()
    unpadder = PKCS7(AES.block_size).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def _private_key(settings: IdentityProviderSettings) -> RSAPrivateKey:
    """Raises ConfigError."""
    if settings.decryption_key is None:
        what = "'decryption_key' is missing: VNeID encrypts its answers for it"
        raise config_error(settings, what, "write 'decryption_key: {file: PATH}'", "decryption_key")
    text = settings.decryption_key.reveal().strip().encode()
    try:
        # Whether its factors are prime takes longer than the rest of a start: what is tried is that it opens.
        if text.startswith(b"-----"):
            key = load_pem_private_key(text, None, unsafe_skip_rsa_key_validation=True)
        else:
            der = base64.b64decode(text, validate=True)
            key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
        if isinstance(key, RSAPrivateKey):
            _try(key)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_BITS:
        what = f"'decryption_key' is no RSA key of {LEAST_BITS} bits or more"
        raise config_error(
            settings, what, "write PEM without a password, or PKCS #8 in base64", "decryption_key"
        )
    return key


def _try(key: RSAPrivateKey) -> None:
    """Raises ValueError for a key that does not open what is encrypted for it."""
    padding = OAEP(MGF1(SHA256()), SHA256(), None)
    probe = os.urandom(16)
    if key.decrypt(key.public_key().encrypt(probe, padding), padding) != probe:
        raise ValueError("its parts do not belong together")

"""Receipts of consents: the fields of ISO/IEC TS 27560:2023 as JSON, signed as a compact JWS (RFC 7515, RFC 8037).

A receipt names nobody: its principal is a word that is another one in each receipt. It says what was agreed to when
it was signed; whether it still holds is asked at the gateway.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.access import jose, jwk
from gateway.exchange_log.embedded_keys import EmbeddedSigner
from gateway.exchange_log.key_files import key_in
from gateway.ports_keys import ED25519, ES256, Signer

KEY_FILE = "document-signing.key"
_FORMER_FILE = "document-signing-former.key"
_TYPE = "consent-receipt+jwt"
#: what a key signs with -> its name in a JWS (RFC 8037, RFC 7518)
_JWA = {ED25519: "EdDSA", ES256: "ES256"}
SCHEMA = "ISO/IEC TS 27560:2023"
_RIGHTS = ("access", "correction", "restriction", "objection", "withdrawal")


class Notary:
    """Signs for the house."""

    def __init__(self, signers: Sequence[Signer]) -> None:
        """The first one signs, the others are published: what they signed before still verifies."""
        self._signer = signers[0]
        self._keys = [(one.algorithm, jwk.of(one.public_key())) for one in signers]

    def signed(self, claims: dict[str, Any], kind: str = _TYPE) -> str:
        """The claims as a compact JWS; KeyUnavailable. May wait for who holds the key: not for the loop."""
        algorithm, key = self._keys[0]
        head = {"alg": _JWA[algorithm], "typ": kind, "kid": key.kid}
        signed = f"{jose.encoded(orjson.dumps(head))}.{jose.encoded(orjson.dumps(claims))}"
        return f"{signed}.{jose.encoded(self._signer.sign(signed.encode()))}"

    def jwks(self) -> list[dict[str, Any]]:
        """The public halves, for `/oauth2/jwks`."""
        return [
            {**jwk.jwk_of(key.key), "kid": key.kid, "alg": _JWA[algorithm], "use": "sig"}
            for algorithm, key in self._keys
        ]


def signers_in(state: Path) -> list[Signer]:
    """The key of the state folder, made there when there is none, and the one before it. ConfigError."""
    former = state / _FORMER_FILE
    return [signer_of(key_in(path)) for path in (state / KEY_FILE, former) if path != former or path.exists()]


def signer_of(seed: bytes) -> Signer:
    """The key of 32 bytes."""
    return EmbeddedSigner(Ed25519PrivateKey.from_private_bytes(seed))


def receipt(consent: dict[str, Any], principal: str, issuer: str, issued: int) -> dict[str, Any]:
    """The claims of a receipt; `consent` as `shown` tells it."""
    controller = {"party_id": consent["controller"], "party_name": consent["controller_title"]}
    information = [
        {"pii_type": service, "pii_attribute_id": name}
        for service, names in consent["attributes"].items()
        for name in names
    ]
    purpose = {
        "purpose": consent["purpose"],
        "purpose_description": consent["purpose_title"],
        "lawful_basis": "consent",
        "pii_information": information,
        "pii_controllers": [controller],
        "collection_method": consent["channel"],
        "retention_period": consent["expires_at"],
        "recipient_third_parties": [consent["requester"]],
        "withdrawal_method": "POST /v1/consents/withdraw",
        "privacy_rights": list(_RIGHTS),
        "jurisdictions": ["VN"],
    }
    given = {
        "event_time": consent["given_at"],
        "event_type": "explicit",
        "event_state": "given",
        "validity_duration": f"{consent['given_at']}/{consent['expires_at']}",
        "entity_id": consent["recorder"],
    }
    return {
        "iss": issuer,
        "iat": issued,
        "schema_version": SCHEMA,
        "receipt_id": consent["consent"],
        "record_id": consent["consent"],
        "pii_principal_id": principal,
        "language": consent["language"],
        "privacy_notice": consent["text_version"],
        "party_identification": [controller],
        "purposes": [purpose],
        "events": [given],
    }

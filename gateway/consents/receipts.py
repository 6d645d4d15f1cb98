"""Receipts of consents: the fields of ISO/IEC TS 27560:2023 as JSON, signed as a compact JWS (RFC 7515, RFC 8037).

A receipt names nobody: its principal is a word that is another one in each receipt. It says what was agreed to when
it was signed; whether it still holds is asked at the gateway.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.access import jose, jwk
from gateway.access.keys import SigningKey
from gateway.exchange_log.key_files import key_from_text, key_in
from gateway.settings_consents import ConsentSettings

KEY_FILE = "document-signing.key"
_FORMER_FILE = "document-signing-former.key"
_TYPE = "consent-receipt+jwt"
SCHEMA = "ISO/IEC TS 27560:2023"
_RIGHTS = ("access", "correction", "restriction", "objection", "withdrawal")


class Notary:
    """Signs for the house."""

    def __init__(self, seeds: Sequence[bytes]) -> None:
        """Ed25519 seeds; the first one signs, the others are published."""
        self._keys = [SigningKey.of(seed) for seed in seeds]

    def signed(self, claims: dict[str, Any], kind: str = _TYPE) -> str:
        """The claims as a compact JWS."""
        key = self._keys[0]
        return jose.sign({"typ": kind, "kid": key.kid}, claims, key.private)

    def jwks(self) -> list[dict[str, Any]]:
        """The public halves, for `/oauth2/jwks`."""
        return [
            {**jwk.jwk_of(one.public.key), "kid": one.kid, "alg": "EdDSA", "use": "sig"} for one in self._keys
        ]


def open_notary(settings: ConsentSettings, state: Path) -> Notary:
    """The keys of the configuration, else those of the state folder, made there when there are none. ConfigError."""
    if settings.document_key is not None:
        given = (settings.document_key, settings.former_document_key)
        return Notary([
            key_from_text(one.reveal(), "consents.document_key") for one in given if one is not None
        ])  # fmt: skip
    former = state / _FORMER_FILE
    return Notary([key_in(state / KEY_FILE), *([key_in(former)] if former.exists() else [])])


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

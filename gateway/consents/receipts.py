"""Receipts of consents: the fields of ISO/IEC TS 27560:2023 as JSON, signed as a compact JWS (RFC 7515, RFC 8037).

A receipt names no person: its principal is a random word, different in each receipt. It proves what was agreed at
signing; the gateway answers whether it still holds.
"""

from typing import Any

import orjson

from gateway.documents.keys import DocumentKey
from gateway.jose import jws

_TYPE = "consent-receipt+jwt"
SCHEMA = "ISO/IEC TS 27560:2023"
_RIGHTS = ("access", "correction", "restriction", "objection", "withdrawal")


async def signed(claims: dict[str, Any], key: DocumentKey) -> str:
    """The claims as a compact JWS. Raises KeyUnavailable."""
    head = {"alg": key.algorithm, "typ": _TYPE, "kid": key.kid}
    text = f"{jws.encoded(orjson.dumps(head))}.{jws.encoded(orjson.dumps(claims))}"
    return f"{text}.{jws.encoded(await key.sign(text.encode()))}"


def receipt(consent: dict[str, Any], principal: str, issuer: str, issued: int) -> dict[str, Any]:
    """The claims of a receipt; `consent` as `shown` returns it."""
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

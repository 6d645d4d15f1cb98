"""Simulated enterprise and household-business registers and the NGSP token door (databases.md 2, 3, 6.3).

Promises: no peer behind the platform lets anybody in without a token; errors are those of the platform's
gateway software. Household business has no public look-up: the same envelope, of the sandbox's own making.
"""

import base64
from typing import Any
from urllib.parse import parse_qs

from adapters.sandbox.people import Thing
from adapters.sandbox.wire import PeerOperation, PeerRequest, Reply, as_json, day_first, get, post

ENTERPRISE = "enterprise"
HOUSEHOLD = "household_business"
#: peers behind the platform: they require its tokens
NGSP = (
    ENTERPRISE,
    HOUSEHOLD,
    "civil_status",
    "social_insurance",
    "judicial_record",
    "driving_licence",
    "tax",
    "land",
    "health",
    "catalogues",
)
CLIENT = "sandbox"
TOKEN_SECONDS = 3600
_HOUSEHOLD_PATHS = ("/apiCSDLDKDN/1.0/chiTietHoKinhDoanh", "/apiCSDLDKDN/chiTietHoKinhDoanh")


def endpoints() -> tuple[PeerOperation, ...]:
    """Two look-ups, and a token door for every peer behind the platform."""
    return (
        get(
            ENTERPRISE,
            "chiTietDoanhNghiep",
            enterprise,
            "/apiCSDLDKDN/1.0/chiTietDoanhNghiep",
            "/apiCSDLDKDN/chiTietDoanhNghiep",
        ),
        *(way(HOUSEHOLD, "chiTietHoKinhDoanh", household_business, *_HOUSEHOLD_PATHS) for way in (get, post)),
        *(post(name, "token", token, "/token", opens=True) for name in NGSP),
    )


def token(call: PeerRequest) -> Reply:
    """OAuth2 client credentials: consumer key and secret in Basic, form body."""
    kind, _, packed = call.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(packed, validate=True).decode()
        form = parse_qs(call.body.decode())
    except ValueError:
        given, form = "", {}
    if kind.lower() != "basic" or given != f"{CLIENT}:sandbox-secret-{call.source}":
        return as_json({"error": "invalid_client", "error_description": "Client Authentication failed."}, 401)
    if form.get("grant_type") != ["client_credentials"]:
        return as_json({"error": "unsupported_grant_type"}, 400)
    issued = call.tokens.issue(call.source)
    return as_json(
        {"access_token": issued, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": "default"}
    )


def refusal(call: PeerRequest) -> Reply | None:
    """The gateway's 401 for a missing or dead token; None if the caller may come in."""
    if call.headers.get("authorization") is None:
        return gateway_fault(401, 900902, "Missing Credentials")
    return None if call.bearer_valid() else gateway_fault(401, 900901, "Invalid Credentials")


def gateway_fault(status: int, code: int, words: str) -> Reply:
    """An error of the platform's gateway software, JSON form."""
    return as_json({"fault": {"code": code, "message": words, "description": words}}, status)


def enterprise(call: PeerRequest) -> Reply:
    """Enterprise detail; `MainInformation` is null when the code is not registered."""
    return _detail(call, "enterprises", call.query.get("msdn", ""))


def household_business(call: PeerRequest) -> Reply:
    """Household business by its tax code, the owner's personal id: best asked by POST, out of the URL."""
    asked = call.query.get("msdn", "")
    if call.body:
        words = call.words()
        asked = str(words.get("msdn") or words.get("mst") or words.get("maSoHoKinhDoanh") or "")
    return _detail(call, "household_businesses", asked)


def _detail(call: PeerRequest, kind: str, code: str) -> Reply:
    found = call.register.thing(kind, tax_code=code)
    if found is None:
        return as_json(
            {"Status": "1", "Message": "success", "DataCount": 0, "Data": {"MainInformation": None}}
        )
    shown = call.shown(found, call.register.things[kind])
    data = _enterprise_data(call, shown) if kind == "enterprises" else _household_data(call, shown)
    return as_json({"Status": "1", "Message": "success", "DataCount": 1, "Data": data})


def _enterprise_data(call: PeerRequest, shown: Thing) -> dict[str, Any]:
    owner = call.register.by_key[shown["owner"]]
    return {
        "MainInformation": {
            "ENTERPRISE_ID": int(shown["number"]),
            "ENTERPRISE_CODE": None,
            "ENTERPRISE_GDT_CODE": shown["tax_code"],
            "IMP_BUSINESS_CODE": None,
            "ENTERPRISE_TYPE_ID": shown["type_id"],
            "ENTERPRISE_TYPE_NAME": shown["type_name"],
            "NAME": shown["name"].upper(),
            "SHORT_NAME": shown["short_name"] or None,
            "NAME_F": shown["foreign_name"] or None,
            "FOUNDING_DATE": day_first(shown["founded_on"]),
            "LAST_AMEND_DATE": day_first(shown["amended_on"]) or None,
            "NUMBER_CHANGES": int(shown["changes"]),
            "ENTERPRISE_STATUS": shown["status"],
            "LEGAL_NAMES": owner.full_name.upper(),
            "CAPITAL_AMOUNT": int(shown["capital"]),
        },
        "HOAdress": _seat(call, shown),
        "BusinessActivity": [
            {"CODE": row["code"], "NAME": row["name"], "IS_MAIN": row["main"]}
            for row in shown.rows("activities")
        ],
        "Member": [
            {
                "MEMBER_NAME": owner.full_name.upper(),
                "AMOUNT": int(shown["capital"]),
                "RATIO_PERCENT": 100.0,
                "COUNTRY": "Việt Nam",
            }
        ],
        "Representatives": {"FULL_NAME": owner.full_name.upper()},
    }


def _household_data(call: PeerRequest, shown: Thing) -> dict[str, Any]:
    owner = call.register.by_key[shown["owner"]]
    return {
        "MainInformation": {
            "ENTERPRISE_GDT_CODE": shown["tax_code"],
            "NAME": shown["name"].upper(),
            "FOUNDING_DATE": day_first(shown["founded_on"]),
            "ENTERPRISE_STATUS": shown["status"],
            "LEGAL_NAMES": owner.full_name.upper(),
        },
        "HOAdress": _seat(call, shown),
        "Representatives": {"FULL_NAME": owner.full_name.upper()},
    }


def _seat(call: PeerRequest, shown: Thing) -> dict[str, str | None]:
    commune = shown["commune"]
    return {
        "CityID": "33",
        "CityName": "Tỉnh Hưng Yên",
        "DistrictID": None,
        "DistrictName": None,
        "WardID": commune,
        "WardName": call.register.communes[commune],
        "StreetNumber": shown["detail"],
        "AddressFullText": call.register.address_text(commune, shown["detail"]),
    }

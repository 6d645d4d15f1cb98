"""Words that name nothing, and values that mean nothing: each is told once, at its line, with what to write."""

from pathlib import Path

import pytest

from tests.config.telling import Fault, all_told, together
from tests.config.test_broken_files import root

__all__ = ["root"]

GATEWAY = "config/gateway.yaml"
TAX = "config/sources/tax.yaml"
POPULATION = "config/sources/population.yaml"
CIVIL = "config/sources/civil_status.yaml"
HEALTH = "config/sources/health.yaml"
VEHICLE = "config/sources/vehicle.yaml"
PORTAL = "config/requesters/portal.yaml"
AGREED = "config/agreements/portal.yaml"
LAND = "config/agreements/one_gate_land.yaml"
OFFICIAL = "official: named\n"
SCOPES = "config/published_scopes.yaml"
AGENCIES = "config/agencies.yaml"
UNITS = "mappings/codes/hung_yen_units.yaml"
FORMER = "mappings/codes/hung_yen_former_communes.yaml"
PEOPLE = "config/sandbox/personas.yaml"
FORM = "schemas/forms/1.004873.schema.json"
STAY = "mappings/procedures/1.004222.yaml"
PAYER = "mappings/sources/tax.yaml"
MARRIAGE = "mappings/procedures/1.000894.yaml"
MANDATE = "mappings/representations/authorised.yaml"
DIRECTOR = "mappings/representations/legal_representative.yaml"
BIRTH = "mappings/procedures/1.001193.yaml"
PURPOSES = "config/purposes.yaml"
RELIGION = "mappings/codes/religion.yaml"
SERVICES = "services:\n"

FAULTS: dict[str, Fault] = {
    # the gateway
    "depth of nothing": (GATEWAY, 'json_depth: "20"', 'json_depth: "-1"', "json_depth:", "above 0"),
    "no connections": (GATEWAY, 'connections: "4000"', 'connections: "0"', "connections:", "above 0"),
    "no body": (GATEWAY, 'body_bytes: "262144"', 'body_bytes: "0"', "body_bytes:", "above 0"),
    "no requests": (GATEWAY, 'requests_per_requester: "256"', 'requests_per_requester: "0"', "requests_per", "above 0"),
    "deadline of nothing": (GATEWAY, '  deadline_ms: "2000"', '  deadline_ms: "-1"', "  deadline_ms:", "above 0"),
    "deadline too long": (GATEWAY, '  deadline_ms: "2000"', '  deadline_ms: "20000"', "  deadline_ms:", "above 'max_"),
    "two on one port": (GATEWAY, '"8081"', '"8080"', "admin:", "a port of its own"),
    "host of two words": (GATEWAY, "api: {host: 127.0.0.1", "api: {host: no host!", "api:", "is not written as"),
    "province of nobody": (GATEWAY, 'province: "33"', "province: hello", "province:", "there is no province"),
    "issuer of no address": (GATEWAY, "cache_url", "issuer: nope\ncache_url", "issuer:", "write 'issuer: https://…'"),
    "text for a number": (GATEWAY, 'json_depth: "20"', "json_depth: deep", "json_depth:", "must be a whole number"),
    "word of another place": (
        GATEWAY, "limits:\n", 'limits:\n  total_seconds: "1"\n', "total_seconds:", "is not a known word",
    ),
    # sources
    "token over ftp": (TAX, "token_path: /token", "token_url: ftp://x", "token_url:", "write 'token_url: https://…'"),
    "token nowhere": (VEHICLE, "  token: token", '  token: "a[x"', "  token:", "names joined by dots"),
    "word mistyped": (TAX, "client_id", "client_idd", "client_idd:", "did you mean 'client_id'?"),
    "secret in two places": (TAX, "{value: ", "{env: A, value: ", "secret:", "nothing beside it"),
    "envelope without envelopes": (CIVIL, "kind: oauth2", "kind: wsse_username", "kind:", "signs SOAP messages"),
    "neither true nor false": (HEALTH, SERVICES, f"options: {{allow_url_ids: yo}}\n{SERVICES}", "options:", "neither"),
    "SOAP of the future": (POPULATION, "options:\n", 'options:\n  soap_version: "2.0"\n', "soap_version", '"1.1" or'),
    "type on two lines": (POPULATION, "application/xml; charset=utf-8", '"a\\nb"', "content_type", "on one line"),
    "profile of nobody": (POPULATION, 'profile: "2025"', 'profile: "2026"', "request_profile", "of 2022, 2022_plain"),
    "place of no request": (VEHICLE, "{bien_so}", "{bien_soo}", 'path: "', "did you mean 'bien_so'?"),
    "parameter mistyped": (VEHICLE, "vehicle_kind:", "vehicle_knd:", "parameters:", "did you mean 'vehicle_kind'?"),
    "parameter left out": (VEHICLE, 'vehicle_kind: "oto", ', "", "parameters:", "takes 'service.vehicle_kind'"),
    # who asks
    "agency twice": (AGENCIES, "000.00.01.H31", "000.00.00.H31", "", "is written twice"),
    "official of 11 digits": (AGENCIES, '"033078461935"', '"03307846193"', "duty_official:", "[0-9]{12}"),
    "agency that is gone": (PORTAL, "000.00.14.H31", "000.00.18.H31", "agency:", "add it to agencies.yaml"),
    "colon in a name": (PORTAL, "client_id: portal", 'client_id: "por:tal"', "client_id:", "is not written as"),
    "nothing allowed": ("config/requesters/citizen.yaml", "[consents, usage]", "[]", "scopes:", "may do nothing"),
    "no attribute": (AGREED, "attributes: [members]", "attributes: []", "attributes: []", "grants no attribute"),
    "attribute of nobody": (AGREED, "[members]", "[membres]", "[membres]", "did you mean 'members'?"),
    "scope twice": (SCOPES, "scope: driving-licence", "scope: health-card", "", "is written twice"),
    "no such day": (SCOPES, "2026-01-15", "2026-02-31", "2026-02-31", "write yyyy-mm-dd"),
    "blank ground": (PURPOSES, '"Luật Bảo vệ dữ liệu cá nhân 91/2025; Nghị', '" " # "', '" " #', "says something"),
    # code lists
    "unit twice": (UNITS, 'code: "11980"', 'code: "11977"', 'name: "Phường Hồng Châu"', "is written twice"),
    "old code twice": (UNITS, '["11968", ', '["11977", ', 'name: "Phường Hồng Châu"', "under 'legacy_part'"),
    "wrong count": (UNITS, 'units: "104"', 'units: "103"', "province:", "104 stand below"),
    "code of 4 digits": (FORMER, '"11950":', '"1195":', '"1195":', "matches [0-9]{5}"),
    "blank name": (FORMER, '"11953": ', '"11953": "" # ', '"11953":', "leads to a blank text"),
    "list of another name": (RELIGION, "list: religion", "list: religions", "list:", "the file is called"),
    # mappings
    "evidence of nobody": (PAYER, "evidence: taxpayer", "evidence: taxpayr", "evidence:", "did you mean 'taxpayer'?"),
    "evidence to come": (PAYER, "evidence: taxpayer", "evidence: tithe", "evidence:", "add schemas/evidence/tithe"),
    "transform": (PAYER, "path: TEN_NNT", "path: TEN_NNT, transform: titel_case", "titel_case", "mean 'title_case'?"),
    "found nowhere": (STAY, 'person.household_head"', 'person.household_hed"', "household_hed", "head.personal_id'?"),
    "through nobody": (BIRTH, "through: mother", "through: mothr", "through:", "did you mean 'mother'?"),
    "role mistyped": (STAY, "has: [applicant:", "has: [aplicant:", "aplicant:", "did you mean 'applicant'?"),
    # forms
    "widget of nobody": (FORM, '"x-widget": "text"', '"x-widget": "txt"', '"txt"', "did you mean 'text'?"),
    "format of nobody": (FORM, '"date-vn-partial"', '"date"', '"date"', "date-vn-partial, tel"),
    "catalogue of nobody": (FORM, 'civil_id_document_label"', 'civil_id_label"', "civil_id_label", "is not known"),
    "field without a name": (
        FORM, '"x-title-en": "Ethnicity', '"description": "Ethnicity', '"nxnDanToc"', "has no 'x-title-en'",
    ),
    "group of nobody": (FORM, '"x-order": 2,', '"x-order": 2, "x-role": "persn",', '"persn"', "did you mean 'person'?"),
    "order in words": (FORM, '"x-order": 2,', '"x-order": "two",', '"two"', "a whole number"),
    "other procedure": (FORM, '"x-procedure": "1.004873"', '"x-procedure": "1.004874"', "x-procedure", '"1.004873"'),
    "word twice": (FORM, '"x-order": 2,', '"x-order": 2, "x-order": 3,', '"x-order": 2,', "is written twice"),
    "pattern that is none": (FORM, "^[0-9]{1,2}$", "^[0-9{1,2}$", "^[0-9{1,2}$", "not a regular expression"),
    "type that is none": (FORM, '"type": "string"', '"type": "strin"', '"strin"', "is not a JSON Schema"),
    "contract that is no JSON": ("schemas/sources/tax/traCuuMST.schema.json", "{", "{,", "{,", "is not JSON"),
    # people
    "married how": (PEOPLE, "marital: married", "marital: maried", "maried", "write one of never_married"),
    "no such birthday": (PEOPLE, '"1990-02-15"', '"1990-02-31"', "1990-02-31", "is no date"),
    "commune of nowhere": (PEOPLE, 'commune: "11953"', 'commune: "99999"', "99999", "there is no commune"),
    "short number": (PEOPLE, '"033190001234"', '"03319000123"', '"03319000123"', "is not 12 digits"),
    "word mistyped of a person": (PEOPLE, "gender: female", "gendr: female", "", "did you mean 'gender'?"),
    # who represents whom
    "representative of no kind": (
        MARRIAGE, "represented_by: []", "represented_by: [uncle]", "represented_by:", "no representation 'uncle'",
    ),
    "paper without direction": (MANDATE, ", named_after: cho", "", "- {evidence:", "write 'named_after'"),
    "name alone": (DIRECTOR, ", confirmed_by: account_tax_code", "", "- {evidence:", "confirmed_by: account_tax"),
    "status of nothing": (DIRECTOR, "{status: [Đ", "{state: [Đ", "- {evidence:", "has no attribute 'state'"),
    # what agreements demand
    "agency of nobody": (LAND, OFFICIAL, "agencies: [000.00.14.H99]\n", "agencies:", "there is no agency"),
    "officials of nobody": (
        PORTAL, "scopes:", "agencies: [000.00.14.H99]\nscopes:", "agencies:", "there is no agency",
    ),
    "nobody at all": (LAND, OFFICIAL, "relations: []\n", "relations:", "is empty: the agreement never holds"),
    "relation of nobody": (LAND, OFFICIAL, "relations: [neighbour]\n", "relations:", "write 'applicant'"),
    "hours of the night": (LAND, OFFICIAL, "hours: 18:00-07:00\n", "hours:", "which is not after"),
    "hours of no day": (LAND, OFFICIAL, "hours: 7-18\n", "hours:", "is not written as"),
    "rate of nothing": (LAND, "official: 300/hour", "official: 300", "quota:", "is not written as"),
    "dossier of no form": (LAND, '["H31.*", "H31-*"]', "[]", "dossier:", "has nothing that a code could look like"),
    "consent in words only": (
        LAND, "legal_basis: ", 'legal_basis: "consent (Luật 91/2025)" # ', "legal_basis:", "'consent: required'",
    ),
    "consent of some": (LAND, OFFICIAL, "consent: some\n", "consent:", "write 'required'"),
    "demand of no word": (LAND, OFFICIAL, "offical: named\n", "offical:", "is not a known word"),
    "purpose of no procedure": (
        PURPOSES, '["1.002809"]', '["1.002809", "1.999999"]', "1.999999", "there is no procedure",
    ),
}  # fmt: skip


RUNS = together(FAULTS)


@pytest.mark.parametrize("names", RUNS)
def test_word_or_value_that_means_nothing_is_told_once_at_its_line(root: Path, names: str) -> None:
    all_told(root, RUNS[names])

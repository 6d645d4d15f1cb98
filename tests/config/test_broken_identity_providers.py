"""What is wrong where people sign in, and in systems that log them in, is said with file, line and remedy."""

from pathlib import Path

import pytest

from tests.config.telling import Fault, all_told, together, told
from tests.config.test_broken_files import check, replace, root

__all__ = ["root"]

PORTAL = "config/identity_providers/national_portal.yaml"
VNEID = "config/identity_providers/vneid.yaml"
CLAIMS = "mappings/logins/national_portal.yaml"
ONE_GATE = "config/requesters/one_gate.yaml"
GATEWAY = "config/gateway.yaml"
TOKEN = "  token: http://127.0.0.1:8090/identity/national/oauth2/token\n"
VNEID_ISSUER = "issuer: http://127.0.0.1:8090/identity/vneid"
PORTAL_ISSUER = "issuer: http://127.0.0.1:8090/identity/national/oauth2/token"
SECRET = "client_secret: {value: sandbox-only-motlan}\n"

#: file, what is written instead of what, the words of the line at fault, what is said
FAULTS: dict[str, Fault] = {
    "name of the file": (
        PORTAL, "provider: national_portal", "provider: national", "provider:", "write 'provider: national_portal'"
    ),
    "adapter of no such name": (
        PORTAL, "adapters.portals.national_login", "adapters.portals.national", "adapter:", "check the name"
    ),
    "issuer that is no address": (PORTAL, "issuer: http://127", "issuer: 127", "issuer:", "write 'https://…'"),
    "address with a query": (PORTAL, "oauth2/userinfo", "oauth2/userinfo?x=1", "userinfo:", "write 'https://…'"),
    "address left out": (PORTAL, TOKEN, "", "endpoints:", "write its address, or 'discovery: true'"),
    "no secret": (PORTAL, SECRET, "", "", "the gateway is a confidential client"),
    "level": (PORTAL, 'LoA3: "3"', 'LoA3: "4"', "levels:", "write 1, 2 or 3"),
    "mapping": (
        PORTAL, "mapping: national_portal", "mapping: national_prtal", "mapping:", "did you mean 'national_portal'?"
    ),
    "algorithm": (PORTAL, "scope: openid", "scope: openid\nalgorithms: [HS256]", "algorithms:", "use EdDSA"),
    "scope": (PORTAL, "scope: openid", "scope: profile", "scope:", "add 'openid'"),
    "option": (PORTAL, "response_iss:", "respons_iss:", "respons_iss:", "did you mean 'response_iss'?"),
    "issuer of two": (VNEID, VNEID_ISSUER, PORTAL_ISSUER, "issuer:", "write each provider once"),
    "no key for encrypted answers": (VNEID, "  value: MII", "  value: XII", "decryption_key:", "is no RSA key"),
    "mode of encryption": (VNEID, "data_mode: gcm", "data_mode: ecb", "data_mode:", "options.data_mode"),
    "signed answers of VNeID": (VNEID, "data_mode: gcm", "userinfo_as: jwt", "userinfo_as:", "take it out"),
    "system of deep links": (
        GATEWAY, "deep_link_client: provincial_system", "deep_link_client: provincial_systm", "logins:",
        "did you mean 'provincial_system'?",
    ),
    "provider of deep links": (
        GATEWAY, "vneid: vneid}", "vneid: vnied}", "logins:", "did you mean 'vneid'?",
    ),
}  # fmt: skip
#: of claims: what is written instead of what, the words of the line at fault, what is said
CLAIM_FAULTS: dict[str, tuple[str, str, str, str]] = {
    "field": ("  old_id: {", "  old_idd: {", "old_idd:", "old_idd"),
    "transform": ("transform: old_number", "transform: old_numbr", "old_id:", "did you mean 'old_number'?"),
    "code list": ("codes: account_kind", "codes: account_knd", "kind:", "did you mean 'account_kind'?"),
    "code list of something else": (
        "codes: account_kind",
        "codes: form_pension",
        "kind:",
        "no kind of account",
    ),
    "path": ("  organisation: TenDoanhNghiep", "  organisation: Ten[x", "organisation:", "'SoDinhDanh'"),
    "required field that is not read": ("  account: TechID\n", "", "required:", "add 'account' to 'fields'"),
}

LOGIN = """login:
  redirect_uris: [https://one-gate.example/back]
  claims: [name, personal_id]
  providers: [vneid]
  level: "2"
  mandates: [parent]
"""
#: what is written instead of what in `LOGIN`, the words of the line at fault, what is said
CLIENTS: dict[str, tuple[str, str, str, str]] = {
    "wildcard": ("example/back", "example/*", "redirect_uris:", "write each address wholly"),
    "no host": (
        "https://one-gate.example/back",
        "https:///back",
        "redirect_uris:",
        "write each address wholly",
    ),
    "fragment": ("example/back", "example/back#x", "redirect_uris:", "redirect_uris"),
    "user in the address": ("https://one", "https://a@one", "redirect_uris:", "redirect_uris"),
    "claim": ("personal_id", "gender", "claims:", "use some of name, birthdate"),
    "misspelt claim": ("personal_id", "personl_id", "claims:", "did you mean 'personal_id'?"),
    "provider": ("[vneid]", "[vnied]", "providers:", "did you mean 'vneid'?"),
    "mandate": ("[parent]", "[parnt]", "mandates:", "did you mean 'parent'?"),
    "level that its provider does not have": ('level: "2"', 'level: "3"', "level:", "write a lower one"),
}

RUNS = together(FAULTS)


@pytest.mark.parametrize("names", RUNS)
def test_broken_identity_provider_is_told_at_its_line(root: Path, names: str) -> None:
    all_told(root, RUNS[names])


@pytest.mark.parametrize("name", CLAIM_FAULTS)
def test_broken_mapping_of_claims_is_told_at_its_line(root: Path, name: str) -> None:
    old, new, at, says = CLAIM_FAULTS[name]
    told(root, [(CLAIMS, old, new, at, says)])


@pytest.fixture
def client(root: Path) -> Path:
    """A system that logs people in."""
    path = root / ONE_GATE
    path.write_text(path.read_text("utf-8") + LOGIN, "utf-8")
    return root


def test_system_that_logs_people_in_is_good(client: Path) -> None:
    code, said = check(client)
    assert code == 0, said


@pytest.mark.parametrize("name", CLIENTS)
def test_system_that_cannot_log_people_in_safely_is_told_at_its_line(client: Path, name: str) -> None:
    old, new, at, says = CLIENTS[name]
    told(client, [(ONE_GATE, LOGIN, LOGIN.replace(old, new), at, says)])


def test_plain_http_of_a_system_is_for_the_sandbox_and_this_machine(client: Path) -> None:
    replace(client, ONE_GATE, "https://one-gate.example/back", "http://one-gate.example/back")
    assert check(client)[0] == 0
    said = check(client, "--set", "gateway.profile=production")[1]
    assert "'redirect_uris' is not https" in said
    replace(client, ONE_GATE, "http://one-gate.example/back", "http://127.0.0.1:7000/back")
    assert "'redirect_uris' is not https" not in check(client, "--set", "gateway.profile=production")[1]


def test_system_without_any_provider_is_refused(client: Path) -> None:
    for name in (PORTAL, VNEID):
        replace(client, name, "order:", "enabled: false\norder:")
    said = check(client)[1]
    assert "no identity provider is enabled for this system" in said


def test_deep_links_need_the_address_where_a_login_begins(client: Path) -> None:
    replace(client, GATEWAY, "deep_link_client: provincial_system", "deep_link_client: one_gate")
    assert "a deep link would lead nowhere" in check(client)[1]
    replace(client, ONE_GATE, "  claims:", "  initiate_login_uri: https://one-gate.example/begin\n  claims:")
    code, said = check(client)
    assert code == 0, said


def test_example_of_claims_that_comes_out_otherwise_is_a_fault(root: Path) -> None:
    replace(root, CLAIMS, 'birth_date: "1979-04-12"', 'birth_date: "1979-04-13"')
    said = check(root)[1]
    assert "expected 1979-04-13, got 1979-04-12" in said
    assert "1 to mend" in said


def test_people_sign_in_over_https_in_production(root: Path) -> None:
    words = ("--set", "gateway.profile=production", "--set")
    said = check(root, *words, "gateway.issuer=http://gateway.example")[1]
    assert "people sign in here, and 'issuer' is not https" in said
    said = check(root, *words, "gateway.issuer=https://gateway.example")[1]
    assert "people sign in here" not in said

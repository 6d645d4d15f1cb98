"""What `check-config` says of keys, certificates, TLS and proxies that cannot work."""

import json
import re
from pathlib import Path

import pytest

from gateway.login.id_token_signing import new_bundle
from tests import typed
from tests.access.conftest import add
from tests.access.test_tls import Own
from tests.config.telling import Fault, told_once
from tests.config.test_broken_files import root

__all__ = ["root"]

GATEWAY = "config/gateway.yaml"
PORTAL = "config/requesters/portal.yaml"
CITIZEN = "config/requesters/citizen.yaml"
SECRET = "client_secret: {value: sandbox-only-portal}"
CACHE = "cache_url: memory://\n"
API = 'api: {host: 127.0.0.1, port: "8080"}'
X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
GOOD = f"{{kty: OKP, crv: Ed25519, x: {X}}}"
PEM = json.dumps(new_bundle().decode())
PROXY = "access:\n  proxy: {{addresses: [{0}], secret: {{value: s}}{1}}}\n"


def keys(text: str) -> tuple[str, str, str]:
    return PORTAL, SECRET, f"keys: [{text}]"


def certificate(text: str) -> tuple[str, str, str]:
    return PORTAL, SECRET, f"certificate: {text}"


FAULTS: dict[str, Fault] = {
    "two ways": (PORTAL, SECRET, f"{SECRET}\nkeys: [{GOOD}]", "", "in exactly one way"),
    "no way": (PORTAL, f"{SECRET}\n", "", "", "in exactly one way"),
    "key file that is not": (*keys("{file: none.pem}"), "keys:", "cannot be read"),
    "file and key": (*keys(f"{{file: a.pem, kty: OKP, x: {X}}}"), "keys:", "is in one place"),
    "blank key": (*keys("{kty: OKP, crv: Ed25519}"), "keys:", "'x' is not 32 bytes"),
    "short key": (*keys("{kty: OKP, crv: Ed25519, x: AAAA}"), "keys:", "'x' is not 32 bytes"),
    "RSA": (*keys("{kty: RSA}"), "keys:", "neither Ed25519"),
    "symmetric": (*keys("{kty: oct}"), "keys:", "neither Ed25519"),
    "other curve": (*keys(f"{{kty: EC, crv: P-384, x: {X}, y: {X}}}"), "keys:", "neither Ed25519"),
    "off the curve": (*keys(f"{{kty: EC, crv: P-256, x: {X}, y: {X}}}"), "keys:", "not a point of its curve"),
    "for encryption": (*keys(f"{{kty: OKP, crv: Ed25519, x: {X}, use: enc}}"), "keys:", "not a key for signatures"),
    "wrong alg": (*keys(f"{{kty: OKP, crv: Ed25519, x: {X}, alg: ES256}}"), "keys:", "is not that of its curve"),
    "private key": (*keys(f"{{kty: OKP, crv: Ed25519, x: {X}, d: AA}}"), "", "not a known word"),
    "key twice": (*keys(f"{GOOD}, {GOOD}"), "keys:", "is written twice"),
    "dpop": (PORTAL, SECRET, f"{SECRET}\ndpop: always", "dpop:", "write 'optional' or 'required'"),
    "certificate by two names": (*certificate("{subject: CN=a, san_dns: b}"), "certificate:", "exactly one thing"),
    "thumbprint": (*certificate("{thumbprint: abc}"), "certificate:", "is not written as"),
    "no way in": (*certificate(f"{{thumbprint: {'ab' * 32}}}"), "certificate:", "never reaches the gateway"),
    "key without a first": (
        GATEWAY, CACHE, f"{CACHE}access: {{next_signing_key: {{value: {'A' * 43}=}}}}\n", "access:",
        "without 'signing_key'",
    ),
    "document key of 3 bytes": (
        GATEWAY, CACHE, f"{CACHE}documents: {{signing_key: {{value: AAAA}}}}\n", "documents:", "32 bytes of base64",
    ),
    "former document keys that are not": (
        GATEWAY, CACHE, f"{CACHE}documents: {{former_keys: none.jwks}}\n", "documents:", "name a readable file",
    ),
    "former document keys that are none": (
        GATEWAY, CACHE, f"{CACHE}documents: {{former_keys: gateway.yaml}}\n", "documents:", "is no JWK set",
    ),
    "key of 3 bytes": (GATEWAY, CACHE, f"{CACHE}access: {{signing_key: {{value: AAAA}}}}\n", "access:", "32 bytes"),
    "login key that is none": (
        GATEWAY, CACHE, f"{CACHE}access: {{login: {{signing_key: {{value: AAAA}}}}}}\n", "access:",
        "no keys that can sign",
    ),
    "login key without a first": (
        GATEWAY, CACHE, f"{CACHE}access: {{login: {{next_signing_key: {{value: {PEM}}}}}}}\n", "access:",
        "without 'signing_key'",
    ),
    "subject key of 3 bytes": (
        GATEWAY, CACHE, f"{CACHE}access: {{login: {{subject_key: {{value: AAAA}}}}}}\n", "access:", "32 bytes",
    ),
    "long life": (GATEWAY, CACHE, f'{CACHE}access: {{token_seconds: "86400"}}\n', "access:", "of at most 3600"),
    "proxy of nowhere": (GATEWAY, CACHE, CACHE + PROXY.format("here", ""), "proxy:", "neither an address nor"),
    "no proxy": (GATEWAY, CACHE, CACHE + PROXY.format("", ""), "proxy:", "no proxy may connect"),
    "authority of nowhere": (
        GATEWAY, CACHE, CACHE + PROXY.format("10.0.0.7", ", client_ca: ca.pem"), "proxy:", "cannot be read",
    ),
    "no certificate": (
        GATEWAY, API, 'api: {host: 127.0.0.1, port: "8080", tls: {certificate: a.pem, key: a.key}}', "api:",
        "TLS cannot be set up",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_access_that_cannot_work_is_told_at_its_line(root: Path, name: str) -> None:
    told_once(root, FAULTS[name])


def test_names_of_certificates_want_an_authority(root: Path) -> None:
    path = root / GATEWAY
    path.write_text(path.read_text("utf-8") + PROXY.format("10.0.0.7", ""), "utf-8")
    told_once(root, (*certificate("{subject: CN=portal}"), "certificate:", "no authority is configured"))


def test_subject_is_written_as_the_standard_says(root: Path) -> None:
    path = root / GATEWAY
    path.write_text(path.read_text("utf-8") + PROXY.format("10.0.0.7", ""), "utf-8")
    _, said = _check(root, *certificate("{subject: portal}"))
    assert "is not written as RFC 4514 says" in said


def _check(root: Path, file: str, old: str, new: str) -> tuple[int, str]:
    path = root / file
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    said = typed.motlan("check-config", str(root / "config"))
    return said.code, said.out + said.err


def test_requester_that_does_not_fit_is_not_added_and_leaves_nothing_behind(
    root: Path, tmp_path: Path
) -> None:
    config, key = root / "config", tmp_path / "new.pem"
    before = {path: path.read_bytes() for path in config.rglob("*") if path.is_file()}
    pem = tmp_path / "new.crt.pem"
    pem.write_bytes(Own("newcomer").pem)
    folders = {path for path in config.rglob("*") if path.is_dir()}
    wrong: dict[str, tuple[str, ...]] = {
        "did you mean 'prefill'": ("newcomer", "--scope", "prefil", "--key-out", str(key)),
        "there is no agreement": ("newcomer", "--scope", "prefill", "--agreement", "nothing", "--key-out", str(key)),
        "is there already": ("portal", "--scope", "prefill", "--key-out", str(key)),
        "is no name": ("New Comer", "--scope", "prefill", "--key-out", str(key)),
        "in one way": ("newcomer", "--scope", "prefill"),
        "client_id 'portal' is already taken": (
            "newcomer", "--scope", "prefill", "--client-id", "portal", "--key-out", str(key),
        ),
        "holds a private key": ("newcomer", "--scope", "prefill", "--public-key", str(tmp_path / "private.pem")),
        "no certificate": ("newcomer", "--scope", "prefill", "--certificate", str(tmp_path / "private.pem")),
        "client_id 'one_gate' is already taken": (
            "newcomer", "--scope", "prefill", "--client-id", "one_gate", "--certificate", str(pem),
        ),
        "never reaches the gateway": ("newcomer", "--scope", "prefill", "--subject", "CN=newcomer"),
    }  # fmt: skip
    (tmp_path / "private.pem").write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    for says, words in wrong.items():
        said = add(config, *words)
        assert (said.code, says in said.err) == (2, True), said
        assert not key.exists()
    assert {path: path.read_bytes() for path in config.rglob("*") if path.is_file()} == before
    assert {path for path in config.rglob("*") if path.is_dir()} == folders
    made = add(config, "newcomer", "--scope", "prefill", "--key-out", str(key))
    assert (made.code, "--subject requester=- --subject person=same:requester" in made.out) == (0, True)
    assert key.stat().st_mode & 0o777 == 0o600
    again = add(config, "other", "--scope", "prefill", "--key-out", str(key))
    assert (again.code, "never overwritten" in again.err) == (2, True)
    where = ("--config", str(config), "--dir", str(tmp_path / "empty"))
    listed = typed.motlan("requesters", "list", *where, "--json")
    assert re.search(
        r'"requester":"newcomer","client_id":"newcomer","method":"private_key_jwt","dpop":"required"',
        listed.out,
    )


def test_requester_of_nobody_cannot_be_revoked_and_a_folder_without_a_log_is_named(
    root: Path, tmp_path: Path
) -> None:
    words = ["requesters", "revoke", "--config", str(root / "config"), "--dir", str(tmp_path / "empty")]
    said = typed.motlan(*words, "nobody")
    assert (said.code, "there is no requester 'nobody'" in said.err) == (2, True)
    said = typed.motlan(*words, "portal")
    assert (said.code, "give the folder that `motlan serve` uses" in said.err) == (2, True)
    assert "revoked" not in (root / PORTAL).read_text("utf-8")
    listed = typed.motlan("requesters", "list", *words[2:], "--json")
    assert (listed.code, '"store_asked":false' in listed.out) == (0, True)
    assert not (tmp_path / "empty").exists()


def test_revocation_that_is_no_line_of_its_own_is_taken_out_by_hand(root: Path, tmp_path: Path) -> None:
    text = (root / PORTAL).read_text("utf-8") + '"revoked": "2026-11-01T00:00:00Z"\n'
    (root / PORTAL).write_text(text, "utf-8")
    words = ["--config", str(root / "config"), "--dir", str(tmp_path / "empty")]
    said = typed.motlan("requesters", "restore", "portal", *words)
    assert (said.code, "take 'revoked' out by hand" in said.err) == (2, True)
    assert (root / PORTAL).read_text("utf-8") == text

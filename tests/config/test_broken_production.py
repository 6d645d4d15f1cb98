"""In the production profile no secret is in a file, and nobody invented answers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.jose.jwk import jwk_of
from tests.config.telling import Fault, told_once
from tests.config.test_broken_files import check, replace, root

__all__ = ["root"]

ROOT = Path(__file__).parents[2]
TAX = "config/sources/tax.yaml"
POPULATION = "config/sources/population.yaml"
BUS = "config/portals/national_bus.yaml"
GATEWAY = "config/gateway.yaml"
LOGIN = "config/identity_providers/national_portal.yaml"
PORTAL = "config/requesters/portal.yaml"
ONLY = "which only the sandbox profile allows"
LOG = "log:\n"
ISSUER = "issuer: https://motlan.example\n"
KEYS = f"keys: [{{kty: OKP, crv: Ed25519, x: {jwk_of(Ed25519PrivateKey.generate().public_key())['x']}}}]"
KEY = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="

FAULTS: dict[str, Fault] = {
    "secret of a source": (TAX, "{env: A_SECRET}", "{value: plain}", "secret:", ONLY),
    "secret of a portal": (BUS, "  secret: {env: A_SECRET}", "  secret: {value: plain}", "secret:", ONLY),
    "key beside a secret": (POPULATION, "api_key: {env: A_SECRET}", "api_key: {value: plain}", "api_key:", ONLY),
    "key of no reference": (POPULATION, "api_key: {env: A_SECRET}", "api_key: plain", "api_key:", "is not a secret"),
    "secret of an identity provider": (LOGIN, "{env: A_SECRET}", "{value: plain}", "client_secret:", ONLY),
    "secret in an address": (
        TAX, "kind: oauth2\n  token_path: /token\n  client_id: sandbox", "kind: api_key\n  in_query_as: key",
        "in_query_as:", "proxies log"),
    "token in an address": (
        "config/sources/health_card.yaml", '  allow_secret_in_address: "true"\n', "", "token_in:", "proxies log"),
    "simulated identity provider": (LOGIN, "mark: seen", "mark: sandbox", "mark:", "this provider is simulated"),
    "plain http of an identity provider": (LOGIN, "issuer: https:", "issuer: http:", "issuer:", "is not https"),
    "requester with a secret": (PORTAL, KEYS, "client_secret: {env: A_SECRET}", "client_secret:", "not by a secret"),
    "no issuer": (GATEWAY, ISSUER, "", "", "'issuer' is missing"),
    "root key": (GATEWAY, LOG, f"{LOG}  root_key: {{value: {KEY}}}\n", "root_key:", ONLY),
}  # fmt: skip


@pytest.fixture
def production(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("A_SECRET", "a secret")
    return as_production(root)


def as_production(root: Path) -> Path:
    """The files as delivered, in the production profile, every secret by reference and requesters with keys."""
    replace(root, GATEWAY, "profile: sandbox\n", f"profile: production\n{ISSUER}")
    (root / "config/logins.yaml").unlink()
    for path in (root / "config/portals").glob("*.yaml"):
        if "mark: sandbox" in path.read_text("utf-8"):
            path.unlink()
    (root / "config/identity_providers/vneid.yaml").unlink()
    replace(root, GATEWAY, ", vneid: vneid", "")
    replace(root, GATEWAY, "  portal: portal\n", "")
    gateway = (root / GATEWAY).read_text("utf-8")
    (root / GATEWAY).write_text(gateway[: gateway.index("  personas:")], "utf-8")
    login = root / LOGIN
    text = login.read_text("utf-8").replace("mark: sandbox", "mark: seen")
    login.write_text(text.replace("http://127.0.0.1:8090", "https://sso.example"), "utf-8")
    staff = root / "config/identity_providers/staff.yaml"
    text = staff.read_text("utf-8").replace("mark: sandbox", "mark: seen")
    staff.write_text(text.replace("http://127.0.0.1:8090", "https://staff.example"), "utf-8")
    for path in (
        login,
        staff,
        *(root / "config/sources").glob("*.yaml"),
        *(root / "config/portals").glob("*.yaml"),
    ):
        text = path.read_text("utf-8")
        path.write_text(re.sub(r"\{value: sandbox-[^}]*\}", "{env: A_SECRET}", text), "utf-8")
    for path in (root / "config/requesters").glob("*.yaml"):
        text = path.read_text("utf-8")
        path.write_text(re.sub(r"client_secret: \{value: sandbox-[^}]*\}", KEYS, text), "utf-8")
    return root


def test_secrets_by_reference_are_good(production: Path) -> None:
    code, said = check(production)
    assert code == 0, said


def test_system_that_only_logs_people_in_may_have_a_secret_that_nobody_guesses(
    production: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = production / "config/requesters/provincial_system.yaml"
    text = system.read_text("utf-8").replace(KEYS, "client_secret: {env: LOGIN_SECRET}")
    system.write_text(text, "utf-8")
    monkeypatch.setenv("LOGIN_SECRET", "q7Jx0vV3m9Zt2Kf8Rb4Yw6Np1Ls5Hd0C")
    assert "not by a secret" in check(production)[1]
    text = text.replace("scopes: [prefill]", "scopes: []").replace("agreements: [provincial_system]\n", "")
    system.write_text(text, "utf-8")
    code, said = check(production)
    assert code == 0, said
    for weak in ("changeit", "a" * 64):
        monkeypatch.setenv("LOGIN_SECRET", weak)
        code, said = check(production)
        assert code != 0
        assert "easy to guess" in said


def test_system_that_may_use_the_codes_of_every_unit_is_noted_in_production(production: Path) -> None:
    said = check(production)[1]
    noted = {
        name
        for name in ("one_gate", "portal", "national_portal")
        if f"requester {name}: it may use the" in said
    }
    assert noted == {"portal", "national_portal"}
    assert "dossier_units" in said


@pytest.mark.parametrize("name", FAULTS)
def test_secret_in_a_file_of_production_is_refused_at_its_line(production: Path, name: str) -> None:
    told_once(production, FAULTS[name])


def test_key_in_clear_is_no_secret_in_any_profile(root: Path) -> None:
    old = "{value: sandbox-key-population}"
    told_once(
        root, (POPULATION, f"api_key: {old}", "api_key: plain", "api_key:", "write 'api_key: {file: …}'")
    )


def test_production_does_not_start_with_a_sandbox(production: Path, tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 -- our own words
        [sys.executable, "-m", "gateway", "serve", "--config", str(production / "config"), "--dir",
         str(tmp_path / "state"), "--port", "0", "--with-sandbox"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode == 2
    assert "config/gateway.yaml:3: the production profile does not start with a sandbox" in done.stderr
    assert "leave out --with-sandbox" in done.stderr

"""Keys of ID tokens: what was signed before a rotation is verified after it, and stolen keys are dropped at once."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import KeySet

from gateway.config.gateway import LoginKeySettings
from gateway.domain.errors import ConfigError
from gateway.login.id_token_signing import (
    ALGORITHMS,
    IdTokens,
    check_algorithms,
    files_in,
    left_half,
    new_bundle,
    open_keys,
    replace_all,
    rotate,
)
from tests.access.signing import b64

ISSUER = "https://gateway.example"
pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")


def _pem(*keys: object) -> str:
    blocks = [one.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for one in keys]  # type: ignore[attr-defined]
    return b"".join(blocks).decode()


@pytest.fixture(scope="module")
def bundle() -> str:
    return new_bundle().decode()


def settings(**pem: str) -> LoginKeySettings:
    return LoginKeySettings.model_validate({name: {"value": text} for name, text in pem.items()})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_token_is_verified_by_an_independent_library(bundle: str, tmp_path: Path, algorithm: str) -> None:
    keys = open_keys(settings(signing_key=bundle), tmp_path)
    token = IdTokens(keys).sign({"iss": ISSUER, "sub": "x"}, algorithm)
    found = jwt.decode(token, KeySet.import_key_set({"keys": keys.jwks()}), algorithms=[algorithm])
    assert (found.header["alg"], found.claims["sub"]) == (algorithm, "x")


def test_rotation_publishes_a_key_before_it_signs_and_knows_the_former_one(tmp_path: Path) -> None:
    keys = open_keys(LoginKeySettings(), tmp_path)
    tokens = IdTokens(keys)
    before, published = tokens.sign({"iss": ISSUER, "sub": "x"}, "RS256"), {one["kid"] for one in keys.jwks()}
    rotate(tmp_path)
    keys.refresh()
    now = keys.current("RS256")
    assert now is not None
    assert now.kid in published
    assert tokens.hint(before, ISSUER) is not None
    assert len({one["kid"] for one in keys.jwks()}) == 3 * len(ALGORITHMS)
    rotate(tmp_path)
    keys.refresh()
    assert tokens.hint(before, ISSUER) is None
    stolen = tokens.sign({"iss": ISSUER, "sub": "x"}, "RS256")
    replace_all(tmp_path)
    keys.refresh()
    assert tokens.hint(stolen, ISSUER) is None


def test_interrupted_rotation_is_finished_by_the_next(tmp_path: Path) -> None:
    keys = open_keys(LoginKeySettings(), tmp_path)
    token = IdTokens(keys).sign({"iss": ISSUER}, "ES256")
    (tmp_path / "login-signing-former.key").write_bytes((files_in(tmp_path).current).read_bytes())
    rotate(tmp_path)
    keys.refresh()
    assert IdTokens(keys).hint(token, ISSUER) is not None


def test_only_an_id_token_of_this_gateway_is_a_hint(bundle: str, tmp_path: Path) -> None:
    keys = open_keys(settings(signing_key=bundle), tmp_path)
    tokens = IdTokens(keys)
    good = tokens.sign({"iss": ISSUER, "sub": "x"}, "RS256")
    assert tokens.hint(good, ISSUER) == {"iss": ISSUER, "sub": "x"}
    head, claims, signature = good.split(".")
    kid = keys.jwks()[0]["kid"]
    none = b64(f'{{"alg":"none","typ":"JWT","kid":"{kid}"}}')
    wrong = [
        tokens.sign({"iss": "https://evil.example", "sub": "x"}, "RS256"),
        tokens.sign({"iss": ISSUER, "sub": "x"}, "RS256", "logout+jwt"),
        IdTokens(open_keys(LoginKeySettings(), tmp_path)).sign({"iss": ISSUER, "sub": "x"}, "RS256"),
        f"{none}.{claims}.", f"{none}.{claims}.{signature}", f"{head}.{claims}.", f"{head}.{claims}", "", "a.b.c",
        f"{head}.{b64('{}')}.{signature}", good + "A" * 9_000,
    ]  # fmt: skip
    assert [tokens.hint(one, ISSUER) for one in wrong] == [None] * len(wrong)


def test_half_of_the_hash_is_that_of_the_algorithm() -> None:
    # OpenID Connect Core 1.0, A.4: SHA-256
    assert left_half("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"
    assert len(left_half("x", "EdDSA")) == 43


def test_text_without_usable_keys_is_refused(bundle: str, tmp_path: Path) -> None:
    strong = rsa_key(65_537, 2_048)
    for pem in (
        "no key", bundle[:300], _pem(rsa_key(65_537, 1_024)),  # noqa: S505 -- it is refused
        _pem(generate_private_key(SECP384R1())),
        _pem(strong, generate_private_key(SECP384R1())),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match="keys that can sign"):
            open_keys(settings(signing_key=pem), tmp_path)
    keys = open_keys(settings(signing_key=_pem(strong)), tmp_path)
    check_algorithms(keys, {"RS256"})
    with pytest.raises(ConfigError, match="no key for EdDSA"):
        check_algorithms(keys, {"RS256", "EdDSA"})

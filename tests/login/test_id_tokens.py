"""An ID token proves a login where its provider made it for this requester, not long ago, and nowhere else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.config.logins import LoginFile
from gateway.domain.errors import ConfigError, Unprocessable
from gateway.jose import jws
from gateway.login.id_tokens import Logins

NOW = 1_795_800_000.0
NUMBER = "033190482619"
CLAIMS = {
    "iss": "https://id.example",
    "aud": "client-7",
    "iat": NOW - 5,
    "exp": NOW + 300,
    "SoDinhDanh": NUMBER,
}

Prove = Callable[..., Any]


def signed(key: Any, claims: dict[str, Any], **header: Any) -> str:
    if not isinstance(key, RSAPrivateKey):
        return jws.sign({"typ": "JWT", **header}, claims, key)
    parts = [jws.encoded(orjson.dumps(one)) for one in ({"alg": "RS256", "typ": "JWT", **header}, claims)]
    text = ".".join(parts)
    return f"{text}.{jws.encoded(key.sign(text.encode(), PKCS1v15(), SHA256()))}"


def pem(folder: Path, key: Any, name: str = "provider.pem") -> Path:
    path = folder / name
    path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def logins(folder: Path, *keys: Any) -> Logins:
    named = [{"file": str(pem(folder, key, f"{index}.pem"))} for index, key in enumerate(keys)]
    provider = {
        "issuer": "https://id.example", "mark": "memory", "keys": named, "clients": {"portal": "client-7"},
    }  # fmt: skip
    return Logins(LoginFile.model_validate({"providers": {"national": provider}}), folder, lambda: NOW)


@pytest.fixture(scope="module")
def rsa() -> RSAPrivateKey:
    return rsa_key(65_537, 2_048)


def refused(found: Logins, token: str, requester: str = "portal") -> str:
    with pytest.raises(Unprocessable) as caught:
        found.proven(token, requester)
    assert caught.value.problem_code == "login_not_proven"
    assert NUMBER not in caught.value.detail
    return caught.value.detail


def test_login_is_proven_by_rsa_and_by_a_curve(tmp_path: Path, rsa: RSAPrivateKey) -> None:
    curve = generate_private_key(SECP256R1())
    found = logins(tmp_path, rsa, curve)
    for key in (rsa, curve):
        login = found.proven(signed(key, CLAIMS, kid="1"), "portal")
        assert (login.provider, login.personal_id) == ("national", NUMBER)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"iss": "https://other.example"}, "not a provider"),
        ({"aud": "client-8"}, "another client"),
        ({"aud": ["client-7", "client-8"]}, "another client"),
        ({"azp": "client-8"}, "another client"),
        ({"exp": NOW - 61}, "it has expired"),
        ({"exp": None}, "it has expired"),
        ({"iat": NOW - 3_700, "exp": NOW + 9_000}, "older than"),
        ({"auth_time": NOW - 3_700}, "older than"),
        ({"iat": NOW + 120}, "in the future"),
        ({"SoDinhDanh": "145730286"}, "no personal id"),
        ({"SoDinhDanh": None}, "no personal id"),
    ],
)
def test_login_of_another_time_client_or_person_is_none(
    tmp_path: Path, rsa: RSAPrivateKey, change: dict[str, Any], why: str
) -> None:
    assert why in refused(logins(tmp_path, rsa), signed(rsa, {**CLAIMS, **change}))


def test_login_at_one_portal_is_none_at_another(tmp_path: Path, rsa: RSAPrivateKey) -> None:
    assert "another client" in refused(logins(tmp_path, rsa), signed(rsa, CLAIMS), "one_gate")
    both = {**CLAIMS, "aud": ["client-7", "client-8"], "azp": "client-7"}
    assert logins(tmp_path, rsa).proven(signed(rsa, both), "portal") is not None


def test_forged_login_is_none(tmp_path: Path, rsa: RSAPrivateKey) -> None:
    found, good = logins(tmp_path, rsa), signed(rsa, CLAIMS)
    head, body, signature = good.split(".")
    other = jws.encoded(orjson.dumps({**CLAIMS, "SoDinhDanh": "033190482618"}))
    assert "signature" in refused(found, f"{head}.{other}.{signature}")
    assert "signature" in refused(found, signed(rsa_key(65_537, 2_048), CLAIMS))
    assert "signature" in refused(found, signed(generate_private_key(SECP256R1()), CLAIMS))
    for alg in ("none", "HS256", "RS1", "PS256"):
        blank = jws.encoded(orjson.dumps({"alg": alg}))
        assert "algorithm" in refused(found, f"{blank}.{body}.")
    assert "members" in refused(found, signed(rsa, CLAIMS, jku="https://evil.example"))
    assert "members" in refused(found, signed(rsa, CLAIMS, crit=["exp"]))
    assert "typ" in refused(found, signed(rsa, CLAIMS, typ="at+jwt"))


def test_short_rsa_key_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too short"):
        logins(tmp_path, rsa_key(65_537, 1_024))  # noqa: S505 -- that is what is refused


def test_without_providers_nobody_is_signed_in(tmp_path: Path, rsa: RSAPrivateKey) -> None:
    assert "not a provider" in refused(Logins(None, tmp_path, lambda: NOW), signed(rsa, CLAIMS))

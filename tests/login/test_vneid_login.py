"""Answers of VNeID are sealed for the gateway: opened by its key in the modes of the settings, and by nothing else."""

import base64
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.portals.vneid_login import open_identity_provider
from gateway.domain.errors import ConfigError
from gateway.domain.login import Identity
from gateway.ports.identity import LoginFailed
from tests.adapters.bus_peer import soon
from tests.login.openid_peer import (
    ATTEMPT,
    CODE,
    NAME,
    NUMBER,
    FakeProvider,
    login_tools,
    plan_of,
    rsa_key,
    serving,
)

#: for which the fake seals
KEY = rsa_key("sealed")
CLAIMS = {
    "sub": "account-1",
    "citizenPid": NUMBER,
    "fullName": NAME,
    "birthDate": "12/04/1988",
    "accountLevel": 2,
}

Words = dict[str, Any]


def pem(name: str = "sealed", bits: int = 2_048) -> str:
    key = KEY if name == "sealed" else rsa_key(name, bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def gcm(plain: bytes, secret: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(secret).encrypt(nonce, plain, None)


def cbc(plain: bytes, secret: bytes) -> bytes:
    iv, padder = os.urandom(16), PKCS7(128).padder()
    sealer = Cipher(AES(secret), CBC(iv)).encryptor()
    return iv + sealer.update(padder.update(plain) + padder.finalize()) + sealer.finalize()


def sealed(
    tree: object, *, seal: Callable[[bytes, bytes], bytes] = gcm, sha1: bool = False, length: int = 32
) -> Words:
    """`{data, key}`."""
    secret = os.urandom(length)
    digest = SHA1() if sha1 else SHA256()  # noqa: S303 -- of OAEP
    wrapped = KEY.public_key().encrypt(secret, OAEP(MGF1(digest), digest, None))
    plain = tree if isinstance(tree, bytes) else orjson.dumps(tree)
    parts = {"data": seal(plain, secret), "key": wrapped}
    return {name: base64.b64encode(raw).decode() for name, raw in parts.items()}


@pytest.fixture
async def fake() -> AsyncIterator[FakeProvider]:
    async with serving() as found:
        yield found


def tokens(fake: FakeProvider) -> Words:
    return {"access_token": "access-1", "id_token": fake.make(fake.id_claims()), "token_type": "Bearer"}


async def finished(fake: FakeProvider, **more: Any) -> Identity:
    settings = fake.settings(
        **{"mapping": "vneid", "levels": {"2": 2}, "decryption_key": {"value": pem()}, **more}
    )
    provider = open_identity_provider(settings, plan_of("vneid"), login_tools(fake.clock))
    try:
        return await provider.finish(ATTEMPT, {"state": ATTEMPT.state, "code": CODE}, soon())
    finally:
        await provider.close()


async def refused(fake: FakeProvider) -> str:
    try:
        await finished(fake)
    except LoginFailed as failed:
        return f"{failed.reason} {failed.detail}"
    return "signed in"


MODES: dict[str, tuple[Words, Words]] = {
    "as the settings have it": ({}, {}),
    "a short key of AES": ({}, {"length": 16}),
    "SHA-1 in OAEP": ({"key_mode": "oaep_sha1"}, {"sha1": True}),
    "CBC": ({"data_mode": "cbc"}, {"seal": cbc}),
}


@pytest.mark.parametrize("mode", MODES)
async def test_sealed_answers_are_opened_in_the_modes_of_the_settings(fake: FakeProvider, mode: str) -> None:
    options, how = MODES[mode]
    fake.instead["/oauth2/token"] = lambda: sealed(tokens(fake), **how)
    fake.instead["/oauth2/userinfo"] = lambda: sealed(CLAIMS, **how)
    person = await finished(fake, options=options)
    assert (person.personal_id, person.full_name, person.birth_date) == (NUMBER, NAME, "1988-04-12")
    assert (person.level, person.account) == (2, "")


async def test_key_may_be_written_without_the_lines_of_pem(fake: FakeProvider) -> None:
    fake.instead["/oauth2/token"] = lambda: sealed(tokens(fake))
    fake.instead["/oauth2/userinfo"] = lambda: sealed(CLAIMS)
    der = KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    await finished(fake, decryption_key={"value": base64.b64encode(der).decode()})


BROKEN: dict[str, Callable[[Words], object]] = {
    "plain": lambda good: {**good, "access_token": "a", "id_token": "e30.e30.", "token_type": "Bearer"},
    "with another member": lambda good: {**good, "iv": "AAAA"},
    "without a key": lambda good: {"data": good["data"]},
    "a list": lambda good: [good],
    "in another alphabet": lambda good: {**good, "data": "-_-_"},
    "with numbers": lambda good: {**good, "key": 7},
    "with a short key": lambda good: {**good, "key": good["key"][:100] + "=" * 4},
    "with nothing inside": lambda good: {**good, "data": ""},
    "without its end": lambda good: {**good, "data": good["data"][:-24]},
    "with a blank key": lambda good: {**good, "key": ""},
}


@pytest.mark.parametrize("name", BROKEN)
async def test_answer_that_is_not_sealed_signs_nobody_in(fake: FakeProvider, name: str) -> None:
    fake.instead["/oauth2/token"] = lambda: BROKEN[name](sealed(tokens(fake)))
    assert await refused(fake) == "login_answer_invalid token.answer_invalid"


@pytest.mark.parametrize("inside", [b"<html>", b"[]", b'{"a": 1, "a": 2}', b"\xff"], ids=repr)
async def test_what_is_sealed_must_be_an_answer(fake: FakeProvider, inside: bytes) -> None:
    fake.instead["/oauth2/token"] = lambda: sealed(inside)
    assert await refused(fake) == "login_answer_invalid token.answer_invalid"


async def test_userinfo_in_plain_is_refused_though_the_tokens_were_sealed(fake: FakeProvider) -> None:
    fake.instead["/oauth2/token"] = lambda: sealed(tokens(fake))
    fake.instead["/oauth2/userinfo"] = lambda: web.json_response(CLAIMS)
    assert await refused(fake) == "login_answer_invalid userinfo.answer_invalid"


async def test_error_of_the_token_endpoint_is_plain(fake: FakeProvider) -> None:
    fake.instead["/oauth2/token"] = lambda: web.json_response({"error": "invalid_grant"}, status=400)
    assert await refused(fake) == "login_forged invalid_grant"


async def test_tampered_ciphertext_without_a_tag_is_no_answer_either(fake: FakeProvider) -> None:
    def tampered() -> Words:
        found = sealed(tokens(fake), seal=cbc)
        raw = bytearray(base64.b64decode(found["data"]))
        raw[20] ^= 1
        return {**found, "data": base64.b64encode(raw).decode()}

    fake.instead["/oauth2/token"] = tampered
    with pytest.raises(LoginFailed) as failed:
        await finished(fake, options={"data_mode": "cbc"})
    assert failed.value.reason == "login_answer_invalid"


BAD_KEYS: dict[str, Callable[[], str]] = {
    "of 1024 bits": lambda: pem("short", 1_024),
    "of no form": lambda: "AAAA",
    "that is no base64": lambda: "not base64 !",
    "with one other sign": lambda: pem().replace("MII", "AII", 1),
}


@pytest.mark.parametrize("name", BAD_KEYS)
async def test_key_that_cannot_open_anything_is_refused_at_start(fake: FakeProvider, name: str) -> None:
    with pytest.raises(ConfigError, match="'decryption_key' is no RSA key of 2048 bits"):
        await finished(fake, decryption_key={"value": BAD_KEYS[name]()})

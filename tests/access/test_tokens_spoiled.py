"""Access tokens that are not quite ours (threat T9): each refused, and the good one beside it taken."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.access.conftest import Harbourfront
from tests.access.signing import Key, b64, edwards, jwk, jws, p256, unb64
from tests.flows.conftest import on_session

Head = dict[str, Any]
Spoil = Callable[[Head, dict[str, Any], Key], str]
NOW = int(time.time())


def head(**more: Any) -> Spoil:
    """The genuine key signs another header."""
    return lambda header, claims, key: jws(_without(header | more), claims, key)


def body(**more: Any) -> Spoil:
    """The genuine key signs other claims."""
    return lambda header, claims, key: jws(header, _without(claims | more), key)


def raw(change: Callable[[str], str]) -> Spoil:
    """The genuine token, changed on its way."""
    return lambda header, claims, key: change(jws(header, claims, key))


def _without(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def by_secret(header: Head, claims: dict[str, Any], key: Key) -> str:
    """RS → HS: the public key as a secret."""
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{b64(json.dumps(header | {'alg': 'HS256'}))}.{b64(json.dumps(claims))}"
    return f"{signed}.{b64(hmac.digest(public, signed.encode(), 'sha256'))}"


def own_key(header: Head, claims: dict[str, Any], key: Key) -> str:
    del key
    other = edwards()
    return jws(header | {"jwk": jwk(other)}, claims, other)


def twice(member: str) -> Spoil:
    """A claim that stands twice: which of the two counts is the parser's choice."""
    return lambda header, claims, key: jws(header, f'{{"{member}":"x",{json.dumps(claims)[1:]}', key)


def middle(change: Callable[[str], str]) -> Callable[[str], str]:
    def changed(token: str) -> str:
        first, second, third = token.split(".")
        return f"{first}.{change(second)}.{third}"

    return changed


SPOILED: dict[str, Spoil] = {
    "none": lambda h, c, _: f"{b64(json.dumps(h | {'alg': 'none'}))}.{b64(json.dumps(c))}.",
    "None with a signature": head(alg="None"),
    "public key as secret": by_secret,
    "HS256 by name": head(alg="HS256"),
    "RS256 by name": head(alg="RS256"),
    "ES256 by name": head(alg="ES256"),
    "ES256 with the same kid": lambda h, c, _: jws(h | {"alg": "ES256"}, c, p256()),
    "alg in another case": head(alg="eddsa"),
    "alg missing": head(alg=None),
    "alg is a list": head(alg=["EdDSA"]),
    "alg is null": lambda h, c, k: jws(json.dumps(h).replace('"EdDSA"', "null"), c, k),
    "key in the header": own_key,
    "jku": head(jku="http://catcher.invalid/jwks"),
    "x5u": head(x5u="http://catcher.invalid/cert"),
    "x5c": head(x5c=["MIIB"]),
    "kid is a path": head(kid="../../../../dev/null"),
    "kid is SQL": head(kid="' UNION SELECT 'AA"),
    "kid of nobody": head(kid="AAAA"),
    "kid missing": head(kid=None),
    "kid is a number": head(kid=1),
    "crit": head(crit=["exp"]),
    "crit of b64": head(b64=False, crit=["b64"]),
    "zip": head(zip="DEF"),
    "claim twice": twice("sub"),
    "expiry twice": twice("exp"),
    "header member twice": lambda h, c, k: jws('{"alg":"EdDSA",' + json.dumps(h)[1:], c, k),
    "id token": head(typ="JWT"),
    "logout token": head(typ="logout+jwt"),
    "proof as token": head(typ="dpop+jwt"),
    "typ missing": head(typ=None),
    "expired": body(iat=NOW - 2_000, exp=NOW - 1_000),
    "expires now": body(exp=NOW - 1),
    "lives for ever": body(exp=NOW + 10**9),
    "expires in words": body(exp="tomorrow"),
    "expires at infinity": lambda h, c, k: jws(h, json.dumps(c).replace(str(c["exp"]), "Infinity"), k),
    "expiry missing": body(exp=None),
    "not yet": body(nbf=NOW + 86_400),
    "issued tomorrow": body(iat=NOW + 86_400, exp=NOW + 86_700),
    "for another": body(aud="https://elsewhere.example"),
    "for several": body(aud=["https://elsewhere.example"]),
    "by another": body(iss="https://elsewhere.example"),
    "by and for another": body(iss="https://elsewhere.example", aud="https://elsewhere.example"),
    "audience missing": body(aud=None),
    "subject of nobody": body(sub="nobody"),
    "subject is a list": body(sub=["coast"]),
    "jti missing": body(jti=None),
    "scope missing": body(scope=None),
    "other key": lambda h, c, _: jws(h, c, edwards()),
    "truncated": raw(lambda token: token[:-7]),
    "signature left out": raw(lambda token: token.rpartition(".")[0] + "."),
    "two parts": raw(lambda token: token.rpartition(".")[0]),
    "four parts": raw(lambda token: token + "." + token[-20:]),
    "five parts, as encrypted": raw(lambda token: token + ".a.b"),
    "padded": raw(lambda token: token + "=="),
    "padded in the middle": raw(middle(lambda part: part + "=" * (-len(part) % 4 or 4))),
    "other spelling of the last letter": lambda h, c, k: _other_spelling(jws(h, c, k)),
    "letters of plain base64": raw(lambda token: token.replace("-", "+").replace("_", "/") + "+/"),
    "one bit of the claims": raw(middle(lambda part: part[:-3] + ("A" if part[-3] != "A" else "B") + part[-2:])),
    "huge": raw(lambda token: token + "A" * 7_000),
    "huge claims": body(more="x" * 5_900),
    "letters beyond ASCII": raw(lambda token: token.replace(".", "．")),
    "claims not in UTF-8": raw(middle(lambda _: b64(b'{"sub":"\xff"}'))),
    "claims are a list": lambda h, c, k: jws(h, f"[{json.dumps(c)}]", k),
    "claims are nested deeply": lambda h, _, k: jws(h, '{"a":' + "[" * 900 + "]" * 900 + "}", k),
    "half a letter": lambda h, c, k: jws(h, json.dumps(c)[:-1] + ',"x":"\\ud800"}', k),
    "signature in DER": lambda h, c, k: jws(h, c, k).rpartition(".")[0] + "." + b64(b"\x30\x44" + b"\0" * 68),
    "old form of ours": lambda _h, _c, _k: f"{b64(json.dumps({'c': 'portal', 's': [], 'e': NOW}))}.{b64(b'0' * 32)}",
}  # fmt: skip


def _other_spelling(token: str) -> str:
    """64 bytes leave four bits of the last letter unused."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


def gateways_key(state: Path) -> Ed25519PrivateKey:
    seed = base64.b64decode((state / "token-signing.key").read_text("ascii"))
    return Ed25519PrivateKey.from_private_bytes(seed)


@on_session
async def test_token_that_is_not_quite_ours_is_refused_and_the_good_one_taken(front: Harbourfront) -> None:
    port, key = front.port("coast"), gateways_key(front.state)
    good = await port.plain()
    header, claims = (json.loads(unb64(part)) for part in good.split(".")[:2])
    # the control: what the spoiled ones are made of
    assert (await port.bearer(jws(header, claims, key))).status == 200
    assert (await port.bearer(jws(header, claims | {"more": "x"}, key))).status == 200
    assert len(SPOILED) >= 30
    for name, spoil in SPOILED.items():
        answer = await port.bearer(spoil(header, claims, key))
        assert answer.status in {400, 401}, name
        assert answer.status == 400 or answer.headers["WWW-Authenticate"].startswith("Bearer"), name
        told = await port.post("/oauth2/introspect", {**port.form(), "token": spoil(header, claims, key)})
        assert told.body == {"active": False}, name
    assert (await port.bearer(good)).status == 200


@pytest.mark.parametrize("word", ["Basic", "Token", "", "bearer  x", "Bearer"])
@on_session
async def test_other_ways_of_showing_a_token_are_refused(front: Harbourfront, word: str) -> None:
    port = front.port("coast")
    token = await port.plain()
    assert (await port.call(Authorization=f"{word} {token}" if word != "Bearer" else word)).status == 401
    assert (await port.call(f"/v1/sources?access_token={token}")).status == 401
    assert (await port.bearer(token)).status == 200

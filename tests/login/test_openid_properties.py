"""Whatever a browser brings as an authorization request, the answer is a kept request or one of two errors."""

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.stores.sessions import MemorySessions
from gateway.login.authorization import (
    REQUEST_URI,
    AuthorizationRefused,
    AuthorizationRequests,
    RequestNotAnswerable,
    refused,
)
from gateway.login.clients import LoginClients
from gateway.login.sealed_values import SealedValues
from tests.login.provider import BACK, registered

CLIENTS = LoginClients({"one": registered("one", {}, client_secret={"value": "sandbox-only-one"})})
GOOD = {
    "client_id": "one", "redirect_uri": BACK, "response_type": "code", "scope": "openid profile", "state": "s",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
}  # fmt: skip
NAMES = [
    *GOOD, "nonce", "prompt", "max_age", "acr_values", "claims", "id_token_hint", "login_hint", "dpop_jkt", "request",
    "request_uri", "registration", "response_mode", "procedure", "agency", "ui_locales",
]  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
NEAR = st.fixed_dictionaries(
    {},
    optional={
        place: st.dictionaries(st.sampled_from(["name", "acr", "sub", "personal_id", "other"]), JSON) | JSON
        for place in ("userinfo", "id_token")
    },
)
VALUES = (
    st.text()
    | st.sampled_from(["openid", "none", "login consent", "form_post", "plain", "1", "9" * 40, REQUEST_URI + "x"])
    | (NEAR | JSON).map(json.dumps)
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # slow on a busy machine
@given(st.lists(st.tuples(st.sampled_from(NAMES) | st.text(), VALUES), max_size=5), st.booleans())
def test_no_request_raises_anything_but_the_two_errors(
    changes: list[tuple[str, str]], replacing: bool
) -> None:
    kept = {name: value for name, value in GOOD.items() if not replacing or name not in dict(changes)}
    asyncio.run(_begun([*kept.items(), *changes]))


async def _begun(pairs: list[tuple[str, str]]) -> None:
    values = SealedValues(MemorySessions(), b"k" * 32)
    requests = AuthorizationRequests(CLIENTS, values, lambda _: False, _no_hint, lambda: 1_800_000_000.0)
    try:
        name = await requests.begin(pairs, "https://gateway.example")
    except RequestNotAnswerable:
        return
    except AuthorizationRefused as caught:
        error = caught
    else:
        await _check(requests, name)
        return
    assert refused(error.to, error.error, error.sentence).url.startswith(BACK)


async def _check(requests: AuthorizationRequests, name: str) -> None:
    found = await requests.pending(name)
    assert found is not None
    assert found.to.redirect_uri == BACK
    assert found.challenge
    assert set(found.claims) <= {"name", "birthdate", "personal_id"}


def _no_hint(_token: str, _issuer: str) -> Any:
    return None

"""T2: what is another requester's is answered as what does not exist: the same words, in the same time.

Time is the processor's, of gateway, store and client in this one process: other work of the machine is not in it.
"""

import json
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import aiohttp
import pytest
import yaml

from gateway.jose.jwk import jwk_of
from gateway.serving.server import ServeOptions, running
from tests import fresh, unhurried
from tests.access.conftest import Port, add, enrolled, read_key
from tests.access.signing import edwards
from tests.flows.conftest import House, new_official
from tests.flows.test_consents import given
from tests.flows.test_subject_requests import opened as demanded

_ROUNDS = 300
#: of medians, apart by chance: what an opened seal would cost is a tenth of an answer
_APART = 0.10


async def late_token(house: House) -> str:
    subjects = {"requester": house.subject("facts_example"), "person": {"same_as": "requester"}}
    body: dict[str, Any] = {
        "procedure": "1.004873",
        "subjects": subjects,
        "official": new_official(),
        "deadline_ms": 1,
    }
    return str((await house.prefill(**body))["pending"])


def invented(rng: random.Random, like: str) -> str:
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return "".join(rng.choice(signs) for _ in like)


def drawn(rng: random.Random, kind: str) -> str:
    return kind + "".join(rng.choice(ascii_lowercase) for _ in range(24))


@pytest.mark.slow
async def test_token_of_another_requester_takes_as_long_as_none(make_house: Callable[..., Any]) -> None:
    async with make_house() as house:
        await house.misbehave("civil_status", "slow", seconds=0.3)
        theirs, rng = await late_token(house), random.Random(7)
        await alike(
            house, "one_gate", "/v1/prefill/resume", {"pending": theirs},
            lambda: {"pending": invented(rng, theirs)},
        )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("with_subject", [True, False])
async def test_consent_of_somebody_else_takes_as_long_as_none(
    make_house: Callable[..., Any], *, with_subject: bool
) -> None:
    """Given to the portal by one person; a page of the citizens asks for another, or for itself."""
    async with make_house() as house:
        theirs = (await given(house, house.subject("married")))["consent"]
        other = {"personal_id": house.subject("divorced")["personal_id"]}
        named = {"subject": other} if with_subject else {}
        rng = random.Random(11)
        await alike(
            house, "citizen", "/v1/consents/withdraw", {"consent": theirs, **named},
            lambda: {"consent": drawn(rng, "cs-"), **named},
        )  # fmt: skip
        await alike(
            house, "citizen", "/v1/consents/search", {"cursor": theirs, **named},
            lambda: {"cursor": drawn(rng, "cs-"), **named},
        )  # fmt: skip


@pytest.mark.slow
async def test_request_of_somebody_else_takes_as_long_as_none(make_house: Callable[..., Any]) -> None:
    async with make_house() as house:
        theirs = (await demanded(house))["request"]
        named = {"subject": {"personal_id": house.subject("divorced")["personal_id"]}}
        rng = random.Random(13)
        await alike(
            house, "citizen", "/v1/subject-requests/search", {"cursor": theirs, **named},
            lambda: {"cursor": drawn(rng, "sr-"), **named},
        )  # fmt: skip


@pytest.mark.slow
async def test_wrong_assertion_takes_as_long_whoever_is_named(tmp_path: Path) -> None:
    """Without a `kid`: a client with four keys, one with one, and nobody."""
    config, keys = enrolled(tmp_path)
    path = config / "requesters/harbour.yaml"
    settings = yaml.safe_load(path.read_text("utf-8"))
    extra = [jwk_of(edwards().public_key()) for _ in range(3)]
    path.write_text(json.dumps({**settings, "keys": [*settings["keys"], *extra]}), "utf-8")
    add(
        config, "pier", "--scope", "prefill", "--agreement", "portal", "--key-out", str(tmp_path / "pier.pem")
    )
    fresh.log_in(tmp_path / "state")
    ports = {f"gateway.{name}.port": "0" for name in ("api", "admin", "sandbox")} | unhurried.settings()
    plan = ServeOptions(
        root=tmp_path, config=config, state=tmp_path / "state", overrides=ports, with_sandbox=True
    )
    async with running(plan) as (gateway, _), aiohttp.ClientSession() as session:
        good = {"harbour": keys["harbour"], "pier": read_key(tmp_path / "pier.pem")}
        for name, key in good.items():
            port = Port(gateway.api, name, key, session)
            await port.learn_nonce()
            assert (await port.fetch(DPoP=port.proof("POST", "/oauth2/token"))).status == 200
        wrong, rng = edwards(), random.Random(17)
        ports_of = {name: Port(gateway.api, name, wrong, session) for name in ("harbour", "pier", "nobody")}

        async def ask(name: str) -> object:
            answer = await ports_of[name].fetch(forms.pop(name))
            return answer.status, answer.body

        taken: dict[str, list[float]] = {name: [] for name in ports_of}
        bodies: set[str] = set()
        for _ in range(_ROUNDS):
            forms = {name: one.form() for name, one in ports_of.items()}  # signed before the clock runs
            for name in rng.sample(sorted(ports_of), len(ports_of)):
                began = time.process_time()
                told = await ask(name)
                taken[name].append(time.process_time() - began)
                bodies.add(repr(told))
    assert len(bodies) == 1
    near(taken)


@pytest.mark.slow
async def test_unknown_client_takes_as_long_as_a_wrong_secret(make_house: Callable[..., Any]) -> None:
    async with make_house() as house:
        known, rng = house.clients["portal"], random.Random(19)
        name, secret = known["client_id"], known["client_secret"]
        taken, bodies = dict[str, list[float]](known=[], nobody=[]), set()
        for _ in range(_ROUNDS):
            for who in rng.sample(sorted(taken), len(taken)):
                client = name if who == "known" else invented(rng, name)
                headers = {"Authorization": aiohttp.encode_basic_auth(client, invented(rng, secret))}
                began = time.process_time()
                async with house.session.post(
                    f"{house.url}/oauth2/token", data={"grant_type": "client_credentials"}, headers=headers
                ) as answer:
                    bodies.add((answer.status, await answer.text()))
                taken[who].append(time.process_time() - began)
    assert len(bodies) == 1
    near(taken)


async def alike(
    house: House, client: str, path: str, theirs: dict[str, Any], none: Callable[[], dict[str, Any]]
) -> None:
    """Interleaved, so that both meet the same caches; medians, so that what runs now and then does not count."""
    headers = {"Authorization": f"Bearer {await house.token(client)}"}
    rng, taken = random.Random(7), dict[str, list[float]](theirs=[], nobody=[])
    bodies: dict[str, set[str]] = {"theirs": set(), "nobody": set()}
    for _ in range(_ROUNDS):
        asked = [("theirs", theirs), ("nobody", none())]
        rng.shuffle(asked)
        for name, sent in asked:
            began = time.process_time()
            async with house.session.post(house.url + path, json=sent, headers=headers) as answer:
                body = await answer.json()
            taken[name].append(time.process_time() - began)
            del body["exchange_id"]
            bodies[name].add(repr((answer.status, sorted(body.items()))))
    assert bodies["theirs"] == bodies["nobody"]
    assert len(bodies["theirs"]) == 1
    near(taken)


def near(taken: dict[str, list[float]]) -> None:
    middle = {name: statistics.median(found) for name, found in taken.items()}
    assert max(middle.values()) / min(middle.values()) - 1 < _APART, middle

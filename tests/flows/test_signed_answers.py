"""Signed answers (RFC 9901): any agency verifies any part of one offline, with nothing but the public keys."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests import typed
from tests.access.signing import b64, unb64
from tests.flows.conftest import House, build, new_official, on_session
from tests.flows.sd_jwt import part, verified
from tests.flows.test_records import records


async def signed(house: House, **more: Any) -> Any:
    who = house.subject("facts_example")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    more = {"official": new_official(), "passport": "sd-jwt", **more}
    return await house.prefill("1.004873", subjects, **more)


async def keys(house: House) -> Any:
    async with house.session.get(f"{house.url}/oauth2/jwks") as response:
        return await response.json()


@on_session
async def test_signed_answer_proves_each_filled_field_and_where_it_comes_from(patient: House) -> None:
    answer = await signed(patient, known={"nxnMucDichSuDung": "Kết hôn"})
    claims = verified(answer["passport"], await keys(patient))
    filled = {key: one for key, one in answer["fields"].items() if one["state"] == "filled"}
    assert len(filled) > 10
    assert set(claims["fields"]) == set(filled)
    for key, said in claims["fields"].items():
        assert said["value"] == filled[key]["value"]
        assert claims["evidence"][said["evidence"]] == answer["evidence"][said["evidence"]]
    assert set(claims["evidence"]) == {one["evidence"] for one in filled.values()}


@on_session
async def test_signed_answer_is_bound_to_its_exchange_its_requester_and_its_procedure(patient: House) -> None:
    answer = await signed(patient)
    claims = verified(answer["passport"], await keys(patient))
    assert (claims["jti"], claims["requester"]) == (answer["exchange_id"], "portal")
    assert claims["procedure"] == {
        "code": "1.004873",
        "mapping_version": answer["procedure"]["mapping_version"],
    }
    assert claims["receipt"] == answer["receipt"]
    assert claims["iss"] == patient.url
    assert abs(claims["iat"] - time.time()) < 60
    assert claims["exp"] - claims["iat"] == 30 * 86_400
    noted = [one for one in records(patient) if one["exchange"] == answer["exchange_id"]]
    assert [one["notes"].get("passport") for one in noted] == [None, "sd-jwt"]


@on_session
async def test_part_of_a_signed_answer_shows_nothing_of_the_rest(patient: House) -> None:
    answer = await signed(patient)
    source = answer["fields"]["nxnHoTen"]["evidence"]
    shown = part(answer["passport"], "nxnHoTen", source)
    claims = verified(shown, await keys(patient))
    assert list(claims["fields"]) == ["nxnHoTen"]
    assert list(claims["evidence"]) == [source]
    jwt, *disclosures, _ = shown.split("~")
    seen = unb64(jwt.split(".")[1]).decode() + "".join(unb64(one).decode() for one in disclosures)
    who = patient.subject("facts_example")
    assert who["personal_id"] not in seen
    assert answer["form"]["nxnNgaySinh"] not in seen
    # nothing tells by its place, or by being the same as elsewhere, which digest stands for what
    digests = json.loads(unb64(jwt.split(".")[1]))["fields"]["_sd"]
    assert digests == sorted(digests)
    other = json.loads(unb64((await signed(patient))["passport"].split(".")[1]))["fields"]["_sd"]
    assert not set(digests) & set(other)


def _value(text: str) -> str:
    jwt, first, *rest = text.split("~")
    salt, name, said = json.loads(unb64(first))
    return "~".join((jwt, b64(json.dumps([salt, name, {**said, "value": "X"}])), *rest))


def _exchange(text: str) -> str:
    head, body, rest = text.split(".", 2)
    claims = json.loads(unb64(body))
    return ".".join((head, b64(json.dumps({**claims, "jti": "01KB0000000000000000000000"})), rest))


def _added(text: str) -> str:
    return text + b64(json.dumps(["c2FsdHNhbHRzYWx0c2FsdHNh", "nxnTen", {"value": "X"}])) + "~"


@on_session
@pytest.mark.parametrize("spoil", [_value, _exchange, _added])
async def test_signed_answer_that_was_altered_is_not_genuine(patient: House, spoil: Any) -> None:
    answer, jwks = await signed(patient), await keys(patient)
    assert verified(answer["passport"], jwks)
    with pytest.raises(ValueError, match="sign"):
        verified(spoil(answer["passport"]), jwks)


@on_session
async def test_answer_is_signed_only_where_that_is_asked(patient: House) -> None:
    assert (await signed(patient, passport=None))["passport"] is None
    who = patient.subject("facts_example")
    body = {"procedure": "1.004873", "subjects": {"requester": who, "person": who}, "passport": "jwt"}
    status, problem = await patient.post("/v1/prefill", body)
    assert (status, problem["code"]) == (422, "unprocessable"), problem


async def test_answer_of_a_former_key_is_still_verified_after_a_change_of_keys(tmp_path: Path) -> None:
    async with build(tmp_path, {}) as house:
        before = await signed(house)
    done = await asyncio.to_thread(
        typed.motlan, "keys", "rotate", "document", "--dir", str(tmp_path), "--json"
    )
    assert done.code == 0, done.err
    old, new = (json.loads(done.out)[word] for word in ("former", "kid"))
    assert old != new
    async with build(tmp_path, {}) as house:
        after, jwks = await signed(house), await keys(house)
    kids = [json.loads(unb64(one["passport"].split(".")[0]))["kid"] for one in (before, after)]
    assert kids == [old, new]
    assert verified(before["passport"], jwks)["fields"]
    assert verified(after["passport"], jwks)["fields"]

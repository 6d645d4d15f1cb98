"""Owners and dossiers are not found by trying: the look-ups by number are counted, refused and recorded."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.doors.conftest import SECRET, Street, leaves
from tests.doors.messages import application, envelope
from tests.doors.messages import code as portal_code
from tests.flows.conftest import House
from tests.flows.test_dossiers import OWNER, call, dossier, posted


def number(at: int) -> str:
    """A personal id of nobody."""
    return f"033190{481530 + at}"


async def status(house: House, code: str, owner: str, client: str = "national_portal") -> tuple[int, Any]:
    return await call(
        house, "POST", "/v1/dossiers/status", client, {"code": code, "owner": {"personal_id": owner}}
    )


def throttled(house: House) -> list[dict[str, Any]]:
    return [one for one in leaves(house.state) if one["result"] == "unusual_volume"]


async def test_owner_of_a_dossier_is_not_found_by_trying_numbers(make_house: Callable[..., Any]) -> None:
    async with make_house() as house:
        body, other = dossier(), dossier()
        await posted(house, body)
        await posted(house, other)
        code = body["code"]
        # all at once: the count does not wait for answers
        answers = await asyncio.gather(*(status(house, code, number(at)) for at in range(12)))
        assert sorted(one for one, _ in answers) == [404] * 5 + [429] * 7
        refused = next(answer for one, answer in answers if one == 429)
        assert (refused["code"], refused["rule"]) == ("unusual_volume", "unusual:lookup_owners")
        assert 0 < refused["retry_after"] <= 86_400
        # the right number is not told by being answered
        assert (await status(house, code, OWNER))[0] == 429
        assert (await status(house, other["code"], OWNER))[0] == 200
        assert (await status(house, code, OWNER, "one_gate"))[0] == 200
        records = throttled(house)
        assert len(records) == 8
        assert {(one["phase"], one["requester"], one["dossier"], *one["rules"]) for one in records} == {
            ("refusal", "national_portal", code, "unusual:lookup_owners"),
        }  # fmt: skip
        assert [one["notes"].get("alert") for one in records].count(True) == 1
        assert OWNER not in str(records)


async def test_wait_is_told_in_the_header(make_house: Callable[..., Any]) -> None:
    async with make_house(gateway__policy__lookup_owners="1/hour") as house:
        assert (await status(house, "H31.14-260105-7001", number(0)))[0] == 404
        headers = {"Authorization": f"Bearer {await house.token('national_portal')}"}
        body = {"code": "H31.14-260105-7001", "owner": {"personal_id": number(1)}}
        async with house.session.post(
            f"{house.url}/v1/dossiers/status", json=body, headers=headers
        ) as answer:
            assert answer.status == 429
            assert 0 < int(answer.headers["Retry-After"]) <= 3_600


async def test_owner_who_asks_again_is_answered_always(make_house: Callable[..., Any]) -> None:
    async with make_house(
        gateway__policy__lookup_owners="1/day",
        gateway__policy__lookup_codes="1/day",
        gateway__policy__lookup_misses="1/hour",
    ) as house:
        bodies = [dossier(), dossier(), dossier()]
        for body in bodies:
            await posted(house, body)
        for body in bodies * 3:
            assert (await status(house, body["code"], OWNER))[0] == 200
        assert throttled(house) == []


async def test_dossiers_of_a_person_are_not_found_by_trying_codes(make_house: Callable[..., Any]) -> None:
    async with make_house(gateway__policy__lookup_codes="3/day") as house:
        body = dossier()
        await posted(house, body)
        found = [(await status(house, f"H31.14-260105-80{at:02}", OWNER)) for at in range(6)]
        assert [one for one, _ in found] == [404] * 3 + [429] * 3
        assert found[-1][1]["rule"] == "unusual:lookup_codes"
        assert (await status(house, body["code"], OWNER))[0] == 429


async def test_pairs_that_fit_nobody_end_for_one_requester(make_house: Callable[..., Any]) -> None:
    async with make_house(gateway__policy__lookup_misses="4/hour") as house:
        found = [await status(house, f"H31.14-260105-81{at:02}", number(at)) for at in range(6)]
        assert [one for one, _ in found] == [404] * 4 + [429] * 2
        assert found[-1][1]["rule"] == "unusual:lookup_misses"
        assert (await status(house, "H31.14-260105-8199", number(9), "one_gate"))[0] == 404


async def test_accounts_at_the_portal_are_not_found_by_trying_numbers_and_each_try_names_its_person(
    make_house: Callable[..., Any],
) -> None:
    async with make_house(gateway__policy__portal_misses="3/hour") as house:
        await posted(house, dossier())
        client = await Street(house).one_gate()
        for owner in (OWNER, number(1), OWNER, number(2), number(1)):
            assert (await client.ask("TraCuuTechID", mstorcmnd=owner))["error_code"] == "0"
        url, sent = f"{house.url}{client.path}/TraCuuTechID", {"Authorization": f"Bearer {client.token}"}
        async with house.session.get(url, params={"mstorcmnd": number(3)}, headers=sent) as answer:
            assert answer.status == 429
            assert 0 < int(answer.headers["Retry-After"]) <= 3_600
        asked = [one for one in leaves(house.state) if one["result"] == "passed_on"]
        assert len(asked) == 5
        people = [tuple(one["subjects"].items()) for one in asked]
        assert all(people)
        assert people[0] == people[2]
        assert len(set(people)) == 3
        assert [(one["requester"], *one["rules"]) for one in throttled(house)] == [
            ("one_gate", "unusual:portal_misses")
        ]
        # a catalogue is about nobody
        assert (await client.ask("LayThuTuc", maTTHC="1.001193"))["error_code"] == "0"


async def test_portal_that_tries_numbers_at_its_door_is_stopped_in_its_own_form(
    make_house: Callable[..., Any],
) -> None:
    async with make_house(gateway__policy__portal_misses="3/hour") as house:
        street, words, known = Street(house), application(portal_code()), "033188417209"
        words["ThongTinNguoiNop"]["ThongTinChiTiet"]["SoDinhDanhChuHs"] = known
        assert (await street.sent("nhanhsdvcqg", envelope(words)))[0] == 0
        url, sent = f"{house.url}/portal/national_bus/search/call", {"X-Portal-Secret": SECRET}

        async def ask(owner: str) -> tuple[int, Any, Any]:
            body = {"data": {"sodinhdanh": owner}}
            async with house.session.post(url, json=body, headers=sent) as answer:
                return answer.status, await answer.json(), answer.headers

        for _ in range(9):
            answered, body, _ = await ask(known)
            assert (answered, len(body["result"])) == (200, 1)
        found = [await ask(number(at)) for at in range(5)]
        assert [one for one, *_ in found] == [200] * 2 + [429] * 3
        _, body, headers = found[-1]
        assert body["error_code"] == -1
        assert set(body) == {"error_code", "message"}
        assert 0 < int(headers["Retry-After"]) <= 3_600
        assert (await ask(known))[0] == 429
        assert {(one["requester"], *one["rules"]) for one in throttled(house)} == {
            ("national_bus", "unusual:portal_misses")
        }

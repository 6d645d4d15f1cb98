"""Names and birth dates cannot be found out by asking again and again whether they are right."""

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.mapping.records import bare
from tests.flows.conftest import House, new_official
from tests.flows.test_access import marital, since
from tests.flows.test_records import records

FEW, TOGETHER = 5, 10


def about(who: dict[str, Any], person: dict[str, Any] | None = None) -> dict[str, Any]:
    """The form about the marital state of whoever fills it, or of another person; no official is named."""
    subjects = {"requester": who, "person": person or {"same_as": "requester"}}
    return {"procedure": "1.004873", "subjects": subjects}


async def alive(house: House, who: dict[str, Any], **more: Any) -> tuple[int, str | None, Any]:
    """Status, code and rule of a refusal; why it cannot be told whether this person is alive."""
    status, answer = await house.post("/v1/predicates", {"subject": who, "predicates": ["alive"], **more})
    if status != 200:
        return status, answer["code"], answer["rule"]
    return status, None, answer["predicates"]["alive"].get("reason", {}).get("code")


async def test_month_is_no_birth_date_of_somebody_whose_day_is_known(make_house: Callable[..., Any]) -> None:
    async with make_house(**{"gateway.policy.claims": "100/day"}) as house:
        who = house.subject("facts_example")
        year = who["birth_date"][:4]
        told = {
            (await alive(house, {**who, "birth_date": f"{year}-{month:02}"}))[2] for month in range(1, 13)
        }
        assert told == {"data_do_not_match"}
        assert (await alive(house, {**who, "birth_date": year}))[2] == "value_blank"
        assert (await alive(house, who))[2] == "value_blank"
        for one in house.personas:
            if len(one["birth_date"]) < len("1990-02-15"):
                known = {word: one[word] for word in ("personal_id", "full_name", "birth_date")}
                assert (await alive(house, known))[2] != "data_do_not_match", one["traits"]


async def test_few_birth_dates_are_tried_about_one_number_though_all_are_sent_at_once(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        who = house.subject("facts_example")
        guesses = [{**who, "birth_date": f"{who['birth_date'][:7]}-{day:02}"} for day in range(1, 29)]
        before = len(records(house))
        told = await asyncio.gather(*(alive(house, guess) for guess in guesses))
        refused = [one for one in told if one[0] != 200]
        assert refused == [(429, "unusual_volume", "unusual:claims")] * (len(guesses) - FEW)
        alerts = [one for one in since(house, before) if one["notes"].get("alert")]
        assert [(one["rules"], one["subjects"]) for one in alerts] == [(["unusual:claims"], {})]
        # a form is no way around it; what was answered before is answered again
        status, problem = await house.post("/v1/prefill", about({**who, "birth_date": "1990-12-31"}))
        assert (status, problem["rule"]) == (429, "unusual:claims")
        for guess, before_it in zip(guesses, told, strict=True):
            assert await alive(house, guess) == before_it
        # others are asked about, and others ask about her
        assert (await alive(house, house.subject("divorced")))[0] == 200
        assert (await house.post("/v1/prefill", marital(house), "one_gate"))[0] == 200


async def test_citizen_who_signed_in_is_served_whatever_others_tried_about_him(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        who, stranger = house.subject("facts_example"), house.subject("divorced")
        for form in (
            about,
            lambda one: about(stranger, one),
        ):  # as his own, and as of somebody in their forms
            tried = [form({**who, "full_name": f"Nguyễn Văn {letter}"}) for letter in "ABCDEF"]
            told = [(await house.post("/v1/prefill", body))[0] for body in tried]
            assert told[-1] == 429
        status, problem = await house.post("/v1/prefill", about(who))
        assert (status, problem["rule"]) == (429, "unusual:claims")
        own, theirs = ({"SoDinhDanh": one["personal_id"]} for one in (who, stranger))
        for body in (
            {**about(who), "account": own},
            {**about(stranger, who), "account": theirs},
            {**about(who), "official": new_official()},
        ):
            status, answer = await house.post("/v1/prefill", body)
            assert (status, answer["fields"]["nxnHoTen"]["state"]) == (200, "filled"), body


async def test_citizen_who_was_served_in_the_morning_is_served_after_others_tried(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        who = house.subject("facts_example")
        before = await house.prefill(**about(who))
        tried = [about({**who, "full_name": f"Nguyễn Văn {letter}"}) for letter in "ABCDEF"]
        assert [(await house.post("/v1/prefill", body))[0] for body in tried] == [200] * (FEW - 1) + [
            429,
            429,
        ]
        assert (await house.prefill(**about(who)))["form"] == before["form"]


async def test_officials_and_accounts_without_end_try_few_birth_dates_about_one_number(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        who = house.subject("facts_example")
        guesses = [{**who, "birth_date": f"{who['birth_date'][:7]}-{day:02}"} for day in range(15, 29)]
        before = len(records(house))
        told = [await alive(house, guess, official=new_official()) for guess in guesses]
        assert [one[0] for one in told] == [200] * TOGETHER + [429] * (len(guesses) - TOGETHER)
        assert told[-1] == (429, "unusual_volume", "unusual:requester_claims")
        assert [one["rules"] for one in since(house, before) if one["notes"].get("alert")] == [
            ["unusual:requester_claims"]
        ]
        signed_in = {**about(house.subject("divorced"), guesses[-1]), "official": new_official()}
        signed_in["account"] = {"SoDinhDanh": house.subject("divorced")["personal_id"]}
        status, problem = await house.post("/v1/prefill", signed_in)
        assert (status, problem.get("rule")) == (429, "unusual:requester_claims"), problem
        # she herself, and whoever asks under what was answered before
        own = {"account": {"SoDinhDanh": who["personal_id"]}}
        assert (await house.prefill(**about(who), **own))["form"]["nxnHoTen"]
        assert (await alive(house, guesses[0], official=new_official())) == told[0]


async def test_same_name_and_birth_date_may_be_given_as_often_as_one_likes(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        who = house.subject("facts_example")
        name = who["full_name"]
        spelt = [name, name.upper(), name.lower(), name.title(), bare(name), bare(name).lower(), f"{name} "]
        assert len({*spelt}) > FEW
        for name in spelt * 2:
            assert (await alive(house, {**who, "full_name": name}))[2] == "value_blank"


async def test_many_people_whose_data_do_not_match_are_told_as_refusals_are(
    make_house: Callable[..., Any],
) -> None:
    async with make_house(**{"gateway.policy.requester_refusals": "10/hour"}) as house:
        before = len(records(house))
        for number in range(12):
            who = {"personal_id": f"033195{number * 7919:06}", "full_name": "Người Lạ", "birth_date": "1995"}
            if number % 2:
                assert (await alive(house, who))[2] == "data_do_not_match"
                continue
            subjects = {"requester": who, "person": {"same_as": "requester"}}
            body = {**marital(house), "subjects": subjects, "official": new_official()}
            # whoever does not wait hears of it later, and it counts all the same
            answer = await house.prefill(**body, **({"deadline_ms": 1} if number % 4 else {}))
            assert not answer["form"].get("nxnHoTen")
        alerts = [one for one in since(house, before) if one["notes"].get("alert")]
        assert [(one["rules"], one["notes"]["count"]) for one in alerts] == [
            (["unusual:requester_refusals"], 11)
        ]


async def test_claim_that_is_right_counts_no_refusal(make_house: Callable[..., Any]) -> None:
    async with make_house(**{"gateway.policy.requester_refusals": "1/hour"}) as house:
        before = len(records(house))
        for _ in range(3):
            await house.prefill(**marital(house))
        assert not [one for one in since(house, before) if one["notes"].get("alert")]

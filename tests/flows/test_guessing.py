"""Names and birth dates cannot be found out by asking again and again whether they are right."""

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.mapping.records import bare
from tests.flows.conftest import House, new_official
from tests.flows.test_access import marital, since
from tests.flows.test_dossiers import dossier
from tests.flows.test_records import records

#: of `policy.claims`
FEW = 5


def about(who: dict[str, Any], person: dict[str, Any] | None = None) -> dict[str, Any]:
    """The form about the marital state of whoever fills it, or of another person; no official is named."""
    subjects = {"requester": who, "person": person or {"same_as": "requester"}}
    return {"procedure": "1.004873", "subjects": subjects}


async def login(house: House, who: dict[str, Any], client: str = "portal") -> str:
    """Proof that this person signed in, by the sandbox's provider of identities."""
    body = {"personal_id": who["personal_id"], "client": client}
    async with house.session.post(f"{house.control}/logins", json=body) as response:
        assert response.status == 200, await response.text()
        return str((await response.json())["login"])


async def alive(house: House, who: dict[str, Any], **more: Any) -> tuple[int, str | None, Any]:
    """Status, code and rule of a refusal; why it cannot be told whether this person is alive, None where it is."""
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
        assert (await alive(house, {**who, "birth_date": year}))[2] is None
        assert (await alive(house, who))[2] is None
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
        # a form is no way around it, nor is what was answered before: else the right one would go on to be answered
        status, problem = await house.post("/v1/prefill", about({**who, "birth_date": "1990-12-31"}))
        assert (status, problem["rule"]) == (429, "unusual:claims")
        for guess in guesses:
            assert await alive(house, guess) == (429, "unusual_volume", "unusual:claims")
        # others are asked about, and others ask about her
        assert (await alive(house, house.subject("divorced")))[0] == 200
        assert (await house.post("/v1/prefill", marital(house, official=new_official()), "one_gate"))[
            0
        ] == 200


def liars(who: dict[str, Any], number: int, born: str) -> list[tuple[str, dict[str, Any]]]:
    """One birth date of somebody, tried in every way that was once not counted."""
    guess = {**who, "birth_date": born}
    stranger = {"personal_id": f"033085{number:06}", "full_name": "Người Lạ", "birth_date": "1985-03-01"}
    his = {"SoDinhDanh": stranger["personal_id"]}
    question = {"subject": guess, "predicates": ["alive"]}
    return [
        ("/v1/predicates", question),
        ("/v1/predicates", {**question, "official": new_official()}),
        ("/v1/predicates", {**question, "subject": {**guess, "old_id": f"{145_000_000 + number}"}}),
        ("/v1/prefill", about(guess)),
        ("/v1/prefill", {**about(stranger, guess), "account": his}),
        ("/v1/prefill", {**about(stranger, guess), "account": {**his, "SoCMND": who["personal_id"]}}),
        ("/v1/prefill", {**about(stranger, guess), "account": {**his, "SoCMND": f"{145_000_000 + number}"}}),
        ("/v1/prefill", {**about(stranger, {**guess, "old_id": f"{145_000_000 + number}"}), "account": his}),
        ("/v1/prefill", {**about(guess), "account": {"SoCMND": f"{145_000_000 + number}"}}),
        ("/v1/prefill", {**about(guess), "account": {"SoDinhDanh": who["personal_id"]}}),
    ]


async def test_liar_is_answered_to_few_of_forty_birth_dates_in_whatever_way_they_are_tried(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        who = house.subject("facts_example")
        month = who["birth_date"][:7]
        dates = [f"{month}-{day:02}" for day in range(28, 0, -1)] + [
            f"1990-12-{day:02}" for day in range(1, 13)
        ]
        assert len(dates) == 40
        assert dates.index(who["birth_date"]) > FEW
        answered = dict.fromkeys(dates, 0)
        for number, born in enumerate(dates):
            for path, body in liars(who, number, born):
                status, answer = await house.post(path, body)
                assert status == 200 or (status, answer["rule"]) == (429, "unusual:claims"), answer
                answered[born] += status == 200
        tried = [born for born, count in answered.items() if count]
        assert tried == dates[:FEW]
        assert who["birth_date"] not in tried


async def test_right_birth_date_is_not_told_by_being_answered_where_all_others_are_refused(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        who = house.subject("facts_example")
        assert (await alive(house, who))[0] == 200  # she was asked about in the morning
        dates = [f"1990-12-{day:02}" for day in range(1, 29)]
        told = [(await alive(house, {**who, "birth_date": born}))[0] for born in dates]
        assert told == [200] * (FEW - 1) + [429] * (len(dates) - FEW + 1)
        assert (await alive(house, who))[0] == 429


async def test_years_tried_with_an_old_number_are_few(make_house: Callable[..., Any]) -> None:
    async with make_house() as house:
        whole = house.persona("old_id_only")
        who = {word: whole[word] for word in ("old_id", "full_name")}
        years = [str(year) for year in range(1940, 1980)]
        stranger = house.subject("divorced")
        told = [
            (await house.post("/v1/prefill", {
                **about(stranger, {**who, "birth_date": year}),
                "account": {"SoDinhDanh": stranger["personal_id"], "SoCMND": who["old_id"]},
            }))[0]
            for year in years
        ]  # fmt: skip
        assert told == [200] * FEW + [429] * (len(years) - FEW)


async def test_newborn_is_guessed_at_as_little_as_a_person(make_house: Callable[..., Any]) -> None:
    async with make_house() as house:
        mother = house.subject("newborn_mother")
        told = []
        for number in range(40):
            child = {
                "full_name": f"Trần Văn {chr(65 + number % 26)}",
                "birth_date": f"2026-11-{1 + number % 28:02}",
            }
            roles = {"requester": {"same_as": "mother"}, "mother": mother, "child": child}
            told.append((await house.post("/v1/prefill", {"procedure": "1.001193", "subjects": roles}))[0])
        assert told == [200] * FEW + [429] * (len(told) - FEW)
        # what the form says of the child is no way around it
        for word, mother_of in (("known", "divorced"), ("held", "single_mother")):
            roles = {"requester": {"same_as": "mother"}, "mother": house.subject(mother_of)}
            told = [
                (await house.post("/v1/prefill", {
                    "procedure": "1.001193", "subjects": roles, word: {"nksNgaySinh": f"{day:02}/11/2026"},
                }))[0]
                for day in range(1, 11)
            ]  # fmt: skip
            assert told == [200] * FEW + [429] * FEW, word
        # a form that says nothing of the child guesses at nothing
        roles = {"requester": {"same_as": "mother"}, "mother": mother}
        assert (await house.post("/v1/prefill", {"procedure": "1.001193", "subjects": roles}))[0] == 200


async def test_citizen_is_served_whatever_others_tried_about_him(make_house: Callable[..., Any]) -> None:
    async with make_house() as house:
        who, stranger = house.subject("facts_example"), house.subject("divorced")
        own, theirs = ({"SoDinhDanh": one["personal_id"]} for one in (who, stranger))
        for letter in "ABCDEF":
            guess = {**who, "full_name": f"Nguyễn Văn {letter}"}
            status, _ = await house.post("/v1/prefill", {**about(stranger, guess), "account": theirs})
        assert status == 429
        assert (await house.post("/v1/prefill", about(who)))[0] == 429
        # her account is counted apart: strangers with accounts of their own do not use it up
        assert (await house.prefill(**about(who), account=own))["fields"]["nxnHoTen"]["state"] == "filled"
        # a portal that lies about accounts uses it up, and even then the login that she forwards is served
        for letter in "ABCDEF":
            guess = {**who, "full_name": f"Nguyễn Văn {letter}"}
            status, _ = await house.post("/v1/prefill", {**about(guess), "account": own})
        assert status == 429
        assert (await house.post("/v1/prefill", {**about(who), "account": own}))[0] == 429
        for more in ({}, {"account": own}):
            answer = await house.prefill(**about(who), **more, login=await login(house, who))
            assert answer["fields"]["nxnHoTen"]["state"] == "filled"
        question = {"subject": who, "predicates": ["alive"], "login": await login(house, who)}
        assert (await house.post("/v1/predicates", question))[0] == 200


async def test_login_opens_nothing_but_the_data_of_who_signed_in(make_house: Callable[..., Any]) -> None:
    async with make_house() as house:
        who, stranger = house.subject("facts_example"), house.subject("divorced")
        his = {"login": await login(house, stranger)}
        told = [
            (
                await house.post(
                    "/v1/prefill", {**about(stranger, {**who, "birth_date": f"1990-12-{day}"}), **his}
                )
            )[0]
            for day in range(10, 20)
        ]
        assert told == [200] * FEW + [429] * 5
        status, problem = await house.post("/v1/prefill", {**about(who), **his})
        assert (status, problem["code"]) == (422, "login_differs")
        of_another = {"login": await login(house, who, "another portal")}
        status, problem = await house.post("/v1/prefill", {**about(who), **of_another})
        assert (status, problem["code"]) == (422, "login_not_proven")
        assert who["personal_id"] not in str(problem)
        notes = [one["notes"] for one in records(house) if one["phase"] == "intent"]
        assert {one.get("login") for one in notes} == {"sandbox"}


async def test_address_is_not_found_out_province_by_province(make_house: Callable[..., Any]) -> None:
    async with make_house() as house:
        who = house.subject("facts_example")

        async def lives_in(province: int, **more: Any) -> int:
            words = [f"resident_of:{province:02}"]
            body = {"subject": who, "predicates": words, "official": new_official(), **more}
            status, _ = await house.post("/v1/predicates", body)
            return int(status)

        assert [await lives_in(province) for province in (1, 4, 8, 11, 12, 14, 15, 19, 20, 22)] == [
            200
        ] * FEW + [429] * FEW
        assert await lives_in(1) == 429
        # other questions, and questions about others, are answered
        assert (await alive(house, who))[0] == 200
        assert await lives_in(33, subject=house.subject("divorced")) == 200


async def test_same_name_and_birth_date_may_be_given_as_often_as_one_likes(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        who = house.subject("facts_example")
        name = who["full_name"]
        spelt = [name, name.upper(), name.lower(), name.title(), bare(name), bare(name).lower(), f"{name} "]
        assert len({*spelt}) > FEW
        for name in spelt * 2:
            assert (await alive(house, {**who, "full_name": name}))[2] is None


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


async def test_names_of_a_number_cannot_be_tried_out_by_its_papers(make_house: Callable[..., Any]) -> None:
    async with make_house() as house:
        who = house.subject("facts_example")

        async def listed(name: str) -> tuple[int, Any]:
            status, answer = await house.post(
                "/v1/papers/list", {"subject": {**who, "full_name": name}}, "citizen"
            )
            return status, answer

        named = {"ids": [{"kind": "personal_id", "number": who["personal_id"]}], "name": who["full_name"]}
        assert (await house.post("/v1/dossiers", dossier(applicant=named)))[0] == 202
        assert (await listed("  "))[0] == 422
        assert len((await listed(who["full_name"]))[1]["dossiers"]) == 1
        for letter in "ABCD":
            status, found = await listed(f"Lương Văn {letter}")
            # not even whether there is one of somebody else's
            assert (status, found["dossiers"], found["withheld"]) == (200, [], 0)
        for name in ("Lương Văn E", who["full_name"]):
            status, refused = await listed(name)
            assert (status, refused["code"]) == (429, "unusual_volume")

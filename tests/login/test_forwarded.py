"""What a login forwards to a form and to a dossier is the party that it proved, and nobody else."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from gateway.audit.story import Story
from gateway.audit.titles import Titles
from gateway.config.configuration import load
from gateway.mapping.load import load_catalogue
from tests.flows.test_records import records
from tests.login.browser import NATIONAL, VNEID, Browser, Landing, Town, town

pytestmark = pytest.mark.asyncio(loop_scope="session")

_SERIAL = count(1)
SYSTEM, CARD, MARRIAGE = "system_one", "9.000001", "1.004873"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def forwarding_town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Its systems may act for children."""
    async with town(tmp_path_factory.mktemp("forwarding"), {}, mandates="[parent]", refresh="true") as made:
        yield made


async def handle_of(
    at: Town, account: str = "mau", child: dict[str, Any] | None = None, provider: str = NATIONAL
) -> str:
    """The handle that a system gets for an account, for itself or for a child."""
    return str((await tokens_of(at, account, child, provider))["login"])


async def tokens_of(
    at: Town, account: str = "mau", child: dict[str, Any] | None = None, provider: str = NATIONAL
) -> dict[str, Any]:
    async with Browser(at) as browser:
        landing = await browser.signed_in(browser.authorize(SYSTEM), account, provider=provider)
        form = {"kind": "self"}
        if child is not None:
            born = "/".join(reversed(child["birth_date"].split("-")))
            form = {
                "kind": "parent", "personal_id": child["personal_id"], "full_name": child["full_name"],
                "birth_date": born,
            }  # fmt: skip
        landing = await browser.go("/login/mandate", landing.hidden("mandate") | form)
        back = landing.location or landing.buttons[0]
        return await browser.redeem(SYSTEM, Landing(303, "", back, "", {}))


def person(at: Town, name: str) -> dict[str, Any]:
    found = next(one for one in at.house.personas if one["full_name"] == name)
    return {word: found[word] for word in ("personal_id", "full_name", "birth_date")}


def dossier(login: str, name: str, *ids: dict[str, str]) -> dict[str, Any]:
    return {
        "code": f"H31.14-261128-{next(_SERIAL):04}", "procedure": MARRIAGE,
        "procedure_title": "Xác nhận tình trạng hôn nhân", "field_code": "G15-HT01", "field_title": "Hộ tịch",
        "applicant": {"name": name, "ids": list(ids)}, "filed_at": "2026-11-28T01:12:00Z", "unit": "UBND phường",
        "abstract": "x", "login": login,
    }  # fmt: skip


async def test_mandate_for_one_child_fills_no_form_of_another(forwarding_town: Town) -> None:
    at = forwarding_town
    mine, other = person(at, "Phạm Ngọc Linh"), person(at, "Phạm Gia Bảo")
    handle = await handle_of(at, child=mine)
    body = {"procedure": CARD, "subjects": {"applicant": other}, "login": handle}
    status, answer = await at.house.post("/v1/prefill", body, client=SYSTEM)
    assert (status, answer["code"]) == (422, "login_differs"), answer
    status, answer = await at.house.post("/v1/prefill", {**body, "subjects": {}}, client=SYSTEM)
    assert status == 200, answer
    assert "Linh" in str(answer["form"])
    assert "Bảo" not in str(answer["form"])
    # where the form has both, she asks for it and it is about the child, whom the login names
    both = {
        **body,
        "procedure": "1.004873",
        "subjects": {},
        "representative": {"kind": "parent", "of": "person"},
    }
    status, answer = await at.house.post("/v1/prefill", both, client=SYSTEM)
    assert status == 200, answer
    assert (answer["form"]["nycHoTen"], answer["form"]["nxnHoTen"]) == ("Trần Thị Mẫu", "Phạm Ngọc Linh")
    both["representative"] = {"kind": "parent", "of": "nobody"}
    status, answer = await at.house.post("/v1/prefill", both, client=SYSTEM)
    assert (status, answer["code"], answer["errors"][0]["pointer"]) == (
        422,
        "unknown_role",
        "/representative/of",
    )


async def refused_stranger(at: Town, body: dict[str, Any], code: str, path: str = "/v1/prefill") -> None:
    """A request that is refused with a record, before any source is asked."""
    before, calls = len(refusals(at)), await at.house.calls()
    status, answer = await at.house.post(path, body, client=SYSTEM)
    assert (status, answer["code"]) == (403, code), answer
    assert await at.house.calls() == calls
    (record,) = refusals(at)[before:]
    assert (record["result"], record["rules"]) == (code, ["login:represented"])


@pytest.mark.parametrize("for_child", [False, True])
async def test_login_fills_no_form_with_a_stranger_whatever_the_agreement_says(
    forwarding_town: Town, for_child: bool
) -> None:
    at = forwarding_town
    child, stranger = person(at, "Phạm Ngọc Linh"), person(at, "Phạm Văn Thử")
    handle = await handle_of(at, child=child if for_child else None)
    about = {"procedure": MARRIAGE, "subjects": {"person": stranger}, "login": handle}
    await refused_stranger(at, about, "representation_missing")
    if not for_child:
        named = {"requester": person(at, "Trần Thị Mẫu"), "person": stranger}
        await refused_stranger(at, {**about, "subjects": named}, "representation_missing")
    status, answer = await at.house.post("/v1/explain", about, client=SYSTEM)
    assert (status, answer["denied"]["rule"]) == (200, "login:represented"), answer
    # an official without a login works on as agreed
    alone = {"procedure": MARRIAGE, "subjects": {"requester": person(at, "Trần Thị Mẫu"), "person": stranger}}
    assert (await at.house.post("/v1/prefill", alone, client=SYSTEM))[0] == 200


DWELLING = {"commune": "11953", "sheet": "12", "number": "345"}


def why_asked(answer: Any, code: str) -> str:
    """Why a paper of an answer is required."""
    return next(
        str(one["reason"]["code"])
        for one in answer["papers"]
        if (one["code"], one["state"]) == (code, "required")
    )


async def test_optional_person_for_whom_nobody_acts_refuses_only_what_is_asked_about_that_person(
    forwarding_town: Town,
) -> None:
    """A tenant names the owner of the dwelling: the tenant's form fills, and the owner's paper is asked for."""
    at = forwarding_town
    owner, handle = person(at, "Phạm Văn Thử"), await handle_of(at)
    body = {"procedure": "1.004222", "subjects": {"owner": owner, "parcel": DWELLING}, "login": handle}
    # nothing is learnt by trying, and nobody's count is spent
    for name in (owner["full_name"], *(f"Phạm Văn {word}" for word in "An Bình Cảnh Dũng Em Giang".split())):
        named = {**body, "subjects": {"owner": {**owner, "full_name": name}, "parcel": DWELLING}}
        status, answer = await at.house.post("/v1/prefill", named, client=SYSTEM)
        assert status == 200, answer
        assert answer["form"]["hoTen"] == "Trần Thị Mẫu"
        assert why_asked(answer, "lawful_dwelling") == "representation_missing"
    refused = {one["outcome"]: one["rule"] for one in answer["sources"] if one["subject"] == "owner"}
    assert refused == {"refused": "login:represented"}
    mine = [one for one in records(at.house) if one["exchange"] == answer["exchange_id"]]
    assert all("owner" in one["subjects"] for one in mine)
    assert "owner" not in {call["role"] for one in mine for call in one["calls"]}
    # the parcel is the owner's: by the number in its record the owner finds who asked about it
    land = next(f"e{at}" for at, one in enumerate(answer["sources"], 1) if one["source"] == "land")
    assert f"owner:{land}" in mine[-1]["notes"]["named_in"].split()
    status, told = await at.house.post("/v1/explain", body, client=SYSTEM)
    assert (status, told["allowed"], told["passed_over"][0]["rule"]) == (200, True, "login:represented")
    assert "owner" not in {one["subject"] for one in told["sources"]}


async def test_log_and_people_read_who_was_not_asked_about_and_why(forwarding_town: Town) -> None:
    at, post = forwarding_town, forwarding_town.house.post
    subjects = {"owner": person(at, "Phạm Văn Thử"), "parcel": DWELLING}
    body = {"procedure": "1.004222", "subjects": subjects, "login": await handle_of(at)}
    exchange = (await post("/v1/prefill", body, client=SYSTEM))[1]["exchange_id"]
    found: list[Any] = []
    async with asyncio.timeout(30):
        while not found:
            _, answer = await post(
                "/v1/audit/search", {"result": "representation_missing", "phase": "outcome"}, client="auditor"
            )
            found = [one for one in answer["records"] if one["exchange_id"] == exchange]
    notes = found[0]["notes"]
    assert notes["left_out"] == "owner:e7:population owner:e8:paper_store"
    assert notes["left_out_by"] == "login:represented"
    _, answer = await post("/v1/audit/search", {"phase": "intent", "procedure": "1.004222"}, client="auditor")
    opening = [one for one in answer["records"] if one["exchange_id"] == exchange]
    story = Story(
        Titles(load(at.root / "config"), load_catalogue(at.root), at.root), found[0]["configuration"]
    )
    steps = story.tell([*opening, *found])
    told = str(steps)
    facts = [fact for step in steps["steps"] for fact in step["facts"] if fact["name"] == "Người được hỏi"]
    assert "Chủ sở hữu" not in str(facts)
    assert facts
    not_asked = "Cơ sở dữ liệu quốc gia về dân cư (Chủ sở hữu chỗ ở)"
    assert told.count(not_asked) == 2  # in the fact, and in what was withheld
    assert "Dữ liệu không hỏi, vì chưa rõ ai đại diện" in told
    assert " về 2 đối tượng" in told  # the tenant and the dwelling
    states = {}
    for name in ("Trần Thị Mẫu", "Phạm Gia Bảo", "Phạm Văn Thử"):
        reader = {"subject": {"personal_id": person(at, name)["personal_id"]}}
        _, answer = await post("/v1/usage", reader, client="citizen")
        (use,) = (one for one in answer["uses"] if one["exchange_id"] == exchange)
        states[name] = use["state"]
    assert states == {
        "Trần Thị Mẫu": "answered", "Phạm Gia Bảo": "answered", "Phạm Văn Thử": "answered_in_part"
    }  # fmt: skip
    assert use["summary"].endswith(
        "; không có nguồn nào được hỏi về ông/bà, vì chưa rõ ai đại diện cho ông/bà."
    )


async def test_forms_of_tenants_raise_no_alert(forwarding_town: Town) -> None:
    at = forwarding_town
    people = {"owner": person(at, "Phạm Văn Thử"), "parcel": DWELLING}
    body = {"procedure": "1.004222", "subjects": people, "login": await handle_of(at)}
    for _ in range(51):  # `policy.requester_refusals`: 50/hour
        assert (await at.house.post("/v1/prefill", body, client=SYSTEM))[0] == 200
    assert "unusual:requester_refusals" not in {rule for one in records(at.house) for rule in one["rules"]}


async def test_owner_without_a_number_is_not_asked_about_either(forwarding_town: Town) -> None:
    at = forwarding_town
    owner = {"full_name": "Phạm Văn Thử", "birth_date": "1985-07-04", "gender": "male"}
    people = {"owner": owner, "parcel": DWELLING}
    named = {"applicant": person(at, "Trần Thị Mẫu"), **people}
    signed_in, unproven = {"subjects": people, "login": await handle_of(at)}, {"subjects": named}
    for client, body in ((SYSTEM, signed_in), ("provincial_system", unproven)):
        for path in ("/v1/prefill", "/v1/explain"):
            status, answer = await at.house.post(path, {"procedure": "1.004222", **body}, client=client)
            assert (status, answer.get("allowed", True)) == (200, True), answer
            assert "owner" not in {one["subject"] for one in answer["sources"]}


async def test_login_for_oneself_fills_the_form_of_a_child_only_by_a_representative_that_is_proven(
    forwarding_town: Town,
) -> None:
    at = forwarding_town
    handle, child = await handle_of(at), person(at, "Phạm Ngọc Linh")
    body = {"procedure": "2.000720", "subjects": {"owner": child}, "login": handle}
    await refused_stranger(at, body, "representation_missing")
    acts = {"kind": "parent", "of": "owner"}
    status, answer = await at.house.post("/v1/prefill", {**body, "representative": acts}, client=SYSTEM)
    assert status == 200, answer
    orphan = next(one["full_name"] for one in at.house.personas if one["key"] == "orphan")
    stranger = {**body, "subjects": {"owner": person(at, orphan)}, "representative": acts}
    status, answer = await at.house.post("/v1/prefill", stranger, client=SYSTEM)
    assert (status, answer["code"]) == (403, "representation_undecided"), answer


async def refreshed(at: Town, tokens: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    headers = {"Authorization": aiohttp.encode_basic_auth(f"client-{SYSTEM}", f"sandbox-only-{SYSTEM}")}
    url = f"{at.house.url}/oauth2/token"
    async with at.house.session.post(url, data=form, headers=headers) as said:
        return said.status, await said.json()


async def test_mandate_of_a_refresh_is_proven_by_registers_after_a_quarter_of_an_hour(
    forwarding_town: Town,
) -> None:
    at = forwarding_town
    tokens, before = await tokens_of(at, child=person(at, "Phạm Ngọc Linh")), len(at.records())
    at.clock.move(minutes=16)
    try:
        status, tokens = await refreshed(at, tokens)
    finally:
        at.clock.move()
    assert status == 200, tokens
    assert [one["result"] for one in at.records()[before:]] == ["mandate_proven", "token_renewed"]


async def test_login_asks_nothing_about_a_stranger_by_predicates(forwarding_town: Town) -> None:
    at = forwarding_town
    for child in (None, person(at, "Phạm Ngọc Linh")):
        handle = await handle_of(at, child=child)
        body = {"subject": person(at, "Phạm Văn Thử"), "predicates": ["alive"], "login": handle}
        status, answer = await at.house.post("/v1/predicates", body, client=SYSTEM)
        assert (status, answer["code"]) == (422, "login_differs"), answer


async def test_agreement_of_the_sample_system_gives_no_stranger_without_a_login_either(
    forwarding_town: Town,
) -> None:
    at = forwarding_town
    about = {"requester": person(at, "Trần Thị Mẫu"), "person": person(at, "Phạm Văn Thử")}
    body = {"procedure": MARRIAGE, "subjects": about}
    status, answer = await at.house.post("/v1/prefill", body, client="provincial_system")
    assert (status, answer["code"]) == (403, "representation_missing"), answer


async def test_agreement_that_wants_a_proof_refuses_an_optional_person_alone_too(
    forwarding_town: Town,
) -> None:
    at = forwarding_town
    people = {"applicant": person(at, "Trần Thị Mẫu"), "owner": person(at, "Phạm Văn Thử")}
    body = {"procedure": "1.004222", "subjects": people}
    status, answer = await at.house.post("/v1/prefill", body, client="provincial_system")
    assert (status, answer["form"]["hoTen"]) == (200, "Trần Thị Mẫu"), answer
    refused = {one["outcome"]: one["rule"] for one in answer["sources"] if one["subject"] == "owner"}
    assert refused == {"refused": "mandate:provincial_system"}
    # who is the head of the household too is asked about in no role
    people["household_head"] = people["owner"]
    status, answer = await at.house.post("/v1/prefill", body, client="provincial_system")
    assert (status, answer["fields"]["chuHo.hoTen"]["reason"]["code"]) == (200, "representation_missing")
    assert "Thử" not in str(answer["form"])


async def test_request_names_nobody_else_than_the_one_who_signed_in_as_representative(
    forwarding_town: Town,
) -> None:
    at = forwarding_town
    handle = await handle_of(at, child=person(at, "Phạm Ngọc Linh"))
    body: dict[str, Any] = {"procedure": CARD, "subjects": {}, "login": handle}
    body["representative"] = {"kind": "parent", "subject": person(at, "Phạm Văn Thử")}
    status, answer = await at.house.post("/v1/prefill", body, client=SYSTEM)
    assert (status, answer["code"]) == (422, "login_differs"), answer
    assert "/representative/subject" in str(answer)
    body["representative"]["subject"] = person(at, "Trần Thị Mẫu")
    status, answer = await at.house.post("/v1/prefill", body, client=SYSTEM)
    assert status == 200, answer


@pytest.mark.parametrize(
    ("provider", "title"),
    [(NATIONAL, "Cổng Dịch vụ công Quốc gia"), (VNEID, "Tài khoản định danh điện tử (VNeID)")],
)
async def test_number_of_a_login_names_the_identity_provider_that_proved_it(
    forwarding_town: Town, provider: str, title: str
) -> None:
    at = forwarding_town
    handle = await handle_of(at, provider=provider)
    body = {
        "procedure": "1.004222",
        "subjects": {},
        "login": handle,
        "account": {"SoDienThoai": "0900000001"},
    }
    status, answer = await at.house.post("/v1/prefill", body, client=SYSTEM)
    assert status == 200, answer
    number, phone = (answer["fields"][name] for name in ("soDinhDanh", "soDienThoai"))
    assert (number["value"], number["evidence"]) == (
        person(at, "Trần Thị Mẫu")["personal_id"],
        phone["evidence"],
    )
    login = answer["evidence"][number["evidence"]]["login"]
    assert (login["identity_provider"], login["title"]) == (provider, title)
    # the system vouches for the telephone itself
    assert (number["attribute"] in login["attributes"], phone["attribute"] in login["attributes"]) == (
        True,
        False,
    )
    # without a login the requester vouches for all
    body = {**body, "subjects": {"applicant": person(at, "Trần Thị Mẫu")}}
    del body["login"]
    status, answer = await at.house.post("/v1/prefill", body, client=SYSTEM)
    assert [one for one in answer["evidence"].values() if "login" in one] == []


async def test_account_of_a_company_fills_no_form_of_the_person_whom_it_names(forwarding_town: Town) -> None:
    at = forwarding_town
    handle = await handle_of(at, "business")
    body = {"procedure": MARRIAGE, "subjects": {"person": {"same_as": "requester"}}, "login": handle}
    status, answer = await at.house.post("/v1/prefill", body, client=SYSTEM)
    assert status == 422, answer
    director = person(at, "Nguyễn Đức Thành")
    body["subjects"] = {"requester": director, "person": {"same_as": "requester"}}
    status, answer = await at.house.post("/v1/prefill", body, client=SYSTEM)
    assert (status, answer["code"]) == (422, "login_differs"), answer


async def test_dossier_is_verified_only_for_the_one_who_signed_in(forwarding_town: Town) -> None:
    at = forwarding_town
    mau, thu = person(at, "Trần Thị Mẫu"), person(at, "Phạm Văn Thử")
    handle = await handle_of(at)
    own = {"kind": "personal_id", "number": mau["personal_id"]}
    his = {"kind": "personal_id", "number": thu["personal_id"]}
    for name, ids in (
        (thu["full_name"], [his, {"kind": "passport", "number": mau["personal_id"]}]),
        (thu["full_name"], [his, own]),
        (thu["full_name"], [own]),
        (mau["full_name"], [{"kind": "tax_code", "number": mau["personal_id"]}]),
        (mau["full_name"], []),
    ):
        before = len(refusals(at))
        status, answer = await at.house.post("/v1/dossiers", dossier(handle, name, *ids), client=SYSTEM)
        assert (status, answer["code"]) == (422, "login_differs"), (name, ids)
        assert len(refusals(at)) == before + 1
    body = dossier(handle, mau["full_name"], own)
    status, answer = await at.house.post("/v1/dossiers", body, client=SYSTEM)
    assert status == 202, answer
    token = {"Authorization": f"Bearer {await at.house.token(SYSTEM)}"}
    async with at.house.session.get(f"{at.house.url}/v1/dossiers/{body['code']}", headers=token) as shown:
        assert (await shown.json())["dossier"]["applicant"]["verified"] is True


async def test_stranger_who_guesses_about_a_child_does_not_lock_the_mother_out(forwarding_town: Town) -> None:
    at = forwarding_town
    child = person(at, "Phạm Ngọc Linh")
    async with Browser(at) as browser:
        landing = await browser.signed_in(browser.authorize(SYSTEM), "quan", provider=NATIONAL)
        for number in range(7):
            form = {
                "kind": "parent", "personal_id": child["personal_id"], "full_name": f"Phạm Văn {'ABCDEFG'[number]}",
                "birth_date": "01/01/2016",
            }  # fmt: skip
            landing = await browser.go("/login/mandate", landing.hidden("mandate") | form)
            assert landing.status == 403
    assert (await handle_of(at, child=child)).startswith("lg_")


async def test_records_of_a_forwarded_login_have_its_provider_and_level(forwarding_town: Town) -> None:
    at, child = forwarding_town, person(forwarding_town, "Phạm Ngọc Linh")
    before = len(records(at.house))
    plain, acting = await handle_of(at, provider=VNEID), await handle_of(at, child=child)
    mandate, *_ = [one for one in records(at.house)[before:] if one["result"] == "mandate_proven"]
    assert (mandate["notes"]["provider"], mandate["notes"]["level"]) == (NATIONAL, 2)
    for handle, procedure, provider in ((plain, "1.004222", VNEID), (acting, CARD, NATIONAL)):
        before = len(records(at.house))
        body = {"procedure": procedure, "subjects": {}, "login": handle}
        status, answer = await at.house.post("/v1/prefill", body, client=SYSTEM)
        assert status == 200, answer
        # a later wave of the same exchange has an intent without notes
        intent = next(one for one in records(at.house)[before:] if one["phase"] == "intent")
        assert (intent["notes"]["login"], intent["notes"]["account_level"]) == (provider, "level=2")
    before = len(records(at.house))
    asked = {"subject": person(at, "Trần Thị Mẫu"), "predicates": ["alive"], "login": plain}
    assert (await at.house.post("/v1/predicates", asked, client=SYSTEM))[0] == 200
    assert records(at.house)[before]["notes"]["login"] == VNEID
    before = len(records(at.house))
    body = {"procedure": MARRIAGE, "subjects": {"person": person(at, "Phạm Văn Thử")}, "login": acting}
    assert (await at.house.post("/v1/prefill", body, client=SYSTEM))[0] == 403
    async with Browser(at) as browser:
        landing = await browser.signed_in(browser.authorize(SYSTEM), provider=NATIONAL)
        form = {
            "kind": "parent", "personal_id": child["personal_id"], "full_name": "Phạm Văn Khác", "birth_date": "2016",
        }  # fmt: skip
        landing = await browser.go("/login/mandate", landing.hidden("mandate") | form)
        assert landing.status == 403
    refused = [one for one in records(at.house)[before:] if one["phase"] == "refusal"]
    said = [(one["notes"].get("login"), one["notes"].get("account_level")) for one in refused]
    assert said == [(NATIONAL, "level=2")] * 2, refused
    assert "unknown" not in {one["notes"].get("account_level") for one in records(at.house)}


async def test_handle_of_another_system_is_refused_with_a_record(forwarding_town: Town) -> None:
    at = forwarding_town
    handle, before = await handle_of(at), len(refusals(at))
    body = {"procedure": MARRIAGE, "subjects": {"person": {"same_as": "requester"}}, "login": handle}
    status, answer = await at.house.post("/v1/prefill", body, client="system_two")
    assert (status, answer["code"]) == (422, "login_not_proven")
    assert refusals(at)[before]["requester"] == "system_two"


def refusals(at: Town) -> list[dict[str, Any]]:
    return [one for one in records(at.house) if one["phase"] == "refusal"]

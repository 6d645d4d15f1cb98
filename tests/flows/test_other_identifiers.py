"""People by a number of another country, and people without any number: asked, answered, counted, found in the log."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.config.test_broken_files import replace
from tests.flows.conftest import ROOT, House, build, on_session
from tests.flows.test_records import records
from tests.login.browser import Browser, MovedClock, Systems, Town
from tests.pages.trial import entered, page, token

pytestmark = on_session

KIND = """
identifier: {kind}
title: {{vi: Số BSN của Hà Lan, en: Dutch citizen service number}}
names: person
patterns: ["[0-9]{{9}}"]
check: {check}
written: {{vi: 9 chữ số có chữ số kiểm tra, en: 9 digits with their check digit}}
example: "{example}"
"""
MAPPING = """
source: register
title: {vi: Sổ người nước ngoài, en: Register of foreigners}
mark: sandbox
services:
  person:
    evidence: person
    mark: sandbox
    title: {vi: Tra cứu, en: Look up}
    subjects: [person]
    needs: [[identifier.nl_bsn], [full_name, birth_date, gender]]
    without_number: fill
    request:
      bsn: {from: subject.identifier.nl_bsn}
      name: {from: subject.full_name}
      born: {from: subject.birth_date}
      gender: {from: subject.gender}
    answer:
      record: people
      found_when: name
      identity: {identifier.nl_bsn: bsn, full_name: name, birth_date: born, gender: gender}
      attributes:
        personal_id: {path: local}
        full_name: {path: name}
        birth_date: {path: born}
        gender: {path: gender}
        life_status: {path: life}
    examples:
      - name: by number
        subject: {identifier: {kind: nl_bsn, number: "537534982"}, full_name: An de Vries, birth_date: "1988-04-09"}
        request: {bsn: "537534982"}
        answer:
          people: [{bsn: "537534982", name: An de Vries, born: "1988-04-09", local: "033188604217", life: alive}]
        evidence: {personal_id: "033188604217", full_name: An de Vries, birth_date: "1988-04-09", life_status: alive}
"""
SOURCE = """
source: register
adapter: adapters.sources.rest
title: {{vi: Sổ người nước ngoài, en: Register of foreigners}}
provider: Cục Quản lý xuất nhập cảnh
mark: sandbox
url: {address}
services:
  person: {{path: /person, method: POST, body: json, legal_basis: Điều 42}}
"""
AGREED = (
    "  own_data.kept:\n    attributes: [phone, email, id_issued_on, id_issued_by, bank_account, papers]\n"
)
TRIED = """without_number: fill
services:
  register.person:
    attributes: [personal_id, full_name, birth_date, life_status]
"""
SCOPE = """scopes:
  - scope: register
    service: register.person
    attributes: [personal_id, full_name, birth_date, gender, life_status]
    document: SANDBOX-REGISTER
    published_on: "2026-01-15"
    mark: sandbox
"""
AN = {"bsn": "537534982", "name": "An de Vries", "born": "1988-04-09", "gender": "female", "life": "alive"}
AN |= {"local": "033188604217"}
BSN = {
    "identifier": {"kind": "nl_bsn", "number": AN["bsn"]},
    "full_name": AN["name"],
    "birth_date": AN["born"],
}
DESCRIBED = {"full_name": AN["name"], "birth_date": AN["born"], "gender": "female"}


class Register:
    """What the register answers, and what it was asked."""

    def __init__(self) -> None:
        self.people: list[dict[str, Any]] = [AN]
        self.is_list = False
        self.asked: list[dict[str, Any]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        return web.json_response(self.people if self.is_list else {"people": self.people})


@asynccontextmanager
async def opened(folder: Path, register: Register, **words: str) -> AsyncIterator[House]:
    """A house with such a register. `words`: of the agreement (`agreed`) and of the mapping (`mapped`, `needs`)."""
    root, peer = folder / "project", web.Application()
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, root / room)
    (root / "schemas/identifiers").mkdir()
    for kind, check, example in (("nl_bsn", "nl_bsn", AN["bsn"]), ("xx_nine", "none", "123456780")):
        text = KIND.format(kind=kind, check=check, example=example)
        (root / f"schemas/identifiers/{kind}.yaml").write_text(text, "utf-8")
    mapped = MAPPING.replace("without_number: fill", f"without_number: {words.get('mapped', 'fill')}")
    mapped = mapped.replace(
        "[full_name, birth_date, gender]", words.get("needs", "[full_name, birth_date, gender]")
    )
    if words.get("is_list"):
        mapped = mapped.replace("record: people", 'record: "[]"').replace("people: [{", "- {")
        mapped = mapped.replace("life: alive}]", "life: alive}")
    for part in words.get("without", "").split("\n"):
        assert part in mapped
        mapped = mapped.replace(part, "")
    (root / "mappings/sources/register.yaml").write_text(mapped, "utf-8")
    agreed = f"{AGREED}  register.person:\n    attributes: [personal_id, full_name, birth_date, gender, life_status]\n"
    replace(root, "config/agreements/portal.yaml", AGREED, agreed)
    replace(
        root,
        "config/agreements/portal.yaml",
        "services:\n",
        f"without_number: {words.get('agreed', 'fill')}\nservices:\n",
    )
    replace(root, "config/agreements/source_trial.yaml", "services:\n", TRIED)
    replace(root, "config/published_scopes.yaml", "scopes:\n", SCOPE)
    peer.router.add_post("/person", register.answer)
    async with TestServer(peer) as server:
        address = str(server.make_url("")).rstrip("/")
        (root / "config/sources/register.yaml").write_text(SOURCE.format(address=address), "utf-8")
        overrides = {"gateway.policy.without_number": words.get("rate", "50/day")}
        async with build(folder / "state", overrides, root) as house:
            yield house


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[House, Register]]:
    register = Register()
    async with opened(tmp_path_factory.mktemp("register"), register) as house:
        yield house, register


async def ask(house: House, who: dict[str, Any], **more: Any) -> tuple[int, Any]:
    return await house.post("/v1/prefill", {"procedure": "9.000001", "subjects": {"applicant": who}, **more})


def paper(answer: Any) -> str:
    return next(str(one["state"]) for one in answer["papers"] if one["code"] == "id_paper")


def index_of(house: House, exchange: str) -> Any:
    return next(one["subjects"] for one in records(house) if one["exchange"] == exchange)


async def until_found(house: House, who: dict[str, Any], exchange: str) -> None:
    """Records are found within a second after the answer."""
    async with asyncio.timeout(20):
        while True:
            status, found = await house.post("/v1/audit/search", {"subject": who}, "auditor")
            assert status == 200, found
            if exchange in {one["exchange_id"] for one in found["records"]}:
                return
            await asyncio.sleep(0.2)


async def test_person_by_a_number_of_another_country_is_asked_about_and_found_in_the_log(
    stage: tuple[House, Register],
) -> None:
    house, register = stage
    register.people = [AN]
    status, answer = await ask(house, BSN)
    assert status == 200, answer
    assert register.asked[-1] == {"bsn": AN["bsn"], "name": AN["name"], "born": AN["born"]}
    assert answer["fields"]["hoTen"]["value"] == "An de Vries"
    assert answer["fields"]["hoTen"]["doubt"] is None
    assert paper(answer) == "replaced"
    who = {"subject": {"identifier": BSN["identifier"]}}
    await until_found(house, who["subject"], answer["exchange_id"])
    _, used = await house.post("/v1/usage", who, "citizen")
    assert answer["exchange_id"] in str(used)
    for other in (
        {"old_id": AN["bsn"]}, {"passport": AN["bsn"]}, {"identifier": {"kind": "xx_nine", "number": AN["bsn"]}},
    ):  # fmt: skip
        _, found = await house.post("/v1/audit/search", {"subject": other}, "auditor")
        assert answer["exchange_id"] not in {one["exchange_id"] for one in found["records"]}, other


async def test_same_digits_of_another_kind_are_another_person(stage: tuple[House, Register]) -> None:
    house, register = stage
    register.people = [AN]
    kinds = ({"identifier": BSN["identifier"]}, {"passport": AN["bsn"]}, {"old_id": AN["bsn"]})
    indexes = []
    for one in kinds:
        status, answer = await ask(house, {**one, "full_name": AN["name"], "birth_date": AN["born"]})
        assert status == 200, answer
        indexes.append(str(index_of(house, answer["exchange_id"])))
    assert len({*indexes}) == len(kinds)


@pytest.mark.parametrize(
    "wrong",
    [{"bsn": "267883948"}, {"name": "An de Vrees"}, {"born": "1988-04-08"}],
    ids=["number", "name", "born"],
)
async def test_record_of_somebody_else_fills_nothing(
    stage: tuple[House, Register], wrong: dict[str, str]
) -> None:
    house, register = stage
    for who in (BSN, DESCRIBED):
        register.people = [AN | (wrong if who is BSN or "bsn" not in wrong else {"name": "Ane de Vries"})]
        _, answer = await ask(house, who)
        assert answer["fields"]["hoTen"]["value"] is None
        assert paper(answer) == "required"
        assert "033188604217" not in str(answer)
    register.people = [AN]


HOSTILE = [
    "537534983",
    "53753498",
    "5375349820",
    "５３７５３４９８２",
    "5375\u200b34982",
    "\u202e537534982",
    "537534982\x00",
    " 537534982",
    "7" * 10_000,
    "",
    "537534982\n",
]


@pytest.mark.parametrize("number", HOSTILE, ids=range(len(HOSTILE)))
async def test_number_of_a_wrong_form_is_refused_in_words_of_its_kind_and_never_quoted(
    stage: tuple[House, Register], number: str
) -> None:
    house, register = stage
    before = len(register.asked)
    who = {"identifier": {"kind": "nl_bsn", "number": number}}
    for path, body, client in (
        ("/v1/prefill", {"procedure": "9.000001", "subjects": {"applicant": BSN | who}}, "portal"),
        ("/v1/usage", {"subject": who}, "citizen"),
    ):
        status, answer = await house.post(path, body, client)
        assert status == 422, answer
        assert not number.strip() or number not in str(answer)
        assert answer["errors"][0]["pointer"].endswith("/identifier/number")
        if number.isascii() and number.isdigit() and len(number) < 40:
            why = "its check digit is wrong" if len(number) == len(AN["bsn"]) else "9 digits"
            assert re.search(f"Dutch citizen service number.*{why}", answer["detail"]), answer["detail"]
    assert len(register.asked) == before


async def test_unknown_kind_names_the_known_ones(stage: tuple[House, Register]) -> None:
    house, _ = stage
    status, answer = await ask(house, {**BSN, "identifier": {"kind": "nl_bns", "number": AN["bsn"]}})
    assert (status, "nl_bsn" in answer["detail"]) == (422, True)
    status, answer = await ask(house, {**BSN, "personal_id": "033188604217"})
    assert status == 422


async def test_person_without_a_number_fills_in_doubt_and_cuts_no_paper(
    stage: tuple[House, Register],
) -> None:
    house, register = stage
    register.people = [AN]
    status, answer = await ask(house, DESCRIBED)
    assert status == 200, answer
    assert register.asked[-1] == {"name": AN["name"], "born": AN["born"], "gender": "female"}
    assert answer["fields"]["ngaySinh"]["value"] == "09/04/1988"
    assert answer["fields"]["ngaySinh"]["doubt"]["kind"] == "identity_unconfirmed"
    [one] = [one for one in answer["papers"] if one["code"] == "id_paper"]
    assert (one["state"], "identity_unconfirmed" in str(one)) == ("required", True)
    again = {"full_name": "AN  DE VRIES".replace("  ", " "), "birth_date": AN["born"]}
    await until_found(house, {"unnumbered": again}, answer["exchange_id"])


@pytest.mark.parametrize(
    "people",
    [[AN, AN | {"local": "033188604218"}], [AN, AN | {"name": "Bo Jansen"}], [AN | {"born": "1988"}],
     [AN | {"gender": "male"}], [AN | {"gender": None}], [AN | {"name": None}]],
    ids=["two namesakes", "one of two fits", "year only", "another gender", "no gender", "no name"],
)  # fmt: skip
async def test_answer_that_may_be_about_two_people_fills_nothing(
    stage: tuple[House, Register], people: list[dict[str, Any]]
) -> None:
    house, register = stage
    register.people = people
    _, answer = await ask(house, DESCRIBED)
    assert answer["fields"]["hoTen"]["value"] is None
    assert "0331886042" not in str(answer)
    assert "Jansen" not in str(answer)
    if len(people) > 1:
        assert "several_people" in str(answer["fields"]["ngaySinh"])
    register.people = [AN]


@pytest.mark.parametrize(
    "less", [{"gender": None}, {"birth_date": "1988-04"}, {"full_name": None}], ids=["gender", "day", "name"]
)
async def test_person_without_a_number_needs_all_the_rest(
    stage: tuple[House, Register], less: dict[str, Any]
) -> None:
    house, register = stage
    before = len(register.asked)
    status, answer = await ask(house, DESCRIBED | less)
    assert (status, answer["errors"][0]["code"]) == (422, "identifier_missing")
    assert len(register.asked) == before


async def test_predicate_about_a_person_without_a_number_cannot_be_told(
    stage: tuple[House, Register],
) -> None:
    house, register = stage
    register.people = [AN]
    body = {"subject": DESCRIBED, "predicates": ["age_at_least:18"]}
    status, answer = await house.post("/v1/predicates", body)
    assert (status, answer["predicates"]["age_at_least:18"]["answer"]) == (200, "cannot_tell")
    status, answer = await house.post("/v1/predicates", body | {"subject": BSN})
    assert (status, answer["predicates"]["age_at_least:18"]["answer"]) == (200, "yes")


async def test_explain_decides_about_both(stage: tuple[House, Register]) -> None:
    house, _ = stage
    for who in (BSN, DESCRIBED):
        body = {"procedure": "9.000001", "subjects": {"applicant": who}}
        status, answer = await house.post("/v1/explain", body)
        assert (status, answer["allowed"]) == (200, True), answer
        assert AN["name"] not in str(answer)


async def test_names_tried_with_many_birth_dates_are_guesses(stage: tuple[House, Register]) -> None:
    house, register = stage
    register.people = []
    said = [
        await ask(house, {"full_name": "Bo Jansen", "birth_date": f"1990-01-{day:02}", "gender": "male"})
        for day in range(1, 8)
    ]
    assert [status for status, _ in said] == [200] * 5 + [429] * 2
    assert said[-1][1]["rule"] == "unusual:claims"
    register.people = [AN]


async def test_agreement_must_let_persons_without_a_number(tmp_path: Path) -> None:
    register = Register()
    async with opened(tmp_path, register, agreed="no") as house:
        status, answer = await ask(house, DESCRIBED)
        assert (status, answer["code"], answer["rule"]) == (403, "number_missing", "number:none")
        assert not register.asked
        assert (await ask(house, BSN))[0] == 200


@pytest.mark.parametrize(
    ("agreed", "mapped", "state"),
    [
        ("cut", "cut", "replaced"),
        ("fill", "cut", "required"),
        ("cut", "fill", "required"),
        ("cut", "no", "required"),
    ],
)
async def test_paper_is_cut_without_a_number_only_where_both_say_so(
    tmp_path: Path, agreed: str, mapped: str, state: str
) -> None:
    register, words = Register(), {"agreed": agreed, "mapped": mapped}
    if mapped == "no":
        words["needs"] = "[full_name, birth_date]"
    async with opened(tmp_path, register, **words) as house:
        status, answer = await ask(house, DESCRIBED)
        assert (status, paper(answer)) == (200, state)
        assert bool(register.asked) is (mapped != "no")


#: numbers that the register neither asks for nor repeats
INVENTED = ({"passport": "K7204815"}, {"identifier": {"kind": "xx_nine", "number": "123456780"}})


@pytest.mark.parametrize("number", INVENTED, ids=["passport", "identifier"])
@pytest.mark.parametrize("mapped", ["cut", "no"])
async def test_invented_number_beside_a_true_name_cuts_no_paper(
    tmp_path: Path, number: dict[str, Any], mapped: str
) -> None:
    register = Register()
    async with opened(
        tmp_path, register, agreed="cut", mapped=mapped, needs="[full_name, birth_date]"
    ) as house:
        status, answer = await ask(house, {**number, "full_name": AN["name"], "birth_date": AN["born"]})
        assert (status, paper(answer)) == (200, "required")
        if mapped == "cut":
            assert not register.asked
        else:
            assert answer["fields"]["hoTen"]["doubt"]["kind"] == "identity_unconfirmed"


async def test_detail_that_no_answer_repeats_cuts_no_paper(tmp_path: Path) -> None:
    register = Register()
    async with opened(tmp_path, register, agreed="cut", mapped="cut") as house:
        _, answer = await ask(house, DESCRIBED | {"birth_place": "Utrecht"})
        assert register.asked
        assert paper(answer) == "required"


async def test_different_persons_without_a_number_are_counted_for_their_requester(tmp_path: Path) -> None:
    register = Register()
    async with opened(tmp_path, register, rate="2/day") as house:
        said = [
            await ask(house, DESCRIBED | {"full_name": name}) for name in ("An", "Bo", "An", "Cees", "An")
        ]
        assert [status for status, _ in said] == [200, 200, 200, 429, 429]
        assert said[-1][1]["rule"] == "unusual:without_number"
        assert (await ask(house, BSN))[0] == 200


#: what asks by name, and sends name and birth date with the number
SENDS = """, [full_name, birth_date, gender]
    without_number: fill
      name: {from: subject.full_name}
      born: {from: subject.birth_date}"""


@pytest.mark.parametrize("born", [AN["born"], AN["born"][:4], None])
async def test_number_is_confirmed_by_the_birth_date_that_the_answer_has(
    tmp_path: Path, born: str | None
) -> None:
    register = Register()
    register.people = [{**AN, "born": born}]
    async with opened(tmp_path, register, without=SENDS) as house:
        _, answer = await ask(house, BSN)
        assert register.asked == [{"bsn": AN["bsn"]}]
        assert answer["fields"]["hoTen"]["value"] == AN["name"]
        assert (answer["fields"]["hoTen"]["doubt"] is None) is (born == AN["born"])
        assert paper(answer) == ("replaced" if born == AN["born"] else "required")


async def test_list_of_namesakes_is_several_people(tmp_path: Path) -> None:
    register = Register()
    register.is_list = True
    words = {"mapped": "cut", "agreed": "cut", "is_list": "yes"}
    async with opened(tmp_path, register, **words) as house:
        _, answer = await ask(house, DESCRIBED)
        assert answer["fields"]["ngaySinh"]["value"] == "09/04/1988"
        assert paper(answer) == "replaced"
        register.people = [AN, AN | {"local": "033188604218"}]
        _, answer = await ask(house, DESCRIBED)
        assert answer["fields"]["ngaySinh"]["value"] is None
        assert "several_people" in str(answer["fields"]["ngaySinh"])
        assert paper(answer) == "required"


async def test_person_whom_a_name_found_sees_who_asked(stage: tuple[House, Register]) -> None:
    house, register = stage
    register.people = [AN]
    _, form = await ask(house, DESCRIBED, fields=["ngaySinh"])
    _, question = await house.post(
        "/v1/predicates", {"subject": DESCRIBED, "predicates": ["age_at_least:18"]}
    )
    who = {"personal_id": AN["local"]}
    for answer in (form, question):
        await until_found(house, who, answer["exchange_id"])
        _, used = await house.post("/v1/usage", {"subject": who}, "citizen")
        assert answer["exchange_id"] in str(used)
        assert AN["local"] not in str(answer)


async def test_paper_is_kept_for_nobody_without_a_number(stage: tuple[House, Register]) -> None:
    house, _ = stage
    kept = {
        "procedure": "1.013225", "component": "drawings", "file": f"sha256:{'0' * 64}", "file_name": "a.pdf",
        "title": "Bản vẽ", "consent": "cs-abcdefghijkmnpqrstuvwxyz", "dossier": "H31.14-261105-17293",
        "subject": DESCRIBED,
    }  # fmt: skip
    status, answer = await house.post("/v1/papers/keep", kept)
    assert (status, answer["errors"][0]["code"], answer["errors"][0]["pointer"]) == (
        422,
        "identifier_missing",
        "/subject",
    )


async def test_use_of_data_is_shown_by_no_name(stage: tuple[House, Register]) -> None:
    house, _ = stage
    name = {"full_name": AN["name"], "birth_date": AN["born"]}
    for who in ({"unnumbered": name}, {"unnumbered": name, "personal_id": AN["local"]}):
        status, answer = await house.post("/v1/usage", {"subject": who}, "citizen")
        assert (status, answer["errors"][0]["pointer"]) == (422, "/subject")
    year = {"unnumbered": name | {"birth_date": "1988"}}
    status, answer = await house.post("/v1/audit/search", {"subject": year}, "auditor")
    assert (status, answer["errors"][0]["pointer"]) == (422, "/subject/unnumbered/birth_date")


@pytest.mark.parametrize(
    "claims", [{"SoDinhDanh": "033188604217"}, {"SoCMND": "188604217"}], ids=lambda one: next(iter(one))
)
async def test_account_with_a_number_is_not_that_of_an_applicant_without_one(
    stage: tuple[House, Register], claims: dict[str, str]
) -> None:
    house, register = stage
    before = len(register.asked)
    status, answer = await ask(house, DESCRIBED, account=claims)
    assert (status, answer["errors"][0]["code"]) == (422, "account_differs")
    assert len(register.asked) == before


async def test_namesakes_without_a_number_are_not_one_person(stage: tuple[House, Register]) -> None:
    house, _ = stage
    sides = {"male": DESCRIBED | {"gender": "male"}, "female": DESCRIBED}
    status, answer = await house.post("/v1/prefill", {"procedure": "1.000894", "subjects": sides})
    assert status == 200, answer
    assert "one_person_twice" not in {one["code"] for one in answer["warnings"]}


async def test_old_records_of_a_passport_of_nine_digits_are_hinted_at(stage: tuple[House, Register]) -> None:
    house, _ = stage
    for passport, hinted in (("188604217", True), ("K7204815", False)):
        _, found = await house.post("/v1/audit/search", {"subject": {"passport": passport}}, "auditor")
        assert ("passport_of_digits" in str(found["notes"])) is hinted


async def test_requests_of_a_person_by_such_a_number_are_theirs(stage: tuple[House, Register]) -> None:
    house, _ = stage
    who = {"identifier": BSN["identifier"]}
    status, opened_ = await house.post(
        "/v1/subject-requests", {"subject": who, "kind": "access", "text": "Tôi muốn biết."}, "citizen"
    )
    assert status == 200, opened_
    found = {}
    for name, one in (("own", who), ("other", {"passport": AN["bsn"]})):
        _, found[name] = await house.post("/v1/subject-requests/search", {"subject": one}, "citizen")
    assert [len(found[name]["requests"]) for name in ("own", "other")] == [1, 0]
    mistyped = {"identifier": {"kind": "nl_bsn", "number": "537534983"}}
    status, wrong = await house.post(
        "/v1/subject-requests", {"subject": mistyped, "kind": "access"}, "citizen"
    )
    assert (status, "537534983" in str(wrong)) == (422, False)


@pytest.mark.parametrize("who", [DESCRIBED, BSN], ids=["unnumbered", "bsn"])
async def test_register_is_tried_about_a_person_without_a_number_and_by_another_number(
    stage: tuple[House, Register], who: dict[str, Any]
) -> None:
    house, register = stage
    register.people = [AN]
    status, tried = await house.post("/v1/sources/register.person/try", {"subject": who}, "operator")
    assert (status, tried["outcome"], tried["values"]) == (200, "found", "masked"), tried
    given = {name: one for name, one in who.items() if name != "identifier"} | {"birth_date": "09/04/1988"}
    given |= {"identifier.nl_bsn": AN["bsn"]} if "identifier" in who else {}
    async with Browser(Town(house, Systems(), cast("MovedClock", None))) as operator:
        await entered(operator, "/ops", "van.hanh")
        form_page = await page(operator, "/ops/sources/try?source=register")
        assert [
            name for name in (*given, "gender", "birth_place") if f'name="{name}"' not in form_page.text
        ] == []
        form = {"csrf": token(form_page), **form_page.hidden("/try"), **given}
        masked = await page(operator, "/ops/sources/try", form)
        shown = await page(operator, "/ops/sources/try", {**form, "show_values": "yes"})
        for name in ("gender", "identifier.nl_bsn"):
            lacking = await page(operator, "/ops/sources/try", {**form, name: ""})
            assert lacking.status == (422 if name in given else 200), lacking.text
    assert (masked.status, shown.status) == (200, 200), masked.text
    assert (AN["name"] in masked.text, AN["bsn"] in masked.text) == (False, False)
    assert ">alive<" in shown.text

"""Sources that came up with YAML alone: the folders of `mappings/examples`, copied into a house as it is delivered.

Each is asked through the door, over the contract of an authority of another country that is strict on loopback.
"""

import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio

from tests.config.test_broken_files import replace
from tests.flows.authorities_abroad import EXAMPLES, Authorities, abroad
from tests.flows.conftest import ROOT, House, build, new_official
from tests.flows.test_records import records
from tests.login.browser import Browser, MovedClock, Systems, Town
from tests.pages.trial import entered, page, token
from tests.scaffold.houses import checked

on_module = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class BringUp:
    """What an example's source is called, about whom it is asked, and what a form has from it."""

    source: str
    service: str
    procedure: str
    subjects: dict[str, Any]
    form: dict[str, str]


BRING_UPS = {
    "soap_signed": BringUp(
        "de_marriage", "Eheauskunft", "9.900001",
        {"requester": {"passport": "C4718306", "full_name": "Phạm Thị Thu", "birth_date": "1991-05-17"}},
        {"ngayKetHon": "14/06/2019", "soDangKy": "E 417/2019", "coQuanDangKy": "Standesamt Musterstadt",
         "hoVoChong": "Beispiel"},
    ),
    "soap_rpc": BringUp(
        "ao_pension", "consultarPensao", "9.900002",
        {"requester": {"personal_id": "033058407319", "full_name": "Hoàng Văn Lực", "birth_date": "1958-02-09"}},
        {"soHuong": "0047-118", "huongTu": "01/10/1989", "mucHuong": "41250.50"},
    ),
    "rest_bearer": BringUp(
        "fr_branch", "etablissement", "9.900003",
        {"requester": {"personal_id": "033091740518", "full_name": "Tạ Văn Nộp", "birth_date": "1991-08-20"},
         "company": {"tax_code": "0308719252"}},
        {"maSoNuocNgoai": "90041827300017", "tenNuocNgoai": "EXEMPLE VIETNAM SARL", "thanhPho": "75000 PARIS",
         "ngayThanhLap": "03/04/2019"},
    ),
    "rest_pages": BringUp(
        "kr_employment", "history", "9.900004",
        {"requester": {"personal_id": "033093618427", "full_name": "Đinh Văn Sáng", "birth_date": "1993-03-12"}},
        {"noiLamViec": "서울기계", "tuNgay": "07/10/2024", "soNoiLamViec": "3"},
    ),
    "rest_problem": BringUp(
        "jp_move", "searchTenshutsu", "9.900005",
        {"requester": {"passport": "P5830194", "full_name": "Lưu Thị Hoài", "birth_date": "1996-11-02"}},
        {"ngayChuyenDi": "30/11/2025", "noiOTruocDay": "見本県見本市一丁目2-3"},
    ),
}  # fmt: skip
#: a file that is dropped into a folder
FOLDER = BringUp(
    "la_permits", "permits", "9.900006",
    {"requester": {"personal_id": "033188204753", "full_name": "Đoàn Văn Tài", "birth_date": "1988-07-21"}},
    {"soGiayPhep": "LA-0995", "coGiaTriDen": "30/06/2029"},
)  # fmt: skip
ALL = {**BRING_UPS, "folder_csv": FOLDER}
SECRETS = {
    "AO_PENSION_SECRET": "pension-secret", "FR_BRANCH_SECRET": "branch-secret",
    "KR_EMPLOYMENT_SECRET": "employment-secret", "JP_MOVE_SECRET": "move-secret",
}  # fmt: skip


def copied(folder: Path, *examples: str) -> Path:
    """A house as it is delivered, and the files of examples beside its own."""
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, folder / room)
    for example in examples:
        before = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        brought = {
            path.relative_to(EXAMPLES / example) for path in (EXAMPLES / example).rglob("*") if path.is_file()
        }
        assert not before & brought, "an example replaces nothing"
        shutil.copytree(EXAMPLES / example, folder, dirs_exist_ok=True)
    return folder


@pytest.mark.parametrize("example", ALL)
def test_copied_folder_is_a_draft_that_check_config_takes(tmp_path: Path, example: str) -> None:
    notes = checked(copied(tmp_path, example))
    draft = f"source {ALL[example].source}: a draft"
    assert any(draft in note for note in notes), notes


def test_every_example_is_brought_up() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == set(ALL)


@dataclass(frozen=True)
class Abroad:
    """A house with all five sources, and the authorities."""

    house: House
    authorities: Authorities

    async def ask(self, example: str) -> Any:
        """In the name of an official who never asked: nothing is shared."""
        one = ALL[example]
        return await self.house.prefill(one.procedure, one.subjects, official=new_official())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def brought_up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Abroad]:
    folder = tmp_path_factory.mktemp("abroad")
    root = copied(folder / "house", *ALL)
    agreed = ", ".join(one.source for one in ALL.values())
    replace(
        root,
        "config/requesters/operator.yaml",
        "agreements: [source_trial]",
        f"agreements: [source_trial, {agreed}]",
    )
    replace(root, "config/requesters/portal.yaml", "agreements: [portal]", f"agreements: [portal, {agreed}]")
    async with abroad(folder) as authorities:
        words = {}
        for one in ALL.values():
            here = f"sources.{one.source}"
            words[f"{here}.url"] = f"{authorities.url}/{one.source[:2]}"
            words[f"{here}.services.{one.service}.enabled"] = "true"
            words[f"{here}.limits.breaker_failures"] = "1000000"
        del words["sources.la_permits.url"]
        answers = EXAMPLES / "folder_csv/schemas/sources/la_permits/answers"
        words["sources.la_permits.options.folder"] = str(shutil.copytree(answers, folder / "drops"))
        signed = "sources.de_marriage.auth"
        words |= {
            f"{signed}.certificate": str(folder / "ours.pem"),
            f"{signed}.key.file": str(folder / "ours.key"),
        }
        words |= {f"{signed}.peer_certificate": str(folder / "theirs.pem")}
        os.environ.update(SECRETS)
        try:
            async with build(folder, words, root) as house:
                yield Abroad(house, authorities)
        finally:
            for name in SECRETS:
                del os.environ[name]


@pytest.fixture
def answers(brought_up: Abroad) -> Any:
    """What the authorities answer in one test."""
    yield brought_up.authorities.mode
    brought_up.authorities.mode.clear()
    assert brought_up.authorities.complaints == []


@on_module
@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize("example", ALL)
async def test_form_is_filled_from_the_new_source(brought_up: Abroad, example: str) -> None:
    one = ALL[example]
    answer = await brought_up.ask(example)
    assert {name: answer["form"].get(name) for name in one.form} == one.form, answer
    for name in one.form:
        evidence = answer["evidence"][answer["fields"][name]["evidence"]]
        assert (evidence["source"], evidence["data_service"]) == (one.source, one.service)
        assert evidence["agreement"] == one.source
        assert evidence["legal_basis"]


OUTCOMES = {
    "nobody": ("not_found", {"no_such_person", "value_blank"}),
    "busy": ("unavailable", {"source_busy"}),
    "broken": ("invalid", {"source_answer_invalid"}),
}


@on_module
@pytest.mark.parametrize("mode", OUTCOMES)
@pytest.mark.parametrize("example", BRING_UPS)
async def test_form_says_why_it_is_not_filled(
    brought_up: Abroad, answers: Any, example: str, mode: str
) -> None:
    one = BRING_UPS[example]
    answers[one.source] = mode
    answer = await brought_up.ask(example)
    [said] = [entry for entry in answer["sources"] if entry["source"] == one.source]
    outcome, reasons = OUTCOMES[mode]
    assert said["outcome"] == outcome, said
    assert said["reason"] in reasons, said
    assert not {*one.form} & {*answer["form"]}


#: role that is tried, an attribute with its place, transforms and result, and one that no agreement gives
TRIED = {
    "soap_signed": ("requester", "married_on", "Eheeintrag.Eheschliessung", ["date_dash"], "2019-06-14", "in_force"),
    "soap_rpc": ("requester", "since", "resposta.pensao.inicio", ["date_vn"], "1989-10-01", "state"),
    "rest_bearer": ("company", "founded_on", "data.date_creation", ["epoch_seconds"], "2019-04-03", "state"),
    "rest_pages": (
        "requester", "last_from", "body.items[latest:acqDt].acqDt", ["date_compact"], "2024-10-07", "last_until",
    ),
    "rest_problem": ("requester", "moved_on", "転出者.転出日", ["date_compact"], "2025-11-30", "was_head"),
}  # fmt: skip


@on_module
@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize("example", TRIED)
async def test_trial_shows_what_became_of_each_attribute(brought_up: Abroad, example: str) -> None:
    one, (role, attribute, path, transform, value, withheld) = BRING_UPS[example], TRIED[example]
    body = {"subject": one.subjects[role], "official": new_official(), "show_values": True}
    status, tried = await brought_up.house.post(
        f"/v1/sources/{one.source}.{one.service}/try", body, "operator"
    )
    assert (status, tried["outcome"]) == (200, "found"), tried
    rows = {row["attribute"]: row for row in tried["attributes"]}
    shown = (rows[attribute]["paths"], rows[attribute]["transform"], rows[attribute]["value"])
    assert shown == ([path], transform, value)
    assert (rows[withheld]["reason"], rows[withheld]["value"]) == ("not_agreed", None)


@on_module
@pytest.mark.usefixtures("answers")
async def test_element_of_a_read_answer_has_its_name(brought_up: Abroad) -> None:
    one = ALL["soap_signed"]
    body = {"subject": one.subjects["requester"], "official": new_official()}
    _, tried = await brought_up.house.post(f"/v1/sources/{one.source}.{one.service}/try", body, "operator")
    element = re.search(r"<(?:\w+:)?Body[^>]*>\s*<([^ >]+)", tried["messages"][0]["answer"]["text"])
    assert element, tried["messages"][0]["answer"]["text"]
    assert "[" not in element[1]


@on_module
@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize(
    ("example", "written"),
    [
        ("rest_pages", ('"includeEnded": xxx', '"formatVersion": 0', '"idType": "xxx"')),
        ("rest_problem", ('"旅券番号": "xxx0000000"', '"生年月日": "00000000"')),
    ],
)
async def test_masks_keep_names_of_any_script_and_what_is_no_text(
    brought_up: Abroad, example: str, written: tuple[str, ...]
) -> None:
    one = BRING_UPS[example]
    body = {"subject": one.subjects["requester"], "official": new_official()}
    _, tried = await brought_up.house.post(f"/v1/sources/{one.source}.{one.service}/try", body, "operator")
    request = tried["messages"][0]["request"]["text"]
    assert [words for words in written if words not in request] == []


@on_module
async def test_trial_of_a_file_shows_what_was_looked_up_and_the_row_that_was_found(
    brought_up: Abroad,
) -> None:
    who = FOLDER.subjects["requester"]

    async def tried(**more: Any) -> Any:
        subject, values = {**who, **more.pop("subject", {})}, more.pop("show_values", False)
        body = {"subject": subject, "official": new_official(), "show_values": values}
        _, found = await brought_up.house.post("/v1/sources/la_permits.permits/try", body, "operator")
        return found, *found["messages"]

    masked, message = await tried()
    assert (masked["outcome"], message["method"], message["url"]) == ("found", "LOOK UP", "permits.csv")
    assert '"personal_id": "000000000000"' in message["request"]["text"]
    row = json.loads(message["answer"]["text"])
    assert (row["personal_id"], row["permit_no"], row["valid_until"]) == (
        "000000000000",
        "xxx·0000",
        "00/00/0000",
    )
    assert who["personal_id"] not in json.dumps(masked)
    shown, message = await tried(show_values=True)
    assert "LA-0995" in [row["value"] for row in shown["attributes"]]
    assert who["personal_id"] in message["request"]["text"]
    assert who["personal_id"] not in message["answer"]["text"]
    nobody, message = await tried(subject={"personal_id": "033188204754"})
    assert (nobody["outcome"], message["answer"]) == ("not_found", None)


@pytest_asyncio.fixture(loop_scope="module")
async def operator(brought_up: Abroad) -> AsyncIterator[Browser]:
    """An operator at the pages of the house."""
    async with Browser(Town(brought_up.house, Systems(), cast("MovedClock", None))) as browser:
        await entered(browser, "/ops", "van.hanh")
        yield browser


@on_module
@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize("example", ALL)
async def test_page_tries_the_new_source(brought_up: Abroad, operator: Browser, example: str) -> None:
    one = ALL[example]
    role, value = {
        **{name: (row[0], row[4]) for name, row in TRIED.items()},
        "folder_csv": ("requester", "LA-0995"),
    }[example]
    subject = dict(one.subjects[role])
    form_page = await page(operator, f"/ops/sources/try?source={one.source}")
    missing = [name for name in subject if f'name="{name}"' not in form_page.text]
    assert missing == [], form_page.text
    if "birth_date" in subject:
        subject["birth_date"] = "/".join(reversed(subject["birth_date"].split("-")))
    form = {"csrf": token(form_page), **form_page.hidden("/try"), **subject}
    form |= {"service": f"{one.source}.{one.service}"}
    masked = await page(operator, "/ops/sources/try", form)
    shown = await page(operator, "/ops/sources/try", {**form, "show_values": "yes"})
    number = next(iter(subject.values()))
    assert (masked.status, shown.status) == (200, 200), masked.text
    assert (value in masked.text, number in masked.text) == (False, False)
    assert (f">{value}<" in shown.text, number in shown.text) == (True, True), shown.text
    noted = [
        r["notes"]["values"]
        for r in records(brought_up.house)
        if "staff" in r["notes"] and "values" in r["notes"]
    ]
    assert noted[-4:] == ["masked", "masked", "shown", "shown"]


@on_module
async def test_every_404_of_the_directory_is_nobody(brought_up: Abroad, answers: Any) -> None:
    answers["fr_branch"] = "nobody"
    for _ in range(5):
        answer = await brought_up.ask("rest_bearer")
        assert [one["outcome"] for one in answer["sources"] if one["source"] == "fr_branch"] == ["not_found"]


@on_module
async def test_problem_that_is_about_our_purpose_is_a_refusal(brought_up: Abroad, answers: Any) -> None:
    answers["jp_move"] = "refused"
    answer = await brought_up.ask("rest_problem")
    [said] = [one for one in answer["sources"] if one["source"] == "jp_move"]
    assert (said["outcome"], said["reason"]) == ("refused", "purpose_not_allowed")


@on_module
@pytest.mark.usefixtures("answers")
async def test_token_that_ends_between_two_questions_is_fetched_anew(brought_up: Abroad) -> None:
    issued = len(brought_up.authorities.tokens)
    for _ in range(2):  # a token is good for the two pages of one question
        assert (await brought_up.ask("rest_pages"))["form"]["soNoiLamViec"] == "3"
    assert len(brought_up.authorities.tokens) >= issued + 1


@on_module
async def test_value_of_a_file_says_as_of_when_it_is(brought_up: Abroad) -> None:
    answer = await brought_up.ask("folder_csv")
    evidence = answer["evidence"][answer["fields"]["soGiayPhep"]["evidence"]]
    assert evidence["source_updated_at"] == "2026-03-01T15:00:00.000Z"

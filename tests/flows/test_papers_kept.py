"""A paper given once is offered the next time: by consent, to the same person, of the same object, while in force."""

import asyncio
import json
from calendar import monthrange
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from adapters.sandbox.served_files import tiny_pdf
from gateway.domain.dates import legal_day
from tests.api.office import fits
from tests.faults.conftest import SERVICES, Say, Stage, always, staged
from tests.flows.conftest import House, new_official, on_session
from tests.flows.test_dossiers import dossier
from tests.flows.test_papers_fetch import fetch
from tests.flows.test_papers_search import PARCEL, changed, subject
from tests.flows.test_records import records

pytestmark = on_session

NEXT = "H31.14-261121-0733"
OTHER_PARCEL = {**PARCEL, "number": "346"}
PDF = tiny_pdf("ban ve 12")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def registers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    services = SERVICES | {"paper_store": "GetKetQuaGiayTo", "land": "thuaDat"}
    async with staged(tmp_path_factory.mktemp("papers"), {}, services=services) as made:
        made.set("paper_store", changed(lambda tree: {**tree, "result": {"DanhSachGiayToKetQua": []}}))
        yield made


async def upload(house: House, content: bytes = PDF, client: str = "portal") -> str:
    headers = {"Authorization": f"Bearer {await house.token(client)}", "Content-Type": "application/pdf"}
    async with house.session.post(f"{house.url}/v1/files", data=content, headers=headers) as response:
        got = await response.json()
        assert response.status == 200, got
        return str(got["file"])


async def consented(house: House, who: dict[str, Any], **more: Any) -> str:
    given = {
        "subject": {"personal_id": who["personal_id"]}, "purpose": "keep_papers",
        "attributes": {"own_data.kept": ["papers"]}, "text_version": "luu-giay-to-2026-01", "language": "vi",
        "channel": "portal", "expires_at": (datetime.now(UTC) + timedelta(days=400)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **more,
    }  # fmt: skip
    status, got = await house.post("/v1/consents", given)
    assert status == 200, got
    return str(got["consent"])


async def given_in(house: House, who: dict[str, Any], client: str = "portal", **more: Any) -> str:
    """A dossier of this person at this system; the same one again is there already."""
    unit = {"portal": "H31.14", "one_gate": "H31.15"}[client]
    ids = [{"kind": "personal_id", "number": who["personal_id"]}]
    code = f"{unit}-261105-{who['personal_id'][-5:]}"
    body = dossier(**{"code": code, "procedure": "1.013225", "applicant": {"ids": ids}, **more})
    status, got = await house.post("/v1/dossiers", body, client)
    assert status == 202, got
    return str(body["code"])


async def keep(stage: Stage, who: dict[str, Any], consent: str, client: str = "portal", **more: Any) -> Any:
    house = stage.house
    asked = {
        "procedure": "1.013225", "component": "drawings", "file_name": "banve.pdf",
        "title": "Bản vẽ thiết kế", "consent": consent, "subject": who, "object": PARCEL,
        "valid_until": "2060-03-02", **more,
    }  # fmt: skip
    if "dossier" not in asked:
        asked["dossier"] = await given_in(house, who, client)
    if "file" not in asked:
        asked["file"] = await upload(house)
    status, answer = await house.post("/v1/papers/keep", asked, client)
    if status == 200:
        fits("KeptPaper", answer)
    return status, answer


async def offered(
    stage: Stage, who: dict[str, Any], client: str = "portal", **more: Any
) -> list[dict[str, Any]]:
    asked = {
        "procedure": "1.013225", "subjects": {"owner": who, "parcel": PARCEL}, "official": new_official(),
        "dossier": NEXT, **more,
    }  # fmt: skip
    status, answer = await stage.house.post("/v1/papers/search", asked, client)
    assert status == 200, answer
    fits("PaperList", answer)
    return [one for one in answer["papers"] if one["kept"]]


@pytest_asyncio.fixture(loop_scope="session")
async def kept(registers: Stage) -> AsyncIterator[tuple[dict[str, Any], str]]:
    """Somebody whose drawings are kept, and the consent; withdrawn afterwards."""
    who = subject(registers, "mau")
    consent = await consented(registers.house, who)
    status, got = await keep(registers, who, consent)
    assert status == 200, got
    yield who, consent
    await registers.house.post("/v1/consents/withdraw", {"consent": consent})


async def test_paper_given_once_is_offered_and_fetched_for_the_next_dossier(
    registers: Stage, kept: tuple[dict[str, Any], str]
) -> None:
    who, consent = kept
    (paper,) = await offered(registers, who)
    assert (paper["state"], paper["owner"], paper["legal_basis"]) == (
        "offered",
        "owner",
        f"consent:{consent}",
    )
    assert [one["component"] for one in paper["components"]] == ["drawings"]
    status, got = await fetch(registers, paper["files"][0]["reference"], "portal", NEXT)
    assert status == 200, got
    assert (got["size"], got["paper"]["reuse"]) == (len(PDF), "reused")
    assert "from_store" not in got["paper"]
    assert "result_code" not in got["paper"]
    async with registers.house.session.get(got["link"]["url"]) as response:
        assert await response.read() == PDF


async def test_kept_paper_replaces_nothing_by_data(
    registers: Stage, kept: tuple[dict[str, Any], str]
) -> None:
    who, _ = kept
    subjects = {"owner": who, "parcel": PARCEL}
    prefilled = await registers.house.prefill("1.013225", subjects, official=new_official())
    (paper,) = [one for one in prefilled["papers"] if one["code"] == "drawings"]
    assert paper["state"] == "required"


async def test_withdrawn_consent_ends_the_paper_at_once_and_its_file_soon(registers: Stage) -> None:
    who = subject(registers, "thu")
    consent = await consented(registers.house, who)
    assert (await keep(registers, who, consent))[0] == 200
    (paper,) = await offered(registers, who)
    status, _ = await registers.house.post("/v1/consents/withdraw", {"consent": consent})
    assert status == 200
    assert await offered(registers, who) == []
    status, answer = await fetch(registers, paper["files"][0]["reference"], "portal", NEXT)
    assert (status, answer["code"]) == (403, "consent_missing")
    status, answer = await keep(registers, who, consent)
    assert (status, answer["code"]) == (403, "consent_missing")


@pytest.mark.parametrize(("valid_until", "state"), [(-1, None), (0, "offered"), (1, "offered")])
async def test_kept_paper_is_in_force_to_the_end_of_its_last_day_in_viet_nam(
    registers: Stage, valid_until: int, state: str | None
) -> None:
    who = subject(registers, "luu")
    consent = await consented(registers.house, who)
    until = (legal_day(datetime.now(UTC)) + timedelta(days=valid_until)).isoformat()
    status, got = await keep(registers, who, consent, valid_until=until)
    if state is None:
        assert (status, got["errors"][0]["pointer"]) == (422, "/valid_until")
    else:
        # midnight in Việt Nam is 17:00 in Greenwich
        assert got["kept_until"].endswith("T17:00:00.000Z")
        assert [one["state"] for one in await offered(registers, who)] == [state]
    await registers.house.post("/v1/consents/withdraw", {"consent": consent})


async def test_month_or_year_as_the_last_day_counts_to_its_end_in_viet_nam(registers: Stage) -> None:
    who = subject(registers, "luu")
    consent = await consented(registers.house, who)
    today = legal_day(datetime.now(UTC))
    last = today.replace(day=monthrange(today.year, today.month)[1])
    for until, day in ((f"{today:%Y-%m}", f"{last:%Y-%m-%d}"), (f"{today:%Y}", f"{today:%Y}-12-31")):
        status, got = await keep(registers, who, consent, valid_until=until)
        assert (status, got["kept_until"]) == (200, f"{day}T17:00:00.000Z")
    await registers.house.post("/v1/consents/withdraw", {"consent": consent})


async def test_paper_about_another_parcel_is_not_offered(
    registers: Stage, kept: tuple[dict[str, Any], str]
) -> None:
    who, _ = kept
    (paper,) = await offered(registers, who, subjects={"owner": who, "parcel": OTHER_PARCEL})
    assert (paper["state"], paper["files"][0]["reference"]) == ("other_object", None)
    assert paper["components"][0]["reason"]["code"] == "object_differs"


async def test_paper_that_may_be_about_something_is_not_kept_without_it(registers: Stage) -> None:
    who = subject(registers, "mau")
    consent = await consented(registers.house, who)
    status, got = await keep(registers, who, consent, object=None)
    assert (status, got["errors"][0]["pointer"]) == (422, "/object")
    status, got = await keep(registers, who, consent, component="divorce_paper")
    assert (status, got["errors"][0]["pointer"]) == (422, "/component")
    assert "drawings" in got["detail"]


async def test_paper_of_the_spouse_or_of_a_namesake_is_not_offered(
    registers: Stage, kept: tuple[dict[str, Any], str]
) -> None:
    who, _ = kept
    assert await offered(registers, subject(registers, "thu")) == []
    namesake = {**who, "personal_id": "033190481293"}
    assert await offered(registers, namesake) == []


async def test_number_that_was_issued_again_finds_no_paper_of_who_had_it_before(registers: Stage) -> None:
    """The first owner of the number let a paper be kept; the number is another person's by now."""
    now = subject(registers, "mau")
    former = {**now, "full_name": "Lò Thị Trước", "birth_date": "1941-09-09"}
    consent = await consented(registers.house, former)
    assert (await keep(registers, former, consent))[0] == 200
    assert await offered(registers, now) == []
    await registers.house.post("/v1/consents/withdraw", {"consent": consent})


def last_answered(house: House) -> dict[str, Any]:
    """The last record of a request; the dossier is delivered meanwhile."""
    return [one for one in records(house) if one["phase"] != "delivery"][-1]


async def test_other_requester_and_other_consents_find_and_keep_nothing(
    registers: Stage, kept: tuple[dict[str, Any], str]
) -> None:
    who, consent = kept
    assert await offered(registers, who, "one_gate") == []
    status, got = await keep(
        registers, who, consent, "one_gate", file=await upload(registers.house, client="one_gate")
    )
    assert (status, got["code"]) == (403, "consent_missing")
    assert last_answered(registers.house)["phase"] == "refusal"
    status, got = await keep(registers, subject(registers, "thu"), consent)
    assert (status, got["code"]) == (403, "consent_missing")
    values = await consented(
        registers.house, who, purpose="keep_own_data", attributes={"own_data.kept": ["phone"]}
    )
    status, got = await keep(registers, who, values)
    assert (status, got["code"]) == (403, "consent_missing")


async def test_file_of_another_requester_is_not_kept(registers: Stage) -> None:
    who = subject(registers, "mau")
    consent = await consented(registers.house, who)
    foreign = await upload(registers.house, tiny_pdf("only of one gate"), "one_gate")
    status, got = await keep(registers, who, consent, file=foreign)
    assert (status, got["code"]) == (404, "file_unknown")


async def test_result_code_carries_a_paper_to_the_component_that_takes_it_and_revocation_ends_it(
    registers: Stage,
) -> None:
    who = subject(registers, "mau")
    consent = await consented(registers.house, who)
    status, got = await keep(
        registers,
        who,
        consent,
        component="land_certificate_copy",
        result_code="KQ.G10.900001",
        reference="CK 225177",
    )
    assert status == 200, got
    elsewhere: dict[str, Any] = {
        "procedure": "1.004222",
        "subjects": {"applicant": who, "owner": who, "parcel": PARCEL},
    }
    (paper,) = await offered(registers, who, **elsewhere)
    assert (paper["state"], paper["components"][0]["component"]) == ("offered", "lawful_dwelling")
    registers.peers["land"].say = changed(
        lambda tree: {**tree, "DC_GiayChungNhan": {**tree.get("DC_GiayChungNhan", {}), "trangThai": "2"}}
    )
    try:
        (paper,) = await offered(registers, who)
    finally:
        registers.peers["land"].say = None
    assert (paper["state"], paper["files"][0]["reference"]) == ("not_in_force", None)
    await registers.house.post("/v1/consents/withdraw", {"consent": consent})


def certificate(**change: str) -> Say:
    """The land database has this of the certificate of the parcel."""
    return changed(lambda tree: {**tree, "DC_GiayChungNhan": {**tree.get("DC_GiayChungNhan", {}), **change}})


@pytest.mark.parametrize(
    ("reference", "says", "state", "reason"),
    [
        ("CK 225177", None, "offered", None),
        # valid for years by its last day, but nobody can say that it was not withdrawn
        ("CK 225177", always(b"<html>"), "undecided", "source_answer_invalid"),
        # another certificate was issued for this parcel since
        ("CK 225177", certificate(soPhatHanh="DB 610384"), "other_object", "object_differs"),
        ("CK 225177", certificate(soPhatHanh=""), "undecided", "condition_unknown"),
        ("CK 225177", certificate(trangThai=""), "undecided", "condition_unknown"),
        ("CK 225177", certificate(trangThai="2"), "not_in_force", "not_in_force"),
        # the paper names no number: it may be the one before
        (None, None, "undecided", "condition_unknown"),
    ],
)
async def test_kept_certificate_is_offered_only_while_evidence_says_that_it_is_the_one_in_force(
    registers: Stage, reference: str | None, says: Say | None, state: str, reason: str | None
) -> None:
    who = subject(registers, "mau")
    consent = await consented(registers.house, who)
    status, got = await keep(
        registers, who, consent, component="land_certificate_copy", reference=reference, result_code="KQ.G10.900001"
    )  # fmt: skip
    assert status == 200, got
    registers.peers["land"].say = says
    try:
        (paper,) = await offered(registers, who)
    finally:
        registers.peers["land"].say = None
        await registers.house.post("/v1/consents/withdraw", {"consent": consent})
    (component,) = paper["components"]
    assert (paper["state"], component.get("reason", {}).get("code")) == (state, reason)
    assert (component["replaces"], paper["reference"]) == ("yes" if state == "offered" else "no", reference)
    assert (paper["files"][0]["reference"] is None) is (state != "offered")
    assert ("advice" in component) is (state != "offered")


async def test_paper_that_nothing_says_is_in_force_is_not_offered(registers: Stage) -> None:
    who = subject(registers, "mau")
    consent = await consented(registers.house, who)
    assert (await keep(registers, who, consent, valid_until=None))[0] == 200
    (paper,) = await offered(registers, who)
    assert (paper["state"], paper["files"][0]["reference"]) == ("undecided", None)
    assert paper["components"][0]["replaces"] == "no"
    assert paper["components"][0]["advice"]["vi"]
    await registers.house.post("/v1/consents/withdraw", {"consent": consent})


async def test_person_whose_name_or_birth_date_changed_finds_nothing(
    registers: Stage, kept: tuple[dict[str, Any], str]
) -> None:
    who, _ = kept
    for change in ({"full_name": "Trần Thị Mẫu Mới"}, {"birth_date": "1990-02-16"}):
        assert await offered(registers, {**who, **change}) == []


async def test_keeping_under_an_idempotency_key_is_done_once(registers: Stage) -> None:
    house, who = registers.house, subject(registers, "mau")
    consent = await consented(house, who)
    asked = {
        "procedure": "1.013225", "component": "drawings", "dossier": await given_in(house, who),
        "file_name": "banve.pdf", "title": "Bản vẽ thiết kế", "consent": consent, "subject": who,
        "object": PARCEL, "file": await upload(house),
    }  # fmt: skip
    headers = {
        "Authorization": f"Bearer {await house.token('portal')}",
        "Idempotency-Key": "luu-giay-to-0001",
    }
    answers = []
    for _ in range(2):
        async with house.session.post(f"{house.url}/v1/papers/keep", json=asked, headers=headers) as response:
            answers.append(
                (response.status, response.headers.get("Idempotency-Replayed"), await response.read())
            )
    assert [(status, replayed) for status, replayed, _ in answers] == [(200, None), (200, "true")]
    assert answers[0][2] == answers[1][2]
    of_consent = [
        one for one in records(house) if one["result"] == "kept" and one["basis"] == f"consent:{consent}"
    ]
    assert len(of_consent) == 1
    await house.post("/v1/consents/withdraw", {"consent": consent})


async def test_same_paper_kept_twice_is_kept_once(registers: Stage) -> None:
    who = subject(registers, "mau")
    consent = await consented(registers.house, who)
    file = await upload(registers.house)
    one, two = [await keep(registers, who, consent, file=file) for _ in range(2)]
    assert one[1]["paper"] == two[1]["paper"]
    assert len(await offered(registers, who)) == 1
    await registers.house.post("/v1/consents/withdraw", {"consent": consent})


async def test_records_of_keeping_name_consent_and_digest_and_no_name(
    registers: Stage, kept: tuple[dict[str, Any], str]
) -> None:
    who, consent = kept
    last = next(one for one in reversed(records(registers.house)) if one["result"] == "kept")
    assert (last["phase"], last["purpose"], last["basis"]) == ("consent", "keep_papers", f"consent:{consent}")
    assert last["dossier"] == await given_in(registers.house, who)
    assert last["notes"]["operation"] == "paper_kept"
    assert who["full_name"] not in json.dumps(last, ensure_ascii=False)
    assert "banve" not in json.dumps(last)


async def test_nothing_of_a_kept_paper_is_readable_in_the_state_folder(
    registers: Stage, kept: tuple[dict[str, Any], str]
) -> None:
    who, _ = kept
    await asyncio.sleep(0)
    for path in registers.house.state.rglob("*"):
        if path.is_file() and path.name.startswith("consents.sqlite"):
            content = path.read_bytes()
            assert who["full_name"].encode() not in content
            assert b"banve" not in content


async def test_dossier_of_another_person_or_system_or_of_nobody_is_none_to_keep_from(
    registers: Stage,
) -> None:
    house, who = registers.house, subject(registers, "mau")
    consent = await consented(house, who)
    others = [
        await given_in(house, {"personal_id": "033191527384"}, code="H31.14-261105-0521"),
        await given_in(house, who, "one_gate", code="H31.14-261105-0522"),
        "H31.14-261105-0529",
    ]
    for code in others:
        status, got = await keep(registers, who, consent, dossier=code)
        assert (status, got["code"]) == (404, "dossier_unknown")
        record = records(house)[-1]
        assert (record["phase"], record["result"], record["dossier"]) == ("refusal", "dossier_unknown", code)
        assert (record["rules"], record["notes"]["operation"]) == (["dossier:owner"], "paper_kept")
    status, got = await keep(
        registers, who, consent, dossier=await given_in(house, who, code="H31.14-261105-0523")
    )
    assert status == 200, got
    await house.post("/v1/consents/withdraw", {"consent": consent})


async def test_paper_is_kept_from_a_dossier_that_names_the_older_number_or_that_a_portal_forwarded(
    registers: Stage,
) -> None:
    house, who = registers.house, subject(registers, "mau")
    consent = await consented(house, who)
    ids = [{"kind": "old_id", "number": "145827364"}]
    code = await given_in(house, who, code="H31.14-261105-0524", applicant={"ids": ids})
    assert (await keep(registers, who, consent, dossier=code))[0] == 404
    assert (await keep(registers, {**who, "old_id": "145827364"}, consent, dossier=code))[0] == 200
    submitted = {"code": "H31-QG-0525", "persona": "mau", "procedure": "1.013225"}
    order = {"to": house.url, "dossiers": [submitted]}
    async with house.session.post(f"{house.control}/portal/submit", json=order) as answer:
        assert (await answer.json())["taken"] == 1
    assert (await keep(registers, who, consent, dossier="H31-QG-0525"))[0] == 200
    await house.post("/v1/consents/withdraw", {"consent": consent})
    await registers.house.post("/v1/consents/withdraw", {"consent": consent})


async def test_fetched_paper_goes_into_a_dossier_as_it_is_and_a_doubtful_code_is_a_warning(
    registers: Stage, kept: tuple[dict[str, Any], str]
) -> None:
    who, _ = kept
    (paper,) = await offered(registers, who)
    _, got = await fetch(registers, paper["files"][0]["reference"], "portal", NEXT)
    doubtful = {
        "component": "drawings",
        "from_store": True,
        "reuse": "replaced",
        "result_code": "KQ.G10.900001",
    }
    ids = [{"kind": "personal_id", "number": who["personal_id"]}]
    papers = [got["paper"], doubtful]
    body = dossier(code=NEXT, procedure="1.013225", applicant={"ids": ids}, papers=papers)
    status, answer = await registers.house.post("/v1/dossiers", body)
    assert status == 202, answer
    assert [(one["code"], one["pointer"]) for one in answer["warnings"]] == [
        ("result_code_unknown", "/papers/1/result_code")
    ]
    assert answer["warnings"][0]["detail_vi"]


async def listed(house: House, who: dict[str, Any], client: str, **more: Any) -> dict[str, Any]:
    status, answer = await house.post("/v1/papers/list", {"subject": who, **more}, client)
    assert status == 200, answer
    fits("PapersOfPerson", answer)
    found: dict[str, Any] = answer
    return found


async def test_person_sees_all_papers_that_are_here_page_by_page_and_the_look_is_recorded(
    registers: Stage,
) -> None:
    house, who = registers.house, subject(registers, "quan")
    consent = await consented(house, who)
    named = {"ids": [{"kind": "personal_id", "number": who["personal_id"]}], "name": who["full_name"]}
    file = await upload(house)
    paper = {"title": "Bản vẽ", "file": file, "file_name": "banve.pdf"}
    codes = {
        await given_in(house, who, applicant=named, papers=[paper], code=f"H31.14-261105-7000{place}")
        for place in range(3)
    }
    _, made = await keep(registers, who, consent, file=file, dossier="H31.14-261105-70001")
    first = await listed(house, who, "citizen", limit=2)
    second = await listed(house, who, "citizen", limit=2, cursor=first["next"])
    assert [one["paper"] for one in first["kept"]] == [made["paper"]]
    assert first["kept"][0]["object"] == {
        "kind": "parcel",
        "commune": "11953",
        "sheet": "12",
        "number": "345",
    }
    assert (second["kept"], second["next"], first["missing"]) == ([], None, [])
    assert {one["code"] for one in (*first["dossiers"], *second["dossiers"])} == codes
    assert {part["file"] for one in first["dossiers"] for part in one["papers"]} == {file}
    looks = [one for one in records(house) if one["exchange"] == first["exchange_id"]]
    assert [(one["phase"], one["notes"]["operation"]) for one in looks] == [("lookup", "papers_listed")]
    assert who["personal_id"] not in json.dumps([looks, first])
    await house.post("/v1/consents/withdraw", {"consent": consent})


async def test_paper_kept_under_the_older_number_is_found_by_both_numbers_of_the_same_person(
    registers: Stage,
) -> None:
    both = {**subject(registers, "mau"), "old_id": "033615284"}
    older = {name: value for name, value in both.items() if name != "personal_id"}
    consent = await consented(registers.house, both, subject={"old_id": older["old_id"]})
    ids = [{"kind": "old_id", "number": older["old_id"]}]
    body = dossier(code="H31.14-261105-61528", procedure="1.013225", applicant={"ids": ids})
    assert (await registers.house.post("/v1/dossiers", body))[0] == 202
    status, got = await keep(registers, older, consent, dossier=body["code"])
    assert status == 200, got
    (paper,) = await offered(registers, both)
    status, got = await fetch(registers, paper["files"][0]["reference"], "portal", NEXT)
    assert (status, got["size"]) == (200, len(PDF))
    assert not await offered(registers, subject(registers, "mau"))
    namesake = {**subject(registers, "trang"), "old_id": older["old_id"]}
    assert not await offered(registers, namesake)
    await registers.house.post("/v1/consents/withdraw", {"consent": consent})


async def test_parcel_is_one_however_its_numbers_are_written(
    registers: Stage, kept: tuple[dict[str, Any], str]
) -> None:
    who, _ = kept
    again = {**PARCEL, "sheet": f"0{PARCEL['sheet']}", "number": f"00{PARCEL['number']}"}
    (paper,) = await offered(registers, who, subjects={"owner": who, "parcel": again})
    assert paper["state"] == "offered"


@pytest.mark.parametrize("change", [{"full_name": "NGUYEN VAN KHAC"}, {"birth_date": "1989-01-01"}])
async def test_kept_paper_of_a_number_that_was_issued_again_is_not_listed(
    registers: Stage, kept: tuple[dict[str, Any], str], change: dict[str, str]
) -> None:
    who, _ = kept
    assert (await listed(registers.house, who, "citizen"))["kept"]
    assert (await listed(registers.house, {**who, **change}, "citizen"))["kept"] == []


async def test_papers_are_listed_only_by_scope_and_with_number_name_and_birth_date(registers: Stage) -> None:
    who = subject(registers, "mau")
    status, answer = await registers.house.post("/v1/papers/list", {"subject": who}, "one_gate")
    assert (status, answer["code"]) == (403, "scope_missing")
    for name in ("full_name", "birth_date", "personal_id"):
        less = {key: value for key, value in who.items() if key != name}
        status, answer = await registers.house.post("/v1/papers/list", {"subject": less}, "citizen")
        assert (status, answer["errors"][0]["pointer"]) == (422, "/subject")

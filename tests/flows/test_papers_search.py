"""A search offers the papers of the person asked about, of this object and in force; nobody else's is ever shown."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from gateway.domain.dates import legal_day
from tests.api.office import fits
from tests.faults.conftest import SERVICES, Good, Say, Stage, body, found, staged
from tests.flows.conftest import new_official, on_session
from tests.flows.test_records import records

pytestmark = on_session

#: a parcel of `mau` and `thu`, and its certificate
PARCEL = {"commune": "11953", "sheet": "12", "number": "345"}
CERTIFICATE = {"MaKetQua": "KQ.G10.900001", "SoKyHieu": "CK 225177", "TenGiayTo": "GCN quyền sử dụng đất"}
OTHER_PERSON = ("invalid", "source_answer_other_person")
STRANGER = "033057391846"
DOSSIER = "H31.14-261105-0417"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def registers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A gateway whose registers may answer anything."""
    services = SERVICES | {"paper_store": "GetKetQuaGiayTo", "land": "thuaDat"}
    async with staged(tmp_path_factory.mktemp("papers"), {}, services=services) as made:
        yield made


def subject(stage: Stage, key: str) -> dict[str, Any]:
    one = next(one for one in stage.house.personas if one["key"] == key)
    return {word: one[word] for word in ("personal_id", "full_name", "birth_date") if one[word]}


def stored(*rows: dict[str, Any]) -> Say:
    """The store answers these rows, each with a file."""
    papers = [
        {"CoQuanChuQuan": "000.00.00.H31", "DanhSachTepDinhKem": [{"TenTep": "gcn.pdf", "DuongDan": "/f/1/gcn.pdf"}]}
        | row
        for row in rows
    ]  # fmt: skip
    return changed(lambda tree: {**tree, "result": {"DanhSachGiayToKetQua": papers}})


def changed(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Say:
    return body(lambda good: json.dumps(change(json.loads(good.text)), ensure_ascii=False))


async def search(stage: Stage, client: str = "one_gate", **more: Any) -> Any:
    asked = {
        "procedure": "1.013225",
        "subjects": {"owner": subject(stage, "mau"), "parcel": PARCEL},
        "official": new_official(),
        "dossier": DOSSIER,
        **more,
    }
    status, answer = await stage.house.post("/v1/papers/search", asked, client)
    if status == 200:
        fits("PaperList", answer)
    return status, answer


async def papers(stage: Stage, **more: Any) -> list[dict[str, Any]]:
    status, answer = await search(stage, **more)
    assert status == 200, answer
    shown: list[dict[str, Any]] = answer["papers"]
    return shown


def day(behind: int) -> str:
    return (legal_day(datetime.now(UTC)) + timedelta(days=behind)).strftime("%d/%m/%Y")


async def test_paper_in_force_of_this_parcel_is_offered_with_a_reference_and_no_path(
    registers: Stage,
) -> None:
    registers.set("paper_store", stored({**CERTIFICATE, "ThoiHanHieuLuc": "02/03/2060"}))
    status, answer = await search(registers)
    assert status == 200, answer
    (paper,) = answer["papers"]
    assert (paper["state"], paper["owner"], paper["kept"], paper["sandbox"]) == (
        "offered",
        "owner",
        False,
        True,
    )
    assert (paper["reference"], paper["valid_until"]) == ("CK 225177", "2060-03-02")
    (component,) = paper["components"]
    assert (component["component"], component["replaces"]) == ("land_certificate_copy", "yes")
    (file,) = paper["files"]
    assert file["name"] == "gcn.pdf"
    assert len(file["reference"]) > 100
    assert "/f/1/" not in json.dumps(answer)
    assert paper["legal_basis"]


async def test_search_decides_as_a_prefill_of_the_same_and_leaves_the_same_records(registers: Stage) -> None:
    registers.set("paper_store", stored(CERTIFICATE))
    status, answer = await search(registers)
    assert status == 200
    ours = [one for one in records(registers.house) if one["exchange"] == answer["exchange_id"]]
    assert [one["phase"] for one in ours] == ["intent", "outcome"]
    assert {(one["procedure"], one["dossier"], one["purpose"]) for one in ours} == {
        ("1.013225", DOSSIER, "construction_permit")
    }
    called = {call["source"]: call["outcome"] for call in ours[1]["calls"]}
    assert called["paper_store"] == "found"
    assert ours[1]["notes"]["operation"] == "papers_search"
    assert (ours[1]["notes"]["shown"], ours[1]["notes"]["offered"]) == (1, 1)
    assert list(ours[1]["fields"]) == ["papers"]
    asked = {"owner": subject(registers, "mau"), "parcel": PARCEL}
    prefilled = await registers.house.prefill("1.013225", asked, official=new_official())
    (paper,) = [one for one in prefilled["papers"] if one["code"] == "land_certificate_copy"]
    assert paper["state"] in {"reusable", "replaced"}


async def test_no_path_of_a_file_leaves_with_a_prefill(registers: Stage) -> None:
    registers.set("paper_store", stored(CERTIFICATE))
    asked = {"owner": subject(registers, "mau"), "parcel": PARCEL}
    prefilled = await registers.house.prefill("1.013225", asked, official=new_official())
    (paper,) = [one for one in prefilled["papers"] if one["code"] == "land_certificate_copy"]
    assert paper["state"] == "reusable"
    assert "/f/1/" not in json.dumps(prefilled)


@pytest.mark.parametrize(
    "words",
    [
        {"SoDinhDanhChuSoHuu": STRANGER},
        {"MaChuGiayTo": STRANGER},
        {"TenGiayTo": f"GCN quyền sử dụng đất {STRANGER}"},
        {"TenGiayTo": "GCN quyền sử dụng đất của Nguyễn Văn Khác"},
        {"TenGiayTo": "GCN quyền sử dụng đất của ông Nguyễn Văn Khác"},
        {"TenGiayTo": "GCN quyền sử dụng đất của ông (bà) Nguyễn Văn Khác, Trần Thị Lạ"},
        # a namesake: the number decides, not the name
        {"HoTenChuSoHuu": "TRẦN THỊ MẪU", "SoDinhDanhChuSoHuu": STRANGER},
        # the spouse
        {"HoTenChuSoHuu": "PHẠM VĂN THỬ", "SoDinhDanhChuSoHuu": "033085004321"},
    ],
)
async def test_paper_of_another_owner_is_never_shown(registers: Stage, words: dict[str, str]) -> None:
    registers.set("paper_store", stored({**CERTIFICATE, **words}))
    status, answer = await search(registers)
    assert status == 200
    assert answer["papers"] == []
    assert found(answer)["paper_store"] == OTHER_PERSON
    assert "CK 225177" not in json.dumps(answer)


async def test_one_row_of_another_owner_hides_the_whole_answer(registers: Stage) -> None:
    registers.set("paper_store", stored(CERTIFICATE, {**CERTIFICATE, "SoDinhDanhChuSoHuu": STRANGER}))
    assert await papers(registers) == []


async def test_number_that_was_issued_again_to_somebody_else_finds_no_paper(registers: Stage) -> None:
    """A personal id is no immutable key: number, name and birth date must belong together."""
    registers.set("paper_store", stored(CERTIFICATE))
    former = {**subject(registers, "mau"), "full_name": "Lò Thị Trước", "birth_date": "1941-09-09"}
    status, answer = await search(registers, subjects={"owner": former, "parcel": PARCEL})
    assert status == 200
    assert answer["papers"] == []
    assert found(answer)["paper_store"][0] in {"no_match", "found"}
    assert "CK 225177" not in json.dumps(answer)


async def test_while_nobody_confirms_the_number_its_papers_are_not_offered(registers: Stage) -> None:
    registers.set("paper_store", stored(CERTIFICATE))
    registers.peers["population"].say = body(lambda _: "", kind="text/html")
    assert [one["state"] for one in await papers(registers)] in ([], ["undecided"])


async def test_papers_of_a_newborn_are_not_looked_for_at_a_parent(registers: Stage) -> None:
    peer = registers.set("paper_store", stored(CERTIFICATE))
    mother = subject(registers, "mau")
    subjects = {"requester": mother, "mother": {"same_as": "requester"}, "child": {}}
    shown = await papers(registers, procedure="1.001193", subjects=subjects, owner="child")
    assert shown == []
    assert peer.calls == []


async def test_certificate_of_another_parcel_is_not_offered(registers: Stage) -> None:
    registers.set("paper_store", stored({**CERTIFICATE, "SoKyHieu": "CH 40817263"}))
    (paper,) = await papers(registers)
    assert (paper["state"], paper["files"][0]["reference"]) == ("other_object", None)
    assert paper["components"][0]["reason"]["code"] == "object_differs"


async def test_certificate_of_a_marriage_with_somebody_else_is_not_offered(registers: Stage) -> None:
    marriage = {"MaKetQua": "KQ.G15.900002", "SoKyHieu": "12/2015", "TenGiayTo": "GCN kết hôn"}
    registers.set("paper_store", stored(marriage))
    mother, others = subject(registers, "mau"), {}
    for father in ("thu", "luu"):
        subjects = {
            "requester": mother,
            "mother": {"same_as": "requester"},
            "father": subject(registers, father),
        }
        (paper,) = await papers(registers, procedure="1.001193", subjects=subjects)
        others[father] = paper["state"]
    assert others["thu"] == "offered"
    assert others["luu"] != "offered"


@pytest.mark.parametrize(
    ("until", "state"), [(-1, "expired"), (0, "offered"), (1, "offered"), ("Không thời hạn", "expired")]
)
async def test_paper_is_valid_to_the_end_of_its_last_day_in_viet_nam(
    registers: Stage, until: int | str, state: str
) -> None:
    written = day(until) if isinstance(until, int) else until
    registers.set("paper_store", stored({**CERTIFICATE, "ThoiHanHieuLuc": written}))
    (paper,) = await papers(registers)
    assert paper["state"] == state
    assert (paper["files"][0]["reference"] is None) is (state != "offered")


async def test_withdrawn_certificate_is_not_in_force(registers: Stage) -> None:
    registers.set("paper_store", stored(CERTIFICATE))
    withdrawn = {"trangThai": "2"}
    registers.peers["land"].say = changed(
        lambda tree: {**tree, "DC_GiayChungNhan": {**tree.get("DC_GiayChungNhan", {}), **withdrawn}}
    )
    (paper,) = await papers(registers)
    assert (paper["state"], paper["files"][0]["reference"]) == ("not_in_force", None)


async def test_paper_with_another_result_code_is_not_shown(registers: Stage) -> None:
    registers.set("paper_store", stored({**CERTIFICATE, "MaKetQua": "KQ.G15.900002"}))
    assert await papers(registers) == []


async def test_result_code_that_the_procedure_does_not_take_is_refused_before_anything_is_asked(
    registers: Stage,
) -> None:
    peer = registers.set("paper_store", None)
    status, answer = await search(registers, result_codes=["KQ.G10.900001", "KQ.G15.900002"])
    assert (status, answer["code"]) == (422, "value_not_possible")
    assert answer["errors"][0]["pointer"] == "/result_codes/1"
    assert "KQ.G10.900001" in answer["detail"]
    assert peer.calls == []


async def test_procedure_that_takes_no_stored_paper_asks_nobody(registers: Stage) -> None:
    peer = registers.set("paper_store", None)
    who = subject(registers, "mau")
    shown = await papers(registers, procedure="1.004873", subjects={"requester": who, "person": who})
    assert shown == []
    assert peer.calls == []


@pytest.mark.parametrize(("client", "code"), [("citizen", "scope_missing"), ("auditor", "scope_missing")])
async def test_requester_without_the_scope_is_refused_and_recorded(
    registers: Stage, client: str, code: str
) -> None:
    peer = registers.set("paper_store", None)
    status, answer = await search(registers, client)
    assert (status, answer["code"]) == (403, code)
    assert records(registers.house)[-1]["phase"] == "refusal"
    assert peer.calls == []


async def test_purpose_that_the_agreement_does_not_have_is_refused_and_recorded(registers: Stage) -> None:
    peer = registers.set("paper_store", None)
    status, answer = await search(registers, purpose="eligibility")
    assert status == 403
    last = records(registers.house)[-1]
    assert (last["phase"], last["exchange"]) == ("refusal", answer["exchange_id"])
    assert peer.calls == []


async def test_store_that_hangs_is_named_and_nothing_is_offered(registers: Stage) -> None:
    async def silent(_good: Good, _writer: Any) -> None:
        return

    registers.set("paper_store", silent)
    status, answer = await search(registers, deadline_ms=300)
    assert status == 200
    assert answer["papers"] == []
    assert found(answer)["paper_store"] == ("unavailable", "deadline_reached")


@pytest.mark.parametrize("content", [b"<html>login</html>", b"", b'{"errorCode":"0","result":', b"[]"])
async def test_answer_that_cannot_be_read_offers_nothing(registers: Stage, content: bytes) -> None:
    registers.set("paper_store", body(lambda good: content if b"GetKetQua" in good.asked else good.body))
    status, answer = await search(registers)
    assert status == 200
    assert answer["papers"] == []
    assert found(answer)["paper_store"][0] == "invalid"


async def test_day_of_issue_to_come_of_one_row_costs_no_paper(registers: Stage) -> None:
    registers.set(
        "paper_store", stored(CERTIFICATE, {**CERTIFICATE, "SoKyHieu": "X 1", "NgayCap": "20/06/2060"})
    )
    _, answer = await search(registers)
    assert {one["reference"]: one["state"] for one in answer["papers"]}["CK 225177"] == "offered"
    named = {"owner": subject(registers, "mau"), "parcel": PARCEL}
    filled = await registers.house.prefill("1.013225", named, official=new_official())
    assert [one["state"] for one in filled["papers"] if one["code"] == "land_certificate_copy"] == [
        "reusable"
    ]

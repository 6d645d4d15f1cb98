"""What does not exist for a caller is recorded: who asked, and for which code; never whose it is."""

from typing import Any

import pytest

from tests.doors.conftest import Street, leaves
from tests.doors.messages import envelope
from tests.doors.messages import step as row
from tests.flows.conftest import House, on_session
from tests.flows.test_dossiers import call, dossier, posted, shown, step

pytestmark = on_session
_NO_DELIVERY = "01KB0000000000000000000000"


def refusals(house: House) -> list[dict[str, Any]]:
    return [
        one for one in leaves(house.state) if one["phase"] == "refusal" and one["result"].endswith("_unknown")
    ]


async def refused(house: House, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """The one record of a request of another system, which is answered 404."""
    before = len(refusals(house))
    status, answer = await call(house, method, path, "national_portal", body)
    assert status == 404, answer
    (record,) = refusals(house)[before:]
    assert (record["exchange"], record["requester"]) == (answer["exchange_id"], "national_portal")
    assert record["result"] == answer["code"]
    assert "one_gate" not in str(record)
    assert not record.get("subjects")
    return record


@pytest.mark.parametrize("is_there", [True, False])
async def test_progress_and_evidence_of_anothers_dossier_are_recorded(patient: House, is_there: bool) -> None:
    mine, theirs = dossier(), dossier()
    assert (await call(patient, "POST", "/v1/dossiers", "national_portal", mine))[0] == 202
    if is_there:
        await posted(patient, theirs)
    entries = [step(mine["code"]), step(theirs["code"])]
    record = await refused(patient, "POST", "/v1/dossiers/progress", {"entries": entries})
    assert (record["dossier"], record["notes"]["operation"]) == (theirs["code"], "progress")
    record = await refused(patient, "POST", "/v1/dossiers/evidence", {"code": theirs["code"]})
    assert (record["dossier"], record["notes"]["operation"]) == (theirs["code"], "evidence")


async def test_code_that_may_be_a_persons_number_is_withheld(patient: House) -> None:
    entries = [step("HS 033193650281")]
    record = await refused(patient, "POST", "/v1/dossiers/progress", {"entries": entries})
    assert record["dossier"] == "withheld"


@pytest.mark.parametrize("is_there", [True, False])
async def test_delivery_of_anothers_dossier_is_recorded(patient: House, is_there: bool) -> None:
    delivery = _NO_DELIVERY
    if is_there:
        theirs = dossier()
        await posted(patient, theirs)
        delivery = (await shown(patient, theirs["code"]))["deliveries"][0]["id"]
    for method, path, operation in (
        ("GET", f"/v1/deliveries/{delivery}", "show"),
        ("POST", f"/v1/deliveries/{delivery}/replay", "delivery_replayed"),
        ("POST", f"/v1/deliveries/{delivery}/drop", "delivery_dropped"),
    ):
        record = await refused(patient, method, path)
        assert record["notes"] == {"operation": operation, "delivery": delivery}
    record = await refused(patient, "POST", "/v1/dossiers/inbox/ack", {"deliveries": [delivery]})
    assert record["notes"] == {"operation": "acknowledge", "delivery": delivery}


async def test_step_of_a_dossier_that_is_not_the_callers_is_recorded_at_the_facade(patient: House) -> None:
    street, theirs = Street(patient), dossier()
    await posted(patient, theirs)
    client = await street.one_gate("national_portal")
    before = len(refusals(patient))
    assert not await client.progress([row(theirs["code"], "4", "20260106101500")])
    notice = {
        "TrangThai": "2",
        "MaHoSo": theirs["code"],
        "NgayXuLy": "20261127090000",
        "NoiDung": "Đã tiếp nhận",
    }
    assert (await client.call("DongBoTrangThaiHoSo", [notice]))["error_code"] == "-1"
    found = refusals(patient)[before:]
    assert [(one["requester"], one["dossier"], one["notes"]["operation"]) for one in found] == [
        ("national_portal", theirs["code"], "progress"), ("national_portal", theirs["code"], "status"),
    ]  # fmt: skip


async def test_step_of_a_dossier_that_the_portal_did_not_forward_is_recorded(patient: House) -> None:
    street, theirs = Street(patient), dossier()
    await posted(patient, theirs)
    before = len(refusals(patient))
    data = {"MaHoSo": theirs["code"], "ThoiDiemXuLy": "20261127100000", "TrangThai": "7"}
    assert (await street.sent("nhanhsdvcqg", envelope(data, "NhanTienDoHoSo")))[0] == -1
    (record,) = refusals(patient)[before:]
    assert (record["requester"], record["dossier"]) == ("national_bus", theirs["code"])

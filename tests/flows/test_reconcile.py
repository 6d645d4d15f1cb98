"""Operators over real HTTP: what differs from the simulated portal is found and mended; what is stuck is sent again."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.dates import legal_day
from tests import typed
from tests.api.office import fits
from tests.flows.conftest import House, build, changed
from tests.flows.test_dossiers import at_portal, call, delivered, dossier, posted, progressed, shown, step
from tests.flows.test_records import records

BUS = "national_bus"
SCOPES = "scopes: [prefill, dossiers, papers]"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose one-gate system sees everybody's dossiers."""
    root = changed(tmp_path / "root", "config/requesters/one_gate.yaml", (SCOPES, SCOPES[:-1] + ", admin]"))
    async with build(tmp_path / "state", {"gateway.relay.reconcile.per_second": "1000"}, root) as made:
        yield made


@pytest.fixture
async def counter(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose one-gate system sees its own dossiers."""
    async with build(tmp_path, {"gateway.relay.reconcile.per_second": "1000"}) as made:
        yield made


async def asked(house: House, path: str, client: str = "one_gate", form: str = "") -> Any:
    status, answer = await call(house, "GET", path, client)
    assert status == 200, answer
    if form:
        fits(form, answer)
    return answer


async def control(house: House, verb: str, **order: Any) -> None:
    async with house.session.post(f"{house.control}/portal/{verb}", json=order) as response:
        assert response.status == 200, await response.text()


async def reconciled(house: House, client: str = "one_gate", **order: Any) -> Any:
    """This client's run with the national bus, when it has ended."""
    status, answer = await call(house, "POST", "/v1/reconciliation", client, {"portal": BUS, **order})
    assert status == 202, answer
    fits("ReconciliationBegun", answer)
    async with asyncio.timeout(20):
        while True:
            runs = (await asked(house, "/v1/reconciliation", client, "Reconciliation"))["runs"]
            run = max((one for one in runs if one["portal"] == BUS), key=lambda one: one["begun_at"])
            if run["state"] != "running":
                return run
            await asyncio.sleep(0.05)


def differences(run: Any) -> dict[str, tuple[str, str, bool]]:
    return {
        one["dossier"]: (one["class"], one["remedy"], one["mended"]) for one in run["report"]["differences"]
    }


async def sent(house: House, count: int = 2, **more: Any) -> str:
    """A dossier that the portal has, with a step of progress."""
    body = dossier(**more)
    await posted(house, body)
    await progressed(house, step(body["code"]))
    await delivered(house, body["code"], count)
    return str(body["code"])


async def test_what_the_portal_lost_or_changed_is_found_and_sent_again(office: House) -> None:
    same, lost, behind, moved, ahead = [await sent(office) for _ in range(5)]
    await control(office, "forget", code=lost)
    await control(office, "drift", code=behind, status="2")
    await control(office, "drift", code=moved, fields={"NgayHenTra": "20260109170000"})
    await control(office, "drift", code=ahead, status="10")
    run = await reconciled(office)
    assert (run["state"], run["report"]["compared"]) == ("done", 5)
    assert differences(run) == {
        lost: ("missing_there", "send", False),
        behind: ("status_behind_there", "send", False),
        moved: ("fields_differ", "send", False),
        ahead: ("status_behind_here", "report_progress", False),
    }
    assert (await at_portal(office, lost)) == {}, "looking mends nothing"

    run = await reconciled(office, apply=True)
    assert {code: mended for code, (_, _, mended) in differences(run).items()} == {
        lost: True, behind: True, moved: True, ahead: False,
    }  # fmt: skip
    await delivered(office, lost, 4)
    await delivered(office, behind, 3)
    await delivered(office, moved, 3)
    row = await at_portal(office, lost)
    assert (row["creates"], row["status"], [status for status, _ in row["progress"]]) == (1, "4", ["4"])
    assert (await at_portal(office, behind))["status"] == "4"
    assert (await at_portal(office, moved))["updates"] == 1
    assert (await at_portal(office, same))["updates"] == 0
    assert set(differences(await reconciled(office))) == {ahead}
    mended = [one for one in records(office) if one["result"] == "dossier_mended"]
    assert {one["dossier"] for one in mended} == {lost, behind, moved}


async def test_other_unit_is_sent_again_and_another_agency_is_left_to_a_person(office: House) -> None:
    same, unit, agency = [await sent(office, agency="000.00.14.H31") for _ in range(3)]
    await control(office, "drift", code=same, fields={"MaDonViXuLy": "H31.14"})
    await control(office, "drift", code=unit, fields={"DonViXuLy": "Sở Mẫu"})
    await control(office, "drift", code=agency, fields={"MaDonViXuLy": "H31.02"})
    run = await reconciled(office, apply=True)
    assert differences(run) == {
        unit: ("fields_differ", "send", True),
        agency: ("fields_differ", "look", False),
    }
    assert {one["dossier"]: one["fields"] for one in run["report"]["differences"]} == {
        unit: ["unit"], agency: ["agency"],
    }  # fmt: skip
    await delivered(office, unit, 3)
    assert set(differences(await reconciled(office))) == {agency}


async def test_metric_and_report_show_what_differs(office: House) -> None:
    code = await sent(office)
    await control(office, "forget", code=code)
    await reconciled(office)
    async with office.session.get(f"{office.admin}/metrics") as response:
        text = await response.text()
    assert 'motlan_dossiers_diverged{class="missing_there",portal="national_bus"} 1.0' in text
    assert 'motlan_dossiers_diverged{class="fields_differ",portal="national_bus"} 0.0' in text


async def test_dossier_filed_on_one_day_and_changed_on_another_is_compared_once(office: House) -> None:
    today = legal_day(_now())
    yesterday = today - timedelta(days=1)
    filed = f"{yesterday}T02:00:00Z"
    codes = [await sent(office, filed_at=filed, received_at=filed) for _ in range(2)]
    await control(office, "drift", code=codes[0], fields={"NgayHenTra": "20260109170000"})
    run = await reconciled(office, since=str(yesterday), until=str(today), apply=True)
    assert run["report"]["compared"] == 2
    assert differences(run) == {codes[0]: ("fields_differ", "send", True)}


async def test_dossier_that_only_the_portal_has_is_named(office: House) -> None:
    await control(office, "submit", to="http://127.0.0.1:9", count=1, give_up_seconds=0)
    run = await reconciled(office)
    assert [one["class"] for one in run["report"]["differences"]] == ["missing_here"]
    assert run["report"]["differences"][0]["remedy"] == "forward_again"


async def test_requester_compares_and_sees_its_own_dossiers_only(counter: House) -> None:
    code = await sent(counter)
    await control(counter, "forget", code=code)
    theirs = await reconciled(counter, "national_portal", apply=True)
    assert (theirs["report"]["compared"], theirs["report"]["differences"]) == (0, [])
    mine = await reconciled(counter)
    assert differences(mine) == {code: ("missing_there", "send", False)}
    runs = (await asked(counter, "/v1/reconciliation", "national_portal"))["runs"]
    assert {run["requester"] for run in runs} == {"national_portal"}
    deliveries = (await asked(counter, "/v1/deliveries", form="Deliveries"))["deliveries"]
    assert code in {one["dossier"] for one in deliveries}
    deliveries = [one for one in deliveries if one["dossier"] == code]
    assert (await asked(counter, "/v1/deliveries", "national_portal"))["deliveries"] == []
    path = f"/v1/deliveries/{deliveries[0]['id']}"
    for method, more in (("GET", ""), ("POST", "/replay"), ("POST", "/drop")):
        status, problem = await call(counter, method, path + more, "national_portal")
        assert (status, problem["code"]) == (404, "delivery_unknown")


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ({"portal": "nowhere"}, 404, "not_found"),
        ({"since": "2026-11-20", "until": "2026-11-19"}, 422, "value_not_possible"),
        ({"since": "2025-11-20", "until": "2026-11-19"}, 422, "value_not_possible"),
        ({"since": "yesterday"}, 422, "value_not_possible"),
    ],
)
async def test_run_that_cannot_be_is_refused(counter: House, order: Any, status: int, code: str) -> None:
    answered, problem = await call(counter, "POST", "/v1/reconciliation", body=order)
    assert answered == status
    assert code in (problem["code"], *(one.get("code") for one in problem.get("errors", ())))


async def test_stuck_delivery_is_told_in_words_and_sent_again(counter: House) -> None:
    # the portal wants 12 digits
    body = dossier(applicant={"ids": [{"kind": "personal_id", "number": "03319152738"}]})
    await posted(counter, body)
    await progressed(counter, step(body["code"]))
    dead = await _dead(counter, body["code"])
    told = await asked(counter, f"/v1/deliveries/{dead['id']}", form="DeliveryShown")
    assert told["held_by"] is None
    newest = (await asked(counter, f"/v1/deliveries?dossier={body['code']}"))["deliveries"][0]
    assert newest["held_by"] == dead["id"]
    waits = await asked(counter, f"/v1/deliveries/{newest['id']}", form="DeliveryShown")
    assert (waits["state"], waits["held_by"]) == ("queued", dead["id"])
    assert f"motlan outbox drop {dead['id']}" in waits["remedy"]["vi"]
    assert [one["what"] for one in told["history"]] == ["queued", "dead"]
    assert told["history"][-1]["vi"].startswith("Dừng gửi.")
    assert told["reason_words"]["en"] == "The receiver refused the message"
    assert told["remedy"]["en"].startswith("Correct the data in the one-gate system")
    status, answer = await call(counter, "POST", f"/v1/deliveries/{dead['id']}/replay")
    assert status == 200, answer
    fits("DeliveryReplayed", answer)
    assert (answer["state"], answer["attempts"]) == ("unconfirmed", 0)
    dead = await _dead(counter, body["code"])
    history = (await asked(counter, f"/v1/deliveries/{dead['id']}"))["history"]
    assert [one["what"] for one in history] == ["queued", "dead", "replayed", "dead"]
    await posted(counter, {**body, "applicant": dossier()["applicant"]})
    states = [one["state"] for one in await delivered(counter, body["code"], 2)]
    assert states == ["delivered", "delivered", "superseded"], "the progress waited for the dossier"
    status, problem = await call(counter, "POST", f"/v1/deliveries/{dead['id']}/replay")
    assert (status, problem["code"]) == (409, "state_differs")
    replayed = [one for one in records(counter) if one["result"] == "delivery_replayed"]
    assert [(one["dossier"], one["notes"]["by"]) for one in replayed] == [(body["code"], "one_gate")]


async def test_stuck_delivery_is_dropped_and_says_so(counter: House) -> None:
    body = dossier(applicant={"ids": [{"kind": "personal_id", "number": "03319152738"}]})
    await posted(counter, body)
    dead = await _dead(counter, body["code"])
    status, answer = await call(counter, "POST", f"/v1/deliveries/{dead['id']}/drop")
    assert status == 200, answer
    fits("DeliveryReplayed", answer)
    assert (answer["state"], answer["reason"]) == ("superseded", "dropped_by_operator")
    told = await asked(counter, f"/v1/deliveries/{dead['id']}", form="DeliveryShown")
    assert [one["what"] for one in told["history"]] == ["queued", "dead", "dropped"]
    assert told["history"][-1]["en"].startswith("An operator dropped it")
    status, problem = await call(counter, "POST", f"/v1/deliveries/{dead['id']}/drop")
    assert (status, problem["code"]) == (409, "state_differs")
    dropped = [one for one in records(counter) if one["result"] == "delivery_dropped"]
    assert [(one["dossier"], one["notes"]["delivery"]) for one in dropped] == [(body["code"], dead["id"])]


async def test_change_that_a_ministry_does_not_take_holds_up_no_step_there(tmp_path: Path) -> None:
    takes = "takes: []", "takes: [dossier, progress]"
    root = changed(tmp_path / "project", "config/portals/ministry_portal.yaml", takes)
    async with build(tmp_path / "state", {}, root) as house:
        body = dossier(agency="000.14.00.H31")
        await posted(house, body)
        await posted(house, {**body, "abstract": "Đổi trích yếu"})
        dead = await _dead(house, body["code"])
        assert (dead["target"], dead["reason"]) == ("ministry_portal", "change_not_taken")
        await progressed(house, step(body["code"]))
        await delivered(house, body["code"], 5)
        there = {
            (one["target"], one["kind"], one["state"])
            for one in (await shown(house, body["code"]))["deliveries"]
        }
        assert ("ministry_portal", "progress", "delivered") in there
        told = await asked(house, f"/v1/deliveries/{dead['id']}", form="DeliveryShown")
        assert [one["what"] for one in told["history"]] == ["queued", "refused"]
        assert told["remedy"]["en"].startswith("Tell the operator of ministry_portal what changed")
        assert told["receiver_said"] == f"{body['code']} đã tồn tại"
        await posted(house, {**body, "abstract": "Đổi lần nữa"})
        async with asyncio.timeout(20):
            while (await asked(house, f"/v1/deliveries/{dead['id']}"))["state"] != "superseded":
                await asyncio.sleep(0.05)


async def test_what_the_receiver_said_is_shown_to_those_who_may_send_again_and_nowhere_else(
    counter: House,
) -> None:
    body = dossier(applicant={"ids": [{"kind": "personal_id", "number": "03319152738"}]})
    await posted(counter, body)
    dead = await _dead(counter, body["code"])
    assert "receiver_said" not in dead
    told = await asked(counter, f"/v1/deliveries/{dead['id']}", form="DeliveryShown")
    words = "data[0].DinhDanhCHS[0].SoDinhDanh không đủ 12 chữ số"
    assert told["receiver_said"] == words
    [shown] = [one for one in records(counter) if one["result"] == "receiver_words_shown"]
    assert (shown["phase"], shown["requester"], shown["dossier"]) == ("lookup", "one_gate", body["code"])
    assert (shown["notes"]["delivery"], list(shown["subjects"])) == (dead["id"], ["owner"])
    status, _ = await call(counter, "GET", f"/v1/deliveries/{dead['id']}", "national_portal")
    assert status == 404
    access = ("--gateway", counter.url, "--client-secret", "sandbox-only-one-gate")
    done = await asyncio.to_thread(typed.motlan, "outbox", "show", dead["id"], *access)
    assert f"Hệ thống nhận viết / the receiver said: {words}" in done.out
    assert words not in json.dumps(records(counter), ensure_ascii=False)
    for file in counter.state.rglob("*"):
        assert not file.is_file() or words.encode() not in file.read_bytes(), file
    # what took its place has no such words, and looking at it is no look-up
    await posted(counter, {**body, "applicant": dossier()["applicant"]})
    newest = next(one for one in await delivered(counter, body["code"], 1) if one["state"] == "delivered")
    assert (await asked(counter, f"/v1/deliveries/{newest['id']}"))["receiver_said"] is None
    assert len([one for one in records(counter) if one["result"] == "receiver_words_shown"]) == 2


async def _dead(house: House, code: str) -> Any:
    async with asyncio.timeout(20):
        while True:
            found = (await asked(house, f"/v1/deliveries?state=dead&dossier={code}"))["deliveries"]
            if found:
                return found[0]
            await asyncio.sleep(0.05)


async def test_deliveries_come_in_pages(counter: House) -> None:
    code = await sent(counter)
    first = await asked(counter, f"/v1/deliveries?dossier={code}&count=1")
    second = await asked(counter, f"/v1/deliveries?dossier={code}&count=1&after={first['next']}")
    assert [one["kind"] for one in (*first["deliveries"], *second["deliveries"])] == ["progress", "dossier"]
    assert second["next"] is None
    status, problem = await call(counter, "GET", "/v1/deliveries?state=lost")
    assert (status, problem["code"]) == (400, "bad_request")


async def test_scores_name_the_dossiers_that_cost_points(counter: House) -> None:
    late = await sent(counter)
    await progressed(counter, step(late, "processed", "2026-01-08T02:00:00Z"))
    await sent(counter, received_at="2026-02-05T01:30:00Z")
    found = await asked(counter, "/v1/scores?month=2026-01", form="Scores")
    [group] = [one for one in found["groups"] if one["procedure"] == "1.004873"]
    assert (group["dossiers"], group["overdue"]) == (1, 0)
    assert group["scores"]["on_time"] == {"counted": 1, "good": 0, "rate": 0.0}
    lost = [one for one in found["lost"] if one["indicator"] == "on_time"]
    assert [(one["dossier"], one["reason"], one["late_seconds"]) for one in lost] == [
        (late, "ended_late", 57_600)
    ]
    assert (await asked(counter, "/v1/scores?month=2026-01&agency=000.00.99.H31"))["groups"] == []
    assert (await asked(counter, "/v1/scores?month=2026-01", "national_portal"))["groups"] == []
    status, _ = await call(counter, "GET", "/v1/scores?month=january")
    assert status == 400


async def test_commands_compare_mend_list_and_score(counter: House) -> None:
    code = await sent(counter)
    await control(counter, "forget", code=code)
    access = ("--gateway", counter.url, "--client-secret", "sandbox-only-one-gate")

    async def said(*words: str) -> typed.Said:
        return await asyncio.to_thread(typed.motlan, *words, *access)

    done = await said("reconcile", "--since", str(legal_day(_now())), "--portal", "national_bus")
    assert (done.code, code in done.out) == (1, True), done.err
    assert "cổng chưa có / missing at the portal" in " ".join(done.out.split())
    assert (await at_portal(counter, code)) == {}
    done = await said("reconcile", "--portal", BUS, "--apply", "--csv")
    assert done.code == 0, done.err
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [(row["dossier"], row["class"], row["mended"]) for row in rows] == [
        (code, "missing_there", "true")
    ]
    await delivered(counter, code, 4)
    done = await said("reconcile", "--portal", BUS, "--json")
    assert (done.code, json.loads(done.out)["runs"][0]["report"]["differences"]) == (0, [])
    done = await said("reconcile", "--last")
    assert done.code == 0
    for portal in ("nowhere", "interlinked"):  # the second cannot be asked about dossiers
        done = await said("reconcile", "--portal", portal)
        assert (done.code, "national_bus" in done.err) == (1, True)

    done = await said("outbox", "list", "--dossier", code)
    assert (done.code, done.out.count("national_bus")) == (0, 4)
    name = json.loads((await said("outbox", "list", "--json", "--limit", "1")).out)["deliveries"][0]["id"]
    assert name in (await said("outbox", "list")).out, "the whole id"
    done = await said("outbox", "show", name)
    assert done.code == 0
    assert "It was queued." in done.out
    assert "Cách xử lý: Không phải làm gì." in done.out
    done = await said("outbox", "replay", name)
    assert (done.code, "dead" in done.err) == (1, True)
    done = await said("outbox", "drop", name)
    assert (done.code, "dead" in done.err) == (1, True)
    assert (await said("outbox", "show", "../x")).code == 2

    done = await said("scores", "--month", "2026-01")
    assert (done.code, "tổng" in done.out) == (0, True)
    done = await said("scores", "--month", "2026-01", "--csv")
    assert code in {row["dossier"] for row in csv.DictReader(io.StringIO(done.out))}
    assert (await said("scores", "--csv", "--json")).code == 2


def _now() -> Any:
    return datetime.now(UTC)


async def test_commands_without_a_gateway_say_how_to_start_one() -> None:
    for words in (("reconcile",), ("outbox", "list"), ("scores",)):
        done = await asyncio.to_thread(typed.motlan, *words, "--gateway", "http://127.0.0.1:9")
        assert (done.code, "start it with" in done.err) == (3, True)


async def test_run_names_a_portal_that_does_not_answer(office: House) -> None:
    for _ in range(5):
        await sent(office)
    await office.misbehave("national_bus", "reset")
    run = await reconciled(office, apply=True)
    assert (run["state"], run["reason"]["code"]) == ("failed", "portal_unavailable")
    assert run["report"]["mended"] == 0

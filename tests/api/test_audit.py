"""The auditors' door over a real log: what they find, what they never see, and what they can prove."""

import asyncio
import csv
import io
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from adapters.stores.opening import open_log
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.domain.identifiers import ExchangeId, new_exchange_id
from gateway.exchange_log.merkle import verify_consistency, verify_inclusion
from gateway.exchange_log.note import Checkpoint
from gateway.exchange_log.verify import verify_export
from tests.api.office import OFFICIAL, ONE, OTHER, WHO, Office, call, fits
from tests.flows.conftest import on_session

FILTERS: dict[str, Any] = {
    "requester": "one_gate", "agency": "000.00.15.H31", "procedure": "1.012753", "purpose": "land_registration",
    "dossier": "H31.15-261121-0002", "phase": "refusal", "result": "not_agreed", "until": "2026-11-01T00:00:00Z",
    "subject": {"personal_id": OTHER}, "official": OTHER, "source": "land", "outcome": "unavailable",
}  # fmt: skip


async def test_each_filter_finds_what_fits_and_nothing_else(office: Office) -> None:
    hashes = [await office.plant(), await office.plant(**ONE), await office.plant()]
    await office.settled(*hashes)
    for name, value in FILTERS.items():
        found = [i for i in await office.found(**{name: value}) if 0 <= i < 3]
        assert found == [1], name
    assert [i for i in await office.found(since="2026-11-01T07:00:00+07:00") if 0 <= i < 3] == [2, 0]
    assert await office.found(**FILTERS) == [1]
    assert await office.found(**{**FILTERS, "source": "population"}) == []
    assert await office.found(exchange_id=office.leaves()[2]["exchange"]) == [2]


async def test_a_subject_is_found_by_any_of_its_numbers_and_in_every_month(office: Office) -> None:
    months = [f"2026-0{month}-10T00:00:00.000Z" for month in (7, 8, 9)]
    keys = [f"person|{WHO}", "person|173940526", "organisation|0109876542"]
    planted = [
        await office.plant(time=time, subjects={"r": key}) for time, key in zip(months, keys, strict=True)
    ]
    await office.settled(*planted)
    wanted = {"personal_id": WHO, "old_id": "173940526"}
    assert await office.found(subject=wanted, phase="outcome") == [1, 0]
    assert await office.found(subject={"tax_code": "0109876542"}, phase="outcome") == [2]
    assert await office.found(subject={"personal_id": OTHER}, phase="outcome") == []


async def test_pages_neither_repeat_nor_miss_while_records_come(office: Office) -> None:
    await office.settled(*[await office.plant() for _ in range(25)])
    seen: list[int] = []
    cursor = None
    while True:
        body = {"procedure": "1.004873", "limit": 4, **({"cursor": cursor} if cursor else {})}
        _, page = await office.post("/v1/audit/search", body)
        seen += [record["leaf_index"] for record in page["records"]]
        cursor = page["next"]
        await office.settled(await office.plant())
        if cursor is None:
            break
    assert [i for i in seen if i <= 25] == list(range(25, 0, -1))
    assert len(seen) == len(set(seen))


async def test_cursor_is_good_for_its_own_search_only(office: Office) -> None:
    await office.settled(*[await office.plant() for _ in range(3)])
    _, page = await office.post("/v1/audit/search", {"limit": 1})
    for body in (
        {"limit": 1, "procedure": "1.004873", "cursor": page["next"]},
        {"cursor": page["next"][:-2] + "AA"},
        {"cursor": "?"},
        {"cursor": ""},
    ):
        status, problem = await office.post("/v1/audit/search", body)
        assert (status, problem["code"]) == (400, "cursor_wrong")
        assert "same filters" in problem["detail"]
    status, _ = await office.post("/v1/audit/search", {"limit": 1, "cursor": page["next"]})
    assert status == 200


@on_session
@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("search", {"colour": 1}, 400, "known: exchange_id"),
        ("search", {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, 400, "must be before"),
        ("search", {"since": "yesterday"}, 422, "2026-11-25T00:00:00Z"),
        ("search", {"since": "2026-02-30T00:00:00Z"}, 422, "RFC 3339"),
        ("search", {"since": "0001-01-01T00:00:00+07:00"}, 422, "RFC 3339"),
        ("search", {"phase": "nap"}, 400, "/phase: is not a known word; known: intent, outcome, refusal"),
        ("search", {"phase": "Outcomes"}, 400, "/phase: did you mean 'outcome'? known: intent"),
        ("search", {"outcome": "notfound"}, 400, "/outcome: did you mean 'not_found'? known: found, not_found"),
        ("export", {"search": {"outcome": "033506739012"}}, 400, "/search/outcome: is not a known word"),
        ("search", {"phase": 5}, 422, "/phase"),
        ("search", {"limit": 0}, 422, "limit"),
        ("search", {"subject": {}}, 422, "at least one"),
        ("export", {"from": 5, "to": 2}, 400, "greater than `to`"),
        ("export", {"from": 0, "to": 1000}, 400, "the log has"),
        ("export", {"from": 0, "since": "2026-01-01T00:00:00Z"}, 400, "or since and until"),
        ("export", {"search": {}, "to": 1}, 400, "or since and until"),
        ("export", {"form": "csv"}, 400, "known: format, from, to"),
        ("identify", {"exchange_id": "01KB0000000000000000000000"}, 400, "reason"),
        ("identify", {"exchange_id": "01KB0000000000000000000000", "reason": "why"}, 422, "reason"),
        ("identify", {"exchange_id": "01KB0000000000000000000000", "reason": f"about {WHO}"}, 422, "personal numbers"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused_with_the_remedy(
    standing: Office, path: str, body: dict[str, Any], status: int, told: str
) -> None:
    got, problem = await standing.post(f"/v1/audit/{path}", body)
    assert got == status, problem
    assert told in problem["detail"]
    assert WHO not in json.dumps(problem)


async def test_answers_name_nobody(office: Office) -> None:
    await office.settled(await office.plant())
    leaf = office.leaves()[0]
    _, page = await office.post("/v1/audit/search", {"subject": {"personal_id": WHO}})
    _, records = await office.get(f"/v1/audit/records/{leaf['exchange']}", client="auditor")
    fits("AuditRecords", json.loads(records))
    sheet = await office.export(format="csv")
    text = json.dumps(page) + records.decode() + sheet.decode()
    for secret in (WHO, OFFICIAL, leaf["sealed"], leaf["official"], *leaf["subjects"].values()):
        assert secret not in text


async def test_record_of_another_process_is_looked_up_at_once_and_proven_when_it_has_its_place(
    office: Office,
) -> None:
    def lease(until: float) -> None:
        """Another process numbers, and does nothing for now."""
        with closing(sqlite3.connect(office.state / "exchange.db")) as connection, connection:
            connection.execute("UPDATE log_state SET lease_owner = 'other', lease_until = ?", (until,))

    await office.settled(await office.plant())
    lease(datetime.now(UTC).timestamp() + 60)
    other = open_log("sqlite:///exchange.db", office.state, "motlan.localhost/exchange-log", None)
    exchange = new_exchange_id()
    about = {"requester": f"person|{WHO}"}
    records = [
        ExchangeRecord(
            exchange=exchange, phase=phase, time=f"2026-11-20T03:04:0{second}.000Z", subjects=about
        )
        for second, phase in enumerate((Phase.INTENT, Phase.OUTCOME))
    ]
    receipts = [await other.append(one) for one in records]
    await other.close()
    status, raw = await office.get(f"/v1/audit/records/{exchange}", client="auditor")
    assert status == 200
    fits("AuditRecords", found := json.loads(raw))
    shown = [(one["leaf_index"], one["phase"], one["leaf_hash"]) for one in found["records"]]
    assert shown == [
        (-1, phase, one.leaf_hash) for phase, one in zip(("intent", "outcome"), receipts, strict=True)
    ]
    body = {"exchange_id": exchange, "reason": "Khiếu nại 12/KN"}
    status, identified = await office.post("/v1/audit/identify", body)
    assert [one["subjects"]["requester"]["identifier"] for one in identified["records"]] == [WHO] * 2
    proof = f"/v1/audit/proof/inclusion?exchange_id={exchange}"
    status, raw = await office.get(proof, client="auditor")
    assert (status, json.loads(raw)["code"], json.loads(raw)["retry_after"]) == (404, "exchange_unknown", 1)
    lease(0)
    await office.settled(*(bytes.fromhex(one.leaf_hash) for one in receipts))
    _, raw = await office.get(f"/v1/audit/records/{exchange}", client="auditor")
    places = [one["leaf_index"] for one in json.loads(raw)["records"]]
    assert places == sorted(places)
    assert places[0] > 0
    assert len(json.loads((await office.get(proof, client="auditor"))[1])["proofs"]) == 2


async def test_every_look_up_is_a_record_that_says_what_was_searched_and_names_nobody(office: Office) -> None:
    await office.settled(await office.plant())
    exchange = office.leaves()[0]["exchange"]
    await office.found(subject={"personal_id": WHO}, dossier="H31.14-261120-0001")
    await office.get(f"/v1/audit/records/{exchange}", client="auditor")
    await office.get(f"/v1/audit/proof/inclusion?exchange_id={exchange}", client="auditor")
    await office.export(search={"official": OFFICIAL})
    await office.post("/v1/usage", {"subject": {"personal_id": WHO}}, client="citizen")
    looked = [leaf for leaf in office.leaves() if leaf["phase"] == "lookup"]
    told = [(leaf["requester"], leaf["notes"]["operation"], leaf["notes"]["filters"]) for leaf in looked]
    assert told == [
        ("auditor", "search", "dossier subject"), ("auditor", "records", "exchange"), ("auditor", "proof", "exchange"),
        ("auditor", "export", "official"), ("citizen", "usage", "subject"),
    ]  # fmt: skip
    assert looked[1]["notes"]["of"] == exchange
    assert all(secret not in json.dumps(looked) for secret in (WHO, OFFICIAL, "H31.14-261120-0001"))
    last = (await office.head()).size
    while last < len(office.leaves()) + 1:
        await asyncio.sleep(0.05)
        last = (await office.head()).size
    indexes = await office.found(subject={"personal_id": WHO}, phase="lookup")
    assert indexes == [5, 1]


async def test_no_record_no_look_up(office: Office) -> None:
    planted = await office.plant()
    await office.settled(planted)
    exchange = office.leaves()[0]["exchange"]
    await office.log.close()
    for path, body in (
        ("/v1/audit/search", {}),
        ("/v1/audit/identify", {"exchange_id": exchange, "reason": "Khiếu nại số 4"}),
        ("/v1/audit/export", {}),
        ("/v1/usage", {"subject": {"personal_id": WHO}}),
    ):
        status, problem = await office.post(path, body)
        assert (status, problem["code"]) == (503, "log_unavailable")
    status, _ = await office.get(f"/v1/audit/proof/inclusion?leaf_hash={planted.hex()}")
    assert status == 200


async def test_identity_is_told_for_a_reason_that_was_recorded_first(office: Office) -> None:
    await office.settled(await office.plant())
    exchange = office.leaves()[0]["exchange"]
    body = {"exchange_id": exchange, "reason": "Khiếu nại số 12/KN-2026"}
    status, answer = await office.post("/v1/audit/identify", body)
    assert status == 200
    fits("Identified", answer)
    (record,) = answer["records"]
    assert (record["official"], record["readable"]) == (OFFICIAL, True)
    assert record["subjects"] == {"requester": {"kind": "person", "identifier": WHO}}
    lookup = office.leaves()[-1]
    assert lookup["notes"] == {
        "operation": "identify", "filters": "exchange", "of": exchange, "reason": body["reason"]
    }  # fmt: skip


async def test_identity_that_was_told_is_found_by_whoever_asks_who_was_told(office: Office) -> None:
    await office.settled(
        await office.plant(), await office.plant(phase=Phase.INTENT, subjects={}, official="")
    )
    exchange = office.leaves()[0]["exchange"]
    body = {"exchange_id": exchange, "reason": "Khiếu nại số 12/KN-2026"}
    assert (await office.post("/v1/audit/identify", body))[0] == 200
    told = office.leaves()[-1]
    assert list(told["subjects"]) == ["official_1", "subject_1"]
    while not (found := await office.found(phase="lookup", subject={"personal_id": WHO})):
        await asyncio.sleep(0.02)
    assert office.leaves()[found[-1]]["notes"]["operation"] == "identify"
    assert WHO not in json.dumps(told)
    body["exchange_id"] = new_exchange_id()
    assert (await office.post("/v1/audit/identify", body))[0] == 404
    assert office.leaves()[-1]["notes"]["of"] == body["exchange_id"]
    assert office.leaves()[-1]["subjects"] == {}


@on_session
@pytest.mark.parametrize(
    ("number", "accepted"),
    [
        ("CCCD033506739012", False),
        ("033 506 739 012", False),
        ("033.506-739 012", False),
        ("số 12 033 506 739 012", False),
        ("０３３５０６７３９０１２", False),
        ("٠٣٣٥٠٦٧٣٩٠١٢", False),
        ("0335\u200b06739012", False),
        ("033506739x 033506739", False),
        ("H31.14-261120-0001, ngày 25/11/2026 10:30", True),
        ("công văn 1234/UBND-NC ngày 25.11.2026", True),
    ],
)
async def test_reason_that_may_hold_a_number_of_a_person_is_refused(
    standing: Office, number: str, accepted: bool
) -> None:
    body = {"exchange_id": new_exchange_id(), "reason": f"Khiếu nại của công dân {number} về việc"}
    before = len(standing.leaves())
    status, answer = await standing.post("/v1/audit/identify", body)
    assert status == (404 if accepted else 422), answer
    assert len(standing.leaves()) - before == accepted


async def test_erased_month_is_found_by_nobody_and_still_proven(office: Office) -> None:
    planted = await office.plant(time="2026-08-01T00:00:00.000Z")
    await office.settled(planted)
    exchange = office.leaves()[0]["exchange"]
    with closing(sqlite3.connect(office.state / "exchange.db")) as connection, connection:
        connection.execute("DELETE FROM period_keys WHERE period = '2026-08'")
    assert await office.found(subject={"personal_id": WHO}, phase="outcome") == []
    body = {"exchange_id": exchange, "reason": "Kiểm tra việc xóa dữ liệu"}
    _, answer = await office.post("/v1/audit/identify", body)
    assert answer["records"][0]["readable"] is False
    assert answer["records"][0]["subjects"] == {}
    raw = await office.export()
    assert verify_export(io.BytesIO(raw), [office.vkey]).good


async def test_scopes_are_apart(office: Office) -> None:
    await office.settled(await office.plant())
    exchange = office.leaves()[0]["exchange"]
    for path, body in (
        ("search", {}),
        ("identify", {"exchange_id": exchange, "reason": "0123456789x"}),
        ("export", {}),
    ):
        status, problem = await office.post(f"/v1/audit/{path}", body, client="portal")
        assert (status, problem["code"]) == (403, "scope_missing")
    assert (await office.get(f"/v1/audit/records/{exchange}"))[0] == 403
    assert (await office.get(f"/v1/audit/proof/inclusion?exchange_id={exchange}"))[0] == 403
    assert (await office.post("/v1/usage", {"subject": {"personal_id": WHO}}, client="one_gate"))[0] == 403
    refused = [leaf["rules"] for leaf in office.leaves() if leaf["phase"] == "refusal"]
    assert refused == [[f"scope:{name}"] for name in (
        "audit:search", "audit:identify", "audit:export", "audit:search", "audit:search", "usage")]  # fmt: skip


async def test_receipt_is_redeemed_by_its_holder_for_any_size(office: Office) -> None:
    hashes = [await office.plant() for _ in range(9)]
    size = await office.settled(*hashes)
    for index, one in enumerate(hashes, 1):
        for wanted in range(index + 1, size + 1):
            status, raw = await office.get(f"/v1/audit/proof/inclusion?leaf_hash={one.hex()}&size={wanted}")
            proof = json.loads(raw)
            fits("Inclusion", proof)
            assert (status, proof["leaf_index"], proof["tree_size"]) == (200, index, wanted)
            path = [bytes.fromhex(item) for item in proof["hashes"]]
            assert verify_inclusion(one, index, wanted, path, bytes.fromhex(proof["root_hash"]))
    head = await office.head()
    assert proof["root_hash"] == head.root.hex()


@on_session
@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "query_wrong"),
        ("leaf_hash=00", 400, "query_wrong"),
        ("leaf_hash={hash}&leaf_hash={hash}", 400, "query_wrong"),
        ("leaf_hash={hash}&exchange_id=01KB0000000000000000000000", 400, "query_wrong"),
        ("leaf_hash={hash}&colour=1", 400, "query_wrong"),
        ("leaf_hash={hash}&size=x", 400, "query_wrong"),
        ("leaf_hash={hash}&size=0", 400, "size_wrong"),
        ("leaf_hash={hash}&size=99", 400, "size_wrong"),
        (f"leaf_hash={'0' * 64}", 404, "record_unknown"),
    ],
)
async def test_proof_that_cannot_be_given_is_refused(
    standing: Office, query: str, status: int, code: str
) -> None:
    planted = await standing.plant()
    await standing.settled(planted)
    got, raw = await standing.get(f"/v1/audit/proof/inclusion?{query.format(hash=planted.hex())}")
    assert (got, json.loads(raw)["code"]) == (status, code)


async def test_log_is_shown_to_have_only_grown(office: Office) -> None:
    heads = [
        Checkpoint("", 0, bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
    ]
    for count in (1, 2, 5, 1):
        await office.settled(*[await office.plant() for _ in range(count)])
        heads.append(await office.head())
    for old, new in pairwise(heads):
        for later in (new, heads[-1]):
            path = f"/v1/audit/proof/consistency?from={old.size}&to={later.size}"
            proof = json.loads((await office.get(path))[1])
            fits("Consistency", proof)
            assert (proof["root1"], proof["root2"]) == (old.root.hex(), later.root.hex())
            hashes = [bytes.fromhex(one) for one in proof["proof"]]
            assert verify_consistency(old.size, old.root, later.size, later.root, hashes)
    for query in ("", "from=2&to=1", "from=0&to=999", "from=999", "from=-1"):
        assert (await office.get(f"/v1/audit/proof/consistency?{query}"))[0] == 400


async def test_tiles_are_public_and_kept_for_ever_once_full(office: Office) -> None:
    hashes = await asyncio.gather(*(office.plant() for _ in range(300)))
    size = await office.settled(*hashes)
    async with office.session.get(f"{office.url}/log/tile/0/000") as answer:
        full = await answer.read()
        assert (answer.status, answer.content_type, len(full)) == (200, "application/octet-stream", 8192)
        assert "immutable" in answer.headers["Cache-Control"]
    async with office.session.get(f"{office.url}/log/tile/0/001.p/{size - 256}") as answer:
        part = await answer.read()
        assert answer.status == 200
        assert "immutable" not in answer.headers["Cache-Control"]
    found = full + part
    assert {found[at : at + 32] for at in range(0, len(found), 32)} >= set(hashes)
    for path in (
        "0/002",
        "0/001",
        f"0/001.p/{size}",
        "1/000",
        "x/000",
        "0/0",
        "entries/000",
        "0/000/..",
        f"0/{'x999/' * 9}999",
    ):
        async with office.session.get(f"{office.url}/log/tile/{path}") as answer:
            assert answer.status == 404, path
            assert "no-store" in answer.headers["Cache-Control"]


async def test_export_of_any_kind_verifies_offline(office: Office) -> None:
    hashes = await asyncio.gather(*(office.plant(**(ONE if n % 50 == 7 else {})) for n in range(530)))
    size = await office.settled(*hashes)
    for first, end in ((0, 530), (3, 5), (255, 257), (256, 512), (7, 7), (529, 530)):
        verdict = verify_export(io.BytesIO(await office.export(**{"from": first, "to": end})), [office.vkey])
        assert verdict.good, verdict.findings
        assert verdict.records == end - first
    whole = await office.export()
    verdict = verify_export(io.BytesIO(whole), [office.vkey], strict=True)
    assert verdict.good
    assert verdict.whole
    assert verdict.records >= size
    some = verify_export(io.BytesIO(await office.export(search={"requester": "one_gate"})), [office.vkey])
    assert some.good
    assert some.records == 11
    assert not verify_export(io.BytesIO(whole.replace(b"population", b"populatiom", 1)), [office.vkey]).good


async def test_export_shows_what_an_operator_did_to_the_store(office: Office) -> None:
    await office.settled(*[await office.plant() for _ in range(6)])
    with closing(sqlite3.connect(office.state / "exchange.db")) as connection, connection:
        connection.executescript("DROP TRIGGER append_log_delete; DROP TRIGGER append_log_update")
        connection.execute("DELETE FROM append_log WHERE seq = 2")
        connection.execute(
            "UPDATE append_log SET leaf = CAST(replace(leaf, 'portal', 'office') AS BLOB) WHERE seq = 4"
        )
        connection.execute("UPDATE append_log SET leaf = x'ff' WHERE seq = 6")
    verdict = verify_export(io.BytesIO(await office.export(to=6)), [office.vkey])
    assert not verdict.good
    assert {one.index for one in verdict.findings} >= {1, 3, 5}, verdict.findings
    listed = (await office.post("/v1/audit/search", {"limit": 200}))[1]["records"]
    fits("AuditPage", {"exchange_id": "", "records": listed, "next": None})
    assert [one["leaf_index"] for one in listed if one.get("unreadable")] == [5]
    assert b"unreadable" not in await office.export(format="csv")
    found = verify_export(io.BytesIO(await office.export(search={"phase": "outcome"})), [office.vkey])
    assert [(one.code, one.index) for one in found.findings if one.index is not None] == [
        ("proof", 3),
        ("proof", 5),
    ]


async def test_export_of_a_day_has_every_record_of_it_though_they_stand_out_of_order(office: Office) -> None:
    times = ["2026-11-24T12:00:00.000Z", "2026-11-25T00:00:01.000Z", "2026-11-24T23:59:59.000Z",
             "2026-11-25T10:00:00.000Z", "2026-11-26T00:00:00.000Z", "2026-11-25T23:59:59.999Z"]  # fmt: skip
    for time in times:
        await office.settled(await office.plant(time=time))
    day = {"since": "2026-11-25T00:00:00Z", "until": "2026-11-26T00:00:00Z"}
    lines = (await office.export(**day)).splitlines()
    places = [json.loads(line)["i"] for line in lines if line.startswith(b'{"i":')]
    assert places == [2, 3, 4, 5, 6]
    head = json.loads(lines[0])
    assert (head["since"], head["until"]) == ("2026-11-25T00:00:00.000Z", "2026-11-26T00:00:00.000Z")
    verdict = verify_export(io.BytesIO(b"\n".join([*lines, b""])), [office.vkey])
    assert (verdict.good, verdict.asked) == (True, (head["since"], head["until"]))
    before = (await office.export(until="2026-11-25T00:00:00Z")).splitlines()
    assert json.loads(before[0])["to"] == 4
    after = (await office.export(since="2030-01-01T00:00:00Z")).splitlines()
    assert json.loads(after[-1])["count"] == 0


async def test_export_of_a_day_has_every_record_of_it_though_the_clock_was_set_back_by_an_hour(
    office: Office,
) -> None:
    times = ["2026-11-24T12:00:00.000Z", "2026-11-25T00:00:00.000Z", "2026-11-25T00:25:00.000Z",
             "2026-11-24T23:25:00.000Z", "2026-11-24T23:59:00.000Z", "2026-11-25T00:05:00.000Z"]  # fmt: skip
    for time in times:
        await office.settled(await office.plant(time=time))
    day = {"since": "2026-11-25T00:00:00Z", "until": "2026-11-26T00:00:00Z"}
    lines = (await office.export(**day)).splitlines()
    places = [json.loads(line)["i"] for line in lines if line.startswith(b'{"i":')]
    assert places == [2, 3, 4, 5, 6]


async def test_no_cell_of_a_csv_is_a_formula(office: Office) -> None:
    evil = ['=HYPERLINK("http://x.example")', "+1", "-1", "@x", "\t=1", " =1", "＝1", 'a"b', "plain"]
    planted = [await office.plant(dossier=text) for text in evil]
    await office.settled(*planted)
    raw = await office.export(**{"from": 1}, format="csv", to=len(evil) + 1)
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert [row["dossier"] for row in rows] == [*(f"'{text}" for text in evil[:7]), 'a"b', "plain"]
    assert rows[0]["sources"] == "population: found"
    assert rows[0]["attributes"] == "population.full_name"


async def test_uses_are_told_in_words_once_each_and_page_by_page(office: Office) -> None:
    exchanges = [ExchangeId(new_exchange_id()) for _ in range(5)]
    hashes = []
    for one in exchanges:
        intent = {
            "exchange": one,
            "phase": Phase.INTENT,
            "calls": (call("population"), call("tax", role="spouse")),
        }
        hashes += [
            await office.plant(**intent),
            await office.plant(**intent),
            await office.plant(exchange=one),
        ]
    hashes.append(
        await office.plant(exchange=new_exchange_id(), phase=Phase.REFUSAL, result="not_agreed", calls=())
    )
    hashes.append(await office.plant(**ONE))
    await office.settled(*hashes)
    uses: list[Any] = []
    cursor = None
    while True:
        assert len(uses) < 6, "no page is empty"
        body = {"subject": {"personal_id": WHO}, "limit": 2, **({"cursor": cursor} if cursor else {})}
        status, answer = await office.post("/v1/usage", body, client="citizen")
        assert status == 200, answer
        fits("Usage", answer)
        uses += answer["uses"]
        cursor = answer["next"]
        if cursor is None:
            break
    assert [use["exchange_id"] for use in uses[1:]] == exchanges[::-1]
    assert [use["state"] for use in uses] == ["refused", *["answered"] * 5]
    use = uses[1]
    assert use["procedure"]["title"] == "Cấp giấy xác nhận tình trạng hôn nhân"
    assert use["purpose"]["title_en"] == "Procedures of civil status"
    assert [one["source"]["title"] for one in use["data"]] == ["Cơ sở dữ liệu quốc gia về dân cư"]
    assert "Ủy ban nhân dân phường Phố Hiến" in use["summary"]
    assert "National population database" in use["summary_en"]
    assert WHO not in json.dumps(uses)


async def test_health_and_metrics_tell_how_the_numbering_stands(office: Office) -> None:
    await office.settled(await office.plant())
    async with office.session.get(f"{office.admin}/health/ready") as answer:
        assert (await answer.json())["dependencies"]["sequencer"] == "ready"
    async with office.session.get(f"{office.admin}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if line.startswith("motlan_log_"))
    assert float(values["motlan_log_size"]) >= 1
    assert float(values["motlan_log_waiting"]) == 0
    assert 0 <= float(values["motlan_log_checkpoint_age_seconds"]) < 60

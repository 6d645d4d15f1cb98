"""What nobody expects in the log or of it: leaves that are no records, and the ends of time."""

import json
import sqlite3
from contextlib import closing
from typing import Any

from gateway.audit.shown import members_of
from gateway.exchange_log.merkle import leaf_hash
from gateway.ports.exchange_log import LogEntry
from tests.api.office import WHO, Office
from tests.stores.sample import believe

#: no members at all, and one member only
PLAIN = (b"5", b"null", b'"exchange"', b'["exchange"]', b"{}", b"[" * 400, b"\xff", b'{"exchange":"01KB"}')
#: what each member must never be
WRONG: tuple[Any, ...] = (5, None, [], [5], {"a": []}, {}, "x", True, 2**60, [{}], [None])


def spoilt(leaf: dict[str, Any]) -> list[bytes]:
    """The leaf without each of its members, and with each of them of every other kind."""
    made = [{name: value for name, value in leaf.items() if name != left} for left in leaf]
    made += [{**leaf, name: value} for name in leaf for value in WRONG]
    [call] = leaf["calls"]
    made += [{**leaf, "calls": [{**call, name: value}]} for name in call for value in WRONG]
    return [json.dumps(one, sort_keys=True, separators=(",", ":")).encode() for one in made]


def put(office: Office, leaves: list[bytes]) -> list[bytes]:
    """Rows that get their places, as in a log of the releases before tags."""
    log: Any = office.log
    rows = [(f"Z{number:025}", leaf) for number, leaf in enumerate(leaves)]
    for row in rows:
        believe(log.sequencer.own, *row)
    with closing(sqlite3.connect(office.state / "exchange.db")) as connection, connection:
        connection.executemany("INSERT INTO append_log (id, leaf) VALUES (?, ?)", rows)
    return [leaf_hash(leaf) for leaf in leaves]


async def test_every_door_of_the_auditors_passes_leaves_that_are_no_records(office: Office) -> None:
    await office.settled(await office.plant())
    [leaf] = office.leaves()
    hashes = put(office, [*PLAIN, *spoilt(leaf)])
    last = await office.plant()
    size = await office.settled(*hashes, last)
    readable = 0
    cursor: dict[str, str] = {}
    places: list[int] = []
    while True:
        status, page = await office.post("/v1/audit/search", {"limit": 200, **cursor})
        assert status == 200, page
        places += [one["leaf_index"] for one in page["records"]]
        readable += sum("unreadable" not in one for one in page["records"])
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert set(range(size)) <= set(places)
    assert 2 < readable < 150
    exported = await office.export(format="csv", to=size)
    assert exported.count(b"\r\n") == size + 1
    assert await office.export(to=size)
    body: dict[str, Any] = {"subject": {"personal_id": WHO}, "limit": 200}
    status, answer = await office.post("/v1/usage", body, "citizen")
    assert status == 200, answer
    status, raw = await office.get(f"/v1/audit/records/{leaf['exchange']}", "auditor")
    assert status == 200, raw


async def test_form_is_that_of_every_record_that_this_gateway_writes(office: Office) -> None:
    await office.settled(await office.plant())
    [leaf] = office.leaves()
    whole = json.dumps(leaf).encode()
    assert members_of(LogEntry(1, whole)) == leaf
    wrong = [
        {**leaf, "calls": [{**leaf["calls"][0], "ms": "1"}]},
        {**leaf, "notes": {"a": []}},
        {**leaf, "basis": None},
        {**leaf, "subjects": {"requester": 7}},
    ]
    for one in wrong:
        assert members_of(LogEntry(1, json.dumps(one).encode())) is None, one


async def test_ends_of_time_are_answered(office: Office) -> None:
    size = await office.settled(await office.plant())
    for first, last in (
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00.001Z", "9999-12-31T23:59:59.999Z"),
        ("9999-12-31T23:59:59.999Z", None),
        (None, "0001-01-01T00:00:00Z"),
    ):
        span = {name: value for name, value in (("since", first), ("until", last)) if value}
        lines = (await office.export(**span)).splitlines()
        # the first line and the last one beside the records
        assert (len(lines) - 2 >= size) == (first is not None and first.startswith("0001")), span
        status, answer = await office.post("/v1/audit/search", span)
        assert status == 200, answer

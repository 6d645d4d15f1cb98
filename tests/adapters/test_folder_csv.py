"""A register that drops a file each night: what counts as a file, and what every damaged one becomes."""

import asyncio
import hashlib
import json
import os
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.sources.folder_csv import DroppedFile
from gateway import registry
from gateway.config.configuration import SourceSettings
from gateway.config.strict_yaml import read
from gateway.domain.errors import ConfigError
from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from gateway.mapping.codes import Codes, Units
from gateway.mapping.model import SourceMapping
from gateway.mapping.source import ServicePlan
from gateway.ports.sources import Source
from tests.adapters.asking import landed_from
from tests.adapters.raw_peers import soon, tools
from tests.adapters.test_rest import query_of

EXAMPLE = Path(__file__).parents[2] / "mappings/examples/folder_csv"
SETTINGS = read(EXAMPLE / "config/sources/la_permits.yaml", EXAMPLE).read_as(SourceSettings)
MAPPING = read(EXAMPLE / "mappings/sources/la_permits.yaml", EXAMPLE).read_as(SourceMapping)
PLAN = ServicePlan("la_permits", "permits", MAPPING.services["permits"], Codes({}, Units("", {}, {}), {}))
ROWS = (EXAMPLE / "schemas/sources/la_permits/answers/permits.csv").read_bytes()
MAI, TAI, NOBODY = "033071930648", "033188204753", "033199999998"


def drop(folder: Path, content: bytes = ROWS, **said: Any) -> None:
    """As the authority does it: file, then marker, each renamed into the folder."""
    now = datetime.now(UTC)
    marker = {
        "sha256": hashlib.sha256(content).hexdigest(), "rows": content.count(b"\n") - 1,
        "as_of": now.isoformat(), "valid_until": (now + timedelta(days=2)).isoformat(),
    }  # fmt: skip
    for name, raw in (("permits.csv", content), ("permits.csv.ok", json.dumps(marker | said).encode())):
        (folder / "part").write_bytes(raw)
        (folder / "part").rename(folder / name)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Source]:
    services = {"permits": SETTINGS.services["permits"].model_copy(update={"enabled": True})}
    settings = SETTINGS.model_copy(update={"options": {"folder": str(folder)}, "services": services})
    source = registry.open_source(settings, {"permits": PLAN}, tools())
    try:
        yield source
    finally:
        await source.close()


async def asked(source: Source, number: str = TAI, **more: Any) -> SourceAnswer:
    query = query_of(personal_id=number, **more)._replace(
        service="la_permits.permits", attributes=("number", "valid_until")
    )
    return await landed_from(source, query, soon())


async def test_row_of_a_number_is_read_with_the_time_of_its_data(tmp_path: Path) -> None:
    drop(tmp_path, as_of="2026-03-01T22:00:00+07:00")
    async with opened(tmp_path) as source:
        found = await asked(source)
        assert found.values == {"number": "LA-0995", "valid_until": "2029-06-30"}
        assert found.source_updated_at == "2026-03-01T15:00:00.000Z"
        assert found.request_digest
        assert found.response_digest
        assert (await asked(source, MAI)).values["number"] == "LA-0417"
        assert (await asked(source, NOBODY)).outcome is Outcome.NOT_FOUND
        state = source.state().last_outcome
        assert state is not None
        assert state[0] == "not_found"


async def test_row_of_somebody_with_another_name_is_nobodys(tmp_path: Path) -> None:
    drop(tmp_path)
    async with opened(tmp_path) as source:
        assert (await asked(source, full_name="Lê Thị Khác")).outcome in {Outcome.INVALID, Outcome.NO_MATCH}


async def test_number_of_two_people_is_refused_and_the_others_are_not(tmp_path: Path) -> None:
    twice = ROWS + f"{TAI},LÊ VĂN HAI,LA-1000,01/01/2027,1\n".encode()
    drop(tmp_path, twice)
    async with opened(tmp_path) as source:
        found = await asked(source)
        assert (found.outcome, found.reason, found.alarm) == (
            Outcome.INVALID, Reason.SOURCE_ANSWER_OTHER_PERSON, True,
        )  # fmt: skip
        assert (await asked(source, MAI)).outcome is Outcome.FOUND


def _linked(folder: Path, name: str) -> None:
    drop(folder)
    (folder / name).rename(folder / "elsewhere")
    (folder / name).symlink_to(folder / "elsewhere")


def _pipe(folder: Path) -> None:
    drop(folder)
    (folder / "permits.csv").unlink()
    os.mkfifo(folder / "permits.csv")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "half written": lambda folder: drop(folder, ROWS[:90], sha256=hashlib.sha256(ROWS).hexdigest(), rows=2),
    "last row missing": lambda folder: drop(folder, ROWS, rows=3),
    "cut within a row": lambda folder: drop(folder, ROWS[:-9]),
    "encoding": lambda folder: drop(folder, ROWS.decode().encode("utf-16")),
    "letters of another encoding": lambda folder: drop(folder, ROWS.replace("Đ".encode(), b"\xd0")),
    "not sorted": lambda folder: drop(folder, ROWS + f"{MAI},A,B,C,D\n".encode()),
    "a line with nothing": lambda folder: drop(folder, ROWS.replace(b"\n", b"\n\n", 1)),
    "a comma too many": lambda folder: drop(folder, ROWS.replace(b"LA-0995", b"LA,0995")),
    "quote that never ends": lambda folder: drop(folder, ROWS.replace(b"LA-0995", b'"LA-0995')),
    "a column twice": lambda folder: drop(
        folder, ROWS.replace(b"\n", b",x\n").replace(b",x\n", b",personal_id\n", 1)
    ),
    "a blank beside a number": lambda folder: drop(
        folder, ROWS.replace(TAI.encode(), TAI.encode() + b" ", 1)
    ),
    "another header": lambda folder: drop(folder, ROWS.replace(b"personal_id", b"cccd")),
    "a line without end": lambda folder: drop(folder, ROWS + b"9" * 200_000),
    "empty": lambda folder: drop(folder, b""),
    "marker that is no time": lambda folder: drop(folder, as_of="yesterday"),
    "marker without an end": lambda folder: drop(folder, valid_until=""),
    "link": lambda folder: _linked(folder, "permits.csv"),
    "marker is a link": lambda folder: _linked(folder, "permits.csv.ok"),
    "pipe": _pipe,
    "only doubles": lambda folder: drop(folder, ROWS + f"{TAI},A,B,01/01/2027,1\n".encode() * 2_000),
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_damaged_file_is_never_an_answer(tmp_path: Path, damage: str) -> None:
    DAMAGE[damage](tmp_path)
    async with opened(tmp_path) as source:
        for number in (TAI, NOBODY):
            answer = await asked(source, number)
            assert (answer.outcome, answer.reason) == (Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)
            assert [fault.code for fault in answer.faults] == [FaultCode.FILE_DAMAGED]
        drop(tmp_path)
        while (await asked(source)).outcome is not Outcome.FOUND:
            await asyncio.sleep(0.01)


async def test_good_file_serves_while_a_newer_one_is_damaged_or_on_its_way(tmp_path: Path) -> None:
    drop(tmp_path)
    async with opened(tmp_path) as source:
        assert (await asked(source)).outcome is Outcome.FOUND
        (tmp_path / "permits.csv.ok").unlink()
        assert (await asked(source)).outcome is Outcome.FOUND
        DAMAGE["half written"](tmp_path)
        for _ in range(3):
            assert (await asked(source)).outcome is Outcome.FOUND
            assert (await asked(source, NOBODY)).outcome is Outcome.NOT_FOUND


async def test_older_file_replaces_no_newer_one(tmp_path: Path) -> None:
    drop(tmp_path)
    async with opened(tmp_path) as source:
        assert (await asked(source)).values["number"] == "LA-0995"
        old = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        drop(tmp_path, ROWS.replace(b"LA-0995", b"LA-0001"), as_of=old)
        for _ in range(9):
            assert (await asked(source)).values["number"] == "LA-0995"
            await asyncio.sleep(0.02)


async def test_file_that_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    drop(tmp_path)
    (tmp_path / "permits.csv").rename(tmp_path / "elsewhere")
    (tmp_path / "permits.csv").symlink_to(tmp_path / "elsewhere")
    async with opened(tmp_path) as source:
        assert (await asked(source)).outcome is not Outcome.FOUND
        (tmp_path / "permits.csv").unlink()
        (tmp_path / "permits.csv").hardlink_to(tmp_path / "elsewhere")
        assert (await asked(source)).outcome is Outcome.FOUND


async def test_file_that_is_written_over_where_it_stands_is_used_no_more(tmp_path: Path) -> None:
    drop(tmp_path)
    async with opened(tmp_path) as source:
        assert (await asked(source)).outcome is Outcome.FOUND
        with (tmp_path / "permits.csv").open("r+b") as file:
            file.write(ROWS.replace(b"LA-0995", b"LA-0000"))
        assert (await asked(source)).outcome is Outcome.INVALID


async def test_file_that_is_too_old_or_not_there_is_no_answer_at_all(tmp_path: Path) -> None:
    async with opened(tmp_path) as source:
        answers = [await asked(source, NOBODY)]
        drop(tmp_path, valid_until="2026-01-01T00:00:00Z")
        answers.append(await asked(source, NOBODY))
    for answer in answers:
        assert answer.outcome is Outcome.UNAVAILABLE
        assert [fault.code for fault in answer.faults] == [FaultCode.FILE_MISSING]


def test_memory_does_not_grow_with_what_the_rows_hold(tmp_path: Path) -> None:
    """The first and the last of 60 000 rows are found, and none is held."""
    rows = b"".join(b"0331%08d,%s,LA-1,01/01/2027,1\n" % (number, b"A" * 60) for number in range(60_000))
    drop(tmp_path, ROWS.partition(b"\n")[0] + b"\n" + rows)
    tracemalloc.start()
    try:
        both = (tmp_path / "permits.csv", tmp_path / "permits.csv.ok")
        file = DroppedFile(*both, "personal_id", threading.Event())
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 50_000
    for number, outcome in (
        ("033100000000", Outcome.FOUND), ("033100031337", Outcome.FOUND), ("033100059999", Outcome.FOUND),
        ("033099999999", Outcome.NOT_FOUND), ("033100060000", Outcome.NOT_FOUND),
    ):  # fmt: skip
        query = query_of(personal_id=number)._replace(attributes=("number",))
        assert file.answer(PLAN, query, number).outcome is outcome


@pytest.mark.parametrize("options", [{}, {"folder": "/srv", "delimiter": ";"}])
def test_settings_that_cannot_be_used_are_said_at_start(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="one column of one file"):
        registry.open_source(SETTINGS.model_copy(update={"options": options}), {"permits": PLAN}, tools())

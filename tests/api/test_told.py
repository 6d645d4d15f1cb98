"""Lists that people read: codes in words of both languages, times as the clocks of Việt Nam show them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from gateway.audit.titles import Titles
from gateway.cli.search import RecordTable
from gateway.config.configuration import load
from gateway.domain.exchange import CallEntry, Phase
from gateway.domain.identifiers import new_exchange_id
from gateway.mapping.load import load_catalogue
from tests import typed
from tests.api.office import Office
from tests.keeping.shelf import opened

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE, CONFIGURATION = load_catalogue(ROOT), load(ROOT / "config")
TITLES = Titles(CONFIGURATION, CATALOGUE, ROOT)
WHO = "033518264907"


def named() -> Iterator[tuple[str, str, str]]:
    """Source, data service and attribute, wherever one is named."""
    for source, services in CATALOGUE.services.items():
        for operation, plan in services.items():
            yield from ((source, operation, name) for name in plan.attributes)
    granted = [one.services for one in CONFIGURATION.agreements.values()]
    for service, agreed in (pair for services in granted for pair in services.items()):
        source, _, operation = service.partition(".")
        yield from ((source, operation, name) for name in agreed.attributes if name != "*")


def test_every_attribute_and_data_service_has_a_title_in_both_languages() -> None:
    told = set(named())
    assert len(told) > 150
    raw = {
        name
        for source, operation, name in told
        for words in (*TITLES.attributes(source, operation, [name]), TITLES.data_service(source, operation))
        if words["code"] in {words["title"], words["title_en"]} or not (words["title"] and words["title_en"])
    }
    assert raw == set()
    sources = {code for code, _, _ in told}
    assert not [one for one in map(TITLES.source, sources) if one["code"] in {one["title"], one["title_en"]}]


@pytest.mark.parametrize(
    ("name", "title", "title_en"),
    [
        ("permanent_address.commune", "Nơi thường trú", "Permanent residence"),
        ("spouse.full_name", "Họ tên vợ hoặc chồng", "Name of the spouse"),
        ("of.no.schema", "of.no.schema", "of.no.schema"),
    ],
)
def test_part_has_the_title_of_the_whole(name: str, title: str, title_en: str) -> None:
    words = TITLES.attributes("population", "TraCuuThongTinCongDan", [name])
    assert words == [{"code": name, "title": title, "title_en": title_en}]


async def asked(office: Office, folder: Path, *words: str, given: str = "") -> str:
    ready = folder / "ready.json"
    ready.write_bytes(orjson.dumps({"gateway": office.url, "clients": office.clients, "log": {"vkey": ""}}))
    said = await asyncio.to_thread(typed.motlan, "log", *words, "--ready-file", str(ready), given=given)
    assert said.code == 0, said.err
    return said.out


async def test_citizen_and_auditor_read_words_and_times_of_viet_nam(tmp_path: Path) -> None:
    exchange = new_exchange_id()
    names = ("marriage_end.reason", "marriage_end.date", "birth.place")
    call = CallEntry("c-1", "civil_status", "trichLuc", "requester", names, "found")
    common = {"exchange": exchange, "subjects": {"requester": f"person|{WHO}"}, "calls": (call,),
              "time": "2026-11-20T18:04:05.678Z"}  # fmt: skip
    async with opened(tmp_path) as office:
        await office.settled(
            await office.plant(**common, phase=Phase.INTENT), await office.plant(**common, dossier="[/red]H1")
        )
        told = (await asked(office, tmp_path, "subject", "-", given=WHO)).splitlines()
        searched = await asked(office, tmp_path, "search", "--exchange", exchange)
        wrong = await asyncio.to_thread(
            typed.motlan,
            "log",
            "search",
            "--outcome",
            "not-found",
            "--ready-file",
            str(tmp_path / "ready.json"),
        )
        as_json = orjson.loads(await asked(office, tmp_path, "subject", "-", "--json", given=WHO))
    assert (wrong.code, wrong.out) == (2, "")
    assert "did you mean 'not_found'? known: found, not_found, no_match, " in wrong.err
    assert told[0] == f"2026-11-21 01:04:05 +07:00  {exchange}"
    assert told[1].startswith(
        "  Lúc 01:04 ngày 21/11/2026 (giờ Việt Nam), cán bộ của Ủy ban nhân dân phường Phố Hiến"
    )
    assert told[2] == (
        "    Trích lục hộ tịch theo số định danh:"
        " Lý do chấm dứt hôn nhân, Ngày chấm dứt hôn nhân, Nơi đăng ký khai sinh"
    )
    assert told[3].startswith("  On 21/11/2026 at 01:04 (Việt Nam time), ")
    assert told[4] == (
        "    Civil-status extract by personal number:"
        " Why the marriage ended, Date when the marriage ended, Office of birth registration"
    )
    assert as_json["uses"][0]["time"] == "2026-11-20T18:04:05.678Z"
    for cell in ("2026-11-21 01:04:05", "000.00.14.H31", "civil_registration", "[/red]H1", "1.004873"):
        assert any(cell in line and "outcome" in line for line in searched.splitlines()), searched


@pytest.mark.parametrize(("width", "lines"), [(180, 1), (100, 3)])
def test_table_of_records_cuts_nothing_off(width: int, lines: int) -> None:
    record = {
        "leaf_index": 10_000_000, "time": "2026-11-20T18:04:05.678Z", "phase": "configuration",
        "requester": "national_portal", "agency": "000.00.14.H31", "procedure": "1.004873",
        "purpose": "residence_registration", "dossier": "H31.14-261120-0001", "result": "answered",
        "calls": [{"source": "population", "outcome": "found"}],
    }  # fmt: skip
    console = Console(width=width)
    with console.capture() as shown:
        console.print(RecordTable([record], more=False))
    text = shown.get()
    cells = [str(value) for name, value in record.items() if name not in {"calls", "time"}]
    for cell in (*cells, "2026-11-21 01:04:05", "population: found"):
        assert cell in text, text
    assert text.splitlines()[-lines - 2].startswith("├")
    assert max(map(len, text.splitlines())) <= width

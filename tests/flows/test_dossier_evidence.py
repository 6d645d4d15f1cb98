"""The prefill of a forwarded dossier asks about its owner, whose birth date comes from the portal's form, unguessed."""

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.flows.conftest import House, build, new_official, on_session

pytestmark = on_session
POPULATION = "population.TraCuuThongTinCongDan"
_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with build(tmp_path_factory.mktemp("evidence"), {}) as made:
        yield made


def filed(house: House, **filer: str) -> dict[str, Any]:
    """An application of any procedure for `mau`; `filer`: members of who files it."""
    who = next(one for one in house.personas if one["key"] == "mau")
    code = f"H31-QG-8{next(_numbers):05}"
    detail = {
        "TenNguoiNop": who["full_name"], "SoDinhDanh": who["personal_id"], "NgaySinh": "19900215000000",
        "TenChuHs": who["full_name"], "SoDinhDanhChuHs": who["personal_id"], **filer,
    }  # fmt: skip
    return {
        "MaHoSo": code, "MaTTHC": "1.004873", "ChuHoSo": who["full_name"], "LoaiDoiTuong": 0,
        "MaDonViTiepNhan": "000.00.14.H31", "NgayNop": "2026-11-27 08:30:00",
        "ThongTinNguoiNop": {"ThongTinChiTiet": detail},
    }  # fmt: skip


async def forwarded(house: House, dossier: dict[str, Any]) -> str:
    """The simulated portal sends it."""
    order = {"to": house.url, "dossiers": [dossier]}
    async with house.session.post(f"{house.control}/portal/submit", json=order) as answer:
        sent = await answer.json()
    assert sent["taken"] == 1, sent
    return str(sent["first"])


async def evidence(house: House, code: str, good: int = 200, **more: Any) -> tuple[Any, int]:
    """The answer, and how often the population database was asked for it."""
    before = (await house.calls()).get(POPULATION, 0)
    asked = {
        "code": code,
        "official": new_official(),
        "subjects": {"person": {"same_as": "requester"}},
        **more,
    }
    status, answer = await house.post("/v1/dossiers/evidence", asked, "one_gate")
    assert status == good, answer
    return answer, (await house.calls()).get(POPULATION, 0) - before


async def test_dossier_of_the_simulated_portal_is_filled_from_the_population_database(counter: House) -> None:
    code = await forwarded(counter, {"persona": "mau", "procedure": "1.004873"})
    answer, asked = await evidence(counter, code)
    assert asked == 1
    name = answer["fields"]["nycHoTen"]
    assert (name["state"], name["value"], name["attribute"]) == (
        "filled", "Trần Thị Mẫu", "person.full_name",
    )  # fmt: skip


@pytest.mark.parametrize(
    "filer",
    [
        # a mother files for her son: her birth date is not his
        {"SoDinhDanh": "033166482915", "TenNguoiNop": "Lò Thị Nộp"},
        # the number of the owner, and another name: one of them is wrong
        {"TenNguoiNop": "Lò Thị Nộp"},
        {"NgaySinh": ""},
        {"NgaySinh": "19901315000000"},
        # midnight elsewhere: the day may be another one in Việt Nam
        {"NgaySinh": "19900214170000"},
        {"NgaySinh": "15/02/90"},
        {"SoDinhDanh": ""},
    ],
)
async def test_birth_date_that_may_be_of_somebody_else_is_not_taken(
    counter: House, filer: dict[str, str]
) -> None:
    code = await forwarded(counter, {"data": filed(counter, **filer)})
    answer, asked = await evidence(counter, code, 422)
    assert (answer["code"], asked) == ("identity_incomplete", 0)


@pytest.mark.parametrize("born", ["19900215000000", "19900215", "1990-02-15"])
async def test_birth_date_is_read_in_the_forms_that_say_one_day(counter: House, born: str) -> None:
    code = await forwarded(counter, {"data": filed(counter, NgaySinh=born)})
    assert (await evidence(counter, code))[1] == 1


async def test_what_the_system_says_itself_stands_before_the_dossier(counter: House) -> None:
    code = await forwarded(counter, {"data": filed(counter, NgaySinh="")})
    who = next(one for one in counter.personas if one["key"] == "mau")
    owner = {name: who[name] for name in ("personal_id", "full_name", "birth_date")}
    people = {"requester": owner, "person": {"same_as": "requester"}}
    assert (await evidence(counter, code, subjects=people))[1] == 1

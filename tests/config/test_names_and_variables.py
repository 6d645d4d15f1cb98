"""Names that records keep, values from the environment, and files that would grow without bound."""

from pathlib import Path

import pytest

from gateway.config.configuration import load
from tests import typed
from tests.config.telling import Fault, all_told, line_of
from tests.config.test_broken_files import check, root

__all__ = ["root"]

LICENCE = "mappings/procedures/1.002809.yaml"
NAMES: dict[str, Fault] = {
    "field": (LICENCE, "  ngayCap:", "  ngàyCấp:", "ngàyCấp:", "is not written as it must be"),
    "role": (
        "mappings/procedures/1.004194.yaml",
        "  household_head:",
        "  chủ_hộ:",
        "chủ_hộ:",
        "is not written",
    ),
    "attribute": (
        "mappings/sources/tax.yaml",
        "        name: {path",
        "        tên: {path",
        "tên:",
        "is not written",
    ),
}


def test_name_that_records_could_not_keep_is_refused_at_its_line(root: Path) -> None:
    all_told(root, list(NAMES.values()))


def test_variable_names_a_data_service_whatever_its_capitals(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTLAN_SOURCES__POPULATION__SERVICES__TRACUUTHONGTINCONGDAN__ENABLED", "false")
    services = load(root / "config").sources["population"].services
    assert not services["TraCuuThongTinCongDan"].enabled
    assert services["XacThucThongTinCongDan"].enabled


def test_anchors_that_repeat_without_end_are_refused_at_once(root: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (root / "config/purposes.yaml").write_text("\n".join(lines), "utf-8")
    code, said = check(root)
    assert code == 2
    assert "config/purposes.yaml:" in said
    assert "with what its anchors repeat" in said


def test_bytes_that_are_no_text_are_told_at_their_line(root: Path) -> None:
    file = root / "config/purposes.yaml"
    at = line_of(root, "config/purposes.yaml", "title:")
    lines = file.read_bytes().split(b"\n")
    lines[at - 1] += b" \xff"
    file.write_bytes(b"\n".join(lines))
    code, said = check(root)
    assert code == 2
    assert f"config/purposes.yaml:{at}: is not UTF-8 YAML" in said


def test_doctor_is_not_content_with_what_check_config_refuses(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tax = root / "config/sources/tax.yaml"
    tax.write_text(tax.read_text("utf-8").replace("{value: sandbox-secret-tax}", "{env: NOT_GIVEN}"), "utf-8")
    monkeypatch.delenv("NOT_GIVEN", raising=False)
    code, said, _ = typed.motlan("doctor", "--config", str(root / "config"))
    assert code == 2
    assert "NOT_GIVEN" in said

"""Generated files are checked fresh, not trusted."""

import yaml

from tests.architecture import export_communes
from tests.architecture.export_schemas import exported


def test_exported_schemas_are_what_the_code_says() -> None:
    stale = [path.name for path, text in exported() if not path.exists() or path.read_text("utf-8") != text]
    assert stale == [], "run make schemas"


def test_communes_are_those_of_the_list_of_units() -> None:
    path, text = export_communes.exported()
    assert path.read_text("utf-8") == text, "run python -m tests.architecture.export_communes"


def test_commune_that_leaves_the_list_keeps_its_code_and_gives_it_to_no_other() -> None:
    units = [{"code": f"1195{n}", "name": f"Xã Mẫu {n}"} for n in range(4)]
    first = export_communes.communes(units, [])
    written = yaml.safe_load(export_communes.text(first))["agencies"]
    again = export_communes.communes([*units[1:], {"code": "11990", "name": "Phường Mới"}], written)
    codes = {(one["unit"], one["parent"] == export_communes.PROVINCE): one["code"] for one in first}
    assert {(one["unit"], one["parent"] == export_communes.PROVINCE): one["code"] for one in again} == {
        **codes, ("11990", True): "000.00.105.H31", ("11990", False): "000.01.105.H31"
    }  # fmt: skip

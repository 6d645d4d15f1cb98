"""What `check-config` notes and does not refuse; and what a form's numbers are made of."""

import shutil
from pathlib import Path

import pytest

from gateway.config.gateway import PolicySettings
from gateway.config.strict_yaml import read
from gateway.mapping.form_transforms import number
from gateway.mapping.transforms import Unreadable
from tests.config.test_broken_files import check, replace, root

__all__ = ["root"]
ROOT = Path(__file__).parents[2]


def test_agreement_that_ended_is_a_note_and_no_fault(root: Path) -> None:
    replace(root, "config/agreements/portal.yaml", '"2027-12-31"', '"2026-01-31"')
    code, said = check(root)
    assert code == 0
    assert "note: agreement portal: it ended on 2026-01-31" in said


def test_agreement_that_nobody_holds_is_noted_and_so_are_procedures_for_which_nobody_gets_data(
    root: Path,
) -> None:
    for words in ("no requester holds it", "no requester gets data for it"):
        assert words not in check(root)[1]
    replace(root, "config/requesters/one_gate.yaml", "[one_gate, one_gate_land]", "[one_gate]")
    for name in ("portal", "national_portal"):
        path = root / f"config/agreements/{name}.yaml"
        path.write_text(path.read_text("utf-8").replace(', "1.012753"', ""), "utf-8")
    code, said = check(root)
    assert code == 0, said
    assert "note: agreement one_gate_land: no requester holds it" in said
    assert "note: procedure 1.012753: no requester gets data for it" in said
    assert "'land_registration'" in said
    assert said.count("no requester gets data for it") == 1


def test_source_that_nothing_uses_is_noted(root: Path) -> None:
    assert "representation uses it" not in check(root)[1]
    mapping = (root / "mappings/sources/catalogues.yaml").read_text("utf-8")
    (root / "mappings/sources/lists.yaml").write_text(
        mapping.replace("source: catalogues", "source: lists"), "utf-8"
    )
    settings = (root / "config/sources/catalogues.yaml").read_text("utf-8")
    (root / "config/sources/lists.yaml").write_text(
        settings.replace("source: catalogues", "source: lists"), "utf-8"
    )
    code, said = check(root)
    assert code == 0, said
    assert "note: source lists: no procedure, predicate or representation uses it" in said


def test_fault_code_and_status_that_no_example_shows_are_noted(root: Path) -> None:
    assert "no example shows" not in check(root)[1]
    civil = "config/sources/civil_status.yaml"
    replace(root, civil, "  fault_code: maLoi\n", "  fault_code: maLoi\n  http: {410: refused}\n")
    replace(root, civil, '"500": invalid', '"500": invalid, "303": refused')
    code, said = check(root)
    assert code == 0, said
    assert "note: source civil_status: no example shows what http.410, faults.303 of 'options' means" in said
    assert "no example shows" not in check(root, "--no-examples")[1]


def test_draft_that_cannot_be_opened_is_noted_as_one_whose_examples_are_not_read(root: Path) -> None:
    assert "are not read" not in check(root)[1]
    replace(
        root,
        "config/sources/land.yaml",
        "path: /datdai/1.0/thuaDat\n",
        "enabled: false\n    path: /datdai/{la}\n",
    )
    code, said = check(root)
    assert code == 0, said
    assert "its examples that are errors are not read, for it cannot be opened: '{la}' of the path" in said
    assert "are not read" not in check(root, "--no-examples")[1]


def test_pattern_of_dossiers_without_a_day_is_noted_where_an_age_is_wanted(root: Path) -> None:
    assert "day of reception" not in check(root)[1]
    replace(root, "config/agreements/one_gate_land.yaml", '"H31-*"]', '"H31-*"], days: "30"')
    code, said = check(root)
    assert code == 0
    for pattern in ("H31.*", "H31-*"):
        assert (
            f"note: agreement one_gate_land: '{pattern}' also fits codes without a day of reception" in said
        )


def test_system_where_citizens_sign_in_without_proof_of_mandates_is_noted(root: Path) -> None:
    what = "note: requester provincial_system: citizens sign in there, and by agreement provincial_system"
    assert what not in check(root)[1]
    replace(root, "config/agreements/provincial_system.yaml", "mandate: proven", "mandate: required")
    code, said = check(root)
    assert (code, what in said) == (0, True), said


def test_rates_of_the_example_for_production_are_the_defaults() -> None:
    example = read(ROOT / "config/production.example.yaml").data
    assert isinstance(example, dict)
    assert PolicySettings.model_validate(example["policy"]) == PolicySettings()
    assert {*example["policy"]} == {*PolicySettings.model_fields}


def test_file_that_nobody_reads_is_noted(root: Path) -> None:
    shutil.copy(root / "config/purposes.yaml", root / "config/sorces.yaml")
    code, said = check(root)
    assert code == 0
    assert "note: config/sorces.yaml: the gateway does not read this file" in said


@pytest.mark.parametrize(("text", "found"), [("312", 312), ("312.5", 312.5), ("-0,5", -0.5), ("", None)])
def test_decimal_text_becomes_the_number_of_a_form(text: str, found: float | None) -> None:
    assert number(text) == found


def test_what_is_no_number_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        number("about 300")

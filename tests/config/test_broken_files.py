"""A broken file is named with its line and a remedy; `check-config` ends with 2 and never with a traceback."""

import re
import shutil
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.check import check_config
from gateway.config.configuration import load
from gateway.domain.errors import ConfigError, Problem
from gateway.mapping.load import load_catalogue

ROOT = Path(__file__).parents[2]
TAX = "config/sources/tax.yaml"
PORTAL = "config/agreements/portal.yaml"
PERSON = "mappings/sources/population.yaml"
#: a fault and its remedy
TOLD = re.compile(r"^\S.*\n(?:    .*\n)*", re.MULTILINE)
BIRTH = "mappings/procedures/2.000986.yaml"


@dataclass(frozen=True)
class Break:
    """One fault: what is written instead of what, and what the message must say."""

    file: str
    old: str
    new: str
    says: str
    #: the message names this file instead
    blames: str = ""


BREAKS = {
    "url left out": Break(TAX, "url: http://127.0.0.1:8090/tax\n", "", "'url' is missing"),
    "url blank": Break(TAX, "url: http://127.0.0.1:8090/tax", "url: ''", "'url' is missing"),
    "url of ftp": Break(TAX, "url: http:", "url: ftp:", "'url' is not an address"),
    "path left out": Break(TAX, "    path: /thue/1.0/traCuuMST\n", "", "has no 'path'"),
    "time below nothing": Break(TAX, 'valid_seconds: "300"', 'valid_seconds: "-1"', "greater than or equal to 0"),
    "attribute left out that nobody gives": Break(
        TAX, 'valid_seconds: "300"', 'valid_seconds: "300"\n    lacks: [tax_cod]', "did you mean 'tax_code'?"
    ),
    "agreement never in force": Break(
        PORTAL, 'valid_until: "2027-12-31"', 'valid_until: "2025-12-31"', "is before 'valid_from'"
    ),
    "agreement without ground": Break(PORTAL, "legal_basis: ", 'legal_basis: "" # ', "'legal_basis' is blank"),
    "unknown scope": Break(
        "config/requesters/portal.yaml", "[prefill,", "[prefil,", "did you mean 'prefill'?"
    ),
    "log of no scheme": Break(
        "config/gateway.yaml", "url: sqlite:", "url: sqlit:", "'log.url' has the unknown scheme 'sqlit'"
    ),
    "cache of no scheme": Break(
        "config/gateway.yaml", "cache_url: memory:", "cache_url: nemory:", "did you mean 'memory'?"
    ),
    "source that is a list": Break(
        TAX, "title: {vi: Cơ sở dữ liệu thuế (mô phỏng), en: Tax register (sandbox)}", "title: [a]", "write a mapping"
    ),
    "answers that are compared with nobody": Break(
        "mappings/sources/vehicle.yaml", "identity: {registration_no: bienSo, number: soKhung}",
        "absent: not_found",
        "write 'identity: {personal_id: <path>}'", "config/sources/vehicle.yaml",
    ),
    "number that answers repeat and nobody compares": Break(
        "mappings/sources/vehicle.yaml", "identity: {registration_no: bienSo, number: soKhung}",
        "identity: {registration_no: bienSo}", "add 'number: soKhung' to 'identity'",
    ),
    "birth date that answers give and nobody compares": Break(
        "mappings/sources/driving_licence.yaml", ", birth_date: NgaySinh}", "}",
        "add 'birth_date: NgaySinh' to 'identity'",
    ),
    "name that answers repeat and nobody compares": Break(
        "mappings/sources/household_business.yaml", ', full_name: ""}', "}",
        "add 'full_name: Representatives.FULL_NAME' to 'identity'",
    ),
    "place of a parcel that nobody compares": Break(
        "mappings/sources/land.yaml", ", sheet: DC_ThuaDat.soHieuToBanDo, number:", ", number:",
        "add 'sheet: DC_ThuaDat.soHieuToBanDo' to 'identity'",
    ),
    "unknown subject in request": Break(PERSON, "from: subject.personal_id", "from: subject.personal_idd",
                                        "did you mean 'personal_id'?"),
    "unknown subject in needs": Break(PERSON, "- [personal_id", "- [personalid",
                                      "a subject has no 'personalid'"),
    "broken evidence schema": Break("schemas/evidence/person.schema.json", "{", "{,", "is not JSON"),
    "broken form schema": Break("schemas/forms/2.000986.schema.json", "{", "{,", "is not JSON"),
    "code list with a hole": Break(
        "mappings/codes/form_pension.yaml", "none: Không hưởng, ", "",
        "list 'form_pension' misses none", "mappings/procedures/",
    ),
    "code list to a foreign word": Break(
        "mappings/codes/population_gender.yaml", '"male"', '"man"', "leads to man", PERSON
    ),
    "group with a fault": Break(
        "mappings/groups/other_person.yaml", "person.", "persoon.", "names no evidence type"
    ),
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of all that people write."""
    for folder in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def check(root: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and everything written by `motlan check-config`."""
    done = CliRunner().invoke(check_config, [str(root / "config"), *arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return int(done.return_value), done.output


def problems(root: Path) -> list[Problem]:
    """What the mappings have wrong."""
    with pytest.raises(ConfigError) as caught:
        load_catalogue(root)
    return caught.value.problems


def replace(root: Path, file: str, old: str, new: str, count: int = 1) -> None:
    """Break a file."""
    path = root / file
    content = path.read_text("utf-8")
    assert old in content, f"{file} no longer says {old}"
    path.write_text(content.replace(old, new, count), "utf-8")


def test_files_as_delivered_are_good(root: Path) -> None:
    code, said = check(root)
    assert code == 0, said


def runs() -> dict[str, list[Break]]:
    """Faults of different files, a few for one run: names of all -> faults. A broken schema hides what rests on it."""
    found: list[dict[str, Break]] = []
    for name, fault in BREAKS.items():
        fits = (
            run
            for run in found
            if {fault.file, fault.blames}.isdisjoint(
                file for one in run.values() for file in (one.file, one.blames or "-")
            )
            and not any(one.file.startswith("schemas/") for one in (fault, *run.values()))
        )
        run = next(fits, None)
        if run is None:
            found.append(run := {})
        run[name] = fault
    return {", ".join(run): list(run.values()) for run in found}


RUNS = runs()


@pytest.mark.parametrize("names", RUNS)
def test_broken_file_is_named_with_line_and_remedy(root: Path, names: str) -> None:
    for fault in RUNS[names]:
        replace(root, fault.file, fault.old, fault.new)
    code, said = check(root)
    assert code == 2
    for fault in RUNS[names]:
        here = [one for one in TOLD.findall(said) if one.startswith(fault.blames or fault.file)]
        assert any(fault.says in one and "    remedy: " in one for one in here), (fault, said)


def test_files_with_the_other_ending_are_refused(root: Path) -> None:
    folders = [
        "config", "config/sources", "config/requesters", "config/agreements", "mappings/codes", "mappings/sources",
        "mappings/groups", "mappings/procedures",
    ]  # fmt: skip
    for folder in folders:
        (root / folder / "more.yml").write_text("a: b\n", "utf-8")
    code, said = check(root)
    assert code == 2
    assert all(f"{folder}/more.yml" in said for folder in folders)
    assert said.count("rename to .yaml") == len(folders)


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("gatway.log.url", "gateway"),
        ("gateway.log.urll", "url"),
        ("sources.taxx.url", "sources.tax"),
        ("sources.tax.services.traCuuMSTT.path", "traCuuMST"),
        ("sources.tax.limits.total", "total_ms"),
    ],
)
def test_unknown_name_on_the_command_line_is_refused_with_a_near_one(
    root: Path, word: str, near: str
) -> None:
    code, said = check(root, "--set", f"{word}=1")
    assert code == 2
    assert f"--set {word}" in said
    assert f"did you mean '{near}'?" in said


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("logins.idle_seconds", "write 'gateway.logins.idle_seconds'"),
        ("logins.idle_minutes", "there are providers"),
    ],
)
def test_word_of_gateway_yaml_that_another_file_lacks_is_led_there(
    root: Path, word: str, remedy: str
) -> None:
    code, said = check(root, "--set", f"{word}=60")
    assert code == 2
    assert f"remedy: {remedy}" in said


def test_unknown_name_in_the_environment_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTLAN_GATEWAY__LOG__URLL", "x")
    with pytest.raises(ConfigError, match="MOTLAN_GATEWAY__LOG__URLL"):
        load(root / "config")


def test_agreement_that_grants_nothing_is_refused(root: Path) -> None:
    path = root / PORTAL
    path.write_text(path.read_text("utf-8").partition("\nservices:")[0] + "\nservices: {}\n", "utf-8")
    code, said = check(root)
    assert code == 2
    assert "'services' is empty" in said


def test_fault_of_a_group_is_told_once_in_its_own_file(root: Path) -> None:
    replace(root, "mappings/groups/other_person.yaml", ":person.full_name", ":person.full_nam")
    found = problems(root)
    assert [problem.file for problem in found] == ["mappings/groups/other_person.yaml"]
    assert found[0].line > 1


def test_unknown_attribute_of_a_source_mapping_has_its_line(root: Path) -> None:
    replace(root, PERSON, "        gender:", "        gendre:")
    (found, *_) = problems(root)
    lines = (root / PERSON).read_text("utf-8").splitlines()
    assert "gendre" in lines[found.line - 1]
    assert "gender" in found.remedy


def test_unknown_code_list_of_a_source_mapping_has_its_line(root: Path) -> None:
    replace(root, PERSON, "codes: population_gender", "codes: population_gendre")
    found = next(problem for problem in problems(root) if "population_gendre" in problem.what)
    lines = (root / PERSON).read_text("utf-8").splitlines()
    assert "population_gendre" in lines[found.line - 1]


def test_predicate_over_a_word_that_cannot_be_is_refused(root: Path) -> None:
    broken = False
    for path in sorted((root / "mappings/procedures").glob("*.yaml")):
        content = path.read_text("utf-8")
        if "civil_status.marital_state" in content and "yes: [" in content:
            path.write_text(content.replace("yes: [", "yes: [never_maried, "), "utf-8")
            broken = True
    assert broken
    assert any("is never 'never_maried'" in problem.what for problem in problems(root))


def test_example_that_names_an_unknown_role_is_refused(root: Path) -> None:
    replace(root, BIRTH, "subjects: &family\n      mother:", "subjects: &family\n      nobody:")
    assert any("names the role 'nobody'" in problem.what for problem in problems(root))


def test_example_with_an_unknown_outcome_is_refused(root: Path) -> None:
    replace(root, PERSON, "outcome: ", "outcome: not_", 1)
    assert any("outcome" in problem.what and "found" in problem.remedy for problem in problems(root))


@pytest.mark.parametrize(
    "words",
    [
        "consent", "Consent (Luật 91/2025, Điều 9)", "con\u00adsent", "Luật 91/2025, Điều 9: sự ĐỒNG  Ý của người dân",
        unicodedata.normalize("NFD", "đồng ý"), "su dong y cua cong dan", "the person consented",
    ],
)  # fmt: skip
def test_ground_that_speaks_of_consent_loads_only_where_consent_is_asked_for(root: Path, words: str) -> None:
    replace(root, PORTAL, "legal_basis: ", f'legal_basis: "{words}" # ')
    code, said = check(root)
    assert code == 2
    assert f"{PORTAL}:5: 'legal_basis' speaks of consent" in said
    assert "add 'consent: required'" in said
    replace(root, PORTAL, "document: ", "consent: required\ndocument: ")
    code, said = check(root)
    assert code == 0, said
    assert "agreement portal: its ground is consent" in said

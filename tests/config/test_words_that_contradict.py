"""What is held against one another: purposes, code lists before transforms, and the libraries a doctor looks at."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.check import check_config, libxml_finding

ROOT = Path(__file__).parents[2]
POPULATION = "mappings/sources/population.yaml"
GENDER = "gender: {path: GioiTinh, codes: population_gender"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of all that people write."""
    for folder in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def said(root: Path, *words: str) -> tuple[int, str]:
    """Exit code and words of `motlan check-config`."""
    done = CliRunner().invoke(check_config, [str(root / "config"), *words], standalone_mode=False)
    assert done.exception is None, done.exception
    return int(done.return_value), done.output


def put(root: Path, file: str, old: str, new: str) -> int:
    """Write something else into a file; the line where it stands."""
    content = (root / file).read_text("utf-8")
    assert old in content, f"{file} no longer says {old}"
    (root / file).write_text(content.replace(old, new, 1), "utf-8")
    return content[: content.index(old)].count("\n") + 1


def test_procedure_with_a_purpose_that_nobody_declared_is_refused_at_its_line(root: Path) -> None:
    file = "mappings/procedures/1.004194.yaml"
    line = put(root, file, "purpose: residence_registration", "purpose: residence_registratio")
    code, words = said(root)
    assert code == 2
    assert f"{file}:{line}: there is no purpose 'residence_registratio'" in words
    assert "did you mean 'residence_registration'?" in words


def test_code_list_before_a_transform_that_keeps_words_is_checked(root: Path) -> None:
    put(root, POPULATION, GENDER, GENDER + ", transform: text")
    put(root, "mappings/codes/population_gender.yaml", '"male"', '"man"')
    code, words = said(root)
    assert code == 2
    assert "list 'population_gender' leads to man, which 'gender' cannot be" in words


def test_code_list_before_another_transform_is_the_transforms_own_affair(root: Path) -> None:
    put(root, POPULATION, GENDER, GENDER + ", transform: upper_case")
    code, words = said(root, "--no-examples")
    assert code == 0, words


def test_doctor_is_content_with_one_libxml2() -> None:
    one = {"lxml": (2, 14, 6), "xmlsec": (2, 14, 5)}
    finding = libxml_finding({"built for": one, "runs with": one})
    assert finding.good
    assert finding.text == "2.14.5"


@pytest.mark.parametrize("how", ["built for", "runs with"])
def test_doctor_names_both_sides_when_the_libxml2_differ(how: str) -> None:
    one = {"lxml": (2, 14, 6), "xmlsec": (2, 14, 6)}
    finding = libxml_finding(
        {"built for": one, "runs with": one, how: {"lxml": (2, 14, 6), "xmlsec": (2, 11, 9)}}
    )
    assert not finding.good
    assert finding.kind == "library"
    assert f"lxml {how} 2.14.6" in finding.text
    assert f"xmlsec {how} 2.11.9" in finding.text
    assert "pip install --force-reinstall --no-binary lxml,xmlsec" in finding.text

"""The people of the sandbox are read as strictly as the configuration: no word twice, and a line for every fault."""

import shutil
from pathlib import Path

import pytest

from adapters.sandbox.people import load
from gateway.domain.errors import ConfigError, Problem

ROOT = Path(__file__).parents[2]
FOLDER = "config/sandbox"


def broken(tmp_path: Path, file: str, old: str, new: str) -> tuple[list[Problem], int]:
    """What is said of a file where `new` replaces `old`, and the line where `old` stood."""
    shutil.copytree(ROOT / FOLDER, tmp_path / FOLDER)
    path = tmp_path / FOLDER / file
    content = path.read_text("utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    return caught.value.problems, content[: content.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("file", "old", "word"),
    [
        ("personas.yaml", "people:\n", "people"),
        ("personas.yaml", "  gender: female\n", "gender"),
        ("personas.yaml", '    commune: "11953"\n', "commune"),
        ("catalogues.yaml", '  - MaDanToc: "01"\n', ""),
    ],
)
def test_word_that_stands_twice_is_named_with_file_and_line(
    tmp_path: Path, file: str, old: str, word: str
) -> None:
    again = old if word else old + '    MaDanToc: "01"\n'
    (problem,), line = broken(tmp_path, file, old, old + again if word else again)
    assert problem.file == f"{FOLDER}/{file}"
    assert problem.line == line + 1
    assert problem.what == f"key '{word or 'MaDanToc'}' is written twice"
    assert problem.remedy


def test_second_person_with_a_key_is_named_at_both_places(tmp_path: Path) -> None:
    found, line = broken(tmp_path, "personas.yaml", "- key: thu\n", "- key: mau\n")
    lines = [problem.line for problem in found if "two people have the same key" in problem.what]
    assert len(lines) == 2
    assert line in lines


def test_relative_who_is_nobody_is_named_at_his_line(tmp_path: Path) -> None:
    (problem,), line = broken(tmp_path, "personas.yaml", "  father: doan\n", "  father: doann\n")
    assert (problem.file, problem.line) == (f"{FOLDER}/personas.yaml", line)
    assert problem.remedy == "did you mean 'doan'?"


@pytest.mark.parametrize("tag", ["!person", "!!int", "!!binary"])
def test_tag_is_refused_at_its_line(tmp_path: Path, tag: str) -> None:
    (problem,), line = broken(tmp_path, "personas.yaml", "- key: thu\n", f"- key: {tag} thu\n")
    assert problem.line == line
    assert "is not allowed" in problem.what


def test_blank_word_is_the_empty_text(tmp_path: Path) -> None:
    shutil.copytree(ROOT / FOLDER, tmp_path / FOLDER)
    path = tmp_path / FOLDER / "personas.yaml"
    path.write_text(path.read_text("utf-8").replace("- key: mau\n", "- key: mau\n  passport:\n", 1), "utf-8")
    assert load(tmp_path).by_key["mau"].passport == ""

"""What citizens and officials read is spelled one way, in official words."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_architecture import ROOT

#: tone marks as official texts set them: hòa, thủy, khỏe, not hoà, thuỷ, khoẻ
NEW_STYLE = re.compile(r"(?<![qQ])[uU][ỳýỷỹỵỲÝỶỸỴ](?!\w)|[oO][àáảãạèéẻẽẹÀÁẢÃẠÈÉẺẼẸ](?!\w)")
#: said to a citizen as ông/bà, of data as khai thác and không thống nhất, of April as tháng tư
NOT_OFFICIAL = re.compile(
    r"\b(bạn|quý khách|người dùng|khách hàng|truy vấn|tháng bốn|máy chủ nguồn|số định danh không khớp)\b",
    re.IGNORECASE,
)
#: people of the sandbox spell their names as they like; a comparison names both spellings
LEFT_OUT = ("config/sandbox/", "gateway/mapping/transforms.py", "mappings/WORDS.md")


def texts() -> Iterator[tuple[str, Path]]:
    for room in ("gateway", "adapters", "mappings", "config", "schemas"):
        for path in sorted((ROOT / room).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in {".py", ".yaml", ".json", ".md"} and not name.startswith(LEFT_OUT):
                yield name, path


@pytest.mark.parametrize("rule", [NEW_STYLE, NOT_OFFICIAL], ids=["tone marks", "official words"])
def test_vietnamese_is_written_as_official_texts_write_it(rule: re.Pattern[str]) -> None:
    found = [
        (name, number, word[0])
        for name, path in texts()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for word in rule.finditer(line)
    ]
    assert found == []


def test_vietnamese_letters_are_composed_and_hide_nothing() -> None:
    """Two texts that look alike are alike (NFC), and no blank stands twice within a text of a code list."""
    decomposed = [
        name for name, path in texts() if not unicodedata.is_normalized("NFC", path.read_text("utf-8"))
    ]
    assert decomposed == []
    lists = [path for name, path in texts() if name.startswith("mappings/codes/")]
    assert len(lists) > 40
    assert [path.name for path in lists if re.search(r"[^\W\d_]  +[^\W\d_]| \"", quoted(path))] == []


def quoted(path: Path) -> str:
    """The texts in quotes of a file, one a line."""
    return "\n".join(re.findall(r'"[^"\n]*"', path.read_text("utf-8")))


def test_rules_see_what_they_are_about() -> None:
    assert all(map(NEW_STYLE.search, ("hoà giải", "Thuỷ", "sức khoẻ", "UỶ BAN", "khoá")))
    assert not any(
        map(NEW_STYLE.search, ("hoàn", "quý", "thủy", "sức khỏe", "Quỳnh", "khoảng", "ngoài", "xoài"))
    )
    assert NOT_OFFICIAL.search("mời bạn bổ sung")

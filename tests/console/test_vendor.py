"""Files of others: each is named with its package, licence and hash, and is what was named."""

import hashlib
import re
from pathlib import Path

import pytest

from gateway.console.pages import Pages

VENDOR = Path(__file__).parents[2] / "gateway" / "console" / "static" / "vendor"
LINES = dict(
    re.findall(
        r"^\| `([^`]+)` \| \S+ [0-9.]+ \| [^|]+ \| `([0-9a-f]{64})` \|$",
        (VENDOR / "ORIGIN.md").read_text(),
        re.MULTILINE,
    )
)


def test_every_file_of_others_is_named_and_unchanged() -> None:
    files = {path.name: path for path in VENDOR.iterdir() if path.name != "ORIGIN.md"}
    assert set(LINES) == set(files)
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == LINES[name], name


def test_each_family_brings_its_licence() -> None:
    for family, word in (
        ("be-vietnam-pro", "SIL Open Font License"),
        ("ibm-plex-mono", "SIL Open Font License"),
        ("lucide", "ISC License"),
    ):
        assert word in (VENDOR / f"{family}.LICENSE.txt").read_text()


@pytest.mark.parametrize("style", ["tokens.css", "pages.css"])
def test_a_style_names_fonts_by_their_hash_and_nothing_from_elsewhere(style: str) -> None:
    pages = Pages(is_sandbox=True)
    text = pages.assets[pages.address(style).rpartition("/")[2]].content.decode()
    named = re.findall(r'url\("?([^")]+)', text)
    assert set(named) <= set(pages.assets)
    assert len(named) == (10 if style == "tokens.css" else 0)
    assert "@import" not in text

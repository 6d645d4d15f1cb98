"""Links in the documents lead somewhere, and the words that the documents promise exist."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.browser.screenshots import FOLDER, PICTURES

ROOT = Path(__file__).parents[2]
ROOMS = ("gateway", "adapters", "mappings", "schemas", "config", "tests")
SKIPPED = {".git", ".venv", ".state", "node_modules"}
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
MAKE = re.compile(r"`make ([a-z]+)")


def documents() -> list[Path]:
    return [p for p in sorted(ROOT.rglob("*.md")) if not SKIPPED & set(p.relative_to(ROOT).parts)]


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text("utf-8"))


def anchors(path: Path) -> set[str]:
    """Anchors as the usual renderers make them from headings."""
    headings = HEADING.findall(prose(path))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def dead_links(path: Path) -> Iterator[str]:
    for link in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (path.parent / place).resolve() if place else path
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            yield link


def test_links_inside_the_house_lead_somewhere() -> None:
    dead = {str(path.relative_to(ROOT)): links for path in documents() if (links := list(dead_links(path)))}
    assert dead == {}


PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")


def test_pictures_of_documents_are_there_described_and_light() -> None:
    shown = [(path, *found) for path in documents() for found in PICTURE.findall(prose(path))]
    assert len(shown) > 2
    for path, words, link in shown:
        picture = path.parent / link
        assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n", link
        assert picture.stat().st_size < 300_000, link
        assert len(words) > 20, f"{link}: say what it shows"


def test_every_picture_is_taken_by_the_script() -> None:
    assert {path.stem for path in FOLDER.glob("*")} <= {one.name for one in PICTURES}


def test_every_room_has_a_readme() -> None:
    assert [room for room in ROOMS if not (ROOT / room / "README.md").is_file()] == []


def test_make_targets_named_in_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        (str(path.relative_to(ROOT)), name)
        for path in documents()
        for name in MAKE.findall(path.read_text("utf-8"))
    }
    assert len(named) > 10
    assert {(path, name) for path, name in named if name not in targets} == set()

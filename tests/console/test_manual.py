"""The manual shows every document of the repository, and no link of it leads nowhere."""

import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gateway.console.manual import EXAMPLES, Manual, ManualPage, manual
from gateway.console.summaries import SUMMARIES

ROOT = Path(__file__).parents[2]
#: files of others, and what machines leave behind
NOT_OURS = {".git", ".venv", ".state", ".pytest_cache", "node_modules", "build", "dist"}
#: elements and attributes that a document can make
ALLOWED = {
    "a": {"href", "rel", "title"}, "span": {"class", "title"},
    "em": {"lang"}, "pre": {"tabindex"}, "table": {"class", "role"}, "thead": {"role"}, "tbody": {"role"},
    "tr": {"role"}, "th": {"role", "scope"}, "td": {"role", "data-label"}, "ol": {"start"}, "ul": set(), "li": set(),
    "p": set(), "code": set(), "strong": set(), "blockquote": set(), "hr": set(), "br": set(), "s": set(),
    **{f"h{level}": {"id"} for level in range(1, 7)},
}  # fmt: skip


class Elements(HTMLParser):
    """What is in a page: elements with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def values(self, tag: str, name: str) -> list[str]:
        return [str(attrs[name]) for one, attrs in self.found if one == tag and name in attrs]

    @property
    def anchors(self) -> set[str]:
        return {str(attrs["id"]) for _, attrs in self.found if "id" in attrs}


def shown(text: str, path: str = "gateway/x/README.md") -> str:
    return ManualPage(path, text, manual().rewritten).html


def test_every_document_of_the_repository_is_in_the_manual() -> None:
    written = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.md")
        if not NOT_OURS & set(path.relative_to(ROOT).parts) and path.name != "ORIGIN.md"
    }
    assert manual().documents.keys() == written
    assert {document.path for _, documents in manual().contents for document in documents} == written


def test_every_document_has_an_address_of_its_own() -> None:
    addresses = {document.url: path for path, document in manual().documents.items()}
    assert len(addresses) == len(manual().documents)
    for url, path in addresses.items():
        found = manual().find(url.removeprefix("/manual").removeprefix("/"))
        assert found is not None
        assert found.path == path


def test_every_link_leads_to_a_page_an_anchor_or_a_file_that_is_served() -> None:
    pages = {document.url: Elements(document.html) for document in manual().documents.values()}
    files = {f"/manual/{path}" for path in manual().files} | {"/openapi.json"}
    led = dead = 0
    for url, page in pages.items():
        for link in page.values("a", "href"):
            place, _, anchor = link.partition("#")
            if place.startswith("https://"):
                continue
            led += 1
            target = pages.get(place or url)
            dead += not (place in files or (target is not None and (not anchor or anchor in target.anchors)))
            assert dead == 0, (url, link)
    assert led > 150


def test_picture_of_a_document_is_a_link_with_its_words() -> None:
    page = Elements(manual().documents["README.md"].html)
    assert {"/manual/gateway/console/pictures/form.png"} <= set(page.values("a", "href"))
    assert page.values("img", "src") == []


def test_every_heading_of_a_page_has_an_anchor_that_no_other_has() -> None:
    for document in manual().documents.values():
        found = [attrs["id"] for tag, attrs in Elements(document.html).found if re.fullmatch("h[1-6]", tag)]
        assert len(found) == len(set(found)), document.path
        assert all(found), document.path


def test_no_page_holds_anything_but_plain_elements() -> None:
    for document in manual().documents.values():
        for tag, attrs in Elements(document.html).found:
            assert attrs.keys() <= ALLOWED[tag], (document.path, tag, attrs)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "<img src=x onerror=a()>", "[x](javascript:alert(1))", "[x](data:text/html,a)",
        "![x](https://elsewhere.example/a.png)", "| a |\n|---|\n| <b onclick=x>c</b> |", "```\n</code><script>\n```",
        "# <svg onload=alert(1)>", "[<i>x</i>](README.md \"' onclick='x\")", "*<u>ơ</u>*", "[x](vbscript:x)",
        "[x](//elsewhere.example/a)", "![x](javascript:alert)", "    <script>", "`<script>`", "<!-- x -->",
    ],
)  # fmt: skip
def test_markup_in_a_document_is_text(text: str) -> None:
    for tag, attrs in Elements(shown(f"# Title\n\n{text}\n")).found:
        assert tag in ALLOWED
        assert attrs.keys() <= ALLOWED[tag]
        assert not re.match("(javascript|vbscript|data):", attrs.get("href") or "")
        assert tag != "img"


def test_link_that_only_the_repository_can_follow_is_a_name() -> None:
    html = shown(
        "See [models.py](../api/models.py#L1), [rooms](../api/README.md#values) and [up](../../../etc/passwd)."
    )
    assert '<span class="file" title="../api/models.py#L1">models.py</span>' in html
    assert '<a href="/manual/gateway/api#values">rooms</a>' in html
    assert '<span class="file" title="../../../etc/passwd">up</span>' in html


def test_cells_carry_the_words_of_their_column() -> None:
    html = shown("| refusal | what to *do* |\n|---|---|\n| `x` | wait |\n")
    assert '<td role="cell" data-label="what to do">wait</td>' in html


def test_head_without_words_is_a_plain_cell() -> None:
    html = shown("| a | |\n|---|---|\n| b | c |\n")
    assert '<th role="columnheader" scope="col">a</th>\n<td role="cell"></td>' in html


def test_vietnamese_in_italics_is_marked_as_vietnamese() -> None:
    assert shown("*Đăng nhập công dân.* A *citizen* signs in.").count('<em lang="vi">') == 1


@pytest.mark.parametrize(
    ("query", "url"),
    [
        ("what a cut means", "/manual#what-a-cut-means"), ("dang nhap CONG DAN", "/manual#log-citizens-in"),
        ("ĐĂNG NHẬP công dân", "/manual#log-citizens-in"), ("tlog-witness", "/manual/config#anchors"),
        ("client examples", "/manual/gateway/console/examples"), ("nhat ky giao dich", "/manual/gateway/exchange_log"),
        ("rút lại sự đồng ý", "/manual/gateway/consents"), ("hồ sơ đối soát", "/manual/gateway/relay"),
    ],
)  # fmt: skip
def test_search_finds_the_section_whatever_its_case_and_marks(query: str, url: str) -> None:
    hits = manual().search(query)
    assert [hit.url for hit in hits if hit.url.startswith(url)]
    assert hits[0].before + hits[0].match + hits[0].after
    assert len(hits) <= 30


def test_every_document_has_a_vietnamese_line_that_a_search_finds() -> None:
    assert SUMMARIES.keys() == manual().documents.keys()
    for document in manual().documents.values():
        assert re.search("[à-ỹđ]", document.summary), document.path
        hits = [hit for hit in manual().search(document.summary) if hit.url == document.url]
        assert hits, document.path
        assert hits[0].language == "vi"


@pytest.mark.parametrize("query", ["", "  ", "…", "zzzqq", "receipt zzzqq", "x" * 5_000])
def test_search_for_what_is_not_there_finds_nothing(query: str) -> None:
    assert manual().search(query) == ()


def test_snippet_is_the_text_around_the_word_with_its_marks() -> None:
    made = Manual({"README.md": "# Một\n\nTrước đó, **điền sẵn** biểu mẫu.\n"}, {}, {})
    [hit] = made.search("dien")
    assert (hit.before, hit.match, hit.after) == ("Trước đó, ", "điền", " sẵn biểu mẫu.")
    assert (hit.url, hit.document, hit.section) == ("/manual", "Một", "Một")


def test_wheel_and_image_bring_every_document() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    brought = {
        f"{folder}/{found.name}".removeprefix("share/motlan/")
        for folder, patterns in setup["data-files"].items()
        for pattern in patterns
        for found in ROOT.glob(pattern)
    }
    assert "*.md" in setup["package-data"]["*"]
    wanted = {path for path in manual().documents if path.split("/")[0] not in {"gateway", "adapters"}}
    assert brought == wanted
    copied = (ROOT / "Dockerfile").read_text("utf-8")
    for pattern in (one for patterns in setup["data-files"].values() for one in patterns):
        assert pattern in copied, pattern


def test_every_example_is_served() -> None:
    examples = {path.name for path in (ROOT / EXAMPLES).rglob("*.*") if path.suffix not in {".md", ".pyc"}}
    assert {path.rpartition("/")[2] for path in manual().files if path.startswith(EXAMPLES)} == examples

"""All templates of pages: words in both languages, nothing inline, known icons; the kit whole in both languages."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import nodes

from gateway.audit.story_words import OUTCOMES
from gateway.console.kit import kit_values
from gateway.console.pages import Pages
from gateway.domain.evidence import Outcome
from gateway.pages.ops_sources import _FAILED_LAST, _NEVER_ASKED, STATES
from tests.console.reading import Reading

ROOM = Path(__file__).parents[2] / "gateway" / "console"
TEMPLATES = sorted((ROOM / "templates").rglob("*.html"))
ICONS = set(re.findall(r'<symbol id="([^"]+)"', (ROOM / "static/vendor/icons.svg").read_text()))
EXCHANGE = "01M8F0K355GDVAM6SEGVA9W798"
FRAME = {
    "title": ("Bộ thành phần", "Kit"), "room": ("Kiểm toán", "Audit"), "account": "<b>\u202eai\u200b", "csrf": 'c"c',
    "role": ("Kiểm toán viên", "Auditor"), "sign_out_url": "/login/logout", "language_url": "?lang=en&x=<",
    "is_staff": True,
    "nav": [{"url": "/audit", "title": ("Nhật ký", "Log"), "is_here": True}],
}  # fmt: skip


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOM / "templates"))


def calls(path: Path, *names: str) -> Iterator[nodes.Call]:
    tree = Pages(is_sandbox=True)._templates["vi"].parse(path.read_text())
    for one in tree.find_all(nodes.Call):
        if isinstance(one.node, nodes.Name) and one.node.name in names:
            yield one


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(is_sandbox=True)


@pytest.fixture(scope="module")
def kits(pages: Pages) -> dict[str, list[str]]:
    """The pages of the kit, by language."""
    return {
        language: [
            pages.rendered(f"kit/{part}", EXCHANGE, {**FRAME, "lang": language, **kit_values()}).decode()
            for part in ("basics", "records", "charts", "form", "icons")
        ]
        for language in ("vi", "en")
    }


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_words_stand_in_both_languages_and_are_constants(path: Path) -> None:
    for one in calls(path, "w"):
        words = [argument.value for argument in one.args if isinstance(argument, nodes.Const)]
        assert len(words) == len(one.args) == 2, (
            f"line {one.lineno}: w() takes two texts, its places are named"
        )
        vi, en = words
        assert vi.strip(), one.lineno
        assert en.strip(), one.lineno
        places = [set(re.findall(r"\{(\w*)[^}]*\}", text)) for text in words]
        assert places[0] == places[1] == {given.key for given in one.kwargs}, f"line {one.lineno}: {words}"
        for text in words:
            # a word is in attributes too
            assert '"' not in re.sub(r"<[^>]*>", "", text), f"line {one.lineno}: {text}"
            assert not re.search(r"<(?!/?(?:b|strong|br|code|bdi|em|span)\b)", text), (
                f"line {one.lineno}: {text}"
            )
        assert not re.search(r"\bbạn\b", vi.lower()), one.lineno


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_template_has_nothing_inline_and_leaves_escaping_on(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    assert not re.search(
        r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|[\"']javascript:", text, re.IGNORECASE
    )
    assert not re.search(r"\|\s*safe\b|autoescape", text)
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text)


#: macro -> which of its arguments is an icon
ICON_OF = {"icon": 0, "step": 0, "state": 2, "button": 2, "verdict": 2, "notice": 3}
#: icons of states in files of Python
ICONS_OF_STATES = {one[1] for one in (*STATES.values(), _NEVER_ASKED, _FAILED_LAST)}


def texts(node: nodes.Node) -> Iterator[str]:
    """All texts that an expression may give; what it compares, and the keys of its tables, are none."""
    match node:
        case nodes.Const(value=str(text)):
            yield text
        case nodes.CondExpr():
            yield from (*texts(node.expr1), *(texts(node.expr2) if node.expr2 else ()))
        case nodes.Pair():
            yield from texts(node.value)
        case nodes.Compare() | nodes.Test():
            pass
        case _:
            for one in node.iter_child_nodes():
                yield from texts(one)


def icons_of(path: Path) -> set[str]:
    tree = Pages(is_sandbox=True)._templates["vi"].parse(path.read_text())
    found: list[nodes.Node] = []
    for one in calls(path, *ICON_OF):
        assert isinstance(one.node, nodes.Name)
        found += one.args[ICON_OF[one.node.name] :][:1]
        found += [given.value for given in one.kwargs if given.key == "with"]
    tables = {"icons", "kind_icons"}
    found += [
        one.node for one in tree.find_all(nodes.Assign)
        if isinstance(one.target, nodes.Name) and one.target.name in tables
    ]  # fmt: skip
    return {text for one in found for text in texts(one)} - {""}


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_icon_of_a_template_is_in_the_sprite(path: Path) -> None:
    assert icons_of(path) <= ICONS


def test_every_icon_of_the_sprite_is_used_by_a_page() -> None:
    used = set().union(*map(icons_of, TEMPLATES)) | ICONS_OF_STATES
    assert used <= ICONS
    assert ICONS - used == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_template_can_be_read_in_both_languages(path: Path, pages: Pages) -> None:
    for language in ("vi", "en"):
        assert pages._templates[language].get_template(name_of(path)).name == name_of(path)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_kit_is_whole_readable_and_runs_nothing(kits: dict[str, list[str]], language: str) -> None:
    for page in kits[language]:
        is_whole(Reading(page), language)
        assert page.count("</title>\n<link") == 1
    shown = "".join(kits[language])
    assert "\u202e" not in shown
    assert "\u200b" not in shown
    assert "<img src=x" not in shown
    assert "Ễ" * 301 not in shown


def is_whole(seen: Reading, language: str) -> None:
    assert seen.running == []
    assert (seen.opened, seen.crossed) == ([], [])
    assert len(seen.of("h1")) == len(seen.of("main")) == 1
    assert seen.of("html")[0]["lang"] == language
    assert seen.of("a")[0]["href"] == "#main"
    ids = [str(one["id"]) for _, one in seen.tags if "id" in one]
    assert len(ids) == len(set(ids))
    for _, one in seen.tags:
        for name in ("for", "aria-describedby", "aria-labelledby"):
            assert set((one.get(name) or "").split()) <= set(ids), one
    labelled = {one["for"] for one in seen.of("label")}
    assert all(
        one.get("type") == "hidden" or one["id"] in labelled for one in seen.of("input", "select", "textarea")
    )


def test_a_page_is_in_one_language(kits: dict[str, list[str]]) -> None:
    vi, en = ("".join(kits[language]) for language in ("vi", "en"))
    assert "Không trả lời được" in vi
    assert "No answer" not in vi
    assert "No answer" in en
    assert "Không trả lời được" not in en


def test_an_outcome_has_the_words_of_the_log_on_every_page(kits: dict[str, list[str]]) -> None:
    for one in Outcome:
        for word, language in zip(OUTCOMES[one], ("vi", "en"), strict=False):
            assert f"<span>{word}</span>" in kits[language][0], one


def test_kit_shows_every_macro() -> None:
    macros = set(re.findall(r"\{% macro (\w+)\(", (ROOM / "templates/parts.html").read_text()))
    kit = "".join(one.read_text() for one in (ROOM / "templates/kit").glob("*.html"))
    assert {one for one in macros if not re.search(rf"\b{one}\(", kit)} <= {"csrf_field"}


def test_a_first_visit_is_light(pages: Pages) -> None:
    """The frame's styles, script and sprite: 40 KB at most as they travel, fonts apart."""
    frame = [pages.address(one) for one in ("tokens.css", "pages.css", "frame.js", "icons.svg", "mark.svg")]
    sizes = [len(gzip.compress(pages.assets[one.rpartition("/")[2]].content)) for one in frame]
    assert sum(sizes) <= 40_000


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 429, 500, 502, 503, 504, 507])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_error_says_what_happened_what_it_means_and_what_to_do(
    pages: Pages, status: int, language: str
) -> None:
    values = {
        **FRAME, "lang": language, "status": status, "fault": ("<b>Lỗi</b>", "<b>Fault</b>"),
        "said": ("\u202evi", "en<i>"),
        "retry_after": 7 if status == 429 else None,
    }  # fmt: skip
    text = pages.rendered("error", EXCHANGE, values).decode()
    seen = Reading(text)
    assert seen.running == []
    assert (seen.opened, seen.crossed) == ([], [])
    assert len(seen.of("h1")) == 1
    assert text.count(EXCHANGE) == 2
    assert ("7 giây" if language == "vi" else "7 seconds") in text or status != 429
    assert "<i>" not in text
    assert "<b>L" not in text
    assert "\u202e" not in text
    assert [one for one in seen.of("a") if one.get("class") and one["href"] == "/"]

"""The manual: the documents of all rooms as pages, with contents and search. Knows no request.

Promises: raw HTML of a document is text; a link leads to a page of the manual, to a file that is served, to an address
with a host, or is no link; every heading has an anchor, the one that the usual renderers give it.
"""

import os
import re
import sysconfig
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from gateway.console.formats import VIETNAMESE
from gateway.console.summaries import SUMMARIES

ADDRESS = "/manual"
EXAMPLES, PICTURES = "gateway/console/examples", "gateway/console/pictures"
#: the first document
FIRST = "README.md"
_PACKAGES = Path(__file__).parents[2]
_ROOMS = ("gateway", "adapters", "mappings", "schemas", "config", "tests")
#: of files of others, and of machines
_LEFT_OUT = frozenset({"ORIGIN.md", "node_modules", "__pycache__", "vendor"})
_CODE = {
    ".py": "python",
    ".mjs": "javascript",
    ".php": "php",
    ".java": "java",
    ".cs": "csharp",
    ".html": "html",
}
#: documents about no room, in the order of the contents
_ABOUT_ALL = (FIRST, "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md")
_SERVED = {"schemas/api/openapi.json": "/openapi.json"}
_ROLES = {
    "thead_open": "rowgroup", "tbody_open": "rowgroup", "tr_open": "row", "th_open": "columnheader",
    "td_open": "cell",
}  # fmt: skip
_HAS_HOST = re.compile(r"[a-z][a-z0-9+.-]*:|//")
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")
#: letters that only Vietnamese text has, among the languages of the documents
_VIETNAMESE = re.compile(r"[ăâđêôơưĂÂĐÊÔƠƯ\u1ea0-\u1ef9]")
_WORD = re.compile(r"\w+")
_MOST_FOUND, _MOST_WORDS, _SNIPPET = 30, 10, 90
#: how much more a word counts in a heading
_IN_HEADING = 20
#: how much more all words count in the order of the query, in a heading
_AS_PHRASE = 40
#: how often a word counts in one text: a long list is no better for being long
_MOST_COUNTED = 5


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a document and the text below it, as a search sees it."""

    title: str
    anchor: str
    level: int
    text: str
    #: both without case and marks, as long as with them
    plain_title: str
    plain_text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """What a search found: a section, or the summary of a document in Vietnamese (`language`).

    `before`, `match` and `after` are its text around the first word.
    """

    url: str
    document: str
    section: str
    before: str
    match: str
    after: str
    score: int
    language: str = "en"


class ManualPage:
    """One document; `path` is its place in the repository: `gateway/api/README.md`."""

    def __init__(self, path: str, text: str, rewritten: Callable[[str, str], str], summary: str = "") -> None:
        """`rewritten`: where a link of the document at this path leads; blank: nowhere that can be served.

        `summary`: one Vietnamese line.
        """
        self.path = path
        self.summary = summary
        self.text = text
        self._rewritten = rewritten

    @property
    def url(self) -> str:
        """Its address."""
        return url_of(self.path)

    @cached_property
    def title(self) -> str:
        """Its first heading, without its marks."""
        found = re.search(r"^# (.+)$", self.text, re.MULTILINE)
        return found[1].replace("`", "").strip() if found else self.path

    @cached_property
    def html(self) -> Markup:
        """The text as HTML, without its first heading. What is in it is escaped by the renderer."""
        tokens = _parsed(self.text)
        _anchor(tokens)
        _link(tokens, lambda link: self._rewritten(self.path, link))
        _label_cells(tokens)
        _name_languages(tokens)
        return Markup(_markdown().renderer.render(_without_title(tokens), _markdown().options, {}))  # noqa: S704

    @cached_property
    def sections(self) -> Sequence[Section]:
        """In the order of the text."""
        return tuple(_sections(self.title, _parsed(self.text)))


class Manual:
    """All documents of this installation, by path."""

    def __init__(
        self, texts: Mapping[str, str], files: Mapping[str, Path], summaries: Mapping[str, str]
    ) -> None:
        """`files`: pictures, and client examples, which documents link to; `summaries`: Vietnamese lines by path."""
        self.documents = {
            path: ManualPage(path, text, self.rewritten, summaries.get(path, ""))
            for path, text in texts.items()
        }
        self.files = files

    def find(self, address: str) -> ManualPage | None:
        """The document whose address ends so: blank, `gateway/api`, `mappings/WORDS`."""
        return self._by_url.get(f"{ADDRESS}/{address}" if address else ADDRESS)

    @cached_property
    def _by_url(self) -> Mapping[str, ManualPage]:
        return {document.url: document for document in self.documents.values()}

    @cached_property
    def contents(self) -> Sequence[tuple[str, Sequence[ManualPage]]]:
        """Rooms (blank: about all) with their documents."""
        rooms: dict[str, list[ManualPage]] = {"": [], **{room: [] for room in _ROOMS}}
        for path, document in self.documents.items():
            rooms[path.split("/")[0] if "/" in path else ""].append(document)
        rooms[""].sort(key=lambda one: _ABOUT_ALL.index(one.path))
        return tuple((room, tuple(found)) for room, found in rooms.items() if found)

    def search(self, query: str) -> Sequence[Hit]:
        """The sections that hold every word of the query, best first; case and Vietnamese marks do not count."""
        words = [_plain(word) for word in _WORD.findall(query)[:_MOST_WORDS]]
        if not words:
            return ()
        hits = (hit for document in self.documents.values() for hit in _hits(document, words))
        return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.url)))[:_MOST_FOUND]

    def rewritten(self, path: str, link: str) -> str:
        """Where a link of this document leads; blank: to what only the repository has."""
        if _HAS_HOST.match(link) or link.startswith("#"):
            return link
        place, _, anchor = link.partition("#")
        target = _joined(path, unquote(place))
        at = f"#{anchor}" if anchor else ""
        if document := self.documents.get(target) or self.documents.get(f"{target}/{FIRST}"):
            return document.url + at
        if target in self.files:
            return f"{ADDRESS}/{target}"
        return _SERVED.get(target, "")


@cache
def manual() -> Manual:
    """The manual of this installation, read once."""
    texts = dict(_texts())
    files = {
        str(path.relative_to(_PACKAGES)): path
        for folder in (EXAMPLES, PICTURES)
        for path in sorted((_PACKAGES / folder).rglob("*"))
        if path.suffix in {*_CODE, ".png"}
    }
    return Manual(texts, files, SUMMARIES)


def url_of(path: str) -> str:
    """The address of a document: `/manual/gateway/api`."""
    place = path.removesuffix(FIRST).removesuffix("/") if path.endswith(FIRST) else path.removesuffix(".md")
    return f"{ADDRESS}/{place}" if place else ADDRESS


def code_kind(name: str) -> str:
    """The language of a client example, by its file name; blank: it is none."""
    return _CODE.get(PurePosixPath(name).suffix, "")


# ------------------------------------------------------------------------------------------------- reading


def _texts() -> Iterator[tuple[str, str]]:
    """Path and text of each document: beside the packages in a repository, else where the wheel put them."""
    root = _PACKAGES
    if not (root / "pyproject.toml").is_file():
        root = Path(sysconfig.get_path("data")) / "share/motlan"
    for name in _ABOUT_ALL:
        if (root / name).is_file():
            yield name, (root / name).read_text("utf-8")
    for room in _ROOMS:
        place = _PACKAGES if (room in {"gateway", "adapters"}) else root
        for path in sorted(_documents(place / room), key=_order):
            yield path.relative_to(place).as_posix(), path.read_text("utf-8")


def _order(path: Path) -> tuple[Sequence[str], bool, str]:
    """Folder by folder, what is said of it as a whole first."""
    return path.parts[:-1], path.name != FIRST, path.name


def _documents(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        yield from (Path(place, name) for name in names if name.endswith(".md") and name not in _LEFT_OUT)


def _joined(path: str, place: str) -> str:
    """A relative place of the document at this path, from the root of the repository."""
    parts: list[str] = []
    for part in (*PurePosixPath(path).parent.parts, *PurePosixPath(place).parts):
        if part == "..":
            parts[-1:] = []
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


# ----------------------------------------------------------------------------------------------- rendering


@cache
def _markdown() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    made.add_render_rule("fence", _fence)
    made.add_render_rule("code_block", _fence)
    made.add_render_rule("table_open", lambda *_: '<table class="t doc" role="table">\n')
    return made


def _head(opened: Token, closed: Token, words: str) -> None:
    """A cell of a table's head; one without words is no head of anything."""
    if words:
        opened.attrSet("scope", "col")
    else:
        opened.tag = closed.tag = "td"
        opened.attrs = {"role": "cell"}


def _fence(_self: object, tokens: Sequence[Token], index: int, *_rest: object) -> str:
    """A block that the keyboard can scroll."""
    return f'<pre tabindex="0"><code>{escape(tokens[index].content)}</code></pre>\n'


def _parsed(text: str) -> list[Token]:
    return _markdown().parse(text)


def _without_title(tokens: list[Token]) -> list[Token]:
    return tokens[3:] if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1" else tokens


def _headings(tokens: Sequence[Token]) -> Iterator[tuple[int, Token, str, str]]:
    """Place, opening token, text and anchor of each heading."""
    times: Counter[str] = Counter()
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            title = _text(tokens[place + 1])
            anchor = _NOT_IN_ANCHORS.sub("", title.lower()).strip().replace(" ", "-")
            times[anchor] += 1
            yield place, token, title, anchor if times[anchor] == 1 else f"{anchor}-{times[anchor] - 1}"


def _anchor(tokens: Sequence[Token]) -> None:
    for _, token, _, anchor in _headings(tokens):
        token.attrSet("id", anchor)


def _text(token: Token) -> str:
    """What a reader sees of an inline token."""
    children = token.children or []
    return "".join(" " if one.type in {"softbreak", "hardbreak"} else one.content for one in children)


def _link(tokens: Sequence[Token], rewritten: Callable[[str], str]) -> None:
    """Lead links to pages of the manual; one that leads nowhere here becomes a name with its path as title."""
    for token in tokens:
        if token.children:
            token.children = list(_linked(token.children, rewritten))


def _linked(children: Sequence[Token], rewritten: Callable[[str], str]) -> Iterator[Token]:
    ended: list[bool] = []
    for one in children:
        match one.type:
            case "link_open":
                ended.append(_lead(one, rewritten))
            case "link_close" if ended.pop():
                one.tag = "span"
            case "image":
                yield from _picture(one, "" if ended else rewritten(str(one.attrGet("src"))))
                continue
        yield one


def _lead(token: Token, rewritten: Callable[[str], str]) -> bool:
    """Set where a link leads; True: nowhere, it is no link any more."""
    link = str(token.attrGet("href"))
    if found := rewritten(link):
        token.attrSet("href", found)
        if _HAS_HOST.match(found):
            token.attrSet("rel", "noreferrer")
        return False
    token.tag, token.attrs = "span", {"class": "file", "title": link}
    return True


def _picture(token: Token, found: str) -> Iterator[Token]:
    """A link with the words of a picture, so that a page stays light; one that is not served here is its words."""
    words = Token("text", "", 0, content=token.content)
    if found and not _HAS_HOST.match(found):
        yield Token("link_open", "a", 1, attrs={"href": found})
        yield words
        yield Token("link_close", "a", -1)
    else:
        yield words


def _name_languages(tokens: Sequence[Token]) -> None:
    """Documents are English; Vietnamese beside it is in italics and marked with its language for screen readers."""
    for token in tokens:
        opened: Token | None = None
        for one in token.children or ():
            if one.type == "em_open":
                opened = one
            elif opened is not None and _VIETNAMESE.search(one.content):
                opened.attrSet("lang", VIETNAMESE)
            if one.type == "em_close":
                opened = None


def _label_cells(tokens: Sequence[Token]) -> None:
    """Tell each cell the words of its column: on a narrow screen rows stand as cards, and keep their roles."""
    heads: list[str] = []
    column = 0
    for place, token in enumerate(tokens):
        if role := _ROLES.get(token.type):
            token.attrs = {"role": role}
        match token.type:
            case "thead_open":
                heads = []
            case "tr_open":
                column = 0
            case "th_open":
                heads.append(_text(tokens[place + 1]))
                _head(token, tokens[place + 2], heads[-1])
            case "td_open":
                token.attrSet("data-label", heads[column] if column < len(heads) else "")
                column += 1


# ------------------------------------------------------------------------------------------------ searching


def _sections(title: str, tokens: Sequence[Token]) -> Iterator[Section]:
    places = [(-1, title, "", 1), *((place, text, anchor, int(token.tag[1])) for place, token, text, anchor
                                    in _headings(tokens))]  # fmt: skip
    if len(places) > 1 and places[1][0] == 0:
        # the first heading is the document's title
        places.pop(0)
        places[0] = (0, title, "", 1)
    ends = [place for place, *_ in places[1:]] + [len(tokens)]
    for (place, text, anchor, level), end in zip(places, ends, strict=True):
        below = tokens[place + 3 : end] if place >= 0 else tokens[:end]
        words = (_text(one) if one.type == "inline" else one.content for one in below)
        paragraph = " ".join(" ".join(words).split())
        yield Section(text, anchor, level, paragraph, _plain(text), _plain(paragraph))


def _hits(document: ManualPage, words: Sequence[str]) -> Iterator[Hit]:
    phrase = " ".join(words)
    summary = _plain(document.summary)
    if all(word in summary for word in words):
        at, length = _first(summary, phrase, words)
        around = _around(document.summary, at, length)
        score = _IN_HEADING * len(words) + _AS_PHRASE * (phrase in summary)
        yield Hit(document.url, document.title, document.title, *around, score=score, language=VIETNAMESE)
    for section in document.sections:
        head, text = section.plain_title, section.plain_text
        if all(word in head or word in text for word in words):
            score = sum(_IN_HEADING * (word in head) + min(text.count(word), _MOST_COUNTED) for word in words)
            score += _AS_PHRASE * (phrase in head) + _IN_HEADING * (phrase in text)
            at, length = _first(text, phrase, words)
            url = document.url + (f"#{section.anchor}" if section.anchor else "")
            yield Hit(url, document.title, section.title, *_around(section.text, at, length), score=score)


def _first(text: str, phrase: str, words: Sequence[str]) -> tuple[int, int]:
    """Place and length of the phrase, else of the first word that is there."""
    return next(((text.find(one), len(one)) for one in (phrase, *words) if one in text), (0, 0))


def _around(text: str, at: int, length: int) -> tuple[str, str, str]:
    """A snippet: before, match, after. Without marks a text is as long as with them (`_plain`)."""
    begin, end = max(0, at - _SNIPPET), min(len(text), at + length + _SNIPPET)
    before = ("…" if begin else "") + text[begin:at]
    return before, text[at : at + length], text[at + length : end] + ("…" if end < len(text) else "")


def _plain(text: str) -> str:
    """Small letters without marks, as many signs as the text has."""
    return "".join(_LETTERS.get(one) or _bare(one) for one in text)


_LETTERS: dict[str, str] = {"đ": "d", "Đ": "d"}


@cache
def _bare(letter: str) -> str:
    small = unicodedata.normalize("NFD", letter)[:1].lower()
    return small if len(small) == 1 else letter

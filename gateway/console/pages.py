"""Pages for people: templates and words become HTML, assets become addresses with a hash of their content.

Promises: every value is escaped, and characters that hide or reverse text are shown; nothing comes from elsewhere;
no script or style is in a page. Knows no request: `gateway/api` and `gateway/pages` give the values, and send what
comes out.
"""

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gateway.audit.story_words import OUTCOMES
from gateway.console import formats
from gateway.console.formats import VIETNAMESE
from gateway.console.language import LANGUAGES, words_of
from gateway.console.words import ANSWERS_TO, CLAIMS, HINTS, LEVELS
from gateway.domain import sentences as say
from gateway.domain.sentences import Sentence

if TYPE_CHECKING:
    from jinja2 import Environment

_ROOM = Path(__file__).parent
ASSETS = "/login/assets/"
_TYPES = {
    ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}  # fmt: skip
#: bytes that fit in one packet as they are
_SMALL = 1_200
_NAMED_IN_STYLE = re.compile(rb'url\("([^"]+)"\)')


class Asset(NamedTuple):
    """A file that pages use; its name changes with its content, so that it may be kept for ever."""

    content: bytes
    content_type: str

    @property
    def may_shrink(self) -> bool:
        """Whether compressing it saves something; fonts are compressed."""
        return self.content_type != _TYPES[".woff2"] and len(self.content) > _SMALL


class Pages:
    """The templates and assets of one process; read with the first page."""

    def __init__(self, *, is_sandbox: bool) -> None:
        """`is_sandbox`: each page says that its people are invented."""
        self._is_sandbox = is_sandbox
        self._squeezed: dict[str, bytes] = {}

    @cached_property
    def assets(self) -> Mapping[str, Asset]:
        """By name, with its hash."""
        return {
            self._names[name]: Asset(content, _TYPES[Path(name).suffix])
            for name, content in self._contents.items()
        }

    def squeezed(self, name: str) -> bytes:
        """An asset as gzip; the first time takes up to a tenth of a second."""
        if name not in self._squeezed:
            self._squeezed[name] = gzip.compress(self.assets[name].content, mtime=0)
        return self._squeezed[name]

    def rendered(self, template: str, exchange: str, values: Mapping[str, object]) -> bytes:
        """The page. `exchange`: the reference that a person can give; `values`: those of the template.

        `values["lang"]` is the page's language (`vi`, `en`); pages of logins have both and none of their own.
        """
        language = str(values.get("lang", VIETNAMESE))
        found = self._templates[language].get_template(f"{template}.html")
        frame = {"exchange": exchange, "is_sandbox": self._is_sandbox, "who": None, "lang": language}
        return found.render({**frame, **values}).encode()

    def address(self, asset: str) -> str:
        """Where an asset is, by the name of its file: `pages.css`."""
        return ASSETS + self._names[asset]

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return {name: _hashed(name, content) for name, content in self._contents.items()}

    @cached_property
    def _contents(self) -> Mapping[str, bytes]:
        """By file name, those that styles name (fonts) first: a style names them by their hashes."""
        paths = sorted(path for path in (_ROOM / "static").rglob("*") if path.suffix in _TYPES)
        plain = {path.name: path.read_bytes() for path in paths if path.suffix != ".css"}
        styles = {path.name: _with_hashes(path, plain) for path in paths if path.suffix == ".css"}
        return {**plain, **styles}

    @cached_property
    def _templates(self) -> "Mapping[str, Environment]":
        """One environment a language: macros know the language of their page without being given it."""
        return {language: self._environment(language) for language in LANGUAGES}

    def _environment(self, language: str) -> "Environment":
        # only where pages are shown: it takes a tenth of a second
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

        made = Environment(
            loader=FileSystemLoader(_ROOM / "templates"), autoescape=True, undefined=StrictUndefined,
            auto_reload=False, trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        made.globals |= {
            "asset": self.address, "claim_words": CLAIMS, "hints": HINTS, "levels": LEVELS, "answers_to": ANSWERS_TO,
            "outcome_words": OUTCOMES,
            "unchecked": _unchecked, "stays_signed_in": say.PROVIDER_STAYS_SIGNED_IN, **words_of(language),
        }  # fmt: skip
        made.filters |= {
            "seen": formats.seen, "moment": formats.moment, "instant": formats.instant, "when": formats.when,
            "exact": formats.exact,
            "clock": formats.clock, "exact_clock": formats.exact_clock, "day": formats.day,
            "month": formats.month, "number": formats.number, "percent": formats.percent,
            "short_id": formats.short_id, "masked": formats.masked, "iso": formats.iso,
            "inside": formats.inside, "opening": formats.opening, "sentence": formats.sentence,
        }  # fmt: skip
        return made


def _unchecked(document: str) -> Sentence:
    return say.DOCUMENT_NOT_CHECKED(document=document)


def _with_hashes(path: Path, plain: Mapping[str, bytes]) -> bytes:
    def named(found: re.Match[bytes]) -> bytes:
        name = found[1].decode()
        return f'url("{_hashed(name, plain[name])}")'.encode()

    return _NAMED_IN_STYLE.sub(named, path.read_bytes())


def _hashed(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())[:16].decode()
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}.{digest}{dot}{suffix}"

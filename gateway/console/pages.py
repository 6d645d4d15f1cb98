"""Pages for people: templates and words become HTML, assets become addresses with a hash of their content.

Promises: every value is escaped, and signs that hide or turn text are shown; nothing comes from elsewhere; no script or
style stands in a page. Knows no request: `gateway/api` gives the values, and sends what comes out.
"""

import base64
import hashlib
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gateway.console.words import ANSWERS_TO, CLAIMS, LEVELS
from gateway.domain import sentences as say
from gateway.domain.dates import VIETNAM

if TYPE_CHECKING:
    from jinja2 import Environment

_ROOM = Path(__file__).parent
ASSETS = "/login/assets/"
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
#: categories of signs that are not seen (Unicode): controls, formats, surrogates, private, unassigned, separators
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LONGEST = 300


class Asset(NamedTuple):
    """A file that pages use; its name changes with its content, so that it may be kept for ever."""

    content: bytes
    content_type: str


class Pages:
    """The templates and assets of one process; read with the first page."""

    def __init__(self, *, is_sandbox: bool) -> None:
        """`is_sandbox`: each page says that its people are invented."""
        self._is_sandbox = is_sandbox

    @cached_property
    def assets(self) -> Mapping[str, Asset]:
        """By name, with its hash."""
        return {
            self._names[path.name]: Asset(path.read_bytes(), _TYPES[path.suffix[1:]])
            for path in sorted((_ROOM / "static").iterdir())
        }

    def rendered(self, template: str, exchange: str, values: Mapping[str, object]) -> bytes:
        """The page. `exchange`: the reference that a person can give; `values`: those of the template."""
        found = self._templates.get_template(f"{template}.html")
        frame = {"exchange": exchange, "is_sandbox": self._is_sandbox, "who": None}
        return found.render({**frame, **values}).encode()

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return {path.name: _hashed(path) for path in sorted((_ROOM / "static").iterdir())}

    @cached_property
    def _templates(self) -> "Environment":
        # only where pages are shown: it takes a tenth of a second
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

        made = Environment(
            loader=FileSystemLoader(_ROOM / "templates"), autoescape=True, undefined=StrictUndefined,
            auto_reload=False, trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        made.globals |= {
            "asset": lambda name: ASSETS + self._names[name], "claim_words": CLAIMS, "levels": LEVELS,
            "answers_to": ANSWERS_TO, "unchecked": say.DOCUMENT_NOT_CHECKED,
        }  # fmt: skip
        made.filters |= {"seen": seen, "moment": moment, "day": day}
        return made


def seen(text: object) -> str:
    """A foreign text: each sign that is not seen, or turns others, becomes a replacement sign; cut at 300."""
    shown = "".join("\ufffd" if unicodedata.category(one) in _UNSEEN else one for one in str(text)[:_LONGEST])
    return shown + "…" if len(str(text)) > _LONGEST else shown


def moment(seconds: float) -> str:
    """A time in Việt Nam: `09:05, 28/11/2026`."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(VIETNAM).strftime("%H:%M, %d/%m/%Y")


def day(text: str) -> str:
    """A date as people write it: `15/02/1990`, `02/1990` or `1990`."""
    return "/".join(reversed(text.split("-")))


def _hashed(path: Path) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest())[:16].decode()
    return f"{path.stem}.{digest}{path.suffix}"

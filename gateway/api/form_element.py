"""`/motlan-form.js` and its style sheet: the form for the page of any portal, on any origin.

Cacheable by anybody, checked again by its ETag after an hour (RFC 9110, 8.8.3); compressed for clients that take it.
Spaces without meaning, comments but for the licence of the icons, and long names stay here: nobody waits for them.
"""

import base64
import gzip
import hashlib
import re
from functools import cached_property
from pathlib import Path
from string import ascii_letters

from gateway import console
from gateway.api.dispatcher import Endpoint, Routes
from gateway.api.request import Request
from gateway.api.response import Response

_STATIC = Path(console.__file__).parent / "static"
FILES = {
    "motlan-form.js": "text/javascript; charset=utf-8",
    "motlan-form.css": "text/css; charset=utf-8",
    "motlan-form.d.ts": "text/plain; charset=utf-8",
}
#: indentation, blank lines, and lines that are only a comment
_UNREAD = re.compile(r"^(?:[ \t]*(?://.*|/\*.*\*/|/\*\*(?:(?!\*/)[\s\S])*\*/)?\n)+|^[ \t]+", re.MULTILINE)
#: members that nothing outside of the script can name (ECMA-262, private names)
_PRIVATE = re.compile(r"(?:(?<=\.)|(?<=^    )|(?<=async )|(?<=get ))#[a-z]\w+", re.ASCII | re.MULTILINE)
#: functions of the script alone; no text and no member has such a name (the tests say so)
HELPER = re.compile(r"^  (?:const|function) ([a-z]+[A-Z]\w*)", re.MULTILINE)
#: texts, which stay as they are (no template contains another); a comment behind code; spaces beside signs, and ends
#: of lines that end no statement, and signs that end the last one of a block. Not beside + and -, of which two in a row
#: mean something else
_SPACES = re.compile(
    r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|[ ]+//.*"""
    r"""|(?<=[{}()\[\],;:=<>*/&|?!])[ ]+|[ ]+(?=[{}()\[\],;:=<>*/&|?!])|;[ \n]?(?=})|(?<=[{(\[,;])\n|\n(?=})"""
)
#: `let` is shorter; no text has `const ` (the tests say so)
_CONST = re.compile(r"\bconst ")
_CSS_SPACES = re.compile(r";?\s+(?=})|(?<=[{};:,])\s+|\s+(?={)")
_HEADERS = {
    "Cache-Control": "public, max-age=3600",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Encoding",
}


def add_form_element(routes: Routes) -> None:
    """The three files, each read and compressed with its first request."""
    for name, content_type in FILES.items():
        routes.add(("GET", "HEAD"), Endpoint(f"/{name}", _FormFile(name, content_type).answer))


def _lean(text: str, kind: str) -> str:
    """What a browser needs of a file. `kind`: the ending of its name."""
    head, end, rest = text.partition("*/\n")
    short = (f"#{one}{two}" for two in ("", *ascii_letters) for one in ascii_letters)
    names = dict(zip(dict.fromkeys(_PRIVATE.findall(rest)), short, strict=False))
    if kind == ".js":
        for letter, helper in zip(ascii_letters, HELPER.findall(rest), strict=False):
            rest = re.sub(rf"\b{helper}\b", f"${letter}", rest)
    rest = _UNREAD.sub("", _PRIVATE.sub(lambda found: names[found[0]], rest))
    if kind == ".js":
        rest = _CONST.sub("let ", _SPACES.sub(lambda found: found[1] or "", rest))
    return _CSS_SPACES.sub("", rest) if kind == ".css" else head + end + rest


class _FormFile:
    """One of the files."""

    def __init__(self, name: str, content_type: str) -> None:
        self._path, self._content_type = _STATIC / name, content_type

    async def answer(self, request: Request) -> Response:
        """The file, or 304 where the client has it."""
        headers = {**_HEADERS, "ETag": self._tag}
        if self._tag in request.headers.get("If-None-Match", ""):
            return Response(b"", self._content_type, status=304, headers=headers)
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return Response(self._content, self._content_type, headers=headers)
        headers["Content-Encoding"] = "gzip"
        return Response(self._compressed, self._content_type, headers=headers)

    @cached_property
    def _content(self) -> bytes:
        return _lean(self._path.read_text("utf-8"), self._path.suffix).encode()

    @cached_property
    def _compressed(self) -> bytes:
        return gzip.compress(self._content, 9, mtime=0)

    @cached_property
    def _tag(self) -> str:
        """Weak: the same for both forms of the content."""
        digest = base64.urlsafe_b64encode(hashlib.sha256(self._content).digest())[:16].decode()
        return f'W/"{digest}"'

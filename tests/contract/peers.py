"""A loopback peer for a source that the sandbox does not play: it answers what the mapping's example says.

It knows no provider: JSON is the example itself, SOAP is an envelope made from the example and the WSDL.
Broken answers are written as raw bytes. Addresses and secrets of the configuration are never used.
"""

import asyncio
import copy
import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.transport.shapes import Content, Shape
from adapters.transport.soap import Envelope
from adapters.transport.wsdl import load
from gateway.config.configuration import SourceSettings
from gateway.domain.evidence import Outcome
from gateway.mapping.model import ServiceExample
from gateway.mapping.paths import compile_path
from gateway.mapping.source import ServicePlan
from tests import unhurried

BROKEN = ("garbage", "html", "empty", "truncate", "reset", "doctype", "huge", "gzip_bomb")
SIGN_IN = "/__sign_in"
#: instead of the configured one
PRIVATE_KEY = (
    Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
)
#: the words of `auth` that are a path below the source's address
_SIGN_IN_PATHS = frozenset({"token_path", "path"})
_HTML = b"<!doctype html><html><body>Bad gateway</body></html>"
_DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'


class Peer:
    """Answers every request by an example, page by page where it has pages, or breaks in the way that `mode` names."""

    def __init__(self, settings: SourceSettings) -> None:
        """Nothing of `settings` is called; it says where the token stands and how large an answer may be."""
        self.mode = ""
        #: body and further headers of each page, in their order; one for an answer without pages
        self._pages: list[tuple[bytes, str]] = []
        self._served = 0
        self.kind = "text/xml" if "wsdl" in settings.options else "application/json"
        self._token = _token(str(settings.auth.get("token", "access_token")))
        self._limit = settings.limits.answer_bytes

    def tell(self, plan: ServicePlan, settings: SourceSettings, root: Path) -> None:
        """From now on answer what the example of a service says."""
        self._pages, self._served = pages_of(plan, settings, root), 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer, one connection."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length(head))
            if SIGN_IN.encode() in head.partition(b"\r\n")[0]:
                writer.write(_http(self._token, "application/json"))
            elif self.mode == "reset":
                writer.transport.abort()
                return
            else:
                writer.write(self._answer())
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    def _answer(self) -> bytes:
        body, more = self._pages[min(self._served, len(self._pages) - 1)]
        self._served += 1
        whole = _http(body, self.kind, more)
        if self.mode == "truncate":
            return whole[: -max(1, len(body) // 2)]
        zipped = "Content-Encoding: gzip\r\n"
        return {
            "": lambda: whole,
            "garbage": lambda: _http(b"\x00\xff\xfe" * 40, self.kind),
            "html": lambda: _http(_HTML, "text/html"),
            "empty": lambda: _http(b"", self.kind),
            "doctype": lambda: _http(_DOCTYPE, "text/xml"),
            "huge": lambda: _http(b" " * self._limit + body, self.kind),
            "gzip_bomb": lambda: _http(gzip.compress(b" " * 8 * self._limit), self.kind, zipped),
        }[self.mode]()


@asynccontextmanager
async def peer_of(settings: SourceSettings) -> AsyncIterator[tuple[Peer, str]]:
    """A peer on a free loopback port, with its address."""
    peer = Peer(settings)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    try:
        yield peer, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


def moved_to(settings: SourceSettings, base: str, *, played: bool) -> SourceSettings:
    """The settings with every address on loopback and no secret of the configuration.

    A played source signs in where and as the sandbox expects it. Signed envelopes need certificates of both
    sides and have tests of their own: such a source is asked without them.
    """
    auth = {name: _moved(name, word, settings, base, played) for name, word in settings.auth.items()}
    if settings.auth.get("kind") == "wsse_x509":
        auth = {"kind": "none"}
    options = {name: word for name, word in settings.options.items() if name != "tls"}
    limits = settings.limits.model_copy(update=unhurried.limits())
    moved = {"url": f"{base}/{settings.source}", "auth": auth, "options": options, "limits": limits}
    return settings.model_copy(update=moved)


def _moved(name: str, word: Any, settings: SourceSettings, base: str, played: bool) -> Any:
    if isinstance(word, Mapping):
        if name == "headers":
            return word
        if name == "key":
            return {"value": PRIVATE_KEY}
        return word if played and "value" in word else {"value": f"sandbox-secret-{settings.source}"}
    if isinstance(word, str) and word.startswith(("http://", "https://")):
        return base + (urlsplit(word).path if played else SIGN_IN)
    return SIGN_IN if name in _SIGN_IN_PATHS and not played else word


def found(plan: ServicePlan) -> ServiceExample:
    """The first example that finds something, else the first."""
    examples = plan.mapping.examples
    return next((example for example in examples if example.outcome == Outcome.FOUND), examples[0])


def pages_of(plan: ServicePlan, settings: SourceSettings, root: Path) -> list[tuple[bytes, str]]:
    """The answer in pages of one row each, with what says where the next one is."""
    words = settings.services[plan.operation].pages
    tree: Any = found(plan).answer
    if words is None:
        return [(answer_of(plan, settings, root), "")]
    rows = compile_path(words.list_at)(tree)
    if not isinstance(rows, list):
        return [(orjson.dumps(tree), "")]
    is_counted = words.by in ("number", "offset")
    count = len(rows) + (0 if not is_counted or words.total_at or words.more_at else 1)
    pages = []
    for number in range(max(count, 1)):
        page, more = copy.deepcopy(tree), number + 1 < count
        _set(page, words.list_at, rows[number : number + 1])
        _set(page, words.total_at, len(rows))
        _set(page, words.more_at, more)
        _set(
            page,
            words.next_at,
            (f"?page={number + 1}" if words.by == "next" else str(number + 1)) if more else None,
        )
        link = f'Link: <?page={number + 1}>; rel="next"\r\n' if more and words.by == "link" else ""
        pages.append((orjson.dumps(page if words.list_at else rows[number : number + 1]), link))
    return pages


def _set(tree: Any, path: str, value: object) -> None:
    *outer, last = path.split(".")
    for name in outer:
        tree = tree.setdefault(name, {})
    if last:
        tree[last] = value


def answer_of(plan: ServicePlan, settings: SourceSettings, root: Path) -> bytes:
    """What the provider would send for the example `found` gives."""
    tree: Any = found(plan).answer
    if "wsdl" not in settings.options:
        return orjson.dumps(tree)
    operation = load(root / str(settings.options["wsdl"]))[plan.operation]
    version = settings.options.get("soap_version", operation.version)
    return Envelope(_loose(operation.answer, tree), version).write(tree)


def _loose(shape: Shape, tree: Any) -> Shape:
    """The shape with nothing required: an example holds only what it is about."""
    held = tree[0] if isinstance(tree, list) and tree else tree
    if shape.children is None or not isinstance(held, Mapping):
        return replace(shape, required=False)
    below = (_loose(child, held[child.name]) for child in shape.children if child.name in held)
    return replace(shape, required=False, content=Content(below))


def _token(place: str) -> bytes:
    tree: Any = "contract-token"
    for name in reversed(place.split(".")):
        tree = {name: tree}
    return orjson.dumps({"access_token": "contract-token", "expires_in": 3600} | tree)


def _http(body: bytes, kind: str, more: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}"
    return f"{head}Connection: close\r\n\r\n".encode() + body


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0

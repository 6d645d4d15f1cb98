"""The paper store of the national portal (national-portal.md C): a JSON source whose papers have files to download.

The download is a POST of authority and path, answered by a bare JSON string of base64; the empty string is a failure.
The path goes into the body as the store named it: no address is made of it, and nothing else is called.
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import orjson

from adapters.sources.fault_options import FaultOptions
from adapters.sources.provider import ProviderSource
from adapters.sources.rest import Rest, open_calls
from adapters.transport.auth import build_auth
from adapters.transport.breaker import Behalf
from adapters.transport.call import AnswerReading, Auth, HttpPeer, ProviderCall, Wire, open_peer
from adapters.transport.connection import HttpAnswer
from adapters.transport.tools import Tools
from gateway.domain.errors import Problem
from gateway.domain.evidence import Outcome
from gateway.domain.faults import Faults
from gateway.domain.reasons import Reason
from gateway.mapping.source import ServicePlan
from gateway.ports.papers import Download, StoredPaperFile

if TYPE_CHECKING:
    from gateway.config.configuration import SourceSettings

_PATH, _BYTES = "download_path", "download_bytes"
#: bytes of one file: default, and the most that the configuration may say
_DEFAULT_BYTES, _MOST_BYTES = 10_485_760, 41_943_040
_OPERATION = "download"
_JSON = "application/json"
_INVALID = Download(Outcome.INVALID, reason=Reason.SOURCE_ANSWER_INVALID)
_REFUSED = Download(Outcome.REFUSED, reason=Reason.SOURCE_REFUSED)
#: the store has no file under this path, or cannot give it: it says no more
_NO_FILE = Download(Outcome.NOT_FOUND, reason=Reason.VALUE_BLANK)
#: line breaks that some encoders write into base64
_BREAKS = bytes.maketrans(b"", b""), b"\r\n"


def open_source(
    settings: "SourceSettings", services: Mapping[str, ServicePlan], tools: Tools
) -> "PaperStore":
    """The source of `config/sources/<source>.yaml`. Raises ConfigError if the settings cannot be used.

    `options`: `download_path`, `download_bytes` (of one file), and those of `adapters.sources.rest`.
    """
    options = dict(settings.options)
    path, most = str(options.pop(_PATH, "")), str(options.pop(_BYTES, _DEFAULT_BYTES))
    faults = Faults()
    faults.add(_faults(settings.source, path, most))
    listing = settings.model_copy(update={"options": options})
    meanings = FaultOptions(listing, faults).read()
    with faults.noted():
        calls = open_calls(listing, services)
    with faults.noted() as opened:
        peer = open_peer(listing, tools, meanings)
        auth = build_auth(settings.auth, settings.url, peer=peer, tools=tools, source=settings.source)
        opened.append((peer, auth))
    faults.finish()
    peer, auth = opened[0]
    largest = int(most)
    # base64 is a third longer; a file is not read at the speed of an answer
    limits = settings.limits.model_copy(update={"answer_bytes": largest * 3 // 2 + 1_024})
    files = open_peer(listing.model_copy(update={"limits": limits}), tools, meanings)
    speech = _DownloadSpeech(settings.source, path, largest)
    return PaperStore(peer, auth, tools, Rest(settings, calls, meanings), files, speech)


def _faults(source: str, path: str, most: str) -> list[Problem]:
    file, found = f"config/sources/{source}.yaml", []
    if not path.startswith("/"):
        what, remedy = f"'options.{_PATH}' is no path", f"write '{_PATH}: /<path>', the store's download"
        found.append(Problem(file, 0, what, remedy, place=("options",)))
    if not (most.isascii() and most.isdigit() and 0 < int(most) <= _MOST_BYTES):
        what, remedy = f"'options.{_BYTES}' is no size", f"write bytes, {_MOST_BYTES} at most"
        found.append(Problem(file, 0, what, remedy, place=("options", _BYTES)))
    return found


class PaperStore(ProviderSource):
    """Implements gateway.ports.sources.Source and gateway.ports.papers.PaperFiles."""

    download_operation = _OPERATION

    def __init__(
        self, peer: HttpPeer, auth: Auth, tools: Tools, speech: Rest, files: HttpPeer, downloads: "_DownloadSpeech"
    ) -> None:  # fmt: skip
        """`files`: the same address, for downloads: a slow file does not block lists of papers."""
        super().__init__(peer, auth, tools.clock, speech)
        self._files = files
        self._downloads = downloads

    async def download(self, wanted: StoredPaperFile, end: float) -> Download:
        """See gateway.ports.papers.PaperFiles."""
        landed: asyncio.Future[Download] = asyncio.get_running_loop().create_future()

        def land(call: ProviderCall[StoredPaperFile, Download]) -> None:
            if not landed.done():
                landed.set_result(_result(call))

        ProviderCall(self._files, self._auth, self._downloads, wanted, end, land).begin()
        return await landed

    async def close(self) -> None:
        """End the calls under way, close connections."""
        await self._files.close()
        await super().close()


def _result(call: ProviderCall[StoredPaperFile, Download]) -> Download:
    fault = call.fault
    if fault is not None:
        sent = call.digest if call.sent else b""
        return Download(fault.outcome, b"", fault.reason, fault.retry_in, sent)
    received = hashlib.sha256(call.answer.body).digest()
    return call.reading.value._replace(request_digest=call.digest, response_digest=received)


class _DownloadSpeech:
    """Asks for one file (adapters.transport.call.Speech)."""

    def __init__(self, source: str, path: str, most: int) -> None:
        self._source = source
        self._path = path
        self._most = most

    def write(self, asked: StoredPaperFile) -> Wire:
        """The request for one file."""
        body = orjson.dumps({"CoQuanChuQuan": asked.authority, "DuongDan": asked.path})
        headers = {"Accept": _JSON, "Content-Type": _JSON}
        return Wire("POST", self._path, headers, body, hashlib.sha256(body).digest())

    def read(self, _asked: StoredPaperFile, answer: HttpAnswer) -> AnswerReading[Download]:
        """The file in an answer."""
        found = self._file(answer.body.strip())
        return AnswerReading(found, at_fault=found.outcome is Outcome.INVALID)

    def behalf(self, asked: StoredPaperFile) -> Behalf:
        """Owner, file and requester, for the breaker."""
        return Behalf(
            asked.requester, hash(asked.owner), hash((asked.authority, asked.path)), f"{self._source}.{_OPERATION}"
        )  # fmt: skip

    def _file(self, body: bytes) -> Download:
        text = _text(body)
        if text is None:
            return _REFUSED if body.startswith(b"{") else _INVALID
        if not text:
            return _NO_FILE
        try:
            content = base64.b64decode(text.translate(*_BREAKS), validate=True)
        except (binascii.Error, ValueError):
            return _INVALID
        return Download(Outcome.FOUND, content) if 0 < len(content) <= self._most else _INVALID


def _text(body: bytes) -> bytes | None:
    """The content of a bare JSON string; None for anything else. Not parsed where it has no escapes: it is large."""
    if len(body) < 2 or not (body.startswith(b'"') and body.endswith(b'"')):
        return None
    inner = body[1:-1]
    if b"\\" not in inner:
        return None if b'"' in inner else inner
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return said.encode("utf-8") if isinstance(said, str) else None

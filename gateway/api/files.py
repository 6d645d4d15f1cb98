"""Files of dossiers over HTTP: streamed in, linked, streamed out (RFC 6266, RFC 8187)."""

import re
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from aiohttp import web

from gateway.api.bodies import body_pieces, read_model
from gateway.api.files_models import FileLinkBody
from gateway.api.request import Request
from gateway.api.response import Response, answer, begin_stream
from gateway.api.signing import proof_of, streamed_digest
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, FilesUnavailable
from gateway.files.service import DeclaredFile, DossierFiles
from gateway.ports.files import FileContent
from gateway.telemetry import log

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_DISPOSITION = re.compile(rf"\s*{_WORD}\s*((?:;\s*{_WORD}\s*=\s*(?:{_QUOTED}|{_WORD})\s*)*);?\s*")
_PARAMETER = re.compile(rf";\s*({_WORD})\s*=\s*(?:{_QUOTED}|({_WORD}))\s*")
_EXTENDED = re.compile(r"utf-8'[A-Za-z0-9-]*'(.*)", re.IGNORECASE)
#: characters of the name for readers that do not know RFC 8187
_PLAIN = re.compile(r"[^A-Za-z0-9._ -]")
#: a browser runs nothing of a file, also where it shows one
_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


async def upload(request: Request) -> Response:
    """`POST /v1/files`: the body is the file."""
    return answer(await take(request))


async def take(request: Request) -> dict[str, object]:
    """Keep the file that is the body of a request, as it comes."""
    files = _files(request)
    request.services.demand()
    declared = DeclaredFile(name_in(request), _media_type(request), streamed_digest(request))
    limits = request.services.configuration.gateway.limits
    pieces = body_pieces(request, files.settings.most_bytes, limits.body_seconds)
    file, receipt = await files.take(pieces, declared, request.caller, proof_of(request))
    request.digested = declared.digest is not None
    warnings = [{"code": one.value, "title": one.vi, "title_en": one.en} for one in file.warnings]
    return {
        "exchange_id": request.exchange, "file": file.reference, "size": file.size, "media_type": file.media_type,
        "warnings": warnings, "receipt": receipt._asdict(),
    }  # fmt: skip


async def link(request: Request) -> Response:
    """`POST /v1/files/link`."""
    body = await read_model(request, FileLinkBody)
    files = _files(request)
    request.services.demand()
    digest = body.file.removeprefix("sha256:")
    token, made = await files.link(
        digest, body.name, body.seconds, request.caller, dossier=body.dossier or ""
    )
    ends = datetime.fromtimestamp(made.expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    url = f"{request.issuer}/files/{token}"
    return answer({"exchange_id": request.exchange, "url": url, "expires_at": ends})


async def download(request: Request) -> web.StreamResponse:
    """`GET /files/{opaque}`: the link is the right. HEAD gives no content, and is no record."""
    files = _files(request)
    found = await files.open_link(request.parameters["opaque"], request.exchange)
    head = request.method == "HEAD"
    if not head:
        request.services.demand()
    async with files.read(found, request.exchange, head=head) as content:
        return await send_file(request, found.kind.media_type, found.name, content)


async def send_file(request: Request, media_type: str, name: str, content: FileContent) -> web.StreamResponse:
    """A file as the answer, to HEAD without its content; `name`: under which it is saved."""
    response = await begin_stream(
        request, media_type,
        **{"Content-Length": str(content.size), "Content-Disposition": disposition(name),
           "Content-Security-Policy": _POLICY, "Accept-Ranges": "none"},
    )  # fmt: skip
    if request.method != "HEAD":
        await _send(request, response, content)
    return response


async def _send(request: Request, response: web.StreamResponse, content: FileContent) -> None:
    """Send the content. On a fault the connection is cut: a part must not look whole."""
    try:
        async for piece in content.pieces:
            await response.write(piece)
        await response.write_eof()
    except FilesUnavailable as error:  # the head has left already
        log().error("files.download_cut", exchange_id=request.exchange, error=error)
        response.force_close()
        if request.transport is not None:
            request.transport.abort()


def disposition(name: str) -> str:
    """The field Content-Disposition of a download: it is saved, and never shown in a page."""
    return f"attachment; filename=\"{_PLAIN.sub('_', name)}\"; filename*=UTF-8''{quote(name, safe='')}"


def name_in(request: Request) -> str:
    """The file name that a sender declares; blank if there is none. Raises BadRequest."""
    given = request.fields("Content-Disposition")
    if not given:
        return ""
    whole = _DISPOSITION.fullmatch(given[0])
    if len(given) > 1 or whole is None:
        raise BadRequest(say.FILE_NAME_FIELD)
    found = [(name.lower(), quoted, token) for name, quoted, token in _PARAMETER.findall(whole[1])]
    if len({name for name, *_ in found}) != len(found):
        raise BadRequest(say.FILE_NAME_FIELD)
    values = {name: re.sub(r"\\(.)", r"\1", quoted) or token for name, quoted, token in found}
    if "filename*" not in values:
        return values.get("filename", "")
    extended = _EXTENDED.fullmatch(values["filename*"])
    if extended is None:
        raise BadRequest(say.FILE_NAME_FIELD)
    try:
        return unquote(extended[1], errors="strict")
    except UnicodeDecodeError:
        raise BadRequest(say.FILE_NAME_FIELD) from None


def _media_type(request: Request) -> str:
    """The declared media type without parameters; blank if there is none."""
    return request.headers.get("Content-Type", "").partition(";")[0].strip()


def _files(request: Request) -> DossierFiles:
    files = request.services.files
    if files is None:
        raise FilesUnavailable
    return files

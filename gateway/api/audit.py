"""Auditors' look-ups, the citizens' list of uses, and the public tree over HTTP: bytes to use case and back."""

import re
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from gateway.api.audit_models import ExportBody, FiltersBody, IdentifyBody, SearchBody, UsageBody
from gateway.api.bodies import read_model
from gateway.api.context import AuditDoor
from gateway.api.dispatcher import demand
from gateway.api.request import Request
from gateway.api.response import Response, answer, begin_stream
from gateway.audit.export import Span
from gateway.audit.filters import Filters
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, LogUnavailable, NotFound
from gateway.domain.evidence import NOTHING
from gateway.domain.identifiers import is_ulid
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.tiles import TILE, parse_path
from gateway.mapping.identifiers import IdentifierKinds
from gateway.ports.exchange_log import LogSearch
from gateway.telemetry import log

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_CHUNK = 65_536
#: more tiles than any log has
_BEYOND = 1 << 48
#: content that an export lacks -> its header: records without an index; for a CSV skipped months and archives
_PASSED_OVER = {
    "waiting": "X-Records-Waiting",
    "skipped_periods": "X-Skipped-Periods",
    "archives": "X-Archives",
}
_MOST_NAMES = 30
_FOR_EVER = "public, max-age=31536000, immutable"
_SHORTLY = "public, max-age=1"


async def search(request: Request) -> Response:
    """`POST /v1/audit/search`."""
    body = await read_model(request, SearchBody)
    filters = filters_of(body, request.services.catalogue.identifiers)
    done = door_of(request).audit.search(request.caller, filters, body.cursor, body.limit)
    return answer(await done)


async def records(request: Request) -> Response:
    """`GET /v1/audit/records/{exchange_id}`."""
    exchange = exchange_of(request.parameters["exchange_id"])
    return answer(await door_of(request).audit.records(request.caller, exchange))


async def identify(request: Request) -> Response:
    """`POST /v1/audit/identify`."""
    body = await read_model(request, IdentifyBody)
    return answer(await door_of(request).audit.identify(request.caller, body.exchange_id, body.reason))


async def checkpoint(request: Request) -> Response:
    """`GET /v1/audit/checkpoint`: the newest signed note."""
    return _note((await door_of(request).audit.proofs.checkpoint())[0])


async def public_checkpoint(request: Request) -> Response:
    """`GET /log/checkpoint`: the newest one, or the one that witnesses signed seconds before."""
    return _note((await door_of(request).audit.proofs.witnessed())[0])


async def anchors(request: Request) -> Response:
    """`GET /v1/audit/anchors`: the proofs of a checkpoint, or the newest proofs."""
    size = _size(_query(request, "size"), "size")
    return answer(await door_of(request).anchors.listing.anchors(size))


async def inclusion(request: Request) -> Response:
    """`GET /v1/audit/proof/inclusion`: of a receipt for its holder, of an exchange for auditors."""
    given = _query(request, "leaf_hash", "exchange_id", "size")
    size = _size(given, "size")
    if ("leaf_hash" in given) == ("exchange_id" in given):
        raise BadRequest(say.GIVE_HASH_OR_EXCHANGE, code=ProblemCode.QUERY_WRONG)
    audit = door_of(request).audit
    if "leaf_hash" in given:
        if not _HASH.fullmatch(given["leaf_hash"]):
            raise BadRequest(say.LEAF_HASH, code=ProblemCode.QUERY_WRONG)
        return answer(await audit.proofs.of_receipt(bytes.fromhex(given["leaf_hash"]), size))
    await demand(request, "audit:search")
    return answer(await audit.proofs_of(request.caller, exchange_of(given["exchange_id"]), size))


async def consistency(request: Request) -> Response:
    """`GET /v1/audit/proof/consistency`."""
    given = _query(request, "from", "to")
    old, new = _size(given, "from"), _size(given, "to")
    if old is None:
        raise BadRequest(say.GIVE_OLDER_SIZE, code=ProblemCode.QUERY_WRONG)
    return answer(await door_of(request).audit.proofs.consistency(old, new))


async def export(request: Request) -> web.StreamResponse:
    """`POST /v1/audit/export`."""
    return await exported(request, request.caller, await read_model(request, ExportBody))


async def exported(
    request: Request, caller: Caller, body: ExportBody, reason: str = ""
) -> web.StreamResponse:
    """The export that a body asks for, as a stream of lines. Raises BadRequest for a range that cannot be.

    `reason`: why somebody is searched for.
    """
    span = Span(body.from_, body.to, body.since or "", body.until or "")
    by_place, by_time = span[:2] != (None, None), span[2:] != ("", "")
    if by_place + by_time + (body.search is not None) > 1:
        raise BadRequest(say.GIVE_A_RANGE, code=ProblemCode.RANGE_WRONG)
    _check_times(body)
    if body.from_ is not None and body.to is not None and body.from_ > body.to:
        raise BadRequest(say.FROM_BEHIND_TO, code=ProblemCode.RANGE_WRONG)
    exports, csv = door_of(request).exports, body.format == "csv"
    if csv and body.grown_from is not None:
        raise BadRequest(say.CSV_PROVES_NOTHING, code=ProblemCode.RANGE_WRONG)
    numbering = await door_of(request).watch.read_numbering()
    missing = {"waiting": [str(numbering.waiting)] if numbering and numbering.waiting else []}
    if body.search is not None:
        filters = filters_of(body.search, request.services.catalogue.identifiers)
        lines = await exports.found(caller, filters, csv=csv, grown_from=body.grown_from, reason=reason)
        missing |= await exports.searched(filters) if csv else {}
    else:
        lines = await exports.range_lines(caller, span, csv=csv, grown_from=body.grown_from)
    return await _streamed(request, lines, missing, csv=csv)


async def usage(request: Request) -> Response:
    """`POST /v1/usage`."""
    body = await read_model(request, UsageBody)
    _check_times(body)
    filters = Filters(
        plain=LogSearch(since=body.since or "", until=body.until or ""),
        subject=body.subject.keys(request.services.catalogue.identifiers),
    )
    return answer(await door_of(request).usage.uses(request.caller, filters, body.cursor, body.limit))


async def tile(request: Request) -> Response:
    """`GET /log/tile/…`: hashes of the tree (C2SP tlog-tiles)."""
    try:
        wanted = parse_path(f"tile/{request.parameters['path']}")
    except ValueError:
        raise NotFound(say.TILE_PATH) from None
    hashes = await door_of(request).audit.proofs.tile(wanted) if wanted.index < _BEYOND else None
    if hashes is None:
        raise NotFound(say.NO_SUCH_TILE)
    headers = {"Cache-Control": _FOR_EVER if wanted.width == TILE else _SHORTLY}
    return Response(hashes, "application/octet-stream", headers=headers)


def _note(note: str) -> Response:
    headers = {"Cache-Control": _SHORTLY}
    return Response(note.encode(), "text/plain; charset=utf-8", headers=headers)


def door_of(request: Request) -> AuditDoor:
    """The use cases. Raises LogUnavailable if there are none."""
    door = request.services.audit
    if door is None:
        raise LogUnavailable(say.NOT_READING)
    return door


def filters_of(body: FiltersBody, kinds: IdentifierKinds = NOTHING) -> Filters:
    """For the use cases. Raises BadRequest for a time range that cannot be, Unprocessable for a wrong identifier."""
    _check_times(body)
    plain: dict[str, Any] = {
        name: str(value) for name, value in body.model_dump(include=_PLAIN, exclude_none=True).items()
    }
    return Filters(
        plain=LogSearch(exchange=body.exchange_id or "", **plain),
        subject=body.subject.keys(kinds) if body.subject else (),
        official=str(body.official or ""),
    )


_PLAIN = {
    "phase", "requester", "agency", "procedure", "dossier", "purpose", "result", "source", "outcome", "since",
    "until",
}  # fmt: skip


def _check_times(body: FiltersBody | ExportBody | UsageBody) -> None:
    if body.since and body.until and body.since >= body.until:
        raise BadRequest(say.SINCE_BEHIND_UNTIL, code=ProblemCode.RANGE_WRONG)


def _query(request: Request, *names: str) -> dict[str, str]:
    """The parameters of the query, each known and given once."""
    given = dict(request.query)
    if len(given) != len(request.query) or not given.keys() <= set(names):
        raise BadRequest(say.PARAMETERS(names=", ".join(names)), code=ProblemCode.QUERY_WRONG)
    return given


def _size(given: dict[str, str], name: str) -> int | None:
    if name not in given:
        return None
    if not _SIZE.fullmatch(given[name]):
        raise BadRequest(say.NUMBER_OF_RECORDS(name=name), code=ProblemCode.QUERY_WRONG)
    return int(given[name])


def exchange_of(text: str) -> str:
    """The id in a path. Raises NotFound for other text."""
    if not is_ulid(text):
        raise NotFound(say.EXCHANGE_ID, code=ProblemCode.EXCHANGE_UNKNOWN)
    return text


def _listed(words: list[str]) -> str:
    """A list for a header, shortened because proxies cut long ones; searches list all."""
    more = [f"+{len(words) - _MOST_NAMES}"] if len(words) > _MOST_NAMES else []
    return ", ".join([*words[:_MOST_NAMES], *more])


async def _streamed(
    request: Request, lines: AsyncIterator[bytes], missing: dict[str, list[str]], *, csv: bool
) -> web.StreamResponse:
    """Stream lines. On an error the connection is cut: half a file must not look whole.

    `missing` goes into headers: a CSV has no line 1 for it.
    """
    kind, name, end = (
        ("text/csv", "export.csv", b"") if csv else ("application/x-ndjson", "export.jsonl", b"\n")
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        **{header: _listed(words) for part, header in _PASSED_OVER.items() if (words := missing.get(part))},
    }
    response = await begin_stream(request, f"{kind}; charset=utf-8", **headers)
    try:
        held = bytearray()
        async for line in lines:
            held += line + end
            if len(held) >= _CHUNK:
                await response.write(bytes(held))
                held.clear()
        await response.write(bytes(held))
        await response.write_eof()
    except Exception as error:  # noqa: BLE001 -- the head has left already
        log().error("audit.export_cut", exchange_id=request.exchange, error=error)
        response.force_close()
        if request.transport is not None:
            request.transport.abort()
    return response

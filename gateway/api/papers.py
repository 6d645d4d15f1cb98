"""Papers over HTTP: search for those that the state holds already, and fetch one."""

from datetime import UTC, datetime

import orjson
from pydantic import ValidationError

from gateway.api.bodies import parse, read_json_bytes, read_model
from gateway.api.papers_models import PaperFetchBody, PaperSearchBody
from gateway.api.prefill import deadline, note_refused, prefill_request
from gateway.api.prefill_body import prefill_body
from gateway.api.problems import from_validation
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.domain.dates import rfc3339
from gateway.domain.errors import LogNotSigned, NotAnchored, NotFound
from gateway.papers.search import PaperSearch

#: members of a search that a prefill does not have
_OWN = ("owner", "result_codes")


async def search(request: Request) -> Response:
    """`POST /v1/papers/search`."""
    services = request.services
    depth = services.configuration.gateway.limits.json_depth
    data = parse(await read_json_bytes(request), depth)
    try:
        body = PaperSearchBody.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, PaperSearchBody) from None
    assert isinstance(data, dict)
    about = prefill_body(orjson.dumps({name: one for name, one in data.items() if name not in _OWN}), depth)
    try:
        services.demand()
        wanted = prefill_request(request, about)
    except (LogNotSigned, NotAnchored, NotFound) as denial:
        await note_refused(request, about, denial)
        raise
    codes = None if body.result_codes is None else tuple(body.result_codes)
    until = deadline(request, body.deadline_ms)
    asked = PaperSearch(request=wanted, owner=body.owner or "", result_codes=codes)
    return answer(await services.papers.searching.search(asked, request.requester, request.exchange, until))


async def fetch(request: Request) -> Response:
    """`POST /v1/papers/fetch`."""
    body = await read_model(request, PaperFetchBody)
    request.services.demand()
    got = await request.services.papers.fetching.fetch(body.reference, body.dossier or "", request.caller)
    ends = rfc3339(datetime.fromtimestamp(got.link.expires, UTC))
    link = {"url": f"{request.issuer}/files/{got.token}", "expires_at": ends}
    return answer({**got.answer, "link": link})

"""Shared catalogues of the ministries (DMDC): rows by the name of a catalogue, as their owner serves them.

A catalogue has no personal data: asking for one is no exchange and has no record.
"""

import asyncio
import re

from gateway.api.catalogue_cache import CachedCatalogue
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.errors import NotFound, SourceAway
from gateway.domain.evidence import Outcome, SourceAnswer, SourceQuery
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official, Subject, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.ports.sources import Source
from gateway.review.needs import CATALOGUES

SOURCE, _, OPERATION = CATALOGUES.partition(".")
_NAME = re.compile(r"[a-z0-9]{1,64}", re.ASCII)
_RETRY_SECONDS = 5
#: catalogues need no official
_NOBODY = Official(personal_id="", agency="")


async def one(request: Request) -> Response:
    """`GET /v1/catalogues/{name}`: 404 if the owner has no such catalogue, 503 while it does not answer."""
    services, name = request.services, request.parameters["name"]
    settings = services.configuration.sources.get(SOURCE)
    source = services.sources.get(SOURCE)
    service = settings.services.get(OPERATION) if settings is not None else None
    if source is None or settings is None or service is None or not service.enabled:
        raise NotFound(say.NO_CATALOGUES, code=ProblemCode.CATALOGUE_UNKNOWN)
    if _NAME.fullmatch(name) is None:
        raise NotFound(say.NO_SUCH_CATALOGUE, code=ProblemCode.CATALOGUE_UNKNOWN)
    loop = asyncio.get_running_loop()
    found = services.kept_rows.of(name, loop.time())
    if found is None:
        end = loop.time() + services.configuration.gateway.prefill.deadline_ms / 1000
        source_answer = await _asked(source, name, request, end)
        fetched_at = rfc3339(services.clock.now())
        found = CachedCatalogue(_rows(source_answer), fetched_at, loop.time() + service.valid_seconds)
        services.kept_rows.keep(name, found)
    return answer(
        {
            "catalogue": name,
            "rows": found.rows,
            "source": SOURCE,
            "provider": settings.provider,
            "mark": services.catalogue.services[SOURCE][OPERATION].mark,
            "sandbox": services.configuration.gateway.profile == "sandbox",
            "fetched_at": found.fetched_at,
        }
    )


async def _asked(source: Source, name: str, request: Request, end: float) -> SourceAnswer:
    landed: asyncio.Future[SourceAnswer] = asyncio.get_running_loop().create_future()

    def land(answer: SourceAnswer) -> None:
        if not landed.done():
            landed.set_result(answer)

    source.ask(
        SourceQuery(
            CallId(f"{request.exchange}-1"), f"{SOURCE}.{OPERATION}",
            Subject(kind=SubjectKind.ORGANISATION, number=name), ("rows",), _NOBODY, "", "",
            requester=request.requester.id,
        ),
        end,
        land,
    )  # fmt: skip
    return await landed


def _rows(answer: SourceAnswer) -> object:
    if answer.outcome is Outcome.NOT_FOUND:
        raise NotFound(say.NO_SUCH_CATALOGUE, code=ProblemCode.CATALOGUE_UNKNOWN)
    if answer.outcome is not Outcome.FOUND or "rows" not in answer.values:
        raise SourceAway(say.CATALOGUES_AWAY, retry_after=_RETRY_SECONDS)
    return answer.values["rows"]

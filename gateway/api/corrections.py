"""Corrections over HTTP: reports to the owners of databases, and their states."""

import orjson

from gateway.api.audit_models import NewbornBody
from gateway.api.bodies import read_model
from gateway.api.corrections_models import (
    CorrectionBody,
    CorrectionSearchBody,
    CorrectionTakeBody,
    CorrectionUpdateBody,
)
from gateway.api.models import PersonBody
from gateway.api.prefill_body import numbered_person_of
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.corrections.reports import CorrectionReport
from gateway.corrections.service import Corrections
from gateway.domain import sentences as say
from gateway.domain.errors import CorrectionsUnavailable, TooLarge
from gateway.domain.parties import Subject
from gateway.mapping.identifiers import IdentifierKinds

_LARGEST = 4_096


async def open_one(request: Request) -> Response:
    """`POST /v1/corrections`."""
    wanted = report_in(await read_model(request, CorrectionBody), request.services.catalogue.identifiers)
    return answer(await corrections_of(request).open(wanted, request.caller))


def report_in(body: CorrectionBody, kinds: IdentifierKinds) -> CorrectionReport:
    """The report that a body makes. Raises TooLarge, Unprocessable."""
    others = [one.model_dump() for one in body.others]
    if len(orjson.dumps([body.shown, body.correct, others])) > _LARGEST:
        raise TooLarge(say.VALUES_TOO_LARGE(largest=_LARGEST))
    more: dict[str, object] = {"subject": body.subject.model_dump(exclude_none=True)}
    more |= {name: text for name in ("grounds", "contact") if (text := getattr(body, name)) is not None}
    return CorrectionReport(
        subject=_reported(body.subject, kinds), source=body.source, attribute=body.attribute, why=body.why,
        shown=body.shown, correct=body.correct, others=tuple(others), more=more,
        exchange=body.exchange_id, dossier=body.dossier or "",
    )  # fmt: skip


def _reported(body: PersonBody | NewbornBody, kinds: IdentifierKinds) -> Subject:
    """The subject, as the prefill named it. Raises Unprocessable."""
    return body.subject if isinstance(body, NewbornBody) else numbered_person_of(body, kinds)


async def search(request: Request) -> Response:
    """`POST /v1/corrections/search`."""
    body = await read_model(request, CorrectionSearchBody)
    kinds = request.services.catalogue.identifiers
    person = numbered_person_of(body.subject, kinds).key if body.subject is not None else ""
    found = corrections_of(request).search(request.caller, person, body.state or "", body.cursor, body.limit)
    return answer(await found)


async def take(request: Request) -> Response:
    """`POST /v1/corrections/take`."""
    body = await read_model(request, CorrectionTakeBody)
    return answer(await corrections_of(request).take(request.caller, body.correction))


async def update(request: Request) -> Response:
    """`POST /v1/corrections/update`."""
    body = await read_model(request, CorrectionUpdateBody)
    done = corrections_of(request).update(request.caller, body.correction, body.state, body.reference)
    return answer(await done)


def corrections_of(request: Request) -> Corrections:
    """The use case of corrections. Raises CorrectionsUnavailable when there is none."""
    corrections = request.services.corrections
    if corrections is None:
        raise CorrectionsUnavailable
    return corrections

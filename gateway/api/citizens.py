"""Consents, attests and requests of data subjects over HTTP: bytes to the use cases and back."""

import re
from datetime import datetime

from gateway.api.bodies import read_model
from gateway.api.consent_models import (
    AttestBody,
    CitizenBody,
    ConsentBody,
    ConsentSearchBody,
    SubjectRequestBody,
    SubjectRequestSearchBody,
    SubjectRequestUpdateBody,
    WithdrawBody,
)
from gateway.api.context import Citizens
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.consents.given import GivenConsent
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, ConsentsUnavailable, Unprocessable
from gateway.domain.evidence import NOTHING
from gateway.mapping.identifiers import IdentifierKinds
from gateway.prefill.attest import KeepRequest
from gateway.subject_requests.service import NewSubjectRequest

#: visible ASCII characters, and spaces between them
_KEY = re.compile(r"[!-~]([ -~]{0,253}[!-~])?", re.ASCII)


async def give(request: Request) -> Response:
    """`POST /v1/consents`."""
    given = consent_in(await read_model(request, ConsentBody), request.services.catalogue.identifiers)
    return answer(await citizens_of(request).consents.give(request.caller, given))


def consent_in(body: ConsentBody, kinds: IdentifierKinds = NOTHING) -> GivenConsent:
    """The consent that a body names. Raises Unprocessable."""
    named = {service: tuple(names) for service, names in (body.attributes or {}).items()}
    return GivenConsent(
        person=body.subject.key(kinds), requester=body.requester or "", purpose=body.purpose or "", attributes=named,
        text_version=body.text_version or "", language=body.language or "", channel=body.channel or "",
        controller=body.controller or "",
        expires=None if body.expires_at is None else datetime.fromisoformat(body.expires_at),
    )  # fmt: skip


async def withdraw(request: Request) -> Response:
    """`POST /v1/consents/withdraw`."""
    body = await read_model(request, WithdrawBody)
    done = citizens_of(request).consents.withdraw(request.caller, body.consent, _key(request, body.subject))
    return answer(await done)


async def search(request: Request) -> Response:
    """`POST /v1/consents/search`."""
    body = await read_model(request, ConsentSearchBody)
    book = citizens_of(request).consents
    return answer(await book.search(request.caller, _key(request, body.subject), body.cursor, body.limit))


async def attest(request: Request) -> Response:
    """`POST /v1/attest`."""
    body = await read_model(request, AttestBody)
    if body.keep != (body.consent is not None):
        raise Unprocessable(say.KEEP_WITH_CONSENT)
    keep = KeepRequest(body.consent) if body.consent is not None else None
    done = citizens_of(request).attest.attest(
        request.caller, body.exchange_id, body.form, keep, body.reported
    )
    return answer(await done)


async def open_subject_request(request: Request) -> Response:
    """`POST /v1/subject-requests`."""
    body = await read_model(request, SubjectRequestBody)
    new = NewSubjectRequest(
        person=_key(request, body.subject), kind=body.kind, text=body.text or "", third_party=body.third_party,
        consent=body.consent or "",
    )  # fmt: skip
    key = idempotency_key(request.fields("Idempotency-Key"))
    return answer(await citizens_of(request).subject_requests.open(request.caller, new, key))


async def search_subject_requests(request: Request) -> Response:
    """`POST /v1/subject-requests/search`."""
    body = await read_model(request, SubjectRequestSearchBody)
    queue = citizens_of(request).subject_requests
    done = queue.search(request.caller, _key(request, body.subject), body.state, body.cursor, body.limit)
    return answer(await done)


async def update_subject_request(request: Request) -> Response:
    """`POST /v1/subject-requests/update`."""
    body = await read_model(request, SubjectRequestUpdateBody)
    done = citizens_of(request).subject_requests.update(
        request.caller, body.request, body.act, body.reason or ""
    )
    return answer(await done)


def idempotency_key(fields: tuple[str, ...]) -> str:
    """The Idempotency-Key; empty without one. Raises BadRequest for a malformed one."""
    if not fields:
        return ""
    if len(fields) > 1 or not _KEY.fullmatch(fields[0]):
        raise BadRequest(say.KEY_FORM)
    return fields[0]


def citizens_of(request: Request) -> Citizens:
    """The use cases of citizens. Raises ConsentsUnavailable when there are none."""
    found = request.services.citizens
    if found is None:
        raise ConsentsUnavailable(say.NO_CONSENTS_HERE)
    return found


def _key(request: Request, subject: CitizenBody | None) -> str:
    return "" if subject is None else subject.key(request.services.catalogue.identifiers)

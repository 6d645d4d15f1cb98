"""Predicates over HTTP: `POST /v1/predicates`, yes, no or cannot_tell, and no value."""

from gateway.api.bodies import read_model
from gateway.api.models import PredicatesBody
from gateway.api.prefill import deadline, forwarded_login
from gateway.api.prefill_body import official_of, person_of
from gateway.api.refusals import record_refusal
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.api.signing import proof_of
from gateway.domain import sentences as say
from gateway.domain.errors import LogNotSigned, NotAnchored, fault_in
from gateway.domain.problems import ProblemCode
from gateway.prefill.questions import QuestionRequest
from gateway.prefill.request import PrefillRequest


async def ask(request: Request) -> Response:
    """`POST /v1/predicates`."""
    services, requester = request.services, request.requester
    body = await read_model(request, PredicatesBody)
    exchange, agency = request.exchange, services.requesters.agency(requester)
    try:
        services.demand()
    except (LogNotSigned, NotAnchored) as denial:
        await record_refusal(request, denial.problem_code, dossier=body.dossier or "")
        raise
    who = body.subject
    is_described = who.gender is not None or who.birth_place is not None
    if not (who.personal_id or who.old_id or who.passport or who.identifier or is_described):
        raise fault_in("/subject", say.GIVE_A_NUMBER_WITH_NAME, ProblemCode.IDENTIFIER_MISSING)
    named = None if body.official is None else body.official.model_dump()
    official = official_of(named, agency)
    login = None
    if body.login is not None:
        login = await forwarded_login(request, body.login, dossier=body.dossier or "")
    wanted = QuestionRequest(
        predicates=tuple(body.predicates),
        subject=person_of(who, services.catalogue.identifiers),
        request=PrefillRequest(
            procedure="", subjects={}, official=official,
            agency=official.agency if official is not None else agency, dossier=body.dossier,
            purpose=body.purpose, consent=body.consent, login=login,
            proof=proof_of(request),
        ),
    )  # fmt: skip
    until = deadline(request, body.deadline_ms)
    return answer(await services.prefill.ask(wanted, requester, exchange, until))

"""The trial of a data service over HTTP: `POST /v1/sources/{service}/try`."""

from collections.abc import Collection, Mapping

from gateway.api.bodies import read_model
from gateway.api.models import OrganisationBody, TrialBody
from gateway.api.prefill import deadline
from gateway.api.prefill_body import official_of, subject_of
from gateway.api.refusals import record_refusal
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.api.signing import proof_of
from gateway.domain import sentences as say
from gateway.domain.dates import PartialDate
from gateway.domain.errors import BadRequest, LogNotSigned, NotAnchored, entry
from gateway.domain.evidence import NOTHING
from gateway.domain.parties import Caller, Official, Subject, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.mapping.identifiers import IdentifierKinds
from gateway.mapping.model import Role
from gateway.mapping.source import ServicePlan
from gateway.prefill.request import PrefillRequest
from gateway.trials.service import TrialRequest

#: kinds of subject that have a `number` of their own
_BY_NUMBER = (SubjectKind.ORGANISATION, SubjectKind.VEHICLE, SubjectKind.NEWBORN)


async def run(request: Request) -> Response:
    """`POST /v1/sources/{service}/try`."""
    services, requester = request.services, request.requester
    body = await read_model(request, TrialBody)
    try:
        services.demand()
    except (LogNotSigned, NotAnchored) as denial:
        await record_refusal(request, denial.problem_code, dossier=body.dossier or "")
        raise
    service = services.trials.find(request.parameters["service"])
    agency = services.requesters.agency(requester)
    official = official_of(None if body.official is None else body.official.model_dump(), agency)
    kinds = services.catalogue.identifiers
    wanted = trial_of(body, service, official, request.caller, proof_of(request), kinds)
    until = deadline(request, body.deadline_ms)
    return answer(await services.trials.run(wanted, requester, request.exchange, until))


def trial_of(
    body: TrialBody, service: ServicePlan, official: Official | None, caller: Caller, proof: Mapping[str, str],
    kinds: IdentifierKinds = NOTHING,
) -> TrialRequest:  # fmt: skip
    """The trial in a checked body. Raises Unprocessable."""
    request = PrefillRequest(
        procedure=body.procedure or "", subjects={}, official=official,
        agency=official.agency if official is not None else caller.agency, dossier=body.dossier,
        purpose=body.purpose, consent=body.consent, proof=proof,
    )  # fmt: skip
    return TrialRequest(
        service=service.name, subject=_subject(body, service, kinds), request=request, show_values=body.show_values,
        staff=caller.notes,
    )  # fmt: skip


def _subject(body: TrialBody, service: ServicePlan, kinds: IdentifierKinds) -> Subject:
    """Raises Unprocessable (a number that cannot be, none where one is needed)."""
    given = body.subject.model_dump(exclude_none=True)
    if given.get("birth_date") is not None:
        given["birth_date"] = PartialDate.parse(given["birth_date"])
    taken = service.mapping.subjects
    if isinstance(body.subject, OrganisationBody) and not {"tax_code", "registration_no"} & given.keys():
        return Subject(kind=_kind_by_number(taken), **given)
    role = Role.model_validate({"kind": [*taken]})
    return subject_of(("subject",), given, role, kinds)


def _kind_by_number(taken: Collection[SubjectKind]) -> SubjectKind:
    """What `number` alone is the number of. Raises BadRequest for the notice of a birth: its number may be guessed."""
    found = next((one for one in _BY_NUMBER if one in taken), SubjectKind.ORGANISATION)
    if found is SubjectKind.NEWBORN:
        place, why = "/subject/birth_date", say.IS_MISSING
        raise BadRequest(why.at(place), errors=[entry(place, why, ProblemCode.MISSING_MEMBER)])
    return found

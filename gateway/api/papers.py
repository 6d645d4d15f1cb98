"""Papers over HTTP: search for those that the state holds already, and fetch one."""

from datetime import UTC, datetime
from typing import Any

from gateway.api.bodies import checked, parse, read_json_bytes, read_model
from gateway.api.dossiers import page_after
from gateway.api.models import Body, SameAsBody
from gateway.api.papers_models import PaperFetchBody, PaperKeepBody, PaperListBody, PaperSearchBody
from gateway.api.prefill import deadline, prefill_request
from gateway.api.prefill_body import numbered_person_of, person_of, prefill_members, subject_of
from gateway.api.procedures import find
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.domain import sentences as say
from gateway.domain.dates import PartialDate, rfc3339
from gateway.domain.errors import fault_at
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.mapping.identifiers import IdentifierKinds
from gateway.mapping.procedure import Procedure
from gateway.mapping.records import bare
from gateway.papers.keep import PaperToKeep
from gateway.papers.search import PaperSearch

#: members of a search that a prefill does not have
_OWN = ("owner", "result_codes")


async def search(request: Request) -> Response:
    """`POST /v1/papers/search`."""
    services = request.services
    depth = services.configuration.gateway.limits.json_depth
    data = parse(await read_json_bytes(request), depth)
    body = checked(data, PaperSearchBody)
    assert isinstance(data, dict)
    about = prefill_members({name: one for name, one in data.items() if name not in _OWN})
    wanted = await prefill_request(request, about)
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


async def keep(request: Request) -> Response:
    """`POST /v1/papers/keep`."""
    body = await read_model(request, PaperKeepBody)
    services = request.services
    services.demand()
    procedure, kinds = find(services.catalogue, body.procedure), services.catalogue.identifiers
    wanted = PaperToKeep(
        procedure=procedure, component=body.component, dossier=body.dossier,
        file=body.file.removeprefix("sha256:"), file_name=body.file_name, title=body.title,
        result_code=body.result_code or "", reference=body.reference or "", consent=body.consent,
        owner=numbered_person_of(body.subject, kinds), about=_object(body.object, procedure, kinds),
        valid_until=None if body.valid_until is None else PartialDate.parse(body.valid_until),
    )  # fmt: skip
    return answer(await services.papers.keeping.keep(wanted, request.caller))


async def listing(request: Request) -> Response:
    """`POST /v1/papers/list`."""
    body = await read_model(request, PaperListBody)
    owner = person_of(body.subject, request.services.catalogue.identifiers)
    name = bare(owner.full_name or "")
    number = owner.personal_id or owner.old_id or (owner.key if owner.identifier else "")
    if not (name and owner.birth_date and number):
        raise fault_at("/subject", say.IDENTITY_INCOMPLETE, ProblemCode.IDENTITY_INCOMPLETE)
    asked = request.services.papers.listing.of(request.caller, owner, page_after(body.cursor), body.limit)
    found = await asked
    fits = bool(found["kept"] or found["dossiers"])
    if request.services.guesses is not None:
        who = f"{name}\x1f{owner.birth_date}"
        await request.services.guesses.check_papers(request.caller, number, who, fits=fits)
    # how many dossiers there are of a number is for nobody who does not know whose it is
    return answer({**found, "withheld": found["withheld"] if fits else 0})


def _object(body: Body | list[Any] | None, procedure: Procedure, kinds: IdentifierKinds) -> Subject | None:
    """What a paper is about; not the same as somebody of a request, and one thing only."""
    if body is None:
        return None
    if isinstance(body, list | SameAsBody):
        raise fault_at("/object", say.ONE_SUBJECT, ProblemCode.VALUE_NOT_POSSIBLE)
    given = body.model_dump(exclude_none=True)
    if given.get("birth_date") is not None:
        given["birth_date"] = PartialDate.parse(given["birth_date"])
    # a plate and a registration number are written alike: the procedure says which it is
    vehicle = next((one for one in procedure.roles.values() if SubjectKind.VEHICLE in one.kind), None)
    return subject_of(("object",), given, vehicle, kinds)

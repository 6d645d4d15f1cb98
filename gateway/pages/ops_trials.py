"""The trial of a source, for operators: the form, and what came of it. Personal data come by POST, and leave masked."""

from typing import Any

from gateway.api.bodies import checked
from gateway.api.models import TrialBody
from gateway.api.prefill import deadline
from gateway.api.request import Request
from gateway.api.trials import trial_of
from gateway.domain import sentences as say
from gateway.domain.errors import NotFound
from gateway.domain.parties import Official
from gateway.domain.sentences import BothWords
from gateway.pages.audit_filters import require_scope
from gateway.pages.frame import Shown, Visit

_TITLE: BothWords = ("Thử nguồn dữ liệu", "Try a source")
_PERSON = ("personal_id", "full_name", "birth_date")


async def trial_form(request: Request, visit: Visit) -> Shown:
    """`GET /ops/sources/try?source=`: one of its data services, and the person it is asked about."""
    require_scope(visit, "sources:try")
    settings = request.services.configuration.sources.get(visit.form.get("source", ""))
    if settings is None:
        raise NotFound(say.NO_SUCH_SOURCE)
    mappings = request.services.catalogue.services[settings.source]
    found = [
        {"service": f"{settings.source}.{name}", "draft": not one.enabled, "title": mappings[name].mapping.title.vi,
         "title_en": mappings[name].mapping.title.en}
        for name, one in settings.services.items()
    ]  # fmt: skip
    source = {"source": settings.source, "title": settings.title.vi, "title_en": settings.title.en}
    return Shown(template="ops/trial", title=_TITLE, answer={"source": source, "data_services": found})


async def trial(request: Request, visit: Visit) -> Shown:
    """`POST /ops/sources/try`. Raises as `POST /v1/sources/{service}/try`."""
    require_scope(visit, "sources:try")
    services, form = request.services, visit.form
    services.demand()
    given: dict[str, Any] = {name: text for name in _PERSON if (text := form.get(name, "").strip())}
    body = checked({"subject": given, "show_values": form.get("show_values") == "yes"}, TrialBody)
    wanted = trial_of(body, services.trials.find(form.get("service", "")), _official(visit), visit.caller, {})
    answer = await services.trials.run(
        wanted, visit.caller.requester, visit.caller.exchange, deadline(request, None)
    )
    return Shown(template="ops/tried", title=_TITLE, answer=answer)


def _official(visit: Visit) -> Official | None:
    """Who signed in; None where the account has no number: then the agency's official on duty is named."""
    number = "" if visit.session is None else visit.session.identity.personal_id
    return Official(personal_id=number, agency=visit.caller.agency, account=visit.staff) if number else None

"""The session of a page: staying signed in, and signing out."""

from gateway.api.browsers import visitor_of
from gateway.api.logins import stepped
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.domain import sentences as say
from gateway.domain.errors import NotFound
from gateway.login.steps import Leaving
from gateway.pages.frame import SIGN_OUT, STAY, PageRoute, Visit, wants_json


async def stay(request: Request, visit: Visit) -> Response | Leaving:
    """`POST /console/stay`: the session counts as used, by this request already. `to`: the page to go back to."""
    here = request.services.sign_in
    if here is None or visit.session is None:
        raise NotFound(say.NO_LOGINS)
    if wants_json(request):
        return answer({"ends": int(here.broker.sessions.ends(visit.session))})
    to = visit.form.get("to", "")
    return Leaving(url=to if here.broker.is_page(to) else "/")


async def sign_out(request: Request, visit: Visit) -> Response:
    """`POST /console/sign-out`: the session ends here, at its systems and at its provider."""
    here = request.services.sign_in
    if here is None or visit.session is None:
        raise NotFound(say.NO_LOGINS)
    return stepped(request, await here.sign_out.leave(visitor_of(request), visit.session))


ROUTES = (PageRoute("POST", STAY, stay), PageRoute("POST", SIGN_OUT, sign_out))

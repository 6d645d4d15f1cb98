"""The kit: every component of pages, in each of its states."""

from gateway.api.request import Request
from gateway.pages.frame import PageRoute, Shown, Visit


async def kit(_request: Request, _visit: Visit) -> Shown:
    """`GET /console/kit`."""
    return Shown(template="kit", title=("Bộ thành phần", "Kit"), answer={})


ROUTES = (PageRoute("GET", "/console/kit", kit, has_head=True),)

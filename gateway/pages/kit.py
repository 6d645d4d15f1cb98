"""The kit: every component of pages, in each of its states."""

from gateway.api.request import Request
from gateway.console.kit import kit_values
from gateway.pages.frame import PageRoute, Shown, Visit


async def kit(_request: Request, _visit: Visit) -> Shown:
    """`GET /console/kit`."""
    return Shown(
        template="kit/kit", title=("Bộ thành phần", "Kit"), answer={}, values=kit_values(), assets=("kit.js",)
    )


ROUTES = (PageRoute("GET", "/console/kit", kit, has_head=True),)

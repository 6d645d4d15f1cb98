"""The kit: every component of pages, in each of its states."""

from gateway.api.request import Request
from gateway.console.kit import kit_values
from gateway.domain.sentences import BothWords
from gateway.pages.frame import PageRoute, Shown, Visit

#: path of a page -> its name
_PARTS: dict[str, BothWords] = {
    "/console/kit": ("Cơ bản", "Basics"),
    "/console/kit/records": ("Bảng, giao dịch", "Tables, exchanges"),
    "/console/kit/charts": ("Biểu đồ", "Charts"),
    "/console/kit/form": ("Biểu mẫu điền sẵn", "Prefilled form"),
    "/console/kit/icons": ("Biểu tượng", "Icons"),
}


async def kit(request: Request, _visit: Visit) -> Shown:
    """`GET /console/kit` and its parts."""
    vi, en = _PARTS[request.route]
    name = request.route.removeprefix("/console/kit").removeprefix("/") or "basics"
    return Shown(
        template=f"kit/{name}", title=(f"Bộ thành phần: {vi}", f"Kit: {en}"), answer={}, values=kit_values(),
        assets=("kit.js", "kit-form.js") if name == "form" else ("kit.js",),
    )  # fmt: skip


ROUTES = tuple(
    PageRoute("GET", path, kit, nav=f"{vi} · {en}", has_head=True) for path, (vi, en) in _PARTS.items()
)

"""Pages of the sandbox for people: rendered here, no script, nothing from elsewhere, labelled as simulated.

Promises: every value is escaped; no page is framed by others or kept by a cache.
"""

from functools import cached_property
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent / "pages"
STYLE = "/__sandbox/pages/sandbox.css"
#: a form's answer may lead to systems of this machine, at any port
_HERE = "http://127.0.0.1:* http://localhost:*"


class SandboxPages:
    """The templates; compiled when the first page is shown."""

    def __init__(self) -> None:
        """Reads nothing yet."""

    @cached_property
    def _templates(self) -> Environment:
        return Environment(
            loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, auto_reload=False
        )

    def rendered(
        self, template: str, *, status: int = 200, frames: bool = False, framed: bool = False, **words: object
    ) -> web.Response:
        """A page. `frames`: it opens systems of this machine in frames; `framed`: they may frame it."""
        above, below = (_HERE if one else "'none'" for one in (framed, frames))
        policy = (
            f"default-src 'none'; style-src 'self'; form-action 'self' {_HERE}; base-uri 'none';"
            f" frame-ancestors {above}; frame-src {below}"
        )
        return web.Response(
            text=self._templates.get_template(template).render(words), status=status, content_type="text/html",
            headers={
                "Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
            },
        )  # fmt: skip


async def style(_request: web.Request) -> web.StreamResponse:
    """The style sheet of all pages."""
    return web.FileResponse(FOLDER / "sandbox.css", headers={"Cache-Control": "max-age=60"})

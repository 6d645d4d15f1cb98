"""The API reference at `/docs`: every operation, to try at once in the sandbox, and what each problem means.

The page lists the operations; swagger-ui, which is heavy, comes when the reader asks for it. It renders the Markdown of
descriptions as HTML by DOMPurify, which makes a Trusted Types policy of its own; what it does not wrap passes
`default`, a policy of `docs.js` that lets plain elements without attributes pass. These two names are
all that this page's policy has more than that of other pages.
"""

from gateway.api.answers import CODES
from gateway.api.request import Request
from gateway.api.routes import OPERATIONS
from gateway.config.configuration import Configuration
from gateway.pages.frame import POLICY, PageRoute, Shown, Visit

DOCS_POLICY = POLICY.replace("trusted-types 'none'", "trusted-types default dompurify")
#: the requester in whose name one tries operations in the sandbox
_TRIED_AS = "portal"


async def reference(request: Request, _visit: Visit) -> Shown:
    """`GET /docs`."""
    operations = [
        {
            "id": one.id,
            "method": one.method,
            "path": one.path,
            "title_vi": one.vi,
            "title": one.en,
            "scope": one.scope,
        }
        for one in OPERATIONS
    ]
    problems = [{"code": one.value, "status": one.http, "title_vi": one.vi, "title": one.en} for one in CODES]
    return Shown(
        template="docs/reference", title=("Giao diện lập trình", "API reference"),
        answer={"openapi": "/openapi.json", "operations": operations, "problems": problems},
        values={"tried_as": sandbox_client(request.services.configuration)}, policy=DOCS_POLICY,
        assets=("docs.js",),
    )  # fmt: skip


def sandbox_client(configuration: Configuration) -> tuple[str, str] | None:
    """Client id and secret with which the page's script fetches its token; None in production."""
    client = configuration.requesters.get(_TRIED_AS)
    if configuration.gateway.profile != "sandbox" or client is None or client.client_secret is None:
        return None
    return client.client_id, client.client_secret.reveal()


ROUTES = (PageRoute("GET", "/docs", reference, has_head=True),)

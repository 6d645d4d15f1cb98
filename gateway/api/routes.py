"""Every path of the door, on one page: method, handler, scope, models, and the problems it may answer with.

The router and `/openapi.json` are both made from this table.
"""

from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel

from gateway.api import operation, prefill, procedures, tokens
from gateway.api.middleware import Handler, expect, needs
from gateway.api.models import PrefillBody, ResumeBody

BODY = (400, 408, 413, 415, 422)
GUARDED = (401, 403, 429)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. `scope` None: open to all; empty: any token."""

    method: str
    path: str
    handler: Handler
    id: str
    vi: str
    en: str
    scope: str | None = None
    #: it only waits for what was asked before
    waits: bool = False
    body: type[BaseModel] | None = None
    #: name of the answer's schema in openapi.py
    answer: str
    problems: tuple[int, ...] = ()


OPERATIONS = (
    Operation(
        method="POST", path="/v1/prefill", handler=prefill.fill, id="prefill", scope="prefill", body=PrefillBody,
        vi="Điền sẵn biểu mẫu của một thủ tục", en="Prefill the form of a procedure",
        answer="PrefillAnswer", problems=(*BODY, *GUARDED, 404, 503),
    ),
    Operation(
        method="POST", path="/v1/prefill/resume", handler=prefill.resume, id="resume", scope="prefill", waits=True,
        body=ResumeBody, vi="Lấy dữ liệu đến muộn", en="Fetch what arrived late",
        answer="ResumeAnswer", problems=(*BODY, *GUARDED, 404, 503),
    ),
    Operation(
        method="GET", path="/v1/procedures", handler=procedures.listing, id="procedures",
        vi="Danh sách thủ tục", en="List the procedures", answer="Procedures",
    ),
    Operation(
        method="GET", path="/v1/procedures/{code}", handler=procedures.one, id="procedure",
        vi="Một thủ tục", en="One procedure", answer="Procedure", problems=(404,),
    ),
    Operation(
        method="GET", path="/v1/procedures/{code}/form", handler=procedures.form, id="form",
        vi="Biểu mẫu (JSON Schema)", en="The form (JSON Schema 2020-12)", answer="Form", problems=(404,),
    ),
    Operation(
        method="GET", path="/v1/reasons", handler=operation.reasons, id="reasons",
        vi="Danh sách mã lý do", en="The closed list of reason codes", answer="Reasons",
    ),
    Operation(
        method="GET", path="/v1/sources", handler=operation.sources, id="sources", scope="",
        vi="Tình trạng các nguồn dữ liệu", en="How the sources are doing", answer="Sources", problems=GUARDED,
    ),
    Operation(
        method="POST", path="/oauth2/token", handler=tokens.token, id="token",
        vi="Lấy mã truy cập", en="Fetch an access token", answer="TokenAnswer", problems=(400, 401),
    ),
    Operation(
        method="GET", path="/.well-known/oauth-authorization-server", handler=tokens.metadata, id="metadata",
        vi="Thông tin máy chủ cấp quyền", en="Authorization server metadata", answer="Metadata",
    ),
    Operation(
        method="GET", path="/health/live", handler=operation.live, id="live",
        vi="Cổng đang chạy", en="The process answers", answer="Health",
    ),
    Operation(
        method="GET", path="/health/ready", handler=operation.ready, id="ready",
        vi="Cổng sẵn sàng", en="The gateway is ready", answer="Health", problems=(503,),
    ),
)  # fmt: skip


def add_operations(app: web.Application, operations: tuple[Operation, ...] = OPERATIONS) -> None:
    """Put the table into the router."""
    for item in operations:
        handler = item.handler if item.scope is None else needs(item.scope, item.handler, waits=item.waits)
        for method in ("GET", "HEAD") if item.method == "GET" else (item.method,):
            app.router.add_route(method, item.path, handler, expect_handler=expect)

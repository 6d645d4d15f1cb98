"""`/openapi.json` (OpenAPI 3.1) from the route table and the pydantic models."""

import gzip
import re
from functools import cache
from typing import Any

import orjson
from pydantic.json_schema import models_json_schema

from gateway.api.answers import ANSWERS
from gateway.api.dispatcher import Endpoint, Routes
from gateway.api.models import TokenAnswer, TokenProblem
from gateway.api.problems import FAMILIES, MethodNotAllowed
from gateway.api.request import Request
from gateway.api.response import GZIPPED, Response, takes_gzip
from gateway.api.routes import OPERATIONS, Route
from gateway.domain.errors import (
    BadRequest,
    GatewayError,
    LogUnavailable,
    Refused,
    TooMany,
    Unauthenticated,
    Unprocessable,
)
from gateway.domain.files import FileKind

_PATTERN = re.compile(r"\{([a-z_]+)\}")
#: parameters of paths: longest text, example
_IN_PATH = {
    "name": (64, "madantoc"),
    "service": (200, "population.TraCuuThongTinCongDan"),
    "code": (100, "1.004873"),
    "exchange_id": (26, "01KB0000000000000000000000"),
    "delivery": (26, "01KB0000000000000000000000"),
    "path": (100, "0/000.p/12"),
    "opaque": (2_048, "A1b2C3"),
}
_LONG_IN_QUERY = {"redirect_uri": 2_000, "state": 2_048, "nonce": 512, "scope": 1_024}
_SCOPES = {
    "prefill": "Điền sẵn biểu mẫu / prefill forms",
    "papers": "Tra cứu, lấy giấy tờ đã có / search and fetch papers that exist already",
    "audit:search": "Tìm trong nhật ký giao dịch / search the exchange log",
    "audit:identify": "Biết giao dịch về ai, có lý do / learn with a reason who an exchange is about",
    "audit:export": "Xuất nhật ký giao dịch / export the exchange log",
    "consents": "Sự đồng ý và yêu cầu của chủ thể dữ liệu / consents and requests of data subjects",
    "dossiers": "Gửi, nhận và tra cứu hồ sơ / send, receive and look up dossiers",
    "sources:try": "Thử nguồn dữ liệu / try sources",
    "usage": "Xem ai đã khai thác dữ liệu / see who used data",
}
#: groups of operations: name, description, beginnings of their paths
# fmt: off
_GROUPS = (
    ("Điền sẵn biểu mẫu / Prefill",
     "Điền sẵn, dữ liệu đến muộn, quyết định của công dân / Prefill, late answers, what the citizen decides",
     ("/v1/prefill", "/v1/explain", "/v1/predicates")),
    ("Thủ tục và nguồn / Procedures and sources",
     "Thủ tục, biểu mẫu, nguồn dữ liệu, danh mục, lý do / Procedures, forms, sources, catalogues, reasons",
     ("/v1/procedures", "/v1/sources", "/v1/reasons", "/v1/catalogues", "/v1/scores")),
    ("Giấy tờ và tệp / Papers and files",
     "Giấy tờ trong kho, tệp của hồ sơ / Papers of the store, files of dossiers",
     ("/v1/papers", "/v1/files", "/files")),
    ("Hồ sơ / Dossiers",
     "Hồ sơ và tiến độ giữa một cửa và các cổng / Dossiers between counters and portals",
     ("/v1/dossiers", "/v1/deliveries", "/v1/reconciliation")),
    ("Quyền của công dân / Rights of citizens",
     "Sự đồng ý, chỉnh sửa, yêu cầu, ai đã dùng dữ liệu / Consents, corrections, requests, who used data",
     ("/v1/consents", "/v1/corrections", "/v1/subject-requests", "/v1/usage", "/v1/attest")),
    ("Kiểm toán / Audit",
     "Nhật ký giao dịch và bằng chứng / The exchange log and its proofs",
     ("/v1/audit", "/log")),
    ("Cấp quyền và đăng nhập / Tokens and logins",
     "Mã truy cập của hệ thống, đăng nhập của công dân / Tokens of systems, logins of citizens",
     ("/oauth2", "/.well-known")),
    ("Vận hành / Operation",
     "Cổng có sẵn sàng không / Whether the gateway is ready",
     ("/health",)),
)
# fmt: on
#: operations that take a form, and its schema
_FORMS = {
    "token": "TokenForm",
    "introspect": "TokenToShow",
    "revoke": "TokenToShow",
    "par": "AuthorizationForm",
    "authorize_form": "AuthorizationForm",
}  # fmt: skip
#: of them, those for browsers
_OF_BROWSERS = {"authorize_form"}
_REF = "#/components/schemas/{model}"
_EXCHANGE_HEADER = {
    "X-Exchange-Id": {"description": "Mã giao dịch / Id of the exchange", "schema": {"type": "string"}}
}
_PROBLEMS: dict[int, type[GatewayError]] = {
    **FAMILIES,
    400: BadRequest,
    401: Unauthenticated,
    403: Refused,
    422: Unprocessable,
    429: TooMany,
    503: LogUnavailable,
    500: GatewayError,
    405: MethodNotAllowed,
}

_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": 255, "pattern": "^[!-~]([ -~]{0,253}[!-~])?$"},
    "description": "Gửi lại cùng khóa là cùng một yêu cầu, nội dung khác thì 422 / "
    "What comes again under a key of the requester is the same request; another one is 422",
    "example": "thu-den-0417",
}

_FILE_NAME: dict[str, Any] = {
    "name": "Content-Disposition",
    "in": "header",
    "schema": {"type": "string", "maxLength": 1_000},
    "description": "Tên tệp (RFC 6266), phần mở rộng đúng với nội dung; không được lưu / "
    "The name of the file (RFC 6266); its extension must be that of the content. It is not kept",
    "example": "attachment; filename*=UTF-8''don-de-nghi.pdf",
}


def document() -> dict[str, Any]:
    """The whole description; equal for every process of one version."""
    bodies = [(item.body, "validation") for item in OPERATIONS if item.body is not None]
    typed = [*bodies, (TokenAnswer, "serialization"), (TokenProblem, "serialization")]
    _, schemas = models_json_schema(typed, ref_template=_REF)  # type: ignore[arg-type]
    paths: dict[str, dict[str, Any]] = {}
    for item in OPERATIONS:
        paths.setdefault(item.path, {})[item.method.lower()] = _operation(item)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Một Lần",
            "summary": "Once-only gateway: prefill of electronic forms",
            "description": "Hệ thống kết nối, chia sẻ dữ liệu để điền sẵn biểu mẫu và thay giấy tờ bằng dữ liệu.",
            "version": "1",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": about} for name, about, _ in _GROUPS],
        "paths": paths,
        "components": {
            "schemas": {**_loosely(schemas["$defs"]), **ANSWERS},
            "securitySchemes": {
                "requester": {
                    "type": "oauth2",
                    "flows": {"clientCredentials": {"tokenUrl": "/oauth2/token", "scopes": _SCOPES}},
                },
                "client": {"type": "http", "scheme": "basic"},
            },
        },
    }


@cache
def _written() -> bytes:
    """The document as it is sent; it takes as long as a hundred requests to make."""
    return orjson.dumps(document())


def _loosely(schema: Any) -> Any:  # noqa: ANN401 -- JSON
    """`anyOf` instead of `oneOf`: a newborn `{}` matches an organisation too; the gateway decides which it is."""
    if isinstance(schema, list):
        return [_loosely(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {"anyOf" if name == "oneOf" else name: _loosely(one) for name, one in schema.items()}


def _operation(item: Route) -> dict[str, Any]:
    out: dict[str, Any] = {
        "operationId": item.id,
        "tags": [_group(item)],
        "summary": f"{item.vi} / {item.en}",
        "responses": _responses(item),
        "security": _security(item),
    }
    parameters = [*map(_in_path, _PATTERN.findall(item.path)), *(_in_query(*one) for one in item.query)]
    if parameters := [*parameters, *([_KEY] if item.keyed else [])]:
        out["parameters"] = parameters
    if item.body is not None:
        out["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(item.body.__name__)}},
        }
    if item.streams:
        kinds = ("application/octet-stream", *(one.media_type for one in FileKind))
        out["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": _ref("FileContent")} for kind in kinds},
        }
        out["parameters"] = [_FILE_NAME]
    if item.id in _FORMS:
        out["requestBody"] = {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": _ref(_FORMS[item.id])}},
        }
    return out


def _group(item: Route) -> str:
    """The name of its group. Raises StopIteration for a path of none: add it to `_GROUPS`."""
    return next(name for name, _, beginnings in _GROUPS if item.path.startswith(beginnings))


def _in_path(name: str) -> dict[str, Any]:
    longest, example = _IN_PATH[name]
    schema = {"type": "string", "maxLength": longest}
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


def _in_query(name: str, example: str) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": _LONG_IN_QUERY.get(name, 64)}
    return {"name": name, "in": "query", "schema": schema, "example": example}


def _responses(item: Route) -> dict[str, Any]:
    media: dict[str, Any] = {kind: {"schema": _ref(item.answer)} for kind in item.media}
    if item.id == "resume":
        media["text/event-stream"] = {"schema": {"type": "string"}}
    description = f"{item.vi} / {item.en}"
    out: dict[str, Any] = {
        str(item.status): {"description": description, "headers": _EXCHANGE_HEADER, "content": media}
    }
    keyed = {409, 422} if item.keyed else set()
    for status in sorted({*item.problems, *keyed, 500}):
        out[str(status)] = _problem(item, status)
    return out


def _problem(item: Route, status: int) -> dict[str, Any]:
    family = _PROBLEMS[status].code
    headers, description = dict(_EXCHANGE_HEADER), f"{family.vi} / {family.en}"
    if item.id == "ready" and status == 503:
        content = {"application/json": {"schema": _ref("Health")}}
        return {"description": "Chưa sẵn sàng / Not ready", "headers": headers, "content": content}
    if item.id in _FORMS.keys() - _OF_BROWSERS and status in {400, 401}:
        content = {"application/json": {"schema": _ref("TokenProblem")}}
        return {"description": description, "headers": headers, "content": content}
    example = {
        "type": f"/docs#problem-{family}",
        "title": family.en,
        "title_vi": family.vi,
        "status": status,
        "code": family,
        "exchange_id": "01KB0000000000000000000000",
    }
    shown = {"application/problem+json": {"schema": _ref("Problem"), "example": example}}
    return {"description": description, "headers": headers, "content": shown}


def _security(item: Route) -> list[dict[str, list[str]]]:
    if item.id in _FORMS.keys() - _OF_BROWSERS:
        return [{"client": []}]
    if item.scope is None:
        return []
    return [{"requester": [item.scope] if item.scope else []}]


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _REF.format(model=name)}


@cache
def _squeezed() -> bytes:
    """As it is sent to those who take gzip: a tenth."""
    return gzip.compress(_written(), mtime=0)


def add_documents(routes: Routes) -> None:
    """`/openapi.json`, made once."""
    described = _written()

    async def openapi(request: Request) -> Response:
        if takes_gzip(request):
            return Response(_squeezed(), headers=GZIPPED)
        return Response(described, headers={"Vary": "Accept-Encoding"})

    routes.add(("GET", "HEAD"), Endpoint("/openapi.json", openapi))

"""The simulated bus behind a provincial LGSP, in two shapes: flat REST facade, and the query shape of Hà Giang.

Promises: the token door of a WSO2 API manager in front; the session, `madonvi` and `service` of the bus are the LGSP's
own affair: the caller sends the bare `data`, or query parameters; every answer of the bus is wrapped as text again.
Sandbox: the facade reads `isUpdating` and `type` from the query; errors of the bus are wrapped with an outer `0`.
"""

import base64
from collections.abc import Mapping
from typing import Any

import orjson

from adapters.sandbox import business, national_bus
from adapters.sandbox.bus_rules import BAD_MESSAGE, BusRefusal
from adapters.sandbox.portal import LGSP, LGSP_QUERY
from adapters.sandbox.served_files import content
from adapters.sandbox.wire import PeerOperation, PeerRequest, Reply, as_json, post

_FACADE = "/KetNoiMotCuaQuocGia/{operation}"
_QUERY = "/api/SynsTTHCC/{operation}"


def endpoints() -> tuple[PeerOperation, ...]:
    """The token door, GET and POST of every service, and the download of a file in the facade."""
    ways = ((LGSP, _FACADE), (LGSP_QUERY, _QUERY))
    return (
        *(post(name, "token", business.token, "/token", opens=True) for name, _path in ways),
        post(LGSP, "getfile", get_file, "/KetNoiMotCuaQuocGia/getfile"),
        *(
            PeerOperation(
                source=name, operation="", method=method, paths=[path], handler=call_service, named_by=_named
            )
            for name, path in ways
            for method in ("GET", "POST")
        ),
    )


def call_service(call: PeerRequest) -> Reply:
    """A service of the bus by its name in the path."""
    refusal = business.refusal(call)
    if refusal is not None:
        return refusal
    if call.match["operation"] not in national_bus.services():
        return business.gateway_fault(404, 900906, "No matching resource found")
    try:
        inner = national_bus.serve(call, _words(call))
    except BusRefusal as fault:
        inner = national_bus.refusal_words(call, fault)
    return wrapped(call, inner)


def wrapped(call: PeerRequest, inner: Mapping[str, Any]) -> Reply:
    """The answer of the bus as text in an answer of the facade."""
    text = orjson.dumps(inner).decode()
    return national_bus.answered({"error_code": call.portal.code("0"), "message": text})


def get_file(call: PeerRequest) -> Reply:
    """`{"DuongDan": url}`: base64 of a file of the portal as a bare JSON string, empty if there is none."""
    refusal = business.refusal(call)
    if refusal is not None:
        return refusal
    uid = str(call.words().get("DuongDan") or "").rpartition("/")[2]
    served = call.portal.files.get(uid)
    return as_json("" if served is None else base64.b64encode(content(served)).decode())


def _named(call: PeerRequest) -> str:
    name = call.match["operation"]
    return name if name in national_bus.services() else "unknown"


def _words(call: PeerRequest) -> dict[str, Any]:
    """The envelope of the bus from the query and the bare body."""
    words: dict[str, Any] = {**call.query, "service": call.match["operation"]}
    if call.source == LGSP_QUERY and not words.get("MaDinhDanhDV"):
        raise BusRefusal(BAD_MESSAGE, "MaDinhDanhDV bắt buộc")
    if call.body:
        try:
            words["data"] = orjson.loads(call.body)
        except ValueError as error:
            raise BusRefusal(BAD_MESSAGE, "không phải là JSON") from error
    if call.source == LGSP:
        words.setdefault("isUpdating", "False")
    words.setdefault("type", "2")
    return words

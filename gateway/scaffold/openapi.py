"""One operation of an OpenAPI 3.0, 3.1 or Swagger 2.0 document, as JSON or YAML: what is sent, what comes back.

References are followed within the file and never out of it.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from gateway.config.gateway import is_http
from gateway.config.strict_yaml import read_text
from gateway.domain.errors import ConfigError
from gateway.domain.faults import near
from gateway.scaffold.contract import MOST_BYTES, NOWHERE, Contract, read_bounded
from gateway.scaffold.leaves import Leaf, NotScaffolded, Walk

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
_ASKED_BY = frozenset({"get", "post"})
_MOST_EVENTS = 400_000
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json\b.*|\*/\*", re.IGNORECASE)
_FORM = "application/x-www-form-urlencoded"
_PLACE = re.compile(r"\{([^{}]*)\}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def of_openapi(path: Path, operation: str, source: str) -> Contract:
    """The operation by its `operationId` or as `GET /path`. Raises NotScaffolded."""
    document = _document(read_bounded(path, MOST_BYTES, "the OpenAPI document"), path)
    if not str(document.get("openapi", "")).startswith("3.") and str(document.get("swagger")) != "2.0":
        raise NotScaffolded(
            "this is no OpenAPI 3.0, 3.1 or Swagger 2.0 document", "give the provider's own file"
        )
    method, address, shared, found = _operation(document, operation)
    walk = Walk(document)
    asked, body, remarks = _request(
        document, method, [*_list(shared), *_list(found.get("parameters"))], found
    )
    answers = _answers(walk, _mapping(found.get("responses")))
    name = re.sub(r"[^A-Za-z0-9_]+", "_", str(found.get("operationId") or address)).strip("_")[:60]
    auth, auth_text = _auth(document, found, source.upper())
    place = _PLACE.sub(lambda match: f"{{{_placed(match.group(1))}}}", address)
    return Contract(
        adapter="adapters.sources.rest",
        operation=name if name[:1].isalpha() else f"op_{name}",
        request=asked,
        answer=answers,
        url=_url(document),
        service={"path": place, "method": method.upper(), "body": body},
        auth=auth,
        remarks=(*remarks, *auth_text),
    )


def _document(raw: bytes, path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(raw) if raw.lstrip()[:1] == b"{" else _yaml(raw, path)
    except RecursionError:
        raise NotScaffolded("the document is nested too deeply", "give the provider's own file") from None
    except ValueError:
        raise NotScaffolded(
            "the document is neither JSON nor YAML in UTF-8", "give the provider's own file"
        ) from None
    if not isinstance(found, dict):
        raise NotScaffolded("the document is no mapping", "give the provider's own file")
    return found


def _yaml(raw: bytes, path: Path) -> Any:  # noqa: ANN401 -- YAML
    """Strict YAML, where its parts were counted first: a tree of nodes is large."""
    try:
        for number, _ in enumerate(yaml.parse(raw.decode("utf-8"), Loader=yaml.CBaseLoader)):
            if number > _MOST_EVENTS:
                raise NotScaffolded("the document has too many values for YAML", "give it as JSON")
        return read_text(raw, path, path.name).data
    except yaml.YAMLError as error:
        raise NotScaffolded("the document is no YAML", "give the provider's own file") from error
    except ConfigError as error:
        problem = error.problems[0]
        raise NotScaffolded(
            f"{problem.file}:{problem.line}: {problem.what}", problem.remedy or "give it as JSON"
        ) from None


def _operation(document: Mapping[str, Any], wanted: str) -> tuple[str, str, object, Mapping[str, Any]]:
    """Method, path, parameters of the path, and the operation itself."""
    known: list[str] = []
    for address, item in _mapping(document.get("paths")).items():
        for method in _METHODS:
            one = _mapping(item).get(method)
            if not isinstance(one, dict):
                continue
            names = {f"{method.upper()} {address}", str(one.get("operationId", ""))} - {""}
            known += sorted(names)
            if wanted not in names:
                continue
            if method not in _ASKED_BY:
                raise NotScaffolded(
                    f"'{wanted}' is a {method.upper()}: a source is asked by GET or POST",
                    "name another operation",
                )
            return method, str(address), _mapping(item).get("parameters"), one
    shown = ", ".join(known[:20]) + (" …" if len(known) > 20 else "")
    raise NotScaffolded(
        f"there is no operation '{wanted}'" if wanted else "say which --operation",
        near(wanted, known, f"there are {shown or 'none'}"),
    )


def _request(
    document: Mapping[str, Any], method: str, parameters: list[Any], found: Mapping[str, Any]
) -> tuple[list[Leaf], str, list[str]]:
    """What is asked with, how it is sent, and what cannot be sent by a mapping."""
    walk, remarks = Walk(document), []
    body, sent = _body(walk, found)
    if sent is not None:
        walk.schema(sent)
    for one in parameters:
        given = _followed(walk, one)
        name, where = str(given.get("name", "")), str(given.get("in"))
        if where == "body":
            body = "json"
            walk.schema(given.get("schema"))
        elif where == "path" or (where == "query" and method == "get") or where == "formData":
            body = "form" if where == "formData" else body
            place = _placed(name) if where == "path" else name
            is_needed = where == "path" or str(given.get("required")).lower() == "true"
            walk.schema(
                given.get("schema") or {k: given[k] for k in ("type", "format", "enum") if k in given},
                (place,),
                is_required=is_needed,
            )
        elif where in {"query", "header", "cookie"} and str(given.get("required")).lower() == "true":
            remarks.append(f"the provider wants {name!r} in the {where}, which a mapping does not send here")
    return walk.leaves, "query" if method == "get" else body, remarks


def _body(walk: Walk, found: Mapping[str, Any]) -> tuple[str, object]:
    content = _mapping(_followed(walk, found.get("requestBody")).get("content"))
    for kind, media in content.items():
        if _JSON.fullmatch(str(kind)):
            return "json", _mapping(media).get("schema")
    return ("form", _mapping(content[_FORM]).get("schema")) if _FORM in content else ("json", None)


def _answers(walk: Walk, responses: Mapping[str, Any]) -> list[Leaf]:
    """The values of the first success that is JSON."""
    good = sorted(code for code in responses if re.fullmatch(r"2[0-9X]{2}", str(code), re.IGNORECASE))
    for code in [*good, *(["default"] if "default" in responses else [])]:
        answer = _followed(walk, responses[code])
        schemas = [answer.get("schema")]
        schemas += [
            _mapping(media).get("schema")
            for kind, media in _mapping(answer.get("content")).items()
            if _JSON.fullmatch(str(kind))
        ]
        if schema := next((one for one in schemas if isinstance(one, dict)), None):
            walk.schema(schema)
            if walk.leaves != [] and walk.leaves[0].steps:
                return walk.leaves
    raise NotScaffolded(
        "the operation has no answer 2xx that is JSON with names", "save one answer and give it as --sample"
    )


def _auth(
    document: Mapping[str, Any], found: Mapping[str, Any], name: str
) -> tuple[dict[str, Any], list[str]]:
    """`auth` of the source by the first security scheme, or `none` with a remark."""
    wanted = _list(found.get("security", document.get("security")))
    scheme = next((str(word) for one in wanted for word in _mapping(one)), "")
    declared = document.get("securityDefinitions") or _mapping(document.get("components")).get(
        "securitySchemes"
    )
    one = _followed(Walk(document), _mapping(declared).get(scheme))
    flow = _mapping(_mapping(one.get("flows")).get("clientCredentials"))
    flow = flow or (one if one.get("flow") == "application" else {})
    secret = {"env": f"{name}_SECRET"}
    kind = (
        str(one.get("scheme", one.get("type", ""))).lower()
        if one.get("type") in ("http", "basic")
        else one.get("type")
    )
    header, token = str(one.get("name", "")), str(flow.get("tokenUrl", ""))
    if kind == "apiKey" and one.get("in") == "header" and _TOKEN.fullmatch(header):
        return {"kind": "api_key", "header": header, "secret": secret}, []
    if kind == "bearer":
        return {"kind": "bearer", "secret": secret}, []
    if kind == "basic":
        return {"kind": "basic", "username": "motlan", "secret": secret}, []
    if kind == "oauth2" and (is_http(token) or token.startswith("/")):
        place = {"token_url": token} if is_http(token) else {"token_path": token}
        return {"kind": "oauth2", **place, "client_id": "motlan", "secret": secret}, []
    if not scheme:
        return {"kind": "none"}, []
    return {"kind": "none"}, [
        f"the sign-in {scheme[:60]!r} has no kind of 'auth' here: see adapters/README.md"
    ]


def _url(document: Mapping[str, Any]) -> str:
    """Address of the first server with its defaults; blank parts of Swagger 2.0 are guessed."""
    if "host" in document:
        schemes = _list(document.get("schemes")) or ["https"]
        scheme = "https" if "https" in schemes else str(schemes[0])
        found = f"{scheme}://{document['host']}{document.get('basePath', '')}"
    else:
        server = _mapping(next(iter(_list(document.get("servers"))), {}))
        variables = _mapping(server.get("variables"))
        found = _PLACE.sub(
            lambda m: str(_mapping(variables.get(m.group(1))).get("default", "")), str(server.get("url", ""))
        )
    found = found.rstrip("/")
    if found.startswith("/"):
        found = NOWHERE + found
    return found if is_http(found) and urlsplit(found).hostname else NOWHERE


def _placed(name: str) -> str:
    """A `{place}` of a path, in the letters that it may have."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def _followed(walk: Walk, value: object) -> Mapping[str, Any]:
    """A parameter, body, answer or scheme, by one reference at most."""
    found = _mapping(value)
    return _mapping(walk.resolved(str(found["$ref"]))) if "$ref" in found else found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

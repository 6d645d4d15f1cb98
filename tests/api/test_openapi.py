"""The description is complete, valid, and true of what the door answers."""

import gzip
import json
from typing import Any

import jsonschema_rs
import orjson
import pytest

from gateway.api.openapi import document
from gateway.api.routes import OPERATIONS
from tests.api.conftest import GOOD, Door
from tests.api.office import API


def _resolved(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", "components": API["components"]}


def test_every_operation_is_described_with_its_success_and_a_unique_id() -> None:
    ids = [item["operationId"] for methods in API["paths"].values() for item in methods.values()]
    assert len(ids) == len(set(ids)) == len(OPERATIONS)
    assert API["openapi"].startswith("3.1")


@pytest.mark.parametrize("item", OPERATIONS, ids=lambda item: item.id)
def test_every_reference_leads_to_a_schema(item: Any) -> None:
    text = json.dumps(API["paths"][item.path])
    names = [part.split('"')[0] for part in text.split("#/components/schemas/")[1:]]
    assert names
    assert set(names) <= set(API["components"]["schemas"])


def test_every_schema_is_valid_json_schema() -> None:
    for name in API["components"]["schemas"]:
        jsonschema_rs.validator_for(_resolved(name))


def test_examples_fit_their_schemas() -> None:
    for name, schema in API["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            jsonschema_rs.validator_for(_resolved(name)).validate(example)


PATHS = (
    "/v1/procedures /v1/procedures/1.004873 /v1/reasons /v1/sources"
    " /health/live /health/ready /.well-known/oauth-authorization-server"
).split()


@pytest.mark.parametrize("path", PATHS)
async def test_answers_fit_the_description(door: Door, path: str) -> None:
    answer = await door.get(path, Authorization=f"Bearer {door.token()}")
    assert answer.status == 200
    described = API["paths"][path.replace("1.004873", "{code}")]["get"]["responses"]["200"]
    name = described["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    jsonschema_rs.validator_for(_resolved(name)).validate(answer.json)


async def test_problems_fit_the_description(door: Door) -> None:
    validator = jsonschema_rs.validator_for(_resolved("Problem"))
    for body in (
        b"",
        b"{}",
        json.dumps({**GOOD, "colour": 1}).encode(),
        json.dumps({**GOOD, "procedure": "0"}).encode(),
    ):
        validator.validate((await door.post("/v1/prefill", body)).json)
    validator.validate((await door.get("/nowhere")).json)


def test_list_of_codes_in_an_answer_is_open_so_that_a_generated_client_takes_the_next_code() -> None:
    schemas = document()["components"]["schemas"]
    code, fault = (schemas["Problem"]["properties"][name] for name in ("code", "errors"))
    denied = schemas["Explanation"]["properties"]["passed_over"]["items"]["properties"]["code"]
    for one in (code, fault["items"]["properties"]["code"], denied, schemas["Health"]["properties"]["code"]):
        assert "enum" not in one
        assert "new codes may be added" in one["description"]
        assert len(one["x-extensible-enum"]) > 3
    assert len(code["x-extensible-enum"]) == len(code["x-enum-descriptions"])


async def test_served_description_is_the_generated_one(door: Door) -> None:
    assert (await door.get("/openapi.json")).json == document()


async def test_description_is_sent_compressed_to_those_who_take_it(door: Door) -> None:
    for accepted, encoding in (
        ("gzip, deflate, br", "gzip"),
        ("identity", None),
        ("br", None),
        ("gzip;q=0", None),
    ):
        head = f"GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: {accepted}\r\n\r\n"
        lines, _, body = (await door.raw(head.encode())).partition(b"\r\n\r\n")
        assert (b"Content-Encoding: gzip" in lines) is (encoding == "gzip")
        assert b"Vary: Accept-Encoding" in lines
        assert orjson.loads(gzip.decompress(body) if encoding else body) == document()
        assert (len(body) < 60_000) is (encoding == "gzip")


async def test_every_operation_stands_in_a_described_group(door: Door) -> None:
    described: Any = (await door.get("/openapi.json")).json
    groups = {one["name"]: one["description"] for one in described["tags"]}
    used = {tag for item in described["paths"].values() for one in item.values() for tag in one["tags"]}
    assert used == groups.keys()
    for text in (*groups, *groups.values()):
        vi, _, en = text.partition(" / ")
        assert vi != en != ""


async def test_form_is_a_json_schema(door: Door) -> None:
    form = (await door.get("/v1/procedures/1.004873/form")).json
    jsonschema_rs.validator_for(form)
    with_suffix = await door.get("/v1/procedures/1.004873.H31")
    assert with_suffix.json["code"] == "1.004873"

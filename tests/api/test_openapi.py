"""The description is complete, valid, and true of what the door answers."""

import json
from typing import Any

import jsonschema_rs
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


async def test_docs_are_bundled_and_strict(door: Door) -> None:
    page = await door.get("/docs")
    assert page.status == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    text = page.raw.decode()
    assert '<html lang="vi">' in text
    for name in ("docs.js", "docs.css"):
        assert f"/docs/{name}" in text
        asset = await door.get(f"/docs/{name}")
        assert asset.status == 200
        assert b"http://" not in asset.raw
        assert b"https://" not in asset.raw
        assert b"innerHTML" not in asset.raw


async def test_form_is_a_json_schema(door: Door) -> None:
    form = (await door.get("/v1/procedures/1.004873/form")).json
    jsonschema_rs.validator_for(form)
    with_suffix = await door.get("/v1/procedures/1.004873.H31")
    assert with_suffix.json["code"] == "1.004873"

"""Cases generated from the description of the API (schemathesis): no 500, no hang, no form but the described one.

A few for each operation, and in the slow set (`make chaos`) so many of prefill that all are 5 000 (promise P8).
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings

from gateway.api.openapi import document

ROOT = Path(__file__).parents[2]
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = [
    (path, method.upper())
    for path, item in document()["paths"].items()
    for method in item
    if method in ("get", "post") and path != "/v1/prefill/resume"
]
_EACH, _ALL = 25, 5_000


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A gateway with its sandbox in a process of its own."""
    folder = tmp_path_factory.mktemp("generated")
    file = folder / "ready.json"
    ports = ("--port", "0", "--set", "gateway.admin.port=0", "--set", "gateway.sandbox.port=0")
    command = [sys.executable, "-m", "gateway", "serve", "--with-sandbox", "--quiet", *ports,
               "--dir", str(folder / "state"), "--ready-file", str(file)]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)  # noqa: S603
        end = time.monotonic() + 90
        while not file.exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        yield json.loads(file.read_text("utf-8"))
        process.terminate()
        process.wait(30)


def _token(ready: dict[str, Any]) -> str:
    client = ready["clients"]["portal"]
    answer = requests.post(
        ready["gateway"] + "/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(client["client_id"], client["client_secret"]),
        timeout=60,
    )
    return str(answer.json()["access_token"])


def _run(ready: dict[str, Any], path: str, method: str, cases: int) -> None:
    headers = {"Authorization": f"Bearer {_token(ready)}"}
    operation = SCHEMA[path][method]

    @given(operation.as_strategy())
    @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def check(case: Any) -> None:
        answer = case.call(base_url=ready["gateway"], headers=headers, timeout=60, session=session)
        assert answer.status_code != 500, answer.text
        assert answer.headers.get("x-exchange-id")
        if answer.status_code >= 400 and not path.startswith("/oauth2/"):
            assert answer.headers["content-type"][0].startswith("application/problem+json")

    with requests.Session() as session:
        check()


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_generated_cases_are_answered_as_described(ready: dict[str, Any], path: str, method: str) -> None:
    _run(ready, path, method, _EACH)


@pytest.mark.slow
def test_thousands_of_generated_prefills_are_answered_as_described(ready: dict[str, Any]) -> None:
    _run(ready, "/v1/prefill", "POST", _ALL - _EACH * len(OPERATIONS))

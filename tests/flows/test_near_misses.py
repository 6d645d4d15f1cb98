"""A word that is not quite right is answered with what may have been meant: commands, procedures, sources, searches."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import typed
from tests.access.conftest import add, copied
from tests.flows.conftest import House, on_session


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("servee",), "serve"), (("prefil", "1.004873"), "prefill"), (("log", "serch"), "search"),
        (("requesters", "ad"), "add"), (("subject-request", "list"), "subject-requests"),
    ],
)  # fmt: skip
def test_command_that_is_misspelt_is_answered_with_the_one_that_is_like_it(
    words: tuple[str, ...], meant: str
) -> None:
    said = typed.motlan(*words)
    assert said.code == 2
    assert f"'{meant}'" in said.err


def test_source_that_is_misspelt_in_a_setting_is_answered_with_the_one_that_is_like_it() -> None:
    said = typed.motlan("check-config", "--no-examples", "--set", "sources.popluation.url=http://127.0.0.1:9")
    assert said.code == 2
    assert "did you mean 'sources.population'?" in said.err


def test_peer_that_is_misspelt_is_answered_with_the_one_that_is_like_it() -> None:
    # it takes the signals of a process, so it is one
    words = [sys.executable, "-m", "gateway", "sandbox", "--only", "popluation", "--port", "0"]
    said = subprocess.run(words, capture_output=True, text=True, check=False, cwd=typed.ROOT)  # noqa: S603 -- our own
    assert said.returncode == 2
    assert "did you mean 'population'?" in said.stderr


def ready(house: House, folder: Path) -> Path:
    """The ready file of a running house."""
    path = folder / "ready.json"
    content = {
        "gateway": house.url, "admin": house.admin, "clients": house.clients, "state": str(house.state),
        "config": str(typed.ROOT / "config"), "sandbox": {"control": house.control},
    }  # fmt: skip
    path.write_text(json.dumps(content), "utf-8")
    return path


@on_session
async def test_procedure_that_is_misspelt_is_answered_with_those_that_are_like_it(
    shared_house: House, tmp_path: Path
) -> None:
    for method, path in (("GET", "/v1/procedures/1.00487/form"), ("GET", "/v1/procedures/1.00487")):
        headers = {"Authorization": f"Bearer {await shared_house.token()}"}
        async with shared_house.session.request(method, shared_house.url + path, headers=headers) as answer:
            problem = await answer.json()
        assert (answer.status, problem["code"], problem["near"][0]) == (404, "procedure_unknown", "1.004873")
    person = tmp_path / "person.json"
    person.write_text(json.dumps(shared_house.subject("facts_example")), "utf-8")
    words = ("prefill", "1.00487", "--subject", f"requester={person}", "--ready-file",
             str(ready(shared_house, tmp_path)))  # fmt: skip
    said = await asyncio.to_thread(typed.motlan, *words)
    assert said.code != 0
    assert "gần giống / near: 1.004873" in said.err


async def searched(house: House, **filters: Any) -> Any:
    status, found = await house.post("/v1/audit/search", filters, "auditor")
    assert status == 200, found
    return found


@on_session
async def test_search_for_what_this_configuration_does_not_have_says_so(
    shared_house: House, tmp_path: Path
) -> None:
    found = await searched(shared_house, procedure="1.00487")
    [note] = found["notes"]
    assert (found["records"], note["code"]) == ([], "procedure_not_here")
    assert "1.004873" in note["title"]
    assert "no procedure 1.00487; similar: 1.004873" in note["title_en"]
    [note] = (await searched(shared_house, source="popluation"))["notes"]
    assert "no source popluation; similar: population" in note["title_en"]
    for good in (
        {"procedure": "1.004873"},
        {"procedure": "1.004873.000.00.00.H31"},
        {"source": "population"},
        {},
    ):
        assert (await searched(shared_house, **good))["notes"] == []
    words = ("log", "search", "--procedure", "1.00487", "--ready-file", str(ready(shared_house, tmp_path)))
    said = await asyncio.to_thread(typed.motlan, *words)
    assert said.code == 0
    assert "no procedure 1.00487; similar: 1.004873" in " ".join(said.out.split())


@on_session
async def test_doctor_of_a_running_gateway_asks_that_gateway_and_its_own_sandbox(
    shared_house: House, tmp_path: Path
) -> None:
    file = ready(shared_house, tmp_path)
    said = await asyncio.to_thread(typed.motlan, "doctor", "--json", "--ready-file", str(file))
    findings = json.loads(said.out)["findings"]
    assert [one for one in findings if not one["good"]] == []
    assert said.code == 0
    assert {"kind": "gateway", "name": shared_house.admin, "good": True, "text": "ready"} in findings
    assert "population" in {one["name"] for one in findings if one["kind"] == "source"}
    file.write_text("[]", "utf-8")
    said = await asyncio.to_thread(typed.motlan, "doctor", "--ready-file", str(file))
    assert said.code == 2
    assert "serve --ready-file" in said.err


def test_new_requester_takes_overrides_and_says_where_its_private_key_went(tmp_path: Path) -> None:
    config = copied(tmp_path / "project")
    words = ("--scope", "prefill", "--agreement", "portal", "--key-out")
    apart = tmp_path / "keys" / "harbour.pem"
    said = add(config, "harbour", *words, str(apart), "--set", "gateway.profile=sandbox")
    assert said.code == 0, said.err
    assert str(apart) in said.out
    assert "warning" not in said.err
    assert apart.stat().st_mode & 0o777 == 0o600
    said = add(config, "coast", *words, str(config / "coast.pem"))
    assert said.code == 0
    assert "warning: " in said.err
    assert str(config / "coast.pem") in said.err
    (tmp_path / "tree" / ".git").mkdir(parents=True)
    said = add(config, "port", *words, str(tmp_path / "tree" / "port.pem"), "--json")
    assert "git work tree" in said.err
    assert json.loads(said.out)["private_key"] == str(tmp_path / "tree" / "port.pem")
    said = add(config, "river", *words, str(tmp_path / "r.pem"), "--set", "sources.popluation.url=http://x")
    assert said.code == 2
    assert "did you mean 'sources.population'?" in said.err
    assert not (tmp_path / "r.pem").exists()


def test_missing_secret_has_one_remedy_whoever_finds_it_missing(tmp_path: Path) -> None:
    config = copied(tmp_path)
    one = {
        "requesters/portal.yaml": "{value: sandbox-only-portal}",
        "sources/population.yaml": "{value: sandbox-key-population}",
    }
    for file, secret in one.items():
        path = config / file
        path.write_text(path.read_text("utf-8").replace(secret, "{env: NOT_THERE}"), "utf-8")
    remedy = "set NOT_THERE for the process of the gateway, or name another place"
    for words in (("check-config", str(config), "--no-examples"), ("doctor", "--config", str(config))):
        said = typed.motlan(*words)
        assert said.code == 2
        assert "provide it" not in said.out + said.err
    said = typed.motlan("check-config", str(config), "--no-examples")
    assert said.err.count(f"remedy: {remedy}") == len(one)


@on_session
async def test_missing_secret_of_a_client_has_one_remedy(shared_house: House, tmp_path: Path) -> None:
    file = str(ready(shared_house, tmp_path))
    remedy = "set MOTLAN_CLIENT_SECRET to the client's secret, or give --client-key or --ready-file"
    for more in (("--client-id", "nobody"), ("--client-secret", "wrong")):
        words = ("explain", "1.004873", "--subject", "requester=same:person", "--ready-file", file, *more)
        said = await asyncio.to_thread(typed.motlan, *words)
        assert said.code == 2
        assert remedy in " ".join(said.err.split())

"""The client examples work: each language fills a form at a running gateway and reads the answer rightly."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.adapters.raw_peers import free_port
from tests.flows.conftest import House, on_session
from tests.flows.conftest import patient as patient  # noqa: PLC0414 -- a fixture
from tests.flows.conftest import shared_house as shared_house  # noqa: PLC0414 -- a fixture

EXAMPLES = Path(__file__).parents[2] / "gateway/console/examples"
JARS = Path("/usr/share/java")
MCS = ("mcs", "-r:System.Net.Http.dll", "-r:System.Web.Extensions.dll", "-out:{folder}/prefill.exe", "{file}")
#: file -> commands, of which the last one is the client
COMMANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "prefill.py": (("python3", "{file}"),),
    "prefill.mjs": (("node", "{file}"),),
    "prefill.php": (("php", "-n", "{file}"),),
    "Prefill.java": (("java", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*", "{file}"),),
    "Prefill.cs": (MCS, ("mono", "{folder}/prefill.exe")),
}
NEEDS = {
    "Prefill.java": "default-jdk-headless libjackson2-databind-java",
    "Prefill.cs": "mono-mcs mono-runtime libmono-system-net-http4.0-cil libmono-system-web-extensions4.0-cil",
}


def cases() -> list[Any]:
    """Each language; one whose tools are not installed is skipped, and says which they are."""
    made = []
    for name, commands in COMMANDS.items():
        there = all(shutil.which(command[0]) for command in commands)
        there = there and (name != "Prefill.java" or (JARS / "jackson-databind.jar").exists())
        reason = f"needs {NEEDS.get(name, commands[0][0])}"
        made.append(pytest.param(name, marks=pytest.mark.skipif(not there, reason=reason), id=name))
    return made


async def ran(name: str, folder: Path, house: House, secret: str) -> tuple[int, str]:
    """Exit code and output of an example, as a requester with this secret."""
    env = {**os.environ, "MOTLAN_URL": house.url, "MOTLAN_SECRET": secret, "MOTLAN_CLIENT": "portal"}
    code, out, said = 0, b"", b""
    for command in COMMANDS[name]:
        words = [word.format(file=EXAMPLES / name, folder=folder) for word in command]
        process = await asyncio.create_subprocess_exec(
            *words, env=env, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, said = await asyncio.wait_for(process.communicate(), 120)
        code = process.returncode or 0
    return code, (out if code == 0 else out + said).decode()


def wanted(answer: Any) -> list[str]:
    """What an example has to say of an answer: each field with its origin, but for the time; then each paper."""
    said = []
    for name, field in answer["fields"].items():
        if field["state"] == "filled":
            origin = answer["evidence"][field["evidence"]]["provider"]
            said.append(f"field {name}: {origin}, <time>{'' if field['editable'] else ', locked'}")
        else:
            said.append(f"field {name}: {field['state']}")
    return said + [f"paper {one['code']}: {one['state']}, {one['title']}" for one in answer["papers"]]


@on_session
@pytest.mark.parametrize("name", cases())
async def test_example_fills_a_form_reads_origins_and_papers_and_handles_a_problem(
    patient: House, tmp_path: Path, name: str
) -> None:
    person = {"personal_id": "033190001234", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}
    asked = {"requester": person, "person": {"same_as": "requester"}}
    code, out = await ran(name, tmp_path, patient, patient.clients["portal"]["client_secret"])
    assert code == 0, out
    *lines, problem = out.strip().splitlines()
    plain = [re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", line) for line in lines]
    assert plain == wanted(await patient.prefill("1.004873", asked))
    assert len([line for line in plain if "<time>, locked" in line]) > 3
    assert re.fullmatch(
        r"problem 422 unprocessable: /subjects/requester/personal_id: .* \([0-9A-Z]{26}\)", problem
    )


@on_session
@pytest.mark.parametrize("name", cases())
async def test_example_says_why_it_got_no_token(patient: House, tmp_path: Path, name: str) -> None:
    code, said = await ran(name, tmp_path, patient, "not the secret")
    assert code != 0
    assert "invalid_client" in said


@on_session
async def test_folder_of_a_portals_page_runs_where_it_is_copied(patient: House, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "portal_page", tmp_path / "copied")
    secret, address = patient.clients["portal"]["client_secret"], f"http://127.0.0.1:{(port := free_port())}"
    env = {
        "PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", "PORT": str(port),
        "GATEWAY": patient.url, "CLIENT_ID": "portal", "CLIENT_SECRET": secret,
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "portal_page.py", cwd=tmp_path / "copied", env=env, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert address in (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
        async with ClientSession() as session:
            async with session.get(address) as page:
                assert f'src="{patient.url}/motlan-form.js"' in await page.text()
            async with session.post(f"{address}/forms/1.004873/prefill", json={}) as answer:
                assert (await answer.json())["form"]["nxnHoTen"] == "Trần Thị Mẫu"
    finally:
        process.terminate()
        await process.wait()


def test_every_example_is_run_named_in_its_table_and_short() -> None:
    # the folder of a portal's page has its own walk: tests/browser/test_form.py
    files = {path.name: path for path in EXAMPLES.iterdir() if path.is_file() and path.suffix != ".md"}
    assert files.keys() == COMMANDS.keys()
    named = (EXAMPLES / "README.md").read_text("utf-8")
    assert [name for name in files if f"]({name})" not in named] == []
    assert {
        name: n for name, path in files.items() if (n := len(path.read_text("utf-8").splitlines())) > 80
    } == {}

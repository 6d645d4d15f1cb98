"""The process: one command up with its sandbox, a ready file, a drain at SIGTERM, exit codes, several workers."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from gateway.api.openapi import document
from gateway.cli.client import Client
from gateway.cli.serve import greeting
from gateway.cli.tables import replaced_by
from tests.api.conftest import ROOT

PORTS = ("--port", "0", "--set", "gateway.admin.port=0", "--set", "gateway.sandbox.port=0")


def _motlan(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, **more)  # noqa: S603


@contextmanager
def _served(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "gateway", "serve", *PORTS, "--quiet", "--dir", str(folder / "state"),
               "--ready-file", str(ready), *words]  # fmt: skip
    with (folder / "err").open("wb") as err:
        process = subprocess.Popen(command, cwd=ROOT, stderr=err)  # noqa: S603
        try:
            end = time.monotonic() + 20
            while not ready.exists():
                assert process.poll() is None, (folder / "err").read_text()
                assert time.monotonic() < end, (folder / "err").read_text()
                time.sleep(0.02)
            assert stat.S_IMODE(ready.stat().st_mode) == 0o600
            yield process, json.loads(ready.read_text())
        finally:
            process.terminate()
            process.wait(30)


def _portal(content: dict[str, Any]) -> Client:
    portal = content["clients"]["portal"]
    return Client(content["gateway"], portal["client_id"], portal["client_secret"])


def _body(content: dict[str, Any]) -> dict[str, object]:
    person = next(person for person in content["personas"] if "facts_example" in person["traits"])
    subject = {name: person[name] for name in ("personal_id", "full_name", "birth_date")}
    return {"procedure": "1.004873", "subjects": {"requester": subject, "person": {"same_as": "requester"}}}


def test_served_gateway_prefills_and_drains_at_sigterm(tmp_path: Path) -> None:
    with _served(tmp_path, "--with-sandbox") as (process, content):
        answer = _portal(content).post("/v1/prefill", _body(content))
        assert answer.status == 200
        assert answer.body["fields"]["nxnHoTen"]["state"] == "filled"
        assert Client(content["admin"]).get("/health/ready").status == 200
        assert Client(content["gateway"]).get("/metrics").status == 404
        assert Client(content["sandbox"]["control"]).get("/calls").status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(25) == 0
    assert not (tmp_path / "ready.json").exists()
    written = (tmp_path / "err").read_text()
    assert "http.answered" in written
    assert "033190001234" not in written


def test_late_values_come_as_events_and_answers_fit_the_description(tmp_path: Path) -> None:
    with _served(tmp_path, "--with-sandbox") as (_, content):
        control = Client(content["sandbox"]["control"])
        assert (
            control.post("/misbehave", {"source": "civil_status", "mode": "slow", "seconds": 0.8}).status
            == 200
        )
        client = _portal(content)
        answer = client.post("/v1/prefill", {**_body(content), "deadline_ms": 300})
        _assert_described("PrefillAnswer", answer.body)
        assert answer.body["pending"]
        url, body = content["gateway"] + "/v1/prefill/resume", {"pending": answer.body["pending"]}
        headers = {**client._headers(), "Content-Type": "application/json", "Accept": "text/event-stream"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=20) as stream:  # noqa: S310
            assert stream.headers["Content-Type"].startswith("text/event-stream")
            events = stream.read().decode().split("\n\n")
        late = [
            json.loads(event.partition("data: ")[2]) for event in events if event.startswith("event: late")
        ]
        assert events[-2].startswith("event: end")
        assert any(
            call["source"] == "civil_status" and call["outcome"] == "found" for call in late[-1]["sources"]
        )
        _assert_described("ResumeAnswer", late[-1])
        _assert_described("Sources", client.get("/v1/sources").body)


def _assert_described(name: str, body: object) -> None:
    api = document()
    schema = {"$ref": f"#/components/schemas/{name}", "components": api["components"]}
    jsonschema_rs.validator_for(schema).validate(body)


def test_two_workers_share_port_tokens_and_log(tmp_path: Path) -> None:
    with _served(tmp_path, "--with-sandbox", "--workers", "2") as (process, content):
        assert content["workers"] == 2
        assert content["pid"] == process.pid
        for _ in range(10):
            assert _portal(content).post("/v1/prefill", _body(content)).status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(25) == 0


def test_client_commands_speak_with_a_running_gateway(tmp_path: Path) -> None:
    with _served(tmp_path, "--with-sandbox") as (_, content):
        ready = str(tmp_path / "ready.json")
        listed = _motlan("procedures", "--json", "--ready-file", ready)
        assert listed.returncode == 0
        assert "1.004873" in {item["code"] for item in json.loads(listed.stdout)["procedures"]}
        subject = json.dumps(_body(content)["subjects"]["requester"])  # type: ignore[index]
        words = ("prefill", "1.004873", "--subject", "requester=-", "--subject", "person=same:requester")
        filled = _motlan(*words, "--json", "--ready-file", ready, input=subject)
        assert filled.returncode == 0, filled.stderr
        assert json.loads(filled.stdout)["saved"]["fields"] > 5
        refused = _motlan("prefill", "9.999999", "--subject", "a=-", "--ready-file", ready, input="{}")
        assert refused.returncode == 1
        assert "Không tìm thấy" in refused.stderr


def test_refusals_name_what_was_meant_and_the_secret_that_lacks(tmp_path: Path) -> None:
    with _served(tmp_path, "--with-sandbox") as (_, content):
        words = ("--subject", "requester=-", "--gateway", content["gateway"])
        near = _motlan("prefill", "1.004874", *words, input="{}")
        assert near.returncode == 1
        assert "1.004873" in near.stderr
        unknown = _motlan("prefill", "1.004873", "--client-id", "nobody", *words, input="{}")
        assert unknown.returncode == 2
        wrong = _motlan("prefill", "1.004873", "--client-secret", "wrong", *words, input="{}")
        assert wrong.returncode == 3
        assert all("MOTLAN_CLIENT_SECRET" in done.stderr for done in (unknown, wrong))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_printed_lines_work_as_they_are_pasted(tmp_path: Path) -> None:
    with _served(tmp_path, "--with-sandbox") as (_, content):
        lines = greeting(content).splitlines()
        script = "\n".join(line for line in lines[1:-1] if not line.startswith("#"))
        script = script.replace("curl -s", "curl -sf").replace('"seconds":5', '"seconds":1')
        command = ["bash", "-ec", script]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("event: late") >= 1
        for word in (
            '"fields":',
            '"sources":',
            '"procedures":',
            '"openapi":',
            "x-procedure",
            '"status":"ready"',
        ):
            assert word in done.stdout
        assert any(content["personas"][0]["full_name"] in line for line in lines if line.startswith("#"))


def test_without_a_sandbox_nobody_is_made_up(tmp_path: Path) -> None:
    with _served(tmp_path) as (_, content):
        printed = greeting(content)
        assert "/v1/prefill " not in printed
        assert "/oauth2/token" in printed


def test_proofs_are_told_in_words() -> None:
    by = {
        "all_of": [
            "is:never_married",
            {"any_of": [{"all_of": ["e1:person.full_name", "e1:person.birth_date"]}]},
        ]
    }
    assert (
        replaced_by(by, {"e1": {"source": "population"}})
        == "population: full name, birth date; never married"
    )


def test_nobody_there_is_exit_code_3() -> None:
    done = _motlan("procedures", "--gateway", "http://127.0.0.1:9")
    assert done.returncode == 3
    assert "motlan serve" in done.stderr


def test_broken_configuration_is_exit_code_2_with_file_line_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    for path in (ROOT / "config").rglob("*.yaml"):
        copy = tmp_path / "config" / path.relative_to(ROOT / "config")
        copy.parent.mkdir(exist_ok=True, parents=True)
        copy.write_bytes(path.read_bytes())
    portal = tmp_path / "config" / "requesters" / "portal.yaml"
    portal.write_text(portal.read_text().replace("agreements: [portal]", "agreements: [nowhere]"))
    for words in (
        ("check-config", str(tmp_path / "config")),
        ("serve", "--config", str(tmp_path / "config")),
    ):
        done = _motlan(*words, env={**os.environ, "XDG_STATE_HOME": str(tmp_path)})
        assert done.returncode == 2
        assert "requesters/portal.yaml:" in done.stderr
        assert "add agreements/nowhere.yaml" in done.stderr


def test_shipped_configuration_is_good() -> None:
    done = _motlan("check-config", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["problems"] == []


def test_doctor_says_3_when_a_source_does_not_answer() -> None:
    done = _motlan("doctor", "--json", "--set", "sources.population.url=http://127.0.0.1:9/population")
    assert done.returncode == 3, done.stdout + done.stderr
    kinds = {finding["kind"] for finding in json.loads(done.stdout)["findings"]}
    assert kinds == {"library", "clock", "state", "configuration", "source"}


@pytest.mark.parametrize(
    "name", ["serve", "sandbox", "demo", "check-config", "doctor", "procedures", "prefill"]
)
def test_help_has_two_examples(name: str) -> None:
    done = _motlan(name, "--help")
    assert done.returncode == 0
    assert done.stdout.partition("Examples:")[2].count("motlan " + name) >= 2


def test_demo_shows_the_main_job_quickly() -> None:
    begun = time.monotonic()
    done = _motlan("demo", "--json")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begun < 15
    shown = json.loads(done.stdout)
    assert shown["good"] is True
    scenes = shown["scenes"]
    assert len({scene["procedure"] for scene in scenes}) >= 3
    assert scenes[-1]["late"] is True
    assert all(scene["fields"] > 0 for scene in scenes)


def test_killed_worker_is_replaced(tmp_path: Path) -> None:
    with _served(tmp_path, "--with-sandbox", "--workers", "2") as (process, content):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[1]), signal.SIGKILL)
        time.sleep(2.5)
        replaced = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(replaced) == 2
        assert children[1] not in replaced
        for _ in range(6):
            assert _portal(content).post("/v1/prefill", _body(content)).status == 200

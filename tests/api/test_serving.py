"""The process: one command up with its sandbox, a ready file, a drain at SIGTERM, exit codes, several workers."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import pytest

from gateway.api.openapi import document
from gateway.cli.client import GatewayClient
from gateway.cli.greeting import greeting
from gateway.cli.tables import replaced_by
from tests import unhurried
from tests.api.conftest import ROOT
from tests.typed import motlan

PORTS = ("--port", "0", "--set", "gateway.admin.port=0", "--set", "gateway.sandbox.port=0")


def _started(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, **more)  # noqa: S603


@contextmanager
def _served(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "gateway", "serve", *PORTS, "--quiet", "--dir", str(folder / "state"),
               "--ready-file", str(ready), *unhurried.words(), *words]  # fmt: skip
    with (folder / "err").open("wb") as err:
        process = subprocess.Popen(command, cwd=ROOT, stderr=err)  # noqa: S603
        try:
            end = time.monotonic() + 90
            while not ready.exists():
                assert process.poll() is None, (folder / "err").read_text()
                assert time.monotonic() < end, (folder / "err").read_text()
                time.sleep(0.02)
            assert stat.S_IMODE(ready.stat().st_mode) == 0o600
            yield process, json.loads(ready.read_text())
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module", name="peaceful")
def _peaceful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any]]]:
    """One served gateway with its sandbox for the tests that leave it as it was, and its ready file."""
    folder = tmp_path_factory.mktemp("peaceful")
    with _served(folder, "--with-sandbox") as (_, content):
        yield folder / "ready.json", content


def _portal(content: dict[str, Any]) -> GatewayClient:
    portal = content["clients"]["portal"]
    return GatewayClient(content["gateway"], portal["client_id"], portal["client_secret"])


def _body(content: dict[str, Any]) -> dict[str, object]:
    person = next(person for person in content["personas"] if "facts_example" in person["traits"])
    subject = {name: person[name] for name in ("personal_id", "full_name", "birth_date")}
    return {"procedure": "1.004873", "subjects": {"requester": subject, "person": {"same_as": "requester"}}}


def test_served_gateway_prefills_and_answers_what_is_under_way_at_sigterm(tmp_path: Path) -> None:
    with _served(tmp_path, "--with-sandbox") as (process, content):
        portal = _portal(content)
        answer = portal.post("/v1/prefill", _body(content))
        assert answer.status == 200
        assert answer.body["fields"]["nxnHoTen"]["state"] == "filled"
        assert GatewayClient(content["admin"]).get("/health/ready").status == 200
        assert GatewayClient(content["gateway"]).get("/metrics").status == 404
        assert {"population", "national_bus", "lgsp", "ministry_portal", "one_gate"} <= content[
            "sandbox"
        ].keys()
        assert GatewayClient(content["sandbox"]["control"]).get("/calls").status == 200
        control = GatewayClient(content["sandbox"]["control"])
        control.post("/misbehave", {"source": "civil_status", "mode": "slow", "seconds": 1.5})
        official = {"personal_id": "033178520463", "agency": "000.00.14.H31"}
        body = {**_body(content), "official": official, "deadline_ms": 6_000}
        with ThreadPoolExecutor(1) as asking:
            under_way = asking.submit(portal.post, "/v1/prefill", body)
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            assert not under_way.done()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", urlsplit(content["gateway"]).port or 0))
            answer = under_way.result(20)
        assert answer.status == 200
        found = {call["source"]: call["outcome"] for call in answer.body["sources"]}
        assert found["civil_status"] == "found"
        assert process.wait(25) == 0
    assert not (tmp_path / "ready.json").exists()
    written = (tmp_path / "err").read_text()
    assert "http.answered" in written
    assert "033190001234" not in written


def test_late_values_come_as_events_and_answers_fit_the_description(
    peaceful: tuple[Path, dict[str, Any]],
) -> None:
    content = peaceful[1]
    with _slow(content, "civil_status", 0.8):
        client = _portal(content)
        official = {"personal_id": "033178936205", "agency": "000.00.14.H31"}
        answer = client.post("/v1/prefill", {**_body(content), "official": official, "deadline_ms": 300})
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


@contextmanager
def _slow(content: dict[str, Any], source: str, seconds: float) -> Iterator[None]:
    """So slow as long as this lasts."""
    control = GatewayClient(content["sandbox"]["control"])
    assert control.post("/misbehave", {"source": source, "mode": "slow", "seconds": seconds}).status == 200
    yield
    gone = urllib.request.Request(content["sandbox"]["control"] + "/misbehave", method="DELETE")  # noqa: S310
    with urllib.request.urlopen(gone, timeout=20) as answer:  # noqa: S310
        assert answer.status == 204


def _assert_described(name: str, body: object) -> None:
    api = document()
    schema = {"$ref": f"#/components/schemas/{name}", "components": api["components"]}
    jsonschema_rs.validator_for(schema).validate(body)


def test_two_workers_share_port_tokens_and_log_and_a_killed_one_is_replaced(tmp_path: Path) -> None:
    with _served(tmp_path, "--with-sandbox", "--workers", "2") as (process, content):
        assert content["workers"] == 2
        assert content["pid"] == process.pid
        for _ in range(10):
            assert _portal(content).post("/v1/prefill", _body(content)).status == 200
        _assert_nobody_signs_in(content)
        before = _workers(process)
        os.kill(before[1], signal.SIGKILL)
        end = time.monotonic() + 60
        while len(now := _workers(process)) != 2 or before[1] in now:
            assert time.monotonic() < end, now
            time.sleep(0.05)
        for _ in range(6):
            assert _portal(content).post("/v1/prefill", _body(content)).status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(25) == 0
    warned = [
        line for line in (tmp_path / "err").read_text().splitlines() if "workers_share_no_cache" in line
    ]
    [line] = [json.loads(line) for line in warned]
    assert (line["level"], line["count"]) == ("warning", 2)
    assert "quotas and claims allow up to 2 times as much and alerts come as much later" in line["reason"]
    assert "nobody can sign in" in line["reason"]


def _assert_nobody_signs_in(content: dict[str, Any]) -> None:
    """Each worker has sessions of its own, so half of a person's requests would find nobody: no way in is open."""
    remedy = "write redis://<host>:6379/0 as cache_url"
    for path in ("/ops", "/audit", "/me", "/login/start?to=/ops&staff=1", "/oauth2/authorize"):
        asked = urllib.request.Request(content["gateway"] + path, headers={"Accept": "application/json"})  # noqa: S310
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=20)  # noqa: S310
        with refused.value as answer:
            assert (answer.code, remedy in answer.read().decode()) == (404, True), path
    with urllib.request.urlopen(content["gateway"] + "/", timeout=20) as answer:  # noqa: S310
        assert "redis://&lt;máy&gt;:6379/0" in answer.read().decode()


def _workers(process: "subprocess.Popen[bytes]") -> list[int]:
    return [*map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split())]


def test_without_a_sandbox_nobody_is_made_up_and_workers_end_when_their_parent_is_gone(
    tmp_path: Path,
) -> None:
    with _served(tmp_path, "--workers", "2") as (process, content):
        printed = greeting(content)
        assert "/v1/prefill " not in printed
        assert "/oauth2/token" in printed
        children = _workers(process)
        assert len(children) == 2
        process.kill()
        process.wait(10)
        end = time.monotonic() + 20
        while (
            left := [one for one in children if Path(f"/proc/{one}/exe").exists()]
        ) and time.monotonic() < end:
            time.sleep(0.05)
        for one in left:
            os.kill(one, signal.SIGKILL)
        assert not left
    assert (tmp_path / "err").read_text().count("worker.orphaned") == 2
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(content["gateway"] + "/health/live", timeout=5)  # noqa: S310


def test_client_commands_speak_with_a_running_gateway(
    peaceful: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    ready, content = str(peaceful[0]), peaceful[1]
    listed = motlan("procedures", "--json", "--ready-file", ready)
    assert listed.code == 0
    assert "1.004873" in {item["code"] for item in json.loads(listed.out)["procedures"]}
    subject = json.dumps(_body(content)["subjects"]["requester"])  # type: ignore[index]
    words = ("prefill", "1.004873", "--subject", "requester=-", "--subject", "person=same:requester")
    filled = motlan(*words, "--json", "--ready-file", ready, given=subject)
    assert filled.code == 0, filled.err
    assert json.loads(filled.out)["saved"]["fields"] > 5
    signed = tmp_path / "signed"
    shown = motlan(*words, "--passport", str(signed), "--json", "--ready-file", ready, given=subject)
    assert (shown.code, json.loads(shown.out)["passport"]) == (0, signed.read_text("ascii"))
    assert stat.S_IMODE(signed.stat().st_mode) == 0o600
    lost = motlan(*words, "--passport", str(tmp_path), "--ready-file", ready, given=subject)
    assert (lost.code, "--passport" in lost.err) == (2, True)
    words = ("prefill", "9.999999", "--subject", "a=-", "--ready-file", ready)
    refused = motlan(*words, given="{}")
    assert (refused.code, refused.out, "Không tìm thấy" in refused.err) == (1, "", True)
    refused = motlan(*words, "--json", given="{}")
    assert (refused.code, json.loads(refused.out)["status"], refused.err) == (1, 404, "")


def test_refusals_name_what_was_meant_and_the_secret_that_lacks(
    peaceful: tuple[Path, dict[str, Any]],
) -> None:
    words = ("--subject", "requester=-", "--gateway", peaceful[1]["gateway"])
    near = motlan("prefill", "1.004874", *words, given="{}")
    assert (near.code, "1.004873" in near.err) == (1, True)
    unknown = motlan("prefill", "1.004873", "--client-id", "nobody", *words, given="{}")
    wrong = motlan("prefill", "1.004873", "--client-secret", "wrong", *words, given="{}")
    assert (unknown.code, wrong.code) == (2, 2)
    assert all("MOTLAN_CLIENT_SECRET" in said.err for said in (unknown, wrong))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_printed_lines_work_as_they_are_pasted(peaceful: tuple[Path, dict[str, Any]]) -> None:
    content = peaceful[1]
    lines = greeting(content).splitlines()
    script = "\n".join(line for line in lines[1:-1] if not line.startswith("#"))
    script = script.replace("curl -s", "curl -sf").replace('"seconds":5', '"seconds":1')
    command = ["bash", "-ec", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("event: late") >= 1
    for word in ('"fields":', '"sources":', '"procedures":', '"openapi":', "x-procedure", '"status":"ready"'):
        assert word in done.stdout
    assert any(content["personas"][0]["full_name"] in line for line in lines if line.startswith("#"))


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
    said = motlan("procedures", "--gateway", "http://127.0.0.1:9")
    assert said.code == 3
    assert "motlan serve" in said.err


def test_broken_configuration_is_exit_code_2_with_file_line_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    for path in (ROOT / "config").rglob("*.yaml"):
        copy = tmp_path / "config" / path.relative_to(ROOT / "config")
        copy.parent.mkdir(exist_ok=True, parents=True)
        copy.write_bytes(path.read_bytes())
    portal = tmp_path / "config" / "requesters" / "portal.yaml"
    portal.write_text(portal.read_text().replace("agreements: [portal]", "agreements: [nowhere]"))
    serving = _started(
        "serve", "--config", str(tmp_path / "config"), env={**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    )
    checked = motlan("check-config", str(tmp_path / "config"))
    for code, told in ((serving.returncode, serving.stderr), (checked.code, checked.err)):
        assert code == 2
        assert "requesters/portal.yaml:" in told
        assert "add agreements/nowhere.yaml" in told


def test_shipped_configuration_is_good() -> None:
    said = motlan("check-config", "--json")
    assert said.code == 0, said.out + said.err
    assert json.loads(said.out)["problems"] == []


def test_doctor_says_3_when_a_source_does_not_answer(tmp_path: Path) -> None:
    nobody = "sources.population.url=http://127.0.0.1:9/population"
    said = motlan("doctor", "--json", "--dir", str(tmp_path), "--set", nobody)
    assert said.code == 3, said.out + said.err
    kinds = {finding["kind"] for finding in json.loads(said.out)["findings"]}
    assert kinds == {"library", "clock", "state", "configuration", "source", "identity provider"}


def test_doctor_calls_no_draft() -> None:
    words = ("sources.tax.url=http://127.0.0.1:9/tax", "sources.tax.services.traCuuMST.enabled=false",
             "sources.tax.services.chungTuNghiaVuTaiChinh.enabled=false")  # fmt: skip
    for count, called in ((1, True), (2, True), (3, False)):
        said = motlan("doctor", "--json", *(part for word in words[:count] for part in ("--set", word)))
        findings = json.loads(said.out)["findings"]
        assert ("tax" in {one["name"] for one in findings if one["kind"] == "source"}) is called, said.err


def test_doctor_finds_the_place_where_nobody_can_sign_in() -> None:
    gone = "identity_providers.national_portal.endpoints.token=http://127.0.0.1:9/oauth2/token"
    said = motlan("doctor", "--json", "--set", gone)
    findings = {(one["kind"], one["name"]): one for one in json.loads(said.out)["findings"]}
    assert said.code == 3, said.out + said.err
    assert (
        findings["identity provider", "national_portal"]["text"] == "does not answer (ConnectionRefusedError)"
    )


@pytest.mark.parametrize(
    "name", ["serve", "sandbox", "demo", "check-config", "doctor", "procedures", "prefill"]
)
def test_help_has_two_examples(name: str) -> None:
    said = motlan(name, "--help")
    assert said.code == 0
    assert said.out.partition("Examples:")[2].count("motlan " + name) >= 2


def test_demo_shows_the_main_job() -> None:
    done = _started("demo", "--json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["good"] is True
    scenes = shown["scenes"]
    assert len({scene["procedure"] for scene in scenes}) >= 3
    assert scenes[-1]["late"] is True
    assert all(scene["fields"] > 0 for scene in scenes)

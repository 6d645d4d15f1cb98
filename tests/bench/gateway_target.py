"""Our side of the benchmark: a gateway with the job's procedure, its sources pointed at the stub.

A copy of the project's data gets a procedure of 60 fields about two people, an agreement and a requester.
All that a prefill does stays on: token, policy, intent and outcome records, passports, digests, log line.
"""

import base64
import json
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CODE = "9.900060"
CLIENT, SECRET = "bench", "sandbox-only-bench"
SERVICES = ("population.TraCuuThongTinCongDan", "civil_status.trichLuc")
PERSON = (
    "personal_id old_id full_name gender birth_date ethnicity religion nationality marital_status blood_group "
    "birth_registration_address origin_address permanent_address current_address father.full_name "
    "father.personal_id mother.full_name mother.personal_id spouse.full_name spouse.personal_id "
    "household_head.relation household_head.full_name household_head.personal_id household_book"
).split()
CIVIL = "birth.number birth.book marriage.number marriage.book marriage.registered_on marital_state".split()
BODY = json.dumps(
    {
        "procedure": CODE,
        "subjects": {
            "requester": {
                "personal_id": "033190@n@",
                "full_name": "TRẦN THỊ MẪU",
                "birth_date": "1990-02-15",
            },
            "spouse": {"personal_id": "033085@n@", "full_name": "PHẠM VĂN THỬ", "birth_date": "1985-11-02"},
        },
        "official": {"personal_id": "033085914627", "agency": "000.00.14.H31"},
    },
    ensure_ascii=False,
)


def prepare(folder: Path) -> None:
    """Copy the data rooms into `folder`, and add the job."""
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, folder / room)
    title = {"vi": "Đo tốc độ", "en": "Benchmark"}
    rows = [("person", name) for name in PERSON] + [("civil_status", name) for name in CIVIL]
    fields = {
        f"{role}_{kind}_{name.replace('.', '_')}": {"title": title, "from": f"{role}:{kind}.{name}"}
        for role in ("requester", "spouse")
        for kind, name in rows
    }
    role = {"kind": "person", "title": title}
    subjects = {"requester": {**role, "signs_in": "true"}, "spouse": role}
    example = {"name": "none", "subjects": {}}
    procedure = {
        "procedure": CODE,
        "name": "bench",
        "title": title,
        "version": "1",
        "purpose": "civil_registration",
    }
    _write(folder / f"mappings/procedures/{CODE}.yaml", {
        **procedure, "subjects": subjects, "fields": fields, "examples": [example],
    })  # fmt: skip
    _write(folder / f"schemas/forms/{CODE}.schema.json", {
        "x-procedure": CODE,
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "bench", "type": "object",
        "properties": {name: {"title": name, "x-title-en": name} for name in fields},
    })  # fmt: skip
    _write(folder / "config/agreements/bench.yaml", {
        "agreement": "bench", "title": title, "legal_basis": "none", "document": "none",
        "valid_from": "2026-01-01", "procedures": [CODE], "purposes": ["civil_registration"],
        "services": {name: {"attributes": ["*"]} for name in SERVICES},
    })  # fmt: skip
    _write(folder / "config/requesters/bench.yaml", {
        "requester": CLIENT, "title": title, "agency": "000.00.14.H31", "client_id": CLIENT,
        "client_secret": {"value": SECRET}, "scopes": ["prefill"], "agreements": ["bench"],
    })  # fmt: skip


def command(folder: Path, stub: str) -> list[str]:
    """The command line of the measured gateway; it writes `ready.json` into `folder`."""
    sources = ("population", "civil_status")
    sets = [part for name in sources for part in ("--set", f"sources.{name}.url={stub}/{name}")]
    for service in SERVICES:
        # kept answers are off: every prefill asks all its sources
        source, operation = service.split(".")
        sets += ["--set", f"sources.{source}.services.{operation}.valid_seconds=0"]
    where = ["--config", str(folder / "config"), "--dir", str(folder / "state"), "--port", "0"]
    admin = ["--set", "gateway.admin.port=0", "--ready-file", str(folder / "ready.json")]
    return [sys.executable, "-m", "gateway", "serve", *where, *admin, *sets]


def wait_ready(
    folder: Path, process: "subprocess.Popen[str] | None", seconds: float = 30
) -> Mapping[str, Any]:
    """The ready file's content; SystemExit when the gateway ends or takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and (process is None or process.poll() is None):
        if (folder / "ready.json").exists():
            ready: dict[str, Any] = json.loads((folder / "ready.json").read_text("utf-8"))
            return ready
        time.sleep(0.05)
    sys.exit("the gateway did not become ready")


class Token:
    """A bearer token of the bench's requester, another one when half of its time is over."""

    def __init__(self, address: str) -> None:
        """`address` is the gateway's."""
        self._address = address
        self._token = ""
        self._until = 0.0

    def headers(self) -> list[str]:
        """The header line."""
        if time.monotonic() >= self._until:
            answer = self._asked()
            self._token = str(answer["access_token"])
            self._until = time.monotonic() + int(answer["expires_in"]) / 2
        return [f"Authorization: Bearer {self._token}"]

    def _asked(self) -> Mapping[str, Any]:
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "prefill"}).encode()
        credentials = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        url, headers = f"{self._address}/oauth2/token", {"Authorization": f"Basic {credentials}"}
        request = urllib.request.Request(url, form, headers)  # noqa: S310 -- loopback
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 -- loopback
            answer: Mapping[str, Any] = json.load(response)
        return answer


def _write(path: Path, content: object) -> None:
    """JSON with text leaves is YAML that our strict reader takes."""
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")

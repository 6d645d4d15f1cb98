"""What is wrong with a portal's settings is said with file, line and remedy."""

from pathlib import Path

import pytest

from tests.config.telling import Fault, all_told, together, told
from tests.config.test_broken_files import root

__all__ = ["root"]

BUS = "config/portals/national_bus.yaml"
LGSP = "config/portals/lgsp.yaml"
PREFIX = "prefix: /portal/national_bus"
TAKES = """takes: [dossier, progress, status]
mapping: national_bus
# how it calls us (A.9)
door:
"""

#: file, what is written instead of what, the words of the line at fault, what is said
FAULTS: dict[str, Fault] = {
    "name of the file": (BUS, "portal: national_bus\n", "portal: bus\n", "portal: bus", "write 'portal: national_bus'"),
    "no address": (BUS, "url: http:", "url: ftp:", "url:", "write 'url: https://…'"),
    "address left out": (BUS, "url: http://127.0.0.1:8090/national_bus\n", "", "takes:", "or take out 'takes'"),
    "kind of message": (BUS, "takes: [dossier,", "takes: [dosier,", "takes:", "dossier"),
    "network": (BUS, "127.0.0.0/8", "127.0.0.1/8", "allow:", "as in 10.0.0.0/28"),
    "requester": (BUS, "forwards_to: one_gate", "forwards_to: one_gat", "forwards_to:", "did you mean 'one_gate'?"),
    "requester of an address": (
        BUS, "takes: [dossier,", "requester: one_gat\ntakes: [dossier,", "requester: one_gat",
        "did you mean 'one_gate'?",
    ),
    "receiver of pushes": (
        BUS, "forwards_to: one_gate", "pushes_to: [one_gate_hok]", "pushes_to:", "did you mean 'one_gate_hook'?"
    ),
    "receiver that is the sender": (
        BUS, "forwards_to: one_gate", "pushes_to: [national_bus]", "pushes_to:", "name another portal"
    ),
    "paths of the API": (BUS, PREFIX, "prefix: /v1/portal", "prefix:", "write 'prefix: /portal/national_bus'"),
    "paths of pages": (BUS, PREFIX, "prefix: /audit", "prefix:", "write 'prefix: /portal/national_bus'"),
    "mapping": (BUS, "mapping: national_bus", "mapping: national_bsu", "mapping:", "did you mean 'national_bus'?"),
    "profile": (BUS, "profile: mapi_direct", "profile: mapi_dirct", "profile:", "did you mean 'mapi_direct'?"),
    "option": (BUS, "  unit: ", "  unti: ", "unti:", "did you mean 'unit'?"),
    "uids of files without a door of the portal": (
        BUS, TAKES, f"  files: uid\n{TAKES}  callers: requesters\n", "files: uid", "write 'files: link'"
    ),
    "option of a wrong form": (BUS, "login_path: /", "login_path: //evil.example?", "login_path:", "login_path"),
    "secret that is not there": (
        BUS, "{value: sandbox-secret-national_bus}", "{env: NO_SUCH_SECRET}", "secret:", "variable NO_SUCH_SECRET"
    ),
    "adapter of no such name": (
        BUS, "adapter: adapters.portals.national_bus", "adapter: adapters.portals.bus", "adapter:", "check the name"
    ),
    "slash": (BUS, PREFIX, PREFIX + "/", "prefix:", "is not written as it must be"),
    "certificate": (BUS, PREFIX, PREFIX + "\n  certificate: abc", "certificate:", "is not written as it must be"),
    "every path": (BUS, PREFIX, 'prefix: ""', "prefix:", "write 'prefix: /portal/NAME'"),
    "portal that is asked": (
        BUS, "forwards_to: one_gate", "asks: national_bsu", "asks:", "did you mean 'national_bus'?"
    ),
    "origin of files": (
        BUS, 'fetch_from: ["http://127.0.0.1:8090"]', 'fetch_from: ["http://127.0.0.1:8090/x"]', "fetch_from:",
        "scheme, host and port only",
    ),
    "place of a secret that is none": (
        BUS, "  secret: {value: sandbox-secret-national_inbound}\n", "  secret_member: SecurityKey\n",
        "secret_member:", "write 'secret' too",
    ),
    "messages of a door": (LGSP, "mapping: national_bus", "mapping: interlinked", "mapping:", "the door reads"),
    "nothing proves the portal": (
        BUS, '  secret: {value: sandbox-secret-national_inbound}\n  allow: [127.0.0.0/8, "::1"]\n', "", "door:",
        "write 'secret', 'certificate' or 'allow'",
    ),
}  # fmt: skip

RUNS = together(FAULTS)


@pytest.mark.parametrize("names", RUNS)
def test_broken_portal_is_told_at_its_line(root: Path, names: str) -> None:
    all_told(root, RUNS[names])


def test_second_door_of_the_same_paths_is_refused(root: Path) -> None:
    text = (root / BUS).read_text("utf-8").replace("portal: national_bus\n", "portal: other_bus\n")
    (root / "config/portals/other_bus.yaml").write_text(text, "utf-8")
    other = "config/portals/other_bus.yaml"
    all_told(
        root,
        [(other, "unit: 000.00.00.H31", "unit: 000.00.00.H32", "prefix:", "'prefix: /portal/other_bus'")],
    )


def test_production_refuses_written_secrets_of_portals_and_invented_interfaces(root: Path) -> None:
    gateway = "config/gateway.yaml"
    faults: list[Fault] = [(BUS, "mark: seen", "mark: sandbox", "mark:", "write the real portal's")]
    said = told(
        root, [*faults, (gateway, "profile: sandbox", "profile: production", "", "write 'issuer: https://…'")]
    )
    assert f"{BUS}:" in said
    assert "'auth.secret': a secret in the file" in said
    assert "'door.secret': a secret in the file" in said

"""What is wrong with the doors of people is said with file, line and remedy."""

from pathlib import Path

import pytest

from tests.config.telling import Fault, all_told, together
from tests.config.test_broken_files import check, root

__all__ = ["root"]

GATEWAY, STAFF = "config/gateway.yaml", "config/identity_providers/staff.yaml"
PORTAL = "config/identity_providers/national_portal.yaml"
#: file, what is written instead of what, the words of the line at fault, what is said
FAULTS: dict[str, Fault] = {
    "requester": (GATEWAY, "audit: auditor", "audit: auditr", "audit:", "did you mean 'auditor'?"),
    "scope": (GATEWAY, "  ops: operator", "  ops: citizen", "ops:", "'citizen' lacks dossiers"),
    "door": (GATEWAY, "  me: citizen\n", "  mee: citizen\n", "mee:", "did you mean 'me'?"),
    "staff without roles": (STAFF, "mapping: staff", "mapping: vneid", "accounts:", "add 'roles' there"),
    "roles of citizens": (
        PORTAL, "mapping: national_portal", "mapping: staff", "mapping:", "write 'accounts: staff', or another mapping"
    ),
    "deep link to officials": (
        GATEWAY, "vneid: vneid}", "vneid: staff}", "logins:", "accounts of officials only"
    ),
}  # fmt: skip
RUNS = together(FAULTS)


@pytest.mark.parametrize("names", RUNS)
def test_door_that_cannot_be_entered_is_told_at_its_line(root: Path, names: str) -> None:
    all_told(root, RUNS[names])


def test_doors_of_officials_need_their_sign_in_in_production(root: Path) -> None:
    (root / STAFF).unlink()
    assert check(root)[0] == 0
    said = check(root, "--set", "gateway.profile=production")[1]
    assert "no official can sign in, so that the pages at /audit are off" in said
    assert "no official can sign in, so that the pages at /ops are off" in said
    assert "'personas' are invented" in said


def test_demo_portal_is_no_door_of_production(root: Path) -> None:
    assert "remove 'pages.portal'" in check(root, "--set", "gateway.profile=production")[1]

"""A house of one's own for each test, and what `motlan new` and `motlan check-config` say about it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli.check import check_config
from gateway.cli.new import new

ROOT = Path(__file__).parents[2]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of all that people write; its configuration is below `config`."""
    for folder in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / "house" / folder)
    return tmp_path / "house"


def drafted(house: Path, *words: str, code: int = 0) -> str:
    """What `motlan new` prints."""
    done = CliRunner().invoke(new, [*words, "--config", str(house / "config")])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def facts(house: Path, *words: str) -> dict[str, Any]:
    """The same for machines."""
    found: dict[str, Any] = json.loads(drafted(house, *words, "--json"))
    return found


def checked(house: Path) -> list[str]:
    """The notes of check-config, which finds nothing to mend."""
    done = CliRunner().invoke(check_config, [str(house / "config"), "--json"], standalone_mode=False)
    assert done.return_value == 0, done.output
    notes: list[str] = json.loads(done.output)["notes"]
    return notes


def files_of(house: Path) -> dict[str, bytes]:
    """Every file of a house."""
    return {str(path.relative_to(house)): path.read_bytes() for path in house.rglob("*") if path.is_file()}

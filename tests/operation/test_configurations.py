"""Texts of configurations: what changed is shown line by line, and no secret is ever kept."""

import os
import shutil
from pathlib import Path

import pytest

from gateway.config.configuration import load
from gateway.operation.configurations import HIDDEN, ConfigurationTexts, differences, lines

ROOT = Path(__file__).parents[2]
SECRET = "bimat-khong-duoc-lo"
LAND = "sources/land.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, tmp_path / room)
    return tmp_path


def kept(root: Path, digest: str) -> None:
    texts = ConfigurationTexts(root)
    texts.keep(digest * 64, load(root / "config"), root)


def change(root: Path, file: str, old: str, new: str) -> None:
    path = root / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_changed_value_is_shown_as_the_line_before_and_the_line_now(root: Path) -> None:
    kept(root, "a")
    change(root, "config/agreements/portal.yaml", "agreement: portal", "agreement: portal\nsigned: required")
    change(root, "config/gateway.yaml", 'deadline_ms: "2000"', 'deadline_ms: "1500"')
    change(root, "mappings/sources/land.yaml", "\n", "\n# another line\n")
    kept(root, "b")
    old, new = ConfigurationTexts(root).find("a" * 64), ConfigurationTexts(root).find("b" * 64)
    assert old is not None
    assert new is not None
    found = {
        one.file: (one.state, [(line.kind, line.line) for line in one.lines]) for one in differences(old, new)
    }
    assert found == {
        "config/agreements/portal.yaml": ("changed", [("added", "signed: required")]),
        "config/gateway.yaml": (
            "changed", [("removed", "prefill.deadline_ms: 2000"), ("added", "prefill.deadline_ms: 1500")]
        ),
        "mappings/sources/land.yaml": ("changed", []),
    }  # fmt: skip
    assert differences(old, old) == []


def test_file_that_comes_or_goes_is_named_with_all_its_lines(root: Path) -> None:
    kept(root, "a")
    (root / "config/applications.yaml").write_text("applications: []\n")
    kept(root, "b")
    old, new = ConfigurationTexts(root).find("a" * 64), ConfigurationTexts(root).find("b" * 64)
    assert old is not None
    assert new is not None
    [one] = differences(old, new)
    assert (one.file, one.state) == ("config/applications.yaml", "added")
    assert differences(new, old)[0].state == "removed"


def test_changed_secret_is_told_and_never_kept(root: Path) -> None:
    kept(root, "a")
    change(root, f"config/{LAND}", "sandbox-secret-land", SECRET)
    kept(root, "b")
    old, new = ConfigurationTexts(root).find("a" * 64), ConfigurationTexts(root).find("b" * 64)
    assert old is not None
    assert new is not None
    [one] = differences(old, new)
    assert (one.file, one.state, one.lines) == (f"config/{LAND}", "changed", ())
    everything = b"".join(path.read_bytes() for path in (root / "configurations").iterdir())
    assert SECRET.encode() not in everything
    assert b"sandbox-secret" not in everything
    assert b"sandbox-only" not in everything


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("client_secret", {"value": SECRET}),
        ("auth", {"kind": "other", "user": SECRET}),
        ("options", {"headers": [{"X": SECRET}]}),
        ("login_password", SECRET),
        ("webhook_key", SECRET),
        ("url", f"redis://user:{SECRET}@host:6379/0"),
        ("url", f"https://host/path?key={SECRET}"),
        ("pem", f"-----BEGIN PRIVATE KEY-----\n{SECRET}"),
    ],
)
def test_secret_is_hidden_wherever_it_stands(place: str, value: object) -> None:
    shown = "\n".join(lines({place: value, "file": "x"}))
    assert SECRET not in shown
    assert HIDDEN in shown


def test_place_of_a_secret_is_shown_and_a_number_of_a_person_is_not() -> None:
    data = {
        "secret": {"file": "/run/secrets/one"},
        "auth": {"kind": "basic"},
        "duty_official": "033190274816",
    }
    assert list(lines(data)) == ["secret.file: /run/secrets/one", "auth.kind: basic", "duty_official: [id]"]


def test_digest_that_is_none_opens_no_file(root: Path) -> None:
    kept(root, "a")
    (root / "other.json").write_text("{}")
    for digest in ("", "../other", "A" * 64, "a" * 63, "b" * 64):
        assert ConfigurationTexts(root).find(digest) is None


def test_folder_keeps_the_newest(root: Path) -> None:
    configuration, texts = load(root / "config"), ConfigurationTexts(root, most=2)
    for number in range(4):
        texts.keep(f"{number:064x}", configuration, root / "nothing")
        os.utime(root / "configurations" / f"{number:064x}.json", (number, number))
    assert texts.find(f"{0:064x}") is None
    assert texts.find(f"{3:064x}") is not None
    assert len(list((root / "configurations").glob("*.json"))) == 2


def test_folder_that_takes_nothing_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "configurations").write_text("a file where a folder should be")
    ConfigurationTexts(tmp_path).keep("a" * 64, load(ROOT / "config"), ROOT)
    assert ConfigurationTexts(tmp_path).find("a" * 64) is None

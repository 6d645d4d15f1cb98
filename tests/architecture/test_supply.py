"""What is delivered (T23, T25): no secret in the repository or the image, and only what the lock files name."""

import re
from importlib.metadata import distributions
from pathlib import Path

from tests.architecture.test_architecture import ROOT, SKIPPED, TEXT_ENDINGS

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
#: made by the environment itself, or what is delivered
OWN = {"pip", "setuptools", "wheel", "motlan"}
PRIVATE = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/]{16}")
WRITTEN = re.compile(r"\{value: *\"?([^}\"]*)")
PACKAGE = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(path: Path) -> dict[str, str]:
    """Package -> version, each with the digests that its files must have."""
    found = {}
    for entry in re.split(r"\n(?=\S)", path.read_text("utf-8").strip()):
        package = PACKAGE.match(entry)
        assert package, entry
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}", entry), f"{path.name}: {package[1]} without a hash"
        found[plain(package[1])] = package[2]
    return found


def test_no_secret_stands_in_the_repository() -> None:
    files = [
        path
        for path in ROOT.rglob("*")
        if path.suffix in {*TEXT_ENDINGS, ".pem", ".key"} and not SKIPPED & set(path.relative_to(ROOT).parts)
    ]
    assert len(files) > 500
    assert [path for path in files if path.suffix == ".key"] == []
    for path in files:
        assert not PRIVATE.search(path.read_text("utf-8")), path
    for path in (ROOT / "config").rglob("*.yaml"):
        for secret in WRITTEN.findall(path.read_text("utf-8")):
            assert secret.startswith("sandbox-"), f"{path}: a secret that is not of the sandbox"


def test_image_gets_only_what_it_names_and_runs_without_rights() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert next(line for line in ignored if line and not line.startswith("#")) == "*"
    copied = {
        word
        for line in lines
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    documents = {word for word in copied if word.endswith(".md")}
    rooms = {word.partition("/")[0] for word in copied - documents}
    assert rooms == {
        "requirements",
        "pyproject.toml",
        "LICENSE",
        "gateway",
        "adapters",
        "schemas",
        "mappings",
    }
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert rooms <= allowed <= rooms | documents | {"config"}
    assert {word for word in documents if word.partition("/")[0] not in rooms | {"config"}} <= allowed
    installs = [part for line in lines for part in line.split("&&") if "pip install" in part]
    assert installs
    for part in installs:
        assert "--require-hashes" in part or "--no-index --no-build-isolation ." in part, part
    last = "\n".join(lines).rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9][0-9]*$", last, re.MULTILINE)
    assert not re.search(
        r"^(ARG|ENV) .*(SECRET|TOKEN|PASSWORD|KEY)", "\n".join(lines), re.MULTILINE | re.IGNORECASE
    )


def test_lock_files_are_the_bill_of_materials_of_what_runs() -> None:
    """Nothing runs here beside what they name, in the versions that they name; no two of them differ."""
    found: dict[str, str] = {}
    for path in LOCKS:
        for name, version in locked(path).items():
            assert found.setdefault(name, version) == version, f"{path.name}: {name}"
    running = {plain(one.metadata["Name"]): one.version for one in distributions()}
    assert running.keys() - OWN <= found.keys()
    assert {name: version for name, version in running.items() if name not in OWN} == {
        name: found[name] for name in running.keys() - OWN
    }

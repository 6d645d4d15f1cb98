"""The rules of the house that no linter knows, held by reading the tree."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE_ROOMS = ("gateway", "adapters")
DATA_ROOMS = ("schemas", "mappings", "config")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "manager"}
TEXT_ENDINGS = set(".py .md .yaml .yml .json .toml .txt .in .csv .mjs .xsd .wsdl".split())
SKIPPED = {".git", ".venv", ".state", "node_modules", "__pycache__", "build", "dist"}
#: places of one machine: a path in a home folder, a temporary work folder, a package index on some host
MACHINE_WORDS = re.compile(
    r"/(?:root|home/[a-z]+|Users/[A-Za-z]+)/|/tmp/[a-z]/|/work/(?:main|shared)|--(?:extra-)?index-url[ =]http"
    r"|--find-links",
)


def python_files(*rooms: str) -> list[Path]:
    found = [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]
    return [path for path in found if not SKIPPED & set(path.relative_to(ROOT).parts)]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def text_files() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT).parts
        if not SKIPPED & set(inside) and path.suffix in TEXT_ENDINGS and path.is_file():
            yield path


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_data_rooms_hold_no_python() -> None:
    assert [name_of(path) for path in python_files(*DATA_ROOMS)] == []


@pytest.mark.parametrize("path", python_files("gateway"), ids=name_of)
def test_core_never_imports_an_adapter(path: Path) -> None:
    assert [name for name in imports(path) if name.split(".")[0] == "adapters"] == []


@pytest.mark.parametrize("path", python_files(*CODE_ROOMS), ids=name_of)
def test_module_says_what_it_promises(path: Path) -> None:
    assert path.name == "__init__.py" or ast.get_docstring(ast.parse(path.read_text("utf-8")))


@pytest.mark.parametrize("path", python_files(*CODE_ROOMS), ids=name_of)
def test_module_is_named_by_a_thing(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES


def test_importlib_is_used_by_the_registry_only() -> None:
    files = python_files(*CODE_ROOMS)
    loading = {"importlib", "importlib.util", "importlib.machinery"}  # importlib.metadata only reads versions
    users = {name_of(p) for p in files if loading & set(imports(p))}
    assert users <= {"gateway/registry.py"}


def test_transports_and_stores_stay_at_the_edges() -> None:
    edges = {"zeep", "lxml", "xmlsec", "redis", "sqlalchemy", "aiosqlite", "asyncpg"}
    found = {name_of(p): edges & {i.split(".")[0] for i in imports(p)} for p in python_files("gateway")}
    assert {name: names for name, names in found.items() if names} == {}


def test_no_file_names_places_of_one_machine() -> None:
    here = Path(__file__)
    found = []
    for path in text_files():
        if path == here:
            continue
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
            if MACHINE_WORDS.search(line):
                found.append(f"{name_of(path)}:{number}")
    assert found == []


def test_no_module_keeps_mutable_state() -> None:
    found = []
    for path in python_files(*CODE_ROOMS):
        for node in ast.parse(path.read_text("utf-8")).body:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if isinstance(value, ast.Dict | ast.List | ast.Set) and not _is_constant(node):
                found.append(f"{name_of(path)}:{node.lineno}")
    assert found == []


def _is_constant(node: ast.stmt) -> bool:
    """Tables in capitals are constants by convention; `Final` and `Mapping` say so as well."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return all(isinstance(t, ast.Name) and t.id.lstrip("_").isupper() for t in targets)

"""The rules of the house that no linter knows, held by reading the tree."""

import ast
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE_ROOMS = ("gateway", "adapters")
DATA_ROOMS = ("schemas", "mappings", "config")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "manager"}
TEXT_ENDINGS = set(".py .md .yaml .yml .json .toml .txt .in .csv .mjs .xsd .wsdl".split())
SKIPPED = {".git", ".venv", ".state", "node_modules", "__pycache__", "build", "dist"}
#: places of one machine: a path in a home folder, a temporary work folder, a package index on some host
MACHINE_WORDS = re.compile(
    r"/(?:root|home/[a-z]+|Users/[A-Za-z]+)/|/tmp/[a-z]/|/work/(?:main|shared)|--(?:extra-)?index-url[ =]http"
    r"|--find-links"
)


def python_files(*rooms: str) -> list[Path]:
    found = [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]
    return [path for path in found if not SKIPPED & set(path.relative_to(ROOT).parts)]


@cache
def tree(path: Path) -> ast.Module:
    """A file as Python reads it, once for all rules."""
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def imports_of(path: Path) -> Iterator[str]:
    """Modules that a file imports, `from package import module` among them."""
    yield from imports(path)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def text_files() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT).parts
        if not SKIPPED & set(inside) and path.suffix in TEXT_ENDINGS and path.is_file():
            yield path


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_data_rooms_hold_no_python() -> None:
    assert [name_of(path) for path in python_files(*DATA_ROOMS)] == []


def test_core_never_imports_an_adapter() -> None:
    files = python_files("gateway")
    assert [
        name_of(path) for path in files if any(one.split(".")[0] == "adapters" for one in imports(path))
    ] == []


def test_every_module_says_what_it_promises() -> None:
    modules = [path for path in python_files(*CODE_ROOMS) if path.name != "__init__.py"]
    assert len(modules) > 200
    assert [name_of(path) for path in modules if not ast.get_docstring(tree(path))] == []


def test_every_module_is_named_by_a_thing() -> None:
    assert [name_of(path) for path in python_files(*CODE_ROOMS) if path.stem in FORBIDDEN_NAMES] == []


def test_no_modules_import_one_another_in_a_circle() -> None:
    """Imports for types alone count as well."""
    files = {name_of(path).removesuffix(".py").replace("/", "."): path for path in python_files(*CODE_ROOMS)}
    graph = {name: {one for one in imports_of(path) if one in files} for name, path in files.items()}
    circles = []
    while graph:
        free = {name for name, needed in graph.items() if not needed & graph.keys() - {name}}
        if not free:
            circles = sorted(graph)
            break
        graph = {name: needed for name, needed in graph.items() if name not in free}
    # what imports a circle stands here too: the circle is where every module is imported by another
    while unneeded := {name for name in circles if not any(name in graph[other] for other in circles)}:
        circles = [name for name in circles if name not in unneeded]
    assert circles == []


def test_way_of_a_prefill_is_read_in_one_short_file() -> None:
    """Rare matters live in files of their own."""
    assert len((ROOT / "gateway/prefill/service.py").read_text("utf-8").splitlines()) <= 250


def test_importlib_is_used_by_the_registry_and_the_table_of_commands_only() -> None:
    files = python_files(*CODE_ROOMS)
    loading = {"importlib", "importlib.util", "importlib.machinery"}  # importlib.metadata only reads versions
    users = {name_of(p) for p in files if loading & set(imports(p))}
    # the table of commands can name nothing but modules of `gateway.cli`
    assert users <= {"gateway/registry.py", "gateway/cli/lazy.py"}


def test_transports_and_stores_stay_at_the_edges() -> None:
    edges = {"zeep", "lxml", "xmlsec", "redis", "sqlite3", "asyncpg"}
    found = {name_of(p): edges & {i.split(".")[0] for i in imports(p)} for p in python_files("gateway")}
    assert {name: names for name, names in found.items() if names} == {}


def test_databases_are_opened_in_one_place() -> None:
    """The log's writers, its sequencers and the owner's upgrade have their own connections; all else has statements."""
    drivers = {"adapters.stores.sqlite", "adapters.stores.postgres"}
    users = {p.stem for p in python_files("adapters/stores") if drivers & set(imports_of(p))}
    own = {f"{name}_{kind}" for name in ("log", "sequencer") for kind in ("sqlite", "postgres")}
    assert users == {"opening", "log_missing", "upgrade", *own}


def test_records_are_built_by_the_recorder_only() -> None:
    """What it writes is counted, names the configuration, and is the same in every room."""
    built = [
        name_of(path)
        for path in python_files(*CODE_ROOMS)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and "ExchangeRecord" in ast.unparse(node.func).split(".")
    ]
    assert built == ["gateway/exchange_log/recorder.py"]


#: a module of the product, or a name in it, as a docstring or a comment writes it; `gateway.yaml` is a file
DOTTED = re.compile(r"(?<![\w/.-])(?:gateway|adapters)(?:\.[A-Za-z_]\w*)+")
#: what is written of `gateway.yaml`: the file, and its members
SETTINGS = re.compile(r"gateway\.(?:yaml|log\.(?:url|admin_url))")


def docstrings_and_comments(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""
    with path.open("rb") as file:
        yield from (one.string for one in tokenize.tokenize(file.readline) if one.type == tokenize.COMMENT)


def is_there(name: str) -> bool:
    """If a dotted name is a folder or module, or stands at the top of one."""
    *rooms, last = name.split(".")
    place = ROOT.joinpath(*rooms)
    if (place / last).is_dir() or (place / f"{last}.py").is_file():
        return True
    if not (module := place.with_suffix(".py")).is_file():
        # a method of a class
        return place.name[:1].isupper() and is_there(".".join(rooms))
    top = rf"(?m)^(?:class|def|async def) {last}\b|^{last}\b[^(\n]*="
    return re.search(top, module.read_text("utf-8")) is not None


def test_names_of_modules_in_docstrings_and_comments_lead_somewhere() -> None:
    named = [
        (name_of(path), name)
        for path in python_files(*CODE_ROOMS, "tests")
        for text in docstrings_and_comments(path)
        for name in DOTTED.findall(SETTINGS.sub("", text))
    ]
    assert len(named) > 40
    assert [(where, name) for where, name in named if not is_there(name)] == []


def names_of_classes() -> Iterator[tuple[str, str]]:
    """Without the underscore of a private one: name, place."""
    for path in python_files(*CODE_ROOMS):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                yield node.name.lstrip("_"), f"{name_of(path)}:{node.lineno}"


def test_no_class_name_means_two_things() -> None:
    named: dict[str, list[str]] = {}
    for name, place in names_of_classes():
        named.setdefault(name, []).append(place)
    assert len(named) > 500
    assert {name: places for name, places in named.items() if len(places) > 1} == {}


def test_no_alias_of_a_type_has_the_name_of_a_class() -> None:
    classes = dict(names_of_classes())
    aliases = [
        (node.targets[0].id, name_of(path))
        for path in python_files(*CODE_ROOMS)
        for node in tree(path).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    ]
    assert len(aliases) > 500
    assert [(name, where) for name, where in aliases if name.lstrip("_") in classes] == []


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
        for node in tree(path).body:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if isinstance(value, ast.Dict | ast.List | ast.Set) and not _is_constant(node):
                found.append(f"{name_of(path)}:{node.lineno}")
    assert found == []


def _is_constant(node: ast.stmt) -> bool:
    """Tables in capitals are constants by convention; `Final` and `Mapping` say so as well."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return all(isinstance(t, ast.Name) and t.id.lstrip("_").isupper() for t in targets)

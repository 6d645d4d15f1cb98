"""A value of a template with the name of an imported macro is hidden without an error."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "gateway"
TEMPLATES = ROOT / "console" / "templates"
_IMPORTED = re.compile(r'\{% from "[^"]+" import ([^%]+?) %\}')


def _macros(template: str) -> set[str]:
    found = _IMPORTED.findall((TEMPLATES / f"{template}.html").read_text("utf-8"))
    return {one.strip().rpartition(" ")[2] for names in found for one in names.split(",")}


def _pages(function: ast.AST) -> Iterator[tuple[str, set[object]]]:
    """Template and names of values of each page that a function makes: a dict, or a variable that is set to one."""
    nodes = [*ast.walk(function)]
    dicts = {
        one.targets[0].id: one.value
        for one in nodes
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
    }
    for call in nodes:
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Shown":
            given = {one.arg: one.value for one in call.keywords}
            values, template = given.get("values"), given.get("template")
            found = dicts.get(values.id) if isinstance(values, ast.Name) else values
            if isinstance(template, ast.Constant) and isinstance(found, ast.Dict):
                yield str(template.value), {one.value for one in found.keys if isinstance(one, ast.Constant)}


def test_no_value_of_a_page_has_the_name_of_a_macro_that_its_template_imports() -> None:
    seen, hidden = set(), []
    for path in sorted(ROOT.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for template, names in _pages(function):
                    seen.add(template)
                    hidden += [(path.name, template, one) for one in names & _macros(template)]
    assert len(seen) > 20
    assert hidden == []

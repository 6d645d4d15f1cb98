"""The verifier as one Python file that needs only `cryptography`: for auditors without a gateway.

It is the modules one after the other, without their imports of each other.
"""

import ast
import inspect
from types import ModuleType

from gateway.exchange_log import ed25519, head, json_text, merkle, note, report, seen, span, verdict, verify

#: in the order of their imports
MODULES: tuple[ModuleType, ...] = (
    merkle,
    ed25519,
    note,
    json_text,
    seen,
    verdict,
    head,
    span,
    verify,
    report,
)

_PACKAGE = "gateway.exchange_log."
_HEADER = '''#!/usr/bin/env python3
"""Verifies an export of the exchange log of Một Lần offline. Needs Python 3.11 and the package `cryptography`.

    python3 {name} day.jsonl --vkey 'log.example+1a2b3c4d+AQ…'

Take the key from somewhere else than the file. Exit code 0: good; 1: something is wrong, and is named; 2: usage.
Made by motlan {version} out of {modules}.
"""
'''
_FOOTER = """

if __name__ == "__main__":
    sys.exit(main())
"""


def standalone(version: str, name: str) -> str:
    """The text of the file; `name`: its file name. Raises ValueError if two modules define one name."""
    defined: dict[str, str] = {}
    parts = []
    for module in MODULES:
        text = inspect.getsource(module)
        tree = ast.parse(text)
        title = f"{module.__name__.removeprefix(_PACKAGE)}.py"
        for one in _names(tree):
            if defined.setdefault(one, title) != title:
                raise ValueError(f"{defined[one]} and {title} both define {one}")
        parts.append(f"\n\n# {'=' * 20} {title}\n\n{_without_own_imports(text, tree)}")
    header = _HEADER.format(name=name, version=version, modules=", ".join(dict.fromkeys(defined.values())))
    return header + "".join(parts) + _FOOTER


def _without_own_imports(text: str, tree: ast.Module) -> str:
    lines = text.splitlines()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_PACKAGE):
            lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or 0) - node.lineno + 1)
    return "\n".join(lines)


def _names(tree: ast.Module) -> set[str]:
    """The names that a module defines at its top level."""
    found = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
    return found

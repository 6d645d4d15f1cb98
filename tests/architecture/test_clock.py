"""F29: whoever decides by the time is told it, so that a clock that jumps can be put under every decision."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.test_architecture import ROOT, python_files, tree

GATEWAY = ROOT / "gateway"
#: the machine's clock itself, a doctor that looks at it, ids, which carry the time that they were made, a client that
#: signs when it asks, and the stamps of log lines and counters, by which nothing is decided
ALLOWED = {
    "app.py",
    "composition/keeper.py",
    "cli/check.py",
    "cli/proofs.py",
    "domain/identifiers.py",
    "telemetry.py",
}
ASKED = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}


def calls(path: Path) -> Iterator[str]:
    """What is called, itself or through `partial`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = [node.func, *(node.args if ast.unparse(node.func) == "partial" else ())]
            yield from (ast.unparse(one) for one in called if isinstance(one, ast.Attribute))


def test_nothing_but_the_clock_asks_the_machine_for_the_time() -> None:
    asking = {
        str(path.relative_to(GATEWAY)) for path in python_files("gateway") if ASKED.intersection(calls(path))
    }
    assert asking == ALLOWED

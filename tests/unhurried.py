"""Time limits of gateways in tests: a busy machine, where an answer takes seconds, is no fault of the code.

A test that is about a limit sets it itself. What is shipped stands in `config/`, and is bounded in `make bench`.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1]


def settings(root: Path = ROOT) -> dict[str, str]:
    """Overrides that give sources, portals and logins of the project in `root` time, and each prefill its longest."""
    found = {"gateway.prefill.deadline_ms": "10000"}
    for kind in ("sources", "portals", "identity_providers"):
        for path in (root / "config" / kind).glob("*.yaml"):
            found[f"{kind}.{path.stem}.limits.connect_ms"] = "10000"
            if kind == "sources":
                found[f"{kind}.{path.stem}.limits.total_ms"] = "25000"
    return found


def words(root: Path = ROOT) -> list[str]:
    """The same for a command."""
    return [word for name, value in settings(root).items() for word in ("--set", f"{name}={value}")]

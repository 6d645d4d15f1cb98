"""Time limits of gateways in tests: a busy machine, where an answer takes seconds, is no fault of the code.

A test that is about a limit sets it itself. What is shipped stands in `config/`, and is bounded in `make bench`.
"""

from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CONNECT_MS, TOTAL_MS = 10_000, 25_000


def limits(**more: Any) -> dict[str, Any]:
    """Limits of a source, a portal or an identity provider that a test writes by hand; `more` are its own."""
    return {"connect_ms": CONNECT_MS, "total_ms": TOTAL_MS, **more}


def valkey(url: str) -> str:
    """Its database 0, for a client that waits; `url` ends with the port, or is of a socket."""
    return f"{url}/0?timeout=20&socket_timeout=20&socket_connect_timeout=20"


def settings(root: Path = ROOT) -> dict[str, str]:
    """Overrides that give sources, portals and logins of the project in `root` time, and each prefill its longest."""
    found = {"gateway.prefill.deadline_ms": "10000"}
    for kind in ("sources", "portals", "identity_providers"):
        for path in (root / "config" / kind).glob("*.yaml"):
            found[f"{kind}.{path.stem}.limits.connect_ms"] = str(CONNECT_MS)
            if kind == "sources":
                found[f"{kind}.{path.stem}.limits.total_ms"] = str(TOTAL_MS)
    return found


def words(root: Path = ROOT) -> list[str]:
    """The same for a command."""
    return [word for name, value in settings(root).items() for word in ("--set", f"{name}={value}")]

"""The settings of the gateways that are replayed: each of them runs from both trees."""

from collections.abc import Mapping
from pathlib import Path


def houses(tree: Path) -> Mapping[str, Mapping[str, str]]:
    """Name -> settings that differ from the sandbox profile."""
    sources = sorted(path.stem for path in (tree / "config/sources").glob("*.yaml"))
    return {
        # breakers never open, so that one request's trouble is not another's; late answers are soon over
        "plain": {
            **{f"sources.{name}.limits.breaker_failures": "1000000" for name in sources},
            "gateway.prefill.max_deadline_ms": "3000",
            "gateway.prefill.late_ms": "3000",
        },
        # breakers, quotas and agreements that end
        "strict": {
            "agreements.portal.quota.subject": "6/day",
            "agreements.one_gate.valid_until": "2026-01-31",
        },
        # nobody is asked about without the person's own yes
        "consent": {"agreements.portal.consent": "required"},
    }

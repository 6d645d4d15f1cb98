"""What the simulated portal's door sent to a gateway, and how each dossier was answered.

Promises: codes, counts and digests; no personal data.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class SentDossier:
    """One dossier of the portal. `answers`: `0`, `1`, `-1`, `other`, `http_<status>` or `unanswered` -> count."""

    code: str
    kind: str
    procedure: str
    digest: str
    attempts: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def taken(self) -> bool:
        """Whether the gateway said that it has the dossier."""
        return bool(self.answers["0"] or self.answers["1"])

    def row(self) -> dict[str, Any]:
        """The dossier as a row of the ledger of what was sent."""
        return {
            "code": self.code,
            "kind": self.kind,
            "procedure": self.procedure,
            "digest": self.digest,
            "attempts": self.attempts,
            "taken": self.taken,
            "answers": dict(sorted(self.answers.items())),
        }


class SentDossiers:
    """The dossiers in the order of their making."""

    def __init__(self, now: float = 0.0) -> None:
        """`now` in seconds: part of the codes, so that two runs of the sandbox make different ones."""
        self.rows: dict[str, SentDossier] = {}
        here = now + 7 * 3600
        self._day = time.strftime("%y%m%d", time.gmtime(here))
        self._last = int(here % 86_400) * 100

    def next_code(self, unit: str) -> str:
        """A new code with a number of seven digits, which no system of the sandbox's province uses."""
        self._last += 1
        return f"{unit}-{self._day}-{self._last:07d}"

    def page(self, start: int, count: int) -> list[dict[str, Any]]:
        """Rows from number `start` on."""
        return [one.row() for one in list(self.rows.values())[start : start + count]]

    def totals(self) -> dict[str, Any]:
        """Sums over all dossiers now (a thread may be making more)."""
        answers: Counter[str] = Counter()
        rows = list(self.rows.values())
        for one in rows:
            answers.update(one.answers)
        return {
            "dossiers": len(rows),
            "taken": sum(one.taken for one in rows),
            "attempts": sum(one.attempts for one in rows),
            "answers": dict(sorted(answers.items())),
        }

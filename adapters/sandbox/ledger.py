"""What a simulated receiver holds of each dossier, and how often each delivery took effect there.

Promises: counts show what was lost and what took effect twice; a page of the ledger has codes, statuses, times and
digests, never a name, a number of a person or a text.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

_HANDED_OVER = "10"
_PROCESSED = "9"


def digest_of(value: object) -> str:
    """Lower-case hex SHA-256 of the compact JSON of a value, keys sorted."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def fields_digest(fields: Mapping[str, Any]) -> str:
    """Digest of the top-level texts that are not empty, without the status; empty when there are none.

    Lists (papers, fees, results) are left out: their links change from one sending to the next.
    """
    texts = {k: v for k, v in fields.items() if isinstance(v, str) and v and k != "TrangThaiHoSo"}
    return digest_of(texts) if texts else ""


@dataclass(frozen=True, slots=True)
class StepRow:
    """A progress row or a status notice as it arrived: status, time as written, digest of the whole row."""

    status: str
    at: str
    digest: str


@dataclass(slots=True, kw_only=True)
class LedgerEntry:
    """One dossier at a receiver. `origin`: `province` or `portal`; `day`: yyyyMMdd of filing.

    `changed_on`: yyyyMMdd on which the receiver last changed it.
    """

    code: str
    origin: str
    day: str
    changed_on: str
    status: str
    fields: Mapping[str, Any]
    creates: int = 0
    updates: int = 0
    refused: int = 0  #: creates of a code that the receiver already had
    digests: list[str] = field(default_factory=list)
    progress: list[StepRow] = field(default_factory=list)
    notices: list[StepRow] = field(default_factory=list)
    #: status and fields before each change, oldest first
    former: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    acknowledged: int = 0

    @property
    def digest(self) -> str:
        """Digest of the fields as the province sent them last; empty while it sent none."""
        return fields_digest(self.fields) if self.digests else ""

    def change(self, today: str, status: str, fields: Mapping[str, Any] | None = None) -> None:
        """Another status, and fields; what was before is kept."""
        self.former.append((self.status, self.fields))
        self.status, self.changed_on = status, today
        if fields is not None:
            self.fields = fields

    def row(self) -> dict[str, Any]:
        """The dossier as a row of the ledger."""
        return {
            "code": self.code,
            "origin": self.origin,
            "day": self.day,
            "status": self.status,
            "creates": self.creates,
            "creates_refused": self.refused,
            "updates": self.updates,
            "updates_doubled": _doubled(self.digests),
            "progress_rows": len(self.progress),
            "progress_doubled": _doubled([one.digest for one in self.progress]),
            "status_rows": len(self.notices),
            "status_doubled": _doubled([one.digest for one in self.notices]),
            "acknowledged": self.acknowledged,
            "digest": self.digest,
            "digests": list(self.digests),
            "progress": [[one.status, one.at] for one in self.progress],
            "statuses": [[one.status, one.at] for one in self.notices],
        }


class Ledger:
    """The dossiers of one receiver, by code, in the order of their first arrival."""

    def __init__(self, today: Callable[[], str]) -> None:
        """No dossiers at first. `today`: yyyyMMdd."""
        self._today = today
        self.entries: dict[str, LedgerEntry] = {}
        self.answers: Counter[str] = Counter()

    def create(
        self, code: str, *, day: str, status: str, fields: Mapping[str, Any], origin: str = "province"
    ) -> LedgerEntry:
        """A new dossier. The caller made sure that the code is new."""
        entry = LedgerEntry(
            code=code, origin=origin, day=day, changed_on=self._today(), status=status, fields=fields
        )
        self.entries[code] = entry
        if origin == "province":
            entry.creates = 1
            entry.digests.append(digest_of(fields))
        return entry

    def update(self, code: str, *, status: str, fields: Mapping[str, Any]) -> None:
        """Another state of a known dossier. Raises KeyError for an unknown code."""
        entry = self.entries[code]
        entry.change(self._today(), status, fields)
        entry.updates += 1
        entry.digests.append(digest_of(fields))

    def progress(self, code: str, *, status: str, at: str, row: object) -> None:
        """One progress row; the newest one moves the status, but the closing row 9 leaves a 10 (sandbox rule)."""
        entry = self.entries[code]
        newest = max((one.at for one in entry.progress), default="")
        entry.progress.append(StepRow(status, at, digest_of(row)))
        if at >= newest and (entry.status, status) != (_HANDED_OVER, _PROCESSED):
            entry.change(self._today(), status)

    def notice(self, code: str, *, status: str, at: str, row: object) -> None:
        """A status of a dossier that came from the receiver. Raises KeyError for an unknown code."""
        entry = self.entries[code]
        entry.notices.append(StepRow(status, at, digest_of(row)))
        entry.change(self._today(), status)

    def lose(self, code: str) -> bool:
        """Forget a dossier as if it had never arrived; whether it was there."""
        return self.entries.pop(code, None) is not None

    def set_back(self, code: str) -> bool:
        """Undo the last change of a dossier, as a restored backup does; whether there was one."""
        entry = self.entries.get(code)
        if entry is None or not entry.former:
            return False
        entry.status, entry.fields = entry.former.pop()
        return True

    def drift(self, code: str, status: str, fields: Mapping[str, str]) -> bool:
        """Change a dossier at the receiver's own side; whether it was there."""
        entry = self.entries.get(code)
        if entry is None:
            return False
        entry.change(self._today(), status or entry.status, {**entry.fields, **fields})
        return True

    def page(self, start: int, count: int) -> list[dict[str, Any]]:
        """Rows from number `start` on."""
        return [entry.row() for entry in self.all()[start : start + count]]

    def all(self) -> list[LedgerEntry]:
        """The dossiers now: a copy, for others may arrive from the thread that makes them."""
        return list(self.entries.values())

    def totals(self) -> dict[str, Any]:
        """Sums over all dossiers, and answers by error code."""
        entries = self.all()
        return {
            "dossiers": len(entries),
            "creates": sum(one.creates for one in entries),
            "creates_refused": sum(one.refused for one in entries),
            "updates": sum(one.updates for one in entries),
            "updates_doubled": sum(_doubled(one.digests) for one in entries),
            "progress_rows": sum(len(one.progress) for one in entries),
            "progress_doubled": sum(_doubled([row.digest for row in one.progress]) for one in entries),
            "status_rows": sum(len(one.notices) for one in entries),
            "status_doubled": sum(_doubled([row.digest for row in one.notices]) for one in entries),
            "acknowledged": sum(1 for one in entries if one.acknowledged),
            "answers": dict(sorted(self.answers.items())),
        }


def _doubled(digests: Sequence[str]) -> int:
    """How many arrived that had arrived before."""
    return len(digests) - len(set(digests))

"""Stand-ins of the ports that reconciliation uses, in memory: dossiers, runs, a portal that may lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from gateway.domain.dossier import MessageKind
from gateway.domain.errors import PortalUnavailable
from gateway.ports.reconciliation import ReconcileRun
from gateway.ports.relay import (
    DeliveryRow,
    DeliverySearch,
    DeliveryState,
    DossierRow,
    DossierSearch,
    RemoteDossier,
    RemotePage,
)

#: 09:00 in Việt Nam on 2026-11-20
MORNING = datetime(2026, 11, 20, 2, tzinfo=UTC).timestamp()
DAY = 86_400.0


def dossier(code: str, status: str = "accepted", **more: Any) -> DossierRow:
    """A stored dossier; `facts` and any column by name."""
    facts = {"path": [[status, int(MORNING)]], **more.pop("facts", {})}
    row = DossierRow(
        "province", code, "one_gate", "ward", "1.004873", "", status, MORNING, 3, b"", "2026-11", (),
        orjson.dumps(facts), b"sealed", "", MORNING, MORNING,
    )  # fmt: skip
    return row._replace(**more)


def delivery(code: str, state: str = "queued", kind: str = "dossier", seq: int = 1) -> DeliveryRow:
    return DeliveryRow(
        seq, f"d{seq}", "bus", f"province|{code}", MessageKind(kind), code, 3, "one_gate", "", DeliveryState(state), 1,
        "", 0.0, 0.0, 0.0, 0.0, "2026-11", b"",
    )  # fmt: skip


def there(code: str, status: str = "accepted", text: str = "", **facts: Any) -> RemoteDossier:
    return RemoteDossier(code, status, text, facts)


@dataclass
class KnownDossiers:
    """The part of `RelayRows` that is read."""

    rows: list[DossierRow] = field(default_factory=list)
    sent: list[DeliveryRow] = field(default_factory=list)

    async def dossiers(self, wanted: DossierSearch) -> Sequence[DossierRow]:
        found = [
            row
            for row in self.rows
            if wanted.code in ("", row.code)
            and wanted.requester in ("", row.requester)
            and wanted.since <= row.changed
            and (not wanted.until or row.changed < wanted.until)
            and (wanted.after is None or (row.changed, row.code) < wanted.after)
        ]
        return sorted(found, key=lambda row: (row.changed, row.code), reverse=True)[: wanted.most]

    async def dossier(self, origin: str, code: str) -> DossierRow | None:
        return next((row for row in self.rows if (row.origin, row.code) == (origin, code)), None)

    async def deliveries(self, wanted: DeliverySearch) -> Sequence[DeliveryRow]:
        return [
            row
            for row in self.sent
            if row.code == wanted.code and row.target == wanted.target and row.state in wanted.states
        ]


@dataclass
class KnownRuns:
    """`ReconcileRuns`."""

    rows: dict[tuple[str, str], ReconcileRun] = field(default_factory=dict)
    saved: list[ReconcileRun] = field(default_factory=list)

    async def runs(self) -> Sequence[ReconcileRun]:
        return list(self.rows.values())

    async def begin(self, run: ReconcileRun) -> bool:
        former = self.rows.get((run.portal, run.requester))
        if former is not None and former.state == "running":
            return False
        self.rows[run.portal, run.requester] = run._replace(former=former.report if former else b"")
        return True

    async def lease(
        self, portal: str, requester: str, holder: str, now: float, until: float
    ) -> ReconcileRun | None:
        run = self.rows[portal, requester]
        if run.state != "running" or run.lease_until > now:
            return None
        self.rows[portal, requester] = run._replace(holder=holder, lease_until=until)
        return self.rows[portal, requester]

    async def save(self, run: ReconcileRun) -> bool:
        known = self.rows[run.portal, run.requester]
        if known.holder != run.holder or known.state != "running":
            return False
        self.rows[run.portal, run.requester] = run._replace(former=known.former)
        self.saved.append(run)
        return True


@dataclass
class LyingPortal:
    """A portal that answers as it is told: pages of lists, look-ups, silence."""

    kinds: frozenset[MessageKind] = frozenset(MessageKind)
    looks_up: bool = True
    known: dict[str, RemoteDossier] = field(default_factory=dict)
    #: day -> pages, each with the place of the next; None: it has no list
    pages: Mapping[str, Sequence[RemotePage]] | None = None
    silent: set[str] = field(default_factory=set)
    looked_up: list[str] = field(default_factory=list)

    async def look_up(self, code: str, end: float) -> RemoteDossier | None:
        del end
        self.looked_up.append(code)
        if code in self.silent or "*" in self.silent:
            raise PortalUnavailable
        return self.known.get(code)

    async def listing(self, day: str, after: str, count: int, end: float) -> RemotePage | None:
        del count, end
        if self.pages is None:
            return None
        if day in self.silent:
            raise PortalUnavailable
        pages = self.pages.get(day, [RemotePage((), "")])
        return pages[int(after or 0)]

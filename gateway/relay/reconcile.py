"""Reconciliation: the dossiers of both sides, compared day by day; what differs is shown, and mended on request.

- Compared are the dossiers that changed here on a day, and those that the portal lists for it.
- A dossier is missing at the portal only when a look-up of this one dossier says so. A list that breaks off, repeats
  itself or contradicts itself is not used: that day is incomplete, and nothing of it is mended.
- When more are missing at the portal than `wave`, and more than `wave_share` of those compared, the run stops: the
  portal may have lost its memory, or lie. Nothing more is mended until an operator accepts it.
- One process works on a run, under a lease. Another one goes on at the day where it ended.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import orjson

from gateway.domain.dates import VIETNAM, legal_day
from gateway.domain.dossier import PROVINCE, MessageKind
from gateway.domain.errors import PortalUnavailable
from gateway.domain.identifiers import new_exchange_id
from gateway.ports.clock import Clock
from gateway.ports.reconciliation import ReconcileRun, ReconcileRuns
from gateway.ports.relay import (
    OPEN,
    DeliveryRow,
    DeliverySearch,
    DossierRow,
    DossierSearch,
    Portal,
    RelayRows,
    RemoteDossier,
)
from gateway.relay.differences import MENDED, Difference, Divergence, compared, missing_here
from gateway.relay.statuses import StatusRules
from gateway.telemetry import log

_PAGE = 200
_MOST_PAGES = 10_000
#: longest time of one question to a portal
_ASK_SECONDS = 30.0
_LEASE_SECONDS = 60.0
_RENEW_SECONDS = 15.0
#: look-ups in a row that may fail before a run gives up
_FAILURES = 5
#: differences that a report lists
_MOST_LISTED = 1_000
_POLL_SECONDS = 5.0
#: a gateway that starts later on does not begin the run of the past night
_NIGHT = timedelta(hours=3)

Pause = Callable[[float], Awaitable[object]]


class Mender(Protocol):
    """Queues what mends a difference, with a record."""

    async def mend(self, difference: Difference, why: Mapping[str, str]) -> bool:
        """Whether it was queued; False when the dossier changed since it was compared. Raises RelayUnavailable.

        `why`: notes of the record.
        """
        ...


class _Incomplete(Exception):
    """The portal's list of a day cannot be used."""


class _LeaseLost(Exception):
    """Another process has the run."""


class _Stopped(Exception):
    """The run ends: it is stopped or failed, for this reason."""

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileLimits:
    """How much is asked, and when it stops."""

    #: questions to a portal per second
    per_second: float = 10.0
    #: whether each dossier is looked up whose dates the list does not tell
    fields: bool = True
    #: so many missing dossiers, and so large a share of those compared, stop a run
    wave: int = 20
    wave_share: float = 0.2


@dataclass(slots=True)
class ReconcileReport:
    """What a run found so far."""

    compared: int = 0
    #: dossiers that the portal did not answer for
    not_compared: int = 0
    #: days whose list at the portal cannot be used
    incomplete: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(map(str, Divergence), 0))
    mended: int = 0
    differences: list[dict[str, Any]] = field(default_factory=list)
    #: differences that are counted and not listed, and a digest of each
    left_out: int = 0
    unlisted: list[str] = field(default_factory=list)
    _known: set[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._known = {_mark_of(one["origin"], one["code"], one["kind"]) for one in self.differences}
        self._known.update(self.unlisted)

    @classmethod
    def read(cls, stored: bytes) -> "ReconcileReport":
        """A stored report; an empty one from nothing."""
        return cls(**orjson.loads(stored)) if stored else cls()

    def stored(self) -> bytes:
        """As `read` takes it."""
        return orjson.dumps({one.name: getattr(self, one.name) for one in fields(self) if one.init})

    def add(self, found: Difference, *, mended: bool) -> None:
        """Count and list a difference, once for each dossier: it may lie on the day of its filing and of its change."""
        mark = _mark_of(found.origin, found.code, found.kind)
        if mark in self._known:
            return
        self._known.add(mark)
        self.counts[found.kind] += 1
        self.mended += mended
        if len(self.differences) >= _MOST_LISTED:
            self.left_out += 1
            self.unlisted.append(mark)
        else:
            self.differences.append({**found._asdict(), "mended": mended})


def _mark_of(origin: str, code: str, kind: str) -> str:
    """What a difference is known by, in few characters: a report may leave many out."""
    return hashlib.blake2b(f"{origin}|{code}|{kind}".encode(), digest_size=8).hexdigest()


@dataclass(slots=True, kw_only=True)
class Reconciler:
    """Works on the runs of one process."""

    portals: Mapping[str, Portal]
    #: portal -> what is queued for it
    takes: Mapping[str, Sequence[MessageKind]]
    rows: RelayRows
    runs: ReconcileRuns
    mender: Mender
    clock: Clock
    #: shows differences as a metric: portal, class -> number
    gauge: Callable[[str, Mapping[str, int]], None]
    #: what a dossier itself states of `unit` and `agency`; nothing when its content is erased
    stated: Callable[[DossierRow], Awaitable[Mapping[str, str]]]
    rules: StatusRules = field(default_factory=StatusRules)
    limits: ReconcileLimits = field(default_factory=ReconcileLimits)
    #: minutes after midnight in Việt Nam at which the nightly run begins; None: there is none
    nightly: int | None = 150
    #: days that it looks back
    days: int = 7
    holder: str = field(default_factory=new_exchange_id)
    pause: Pause = asyncio.sleep
    _task: asyncio.Task[None] | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        """Begin; call in the loop."""
        if self.portals:
            self._task = asyncio.create_task(self._work(), name="reconcile")

    async def close(self) -> None:
        """End at once; another process goes on with the run when the lease has ended."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def ask(
        self,
        portal: str,
        requester: str,
        since: date,
        until: date,
        *,
        apply: bool,
        accept_wave: bool,
        staff: str = "",
    ) -> bool:
        """Begin a run; False while one of this portal and requester is running. Raises RelayUnavailable.

        `staff`: the account that begins it; blank: a system does.
        """
        now = self.now()
        run = ReconcileRun(
            portal, requester, str(new_exchange_id()), "running", "", str(since), str(until), apply, accept_wave,
            str(since), "", 0.0, now, now, b"", staff=staff,
        )  # fmt: skip
        begun = await self.runs.begin(run)
        self._wake.set()
        return begun

    def now(self) -> float:
        """POSIX seconds."""
        return self.clock.now().timestamp()

    async def round(self) -> None:
        """Begin the nightly runs that are due, and work on what no other process works on."""
        known = await self.runs.runs()
        self._show(known)
        for portal in self._due(known):
            today = legal_day(self.clock.now())
            since = today - timedelta(days=self.days)
            await self.ask(portal, "", since, today, apply=False, accept_wave=False)
        for run in await self.runs.runs():
            now = self.now()
            if run.state == "running" and run.portal in self.portals and run.lease_until <= now:
                mine = await self.runs.lease(
                    run.portal, run.requester, self.holder, now, now + _LEASE_SECONDS
                )
                if mine is not None:
                    await self._reconcile(mine)

    def _due(self, known: Sequence[ReconcileRun]) -> list[str]:
        """The portals whose nightly run has not begun yet, within some hours after its time."""
        if self.nightly is None:
            return []
        now = self.clock.now().astimezone(VIETNAM)
        hour = now.replace(hour=self.nightly // 60, minute=self.nightly % 60, second=0, microsecond=0)
        if not hour <= now < hour + _NIGHT:
            return []
        begun = {run.portal for run in known if not run.requester and run.opened >= hour.timestamp()}
        return [portal for portal in self.portals if portal not in begun]

    async def _reconcile(self, run: ReconcileRun) -> None:
        """Compare day by day until the run ends, or another process has it."""
        work = _DaysLeft(self, run)
        try:
            with contextlib.suppress(_LeaseLost):
                await work.run_days()
        except _Stopped as end:
            with contextlib.suppress(_LeaseLost):
                await work.end(end.state, end.reason)
        self._show(await self.runs.runs())

    def _show(self, known: Sequence[ReconcileRun]) -> None:
        """The differences that the last ended run over all dossiers found, as a metric."""
        for run in known:
            stored = run.former if run.state == "running" else run.report
            if not run.requester and stored:
                self.gauge(run.portal, ReconcileReport.read(stored).counts)

    async def _work(self) -> None:
        fault = ""
        while True:
            self._wake.clear()
            try:
                await self.round()
                fault = ""
            except Exception as error:  # noqa: BLE001 -- the task lives on
                if type(error).__name__ != fault:
                    log().error("reconcile.failed", error=error)
                fault = type(error).__name__
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._wake.wait()


class _DaysLeft:
    """One run under this process's lease."""

    def __init__(self, of: Reconciler, run: ReconcileRun) -> None:
        self._of = of
        self._run = run
        self._portal = of.portals[run.portal]
        self._takes = of.takes.get(run.portal, ())
        self._report = ReconcileReport.read(run.report)
        #: what is found up to the day before: a day that is begun again counts once
        self._found = run.report
        self._renewed = of.now()
        self._failures = 0
        self._mended: set[tuple[str, str]] = set()

    async def run_days(self) -> None:
        """All days that are left. Raises _Stopped, _LeaseLost, RelayUnavailable."""
        day, until = date.fromisoformat(self._run.day), date.fromisoformat(self._run.until)
        while day <= until:
            found = await self._compare(day)
            self._check_wave(found)
            for one in found:
                await self._add(one, is_usable=str(day) not in self._report.incomplete)
            day += timedelta(days=1)
            self._run = self._run._replace(day=str(day))
            self._found = self._report.stored()
            await self._save()
        await self.end("done", "")

    async def end(self, state: str, reason: str) -> None:
        """Write the end of the run."""
        log().info("reconcile.ended", status=state, reason=reason, count=self._report.compared)
        self._run = self._run._replace(state=state, reason=reason)
        self._found = self._report.stored()
        await self._save()

    # -------------------------------------------------------------------------------------------- comparing

    async def _compare(self, day: date) -> list[Difference]:
        """The differences of one day."""
        listed = await self._listed(str(day))
        found = []
        async for row in self._changed_on(day):
            there = listed.pop(row.code, None)
            if self._concerns(row):
                found.append(await self._compare_one(row, there))
        for there in listed.values():
            rows = await self._of.rows.dossiers(DossierSearch(code=there.code))
            found += [
                await self._compare_one(row, there)
                for row in rows
                if self._concerns(row) and not self._has_a_day(row)
            ]
            if not rows and not self._run.requester:
                found.append(missing_here(self._run.portal, there))
        return [one for one in found if one is not None]

    async def _compare_one(self, row: DossierRow, listed: RemoteDossier | None) -> Difference | None:
        """The difference of one dossier; None as well when it cannot be compared now."""
        there = listed
        if listed is None or (self._of.limits.fields and not _tells_dates(listed)):
            try:
                there = await self._portal.look_up(row.code, await self._turn())
            except PortalUnavailable:
                self._fail()
                return None
        self._failures = 0
        if there is None and listed is not None:  # its list and its look-up contradict each other
            self._report.not_compared += 1
            return None
        self._report.compared += 1
        stated = {} if there is None else await self._of.stated(row)
        if self._difference(row, there, (), stated) is None:
            return None
        return await self._confirmed(row, there, stated)

    async def _confirmed(
        self, row: DossierRow, there: RemoteDossier | None, stated: Mapping[str, str]
    ) -> Difference | None:
        """The difference with the messages that are under way; None when the dossier has changed meanwhile."""
        wanted = DeliverySearch(target=self._run.portal, code=row.code, states=OPEN, most=100)
        key = f"{row.origin}|{row.code}"
        under_way = [one for one in await self._of.rows.deliveries(wanted) if one.order_key == key]
        newest = await self._of.rows.dossier(row.origin, row.code)
        if newest is None or newest.version != row.version:
            return None
        return self._difference(row, there, under_way, stated)

    def _fail(self) -> None:
        """Count a dossier that the portal did not answer for. Raises _Stopped."""
        self._report.not_compared += 1
        self._failures += 1
        if self._failures >= _FAILURES:
            raise _Stopped("failed", "portal_unavailable")

    def _difference(
        self, row: DossierRow, there: RemoteDossier | None, under_way: Sequence[DeliveryRow],
        stated: Mapping[str, str],
    ) -> Difference | None:  # fmt: skip
        return compared(row, there, self._run.portal, self._takes, under_way, self._of.rules, stated)

    def _concerns(self, row: DossierRow) -> bool:
        """Whether the portal gets changes of this dossier, and the run is about its requester and did not mend it."""
        if self._run.requester not in ("", row.requester) or (row.origin, row.code) in self._mended:
            return False
        if row.origin == PROVINCE:
            return MessageKind.DOSSIER in self._takes
        return row.origin == self._run.portal and MessageKind.STATUS in self._takes

    def _has_a_day(self, row: DossierRow) -> bool:
        """Whether the day on which it changed here is one of this run's: there it is compared, and only there."""
        changed = str(legal_day(datetime.fromtimestamp(row.changed, VIETNAM)))
        return self._run.since <= changed <= self._run.until

    async def _changed_on(self, day: date) -> AsyncIterator[DossierRow]:
        """The dossiers that changed here on a day, last changed first."""
        begin = datetime(day.year, day.month, day.day, tzinfo=VIETNAM).timestamp()
        wanted = DossierSearch(requester=self._run.requester, since=begin, until=begin + 86_400.0, most=_PAGE)
        while rows := await self._of.rows.dossiers(wanted):
            for row in rows:
                yield row
            if len(rows) < _PAGE:
                return
            wanted = wanted._replace(after=(rows[-1].changed, rows[-1].code))

    async def _listed(self, day: str) -> dict[str, RemoteDossier]:
        """The portal's dossiers of a day by code; none where it has no list, or one that cannot be used."""
        try:
            return await self._whole_list(day)
        except (PortalUnavailable, _Incomplete) as error:
            log().warning("reconcile.list_incomplete", reason=type(error).__name__)
            self._report.incomplete.append(day)
            return {}

    async def _whole_list(self, day: str) -> dict[str, RemoteDossier]:
        found: dict[str, RemoteDossier] = {}
        after = ""
        places = {after}
        for _ in range(_MOST_PAGES):
            page = await self._portal.listing(day, after, _PAGE, await self._turn())
            if page is None:
                return {}
            if any(found.setdefault(one.code, one) != one for one in page.dossiers):
                raise _Incomplete
            if not page.next:
                return found
            if page.next in places or not page.dossiers:
                raise _Incomplete
            after = page.next
            places.add(after)
        raise _Incomplete

    async def _turn(self) -> float:
        """Wait until the portal may be asked again; the time by which it must answer, of the loop's clock."""
        if self._of.now() - self._renewed > _RENEW_SECONDS:
            await self._save()
        await self._of.pause(1.0 / self._of.limits.per_second)
        return asyncio.get_running_loop().time() + _ASK_SECONDS

    # ---------------------------------------------------------------------------------------------- mending

    def _check_wave(self, found: Sequence[Difference]) -> None:
        """Raises _Stopped when too many dossiers are missing at the portal."""
        limits = self._of.limits
        missing = self._report.counts[Divergence.MISSING_THERE]
        missing += sum(one.kind is Divergence.MISSING_THERE for one in found)
        is_wave = missing > limits.wave and missing > limits.wave_share * self._report.compared
        if is_wave and not self._run.accept_wave:
            for one in found:
                self._report.add(one, mended=False)
            raise _Stopped("stopped", "too_many_missing")

    async def _add(self, found: Difference, *, is_usable: bool) -> None:
        mended = False
        if self._run.apply and is_usable and found.remedy in MENDED:
            mended = await self._of.mender.mend(found, self._notes())
            if mended:  # it changed now, and is compared again by the next run
                self._mended.add((found.origin, found.code))
        self._report.add(found, mended=mended)

    def _notes(self) -> dict[str, str]:
        """Of records of what is mended: the run, and who began it."""
        run = self._run
        return {"run": run.id, "staff": run.staff} if run.staff else {"run": run.id}

    async def _save(self) -> None:
        """Write how far it is, and renew the lease. Raises _LeaseLost."""
        now = self._of.now()
        running = self._run.state == "running"
        self._run = self._run._replace(
            report=self._found, changed=now, lease_until=now + _LEASE_SECONDS if running else 0.0
        )
        if not await self._of.runs.save(self._run):
            raise _LeaseLost
        self._renewed = now


def _tells_dates(listed: RemoteDossier) -> bool:
    return any(name.endswith("_at") for name in listed.facts)

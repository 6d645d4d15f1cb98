"""Dossiers and deliveries over SQL (gateway.ports.relay), in the log's database: a change is stored with its record.

Deliveries of one receiver and dossier are a queue; only its first open one is ever sent. `delivery_queues.due_at` says
when to look at a queue next, never too late: a claim locks queues that are due, and corrects the time of those whose
first delivery is not. So a claim costs as much as the deliveries that it takes, however many wait behind them.
All work locks the row of a queue before it looks at the queue's deliveries. An inbox has one row, which a process
locks until its commit: deliveries of an inbox appear in the order of `seq`.
"""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from adapters.stores.database import (
    Database,
    Many,
    ReadKind,
    RowStatement,
    RowWork,
    Statement,
    TableOwner,
    WorkStep,
)
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import RelayUnavailable
from gateway.domain.reasons import DeliveryReason
from gateway.ports.relay import (
    INBOX,
    OPEN,
    PASSED,
    DeliveryEvent,
    DeliveryRow,
    DeliverySearch,
    DeliveryState,
    DossierRow,
    DossierSearch,
    EventRow,
    KeyRow,
    Settled,
)

RELAY = TableOwner(unreadable=RelayUnavailable, unwritten=RelayUnavailable)

#: of a keyed index of a person
_INDEX_BYTES = 16
_PERSONS = DossierRow._fields.index("persons")
_KINDS = frozenset(MessageKind)
#: no column of a delivery: it is that of its queue
_REFERENCE = DeliveryRow._fields.index("reference")
#: dossiers, and keys, of one transaction of an erasure
_PAGE = 200
_FEW = 1_000
#: queues are due whose first delivery is not, or other processes have them: so often a claim looks again
_LOOKS = 20
# Word for word as in the indexes (r0014_relay.py).
_OPEN = "state IN ('queued', 'sending', 'unconfirmed', 'dead')"

_DOSSIER = (
    "origin text, code text, requester text, agency text, procedure text, other_code text, status text,"
    " status_at double precision, version bigint, digest bytea, period text, persons bytea, facts bytea,"
    " sealed bytea, parked text, opened double precision, changed double precision, erased double precision"
)
_EVENT = (
    "origin text, code text, id text, source text, status text, at double precision, came double precision,"
    " verdict text, period text, sealed bytea"
)
_DELIVERY = (
    "id text, target text, order_key text, kind text, code text, version bigint, requester text, exchange text,"
    " state text, attempts bigint, reason text, next_at double precision, lease_until double precision,"
    " opened double precision, changed double precision, period text, sealed bytea, tried double precision"
)
_KEY = "requester text, key text, digest bytea, answer bytea, status bigint, at double precision"
_HISTORY = (
    "delivery text, at double precision, what text, reason text, attempt bigint, exchange text, field text"
)


def _names(columns: str, before: str = "") -> str:
    return ", ".join(before + column.split()[0] for column in columns.split(","))


def _insert(table: str, columns: str, tail: str = "", *, must_find: bool = False) -> RowStatement:
    names = _names(columns)
    text = f"INSERT INTO {table} ({names}) SELECT {names} FROM given WHERE true {tail}"  # noqa: S608 -- our own names
    return RowStatement(columns, text, must_find=must_find)


# ------------------------------------------------------------------------------------------------ changes

_ADD_KEY = _insert("idempotency_keys", _KEY, "ON CONFLICT DO NOTHING", must_find=True)
_ADD_DOSSIER = _insert("dossiers", _DOSSIER, "ON CONFLICT DO NOTHING", must_find=True)
_CHANGE_DOSSIER = RowStatement(
    f"{_DOSSIER}, before bigint",
    f"UPDATE dossiers SET {', '.join(f'{name} = given.{name}' for name in _names(_DOSSIER).split(', '))} FROM given"  # noqa: S608 -- our own names
    " WHERE dossiers.code = given.code AND dossiers.origin = given.origin AND dossiers.version = given.before",
    must_find=True,
)
_DROP_OWNERS = RowStatement(
    "code text, origin text",
    "DELETE FROM dossier_owners WHERE (code, origin) IN (SELECT code, origin FROM given)",
)
_ADD_OWNER = _insert("dossier_owners", "person bytea, code text, origin text", "ON CONFLICT DO NOTHING")
_ADD_FILE = _insert("dossier_files", "digest text, code text, origin text", "ON CONFLICT DO NOTHING")
_ADD_EVENT = _insert("dossier_events", _EVENT, "ON CONFLICT DO NOTHING")
# In one order, so that two processes do not wait for each other.
_QUEUE_UP = RowStatement(
    "target text, order_key text, due double precision",
    "INSERT INTO delivery_queues (target, order_key, due_at) SELECT target, order_key, min(due) FROM given"
    " WHERE true GROUP BY target, order_key ORDER BY target, order_key ON CONFLICT (target, order_key)"
    " DO UPDATE SET due_at = coalesce(delivery_queues.due_at, excluded.due_at)",
)
# A dossier that passes what waits for it does not wait until that is due.
_PASS = RowStatement(
    "target text, order_key text, due double precision",
    "UPDATE delivery_queues AS q SET due_at = given.due FROM given WHERE q.target = given.target"  # noqa: S608 -- our own names
    " AND q.order_key = given.order_key AND q.due_at > given.due AND EXISTS (SELECT 1 FROM deliveries d"
    f" WHERE d.order_key = q.order_key AND d.target = q.target AND d.{_OPEN} AND d.state <> 'sending'"
    f" AND d.kind <> 'dossier' AND d.reason = '{DeliveryReason.DOSSIER_NOT_THERE}')",
)
_DEAD = (
    "d.order_key = given.order_key AND d.target = given.target AND d.kind = 'dossier' AND d.state = 'dead'"
    f" AND d.{_OPEN}"
)
_NOTE_SUPERSEDED = RowStatement(
    "order_key text, target text, at double precision, exchange text",
    f"INSERT INTO delivery_events ({_names(_HISTORY)}) SELECT d.id, given.at, 'superseded', '', d.attempts,"  # noqa: S608 -- our own names
    f" given.exchange, '' FROM given JOIN deliveries d ON {_DEAD}",
)
_SUPERSEDE = RowStatement(
    "order_key text, target text, at double precision",
    f"UPDATE deliveries AS d SET state = 'superseded', changed = given.at FROM given WHERE {_DEAD}",  # noqa: S608 -- our own names
)
_ADD_DELIVERY = RowStatement(
    _DELIVERY,
    f"INSERT INTO deliveries ({_names(_DELIVERY)}, state_before, holder)"  # noqa: S608 -- our own names
    f" SELECT {_names(_DELIVERY)}, '', '' FROM given WHERE true",
)
_NOTE = _insert("delivery_events", _HISTORY)

# ---------------------------------------------------------------------------------------------- attempts

_SETTLED = (
    "id text, holder text, state text, reason text, next_at double precision, at double precision, said bytea"
)
_LOOK_AGAIN = RowStatement(
    "id text, due double precision",
    "UPDATE delivery_queues SET due_at = given.due FROM given JOIN deliveries d ON d.id = given.id"
    " WHERE delivery_queues.target = d.target AND delivery_queues.order_key = d.order_key",
)
_REFER = RowStatement(
    "id text, reference text",
    "UPDATE delivery_queues SET reference = given.reference FROM given JOIN deliveries d ON d.id = given.id"
    " WHERE delivery_queues.target = d.target AND delivery_queues.order_key = d.order_key",
)
# A delivery that dies under a newer version of its dossier would hold that one up.
_SETTLE = RowStatement(
    _SETTLED,
    "UPDATE deliveries AS d SET state = CASE WHEN given.state = 'dead' AND d.kind = 'dossier' AND EXISTS"  # noqa: S608 -- our own names
    " (SELECT 1 FROM deliveries n WHERE n.order_key = d.order_key AND n.target = d.target AND n.seq > d.seq"
    f" AND n.kind = 'dossier' AND n.{_OPEN}) THEN 'superseded' ELSE given.state END,"
    " reason = given.reason, next_at = given.next_at, changed = given.at, lease_until = 0, holder = '',"
    " said = given.said FROM given WHERE d.id = given.id AND d.holder = given.holder AND d.state = 'sending'",
    must_find=True,
)
_NOTE_IF_SUPERSEDED = RowStatement(
    _HISTORY,
    f"INSERT INTO delivery_events ({_names(_HISTORY)}) SELECT {_names(_HISTORY, 'given.')}"  # noqa: S608 -- our own names
    " FROM given JOIN deliveries d ON d.id = given.delivery WHERE d.state = 'superseded'",
)
_REPLAY = RowStatement(
    "id text, at double precision",
    "UPDATE deliveries AS d SET state = 'unconfirmed', attempts = 0, reason = '', next_at = given.at,"
    " changed = given.at FROM given WHERE d.id = given.id AND d.state = 'dead'",
    must_find=True,
)
_DROP = RowStatement(
    "id text, at double precision, reason text",
    "UPDATE deliveries AS d SET state = 'superseded', reason = given.reason, changed = given.at"
    " FROM given WHERE d.id = given.id AND d.state = 'dead'",
    must_find=True,
)
_PULLED = f"d.id = given.id AND d.target = given.target AND d.{_OPEN}"
_NOTE_PULLED = RowStatement(
    "id text, target text, at double precision, what text, exchange text",
    f"INSERT INTO delivery_events ({_names(_HISTORY)}) SELECT d.id, given.at, given.what, '', d.attempts,"  # noqa: S608 -- our own names
    f" given.exchange, '' FROM given JOIN deliveries d ON {_PULLED}",
)
_ACKNOWLEDGE = RowStatement(
    "id text, target text, at double precision",
    f"UPDATE deliveries AS d SET state = 'delivered', changed = given.at FROM given WHERE {_PULLED}",  # noqa: S608 -- our own names
)
# The item of an inbox that was queued with a push, by the same change.
_TWIN = (
    "JOIN deliveries p ON p.id = given.id JOIN deliveries d ON d.order_key = p.order_key AND d.target = given.target"
    " AND d.kind = p.kind AND d.version = p.version AND d.exchange = p.exchange AND d.opened = p.opened"
    f" AND d.{_OPEN}"
)
_NOTE_PUSHED = RowStatement(
    "id text, target text, at double precision, exchange text",
    f"INSERT INTO delivery_events ({_names(_HISTORY)}) SELECT d.id, given.at, 'acknowledged', '', d.attempts,"  # noqa: S608 -- our own names
    f" given.exchange, '' FROM given {_TWIN}",
)
_ACKNOWLEDGE_PUSHED = RowStatement(
    "id text, target text, at double precision",
    "UPDATE deliveries SET state = 'delivered', changed = twin.at FROM"  # noqa: S608 -- our own names
    f" (SELECT d.seq, given.at FROM given {_TWIN}) AS twin WHERE deliveries.seq = twin.seq",
)

# ------------------------------------------------------------------------------------------------- claims

# The first open delivery of the queue `q`.
# The receiver lacks the dossier, which a newer version of it mends: that one passes the messages that wait for it.
_PASSES = (
    "(d.kind = 'dossier' AND EXISTS (SELECT 1 FROM deliveries w WHERE w.order_key = d.order_key"  # noqa: S608 -- our own names
    f" AND w.target = d.target AND w.{_OPEN} AND w.state <> 'sending' AND w.seq < d.seq AND w.kind <> 'dossier'"
    f" AND w.reason = '{DeliveryReason.DOSSIER_NOT_THERE}'))"
)
# What the receiver never takes waits for an operator, and holds nothing up.
_IS_PASSED = f"(d.state = 'dead' AND d.reason IN ({', '.join(repr(str(one)) for one in sorted(PASSED))}))"
_FIRST = (
    f"d.order_key = q.order_key AND d.target = q.target AND d.{_OPEN} AND NOT {_IS_PASSED}"
    f" ORDER BY {_PASSES} DESC, d.seq LIMIT 1"
)
# $3: until when deliveries are due; the time by which leases have ended follows.
_IS_DUE = "((state IN ('queued', 'unconfirmed') AND next_at <= $3) OR (state = 'sending' AND lease_until <="
# $2: the end of the lease; $5: the claim, by which it knows its queues among those with the same end.
# A process that claims at the same time takes other queues.
_TAKE_QUEUES = (
    "WITH taken AS MATERIALIZED (SELECT target, order_key FROM delivery_queues WHERE target = $1 AND due_at <= $3"
    " ORDER BY due_at LIMIT $4{lock}) UPDATE delivery_queues AS q SET due_at = $2, claim = $5 FROM taken"
    " WHERE q.target = taken.target AND q.order_key = taken.order_key"
)
_SKIP = " FOR UPDATE SKIP LOCKED"
# In a statement of its own: it sees what was committed until the queues were locked.
_CORRECT_QUEUES = (
    f"UPDATE delivery_queues AS q SET due_at = (SELECT CASE WHEN {_IS_DUE} $5)) THEN $2 WHEN state = 'dead' THEN NULL"  # noqa: S608 -- our own names
    f" WHEN state = 'sending' THEN lease_until ELSE next_at END FROM deliveries d WHERE {_FIRST})"
    " WHERE target = $1 AND due_at = $2 AND claim = $4"
)
_COLUMNS = f"seq, {_names(_DELIVERY)}"
_CLAIM = (
    "UPDATE deliveries SET state_before = state, state = 'sending', holder = $4, attempts = attempts + 1,"  # noqa: S608 -- our own names
    " tried = CASE attempts WHEN 0 THEN $3 ELSE tried END,"
    f" lease_until = $2 WHERE seq IN (SELECT (SELECT d.seq FROM deliveries d WHERE {_FIRST}) FROM delivery_queues q"
    f" WHERE q.target = $1 AND q.due_at = $2 AND q.claim = $5) AND {_IS_DUE} $6)) RETURNING "
    + _COLUMNS.replace(" state,", " state_before,").replace(" attempts,", " attempts - 1,")
    + ", (SELECT q.reference FROM delivery_queues q WHERE q.target = deliveries.target"
    " AND q.order_key = deliveries.order_key)"
)
_RELEASE_QUEUE = (
    "UPDATE delivery_queues AS q SET due_at = d.next_at FROM deliveries d WHERE d.id = $1 AND d.holder = $2"
    " AND d.state = 'sending' AND q.target = d.target AND q.order_key = d.order_key"
)
_RELEASE = (
    "UPDATE deliveries SET state = CASE state_before WHEN 'sending' THEN 'unconfirmed' ELSE state_before END,"
    " attempts = attempts - 1, lease_until = 0, holder = '' WHERE id = $1 AND holder = $2 AND state = 'sending'"
)
_NEXT = "SELECT min(due_at){time} FROM delivery_queues WHERE target = $1 AND due_at IS NOT NULL"
_SERVER_TIME = ", extract(epoch FROM clock_timestamp())::double precision"
# Work goes by keys; a plan that was made while a table was small must not read all of it later.
_BY_INDEX: Statement = ("SET LOCAL enable_seqscan = off", ())

# -------------------------------------------------------------------------------------------------- reads

_DELIVERIES = f"SELECT {_COLUMNS} FROM deliveries"  # noqa: S608 -- our own names
_DOSSIERS = f"SELECT {_names(_DOSSIER)} FROM dossiers"  # noqa: S608 -- our own names
_EVENTS = f"SELECT {_names(_EVENT)} FROM dossier_events WHERE code = $1 AND origin = $2 ORDER BY at, came, id"  # noqa: S608 -- our own names
_OF_DELIVERY = f"SELECT {_names(_HISTORY)} FROM delivery_events WHERE delivery = $1 ORDER BY seq"  # noqa: S608 -- our own names
_COUNTS = f"SELECT target, state, count(*) FROM deliveries WHERE {_OPEN} GROUP BY target, state"  # noqa: S608 -- our own names
_REMEMBERED = f"SELECT {_names(_KEY)} FROM idempotency_keys WHERE requester = $1 AND key = $2"  # noqa: S608 -- our own names

# ------------------------------------------------------------------------------------------------ erasure

# From ($2, $3, $4) on. What waits, or was never delivered, is kept.
_ERASABLE = (
    "SELECT changed, code, origin FROM dossiers o WHERE erased = 0 AND changed < $1"  # noqa: S608 -- our own names
    " AND (changed, code, origin) > ($2, $3, $4)"
    f" AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.order_key = o.origin || '|' || o.code AND d.{_OPEN})"
    " AND (SELECT max(d.changed) FROM deliveries d WHERE d.code = o.code AND d.order_key = o.origin || '|' || o.code"
    " AND d.state = 'delivered') < $1 ORDER BY changed, code, origin LIMIT $5"
)
# `changed` again: it may have changed meanwhile.
_ERASE = "UPDATE dossiers SET sealed = $5, erased = $4 WHERE code = $1 AND origin = $2 AND erased = 0 AND changed < $3"
_IS_ERASED = "EXISTS (SELECT 1 FROM dossiers o WHERE o.code = $1 AND o.origin = $2 AND o.erased > 0)"
# Messages and steps by their own age: some come after their dossier was erased, some have none. Few at once.
# Word for word as in the indexes (r0014_relay.py).
_ERASE_ARRIVED = (
    "UPDATE deliveries SET sealed = $2, said = $2 WHERE seq IN (SELECT seq FROM deliveries WHERE changed < $1"
    " AND state IN ('delivered', 'superseded') AND length(sealed) > 0 ORDER BY changed LIMIT $3) RETURNING id"
)
_ERASE_STEPS = (
    "UPDATE dossier_events SET sealed = $2 WHERE (code, origin, id) IN (SELECT e.code, e.origin, e.id"
    " FROM dossier_events e WHERE e.came < $1 AND length(e.sealed) > 0 AND NOT EXISTS (SELECT 1 FROM dossiers o"
    " WHERE o.code = e.code AND o.origin = e.origin AND o.erased = 0) ORDER BY e.came LIMIT $3) RETURNING id"
)
# Uids of the files of what is erased, or was never there.
_ERASE_UIDS = (
    "DELETE FROM file_uids WHERE uid IN (SELECT u.uid FROM file_uids u WHERE u.opened < $1 AND NOT EXISTS"
    " (SELECT 1 FROM dossiers o WHERE o.code = u.code AND o.origin = u.origin AND o.erased = 0)"
    " ORDER BY u.opened LIMIT $2) RETURNING uid"
)
# Files that messages and steps named, when nothing of them is left: their dossier is erased, or was never there.
_STRAY_FILES = (
    "SELECT f.digest, f.code, f.origin FROM dossier_files f WHERE NOT EXISTS (SELECT 1 FROM dossiers o"
    " WHERE o.code = f.code AND o.origin = f.origin AND o.erased = 0) AND NOT EXISTS (SELECT 1 FROM dossier_events e"
    " WHERE e.code = f.code AND e.origin = f.origin AND length(e.sealed) > 0) AND NOT EXISTS (SELECT 1"
    " FROM deliveries d WHERE d.code = f.code AND d.order_key = f.origin || '|' || f.code AND length(d.sealed) > 0)"
    " LIMIT $1"
)
_DROP_STRAY_FILES = f"DELETE FROM dossier_files WHERE (digest, code, origin) IN ({_STRAY_FILES})"  # noqa: S608 -- our own names
_DROP_FILES = "DELETE FROM dossier_files WHERE code = $1 AND origin = $2"
_ERASE_EVENTS = f"UPDATE dossier_events SET sealed = $3 WHERE code = $1 AND origin = $2 AND {_IS_ERASED}"  # noqa: S608 -- our own names
_ERASE_DELIVERIES = (
    "UPDATE deliveries SET sealed = $3, said = $3 WHERE code = $1 AND order_key = $2 || '|' || $1"  # noqa: S608 -- our own names
    f" AND state IN ('delivered', 'superseded') AND {_IS_ERASED}"
)
# Few at once: a record waits meanwhile.
_FORGET = (
    "DELETE FROM idempotency_keys WHERE (requester, key) IN"
    " (SELECT requester, key FROM idempotency_keys WHERE at < $1 ORDER BY at LIMIT $2) RETURNING key"
)


_REMEMBER = (
    f"INSERT INTO idempotency_keys ({_names(_KEY)}) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (requester, key)"  # noqa: S608 -- our own names
    " DO UPDATE SET {} WHERE idempotency_keys.status = 0 AND idempotency_keys.digest = excluded.digest"
)
_RESERVE = _REMEMBER.format("at = excluded.at") + " AND idempotency_keys.at < $7 RETURNING key"
_ANSWER = _REMEMBER.format("answer = excluded.answer, status = excluded.status, at = excluded.at")
_ABANDON = "DELETE FROM idempotency_keys WHERE requester = $1 AND key = $2 AND status = 0 AND at = $3"


class SqlRelay:
    """Implements gateway.ports.relay.RelayRows."""

    def __init__(self, database: Database, *, by_server_time: bool = False) -> None:
        """Over the database of the log. `by_server_time`: leases go by the clock of a server that hosts share."""
        self._database = database
        self._by_server_time = by_server_time
        self._claims = count()

    # ------------------------------------------------------------------------------------------- work

    def change(
        self,
        *,
        key: KeyRow | None = None,
        dossier: DossierRow | None = None,
        before: int = 0,
        events: Sequence[EventRow] = (),
        deliveries: Sequence[DeliveryRow] = (),
        files: Sequence[str] = (),
    ) -> RowWork:
        """Store a dossier, steps, deliveries and an answered key: all, or RowConflict."""
        steps = [
            WorkStep(_ADD_KEY, [key] if key is not None else ()),
            *(_of_dossier(dossier, before, files) if dossier is not None else ()),
            # of a message about a dossier that is not stored with it
            WorkStep(
                _ADD_FILE, [(one, *_key_of(events, deliveries)) for one in files] if dossier is None else ()
            ),
            WorkStep(_ADD_EVENT, events),
            *_of_deliveries(deliveries, is_new=dossier is not None and not before),
        ]
        return RowWork([step for step in steps if step.rows])

    def settle(self, settled: Settled) -> RowWork:
        """Write the end of an attempt; RowConflict when another process has the lease."""
        delivery, holder, state, reason, next_at, event, _, receiver_text, inbox = settled
        waits = state in (DeliveryState.QUEUED, DeliveryState.UNCONFIRMED)
        steps = [
            *([WorkStep(_QUEUE_UP, [(inbox, "", None)])] if inbox else ()),
            WorkStep(_LOOK_AGAIN, [(delivery, next_at if waits else event.at)]),
            WorkStep(_SETTLE, [(delivery, holder, state, reason, next_at, event.at, receiver_text)]),
            WorkStep(_NOTE, [(delivery, *event)]),
        ]
        if settled.reference:
            steps.append(WorkStep(_REFER, [(delivery, settled.reference)]))
        if inbox:
            steps += [
                WorkStep(_NOTE_PUSHED, [(delivery, inbox, event.at, event.exchange)]),
                WorkStep(_ACKNOWLEDGE_PUSHED, [(delivery, inbox, event.at)]),
            ]
        if state is DeliveryState.DEAD:
            then = event._replace(what="superseded", reason="")
            steps.append(WorkStep(_NOTE_IF_SUPERSEDED, [(delivery, *then)]))
        return RowWork(steps)

    def acknowledge(self, requester: str, deliveries: Sequence[str], event: DeliveryEvent) -> RowWork:
        """Mark deliveries of a requester's inbox as delivered."""
        target = f"{INBOX}{requester}"
        given = [(one, target, event.at) for one in dict.fromkeys(deliveries)]
        steps = [
            WorkStep(_QUEUE_UP, [(target, "", None)]),
            WorkStep(_NOTE_PULLED, [(*one, event.what, event.exchange) for one in given]),
            WorkStep(_ACKNOWLEDGE, given),
        ]
        return RowWork(steps if given else ())

    def replay(self, delivery: str, event: DeliveryEvent) -> RowWork:
        """Queue a dead delivery again; RowConflict when it is not dead."""
        return RowWork(
            [
                WorkStep(_LOOK_AGAIN, [(delivery, event.at)]),
                WorkStep(_REPLAY, [(delivery, event.at)]),
                WorkStep(_NOTE, [(delivery, *event)]),
            ]
        )

    def drop(self, delivery: str, event: DeliveryEvent) -> RowWork:
        """End a dead delivery; RowConflict when it is not dead."""
        return RowWork(
            [
                WorkStep(_LOOK_AGAIN, [(delivery, event.at)]),
                WorkStep(_DROP, [(delivery, event.at, event.reason)]),
                WorkStep(_NOTE, [(delivery, *event)]),
            ]
        )

    # ------------------------------------------------------------------------------------------ leases

    async def claim(
        self, target: str, holder: str, now: float, lease: float, most: int
    ) -> Sequence[DeliveryRow]:
        """Lease what is due, oldest first.

        A process whose clock is fast must not take the live leases of others, and one whose clock is slow must hold its
        own: leases go by one clock. What is due goes by the clock that is ahead.
        """
        server = self._database.arrays
        for look in range(_LOOKS):
            due, time = await self._due(target, now)
            until, late = time + lease, time if look else max(now, time)
            if due is None or due > late:  # the usual case of an idle gateway: no write, no lock
                return []
            claim = f"{holder} {next(self._claims)}"
            work: list[Statement | Many] = [
                *([_BY_INDEX] if server else ()),
                (_TAKE_QUEUES.format(lock=_SKIP if server else ""), (target, until, late, most, claim)),
                (_CORRECT_QUEUES, (target, until, late, claim, time)),
                (_CLAIM, (target, until, late, holder, claim, time)),
            ]
            if found := await self._database.write(*work):
                rows = sorted(map(_delivery, found))
                # A newer release stored what this one does not know: it keeps its lease, for a process that does.
                return [row for row in rows if row.kind in _KINDS]
        return []

    async def release(self, holder: str, deliveries: Sequence[str]) -> None:
        """Give leases back unused."""
        given = [(one, holder) for one in deliveries]
        if not given:
            return
        await self._database.write(Many(_RELEASE_QUEUE, given), Many(_RELEASE, given))

    async def _due(self, target: str, now: float) -> tuple[float | None, float]:
        """When to claim next, and the time now by the clock of leases."""
        text = _NEXT.format(time=_SERVER_TIME if self._by_server_time else "")
        [(at, *time)] = await self._database.read(text, target)
        return None if at is None else float(at), time[0] if time else now

    # ------------------------------------------------------------------------------------------- reads

    async def inbox(self, requester: str, after: int, count: int) -> Sequence[DeliveryRow]:
        """What a provincial system has not acknowledged, in order of `seq`."""
        text = f"{_DELIVERIES} WHERE target = $1 AND seq > $2 AND {_OPEN} ORDER BY seq LIMIT $3"
        found = await self._database.read(text, f"{INBOX}{requester}", after, count, way=ReadKind.SEARCH)
        return list(map(_delivery, found))

    async def dossier(self, origin: str, code: str) -> DossierRow | None:
        """The dossier of a key."""
        found = await self._database.read(f"{_DOSSIERS} WHERE code = $1 AND origin = $2", code, origin)
        return _dossier(found[0]) if found else None

    async def dossiers(self, wanted: DossierSearch) -> Sequence[DossierRow]:
        """Matching dossiers, last changed first."""
        where = _Where()
        for column in ("requester", "code", "origin", "status", "procedure"):
            where.equal(column, getattr(wanted, column))
        if wanted.persons:
            owners = "SELECT code, origin FROM dossier_owners WHERE person IN"  # then the places
            where.add(f"(code, origin) IN ({owners} ({{}}))", *wanted.persons)
        if wanted.since:
            where.add("changed >= {}", wanted.since)
        if wanted.until:
            where.add("changed < {}", wanted.until)
        if wanted.after is not None:
            where.add("(changed, code) < ({})", *wanted.after)
        text = f"{_DOSSIERS} {where.text('changed DESC, code DESC', wanted.most)}"
        way = ReadKind.QUICK if wanted.persons or wanted.code else ReadKind.SEARCH
        return [_dossier(row) for row in await self._database.read(text, *where.values, way=way)]

    async def events(self, origin: str, code: str) -> Sequence[EventRow]:
        """The steps of a dossier, by the time when they happened."""
        return [EventRow(*row) for row in await self._database.read(_EVENTS, code, origin)]

    async def delivery(self, delivery: str) -> DeliveryRow | None:
        """The delivery of an id."""
        found = await self._database.read(f"{_DELIVERIES} WHERE id = $1", delivery)
        return _delivery(found[0]) if found else None

    async def deliveries(self, wanted: DeliverySearch) -> Sequence[DeliveryRow]:
        """Matching deliveries, newest first."""
        where = _Where()
        where.add("seq < {}", wanted.before)
        for column in ("requester", "target", "code"):
            where.equal(column, getattr(wanted, column))
        if wanted.codes:
            where.add("code IN ({})", *wanted.codes)
        if wanted.states:
            where.add("state IN ({})", *wanted.states)
        order = "seq DESC"
        if wanted.states and set(wanted.states) <= set(OPEN):
            # So the index of what is open is read and sorted, and nothing sought among all that was delivered.
            where.add(f"{_OPEN} AND target >= ''")
            order = "seq + 0 DESC"
        text = f"{_DELIVERIES} {where.text(order, wanted.most)}"
        way = ReadKind.QUICK if wanted.code or wanted.codes else ReadKind.SEARCH
        return list(map(_delivery, await self._database.read(text, *where.values, way=way)))

    async def history(self, delivery: str) -> Sequence[DeliveryEvent]:
        """The steps of a delivery, oldest first."""
        found = await self._database.read(_OF_DELIVERY, delivery)
        return [DeliveryEvent(*row[1:]) for row in found]

    async def receiver_text(self, delivery: str) -> bytes:
        """What the receiver said of the last attempt, sealed."""
        found = await self._database.read("SELECT said FROM deliveries WHERE id = $1", delivery)
        return bytes(found[0][0]) if found else b""

    async def counts(self) -> Mapping[tuple[str, str], int]:
        """Open deliveries by target and state."""
        found = await self._database.read(_COUNTS, way=ReadKind.SEARCH)
        return {(target, state): count for target, state, count in found}

    async def key(self, requester: str, key: str) -> KeyRow | None:
        """What was answered under a key."""
        found = await self._database.read(_REMEMBERED, requester, key)
        return KeyRow(*found[0]) if found else None

    # ----------------------------------------------------------------------------------------- erasure

    async def reserve(self, key: KeyRow, before: float) -> bool:
        """Store a key without an answer durably; False: it is there."""
        return bool(await self._database.write((_RESERVE, (*key, before))))

    async def remember(self, key: KeyRow) -> None:
        """Store an answered key durably; one that has an answer stays."""
        await self._database.write((_ANSWER, key))

    async def abandon(self, key: KeyRow) -> None:
        """Forget a reserved key whose request failed."""
        await self._database.write((_ABANDON, (key.requester, key.key, key.at)))

    async def referred(self, digests: Sequence[str]) -> set[str]:
        """Which of these files a dossier names."""
        places = ", ".join(f"${place}" for place in range(1, len(digests) + 1))
        text = (
            f"SELECT digest FROM dossier_files WHERE digest IN ({places})"  # noqa: S608 -- places only
            f" UNION SELECT digest FROM file_uids WHERE digest IN ({places})"
        )
        found = await self._database.read(text, *digests) if digests else []
        return {str(digest) for (digest,) in found}

    async def erase(self, before: float, now: float) -> int:
        """Erase payloads that arrived, and were stored, before this time; facts and owners stay."""
        total = await self._erase_dossiers(before, now)
        for statement in (_ERASE_ARRIVED, _ERASE_STEPS):
            while found := await self._database.write((statement, (before, b"", _FEW)), erasing=True):
                total += len(found)
        while await self._database.write((_ERASE_UIDS, (before, _FEW)), erasing=True):
            pass
        # It reads the whole table: records wait only when there is something.
        while await self._database.read(_STRAY_FILES, 1, way=ReadKind.SEARCH):
            await self._database.write((_DROP_STRAY_FILES, (_FEW,)), erasing=True)
        return total

    async def _erase_dossiers(self, before: float, now: float) -> int:
        total, last = 0, (0.0, "", "")
        while True:
            found = await self._database.read(_ERASABLE, before, *last, _PAGE, way=ReadKind.SEARCH)
            if not found:
                return total
            keys = [(code, origin) for _, code, origin in found]
            await self._database.write(
                Many(_ERASE, [(*one, before, now, b"") for one in keys]),
                Many(_DROP_FILES, keys),
                Many(_ERASE_EVENTS, [(*one, b"") for one in keys]),
                Many(_ERASE_DELIVERIES, [(*one, b"") for one in keys]),
                erasing=True,
            )
            total, last = total + len(found), found[-1]

    async def forget_keys(self, before: float) -> None:
        """Forget keys that were answered before this time."""
        while await self._database.write((_FORGET, (before, _FEW))):
            pass


class _Where:
    """Conditions of a search; values are parameters."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self._wheres: list[str] = []

    def add(self, text: str, *values: object) -> None:
        """`{}` in it are the places of the values."""
        first = len(self.values) + 1
        self._wheres.append(
            text.format(", ".join(f"${place}" for place in range(first, first + len(values))))
        )
        self.values += values

    def equal(self, column: str, value: str) -> None:
        """A blank value is any."""
        if value:
            self.add(f"{column} = {{}}", value)

    def text(self, order: str, most: int) -> str:
        """`WHERE …` to its end."""
        self.values.append(most)
        where = f"WHERE {' AND '.join(self._wheres)} " if self._wheres else ""
        return f"{where}ORDER BY {order} LIMIT ${len(self.values)}"


def _of_dossier(dossier: DossierRow, before: int, files: Sequence[str]) -> Sequence[WorkStep]:
    key = (dossier.code, dossier.origin)
    row: list[object] = list(dossier)
    row[_PERSONS] = b"".join(dossier.persons)
    if not before:
        steps = [WorkStep(_ADD_DOSSIER, [row])]
    else:
        steps = [WorkStep(_CHANGE_DOSSIER, [(*row, before)]), WorkStep(_DROP_OWNERS, [key])]
    return [
        *steps,
        WorkStep(_ADD_OWNER, [(person, *key) for person in dossier.persons]),
        WorkStep(_ADD_FILE, [(digest, *key) for digest in files]),
    ]


def _key_of(events: Sequence[EventRow], deliveries: Sequence[DeliveryRow]) -> tuple[str, str]:
    """Code and origin of the dossier that steps, or messages without one, are about."""
    if events:
        return events[0].code, events[0].origin
    return deliveries[0].code, deliveries[0].order_key.partition("|")[0]


def _of_deliveries(deliveries: Sequence[DeliveryRow], *, is_new: bool) -> Sequence[WorkStep]:
    """`is_new`: their dossier is stored with them, so that nothing of it can be superseded."""
    dossiers = [] if is_new else [one for one in deliveries if one.kind is MessageKind.DOSSIER]
    return [
        WorkStep(_QUEUE_UP, list(map(_queue_of, deliveries))),
        WorkStep(
            _NOTE_SUPERSEDED, [(one.order_key, one.target, one.opened, one.exchange) for one in dossiers]
        ),
        WorkStep(_SUPERSEDE, [(one.order_key, one.target, one.opened) for one in dossiers]),
        WorkStep(_PASS, [_queue_of(one) for one in dossiers if not one.target.startswith(INBOX)]),
        WorkStep(_ADD_DELIVERY, [one[1:_REFERENCE] for one in deliveries]),
        WorkStep(_NOTE, [(one.id, one.opened, "queued", "", 0, one.exchange, "") for one in deliveries]),
    ]


def _queue_of(delivery: DeliveryRow) -> tuple[str, str, float | None]:
    if delivery.target.startswith(INBOX):
        return delivery.target, "", None
    return delivery.target, delivery.order_key, delivery.next_at


def _dossier(row: tuple[Any, ...]) -> DossierRow:
    found = DossierRow(*row)
    held = bytes(row[_PERSONS])
    persons = (held[start : start + _INDEX_BYTES] for start in range(0, len(held), _INDEX_BYTES))
    return found._replace(persons=tuple(persons))


def _delivery(row: tuple[Any, ...]) -> DeliveryRow:
    found = DeliveryRow(*row)
    kind = MessageKind(found.kind) if found.kind in _KINDS else found.kind
    return found._replace(kind=kind, state=DeliveryState(found.state))

"""Consents, own data and requests of data subjects over SQL (gateway.ports.consents)."""

from collections.abc import Sequence

from adapters.schema.revision import DatabaseFile
from adapters.stores.database import Database, Many, Statement, TableOwner, search
from gateway.domain.errors import ConsentsUnavailable
from gateway.domain.row_filter import RowFilter
from gateway.ports.consents import Claim, ConsentRow, Copies, OwnDataKey, OwnDataValue, SubjectRequestRow

#: in SQLite in a file of its own beside the log's
CONSENTS = TableOwner(
    unreadable=ConsentsUnavailable, unwritten=ConsentsUnavailable, file=DatabaseFile.CONSENTS
)
_CONSENT = (
    "SELECT seq, id, period, person, requester, recorder, purpose, given, expires, withdrawn, body, sealed"
    " FROM consents"
)
_SUBJECT_REQUEST = (
    "SELECT seq, id, period, person, requester, kind, received, state, acknowledge_by, answer_by, version, body, sealed"
    " FROM subject_requests"
)
_ADD_CONSENT = (
    "INSERT INTO consents (id, period, person, requester, recorder, purpose, given, expires, withdrawn, body, sealed)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
)
_ADD_SUBJECT_REQUEST = (
    "INSERT INTO subject_requests (id, period, person, requester, kind, received, state, acknowledge_by, answer_by,"
    " version, body, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    " ON CONFLICT (id) DO NOTHING RETURNING id"
)
_CHANGE = (
    "UPDATE subject_requests SET state = $3, acknowledge_by = $4, answer_by = $5, version = version + 1, body = $6"
    " WHERE id = $1 AND version = $2 RETURNING id"
)
_LATE = (
    "state IN ('received', 'acknowledged')"
    " AND (answer_by < {place} OR (state = 'received' AND acknowledge_by < {place}))"
)
_OVERDUE = f"SELECT count(*) FROM subject_requests WHERE {_LATE.format(place='$1')}"  # noqa: S608 -- our own text
_WITHDRAW = "UPDATE consents SET withdrawn = $2 WHERE id = $1 AND withdrawn = 0"
# A write of own data and a withdrawal wait for each other here.
_HOLD = "UPDATE consents SET withdrawn = withdrawn WHERE id = $1"
_ADD_KEY = (
    "INSERT INTO own_data_keys (consent, period, person, requester, wrapped) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (consent) DO NOTHING"
)
_NO_KEY = (
    "DELETE FROM own_data_keys WHERE consent = $1 AND NOT EXISTS"
    " (SELECT 1 FROM consents WHERE id = $1 AND withdrawn = 0 AND expires > $2)"
)
_KEY = "SELECT consent, period, person, requester, wrapped FROM own_data_keys WHERE consent = $1"
_PUT = (
    "INSERT INTO own_data (consent, attribute, given, until, sealed) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (consent, attribute) DO UPDATE SET given = excluded.given, until = excluded.until,"
    " sealed = excluded.sealed"
)
_NO_VALUE = (
    "DELETE FROM own_data WHERE consent = $1 AND NOT EXISTS (SELECT 1 FROM own_data_keys WHERE consent = $1)"
)
_OVER = "DELETE FROM own_data WHERE until <= $1 OR consent IN (SELECT id FROM consents WHERE expires <= $1)"
_KEYS_OVER = "DELETE FROM own_data_keys WHERE consent IN (SELECT id FROM consents WHERE expires <= $1)"
_TAKEN_OVER = "DELETE FROM decisions WHERE until <= $1"
_TAKE = "INSERT INTO decisions (key, until) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING RETURNING key"
_CONFIRM = "UPDATE decisions SET until = $2 WHERE key = $1"
_HELD = "SELECT 1 FROM decisions WHERE key = $1 AND until > $2"
_GIVE_BACK = "DELETE FROM decisions WHERE key = $1 AND until = $2"
# A value that was given anew meanwhile is another one: `given` differs.
_MARK = (
    "INSERT INTO refused_copies (key, exchange, requester, consent, attribute, given)"
    " SELECT $1, $2, k.requester, v.consent, v.attribute, v.given"
    " FROM own_data_keys k JOIN own_data v ON v.consent = k.consent"
    " WHERE k.requester = $3 AND k.person IN ({persons}) AND v.attribute IN ({names}) ON CONFLICT DO NOTHING"
)
_UNMARK = "DELETE FROM refused_copies WHERE key = $1"
_UNMARK_OLD = (
    "DELETE FROM refused_copies WHERE key = $1"
    " AND NOT EXISTS (SELECT 1 FROM decisions WHERE key = $1 AND until > $2)"
)
_ERASE_MARKED = (
    "DELETE FROM own_data WHERE (consent, attribute, given) IN"
    " (SELECT consent, attribute, given FROM refused_copies WHERE key = $1)"
)
_OPEN_CLAIMS = (
    "SELECT DISTINCT r.key, r.exchange, r.requester FROM refused_copies r"
    " WHERE NOT EXISTS (SELECT 1 FROM decisions d WHERE d.key = r.key AND d.until > $1)"
)
_OF = (
    "SELECT k.consent, k.period, k.person, k.requester, k.wrapped, v.attribute, v.given, v.until, v.sealed"
    " FROM own_data_keys k JOIN own_data v ON v.consent = k.consent JOIN consents c ON c.id = k.consent"
    " WHERE k.requester = $1 AND v.until > $2 AND c.withdrawn = 0 AND c.expires > $2 AND k.person IN ({persons})"
    " AND NOT EXISTS (SELECT 1 FROM refused_copies r"
    " WHERE r.consent = v.consent AND r.attribute = v.attribute AND r.given = v.given)"
    " ORDER BY v.given DESC"
)


class SqlConsents:
    """Implements gateway.ports.consents.ConsentRows."""

    def __init__(self, database: Database) -> None:
        """Over a database with the tables."""
        self._database = database

    async def add(
        self, row: ConsentRow, key: OwnDataKey | None = None, values: Sequence[OwnDataValue] = ()
    ) -> None:
        """Store a consent durably; the own data that it is given with in the same transaction."""
        own = () if key is None else ((_ADD_KEY, key), Many(_PUT, values))
        await self._database.write((_ADD_CONSENT, row[1:]), *own)

    async def find(self, consent: str) -> ConsentRow | None:
        """The consent with this id."""
        found = await self._database.read(f"{_CONSENT} WHERE id = $1", consent)
        return ConsentRow(*found[0]) if found else None

    async def about(self, wanted: RowFilter) -> Sequence[ConsentRow]:
        """The newest matching rows, newest first."""
        text, values = search(_CONSENT, wanted)
        return [ConsentRow(*row) for row in await self._database.read(text, *values)]

    async def withdraw(self, consent: str, at: float) -> None:
        """End a consent; own data kept under it are erased in the same transaction."""
        one = (consent,)
        await self._database.write(
            (_WITHDRAW, (consent, at)),
            ("DELETE FROM own_data_keys WHERE consent = $1", one),
            ("DELETE FROM own_data WHERE consent = $1", one),
            # without its key nobody reads the file of a kept paper; it is deleted soon after
            ("UPDATE kept_papers SET sealed = $2 WHERE consent = $1", (consent, b"")),
            erasing=True,
        )


class SqlOwnData:
    """Implements gateway.ports.consents.OwnDataRows."""

    def __init__(self, database: Database) -> None:
        """Over a database with the tables."""
        self._database = database

    async def key(self, row: OwnDataKey, now: float) -> OwnDataKey | None:
        """The key of a consent; None when the consent is not in force."""
        one = (row.consent,)
        found = await self._database.write(
            (_HOLD, one), (_ADD_KEY, row), (_NO_KEY, (row.consent, now)), (_KEY, one)
        )
        return OwnDataKey(*found[0]) if found else None

    async def put(self, values: Sequence[OwnDataValue]) -> None:
        """Store own data."""
        work: list[Statement | Many] = []
        for consent in dict.fromkeys(value.consent for value in values):
            of_it = [value for value in values if value.consent == consent]
            work += [(_HOLD, (consent,)), Many(_PUT, of_it), (_NO_VALUE, (consent,))]
        await self._database.write(*work)

    async def of(
        self, persons: Sequence[bytes], requester: str, now: float
    ) -> Sequence[tuple[OwnDataKey, OwnDataValue]]:
        """Own data of a person under consents in force, newest first."""
        if not persons:
            return []
        places = ", ".join(f"${place}" for place in range(3, 3 + len(persons)))
        found = await self._database.read(_OF.format(persons=places), requester, now, *persons)
        return [(OwnDataKey(*row[:5]), OwnDataValue(row[0], *row[5:])) for row in found]

    async def erase(self, before: float) -> None:
        """Erase expired own data."""
        await self._database.write((_OVER, (before,)), (_KEYS_OVER, (before,)), erasing=True)


class SqlSubjectRequests:
    """Implements gateway.ports.consents.SubjectRequestRows."""

    def __init__(self, database: Database) -> None:
        """Over a database with the tables."""
        self._database = database

    async def add(self, row: SubjectRequestRow) -> bool:
        """Store a request durably; False when its id exists."""
        return bool(await self._database.write((_ADD_SUBJECT_REQUEST, row[1:])))

    async def find(self, demand: str) -> SubjectRequestRow | None:
        """The request with this id."""
        found = await self._database.read(f"{_SUBJECT_REQUEST} WHERE id = $1", demand)
        return SubjectRequestRow(*found[0]) if found else None

    async def about(self, wanted: RowFilter) -> Sequence[SubjectRequestRow]:
        """The newest matching rows, newest first."""
        text, values = search(_SUBJECT_REQUEST, wanted)
        return [SubjectRequestRow(*row) for row in await self._database.read(text, *values)]

    async def late(self, wanted: RowFilter, today: str) -> Sequence[SubjectRequestRow]:
        """The newest matching overdue rows, newest first."""
        text, values = search(_SUBJECT_REQUEST, wanted, _LATE, today)
        return [SubjectRequestRow(*row) for row in await self._database.read(text, *values)]

    async def change(self, row: SubjectRequestRow) -> bool:
        """Replace a request by its changed version."""
        values = (row.id, row.version, row.state, row.acknowledge_by, row.answer_by, row.body)
        return bool(await self._database.write((_CHANGE, values)))

    async def overdue(self, today: str) -> int:
        """The number of overdue requests."""
        found = await self._database.read(_OVERDUE, today)
        return int(found[0][0])


class SqlDecisions:
    """Implements gateway.ports.consents.Decisions."""

    def __init__(self, database: Database) -> None:
        """Over a database with the table."""
        self._database = database

    async def take(self, key: bytes, now: float, until: float) -> bool:
        """Claims the decision; False if it is taken. Expired claims are deleted first."""
        return bool(await self._database.write((_TAKEN_OVER, (now,)), (_TAKE, (key, until))))

    async def held(self, key: bytes, now: float) -> bool:
        """Whether the decision is claimed."""
        return bool(await self._database.read(_HELD, key, now))

    async def mark_for_erasure(self, claim: Claim, copies: Sequence[Copies]) -> None:
        """Hide these copies until the decision is confirmed or given back."""
        work: list[Statement] = [(_UNMARK, (claim.key,))]
        for persons, names in copies:
            if not persons or not names:
                continue
            places = [f"${place}" for place in range(4, 4 + len(persons) + len(names))]
            whose, which = places[: len(persons)], places[len(persons) :]
            text = _MARK.format(persons=", ".join(whose), names=", ".join(which))
            work.append((text, (*claim, *persons, *names)))
        await self._database.write(*work)

    async def confirm(self, key: bytes, until: float, *, erasing: bool) -> None:
        """The decision was carried out: copies marked for erasure are erased in the same transaction."""
        one = (key,)
        to_erase: list[Statement] = [(_ERASE_MARKED, one), (_UNMARK, one)] if erasing else []
        await self._database.write(*to_erase, (_CONFIRM, (key, until)), erasing=erasing)

    async def give_back(self, key: bytes, until: float, *, forgetting: bool) -> None:
        """The decision may be claimed again; `forgetting`: nothing stays marked for erasure."""
        to_erase: list[Statement] = [(_UNMARK_OLD, (key, until))] if forgetting else []
        await self._database.write((_GIVE_BACK, (key, until)), *to_erase)

    async def open(self, now: float) -> Sequence[Claim]:
        """Decisions that no process claims and that have copies marked for erasure."""
        return [Claim(*row) for row in await self._database.read(_OPEN_CLAIMS, now)]

    async def forget(self, key: bytes, now: float) -> None:
        """Nothing stays marked for erasure, unless the decision is claimed again."""
        await self._database.write((_UNMARK_OLD, (key, now)))

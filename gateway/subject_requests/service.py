"""Requests of data subjects (Law 91/2025, Decree 356/2025): received with due dates, then processed.

Acknowledged within 2 working days; extended once at most; answered within calendar days, or refused with a reason.
Every act is recorded first; an act that then fails gets a second record that says so. The person's text is encrypted.
Lists have ids, kinds, states and days; the person is returned only with an act.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2s
from string import ascii_lowercase
from typing import Any, Literal

import orjson

from gateway.config.consents import SubjectRequestKind, SubjectRequestSettings
from gateway.consents.grantable import KEPT
from gateway.consents.sealing import index_of
from gateway.consents.service import ConsentContext, named
from gateway.domain import sentences as say
from gateway.domain.dates import legal_day, rfc3339
from gateway.domain.errors import (
    Conflict,
    ConsentsUnavailable,
    LogUnavailable,
    NotFound,
    Unprocessable,
    fault_at,
)
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.domain.row_filter import RowFilter
from gateway.exchange_log.aead import seal, unseal
from gateway.exchange_log.keys import PeriodKeys
from gateway.ports.consents import SubjectRequestRow, SubjectRequestRows
from gateway.subject_requests.days import WorkingDays

SubjectRequestStep = Literal["acknowledge", "extend", "answer", "refuse"]
#: open: neither answered nor refused; overdue: open, and due before today
SubjectRequestSearch = Literal["all", "open", "overdue"]
_OPEN = ("received", "acknowledged")
#: limit of one person's consents in a look-up
_MOST = 1_000
_ID_LETTERS = 24
_CLOSED = {"answered", "refused"}
_STATES: dict[SubjectRequestStep, str] = {
    "acknowledge": "acknowledged",
    "answer": "answered",
    "refuse": "refused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubjectRequest:
    """A request as it was received."""

    #: `Subject.key`; personal data
    person: str
    kind: SubjectRequestKind
    #: the person's text; personal data
    text: str
    #: whether a processor or a third party takes part; terms are longer then
    third_party: bool
    #: the consent that it is about; empty: none
    consent: str


class SubjectRequests:
    """The queue."""

    def __init__(
        self, context: ConsentContext, rows: SubjectRequestRows, new_id: Callable[[str], str]
    ) -> None:
        """Terms and holidays are those of the configuration. `new_id`: makes an id with a given prefix."""
        self._context = context
        self._rows = rows
        self._new_id = new_id
        self._settings: SubjectRequestSettings = context.configuration.consents.requests
        self._days = WorkingDays(context.configuration.holidays)

    async def open(self, caller: Caller, new_request: NewSubjectRequest, key: str = "") -> dict[str, object]:
        """Receive a request; the answer has its id and due dates. A repeated `key` returns the first request.

        Raises Unprocessable for a repeated key with another content.
        """
        request = _id_of(caller.requester.id, key) if key else self._new_id("sr")
        before = await self._rows.find(request) if key else None
        row = before or await self._added(caller, new_request, request)
        if row is None:  # a concurrent identical request was first
            row = before = await self._rows.find(request)
        if row is None:
            raise ConsentsUnavailable(say.SUBJECT_REQUEST_UNREAD)
        now = self._context.recorder.clock.now()
        if before is not None:
            await self._check_same(row, new_request)
            now = await self._note(caller, "request_repeated", new_request.person, request, kind=row.kind)
        return {"exchange_id": caller.exchange, **self._shown(row, legal_day(now))}

    async def _added(
        self, caller: Caller, new_request: NewSubjectRequest, request: str
    ) -> SubjectRequestRow | None:
        """The new row; None where a row with this id exists."""
        context = self._context
        now = await self._note(caller, "request_opened", new_request.person, request, kind=new_request.kind)
        async with context.noting_failure(
            caller, "opened", new_request.person, "request_not_done", request=request
        ):
            row = self._row(caller, new_request, request, now, await context.keys(now))
            if await self._rows.add(row):
                return row
        await self._undone(caller, "opened", new_request.person, request, "repeated")
        return None

    async def _check_same(self, row: SubjectRequestRow, new_request: NewSubjectRequest) -> None:
        opened, body = await self._opened(row), orjson.loads(row.body)
        before = (
            opened.get("person"),
            opened.get("text"),
            row.kind,
            body["third_party"],
            body["consent"] or "",
        )
        now = (
            new_request.person,
            new_request.text,
            new_request.kind,
            new_request.third_party,
            new_request.consent,
        )
        if opened and before != now:
            raise Unprocessable(say.KEY_REUSED, code=ProblemCode.IDEMPOTENCY_KEY_REUSED)

    def _row(
        self, caller: Caller, new_request: NewSubjectRequest, request: str, now: datetime, keys: PeriodKeys
    ) -> SubjectRequestRow:
        today, term = legal_day(now), self._settings.term(new_request.kind)
        days = term.with_third_party if new_request.third_party else term.days
        acknowledge_by = self._days.after(today, self._settings.acknowledge_days)
        body = {
            "third_party": new_request.third_party, "consent": new_request.consent or None, "extended": False,
            "reason": None,
            "acts": [{"act": "opened", "at": rfc3339(now), "by": caller.requester.id}],
            "holidays_known": self._days.knows(today, acknowledge_by),
        }  # fmt: skip
        content = orjson.dumps({"person": new_request.person, "text": new_request.text})
        return SubjectRequestRow(
            0, request, keys.period, index_of(keys, new_request.person), caller.requester.id, new_request.kind,
            now.timestamp(), "received", acknowledge_by.isoformat(), (today + timedelta(days=days)).isoformat(), 1,
            orjson.dumps(body).decode(), seal(keys.encryption, content, request.encode()),
        )  # fmt: skip

    async def search(
        self, caller: Caller, person: str, state: SubjectRequestSearch, after: str | None, count: int
    ) -> dict[str, object]:
        """Requests, newest first: a person's, else all that the caller may see. Raises NotFound (cursor)."""
        context = self._context
        now = await self._note(caller, "requests_searched", person)
        own = "" if (caller.serves_citizens and person) or _is_admin(caller) else caller.requester.id
        before = RowFilter().before
        if after is not None:
            before = (await self._visible(caller, after, person)).seq
        persons = await context.person_keys.indexes(person) if person else ()
        if person and not persons:
            return {"exchange_id": caller.exchange, "requests": [], "next": None}
        wanted, today = RowFilter(persons, own, (), before, count + 1), legal_day(now)
        if state == "overdue":
            found = list(await self._rows.late(wanted, today.isoformat()))
        else:
            found = list(await self._rows.about(wanted._replace(states=_OPEN if state == "open" else ())))
        page = found[:count]
        return {
            "exchange_id": caller.exchange,
            "requests": [self._shown(row, today) for row in page],
            "next": page[-1].id if len(found) > count else None,
        }

    async def update(
        self, caller: Caller, request: str, act: SubjectRequestStep, reason: str
    ) -> dict[str, object]:
        """Do one act; the answer names the person and the request. Raises NotFound, Conflict, Unprocessable."""
        row = await self._visible(caller, request, "")
        body = orjson.loads(row.body)
        _check(row, body, act, reason)
        opened = await self._opened(row)
        person = str(opened.get("person", ""))
        if (row.kind, act) == ("deletion", "answer") and person:
            await self._check_deleted(person)
        now = await self._note(caller, f"request_{_WORDS[act]}", person, request, kind=row.kind)
        body["acts"].append({"act": _WORDS[act], "at": rfc3339(now), "by": caller.requester.id})
        changed = self._changed(row, body, act, reason)
        try:
            done = await self._rows.change(changed)
        except ConsentsUnavailable:
            await self._undone(caller, _WORDS[act], person, request, "unknown")
            raise
        if not done:
            await self._undone(caller, _WORDS[act], person, request, "state_differs")
            raise Conflict(say.SUBJECT_REQUEST_CHANGED)
        members_shown = {"exchange_id": caller.exchange, **self._shown(changed, legal_day(now))}
        return {**members_shown, "text": opened.get("text"), "subject": _who(person)}

    async def _check_deleted(self, person: str) -> None:
        """Raises Conflict while data of the person are kept here: a deletion must be done before it is answered."""
        persons, now = (
            await self._context.person_keys.indexes(person),
            self._context.recorder.clock.now().timestamp(),
        )
        found = await self._context.rows.about(RowFilter(persons, count=_MOST)) if persons else ()
        if any(not row.withdrawn and row.expires > now and KEPT in named(row) for row in found):
            raise Conflict(say.STILL_KEPT, code=ProblemCode.DATA_STILL_KEPT)

    def _changed(
        self, row: SubjectRequestRow, body: dict[str, Any], act: SubjectRequestStep, reason: str
    ) -> SubjectRequestRow:
        if act == "extend":
            extra = self._settings.term(row.kind).extension  # type: ignore[arg-type]  # it was checked when it came
            extended = date.fromisoformat(row.answer_by) + timedelta(days=extra)
            row = row._replace(answer_by=extended.isoformat())
            body["extended"] = True
        body["reason"] = reason or body["reason"]
        return row._replace(state=_STATES.get(act, row.state), body=orjson.dumps(body).decode())

    async def _undone(self, caller: Caller, act: str, person: str, request: str, outcome: str) -> None:
        """Record that a recorded act was not done, or that its result is unknown."""
        with contextlib.suppress(LogUnavailable):  # the caller gets the error that prevented the act
            await self._note(caller, "request_not_done", person, request, undone=act, outcome=outcome)

    async def overdue(self) -> int:
        """Number of overdue requests today. Raises ConsentsUnavailable."""
        return await self._rows.overdue(legal_day(self._context.recorder.clock.now()).isoformat())

    async def _note(self, caller: Caller, act: str, person: str, request: str = "", **more: str) -> datetime:
        facts = {**more, **({"request": request} if request else {})}
        return await self._context.note(caller, act, person, **facts)

    async def _visible(self, caller: Caller, request: str, person: str) -> SubjectRequestRow:
        row = await self._rows.find(request)
        known = row is not None and (row.requester == caller.requester.id or _is_admin(caller))
        if not known and person and caller.serves_citizens:
            # computed even without a request: it takes the same time
            indexes = await self._context.person_keys.indexes(person)
            known = row is not None and row.person in indexes
        if row is None or not known:
            raise NotFound(say.NO_SUCH_SUBJECT_REQUEST, code=ProblemCode.REQUEST_UNKNOWN)
        return row

    async def _opened(self, row: SubjectRequestRow) -> dict[str, Any]:
        keys = await self._context.person_keys.of(row.period)
        plain = None if keys is None else unseal(keys.encryption, row.sealed, row.id.encode())
        found: dict[str, Any] = {} if plain is None else orjson.loads(plain)
        return found

    def _shown(self, row: SubjectRequestRow, today: date) -> dict[str, Any]:
        body, day = orjson.loads(row.body), today.isoformat()
        late = row.state not in _CLOSED and (
            row.answer_by < day or (row.state == "received" and row.acknowledge_by < day)
        )
        return {
            "request": row.id, "kind": row.kind, "state": row.state, "requester": row.requester,
            "received_at": rfc3339(datetime.fromtimestamp(row.received, UTC)),
            "acknowledge_by": row.acknowledge_by, "answer_by": row.answer_by, "overdue": late, **body,
        }  # fmt: skip


_WORDS: dict[SubjectRequestStep, str] = {
    "acknowledge": "acknowledged", "extend": "extended", "answer": "answered", "refuse": "refused",
}  # fmt: skip


def _id_of(requester: str, key: str) -> str:
    """The id for a requester's Idempotency-Key: the same key gives the same id."""
    number, letters = int.from_bytes(blake2s(f"{requester}\0{key}".encode()).digest()), []
    for _ in range(_ID_LETTERS):
        number, rest = divmod(number, len(ascii_lowercase))
        letters.append(ascii_lowercase[rest])
    return "sr-" + "".join(letters)


def _who(key: str) -> dict[str, Any] | None:
    """The person's number; None when the keys of the period are erased."""
    number = key.partition("|")[2]
    kind, colon, own = number.partition(":")
    if colon:
        return {kind: own} if kind == "passport" else {"identifier": {"kind": kind, "number": own}}
    kinds = {12: "personal_id", 9: "old_id"}
    return (
        {kinds.get(len(number), "passport") if number.isdigit() else "passport": number} if number else None
    )


def _is_admin(caller: Caller) -> bool:
    """Whether the caller administers the gateway and sees the whole queue."""
    return "admin" in caller.requester.scopes


def _check(row: SubjectRequestRow, body: dict[str, Any], act: SubjectRequestStep, reason: str) -> None:
    if row.state in _CLOSED:
        raise Conflict(say.SUBJECT_REQUEST_IS(state=row.state))
    if act == "acknowledge" and row.state != "received":
        raise Conflict(say.SUBJECT_REQUEST_ACKNOWLEDGED)
    if act == "extend" and body["extended"]:
        raise Conflict(say.SUBJECT_REQUEST_EXTENDED)
    if act in ("extend", "refuse") and not reason:
        raise fault_at("/reason", say.SAY_WHY, ProblemCode.REASON_MISSING)

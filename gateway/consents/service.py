"""Consents: given with a receipt, looked up, withdrawn; and for the policy, whether one holds.

Every act is recorded in the exchange log first. Nothing is cached between look-ups: a withdrawal takes effect in every
process at once. A consent that the caller may not see gets the same answer as one that does not exist.
"""

import contextlib
import hmac
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2s
from typing import Any

import orjson

from gateway.access.access_tokens import APART_SECONDS
from gateway.config.configuration import Configuration
from gateway.consents.given import GivenConsent, check
from gateway.consents.receipts import receipt, signed
from gateway.consents.sealing import PersonKeys, index_of
from gateway.documents.keys import DocumentKey
from gateway.domain import sentences as say
from gateway.domain.access import ValidConsent
from gateway.domain.dates import rfc3339
from gateway.domain.errors import ConsentsUnavailable, LogUnavailable, NotFound, fault_at
from gateway.domain.exchange import Phase
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import Reason
from gateway.domain.row_filter import RowFilter
from gateway.exchange_log.aead import seal, unseal
from gateway.exchange_log.keys import PeriodKeys
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.mapping.load import Catalogue
from gateway.ports.consents import ConsentRow, ConsentRows, OwnDataKey, OwnDataValue

#: a consent that is about to be stored -> the key and the values of the first own data under it
FirstOwnData = Callable[[ConsentRow], Awaitable[tuple[OwnDataKey, Sequence[OwnDataValue]]]]
_LETTERS = "abcdefghijkmnpqrstuvwxyz"
#: size of a person's number, encrypted
_SEALED_BYTES = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentContext:
    """What all acts share."""

    rows: ConsentRows
    person_keys: PersonKeys
    recorder: Recorder
    #: signs receipts
    key: DocumentKey
    configuration: Configuration
    catalogue: Catalogue
    new_id: Callable[[str], str]

    async def note(
        self, caller: Caller, act: str, person: str = "", purpose: str = "", **more: str | int | bool
    ) -> datetime:
        """Write the record of an act; returns its time. Raises LogUnavailable."""
        now, consent = self.recorder.clock.now(), more.get("consent", "")
        about = RecordHeader(
            caller.exchange, caller.requester.id, caller.agency, purpose=purpose,
            legal_basis=f"consent:{consent}" if consent else "", subjects={"person": person} if person else {},
        )  # fmt: skip
        notes = {"operation": f"consent_{act}", **caller.notes, **more}
        await self.recorder.write(about, Phase.CONSENT, act, notes=notes, at=now)
        return now

    @contextlib.asynccontextmanager
    async def noting_failure(
        self, caller: Caller, act: str, person: str, result: str = "not_done", **facts: str
    ) -> AsyncIterator[None]:
        """Around an act that is recorded: writes a second record where it is unknown whether the act was done."""
        try:
            yield
        except (ConsentsUnavailable, LogUnavailable):
            with contextlib.suppress(LogUnavailable):  # the caller gets the error that prevented the act
                await self.note(caller, result, person, undone=act, outcome="unknown", **facts)
            raise

    async def keys(self, moment: datetime) -> PeriodKeys:
        """The keys of the current month; they exist, because a record was written in it."""
        keys = await self.person_keys.of(rfc3339(moment)[:7])
        if keys is None:
            raise LogUnavailable(say.MONTH_KEYS_CLOSED)
        return keys


class ConsentBook:
    """The consents of citizens (implements gateway.ports.policy.Consents, and the API)."""

    def __init__(self, context: ConsentContext) -> None:
        """Keeps no state."""
        self._context = context

    async def give(
        self, caller: Caller, given: GivenConsent, consent: str = "", own_data: FirstOwnData | None = None
    ) -> dict[str, object]:
        """Keep a consent; the answer has its receipt. `consent`: an id of `new_id` that was promised for it.

        `own_data` makes what is kept under it from the start: both are stored, or neither.
        Raises Unprocessable, NotFound; ConsentsUnavailable also where there is one of this id.
        """
        context, holder = self._context, self.check(caller, given)
        consent = consent or context.new_id("cs")
        now = await context.note(
            caller, "given", given.person, given.purpose, consent=consent, holder=holder,
            text_version=given.text_version, channel=given.channel,
        )  # fmt: skip
        async with context.noting_failure(caller, "given", given.person, consent=consent):
            row = await self._row(consent, holder, caller, given, now, await context.keys(now))
            await context.rows.add(row, *(() if own_data is None else await own_data(row)))
        return {"exchange_id": caller.exchange, **shown(row)}

    def check(self, caller: Caller, given: GivenConsent) -> str:
        """The requester that would hold this consent. Raises Unprocessable for what `give` would refuse."""
        context, holder = self._context, given.requester or caller.requester.id
        if holder != caller.requester.id and not caller.serves_citizens:
            raise fault_at("/requester", say.CONSENT_FOR_OTHERS, ProblemCode.NOT_YOURS)
        check(given, holder, context.configuration, context.catalogue, context.recorder.clock.now())
        return holder

    async def withdraw(self, caller: Caller, consent: str, person: str) -> dict[str, object]:
        """End a consent and erase what was kept under it. Raises NotFound unless the caller may see it.

        A consent that is already withdrawn is returned unchanged.
        """
        row = await self._visible(caller, consent, person)
        owner = person or await self._person(row)
        act = "withdrawal_repeated" if row.withdrawn else "withdrawn"
        now = await self._context.note(caller, act, owner, row.purpose, consent=row.id)
        if not row.withdrawn:
            async with self._context.noting_failure(caller, act, owner, consent=row.id):
                await self._context.rows.withdraw(row.id, now.timestamp())
        at = row.withdrawn or now.timestamp()
        return {"exchange_id": caller.exchange, **shown(row._replace(withdrawn=at))}

    async def withdraw_waiting(self, caller: Caller, given: GivenConsent, consent: str) -> dict[str, object]:
        """End a consent that was promised, and perhaps not given yet: its id is stored, so that nobody gives it.

        Raises ConsentsUnavailable, LogUnavailable.
        """
        try:
            return await self.withdraw(caller, consent, given.person)
        except NotFound:
            pass
        context, holder = self._context, given.requester or caller.requester.id
        now = await context.note(caller, "withdrawn", given.person, given.purpose, consent=consent)
        async with context.noting_failure(caller, "withdrawn", given.person, consent=consent):
            row = await self._row(consent, holder, caller, given, now, await context.keys(now))
            try:
                await context.rows.add(row._replace(withdrawn=now.timestamp()))
            except ConsentsUnavailable:
                if await context.rows.find(consent) is None:
                    raise
                # it was given meanwhile
                return await self.withdraw(caller, consent, given.person)
        return {"exchange_id": caller.exchange, **shown(row._replace(withdrawn=now.timestamp()))}

    async def search(self, caller: Caller, person: str, after: str | None, count: int) -> dict[str, object]:
        """Consents, newest first: those of the citizen whom the caller serves, else those given to the requester."""
        context = self._context
        await context.note(caller, "searched", person)
        own = "" if person and caller.serves_citizens else caller.requester.id
        before = RowFilter().before if after is None else (await self._visible(caller, after, person)).seq
        persons = await context.person_keys.indexes(person) if person else ()
        is_nobody = bool(person) and not persons
        wanted = RowFilter(persons, own, before=before, count=count + 1)
        found = [] if is_nobody else list(await context.rows.about(wanted))
        page = found[:count]
        return {
            "exchange_id": caller.exchange,
            "consents": [shown(row) for row in page],
            "next": page[-1].id if len(found) > count else None,
        }

    async def valid(
        self, consent: str, requester: str, person: str, purpose: str, now: datetime
    ) -> ValidConsent | None:
        """See gateway.ports.policy.Consents."""
        row = await self.holding(consent, requester, person, now)
        if row is None or row.purpose != purpose:
            return None
        return ValidConsent(id=row.id, person=person, purpose=purpose, attributes=named(row))

    async def invalid_consents(self, consents: Collection[str], now: datetime) -> dict[str, Reason]:
        """See gateway.ports.policy.Consents."""
        found = {one: await self._why_invalid(one, now) for one in consents}
        return {one: why for one, why in found.items() if why is not None}

    async def _why_invalid(self, consent: str, now: datetime) -> Reason | None:
        try:
            row = await self._context.rows.find(consent)
            is_valid = row is not None and _holds(row, now) and bool(await self._person(row))
        except (ConsentsUnavailable, LogUnavailable):
            return Reason.CONSENTS_UNAVAILABLE
        return None if is_valid else Reason.CONSENT_MISSING

    async def holding(self, consent: str, requester: str, person: str, now: datetime) -> ConsentRow | None:
        """The consent, when this person gave it to this requester and it holds now.

        Raises ConsentsUnavailable, LogUnavailable when that is unknown.
        """
        row = await self._context.rows.find(consent)
        if row is None or row.requester != requester or not _holds(row, now):
            return None
        return row if await self._was_given_by(row, person) else None

    async def _visible(self, caller: Caller, consent: str, person: str) -> ConsentRow:
        """The consent, if the caller may see it. Raises NotFound, as slowly for another's consent as for none."""
        row = await self._context.rows.find(consent)
        is_own = row is not None and row.requester == caller.requester.id
        is_seen = is_own or (bool(person) and caller.serves_citizens)
        # the same time is taken in every case: no seal is opened for a caller who may not see it, and a dummy one is
        # opened where there is no row
        is_the_person = not person or (is_seen and await self._was_given_by(row or self._blank(), person))
        if row is None or not (is_seen and is_the_person):
            raise NotFound(say.NO_SUCH_CONSENT, code=ProblemCode.CONSENT_UNKNOWN)
        return row

    def _blank(self) -> ConsentRow:
        """A dummy row of this month."""
        period = rfc3339(self._context.recorder.clock.now())[:7]
        return ConsentRow(0, "", period, b"", "", "", "", 0.0, 0.0, 0.0, "{}", bytes(_SEALED_BYTES))

    async def _was_given_by(self, row: ConsentRow, person: str) -> bool:
        """Whether the person gave this consent; False for a row that was altered in the database."""
        return hmac.compare_digest((await self._person(row)).encode(), person.encode())

    async def _person(self, row: ConsentRow) -> str:
        keys = await self._context.person_keys.of(row.period)
        plain = None if keys is None else unseal(keys.encryption, row.sealed, _associated_data(row))
        return "" if plain is None else plain.decode()

    async def _row(
        self, consent: str, holder: str, caller: Caller, given: GivenConsent, now: datetime, keys: PeriodKeys
    ) -> ConsentRow:
        context, moment = self._context, now.timestamp()
        agencies, requesters = context.configuration.agencies, context.configuration.requesters
        controller = given.controller or getattr(requesters.get(holder), "agency", "")
        agency = agencies.get(controller)
        body: dict[str, Any] = {
            "text_version": given.text_version, "language": given.language, "channel": given.channel,
            "attributes": {service: sorted(set(names)) for service, names in given.attributes.items()},
            "controller": controller, "controller_title": agency.title.vi if agency else controller,
            "purpose_title": context.configuration.purposes[given.purpose].title.vi,
        }  # fmt: skip
        assert given.expires is not None
        row = ConsentRow(
            0, consent, keys.period, index_of(keys, given.person), holder, caller.requester.id, given.purpose, moment,
            given.expires.timestamp(), 0.0, "", b"",
        )  # fmt: skip
        body_shown = shown(row._replace(body=orjson.dumps(body).decode()))
        principal = blake2s(f"{consent}{given.person}".encode(), digest_size=16, key=keys.index).hexdigest()
        issuer = context.configuration.gateway.issuer or context.configuration.gateway.log.origin
        claims = receipt(body_shown, principal, issuer, int(moment))
        body["receipt"] = await signed(claims, context.key)
        row = row._replace(body=orjson.dumps(body).decode())
        return row._replace(sealed=seal(keys.encryption, given.person.encode(), _associated_data(row)))


def _associated_data(row: ConsentRow) -> bytes:
    """Associated data of the encrypted part: all that does not change until the withdrawal."""
    facts = (
        row.id,
        row.person.hex(),
        row.requester,
        row.purpose,
        repr(row.given),
        repr(row.expires),
        row.body,
    )
    return "\n".join(facts).encode()


def _holds(row: ConsentRow, now: datetime) -> bool:
    """Whether it is not withdrawn and not expired; allows for a clock behind that of the machine that took it."""
    return not row.withdrawn and row.given - APART_SECONDS <= now.timestamp() < row.expires


def named(row: ConsentRow) -> dict[str, frozenset[str]]:
    """Data service -> attributes that a consent names."""
    return {service: frozenset(names) for service, names in orjson.loads(row.body)["attributes"].items()}


def shown(row: ConsentRow) -> dict[str, Any]:
    """A consent as the API returns it; without the person."""
    return {
        "consent": row.id, "requester": row.requester, "recorder": row.recorder, "purpose": row.purpose,
        "given_at": _moment(row.given), "expires_at": _moment(row.expires),
        "withdrawn_at": _moment(row.withdrawn) if row.withdrawn else None, **orjson.loads(row.body),
    }  # fmt: skip


def new_id(kind: str) -> str:
    """An opaque id that cannot be guessed (110 bits); letters only, so that it looks like no number."""
    return f"{kind}-" + "".join(secrets.choice(_LETTERS) for _ in range(24))


def _moment(seconds: float) -> str:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))

"""Attest: compares a finished form with the keyed digests in the exchange's outcome record.

No value was kept, so the answer is only "same" or "different", and unknown when the keys of the period are erased. With
the citizen's consent, own data are kept from the same form.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from gateway.consents.given import GivenConsent
from gateway.consents.grantable import KEEPING
from gateway.consents.sealing import PersonKeys
from gateway.consents.service import ConsentBook, named
from gateway.domain import sentences as say
from gateway.domain.errors import NotFound, Refused, Throttled, Unprocessable, fault_at
from gateway.domain.evidence import NOTHING
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import RefusalReason
from gateway.exchange_log.keys import PeriodKeys
from gateway.exchange_log.outcomes import Members, decisions, filings, outcomes, reports
from gateway.exchange_log.record import SealBroken, field_digest, unseal
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import DECLARED, Field, Procedure, role_of
from gateway.own_data.store import OwnStore
from gateway.policy.counted import Rates
from gateway.policy.rates import in_words
from gateway.ports.consents import ConsentRow, OwnDataKey, OwnDataValue
from gateway.ports.exchange_log import LogReader
from gateway.prefill.case import shown_name
from gateway.prefill.changed_papers import changed_fields, stale_papers
from gateway.prefill.form_values import at, evidence_of, is_blank, leaves
from gateway.prefill.not_kept import KeptFields, TypedField, not_kept

CANNOT_TELL = "cannot_tell"
_LEFT_OUT = "left_out"
#: in records of `filing`, in place of the fields of an answer
_FORM = "form"
#: states of fields that hold the value of the answer
_AS_ANSWERED = frozenset({"unchanged", "source_changed"})
#: person (`Subject.key`) and attribute of reports
_ReportedValues = AbstractSet[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class KeepRequest:
    """The consent under which own data are kept."""

    consent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attest:
    """Compares forms."""

    reader: LogReader
    person_keys: PersonKeys
    catalogue: Catalogue
    consents: ConsentBook
    own: OwnStore
    recorder: Recorder
    rates: Rates
    #: reports that their owner has not answered, of a requester and a reporter (`Subject.key`), about people
    open_reports: Callable[[str, str, Collection[str]], Awaitable[_ReportedValues]]

    async def attest(
        self,
        caller: Caller,
        exchange: str,
        form: Mapping[str, Any],
        keep: KeepRequest | None,
        reported: Sequence[str] = (),
    ) -> dict[str, object]:
        """Compare field by field. Raises NotFound (not the caller's exchange), Refused (no consent), LogUnavailable.

        Throttled, which is recorded. Unprocessable when a value cannot be kept: then nothing is kept; or for a
        `reported` key that is no field; CorrectionsUnavailable. `reported`: fields whose value the person called wrong,
        beside those of the reports that the log has of this exchange, and of `reported_fields`.
        """
        answered, checked_at = await self._outcomes(caller, exchange)
        keys = await self.person_keys.of(answered[0]["period"])
        act = self._act(caller, exchange, answered[0], keys)
        await self._count(act)
        fields = dict(_compared(act.procedure, answered, keys, form))
        _check_reported(act.procedure, reported)
        applicants = await self.reported_fields(caller.requester.id, act.procedure, act.about)
        contested = {*reported, *applicants, *await self._reported(act, checked_at)}
        for key, one in fields.items():
            if key in contested and one["state"] in _AS_ANSWERED:
                one["reported"] = True
        keeping = None if keep is None else await self._keepable(act, form, keep)
        states = [entry["state"] for entry in fields.values()]
        counts: dict[str, Any] = {state: states.count(state) for state in sorted({*map(str, states)})}
        await self._note(act, Phase.LOOKUP, "attest", **counts)
        kept = {} if keeping is None else await self._keep(act, *keeping)
        now = self.recorder.clock.now()
        stale = stale_papers(act.procedure, datetime.fromisoformat(checked_at), now)
        return {
            "exchange_id": caller.exchange,
            "attested": exchange,
            "recorded_at": answered[0]["time"],
            "checked_at": checked_at,
            "comparable": keys is not None,
            "reason": None if keys is not None else "period_keys_erased",
            "fields": fields,
            "papers": changed_fields(
                act.procedure,
                {key for key, one in fields.items() if one["state"] != "unchanged" or "reported" in one},
                stale,
            ),
            "stale": stale,
            "kept": kept,
            "not_kept": {} if keeping is None else _not_kept(fields, form, keeping[1], kept),
        }

    async def reported_fields(
        self, requester: str, procedure: Procedure, about: Mapping[str, str]
    ) -> list[str]:
        """Keys of the fields that show what the applicant reported as wrong, in any exchange of the requester.

        `about`: role -> `Subject.key`. Until the owner of the database answers. Raises CorrectionsUnavailable,
        LogUnavailable.
        """
        reporter = about.get(procedure.signs_in, "")
        return _showing(procedure, about, await self.open_reports(requester, reporter, about.values()))

    async def keep(
        self, caller: Caller, exchange: str, form: Mapping[str, Any], keep: KeepRequest
    ) -> dict[str, str]:
        """Keep own data of a form that was compared before: attribute -> until when. Raises as `attest`."""
        act = await self._compared_before(caller, exchange)
        return await self._keep(act, *await self._keepable(act, form, keep))

    async def give_and_keep(
        self, caller: Caller, exchange: str, form: Mapping[str, Any], given: GivenConsent, consent: str
    ) -> bool:
        """Give a consent to keep own data, and keep those of a form that was compared before: both, or neither.

        False: it would keep nothing, so it is not given. Raises as `keep`, and as `ConsentBook.give`.
        """
        act = await self._compared_before(caller, exchange)
        found = _Keepable(given.person, _own(act, form), self.own.keepable(given.attributes))
        self._check(found)
        if not found.values:
            return False

        async def first(row: ConsentRow) -> tuple[OwnDataKey, Sequence[OwnDataValue]]:
            await self._note_kept(act, row, found)
            return await self.own.first(row, given.person, found.values)

        await self.consents.give(caller, given, consent, first)
        return True

    async def _reported(self, act: "_FormAct", since: str) -> list[str]:
        """Keys of the fields that show what a report of this exchange calls wrong. Raises LogUnavailable."""
        indexes = {
            index.hex(): person
            for person in dict.fromkeys(act.about.values())
            for index in await self.person_keys.indexes(person)
        }
        persons = [bytes.fromhex(one) for one in indexes]
        found = await reports(self.reader, act.exchange, act.caller.requester.id, persons, since)
        wrong = {(indexes.get(one["subjects"]["subject"], ""), one["notes"]["attribute"]) for one in found}
        return _showing(act.procedure, act.about, wrong)

    async def _compared_before(self, caller: Caller, exchange: str) -> "_FormAct":
        answered, _ = await self._outcomes(caller, exchange)
        return self._act(caller, exchange, answered[0], await self.person_keys.of(answered[0]["period"]))

    async def filing(self, caller: Caller, exchange: str, procedure: str, dossier: str, form: bytes) -> None:
        """Record in the exchange that its compared form is about to become a dossier.

        A search by the dossier then finds both. The exchange of the call is named too. `form`: what the dossier says of
        its form, of which the record has a keyed digest. Raises LogUnavailable.
        """
        await self._note_form("form_filing", caller, exchange, procedure, dossier, {_FORM: form})

    async def filed(self, caller: Caller, exchange: str, procedure: str, dossier: str) -> None:
        """Record the same once the dossier exists. Raises LogUnavailable."""
        await self._note_form("form_filed", caller, exchange, procedure, dossier)

    async def is_as_filed(self, requester: str, exchange: str, dossier: str, form: bytes) -> bool | None:
        """Whether the exchange has a record of `filing` of this dossier with this form. Raises LogUnavailable.

        None: a record cannot be compared, as it has no digest of the form, or its month was erased.
        """
        found: bool | None = False
        for one in await filings(self.reader, exchange, requester, dossier):
            keys, digest = await self.person_keys.of(one["period"]), one["fields"].get(_FORM)
            if keys is None or digest is None:
                found = None
            elif digest == field_digest(keys.digest, one["id"], form):
                return True
        return found

    async def _note_form(
        self, act: str, caller: Caller, exchange: str, procedure: str, dossier: str,
        fields: Mapping[str, bytes] = NOTHING,
    ) -> None:  # fmt: skip
        about = RecordHeader(
            ExchangeId(exchange), caller.requester.id, caller.agency, procedure, dossier=dossier
        )
        notes = {"operation": act, "filed_in": caller.exchange}
        await self.recorder.write(about, Phase.DELIVERY, act, fields=fields, notes=notes)

    def _act(self, caller: Caller, exchange: str, members: Members, keys: PeriodKeys | None) -> "_FormAct":
        procedure = self.catalogue.find(members["procedure"])
        if procedure is None:
            raise NotFound(say.PROCEDURE_GONE, code=ProblemCode.UNKNOWN_PROCEDURE)
        return _FormAct(caller, exchange, procedure, _people(members, keys))

    async def _outcomes(self, caller: Caller, exchange: str) -> tuple[list[Members], str]:
        """The outcome records of the exchange, newest first, and when it was first answered (RFC 3339)."""
        found = await outcomes(self.reader, exchange, caller.requester)
        checked_at = str(found[-1]["time"])
        is_shown_first = found[0]["notes"].get("preview")
        return (await self._decided(caller, exchange) if is_shown_first else found), checked_at

    async def _decided(self, caller: Caller, exchange: str) -> list[Members]:
        """The record of the citizen's decision about the preview; it replaces the outcome records."""
        decision = await decisions(self.reader, exchange, caller.requester.id)
        if not decision:
            raise Unprocessable(say.NOT_DECIDED, code=ProblemCode.UNDECIDED)
        return decision[:1]

    async def _count(self, act: "_FormAct") -> None:
        """Count the attest. Raises Throttled above the limit: the requester may be guessing."""
        requester = act.caller.requester.id
        exceeded = await self.rates.use(
            requester, {"requester": requester, "form": f"{requester}\x1f{act.exchange}"}
        )
        if exceeded is None:
            return
        refusal = Throttled(exceeded.limit.rule, in_words(exceeded.limit), retry_after=exceeded.retry_after)
        await self._note(act, Phase.REFUSAL, "attest", refusal.problem_code, refusal.rule)
        raise refusal

    async def _note(
        self,
        act: "_FormAct",
        phase: Phase,
        operation: str,
        result: str = "",
        rule: str = "",
        **more: str | int,
    ) -> None:
        caller, notes = act.caller, {"operation": operation, "attested": act.exchange, **more}
        about = RecordHeader(
            caller.exchange, caller.requester.id, caller.agency, act.procedure.code, subjects=act.about
        )
        await self.recorder.write(about, phase, result, rules=(rule,) if rule else (), notes=notes)

    async def _keepable(
        self, act: "_FormAct", form: Mapping[str, Any], keep: KeepRequest
    ) -> tuple[ConsentRow, "_Keepable"]:
        """The consent, and what may be kept under it. Raises Refused (no valid consent to keep), Unprocessable."""
        now = self.recorder.clock.now()
        typed = _own(act, form)
        for person in dict.fromkeys(act.about.values()):
            consent = await self.consents.holding(keep.consent, act.caller.requester.id, person, now)
            if consent is not None and consent.purpose == KEEPING:
                found = _Keepable(person, typed, self.own.keepable(named(consent)))
                self._check(found)
                return consent, found
        rule, code = f"consent:{keep.consent}", RefusalReason.CONSENT_MISSING
        await self._note(act, Phase.REFUSAL, "consent_kept", code, rule)
        raise Refused(rule, say.KEEPING_NOT_CONSENTED(purpose=KEEPING), code=code)

    async def _keep(self, act: "_FormAct", consent: ConsentRow, found: "_Keepable") -> dict[str, str]:
        """Attribute -> until when it is valid."""
        if not found.values:
            return {}
        await self._note_kept(act, consent, found)
        return await self.own.keep(consent, found.person, found.values, self.recorder.clock.now())

    async def _note_kept(self, act: "_FormAct", consent: ConsentRow, found: "_Keepable") -> None:
        names = " ".join(sorted(found.values))
        await self._note(act, Phase.CONSENT, "consent_kept", "kept", consent=consent.id, attributes=names)

    def _check(self, found: "_Keepable") -> None:
        """Raises Unprocessable with the field and the remedy for a value that cannot be kept."""
        for key, one in found.own.items():
            if why := self.own.why_not(one.attribute, one.value):
                raise fault_at(f"/form/{key.replace('.', '/')}", why, ProblemCode.VALUE_NOT_POSSIBLE)


class _FormAct(NamedTuple):
    """Whose form of which exchange is compared or kept from."""

    caller: Caller
    exchange: str
    procedure: Procedure
    #: role -> `Subject.key`
    about: Mapping[str, str]


class _Keepable(NamedTuple):
    """What may be kept of one person."""

    person: str
    #: field -> typed value, of all people
    typed: Mapping[str, TypedField]
    allowed: frozenset[str]

    @property
    def own(self) -> dict[str, TypedField]:
        """Field -> value of this person that may be kept."""
        return {
            key: one
            for key, one in self.typed.items()
            if one.person == self.person and one.attribute in self.allowed
        }

    @property
    def values(self) -> dict[str, object]:
        """Attribute -> value; the first field decides where two fields have the same attribute."""
        return {one.attribute: one.value for one in reversed(self.own.values())}


def _showing(procedure: Procedure, about: Mapping[str, str], wrong: _ReportedValues) -> list[str]:
    """Keys of the fields that show one of these attributes of one of these people; `about`: role -> person."""
    of_roles = {
        (role_of(role), attribute) for role, one in about.items() for who, attribute in wrong if who == one
    }
    return [one.key for one in procedure.fields if any((ref.role, str(ref)) in of_roles for ref in one.refs)]


def _check_reported(procedure: Procedure, reported: Sequence[str]) -> None:
    """Raises Unprocessable for a key that is no field: a slip would cut a paper."""
    keys = {one.key for one in procedure.fields}
    for index, key in enumerate(reported):
        if key not in keys:
            why = say.NO_SUCH_FIELD(procedure=procedure.code, field=shown_name(key))
            raise fault_at(f"/reported/{index}", why, ProblemCode.UNKNOWN_FIELD)


def _own(act: _FormAct, form: Mapping[str, Any]) -> dict[str, TypedField]:
    """Field -> value that only its person knows: fields that own data would fill, without blank ones."""
    found: dict[str, TypedField] = {}
    for field in act.procedure.fields:
        value = at(form, field.names)
        if value is None or is_blank(value):
            continue
        for ref in field.refs:
            if ref.evidence == DECLARED and ref.role in act.about:
                found[field.key] = TypedField(act.about[ref.role], ref.attribute, evidence_of(field, value))
    return found


def _not_kept(
    fields: Mapping[str, Mapping[str, object]],
    form: Mapping[str, Any],
    found: _Keepable,
    kept: Mapping[str, str],
) -> dict[str, str]:
    """Why fields that the citizen typed or changed were not kept; a blank field is not typed."""
    typed = {
        key: str(entry.get("detail"))
        for key, entry in fields.items()
        if entry["state"] not in _AS_ANSWERED
        and entry.get("detail") != _LEFT_OUT
        and not is_blank(at(form, key.split(".")))
    }
    values = {name: value for name, value in found.values.items() if name in kept}
    return not_kept(typed, found.typed, KeptFields(found.person, found.allowed, values))


def _people(members: Members, keys: PeriodKeys | None) -> Mapping[str, str]:
    """Role -> `Subject.key`; empty when the keys are erased."""
    try:
        found: Mapping[str, str] = unseal(dict(members), keys)["subjects"] if keys is not None else {}
    except SealBroken:
        return {}
    return found


def _compared(
    procedure: Procedure, outcomes: Sequence[Members], keys: PeriodKeys | None, form: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, object]]]:
    covered = {field.names for field in procedure.fields}
    for field in procedure.fields:
        entry = _field(field, outcomes, keys, at(form, field.names))
        if entry is not None:
            yield field.key, entry
    for names in leaves(form, covered):
        yield shown_name(".".join(names)), {"state": "unknown_field", "detail": "no_such_field"}


def _field(
    field: Field, outcomes: Sequence[Members], keys: PeriodKeys | None, value: object
) -> dict[str, object] | None:
    """State of one field; None where neither the record nor the form has it."""
    recorded = [one for one in outcomes if field.key in one["fields"]]
    if not recorded:
        return None if value is None else {"state": "unknown_field", "detail": "typed_by_citizen"}
    if keys is None:
        return {"state": CANNOT_TELL}
    text = orjson.dumps(value)
    same = [one for one in recorded if one["fields"][field.key] == field_digest(keys.digest, one["id"], text)]
    if same:
        return {"state": "unchanged" if same[0] is outcomes[0] else "source_changed"}
    doubtful = str(outcomes[0]["notes"].get("doubtful", "")).split()
    editable = field.editable or field.key in doubtful
    state = "corrected_by_citizen" if editable else "not_editable_changed"
    return {"state": state, **({"detail": _LEFT_OUT} if value is None else {})}

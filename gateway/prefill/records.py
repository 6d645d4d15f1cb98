"""The records of an exchange: an intent (what may be asked), then an outcome (what was asked and answered)."""

from collections.abc import Mapping, Sequence

import orjson

from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.exchange import CallEntry, Phase, Receipt
from gateway.domain.identifiers import personal_ids_in
from gateway.domain.parties import SubjectKind
from gateway.exchange_log.recorder import Recorder
from gateway.mapping.apply import Filled
from gateway.mapping.plan import evidence_id
from gateway.mapping.procedure import ACCOUNT
from gateway.prefill.allowed import Unrepresented
from gateway.prefill.case import Case
from gateway.prefill.exchange import Exchange
from gateway.prefill.release import left_out

#: before the number of a person who is in a record without a role
_ALSO = "also#"
_NO_ROLES: frozenset[str] = frozenset()
#: CPython 3.11 makes a call for each member that is read from the class of an enum
_FOUND, _PERSON = Outcome.FOUND, SubjectKind.PERSON


class Records:
    """Writes the records of exchanges durably."""

    def __init__(self, recorder: Recorder) -> None:
        """`recorder` writes."""
        self._recorder = recorder

    async def write(
        self, exchange: Exchange, phase: Phase, filled: Filled | None = None,
        shown: Sequence[SourceAnswer | None] = (), /, **notes: str | int | bool,
    ) -> Receipt:  # fmt: skip
        """Write a record of this exchange; `shown`: the answers that filled the form. Raises LogUnavailable."""
        grant = exchange.allowed.grant
        calls = _promised(exchange) if phase is Phase.INTENT else _accounted(exchange)
        texts = _texts(shown) if shown else []
        about = exchange.keys if filled is None else _about(exchange, filled, texts)
        for one in exchange.answers:
            if one is not None and one.found_id:
                about = _with_found(exchange, about)
                break
        unrepresented, result = exchange.allowed.unrepresented, ""
        if unrepresented is not None and phase is not Phase.OUTCOME:
            notes = {**notes, "unrepresented": " ".join(sorted(unrepresented.roles))}
        elif unrepresented is not None:
            result = unrepresented.why.reason.value
            notes = {
                **notes,
                "left_out": _left_out(exchange, unrepresented),
                "left_out_by": unrepresented.why.rule,
            }
        is_others = about is not exchange.keys or unrepresented is not None
        if is_others and (places := _named_in(exchange, about, texts)):
            notes = {**notes, "named_in": places}
        return await self._recorder.write(
            exchange.case.header(exchange.id, exchange.requester, grant.legal_basis, about),
            phase,
            result,
            rules=grant.rules if filled is None or not filled.rules else (*grant.rules, *filled.rules),
            calls=calls,
            fields={} if filled is None else filled.digestible,
            notes=notes,
        )


def promised_notes(case: Case) -> dict[str, str | bool]:
    """The notes of an intent."""
    request = case.request
    notes: dict[str, str | bool] = (
        {**request.proof, **case.who_asks}
        if case.signed_in or case.acting or case.asked_by
        else {**request.proof}
    )
    if request.mandate:
        notes |= {"mandate": request.mandate, "mandate_checked": case.proof[2]}
    if request.login is not None:
        notes |= case.proof_of_login
    if request.preview:
        notes["preview"] = True
    return notes


def outcome_notes(exchange: Exchange, filled: Filled, *, is_late: bool) -> dict[str, str | int | bool]:
    """The notes of an outcome: how the answer leaves, what is in doubt or left out."""
    notes: dict[str, str | int | bool] = {"late": is_late}
    if exchange.case.acting is not None:
        notes |= exchange.case.who_asks
    request = exchange.case.request
    if request.preview:
        notes["preview"] = True
    elif request.signed:
        notes["passport"] = "sd-jwt"
    if filled.doubtful:
        notes["doubtful"] = " ".join(filled.doubtful)
    if filled.of_another:
        notes["of_another"] = " ".join(sorted(filled.of_another))
    if withheld := exchange.plan.withheld:
        notes |= left_out({evidence_id(one): why.reason for one, why in withheld.items()})
    return notes


def _texts(shown: Sequence[SourceAnswer | None]) -> list[bytes]:
    """What stands in each answer that was found; blank for any other."""
    texts = []
    for one in shown:
        text = b""
        if one is not None and one.outcome is _FOUND:
            try:
                text = orjson.dumps(one.values)
            except TypeError:  # numbers and signs that JSON does not have
                text = str(one.values).encode("ascii", "replace")
            if one.doubts:
                text += str(one.doubts).encode("ascii", "replace")
        texts.append(text)
    return texts


def _about(exchange: Exchange, filled: Filled, texts: Sequence[bytes]) -> Mapping[str, str]:
    """Role -> subject of the record; `also#1` and so on are people without a role.

    Their numbers left with the answer, or stand beside what left (`texts`): the answer names every evidence that was
    found, also where it says of a parcel only that it is in another's name.
    """
    left = b"\n".join((*filled.digestible.values(), *filled.doubts, filled.papers_json, *texts))
    about, others = exchange.keys, 0
    if numbers := personal_ids_in(left):
        known = {*about.values()}
        for one in exchange.subjects.values():
            known.add(f"{_PERSON}|{one.personal_id}")
        for number in numbers:
            if (key := f"{_PERSON}|{number}") not in known:
                others += 1
                about = {**about, f"{_ALSO}{others}": key}
    return about


def _with_found(exchange: Exchange, about: Mapping[str, str]) -> dict[str, str]:
    """The same with the people whom something else than their number found: by it they see who asked about them."""
    found = dict.fromkeys(
        f"{SubjectKind.PERSON}|{one.found_id}" for one in exchange.answers if one is not None and one.found_id
    )
    others = sum(role.startswith(_ALSO) for role in about)
    new = [key for key in found if key not in about.values()]
    return {**about, **{f"{_ALSO}{number}": key for number, key in enumerate(new, others + 1)}}


def _left_out(exchange: Exchange, unrepresented: Unrepresented) -> str:
    """What is not asked, as `owner:e7:land`; a role alone where nothing would be asked."""
    places = [
        f"{one.role}:{evidence_id(one.index)}:{one.service.source}"
        for one in exchange.plan.queries
        if one.role in unrepresented.roles and exchange.plan.withheld.get(one.index) == unrepresented.why
    ]
    asked = {place.partition(":")[0] for place in places}
    return " ".join([*places, *sorted(unrepresented.roles - asked)])


def _named_in(exchange: Exchange, about: Mapping[str, str], texts: Sequence[bytes]) -> str:
    """The answers in which the numbers of people stand about whom nobody is asked: `also#1:e2 owner:e4`.

    They have no role, or an unrepresented one (`Allowed.unrepresented`).
    All answers about a role count for the only person whom something else than a number found in that role. Most
    prefills name people without a role: no function is called for each answer here.
    """
    found: dict[str, set[str]] = {}
    places, answers, one = [], exchange.answers, exchange.allowed.unrepresented
    unrepresented = _NO_ROLES if one is None else one.roles
    for query in exchange.plan.queries:
        if (answer := answers[query.index]) is not None and answer.found_id:
            found.setdefault(query.role, set()).add(answer.found_id)
    named = {
        role: key.rpartition("|")[2]
        for role, key in about.items()
        if role.startswith(_ALSO) or role in unrepresented
    }
    for query in exchange.plan.queries:
        if answers[query.index] is None:
            continue
        text = texts[query.index] if texts else b""
        for role, number in named.items():
            # `in` first tries to read the number as an int, which raises and drops a TypeError
            if text.find(number.encode()) >= 0 or found.get(query.role) == {number}:
                places.append(f"{role}:e{query.index + 1}")
    return " ".join(places)


def _promised(exchange: Exchange) -> tuple[CallEntry, ...]:
    claims, calls = exchange.case.request.account, []
    for one in exchange.plan.queries:
        service = one.service
        if one.attributes and (claims or service.evidence != ACCOUNT):
            call_id = f"{exchange.id}-{one.index + 1}"
            calls.append(CallEntry(call_id, service.source, service.operation, one.role, one.attributes))
    return tuple(calls)


def _accounted(exchange: Exchange) -> tuple[CallEntry, ...]:
    calls = []
    for query in exchange.plan.queries:
        call, service = exchange.calls.get(query.index), query.service
        if call is None:
            continue
        sent, received, outcome, attributes = b"", b"", "unknown", call.attributes
        if (answer := exchange.answers[query.index]) is not None:
            sent, received, outcome = answer.request_digest, answer.response_digest, str(answer.outcome)
            if service.evidence == ACCOUNT and answer.outcome is Outcome.FOUND:
                # a blank claim is no claim: nothing was shown
                attributes = tuple(one for one in attributes if one in answer.values or one in answer.doubts)
        calls.append(CallEntry(
            call.call_id, service.source, service.operation, query.role, attributes, outcome, call.elapsed_ms,
            call.cached, call.shared_with, sent, received,
        ))  # fmt: skip
    return tuple(calls)

"""The answer of an exchange as bytes (gateway.mapping.answer): pieces of the plan, and the values from sources."""

from collections.abc import Sequence
from datetime import timedelta

import orjson

from gateway.domain.dates import rfc3339
from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.exchange import Receipt
from gateway.domain.login import Login
from gateway.domain.reasons import Reason
from gateway.mapping.answer import DeclaredEntry, EvidenceEntry, LoginEntry, PrefillAnswer
from gateway.mapping.apply import Filled
from gateway.mapping.procedure import ACCOUNT
from gateway.prefill.exchange import Exchange
from gateway.prefill.trust import MISMATCH, SAYS_WHETHER

_NULL = b"null"
#: CPython 3.11 makes a call for each member that is read from the class of an enum
_FOUND = Outcome.FOUND


def content(exchange: Exchange, answers: Sequence[SourceAnswer | None], filled: Filled) -> bytes:
    """The members of an answer up to `saved`."""
    return b"".join((
        b'{"exchange_id":"', exchange.id.encode(),
        b'","procedure":', orjson.dumps(exchange.case.procedure.named()),
        b',"form":', orjson.dumps(filled.form),
        b',"fields":{', b",".join(filled.fields),
        b'},"evidence":{', b",".join(_evidence(exchange, answers)),
        b'},"papers":', filled.papers_json,
        b',"warnings":', filled.warnings_json,
        b',"sources":[', b",".join(source_entries(exchange, answers)),
        b'],"saved":{"fields":%d,"papers":%d}' % (len(filled.digestible), filled.saved_papers),
    ))  # fmt: skip


def closed(
    members: bytes, receipt: Receipt, pending: str | None, *, passport: bytes = _NULL, preview: bytes = _NULL
) -> bytes:
    """The whole answer; `passport` and `preview` are JSON."""
    return b"".join((
        members,
        b',"pending":', _NULL if pending is None else orjson.dumps(pending),
        b',"passport":', passport,
        b',"preview":', preview,
        b',"receipt":', orjson.dumps({"leaf_hash": receipt.leaf_hash, "log": receipt.log}), b"}",
    ))  # fmt: skip


def read_back(answer: bytes) -> PrefillAnswer:
    """The values of an answer, decoded."""
    found: PrefillAnswer = orjson.loads(answer)
    return found


def _evidence(exchange: Exchange, answers: Sequence[SourceAnswer | None]) -> list[bytes]:
    """The evidence entry of every query whose subject was found."""
    found, services, login = [], exchange.allowed.grant.services, exchange.case.request.login
    for index, answer in enumerate(answers):
        if answer is None or answer.outcome is not _FOUND:
            continue
        granted = services.get(exchange.plan.queries[index].service.name)
        legal_basis = orjson.dumps("" if granted is None else granted.legal_basis)
        call = exchange.calls.get(index)
        at = exchange.started
        if call is not None:
            # one reading of the clock per exchange: every version of the answer has the same `fetched_at`
            at = call.fetched_at or at + timedelta(seconds=call.ended - exchange.began)
        fetched = valid = rfc3339(at).encode()
        if call is not None and call.valid_seconds:
            valid = rfc3339(at + timedelta(seconds=call.valid_seconds)).encode()
        updated = b"null" if answer.source_updated_at is None else orjson.dumps(answer.source_updated_at)
        start, then, later, ground, end = exchange.plan.evidence[index]
        entry = b'%b"%b"%b%b%b"%b"%b%b%b' % (
            start,
            fetched,
            then,
            updated,
            later,
            valid,
            ground,
            legal_basis,
            end,
        )
        if answer.declared:
            name, _, value = entry.partition(b":")
            entry = name + b":" + orjson.dumps(_as_declared(orjson.loads(value), answer))
        if login is not None and exchange.plan.queries[index].service.evidence == ACCOUNT:
            entry = _with_login(entry, login, answer)
        found.append(entry)
    return found


def _with_login(entry: bytes, login: Login, answer: SourceAnswer) -> bytes:
    """Adds which claims of the account the identity provider of the login proved."""
    known = {"personal_id": login.personal_id, "old_id": login.old_id, "tax_code": login.tax_code}
    proven = [f"{ACCOUNT}.{name}" for name, one in known.items() if one and answer.values.get(name) == one]
    if login.title is None or not proven:
        return entry
    login_entry: LoginEntry = {
        "identity_provider": login.provider, "title": login.title.vi, "title_en": login.title.en, "attributes": proven,
    }  # fmt: skip
    return entry[:-1] + b',"login":' + orjson.dumps(login_entry) + b"}"


def _as_declared(entry: EvidenceEntry, answer: SourceAnswer) -> EvidenceEntry:
    """Adds to own data when each attribute was declared and until when it is valid.

    The legal basis is the person's consent to keep it, not the agreement under which it is asked.
    """
    declared: dict[str, DeclaredEntry] = {
        name: {"given_at": given, "valid_until": until, "consent": consent}
        for name, (given, until, consent) in answer.declared.items()
    }
    consents = dict.fromkeys(consent for _, _, consent in answer.declared.values())
    return {
        **entry,
        "valid_until": min(until for _, until, _ in answer.declared.values()),
        "legal_basis": ", ".join(f"consent:{one}" for one in consents),
        "self_declared": True,
        "declared": declared,
    }


def source_entries(exchange: Exchange, answers: Sequence[SourceAnswer | None]) -> list[bytes]:
    """One entry per planned query, but for claims that were not given: what was asked, the outcome, the time.

    A record whose person is uncertain is not shown, nor whether there is one: who knows a number alone learns nothing.
    """
    plan, lines = exchange.plan, []
    for query in plan.queries:
        index = query.index
        call, answer, came = exchange.calls.get(index), answers[index], exchange.answers[index]
        if call is None and query.service.evidence == ACCOUNT:
            continue  # claims that were not given are no source
        outcome = Outcome.SKIPPED if answer is None else answer.outcome
        reason = None if answer is None else answer.reason
        retry_in = None if answer is None or reason is None else answer.retry_in
        if answer is MISMATCH and came is not None:
            outcome = Outcome.NO_MATCH if came.outcome in SAYS_WHETHER else came.outcome
            reason, retry_in = Reason.DATA_DO_NOT_MATCH, came.retry_in
        call_id, elapsed, cached = b"null", 0, b"false"
        if call is not None:
            call_id, elapsed = b'"%b"' % call.call_id.encode(), call.elapsed_ms
            cached = b"true" if call.cached else b"false"
        line = b'%b%b,"outcome":"%b","elapsed_ms":%d,"cached":%b' % (
            plan.sources[index], call_id, str(outcome).encode(), elapsed, cached,
        )  # fmt: skip
        if reason is not None:
            line += b',"reason":"%b"' % str(reason).encode()
            if retry_in is not None:
                line += b',"retry_in":%d' % retry_in
        if (withheld := plan.withheld.get(index)) is not None:
            line += b',"rule":' + orjson.dumps(withheld.rule)
        lines.append(line + b"}")
    return lines

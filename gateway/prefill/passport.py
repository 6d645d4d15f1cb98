"""The passport of a value: its entry plus the evidence entry that it points to, written once per source answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.config import SourceSettings
from gateway.domain.dates import rfc3339
from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.identifiers import CallId
from gateway.mapping.plan import Plan, PlannedQuery
from gateway.mapping.predicates import Published
from gateway.mapping.procedure import ACCOUNT
from gateway.policy.grants import Grant
from gateway.prefill.gather import Call

_NO_CALL = Call(CallId(""))


@dataclass(frozen=True, slots=True)
class Issuer:
    """What passports say of where evidence comes from and on which ground it was asked."""

    sources: Mapping[str, SourceSettings]
    published: Published
    #: the profile speaks with simulated providers
    simulated: bool

    def passports(self, plan: Plan, grant: Grant) -> tuple[dict[str, object], ...]:
        """The evidence entry of every query but for what only its answer tells; None stands there."""
        return tuple(self._passport(query, grant) for query in plan.queries)

    def _passport(self, query: PlannedQuery, grant: Grant) -> dict[str, object]:
        service = query.service
        settings, granted = self.sources[service.source], grant.services.get(service.name)
        scopes = (self.published(service.name, name) for name in query.attributes)
        return {
            "source": service.source,
            "data_service": service.operation,
            "provider": settings.provider,
            "subject": query.role,
            "sandbox": self.simulated or service.mark == "sandbox",
            "mark": service.mark,
            "fetched_at": None,
            "source_updated_at": None,
            "valid_until": None,
            "legal_basis": granted.legal_basis if granted else "",
            "agreement": granted.agreement if granted else None,
            "published_scope": next((scope for scope in scopes if scope), None),
        }


def issued(
    passport: dict[str, object], answer: SourceAnswer, call: Call | None, now: datetime
) -> dict[str, object]:
    """The passport with what the answer tells; `now` is for what was not fetched by a call."""
    fetched = call.fetched_at if call is not None and call.fetched_at is not None else now
    entry = passport.copy()
    entry["fetched_at"] = entry["valid_until"] = rfc3339(fetched)
    entry["source_updated_at"] = answer.source_updated_at
    if call is not None and call.valid_seconds:
        entry["valid_until"] = rfc3339(fetched + timedelta(seconds=call.valid_seconds))
    if answer.declared:
        entry |= _declared(answer)
    return entry


def _declared(answer: SourceAnswer) -> dict[str, object]:
    """Who said it is the person himself: no official evidence, with the date of each and until when it holds.

    The ground is his consent to keep it, whatever the agreement under which it is asked.
    """
    said = {
        name: {"given_at": given, "valid_until": until, "consent": consent}
        for name, (given, until, consent) in answer.declared.items()
    }
    consents = dict.fromkeys(consent for _, _, consent in answer.declared.values())
    return {
        "self_declared": True,
        "valid_until": min(until for _, until, _ in answer.declared.values()),
        "legal_basis": ", ".join(f"consent:{one}" for one in consents),
        "declared": said,
    }


def source_entries(
    plan: Plan, answers: Sequence[SourceAnswer | None], calls: Mapping[int, Call]
) -> list[dict[str, object]]:
    """One line per planned query, but for claims that nobody gave: what was asked, what came of it, and when."""
    entries = []
    for query, answer in zip(plan.queries, answers, strict=True):
        call = calls.get(query.index, _NO_CALL)
        if call is _NO_CALL and query.service.evidence == ACCOUNT:
            continue  # claims that were not given are no source
        entry: dict[str, object] = {
            "source": query.service.source,
            "data_service": query.service.operation,
            "subject": query.role,
            "mark": query.service.mark,
            "call": call.call_id or None,
            "outcome": (Outcome.SKIPPED if answer is None else answer.outcome).value,
            "elapsed_ms": call.elapsed_ms,
            "cached": call.cached,
        }
        if answer is not None and answer.reason is not None:
            entry["reason"] = answer.reason.value
            if answer.retry_in is not None:
                entry["retry_in"] = answer.retry_in
        if (withheld := plan.withheld.get(query.index)) is not None:
            entry["rule"] = withheld.rule
        entries.append(entry)
    return entries

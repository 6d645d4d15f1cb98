"""The calls of an exchange, as its records name them."""

from collections.abc import Mapping, Sequence

from gateway.domain.evidence import SourceAnswer
from gateway.domain.exchange import CallEntry
from gateway.mapping.plan import PlannedQuery
from gateway.mapping.procedure import ACCOUNT
from gateway.prefill.gather import Call


def promised(exchange: str, queries: Sequence[PlannedQuery], *, claims: bool) -> tuple[CallEntry, ...]:
    """What may be asked. `claims`: the caller gave claims of an account."""
    asked = [one for one in queries if one.attributes and (claims or one.service.evidence != ACCOUNT)]
    return tuple([
        CallEntry(f"{exchange}-{one.index + 1}", one.service.source, one.service.operation, one.role, one.attributes)
        for one in asked
    ])  # fmt: skip


def accounted(
    queries: Sequence[PlannedQuery], calls: Mapping[int, Call], answers: Sequence[SourceAnswer | None]
) -> tuple[CallEntry, ...]:
    """What was asked, and what came of it."""
    return tuple([_entry(one, calls[one.index], answers[one.index]) for one in queries if one.index in calls])


def _entry(query: PlannedQuery, call: Call, answer: SourceAnswer | None) -> CallEntry:
    service = query.service
    sent, received, outcome = b"", b"", "unknown"
    if answer is not None:
        sent, received, outcome = answer.request_digest, answer.response_digest, answer.outcome.value
    return CallEntry(
        call.call_id, service.source, service.operation, query.role, call.attributes, outcome, call.elapsed_ms,
        call.cached, call.shared_with, sent, received,
    )  # fmt: skip

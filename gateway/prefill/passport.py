"""The passport of a value: its entry plus the evidence entry that it points to, written once per source answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.config import SourceSettings
from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.mapping.papers import Published
from gateway.mapping.plan import PlannedQuery
from gateway.policy.grants import Grant
from gateway.prefill.gather import Call


@dataclass(frozen=True, slots=True)
class Issuer:
    """What passports say of where evidence comes from and on which ground it was asked."""

    sources: Mapping[str, SourceSettings]
    published: Published
    #: the profile speaks with simulated providers
    simulated: bool

    def evidence(
        self, query: PlannedQuery, answer: SourceAnswer, call: Call, grant: Grant
    ) -> dict[str, object]:
        """The evidence entry of one answer."""
        source, _, operation = query.service.name.partition(".")
        settings = self.sources[source]
        granted = grant.services.get(query.service.name)
        fetched = call.fetched_at or datetime.now(UTC)
        scopes = (self.published(query.service.name, name) for name in query.attributes)
        return {
            "source": source,
            "data_service": operation,
            "provider": settings.provider,
            "subject": query.role,
            "sandbox": self.simulated or "sandbox" in (settings.mark, query.service.mark),
            "fetched_at": rfc3339(fetched),
            "source_updated_at": answer.source_updated_at,
            "valid_until": rfc3339(fetched + timedelta(seconds=call.valid_seconds)),
            "legal_basis": granted.legal_basis if granted else "",
            "agreement": granted.agreement if granted else None,
            "published_scope": next((scope for scope in scopes if scope), None),
        }


def source_entries(
    queries: Sequence[PlannedQuery], answers: Sequence[SourceAnswer | None], calls: Mapping[int, Call]
) -> list[dict[str, object]]:
    """One line per planned query: what was asked, what came of it, how long it took."""
    entries = []
    for query in queries:
        answer, call = answers[query.index], calls.get(query.index)
        source, _, operation = query.service.name.partition(".")
        entry: dict[str, object] = {
            "source": source,
            "data_service": operation,
            "subject": query.role,
            "call": call.call_id if call else None,
            "outcome": (answer.outcome if answer else Outcome.SKIPPED).value,
            "elapsed_ms": call.elapsed_ms if call else 0,
            "cached": call.cached if call else False,
        }
        if answer is not None and answer.reason is not None:
            entry["reason"] = answer.reason.value
            if answer.retry_in is not None:
                entry["retry_in"] = answer.retry_in
        entries.append(entry)
    return entries


def rfc3339(moment: datetime) -> str:
    """RFC 3339, UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"

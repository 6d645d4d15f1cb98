"""Own data, for the citizen who gave them: each with the requester and the consent that keep it.

A look is recorded durably before its answer: no record, no release.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.consents.grantable import KEPT
from gateway.consents.service import ConsentContext
from gateway.domain.dates import rfc3339
from gateway.domain.parties import Caller
from gateway.own_data.store import OwnStore


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptListing:
    """Lists own data. Holds no request."""

    context: ConsentContext
    own: OwnStore

    async def of(
        self, caller: Caller, person: str, consents: Sequence[Mapping[str, Any]]
    ) -> dict[str, object]:
        """Own data of a person (`Subject.key`), for each requester that a consent of `consents` lets keep them.

        Raises LogUnavailable, ConsentsUnavailable.
        """
        now = await self.context.note(caller, "kept_shown", person)
        keeping = [one for one in consents if KEPT in one["attributes"]]
        shown = []
        for requester in dict.fromkeys(one["requester"] for one in keeping):
            found = await self.own.kept(person, requester, now)
            shown += [
                {
                    "requester": requester, "attribute": attribute, "value": one.value, "given_at": rfc3339(one.given),
                    "valid_until": rfc3339(one.until), "consent": one.consent,
                }
                for attribute, one in sorted(found.items())
            ]  # fmt: skip
        return {"exchange_id": caller.exchange, "kept": shown}

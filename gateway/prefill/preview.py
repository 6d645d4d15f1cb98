"""The right to refuse: what is shown to the citizen first is kept, encrypted, until he decides or its time is over.

It can be opened by its requester only, and by nobody who has the store alone: the key is derived from a secret of the
house and the exchange. A decision is a record, and final.
"""

import base64
import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gateway.domain.dates import rfc3339
from gateway.domain.errors import Conflict, ConsentsUnavailable, NotFound, fault_at
from gateway.domain.exchange import Phase
from gateway.domain.parties import Requester
from gateway.mapping.load import Catalogue
from gateway.prefill.copies import Copies, copies
from gateway.prefill.pending import PendingStore
from gateway.prefill.refusing import REFUSED, Dropped, without
from gateway.prefill.release import Held, doubtful, left_out, passport, recorded, settled

if TYPE_CHECKING:
    from gateway.prefill.admission import Access
    from gateway.prefill.prepared import Tools

#: `result` of the record of a decision
DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Decided:
    """What the citizen said of each piece of evidence that he was shown."""

    accepted: tuple[str, ...]
    refused: tuple[str, ...]
    #: what records keep of the requester's signature
    proof: Mapping[str, str] = field(default_factory=dict)


class Previews:
    """Keeps what was shown, and changes it as was decided."""

    def __init__(self, store: PendingStore, access: "Access", seconds: int, catalogue: Catalogue) -> None:
        """`access` has the secret, and what a decision touches; `seconds`: how long a decision is waited for."""
        self._store = store
        self._access = access
        self._seconds = seconds
        self._catalogue = catalogue

    async def keep(
        self, tools: "Tools", answer: Mapping[str, Any], held: Held, requester: Requester
    ) -> dict[str, Any]:
        """The answer as it is shown: marked."""
        until = tools.clock.now() + timedelta(seconds=self._seconds)
        shown = {**answer, "preview": {"shown_to": "citizen", "decide_until": rfc3339(until)}}
        await self._store.put(self._token(answer["exchange_id"]), requester.id, {"answer": answer, **held})
        return shown

    async def decide(
        self, tools: "Tools", exchange: str, decided: Decided, requester: Requester
    ) -> dict[str, Any]:
        """The changed answer, once the decision is recorded.

        NotFound: nothing was shown, its time is over, or it is another requester's. Conflict: it is being decided.
        Unprocessable: evidence that was not shown, stands twice or is left out; sources are still awaited.
        LogUnavailable, ConsentsUnavailable: nothing was decided.
        """
        token, decisions = self._token(exchange), self._access.decisions
        state = await self._shown(token, requester)
        _check(state["answer"], decided)
        now, key = tools.clock.now().timestamp(), _key(token)
        if decisions is None or not await decisions.take(key, now, now + self._seconds):
            raise Conflict("it was decided, or is being decided, by another request", code="decision_taken")
        try:
            changed = await self._decided(tools, state, decided, requester)
        except BaseException:
            with contextlib.suppress(ConsentsUnavailable):
                await decisions.give_back(key)
            raise
        # a decision is final: what was shown is forgotten
        await self._store.put(token, requester.id, {})
        return changed

    async def _shown(self, token: str, requester: Requester) -> dict[str, Any]:
        state: dict[str, Any] = {}
        with contextlib.suppress(NotFound):
            state = await self._store.get(token, requester.id)
        if "answer" not in state:
            what = "nothing waits for a decision under this exchange; it was decided, or its time is over"
            raise NotFound(what, code="decision_unknown")
        return state

    async def _decided(
        self, tools: "Tools", state: Held, decided: Decided, requester: Requester
    ) -> dict[str, Any]:
        """Record it, and erase the kept copies of what was refused."""
        answer, gone = state["answer"], await self._copies(tools, state, decided)
        erased = sorted({name for names in gone.values() for name in names})

        async def made(over: Dropped) -> dict[str, Any]:
            dropped = {**over, **dict.fromkeys(decided.refused, REFUSED)}
            changed = without(answer, dropped, state["rests"])
            notes = {**_notes(answer, changed, decided), **left_out(over)}
            if erased:
                notes["erased"] = " ".join(erased)
            changed |= {
                "preview": None,
                "decision": {"accepted": decided.accepted, "refused": decided.refused},
            }
            await recorded(tools, state, changed, Phase.CONSENT, DECISION, notes)
            changed["passport"] = await passport(tools, state, changed, requester)
            return changed

        changed = await settled(tools, state["consents"], made)
        if (own := self._access.own) is not None:
            for person, names in gone.items():
                await own.erase(person, requester.id, names)
        return changed

    async def _copies(self, tools: "Tools", state: Held, decided: Decided) -> Copies:
        answer, own, now = state["answer"], self._access.own, tools.clock.now()
        procedure = self._catalogue.find(answer["procedure"]["code"])
        if own is None:
            return {}
        return await copies(own, procedure, answer, decided.refused, state["record"], now)

    def _token(self, exchange: str) -> str:
        named = exchange.encode("utf-8", "surrogatepass")
        key = hashlib.blake2b(
            named, key=self._access.preview_secret, digest_size=24, person=b"motlan-preview"
        ).digest()
        return base64.urlsafe_b64encode(key).decode()


def _check(answer: Mapping[str, Any], decided: Decided) -> None:
    if answer["pending"] is not None:
        why = "sources are still awaited: fetch what is late first (/v1/prefill/resume)"
        raise fault_at("/exchange_id", why, "still_pending")
    said: set[str] = set()
    for member, names in (("accepted", decided.accepted), ("refused", decided.refused)):
        for index, name in enumerate(names):
            if name not in answer["evidence"]:
                raise fault_at(f"/{member}/{index}", "no such evidence was shown", "unknown_evidence")
            if name in said:
                raise fault_at(f"/{member}/{index}", "this evidence stands twice", "decided_twice")
            said.add(name)
    if left := sorted(answer["evidence"].keys() - said):
        raise fault_at(
            "/accepted", f"say it of each piece: nothing is said of {', '.join(left)}", "undecided"
        )


def _notes(
    answer: Mapping[str, Any], changed: Mapping[str, Any], decided: Decided
) -> dict[str, str | int | bool]:
    """What whoever looks at the form later needs: names of evidence, and of the fields that its refusal emptied."""
    emptied = [
        key for key, one in changed["fields"].items() if one != answer["fields"][key] and one["value"] is None
    ]
    return {
        "accepted": " ".join(decided.accepted), "refused": " ".join(decided.refused), "emptied": " ".join(emptied),
        **doubtful(changed), **decided.proof,
    }  # fmt: skip


def _key(token: str) -> bytes:
    """Names the decision in the store; opens nothing."""
    return hashlib.blake2b(token.encode(), digest_size=32, person=b"motlan-decided").digest()

"""The right to refuse: what is shown to the citizen first is kept, encrypted, until he decides or its time is over.

It can be opened by its requester only, and by nobody who has the store alone: the key is derived from a secret of the
house and the exchange. A decision is a record, and final.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson

from gateway.domain.dates import rfc3339
from gateway.domain.errors import NotFound, fault_at
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.domain.parties import Requester
from gateway.prefill.pending import PendingStore
from gateway.prefill.refusing import without

if TYPE_CHECKING:
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

    def __init__(self, store: PendingStore, secret: bytes, seconds: int) -> None:
        """`secret`: of the house, the same in all processes; `seconds`: how long a decision is waited for."""
        self._store = store
        self._secret = secret
        self._seconds = seconds

    async def keep(
        self, tools: "Tools", answer: Mapping[str, Any], record: ExchangeRecord, rests: Mapping[str, Sequence[str]],
        *, requester: Requester, signed: str | None,
    ) -> dict[str, Any]:  # fmt: skip
        """The answer as it is shown: marked. `signed`: the issuer who signs it after the decision; None: nobody."""
        until = tools.clock.now() + timedelta(seconds=self._seconds)
        shown = {**answer, "preview": {"shown_to": "citizen", "decide_until": rfc3339(until)}}
        state: dict[str, object] = {
            "answer": answer,
            "record": _plain(record),
            "rests": rests,
            "signed": signed,
        }
        await self._store.put(self._token(answer["exchange_id"]), requester.id, state)
        return shown

    async def decide(
        self, tools: "Tools", exchange: str, decided: Decided, requester: Requester
    ) -> dict[str, Any]:
        """The changed answer, once the decision is recorded.

        NotFound: nothing was shown, its time is over, or it is another requester's. LogUnavailable.
        Unprocessable: evidence that was not shown, stands twice or is left out; sources are still awaited.
        """
        token = self._token(exchange)
        try:
            state: Any = await self._store.get(token, requester.id)
        except NotFound:
            state = {}
        if "answer" not in state:
            what = "nothing waits for a decision under this exchange; it was decided, or its time is over"
            raise NotFound(what, code="decision_unknown")
        answer = state["answer"]
        _check(answer, decided)
        changed = without(answer, decided.refused, state["rests"])
        fields = {
            key: orjson.dumps(one["value"])
            for key, one in changed["fields"].items()
            if one["value"] is not None and one["state"] != "kept"
        }
        record = _record(state["record"])._replace(
            phase=Phase.CONSENT, time=rfc3339(tools.clock.now()), result=DECISION, fields=fields,
            notes=_notes(answer, changed, decided), configuration=tools.digest,
        )  # fmt: skip
        receipt = await tools.write(record)
        # a decision is final: what was shown is forgotten
        await self._store.put(token, requester.id, {})
        changed["receipt"] = {"leaf_hash": receipt.leaf_hash, "log": receipt.log}
        changed |= {"preview": None, "decision": {"accepted": decided.accepted, "refused": decided.refused}}
        if state["signed"] is not None and tools.sealer is not None:
            now = tools.clock.now()
            changed["passport"] = await tools.sealer.passport(changed, requester, state["signed"], now)
        return changed

    def _token(self, exchange: str) -> str:
        named = exchange.encode("utf-8", "surrogatepass")
        key = hashlib.blake2b(named, key=self._secret, digest_size=24, person=b"motlan-preview").digest()
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
    doubtful = [key for key, one in changed["fields"].items() if one["doubt"] is not None]
    return {
        "accepted": " ".join(decided.accepted), "refused": " ".join(decided.refused), "emptied": " ".join(emptied),
        **({"doubtful": " ".join(doubtful)} if doubtful else {}), **decided.proof,
    }  # fmt: skip


def _plain(record: ExchangeRecord) -> dict[str, Any]:
    """What the record of a decision says of the exchange; its calls stand in the records before it."""
    return {
        "exchange": record.exchange, "requester": record.requester, "agency": record.agency,
        "procedure": record.procedure, "dossier": record.dossier, "purpose": record.purpose,
        "legal_basis": record.legal_basis, "subjects": dict(record.subjects), "official": record.official,
        "on_duty": record.on_duty,
    }  # fmt: skip


def _record(plain: Mapping[str, Any]) -> ExchangeRecord:
    return ExchangeRecord(phase=Phase.CONSENT, time="", **plain)

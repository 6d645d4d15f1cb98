"""Checks a retained answer right before it leaves: evidence whose consent ended is left out.

A withdrawal takes effect at once, in every process.
"""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from gateway.domain.errors import NotFound, PendingUnavailable
from gateway.domain.evidence import SAID
from gateway.domain.exchange import Phase
from gateway.domain.parties import Requester
from gateway.domain.reasons import Reason
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.mapping.answer import PrefillAnswer, ReasonEntry
from gateway.prefill.consent_checks import ConsentChecks
from gateway.prefill.exchange import Exchange
from gateway.prefill.pending import PendingStore
from gateway.prefill.refusing import Dropped, evidence_used, without
from gateway.prefill.sealing import Sealer

#: plain data beside a retained answer: `record` (header of later records), `rests` (`refusing.evidence_used`),
#: `consents` (evidence -> its consents), `signed` (the issuer that signs; None: unsigned), `configuration` (digest of
#: the configuration that made it)
Retained = dict[str, Any]
_Notes = dict[str, str | int | bool]


class Releases:
    """Releases retained answers."""

    def __init__(
        self, recorder: Recorder, consents: ConsentChecks, pending: PendingStore, sealer: Sealer | None
    ) -> None:
        """`sealer` None: answers are not signed here."""
        self._recorder = recorder
        self._consents = consents
        self._pending = pending
        self._sealer = sealer

    def retained(self, exchange: Exchange) -> Retained:
        """What is retained beside an answer that does not leave at once."""
        case = exchange.case
        legal_basis = exchange.allowed.grant.legal_basis
        about = case.header(exchange.id, exchange.requester, legal_basis, {**exchange.keys})
        return {
            "record": about._asdict(),
            "configuration": self._recorder.digest,
            "rests": evidence_used(exchange.plan),
            "consents": exchange.allowed.consents_by_evidence(exchange.plan, exchange.answers),
            "signed": case.request.issuer if case.request.signed else None,
        }  # fmt: skip

    async def released(self, state: Mapping[str, Any], token: str, requester: Requester) -> PrefillAnswer:
        """The late answer as it may leave now; recorded the first time and whenever it becomes smaller.

        Raises LogUnavailable.
        """
        answer: PrefillAnswer = state["answer"]
        #: leaf hash of the answer that this one replaces
        instead_of: _Notes = {}

        async def made(dropped: Dropped) -> PrefillAnswer:
            if not dropped:
                if await self._fetched(state, token, requester):
                    instead_of["instead_of"] = answer["receipt"]["leaf_hash"]
                return answer
            changed = without(answer, dropped, state["rests"])
            marks: _Notes = {"late": True, **left_out(reasons(dropped)), **instead_of}
            if answer["preview"] is not None:
                marks["preview"] = True
            await self.record(state, changed, Phase.OUTCOME, "", {**marks, **doubtful(changed)})
            instead_of["instead_of"] = changed["receipt"]["leaf_hash"]
            return changed

        changed = await self.settled(state["consents"], made)
        if changed is not answer and answer["passport"] is not None:
            changed["passport"] = await self.passport(state, changed, requester)
        return changed

    async def settled(
        self, consents: Mapping[str, Any], made: Callable[[Dropped], Awaitable[PrefillAnswer]]
    ) -> PrefillAnswer:
        """The answer without evidence whose consent ended, repeated until no more consents end meanwhile."""
        dropped = await self._dropped(consents)
        while True:
            answer = await made(dropped)
            now = await self._dropped(consents)
            if now.keys() <= dropped.keys():
                return answer
            dropped = {**dropped, **now}

    async def has_ended(self, consents: Mapping[str, Any]) -> bool:
        """Whether a consent of an answer is not known to hold any more."""
        return bool(await self._dropped(consents))

    async def record(
        self, state: Mapping[str, Any], changed: PrefillAnswer, phase: Phase, result: str, notes: _Notes
    ) -> PrefillAnswer:
        """The answer with the receipt of its record. Raises LogUnavailable."""
        fields = {
            key: orjson.dumps(one["value"])
            for key, one in changed["fields"].items()
            if one["value"] is not None and one["state"] != "kept"
        }
        about = RecordHeader(**state["record"])
        receipt = await self._recorder.write(about, phase, result, fields=fields, notes=notes)
        changed["receipt"] = {"leaf_hash": receipt.leaf_hash, "log": receipt.log}
        return changed

    async def passport(
        self, state: Mapping[str, Any], changed: PrefillAnswer, requester: Requester
    ) -> str | None:
        """Its signature, if it was requested."""
        if state["signed"] is None or self._sealer is None:
            return None
        now = self._recorder.clock.now()
        return await self._sealer.passport(changed, requester, state["signed"], now)

    async def _fetched(self, state: Mapping[str, Any], token: str, requester: Requester) -> bool:
        """Record that this version of a late answer is fetched; whether it is the first time.

        Not recorded: version 0, which left with the token, and a version without any answer of a source.
        """
        mark = f"{token}/{state['version']}"
        if not any(one["outcome"] in SAID for one in state["answer"]["sources"]):
            return False
        with contextlib.suppress(NotFound):
            if not state["version"] or await self._pending.get(mark, requester.id):
                return False
        await self._recorder.write(
            RecordHeader(**{**state["record"], "subjects": {}}),
            Phase.DELIVERY,
            "fetched",
            notes={"fetched": state["answer"]["receipt"]["leaf_hash"]},
            configuration=state["configuration"],
        )
        with contextlib.suppress(PendingUnavailable):  # then it is recorded once more
            await self._pending.put(mark, requester.id, {"fetched": True})
        return True

    async def _dropped(self, consents: Mapping[str, Any]) -> dict[str, ReasonEntry]:
        """Evidence whose consent is not known to hold -> why it is withheld."""
        invalid = await self._consents.invalid({one for of in consents.values() for one in of})
        dropped: dict[str, ReasonEntry] = {}
        for name, of in consents.items():
            ended = next((one for one in of if one in invalid), None)
            if ended is not None:
                dropped[name] = {"code": invalid[ended].value, "rule": f"consent:{ended}"}
        return dropped


def left_out(why: Mapping[str, str]) -> _Notes:
    """The notes of evidence that did not leave, and of evidence whose consent is unknown. `why`: reasons."""
    unsure = [name for name, reason in why.items() if reason == Reason.CONSENTS_UNAVAILABLE]
    notes: _Notes = {"withheld": " ".join(why)} if why else {}
    return {**notes, "unsure": " ".join(unsure)} if unsure else notes


def doubtful(answer: PrefillAnswer) -> _Notes:
    """The note that names the fields in doubt."""
    keys = [key for key, one in answer["fields"].items() if one["doubt"] is not None]
    return {"doubtful": " ".join(keys)} if keys else {}


def reasons(dropped: Dropped) -> dict[str, str]:
    """Evidence -> the code of its reason."""
    return {name: one["code"] for name, one in dropped.items()}

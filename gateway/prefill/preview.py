"""Previews: an answer shown to the citizen first is kept, encrypted, until the decision or its expiry.

Only its requester can open it; the store alone is not enough, because the key is derived from a secret of the gateway
and the exchange. A decision is recorded and final: it completes even if the client disconnects. It can be taken again
only when it is certain that no record of it exists.
"""

import asyncio
import base64
import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.errors import (
    Conflict,
    ConsentsUnavailable,
    LogUnavailable,
    NotFound,
    PendingUnavailable,
    fault_at,
)
from gateway.domain.exchange import Phase
from gateway.domain.parties import Requester
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.outcomes import DECISION, outcomes
from gateway.exchange_log.outcomes import decisions as recorded_decisions
from gateway.exchange_log.recorder import Recorder
from gateway.mapping.answer import PrefillAnswer, PreviewEntry
from gateway.mapping.load import Catalogue
from gateway.ports.consents import Claim, Copies, Decisions
from gateway.prefill.admission import DecisionInputs
from gateway.prefill.copies import copies
from gateway.prefill.pending import PendingStore, lost, unknown
from gateway.prefill.refusing import REFUSED, Dropped, required_without, without
from gateway.prefill.release import Releases, Retained, doubtful, left_out, reasons

#: how long a decision is locked: by then its record exists and is found, or never will
_HELD_SECONDS = 60
#: the record must be begun within this time
_BEGIN_SECONDS = 20


@dataclass(frozen=True, slots=True)
class CitizenDecision:
    """The citizen's decision about each piece of evidence in the preview."""

    accepted: tuple[str, ...]
    refused: tuple[str, ...]
    #: what records keep of the requester's signature
    proof: Mapping[str, str] = field(default_factory=dict)


class Previews:
    """Keeps previews and applies decisions to them."""

    def __init__(
        self, store: PendingStore, access: DecisionInputs, seconds: int, catalogue: Catalogue, recorder: Recorder,
        releases: Releases,
    ) -> None:  # fmt: skip
        """`access` has the secret and the stores of a decision; `seconds`: how long a decision is awaited."""
        self._store = store
        self._recorder = recorder
        self._releases = releases
        self._access = access
        self._seconds = seconds
        self._catalogue = catalogue
        self._under_way: set[asyncio.Task[PrefillAnswer]] = set()

    async def open(self, exchange: str, requester: Requester) -> None:
        """Check, before any source is asked, that a preview can be kept. Raises PendingUnavailable."""
        await self._store.put(self._token(exchange), requester.id, {})

    async def keep(self, answer: PrefillAnswer, retained: Retained, requester: Requester) -> PreviewEntry:
        """Keep an answer until the citizen decides; the preview entry of the answer. Raises PendingUnavailable."""
        until = self._recorder.clock.now() + timedelta(seconds=self._seconds)
        state = {"answer": answer, **retained}
        await self._store.put(self._token(answer["exchange_id"]), requester.id, state)
        papers = required_without(answer, retained["rests"])
        return {"shown_to": "citizen", "decide_until": rfc3339(until), "papers": papers}

    async def decide(self, exchange: str, decided: CitizenDecision, requester: Requester) -> PrefillAnswer:
        """The changed answer, once the decision is recorded; the same decision again gets the same answer.

        Raises NotFound: no preview, expired, or another requester's. Conflict: another decision was taken, or one is
        under way.
        Unprocessable: evidence that was not shown, is listed twice or is missing; sources are still awaited.
        LogUnavailable, ConsentsUnavailable, PendingUnavailable: nothing was decided.
        """
        token = self._token(exchange)
        state = await self._shown(exchange, token, requester)
        if "decision" in state:
            return await self._again(state, decided)
        _check(state["answer"], decided)
        deciding = asyncio.ensure_future(self._decide(token, state, decided, requester))
        self._under_way.add(deciding)
        deciding.add_done_callback(self._ended)
        # the client may disconnect meanwhile
        return await asyncio.shield(deciding)

    async def check_open(self, exchange: str, requester: Requester) -> None:
        """Raises NotFound once the citizen has decided about a preview, or is deciding.

        Raises ConsentsUnavailable, LogUnavailable when that is unknown.
        """
        decisions, now = self._access.decisions, self._recorder.clock.now().timestamp()
        if decisions is None:
            return
        if await decisions.held(_key(self._token(exchange)), now) or await self._is_recorded(
            exchange, requester
        ):
            raise unknown()

    async def ended(self) -> None:
        """Wait until no decision is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _ended(self, deciding: "asyncio.Task[PrefillAnswer]") -> None:
        self._under_way.discard(deciding)
        if not deciding.cancelled():
            deciding.exception()  # a client that still waits gets it

    async def _is_recorded(self, exchange: str, requester: Requester) -> bool:
        reader = self._access.reader
        return reader is not None and bool(await recorded_decisions(reader, exchange, requester.id))

    async def _decide(
        self, token: str, state: Retained, decided: CitizenDecision, requester: Requester
    ) -> PrefillAnswer:
        decisions, begun = self._access.decisions, self._recorder.clock.now().timestamp()
        claim, until = Claim(_key(token), state["answer"]["exchange_id"], requester.id), begun + _HELD_SECONDS
        if decisions is None or not await decisions.take(claim.key, begun, until):
            raise _taken()
        work = _PreviewWork(decisions, claim, until)
        try:
            work.note_earlier(is_recorded=await self._is_recorded(claim.exchange, requester))
            await decisions.mark_for_erasure(claim, ())
            changed = await self._decided(state, decided, requester, work)
        finally:
            await work.end(begun + self._seconds)
        # a decision is final: what it left replaces the preview, for a client that lost the answer and asks again
        with contextlib.suppress(PendingUnavailable):
            kept = {"answer": changed, "decision": changed["decision"], "consents": state["consents"]}
            await self._store.put(token, requester.id, kept)
        return changed

    async def _again(self, state: Mapping[str, Any], decided: CitizenDecision) -> PrefillAnswer:
        """The answer of a decision that was taken, to the same decision. Raises Conflict to another one.

        Also where a consent ended since: what rests on it leaves no more, and nothing is recorded a second time.
        """
        taken = state["decision"]
        is_same = {*taken["accepted"]} == {*decided.accepted} and {*taken["refused"]} == {*decided.refused}
        if not is_same or await self._releases.has_ended(state["consents"]):
            raise _taken()
        answer: PrefillAnswer = state["answer"]
        return answer

    async def _shown(self, exchange: str, token: str, requester: Requester) -> dict[str, Any]:
        state: dict[str, Any] = {}
        try:
            state = await self._store.get(token, requester.id)
        except NotFound:
            if await self._is_promised(exchange, requester):
                raise lost() from None
            if await self._is_recorded(exchange, requester):
                raise _taken() from None
        if "answer" not in state:
            raise NotFound(say.NO_DECISION, code=ProblemCode.DECISION_UNKNOWN)
        return state

    async def _is_promised(self, exchange: str, requester: Requester) -> bool:
        """Whether a record says that a preview was shown, is not expired and not decided. Raises LogUnavailable."""
        reader, now = self._access.reader, self._recorder.clock.now()
        if reader is None:
            return False
        since = rfc3339(now - timedelta(seconds=self._seconds))
        try:
            newest, *_ = await outcomes(reader, exchange, requester)
        except NotFound:
            return False
        if not newest["notes"].get("preview") or newest["time"] < since:
            return False
        return not await self._is_recorded(exchange, requester)

    async def _decided(
        self, state: Retained, decided: CitizenDecision, requester: Requester, work: "_PreviewWork"
    ) -> PrefillAnswer:
        """Record the decision; the refused own data are marked for erasure before."""
        answer: PrefillAnswer = state["answer"]
        erased = await self._mark_for_erasure(state, decided, work)

        async def made(invalid: Dropped) -> PrefillAnswer:
            dropped = {**invalid, **dict.fromkeys(decided.refused, REFUSED)}
            changed = without(answer, dropped, state["rests"])
            notes = {**_notes(answer, changed, decided), **left_out(reasons(invalid))}
            if erased:
                notes["erased"] = " ".join(erased)
            changed["preview"] = None
            changed["decision"] = {"accepted": [*decided.accepted], "refused": [*decided.refused]}
            with work.recording(self._recorder.clock.now().timestamp()):
                await self._releases.record(state, changed, Phase.CONSENT, DECISION, notes)
            changed["passport"] = await self._releases.passport(state, changed, requester)
            return changed

        return await self._releases.settled(state["consents"], made)

    async def _mark_for_erasure(
        self, state: Retained, decided: CitizenDecision, work: "_PreviewWork"
    ) -> list[str]:
        """Mark the own data that go with the refused evidence for erasure; returns their attributes."""
        answer, own, now = state["answer"], self._access.own, self._recorder.clock.now()
        procedure = self._catalogue.find(answer["procedure"]["code"])
        if own is None:
            return []
        gone = await copies(own, procedure, answer, decided.refused, state["record"], now)
        if gone:
            to_erase = [Copies(await own.indexes(person), names) for person, names in gone.items()]
            await work.decisions.mark_for_erasure(work.claim, to_erase)
            work.erasure_due = True
        return sorted({name for names in gone.values() for name in names})

    def _token(self, exchange: str) -> str:
        named = exchange.encode("utf-8", "surrogatepass")
        key = hashlib.blake2b(
            named, key=self._access.preview_secret, digest_size=24, person=b"motlan-preview"
        ).digest()
        return base64.urlsafe_b64encode(key).decode()


@dataclass(slots=True)
class _PreviewWork:
    """One decision under way, and whether its record is known to exist."""

    decisions: Decisions
    claim: Claim
    #: locked until then
    until: float
    #: it is certain that no earlier process recorded the decision
    is_checked: bool = False
    recorded: bool = False
    #: a record may exist, or may still be written
    unsure: bool = False
    #: own data must be erased with it
    erasure_due: bool = False

    def note_earlier(self, *, is_recorded: bool) -> None:
        """Raises Conflict where another process recorded the decision and ended before it confirmed it."""
        self.is_checked = True
        if is_recorded:
            self.recorded = self.erasure_due = True
            raise _taken()

    @contextlib.contextmanager
    def recording(self, now: float) -> Iterator[None]:
        """Around the writing of a record. Raises ConsentsUnavailable when it did not begin in time."""
        if now > self.until - _HELD_SECONDS + _BEGIN_SECONDS:
            raise ConsentsUnavailable(say.DECISION_LATE)
        self.unsure = True
        try:
            yield
        except LogUnavailable as error:
            self.unsure = error.unsure
            raise
        self.recorded = True

    async def end(self, until: float) -> None:
        """Make it final and erase own data, or reopen it; while the record is uncertain it stays locked.

        What fails now is done when the lock expires: see gateway/prefill/erasing.py.
        """
        with contextlib.suppress(ConsentsUnavailable):
            if self.recorded:
                await self.decisions.confirm(self.claim.key, until, erasing=self.erasure_due)
            elif not self.unsure:
                await self.decisions.give_back(self.claim.key, self.until, forgetting=self.is_checked)


def _taken() -> Conflict:
    return Conflict(say.DECISION_TAKEN, code=ProblemCode.DECISION_TAKEN)


def _check(answer: PrefillAnswer, decided: CitizenDecision) -> None:
    if answer["pending"] is not None:
        raise fault_at("/exchange_id", say.STILL_PENDING, ProblemCode.STILL_PENDING)
    decided_ids: set[str] = set()
    for member, names in (("accepted", decided.accepted), ("refused", decided.refused)):
        for index, name in enumerate(names):
            if name not in answer["evidence"]:
                raise fault_at(f"/{member}/{index}", say.EVIDENCE_UNKNOWN, ProblemCode.UNKNOWN_EVIDENCE)
            if name in decided_ids:
                raise fault_at(f"/{member}/{index}", say.EVIDENCE_TWICE, ProblemCode.DECIDED_TWICE)
            decided_ids.add(name)
    if left := sorted(answer["evidence"].keys() - decided_ids):
        raise fault_at("/accepted", say.DECIDE_EACH(left=", ".join(left)), ProblemCode.UNDECIDED)


def _notes(
    answer: PrefillAnswer, changed: PrefillAnswer, decided: CitizenDecision
) -> dict[str, str | int | bool]:
    """What a later attest needs: names of the evidence, and of the fields that the refusal emptied."""
    emptied = [
        key for key, one in changed["fields"].items() if one != answer["fields"][key] and one["value"] is None
    ]
    return {
        "accepted": " ".join(decided.accepted), "refused": " ".join(decided.refused), "emptied": " ".join(emptied),
        **doubtful(changed), **decided.proof,
    }  # fmt: skip


def _key(token: str) -> bytes:
    """Key of the decision in the store; it decrypts nothing."""
    return hashlib.blake2b(token.encode(), digest_size=32, person=b"motlan-decided").digest()

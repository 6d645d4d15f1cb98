"""Right before an answer leaves that was kept for a while: what rests on a consent that is over stays behind.

A withdrawal takes effect at once, in every process: what had not left by then does not leave.
"""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from gateway.domain.dates import rfc3339
from gateway.domain.errors import NotFound
from gateway.domain.evidence import SAID, Reason
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.domain.parties import Requester
from gateway.prefill.refusing import Answer, Dropped, without

if TYPE_CHECKING:
    from gateway.prefill.prepared import Tools

#: what is kept beside an answer, as plain data: `record` (what later records say of the exchange), `rests` (paper ->
#: evidence), `consents` (evidence -> those it rests on), `signed` (the issuer who signs it; None: nobody),
#: `configuration` (digest of the one that it was made under)
Held = dict[str, Any]
_Notes = dict[str, str | int | bool]


async def released(tools: "Tools", state: Mapping[str, Any], token: str, requester: Requester) -> Answer:
    """The kept answer as it may leave now: a record says so the first time, and each time that it is less.

    LogUnavailable.
    """
    answer: Answer = state["answer"]
    #: hash of the leaf of what was about to leave
    instead_of: _Notes = {}

    async def made(over: Dropped) -> Answer:
        if not over:
            if await _fetched(tools, state, token, requester):
                instead_of["instead_of"] = answer["receipt"]["leaf_hash"]
            return answer
        changed = without(answer, over, state["rests"])
        marks: _Notes = {"late": True, **left_out(reasons(over)), **instead_of}
        if answer["preview"] is not None:
            marks["preview"] = True
        await recorded(tools, state, changed, Phase.OUTCOME, "", {**marks, **doubtful(changed)})
        instead_of["instead_of"] = changed["receipt"]["leaf_hash"]
        return changed

    changed = await settled(tools, state["consents"], made)
    if changed is not answer and answer["passport"] is not None:
        changed["passport"] = await passport(tools, state, changed, requester)
    return changed


async def _fetched(tools: "Tools", state: Mapping[str, Any], token: str, requester: Requester) -> bool:
    """Record that this version of a late answer is fetched, unless it was before; whether it is the first time.

    The answer that the token came with (version 0) left at once; one in which no source says anything shows nothing.
    """
    mark = f"{token}/{state['version']}"
    if not any(one["outcome"] in SAID for one in state["answer"]["sources"]):
        return False
    with contextlib.suppress(NotFound):
        if not state["version"] or await tools.pending.get(mark, requester.id):
            return False
    await tools.write(ExchangeRecord(
        **{**state["record"], "subjects": {}}, phase=Phase.DELIVERY, time=rfc3339(tools.clock.now()), result="fetched",
        notes={"fetched": state["answer"]["receipt"]["leaf_hash"]}, configuration=state["configuration"],
    ))  # fmt: skip
    await tools.pending.put(mark, requester.id, {"fetched": True})
    return True


async def settled(
    tools: "Tools", consents: Mapping[str, Any], made: Callable[[Dropped], Awaitable[Answer]]
) -> Answer:
    """What is made of an answer without the evidence whose consent is over, once nothing more ended meanwhile."""
    over = await _over(tools, consents)
    while True:
        answer = await made(over)
        now = await _over(tools, consents)
        if now.keys() <= over.keys():
            return answer
        over = {**over, **now}


async def recorded(
    tools: "Tools", state: Mapping[str, Any], changed: Answer, phase: Phase, result: str, notes: _Notes
) -> Answer:
    """The answer with the receipt of a record of what it says now. LogUnavailable."""
    fields = {
        key: orjson.dumps(one["value"])
        for key, one in changed["fields"].items()
        if one["value"] is not None and one["state"] != "kept"
    }
    receipt = await tools.write(ExchangeRecord(
        **state["record"], phase=phase, time=rfc3339(tools.clock.now()), result=result, fields=fields, notes=notes,
        configuration=tools.digest,
    ))  # fmt: skip
    changed["receipt"] = {"leaf_hash": receipt.leaf_hash, "log": receipt.log}
    return changed


async def passport(
    tools: "Tools", state: Mapping[str, Any], changed: Answer, requester: Requester
) -> str | None:
    """Its signature, where one was asked for."""
    if state["signed"] is None or tools.sealer is None:
        return None
    return await tools.sealer.passport(changed, requester, state["signed"], tools.clock.now())


def plain(record: ExchangeRecord) -> dict[str, Any]:
    """What later records say of the exchange; its calls stand in the records before them."""
    return {
        "exchange": record.exchange, "requester": record.requester, "agency": record.agency,
        "procedure": record.procedure, "dossier": record.dossier, "purpose": record.purpose,
        "legal_basis": record.legal_basis, "subjects": dict(record.subjects), "official": record.official,
        "on_duty": record.on_duty,
    }  # fmt: skip


def left_out(why: Mapping[str, str]) -> _Notes:
    """The notes that name the evidence which did not leave, and what of it nobody could tell about. `why`: reasons."""
    unsure = [name for name, reason in why.items() if reason == Reason.CONSENTS_UNAVAILABLE]
    notes: _Notes = {"withheld": " ".join(why)} if why else {}
    return {**notes, "unsure": " ".join(unsure)} if unsure else notes


def doubtful(answer: Mapping[str, Any]) -> _Notes:
    """The note that names the fields in doubt."""
    keys = [key for key, one in answer["fields"].items() if one["doubt"] is not None]
    return {"doubtful": " ".join(keys)} if keys else {}


def reasons(dropped: Dropped) -> dict[str, str]:
    """Evidence -> the code of its reason."""
    return {name: one["code"] for name, one in dropped.items()}


async def _over(tools: "Tools", consents: Mapping[str, Any]) -> dict[str, Answer]:
    """The evidence that rests on a consent which is not sure to hold -> why it is withheld."""
    over = await tools.over({one for of in consents.values() for one in of})
    ended = {name: next((one for one in of if one in over), None) for name, of in consents.items()}
    return {
        name: {"code": over[one].value, "rule": f"consent:{one}"}
        for name, one in ended.items()
        if one is not None
    }

"""Records questions about dossiers and deliveries that are not the caller's: they do not exist for it.

The record has the caller and the code that it named, never whose it is or whether it is there at all.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence

from gateway.domain.errors import NotFound
from gateway.domain.exchange import WITHHELD, Phase
from gateway.domain.identifiers import is_ulid
from gateway.domain.parties import Caller
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.ports.relay import INBOX, DossierSearch
from gateway.relay.service import DossierRelay


@contextlib.asynccontextmanager
async def recording_unknown_dossier(
    relay: DossierRelay, caller: Caller, operation: str, codes: Sequence[str]
) -> AsyncIterator[None]:
    """Records a NotFound of the block, and raises it. `codes`: the dossiers of the request."""
    try:
        yield
    except NotFound as error:
        code = error.named = await _first_unknown(relay, caller.requester.id, codes)
        about = RecordHeader(caller.exchange, caller.requester.id, caller.agency, dossier=code)
        await relay.recorder.write(about, Phase.REFUSAL, error.problem_code, notes={"operation": operation})
        raise


@contextlib.asynccontextmanager
async def recording_unknown_items(
    relay: DossierRelay, caller: Caller, deliveries: Sequence[str]
) -> AsyncIterator[None]:
    """The same for items of an inbox that the caller acknowledges."""
    try:
        yield
    except NotFound as error:
        mine, unknown = INBOX + caller.requester.id, ""
        for unknown in deliveries:
            row = await relay.rows.delivery(unknown)
            if row is None or row.target != mine:
                break
        await record_unknown_delivery(relay.recorder, caller, "acknowledge", unknown, error)
        raise


async def record_unknown_delivery(
    recorder: Recorder, caller: Caller, operation: str, delivery: str, error: NotFound
) -> None:
    """The record of a question about a delivery that is not the caller's. Raises LogUnavailable."""
    about = RecordHeader(caller.exchange, caller.requester.id, caller.agency)
    named = delivery if is_ulid(delivery) else WITHHELD
    notes = {"operation": operation, "delivery": named, **caller.notes}
    await recorder.write(about, Phase.REFUSAL, error.problem_code, notes=notes)


async def _first_unknown(relay: DossierRelay, requester: str, codes: Sequence[str]) -> str:
    """The first code that is none of the requester's dossiers; else the last one: its content is erased."""
    code = ""
    for code in codes:
        if not await relay.rows.dossiers(DossierSearch(code=code, requester=requester, most=1)):
            break
    return code

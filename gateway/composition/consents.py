"""Opens consents, own data and requests of data subjects. Part of the composition root."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from gateway.api.context import Citizens
from gateway.composition.composition import Composition
from gateway.consents.sealing import PersonKeys
from gateway.consents.service import ConsentBook, ConsentContext, new_id
from gateway.corrections.open_reports import OpenReports
from gateway.documents.keys import DocumentKey
from gateway.domain.errors import ConsentsUnavailable, LogUnavailable
from gateway.exchange_log.recorder import Recorder
from gateway.own_data.listing import KeptListing
from gateway.own_data.store import OwnStore
from gateway.own_data.values import Values
from gateway.policy.counted import Rates, limits_of
from gateway.policy.rates import Whom
from gateway.ports.clock import Clock
from gateway.ports.stores import Stores
from gateway.prefill.admission import DecisionInputs
from gateway.prefill.attest import Attest
from gateway.prefill.erasing import finish_open_decisions
from gateway.subject_requests.service import SubjectRequests

_SWEEP_SECONDS = 600.0


@contextlib.asynccontextmanager
async def sweeping(stores: Stores, clock: Clock) -> AsyncIterator[None]:
    """A task that erases expired rows from time to time."""
    task = asyncio.create_task(_sweep(stores, clock), name="own_data")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


def citizens(
    stores: Stores,
    person_keys: PersonKeys,
    parts: Composition,
    recorder: Recorder,
    key: DocumentKey,
    access: DecisionInputs,
) -> Citizens:
    """The use cases over opened stores, for one configuration; `key` signs receipts."""
    configuration = parts.configuration
    context = ConsentContext(
        rows=stores.consents, person_keys=person_keys, recorder=recorder, key=key, configuration=configuration,
        catalogue=parts.catalogue, new_id=new_id,
    )  # fmt: skip
    days, values = configuration.consents.keep, Values(parts.catalogue.declared)
    book, own = ConsentBook(context), OwnStore(stores.own_data, person_keys, days, values)
    settings = configuration.gateway.attest
    rates: dict[Whom, str | None] = {"requester": settings.per_requester, "form": settings.per_form}
    attest = Attest(
        reader=stores.reader, person_keys=person_keys, catalogue=parts.catalogue, consents=book, own=own,
        recorder=recorder, rates=Rates(limits_of("attest", rates), access.quotas, access.secret),
        open_reports=OpenReports(rows=stores.corrections, person_keys=person_keys).of,
    )  # fmt: skip
    requests = SubjectRequests(context, stores.subject_requests, new_id)
    kept = KeptListing(context=context, own=own)
    return Citizens(consents=book, own=own, kept=kept, subject_requests=requests, attest=attest)


async def _sweep(stores: Stores, clock: Clock) -> None:
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        now = clock.now().timestamp()
        with contextlib.suppress(ConsentsUnavailable):
            await stores.own_data.erase(now)
        with contextlib.suppress(ConsentsUnavailable, LogUnavailable):
            await finish_open_decisions(stores.decisions, stores.reader, now)

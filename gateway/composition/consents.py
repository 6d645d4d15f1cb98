"""Opens consents, own data and requests of data subjects: a part of the composition root."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from gateway import registry
from gateway.api.context import Citizens
from gateway.composition.composition import Composition
from gateway.composition.log_keys import root_keys
from gateway.consents.sealing import PersonKeys
from gateway.consents.service import ConsentBook, ConsentContext, new_id
from gateway.documents.keys import DocumentKey
from gateway.domain.errors import ConsentsUnavailable, LogUnavailable
from gateway.exchange_log.recorder import Recorder
from gateway.own_data.store import OwnStore
from gateway.own_data.values import Values
from gateway.policy.counted import Rates, limits_of
from gateway.policy.rates import Whom
from gateway.ports.clock import Clock
from gateway.ports.consents import ConsentRows, Decisions, OwnDataRows, SubjectRequestRows
from gateway.ports.exchange_log import LogKeeping, LogReader
from gateway.prefill.admission import DecisionInputs
from gateway.prefill.attest import Attest
from gateway.prefill.erasing import settle_open
from gateway.subject_requests.service import SubjectRequests

_SWEEP_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenStores:
    """What every configuration of the process uses."""

    consents: ConsentRows
    kept: OwnDataRows
    demands: SubjectRequestRows
    decisions: Decisions
    reader: LogReader
    seals: PersonKeys


@contextlib.asynccontextmanager
async def consenting(parts: Composition, clock: Clock) -> AsyncIterator[CitizenStores]:
    """The stores; what is over leaves them now and then."""
    settings, state = parts.configuration.gateway.log, parts.state
    url = settings.url
    consents, kept, demands = registry.store(url, "open_consents")(url, state)
    decisions: Decisions = registry.store(url, "open_decisions")(url, state)
    keeping: LogKeeping = registry.store(url, "open_keeping")(url, state)
    roots = root_keys(settings, state)
    reader = registry.store(url, "open_reader")(url, state, roots)
    seals = PersonKeys(roots, keeping)
    sweeping = asyncio.create_task(_sweep(kept, decisions, reader, clock), name="own_data")
    try:
        yield CitizenStores(
            consents=consents, kept=kept, demands=demands, decisions=decisions, reader=reader, seals=seals
        )
    finally:
        sweeping.cancel()
        await asyncio.wait((sweeping,))
        await reader.close()
        await keeping.close()
        await decisions.close()
        await consents.close()


def citizens(
    shelves: CitizenStores, parts: Composition, recorder: Recorder, key: DocumentKey, access: DecisionInputs
) -> Citizens:
    """The use cases over what was opened, with the words of one configuration; `key` signs receipts."""
    configuration = parts.configuration
    context = ConsentContext(
        rows=shelves.consents, seals=shelves.seals, recorder=recorder, key=key, configuration=configuration,
        catalogue=parts.catalogue, new_id=new_id,
    )  # fmt: skip
    days, values = configuration.consents.keep, Values(parts.catalogue.declared)
    book, own = ConsentBook(context), OwnStore(shelves.kept, shelves.seals, days, values)
    settings = configuration.gateway.attest
    rates: dict[Whom, str | None] = {"requester": settings.per_requester, "form": settings.per_form}
    attest = Attest(
        reader=shelves.reader, seals=shelves.seals, catalogue=parts.catalogue, consents=book, own=own,
        recorder=recorder, rates=Rates(limits_of("attest", rates), access.quotas, access.secret),
    )  # fmt: skip
    demands = SubjectRequests(context, shelves.demands, new_id)
    return Citizens(consents=book, own=own, demands=demands, attest=attest)


async def _sweep(kept: OwnDataRows, decisions: Decisions, reader: LogReader, clock: Clock) -> None:
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        now = clock.now().timestamp()
        with contextlib.suppress(ConsentsUnavailable):
            await kept.erase(now)
        with contextlib.suppress(ConsentsUnavailable, LogUnavailable):
            await settle_open(decisions, reader, now)

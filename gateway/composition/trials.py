"""Opens the use case of trials. Part of the composition root."""

import asyncio
from collections.abc import Mapping
from typing import Any

from gateway import registry
from gateway.composition.composition import Composition, with_line
from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, Conflict
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.recorder import Recorder
from gateway.mapping.source import ServicePlan
from gateway.ports.consents import OwnData
from gateway.ports.sources import Source
from gateway.prefill.service import Prefill
from gateway.trials.service import Trials


def open_trials(
    parts: Composition, prefill: Prefill, sources: Mapping[str, Source], recorder: Recorder, own: OwnData | None,
    guards: dict[object, Any],
) -> Trials:  # fmt: skip
    """The trials over the steps of a prefill, and over drafts that each of them opens for itself.

    `guards`: those of sources that are, or were, open.
    """
    configuration = parts.configuration
    tools = registry.source_tools(parts.root, recorder.clock, own, guards)

    async def open_draft(service: ServicePlan) -> Source:
        alone = configuration.sources[service.source].alone(service.operation)
        plans = parts.catalogue.services[service.source]
        try:
            # a WSDL is read for seconds
            return await asyncio.to_thread(registry.open_source, alone, plans, tools)
        except ConfigError as error:
            fault = with_line(error.problems[0], parts)
            where = f"{fault.file}:{fault.line}" if fault.line else fault.file
            why = say.DRAFT_NOT_OPENED(place=where, what=fault.what, remedy=fault.remedy)
            raise Conflict(why, code=ProblemCode.DRAFT_NOT_READY) from None

    return Trials(configuration, parts.catalogue, prefill.steps, sources, open_draft, recorder.clock)

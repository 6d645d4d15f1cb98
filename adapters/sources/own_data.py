"""Stored own data of citizens, as a source without a network.

Never official evidence: each value says that the person declared it, when, and until when it is valid.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from adapters.sources.tasks import TaskSource
from adapters.transport.health import Health
from adapters.transport.tools import Tools
from gateway.domain.dates import rfc3339
from gateway.domain.errors import ConsentsUnavailable, LogUnavailable
from gateway.domain.evidence import AnswerFault, Outcome, SourceAnswer, SourceQuery, failed
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from gateway.mapping.source import ServicePlan

if TYPE_CHECKING:
    from gateway.config.configuration import SourceSettings


def open_source(settings: "SourceSettings", services: Mapping[str, ServicePlan], tools: Tools) -> TaskSource:
    """The source over what is kept; `services` maps operations to their compiled mappings."""
    plans = {
        f"{settings.source}.{operation}": plan
        for operation, plan in services.items()
        if operation in settings.services and settings.services[operation].enabled
    }
    return TaskSource(KeptValues(plans, tools).answer, Health(tools.clock))


class KeptValues:
    """What is kept, as answers. Nothing is sent, so there are no digests."""

    def __init__(self, plans: Mapping[str, ServicePlan], tools: Tools) -> None:
        """`tools.own` has the data; without it nothing is ever found."""
        self._plans = plans
        self._own = tools.own
        self._clock = tools.clock

    async def answer(self, query: SourceQuery) -> SourceAnswer:
        """The requested, currently valid values of this person for this requester."""
        plan = self._plans.get(query.service)
        if plan is None:
            return failed(Outcome.REFUSED, Reason.SOURCE_REFUSED, AnswerFault(FaultCode.SERVICE_OFF))
        if self._own is None:
            return failed(Outcome.NOT_FOUND, Reason.VALUE_BLANK)
        try:
            kept = await self._own.kept(query.subject.key, query.requester, self._clock.now())
        except (ConsentsUnavailable, LogUnavailable):
            unread = AnswerFault(FaultCode.STORE_UNAVAILABLE)
            return failed(Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE, unread)
        wanted = {name: one for name, one in kept.items() if name in query.attributes}
        if not wanted:
            return failed(Outcome.NOT_FOUND, Reason.VALUE_BLANK)
        answer = plan.read({name: one.value for name, one in wanted.items()}, query)
        said = {name: (rfc3339(one.given), rfc3339(one.until), one.consent) for name, one in wanted.items()}
        oldest = min(one.given for one in wanted.values())
        return answer._replace(declared=said, source_updated_at=rfc3339(oldest))

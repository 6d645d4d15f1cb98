"""Claims of a login that the requester states about the signed-in person: a source without a network.

Claims come with the query, in the words of the login; the mapping turns them into evidence like any answer.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from adapters.transport.faults import defect_here
from adapters.transport.health import Health
from adapters.transport.tools import Tools
from gateway.domain.evidence import AnswerFault, Outcome, SourceAnswer, SourceQuery, failed
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from gateway.mapping.source import ServicePlan

if TYPE_CHECKING:
    from gateway.config.configuration import SourceSettings


def open_source(
    settings: "SourceSettings", services: Mapping[str, ServicePlan], tools: Tools
) -> "AccountSource":
    """The account source; `services` maps operations to their compiled mappings."""
    plans = {
        f"{settings.source}.{operation}": plan
        for operation, plan in services.items()
        if operation in settings.services and settings.services[operation].enabled
    }
    return AccountSource(plans, Health(tools.clock))


class AccountSource:
    """Implements gateway.ports.sources.Source over `query.account`. Nothing is sent, so there are no digests."""

    def __init__(self, plans: Mapping[str, ServicePlan], health: Health) -> None:
        """`plans` maps services (`account.<operation>`) to their mappings."""
        self._plans = plans
        self._health = health

    def ask(self, query: SourceQuery, end: float, landed: Callable[[SourceAnswer], None]) -> None:
        """The claims as evidence, at once; `not_found` when the caller gave none, or blanks for what is asked."""
        del end
        try:
            answer = self._answer(query)
        except Exception as error:  # noqa: BLE001 -- a defect here must not spoil the other sources' answers
            fault = defect_here(query.service, error)
            answer = failed(fault.outcome, fault.reason, AnswerFault(FaultCode.DEFECT))
        self._health.note(answer)
        landed(answer)

    def _answer(self, query: SourceQuery) -> SourceAnswer:
        plan = self._plans.get(query.service)
        if plan is None:
            return failed(Outcome.REFUSED, Reason.SOURCE_REFUSED, AnswerFault(FaultCode.SERVICE_OFF))
        if not query.account:
            return failed(Outcome.NOT_FOUND, Reason.VALUE_BLANK)
        answer = plan.read(dict(query.account), query)
        if answer.outcome is Outcome.FOUND and not (answer.values or answer.doubts):
            return failed(Outcome.NOT_FOUND, Reason.VALUE_BLANK)
        return answer

    def state(self) -> Health:
        """How the source is doing."""
        return self._health

    async def close(self) -> None:
        """Nothing is held."""

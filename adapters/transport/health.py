"""How a source is doing, for its operator."""

from datetime import datetime

from adapters.transport.breaker import Guard, Position
from gateway.domain.evidence import SAYS_NO, AnswerFault, SourceAnswer
from gateway.domain.fault_codes import FaultCode
from gateway.ports.clock import Clock


class Health:
    """How a source is doing (gateway.ports.sources.SourceState): its guard, and what its last answer was."""

    __slots__ = ("_clock", "_fault", "_guard", "_last")

    def __init__(self, clock: Clock, guard: Guard | None = None) -> None:
        """A source without a network has no guard."""
        self._clock = clock
        self._guard = guard
        self._last: tuple[str, datetime] | None = None
        self._fault: tuple[AnswerFault, datetime] | None = None

    def note(self, answer: SourceAnswer) -> None:
        """The source has answered."""
        now = self._clock.now()
        self._last = (str(answer.outcome), now)
        if answer.faults and answer.outcome not in SAYS_NO:
            fault = answer.faults[0]
            # what opened the breaker is what an operator has to mend
            if fault.code is not FaultCode.BREAKER_OPEN:
                self._fault = (fault, now)

    @property
    def breaker(self) -> str:
        """`closed`, `open` or `half_open`."""
        return Position.CLOSED.value if self._guard is None else self._guard.breaker.position.value

    @property
    def latency_ms(self) -> dict[str, float]:
        """Quantiles of the newest complete answers."""
        return {} if self._guard is None else self._guard.latencies.quantiles()

    @property
    def last_outcome(self) -> tuple[str, datetime] | None:
        """Outcome and time of the last answer."""
        return self._last

    @property
    def last_fault(self) -> tuple[AnswerFault, datetime] | None:
        """Why the newest answer that was not taken, or not whole, was not; and when. Not that the breaker is open."""
        return self._fault

"""A source: one provider of evidence, as the core sees it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from gateway.domain.evidence import AnswerFault, SourceAnswer, SourceQuery


class Source(Protocol):
    """One provider, behind one adapter: answers queries to its data services."""

    def ask(self, query: SourceQuery, end: float, landed: Callable[[SourceAnswer], None]) -> None:
        """Ask one query. `landed` is called once, by `end`, with the answer or another outcome.

        `end` is a time of the running loop's clock (`loop.time()`). `landed` may be called before this returns.
        A call ends by itself; it cannot be cancelled. Never raises.
        """
        ...

    def state(self) -> "SourceState":
        """The health of the source, without a call."""
        ...

    async def close(self) -> None:
        """Close connections and drop tokens. All calls have landed when this returns."""
        ...


class GivenAnswer(NamedTuple):
    """An answer of a provider as an example of a mapping has it."""

    #: the body as plain data
    tree: object = None
    #: None: that of a success
    status: int | None = None
    #: the members of a problem (RFC 9457), instead of `tree`
    problem: Mapping[str, object] | None = None
    #: the children of a SOAP fault, instead of `tree`
    fault: Mapping[str, object] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is a success without more."""
        return self.status is None and self.problem is None and self.fault is None


class GivenAnswerRefused(Exception):
    """No answer of this source has that form."""

    def __init__(self, word: str, what: str, remedy: str) -> None:
        """`word`: that of the example which is at fault."""
        super().__init__(what)
        self.word, self.what, self.remedy = word, what, remedy


@runtime_checkable
class AnswerReader(Protocol):
    """A source that reads an answer which is given to it as it reads a live one."""

    def read_given(self, query: SourceQuery, given: GivenAnswer) -> SourceAnswer | None:
        """What this answer says. None: of a success, the mapping alone says it.

        Raises GivenAnswerRefused.
        """
        ...


class SourceState(Protocol):
    """Health of a source, for `/v1/sources` and metrics."""

    @property
    def breaker(self) -> str:
        """`closed`, `open` or `half_open`."""
        ...

    @property
    def latency_ms(self) -> "dict[str, float]":
        """Latency quantiles of the last answers: `p50`, `p95`, `p99`; empty before the first one."""
        ...

    @property
    def last_outcome(self) -> "tuple[str, datetime] | None":
        """Outcome and time of the last answer."""
        ...

    @property
    def last_fault(self) -> "tuple[AnswerFault, datetime] | None":
        """Why the newest answer that was not taken, or not whole, was not; and when. Not that the breaker is open."""
        ...

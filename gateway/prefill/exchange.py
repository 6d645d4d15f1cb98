"""State of one exchange: its queries and their answers. The steps of the use case read and write it."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime

from gateway.domain.dates import legal_day
from gateway.domain.evidence import Outcome, SourceAnswer, failed
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Requester, Subject
from gateway.domain.reasons import Reason
from gateway.domain.source_trace import SourceTrace
from gateway.mapping.confirming import unconfirmed
from gateway.mapping.narrowing import within
from gateway.mapping.plan import Plan
from gateway.mapping.predicates import Published
from gateway.prefill.allowed import Allowed
from gateway.prefill.case import Case
from gateway.prefill.gather import QueryCall
from gateway.prefill.trust import trusted

#: minimum time for a source that confirms people, even when the caller's deadline is shorter; after it, silence is an
#: outage
_PATIENCE_SECONDS = 0.75
#: of a query that has no answer yet
CUT = failed(Outcome.UNAVAILABLE, Reason.DEADLINE_REACHED)
_NO_ROLES: frozenset[str] = frozenset()


class Exchange:
    """The state; it is also the `Situation` for filling a form (gateway.mapping.apply)."""

    __slots__ = (
        "_waiter", "allowed", "announced", "announcing", "answers", "asked", "asker", "awaited", "began", "calls",
        "case", "citizen", "counted", "day", "dossier", "end", "failure", "given", "held", "id", "is_followed",
        "is_mismatch_counted", "is_stopped", "keys", "known", "landed", "met", "named", "plan", "published",
        "represented", "requester", "seen", "started", "subjects", "today", "trace", "waits",
    )  # fmt: skip

    def __init__(
        self, exchange: ExchangeId, requester: Requester, case: Case, allowed: Allowed, plan: Plan,
        published: Published, started: datetime, late_seconds: float,
    ) -> None:  # fmt: skip
        """Nothing is asked yet. Sources have `late_seconds` to answer, whatever the caller's deadline."""
        self.id = exchange
        self.requester = requester
        self.case = case
        self.allowed = allowed
        self.plan = plan
        self.published = published
        self.started = started
        self.today: date = legal_day(started)
        self.day = self.today.isoformat()
        self.known: Mapping[str, object] = case.request.known
        #: form keys that the portal fills itself
        self.held: Mapping[str, object] = case.request.held
        self.given = case.cast.given
        self.dossier = case.request.dossier
        #: role -> subject, as the caller named them
        self.named: Mapping[str, Subject] = case.cast.subjects
        #: represented roles; the representation was proven before the exchange began
        self.represented = _NO_ROLES if case.acting is None else case.cast.alike(case.acting.role)
        #: `named` and the subjects found in evidence; and `Subject.key` of each
        self.subjects = dict(case.cast.subjects)
        self.keys = dict(case.cast.keys if case.acting is None else case.keys)
        #: roles whose subjects were found in evidence, whether or not queries about them are allowed
        self.met: set[str] = set()
        #: keys of people who were found by something else than their numbers, and counted
        self.counted: set[str] = set()
        #: number of subjects that a durable intent names
        self.announced = len(self.subjects)
        #: locked while another intent is written; None until the first one
        self.announcing: asyncio.Lock | None = None
        #: who fills their own form or the form of a represented person, where no official asks
        self.citizen = case.citizen
        self.asker = case.asker
        self.began = asyncio.get_running_loop().time()
        self.end = self.began + late_seconds
        #: by query
        self.answers: list[SourceAnswer | None] = [None] * len(plan.queries)
        self.calls: dict[int, QueryCall] = {}
        self.asked: list[int] = []
        #: queries asked, or about to be asked, without an answer yet
        self.awaited = 0
        #: answers so far, and how many of them the last filling used
        self.landed = self.seen = 0
        #: nothing more is asked
        self.is_stopped = False
        #: why the asking failed
        self.failure: Exception | None = None
        #: a caller waits for each answer, not only for the last
        self.is_followed = False
        self.is_mismatch_counted = False
        #: the answer leaves when it is fetched
        self.waits = False
        #: filled by the source of the first query; None: nobody looks at its messages
        self.trace: SourceTrace | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def wait(self, until: float | None = None) -> None:
        """Wait for `wake`, or until a time (loop time)."""
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        timer = None if until is None else loop.call_at(until, self.wake)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def wake(self) -> None:
        """End `wait`: an answer or a failure has arrived."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def trusted(self, answers: list[SourceAnswer | None]) -> list[SourceAnswer | None]:
        """The answers without those whose person is uncertain."""
        hurried = asyncio.get_running_loop().time() < self.began + _PATIENCE_SECONDS
        typed = {**self.known, **self.held} if self.held else self.known
        return trusted(self.plan, answers, self.subjects, self.named, typed, hurried=hurried)

    def shown(self, *, cut: bool) -> list[SourceAnswer | None]:
        """The answers so far that may be shown. `cut`: an unanswered query may have been needed."""
        answers, self.seen = list(self.answers), self.landed
        if cut:
            # a query that was not asked yet may have been needed: the other answers decide that
            answers = [one or CUT for one in answers]
        answers = self.trusted(answers)
        return within(self.plan, answers) if self.plan.withheld else answers

    def unconfirmed(self, answers: list[SourceAnswer | None]) -> Mapping[int, Reason]:
        """Queries by a number whose owner no source confirmed, with the reason."""
        return unconfirmed(self.plan.queries, answers, self.plan.confirms)

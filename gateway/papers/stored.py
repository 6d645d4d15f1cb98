"""The papers that the store has of the person who signed in, for that person (Nghị định 45/2020/NĐ-CP).

The steps of a search, for a purpose of its own and no procedure: the same policy, records and rules of the same person.
"""

from typing import Any

import orjson

from gateway.config.agreement import OWN_PAPERS_PURPOSE
from gateway.config.configuration import Configuration
from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.identifiers import ExchangeId
from gateway.domain.login import Login
from gateway.domain.parties import Requester
from gateway.domain.reasons import Reason
from gateway.mapping.apply import fill
from gateway.mapping.issued import FoundPaper, found_papers, result_codes
from gateway.mapping.load import Catalogue
from gateway.mapping.questions import stored_papers
from gateway.papers.search import Searching
from gateway.prefill.answers import source_entries
from gateway.prefill.case import Cases
from gateway.prefill.exchange import Exchange
from gateway.prefill.request import PrefillRequest
from gateway.prefill.signed_in import Participants, with_login
from gateway.prefill.trust import SAYS_WHETHER

#: note of records: what the exchange did
OPERATION = "own_papers"
_STORE = "issued_paper"
#: members of a stored paper that leave; not its files
_SHOWN = ("result_code", "title", "reference", "authority", "issued_on", "valid_until")


class StoredPapers:
    """Looks up one's own papers in the store. Holds no request."""

    def __init__(
        self, searching: Searching, cases: Cases, configuration: Configuration, catalogue: Catalogue
    ) -> None:
        """Reads agreements, and the result codes that procedures take: the store is asked for these."""
        self._searching = searching
        self._cases = cases
        codes = [code for one in catalogue.procedures.values() for code in result_codes(one)]
        self._procedure = stored_papers(OWN_PAPERS_PURPOSE, codes) if codes else None
        of_purpose = {
            name for name, one in configuration.agreements.items() if OWN_PAPERS_PURPOSE in one.purposes
        }
        self._requesters = {
            name for name, one in configuration.requesters.items() if of_purpose.intersection(one.agreements)
        }

    def is_agreed(self, requester: Requester) -> bool:
        """Whether an agreement lets people look at their own papers by this requester; the policy decides each look."""
        return self._procedure is not None and requester.id in self._requesters

    async def of(
        self, login: Login, requester: Requester, exchange_id: ExchangeId, deadline: float
    ) -> dict[str, object]:
        """The papers of the person of the login, and of nobody else. `deadline` is loop time; nothing late is kept.

        Raises Unprocessable (no person, no name or birth date), Refused, Throttled, LogUnavailable.
        """
        procedure = self._procedure
        assert procedure is not None
        people = with_login(Participants({}, None, None, {}), login, procedure)
        request = PrefillRequest(procedure="", subjects=people.subjects, account=people.account, login=login)
        case = self._cases.fit(request, procedure, people.subjects, requester)
        asked = self._searching.asked(case, requester, exchange_id, deadline, OPERATION)
        async with asked as (exchange, in_time):
            answers = exchange.shown(cut=not in_time)
            facts = fill(exchange.plan, answers, exchange).facts
            found = [] if facts is None else list(found_papers(facts))
            papers = [_entry(one, exchange.day) for one in found]
            outcome = _outcome(exchange, answers)
            if outcome["outcome"] != Outcome.FOUND:
                papers = []
            receipt = await self._searching.account(exchange, answers, papers, OPERATION)
            return {
                "exchange_id": exchange.id,
                "purpose": case.purpose,
                **outcome,
                "papers": papers,
                "receipt": {"leaf_hash": receipt.leaf_hash, "log": receipt.log},
            }


def _entry(found: FoundPaper, today: str) -> dict[str, Any]:
    """One paper; its day of issue decides nothing, and is left out where it is later than today."""
    entry = {**{name: found.paper.get(name) for name in _SHOWN}, "state": found.state}
    return {**entry, "issued_on": None} if (entry["issued_on"] or "") > today else entry


def _outcome(exchange: Exchange, answers: list[SourceAnswer | None]) -> dict[str, object]:
    """What came of the question to the store: `outcome`, and why there is nothing to show."""
    entries = (orjson.loads(one) for one in source_entries(exchange, answers))
    about = zip(exchange.plan.queries, entries, strict=True)
    asked = next(((query.index, one) for query, one in about if query.service.evidence == _STORE), None)
    if asked is None:
        return {"outcome": Outcome.REFUSED, "reason": Reason.NOT_AGREED, "retry_in": None}
    index, said = asked
    if said["outcome"] in SAYS_WHETHER:
        confirmed = {one for behind in exchange.plan.confirms.values() for one in behind}
        # while no source confirms number, name and birth date together, nothing is shown
        if index not in confirmed or index in exchange.unconfirmed(answers):
            return {"outcome": Outcome.UNAVAILABLE, "reason": Reason.IDENTITY_UNCONFIRMED, "retry_in": None}
        answer = answers[index]
        if answer is not None and answer.outcome is Outcome.FOUND and "papers" not in answer.values:
            return {"outcome": Outcome.INVALID, "reason": Reason.SOURCE_ANSWER_INVALID, "retry_in": None}
    return {"outcome": said["outcome"], "reason": said.get("reason"), "retry_in": said.get("retry_in")}

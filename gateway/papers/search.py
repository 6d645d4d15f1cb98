"""The search for papers that the state already holds: admit, promise, ask, decide each paper, account, answer.

The steps are those of a prefill: the same agreements, purpose, official, quotas and consents decide, and the same rule
of a cut says which component of the procedure a paper may replace. No late answer is fetched: search again.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.errors import fault_at
from gateway.domain.evidence import SourceAnswer
from gateway.domain.exchange import Phase, Receipt
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Requester
from gateway.domain.problems import ProblemCode
from gateway.mapping.answer import PaperEntry
from gateway.mapping.apply import Filled, fill
from gateway.mapping.issued import FoundPaper, OfferState, found_papers, result_codes, stored_part
from gateway.mapping.plan import evidence_id
from gateway.papers.references import PaperHandle, References
from gateway.prefill.answers import source_entries
from gateway.prefill.case import Case
from gateway.prefill.exchange import Exchange
from gateway.prefill.request import PrefillRequest
from gateway.prefill.service import PrefillSteps

#: note of records: what the exchange did
OPERATION = "papers_search"
_STORE = "issued_paper"
#: members of a stored paper that leave; not its files' paths
_SHOWN = ("result_code", "title", "reference", "authority", "valid_until")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSearch:
    """What is searched, after its grammar was checked."""

    #: its `fields` are not used
    request: PrefillRequest
    #: role whose papers are searched; blank: every role of the procedure that may have some
    owner: str = ""
    #: None: all that the procedure takes
    result_codes: tuple[str, ...] | None = None


class Searching:
    """Searches for papers. Holds no request."""

    def __init__(self, steps: PrefillSteps, references: References, *, sandbox: bool) -> None:
        """`sandbox`: all sources are those of the sandbox."""
        self._steps = steps
        self._references = references
        self._sandbox = sandbox

    async def search(
        self, wanted: PaperSearch, requester: Requester, exchange_id: ExchangeId, deadline: float
    ) -> dict[str, object]:
        """The answer of the HTTP contract. `deadline` is loop time.

        Raises as a prefill: NotFound (procedure), Unprocessable, Refused, Throttled, LogUnavailable.
        """
        steps = self._steps
        # the door demanded the scope `papers`; the policy speaks of forms, and decides as for one
        asker = replace(requester, scopes=requester.scopes | {"prefill"})
        case = _narrowed(steps.cases.of(wanted.request, requester), wanted)
        allowed = await steps.admission.admit(case, asker, exchange_id, deadline)
        if case.acting is not None:
            case = await steps.represented(case, asker, exchange_id, deadline)
        plan = steps.plans.once(case, allowed.grant)
        exchange = steps.begin(exchange_id, requester, case, allowed, plan)
        notes = {**case.request.proof, **case.who_asks, "operation": OPERATION}
        await steps.records.write(exchange, Phase.INTENT, **notes)
        try:
            in_time = await steps.asking.ask(exchange, deadline)
            await steps.counting.mismatch(exchange)
            return await self._answer(exchange, in_time=in_time)
        except BaseException:
            exchange.is_stopped = True
            with contextlib.suppress(Exception):
                await steps.records.write(exchange, Phase.ABANDONED, operation=OPERATION)
            raise
        finally:
            exchange.is_stopped = True

    async def _answer(self, exchange: Exchange, *, in_time: bool) -> dict[str, object]:
        """Decide, record what leaves, and answer; anew when a consent ended meanwhile."""
        steps = self._steps
        await steps.consents.recheck(exchange)
        while True:
            plan, answers = exchange.plan, exchange.shown(cut=not in_time)
            facts = fill(plan, answers, exchange).facts
            found = [] if facts is None else list(found_papers(facts))
            papers = [self._entry(exchange, one) for one in found]
            left = orjson.dumps(papers)
            offered = sum(one.state is OfferState.OFFERED for one in found)
            # the log keeps a keyed digest of what leaves, and names people whose numbers are in it
            leaving = Filled(papers_json=left, digestible={"papers": left} if papers else {})
            receipt = await steps.records.write(
                exchange, Phase.OUTCOME, leaving, operation=OPERATION, shown=len(papers), offered=offered
            )
            await steps.consents.recheck(exchange)
            if exchange.plan is plan:
                self._refer(exchange, answers, found, papers)
                return self._content(exchange, answers, papers, receipt)

    def _refer(
        self, exchange: Exchange, answers: list[SourceAnswer | None], found: Sequence[FoundPaper],
        papers: Sequence[dict[str, Any]],
    ) -> None:  # fmt: skip
        """Add to each file of an offered paper the reference by which it is fetched."""
        for one, shown in zip(found, papers, strict=True):
            for file, entry in zip(one.paper.get("files", ()), shown["files"], strict=True):
                handle = _handle(exchange, answers, one, file)
                is_offered = one.state is OfferState.OFFERED
                entry["reference"] = (
                    self._references.sealed(handle, exchange.requester.id) if is_offered else None
                )

    def _content(
        self,
        exchange: Exchange,
        answers: list[SourceAnswer | None],
        papers: list[dict[str, Any]],
        receipt: Receipt,
    ) -> dict[str, object]:
        return {
            "exchange_id": exchange.id,
            "procedure": exchange.case.procedure.named(),
            "purpose": exchange.case.purpose,
            "papers": papers,
            "sources": [orjson.loads(one) for one in source_entries(exchange, answers)],
            "fetch_until": rfc3339(self._references.until),
            "receipt": {"leaf_hash": receipt.leaf_hash, "log": receipt.log},
        }

    def _entry(self, exchange: Exchange, found: FoundPaper) -> dict[str, Any]:
        """One paper of the answer."""
        query, paper = exchange.plan.queries[found.query], found.paper
        granted = exchange.allowed.grant.services.get(query.service.name)
        return {
            **{name: paper.get(name) for name in _SHOWN},
            "state": found.state,
            "owner": found.owner,
            "kept": False,
            "source": query.service.source,
            "data_service": query.service.operation,
            "mark": query.service.mark,
            "sandbox": self._sandbox or query.service.mark == "sandbox",
            "legal_basis": granted.legal_basis if granted is not None else "",
            "components": [_component(one) for one in found.components],
            "files": [{"name": file["name"]} for file in paper.get("files", ())],
        }


def _narrowed(case: Case, wanted: PaperSearch) -> Case:
    """The case with only those papers of its procedure that papers of the store may replace.

    Raises Unprocessable for a result code, or an owner, of which the procedure takes no paper.
    """
    procedure = case.procedure
    codes = result_codes(procedure)
    for at, code in enumerate(wanted.result_codes or ()):
        if code not in codes:
            why = say.NO_SUCH_RESULT(procedure=procedure.code, codes=", ".join(sorted(codes)) or "-")
            raise fault_at(f"/result_codes/{at}", why, ProblemCode.VALUE_NOT_POSSIBLE)
    if wanted.owner and wanted.owner not in procedure.roles:
        raise fault_at("/owner", say.NO_SUCH_OWNER(procedure=procedure.code), ProblemCode.UNKNOWN_ROLE)
    asked = codes if wanted.result_codes is None else frozenset(wanted.result_codes)
    part = stored_part(procedure, asked, case.request.known, wanted.owner)
    return case._replace(procedure=part)


def _component(entry: PaperEntry) -> dict[str, object]:
    """Whether the paper replaces this component of the procedure, and why not."""
    verdict = {"reusable": "yes", "not_applicable": "not_needed"}.get(entry["state"], "no")
    reason = entry.get("reason")
    return {
        "component": entry["code"],
        "title": entry["title"],
        "title_en": entry["title_en"],
        "replaces": verdict,
        **({} if reason is None or verdict == "yes" else {"reason": reason}),
        **({"advice": entry["advice"]} if "advice" in entry else {}),
        "legal_basis": entry["legal_basis"],
        "basis_mark": entry["basis_mark"],
    }


def _handle(
    exchange: Exchange, answers: list[SourceAnswer | None], found: FoundPaper, file: Mapping[str, str]
) -> PaperHandle:
    case, paper, official = exchange.case, found.paper, exchange.case.official
    consents = exchange.allowed.consents_by_evidence(exchange.plan, answers)
    return PaperHandle(
        search=exchange.id, role=found.owner, owner=exchange.keys[found.owner],
        service=exchange.plan.queries[found.query].service.name, kept="", authority=paper.get("authority", ""),
        path=file["path"], file_name=file["name"], result_code=paper["result_code"], title=paper.get("title", ""),
        components=[one["code"] for one in found.components if one["state"] == "reusable"],
        procedure=case.procedure.code, dossier=case.request.dossier or "", purpose=case.purpose,
        legal_basis=exchange.allowed.grant.legal_basis, agency=official.agency, official=official.personal_id,
        on_duty=official.on_duty, consents=list(consents.get(evidence_id(found.query), ())),
    )  # fmt: skip

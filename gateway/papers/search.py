"""The search for papers that the state already holds: admit, promise, ask, decide each paper, account, answer.

The steps are those of a prefill: the same agreements, purpose, official, quotas and consents decide, and the same rule
of a cut says which component of the procedure a paper may replace. No late answer is fetched: search again.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
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
from gateway.mapping.predicates import Facts
from gateway.mapping.procedure import KEPT_PAPERS, Procedure
from gateway.papers.keep import KeptPaper, KeptPapers
from gateway.papers.kept_rule import kept_verdict
from gateway.papers.references import PaperHandle, References
from gateway.prefill.answers import source_entries
from gateway.prefill.case import Case
from gateway.prefill.exchange import Exchange
from gateway.prefill.request import PrefillRequest
from gateway.prefill.service import PrefillSteps

#: note of records: what the exchange did
OPERATION = "papers_search"
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

    def __init__(
        self, steps: PrefillSteps, references: References, kept: KeptPapers, *, sandbox: bool
    ) -> None:
        """`sandbox`: all sources are those of the sandbox."""
        self._steps = steps
        self._references = references
        self._kept = kept
        self._sandbox = sandbox

    async def search(
        self, wanted: PaperSearch, requester: Requester, exchange_id: ExchangeId, deadline: float
    ) -> dict[str, object]:
        """The answer of the HTTP contract. `deadline` is loop time.

        Raises as a prefill: NotFound (procedure), Unprocessable, Refused, Throttled, LogUnavailable.
        """
        whole = self._steps.cases.of(wanted.request, requester)
        case = _narrowed(whole, wanted)
        async with self.asked(case, requester, exchange_id, deadline, OPERATION) as (exchange, in_time):
            return await self._answer(exchange, whole.procedure, wanted, in_time=in_time)

    @contextlib.asynccontextmanager
    async def asked(
        self, case: Case, requester: Requester, exchange_id: ExchangeId, deadline: float, operation: str
    ) -> AsyncIterator[tuple[Exchange, bool]]:
        """An exchange that was admitted, promised and asked, and whether all answers are there.

        It is recorded as abandoned where its answer fails. Raises as `search`.
        """
        steps = self._steps
        # the door demanded a scope of its own; the policy speaks of forms, and decides as for one
        asker = replace(requester, scopes=requester.scopes | {"prefill"})
        allowed = await steps.admission.admit(case, asker, exchange_id, deadline)
        if case.acting is not None:
            case = await steps.represented(case, asker, exchange_id, deadline)
        plan = steps.plans.once(case, allowed.grant)
        exchange = steps.begin(exchange_id, requester, case, allowed, plan)
        notes = {**case.request.proof, **case.who_asks, **case.proof_of_login, "operation": operation}
        await steps.records.write(exchange, Phase.INTENT, **notes)
        try:
            in_time = await steps.asking.ask(exchange, deadline)
            await steps.counting.mismatch(exchange)
            yield exchange, in_time
        except BaseException:
            exchange.is_stopped = True
            with contextlib.suppress(Exception):
                await steps.records.write(exchange, Phase.ABANDONED, operation=operation)
            raise
        finally:
            exchange.is_stopped = True

    async def _answer(
        self, exchange: Exchange, procedure: Procedure, wanted: PaperSearch, *, in_time: bool
    ) -> dict[str, object]:
        """Decide, record what leaves, and answer; anew when a consent ended meanwhile."""
        steps = self._steps
        await steps.consents.recheck(exchange)
        while True:
            plan, answers = exchange.plan, exchange.shown(cut=not in_time)
            filled = fill(plan, answers, exchange)
            found = [] if filled.facts is None else list(found_papers(filled.facts))
            papers = [(self._entry(exchange, one), _handles(exchange, answers, one)) for one in found]
            kept = await self._kept_by_owner(exchange, wanted)
            papers += [_kept_entry(exchange, procedure, one, filled.facts) for one in kept]
            shown = [entry for entry, _ in papers]
            receipt = await self.account(exchange, answers, shown, OPERATION)
            await steps.consents.recheck(exchange)
            if exchange.plan is plan:
                self._refer(exchange, papers)
                return self._content(exchange, answers, shown, receipt)

    async def account(
        self,
        exchange: Exchange,
        answers: list[SourceAnswer | None],
        shown: list[dict[str, Any]],
        operation: str,
    ) -> Receipt:
        """Record the papers that leave. Raises LogUnavailable."""
        left = orjson.dumps(shown)
        offered = sum(entry["state"] is OfferState.OFFERED for entry in shown)
        # the log keeps a keyed digest of what leaves, and names people whose numbers are in it or beside it
        leaving = Filled(papers_json=left, digestible={"papers": left} if shown else {})
        beside, counts = answers if shown else (), {"shown": len(shown), "offered": offered}
        return await self._steps.records.write(
            exchange, Phase.OUTCOME, leaving, beside, operation=operation, **counts
        )

    async def _kept_by_owner(self, exchange: Exchange, wanted: PaperSearch) -> list[KeptPaper]:
        """Papers that the person who signs in let be kept, where an agreement grants them."""
        case = exchange.case
        owner = case.procedure.signs_in
        is_own = case.acting is None and owner in exchange.named and wanted.owner in ("", owner)
        if not is_own or not exchange.allowed.grant.allows(*KEPT_PAPERS):
            return []
        codes = wanted.result_codes
        found = await self._kept.of(exchange.named[owner], exchange.requester.id)
        return [one for one in found if codes is None or one.row.result_code in codes]

    def _refer(self, exchange: Exchange, papers: Sequence[tuple[dict[str, Any], list[PaperHandle]]]) -> None:
        """Add to each file of an offered paper the reference by which it is fetched."""
        for entry, handles in papers:
            is_offered = entry["state"] is OfferState.OFFERED
            for file, handle in zip(entry["files"], handles, strict=True):
                file["reference"] = (
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


def _handles(exchange: Exchange, answers: list[SourceAnswer | None], found: FoundPaper) -> list[PaperHandle]:
    """What the references of its files say, one for each file."""
    paper = found.paper
    consents = exchange.allowed.consents_by_evidence(exchange.plan, answers)
    handle = _about(exchange)._replace(
        role=found.owner, owner=exchange.keys[found.owner],
        service=exchange.plan.queries[found.query].service.name, authority=paper.get("authority", ""),
        result_code=paper["result_code"], title=paper.get("title", ""),
        components=[one["code"] for one in found.components if one["state"] == "reusable"],
        consents=list(consents.get(evidence_id(found.query), ())),
    )  # fmt: skip
    return [handle._replace(path=file["path"], file_name=file["name"]) for file in paper.get("files", ())]


def _about(exchange: Exchange) -> PaperHandle:
    """What all references of a search have in common."""
    case, official = exchange.case, exchange.case.official
    return PaperHandle(
        search=exchange.id, role="", owner="", service="", kept="", authority="", path="", file_name="",
        result_code="", title="", components=(), procedure=case.procedure.code,
        dossier=case.request.dossier or "", purpose=case.purpose,
        legal_basis=exchange.allowed.grant.legal_basis, agency=official.agency, official=official.personal_id,
        on_duty=official.on_duty, consents=(),
    )  # fmt: skip


def _kept_entry(
    exchange: Exchange, procedure: Procedure, kept: KeptPaper, facts: Facts | None
) -> tuple[dict[str, Any], list[PaperHandle]]:
    """One kept paper of the answer. `facts`: what the search asked."""
    row, owner = kept.row, exchange.case.procedure.signs_in
    state, components = kept_verdict(kept, procedure, facts, exchange)
    entry = {
        "result_code": row.result_code or None,
        "title": kept.title or None,
        "reference": kept.reference or None,
        "authority": None,
        "valid_until": kept.valid_until or None,
        "state": state,
        "owner": owner,
        "kept": True,
        "given_at": rfc3339(datetime.fromtimestamp(row.given, UTC)),
        "source": KEPT_PAPERS[0].partition(".")[0],
        "data_service": KEPT_PAPERS[0].partition(".")[2],
        "mark": "sandbox",
        "sandbox": False,
        "legal_basis": f"consent:{row.consent}",
        "components": [_component(one) for one in components],
        "files": [{"name": kept.file_name}],
    }
    handle = _about(exchange)._replace(
        role=owner, owner=exchange.keys[owner], kept=row.id, file_name=kept.file_name,
        result_code=row.result_code, title=kept.title, legal_basis=f"consent:{row.consent}",
        components=[one["code"] for one in components if one["state"] == "reusable"], consents=[row.consent],
        kept_under=kept.owner,
    )  # fmt: skip
    return entry, [handle]

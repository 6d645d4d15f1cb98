"""What the answer says of each paper: replaced, reusable, required or not applicable, with the reason and advice."""

from collections.abc import Mapping

from gateway.domain.evidence import Reason
from gateway.mapping.answer import AdviceEntry, PaperEntry, ReasonEntry
from gateway.mapping.paper_rules import PaperRule
from gateway.mapping.papers import Verdict, prove, unsettled
from gateway.mapping.predicates import Facts, Truth, contradicted, predicate

#: the role of who acts for a minor
_REPRESENTATIVE = "representative"
_DATA_LACKING: AdviceEntry = {
    "vi": "Dữ liệu chưa có, chưa đủ hoặc chưa đúng: đề nghị nộp giấy tờ này "
    "và cập nhật dữ liệu tại cơ quan quản lý cơ sở dữ liệu.",
    "en": "Data are missing, incomplete or wrong: hand in this paper and have the database updated by its owner.",
}
_SOURCE_AWAY: AdviceEntry = {
    "vi": "Nguồn dữ liệu hiện không trả lời được: thử lại sau, hoặc nộp giấy tờ này.",
    "en": "The source gives no answer now: try again later, or hand in this paper.",
}
_MAY_NOT: AdviceEntry = {
    "vi": "Dữ liệu này chưa được công bố hoặc chưa được thỏa thuận để thay giấy tờ: đề nghị nộp giấy tờ này.",
    "en": "These data may not replace the paper (not published for it, or not agreed): hand in this paper.",
}
_DO_NOT: AdviceEntry = {
    "vi": "Theo dữ liệu hiện có, giấy tờ này không được thay: đề nghị nộp giấy tờ này.",
    "en": "As the data stand, they do not replace this paper: hand it in.",
}
_NOT_ASKED: AdviceEntry = {
    "vi": "Chưa đủ thông tin để tra cứu dữ liệu thay giấy tờ này: bổ sung số định danh, hoặc nộp giấy tờ này.",
    "en": "Too little was given to look for data that replace this paper: give the personal number, or hand it in.",
}
#: why a paper is required -> what to do, where it is not that data are lacking
_ADVICE: Mapping[str, AdviceEntry] = {
    **dict.fromkeys(
        (
            Reason.SOURCE_TIMEOUT, Reason.SOURCE_UNREACHABLE, Reason.SOURCE_BUSY, Reason.SOURCE_REFUSED,
            Reason.SOURCE_ANSWER_INVALID, Reason.BREAKER_OPEN, Reason.DEADLINE_REACHED,
        ),
        _SOURCE_AWAY,
    ),
    **dict.fromkeys((Reason.SCOPE_NOT_PUBLISHED, Reason.NOT_AGREED, Reason.CONSENT_MISSING), _MAY_NOT),
    Reason.CONDITION_FALSE: _DO_NOT,
}  # fmt: skip


def paper_entry(facts: Facts, code: str, paper: PaperRule) -> PaperEntry:
    """Whether data replace the paper, and why; or what else becomes of it."""
    entry: PaperEntry = {
        "code": code,
        "title": paper.title.vi,
        "title_en": paper.title.en,
        "state": "required",
    }
    if paper.digital_only:
        return {**entry, "state": "digital_only", "legal_basis": paper.legal_basis}
    condition = predicate(facts, paper.when) if paper.when is not None else Truth.YES
    if condition is Truth.NO:
        reason: ReasonEntry = {"code": Reason.CONDITION_FALSE.value, "condition": paper.when}
        return {**entry, "state": "not_applicable", "reason": reason}
    if paper.when is not None and contradicted(facts, paper.when):
        verdict = Verdict(Truth.UNKNOWN, reason=Reason.SOURCES_DIFFER, rule=paper.when)
        return _required(entry, facts, paper, Truth.YES, verdict)
    if paper.replaced_by is None and condition is Truth.YES:
        return {**entry, "reason": _minor(facts, paper)}
    if paper.replaced_by is not None:
        verdict = prove(facts, paper.replaced_by)
        if verdict.truth is Truth.YES:
            return _replaced(entry, paper, verdict)
    else:
        verdict = Verdict(Truth.UNKNOWN)
    return _required(entry, facts, paper, condition, verdict)


def _minor(facts: Facts, paper: PaperRule) -> ReasonEntry | None:
    """Why a paper for minors is asked for: a minor asks, and the caller names nobody who acts for him."""
    rule = facts.plan.procedure.predicates.get(paper.when or "")
    if rule is None or rule.younger_than is None or _REPRESENTATIVE in facts.given:
        return None
    return {"code": Reason.MINOR_WITHOUT_REPRESENTATIVE.value, "condition": paper.when}


def _replaced(entry: PaperEntry, paper: PaperRule, verdict: Verdict) -> PaperEntry:
    if verdict.reusable is not None:
        return {
            **entry,
            "state": "reusable",
            "by": verdict.by,
            "paper": dict(verdict.reusable),
            "legal_basis": paper.legal_basis,
        }
    scope, basis = verdict.scope, paper.legal_basis
    return {**entry, "state": "replaced", "by": verdict.by, "published_scope": scope, "legal_basis": basis}


def _required(
    entry: PaperEntry, facts: Facts, paper: PaperRule, condition: Truth, verdict: Verdict
) -> PaperEntry:
    if condition is Truth.UNKNOWN:
        late = unsettled(facts, paper.when or "") is Reason.DEADLINE_REACHED
        why = Reason.DEADLINE_REACHED if late else Reason.CONDITION_UNKNOWN
        reason: ReasonEntry = {"code": why.value, "condition": paper.when}
    else:
        reason = {"code": (verdict.reason or Reason.CONDITION_UNKNOWN).value}
        if verdict.rule:
            reason["rule"] = verdict.rule
    nobody_asked = verdict.rule == "subject:incomplete"
    advice = _NOT_ASKED if nobody_asked else _ADVICE.get(reason["code"], _DATA_LACKING)
    return {**entry, "reason": reason, "advice": advice}

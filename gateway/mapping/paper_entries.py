"""The paper entries of an answer: replaced, reusable, required or not applicable, with reason and advice."""

from collections.abc import Mapping

from gateway.domain.reasons import Reason
from gateway.mapping.answer import PaperEntry, ReasonEntry, ScopeEntry, SentenceEntry
from gateway.mapping.paper_rules import PaperRule, Proof
from gateway.mapping.papers import ProofVerdict, prove, unsettled
from gateway.mapping.predicates import Facts, Truth, contradicted, predicate
from gateway.mapping.procedure import leaves

#: suffix of predicates that say whether a person is alive
_ALIVE = "_alive"
_DATA_LACKING: SentenceEntry = {
    "vi": "Dữ liệu chưa có, chưa đủ hoặc không thống nhất: đề nghị ông/bà nộp giấy tờ này "
    "và cập nhật dữ liệu tại cơ quan quản lý cơ sở dữ liệu.",
    "en": "Data are missing, incomplete or wrong: hand in this paper and have the database updated by its owner.",
}
_SOURCE_AWAY: SentenceEntry = {
    "vi": "Nguồn dữ liệu hiện không trả lời được: đề nghị ông/bà thử lại sau, hoặc nộp giấy tờ này.",
    "en": "The source gives no answer now: try again later, or hand in this paper.",
}
_MAY_NOT: SentenceEntry = {
    "vi": "Dữ liệu này chưa được công bố hoặc chưa được thỏa thuận để thay giấy tờ: đề nghị ông/bà nộp giấy tờ này.",
    "en": "These data may not replace the paper (not published for it, or not agreed): hand in this paper.",
}
_DO_NOT: SentenceEntry = {
    "vi": "Dữ liệu hiện có chưa thay được giấy tờ này: đề nghị ông/bà nộp giấy tờ này.",
    "en": "As the data stand, they do not replace this paper: hand it in.",
}
_NOT_IN_FORCE: SentenceEntry = {
    "vi": "Dữ liệu cho thấy giấy tờ này hết hạn, đã bị thu hồi hoặc không còn hiệu lực: "
    "đề nghị ông/bà nộp giấy tờ còn hiệu lực.",
    "en": "The data say that it has expired, was withdrawn or no longer holds: hand in one that is in force.",
}
_NOT_ALIVE: SentenceEntry = {
    "vi": "Dữ liệu ghi nhận người đứng tên giấy tờ đã chết hoặc mất tích: đề nghị ông/bà kiểm tra số định danh, "
    "hoặc nộp giấy tờ này.",
    "en": "The data record the person of this paper as dead or missing: check the personal number, "
    "or hand in this paper.",
}
_ANOTHER_OBJECT: SentenceEntry = {
    "vi": "Dữ liệu nói về đối tượng khác với đối tượng ghi trong hồ sơ, hoặc đối tượng đứng tên người khác: "
    "đề nghị ông/bà kiểm tra tờ khai, hoặc nộp giấy tờ này.",
    "en": "The data are about another object than the one named in the dossier, or it is in somebody else's name: "
    "check the form, or hand in this paper.",
}
_OBJECT_UNKNOWN: SentenceEntry = {
    "vi": "Tờ khai chưa nêu đối tượng của giấy tờ này: đề nghị ông/bà khai bổ sung, hoặc nộp giấy tờ này.",
    "en": "The form does not yet name what this paper is about: name it, or hand in this paper.",
}
_PERSON_UNSURE: SentenceEntry = {
    "vi": "Chưa chắc dữ liệu tìm được là của đúng người đứng tên giấy tờ này: đề nghị ông/bà kiểm tra số định danh, "
    "họ tên, ngày sinh, hoặc nộp giấy tờ này.",
    "en": "It is not certain that the data found are those of the person of this paper: check number, name and date "
    "of birth, or hand in this paper.",
}
_NOT_ASKED: SentenceEntry = {
    "vi": "Chưa đủ thông tin để tra cứu dữ liệu thay giấy tờ này: đề nghị ông/bà bổ sung số định danh, "
    "hoặc nộp giấy tờ này.",
    "en": "Too little was given to look for data that replace this paper: give the personal number, or hand it in.",
}
_NOT_REPRESENTED: SentenceEntry = {
    "vi": "Chưa rõ ai đại diện cho người đứng tên giấy tờ này nên không hỏi dữ liệu của người đó: đề nghị ông/bà nộp "
    "giấy tờ này, hoặc kiểm tra xem đã ghi đúng người chưa.",
    "en": "Nothing shows who acts for the person of this paper, so no data of that person are asked for: hand it in, "
    "or check whether it is the right person.",
}
_ONLY_OFFERED: SentenceEntry = {
    "vi": "Dữ liệu thay giấy tờ này mới được đề xuất trong tờ khai: đề nghị ông/bà chọn giá trị đề xuất "
    "để không phải nộp, hoặc nộp giấy tờ này.",
    "en": "The data that replace it are only proposed in the form: choose the proposed value, and it is replaced, "
    "or hand it in.",
}
#: why a paper is required -> advice, where the reason is not missing data
_ADVICE: Mapping[str, SentenceEntry] = {
    **dict.fromkeys(
        (
            Reason.SOURCE_TIMEOUT, Reason.SOURCE_UNREACHABLE, Reason.SOURCE_BUSY, Reason.SOURCE_REFUSED,
            Reason.SOURCE_ANSWER_INVALID, Reason.BREAKER_OPEN, Reason.DEADLINE_REACHED,
        ),
        _SOURCE_AWAY,
    ),
    **dict.fromkeys((Reason.SCOPE_NOT_PUBLISHED, Reason.NOT_AGREED, Reason.CONSENT_MISSING), _MAY_NOT),
    **dict.fromkeys((Reason.CONDITION_FALSE, Reason.CONCLUSION_DIFFERS), _DO_NOT),
    Reason.NOT_IN_FORCE: _NOT_IN_FORCE,
    Reason.OBJECT_DIFFERS: _ANOTHER_OBJECT,
    Reason.IDENTITY_UNCONFIRMED: _PERSON_UNSURE,
    Reason.REPRESENTATION_MISSING: _NOT_REPRESENTED,
    Reason.PROPOSED: _ONLY_OFFERED,
}  # fmt: skip


def paper_entry(facts: Facts, code: str, paper: PaperRule) -> PaperEntry:
    """The state of the paper and its reason."""
    entry: PaperEntry = {
        "code": code,
        "title": paper.title.vi,
        "title_en": paper.title.en,
        "state": "required",
        "mark": paper.mark,
        "legal_basis": paper.legal_basis,
        "basis_mark": paper.basis_mark,
    }
    if paper.digital_only:
        entry["state"] = "digital_only"
        return entry
    condition = predicate(facts, paper.when, of_any=True) if paper.when is not None else Truth.YES
    if condition is Truth.NO:
        entry["state"] = "not_applicable"
        entry["reason"] = {"code": Reason.CONDITION_FALSE.value, "condition": paper.when}
        return entry
    if paper.when is not None and contradicted(facts, paper.when):
        verdict = ProofVerdict(Truth.UNKNOWN, reason=Reason.SOURCES_DIFFER, rule=paper.when)
        return _required(entry, facts, paper, Truth.YES, verdict)
    if paper.replaced_by is None and condition is Truth.YES:
        entry["reason"] = _minor(facts, paper)
        return entry
    verdict = ProofVerdict(Truth.UNKNOWN) if paper.replaced_by is None else prove(facts, paper.replaced_by)
    if verdict.truth is Truth.YES:
        return _replaced(entry, verdict)
    return _required(entry, facts, paper, condition, verdict)


def _minor(facts: Facts, paper: PaperRule) -> ReasonEntry | None:
    """Why a paper for minors is required: a minor asks, and no representation is proven."""
    rule = facts.plan.procedure.predicates.get(paper.when or "")
    if rule is None or rule.younger_than is None or rule.younger_than.partition(":")[0] in facts.represented:
        return None
    return {"code": Reason.MINOR_WITHOUT_REPRESENTATIVE.value, "condition": paper.when}


def _replaced(entry: PaperEntry, verdict: ProofVerdict) -> PaperEntry:
    entry["by"] = verdict.by
    if verdict.reusable is not None:
        entry["state"], entry["paper"] = "reusable", dict(verdict.reusable)
        return entry
    entry["state"] = "replaced"
    entry["published"] = verdict.scope
    entry["published_scope"] = None if verdict.scope is None else verdict.scope["scope"]
    return entry


def _required(
    entry: PaperEntry, facts: Facts, paper: PaperRule, condition: Truth, verdict: ProofVerdict
) -> PaperEntry:
    if condition is Truth.UNKNOWN:
        late = unsettled(facts, paper.when or "") is Reason.DEADLINE_REACHED
        why = Reason.DEADLINE_REACHED if late else Reason.CONDITION_UNKNOWN
        reason: ReasonEntry = {"code": why.value, "condition": paper.when}
    else:
        reason = {"code": (verdict.reason or Reason.CONDITION_UNKNOWN).value}
        if verdict.rule:
            reason["rule"] = verdict.rule
    advice = _ADVICE.get(reason["code"], _DATA_LACKING)
    if verdict.rule == "subject:incomplete":
        advice = _NOT_ASKED
    elif reason["code"] == Reason.NOT_IN_FORCE and verdict.rule.partition("@")[0].endswith(_ALIVE):
        advice = _NOT_ALIVE
    elif reason["code"] == Reason.CONDITION_UNKNOWN and verdict.rule.startswith("same:"):
        advice = _OBJECT_UNKNOWN
    entry["reason"], entry["advice"] = reason, advice
    if paper.replaced_by is not None:
        entry["published"] = _scope(facts, paper.replaced_by)
    return entry


def _scope(facts: Facts, proof: Proof) -> ScopeEntry | None:
    """The published scope of the first data that may replace the paper; None where there is none."""
    for word in (word for leaf in leaves(proof) for word in leaf.has or ()):
        pick = facts.plan.picks[word]
        if pick.query is not None:
            return facts.published(facts.plan.queries[pick.query].service.name, pick.attribute)
    return None

"""Which papers data may replace by the rules: agreed, published, and given by an enabled source."""

from typing import NamedTuple

from gateway.domain.reasons import Reason
from gateway.mapping.paper_rules import PaperRule, Proof
from gateway.mapping.plan import Plan
from gateway.mapping.predicates import Published
from gateway.mapping.procedure import stored
from gateway.policy.asked import Denial
from gateway.prefill.case import SAY_WHO_ACTS

Entry = dict[str, object]


class _Barred(NamedTuple):
    """Why data cannot prove something, whatever the sources answer."""

    code: str
    rule: str
    remedy: str


_NOT_REPLACEABLE = _Barred("condition_unknown", "", "nothing that data can prove replaces this paper")


def papers(plan: Plan, published: Published, denial: Denial | None) -> list[Entry]:
    """Every paper of the plan. `state`: replaceable, required or digital_only; `when`: only under this condition.

    Whether data replace a paper is decided when sources are asked.
    """
    return [_paper(plan, published, denial, code, paper) for code, paper in plan.papers.items()]


def _paper(plan: Plan, published: Published, denial: Denial | None, code: str, paper: PaperRule) -> Entry:
    entry: Entry = {
        "code": code, "title": paper.title.vi, "title_en": paper.title.en, "when": paper.when,
        "rule": "", "reason": None, "remedy": None,
    }  # fmt: skip
    if paper.digital_only:
        return {**entry, "state": "digital_only"}
    if denial is not None:
        return {
            **entry,
            "state": "required",
            "rule": denial.rule,
            "reason": denial.code,
            "remedy": denial.remedy,
        }
    barred = (
        _barred(plan, published, paper.replaced_by) if paper.replaced_by is not None else _NOT_REPLACEABLE
    )
    if barred is None:
        return {**entry, "state": "replaceable"}
    return {**entry, "state": "required", "rule": barred.rule, "reason": barred.code, "remedy": barred.remedy}


def _barred(plan: Plan, published: Published, proof: Proof) -> _Barred | None:
    """The first obstacle to a proof; of several ways, one that is open is enough."""
    if proof.any_of is not None:
        ways = [_barred(plan, published, child) for child in proof.any_of]
        return None if None in ways else ways[0]
    parts = [_barred(plan, published, child) for child in proof.all_of or ()]
    parts += [_missing(plan, published, word) for word in proof.has or ()]
    parts += [_missing(plan, published, word) for name in proof.concludes for word in plan.reads[name]]
    # a guard only denies a cut and needs no published scope, but it needs an enabled source
    parts += [_undecidable(plan, plan.reads[name]) for name in proof.guards]
    if proof.issued is not None:
        parts.append(_missing(plan, None, stored(proof)))
    return next((one for one in parts if one is not None), None)


def _undecidable(plan: Plan, words: tuple[str, ...]) -> _Barred | None:
    """Why a guard cannot be decided: no source may be asked for what it reads."""
    barred = [_missing(plan, None, word) for word in words]
    return None if None in barred else next(iter(barred), None)


def _missing(plan: Plan, published: Published | None, word: str) -> _Barred | None:
    """Why one attribute cannot prove; papers of the store need no published scope (`published` None)."""
    pick = plan.picks[word]
    if pick.query is None:
        code = (pick.reason or Reason.CONDITION_UNKNOWN).value
        agree = f"agree on {pick.name} in config/agreements"
        return _Barred(code, pick.rule, agree if pick.reason is Reason.NOT_AGREED else "name this subject")
    if (withheld := plan.withheld.get(pick.query)) is not None:
        return _Barred(withheld.reason.value, withheld.rule, SAY_WHO_ACTS)
    service = plan.queries[pick.query].service.name
    if published is None or published(service, pick.attribute) is not None:
        return None
    remedy = f"the owner of {service} publishes {pick.attribute}: config/published_scopes.yaml"
    return _Barred(Reason.SCOPE_NOT_PUBLISHED.value, f"scope:none:{service}", remedy)

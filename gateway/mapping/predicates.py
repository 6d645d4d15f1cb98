"""What can be said of a person: named predicates over evidence (ARCHITECTURE 7), three-valued.

A blank value never proves a negative, and a value that a source doubts or another source contradicts decides nothing.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from gateway.domain.dates import PartialDate
from gateway.domain.evidence import Reason, SourceAnswer
from gateway.mapping.paper_rules import Predicate
from gateway.mapping.plan import Plan

#: the id of the published scope that covers this attribute of this data service, or None
Published = Callable[[str, str], str | None]


class Truth(StrEnum):
    """What can be said of a predicate or a proof."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known while papers are decided. An answer of None: that query was not asked yet."""

    plan: Plan
    answers: list[SourceAnswer | None]
    published: Published
    today: date
    given: frozenset[str]
    known: Mapping[str, object]
    #: query and attribute that another source contradicts: they prove nothing
    disputed: Collection[tuple[int, str]] = frozenset()
    #: query and attribute that a source which is still awaited may contradict: they prove nothing yet
    awaited: Collection[tuple[int, str]] = frozenset()
    #: query by a number that nobody confirmed -> why nobody did: it proves nothing
    unconfirmed: Mapping[int, Reason] = field(default_factory=dict)

    def unsettled(self, word: str) -> Reason | None:
        """Why what is said of a reference may not be true; None: nothing speaks against it."""
        pick = self.plan.picks.get(word)
        if pick is None or pick.query is None:
            return None
        if (pick.query, pick.attribute) in self.disputed:
            return Reason.SOURCES_DIFFER
        if (pick.query, pick.attribute) in self.awaited:
            return Reason.DEADLINE_REACHED
        return self.unconfirmed.get(pick.query)


def predicate(facts: Facts, name: str) -> Truth:
    """The truth of a named predicate; of several subjects it must hold for every one."""
    forms = facts.plan.predicates[name]
    if len(forms) == 1:
        return _truth(facts, forms[0])
    found = {_truth(facts, form) for form in forms}
    return next(truth for truth in (Truth.NO, Truth.UNKNOWN, Truth.YES) if truth in found)


def _truth(facts: Facts, rule: Predicate) -> Truth:
    if rule.role_given is not None:
        return Truth.YES if rule.role_given in facts.given else Truth.NO
    if rule.same:
        said = _said(facts, rule)
        return said.pop() if len(said) == 1 else Truth.UNKNOWN
    if rule.equal is not None:
        left, right = (_value(facts, word) for word in rule.equal)
        if left is None or right is None:
            return Truth.UNKNOWN
        return Truth.YES if _same(left, right) else Truth.NO
    if rule.younger_than is not None:
        return _younger(_value(facts, rule.younger_than), rule.years, facts.today)
    value = facts.known.get(rule.known_field) if rule.known_field else _value(facts, rule.attribute or "")
    return Truth.UNKNOWN if rule.agree and _contradicted(facts, rule) else _from_table(rule, value)


def contradicted(facts: Facts, name: str) -> bool:
    """Whether of what states the same fact (`agree`, `same`) one says yes and another no."""
    return any(
        len(_said(facts, rule)) > 1 if rule.same else bool(rule.agree) and _contradicted(facts, rule)
        for rule in facts.plan.predicates[name]
    )


def _said(facts: Facts, rule: Predicate) -> set[Truth]:
    """What predicates that state the same fact say of it, as far as they say anything."""
    return {predicate(facts, name) for name in rule.same} - {Truth.UNKNOWN}


def _contradicted(facts: Facts, rule: Predicate) -> bool:
    said = {_from_table(rule, _value(facts, word)) for word in (rule.attribute or "", *rule.agree)}
    return said.issuperset((Truth.YES, Truth.NO))


def _same(left: object, right: object) -> bool:
    """Equal, or one of the items where one side is a list (an owner among the owners)."""
    if isinstance(left, list):
        return right in left
    return left in right if isinstance(right, list) else left == right


def _from_table(rule: Predicate, value: object) -> Truth:
    if rule.part is not None:
        value = value.get(rule.part) if isinstance(value, Mapping) else None
    word = str(value).lower() if isinstance(value, bool) else str(value)
    if value is None:
        return Truth.UNKNOWN
    if word in rule.yes:
        return Truth.YES
    return Truth.NO if word in rule.no or rule.otherwise == "no" else Truth.UNKNOWN


def _younger(value: object, years: int, today: date) -> Truth:
    if not isinstance(value, str):
        return Truth.UNKNOWN
    try:
        lowest, highest = PartialDate.parse(value).age_on(today)
    except ValueError:
        return Truth.UNKNOWN
    if highest < years:
        return Truth.YES
    return Truth.NO if lowest >= years else Truth.UNKNOWN


def _value(facts: Facts, word: str) -> object:
    pick = facts.plan.picks.get(word)
    if pick is None or pick.query is None or facts.unsettled(word) is not None:
        return None
    answer = facts.answers[pick.query]
    # a doubtful value decides nothing: its paper is asked for
    return None if answer is None or pick.attribute in answer.doubts else answer.values.get(pick.attribute)

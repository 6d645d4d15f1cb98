"""Named predicates over evidence (ARCHITECTURE 7), three-valued.

A blank value never proves a negative. A doubtful or contradicted value decides nothing.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from unicodedata import normalize

from gateway.domain.dates import PartialDate
from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.parties import Subject
from gateway.domain.reasons import Reason
from gateway.mapping.answer import ScopeEntry
from gateway.mapping.checking import same
from gateway.mapping.paper_rules import Predicate
from gateway.mapping.plan import Pick, Plan

#: the published scope that covers this attribute of this data service, or None
Published = Callable[[str, str], ScopeEntry | None]


class Truth(StrEnum):
    """The value of a predicate or a proof."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


#: the value of the negation
OPPOSITE = {Truth.YES: Truth.NO, Truth.NO: Truth.YES, Truth.UNKNOWN: Truth.UNKNOWN}
#: letters of `1990-02-15`
_FULL_DATE = 10
#: values about several subjects, strongest first: where all must be true, and where one is enough
_FOR_EVERY = (Truth.NO, Truth.UNKNOWN, Truth.YES)
_FOR_ONE = (Truth.YES, Truth.UNKNOWN, Truth.NO)


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts for deciding papers. An answer of None: that query was not asked yet."""

    plan: Plan
    answers: list[SourceAnswer | None]
    published: Published
    today: date
    given: frozenset[str]
    known: Mapping[str, object]
    #: query and attribute that another source contradicts: they prove nothing
    disputed: Collection[tuple[int, str]] = frozenset()
    #: query and attribute -> the form field that holds another value: they prove nothing for this form
    otherwise: Mapping[tuple[int, str], str] = field(default_factory=dict)
    #: query -> the form field that differs from its record: it proves nothing for this form
    other_records: Mapping[int, str] = field(default_factory=dict)
    #: query and attribute that an awaited source may contradict: they prove nothing yet
    awaited: Collection[tuple[int, str]] = frozenset()
    #: query by an unconfirmed number -> why it is unconfirmed: it proves nothing
    unconfirmed: Mapping[int, Reason] = field(default_factory=dict)
    #: role -> subject; only those that the caller named
    named: Mapping[str, Subject] = field(default_factory=dict)
    #: the form as filled so far
    form: Mapping[str, object] = field(default_factory=dict)
    dossier: str | None = None
    #: represented roles whose representation a source has proven
    represented: Collection[str] = frozenset()
    #: roles whose object is registered for somebody else
    of_another: Collection[str] = frozenset()
    #: roles for which the form names another person
    strangers: Collection[str] = frozenset()
    #: query and attribute that the form only offers for its own person: they prove nothing before they are accepted
    offered: Collection[tuple[int, str]] = frozenset()

    def in_form(self, key: str) -> object:
        """The value in the form: typed by the citizen, or filled; None when it is blank."""
        found: object = self.form
        for name in key.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return self.known.get(key) or found or None

    def as_in_form(self, word: str, value: object) -> object:
        """The value of a reference in the words of a form field that reads it."""
        fields = (one for one in self.plan.fields for ref in one.refs if f"{ref.role}:{ref}" == word)
        one = next(fields, None)
        return value if one is None else one.field.converted(value)

    def unsettled(self, word: str) -> Reason | None:
        """Why the value of a reference may be wrong; None: no contradiction."""
        pick = self.plan.picks.get(word)
        if pick is None or pick.query is None:
            return None
        if (pick.query, pick.attribute) in self.disputed:
            return Reason.SOURCES_DIFFER
        if (pick.query, pick.attribute) in self.otherwise:
            return Reason.OBJECT_DIFFERS
        if (pick.query, pick.attribute) in self.awaited:
            return Reason.DEADLINE_REACHED
        if pick.query in self.unconfirmed:
            return self.unconfirmed[pick.query]
        is_open = (pick.query, pick.attribute) in self.offered and not self._is_accepted(pick)
        return Reason.PROPOSED if is_open else None

    def _is_accepted(self, pick: Pick) -> bool:
        """Whether a field that reads this value has it in the form."""
        answer = None if pick.query is None else self.answers[pick.query]
        raw = None if answer is None else answer.values.get(pick.attribute)
        read = (pick.query, pick.attribute)
        fields = (one for one in self.plan.fields if any(asked[:2] == read for asked in one.asked))
        return any(same(self.in_form(one.field.key) or "", one.field.converted(raw)) for one in fields)


def predicate(facts: Facts, name: str, *, of_any: bool = False) -> Truth:
    """The value of a named predicate; of several subjects all must be true, or with `of_any` one."""
    forms = facts.plan.predicates[name]
    if len(forms) == 1:
        return _truth(facts, forms[0], of_any=of_any)
    found = {_truth(facts, form, of_any=of_any) for form in forms}
    return next(truth for truth in (_FOR_ONE if of_any else _FOR_EVERY) if truth in found)


def _truth(facts: Facts, rule: Predicate, *, of_any: bool) -> Truth:
    if rule.attribute is not None:
        open_ = rule.agree and (
            _contradicted(facts, rule) or not all(_spoke(facts, one) for one in rule.agree)
        )
        return Truth.UNKNOWN if open_ else _from_table(rule, value_of(facts, rule.attribute))
    if rule.not_ is not None:
        # "not all" is the negation of "all", and becomes "any" inside `not`
        return OPPOSITE[predicate(facts, rule.not_, of_any=not of_any)]
    if rule.said_by:
        agreed = _said(facts, rule, of_any=of_any)
        is_sure = len(agreed) == 1
        for answer in facts.answers:  # few have a doubt
            if is_sure and answer is not None and answer.doubts:
                is_sure = agreed == agreed | _may_be_said(facts, rule)
        return agreed.pop() if is_sure else Truth.UNKNOWN
    if rule.role_given is not None:
        return Truth.YES if rule.role_given in facts.given else Truth.NO
    return _compared(facts, rule)


def _compared(facts: Facts, rule: Predicate) -> Truth:
    if rule.equal is not None:
        left, right = (value_of(facts, word) for word in rule.equal)
        if left is None or right is None:
            return Truth.UNKNOWN
        return Truth.YES if _same(left, right) else Truth.NO
    if rule.same_person is not None:
        return _same_person(facts, *rule.same_person)
    if rule.younger_than is not None:
        return is_younger(value_of(facts, rule.younger_than), rule.years, facts.today)
    if rule.until is not None:
        return lasts(value_of(facts, rule.until), facts.today)
    return _from_table(rule, facts.known.get(rule.known_field or ""))


def _same_person(facts: Facts, left: str, right: str) -> Truth:
    """Whether two roles are one person.

    A number that both have decides; numbers that the caller only claims prove no difference. Without one, the same
    name and the same full birth date are the same person, unless one of them has no number: it may be a namesake.
    """
    if left in facts.strangers or right in facts.strangers:
        return Truth.UNKNOWN
    slots = [facts.plan.slots.get(role, role) for role in (left, right)]
    if slots[0] == slots[1]:
        return Truth.YES
    one, other = (value_of(facts, f"{role}:person.personal_id") for role in (left, right))
    if one is not None and other is not None:
        return Truth.YES if one == other else Truth.NO
    numbers = [
        _numbers_of(facts.named.get(slot)) | ({number} if isinstance(number, str) else set())
        for slot, number in zip(slots, (one, other), strict=True)
    ]
    if (numbers[0] & numbers[1]) - {None}:
        return Truth.YES
    who = [_name_and_birth(facts, role, slot) for role, slot in zip((left, right), slots, strict=True)]
    if who[0] is None or who[0] != who[1]:
        return Truth.UNKNOWN
    named = [facts.named.get(slot) for slot in slots]
    return Truth.UNKNOWN if any(one is not None and one.is_unnumbered for one in named) else Truth.YES


def _numbers_of(subject: Subject | None) -> set[object]:
    """The numbers of a subject; with the kind of those that need it to be distinguished."""
    if subject is None:
        return set()
    return {
        subject.personal_id, subject.old_id,
        ("passport", subject.passport) if subject.passport else None,
        subject.identifier,
    }  # fmt: skip


def _name_and_birth(facts: Facts, role: str, slot: str) -> tuple[str, str] | None:
    """Name and full birth date of a role, by evidence, else as the caller named them; None where one is not known."""
    named = facts.named.get(slot)
    name = value_of(facts, f"{role}:person.full_name") or (named and named.full_name)
    born = str(value_of(facts, f"{role}:person.birth_date") or (named and named.birth_date) or "")
    if not isinstance(name, str) or len(born) != _FULL_DATE:
        return None
    return " ".join(normalize("NFC", name).casefold().split()), born


def contradicted(facts: Facts, name: str) -> bool:
    """Whether predicates or attributes that state the same fact (`agree`, `said_by`) give both yes and no."""
    return any(
        len(_said(facts, rule)) > 1 if rule.said_by else bool(rule.agree) and _contradicted(facts, rule)
        for rule in facts.plan.predicates[name]
    )


def _said(facts: Facts, rule: Predicate, *, of_any: bool = False) -> set[Truth]:
    """Known values of predicates that state the same fact."""
    return {predicate(facts, name, of_any=of_any) for name in rule.said_by} - {Truth.UNKNOWN}


def _may_be_said(facts: Facts, rule: Predicate) -> set[Truth]:
    """What predicates that state the same fact may say where their evidence is in doubt."""
    found: set[Truth] = set()
    for name in rule.said_by:
        if any(_is_doubtful(facts, word) for word in facts.plan.reads[name]):
            for one in facts.plan.predicates[name]:
                only_yes = one.attribute is not None and not one.no and one.otherwise != "no"
                found |= {Truth.YES} if only_yes else {Truth.YES, Truth.NO}
    return found


def _is_doubtful(facts: Facts, word: str) -> bool:
    """Whether the source of a reference answered, and its value is in doubt."""
    pick = facts.plan.picks.get(word)
    answer = None if pick is None or pick.query is None else facts.answers[pick.query]
    return answer is not None and pick is not None and pick.attribute in answer.doubts


def _spoke(facts: Facts, word: str) -> bool:
    """Whether the source of a reference gave a record, even with a blank (no doubt), or says that it has none."""
    pick = facts.plan.picks.get(word)
    answer = None if pick is None or pick.query is None else facts.answers[pick.query]
    if answer is None or answer.is_blank or (pick is not None and pick.attribute in answer.doubts):
        return False
    return answer.outcome is Outcome.FOUND or answer.outcome is Outcome.NOT_FOUND


def _contradicted(facts: Facts, rule: Predicate) -> bool:
    values = {_from_table(rule, value_of(facts, word)) for word in (rule.attribute or "", *rule.agree)}
    return values.issuperset((Truth.YES, Truth.NO))


def _same(left: object, right: object) -> bool:
    """Equal, or an item of the other side's list (an owner among the owners)."""
    if isinstance(left, list):
        return right in left
    return left in right if isinstance(right, list) else left == right


def _from_table(rule: Predicate, value: object) -> Truth:
    """By the value table; all items of a list must give the same."""
    if rule.part is not None:
        value = value.get(rule.part) if isinstance(value, Mapping) else None
    if isinstance(value, list):
        values = {_from_table(rule, one) for one in value}
        return values.pop() if len(values) == 1 else Truth.UNKNOWN
    word = str(value).lower() if isinstance(value, bool) else str(value)
    if value is None:
        return Truth.UNKNOWN
    if word in rule.yes:
        return Truth.YES
    return Truth.NO if word in rule.no or rule.otherwise == "no" else Truth.UNKNOWN


def is_younger(value: object, years: int, today: date) -> Truth:
    """Whether a date lies less than so many years back; unknown when it is no date, not precise enough, or ahead."""
    if not isinstance(value, str):
        return Truth.UNKNOWN
    try:
        lowest, highest = PartialDate.parse(value).age_on(today)
    except ValueError:
        return Truth.UNKNOWN
    if highest < 0:
        return Truth.UNKNOWN  # a day in the future belongs to no person and no paper
    if highest < years:
        return Truth.YES
    return Truth.NO if lowest >= years else Truth.UNKNOWN


def lasts(value: object, today: date) -> Truth:
    """Whether a day is today or later; unknown when it is no date, or the present month or year without a day."""
    try:
        last = PartialDate.parse(value if isinstance(value, str) else "")
    except ValueError:
        return Truth.UNKNOWN
    first = date(last.year, last.month or 1, last.day or 1)
    if first >= today:
        return Truth.YES
    known = (last.year, *filter(None, (last.month, last.day)))
    return Truth.UNKNOWN if known == (today.year, today.month)[: len(known)] else Truth.NO


def value_of(facts: Facts, word: str) -> object:
    """The value of a reference; None when it is blank, doubtful, contradicted or not asked."""
    pick = facts.plan.picks.get(word)
    if pick is None or pick.query is None or facts.unsettled(word) is not None:
        return None
    answer = facts.answers[pick.query]
    # a doubtful value decides nothing: its paper is required
    return None if answer is None or pick.attribute in answer.doubts else answer.values.get(pick.attribute)

"""The plan of one prefill: the fewest evidence queries, and where each field reads.

A plan depends on the procedure, the grant and the shape of the subjects (which identifiers each has), never on a
person: it is compiled once and used for all people.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import orjson

from gateway.domain.evidence import Withheld, not_agreed
from gateway.domain.parties import Subject
from gateway.domain.reasons import Reason
from gateway.mapping.answer import DoubtEntry, FieldEntry, FieldState, ReasonEntry, around
from gateway.mapping.confirming import CONFIRMING, chain, confirm, parents, unsure_roles
from gateway.mapping.many import (
    PeopleFilter,
    Several,
    paper_of_each,
    predicate_of_each,
    predicates_of_one,
    several,
)
from gateway.mapping.model import Role
from gateway.mapping.paper_rules import PaperRule, Predicate
from gateway.mapping.procedure import (
    ACCOUNT,
    Field,
    Procedure,
    Ref,
    conditions,
    evidence_of,
    leaves,
    refs_of_predicate,
    role_of,
)
from gateway.mapping.same_objects import IDENTITY, NUMBERS, OBJECTS
from gateway.mapping.source import ServicePlan

#: attributes by which a form names a person or an object
_NAMING = IDENTITY.union(NUMBERS, OBJECTS)
#: whether this requester may have this attribute of this data service
Allows = Callable[[str, str], bool]
#: why this requester may not have this attribute of this data service
Withholds = Callable[[str, str], Withheld]


class FormPart(NamedTuple):
    """What a request wants of a form, where it does not want the whole form."""

    #: the fields to answer
    fields: frozenset[str]
    #: the fields that the form has values for, to compare
    typed: frozenset[str]


@dataclass(frozen=True, slots=True)
class PlannedQuery:
    """One query: one data service about one subject, with all attributes that any field or paper needs."""

    index: int
    service: ServicePlan
    #: role of the subject (the first of the roles that share it)
    role: str
    attributes: tuple[str, ...]
    result_codes: tuple[str, ...] = ()
    #: every answer confirms that number, name and birth date of its subject belong together
    verifies: bool = False
    #: no number that a source confirms with the name leads to its subject: its data fill in doubt and cut no paper
    is_unsure: bool = False


@dataclass(frozen=True, slots=True)
class Pick:
    """Where a reference reads: a query, or the reason why there is none."""

    query: int | None
    attribute: str
    name: str
    reason: Reason | None = None
    rule: str = ""


class PlannedField:
    """A field and the picks of its references, in order, with the JSON around its value in an answer."""

    __slots__ = ("asked", "field", "name", "picks", "refs", "row")

    def __init__(
        self, field: Field, refs: tuple[Ref, ...], picks: tuple[Pick, ...], sources: Sequence[str]
    ) -> None:
        """One pick per reference. `sources`: the source of each query of the plan."""
        self.field = field
        self.refs = refs
        self.picks = picks
        #: the key as JSON, with its colon
        self.name = orjson.dumps(field.key) + b":"
        #: the picks with a query: (query, attribute, JSON before and behind a found value; blank: it only offers it)
        self.asked = tuple(
            (p.query, p.attribute, *((b"", b"") if self.only_offers(ref) else _filled(self.name, field, p)))
            for ref, p in zip(refs, picks, strict=True)
            if p.query is not None
        )
        #: the entry when the only asked source found the subject and leaves this attribute blank
        blank = b""
        if len(picks) == 1 and picks[0].query is not None:
            reason: ReasonEntry = {"code": Reason.VALUE_BLANK.value, "source": sources[picks[0].query]}
            blank = self.name + orjson.dumps(without_value("empty", picks[0].name, reason))
        #: what `fill` reads of each field, in one tuple: fewer objects are read
        self.row = (
            field.key, field.reads_all, self.asked, blank, field.convert, field.takes, field.rewrites,
            len(field.names) == 1,
        )  # fmt: skip

    def only_offers(self, ref: Ref) -> bool:
        """Whether a value of this reference is proposed and not filled in (`propose_else`)."""
        return self.field.proposes_else and ref not in self.field.refs[:1]


def _filled(name: bytes, field: Field, pick: Pick) -> tuple[bytes, bytes]:
    entry: FieldEntry = {
        "state": "filled",
        "value": None,
        "evidence": evidence_id(pick.query or 0),
        "attribute": pick.name,
        "editable": field.editable,
        "doubt": None,
    }
    before, behind = around(entry, "value")
    return name + before, behind


def without_value(
    state: FieldState, attribute: str | None, reason: ReasonEntry | None, doubt: DoubtEntry | None = None
) -> FieldEntry:
    """The entry of a field without a value, for the citizen to fill in."""
    return {
        "state": state, "value": None, "evidence": None, "attribute": attribute, "editable": True, "doubt": doubt,
        "reason": reason,
    }  # fmt: skip


def evidence_id(query: int) -> str:
    """The name of a query's answer in passports: derived from the plan, so that a late answer keeps it."""
    return f"e{query + 1}"


def number_beside(attribute: str) -> str:
    """The attribute with the personal number of another person, if an attribute is theirs; blank: it is of nobody else.

    `household_head.full_name` → `household_head.personal_id`, `father_full_name` → `father_personal_id`. It goes by
    the name alone: `certificate.serial` → `certificate.personal_id`, which no data service has.
    """
    person, dot, _ = attribute.rpartition(".")
    if dot:
        return f"{person}.personal_id"
    return attribute.replace("_full_name", "_personal_id") if attribute.endswith("_full_name") else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about a prefill that does not depend on the person."""

    procedure: Procedure
    queries: tuple[PlannedQuery, ...]
    fields: tuple[PlannedField, ...]
    papers: Mapping[str, PaperRule]
    #: every reference of predicates and papers
    picks: Mapping[str, Pick]
    #: role -> the first role with the same subject
    slots: Mapping[str, str]
    #: every predicate, once for each subject of a role with several: all must be true
    predicates: Mapping[str, tuple[Predicate, ...]]
    #: predicate -> the references that it reads
    reads: Mapping[str, tuple[str, ...]]
    #: reference about one of several subjects -> the rule that names the subject
    whose: Mapping[str, str]
    keeps: tuple[PeopleFilter, ...]
    #: role of an object -> the predicate of its holder
    holders: tuple[tuple[str, str], ...]
    #: confirming query -> queries that depend on the confirmed number
    confirms: Mapping[int, tuple[int, ...]]
    #: role -> the role through whose number, or in whose evidence, its subject is found
    hangs_on: Mapping[str, str]
    #: query that was narrowed for this exchange -> why
    withheld: Mapping[int, Withheld]
    #: queries to ask first, when the citizen typed nothing yet
    first: tuple[int, ...] = ()
    #: by query: the JSON around the values from its answer, of its evidence entry and its source entry
    evidence: tuple[tuple[bytes, ...], ...] = ()
    sources: tuple[bytes, ...] = ()
    #: whether all services are those of the sandbox
    is_sandbox: bool = False
    #: roles that evidence names (`found_in`), and the caller as well
    named_heads: tuple[str, ...] = ()
    #: things that fields identify or describe; and those of which evidence about several roles may speak
    things: tuple[str, ...] = ()
    ambiguous_things: tuple[str, ...] = ()
    #: references of such fields to one of several attributes of a role (permanent, else current address)
    alternatives: frozenset[Ref] = frozenset()
    #: fields that are compared with the form and not answered: the request wants a part of the form
    compared: frozenset[str] = frozenset()


class _Planner:
    def __init__(
        self, procedure: Procedure, offers: Mapping[str, tuple[ServicePlan, ...]], allows: Allows,
        subjects: Mapping[str, Subject], slots: Mapping[str, str], withholds: Withholds,
    ) -> None:  # fmt: skip
        self.procedure = procedure
        self.offers = offers
        self.allows = allows
        self.subjects = subjects
        self.slots = slots
        self.withholds = withholds
        self.wants: dict[tuple[str, str], dict[str, None]] = {}
        self.codes: dict[str, dict[str, None]] = {}
        self.chosen: dict[tuple[str, str], list[tuple[ServicePlan, list[str]]]] = {}

    def want(self, ref: Ref) -> None:
        self.wants.setdefault((self.slots.get(ref.role, ref.role), ref.evidence), {})[ref.attribute] = None

    def want_compared(self, refs: Iterable[Ref]) -> None:
        """Adds attributes that identify people, objects and records to queries that are asked anyway."""
        for ref in refs:
            tells = any(ref.attribute in one.tells_apart for one in self.offers.get(ref.evidence, ()))
            is_compared = tells or ref.attribute.rpartition(".")[2] in _NAMING
            if is_compared and (self.slots.get(ref.role, ref.role), ref.evidence) in self.wants:
                self.want(ref)

    def want_vouching(self) -> None:
        """Adds the number that decides whether a record under another name counts to queries that are asked anyway."""
        for (role, evidence), service in [
            (key, one) for key in self.wants for one in self.offers.get(key[1], ())
        ]:
            for word in (word for words in service.vouched.values() for word in words):
                kind, _, attribute = word.partition(".")
                if kind != evidence and (role, kind) in self.wants:
                    self.wants[role, kind][attribute] = None

    def choose(self) -> tuple[PlannedQuery, ...]:
        """Greedy cover: per subject and evidence type, the service that gives most of the needed attributes."""
        queries: list[PlannedQuery] = []
        for (role, evidence), wanted in self.wants.items():
            left = list(wanted)
            for service in self._candidates(role, evidence, left):
                granted = [name for name in left if self._gives(service, name)]
                if not granted:
                    continue
                granted += self._numbers_beside(service, granted)
                codes = tuple(self.codes.get(role, ())) if evidence == "issued_paper" else ()
                verifies = self._verifies(service, role)
                queries.append(PlannedQuery(len(queries), service, role, tuple(granted), codes, verifies))
                self.chosen.setdefault((role, evidence), []).append((service, granted))
                left = [name for name in left if name not in granted]
        return tuple(queries)

    def _numbers_beside(self, service: ServicePlan, granted: Sequence[str]) -> list[str]:
        """The granted numbers of the other people whose data these are: the record names people by them."""
        numbers = dict.fromkeys(map(number_beside, granted))
        return [name for name in numbers if name not in granted and self._gives(service, name)]

    def confirming(self, role: str, index: int) -> PlannedQuery | None:
        """The smallest query to a source that confirms number, name and birth date of `role`."""
        subject = self.subjects[role]
        for evidence, attribute in CONFIRMING.items():
            for service in self.offers.get(evidence, ()):
                able = service.verifies_number_of(subject) and service.can_ask(subject)
                if able and self._gives(service, attribute):
                    return PlannedQuery(index, service, role, (attribute,), verifies=True)
        return None

    def _verifies(self, service: ServicePlan, role: str) -> bool:
        """Of a person who is found in evidence, only the number of Việt Nam is known."""
        subject = self.subjects.get(role)
        return "personal_id" in service.verifies if subject is None else service.verifies_number_of(subject)

    def _candidates(self, role: str, evidence: str, wanted: list[str]) -> list[ServicePlan]:
        subject = self.subjects.get(role)
        able = [s for s in self.offers.get(evidence, ()) if subject is None or s.can_ask(subject)]
        return sorted(able, key=lambda s: -sum(self._gives(s, name) for name in wanted))

    def _gives(self, service: ServicePlan, attribute: str) -> bool:
        return attribute in service.attributes and self.allows(service.name, attribute)

    def pick(self, ref: Ref, queries: tuple[PlannedQuery, ...]) -> Pick:
        role, name = self.slots.get(ref.role, ref.role), str(ref)
        for query in queries:
            if (query.role, query.service.evidence) == (
                role,
                ref.evidence,
            ) and ref.attribute in query.attributes:
                return Pick(query.index, ref.attribute, name)
        able = [s for s in self.offers.get(ref.evidence, ()) if ref.attribute in s.attributes]
        if able and not any(self.allows(s.name, ref.attribute) for s in able):
            whys = [self.withholds(s.name, ref.attribute) for s in able]
            why = next((one for one in whys if one.reason is not Reason.NOT_AGREED), whys[0])
            return Pick(None, ref.attribute, name, *why)
        if role in self.subjects:
            return Pick(None, ref.attribute, name, Reason.VALUE_BLANK, "subject:incomplete")
        return Pick(None, ref.attribute, name, Reason.CONDITION_FALSE, "subject:not_given")


def make_plan(
    procedure: Procedure,
    offers: Mapping[str, tuple[ServicePlan, ...]],
    allows: Allows,
    subjects: Mapping[str, Subject],
    slots: Mapping[str, str],
    part: FormPart | None = None,
    withholds: Withholds = not_agreed,
    *,
    cuts_without_number: bool = False,
) -> Plan:
    """The plan for these subjects; of a `part` of the form no papers, and only data that its fields need.

    It compares what the whole form compares: typed fields outside of the part, and the other fields of its things.
    `cuts_without_number`: the agreements let data found without a number cut papers, where the data service does.
    """
    planner = _Planner(procedure, offers, allows, subjects, slots, withholds)
    own = frozenset(role for role in slots if slots[role] == slots.get(procedure.signs_in))
    compared = frozenset[str]() if part is None else _compared(procedure, part)
    wanted = [
        field.where(slots)
        for field in procedure.fields
        if part is None or field.key in part.fields or field.key in compared
    ]
    given = frozenset(
        role for role in slots if (one := procedure.roles.get(role)) is not None and one.found_in
    )
    fields = [(field, _of_given(field.refs_where(own), given)) for field in wanted]
    many = several(procedure.roles, slots)
    predicates = {name: predicate_of_each(rule, many) for name, rule in procedure.predicates.items()}
    predicates |= predicates_of_one(procedure.predicates, many)
    rules = procedure.papers if part is None else {}
    papers = (
        {code: paper_of_each(paper, many, predicates) for code, paper in rules.items()} if many else rules
    )
    reads = {name: _reads(name, predicates) for name in predicates}
    named = {word: _ref(word, procedure) for word in _paper_words(reads, papers, planner)}
    read = [refs for field, refs in fields if field.thing or field.key not in compared]
    for ref in (*(ref for refs in read for ref in refs), *named.values()):
        _want(planner, ref)
    for role in procedure.roles.values():
        if role.found_in is not None:
            _want_found(planner, role.found_in)
    planner.want_compared(ref for field, refs in fields if field.key in compared for ref in refs)
    planner.want_vouching()
    hangs_on = parents(procedure.roles, slots)
    queries, confirms = confirm(planner.choose(), subjects, hangs_on, planner.confirming)
    unsure = unsure_roles(queries, subjects, confirms, cuts=cuts_without_number)
    if unsure:
        queries = tuple(
            replace(one, is_unsure=not unsure.isdisjoint(chain(one.role, hangs_on))) for one in queries
        )
    sources = [query.service.source for query in queries]
    planned = tuple(
        PlannedField(field, refs, tuple(planner.pick(ref, queries) for ref in refs), sources)
        for field, refs in fields
    )
    picks = {word: planner.pick(ref, queries) for word, ref in named.items()}
    keeps = _keeps(planned, slots)
    whose = _whose(named, many)
    holders = tuple(
        (name, role.held_by) for name, role in procedure.roles.items() if role.held_by is not None
    )
    things: dict[str, set[str]] = {}
    for field, refs in fields:
        if field.thing:
            things.setdefault(field.thing, set()).update(_thing_role(procedure.roles, ref) for ref in refs)
    return Plan(
        procedure, queries, planned, papers, picks, slots, predicates, reads, whose, keeps, holders, confirms,
        hangs_on, {}, things=tuple(things),
        ambiguous_things=tuple(name for name, found in things.items() if len(found) > 1),
        named_heads=tuple(name for name, role in procedure.roles.items() if role.found_in and name in slots),
        alternatives=frozenset(ref for field, refs in fields if field.thing for ref in _alternatives(refs)),
        compared=compared,
    )  # fmt: skip


def plan_of_one(
    procedure: Procedure, service: ServicePlan, attributes: tuple[str, ...],
    offers: Mapping[str, tuple[ServicePlan, ...]], allows: Allows, subjects: Mapping[str, Subject],
) -> Plan:  # fmt: skip
    """The plan that asks one data service, and a source that confirms its person where it does not."""
    slots = {role: role for role in subjects}
    planner = _Planner(procedure, offers, allows, subjects, slots, not_agreed)
    own = subjects.get(procedure.signs_in)
    verifies = own is not None and service.verifies_number_of(own)
    asked = (PlannedQuery(0, service, procedure.signs_in, attributes, verifies=verifies),)
    queries, confirms = confirm(asked, subjects, {}, planner.confirming)
    return Plan(
        procedure, queries, (), {}, {}, slots, {}, {}, {}, (), (), confirms, {}, {},
        first=tuple(range(len(queries))),
    )  # fmt: skip


def _compared(procedure: Procedure, part: FormPart) -> frozenset[str]:
    """The fields outside of a part of a form that are compared: of the things of its fields, and typed ones."""
    things = {field.thing for field in procedure.fields if field.thing and field.key in part.fields}
    of_things = {field.key for field in procedure.fields if field.thing in things}
    return frozenset((of_things | part.typed) - part.fields)


def read_thing(plan: Plan, ref: Ref) -> str:
    """The thing of which evidence speaks: the one of a role, or that of an attribute where a role has several."""
    role = _thing_role(plan.procedure.roles, ref)
    return f"{role}:{ref}" if ref in plan.alternatives else role


def _thing_role(roles: Mapping[str, Role], ref: Ref) -> str:
    """The role whose evidence speaks of a thing: of a person found in evidence, the role in whose evidence."""
    place = roles[ref.role].found_in if ref.role in roles else None
    return ref.role if place is None else place.partition(":")[0]


def _alternatives(refs: tuple[Ref, ...]) -> list[Ref]:
    """References of one field to several attributes of a role."""
    places = [(ref.role, ref.evidence) for ref in refs]
    return [ref for ref, place in zip(refs, places, strict=True) if places.count(place) > 1]


def _of_given(refs: tuple[Ref, ...], given: frozenset[str]) -> tuple[Ref, ...]:
    """The references of a field; about a person who is else found in evidence, but given, no other role's count."""
    return tuple(ref for ref in refs if ref.role in given) or refs


def _reads(name: str, predicates: Mapping[str, tuple[Predicate, ...]]) -> tuple[str, ...]:
    """The references that a predicate reads, itself and through other predicates."""
    found: dict[str, None] = {}
    for form in predicates[name]:
        found.update(dict.fromkeys(refs_of_predicate(form)))
        for other in form.others:
            found.update(dict.fromkeys(_reads(other, predicates)))
    return tuple(found)


def _whose(named: Mapping[str, Ref], many: Several) -> dict[str, str]:
    each = {slot for slots in many.values() for slot in slots}
    return {word: f"subject:{ref.role}" for word, ref in named.items() if ref.role in each}


def _keeps(planned: tuple[PlannedField, ...], slots: Mapping[str, str]) -> tuple[PeopleFilter, ...]:
    """People filters for lists: to the people of a role, where the caller named some, and without those of another."""
    found: dict[PeopleFilter, None] = {}
    for one in planned:
        for role, leaves_out in ((one.field.keep, False), (one.field.leave_out, True)):
            roles = tuple(name for name in slots if role_of(name) == role)
            for query, attribute, *_ in one.asked if roles else ():
                found[PeopleFilter(query, attribute, roles, leaves_out)] = None
    return tuple(found)


def _want(planner: _Planner, ref: Ref) -> None:
    role = planner.slots.get(ref.role, ref.role)
    declared = planner.procedure.roles.get(role)
    if (
        role in planner.subjects
        or (declared is not None and declared.found_in is not None)
        or ref.evidence == ACCOUNT
    ):
        planner.want(ref)


def _want_found(planner: _Planner, word: str) -> None:
    role, _, rest = word.partition(":")
    evidence, _, prefix = rest.partition(".")
    for name in ("personal_id", "full_name"):
        if role in planner.subjects and (role, evidence) in planner.wants:
            planner.want(Ref(role, evidence, f"{prefix}.{name}"))


def _ref(word: str, procedure: Procedure) -> Ref:
    role, colon, rest = word.partition(":")
    if not colon:
        role, rest = procedure.signs_in, word
    evidence, _, attribute = rest.partition(".")
    return Ref(role, evidence, attribute)


def _paper_words(
    reads: Mapping[str, tuple[str, ...]], papers: Mapping[str, PaperRule], planner: _Planner
) -> list[str]:
    """The references of all papers and warnings; codes of stored papers go to the planner."""
    words: dict[str, None] = {}
    named = dict.fromkeys(rule.when for rule in planner.procedure.warnings.values()) if papers else {}
    named |= {role.held_by: None for role in planner.procedure.roles.values() if role.held_by is not None}
    for paper in papers.values():
        if paper.when:
            named[paper.when] = None
        if paper.replaced_by is None:
            continue
        named.update(dict.fromkeys(conditions(paper.replaced_by)))
        for leaf in leaves(paper.replaced_by):
            words.update(dict.fromkeys(evidence_of(leaf)))
            owner = planner.slots.get(leaf.about or "", leaf.about or "")
            planner.codes.setdefault(owner, {}).update(dict.fromkeys(leaf.issued or ()))
    for name in named:
        words.update(dict.fromkeys(reads[name]))
    return list(words)

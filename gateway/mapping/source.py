"""A compiled source mapping: builds a provider's request and reads its answer into evidence.

Pure functions over plain values: adapters bring the bytes, this file knows no protocol.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from copy import copy

from gateway.domain.evidence import (
    NOTHING,
    AnswerFault,
    AttributeDoubt,
    Outcome,
    SourceAnswer,
    SourceQuery,
    failed,
)
from gateway.domain.fault_codes import FaultCode
from gateway.domain.identifiers import is_personal_id
from gateway.domain.parties import IDENTIFIER, Subject, SubjectKind, number_word
from gateway.domain.reasons import Reason
from gateway.mapping.absence import FAILED, Absence
from gateway.mapping.codes import Codes
from gateway.mapping.contradictions import ANSWER_DIFFERS, DENIALS, Denies
from gateway.mapping.date_transforms import DEFAULT_ZONE
from gateway.mapping.evidence_dates import DateRule, broken, date_rules, is_late, late_dates
from gateway.mapping.model import AnswerRule, ServiceMapping, below, is_dated, paths_of
from gateway.mapping.paper_owners import names_another_owner
from gateway.mapping.paths import (
    ODD_SHAPE,
    Orders,
    Paths,
    PositionedTexts,
    Record,
    compile_path,
    only,
    put,
    steps_of,
)
from gateway.mapping.records import (
    DETAILS,
    SHAPES,
    SHARED,
    WEAK,
    Check,
    compare,
    identity_checks,
    provider_transforms,
    reader_of,
    reads_trees,
    together,
    transforms_of,
    unlike,
)
from gateway.mapping.schema_checks import RecordCheck
from gateway.mapping.transforms import (
    Doubtful,
    Hidden,
    Misshapen,
    Strangers,
    Transform,
    Unreadable,
    is_hollow,
    text,
)
from gateway.mapping.values import Attribute, Place, ValueStep, blank

#: CPython 3.11 makes a call for each member that is read from the class of an enum
_FOUND = Outcome.FOUND
_INVALID = FAILED[Outcome.INVALID]
_OTHER_PERSON = SourceAnswer(outcome=Outcome.INVALID, reason=Reason.SOURCE_ANSWER_OTHER_PERSON, alarm=True)
_SEVERAL_PEOPLE = failed(Outcome.NO_MATCH, Reason.SEVERAL_PEOPLE)
_NO_MATCH = SourceAnswer(outcome=Outcome.NO_MATCH, reason=Reason.DATA_DO_NOT_MATCH, alarm=True)

#: how an attribute is read: name, slot of its path, step, the step's result for a blank, slots of the further paths,
#: and what the step makes of many texts (see `Attribute`)
_Row = tuple[
    str, int, ValueStep, object, tuple[int, ...], Mapping[str, str | None], Callable[[str], object] | None
]
#: what may deny attributes: slot of its parts, the check, the doubt, the attributes
_Denying = tuple[int, Denies, AttributeDoubt, frozenset[str]]
#: a rule about a date: the rows of the date, and of the one that is never later
_Dating = tuple[DateRule, _Row, _Row | None]
#: how a set of attributes is read
_Reading = tuple[Paths, list[_Row], list[_Denying], list[_Dating]]
#: in faults: the time of the provider's last change, which is no attribute
UPDATED = "updated_at"
#: evidence whose answer is a verdict -> its attribute: without it, nothing is said
VERDICTS: Mapping[str, str] = {"identity_check": "matches"}
_NUMBERS = frozenset({"personal_id", "old_id", "passport"})
#: exceptions of readers for a value that breaks its contract
_UNREADABLE = (Unreadable, ValueError, TypeError, AttributeError, LookupError, RecursionError)
#: fault -> the doubt of an attribute that is left out
_MISFITS = {code: AttributeDoubt(kind="value_invalid", rule=f"evidence:{code}") for code in FaultCode}
#: outcomes of rows among several that are not the one meant: blank rows, and those of another one
_PASSED_OVER = frozenset({Outcome.NO_MATCH, Outcome.NOT_FOUND})
#: traits that name a person without a number: name, birth date, and gender or birth place
_SURE = len(SHARED) + 1
#: limit of records: children of one mother
_MOST_RECORDS = 30
#: number of attribute sets whose reading a service caches
_MAX_READINGS = 512


class ServicePlan:
    """One data service, compiled from its mapping once at start."""

    __slots__ = (
        "_absence", "_attributes", "_check", "_compared", "_dates", "_denials", "_found", "_identifying", "_identity",
        "_is_key_read", "_is_strict", "_is_text", "_is_there", "_key", "_mapping", "_nested", "_orders", "_own_id",
        "_own_words", "_papers", "_past", "_paths", "_places", "_readings", "_record", "_request", "_sent", "_status",
        "_trees", "_updated", "_updated_steps", "_vouched", "evidence", "mark", "marks", "name", "needs", "operation",
        "profiles", "source", "tells_apart", "verifies", "vouched", "wanted_paths",
    )  # fmt: skip

    def __init__(
        self,
        source: str,
        operation: str,
        mapping: ServiceMapping,
        codes: Codes,
        profiles: tuple[str, ...] = (),
        schemas: Mapping[str, object] = NOTHING,
        time_zone: str = DEFAULT_ZONE,
    ) -> None:
        """`profiles`: those of the source's requests; `schemas`: of the evidence type, by attribute.

        `time_zone`: of the provider's times.

        Raises ValueError with the fault of the mapping.
        """
        transforms = provider_transforms(codes, time_zone)
        answer = mapping.answer
        self.name = f"{source}.{operation}"
        self.source = source
        self.operation = operation
        self.evidence = mapping.evidence
        self.mark = mapping.mark
        #: attribute -> its own mark, where it differs from that of the service
        self.marks = {
            name: rule.mark
            for name, rule in answer.attributes.items()
            if rule.mark not in (None, mapping.mark)
        }
        self.needs = mapping.needs
        self.profiles = profiles
        self._mapping = mapping
        self._request = [Place(place, rule, codes, transforms) for place, rule in mapping.request.items()]
        self._places: dict[str, list[Place]] = {}
        self._orders = _orders_of(answer, transforms)
        self._attributes = {
            name: Attribute(rule, codes, transforms, self._orders) for name, rule in answer.attributes.items()
        }
        self._denials = [
            (
                [steps_of(part, self._orders) for part in one.parts],
                DENIALS[one.check],
                AttributeDoubt(ANSWER_DIFFERS, rule=f"answer:{one.check}"),
                frozenset(one.doubts),
            )
            for one in answer.contradictions
        ]
        #: attributes whose transform reads lists or objects
        self._trees = frozenset(name for name, one in answer.attributes.items() if reads_trees(one))
        known = {name: one for name, one in schemas.items() if name in self._attributes}
        self._check = RecordCheck(known)
        #: dates that are never later than today, and lists with such dates -> the members of their rows
        self._past = late_dates(known)
        self._dates = date_rules(known)
        #: attributes that distinguish several records
        self.tells_apart = frozenset(answer.tells_apart)
        #: the provider's own number of a person -> references of confirming sources that give it too
        self.vouched = answer.vouched
        self._read_in(answer, transforms)
        self._nested = _lifting(answer) if answer.nested else None
        #: by the requested attributes
        self._readings: dict[tuple[str, ...], _Reading] = {}
        self.wanted_paths = _wanted(mapping)
        self._sent = _sent(mapping)
        #: the numbers that are compared with the record, beside the name and the birth date
        self._compared = _compared(answer, self._sent)
        #: those that are sent with both; of the others, the answer must repeat what is not sent
        self.verifies = self._compared & self._sent if self._sent.issuperset(SHARED) else frozenset()
        #: whether nobody compares the personal number with the record: many people share a similar name and a year
        self._is_strict = bool(answer.identity) and "personal_id" not in {*self._compared, *answer.identity}
        self._absence = Absence(mapping, self.wanted_paths, self._request)

    def why_not(self, name: str, value: object) -> FaultCode | None:
        """The fault of an attribute's value by its evidence schema; None when it fits."""
        return self._check.why_not(name, value)

    def given(self, values: Mapping[str, object], asked: Collection[str], day: str) -> SourceAnswer:
        """An answer with the asked ones of these attributes (of an example), as `read` gives them on that day."""
        late = [name for name, members in self._past.items() if is_late(values.get(name), members, day)]
        kept = {name: value for name, value in values.items() if name in asked and name not in late}
        doubts = {name: _MISFITS[FaultCode.LATER_THAN_TODAY] for name in late if name in asked}
        for rule in broken(self._dates, values, day):
            doubts = {**rule.doubted(kept), **doubts}
        return SourceAnswer(Outcome.FOUND, kept, doubts)

    @property
    def attributes(self) -> frozenset[str]:
        """Names of the attributes that this service can give."""
        return frozenset(self._attributes)

    def without(self, names: Collection[str]) -> "ServicePlan":
        """The same service for planning, of a provider that leaves these attributes out."""
        less = copy(self)
        kept = {name: one for name, one in self._attributes.items() if name not in names}
        less._attributes = kept  # noqa: SLF001 -- its own copy
        return less

    @property
    def mapping(self) -> ServiceMapping:
        """The mapping as written."""
        return self._mapping

    def can_ask(self, subject: Subject) -> bool:
        """Whether the subject has the identifiers that this service needs.

        Where a service takes persons without a number, the `needs` without one are for them alone.
        """
        if subject.kind not in self._mapping.subjects:
            return False
        needs = self.needs
        if self._mapping.without_number != "no" and not subject.is_unnumbered:
            needs = tuple(one for one in needs if not WEAK.issuperset(one))
        elif self._mapping.without_number == "no" and subject.is_unnumbered:
            return False
        return any(all(getattr(subject, name, None) for name in needed) for needed in needs)

    def verifies_number_of(self, subject: Subject) -> bool:
        """Whether every answer confirms that the person's strongest number, name and birth date belong together."""
        is_named = subject.full_name is not None and subject.birth_date is not None
        return is_named and number_word(subject) in self.verifies

    def request(  # noqa: C901 -- one loop over the places: a call for each would cost more than its lines
        self, query: SourceQuery, parameters: Mapping[str, str], profile: str
    ) -> dict[str, object]:
        """The request as a nested tree of text and typed constants, in the order of the mapping; no blank places."""
        tree: dict[str, object] = {}
        written: list[str] = []
        for one in self._places.get(profile) or self._places_of(profile):
            if one.unless and one.unless in written:
                continue
            value: object = one.constant
            if value is None:
                if one.attribute is not None:
                    value = one.attribute(query)
                elif one.parameter:
                    value = parameters.get(one.parameter)
                if type(value) is not str or not value or value.isspace():
                    value = one.value(query, parameters)
            if value is None:
                continue
            written.append(one.place)
            if len(one.names) == 1:
                tree[one.place] = value
            else:
                put(tree, one.names, value)
        return tree

    def _places_of(self, profile: str) -> list[Place]:
        """The possible places of a request of this profile; a source has one profile."""
        able = [one for one in self._request if not one.profiles or profile in one.profiles]
        places = [one.variants.get(profile, one) for one in able]
        self._places[profile] = places
        return places

    def _read_in(self, answer: AnswerRule, transforms: Mapping[str, Transform]) -> None:
        """Slots that every reading needs, whatever attributes are requested."""
        paths, within = Paths(), self._orders
        self._paths, whole = paths, _from_root(answer, within)
        self._status = paths.add(steps_of(answer.status, whole)) if answer.status else None
        self._updated = paths.add(steps_of(answer.updated_at.path, whole)) if answer.updated_at else None
        words = answer.updated_at.transform if answer.updated_at else ()
        self._updated_steps = [transforms[word] for word in words]
        record = paths.passing([*steps_of(answer.record, whole), Record.ONLY]) if answer.record else 0
        self._record = record
        self._is_there = paths.add([Record.IS_THERE], record)
        read = [path for rule in answer.attributes.values() for path in paths_of(rule)]
        #: a record may be a text
        self._is_text = "" in read
        #: attributes are read in the object that says that there is a record
        self._is_key_read = any(path.startswith(f"{answer.found_when}.") for path in read)
        self._found = paths.add(steps_of(answer.found_when, within), record) if answer.found_when else None
        self._papers = [
            (name, paths.add(steps_of(rule.path, within), record))
            for name, rule in answer.attributes.items()
            if "paper_list" in rule.transform
        ]
        whose = answer.identity
        #: attributes without which the owner of a record, or the verdict about it, is unknown
        self._identifying = frozenset(
            name
            for name, rule in answer.attributes.items()
            if name in whose or rule.path in whose.values() or name == VERDICTS.get(self.evidence)
        )
        gender = self._attributes["gender"].step if "gender" in self._attributes else None
        self._identity = identity_checks(answer, transforms, self._slot_of_identity, gender)
        #: number of leading checks on attributes that people do not share
        self._own_words = sum(check.name not in WEAK for check in self._identity)
        self._vouched = next((self._row(name, paths) for name in self.vouched), None)
        keys = (name for name, rule in answer.attributes.items() if rule.path == answer.found_when)
        #: the attribute that says that there is a record
        self._key = next((self._row(name, paths) for name in keys if answer.found_when), None)
        #: where a record has the personal id, which the request may not say
        self._own_id = self._row("personal_id", paths) if "personal_id" in self._attributes else None

    def _slot_of_identity(self, name: str) -> int:
        """Where the answer repeats an attribute of the subject; `parts` where the attribute of that name has them."""
        answer = self._mapping.answer
        path, attribute = answer.identity[name], self._attributes.get(reader_of(answer, name) or "")
        steps = steps_of(path, self._orders)
        if attribute is not None and attribute.parts and steps == attribute.paths[0]:
            return attribute.slots(self._paths, self._record)[0]
        return self._paths.add(steps, self._record)

    def read(  # noqa: C901 -- the straight path of every answer: a call for each part would cost more than its lines
        self, tree: object, query: SourceQuery
    ) -> SourceAnswer:
        """The evidence of an answer: `tree` is plain data or positioned texts.

        Never raises; an answer of a wrong form has the outcome `invalid`.
        """
        if query.trace is not None:
            query.trace.tree = tree
        try:
            paths, rows, denials, dates = self._readings.get(query.attributes) or self._reading(
                query.attributes
            )
            if self._nested is not None:
                tree = self._nested(tree)
            values = paths.read(tree)
            if (none := self._no_record(tree, values, query)) is not None:
                return none
            subject = query.subject
            is_strict = self._is_strict and subject.personal_id is not None
            same = compare(self._identity, values, subject, is_strict=is_strict)
            if is_strict and (False in same or same.count(True) < _SURE):
                same, is_strict = compare(self._identity, values, subject), False
            if (refusal := self._about_another(same, subject)) is None:
                answer = self._evidence(rows, values, denials, dates, query.day)
                if self._is_strict and not is_strict and True not in same[: self._own_words]:
                    answer = self._unsure(answer, values, subject)
                if self._compared and not self.verifies and self._repeats(same, values, subject):
                    answer = answer._replace(confirms=True)
                if self._own_id and subject.personal_id is None and subject.kind is SubjectKind.PERSON:
                    return answer._replace(found_id=_personal_id(self._own_id, values))
                return answer
            number = None if subject.is_unnumbered else self._own_number(same, values)
            return (
                self._evidence(rows, values, denials, dates, query.day)._replace(unvouched=number)
                if number
                else refusal
            )
        except Strangers as error:
            return _OTHER_PERSON._replace(faults=(self._fault(FaultCode.OTHER_PERSON, error.attribute),))
        except _UNREADABLE:
            return _INVALID._replace(faults=tuple(self._unreadable(tree, query.subject)))

    def _unsure(self, answer: SourceAnswer, values: list[object], subject: Subject) -> SourceAnswer:
        """The data of a person whose number nobody compared, by a name or a birth date that many people may share."""
        if subject.kind is not SubjectKind.PERSON or number_word(subject) in {None, *self._compared}:
            return answer
        number = None if self._vouched is None else text(_value_of(self._vouched, values))
        return answer._replace(is_unsure=True, unvouched=number or "")

    def _repeats(self, same: list[bool | None], values: list[object], subject: Subject) -> bool:
        """Whether a record has the subject's number, name and whole birth date, where they were not sent."""
        word, checks = number_word(subject), zip(self._identity, same, strict=True)
        equal = {check.name for check, verdict in checks if verdict}
        born = [check for check in self._identity if check.name == "birth_date"]
        if False in compare(born, values, subject, is_strict=True):
            equal.discard("birth_date")
        sent = {name for name in self._sent if getattr(subject, name, None) is not None}
        return word in self._compared and {word, *SHARED} <= equal | sent

    def _unreadable(self, tree: object, subject: Subject) -> Iterator[AnswerFault]:
        """The unreadable attributes of `identity`; the record itself where it is none of them."""
        found = False
        for check in self._identity:
            try:
                compare([check], self._paths.read(tree), subject)
            except _UNREADABLE as error:
                found = True
                yield self._identity_fault(_code_of(error), check)
        if not found:
            yield AnswerFault(FaultCode.UNREADABLE, path=self._mapping.answer.record)

    def unlike(self, tree: object, subject: Subject) -> Iterator[tuple[str, str, object, object]]:
        """Where `identity` finds another one: its word, path, what the subject has, what was read.

        Of examples alone: these are values.
        """
        try:
            values = self._paths.read(tree if self._nested is None else self._nested(tree))
            for name, asked, found in unlike(self._identity, values, subject):
                yield name, self._mapping.answer.identity[name], asked, found
        except _UNREADABLE:
            return

    def _unlike(self, code: FaultCode, checks: Iterable[Check]) -> SourceAnswer:
        """The record is another person's, by these attributes."""
        return _OTHER_PERSON._replace(faults=tuple(self._identity_fault(code, check) for check in checks))

    def _identity_fault(self, code: FaultCode, check: Check) -> AnswerFault:
        answer = self._mapping.answer
        words = ("members",) if check.listed else transforms_of(answer, check.name)
        return AnswerFault(code, check.name, answer.identity[check.name], ",".join(words))

    def _unknown_form(
        self, tree: object = None, query: SourceQuery | None = None, apart: Collection[tuple[str, ...]] = ()
    ) -> SourceAnswer:
        """An answer of another form, with the place of what says more than its contract allows."""
        answer = self._mapping.answer
        more = "" if query is None else self._absence.more_at(tree, query, apart)
        return _INVALID._replace(
            faults=(AnswerFault(FaultCode.UNKNOWN_FORM, path=more or answer.record or answer.found_when),)
        )

    def _no_record(self, tree: object, values: list[object], query: SourceQuery) -> SourceAnswer | None:
        """Why no record can be compared with the subject: a negative status, no record, or several.

        A record with another number is an alarm, whatever else the answer says: it never means "not found".
        """
        outcome = _FOUND if self._status is None else self._absence.said(values[self._status])
        there = values[self._is_there]
        is_several = there is Record.SEVERAL
        if is_several and outcome is _FOUND:
            return self._of_several(tree, query)
        key = None if self._found is None else values[self._found]
        is_blank = there is None or (type(there) is str and not there.strip())
        if type(key) is str:
            is_absent = is_blank or not key or key.isspace()
        else:
            is_absent = is_blank or (self._found is not None and (key is ODD_SHAPE or is_hollow(key)))
        is_none = not is_several and (is_absent or outcome is not _FOUND)
        if is_none and (others := self._naming_another(values, query.subject)):
            return self._unlike(FaultCode.OTHER_PERSON, others)
        if outcome is not _FOUND:
            status = None if self._status is None else values[self._status]
            denied = self._denied(_plain(tree), query) if outcome is Outcome.NOT_FOUND else None
            return denied or self._absence.failed(outcome, status)
        is_odd = (there is not True and not self._is_text) or (self._is_key_read and type(key) is not dict)
        if is_absent or is_odd or type(there) is Doubtful:
            return self._unusable(there, tree, query, is_absent=is_absent)
        for name, slot in self._papers:
            if names_another_owner(values[slot], query.subject):
                return _OTHER_PERSON._replace(faults=(self._fault(FaultCode.OTHER_PERSON, name),))
        return None

    def _unusable(self, there: object, tree: object, query: SourceQuery, *, is_absent: bool) -> SourceAnswer:
        """A record that is blank, or of another form; or one of several, and no date says which of them is meant."""
        if type(there) is Doubtful:
            fault = AnswerFault(FaultCode.SEVERAL_RECORDS, path=self._mapping.answer.record)
            return _INVALID._replace(faults=(fault,))
        return self._nothing_in(tree, query) if is_absent else self._unknown_form()

    def _of_several(self, tree: object, query: SourceQuery) -> SourceAnswer:
        """Several records: of a name and a birth date they are several people, and none is chosen."""
        if query.subject.is_unnumbered:
            return _SEVERAL_PEOPLE
        return self._several(tree, query)

    def _several(self, tree: object, query: SourceQuery) -> SourceAnswer:
        """The possible ones of several records: a single one, where exactly one fits the request."""
        plain = _plain(tree)
        path = self._mapping.answer.record
        if not self.tells_apart:
            return _OTHER_PERSON._replace(faults=(AnswerFault(FaultCode.SEVERAL_RECORDS, path=path),))
        steps, records, found = steps_of(path), compile_path(path)(plain), []
        if not isinstance(records, list) or len(records) > _MOST_RECORDS:
            return self._unknown_form()
        untraced, outcomes = query._replace(trace=None), set()  # a trace keeps the whole tree
        for record in records:
            one = self.read(only(plain, steps, record), untraced)
            outcomes.add(one.outcome)
            if one.outcome is Outcome.FOUND:
                found.append((one, record))
            elif one.outcome not in _PASSED_OVER:
                return one
        if not found:
            return self._none_fits(outcomes)
        if len(found) == 1 and self._is_named(only(plain, steps, found[0][1]), query.subject):
            return found[0][0]
        return together([one for one, _ in found])

    def _none_fits(self, outcomes: set[Outcome]) -> SourceAnswer:
        return self._absence.answer if outcomes == {Outcome.NOT_FOUND} else FAILED[Outcome.NO_MATCH]

    def _is_named(self, tree: object, subject: Subject) -> bool:
        """Whether a record has the name, birth date or number of the request."""
        checks = [check for check in self._identity if check.name != "parent_personal_id"]
        return True in compare(checks, self._paths.read(tree), subject)

    def _naming_another(self, values: list[object], subject: Subject) -> list[Check]:
        """The numbers of the record that are others than the ones asked about."""
        numbers = [one._replace(may_be_blank=True) for one in self._identity[: self._own_words]]
        verdicts = compare(numbers, values, subject)
        return [one for one, same in zip(numbers, verdicts, strict=True) if same is False]

    def _about_another(self, same: list[bool | None], subject: Subject) -> SourceAnswer | None:
        """Why the record is not taken as the subject's: it is another person's, or its person is unknown.

        The asked number with another name or birth date: they do not belong together, so nothing found by the number
        counts. Where the record has no asked number, name and birth date together replace it, never one of them.
        """
        own, shared = same[: self._own_words], same[self._own_words :]
        if True in own and False not in same:
            return None
        if self._mapping.without_number != "no" and subject.is_unnumbered:
            return self._about_namesake(same, subject)
        if False in shared and True in own and False not in own:
            # another child of the same mother is no security event
            return FAILED[Outcome.NO_MATCH] if self.tells_apart else _NO_MATCH
        if False in same:
            others = [check for check, verdict in zip(self._identity, same, strict=True) if verdict is False]
            return self._unlike(FaultCode.OTHER_PERSON, others)
        is_named = any(getattr(subject, check.name, None) for check in self._identity)
        return self._nobody_named(same, subject) if is_named and shared.count(True) < len(SHARED) else None

    def _about_namesake(self, same: list[bool | None], subject: Subject) -> SourceAnswer | None:
        """Why the record is not taken as that of a person without a number: it must repeat all that was asked."""
        if False in same:
            return FAILED[Outcome.NO_MATCH]
        asked = [
            one for check, one in zip(self._identity, same, strict=True) if getattr(subject, check.name, None)
        ]
        if asked.count(True) == len(asked) >= len(SHARED):
            return None
        return self._nobody_named(same, subject)

    def _nobody_named(self, same: list[bool | None], subject: Subject) -> SourceAnswer:
        """The record does not say whose it is: by these attributes, which it leaves blank."""
        faults = [
            self._identity_fault(FaultCode.NOBODY_NAMED, check)
            for check, verdict in zip(self._identity, same, strict=True)
            if verdict is None and getattr(subject, check.name, None)
        ]
        return _INVALID._replace(faults=tuple(faults) or (AnswerFault(FaultCode.NOBODY_NAMED),))

    def _own_number(self, same: list[bool | None], values: list[object]) -> str | None:
        """The number by which other sources may confirm a record under another name."""
        unlike = [
            check.name
            for check, verdict in zip(self._identity, same, strict=True)
            if not verdict and check.name not in DETAILS
        ]
        if unlike != ["full_name"] or self._vouched is None:
            return None
        return text(_value_of(self._vouched, values))

    def _nothing_in(self, tree: object, query: SourceQuery) -> SourceAnswer:
        """The contract says that there is no data; an answer of another form says nothing about the person."""
        plain = _plain(tree)
        return (
            self._absence.answer if self._absence.is_meant(plain, query) else self._unknown_form(plain, query)
        )

    def _denied(self, tree: object, query: SourceQuery) -> SourceAnswer | None:
        """What an answer is whose status says that there is no data, and that has data too; None: it has none."""
        return self._more_than_nothing(tree, query, self._absence.beside_status(tree))

    def _more_than_nothing(
        self, tree: object, query: SourceQuery, apart: Collection[tuple[str, ...]]
    ) -> SourceAnswer | None:
        return self._unknown_form(tree, query, apart) if self._absence.says_more(tree, query, apart) else None

    def denies_absence(
        self, tree: object, query: SourceQuery, apart: Collection[tuple[str, ...]]
    ) -> SourceAnswer | None:
        """What an answer is whose fault says that there is no data, and that has data too; None: it has none.

        `apart`: the places of the code and of other words of the fault, as names from the answer's root.
        """
        try:
            lifted = tree if self._nested is None else self._nested(tree)
            if others := self._naming_another(self._paths.read(lifted), query.subject):
                return self._unlike(FaultCode.OTHER_PERSON, others)
        except _UNREADABLE:
            return _INVALID._replace(faults=tuple(self._unreadable(tree, query.subject)))
        return self._more_than_nothing(tree, query, apart)

    def raw(self, tree: object, attributes: tuple[str, ...]) -> Mapping[str, object]:
        """Attribute -> what an answer has at its place, before its transforms; blank ones are absent.

        `tree` as for `read`. Empty where the record is not one, or cannot be reached.
        """
        try:
            paths, rows, *_ = self._reading(attributes)
            values = paths.read(tree if self._nested is None else self._nested(tree))
        except _UNREADABLE:
            return {}
        found = {}
        for name, slot, _, _, others, _, _ in rows:
            at = next((values[one] for one in (slot, *others) if not blank(values[one])), None)
            if at is not None:
                found[name] = at
        return found

    def _evidence(  # noqa: C901, PLR0912 -- one loop over the attributes: a call for each would cost more than its lines
        self, rows: list[_Row], values: list[object], denials: list[_Denying], dates: list[_Dating], day: str
    ) -> SourceAnswer:
        found: dict[str, object] = {}
        doubts: dict[str, AttributeDoubt] = {}
        faults: list[AnswerFault] = []
        for row in rows:
            name, slot, step, value, others, known, is_kept = row
            try:
                if (raw := values[slot]) is not None:
                    if type(raw) is str and raw in known:
                        value = known[raw]
                    elif is_kept is not None and type(raw) is str and is_kept(raw):
                        value = raw
                    else:
                        value = step(raw) if type(raw) is not Doubtful else raw
                # an odd shape is a value that cannot be read, not a blank that another place replaces
                if (
                    value is None
                    and others
                    and (raw is None or (type(raw) in SHAPES) is (name in self._trees) or is_hollow(raw))
                ):
                    value = _value_of(row, values)
                elif value is ODD_SHAPE and others and self._may_be_text(name):
                    value = _value_of((name, others[0], step, row[3], others[1:], known, is_kept), values)
            except Strangers as error:
                error.attribute = name
                raise
            except _UNREADABLE as error:
                faults.append(self._fault(_code_of(error), name))
                continue
            if type(value) is Doubtful:
                if value is ODD_SHAPE:
                    faults.append(self._fault(FaultCode.OTHER_SHAPE, name))
                doubts[name] = value.doubt
                value = value.value
            if value is not None:
                if (
                    day
                    and name in self._past
                    and (value > day if type(value) is str else is_late(value, self._past[name], day))
                ):
                    faults.append(self._fault(FaultCode.LATER_THAN_TODAY, name))
                    continue
                found[name] = value
            elif name not in doubts:
                is_tree = name in self._trees
                for one in (slot, *others):
                    raw = values[one]
                    if raw is not None and (type(raw) in SHAPES) is not is_tree and not is_hollow(raw):
                        faults.append(self._fault(FaultCode.OTHER_SHAPE, name))
                        break
        for slot, denies, doubt, names in denials:
            if isinstance(parts := values[slot], list) and denies(*parts):
                doubts |= {
                    name: doubt._replace(candidates=(found[name],))
                    for name in names
                    if name in found and name not in doubts
                }
        updated = self._updated_at(values[self._updated], faults) if self._updated is not None else None
        if faults or not self._check.fits(found):
            answer = self._without_misfits(found, doubts, faults, updated)
        else:
            answer = SourceAnswer(_FOUND, found, doubts or NOTHING, source_updated_at=updated)
        for rule, row, begin in dates:
            # most are blank
            if (values[row[1]] is not None or row[4]) and rule.is_broken(
                _date_of(row, values), day if begin is None else _date_of(begin, values)
            ):
                answer = self._misdated(answer, rule)
        if self._key is not None and self._key[0] not in answer.values:
            return self._if_there(self._key, answer, values)
        return answer

    def _misdated(self, answer: SourceAnswer, rule: DateRule) -> SourceAnswer:
        """The answer, where a date breaks this rule: what it dates is in doubt."""
        answer = answer._replace(doubts={**rule.doubted(answer.values), **answer.doubts})
        if rule.earlier or rule.name not in self._past:
            return answer
        return answer._replace(faults=(*answer.faults, self._fault(FaultCode.LATER_THAN_TODAY, rule.name)))

    def _may_be_text(self, name: str) -> bool:
        """Whether an attribute is read in an object, or as the text that may stand in its place."""
        rule = self._mapping.answer.attributes[name]
        return any(rule.path.startswith(f"{one}.") for one in rule.else_)

    def _if_there(self, key: _Row, answer: SourceAnswer, values: list[object]) -> SourceAnswer:
        """The answer, where the value that says that there is a record is not asked for or cannot be read.

        A code outside its list is one that the provider uses: there is a record, and its blanks prove nothing. A value
        of another form says nothing.
        """
        name, slot, step, *_ = key
        code: FaultCode | None = FaultCode.UNREADABLE
        raw = values[slot]
        try:
            value = raw if type(raw) is Doubtful else step(raw)
            value = value.value if type(value) is Doubtful else value
            if value is not None:
                code = self._check.why_not(name, value)
            elif (type(raw) in SHAPES) is not (name in self._trees):
                code = FaultCode.OTHER_SHAPE
        except _UNREADABLE as error:
            code = _code_of(error)
        if code is None or answer.outcome is not Outcome.FOUND:
            return answer
        if self._mapping.answer.attributes[name].codes and type(raw) not in SHAPES:
            return answer._replace(is_blank=True)
        return _INVALID._replace(faults=(self._fault(code, name),))

    def _updated_at(self, value: object, faults: list[AnswerFault]) -> str | None:
        """The time of the provider's last change; one that cannot be read is left out, and the record stays."""
        try:
            for step in self._updated_steps:
                value = step(value)
        except _UNREADABLE:
            rule = self._mapping.answer.updated_at
            assert rule is not None
            fault = AnswerFault(FaultCode.UNREADABLE, UPDATED, rule.path, ",".join(rule.transform))
            faults.append(fault)
            return None
        return None if value is None else str(value)

    def _without_misfits(
        self,
        found: Mapping[str, object],
        doubts: Mapping[str, AttributeDoubt],
        faults: list[AnswerFault],
        updated: str | None,
    ) -> SourceAnswer:
        """The record without attributes that do not fit their schema; none where its person or verdict is unknown."""
        sure = [*faults, *(self._fault(code, name) for name, code in self._check.misfits(found))]
        if any(one.attribute in self._identifying and not self._is_late_row(one) for one in sure):
            return _INVALID._replace(faults=tuple(sure))
        misfits = {one.attribute: _MISFITS[one.code] for one in sure if one.attribute in self._attributes}
        kept = {name: value for name, value in found.items() if name not in misfits}
        late = {one.attribute for one in sure if one.code is FaultCode.LATER_THAN_TODAY}
        all_doubts = {**doubts, **misfits}
        for rule in self._dates:
            if rule.name in late and not rule.earlier:
                all_doubts = {**rule.doubted(kept), **all_doubts}
        return SourceAnswer(Outcome.FOUND, kept, all_doubts, source_updated_at=updated, faults=tuple(sure))

    def _is_late_row(self, fault: AnswerFault) -> bool:
        """Whether a row of a list has a date to come: whose list it is, is known."""
        return fault.code is FaultCode.LATER_THAN_TODAY and bool(self._past[fault.attribute])

    def _fault(self, code: FaultCode, name: str) -> AnswerFault:
        if (rule := self._mapping.answer.attributes.get(name)) is None:
            return AnswerFault(code, name)
        transform = ",".join((*filter(None, (rule.codes,)), *rule.transform))
        return AnswerFault(code, name, ",".join(paths_of(rule)) if rule.parts else rule.path, transform)

    def _reading(self, attributes: tuple[str, ...]) -> _Reading:
        """How these attributes are read; plans use few different sets of them."""
        if len(self._readings) >= _MAX_READINGS:
            self._readings.clear()
        paths = self._paths.copy()
        rows = [self._row(name, paths) for name in attributes if name in self._attributes]
        denials = [
            (paths.together(parts, self._record), denies, doubt, names)
            for parts, denies, doubt, names in self._denials
            if not names.isdisjoint(attributes)
        ]
        dates = [
            (rule, self._row(rule.name, paths), self._row(rule.earlier, paths) if rule.earlier else None)
            for rule in self._dates
            # an asked date that is never later than today is compared with today where its own row is read
            if (rule.earlier or rule.name not in attributes or rule.name not in self._past)
            and not frozenset(rule.doubts).isdisjoint(attributes)
        ]
        reading = self._readings[attributes] = (paths, rows, denials, dates)
        return reading

    def _row(self, name: str, paths: Paths) -> _Row:
        attribute = self._attributes[name]
        first, *others = attribute.slots(paths, self._record)
        return (
            name, first, attribute.step, attribute.default, tuple(others), attribute.known, attribute.is_kept
        )  # fmt: skip


def _orders_of(answer: AnswerRule, transforms: Mapping[str, Transform]) -> Orders:
    """How the dates of `[latest:key]` are read: as the first attribute at the path of the key reads them."""
    dated = [
        (path, tuple(transforms[word] for word in rule.transform))
        for rule in answer.attributes.values()
        for path in (rule.path, *rule.else_)
        if is_dated(rule) and all(word in transforms for word in rule.transform)
    ]
    return dict(reversed(dated))


def _from_root(answer: AnswerRule, orders: Orders) -> Orders:
    return {below(answer.record, path): one for path, one in orders.items()}


def _plain(tree: object) -> object:
    return tree.tree() if isinstance(tree, PositionedTexts) else tree


def _code_of(error: Exception) -> FaultCode:
    if isinstance(error, Misshapen):
        return FaultCode.OTHER_SHAPE
    return FaultCode.HIDDEN_SIGNS if isinstance(error, Hidden) else FaultCode.UNREADABLE


def _lifting(rule: AnswerRule) -> Callable[[object], object]:
    """Lifts a record that is one level lower, in the only member with the attribute that identifies a record."""
    word = rule.found_when.partition(".")[0]

    def lifted(tree: object) -> object:
        holder = tree.get(rule.record) if isinstance(tree, dict) else None
        if not isinstance(holder, dict) or not holder or word in holder:
            return tree
        inner = [one for one in holder.values() if isinstance(one, dict) and word in one]
        if len(inner) != 1:
            raise Unreadable("a record of another form")
        return {**tree, rule.record: inner[0]} if isinstance(tree, dict) else tree

    return lifted


def _value_of(row: _Row, values: list[object]) -> object:
    """The value of the first path that is not blank."""
    _, first, step, default, others, _, _ = row
    for slot in (first, *others):
        raw = values[slot]
        value = default if raw is None else raw if type(raw) is Doubtful else step(raw)
        if value is not None:
            return value
    return None


def _date_of(row: _Row, values: list[object]) -> str | None:
    """A date; None where it is blank, in doubt or cannot be read."""
    try:
        found = _value_of(row, values)
    except _UNREADABLE:
        return None
    return found if isinstance(found, str) else None


def _personal_id(row: _Row, values: list[object]) -> str:
    """The personal id of a record; empty where it has none that can be read."""
    try:
        found = _value_of(row, values)
    except _UNREADABLE:
        return ""
    return found if isinstance(found, str) and is_personal_id(found) else ""


def _sent(mapping: ServiceMapping) -> frozenset[str]:
    """The attributes of the subject that a provider looks for, whatever its profile.

    A number from which another value is derived is a search key, as is a birth date of which only the year is sent: the
    provider does not compare it with the record.
    """
    sent = [
        (rule, word.removeprefix("subject."))
        for rule in mapping.request.values()
        for word in (rule.from_ or "", *rule.else_)
    ]
    return frozenset(
        name
        for rule, name in sent
        if not (rule.profiles or "to_year" in rule.transform or (_is_number(name) and rule.transform))
    )


def _compared(answer: AnswerRule, sent: frozenset[str]) -> frozenset[str]:
    """Numbers that are sent or repeated, with the name and the birth date; none without these."""
    compared = sent.union(answer.identity)
    return frozenset(filter(_is_number, compared)) if compared.issuperset(SHARED) else frozenset()


def _is_number(name: str) -> bool:
    return name in _NUMBERS or name.startswith(IDENTIFIER)


def _wanted(mapping: ServiceMapping) -> tuple[str, ...]:
    answer = mapping.answer
    inside = [path for rule in answer.attributes.values() for path in paths_of(rule)]
    inside += [answer.found_when, *answer.identity.values()]
    inside += [path for one in answer.contradictions for path in one.parts]
    updated = answer.updated_at.path if answer.updated_at else ""
    prefix = f"{answer.record}." if answer.record else ""
    wanted = {(prefix + path).rstrip(".") for path in inside if path or prefix}
    return tuple(sorted(wanted | {path for path in (answer.status, updated) if path}))

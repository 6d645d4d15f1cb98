"""A source mapping, compiled: builds a provider's request and reads its answer into evidence.

Pure functions over plain values: adapters bring the bytes, nothing here knows a protocol.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from gateway.domain.evidence import (
    NOTHING,
    AttributeDoubt,
    Outcome,
    Reason,
    SourceAnswer,
    SourceQuery,
    failed,
)
from gateway.domain.parties import Subject
from gateway.mapping.codes import Codes
from gateway.mapping.model import ServiceMapping
from gateway.mapping.paper_owners import names_another_owner
from gateway.mapping.paths import compile_path, put
from gateway.mapping.records import SHARED, identity_checks, provider_transforms
from gateway.mapping.transforms import Doubtful, Strangers, Unreadable, text
from gateway.mapping.values import Attribute, Pick, Place, Step, blank

_REASONS = {
    Outcome.NOT_FOUND: Reason.NO_SUCH_PERSON,
    Outcome.NO_MATCH: Reason.DATA_DO_NOT_MATCH,
    Outcome.REFUSED: Reason.SOURCE_REFUSED,
    Outcome.UNAVAILABLE: Reason.SOURCE_BUSY,
    Outcome.INVALID: Reason.SOURCE_ANSWER_INVALID,
}
_INVALID = failed(Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)
_OTHER_PERSON = SourceAnswer(outcome=Outcome.INVALID, reason=Reason.SOURCE_ANSWER_OTHER_PERSON, alarm=True)

_NO_MATCH = SourceAnswer(outcome=Outcome.NO_MATCH, reason=Reason.DATA_DO_NOT_MATCH, alarm=True)
_NUMBERS = frozenset({"personal_id", "old_id", "passport"})
#: sets of attributes that a service remembers how to read
_MAX_READINGS = 512


class ServicePlan:
    """One data service, compiled from its mapping once at start."""

    __slots__ = (
        "_attributes", "_found", "_heads", "_identity", "_mapping", "_papers", "_places", "_readings", "_record",
        "_request", "_status", "_updated", "evidence", "mark", "name", "needs", "operation", "profiles",
        "source", "verifies", "vouched", "wanted_paths",
    )  # fmt: skip

    def __init__(
        self,
        source: str,
        operation: str,
        mapping: ServiceMapping,
        codes: Codes,
        profiles: tuple[str, ...] = (),
    ) -> None:
        """`profiles`: those of the source's requests. ValueError names what the mapping has wrong."""
        transforms = provider_transforms(codes)
        answer = mapping.answer
        self.name = f"{source}.{operation}"
        self.source = source
        self.operation = operation
        self.evidence = mapping.evidence
        self.mark = mapping.mark
        self.needs = mapping.needs
        self.profiles = profiles
        self._mapping = mapping
        self._request = [Place(place, rule, codes, transforms) for place, rule in mapping.request.items()]
        self._places: dict[str, list[tuple[str, tuple[str, ...], str | None, Pick]]] = {}
        self._record = compile_path(answer.record)
        self._found = compile_path(answer.found_when) if answer.found_when else None
        self._identity = identity_checks(answer, transforms)
        rules = answer.attributes.values()
        self._papers = [compile_path(rule.path) for rule in rules if "paper_list" in rule.transform]
        self._status = compile_path(answer.status) if answer.status else None
        self._updated = compile_path(answer.updated_at) if answer.updated_at else None
        self._attributes = {
            name: Attribute(rule, codes, transforms) for name, rule in answer.attributes.items()
        }
        #: number that the provider gives people -> references by which others name it too
        self.vouched = answer.vouched
        self._readings: dict[tuple[str, ...], _Reading] = {}
        self.wanted_paths = _wanted(mapping)
        #: whether an answer is only about somebody whose number, name and birth date belong together
        compared = _compared(mapping)
        self.verifies = compared.issuperset(SHARED) and not compared.isdisjoint(_NUMBERS)
        self._heads = frozenset(re.split(r"[.\[]", path, maxsplit=1)[0] for path in self.wanted_paths)

    @property
    def attributes(self) -> frozenset[str]:
        """Names of the attributes that this service can give."""
        return frozenset(self._attributes)

    @property
    def mapping(self) -> ServiceMapping:
        """The mapping as it was written."""
        return self._mapping

    def can_ask(self, subject: Subject) -> bool:
        """Whether the subject says enough for this service."""
        if subject.kind not in self._mapping.subjects:
            return False
        return any(all(getattr(subject, name, None) for name in needed) for needed in self.needs)

    def request(self, query: SourceQuery, parameters: Mapping[str, str], profile: str) -> dict[str, object]:
        """The request as a nested tree of text, in the order of the mapping; blank places are left out."""
        tree: dict[str, object] = {}
        written: list[str] = []
        for place, names, unless, value_of in self._places.get(profile) or self._places_of(profile):
            if unless and unless in written:
                continue
            value = value_of(query, parameters)
            if value is None:
                continue
            written.append(place)
            if len(names) == 1:
                tree[place] = value
            else:
                put(tree, names, value)
        return tree

    def _places_of(self, profile: str) -> list[tuple[str, tuple[str, ...], str | None, Pick]]:
        """What a request of this profile may hold; a source has one profile."""
        places = self._places[profile] = [
            (one.place, one.names, one.unless, one.value)
            for one in self._request
            if not one.profiles or profile in one.profiles
        ]
        return places

    def read(self, tree: object, query: SourceQuery) -> SourceAnswer:
        """What the answer says, in evidence words. Never raises; a wrong form is the outcome `invalid`."""
        try:
            return self._read(tree, query)
        except Strangers:
            return _OTHER_PERSON
        except (Unreadable, ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return _INVALID

    def _read(self, tree: object, query: SourceQuery) -> SourceAnswer:
        if self._status is not None:
            said = self._said(tree)
            if said is not Outcome.FOUND:
                return failed(said, _REASONS[said])
        record = self._record(tree)
        if isinstance(record, list) and self._mapping.answer.record:
            if len(record) > 1:
                return _OTHER_PERSON
            record = record[0] if record else None
        if record is None or (self._found is not None and blank(self._found(record))):
            return self._absent(tree)
        if any(names_another_owner(rows(record), query.subject) for rows in self._papers):
            return _OTHER_PERSON
        fits = {name: check(record, query.subject) for name, check in self._identity}
        refusal = _about_another(fits, query.subject) if fits else None
        if refusal is None:
            return self._evidence(record, tree, query)
        unlike = [name for name, same in fits.items() if not same]
        number = self._own_number(record) if unlike == ["full_name"] else None
        return self._evidence(record, tree, query)._replace(unvouched=number) if number else refusal

    def _own_number(self, record: object) -> str | None:
        """The number by which others may say that a record under another name is the person's."""
        return next((text(self._attributes[name](record)) for name in self.vouched), None)

    def _absent(self, tree: object) -> SourceAnswer:
        """Nothing is held; but an answer of another form says nothing about the person."""
        if isinstance(tree, dict) and tree and self._heads.isdisjoint(tree):
            return _INVALID
        absent = Outcome(self._mapping.answer.absent)
        return failed(absent, _REASONS[absent])

    def _said(self, tree: object) -> Outcome:
        statuses = self._mapping.answer.statuses
        status = self._status(tree) if self._status else None
        word = statuses.get("" if status is None else str(status)) or statuses.get("*", "invalid")
        return Outcome(word)

    def _evidence(self, record: object, tree: object, query: SourceQuery) -> SourceAnswer:
        values: dict[str, object] = {}
        doubts: dict[str, AttributeDoubt] = {}
        reading = self._readings.get(query.attributes) or self._reading(query.attributes)
        own = record.get if isinstance(record, dict) else _nothing
        found = [(name, step(value)) for name, key, step in reading.own if (value := own(key)) is not None]
        found += [(name, read_attribute(record)) for name, read_attribute in reading.inner]
        for name, value in found:
            if type(value) is Doubtful:
                doubts[name] = value.doubt
                if value.value is not None:
                    values[name] = value.value
            elif value is not None:
                values[name] = value
        updated = text(self._updated(tree)) if self._updated is not None else None
        return SourceAnswer(Outcome.FOUND, values, doubts or NOTHING, source_updated_at=updated)

    def _reading(self, attributes: tuple[str, ...]) -> "_Reading":
        """How these attributes are read; plans ask for few different sets of them."""
        if len(self._readings) >= _MAX_READINGS:
            self._readings.clear()
        wanted = [(name, self._attributes[name]) for name in attributes if name in self._attributes]
        reading = self._readings[attributes] = _Reading(
            own=[(name, one.key, one.step) for name, one in wanted if one.key],
            inner=[(name, one) for name, one in wanted if not one.key],
        )
        return reading


class _Reading(NamedTuple):
    """A set of attributes: those that are one step on an element of the record itself, and the others."""

    own: list[tuple[str, str, Step]]
    inner: list[tuple[str, Step]]


def _about_another(said: Mapping[str, bool | None], subject: Subject) -> SourceAnswer | None:
    """Why the record is not taken for the subject's: it is somebody else's, or nobody can tell whose.

    The number that was asked for under another name or birth date: they do not belong together, whoever erred,
    so nothing found by the number counts. Where the record bears no number that was asked for, name and birth date
    together stand for it, and never one of them.
    """
    shared = [said.get(name) for name in SHARED]
    own = [word for name, word in said.items() if name not in SHARED]
    if False in own:
        return _OTHER_PERSON
    if False in shared:
        return _NO_MATCH if True in own else _OTHER_PERSON
    if True in own or not any(getattr(subject, name) for name in said):
        return None
    return None if all(shared) else _INVALID


def _nothing(_key: str) -> object:
    return None


def _compared(mapping: ServiceMapping) -> set[str]:
    """What the provider is told about the subject, or says again."""
    told = {(rule.from_ or "").removeprefix("subject.") for rule in mapping.request.values()}
    return told.union(mapping.answer.identity)


def _wanted(mapping: ServiceMapping) -> tuple[str, ...]:
    answer = mapping.answer
    inside = [path for rule in answer.attributes.values() for path in (rule.path, *rule.else_)]
    inside += [answer.found_when, *answer.identity.values()]
    prefix = f"{answer.record}." if answer.record else ""
    wanted = {(prefix + path).rstrip(".") for path in inside if path or prefix}
    return tuple(sorted(wanted | {path for path in (answer.status, answer.updated_at) if path}))

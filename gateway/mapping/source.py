"""A source mapping, compiled: builds a provider's request and reads its answer into evidence.

Pure functions over plain values: adapters bring the bytes, nothing here knows a protocol.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.domain.errors import ConfigError, Problem
from gateway.domain.evidence import AttributeDoubt, Outcome, Reason, SourceAnswer, SourceQuery, failed
from gateway.domain.parties import Subject
from gateway.mapping.codes import Codes
from gateway.mapping.model import AttributeRule, RequestValue, ServiceMapping, SourceMapping
from gateway.mapping.paths import Getter, compile_path, put
from gateway.mapping.records import identity_checks, provider_transforms
from gateway.mapping.transforms import Doubtful, Transform, Unreadable, text
from gateway.strict_yaml import Document, read

_REASONS = {
    Outcome.NOT_FOUND: Reason.NO_SUCH_PERSON,
    Outcome.NO_MATCH: Reason.DATA_DO_NOT_MATCH,
    Outcome.REFUSED: Reason.SOURCE_REFUSED,
    Outcome.UNAVAILABLE: Reason.SOURCE_BUSY,
    Outcome.INVALID: Reason.SOURCE_ANSWER_INVALID,
}
_INVALID = failed(Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)
_OTHER_PERSON = SourceAnswer(outcome=Outcome.INVALID, reason=Reason.SOURCE_ANSWER_OTHER_PERSON, alarm=True)

Step = Callable[[object], object]
Pick = Callable[[SourceQuery, Mapping[str, str]], object]


class ServicePlan:
    """One data service, compiled from its mapping once at start."""

    __slots__ = ("_attributes", "_found", "_identity", "_mapping", "_record", "_request", "_status",
                 "_updated", "evidence", "mark", "name", "needs", "operation", "wanted_paths")  # fmt: skip

    def __init__(self, source: str, operation: str, mapping: ServiceMapping, codes: Codes) -> None:
        """ValueError names what the mapping has wrong."""
        transforms = provider_transforms(codes)
        answer = mapping.answer
        self.name = f"{source}.{operation}"
        self.operation = operation
        self.evidence = mapping.evidence
        self.mark = mapping.mark
        self.needs = mapping.needs
        self._mapping = mapping
        self._request = [_Place(place, rule, codes, transforms) for place, rule in mapping.request.items()]
        self._record = compile_path(answer.record)
        self._found = compile_path(answer.found_when) if answer.found_when else None
        self._identity = identity_checks(answer, transforms)
        self._status = compile_path(answer.status) if answer.status else None
        self._updated = compile_path(answer.updated_at) if answer.updated_at else None
        self._attributes = {
            name: _reader(rule, codes, transforms) for name, rule in answer.attributes.items()
        }
        self.wanted_paths = _wanted(mapping)

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
        written: set[str] = set()
        for place in self._request:
            if place.profiles and profile not in place.profiles:
                continue
            if place.unless and place.unless in written:
                continue
            value = place.value(query, parameters)
            if value is None:
                continue
            written.add(place.place)
            if len(place.names) == 1:
                tree[place.place] = value
            else:
                put(tree, place.names, value)
        return tree

    def read(self, tree: object, query: SourceQuery) -> SourceAnswer:
        """What the answer says, in evidence words. Never raises; a wrong form is the outcome `invalid`."""
        try:
            return self._read(tree, query)
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
        if record is None or (self._found is not None and _blank(self._found(record))):
            absent = Outcome(self._mapping.answer.absent)
            return failed(absent, _REASONS[absent])
        if not all(check(record, query.subject) for check in self._identity):
            return _OTHER_PERSON
        return self._evidence(record, tree, query)

    def _said(self, tree: object) -> Outcome:
        statuses = self._mapping.answer.statuses
        status = self._status(tree) if self._status else None
        word = statuses.get("" if status is None else str(status)) or statuses.get("*", "invalid")
        return Outcome(word)

    def _evidence(self, record: object, tree: object, query: SourceQuery) -> SourceAnswer:
        values: dict[str, object] = {}
        doubts: dict[str, AttributeDoubt] = {}
        attributes = self._attributes
        for name in query.attributes:
            reader = attributes.get(name)
            if reader is None:
                continue
            value = reader(record)
            if value is None:
                continue
            if type(value) is Doubtful:
                doubts[name] = value.doubt
                value = value.value
                if value is None:
                    continue
            values[name] = value
        updated = text(self._updated(tree)) if self._updated is not None else None
        return SourceAnswer(outcome=Outcome.FOUND, values=values, doubts=doubts, source_updated_at=updated)


def _blank(value: object) -> bool:
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())


class _Place:
    """One place of the request; `value(query, parameters)` is what stands there, None to leave it out."""

    __slots__ = ("names", "place", "profiles", "unless", "value")

    def __init__(self, place: str, rule: RequestValue, codes: Codes, named: Mapping[str, Transform]) -> None:
        if (rule.value is None) == (rule.from_ is None):
            raise ValueError(f"request place '{place}' needs either 'value' or 'from'")
        self.place = place
        self.names = tuple(place.split("."))
        self.profiles = rule.profiles
        self.unless = rule.unless
        self.value = _written(rule, _steps(rule.codes, rule.transform, codes, named))


def _written(rule: RequestValue, steps: list[Step]) -> Pick:
    if rule.value is not None:
        return lambda _query, _parameters: rule.value
    picks = [_picker(word) for word in (rule.from_, *rule.else_) if word]
    first, blank = picks[0], rule.blank

    def written(query: SourceQuery, parameters: Mapping[str, str]) -> object:
        value = first(query, parameters)
        if len(picks) > 1 and _blank(value):
            value = next((found for pick in picks[1:] if not _blank(found := pick(query, parameters))), None)
        for step in steps:
            if value is None:
                break
            value = step(value)
        if type(value) is Doubtful:
            value = value.value
        return blank if _blank(value) else value

    return written


def _picker(word: str) -> Pick:
    head, _, rest = word.partition(".")
    if head == "service":
        return lambda _query, parameters: parameters.get(rest)
    if head == "subject":
        return lambda query, _parameters: _plain(getattr(query.subject, rest, None))
    if head == "official":
        return lambda query, _parameters: getattr(query.official, rest, None) or None
    if head == "account":
        return lambda query, _parameters: query.account.get(rest)
    if word == "result_codes":
        return lambda query, _parameters: [{"MaKetQua": code, "SoKyHieu": ""} for code in query.result_codes]
    if word in ("call_id", "procedure", "purpose", "dossier"):
        return lambda query, _parameters: getattr(query, word)
    raise ValueError(f"'from: {word}' is not a value of a query")


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str) else str(value)


def _steps(
    codes_name: str | None, words: tuple[str, ...], codes: Codes, named: Mapping[str, Transform]
) -> list[Step]:
    steps: list[Step] = []
    for word in words:
        if word not in named:
            raise ValueError(f"transform '{word}' does not exist; there are {', '.join(sorted(named))}")
        steps.append(named[word])
    if codes_name is not None:
        if codes_name not in codes.lists:
            raise ValueError(f"code list '{codes_name}' does not exist in mappings/codes")
        steps.insert(0, _translate(codes.lists[codes_name]))
    return steps


def _translate(table: Mapping[str, str | None]) -> Step:
    def translate(value: object) -> object:
        code = text(value)
        if code is None:
            return None
        if code in table:
            return table[code]
        return Doubtful(None, AttributeDoubt(kind="code_unknown", rule="codes:unknown"))

    return translate


def _reader(rule: AttributeRule, codes: Codes, named: Mapping[str, Transform]) -> Step:
    picks: list[Getter] = [compile_path(path) for path in (rule.path, *rule.else_)]
    steps = _steps(rule.codes, rule.transform or (() if rule.codes else ("text",)), codes, named)
    if len(picks) == 1 and len(steps) == 1:
        return _single(picks[0], steps[0])

    def read_attribute(record: object) -> object:
        for pick in picks:
            value = pick(record)
            for step in steps:
                if type(value) is Doubtful:
                    break
                value = step(value)
            if value is not None:
                return value
        return None

    return read_attribute


def _single(pick: Getter, step: Step) -> Step:
    return lambda record: step(pick(record))


def _wanted(mapping: ServiceMapping) -> tuple[str, ...]:
    answer = mapping.answer
    inside = [path for rule in answer.attributes.values() for path in (rule.path, *rule.else_)]
    inside += [answer.found_when, *answer.identity.values()]
    prefix = f"{answer.record}." if answer.record else ""
    wanted = {(prefix + path).rstrip(".") for path in inside if path or prefix}
    return tuple(sorted(wanted | {path for path in (answer.status, answer.updated_at) if path}))


def load_sources(folder: Path, codes: Codes) -> dict[str, dict[str, ServicePlan]]:
    """All source mappings: source -> operation -> plan. ConfigError names every fault."""
    plans: dict[str, dict[str, ServicePlan]] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            document = read(path, folder.parent.parent)
            mapping = document.read_as(SourceMapping)
            plans[mapping.source] = _compile(mapping, document, codes, problems)
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return plans


def _compile(
    mapping: SourceMapping, document: Document, codes: Codes, problems: list[Problem]
) -> dict[str, ServicePlan]:
    plans: dict[str, ServicePlan] = {}
    for operation, service in mapping.services.items():
        try:
            plans[operation] = ServicePlan(mapping.source, operation, service, codes)
        except ValueError as error:
            remedy = "see mappings/README.md for the words of the mapping language"
            problems.append(document.problem(("services", operation), str(error), remedy))
    return plans

"""Runs the examples of data services: request and answer on the wire, and the resulting evidence."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from gateway.checks.as_written import at, differences, subject_fault, subject_of, text_of, word_fault
from gateway.config.strict_yaml import Loc
from gateway.domain.errors import GatewayError
from gateway.domain.evidence import NOTHING, Outcome, SourceAnswer, SourceQuery
from gateway.domain.fault_codes import FaultCode
from gateway.domain.faults import near
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official
from gateway.domain.source_trace import SourceTrace
from gateway.mapping.identifiers import IdentifierKinds
from gateway.mapping.model import ServiceExample
from gateway.mapping.source import ServicePlan
from gateway.ports.sources import AnswerReader, GivenAnswer, GivenAnswerRefused, Source

#: the official in examples; invented
OFFICIAL = Official(
    personal_id="033085000017", agency="000.00.14.H31", account="canbo.thu", full_name="Phạm Văn Mẫu"
)
#: parameters of a data service's settings, unless the example has its own
PARAMETERS = {"procedure_code": "G15-TP110", "integration_code": "037"}
#: the profile of an example that names none, where the source has it
PROFILE = "2025"


def query_of(plan: ServicePlan, example: ServiceExample) -> SourceQuery:
    """The query of an example, for all attributes of the service."""
    subject = subject_of(example.subject, plan.mapping.subjects)
    return SourceQuery(
        call_id=CallId("01JEXAMPLE0000000000000000-1"),
        service=plan.name,
        subject=subject,
        attributes=tuple(sorted(plan.attributes)),
        official=OFFICIAL,
        procedure="1.004873",
        purpose="example",
        dossier="H31.14-260105-0007",
        result_codes=("KQ.G15.900002",),
        account=example.subject.get("account", {}),
        citizen=subject if example.channel == "citizen_online" else None,
    )


def service_example_faults(
    plan: ServicePlan, kinds: IdentifierKinds = NOTHING, source: Source | None = None
) -> Iterator[tuple[Loc, str, str]]:
    """Failed expectations of the service's examples: place, what is wrong, remedy.

    `source` reads their answers as live ones. None: the mapping does, and no answer that only a source reads.
    """
    for index, example in enumerate(plan.mapping.examples):
        loc: Loc = ("services", plan.operation, "examples", index)
        for place, what, remedy in _faults(plan, example, kinds, source):
            yield (*loc, *place), f"example '{example.name}': {what}", remedy


def unshown_codes(
    options: Mapping[str, Any], plans: Iterable[ServicePlan], readers: Mapping[str, Source]
) -> list[str]:
    """Codes and statuses in the tables of a source (`options`) that no example of its services shows.

    Of examples that came out as they say. `*` needs none. Empty where nobody reads the examples.
    """
    shown, is_read = set(), False
    for plan in plans:
        source = readers.get(plan.name)
        if source is None or not isinstance(source, AnswerReader):
            continue
        is_read = True
        for example in plan.mapping.examples:
            answer = source.read_given(query_of(plan, example), _given(example))
            for fault in () if answer is None else answer.faults:
                is_status = fault.code is FaultCode.HTTP_STATUS
                shown.add(("http", str(fault.status)) if is_status else ("faults", fault.provider_code))
    tables = {word: table for word in ("http", "faults") if isinstance(table := options.get(word), Mapping)}
    named = [(word, str(code).strip()) for word, table in tables.items() for code in table]
    return [f"{word}.{code}" for word, code in named if is_read and code != "*" and (word, code) not in shown]


def _given(example: ServiceExample) -> GivenAnswer:
    return GivenAnswer(example.answer, example.status, example.problem, example.fault)


def _faults(
    plan: ServicePlan, example: ServiceExample, kinds: IdentifierKinds, source: Source | None
) -> Iterator[tuple[Loc, str, str]]:
    if (strange := word_fault(example.subject)) is not None:
        yield ("subject",), *strange
        return
    if why := subject_fault(example.subject, kinds):
        yield ("subject",), f"the subject is not as the API takes it: {why}", "write it as a request would"
        return
    if example.profile is not None and example.profile not in plan.profiles:
        what = f"request profile '{example.profile}' is not declared"
        yield (
            ("profile",),
            what,
            near(example.profile, plan.profiles, "name one of 'profiles', or leave it out"),
        )
        return
    try:
        query = query_of(plan, example)
        profile = example.profile or PROFILE
        request = plan.request(query, {**PARAMETERS, **example.parameters}, profile)
    except (GatewayError, TypeError, ValueError) as error:
        what = f"it cannot be run: {type(error).__name__}"
        yield ("subject",), what, "name the words of a subject as 'needs' does"
        return
    for place, expected in example.request.items():
        if (got := text_of(at(request, place))) != text_of(expected):
            yield ("request", place), _differs(f"request place '{place}'", expected, got), _MEND
    yield from _reading_faults(plan, example, query, source)


def _reading_faults(
    plan: ServicePlan, example: ServiceExample, query: SourceQuery, source: Source | None
) -> Iterator[tuple[Loc, str, str]]:
    answer, trace = None, SourceTrace()
    if source is not None and isinstance(source, AnswerReader):
        try:
            answer = source.read_given(query._replace(trace=trace), _given(example))
        except GivenAnswerRefused as refused:
            yield (refused.word,), refused.what, refused.remedy
            return
    elif not _given(example).is_plain:
        if source is not None:
            what = "'status', 'problem' and 'fault' are of answers over HTTP, and this source has none"
            yield ("answer",), what, "write 'answer' alone"
        return
    answer = answer or plan.read(example.answer, query)
    if not _given(example).is_plain:
        answer = _with_whole_place(answer, trace.more_at)
    unlike: list[str] = []
    if _given(example).is_plain and answer.outcome not in {example.outcome, Outcome.FOUND}:
        unlike = [
            _differs(f"'{word}' of 'identity', at '{path}'", asked, found)
            for word, path, asked, found in plan.unlike(example.answer, query.subject)
        ]
    yield from _answer_faults(answer, example, unlike)


_MEND = "mend the mapping, or the example"
_MEND_FAULT = (
    "mend 'options' of config/sources ('http', 'faults', 'fault_code', 'fault_texts'), or the example"
)
_FREE = (
    "a value at, below or beside '{path}' says more: where it is not about the person, name it in 'envelope'"
)
_FREE_FAULT = (
    "a value at '{path}' says more: where it is not about the person, name it in 'options.fault_texts'"
)


def _with_whole_place(answer: SourceAnswer, more_at: str) -> SourceAnswer:
    """The same with the place of what says more, as an example may show it; blank: nothing does."""
    faults = [
        one._replace(path=more_at) if more_at and one.code is FaultCode.UNKNOWN_FORM else one
        for one in answer.faults
    ]
    return answer._replace(faults=tuple(faults))


def _answer_faults(
    answer: SourceAnswer, example: ServiceExample, unlike: Sequence[str] = ()
) -> Iterator[tuple[Loc, str, str]]:
    """`unlike`: what `identity` says against the subject of the example."""
    if answer.outcome is not example.outcome:
        causes = [
            " at ".join(filter(None, (fault.code, fault.attribute or fault.path))) for fault in answer.faults
        ]
        more = [one.path for one in answer.faults if one.code is FaultCode.UNKNOWN_FORM and one.path]
        mend, free = (_MEND, _FREE) if _given(example).is_plain else (_MEND_FAULT, _FREE_FAULT)
        remedy = free.format(path=more[0]) if more else mend
        why = f" ({': '.join(filter(None, (answer.reason, ', '.join(causes))))})" if answer.reason else ""
        what = _differs("outcome", example.outcome, f"{answer.outcome}{why}")
        yield ("outcome",), "; ".join((what, *unlike)), remedy
        return
    yield from _why_faults(answer, example)
    for fault in answer.faults:
        if fault.attribute not in example.doubts and answer.outcome is Outcome.FOUND:
            what = f"attribute '{fault.attribute}' does not fit ({fault.code})"
            yield ("evidence", fault.attribute), what, "mend the mapping, or the schema in schemas/evidence"
    read = text_of(orjson.loads(orjson.dumps(dict(answer.values))))
    wanted = {name: text_of(value) for name, value in example.evidence.items() if value is not None}
    for name, expected, got in differences(wanted, read):
        yield ("evidence", name), _differs(f"attribute '{name}'", expected, got), _MEND
    if answer.unvouched != example.unvouched:
        yield (
            ("unvouched",),
            _differs("unvouched", example.unvouched or None, answer.unvouched or None),
            _MEND,
        )
    if example.updated_at is not None and answer.source_updated_at != example.updated_at:
        yield ("updated_at",), _differs("updated_at", example.updated_at, answer.source_updated_at), _MEND
    kinds = {name: doubt.kind for name, doubt in answer.doubts.items()}
    for name, expected, got in differences(example.doubts, kinds):
        yield ("doubts", name), _differs(f"doubt of '{name}'", expected, got), _MEND


def _why_faults(answer: SourceAnswer, example: ServiceExample) -> Iterator[tuple[Loc, str, str]]:
    """Another reason, or another code by which a fault is known, than the example says."""
    if example.reason not in {None, answer.reason}:
        yield ("reason",), _differs("reason", example.reason, answer.reason), _MEND_FAULT
    codes = [fault.provider_code for fault in answer.faults if fault.provider_code]
    if example.code is not None and example.code not in codes:
        yield ("code",), _differs("code", example.code, ", ".join(codes) or None), _MEND_FAULT


def _differs(what: str, expected: object, got: object) -> str:
    return f"{what}: expected {_shown(expected)}, got {_shown(got)}"


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)

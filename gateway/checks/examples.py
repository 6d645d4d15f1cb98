"""Runs the examples of procedure mappings: evidence in, form and papers out; and the counter-examples."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

from gateway.checks.as_written import at, differences, request_fault, subject_of, text_of
from gateway.config.strict_yaml import Loc
from gateway.domain.errors import GatewayError
from gateway.domain.evidence import NOTHING, Outcome, SourceAnswer, failed
from gateway.domain.parties import Subject
from gateway.domain.reasons import Reason
from gateway.mapping.answer import PROPOSED, FieldEntry, PaperEntry, ScopeEntry
from gateway.mapping.apply import Filled, FixedSituation, fill
from gateway.mapping.identifiers import IdentifierKinds
from gateway.mapping.model import ProcedureExample
from gateway.mapping.paper_rules import CounterExample
from gateway.mapping.plan import Plan, make_plan
from gateway.mapping.procedure import Procedure, role_of
from gateway.mapping.source import ServicePlan
from gateway.prefill.roles import Cast, cast

#: filing date of all examples
TODAY = date(2026, 11, 25)
_CUT = frozenset({"replaced", "reusable"})
#: the published scope of every attribute in examples
SCOPE: ScopeEntry = {
    "scope": "example",
    "document": "example",
    "published_on": "2026-01-15",
    "mark": "sandbox",
}
Offers = Mapping[str, tuple[ServicePlan, ...]]


def planned(procedure: Procedure, example: ProcedureExample, offers: Offers) -> tuple[Plan, Cast]:
    """The plan of an example, under agreements that grant everything. Raises GatewayError when its roles do not fit."""
    wanted: dict[str, Subject | str] = {}
    for role, given in example.subjects.items():
        kinds = procedure.roles[role_of(role)].kind
        wanted[role] = given["same_as"] if "same_as" in given else subject_of(given, kinds)
    roles = cast(procedure, wanted)
    plan = make_plan(
        procedure,
        offers,
        lambda _service, _attribute: True,
        roles.subjects,
        roles.slots,
        cuts_without_number=True,
    )
    return plan, roles


def answers_of(example: ProcedureExample, plan: Plan) -> list[SourceAnswer | None]:
    """The answers of the sources; a subject without evidence in the example is not found."""
    answers: list[SourceAnswer | None] = []
    for query in plan.queries:
        roles = [role for role in (*plan.slots, query.role) if plan.slots.get(role, role) == query.role]
        words = [f"{role}:{query.service.evidence}" for role in roles]
        given = next((example.evidence[word] for word in words if word in example.evidence), None)
        if query.service.evidence == "account":
            given = example.account or {}
        if isinstance(given, str):
            answers.append(failed(Outcome(given), Reason.SOURCE_TIMEOUT))
        elif given is None:
            answers.append(failed(Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON))
        else:
            values = {name: _typed(value) for name, value in given.items()}
            answers.append(query.service.given(values, query.attributes, TODAY.isoformat()))
    return answers


def situation_of(example: ProcedureExample, plan: Plan, roles: Cast) -> FixedSituation:
    """The situation of an example; every scope is published except those that it names."""
    hidden = {one.service.name for one in plan.queries if one.service.evidence in example.unpublished}
    return FixedSituation(
        example.known,
        roles.given,
        TODAY,
        lambda service, _: None if service in hidden else SCOPE,
        roles.subjects,
        dossier=example.dossier,
    )


def filled(procedure: Procedure, example: ProcedureExample, offers: Offers) -> Filled:
    """The form and the papers of an example."""
    plan, roles = planned(procedure, example, offers)
    return fill(plan, answers_of(example, plan), situation_of(example, plan, roles))


def example_faults(
    procedure: Procedure, offers: Offers, kinds: IdentifierKinds = NOTHING
) -> Iterator[tuple[Loc, str, str]]:
    """Failed expectations of the procedure's examples: place, what is wrong, remedy."""
    for index, example in enumerate(procedure.mapping.examples):
        for place, what in _example_faults(procedure, example, offers, kinds):
            yield (
                ("examples", index, *place),
                f"example '{example.name}': {what}",
                "mend the mapping, or the example",
            )


def _example_faults(
    procedure: Procedure, example: ProcedureExample, offers: Offers, kinds: IdentifierKinds
) -> Iterator[tuple[Loc, str]]:
    if why := request_fault(procedure, example, kinds):
        yield ("subjects",), f"its people are not as the API takes them: {why}"
        return
    yield from _misfits(example.evidence, offers)
    try:
        got = filled(procedure, example, offers)
    except (GatewayError, TypeError, ValueError) as error:
        yield ("subjects",), f"it cannot be run: {type(error).__name__}"
        return
    entries, papers = got.entries(), {one["code"]: one["state"] for one in got.papers}
    states = {key: entry["state"] for key, entry in entries.items()}
    form = {key: text_of(at(got.form, key)) for key in example.form}
    expected = {key: text_of(value) for key, value in example.form.items()}
    offered = {key: text_of(_proposed(entries.get(key))) for key in example.proposed}
    proposed = {key: text_of(values) for key, values in example.proposed.items()}
    for part, should_be, came in (
        ("form", expected, form), ("states", example.states, states), ("proposed", proposed, offered),
        ("papers", example.papers, papers),
    ):  # fmt: skip
        for key, wanted, found in differences(should_be, {key: came.get(key) for key in should_be}):
            yield (part, key), f"{part}.{key}: expected {wanted}, got {found}"


def _proposed(entry: FieldEntry | None) -> list[object] | None:
    doubt = None if entry is None else entry["doubt"]
    return [one["value"] for one in doubt["candidates"]] if doubt and doubt["kind"] == PROPOSED else None


def _misfits(evidence: Mapping[str, Any], offers: Offers) -> Iterator[tuple[Loc, str]]:
    """Evidence attributes that no source can answer."""
    for word, given in evidence.items():
        plans = offers.get(word.partition(":")[2], ())
        for name, value in given.items() if isinstance(given, Mapping) else ():
            if value is not None and (why := _misfit(name, _typed(value), plans)):
                yield ("evidence", word, name), f"evidence {word}.{name}: {why}"


def _misfit(name: str, value: object, plans: tuple[ServicePlan, ...]) -> str:
    plan = next((one for one in plans if name in one.attributes), None)
    if plan is None:
        return "no data service gives it"
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    why, why_number = plan.why_not(name, value), plan.why_not(name, number)
    return f"its evidence schema does not take the value ({why})" if why and why_number else ""


def changed(example: ProcedureExample, counter: CounterExample) -> ProcedureExample:
    """The example with the change of a counter-example."""
    evidence = dict(example.evidence)
    for word, value in counter.evidence.items():
        before = evidence.get(word)
        merged = (
            {**(before if isinstance(before, dict) else {}), **value} if isinstance(value, dict) else value
        )
        evidence[word] = _present(merged) if isinstance(merged, dict) else merged
    return example.model_copy(
        update={
            "evidence": evidence,
            "known": _present({**example.known, **counter.known}),
            "subjects": _present({**example.subjects, **counter.subjects}),
        }
    )


def counter_example_faults(procedure: Procedure, offers: Offers) -> Iterator[tuple[Loc, str, str]]:
    """Counter-examples that cut all the same, or whose example does not cut."""
    examples = {one.name: one for one in procedure.mapping.examples}

    @cache  # many counter-examples change the same example
    def papers_of(example: str) -> dict[str, PaperEntry]:
        return _papers(procedure, examples[example], offers)

    for code, paper in procedure.mapping.papers.items():
        for index, counter in enumerate(paper.counter_examples):
            at = ("papers", code, "counter_examples", index)
            try:
                before = papers_of(counter.example)[code]
                after = _papers(procedure, changed(examples[counter.example], counter), offers)[code]
            except (GatewayError, TypeError, ValueError) as error:
                what = f"counter-example '{counter.name}' cannot be run: {type(error).__name__}"
                yield at, what, "name the roles and evidence of the procedure as its examples do"
                continue
            yield from ((at, *fault) for fault in _faults(code, counter, before, after))
            for _, what in _misfits(counter.evidence, offers):
                yield at, f"counter-example '{counter.name}': {what}", "write what a source could answer"


def _faults(
    code: str, counter: CounterExample, before: PaperEntry, after: PaperEntry
) -> Iterator[tuple[str, str]]:
    if before["state"] not in _CUT:
        what = f"counter-example '{counter.name}': '{counter.example}' does not cut '{code}' itself"
        yield what, "name an example that cuts the paper"
    reason = after.get("reason")
    got = "" if reason is None else str(reason["code"])
    if after["state"] != "required":
        what = f"counter-example '{counter.name}': the paper '{code}' is {after['state']}, expected required"
        yield what, "mend the rule: 'same', 'in_force' and 'conclusion' must deny this case"
    elif counter.reason and got != counter.reason:
        what = f"counter-example '{counter.name}': the paper '{code}' is asked for by {got or 'no reason'}"
        yield what, f"expected {counter.reason}: mend the rule or the example"


def _papers(procedure: Procedure, example: ProcedureExample, offers: Offers) -> dict[str, PaperEntry]:
    """Code -> state of the paper."""
    return {one["code"]: one for one in filled(procedure, example, offers).papers}


def _present(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _typed(value: Any) -> Any:  # noqa: ANN401 -- plain YAML
    """Values of the examples in the type of the form: YAML has text only."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value

"""The rule of a cut, held against every shipped procedure: each of its words is needed, and nothing beside it cuts."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.checks.examples import SCOPE, answers_of, changed, filled, planned, situation_of
from gateway.mapping.apply import fill
from gateway.mapping.load import Catalogue, load_catalogue
from gateway.mapping.model import ProcedureExample
from gateway.mapping.paper_rules import ALWAYS, NO_OBJECT, SHOWN, PaperRule, Proof
from gateway.mapping.plan import Plan
from gateway.mapping.predicates import Published
from gateway.mapping.procedure import FORM, Procedure, stored

ROOT = Path(__file__).parents[2]
CUT = frozenset({"replaced", "reusable"})
_SECOND = re.compile(r"#\d+(?=:)")
#: references that are there together or not at all, as far as the rule goes
Group = frozenset[str]


@cache
def catalogue() -> Catalogue:
    return load_catalogue(ROOT)


def rules() -> Iterator[tuple[str, str]]:
    """Every paper that data may replace, in the file that has the rule."""
    for code, procedure in catalogue().procedures.items():
        for paper, rule in procedure.mapping.papers.items():
            if rule.replaced_by is not None:
                yield code, paper


RULES = list(rules())


def state(procedure: Procedure, example: ProcedureExample, paper: str) -> str:
    papers = filled(procedure, example, catalogue().offers).papers
    return next(one["state"] for one in papers if one["code"] == paper)


def cutting(procedure: Procedure, paper: str) -> list[ProcedureExample]:
    """The examples that cut the paper."""
    return [one for one in procedure.mapping.examples if state(procedure, one, paper) in CUT]


# ---- mutation of each word


def mutants(procedure: Procedure, proof: Proof) -> Iterator[tuple[str, Proof]]:
    """The rule with one word of one leaf left out, and what was left out.

    A predicate that other parts of an `all_of` say as well is left out of them too: one of them is enough.
    """
    for side in ("all_of", "any_of"):
        children: tuple[Proof, ...] = getattr(proof, side) or ()
        for index, child in enumerate(children):
            for what, mutant in mutants(procedure, child):
                name = what.rpartition(" ")[2]
                others = [stripped(one, name) if side == "all_of" else one for one in children]
                kept = (*others[:index], mutant, *others[index + 1 :])
                yield f"{side}.{index}.{what}", proof.model_copy(update={side: kept})
    for word in proof.bound:
        if not is_said_twice(procedure, proof, word):
            rest = {name: places for name, places in proof.bound.items() if name != word}
            yield f"same {word}", proof.model_copy(update={"same": rest or NO_OBJECT})
    for name in proof.guards:
        yield f"in_force {name}", proof.model_copy(update={"in_force": less(proof.in_force, name, ALWAYS)})
    for name in proof.concludes:
        yield (
            f"conclusion {name}",
            proof.model_copy(update={"conclusion": less(proof.conclusion, name, SHOWN)}),
        )


def less(words: tuple[str, ...], name: str, otherwise: str) -> tuple[str, ...]:
    return tuple(one for one in words if one != name) or (otherwise,)


def stripped(proof: Proof, name: str) -> Proof:
    """The rule without a predicate."""
    if proof.is_leaf:
        return proof.model_copy(
            update={
                "in_force": less(proof.in_force, name, ALWAYS),
                "conclusion": less(proof.conclusion, name, SHOWN),
            }
        )
    side = "all_of" if proof.all_of is not None else "any_of"
    children: tuple[Proof, ...] = getattr(proof, side)
    return proof.model_copy(update={side: tuple(stripped(one, name) for one in children)})


def is_said_twice(procedure: Procedure, leaf: Proof, word: str) -> bool:
    """Whether a predicate of the leaf compares the same two references as `same` does."""
    names = [*leaf.guards, *leaf.concludes]
    rules = [procedure.predicates[name] for name in names]
    rules += [procedure.predicates[other] for rule in rules for other in rule.others]
    return any({word, *leaf.bound[word]} == set(rule.equal or ()) for rule in rules)


def with_rule(procedure: Procedure, paper: str, proof: Proof) -> Procedure:
    rule: PaperRule = procedure.papers[paper].model_copy(update={"replaced_by": proof})
    return replace(procedure, papers={**procedure.papers, paper: rule})


@pytest.mark.parametrize(("code", "paper"), RULES)
def test_counter_example_catches_every_word_that_is_left_out_of_a_rule(code: str, paper: str) -> None:
    procedure = catalogue().procedures[code]
    rule = procedure.papers[paper]
    examples = {one.name: one for one in procedure.mapping.examples}
    cases = [changed(examples[one.example], one) for one in rule.counter_examples]
    assert rule.replaced_by is not None
    survivors = [
        what
        for what, mutant in mutants(procedure, rule.replaced_by)
        if not any(state(with_rule(procedure, paper, mutant), case, paper) in CUT for case in cases)
    ]
    assert survivors == [], "add a counter-example that only this word keeps from cutting"


# ---- what a rule rests on


def groups(procedure: Procedure, leaf: Proof) -> Iterator[Group]:
    """What must be there for the leaf to cut: of a group at least one."""
    named = (*(leaf.has or ()), *leaf.bound) if leaf.issued is None else (stored(leaf),)
    yield from (frozenset({word}) for word in named)
    for places in leaf.bound.values():
        if all(":" in place for place in places):
            yield frozenset(places)
    for name in (*leaf.guards, *leaf.concludes):
        yield from predicate_groups(procedure, name)


def predicate_groups(procedure: Procedure, name: str) -> Iterator[Group]:
    rule = procedure.predicates[name]
    if rule.said_by:
        yield frozenset(
            word for one in rule.said_by for group in predicate_groups(procedure, one) for word in group
        )
    elif rule.not_ is not None:
        yield from predicate_groups(procedure, rule.not_)
    else:
        words = (rule.attribute, *(rule.equal or ()), rule.younger_than, rule.until)
        yield from (frozenset({word}) for word in words if word)


def leaves(proof: Proof) -> Iterator[Proof]:
    for child in (*(proof.all_of or ()), *(proof.any_of or ())):
        yield from leaves(child)
    if proof.is_leaf:
        yield proof


def read_by(procedure: Procedure, rule: PaperRule) -> set[str]:
    """All references that a rule reads, those of form fields and of conditions too."""
    assert rule.replaced_by is not None
    found: set[str] = set()
    names = [rule.when] if rule.when else []
    for leaf in leaves(rule.replaced_by):
        found |= {word for group in groups(procedure, leaf) for word in group}
        places = [place for each in leaf.bound.values() for place in each]
        keys = {place.removeprefix(FORM) for place in places if place.startswith(FORM)}
        found |= {f"{ref.role}:{ref}" for one in procedure.fields if one.key in keys for ref in one.refs}
        found |= {place for place in places if ":" in place}
        names += [*leaf.guards, *leaf.concludes, *([leaf.when] if leaf.when else [])]
    for name in names:
        found |= reads(procedure, name)
    return found


def reads(procedure: Procedure, name: str) -> set[str]:
    rule = procedure.predicates[name]
    words = (rule.attribute, *rule.agree, *(rule.equal or ()), rule.younger_than, rule.until)
    return {word for word in words if word}.union(*(reads(procedure, one) for one in rule.others))


def player(example: ProcedureExample, role: str) -> str:
    """The role whose subject this one shares."""
    same = example.subjects.get(role, {}).get("same_as")
    return role if same is None else player(example, same)


def facts(example: ProcedureExample) -> set[str]:
    """Everything that the evidence of an example says, as references."""
    found = set()
    for place, said in example.evidence.items():
        role, _, kind = place.partition(":")
        roles = {
            other for other in (*example.subjects, role) if player(example, other) == player(example, role)
        }
        if isinstance(said, Mapping):
            found |= {f"{one}:{kind}.{name}" for one in roles for name in said}
    return found


def without(example: ProcedureExample, gone: Mapping[str, object] | set[str]) -> ProcedureExample:
    """The example whose evidence does not say these references of any role that shares the subject."""
    evidence: dict[str, Any] = {}
    for place, said in example.evidence.items():
        role, _, kind = place.partition(":")
        roles = {
            other for other in (*example.subjects, role) if player(example, other) == player(example, role)
        }
        evidence[place] = (
            {name: value for name, value in said.items() if gone_not(roles, kind, name, gone)}
            if isinstance(said, Mapping)
            else said
        )
    return example.model_copy(update={"evidence": evidence})


def gone_not(roles: set[str], kind: str, name: str, gone: Mapping[str, object] | set[str]) -> bool:
    return not any(f"{role}:{kind}.{name}" in gone for role in roles)


def satisfied(procedure: Procedure, proof: Proof, there: set[str]) -> bool:
    """Whether all that the rule needs is there at all; conditions are taken as they suit."""
    if proof.when is not None:
        return True
    if proof.all_of is not None:
        return all(satisfied(procedure, child, there) for child in proof.all_of)
    if proof.any_of is not None:
        return any(satisfied(procedure, child, there) for child in proof.any_of)
    return all(group & there for group in groups(procedure, proof))


@pytest.mark.parametrize(("code", "paper"), RULES)
def test_paper_is_asked_for_as_soon_as_one_fact_that_its_rule_needs_is_gone(code: str, paper: str) -> None:
    procedure = catalogue().procedures[code]
    rule = procedure.papers[paper].replaced_by
    assert rule is not None
    examples = cutting(procedure, paper)
    assert examples
    for example in examples:
        for group in {group for leaf in leaves(rule) for group in groups(procedure, leaf)}:
            narrow = without(example, set(group))
            if not satisfied(procedure, rule, facts(narrow)):
                assert state(procedure, narrow, paper) not in CUT, (example.name, group)


def attributes(plan: Plan, words: Iterable[str]) -> set[tuple[str, str]]:
    """Data service and attribute of references that are asked."""
    picks = (plan.picks[word] for word in words)
    return {(plan.queries[one.query].service.name, one.attribute) for one in picks if one.query is not None}


def published(plan: Plan, words: Iterable[str]) -> Published:
    """The scopes of these references and no others."""
    shown = attributes(plan, words)
    return lambda service, attribute: SCOPE if (service, attribute) in shown else None


def test_data_that_nobody_published_cut_no_paper() -> None:
    """Neither where nothing is published, nor where it is what each rule shows (`has`) without its conclusions."""
    offers, cases = catalogue().offers, Counter[str]()
    for code, paper in RULES:
        procedure = catalogue().procedures[code]
        for example in cutting(procedure, paper):
            plan, roles = planned(procedure, example, offers)
            rule = plan.papers[paper].replaced_by
            assert rule is not None
            ways = list(leaves(rule))
            has = {word for leaf in ways for word in leaf.has or ()}
            read = [{word for name in leaf.concludes for word in plan.reads[name]} for leaf in ways]
            concludes = all(attributes(plan, words) - attributes(plan, has) for words in read)
            shows = all(leaf.has for leaf in ways)
            situation = situation_of(example, plan, roles)
            for kind, words in [
                *([("nothing", set[str]())] if shows else []),
                *([("has", has)] if concludes else []),
            ]:
                narrow = replace(situation, published=published(plan, words))
                papers = fill(plan, answers_of(example, plan), narrow).papers
                entry = next(one for one in papers if one["code"] == paper)
                assert entry["state"] not in CUT, (code, paper, example.name, kind)
                cases[kind] += 1
    assert min(cases["nothing"], cases["has"]) > 3


@pytest.mark.parametrize(("code", "paper"), RULES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_nothing_beside_the_facts_of_its_rule_cuts_a_paper(
    code: str, paper: str, data: st.DataObject
) -> None:
    """Evidence is taken away at random, then widened again by all that the rule does not read."""
    procedure = catalogue().procedures[code]
    rule = procedure.papers[paper]
    assert rule.replaced_by is not None
    example = data.draw(st.sampled_from(cutting(procedure, paper)))
    there = sorted(facts(example))
    drawn = data.draw(st.lists(st.sampled_from(there), unique=True, max_size=len(there)))
    gone = facts(example) - facts(without(example, set(drawn)))
    narrow = without(example, gone)
    read = read_by(procedure, rule)
    # what a rule reads of a role it reads of the second subject too
    kept = {word for word in gone if _SECOND.sub("", word) in read}
    wide = without(example, kept)
    verdict = state(procedure, narrow, paper) in CUT
    assert not verdict or satisfied(procedure, rule.replaced_by, facts(narrow))
    assert not (state(procedure, wide, paper) in CUT and not verdict)


def moved(example: ProcedureExample, procedure: Procedure) -> ProcedureExample:
    """The example whose evidence has what a field only proposes (`propose_else`), and no more.

    The form says nothing.
    """
    evidence: dict[str, Any] = dict(example.evidence)
    fields = [one for one in procedure.fields if one.proposes_else]
    for first, second in ((one.refs[0], one.refs[1]) for one in fields):
        for place, said in evidence.items():
            if place.endswith(f":{first.evidence}") and isinstance(said, Mapping) and first.attribute in said:
                rest = {name: value for name, value in said.items() if name != first.attribute}
                evidence[place] = {**rest, second.attribute: said[first.attribute]}
    return example.model_copy(update={"evidence": evidence, "known": {}})


def test_no_paper_rests_on_a_value_that_the_form_only_proposes_for_its_own_person() -> None:
    asked = set()
    for code, procedure in catalogue().procedures.items():
        for example in procedure.mapping.examples:
            done = filled(procedure, moved(example, procedure), catalogue().offers)
            offered = {
                f"{candidate['evidence']}:{one.refs[1]}"
                for one in procedure.fields
                if one.proposes_else and (doubt := done.entries()[one.key]["doubt"]) is not None
                for candidate in doubt["candidates"]
            }
            for paper in done.papers:
                by = json.dumps(paper.get("by"))
                assert not [one for one in offered if one in by], (code, example.name, paper["code"])
                reason = paper.get("reason")
                if reason is not None and reason["code"] == "proposed":
                    asked.add(code)
    assert asked == {"1.001193", "2.000986"}

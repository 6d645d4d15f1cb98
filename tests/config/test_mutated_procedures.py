"""Each change of a procedure's mapping that cuts one more paper is noticed, by `check-config` or by the matrix of cuts.

A predicate on which a cut rests says yes where it said no (`in_force`, `conclusion`), or no where it said yes (`when`);
it hears one register less, or takes one year more: an example or a counter-example of the procedure notices each. A
rule that shows less (`has`) is another line of `tests/golden`. Words of a rule that are left out:
`tests/properties/test_cut_rules.py`. Fields that fill less cut no paper: examples notice those that they name, and
`tests/mapping/test_fields_by_title.py` a misspelt reference.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from gateway.checks.examples import counter_example_faults, example_faults
from gateway.mapping.load import load_catalogue
from gateway.mapping.paper_rules import PaperRule, Predicate, Proof
from gateway.mapping.procedure import Procedure

ROOT = Path(__file__).parents[2]
CATALOGUE = load_catalogue(ROOT)
GOLDEN = ROOT / "tests/golden"
OTHER = {"yes": "no", "no": "yes"}
#: changes that cut no paper more
HARMLESS = {
    "1.000894": frozenset(
        {
            # where the registers differ, the field that both fill is in dispute, and the paper is asked for
            "female_divorced: married is yes",
            "female_divorced: never_married is yes",
            "female_marital_status_is_3: married is yes",
            "female_marital_status_is_3: never_married is yes",
            "female_marriage_ended_by_all: without female_marital_status_is_3",
            "female_marriage_ended_by_all: without female_marriage_ended",
            "female_never_married: divorced_or_widowed is yes",
            "female_single_by_all: without female_single_in_register",
            "female_widowed: married is yes",
            "female_widowed: never_married is yes",
            "male_divorced: married is yes",
            "male_divorced: never_married is yes",
            "male_marriage_ended_by_all: without male_marital_status_is_3",
            "male_marriage_ended_by_all: without male_marriage_ended",
            "male_single_by_all: without male_never_married",
            "male_single_by_all: without male_single_in_register",
            "male_widowed: married is yes",
            "male_widowed: never_married is yes",
            # divorced, widowed or never married: each of them may marry
            "female_marriage_ended: never_married is yes",
            "female_single_in_register: divorced is yes",
            "female_single_in_register: widowed is yes",
            "male_marriage_ended: never_married is yes",
            "male_single_in_register: divorced is yes",
            "male_single_in_register: widowed is yes",
        }
    ),
    # as above
    "1.004873": frozenset(
        {
            "divorced: married is yes",
            "divorced: never_married is yes",
            "widowed: married is yes",
            "widowed: never_married is yes",
        }
    ),
    # the paper does not apply then
    "1.001193": frozenset({"married_in_register: never_married is yes"}),
}


def parts(paper: PaperRule) -> Iterator[Proof]:
    """The rule of a paper and all parts of it."""
    left = [paper.replaced_by] if paper.replaced_by else []
    while left:
        part = left.pop()
        left += (*(part.all_of or ()), *(part.any_of or ()))
        yield part


def asked(paper: PaperRule) -> Iterator[tuple[str, str]]:
    """The predicates that a paper names, each with the answer that asks for less."""
    if paper.when:
        yield paper.when, "no"
    for part in parts(paper):
        yield from ((name, "yes") for name in (*part.guards, *part.concludes))
        if part.when:
            yield part.when, "no"


def rests_on(procedure: Procedure) -> set[tuple[str, str]]:
    """The predicates of this file on which its papers rest, each with the answer that asks for less."""
    found: set[tuple[str, str]] = set()
    left = [one for paper in procedure.mapping.papers.values() for one in asked(paper)]
    while left:
        name, answer = left.pop()
        if (name, answer) not in found and name in procedure.mapping.predicates:
            found.add((name, answer))
            predicate = procedure.predicates[name]
            left += ((other, answer) for other in predicate.said_by)
            if predicate.not_ is not None:
                left.append((predicate.not_, OTHER[answer]))
    return found


def changed(predicate: Predicate, answer: str) -> Iterator[tuple[str, Predicate]]:
    """The predicate giving this answer once more."""
    other = OTHER[answer]
    for value in getattr(predicate, other):
        fewer = tuple(one for one in getattr(predicate, other) if one != value)
        more = (*getattr(predicate, answer), value)
        yield f"{value} is {answer}", predicate.model_copy(update={other: fewer, answer: more})
    for word in ("agree", "said_by"):
        named: tuple[str, ...] = getattr(predicate, word)
        for name in named if word == "agree" or len(named) > 1 else ():
            fewer = tuple(one for one in named if one != name)
            yield f"without {name}", predicate.model_copy(update={word: fewer})
    if predicate.younger_than:
        years = predicate.years + (1 if answer == "yes" else -1)
        yield f"years {years}", predicate.model_copy(update={"years": years})


def mutants(procedure: Procedure) -> Iterator[tuple[str, Procedure]]:
    for name, answer in sorted(rests_on(procedure)):
        for what, predicate in changed(procedure.predicates[name], answer):
            yield (
                f"{name}: {what}",
                replace(procedure, predicates={**procedure.predicates, name: predicate}),
            )


def is_noticed(procedure: Procedure) -> bool:
    offers = CATALOGUE.offers
    return any(chain(example_faults(procedure, offers), counter_example_faults(procedure, offers)))


@pytest.mark.parametrize("code", CATALOGUE.procedures)
def test_predicate_that_cuts_one_paper_more_is_noticed_by_an_example(code: str) -> None:
    survivors = {what for what, mutant in mutants(CATALOGUE.procedures[code]) if not is_noticed(mutant)}
    assert survivors == HARMLESS.get(code, frozenset())


def shown(paper: PaperRule) -> Iterator[str]:
    """The attributes that a rule shows."""
    for part in parts(paper):
        if part.has and len(part.has) > 1:  # of one word none can be left out
            yield from part.has


@pytest.mark.parametrize("code", CATALOGUE.procedures)
def test_attribute_that_a_rule_shows_stands_in_the_matrix_where_it_cuts(code: str) -> None:
    page = (GOLDEN / f"cuts-{code}.txt").read_text("utf-8")
    for name, paper in CATALOGUE.procedures[code].papers.items():
        [section] = re.findall(rf"^## {name}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
        cut = " ".join(re.findall(r"(?:REPLACED|REUSABLE) by [^|\n]*", section))
        missing = [word for word in shown(paper) if word.partition(":")[2] not in re.split(r"[,; ]+", cut)]
        assert missing == [], name

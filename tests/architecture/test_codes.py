"""Codes of problems, refusals and reasons are closed lists: whole, in two languages, and each one is used."""

import ast
import re
from collections.abc import Iterator
from itertools import chain

from gateway.api.problems import FAMILIES
from gateway.domain import errors
from gateway.domain.errors import GatewayError
from gateway.domain.problems import CommandCode, ProblemCode, TokenErrorCode
from gateway.domain.reasons import AuditReason, DeliveryReason, Reason, RefusalReason
from gateway.domain.sentences import titled
from tests.architecture.test_architecture import name_of, python_files, text_files, tree
from tests.architecture.test_sentences import faults

LISTS = (ProblemCode, RefusalReason, CommandCode, Reason, DeliveryReason, AuditReason)
NAMES = {one.__name__: one for one in LISTS}
#: a status and a code, as documents write them; what a provider sends is mapped to an outcome (`busy`)
PROBLEM = re.compile(r"\b[45]\d\d `(?!busy`)([a-z_]+)`")
FAMILY = {
    one.__name__: one
    for one in chain(vars(errors).values(), FAMILIES.values())
    if isinstance(one, type) and issubclass(one, GatewayError)
}
#: who makes an error of a family by a function
MADE = {"fault_at": "Unprocessable", "fault_in": "Unprocessable"}


def uses() -> Iterator[tuple[str, str, str]]:
    """Where a code of a list is named, outside the lists: place, list, member."""
    for path in python_files("gateway", "adapters"):
        if path.stem in ("problems", "reasons") and path.parent.name == "domain":
            continue
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in NAMES
            ):
                yield name_of(path), node.value.id, node.attr


def test_every_code_is_used_somewhere() -> None:
    used = {(name, member) for _, name, member in uses()}
    assert len(used) > 150
    unused = {(name, one.name) for name, codes in NAMES.items() for one in codes} - used
    assert unused == set()


def test_every_code_has_words_in_both_languages() -> None:
    wrong = {one: list(faults("", titled(one.vi, one.en))) for codes in LISTS for one in codes}
    assert {one: found for one, found in wrong.items() if found} == {}


def test_code_of_a_problem_and_of_a_refusal_are_never_the_same() -> None:
    assert {*map(str, ProblemCode)} & {*map(str, RefusalReason)} == set()


def test_documents_name_codes_that_there_are() -> None:
    known = {*map(str, chain(ProblemCode, RefusalReason, TokenErrorCode))}
    named = [
        (name_of(path), code)
        for path in text_files()
        if path.suffix == ".md" and path.name != "CHANGELOG.md"
        for code in PROBLEM.findall(path.read_text("utf-8"))
    ]
    assert len(named) > 30
    assert [(where, code) for where, code in named if code not in known] == []


def raised() -> Iterator[tuple[str, int, ProblemCode | RefusalReason]]:
    """Where an error is made with a code: place, status of its family, code."""
    for path in python_files("gateway", "adapters"):
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            family = FAMILY.get(MADE.get(node.func.id, node.func.id))
            if family is None:
                continue
            for code in [*(one.value for one in node.keywords if one.arg == "code"), *node.args[2:3]]:
                if isinstance(code, ast.Attribute) and ast.unparse(code.value) in (
                    "ProblemCode",
                    "RefusalReason",
                ):
                    found = NAMES[ast.unparse(code.value)][code.attr]
                    assert isinstance(found, ProblemCode | RefusalReason)
                    yield f"{name_of(path)}:{node.lineno}", family.code.http[0], found


def test_status_of_a_code_is_the_one_of_the_errors_that_carry_it() -> None:
    found = list(raised())
    assert len(found) > 80
    assert [(where, http, code) for where, http, code in found if http not in code.http] == []

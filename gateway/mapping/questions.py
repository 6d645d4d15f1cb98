"""Compiled questions about a person (`mappings/predicates`): a word like `age_at_least:18` becomes a predicate.

Several of them make a procedure without fields, which is planned, asked and confirmed like any other.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.config.strict_yaml import Document, Loc
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.evidence import Outcome
from gateway.domain.faults import Faults, near
from gateway.domain.parties import SubjectKind
from gateway.mapping.fits import Evidence, predicate_faults
from gateway.mapping.model import ProcedureMapping, Role
from gateway.mapping.paper_rules import ALWAYS, NO_OBJECT, SHOWN, PaperRule, Predicate, Proof
from gateway.mapping.predicates import Facts, Truth, predicate
from gateway.mapping.procedure import Procedure, refs_of_predicate
from gateway.mapping.question_model import PLACE, QuestionMapping
from gateway.mapping.source_faults import MappingFault
from gateway.mapping.strict import Title

#: the only role of a question
SUBJECT = "subject"
_FORMS = ("attribute", "equal", "younger_than")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_OPPOSITE = {Truth.YES: Truth.NO, Truth.NO: Truth.YES, Truth.UNKNOWN: Truth.UNKNOWN}
_PERSON = Role.model_validate({"kind": SubjectKind.PERSON, "signs_in": True})
#: no text for people
_UNWRITTEN = ProcedureMapping.model_construct(
    procedure="",
    name="predicates",
    title=Title(vi="", en=""),
    version="",
    purpose="",
    subjects={},
    examples=(),
)
#: the words of an answer
ANSWER_WORDS = {Truth.YES: "yes", Truth.NO: "no", Truth.UNKNOWN: "cannot_tell"}


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `choices` are the possible codes of its parameter, None where it is no code."""

    mapping: QuestionMapping
    choices: Mapping[str, str | None] | None

    @property
    def name(self) -> str:
        """The word before the colon."""
        return self.mapping.predicate

    @property
    def sample(self) -> str | None:
        """A valid parameter; None where it takes none."""
        wanted = self.mapping.parameter
        if wanted is None:
            return None
        return str(wanted.whole[0]) if wanted.whole is not None else next(iter(self.choices or ()), "")

    def takes(self, parameter: str | None) -> bool:
        """Whether the parameter is valid; None: there is none."""
        wanted = self.mapping.parameter
        if wanted is None or parameter is None:
            return wanted is None and parameter is None
        if self.choices is not None:
            return parameter in self.choices
        low, high = wanted.whole or (0, 0)
        return _WHOLE.fullmatch(parameter) is not None and low <= int(parameter) <= high

    def about(self, parameter: str | None) -> Predicate:
        """The predicate over evidence. Raises ValueError (pydantic's) for an invalid parameter."""
        return Predicate.model_validate(_filled(self.mapping.asks, parameter or ""))

    def truth(self, facts: Facts, word: str) -> Truth:
        """The answer to the question `word` of the plan."""
        found = predicate(facts, word)
        return _OPPOSITE[found] if self.mapping.opposite else found


def split(word: str) -> tuple[str, str | None]:
    """Name and parameter of `age_at_least:18`."""
    name, colon, parameter = word.partition(":")
    return name, parameter if colon else None


def asking(
    code: str, purpose: str, questions: Mapping[str, Predicate], titles: Mapping[str, Title]
) -> Procedure:
    """A procedure that asks only these; `code` is that of the procedure of the request, or blank.

    Each question becomes a paper, so that its evidence is asked.
    """
    papers = {word: PaperRule(title=titles[word], when=word) for word in questions}
    title = Title(vi="Xác nhận điều kiện", en="Predicates")
    return Procedure(
        code, "predicates", title, "", purpose, {SUBJECT: _PERSON}, SUBJECT, (),
        questions, papers, _UNWRITTEN, {},
    )  # fmt: skip


def representing(of: SubjectKind, purpose: str) -> Procedure:
    """A procedure of which only the right to act for its subject is asked."""
    title = Title(vi="Xác minh quyền đại diện", en="Proof of a representation")
    role = Role.model_validate({"kind": of, "signs_in": True})
    return Procedure(
        "", "representation", title, "", purpose, {SUBJECT: role}, SUBJECT, (), {}, {}, _UNWRITTEN, {}
    )


def stored_papers(purpose: str, codes: Collection[str]) -> Procedure:
    """A procedure that takes each paper of the store with one of these result codes, of the person who signs in."""
    rule = {
        "issued": sorted(codes),
        "about": SUBJECT,
        "same": NO_OBJECT,
        "in_force": [ALWAYS],
        "conclusion": [SHOWN],
    }
    title = Title(vi="Giấy tờ trong kho", en="Papers in the store")
    # nothing is cut by it, so that no counter-example has to show what must not be
    paper = PaperRule.model_construct(title=title, replaced_by=Proof.model_validate(rule))
    return replace(representing(SubjectKind.PERSON, purpose), title=title, papers={SUBJECT: paper})


def compiled(
    written: Mapping[str, tuple[QuestionMapping, Document]],
    lists: Mapping[str, Mapping[str, str | None]],
    evidence: Evidence,
    faults: Faults,
) -> dict[str, Question]:
    """Name -> question, of those without a fault; faults go to `faults`."""
    found = {}
    for name, (mapping, document) in written.items():
        wanted = mapping.parameter.codes if mapping.parameter is not None else None
        question = Question(mapping, lists.get(wanted or "", {}) if wanted is not None else None)
        found_faults = list(_faults(question, lists, evidence, document))
        faults.add(found_faults)
        if found_faults:
            faults.unread.add(document.name)
        else:
            found[name] = question
    return found


def _faults(
    question: Question, lists: Mapping[str, object], evidence: Evidence, document: Document
) -> Iterator[Problem]:
    mapping = question.mapping
    wanted = mapping.parameter
    if wanted is not None and wanted.codes is not None and wanted.codes not in lists:
        what, file = f"code list '{wanted.codes}' does not exist", f"mappings/codes/{wanted.codes}.yaml"
        yield document.problem(("parameter", "codes"), what, near(wanted.codes, lists, f"add {file}"), file)
        return
    if (PLACE in str(mapping.asks)) != (wanted is not None):
        what = f"'{PLACE}' and 'parameter' stand together or not at all"
        yield document.problem(("asks",), what, f"write both, or neither: '{PLACE}' is what is put in")
        return
    sample = question.sample or ""
    try:
        rule = _part(document, _filled(mapping.asks, sample)).read_as(Predicate)
    except ConfigError as error:
        yield from error.problems
        return
    for at, what, *more in (*_asked(rule, evidence), *_examples(question, evidence)):
        yield document.problem(at, what, *more)


def _part(document: Document, data: object) -> Document:
    """The content of `asks`, as a document that reports its own lines."""
    lines = {loc[1:]: line for loc, line in document.lines.items() if loc[:1] == ("asks",)}
    return Document(document.path, document.name, data, lines)


def _asked(rule: Predicate, evidence: Evidence) -> Iterator[MappingFault]:
    """Unknown references, and words that the evidence never has."""
    if not any(getattr(rule, form) for form in _FORMS):
        yield ("asks",), "it asks for no evidence", f"write one of {', '.join(_FORMS)}"
    wrong = [fault for word in refs_of_predicate(rule) if (fault := _reference_fault(word, evidence))]
    yield from ((("asks",), *fault) for fault in wrong)
    if wrong:
        return
    if rule.part is not None:
        for word in refs_of_predicate(rule):
            kind, _, attribute = word.partition(".")
            yield from _parts(word, rule.part, evidence[kind][attribute])
        return
    for (*_, at), what, remedy in predicate_faults({"asks": rule}, evidence):
        yield ("asks", at), what, remedy


def _reference_fault(word: str, evidence: Evidence) -> tuple[str, str, *tuple[str, ...]] | None:
    """What is wrong with a reference, the remedy, and the searched file."""
    kind, _, attribute = word.partition(".")
    file = f"schemas/evidence/{kind}.schema.json"
    if ":" in word:
        return f"'{word}' names a role, and a question has one subject", "leave the role out"
    if kind not in evidence:
        return f"'{word}' names no evidence type", near(kind, evidence, f"add {file}"), file
    if attribute not in evidence[kind]:
        remedy = near(attribute, evidence[kind], f"declare it in {file}")
        return f"'{word}' names no attribute of {file}", remedy, file
    return None


def _parts(word: str, part: str, schema: object) -> Iterator[tuple[Loc, str, str]]:
    known = schema.get("properties") if isinstance(schema, Mapping) else None
    names: Sequence[str] = list(known) if isinstance(known, Mapping) else []
    if part not in names:
        yield ("asks", "part"), f"'{word}' has no member '{part}'", near(part, names, "leave 'part' out")


def _examples(question: Question, evidence: Evidence) -> Iterator[MappingFault]:
    outcomes = {str(one) for one in Outcome}
    for index, example in enumerate(question.mapping.examples):
        if not question.takes(example.parameter):
            what = f"example '{example.name}': the predicate does not take this parameter"
            yield ("examples", index), what, "write one that 'parameter' allows"
        for kind, given in example.evidence.items():
            at = ("examples", index, "evidence", kind)
            if kind not in evidence:
                file = f"schemas/evidence/{kind}.schema.json"
                yield at, f"there is no evidence type '{kind}'", near(kind, evidence, f"add {file}"), file
            elif isinstance(given, str) and given not in outcomes:
                yield (
                    at,
                    f"'{given}' is no outcome",
                    near(given, outcomes, f"use one of {', '.join(sorted(outcomes))}"),
                )
            for name in given if isinstance(given, dict) and kind in evidence else ():
                if name not in evidence[kind]:
                    yield at, f"'{kind}' has no attribute '{name}'", near(name, evidence[kind], "take it out")


def _filled(value: Any, parameter: str) -> Any:  # noqa: ANN401 -- plain YAML
    """`asks` with the parameter in its places."""
    if isinstance(value, str):
        return value.replace(PLACE, parameter)
    if isinstance(value, dict):
        return {name: _filled(inner, parameter) for name, inner in value.items()}
    return [_filled(inner, parameter) for inner in value] if isinstance(value, list) else value

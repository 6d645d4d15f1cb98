"""Who may act for somebody else, and what proves it: `mappings/representations/<kind>.yaml`.

A proof is a query of its own. It yields yes, no or unknown; what is unknown opens nothing.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal

from pydantic import Field

from gateway.domain.dates import PartialDate
from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.faults import near
from gateway.domain.parties import Subject, SubjectKind
from gateway.mapping.fits import Evidence
from gateway.mapping.predicates import Truth
from gateway.mapping.source_faults import Said
from gateway.mapping.strict import Mark, Strict, Title, Words
from gateway.mapping.transforms import Unreadable, same_words

#: who acts, and for whom: the two roles of a proof
REPRESENTATIVE, REPRESENTED = "representative", "represented"
#: what confirms that number, name and birth date are one person's
IDENTITY = "person"
PAPERS = "issued_paper"
_WORDS = {"true": True, "false": False}
_ABSENT = (Outcome.NOT_FOUND, Outcome.NO_MATCH)

#: `<role>:<evidence>` -> its answer; None: there is none in time
Answers = Mapping[str, SourceAnswer | None]


class RepresentationProof(Strict):
    """One proof: exactly one of `names`, `says` and `issued`."""

    #: evidence about who is represented
    evidence: str
    #: attributes (a value or a list), any of which names who acts
    names: Words = ()
    #: how they name him
    by: Literal["personal_id", "full_name"] = "personal_id"
    #: attribute that says whether it is so
    says: str = ""
    #: result codes of a paper that both have in the store, under the code that the request gives as `mandate`
    issued: Words = ()

    @property
    def attributes(self) -> tuple[str, ...]:
        """What it reads of the evidence."""
        return self.names or ((self.says,) if self.says else ("papers",))


class RepresentationExample(Strict):
    """An example that runs as a test: evidence in, what it proves out."""

    name: str
    today: str = "2026-11-25"
    mandate: str = ""
    #: number and name of who acts
    representative: dict[str, str]
    #: `<role>:<evidence>` -> attributes, or the name of an outcome
    evidence: dict[str, Any] = {}
    proven: Literal["yes", "no", "unknown"]


class RepresentationMapping(Strict):
    """`mappings/representations/<kind>.yaml`."""

    representation: str
    title: Title
    mark: Mark = "memory"
    #: why he may act
    legal_basis: str
    #: who is represented
    of: Literal[SubjectKind.PERSON, SubjectKind.ORGANISATION]
    #: only somebody who has not completed so many years is represented so
    younger_than: int | None = Field(None, gt=0, le=150)
    #: the request names the document that lets him act
    mandate: Literal["required", "not_needed"] = "not_needed"
    #: the first that can be decided decides
    proofs: tuple[RepresentationProof, ...] = Field(min_length=1)
    examples: tuple[RepresentationExample, ...] = Field(min_length=1)

    def wants(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Role -> evidence -> attributes. Who acts is asked about first, and the other only when that is he."""
        found: dict[str, dict[str, tuple[str, ...]]] = {
            REPRESENTATIVE: {IDENTITY: ("personal_id", "full_name")}, REPRESENTED: {},
        }  # fmt: skip
        asked = found[REPRESENTED]
        if self.of is SubjectKind.PERSON:
            asked[IDENTITY] = ("personal_id", "birth_date") if self.younger_than else ("personal_id",)
        for proof in self.proofs:
            if proof.issued:
                found[REPRESENTATIVE][PAPERS] = ("papers",)
            asked[proof.evidence] = tuple(dict.fromkeys((*asked.get(proof.evidence, ()), *proof.attributes)))
        return found

    def result_codes(self) -> tuple[str, ...]:
        """Of the papers that are looked for."""
        return tuple(code for proof in self.proofs for code in proof.issued)


def identified(answers: Answers, role: str) -> Truth:
    """Whether number, name and birth date of the role are one person's."""
    answer = answers.get(f"{role}:{IDENTITY}")
    if answer is None:
        return Truth.UNKNOWN
    if answer.outcome is Outcome.FOUND:
        return Truth.YES
    return Truth.NO if answer.outcome in _ABSENT else Truth.UNKNOWN


def held(rule: RepresentationMapping, answers: Answers, mandate: str, today: date) -> Truth:
    """Whether who acts may have a paper that lets him, as far as his own store says; yes where none is needed."""
    issued = [proof for proof in rule.proofs if proof.issued]
    if len(issued) < len(rule.proofs):
        return Truth.YES
    return _either(
        _holds(answers.get(f"{REPRESENTATIVE}:{PAPERS}"), proof, mandate, today) for proof in issued
    )


def proven(
    rule: RepresentationMapping, answers: Answers, acting: Subject, mandate: str, today: date
) -> tuple[Truth, str]:
    """Whether `acting` represents, and the evidence that decided it; blank while nothing did."""
    known = [identified(answers, REPRESENTATIVE), held(rule, answers, mandate, today)]
    if rule.of is SubjectKind.PERSON:
        known.append(identified(answers, REPRESENTED))
    if rule.younger_than is not None:
        known.append(_younger(answers.get(f"{REPRESENTED}:{IDENTITY}"), rule.younger_than, today))
    if (who := _all(known)) is not Truth.YES:
        return who, ""
    for proof in rule.proofs:
        truth = _proves(proof, answers, acting, mandate, today)
        if truth is not Truth.UNKNOWN:
            return truth, proof.evidence
    return Truth.UNKNOWN, ""


def _proves(
    proof: RepresentationProof, answers: Answers, acting: Subject, mandate: str, today: date
) -> Truth:
    answer = answers.get(f"{REPRESENTED}:{proof.evidence}")
    if proof.issued:
        his = answers.get(f"{REPRESENTATIVE}:{PAPERS}")
        return _all([_holds(one, proof, mandate, today) for one in (his, answer)])
    if answer is None or answer.outcome is not Outcome.FOUND:
        return Truth.UNKNOWN
    if proof.says:
        said = answer.values.get(proof.says)
        return Truth.UNKNOWN if type(said) is not bool else Truth.YES if said else Truth.NO
    wanted = acting.personal_id if proof.by == "personal_id" else acting.full_name
    return _either(_names(answer, name, wanted) for name in proof.names)


def _names(answer: SourceAnswer, name: str, wanted: str | None) -> Truth:
    value = answer.values.get(name)
    if value is None or wanted is None or name in answer.doubts:
        return Truth.UNKNOWN
    try:
        folded = same_words(wanted)
        said = [same_words(str(one)) for one in (value if isinstance(value, list) else [value])]
    except Unreadable:
        return Truth.UNKNOWN
    return Truth.YES if folded in said else Truth.NO


def _holds(answer: SourceAnswer | None, proof: RepresentationProof, mandate: str, today: date) -> Truth:
    """Whether a store has the paper, valid today; one whose last day cannot be read proves nothing."""
    if answer is None or answer.outcome not in (Outcome.FOUND, *_ABSENT):
        return Truth.UNKNOWN
    papers = answer.values.get("papers")
    fitting = [
        one for one in (papers if isinstance(papers, list) else ())
        if one.get("result_code") in proof.issued and one.get("reference") == mandate
    ]  # fmt: skip
    return _either(_valid(one.get("valid_until"), today) for one in fitting) if fitting else Truth.NO


def is_over(rule: RepresentationMapping, answers: Answers, mandate: str, today: date) -> bool:
    """Whether the document is in the store of who acts, and its last day is past."""
    answer = answers.get(f"{REPRESENTATIVE}:{PAPERS}")
    papers = answer.values.get("papers") if answer is not None else None
    codes = rule.result_codes()
    return any(
        _valid(one.get("valid_until"), today) is Truth.NO
        for one in (papers if isinstance(papers, list) else ())
        if one.get("result_code") in codes and one.get("reference") == mandate
    )


def _valid(until: object, today: date) -> Truth:
    if until is None:
        return Truth.YES
    try:
        last = PartialDate.parse(str(until))
    except ValueError:
        return Truth.UNKNOWN
    if last.day is None:
        return Truth.UNKNOWN if last.year >= today.year else Truth.NO
    return Truth.YES if str(last) >= today.isoformat() else Truth.NO


def _younger(answer: SourceAnswer | None, years: int, today: date) -> Truth:
    born = answer.values.get("birth_date") if answer is not None else None
    if answer is None or born is None or "birth_date" in answer.doubts:
        return Truth.UNKNOWN
    lowest, highest = PartialDate.parse(str(born)).age_on(today)
    if highest < years:
        return Truth.YES
    return Truth.NO if lowest >= years else Truth.UNKNOWN


def _all(truths: list[Truth]) -> Truth:
    if Truth.NO in truths:
        return Truth.NO
    return Truth.UNKNOWN if Truth.UNKNOWN in truths else Truth.YES


def _either(truths: Iterator[Truth]) -> Truth:
    found = list(truths)
    if Truth.YES in found:
        return Truth.YES
    return Truth.UNKNOWN if Truth.UNKNOWN in found else Truth.NO


def representation_faults(rule: RepresentationMapping, evidence: Evidence) -> Iterator[Said]:
    """References that lead nowhere, proofs that say nothing, and examples that come out otherwise."""
    for index, proof in enumerate(rule.proofs):
        for what, remedy in _proof_faults(proof, evidence):
            yield ("proofs", index), what, remedy, f"schemas/evidence/{proof.evidence}.schema.json"
        if proof.issued and rule.mandate != "required":
            yield ("proofs", index), "a paper in the store is found by its code", "write 'mandate: required'"
    for index, example in enumerate(rule.examples):
        found, _ = proven(
            rule, {name: _given(one) for name, one in example.evidence.items()}, _acting(example.representative),
            example.mandate, date.fromisoformat(example.today),
        )  # fmt: skip
        if found.value != example.proven:
            what = f"example '{example.name}': it comes out as {found.value}, not {example.proven}"
            yield ("examples", index), what, "correct the proofs, or the example"


def _proof_faults(proof: RepresentationProof, evidence: Evidence) -> Iterator[tuple[str, str]]:
    file = f"schemas/evidence/{proof.evidence}.schema.json"
    if sum(map(bool, (proof.names, proof.says, proof.issued))) != 1:
        yield "a proof says one thing", "write one of 'names', 'says', 'issued'"
    if proof.evidence not in evidence:
        what = f"there is no evidence type '{proof.evidence}': {file} does not exist"
        yield what, near(proof.evidence, evidence, f"add {file}")
        return
    for name in proof.attributes:
        if name not in evidence[proof.evidence]:
            what = f"'{proof.evidence}' has no attribute '{name}'"
            yield what, near(name, evidence[proof.evidence], f"declare it in {file}")


def _given(written: object) -> SourceAnswer:
    if isinstance(written, str):
        return SourceAnswer(outcome=Outcome(written))
    values = written if isinstance(written, dict) else {}
    return SourceAnswer(
        outcome=Outcome.FOUND,
        values={name: _WORDS.get(one, one) if isinstance(one, str) else one for name, one in values.items()},
    )


def _acting(words: Mapping[str, str]) -> Subject:
    return Subject(
        kind=SubjectKind.PERSON, personal_id=words.get("personal_id"), full_name=words.get("full_name")
    )

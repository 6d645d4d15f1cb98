"""Representations and their proofs: `mappings/representations/<kind>.yaml`.

A proof is a separate query. It gives yes, no or unknown; unknown allows nothing.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

from pydantic import Field

from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.faults import near
from gateway.domain.identifiers import tax_code_spelling
from gateway.domain.parties import Subject, SubjectKind
from gateway.mapping.fits import Evidence
from gateway.mapping.predicates import Truth, is_younger, lasts
from gateway.mapping.source_faults import MappingFault
from gateway.mapping.strict import Mark, Strict, Title, WordList
from gateway.mapping.transforms import Unreadable, same_words

#: the two roles of a proof
REPRESENTATIVE, REPRESENTED = "representative", "represented"
#: evidence that confirms that number, name and birth date belong to one person
IDENTITY = "person"
LIFE_STATUS = "life_status"
#: reference to the representative's life status, where the identity evidence does not have it
LIFE = f"{REPRESENTATIVE}:{IDENTITY}.{LIFE_STATUS}"
PAPERS = "issued_paper"
_WORDS = {"true": True, "false": False}
_ABSENT = (Outcome.NOT_FOUND, Outcome.NO_MATCH)

#: `<role>:<evidence>` -> its answer; None: no answer in time
Answers = Mapping[str, SourceAnswer | None]


class RepresentationClaim(NamedTuple):
    """Who claims to represent whom, and the proof that the request gives; personal data."""

    acting: Subject
    represented: Subject
    #: code of the document that allows it; blank: none was named
    mandate: str
    today: date
    #: tax and enterprise codes in the representative's own account, each as `tax_code_spelling` has it
    account_codes: tuple[object, ...] = ()


class RepresentationProof(Strict):
    """One proof: exactly one of `names`, `says` and `issued`."""

    #: evidence about the represented person
    evidence: str
    #: attributes (a value or a list), any of which names the representative
    names: WordList = ()
    #: the identifier in these attributes; many people share a name, so a name proves nothing without `confirmed_by`
    by: Literal["personal_id", "full_name"] = "personal_id"
    #: `account_tax_code`: the representative's own account has the code of the represented enterprise
    confirmed_by: Literal["", "account_tax_code"] = ""
    #: attribute -> its words while the represented can act at all; any other word means no
    in_force: dict[str, WordList] = {}
    #: attribute that states the result itself
    says: str = ""
    #: result codes of a paper that both have in the store, under the code that the request gives as `mandate`
    issued: WordList = ()
    #: words of the paper's title before the full name of the representative, which ends it: both people have the paper,
    #: and only the title says who represents whom
    named_after: str = ""

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes of the evidence that it reads."""
        read = self.names or ((self.says,) if self.says else ("papers",))
        return (*read, *self.in_force)


class RepresentationExample(Strict):
    """An example that runs as a test: evidence and the resulting proof."""

    name: str
    today: str = "2026-11-25"
    mandate: str = ""
    #: number and name of the representative
    representative: dict[str, str]
    #: number, name or tax code of the represented
    represented: dict[str, str] = {}
    #: tax and enterprise codes in the representative's account
    account_codes: WordList = ()
    #: `<role>:<evidence>` -> attributes, or the name of an outcome
    evidence: dict[str, Any] = {}
    proven: Literal["yes", "no", "unknown"]


class RepresentationMapping(Strict):
    """`mappings/representations/<kind>.yaml`."""

    representation: str
    title: Title
    mark: Mark = "memory"
    #: the legal basis of the representation
    legal_basis: str
    #: kind of the represented
    of: Literal[SubjectKind.PERSON, SubjectKind.ORGANISATION]
    #: the represented person must be younger than so many years
    younger_than: int | None = Field(None, gt=0, le=150)
    #: whether the request must name the document of the representative
    mandate: Literal["required", "not_needed"] = "not_needed"
    #: how a page names the number of that document
    document: Title = Title(vi="Số văn bản ủy quyền", en="Number of the mandate")
    #: the first proof with a decision decides
    proofs: tuple[RepresentationProof, ...] = Field(min_length=1)
    examples: tuple[RepresentationExample, ...] = Field(min_length=1)

    def wants(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Role -> evidence -> attributes. The represented is asked about after the representative is confirmed."""
        found: dict[str, dict[str, tuple[str, ...]]] = {
            REPRESENTATIVE: {IDENTITY: ("personal_id", "full_name", LIFE_STATUS)}, REPRESENTED: {},
        }  # fmt: skip
        asked = found[REPRESENTED]
        if self.of is SubjectKind.PERSON:
            asked[IDENTITY] = ("personal_id", "birth_date") if self.younger_than else ("personal_id",)
        for proof in self.proofs:
            if proof.issued:
                found[REPRESENTATIVE][PAPERS] = ("papers",)
            asked[proof.evidence] = tuple(dict.fromkeys((*asked.get(proof.evidence, ()), *proof.attributes)))
        return found

    @property
    def needs_account(self) -> bool:
        """Whether nothing proves it but an account of the represented itself."""
        return all(proof.confirmed_by for proof in self.proofs)

    def result_codes(self) -> tuple[str, ...]:
        """Result codes of the papers that are searched."""
        return tuple(code for proof in self.proofs for code in proof.issued)


def identified(answers: Answers, role: str) -> Truth:
    """Whether number, name and birth date of the role are one person's."""
    answer = answers.get(f"{role}:{IDENTITY}")
    if answer is None:
        return Truth.UNKNOWN
    if answer.outcome is Outcome.FOUND:
        return Truth.YES
    return Truth.NO if answer.outcome in _ABSENT else Truth.UNKNOWN


def alive(answers: Answers) -> Truth:
    """Whether the representative is alive: a dead or missing person represents nobody."""
    answer = answers.get(LIFE, answers.get(f"{REPRESENTATIVE}:{IDENTITY}"))
    if answer is None or answer.outcome is not Outcome.FOUND or LIFE_STATUS in answer.doubts:
        return Truth.UNKNOWN
    status = answer.values.get(LIFE_STATUS)
    return Truth.UNKNOWN if status is None else Truth.YES if status == "alive" else Truth.NO


def may_act(rule: RepresentationMapping, answers: Answers, claim: RepresentationClaim) -> Truth:
    """Whether the representative is confirmed, alive and has the required document, by evidence about them alone."""
    return _all([identified(answers, REPRESENTATIVE), alive(answers), _held(rule, answers, claim)])


def _held(rule: RepresentationMapping, answers: Answers, claim: RepresentationClaim) -> Truth:
    """Whether the representative's store has the required paper; yes where none is required."""
    issued = [proof for proof in rule.proofs if proof.issued]
    if len(issued) < len(rule.proofs):
        return Truth.YES
    return _either(_holds(answers.get(f"{REPRESENTATIVE}:{PAPERS}"), proof, claim) for proof in issued)


def proven(rule: RepresentationMapping, answers: Answers, claim: RepresentationClaim) -> tuple[Truth, str]:
    """Whether the claim is true, and the evidence that decided; blank while undecided."""
    known = [may_act(rule, answers, claim)]
    if rule.of is SubjectKind.PERSON:
        known.append(identified(answers, REPRESENTED))
    if rule.younger_than is not None:
        known.append(_younger(answers.get(f"{REPRESENTED}:{IDENTITY}"), rule.younger_than, claim.today))
    if (who := _all(known)) is not Truth.YES:
        return who, ""
    for proof in rule.proofs:
        truth = _proves(proof, answers, claim)
        if truth is not Truth.UNKNOWN:
            return truth, proof.evidence
    return Truth.UNKNOWN, ""


def _proves(proof: RepresentationProof, answers: Answers, claim: RepresentationClaim) -> Truth:
    answer = answers.get(f"{REPRESENTED}:{proof.evidence}")
    if proof.issued:
        own = answers.get(f"{REPRESENTATIVE}:{PAPERS}")
        return _all([_holds(one, proof, claim) for one in (own, answer)])
    if answer is None or answer.outcome is not Outcome.FOUND:
        return Truth.UNKNOWN
    in_force = [_is_among(answer, name, words) for name, words in proof.in_force.items()]
    return _all([_says(answer, proof, claim.acting), _confirmed(proof, claim), *in_force])


def _says(answer: SourceAnswer, proof: RepresentationProof, acting: Subject) -> Truth:
    if proof.says:
        value = answer.values.get(proof.says)
        return Truth.UNKNOWN if type(value) is not bool else Truth.YES if value else Truth.NO
    wanted = acting.personal_id if proof.by == "personal_id" else acting.full_name
    return _either(_names(answer, name, wanted) for name in proof.names)


def _names(answer: SourceAnswer, name: str, wanted: str | None) -> Truth:
    value = answer.values.get(name)
    if value is None or wanted is None or name in answer.doubts:
        return Truth.UNKNOWN
    try:
        folded = same_words(wanted)
        names = [same_words(str(one)) for one in (value if isinstance(value, list) else [value])]
    except Unreadable:
        return Truth.UNKNOWN
    return Truth.YES if folded in names else Truth.NO


def _confirmed(proof: RepresentationProof, claim: RepresentationClaim) -> Truth:
    """Whether more than a name confirms the represented; an account of another enterprise gives unknown."""
    if proof.by == "personal_id":
        return Truth.YES
    code = claim.represented.tax_code
    is_so = (
        proof.confirmed_by == "account_tax_code"
        and code is not None
        and tax_code_spelling(code) in claim.account_codes
    )
    return Truth.YES if is_so else Truth.UNKNOWN


def _is_among(answer: SourceAnswer, name: str, words: tuple[str, ...]) -> Truth:
    value = answer.values.get(name)
    if value is None or name in answer.doubts:
        return Truth.UNKNOWN
    return Truth.YES if value in words else Truth.NO


def _holds(answer: SourceAnswer | None, proof: RepresentationProof, claim: RepresentationClaim) -> Truth:
    """Whether a store has the paper, valid today, and it names the representative as such."""
    if answer is None or answer.outcome not in (Outcome.FOUND, *_ABSENT):
        return Truth.UNKNOWN
    fitting = _papers(answer, proof.issued, claim.mandate)
    return _either(
        _all([lasts(one.get("valid_until"), claim.today), _names_acting(one, proof, claim)])
        for one in fitting
    )


def _papers(answer: SourceAnswer | None, codes: tuple[str, ...], mandate: str) -> list[Mapping[str, object]]:
    papers = answer.values.get("papers") if answer is not None else None
    return [
        one for one in (papers if isinstance(papers, list) else ())
        if one.get("result_code") in codes and one.get("reference") == mandate
    ]  # fmt: skip


def _names_acting(
    paper: Mapping[str, object], proof: RepresentationProof, claim: RepresentationClaim
) -> Truth:
    """Whether the title names the representative; it never gives no, because a title may be cut short."""
    try:
        acting, other, title, before = map(same_words, (
            claim.acting.full_name or "", claim.represented.full_name or "", str(paper.get("title") or ""),
            proof.named_after,
        ))  # fmt: skip
    except Unreadable:
        return Truth.UNKNOWN
    if not acting or not before or acting == other:
        return Truth.UNKNOWN
    _, found, named = f" {title}".rpartition(f" {before} ")
    return Truth.YES if found and named == acting else Truth.UNKNOWN


def is_over(rule: RepresentationMapping, answers: Answers, claim: RepresentationClaim) -> bool:
    """Whether the document is in the representative's store, and is expired."""
    fitting = _papers(answers.get(f"{REPRESENTATIVE}:{PAPERS}"), rule.result_codes(), claim.mandate)
    return any(lasts(one.get("valid_until"), claim.today) is Truth.NO for one in fitting)


def _younger(answer: SourceAnswer | None, years: int, today: date) -> Truth:
    born = answer.values.get("birth_date") if answer is not None else None
    if answer is None or born is None or "birth_date" in answer.doubts:
        return Truth.UNKNOWN
    return is_younger(born, years, today)


def _all(truths: list[Truth]) -> Truth:
    if Truth.NO in truths:
        return Truth.NO
    return Truth.UNKNOWN if Truth.UNKNOWN in truths else Truth.YES


def _either(truths: Iterator[Truth]) -> Truth:
    found = list(truths)
    if Truth.YES in found:
        return Truth.YES
    return Truth.UNKNOWN if Truth.UNKNOWN in found else Truth.NO


def representation_faults(rule: RepresentationMapping, evidence: Evidence) -> Iterator[MappingFault]:
    """Unknown references and proofs that prove nothing; else failed examples."""
    is_good = True
    for index, proof in enumerate(rule.proofs):
        for what, remedy in _weak(proof, rule):
            is_good = False
            yield ("proofs", index), what, remedy
        for what, remedy in _proof_faults(proof, evidence):
            is_good = False
            yield ("proofs", index), what, remedy, f"schemas/evidence/{proof.evidence}.schema.json"
    if is_good:
        yield from _example_faults(rule)


def _weak(proof: RepresentationProof, rule: RepresentationMapping) -> Iterator[tuple[str, str]]:
    """What a weak proof must also state."""
    if proof.issued and rule.mandate != "required":
        yield "a paper in the store is found by its code", "write 'mandate: required'"
    if proof.issued and not proof.named_after:
        what = "a paper that both people have does not say who represents whom"
        yield what, "write 'named_after', the words before the representative's name"
    if proof.names and proof.by == "full_name" and not proof.confirmed_by:
        remedy = "write 'confirmed_by: account_tax_code', or 'by: personal_id'"
        yield "many bear one name: a name alone proves nothing", remedy


def _example_faults(rule: RepresentationMapping) -> Iterator[MappingFault]:
    for index, example in enumerate(rule.examples):
        claim = RepresentationClaim(
            _subject(SubjectKind.PERSON, example.representative), _subject(rule.of, example.represented),
            example.mandate, date.fromisoformat(example.today), example.account_codes,
        )  # fmt: skip
        found, _ = proven(rule, {name: _given(one) for name, one in example.evidence.items()}, claim)
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


def _subject(kind: SubjectKind, words: Mapping[str, str]) -> Subject:
    return Subject(
        kind=kind, personal_id=words.get("personal_id"), full_name=words.get("full_name"),
        tax_code=words.get("tax_code"),
    )  # fmt: skip

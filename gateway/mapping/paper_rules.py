"""The mapping words about papers: predicates, the rule of a cut, replacement of papers, and warnings.

A paper is cut only when data replace it: evidence about the same person and object, in force on the day, with the
conclusion of the paper (ARCHITECTURE 7; stricter than any text).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from gateway.mapping.answer import BasisMark
from gateway.mapping.strict import Mark, Strict, Title, WordList

#: `same`: the paper is about its person and no object
NO_OBJECT = "no_object"
#: `in_force`: the evidence never expires (a birth date, a number)
ALWAYS = "always"
#: `conclusion`: the existence of the evidence is all that the paper says
SHOWN = "shown"
#: minimum number of counter-examples that show what a rule must not cut
COUNTER_EXAMPLES = 2


def _one_of(forms: Sequence[str], given: Sequence[str]) -> None:
    if len(given) != 1:
        found = f"has {' and '.join(given)}" if given else "says nothing"
        raise ValueError(f"it {found}", f"write exactly one of {', '.join(forms)}")


class Predicate(Strict):
    """A named yes/no question; exactly one form. A blank value never proves a negative: it gives unknown."""

    #: value table of an attribute: values outside both lists are unknown
    attribute: str | None = None
    #: attributes that state the same fact: a yes against a no gives unknown
    agree: WordList = ()
    yes: WordList = ()
    no: WordList = ()
    #: the member to read, of a value with members (an address)
    part: str | None = None
    #: every other value means no
    otherwise: Literal["no"] | None = None
    #: two attributes that must be equal, or one an item of the other's list (both present)
    equal: tuple[str, str] | None = None
    #: two roles that are one person: by number, else by name and birth date; no: the numbers of the evidence differ
    same_person: tuple[str, str] | None = None
    #: true when the caller named this role (a fact of the request)
    role_given: str | None = None
    #: the date attribute is less than `years` ago: the age of a person, or the time since a paper was issued
    younger_than: str | None = None
    years: int = Field(18, ge=1, le=150)
    #: the person's answer at this form field, as the caller sent it in `known`
    known_field: str | None = None
    #: the day of this date attribute is today or later; unknown in the present year or month without a day
    until: str | None = None
    #: predicates that state the same fact: a contradiction between them gives unknown
    said_by: WordList = ()
    #: the opposite of this predicate
    not_: str | None = Field(None, alias="not")

    @property
    def others(self) -> tuple[str, ...]:
        """The predicates that it depends on."""
        return (*self.said_by, *filter(None, (self.not_,)))

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = (
            "attribute", "equal", "same_person", "role_given", "younger_than", "known_field", "until", "said_by",
            "not_",
        )  # fmt: skip
        given = [name.rstrip("_") for name in forms if getattr(self, name) not in (None, ())]
        _one_of([name.rstrip("_") for name in forms], given)
        tabled = self.attribute is not None or self.known_field is not None
        if self.attribute is None and (self.part or self.otherwise):
            raise ValueError("'part' and 'otherwise' say nothing here", "write them beside 'attribute'")
        if tabled and not (self.yes or self.no):
            raise ValueError("no value means yes and none means no", "write 'yes: […]', 'no: […]' or both")
        if both := sorted({*self.yes} & {*self.no}):
            raise ValueError(f"{', '.join(both)} means yes and no", "keep each value in one of the two lists")
        return self


class Proof(Strict):
    """A tree of conditions under which data replace the paper. Exactly one of the forms, with `when` or without.

    `has` names attributes that must not be blank; `issued` a result of another procedure in the paper store. Each of
    these two has the rule of a cut: `about`, `same`, `in_force`, `conclusion`.
    """

    all_of: "tuple[Proof, ...] | None" = None
    any_of: "tuple[Proof, ...] | None" = None
    has: WordList | None = None
    #: result codes (`MA_KQ_THAYTHE`) that may replace the paper; its owner is the role of `about`
    issued: WordList | None = None
    #: predicate; no: this part of the proof is not needed
    when: str | None = None
    #: the role that owns the paper
    about: str | None = None
    #: object attribute of the evidence -> where the form, the request or other evidence names the object; or
    #: `no_object`
    same: dict[str, WordList] | Literal["no_object"] | None = None
    #: references whose source is the authority: a contradiction by another source does not count
    authority: WordList = ()
    #: predicates that must be true on the day of filing, or `always`
    in_force: WordList = ()
    #: predicates that state what the paper would state, or `shown`
    conclusion: WordList = ()

    @property
    def is_leaf(self) -> bool:
        """Whether it names evidence itself."""
        return self.has is not None or self.issued is not None

    @property
    def bound(self) -> Mapping[str, tuple[str, ...]]:
        """`same` as pairs; empty for a paper about no object."""
        return self.same if isinstance(self.same, dict) else {}

    @property
    def guards(self) -> tuple[str, ...]:
        """The predicates of `in_force`."""
        return tuple(name for name in self.in_force if name != ALWAYS)

    @property
    def concludes(self) -> tuple[str, ...]:
        """The predicates of `conclusion`."""
        return tuple(name for name in self.conclusion if name != SHOWN)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = {"all_of": self.all_of, "any_of": self.any_of, "has": self.has, "issued": self.issued}
        given = [name for name, value in forms.items() if value is not None]
        _one_of(tuple(forms), given)
        if not forms[given[0]]:
            raise ValueError(f"'{given[0]}' is empty: nothing would prove it", "name what must be there")
        return self

    @model_validator(mode="after")
    def _rule_of_a_cut(self) -> Self:
        words = {
            "about": self.about, "same": self.same, "in_force": self.in_force, "conclusion": self.conclusion,
        }  # fmt: skip
        if not self.is_leaf:
            if stray := [word for word, value in words.items() if value]:
                raise ValueError(
                    f"'{stray[0]}' is written where no evidence is named", "write it beside 'has' or 'issued'"
                )
            return self
        for word, value in words.items():
            if not value:
                raise ValueError(f"it does not say {_RULE_OF_A_CUT[word][0]}", _RULE_OF_A_CUT[word][1])
        for word, alone in (("in_force", ALWAYS), ("conclusion", SHOWN)):
            names = getattr(self, word)
            if alone in names and len(names) > 1:
                raise ValueError(f"'{word}' says '{alone}' beside predicates", f"leave '{alone}' out")
        return self


#: word -> its meaning, and how it is written
_RULE_OF_A_CUT: Mapping[str, tuple[str, str]] = {
    "about": ("about whom it holds", "add 'about: <role>'"),
    "same": (
        "about which object it holds",
        "add 'same: {<evidence>: form.<field>}', or 'same: no_object' for a paper about the person alone",
    ),
    "in_force": ("when it is in force", "add 'in_force: <predicate>', or 'in_force: always' for what never ends"),
    "conclusion": (
        "with which conclusion it holds",
        "add 'conclusion: <predicate>', or 'conclusion: shown' where the data alone are what the paper says",
    ),
}  # fmt: skip


class CounterExample(Strict):
    """A case that must not cut the paper: an example that cuts it, with one change. `check-config` runs it."""

    name: str
    #: the example of this procedure that cuts the paper
    example: str
    #: changed evidence: `<role>:<type>` -> attributes (null: blank), or the name of an outcome
    evidence: dict[str, Any] = {}
    #: changed typed fields (null: not typed)
    known: dict[str, Any] = {}
    #: changed subjects: role -> subject (null: none)
    subjects: dict[str, dict[str, Any] | None] = {}
    #: code of the reason for which the paper is required
    reason: str = ""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not (self.evidence or self.known or self.subjects):
            raise ValueError(
                "it changes nothing", "write what is otherwise: 'evidence', 'known' or 'subjects'"
            )
        return self


class Grounded(Strict):
    """The legal basis of a paper that is required, or of what blocks a filing."""

    #: the legal text; blank where none is known
    legal_basis: str = ""
    #: how well the text is known: read, read about in the press, known to exist, from memory; none without a text
    basis_mark: BasisMark = "none"

    @model_validator(mode="after")
    def _on_a_ground(self) -> Self:
        if bool(self.legal_basis.strip()) == (self.basis_mark == "none"):
            raise ValueError(
                "'legal_basis' and 'basis_mark' do not fit",
                "write the text and how sure it is (seen, press, exists, memory), or neither",
            )
        return self


class PaperRule(Grounded):
    """One paper that the procedure requires, and what replaces it. Without `replaced_by` nothing does."""

    title: Title
    #: predicate; no: the paper does not apply
    when: str | None = None
    replaced_by: Proof | None = None
    #: needs no paper by law
    digital_only: bool = False
    mark: Mark = "seen"
    counter_examples: tuple[CounterExample, ...] = ()

    @model_validator(mode="after")
    def _without_paper_by_law(self) -> Self:
        if self.digital_only and not self.legal_basis.strip():
            raise ValueError(
                "no paper is needed on no ground", "add 'legal_basis:', the document that says so"
            )
        return self

    @model_validator(mode="after")
    def _shown_not_to_cut(self) -> Self:
        changes = [(one.example, one.evidence, one.known, one.subjects) for one in self.counter_examples]
        if any(one in changes[:at] for at, one in enumerate(changes)):
            raise ValueError("a counter-example is written twice", "change something else in each")
        if self.replaced_by is not None and len(self.counter_examples) < COUNTER_EXAMPLES:
            raise ValueError(
                f"{len(self.counter_examples)} counter-examples show what must not cut it",
                f"add {COUNTER_EXAMPLES} at least below 'counter_examples'",
            )
        return self


class WarningRule(Grounded):
    """What blocks or endangers the filing; it refuses nothing."""

    #: predicate; yes: the warning is given
    when: str
    for_citizen: Title
    for_official: Title

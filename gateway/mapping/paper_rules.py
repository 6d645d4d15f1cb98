"""The words of mappings about papers: predicates, proofs, and which paper is replaced by what."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from gateway.mapping.strict import Mark, Strict, Title, Words


def _one_of(forms: Sequence[str], given: Sequence[str]) -> None:
    if len(given) != 1:
        found = f"has {' and '.join(given)}" if given else "says nothing"
        raise ValueError(f"it {found}", f"write exactly one of {', '.join(forms)}")


class Predicate(Strict):
    """A named yes/no question; exactly one form. A blank value never proves a negative: it is unknown."""

    #: value table over an attribute: values outside both lists are unknown
    attribute: str | None = None
    #: attributes that state the same fact: where one says yes and another no, nobody knows
    agree: Words = ()
    yes: Words = ()
    no: Words = ()
    #: of a value with members (an address): the member that is looked at
    part: str | None = None
    #: every other value that is there means no
    otherwise: Literal["no"] | None = None
    #: two attributes that must be equal, or one an item of the other's list (both present)
    equal: tuple[str, str] | None = None
    #: the caller named this role (a plain fact of the request)
    role_given: str | None = None
    #: the date attribute makes the subject younger than `years` today
    younger_than: str | None = None
    years: int = Field(18, ge=1, le=150)
    #: the answer of the person at this form field, as the caller sent it in `known`
    known_field: str | None = None
    #: predicates that state the same fact: what one says, unless another says the opposite
    same: Words = ()

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = ("attribute", "equal", "role_given", "younger_than", "known_field", "same")
        _one_of(forms, [name for name in forms if getattr(self, name) not in (None, ())])
        tabled = self.attribute is not None or self.known_field is not None
        if self.attribute is None and (self.part or self.otherwise):
            raise ValueError("'part' and 'otherwise' say nothing here", "write them beside 'attribute'")
        if tabled and not (self.yes or self.no):
            raise ValueError("no value means yes and none means no", "write 'yes: […]', 'no: […]' or both")
        if both := sorted({*self.yes} & {*self.no}):
            raise ValueError(f"{', '.join(both)} means yes and no", "keep each value in one of the two lists")
        return self


class Proof(Strict):
    """A tree: what must be there for data to replace the paper. Exactly one of the forms, with `when` or without.

    `has` names attributes that must not be blank; `is` a predicate that must be yes;
    `issued` a result of another procedure in the paper store, for the role that owns it.
    """

    all_of: "tuple[Proof, ...] | None" = None
    any_of: "tuple[Proof, ...] | None" = None
    has: Words | None = None
    is_: str | None = Field(None, alias="is")
    issued: "Issued | None" = None
    #: predicate; no: this part of the proof is not needed
    when: str | None = None
    #: predicate; no: this part proves nothing, whatever is there
    denied_by: str | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = {
            "all_of": self.all_of,
            "any_of": self.any_of,
            "has": self.has,
            "is": self.is_,
            "issued": self.issued,
        }
        given = [name for name, value in forms.items() if value is not None]
        _one_of(tuple(forms), given)
        if not forms[given[0]]:
            raise ValueError(f"'{given[0]}' is empty: nothing would prove it", "name what must be there")
        return self


class Issued(Strict):
    """Result codes (`MA_KQ_THAYTHE`) that may stand for the paper, and whose they must be."""

    owner: str
    result_codes: Words


class PaperRule(Strict):
    """One paper that the procedure demands, and what replaces it. Without `replaced_by` nothing does."""

    title: Title
    #: predicate; no: the paper does not apply
    when: str | None = None
    replaced_by: Proof | None = None
    #: needs no paper by law
    digital_only: bool = False
    #: the ground on which data replace it: an official reads it beside the answer
    legal_basis: str = ""
    mark: Mark = "seen"

    @model_validator(mode="after")
    def _on_a_ground(self) -> Self:
        if (self.replaced_by is not None or self.digital_only) and not self.legal_basis.strip():
            raise ValueError(
                "data replace this paper on no ground", "add 'legal_basis:', the document that allows it"
            )
        return self

"""The typed form of `mappings/predicates/*.yaml`: one question about a person, answered without the value.

It asks a predicate of the mapping language over evidence; `{parameter}` is replaced by the word behind the colon of
`age_at_least:18`.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from gateway.domain.dates import PartialDate
from gateway.mapping.strict import Mark, Strict, Title

#: replaced by the parameter in `asks`
PLACE = "{parameter}"
PredicateName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class ParameterRule(Strict):
    """The parameter behind the colon: a whole number between two bounds, or a code of a list."""

    title: Title
    whole: tuple[int, int] | None = None
    codes: str | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.whole is None) == (self.codes is None):
            raise ValueError("a parameter is a number or a code", "write one of 'whole', 'codes'")
        if self.whole is not None and not 0 <= self.whole[0] <= self.whole[1]:
            raise ValueError("no number is between these bounds", 'write for example ["1", "150"]')
        return self


class QuestionExample(Strict):
    """An example that runs as a test: evidence in, answer out."""

    name: str
    parameter: str | None = None
    #: the day of the question
    today: str = "2026-11-25"
    #: evidence type -> attributes, or the name of an outcome
    evidence: dict[str, Any] = {}
    answer: Literal["yes", "no", "cannot_tell"]

    @model_validator(mode="after")
    def _on_a_day(self) -> Self:
        try:
            whole = PartialDate.parse(self.today).day is not None
        except ValueError:
            whole = False
        if not whole:
            raise ValueError("'today' is not a day", "write yyyy-mm-dd")
        return self


class QuestionMapping(Strict):
    """`mappings/predicates/<name>.yaml`."""

    predicate: PredicateName
    title: Title
    mark: Mark = "sandbox"
    #: the purpose where the request names none
    purpose: str
    parameter: ParameterRule | None = None
    #: one form of the mapping language's predicates
    asks: dict[str, Any]
    #: swaps yes and no in the answer
    opposite: bool = False
    examples: tuple[QuestionExample, ...] = Field(min_length=1)

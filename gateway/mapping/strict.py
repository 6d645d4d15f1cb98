"""What every written mapping rests on: strict models, words for people, and what is known of an interface."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

#: code or guide seen; recalled, to be confirmed; our own invention
Mark = Literal["seen", "memory", "sandbox"]


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


#: one, or a list
AS_LIST = BeforeValidator(_listed)
#: one word or a list of words
Words = Annotated[tuple[str, ...], AS_LIST]


class Strict(BaseModel):
    """Frozen, and unknown words are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Title(Strict):
    """Words for people, Vietnamese first."""

    vi: str
    en: str

"""Base types of written mappings: strict models, texts for people, and the mark of an interface."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

#: code or guide read; from memory, to be confirmed; invented for the sandbox
Mark = Literal["seen", "memory", "sandbox"]


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


#: one item or a list
AS_LIST = BeforeValidator(_listed)
#: one word or a list of words
WordList = Annotated[tuple[str, ...], AS_LIST]


class Strict(BaseModel):
    """Frozen; unknown words are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Title(Strict):
    """A text for people, Vietnamese first."""

    vi: str
    en: str

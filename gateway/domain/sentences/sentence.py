"""A sentence for people, in Vietnamese and English."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

#: Vietnamese and English
BothWords = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A fact or a remedy, in both languages."""

    vi: str
    en: str

    def __call__(self, **places: object) -> "Sentence":
        """The sentence with its places filled; a place may be a sentence itself, or a day."""
        vi = {name: _in_vietnamese(one) for name, one in places.items()}
        en = {name: one.en if isinstance(one, Sentence) else one for name, one in places.items()}
        return Sentence(self.vi.format(**vi), self.en.format(**en))

    def at(self, place: str) -> "Sentence":
        """The sentence, prefixed by a place of the body (a JSON pointer)."""
        return Sentence(f"{place}: {self.vi}", f"{place}: {self.en}")

    def __str__(self) -> str:
        """Both languages, as one line of a terminal."""
        return f"{self.vi} / {self.en}"


def titled(vi: str, en: str) -> Sentence:
    """A title of the configuration, for a place of a sentence."""
    return Sentence(vi, en)


def listed(many: Iterable[Sentence]) -> Sentence:
    """Several sentences, separated by commas."""
    many = tuple(many)
    return Sentence(", ".join(one.vi for one in many), ", ".join(one.en for one in many))


def _in_vietnamese(place: object) -> object:
    if isinstance(place, Sentence):
        return place.vi
    return f"{place:%d/%m/%Y}" if isinstance(place, date) else place


class WrongText(ValueError):
    """A text of a wrong form; raised by validators, which never quote it."""

    def __init__(self, sentence: Sentence) -> None:
        """`sentence`: the required form."""
        super().__init__(sentence.en)
        self.sentence = sentence

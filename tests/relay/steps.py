"""Steps of dossiers, for tests of the status machine."""

from typing import NamedTuple


class Said(NamedTuple):
    """A step as `fold` reads it."""

    id: str
    status: str
    at: float
    came: float
    source: str = "province"


def said(*words: str, source: str = "province") -> list[Said]:
    """`accepted@2` happened at second 2; they came in the order in which they are written."""
    found = []
    for place, word in enumerate(words):
        who, _, rest = word.rpartition(":")
        status, _, at = rest.partition("@")
        found.append(Said(f"{word}#{place}", status, float(at), 1000.0 + place, who or source))
    return found

"""Names of people as text: two spellings of one name."""

from unicodedata import normalize

#: grave, acute, tilde, hook above, dot below
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


def folded_words(text: str) -> str:
    """The words without case and with tone marks last (NFD): `Hòa` is one name on whichever vowel its mark stands."""
    words = []
    for word in normalize("NFD", text.casefold()).split():
        tones = sorted([one for one in word if one in _TONES])
        words.append("".join([*[one for one in word if one not in _TONES], *tones]))
    return " ".join(words)

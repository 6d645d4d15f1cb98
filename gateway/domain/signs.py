"""Signs that nobody sees, or that change how others are read (Unicode general categories; UTS 39).

Line breaks, C0 and C1 controls, bidirectional controls, soft hyphens, tags: in a name they hide what is compared,
in a log or a paper what is read.
"""

import unicodedata

#: controls, formats (bidirectional ones, soft hyphens, tags among them), surrogates, private ones, ends of lines
_KINDS = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
#: the same for expressions that take them (JSON Schema, pydantic); a text of theirs has no surrogates
HIDDEN = r"\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}"


def hides(text: str, but: str = "") -> bool:
    """Whether a text has such a sign, other than those of `but`."""
    return not text.isprintable() and any(
        unicodedata.category(sign) in _KINDS for sign in text if sign not in but
    )

"""Signs that nobody sees, or that change how others are read (Unicode general categories; UTS 39).

Line breaks, C0 and C1 controls, bidirectional controls, soft hyphens, tags: in a name they hide what is compared,
in a log or a paper what is read.
"""

import unicodedata

#: controls, formats (bidirectional ones, soft hyphens, tags among them), surrogates, private ones, ends of lines
_KINDS = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
#: those of the basic plane, as every kind of regular expression reads them; `hides` knows the others too
HIDDEN = (
    r"\u0000-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u180e\u200b-\u200f"
    r"\u2028-\u202e\u2060-\u2064\u2066-\u206f\ue000-\uf8ff\ufeff\ufff9-\ufffb"
)


def hides(text: str, but: str = "") -> bool:
    """Whether a text has such a sign, other than those of `but`."""
    return not text.isprintable() and any(
        unicodedata.category(sign) in _KINDS for sign in text if sign not in but
    )

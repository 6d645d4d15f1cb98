"""Invisible characters, and characters that change how others are read (Unicode general categories; UTS 39).

Line breaks, C0 and C1 controls, bidirectional controls, soft hyphens, tags: they make a compared name, a log line or a
paper read differently.
"""

import re
import unicodedata

#: controls, formats (bidirectional ones, soft hyphens, tags), surrogates, private use, line ends
_KINDS = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
#: those of the basic plane, for every kind of regular expression; `hides` knows the others too
HIDDEN = (
    r"\u0000-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u180e\u200b-\u200f"
    r"\u2028-\u202e\u2060-\u2064\u2066-\u206f\ue000-\uf8ff\ufeff\ufff9-\ufffb"
)
# Spaces of other widths; joiners, fillers and selectors (Default_Ignorable_Code_Point, but for those of _KINDS), and
# the blank of braille.
_BLANK = re.compile(
    "[\u00a0\u034f\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\ufe00-\ufe0f"
    "\uffa0\U000e0100-\U000e01ef]"
)


def hides(text: str, but: str = "") -> bool:
    """Whether a text has such a character, except those in `but`."""
    return not text.isprintable() and any(
        unicodedata.category(sign) in _KINDS for sign in text if sign not in but
    )


def hides_in_code(text: str) -> bool:
    """Whether a code has a character that nobody sees, or a blank that is no plain space: it reads as another code."""
    return (not text.isascii() and _BLANK.search(text) is not None) or hides(text)

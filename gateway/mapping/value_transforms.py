"""Named transforms for names, yes and no, and decimal numbers as other providers write them.

Each follows one rule, which the mapping names. What two rules would read otherwise is unreadable: no part of a name and
no sign of a number is guessed.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation

from gateway.mapping.codes import Codes, is_factor
from gateway.mapping.transforms import Transform, Unreadable, decimal, text


def _without_marks(word: str) -> str:
    apart = unicodedata.normalize("NFD", word.lower().replace("đ", "d"))
    return "".join(one for one in apart if not unicodedata.combining(one))


_TRUE = frozenset("true t yes y on 1 có co đúng dung oui vrai ja j waar".split())
_FALSE = frozenset("false f no n off 0 không khong sai non faux nee nein onwaar".split())
_PLAIN, _GROUPED = r"[0-9]{1,21}", r"[1-9][0-9]{0,2}(?:%s[0-9]{3}){1,6}"
_COMMA = rf"-?(?:{_PLAIN}|{_GROUPED % '[.]'}|{_GROUPED % ' '})(?:,[0-9]{{1,6}})?"
_POINT = rf"-?(?:{_PLAIN}|{_GROUPED % ','}|{_GROUPED % ' '})(?:[.][0-9]{{1,6}})?"
_DECIMAL_COMMA, _DECIMAL_POINT = re.compile(_COMMA, re.ASCII), re.compile(_POINT, re.ASCII)
_MAY_BE_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}[.][0-9]{3}", re.ASCII)
#: a unit begins with a letter
_MEASURE_COMMA = re.compile(rf"({_COMMA}) ?([^\W\d_].*)")
_MEASURE_POINT = re.compile(rf"({_POINT}) ?([^\W\d_].*)")
#: transform, without its decimal sign -> code list: how a unit is written -> how many units of the transform it is
MEASURES = {"area_m2": "area_units", "mass_g": "mass_units", "length_m": "length_units"}
#: 27 digits of a number and 12 of a factor fit
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])
_TWO = 2
_NUMERAL = re.compile("[IVX]+")
#: a syllable of Vietnamese, without its marks
_SYLLABLE = re.compile(
    "(?:ngh?|nh|gh?|kh?|ch?|ph?|th?|tr?|qu?|[bdhlmrsvx])?[aeiouy]{1,3}(?:ng|nh|ch|[cmnpt])?", re.ASCII
)
#: family names of two words; and forms of address, which stand before a name
_TWO_WORDS = re.compile(
    r"(?:âu dương|gia cát|hoàng phủ|huỳnh phủ|thượng quan|tư đồ|tư mã|ông|bà|cô|cụ) .*|(?:.* )?tôn (?:nữ|thất)(?: .*)?"
)
#: the same in a name that has no marks at all
_TWO_WORDS_BARE = re.compile(_without_marks(_TWO_WORDS.pattern))
#: words of other languages before or behind a name
_TITLES = frozenset(
    "dame dhr dipl dott dr drs esq frau herr ing ir jr junior md me mevr mgr miss mlle mme mr mrs ms mx phd prof rev"
    " senior sig sir sr sra srta".split()
)


def family_name_vn(value: object) -> str | None:
    """Vietnamese order: the first of several words, where that is the family name."""
    words = _vietnamese(value)
    return words[0] if len(words) > 1 else None


def middle_name_vn(value: object) -> str | None:
    """Vietnamese order: the words between the first and the last."""
    return " ".join(_vietnamese(value)[1:-1]) or None


def given_name_vn(value: object) -> str | None:
    """Vietnamese order: the last word."""
    words = _vietnamese(value)
    return words[-1] if words else None


def family_name_western(value: object) -> str | None:
    """Western order: the second of two words; of more words none says where the family name begins."""
    words = _two_words(value)
    return words[1] if words else None


def given_names_western(value: object) -> str | None:
    """Western order: the first of two words."""
    words = _two_words(value)
    return words[0] if words else None


def family_name_comma(value: object) -> str | None:
    """`Family name, given names`: what stands before the comma."""
    sides = _sides(value)
    return sides and sides[0]


def given_names_comma(value: object) -> str | None:
    """`Family name, given names`: what stands behind the comma."""
    sides = _sides(value)
    return sides and sides[1]


def family_name_capitals(value: object) -> str | None:
    """`Jean-Pierre DE LA TOUR`, `DE LA TOUR Jean-Pierre`: the words in capitals, at one end."""
    halves = _halves(value)
    return halves and halves[0]


def given_names_capitals(value: object) -> str | None:
    """`Jean-Pierre DE LA TOUR`, `DE LA TOUR Jean-Pierre`: the other words."""
    halves = _halves(value)
    return halves and halves[1]


def name_joined(value: object) -> str | None:
    """`parts` in the order of the mapping → one name; the first and the last must be there."""
    if not isinstance(value, list):
        return None
    words = [text(part) for part in value]
    found = [word for word in words if word]
    if found and not (words[0] and words[-1]):
        raise Unreadable("a part of the name is missing")
    return " ".join(found) or None


def _words(value: object) -> list[str]:
    found = text(value)
    return [] if found is None else found.split(" ")


def _vietnamese(value: object) -> list[str]:
    """The words of a name of Vietnamese syllables, whose family name is one word and stands first."""
    words = _words(value)
    is_sure = all(_SYLLABLE.fullmatch(_without_marks(word)) for word in words)
    # `Y Moan`, `H Hen`: names of peoples whose family name stands last
    spoken = " ".join(words).lower()
    is_of_two = _TWO_WORDS.fullmatch(spoken) or (spoken.isascii() and _TWO_WORDS_BARE.fullmatch(spoken))
    if words and (not is_sure or len(words[0]) == 1 or is_of_two):
        raise Unreadable("where the family name ends is not certain")
    return words


def _two_words(value: object) -> list[str]:
    """Given name and family name; `DUPONT Jean` has them in the other order."""
    words = _words(value)
    if not words:
        return words
    is_certain = len(words) == _TWO and all(len(word) > 1 and _is_name(word) for word in words)
    if not is_certain or _NUMERAL.fullmatch(words[1]) or (words[0].isupper() and not words[1].isupper()):
        raise Unreadable("where the family name begins is not certain")
    return words


def _is_name(word: str) -> bool:
    """No particle (`de`, `van`), title or initial with a point: whose part these are is unknown."""
    return word[0].isupper() and not word.endswith(".") and word.lower() not in _TITLES


def _sides(value: object) -> tuple[str, str] | None:
    if (found := text(value)) is None:
        return None
    family, comma, given = (one.strip() for one in found.partition(","))
    if not (family and comma and given) or "," in given:
        raise Unreadable("not 'family name, given names'")
    words = f"{family} {given}".split(" ")
    ends_small = given.split(" ")[-1][0].islower() and family[0].isupper()
    has_title = any(word.lower().rstrip(".") in _TITLES for word in words)
    if ends_small or has_title or any(_has_numeral(one.split(" ")) for one in (family, given)):
        raise Unreadable("a particle, a title or a numeral, which is no part of this name alone")
    return family, given


def _has_numeral(words: list[str]) -> bool:
    return len(words) > 1 and any(map(_NUMERAL.fullmatch, words))


def _halves(value: object) -> tuple[str, str] | None:
    words = _words(value)
    if not words:
        return None
    capital = [word.isupper() for word in words]
    count = capital.count(True)
    is_first, is_last = all(capital[:count]), all(capital[-count:])
    # an initial is in capitals too
    has_initial = any(
        sum(map(str.isalpha, word)) < _TWO for word, is_one in zip(words, capital, strict=True) if is_one
    )
    is_certain = 0 < count < len(words) and (is_first or is_last) and all(map(_is_name, words))
    family = words[:count] if is_first else words[-count:]
    given = words[count:] if is_first else words[:-count]
    if not is_certain or has_initial or _has_numeral(family):
        raise Unreadable("the family name is not the words in capitals")
    return " ".join(family), " ".join(given)


def boolean_words(value: object) -> bool | None:
    """Yes and no in words of four languages, in any case; other text except blank is unreadable."""
    if isinstance(value, bool):
        return value
    if (found := text(value)) is None:
        return None
    word = found.casefold()
    if word not in _TRUE | _FALSE:
        raise Unreadable("not a yes or no")
    return word in _TRUE


def decimal_comma(value: object) -> str | None:
    """`1.234,5`, `1 234,5` or `1234,5` → `1234.5`, as text; a point groups three digits and is no decimal sign."""
    return _number(value, _DECIMAL_COMMA, ",")


def decimal_point(value: object) -> str | None:
    """`1,234.5`, `1 234.5` or `1234.5` → `1234.5`, as text; a comma groups three digits and is no decimal sign."""
    return _number(value, _DECIMAL_POINT, ".")


def decimal_strict(value: object) -> str | None:
    """As `decimal`; `1.234` in a text, which may be a thousand, is unreadable too."""
    if isinstance(value, str) and _MAY_BE_THOUSANDS.fullmatch(value.strip()):
        raise Unreadable("a decimal point, or one of thousands")
    return decimal(value)


def _number(value: object, pattern: re.Pattern[str], sign: str) -> str | None:
    if isinstance(value, float):
        # in JSON a point is the decimal sign, whatever the provider's texts write
        if not math.isfinite(value):
            raise Unreadable("not a number")
        return f"{Decimal(str(value)):f}"
    if (found := text(value)) is None:
        return None
    if pattern.fullmatch(found) is None:
        raise Unreadable("not a number")
    return _plain(found, sign)


def _plain(number: str, sign: str) -> str:
    grouping = "." if sign == "," else ","
    return number.replace(" ", "").replace(grouping, "").replace(",", ".")


def measure_transforms(codes: Codes) -> dict[str, Transform]:
    """Numbers with a unit, by the unit lists that there are: transform -> what it does."""
    found: dict[str, Transform] = {}
    for name, listed in MEASURES.items():
        if listed in codes.lists:
            units = factors(codes.lists[listed])
            found[f"{name}_comma"] = _measure(units, _MEASURE_COMMA, ",")
            found[f"{name}_point"] = _measure(units, _MEASURE_POINT, ".")
    return found


def factors(listed: Mapping[str, str | None]) -> dict[str, Decimal]:
    """Unit -> how many units of the transform it is; lines that `check-config` refuses are left out."""
    return {unit: Decimal(factor) for unit, factor in listed.items() if factor and is_factor(factor)}


def _measure(units: Mapping[str, Decimal], pattern: re.Pattern[str], sign: str) -> Transform:
    def measured(value: object) -> str | None:
        if (found := text(value)) is None:
            return None
        parts = pattern.fullmatch(found)
        if parts is None or parts[2] not in units:
            raise Unreadable("not a number with a unit of the list")
        try:
            exact = _EXACT.multiply(Decimal(_plain(parts[1], sign)), units[parts[2]])
        except DecimalException:
            raise Unreadable("too many digits") from None
        written = f"{exact:f}"
        return written.rstrip("0").rstrip(".") if "." in written else written

    return measured

"""Check digits of identifiers, by name (ISO/IEC 7064; ISO/IEC 7812-1, B; rules of issuing authorities).

Each is a pure function of an identifier in ASCII digits and capitals. Text of another form has no valid check digit.
Every single digit that is replaced by another one is noticed.
"""

from collections.abc import Callable, Mapping

from gateway.domain.identifiers import is_tax_code

_ELEVEN, _NINETY_SEVEN = 11, 97
_BSN_DIGITS, _NIR_SIGNS = 9, 15
#: the check digits of MOD 97-10
_LEAST, _MOST = "02", "98"
#: ISO/IEC 7064, 7: the check character ten of MOD 11-2
_TEN = "X"
#: departments of Corsica, in the number of France
_CORSICA = (("2A", "19"), ("2B", "18"))


def _none(_number: str) -> bool:
    """No check digit."""
    return True


def _luhn(number: str) -> bool:
    """Modulus 10, double-add-double (ISO/IEC 7812-1, annex B); the last digit checks."""
    if not _is_digits(number):
        return False
    doubled = [2 * int(digit) for digit in number[-2::-2]]
    return (sum(map(int, number[::-2])) + sum(one - 9 if one > 9 else one for one in doubled)) % 10 == 0


def _mod11_10(number: str) -> bool:
    """MOD 11,10 (ISO/IEC 7064, 9): a hybrid system; the last digit checks."""
    if not _is_digits(number):
        return False
    product = 10
    for digit in number[:-1]:
        product = ((product + int(digit)) % 10 or 10) * 2 % _ELEVEN
    return (product + int(number[-1])) % 10 == 1


def _mod11_2(number: str) -> bool:
    """MOD 11-2 (ISO/IEC 7064, 7): the last sign checks, `X` is ten."""
    if not _is_digits(number[:-1]) or not (_is_digits(number[-1]) or number[-1] == _TEN):
        return False
    total = 0
    for digit in number[:-1]:
        total = (total + int(digit)) * 2 % _ELEVEN
    return (total + (10 if number[-1] == _TEN else int(number[-1]))) % _ELEVEN == 1


def _mod97_10(number: str) -> bool:
    """MOD 97-10 (ISO/IEC 7064, 7): the last two digits check, 02 to 98; letters count as 10 to 35."""
    if not (number.isascii() and number.isalnum() and number.isupper() | number.isdigit()):
        return False
    if not (_is_digits(number[-2:]) and _LEAST <= number[-2:] <= _MOST):
        return False
    return int("".join(str(int(sign, 36)) for sign in number)) % _NINETY_SEVEN == 1


def _nl_bsn(number: str) -> bool:
    """The eleven test of the citizen service number of the Netherlands: weights 9 to 2, and -1."""
    if len(number) != _BSN_DIGITS or not _is_digits(number) or not number.strip("0"):
        return False
    weights = [*range(_BSN_DIGITS, 1, -1), -1]
    total: int = sum([weight * int(digit) for weight, digit in zip(weights, number, strict=True)])
    return total % _ELEVEN == 0


def _fr_nir(number: str) -> bool:
    """The key of the registration number of France (NIR): 97 less the rest of the first 13 signs by 97."""
    body, key = number[:-2], number[-2:]
    for department, digits in _CORSICA:
        if body[5:7] == department:
            body = f"{body[:5]}{digits}{body[7:]}"
    if len(number) != _NIR_SIGNS or not _is_digits(body + key):
        return False
    return int(key) == _NINETY_SEVEN - int(body) % _NINETY_SEVEN


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


#: name in the configuration -> whether an identifier, without blanks and separators, has a valid check digit
CHECK_DIGITS: Mapping[str, Callable[[str], bool]] = {
    "none": _none, "luhn": _luhn, "mod11_10": _mod11_10, "mod11_2": _mod11_2, "mod97_10": _mod97_10,
    "nl_bsn": _nl_bsn, "fr_nir": _fr_nir, "vn_tax_code": is_tax_code,
}  # fmt: skip

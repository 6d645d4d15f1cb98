"""How pages write dates, numbers and ids: the Vietnamese manner, in both languages of the pages.

Times are those of Việt Nam. What cannot be read as a time or a number is shown as it came, with unseen signs shown.
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeGuard

from gateway.domain.dates import VIETNAM

#: categories of invisible characters (Unicode): controls, formats, surrogates, private, unassigned, separators
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LONGEST = 300
_HEAD, _TAIL = 8, 4
_DIGITS = 30  # a number with more is a text
VIETNAMESE, ENGLISH = "vi", "en"
_WEEKDAYS = (
    ("Thứ Hai", "Monday"), ("Thứ Ba", "Tuesday"), ("Thứ Tư", "Wednesday"), ("Thứ Năm", "Thursday"),
    ("Thứ Sáu", "Friday"), ("Thứ Bảy", "Saturday"), ("Chủ Nhật", "Sunday"),
)  # fmt: skip

_TYPED_BIRTH = re.compile(r"(?:([0-9]{1,2})/)?([0-9]{1,2})/([0-9]{4})")
_TYPED_DAY = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")

#: a time as it comes: RFC 3339, POSIX seconds, or aware
Moment = str | float | datetime


def seen(text: object, longest: int = _LONGEST) -> str:
    """A foreign text: each character that is invisible, or reverses others, becomes U+FFFD; cut at `longest`."""
    whole = str(text)
    shown = "".join("\ufffd" if unicodedata.category(one) in _UNSEEN else one for one in whole[:longest])
    return shown + "…" if len(whole) > longest else shown


def _is_marked(text: object) -> TypeGuard[str]:
    """Whether it is an element of HTML, as a Vietnamese title on an English page."""
    return isinstance(text, str) and hasattr(text, "__html__") and text.startswith("<")


def inside(title: object) -> str:
    """A title in the middle of a sentence: `Họ và tên` is `họ và tên`; abbreviations and names keep their capitals."""
    if _is_marked(title):
        return title
    text = str(title)
    first, _, rest = text.partition(" ")
    second = rest.partition(" ")[0]
    is_short = any(one.isupper() or one.isdigit() for one in first[1:])  # BHYT, VNeID
    is_name = second[:1].isupper() and second[1:].islower()  # Việt Nam; not `Số BHYT`
    return text if is_short or is_name else text[:1].lower() + text[1:]


def opening(title: object) -> str:
    """A title at the begin of a line: its first letter is a capital."""
    if _is_marked(title):
        return title
    text = str(title)
    return text[:1].upper() + text[1:]


def sentence(text: object) -> str:
    """A detail of a problem as a sentence of its own: a capital, and a full stop."""
    begun = opening(text)
    return begun if not begun or begun[-1] in ".!?…" else f"{begun}."


def local_time(moment: Moment) -> datetime | None:
    """In Việt Nam; None where it is no time."""
    try:
        if isinstance(moment, datetime):
            return moment.astimezone(VIETNAM)
        if isinstance(moment, int | float):
            return datetime.fromtimestamp(moment, UTC).astimezone(VIETNAM)
        return datetime.fromisoformat(moment).astimezone(VIETNAM)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def when(moment: Moment) -> str:
    """`27/11/2026 09:14`."""
    return _written(moment, "{0:%d/%m/%Y %H:%M}")


def exact(moment: Moment) -> str:
    """For staff: `27/11/2026 09:14:32,039`."""
    found = local_time(moment)
    return seen(moment) if found is None else f"{found:%d/%m/%Y %H:%M:%S},{found.microsecond // 1000:03}"


def iso(moment: Moment) -> str:
    """For machines (`<time datetime>`): `2026-11-27T09:14:32+07:00`; blank where it is no time."""
    found = local_time(moment)
    return (
        "" if found is None else found.isoformat(timespec="milliseconds" if found.microsecond else "seconds")
    )


def clock(moment: Moment) -> str:
    """`09:14`."""
    return _written(moment, "{0:%H:%M}")


def exact_clock(moment: Moment) -> str:
    """For staff: `09:14:32,039`."""
    return exact(moment)[11:] if local_time(moment) is not None else seen(moment)


def moment(seconds: float) -> str:
    """As pages of logins write it: `09:05, 28/11/2026`."""
    return _written(seconds, "{0:%H:%M, %d/%m/%Y}")


def instant(seconds: float) -> str:
    """The same to the second, where two logins must differ: `09:05:32, 28/11/2026`."""
    return _written(seconds, "{0:%H:%M:%S, %d/%m/%Y}")


def day(text: object) -> str:
    """A date as people write it: `15/02/1990`, `02/1990` or `1990`; of a time, the day in Việt Nam."""
    if isinstance(text, datetime | int | float) or "T" in str(text):
        return _written(text, "{0:%d/%m/%Y}")  # type: ignore[arg-type]
    return seen("/".join(reversed(str(text).split("-"))))


def read_day(text: str) -> date | None:
    """A day that was typed: `15/02/1990`, `5-9-2025`; None where it is none."""
    found = _TYPED_DAY.fullmatch(text.strip())
    try:
        return None if found is None else date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        return None


def as_iso(text: str) -> str:
    """A birth date as people type it, `5/9/1990` or `09/1990`, as ISO; any other text as it stands."""
    return _TYPED_BIRTH.sub(_iso_of, text)


def _iso_of(found: re.Match[str]) -> str:
    day, month, year = found.groups()
    return "-".join([year, f"{month:0>2}", *([f"{day:0>2}"] if day else [])])


def month(text: object) -> str:
    """`11/2026`, of a month (`2026-11`), a date or a time."""
    if isinstance(text, date):
        text = text.isoformat()
    return day(str(text)[:7])


def weekday(moment: Moment, language: str) -> str:
    """`Thứ Sáu`; blank where it is no time."""
    found = local_time(moment)
    return "" if found is None else _WEEKDAYS[found.weekday()][language == ENGLISH]


def number(value: object, places: int | None = None) -> str:
    """`1.234,5`; `places`: digits after the comma, else as many as the value has."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        read = Decimal(str(value))
    except InvalidOperation:
        return seen(value)
    if not read.is_finite() or abs(read.adjusted()) > _DIGITS:
        return seen(value)
    text = f"{read:,.{places}f}" if places is not None else f"{read:,f}"
    return text.translate({ord(","): ".", ord("."): ","}).replace("-", "\u2212")


def percent(share: float, places: int = 0) -> str:
    """Of a share from 0 to 1: `85%`."""
    return f"{number(round(share * 100, places), places)}%"


def short_id(text: object) -> str:
    """For lists: `01M8F0K3…W798`; a short one is whole."""
    whole = seen(text)
    return whole if len(whole) <= _HEAD + _TAIL + 2 else f"{whole[:_HEAD]}…{whole[-_TAIL:]}"


def masked(text: object) -> str:
    """A personal id outside a form: its last four signs, `••••••••1234`; one of four or fewer shows none."""
    whole = seen(text)
    return "•" * len(whole) if len(whole) <= _TAIL else "•" * (len(whole) - _TAIL) + whole[-_TAIL:]


def _written(moment: Moment, form: str) -> str:
    found = local_time(moment)
    return seen(moment) if found is None else form.format(found)

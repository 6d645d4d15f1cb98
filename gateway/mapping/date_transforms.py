"""Named transforms for dates and times, provider side: epochs, other orders, month names, parts, moments.

A date keeps its precision. A moment becomes the day (or the RFC 3339 time) by the provider's time zone, an IANA name:
`time_zone` of its mapping. Written times without an offset are of that zone. Midnight by its own offset that is another
day in that zone may be a date with a stray time, or a moment: nobody can tell, so it is unreadable.
"""

import math
import re
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from gateway.domain.dates import rfc3339
from gateway.mapping.transforms import Transform, Unreadable, iso_date, text

#: time zone of a provider whose mapping names none: it has the summer times and offsets of before 1975
DEFAULT_ZONE = "Asia/Ho_Chi_Minh"

#: transforms that give a time in RFC 3339
TIMES = frozenset({"time_compact", "time_epoch_milliseconds", "time_epoch_seconds", "time_iso", "time_vn"})
#: transforms whose result can be put in order: a time, or a date in ISO form
DATES = TIMES | {
    "date_compact", "date_compact_dmy", "date_dash", "date_dmy", "date_month_name", "date_of_time", "date_us",
    "date_vn", "date_words_vn", "date_xsd", "date_ymd_slash", "epoch_milliseconds", "epoch_seconds",
}  # fmt: skip

_DAY_FIRST = re.compile(r"(?:(?:([0-9]{1,2})([-.]))?([0-9]{1,2})(?(2)\2|[-.]))?([0-9]{4})", re.ASCII)
_YEAR_SLASH = re.compile(r"([0-9]{4})(?:/([0-9]{1,2})(?:/([0-9]{1,2}))?)?", re.ASCII)
_US = re.compile(r"(?:([0-9]{1,2})/(?:([0-9]{1,2})/)?)?([0-9]{4})", re.ASCII)
_DAY_FIRST_DIGITS = re.compile(r"(?:([0-9]{2})([0-9]{2}))?([0-9]{4})", re.ASCII)
_DAY_MONTH_NAME = re.compile(r"(?:([0-9]{1,2})[ -])?([a-z]{3,9})\.?[ -]([0-9]{4})", re.ASCII)
_MONTH_NAME_DAY = re.compile(r"([a-z]{3,9})\.? ([0-9]{1,2}), ([0-9]{4})", re.ASCII)
_WORDS = re.compile(r"(?:(?:(?:ngày )?([0-9]{1,2}),? )?tháng ([0-9]{1,2}),? )?năm ([0-9]{4})", re.IGNORECASE)
_XSD = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?", re.ASCII
)
_MONTHS = ("january february march april may june july august september october november december").split()
_MONTH_OF = {
    name: str(number) for number, one in enumerate(_MONTHS, 1) for name in {one, one[:3], one[:4]}
} | {"sept": "9"}
#: `473389200`, `-473389200.5`, and with what is left of `/Date(…)/`: `473389200/`, `/473389200/`
_SECONDS = re.compile(r"(/)?(-?[0-9]{1,11}(?:\.[0-9]{1,9})?)(?(1)/|/?)", re.ASCII)
#: the same in milliseconds, and `/Date(473389200000)/`, `/Date(473389200000+0700)/`: the offset says where it was
#: written, and does not change the moment
_MILLISECONDS = re.compile(
    r"(?:/Date\((-?[0-9]{1,14})(?P<offset>[+-][0-9]{4})?\)/|(/)?(-?[0-9]{1,14})(?(3)/|/?))", re.ASCII
)
_ISO_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)
_COMPACT_TIME = re.compile(r"[0-9]{12}(?:[0-9]{2})?", re.ASCII)
_TIME_VN = re.compile(r"[0-9]{2}/[0-9]{2}/[0-9]{4} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?", re.ASCII)
_PARTS = 3
_YEAR = re.compile(r"[0-9]{4}", re.ASCII)
_MONTH_OR_DAY = re.compile(r"[0-9]{1,2}", re.ASCII)
#: seconds since 1970 in 2103: a smaller number is seconds, a larger one milliseconds
_SECONDS_OR_MORE = 4_200_000_000
#: seconds or milliseconds since 1970 that computers write where nobody knows a time
_NO_MOMENT = frozenset({Decimal(0), Decimal(-1)})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MIDNIGHT = time()


def _fitting(pattern: re.Pattern[str], found: str, form: str) -> re.Match[str]:
    parts = pattern.fullmatch(found)
    if parts is None:
        raise Unreadable(f"not {form}")
    return parts


def date_dmy(value: object) -> str | None:
    """`dd-MM-yyyy`, `MM-yyyy` or `yyyy`, or with dots → ISO, in the same precision."""
    if (found := text(value)) is None:
        return None
    day, _, month, year = _fitting(_DAY_FIRST, found, "dd-MM-yyyy").groups()
    return iso_date(year, month, day)


def date_ymd_slash(value: object) -> str | None:
    """`yyyy/MM/dd`, `yyyy/MM` or `yyyy` → ISO, in the same precision."""
    if (found := text(value)) is None:
        return None
    return iso_date(*_fitting(_YEAR_SLASH, found, "yyyy/MM/dd").groups())


def date_us(value: object) -> str | None:
    """`MM/dd/yyyy`, `MM/yyyy` or `yyyy` → ISO, in the same precision."""
    if (found := text(value)) is None:
        return None
    month, day, year = _fitting(_US, found, "MM/dd/yyyy").groups()
    return iso_date(year, month, day)


def date_compact_dmy(value: object) -> str | None:
    """`ddMMyyyy` or `yyyy` → ISO; a month or day `00` is one that nobody knows."""
    if (found := text(value)) is None:
        return None
    day, month, year = _fitting(_DAY_FIRST_DIGITS, found, "ddMMyyyy").groups()
    return iso_date(year, None if month == "00" else month, None if day == "00" else day)


def date_month_name(value: object) -> str | None:
    """`15 Feb 1990`, `15-FEB-1990`, `February 15, 1990`, `Feb 1990` (English names) → ISO, in the same precision."""
    if (found := text(value)) is None:
        return None
    if (parts := _MONTH_NAME_DAY.fullmatch(found.lower())) is not None:
        name, day, year = parts.groups()
    else:
        day, name, year = _fitting(_DAY_MONTH_NAME, found.lower(), "dd Mon yyyy").groups()
    if name not in _MONTH_OF:
        raise Unreadable("no such month")
    return iso_date(year, _MONTH_OF[name], day)


def date_words_vn(value: object) -> str | None:
    """`ngày 15 tháng 2 năm 1990`, `tháng 2 năm 1990` or `năm 1990` → ISO, in the same precision."""
    if (found := text(value)) is None:
        return None
    day, month, year = _fitting(_WORDS, found, "ngày dd tháng MM năm yyyy").groups()
    return iso_date(year, month, day)


def date_xsd(value: object) -> str | None:
    """`1990-02-15+07:00`, `1990-02Z`, `1990` (date, gYearMonth, gYear of XML Schema) → the date as it stands there."""
    if (found := text(value)) is None:
        return None
    return iso_date(*_fitting(_XSD, found, "a date of XML Schema").groups())


def date_parts(value: object) -> str | None:
    """`parts` in the order year, month, day → ISO; a blank or zero month or day is one that nobody knows."""
    if not isinstance(value, list):
        return None
    if len(value) != _PARTS:
        raise Unreadable("not year, month, day")
    year, month, day = (_known(one) for one in value)
    if year is None:
        if month or day:
            raise Unreadable("a day without a year")
        return None
    if not (
        _YEAR.fullmatch(year) and all(one is None or _MONTH_OR_DAY.fullmatch(one) for one in (month, day))
    ):
        raise Unreadable("not year, month, day")
    return iso_date(year, month, day)


def _known(part: object) -> str | None:
    found = text(part)
    return None if found is None or found.strip("0") == "" else found


def zoned_transforms(zone: str) -> dict[str, Transform]:
    """The transforms that need the time zone of the provider, an IANA name."""
    return {
        "epoch_seconds": lambda value: _day_of(_epoch(value, _SECONDS, 1), zone),
        "epoch_milliseconds": lambda value: _day_of(_epoch(value, _MILLISECONDS, 1000), zone),
        "date_of_time": lambda value: _day_of(_written(value, _ISO_TIME, "", zone), zone),
        "time_iso": lambda value: _rfc3339(_written(value, _ISO_TIME, "", zone)),
        "time_compact": lambda value: _rfc3339(_written(value, _COMPACT_TIME, "%Y%m%d%H%M%S", zone)),
        "time_vn": lambda value: _rfc3339(_written(value, _TIME_VN, "%d/%m/%Y %H:%M:%S", zone)),
        "time_epoch_seconds": lambda value: _rfc3339(_epoch(value, _SECONDS, 1)),
        "time_epoch_milliseconds": lambda value: _rfc3339(_epoch(value, _MILLISECONDS, 1000)),
    }


@cache
def zone_of(name: str) -> ZoneInfo:
    """The rules of a time zone, read once. Raises ValueError or LookupError where this machine does not know it."""
    return ZoneInfo(name)


def _epoch(value: object, pattern: re.Pattern[str], per_second: int) -> datetime | None:
    """The moment so many units after 1970 began in UTC, with the offset that is written."""
    if (found := text(value)) is None:
        return None
    parts = _fitting(pattern, found, "seconds since 1970" if per_second == 1 else "milliseconds since 1970")
    number = Decimal(next(one for one in parts.groups() if one and one != "/"))
    if number in _NO_MOMENT:
        raise Unreadable("what computers write where they know no time")
    is_small = abs(number) < _SECONDS_OR_MORE
    if not found.startswith("/Date") and is_small is not (per_second == 1):
        raise Unreadable("seconds for milliseconds, or milliseconds for seconds")
    try:
        moment = _EPOCH + timedelta(seconds=math.floor(number / per_second))
        offset = parts.groupdict().get("offset")
        return moment.astimezone(datetime.strptime(offset, "%z").tzinfo) if offset else moment
    except (OverflowError, ValueError):
        raise Unreadable("no such date") from None


def _written(value: object, pattern: re.Pattern[str], form: str, zone: str) -> datetime | None:
    """A written moment; without an offset it is of the zone. `form` blank: ISO 8601."""
    if (found := text(value)) is None:
        return None
    _fitting(pattern, found, form or "yyyy-MM-ddTHH:mm:ss")
    try:
        said = datetime.fromisoformat(found) if not form else _by_form(found, form)
        return said if said.tzinfo is not None else said.replace(tzinfo=zone_of(zone))
    except ValueError:
        raise Unreadable("no such time") from None


def _by_form(found: str, form: str) -> datetime:
    seconds = "%S" if "/" not in form else ":%S"
    whole = len(found) == (19 if "/" in form else 14)
    return datetime.strptime(found, form if whole else form.removesuffix(seconds))  # noqa: DTZ007 -- the zone follows


def _day_of(moment: datetime | None, zone: str) -> str | None:
    if moment is None:
        return None
    try:
        day = moment.astimezone(zone_of(zone)).date()
    except OverflowError:
        raise Unreadable("no such date") from None
    if moment.time() == _MIDNIGHT and day != moment.date():
        raise Unreadable("a date of another zone, or a moment")
    year, month, number = day.isoformat().split("-")
    return iso_date(year, month, number)


def _rfc3339(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    try:
        return rfc3339(moment)
    except OverflowError:
        raise Unreadable("no such time") from None

"""Codecs of portal messages: named pairs of pure functions between a wire value and a canonical value.

Canonical values are plain JSON of `gateway/domain/dossier.py`: times are RFC 3339 in UTC. Wire forms:
national-portal.md A.3 (dates, booleans and numbers of the bus), D and F. Reading is lenient about the type
(`"1"`, `1`, `true`); writing has one form.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from gateway.domain import sentences as say
from gateway.domain.dates import VIETNAM
from gateway.domain.sentences import Sentence
from gateway.domain.signs import hides_in_code
from gateway.mapping.transforms import Hidden, Unreadable

#: what ends a text that was cut (national-portal.md A.11)
ELLIPSIS = "..."
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2})?)?", re.ASCII)
_DAY = re.compile(r"([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{4})", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_YES, _NO = frozenset({"true", "1"}), frozenset({"false", "0"})
#: integers outside are written as text: JSON of 64 bits
_LARGEST = 2**63


class NotWritable(ValueError):
    """A canonical value that the wire cannot carry; `sentence` says why, without the value."""

    def __init__(self, sentence: Sentence) -> None:
        """`sentence`: why."""
        super().__init__(sentence.en)
        self.sentence = sentence


class Codec(NamedTuple):
    """Both ways of a value. Blank values never reach it."""

    #: wire value -> canonical value; raises Unreadable
    read: Callable[[object], object]
    #: canonical value -> wire value; raises NotWritable
    write: Callable[[Any], object]
    #: a text of the wire within a limit of characters; None: this codec has no limit
    limited: Callable[[str, int], str] | None = None


def clean_text(text: str) -> str:
    """NFC, with `LF` as line end; control characters and lone surrogates become spaces."""
    if text.isprintable() and unicodedata.is_normalized("NFC", text):
        return text
    found = text.replace("\r\n", "\n").replace("\r", "\n")
    found = _UNPRINTABLE.sub(" ", found)
    return found if unicodedata.is_normalized("NFC", found) else unicodedata.normalize("NFC", found)


def is_blank(text: str) -> bool:
    """Whether nothing is left of a text that is clean."""
    return not (text if text.isprintable() else clean_text(text)).strip()


def clean_json(value: object) -> Any:  # noqa: ANN401 -- plain JSON
    """A foreign value that any JSON writer can write: clean texts, finite numbers of 64 bits."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(name)): clean_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        return number_text(value)
    return value


def number_text(value: float) -> str:
    """A number as text; raises Unreadable for one that is too long to be a code."""
    if isinstance(value, int) and abs(value) >= 10**40:
        raise Unreadable("too many digits")
    return str(value)


def read_text(value: object) -> str:
    """Free text; a number becomes its text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unreadable("not text")
    return clean_text(value) if isinstance(value, str) else number_text(value)


def read_code(value: object) -> str:
    """A code: trimmed, on one line, without invisible characters."""
    if isinstance(value, bool | float) or not isinstance(value, str | int):
        raise Unreadable("not a code")
    found = unicodedata.normalize("NFC", value.strip()) if isinstance(value, str) else number_text(value)
    if hides_in_code(found):
        raise Hidden("invisible characters")
    return found


def truncated(text: str, limit: int) -> str:
    """The text, cut with `...` so that it has at most `limit` characters; no letter loses its marks."""
    if len(text) <= limit:
        return text
    end = max(limit - len(ELLIPSIS), 0)
    while end and unicodedata.combining(text[end]):
        end -= 1
    return (text[:end] + ELLIPSIS)[:limit]


def _within(text: str, limit: int) -> str:
    if len(text) > limit:
        raise NotWritable(say.CODE_TOO_LONG(limit=limit))
    return text


def _as_text(value: object) -> str:
    return clean_text(str(value))


def _utc(local: datetime) -> str:
    return local.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _local(value: str) -> datetime:
    """A canonical time in Việt Nam, in whole seconds."""
    try:
        return datetime.fromisoformat(value).astimezone(VIETNAM).replace(microsecond=0)
    except (ValueError, OverflowError, TypeError):
        raise NotWritable(say.NO_TIME) from None


def _moment(*parts: str | None) -> str:
    try:
        return _utc(datetime(*(int(one or 0) for one in parts), tzinfo=VIETNAM))  # type: ignore[misc, arg-type]
    except (ValueError, OverflowError):
        raise Unreadable("no such time") from None


def read_time(value: object) -> str:
    """A time in any form that portals write, without an offset in UTC+7 → RFC 3339.

    `yyyyMMddHHmmss` (also cut to minutes or days), ISO 8601 (with a blank or a `T`), `dd/MM/yyyy` (also with dashes).
    """
    found = read_code(value)
    if compact := _COMPACT.fullmatch(found):
        return _moment(*compact.groups())
    if day := _DAY.fullmatch(found):
        return _moment(*reversed(day.groups()))
    try:
        one = datetime.fromisoformat(found)
        return _utc((one if one.tzinfo else one.replace(tzinfo=VIETNAM)).replace(microsecond=0))
    except (ValueError, OverflowError):
        raise Unreadable("not a time") from None


def write_bus_time(value: str) -> str:
    """RFC 3339 → `yyyyMMddHHmmss`, UTC+7."""
    one = _local(value)
    return f"{one.year:04}{one.month:02}{one.day:02}{one.hour:02}{one.minute:02}{one.second:02}"


def write_local_time(value: str) -> str:
    """RFC 3339 → `yyyy-MM-dd HH:mm:ss`, UTC+7."""
    return _local(value).replace(tzinfo=None).isoformat(" ")


def write_iso_time(value: str) -> str:
    """RFC 3339 → the same moment with the offset +07:00."""
    return _local(value).isoformat()


def write_day(value: str) -> str:
    """RFC 3339 → `dd/MM/yyyy`, the day in Việt Nam."""
    one = _local(value)
    return f"{one:%d/%m/}{one.year:04}"


def read_flag(value: object) -> bool:
    """True, "True", "1", 1 and their opposites."""
    word = str(value).strip().lower() if isinstance(value, bool | int | str) else ""
    if word not in _YES | _NO:
        raise Unreadable("not a yes or no")
    return word in _YES


def read_whole(value: object) -> int:
    """A whole number of at most 15 digits, also as text."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    found = read_code(value)
    if _WHOLE.fullmatch(found) is None:
        raise Unreadable("not a whole number")
    return int(found)


def write_whole(value: object) -> int:
    """A whole number; a code of digits too."""
    if isinstance(value, bool) or _WHOLE.fullmatch(str(value)) is None:
        raise NotWritable(say.WHOLE_NUMBER_EXPECTED)
    return int(str(value))


CODECS: Mapping[str, Codec] = {
    "text": Codec(read_text, _as_text, truncated),
    "code": Codec(read_code, _as_text, _within),
    "bus_time": Codec(read_time, write_bus_time),
    "local_time": Codec(read_time, write_local_time),
    "iso_time": Codec(read_time, write_iso_time),
    "day": Codec(read_time, write_day),
    "bus_flag": Codec(read_flag, lambda value: "True" if value else "False"),
    "yes_no": Codec(read_flag, lambda value: "1" if value else "0"),
    "flag": Codec(read_flag, bool),
    "int": Codec(read_whole, write_whole),
    "json": Codec(clean_json, clean_json),
}

"""Bodies of HTTP answers: decompressed up to a limit, and judged (RFC 9110).

A page for people, an empty body or a 204 is never an answer about a person.
"""

import codecs
import math
import re
import zlib
from collections.abc import Collection
from datetime import UTC
from email.utils import parsedate_to_datetime

from adapters.transport.connection import HttpAnswer
from adapters.transport.faults import from_status, invalid
from adapters.transport.meanings import NO_MEANINGS, Meanings
from gateway.domain.evidence import Outcome
from gateway.domain.fault_codes import FaultCode
from gateway.ports.clock import Clock

_LONGEST_RETRY_AFTER = 3_600
FIRST_ERROR = 400
_NO_CONTENT = frozenset({204, 205, 206})
#: charsets whose texts pass for ASCII and mean something else
_SHIFTING = re.compile(rb"(?i)charset\s*=\s*[\"']?(?:utf-?7|hz|iso-2022)")
#: zlib window: 32 + 15 accepts gzip and zlib headers, -15 is a bare deflate stream
_ANY_HEADER, _NO_HEADER = 47, -15
_DEFLATE_METHOD = 8
#: a page for people: by its media type, by the first bytes of its body
_PAGE_KIND = re.compile(rb"(?i)text/html")
_PAGE, _BEGIN = re.compile(rb"(?i)[\xef\xbb\xbf \t\r\n]*(?:<!doctype html|<html)"), 64
#: media types of data that is written without brackets, or in parts
_DATA_KIND = re.compile(
    rb"(?i)multipart/|(?:text|application)/(?:[\w.+-]*(?:csv|yaml|tab-separated-values)|x-www-form-urlencoded)"
)
#: signs of a record in XML or JSON; they are these bytes in UTF-8, UTF-16 and UTF-32 alike
_SIGNS = re.compile(rb"[<{\[]")


def unpack(body: bytes, coding: str, limit: int, status: int) -> bytes:
    """The body without its content coding; ProviderError(INVALID) when it is longer than `limit` bytes or no such."""
    coding = coding.strip().lower()
    if coding in {"identity", ""}:
        return body
    if coding not in {"gzip", "x-gzip", "deflate"}:
        raise invalid(status)
    if not body:
        return body
    bare = coding == "deflate" and body[0] & 0x0F != _DEFLATE_METHOD
    inflate = zlib.decompressobj(_NO_HEADER if bare else _ANY_HEADER)
    try:
        plain = inflate.decompress(body, limit + 1)
    except zlib.error:
        raise invalid(status) from None
    if len(plain) > limit:
        raise invalid(status, FaultCode.ANSWER_TOO_LARGE)
    if inflate.unused_data or not inflate.eof:
        raise invalid(status)
    return plain


def checked(
    answer: HttpAnswer,
    accepts: Collection[int],
    limit: int,
    clock: Clock,
    meanings: Meanings = NO_MEANINGS,
    *,
    reads_absence: bool = False,
) -> HttpAnswer:
    """The answer without its coding; ProviderError unless it is a success with a body, or of an accepted status.

    `accepts`: statuses from 400 on whose body somebody reads (a SOAP fault in a 500), and successes whose body does not
    matter. `limit`: bytes of the body.
    `meanings`: what statuses and fault codes mean to this source; a page for people means nothing.
    `reads_absence`: somebody reads the body of an error that means `not_found`.
    """
    status, fields, body = answer
    coding = fields.get(b"content-encoding")
    if coding is not None:
        body = unpack(body, coding.decode("latin-1"), limit, status)
        answer = HttpAnswer(status, fields, body)
    kind = fields.get(b"content-type", b"")
    if status >= FIRST_ERROR:
        is_page = _PAGE_KIND.match(kind) or _PAGE.match(body, 0, _BEGIN)
        if status not in accepts or not body.strip() or is_page:
            known = NO_MEANINGS if is_page else meanings
            error = known.of_error(status, kind, body, retry_after(fields.get(b"retry-after"), clock))
            if error.outcome is not Outcome.NOT_FOUND or not reads_absence or not body.strip():
                raise error
    elif status // 100 != 2 or (status in _NO_CONTENT and status not in accepts):
        raise from_status(status)
    elif status not in accepts and (
        not body
        or body.isspace()
        or _PAGE_KIND.match(kind)
        or _PAGE.match(body, 0, _BEGIN)
        or _SHIFTING.search(kind)
    ):
        raise invalid(status)
    return answer


def may_have_record(kind: bytes, body: bytes) -> bool:
    """Whether the body of an error may have a record in it: all but a plain text for people.

    `kind`: its media type. A text is in UTF-8 or, with a byte order mark, in UTF-16, without brackets of XML and JSON,
    and of no type that holds data without them (CSV, YAML, forms).
    """
    if _DATA_KIND.match(kind) or _SHIFTING.search(kind) or _SIGNS.search(body):
        return True
    try:
        body.decode("utf-16" if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8")
    except UnicodeDecodeError:
        return True
    return False


def retry_after(value: bytes | None, clock: Clock) -> int | None:
    """Seconds that a Retry-After asks for (number or HTTP date), within sensible bounds; None without one."""
    if value is None:
        return None
    text = value.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        seconds = int(text[:6])
    else:
        try:
            when = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        aware = when if when.tzinfo else when.replace(tzinfo=UTC)
        try:
            seconds = math.ceil((aware - clock.now()).total_seconds())
        except OverflowError:
            return None
    return min(max(seconds, 1), _LONGEST_RETRY_AFTER)

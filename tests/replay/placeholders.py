"""Texts with placeholders where two runs must differ: ids, times, digests, tokens, measured times, addresses.

Equal values of one text get equal placeholders (`<id 1>`), so that which id stands where is compared.
Times near now keep their distance from now in minutes.
Signed tokens are opened: header, claims and disclosures are compared, salts and signatures are not.
Everything else stays byte for byte.
"""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime, timedelta

_NEAR_TEXT = timedelta(days=1)
_NEAR_NUMBER = timedelta(days=60)

_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]*\.[\w-]*(?:~[\w-]*)*")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_SECONDS = re.compile(r'(?<=[":, ])1[7-9]\d{8}\b')
_SALTS = re.compile(r'"_sd":\[[^\]]*\]')
_ADDRESS = re.compile(r"127\.0\.0\.1:\d+")
#: measured or counted down while the request runs, or places in a log that other requests share
_MEASURED = re.compile(r'"(elapsed_ms|ms|leaf_index|retry_in|retry_after|i|size)":-?\d+')
_LATENCIES = re.compile(r'"latency_ms":\{[^}]*\}')
_NUMBER = re.compile(r":[\d.]+")
_SEALED = re.compile(r'"sealed":"([^"]+)"')
#: kind -> what stands for it; the first group is what is numbered
_NUMBERED = {
    "call": re.compile(r"(?<=[0-7][0-9A-HJKMNP-TV-Z]{25}-)(\d+)\b"),
    "id": re.compile(r"\b([0-7][0-9A-HJKMNP-TV-Z]{25})\b"),
    "handle": re.compile(r"\b((?:cs|cr|sr)-[a-z0-9]{20,32})\b"),
    "pending": re.compile(r'(?<="pending":")([\w-]{20,})(?=")'),
    "hash": re.compile(r"\b([0-9a-f]{64})\b"),
    "digest": re.compile(r'(?<=")([0-9a-f]{32}|[0-9a-f]{16})(?=")'),
    "token id": re.compile(r'(?<="jti":")([\w-]{22})(?=")'),
    "key": re.compile(r'(?<=")([\w-]{43})(?=")'),
}


def replaced(text: str, now: datetime) -> str:
    """The text with its placeholders; `now` is when its request was sent (UTC)."""
    text = _TOKEN.sub(lambda found: _opened(found.group()), text)
    text = _TIME.sub(lambda found: _near(found, now), text)
    text = _SECONDS.sub(lambda found: _near_number(found.group(), now), text)
    text = _SALTS.sub(lambda found: f'"_sd":<{found.group().count(",") + 1} digests>', text)
    text = _ADDRESS.sub("<address>", text)
    text = _MEASURED.sub(r'"\1":<number>', text)
    text = _LATENCIES.sub(lambda found: _NUMBER.sub(":<number>", found.group()), text)
    text = _SEALED.sub(lambda found: f'"sealed":"<{len(found.group(1))} signs>"', text)
    for kind, pattern in _NUMBERED.items():
        text = pattern.sub(_numbering(kind), text)
    return text


def _numbering(kind: str) -> Callable[[re.Match[str]], str]:
    seen: dict[str, int] = {}
    return lambda found: f"<{kind} {seen.setdefault(found.group(1), len(seen) + 1)}>"


def _near(found: re.Match[str], now: datetime) -> str:
    distance = datetime.fromisoformat(found.group()) - now
    if abs(distance) > _NEAR_TEXT:
        return found.group()
    digits = len(found.group(1) or ".") - 1
    return f"<now {_minutes(distance):+}, {digits} digits, {found.group(2)}>"


def _near_number(text: str, now: datetime) -> str:
    distance = timedelta(seconds=int(text) - now.timestamp())
    return text if abs(distance) > _NEAR_NUMBER else f"<now {_minutes(distance):+}>"


def _minutes(distance: timedelta) -> int:
    return round(distance.total_seconds() / 60)


def _opened(token: str) -> str:
    """A JWS (RFC 7515) or SD-JWT (RFC 9901) as its decoded parts; what is no such token stays."""
    signed, *disclosures = token.split("~")
    header, claims, _signature = signed.split(".")
    try:
        parts = [_decoded(header), _decoded(claims)]
        parts += [_decoded(one).partition(",")[2] for one in disclosures if one]
    except (binascii.Error, UnicodeDecodeError):
        return token
    return "<signed " + " ".join(parts) + ">"


def _decoded(part: str) -> str:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True).decode()

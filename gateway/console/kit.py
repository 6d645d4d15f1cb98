"""Values of the kit: pages that show every component in every state, with invented words and numbers."""

import re
from collections.abc import Mapping
from pathlib import Path

from gateway.audit.story_words import OUTCOMES
from gateway.console.charts import Banded, Portion, Quantiles

_MONTHS = ("12", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11")
_USES = (0, 2, 0, 1, 0, 0, 0, 1, 0, 1, 1, 3)
_EXCHANGE = "01M8F0K355GDVAM6SEGVA9W798"
#: what a provider could send: markup, a turn of the direction, a sign without width, far too long
HOSTILE = '<img src=x onerror=alert(1)>"\u202eKHANG\u200bMINH' + "Ễ" * 10_000


def kit_values() -> Mapping[str, object]:
    """Of the templates `kit/…`."""
    return {
        "icons": _icons(),
        "exchange_id": _EXCHANGE,
        "time": "2026-11-27T02:14:32.039Z",
        "hostile": HOSTILE,
        "uses": tuple(zip(_MONTHS, _USES, strict=True)),
        "days": tuple((f"{day:02}", (day * 37) % 211) for day in range(1, 31)),
        "latencies": _latencies(),
        "outcomes": (
            ("CSDL quốc gia về dân cư", (812, 96, 7, 12, 0)),
            ("CSDL hộ tịch điện tử", (402, 310, 3, 141, 2)),
            ("Dữ liệu y tế", (18, 44, 60, 31, 0)),
        ),
        "parts_vi": _parts(0),
        "parts_en": _parts(1),
        "volumes": tuple(
            Banded(label=f"{day:02}", value=value, median=120, low=90, high=150)
            for day, value in enumerate(
                (118, 131, 96, 104, 122, 149, 117, 288, 125, 101, 92, 43, 110, 127), start=1
            )
        ),
        "week": tuple(
            tuple(0 if hour < 6 else (9 - abs(12 - hour)) * (7 - day) % 43 for hour in range(24))
            for day in range(7)
        ),
        "hashes": tuple(f"{place * 0x9E3779B9 % 2**32:08x}{'0' * 56}" for place in range(1, 5)),
        "rows": tuple(
            (f"09:14:{second:02},039", "portal", "Cấp giấy xác nhận tình trạng hôn nhân", second * 7)
            for second in range(1, 6)
        ),
    }


def _icons() -> tuple[str, ...]:
    sprite = Path(__file__).parent / "static" / "vendor" / "icons.svg"
    return tuple(re.findall(r'<symbol id="([^"]+)"', sprite.read_text(encoding="utf-8")))


def _latencies() -> tuple[Quantiles, ...]:
    return tuple(
        Quantiles(label=f"{hour:02}:00")
        if hour in {3, 4}
        else Quantiles(
            label=f"{hour:02}:00", p50=12 + hour % 5, p95=60 + 9 * (hour % 7), p99=240 + 90 * (hour % 9)
        )
        for hour in range(24)
    )


def _parts(which: int) -> tuple[Portion, ...]:
    codes = ("found", "not_found", "refused", "unavailable", "invalid")
    return tuple(Portion(word=OUTCOMES[code][which], kind=OUTCOMES[code][2]) for code in codes)

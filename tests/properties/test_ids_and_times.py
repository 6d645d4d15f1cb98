"""Ids and times as records and answers carry them."""

import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.dates import rfc3339
from gateway.domain.identifiers import made_at, new_exchange_id

ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.ASCII)


def test_id_is_a_ulid_of_now() -> None:
    before = time.time_ns() // 1_000_000
    ids = [new_exchange_id() for _ in range(1_000)]
    after = time.time_ns() // 1_000_000
    assert all(ULID.fullmatch(one) for one in ids)
    assert all(before <= round(made_at(one) * 1_000) <= after for one in ids)
    assert ids[0][:10] <= ids[-1][:10]


def test_every_letter_of_chance_is_as_likely_as_another_at_every_place() -> None:
    chances = [new_exchange_id()[10:] for _ in range(6_400)]
    assert len(set(chances)) == len(chances)
    for place in range(16):
        found = Counter(one[place] for one in chances)
        # 200 each on average; one in a thousand million runs goes so far from it.
        assert len(found) == 32
        assert all(90 < count < 330 for count in found.values())


@given(
    st.datetimes(timezones=st.just(UTC))
    | st.datetimes(
        min_value=datetime(2, 1, 1),  # noqa: DTZ001 -- the strategy adds the zone
        max_value=datetime(9998, 1, 1),  # noqa: DTZ001 -- as above
        timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    )
)
def test_time_is_in_utc_with_milliseconds(moment: datetime) -> None:
    assert rfc3339(moment) == moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"

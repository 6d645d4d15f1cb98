"""F29: the lease of whoever numbers records, under clocks that are wrong."""

import pytest

from adapters.stores.sequence_batch import LEASE_SECONDS, LogStateRow

NOON = 1_795_608_000.0


@pytest.mark.parametrize(
    ("until", "free"),
    [
        (LEASE_SECONDS, False),
        (0.1, False),
        (-0.1, True),
        (-300, True),
        # as another one's clock is ahead by as much as a lease lasts
        (2 * LEASE_SECONDS, False),
        # as written before the clock was set back by five minutes, by an hour
        (300 + LEASE_SECONDS, True),
        (3_600 + LEASE_SECONDS, True),
    ],
)
def test_lease_of_a_clock_that_was_ahead_binds_nobody_but_its_owner(until: float, free: bool) -> None:
    state = LogStateRow(5, 5, 5, "", "", "", "one", NOON + until)
    assert state.leased_to("another", NOON) == free
    assert state.leased_to("one", NOON)

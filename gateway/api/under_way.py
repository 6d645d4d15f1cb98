"""How many calls of one caller may be under way at a time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from gateway.domain import sentences as say
from gateway.domain.errors import TooMany


@contextmanager
def counted(counts: dict[str, int], bounds: Mapping[str, int]) -> Iterator[None]:
    """Count one call for each name of `bounds` until it ends. Raises TooMany where one of them has its most already.

    The dispatcher does the same in its own lines: a prefill pays for each call of a function.
    """
    for name, most in bounds.items():
        if counts.get(name, 0) >= most:
            raise TooMany(say.AT_MOST_AT_A_TIME(most=most), retry_after=1)
    for name in bounds:
        counts[name] = counts.get(name, 0) + 1
    try:
        yield
    finally:
        for name in bounds:
            counts[name] -= 1
            if not counts[name]:
                del counts[name]

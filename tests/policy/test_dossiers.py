"""Patterns of dossier codes: what they fit, and that no code makes them try for long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.dossiers import looks_like

patterns = st.text("ab*. ", max_size=8)


def fits(pattern: str, code: str) -> bool:
    """By its definition: `*` is nothing, or a printable sign and `*` again."""
    if not pattern:
        return not code
    if pattern[0] == "*":
        return fits(pattern[1:], code) or ("!" <= code[:1] <= "~" and fits(pattern, code[1:]))
    return code[:1] == pattern[0] and fits(pattern[1:], code[1:])


@given(st.lists(patterns, max_size=3), st.text("ab. ", max_size=8))
def test_code_fits_a_pattern_as_stars_are_defined(written: list[str], code: str) -> None:
    assert looks_like(written)(code) == any(fits(one, code) for one in written)


@pytest.mark.parametrize("end", ["a", "b"])
def test_pattern_of_many_stars_is_tried_once(end: str) -> None:
    # tried in every place of each star, this would not end within years
    assert looks_like(["*a" * 20 + "*b"])("a" * 99 + end) == (end == "b")

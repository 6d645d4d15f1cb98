"""Numbers of people in texts: found as the plain patterns find them."""

import re
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.identifiers import may_name_a_person, personal_ids_in

INSIDE = re.compile(rb"(?<![0-9])0[0-9]{11}(?![0-9])")
GROUPS = re.compile(r"\d+(?:[\s.\-_\u2010-\u2015\u2212]{1,3}\d+)*")
PIECES = st.sampled_from(
    ["0", "033", "033190584726", "1", "9", "12", "123456", ".", "-", " ", "_", "\t", "\x1c", "a", '"']
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_personal_ids_are_found_as_the_pattern_finds_them(text: str) -> None:
    found = [number.decode() for number in dict.fromkeys(INSIDE.findall(text.encode()))]
    assert personal_ids_in(text.encode()) == found


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=20))
def test_number_of_a_person_is_suspected_as_the_pattern_suspects_it(text: str) -> None:
    found = False
    for group in GROUPS.findall(text) if text.isascii() else ():
        lengths = [len(digits) for digits in re.findall(r"\d+", group)]
        found = found or any({9, 12} & set(accumulate(lengths[at:])) for at in range(len(lengths)))
    if text.isascii() and not re.search(r"[A-Z][0-9]{2}", text):  # no code of a dossier
        assert may_name_a_person(text) is found

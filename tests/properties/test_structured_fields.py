"""Structured fields: what is read is written in one spelling, and nothing is raised but that a field cannot be read."""

import string

import pytest
from http_sf import Token
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.messages.faults import SignatureBroken
from gateway.messages.kept import read_kept
from gateway.messages.structured import InnerList, Item, dictionary, written

NAMES = st.text(string.ascii_lowercase + string.digits + "_-.*", min_size=1, max_size=8).map(
    lambda t: "a" + t
)
PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
BARE = PLAIN | st.integers(-(10**14), 10**14) | st.binary(max_size=20) | st.booleans() | NAMES.map(Token)
PARAMS = st.dictionaries(NAMES, BARE, max_size=3)
ITEMS = st.builds(Item, BARE, PARAMS)
LISTS = st.builds(InnerList, st.lists(ITEMS, max_size=4), PARAMS)


@given(st.dictionaries(NAMES, LISTS | ITEMS, min_size=1, max_size=3))
def test_what_is_written_is_read_again(found: dict[str, Item | InnerList]) -> None:
    text = ", ".join(f"{name}={written(value)}" for name, value in found.items())
    read = dictionary(text)
    assert ", ".join(f"{name}={written(value)}" for name, value in read.items()) == text


@given(PLAIN | st.text(max_size=40))
@example('sig=("a" "b";req);created=1')
@example("a=(((")
@example("a=:=:")
def test_reading_raises_nothing_but_that_it_cannot_be_read(text: str) -> None:
    try:
        dictionary(text)
    except SignatureBroken:
        return


def test_lines_of_a_kept_message_end_as_those_of_http_do_and_nowhere_else() -> None:
    odd = "a\x0bb\x0cc\x1cd\x1de\x1ef\x85g".encode("latin-1")
    for end in (b"\r\n", b"\n"):
        raw = end.join([b"POST / HTTP/1.1", b"Host: a", b"X: " + odd, b"", b"first\r\n\r\nlast"])
        message, body = read_kept(raw)
        assert message.fields == {"host": ["a"], "x": [odd.decode("latin-1")]}
        assert body == b"first\r\n\r\nlast"
    assert read_kept(b"HTTP/1.1 200 OK\r\nA: b\r\n").message.fields == {"a": ["b"]}


def test_kept_message_of_too_many_fields_is_refused_whole() -> None:
    fields = [b"X-%d: y" % number for number in range(201)]
    assert len(read_kept(b"\r\n".join([b"HTTP/1.1 200 OK", *fields[:200], b"", b""])).message.fields) == 200
    with pytest.raises(SignatureBroken, match="200"):
        read_kept(b"\r\n".join([b"HTTP/1.1 200 OK", *fields, b"", b""]))


@given(st.binary(max_size=200))
@example(b"POST / HTTP/1.1\r\nHost: a:b\r\n\r\n")
@example(b"HTTP/1.1 200\r\n: \r\n\r\n")
def test_kept_bytes_that_are_no_message_are_told(raw: bytes) -> None:
    try:
        read_kept(raw)
    except SignatureBroken:
        return

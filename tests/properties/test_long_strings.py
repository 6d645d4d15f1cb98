"""Files are taken out of JSON text at whatever bytes its pieces end."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.long_strings import Base64Decoder, LongStrings, NotBase64, TooMuchText

LONGEST = 24
TEXTS = st.one_of(
    st.text(max_size=60),
    st.binary(max_size=200).map(lambda content: base64.b64encode(content).decode()),
    st.sampled_from(["\\u", '\\\\u0041"', "a\\", "\\u1e", "đ" * 40, '"' * 30, "\\" * 31, "A" * 30 + "\\u00"]),
)
TREES = st.recursive(
    TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
#: as Gson, PHP and MIME encoders write base64
STYLES = st.sampled_from(["plain", "slashes", "equals"])


def written(tree: object, style: str) -> bytes:
    text = json.dumps(tree, ensure_ascii=style == "slashes")
    if style == "slashes":
        text = text.replace("/", "\\/")
    if style == "equals":
        text = text.replace("=", "\\u003d")
    return text.encode("utf-8", "surrogatepass")


def put_back(node: Any, found: dict[str, bytes]) -> Any:
    if isinstance(node, dict):
        return {put_back(name, found): put_back(one, found) for name, one in node.items()}
    if isinstance(node, list):
        return [put_back(one, found) for one in node]
    return found[node].decode("latin-1") if node in found else node


def only_ascii(node: Any) -> Any:
    """Characters that no base64 has are not kept apart from one another in a file."""
    if isinstance(node, dict):
        return {only_ascii(name): only_ascii(one) for name, one in node.items()}
    if isinstance(node, list):
        return [only_ascii(one) for one in node]
    return "".join(one if one < "\x80" else "\0" for one in node)


@given(tree=TREES, style=STYLES, cuts=st.lists(st.integers(1, 40), min_size=1, max_size=40))
def test_text_is_the_same_after_its_files_were_taken_out(tree: object, style: str, cuts: list[int]) -> None:
    raw = written(tree, style)
    strings = LongStrings("mark", longest=LONGEST, largest=1_000_000, most=1_000)
    found: dict[str, bytes] = {}
    at, turn = 0, 0
    while at < len(raw):
        end = at + cuts[turn % len(cuts)]
        for part in strings.feed(raw[at:end]):
            found[part.mark] = found.get(part.mark, b"") + part.content
        at, turn = end, turn + 1
    left = json.loads(bytes(strings.rest))
    assert only_ascii(put_back(left, found)) == only_ascii(json.loads(raw))


@given(content=st.binary(min_size=100, max_size=2_000), cut=st.integers(1, 97), width=st.integers(4, 80))
def test_file_in_base64_is_decoded_piece_by_piece(content: bytes, cut: int, width: int) -> None:
    text = base64.b64encode(content)
    lines = b"\r\n".join(text[at : at + width] for at in range(0, len(text), width)).rstrip(b"=")
    decoder = Base64Decoder()
    out = b"".join(decoder.feed(lines[at : at + cut]) for at in range(0, len(lines), cut)) + decoder.end()
    assert out == content


@pytest.mark.parametrize("text", [b"QUJD*A==", b"QQ==QQ==", b"Q", b"QUJ\x00"])
def test_what_is_no_base64_is_refused(text: bytes) -> None:
    decoder = Base64Decoder()
    with pytest.raises(NotBase64):
        decoder.feed(text) + decoder.end()


def test_text_that_stays_and_the_number_of_files_are_bounded() -> None:
    few = LongStrings("mark", longest=8, largest=1_000_000, most=2)
    with pytest.raises(TooMuchText):
        few.feed(json.dumps(["A" * 20] * 3).encode())
    small = LongStrings("mark", longest=8, largest=100, most=2)
    with pytest.raises(TooMuchText):
        small.feed(json.dumps(["đ" * 200], ensure_ascii=False).encode())


def test_long_text_that_is_no_file_stays() -> None:
    strings = LongStrings("mark", longest=8, largest=10_000, most=0)
    raw = json.dumps({"NoiDung": "Kính gửi Sở Công Thương. " * 40}).encode()
    assert strings.feed(raw) == []
    assert bytes(strings.rest) == raw

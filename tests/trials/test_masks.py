"""Masks show the form of a message and no value, whatever the message is."""

import json
import re
from urllib.parse import urlencode

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.trials.masks import MOST, MOST_OF_A_VALUE, mask, masked, message, pairs, visible

NAMES = st.text("abcXYZ_", min_size=1, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=15,
)


@given(st.text())
@example("Trâ\u0300n Thị Mẫu, 15/02/1990")
@example("\x1b[31m\u202e\U000e0041")
def test_mask_has_no_letter_but_x_and_no_digit_but_0(text: str) -> None:
    assert re.fullmatch(r"(?:xxx|0|[^\w]|_|·|…)*", mask(text))
    assert len(mask(text)) <= MOST_OF_A_VALUE + 1


def test_words_of_any_length_and_number_look_the_same() -> None:
    assert {mask(word) for word in ("Nam", "Nữ", "có", "không", "chưa kết hôn", "true", "Trần Thị Mẫu")} == {
        "xxx"
    }
    assert [mask(one) for one in ("15/02/1990", "1990-02-15T00:00:00Z", "9" * 40)] == [
        "00/00/0000", "0000-00-00xxx00:00:00xxx", "0" * 16,
    ]  # fmt: skip


def test_names_that_are_data_are_masked() -> None:
    tree = {"033190577123": 1, "Ngô Văn Khác": {"hoTen": "A"}, "line2": "x", "@id": "7", "a 1": 2}
    assert masked(tree) == {
        "000000000000": "0",
        "xxx": {"hoTen": "xxx"},
        "line2": "xxx",
        "@id": "0",
        "xxx 0": "0",
    }
    xml = '<a033190577123 xmlns="urn:x" xmlns:y="033190577123" ngô="1"><b>x</b></a033190577123>'
    assert "033190577123" not in message(xml.encode(), mask)
    assert pairs("q=Ng%C3%B4&033190577123=2", mask) == "q=xxx&000000000000=0"


@given(VALUES)
def test_values_of_json_xml_and_forms_leave_no_trace(value: object) -> None:
    raw = json.dumps({"a": value}).encode()
    assert not re.search(r"[1-9]", message(raw, mask))
    text = str(value)
    for body in (f"<a b='{text}'>{text}</a>", f"<a><![CDATA[{text}]]></a>", text, urlencode({"a": text})):
        shown = message(body.encode("utf-8", "replace"), mask)
        assert not re.search(r"[1-9]", re.sub(r"</?[A-Za-z_@$][^<>]*>", "", shown)), (body, shown)


@given(st.binary(max_size=600))
@example(b"<" * 20_000)
@example(b'<a b="' * 4_000)
@example(b"{" * 20_000)
@example(b'{"a":' * 4_000)
@example(b"<!--" * 5_000)
@example(b"a=" * 9_000)
def test_no_message_is_too_strange(raw: bytes) -> None:
    for how in (mask, visible):
        shown = message(raw, how)
        assert len(shown) <= MOST + 1
        assert all(one.isprintable() or one == "\n" for one in shown)

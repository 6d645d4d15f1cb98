"""Masks show the form of a message and no value, whatever the message is."""

import json
import re
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.trials import masks
from gateway.trials.masks import (
    MOST,
    MOST_OF_A_VALUE,
    CarriedSecrets,
    ShownNames,
    ShownPlaces,
    mask,
    masked,
    media_type,
    message,
    pairs,
    visible,
)

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


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (("+", "-", "±", "(-)", "–"), "·"),
        (("A+", "A-", "AB−", "HIV (+)", "HIV (-)"), "xxx·"),
        (("nguyen.a@b.vn", "x-y_z'q.t@r"), None),
    ],
)  # fmt: skip
def test_signs_that_are_values_look_the_same(values: tuple[str, ...], shown: str | None) -> None:
    assert shown is None or {mask(one) for one in values} == {shown}
    assert not [one for one in values if re.search(r"[-+±−–@]", mask(one))]


def test_names_that_no_contract_says_are_numbers() -> None:
    tree = {
        "PhamVanThu": {"Tran_Thi_Mau": 1, "hoTen": "A"},
        "x033_190_577_123": 1,
        "氏名": {"Tran_Thi_Mau": 2},
    }
    assert (
        masked([tree, tree], ShownNames({"hoTen", "氏名"}))
        == [{"[1]": {"[2]": "0", "hoTen": "xxx"}, "[3]": "0", "氏名": {"[2]": "0"}}] * 2
    )
    xml = '<Ten:hoTen xmlns:q="urn:Tran-Thi-Mau:0331-9000-5771" xmlns="urn:x" Tran=\'1\'><b>x</b></Ten:hoTen>'
    assert message(xml.encode(), mask, ShownNames({"hoTen", "urn:x"})).splitlines() == [
        '<[1]:hoTen xmlns:q="xxx·xxx·xxx·xxx·0000-0000-0000" xmlns="urn:x" [2]="0">',
        "  <[3]>xxx</[3]>",
        "</[1]:hoTen>",
    ]
    # an attribute that a path names with @
    shown = message(b'<Weight unit="kg" other="1"/>', mask, ShownNames({"Weight", "@unit"}))
    assert shown == '<Weight unit="xxx" [1]="0"/>'
    assert pairs("q=Ng%C3%B4&033190577123=2", mask, ShownNames({"q"})) == "q=xxx&[1]=0"


def test_names_of_a_request_are_those_of_its_answer_too() -> None:
    own = ShownNames(is_own=True)
    message(b'<n0:Ask xmlns:n0="urn:a:b"><Who>1</Who><a033190577123/></n0:Ask>', mask, own)
    shown = message(
        b'<n1:Ask xmlns:n1="urn:a:b"><Who/><a033190577123/></n1:Ask>', mask, ShownNames(own.shown)
    )
    assert shown.split() == ["<n1:Ask", 'xmlns:n1="urn:a:b">', "<Who/>", "<[1]/>", "</n1:Ask>"]


def test_media_type_is_one_of_the_known_or_other() -> None:
    given = ('application/json; name="Tran Thi Mau 033190577123"', "TEXT/XML", "tran/thi-mau", "")
    assert [media_type(one) for one in given] == ["application/json", "text/xml", "other", None]


@given(st.text("aBcd059 -._'+:/@&=<>\"{}[]éầЖ字\n", max_size=60), st.sampled_from(["", "{", "<", "a="]))
@example("Tran-Thi-Mau", "<")
def test_no_three_letters_or_digits_of_an_answer_are_shown(text: str, start: str) -> None:
    """Whatever it is, also where names stand."""
    for raw in (f"{start}{text}", json.dumps({text: text}), f"<{text} {text}='{text}'>{text}</{text}>"):
        shown = re.sub(r"xxx|0+|\[\d+\]", "", message(raw.encode(), mask, ShownNames()))
        for word in re.findall(r"[^\W_]{3,}", text):
            assert word.strip("0") == "" or word not in shown, (raw, shown)


@pytest.mark.parametrize(
    "text", ["<a " + "a" * 16_370 + ">", "‹" + "a" * 16_370, "<" + "a" * 16_370, "<a 'b=\"'c"]
)
def test_every_part_of_a_text_is_read_once(text: str) -> None:
    """No attempt to match fails at the end of a long text: then each of its characters would begin another one."""
    for pattern in (masks._PART, masks._MARKUP, masks._PAIR):
        assert "".join(found[0] for found in pattern.finditer(text)) == text
    assert "".join(masks._OF_TAG.findall(text)) == re.sub(r"[\s/]", "", text)


@given(VALUES)
def test_values_of_json_xml_and_forms_leave_no_trace(value: object) -> None:
    raw = json.dumps({"a": value}).encode()
    assert not re.search(r"[1-9]", re.sub(r"\[\d+\]", "", message(raw, mask, ShownNames())))
    text = str(value)
    for body in (f"<a b='{text}'>{text}</a>", f"<a><![CDATA[{text}]]></a>", text, urlencode({"a": text})):
        shown = message(body.encode("utf-8", "replace"), mask, ShownNames())
        assert not re.search(r"[1-9]", re.sub(r"</?[A-Za-z_@$][^<>]*>|\[\d+\]", "", shown)), (body, shown)


@given(st.binary(max_size=600))
@example(b"<" * 20_000)
@example(b'<a b="' * 4_000)
@example(b"{" * 20_000)
@example(b'{"a":' * 4_000)
@example(b"<!--" * 5_000)
@example(b"a=" * 9_000)
def test_no_message_is_too_strange(raw: bytes) -> None:
    for how in (mask, visible):
        shown = message(raw, how, ShownNames())
        assert len(shown) <= MOST + 1
        assert all(one.isprintable() or one == "\n" for one in shown)


OUTSIDE = (
    "<t:Faith>Phật giáo</t:Faith>", "<t:Faith/>", "<t:Faith></t:Faith>", '<t:Faith i:nil="true"/>',
    "<t:Faith><t:Name>x</t:Name><t:Name/></t:Faith>", '<t:Faith code="7">1990</t:Faith>',
    "<t:Faith ><![CDATA[x]]></t:Faith>",
)  # fmt: skip


def test_what_stands_outside_the_agreement_in_a_part_that_is_only_counted_is_left_out() -> None:
    """That a marriage has an end is as much as the end itself."""
    places = ShownPlaces([("Person", "Marriage", "No")], parts=[("Person", "Marriage")])
    names = ShownNames({"Person", "Marriage", "No", "End"})
    ends = "<t:End>1990</t:End>", "<t:End/>", "<t:End><t:No>7</t:No></t:End>", ""
    texts = {
        message(
            '<e:Envelope xmlns:e="urn:e"><e:Body><t:Answer xmlns:t="urn:t"><t:Person><t:Marriage>'
            f"<t:No>12</t:No>{one}</t:Marriage></t:Person></t:Answer></e:Body></e:Envelope>".encode(),
            mask, names, places,
        )
        for one in ends
    }  # fmt: skip
    (shown,) = texts
    assert "<t:No>00</t:No>" in shown
    trees = [{"No": 12, **end} for end in ({}, {"End": None}, {"End": {"No": 7}}, {"Other": "x"})]
    shown_trees = [masked({"Person": {"Marriage": [one]}}, names, places=places) for one in trees]
    assert shown_trees == [{"Person": {"Marriage": [{"No": "00"}]}}] * len(trees)


def test_element_outside_the_agreement_looks_the_same_whatever_it_holds() -> None:
    """Also with an attribute that is not agreed beside one that is."""
    places = ShownPlaces([("Person", "Name"), ("Person", "Kind", "@seen"), ("Person", "Kind", "#text")])
    seen = set()
    for one in OUTSIDE:
        text = (
            f'<e:Envelope xmlns:e="urn:e"><e:Body><t:Answer xmlns:t="urn:t"><t:Person>{one}<t:Name/>'
            '<t:Kind seen="1990" code="7">A</t:Kind></t:Person></t:Answer></e:Body></e:Envelope>'
        )
        names = ShownNames({"Person", "Name", "Kind", "Faith", "seen", "code"})
        seen.add(message(text.encode(), mask, names, places))
    (shown,) = seen
    assert "<t:Faith>•••</t:Faith>" in shown
    assert "<t:Name/>" in shown
    assert '<t:Kind seen="0000" code="•••">xxx</t:Kind>' in shown


def test_short_secret_is_hidden_where_it_is_a_word() -> None:
    secrets = CarriedSecrets({"k7", "long-key", ""})
    assert secrets.without("k7 ak7b LONG-KEYS") == "••• ak7b •••S"
    assert secrets.are_in([{"a": "x k7"}])
    assert not CarriedSecrets().are_in("")

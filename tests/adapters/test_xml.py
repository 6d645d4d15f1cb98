"""The XML door: what is let in, and every way of being refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.transport.xml import XmlLimits, XmlRefused, parse


def _code(data: bytes, limits: XmlLimits | None = None) -> str:
    with pytest.raises(XmlRefused) as caught:
        parse(data, limits)
    return caught.value.code


def test_plain_document_is_read() -> None:
    root = parse('<?xml version="1.0" encoding="UTF-8"?><a>Hưng Yên &amp; <b/></a>'.encode())
    assert root.text == "Hưng Yên & "


@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<?xml version="1.0"?>\n<!-- c --><!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]><a/>',
    ],
)
def test_any_document_type_is_refused_before_parsing(document: bytes) -> None:
    assert _code(document) == "doctype"


def test_document_type_hidden_in_another_encoding_is_refused() -> None:
    assert _code('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'.encode("utf-16")) == "encoding"
    assert _code(b'<?xml version="1.0" encoding="UTF-7"?><a/>') == "encoding"
    assert _code(b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>') == "encoding"


def test_bytes_that_are_not_utf8_are_refused() -> None:
    assert _code(b"<a>\xff</a>") == "encoding"


@pytest.mark.parametrize(
    "document", [b"", b"<a>", b"<a></b>", b"<a>&x;</a>", b"<a/><b/>", b"x", b"<a b='1' b='2'/>"]
)
def test_what_is_not_well_formed_is_refused(document: bytes) -> None:
    assert _code(document) == "not_well_formed"


def test_size_depth_and_number_of_elements_are_limited() -> None:
    assert _code(b"<a>" + b"x" * 100 + b"</a>", XmlLimits(octets=50)) == "too_large"
    assert _code(b"<a>" * 49 + b"</a>" * 49) == "too_deep"
    assert parse(b"<a>" * 48 + b"</a>" * 48) is not None
    assert _code(b"<a>" + b"<b/>" * 100 + b"</a>", XmlLimits(elements=100)) == "too_many_elements"
    assert parse(b"<a>" + b"<b></b>" * 99 + b"</a>", XmlLimits(elements=100)) is not None


@pytest.mark.parametrize(
    "document",
    [
        b"<a><id>033<!-- x -->190</id></a>",
        b"<a><id>033<?x y?>190</id></a>",
        b"<a><id><!-- x --></id></a>",
        b"<a><id/>text<!-- x --></a>",
    ],
)
def test_text_cut_in_two_is_refused(document: bytes) -> None:
    assert _code(document) == "text_cut_in_two"


def test_comments_and_attributes_are_limited_before_anything_is_made_of_them() -> None:
    few = XmlLimits(elements=10, comments=10)
    assert parse(b"<a><b/>" + b"<!---->" * 5 + b"<?x y?>" * 5 + b"</a>", few) is not None
    assert _code(b"<a><b/>" + b"<!---->" * 6 + b"<?x y?>" * 5 + b"</a>", few) == "too_many_comments"
    # not even well-formed: nobody parsed it
    assert _code(b"<" * 2_000_000) == "too_many_elements"
    assert _code(b"<a " + b"b='1' " * 21 + b">", few) == "too_many_attributes"
    assert parse(b"<a>" + b"=" * 100 + b"</a>", few) is not None
    assert parse(b"<a>" + b"='" * 20 + b"</a>", few) is not None


def test_largest_household_fits_in() -> None:
    person = "<p xsi:nil='1'>" + "<x>1</x>" * 38 + "</p>"
    household = f"<a xmlns:xsi='urn:x'>{person * 500}</a>".encode()
    assert len(parse(household)) == 500


def test_comment_between_elements_does_no_harm() -> None:
    assert len(parse(b"<!-- c --><a>\n<!-- c --><b/>\n</a><?x y?>")) == 2


def test_refusal_holds_nothing_of_the_document() -> None:
    with pytest.raises(XmlRefused) as caught:
        parse(b"<a>033917264058</b>")
    assert "033" not in repr(caught.value)
    assert caught.value.__cause__ is None


@given(st.binary(max_size=200) | st.text(alphabet="<>/!?[]&;ab -='\"", max_size=60).map(str.encode))
def test_nothing_but_a_refusal_is_ever_raised(document: bytes) -> None:
    with suppress(XmlRefused):
        parse(document)

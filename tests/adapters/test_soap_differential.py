"""The compiled decoder says of every answer what zeep says of it, on the same WSDL."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from zeep import Settings, Transport
from zeep.helpers import serialize_object
from zeep.wsdl import Document

from adapters.transport.shapes import Shape
from adapters.transport.soap import Decoder, SoapFault
from adapters.transport.wsdl import WsdlOperation, load
from adapters.transport.xml import XmlRefused, parse
from tests.mapping.plain_reader import plain

WSDL = Path(__file__).parents[2] / "schemas/sources/population/population.wsdl"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
OPERATIONS = (
    "TraCuuThongTinCongDan",
    "XacThucThongTinCongDan",
    "XacMinhThongTinNhanThan",
    "XacMinhTinhTrangChetMatTich",
)

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
    max_size=12,
) | st.sampled_from(["033917264058", "TRẦN THỊ MẪU", "a & b < c > d", " ", "]]>", "\t x \n"])


@lru_cache(maxsize=1)
def _compiled() -> Mapping[str, WsdlOperation]:
    return load(WSDL)


@lru_cache(maxsize=1)
def _zeep() -> Any:
    transport: Any = Transport()
    return Document(
        str(WSDL), transport, settings=Settings(strict=True, forbid_dtd=True, forbid_external=True)
    ).types


Draw = Callable[[st.SearchStrategy[Any]], Any]


def _element(draw: Draw, shape: Shape, prefix: str, *, foreign: bool) -> tuple[str, str]:
    """One element as the decoder gets it, and the same without what the schema does not allow."""
    name = f"{prefix}{shape.name}"
    if draw(st.integers(0, 9)) == 0:
        return (f'<{name} xsi:nil="true"/>',) * 2
    if shape.children is None:
        text = escape(draw(TEXT))
        return (f"<{name}>{text}</{name}>" if text or draw(st.booleans()) else f"<{name}/>",) * 2
    parts = [_element(draw, child, prefix, foreign=foreign) for child in _some(draw, shape)]
    ours, theirs = ("".join(part[i] for part in parts) for i in (0, 1))
    if foreign and draw(st.integers(0, 4)) == 0:
        ours += f"<x:{shape.children[0].name} xmlns:x='urn:x'>1</x:{shape.children[0].name}><!-- c -->"
    return f"<{name}>{ours}</{name}>", f"<{name}>{theirs}</{name}>"


def _some(draw: Draw, shape: Shape) -> list[Shape]:
    """Some of the children, in any order, repeated where that is allowed."""
    assert shape.children is not None
    chosen = [child for child in shape.children if draw(st.booleans())]
    out: list[Shape] = []
    for child in draw(st.permutations(chosen)):
        out += [child] * (draw(st.integers(1, 3)) if child.many else 1)
    return out


@st.composite
def answers(draw: Draw) -> tuple[str, bytes, bytes]:
    """Name of an operation, an envelope for us, and the answer element for zeep."""
    operation = draw(st.sampled_from(OPERATIONS))
    answer = _compiled()[operation].answer
    prefix = draw(st.sampled_from(["ns1:", "q:", ""]))
    ours, theirs = _element(draw, answer, prefix, foreign=draw(st.booleans()))
    if "xsi:nil" in ours.partition(">")[0]:
        ours = theirs = f"<{prefix}{answer.name}/>"
    if (
        answer.name == "CongdanCollection"
        and draw(st.booleans())
        and ours.endswith(f"</{prefix}{answer.name}>")
    ):
        more = "<y:Moi xmlns:y='urn:y'><y:a>1</y:a></y:Moi>"
        ours, theirs = (text.removesuffix(f"</{prefix}{answer.name}>") + more for text in (ours, theirs))
        ours, theirs = (f"{text}</{prefix}{answer.name}>" for text in (ours, theirs))
    space = (
        f'xmlns{":" if prefix else ""}{prefix[:-1]}="{answer.tag[1:].partition("}")[0]}" xmlns:xsi="{XSI}"'
    )
    ours, theirs = (
        text.replace(f"<{prefix}{answer.name}", f"<{prefix}{answer.name} {space}", 1)
        for text in (ours, theirs)
    )
    declared = draw(st.sampled_from(["", '<?xml version="1.0" encoding="UTF-8"?>\n']))
    envelope = f'{declared}<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body>{ours}</s:Body></s:Envelope>'
    return operation, envelope.encode(), theirs.encode()


def _normal(value: object) -> object:
    """Absent, None, empty and holding nothing are one; zeep's wildcard is left out."""
    if isinstance(value, dict):
        found = {name: _normal(inner) for name, inner in value.items() if name != "_value_1"}
        return {name: inner for name, inner in found.items() if inner is not None and inner != []} or None
    if isinstance(value, list):
        return [_normal(inner) for inner in value]
    return value


def _zeep_says(operation: str, answer: bytes) -> object:
    element = _zeep().get_element(_compiled()[operation].answer.tag)
    parsed = element.parse(etree.fromstring(answer), _zeep(), allow_none=True)
    return _normal(serialize_object(parsed, dict))


@settings(max_examples=300, deadline=None)
@given(answers())
def test_decoder_and_zeep_read_the_same(case: tuple[str, bytes, bytes]) -> None:
    operation, envelope, answer = case
    decoder = Decoder(_compiled()[operation].answer)
    first = decoder.decode(envelope)
    assert _normal(first) == _zeep_says(operation, answer)
    assert plain(decoder.decode(envelope)) == first, "the plan made from the first decoding reads the same"


@settings(max_examples=200, deadline=None)
@given(answers(), st.lists(TEXT, min_size=8, max_size=8))
def test_plan_reads_other_texts_between_the_same_tags_as_zeep_does(
    case: tuple[str, bytes, bytes], texts: list[str]
) -> None:
    operation, envelope, answer = case
    decoder = Decoder(_compiled()[operation].answer)
    decoder.decode(_with_texts(envelope, ["plain"]))
    known = len(decoder._plans)
    again, expected = (_with_texts(document, texts) for document in (envelope, answer))
    assert _normal(plain(decoder.decode(again))) == _zeep_says(operation, expected)
    assert len(decoder._plans) == known, "nothing new was learnt: the markup was known, or not plain"


def _with_texts(document: bytes, texts: list[str]) -> bytes:
    """The same document with other texts, the same ones for the same elements."""
    root = etree.fromstring(document)
    leaves = [
        e
        for e in root.iter(etree.Element)
        if len(e) == 0 and e.text and "urn:" not in etree.QName(e).namespace
    ]
    for i, leaf in enumerate(leaves):
        leaf.text = texts[i % len(texts)] or "x"
    return etree.tostring(root, encoding="utf-8")


def _outcome(decode: Callable[[], object]) -> object:
    try:
        return plain(decode())
    except (XmlRefused, SoapFault) as error:
        return type(error), str(error)


PIECES = (
    "< > / & ; <!-- --> <![CDATA[ ]]> <?x ?> &lt; &#10; x ệ </s:Body> <s:Body>".split(" "),
    "\r \n \x00 \x0b \ufeff \uffff ' \"".split(" "),
)


@settings(max_examples=500, deadline=None)
@given(
    answers(),
    st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from([*PIECES[0], *PIECES[1]]), st.integers(0, 3)), max_size=3
    ),
)
def test_known_markup_never_hides_what_the_parser_sees(
    case: tuple[str, bytes, bytes], changes: list[tuple[float, str, int]]
) -> None:
    """Whatever happens to a document whose plan is known, plan and parser agree on the result or the refusal."""
    operation, envelope, _ = case
    decoder = Decoder(_compiled()[operation].answer)
    decoder.decode(envelope)
    for place, piece, dropped in changes:
        at = int(place * len(envelope))
        envelope = envelope[:at] + piece.encode() + envelope[at + dropped :]
    parsed = _outcome(lambda: decoder.read(parse(envelope)))
    assert _outcome(lambda: decoder.decode(envelope)) == parsed
    assert _outcome(lambda: decoder.decode(envelope)) == parsed

"""What zeep cannot show: types by `xsi:type`, substitution, layouts, ports, headers, refusals, bounds."""

import random
import re
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from lxml import etree

from adapters.transport.shapes import PathRefused
from adapters.transport.soap import Decoder, Envelope, EnvelopeRefused
from adapters.transport.wsdl import WsdlOperation, load
from gateway.domain.errors import ConfigError, Problem

SHAPES = Path(__file__).parent / "wsdl_shapes"
S11 = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def ask(name: str, port: str = "") -> WsdlOperation:
    return load(SHAPES / f"{name}.wsdl", port=port)["Ask"]


def body(operation: WsdlOperation, tree: dict[str, object]) -> etree._Element:
    root = etree.fromstring(Envelope(operation.request, operation.version, operation.header).write(tree))
    found = root.find("{*}Body")
    assert found is not None
    return found


def answered(operation: WsdlOperation, inner: str, *wanted: str) -> object:
    shape = operation.answer.narrowed(wanted) if wanted else operation.answer
    text = f'<s:Envelope xmlns:s="{S11}" xmlns:xsi="{XSI}"><s:Body>{inner}</s:Body></s:Envelope>'
    return Decoder(shape, is_rpc=operation.is_rpc).read(etree.fromstring(text))


def names(element: etree._Element) -> list[str]:
    return [etree.QName(child).localname for child in element]


# ------------------------------------------------------------------------------------ requests by their order


def test_branch_of_a_choice_is_the_one_that_has_all_that_is_asked() -> None:
    asked = body(ask("choice_branches"), {"Name": "A", "Number": "1"})[0]
    assert names(asked) == ["Number", "Name"]
    assert names(body(ask("choice_branches"), {"Born": "2026-01-01", "Number": "1"})[0]) == ["Number", "Born"]


@pytest.mark.parametrize(
    "tree", [{"Born": "2026-01-01", "Name": "A", "Number": "1"}, {"Number": "1"}, {"Name": "A"}]
)
def test_request_of_two_branches_or_of_half_a_branch_is_refused(tree: dict[str, object]) -> None:
    with pytest.raises(EnvelopeRefused):
        body(ask("choice_branches"), tree)


def test_repeated_sequence_takes_one_of_each_in_turn() -> None:
    tree = {
        "Line": ["a", "b"],
        "Code": "1",
        "From": ["1", "3"],
        "Until": ["2", "4"],
        "Mail": ["m"],
        "Phone": ["p", "q"],
    }
    asked = body(ask("repeated"), {name: tree[name] for name in reversed(tree)})[0]
    assert [f"{name}={child.text}" for name, child in zip(names(asked), asked, strict=True)] == (
        "Line=a Code=1 Line=b From=1 Until=2 From=3 Until=4 Phone=p Phone=q Mail=m".split()
    )


def test_required_nillable_element_without_a_value_says_that_it_is_nil() -> None:
    asked = body(ask("nillable"), {"Inner": {"Text": "a"}})[0]
    assert [(child.tag.partition("}")[2], child.get(f"{{{XSI}}}nil")) for child in asked] == [
        ("Must", "true"),
        ("Inner", None),
    ]


def test_derived_type_is_named_where_the_elements_need_it() -> None:
    operation = ask("derived")
    owner = {"Id": "1", "Born": "2026-01-01", "Share": "1"}
    tree: dict[str, object] = {"Party": [{"Id": "1", "Seat": "Huế", "@kind": "x"}, owner], "Owner": owner}
    asked = body(operation, tree)[0]
    kinds = [child.get(f"{{{XSI}}}type", "").partition(":")[2] for child in asked]
    assert kinds == ["Legal", "Owner", ""]
    assert asked[0].nsmap[asked[0].get(f"{{{XSI}}}type", "").partition(":")[0]] == "urn:shapes:derived"
    tree["Party"] = [{"@xsi:type": "Natural", "Id": "1"}]
    assert body(operation, tree)[0][0].get(f"{{{XSI}}}type", "").endswith(":Natural")
    with pytest.raises(EnvelopeRefused):
        body(operation, {**tree, "Party": [{"Id": "1", "Seat": "Huế", "Share": "1"}]})


def test_attribute_that_must_be_there_is_missed() -> None:
    with pytest.raises(EnvelopeRefused) as caught:
        body(ask("attributes"), {"Weight": ["1"], "Empty": {"@code": "x"}})
    assert caught.value.place == "@id"


def test_what_a_message_must_have_and_no_place_gives_is_told_at_start() -> None:
    shape = ask("attributes").request
    with pytest.raises(PathRefused) as caught:
        shape.narrowed(["Weight"], complete=True)
    assert caught.value.what == "does not give '@id', which the WSDL demands in this message"
    # an element that may be empty is written empty
    asked = etree.fromstring(
        Envelope(shape.narrowed(["Weight", "@id"], complete=True)).write({"@id": "1", "Weight": ["2"]})
    )
    assert names(asked[1][0]) == ["Weight", "Empty"]


def test_attribute_is_written_so_that_no_text_can_leave_it() -> None:
    hostile = '1" x="2&<>\n\t'
    asked = body(ask("attributes"), {"@id": hostile, "Weight": ["1"], "Empty": {"@code": "x"}})[0]
    assert asked.get("id") == hostile
    assert set(asked.attrib) == {"id"}


def test_elements_of_one_name_in_two_namespaces_are_told_apart_by_the_prefix_of_the_schema() -> None:
    operation = ask("two_spaces")
    asked = body(operation, {"{bld}Name": "b", "{tns}Name": "a", "Number": "1"})[0]
    assert [(child.tag, child.text) for child in list(asked)[:2]] == [
        ("{urn:shapes:two_spaces}Name", "a"),
        ("{urn:shapes:building}Name", "b"),
    ]
    with pytest.raises(PathRefused) as caught:
        operation.answer.narrowed(["Name"])
    assert "'{tns}Name' (urn:shapes:two_spaces) or '{bld}Name' (urn:shapes:building)" in caught.value.remedy
    spaces = 'xmlns:a="urn:shapes:two_spaces" xmlns:b="urn:shapes:building"'
    inner = f"<a:Told {spaces}><b:Name>b</b:Name><a:Name>a</a:Name></a:Told>"
    assert answered(operation, inner, "{bld}Name") == {"{bld}Name": "b"}


def test_blocks_of_the_header_come_from_the_tree() -> None:
    operation = ask("headers")
    tree: dict[str, object] = {"Number": "1", "soap:Header": {"Caller": {"Agency": "H31", "Officer": None}}}
    root = etree.fromstring(Envelope(operation.request, header=operation.header).write(tree, "<own/>"))
    head = root.find("{*}Header")
    assert head is not None
    assert [etree.QName(one).localname for one in head] == ["own", "Caller"]
    assert [(one.tag, one.text) for one in head[1]] == [("{urn:shapes:headers}Agency", "H31")]
    assert names(root[1][0]) == ["Number"]


def test_two_blocks_of_the_header_have_the_order_of_the_binding() -> None:
    operation = ask("header_parts")
    tree = {"Number": "1", "soap:Header": {"Session": "s", "Caller": {"@role": "r", "Agency": "H31"}}}
    root = etree.fromstring(Envelope(operation.request, header=operation.header).write(tree))
    head = root.find("{*}Header")
    assert head is not None
    assert [(etree.QName(one).localname, one.text, one.get("role")) for one in head] == [
        ("Caller", None, "r"),
        ("Session", "s", None),
    ]


def test_several_parts_stand_side_by_side_in_the_body() -> None:
    asked = body(ask("several_parts"), {"Second": {"Text": "2"}, "First": {"Text": "1"}})
    assert names(asked) == ["First", "Second"]


# ------------------------------------------------------------------------------------------- answers


def test_member_of_a_substitution_group_is_read_by_its_own_name() -> None:
    told = (
        '<t:Told xmlns:t="urn:shapes:substituted"><t:Register>R</t:Register>'
        "<t:Death><t:Day>2</t:Day></t:Death><t:Birth><t:Day>1</t:Day><t:Mother>M</t:Mother></t:Birth></t:Told>"
    )
    assert answered(ask("substituted"), told, "Birth.Mother", "Death.Day") == {
        "Death": [{"Day": "2"}],
        "Birth": [{"Mother": "M"}],
    }
    order: dict[str, object] = {
        "Register": "R",
        "Birth": [{"Day": "1", "Mother": "M"}],
        "Death": [{"Day": "2"}],
    }
    assert names(body(ask("substituted"), order)[0]) == ["Register", "Birth", "Death"]


def test_member_of_another_namespace_stands_for_the_head_of_its_head() -> None:
    told = (
        '<t:Told xmlns:t="urn:shapes:substituted_far" xmlns:h="urn:shapes:heads">'
        "<t:Remarriage><h:Day>2026-01-01</h:Day><t:Spouse>A</t:Spouse></t:Remarriage><t:Register>r</t:Register></t:Told>"
    )
    assert answered(ask("substituted_far"), told) == {
        "Remarriage": {"Day": "2026-01-01", "Spouse": "A"},
        "Register": "r",
    }


def test_attribute_that_a_restriction_prohibits_is_no_leaf() -> None:
    leaves = [leaf for leaf in ask("derived").request.leaves() if leaf.startswith("Short.")]
    assert leaves == ["Short.B", "Short.@right"]


def test_array_of_soap_encoding_is_refused_where_it_is_used() -> None:
    with pytest.raises(PathRefused) as caught:
        ask("soap_array").answer.narrowed(["Numbers.item"])
    assert "has the SOAP-encoded type 'Array'" in caught.value.what
    assert caught.value.remedy == "ask the provider for a document/literal service"


def test_type_that_an_element_says_it_has_is_read_with_what_that_type_holds() -> None:
    told = (
        '<t:Told xmlns:t="urn:shapes:derived"><t:Party xsi:type="t:Legal" kind="x"><t:Id>1</t:Id><t:Seat>Huế</t:Seat>'
        "</t:Party><t:Party xsi:type='t:Natural'><t:Id>2</t:Id><t:Born>2026-01-01</t:Born></t:Party></t:Told>"
    )
    read = answered(ask("derived"), told, "Party.@xsi:type", "Party.Seat", "Party.@kind", "Party.Born")
    assert read == {
        "Party": [
            {"@xsi:type": "Legal", "@kind": "x", "Seat": "Huế"},
            {"@xsi:type": "Natural", "Born": "2026-01-01"},
        ]
    }


def test_text_with_attributes_is_read_alone_or_with_them() -> None:
    told = '<t:Told xmlns:t="urn:shapes:attributes" id="7"><t:Weight unit="kg">61</t:Weight></t:Told>'
    operation = ask("attributes")
    assert answered(operation, told, "Weight", "@id") == {"@id": "7", "Weight": ["61"]}
    assert answered(operation, told, "Weight.#text", "Weight.@unit") == {
        "Weight": [{"#text": "61", "@unit": "kg"}]
    }
    with pytest.raises(PathRefused, match="attributes are wanted too"):
        operation.answer.narrowed(["Weight", "Weight.@unit"])


def test_attributes_are_read_anew_from_each_answer_though_the_texts_are_alike() -> None:
    decoder = Decoder(ask("attributes").answer.narrowed(["@id"]))
    for number in ("1", "2", "1"):
        told = f'<Told xmlns="urn:shapes:attributes" id="{number}"/>'
        data = f'<s:Envelope xmlns:s="{S11}"><s:Body>{told}</s:Body></s:Envelope>'
        assert decoder.decode(data.encode()) == {"@id": number}


def test_list_is_read_as_its_items() -> None:
    told = '<t:Told xmlns:t="urn:shapes:lists" kinds="3 4"><t:Codes> 1 2\n3</t:Codes></t:Told>'
    assert answered(ask("lists"), told) == {"@kinds": ["3", "4"], "Codes": ["1", "2", "3"]}


def test_selecting_path_keeps_the_element_by_which_it_selects() -> None:
    told = (
        '<t:Told xmlns:t="urn:shapes:recursive"><t:Name>a</t:Name><t:Child><t:Name>b</t:Name>'
        "<t:Child><t:Name>c</t:Name></t:Child></t:Child></t:Told>"
    )
    read = answered(ask("recursive"), told, "Child[Name=b].Child[0].Name")
    assert read == {"Child": [{"Name": "b", "Child": [{"Name": "c"}]}]}


def test_wrapper_of_an_rpc_answer_may_have_any_name() -> None:
    for wrapper in ("AskResponse", "AskOut"):
        told = (
            f'<r:{wrapper} xmlns:r="urn:shapes:rpc" xmlns:t="urn:shapes:rpc_literal">'
            f"<return><t:Number>1</t:Number></return><status>ok</status></r:{wrapper}>"
        )
        assert answered(ask("rpc_literal"), told) == {"return": {"Number": "1"}, "status": "ok"}


# ---------------------------------------------------------------------------------------- files and ports


def test_files_are_found_in_any_layout_also_by_the_last_name_of_an_address() -> None:
    operation = load(SHAPES / "layout/contract/service.wsdl")["Ask"]
    assert list(operation.request.leaves()) == (
        "Key.Kind Key.Text Person.Name Person.Key.Kind Person.Key.Text".split()
    )
    asked = body(operation, {"Key": {"Text": "1", "Kind": "bsn"}, "Person": {"Name": "A"}})[0]
    assert [child.tag for child in asked] == [
        "{urn:shapes:layout:messages}Key",
        "{urn:shapes:layout:person}Person",
    ]
    assert [child.tag for child in asked[0]] == [
        f"{{urn:shapes:layout:messages}}{name}" for name in ("Kind", "Text")
    ]
    assert asked[1][0].tag == "Name"


def test_name_of_a_file_may_differ_in_its_capitals(tmp_path: Path) -> None:
    text = (SHAPES / "layout/contract/service.wsdl").read_text()
    for path in SHAPES.joinpath("layout").rglob("*.*"):
        target = tmp_path / path.relative_to(SHAPES / "layout")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    wsdl = tmp_path / "contract/service.wsdl"
    wsdl.write_text(text.replace("../abstract.wsdl", "..\\Abstract.WSDL"))
    assert "Ask" in load(wsdl)


def test_port_is_chosen_by_its_name_or_by_the_version_that_it_speaks() -> None:
    wsdl = SHAPES / "ports.wsdl"
    assert (load(wsdl, port="OldPort")["Ask"].action, load(wsdl, port="OtherPort")["Ask"].action) == (
        "urn:shapes:OldAsk",
        "urn:shapes:OtherAsk",
    )
    assert load(wsdl, port="ShapesService.ShapesPort")["Ask"].version == "1.2"
    assert load(wsdl, version="1.2")["Ask"].action == "urn:shapes:Ask"
    assert load(SHAPES / "soap12.wsdl", version="1.1")["Ask"].version == "1.2"


def test_operation_of_several_ports_and_unknown_port_are_told_with_the_choices() -> None:
    ambiguous = problem(lambda: ask("ports"))
    assert "is offered by several ports: 'OldPort', 'OtherPort'" in ambiguous.what
    assert ambiguous.remedy == "write one of them as 'options.port'"
    unknown = problem(lambda: ask("ports", "NoPort"))
    assert (unknown.what, unknown.remedy) == (
        "has no port 'NoPort' for SOAP",
        "write one of ShapesPort, OldPort, OtherPort",
    )


def problem(called: object) -> Problem:
    with pytest.raises(ConfigError) as caught:
        called()  # type: ignore[operator]
    [found] = caught.value.problems
    return found


# ------------------------------------------------------------------------------------------- refusals


def changed(folder: Path, old: str, new: str, name: str = "soap12") -> Path:
    text = (SHAPES / f"{name}.wsdl").read_text()
    assert old in text
    wsdl = folder / "changed.wsdl"
    wsdl.write_text(text.replace(old, new))
    return wsdl


_MIME = (
    '<m:multipartRelated xmlns:m="http://schemas.xmlsoap.org/wsdl/mime/"><m:part><soap:body use="literal"/></m:part>'
    "</m:multipartRelated>"
)
_MTOM = (
    '<p:Policy xmlns:p="http://www.w3.org/ns/ws-policy"><p:ExactlyOne><p:All><o:OptimizedMimeSerialization {}'
    ' xmlns:o="http://schemas.xmlsoap.org/ws/2004/09/policy/optimizedmimeserialization"/></p:All></p:ExactlyOne></p:Policy>'
)
_DOCUMENT, _BOUND = 'style="document"/>', '<operation name="Ask">\n      <soap'
_AGAIN = '<operation name="Ask"><soap:operation/>'
_OUT = '<output><soap:body use="literal"/></output>'


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ('use="literal"', 'use="encoded"', "<input><", 'is SOAP-encoded (use="encoded")'),
        (_OUT, f"<output>{_MIME}</output>", "<output><", "has attachments in its output"),
        (_DOCUMENT, _DOCUMENT + _MTOM.format(""), _BOUND, "demands MTOM attachments, which are not sent"),
        ('<output message="tns:AskOut"/>', "", '<operation name="Ask">', "has no answer: it is one-way"),
        ('element="tns:Ask"', 'type="tns:Content"', 'type="tns:Content"/></m', "has a type, no element"),
        (
            'element="tns:Ask"',
            'element="tns:Aks"',
            "tns:Aks",
            "names the element 'Aks' of 'urn:shapes:soap12'",
        ),
        ('message="tns:AskIn"', 'message="tns:Gone"', "tns:Gone", "names the message 'Gone'"),
        ('type="tns:Shapes"', 'type="tns:Gone"', "tns:Gone", "names the portType 'Gone'"),
        (_BOUND, _BOUND.replace("Ask", "Aks"), '"Aks"', "which its portType does not have"),
        ("  </binding>", f"{_AGAIN}</operation>\n  </binding>", _AGAIN, "has two operations 'Ask'"),
    ],
)
def test_what_cannot_be_spoken_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, at: str, says: str
) -> None:
    wsdl = changed(tmp_path, old, new)
    found = problem(lambda: load(wsdl)["Ask"])
    assert says in found.what
    text = wsdl.read_text()
    assert (found.file, found.line) == ("changed.wsdl", text[: text.index(at)].count("\n") + 1)
    assert found.remedy


def test_attachments_that_may_be_left_out_are_left_out(tmp_path: Path) -> None:
    optional = _MTOM.format('xmlns:q="http://www.w3.org/ns/ws-policy" q:Optional="true"')
    assert "Ask" in load(changed(tmp_path, _DOCUMENT, _DOCUMENT + optional))


def test_missing_type_is_told_only_to_who_wants_what_it_holds(tmp_path: Path) -> None:
    text = 'name="Text" type="xs:string"/>'
    wsdl = changed(tmp_path, text, f'{text}<xs:element name="More" type="tns:Gone"/>')
    answer = load(wsdl)["Ask"].answer
    assert answer.narrowed(["Text"]).name == "Told"
    with pytest.raises(PathRefused, match="names the type 'Gone' of 'urn:shapes:soap12'"):
        answer.narrowed(["More"])


def test_operation_that_cannot_be_used_does_not_hide_the_others(tmp_path: Path) -> None:
    text = (SHAPES / "soap12.wsdl").read_text()
    bound = text[text.index('    <operation name="Ask">\n      <soap') : text.index("  </binding>")]
    abstract = text[text.index('    <operation name="Ask">\n      <input') : text.index("  </portType>")]
    second = bound.replace('"Ask"', '"Told"').replace("literal", "encoded")
    text = text.replace("  </binding>", second + "  </binding>")
    text = text.replace("  </portType>", abstract.replace('"Ask"', '"Told"') + "  </portType>")
    (tmp_path / "two.wsdl").write_text(text)
    known = load(tmp_path / "two.wsdl")
    assert set(known) == {"Ask", "Told"}
    assert known["Ask"].request.name == "Ask"
    assert "encoded" in problem(lambda: known["Told"]).what


# --------------------------------------------------------------------------------------------- bounds

_SCHEMA = '<xs:element name="Ask" type="tns:Content"/>'


def hostile(folder: Path, declarations: str) -> Path:
    return changed(folder, _SCHEMA, _SCHEMA + declarations)


def test_ten_thousand_elements_are_read_and_thirty_thousand_are_too_much(tmp_path: Path) -> None:
    many = "".join(f'<xs:element name="E{i}" type="xs:string"/>' for i in range(10_000))
    wsdl = hostile(
        tmp_path, f'<xs:complexType name="Many"><xs:sequence>{many}</xs:sequence></xs:complexType>'
    )
    assert "Ask" in load(wsdl)
    wsdl = hostile(tmp_path, 3 * many)
    assert "makes more than 20000 declared elements" in problem(lambda: load(wsdl)).what


def test_groups_that_double_at_each_step_end_as_a_fault(tmp_path: Path) -> None:
    doubled = "".join(
        f'<xs:group name="G{i}"><xs:sequence>{2 * f"""<xs:group ref="tns:G{i + 1}"/>"""}</xs:sequence></xs:group>'
        for i in range(40)
    )
    last = (
        '<xs:group name="G40"><xs:sequence><xs:element name="E" type="xs:string"/></xs:sequence></xs:group>'
    )
    wsdl = changed(
        tmp_path,
        '<xs:sequence><xs:element name="Text"',
        '<xs:sequence><xs:group ref="tns:G0"/><xs:element name="Text"',
    )
    wsdl.write_text(wsdl.read_text().replace(_SCHEMA, _SCHEMA + doubled + last))
    with pytest.raises(PathRefused, match="members of types"):
        load(wsdl)["Ask"].answer.narrowed(["Text"])


@pytest.mark.parametrize(
    "declarations",
    [
        '<xs:complexType name="A"><xs:complexContent><xs:extension base="tns:B"/></xs:complexContent></xs:complexType>'
        '<xs:complexType name="B"><xs:complexContent><xs:extension base="tns:A"/></xs:complexContent></xs:complexType>',
        '<xs:complexType name="A"><xs:group ref="tns:A"/></xs:complexType>'
        '<xs:group name="A"><xs:sequence><xs:group ref="tns:A"/></xs:sequence></xs:group>',
        '<xs:simpleType name="A"><xs:restriction base="tns:A"/></xs:simpleType>',
        '<xs:attributeGroup name="A"><xs:attributeGroup ref="tns:A"/></xs:attributeGroup>'
        '<xs:complexType name="A"><xs:attributeGroup ref="tns:A"/></xs:complexType>',
        '<xs:element name="H" substitutionGroup="tns:I"/><xs:element name="I" substitutionGroup="tns:H"/>'
        '<xs:complexType name="A"><xs:sequence><xs:element ref="tns:H"/></xs:sequence></xs:complexType>',
    ],
)
def test_what_leads_in_a_circle_ends(tmp_path: Path, declarations: str) -> None:
    wsdl = hostile(tmp_path, declarations + '<xs:element name="In" type="tns:A"/>')
    wsdl.write_text(
        wsdl.read_text().replace(
            '<xs:element name="Text"', '<xs:element ref="tns:In"/><xs:element name="Text"'
        )
    )
    began = time.monotonic()
    assert load(wsdl)["Ask"].answer.narrowed(["Text"]).name == "Told"
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("heap", "says"),
    [
        ("<a/>" * 1_000_001, "makes more than 1000000 tags"),
        ("<a>" * 300 + "</a>" * 300, "is nested too deep"),
        (f"<a b='{'x' * 11_000_000}'/>", "is nested too deep, or has a text or a tag that is too large"),
    ],
    ids=["many", "deep", "long"],
)
def test_heaps_of_markup_are_refused(tmp_path: Path, heap: str, says: str) -> None:
    assert says in problem(lambda: load(hostile(tmp_path, heap))).what


def test_name_that_would_write_markup_into_a_request_is_refused(tmp_path: Path) -> None:
    wsdl = changed(tmp_path, 'name="Text"', 'name="Text&gt;&lt;Other"')
    with pytest.raises(PathRefused, match="whose name is no name"):
        load(wsdl)["Ask"].request.narrowed(["Text"])


async def test_spoiled_wsdl_is_read_or_refused_in_words(tmp_path: Path) -> None:
    """Tags dropped, doubled, moved, words exchanged; one child reads them all."""
    texts = [path.read_text() for path in sorted(SHAPES.glob("*.wsdl"))]
    chance = random.Random(17)
    outcomes: Counter[str] = Counter()
    for number in range(300):
        wsdl = tmp_path / f"{number}.wsdl"
        wsdl.write_text(spoiled(chance.choice(texts), chance))
        try:
            known = load(wsdl)
            for name in known:
                known[name].answer.narrowed(islice(known[name].answer.leaves(4), 20))
            outcomes["read"] += 1
        except ConfigError as error:
            [found] = error.problems
            assert "(" not in found.what.partition("cannot be read")[2], found
            outcomes["refused"] += 1
        except PathRefused:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 30, outcomes


def spoiled(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 3)):
        pieces = re.findall(r"<[^>]+>|[^<]+|\"[^\"]*\"", text)
        one, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        words = re.findall(r'"[^"]*"', text)
        match chance.randint(0, 3):
            case 0:
                del pieces[one]
            case 1:
                pieces.insert(one, pieces[other])
            case 2:
                pieces[one], pieces[other] = pieces[other], pieces[one]
            case _ if words:
                word = chance.choice([*words, '""', '":"', '"x:y"', '"-1"'])
                pieces = [text.replace(chance.choice(words), word, 1)]
        text = "".join(pieces)
    return text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    text = (SHAPES / "soap12.wsdl").read_text().replace('encoding="UTF-8"', f'encoding="{encoding}"')
    bomb = '<!DOCTYPE definitions [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>\n<definitions'
    (tmp_path / "bomb.wsdl").write_bytes(text.replace("<definitions", bomb, 1).encode(encoding))
    found = problem(lambda: load(tmp_path / "bomb.wsdl"))
    assert "has a DOCTYPE" in found.what
    assert found.remedy == "take the DOCTYPE out of it"


def test_file_that_is_no_file_and_too_large_a_file_are_refused(tmp_path: Path) -> None:
    include = '<xs:include schemaLocation="{}"/>'
    wsdl = changed(tmp_path, _SCHEMA, include.format("/dev/zero") + _SCHEMA)
    assert "names '/dev/zero', which is not beside it" in problem(lambda: load(wsdl)).what
    (tmp_path / "large.xsd").write_bytes(b" " * 20_000_001)
    wsdl = changed(tmp_path, _SCHEMA, include.format("large.xsd") + _SCHEMA)
    assert "makes more than 20 MB" in problem(lambda: load(wsdl)).what


def test_element_that_only_any_lets_in_is_passed_over_and_no_path_may_name_it() -> None:
    strange = '<x:Extra xmlns:x="urn:other"><x:Code>7</x:Code></x:Extra>'
    told = f'<Told xmlns="urn:shapes:groups"><Given>A</Given><Family>B</Family>{strange}</Told>'
    assert answered(ask("groups"), told, "Given", "Family") == {"Given": "A", "Family": "B"}
    with pytest.raises(PathRefused, match="which the WSDL does not describe") as caught:
        ask("groups").answer.narrowed(["Given", "Extra.Code"])
    assert "in place of 'any'" in caught.value.remedy
    with pytest.raises(PathRefused, match="which the WSDL does not have in this message") as caught:
        ask("groups").answer.narrowed(["Givn"])
    assert "did you mean 'Given'?" in caught.value.remedy
    # a type without `any` says nothing of it
    with pytest.raises(PathRefused, match="which the WSDL does not have in this message"):
        ask("groups").answer.narrowed(["Partner.Extra"])

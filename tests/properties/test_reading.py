"""An answer is read as the plainest reader reads it, whatever is in it and however its bytes came."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.transport.shapes import Shape
from adapters.transport.soap import Decoder
from adapters.transport.strict_json import parse
from adapters.transport.wsdl import load
from gateway.checks.service_examples import query_of
from gateway.domain.evidence import Outcome, SourceAnswer, SourceQuery
from gateway.domain.signs import hides
from gateway.mapping.load import load_catalogue
from gateway.mapping.model import ServiceExample, ServiceMapping
from gateway.mapping.paths import Layout, PositionedTexts, put
from gateway.mapping.records import provider_transforms
from gateway.mapping.source import ServicePlan
from gateway.mapping.transforms import Unreadable
from tests.code_lists import load_codes
from tests.mapping.plain_reader import PlainReader, plain, transforms

ROOT = Path(__file__).parents[2]
CATALOGUE = load_catalogue(ROOT)
CODES = load_codes(ROOT / "mappings/codes")
Draw = Callable[[st.SearchStrategy[Any]], Any]
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
EXAMPLES = [
    (plan, example)
    for plans in CATALOGUE.services.values()
    for plan in plans.values()
    for example in plan.mapping.examples
]
OVER_SOAP = [(plan, example) for plan, example in EXAMPLES if plan.source == "population"]

#: texts that are almost what a reader expects
ODD = (
    "", " ", "-", "0", "00", "033190482617", "033190473862", "TRẦN THỊ MẪU", "Tran  Thi Mau", "trần thị mẫu", "Ẫ",
    "A\u0302", "19900215", "199002151234",
    "19901345", "199002", "1990", "1849", "19900215123456", "15/02/1990", "31/02/2020", "1990-02-15", "2",
    "CÔNG TY TNHH MẪU", "không có", "N/A", "true", "11953", "11989", "\u00a0", "\u00b2", "０３３", "x" * 10_001, "CH01",
    "TRẦN\u202eTHỊ", "TRẦN\u00adTHỊ", "TRẦN\nTHỊ", "TRẦN\tTHỊ", "\nTRẦN ", "\u0085", "A\U000e0041", "\u200b",
)  # fmt: skip
TEXTS = st.sampled_from(ODD) | st.text(max_size=8)
XML_TEXTS = st.sampled_from(ODD) | st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
    max_size=8,
)
#: the door refuses what hides something
WORDS = TEXTS.filter(lambda text: len(text) < 99 and not hides(text))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 2**40) | st.floats(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@cache
def reader(name: str) -> PlainReader:
    source, _, operation = name.partition(".")
    plan = CATALOGUE.services[source][operation]
    schema = orjson.loads((ROOT / "schemas" / "evidence" / f"{plan.evidence}.schema.json").read_bytes())
    return PlainReader(plan.mapping, plan.wanted_paths, CODES, schema["properties"])


def _typed(value: Any) -> Any:
    """`==` alone takes True for 1."""
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_typed(item) for item in value]
    return type(value), value


def assert_same(answer: SourceAnswer, expected: SourceAnswer) -> None:
    plain_values = [_typed(dict(one.values)) for one in (answer, expected)]
    assert plain_values[0] == plain_values[1]
    assert _but_why(answer) == _but_why(expected)


def _but_why(answer: SourceAnswer) -> SourceAnswer:
    """Without the values, and without what is said of those that are not taken."""
    doubts = {
        name: doubt._replace(rule="") if doubt.kind == "value_invalid" else doubt
        for name, doubt in answer.doubts.items()
    }
    return answer._replace(values={}, doubts=doubts, faults=())


# ------------------------------------------------------------------------------------------ JSON


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a tree, with every place in it."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inner:
        yield tree, key
        yield from _places(value)


@st.composite
def spoiled(draw: Draw) -> tuple[ServicePlan, ServiceExample, object, tuple[str, ...]]:
    """An answer of an example, with parts of it missing, added, moved, doubled or of another kind."""
    plan, example = draw(st.sampled_from(EXAMPLES))
    tree = copy.deepcopy(example.answer)
    for _ in range(draw(st.integers(0, 4))):
        if places := list(_places(tree)):
            inside, key = draw(st.sampled_from(places))
            _spoil(inside, key, draw)
    if draw(st.integers(0, 20)) == 0:
        tree = draw(JSON)
    return plan, example, tree, draw(_wanted(plan))


def _spoil(inside: Any, key: Any, draw: Draw) -> None:
    match draw(st.integers(0, 6)):
        case 0:
            inside.pop(key)
        case 1:
            inside[key] = draw(JSON)
        case 2:
            inside[key] = draw(TEXTS)
        case 3 | 4:
            inside[key] = [inside[key]] * draw(st.integers(0, 3))
        case 5 if isinstance(inside, dict):
            items = draw(st.permutations([*inside.items(), (draw(TEXTS), draw(JSON))]))
            inside.clear()
            inside.update(items)
        case _ if isinstance(inside[key], list):
            inside[key].append(draw(JSON))


def _wanted(plan: ServicePlan) -> st.SearchStrategy[tuple[str, ...]]:
    everything = sorted(plan.attributes)
    return st.just(tuple(everything)) | st.lists(st.sampled_from([*everything, "none"]), unique=True).map(
        tuple
    )


def _query(plan: ServicePlan, example: ServiceExample, attributes: tuple[str, ...]) -> SourceQuery:
    return query_of(plan, example)._replace(attributes=attributes)


@settings(max_examples=300, deadline=None)
@given(spoiled())
def test_json_is_read_as_the_plain_reader_reads_it(
    case: tuple[ServicePlan, ServiceExample, object, tuple[str, ...]],
) -> None:
    plan, example, tree, attributes = case
    query = _query(plan, example, attributes)
    tree = parse(orjson.dumps(tree))
    assert_same(plan.read(tree, query), reader(plan.name).read(tree, query))


# ------------------------------------------------------------------------------------------ SOAP


@cache
def answer_shape(operation: str) -> Shape:
    return load(ROOT / "schemas/sources/population/population.wsdl")[operation].answer


def _element(shape: Shape, value: Any, draw: Draw) -> str:
    if draw(st.integers(0, 30)) == 0:
        return f'<{shape.name} xsi:nil="true"/>'
    if shape.children is None:
        text = escape(
            draw(XML_TEXTS) if draw(st.integers(0, 6)) == 0 else value if isinstance(value, str) else ""
        )
        return f"<{shape.name}>{text}</{shape.name}>" if text or draw(st.booleans()) else f"<{shape.name}/>"
    held = value if isinstance(value, dict) else {}
    parts = []
    for child in shape.children:
        many = held.get(child.name)
        for item in many if isinstance(many, list) else [many] if child.name in held else []:
            parts += [_element(child, item, draw)] * (
                2 if child.many and draw(st.integers(0, 15)) == 0 else 1
            )
        if child.name not in held and draw(st.integers(0, 25)) == 0:
            parts.append(_element(child, None, draw))
    parts = [part for part in parts if draw(st.integers(0, 25))]
    if draw(st.integers(0, 5)) == 0:
        parts = draw(st.permutations([*parts, "<x:La xmlns:x='urn:x'>1</x:La>"]))
    return f"<{shape.name}>{''.join(parts)}</{shape.name}>"


@st.composite
def envelopes(draw: Draw) -> tuple[ServicePlan, ServiceExample, bytes, list[str], tuple[str, ...]]:
    """An answer of an example on the wire, spoiled, and texts for another one of the same markup."""
    plan, example = draw(st.sampled_from(OVER_SOAP))
    shape = answer_shape(plan.operation)
    space = f'xmlns="{shape.tag[1:].partition("}")[0]}" xmlns:xsi="{XSI}"'
    inner = _element(shape, example.answer, draw).replace(f"<{shape.name}", f"<{shape.name} {space}", 1)
    data = f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()
    return plan, example, data, draw(st.lists(XML_TEXTS, max_size=40)), draw(_wanted(plan))


@settings(max_examples=300, deadline=None)
@given(envelopes())
def test_texts_by_position_are_read_as_the_plain_reader_reads_the_tree(
    case: tuple[ServicePlan, ServiceExample, bytes, list[str], tuple[str, ...]],
) -> None:
    plan, example, data, texts, attributes = case
    query, plainly = _query(plan, example, attributes), reader(plan.name)
    decoder = Decoder(answer_shape(plan.operation).narrowed(plan.wanted_paths))
    tree = decoder.decode(data)
    expected = plainly.read(tree, query)
    assert_same(plan.read(tree, query), expected)
    again = decoder.decode(data)
    assert_same(plan.read(again, query), expected)
    if not isinstance(again, PositionedTexts):
        return
    assert plain(again) == tree
    other = PositionedTexts(again.layout, (texts + again.texts)[: len(again.texts)])
    assert_same(plan.read(other, query), plainly.read(plain(other), query))
    everything = _query(plan, example, tuple(sorted(plan.attributes)))
    assert_same(plan.read(other, everything), plainly.read(plain(other), everything))


# ------------------------------------------------------------- paths that choose, over one markup

PATHS = (
    "", "a", "a.b", "b", "[0]", "[-1]", "a[0]", "a[1].b", "l[latest:d].t", "l[latest:d]",
    "l[k=1].t", "l[k=2].d", "l[0].t", "l[-1].d", "l[latest:d][0].t", "a[latest:d].t", "a[k=1]",
)  # fmt: skip
POSITIONS = st.recursive(
    st.none() | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abldkt"), inner, max_size=4),
    max_leaves=9,
)
DATES = st.sampled_from(["", "1", "2", "2020", "20200101", "01/02/2020", "02/2020", "x", "2"])


def _service(words: dict[str, Any]) -> ServiceMapping:
    title = {"vi": "x", "en": "x"}
    return ServiceMapping.model_validate(
        {
            "evidence": "person",
            "title": title,
            "subjects": ["person"],
            "request": {},
            "examples": [{"name": "x"}],
        }
        | {"answer": words}
    )


@st.composite
def mappings(draw: Draw) -> ServiceMapping:
    """Any rule, over a few names."""
    path, optional = st.sampled_from(PATHS), st.sampled_from(("", "", *PATHS))
    transform = st.sampled_from(
        [[], ["count"], ["text", "numbered"], ["date_vn"], ["nationality_default_vn"], ["as_list"]]
    )
    rule = st.builds(
        lambda path, words, more: {"path": path, "transform": words, "else": more},
        path, transform, st.lists(path, max_size=2),
    ) | st.builds(
        lambda path, words, parts, more: {"path": path, "transform": words, "parts": parts, "else": more},
        optional, st.sampled_from(["date_parts", "name_joined"]), st.lists(path, min_size=3, max_size=3),
        st.lists(path, max_size=1),
    )  # fmt: skip
    dated = st.sampled_from([
        {"path": "l[latest:d].d", "else": ["[latest:d].d", "a[latest:d].d"], "transform": words}
        for words in (["date_vn"], ["date_us"], ["date_compact"], ["text", "date_vn"])
    ] + [{"path": "l[latest:d].d"}])  # fmt: skip
    identity = draw(
        st.dictionaries(st.sampled_from(["personal_id", "old_id", "full_name", "birth_date"]), path)
    )
    return _service({
        "record": draw(optional), "found_when": draw(optional), "status": draw(optional), "updated_at": draw(optional),
        "statuses": draw(st.sampled_from([
            {"1": "found", "*": "refused"}, {"": "found"}, {"*": "found"}, {"1": "not_found", "*": "found"},
        ])),
        "identity": identity,
        "vouched": draw(st.sampled_from([{}, {"x": []}])),
        "attributes": {"x": draw(rule), "y": draw(rule), "birth_date": draw(rule), "d": draw(dated)},
    })  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(mappings(), POSITIONS, st.lists(st.lists(DATES, min_size=10, max_size=10), min_size=1, max_size=3))
def test_any_mapping_reads_positions_as_the_tree(
    mapping: ServiceMapping, positions: object, answers: list[list[str]]
) -> None:
    plan = ServicePlan("s", "o", mapping, CODES)
    plainly, layout = PlainReader(mapping, plan.wanted_paths, CODES), Layout(positions)
    example = ServiceExample(name="x", subject={"personal_id": "1", "full_name": "2", "birth_date": "2020"})
    for texts in answers:
        answer = PositionedTexts(layout, texts)
        for attributes in (("x", "y"), ("y",), ("birth_date", "x", "z")):
            query = _query(plan, example, attributes)
            expected = plainly.read(plain(answer), query)
            assert_same(plan.read(plain(answer), query), expected)
            assert_same(plan.read(answer, query), expected)


def test_layout_remembers_few_sets_of_paths_and_reads_on() -> None:
    plan, example = OVER_SOAP[0]
    layout = Layout({"CongDan": {"SoDinhDanh": 0, "HoVaTen": {"Ten": 1}}})
    number, name = example.subject["personal_id"], example.subject["full_name"]
    names = sorted(plan.attributes)
    for i in range(60):
        answer = plan.read(
            PositionedTexts(layout, [number, name]), _query(plan, example, (names[i % 20], *names[i % 7 :]))
        )
        assert answer.outcome is Outcome.FOUND
        assert len(layout.places) <= 16


# --------------------------------------------------------------------------------------- requests


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(EXAMPLES),
    st.dictionaries(st.sampled_from(["personal_id", "full_name", "number"]), WORDS),
    WORDS,
)
def test_value_that_is_taken_as_it_is_is_the_one_that_its_rule_gives(
    case: tuple[ServicePlan, ServiceExample], said: dict[str, Any], account: str
) -> None:
    plan, example = case
    query = query_of(plan, example)
    subject, official = replace(query.subject, **said), replace(query.official, account=account)
    query = query._replace(subject=subject, official=official, dossier=account)
    for profile in plan.profiles or ("",):
        expected: dict[str, object] = {}
        written: list[str] = []
        for place in plan._request:
            if (place.profiles and profile not in place.profiles) or place.unless in written:
                continue
            written_so = place.variants.get(profile, place)
            value = written_so.value(query, {"procedure_code": account})
            if value is not None:
                written.append(place.place)
                put(expected, place.names, value)
        assert plan.request(query, {"procedure_code": account}, profile) == expected


# ------------------------------------------------------------------------------------ transforms


def _outcome(transform: Callable[[object], object], value: object) -> object:
    try:
        return _typed(transform(value))
    except Unreadable:
        return Unreadable


@pytest.mark.parametrize(
    "name",
    [name for name in transforms(CODES) if transforms(CODES)[name] is not provider_transforms(CODES)[name]],
)
@settings(max_examples=400, deadline=None)
@given(
    JSON
    | TEXTS
    | st.from_regex(r"[0-9]{4,8}|[0-9]{14}|[0-9]{12}", fullmatch=True)
    | st.text(alphabet="ABHNG ĐẦạ-_1", max_size=12)
)
def test_transform_makes_what_its_plain_form_makes(name: str, value: object) -> None:
    product, plainly = provider_transforms(CODES)[name], transforms(CODES)[name]
    assert _outcome(product, value) == _outcome(plainly, value)

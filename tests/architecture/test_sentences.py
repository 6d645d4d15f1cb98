"""Problems speak both languages: the table is closed, whole and used as its places say."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

from gateway.api.grammar import WORDS
from gateway.api.problems import problem_body
from gateway.domain import sentences
from gateway.domain.errors import Unprocessable, fault_at
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import Sentence
from tests.architecture.test_architecture import ROOT, name_of, python_files, tree

TABLE = ROOT / "gateway" / "domain" / "sentences"
#: it fills its sentences from what the library knows of a fault, whatever that is
FILLED_BY_THE_LIBRARY = "fault_words.py"
SENTENCES = {name: one for name, one in vars(sentences).items() if isinstance(one, Sentence)}
#: names of protocols, which are the same in both languages
SAME = {"DPOP"}
VIETNAMESE = re.compile("[à-ỹđ]")
#: what official texts write otherwise: hòa, thủy, tháng tư, linh, ông/bà, khai thác
NOT_OFFICIAL = re.compile(r"\b(tháng bốn|lẻ|bạn|người dùng|truy vấn)\b", re.IGNORECASE)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@cache
def uses() -> list[tuple[str, str, set[str]]]:
    """Each use of a sentence: where, its name, and the places that are filled there."""
    return [
        use
        for path in python_files("gateway", "adapters")
        if TABLE not in path.parents
        for use in uses_in(path)
    ]


def uses_in(path: Path) -> Iterator[tuple[str, str, set[str]]]:
    nodes = list(ast.walk(tree(path)))
    filled = {
        id(node.func): {one.arg for one in node.keywords if one.arg}
        for node in nodes
        if isinstance(node, ast.Call)
    }
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "say":
            yield f"{name_of(path)}:{node.lineno}", node.attr, filled.get(id(node), set())


def faults(name: str, one: Sentence) -> Iterator[str]:
    if not places(one.vi) <= places(one.en):
        yield "the Vietnamese has a place that the English has not"
    if one.vi.strip() != one.vi or one.en.strip() != one.en:
        yield "begins or ends with a blank"
    if name not in SAME and not VIETNAMESE.search(one.vi):
        yield "is not Vietnamese"
    if VIETNAMESE.search(one.en.replace("Việt Nam", "")):
        yield "is not English"
    if NOT_OFFICIAL.search(one.vi):
        yield "is not as official texts write it"


def test_every_sentence_is_whole_in_both_languages() -> None:
    found = {name: wrong for name, one in SENTENCES.items() if (wrong := list(faults(name, one)))}
    assert len(SENTENCES) > 300
    assert found == {}


def test_no_two_modules_of_the_table_have_a_sentence_of_one_name() -> None:
    names = Counter(
        re.findall(
            r"^([A-Z][A-Z0-9_]*) = ",
            "\n".join(one.read_text("utf-8") for one in TABLE.glob("*.py")),
            re.MULTILINE,
        )
    )
    assert names.keys() >= SENTENCES.keys()
    assert [name for name, times in names.items() if times > 1] == []


def test_every_use_fills_the_places_of_its_sentence() -> None:
    wrong = [
        (where, name, filled)
        for where, name, filled in uses()
        if FILLED_BY_THE_LIBRARY not in where and filled != places(SENTENCES[name].en)
    ]
    assert wrong == []


def test_table_has_no_sentence_that_nobody_says() -> None:
    assert SENTENCES.keys() - {name for _, name, _ in uses()} == set()


def test_sentences_are_written_in_the_table_only() -> None:
    wild = [
        str(path.relative_to(ROOT))
        for room in ("gateway", "adapters")
        for path in (ROOT / room).rglob("*.py")
        if TABLE not in path.parents and re.search(r"\bSentence\(", path.read_text("utf-8"))
    ]
    assert wild == []


def test_models_of_the_api_refuse_with_sentences_only() -> None:
    models = [*(ROOT / "gateway" / "api").glob("*models.py"), ROOT / "gateway" / "api" / "grammar.py"]
    found = [
        path.name for path in models if re.search(r"raise (Value|Assertion)Error", path.read_text("utf-8"))
    ]
    assert len(models) > 4
    assert found == []
    assert {one for one in WORDS.values() if one not in SENTENCES.values()} == set()


def test_problem_says_its_detail_in_both_languages_and_names_the_place_in_both() -> None:
    body = problem_body(
        fault_at("/known/soNha", sentences.VALUE_NOT_IN_FORM, ProblemCode.VALUE_NOT_POSSIBLE), "01"
    ).decode()
    assert '"detail":"/known/soNha: the form\'s schema does not accept this value"' in body
    assert '"detail_vi":"/known/soNha: biểu mẫu không nhận giá trị này"' in body
    assert body.count('"detail_vi"') == 2
    assert '"detail' not in problem_body(Unprocessable(), "01").decode()


def test_sentence_inside_a_sentence_stays_in_its_language() -> None:
    one = sentences.LIMIT(most=5, seconds=60, whom=sentences.BY_OFFICIAL)
    assert one.vi == "tối đa 5 lượt trong 60 giây, tính theo cán bộ"
    assert one.en == "at most 5 in 60 seconds by official"

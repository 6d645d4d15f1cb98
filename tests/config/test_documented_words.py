"""The documents name every word that the files may say, and their examples are good."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from gateway.config.access import RequesterSettings
from gateway.config.agreement import Agreement
from gateway.config.configuration import ScopeFile
from gateway.config.strict_yaml import read_text
from gateway.mapping.codes import CodeList
from gateway.mapping.form_transforms import form_transforms
from gateway.mapping.model import AnswerRule, AttributeRule, FieldRule, RequestValue, ServiceMapping
from gateway.mapping.paper_rules import Predicate
from gateway.mapping.question_model import QuestionMapping
from gateway.mapping.records import provider_transforms
from tests.code_lists import load_codes

ROOT = Path(__file__).parents[2]
WORDS = ROOT / "mappings/WORDS.md"
CONFIG = ROOT / "config/README.md"
FENCE = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "model",
    [
        RequestValue,
        AttributeRule,
        AnswerRule,
        ServiceMapping,
        FieldRule,
        Predicate,
        QuestionMapping,
        CodeList,
    ],
)
def test_every_word_of_the_mapping_language_is_documented(model: type[BaseModel]) -> None:
    text = WORDS.read_text("utf-8")
    for name, field in model.model_fields.items():
        word = field.alias or name
        assert f"`{word}`" in text or f"\n{word}: " in text or f"\n{word}:\n" in text, word


def test_every_transform_is_documented() -> None:
    codes = load_codes(ROOT / "mappings/codes")
    source, _, form = WORDS.read_text("utf-8").partition("## A field of a form")
    assert [word for word in provider_transforms(codes) if f"| `{word}` |" not in source] == []
    assert [word for word in form_transforms(codes) if f"| `{word}` |" not in form] == []


@pytest.mark.parametrize(
    ("path", "begins", "model"),
    [
        (CONFIG, "# config/agreements/", Agreement),
        (CONFIG, "# config/requesters/", RequesterSettings),
        (CONFIG, "# config/published_scopes", ScopeFile),
        (WORDS, "list: ", CodeList),
    ],
)
def test_example_of_the_documents_is_good(path: Path, begins: str, model: type[BaseModel]) -> None:
    (example,) = [text for text in FENCE.findall(path.read_text("utf-8")) if text.startswith(begins)]
    assert isinstance(read_text(example.encode(), path, path.name).read_as(model), model)

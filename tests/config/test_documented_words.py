"""The documents name every word that the files may say, and their examples are good."""

import re
from collections.abc import Collection
from pathlib import Path

import pytest
from pydantic import BaseModel

from adapters.sources.rest import OPTIONS
from adapters.sources.soap_options import WORDS as SOAP_WORDS
from adapters.transport.auth import CALL_KINDS, MESSAGE_KINDS
from gateway.checks.message_examples import message_example_faults
from gateway.config.access import RequesterSettings
from gateway.config.agreement import Agreement
from gateway.config.configuration import PagingSettings, ScopeFile, ServiceSettings, SourceSettings
from gateway.config.gateway import Limits
from gateway.config.strict_yaml import read_text
from gateway.mapping.codecs import CODECS
from gateway.mapping.codes import CodeList
from gateway.mapping.form_transforms import form_transforms
from gateway.mapping.message_faults import message_faults
from gateway.mapping.messages import PortalPlans
from gateway.mapping.model import AnswerRule, AttributeRule, FieldRule, RequestValue, ServiceMapping
from gateway.mapping.paper_rules import Predicate
from gateway.mapping.portal_model import MessageMapping, PortalMapping, WireField
from gateway.mapping.question_model import QuestionMapping
from gateway.mapping.records import provider_transforms
from tests.code_lists import load_codes

ROOT = Path(__file__).parents[2]
WORDS = ROOT / "mappings/WORDS.md"
README = ROOT / "mappings/README.md"
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
        WireField,
        MessageMapping,
    ],
)
def test_every_word_of_the_mapping_language_is_documented(model: type[BaseModel]) -> None:
    text = WORDS.read_text("utf-8")
    for name, field in model.model_fields.items():
        word = field.alias or name
        assert f"`{word}`" in text or f"\n{word}: " in text or f"\n{word}:\n" in text, word


@pytest.mark.parametrize(
    ("protocol", "options", "without"),
    [("REST", OPTIONS, ()), ("SOAP", (*SOAP_WORDS,), ("method", "body", "pages"))],
)
def test_ten_minute_page_has_all_words_of_a_source(
    protocol: str, options: Collection[str], without: Collection[str]
) -> None:
    page = (ROOT / "mappings/examples/README.md").read_text("utf-8")
    table = page.partition(f"## All words of a {protocol} source")[2].partition("\n## ")[0]
    services = [f"services.*.{word}" for word in ServiceSettings.model_fields if word not in without]
    pages = [f"services.*.pages.{word}" for word in PagingSettings.model_fields if "pages" not in without]
    top = [word for word in SourceSettings.model_fields if word not in {"options", "limits"}]
    limits = [f"limits.{word}" for word in Limits.model_fields]
    wanted = [*top, *services, *pages, *(f"options.{word}" for word in options), *limits]
    assert sorted(re.findall(r"^\| \*{0,2}`([^`]+)`", table, re.MULTILINE)) == sorted(wanted)


def test_every_kind_of_sign_in_is_documented() -> None:
    table = (ROOT / "adapters/README.md").read_text("utf-8").partition("### Kinds of `auth`")[2]
    kinds = set(re.findall(r"^\| `([a-z0-9_]+)` \|", table.partition("\n## ")[0], re.MULTILINE))
    assert kinds - {"kind"} == {*CALL_KINDS, *MESSAGE_KINDS}


def test_every_transform_is_documented() -> None:
    codes = load_codes(ROOT / "mappings/codes")
    source, _, form = WORDS.read_text("utf-8").partition("## A field of a form")
    assert [word for word in provider_transforms(codes) if f"| `{word}` |" not in source] == []
    assert [word for word in form_transforms(codes) if f"| `{word}` |" not in form] == []
    codecs = form.partition("### Codecs")[2]
    assert [word for word in CODECS if f"| `{word}` |" not in codecs] == []


@pytest.mark.parametrize(
    ("path", "begins", "model"),
    [
        (CONFIG, "# config/agreements/", Agreement),
        (CONFIG, "# config/requesters/", RequesterSettings),
        (CONFIG, "# config/published_scopes", ScopeFile),
        (WORDS, "list: ", CodeList),
        (README, "portal: ", PortalMapping),
    ],
)
def test_example_of_the_documents_is_good(path: Path, begins: str, model: type[BaseModel]) -> None:
    (example,) = [text for text in FENCE.findall(path.read_text("utf-8")) if text.startswith(begins)]
    assert isinstance(read_text(example.encode(), path, path.name).read_as(model), model)


def test_examples_of_a_documented_portal_come_out_as_they_say() -> None:
    (example,) = [text for text in FENCE.findall(README.read_text("utf-8")) if text.startswith("portal: ")]
    mapping = read_text(example.encode(), README, README.name).read_as(PortalMapping)
    codes = load_codes(ROOT / "mappings/codes")
    assert list(message_faults(mapping, codes)) == []
    assert list(message_example_faults(PortalPlans(mapping, codes.lists))) == []

"""The API reference speaks both languages, and its page links only to what it shows."""

import re
from pathlib import Path

from gateway.api.openapi import document

STATIC = Path(__file__).parents[2] / "gateway/api/static"


def test_every_answer_is_described_in_both_languages() -> None:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                vi, slash, en = answer["description"].partition(" / ")
                assert slash, (path, method, status)
                assert vi != en, (path, method, status)


def test_page_needs_nothing_that_its_policy_blocks() -> None:
    page = (STATIC / "docs.html").read_text("utf-8")
    assert re.findall(r'(?:src|href)="(?!#|/docs/|/openapi\.json)', page) == []
    assert "style=" not in page
    assert re.search(r"\son[a-z]+=", page) is None
    script = (STATIC / "docs.js").read_text("utf-8")
    assert "innerHTML" not in script
    assert "eval(" not in script
    assert "url(" not in (STATIC / "docs.css").read_text("utf-8")


def test_links_of_the_page_lead_somewhere() -> None:
    page = (STATIC / "docs.html").read_text("utf-8")
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'\bid="([^"]+)"', page))

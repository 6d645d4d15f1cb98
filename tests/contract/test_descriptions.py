"""The API reference speaks both languages."""

from gateway.api.openapi import document


def test_every_answer_is_described_in_both_languages() -> None:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                vi, slash, en = answer["description"].partition(" / ")
                assert slash, (path, method, status)
                assert vi != en, (path, method, status)

"""Each cause of a missing answer has words and a remedy in both languages, and a row in the operators' table."""

import re

from gateway.domain.evidence import AnswerFault, Outcome
from gateway.domain.fault_codes import FaultCode
from tests.architecture.test_architecture import ROOT
from tests.architecture.test_sentences import NOT_OFFICIAL, VIETNAMESE

CODE = re.compile(r"[a-z]+(_[a-z]+)*")
#: a fact is a sentence, a remedy goes on behind a colon
FACT, REMEDY = re.compile(r"[^\W\d_]\S* .*[^.]", re.DOTALL), re.compile(r".* .*[^.]", re.DOTALL)


def test_every_cause_has_words_and_a_remedy_in_both_languages() -> None:
    wrong = [
        one.value
        for one in FaultCode
        if not (
            CODE.fullmatch(one)
            and all(map(FACT.fullmatch, one.words))
            and all(map(REMEDY.fullmatch, one.remedy))
            and all(map(VIETNAMESE.search, (one.words[0], one.remedy[0])))
            and not any(map(VIETNAMESE.search, (one.words[1], one.remedy[1])))
            and not NOT_OFFICIAL.search(one.words[0] + one.remedy[0])
        )
    ]
    assert wrong == []
    assert len({one.words for one in FaultCode}) == len(FaultCode)


def test_explanations_of_statuses_and_codes_are_whole_in_both_languages() -> None:
    outcomes = (Outcome.NOT_FOUND, Outcome.NO_MATCH, Outcome.REFUSED, Outcome.UNAVAILABLE, Outcome.INVALID)
    said = [
        AnswerFault(FaultCode.HTTP_STATUS, status=status, meant=meant)
        for status in range(300, 600)
        for meant in (None, *outcomes)
    ]
    said += [
        AnswerFault(FaultCode.SOAP_FAULT, provider_code=code)
        for code in ("Client", "Receiver", "MustUnderstand")
    ]
    said += [AnswerFault(FaultCode.FAULT), AnswerFault(FaultCode.HTTP_STATUS, status=401, step="token")]
    for one in said:
        (title, title_en), (remedy, remedy_en) = one.explained
        assert all(map(FACT.fullmatch, (title, title_en))), one
        assert all(map(REMEDY.fullmatch, (remedy, remedy_en))), one
        assert VIETNAMESE.search(title), one
        assert not VIETNAMESE.search(title_en + remedy_en), one
        assert not NOT_OFFICIAL.search(title + remedy), one


def test_operators_table_has_every_cause_as_the_product_says_it() -> None:
    readme = (ROOT / "adapters" / "README.md").read_text("utf-8")
    table = readme.partition("## Why does this source not answer")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{one}` | {one.words[1]} | {one.remedy[1]} |" for one in FaultCode]

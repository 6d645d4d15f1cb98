"""Codes, reason phrases, problem types and headers that hold what they must not: nothing of it is shown anywhere."""

import io
import json
from typing import Any

import pytest

from gateway.domain.fault_codes import FaultCode
from gateway.pages.ops_sources import cells_of
from tests.faults.conftest import GOSSIP, Say, Stage, assert_nothing_leaked, body, found, http, says

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINES = f'x"\n{{"event":"{GOSSIP}"}}\r\n'
MARKUP = f"<script>{GOSSIP}</script>{{{{ {GOSSIP} }}}}"
LONG = f"{GOSSIP} " * 300
PROBLEM = "application/problem+json"
PLAIN = GOSSIP.encode("ascii", "ignore").decode()
#: longest line of the operations log about one of them
LONGEST = 500


def fault(word: str, status: str = "200 OK") -> Say:
    return body(lambda _: json.dumps({"fault": {"code": word, "message": word}}), status=status)


def problem(word: str, status: str = "400 X") -> Say:
    told: dict[str, Any] = {
        "type": f"https://x/{word}",
        "title": word,
        "detail": word,
        "status": 200,
        word: word,
    }
    return body(lambda _: json.dumps(told), PROBLEM, status)


def soap_fault(word: str) -> Say:
    named = word.replace("&", "").replace("<", "&lt;").replace(">", "&gt;")
    told = (
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault>"
        f"<faultcode>s:{named}</faultcode><faultstring>{named}</faultstring>"
        f"<detail><MaLoi>{named}</MaLoi></detail></s:Fault></s:Body></s:Envelope>"
    )
    return body(lambda _: told, "text/xml", "500 X")


def headers(status: str, *lines: str, kind: str = "application/json") -> Say:
    return says(lambda _: http(b"{}", kind, status, "".join(f"{line}\r\n" for line in lines)))


WORDS = {"lines": LINES, "markup": MARKUP, "long": LONG, "number": "033184620957"}
ANSWERS: dict[str, tuple[str, Say]] = {
    **{f"fault code: {name}": ("civil_status", fault(word)) for name, word in WORDS.items()},
    **{f"fault code of an error: {name}": ("civil_status", fault(word, "502 X")) for name, word in WORDS.items()},
    **{f"problem: {name}": ("civil_status", problem(word)) for name, word in WORDS.items()},
    **{f"SOAP fault: {name}": ("population", soap_fault(word)) for name, word in WORDS.items()},
    "reason phrase": ("civil_status", headers(f"403 {PLAIN} <b>{PLAIN}</b>")),
    "pause": ("civil_status", headers("503 X", f"Retry-After: {PLAIN}", f"X-Fault: {PLAIN}")),
    "media type": ("civil_status", headers("200 OK", kind=f"text/{PLAIN}; charset={PLAIN}")),
    "coding": ("civil_status", headers("200 OK", f"Content-Encoding: {PLAIN}")),
    "framing": ("civil_status", headers("200 OK", f"Transfer-Encoding: {PLAIN}")),
    "long header": ("civil_status", headers("200 OK", f"X: {PLAIN * 900}")),
    "name of a header": ("civil_status", headers("200 OK", f"{PLAIN.replace(' ', '-')}: x")),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
async def test_words_of_a_provider_are_shown_nowhere(stage: Stage, logged: io.BytesIO, name: str) -> None:
    source, say = ANSWERS[name]
    stage.set(source, say)
    answer = await stage.ask()
    assert found(answer)[source][0] in {"invalid", "unavailable", "refused"}
    lines = [line for line in logged.getvalue().splitlines() if b'"prefill.source.fault"' in line]
    ours = [told for line in lines if (told := json.loads(line))["source"] == source]
    assert [len(line) < LONGEST for line in lines] == [True] * len(lines)
    assert {told["code"] for told in ours} <= {*FaultCode}
    assert ours
    token = await stage.house.token()
    bearer = {"Authorization": f"Bearer {token}"}
    async with stage.house.session.get(f"{stage.house.url}/v1/sources", headers=bearer) as response:
        shown = next(one for one in (await response.json())["sources"] if one["source"] == source)
    budget = {"left_percent": None, "asked": 0, "failed": 0}
    pages = [
        cells_of({**shown, "budget": {"hour": budget, "day": budget}}, one).texts for one in ("vi", "en")
    ]
    assert all(ours[-1]["code"] in one["fault"] for one in pages)
    await assert_nothing_leaked(stage.house, logged, *pages, shown)
    seen = logged.getvalue().decode() + json.dumps([answer, *pages, shown], ensure_ascii=False)
    assert all(word not in seen for word in ("033184620957", "script", PLAIN.split()[0], "Rò"))

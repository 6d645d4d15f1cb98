"""Commands of the log against what is no gateway, or says what it should not: exit 3, and nothing moves the cursor."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests import typed
from tests.exchange_log.serving_once import served

TOKEN = {"access_token": "x", "expires_in": 300}
EVIL = "[/bold] \x1b[2J\x1b]0;x\x07\x9b2J"
HASH = "0" * 64
SEARCH = ("search",)
PROVE = ("prove", HASH)
GROWN = ("checkpoint",)


class Raw(bytes):
    """Sent as it is, in place of an answer."""


@contextmanager
def lying(token: Any, answer: Any, status: int = 200) -> Iterator[str]:
    """Something that answers this, whatever it is asked; what is no text goes as JSON."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.say(answer, status)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if "oauth2" in self.path:
                self.say(token, 200 if isinstance(token, (dict, list)) and "error" not in token else 401)
            else:
                self.say(answer, status)

        def say(self, what: Any, code: int) -> None:
            if isinstance(what, Raw):
                self.wfile.write(what)
                self.close_connection = True
                return
            body = what.encode() if isinstance(what, str) else json.dumps(what).encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/html" if isinstance(what, str) else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with served(Door) as url:
        yield url


def said(url: str, *words: str, given: str = "") -> typed.Said:
    return typed.motlan("log", *words, "--gateway", url, "--client-secret", "x", given=given)


@pytest.mark.parametrize(
    ("token", "answer", "status", "words"),
    [
        ("<html>", {}, 200, SEARCH),
        ([1], {}, 200, SEARCH),
        ({"access_token": "x"}, {}, 200, SEARCH),
        (TOKEN, {}, 200, SEARCH),
        (TOKEN, "<html>hi", 200, SEARCH),
        (TOKEN, "<html>bad gateway", 502, SEARCH),
        (TOKEN, {"code": "log_unavailable", "title": "frozen"}, 503, SEARCH),
        (TOKEN, Raw(b"nonsense\r\n\r\n"), 200, SEARCH),
        (TOKEN, Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"), 200, SEARCH),
        (TOKEN, Raw(b"HTTP/1.1 500 No\r\nContent-Length: 999\r\n\r\n{"), 200, SEARCH),
        (TOKEN, {}, 200, ("subject", "-")),
        (TOKEN, {}, 200, ("report", "requesters", "--month", "2026-11")),
        (TOKEN, {}, 200, ("anchors",)),
        (TOKEN, {}, 200, GROWN),
        (TOKEN, {"leaf_index": "x", "hashes": ["zz"]}, 200, PROVE),
        (TOKEN, [], 200, PROVE),
        (TOKEN, Raw(b"nonsense\r\n\r\n"), 200, PROVE),
        (TOKEN, {}, 200, ("prove", "--exchange", "01KB0000000000000000000000")),
        (TOKEN, Raw(b"nonsense\r\n\r\n"), 200, ("export", "--out", "-")),
    ],
)
def test_what_is_no_gateway_is_told_as_such(
    token: Any, answer: Any, status: int, words: tuple[str, ...]
) -> None:
    with lying(token, answer, status) as url:
        got = said(url, *words, given="033190001234")
    assert (got.code, len(got.err) > 10) == (3, True), got


def test_wait_that_no_clock_has_ends() -> None:
    with lying(TOKEN, {"code": "record_unknown", "title": "x", "retry_after": -5}, 404) as url:
        assert said(url, *PROVE).code == 1


def test_client_that_is_not_known_is_a_fault_of_the_call() -> None:
    with lying({"error": "invalid_client"}, {}) as url:
        got = said(url, *SEARCH)
    assert (got.code, "MOTLAN_CLIENT_SECRET" in got.err) == (2, True), got


RECORD = {
    "leaf_index": 1, "leaf_hash": HASH, "time": EVIL, "phase": "outcome", "requester": EVIL, "dossier": EVIL,
    "procedure": EVIL, "agency": EVIL, "purpose": EVIL, "result": EVIL, "calls": [],
}  # fmt: skip
PAGE = {"exchange_id": "", "records": [RECORD], "next": None, "skipped_periods": [EVIL], "archives": []}
REPORT = {
    "exchange_id": "", "report": "requesters", "since": EVIL, "until": "", "title": EVIL, "title_en": "t", "how": EVIL,
    "how_en": "h", "settings": {}, "totals": {}, "columns": [{"name": "requester", "title": EVIL, "title_en": "r"}],
    "rows": [{"requester": EVIL}], "archives": [],
}  # fmt: skip
PROBLEM = {"code": EVIL, "title": EVIL, "title_vi": EVIL, "detail": EVIL, "errors": [1], "near": [EVIL]}


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (PAGE, 200, SEARCH),
        (PAGE, 200, (*SEARCH, "--json")),
        (REPORT, 200, ("report", "requesters", "--month", "2026-11")),
        (REPORT, 200, ("report", "requesters", "--month", "2026-11", "--format", "json")),
        (PROBLEM, 403, SEARCH),
        (PROBLEM, 403, (*SEARCH, "--json")),
    ],
)
def test_text_of_records_moves_no_cursor_and_is_no_markup(
    answer: Any, status: int, words: tuple[str, ...]
) -> None:
    with lying(TOKEN, answer, status) as url:
        got = said(url, *words)
    assert got.code == int(status != 200), got
    assert not set("\x1b\x07\x9b") & set(got.out + got.err)
    assert "[/bold]" in got.out + got.err

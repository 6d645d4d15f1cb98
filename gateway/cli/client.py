"""A small HTTP client for the command line and the demo: blocking, JSON, loopback or a gateway's address.

Never prints or keeps what it carries. `Unreachable` when nobody answers.
"""

import base64
import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

_EARLY_SECONDS = 30
#: between two pieces of a stream
_STREAM_SECONDS = 120


class Unreachable(Exception):
    """The gateway cannot be reached."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, and the decoded JSON or plain text (None when there is neither)."""

    status: int
    body: Any


class Client:
    """Speaks with one gateway; fetches a token when it has credentials."""

    def __init__(self, base: str, client_id: str = "", client_secret: str = "") -> None:
        """`base` like `http://127.0.0.1:8080`."""
        if urllib.parse.urlsplit(base).scheme not in {"http", "https"}:
            raise Unreachable(f"{base} is not an http address")
        self.base = base.rstrip("/")
        self._credentials = (
            base64.b64encode(f"{client_id}:{client_secret}".encode()).decode() if client_id else ""
        )
        self._token = ""
        self._expires = 0.0

    def get(self, path: str) -> Answer:
        """GET a path."""
        return self._send("GET", path, None, self._headers())

    def post(self, path: str, body: object) -> Answer:
        """POST JSON."""
        return self._send(
            "POST", path, orjson.dumps(body), self._headers() | {"Content-Type": "application/json"}
        )

    @contextmanager
    def streamed(self, path: str, body: object) -> Iterator[Answer | Iterator[bytes]]:
        """POST JSON; the lines of the answer as they come, or the whole answer when it is a problem.

        Unreachable when the answer breaks off.
        """
        headers = self._headers() | {"Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, orjson.dumps(body), headers, method="POST")  # noqa: S310 -- checked above
        try:
            got = _opener().open(request, timeout=_STREAM_SECONDS)
        except urllib.error.HTTPError as error:
            with error:
                refused = _answer(error.code, error.headers, error.read())
            yield refused
            return
        except OSError as error:
            raise self._unreachable(error) from None
        with got:
            yield self._lines(got)

    def _lines(self, got: Any) -> Iterator[bytes]:  # noqa: ANN401 -- http.client.HTTPResponse
        try:
            yield from got
        except (OSError, http.client.HTTPException):
            raise Unreachable(f"{self.base} broke off before the end") from None

    def _unreachable(self, error: OSError) -> Unreachable:
        reason = getattr(error, "reason", error)
        return Unreachable(f"{self.base} does not answer ({type(reason).__name__})")

    def delete(self, path: str) -> Answer:
        """DELETE a path."""
        return self._send("DELETE", path, None, self._headers())

    def _headers(self) -> dict[str, str]:
        if not self._credentials:
            return {}
        if time.monotonic() > self._expires:
            headers = {
                "Authorization": f"Basic {self._credentials}",
                "Content-Type": "application/x-www-form-urlencoded",
            }
            answer = self._send("POST", "/oauth2/token", b"grant_type=client_credentials", headers)
            if answer.status != 200:
                raise Unreachable(f"no token: {answer.body.get('error', answer.status)}")
            self._token = answer.body["access_token"]
            self._expires = time.monotonic() + answer.body["expires_in"] - _EARLY_SECONDS
        return {"Authorization": f"Bearer {self._token}"}

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        request = urllib.request.Request(self.base + path, body, headers, method=method)  # noqa: S310 -- checked above
        try:
            with _opener().open(request, timeout=30) as got:
                return _answer(got.status, got.headers, got.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.headers, error.read())
        except OSError as error:
            raise self._unreachable(error) from None


def _opener() -> urllib.request.OpenerDirector:
    """Asks no proxy."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _answer(status: int, headers: Any, raw: bytes) -> Answer:  # noqa: ANN401 -- email.message.Message
    if headers.get("content-type", "").startswith("text/plain"):
        return Answer(status, raw.decode("utf-8", "replace"))
    try:
        return Answer(status, orjson.loads(raw) if raw else None)
    except orjson.JSONDecodeError:
        return Answer(status, None)

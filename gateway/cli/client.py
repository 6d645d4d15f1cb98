"""A small HTTP client for the command line and the demo: blocking, JSON, loopback or a gateway's address.

Never prints or keeps what it carries. `Unreachable` when nobody answers, or what answers is no gateway.
"""

import base64
import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

_EARLY_SECONDS = 30
#: between two pieces of a stream
_STREAM_SECONDS = 120
_SECONDS = 30
_TOKEN_PATH = "/oauth2/token"  # noqa: S105 -- a path
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Unreachable(Exception):
    """The gateway cannot be reached, or something else answers in its place."""


class NotKnown(Unreachable):
    """The gateway gives this client no token: its id or its secret is wrong."""


@dataclass(frozen=True, slots=True)
class ClientAnswer:
    """Status, and the decoded JSON or plain text (None when there is neither)."""

    status: int
    body: Any
    #: for the next proof (RFC 9449, 8); mostly empty
    nonce: str = ""


class Prover(Protocol):
    """Signs for a client: what it sends instead of a secret."""

    def form(self, issuer: str) -> dict[str, str]:
        """The fields of a token request."""
        ...

    def proof(self, method: str, url: str, nonce: str, token: str = "") -> str:
        """The field DPoP of one request."""
        ...


class Streamed(Iterator[bytes]):
    """The lines of an answer as they come."""

    def __init__(self, lines: Iterator[bytes], headers: Mapping[str, str]) -> None:
        """With the headers that came before them."""
        self._lines = lines
        self.headers = headers

    def __next__(self) -> bytes:
        """The next one."""
        return next(self._lines)


class GatewayClient:
    """Speaks with one gateway; fetches a token when it has credentials."""

    def __init__(
        self, base: str, client_id: str = "", client_secret: str = "", prover: Prover | None = None
    ) -> None:
        """`base` like `http://127.0.0.1:8080`; with a prover, no secret is sent."""
        if urllib.parse.urlsplit(base).scheme not in {"http", "https"}:
            raise Unreachable(f"{base} is not an http address")
        self.base = base.rstrip("/")
        self._prover = prover
        self._credentials = (
            base64.b64encode(f"{client_id}:{client_secret}".encode()).decode() if client_id else ""
        )
        self._issuer = self._nonce = self._token = ""
        self._expires = 0.0

    def get(self, path: str, form: str = "") -> ClientAnswer:
        """GET a path; Unreachable when a good answer has not the form of this name in the contract."""
        return self._formed(self._asked("GET", path), form)

    def post(self, path: str, body: object, form: str = "") -> ClientAnswer:
        """POST JSON; likewise."""
        return self._formed(self._asked("POST", path, orjson.dumps(body)), form)

    def delete(self, path: str) -> ClientAnswer:
        """DELETE a path."""
        return self._asked("DELETE", path)

    def _formed(self, answer: ClientAnswer, form: str) -> ClientAnswer:
        if answer.status in {200, 202} and form:
            import jsonschema_rs

            from gateway.api.answers import ANSWERS  # both take a moment, and only those who ask need them

            schema = {"$ref": f"#/schemas/{form}", "schemas": ANSWERS}
            if not jsonschema_rs.validator_for(schema).is_valid(answer.body):
                raise Unreachable(f"{self.base} answered what no gateway of this version answers; is it one?")
        return answer

    @contextmanager
    def streamed(self, path: str, body: object) -> Iterator["ClientAnswer | Streamed"]:
        """POST JSON; the lines of the answer as they come, or the whole answer when it is a problem.

        Unreachable when the answer breaks off.
        """
        raw = orjson.dumps(body)
        got = self._opened("POST", path, raw, self._headers("POST", path, raw), _STREAM_SECONDS)
        if isinstance(got, ClientAnswer) and self._wants_nonce(got):
            got = self._opened("POST", path, raw, self._headers("POST", path, raw), _STREAM_SECONDS)
        if isinstance(got, ClientAnswer):
            yield got
            return
        with got:
            yield Streamed(self._lines(got), dict(got.headers.items()))

    def _lines(self, got: Any) -> Iterator[bytes]:  # noqa: ANN401 -- http.client.HTTPResponse
        try:
            yield from got
        except (OSError, http.client.HTTPException):
            raise Unreachable(f"{self.base} broke off before the end") from None

    def _refused(self, error: urllib.error.HTTPError) -> ClientAnswer:
        try:
            with error:
                return _answer(error.code, error.headers, error.read())
        except (OSError, http.client.HTTPException) as broken:
            raise self._unreachable(broken) from None

    def _unreachable(self, error: Exception) -> Unreachable:
        if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
            return Unreachable(f"{self.base} answered what is no HTTP, or broke off ({type(error).__name__})")
        reason = getattr(error, "reason", error)
        return Unreachable(f"{self.base} does not answer ({type(reason).__name__})")

    def _asked(self, method: str, path: str, body: bytes | None = None) -> ClientAnswer:
        answer = self._send(method, path, body, self._headers(method, path, body))
        if self._wants_nonce(answer):
            answer = self._send(method, path, body, self._headers(method, path, body))
        return answer

    def _wants_nonce(self, answer: ClientAnswer) -> bool:
        """Whether the same has to be asked with a proof that carries the nonce, which is kept."""
        self._nonce = answer.nonce or self._nonce
        body = answer.body if isinstance(answer.body, dict) else {}
        return bool(answer.nonce) and "use_dpop_nonce" in {body.get("code"), body.get("error")}

    def _headers(self, method: str = "GET", path: str = "", body: bytes | None = None) -> dict[str, str]:
        headers = {} if body is None else {"Content-Type": "application/json"}
        if not self._credentials and self._prover is None:
            return headers
        if time.monotonic() > self._expires:
            self._fetch_token()
        if self._prover is None:
            return headers | {"Authorization": f"Bearer {self._token}"}
        url = self._issuer + path.partition("?")[0]
        proof = self._prover.proof(method, url, self._nonce, self._token)
        return headers | {"Authorization": f"DPoP {self._token}", "DPoP": proof}

    def _fetch_token(self) -> None:
        answer = self._by_secret() if self._prover is None else self._by_key(self._prover)
        self._nonce = answer.nonce or self._nonce
        self._token, seconds = self._given(answer)
        self._expires = time.monotonic() + seconds - _EARLY_SECONDS

    def _by_secret(self) -> ClientAnswer:
        return self._send(
            "POST", _TOKEN_PATH, b"grant_type=client_credentials",
            {"Authorization": f"Basic {self._credentials}", **_FORM},
        )  # fmt: skip

    def _by_key(self, prover: Prover) -> ClientAnswer:
        self._issuer = self._issuer or self._learnt_issuer()
        for _ in range(2):
            form = urllib.parse.urlencode(prover.form(self._issuer)).encode()
            proof = prover.proof("POST", self._issuer + _TOKEN_PATH, self._nonce)
            answer = self._send("POST", _TOKEN_PATH, form, {"DPoP": proof, **_FORM})
            if not self._wants_nonce(answer):
                break
        return answer

    def _learnt_issuer(self) -> str:
        """How the gateway calls itself. What is signed for it is not handed to anybody else who says its name."""
        answer = self._send("GET", "/.well-known/oauth-authorization-server", None, {})
        issuer = str(answer.body.get("issuer", "")) if isinstance(answer.body, dict) else ""
        here = urllib.parse.urlsplit(self.base).hostname in {"127.0.0.1", "::1", "localhost"}
        if not issuer or (issuer != self.base and not here):
            raise Unreachable(f"{self.base} calls itself '{issuer}': ask it by that address")
        return issuer

    def _given(self, answer: ClientAnswer) -> tuple[str, float]:
        """Token and seconds; NotKnown when the client got none, Unreachable when what answered gives none."""
        match answer:
            case ClientAnswer(status=200, body={"access_token": str(token), "expires_in": int(seconds)}):
                return token, seconds
            case ClientAnswer(status=400 | 401, body={"error": str(word), **more}):
                why = more.get("error_description") if self._prover else None
                raise NotKnown(f"no token: {word}{f': {why}' if why else ''}")
        raise Unreachable(f"{self.base} gives no token ({answer.status}); is it a gateway?")

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> ClientAnswer:
        got = self._opened(method, path, body, headers, _SECONDS)
        if isinstance(got, ClientAnswer):
            return got
        try:
            with got:
                return _answer(got.status, got.headers, got.read())
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None

    def _opened(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], seconds: float
    ) -> Any:  # noqa: ANN401 -- http.client.HTTPResponse, or an Answer that is a refusal
        request = urllib.request.Request(self.base + path, body, headers, method=method)  # noqa: S310 -- checked above
        try:
            return _opener().open(request, timeout=seconds)
        except urllib.error.HTTPError as error:
            return self._refused(error)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None


def _opener() -> urllib.request.OpenerDirector:
    """Asks no proxy."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _answer(status: int, headers: Any, raw: bytes) -> ClientAnswer:  # noqa: ANN401 -- email.message.Message
    nonce = headers.get("DPoP-Nonce", "")
    if headers.get("content-type", "").startswith("text/plain"):
        return ClientAnswer(status, raw.decode("utf-8", "replace"), nonce)
    try:
        return ClientAnswer(status, orjson.loads(raw) if raw else None, nonce)
    except orjson.JSONDecodeError:
        return ClientAnswer(status, None, nonce)

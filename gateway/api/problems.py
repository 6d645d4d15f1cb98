"""Errors as problems (RFC 9457): a title in two languages, a stable code, the exchange id.

A problem never contains a value of the request; unknown names are shown only if they cannot be personal data.
"""

from collections.abc import Iterable

import orjson
from pydantic import BaseModel, ValidationError

from gateway.access.faults import TokenRefused
from gateway.api.fault_words import KINDS, sentence_of
from gateway.api.grammar import showable
from gateway.api.response import Response
from gateway.domain import sentences as say
from gateway.domain.errors import (
    BadRequest,
    Conflict,
    GatewayError,
    Gone,
    NotFound,
    TooLarge,
    Unprocessable,
    entry,
)
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import Sentence

CONTENT_TYPE = "application/problem+json"
_MAX_FAULTS = 20
_WRONG_VALUES = frozenset({
    "value_error", "assertion_error", "string_pattern_mismatch", "string_too_long", "string_too_short",
    "literal_error", "enum", "too_long", "too_short", "greater_than", "greater_than_equal",
    "less_than", "less_than_equal",
})  # fmt: skip


class NotHttp(BadRequest):
    """Bytes that are no request of HTTP/1.0 or 1.1, so the start of the next request is unknown."""

    def __init__(self) -> None:
        """Without details: the bytes may be personal data."""
        super().__init__(say.NOT_HTTP)


class MethodNotAllowed(BadRequest):
    """The path exists, the method does not."""

    code = ProblemCode.METHOD_NOT_ALLOWED

    def __init__(self, allow: str = "") -> None:
        """`allow`: the methods that it takes, for the field Allow."""
        super().__init__()
        self.allow = allow


class TooSlow(BadRequest):
    """The request did not arrive in time."""

    code = ProblemCode.REQUEST_TIMEOUT


class WrongMedia(BadRequest):
    """The body has an unsupported media type."""

    code = ProblemCode.UNSUPPORTED_MEDIA_TYPE


class NotAcceptable(BadRequest):
    """An expectation of the request cannot be met."""

    code = ProblemCode.EXPECTATION_FAILED


FAMILIES: dict[int, type[GatewayError]] = {
    404: NotFound,
    405: MethodNotAllowed,
    408: TooSlow,
    409: Conflict,
    410: Gone,
    413: TooLarge,
    415: WrongMedia,
    417: NotAcceptable,
}


def problem_body(error: GatewayError, exchange: str) -> bytes:
    """The error as a problem (RFC 9457)."""
    body: dict[str, object] = {
        "type": f"/docs#problem-{error.problem_code}",
        "title": error.title,
        "title_vi": error.title_vi,
        "status": error.http,
        "code": error.problem_code,
    }
    if error.sentence is not None:
        body |= {"detail": error.sentence.en, "detail_vi": error.sentence.vi}
    if error.retry_after is not None:
        body["retry_after"] = error.retry_after
    body |= error.members
    body["exchange_id"] = exchange
    return orjson.dumps(body)


def problem(error: GatewayError, exchange: str) -> Response:
    """The error as a response; the status is that of its family."""
    headers = {"X-Exchange-Id": exchange, "Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.http == 401:
        refusal = error if isinstance(error, TokenRefused) else TokenRefused(error.sentence)
        headers["WWW-Authenticate"] = refusal.challenge
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = error.allow
    response = Response(problem_body(error, exchange), CONTENT_TYPE, status=error.http, headers=headers)
    if isinstance(error, NotHttp):
        response.keep_alive = False
    return response


def from_validation(error: ValidationError, model: type[BaseModel]) -> BadRequest:
    """400 if the form of the body is wrong, 422 if only values are; one entry per fault and place."""
    faults = error.errors(include_url=False, include_input=False)
    shape = [fault for fault in faults if fault["type"] not in _WRONG_VALUES]
    # a value of several kinds has a fault for each kind
    problems: dict[tuple[str, Sentence, ProblemCode], None] = {}
    tags = getattr(model, "subject_kinds", ())
    for fault in shape or faults:
        place = _place(fault["loc"])
        place = (*place[:1], *place[2:]) if place[1:2] and place[1] in tags else place
        problems[pointer(place), sentence_of(fault, model), _word(fault["type"])] = None
        if len(problems) == _MAX_FAULTS:  # the words of thousands take seconds
            break
    shown = list(problems)
    family = BadRequest if shape else Unprocessable
    where, why, _ = shown[0]
    return family(why.at(where or "/"), errors=[entry(*one) for one in shown])


def pointer(place: Iterable[str | int]) -> str:
    """A JSON pointer (RFC 6901); a part that could be personal data is shown as `*`."""
    return "".join(f"/{part if isinstance(part, int) else showable(part)}" for part in place)


def _place(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The place without names of union members: the requester does not know them."""
    place = tuple(part for part in loc if part != "[key]")
    if place[:1] in KINDS:
        return place[: KINDS[place[:1]][0]]
    return (*place[:2], *place[3:]) if place[:1] == ("subjects",) else place


def _word(kind: str) -> ProblemCode:
    match kind:
        case "extra_forbidden":
            return ProblemCode.UNKNOWN_MEMBER
        case "missing":
            return ProblemCode.MISSING_MEMBER
        case "unknown_word":
            return ProblemCode.UNKNOWN_WORD
        case _:
            return ProblemCode.VALUE_NOT_POSSIBLE if kind in _WRONG_VALUES else ProblemCode.WRONG_TYPE

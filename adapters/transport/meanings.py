"""What error statuses, fault codes and problems (RFC 9457) of one source mean: its tables, else a safe default.

Promises: a code that no table has never says anything about a person, whatever its status may mean.
No text of the provider goes on: of a problem only `type` and `status` are read, and only what a table has is repeated.
"""

import re
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from adapters.transport.faults import INVALID, ProviderError, from_status, of_gateway, six_digits
from adapters.transport.strict_json import NotStrictJson, parse
from gateway.domain.evidence import AnswerFault, Outcome
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from gateway.mapping.paths import Getter, compile_path, steps_of

FaultMeaning = tuple[Outcome, Reason]

#: bodies of errors above this size are not searched for codes
_LONGEST_BODY = 32_768
_LONGEST_CODE = 200
_FIRST_ERROR = 400
#: outcomes that say something about a person
_SAID = frozenset({Outcome.NOT_FOUND, Outcome.NO_MATCH})
_PROBLEM = b"application/problem+json"
#: the type of a problem that has none (RFC 9457, 4.2.1)
_NO_TYPE = frozenset({"", "about:blank"})
#: a row of a list by its number, and the path in it
_ROW = re.compile(r"\[-?[0-9]+\]\.?(.*)")
_SEGMENT = re.compile(r"[/#:]")
#: stands for a code that is no text or number; no table has it
_NO_WORD = "\0"


class _Marks(NamedTuple):
    """What the body of an error says of it."""

    #: the surest first
    codes: tuple[str, ...] = ()
    #: the HTTP status that a problem names; 0: none
    status: int = 0


class Meanings:
    """The tables of one source."""

    __slots__ = (
        "_any_other",
        "_blank_is_fault",
        "_codes",
        "_pick",
        "_rows",
        "_statuses",
        "head",
        "is_placed",
        "places",
    )

    def __init__(
        self,
        statuses: Mapping[int, FaultMeaning] = MappingProxyType({}),
        codes: Mapping[str, FaultMeaning] = MappingProxyType({}),
        pick: Callable[[object], object] | None = None,
        place: str = "",
        texts: Collection[str] = (),
        *,
        blank_is_fault: bool = False,
    ) -> None:
        """`codes`: `*` any other. `pick` takes the code out of a body, where a success must have one or must not.

        `place`: the path of the code in a body; `texts`: of the fault's other words, which say nothing about a person.
        """
        #: a success may hold a fault code
        self.is_placed = pick is not None
        self._statuses = statuses
        self._codes = codes
        self._any_other = codes.get("*")
        self._pick = pick or (lambda _: None)
        found = _ROW.search(place) if self.is_placed else None
        #: the list of a code in one of its rows, and the code in a row
        self._rows = found and (compile_path(place[: found.start()]), compile_path(found[1]))
        self._blank_is_fault = blank_is_fault
        #: an object without this member holds none; blank: every success is looked at
        head = place.partition(".")[0]
        self.head = "" if blank_is_fault or "[" in head else head
        #: names on the way to the code and to the texts beside it
        self.places = tuple(map(_names, (*([place] if self.is_placed else []), *texts)))

    def of_error(self, status: int, kind: bytes, body: bytes, retry_in: int | None = None) -> ProviderError:
        """The fault of an answer with this status and media type; of a problem in a success, its own status counts."""
        marks = self._marks(kind, body)
        if status < _FIRST_ERROR <= marks.status < 600:
            status = marks.status
        default = from_status(status, body, retry_in)
        if code := next((one for one in marks.codes if one in self._codes and one != "*"), ""):
            return _as(default, self._codes[code], FaultCode.FAULT, code)
        if default.fault is not None and default.fault.provider_code:
            return default
        if marks.codes and self._any_other:
            return _as(default, self._any_other, FaultCode.FAULT)
        meant = self._statuses.get(status)
        unsure = (marks.codes and self._codes) or marks.status not in (0, status)
        if meant is None or (meant[0] in _SAID and unsure):
            return default
        return _as(default, meant, FaultCode.HTTP_STATUS)

    def of_code(self, code: str, status: int = 0) -> ProviderError:
        """The fault that a code stands for, in an answer that is no error by its status or that holds a SOAP fault."""
        named = None if code == "*" else self._codes.get(code)
        known = named or of_gateway(code)
        by_status = self._statuses.get(status)
        if by_status is not None and by_status[0] in _SAID:
            by_status = None
        fault = AnswerFault(
            FaultCode.FAULT,
            status=status,
            provider_code=code if known else "",
            meant=named[0] if named else None,
        )
        return ProviderError(*(known or self._any_other or by_status or INVALID), fault=fault)

    def contradicted(self, outcome: Outcome, codes: Collection[str]) -> str:
        """The first of these other codes of a fault that is known, and means something else; blank: none."""
        known = {one: self._codes.get(one) or of_gateway(one) for one in codes if one != "*"}
        return next((one for one, meant in known.items() if meant and meant[0] is not outcome), "")

    def in_answer(self, tree: object) -> ProviderError | None:
        """The fault in a success, at the place of the source's codes; None: there is none."""
        code = _word(self._pick(tree)) if self._rows is None else self._in_rows(tree, *self._rows)
        return self.of_code(code) if code or self._blank_is_fault else None

    def _in_rows(self, tree: object, listed: Getter, of_row: Getter) -> str:
        """The code in one row of a list; of no known word, where that is about a person and another row says else."""
        code, rows = _word(self._pick(tree)), listed(tree)
        others = {_word(of_row(row)) for row in rows if row} - {code, ""} if isinstance(rows, list) else ()
        is_sure = code and self._codes.get(code, INVALID)[0] not in _SAID
        return code if is_sure or not others else _NO_WORD

    def _marks(self, kind: bytes, body: bytes) -> _Marks:
        coded = six_digits(body)
        others = (coded,) if coded else ()
        is_one = is_problem(kind)
        if not (is_one or self.is_placed) or len(body) > _LONGEST_BODY:
            return _Marks(others)
        try:
            tree = parse(body)
        except NotStrictJson:
            return _Marks(others)
        placed = _word(self._pick(tree)) if self._rows is None else self._in_rows(tree, *self._rows)
        problem = tree if is_one and isinstance(tree, dict) else {}
        named = problem.get("status")
        codes = (*((placed,) if placed else ()), *_types(problem.get("type")), *others)
        return _Marks(codes, named if type(named) is int else 0)


def is_problem(kind: bytes) -> bool:
    """Whether a media type is that of RFC 9457."""
    return kind[: len(_PROBLEM)].lower() == _PROBLEM


def _names(path: str) -> tuple[str, ...]:
    return tuple(step for step in steps_of(path) if isinstance(step, str))


def _types(said: object) -> tuple[str, ...]:
    """The type of a problem, whole and its last segment."""
    if not isinstance(said, str) or said in _NO_TYPE:
        return ()
    return said, _SEGMENT.split(said.rstrip("/"))[-1]


def _word(value: object) -> str:
    """A code as text; blank where none stands."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return _NO_WORD
    text = str(value).strip()
    return text if len(text) <= _LONGEST_CODE else _NO_WORD


def _as(default: ProviderError, meant: FaultMeaning, kind: FaultCode, said: str = "") -> ProviderError:
    # a code that only `*` takes is one to ask the provider about
    known = meant[0] if said or kind is FaultCode.HTTP_STATUS else None
    fault = AnswerFault(kind, status=default.status, provider_code=said, meant=known)
    return ProviderError(
        *meant, default.retry_in, status=default.status, expired=default.expired, fault=fault
    )


#: of a source without tables
NO_MEANINGS: Final = Meanings()

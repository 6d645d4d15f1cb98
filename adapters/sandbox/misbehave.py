"""What can go wrong at a provider: the modes and the rules in force.

Promises: rules are kept per source and operation, for a number of times or until taken away; counts of calls
say nothing about people. How an answer is spoiled is in `spoil.py`, how a connection is in `connection.py`.
"""

import random
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """Ways to misbehave."""

    SLOW = "slow"  #: the real answer after `seconds`
    HANG = "hang"  #: no answer ever
    DRIP = "drip"  #: the real answer, one byte per `seconds`
    RESET = "reset"  #: connection reset before the work
    DROP_AFTER_COMMIT = "drop_after_commit"  #: work done, connection closed without an answer
    TRUNCATE = "truncate"  #: half of the promised bytes
    GARBAGE = "garbage"  #: random bytes
    HTML = "html"  #: a log-in page with status 200
    EMPTY = "empty"  #: status 200 without a body
    FAULT200 = "fault200"  #: an error of the provider with status 200
    STATUS429 = "status429"
    STATUS503 = "status503"
    WRONG_PERSON = "wrong_person"  #: a well-formed answer about another person
    TWO_PEOPLE = "two_people"  #: two records where one was asked for
    MISSING_FIELD = "missing_field"
    EXTRA_FIELD = "extra_field"
    NULL_FIELD = "null_field"
    WRONG_CHARSET = "wrong_charset"  #: bytes of an old Vietnamese code page, declared UTF-8
    HUGE = "huge"  #: a valid answer of eight megabytes
    GZIP_BOMB = "gzip_bomb"  #: a small compressed answer that swells to 64 megabytes
    DOCTYPE = "doctype"  #: XML with a document type and entities
    REDIRECT = "redirect"  #: 302 to another address of the sandbox
    EXPIRED_SESSION = "expired_session"  #: tokens forgotten, call refused
    FORGETFUL = "forgetful"  #: success is answered, nothing is stored
    DUPLICATE_CODE = "duplicate_code"  #: "exists" is answered to a new code, nothing is stored


#: modes of peers that take dossiers; the others store nothing
AT_RECEIVERS = frozenset({Mode.FORGETFUL, Mode.DUPLICATE_CODE})
_SEED = 14


@dataclass(slots=True, kw_only=True)
class Misbehaviour:
    """One way for one source to misbehave.

    No `operation`: all but log-ins and tokens. No `times`: until removed. `percent`: of the calls, drawn for each.
    """

    source: str
    mode: Mode
    operation: str = ""
    times: int | None = None
    percent: float | None = None
    seconds: float | None = None
    field: str = ""


class Switchboard:
    """The rules in force and the count of calls, for one running sandbox."""

    def __init__(self) -> None:
        """No rules, no calls."""
        self._rules: list[Misbehaviour] = []
        self._calls: Counter[str] = Counter()
        self._draw = random.Random(_SEED)

    def add(self, rule: Misbehaviour) -> None:
        """Put a rule in force; the newest for a source and operation wins."""
        self._rules.insert(0, rule)

    def remove(self, source: str = "", operation: str = "") -> None:
        """Take away the rules of a source (and operation), or all."""
        self._rules = [
            rule
            for rule in self._rules
            if (source and rule.source != source) or (operation and rule.operation != operation)
        ]

    def take(self, source: str, operation: str, *, opens: bool) -> Misbehaviour | None:
        """The rule for this call, used up once."""
        for rule in self._rules:
            if rule.source != source or rule.operation != ("" if not rule.operation else operation):
                continue
            if opens and not rule.operation:
                continue
            if rule.percent is not None and self._draw.random() * 100 >= rule.percent:
                continue
            if rule.times is not None:
                rule.times -= 1
                if rule.times <= 0:
                    self._rules.remove(rule)
            return rule
        return None

    def count(self, source: str, operation: str) -> None:
        """One more call received."""
        self._calls[f"{source}.{operation}"] += 1

    def calls(self) -> dict[str, int]:
        """Calls received per `source.operation`."""
        return dict(sorted(self._calls.items()))

    def reset(self) -> None:
        """No rules, no counts."""
        self._rules.clear()
        self._calls.clear()
        self._draw.seed(_SEED)

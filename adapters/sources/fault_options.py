"""The words of `options` that say what a source's statuses and fault codes mean, checked: REST and SOAP alike.

`http`: error status → outcome. `faults`: code → outcome, `*` any other; a type of problem (RFC 9457) too, whole
or its last segment. `fault_code`: where the code stands. `fault_blank` (REST): what it means that none stands there.
`fault_texts`: where a fault has its texts for people, which say nothing about a person.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from adapters.transport.meanings import FaultMeaning, Meanings
from gateway.domain.errors import Problem
from gateway.domain.evidence import Outcome
from gateway.domain.faults import Faults, near
from gateway.domain.reasons import Reason
from gateway.mapping.paths import compile_path

if TYPE_CHECKING:
    from gateway.config.configuration import SourceSettings

#: words of `options` that this file reads; `fault_blank` is of REST
FAULT_WORDS = ("http", "faults", "fault_code")
BLANK_WORD, TEXTS_WORD = "fault_blank", "fault_texts"
REST_WORDS = (BLANK_WORD, TEXTS_WORD)
#: outcome of a fault → the reasons that it may have, the usual one first
_REASONS: Mapping[Outcome, tuple[Reason, ...]] = MappingProxyType(
    {
        Outcome.REFUSED: (
            Reason.SOURCE_REFUSED, Reason.NOT_AGREED, Reason.PURPOSE_NOT_ALLOWED, Reason.CONSENT_MISSING,
            Reason.QUOTA_EXCEEDED,
        ),
        Outcome.UNAVAILABLE: (
            Reason.SOURCE_BUSY, Reason.SOURCE_TIMEOUT, Reason.SOURCE_UNREACHABLE, Reason.QUOTA_EXCEEDED,
        ),
        Outcome.INVALID: (Reason.SOURCE_ANSWER_INVALID, Reason.VALUE_INVALID, Reason.CODE_UNKNOWN),
        Outcome.NO_MATCH: (Reason.DATA_DO_NOT_MATCH, Reason.SEVERAL_RECORDS),
        Outcome.NOT_FOUND: (Reason.NO_SUCH_PERSON, Reason.VALUE_BLANK),
    }
)  # fmt: skip
#: what may stand for an outcome
_ALIASES = MappingProxyType({"busy": Outcome.UNAVAILABLE})
OUTCOME_WORDS = (*(outcome.value for outcome in _REASONS), *_ALIASES)
_SAID = frozenset({Outcome.NOT_FOUND, Outcome.NO_MATCH})
_INVALID: FaultMeaning = (Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)
#: statuses about the call or the server: nobody was looked for
_OF_THE_CALL = frozenset({401, 403, 405, 406, 407, 408, 411, 413, 414, 415, 429, 431})
_LONGEST_CODE = 200


class FaultOptions:
    """Reads the words of one source; what cannot be used is noted in `faults`."""

    def __init__(self, settings: "SourceSettings", faults: Faults) -> None:
        """Nothing is read yet."""
        self._file = f"config/sources/{settings.source}.yaml"
        self._options = settings.options
        self._faults = faults

    def read(self, pick: Callable[[str], Callable[[object], object]] | None = compile_path) -> Meanings:
        """The tables. `pick` compiles `fault_code`, ValueError when it is no path; None: the caller does (SOAP)."""
        place = str(self._options.get("fault_code") or "")
        codes = self._table("faults", self._code_of)
        if "fault_code" in self._options and not place:
            self._note(
                "'options.fault_code' is blank", "write the path of the code, or take it out", "fault_code"
            )
        elif place and not codes:
            what = f"'options.fault_code: {place}' finds codes that nothing gives a meaning"
            self._note(what, "write 'faults: {CODE: outcome}', or 'faults: {\"*\": invalid}'", "fault_code")
        picked = None
        if place and pick is not None:
            try:
                picked = pick(place)
            except ValueError as error:
                self._note(
                    f"'options.fault_code': {error}", "write names joined by dots: 'error.code'", "fault_code"
                )
        is_fault = self._is_blank_a_fault(place)
        return Meanings(self._statuses(), codes, picked, place, self._texts(), blank_is_fault=is_fault)

    def _texts(self) -> list[str]:
        given = self._options.get(TEXTS_WORD, ())
        texts = [str(one) for one in given] if isinstance(given, list | tuple) else [str(given)]
        for text in texts:
            try:
                compile_path(text)
            except ValueError as error:
                remedy = "write names joined by dots: [error.message]"
                self._note(f"'options.{TEXTS_WORD}': {error}", remedy, TEXTS_WORD)
                return []
        return texts

    def _is_blank_a_fault(self, place: str) -> bool:
        if BLANK_WORD not in self._options:
            return False
        said = self._options[BLANK_WORD]
        if said not in ("found", "invalid"):
            remedy = near(str(said), ("found", "invalid"), "write 'found' (no code, no fault) or 'invalid'")
            self._note(f"'options.fault_blank: {said}' is not known", remedy, BLANK_WORD)
        elif not place:
            what = (
                "'options.fault_blank' says what a blank code means, and no 'fault_code' says where it stands"
            )
            self._note(what, "add 'fault_code: <path>', or take it out", BLANK_WORD)
        return bool(said == "invalid")

    def _statuses(self) -> Mapping[int, FaultMeaning]:
        table = self._table("http", self._status_of)
        return {int(status): meaning for status, meaning in table.items() if status.isdigit()}

    def _table(
        self, word: str, check: Callable[[str, FaultMeaning], tuple[str, str] | None]
    ) -> Mapping[str, FaultMeaning]:
        """The table under `word`; `check` says what is wrong with an entry, and how to mend it."""
        given = self._options.get(word, {})
        if not isinstance(given, Mapping):
            sort = "STATUS" if word == "http" else "CODE"
            self._note(f"'options.{word}' is no table", f"write '{word}: {{{sort}: outcome}}'", word)
            return {}
        table: dict[str, FaultMeaning] = {}
        for key, said in given.items():
            code = str(key).strip()
            meaning = self._meaning(word, str(key), said)
            if code in table:
                self._note(f"'options.{word}' has '{code}' twice", "keep one of the two", word, str(key))
            elif meaning is not None and (fault := check(code, meaning)) is not None:
                self._note(*fault, word, str(key))
            table[code] = meaning or _INVALID
        return table

    def _meaning(self, word: str, key: str, said: object) -> FaultMeaning | None:
        """Outcome and reason of an entry; None when they cannot be used, which is noted."""
        place, given = f"'options.{word}.{key}", said if isinstance(said, Mapping) else {"outcome": said}
        for strange in sorted(set(given) - {"outcome", "reason"}):
            remedy = near(str(strange), ("outcome", "reason"), "write {outcome: …, reason: …}")
            self._note(f"{place}.{strange}' is not known", remedy, word, key)
        name = str(given.get("outcome", ""))
        outcome = _ALIASES.get(name) or next((one for one in _REASONS if one == name), None)
        if outcome is None:
            remedy = near(
                name, OUTCOME_WORDS, f"write one of {', '.join(OUTCOME_WORDS)}, or {{outcome: …, reason: …}}"
            )
            if name == Outcome.FOUND:
                remedy = "a code of success is no fault: write it in 'status' and 'statuses' of the mapping"
            self._note(f"{place}' is not understood: '{name}' is no outcome of a fault", remedy, word, key)
            return None
        reasons = _REASONS[outcome]
        reason = given.get("reason", reasons[0])
        if reason not in reasons:
            what = f"{place}' is not understood: '{reason}' is no reason of '{name}'"
            self._note(what, near(str(reason), reasons, f"write one of {', '.join(reasons)}"), word, key)
            return None
        return outcome, Reason(str(reason))

    def _status_of(self, status: str, meaning: FaultMeaning) -> tuple[str, str] | None:
        what = f"'options.http.{status}'"
        if status.isascii() and status.isdigit() and len(status) == 6:
            return f"{what} is a fault code and no status", f"write it under 'faults': {{\"{status}\": …}}"
        if not (status.isascii() and status.isdigit() and 100 <= int(status) <= 599 and len(status) == 3):
            return f"{what} is no status of HTTP", "write an error status, such as 404"
        if int(status) < 400:
            return (
                f"{what} is no error: its body is read",
                "write what it says in 'status' and 'statuses' of the mapping, or in 'fault_code' and 'faults'",
            )
        if meaning[0] in _SAID and (int(status) >= 500 or int(status) in _OF_THE_CALL):
            remedy = "write refused, unavailable or invalid; a code in its body may say more ('fault_code')"
            return (
                f"{what}: nobody was looked for when this status comes, so it cannot be '{meaning[0]}'",
                remedy,
            )
        return None

    def _code_of(self, code: str, meaning: FaultMeaning) -> tuple[str, str] | None:
        what = f"'options.faults.{code}'"
        if code == "*" and meaning[0] in _SAID:
            return (
                f"{what}: a code that is not known says nothing about a person",
                "name the codes that mean it; '*' is refused, unavailable or invalid",
            )
        if not code or len(code) > _LONGEST_CODE or not code.isprintable():
            return f"{what} cannot be a code", f"write the code itself, {_LONGEST_CODE} letters at most"
        given = self._options["faults"]
        short = code.rstrip("/").rpartition("/")[2]
        if (
            "/" in code
            and short in given
            and self._meaning("faults", short, given[short]) not in (None, meaning)
        ):
            return f"{what} and '{short}' are one type of problem with two meanings", "keep one of the two"
        return None

    def _note(self, what: str, remedy: str, *place: str) -> None:
        self._faults.add([Problem(self._file, 0, what, remedy, place=("options", *place))])

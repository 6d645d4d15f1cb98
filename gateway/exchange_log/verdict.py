"""The result of a verification: counts, and findings with their place in the file."""

import re
from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple

from gateway.exchange_log.json_text import parsed, written_sorted
from gateway.exchange_log.seen import SeenIds

#: listed findings about lines and records; further ones are only counted
MOST_FINDINGS = 20
#: form of the records that this verifier knows
RECORD_FORM = 1
#: phases with their own count; further ones are counted together
MOST_PHASES = 32
OTHER_PHASES = "other"

#: where sorted keys put them: the beginning, the exchange and what follows it, the phase
_BEGINNING = b'{"agency":"'
_EXCHANGE = b'","exchange":"'
_FIELDS = b'","fields":{'
#: an exchange has 26 letters
_TO_FIELDS = len(_EXCHANGE) + 26
_PHASE = b'","phase":"'
_LONGEST_PHASE = 32
_NO_RECORD = (
    "it is no record (JSON with exchange, phase, time and v), and yet in the tree: no gateway writes such a leaf, "
    "somebody put it into the log's database"
)
#: order of findings about records in the report
_RANKS = {"changed": 0, "inserted": 0, "moved": 0, "twice": 1, "order": 1, "missing": 2}
_PHASE_WORD = re.compile(r"[A-Za-z_]{1,32}", re.ASCII)
_TIME_WORD = re.compile(r"[0-9TZ:.+-]{1,40}", re.ASCII)
_END = re.compile(rb'"time":"([0-9TZ:.-]{24})","v":1}')
_END_BYTES = 40


class Finding(NamedTuple):
    """One finding: stable code, text, line (from 1) and index of the record."""

    code: str
    what: str
    line: int | None = None
    index: int | None = None  # type: ignore[assignment]  # hides an unused method of tuples
    #: False: no fault, but this file cannot prove it
    wrong: bool = True

    def __str__(self) -> str:
        """For people: `line 7, record 5: changed: …`."""
        places = {"line": self.line, "record": self.index}
        place = ", ".join(f"{name} {number}" for name, number in places.items() if number is not None)
        return f"{place}: {self.what}" if place else self.what


class Verdict:
    """Filled while the file is read; `good` at the end if nothing was found."""

    def __init__(self) -> None:
        """Nothing read, nothing found."""
        self.findings: list[Finding] = []
        #: number of faults, with those that are not listed
        self.wrong = 0
        #: whose log, how many leaves it had, and its root in hex, as the checkpoint says
        self.origin = ""
        self.size = 0
        self.root = ""
        #: names of the reader's keys that signed
        self.signers: list[str] = []
        #: name of each requested witness -> time of its signature, POSIX seconds
        self.witnesses: dict[str, int] = {}
        #: leaves covered by the file: from `first` to before `end`; a search result has some of them
        self.first = 0
        self.end = 0
        self.contiguous = True
        self.records = 0
        self.phases: Counter[str] = Counter()
        #: earliest and latest time in the records, RFC 3339
        self.earliest = ""
        self.latest = ""
        #: times of the first and the last record in the file
        self.opening = ""
        self.closing = ""
        #: ids of the records
        self.ids = SeenIds()
        #: the requested time range in line 1 (unsigned); empty for open ends and none
        self.asked = ("", "")
        #: of a search in line 1 (unsigned): names of filters, skipped months and archives
        self.searched: dict[str, list[str]] | None = None
        #: size of the older checkpoint that this log was proven to extend
        self.since: int | None = None
        #: size of the reader's later checkpoint that was proven to extend this one
        self.grown: int | None = None

    @property
    def good(self) -> bool:
        """Whether there is no finding."""
        return self.wrong == 0

    @property
    def whole(self) -> bool:
        """Whether the file covers the whole log, so that no record of the checkpoint is missing from it."""
        return self.contiguous and self.first == 0 and self.end == self.size

    @property
    def accused(self) -> bool:
        """Whether there is a fault, not only an open question."""
        return self.wrong > sum(not one.wrong for one in self.findings)

    @property
    def reached(self) -> tuple[bool, bool]:
        """Whether the file shows that no record of the requested range is missing at its begin, at its end.

        It does if the log begins there, or if the record at the edge is outside the range. If the log of this
        checkpoint ends there, a longer log may have existed: only the time of a witness signature after the range
        shows that none is missing. A record with a wrong clock may still be elsewhere.
        """
        since, until = self.asked
        began = not since or self.first == 0 or "" < self.opening < since
        return began, not until or self.closing >= until or (
            self.end == self.size and self._seen_after(until)
        )

    def _seen_after(self, moment: str) -> bool:
        """Whether a witness signed this checkpoint after a time (which may be no valid date)."""
        try:
            seconds = datetime.fromisoformat(moment).timestamp()
        except (ValueError, OverflowError):
            return False
        return any(time >= seconds for time in self.witnesses.values())

    def add(self, code: str, what: str, line: int | None = None, index: int | None = None) -> None:
        """Add a fault, once for each record and code."""
        if index is not None and any((one.code, one.index) == (code, index) for one in self.findings):
            return
        self.wrong += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(code, what, line, index))

    def conclude(self, code: str, what: str, line: int | None = None, index: int | None = None) -> None:
        """Add a fault of the whole file; these are few and all listed."""
        self.wrong += 1
        self.findings.append(Finding(code, what, line, index))

    def add_twice(self, first: int, line: int, index: int) -> None:
        """Add a fault: one record at two indexes."""
        what = f"the same record stands at {first} already: it was copied into the log's database and numbered again"
        self.add("twice", what, line, index)

    def withdraw(self, code: str, index: int) -> None:
        """Remove a finding that follows from another finding about this record."""
        kept = [one for one in self.findings if (one.code, one.index) != (code, index)]
        self.wrong -= len(self.findings) - len(kept)
        self.findings = kept

    def leave_open(self, code: str, what: str) -> None:
        """Add an open question: the reader asked for it, and this file cannot prove it."""
        self.wrong += 1
        self.findings.append(Finding(code, what, wrong=False))

    def order(self) -> None:
        """Sort: changed, moved and inserted records before their consequences (wrong order, a gap)."""
        places = [at for at, one in enumerate(self.findings) if one.code in _RANKS]
        ranked = sorted((self.findings[at] for at in places), key=lambda one: _RANKS[one.code])
        for at, one in zip(places, ranked, strict=True):
            self.findings[at] = one

    def as_json(self) -> dict[str, Any]:
        """The whole verdict in plain JSON values."""
        return {
            "good": self.good,
            "findings": [
                {name: value for name, value in one._asdict().items() if name != "wrong" or not value}
                for one in self.findings
            ],
            "wrong": self.wrong,
            "origin": self.origin,
            "size": self.size,
            "root": self.root,
            "signers": self.signers,
            "witnesses": self.witnesses,
            "from": self.first,
            "to": self.end,
            "contiguous": self.contiguous,
            "whole": self.whole,
            "records": self.records,
            "phases": dict(sorted(self.phases.items())),
            "earliest": self.earliest,
            "latest": self.latest,
            "opening": self.opening,
            "closing": self.closing,
            "searched": self.searched,
            "asked": dict(zip(("since", "until"), self.asked, strict=True)),
            "reached": dict(zip(("since", "until"), self.reached, strict=True)),
            "since": self.since,
            "grown": self.grown,
        }

    def count(self, leaf: bytes, line: int, index: int, *, strict: bool) -> None:
        """Count one record; a fault if it is no record of the form `"v": 1`.

        Exchange, phase and time are read at their usual positions, else the record is decoded. `strict` decodes
        each record and requires canonical JSON. The hash covers any bytes, so this is about the writer: other bytes
        than the gateway's were written by a writer of the database.
        """
        self.records += 1
        seen = None if strict else _glance(leaf)
        try:
            phase, time = seen or _decoded_record(leaf, strict=strict)
        except ValueError as error:
            self.add("record", str(error), line, index)
            return
        if (first := self.ids.first(leaf, index)) != index:
            self.add_twice(first, line, index)
        known = phase in self.phases or len(self.phases) < MOST_PHASES
        self.phases[phase if known else OTHER_PHASES] += 1
        if time > self.latest:  # noqa: PLR1730 -- max() takes 3 % of a whole run
            self.latest = time
        self.closing = time
        if time < self.earliest or not self.earliest:
            self.opening = self.opening or time
            self.earliest = time


def _glance(leaf: bytes) -> tuple[str, str] | None:
    """Phase and time at the places where sorted keys put them; None if the leaf looks otherwise.

    No JSON is parsed, which would double the time: only `strict` finds bytes that look like this and are no JSON.
    """
    place = leaf.find(_EXCHANGE) + _TO_FIELDS
    if not (leaf.startswith(_FIELDS, place) and leaf.startswith(_BEGINNING)):
        return None
    end = _END.fullmatch(leaf, len(leaf) - _END_BYTES)
    start = leaf.rfind(_PHASE) + len(_PHASE)
    phase = leaf[start : leaf.find(b'","procedure":"', start)]
    if end is None or start < len(_PHASE) or len(phase) > _LONGEST_PHASE or not phase.isalpha():
        return None
    return phase.decode(), end[1].decode()


def _decoded_record(leaf: bytes, *, strict: bool) -> tuple[str, str]:
    """Phase and time; ValueError says what the leaf is not."""
    try:
        members = parsed(leaf)
        form, phase, time = members["v"], members["phase"], members["time"]
        exchange = members["exchange"]
    except (KeyError, TypeError, ValueError):
        raise ValueError(_NO_RECORD) from None
    if type(exchange) is not str:
        raise ValueError(_NO_RECORD)
    if type(form) is not int or form != RECORD_FORM or type(phase) is not str or type(time) is not str:
        raise ValueError(f"it is no record of form {RECORD_FORM}")
    if not (_PHASE_WORD.fullmatch(phase) and _TIME_WORD.fullmatch(time)):
        raise ValueError(f"it is no record of form {RECORD_FORM}: its phase is no word, or its time no time")
    if strict and not _canonical(members, leaf):
        raise ValueError("its JSON is not canonical: sorted keys, no spaces")
    return phase, time


def _canonical(members: object, leaf: bytes) -> bool:
    try:
        return written_sorted(members) == leaf
    except ValueError:
        return False

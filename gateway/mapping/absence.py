"""What says that an answer has no record: the provider's own status, and blanks with nothing new beside them.

Promises: an answer that says more than its contract allows is never taken for "nothing is registered".
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from itertools import chain

from gateway.domain.evidence import SAID, AnswerFault, Outcome, SourceAnswer, SourceQuery, failed
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from gateway.mapping.model import AnswerRule, EnvelopeRule, ServiceMapping, paths_of
from gateway.mapping.paths import WHOLE_LIST, steps_of
from gateway.mapping.records import WEAK
from gateway.mapping.transforms import is_hollow
from gateway.mapping.values import Place

#: outcome -> the answer that has no evidence for this reason
FAILED: Mapping[Outcome, SourceAnswer] = {
    outcome: failed(outcome, reason)
    for outcome, reason in (
        (Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON),
        (Outcome.NO_MATCH, Reason.DATA_DO_NOT_MATCH),
        (Outcome.REFUSED, Reason.SOURCE_REFUSED),
        (Outcome.UNAVAILABLE, Reason.SOURCE_BUSY),
        (Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID),
    )
}
#: a number as texts write it: `5`, `1.000`, `1 000`; and one that is 0
_NUMBER = re.compile(r"\s*[+-]?\d[\d.,\s]*")
_ZERO = re.compile(r"\s*[+-]?0[0.,\s]*")


class Absence:
    """How one data service says that it has no record."""

    __slots__ = (
        "_echoes", "_envelope", "_heads", "_is_empty_meant", "_outside", "_reads", "_repeated", "_status", "_statuses",
        "_unsent", "answer",
    )  # fmt: skip

    def __init__(self, mapping: ServiceMapping, wanted: Iterable[str], request: Iterable[Place]) -> None:
        """`wanted`: paths (from the answer's root) that the mapping reads; `request`: places of the request."""
        rule = mapping.answer
        #: the answer that means that there is no record
        self.answer = FAILED[Outcome(rule.absent)]._replace(is_blank=not rule.status)
        self._status = rule.status
        self._statuses = {status: Outcome(word) for status, word in rule.statuses.items()}
        self._is_empty_meant = rule.empty == "absent"
        updated = rule.updated_at.path if rule.updated_at else ""
        is_whole = any(not path for one in rule.attributes.values() for path in paths_of(one))
        inside = {*wanted} - {"" if is_whole else rule.record, rule.status, updated}
        #: places that are read in a record, as names from the answer's root
        self._reads = {names for path in inside if (names := _names(path.removeprefix(f"{WHOLE_LIST}.")))}
        self._heads = frozenset(re.split(r"[.\[]", path, maxsplit=1)[0] for path in wanted)
        #: places that the mapping names beside
        self._outside = {
            _names(path) for path in (rule.record, rule.status, updated, *(one.path for one in rule.envelope))
        }
        self._envelope = [(_names(one.path), _names(one.beside), one) for one in rule.envelope]
        self._unsent = _unsent(mapping)
        self._repeated = _repeated(rule, self._unsent)
        places, record = [tuple(one.names) for one in request], _names(rule.record)
        in_record = [(*record, *names) for names in (*places, *map(_names, rule.identity.values()))]
        #: whole places where an answer may repeat what was asked: those of the request, at its root or in the record
        self._echoes = {_folded(names) for names in (*places, *in_record)}

    def said(self, status: object) -> Outcome:
        """What the provider's own status means."""
        return self._statuses.get(_word(status)) or self._statuses.get("*", Outcome.INVALID)

    def failed(self, outcome: Outcome, status: object) -> SourceAnswer:
        """The answer for a status that is not `found`; the status is shown where the mapping has it."""
        answer = FAILED[outcome]
        if outcome.value in SAID:
            return answer
        word = _word(status)
        known = word if word in self._statuses else ""
        code = FaultCode.PROVIDER_STATUS if known else FaultCode.STATUS_UNKNOWN
        return answer._replace(faults=(AnswerFault(code, path=self._status, provider_code=known),))

    def is_meant(self, tree: object, query: SourceQuery) -> bool:
        """Whether an answer whose record is blank means by contract that there is none.

        An answer of another form says nothing about the person.
        """
        if tree is None or tree == {}:
            return self._is_empty_meant
        if isinstance(tree, dict) and self._heads.isdisjoint(tree):
            return False
        if self._is_text_alone(tree):
            return False
        return not self.says_more(tree, query)

    def says_more(self, tree: object, query: SourceQuery, apart: Collection[tuple[str, ...]] = ()) -> bool:
        """Whether an answer without a record has a value anywhere, mapped or not, that the request did not send.

        `apart`: exact places of a fault's code and texts, as names from the answer's root.
        """
        return next(self._news(tree, query, apart), None) is not None

    def beside_status(self, tree: object) -> list[tuple[str, ...]]:
        """Places of `envelope` with yes or no, which say nothing beside a status that has answered the question."""
        return [
            names
            for names, beside, _ in self._envelope
            if isinstance(_scalar(tree, names), bool) and (not beside or _scalar(tree, beside) is not None)
        ]

    def more_at(self, tree: object, query: SourceQuery, apart: Collection[tuple[str, ...]] = ()) -> str:
        """The first place that says more, one in a record before others; its parent where no file of ours names it.

        Other names may be data: only a trace gets the whole place. Blank: the root.
        """
        at = next(chain(self._in_record(tree, query, apart), self._news(tree, query, apart)), ())
        if query.trace is not None:
            query.trace.more_at = ".".join(at)
        named = (*self._reads, *self._outside, *apart)
        known = {place[:end] for place in named for end in range(1, len(place) + 1)}
        while at and at not in known:
            at = at[:-1]
        return ".".join(at)

    def _is_text_alone(self, tree: object) -> bool:
        """Whether a text of the envelope stands beside no place of a record: it may name an error."""
        heads = {place[0] for place in self._reads}
        is_there = isinstance(tree, dict) and not heads.isdisjoint(tree)
        texts = (_scalar(tree, names) for names, _, _ in self._envelope)
        return not is_there and any(one is not None and not _is_number(one) for one in texts)

    def _in_record(
        self, tree: object, query: SourceQuery, apart: Collection[tuple[str, ...]]
    ) -> Iterator[tuple[str, ...]]:
        """Those of `_news` at places that are read in a record, and counts of records."""
        counts = {names for names, _, one in self._envelope if _is_above_zero(_scalar(tree, names), one)}
        for at in self._news(tree, query, apart):
            if isinstance(tree, list) or at in counts or any(at[: len(one)] == one for one in self._reads):
                yield at

    def _news(
        self, tree: object, query: SourceQuery, apart: Collection[tuple[str, ...]]
    ) -> Iterator[tuple[str, ...]]:
        """Places of values that the request did not send and that are not about the answer itself."""
        subject = query.subject
        asked = {query.dossier, *(getattr(subject, one.name) for one in fields(subject))}
        asked.difference_update([getattr(subject, name, None) for name in self._unsent])
        expected = [
            place
            for place, names in self._repeated
            if not names or any(getattr(subject, name, None) is not None for name in names)
        ]
        said = {names for names, beside, one in self._envelope if _says_nothing(tree, names, beside, one)}
        for at, value in leaves(tree):
            if at in said or at in apart or (str(value) in asked and _folded(at) in self._echoes):
                continue
            if not any(at[: len(place)] == place for place in expected):
                yield at


def _unsent(mapping: ServiceMapping) -> frozenset[str]:
    """Name, birth date and the like where the request does not send them: an answer without data cannot repeat them."""
    sent = [word for rule in mapping.request.values() for word in (rule.from_ or "", *rule.else_)]
    return WEAK.difference(word.removeprefix("subject.") for word in sent)


def _repeated(answer: AnswerRule, unsent: frozenset[str]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Places, as names from the answer's root, whose values say nothing new about the subject.

    Each with the attributes of the subject that a provider may repeat there; without: it is about the answer itself.
    """
    updated = answer.updated_at.path if answer.updated_at else ""
    words = {path: {path, rule.path} for rule in answer.attributes.values() for path in paths_of(rule)}
    words |= {path: {path} for path in answer.identity.values()}
    repeated = [
        ((*_names(answer.record), *_names(path)), names)
        for path, places in words.items()
        if (names := tuple(one for one, at in answer.identity.items() if at in places and one not in unsent))
    ]
    about_itself = [(_names(path), ()) for path in (answer.status, updated)]
    # below a place without names is everything
    return [(place, names) for place, names in (*about_itself, *repeated) if place]


def _says_nothing(tree: object, names: tuple[str, ...], beside: tuple[str, ...], rule: EnvelopeRule) -> bool:
    """Whether one text or number stands at this place that says nothing about the subject."""
    value = _scalar(tree, names)
    # yes and no may answer the question
    if value is None or isinstance(value, bool) or _is_above_zero(value, rule):
        return False
    return not beside or _is_number(value) or _scalar(tree, beside) is not None


def _scalar(tree: object, names: tuple[str, ...]) -> str | int | float | None:
    """The text or number at exactly this place, through no list; None where it is blank or has values below it."""
    for name in names:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree if isinstance(tree, str | int | float) and not is_hollow(tree) else None


def _is_above_zero(value: str | float | None, rule: EnvelopeRule) -> bool:
    """Whether it is a number of records that are there."""
    return value is not None and not rule.any_number and _is_number(value) and not _ZERO.fullmatch(str(value))


def _is_number(value: str | float) -> bool:
    return not isinstance(value, bool) and (not isinstance(value, str) or bool(_NUMBER.fullmatch(value)))


def _word(status: object) -> str:
    """A status as the table of a mapping writes it: yes and no as in JSON."""
    word = "" if status is None else str(status)
    return word.lower() if isinstance(status, bool) else word


def _folded(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.casefold() for name in names)


def _names(path: str) -> tuple[str, ...]:
    """The names of a path; rows of lists have none."""
    return tuple(step for step in steps_of(path) if isinstance(step, str))


def leaves(tree: object, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """The values that are not blank, each with the names on its way."""
    if isinstance(tree, dict):
        for name, inner in tree.items():
            yield from leaves(inner, (*at, name))
    elif isinstance(tree, list):
        for inner in tree:
            yield from leaves(inner, at)
    elif not is_hollow(tree):
        yield at, tree

"""Evidence: data about a subject given by a provider, and what came of asking for it.

Trouble at a provider is a value here, an `Outcome` with a `Reason`, never an exception that crosses a room.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official, Subject
from gateway.domain.reasons import Reason


class Outcome(StrEnum):
    """What came of one query to one data service."""

    FOUND = "found"
    #: the provider says that it holds nothing on the subject
    NOT_FOUND = "not_found"
    #: id, name and birth date do not belong together at the provider; says nothing about existence
    NO_MATCH = "no_match"
    #: not asked: its condition is false, or another source had already answered
    SKIPPED = "skipped"
    #: the provider, or our own policy, refused
    REFUSED = "refused"
    #: no answer in time, or none at all
    UNAVAILABLE = "unavailable"
    #: an answer that cannot be used
    INVALID = "invalid"


#: outcomes in which a source says something of the subject
SAID = frozenset({Outcome.FOUND.value, Outcome.NOT_FOUND.value, Outcome.NO_MATCH.value})


class FaultCode(StrEnum):
    """What is wrong with an answer, or with one attribute of it: the closed list of operators, in log and metrics."""

    #: its transform cannot read it
    UNREADABLE = "unreadable"
    #: line breaks, controls, changes of direction and their like
    HIDDEN_SIGNS = "hidden_signs"
    SCHEMA_TYPE = "schema_type"
    SCHEMA_PATTERN = "schema_pattern"
    SCHEMA_ENUM = "schema_enum"
    SCHEMA_LENGTH = "schema_length"
    SCHEMA_FORMAT = "schema_format"
    SCHEMA_OTHER = "schema_other"
    #: nothing of it is what the contract gives
    UNKNOWN_FORM = "unknown_form"
    #: the provider's own status, which its mapping does not know or calls invalid
    STATUS_UNKNOWN = "status_unknown"
    #: neither number nor name and birth date say whose record it is
    NOBODY_NAMED = "nobody_named"
    NOT_JSON = "not_json"
    NOT_XML = "not_xml"
    SIGNATURE = "signature"
    #: a fault instead of an answer
    FAULT = "fault"
    HTTP_STATUS = "http_status"
    #: a page for people, an empty or damaged body, or one above its limit
    NOT_AN_ANSWER = "not_an_answer"
    #: of ours
    DEFECT = "defect"


class AnswerFault(NamedTuple):
    """Why an answer, or one attribute of it, is not taken. Words of the configuration and codes, never a value."""

    code: FaultCode
    attribute: str = ""
    #: where it stands in the provider's record
    path: str = ""
    #: how it is read
    transform: str = ""
    #: of HTTP; 0: there was none
    status: int = 0
    #: a fault code that is known; another one might be anything
    said: str = ""


class Withheld(NamedTuple):
    """Why the house itself does not ask for something, or does not show it any more."""

    reason: Reason
    #: id of the rule
    rule: str


def not_agreed(service: str, attribute: str) -> Withheld:
    """No agreement gives this attribute of this data service."""
    return Withheld(Reason.NOT_AGREED, f"not_agreed:{service}:{attribute}")


NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class AttributeDoubt(NamedTuple):
    """Why one attribute of an answer is uncertain."""

    #: unit_divided, code_unknown, date_partial, dates_differ, several_records or value_invalid
    kind: str
    #: possible values, best first; may be empty
    candidates: tuple[object, ...] = ()
    #: id of the rule that found the doubt
    rule: str = ""


class SourceQuery(NamedTuple):
    """One question to one data service about one subject."""

    call_id: CallId
    #: the data service: `<source>.<operation>`
    service: str
    subject: Subject
    #: names of the attributes wanted, already cut down to what was granted
    attributes: tuple[str, ...]
    official: Official
    #: national procedure code
    procedure: str
    purpose: str
    dossier: str | None = None
    #: paper store only: result codes whose papers are looked for
    result_codes: tuple[str, ...] = ()
    #: claims that the caller vouches for, read by the account source; wire names
    account: Mapping[str, object] = NOTHING
    #: id of the requester; providers never see it, requesters take turns by it
    requester: str = ""
    #: who fills his own form, where no official asks
    citizen: Subject | None = None

    @property
    def channel(self) -> str:
        """Who asks, for providers that want to know: `citizen_online`, or `officer`."""
        return "citizen_online" if self.citizen else "officer"


class SourceAnswer(NamedTuple):
    """What one data service answered, in the vocabulary of evidence.

    `values` maps attribute names to JSON values as `schemas/evidence` describes them
    (partial dates as ISO text); blank attributes are absent.
    """

    outcome: Outcome
    values: Mapping[str, object] = NOTHING
    doubts: Mapping[str, AttributeDoubt] = NOTHING
    reason: Reason | None = None
    #: seconds after which asking again makes sense
    retry_in: int | None = None
    #: RFC 3339 text, when the provider says when it last changed the data
    source_updated_at: str | None = None
    #: SHA-256 of the bytes sent and received, empty when nothing was
    request_digest: bytes = b""
    response_digest: bytes = b""
    #: True when the answer shows a security event (somebody else's record)
    alarm: bool = False
    #: the provider's own number for somebody whom it calls otherwise: counts where others name that number too
    unvouched: str = ""
    #: what the person declared himself: attribute -> when, until when it is valid (RFC 3339), id of his consent
    declared: Mapping[str, tuple[str, str, str]] = NOTHING
    #: what of it is not taken, and why
    faults: tuple[AnswerFault, ...] = ()

    @property
    def consents(self) -> dict[str, str]:
        """Attribute -> id of the consent under which it was kept: it holds no longer than that does."""
        return {name: consent for name, (_, _, consent) in self.declared.items()}


def failed(outcome: Outcome, reason: Reason, *, retry_in: int | None = None) -> SourceAnswer:
    """An answer without values."""
    return SourceAnswer(outcome=outcome, reason=reason, retry_in=retry_in)

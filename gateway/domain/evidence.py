"""Evidence: data about a subject given by a provider, and the outcome of asking for it.

Trouble at a provider is a value, an `Outcome` with a `Reason`, never an exception that crosses a room.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from gateway.domain.fault_codes import FaultCode, explained
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official, Subject
from gateway.domain.reasons import Reason
from gateway.domain.sentences import BothWords
from gateway.domain.source_trace import SourceTrace


class Outcome(StrEnum):
    """The outcome of one query to one data service."""

    FOUND = "found"
    #: the provider has no data on the subject
    NOT_FOUND = "not_found"
    #: id, name and birth date do not belong together at the provider; says nothing about existence
    NO_MATCH = "no_match"
    #: not asked: its condition is false, or another source has already answered
    SKIPPED = "skipped"
    #: refused by the provider, or by the gateway's policy
    REFUSED = "refused"
    #: no answer in time, or none at all
    UNAVAILABLE = "unavailable"
    #: an answer that cannot be used
    INVALID = "invalid"


#: outcomes in which a source states something about the subject
SAID = frozenset({Outcome.FOUND.value, Outcome.NOT_FOUND.value, Outcome.NO_MATCH.value})

#: outcomes that are sound and have no data: a fault code by which a provider says so is no trouble
SAYS_NO = frozenset({Outcome.NOT_FOUND, Outcome.NO_MATCH, Outcome.SKIPPED})


class AnswerFault(NamedTuple):
    """Why an answer, or one attribute of it, is left out. Words of the configuration and codes, never a value."""

    code: FaultCode
    attribute: str = ""
    #: its place in the provider's record
    path: str = ""
    #: the transform that reads it
    transform: str = ""
    #: HTTP status; 0: none
    status: int = 0
    #: the provider's own code of the fault, where the configuration has it; others are not shown
    provider_code: str = ""
    #: `token`: it went wrong while a token was fetched
    step: str = ""
    #: outcome that the settings of the source give this code or status; None: they say nothing of it
    meant: Outcome | None = None

    @property
    def explained(self) -> tuple[BothWords, BothWords]:
        """What happened, and what to do about it."""
        return explained(self.code, self.status, self.provider_code, self.step, self.meant or "")


class Withheld(NamedTuple):
    """Why the gateway itself does not ask for something, or does not show it any more."""

    reason: Reason
    #: id of the rule
    rule: str


def not_agreed(service: str, attribute: str) -> Withheld:
    """No agreement gives this attribute of this data service."""
    return Withheld(Reason.NOT_AGREED, f"not_agreed:{service}:{attribute}")


NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class AttributeDoubt(NamedTuple):
    """Why one attribute of an answer is uncertain."""

    #: unit_divided, address_unclear, code_unknown, date_partial, dates_differ, count_differs, answer_differs,
    #: several_records or value_invalid
    kind: str
    #: possible values, best first; may be empty
    candidates: tuple[object, ...] = ()
    #: id of the rule that found the doubt
    rule: str = ""


class SourceQuery(NamedTuple):
    """One query to one data service about one subject."""

    call_id: CallId
    #: the data service: `<source>.<operation>`
    service: str
    subject: Subject
    #: names of the needed attributes that were granted
    attributes: tuple[str, ...]
    official: Official
    #: national procedure code
    procedure: str
    purpose: str
    dossier: str | None = None
    #: paper store only: result codes of the papers searched
    result_codes: tuple[str, ...] = ()
    #: claims that the caller vouches for, read by the account source; wire names
    account: Mapping[str, object] = NOTHING
    #: id of the requester: not sent to providers; used for fair turns
    requester: str = ""
    #: the citizen who fills their own form, where no official asks
    citizen: Subject | None = None
    #: filled by the source; None: nobody looks at its messages
    trace: SourceTrace | None = None
    #: the day in Việt Nam, `yyyy-mm-dd`, with which dates are compared; blank: with none (examples of data services)
    day: str = ""

    @property
    def channel(self) -> str:
        """Who asks, for providers that need it: `citizen_online`, or `officer`."""
        return "citizen_online" if self.citizen else "officer"

    def looks_up(self, place: str, asked: Mapping[str, object]) -> None:
        """Note what a source that sends no message looks up in `place`, where somebody follows the query."""
        if self.trace is not None:
            self.trace.look_up(place, asked)


class SourceAnswer(NamedTuple):
    """The answer of one data service, in the vocabulary of evidence.

    `values`: attribute -> JSON value as in `schemas/evidence` (partial dates as ISO text); blank attributes are absent.
    """

    outcome: Outcome
    values: Mapping[str, object] = NOTHING
    doubts: Mapping[str, AttributeDoubt] = NOTHING
    reason: Reason | None = None
    #: seconds after which another attempt makes sense
    retry_in: int | None = None
    #: RFC 3339 time of the provider's last change, when it gives one
    source_updated_at: str | None = None
    #: SHA-256 of the bytes sent and received; empty when none were
    request_digest: bytes = b""
    response_digest: bytes = b""
    #: True when the answer shows a security event (another person's record)
    alarm: bool = False
    #: the provider's own number of a person with another name, or where `is_unsure`: confirming sources may give it too
    unvouched: str = ""
    #: own data: attribute -> when declared, until when valid (RFC 3339), id of the consent
    declared: Mapping[str, tuple[str, str, str]] = NOTHING
    #: what was left out, and why
    faults: tuple[AnswerFault, ...] = ()
    #: personal id of the person whom something else found (a name, an old number): for record and quota alone
    found_id: str = ""
    #: what is absent proves nothing: the record was blank, and no code of the provider says that there is none; or the
    #: code that says that there is one is not in its list
    is_blank: bool = False
    #: only what namesakes share says whose data they are: in doubt, unless confirming sources give `unvouched` too
    is_unsure: bool = False
    #: what was not sent of number, name and birth date is in the record, and is that of the person asked about
    confirms: bool = False

    @property
    def consents(self) -> dict[str, str]:
        """Attribute -> id of its consent: the value is valid no longer than that."""
        return {name: consent for name, (_, _, consent) in self.declared.items()}


def failed(
    outcome: Outcome, reason: Reason, *faults: AnswerFault, retry_in: int | None = None
) -> SourceAnswer:
    """An answer without values."""
    return SourceAnswer(outcome=outcome, reason=reason, retry_in=retry_in, faults=faults)

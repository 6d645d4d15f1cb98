"""One exchange: everything that one request caused, as the exchange log keeps it (ARCHITECTURE, exchange log).

Names and digests only: no value of a form is in a record.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from gateway.domain.evidence import NOTHING
from gateway.domain.identifiers import ExchangeId, RequesterId

#: in records, in place of a code that is not of a known form: it may be a person's number or name
WITHHELD = "withheld"


class Phase(StrEnum):
    """The phase of an exchange that a record keeps."""

    INTENT = "intent"
    OUTCOME = "outcome"
    REFUSAL = "refusal"
    ABANDONED = "abandoned"
    DELIVERY = "delivery"
    LOGIN = "login"
    LOOKUP = "lookup"
    CONSENT = "consent"
    CONFIGURATION = "configuration"
    PRUNING = "pruning"


class CallEntry(NamedTuple):
    """One query to one data service, as the record names it."""

    call: str
    source: str
    operation: str
    #: role of the subject in the procedure
    role: str
    attributes: tuple[str, ...]
    #: empty in an intent record
    outcome: str = ""
    elapsed_ms: int = 0
    cached: bool = False
    #: exchange whose call this one shared, when identical queries were in flight
    shared_with: str = ""
    request_digest: bytes = b""
    response_digest: bytes = b""


class ExchangeRecord(NamedTuple):
    """One record before it becomes leaf bytes.

    `subjects` and `official` identify people: the log turns them into keyed indexes and encrypts them. `fields` maps
    form fields to JSON text of their values: the log keeps keyed digests only.
    """

    exchange: ExchangeId
    phase: Phase
    #: RFC 3339 UTC with milliseconds
    time: str
    requester: RequesterId | str = ""
    agency: str = ""
    procedure: str = ""
    dossier: str = ""
    purpose: str = ""
    legal_basis: str = ""
    #: role -> Subject.key
    subjects: Mapping[str, str] = NOTHING
    #: personal id of the official
    official: str = ""
    on_duty: bool = False
    calls: tuple[CallEntry, ...] = ()
    fields: Mapping[str, bytes] = NOTHING
    rules: tuple[str, ...] = ()
    #: refusal code or outcome word
    result: str = ""
    #: digest of the configuration in force, hex
    configuration: str = ""
    #: further public facts: text, integers and booleans
    notes: Mapping[str, str | int | bool] = NOTHING


class Receipt(NamedTuple):
    """What the requester can redeem later for a proof: the leaf hash of the record and the log's name."""

    leaf_hash: str
    log: str

"""A change of one dossier: who it comes from, what is stored, and what became of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gateway.domain.exchange import Receipt
from gateway.domain.identifiers import ExchangeId
from gateway.ports.relay import DeliveryRow, DossierRow, EventRow, KeyRow, TakenIn


class Party(NamedTuple):
    """Who a dossier comes from."""

    #: the provincial system that it belongs to
    requester: str
    agency: str
    #: `province`, or a portal
    origin: str
    exchange: ExchangeId


class DossierChange(NamedTuple):
    """A change before it is stored."""

    row: DossierRow
    #: the version that it replaces; 0: the dossier is new
    before: int
    events: Sequence[EventRow]
    #: what is queued with it
    deliveries: Sequence[DeliveryRow]
    state: TakenIn
    #: verdict of each step of the request, by its id
    verdicts: Mapping[str, str]
    #: digests of the files that the dossier or its steps name
    files: Sequence[str] = ()
    #: the replaced version whose content came again; 0: none
    repeats: int = 0


class Accepted(NamedTuple):
    """A change that is stored."""

    change: DossierChange
    receipt: Receipt


class KeyedRequest(NamedTuple):
    """A request under an Idempotency-Key: its answer is stored with its last change."""

    key: KeyRow
    #: the answer, by the last change of the request
    answer: Callable[[DossierChange], Mapping[str, object]]

"""The facts that a decision is made over: what is asked, by whom, in whose name, about whom, and when."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from gateway.domain.access import Relation, ValidConsent
from gateway.domain.dates import VIETNAM
from gateway.domain.evidence import NOTHING
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import Sentence


class PolicyRequest(NamedTuple):
    """One request as the policy sees it. Names and plain facts; `persons` and `account` are personal data."""

    requester: str
    scopes: frozenset[str]
    #: national procedure code
    procedure: str
    purpose: str
    #: as the clocks of Việt Nam show it (`asked_at`): a decision looks at its day and hour again and again
    now: datetime
    #: of the official in whose name is asked
    agency: str
    #: the request named its official; False: somebody on duty stands in
    named: bool = True
    #: the requester signed the message
    signed: bool = False
    relations: frozenset[Relation] = frozenset()
    #: claims of the account of who signs in; empty: none of them says whose account it is. Personal data
    account: Mapping[str, object] = NOTHING
    #: code of the document that lets the applicant act for somebody else
    mandate: str = ""
    #: as what somebody acts for another (`parent`); blank: nobody does
    acting: str = ""
    #: everybody who is represented is so by who acts
    is_covered: bool = False
    dossier: str = ""
    #: days since the reception that its code carries; None: it carries none
    age: int | None = None
    #: whether the gateway has seen the dossier and knows it alive; None: it does not know it
    alive: bool | None = None
    #: `Subject.key` of everybody who is asked about
    persons: frozenset[str] = frozenset()
    #: None: there is none that holds
    consent: ValidConsent | None = None
    #: questions that are asked instead of a form (`age_at_least:18`)
    predicates: tuple[str, ...] = ()
    #: the purpose that the procedure declares, for which alone its form is filled; blank: no form is
    own_purpose: str = ""
    #: ids of the quotas that are used up for this request (`quota:<agreement>:<whom>`)
    spent: frozenset[str] = frozenset()


def asked_at(moment: datetime) -> datetime:
    """A moment as a request has it."""
    return moment.astimezone(VIETNAM)


class Denial(NamedTuple):
    """Why not: the rule, its word for machines, a sentence about it, and what would change the answer."""

    rule: str
    code: RefusalReason
    said: Sentence
    remedy: str

"""The facts of a decision: what is asked, by which requester and official, about whom, and when."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from gateway.domain.access import Relation, ValidConsent
from gateway.domain.dates import VIETNAM
from gateway.domain.evidence import NOTHING
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import Sentence


class PolicyRequest(NamedTuple):
    """One request as the policy sees it. `persons` and `account` are personal data."""

    requester: str
    scopes: frozenset[str]
    #: national procedure code
    procedure: str
    purpose: str
    #: in Việt Nam time (`asked_at`): a decision reads its day and hour often
    now: datetime
    #: of the request's official
    agency: str
    #: False: the request names no official; the duty official is used
    named: bool = True
    #: the requester signed the message
    signed: bool = False
    relations: frozenset[Relation] = frozenset()
    #: claims of the account that signed in; empty: they do not identify its owner. Personal data
    account: Mapping[str, object] = NOTHING
    #: code of the document that lets the applicant act for another person
    mandate: str = ""
    #: kind of representation (`parent`); blank: none
    acting: str = ""
    #: the representative acts for every represented person
    is_covered: bool = False
    dossier: str = ""
    #: days since the date of reception in the dossier's code; None: the code has none
    age: int | None = None
    #: whether the gateway itself knows the dossier as alive; None: it does not know it
    alive: bool | None = None
    #: a portal forwarded that dossier
    forwarded: bool = False
    #: `Subject.key` of every person asked about
    persons: frozenset[str] = frozenset()
    #: a person among them has no number
    is_unnumbered: bool = False
    #: None: no valid consent
    consent: ValidConsent | None = None
    #: predicates asked instead of a form (`age_at_least:18`)
    predicates: tuple[str, ...] = ()
    #: the purpose that the procedure declares, the only one for its form; blank: no form is asked
    own_purpose: str = ""
    #: ids of the quotas that are spent for this request (`quota:<agreement>:<whom>`)
    spent: frozenset[str] = frozenset()


def asked_at(moment: datetime) -> datetime:
    """A time as a request has it."""
    return moment.astimezone(VIETNAM)


class Denial(NamedTuple):
    """A refusal: its rule, its code, a sentence, and the remedy."""

    rule: str
    code: RefusalReason
    sentence: Sentence
    remedy: str

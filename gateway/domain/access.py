"""What decides over access beside the agreements: how people stand to a request, and what a citizen agreed to."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Relation(StrEnum):
    """The relation of the subject of a role to the applicant."""

    #: the person who signs in, in any role
    APPLICANT = "applicant"
    #: a member of the family whom the procedure names
    FAMILY = "family"
    DECEASED = "deceased"
    #: anybody else: the applicant acts for him, and may have to show a mandate
    REPRESENTED = "represented"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidConsent:
    """A consent that holds now: for one person, one requester and one purpose."""

    id: str
    #: `Subject.key` of the person who gave it; personal data
    person: str
    purpose: str
    #: data service -> names of attributes; there is no word for all
    attributes: Mapping[str, frozenset[str]]

"""Facts of access beside the agreements: relations of people to a request, and valid consents."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

#: whether a person without any number may be asked about: not at all; to fill fields; to cut papers too
WithoutNumber = Literal["no", "fill", "cut"]


class Relation(StrEnum):
    """The relation of the subject of a role to the applicant."""

    #: the person who signs in, in any role
    APPLICANT = "applicant"
    #: a family member whom the procedure names
    FAMILY = "family"
    DECEASED = "deceased"
    #: any other person: the applicant acts for them, and may need a mandate
    REPRESENTED = "represented"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidConsent:
    """A consent that is valid now: for one person, one requester and one purpose."""

    id: str
    #: `Subject.key` of the person who gave it; personal data
    person: str
    purpose: str
    #: data service -> names of attributes; there is no wildcard
    attributes: Mapping[str, frozenset[str]]

"""What consents, own data and requests of data subjects are set to: `config/consents.yaml`, `config/holidays.yaml`."""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from gateway.config.gateway import AS_LIST, Label
from gateway.config.values import Day, Moved, Said, Settings

#: a language, as BCP 47 writes it
TAG = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"


def _language(text: str) -> str:
    if re.fullmatch(TAG, text, re.ASCII) is None:
        raise ValueError("is no language", "write its tag of BCP 47, such as vi")
    return text


Language = Annotated[str, AfterValidator(_language)]
#: what a data subject may demand (Law 91/2025)
Demand = Literal["access", "correction", "deletion", "restriction", "objection", "withdrawal"]


class Term(Settings):
    """How many days an answer may take; all days count, for the law says working days only of acknowledging."""

    days: int = Field(gt=0, le=366)
    #: where a processor or a third party takes part
    with_third_party: int = Field(gt=0, le=366)
    #: by so many it may be extended, once
    extension: int = Field(gt=0, le=366)


_SHORT = Term(days=10, with_third_party=20, extension=10)
_LONG = Term(days=15, with_third_party=20, extension=15)
_TERMS: dict[Demand, Term] = {
    "access": _SHORT, "correction": _SHORT, "deletion": _LONG, "restriction": _LONG, "objection": _LONG,
    "withdrawal": _LONG,
}  # fmt: skip


class SubjectRequestSettings(Settings):
    """Terms of requests of data subjects (Law 91/2025, Decree 356/2025)."""

    #: working days
    acknowledge_days: int = Field(2, gt=0, le=30)
    #: what is left out has the term of the law
    terms: dict[Demand, Term] = {}

    def term(self, kind: Demand) -> Term:
        """The term of one kind."""
        return self.terms.get(kind, _TERMS[kind])


class ConsentSettings(Settings):
    """`config/consents.yaml`."""

    moved: ClassVar[Moved] = {
        "document_key": (
            "'documents.signing_key' of gateway.yaml",
            "move it there: 'documents: {signing_key: {…}}'",
        ),
        "former_document_key": (
            "'documents.former_keys' of gateway.yaml",
            "name a JWK set there that has its public key, as /oauth2/jwks shows it",
        ),
    }

    #: a consent may be given for so many days at most
    longest_days: int = Field(1_825, gt=0, le=36_500)
    #: in which the texts exist that citizens read before they consent
    languages: Annotated[tuple[Language, ...], AS_LIST, Field(min_length=1)] = ("vi",)
    #: what people may let be kept -> for how many days what they gave is taken for valid
    keep: dict[str, Annotated[int, Field(gt=0, le=36_500)]] = {}
    requests: SubjectRequestSettings = SubjectRequestSettings()


class Holiday(Settings):
    """One day on which offices are closed."""

    day: Day
    title: Label
    #: seen: in the decree or notice of the year; memory: to be confirmed
    mark: Literal["seen", "memory"]


class HolidayFile(Settings):
    """`config/holidays.yaml`. Saturdays and Sundays are no working days unless `worked` names them."""

    #: years whose holidays stand here
    years: Annotated[tuple[int, ...], Field(min_length=1)]
    holidays: tuple[Holiday, ...]
    #: Saturdays and Sundays that are worked in exchange for another day
    worked: tuple[Day, ...] = ()
    #: where the list comes from
    source: Said

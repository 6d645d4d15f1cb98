"""Settings of consents, own data and requests of data subjects: `config/consents.yaml`, `config/holidays.yaml`."""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from gateway.config.gateway import AS_LIST, Label
from gateway.config.values import Day, Moved, NonBlankText, Settings

#: a language tag (BCP 47)
TAG = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"


def _language(text: str) -> str:
    if re.fullmatch(TAG, text, re.ASCII) is None:
        raise ValueError("is no language", "write its tag of BCP 47, such as vi")
    return text


Language = Annotated[str, AfterValidator(_language)]
#: kinds of requests of a data subject (Law 91/2025)
SubjectRequestKind = Literal["access", "correction", "deletion", "restriction", "objection", "withdrawal"]


class Term(Settings):
    """Days for an answer; calendar days, because the law counts working days only for acknowledging."""

    days: int = Field(gt=0, le=366)
    #: with a processor or a third party
    with_third_party: int = Field(gt=0, le=366)
    #: days of the single extension
    extension: int = Field(gt=0, le=366)


_SHORT = Term(days=10, with_third_party=20, extension=10)
_LONG = Term(days=15, with_third_party=20, extension=15)
_TERMS: dict[SubjectRequestKind, Term] = {
    "access": _SHORT, "correction": _SHORT, "deletion": _LONG, "restriction": _LONG, "objection": _LONG,
    "withdrawal": _LONG,
}  # fmt: skip


class SubjectRequestSettings(Settings):
    """Terms of requests of data subjects (Law 91/2025, Decree 356/2025)."""

    #: working days
    acknowledge_days: int = Field(2, gt=0, le=30)
    #: kinds that are left out have the term of the law
    terms: dict[SubjectRequestKind, Term] = {}

    def term(self, kind: SubjectRequestKind) -> Term:
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

    #: longest validity of a consent, in days
    longest_days: int = Field(1_825, gt=0, le=36_500)
    #: languages of the texts that citizens read before they consent
    languages: Annotated[tuple[Language, ...], AS_LIST, Field(min_length=1)] = ("vi",)
    #: attributes of own data -> days for which a declared value is valid
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

    #: years of this list
    years: Annotated[tuple[int, ...], Field(min_length=1)]
    holidays: tuple[Holiday, ...]
    #: Saturdays and Sundays that are working days in exchange
    worked: tuple[Day, ...] = ()
    #: where the list comes from
    source: NonBlankText

"""A consent as a citizen gives it: to what, for which purpose, to which requester, until when.

There is no default: no member is filled in for the citizen (Law 91/2025 on personal data).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.config.configuration import Configuration
from gateway.consents.grantable import grantable
from gateway.domain import sentences as say
from gateway.domain.dates import legal_day
from gateway.domain.errors import fault_at
from gateway.domain.problems import ProblemCode
from gateway.mapping.load import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenConsent:
    """The consent as the requester sent it; members that it left out are empty."""

    #: `Subject.key`; personal data
    person: str
    #: who receives the data; empty: the requester that records the consent
    requester: str
    purpose: str
    #: data service -> names of attributes
    attributes: Mapping[str, tuple[str, ...]]
    #: version of the text that the citizen read
    text_version: str
    language: str
    channel: str
    #: code of the responsible agency (data controller); empty: the requester's agency
    controller: str
    expires: datetime | None


def check(
    given: GivenConsent, holder: str, configuration: Configuration, catalogue: Catalogue, now: datetime
) -> None:
    """Raises Unprocessable (422) unless it is an explicit consent to existing data that `holder` could receive."""
    for word in ("text_version", "purpose", "language", "channel", "attributes", "expires"):
        if not getattr(given, word):
            shown = "expires_at" if word == "expires" else word
            raise fault_at(f"/{shown}", say.CONSENT_DEFAULT, ProblemCode.CONSENT_DEFAULT)
    if given.purpose not in configuration.purposes:
        raise fault_at("/purpose", say.NO_SUCH_PURPOSE, ProblemCode.UNKNOWN_PURPOSE)
    if given.requester and given.requester not in configuration.requesters:
        raise fault_at("/requester", say.NO_SUCH_REQUESTER, ProblemCode.UNKNOWN_REQUESTER)
    if given.controller and given.controller not in configuration.agencies:
        raise fault_at("/controller", say.NO_SUCH_AGENCY, ProblemCode.UNKNOWN_AGENCY)
    languages = configuration.consents.languages
    if given.language not in languages:
        what = say.CONSENT_LANGUAGE(languages=", ".join(languages))
        raise fault_at("/language", what, ProblemCode.UNKNOWN_LANGUAGE)
    _check_attributes(given, catalogue)
    _check_agreed(given, grantable(configuration, catalogue, holder, given.purpose, legal_day(now)))
    longest = configuration.consents.longest_days
    assert given.expires is not None
    if not now < given.expires <= now + timedelta(days=longest):
        raise fault_at("/expires_at", say.CONSENT_EXPIRY(longest=longest), ProblemCode.VALUE_NOT_POSSIBLE)


def _check_attributes(given: GivenConsent, catalogue: Catalogue) -> None:
    for service, names in given.attributes.items():
        source, _, operation = service.partition(".")
        plan = catalogue.services.get(source, {}).get(operation)
        if plan is None:
            raise fault_at("/attributes", say.CONSENT_SERVICE, ProblemCode.UNKNOWN_SERVICE)
        if not names or not set(names) <= plan.attributes:
            raise fault_at(
                "/attributes", say.CONSENT_ATTRIBUTE(service=plan.name), ProblemCode.UNKNOWN_ATTRIBUTE
            )


def _check_agreed(given: GivenConsent, could: Mapping[str, frozenset[str]]) -> None:
    """A citizen must not consent to data that no agreement can grant."""
    for service, names in given.attributes.items():
        beyond = sorted(set(names) - could.get(service, frozenset()))
        if beyond:
            what = say.CONSENT_NOT_AGREED(attributes=", ".join(beyond), service=service)
            raise fault_at("/attributes", what, ProblemCode.NOT_AGREED)

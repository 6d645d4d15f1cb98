"""What is asked, held against the procedure: its roles, its fields, the official. Decides nothing and asks nobody."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from gateway.config import Configuration
from gateway.domain.errors import NotFound, fault_at
from gateway.domain.parties import Official, Requester, Subject
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import Procedure
from gateway.prefill.request import PrefillRequest
from gateway.prefill.roles import Cast, cast, place_of

#: a form key may be shown in an error; anything else could be a value in the wrong place
_NAME = re.compile(r"(?!.*[0-9]{6})[A-Za-z][A-Za-z_.\[\]0-9]{0,60}")


class Taken(NamedTuple):
    """A request that fits its procedure."""

    request: PrefillRequest
    procedure: Procedure
    cast: Cast
    official: Official
    purpose: str
    #: questions that are asked instead of a form
    predicates: tuple[str, ...] = ()


class Intake:
    """Takes requests in."""

    def __init__(self, configuration: Configuration, catalogue: Catalogue) -> None:
        """Reads procedures, agencies and requesters."""
        self._configuration = configuration
        self._catalogue = catalogue

    def take(self, request: PrefillRequest, requester: Requester) -> Taken:
        """The request with what it means. NotFound (procedure), Unprocessable (roles, fields, people, official)."""
        procedure = self._catalogue.find(request.procedure)
        if procedure is None:
            near = self._catalogue.near(request.procedure)
            raise NotFound(f"there is no procedure {request.procedure}", code="unknown_procedure", near=near)
        return self.fit(request, procedure, request.subjects, requester)

    def fit(
        self, request: PrefillRequest, procedure: Procedure, subjects: Mapping[str, Subject | str],
        requester: Requester,
    ) -> Taken:  # fmt: skip
        """The request held against a procedure that was found."""
        roles = cast(procedure, subjects)
        _check_fields(procedure, request)
        _check_people(roles, request, procedure.signs_in)
        official = self._official(request, requester)
        return Taken(request, procedure, roles, official, request.purpose or procedure.purpose)

    def _official(self, request: PrefillRequest, requester: Requester) -> Official:
        if request.official is not None:
            if request.official.agency not in self._configuration.agencies:
                raise fault_at(
                    "/official/agency", "there is no such agency in config/agencies.yaml", "unknown_agency"
                )
            return request.official
        settings = self._configuration.requesters.get(requester.id)
        code = request.agency or (settings.agency if settings else "")
        agency = self._configuration.agencies.get(code)
        if agency is None or agency.duty_official is None:
            what = "name the official; the agency has no duty official to stand in"
            raise fault_at("/official", what, "official_missing")
        return Official(
            personal_id=agency.duty_official, agency=agency.code, account=agency.duty_account, on_duty=True
        )


def shown_name(name: str) -> str:
    """A form key as it may be shown; `*` for what could be a value in the wrong place."""
    return name if _NAME.fullmatch(name) else "*"


def _check_fields(procedure: Procedure, request: PrefillRequest) -> None:
    fields = {field.key: field for field in procedure.fields}
    places = [(f"/fields/{at}", name) for at, name in enumerate(request.fields or ())]
    places += [(f"/known/{name if _NAME.fullmatch(name) else '*'}", name) for name in request.known]
    for place, name in places:
        if name not in fields:
            shown = name if _NAME.fullmatch(name) else "this name"
            raise fault_at(place, f"the form of {procedure.code} has no field {shown}", "unknown_field")
    for name, value in request.known.items():
        if not procedure.accepts(name, value):
            raise fault_at(
                f"/known/{name}", "the form's schema does not take this value", "value_not_possible"
            )


def _check_people(roles: Cast, request: PrefillRequest, signs_in: str) -> None:
    """A number alone identifies nobody: name and birth date must come with it, and the account be his."""
    for role, one in roles.subjects.items():
        if (one.personal_id or one.old_id) and (one.full_name is None or one.birth_date is None):
            where = f"/subjects/{place_of(role, request.subjects)}"
            raise fault_at(where, "give full_name and birth_date with the number", "identity_incomplete")
    own = roles.subjects.get(signs_in)
    for word, number in (("SoDinhDanh", own and own.personal_id), ("SoCMND", own and own.old_id)):
        claimed = request.account.get(word)
        if number and claimed and claimed != number:
            raise fault_at(f"/account/{word}", f"is not the number of the role {signs_in}", "account_differs")

"""A request held against its procedure: its roles, its fields, its people, its official. Asks nobody."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from gateway.config import Configuration
from gateway.domain import sentences as say
from gateway.domain.access import Relation
from gateway.domain.errors import NotFound, fault_at
from gateway.domain.evidence import NOTHING
from gateway.domain.parties import Official, Requester, Subject, SubjectKind
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import Procedure, role_of
from gateway.prefill.request import PrefillRequest
from gateway.prefill.roles import Cast, cast, place_of

#: a form key may be shown in an error; anything else could be a value in the wrong place
_NAME = re.compile(r"(?!.*[0-9]{6})[A-Za-z][A-Za-z_.\[\]0-9]{0,60}")
#: things stand in no relation to the applicant
_PEOPLE = frozenset({SubjectKind.PERSON, SubjectKind.NEWBORN})
#: claims of an account that say whose it is, and the identifier of a subject that each must equal
CLAIMS = (("SoDinhDanh", "personal_id"), ("SoCMND", "old_id"))
#: the same, of an organisation that signs in
_ORGANISATION_CLAIMS = (("MaSoThue", "tax_code"),)
_MAX_SHAPES = 512


class Case(NamedTuple):
    """A request that fits its procedure."""

    request: PrefillRequest
    procedure: Procedure
    cast: Cast
    official: Official
    purpose: str
    #: how the people of the request stand to the applicant
    relations: frozenset[Relation]
    #: `Subject.key` of everybody whom the request names; personal data
    persons: frozenset[str]
    #: questions that are asked instead of a form
    predicates: tuple[str, ...] = ()

    @property
    def account(self) -> Mapping[str, object]:
        """Claims of who signs in, where they say whose account it is."""
        claims, own = self.request.account, self.cast.subjects.get(self.procedure.signs_in)
        if not claims or own is None:
            return NOTHING
        words = _ORGANISATION_CLAIMS if own.kind is SubjectKind.ORGANISATION else CLAIMS
        is_his = any((number := claims.get(word)) and number == getattr(own, part) for word, part in words)
        return claims if is_his else NOTHING


class Cases:
    """Makes cases of requests."""

    def __init__(self, configuration: Configuration, catalogue: Catalogue) -> None:
        """Reads procedures, agencies and requesters."""
        self._configuration = configuration
        self._catalogue = catalogue
        #: procedure and shape of the cast -> relations: the same for all people
        self._relations: dict[tuple[object, ...], frozenset[Relation]] = {}

    def of(self, request: PrefillRequest, requester: Requester) -> Case:
        """The case. NotFound (procedure), Unprocessable (roles, fields, people, official)."""
        procedure = self._catalogue.find(request.procedure)
        if procedure is None:
            near = self._catalogue.near(request.procedure)
            raise NotFound(say.NO_PROCEDURE(procedure=request.procedure), code="unknown_procedure", near=near)
        return self.fit(request, procedure, request.subjects, requester)

    def fit(
        self, request: PrefillRequest, procedure: Procedure, subjects: Mapping[str, Subject | str],
        requester: Requester, predicates: tuple[str, ...] = (),
    ) -> Case:  # fmt: skip
        """The same with a procedure that was found."""
        roles = cast(procedure, subjects)
        if request.fields or request.known:
            _check_fields(procedure, request)
        _check_people(roles, request, procedure.signs_in)
        official = self._official(request, requester)
        return Case(
            request, procedure, roles, official, request.purpose or procedure.purpose,
            self._related(procedure, roles), frozenset([roles.keys[name] for name, one in roles.subjects.items()
                                                       if one.kind in _PEOPLE]),
            predicates,
        )  # fmt: skip

    def _related(self, procedure: Procedure, roles: Cast) -> frozenset[Relation]:
        shape = (procedure.code, procedure.version, roles.shape)
        found = self._relations.get(shape)
        if found is None:
            if len(self._relations) >= _MAX_SHAPES:
                self._relations.clear()
            found = self._relations[shape] = relations(procedure, roles)
        return found

    def _official(self, request: PrefillRequest, requester: Requester) -> Official:
        if request.official is not None:
            if request.official.agency not in self._configuration.agencies:
                raise fault_at("/official/agency", say.NO_SUCH_AGENCY, "unknown_agency")
            return request.official
        settings = self._configuration.requesters.get(requester.id)
        code = request.agency or (settings.agency if settings else "")
        agency = self._configuration.agencies.get(code)
        if agency is None or agency.duty_official is None:
            raise fault_at("/official", say.NAME_THE_OFFICIAL, "official_missing")
        return Official(
            personal_id=agency.duty_official, agency=agency.code, account=agency.duty_account, on_duty=True
        )


def relations(procedure: Procedure, roles: Cast) -> frozenset[Relation]:
    """How everybody whom the request names, or whom the procedure finds through them, stands to the applicant."""
    own = roles.slots.get(procedure.signs_in)
    found = {
        Relation.APPLICANT if slot == own else _declared(procedure, role_of(name))
        for name, slot in roles.slots.items()
        if roles.subjects[name].kind in _PEOPLE
    }
    found.update(
        _declared(procedure, name)
        for name, role in procedure.roles.items()
        if role.found_in is not None and name not in roles.subjects
    )
    return frozenset(found)


def _declared(procedure: Procedure, role: str) -> Relation:
    return procedure.roles[role].relation or Relation.REPRESENTED


def shown_name(name: str) -> str:
    """A form key as it may be shown; `*` for what could be a value in the wrong place."""
    return name if _NAME.fullmatch(name) else "*"


def _check_fields(procedure: Procedure, request: PrefillRequest) -> None:
    fields = {field.key for field in procedure.fields}
    places = [(f"/fields/{at}", name) for at, name in enumerate(request.fields or ())]
    places += [(f"/known/{shown_name(name)}", name) for name in request.known]
    for place, name in places:
        if name not in fields:
            shown = name if _NAME.fullmatch(name) else say.THIS_NAME
            raise fault_at(place, say.NO_SUCH_FIELD(procedure=procedure.code, field=shown), "unknown_field")
    for name, value in request.known.items():
        if not procedure.accepts(name, value):
            raise fault_at(f"/known/{name}", say.VALUE_NOT_IN_FORM, "value_not_possible")


def _check_people(roles: Cast, request: PrefillRequest, signs_in: str) -> None:
    """A number alone identifies nobody: name and birth date must come with it, and the account be of that person."""
    for role, one in roles.subjects.items():
        if (one.personal_id or one.old_id) and (one.full_name is None or one.birth_date is None):
            where = f"/subjects/{place_of(role, request.subjects)}"
            raise fault_at(where, say.IDENTITY_INCOMPLETE, "identity_incomplete")
    own = roles.subjects.get(signs_in)
    for word, identifier in (*CLAIMS, *_ORGANISATION_CLAIMS) if own is not None and request.account else ():
        number, claimed = getattr(own, identifier), request.account.get(word)
        if number and claimed and claimed != number:
            raise fault_at(f"/account/{word}", say.ACCOUNT_DIFFERS(role=signs_in), "account_differs")
    if request.login is not None and (own is None or own.personal_id != request.login.personal_id):
        raise fault_at("/login", say.LOGIN_DIFFERS(role=signs_in), "login_differs")

"""A request checked against its procedure: roles, fields, people, official. No source is asked here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from gateway.config.configuration import Configuration
from gateway.domain import sentences as say
from gateway.domain.access import Relation
from gateway.domain.dates import VIETNAM
from gateway.domain.errors import NotFound, fault_at
from gateway.domain.evidence import NOTHING
from gateway.domain.identifiers import ExchangeId, tax_code_spelling
from gateway.domain.login import Login
from gateway.domain.parties import Official, Requester, Subject, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import listed, titled
from gateway.exchange_log.recorder import RecordHeader
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import Procedure, role_of
from gateway.policy.asked import Denial
from gateway.ports.clock import Clock
from gateway.prefill.acting import Acting, acting, impossible
from gateway.prefill.request import PrefillRequest
from gateway.prefill.roles import Cast, cast, place_of
from gateway.prefill.signed_in import is_acting, is_of

#: a form key may be shown in an error; other text could be a personal value in the wrong place
_NAME = re.compile(r"(?!.*[0-9]{6})[A-Za-z][A-Za-z_.\[\]0-9]{0,60}")
#: a level of an account as records may have it
_WORD = re.compile(r"(?!None)[A-Za-z0-9]{1,10}")
#: the kinds that can be related to the applicant
_PEOPLE = frozenset({SubjectKind.PERSON, SubjectKind.NEWBORN})
#: claims of an account that identify its owner, and the identifier of a subject that each must equal
CLAIMS = (("SoDinhDanh", "personal_id"), ("SoCMND", "old_id"))
#: the same for an organisation that signs in
_ORGANISATION_CLAIMS = (("MaSoThue", "tax_code"),)
#: claims of an account with the code of an enterprise
_CODES = ("MaSoThue", "MaSoDoanhNghiep")
_MAX_SHAPES = 512


class Case(NamedTuple):
    """A request that fits its procedure."""

    request: PrefillRequest
    procedure: Procedure
    cast: Cast
    official: Official
    purpose: str
    #: relations of the people of the request to the applicant
    relations: frozenset[Relation]
    #: `Subject.key` of every person in the request; personal data
    persons: frozenset[str]
    #: the predicates asked; empty: a form is asked
    predicates: tuple[str, ...] = ()
    #: claims of the person who signed in. Claims of a representative without a role fill no form and are not in
    #: `request`
    signed_in: Mapping[str, object] = NOTHING
    #: who acts for another person; None: the applicant acts for themselves
    acting: Acting | None = None
    #: proof of `acting`: exchange of the proof, data service that decided, whether the document of `mandate` was found
    proof: tuple[str, str, bool] = ("", "", False)
    #: claims of levels that agreements name
    levels: Sequence[str] = ()
    #: the citizen who asks where no official does: the applicant or the representative
    citizen: Subject | None = None
    #: role of that citizen, as records have it; blank: an official asks
    asked_by: str = ""
    #: key of requester, official and citizen: answers are shared only within the same key; personal data
    asker: str = ""
    #: a person of the request has no number
    is_unnumbered: bool = False

    @property
    def keys(self) -> Mapping[str, str]:
        """Role -> `Subject.key` of the people whom records name; personal data."""
        if self.acting is None or not self.acting.is_outside:
            return self.cast.keys
        return {**self.cast.keys, "representative": self.acting.subject.key}

    def header(
        self, exchange: ExchangeId, requester: Requester, legal_basis: str, subjects: Mapping[str, str]
    ) -> RecordHeader:
        """The header of records about this request. `subjects`: role -> `Subject.key`."""
        official = self.official
        return RecordHeader(
            exchange, requester.id, official.agency, self.procedure.code, self.request.dossier or "", self.purpose,
            legal_basis, subjects, official.personal_id, official.on_duty,
        )  # fmt: skip

    @property
    def proof_of_login(self) -> dict[str, str]:
        """The field of records that names the identity provider of the forwarded login."""
        login = self.request.login
        return {} if login is None else {"login": login.provider}

    @property
    def who_asks(self) -> dict[str, str]:
        """Fields of records about the citizen who asks: role, account level, kind of representation, its proof.

        `account_level` has the claims of the account, and `level`: that of the forwarded login.
        """
        note = {"asked_by": self.asked_by} if self.asked_by else {}
        if self.signed_in and (account := self.account):
            shown = [
                f"{claim}={account[claim]}"
                for claim in self.levels
                if _WORD.fullmatch(str(account.get(claim)))
            ]
            if (login := self.request.login) is not None and login.level:
                shown.append(f"level={login.level}")
            note["account_level"] = " ".join(shown) or "unknown"
        if self.acting is None:
            return note
        note |= {"representation": self.acting.kind, "represented": self.acting.role}
        exchange, by, _ = self.proof
        return {**note, "proof": exchange, "proven_by": by} if exchange else note

    def impossible(self, today: date) -> Denial | None:
        """Why the representation is impossible by the request itself, or beyond its login; None: it is possible."""
        login = self.request.login
        if self.acting is None:
            return _beyond(login, self)
        numbers = (self.signed_in.get("SoDinhDanh"), login.personal_id if login is not None else None)
        applicant = self.cast.subjects.get(self.procedure.signs_in)
        kinds = self.procedure.mapping.represented_by
        codes = self.account_codes
        denial = impossible(self.acting, self.request, kinds, numbers, codes, applicant, today)
        return _beyond(login, self) if denial is None else denial

    @property
    def account(self) -> Mapping[str, object]:
        """Claims of the person who signed in, if they identify the account's owner."""
        acts = self.acting
        claims = self.signed_in
        own = self.cast.subjects.get(self.procedure.signs_in) if acts is None else acts.subject
        if not claims or own is None:
            return NOTHING
        words = _ORGANISATION_CLAIMS if own.kind is SubjectKind.ORGANISATION else CLAIMS
        is_owner = any(
            (number := claims.get(word)) and is_same_number(number, getattr(own, part))
            for word, part in words
        )
        return claims if is_owner else NOTHING

    @property
    def account_codes(self) -> tuple[object, ...]:
        """Tax and enterprise codes in that account."""
        claims = self.account
        return tuple(tax_code_spelling(str(claims[word])) for word in _CODES if word in claims)


class Cases:
    """Makes cases of requests."""

    def __init__(self, configuration: Configuration, catalogue: Catalogue, clock: Clock) -> None:
        """Reads procedures, agencies and requesters."""
        self._clock = clock
        self._configuration = configuration
        self._catalogue = catalogue
        #: (procedure, shape of the cast) -> relations: the same for all people
        self._relations: dict[tuple[object, ...], frozenset[Relation]] = {}
        self._representations = catalogue.representations
        #: claims that state the assurance level of an account
        self._levels = sorted({
            claim for one in configuration.agreements.values() for claim in one.account.levels
        })  # fmt: skip

    def of(self, request: PrefillRequest, requester: Requester) -> Case:
        """The case. Raises NotFound (procedure), Unprocessable (roles, fields, people, official)."""
        procedure = self._catalogue.find(request.procedure)
        if procedure is None:
            near = self._catalogue.near(request.procedure)
            raise NotFound(
                say.NO_PROCEDURE(procedure=request.procedure), code=ProblemCode.UNKNOWN_PROCEDURE, near=near
            )
        return self.fit(request, procedure, request.subjects, requester)

    def fit(
        self, request: PrefillRequest, procedure: Procedure, subjects: Mapping[str, Subject | str],
        requester: Requester, predicates: tuple[str, ...] = (),
    ) -> Case:  # fmt: skip
        """The case for a procedure that is already found."""
        roles = cast(procedure, subjects)
        if request.fields or request.known or request.held:
            _check_fields(procedure, request)
        is_unnumbered = _check_people(roles, request, self._clock.now().astimezone(VIETNAM).date())
        acts = None
        if request.representative is None and (request.account or request.login):
            _check_account(roles, request, procedure.signs_in, is_unnumbered=is_unnumbered)
        if request.representative is not None:
            acts = acting(request, procedure, roles, self._representations)
        official, persons = (
            self._official(request, requester),
            [roles.keys[name] for name, one in roles.subjects.items() if one.kind in _PEOPLE],
        )
        signed_in = request.account
        if acts is not None:
            persons.append(acts.subject.key)
            if signed_in and roles.keys.get(procedure.signs_in) != acts.subject.key:
                # the representative's name, number and telephone are not the represented person's
                request = replace(request, account={})
        citizen, asked_by = None, ""
        if official.on_duty:
            citizen = roles.subjects.get(procedure.signs_in) if acts is None else acts.subject
            # the citizen who asks a predicate need not be its subject
            if citizen is not None and not predicates:
                asked_by = _role_of_citizen(procedure, roles, acts)
        one, number = official, (citizen.personal_id or citizen.key) if citizen else ""
        return Case(
            request, procedure, roles, official, request.purpose or procedure.purpose,
            self._related(procedure, roles) if acts is None else relations(procedure, roles, acts),
            frozenset(persons), predicates, signed_in, acts, levels=self._levels, citizen=citizen,
            asked_by=asked_by,
            asker=f"{requester.id}\x1f{one.personal_id}\x1f{one.agency}\x1f{one.account}\x1f{one.full_name}\x1f{number}",
            is_unnumbered=is_unnumbered,
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
                raise fault_at("/official/agency", say.NO_SUCH_AGENCY, ProblemCode.UNKNOWN_AGENCY)
            return request.official
        settings = self._configuration.requesters.get(requester.id)
        code = request.agency or (settings.agency if settings else "")
        agency = self._configuration.agencies.get(code)
        if agency is None or agency.duty_official is None:
            raise fault_at("/official", say.NAME_THE_OFFICIAL, ProblemCode.OFFICIAL_MISSING)
        return Official(
            personal_id=agency.duty_official, agency=agency.code, account=agency.duty_account, on_duty=True
        )


def relations(procedure: Procedure, roles: Cast, acts: Acting | None = None) -> frozenset[Relation]:
    """Relations to the applicant of all people whom the request names or whom the procedure finds through them.

    Where a representative acts, the representative is the applicant and the other person is represented.
    """
    own = roles.slots.get(procedure.signs_in)
    represented = None
    if acts is not None:
        own = next((name for name, key in roles.keys.items() if key == acts.subject.key), None)
        represented = roles.slots[acts.role]
    found = {
        Relation.REPRESENTED
        if slot == represented
        else Relation.APPLICANT
        if slot == own
        else _declared(procedure, role_of(name))
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


def _role_of_citizen(procedure: Procedure, roles: Cast, acts: Acting | None) -> str:
    """Role of the citizen who asks, as records name it, where no official asks."""
    if acts is None:
        return procedure.signs_in
    if acts.is_outside:
        return "representative"
    return next(name for name, key in roles.keys.items() if key == acts.subject.key)


def shown_name(name: str) -> str:
    """A form key that may be shown; `*` for text that could be a personal value in the wrong place."""
    return name if _NAME.fullmatch(name) else "*"


def _check_fields(procedure: Procedure, request: PrefillRequest) -> None:
    fields = {field.key for field in procedure.fields}
    places = [(f"/fields/{at}", name) for at, name in enumerate(request.fields or ())]
    typed = [("known", request.known), ("held", request.held)]
    places += [(f"/{member}/{shown_name(name)}", name) for member, values in typed for name in values]
    for place, name in places:
        if name not in fields:
            shown = name if _NAME.fullmatch(name) else say.THIS_NAME
            raise fault_at(
                place, say.NO_SUCH_FIELD(procedure=procedure.code, field=shown), ProblemCode.UNKNOWN_FIELD
            )
    for member, values in typed:
        for name, value in values.items():
            # null in `known`: emptied by the citizen
            if not (value is None and member == "known") and not procedure.accepts(name, value):
                raise fault_at(f"/{member}/{name}", say.VALUE_NOT_IN_FORM, ProblemCode.VALUE_NOT_POSSIBLE)
    if twice := sorted(request.known.keys() & request.held.keys()):
        raise fault_at(f"/held/{twice[0]}", say.HELD_AND_KNOWN, ProblemCode.DECLARED_TWICE)


def covered(case: Case, acts: Acting) -> bool:
    """Whether the representative of the request acts for every represented person."""
    return not _beyond_reach(case, acts.role, acts.subject.key)


def within_reach(case: Case) -> tuple[Case, frozenset[str]] | None:
    """The request without its optional people for whom nobody acts, to decide over; and the roles of those people.

    A newborn who is found by such a person's number is left out too. None: there are none, or one of them has a role
    that the procedure needs. The keys stay: records name them all the same.
    """
    acts, cast_, roles = case.acting, case.cast, case.procedure.roles
    own = (case.procedure.signs_in,) if acts is None else (acts.role, acts.subject.key)
    slots = {cast_.slots[name] for name in _beyond_reach(case, *own)}
    names = {name for name, slot in cast_.slots.items() if slot in slots}
    names |= {name for name in cast_.subjects if roles[role_of(name)].through in names}
    if not names or not all(roles[role_of(name)].optional for name in names):
        return None
    rest = replace(
        cast_,
        subjects={name: one for name, one in cast_.subjects.items() if name not in names},
        slots={name: slot for name, slot in cast_.slots.items() if name not in names},
    )
    persons = {cast_.keys[name] for name, one in rest.subjects.items() if one.kind in _PEOPLE}
    if acts is not None:
        persons.add(acts.subject.key)
    decided = case._replace(
        cast=rest, persons=frozenset(persons), relations=relations(case.procedure, rest, acts),
        is_unnumbered=any(one.is_unnumbered for one in rest.subjects.values()),
    )  # fmt: skip
    return decided, frozenset(names)


def _beyond_reach(case: Case, role: str, own: str | None = None) -> list[str]:
    """Roles whose person needs a representative, without that of `role` and the person with the key `own`."""
    cast_, slot = case.cast, case.cast.slots.get(role)
    return [
        name
        for name, one in cast_.subjects.items()
        if cast_.slots[name] != slot and cast_.keys[name] != own and one.kind in _PEOPLE
        and _declared(case.procedure, role_of(name)) is Relation.REPRESENTED
    ]  # fmt: skip


def is_same_number(claimed: object, number: str | None) -> bool:
    """Whether a claim of an account is this number; a tax code of a branch has a dash or none."""
    return number is not None and tax_code_spelling(str(claimed)) == tax_code_spelling(number)


def _beyond(login: Login | None, case: Case) -> Denial | None:
    """The denial of a login handle that a request stretches to people for whom its person does not act."""
    if login is None or not login.is_handle:
        return None
    acts = case.acting
    if acts is not None and not is_acting(login, acts.subject):
        return _OF_ANOTHER
    is_covered = acts is not None and covered(case, acts)
    if Relation.REPRESENTED not in case.relations or is_covered:
        return None
    own = (case.procedure.signs_in,) if acts is None else (acts.role, acts.subject.key)
    return _stranger(case.procedure, _beyond_reach(case, *own))


_LOGIN_RULE = "login:represented"
#: the remedy where nobody acts for a person of the request
SAY_WHO_ACTS = (
    "let the person choose for whom they act when they sign in, say it in `representative`, or leave out the "
    "person"
)


def _stranger(procedure: Procedure, names: Sequence[str]) -> Denial:
    """`names`: roles of the people for whom the person who signed in does not act; none: they are found by data."""
    found = [name for name in procedure.roles if _declared(procedure, name) is Relation.REPRESENTED]
    titles = {name: procedure.roles[role_of(name)].title for name in names or found}
    shown = listed(titled(one.vi, one.en) if one else titled(name, name) for name, one in titles.items())
    return Denial(
        _LOGIN_RULE, RefusalReason.REPRESENTATION_MISSING, say.LOGIN_OF_STRANGER(roles=shown), SAY_WHO_ACTS
    )


_OF_ANOTHER = Denial(
    _LOGIN_RULE, RefusalReason.REPRESENTATION_CHAIN, say.REPRESENTATION_CHAIN,
    "let the person who signs in be the one who represents",
)  # fmt: skip


def _check_people(roles: Cast, request: PrefillRequest, today: date) -> bool:
    """A number alone identifies nobody: name and birth date must come with it. Nobody is born later than today.

    Returns whether a person has no number.
    """
    is_unnumbered = False
    for role, one in roles.subjects.items():
        number = one.personal_id or one.old_id
        if number is None and one.kind is SubjectKind.PERSON:
            number = None if one.identifier is None else one.identifier.number
            is_unnumbered |= number is None and one.passport is None
        if number and (one.full_name is None or one.birth_date is None):
            where = f"/subjects/{place_of(role, request.subjects)}"
            raise fault_at(where, say.IDENTITY_INCOMPLETE, ProblemCode.IDENTITY_INCOMPLETE)
        born = one.birth_date
        if born is not None and born.year >= today.year and born.is_after(today):
            where = f"/subjects/{place_of(role, request.subjects)}/birth_date"
            raise fault_at(where, say.BORN_LATER, ProblemCode.BORN_LATER)
    acts = None if request.representative is None else request.representative.subject
    if acts is not None and acts.birth_date is not None and acts.birth_date.is_after(today):
        raise fault_at("/representative/subject/birth_date", say.BORN_LATER, ProblemCode.BORN_LATER)
    return is_unnumbered


def _check_account(roles: Cast, request: PrefillRequest, signs_in: str, *, is_unnumbered: bool) -> None:
    """The account and the login must belong to the person who signs in. `is_unnumbered`: one of the people is.

    An account with a number is never that of a person without one.
    """
    own = roles.subjects.get(signs_in)
    has_none = is_unnumbered and own is not None and own.is_unnumbered
    for word, identifier in (*CLAIMS, *_ORGANISATION_CLAIMS) if own is not None and request.account else ():
        number, claimed = getattr(own, identifier), request.account.get(word)
        if claimed and (not is_same_number(claimed, number) if number else has_none):
            raise fault_at(
                f"/account/{word}", say.ACCOUNT_DIFFERS(role=signs_in), ProblemCode.ACCOUNT_DIFFERS
            )
    if request.login is not None and not is_of(request.login, own):
        raise fault_at("/login", say.LOGIN_DIFFERS(role=signs_in), ProblemCode.LOGIN_DIFFERS)

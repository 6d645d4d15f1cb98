"""The demo portal, of the sandbox: from a procedure to a dossier, as a citizen goes.

Procedures, sign-in, the other people, the form that fills itself (`portal_forms.py`), and where dossiers stand. Numbers
of other people come by POST and stay at the server for the session; no address has any.
"""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from gateway.api.dispatcher import demand
from gateway.api.dossiers import relay_of
from gateway.api.prefill_body import prefill_members, subjects
from gateway.api.procedures import described, summary
from gateway.api.request import Request
from gateway.config.gateway import Label, PageSettings
from gateway.console.formats import as_iso, day, when
from gateway.domain import sentences as say
from gateway.domain.dates import EARLIEST, LATEST, legal_day
from gateway.domain.dossier import STATUSES, DossierStatus, ProgressEntry
from gateway.domain.errors import BadRequest, LogUnavailable, NotFound, Refused, RelayUnavailable, fault_at
from gateway.domain.login import Identity
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import BothWords, Sentence, titled
from gateway.login.steps import Leaving
from gateway.mapping.form_hints import hinted, role_of_fields
from gateway.mapping.model import Role
from gateway.mapping.procedure import Procedure
from gateway.mapping.records import bare
from gateway.pages.frame import PageRole, PageRoute, Shown, Visit
from gateway.pages.portal_forms import FORMS
from gateway.pages.portal_forms import ROUTES as FORM_ROUTES
from gateway.pages.portal_notes import (
    draft_of,
    filed_as,
    keep_people,
    note_blank,
    people_of,
    persons_of,
    procedure_of,
    session_in,
    value_digest,
)
from gateway.pages.portal_sending import (
    WhyNotKept,
    applicant_of,
    dossier_url,
    form_origins,
    is_as_filed,
    paper_origins,
    session_ended,
)
from gateway.ports.relay import DossierSearch
from gateway.prefill.roles import place_of
from gateway.relay.statuses import is_final

_MOST_DOSSIERS = 50
#: rows of a role that takes several people
_ROWS = 3
_NOBODY, _SAME, _INVENTED = "none", "same:", "invented:"
#: kind of subject -> what the form of people asks
_MEMBERS: Mapping[SubjectKind, tuple[str, ...]] = {
    SubjectKind.PERSON: ("personal_id", "full_name", "birth_date"),
    SubjectKind.ORGANISATION: ("tax_code", "full_name"),
    SubjectKind.PARCEL: ("commune", "sheet", "number"),
    SubjectKind.VEHICLE: ("registration_no", "number"),
    SubjectKind.NEWBORN: (),
}
_PEOPLE = (SubjectKind.PERSON, SubjectKind.ORGANISATION)
#: why own data were not kept
_NOT_KEPT: Mapping[str, tuple[str, str]] = {
    WhyNotKept.UNASKED: (
        "Biểu mẫu được nộp khi chưa lấy được dữ liệu nào.",
        "The form was sent when no data could be fetched.",
    ),
    WhyNotKept.WITHDRAWN: ("Ông/bà đã rút lại sự đồng ý lưu.", "You withdrew the consent to keep them."),
    WhyNotKept.NOTHING: (
        "Biểu mẫu không có dữ liệu nào của chính ông/bà ở các mục đã chọn lưu.",
        "The form has no data of your own in the fields that you chose to keep.",
    ),
    WhyNotKept.VALUE: (
        "Một giá trị không đúng dạng để lưu, như số điện thoại hoặc ngày không có thật.",
        "A value cannot be kept as it is, such as a telephone number or a day that does not exist.",
    ),
    WhyNotKept.SESSION: ("Phiên đăng nhập đã kết thúc.", "Your session had ended."),
    WhyNotKept.AWAY: (
        "Nơi lưu dữ liệu không dùng được vào lúc đó.",
        "The place where they are kept was away.",
    ),
}
#: a fault, in both languages
_Sentences = Sentence | BothWords
_OFFICIAL = "Cán bộ mô phỏng"
#: what the simulated official does next
_NEXT = {
    DossierStatus.SUBMITTED: DossierStatus.ACCEPTED, DossierStatus.ACCEPTED: DossierStatus.PROCESSING,
    DossierStatus.PROCESSING: DossierStatus.PROCESSED, DossierStatus.PROCESSED: DossierStatus.HANDED_OVER,
}  # fmt: skip


# ---------------------------------------------------------------------------------------------------- procedures


async def listing(request: Request, visit: Visit) -> Shown:
    """`GET /portal?q=`: the procedures, or those whose title or code has all words of `q`."""
    _check_sandbox(request)
    wanted = visit.form.get("q", "").strip()[:100]
    words = [bare(one) for one in wanted.split()]
    found = [
        summary(one)
        for _, one in sorted(request.services.catalogue.procedures.items())
        if all(word in bare(f"{one.code} {one.mapping.title.vi} {one.mapping.title.en}") for word in words)
    ]
    title = "Chọn thủ tục", "Choose a procedure"
    walks = request.services.configuration.gateway.pages.walks
    return Shown(
        template="portal/procedures", title=title, answer={"procedures": found},
        values={"q": wanted, "walks": walks, **_words(request)},
    )  # fmt: skip


async def about(request: Request, _visit: Visit) -> Shown:
    """`GET /portal/procedures/{code}`: what it is, and which papers it asks for."""
    _check_sandbox(request)
    procedure = procedure_of(request)
    values = {"roles": procedure.roles, "has_people": bool(_asked(procedure))}
    return Shown(
        template="portal/procedure", title=_title(procedure), answer=described(procedure), values=values
    )


# -------------------------------------------------------------------------------------------------------- people


async def people(request: Request, visit: Visit) -> Shown:
    """`GET /portal/procedures/{code}/people`: who the others are."""
    _check_sandbox(request)
    procedure = procedure_of(request)
    known = await people_of(request, session_in(visit), procedure) or {}
    return _people_page(request, procedure, dict(_as_typed(procedure, known)))


async def send_people(request: Request, visit: Visit) -> Shown | Leaving:
    """`POST /portal/procedures/{code}/people`: kept for the session, then the form."""
    _check_sandbox(request)
    procedure, sandbox = procedure_of(request), request.services.configuration.gateway.pages
    given = dict(_subjects(procedure, visit.form, sandbox))
    try:
        body = prefill_members({"procedure": procedure.code, "subjects": given})
        _check_births(
            subjects(body["subjects"], procedure.roles, request.services.catalogue.identifiers),
            legal_day(request.services.clock.now()),
        )
    except BadRequest as error:
        wrong = [_fault(procedure, one) for one in error.members.get("errors", ())]  # type: ignore[attr-defined]
        return _people_page(request, procedure, visit.form, wrong)
    if lacking := [*_lacking(procedure, given)]:
        return _people_page(request, procedure, visit.form, lacking)
    await keep_people(request, session_in(visit), procedure, given)
    return Leaving(url=f"/portal/procedures/{procedure.code}/form")


def _check_births(people: Mapping[str, Subject | str], today: date) -> None:
    """Raises Unprocessable where somebody is born later than today."""
    for name, one in people.items():
        born = one.birth_date if isinstance(one, Subject) else None
        if born is not None and born.is_after(today):
            place = f"/subjects/{place_of(name, people)}/birth_date"
            raise fault_at(place, say.BORN_LATER, ProblemCode.BORN_LATER)


def _people_page(
    request: Request,
    procedure: Procedure,
    typed: Mapping[str, str],
    wrong: Sequence[tuple[str, _Sentences]] = (),
) -> Shown:
    sandbox = request.services.configuration.gateway.pages
    roles = [_asked_role(procedure, name, role, sandbox) for name, role in _asked(procedure).items()]
    communes = request.services.catalogue.codes.units.names.items()
    title = "Những người trong hồ sơ", "The people of the dossier"
    return Shown(
        template="portal/people", title=title, answer={"procedure": summary(procedure)},
        values={
            "roles": roles, "typed": typed, "wrong": dict(wrong), "procedure": procedure, "name": _title(procedure),
            "communes": sorted(communes, key=lambda one: bare(one[1])),
            "signs_in": procedure.roles[procedure.signs_in], "me": request.frame.visit.session.identity,
        },
        status=422 if wrong else 200,
    )  # fmt: skip


def _asked_role(procedure: Procedure, name: str, role: Role, sandbox: PageSettings) -> dict[str, Any]:
    """A role as the form asks for it."""
    kind = role.kind[0]
    same = [one for one, other in procedure.roles.items() if one != name and set(other.kind) & set(role.kind)]
    rows = [f"{name}.{at + 1}" for at in range(_ROWS)] if role.many else [name]
    return {
        "name": name, "role": role, "kind": kind, "members": _MEMBERS[kind], "rows": rows,
        "same": [(f"{_SAME}{one}", procedure.roles[one].title) for one in same] if not role.many else [],
        "through": procedure.roles[role.through].title if role.through else None,
        "is_optional": role.optional,
        "people": [one for one in sandbox.people if name in one.roles],
        "invented": [] if role.many else [*_invented(name, sandbox)],
    }  # fmt: skip


def _asked(procedure: Procedure) -> dict[str, Role]:
    """The roles beside the one that signs in."""
    return {name: one for name, one in procedure.roles.items() if name != procedure.signs_in}


def _lacking(procedure: Procedure, given: Mapping[str, Any]) -> Iterator[tuple[str, Sentence]]:
    """Roles without anybody, and people with a number only: a number needs a name and a birth date."""
    for name, role in _asked(procedure).items():
        if name not in given:
            if not role.optional and _MEMBERS[role.kind[0]]:
                title, is_somebody = _role_title(name, role), role.kind[0] in _PEOPLE
                yield (
                    f"{name}.who",
                    say.PERSON_LACKS(role=title) if is_somebody else say.OBJECT_LACKS(role=title),
                )
            continue
        if _ends_nowhere(procedure, name, given):
            yield f"{name}.who", say.SAME_AS_NOBODY(role=_role_title(name, role))
            continue
        rows = given[name] if role.many else [given[name]]
        for at, row in enumerate(rows):
            place = f"{name}.{at + 1}" if role.many else name
            for member in ("full_name", "birth_date"):
                if "personal_id" in row and member not in row:
                    yield f"{place}.{member}", say.NAME_AND_BIRTH_WITH_NUMBER


def _ends_nowhere(procedure: Procedure, name: str, given: Mapping[str, Any]) -> bool:
    """Whether "the same as" leads from a role round in a circle, or to a role without anybody."""
    passed = []
    while name not in passed and name != procedure.signs_in:
        passed.append(name)
        one = given.get(name)
        if not isinstance(one, dict) or "same_as" not in one:
            return one is None
        name = one["same_as"]
    return name != procedure.signs_in


def _role_title(name: str, role: Role) -> Sentence:
    return titled(name, name) if role.title is None else titled(role.title.vi, role.title.en)


def _subjects(
    procedure: Procedure, form: Mapping[str, str], sandbox: PageSettings
) -> Iterator[tuple[str, Any]]:
    """Role -> subject, as the body of a prefill names them."""
    for name, role in _asked(procedure).items():
        members, who = _MEMBERS[role.kind[0]], form.get(f"{name}.who", "")
        if not members:
            yield name, {}
        elif who.startswith((_SAME, _INVENTED)) and not role.many:
            yield from _chosen(name, who, sandbox)
        elif who != _NOBODY:
            rows = [f"{name}.{at + 1}" for at in range(_ROWS)] if role.many else [name]
            found = [one for row in rows if (one := _one(members, row, form))]
            if found:
                yield name, found if role.many else found[0]


def _chosen(name: str, who: str, sandbox: PageSettings) -> Iterator[tuple[str, dict[str, str]]]:
    """A role whose subject was chosen from a list, not written."""
    if who.startswith(_SAME):
        yield name, {"same_as": who.removeprefix(_SAME)}
    for value, _, subject, _ in _invented(name, sandbox):
        if who == value:
            yield name, subject


def _invented(name: str, sandbox: PageSettings) -> Iterator[tuple[str, str, dict[str, str], Label]]:
    """People and objects of the sandbox for a role: word of the choice, what is shown, subject, note."""
    for one in sandbox.people:
        if name in one.roles:
            subject = one.model_dump(include={*_MEMBERS[SubjectKind.PERSON]})
            yield _INVENTED + one.personal_id, f"{one.full_name}, {one.personal_id}", subject, one.note
    for thing in sandbox.objects:
        if name in thing.roles:
            shown = ", ".join(thing.subject.values())
            yield _INVENTED + shown, shown, thing.subject, thing.note


def _one(members: Sequence[str], row: str, form: Mapping[str, str]) -> dict[str, str]:
    found = {name: form.get(f"{row}.{name}", "").strip() for name in members}
    if "birth_date" in found:
        found["birth_date"] = as_iso(found["birth_date"])
    return {name: text for name, text in found.items() if text}


def _as_typed(procedure: Procedure, known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a person said before, as the form has it."""
    for name, role in _asked(procedure).items():
        one = known.get(name)
        rows = one if isinstance(one, list) else [one or {}]
        if one is None and known and role.optional:
            yield f"{name}.who", _NOBODY
        for at, row in enumerate(rows):
            if "same_as" in row:
                yield f"{name}.who", f"{_SAME}{row['same_as']}"
            for member, text in row.items():
                shown = day(text) if member == "birth_date" else text
                yield f"{name}.{at + 1}.{member}" if role.many else f"{name}.{member}", shown


def _fault(procedure: Procedure, fault: Mapping[str, str]) -> tuple[str, _Sentences]:
    """Field of the form, and what is wrong with it."""
    _, _, name, *rest = [*fault["pointer"].split("/"), "", ""]
    rest = [one for one in rest if one]
    if name in procedure.roles and procedure.roles[name].many and rest and rest[0].isdigit():
        rest[0] = str(int(rest[0]) + 1)
    place = ".".join([name, *rest]) if rest else f"{name}.who"
    if rest[-1:] == ["birth_date"] and fault["code"] != ProblemCode.BORN_LATER:
        return place, say.BIRTH_DATE_OF_FORM(first=EARLIEST, last=LATEST)
    words = fault["detail_vi"].partition(": "), fault["detail"].partition(": ")
    vi, en = (rest or whole for whole, _, rest in words)
    return place, (vi, en)


# ---------------------------------------------------------------------------------------------------------- form


async def form(request: Request, visit: Visit) -> Shown | Leaving:
    """`GET /portal/procedures/{code}/form`: the form that fills itself."""
    _check_sandbox(request)
    procedure, session = procedure_of(request), session_in(visit)
    named = await people_of(request, session, procedure)
    if _asked(procedure) and named is None:
        return Leaving(url=f"/portal/procedures/{procedure.code}/people")
    # what is submitted where no data could be asked for
    blank = visit.caller.exchange
    await note_blank(request, session, procedure, blank, named or {})
    agency = request.services.configuration.agencies.get(visit.caller.agency)
    src = f"{FORMS}/{blank}"
    draft, sent = await draft_of(request, session, procedure), await _sent_before(request, visit, procedure)
    kept, others = _draft_for(request, procedure, named or {}, draft) if draft else ({}, [])
    return Shown(
        template="portal/form", title=_title(procedure), answer={"procedure": described(procedure), "src": src},
        values={
            "code": procedure.code, "src": src, "blank": blank, "agency": agency,
            "whose": _whose(session.identity, procedure, named or {}),
            "has_people": bool(_asked(procedure)), "sent": sent,
            "draft": draft and (when(draft["at"]), orjson.dumps(kept).decode()), "others": others,
        },
        assets=("portal.js",),
    )  # fmt: skip


def _whose(who: Identity, procedure: Procedure, people: Mapping[str, Any]) -> str:
    """Equal where the same account fills in the same form for the same people, also in another session."""
    return value_digest([who.provider, who.subject, procedure.code, people])


def _draft_for(
    request: Request, procedure: Procedure, people: Mapping[str, Any], draft: Mapping[str, Any]
) -> tuple[dict[str, object], list[Role]]:
    """What a draft says for these people, and the roles that it leaves out: they had another person."""
    now = persons_of(procedure, people)
    others = {name for name, one in now.items() if draft.get("persons", {}).get(name) != one}
    roles = role_of_fields(hinted(procedure, request.services.catalogue.codes, {}))
    kept = {key: value for key, value in draft["values"].items() if roles.get(key) not in others}
    lost = {roles.get(key) for key in draft["values"].keys() - kept.keys()}
    return kept, [one for name, one in procedure.roles.items() if name in lost]


async def _sent_before(request: Request, visit: Visit, procedure: Procedure) -> Mapping[str, Any] | None:
    """The newest dossier of this procedure that the person sent here and that is under way; empty: there is none.

    A session that is gone, as after a restart over memory, does not know what it sent. None: this is unknown, and the
    form opens all the same.
    """
    try:
        await demand(request, "dossiers")
        found: Any = await relay_of(request).lookups.search(
            visit.caller, _person(visit), DossierSearch(procedure=procedure.code, most=_MOST_DOSSIERS)
        )
    except (Refused, RelayUnavailable, LogUnavailable):
        return None
    going = [one for one in found["dossiers"] if not is_final(one["status"])]
    return max(going, key=lambda one: str(one["opened_at"]), default={})


# ------------------------------------------------------------------------------------------------------ dossiers


async def dossiers(request: Request, visit: Visit) -> Shown:
    """`GET /portal/dossiers`: mine, last changed first."""
    await demand(request, "dossiers")
    found = await relay_of(request).lookups.search(
        visit.caller, _person(visit), DossierSearch(most=_MOST_DOSSIERS)
    )
    title = "Hồ sơ của tôi", "My dossiers"
    return Shown(template="portal/dossiers", title=title, answer=found, values=_words(request))


async def dossier(request: Request, visit: Visit) -> Shown:
    """`GET /portal/dossiers/{code}`: where one of mine stands; another's does not exist."""
    await demand(request, "dossiers")
    lookups, code, person = relay_of(request).lookups, request.parameters["code"], _person(visit)
    found = await lookups.status(visit.caller, code, person)
    said = await lookups.form_of(visit.caller, code, person, applicant_of(session_in(visit).identity).name)
    procedure = request.services.catalogue.find(str(found["procedure"]))
    origins = form_origins(procedure, said) if procedure is not None else None
    papers = paper_origins(procedure, said) if procedure is not None else None
    why = await _why_not_kept(request, visit, code)
    return Shown(
        template="portal/dossier", title=("Theo dõi hồ sơ", "Follow a dossier"),
        answer={**found, "form": _names(origins), "papers": _names(papers)},
        values={
            **_words(request), "next": _next_of(found), "not_kept": _NOT_KEPT.get(why),
            "origins": origins, "papers": papers, "is_confirmed": said.get("confirmed") is True,
            "is_as_filed": await is_as_filed(request, visit, str(found["code"]), said),
        },
    )  # fmt: skip


async def _why_not_kept(request: Request, visit: Visit, code: str) -> str:
    """As the session noted it. Only the end of a session is noted nowhere: the address says and proves it."""
    said, _, proof = visit.form.get("not_kept", "").partition(".")
    if not said:
        return ""
    noted = await filed_as(request, session_in(visit), code)
    if said == WhyNotKept.SESSION and hmac.compare_digest(
        proof.encode("utf-8", "surrogatepass"), session_ended(request, code).encode()
    ):
        return said
    return str(noted.get("not_kept", ""))


def _names(groups: Mapping[str, list[dict[str, str]]] | None) -> dict[str, list[str]] | None:
    return (
        None if groups is None else {group: [one["name"] for one in many] for group, many in groups.items()}
    )


async def step(request: Request, visit: Visit) -> Leaving:
    """`POST /portal/dossiers/{code}/step`: of the sandbox: what an official would do next with a dossier of mine."""
    _check_sandbox(request)
    await demand(request, "dossiers")
    relay, code = relay_of(request), request.parameters["code"]
    found = await relay.lookups.status(visit.caller, code, _person(visit))
    if (status := _next_of(found)) is not None:
        at = request.services.clock.now()
        agency = request.services.configuration.agencies.get(visit.caller.agency)
        entry = ProgressEntry(
            dossier=code, at=at, status=status, official=_OFFICIAL, position=_OFFICIAL, content=STATUSES[status][0],
            department=agency.title.vi if agency is not None else visit.caller.agency,
        )  # fmt: skip
        await relay.progress([entry], visit.caller)
    return Leaving(url=dossier_url(code))


def _next_of(found: Mapping[str, object]) -> DossierStatus | None:
    """None: no more, or it is no dossier that this portal sent."""
    return _NEXT.get(DossierStatus(str(found["status"]))) if found["origin"] == "province" else None


ROUTES = (
    PageRoute("GET", "/portal", listing, nav="Thủ tục · Procedures"),
    PageRoute("GET", "/portal/procedures/{code}", about),
    PageRoute("GET", "/portal/procedures/{code}/people", people, PageRole.CITIZEN),
    PageRoute("POST", "/portal/procedures/{code}/people", send_people, PageRole.CITIZEN),
    PageRoute("GET", "/portal/procedures/{code}/form", form, PageRole.CITIZEN),
    PageRoute("GET", "/portal/dossiers", dossiers, PageRole.CITIZEN, nav="Hồ sơ của tôi · My dossiers"),
    PageRoute("GET", "/portal/dossiers/{code}", dossier, PageRole.CITIZEN),
    PageRoute("POST", "/portal/dossiers/{code}/step", step, PageRole.CITIZEN),
    *FORM_ROUTES,
)


# ------------------------------------------------------------------------------------------------------- of all


def _check_sandbox(request: Request) -> None:
    """Raises NotFound outside the sandbox: real people file at real portals."""
    if request.services.configuration.gateway.profile != "sandbox":
        raise NotFound(say.PORTAL_OF_SANDBOX)


def _person(visit: Visit) -> str:
    """Key of the person or organisation whose dossiers are shown. Raises NotFound for an official."""
    if visit.subject is None:
        raise NotFound
    return visit.subject.key


def _title(procedure: Procedure) -> tuple[str, str]:
    return procedure.mapping.title.vi, procedure.mapping.title.en


def _words(request: Request) -> dict[str, object]:
    def procedure_title(code: str) -> tuple[str, str]:
        found = request.services.catalogue.find(code)
        return (code, code) if found is None else _title(found)

    return {"statuses": STATUSES, "procedure_title": procedure_title}

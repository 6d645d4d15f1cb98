"""The trial of a source, for operators: the form, and what came of it. Personal data come by POST, and leave masked."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import orjson

from gateway.api.audit import door_of
from gateway.api.bodies import checked
from gateway.api.models import TrialBody
from gateway.api.prefill import deadline
from gateway.api.request import Request
from gateway.api.trials import trial_of
from gateway.console.formats import as_iso
from gateway.domain import sentences as say
from gateway.domain.dates import EARLIEST, LATEST, PartialDate
from gateway.domain.errors import BadRequest, NotFound, Unprocessable, fault_at
from gateway.domain.fault_codes import FaultCode
from gateway.domain.parties import Official, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import Reason
from gateway.domain.sentences import BothWords, Sentence
from gateway.mapping.identifiers import IdentifierKinds
from gateway.pages.frame import Shown, Visit, require_scope, with_errors

_TITLE: BothWords = ("Thử nguồn dữ liệu", "Try a source")
#: what a subject is asked by: the words of subjects in mappings
_FIELDS: Mapping[str, BothWords] = MappingProxyType(
    {
        "personal_id": ("Số định danh cá nhân", "Personal number"),
        "old_id": ("Số CMND cũ", "Old identity number"),
        "passport": ("Số hộ chiếu", "Passport number"),
        "parent_personal_id": ("Số định danh của cha hoặc mẹ", "Personal number of a parent"),
        "tax_code": ("Mã số thuế", "Tax code"),
        "registration_no": ("Biển số hoặc số đăng ký", "Plate or registration number"),
        "commune": ("Mã đơn vị hành chính cấp xã", "Code of the commune"),
        "sheet": ("Số tờ bản đồ", "Map sheet"),
        "number": ("Số thửa, số khung hoặc số của giấy tờ", "Number of the parcel, the frame or the paper"),
        "full_name": ("Họ và tên", "Full name"),
        "birth_date": ("Ngày sinh", "Birth date"),
        "gender": ("Giới tính, của người không có số nào", "Gender, of a person without any number"),
        "birth_place": ("Nơi sinh, của người không có số nào", "Birth place, of a person without any number"),
    }
)
#: beside the subject, as `motlan try-source` has them
_WHY: Mapping[str, BothWords] = MappingProxyType(
    {
        "procedure": ("Mã thủ tục, nếu nguồn cần", "Procedure code, where the source wants one"),
        "purpose": ("Mục đích, nếu khác thỏa thuận đầu tiên", "Purpose, if not that of the first agreement"),
        "dossier": ("Mã hồ sơ, nếu thỏa thuận đòi hỏi", "Dossier code, where the agreement demands one"),
        "consent": (
            "Mã sự đồng ý, nếu thỏa thuận đòi hỏi",
            "Id of the consent, where the agreement demands one",
        ),
        "deadline_ms": ("Thời hạn (mili giây)", "Deadline (milliseconds)"),
    }
)
_NUMBER = "identifier."
#: digits
_LONGEST_DEADLINE = 9
_LACKS: BothWords = ("Theo cấu hình, nguồn không cung cấp", "By the settings, the source does not give it")
_OF_PEOPLE = frozenset({"full_name", "birth_date"})
_OF_UNNUMBERED = frozenset({"gender", "birth_place"})
_PEOPLE = frozenset({SubjectKind.PERSON, SubjectKind.NEWBORN})


async def trial_form(request: Request, visit: Visit) -> Shown:
    """`GET /ops/sources/try?source=`: one of its data services, and the subject that it is asked about."""
    require_scope(visit, "sources:try")
    return _form_page(request, visit.form.get("source", ""), visit.form.get("service", ""), {})


def _form_page(request: Request, source: str, service: str, given: Mapping[str, str]) -> Shown:
    """The form of one data service of a source, the first where `service` names none of it."""
    settings = request.services.configuration.sources.get(source)
    if settings is None:
        raise NotFound(say.NO_SUCH_SOURCE)
    plans = request.services.catalogue.services[source]
    found = [
        {"service": f"{source}.{name}", "draft": not one.enabled, "title": plans[name].mapping.title.vi,
         "title_en": plans[name].mapping.title.en}
        for name, one in settings.services.items()
    ]  # fmt: skip
    chosen = next((one for one in found if one["service"] == service), found[0])
    plan = plans[str(chosen["service"]).partition(".")[2]]
    words = {word for group in plan.needs for word in group}
    words |= {
        str(rule.from_).removeprefix("subject.") for rule in plan.mapping.request.values() if rule.from_
    }
    if {*plan.mapping.subjects} == {SubjectKind.PERSON}:
        words.discard("number")  # no body of a person has it
    if _PEOPLE & {*plan.mapping.subjects}:
        words |= _OF_PEOPLE
    if plan.mapping.without_number != "no":
        words |= _OF_UNNUMBERED
    titles = _titles(request.services.catalogue.identifiers)
    fields = [
        {"name": name, "title": title[0], "title_en": title[1]}
        for name, title in titles.items()
        if name in words or name in _WHY
    ]
    titled = {"source": source, "title": settings.title.vi, "title_en": settings.title.en}
    # the day of birth of a newborn guards against guesses: a trial always wants it
    guard = ("birth_date",) if {*plan.mapping.subjects} == {SubjectKind.NEWBORN} else ()
    needs = [
        [titles[word] for word in dict.fromkeys((*group, *guard)) if word in titles]
        for group in plan.needs
        if group
    ]
    times = request.services.configuration.gateway.prefill
    answer = {
        "source": titled, "data_services": found, "service": chosen["service"], "needs": needs, "fields": fields,
        "deadline_ms": {"default": times.deadline_ms, "most": times.max_deadline_ms},
    }  # fmt: skip
    return Shown(template="ops/trial", title=_TITLE, answer=answer, values={"given": given, "errors": {}})


def _titles(kinds: IdentifierKinds) -> dict[str, BothWords]:
    """Every field that the form may have, by the words of subjects in mappings."""
    numbers: dict[str, BothWords] = {
        f"{_NUMBER}{kind}": (one.title.vi, one.title.en) for kind, one in kinds.items()
    }
    return {**numbers, **_FIELDS, **_WHY}


async def trial(request: Request, visit: Visit) -> Shown:
    """`POST /ops/sources/try`. Raises as `POST /v1/sources/{service}/try`."""
    require_scope(visit, "sources:try")
    services, form, titles = request.services, visit.form, door_of(request).titles
    services.demand()
    kinds = services.catalogue.identifiers
    given = {name: text for name in _titles(kinds) if (text := form.get(name, "").strip())}
    plan = services.trials.find(form.get("service", ""))
    late = _wrong_deadline(
        given.get("deadline_ms", ""), services.configuration.gateway.prefill.max_deadline_ms
    )
    try:
        why: dict[str, object] = {name: given[name] for name in _WHY if name in given}
        if "deadline_ms" in why:
            why["deadline_ms"] = int(given["deadline_ms"]) if late is None else None
        asked = {"subject": _subject(given), "show_values": form.get("show_values") == "yes", **why}
        body = checked(asked, TrialBody)
        if late is not None:
            raise fault_at("/deadline_ms", late, ProblemCode.VALUE_NOT_POSSIBLE)
        wanted = trial_of(body, plan, _official(visit), visit.caller, {}, kinds)
        answer = await services.trials.run(
            wanted, visit.caller.requester, visit.caller.exchange, deadline(request, body.deadline_ms)
        )
    except (BadRequest, Unprocessable, NotFound) as error:
        again = _form_page(request, plan.source, plan.name, given)
        # the service is known: only the procedure may be missing
        shown = with_errors(request, error, again, "procedure" if isinstance(error, NotFound) else "")
        if late is not None:  # beside what is wrong with the person
            errors: Any = shown.values["errors"]
            shown = replace(
                shown,
                values={**shown.values, "errors": {**errors, "deadline_ms": {"vi": late.vi, "en": late.en}}},
            )
        return _at_numbers(shown, given)
    rows = [
        {**_row(one), "named": titles.attribute(plan.evidence, one["attribute"])}
        for one in answer["attributes"]  # type: ignore[attr-defined]
    ]
    confirming = [
        (services.trials.find(one["data_service"]).mapping.title, one["outcome"])
        for one in answer["confirmed_by"]  # type: ignore[attr-defined]
    ]
    return Shown(
        template="ops/tried", title=_TITLE, answer=answer,
        values={"rows": rows, "service": plan.mapping.title, "confirming": confirming},
    )  # fmt: skip


def _wrong_deadline(text: str, most: int) -> Sentence | None:
    """Why a deadline cannot be; None: it can, or is blank."""
    if not text or (text.isdecimal() and len(text) <= _LONGEST_DEADLINE and 1 <= int(text) <= most):
        return None
    return say.DEADLINE_OF_FORM(most=most)


def _subject(given: Mapping[str, str]) -> dict[str, object]:
    """As the API takes it. Raises Unprocessable."""
    asked: dict[str, object] = {}
    for name, text in given.items():
        if name.startswith(_NUMBER):
            if "identifier" in asked:
                raise fault_at(f"/{name}", say.ONE_OTHER_NUMBER, ProblemCode.VALUE_NOT_POSSIBLE)
            asked["identifier"] = {"kind": name.removeprefix(_NUMBER), "number": text}
        elif name not in _WHY:
            asked[name] = _birth_date(text) if name == "birth_date" else text
    return asked


def _at_numbers(shown: Shown, given: Mapping[str, str]) -> Shown:
    """The page whose errors about a number of another kind stand at its field."""
    field = next((name for name in given if name.startswith(_NUMBER)), "")
    errors: Any = shown.values["errors"]
    if not field or field in errors:
        return shown
    moved = {field if name in ("number", "kind") else name: one for name, one in errors.items()}
    return replace(shown, values={**shown.values, "errors": moved})


def _birth_date(text: str) -> str:
    """As the API takes it. Raises Unprocessable."""
    try:
        return str(PartialDate.parse(as_iso(text)))
    except ValueError:
        why = say.BIRTH_DATE_OF_FORM(first=EARLIEST, last=LATEST)
        raise fault_at("/birth_date", why, ProblemCode.VALUE_NOT_POSSIBLE) from None


def _row(one: Mapping[str, object]) -> dict[str, object]:
    """An attribute as the page shows it."""
    codes = dict.fromkeys(
        str(code) for name in ("reason", "fault", "doubt") if (code := one[name]) is not None
    )
    why = [(code, _words(code)) for code in codes]
    return {
        **one,
        "raw": _text(one["raw"]),
        "value": _text(one["value"]),
        "why": [{"code": code, "title": vi, "title_en": en} for code, (vi, en) in why],
    }


def _text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()


def _words(code: str) -> BothWords:
    """The words of a reason, of a cause, or of the settings' `lacks`."""
    with contextlib.suppress(ValueError):
        return Reason(code).vi, Reason(code).en
    with contextlib.suppress(ValueError):
        return FaultCode(code).words
    return _LACKS


def _official(visit: Visit) -> Official | None:
    """Who signed in; None where the account has no number: then the agency's official on duty is named."""
    number = "" if visit.session is None else visit.session.identity.personal_id
    return Official(personal_id=number, agency=visit.caller.agency, account=visit.staff) if number else None

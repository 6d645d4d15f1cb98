"""What the auditors' pages take: scopes, parameters, filters of the log, saved filters.

Addresses have no number of a person: who is searched for is in forms that are posted.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import orjson
from pydantic import ValidationError

from gateway.api.audit_models import OUTCOMES, FiltersBody
from gateway.api.browsers import cookie_name
from gateway.api.grammar import dossier_code
from gateway.api.models import Body
from gateway.api.problems import from_validation
from gateway.api.request import Request
from gateway.audit.story_words import OUTCOMES as OUTCOME_WORDS
from gateway.audit.story_words import PHASES, RESULTS
from gateway.console.formats import day, read_day
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, GatewayError, entry
from gateway.domain.exchange import WITHHELD
from gateway.domain.identifiers import may_name_a_person
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import BothWords, Sentence, WrongText
from gateway.pages.frame import Visit

#: filters of an address; nothing that names a person
FIELDS: Mapping[str, BothWords] = {
    "since": ("Từ ngày", "From"), "until": ("Đến ngày", "To"), "requester": ("Hệ thống", "Requester"),
    "agency": ("Cơ quan", "Agency"), "procedure": ("Thủ tục", "Procedure"), "dossier": ("Hồ sơ", "Dossier"),
    "purpose": ("Mục đích", "Purpose"), "phase": ("Loại bản ghi", "Kind of record"),
    "result": ("Kết quả hoặc lý do", "Result or reason"), "source": ("Nguồn", "Source"),
    "outcome": ("Kết quả của nguồn", "Outcome of the source"), "exchange_id": ("Mã giao dịch", "Exchange"),
}  # fmt: skip
#: who is searched for; only in forms that are posted
PEOPLE: Mapping[str, BothWords] = {
    "personal_id": ("Số định danh cá nhân", "Personal id"), "old_id": ("Số CMND cũ", "Old identity number"),
    "passport": ("Số hộ chiếu", "Passport"), "tax_code": ("Mã số thuế", "Tax code"),
    "registration_no": ("Số đăng ký, biển số", "Registration number, plate"),
    "kind": ("Loại số khác", "Kind of another number"), "number": ("Số thuộc loại đó", "Number of that kind"),
    "full_name": ("Họ tên, của người không có số nào", "Full name, of a person without any number"),
    "birth_date": ("Ngày sinh, của người không có số nào", "Birth date, of a person without any number"),
    "official": ("Số định danh của cán bộ", "Personal id of an official"),
}  # fmt: skip
#: the same, where the API has an object of two -> its name
_PARTS = {"kind": "identifier", "number": "identifier", "full_name": "unnumbered", "birth_date": "unnumbered"}
SIZES = ("100", "500")
#: filters that are days; an address has them as `2026-11-25`, or as times (RFC 3339)
DAYS = ("since", "until")
#: what people write as a day
_TYPED = (*DAYS, "birth_date")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt].+", re.ASCII)
_YEARS = range(2000, 2100)
_SAVED, MOST_SAVED, LONGEST_NAME, _MOST_COOKIE = "motlan-filters", 12, 60, 3_500
_SAVED_SECONDS = 34_560_000
_Model = TypeVar("_Model", bound=Body)


def read_filters(form: Mapping[str, str], more: Sequence[str]) -> tuple[dict[str, str], str, str]:
    """The given filters, the size of a page, and the cursor. Raises BadRequest for anything else."""
    check_names(form, (*FIELDS, *more))
    given = {name: form[name].strip() for name in FIELDS if form.get(name, "").strip()}
    return with_days(given), page_size(form.get("limit", "")), form.get("cursor", "")


def page_size(text: str) -> str:
    """Records of a page. Raises BadRequest for another number."""
    if text and text not in SIZES:
        raise BadRequest(say.PARAMETERS(names="limit=100, limit=500"), code=ProblemCode.QUERY_WRONG)
    return text or SIZES[0]


def without_blanks(form: Mapping[str, str]) -> dict[str, str]:
    """The fields of a form as a link has them: without blank ones, and days as `2026-11-25`."""
    return with_days({name: text for name, text in form.items() if text})


def with_days(form: Mapping[str, str]) -> dict[str, str]:
    """Days that were typed (`25/11/2026`) as `2026-11-25`; what is no day stays as it is."""
    typed = {name: read_day(form[name]) for name in _TYPED if name in form}
    return {**form, **{name: found.isoformat() for name, found in typed.items() if found is not None}}


def as_typed(given: Mapping[str, str]) -> dict[str, str]:
    """The filters as their fields show them: days as `25/11/2026`."""
    return {
        name: day(text) if name in _TYPED and _DAY.fullmatch(text) else text for name, text in given.items()
    }


def check_names(form: Mapping[str, str], names: Sequence[str]) -> None:
    """Raises BadRequest for a parameter of another name."""
    if not form.keys() <= set(names):
        raise BadRequest(say.PARAMETERS(names=", ".join(names)), code=ProblemCode.QUERY_WRONG)


def filters_body(given: Mapping[str, str], people: Mapping[str, BothWords] | None = None) -> FiltersBody:
    """Raises BadRequest, for a number of a person in an address too."""
    data: dict[str, object] = dict(with_times(given))
    if people is None:
        for name, text in given.items():
            # times have long rows of digits too
            if name not in DAYS and may_name_a_person(text):
                raise _wrong_field(
                    name, say.DOSSIER_NOT_IN_RECORDS if name == "dossier" else say.PERSON_IN_ADDRESS
                )
        _check_dossier(given.get("dossier", ""))
    else:
        subject: dict[str, Any] = {}
        for name in people.keys() & data.keys() - {"official"}:
            part = _PARTS.get(name)
            (subject if part is None else subject.setdefault(part, {}))[name] = data.pop(name)
        data |= {"subject": subject} if subject else {}
    return validated(FiltersBody, data)


def _check_dossier(code: str) -> None:
    """Raises BadRequest for what doors that record codes in clear refuse: it may be a person's."""
    try:
        if code not in ("", WITHHELD):
            dossier_code(code)
    except WrongText as wrong:
        raise _wrong_field("dossier", wrong.sentence) from wrong


def with_times(given: Mapping[str, str]) -> dict[str, str]:
    """Days as times: a day begins at midnight in Việt Nam, and the last one counts whole. Raises BadRequest."""
    days = {
        name: _day_of(name, given[name])
        for name in DAYS
        if given.get(name) and not _TIME.fullmatch(given[name])
    }
    if len(days) == len(DAYS) and days["until"] < days["since"]:
        raise _wrong_field("until", say.LAST_DAY_FIRST)
    begins = {name: found + timedelta(days=name == "until") for name, found in days.items()}
    return {**given, **{name: f"{begin}T00:00:00+07:00" for name, begin in begins.items()}}


def _day_of(name: str, text: str) -> date:
    """Raises BadRequest for what is no day."""
    try:
        if _DAY.fullmatch(text) and (found := date.fromisoformat(text)).year in _YEARS:
            return found
    except ValueError:
        pass
    raise _wrong_field(name, say.WRITE_DAY_MONTH_YEAR)


def _wrong_field(name: str, sentence: Sentence) -> BadRequest:
    """The error of one field, with its remedy."""
    code = ProblemCode.QUERY_WRONG
    return BadRequest(sentence.at(f"/{name}"), code=code, errors=[entry(f"/{name}", sentence, code)])


def validated(model: type[_Model], data: Mapping[str, object]) -> _Model:
    """The data as a model of the API. Raises BadRequest."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, model) from None


def shown_filters(request: Request, given: Mapping[str, str]) -> list[dict[str, object]]:
    """Each given filter in words, with the address without it."""
    options, written = filter_options(request), as_typed(given)
    found: list[dict[str, object]] = []
    for name, text in given.items():
        words = dict(options.get(name, ())).get(text) or (written[name], written[name])
        rest = {other: value for other, value in given.items() if other != name}
        found.append({
            "name": name, "title": FIELDS[name][0], "title_en": FIELDS[name][1], "value": text,
            "words": {"title": words[0], "title_en": words[1]}, "without": link("/audit", rest),
        })  # fmt: skip
    return found


def filter_options(request: Request) -> Mapping[str, list[tuple[str, BothWords]]]:
    """What can be chosen, by filter."""
    configuration, catalogue = request.services.configuration, request.services.catalogue
    procedures = {code: one.mapping for code, one in catalogue.procedures.items()}
    tables: Mapping[str, Mapping[str, Any]] = {
        "requester": configuration.requesters, "agency": configuration.agencies, "purpose": configuration.purposes,
        "source": configuration.sources, "procedure": procedures,
    }  # fmt: skip
    options = {
        name: sorted(((code, (one.title.vi, one.title.en)) for code, one in table.items()), key=_by_title)
        for name, table in tables.items()
    }
    options["phase"] = [(phase, words.title) for phase, words in PHASES.items()]
    refused = {one.value: (one.vi, one.en) for kind in (RefusalReason, ProblemCode) for one in kind}
    done = {code: (vi.rstrip("."), en.rstrip(".")) for code, (vi, en) in RESULTS.items()}
    options["result"] = [*sorted(done.items(), key=_by_title), *sorted(refused.items(), key=_by_title)]
    options["outcome"] = [(code, OUTCOME_WORDS[code][:2]) for code in OUTCOMES]
    return options


def _by_title(option: tuple[str, BothWords]) -> str:
    return option[1][0].casefold()


def link(path: str, given: Mapping[str, object]) -> str:
    """The address of a page with its parameters."""
    return f"{path}?{urlencode(given)}" if given else path


# --------------------------------------------------------------------------------------------- saved filters
# In a cookie of the browser: it lasts a year, needs no table, and holds addresses of this door without any person.


def saved_filters(request: Request, visit: Visit) -> list[dict[str, str]]:
    """Name and address of each saved filter of this account; what is no address of the log is dropped."""
    try:
        held = orjson.loads(base64.urlsafe_b64decode(request.cookies.get(cookie_name(request, _SAVED), "")))
        of, pairs = held
        found = []
        for name, query in pairs:
            given = read_filters(query, ())[0]
            filters_body(given)
            found.append({"name": str(name), "url": link("/audit", given)})
    except (ValueError, TypeError, AttributeError, GatewayError):
        return []
    return found[:MOST_SAVED] if of == visit.staff else []


def saved_cookie(request: Request, visit: Visit, kept: Sequence[Mapping[str, str]]) -> str:
    """`Set-Cookie` with the saved filters; the oldest are left out where it would be too long."""
    pairs = [(one["name"], dict(parse_qsl(one["url"].partition("?")[2]))) for one in kept]
    text = base64.urlsafe_b64encode(orjson.dumps((visit.staff, pairs))).decode()
    while len(text) > _MOST_COOKIE:
        pairs.pop()
        text = base64.urlsafe_b64encode(orjson.dumps((visit.staff, pairs))).decode()
    secure = "; Secure" if request.issuer.startswith("https:") else ""
    form = f"Path=/{secure}; HttpOnly; SameSite=Lax; Max-Age={_SAVED_SECONDS}"
    return f"{cookie_name(request, _SAVED)}={text}; {form}"

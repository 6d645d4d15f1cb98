"""The auditors' pages: the log, one exchange with its proof, exports, reports, checkpoints.

Every look is a use case of the API's auditors, recorded before its answer. A search for a person is a form that is
posted with its reason: no number of a person is in an address. Proofs are verified by the browser (`audit.js`); the
page marks what this server found as its own statement.
"""

import asyncio
import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import orjson
from aiohttp import web
from pydantic import ValidationError

from gateway.api.audit import door_of, exchange_of, exported, filters_of
from gateway.api.audit_models import OUTCOMES, ExportBody, FiltersBody, IdentifyBody, ReasonText
from gateway.api.browsers import cookie_name, takes_html
from gateway.api.models import Body
from gateway.api.problems import from_validation
from gateway.api.report_models import ReportBody
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.audit.report_words import REPORTS, csv_of
from gateway.audit.reports import ReportQuestion
from gateway.audit.story_words import OUTCOMES as OUTCOME_WORDS
from gateway.audit.story_words import PHASES
from gateway.audit.unusual import Habit, usual
from gateway.console.charts import Banded, Portion
from gateway.console.formats import day, read_day
from gateway.domain import sentences as say
from gateway.domain.dates import legal_day
from gateway.domain.errors import BadRequest, GatewayError, NotFound, Refused, entry
from gateway.domain.identifiers import may_name_a_person
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import BothWords, Sentence
from gateway.login.steps import Leaving
from gateway.pages.frame import PageRole, PageRoute, Shown, Visit

_Model = TypeVar("_Model", bound=Body)

#: filters of an address; nothing that names a person
FIELDS: Mapping[str, BothWords] = {
    "since": ("Từ ngày", "From"), "until": ("Đến ngày", "To"), "requester": ("Hệ thống", "Requester"),
    "agency": ("Cơ quan", "Agency"), "procedure": ("Thủ tục", "Procedure"), "dossier": ("Hồ sơ", "Dossier"),
    "purpose": ("Mục đích", "Purpose"), "phase": ("Loại bản ghi", "Kind of record"),
    "result": ("Mã kết quả", "Code of the result"), "source": ("Nguồn", "Source"),
    "outcome": ("Kết quả của nguồn", "Outcome of the source"), "exchange_id": ("Mã giao dịch", "Exchange"),
}  # fmt: skip
#: who is searched for; only in forms that are posted
PEOPLE: Mapping[str, BothWords] = {
    "personal_id": ("Số định danh cá nhân", "Personal id"), "old_id": ("Số CMND cũ", "Old identity number"),
    "passport": ("Số hộ chiếu", "Passport"), "tax_code": ("Mã số thuế", "Tax code"),
    "registration_no": ("Số đăng ký, biển số", "Registration number, plate"),
    "official": ("Số định danh của cán bộ", "Personal id of an official"),
}  # fmt: skip
#: what a subject is (`SubjectKind`)
SUBJECT_KINDS: Mapping[str, BothWords] = {
    "person": ("cá nhân", "person"), "newborn": ("trẻ mới sinh", "newborn"),
    "organisation": ("tổ chức", "organisation"), "parcel": ("thửa đất", "parcel"),
    "vehicle": ("phương tiện", "vehicle"),
}  # fmt: skip
SIZES = ("100", "500")
#: seconds for which who it is about stays on the screen
SEEN_SECONDS = 60
#: filters that are days; an address has them as `2026-11-25`, or as times (RFC 3339)
DAYS = ("since", "until")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt].+", re.ASCII)
_YEARS = range(2000, 2100)
_SAVED, _MOST_SAVED, _LONGEST_NAME, _MOST_COOKIE = "motlan-filters", 12, 60, 3_500
_SAVED_SECONDS = 34_560_000
_ALL_DAYS = Habit(threshold=float("-inf"), least=0)
_MOST_DAYS = 1_000
_MONTHS_SHOWN = 18
#: for so long a page looks for rare records; the next page has more time, for somebody waits for it
_PATIENCE, _PATIENCE_NEXT = 0.1, 2.0
#: requesters with a chart of their days
_MOST_VOLUMES = 4
#: outcomes of a source that gave no answer that can be used
_NO_ANSWER = ("", "unavailable", "invalid", "unknown")


class Reasoned(Body):
    """The reason of a look at persons; it is recorded unsealed."""

    reason: ReasonText


# ------------------------------------------------------------------------------------------------------- log


async def log(request: Request, visit: Visit) -> Shown | Leaving:
    """`GET /audit`: the records that the filters of the address find, newest first."""
    _demand(visit, "audit:search")
    if (short := _shortened(visit.form)) != visit.form:
        return Leaving(url=_url("/audit", short))
    given, size, cursor = _asked(visit.form, ("limit", "cursor", "name"))
    saved = _saved(request, visit)
    values = {
        "fields": FIELDS, "options": _options(request), "saved": saved, "sizes": SIZES, "size": size,
        "written": _written(given), "is_partial": False,
    }  # fmt: skip
    title = "Nhật ký", "Log"
    try:
        filters = filters_of(_filters(given))
    except BadRequest as error:
        answer: dict[str, Any] = {
            "filters": _shown_filters(request, given), "records": None, "saved": saved,
        }  # fmt: skip
        return _wrong(request, error, Shown(
            template="audit/log", title=title, answer=answer, values={**values, "given": given, "next": ""},
        ))  # fmt: skip
    door = door_of(request)
    patience = _PATIENCE_NEXT if cursor else _PATIENCE
    found = await door.audit.search(visit.caller, filters, cursor or None, int(size), seconds=patience)
    following = found["next"]
    answer = {
        **found, "filters": _shown_filters(request, given), "saved": saved,
        "records": [{**one, "words": door.story.row(one)} for one in _listed(found["records"])],
    }  # fmt: skip
    pages = {**given, **({"limit": size} if size != SIZES[0] else {})}
    return Shown(template="audit/log", title=title, answer=answer, values={
        **values, "given": given, "errors": {}, "is_further": bool(cursor),
        "first": _url("/audit", pages) if cursor else "",
        "next": _url("/audit", {**pages, "cursor": following}) if following else "",
        "export": _url("/audit/export", given),
        "is_partial": bool(following) and len(answer["records"]) < int(size),
    })  # fmt: skip


async def people(_request: Request, visit: Visit) -> Shown:
    """`GET /audit/people`: the form of a search by person."""
    _demand(visit, "audit:search")
    _asked(visit.form, ())
    return _people_page({}, {"records": None})


async def search_people(request: Request, visit: Visit) -> Shown:
    """`POST /audit/people`: the records about a person; the reason is recorded before the search."""
    _demand(visit, "audit:search")
    given = _posted(visit)
    size, cursor = given.pop("limit", ""), given.pop("cursor", "")
    can_export = _can(visit, "audit:export")
    try:
        size = _size(size)
        wanted, reason = _person_search(given)
        filters = filters_of(wanted)
    except BadRequest as error:
        return _wrong(request, error, _people_page(given, {"records": None}))
    door = door_of(request)
    found = await door.audit.search(visit.caller, filters, cursor or None, int(size), reason)
    records = [{**one, "words": door.story.row(one)} for one in _listed(found["records"])]
    return _people_page(given, {**found, "records": records}, size, can_export=can_export)


async def count_people(request: Request, visit: Visit) -> Shown:
    """`POST /audit/people/export`: how many records about a person there are, and the form that exports them."""
    _demand(visit, "audit:export")
    given = _posted(visit)
    door = door_of(request)
    try:
        wanted, reason = _person_search(given)
        count = await door.exports.count(visit.caller, filters_of(wanted), reason)
    except BadRequest as error:
        return _wrong(request, error, _people_page(given, {"records": None}))
    note, _ = await door.audit.proofs.checkpoint()
    answer = {"count": count, "vkeys": list(await door.audit.context.signers()), "checkpoint": note}
    title = "Xuất bản ghi về một người", "Export the records about a person"
    return Shown(template="audit/people_export", title=title, answer=answer, values={"given": given})


def _posted(visit: Visit) -> dict[str, str]:
    """What a form has, without blank fields; days as addresses have them."""
    return _with_days({name: text.strip() for name, text in visit.form.items() if text.strip()})


def _person_search(given: Mapping[str, str]) -> tuple[FiltersBody, str]:
    """The filters of a search by person, and its reason. Raises BadRequest without a person or a reason."""
    reason = _validated(Reasoned, {"reason": given.get("reason", "")}).reason
    wanted = _filters({name: text for name, text in given.items() if name != "reason"}, PEOPLE)
    if wanted.subject is None and wanted.official is None:
        raise BadRequest(say.GIVE_AN_IDENTIFIER, code=ProblemCode.QUERY_WRONG)
    return wanted, reason


def _people_page(
    given: Mapping[str, str], answer: Mapping[str, object], size: str = SIZES[0], *, can_export: bool = False
) -> Shown:
    return Shown(
        template="audit/people", title=("Tìm theo người", "Search by person"), answer=answer,
        values={
            "given": given, "written": _written(given), "people": PEOPLE, "fields": FIELDS, "days": DAYS,
            "titles": {**PEOPLE, "reason": ("Lý do", "Reason"), **{name: FIELDS[name] for name in DAYS}},
            "size": size, "errors": {}, "can_export": can_export,
        },
    )  # fmt: skip


async def save(request: Request, visit: Visit) -> Response:
    """`POST /audit/saved`: keep the filters of a page under a name, or forget them."""
    name = visit.form.get("name", "").strip()[:_LONGEST_NAME]
    given, _, _ = _asked(dict(parse_qsl(visit.form.get("query", ""))), ("limit", "cursor"))
    _filters(given)
    kept = [one for one in _saved(request, visit) if one["name"] != name]
    if not name or may_name_a_person(name):
        raise BadRequest(say.REASON_IN_CLEAR, code=ProblemCode.QUERY_WRONG)
    if "forget" not in visit.form:
        kept = [{"name": name, "url": _url("/audit", given)}, *kept][:_MOST_SAVED]
    left = Response(b"", "text/plain", status=303, headers={"Location": _url("/audit", given)})
    left.cookies = (("Set-Cookie", _saved_cookie(request, visit, kept)),)
    return left


# -------------------------------------------------------------------------------------------------- exchange


async def exchange(request: Request, visit: Visit) -> Shown:
    """`GET /audit/exchanges/{exchange_id}`: one exchange as a story, and what proves it."""
    _demand(visit, "audit:search")
    _asked(visit.form, ())
    door = door_of(request)
    try:
        opened = await door.audit.opened(visit.caller, exchange_of(request.parameters["exchange_id"]))
    except NotFound as error:
        if not takes_html(request):
            raise
        answer: dict[str, Any] = {"exchange_id": None, "code": error.problem_code}
        title = "Không có giao dịch này", "No such exchange"
        return Shown(template="audit/missing", title=title, answer=answer, status=404)
    evidence: Any = opened["evidence"]
    proofs = [{name: value for name, value in one.items() if name != "leaf"} for one in evidence["proofs"]]
    story = door.story.tell(_listed(opened["records"]))
    found_id = str(opened["exchange_id"])
    size = proofs[0]["tree_size"] if proofs else 0
    answer = {
        **opened, "evidence": {**evidence, "proofs": proofs}, "story": story, "verdict": _verdict(evidence),
        "anchors": await door.anchors.listing.anchors(size) if size else None,
    }  # fmt: skip
    return Shown(
        template="audit/exchange", title=(f"Giao dịch {found_id}", f"Exchange {found_id}"), answer=answer,
        values={
            "verify_url": _verify_url(request, found_id, evidence), "can_identify": _can(visit, "audit:identify"),
            "can_export": _can(visit, "audit:export"), "last": proofs[-1] if proofs else None, "shorter": _short,
            "origin": evidence["checkpoint"].partition("\n")[0],
        },
    )  # fmt: skip


async def proof(request: Request, visit: Visit) -> Shown:
    """`GET /audit/exchanges/{exchange_id}/proof`: the bytes of the records and their proofs, to be verified."""
    _demand(visit, "audit:search")
    _demand(visit, "audit:export")
    _asked(visit.form, ())
    exchange_id = exchange_of(request.parameters["exchange_id"])
    answer = await door_of(request).audit.evidence(visit.caller, exchange_id)
    return Shown(template="audit/proof", title=("Bằng chứng", "Proof"), answer=answer)


async def who(request: Request, visit: Visit) -> Shown:
    """`GET /audit/exchanges/{exchange_id}/who`: the form that asks for the reason."""
    _demand(visit, "audit:identify")
    exchange_id = exchange_of(request.parameters["exchange_id"])
    return _who_page(exchange_id, "", {"exchange_id": exchange_id, "records": None})


async def identify(request: Request, visit: Visit) -> Shown:
    """`POST /audit/exchanges/{exchange_id}/who`: who the exchange is about, for a minute."""
    _demand(visit, "audit:identify")
    exchange_id = exchange_of(request.parameters["exchange_id"])
    reason = visit.form.get("reason", "").strip()
    try:
        asked = _validated(IdentifyBody, {"exchange_id": exchange_id, "reason": reason})
    except BadRequest as error:
        return _wrong(
            request, error, _who_page(exchange_id, reason, {"exchange_id": exchange_id, "records": None})
        )
    found = await door_of(request).audit.identify(visit.caller, asked.exchange_id, asked.reason)
    story = door_of(request).story
    roles = {
        role: story.role(one["procedure"], role)
        for one in _listed(found["records"])
        for role in one["subjects"]
    }
    return _who_page(exchange_id, reason, found, roles)


def _who_page(
    exchange_id: str, reason: str, answer: Mapping[str, object], roles: Mapping[str, Any] | None = None
) -> Shown:
    return Shown(
        template="audit/who", title=("Xem là ai", "Show who"), answer=answer,
        values={
            "exchange_of": exchange_id, "reason": reason, "seconds": SEEN_SECONDS, "errors": {},
            "roles": roles or {}, "kinds": SUBJECT_KINDS,
        },
    )  # fmt: skip


def _verdict(evidence: Mapping[str, Any]) -> str:
    """What this server found of the proof: the browser finds it out anew."""
    if not evidence["proofs"]:
        return "waiting"
    if not all(one["verified"] for one in evidence["proofs"]):
        return "altered"
    return "partly" if evidence["waiting"] else "included"


def _verify_url(request: Request, exchange_id: str, evidence: Mapping[str, Any]) -> str:
    """For the printed code: where the page is, and the hash of its last record."""
    last = evidence["proofs"][-1]["leaf_hash"] if evidence["proofs"] else ""
    return f"{request.issuer}/audit/exchanges/{exchange_id}" + (f"#{last}" if last else "")


async def configuration(request: Request, visit: Visit) -> Shown:
    """`GET /audit/configurations/{digest}`: what a digest in a record stands for, if this host has kept it."""
    _demand(visit, "audit:search")
    _only(visit.form, ())
    digest = request.parameters["digest"]
    operation, audit = request.services.operation, door_of(request).audit
    kept = None if operation is None else await asyncio.to_thread(operation.configuration_texts.find, digest)
    if kept is None:
        raise NotFound(say.CONFIGURATION_NOT_KEPT)
    await audit.note_configuration(visit.caller, digest)
    in_force = audit.context.recorder.digest
    answer = {
        "digest": digest, "in_force": digest == in_force, "files": dict(kept.files),
        "documents": {name: list(lines) for name, lines in kept.documents.items()},
    }  # fmt: skip
    return Shown(template="audit/configuration", title=("Cấu hình", "Configuration"), answer=answer)


# ---------------------------------------------------------------------------------------------------- export


async def export(request: Request, visit: Visit) -> Shown | Leaving:
    """`GET /audit/export`: how many records a search has, and the form that exports them."""
    _demand(visit, "audit:export")
    if (short := _shortened(visit.form)) != visit.form:
        return Leaving(url=_url("/audit/export", short))
    given, _, _ = _asked(visit.form, ())
    values = {
        "given": given, "written": _written(given), "fields": FIELDS, "options": _options(request), "errors": {},
    }  # fmt: skip
    title = "Xuất dữ liệu", "Export"
    answer: dict[str, object] = {"filters": _shown_filters(request, given), "count": None}
    try:
        count = await door_of(request).exports.count(visit.caller, filters_of(_filters(given)))
    except BadRequest as error:
        return _wrong(
            request, error, Shown(template="audit/export", title=title, answer=answer, values=values)
        )
    note, _ = await door_of(request).audit.proofs.checkpoint()
    vkeys = await door_of(request).audit.context.signers()
    answer |= {"count": count, "vkeys": list(vkeys), "checkpoint": note}
    return Shown(template="audit/export", title=title, answer=answer, values=values)


async def export_file(request: Request, visit: Visit) -> web.StreamResponse:
    """`POST /audit/export/file`: the same stream as `POST /v1/audit/export`; of a person with the reason only."""
    _demand(visit, "audit:export")
    given = dict(visit.form)
    form, reason = _validated(ExportBody, {"format": given.pop("format", "jsonl")}).format, ""
    if given.keys() & {*PEOPLE, "reason"}:
        wanted, reason = _person_search(_with_days(given))
    else:
        wanted = _validated(FiltersBody, _dated(_asked(given, ())[0]))
    search = wanted if wanted.model_fields_set else None
    return await exported(request, visit.caller, ExportBody(format=form, search=search), reason)


# --------------------------------------------------------------------------------------------------- reports


async def reports(request: Request, visit: Visit) -> Shown:
    """`GET /audit/reports`: the reports of a month, each with its chart, table and method."""
    _demand(visit, "audit:search")
    today = legal_day(request.services.clock.now())
    month = visit.form.get("month", "") or f"{today:%Y-%m}"
    _only(visit.form, ("month",))
    questions = {name: _question(name, month) for name in REPORTS}
    questions["volume"] = replace(questions["volume"], habit=_ALL_DAYS, most=_MOST_DAYS)
    use_case = door_of(request).reports
    made = {name: await use_case.report(visit.caller, one) for name, one in questions.items()}
    answer = {"exchange_id": visit.caller.exchange, "month": month, "reports": made}
    return Shown(
        template="audit/reports", title=("Báo cáo", "Reports"), answer=answer,
        values={
            "month": month, "last_day": _last_day(month), "months": _months(today), "titles": _code_titles(request),
            "sources": _source_shares(request, made["outcomes"]["rows"]),
            "volumes": _volumes(made["volume"]["rows"]),
        },
    )  # fmt: skip


async def report_csv(request: Request, visit: Visit) -> Response:
    """`GET /audit/reports/csv`: the rows of one report; no cell is a formula."""
    _demand(visit, "audit:search")
    _only(visit.form, ("report", "month"))
    name = visit.form.get("report", "")
    made = await door_of(request).reports.report(visit.caller, _question(name, visit.form.get("month", "")))
    named = f'attachment; filename="{name}.csv"'
    return Response(b"".join(csv_of(made)), "text/csv; charset=utf-8", headers={"Content-Disposition": named})


def _question(report: str, month: str) -> ReportQuestion:
    return _validated(ReportBody, {"report": report, "month": month}).question()


def _source_shares(request: Request, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, object] | None:
    """Counts of outcomes by source for a chart; `worst`: the one with most answers missing."""
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        counts.setdefault(row["source"], {})[row["outcome"]] = row["exchanges"]
    if not counts:
        return None
    codes = [code for code in OUTCOME_WORDS if any(code in one for one in counts.values())]
    titles = _code_titles(request)["source"]
    silent = {name: sum(one.get(code, 0) for code in _NO_ANSWER) for name, one in counts.items()}
    worst = max(silent, key=lambda source: silent[source])
    words = {lang: [OUTCOME_WORDS[code][at] for code in codes] for at, lang in enumerate(("vi", "en"))}
    return {
        "rows": {
            lang: [
                (titles.get(name, (name, name))[at], [one.get(code, 0) for code in codes])
                for name, one in counts.items()
            ]
            for at, lang in enumerate(("vi", "en"))
        },
        "parts": {
            lang: [Portion(word=word, kind=OUTCOME_WORDS[code][2]) for word, code in zip(of, codes, strict=True)]
            for lang, of in words.items()
        },
        "heads": {"vi": ["Nguồn", *words["vi"]], "en": ["Source", *words["en"]]},
        "worst": worst if silent[worst] else "",
    }  # fmt: skip


def _volumes(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """The days of the busiest requesters with what is usual, for charts."""
    days: dict[str, list[Banded]] = {}
    for row in sorted(rows, key=lambda row: str(row["day"])):
        low, high = usual(row["median"], row["mad"], Habit())
        days.setdefault(row["requester"], []).append(Banded(
            label=f"{row['day'][8:]}/{row['day'][5:7]}", value=row["exchanges"], median=row["median"],
            low=low, high=high,
        ))  # fmt: skip
    busiest = sorted(days, key=lambda name: -sum(one.value for one in days[name]))[:_MOST_VOLUMES]
    return [
        {"requester": name, "points": days[name], "unusual": sum(one.is_unusual for one in days[name])}
        for name in busiest
    ]


def _last_day(month: str) -> str:
    first = date.fromisoformat(f"{month}-01")
    return ((first + timedelta(days=31)).replace(day=1) - timedelta(days=1)).isoformat()


def _months(today: date) -> list[str]:
    """The last months, newest first."""
    first = today.year * 12 + today.month - 1
    return [f"{one // 12:04}-{one % 12 + 1:02}" for one in range(first, first - _MONTHS_SHOWN, -1)]


# ----------------------------------------------------------------------------------------------- checkpoints


async def checkpoints(request: Request, visit: Visit) -> Shown:
    """`GET /audit/checkpoints`: the newest one, its anchors, and two sizes compared if the address has them."""
    _demand(visit, "audit:search")
    _only(visit.form, ("older", "newer"))
    return await _compared(request, visit)


async def compare(request: Request, visit: Visit) -> Shown:
    """`POST /audit/checkpoints`: two checkpoints as kept, or sizes."""
    _demand(visit, "audit:search")
    _only(visit.form, ("older", "newer"))
    return await _compared(request, visit)


async def newest(request: Request, visit: Visit) -> Response:
    """`GET /audit/checkpoints/newest`: the signed note, to be kept."""
    _only(visit.form, ())
    note, head = await door_of(request).audit.proofs.checkpoint()
    named = f'attachment; filename="checkpoint-{head.size}.txt"'
    return Response(note.encode(), "text/plain; charset=utf-8", headers={"Content-Disposition": named})


async def _compared(request: Request, visit: Visit) -> Shown:
    door = door_of(request)
    note, head = await door.audit.proofs.checkpoint()
    answer: dict[str, Any] = {
        "checkpoint": note, "size": head.size, "vkeys": list(await door.audit.context.signers()),
        "anchors": await door.anchors.listing.anchors(None), "compared": None,
    }  # fmt: skip
    given = {name: visit.form.get(name, "").strip() for name in ("older", "newer")}
    shown = Shown(
        template="audit/checkpoints", title=("Điểm kiểm tra", "Checkpoints"), answer=answer,
        values={"given": given, "errors": {}, "origin": head.origin, "growth": ""},
    )  # fmt: skip
    if not given["older"]:
        return shown
    try:
        ends = _end(given["older"]), _end(given["newer"]) if given["newer"] else None
        compared = await door.growth.compare(visit.caller, *ends)
    except BadRequest as error:
        return _wrong(request, error, shown, "older")
    growth = orjson.dumps(compared).decode()
    return replace(shown, answer={**answer, "compared": compared}, values={**shown.values, "growth": growth})


def _end(text: str) -> str | int:
    """A size, or a note: browsers send its line ends as CRLF and may drop the last one."""
    if text.isascii() and text.isdecimal():
        return int(text[:16])
    return text.replace("\r\n", "\n").rstrip("\n") + "\n"


# ------------------------------------------------------------------------------------------------- parameters


def _asked(form: Mapping[str, str], more: Sequence[str]) -> tuple[dict[str, str], str, str]:
    """The given filters, the size of a page, and the cursor. Raises BadRequest for anything else."""
    _only(form, (*FIELDS, *more))
    given = {name: form[name].strip() for name in FIELDS if form.get(name, "").strip()}
    return _with_days(given), _size(form.get("limit", "")), form.get("cursor", "")


def _size(text: str) -> str:
    """Records of a page. Raises BadRequest for another number."""
    if text and text not in SIZES:
        raise BadRequest(say.PARAMETERS(names="limit=100, limit=500"), code=ProblemCode.QUERY_WRONG)
    return text or SIZES[0]


def _shortened(form: Mapping[str, str]) -> dict[str, str]:
    """The fields of a form as a link has them: without blank ones, and days as `2026-11-25`."""
    return _with_days({name: text for name, text in form.items() if text})


def _with_days(form: Mapping[str, str]) -> dict[str, str]:
    """Days that were typed (`25/11/2026`) as `2026-11-25`; what is no day stays as it is."""
    typed = {name: read_day(form[name]) for name in DAYS if name in form}
    return {**form, **{name: found.isoformat() for name, found in typed.items() if found is not None}}


def _written(given: Mapping[str, str]) -> dict[str, str]:
    """The filters as their fields show them: days as `25/11/2026`."""
    return {
        name: day(text) if name in DAYS and _DAY.fullmatch(text) else text for name, text in given.items()
    }


def _only(form: Mapping[str, str], names: Sequence[str]) -> None:
    if not form.keys() <= set(names):
        raise BadRequest(say.PARAMETERS(names=", ".join(names)), code=ProblemCode.QUERY_WRONG)


def _filters(given: Mapping[str, str], people: Mapping[str, BothWords] | None = None) -> FiltersBody:
    """Raises BadRequest, for a number of a person in an address too."""
    data: dict[str, object] = dict(_dated(given))
    if people is None:
        for name, text in given.items():
            # times have long rows of digits too
            if name not in DAYS and may_name_a_person(text):
                raise _wrong_field(name, say.PERSON_IN_ADDRESS)
    else:
        subject = {name: data.pop(name) for name in people if name in data and name != "official"}
        data |= {"subject": subject} if subject else {}
    return _validated(FiltersBody, data)


def _dated(given: Mapping[str, str]) -> dict[str, str]:
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


def _wrong_field(name: str, said: Sentence) -> BadRequest:
    """The error of one field, with its remedy."""
    code = ProblemCode.QUERY_WRONG
    return BadRequest(said.at(f"/{name}"), code=code, errors=[entry(f"/{name}", said, code)])


def _validated(model: type[_Model], data: Mapping[str, object]) -> _Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, model) from None


def _wrong(request: Request, error: BadRequest, shown: Shown, field: str = "") -> Shown:
    """The page again, with what is wrong beside its field; programs get the problem."""
    if not takes_html(request):
        raise error
    found: Any = error.members.get("errors", ())
    errors: dict[str, object] = {
        one["pointer"].rpartition("/")[2]: {"vi": one["detail_vi"], "en": one["detail"]} for one in found
    }
    if not errors:
        errors = {field or "form": error.said or (error.title_vi, error.title)}
    return replace(shown, status=error.http, values={**shown.values, "errors": errors})


# ----------------------------------------------------------------------------------------------------- words


def _shown_filters(request: Request, given: Mapping[str, str]) -> list[dict[str, object]]:
    """Each given filter in words, with the address without it."""
    options, written = _options(request), _written(given)
    found: list[dict[str, object]] = []
    for name, text in given.items():
        words = dict(options.get(name, ())).get(text) or (written[name], written[name])
        rest = {other: value for other, value in given.items() if other != name}
        found.append({
            "name": name, "title": FIELDS[name][0], "title_en": FIELDS[name][1], "value": text,
            "words": {"title": words[0], "title_en": words[1]}, "without": _url("/audit", rest),
        })  # fmt: skip
    return found


def _options(request: Request) -> Mapping[str, list[tuple[str, BothWords]]]:
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
    options["outcome"] = [(code, OUTCOME_WORDS[code][:2]) for code in OUTCOMES]
    return options


def _by_title(option: tuple[str, BothWords]) -> str:
    return option[1][0].casefold()


def _code_titles(request: Request) -> Mapping[str, Mapping[str, BothWords]]:
    """Titles of the codes in reports, by column."""
    options = _options(request)
    return {name: dict(options[name]) for name in ("requester", "agency", "source", "outcome")}


def _listed(records: object) -> list[dict[str, Any]]:
    """The records of an answer."""
    return list(records) if isinstance(records, list) else []


def _short(hash_: str) -> str:
    """`64a35e47…7a4616`."""
    return f"{hash_[:8]}…{hash_[-6:]}"


def _url(path: str, given: Mapping[str, object]) -> str:
    return f"{path}?{urlencode(given)}" if given else path


# -------------------------------------------------------------------------------------------------- guards


def _can(visit: Visit, scope: str) -> bool:
    return scope in visit.caller.requester.scopes


def _demand(visit: Visit, scope: str) -> None:
    """Raises Refused where the requester of these pages lacks a scope."""
    if not _can(visit, scope):
        raise Refused(f"scope:{scope}", say.SCOPE_MISSING(scope=scope), code=RefusalReason.SCOPE_MISSING)


# --------------------------------------------------------------------------------------------- saved filters
# In a cookie of the browser: it lasts a year, needs no table, and holds addresses of this door without any person.


def _saved(request: Request, visit: Visit) -> list[dict[str, str]]:
    """Name and address of each saved filter of this account; what is no address of the log is dropped."""
    try:
        held = orjson.loads(base64.urlsafe_b64decode(request.cookies.get(cookie_name(request, _SAVED), "")))
        of, pairs = held
        found = []
        for name, query in pairs:
            given = _asked(query, ())[0]
            _filters(given)
            found.append({"name": str(name), "url": _url("/audit", given)})
    except (ValueError, TypeError, AttributeError, GatewayError):
        return []
    return found[:_MOST_SAVED] if of == visit.staff else []


def _saved_cookie(request: Request, visit: Visit, kept: Sequence[Mapping[str, str]]) -> str:
    pairs = [(one["name"], dict(parse_qsl(one["url"].partition("?")[2]))) for one in kept]
    text = base64.urlsafe_b64encode(orjson.dumps((visit.staff, pairs))).decode()
    while len(text) > _MOST_COOKIE:  # the oldest go first
        pairs.pop()
        text = base64.urlsafe_b64encode(orjson.dumps((visit.staff, pairs))).decode()
    secure = "; Secure" if request.issuer.startswith("https:") else ""
    form = f"Path=/{secure}; HttpOnly; SameSite=Lax; Max-Age={_SAVED_SECONDS}"
    return f"{cookie_name(request, _SAVED)}={text}; {form}"


_A = PageRole.AUDITOR
_EXCHANGE = "/audit/exchanges/{exchange_id}"
ROUTES = (
    PageRoute("GET", "/audit", log, _A, nav="Nhật ký · Log"),
    PageRoute("GET", "/audit/people", people, _A, nav="Theo người · By person"),
    PageRoute("POST", "/audit/people", search_people, _A),
    PageRoute("POST", "/audit/people/export", count_people, _A),
    PageRoute("POST", "/audit/saved", save, _A),
    PageRoute("GET", _EXCHANGE, exchange, _A),
    PageRoute("GET", f"{_EXCHANGE}/proof", proof, _A),
    PageRoute("GET", f"{_EXCHANGE}/who", who, _A, step_up=True),
    PageRoute("POST", f"{_EXCHANGE}/who", identify, _A, step_up=True),
    PageRoute("GET", "/audit/configurations/{digest}", configuration, _A),
    PageRoute("GET", "/audit/reports", reports, _A, nav="Báo cáo · Reports"),
    PageRoute("GET", "/audit/reports/csv", report_csv, _A),
    PageRoute("GET", "/audit/export", export, _A, nav="Xuất dữ liệu · Export"),
    PageRoute("POST", "/audit/export/file", export_file, _A),
    PageRoute("GET", "/audit/checkpoints", checkpoints, _A, nav="Điểm kiểm tra · Checkpoints"),
    PageRoute("POST", "/audit/checkpoints", compare, _A),
    PageRoute("GET", "/audit/checkpoints/newest", newest, _A),
)

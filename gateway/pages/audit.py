"""The auditors' pages: the log, one exchange with its proof, exports, reports, checkpoints.

Every look is a use case of the API's auditors, recorded before its answer. A search for a person is a form that is
posted with its reason: no number of a person is in an address. Proofs are verified by the browser (`audit.js`); the
page marks what this server found as its own statement.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from gateway.api.audit import door_of, exchange_of, exported, filters_of
from gateway.api.audit_models import ExportBody, FiltersBody, IdentifyBody, ReasonText
from gateway.api.browsers import takes_html
from gateway.api.context import AuditDoor
from gateway.api.models import Body
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, NotFound
from gateway.domain.identifiers import may_name_a_person
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import BothWords
from gateway.login.steps import Leaving
from gateway.pages import audit_reports
from gateway.pages.audit_filters import (
    DAYS,
    FIELDS,
    LONGEST_NAME,
    MOST_SAVED,
    PEOPLE,
    SIZES,
    as_typed,
    check_names,
    filter_options,
    filters_body,
    link,
    page_size,
    read_filters,
    saved_cookie,
    saved_filters,
    shown_filters,
    validated,
    with_days,
    with_times,
    without_blanks,
)
from gateway.pages.frame import PageRole, PageRoute, Shown, Visit, can, require_scope, with_errors

#: what a subject is (`SubjectKind`)
SUBJECT_KINDS: Mapping[str, BothWords] = {
    "person": ("cá nhân", "person"), "newborn": ("trẻ mới sinh", "newborn"),
    "organisation": ("tổ chức", "organisation"), "parcel": ("thửa đất", "parcel"),
    "vehicle": ("phương tiện", "vehicle"),
}  # fmt: skip
#: seconds for which who it is about stays on the screen
SEEN_SECONDS = 60
#: for so long a page looks for rare records; the next page has more time, for somebody waits for it
_PATIENCE, _PATIENCE_NEXT = 0.1, 2.0


class Reasoned(Body):
    """The reason of a look at persons; it is recorded unsealed."""

    reason: ReasonText


# ------------------------------------------------------------------------------------------------------- log


async def log(request: Request, visit: Visit) -> Shown | Leaving:
    """`GET /audit`: the records that the filters of the address find, newest first."""
    require_scope(visit, "audit:search")
    if (short := without_blanks(visit.form)) != visit.form:
        return Leaving(url=link("/audit", short))
    given, size, cursor = read_filters(visit.form, ("limit", "cursor", "name"))
    saved = saved_filters(request, visit)
    values = {
        "fields": FIELDS, "options": filter_options(request), "saved": saved, "sizes": SIZES, "size": size,
        "written": as_typed(given), "is_partial": False,
    }  # fmt: skip
    title = "Nhật ký", "Log"
    try:
        filters = filters_of(filters_body(given))
    except BadRequest as error:
        answer: dict[str, Any] = {
            "filters": shown_filters(request, given), "records": None, "saved": saved,
        }  # fmt: skip
        return with_errors(request, error, Shown(
            template="audit/log", title=title, answer=answer, values={**values, "given": given, "next": ""},
        ))  # fmt: skip
    door = door_of(request)
    patience = _PATIENCE_NEXT if cursor else _PATIENCE
    found = await door.audit.search(visit.caller, filters, cursor or None, int(size), seconds=patience)
    following = found["next"]
    answer = {
        **found, "filters": shown_filters(request, given), "saved": saved,
        "records": [{**one, "words": door.story.row(one)} for one in _listed(found["records"])],
    }  # fmt: skip
    pages = {**given, **({"limit": size} if size != SIZES[0] else {})}
    return Shown(template="audit/log", title=title, answer=answer, values={
        **values, "given": given, "errors": {}, "is_further": bool(cursor),
        "first": link("/audit", pages) if cursor else "",
        "next": link("/audit", {**pages, "cursor": following}) if following else "",
        "export": link("/audit/export", given),
        "is_partial": bool(following) and len(answer["records"]) < int(size),
    })  # fmt: skip


async def people(request: Request, visit: Visit) -> Shown:
    """`GET /audit/people`: the form of a search by person."""
    require_scope(visit, "audit:search")
    read_filters(visit.form, ())
    return _people_page(request, {}, {"records": None})


async def search_people(request: Request, visit: Visit) -> Shown:
    """`POST /audit/people`: the records about a person; the reason is recorded before the search."""
    require_scope(visit, "audit:search")
    given = _posted(visit)
    size, cursor = given.pop("limit", ""), given.pop("cursor", "")
    can_export = can(visit, "audit:export")
    try:
        size = page_size(size)
        wanted, reason = _person_search(given)
        filters = filters_of(wanted, request.services.catalogue.identifiers)
    except BadRequest as error:
        return with_errors(request, error, _people_page(request, given, {"records": None}))
    door = door_of(request)
    found = await door.audit.search(visit.caller, filters, cursor or None, int(size), reason)
    records = [{**one, "words": door.story.row(one)} for one in _listed(found["records"])]
    return _people_page(request, given, {**found, "records": records}, size, can_export=can_export)


async def count_people(request: Request, visit: Visit) -> Shown:
    """`POST /audit/people/export`: how many records about a person there are, and the form that exports them."""
    require_scope(visit, "audit:export")
    given = _posted(visit)
    door = door_of(request)
    try:
        wanted, reason = _person_search(given)
        filters = filters_of(wanted, request.services.catalogue.identifiers)
        count = await door.exports.count(visit.caller, filters, reason)
    except BadRequest as error:
        return with_errors(request, error, _people_page(request, given, {"records": None}))
    answer = {"count": count, **await _newest(door)}
    title = "Xuất bản ghi về một người", "Export the records about a person"
    return Shown(template="audit/people_export", title=title, answer=answer, values={"given": given})


def _posted(visit: Visit) -> dict[str, str]:
    """What a form has, without blank fields; days as addresses have them."""
    return with_days({name: text.strip() for name, text in visit.form.items() if text.strip()})


def _person_search(given: Mapping[str, str]) -> tuple[FiltersBody, str]:
    """The filters of a search by person, and its reason. Raises BadRequest without a person or a reason."""
    reason = validated(Reasoned, {"reason": given.get("reason", "")}).reason
    wanted = filters_body({name: text for name, text in given.items() if name != "reason"}, PEOPLE)
    if wanted.subject is None and wanted.official is None:
        raise BadRequest(say.GIVE_AN_IDENTIFIER, code=ProblemCode.QUERY_WRONG)
    return wanted, reason


def _people_page(
    request: Request, given: Mapping[str, str], answer: Mapping[str, object], size: str = SIZES[0], *,
    can_export: bool = False,
) -> Shown:  # fmt: skip
    kinds = [(name, dict(one.title)) for name, one in request.services.catalogue.identifiers.items()]
    return Shown(
        template="audit/people", title=("Tìm theo người", "Search by person"), answer=answer,
        values={
            "given": given, "written": as_typed(given), "people": PEOPLE, "kinds": kinds,
            "fields": FIELDS, "days": DAYS,
            "titles": {**PEOPLE, "reason": ("Lý do", "Reason"), **{name: FIELDS[name] for name in DAYS}},
            "size": size, "errors": {}, "can_export": can_export,
        },
    )  # fmt: skip


async def save(request: Request, visit: Visit) -> Response:
    """`POST /audit/saved`: keep the filters of a page under a name, or forget them."""
    name = visit.form.get("name", "").strip()[:LONGEST_NAME]
    given, _, _ = read_filters(dict(parse_qsl(visit.form.get("query", ""))), ("limit", "cursor"))
    filters_body(given)
    kept = [one for one in saved_filters(request, visit) if one["name"] != name]
    if not name or may_name_a_person(name):
        raise BadRequest(say.REASON_IN_CLEAR, code=ProblemCode.QUERY_WRONG)
    if "forget" not in visit.form:
        kept = [{"name": name, "url": link("/audit", given)}, *kept][:MOST_SAVED]
    left = Response(b"", "text/plain", status=303, headers={"Location": link("/audit", given)})
    left.cookies = (("Set-Cookie", saved_cookie(request, visit, kept)),)
    return left


# -------------------------------------------------------------------------------------------------- exchange


async def exchange(request: Request, visit: Visit) -> Shown:
    """`GET /audit/exchanges/{exchange_id}`: one exchange as a story, and what proves it."""
    require_scope(visit, "audit:search")
    read_filters(visit.form, ())
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
            "verify_url": _verify_url(request, found_id, evidence), "can_identify": can(visit, "audit:identify"),
            "can_export": can(visit, "audit:export"), "last": proofs[-1] if proofs else None, "shorter": _short,
            "origin": evidence["checkpoint"].partition("\n")[0],
        },
    )  # fmt: skip


async def proof(request: Request, visit: Visit) -> Shown:
    """`GET /audit/exchanges/{exchange_id}/proof`: the bytes of the records and their proofs, to be verified."""
    require_scope(visit, "audit:search")
    require_scope(visit, "audit:export")
    read_filters(visit.form, ())
    exchange_id = exchange_of(request.parameters["exchange_id"])
    answer = await door_of(request).audit.evidence(visit.caller, exchange_id)
    return Shown(template="audit/proof", title=("Bằng chứng", "Proof"), answer=answer)


async def who(request: Request, visit: Visit) -> Shown:
    """`GET /audit/exchanges/{exchange_id}/who`: the form that asks for the reason."""
    require_scope(visit, "audit:identify")
    exchange_id = exchange_of(request.parameters["exchange_id"])
    return _who_page(exchange_id, "", {"exchange_id": exchange_id, "records": None})


async def identify(request: Request, visit: Visit) -> Shown:
    """`POST /audit/exchanges/{exchange_id}/who`: who the exchange is about, for a minute."""
    require_scope(visit, "audit:identify")
    exchange_id = exchange_of(request.parameters["exchange_id"])
    reason = visit.form.get("reason", "").strip()
    try:
        asked = validated(IdentifyBody, {"exchange_id": exchange_id, "reason": reason})
    except BadRequest as error:
        return with_errors(
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
    """`GET /audit/configurations/{digest}?document=`: what a digest in a record stands for, if this host has kept it.

    The page opens one document at a time: all of them are 140 KB.
    """
    require_scope(visit, "audit:search")
    check_names(visit.form, ("document",))
    digest, document = request.parameters["digest"], visit.form.get("document", "")
    operation, audit = request.services.operation, door_of(request).audit
    kept = None if operation is None else await asyncio.to_thread(operation.configuration_texts.find, digest)
    if kept is None or (document and document not in kept.documents):
        raise NotFound(say.CONFIGURATION_NOT_KEPT)
    await audit.note_configuration(visit.caller, digest)
    in_force = audit.context.recorder.digest
    answer = {
        "digest": digest, "in_force": digest == in_force, "files": dict(kept.files),
        "documents": {name: list(lines) for name, lines in kept.documents.items()},
    }  # fmt: skip
    return Shown(
        template="audit/configuration", title=("Cấu hình", "Configuration"), answer=answer,
        values={"document": document},
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------- export


async def export(request: Request, visit: Visit) -> Shown | Leaving:
    """`GET /audit/export`: how many records a search has, and the form that exports them."""
    require_scope(visit, "audit:export")
    if (short := without_blanks(visit.form)) != visit.form:
        return Leaving(url=link("/audit/export", short))
    given, _, _ = read_filters(visit.form, ())
    values = {
        "given": given, "written": as_typed(given), "fields": FIELDS, "options": filter_options(request), "errors": {},
    }  # fmt: skip
    title = "Xuất dữ liệu", "Export"
    answer: dict[str, object] = {"filters": shown_filters(request, given), "count": None}
    try:
        count = await door_of(request).exports.count(visit.caller, filters_of(filters_body(given)))
    except BadRequest as error:
        return with_errors(
            request, error, Shown(template="audit/export", title=title, answer=answer, values=values)
        )
    answer |= {"count": count, **await _newest(door_of(request))}
    return Shown(template="audit/export", title=title, answer=answer, values=values)


async def export_file(request: Request, visit: Visit) -> web.StreamResponse:
    """`POST /audit/export/file`: the same stream as `POST /v1/audit/export`; of a person with the reason only."""
    require_scope(visit, "audit:export")
    given = dict(visit.form)
    form, reason = validated(ExportBody, {"format": given.pop("format", "jsonl")}).format, ""
    if given.keys() & {*PEOPLE, "reason"}:
        wanted, reason = _person_search(with_days(given))
    else:
        wanted = validated(FiltersBody, with_times(read_filters(given, ())[0]))
    search = wanted if wanted.model_fields_set else None
    return await exported(request, visit.caller, ExportBody(format=form, search=search), reason)


# ----------------------------------------------------------------------------------------------- checkpoints


async def checkpoints(request: Request, visit: Visit) -> Shown:
    """`GET /audit/checkpoints`: the newest one, its anchors, and two sizes compared if the address has them."""
    require_scope(visit, "audit:search")
    check_names(visit.form, ("older", "newer"))
    return await _compared(request, visit)


async def compare(request: Request, visit: Visit) -> Shown:
    """`POST /audit/checkpoints`: two checkpoints as kept, or sizes."""
    require_scope(visit, "audit:search")
    check_names(visit.form, ("older", "newer"))
    return await _compared(request, visit)


async def newest(request: Request, visit: Visit) -> Response:
    """`GET /audit/checkpoints/newest`: the signed note, to be kept."""
    check_names(visit.form, ())
    note, head = await door_of(request).audit.proofs.checkpoint()
    named = f'attachment; filename="checkpoint-{head.size}.txt"'
    return Response(note.encode(), "text/plain; charset=utf-8", headers={"Content-Disposition": named})


async def _newest(door: AuditDoor) -> dict[str, Any]:
    """The newest checkpoint, its number of records and the keys; blank until the log has its first one."""
    try:
        note, head = await door.audit.proofs.checkpoint()
    except NotFound:
        return {"checkpoint": "", "size": 0, "vkeys": []}
    return {"checkpoint": note, "size": head.size, "vkeys": list(await door.audit.context.signers())}


async def _compared(request: Request, visit: Visit) -> Shown:
    door = door_of(request)
    anchors = await door.anchors.listing.anchors(None)
    answer: dict[str, Any] = {**await _newest(door), "anchors": anchors, "compared": None}
    given = {name: visit.form.get(name, "").strip() for name in ("older", "newer")}
    shown = Shown(
        template="audit/checkpoints", title=("Điểm kiểm tra", "Checkpoints"), answer=answer,
        values={
            "given": given, "errors": {}, "origin": answer["checkpoint"].partition("\n")[0], "growth": "",
        },
    )  # fmt: skip
    if not given["older"]:
        return shown
    try:
        ends = _end(given["older"]), _end(given["newer"]) if given["newer"] else None
        compared = await door.growth.compare(visit.caller, *ends)
    except BadRequest as error:
        return with_errors(request, error, shown, "older")
    growth = orjson.dumps(compared).decode()
    return replace(shown, answer={**answer, "compared": compared}, values={**shown.values, "growth": growth})


def _end(text: str) -> str | int:
    """A size, or a note: browsers send its line ends as CRLF and may drop the last one."""
    if text.isascii() and text.isdecimal():
        return int(text[:16])
    return text.replace("\r\n", "\n").rstrip("\n") + "\n"


def _listed(records: object) -> list[dict[str, Any]]:
    """The records of an answer."""
    return list(records) if isinstance(records, list) else []


def _short(hash_: str) -> str:
    """`64a35e47…7a4616`."""
    return f"{hash_[:8]}…{hash_[-6:]}"


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
    PageRoute("GET", "/audit/reports", audit_reports.reports, _A, nav="Báo cáo · Reports"),
    PageRoute("GET", "/audit/reports/csv", audit_reports.report_csv, _A),
    PageRoute("GET", "/audit/export", export, _A, nav="Xuất dữ liệu · Export"),
    PageRoute("POST", "/audit/export/file", export_file, _A),
    PageRoute("GET", "/audit/checkpoints", checkpoints, _A, nav="Điểm kiểm tra · Checkpoints"),
    PageRoute("POST", "/audit/checkpoints", compare, _A),
    PageRoute("GET", "/audit/checkpoints/newest", newest, _A),
)

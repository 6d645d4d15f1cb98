"""Requests of data subjects as operators see them (Law 91/2025, Decree 356/2025): what is due, and the next step.

The list is that of `POST /v1/subject-requests/search`: without name or number of a person, each search recorded.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.api.request import Request
from gateway.config.configuration import Configuration
from gateway.domain import sentences as say
from gateway.domain.dates import legal_day
from gateway.domain.errors import BadRequest, ConsentsUnavailable
from gateway.domain.sentences import BothWords
from gateway.pages.frame import Shown, Visit
from gateway.subject_requests.service import SubjectRequestSearch

_PAGE = 50
_SHOWN: Mapping[str, SubjectRequestSearch] = {"": "overdue", "open": "open"}
#: kinds of requests, as the law names them
REQUEST_KINDS: Mapping[str, BothWords] = {
    "access": ("xem dữ liệu", "access"),
    "correction": ("chỉnh sửa dữ liệu", "correction"),
    "deletion": ("xóa dữ liệu", "deletion"),
    "restriction": ("hạn chế xử lý dữ liệu", "restriction of processing"),
    "objection": ("phản đối xử lý dữ liệu", "objection to processing"),
    "withdrawal": ("rút lại sự đồng ý", "withdrawal of consent"),
}
#: acts of the command and of the API, in words
_ACTS: Mapping[str, BothWords] = {
    "acknowledge": ("Xác nhận đã tiếp nhận", "Acknowledge it"),
    "answer": ("Trả lời", "Answer it"),
    "refuse": ("Từ chối, nêu lý do", "Refuse it, with a reason"),
    "extend": ("Gia hạn một lần, nêu lý do", "Extend it once, with a reason"),
}
_WITH_REASON = frozenset({"refuse", "extend"})


async def requests(request: Request, visit: Visit) -> Shown:
    """`GET /ops/requests?show=`: overdue ones, or all that are open. Raises BadRequest, NotFound (cursor)."""
    citizens, show, after = request.services.citizens, visit.form.get("show", ""), visit.form.get("after")
    if citizens is None:
        raise ConsentsUnavailable(say.NO_CONSENTS_HERE)
    if show not in _SHOWN:
        raise BadRequest(say.QUERY_WORD(name="show", words="open"))
    found: Any = await citizens.subject_requests.search(visit.caller, "", _SHOWN[show], after or None, _PAGE)
    settings, today = request.services.configuration, legal_day(request.services.clock.now()).isoformat()
    rows = [
        {**one, **_due(one, today), "next_steps": list(_steps(one, settings, today))}
        for one in found["requests"]
    ]
    return Shown(
        template="ops/requests", title=("Yêu cầu của chủ thể dữ liệu", "Requests of data subjects"),
        answer={**found, "requests": rows},
        values={
            "show": show, "is_first": not after, "kinds": REQUEST_KINDS, "acts": _ACTS,
            "acknowledge_days": settings.consents.requests.acknowledge_days,
            "terms": {kind: settings.consents.requests.term(kind) for kind in REQUEST_KINDS},  # type: ignore[arg-type]  # the kinds of the setting
            "requesters": {name: one.title for name, one in settings.requesters.items()},
        },
    )  # fmt: skip


def _due(one: Mapping[str, Any], today: str) -> dict[str, bool]:
    """Which of the two terms has passed."""
    return {
        "acknowledge_late": one["state"] == "received" and one["acknowledge_by"] < today,
        "answer_late": one["answer_by"] < today,
    }


def _steps(one: Mapping[str, Any], settings: Configuration, today: str) -> Iterator[dict[str, str]]:
    """What may be done now, the next step first, with the command for it."""
    acts = ["acknowledge"] if one["state"] == "received" else []
    acts += ["answer", "refuse"]
    if not one["extended"] and one["answer_by"] >= today:
        acts.append("extend")
    receiver = settings.requesters.get(one["requester"])
    client = f" --client-id {receiver.client_id}" if receiver is not None else ""
    for act in acts:
        reason = ' --reason "…"' if act in _WITH_REASON else ""
        yield {
            "act": act, "command": f"motlan subject-requests update {one['request']} {act}{reason}{client}",
            "vi": _ACTS[act][0], "en": _ACTS[act][1],
        }  # fmt: skip

"""Sources as operators see them: their state in words, what is left of their error budgets, what needs attention."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from gateway.api.context import Operation, RelayDesk, Services
from gateway.api.operation import health, source_states
from gateway.audit.story_words import OUTCOMES
from gateway.config.configuration import Configuration
from gateway.console import formats
from gateway.console.language import titled
from gateway.domain.dates import rfc3339
from gateway.domain.errors import LogUnavailable, RelayUnavailable
from gateway.domain.parties import Caller
from gateway.domain.sentences import BothWords
from gateway.operation.budgets import DAY, HOUR, budget
from gateway.pages.ops_words import receiver
from gateway.ports.relay import DeliverySearch, DeliveryState

Answer = dict[str, Any]

#: state of a source -> kind, icon, words
STATES: Mapping[str, tuple[str, str, BothWords]] = {
    "available": ("ok", "circle-check", ("Trả lời bình thường", "Answers")),
    "probing": ("wait", "hourglass", ("Đang thử lại", "Being tried again")),
    "paused": ("wait", "cloud-off", ("Không trả lời được", "Unavailable")),
}
#: of a source that may be asked: nothing is known of it yet, or it did not answer last
_NEVER_ASKED = ("mute", "circle-question-mark", ("Chưa hỏi lần nào", "Not asked yet"))
_TRIALS_ONLY = ("mute", "circle-question-mark", ("Bản nháp: chỉ thử", "A draft: trials only"))
_FAILED_LAST = ("wait", "cloud-off", ("Lượt gần nhất không trả lời được", "The last call failed"))
BREAKERS: Mapping[str, BothWords] = {
    "closed": ("đóng: hỏi bình thường", "closed: asked as usual"),
    "open": ("mở: tạm không hỏi", "open: not asked for now"),
    "half_open": ("thử lại: hỏi một lượt", "half-open: asked once to see"),
}
#: states of the inspection of the log
INSPECTIONS: Mapping[str, BothWords] = {
    "altered": ("có bản ghi bị sửa đổi", "records were altered"),
    "unavailable": ("không đọc được nhật ký", "the log cannot be read"),
}
#: deliveries are counted up to here
_MOST_DELIVERIES = 2_000
_PAGE = 200
#: of one delivery, before its receiver needs attention
_MANY_ATTEMPTS = 5
_QUANTILES = ("p50", "p95", "p99")


async def sources_now(services: Services, operation: Operation) -> Answer:
    """Every source with its budgets and its mute. A log that cannot be read leaves the mutes as last known."""
    with suppress(LogUnavailable):
        await operation.mutes.refreshed()
    return sources_known(services, operation)


def sources_known(services: Services, operation: Operation) -> Answer:
    """The same, with the mutes that this process knows."""
    muted = operation.mutes.muted()
    now = services.clock.now()
    spans = {
        name: operation.metrics.answers_since(now.timestamp() - span)
        for name, span in (("hour", HOUR), ("day", DAY))
    }
    found = source_states(services)
    for one in found:
        name, mute = one["source"], muted.get(one["source"])
        one["budget"] = {span: budget(counts.get(name, {})).plain() for span, counts in spans.items()}
        one["muted"] = None if mute is None else {"until": rfc3339(mute.until), "by": mute.by}
    return {"at": rfc3339(now), "process": os.getpid(), "sources": found}


class Cells(NamedTuple):
    """The changing cells of one source in one language."""

    texts: Mapping[str, str]
    #: kind, icon, word
    state: tuple[str, str, str]


def cells_of(source: Mapping[str, Any], language: str) -> Cells:
    """What pages write of a source, by the name of the cell."""
    kind, icon, words = _state(source)
    latency, last = source["latency_ms"], source["last"]
    texts = {name: formats.number(latency[name], 1) if name in latency else "–" for name in _QUANTILES}
    texts["breaker"] = titled(BREAKERS.get(source["breaker"], (source["breaker"],) * 2), language)
    texts["hour"], texts["day"] = (_budget(source["budget"][span], language) for span in ("hour", "day"))
    texts["last"] = titled(("chỉ thử", "trials only"), language) if source["draft"] else "–"
    if last is not None:
        outcome = titled(OUTCOMES.get(last["outcome"], (last["outcome"],) * 2)[:2], language).lower()
        texts["last"] = f"{formats.exact_clock(last['at'])[:8]}, {outcome}"
    texts["fault"] = _cause(source["fault"], language)
    return Cells(texts, (kind, icon, titled(words, language)))


def _cause(fault: Mapping[str, Any] | None, language: str) -> str:
    """Why the newest answer that was not taken was not, and what to do; blank: none."""
    if fault is None:
        return ""
    remedy = titled((fault["remedy"], fault["remedy_en"]), language)
    named = ("attribute", "path", "transform", "step", "status", "fault")
    places = ", ".join(str(fault[name]) for name in named if name in fault)
    what = titled((fault["title"], fault["title_en"]), language) + (f" ({places})" if places else "")
    return f"{formats.exact_clock(fault['at'])[:8]}, {formats.inside(what)}: {remedy} [{fault['code']}]"


def _state(source: Mapping[str, Any]) -> tuple[str, str, BothWords]:
    """Kind, icon, words. A closed breaker alone does not say that a source answers; only trials ask a draft."""
    if source["draft"]:
        return _TRIALS_ONLY
    if source["state"] == "available" and source["last"] is None:
        return _NEVER_ASKED
    if source["state"] == "available" and source["last"]["outcome"] in {"unavailable", "invalid"}:
        return _FAILED_LAST
    return STATES.get(source["state"], ("mute", "circle-question-mark", (source["state"],) * 2))


def _budget(one: Mapping[str, Any], language: str) -> str:
    if one["left_percent"] is None:
        return titled(("chưa có lượt hỏi", "nothing asked"), language)
    places = {
        "left": formats.number(max(one["left_percent"], 0), 0), "failed": formats.number(one["failed"]),
        "asked": formats.number(one["asked"]),
    }  # fmt: skip
    if one["left_percent"] < 0:
        both = ("đã dùng hết: {failed} lỗi / {asked} lượt", "used up: {failed} failed of {asked}")
    else:
        both = ("còn {left}%: {failed} lỗi / {asked} lượt", "{left}% left: {failed} failed of {asked}")
    return titled(both, language).format(**places)


# -------------------------------------------------------------------------------------------------- attention


async def attention(services: Services, caller: Caller, sources: Sequence[Mapping[str, Any]]) -> list[Answer]:
    """What an operator has to look at, most urgent first; muted sources raise nothing."""
    body, _ = await health(services)
    return [
        *_of_gateway(body),
        *_of_sources(sources, services.configuration.gateway.prefill.deadline_ms),
        *await _of_relay(services, caller),
    ]


def _needs(what: str, kind: str, url: str, vi: str, en: str) -> Answer:
    return {"what": what, "kind": kind, "url": url, "vi": vi, "en": en}


def _of_gateway(body: Mapping[str, Any]) -> Iterator[Answer]:
    there = body["dependencies"]
    if body["status"] != "ready":
        yield _needs(
            f"status:{body['code']}", "stop", "/health/ready",
            f"Cổng không nhận lượt lấy dữ liệu mới ({body['code']}).",
            f"The gateway takes no new exchange ({body['code']}).",
        )  # fmt: skip
    if (records := there.get("records", "ready")) not in {"ready", "unknown"}:
        found = INSPECTIONS.get(records, (records, records))
        yield _needs(
            f"records:{records}", "stop", "/health/ready",
            f"Kiểm tra nhật ký giao dịch: {found[0]}. Chạy motlan log verify trước khi làm việc khác.",
            f"Inspection of the exchange log: {found[1]}. Run motlan log verify before anything else.",
        )  # fmt: skip
    if there.get("sequencer") == "lagging":
        yield _needs(
            "sequencer:lagging", "wait", "/health/ready", "Bản ghi mới quá 10 giây chưa có chỗ trong nhật ký.",
            "New records wait for their place in the log for more than 10 seconds.",
        )  # fmt: skip
    if (configuration := there.get("configuration", {})).get("state") == "stale":
        count = len(configuration["refused"])
        yield _needs(
            "configuration:stale", "wait", "/ops/configuration",
            f"Cấu hình mới có {count} lỗi nên chưa có hiệu lực.",
            f"A newer configuration has {count} {'fault' if count == 1 else 'faults'} and is not in force.",
        )  # fmt: skip
    for name, state in there.get("anchors", {}).items():
        if isinstance(state, Mapping) and state.get("state") not in {"ready", None}:
            yield _needs(
                f"anchor:{name}", "wait", "/health/ready", f"Nơi neo nhật ký {name}: {state['state']}.",
                f"Anchor {name} of the log: {state['state']}.",
            )  # fmt: skip
    if late := there.get("subject_requests", {}).get("overdue"):
        yield _needs(
            "subject_requests", "wait", "/ops/requests", f"{late} yêu cầu của chủ thể dữ liệu đã quá hạn.",
            f"{late} {'request of a data subject is' if late == 1 else 'requests of data subjects are'} overdue.",
        )  # fmt: skip


def _of_sources(sources: Sequence[Mapping[str, Any]], deadline_ms: int) -> Iterator[Answer]:
    for one in sources:
        if one["muted"] is not None or one["draft"]:  # no form waits for a draft
            continue
        url, name = f"/ops/sources#{one['source']}", (one["title"], one["title_en"])
        left, slowest = one["budget"]["day"]["left_percent"], one["latency_ms"].get("p95", 0)
        if one["breaker"] != "closed":
            yield _needs(
                f"paused:{one['source']}", "wait", url,
                f"{name[0]} không trả lời được; giấy tờ liên quan vẫn phải nộp.",
                f"{name[1]} is unavailable; papers that it replaces are asked for.",
            )  # fmt: skip
        elif left is not None and left < 0:
            yield _needs(
                f"budget:{one['source']}", "wait", url, f"{name[0]} đã dùng hết hạn mức lỗi của 24 giờ.",
                f"{name[1]} has used its error budget of 24 hours up.",
            )  # fmt: skip
        if slowest > deadline_ms:
            yield _needs(
                f"slow:{one['source']}", "wait", url,
                f"{name[0]} trả lời chậm: cứ 20 lượt có 1 lượt lâu hơn {deadline_ms} ms, thời hạn điền sẵn.",
                f"{name[1]} is slow: one answer in 20 takes longer than {deadline_ms} ms, the deadline of a prefill.",
            )  # fmt: skip


async def _of_relay(services: Services, caller: Caller) -> list[Answer]:
    desk = services.relay_desk
    if desk is None:
        return []
    try:
        dead = await _deliveries(desk, caller, DeliveryState.DEAD)
        late = await _deliveries(desk, caller, DeliveryState.QUEUED, DeliveryState.UNCONFIRMED)
        runs: Any = (await desk.reconciliations.show(caller))["runs"]
    except RelayUnavailable:
        return [
            _needs(
                "relay", "stop", "/ops/deliveries", "Không đọc được các lượt gửi hồ sơ.",
                "Deliveries of dossiers cannot be read.",
            )
        ]  # fmt: skip
    settings = services.configuration
    return [*_of_deliveries(len(dead)), *_of_late(late, settings), *_of_runs(runs, settings)]


async def _deliveries(desk: RelayDesk, caller: Caller, *states: DeliveryState) -> list[Mapping[str, Any]]:
    """Those that stand so, newest first, at most `_MOST_DELIVERIES`."""
    rows: list[Mapping[str, Any]] = []
    wanted = DeliverySearch(states=states, most=_PAGE)
    while len(rows) < _MOST_DELIVERIES:
        found: Any = await desk.deliveries.search(caller, wanted)
        rows += found["deliveries"]
        if found["next"] is None:
            break
        wanted = wanted._replace(before=found["next"])
    return rows


def _counted(count: int) -> str:
    return f"{count}+" if count >= _MOST_DELIVERIES else str(count)


def _of_deliveries(dead: int) -> Iterator[Answer]:
    if dead:
        count = _counted(dead)
        yield _needs(
            "dead", "stop", "/ops/deliveries?state=dead",
            f"{count} lượt gửi hồ sơ đã dừng; các lượt sau của cùng hồ sơ phải chờ.",
            f"{count} {'delivery was' if dead == 1 else 'deliveries were'} given up;"
            " later ones of the same dossier wait.",
        )  # fmt: skip


def _of_late(waiting: Sequence[Mapping[str, Any]], settings: Configuration) -> Iterator[Answer]:
    """Receivers that did not confirm a delivery after several attempts: it is not given up yet."""
    for target in sorted({one["target"] for one in waiting if one["attempts"] >= _MANY_ATTEMPTS}):
        count, named = sum(one["target"] == target for one in waiting), receiver(settings, target)
        yield _needs(
            f"late:{target}", "wait", f"/ops/deliveries?target={target}",
            f"{named['title']} chưa xác nhận sau {_MANY_ATTEMPTS} lần gửi; {_counted(count)} lượt gửi hồ sơ đang chờ.",
            f"{named['title_en']} confirmed nothing in {_MANY_ATTEMPTS} attempts;"
            f" {_counted(count)} {'delivery waits' if count == 1 else 'deliveries wait'}.",
        )  # fmt: skip


def _of_runs(runs: Sequence[Mapping[str, Any]], settings: Configuration) -> Iterator[Answer]:
    for run in runs:
        report, portal = run["report"], run["portal"]
        named = receiver(settings, portal)
        if run["state"] in {"stopped", "failed"}:
            yield _needs(
                f"run:{portal}", "wait", "/ops/reconciliation", f"Đối soát với {named['title']} chưa xong.",
                f"The reconciliation with {named['title_en']} did not end.",
            )  # fmt: skip
        if run["state"] == "done" and (days := len(report["incomplete"])):
            yield _needs(
                f"incomplete:{portal}", "wait", "/ops/reconciliation",
                f"Đối soát với {named['title']}: {days} ngày chưa so được hết. Đối soát lại khi cổng hoạt động.",
                f"Reconciliation with {named['title_en']}: {days} {'day was' if days == 1 else 'days were'} not"
                " compared wholly. Compare again when the portal works.",
            )  # fmt: skip
        left = sum(report["counts"].values()) - report["mended"]
        if run["state"] == "done" and left > 0:
            yield _needs(
                f"differs:{portal}", "doubt", "/ops/reconciliation",
                f"{left} hồ sơ không thống nhất với {named['title']}.",
                f"{left} {'dossier differs' if left == 1 else 'dossiers differ'} from {named['title_en']}.",
            )  # fmt: skip

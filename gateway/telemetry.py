"""Logs and metrics of operations: what happened, how often, how long; never about whom.

A log line is a static event and keywords from an allow-list;
other keywords are dropped (their names are kept).
Runs of 9 or 12 digits, the lengths of personal ids, are blotted out wherever they stand.
This log may be lost; the exchange log may not.
"""

import contextlib
import logging
import os
import re
import select
import stat
import sys
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import accumulate, count
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, cast

import orjson
import structlog
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

#: keywords that a log line may carry; none of them is about a person
ALLOWED_KEYS: Final = frozenset(
    (
        "event level time error where dropped "
        "exchange_id call_id requester agency client procedure purpose scope rule_id "
        "source service operation mark outcome outcomes reason status code phase mode profile adapter breaker "
        "method route host port pid workers version configuration address signal "
        "attribute path transform fault step "
        "elapsed_ms deadline_ms retry_in seconds attempt attempts count fields bytes queue records log_index anchor"
    ).split()
)
#: personal ids have 12 digits, old ones 9; `\d` takes the digits of every script
_PERSONAL_ID: Final = re.compile(r"(?<!\d)(?:\d{12}|\d{9})(?!\d)")
_BLOT: Final = "[id]"
#: every digit becomes a nine; a personal id then holds at least `_NINE`
_DIGITS: Final = bytes.maketrans(b"012345678", b"9" * 9)
_NINE: Final = b"9" * 9
#: libraries that would write envelopes, URLs or bodies
_TALKATIVE: Final = ("zeep", "aiohttp.access", "aiohttp.client", "asyncio", "urllib3")
_GAUGES: Final = {
    "log_size": "Records that have their place in the tree of the exchange log",
    "log_waiting": "Records that wait for their place, up to ten thousand",
    "log_waiting_seconds": "How long the oldest of them waits",
    "log_altered": "Things in the database of the exchange log that are not as they were signed",
    "log_quarantined": "Rows put into the exchange log's database that no gateway wrote, and nobody has looked at",
    "log_rolled_back": "1 while the database of the exchange log lacks records that were signed or answered, else 0",
    "log_mark_not_kept": "1 while the state folder does not take the newest checkpoint that this process saw, else 0",
    "log_checkpoint_age_seconds": "Time since the newest checkpoint was signed",
    "configuration_problems": "Things to mend in a newer configuration, which is not taken up until then",
    "subject_requests_overdue": "Requests of data subjects that should have been acknowledged or answered before today",
}
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, float("inf"))
_BOUNDS: Final = tuple(map(floatToGoString, _BUCKETS))
#: where the sum of a histogram's child stands, behind its buckets
_SUM: Final = len(_BUCKETS)
#: made here, and may hold nine digits in a row by chance
_OURS: Final = frozenset({"exchange_id", "call_id", "time"})
_LINE: Final = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
_PIPE_FLAGS: Final = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
#: newest lines that a process keeps for its operators
TAIL_LINES: Final = 500
#: outcomes of sources are counted in slots of so many seconds, for a day
SLOT_SECONDS: Final = 600
_SLOTS: Final = 24 * 3600 // SLOT_SECONDS + 1

EventDict = MutableMapping[str, Any]


class Sink(Protocol):
    """Where lines go: a binary file, or anything that takes bytes as one."""

    def write(self, data: bytes, /) -> object:
        """Take one line."""
        ...

    def flush(self) -> object:
        """Let it be seen."""
        ...


class Log(Protocol):
    """What `log()` gives: an event in dotted words, and keywords of the allow-list."""

    def debug(self, event: str, **keywords: object) -> None:
        """Of interest while something is being mended."""
        ...

    def info(self, event: str, **keywords: object) -> None:
        """One canonical line per request, and the life of the process."""
        ...

    def warning(self, event: str, **keywords: object) -> None:
        """Works, but somebody should look."""
        ...

    def error(self, event: str, **keywords: object) -> None:
        """Does not work."""
        ...


def set_up(sink: Sink | None = None, level: int = logging.INFO) -> None:
    """Send log lines to `sink` (standard error by default), one JSON object each, and silence libraries."""
    structlog.configure(
        processors=[written_line],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Lines(sink or _standard_error()).itself,
        cache_logger_on_first_use=False,
    )
    _bound.cache_clear()
    for name in _TALKATIVE:
        library = logging.root.manager.getLogger(name)
        library.setLevel(logging.CRITICAL)
        library.propagate = False


class Unwaiting:
    """A file, pipe or socket of somebody else: a line that it cannot take now is lost, and nobody waits or fails."""

    def __init__(self, descriptor: int) -> None:
        """OSError when `descriptor` is none."""
        self._descriptor = descriptor
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            # A way of our own into the pipe: the flag of the inherited one is shared with other processes.
            with contextlib.suppress(OSError):  # another user's pipe cannot be opened again
                self._descriptor = os.open(f"/proc/self/fd/{descriptor}", _PIPE_FLAGS)
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLOUT)

    def write(self, data: bytes) -> None:
        """Write the line, or lose it. A pipe that is ready takes this much at once (POSIX, PIPE_BUF)."""
        try:
            if self._poll.poll(0):
                os.write(self._descriptor, data[: select.PIPE_BUF])
        except OSError:
            pass

    def flush(self) -> None:
        """Nothing is held back."""


class _Lines:
    """Takes finished lines from structlog, of every level."""

    def __init__(self, sink: Sink) -> None:
        self._write, self._flush = sink.write, sink.flush
        self._numbers = count()
        #: the newest ones, each with its number from 0
        self.kept: deque[tuple[int, bytes]] = deque(maxlen=TAIL_LINES)

    def itself(self, *_names: object) -> "_Lines":
        """As structlog's factory."""
        return self

    def info(self, line: bytes) -> None:
        self.kept.append((next(self._numbers), line))
        self._write(line)
        self._flush()

    debug = warning = error = critical = info


def tail(after: int = -1) -> Sequence[tuple[int, bytes]]:
    """The newest lines of this process behind number `after`, each with its number, oldest first; at most 500.

    As they were written: of the allow-list, and without personal ids. It follows the latest `set_up`.
    """
    lines = getattr(structlog.get_config()["logger_factory"], "__self__", None)
    return [one for one in lines.kept.copy() if one[0] > after] if isinstance(lines, _Lines) else []


def _standard_error() -> Sink:
    try:
        return Unwaiting(sys.stderr.fileno())
    except (OSError, ValueError):
        return sys.stderr.buffer


def log() -> Log:
    """A logger; it follows the latest `set_up`."""
    return _bound()


@cache
def _bound() -> Log:
    return cast("Log", structlog.get_logger().bind())


def written_line(_logger: object, method: str, event: EventDict) -> bytes:
    """The line, as structlog's only processor."""
    event["level"] = method
    event["time"] = datetime.now(UTC)
    if "exc_info" in event or "error" in event:
        _name_error(event)
    if not ALLOWED_KEYS.issuperset(event):
        _keep_allowed(event)
    line = orjson.dumps(event, default=str, option=_LINE)
    # Values are only looked at one by one when something in the whole line could be a personal id.
    if line.isascii() and _NINE not in line.translate(_DIGITS):
        return line
    return orjson.dumps(blot_personal_ids(event), option=_LINE)


def _name_error(event: EventDict) -> None:
    """Replace an exception by its class and the place where it was raised: its text may quote people."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(event.get("error"), BaseException):
        error = event["error"]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["where"] = _place(error.__traceback__)


def _keep_allowed(event: EventDict) -> None:
    """Drop keywords that are not on the allow-list, and say which."""
    strange = [key for key in event if key not in ALLOWED_KEYS]
    for key in strange:
        del event[key]
    event["dropped"] = sorted(strange)


def blot_personal_ids(event: EventDict) -> EventDict:
    """Blot out whatever has the length of a personal id, also inside lists, mappings and numbers."""
    return {key: value if key in _OURS else _blotted(value) for key, value in event.items()}


class _Family:
    """One metric: what it says, and a list of numbers for each combination of its labels.

    A counter's numbers are its value and when it began (POSIX seconds); a histogram's are the observations of each
    bucket alone, their sum, and when it began.
    """

    __slots__ = ("_children", "_labels", "_metric", "_name", "_text")

    def __init__(self, metric: str, name: str, text: str, *labels: str) -> None:
        self._metric, self._name, self._text, self._labels = metric, f"motlan_{name}", text, labels
        self._children: dict[tuple[str, ...], list[float]] = {}

    def child(self, *values: object) -> list[float]:
        """The numbers of these labels, to be counted up in place."""
        place = tuple(map(str, values))
        if place not in self._children:
            zeros = [0] if self._metric == "counter" else [0] * (_SUM + 1)
            self._children[place] = [*zeros, time.time()]
        return self._children[place]

    @property
    def children(self) -> Mapping[tuple[str, ...], list[float]]:
        """Labels -> numbers."""
        return self._children

    def collected(self) -> Metric:
        """As Prometheus wants it: the buckets added up."""
        metric, name = Metric(self._name, self._text, self._metric), self._name
        for values, numbers in self._children.items():
            labels = dict(zip(self._labels, values, strict=True))
            if self._metric == "counter":
                metric.add_sample(f"{name}_total", labels, numbers[0])
            else:
                for bound, count in zip(_BOUNDS, accumulate(numbers[:_SUM]), strict=True):
                    metric.add_sample(f"{name}_bucket", {**labels, "le": bound}, count)
                metric.add_sample(f"{name}_count", labels, sum(numbers[:_SUM]))
                metric.add_sample(f"{name}_sum", labels, numbers[_SUM])
            metric.add_sample(f"{name}_created", labels, numbers[-1])
        return metric


class Metrics(Collector):
    """Counters and histograms of one process; labels are words of the configuration, never values.

    Plain numbers, turned into the Prometheus form when they are asked for. One thread counts: the loop's.
    """

    content_type: Final = CONTENT_TYPE_LATEST

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """A fresh registry, owned by this instance. `now`: POSIX seconds."""
        self._now = now
        self._requests = _Family("counter", "requests", "Requests answered", "route", "method", "status")
        self._request_seconds = _Family("histogram", "request_seconds", "Time to the answer", "route")
        self._outcomes = _Family(
            "counter", "source_outcomes", "Answers of sources", "source", "operation", "outcome"
        )
        self._source_seconds = _Family("histogram", "source_seconds", "Time to a source's answer", "source")
        self._appended = _Family(
            "counter",
            "log_records",
            "Records made durable while their caller waited (log_size: all)",
            "phase",
        )
        failures = _Family("counter", "log_failures", "Records not kept, or perhaps kept (no sure answer)")
        append_seconds = _Family("histogram", "log_append_seconds", "Time until records are durable")
        self._cache = _Family("counter", "cache", "Uses of the cache", "result")
        self._alarms = _Family(
            "counter", "alarms", "Answers that were about somebody else, and their like", "kind"
        )
        self._faults = _Family(
            "counter",
            "source_faults",
            "Answers and attributes that were not taken",
            "source",
            "operation",
            "outcome",
            "attribute",
            "code",
        )
        self._logins = _Family("counter", "logins", "Steps of logins of people", "step", "reason")
        #: (number of the slot, answers of sources before it), for slots in which one answered
        self._slots: deque[tuple[int, Mapping[tuple[str, str], float]]] = deque(maxlen=_SLOTS)
        self._slot = 0
        #: source -> whether it is paused, whether it is muted
        self._alerts: Mapping[str, tuple[bool, bool]] = {}
        #: portal -> differences of the last reconciliation, by class
        self._diverged: dict[str, Mapping[str, int]] = {}
        self._families = (
            self._requests,
            self._request_seconds,
            self._outcomes,
            self._source_seconds,
            self._appended,
            failures,
            append_seconds,
            self._cache,
            self._alarms,
            self._faults,
            self._logins,
        )
        self._append_failures = failures.child()
        self._append_seconds = append_seconds.child()
        self._gauges = dict.fromkeys(_GAUGES, 0.0)
        self._under_way = 0
        #: counters and histograms by what they were used for before; labels are few
        self._sources: dict[tuple[str, str, str], tuple[list[float], list[float]]] = {}
        self._routes: dict[tuple[str, str, int], tuple[list[float], list[float]]] = {}
        self._phases: dict[str, list[float]] = {}
        self.registry = CollectorRegistry(auto_describe=True)
        self.registry.register(self)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request was answered; `route` is the pattern, not the path."""
        place = (route, method, status)
        used = self._routes.get(place)
        if used is None:
            used = self._routes[place] = self._requests.child(*place), self._request_seconds.child(route)
        count, histogram = used
        count[0] += 1
        histogram[bisect_left(_BUCKETS, seconds)] += 1
        histogram[_SUM] += seconds

    def in_flight(self, change: int) -> None:
        """A request came (1) or went (-1)."""
        self._under_way += change

    def answer(self, source: str, operation: str, outcome: str, seconds: float) -> None:
        """A source answered, or did not."""
        if (slot := int(self._now()) // SLOT_SECONDS) != self._slot:
            self._slot = slot
            self._slots.append((slot, self._answers()))
        place = (source, operation, outcome)
        used = self._sources.get(place)
        if used is None:
            used = self._sources[place] = self._outcomes.child(*place), self._source_seconds.child(source)
        count, histogram = used
        count[0] += 1
        histogram[bisect_left(_BUCKETS, seconds)] += 1
        histogram[_SUM] += seconds

    def answers_since(self, moment: float) -> Mapping[str, Mapping[str, int]]:
        """Source -> outcome -> answers to this process since `moment` (POSIX seconds, at most a day ago).

        Counted from the beginning of the slot of ten minutes in which `moment` lies.
        """
        first = int(moment) // SLOT_SECONDS
        before = next((counts for slot, counts in self._slots if slot >= first), None)
        found: dict[str, dict[str, int]] = {}
        if before is not None:
            for (source, outcome), number in self._answers().items():
                if (since := int(number - before.get((source, outcome), 0))) > 0:
                    found.setdefault(source, {})[outcome] = since
        return found

    def _answers(self) -> Mapping[tuple[str, str], float]:
        found: Counter[tuple[str, str]] = Counter()
        for (source, _, outcome), (number, _) in self._sources.items():
            found[source, outcome] += int(number[0])
        return found

    def alerts(self, sources: Mapping[str, tuple[bool, bool]]) -> None:
        """How sources are now: whether each is paused, and whether it is muted."""
        self._alerts = sources

    def fault(self, source: str, operation: str, outcome: str, attribute: str, code: str) -> None:
        """An answer, or one attribute of it (a word of the mapping), was not taken: a `FaultCode`, or a `Reason`."""
        self._faults.child(source, operation, outcome, attribute, code)[0] += 1

    def appended(self, phase: str, seconds: float) -> None:
        """A record became durable."""
        count = self._phases.get(phase)
        if count is None:
            count = self._phases[phase] = self._appended.child(phase)
        count[0] += 1
        self._append_seconds[bisect_left(_BUCKETS, seconds)] += 1
        self._append_seconds[_SUM] += seconds

    def append_failed(self) -> None:
        """A record could not be kept."""
        self._append_failures[0] += 1

    def cache(self, result: str) -> None:
        """A kept answer was used again: `hit`."""
        self._cache.child(result)[0] += 1

    def alarm(self, kind: str) -> None:
        """A security event, by its kind."""
        self._alarms.child(kind)[0] += 1

    def login(self, step: str, reason: str = "") -> None:
        """A login came to a step, or ended for a reason: words of closed lists."""
        self._logins.child(step, reason)[0] += 1

    @property
    def login_steps(self) -> Mapping[tuple[str, str], int]:
        """Logins of this process, by step and reason."""
        return {(step, reason): int(numbers[0]) for (step, reason), numbers in self._logins.children.items()}

    def diverged(self, portal: str, counts: Mapping[str, int]) -> None:
        """Dossiers that differ from those of a portal, by class."""
        self._diverged[portal] = counts

    def gauges(self, values: Mapping[str, float]) -> None:
        """How things stand now, by name (`log_size`, `log_waiting` and their like)."""
        if not values.keys() <= self._gauges.keys():
            raise KeyError(*values.keys() - self._gauges.keys())
        self._gauges.update(values)

    def collect(self) -> Iterable[Metric]:
        """All of them, for the registry."""
        yield from (family.collected() for family in self._families)
        for name, text in _GAUGES.items():
            yield _gauge(name, text, self._gauges[name])
        yield _gauge("requests_in_flight", "Requests being answered", self._under_way)
        if self._alerts:
            yield _paused(self._alerts)
        if self._diverged:
            yield _diverged(self._diverged)

    def render(self) -> bytes:
        """The Prometheus text form."""
        return generate_latest(self.registry)


def _gauge(name: str, text: str, value: float) -> Metric:
    metric = Metric(f"motlan_{name}", text, "gauge")
    metric.add_sample(metric.name, {}, value)
    return metric


def _paused(found: Mapping[str, tuple[bool, bool]]) -> Metric:
    what = "1 while a source is not asked, because it failed; alert: on, or muted by an operator"
    metric = Metric("motlan_source_paused", what, "gauge")
    for source, (is_paused, is_muted) in found.items():
        metric.add_sample(
            metric.name, {"source": source, "alert": "muted" if is_muted else "on"}, float(is_paused)
        )
    return metric


def _diverged(found: Mapping[str, Mapping[str, int]]) -> Metric:
    metric = Metric("motlan_dossiers_diverged", "Dossiers that differed at the last reconciliation", "gauge")
    for portal, counts in found.items():
        for kind, number in counts.items():
            metric.add_sample(metric.name, {"portal": portal, "class": kind}, number)
    return metric


def _place(traceback: TracebackType | None) -> str:
    place = ""
    while traceback is not None:
        place = "/".join(Path(traceback.tb_frame.f_code.co_filename).parts[-2:]) + f":{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _blotted(value: object) -> object:
    if isinstance(value, str):
        return _PERSONAL_ID.sub(_BLOT, value)
    if isinstance(value, bool | float) or value is None:
        return value
    if isinstance(value, int):
        return _BLOT if _PERSONAL_ID.fullmatch(str(abs(value))) else value
    if isinstance(value, Mapping):
        return {str(_blotted(str(key))): _blotted(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_blotted(item) for item in value]
    return _PERSONAL_ID.sub(_BLOT, str(value))

"""What a person sees of a trial: messages, attributes with their places and results, and why there is none.

Values are masked unless they were asked for. Then the request is shown, and of the answer the attributes that an
agreement gives: an agreement gives attributes and not messages, so the message itself stays masked. A value as it came
is shown where it became none: of a record whose person is sure, from a place that no attribute outside the agreement
reads. An answer that may be about another person shows neither values nor masks.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson

from gateway.domain.evidence import AnswerFault, Outcome, SourceAnswer
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from gateway.domain.source_trace import LOOK_UP, MOST_BYTES, SourceTrace, TracedMessage
from gateway.mapping.model import AnswerRule, paths_of
from gateway.mapping.source import ServicePlan
from gateway.prefill.exchange import CUT, Exchange
from gateway.trials.masks import (
    HIDDEN,
    MOST_OF_A_VALUE,
    CarriedSecrets,
    ShownNames,
    ShownPlaces,
    mask,
    masked,
    media_type,
    message,
    pairs,
    visible,
)

#: doubts that say why there is no value
_DOUBTS = {one.value for one in Reason}
_LONGEST_ADDRESS = 2_000
_KIB = 1_024
#: between the names of paths
_NO_NAME = re.compile(r"[\[\].=:,]")
#: between the steps of paths: what a step selects by is no place
_NO_STEP = re.compile(r"\[[^\]]*\]|\.")
#: causes whose answer is a fault and no data
_OF_FAULTS = frozenset({FaultCode.HTTP_STATUS, FaultCode.FAULT, FaultCode.SOAP_FAULT})
#: HTTP statuses of errors
_ERRORS = range(400, 600)
#: the path of the whole answer
_ROOT = "."


class Showing(NamedTuple):
    """What may be seen."""

    values: bool
    is_draft: bool
    #: with the attributes that its settings leave out
    service: ServicePlan
    #: those
    lacks: Collection[str]
    #: steps of its address as the settings name them
    steps: Collection[str]

    def left(self, content: Mapping[str, object]) -> dict[str, object]:
        """Attribute -> the value that leaves."""
        rows = content["attributes"]
        if content["values"] != "shown" or not isinstance(rows, list):
            return {}
        found = {one["attribute"]: one["value"] for one in rows if one["value"] is not None}
        return found | {f"{one['attribute']}:raw": one["raw"] for one in rows if one["is_raw_shown"]}


def answer_of(
    exchange: Exchange, answers: Sequence[SourceAnswer | None], showing: Showing
) -> dict[str, object]:
    """The members of the answer, without its receipt."""
    service, case = showing.service, exchange.case
    heard, answer = exchange.answers[0], answers[0] or CUT
    # what a prefill would not show of this person is not shown here either
    is_withheld = heard is not None and (
        heard.alarm or answer.outcome is not heard.outcome or answer.outcome is Outcome.NO_MATCH
    )
    # a record that was taken, and then denied by another source, is a stranger's: nothing is said of its values
    causes = () if is_withheld and heard is not None and heard.outcome is Outcome.FOUND else answer.faults
    call, granted = exchange.calls.get(0), exchange.allowed.grant.services.get(service.name)
    trace = exchange.trace
    messages = (
        [_whole(one, trace) for one in trace.messages] if trace is not None and heard is not None else []
    )
    has_fault = any(
        one.code in _OF_FAULTS or (one.code is FaultCode.SIGNATURE_MISSING and one.status in _ERRORS)
        for one in answer.faults
    )
    secrets = CarriedSecrets(() if trace is None else trace.secrets)
    # what the mapping did not read is a fault, or no answer of this service
    places = None if trace is None or trace.tree is None else _places(service, exchange)
    return {
        "exchange_id": exchange.id,
        "source": service.source,
        "data_service": service.operation,
        "mark": service.mark,
        "draft": showing.is_draft,
        "procedure": case.procedure.code or None,
        "purpose": case.purpose,
        "agreement": granted.agreement if granted else None,
        "values": "withheld" if is_withheld else "shown" if showing.values else "masked",
        "outcome": answer.outcome.value,
        "reason": _reason(answer.reason),
        "retry_in": answer.retry_in,
        "elapsed_ms": call.elapsed_ms if call is not None else 0,
        "alarm": heard is not None and heard.alarm,
        "confirmed_by": [
            {
                "data_service": query.service.name,
                "outcome": (confirming := answers[query.index] or CUT).outcome.value,
                "faults": [] if is_withheld else [_fault(one) for one in confirming.faults],
            }
            for query in exchange.plan.queries[1:]
        ],
        "unconfirmed": _reason(exchange.unconfirmed(list(answers)).get(0)),
        "messages": [
            _message(
                one, showing, places, secrets, is_withheld=is_withheld,
                has_fault=has_fault and one is messages[-1],
            )
            for one in messages
        ],
        "faults": [_fault(one) for one in causes],
        "attributes": list(_attributes(exchange, answer, showing, secrets, is_withheld=is_withheld)),
    }  # fmt: skip


def _reason(reason: Reason | None) -> dict[str, str] | None:
    return None if reason is None else {"code": reason.value, "title": reason.vi, "title_en": reason.en}


def _fault(one: AnswerFault) -> dict[str, object]:
    """A cause with its words and its remedy: what was not taken, its place, no value."""
    (title, title_en), (remedy, remedy_en) = one.explained
    named = one._replace(provider_code="", meant=None)._asdict()
    known = {name: value for name, value in named.items() if value}
    if one.provider_code:
        known["fault"] = one.provider_code
    return {**known, "title": title, "title_en": title_en, "remedy": remedy, "remedy_en": remedy_en}


# ---------------------------------------------------------------- messages


def _places(service: ServicePlan, exchange: Exchange) -> ShownPlaces:
    """Where agreed attributes stand, whom the answer is about, and whether there is one.

    A part that is read as a whole (how many marriages) and holds places outside the agreement shows the others alone.
    """
    rule = service.mapping.answer
    agreed, others = exchange.plan.queries[0].attributes, _not_agreed(service, exchange)
    inside = [path for name, one in rule.attributes.items() if name in agreed for path in paths_of(one)]
    inside += [rule.found_when, *rule.identity.values()]
    parts = [path for path in inside if _holds(path, others)]
    places = _from_root(rule, [path for path in inside if path not in parts])
    return ShownPlaces(
        [*places, *([tuple(_steps(rule.status))] if rule.status else [])], _from_root(rule, parts)
    )


def _from_root(rule: AnswerRule, paths: Sequence[str]) -> list[tuple[str, ...]]:
    every = [f"{rule.record}.{path}" for path in paths]
    every += [f"{rule.record}.*.{path}" for path in paths if rule.nested]
    return [tuple(_steps(path)) for path in every]


def _whole(one: TracedMessage, trace: SourceTrace) -> TracedMessage:
    """A message; a look-up with what was found there, of a source that sends none."""
    if one.method != LOOK_UP or trace.tree is None:
        return one
    found = orjson.dumps(trace.tree, default=str)
    return one._replace(answer=found[:MOST_BYTES], answer_size=len(found))


def _message(
    one: TracedMessage, showing: Showing, places: ShownPlaces | None, secrets: CarriedSecrets, *,
    is_withheld: bool, has_fault: bool,
) -> dict[str, object]:  # fmt: skip
    """`has_fault`: the message is a fault, whose names an operator must see to write `options.fault_code`."""
    how = visible if showing.values else mask
    known, own = _names(showing.service), ShownNames(_names(showing.service), is_own=True)
    came = ShownNames(known | own.shown, is_fault=has_fault, secrets=secrets)
    request = secrets.without(message(one.body, how, own))
    return {
        "method": one.method,
        "url": _address(secrets.without(one.url), showing),
        "headers": {
            name: secrets.without(visible(value))[:MOST_OF_A_VALUE] for name, value in one.headers.items()
        },
        "proofs": [own.of(name) for name in one.proofs],
        "request": {"text": request, "bytes": one.size, "cut": one.size > len(one.body)},
        "status": one.status or None,
        "content_type": None if is_withheld else media_type(one.content_type),
        "answer": None if is_withheld or not (one.status or one.answer) else {
            "text": message(one.answer, mask, came, places),
            # in whole KiB: an exact size would show whether a masked value is blank
            "bytes": -(-one.answer_size // _KIB) * _KIB,
            "cut": one.answer_size > len(one.answer),
        },
    }  # fmt: skip


def _names(service: ServicePlan) -> frozenset[str]:
    """The names of members and elements that the mapping says."""
    return frozenset(_NO_NAME.split(".".join((*service.mapping.request, *service.wanted_paths))))


def _address(url: str, showing: Showing) -> str:
    """An address; masked, its steps that the settings do not name and the values of its query are masks."""
    if showing.values or url in showing.steps:
        return visible(url)[:_LONGEST_ADDRESS]
    parts = urlsplit(url)
    steps = "/".join(one if one in showing.steps else mask(one) for one in parts.path.split("/"))
    query = f"?{pairs(parts.query, mask, ShownNames(is_own=True))}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{steps}{query}"[:_LONGEST_ADDRESS]


# ---------------------------------------------------------------- attributes


def _attributes(
    exchange: Exchange, answer: SourceAnswer, showing: Showing, secrets: CarriedSecrets, *, is_withheld: bool
) -> Iterator[dict[str, object]]:
    """Each attribute of the mapping: its place, how it is read, and its result or the reason why there is none.

    Of one that repeats a secret, whatever the transform made of it, only that there is one.
    """
    rules, trace = showing.service.mapping.answer.attributes, exchange.trace
    asked, others = exchange.plan.queries[0].attributes, _not_agreed(showing.service, exchange)
    heard = not is_withheld and exchange.answers[0] is not None and trace is not None
    known = _names(showing.service)
    raw = showing.service.raw(trace.tree, asked) if heard and trace is not None else {}
    faults = {one.attribute: one.code for one in answer.faults if not is_withheld}
    for name, rule in rules.items():
        value = answer.values.get(name) if name in asked and not is_withheld else None
        at = raw.get(name)
        # of a person who is sure; a list or an object may hold what other attributes read
        paths = paths_of(rule)
        is_raw_shown = (
            showing.values and value is None and answer.outcome is Outcome.FOUND
            and isinstance(at, str | int | float)
            and not any(_meet(_steps(path), other) for path in paths for other in others)
        )  # fmt: skip
        is_hidden = isinstance(at, dict | list) and any(_holds(path, others) for path in paths)
        raw_mask = HIDDEN if is_hidden else masked(at, ShownNames(known))
        shown = value if showing.values else masked(value, ShownNames(is_own=True))
        if secrets.are_in(at) or secrets.are_in(value):
            at, raw_mask, shown = HIDDEN, HIDDEN, None if value is None else HIDDEN
        doubt = answer.doubts.get(name) if name in asked and not is_withheld else None
        yield {
            "attribute": name,
            "paths": [f"{showing.service.mapping.answer.record}.{path}".strip(".") or _ROOT for path in paths],
            "transform": [*filter(None, (rule.codes and f"codes:{rule.codes}",)), *rule.transform],
            "raw": _bounded(visible(str(at)) if is_raw_shown else raw_mask),
            "is_raw_shown": is_raw_shown,
            "value": _bounded(shown),
            "reason": _why(name, value, answer, showing, exchange, doubt.kind if doubt is not None else ""),
            "fault": faults.get(name),
            "doubt": doubt.kind if doubt is not None else None,
        }  # fmt: skip


def _steps(path: str) -> list[str]:
    """The names on a path, without what it selects by."""
    return [*filter(None, _NO_STEP.split(path))]


def _not_agreed(service: ServicePlan, exchange: Exchange) -> list[list[str]]:
    """The places that attributes outside the agreement read."""
    agreed, rules = exchange.plan.queries[0].attributes, service.mapping.answer.attributes
    return [_steps(path) for name, rule in rules.items() if name not in agreed for path in paths_of(rule)]


def _holds(path: str, others: Collection[list[str]]) -> bool:
    """Whether one of the other places is below what stands at a path."""
    steps = _steps(path)
    return any(len(other) > len(steps) and other[: len(steps)] == steps for other in others)


def _meet(one: list[str], other: list[str]) -> bool:
    """Whether two paths read the same place, or one reads what holds the other's."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _why(
    name: str, value: object, answer: SourceAnswer, showing: Showing, exchange: Exchange, doubt: str
) -> str | None:
    """Why there is no value: the code of a `Reason`, or `lacks`: by the settings, the provider does not give it."""
    if value is not None:
        return None
    if name not in exchange.plan.queries[0].attributes:
        is_granted = exchange.allowed.grant.allows(showing.service.name, name)
        return "lacks" if is_granted and name in showing.lacks else Reason.NOT_AGREED.value
    if answer.outcome is not Outcome.FOUND:
        return answer.reason.value if answer.reason is not None else answer.outcome.value
    return doubt if doubt in _DOUBTS else Reason.VALUE_BLANK.value


def _bounded(value: object) -> object:
    """A value that is not longer than its bound; a longer one as text that ends."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return value if len(text) <= MOST_OF_A_VALUE else f"{text[:MOST_OF_A_VALUE]}…"

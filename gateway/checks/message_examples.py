"""Runs the examples of portal messages: the canonical message to the wire, byte for byte, and back."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from gateway.config.strict_yaml import Loc
from gateway.mapping.messages import MessageFault, MessagePlan, PortalPlans
from gateway.mapping.portal_model import MessageExample, MessageRefusal

_MEND = "mend the mapping, or the example"


def message_example_faults(plans: PortalPlans) -> Iterator[tuple[Loc, str, str]]:
    """Failed expectations of the portal's examples: place, what is wrong, remedy."""
    for name, plan in plans.messages.items():
        for index, example in enumerate(plan.mapping.examples):
            chosen = plans.in_profile(example.profile)[name]
            for place, what in _faults(chosen, example):
                loc: Loc = ("messages", name, "examples", index, place)
                yield loc, f"example '{example.name}': {what}", _MEND
        for index, refusal in enumerate(plan.mapping.refused):
            for what in _refusal_faults(plan, refusal):
                yield ("messages", name, "refused", index), f"example '{refusal.name}': {what}", _MEND


def canonical_of(plan: MessagePlan, given: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical message of an example, typed: YAML has text only. Raises ValidationError."""
    if plan.mapping.partial:
        return dict(given)
    return plan.model.model_validate(given).model_dump(mode="json", exclude_defaults=True)


def _faults(plan: MessagePlan, example: MessageExample) -> Iterator[tuple[str, str]]:
    try:
        canonical = canonical_of(plan, example.canonical)
        if "write" in example.ways:
            yield from (("wire", what) for what in _differing(example.wire, plan.write(canonical)))
        if "read" in example.ways:
            yield from (
                ("canonical", what)
                for what in _differing(_sorted(canonical), _sorted(plan.read(example.wire)))
            )
    except MessageFault as fault:
        yield "canonical", f"it cannot be mapped: {fault}"
    except ValidationError as error:
        place = ".".join(str(one) for one in error.errors(include_input=False)[0]["loc"])
        yield "canonical", f"'{place}' is not as gateway/domain/dossier.py has it"


def _differing(expected: Mapping[str, Any], got: Mapping[str, Any]) -> Iterator[str]:
    """Members that differ; last the order of members."""
    for name in dict.fromkeys((*expected, *got)):
        if _shown(expected, name) != _shown(got, name):
            yield f"'{name}': expected {_shown(expected, name)}, got {_shown(got, name)}"
    if set(expected) == set(got) and list(expected) != list(got):
        yield f"the members are in another order: {', '.join(got)}"


def _sorted(canonical: Mapping[str, Any]) -> dict[str, Any]:
    """The message with its members in alphabetical order: it has none of its own."""
    return dict(orjson.loads(orjson.dumps(canonical, option=orjson.OPT_SORT_KEYS)))


def _shown(given: Mapping[str, Any], name: str) -> str:
    return orjson.dumps(given[name]).decode() if name in given else "nothing"


def _refusal_faults(plan: MessagePlan, refusal: MessageRefusal) -> Iterator[str]:
    try:
        plan.write(canonical_of(plan, refusal.canonical))
    except MessageFault as fault:
        if fault.field != refusal.field:
            yield f"the error names {fault.field}, expected {refusal.field}"
    else:
        yield f"it is written, expected an error that names {refusal.field}"

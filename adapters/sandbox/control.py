"""The control door of the sandbox, `/__sandbox`: misbehaviour on and off, counts of calls, reset.

Promises: counts per `source.operation` and nothing else about calls.
"""

import math
from collections.abc import Callable, Collection, Mapping

from aiohttp import web

from adapters.sandbox.identity import sign_in
from adapters.sandbox.misbehave import AT_RECEIVERS, Misbehaviour, Mode, Switchboard
from adapters.sandbox.one_gate import SOURCE as ONE_GATE
from adapters.sandbox.portal import BUS, INTERLINKED, LGSP, LGSP_QUERY, MINISTRY, VNEID

_WORDS = frozenset({"source", "operation", "mode", "times", "percent", "seconds", "field"})
_TAKING = frozenset({BUS, LGSP, LGSP_QUERY, MINISTRY, INTERLINKED, VNEID, ONE_GATE})


def add_control(
    app: web.Application,
    board: Switchboard,
    forgetting: Collection[Callable[[], None]],
    sources: Collection[str],
) -> None:
    """Add the control routes to the application. `forgetting`: what a reset calls."""

    async def misbehave(request: web.Request) -> web.Response:
        try:
            rule = _rule(await request.json(), sources)
        except (ValueError, TypeError, KeyError) as error:
            return web.json_response({"error": str(error)}, status=400)
        board.add(rule)
        return web.json_response(
            {"source": rule.source, "operation": rule.operation, "mode": rule.mode.value}
        )

    async def behave(request: web.Request) -> web.Response:
        board.remove(request.query.get("source", ""), request.query.get("operation", ""))
        return web.Response(status=204)

    async def calls(_request: web.Request) -> web.Response:
        return web.json_response({"calls": board.calls()})

    async def reset(_request: web.Request) -> web.Response:
        for forget in forgetting:
            forget()
        return web.Response(status=204)

    async def elsewhere(_request: web.Request) -> web.Response:
        board.count("sandbox", "elsewhere")
        return web.json_response({})

    app.router.add_post("/__sandbox/misbehave", misbehave)
    app.router.add_delete("/__sandbox/misbehave", behave)
    app.router.add_get("/__sandbox/calls", calls)
    app.router.add_post("/__sandbox/reset", reset)
    app.router.add_post("/__sandbox/logins", sign_in)
    app.router.add_route("*", "/__sandbox/elsewhere", elsewhere)


def _rule(words: object, sources: Collection[str]) -> Misbehaviour:
    """A rule from an order; ValueError says what is wrong with it."""
    if not isinstance(words, dict) or set(words) - _WORDS:
        raise ValueError("an object of source, operation, mode, times, percent, seconds, field is expected")
    if words.get("source") not in sources:
        raise ValueError("source is not one of " + ", ".join(sorted(sources)))
    mode = Mode(str(words.get("mode")))
    if mode in AT_RECEIVERS and words["source"] not in _TAKING:
        raise ValueError(f"{mode} is for " + ", ".join(sorted(_TAKING)))
    times = words.get("times")
    if times is not None and (not isinstance(times, int) or times < 1):
        raise ValueError("times is a whole number of at least 1")
    return Misbehaviour(
        source=words["source"],
        mode=mode,
        operation=str(words.get("operation") or ""),
        times=times,
        percent=_number(words, "percent", 100),
        seconds=_number(words, "seconds"),
        field=str(words.get("field") or ""),
    )


def _number(words: Mapping[str, object], name: str, most: float = math.inf) -> float | None:
    value = words.get(name)
    if value is None:
        return None
    if not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise ValueError(
            f"{name} is a number of at least 0" + ("" if most == math.inf else f", at most {most}")
        )
    return value
